"""What is true of the simulated decision study, from a large population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.simulate.decision_study import DecisionStudy, merged_cases, walks_of
from gazestudy.simulate.remembering import RecallTruth, Remembering, chance_of_scale, logistic

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecisionTruth:
    """What is true of a study, from a large population.

    Attributes
    ----------
    cells : DataFrame
        Indexed by placement_id and daypart: passages_per_min, minutes_per_day, facing, clear, exposed
        (both together), noticed, restricted_mean_s (up to `until_s`), dwell_s (of those who look),
        attentive_s_per_1000_passages, attentive_s_per_day, looked_at_passages_per_day,
        exposed_passages_per_day.
    days : DataFrame
        Indexed by placement_id: the sums over dayparts, recalled (share of cases), recalled_viewers_per_day
        and the costs of the analysis.
    funnel : dict of str to float
        Share of cases by step: exposed to intends; recognised is corrected for false alarms.
    recall_difference : float
        Share recalled of cases fixated minus that of cases not fixated.
    until_s : float
        Window of the restricted means.
    people : int
        Size of the population.
    """

    cells: pd.DataFrame
    days: pd.DataFrame
    funnel: dict[str, float]
    recall_difference: float
    until_s: float
    people: int


def decision_truth(
    study: DecisionStudy, *, until_s: float = 4.0, look_s: float = 1.0, people: int = 40_000, seed: int = 7
) -> DecisionTruth:
    """Return what is true of a study.

    Parameters
    ----------
    study : DecisionStudy
        The study; its own number of people does not matter.
    until_s : float
        Window of the restricted means of the time to the first look, s.
    look_s : float
        Dwell from which a case counts as looked at in the funnel, s.
    people : int
        Simulated population; its own error is 1 / sqrt(people / 40) of that of a study of 40.
    seed : int
        Of the population.

    Notes
    -----
    Attention is simulated as in a study but for many people. Memory is not drawn: the probabilities that the
    simulated interviews draw from are averaged.
    """
    rng = np.random.default_rng(seed)
    walks = walks_of(study, people, rng)
    cells = _true_cells(study, walks, until_s)
    cases = merged_cases(walks)
    chance = _memory_chances(cases, study.memory) | _opinion_chances(cases, study)
    fixated = cases["fixated"].to_numpy()
    recalled = chance["recalled"]
    days = _true_days(study, cells, pd.Series(recalled).groupby(cases["placement_id"]).mean())
    funnel = {
        "exposed": 1.0,
        "noticed": float(fixated.mean()),
        "looked": float((cases["dwell_s"] >= look_s).mean()),
        **{name: float(values.mean()) for name, values in chance.items()},
    }
    difference = float(recalled[fixated].mean() - recalled[~fixated].mean())
    return DecisionTruth(cells, days, funnel, difference, until_s, people)


def _true_cells(study: DecisionStudy, walks: pd.DataFrame, until_s: float) -> pd.DataFrame:
    rows = []
    groups = dict(list(walks.groupby(["placement_id", "daypart"], sort=False)))
    for number, site in enumerate(study.sites):
        for period in study.periods:
            cases = groups[site.placement_id, period.name]
            clear = study.clear_share(site, period)
            seen = cases["first_s"] < cases["view_s"]  # being in view does not depend on keenness
            noticed, first = float(seen.mean()), cases["first_s"].to_numpy()
            wanted = cases.loc[cases["noticed"], "dwell_s"]
            flow = study.flow_per_min(number, period)
            exposed = site.facing_share * clear
            per_1000 = 1000 * exposed * noticed * float(wanted.mean())
            passages = flow * period.minutes_per_day
            rows.append(
                {
                    "placement_id": site.placement_id,
                    "daypart": period.name,
                    "passages_per_min": flow,
                    "minutes_per_day": period.minutes_per_day,
                    "facing": site.facing_share,
                    "clear": clear,
                    "exposed": exposed,
                    "noticed": noticed,
                    "restricted_mean_s": float(np.minimum(first, until_s).mean()),
                    "dwell_s": float(wanted.mean()),
                    "attentive_s_per_1000_passages": per_1000,
                    "attentive_s_per_day": per_1000 * passages / 1000,
                    "looked_at_passages_per_day": passages * exposed * noticed,
                    "exposed_passages_per_day": passages * exposed,
                    "passages_per_day": passages,
                }
            )
    return pd.DataFrame(rows).set_index(["placement_id", "daypart"])


def _true_days(study: DecisionStudy, cells: pd.DataFrame, recalled: pd.Series) -> pd.DataFrame:
    amounts = [str(name) for name in cells if str(name).endswith("s_per_day") and name != "minutes_per_day"]
    days = cells.groupby(level="placement_id", sort=False)[amounts].sum()
    days["attentive_s_per_1000_passages"] = 1000 * days["attentive_s_per_day"] / days["passages_per_day"]
    days["recalled"] = recalled
    days["recalled_viewers_per_day"] = days["exposed_passages_per_day"] * days["recalled"]
    price = pd.Series({site.placement_id: site.cost_per_day for site in study.sites})
    days["cost_per_1000_exposed_passages"] = 1000 * price / days["exposed_passages_per_day"]
    days["cost_per_looked_at_passage"] = price / days["looked_at_passages_per_day"]
    days["cost_per_1000_attentive_s"] = 1000 * price / days["attentive_s_per_day"]
    days["cost_per_recalled_viewer"] = price / days["recalled_viewers_per_day"]
    return days


def _memory_chances(cases: pd.DataFrame, memory: Remembering) -> dict[str, Floats]:
    """Return the chances of each case from which simulated interviews are drawn."""
    from scipy.stats import norm

    fixated = cases["fixated"].to_numpy(dtype=float)
    looked = np.log1p(cases["dwell_s"].to_numpy(dtype=float))
    known, prior = (
        cases["familiarity"].to_numpy(dtype=float) - 3,
        cases["prior_exposure"].to_numpy(dtype=float),
    )
    recall: RecallTruth = memory.recall
    odds = (
        recall.intercept
        + recall.fixated * fixated
        + recall.log1p_dwell * looked
        + recall.familiarity * known
        + recall.prior * prior
    )
    seen = memory.recognition
    d_prime = seen.in_view + seen.fixated * fixated + seen.log1p_dwell * looked + seen.prior * prior
    scatter = float(np.hypot(1.0, seen.criterion_sd))
    hits = norm.cdf((d_prime - seen.criterion_mean) / scatter)
    false_alarms = norm.cdf(-seen.criterion_mean / scatter)
    return {
        "recognised": np.asarray(hits - false_alarms, dtype=float),
        "recalled": logistic(odds),
        "attributed": logistic(-0.6 + 0.9 * looked + 0.4 * known),
        "understood": logistic(-1.3 + 0.9 * looked),
    }


def _opinion_chances(cases: pd.DataFrame, study: DecisionStudy) -> dict[str, Floats]:
    """Return the chances of interest and intent of 4 or more, as the funnel counts them."""
    appeal = cases["placement_id"].map({site.placement_id: site.appeal for site in study.sites})
    pleases = np.asarray(appeal, dtype=np.float64)
    dwell_s = np.asarray(cases["dwell_s"], dtype=np.float64)
    return {
        "interested": chance_of_scale("interest", 4, pleases, dwell_s),
        "intends": chance_of_scale("intent", 4, pleases, dwell_s),
    }
