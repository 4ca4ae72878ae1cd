"""Gaze and head motion of simulated walks, with the true class of each sample."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gazestudy.events import detect_events
from gazestudy.simulate import VISITOR, build_station, simulate_walk

STEP_NS = 5_000_000


def walk(seed, *, duration_s=60.0, gaze_hz=200.0, noise_deg=0.12, **changed):
    """A walk of somebody who looks around, without pictures."""
    station = build_station(np.random.default_rng([seed, 0]), reference_long_px=120)
    return simulate_walk(
        station,
        rng=np.random.default_rng([seed, 1]),
        duration_s=duration_s,
        gaze_hz=gaze_hz,
        habits=replace(VISITOR, noise_deg=noise_deg),
        **changed,
    )


def slow_kappa(walked, events):
    """Cohen's kappa of looks against saccades, over samples with gaze in both."""
    kind = walked.sight.kind  # 0 fixation, 1 saccade, 2 pursuit
    told = np.full(len(kind), "", dtype=object)
    for first, last, name in zip(events["first_sample"], events["last_sample"], events["kind"], strict=True):
        told[first : last + 1] = name
    judged = np.isin(kind, [0, 1, 2]) & walked.gaze["valid"].to_numpy()
    true, ours = np.isin(kind, [0, 2])[judged], np.isin(told, ["fixation", "pursuit"])[judged]
    chance = true.mean() * ours.mean() + (1 - true.mean()) * (1 - ours.mean())
    return ((true == ours).mean() - chance) / (1 - chance)


def head_of(walked, axes="camera"):
    """Head motion as the gyroscope says it, its nominal axes taken for granted."""
    imu = walked.recording_tables["imu"]
    x, y, z = (imu[f"gyro_{name}_deg_s"] for name in "xyz")
    x, y, z = (x, -z, y) if axes == "neon" else (x, y, z)
    return pd.DataFrame({"t_ns": imu["t_ns"], "x_deg_s": x, "y_deg_s": y, "z_deg_s": z})


def turning(yaw_deg, *, pitch_deg=0.0, look_deg=0.0, noise_deg=0.0, seed=0, step_ns=STEP_NS):
    """Gaze that stays on a point in the world (or on `look_deg`, to the right) while the head turns right.

    Parameters
    ----------
    yaw_deg : array, shape (n,)
        Where the head points at each sample.
    """
    n = len(yaw_deg)
    t_ns = np.arange(n) * step_ns
    rate = np.gradient(yaw_deg, t_ns / 1e9)
    rng = np.random.default_rng(seed)
    gaze = pd.DataFrame(
        {
            "t_ns": t_ns,
            "valid": True,
            "x_deg": look_deg - yaw_deg + rng.normal(0, noise_deg, n),
            "y_deg": rng.normal(0, noise_deg, n) + pitch_deg,
        }
    )
    head = pd.DataFrame({"t_ns": t_ns, "x_deg_s": 0.0, "y_deg_s": rate, "z_deg_s": 0.0})
    return gaze, head


def kinds(gaze, head=None, **changed):
    """The classes of the events, in order."""
    return detect_events(gaze, "world_ivt", head=head, **changed)["kind"].tolist()
