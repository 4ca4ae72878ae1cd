"""Evidence for reports: nothing at all, and a simulated study with people, observers and interviews."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from gazestudy.attention.cases import exposed_cases
from gazestudy.heatmaps import Kernel, make_heatmap
from gazestudy.memory.join import Joined, join_memory
from gazestudy.memory.quotes import Attention, quotes
from gazestudy.model.interview import Interviews
from gazestudy.model.study import Creative, Placement
from gazestudy.model.tables import EXPOSURES, MAPPED_FIXATIONS, VISITS
from gazestudy.pipeline.strategy.document import parse_strategy
from gazestudy.pipeline.strategy.terms import StrategyTables, cases_of_metrics, counted_sums, placement_chains
from gazestudy.report import (
    CreativeEvidence,
    Evidence,
    MemoryEvidence,
    MethodFacts,
    Report,
    StrategyEvidence,
    build_report,
    field_evidence,
)
from gazestudy.simulate.decision_study import (
    DecisionData,
    DecisionStudy,
    simulate_decision_study,
    usual_sites,
)
from gazestudy.strategy.cost import cost_table
from gazestudy.strategy.potential import potential

HOSTILE = '<script>alert("x")</script>'
FORMULA = "=HYPERLINK(A1)&'\"</svg><b>"
THAI, VIETNAMESE, CHINESE = "ป้ายชานชาลาที่ใหญ่", "Bến Thành, ga trung tâm", "大厅包墙广告"


def empty_evidence(**changes: object) -> Evidence:
    nobody = pd.DataFrame({"participant_id": [], "segment": []}, dtype="str")
    columns = ["recording_id", "participant_id", "daypart", "device", "importer", "minutes", "findings"]
    evidence = Evidence("Empty", (), nobody, pd.DataFrame([], columns=columns))
    return replace(evidence, **changes)  # type: ignore[arg-type]


def picture(seed: int, width: int = 240, height: int = 360) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.ascontiguousarray(rng.integers(60, 200, (height, width, 3)), dtype=np.uint8)


def placement(key: str, name: str) -> Placement:
    creative = Creative(f"{key}-1", key, name, f"placements/{key}/1.png", "0", 240, 360)
    return Placement(key, name, (creative,), width_mm=1200, height_mm=1800, station="S")


def memory_evidence(interviews: Interviews, joined: Joined) -> MemoryEvidence:
    looks = [contract.empty().assign(recording_id="") for contract in (VISITS, MAPPED_FIXATIONS, EXPOSURES)]
    said = quotes(interviews, Attention(*looks, {}))
    said = said.assign(clock_s=np.nan)
    return MemoryEvidence(interviews, joined.trials, joined.never_in_view, said, joined.findings)


def strategy_evidence(study: DecisionStudy, data: DecisionData, memory: pd.DataFrame) -> StrategyEvidence:
    lines = ["schema: gazestudy-strategy/1", "currency: THB", "dayparts:"]
    lines += [
        f"  - {{id: {p.name}, minutes_per_day: {p.minutes_per_day}, source: timetable}}"
        for p in study.periods
    ]
    lines += ["goal: {measure: attentive_seconds, budget: 900, period_days: 1}", "placements:"]
    lines += [f"  - {{id: {site.placement_id}, cost: {site.cost_per_day}}}" for site in study.sites]
    strategy = parse_strategy("\n".join(lines))
    tables = StrategyTables(data.log, cases_of_metrics(data.metrics), memory)
    chains = placement_chains(strategy, tables, counted=counted_sums(strategy, data.log))
    found = potential(chains.terms, draws=400, rng=np.random.default_rng(1))
    costs = cost_table(found, {one.id: float(one.cost or 1) for one in strategy.placements}, currency="THB")
    keys = [one.id for one in strategy.placements]
    plan = pd.DataFrame({"placement_id": keys, "share": 1.0, "cost": 100.0, "value": 1.0, "bought_in": 0.95})
    plan.loc[1:2, ["share", "bought_in"]] = [0.0, 0.02]
    goal = (("Budget", "900 THB"),)
    return StrategyEvidence(
        found.table, found.terms, costs, "THB", goal, False, ("so it is",), plan, ("a plan",)
    )


def creative_evidence() -> CreativeEvidence:
    aois = {
        "placement_id": ["face-01"], "aoi_id": ["a1"], "glances": [20], "caught": [0.5], "caught_low": [0.3],
        "caught_high": [0.7], "numerator": [10], "n_participants": [8], "first_share": [0.25], "first_low": [0.1],
        "first_high": [0.5], "median_after_s": [0.4], "method": ["Wilson, effective n, t"],
    }  # fmt: skip
    brands = {
        "placement_id": ["face-01"], "glances": [20], "numerator": [2], "n_participants": [8], "brand_seen": [0.1],
        "brand_low": [0.03], "brand_high": [0.3], "median_after_s": [0.9], "median_glance_s": [0.6],
        "verdict": ["most glances end before the brand is seen"],
    }  # fmt: skip
    words = {
        "placement_id": ["face-02"], "words": [30], "needed_s": [7.8], "glances": [20], "n_participants": [8],
        "read_all": [0.0], "read_all_low": [0.0], "read_all_high": [0.16], "numerator": [0],
        "mean_readable_words": [3.0], "readable_low": [2.0], "readable_high": [4.0],
        "verdict": ["too many words for most glances: 30, while 4.0 or fewer can be read"],
    }  # fmt: skip
    return CreativeEvidence(
        pd.DataFrame(aois), pd.DataFrame(brands), pd.DataFrame(words), {"a1": "logo & <b>"}
    )


def simulated_evidence(
    people: int = 40, seed: int = 3, names: dict[str, str] | None = None, sites: int = 6
) -> Evidence:
    """A study of people, up to 12 placements, 2 dayparts, observers and interviews."""
    study = DecisionStudy(people=people, sites=usual_sites()[:sites])
    data = simulate_decision_study(study, rng=np.random.default_rng(seed))
    known = names or {}
    keys = sorted(set(data.metrics["placement_id"]))
    placements = tuple(placement(key, known.get(key, f"Face {key}")) for key in keys)
    interviews = data.remembered.interviews
    joined = join_memory(data.metrics, interviews)
    people_table = data.metrics[["participant_id", "segment"]].drop_duplicates().reset_index(drop=True)
    recordings = (
        data.metrics[["recording_id", "participant_id", "daypart"]]
        .drop_duplicates()
        .assign(device="Simulated", importer="simulated", minutes=3.0, findings="")
    )
    rng = np.random.default_rng(seed)
    fixations = pd.DataFrame(
        {
            "placement_id": np.repeat(keys, 30),
            "participant_id": np.tile([f"P{n % 10}" for n in range(30)], len(keys)),
            "duration_ms": rng.uniform(100, 600, 30 * len(keys)),
            "x_ref_px": rng.normal(120, 40, 30 * len(keys)),
            "y_ref_px": rng.normal(120, 60, 30 * len(keys)),
            "width_deg": 10.0,
        }
    )
    heatmaps = {one.id: make_heatmap(fixations, one, kernel=Kernel.from_px(30)) for one in placements}
    return Evidence(
        name="Simulated study",
        placements=placements,
        participants=people_table,
        recordings=recordings,
        cases=joined.cases,
        group_cases=exposed_cases(data.metrics, ("segment", "daypart")),
        walkers=int(data.metrics["participant_id"].nunique()),
        images={one.id: picture(n) for n, one in enumerate(placements)},
        heatmaps=heatmaps,
        field=field_evidence(data.log, seed=1),
        memory=memory_evidence(interviews, joined),
        strategy=strategy_evidence(study, data, joined.cases),
        creative=creative_evidence(),
        methods=(MethodFacts("events.test, version 1", (("threshold_deg_s", "30"),)),),
    )


def report_of(evidence: Evidence) -> Report:
    return build_report(evidence, made_at="2026-11-22T10:00+07:00", version="0.0.test")
