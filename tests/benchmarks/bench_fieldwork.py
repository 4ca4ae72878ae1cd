"""Field observation: coverage of intervals and recovery of the crowd radius in simulated station-days.

Run: python tests/benchmarks/bench_fieldwork.py [studies]
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd

from gazestudy.fieldwork.occlusion import blocking_observations, face_views, fit_occlusion
from gazestudy.fieldwork.rates import field_figures
from gazestudy.simulate.field_day import FieldDay, Observer, simulate_field_day
from gazestudy.statistics.intervals import share_interval

FIGURES = ("notice_rate", "flow_per_min", "phone_share", "waiting_share", "train_looking_share", "density_m2")
CROWDED = FieldDay()
CAREFUL = tuple(Observer(code) for code in "ABC")
CARELESS = tuple(replace(who, misses_glances=0.2, invents_glances=0.01) for who in CAREFUL)


def main() -> None:
    """Print coverage of the designs, the naive interval beside it, and the fitted radius."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    started = time.process_time()
    _coverage("careful observers", replace(CROWDED, focal_pairs=0, respondents=0), studies, seed=1)
    many = replace(CROWDED, points=tuple(f"p{n}" for n in range(6)), focal_pairs=0, respondents=0)
    _coverage("twice as many points", many, studies // 2, seed=2)
    one = replace(CROWDED, dayparts=CROWDED.dayparts[:1], points=many.points, focal_pairs=0, respondents=0)
    _coverage("one daypart, six points", one, studies // 2, seed=3)
    careless = replace(CROWDED, observers=CARELESS, focal_pairs=0, respondents=0)
    _coverage("observers who miss every fifth glance", careless, studies // 2, seed=4)
    for radius in (0.18, 0.23, 0.30):
        _radius(replace(CROWDED, radius_m=radius, focal_pairs=0, respondents=0), studies // 5, seed=6)
    print(f"\n{time.process_time() - started:.0f} s of CPU time")


def _coverage(name: str, plan: FieldDay, studies: int, *, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside = pd.DataFrame(0, index=list(FIGURES), columns=["truth", "noted"])
    naive = 0
    widths, values = [], []
    for _ in range(studies):
        log, truth = simulate_field_day(plan, rng=rng)
        table = field_figures(log, figures=FIGURES).table.set_index("figure")
        for figure in FIGURES:
            low, high, true = table.loc[figure, "low"], table.loc[figure, "high"], truth.figures[figure]
            noted = truth.noted_notice_rate if figure == "notice_rate" else true * _counted(plan, figure)
            inside.loc[figure] += [int(low <= true <= high), int(low <= noted <= high)]
        row = table.loc["notice_rate"]
        low, high = share_interval(int(row["numerator"]), int(row["denominator"]))
        naive += low <= truth.noted_notice_rate <= high
        widths.append(row["high"] - row["low"])
        values.append(row["value"])
    print(f"\n{name}: {studies} studies, {len(plan.points) * len(plan.dayparts)} sessions each")
    print((inside / studies * 100).round(1).to_string())
    print(f"naive Wilson, notice rate as noted: {naive / studies * 100:.1f} %")
    print(f"notice rate: mean {np.mean(values):.4f}, truth {truth.figures['notice_rate']:.4f}, ", end="")
    print(f"as noted {truth.noted_notice_rate:.4f}, mean width {np.mean(widths):.4f}")


def _counted(plan: FieldDay, figure: str) -> float:
    """Return the share of a figure that is left when observers miss people."""
    return 1 - plan.observers[0].misses_people if figure in ("flow_per_min", "density_m2") else 1.0


def _radius(plan: FieldDay, studies: int, *, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = []
    inside = 0
    for _ in range(studies):
        log, truth = simulate_field_day(plan, rng=rng)
        fit = fit_occlusion(blocking_observations(log), face_views(log.audits), draws=400, rng=rng)
        found.append(fit.radius_m)
        inside += fit.low_m <= truth.radius_m <= fit.high_m
    error = np.array(found) / plan.radius_m - 1
    print(
        f"\nradius {plan.radius_m} m, {studies} days: mean error {error.mean():+.1%}, "
        f"largest {np.abs(error).max():.1%}, within 20 %: {np.mean(np.abs(error) <= 0.2):.1%}, "
        f"interval covers {inside / studies:.1%}"
    )


if __name__ == "__main__":
    main()
