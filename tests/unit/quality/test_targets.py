"""Points of placements in the camera's view, and gaze on them: analytic scenes and simulated walks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gazestudy as gs
from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg
from gazestudy.model import Camera, Creative, Placement, categorical
from gazestudy.model.tables import FRAME_KINDS, MARKERS
from gazestudy.pipeline.look_targets import Looked, LookTarget, gather_looks
from gazestudy.quality import accuracy, fit_correction
from gazestudy.quality.sphere import angle_deg
from gazestudy.quality.targets import placement_directions, samples_of_look

SESSIONS = Path(__file__).parents[3] / "sample_sessions"
CAMERA = Camera(1000, 800, 500.0, 500.0, 499.5, 399.5, "none", ())
H = [f"h{row}{column}" for row in range(3) for column in range(3)]


def frames(n, step_ms=40):
    return pd.DataFrame(
        {
            "t_ns": np.arange(n, dtype=np.int64) * step_ms * 10**6,
            "kind": categorical(["real"] * n, FRAME_KINDS),
            "part": 0,
            "video": 0,
            "index": np.arange(n),
        }
    )


def located(frame, shift_px, placement_id="poster"):
    """Reference px appear at twice their size, shifted: h = [2 0 x; 0 2 y; 0 0 1]."""
    x, y = shift_px
    return {
        "frame": frame,
        "placement_id": placement_id,
        "state": "mapped",
        **dict(zip(H, [2.0, 0.0, x, 0.0, 2.0, y, 0.0, 0.0, 1.0], strict=True)),
    }


def expected(u, v):
    ray = np.array([(u - 499.5) / 500, (v - 399.5) / 500, 1.0])
    return ray / np.linalg.norm(ray)


def test_a_point_moves_evenly_between_frames():
    mapping = pd.DataFrame([located(0, (100, 50)), located(1, (140, 50)), located(3, (300, 50))])
    t_ns = np.array([0, 20, 40, 60, 120, 500]) * 10**6
    found = placement_directions(mapping, frames(5), "poster", (100.0, 80.0), CAMERA, t_ns)
    assert found[0] == pytest.approx(expected(300, 210))
    half = expected(300, 210) + expected(340, 210)
    assert found[1] == pytest.approx(half / np.linalg.norm(half))
    assert found[2] == pytest.approx(expected(340, 210))
    assert found[3] == pytest.approx(expected(340, 210)), "the next frame does not show it: it stays"
    assert found[4] == pytest.approx(expected(500, 210))
    assert np.isnan(found[5]).all(), "no frame is on show"
    between = placement_directions(
        mapping, frames(5), "poster", (100.0, 80.0), CAMERA, np.array([90 * 10**6])
    )
    assert np.isnan(between).all(), "not located in frame 2"


def test_several_copies_in_view_tell_nothing():
    mapping = pd.DataFrame([located(0, (100, 50)), located(0, (400, 50)), located(1, (100, 50))])
    found = placement_directions(mapping, frames(2), "poster", (0.0, 0.0), CAMERA, np.array([0, 50]) * 10**6)
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()
    other = placement_directions(mapping, frames(2), "another", (0.0, 0.0), CAMERA, np.array([0]))
    assert np.isnan(other).all()


def test_only_measured_samples_of_fixations_in_time_count():
    events = pd.DataFrame(
        {"kind": ["fixation", "saccade", "pursuit"], "first_sample": [0, 4, 6], "last_sample": [3, 5, 9]}
    )
    measured = np.ones(10, dtype=bool)
    measured[7] = False
    t_ns = np.arange(10) * 10
    assert samples_of_look(t_ns, measured, events, start_ns=20, end_ns=80).tolist() == [2, 3, 6, 8]
    assert samples_of_look(t_ns, measured, None, start_ns=20, end_ns=40).tolist() == [2, 3, 4]


def looked(**changes):
    degrees = np.tile([[2.0, -1.0]], (100, 1))
    gaze = pd.DataFrame({"t_ns": np.arange(100) * 10_000_000, "valid": True})
    gaze[["x_deg", "y_deg"]] = degrees
    creative = Creative("poster-1", "poster", "", "", "", 200, 100)
    values = {
        "gaze": gaze,
        "frames": frames(0),
        "markers": MARKERS.empty(),
        "events": None,
        "camera": CAMERA,
        "placements": (Placement("poster", "Poster", (creative,), "static", 1000.0, 500.0),),
    }
    return Looked(**{**values, **changes})


def target(**changes):
    values = dict(
        name="t", recording_id="", start_s=0.2, end_s=0.5, event="", placement_id="", x=0.0, y=0.0, unit="deg"
    )
    return LookTarget(**{**values, **changes})


def test_units_of_the_view():
    found = gather_looks([target(), target(x=499.5, y=399.5, unit="px")], looked())
    assert found.troubles == ()
    for look in found.looks:
        assert len(look.t_ns) == 31
        offset = accuracy(look.gaze, look.target)
        assert (offset.azimuth_deg, offset.elevation_deg) == pytest.approx((2.0, -1.0))


def test_units_on_a_placement_name_the_same_point():
    mapping = pd.DataFrame([located(k, (100, 50)) for k in range(30)])
    on = looked(mapping=mapping, frames=frames(30))
    same = [
        target(placement_id="poster", x=49.5, y=24.5, unit="ref_px"),
        target(placement_id="poster", x=250.0, y=125.0, unit="mm"),
        target(placement_id="poster", x=0.25, y=0.25, unit="share"),
    ]
    found = gather_looks(same, on)
    assert len(found.looks) == 3
    for look in found.looks:
        assert look.target[0] == pytest.approx(expected(199, 99))


def test_times_may_count_from_an_event():
    markers = pd.DataFrame(
        {"t_ns": np.array([300_000_000]), "name": ["Target 1"], "source": ["user"]}
    ).astype({"name": "str", "source": "str"})
    of = looked(markers=markers)
    look = gather_looks([target(event="target 1")], of).looks[0]
    assert (look.t_ns[0], look.t_ns[-1]) == (500_000_000, 800_000_000)
    (trouble,) = gather_looks([target(event="target 2")], of).troubles
    assert "known: Target 1" in trouble


def test_what_cannot_be_used_is_said():
    poster = {"placement_id": "poster", "unit": "mm"}
    told = {
        "too little gaze (0 samples": target(start_s=5.0, end_s=6.0),
        "one of poster": target(placement_id="x", unit="mm"),
        "a mapped recording": target(**poster),
        "the size of placement": target(**poster),
        "calibration": target(unit="px"),
    }
    nameless = (Placement("poster", "Poster", looked().placements[0].creatives),)
    sized = {
        "the size of placement": looked(placements=nameless, mapping=pd.DataFrame([located(0, (0, 0))])),
        "calibration": looked(camera=None),
    }
    for words, one in told.items():
        found = gather_looks([one], sized.get(words, looked()))
        assert found.looks == ()
        assert words in found.troubles[0]


WALKERS = list(enumerate(sorted(path.name for path in (SESSIONS / "recordings").glob("p*"))))


@pytest.mark.parametrize(("number", "folder"), WALKERS)
def test_offsets_of_simulated_walkers_are_found(number, folder):
    """Each walker's gaze was recorded off by a known angle, with 0.12 deg of noise; the head turned all the time.

    The simulator drew the angle as written here; placements lie where the truth says they do.
    """
    put_in = np.random.default_rng([20, 1, number]).normal(0, 0.35, 2)
    recording = gs.read_recording(SESSIONS / "recordings" / folder)
    clocks = pd.read_csv(SESSIONS / "truth" / "clocks.csv").set_index("recording")["offset_ns"]
    mapping, eye = (
        pd.read_csv(SESSIONS / "truth" / f"{folder}-{kind}.csv", dtype={"eye_placement_id": str})
        for kind in ("homographies", "gaze")
    )
    shown = recording.frames["t_ns"].to_numpy()
    mapping["frame"] = np.searchsorted(shown, mapping["t_ns"] + clocks[folder] + 5_000_000, side="right") - 1
    eye = eye[(eye["kind"] == "fixation") & eye["eye_placement_id"].notna()]
    of = looked(
        gaze=recording.gaze,
        frames=recording.frames,
        camera=recording.camera,
        mapping=mapping.assign(state="mapped"),
        placements=tuple(
            Placement(name, name, (Creative(f"{name}-1", name, "", "", "", 100, 100),))
            for name in eye["eye_placement_id"].unique()
        ),
    )
    targets = [
        target(
            name=str(event),
            start_s=(rows["t_ns"].min() + clocks[folder] - shown[0]) / 1e9,
            end_s=(rows["t_ns"].max() + clocks[folder] - shown[0]) / 1e9,
            placement_id=rows["eye_placement_id"].iloc[0],
            x=rows["eye_x_ref_px"].mean(),
            y=rows["eye_y_ref_px"].mean(),
            unit="ref_px",
        )
        for event, rows in eye.groupby("event_id")
        if len(rows) >= 10
    ]
    found = gather_looks(targets, of)
    correction = fit_correction(found.looks)
    undone = -direction_to_deg(
        deg_to_direction(np.column_stack([correction.azimuth_deg, correction.elevation_deg]))
    )[0]
    print(f"{folder}: put in {put_in.round(3)}, found {undone.round(3)} by {len(found.looks)} looks")
    assert len(found.looks) >= 2
    assert undone == pytest.approx(put_in, abs=0.05)
    assert correction.evidence["mean_after_deg"] < 0.1
    assert angle_deg(found.looks[0].gaze, found.looks[0].target).mean() < 1.5
