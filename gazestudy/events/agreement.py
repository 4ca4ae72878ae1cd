"""How far two codings of the same gaze agree: two detectors, or a detector and a person.

Sample by sample, Cohen's kappa says how much two codings agree beyond chance. Event by event, F1 says how
many events of the one have a partner of their own in the other. Both are needed: one saccade that is missed
in the middle of a long fixation costs hardly any kappa, but two events. Counts add up over recordings, so
that pooled figures come from summed counts.

References
----------
Cohen J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20,
37-46. doi:10.1177/001316446002000104
Hooge I. T. C., Niehorster D. C., Nystroem M., Andersson R., Hessels R. S. (2018). Is human classification
by experienced untrained observers a gold standard in fixation detection? Behavior Research Methods 50,
1864-1881. doi:10.3758/s13428-017-0955-x
Zemblys R., Niehorster D. C., Holmqvist K. (2019). gazeNet: end-to-end eye-movement event detection with deep
neural networks. Behavior Research Methods 51, 840-864. doi:10.3758/s13428-018-1133-5
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.tables import EVENT_KINDS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MatchBy = Literal["overlap", "iou"]

SLOW = ("fixation", "pursuit")
"""Slow phases: gaze rests on something, which may move."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Events of two codings that were matched one to one.

    Attributes
    ----------
    n_one, n_other : int
        Events of the class in each coding.
    n_matched : int
        Pairs.
    """

    n_one: int
    n_other: int
    n_matched: int

    def __add__(self, other: Matches) -> Matches:
        return Matches(
            self.n_one + other.n_one, self.n_other + other.n_other, self.n_matched + other.n_matched
        )

    @property
    def f1(self) -> float:
        """2 matched / (events of the one + events of the other); NaN if neither has any."""
        total = self.n_one + self.n_other
        return 2.0 * self.n_matched / total if total else float("nan")


def sample_kinds(events: pd.DataFrame, n: int) -> NDArray[np.int8]:
    """Return the class of each sample of an event table.

    Parameters
    ----------
    events : DataFrame
        Contract `GAZE_EVENTS`.
    n : int
        Number of gaze samples.

    Returns
    -------
    ndarray of int8, shape (n,)
        Positions in `EVENT_KINDS`; that of "unclassified" where no event lies.

    Examples
    --------
    >>> kinds = ["fixation", "saccade"]
    >>> events = pd.DataFrame({"kind": kinds, "first_sample": [0, 3], "last_sample": [2, 3]})
    >>> sample_kinds(events, 5).tolist()
    [0, 0, 0, 1, 5]
    """
    kinds = pd.Categorical(events["kind"], categories=list(EVENT_KINDS)).codes
    return _by_sample(events, kinds, n, EVENT_KINDS.index("unclassified")).astype(np.int8)


def _by_sample(events: pd.DataFrame, values: NDArray[Any], n: int, fill: int) -> Ints:
    """Give each sample the value of its event, `fill` where there is none."""
    first, last = events["first_sample"].to_numpy(np.int64), events["last_sample"].to_numpy(np.int64)
    length = last - first + 1
    rows = np.arange(int(length.sum())) + np.repeat(first - (np.cumsum(length) - length), length)
    spread = np.full(n, fill, dtype=np.int64)
    spread[rows] = np.repeat(np.asarray(values, dtype=np.int64), length)
    return spread


def confusion(one: NDArray[Any], other: NDArray[Any], n_classes: int) -> Ints:
    """Count how often each class of one coding meets each class of the other.

    Parameters
    ----------
    one, other : ndarray of int, shape (n,)
        Class of each sample, 0 to `n_classes` - 1.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Row: class in `one`; column: class in `other`. Tables of several recordings may be added.

    Raises
    ------
    ParameterError
        If the codings differ in length or hold other classes.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    a, b = np.asarray(one).astype(np.int64), np.asarray(other).astype(np.int64)
    if a.shape != b.shape or a.ndim != 1:
        raise ParameterError("other", b.shape, f"as many samples as the first coding has, {a.shape}")
    for name, codes in (("one", a), ("other", b)):
        if len(codes) and not (codes.min() >= 0 and codes.max() < n_classes):
            raise ParameterError(name, [int(codes.min()), int(codes.max())], f"classes 0 to {n_classes - 1}")
    counts = np.bincount(a * n_classes + b, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def kappa(counts: NDArray[Any], classes: Sequence[int] | None = None) -> float:
    """Return Cohen's kappa.

    Parameters
    ----------
    counts : ndarray of int, shape (k, k)
        From `confusion`.
    classes : sequence of int, optional
        These classes together against all others; None: all classes against each other.

    Returns
    -------
    float
        1: equal; 0: as chance would have it; NaN where chance alone agrees fully (one class everywhere in
        both codings, or no samples).

    Notes
    -----
    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of samples on which the codings agree and
    p_e = sum_c p_c q_c from the shares of each class in either (Cohen 1960).

    Examples
    --------
    >>> round(kappa(np.array([[20, 5], [10, 15]])), 3)
    0.4
    """
    table = np.asarray(counts, dtype=np.float64)
    if classes is not None:
        table = _against_rest(table, classes)
    total = table.sum()
    if total == 0:
        return float("nan")
    observed = np.trace(table) / total
    chance = float(table.sum(axis=1) @ table.sum(axis=0)) / total**2
    return float((observed - chance) / (1.0 - chance)) if chance < 1.0 else float("nan")


def sample_f1(counts: NDArray[Any], classes: Sequence[int]) -> float:
    """Return the F1 of samples of some classes together: 2 both / (in the one + in the other).

    Parameters
    ----------
    counts : ndarray of int, shape (k, k)
        From `confusion`.
    classes : sequence of int
        The classes.

    Returns
    -------
    float
        0 to 1; NaN where no sample has them in either coding.

    Examples
    --------
    >>> round(sample_f1(np.array([[20, 5], [10, 15]]), [0]), 3)
    0.727
    """
    both, only_one, only_other = _against_rest(np.asarray(counts, dtype=np.float64), classes).ravel()[:3]
    total = 2.0 * both + only_one + only_other
    return float(2.0 * both / total) if total else float("nan")


def _against_rest(table: Floats, classes: Sequence[int]) -> Floats:
    inside = np.zeros(len(table), dtype=bool)
    inside[list(classes)] = True
    groups = [inside, ~inside]
    return np.array([[table[np.ix_(rows, columns)].sum() for columns in groups] for rows in groups])


def runs_of(yes: NDArray[Any], part: NDArray[Any] | None = None) -> tuple[Ints, Ints]:
    """Return the runs of True.

    Parameters
    ----------
    yes : ndarray of bool, shape (n,)
        Whether a sample has the class.
    part : ndarray, shape (n,), optional
        Runs do not cross parts (or trials that were put one after the other).

    Returns
    -------
    start, end : ndarray of int64, shape (m,)
        First sample, and the one after the last.

    Examples
    --------
    >>> start, end = runs_of(np.array([1, 1, 0, 1], dtype=bool))
    >>> start.tolist(), end.tolist()
    ([0, 3], [2, 4])
    """
    inside = np.asarray(yes, dtype=bool)
    if len(inside) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    breaks = np.zeros(len(inside) + 1, dtype=bool)
    if part is not None:
        breaks[1:-1] = np.asarray(part)[1:] != np.asarray(part)[:-1]
    before, after = np.append(False, inside), np.append(inside, False)
    start, end = after & (~before | breaks), before & (~after | breaks)
    return np.flatnonzero(start).astype(np.int64), np.flatnonzero(end).astype(np.int64)


def match_events(
    one: tuple[NDArray[Any], NDArray[Any]],
    other: tuple[NDArray[Any], NDArray[Any]],
    *,
    by: MatchBy = "overlap",
    iou_min: float = 0.0,
) -> Ints:
    """Match events of two codings one to one, best pairs first.

    Parameters
    ----------
    one, other : (ndarray, ndarray), each of shape (m,)
        Start and end of each event, the end not included (samples or times); in order, without overlap
        within a coding.
    by : {"overlap", "iou"}
        What makes a pair good: the length of the overlap, or overlap / union.
    iou_min : float
        Pairs whose overlap / union is less are none, 0 to 1.

    Returns
    -------
    ndarray of int64, shape (k, 2)
        Positions in `one` and in `other`, in order.

    Raises
    ------
    ParameterError
        For another `by` or `iou_min`.

    Notes
    -----
    Of all pairs that overlap, the best is taken, then the best of events still free, and so on; of equals
    the earlier. By overlap with `iou_min` 0 this is the rule of largest overlap (Zemblys et al. 2019); 0.5 or
    more asks that a pair share most of its time.

    Examples
    --------
    >>> one, other = (np.array([0, 10]), np.array([8, 20])), (np.array([1, 6]), np.array([5, 20]))
    >>> match_events(one, other).tolist()
    [[0, 0], [1, 1]]
    """
    if by not in ("overlap", "iou"):
        raise ParameterError("by", by, "overlap or iou")
    if not 0.0 <= iou_min <= 1.0:
        raise ParameterError("iou_min", iou_min, "0 to 1")
    (start_a, end_a), (start_b, end_b) = one, other
    # Both are in order, so the partners of an event are neighbours: at most m + k pairs in all.
    low = np.searchsorted(end_b, start_a, side="right")
    high = np.searchsorted(start_b, end_a, side="left")
    n = np.maximum(high - low, 0)
    a = np.repeat(np.arange(len(start_a)), n)
    b = np.arange(len(a)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(low, n)
    shared = (np.minimum(end_a[a], end_b[b]) - np.maximum(start_a[a], start_b[b])).astype(np.float64)
    union = (end_a[a] - start_a[a]) + (end_b[b] - start_b[b]) - shared
    iou = shared / np.where(union > 0, union, 1)
    good = (shared > 0) & (iou >= iou_min)
    a, b, rank = a[good], b[good], (shared if by == "overlap" else iou)[good]
    free_a, free_b = np.ones(len(start_a), dtype=bool), np.ones(len(start_b), dtype=bool)
    kept = []
    for k in np.argsort(-rank, kind="stable"):
        if free_a[a[k]] and free_b[b[k]]:
            free_a[a[k]] = free_b[b[k]] = False
            kept.append(k)
    chosen = np.sort(np.array(kept, dtype=np.int64))
    return np.column_stack([a[chosen], b[chosen]]).astype(np.int64)


def event_matches(
    one: NDArray[Any],
    other: NDArray[Any],
    *,
    part: NDArray[Any] | None = None,
    by: MatchBy = "overlap",
    iou_min: float = 0.0,
) -> Matches:
    """Match the events of one class, given sample by sample; `.f1` of the result is the event F1.

    Parameters
    ----------
    one, other : ndarray of bool, shape (n,)
        Whether each sample has the class in either coding; a run of True is an event.
    part : ndarray, shape (n,), optional
        No event crosses parts.
    by, iou_min
        See `match_events`.

    Returns
    -------
    Matches
        May be added over recordings.

    Examples
    --------
    >>> event_matches(np.array([1, 1, 0, 1], dtype=bool), np.array([1, 1, 1, 1], dtype=bool)).f1
    0.6666666666666666
    """
    runs_a, runs_b = runs_of(one, part), runs_of(other, part)
    pairs = match_events(runs_a, runs_b, by=by, iou_min=iou_min)
    return Matches(len(runs_a[0]), len(runs_b[0]), len(pairs))


AGREEMENT_COLUMNS = (
    "kind",
    "n_one",
    "n_other",
    "n_matched",
    "event_f1",
    "kappa",
    "sample_f1",
    "duration_one_ms",
    "duration_other_ms",
    "onset_shift_ms",
    "onset_sd_ms",
    "offset_shift_ms",
    "offset_sd_ms",
)
"""See `compare_events`."""


def compare_events(
    one: pd.DataFrame, other: pd.DataFrame, n: int, *, by: MatchBy = "overlap", iou_min: float = 0.0
) -> pd.DataFrame:
    """Compare two event tables of the same gaze, class by class.

    Parameters
    ----------
    one, other : DataFrame
        Contract `GAZE_EVENTS`.
    n : int
        Number of gaze samples that both were made from.
    by, iou_min
        See `match_events`.

    Returns
    -------
    DataFrame
        One row for each class that occurs in either; "slow" where there is pursuit: it and fixation as one
        class; "all": every class against every other, events matched within their class. Columns
        `AGREEMENT_COLUMNS`: events of either and matched ones, event F1, kappa, F1 of samples; median
        durations (ms); mean and standard deviation of onset and offset, other minus one, over matched pairs
        (ms), the relative timing offset and deviation
        of Hooge et al. (2018). NaN where undefined.
    """
    kinds_one, kinds_other = sample_kinds(one, n), sample_kinds(other, n)
    counts = confusion(kinds_one, kinds_other, len(EVENT_KINDS))
    present = {*one["kind"].astype(str), *other["kind"].astype(str)}
    rows: list[dict[str, Any]] = []
    for code, kind in enumerate(EVENT_KINDS):
        if kind in present:
            agreed = {"kappa": kappa(counts, [code]), "sample_f1": sample_f1(counts, [code])}
            rows.append({"kind": kind, **_events_of(one, other, kind, by, iou_min), **agreed})
    if "pursuit" in present:
        slow = [EVENT_KINDS.index(kind) for kind in SLOW]
        part = _by_sample(one, one["part"].to_numpy(), n, -1)
        runs = np.isin(kinds_one, slow), np.isin(kinds_other, slow)
        found = _counted(event_matches(*runs, part=part, by=by, iou_min=iou_min))
        rows.append(
            {"kind": "slow", **found, "kappa": kappa(counts, slow), "sample_f1": sample_f1(counts, slow)}
        )
    matched = sum(row["n_matched"] for row in rows if row["kind"] != "slow")
    rows.append({"kind": "all", **_counted(Matches(len(one), len(other), matched)), "kappa": kappa(counts)})
    return pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))


