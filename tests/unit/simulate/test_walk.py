"""A walk is repeatable, its tables keep their contracts, and its truth agrees with the pictures."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import deg_to_direction, px_to_direction
from gazestudy.model import CONTRACTS
from gazestudy.model.tables import GAZE_EVENTS
from gazestudy.simulate import VISITOR, build_station, neon_camera, plain_camera, simulate_walk
from gazestudy.simulate.render import Renderer
from gazestudy.simulate.sight import hit_faces
from gazestudy.simulate.surfaces import Texture

QUIET = replace(VISITOR, offset_deg=(0.0, 0.0), noise_deg=0.0, blinks_per_min=0.0, losses_per_min=0.0)


@pytest.fixture(scope="module")
def station():
    return build_station(np.random.default_rng(5), reference_long_px=200)


@pytest.fixture(scope="module")
def walk(station):
    return simulate_walk(
        station, rng=np.random.default_rng(6), duration_s=6.0, camera=neon_camera(320, 180), start_m=3.0
    )


def test_station_is_as_asked(station):
    assert len(station.placements) >= 8
    assert [placement.copies for placement in station.placements].count(2) == 1
    screen = next(placement for placement in station.placements if placement.kind == "digital")
    assert len(screen.creatives) == 3
    ids = [creative.id for placement in station.placements for creative in placement.creatives]
    assert sorted(station.images) == sorted(ids)
    for placement in station.placements:
        for creative in placement.creatives:
            image = station.images[creative.id]
            assert image.shape == (creative.height_px, creative.width_px, 3)
            # the picture has the proportions of the face
            assert creative.width_px / creative.height_px == pytest.approx(
                placement.width_mm / placement.height_mm, abs=0.02
            )


def test_same_seed_gives_the_same_walk(station, walk):
    again = simulate_walk(
        build_station(np.random.default_rng(5), reference_long_px=200),
        rng=np.random.default_rng(6),
        duration_s=6.0,
        camera=neon_camera(320, 180),
        start_m=3.0,
    )
    for name, table in walk.recording_tables.items():
        assert table.equals(again.recording_tables[name]), name
    late = again.frame(150)
    assert np.array_equal(late, list(walk.frames(149, 151))[1])
    assert np.array_equal(late, again.frame(150))
    other = simulate_walk(station, rng=np.random.default_rng(7), duration_s=1.0, camera=neon_camera(320, 180))
    assert not np.array_equal(other.gaze["x_px"], walk.gaze["x_px"][: len(other.gaze)])


def test_tables_keep_their_contracts(walk):
    for name, contract in CONTRACTS.items():
        contract.check(walk.recording_tables[name])
    GAZE_EVENTS.check(walk.truth.events)
    recording = walk.recording("w")
    assert recording.streams == ["gaze", "frames", "imu", "events"]
    assert len(walk.truth.gaze) == len(recording.gaze)
    assert set(walk.gaze["reason"]) >= {"ok", "not_worn"}
    assert (walk.gaze["valid"] == (walk.gaze["reason"] == "ok")).all()


def test_pictures_show_a_face_where_rays_meet_it(station):
    """Paint one poster magenta and compare every second pixel with the ray through it, edges left out."""
    number = next(i for i, face in enumerate(station.faces) if face.placement_id == "corridor-twin")
    surfaces = list(station.surfaces)
    magenta = Texture(np.full((8, 8, 3), (255, 0, 255), dtype=np.uint8))
    place = station.faces[number].surface
    surfaces[place] = replace(surfaces[place], textures=(magenta,))
    painted = replace(station, surfaces=tuple(surfaces))
    camera = plain_camera(640, 360)
    walk = simulate_walk(painted, rng=np.random.default_rng(3), duration_s=12.0, camera=camera, start_m=6.0)
    renderer = Renderer(painted, camera)
    columns, rows = np.meshgrid(np.arange(0, 640, 2), np.arange(0, 360, 2))
    rays = px_to_direction(np.column_stack([columns.ravel(), rows.ravel()]).astype(float), camera)
    around = np.ones((3, 3), dtype=np.uint8)
    seen = 0
    for frame in range(20, len(walk.frame_table), 50):
        shot = walk.shot(frame)
        shot = replace(shot, turns=shot.rotation[None])
        blue, green, red = renderer.frame(shot, None)[rows, columns].astype(int).transpose(2, 0, 1)
        shown = (blue > 240) & (green < 15) & (red > 240)
        eyes = np.broadcast_to(shot.camera_m, rays.shape)
        hits = hit_faces(painted, eyes, rays @ shot.rotation, np.full(len(rays), shot.t_s))
        met = (hits.face == number).reshape(rows.shape)
        inside, not_outside = (
            cv2.erode(met.astype(np.uint8), around),
            cv2.dilate(met.astype(np.uint8), around),
        )
        assert shown[inside == 1].all()
        assert not shown[not_outside == 0].any()
        seen += int(inside.sum())
    assert seen > 5000


def test_gaze_without_noise_lies_where_the_eyes_point(station):
    walk = simulate_walk(
        station,
        rng=np.random.default_rng(8),
        duration_s=8.0,
        camera=neon_camera(640, 360),
        habits=QUIET,
        start_m=4.0,
    )
    gaze = walk.truth.gaze
    both = gaze[(gaze["placement_id"] != "") & (gaze["placement_id"] == gaze["eye_placement_id"])]
    assert len(both) > 100
    assert np.abs(both["x_ref_px"] - both["eye_x_ref_px"]).max() < 0.01
    angles = walk.gaze[["azimuth_deg", "elevation_deg"]].to_numpy()
    valid = walk.gaze["valid"].to_numpy()
    _, rotations = walk.head.pose_at(walk.station_s(walk.gaze["t_ns"].to_numpy()))
    world = np.einsum("nji,nj->ni", rotations, deg_to_direction(angles))
    assert np.abs(world - walk.sight.directions)[valid].max() < 1e-9


def test_gaze_is_steady_in_the_world_while_the_head_moves(station):
    """Vestibulo-ocular compensation: in a fixation the eyes undo nearly all of the head's turning."""
    walk = simulate_walk(
        station, rng=np.random.default_rng(9), duration_s=20.0, camera=neon_camera(320, 180), habits=QUIET
    )
    t_s = walk.station_s(walk.gaze["t_ns"].to_numpy())
    _, rotations = walk.head.pose_at(t_s)
    dt = np.diff(t_s)

    def speed(directions):
        cosine = np.einsum("ni,ni->n", directions[1:], directions[:-1])
        return np.degrees(np.arccos(np.clip(cosine, -1, 1))) / dt

    in_head = np.einsum("nij,nj->ni", rotations, walk.sight.directions)
    held = (walk.truth.gaze["kind"].to_numpy() == "fixation")[1:]
    held &= (np.diff(walk.sight.look) == 0) & (np.diff(walk.sight.kind) == 0)
    # compensation of turning alone is 97 %; walking past near targets adds some real motion
    assert np.median(speed(walk.sight.directions)[held]) < 0.5 * np.median(speed(in_head)[held])
    flying = (walk.truth.gaze["kind"].to_numpy() == "saccade")[1:]
    assert np.percentile(speed(walk.sight.directions)[flying], 75) > 100


