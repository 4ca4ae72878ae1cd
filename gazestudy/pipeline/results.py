"""Results of all recordings of a study, one below the other."""

from __future__ import annotations

import pandas as pd

from gazestudy.errors import StudyError
from gazestudy.store import Study


def attention_table(study: Study, name: str) -> pd.DataFrame:
    """Return one attention table of all recordings that were run, with who and when.

    Parameters
    ----------
    study : Study
        The study.
    name : str
        "metrics", "creatives", "mapped_gaze", "mapped_fixations", "exposures" or "visits".

    Returns
    -------
    DataFrame
        The table with `recording_id`, `participant_id`, `segment` and `daypart`.

    Raises
    ------
    StudyError
        If no recording has results.
    """
    segments = {participant.id: participant.segment for participant in study.participants()}
    tables = []
    for recording in study.recordings():
        derived = study.current(recording.id, "attention")
        if derived is not None:
            tables.append(
                derived.table(name).assign(
                    recording_id=recording.id,
                    participant_id=recording.participant_id,
                    segment=segments[recording.participant_id],
                    daypart=recording.daypart,
                )
            )
    if not tables:
        raise StudyError(f"{study.path}: no results yet: gazestudy run {study.path}")
    return pd.concat(tables, ignore_index=True)
