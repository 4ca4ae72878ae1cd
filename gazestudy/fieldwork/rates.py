"""Rates of field observation: each with numerator, denominator, sampling rule and interval over sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.figures import FIGURES, Figure
from gazestudy.fieldwork.sampling import RULE_WORDS, refusal
from gazestudy.fieldwork.sessions import daypart_order, session_seconds
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding
from gazestudy.statistics.intervals import Estimate, clustered_ratio, clustered_share

GROUPS = (
    "station_id",
    "point_id",
    "zone",
    "daypart",
    "weekday",
    "observer",
    "protocol_id",
    "session_id",
    "placement_id",
)
"""Columns by which rates can be told apart."""

FIGURE_COLUMNS = (
    "figure",
    "value",
    "low",
    "high",
    "unit",
    "numerator",
    "denominator",
    "numerator_item",
    "denominator_item",
    "sessions",
    "rows",
    "n_effective",
    "rule",
    "rung",
    "method",
)
"""Columns of a table of figures, after those of its groups.

`rows` are the intervals or scans behind a figure, `n_effective` the independent observations they are worth,
`rule` the sampling rule in words, `method` the interval, or why there is none.
"""

_COUNT_KEY, _SCAN_KEY = "interval_no", "scan_no"


@dataclass(frozen=True, slots=True)
class FieldFigures:
    """Figures of a field log.

    Attributes
    ----------
    table : DataFrame
        One row per group and figure: the group columns, then `FIGURE_COLUMNS`. Weekdays and dayparts are
        categories in the order in which they follow each other.
    findings : tuple of Finding
        What was left out, and why.
    level : float
        Confidence of the intervals.
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]
    level: float


def field_figures(
    log: FieldLog, *, by: Sequence[str] = (), figures: Sequence[str] | None = None, level: float = 0.95
) -> FieldFigures:
    """Return rates and shares of a field log, with intervals clustered by session.

    Parameters
    ----------
    log : FieldLog
        Observation tables; only sessions of role primary count.
    by : sequence of str
        Some of `GROUPS`; all together where empty.
    figures : sequence of str, optional
        Names in `FIGURES`; all that the log has items for where left out.
    level : float
        Confidence.

    Returns
    -------
    FieldFigures

    Raises
    ------
    ParameterError
        If a group or figure is not known.
    TableError
        If a session has no usable start and stop.

    Notes
    -----
    A figure is a ratio of sums, Σ part / Σ whole, over intervals (or scans) in which both were watched; a
    part counted for one placement is divided by the whole of that placement, or of the point where the
    placement has none. Dayparts are strata of the interval where each has two sessions or more: the figure is
    about the dayparts that were observed, in the mix in which they were. Intervals end with their session;
    pauses are taken off minutes in proportion. Rows in which the part exceeds the whole are left out and
    found. Looking taken by one-zero sampling is refused: the row says so instead of a value.
    """
    names = list(FIGURES) if figures is None else list(figures)
    for what, given, known in (("by", by, GROUPS), ("figures", names, tuple(FIGURES))):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ParameterError(what, unknown, "some of " + ", ".join(known))
    findings: list[Finding] = []
    counts, scans = _watched(log, findings)
    rows: list[dict[str, object]] = []
    for name in names:
        figure = FIGURES[name]
        source = scans if figure.scanned else counts
        parts = source[source["item"] == figure.part]
        if len(parts):
            rows += list(_figure_rows(figure, parts, source, tuple(by), level, findings))
    table = pd.DataFrame(rows, columns=[*by, *FIGURE_COLUMNS])
    for name in {"weekday", "daypart"}.intersection(by):
        table[name] = pd.Categorical(table[name], categories=counts[name].cat.categories)
    return FieldFigures(table.reset_index(drop=True), tuple(findings), level)


