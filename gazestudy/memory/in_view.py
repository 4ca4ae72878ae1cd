"""What entered whose view: one row per participant and placement from the attention of all recordings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.model.tables import VIEWED_MS

KEYS = ["participant_id", "placement_id"]

RULES = {
    "exposed_s": "sum over the exposures of all recordings of the person that pass min_visible_share and "
    "min_angle_deg",
    "visible_share": "mean of the visible shares of these exposures, weighted with their time",
    "blocked_s": "sum of exposure time times (1 - visible share): hidden by people or things, or outside the "
    "picture",
    "fixated": "at least one fixation of min_fixation_ms or longer that overlaps such an exposure",
    "dwell_s": "sum of the whole durations of these fixations; 0 where there is none",
    "ttff_s": "time in view before the first of them, through all recordings in their order",
    "censored_at_s": "exposed_s where there is none, on the scale of ttff_s",
    "in view": "exposed_s is min_exposed_s or more, and above 0",
}
"""How the attention columns of the memory cases are made, in words."""

_PIECES = [
    "exposure_count",
    "exposed_s",
    "max_angle_deg",
    "visible_share",
    "fixation_count",
    "visit_count",
    "dwell_s",
    "first_s",
]


def cases_in_view(
    metrics: pd.DataFrame,
    *,
    exposures: pd.DataFrame | None = None,
    fixations: pd.DataFrame | None = None,
    min_exposed_s: float = 0.0,
    min_visible_share: float = 0.0,
    min_angle_deg: float = 0.0,
    min_fixation_ms: float = VIEWED_MS,
) -> pd.DataFrame:
    """Return one row per participant and placement that entered the participant's view.

    Parameters
    ----------
    metrics : DataFrame
        Contract `METRICS` of all recordings, with `segment` and `daypart` where known. Recordings of one
        person count in the order in which they come.
    exposures, fixations : DataFrame, optional
        Contracts `EXPOSURES` and `MAPPED_FIXATIONS` of the same recordings, with `recording_id`. Both or
        none; without them the exposures and fixations that `metrics` counted are taken as they are, and
        `min_fixation_ms` has no effect.
    min_exposed_s : float
        Shorter times in view, summed per person and placement, are no case, s.
    min_visible_share : float
        Exposures with a smaller mean visible share do not count, 0 to 1. Without `exposures` it is held
        against the mean of the recording.
    min_angle_deg : float
        Exposures in which the width never is as large do not count, deg; those of unknown angle do.
    min_fixation_ms : float
        Shorter fixations do not count, ms. The default is that of the metrics.

    Returns
    -------
    DataFrame
        The columns of `MEMORY_CASES` that come from recordings, with `recording_id` (the first) and
        `recordings` (how many); parameters, rules, and how many cases fell away in the provenance.

    Raises
    ------
    ParameterError
        If a parameter does not fit, or only one of `exposures` and `fixations` is given.
    """
    _check(min_exposed_s, min_visible_share, min_angle_deg, min_fixation_ms)
    if (exposures is None) != (fixations is None):
        raise ParameterError("exposures, fixations", "one of them", "both tables, or none")
    whole = metrics[metrics["aoi_id"] == ""].reset_index(drop=True)
    if exposures is None or fixations is None:
        pieces = _from_metrics(whole, min_visible_share, min_angle_deg)
        rule = "as the metrics counted them"
    else:
        pieces = _from_events(whole, exposures, fixations, min_visible_share, min_angle_deg, min_fixation_ms)
        rule = f"fixations of {min_fixation_ms:g} ms or longer"
    merged = _merge_recordings(pieces)
    kept = merged[(merged["exposed_s"] > 0) & (merged["exposed_s"] >= min_exposed_s)].reset_index(drop=True)
    met = whole.groupby(KEYS)["exposure_count"].sum().gt(0)
    facts = {
        "rules": RULES,
        "fixated": rule,
        "cases": len(kept),
        "cases_in_view_that_fell_under_the_limits": int(met.sum()) - len(kept),
        "participants": int(kept["participant_id"].nunique()),
        "recordings": int(whole["recording_id"].nunique()),
    }
    parameters = {
        "min_exposed_s": min_exposed_s,
        "min_visible_share": min_visible_share,
        "min_angle_deg": min_angle_deg,
        "min_fixation_ms": min_fixation_ms if exposures is not None else None,
    }
    return Provenance("memory.in_view", 1, parameters, facts).attach(kept)


def _check(
    min_exposed_s: float, min_visible_share: float, min_angle_deg: float, min_fixation_ms: float
) -> None:
    for name, value in (
        ("min_exposed_s", min_exposed_s),
        ("min_angle_deg", min_angle_deg),
        ("min_fixation_ms", min_fixation_ms),
    ):
        if not value >= 0:
            raise ParameterError(name, value, "0 or more")
    if not 0 <= min_visible_share <= 1:
        raise ParameterError("min_visible_share", min_visible_share, "a share from 0 to 1")


def _who(whole: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that say who and when, with the order of the recordings."""
    who = whole[["recording_id", *KEYS]].copy()
    for name in ("segment", "daypart"):
        who[name] = whole[name].astype("str") if name in whole else ""
    who["order"] = pd.factorize(whole["recording_id"])[0]
    return who


