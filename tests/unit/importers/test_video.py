"""Scene video: pictures carry their own number in paint, so a wrong picture is always noticed."""

import pickle
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.video import SceneVideo
from gazestudy.importers.video_decoding import Reader
from gazestudy.importers.video_scan import scan

WIDTH, HEIGHT = 176, 96  # 176 is no multiple of 32: rows of the decoder are padded
BITS = 11
SAMPLE = (
    Path(__file__).parents[3]
    / "../shared/data/recordings/generic_video_gaze_mobileGazeMapping/worldCamera.mp4"
)


def painted(number: int) -> np.ndarray:
    """Return a picture with `number` as black and white blocks."""
    picture = np.full((HEIGHT, WIDTH), 128, np.uint8)
    for bit in range(BITS):
        picture[16:80, bit * 16 : bit * 16 + 16] = 235 if number >> bit & 1 else 16
    return picture


def number_in(luma: np.ndarray) -> int:
    return sum(1 << bit for bit in range(BITS) if luma[48, bit * 16 + 8] > 128)


def write_video(
    path: Path,
    times: list[int],
    *,
    codec: str = "libx264",
    gop: int = 12,
    b_frames: int = 2,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """Write one painted picture per time (1/1000 s)."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = gop
        if codec != "mjpeg":
            stream.codec_context.max_b_frames = b_frames
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(painted(number), format="gray").reformat(format=pix_fmt)
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def jittered(count: int) -> list[int]:
    """Return irregular times with one gap of two seconds."""
    rng = np.random.default_rng(5)
    steps = rng.integers(20, 50, count)
    steps[count // 2] = 2000
    return np.cumsum(steps).tolist()


@pytest.fixture(scope="module")
def variable(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    times = jittered(120)
    return write_video(tmp_path_factory.mktemp("video") / "variable.mp4", times), times


def test_frame_times_are_those_written(variable):
    path, times = variable
    with SceneVideo([path]) as video:
        assert len(video) == 120
        assert (video.width_px, video.height_px) == (WIDTH, HEIGHT)
        steps_ms = np.diff(video.times_ns) / 1e6
        np.testing.assert_allclose(steps_ms, np.diff(times), atol=0.05)
        assert video.findings() == ()


def test_sequential_pictures_are_the_numbered_ones(variable):
    with SceneVideo([variable[0]]) as video:
        seen = [(index, number_in(luma)) for index, luma in video.frames()]
    assert seen == [(index, index) for index in range(120)]


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [(0, None, 7), (50, 60, 1), (119, None, 1), (3, 120, 40), (5, 5, 1), (0, 999, 50)],
)
def test_ranges(variable, start, stop, step):
    with SceneVideo([variable[0]]) as video:
        seen = [(index, number_in(luma)) for index, luma in video.frames(start, stop, step)]
    assert seen == [(index, index) for index in range(start, min(stop or 120, 120), step)]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "b_frames"),
    [
        pytest.param("a.mp4", "libx264", "yuv420p", 3, id="h264-b-frames"),
        pytest.param("a.mkv", "libx264", "yuv444p", 2, id="matroska"),
        pytest.param("a.mp4", "mpeg4", "yuv420p", 0, id="mpeg4"),
        pytest.param("a.ts", "libx264", "yuv420p", 2, id="transport-stream"),
    ],
)
def test_random_access_is_exact(tmp_path, name, codec, pix_fmt, b_frames):
    path = write_video(tmp_path / name, jittered(90), codec=codec, pix_fmt=pix_fmt, b_frames=b_frames)
    order = np.random.default_rng(1).permutation(90)
    with SceneVideo([path]) as video:
        assert len(video) == 90
        assert [number_in(video.frame_at(int(index), colour=False)) for index in order] == order.tolist()
        assert video.times_ns[0] >= 0


def test_avi_without_time_stamps_is_counted(tmp_path):
    path = write_video(tmp_path / "a.avi", list(range(0, 1000, 33)), codec="mjpeg", pix_fmt="yuvj420p")
    with SceneVideo([path]) as video:
        assert video.full_range is True
        assert [number_in(luma) for _, luma in video.frames()] == list(range(len(video)))
        assert number_in(video.frame_at(20, colour=False)) == 20
        assert number_in(video.frame_at(4, colour=False)) == 4


def test_luma_equals_the_decoder_plane(variable):
    """The padded plane without its padding, against PyAV's own conversion of the same picture."""
    with av.open(str(variable[0])) as container:
        planar = next(container.decode(video=0)).to_ndarray(format="yuv420p")
    with SceneVideo([variable[0]]) as video:
        _, luma = next(video.frames())
        colour = video.frame_at(0)
    np.testing.assert_array_equal(luma, planar[:HEIGHT])
    assert colour.shape == (HEIGHT, WIDTH, 3)
    luma[:] = 0  # a copy that may be written to


def test_several_files_are_one_row_of_pictures(variable, tmp_path):
    second = write_video(tmp_path / "second.mp4", list(range(0, 300, 30)))
    with SceneVideo([variable[0], second]) as video:
        assert len(video) == 130
        assert number_in(video.frame_at(124, colour=False)) == 4
        seen = [(index, number_in(luma)) for index, luma in video.frames(117, None, 2)]
        assert seen == [(117, 117), (119, 119), (121, 1), (123, 3), (125, 5), (127, 7), (129, 9)]
        table = video.table()
        assert video.numbers(table).tolist() == list(range(130))
        table.loc[3, "video"] = -1
        table.loc[4, "index"] = 120
        assert video.numbers(table)[3:6].tolist() == [-1, -1, 5]


def test_empty_edit_delays_the_first_picture(tmp_path):
    """A stream that starts 400 ms late keeps its times (MP4 writes an empty edit)."""
    path = write_video(tmp_path / "late.mp4", list(range(400, 1400, 40)), b_frames=0)
    with SceneVideo([path]) as video:
        np.testing.assert_allclose(video.times_ns[:3] / 1e6, [400, 440, 480], atol=0.1)


def test_pickled_video_opens_again(variable):
    with SceneVideo([variable[0]]) as video:
        video.frame_at(3)
        copy = pickle.loads(pickle.dumps(video))
    with copy:
        assert number_in(copy.frame_at(100, colour=False)) == 100


def test_pictures_lost_at_the_end_are_reported(tmp_path):
    """An index at the front and a cut off end: what recorders leave behind when the power goes."""
    path = write_video(
        tmp_path / "cut.mp4", list(range(0, 3000, 30)), options={"movflags": "faststart"}, b_frames=0
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with SceneVideo([path]) as video:
        assert 10 < len(video) < 99
        assert [number_in(luma) for _, luma in video.frames()] == list(range(len(video)))
        (finding,) = video.findings()
        assert finding.code == "video_unreadable_end"
        assert finding.count == 100 - len(video)


def test_broken_picture_in_the_middle_is_left_out(tmp_path):
    path = write_video(tmp_path / "a.mkv", list(range(0, 1200, 30)), codec="mjpeg", pix_fmt="yuvj420p")
    whole = path.read_bytes()
    starts = [at for at in range(len(whole) - 1) if whole[at : at + 3] == b"\xff\xd8\xff"]
    broken = bytearray(whole)
    broken[starts[10] : starts[11] - 40] = bytes(starts[11] - 40 - starts[10])
    path.write_bytes(bytes(broken))
    with SceneVideo([path]) as video:
        seen = [index for index, _ in video.frames()]
        assert seen == [index for index in range(40) if index != 10]
        with pytest.raises(InputError, match="frame 10"):
            video.frame_at(10)
        assert number_in(video.frame_at(11, colour=False)) == 11


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "there is no such video", id="missing"),
        pytest.param(b"", "cannot be opened", id="empty"),
        pytest.param(b"not a video at all" * 100, "cannot be opened", id="text"),
        pytest.param(b"\0\0\0\x18ftypmp42" + bytes(400), "cannot be opened", id="header-only"),
    ],
)
def test_no_video(tmp_path, content, problem):
    path = tmp_path / "scene.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        len(SceneVideo([path]))
    assert "\n" not in str(caught.value)


def test_sound_without_pictures(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match="no video stream"):
        len(SceneVideo([path]))


def test_wrong_numbers_are_refused(variable):
    with SceneVideo([variable[0]]) as video:
        with pytest.raises(ParameterError, match="0 to 119"):
            video.frame_at(120)
        with pytest.raises(ParameterError):
            next(video.frames(step=0))


@pytest.mark.parametrize("threaded", [True, False])
def test_the_end_is_reached_without_decoding_what_is_before(variable, threaded):
    table = scan(variable[0])
    with Reader(table, threaded=threaded) as reader:
        reader.restart(len(table.keys) - 1)
        assert next(reader.rest())[0] == table.keys[-1] > 60


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the shared sample recordings are not here")
def test_real_video():
    with SceneVideo([SAMPLE]) as video:
        assert len(video) == 50
        assert video.times_ns.tolist() == [index * 40_000_000 for index in range(50)]
        _, luma = next(video.frames(33, 34))
        np.testing.assert_array_equal(luma, video.frame_at(33, colour=False))
