"""Recordings of Pupil Capture in older and other layouts, hostile ones among them."""

import io
import json
import pickle
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

import gazestudy.importers.recordings.pupil.core  # noqa: F401
from gazestudy.errors import GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import ReadOptions, find_recordings, read_recording
from gazestudy.importers.recordings.pupil.core_pldata import Pldata, read_npy, seconds_to_ns
from gazestudy.importers.sources import FolderSource

from .pupil_core_makers import MATRIX, POINTS, RADIAL, both, codes, write_pldata

# older and other layouts


def test_older_recordings_say_it_in_info_csv(capture):
    folder = capture(info=False)
    lines = [
        "key,value", "Recording Name,2018_03_01", "Start Time (System),1520000000.25", "Start Time (Synced),100.0",
        "Capture Software Version,1.5.12", "Data Format Version,1.4", "World Camera Resolution,160x96",
    ]  # fmt: skip
    (folder / "info.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recording = read_recording(folder)
    assert (recording.meta.name, recording.meta.start_unix_ns) == ("2018_03_01", 1_520_000_000_250_000_000)
    assert recording.clock.offset_to_unix_ns == 1_519_999_900_250_000_000
    (folder / "info.csv").write_text(
        "\n".join(line.replace(",", "\t") for line in lines[1:]), encoding="utf-8"
    )
    assert read_recording(folder).meta.name == "2018_03_01"


def test_resolution_of_info_csv_gives_the_size(capture):
    folder = capture(info=False, video=False)
    (folder / "world.intrinsics").unlink()
    (folder / "info.csv").write_text(
        "Capture Software Version,1.5\nWorld Camera Resolution,160x96\n", encoding="utf-8"
    )
    recording = read_recording(folder)
    assert recording.gaze["x_px"].notna().all() and recording.camera is None


def test_one_map_of_older_versions(capture):
    folder = capture(gaze=False)
    data = [both(100 + 0.01 * n, point) for n, point in enumerate(POINTS)]
    whole = {"pupil_positions": [{"id": 0}], "gaze_positions": data, "notifications": []}
    (folder / "pupil_data").write_bytes(msgpack.packb(whole))
    gaze = read_recording(folder).gaze
    assert gaze["gaze3d_x_mm"].tolist() == [point[0] for point in POINTS]
    packed = msgpack.packb(whole)
    (folder / "pupil_data").write_bytes(packed[: len(packed) // 2])
    recording = read_recording(folder)
    assert 5 < len(recording.gaze) < 15 and codes(recording)["truncated"].severity == "problem"


class Bomb:
    """Unpickling this makes a file: nobody may do it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return io.open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_are_refused_and_never_loaded(capture, tmp_path, protocol):
    folder = capture(gaze=False)
    trap = tmp_path / "trap"
    (folder / "pupil_data").write_bytes(pickle.dumps({"gaze_positions": [Bomb(trap)]}, protocol))
    with pytest.raises(InputError, match=r"pickled.*any program.*Pupil Player"):
        read_recording(folder)
    (folder / "info.player.json").unlink()
    (folder / "world.mp4").unlink()
    with pytest.raises(UnknownFormatError, match="pickled"):
        read_recording(folder)
    assert not trap.exists()


def test_arrays_of_objects_are_refused(tmp_path):
    trap = tmp_path / "trap"
    np.save(tmp_path / "a.npy", np.array([Bomb(trap)], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled"):
        read_npy(FolderSource(tmp_path), "a.npy")
    assert not trap.exists()


def test_pupil_mobile_and_phones(capture):
    folder = capture(gaze=False)
    facts = json.loads((folder / "info.player.json").read_text(encoding="utf-8"))
    facts["recording_software_name"] = "Pupil Mobile"
    (folder / "info.player.json").write_text(json.dumps(facts), encoding="utf-8")
    recording = read_recording(folder)
    assert recording.meta.device == "Pupil Mobile" and len(recording.frames) == 5
    facts["recording_software_name"] = "Pupil Invisible"
    (folder / "info.player.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(UnknownFormatError, match="Pupil Invisible"):
        read_recording(folder)


def test_several_lone_files_are_several_recordings(tmp_path):
    for name in ("a_gaze", "b_gaze", "pupil"):
        topic = "gaze" if "gaze" in name else "pupil.0"
        write_pldata(tmp_path / f"{name}.pldata", topic, [both(1.0, POINTS[0]), both(1.1, POINTS[1])])
    found = find_recordings(tmp_path)
    assert [(one.name, one.selection) for one in found] == [
        ("a_gaze", "a_gaze.pldata"),
        ("b_gaze", "b_gaze.pldata"),
    ]
    assert len(read_recording(tmp_path, name="b_gaze").gaze) == 2


def test_video_and_calibration_from_elsewhere(capture, tmp_path, write_video):
    folder = capture(video=False)
    (folder / "world.intrinsics").unlink()
    video = write_video(tmp_path / "scene.mp4", [0, 30, 60, 90, 120])
    calibration = tmp_path / "camera.json"
    calibration.write_text(json.dumps({"camera_matrix": MATRIX, "dist_coefs": RADIAL}), encoding="utf-8")
    recording = read_recording(folder, options=ReadOptions(video=video, camera=calibration))
    assert recording.videos == (video,) and recording.camera.source == "user"
    assert recording.frames["index"].tolist() == [0, 1, 2, 3, 4]
    assert codes(recording)["check_projection"].severity == "info"


# the readers below


def test_seconds_become_the_nearest_ns():
    rng = np.random.default_rng(5)
    seconds = np.concatenate(
        [rng.uniform(0, 400_000, 2000), rng.uniform(1.5e9, 1.7e9, 2000), rng.uniform(-5, 5, 100)]
    )
    exact = [int((Decimal(float(one)) * 10**9).to_integral_value()) for one in seconds]
    assert seconds_to_ns(seconds).tolist() == exact


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_npy(tmp_path, version):
    values = np.arange(5) / 7
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, values, version=version)
    assert read_npy(FolderSource(tmp_path), "a.npy")[0].tolist() == values.tolist()
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-12])
    found, missing = read_npy(FolderSource(tmp_path), "a.npy")
    assert (found.tolist(), missing) == (values[:3].tolist(), 2)
    for damaged in (
        b"",
        whole[:9],
        whole.replace(b"(5,)", b"(-5,)"),
        whole.replace(b"<f8", b"<M8"),
        b"\x93NUMPY" + whole,
    ):
        (tmp_path / "a.npy").write_bytes(damaged)
        with pytest.raises(InputError):
            read_npy(FolderSource(tmp_path), "a.npy")


def test_lengths_in_a_file_are_not_believed(tmp_path):
    """An array that claims four thousand million items must not be allocated."""
    for data in (
        b"\x92\xa4gaze\xdd\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x92\xa4gaze\xc6\xff\xff\xff\xff" + b"a" * 99,
    ):
        (tmp_path / "gaze.pldata").write_bytes(data)
        file = Pldata(FolderSource(tmp_path), "gaze.pldata", "gaze")
        assert len(file.rows(lambda datum, number: b"")) == 0
        assert file.close()[0].severity == "problem"


def test_damage_raises_only_our_errors(capture, tmp_path):
    """Bytes flipped, inserted and cut away in every file of a recording."""
    folder = capture(video=False)
    write_pldata(
        folder / "gyro.pldata", "gyro", [{"timestamp": 1.0, "angular_velocity": [1.0, 2.0, 3.0]}] * 9
    )
    rng = np.random.default_rng(11)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for number in range(40):
            data = bytearray(whole)
            at = int(rng.integers(len(data)))
            if number % 3 == 0:
                data[at] = int(rng.integers(256))
            elif number % 3 == 1:
                del data[at:]
            else:
                data[at:at] = rng.integers(0, 256, 4, dtype=np.uint8).tobytes()
            path.write_bytes(data)
            with suppress(GazestudyError):
                read_recording(folder, importer="pupil-core").findings()
        path.write_bytes(whole)