def test_gyroscope_agrees_with_the_head(station):
    walk = simulate_walk(
        station,
        rng=np.random.default_rng(10),
        duration_s=10.0,
        camera=neon_camera(320, 180),
        imu_axes="camera",
    )
    imu = walk.recording_tables["imu"]
    t_s = walk.station_s(imu["t_ns"].to_numpy())
    # independent of the recorder: turn a far point by the measured rate and compare with the pose later
    step = 0.004
    _, before = walk.head.pose_at(t_s)
    _, after = walk.head.pose_at(t_s + step)
    far = np.array([0.2, -0.1, 1.0])
    moved = np.einsum("nij,nkj,k->ni", after, before, far)  # where a point seen at `far` appears next
    rate = np.radians(imu[["gyro_x_deg_s", "gyro_y_deg_s", "gyro_z_deg_s"]].to_numpy())
    predicted = far - np.cross(rate, far) * step
    error_deg = np.degrees(np.abs(moved - predicted)) / step
    assert np.percentile(error_deg, 95) < 3.0
    assert np.abs(imu["gyro_y_deg_s"]).max() > 40  # the head did turn


def test_saccades_follow_the_main_sequence(walk):
    looks = walk.looks
    gaps = np.array([after.onset_s - before.offset_s for before, after in pairwise(looks)])
    assert (gaps >= 0.0209).all()
    assert (gaps < 0.021 + 0.0022 * 180).all()


def test_dwell_is_the_sum_of_its_fixations(walk):
    events, dwell = walk.truth.events, walk.truth.dwell.set_index("placement_id")
    held = events[events["kind"].isin(["fixation", "pursuit"]) & (events["placement_id"] != "")]
    sums = held.groupby("placement_id")["duration_ms"].sum()
    assert len(sums) > 0
    for placement, value in sums.items():
        assert dwell.loc[placement, "dwell_ms"] == pytest.approx(value)
    assert (events["offset_ns"].to_numpy()[:-1] <= events["onset_ns"].to_numpy()[1:] + 10**6).all()


def test_wrong_rates_are_refused(station):
    with pytest.raises(ParameterError, match="duration_s"):
        simulate_walk(station, rng=np.random.default_rng(1), duration_s=0.0)


def test_filler_frames_are_grey_and_50_ms_apart(station):
    walk = simulate_walk(
        station, rng=np.random.default_rng(1), duration_s=1.5, camera=neon_camera(320, 180), filler_s=0.4
    )
    table = walk.frame_table
    filler = table[table["kind"] == "filler"]
    assert len(filler) == 8
    assert (np.diff(filler["t_ns"]) == 50_000_000).all()
    assert len(np.unique(walk.frame(0))) == 1
    assert walk.frame(len(table) - 1).std() > 10
    assert (walk.truth.mapping["frame"] >= 8).all()
