"""What the choice of a detector does: how far detectors agree, and what follows for each placement.

Every variant is computed from the same gaze and mapping, so that only the detector differs, and no result of
the study is touched.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError, StudyError
from gazestudy.events.agreement import compare_events
from gazestudy.events.registry import get_detector
from gazestudy.model import provenance_of
from gazestudy.pipeline.analysis import Settings, measure
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.pipeline.detecting import detect_in_file
from gazestudy.pipeline.mapping_sources import other_mappings
from gazestudy.pipeline.metrics import write_csv
from gazestudy.pipeline.steps import detect_recording, step_keys
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

MEASURED = (
    "exposure_ms",
    "noticed",
    "dwell_ms",
    "gaze_ms",
    "fixation_count",
    "visit_count",
    "time_to_first_fixation_ms",
)
"""Metrics in the multiverse table; of these, exposure and gaze time do not depend on the detector."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to detect gaze events.

    Attributes
    ----------
    label : str
        As it was asked for, such as "ivt:threshold_deg_s=50".
    method : str
        Detector or preset.
    parameters : dict
        What differs from its defaults.
    """

    label: str
    method: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What several detectors found in the same gaze.

    Attributes
    ----------
    counts : DataFrame
        detector, kind, n, per_minute, median_duration_ms, time_share (of all time in events).
    agreement : DataFrame
        one, other (detectors), and the columns of `gazestudy.events.agreement.compare_events`, pooled over
        recordings.
    multiverse : DataFrame
        recording_id, participant_id, placement_id, detector, `MEASURED`; empty without a mapped study.
    provenance : dict
        By recording and detector: all parameters and facts.
    notes : tuple of str
        What is missing, and why.
    """

    counts: pd.DataFrame
    agreement: pd.DataFrame
    multiverse: pd.DataFrame
    provenance: dict[str, dict[str, Any]]
    notes: tuple[str, ...] = ()


def parse_variants(text: str) -> list[Variant]:
    """Read the detectors of a comparison.

    Parameters
    ----------
    text : str
        Names with commas between them, each followed by parameters after colons:
        "ivt,ivt:threshold_deg_s=30:min_fixation_ms=80,tobii-fixation".

    Returns
    -------
    list of Variant
        In that order.

    Raises
    ------
    ParameterError
        If there are fewer than two, one twice, or one that does not exist.

    Examples
    --------
    >>> [(one.method, one.parameters) for one in parse_variants("idt, ivt:threshold_deg_s=30")]
    [('idt', {}), ('ivt', {'threshold_deg_s': 30})]
    """
    variants = []
    for word in text.split(","):
        method, *settings = [part.strip() for part in word.split(":")]
        get_detector(method)
        variants.append(Variant(word.strip(), method, dict(_setting(word, part) for part in settings)))
    labels = [one.label for one in variants]
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise ParameterError("--compare", text, "two detectors or more, each once, with commas between them")
    return variants


def _setting(word: str, part: str) -> tuple[str, Any]:
    name, equals, value = part.partition("=")
    if not equals or not name:
        raise ParameterError("--compare", word, "DETECTOR:NAME=VALUE, such as ivt:threshold_deg_s=30")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def compare_in_study(study: Study, variants: Sequence[Variant], *, progress: Progress = SILENT) -> Comparison:
    """Compare detectors on all recordings of a study.

    Parameters
    ----------
    study : Study
        Open for writing: how the head turned is kept, since it takes longest to find out.
    variants : sequence of Variant
        The detectors, with a study's settings where none are given.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    Comparison
        With the multiverse of the recordings that were mapped.

    Raises
    ------
    StudyError
        If there are no recordings.
    """
    recordings = study.recordings()
    if not recordings:
        raise StudyError(f"{study.path}: no recordings yet: gazestudy import {study.path} RECORDING")
    progress.start("comparing detectors", len(recordings) * len(variants))
    events: dict[str, list[pd.DataFrame]] = {variant.label: [] for variant in variants}
    lengths, multiverse, notes = [], [], []
    provenance: dict[str, dict[str, Any]] = {}
    for recording in recordings:
        lengths.append(len(study.stream(recording.id, "gaze")))
        provenance[recording.id] = {}
        unmapped = False
        for variant in variants:
            raise_if_cancelled(progress)
            settings = Settings(detector=variant.method, detector_parameters=variant.parameters)
            found = detect_recording(study, recording.id, settings)
            events[variant.label].append(found)
            provenance[recording.id][variant.label] = provenance_of(found)
            measured = _measured(study, recording.id, recording.participant_id, found, settings)
            unmapped |= measured is None
            if measured is not None:
                multiverse.append(measured.assign(detector=variant.label))
            progress.advance()
        if unmapped:
            notes.append(
                f"{recording.id} is not mapped, so that placements tell nothing: gazestudy run {study.path}"
            )
    columns = ["recording_id", "participant_id", "placement_id", "detector", *MEASURED]
    table = pd.concat(multiverse, ignore_index=True)[columns] if multiverse else pd.DataFrame(columns=columns)
    order = {variant.label: k for k, variant in enumerate(variants)}
    table = table.sort_values(
        ["placement_id", "recording_id", "detector"],
        key=lambda column: column.map(order) if column.name == "detector" else column,
        kind="stable",
        ignore_index=True,
    )
    joined = {label: _joined(tables, lengths) for label, tables in events.items()}
    return Comparison(counts_of(joined), _pairwise(joined, sum(lengths)), table, provenance, tuple(notes))


