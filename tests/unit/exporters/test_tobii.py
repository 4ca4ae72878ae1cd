"""Recordings written as Tobii's glasses do: every packet where the device puts it, and read back."""

from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pytest

from gazestudy.errors import InputError
from gazestudy.exporters import VideoSettings, export_recording
from gazestudy.geometry.cameras import direction_to_px
from gazestudy.simulate import build_station, neon_camera, plain_camera, simulate_walk

LAYOUTS = ("tobii_glasses2", "tobii_glasses3")


@pytest.fixture(scope="module")
def station():
    return build_station(np.random.default_rng(5), reference_long_px=120, people=3)


@pytest.fixture(scope="module")
def walk(station):
    walk = simulate_walk(
        station,
        rng=np.random.default_rng(6),
        duration_s=2.5,
        gaze_hz=100.0,
        camera=plain_camera(320, 240),
        imu_axes="camera",
    )
    count = len(walk.gaze)
    walk.recording_tables["gaze"] = walk.gaze.assign(
        pupil_left_mm=np.linspace(3, 4, count), pupil_right_mm=3.5
    )
    return walk


@pytest.fixture(scope="module")
def folders(walk, tmp_path_factory):
    root = tmp_path_factory.mktemp("tobii")
    return {
        layout: export_recording(
            walk.recording("Zoë's walk"),
            root / layout,
            layout=layout,
            frames=walk.frames(),
            video=VideoSettings(preset="ultrafast"),
        )
        for layout in LAYOUTS
    }


def lines_of(path):
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def seen_in(walk):
    return walk.gaze["reason"].isin(["ok", "out_of_image"]) & walk.gaze["x_px"].notna()


def test_glasses_3_gaze(walk, folders):
    lines = lines_of(folders["tobii_glasses3"] / "gazedata.gz")
    seen = seen_in(walk).to_numpy()
    assert [bool(line["data"]) for line in lines] == seen.tolist()
    assert 0 < seen.sum() < len(seen)
    times = np.array([line["timestamp"] for line in lines])
    wanted = (walk.gaze["t_ns"] - walk.frame_table["t_ns"].iloc[0]) / 1e9
    assert np.abs(times - wanted.to_numpy()).max() < 0.51e-6
    data = [line["data"] for line in lines if line["data"]]
    pixels = np.array([one["gaze2d"] for one in data]) * (320, 240)
    assert np.abs(pixels - walk.gaze.loc[seen, ["x_px", "y_px"]].to_numpy()).max() < 0.00005 * 320 + 1e-9
    assert [one["eyeleft"]["pupildiameter"] for one in data] == pytest.approx(
        walk.gaze.loc[seen, "pupil_left_mm"].to_list(), abs=0.0005
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_point_in_space_is_where_the_gaze_is_in_the_picture(walk, folders, layout):
    """Projected through the written calibration it meets the written gaze to the last digit."""
    if layout == "tobii_glasses3":
        data = [line["data"] for line in lines_of(folders[layout] / "gazedata.gz") if line["data"]]
        target, point = (np.array([one[key] for one in data]) for key in ("gaze3d", "gaze2d"))
        eyes = [data[0][f"eye{side}"] for side in ("left", "right")]
        origin, direction = (np.array([eye[key] for eye in eyes]) for key in ("gazeorigin", "gazedirection"))
        first = target[0]
    else:
        lines = lines_of(folders[layout] / "segments" / "1" / "livedata.json.gz")
        target, point = (
            np.array([line[key] for line in lines if key in line and line["s"] == 0]) for key in ("gp3", "gp")
        )
        origin, direction = (
            np.array([line[key] for line in lines if key in line and line["s"] == 0][:2])
            for key in ("pc", "gd")
        )
        first = target[0]
    projected = direction_to_px(target * (-1, -1, 1), walk.camera)
    assert np.abs(projected - point * (320, 240)).max() < 0.03
    assert origin[0, 0] > 0 > origin[1, 0]  # x to the left
    assert np.linalg.norm(direction, axis=1) == pytest.approx([1, 1], abs=1e-4)
    along = (first - origin) / np.linalg.norm(first - origin, axis=1, keepdims=True)
    assert np.abs(along - direction).max() < 1e-4


def test_glasses_2_packets(walk, folders):
    lines = lines_of(folders["tobii_glasses2"] / "segments" / "1" / "livedata.json.gz")
    grouped = [line for line in lines if "gidx" in line]
    assert len(grouped) == 8 * len(walk.gaze)
    for number, start in enumerate(range(0, len(grouped), 8)):
        assert {(line["gidx"], line["ts"]) for line in grouped[start : start + 8]} == {
            (number, grouped[start]["ts"])
        }
    seen = seen_in(walk).to_numpy()
    gp = [line for line in lines if "gp" in line]
    assert [line["s"] == 0 for line in gp] == seen.tolist()
    assert {tuple(line["gp"]) for line in gp if line["s"]} == {(0.0, 0.0)}
    zero = {line["ts"] - line["vts"] for line in lines if "vts" in line}
    assert len(zero) == 1
    t_us = np.array([line["ts"] for line in gp]) - zero.pop()
    wanted = (walk.gaze["t_ns"] - walk.frame_table["t_ns"].iloc[0]) / 1e3
    assert np.abs(t_us - wanted.to_numpy()).max() <= 0.5
    assert sum("gy" in line for line in lines) == len(walk.recording_tables["imu"])
    times = [line["ts"] for line in lines]
    assert times != sorted(times)  # as on the device


def test_glasses_2_calibration(walk, folders):
    data = gzip.decompress((folders["tobii_glasses2"] / "segments" / "1" / "et.tslv.gz").read_bytes())
    found, at = {}, 0
    while at < len(data):
        kind, _, length = struct.unpack_from("<hhi", data, at)
        found[kind] = data[at + 8 : at + 8 + length]
        at += 8 + -(-length // 4) * 4
    assert (*found,)[0] == 21332 and (*found,)[-1] == 5
    assert len(found[300]) == 100
    floats = struct.unpack_from("<23f", found[300], 4)
    focal, centre, radial, tangential = floats[12:14], floats[15:17], floats[17:20], floats[20:22]
    camera = walk.camera
    assert focal == pytest.approx((camera.fx_px, camera.fy_px))
    assert centre == pytest.approx((camera.cx_px, camera.cy_px))
    k1, k2, p1, p2, k3 = camera.coefficients
    assert (*radial, *tangential) == pytest.approx((k1, k2, k3, p1, p2))
    assert struct.unpack_from("<2h", found[300], 96) == (320, 240)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_lens_that_does_not_fit_is_refused(station, tmp_path, layout):
    walk = simulate_walk(station, rng=np.random.default_rng(6), duration_s=2.5, camera=neon_camera(320, 240))
    with pytest.raises(InputError, match="no room for the lens"):
        export_recording(walk.recording(), tmp_path / "walk", layout=layout)
    recording = walk.recording()
    recording.camera = None
    with pytest.raises(InputError, match="calibrated camera"):
        export_recording(recording, tmp_path / "walk", layout=layout)
    assert list(tmp_path.iterdir()) == []