def _from_metrics(whole: pd.DataFrame, min_share: float, min_angle: float) -> pd.DataFrame:
    share, angle = whole["visible_share_mean"], whole["width_deg_max"]
    enough = (whole["exposure_count"] > 0) & ((share >= min_share) | (share.isna() & (min_share <= 0)))
    enough &= (angle >= min_angle) | angle.isna()
    pieces = _who(whole)
    pieces["exposure_count"] = whole["exposure_count"]
    pieces["exposed_s"] = whole["exposure_ms"] / 1000
    pieces["max_angle_deg"], pieces["visible_share"] = angle, share
    pieces["fixation_count"], pieces["visit_count"] = whole["fixation_count"], whole["visit_count"]
    pieces["dwell_s"] = whole["dwell_ms"] / 1000
    pieces["first_s"] = whole["exposure_to_first_fixation_ms"] / 1000
    return pieces[enough]


def _from_events(
    whole: pd.DataFrame,
    exposures: pd.DataFrame,
    fixations: pd.DataFrame,
    min_share: float,
    min_angle: float,
    min_fixation_ms: float,
) -> pd.DataFrame:
    """Count anew from exposures that are large enough and fixations that are long enough."""
    share, angle = exposures["visible_share_mean"], exposures["width_deg_max"]
    large = (share >= min_share) | (share.isna() & (min_share <= 0))
    seen = exposures[large & ((angle >= min_angle) | angle.isna())].sort_values("onset_ns", kind="stable")
    long = fixations[fixations["duration_ms"] >= min_fixation_ms]
    by = ["recording_id", "placement_id"]
    long = long.sort_values("on_share", ascending=False, kind="stable").drop_duplicates([*by, "event_id"])
    looks = dict(list(long.sort_values("onset_ns", kind="stable").groupby(by)))
    rows = []
    for key, spans in seen.groupby(by, sort=False):
        first_s, count, dwell_s = _looks(spans, looks.get(key))
        lasted = spans["duration_ms"].to_numpy(float) / 1000
        total = float(lasted.sum())
        mean = (
            float((spans["visible_share_mean"].to_numpy(float) * lasted).sum() / total) if total else np.nan
        )
        rows.append((*key, len(spans), total, spans["width_deg_max"].max(), mean, count, dwell_s, first_s))
    names = [name for name in _PIECES if name != "visit_count"]
    found = pd.DataFrame(rows, columns=[*by, *names])
    pieces = _who(whole).merge(found, on=by)
    visits = whole.set_index(by)["visit_count"]
    counted = visits.reindex(pd.MultiIndex.from_frame(pieces[by])).fillna(0).to_numpy(np.int64)
    pieces["visit_count"] = np.where(pieces["fixation_count"] > 0, np.maximum(counted, 1), 0)
    return pieces


def _looks(spans: pd.DataFrame, looks: pd.DataFrame | None) -> tuple[float, int, float]:
    """Return time in view before the first fixation (s), how many overlap an exposure, and their time (s)."""
    if looks is None:
        return float("nan"), 0, 0.0
    begin, end = spans["onset_ns"].to_numpy(np.int64), spans["offset_ns"].to_numpy(np.int64)
    onset, offset = looks["onset_ns"].to_numpy(np.int64), looks["offset_ns"].to_numpy(np.int64)
    inside = np.any((onset[:, None] < end) & (offset[:, None] > begin), axis=1)
    if not inside.any():
        return float("nan"), 0, 0.0
    first = onset[inside][0]
    before_s = float(np.clip(first - begin, 0, end - begin).sum()) / 1e9
    return before_s, int(inside.sum()), float(looks["duration_ms"].to_numpy(float)[inside].sum()) / 1000


def _merge_recordings(pieces: pd.DataFrame) -> pd.DataFrame:
    """Put the recordings of a person together, in their order."""
    ordered = pieces.sort_values(["order"], kind="stable").reset_index(drop=True)
    lasted = ordered["exposed_s"]
    shown = ordered["visible_share"]
    ordered["share_s"] = shown * lasted
    groups = ordered.groupby(KEYS, sort=False)
    earlier = groups["exposed_s"].cumsum() - lasted
    ordered["first_s"] = earlier + ordered["first_s"]
    result = groups.agg(
        segment=("segment", "first"),
        daypart=("daypart", lambda names: "+".join(dict.fromkeys(name for name in names if name))),
        recording_id=("recording_id", "first"),
        recordings=("recording_id", "nunique"),
        exposure_count=("exposure_count", "sum"),
        exposed_s=("exposed_s", "sum"),
        max_angle_deg=("max_angle_deg", "max"),
        share_s=("share_s", lambda values: values.sum(skipna=False)),
        fixation_count=("fixation_count", "sum"),
        visit_count=("visit_count", "sum"),
        dwell_s=("dwell_s", "sum"),
        ttff_s=("first_s", "min"),
    ).reset_index()
    share_s = result.pop("share_s").astype(float)
    result["visible_share"] = share_s / result["exposed_s"].where(result["exposed_s"] > 0)
    result["blocked_s"] = result["exposed_s"] - share_s
    result["fixated"] = result["fixation_count"] > 0
    result["censored_at_s"] = result["exposed_s"].where(~result["fixated"])
    floats = [
        "exposed_s",
        "max_angle_deg",
        "dwell_s",
        "ttff_s",
        "censored_at_s",
        "visible_share",
        "blocked_s",
    ]
    counts = ["exposure_count", "fixation_count", "visit_count", "recordings"]
    result = result.astype({**dict.fromkeys(floats, np.float64), **dict.fromkeys(counts, np.int64)})
    return result.astype(dict.fromkeys([*KEYS, "segment", "daypart", "recording_id"], "str"))
