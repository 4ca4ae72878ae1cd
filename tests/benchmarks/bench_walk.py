"""Accuracy of the whole main job on simulated walks.

`PYTHONPATH=. python tests/benchmarks/bench_walk.py [FOLDER ...]`: each FOLDER was made by `gazestudy simulate`; without one a walk of
20 s is made. Imports, runs, compares with the truth and prints the figures.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from gazestudy.pipeline.demo import load_sessions
from gazestudy.pipeline.run import run_study
from gazestudy.pipeline.simulation import simulate_sessions
from gazestudy.store import create_study
from tests.walk_truth import score_sessions


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(word) for word in sys.argv[1:]] or [
            simulate_sessions(Path(temporary) / "walk", seed=1, participants=1, duration_s=20.0)
        ]
        for folder in folders:
            started = time.perf_counter()
            with create_study(Path(temporary) / f"study-{folder.name}", name=folder.name) as study:
                load_sessions(study, folder)
                run_study(study)
                scores = score_sessions(folder, study)
            for name, score in scores.items():
                print(f"{folder.name} {name}")
                for line in score.lines():
                    print(f"  {line}")
                print(score.dwell[~score.dwell_close].to_string(index=False))
            print(f"  {time.perf_counter() - started:.1f} s for all of it")


if __name__ == "__main__":
    main()
