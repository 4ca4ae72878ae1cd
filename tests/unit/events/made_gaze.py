"""Gaze tables for tests of detectors."""

import numpy as np
import pandas as pd

from gazestudy.model.tables import REASONS


def table(x_deg, y_deg=0.0, rate_hz=200, valid=True, **more):
    n = len(x_deg)
    t_ns = np.round(np.arange(n) * 1e9 / rate_hz).astype(np.int64)
    return pd.DataFrame(
        {"t_ns": t_ns, "valid": valid, "x_deg": np.asarray(x_deg, float), "y_deg": y_deg, **more}
    )


def random_gaze(seed, n=700):
    """Fixations of many lengths, small and large saccades, drift, noise, gaps, blinks, parts, holes, jitter."""
    rng = np.random.default_rng(seed)
    rate_hz = rng.choice([50, 100, 120, 200, 250])
    x, y = np.zeros(n), np.zeros(n)
    at, here = 0, np.zeros(2)
    while at < n:
        length = int(rng.integers(1, max(3, rate_hz // 2)))
        drift = rng.normal(0, 4, 2) / rate_hz
        x[at : at + length] = (here[0] + drift[0] * np.arange(length))[: n - at]
        y[at : at + length] = (here[1] + drift[1] * np.arange(length))[: n - at]
        here = here + rng.normal(0, rng.choice([0.2, 0.6, 6.0]), 2)
        here *= 0.9
        at += length
    x += rng.normal(0, 0.03, n)
    y += rng.normal(0, 0.03, n)
    steps = rng.normal(1.0, rng.choice([0.0, 0.15]), n).clip(0.0, 2.0) * 1e9 / rate_hz
    steps[rng.random(n) < 0.004] *= rng.choice([2, 4, 10])
    t_ns = np.cumsum(steps).astype(np.int64) - int(3e8)
    valid, reason = np.ones(n, bool), np.full(n, "ok", dtype=object)
    for _ in range(int(rng.integers(0, 14))):
        start, length = int(rng.integers(0, n)), int(rng.integers(1, 25))
        valid[start : start + length] = False
        reason[start : start + length] = rng.choice(["blink", "no_data", "low_confidence"])
    x[~valid & (rng.random(n) < 0.7)] = np.nan
    x[rng.random(n) < 0.002] = np.nan  # valid but without a position
    part = np.searchsorted(np.sort(rng.integers(0, n, rng.integers(0, 4))), np.arange(n), side="right")
    return pd.DataFrame(
        {
            "t_ns": t_ns,
            "valid": valid,
            "x_deg": x,
            "y_deg": y,
            "reason": pd.Categorical(reason, categories=list(REASONS)),
            "part": part.astype(np.int64),
        }
    )
