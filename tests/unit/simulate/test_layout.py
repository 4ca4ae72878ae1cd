"""Layouts drawn by lot hold what was asked for, and stations hang them as they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.simulate import VISITOR, build_station, plain_camera, simulate_walk
from gazestudy.simulate.crowd import make_crowd
from gazestudy.simulate.layout import MIXED, Mix, plan_layout
from gazestudy.simulate.looking import plan_looks
from gazestudy.simulate.motion import plan_path
from gazestudy.simulate.sight import hit_faces

SMALL = Mix(hung=6, poor=2, screens=2, absent=6, distractors=4, twins=1)


def pictures_of(layout):
    return sum(len(item.styles) - item.unknown for item in layout if item.in_study)


@pytest.fixture(scope="module")
def station():
    layout = plan_layout(np.random.default_rng(3), SMALL)
    return build_station(np.random.default_rng(4), layout=layout, reference_long_px=120, people=40)


@pytest.mark.parametrize("seed", range(5))
def test_fifty_references_fit_on_the_walls(seed):
    layout = plan_layout(np.random.default_rng(seed))
    assert pictures_of(layout) == MIXED.references == 50
    assert len({item.id for item in layout}) == len(layout)
    hung = [(item, item.spots[0]) for item in layout if item.spots]
    assert len(hung) == MIXED.hung + MIXED.screens + MIXED.distractors
    for (one, here), (other, there) in combinations(hung, 2):
        if here.wall == there.wall:
            assert abs(here.z_m - there.z_m) > 0.5 * (one.width_m + other.width_m) + 0.1
    for item, spot in hung:
        assert spot.above_floor_m - 0.5 * item.height_m > 0.15
        assert spot.above_floor_m + 0.5 * item.height_m < 3.0


def test_full_walls_are_refused():
    with pytest.raises(ParameterError, match="walls"):
        plan_layout(np.random.default_rng(1), replace(MIXED, hung=90))


def test_absent_and_unknown_pictures(station):
    assert len(station.images) == SMALL.references
    on_walls = {face.placement_id for face in station.faces}
    absent = {placement.id for placement in station.placements} - on_walls
    assert len(absent) == SMALL.absent
    known = {creative.id for placement in station.placements for creative in placement.creatives}
    assert known == set(station.images)
    screens = [face for face in station.faces if face.placement_id.startswith("screen")]
    assert sorted(len(known & set(face.creative_ids)) for face in screens) == [1, 3]


def test_twins_show_the_same_picture_and_variants_do_not(station):
    assert np.array_equal(station.images["twin-1a-1"], station.images["twin-1b-1"])
    names = sorted(station.images)
    same = [
        pair
        for pair in combinations(names, 2)
        if np.array_equal(station.images[pair[0]], station.images[pair[1]])
    ]
    assert same == [("twin-1a-1", "twin-1b-1")]


def test_gaze_behind_people_is_what_a_ray_meets_without_them(station):
    walk = simulate_walk(
        station,
        rng=np.random.default_rng(6),
        duration_s=12.0,
        camera=plain_camera(320, 180),
        habits=replace(VISITOR, offset_deg=(0.0, 0.0), noise_deg=0.0),
        start_m=4.0,
    )
    truth = walk.truth.gaze
    t_s = walk.station_s(walk.gaze["t_ns"].to_numpy())
    eyes, _ = walk.head.pose_at(t_s)
    empty = hit_faces(replace(station, people=()), eyes, walk.sight.directions, t_s).face
    names = [station.faces[face].placement_id if face >= 0 else "" for face in empty]
    study = {face.placement_id for face in station.faces if face.in_study}
    seen = np.isfinite(walk.gaze["x_px"].to_numpy()) & (walk.gaze["reason"].to_numpy() != "out_of_image")
    either = truth["placement_id"].where(truth["placement_id"] != "", truth["behind_placement_id"])
    wanted = np.array([name if name in study else "" for name in names])
    # what was looked at, without error of the tracker, is what lies there or behind whoever stands before it
    assert (either.to_numpy()[seen] == wanted[seen]).mean() > 0.995
    assert ((truth["placement_id"] == "") | (truth["behind_placement_id"] == "")).all()
    assert (truth["behind_placement_id"] != "").sum() > 20
    assert "behind_placement_id" in walk.truth.events


def test_luma_pictures_are_the_colour_pictures_without_colour(station):
    walk = simulate_walk(
        station,
        rng=np.random.default_rng(7),
        duration_s=2.0,
        camera=plain_camera(320, 180),
        noise_levels=0.0,
    )
    weights = np.array([0.114, 0.587, 0.299])  # ITU-R BT.601, blue, green, red
    for index in (5, 40):
        off = walk.frame(index) @ weights - walk.frame(index, luma=True)
        assert np.abs(off).mean() < 0.6
        assert np.percentile(np.abs(off), 99) < 3


def test_a_dark_station_is_dark(station):
    means = [
        simulate_walk(
            station,
            rng=np.random.default_rng(7),
            duration_s=1.0,
            camera=plain_camera(320, 180),
            brightness=brightness,
        )
        .frame(10)
        .mean()
        for brightness in (1.0, 0.4)
    ]
    assert means[1] == pytest.approx(0.4 * means[0], rel=0.05)


def test_glances_turn_the_head_fast(station):
    speeds = []
    for habits in (VISITOR, replace(VISITOR, glance_share=0.3, head_rad_s=9.0)):
        walk = simulate_walk(
            station,
            rng=np.random.default_rng(8),
            duration_s=20.0,
            camera=plain_camera(320, 180),
            habits=habits,
        )
        yaw = np.degrees(walk.head.yaw_rad)
        speeds.append(np.abs(np.diff(yaw)).max() / 0.002)
    assert speeds[1] > 200
    assert speeds[1] > 1.3 * speeds[0]


def test_eyes_follow_people_before_advertisements(station):
    """In the middle of most such looks the straight line behind the person ends on a placement."""
    habits = replace(VISITOR, placement_share=0.0, person_share=0.0, before_share=1.0)
    station = replace(station, people=make_crowd(np.random.default_rng(2), 150))
    met = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        path = plan_path(rng, duration_s=20.0, start_m=0.0, speed_m_s=1.1)
        for look in plan_looks(station, path, habits, rng, duration_s=20.0):
            if look.person >= 0:
                now = np.array([(look.onset_s + look.offset_s) / 2])
                eye = path.eyes_at(now)
                way = look.target_m(station, now) - eye
                met.append(hit_faces(station, eye, way, now, people=False).face[0])
    assert len(met) >= 10, met
    assert np.mean([face >= 0 and station.faces[face].in_study for face in met]) >= 0.6, met
