"""How often the intervals of gaze and memory hold the truth, and how long the join takes.

A simulated study of 40 people who pass 12 placements in two dayparts, again and again with other people; the
truth is that of very many people past the same placements.

Run: python tests/benchmarks/bench_memory.py [seeds]
"""

import sys
import time

import numpy as np
import pandas as pd
from scipy import stats

from gazestudy.memory.in_view import cases_in_view
from gazestudy.memory.join import join_memory
from gazestudy.memory.recall_model import recall_model
from gazestudy.memory.recognition import recognition_of_people, recognition_of_placements
from gazestudy.memory.two_by_two import two_by_two
from gazestudy.model.memory import ANSWER_COLUMNS
from gazestudy.simulate.attending import attend, walk_past
from gazestudy.simulate.remembering import RecallTruth, Remembering, remember

PEOPLE, PLACES = 40, tuple(f"place-{k:02d}" for k in range(12))
KEYS = ["participant_id", "placement_id"]
TRUE = RecallTruth()
TERMS = {
    "fixated": TRUE.fixated,
    "log1p_dwell": TRUE.log1p_dwell,
    "familiarity": TRUE.familiarity,
    "prior_exposure": TRUE.prior,
    "exposed_10s": 0.0,
    "angle_10deg": 0.0,
    "blocked_10pct": 0.0,
}
PROMISED = (0.93, 0.97)


def study(people, seed, talk=False):
    """One study: metrics, cases in view, and what the simulator knows."""
    fixed = np.random.default_rng(0)
    known, odds = 2.8 + fixed.normal(0, 0.7, len(PLACES)), fixed.normal(0, 0.7, len(PLACES))
    rng = np.random.default_rng(seed + 1)
    familiarity = np.clip(np.round(known + rng.normal(0, 0.9, (people, len(PLACES)))), 1, 5)
    names = [f"P{k:05d}" for k in range(people)]
    metrics = attend(names, PLACES, familiarity=familiarity, placement_odds=odds, rng=rng)
    cases = cases_in_view(metrics)
    pairs = metrics.drop_duplicates(KEYS)[[*KEYS, "familiarity"]]
    made = remember(
        cases.merge(pairs, on=KEYS), settings=Remembering(), placements=PLACES, talk=talk, rng=rng
    )
    return metrics, made


def trials_of(made):
    """Recognition trials straight from the truth."""
    targets = made.cases[[*KEYS, "recognised", "in_view"]].rename(columns={"recognised": "said_yes"})
    targets = targets.assign(stimulus=targets["placement_id"], shown="target")
    foils = made.foils[["participant_id", "stimulus", "said_yes"]].assign(
        placement_id="", shown="foil", in_view=False
    )
    return pd.concat([targets, foils], ignore_index=True)


def truth():
    """What very many people would give."""
    _, many = study(20_000, 999_000)
    seen = many.cases[many.cases["in_view"]]
    found = two_by_two(seen, draws=2, rng=np.random.default_rng(0))
    hits, false = seen["p_recognised"].mean(), many.foils["p_false_alarm"].mean()
    one = seen[seen["placement_id"] == PLACES[3]]["p_recognised"].mean()
    return {
        "recalled if fixated": found.remembered_if_fixated.value,
        "recalled if not": found.remembered_if_not.value,
        "risk difference": found.risk_difference.difference,
        "odds ratio": found.odds_ratio.value,
        "fixated minus recalled": found.share_difference,
        "Pr, pooled": hits - false,
        "d', pooled": stats.norm.ppf(hits) - stats.norm.ppf(false),
        "true recognition of one": one - false,
        **{f"model: {term}": np.exp(value) for term, value in TERMS.items()},
    }


