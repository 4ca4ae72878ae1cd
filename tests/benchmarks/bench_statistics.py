"""Attention statistics: coverage of intervals, false alarms and power of tests, time of the heatmap comparison.

Run: python tests/benchmarks/bench_statistics.py [share of the draws, 1 for all]. Exits with 1 where a promised
figure falls short.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from gazestudy.attention.first_looks import compare_first_looks, first_looks
from gazestudy.attention.funnel import attention_funnel
from gazestudy.heatmaps import compare_maps, person_maps
from gazestudy.statistics.clustered_survival import clustered_log_rank
from gazestudy.statistics.differences import clustered_mean_difference, clustered_share_difference
from gazestudy.statistics.durations import clustered_mean, clustered_median, median_difference
from gazestudy.statistics.intervals import clustered_share, share_interval
from gazestudy.statistics.models import share_model
from gazestudy.statistics.survival import log_rank

DESIGNS = ((20, 8, 0.2, 0.1), (20, 8, 0.2, 0.3), (40, 8, 0.1, 0.2), (12, 6, 0.1, 0.2))
"""People, placements, share, correlation within people."""

PEOPLE, PLACEMENTS = 40, 12
SIZE = (1920, 1080)
SPOTS = np.array([[500, 400], [1300, 300], [900, 800]])
MOVED_TO = np.array([1600, 850])
_short: list[str] = []


def main() -> None:
    """Print every figure, and stop with 1 where a promised one falls short."""
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    started = time.process_time()
    _notice_rates(round(4000 * share))
    _other_intervals(round(1000 * share))
    _tests_on_nothing(round(1000 * share))
    _heatmaps(round(1000 * share))
    _time()
    print(f"\n{time.process_time() - started:.0f} s of CPU time")
    for words in _short:
        print("SHORT:", words)
    sys.exit(1 if _short else 0)


def _hold(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        _short.append(f"{name}: {value:.4g}, promised {low:g} to {high:g}")


def _notice_rates(studies: int) -> None:
    rng = np.random.default_rng(5)
    print(
        f"Notice rate, {studies} studies: coverage of the interval, and of plain Wilson (promised 93 to 97 %)"
    )
    for people, ads, share, icc in DESIGNS:
        a, b = share * (1 - icc) / icc, (1 - share) * (1 - icc) / icc
        hits = np.zeros(2)
        for _ in range(studies):
            counts = rng.binomial(ads, rng.beta(a, b, people))
            found = clustered_share(counts, np.full(people, ads))
            low, high = share_interval(int(counts.sum()), people * ads)
            hits += [found.low <= share <= found.high, low <= share <= high]
        clustered, naive = 100 * hits / studies
        print(f"  {people} people x {ads}, {share}, {icc}: {clustered:.1f} %, {naive:.1f} %")
        _hold(f"coverage of the notice rate {people} x {ads}", clustered, 93, 97)


# -- a study whose truth is known: people differ, and look at what they pass with a rate of their own


def _cases(rng: np.random.Generator, *, faster: float = 1.0, within: bool = False) -> pd.DataFrame:
    """Two groups of people, or two walks of the same people; the second looks `faster` times as soon."""
    person = np.repeat(np.arange(PEOPLE), PLACEMENTS)
    mood = np.repeat(rng.normal(0, 0.5, PEOPLE), PLACEMENTS)
    group = np.tile(np.arange(PLACEMENTS) % 2, PEOPLE) if within else person % 2
    wait = rng.exponential(3.0 * np.exp(-mood) / np.where(group == 1, faster, 1.0))
    stay = rng.exponential(4.0, len(person)) + 0.5
    looked = wait < stay
    return pd.DataFrame(
        {
            "participant_id": person.astype(str),
            "placement_id": "x",
            "group": group,
            "fixated": looked,
            "dwell_s": np.where(looked, rng.lognormal(0.4 * mood, 0.7), 0.0),
            "time_s": np.minimum(wait, stay),
            "looked": looked,
            "recognised": (rng.random(len(person)) < np.where(looked, 0.7, 0.3)).astype(float),
        }
    )


def _trials(rng: np.random.Generator) -> pd.DataFrame:
    yes = rng.beta(2, 6, PEOPLE)
    rows = [(str(p), "foil", float(rng.random() < yes[p])) for p in range(PEOPLE) for _ in range(PLACEMENTS)]
    return pd.DataFrame(rows, columns=["participant_id", "shown", "said_yes"])


def _other_intervals(studies: int) -> None:
    """Coverage of everything else that has an interval, against the mean of a huge study."""
    truth_rng = np.random.default_rng(100)
    many = pd.concat([_cases(truth_rng) for _ in range(600)], ignore_index=True)
    dwell = many.loc[many["fixated"], "dwell_s"]
    rng = np.random.default_rng(6)
    window = 4.0
    truths = {
        "mean dwell": many["dwell_s"].mean(),
        "median dwell of lookers": dwell.median(),
        "restricted mean": _restricted_mean(np.random.default_rng(101), window),
        "recognised, corrected": many["recognised"].mean() - 0.25,
    }
    inside = dict.fromkeys([*truths, "share difference", "share difference, same people"], 0)
    inside |= dict.fromkeys(["mean difference", "median difference", "restricted mean difference"], 0)
    for _ in range(studies):
        cases = _cases(rng)
        people = cases["participant_id"]
        mean = clustered_mean(cases["dwell_s"], people, draws=1000, rng=rng)
        inside["mean dwell"] += mean.low <= truths["mean dwell"] <= mean.high
        lookers = cases[cases["fixated"]]
        median = clustered_median(lookers["dwell_s"], lookers["participant_id"], draws=1000, rng=rng)
        inside["median dwell of lookers"] += median.low <= truths["median dwell of lookers"] <= median.high
        got = first_looks(cases, until_s=window, draws=500, rng=rng)["all"].survival
        inside["restricted mean"] += (
            got.restricted_mean_low <= truths["restricted mean"] <= got.restricted_mean_high
        )
        row = attention_funnel(cases, _trials(rng)).table.set_index("step").loc["recognised"]
        inside["recognised, corrected"] += row["low"] <= truths["recognised, corrected"] <= row["high"]
        a, b = (cases[cases["group"] == side] for side in (0, 1))
        sides = (a["fixated"], a["participant_id"], b["fixated"], b["participant_id"])
        found = clustered_share_difference(*sides)
        inside["share difference"] += found.low <= 0 <= found.high
        means = clustered_mean_difference(a["dwell_s"], sides[1], b["dwell_s"], sides[3])
        inside["mean difference"] += means.low <= 0 <= means.high
        looked_a, looked_b = a[a["fixated"]], b[b["fixated"]]
        _, low, high, _ = median_difference(
            (looked_a["dwell_s"], looked_a["participant_id"]),
            (looked_b["dwell_s"], looked_b["participant_id"]),
            draws=500,
            rng=rng,
        )
        inside["median difference"] += low <= 0 <= high
        looks = compare_first_looks(a, b, draws=500, rng=rng)
        inside["restricted mean difference"] += looks.low_s <= 0 <= looks.high_s
        walks = _cases(rng, within=True)
        a, b = (walks[walks["group"] == side] for side in (0, 1))
        found = clustered_share_difference(
            a["fixated"], a["participant_id"], b["fixated"], b["participant_id"]
        )
        inside["share difference, same people"] += found.low <= 0 <= found.high
    print(f"\nOther intervals, {PEOPLE} people x {PLACEMENTS}, {studies} studies: coverage")
    for name, count in inside.items():
        print(f"  {name}: {100 * count / studies:.1f} %")
        _hold(f"coverage, {name}", 100 * count / studies, 92, 98)


def _restricted_mean(rng: np.random.Generator, until: float) -> float:
    wait = rng.exponential(3.0 * np.exp(-rng.normal(0, 0.5, 2_000_000)))
    return float(np.minimum(wait, until).mean())


def _tests_on_nothing(studies: int) -> None:
    rng = np.random.default_rng(7)
    alarms = dict.fromkeys(
        ["clustered log-rank", "naive log-rank", "clustered log-rank, same people", "GEE"], 0
    )
    power = 0
    models = studies // 2
    for number in range(studies):
        cases = _cases(rng)
        in_a = cases["group"] == 0
        columns = (cases["time_s"], cases["looked"], in_a, cases["participant_id"])
        alarms["clustered log-rank"] += clustered_log_rank(*columns)[1] < 0.05
        a, b = cases[in_a], cases[~in_a]
        alarms["naive log-rank"] += log_rank(a["time_s"], a["looked"], b["time_s"], b["looked"])[1] < 0.05
        walks = _cases(rng, within=True)
        alarms["clustered log-rank, same people"] += (
            clustered_log_rank(
                walks["time_s"], walks["looked"], walks["group"] == 0, walks["participant_id"]
            )[1]
            < 0.05
        )
        faster = _cases(rng, faster=2.0)
        columns = (faster["time_s"], faster["looked"], faster["group"] == 1, faster["participant_id"])
        power += clustered_log_rank(*columns)[1] < 0.05
        if number < models:
            alarms["GEE"] += share_model(cases, "fixated", ["group"]).table["p_value"][1] < 0.05
    print(f"\nTests where nothing differs, {PEOPLE} people x {PLACEMENTS}, {studies} studies (GEE: {models})")
    for name, count in alarms.items():
        rate = 100 * count / (models if name == "GEE" else studies)
        print(f"  {name}: {rate:.1f} % false alarms")
        if "naive" not in name:
            _hold(f"false alarms, {name}", rate, 3, 7)
    print(f"  clustered log-rank, one group looks twice as soon: power {power / studies:.2f}")


# -- heatmaps


def _fixations(
    rng: np.random.Generator, people: list[str], *, moved: float = 0.0, to: np.ndarray = MOVED_TO
) -> pd.DataFrame:
    """Each person has their own mixture of three spots; `moved` of the fixations go elsewhere."""
    parts = []
    for person in people:
        count = int(rng.integers(15, 60))
        where = SPOTS[rng.choice(3, count, p=rng.dirichlet([4, 3, 3]))]
        away = rng.random(count) < moved
        where = np.where(away[:, None], to, where) + rng.normal(0, 110, (count, 2))
        parts.append(
            pd.DataFrame(
                {
                    "participant_id": person,
                    "duration_ms": rng.gamma(4, 60, count),
                    "x_ref_px": where[:, 0],
                    "y_ref_px": where[:, 1],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _p_values(
    rng: np.random.Generator,
    *,
    moved: float,
    same: bool,
    runs: int,
    permutations: int,
    to: np.ndarray = MOVED_TO,
) -> np.ndarray:
    names = [f"P{number}" for number in range(PEOPLE)]
    groups = (names[:20], names[:20]) if same else (names[:20], names[20:])
    found = []
    for _ in range(runs):
        a, b = (
            person_maps(_fixations(rng, group, moved=share, to=to), SIZE, sigma_px=80)
            for group, share in zip(groups, (0.0, moved), strict=True)
        )
        result = compare_maps(a, b, permutations=permutations, rng=rng)
        found.append((result.p_cluster, result.p_max_t))
    return np.array(found)


def _heatmaps(runs: int) -> None:
    rng = np.random.default_rng(8)
    print("\nHeatmaps of two groups, 1920 x 1080 px, Gaussian of 80 px, 48 x 27 cells, 199 permutations")
    for name, same in (("20 and 20 people", False), ("the same 20 people", True)):
        alarms = 100 * (_p_values(rng, moved=0.0, same=same, runs=runs, permutations=199) <= 0.05).mean(
            axis=0
        )
        power = (
            _p_values(rng, moved=0.15, same=same, runs=max(runs // 5, 20), permutations=199) <= 0.05
        ).mean(axis=0)
        for number, method in enumerate(("cluster mass", "largest |t|")):
            print(
                f"  {name}, {method}: {alarms[number]:.1f} % false alarms ({runs} runs), power "
                f"{power[number]:.2f} at 15 % of fixations moved ({max(runs // 5, 20)} runs)"
            )
            _hold(f"false alarms of heatmaps, {name}, {method}", alarms[number], 3, 7)
            _hold(f"power of heatmaps, {name}, {method}", power[number], 0.8, 1.0)
        crowded = _p_values(
            rng, moved=0.15, same=same, runs=max(runs // 5, 20), permutations=199, to=SPOTS[2]
        )
        shares = (crowded <= 0.05).mean(axis=0)
        print(f"  {name}, moved to where others look anyway: power {shares[0]:.2f} and {shares[1]:.2f}")


def _time() -> None:
    rng = np.random.default_rng(9)
    names = [f"P{number}" for number in range(PEOPLE)]
    first, second = _fixations(rng, names[:20]), _fixations(rng, names[20:], moved=0.15)
    print("\n2,000 permutations of 40 people on 1920 x 1080 px, maps of everybody included (promised: 10 s)")
    for sigma_px in (80, 40, 20):
        seconds = _cpu(lambda sigma=sigma_px: _compared(first, second, sigma, rng))  # type: ignore[misc]
        columns, rows = (round(side / sigma_px * 2) for side in SIZE)
        print(f"  Gaussian of {sigma_px} px, {columns} x {rows} cells: {seconds:.2f} s of CPU time")
        _hold(f"time at {sigma_px} px", seconds, 0, 10)


def _compared(first: pd.DataFrame, second: pd.DataFrame, sigma_px: float, rng: np.random.Generator) -> None:
    maps = [person_maps(group, SIZE, sigma_px=sigma_px) for group in (first, second)]
    compare_maps(maps[0], maps[1], permutations=2000, rng=rng)


def _cpu(what: Callable[[], None]) -> float:
    started = time.process_time()
    what()
    return time.process_time() - started


if __name__ == "__main__":
    main()
