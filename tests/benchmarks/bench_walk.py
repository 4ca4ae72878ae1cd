"""Accuracy of the whole main job on simulated walks.

`python tests/benchmarks/bench_walk.py [FOLDER ...]`: each FOLDER was made by `gazestudy simulate`; without one a walk of
20 s is made. Imports, runs, compares with the truth and prints the figures.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.mapping import texture_report
from gazestudy.pipeline.demo import load_sessions
from gazestudy.pipeline.run import run_study
from gazestudy.pipeline.simulation import simulate_sessions
from gazestudy.pipeline.steps import references_of
from gazestudy.simulate.score import Score, score_walk
from gazestudy.store import Study, create_study


def score_sessions(sessions: Path, study: Study) -> dict[str, Score]:
    """Run a study of simulated sessions and score each recording."""
    load_sessions(study, sessions)
    run_study(study)
    placements = study.placements()
    report = texture_report(
        [
            reference
            for placement in placements
            for reference in references_of(placement, [study.placement_image(c) for c in placement.creatives])
        ]
    )
    keypoints = {str(row.creative_id): int(row.key_points) for row in report.itertuples()}
    truth_id = {c.id: f"{p.id}-{n}" for p in placements for n, c in enumerate(p.creatives, start=1)}
    people = pd.read_csv(sessions / "participants.csv").set_index("participant")
    offsets = pd.read_csv(sessions / "truth" / "clocks.csv").set_index("recording")["offset_ns"]
    scores = {}
    for recording in study.recordings():
        name = people.loc[recording.participant_id, "recording"]
        gaze, frames = study.stream(recording.id, "gaze"), study.stream(recording.id, "frames")
        true_gaze = pd.read_csv(sessions / "truth" / f"{name}-gaze.csv")
        true_mapping = pd.read_csv(sessions / "truth" / f"{name}-homographies.csv")
        frame_ns = true_mapping.drop_duplicates("frame").set_index("frame")["t_ns"] + offsets[name]
        true_gaze["frame"] = number_of(
            true_gaze["frame"].map(frame_ns).fillna(-1).astype("int64"), frames["t_ns"]
        )
        true_mapping["frame"] = number_of(true_mapping["t_ns"] + offsets[name], frames["t_ns"])
        true_gaze["sample"] = number_of(true_gaze["t_ns"] + offsets[name], gaze["t_ns"])
        attention = study.current(recording.id, "attention")
        scores[name] = score_walk(
            mapping=study.current(recording.id, "mapping").table("mapping"),
            mapped_gaze=attention.table("mapped_gaze"),
            metrics=attention.table("metrics"),
            valid=gaze["valid"].to_numpy(),
            true_mapping=true_mapping[true_mapping["frame"] >= 0],
            true_gaze=true_gaze[true_gaze["sample"] >= 0],
            true_dwell=pd.read_csv(sessions / "truth" / f"{name}-dwell.csv"),
            placements=placements,
            keypoints={truth_id[key]: n for key, n in keypoints.items()},
        )
    return scores


def number_of(t_ns: pd.Series, table_ns: pd.Series) -> np.ndarray:
    """Return the row of the imported table at each true time, -1 where the device wrote none."""
    times = table_ns.to_numpy()
    after = np.clip(np.searchsorted(times, t_ns.to_numpy()), 1, len(times) - 1)
    near = np.where(t_ns.to_numpy() - times[after - 1] < times[after] - t_ns.to_numpy(), after - 1, after)
    return np.where(np.abs(times[near] - t_ns.to_numpy()) < 1_000_000, near, -1)


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(word) for word in sys.argv[1:]] or [
            simulate_sessions(Path(temporary) / "walk", seed=1, participants=1, duration_s=20.0)
        ]
        for folder in folders:
            started = time.perf_counter()
            with create_study(Path(temporary) / f"study-{folder.name}", name=folder.name) as study:
                scores = score_sessions(folder, study)
            for name, score in scores.items():
                print(f"{folder.name} {name}")
                for line in score.lines():
                    print(f"  {line}")
                print(score.dwell[~score.dwell_close].to_string(index=False))
            print(f"  {time.perf_counter() - started:.1f} s for all of it")


if __name__ == "__main__":
    main()
