"""The quality of the recordings of a study, or of one recording without a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.correction import StoredCorrection
from gazestudy.model.tables import FRAMES, MARKERS
from gazestudy.pipeline.correcting import quick_events, recorded_looks, study_events, study_gaze
from gazestudy.pipeline.detecting import load_gaze
from gazestudy.pipeline.look_targets import Gathered, Looked, LookTarget, gather_looks
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.quality import accuracy, quality_table
from gazestudy.quality.accuracy import Accuracy
from gazestudy.quality.correction import turn
from gazestudy.store import Study

ACCURACY_COLUMNS = (
    "recording_id",
    "target",
    "t_ns",
    "samples",
    "offset_deg",
    "azimuth_deg",
    "elevation_deg",
    "std_deg",
    "as_recorded_deg",
)
"""Offset of gaze from a target, its parts (gaze lies right of and above the target), the scatter around its
centre, and the offset that gaze has without the correction of the study."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of the quality of recordings.

    Attributes
    ----------
    table : DataFrame
        Contract `QUALITY` with `recording_id`: one row for each recording, or for each stretch of one.
    accuracy : DataFrame
        `ACCURACY_COLUMNS`, one row for each target that could be used; the median direction of its samples.
    corrections : dict of str to StoredCorrection
        By recording, of those that are corrected; all figures are those of the corrected gaze.
    troubles : tuple of str
        Targets that could not be used, and why.
    """

    table: pd.DataFrame
    accuracy: pd.DataFrame
    corrections: dict[str, StoredCorrection]
    troubles: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary; what is not known is None."""
        return {
            "quality": records(self.table),
            "accuracy": records(self.accuracy),
            "corrections": {
                name: {"id": one.id, "made_by": one.made_by, "made_utc": one.made_utc, "note": one.note}
                | one.correction.to_dict()
                for name, one in self.corrections.items()
            },
            "troubles": list(self.troubles),
            "provenance": self.table.attrs.get("provenance_by_recording", {}),
        }


def quality_of_study(
    study: Study,
    *,
    window_s: float | None = None,
    targets: Sequence[LookTarget] = (),
    progress: Progress = SILENT,
) -> Quality:
    """Return the quality of all recordings of a study.

    Parameters
    ----------
    study : Study
        The study.
    window_s : float, optional
        Length of stretches, s; None: one row for each recording.
    targets : sequence of LookTarget, optional
        What participants were asked to look at.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    Quality
        Of the gaze as the study uses it.
    """
    recordings = study.recordings()
    progress.start("quality of recordings", len(recordings))
    tables, rows, corrections, troubles = {}, [], {}, []
    for recording in recordings:
        raise_if_cancelled(progress)
        camera, stored = study.camera(recording.id), study.correction(recording.id)
        gaze, events = study_gaze(study, recording.id), study_events(study, recording.id)
        tables[recording.id] = quality_table(gaze, camera=camera, events=events, window_s=window_s)
        if stored is not None:
            corrections[recording.id] = stored
        found = recorded_looks(study, recording.id, targets) if targets else Gathered((), ())
        troubles += [f"{recording.id}: {trouble}" for trouble in found.troubles]
        rows += _accuracies(recording.id, found, stored)
        progress.advance()
    return _together(tables, rows, corrections, troubles)


def quality_of_source(
    path: Path,
    *,
    window_s: float | None = None,
    targets: Sequence[LookTarget] = (),
    name: str | None = None,
) -> Quality:
    """Return the quality of a table or recording that is in no study.

    Parameters
    ----------
    path : Path
        As for `gazestudy.pipeline.detecting.detect_in_file`.
    window_s : float, optional
        Length of stretches, s; None: one row.
    targets : sequence of LookTarget, optional
        Points of the view that were looked at.
    name : str, optional
        Which recording, where there are several.

    Returns
    -------
    Quality
        Of this recording, named after the file.
    """
    gaze, recording = load_gaze(path, name)
    if any(target.placement_id for target in targets):
        raise ParameterError("placement", str(path), "targets in the view; points on placements need a study")
    camera = None if recording is None else recording.camera
    events = quick_events(gaze, camera)
    table = quality_table(gaze, camera=camera, events=events, window_s=window_s)
    found = Gathered((), ())
    if targets:
        frames = FRAMES.empty() if recording is None else recording.frames
        markers = MARKERS.empty() if recording is None else recording.events
        found = gather_looks(targets, Looked(gaze, frames, markers, events, camera))
    return _together({path.stem: table}, _accuracies(path.stem, found, None), {}, list(found.troubles))


def _accuracies(
    recording_id: str, found: Gathered, stored: StoredCorrection | None
) -> list[tuple[object, ...]]:
    """Return one row of `ACCURACY_COLUMNS` for each look, which is given as recorded."""
    rows: list[tuple[object, ...]] = []
    for look in found.looks:
        recorded: Accuracy = accuracy(look.gaze, look.target, centre="median")
        used = recorded
        if stored is not None:
            turned = turn(look.gaze, stored.correction.at(look.t_ns))
            used = accuracy(turned, look.target, centre="median")
        parts = (used.offset_deg, used.azimuth_deg, used.elevation_deg, used.std_deg, recorded.offset_deg)
        rows.append((recording_id, look.name, look.middle_ns, used.samples, *parts))
    return rows


def _together(
    tables: dict[str, pd.DataFrame],
    rows: list[tuple[object, ...]],
    corrections: dict[str, StoredCorrection],
    troubles: list[str],
) -> Quality:
    provenance = {name: table.attrs.pop("provenance", {}) for name, table in tables.items()}
    named = [table.assign(recording_id=name) for name, table in tables.items()]
    whole = pd.concat(named, ignore_index=True) if named else pd.DataFrame({"recording_id": []})
    whole = whole[["recording_id", *(name for name in whole.columns if name != "recording_id")]]
    whole.attrs["provenance_by_recording"] = provenance
    return Quality(whole, pd.DataFrame(rows, columns=list(ACCURACY_COLUMNS)), corrections, tuple(troubles))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for JSON; what is not known is None."""
    records = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in records]
