"""The compiled loops read what the parser of JSON reads, to the last bit, and leave the rest to it."""

import gzip
import json
import random

import numpy as np
import pandas as pd
import pytest

from gazestudy.importers import read_recording
from gazestudy.importers.recordings.tobii import json_lines
from gazestudy.importers.recordings.tobii.kernels import GAZE_WIDTH, KINDS, gaze_lines, packet_lines

REAL = {
    "tobii-glasses2": ("tobii_g2_validator", "recordings", "t3ic6aq"),
    "tobii-glasses2, eyes": ("tobii_g2_viewer_demo", "projects", "raoscyb", "recordings", "gzz7stc"),
    "tobii-glasses3": ("tobii_g3_eyedentify3d", "calibration_1"),
}


def gaze_of(lines: list[str]):
    text = np.frombuffer("".join(lines).encode(), np.uint8)
    times, values = np.empty(len(lines)), np.empty((len(lines), GAZE_WIDTH))
    left = np.empty((len(lines), 3), np.int64)
    count, others = gaze_lines(text, times, values, left)
    assert count == len(lines)
    return times[: count - others], values[: count - others], left[:others]


def packets_of(lines: list[str]):
    text = np.frombuffer("".join(lines).encode(), np.uint8)
    shape = (len(KINDS), len(lines))
    ts, status, gidx = (np.empty(shape, np.int64) for _ in range(3))
    values, latency, counts = np.empty((*shape, 3)), np.empty(len(lines)), np.zeros(len(KINDS), np.int64)
    left = np.empty((len(lines), 3), np.int64)
    count, others = packet_lines(text, ts, status, gidx, values, latency, counts, left)
    assert count == len(lines)
    found = {
        kind: [(ts[k, i], status[k, i], gidx[k, i], *values[k, i]) for i in range(counts[k])]
        for k, kind in enumerate(KINDS)
        if counts[k]
    }
    return found, left[:others], latency[: counts[KINDS.index("gp")]]


def both_ways(monkeypatch, folder):
    """Return all streams, read by the parser and by the loops."""
    for limit in (2**60, 0):
        monkeypatch.setattr(json_lines, "COMPILED_FROM_BYTES", limit)
        recording = read_recording(folder)
        yield {name: recording.stream(name) for name in recording.streams}, recording.findings()


@pytest.mark.parametrize("name", list(REAL))
def test_real_recordings_are_the_same_to_the_last_bit(samples, monkeypatch, name, capsys):
    (parsed, said), (looped, also_said) = both_ways(monkeypatch, samples.joinpath(*REAL[name]))
    assert said == also_said
    for stream, table in parsed.items():
        pd.testing.assert_frame_equal(looped[stream], table, check_exact=True)
    with capsys.disabled():
        rows = ", ".join(f"{stream} {len(table)}" for stream, table in parsed.items())
        print(f"\n{name}: the same rows by loops and by the parser: {rows}")


def test_nearly_all_real_lines_are_in_the_usual_form(samples):
    folder = samples.joinpath(*REAL["tobii-glasses2"])
    lines = gzip.decompress((folder / "segments" / "1" / "livedata.json.gz").read_bytes()).decode()
    _, left, _ = packets_of(lines.splitlines(keepends=True))
    kinds = [set(json.loads(lines[start:end])) - {"ts", "s"} for start, end, _ in left]
    assert all(keys & {"vts", "pts", "sig"} for keys in kinds)
    assert len(kinds) == 70
    folder = samples.joinpath(*REAL["tobii-glasses3"])
    gaze = gzip.decompress((folder / "gazedata.gz").read_bytes()).decode().splitlines(keepends=True)
    assert len(gaze_of(gaze)[2]) == 0


def test_numbers_are_those_of_the_text():
    rng = random.Random(4)
    texts = [
        "0",
        "-0",
        "0.0",
        "1",
        "-1.5",
        "0.1",
        "1e-05",
        "3.5e-05",
        "-7.25e-7",
        "123456789012345678",
        "5e-324",
    ]
    texts += ["0.1e-3", "9007199254740993", "9007199254740993.1", "0.30000000000000004", "1.7976931348623157"]
    for _ in range(20_000):
        number = rng.uniform(-1, 1) * 10 ** rng.randint(-6, 5)
        texts.append(f"{number:.17g}" if rng.random() < 0.5 else f"{number:.{rng.randint(1, 16)}f}")
    lines = [f'{{"type":"gaze","timestamp":{text},"data":{{}}}}\n' for text in texts]
    times, _, left = gaze_of(lines)
    known = np.delete(np.array([float(text) for text in texts]), left[:, 2])
    assert len(left) < 2000  # those with more digits than whole numbers can have
    assert (times == known).all()
    assert (np.signbit(times) == np.signbit(known)).all()


