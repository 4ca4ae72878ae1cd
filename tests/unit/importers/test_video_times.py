"""Frame times and random access of awkward videos: every picture has a painted 16-bit number of its own."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.scene_frames import paired_frames
from gazestudy.importers.streams import frame_table
from gazestudy.importers.video import SceneVideo, picture_size

from .video_makers import (
    HEIGHT,
    WIDTH,
    box,
    ids,
    media_times,
    number_in,
    time_scale,
    with_edits,
    write_video,
)

MOVIE, TRACK = (b"moov", b"mvhd"), (b"moov", b"trak", b"mdia", b"mdhd")


def irregular(count: int, seed: int = 5) -> list[int]:
    rng = np.random.default_rng(seed)
    steps = rng.integers(20, 50, count)
    steps[rng.random(count) < 0.04] += 40  # pictures that were dropped
    steps[0] = 0
    return np.cumsum(steps).tolist()


def by_the_standard(path: Path, entries: list[tuple[int, int, int]]) -> tuple[list[int], list[Fraction]]:
    """Which picture is shown when, played step by step as the standard words it."""
    pts, scale, movie = media_times(path).tolist(), time_scale(path, *TRACK), time_scale(path, *MOVIE)
    shown, times, start = [], [], Fraction(0)
    for duration, media, rate in entries:
        if media >= 0:
            for number, at in enumerate(pts):
                until = pts[number + 1] if number + 1 < len(pts) else at + 10**9
                ends = media + Fraction(duration * scale, movie) if duration else 10**18
                if until <= media or at >= ends:
                    continue
                if rate == 0 and not at <= media < until:
                    continue
                shown.append(number)
                times.append(start + Fraction(max(at - media, 0), scale))
        start += Fraction(duration, movie)
    return shown, times


def assert_exact(path: Path, shown: list[int], times: list[Fraction], *, seed: int = 0) -> None:
    """Every picture: in order, by number in random order, and by time in random order."""
    wanted = [ids(max(shown) + 1)[number] for number in shown]
    with SceneVideo([path]) as video:
        assert len(video) == len(shown)
        exact = [round(time * 10**9) for time in times]
        np.testing.assert_allclose(video.times_ns, exact, rtol=0, atol=0.5)
        assert [number_in(luma) for _, luma in video.frames()] == wanted
        order = np.random.default_rng(seed).permutation(len(shown)).tolist()
        assert [number_in(video.frame_at(k, colour=False)) for k in order] == [wanted[k] for k in order]
        if (np.diff(exact) > 0).all():
            late = [
                exact[k] + (exact[k + 1] - exact[k]) // 2 if k + 1 < len(exact) else exact[k] for k in order
            ]
            seen = [number_in(video.frame_at_time(t_ns, colour=False)) for t_ns in late]
            assert seen == [wanted[k] for k in order]


def own_edits(path: Path) -> list[tuple[int, int, int]]:
    """The edit list that the writer made (for the delay of B-frames), as it stands in the file."""
    content = path.read_bytes()
    start, _ = box(content, b"moov", b"trak", b"edts", b"elst")
    version, count = struct.unpack_from(">B3xI", content, start + 8)
    form = struct.Struct(">Qqhh" if version else ">Iihh")
    return [form.unpack_from(content, start + 16 + k * form.size)[:3] for k in range(count)]


@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("version", [0, 1])
def test_edit_lists(tmp_path, b_frames, version):
    times = irregular(90)
    path = write_video(tmp_path / "a.mp4", times, b_frames=b_frames)
    pts = media_times(path)
    scale, movie = time_scale(path, *TRACK), time_scale(path, *MOVIE)
    whole = int(Fraction(int(pts[-1] - pts[0]) + 600, scale) * movie)
    first = int(pts[0])
    cases = {
        "as written": None,
        "empty edit": [(400 * movie // 1000, -1, 1), (whole, first, 1)],
        "two empty edits": [(movie, -1, 1), (movie // 3, -1, 1), (whole, first, 1)],
        "cut on a picture": [(whole, int(pts[31]), 1)],
        "cut inside a picture": [(whole, int(pts[31]) + 7, 1)],
        "cut before the first picture": [(whole, max(first - 5, 0), 1)],
        "empty edit and cut": [(movie // 2, -1, 1), (whole, int(pts[17]) + 3, 1)],
        "cut at the end": [(int(Fraction(int(pts[50] - pts[0]), scale) * movie), first, 1)],
        "cut out of the middle": [
            (movie, int(pts[5]), 1),
            (movie // 2, int(pts[60]) + 1, 1),
        ],
        "pieces in other order, one shown twice": [
            (movie // 2, int(pts[70]), 1),
            (movie // 2, int(pts[20]), 1),
            (movie // 2, int(pts[25]), 1),
        ],
        "still picture": [(movie, int(pts[40]) + 2, 0), (movie // 2, int(pts[41]), 1)],
        "open end": [(0, int(pts[12]), 1)],
    }
    for seed, (name, entries) in enumerate(cases.items()):
        given = entries if entries is not None else own_edits(path)
        one = tmp_path / f"{seed}.mp4"
        one.write_bytes(path.read_bytes())
        if entries is not None:
            with_edits(one, entries, version)
        shown, exact = by_the_standard(one, given)
        assert len(shown) > 10, name
        assert_exact(one, shown, exact, seed=seed)


def test_times_are_those_given_to_the_writer(tmp_path):
    """Independent of any box: what went in comes out."""
    times = irregular(60)
    for b_frames in (0, 3):
        path = write_video(tmp_path / f"{b_frames}.mp4", times, b_frames=b_frames)
        assert_exact(path, list(range(60)), [Fraction(time, 1000) for time in times])


def test_without_edit_list_the_track_states_the_times(tmp_path):
    path = with_edits(write_video(tmp_path / "a.mp4", irregular(40), b_frames=3), None)
    pts, scale = media_times(path), time_scale(path, *TRACK)
    assert pts[0] > 0  # the delay for reordering, which the edit list would take back
    assert_exact(path, list(range(40)), [Fraction(int(tick), scale) for tick in pts])


def test_hidden_pictures_are_said_and_still_paired_with_device_times(tmp_path):
    path = write_video(tmp_path / "a.mp4", irregular(60), b_frames=2)
    pts, movie = media_times(path), time_scale(path, *MOVIE)
    with_edits(path, [(60 * movie, int(pts[10]), 1)])
    device = 10**18 + np.arange(60, dtype=np.int64) * 33_333_333
    with SceneVideo([path]) as video:
        (finding,) = video.findings()
        assert (finding.code, finding.count) == ("video_trimmed", 10)
        assert video.encoded(0).tolist() == [-1] * 10 + list(range(50))
        frames = paired_frames([path], [device]).table
        assert (frames["kind"] == "gap").tolist() == [True] * 10 + [False] * 50
        for row in (10, 33, 59):
            seen = video.frame_at_time(int(device[row]) + 1000, frames, colour=False)
            assert number_in(seen) == ids(60)[row]
        with pytest.raises(ParameterError):
            video.frame_at_time(int(device[3]), frames)


@pytest.mark.parametrize(
    ("entries", "announced"),
    [
        pytest.param([(0, -1, 1)], None, id="only empty"),
        pytest.param([(1000, 10**9, 1)] * 2 + [(0, -1, 1)], 10**6, id="longer than its box"),
        pytest.param([(10**6, 0, 1)] * 200, None, id="everything 200 times"),
    ],
)
def test_senseless_edit_lists_are_left_alone_and_reported(tmp_path, entries, announced):
    path = with_edits(write_video(tmp_path / "a.mp4", list(range(0, 900, 30)), b_frames=0), entries)
    if announced:
        content = bytearray(path.read_bytes())
        start, _ = box(bytes(content), b"moov", b"trak", b"edts", b"elst")
        struct.pack_into(">I", content, start + 12, announced)
        path.write_bytes(bytes(content))
    with SceneVideo([path]) as video:
        assert [finding.code for finding in video.findings()] == ["video_edits"]
        assert [number_in(luma) for _, luma in video.frames()] == ids(30)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        pytest.param("a.mp4", {"codec": "mjpeg", "pix_fmt": "yuvj422p"}, id="mjpeg-yuvj422p"),
        pytest.param("a.mkv", {"codec": "mjpeg", "pix_fmt": "yuvj422p"}, id="mjpeg-matroska"),
        pytest.param("a.mkv", {"b_frames": 3}, id="matroska-b-frames"),
        pytest.param("a.mp4", {"gop": 1, "b_frames": 0}, id="only-key-frames"),
        pytest.param("a.mp4", {"gop": 500, "b_frames": 3}, id="one-key-frame"),
        pytest.param(
            "a.mp4", {"codec_options": {"x264-params": "open-gop=1:bframes=3:b-pyramid=2"}}, id="open-gop"
        ),
        pytest.param(
            "a.mp4", {"gop": 20, "codec_options": {"x264-params": "intra-refresh=1:bframes=0"}}, id="intra-refresh"
        ),
        pytest.param("a.mp4", {"b_frames": 0, "options": {"movflags": "frag_keyframe+empty_moov"}}, id="fragments"),
        pytest.param("a.mp4", {"options": {"movflags": "frag_keyframe+delay_moov"}}, id="fragments-b-frames"),
        pytest.param("a.mp4", {"options": {"movflags": "negative_cts_offsets"}}, id="negative-cts"),
        pytest.param("a.mov", {"b_frames": 2}, id="mov"),
    ],
)  # fmt: skip
def test_every_access_is_exact(tmp_path, name, settings):
    times = irregular(90, seed=8)
    path = write_video(tmp_path / name, times, **settings)
    assert_exact(path, list(range(90)), [Fraction(time, 1000) for time in times], seed=3)


@pytest.mark.parametrize("codec", ["mjpeg", "libx264"])
def test_avi_states_no_presentation_times(tmp_path, codec):
    """An AVI counts pictures at a steady rate; those that were dropped leave holes."""
    pix_fmt, b_frames = ("yuvj422p", 0) if codec == "mjpeg" else ("yuv420p", 2)
    ticks = [tick for tick in range(60) if tick not in (20, 21, 40)]
    path = write_video(
        tmp_path / "a.avi", ticks, ticks_per_s=25, codec=codec, pix_fmt=pix_fmt, b_frames=b_frames
    )
    with SceneVideo([path]) as video:
        assert [number_in(luma) for _, luma in video.frames()] == ids(57)
        order = np.random.default_rng(2).permutation(57).tolist()
        seen = [number_in(video.frame_at(k, colour=False)) for k in order]
        assert seen == [ids(57)[k] for k in order]
        if codec == "mjpeg":
            np.testing.assert_array_equal(video.times_ns, (np.array(ticks) - ticks[0]) * 40_000_000)


@pytest.mark.parametrize(("codec", "name"), [("libx264", "world.h264"), ("mjpeg", "world.mjpeg")])
def test_bare_streams_without_any_time(tmp_path, codec, name):
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_video(tmp_path / name, list(range(0, 1200, 40)), codec=codec, pix_fmt=pix_fmt)
    with SceneVideo([path]) as video:
        assert len(video) == 30
        order = [29, 3, 17, 16, 0, 28]
        seen = [number_in(video.frame_at(k, colour=False)) for k in order]
        assert seen == [ids(30)[k] for k in order]
        assert (np.diff(video.times_ns) > 0).all()


def key_samples(path: Path) -> tuple[list[int], list[int]]:
    """Place and size of the packets of an MP4, in decoding order."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return [int(packet.pos) for packet in packets], [packet.size for packet in packets]


