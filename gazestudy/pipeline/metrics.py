"""Attention metrics of a whole study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gazestudy.attention import summarise
from gazestudy.errors import ParameterError
from gazestudy.model.tables import CREATIVE_METRICS, METRICS
from gazestudy.pipeline.results import attention_table
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

GROUPS = ("placement", "segment", "daypart", "participant", "aoi", "creative")


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


def summary(metrics: pd.DataFrame, group_by: Sequence[str]) -> pd.DataFrame:
    """Return one row per group: how many were exposed, noticed, and for how long they looked.

    Parameters
    ----------
    metrics : DataFrame
        From `study_metrics`; that of creatives where they are a group.
    group_by : sequence of str
        Any of placement, segment, daypart, participant, aoi, creative.

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
        columns.append(word if word in ("segment", "daypart") else f"{word}_id")
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
