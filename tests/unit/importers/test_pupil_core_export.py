"""Exports of Pupil Player: real tables, and folders written here by the documented layout."""

import csv
import json
import shutil
from decimal import Decimal
from pathlib import Path

import msgpack
import numpy as np
import pytest

import gazestudy.importers.recordings.pupil.core  # noqa: F401
from gazestudy.errors import GazestudyError, InputError, UnknownFormatError
from gazestudy.importers import ReadOptions, find_recordings, read_recording

HEADER = [
    "gaze_timestamp", "world_index", "confidence", "norm_pos_x", "norm_pos_y", "base_data",
    *(f"gaze_point_3d_{axis}" for axis in "xyz"),
    *(f"eye_center0_3d_{axis}" for axis in "xyz"), *(f"gaze_normal0_{axis}" for axis in "xyz"),
    *(f"eye_center1_3d_{axis}" for axis in "xyz"), *(f"gaze_normal1_{axis}" for axis in "xyz"),
]  # fmt: skip
SURFACE = "world_timestamp,world_index,gaze_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_surf,confidence\n"


def write_export(
    folder: Path,
    *,
    frames: tuple[int, int] | None = (0, 9),
    start: float = 100.0,
    header: list[str] | None = None,
) -> Path:
    """Write an export: 20 samples of 2-D gaze at 100 Hz, tables beside it, and what the surface tracker adds."""
    (folder / "surfaces").mkdir(parents=True)
    rows = [header or HEADER]
    for n in range(20):
        row = [
            f"{start + n / 100:.3f}",
            str(n // 2),
            "0.9" if n < 15 else "0.2",
            "0.25",
            "0.75",
            f"{start}-1",
        ]
        rows.append(row + [""] * (len(rows[0]) - len(row)))
    with (folder / "gaze_positions.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    surface = folder / "surfaces" / "gaze_positions_on_surface_Poster.csv"
    surface.write_text(SURFACE + "1.0,0,1.0,0.5,0.5,50,50,True,0.9\n", encoding="utf-8")
    if frames is not None:
        lines = ["key,value", "Player Software Version,2.0.182", f"Frame Index Range:,{frames[0]} - {frames[1]}",
                 "Export Date,11.06.2020", f"Absolute Time Range,{start} - {start + 0.2}"]  # fmt: skip
        (folder / "export_info.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def codes(recording):
    return {one.code: one for one in recording.findings()}


# real files


@pytest.mark.parametrize(
    "folder", ["", "10_merge_fixation_and_blink_ids_into_gaze_dataframe"], ids=["whole", "with tables"]
)
def test_real_export_row_by_row(samples, folder):
    """Every row of every number against Python's own reader of CSV."""
    place = samples / "pupil_core_player_export" / folder
    gaze = read_recording(place / "gaze_positions.csv").gaze
    with (place / "gaze_positions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    times = [int((Decimal(row["gaze_timestamp"]) * 10**9).to_integral_value()) for row in rows]
    order = np.argsort(times, kind="stable")
    assert gaze["t_ns"].tolist() == [times[n] for n in order]
    names = {
        "norm_pos_x": "norm_x",
        "norm_pos_y": "norm_y",
        "confidence": "confidence",
        "world_index": "world_index",
    }
    for axis in "xyz":
        names[f"gaze_point_3d_{axis}"] = f"gaze3d_{axis}_mm"
        for eye, side in (("0", "right"), ("1", "left")):
            names[f"eye_center{eye}_3d_{axis}"] = f"eye_{side}_{axis}_mm"
            names[f"gaze_normal{eye}_{axis}"] = f"gaze_{side}_{axis}"
    for theirs, ours in names.items():
        given = np.array([float(rows[n][theirs] or "nan") for n in order])
        assert np.array_equal(gaze[ours].to_numpy(np.float64), given, equal_nan=True), theirs
    eyes = [{part.rpartition("-")[2] for part in rows[n]["base_data"].split()} for n in order]
    words = {frozenset("01"): "both", frozenset("0"): "right", frozenset("1"): "left"}
    assert gaze["eye_used"].tolist() == [words[frozenset(one)] for one in eyes]
    low = np.array([float(rows[n]["confidence"]) < 0.6 for n in order])
    assert not gaze["valid"].to_numpy()[low].any()
    outside = ~(gaze["norm_x"].between(0, 1) & gaze["norm_y"].between(0, 1)).to_numpy()
    assert (gaze["valid"].to_numpy() == ~low & ~outside).all()


def test_real_folder_holds_two_exports(samples):
    found = find_recordings(samples / "pupil_core_player_export")
    assert {one.importer for one in found} == {"pupil-player"}
    assert [one.inner for one in found] == ["", "10_merge_fixation_and_blink_ids_into_gaze_dataframe"]


def test_real_tables_beside_gaze(samples):
    place = samples / "pupil_core_player_export" / "10_merge_fixation_and_blink_ids_into_gaze_dataframe"
    recording = read_recording(place)
    with (place / "fixations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fixations = recording.stream("fixations")
    assert fixations["onset_ns"].tolist() == [round(Decimal(row["start_timestamp"]) * 10**9) for row in rows]
    assert fixations["duration_ms"].tolist() == [float(row["duration"]) for row in rows]
    assert fixations["dispersion_deg"].tolist() == [float(row["dispersion"]) for row in rows]
    # the onset is the time of the first sample of the fixation, its centre the mean of its samples
    gaze = recording.gaze.set_index("t_ns")
    for row, fixation in zip(rows, fixations.itertuples(), strict=True):
        times = [round(Decimal(one) * 10**9) for one in row["base_data"].split()]
        assert times[0] == fixation.onset_ns
        there = [time for time in times if time in gaze.index]
        if len(there) == len(times):
            assert gaze.loc[there, "norm_x"].mean() == pytest.approx(fixation.norm_x, abs=0.01)
    blinks = recording.stream("blinks")
    assert ((blinks["offset_ns"] - blinks["onset_ns"]) / 1e9).to_numpy() == pytest.approx(
        blinks["duration_s"], abs=1e-6
    )
    inside = recording.gaze["blink_id"] >= 0
    assert (
        (recording.gaze["reason"] == "blink").sum()
        == (inside & (recording.gaze["confidence"] < 0.6)).sum()
        > 0
    )


# exports written here


def test_lone_table_without_a_size_has_no_pixels(tmp_path):
    folder = write_export(tmp_path / "walk", frames=None)
    recording = read_recording(folder)
    assert recording.meta.name == "walk"
    gaze = recording.gaze
    assert gaze["x_px"].isna().all() and gaze["norm_x"].eq(0.25).all()
    assert gaze["reason"].tolist() == ["ok"] * 15 + ["low_confidence"] * 5
    assert "azimuth_deg" not in gaze.columns
    finding = codes(recording)["pixels_unknown"]
    assert finding.severity == "warning" and "--video" in finding.message and finding.count == 20


def test_calibration_from_elsewhere_gives_the_size(tmp_path):
    folder = write_export(tmp_path / "walk", frames=None)
    camera = {
        "camera_matrix": [[800, 0, 640], [0, 800, 360], [0, 0, 1]],
        "dist_coefs": [0.0] * 5,
        "resolution": [1280, 720],
    }
    (tmp_path / "camera.json").write_text(json.dumps(camera), encoding="utf-8")
    gaze = read_recording(folder, options=ReadOptions(camera=tmp_path / "camera.json")).gaze
    assert gaze["x_px"].eq(320).all() and gaze["y_px"].eq(180).all()


def test_video_from_elsewhere_is_laid_by_frame_numbers(tmp_path, write_video):
    folder = write_export(tmp_path / "walk", frames=None)
    video = write_video(tmp_path / "scene.mp4", list(range(0, 200, 20)))
    recording = read_recording(folder, options=ReadOptions(video=video))
    assert recording.gaze["x_px"].eq(40).all() and recording.gaze["y_px"].eq(24).all()
    assert recording.frames["t_ns"].tolist() == [100_000_000_000 + 20_000_000 * n for n in range(10)]


def test_older_header(tmp_path):
    header = ["timestamp", "index", *HEADER[2:6]]
    folder = write_export(tmp_path / "walk", frames=None, header=header)
    gaze = read_recording(folder).gaze
    assert gaze["t_ns"].iloc[3] == 100_030_000_000 and gaze["world_index"].iloc[3] == 1
    assert set(gaze["eye_used"]) == {"left"}


def test_surface_files_are_never_taken(tmp_path):
    folder = write_export(tmp_path / "000", frames=None)
    assert [one.inner for one in find_recordings(tmp_path)] == ["000"]
    for place in (folder / "surfaces", folder / "surfaces" / "gaze_positions_on_surface_Poster.csv"):
        with pytest.raises(UnknownFormatError, match="already mapped onto a surface"):
            find_recordings(place)
    (folder / "gaze_positions.csv").write_text(SURFACE, encoding="utf-8")
    with pytest.raises(UnknownFormatError, match="norm_pos_x"):
        find_recordings(folder)


def test_newest_full_export_is_the_default(tmp_path):
    exports = tmp_path / "P07" / "exports"
    write_export(exports / "000", frames=(0, 99))
    write_export(exports / "001", frames=(0, 99), start=200.0)
    write_export(exports / "002", frames=(10, 30), start=300.0)
    found = find_recordings(tmp_path)
    assert [(one.name, one.inner) for one in found] == [("P07", "P07/exports")]
    recording = read_recording(exports)
    assert recording.gaze["t_ns"].iloc[0] == 200_000_000_000
    text = codes(recording)["exports"].message
    assert "000 (frames 0 - 99, 100.0 - 100.2 s)" in text and "001 is used" in text and "002" in text
    recording = read_recording(exports, options=ReadOptions(gaze_source="002"))
    assert recording.gaze["t_ns"].iloc[0] == 300_000_000_000
    with pytest.raises(InputError, match=r"no gaze source '007'.*'000', '001', '002'"):
        read_recording(exports, options=ReadOptions(gaze_source="007"))


def recording_with_exports(folder: Path, write_video) -> Path:
    info = {"meta_version": "2.3", "recording_software_name": "Pupil Capture", "recording_name": "000",
            "start_time_synced_s": 100.0, "start_time_system_s": 1_600_000_000.0}  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "info.player.json").write_text(json.dumps(info), encoding="utf-8")
    pack = msgpack.packb
    data = [
        {"norm_pos": [0.5, 0.5], "confidence": 1.0, "timestamp": 100 + n / 100, "base_data": []}
        for n in range(30)
    ]
    (folder / "gaze.pldata").write_bytes(b"".join(pack(["gaze", pack(datum)]) for datum in data))
    np.save(folder / "world_timestamps.npy", 100 + np.arange(5) / 30)
    write_video(folder / "world.mp4", [0, 33, 67, 100, 133])
    for number in ("000", "001"):
        export = write_export(folder / "exports" / number)
        (export / "blinks.csv").write_text(
            "id,start_timestamp,duration,end_timestamp\n1,100.14,0.04,100.18\n", encoding="utf-8"
        )
        (export / "annotations.csv").write_text(
            "index,timestamp,label,duration\n3,100.1,train,0\n", encoding="utf-8"
        )
        write_video(export / "world.mp4", [0, 33, 67], size=(320, 192))
    return folder


def test_recording_with_exports_is_one(tmp_path, write_video):
    folder = recording_with_exports(tmp_path / "000", write_video)
    found = find_recordings(tmp_path)
    assert [(one.importer, one.inner) for one in found] == [("pupil-core", "000")]
    recording = read_recording(folder)
    assert len(recording.gaze) == 30 and codes(recording)["exports"].count == 2
    assert "events" not in recording.streams
    recording = read_recording(folder, options=ReadOptions(gaze_source="exports/000"))
    assert len(recording.gaze) == 20 and recording.gaze["x_px"].eq(40).all()
    assert recording.gaze["reason"].tolist() == ["ok"] * 15 + ["blink"] * 4 + ["low_confidence"]
    assert recording.gaze["blink_id"].tolist() == [-1] * 14 + [1] * 5 + [-1]
    assert recording.events["name"].tolist() == ["train"]
    assert recording.videos == (folder / "world.mp4",)


def test_export_inside_of_a_recording_takes_the_recorded_video(tmp_path, write_video):
    folder = recording_with_exports(tmp_path / "P01", write_video)
    recording = read_recording(folder / "exports" / "001")
    assert recording.meta.importer == "pupil-player" and recording.meta.name == "P01"
    assert recording.videos == (folder / "world.mp4",)
    assert recording.gaze["x_px"].eq(40).all()  # 160 px wide, the exported one is 320
    assert len(recording.frames) == 5 and "gaze_drawn_in" not in codes(recording)
    assert recording.clock.offset_to_unix_ns == 1_599_999_900_000_000_000
    # a copy of the export alone has only the video with gaze drawn in
    alone = Path(shutil.copytree(folder / "exports" / "001", tmp_path / "copy"))
    (alone / "world_timestamps.csv").write_text(
        "# timestamps [seconds],pts\n100.0,0\n100.033,1\n100.067,2\n", encoding="utf-8"
    )
    recording = read_recording(alone)
    assert recording.videos == (alone / "world.mp4",) and recording.gaze["x_px"].eq(80).all()
    assert recording.frames["t_ns"].tolist() == [100_000_000_000, 100_033_000_000, 100_067_000_000]
    assert codes(recording)["gaze_drawn_in"].severity == "warning"
    assert {file.path for file in recording.files} >= {
        "gaze_positions.csv",
        "world.mp4",
        "world_timestamps.csv",
    }


def test_export_in_a_zip(tmp_path):
    write_export(tmp_path / "in" / "P09" / "exports" / "000")
    path = Path(shutil.make_archive(str(tmp_path / "stick"), "zip", tmp_path / "in"))
    recording = read_recording(path)
    assert recording.meta.name == "P09" and len(recording.gaze) == 20


def test_damage_raises_only_our_errors(tmp_path, write_video):
    folder = recording_with_exports(tmp_path / "000", write_video) / "exports" / "000"
    rng = np.random.default_rng(12)
    for name in ("gaze_positions.csv", "blinks.csv", "export_info.csv", "annotations.csv"):
        whole = (folder / name).read_bytes()
        for number in range(40):
            data = bytearray(whole)
            at = int(rng.integers(len(data)))
            if number % 2:
                data[at] = int(rng.integers(256))
            else:
                del data[at:]
            (folder / name).write_bytes(data)
            try:
                read_recording(folder, importer="pupil-player").findings()
            except GazestudyError:
                continue
        (folder / name).write_bytes(whole)
