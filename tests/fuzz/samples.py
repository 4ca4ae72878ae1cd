"""Small valid recordings of each format, cut from real ones where there are any, to be damaged.

Each function writes one folder; a mutation of it then takes milliseconds.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.exporters import LAYOUTS
from gazestudy.model import Clock, Recording, RecordingMeta, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS, GAZE_EVENTS, REASONS
from gazestudy.simulate import plain_camera
from tests.benchmarks.long_recordings import write_tiny_video

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "recordings"
START_NS = 1_700_000_000_000_000_000

_ROWS = 150


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def _lines(source: Path, target: Path, count: int = _ROWS) -> None:
    """Copy the first lines of a text file, gzipped or not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".gz":
        with gzip.open(source) as stream:
            data = b"".join(line for _, line in zip(range(count), stream, strict=False))
        target.write_bytes(gzip.compress(data, 1))
    else:
        with source.open("rb") as stream:
            target.write_bytes(b"".join(line for _, line in zip(range(count), stream, strict=False)))


def _copy(source: Path, target: Path, *, leave_out: tuple[str, ...] = ()) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.is_file() and not any(part in file.name for part in leave_out):
            shutil.copyfile(file, target / file.name)


def pupil_cloud(folder: Path) -> None:
    """Time series of an Invisible, with a video."""
    source = REAL / "pupil_invisible_cloud"
    for name in ("gaze.csv", "imu.csv", "blinks.csv", "events.csv", "fixations.csv", "world_timestamps.csv"):
        _lines(source / name, folder / name)
    for name in ("info.json", "scene_camera.json"):
        shutil.copyfile(source / name, folder / name)
    write_tiny_video(folder / "f04c7b44_0.0-17.637.mp4", 60)


def pupil_cloud_neon(folder: Path) -> None:
    """Time series of a Neon as a library exports it, without a video."""
    source = REAL / "pupil_neon_native" / "peer_pl-neon-recording" / "demo_recording"
    for file in source.glob("*.csv"):
        _lines(file, folder / file.name)
    for file in source.glob("*.json"):
        shutil.copyfile(file, folder / file.name)


def glassestools(folder: Path) -> None:
    """A folder of glassesTools."""
    source = REAL / "tobii_g2_validator" / "peer_glassesTools" / "g2_validator"
    for name in ("gazeData.tsv", "frameTimestamps.tsv"):
        _lines(source / name, folder / name)
    for name in ("recording_info.json", "calibration.xml"):
        shutil.copyfile(source / name, folder / name)
    write_tiny_video(folder / "worldCamera.mp4", 60)


def table(folder: Path) -> None:
    """A plain table and a video."""
    _lines(REAL / "generic_video_gaze_mobileGazeMapping" / "gazeData_world.tsv", folder / "gaze.tsv")
    write_tiny_video(folder / "scene.mp4", 50)


def pupil_native(folder: Path) -> None:
    """A Neon as the phone stores it, format 2.5, with a video."""
    _copy(REAL / "pupil_neon_native" / "demo_recording", folder, leave_out=("sae_log", "android.log"))
    write_tiny_video(folder / "Neon Scene Camera v1 ps1.mp4", 30)


def pupil_native_parts(folder: Path) -> None:
    """The same in format 2.3 and three parts."""
    _copy(REAL / "pupil_neon_native_fmt2_3" / "multi_part", folder, leave_out=("sae_log", "android.log"))


