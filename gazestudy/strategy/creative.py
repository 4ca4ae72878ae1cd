"""Creative diagnosis: which AOIs catch the eye and when, is the brand seen, words against glance time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError
from gazestudy.statistics.groups import require_columns, share_by_group
from gazestudy.statistics.intervals import clustered_ratio

Floats = NDArray[np.float64]

WORDS_PER_S = 4.0
"""Adult silent reading of English, 238 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047)."""

FIND_TEXT_S = 0.3
"""Time until the text is found, an assumption."""


def glances_of(visits: pd.DataFrame) -> pd.DataFrame:
    """Return each glance at a placement: a visit with at least one fixation.

    Parameters
    ----------
    visits : DataFrame
        Contract `VISITS` with `recording_id` and `participant_id`; placements and AOIs.

    Returns
    -------
    DataFrame
        recording_id, participant_id, placement_id, onset_ns, offset_ns, glance_s, glance (its number).
    """
    require_columns(
        visits, ("recording_id", "participant_id", "placement_id", "aoi_id", "onset_ns", "offset_ns")
    )
    whole = visits[(visits["aoi_id"] == "") & (visits["fixation_count"] > 0)].reset_index(drop=True)
    table = whole[["recording_id", "participant_id", "placement_id", "onset_ns", "offset_ns"]].copy()
    table["glance_s"] = (whole["offset_ns"] - whole["onset_ns"]) / 1e9
    table["glance"] = np.arange(len(table))
    return table


def aois_in_glances(visits: pd.DataFrame, glances: pd.DataFrame) -> pd.DataFrame:
    """Return which AOIs were fixated in which glance, and how long after its start.

    Parameters
    ----------
    visits : DataFrame
        As for `glances_of`.
    glances : DataFrame
        From `glances_of`.

    Returns
    -------
    DataFrame
        glance, participant_id, placement_id, aoi_id, after_s (0 or more), order (1 is the first AOI of the
        glance). A visit to an AOI belongs to the glance that holds its start.
    """
    on_aois = visits[(visits["aoi_id"] != "") & (visits["fixation_count"] > 0)]
    keys = ["recording_id", "placement_id"]
    joined = on_aois[[*keys, "aoi_id", "onset_ns"]].merge(
        glances[[*keys, "participant_id", "glance", "onset_ns", "offset_ns"]], on=keys, suffixes=("_aoi", "")
    )
    inside = joined[
        (joined["onset_ns_aoi"] >= joined["onset_ns"]) & (joined["onset_ns_aoi"] <= joined["offset_ns"])
    ]
    first = inside.sort_values("onset_ns_aoi", kind="stable").drop_duplicates(["glance", "aoi_id"])
    first = first.assign(after_s=(first["onset_ns_aoi"] - first["onset_ns"]) / 1e9)
    first["order"] = first.groupby("glance")["after_s"].rank(method="min").astype(int)
    columns = ["glance", "participant_id", "placement_id", "aoi_id", "after_s", "order"]
    return first[columns].sort_values(["glance", "order"], kind="stable", ignore_index=True)


AOI_COLUMNS = (
    "placement_id",
    "aoi_id",
    "glances",
    "caught",
    "caught_low",
    "caught_high",
    "numerator",
    "n_participants",
    "first_share",
    "first_low",
    "first_high",
    "median_after_s",
    "method",
)
"""Columns of the table of AOIs; the denominator is the number of glances."""


def aoi_table(
    visits: pd.DataFrame, aois: Collection[tuple[str, str]], *, level: float = 0.95
) -> pd.DataFrame:
    """Return how often each AOI was fixated in a glance, how often first, and when.

    Parameters
    ----------
    visits : DataFrame
        As for `glances_of`.
    aois : collection of (placement_id, aoi_id)
        AOIs of the study; those that nobody fixated have a row too.
    level : float
        Confidence of the intervals over people.

    Returns
    -------
    DataFrame
        `AOI_COLUMNS`. `median_after_s` is over glances that reached the AOI, from the start of the glance;
        glances that ended before are in the denominator of `caught`, not in the median.
    """
    glances = glances_of(visits)
    met = aois_in_glances(visits, glances)
    rows = []
    for placement_id, aoi_id in aois:
        own = glances[glances["placement_id"] == placement_id]
        mine = met[(met["placement_id"] == placement_id) & (met["aoi_id"] == aoi_id)]
        row: dict[str, object] = {"placement_id": placement_id, "aoi_id": aoi_id, "glances": len(own)}
        if own.empty:
            rows.append(row | {"method": "nobody looked at the placement"})
            continue
        first = set(mine.loc[mine["order"] == 1, "glance"])
        caught = _share(own, own["glance"].isin(set(mine["glance"])), level)
        led = _share(own, own["glance"].isin(first), level)
        rows.append(
            row
            | {
                "caught": caught["value"],
                "caught_low": caught["low"],
                "caught_high": caught["high"],
                "numerator": caught["numerator"],
                "n_participants": caught["n_participants"],
                "first_share": led["value"],
                "first_low": led["low"],
                "first_high": led["high"],
                "median_after_s": float(mine["after_s"].median()) if len(mine) else float("nan"),
                "method": caught["method"],
            }
        )
    return pd.DataFrame(rows, columns=list(AOI_COLUMNS))


BRAND_COLUMNS = (
    "placement_id",
    "glances",
    "numerator",
    "n_participants",
    "brand_seen",
    "brand_low",
    "brand_high",
    "median_after_s",
    "median_glance_s",
    "verdict",
)


def brand_table(
    visits: pd.DataFrame, brand_aois: Mapping[str, Collection[str]], *, level: float = 0.95
) -> pd.DataFrame:
    """Return how often the brand was fixated before the glance ended.

    Parameters
    ----------
    visits : DataFrame
        As for `glances_of`.
    brand_aois : mapping of str to collection of str
        Placement to its AOIs that show the brand.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        `BRAND_COLUMNS`, one row per placement; `verdict` in words, which says when it is open.
    """
    glances = glances_of(visits)
    met = aois_in_glances(visits, glances)
    rows = []
    for placement_id, wanted in brand_aois.items():
        own = glances[glances["placement_id"] == placement_id]
        row: dict[str, object] = {"placement_id": placement_id, "glances": len(own)}
        if own.empty:
            rows.append(row | {"verdict": "nobody looked at the placement"})
            continue
        mine = met[(met["placement_id"] == placement_id) & met["aoi_id"].isin(list(wanted))]
        seen = _share(own, own["glance"].isin(set(mine["glance"])), level)
        after = mine.groupby("glance")["after_s"].min()
        rows.append(
            row
            | {
                "numerator": seen["numerator"],
                "n_participants": seen["n_participants"],
                "brand_seen": seen["value"],
                "brand_low": seen["low"],
                "brand_high": seen["high"],
                "median_after_s": float(after.median()) if len(after) else float("nan"),
                "median_glance_s": float(own["glance_s"].median()),
                "verdict": _verdict(seen),
            }
        )
    return pd.DataFrame(rows, columns=list(BRAND_COLUMNS))


def _verdict(seen: Mapping[str, object]) -> str:
    low, high = float(str(seen["low"])), float(str(seen["high"]))
    if not np.isfinite(low):
        return f"open: {seen['method']}"
    if high < 0.5:
        return "most glances end before the brand is seen"
    if low > 0.5:
        return "most glances reach the brand"
    return "open: the interval holds both more and less than half of the glances"


def readable_words(
    glance_s: ArrayLike, *, words_per_s: float = WORDS_PER_S, find_text_s: float = FIND_TEXT_S
) -> Floats:
    """Return how many words can be read in a glance: max(0, (t − t₀) r).

    Parameters
    ----------
    glance_s : array
        Length of the glance, s.
    words_per_s : float
        Reading speed r; depends on language and reader.
    find_text_s : float
        Time t₀ until the text is found, s.

    Examples
    --------
    >>> readable_words([0.2, 1.3, 2.05]).round(6).tolist()
    [0.0, 4.0, 7.0]
    """
    if not words_per_s > 0 or find_text_s < 0:
        raise ParameterError("words_per_s, find_text_s", (words_per_s, find_text_s), "above 0, and 0 or more")
    return np.maximum((np.asarray(glance_s, dtype=float) - find_text_s) * words_per_s, 0.0)


WORD_COLUMNS = (
    "placement_id",
    "words",
    "words_per_s",
    "needed_s",
    "glances",
    "n_participants",
    "read_all",
    "read_all_low",
    "read_all_high",
    "numerator",
    "mean_readable_words",
    "readable_low",
    "readable_high",
    "verdict",
)


def word_table(
    glances: pd.DataFrame,
    words: Mapping[str, int],
    *,
    words_per_s: float = WORDS_PER_S,
    words_per_s_of: Mapping[str, float] | None = None,
    find_text_s: float = FIND_TEXT_S,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return whether glances are long enough for the words on the creative.

    Parameters
    ----------
    glances : DataFrame
        participant_id, placement_id, glance_s; from `glances_of`.
    words : mapping of str to int
        Words on the creative of each placement.
    words_per_s, find_text_s : float
        As for `readable_words`.
    words_per_s_of : mapping of str to float, optional
        Reading speed of placements whose creative is in another language.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        `WORD_COLUMNS`. `read_all` is the share of glances of at least t₀ + words / r. Glances that end early
        may have ended because all was read: it is a limit of what could be read, not what was.
    """
    require_columns(glances, ("participant_id", "placement_id", "glance_s"))
    rows = []
    for placement_id, count in words.items():
        speed = (words_per_s_of or {}).get(placement_id, words_per_s)
        needed = find_text_s + count / speed
        own = glances[glances["placement_id"] == placement_id]
        row: dict[str, object] = {
            "placement_id": placement_id,
            "words": count,
            "words_per_s": speed,
            "needed_s": needed,
            "glances": len(own),
        }
        if own.empty:
            rows.append(row | {"verdict": "nobody looked at the placement"})
            continue
        read = _share(own, own["glance_s"] >= needed, level)
        legible = readable_words(own["glance_s"], words_per_s=speed, find_text_s=find_text_s)
        sums = pd.DataFrame({"part": legible, "whole": 1.0, "person": own["participant_id"].to_numpy()})
        by_person = sums.groupby("person").sum()
        mean = clustered_ratio(by_person["part"], by_person["whole"], level=level)
        rows.append(
            row
            | {
                "n_participants": read["n_participants"],
                "read_all": read["value"],
                "read_all_low": read["low"],
                "read_all_high": read["high"],
                "numerator": read["numerator"],
                "mean_readable_words": mean.value,
                "readable_low": mean.low,
                "readable_high": mean.high,
                "verdict": _word_verdict(count, read, mean.high),
            }
        )
    return pd.DataFrame(rows, columns=list(WORD_COLUMNS))


def _word_verdict(count: int, read: Mapping[str, object], readable_high: float) -> str:
    if count == 0:
        return "no words"
    if not np.isfinite(float(str(read["low"]))):
        return f"open: {read['method']}"
    if float(str(read["high"])) < 0.5:
        return f"too many words for most glances: {count}, while {readable_high:.1f} or fewer can be read"
    if float(str(read["low"])) > 0.5:
        return "most glances are long enough for all words"
    return "open: the interval holds both more and less than half of the glances"


def _share(rows: pd.DataFrame, hit: pd.Series, level: float) -> dict[str, object]:
    table = pd.DataFrame({"participant_id": rows["participant_id"].to_numpy(), "hit": hit.to_numpy()})
    found = share_by_group(table, "hit", level=level).iloc[0].to_dict()
    return {str(name): value for name, value in found.items()}
