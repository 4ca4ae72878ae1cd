"""Spots against people who arrive at random; what-if against lines of sight."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.geometry.crowd_sight import clear_probability
from gazestudy.strategy.digital import mean_present, spot_chance, spot_opportunities, voice_share
from gazestudy.strategy.terms import assumed_term, fixed_term
from gazestudy.strategy.what_if import (
    WHAT_IF_COLUMNS,
    Face,
    clear_view_scenarios,
    default_radius,
    moved_term,
)


def met(dwell_s, spot_s, loop_s, least_s, n=200_000):
    """How often somebody who arrives at random has the spot on screen for least_s or more, counted."""
    start = np.random.default_rng(1).uniform(0, loop_s, n)  # when the person comes, in the loop
    times = np.zeros(n)
    for turn in range(-1, int(dwell_s // loop_s) + 2):
        begin = turn * loop_s
        together = np.minimum(start + dwell_s, begin + spot_s) - np.maximum(start, begin)
        times += together >= least_s
    return float(times.mean()), float((times > 0).mean())


@pytest.mark.parametrize(
    ("dwell_s", "spot_s", "loop_s", "least_s"),
    [
        (5, 10, 60, 1),
        (20, 10, 60, 1),
        (55, 10, 60, 1),
        (90, 10, 60, 1),
        (3, 15, 90, 1),
        (8, 6, 30, 2),
        (1, 1, 10, 1),
    ],
)
def test_spots_against_people_who_arrive_at_random(dwell_s, spot_s, loop_s, least_s):
    opportunities, chance = met(dwell_s, spot_s, loop_s, least_s)
    settings = {"spot_s": spot_s, "loop_s": loop_s, "least_s": least_s}
    assert float(spot_opportunities(dwell_s, **settings)) == pytest.approx(opportunities, abs=0.005)
    assert float(spot_chance(dwell_s, **settings)) == pytest.approx(chance, abs=0.005)


def test_a_look_shorter_than_counts_meets_nothing():
    assert spot_chance([0.0, 0.9, 1.0], spot_s=10, loop_s=60).round(4).tolist() == [0, 0, 0.15]


def test_seconds_on_a_screen_are_shared_by_spots():
    rng = np.random.default_rng(2)
    start, length = rng.uniform(0, 60, 100_000), rng.uniform(0, 8, 100_000)
    own = sum(np.clip(np.minimum(start + length, t + 10) - np.maximum(start, t), 0, None) for t in (0, 60))
    assert own.sum() / length.sum() == pytest.approx(voice_share(spot_s=10, loop_s=60), abs=0.003)


def test_people_present_follow_little():
    """Arrivals over an hour, and who is there at random instants."""
    rng = np.random.default_rng(3)
    come = np.sort(rng.uniform(0, 360_000, 180_000))
    stay = rng.exponential(20, len(come))
    instants = rng.uniform(1000, 359_000, 4000)
    there = [np.sum((come <= t) & (come + stay > t)) for t in instants[:800]]
    assert np.mean(there) == pytest.approx(float(mean_present(0.5, dwell_s=20)), rel=0.04)


@pytest.mark.parametrize(("spot", "loop"), [(0, 60), (70, 60)])
def test_loops_that_cannot_be(spot, loop):
    with pytest.raises(ParameterError):
        voice_share(spot_s=spot, loop_s=loop)
    with pytest.raises(ParameterError):
        spot_opportunities([-1], spot_s=10, loop_s=60)


def scenarios(**tried):
    radius = fixed_term("radius_m", 0.23, unit="m", rule="")
    face = Face(1.0, 1.2, 5.0, body_height_sd_m=0.0)
    return clear_view_scenarios(face, 1.0, **tried, radius=radius, draws=5, rng=np.random.default_rng(0))


def test_clear_view_is_the_mean_over_lines_of_sight():
    heights = 1.0 + 1.2 * (np.arange(25) + 0.5) / 25
    expected = clear_probability(heights, distance_m=5, density_m2=1.0, free_m=0.46).mean()
    assert scenarios()["clear"].iloc[0] == pytest.approx(expected)


def test_higher_nearer_and_emptier_is_clearer():
    table = scenarios(bottoms_m=[2.2], densities_m2=[0.2, 2.0], distances_m=[2.0, 8.0])
    assert list(table.columns) == list(WHAT_IF_COLUMNS)
    ratio = dict(zip(table["scenario"], table["ratio_to_now"], strict=True))
    assert ratio["now"] == 1
    assert ratio["lower edge at 2.2 m"] > 2
    assert ratio["0.2 people/m2"] > 1 > ratio["2 people/m2"]
    assert ratio["2 m away"] > 1 > ratio["8 m away"]


def test_the_unknown_radius_widens_the_answer():
    face = Face(1.0, 1.2, 5.0)
    table = clear_view_scenarios(
        face, 1.0, bottoms_m=[2.2], radius=default_radius(), rng=np.random.default_rng(0)
    )
    row = table.iloc[1]
    assert row["ratio_low"] < row["ratio_to_now"] < row["ratio_high"]
    assert (table["ratio_low"].iloc[0], table["ratio_high"].iloc[0]) == (1, 1)


def test_a_counted_clear_view_moves_with_the_model_and_never_above_1():
    clear = assumed_term("clear", 0.6, low=0.5, high=0.7, unit="share", rule="counted")
    moved = moved_term(clear, 1.4, low=1.2, high=1.6, why="lower edge at 2.2 m")
    assert (moved.value, moved.source) == (pytest.approx(0.84), "modelled")
    assert moved.low == pytest.approx(0.6)
    assert moved.high == 1.0
    assert moved_term(clear, 2.0, low=1.9, high=2.1, why="").value == 1.0


def test_a_face_needs_a_size():
    with pytest.raises(ParameterError):
        clear_view_scenarios(Face(1.0, 0.0, 5.0), 1.0, radius=default_radius(), rng=np.random.default_rng(0))


def test_a_term_without_an_interval_moves_without_one():
    counted = replace(
        assumed_term("clear", 0.8, low=0.7, high=0.9, unit="share", rule="counted"),
        low=float("nan"),
        high=float("nan"),
    )
    moved = moved_term(counted, 1.1, low=1.05, high=1.15, why="higher")
    assert moved.value == pytest.approx(0.88)
    assert math.isnan(moved.low) and math.isnan(moved.high)
    assert moved.source == "modelled"
