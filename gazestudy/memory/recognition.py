"""Recognition with foils: how well people tell what hung in the station from what never did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.bootstrap import cluster_draws, expanded_limits
from gazestudy.statistics.comparisons import benjamini_hochberg
from gazestudy.statistics.detection import recognition_arrays
from gazestudy.statistics.differences import clustered_share_difference
from gazestudy.statistics.groups import require_columns

Floats = NDArray[np.float64]

MEASURES = ("hit_rate", "false_alarm_rate", "d_prime", "criterion", "pr", "br")
"""Measures of recognition, see `statistics.detection.Recognition`."""

RULES = {
    "hit_rate, false_alarm_rate": "(yes + ½) / (pictures + 1), of targets and of foils",
    "d_prime": "z(hit_rate) − z(false_alarm_rate)",
    "criterion": "−(z(hit_rate) + z(false_alarm_rate)) / 2",
    "pr": "yes / targets − yes / foils, without correction",
    "br": "yes / foils / (1 − pr)",
    "targets": "pictures of placements that entered the view of the person; others are counted apart",
    "pooled": "sums over all people; lower than the mean over people where people differ in how readily they "
    "say yes",
    "true_recognition": "yes of a placement's pictures minus yes of its matched foils, same people",
}
"""How the measures are made, in words."""


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """Recognition of all people.

    Attributes
    ----------
    table : DataFrame
        One row per measure: `measure`, `pooled`, `low`, `high`, `mean_over_people`, `mean_low`, `mean_high`.
    people : DataFrame
        One row per participant: `participant_id`, `hits`, `targets`, `false_alarms`, `foils` and `MEASURES`;
        NaN where somebody saw no targets or no foils.
    hits, targets, false_alarms, foils : int
        Sums over everybody who saw both.
    participants : int
        Those who saw targets and foils.
    left_out : int
        Targets that never entered the view of the person, and so were none to this person.
    yes_to_left_out : int
        How many of those got a yes; as a share, near the false alarms if nothing else made them known.
    notes : tuple of str
        What is doubtful.
    """

    table: pd.DataFrame
    people: pd.DataFrame
    hits: int
    targets: int
    false_alarms: int
    foils: int
    participants: int
    left_out: int
    yes_to_left_out: int
    notes: tuple[str, ...]


def recognition_of_people(
    trials: pd.DataFrame, *, level: float = 0.95, draws: int = 2000, rng: np.random.Generator
) -> RecognitionResult:
    """Return measures of recognition per participant and pooled, with intervals over people.

    Parameters
    ----------
    trials : DataFrame
        Contract `RECOGNITION_TRIALS`. With a column `in_view`, targets that never entered the view of the
        person are left out and counted.
    level : float
        Confidence.
    draws : int
        Bootstrap draws over people.
    rng : Generator
        Source of randomness.

    Returns
    -------
    RecognitionResult

    Raises
    ------
    ParameterError
        If a column is missing, or nobody saw both targets and foils.

    Notes
    -----
    Pooled measures: sums over people, expanded percentile bootstrap over people. Means: over people who saw
    both, t interval. Equal-variance signal detection with the log-linear correction, which biases d′ of few
    pictures towards 0.

    References
    ----------
    Hautus (1995), doi:10.3758/BF03203619; Snodgrass and Corwin (1988), doi:10.1037/0096-3445.117.1.34.

    Examples
    --------
    >>> said = [1.0] * 8 + [0.0] * 2 + [1.0] * 3 + [0.0] * 7
    >>> trials = pd.DataFrame({"participant_id": "P1", "shown": ["target"] * 10 + ["foil"] * 10,
    ...                        "said_yes": said})
    >>> found = recognition_of_people(trials, rng=np.random.default_rng(0)).table.set_index("measure")
    >>> round(float(found.loc["d_prime", "pooled"]), 4)
    1.2206
    """
    require_columns(trials, ["participant_id", "shown", "said_yes"])
    used, left_out = _met(trials)
    counts = _counts(used)
    both = counts[(counts["targets"] > 0) & (counts["foils"] > 0)]
    if both.empty:
        raise ParameterError("trials", f"{len(used)} pictures", "people who saw targets and foils")
    people = counts.assign(**dict(zip(MEASURES, recognition_arrays(*counts.to_numpy().T), strict=True)))
    sums = both.to_numpy(dtype=float)
    total = sums.sum(axis=0)
    pooled = [float(value[0]) for value in recognition_arrays(*total[:, None])]
    weights = cluster_draws(len(both), draws=draws, rng=rng)
    drawn = np.column_stack(recognition_arrays(*(weights @ sums).T))
    low, high = expanded_limits(drawn, len(both), level=level)
    means = _means(people.loc[both.index, list(MEASURES)].to_numpy(dtype=float), level)
    table = pd.DataFrame(
        {
            "measure": MEASURES,
            "pooled": pooled,
            "low": low,
            "high": high,
            "mean_over_people": means[0],
            "mean_low": means[1],
            "mean_high": means[2],
        }
    )
    parameters = {"level": level, "draws": draws}
    return RecognitionResult(
        Provenance("memory.recognition", 1, parameters, {"rules": RULES}).attach(table),
        people.reset_index(),
        int(total[0]),
        int(total[1]),
        int(total[2]),
        int(total[3]),
        len(both),
        len(left_out),
        int(left_out["said_yes"].sum()),
        _notes(counts, both),
    )


def recognition_of_placements(
    trials: pd.DataFrame,
    *,
    matched: Mapping[str, Sequence[str]] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the true recognition of each placement: yes to its pictures minus yes to its matched foils.

    Parameters
    ----------
    trials : DataFrame
        Contract `RECOGNITION_TRIALS`, as for `recognition_of_people`.
    matched : mapping of str to sequence of str, optional
        Foils (stimuli) of each placement, such as those of its category. Placements that are not in it are
        compared with all foils, and `foils_are` says so.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        One row per placement: `placement_id`, `hits`, `targets`, `hit_rate`, `false_alarms`, `foils`,
        `false_alarm_rate`, `true_recognition`, `low`, `high`, `p_value`, `participants`, `foils_are` (matched
        or all), `method`, `p_adjusted` (Benjamini-Hochberg: exploratory). The foils are those shown to
        people who met the placement.
    """
    require_columns(trials, ["participant_id", "placement_id", "stimulus", "shown", "said_yes"])
    used, _ = _met(trials)
    targets, foils = used[used["shown"] == "target"], used[used["shown"] == "foil"]
    rows = []
    for placement_id, mine in targets.groupby("placement_id", sort=False):
        chosen = set((matched or {}).get(str(placement_id), ()))
        other = foils[foils["participant_id"].isin(set(mine["participant_id"]))]
        own = other[other["stimulus"].isin(chosen)]
        against = own if len(own) else other
        found = clustered_share_difference(
            mine["said_yes"],
            mine["participant_id"],
            against["said_yes"],
            against["participant_id"],
            level=level,
        )
        rows.append(
            {
                "placement_id": placement_id,
                "hits": int(mine["said_yes"].sum()),
                "targets": len(mine),
                "hit_rate": found.value_a,
                "false_alarms": int(against["said_yes"].sum()),
                "foils": len(against),
                "false_alarm_rate": found.value_b,
                "true_recognition": found.difference,
                "low": found.low,
                "high": found.high,
                "p_value": found.p_value,
                "participants": mine["participant_id"].nunique(),
                "foils_are": "matched" if len(own) else "all",
                "method": found.method,
            }
        )
    table = pd.DataFrame(rows)
    if len(table):
        table["p_adjusted"] = benjamini_hochberg(table["p_value"])
    return Provenance("memory.true_recognition", 1, {"level": level}, {"rules": RULES}).attach(table)