def destroy(path: Path, number: int) -> None:
    """Overwrite one packet of a video by zeros."""
    places, sizes = key_samples(path)
    content = bytearray(path.read_bytes())
    content[places[number] : places[number] + sizes[number]] = bytes(sizes[number])
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_broken_first_packet_keeps_its_time_and_shifts_nothing(tmp_path, codec):
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_video(
        tmp_path / "a.mp4", list(range(0, 1200, 30)), codec=codec, pix_fmt=pix_fmt, b_frames=0, key_at=(1,)
    )
    destroy(path, 0)
    device = 7 * 10**17 + np.arange(40, dtype=np.int64) * 30_000_000
    stream = paired_frames([path], [device])
    assert stream.table["kind"].tolist() == ["gap"] + ["real"] * 39
    assert {finding.code for finding in stream.findings} == {"video_unreadable"}
    with SceneVideo([path]) as video:
        for row in (1, 2, 20, 39, 5):
            assert (
                number_in(video.frame_at_time(int(device[row]), stream.table, colour=False)) == ids(40)[row]
            )
        with pytest.raises(InputError, match="frame 0"):
            video.frame_at(0)


def test_unreadable_tail_is_cut_and_its_times_are_gaps(tmp_path):
    path = write_video(tmp_path / "a.mp4", list(range(0, 1200, 30)), b_frames=2)
    places, sizes = key_samples(path)
    content = bytearray(path.read_bytes())
    for place, size in list(zip(places, sizes, strict=True))[-5:]:
        content[place : place + size] = bytes(size)
    path.write_bytes(bytes(content))
    device = np.arange(40, dtype=np.int64) * 30_000_000
    stream = paired_frames([path], [device])
    readable = int((stream.table["kind"] == "real").sum())
    assert 33 <= readable <= 36
    assert (stream.table["kind"] == "gap").to_numpy()[readable:].all()
    codes = [finding.code for finding in stream.findings]
    assert "video_unreadable_end" in codes
    with SceneVideo([path]) as video:
        assert [number_in(luma) for _, luma in video.frames()] == ids(40)[:readable]