@pytest.mark.parametrize(
    "number",
    ["", "-", ".5", "5.", "01", "1e5", "1e+5", "1e-", "1e-99", "+1", "NaN", "null", '"1"', "1 ", "1.2.3", "1e-5e", "9" * 30],
)  # fmt: skip
def test_other_numbers_are_left_to_the_parser(number):
    line = f'{{"type":"gaze","timestamp":{number},"data":{{}}}}\n'
    good = '{"type":"gaze","timestamp":1,"data":{}}\n'
    times, _, left = gaze_of([good, line, good])
    assert times.tolist() == [1, 1]
    assert left.tolist() == [[len(good), len(good) + len(line), 1]]


def test_gaze_of_one_eye():
    eye = '{"gazeorigin":[1,2,3],"gazedirection":[4,5,6],"pupildiameter":7}'
    line = '{"type":"gaze","timestamp":0.5,"data":{"gaze2d":[0.1,0.2],"gaze3d":[8,9,10],"eyeleft":%s,"eyeright":%s}}\n'
    _, values, left = gaze_of([line % (eye, "{}"), line % ("{}", eye), line % (eye, eye)])
    assert len(left) == 0
    points, numbers, none = [0.1, 0.2, 8, 9, 10], [1, 2, 3, 4, 5, 6, 7], [np.nan] * 7
    wanted = [[*points, *numbers, *none], [*points, *none, *numbers], [*points, *numbers, *numbers]]
    np.testing.assert_array_equal(values, wanted)


def test_packets_of_every_kind():
    lines = [
        '{"ts":5,"s":0,"gidx":7,"pc":[1,2,3],"eye":"left"}\n',
        '{"ts":5,"s":0,"gidx":7,"pd":3.5,"eye":"right"}\n',
        '{"ts":5,"s":4,"gidx":7,"gd":[0.1,0.2,0.9],"eye":"left"}\n',
        '{"ts":5,"s":0,"gidx":7,"l":99,"gp":[0.4,0.5]}\n',
        '{"ts":6,"s":0,"gp":[0.4,0.5]}\n',
        '{"ts":5,"s":0,"gidx":7,"gp3":[1.5,2.5,3.5]}\n',
        '{"ts":-5,"s":0,"ac":[1,2,3]}\n',
        '{"ts":5,"s":0,"gy":[1,2,3]}\n',
        '{"ts":5,"s":0,"vts":0}\n',
    ]
    found, left, latency = packets_of(lines)
    assert {kind: [row[:3] for row in rows] for kind, rows in found.items()} == {
        "pcleft": [(5, 0, 7)],
        "pdright": [(5, 0, 7)],
        "gdleft": [(5, 4, 7)],
        "gp": [(5, 0, 7), (6, 0, -1)],
        "gp3": [(5, 0, 7)],
        "ac": [(-5, 0, -1)],
        "gy": [(5, 0, -1)],
    }
    assert found["gdleft"][0][3:] == (0.1, 0.2, 0.9)
    assert found["pdright"][0][3] == 3.5
    np.testing.assert_array_equal(latency, [99, np.nan])
    assert left[:, 2].tolist() == [8]


@pytest.mark.parametrize("kind", ["flip", "cut", "insert"])
def test_damaged_text_is_read_the_same_both_ways(samples, tmp_path, monkeypatch, kind):
    """Whatever a byte is changed to, loops and parser agree on what is there and on what is said of it."""
    source = samples.joinpath(*REAL["tobii-glasses3"])
    text = gzip.decompress((source / "gazedata.gz").read_bytes())[:60_000]
    rng = random.Random(kind)
    for _ in range(25):
        at = rng.randrange(len(text))
        damage = {
            "flip": text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :],
            "cut": text[:at],
            "insert": text[:at] + rng.choice([b" ", b",", b"0", b"\n", b"}", b'"', b"1e9"]) + text[at:],
        }[kind]
        (tmp_path / "gazedata.gz").write_bytes(gzip.compress(damage, 1))
        (parsed, said), (looped, also_said) = both_ways(monkeypatch, tmp_path)
        pd.testing.assert_frame_equal(looped["gaze"], parsed["gaze"], check_exact=True)
        assert said == also_said