def cross_table(
    figures: FieldFigures, figure: str, *, rows: Sequence[str], columns: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one figure as a table to read, such as points and dayparts against weekdays.

    Parameters
    ----------
    figures : FieldFigures
        Made with `by` of at least these rows and columns.
    figure : str
        Name of the figure.
    rows, columns : sequence of str
        Group columns.

    Returns
    -------
    DataFrame
        Of texts such as "12.3 % (9.8 to 15.2; 123 of 1000, 4 sessions)"; "" where nothing was watched.
    """
    chosen = figures.table[figures.table["figure"] == figure]
    missing = [name for name in (*rows, *columns) if name not in chosen]
    if missing:
        raise ParameterError("rows, columns", missing, "group columns of the figures")
    cells = chosen.assign(cell=[figure_text(row) for _, row in chosen.iterrows()])
    if not columns:
        return cells.set_index(list(rows))[["cell"]]
    wide = cells.pivot(index=list(rows), columns=list(columns), values="cell")
    return wide.fillna("")


def figure_text(row: pd.Series) -> str:
    """Return one row of a table of figures as text, never without its denominator."""
    share = FIGURES[str(row["figure"])].unit == "share"
    factor, sign = (100.0, " %") if share else (1.0, "")
    amounts = f"{row['numerator']:,.6g} of {row['denominator']:,.6g} {row['denominator_item']}"
    basis = f"{amounts}, {row['sessions']} session" + ("s" if row["sessions"] != 1 else "")
    if not np.isfinite(row["value"]):
        return f"no value: {row['method']}"
    value = f"{factor * row['value']:.3g}{sign}"
    if not np.isfinite(row["low"]):
        return f"{value} ({row['method']}; {basis})"
    return f"{value} ({factor * row['low']:.3g} to {factor * row['high']:.3g}; {basis})"


def session_sums(log: FieldLog, figure: str) -> pd.DataFrame:
    """Return numerator and denominator of a figure per session, as `field_figures` adds them up.

    Parameters
    ----------
    log : FieldLog
        Observation tables; only sessions of role primary count.
    figure : str
        Name in `FIGURES`.

    Returns
    -------
    DataFrame
        Indexed by session_id: part, whole, and the columns of `GROUPS` that belong to sessions.

    Raises
    ------
    ParameterError
        If the figure is not known.
    """
    if figure not in FIGURES:
        raise ParameterError("figure", figure, ", ".join(FIGURES))
    chosen, findings = FIGURES[figure], list[Finding]()
    source = _watched(log, findings)[chosen.scanned]
    parts = source[source["item"] == chosen.part]
    if not chosen.scanned:
        parts = parts[[refusal(chosen.part, rule) == "" for rule in parts["rule"]]]
    sums = _matched(chosen, parts, source, findings).groupby("session_id")[["part", "whole"]].sum()
    about = [name for name in GROUPS if name not in ("session_id", "placement_id")]
    return sums.join(log.sessions.set_index("session_id")[about])


def _watched(log: FieldLog, findings: list[Finding]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return counts and scans of primary sessions, each with the columns of its session."""
    sessions = log.sessions[log.sessions["role"] == "primary"]
    times = session_seconds(sessions)
    about = sessions.set_index("session_id")[
        [name for name in GROUPS if name not in ("session_id", "placement_id")]
        + ["counted_length_m", "counted_area_m2"]
    ].join(times)
    about["daypart"] = pd.Categorical(about["daypart"], categories=daypart_order(sessions))
    counts = log.interval_counts.merge(about, left_on="session_id", right_index=True, how="inner")
    inside_s = np.clip(counts["end_s"], 0, counts["length_s"]) - np.clip(
        counts["start_s"], 0, counts["length_s"]
    )
    minutes = inside_s / 60 * counts["watched_s"] / counts["length_s"]
    counts = counts.assign(minutes=minutes, metre_minutes=minutes * counts["counted_length_m"])
    scans = log.scans.merge(about, left_on="session_id", right_index=True, how="inner")
    scans = scans[scans["value"].notna()]
    negative = int((counts["value"] < 0).sum() + (scans["value"] < 0).sum())
    if negative:
        text = f"{negative} negative values left out"
        findings.append(Finding("problem", "field log", "negative", text, negative))
        counts, scans = counts[counts["value"] >= 0], scans[scans["value"] >= 0]
    return counts.rename(columns={_COUNT_KEY: "slot"}), scans.rename(columns={_SCAN_KEY: "slot"})


def _figure_rows(
    figure: Figure,
    parts: pd.DataFrame,
    source: pd.DataFrame,
    by: tuple[str, ...],
    level: float,
    findings: list[Finding],
) -> Iterator[dict[str, object]]:
    parts = parts.assign(rule="instantaneous") if figure.scanned else parts
    refused = [refusal(figure.part, rule) != "" for rule in parts["rule"]]
    if any(refused):
        bad = parts[refused]
        yield from _refused_rows(figure, bad, by, findings)
        parts = parts[~np.array(refused)]
    matched = _matched(figure, parts, source, findings)
    if matched.empty:
        return
    groups = [((), matched)] if not by else matched.groupby(list(by), observed=True, sort=True)
    for key, group in groups:
        yield _row(figure, group, dict(zip(by, key, strict=True)), level)


def _matched(
    figure: Figure, parts: pd.DataFrame, source: pd.DataFrame, findings: list[Finding]
) -> pd.DataFrame:
    """Return the rows of the numerator that can be used, with `part` and `whole`."""
    matched = _denominators(figure, parts, source, findings)
    matched = matched[matched["whole"].notna()]
    if figure.unit == "share":
        matched = _without_breaches(figure, matched, findings)
    return matched.assign(part=matched["value"] * figure.scale)


def _denominators(
    figure: Figure, parts: pd.DataFrame, source: pd.DataFrame, findings: list[Finding]
) -> pd.DataFrame:
    """Return the rows of the numerator with their denominator as `whole`, NaN where there is none."""
    if figure.whole in ("minutes", "metre_minutes"):
        kept = _once_per_slot(figure, parts, findings)
        return kept.assign(whole=kept[figure.whole].where(kept[figure.whole] > 0))
    if figure.whole == "area":
        kept = _once_per_slot(figure, parts, findings)
        return kept.assign(whole=kept["counted_area_m2"].where(kept["counted_area_m2"] > 0))
    if figure.whole == "rows":
        return parts.assign(whole=1.0)
    wholes = source[source["item"] == figure.whole_item]
    own = wholes.groupby(["session_id", "slot", "placement_id"])["value"].sum()
    of_point = own[own.index.get_level_values("placement_id") == ""].droplevel("placement_id")
    exact = own.reindex(pd.MultiIndex.from_frame(parts[["session_id", "slot", "placement_id"]])).to_numpy()
    general = of_point.reindex(pd.MultiIndex.from_frame(parts[["session_id", "slot"]])).to_numpy()
    whole = np.where(np.isnan(exact), general, exact)
    lonely = int(np.isnan(whole).sum())
    if lonely:
        text = f"{figure.name}: {lonely} rows of {figure.part!r} without {figure.whole_item!r} left out"
        findings.append(Finding("warning", "field log", "no_denominator", text, lonely))
    return parts.assign(whole=whole)


def _once_per_slot(figure: Figure, parts: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """Return one row per interval, of the point or its only placement: nobody is counted twice."""
    slots = parts.groupby(["session_id", "slot"])["placement_id"]
    general = parts["placement_id"] == ""
    has_general = general.groupby([parts["session_id"], parts["slot"]]).transform("any")
    single = slots.transform("nunique") == 1
    keep = general | (~has_general & single)
    lost = int((~keep & ~has_general).sum())
    if lost:
        text = (
            f"{figure.name}: {lost} rows of {figure.part!r} left out: counted for several placements at one "
            "time and not for the point itself, so the same people may be in more than one"
        )
        findings.append(Finding("warning", "field log", "several_denominators", text, lost))
    return parts[keep]


def _without_breaches(figure: Figure, matched: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    breach = (matched["value"] * figure.scale > matched["whole"] + 1e-9).to_numpy()
    if breach.any():
        first = matched[breach].iloc[0]
        text = (
            f"{figure.name}: {int(breach.sum())} rows with more {figure.part!r} than "
            f"{figure.whole_item or 'all of it'!r} left out, the first in session {first['session_id']!r}, "
            f"number {first['slot']} ({first['value']:g} of {first['whole']:g})"
        )
        findings.append(Finding("problem", "field log", "part_exceeds_whole", text, int(breach.sum())))
    return matched[~breach]


def _row(figure: Figure, group: pd.DataFrame, key: dict[str, object], level: float) -> dict[str, object]:
    sums = group.groupby("session_id")
    by_session = sums[["part", "whole"]].sum()
    parts, wholes, strata = by_session["part"], by_session["whole"], sums["daypart"].first()
    interval = clustered_share if figure.unit == "share" else clustered_ratio
    found = interval(parts, wholes, strata=strata, level=level)
    rules = sorted({RULE_WORDS[rule] for rule in group["rule"]})
    return {**key, **_filled(figure, found), "rows": len(group), "rule": "; ".join(rules)}


def _filled(figure: Figure, found: Estimate) -> dict[str, object]:
    denominator = {
        "item": figure.whole_item,
        "minutes": "min",
        "metre_minutes": "min m",
        "area": "m2 (all scans)",
        "rows": "scans",
    }[figure.whole]
    return {
        "figure": figure.name,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "unit": figure.unit,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "numerator_item": figure.part,
        "denominator_item": denominator,
        "sessions": found.clusters,
        "n_effective": found.n_effective,
        "rung": figure.rung,
        "method": found.method.replace("one cluster", "one session"),
    }


def _refused_rows(
    figure: Figure, bad: pd.DataFrame, by: tuple[str, ...], findings: list[Finding]
) -> Iterator[dict[str, object]]:
    length = float((bad["end_s"] - bad["start_s"]).median())
    reason = refusal(figure.part, str(bad["rule"].iloc[0]), interval_s=length)
    text = f"{figure.name}: {len(bad)} rows of {figure.part!r} refused: {reason}"
    findings.append(Finding("problem", "field log", "sampling_rule", text, len(bad)))
    nan = float("nan")
    nothing = Estimate(nan, nan, nan, nan, nan, nan, 0, f"refused: {reason}")
    groups = [((), bad)] if not by else bad.groupby(list(by), observed=True, sort=True)
    for key, group in groups:
        words = "; ".join(sorted({RULE_WORDS[rule] for rule in group["rule"]}))
        known = dict(zip(by, key, strict=True))
        yield {**known, **_filled(figure, nothing), "rows": len(group), "rule": words}