def test_one_broken_packet_costs_no_neighbour(tmp_path):
    """Where every picture stands alone, only the broken one is missing, also with decoding threads."""
    path = write_video(tmp_path / "a.mp4", list(range(0, 1800, 30)), gop=1, b_frames=0)
    for number in (0, 20, 21, 44):
        destroy(path, number)
    whole = [number for number in range(60) if number not in (0, 20, 21, 44)]
    with SceneVideo([path]) as video:
        assert [(k, number_in(luma)) for k, luma in video.frames()] == [(k, ids(60)[k]) for k in whole]
        for number in np.random.default_rng(3).permutation(60).tolist():
            if number in whole:
                assert number_in(video.frame_at(number, colour=False)) == ids(60)[number]
            else:
                with pytest.raises(InputError, match="cannot be decoded"):
                    video.frame_at(number)


def test_pictures_predicted_from_a_lost_one_are_not_shown(tmp_path):
    """The decoder would give them, with wrong content and without a word."""
    path = write_video(tmp_path / "a.mp4", list(range(0, 1200, 30)), gop=12, b_frames=0)
    with av.open(str(path)) as container:
        keys = [k for k, packet in enumerate(container.demux(video=0)) if packet.size and packet.is_keyframe]
    after = next(key for key in keys if key > 15)
    destroy(path, 15)
    whole = [number for number in range(40) if not 15 <= number < after]
    with SceneVideo([path]) as video:
        assert [(k, number_in(luma)) for k, luma in video.frames()] == [(k, ids(40)[k]) for k in whole]
        for number in np.random.default_rng(3).permutation(whole).tolist():
            assert number_in(video.frame_at(number, colour=False)) == ids(40)[number]
        with pytest.raises(InputError, match="frame 15"):
            video.frame_at(15)