def matched_foils(stimuli: pd.DataFrame) -> dict[str, list[str]]:
    """Return the foils of the same category as each placement's pictures.

    Parameters
    ----------
    stimuli : DataFrame
        Contract `STIMULI`.

    Returns
    -------
    dict of str to list of str
        Stimuli of foils by placement; placements without a category or without such foils are missing.
    """
    foils = stimuli[(stimuli["shown"] == "foil") & (stimuli["category"] != "")]
    targets = stimuli[(stimuli["placement_id"] != "") & (stimuli["category"] != "")]
    pairs = (
        targets[["placement_id", "category"]]
        .drop_duplicates()
        .merge(foils[["stimulus", "category"]], on="category")
    )
    return {str(key): list(dict.fromkeys(rows["stimulus"])) for key, rows in pairs.groupby("placement_id")}


def _met(trials: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the trials that count, and targets that never were in view."""
    known = trials[trials["said_yes"].notna()]
    if "in_view" not in known:
        return known, known.iloc[:0]
    away = (known["shown"] == "target") & ~known["in_view"].astype(bool)
    return known[~away], known[away]


def _counts(trials: pd.DataFrame) -> pd.DataFrame:
    """Return hits, targets, false alarms and foils of each participant."""
    yes = trials["said_yes"].astype(float)
    is_target = trials["shown"] == "target"
    parts = {
        "hits": yes.where(is_target, 0.0),
        "targets": is_target.astype(float),
        "false_alarms": yes.where(~is_target, 0.0),
        "foils": (~is_target).astype(float),
    }
    table = pd.DataFrame(parts).groupby(trials["participant_id"], sort=False).sum()
    return table.astype(np.int64)


def _means(values: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Return means over people with t intervals, by column; people without a value are left out."""
    from scipy import stats

    n = np.isfinite(values).sum(axis=0)
    mean = np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)
    squares = np.nansum((values - mean) ** 2, axis=0)
    enough = n > 1
    error = np.sqrt(np.divide(squares, (n - 1) * n, out=np.full(len(n), np.nan), where=enough))
    wide = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * error
    return mean, mean - wide, mean + wide


def _notes(counts: pd.DataFrame, both: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    if len(both) < len(counts):
        notes.append(f"{len(counts) - len(both)} people saw no targets in view or no foils: left out")
    if both["foils"].sum() < both["targets"].sum():
        notes.append("fewer foils than targets: false alarms are known less well than hits")
    if both["targets"].median() < 5:
        notes.append("fewer than five targets for most people: single people's d′ say little")
    return tuple(notes)
