"""How well two coders agree: on codes of answers, and on which characters or seconds have a code.

Where nobody gave a code is part of the comparison: chance agreement is that of two coders who put their codes
somewhere in the whole text or recording, not only in the part that somebody coded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.agreement import agreement
from gazestudy.statistics.bootstrap import cluster_draws, percentile_limits

ANSWER = ["interview_id", "item", "answer_no", "stimulus"]
_ORDINAL = "comp"
_FEWEST_CLUSTERS = 5

Spans = list[tuple[int, int]]


def answer_agreement(
    answer_codes: pd.DataFrame,
    coder_a: str,
    coder_b: str,
    *,
    with_placement: bool = True,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return how well two coders agree on the answers to each question.

    Parameters
    ----------
    answer_codes : DataFrame
        Contract `ANSWER_CODES`.
    coder_a, coder_b : str
        The two coders.
    with_placement : bool, default True
        Whether to agree means to mean the same placement as well.
    draws : int
        Bootstrap draws over interviews.
    level : float
        Confidence.
    rng : Generator, optional
        Without one there are no limits.

    Returns
    -------
    DataFrame
        One row per item: `item`, `answers` (coded by both), `only_a`, `only_b` (coded by one), `agreed`
        (numerator of `percent`), `percent`, `kappa`, `kappa_low`, `kappa_high`, `gwet_ac`, `measurement`
        (ordinal for comprehension, whose near misses count as half wrong), `interviews` (drawn in the
        bootstrap). Kappa is NaN where both used one and the same code only.

    Raises
    ------
    ParameterError
        If the two are one, or one of them coded nothing.

    Examples
    --------
    >>> rows = [(f"i{n}", "attr", 0, "p", who, "", code) for n, pair in enumerate(["cc", "ww", "cw", "cc"])
    ...         for who, code in zip("AB", pair)]
    >>> table = pd.DataFrame(rows, columns=[*ANSWER, "coder", "placement_id", "code"])
    >>> answer_agreement(table, "A", "B").loc[0, ["answers", "agreed", "kappa"]].tolist()
    [4.0, 3.0, 0.5]
    """
    codes = {
        coder: _sets_of(answer_codes, coder, with_placement) for coder in _two(answer_codes, coder_a, coder_b)
    }
    both = pd.DataFrame({"a": codes[coder_a], "b": codes[coder_b]})
    rows = []
    for item, table in both.groupby(level="item", sort=False):
        paired = table.dropna()
        ordinal = str(item) == _ORDINAL and _is_plain(paired)
        row = {
            "item": item,
            "answers": len(paired),
            "only_a": int(table["b"].isna().sum()),
            "only_b": int(table["a"].isna().sum()),
            "agreed": int((paired["a"] == paired["b"]).sum()),
            "measurement": "ordinal" if ordinal else "nominal",
            "interviews": int(paired.index.get_level_values("interview_id").nunique()),
        }
        rows.append(row | _coefficients(paired, ordinal, draws, level, rng))
    columns = ["item", "answers", "only_a", "only_b", "agreed", "percent", "kappa", "kappa_low", "kappa_high"]
    return pd.DataFrame(rows, columns=[*columns, "gwet_ac", "measurement", "interviews"])


