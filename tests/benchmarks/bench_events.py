"""I-VT over an hour of 200 Hz gaze, beside the cheapest pass over the same data that could be a detector.

Run: python tests/benchmarks/bench_events.py
"""

import time

import numpy as np
import pandas as pd

from gazestudy.events import detect_events

SAMPLES = 720_000


def walking_gaze(rng):
    """Fixations with drift, saccades, noise, blinks and lost samples."""
    jump = rng.random(SAMPLES) < 0.015
    x, y = (np.cumsum(np.where(jump, rng.normal(0, 5, SAMPLES), 0)) % 40 - 20 for _ in range(2))
    valid = np.ones(SAMPLES, bool)
    for start in rng.integers(0, SAMPLES, 2000):
        valid[start : start + rng.integers(1, 60)] = False
    t_ns = np.arange(SAMPLES) * 5_000_000 + rng.normal(0, 2e5, SAMPLES).astype(np.int64)
    noise = rng.normal(0, 0.1, (2, SAMPLES))
    return pd.DataFrame({"t_ns": t_ns, "valid": valid, "x_deg": x + noise[0], "y_deg": y + noise[1]})


def floor(gaze):
    """One difference, one distance, one comparison: what any velocity threshold costs at least."""
    x, y, t = gaze["x_deg"].to_numpy(), gaze["y_deg"].to_numpy(), gaze["t_ns"].to_numpy()
    return np.hypot(np.diff(x), np.diff(y)) / np.diff(t) < 30e-9


def cpu_s(work, repeats=9):
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times))


def main():
    gaze = walking_gaze(np.random.default_rng(0))
    least = cpu_s(lambda: floor(gaze))
    rows = [("floor: diff, hypot, compare", least), ("ivt", cpu_s(lambda: detect_events(gaze)))]
    rows.append(("ivt, moving median of 3", cpu_s(lambda: detect_events(gaze, noise_reduction="median"), 3)))
    try:
        import pymovements  # noqa: F401
        from pymovements.events import ivt as peer
    except ImportError:
        print("pymovements is not installed: no peer beside the floor")
    else:
        position = gaze[["x_deg", "y_deg"]].to_numpy()
        velocity = np.gradient(position, axis=0) * 200
        rows.append(
            (
                "pymovements ivt, no filling or merging",
                cpu_s(lambda: peer(velocity, velocity_threshold=30.0), 3),
            )
        )
    print(f"{SAMPLES} samples, {len(detect_events(gaze))} events, median CPU time")
    for name, seconds in rows:
        print(f"{name:40s} {seconds * 1000:8.1f} ms  {seconds / least:6.1f} x floor")


if __name__ == "__main__":
    main()
