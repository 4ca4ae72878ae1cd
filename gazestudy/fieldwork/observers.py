"""Agreement of two observers who watched the same: on time, on events, on counts and on scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.observer_pairs import (
    BLOCK_S,
    Window,
    event_windows,
    item_pairs,
    pair_blocks,
    shared_windows,
    state_grids,
)
from gazestudy.fieldwork.sessions import find_pairs, session_seconds
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding
from gazestudy.statistics.agreement import Agreement, Measurement, agreement
from gazestudy.statistics.bootstrap import cluster_draws, percentile_limits
from gazestudy.statistics.event_matching import match_events
from gazestudy.statistics.numeric_agreement import BlandAltman, bland_altman, intraclass_correlations

_FEWEST_SESSIONS = 5


@dataclass(frozen=True, slots=True)
class ObserverAgreement:
    """How well pairs of observers agree.

    Attributes
    ----------
    coefficients : DataFrame
        about ("time grid" or an item of scans), name (group of codes, or item), statistic, value, low, high,
        units, pairs, drawn (what the bootstrap drew). Empty time is in it.
    prevalence : DataFrame
        about, name, category, observer_1, observer_2, mean: read kappa beside it.
    confusion : mapping of str to DataFrame
        Group of codes or item to counts, first observer in rows.
    events : DataFrame
        Per code: matched, only_a, only_b, agreement, low, high, median_difference_s, median_error_s,
        tolerance_s, pairs.
    counts : DataFrame
        Per item of intervals and numeric scans: n, icc, icc_low, icc_high (absolute agreement of one
        observer), bias, bias_low, bias_high, limit_low, limit_high, within_share, within, pairs.
    count_pairs : DataFrame
        about, item, session_a, session_b, placement_id, slot, first, second: the pairs of counts behind it.
    pairs : DataFrame
        Sessions that were compared.
    findings : tuple of Finding
        What was left out or doubtful.
    """

    coefficients: pd.DataFrame
    prevalence: pd.DataFrame
    confusion: Mapping[str, pd.DataFrame]
    events: pd.DataFrame
    counts: pd.DataFrame
    count_pairs: pd.DataFrame
    pairs: pd.DataFrame
    findings: tuple[Finding, ...]


def observer_agreement(
    log: FieldLog,
    *,
    pairs: pd.DataFrame | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    step_s: float = 1.0,
    tolerance_s: float = 2.0,
    within: float = 0.1,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> ObserverAgreement:
    """Compare pairs of observers in all that both of them wrote down.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    pairs : DataFrame, optional
        Keeps the contract `RELIABILITY_PAIRS`; those of the log where left out, or those that `find_pairs`
        finds where the log has none.
    groups : mapping of str to sequence of str, optional
        Exclusive groups of state codes; where left out all codes are one group if no observer ever had two at
        a time, and each code is a group by itself otherwise.
    step_s : float
        Step of the common time grid, s.
    tolerance_s : float
        Largest difference of two events that are the same, s.
    within : float
        Relative difference of counts that is close.
    draws : int
        Bootstrap draws over sessions.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ObserverAgreement

    Raises
    ------
    ParameterError
        If there is no pair of sessions that overlap.

    Notes
    -----
    The grid runs over the whole time in which both sessions ran, from its start to its end, with the category
    "none" where an observer had no state: time in which nothing happened is time agreed on.
    """
    if step_s <= 0:
        raise ParameterError("step_s", step_s, "above 0")
    found = log.reliability_pairs if pairs is None else pairs
    found = find_pairs(log.sessions) if found.empty else found
    times = session_seconds(log.sessions)
    findings: list[Finding] = []
    windows = list(shared_windows(found, times, findings))
    if not windows:
        raise ParameterError("pairs", len(found), "at least one pair of sessions that ran at the same time")
    pieces = _Pieces([], [], {})
    for name, ratings, clusters in state_grids(log, windows, groups, step_s):
        pieces.add("time grid", name, ratings, clusters, windows, "nominal", draws, level, rng)
    items = item_pairs(log, windows)
    for item, part in items[items["about"] == "scan code"].groupby("item"):
        codes = part[["first_text", "second_text"]].to_numpy(dtype=object)
        pieces.add("scan", str(item), codes, pair_blocks(part), windows, "nominal", draws, level, rng)
    blocked = items[(items["item"] == "blocked_percent") & (items["about"] == "scan")]
    if len(blocked):
        steps = blocked[["first", "second"]].to_numpy(dtype=float)
        pieces.add(
            "scan", "blocked_percent", steps, pair_blocks(blocked), windows, "ordinal", draws, level, rng
        )
    numbers = items[items["about"] != "scan code"].drop(columns=["first_text", "second_text", "at_s"])
    counts = _count_rows(numbers, items, within=within, draws=draws, level=level, rng=rng)
    return ObserverAgreement(
        pd.DataFrame(pieces.coefficients, columns=_COEFFICIENTS),
        pd.DataFrame(pieces.prevalence, columns=_PREVALENCE),
        pieces.confusion,
        _event_rows(log, windows, tolerance_s, draws, level, rng),
        counts,
        numbers.reset_index(drop=True),
        found.reset_index(drop=True),
        tuple(findings),
    )


_COEFFICIENTS = ["about", "name", "statistic", "value", "low", "high", "units", "pairs", "drawn"]
_PREVALENCE = ["about", "name", "category", "observer_1", "observer_2", "mean"]
_EVENTS = [
    "code",
    "matched",
    "only_a",
    "only_b",
    "agreement",
    "low",
    "high",
    "median_difference_s",
    "median_error_s",
    "tolerance_s",
    "pairs",
]


@dataclass(frozen=True, slots=True)
class _Pieces:
    coefficients: list[dict[str, object]]
    prevalence: list[dict[str, object]]
    confusion: dict[str, pd.DataFrame]

    def add(
        self,
        about: str,
        name: str,
        ratings: NDArray[np.object_] | NDArray[np.float64],
        clusters: pd.DataFrame,
        windows: list[Window],
        measurement: Measurement,
        draws: int,
        level: float,
        rng: np.random.Generator,
    ) -> None:
        pair_count = clusters["pair"].nunique()
        by_session = pair_count >= _FEWEST_SESSIONS
        label = clusters["pair"] if by_session else clusters["pair"] + clusters["block"].astype(str)
        drawn = "sessions" if by_session else f"blocks of {BLOCK_S:g} s"
        found: Agreement = agreement(
            ratings, measurement=measurement, clusters=label.to_numpy(), draws=draws, level=level, rng=rng
        )
        for statistic, row in found.table.iterrows():
            values = {"value": row["value"], "low": row["low"], "high": row["high"]}
            rest = {"units": found.paired_units, "pairs": pair_count, "drawn": drawn}
            self.coefficients.append({"about": about, "name": name, "statistic": statistic, **values, **rest})
        for category, row in found.prevalence.iterrows():
            shares = {str(observer): share for observer, share in row.items()}
            self.prevalence.append({"about": about, "name": name, "category": category, **shares})
        self.confusion[name] = found.confusion


def _event_rows(
    log: FieldLog,
    windows: list[Window],
    tolerance_s: float,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    rows = []
    windows = event_windows(log, windows)
    by_session = {str(name): record for name, record in log.events.groupby("session_id")}
    codes = sorted(
        {code for w in windows for s in (w.session_a, w.session_b) for code in _codes(by_session, s)}
    )
    for code in codes:
        sums, differences = [], []
        for window in windows:
            a = _onsets(by_session.get(window.session_a), code, window.from_a_s, window.length_s)
            b = _onsets(by_session.get(window.session_b), code, window.from_b_s, window.length_s)
            found = match_events(a, b, tolerance_s=tolerance_s)
            sums.append((found.matched, found.only_a, found.only_b))
            differences.append(a[found.pairs[:, 0]] - b[found.pairs[:, 1]])
        table = np.array(sums, dtype=float)
        matched, only_a, only_b = table.sum(axis=0)
        low, high = np.nan, np.nan
        if len(windows) > 1:
            drawn = cluster_draws(len(windows), draws=draws, rng=rng) @ table
            with np.errstate(invalid="ignore"):
                limits = percentile_limits(drawn[:, 0] / drawn.sum(axis=1), level=level)
            low, high = float(limits[0]), float(limits[1])
        all_differences = np.concatenate(differences)
        some = len(all_differences) > 0
        rows.append(
            {
                "code": code,
                "matched": int(matched),
                "only_a": int(only_a),
                "only_b": int(only_b),
                "agreement": matched / table.sum() if table.sum() else np.nan,
                "low": low,
                "high": high,
                "median_difference_s": float(np.median(all_differences)) if some else np.nan,
                "median_error_s": float(np.median(np.abs(all_differences))) if some else np.nan,
                "tolerance_s": tolerance_s,
                "pairs": len(windows),
            }
        )
    return pd.DataFrame(rows, columns=_EVENTS)


def _codes(by_session: dict[str, pd.DataFrame], session: str) -> set[str]:
    return set(by_session[session]["code"]) if session in by_session else set()


def _onsets(events: pd.DataFrame | None, code: str, from_s: float, length_s: float) -> NDArray[np.float64]:
    if events is None:
        return np.empty(0)
    onsets = events.loc[events["code"] == code, "t_s"].to_numpy(dtype=float) - from_s
    return np.asarray(onsets[(onsets >= 0) & (onsets <= length_s)])


def _count_rows(
    numbers: pd.DataFrame,
    items: pd.DataFrame,
    *,
    within: float,
    draws: int,
    level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for (about, item), part in numbers.dropna(subset=["first", "second"]).groupby(["about", "item"]):
        if len(part) < 2:
            continue
        cluster = pair_blocks(items.loc[part.index])
        pairs = cluster["pair"].nunique()
        label = (
            cluster["pair"] if pairs >= _FEWEST_SESSIONS else cluster["pair"] + cluster["block"].astype(str)
        )
        scores = part[["first", "second"]].to_numpy(dtype=float)
        icc = intraclass_correlations(scores, clusters=label, draws=draws, level=level, rng=rng).loc[
            "ICC(2,1)"
        ]
        found: BlandAltman = bland_altman(
            scores[:, 0], scores[:, 1], clusters=label, within=within, level=level, draws=draws, rng=rng
        )
        rows.append(
            {
                "about": about,
                "item": item,
                "n": found.n,
                "icc": icc["value"],
                "icc_low": icc["low"],
                "icc_high": icc["high"],
                "bias": found.bias,
                "bias_low": found.bias_low,
                "bias_high": found.bias_high,
                "limit_low": found.limit_low,
                "limit_high": found.limit_high,
                "within_share": found.within_share,
                "within": within,
                "pairs": pairs,
            }
        )
    return pd.DataFrame(rows)