def pupil_core(folder: Path) -> None:
    """A raw recording of Pupil Core."""
    import msgpack

    source = REAL / "pupil_core_pldata"
    data = (source / "binocular_only_gaze.pldata").read_bytes()
    folder.mkdir(parents=True)
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(data)
    for _ in range(60):
        unpacker.skip()
    (folder / "gaze.pldata").write_bytes(data[: unpacker.tell()])
    times = np.load(source / "binocular_only_gaze_timestamps.npy")[:60]
    np.save(folder / "gaze_timestamps.npy", times)
    shutil.copyfile(source / "t265_test_recording" / "info.player.json", folder / "info.player.json")
    info = json.loads((folder / "info.player.json").read_text(encoding="utf-8"))
    info |= {"recording_software_name": "Pupil Capture", "recording_name": "walk"}
    _text(folder / "info.player.json", json.dumps(info))
    np.save(folder / "world_timestamps.npy", times[0] + np.arange(30) / 25)
    matrix = [[800.0, 0.0, 32.0], [0.0, 800.0, 18.0], [0.0, 0.0, 1.0]]
    camera = {
        "camera_matrix": matrix,
        "dist_coefs": [[0.1, 0.0, 0.0, 0.0, 0.0]],
        "resolution": [64, 36],
        "cam_type": "radial",
    }
    (folder / "world.intrinsics").write_bytes(msgpack.packb({"version": 1, "(64, 36)": camera}))
    _text(folder / "user_info.csv", "key,value\nname,walker\n")
    for topic in ("blinks", "annotation", "fixations"):
        payload = {"topic": topic, "timestamp": float(times[5]), "label": "bell", "duration": 0.1}
        payload |= {"id": 1, "norm_pos": [0.5, 0.5], "type": "onset", "confidence": 0.9}
        body = msgpack.packb([topic, msgpack.packb(payload)])
        (folder / f"{topic}.pldata").write_bytes(body * 3)
        np.save(folder / f"{topic}_timestamps.npy", times[5:8])
    write_tiny_video(folder / "world.mp4", 30)


def pupil_core_export(folder: Path) -> None:
    """Tables exported by Pupil Player."""
    source = REAL / "pupil_core_player_export" / "10_merge_fixation_and_blink_ids_into_gaze_dataframe"
    for file in source.glob("*.csv"):
        _lines(file, folder / file.name, 60)


def tobii_glasses2(folder: Path) -> None:
    """A recording from the SD card, with a video."""
    source = REAL / "tobii_g2_validator" / "recordings" / "t3ic6aq"
    _copy(source, folder)
    segment = folder / "segments" / "1"
    segment.mkdir(parents=True)
    _lines(source / "segments" / "1" / "livedata.json.gz", segment / "livedata.json.gz", 900)
    with gzip.open(source / "segments" / "1" / "et.tslv.gz") as stream:
        (segment / "et.tslv.gz").write_bytes(gzip.compress(stream.read(5000), 1))
    for name in ("segment.json", "calibration.json"):
        shutil.copyfile(source / "segments" / "1" / name, segment / name)
    write_tiny_video(segment / "fullstream.mp4", 30)


def tobii_glasses2_project(folder: Path) -> None:
    """A project with two recordings."""
    _copy(REAL / "tobii_g2_viewer_demo" / "projects" / "raoscyb", folder)
    for name in ("abc1234", "def5678"):
        tobii_glasses2(folder / "recordings" / name)
        shutil.rmtree(folder / "recordings" / name / "segments" / "2", ignore_errors=True)


def tobii_glasses3(folder: Path) -> None:
    """A recording folder; what the real one lacks is written as documented."""
    source = REAL / "tobii_g3_eyedentify3d" / "calibration_1"
    for name in ("gazedata.gz", "imudata.gz", "eventdata.gz"):
        _lines(source / name, folder / name)
    camera = {
        "position": [0, 0, 0],
        "rotation": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
        "focal-length": [900.0, 900.0],
        "skew": 0,
        "principal-point": [960.0, 540.0],
        "radial-distortion": [0.0, 0.0, 0.0],
        "tangential-distortion": [0.0, 0.0],
        "resolution": [1920, 1080],
    }
    facts = {
        "uuid": "0",
        "name": "walk",
        "version": 2,
        "duration": 6.0,
        "created": "2023-05-26T08:32:28.123456Z",
        "timezone": "Europe/Vienna",
        "meta-folder": "meta",
        "scenecamera": {
            "file": "scenevideo.mp4",
            "snapshots": [],
            "camera-calibration": camera,
            "gaze-overlay": False,
        },
        "gaze": {"file": "gazedata.gz", "samples": _ROWS, "valid-samples": _ROWS},
        "events": {"file": "eventdata.gz"},
        "imu": {"file": "imudata.gz"},
    }
    _text(folder / "recording.g3", json.dumps(facts))
    _text(folder / "meta" / "participant", '{"name": "walker"}')
    _text(folder / "meta" / "RuVersion", "1.29.1")
    write_tiny_video(folder / "scenevideo.mp4", 30)