def compare_in_file(
    path: Path,
    variants: Sequence[Variant],
    *,
    camera_path: Path | None = None,
    name: str | None = None,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare detectors on one table or recording.

    Parameters
    ----------
    path, camera_path, name
        As for `gazestudy.pipeline.detecting.detect_in_file`.
    variants : sequence of Variant
        The detectors.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    Comparison
        Without a multiverse: there are no placements.
    """
    progress.start("comparing detectors", len(variants))
    found = {}
    for variant in variants:
        raise_if_cancelled(progress)
        found[variant.label] = detect_in_file(
            path, method=variant.method, camera_path=camera_path, parameters=variant.parameters, name=name
        )
        progress.advance()
    n = max((int(table["last_sample"].max()) + 1 for table in found.values() if len(table)), default=0)
    provenance = {path.stem: {label: provenance_of(table) for label, table in found.items()}}
    return Comparison(counts_of(found), _pairwise(found, n), pd.DataFrame(), provenance)


def counts_of(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return number, rate, duration and share of time of each class, by detector.

    Parameters
    ----------
    found : dict of str to DataFrame
        Detector to its events (contract `GAZE_EVENTS`) in the same gaze.

    Returns
    -------
    DataFrame
        detector, kind, n, per_minute (of all time in events), median_duration_ms, time_share.
    """
    rows = []
    for label, events in found.items():
        whole_ms = float(events["duration_ms"].sum())
        for kind, own in events.groupby(events["kind"].astype(str), sort=False):
            time_ms = float(own["duration_ms"].sum())
            per_minute = len(own) / whole_ms * 60_000 if whole_ms > 0 else np.nan
            share = time_ms / whole_ms if whole_ms > 0 else np.nan
            rows.append((label, kind, len(own), per_minute, float(own["duration_ms"].median()), share))
    columns = ["detector", "kind", "n", "per_minute", "median_duration_ms", "time_share"]
    return pd.DataFrame(rows, columns=columns)


def by_placement(multiverse: pd.DataFrame) -> pd.DataFrame:
    """Return what each detector says of each placement, over all recordings that were exposed to it.

    Parameters
    ----------
    multiverse : DataFrame
        From `Comparison`.

    Returns
    -------
    DataFrame
        One row for each placement and detector, in the order of `multiverse`: exposed and noticed
        (recordings), notice_rate, dwell_ms (mean over the exposed), fixation_count (mean), gaze_ms (mean; the
        same for all detectors), and same_decision: share of the exposed recordings that all detectors agree
        on as to whether the placement was noticed.
    """
    exposed = multiverse[multiverse["exposure_ms"] > 0]
    if not len(exposed):
        return pd.DataFrame()
    decisions = exposed.groupby(["placement_id", "recording_id"])["noticed"].nunique() == 1
    same = decisions.groupby(level="placement_id").mean()
    groups = exposed.groupby(["placement_id", "detector"], sort=False)
    table = groups.agg(
        exposed=("recording_id", "size"),
        noticed=("noticed", "sum"),
        notice_rate=("noticed", "mean"),
        dwell_ms=("dwell_ms", "mean"),
        fixation_count=("fixation_count", "mean"),
        gaze_ms=("gaze_ms", "mean"),
    ).reset_index()
    return table.assign(same_decision=table["placement_id"].map(same))


def write_comparison(found: Comparison, path: Path) -> list[Path]:
    """Write a comparison as tables and parameters.

    Parameters
    ----------
    found : Comparison
        What to write.
    path : Path
        CSV file of the multiverse, or of the agreement where there is none; the other tables have the same
        name with `-agreement.csv` and `-counts.csv`, all parameters with `.json`.

    Returns
    -------
    list of Path
        The files.
    """
    tables = {path.with_name(f"{path.stem}-counts.csv"): found.counts}
    if len(found.multiverse):
        tables = {
            path: found.multiverse,
            path.with_name(f"{path.stem}-agreement.csv"): found.agreement,
        } | tables
    else:
        tables = {path: found.agreement} | tables
    for place, table in tables.items():
        write_csv(table, place)
    text = json.dumps(found.provenance, ensure_ascii=False, indent=2, default=str) + "\n"
    write_bytes(path.with_suffix(".json"), text.encode("utf-8"))
    return [*tables, path.with_suffix(".json")]


def _measured(
    study: Study, recording_id: str, participant_id: str, events: pd.DataFrame, settings: Settings
) -> pd.DataFrame | None:
    """Return the metrics of whole placements by these events, None where the recording is not mapped."""
    key = step_keys(study, recording_id, settings)["mapping"]
    mapping = study.derived(recording_id, "mapping", key) or study.current(recording_id, "mapping")
    if mapping is None:
        return None
    tables = measure(
        recording_id,
        participant_id,
        placements=study.placements(),
        aois=(),
        gaze=study_gaze(study, recording_id),
        frames=study.stream(recording_id, "frames"),
        camera=study.camera(recording_id),
        events=events,
        mapping=mapping.table("mapping"),
        parameters=settings.attention_parameters,
        others=other_mappings(study, recording_id),
    )
    return tables["metrics"]


def _joined(tables: Sequence[pd.DataFrame], lengths: Sequence[int]) -> pd.DataFrame:
    """Put the events of recordings one after the other, as if they were one; times stay their own."""
    before = np.cumsum([0, *lengths])
    moved = []
    for k, table in enumerate(tables):
        samples = {name: table[name] + before[k] for name in ("first_sample", "last_sample")}
        moved.append(table.assign(**samples, part=table["part"] + (k << 32)))
    return pd.concat(moved, ignore_index=True)


def _pairwise(found: dict[str, pd.DataFrame], n: int) -> pd.DataFrame:
    tables = []
    for one, other in combinations(found, 2):
        table = compare_events(found[one], found[other], n)
        table.insert(0, "one", one)
        table.insert(1, "other", other)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
