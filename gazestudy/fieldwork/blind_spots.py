"""Whether people who pass often notice less: a test with an interval, never a claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.fieldwork import ANSWERS
from gazestudy.statistics.intervals import Estimate, clustered_share

_FEWEST_PEOPLE = 10
_YES = ("yes", "y", "1", "true", "noticed")
_NO = ("no", "n", "0", "false", "not_noticed")


@dataclass(frozen=True, slots=True)
class BlindSpotTest:
    """Notice rate against passages per month.

    Attributes
    ----------
    ratio, low, high : float
        Notice rate at `often` passages per month over that at `seldom`, with its interval.
    p_value : float
        Two-sided, that the rates are the same.
    often, seldom : float
        Passages per month that are compared.
    people, rows : int
        Participants, and participant x placement rows.
    adjusted_for : tuple of str
        Other columns in the model.
    groups : DataFrame
        Raw notice rates in thirds of passages: passages_from, passages_to, then the fields of `Estimate`.
    verdict : str
        What can and cannot be said, in words.
    rung : str
        Kind of noticing that the rows hold, as given.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    often: float
    seldom: float
    people: int
    rows: int
    adjusted_for: tuple[str, ...]
    groups: pd.DataFrame
    verdict: str
    rung: str


def blind_spot_test(
    notices: pd.DataFrame,
    *,
    rung: str,
    often: float = 20.0,
    seldom: float = 1.0,
    adjust: tuple[str, ...] = (),
    level: float = 0.95,
) -> BlindSpotTest:
    """Return how the notice rate goes with passages per month, with an interval over people.

    Parameters
    ----------
    notices : DataFrame
        One row per participant and placement met: participant_id, noticed (bool), passages_per_month, and the
        columns of `adjust` (numbers), such as weeks_since_posting.
    rung : str
        What "noticed" is: observed, gaze or remembered. The three are never mixed in one call.
    often, seldom : float
        Passages per month to compare.
    adjust : tuple of str
        Columns that go into the model as they are.
    level : float
        Confidence.

    Returns
    -------
    BlindSpotTest

    Raises
    ------
    ParameterError
        With fewer than ten people, the same number of passages for all, or nobody or everybody noticing.

    Notes
    -----
    log E(noticed) = β₀ + β₁ log(1 + passages) + ..., estimated with exchangeable correlation inside a person
    and a small-sample robust variance, t with people − parameters degrees of freedom. The ratio is
    exp(β₁ (log(1 + often) − log(1 + seldom))). Nobody is assigned to pass often: it is an association.

    References
    ----------
    Zou (2004), doi:10.1093/aje/kwh090; Mancl and DeRouen (2001), doi:10.1111/j.0006-341X.2001.00126.x.
    """
    from scipy import stats
    from statsmodels.genmod.cov_struct import Exchangeable, Independence
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_estimating_equations import GEE

    table = _usable(notices, adjust)
    people = table["participant_id"].nunique()
    design = np.column_stack(
        [np.ones(len(table)), np.log1p(table["passages_per_month"]), *(table[name] for name in adjust)]
    )
    one_each = people == len(table)
    model = GEE(
        table["noticed"].to_numpy(dtype=float),
        design,
        groups=pd.factorize(table["participant_id"])[0],
        family=Poisson(),
        cov_struct=Independence() if one_each else Exchangeable(),
    )
    fitted = model.fit(cov_type="bias_reduced")
    step = np.log1p(often) - np.log1p(seldom)
    slope, error = float(fitted.params[1]) * step, float(fitted.bse[1]) * step
    freedom = people - design.shape[1]
    wide = float(stats.t.ppf((1 + level) / 2, freedom)) * error
    p_value = float(2 * stats.t.sf(abs(slope / error), freedom))
    ratio, low, high = (float(np.exp(value)) for value in (slope, slope - wide, slope + wide))
    verdict = _verdict(ratio, low, high, often=often, seldom=seldom, people=people, level=level)
    return BlindSpotTest(
        ratio,
        low,
        high,
        p_value,
        often,
        seldom,
        people,
        len(table),
        adjust,
        _thirds(table, level),
        verdict,
        rung,
    )