def tobii_pro_lab(folder: Path) -> None:
    """An export of Tobii Pro Lab."""
    _lines(REAL / "tobii_prolab_tsv_gazeplotter" / "testMobileTsvData.tsv", folder / "recording 16.tsv", 1000)


def smi_events(folder: Path) -> None:
    """An event export of BeGaze."""
    _lines(REAL / "smi_begaze_events_emdat" / "SMI" / "SMI_Sample_67_Events.txt", folder / "walk Events.txt")


def smi_samples(folder: Path) -> None:
    """A sample export of BeGaze, as documented."""
    header = (
        "Time\tType\tTrial\tL Dia X [px]\tL Dia Y [px]\tL Pupil Diameter [mm]\tR Dia X [px]\tR Dia Y [px]"
    )
    header += "\tR Pupil Diameter [mm]\tB POR X [px]\tB POR Y [px]\tTiming\tPupil Confidence\tTrigger\tFrame"
    rows = [
        f"{1_000_000 + 16_667 * i}\tSMP\t1\t12\t12\t3.2\t12\t12\t3.1\t{400 + i}\t{300 + i}\t0\t1\t0\t00:00:00:{i // 3:02}"
        for i in range(60)
    ]
    rows.insert(5, "1080000\tMSG\t1\t# Message: door")
    head = "## [BeGaze]\r\n## Converted from:\tE:\\walk.idf\r\n## Date:\t09.06.2015 15:27:25\r\n## Version:\tBeGaze 3.7\r\n"
    head += "## Sample Rate:\t60\r\n## Subject:\tP1\r\n## Description:\tRun1\r\n## Calibration Area:\t1280\t960\r\n"
    _text(folder / "walk Samples.txt", head + "\r\n".join([header, *rows]) + "\r\n")


def eyelink_asc(folder: Path) -> None:
    """One text file of EyeLink."""
    folder.mkdir(parents=True)
    shutil.copyfile(
        REAL / "eyelink_asc_pymovements" / "eyelink_monocular_example.asc", folder / "monocular.asc"
    )


def eyelink_asc_binocular(folder: Path) -> None:
    """Two text files of EyeLink."""
    folder.mkdir(parents=True)
    for name in ("eyelink_binocular_example.asc", "eyelink_monocular_no_dummy_example.asc"):
        shutil.copyfile(REAL / "eyelink_asc_pymovements" / name, folder / name)


def aria(folder: Path) -> None:
    """MPS eye gaze and its recording."""
    source = REAL / "meta_aria_mps" / "aria_everyday_activities_test_data"
    for name in ("general_eye_gaze.csv", "summary.json"):
        (folder / "mps" / "eye_gaze").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / "mps" / "eye_gaze" / name, folder / "mps" / "eye_gaze" / name)
    shutil.copyfile(source / "recording.vrs", folder / "recording.vrs")


def aria_tables(folder: Path) -> None:
    """MPS eye gaze of the second generation, without a recording."""
    _copy(REAL / "meta_aria_mps" / "gen2" / "mps_sample" / "eye_gaze", folder / "mps" / "eye_gaze")


def gazepoint(folder: Path) -> None:
    """An export of Gazepoint Analysis."""
    header = "MEDIA_ID,MEDIA_NAME,CNT,TIME(2022/09/19 13:34:49.156),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,"
    header += (
        "FPOGV,BPOGX,BPOGY,BPOGV,CX,CY,CS,USER,LPCX,LPCY,LPD,LPS,LPV,RPCX,RPCY,RPD,RPS,RPV,BKID,BKDUR,BKPMIN,"
    )
    header += "LPMM,LPMMV,RPMM,RPMMV,SACCADE_MAG,SACCADE_DIR,VID_FRAME,"
    rows = [
        f"0,Media{i // 30},{i},{i / 60:.5f},{4_000_000 + 166_667 * i},0.{400 + i},0.5,0.1,0.2,{i // 10},1,0.{410 + i},0.51,1,"
        f"0.5,0.5,0,,0.4,0.4,12.5,0.9,1,0.6,0.4,12.6,0.9,1,0,0,12,3.2,1,3.3,1,0,0,{i // 2},"
        for i in range(60)
    ]
    _text(folder / "User 0_all_gaze.csv", "\r\n".join([header, *rows]) + "\r\n")
    _text(folder / "User 0_fixations.csv", "\r\n".join([header, *rows[::10]]) + "\r\n")


