"""Attention metrics of a whole study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.attention import summarise
from gazestudy.errors import ParameterError
from gazestudy.geometry.polygons import points_in_polygons
from gazestudy.model.tables import CREATIVE_METRICS, METRICS
from gazestudy.pipeline.results import attention_table
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

GROUPS = ("placement", "segment", "daypart", "participant", "aoi", "label", "creative")


def study_metrics(study: Study, *, creatives: bool = False) -> pd.DataFrame:
    """Return one row per recording and placement (and AOI), with who and when.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    creatives : bool
        Instead, one row per recording and creative of the placements that show several.

    Returns
    -------
    DataFrame
        Contract `METRICS` or `CREATIVE_METRICS`, with `segment`, `daypart` and `placement` (its name) added.

    Raises
    ------
    StudyError
        If no recording has results.
    """
    name, contract = ("creatives", CREATIVE_METRICS) if creatives else ("metrics", METRICS)
    table = contract.check(attention_table(study, name))
    names = {placement.id: placement.name for placement in study.placements()}
    return table.assign(placement=[names.get(key, key) for key in table["placement_id"]])


def label_metrics(study: Study) -> pd.DataFrame:
    """Return one row per recording, placement and label of its AOIs: all AOIs of one label as one.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.

    Returns
    -------
    DataFrame
        As `study_metrics`, of AOIs with a label only; `aoi_id` and `label` are the label. Times, fixations
        and visits are sums over the AOIs, noticed is any of them, the first fixation the earliest one.

    Raises
    ------
    StudyError
        If no recording has results.

    Notes
    -----
    AOIs of one label that overlap on a placement count the gaze on both twice; `overlapping_labels` tells.
    """
    labels = {aoi.id: aoi.label for aoi in study.aois()}
    table = study_metrics(study)
    table = table.assign(label=[labels.get(str(key), "") for key in table["aoi_id"]])
    table = table[table["label"] != ""].assign(aoi_id=lambda rows: rows["label"])
    keys = ["recording_id", "placement_id", "label"]
    first = {"noticed": "max", "time_to_first_fixation_ms": "min", "exposure_to_first_fixation_ms": "min"}
    added = ("fixation_count", "visit_count", "dwell_ms", "gaze_ms")
    how = {str(name): "first" for name in table if name not in keys} | first | dict.fromkeys(added, "sum")
    # of the earliest one, which a minimum of each column alone would mix up
    ordered = table.sort_values("time_to_first_fixation_ms", kind="stable")
    merged = ordered.groupby(keys, sort=False, as_index=False).agg(how)
    merged.loc[merged["noticed"], "censored_at_ms"] = float("nan")
    merged["revisit_count"] = (merged["visit_count"] - 1).clip(lower=0)
    return merged[list(table.columns)].sort_values(keys, kind="stable", ignore_index=True)


def overlapping_labels(study: Study) -> tuple[tuple[str, str], ...]:
    """Return placement and label where AOIs of one label share pixels, so that gaze on both counts twice.

    Every second pixel of the picture in each direction is looked at.
    """
    sizes = {placement.id: placement.size_px for placement in study.placements()}
    groups: dict[tuple[str, str], list[Any]] = {}
    for aoi in study.aois():
        if aoi.label:
            groups.setdefault((aoi.placement_id, aoi.label), []).append(aoi.points_px)
    found = []
    for (placement_id, label), polygons in groups.items():
        width, height = sizes[placement_id]
        points = np.stack(np.meshgrid(np.arange(0, width, 2), np.arange(0, height, 2)), axis=-1)
        if len(polygons) > 1 and points_in_polygons(points.reshape(-1, 2), polygons).sum(axis=1).max() > 1:
            found.append((placement_id, label))
    return tuple(found)


def summary(metrics: pd.DataFrame, group_by: Sequence[str]) -> pd.DataFrame:
    """Return one row per group: how many were exposed, noticed, and for how long they looked.

    Parameters
    ----------
    metrics : DataFrame
        From `study_metrics`; that of creatives, or `label_metrics`, where these are a group.
    group_by : sequence of str
        Any of placement, segment, daypart, participant, aoi, label, creative.

    Returns
    -------
    DataFrame
        Counts with their denominators, rates and medians.

    Raises
    ------
    ParameterError
        For a word that is no group.
    """
    columns = []
    for word in group_by:
        if word not in GROUPS:
            raise ParameterError("group-by", word, "any of " + ", ".join(GROUPS))
        columns.append(word if word in ("segment", "daypart", "label") else f"{word}_id")
    if "label" in columns:
        columns = ["aoi_id", *columns]  # as it must be told apart within a person
        return summarise(metrics, by=columns).drop(columns="aoi_id")
    if "aoi_id" not in columns:
        metrics = metrics[metrics["aoi_id"] == ""]
    return summarise(metrics, by=columns)


SHOWN = (
    "n_exposed",
    "n_noticed",
    "notice_rate",
    "notice_rate_low",
    "notice_rate_high",
    "median_dwell_noticed_ms",
    "median_time_to_first_fixation_ms",
    "mean_fixation_count",
)
"""Columns of a summary that fit a screen."""


def for_screen(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return header and cells of a summary for people: few columns, few digits, "-" where there is nothing.

    Parameters
    ----------
    table : DataFrame
        From `summary`.

    Returns
    -------
    header : list of str
        Column names.
    rows : list of list of str
        Cells.
    """
    groups = [name for name in table.columns if name.removesuffix("_id") in GROUPS]
    return rounded(table[[*groups, *SHOWN]])


def rounded(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return header and cells of any table for people: few digits, "-" where there is nothing."""
    rows = table.astype(object).to_numpy().tolist()
    return list(table.columns), [[_cell(value) for value in row] for row in rows]


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 10 or value.is_integer() else f"{value:.2f}"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        What to write.
    path : Path
        Where to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, table.to_csv(index=False, lineterminator="\n").encode("utf-8"))
