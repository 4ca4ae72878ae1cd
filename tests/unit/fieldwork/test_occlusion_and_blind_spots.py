"""The occlusion fit and the test for blind spots, on simulated truth."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.blind_spots import blind_spot_test, notices_from_answers
from gazestudy.fieldwork.occlusion import FaceView, blocking_observations, face_views, fit_occlusion
from gazestudy.model.fieldwork import field_table
from gazestudy.simulate.field_day import FieldDay, simulate_field_day
from gazestudy.simulate.field_people import interview_answers


def made_scans(radius, *, view, sessions=20, scans=30, seed=1):
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.05, 1.2, (sessions, scans))
    mean = view.blocked_share(density, radius_m=radius)
    return pd.DataFrame(
        {
            "session_id": np.repeat([f"s{n}" for n in range(sessions)], scans),
            "placement_id": "w",
            "density_m2": density.ravel(),
            "blocked_share": rng.binomial(4, mean).ravel() / 4,
        }
    )


def test_the_radius_of_the_model_itself_comes_back():
    view = FaceView(0.9, 1.8, 5.0)
    for radius in (0.15, 0.23, 0.35):
        scans = made_scans(radius, view=view, scans=200)
        fit = fit_occlusion(scans, {"w": view}, rng=np.random.default_rng(0))
        assert fit.radius_m == pytest.approx(radius, rel=0.08)
        assert fit.low_m < fit.radius_m < fit.high_m
        assert fit.doubts == ()
        assert abs(fit.mean_error) < 0.02
    assert fit.bins["scans"].sum() == fit.scans == 4000


def test_the_radius_of_a_simulated_crowd_is_recovered_within_20_percent():
    plan = FieldDay(focal_pairs=0, respondents=0)
    errors = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        log, truth = simulate_field_day(plan, rng=rng)
        fit = fit_occlusion(blocking_observations(log), face_views(log.audits), draws=200, rng=rng)
        errors.append(fit.radius_m / truth.radius_m - 1)
    assert np.median(np.abs(errors)) < 0.12
    assert np.mean(np.abs(errors) <= 0.2) >= 4 / 5


def test_doubts_are_said():
    view = FaceView(0.9, 1.8, 5.0)
    scans = made_scans(0.23, view=view, sessions=1)
    strangers = pd.concat([scans, scans.assign(placement_id="unknown")], ignore_index=True)
    empty = pd.DataFrame(
        {"session_id": ["s0"], "placement_id": ["w"], "density_m2": [0.0], "blocked_share": [0.5]}
    )
    fit = fit_occlusion(pd.concat([strangers, empty]), {"w": view}, rng=np.random.default_rng(0))
    text = " ".join(fit.doubts)
    assert "unknown" in text
    assert "one session" in text
    assert "something else hides it" in text
    assert np.isnan(fit.low_m)
    far = FaceView(0.9, 1.8, 20.0)
    wrong = fit_occlusion(made_scans(0.23, view=view), {"w": far}, rng=np.random.default_rng(0))
    assert any("no body" in doubt for doubt in wrong.doubts)


def test_a_face_that_the_curve_misses_is_named():
    low, high = FaceView(0.9, 1.8, 5.0), FaceView(2.2, 1.5, 5.0)
    seen_low = made_scans(0.23, view=low)
    wrong = made_scans(0.23, view=low, seed=2).assign(placement_id="high")
    fit = fit_occlusion(
        pd.concat([seen_low, wrong], ignore_index=True),
        {"w": low, "high": high},
        rng=np.random.default_rng(0),
    )
    assert any("seen at high" in doubt for doubt in fit.doubts)


def test_nothing_to_fit_is_said():
    view = FaceView(0.9, 1.8, 5.0)
    with pytest.raises(ParameterError, match="audited placements"):
        fit_occlusion(made_scans(0.2, view=view), {}, rng=np.random.default_rng(0))


def test_only_complete_audits_give_a_view():
    log, _ = simulate_field_day(FieldDay(), rng=np.random.default_rng(2))
    assert face_views(log.audits) == {"wall-6": FaceView(0.9, 1.8, 5.0)}
    assert face_views(log.audits.assign(bottom_m=np.nan)) == {}


def test_audits_complete_each_other_and_the_distance_of_observers_comes_first():
    nan = np.nan
    rows = [
        {
            "session_id": "audit",
            "placement_id": "w",
            "height_m": 1.8,
            "bottom_m": 0.9,
            "reading_distance_m": 5.0,
        },
        {
            "session_id": "s1",
            "placement_id": "w",
            "height_m": nan,
            "details_json": '{"face_distance_m": "3.5"}',
        },
        {"session_id": "s2", "placement_id": "w", "details_json": '{"face_distance_m": 4.5}'},
        {"session_id": "s3", "placement_id": "x", "height_m": 1.0, "details_json": "[]"},
    ]
    assert face_views(field_table("audits", rows)) == {"w": FaceView(0.9, 1.8, 4.0)}
    assert face_views(field_table("audits", rows[:1])) == {"w": FaceView(0.9, 1.8, 5.0)}


def people_who_pass(n, *, ratio, placements=1, seed=0):
    rng = np.random.default_rng(seed)
    slope = np.log(ratio) / (np.log1p(20) - np.log1p(1))
    passages = rng.choice([0, 1, 4, 10, 20, 40], n)
    chance = 0.4 * np.exp(slope * (np.log1p(passages) - np.log1p(1)))
    tilt = np.exp(rng.normal(0, 0.3, n) - 0.045)
    rows = np.repeat(np.arange(n), placements)
    return pd.DataFrame(
        {
            "participant_id": [f"P{row}" for row in rows],
            "noticed": rng.random(len(rows)) < np.clip(chance * tilt, 0, 1)[rows],
            "passages_per_month": passages[rows].astype(float),
            "weeks_since_posting": rng.integers(0, 5, len(rows)).astype(float),
        }
    )


def test_the_ratio_is_covered_and_no_effect_is_rarely_called_one():
    inside, alarms, runs = 0, 0, 30
    for seed in range(runs):
        real = blind_spot_test(people_who_pass(60, ratio=0.5, placements=3, seed=seed), rung="gaze")
        none = blind_spot_test(people_who_pass(60, ratio=1.0, placements=3, seed=1000 + seed), rung="gaze")
        inside += real.low <= 0.5 <= real.high
        alarms += none.p_value < 0.05
    assert inside >= 0.86 * runs
    assert alarms <= 0.13 * runs


def test_the_verdict_never_claims_more_than_the_interval():
    strong = blind_spot_test(people_who_pass(400, ratio=0.35, seed=3), rung="observed")
    assert strong.high < 1
    assert "This is an association" in strong.verdict
    weak = blind_spot_test(people_who_pass(25, ratio=1.0, seed=4), rung="observed")
    assert weak.verdict.startswith("No difference shown")
    assert "compatible with" in weak.verdict
    assert weak.groups["of"].sum() == 25


def test_other_columns_can_be_held():
    found = blind_spot_test(
        people_who_pass(80, ratio=0.6, placements=2), rung="gaze", adjust=("weeks_since_posting",)
    )
    assert found.adjusted_for == ("weeks_since_posting",)
    assert found.people == 80
    assert found.rows == 160


def test_answers_become_notices():
    answers = interview_answers(40, rate=0.5, habituation=0.5, placement_id="w", rng=np.random.default_rng(1))
    table = field_table("answers", answers.assign(session_id="i"))
    table.loc[table["item"] == "noticed", "value"] = ["maybe", *["Yes ", "no"] * 19, "yes"]
    found = notices_from_answers(table)
    assert len(found) == 39
    assert found["noticed"].sum() == 20
    assert notices_from_answers(table.iloc[:0]).empty


def test_too_few_people_or_no_spread_is_refused():
    people = people_who_pass(60, ratio=1.0)
    with pytest.raises(ParameterError, match="10 people"):
        blind_spot_test(people.iloc[:8], rung="gaze")
    with pytest.raises(ParameterError, match="more and less often"):
        blind_spot_test(people.assign(passages_per_month=4.0), rung="gaze")
    with pytest.raises(ParameterError, match="did not"):
        blind_spot_test(people.assign(noticed=True), rung="gaze")
    with pytest.raises(ParameterError, match="weather"):
        blind_spot_test(people, rung="gaze", adjust=("weather",))