def adhawk(folder: Path) -> None:
    """A recording of AdHawk MindLink, as documented."""
    entries = [
        {"type": "gaze", "file_name": "gaze_data.csv", "attribute": {"start_time_ms": 120}},
        {
            "type": "pupil_position",
            "file_name": "pupil_position_data.csv",
            "attribute": {"start_time_ms": 120},
        },
        {"type": "video", "file_name": "video.mp4", "attribute": {"start_time_ms": 60}},
    ]
    facts = {
        "manifest": {"recording_length_ms": 1000, "entries": entries},
        "user_profile": {"name": "walker"},
    }
    _text(folder / "meta_data.json", json.dumps(facts))
    header = "Timestamp,UTC_Time,Frame_Index,Image_X,Image_Y,Gaze_X,Gaze_Y,Gaze_Z,Gaze_X_Left,Gaze_Y_Left,Gaze_Z_Left,"
    header += "Gaze_X_Right,Gaze_Y_Right,Gaze_Z_Right,Vergence"
    rows = [
        f"{5 + i / 100:.4f},{1_700_000_000 + i / 100:.4f},{i // 3},0.{400 + i},0.5,0.1,0.2,-1.0,0.1,0.2,-0.97,0.1,0.2,-0.97,1.0"
        for i in range(60)
    ]
    _text(folder / "gaze_data.csv", "\n".join([header, *rows]) + "\n")
    eyes = "Timestamp,Pupil_Pos_X_Left,Pupil_Pos_Y_Left,Pupil_Pos_Z_Left,Pupil_Pos_X_Right,Pupil_Pos_Y_Right,Pupil_Pos_Z_Right"
    rows = [f"{5 + i / 100:.4f},-31,2,3,31,2,3" for i in range(60)]
    _text(folder / "pupil_position_data.csv", "\n".join([eyes, *rows]) + "\n")
    write_tiny_video(folder / "video.mp4", 30)


def seetrue(folder: Path) -> None:
    """A recording of SeeTrue STONE, as documented."""
    header = "Frame number; Timestamp; Scene picture number; Gazepoint X; Gazepoint Y; Pupil area (left), sq mm; Pupil area (right), sq mm"
    rows = [f"{i}; {10 + i * 10}; {i // 3}; 0.{400 + i}; 0.5; 8.1; 8.2" for i in range(60)]
    _text(folder / "EyeData_1.csv", "\n".join([header, *rows]) + "\n")
    write_tiny_video(folder / "gazeVideo_1.mp4", 20)