def test_rotated_display_matrix_is_reported_and_not_applied(tmp_path):
    path = write_video(tmp_path / "a.mp4", list(range(0, 600, 30)), b_frames=0)
    content = bytearray(path.read_bytes())
    start, _ = box(bytes(content), b"moov", b"trak", b"tkhd")
    one = 1 << 16
    struct.pack_into(">9i", content, start + 8 + 40, 0, one, 0, -one, 0, 0, HEIGHT * one, 0, 1 << 30)
    path.write_bytes(bytes(content))
    with SceneVideo([path]) as video:
        assert (video.width_px, video.height_px) == (WIDTH, HEIGHT) == picture_size(path)
        (finding,) = video.findings()
        assert finding.code == "video_rotated"
        assert "90" in finding.message
        assert [number_in(luma) for _, luma in video.frames()] == ids(20)


def test_size_is_that_of_the_samples_not_of_the_track_header(tmp_path):
    path = write_video(tmp_path / "a.mp4", list(range(0, 600, 30)), b_frames=0)
    content = bytearray(path.read_bytes())
    start, _ = box(bytes(content), b"moov", b"trak", b"tkhd")
    struct.pack_into(">II", content, start + 8 + 76, 1000 << 16, 700 << 16)
    path.write_bytes(bytes(content))
    assert picture_size(path) == (WIDTH, HEIGHT)
    with SceneVideo([path]) as video:
        assert (video.width_px, video.height_px) == (WIDTH, HEIGHT)
        assert video.frame_at(3).shape == (HEIGHT, WIDTH, 3)


