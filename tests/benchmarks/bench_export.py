"""How long exports take, in CPU seconds on one core: an hour at 200 Hz as BIDS, tables as CSV and XLSX, a project.

Run: python tests/benchmarks/bench_export.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.exporters.bids import BidsPlacement, BidsRecording, BidsStudy, write_bids
from gazestudy.exporters.csv_tables import write_csv_tables
from gazestudy.exporters.refi_qda import QdaProject, write_project
from gazestudy.exporters.tidy import TidyTable
from gazestudy.exporters.xlsx_tables import write_xlsx_tables
from gazestudy.importers.interviews import read_interviews
from gazestudy.model.interview import interview_table
from gazestudy.model.tables import METRICS, REASONS, categorical

SAMPLES = 720_000
ROWS = 40 * 12 * 2 * 10
LIMIT_S = 60.0


def hour() -> pd.DataFrame:
    """Return an hour of gaze at 200 Hz."""
    rng = np.random.default_rng(1)
    valid = rng.random(SAMPLES) > 0.05
    return pd.DataFrame(
        {
            "t_ns": 1_790_000_000_000_000_000 + np.arange(SAMPLES, dtype=np.int64) * 5_000_000,
            "x_px": rng.uniform(0, 1600, SAMPLES),
            "y_px": rng.uniform(0, 1200, SAMPLES),
            "valid": valid,
            "reason": categorical(np.where(valid, "ok", "blink"), REASONS),
            "confidence": np.nan,
            "part": 0,
        }
    )


def metrics() -> TidyTable:
    """Return metrics of 40 participants x 12 placements x 2 dayparts with 10 AOIs."""
    rng = np.random.default_rng(2)
    columns: dict[str, object] = {}
    for column in METRICS.columns:
        if column.dtype == "str":
            columns[column.name] = [f"{column.name}-{number % 97}" for number in range(ROWS)]
        elif column.dtype == "bool":
            columns[column.name] = rng.random(ROWS) > 0.5
        else:
            values = rng.uniform(0, 1000, ROWS)
            columns[column.name] = values.astype(np.int64) if column.dtype == "int" else values
    return TidyTable("metrics", "attention", pd.DataFrame(columns), METRICS.columns)


def project() -> QdaProject:
    """Return 40 interviews of 20,000 characters with 50 codes each."""
    rng = np.random.default_rng(3)
    text = "".join(rng.choice(list("abc ป้าย🚇\n"), 20_000))
    codings = []
    for number in range(40):
        for one in range(50):
            start = int(rng.integers(0, 19_900))
            codings.append(
                {
                    "coding_id": f"{number}-{one}",
                    "code_id": "c",
                    "coder": "K1",
                    "document_id": f"d{number}",
                    "start_char": start,
                    "end_char": start + 80,
                }
            )
    documents = [
        {"document_id": f"d{number}", "name": f"talk {number}", "text": text} for number in range(40)
    ]
    return QdaProject(
        "bench",
        "bench",
        interview_table("code_book", [{"code_id": "c", "name": "code"}]),
        interview_table("codings", codings),
        interview_table("documents", documents),
        interview_table("transcript_marks", []),
    )


def main() -> None:
    """Print CPU seconds; stop with 1 if one takes longer than a minute."""
    gaze, table, qda = hour(), metrics(), project()
    happened = pd.DataFrame(columns=["onset_ns", "duration_ns", "trial_type", "placement_id", "message"])
    facts = ("P1", 1, "r1", "Neon", 200.0, gaze, (1600, 1200), None, None, happened)
    slow = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        about = BidsStudy("bench", "0", [("P1", "P1", "")], [BidsPlacement("a", "a")])
        jobs = {
            f"BIDS, {SAMPLES:,} samples": lambda: write_bids(about, [BidsRecording(*facts)], folder / "bids"),
            f"CSV, {ROWS:,} rows": lambda: write_csv_tables([table], folder / "csv"),
            f"XLSX, {ROWS:,} rows": lambda: write_xlsx_tables([table], folder / "t.xlsx"),
            "qdpx, 40 texts, 2,000 codes": lambda: write_project(qda, folder / "p.qdpx"),
            "the same read again": lambda: read_interviews(folder / "p.qdpx"),
        }
        for label, job in jobs.items():
            start = time.process_time()
            job()
            took = time.process_time() - start
            slow += [label] if took > LIMIT_S else []
            print(f"{label:32s} {took:6.1f} s CPU")
        sizes = {path.name: path.stat().st_size for path in folder.rglob("*") if path.stat().st_size > 2**20}
        for file, size in sorted(sizes.items()):
            print(f"{file:60s} {size / 2**20:6.1f} MiB")
    if slow:
        raise SystemExit(f"longer than {LIMIT_S:.0f} s: {', '.join(slow)}")


if __name__ == "__main__":
    main()
