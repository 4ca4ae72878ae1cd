"""Scores a study of simulated sessions against their truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.mapping import texture_report
from gazestudy.pipeline.analysis import references_of
from gazestudy.simulate.score import Score, score_walk
from gazestudy.store import Study


def score_sessions(sessions: Path, study: Study) -> dict[str, Score]:
    """Score each recording of a study that was made of simulated sessions and run."""
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
