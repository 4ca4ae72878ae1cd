"""Gaze of a study as it is used: as recorded, or turned by the correction that the study keeps.

A correction is a fact beside the data. It enters the keys of what is made from gaze (events and attention),
so that `gazestudy run` makes these again when it is added, and finds the old keys when it is removed. It does
not enter mapping: placements are located in pictures, gaze only says where to look hardest, and the mapping
may be the evidence that the correction rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gazestudy.errors import ParameterError, StudyError
from gazestudy.model import Camera, provenance_of
from gazestudy.model.correction import CorrectionKind, GazeCorrection
from gazestudy.pipeline.look_targets import Gathered, Looked, LookTarget, gather_looks
from gazestudy.quality import correct_gaze, fit_correction
from gazestudy.quality.correction import VERSION
from gazestudy.store import Study


def study_gaze(study: Study, recording_id: str) -> pd.DataFrame:
    """Return the gaze of a recording of a study, corrected if the study has a correction for it.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    DataFrame
        Contract `GAZE`.

    Raises
    ------
    StudyDamagedError
        If gaze or correction cannot be read.
    """
    gaze, stored = study.stream(recording_id, "gaze"), study.correction(recording_id)
    if stored is None:
        return gaze
    return correct_gaze(gaze, study.camera(recording_id), stored.correction)


def correction_key(study: Study, recording_id: str) -> dict[str, Any]:
    """Return what a correction adds to the key of a result: nothing where there is none.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    dict
        JSON-ready; who made it and on what evidence does not matter.
    """
    stored = study.correction(recording_id)
    return {} if stored is None else {"correction": {"version": VERSION, **stored.correction.amounts()}}


def note_correction(study: Study, recording_id: str, events: pd.DataFrame) -> pd.DataFrame:
    """Write the correction that gaze was turned by into the provenance of its events; return them.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    events : DataFrame
        Made from `study_gaze`.

    Returns
    -------
    DataFrame
        The same table, with the fact `gaze_correction` if there is one.
    """
    provenance, known = provenance_of(events), correction_key(study, recording_id)
    if provenance is not None and known:
        facts = {**provenance["facts"], "gaze_correction": known["correction"]}
        events.attrs["provenance"] = {**provenance, "facts": facts}
    return events


def recorded_looks(
    study: Study, recording_id: str, targets: Sequence[LookTarget], gaze: pd.DataFrame | None = None
) -> Gathered:
    """Return looks of a recording at targets.

    Parameters
    ----------
    study : Study
        The study; for points on placements it must have been run.
    recording_id : str
        Which recording.
    targets : sequence of LookTarget
        Those of other recordings are left out.
    gaze : DataFrame, optional
        The gaze; None: as it was recorded.

    Returns
    -------
    Gathered
        The looks.
    """
    several = len(study.recordings()) > 1
    nameless = [target.name for target in targets if not target.recording_id]
    if nameless and several:
        raise ParameterError("recording", "", f"the recording of each target; none for {nameless[0]!r}")
    known = {recording.id for recording in study.recordings()}
    strange = sorted({target.recording_id for target in targets if target.recording_id} - known)
    if strange:
        raise ParameterError("recording", strange[0], "one of " + ", ".join(sorted(known)))
    own = [target for target in targets if target.recording_id in ("", recording_id)]
    if not own:
        return Gathered((), ())
    mapping = study.current(recording_id, "mapping")
    return gather_looks(
        own,
        Looked(
            study.stream(recording_id, "gaze") if gaze is None else gaze,
            study.stream(recording_id, "frames"),
            study.stream(recording_id, "events"),
            study_events(study, recording_id),
            study.camera(recording_id),
            None if mapping is None else mapping.table("mapping"),
            study.placements(),
        ),
    )


def study_events(study: Study, recording_id: str) -> pd.DataFrame:
    """Return the gaze events of a recording: those of the last run, else by `quick_events`.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    DataFrame
        Contract `GAZE_EVENTS`. A correction that came after the run does not matter here: turning all gaze
        leaves angles between samples as they were, and so which samples are fixations.
    """
    stored = study.current(recording_id, "events")
    if stored is None:
        return quick_events(study_gaze(study, recording_id), study.camera(recording_id))
    events = stored.table("events")
    events.attrs["provenance"] = {
        name: value for name, value in stored.provenance.items() if name != "settings"
    }
    return events


def quick_events(gaze: pd.DataFrame, camera: Camera | None) -> pd.DataFrame:
    """Return gaze events without a look at the head's motion: I-VT as set for people who walk.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    camera : Camera or None
        Scene camera.

    Returns
    -------
    DataFrame
        Contract `GAZE_EVENTS`.
    """
    # the steps of a run, and what they need, ask this module for gaze and keys
    from gazestudy.pipeline.analysis import WALKING_IVT, detect

    return detect(gaze, camera, "ivt", WALKING_IVT)


def correction_from_targets(
    study: Study, recording_id: str, targets: Sequence[LookTarget], kind: CorrectionKind = "offset"
) -> tuple[GazeCorrection, tuple[str, ...]]:
    """Find the correction that looks at targets tell; nothing is stored.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Whose gaze.
    targets : sequence of LookTarget
        Those of other recordings are left out.
    kind : {"offset", "drift"}
        A constant turn, or one that changes evenly with time.

    Returns
    -------
    correction : GazeCorrection
        For `Study.add_correction`; made from the gaze as recorded, whatever correction the study has.
    troubles : tuple of str
        Targets that could not be used, and why.

    Raises
    ------
    StudyError
        If no target can be used.
    ParameterError
        If they are too few for a drift.
    """
    study.recording(recording_id)
    found = recorded_looks(study, recording_id, targets)
    if not found.looks:
        reasons = "; ".join(found.troubles[:5]) or "the table has none for it"
        raise StudyError(f"{study.path}: no target of recording {recording_id!r} can be used: {reasons}")
    return fit_correction(found.looks, kind), found.troubles


def correction_by_hand(
    study: Study, recording_id: str, azimuth_deg: float, elevation_deg: float
) -> GazeCorrection:
    """Return a constant turn that somebody chose; nothing is stored.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Whose gaze.
    azimuth_deg, elevation_deg : float
        How far gaze that looks straight ahead is turned to the right, and up.

    Returns
    -------
    GazeCorrection
        For `Study.add_correction`; its evidence says that there is none.

    Raises
    ------
    StudyError
        If there is no such recording, or no calibration of its scene camera.
    """
    study.recording(recording_id)
    if study.camera(recording_id) is None:
        raise StudyError(
            f"{study.path}: recording {recording_id!r} has no calibration of its scene camera, so that"
            " degrees cannot be turned into its px"
        )
    return GazeCorrection("offset", (0,), (azimuth_deg,), (elevation_deg,), {"by_hand": True})