def notices_from_answers(answers: pd.DataFrame) -> pd.DataFrame:
    """Return remembered noticing of people asked at the point, for `blind_spot_test`.

    Parameters
    ----------
    answers : DataFrame
        Keeps the contract `ANSWERS`; items passages_per_month (and weeks_since_posting) per respondent,
        noticed per respondent and placement.

    Returns
    -------
    DataFrame
        participant_id, placement_id, session_id, noticed, passages_per_month, and weeks_since_posting where
        it was asked. Rows without a usable answer are left out.
    """
    ANSWERS.check(answers)
    said = answers[answers["item"] == "noticed"].copy()
    word = said["value"].str.strip().str.lower()
    said = said[word.isin(_YES + _NO)].assign(noticed=word.isin(_YES))
    table = said.rename(columns={"respondent_id": "participant_id"})
    table = table[["participant_id", "placement_id", "session_id", "noticed"]]
    for item in ("passages_per_month", "weeks_since_posting"):
        rows = answers[answers["item"] == item]
        if item == "weeks_since_posting" and rows.empty:
            continue
        numbers = pd.to_numeric(rows["value"], errors="coerce").groupby(rows["respondent_id"]).first()
        table = table.assign(**{item: table["participant_id"].map(numbers)})
    return table.dropna().reset_index(drop=True)


def _usable(notices: pd.DataFrame, adjust: tuple[str, ...]) -> pd.DataFrame:
    needed = ["participant_id", "noticed", "passages_per_month", *adjust]
    missing = [name for name in needed if name not in notices]
    if missing:
        raise ParameterError("notices", missing, "these columns")
    table = notices[needed].dropna()
    people = table["participant_id"].nunique()
    if people < _FEWEST_PEOPLE:
        raise ParameterError("notices", people, f"at least {_FEWEST_PEOPLE} people")
    if table["passages_per_month"].nunique() < 2 or (table["passages_per_month"] < 0).any():
        raise ParameterError(
            "passages_per_month", "all the same or negative", "people who pass more and less often"
        )
    if table["noticed"].mean() in (0.0, 1.0):
        raise ParameterError("noticed", "nobody or everybody", "people who noticed and people who did not")
    return table


def _thirds(table: pd.DataFrame, level: float) -> pd.DataFrame:
    cuts = np.unique(np.quantile(table["passages_per_month"], [0, 1 / 3, 2 / 3, 1]))
    group = np.clip(np.searchsorted(cuts, table["passages_per_month"], side="right") - 1, 0, len(cuts) - 2)
    rows = []
    for number in np.unique(group):
        part = table[group == number]
        by_person = part.groupby("participant_id")["noticed"].agg(["sum", "count"])
        found: Estimate = clustered_share(by_person["sum"], by_person["count"], level=level)
        passages = part["passages_per_month"]
        rows.append(
            {
                "passages_from": float(passages.min()),
                "passages_to": float(passages.max()),
                "noticed": found.numerator,
                "of": found.denominator,
                "people": found.clusters,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "method": found.method,
            }
        )
    return pd.DataFrame(rows)


def _verdict(
    ratio: float, low: float, high: float, *, often: float, seldom: float, people: int, level: float
) -> str:
    which = f"people who pass {often:g} times a month, compared with {seldom:g}"
    interval = f"{ratio:.2f} ({low:.2f} to {high:.2f}, {level:.0%}, {people} people)"
    if low <= 1 <= high:
        return (
            f"No difference shown: the notice rate of {which}, is {interval} times as high. "
            f"The data are compatible with {_change(low)} and with {_change(high)}."
        )
    word = "less" if high < 1 else "more"
    return (
        f"Those who pass often noticed {word}: the notice rate of {which}, is {interval} times as high. "
        "This is an association; regulars differ in other ways too."
    )


def _change(ratio: float) -> str:
    return f"{abs(1 - ratio):.0%} {'less' if ratio < 1 else 'more'} noticing"
