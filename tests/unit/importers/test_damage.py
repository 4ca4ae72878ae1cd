"""Random damage: whatever happens to the files, an import ends in a recording or in one clear line."""

import random
import shutil
from pathlib import Path

import pytest

from gazestudy.errors import GazestudyError
from gazestudy.importers import build_report, read_recording

INSERTS = (b"\0" * 20, b'"', b"\n\n", b",,,", b"\xff\xfe", b"nan", b"1e999999999", b"9" * 30, b"{", b"\r")
CELLS = (b"", b"x", b"-1", b"1e400", b"True", b"9" * 30, b"inf", b"\xe4", b"1.5.5", b"9223372036854775807")


def damage(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(6)
    at = rng.randrange(len(data) + 1)
    if kind == 0:
        return data[:at]
    if kind == 1:
        broken = bytearray(data)
        for _ in range(rng.choice([1, 5, 50])):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        return bytes(broken)
    if kind == 2:
        return data[:at] + rng.choice(INSERTS) + data[at:]
    lines = data.split(b"\n")
    if kind == 3:
        rng.shuffle(lines)
    elif kind == 4:
        mark = b"\t" if b"\t" in data else b","
        line = rng.randrange(len(lines))
        cells = lines[line].split(mark)
        cells[rng.randrange(len(cells))] = rng.choice(CELLS)
        lines[line] = mark.join(cells)
    else:
        return data.decode("latin-1").encode(rng.choice(["utf-16", "utf-16-be", "utf-8-sig"]))
    return b"\n".join(lines)


@pytest.fixture
def folders(tmp_path, cloud, write_video):
    """One small folder of each format."""
    export = cloud(tmp_path / "cloud")
    (export / "imu.csv").write_text(
        "timestamp [ns],gyro x [deg/s],gyro y [deg/s],gyro z [deg/s]\n1,1,2,3\n2,1,2,3\n", encoding="utf-8"
    )
    (export / "events.csv").write_text("timestamp [ns],name,type\n1,begin,recording\n", encoding="utf-8")
    write_video(export / "0123abcd_0.0-1.000.mp4", [0, 33, 67, 100, 133])
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gazeData.tsv").write_text(
        "timestamp\tframe_idx\tgaze_pos_vid_x\tgaze_pos_vid_y\n0.5\t0\t1\t2\n5.5\t0\t\t\n", encoding="utf-8"
    )
    (tools / "frameTimestamps.tsv").write_text("frame_idx\ttimestamp\n0\t0\n1\t40\n", encoding="utf-8")
    (tools / "recording_info.json").write_text(
        '{"name": "n", "start_time": {"__Timestamp__": 5}}', encoding="utf-8"
    )
    table = tmp_path / "table"
    table.mkdir()
    (table / "gaze.csv").write_text("t,x_px,y_px,frame\n0,1,2,0\n10,1,2,0\n40,1,2,1\n", encoding="utf-8")
    write_video(table / "scene.mp4", [0, 40, 80])
    return [export, tools, table]


@pytest.mark.parametrize("seed", range(60))
def test_damaged_folders_end_in_one_clear_line(folders, tmp_path, seed):
    rng = random.Random(seed)
    for number, folder in enumerate(folders):
        copy = Path(shutil.copytree(folder, tmp_path / f"copy{number}"))
        for _ in range(rng.choice([1, 1, 3])):
            file = rng.choice(sorted(copy.iterdir()))
            file.write_bytes(damage(file.read_bytes() or b" ", rng))
        try:
            recording = read_recording(copy)
            assert str(build_report(recording))
        except GazestudyError as error:
            assert "\n" not in str(error)
