"""Visits against the words on a creative: how many words a look is long enough for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.model.reading import ReadingSpeed, reading_speed
from gazestudy.statistics.groups import require_columns

READING_COLUMNS = (
    "placement_id",
    "words",
    "seconds_for_all_words",
    "n_visits",
    "n_participants",
    "median_visit_s",
    "median_visit_low_s",
    "median_visit_high_s",
    "readable_words",
    "readable_words_low",
    "readable_words_high",
    "n_long_enough",
    "long_enough_share",
    "long_enough_low",
    "long_enough_high",
    "language",
    "words_per_s",
    "find_s",
)
"""Columns of a table of visits against words."""

RULES = {
    "median_visit_s": "over visits with a fixation; limits by bootstrap over participants",
    "readable_words": "max(0, median visit - find_s) * words_per_s: what half of the visits are long enough "
    "for, if all of the visit went to the text",
    "long_enough_share": "visits of at least find_s + words / words_per_s, of n_visits; interval over "
    "participants",
}
"""How every figure is made, in words."""


def visits_against_words(
    visits: pd.DataFrame,
    words: Mapping[str, float],
    *,
    speeds: Mapping[str, ReadingSpeed] | ReadingSpeed | None = None,
    draws: int = 2000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return, per placement, how long a visit lasts and how many of its words that is enough for.

    Parameters
    ----------
    visits : DataFrame
        Contract `VISITS` with `participant_id`; visits to AOIs and those without a fixation are ignored.
    words : mapping of str to float
        Words on the creative of each placement; placements without an entry are left out.
    speeds : ReadingSpeed or mapping of str to ReadingSpeed, optional
        One for all, or by placement; None: English.
    draws : int
        Bootstrap draws of participants.
    level : float
        Confidence.
    rng : Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        One row per placement in the order of `words`, columns `READING_COLUMNS`; NaN where nobody looked.

    Raises
    ------
    ParameterError
        If a number of words is negative, or a placement has no reading speed.
    """
    from gazestudy.statistics.durations import clustered_median
    from gazestudy.statistics.intervals import clustered_share

    require_columns(visits, ["participant_id", "placement_id", "aoi_id", "duration_ms", "fixation_count"])
    looked = visits[(visits["aoi_id"] == "") & (visits["fixation_count"] > 0)]
    rows = []
    for placement, count in words.items():
        if not count >= 0:
            raise ParameterError(f"words on {placement}", count, "0 or more")
        speed = _speed(speeds, placement)
        needed = speed.seconds_for(count)
        mine = looked[looked["placement_id"] == placement]
        seconds, people = mine["duration_ms"] / 1000.0, mine["participant_id"]
        visit = clustered_median(seconds, people, draws=draws, level=level, rng=rng)
        enough = (seconds >= needed).groupby(people, sort=False)
        share = clustered_share(enough.sum(), enough.size(), level=level)
        limits = (visit.value, visit.low, visit.high)
        rows.append(
            (
                placement,
                float(count),
                needed,
                visit.n,
                visit.clusters,
                *limits,
                *speed.readable(limits).tolist(),
                int(share.numerator),
                *(share.value, share.low, share.high),
                *(speed.language, speed.words_per_s, speed.find_s),
            )
        )
    table = pd.DataFrame(rows, columns=list(READING_COLUMNS))
    facts = {"rules": RULES, "reading_speeds": sorted({_speed(speeds, name).source for name in words})}
    return Provenance("attention.reading", 1, {"draws": draws, "level": level}, facts).attach(table)


def _speed(speeds: Mapping[str, ReadingSpeed] | ReadingSpeed | None, placement: str) -> ReadingSpeed:
    if speeds is None:
        return reading_speed("en")
    if isinstance(speeds, ReadingSpeed):
        return speeds
    if placement not in speeds:
        raise ParameterError("reading speed", placement, "one for every placement with words")
    return speeds[placement]