def viewpointsystem(folder: Path) -> None:
    """A recording of VPS 19, as documented."""
    system = {"glasses": {"serial": "G1"}, "Smart Unit": {"serial": "S1"}, "operating system": "1.2"}
    head = ["# VPS 19 recording", "# Participant: P1", "# Recording start: 2023-05-26T08:32:28.123+02:00"]
    head += ["# units: s, px, mm", f"# system: {json.dumps(system)}"]
    names = ["GazeTimeStamp", "MediaTimeStamp", "MediaFrameIndex", "FrontTimeStamp", "Gaze2dX", "Gaze2dY"]
    names += [f"PupilCenter{side}{axis}" for side in ("Left", "Right") for axis in "XYZ"]
    names += [f"Gaze{side}{axis}" for side in ("Left", "Right") for axis in "XYZ"]
    names += ["PupilDiaLeft", "PupilDiaRight"]
    rows = [
        "\t".join(
            [
                f"{7 + i / 120:.5f}",
                f"{i // 4 / 30:.5f}",
                str(i // 4),
                f"{6.5 + i // 4 / 30:.5f}",
                str(300 + i),
                "200",
            ]
            + ["1.5"] * 12
            + ["3.1", "3.2"]
        )
        for i in range(60)
    ]
    _text(folder / "walk.tsv", "\n".join([*head, "\t".join(names), *rows]) + "\n")
    write_tiny_video(folder / "walk.mp4", 20)


def argus(folder: Path) -> None:
    """A recording of Argus ETVision, as documented."""
    names = ["start_of_record", "horz_gaze_coord", "vert_gaze_coord", "left_pupil_diam", "right_pupil_diam"]
    names += [f"verg_gaze_coord_{axis}" for axis in "xyz"]
    names += [f"{side}_gaze_dir_{axis}" for side in ("left", "right") for axis in "xyz"]
    names += [f"{side}_eye_location_{axis}" for side in ("left", "right") for axis in "xyz"]
    rows = [",".join([f"{i / 180:.5f}", str(300 + i), "200", "3.1", "3.2", *["1.0"] * 15]) for i in range(60)]
    first = "ETVision: 2.1.0, Start_Recording: 2023-05-26T08:32:28"
    _text(folder / "walk.csv", "\n".join([first, ",".join(names), *rows]) + "\n")
    write_tiny_video(folder / "walk_Scene.mp4", 20).rename(folder / "walk_Scene.wmv")


def exported(layout: str) -> Callable[[Path], None]:
    """Return a writer of a made-up recording in one of our own layouts; it needs no real files."""

    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        recording = _made_up()
        name = LAYOUTS[layout].write(recording, GAZE_EVENTS.empty(), folder)
        write_tiny_video(folder / name, len(recording.frames))

    return write


def _made_up() -> Recording:
    count = np.arange(80, dtype=np.int64)
    gaze = pd.DataFrame({"t_ns": START_NS + count * 5_000_000, "x_px": 20.0 + count / 4, "y_px": 15.0})
    gaze["valid"] = True
    gaze["reason"] = categorical(["ok"] * len(count), REASONS)
    gaze["confidence"], gaze["part"] = np.nan, 0
    frames = pd.DataFrame({"t_ns": START_NS + count[:20] * 40_000_000, "part": 0, "video": 0})
    frames["kind"] = categorical(["real"] * 20, FRAME_KINDS)
    frames["index"] = count[:20]
    imu = pd.DataFrame({"t_ns": START_NS + count * 9_000_000})
    for axis in "xyz":
        imu[f"gyro_{axis}_deg_s"] = 1.5
    events = pd.DataFrame({"t_ns": [START_NS], "name": ["door"], "source": ["device"]}).astype(
        {"name": "str", "source": "str"}
    )
    tables = {"gaze": gaze, "frames": frames, "imu": imu, "events": events}
    return Recording(
        RecordingMeta("walk", "simulated", "simulate", 1, Path("walk"), start_unix_ns=START_NS),
        clock=Clock("unix_utc", 0, "simulated", START_NS),
        camera=plain_camera(64, 36),
        videos=(),
        loaders={name: partial(Stream, table) for name, table in tables.items()},
    )


SAMPLES: dict[str, Callable[[Path], None]] = {
    "pupil-cloud, written": exported("pupil_cloud_neon"),
    "glassestools, written": exported("glassestools"),
    "table, written": exported("generic_table"),
    "tobii-glasses2, written": exported("tobii_glasses2"),
    "tobii-glasses3, written": exported("tobii_glasses3"),
    "pupil-cloud": pupil_cloud,
    "pupil-cloud, Neon": pupil_cloud_neon,
    "glassestools": glassestools,
    "table": table,
    "pupil-native": pupil_native,
    "pupil-native, parts": pupil_native_parts,
    "pupil-core": pupil_core,
    "pupil-player": pupil_core_export,
    "tobii-glasses2": tobii_glasses2,
    "tobii-glasses2, project": tobii_glasses2_project,
    "tobii-glasses3": tobii_glasses3,
    "tobii-pro-lab": tobii_pro_lab,
    "smi-begaze, events": smi_events,
    "smi-begaze": smi_samples,
    "eyelink-asc": eyelink_asc,
    "eyelink-asc, several": eyelink_asc_binocular,
    "aria": aria,
    "aria, tables": aria_tables,
    "gazepoint": gazepoint,
    "adhawk": adhawk,
    "seetrue": seetrue,
    "viewpointsystem": viewpointsystem,
    "argus": argus,
}
"""Name of the importer (and which of its layouts), and what writes a sample of it."""

MADE_UP = ("smi-begaze", "gazepoint", "adhawk", "seetrue", "viewpointsystem", "argus")
if not REAL.is_dir():
    SAMPLES = {name: write for name, write in SAMPLES.items() if name in MADE_UP or name.endswith(" written")}
