"""Accuracy of the whole main job on simulated walks.

`python tests/benchmarks/bench_walk.py [FOLDER ...]`: each FOLDER was made by `gazestudy simulate`; without one a walk of
20 s is made. Imports, runs, compares with the truth and prints the figures.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

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
    scores = {}
    for recording in study.recordings():
        name = people.loc[recording.participant_id, "recording"]
        attention = study.current(recording.id, "attention")
        scores[name] = score_walk(
            mapping=study.current(recording.id, "mapping").table("mapping"),
            mapped_gaze=attention.table("mapped_gaze"),
            metrics=attention.table("metrics"),
            valid=study.stream(recording.id, "gaze")["valid"].to_numpy(),
            true_mapping=pd.read_csv(sessions / "truth" / f"{name}-homographies.csv"),
            true_gaze=pd.read_csv(sessions / "truth" / f"{name}-gaze.csv"),
            true_dwell=pd.read_csv(sessions / "truth" / f"{name}-dwell.csv"),
            placements=placements,
            keypoints={truth_id[key]: n for key, n in keypoints.items()},
        )
    return scores


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