def test_parts_by_time(tmp_path):
    """Two parts with a long time between them; each has its own video."""
    numbers = ids(50)
    videos = [
        write_video(tmp_path / "ps1.mp4", list(range(0, 900, 30)), numbers=numbers[:30]),
        write_video(tmp_path / "ps2.mp4", list(range(0, 600, 30)), numbers=numbers[30:], b_frames=0),
    ]
    start = 1_700_000_000_000_000_000
    first = start + np.arange(30, dtype=np.int64) * 33_000_000
    second = start + 20_000_000_000 + np.arange(20, dtype=np.int64) * 33_000_000
    frames = paired_frames(videos, [first, second]).table
    assert frames["kind"].tolist() == ["real"] * 30 + ["gap"] + ["real"] * 20
    assert frames["part"].tolist() == [0] * 31 + [1] * 20
    asked = np.concatenate([first, second]) + 5_000_000
    with SceneVideo(videos) as video:
        order = np.random.default_rng(4).permutation(50).tolist()
        seen = [number_in(video.frame_at_time(int(asked[k]), frames, colour=False)) for k in order]
        assert seen == [numbers[k] for k in order]
        outside = np.array([start - 1, start + 10**10, second[-1] + 10**9], np.int64)
        assert video.numbers_at(outside, frames).tolist() == [-1, -1, -1]
        without_gap_row = frames[frames["kind"] == "real"].reset_index(drop=True)
        assert video.numbers_at(outside, without_gap_row).tolist() == [-1, -1, -1]
        with pytest.raises(ParameterError, match="frames table"):
            video.frame_at_time(0)


def test_holes_filler_and_missing_pictures_are_marked(tmp_path):
    path = write_video(tmp_path / "a.mp4", list(range(0, 600, 30)), b_frames=0)
    t_ns = np.arange(22, dtype=np.int64) * 30_000_000
    t_ns[10:] += 2_000_000_000
    stream = paired_frames([path], [t_ns], filler=np.arange(22) < 3)
    assert (
        stream.table["kind"].tolist() == ["filler"] * 3 + ["real"] * 7 + ["gap"] + ["real"] * 10 + ["gap"] * 2
    )
    assert stream.table["t_ns"].tolist()[9:12] == [270_000_000, 300_000_000, 2_300_000_000]
    assert [(f.code, f.count) for f in stream.findings] == [("frame_count", 2), ("gaps", 1)]


def test_a_recording_without_video_has_no_gap_rows():
    t_ns = np.array([0, 30, 60, 5000, 5030], np.int64) * 1_000_000
    assert paired_frames([], [t_ns]).table["kind"].tolist() == ["real"] * 5


def test_frames_of_any_table_by_time(tmp_path):
    """Gap rows and filler in a table that came from elsewhere."""
    path = write_video(tmp_path / "a.mp4", list(range(0, 300, 30)), b_frames=0)
    index = np.array([0, 1, -1, 2, 3], np.int64)
    frames = frame_table(np.arange(5, dtype=np.int64) * 10, video=np.minimum(index, 0), index=index)
    with SceneVideo([path]) as video:
        assert video.numbers_at(np.array([0, 15, 25, 30, 49, 900]), frames).tolist() == [0, 1, -1, 2, 3, -1]
        assert isinstance(frames, pd.DataFrame)