def intervals(made, rng):
    """The intervals of one study, by name; and that of somebody who takes cases for people."""
    seen = made.cases[made.cases["in_view"]]
    found = two_by_two(seen, draws=1000, rng=rng)
    naive = two_by_two(seen.assign(participant_id=np.arange(len(seen)).astype(str)), draws=2, rng=rng)
    trials = trials_of(made)
    measures = recognition_of_people(trials, draws=1000, rng=rng).table.set_index("measure")
    places = recognition_of_placements(trials).set_index("placement_id")
    table = recall_model(seen).table.set_index("term")
    risk, odds = found.risk_difference, found.odds_ratio
    result = {
        "recalled if fixated": (found.remembered_if_fixated.low, found.remembered_if_fixated.high),
        "recalled if not": (found.remembered_if_not.low, found.remembered_if_not.high),
        "risk difference": (risk.low, risk.high),
        "odds ratio": (odds.low, odds.high),
        "fixated minus recalled": (found.share_difference_low, found.share_difference_high),
        "Pr, pooled": tuple(measures.loc["pr", ["low", "high"]]),
        "d', pooled": tuple(measures.loc["d_prime", ["low", "high"]]),
        "true recognition of one": tuple(places.loc[PLACES[3], ["low", "high"]]),
        **{f"model: {term}": tuple(table.loc[term, ["low", "high"]]) for term in TERMS},
    }
    return result, {
        "recalled if not": (naive.remembered_if_not.low, naive.remembered_if_not.high),
        "risk difference": (naive.risk_difference.low, naive.risk_difference.high),
        "odds ratio": (naive.odds_ratio.low, naive.odds_ratio.high),
    }


def coverage(seeds):
    expected = truth()
    inside, naive = dict.fromkeys(expected, 0), {}
    began = time.process_time()
    for seed in range(seeds):
        ours, theirs = intervals(study(PEOPLE, seed)[1], np.random.default_rng(seed))
        for name, value in expected.items():
            inside[name] += ours[name][0] <= value <= ours[name][1]
        for name, (low, high) in theirs.items():
            naive[name] = naive.get(name, 0) + (low <= expected[name] <= high)
    spent = (time.process_time() - began) / seeds
    error = np.sqrt(0.95 * 0.05 / seeds)
    print(
        f"{seeds} studies of {PEOPLE} people x {len(PLACES)} placements, {spent:.2f} s CPU each; "
        f"intervals of 95 %, standard error {error:.1%}"
    )
    fails = []
    for name, value in expected.items():
        share = inside[name] / seeds
        low, high = PROMISED[0] - 2 * error, PROMISED[1] + 2 * error
        good = low <= share <= high
        fails += [] if good else [name]
        beside = f"   cases taken for people {naive[name] / seeds:6.1%}" if name in naive else ""
        print(f"{name:28s} truth {value:7.3f}   inside {share:6.1%}{beside}{'' if good else '   OUTSIDE'}")
    return fails


def join_time():
    """Simulated answers through codes and join: whether they come back, and what it costs."""
    fails, spent, sizes = [], [], []
    for seed in range(5):
        metrics, made = study(PEOPLE, seed, talk=True)
        walked = walk_past(metrics)
        began = time.process_time()
        joined = join_memory(
            metrics,
            made.interviews,
            exposures=walked.exposures,
            fixations=walked.fixations,
            min_fixation_ms=0,
        )
        spent.append(time.process_time() - began)
        sizes.append(len(made.interviews.interview_answers))
        known = made.cases.set_index(KEYS).reindex(pd.MultiIndex.from_frame(joined.cases[KEYS]))
        for name in ANSWER_COLUMNS:
            if not np.array_equal(joined.cases[name].to_numpy(), known[name].to_numpy(float)):
                fails.append(f"join: {name}")
        counted = len(joined.cases) + len(joined.never_in_view)
        if counted != PEOPLE * len(PLACES):
            fails.append("join: a participant and placement is lost")
    print(
        f"join of {np.mean(sizes):.0f} answers with {len(metrics)} rows of metrics: "
        f"{np.median(spent):.2f} s CPU, every answer as simulated: {'yes' if not fails else 'NO'}"
    )
    return fails


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    fails = [*join_time(), *coverage(seeds)]
    if fails:
        sys.exit("fell short: " + ", ".join(fails))


if __name__ == "__main__":
    main()