def _counted(matches: Matches) -> dict[str, Any]:
    return {
        "n_one": matches.n_one,
        "n_other": matches.n_other,
        "n_matched": matches.n_matched,
        "event_f1": matches.f1,
    }


def _events_of(
    one: pd.DataFrame, other: pd.DataFrame, kind: str, by: MatchBy, iou_min: float
) -> dict[str, Any]:
    a, b = one[one["kind"] == kind], other[other["kind"] == kind]
    spans = [
        (rows["first_sample"].to_numpy(np.int64), rows["last_sample"].to_numpy(np.int64) + 1)
        for rows in (a, b)
    ]
    pairs = match_events(spans[0], spans[1], by=by, iou_min=iou_min)
    found = _counted(Matches(len(a), len(b), len(pairs)))
    for name, rows in (("one", a), ("other", b)):
        found[f"duration_{name}_ms"] = float(rows["duration_ms"].median()) if len(rows) else np.nan
    for edge in ("onset", "offset"):
        at_a, at_b = (rows[f"{edge}_ns"].to_numpy(np.int64) for rows in (a, b))
        shift_ms = (at_b[pairs[:, 1]] - at_a[pairs[:, 0]]) / 1e6
        found[f"{edge}_shift_ms"] = float(shift_ms.mean()) if len(pairs) else np.nan
        found[f"{edge}_sd_ms"] = float(shift_ms.std(ddof=1)) if len(pairs) > 1 else np.nan
    return found