def coding_agreement(
    codings: pd.DataFrame,
    lengths: Mapping[str, int | tuple[int, int]],
    coder_a: str,
    coder_b: str,
    *,
    of: str = "document_id",
    units: Iterable[str] | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return how well two coders agree on which characters, or which time, have a code.

    Parameters
    ----------
    codings : DataFrame
        Contract `CODINGS`.
    lengths : mapping of str to int or (int, int)
        Of each text its code points, or of each recording its start and end, ns.
    coder_a, coder_b : str
        The two coders.
    of : {"document_id", "recording_id"}
        Compare on texts, or on times.
    units : iterable of str, optional
        Texts or recordings that both worked through. None: those in which both gave any code; one in which a
        coder found nothing is left out then, since it cannot be told from one that was not read.
    draws : int
        Bootstrap draws over texts or recordings.
    level : float
        Confidence.
    rng : Generator, optional
        Without one there are no limits.

    Returns
    -------
    DataFrame
        One row per code that one of them gave: `code_id`, `both`, `only_a`, `only_b`, `neither` (code points
        or ns), `share_a`, `share_b`, `percent`, `kappa`, `kappa_low`, `kappa_high`, `overlap` (both divided
        by either), `units` (texts or recordings compared).

    Raises
    ------
    ParameterError
        If the two are one, or one of them coded nothing.

    Notes
    -----
    With p = (both + neither) / all and e = a b + (1 − a)(1 − b), a and b the shares of all that each coder
    coded, kappa = (p − e) / (1 − e). Neighbouring characters are no independent units: limits come from
    drawing whole texts.

    References
    ----------
    Cohen (1960), doi:10.1177/001316446002000104.

    Examples
    --------
    >>> rows = [("c", "A", "d", 0, 10), ("c", "B", "d", 5, 15)]
    >>> spans = pd.DataFrame(rows, columns=["code_id", "coder", "document_id", "start_char", "end_char"])
    >>> found = coding_agreement(spans, {"d": 100}, "A", "B")
    >>> found.loc[0, ["both", "only_a", "only_b", "neither"]].tolist(), round(float(found.loc[0, "kappa"]), 4)
    ([5, 5, 5, 85], 0.4444)
    """
    if of not in ("document_id", "recording_id"):
        raise ParameterError("of", of, "document_id or recording_id")
    start, end = ("start_char", "end_char") if of == "document_id" else ("start_ns", "end_ns")
    _two(codings, coder_a, coder_b)
    table = codings[(codings[of] != "") & codings["coder"].isin([coder_a, coder_b])]
    if units is None:
        coders = table.groupby(of)["coder"].nunique()
        chosen = [name for name in coders.index[coders == 2] if name in lengths]
    else:
        chosen = [name for name in units if name in lengths]
    table = table[table[of].isin(chosen)]
    rows = []
    for code_id in dict.fromkeys(table["code_id"]):
        own = table[table["code_id"] == code_id]
        parts = np.array(
            [
                _parts(own[own[of] == name], lengths[name], (coder_a, coder_b), (start, end))
                for name in chosen
            ],
            dtype=np.float64,
        )
        rows.append({"code_id": code_id, "units": len(chosen)} | _overlap_row(parts, draws, level, rng))
    columns = ["code_id", "both", "only_a", "only_b", "neither", "share_a", "share_b", "percent"]
    return pd.DataFrame(rows, columns=[*columns, "kappa", "kappa_low", "kappa_high", "overlap", "units"])


def disagreements(answer_codes: pd.DataFrame, coder_a: str, coder_b: str) -> pd.DataFrame:
    """Return answers that two coders coded differently, to be talked over.

    Parameters
    ----------
    answer_codes : DataFrame
        Contract `ANSWER_CODES`.
    coder_a, coder_b : str
        The two coders.

    Returns
    -------
    DataFrame
        `interview_id`, `item`, `answer_no`, `stimulus`, `a`, `b`: what each made of it, codes with the
        placement behind an arrow.
    """
    codes = {coder: _sets_of(answer_codes, coder, True) for coder in _two(answer_codes, coder_a, coder_b)}
    both = pd.DataFrame({"a": codes[coder_a], "b": codes[coder_b]}).dropna()
    return both[both["a"] != both["b"]].reset_index()


def _two(table: pd.DataFrame, coder_a: str, coder_b: str) -> tuple[str, str]:
    known = sorted(set(table["coder"]))
    for coder in (coder_a, coder_b):
        if coder not in known:
            raise ParameterError(
                "coder", coder, "one who coded something: " + (", ".join(known) or "nobody yet")
            )
    if coder_a == coder_b:
        raise ParameterError("coder", coder_b, "another coder than the first")
    return coder_a, coder_b


def _sets_of(answer_codes: pd.DataFrame, coder: str, with_placement: bool) -> pd.Series:
    """Return what a coder made of each answer, as one text."""
    own = answer_codes[answer_codes["coder"] == coder]
    said = own["code"]
    if with_placement:
        said = said.where(own["placement_id"] == "", own["code"] + " → " + own["placement_id"])
    return (
        own.assign(_said=said.astype("object"))
        .groupby(ANSWER, sort=False)["_said"]
        .agg(lambda codes: "; ".join(sorted(set(codes))))
    )


def _is_plain(paired: pd.DataFrame) -> bool:
    """Return whether all codes are points of comprehension, without a placement that differs."""
    return {code.partition(" → ")[0] for code in (*paired["a"], *paired["b"])} <= {"0", "1", "2"} and all(
        one.partition(" → ")[2] == other.partition(" → ")[2]
        for one, other in zip(paired["a"], paired["b"], strict=True)
    )


def _coefficients(
    paired: pd.DataFrame, ordinal: bool, draws: int, level: float, rng: np.random.Generator | None
) -> dict[str, float]:
    nothing = {
        "percent": np.nan,
        "kappa": np.nan,
        "kappa_low": np.nan,
        "kappa_high": np.nan,
        "gwet_ac": np.nan,
    }
    if paired.empty:
        return nothing
    ratings = paired[["a", "b"]].to_numpy(dtype=object)
    if ordinal:
        ratings = np.array([[code.partition(" → ")[0] for code in row] for row in ratings], dtype=object)
    clusters = paired.index.get_level_values("interview_id").to_numpy()
    found = agreement(
        ratings,
        categories=["0", "1", "2"] if ordinal else None,
        measurement="ordinal" if ordinal else "nominal",
        clusters=clusters,
        draws=draws,
        level=level,
        rng=rng if len(set(clusters)) >= _FEWEST_CLUSTERS else None,
    ).table
    cohen, gwet = found.index.get_loc("cohen_kappa"), found.index.get_loc("gwet_ac")
    percent = found.index.get_loc("percent_agreement")
    value, low, high = (found[name].to_numpy(dtype=float) for name in ("value", "low", "high"))
    return {
        "percent": float(value[percent]),
        "kappa": float(value[cohen]),
        "kappa_low": float(low[cohen]),
        "kappa_high": float(high[cohen]),
        "gwet_ac": float(value[gwet]),
    }


def overlap_lengths(spans_a: Spans, spans_b: Spans, whole: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return how much of a whole lies in spans of both, only the first, only the second, and neither.

    Parameters
    ----------
    spans_a, spans_b : list of (int, int)
        Start and end (exclusive); they may overlap, and what lies outside of the whole does not count.
    whole : (int, int)
        Start and end.

    Returns
    -------
    tuple of int
        Lengths; they add up to that of the whole.

    Examples
    --------
    >>> overlap_lengths([(0, 10), (8, 12)], [(5, 15)], (0, 100))
    (7, 5, 3, 85)
    """
    low, high = whole
    steps: list[tuple[int, int, int]] = []
    for which, spans in enumerate((spans_a, spans_b)):
        for start, end in spans:
            first, last = max(start, low), min(end, high)
            if first < last:
                steps += [(first, which, 1), (last, which, -1)]
    steps.sort()
    depth, lengths, at = [0, 0], [0, 0, 0, 0], low
    for place, which, step in [*steps, (high, 0, 0)]:
        inside = (depth[0] > 0, depth[1] > 0)
        lengths[{(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}[inside]] += (
            place - at
        )
        depth[which] += step
        at = place
    return lengths[0], lengths[1], lengths[2], lengths[3]


def _parts(
    own: pd.DataFrame, length: int | tuple[int, int], coders: tuple[str, str], columns: Sequence[str]
) -> tuple[int, int, int, int]:
    whole = (0, length) if isinstance(length, int) else length
    spans = [
        [(int(start), int(end)) for start, end in own.loc[own["coder"] == coder, list(columns)].to_numpy()]
        for coder in coders
    ]
    return overlap_lengths(spans[0], spans[1], whole)


def _overlap_row(
    parts: NDArray[np.float64], draws: int, level: float, rng: np.random.Generator | None
) -> dict[str, float]:
    total = parts.sum(axis=0)
    both, only_a, only_b, neither = total
    low = high = np.nan
    if rng is not None and len(parts) >= _FEWEST_CLUSTERS:
        weights = cluster_draws(len(parts), draws=draws, rng=rng)
        lows, highs = percentile_limits(_kappas(weights @ parts)[:, None], level=level)
        low, high = float(lows[0]), float(highs[0])
    either = both + only_a + only_b
    return {
        "both": int(both), "only_a": int(only_a), "only_b": int(only_b), "neither": int(neither),
        "share_a": float((both + only_a) / total.sum()), "share_b": float((both + only_b) / total.sum()),
        "percent": float((both + neither) / total.sum()), "kappa": float(_kappas(total[None])[0]),
        "kappa_low": low, "kappa_high": high, "overlap": float(both / either) if either else np.nan,
    }  # fmt: skip


def _kappas(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return kappa of rows of (both, only a, only b, neither); NaN where it is not defined."""
    whole = parts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (parts[:, 0] + parts[:, 3]) / whole
        a, b = (parts[:, 0] + parts[:, 1]) / whole, (parts[:, 0] + parts[:, 2]) / whole
        expected = a * b + (1 - a) * (1 - b)
        found: NDArray[np.float64] = np.where(
            expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan
        )
    return found
