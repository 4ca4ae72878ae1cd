"""A study as a BIDS data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import StudyError
from gazestudy.exporters import bids
from gazestudy.exporters.bids import BidsRecording
from gazestudy.model import StudyRecording
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.pipeline.exporting.options import ExportOptions, Part
from gazestudy.pipeline.exporting.pseudonyms import Pseudonyms, names_of
from gazestudy.pipeline.exporting.study_tables import coded_moments
from gazestudy.progress import Progress, raise_if_cancelled
from gazestudy.store import Study

_EVENT_COLUMNS = ("onset_ns", "duration_ns", "trial_type", "placement_id", "message")


def write_bids(
    study: Study, out: Path, options: ExportOptions, progress: Progress
) -> tuple[list[Part], list[str]]:
    """Write the recordings of a study as a BIDS data set; names of persons are never in it."""
    from gazestudy import __version__

    chosen = options.chosen(study)
    filled = [one for one in chosen if len(study.stream(one.id, "gaze")) > 1]
    if not filled:
        raise StudyError(f"{study.path}: there are no recordings with gaze; import one first")
    names = Pseudonyms(names_of(study))
    wanted = {one.participant_id for one in filled}
    people = [one for one in study.participants() if one.id in wanted]
    found = bids.labels_of([names.identifier(one.id) for one in people])
    labels = {one.id: found[names.identifier(one.id)] for one in people}
    about = bids.BidsStudy(
        names.text(study.name),
        __version__,
        [(labels[one.id], names.identifier(one.id), names.text(one.segment)) for one in people],
        [
            bids.BidsPlacement(
                one.id,
                names.text(one.name),
                one.size_px if one.creatives else None,
                (one.width_mm, one.height_mm),
            )
            for one in study.placements()
        ],
    )
    progress.start("BIDS data set", len(filled))
    samples: dict[str, int] = {}

    def recordings() -> Iterator[BidsRecording]:
        runs: dict[str, int] = {}
        for one in filled:
            raise_if_cancelled(progress)
            runs[one.participant_id] = runs.get(one.participant_id, 0) + 1
            made = _recording(
                study, one, labels[one.participant_id], runs[one.participant_id], options, names
            )
            samples[one.id] = len(made.gaze)
            yield made
            progress.advance()

    lost = bids.write_bids(about, recordings(), out)
    if not options.corrected:
        for one in filled:
            if (correction := study.correction(one.id)) is not None:
                text = f"gaze is as recorded, without correction {correction.id}; its gaze events are with it"
                lost[one.id].append(text)
    parts = [
        Part(one.id, out / f"sub-{labels[one.participant_id]}", samples[one.id], tuple(lost[one.id]))
        for one in filled
    ]
    notes = ["inertial data, field logs and interviews: the standard has no place for them"]
    notes += [f"recording {one.id}: it has no gaze" for one in chosen if one not in filled]
    if options.personal:
        notes.append("names of persons: a BIDS data set has none, also when asked")
    return parts, [*notes, *names.told(personal=False)]


def _recording(
    study: Study, one: StudyRecording, label: str, run: int, options: ExportOptions, names: Pseudonyms
) -> BidsRecording:
    from gazestudy.quality.loss import sampling

    gaze = study_gaze(study, one.id) if options.corrected else study.stream(one.id, "gaze")
    camera = study.camera(one.id)
    attention, events = study.current(one.id, "attention"), study.current(one.id, "events")
    timing = sampling(gaze["t_ns"].to_numpy(np.int64), gaze["part"].to_numpy(np.int64))
    gaze_events = None if events is None else events.table("events")
    if gaze_events is not None and attention is not None:
        looked = attention.table("mapped_fixations").sort_values("on_share", ascending=False)
        places = looked.drop_duplicates("event_id").set_index("event_id")["placement_id"]
        gaze_events = gaze_events.assign(placement_id=gaze_events["event_id"].map(places).fillna(""))
    happened = [_markers(names.table(study.stream(one.id, "events")))]
    if attention is not None:
        happened.append(_exposures(attention.table("exposures")))
    happened.append(_marks(names.table(coded_moments(study, one.id))))
    return BidsRecording(
        label,
        run,
        one.id,
        names.text(one.device),
        timing.rate_hz,
        gaze,
        None if camera is None else (camera.width_px, camera.height_px),
        None if attention is None else attention.table("mapped_gaze"),
        gaze_events,
        pd.concat([table for table in happened if len(table)] or [happened[0]], ignore_index=True),
        study.media(one.id) if options.video else (),
    )


def _markers(events: pd.DataFrame) -> pd.DataFrame:
    return _happened(events["t_ns"], events["t_ns"], "recording_event", "", events["name"])


def _exposures(exposures: pd.DataFrame) -> pd.DataFrame:
    return _happened(exposures["onset_ns"], exposures["offset_ns"], "exposure", exposures["placement_id"], "")


def _marks(moments: pd.DataFrame) -> pd.DataFrame:
    return _happened(
        moments["start_ns"], moments["end_ns"], "interview_mark", moments["placement_id"], moments["code"]
    )


def _happened(
    onset: pd.Series, offset: pd.Series, kind: str, placement: pd.Series | str, message: pd.Series | str
) -> pd.DataFrame:
    duration = np.maximum(offset.to_numpy(np.int64) - onset.to_numpy(np.int64), 0)
    table = pd.DataFrame({"onset_ns": onset.to_numpy(np.int64), "duration_ns": duration})
    for name, values in (("trial_type", kind), ("placement_id", placement), ("message", message)):
        table[name] = values if isinstance(values, str) else values.astype(str).to_numpy()
    return table[list(_EVENT_COLUMNS)]
