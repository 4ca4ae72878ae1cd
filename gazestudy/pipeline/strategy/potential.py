"""Platform potential and cost of a study, and what can be concluded from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import StudyError
from gazestudy.exporters.tidy import safe_cells
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.memory import MEMORY_CASES
from gazestudy.model.recording import Finding
from gazestudy.model.wording import count_or_names
from gazestudy.pipeline.field_results import SEED, study_log
from gazestudy.pipeline.memory import study_memory
from gazestudy.pipeline.metrics import study_metrics, write_csv
from gazestudy.pipeline.strategy.document import load_strategy
from gazestudy.pipeline.strategy.terms import StrategyTables, cases_of_metrics, placement_chains
from gazestudy.store import Study
from gazestudy.strategy.cost import cost_table
from gazestudy.strategy.goals import GOAL_MEASURES, Strategy
from gazestudy.strategy.potential import LIMITS, MEASURES, WHOLE_DAY, Potential, potential
from gazestudy.strategy.sources import CASE_COLUMNS


@dataclass(frozen=True, slots=True)
class PotentialResult:
    """Platform potential and cost of a study.

    Attributes
    ----------
    strategy : Strategy
        The document.
    potential : Potential
        What placements deliver.
    costs : DataFrame
        Cost figures per placement.
    findings : tuple of Finding
        What is missing or doubtful.
    conclusions : tuple of str
        What can and what cannot be concluded, in plain words.
    seed : int
        Of the simulation.
    """

    strategy: Strategy
    potential: Potential
    costs: pd.DataFrame
    findings: tuple[Finding, ...]
    conclusions: tuple[str, ...]
    seed: int


KnownTables = tuple[StrategyTables, tuple[Finding, ...]]
"""What `study_tables` returns, read once where several questions are asked about one study."""

LEAST = 5
"""What rests on fewer people or sessions is no basis for a decision, whatever its interval."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; texts of documents that a spreadsheet would take for formulas are made harmless.

    Parameters
    ----------
    table : DataFrame
        What to write.
    path : Path
        Where to.
    """
    write_csv(safe_cells(table), path)


def study_tables(study: Study) -> KnownTables:
    """Return what a study knows for its strategy: field log, cases of gaze, memory; each may be empty.

    Parameters
    ----------
    study : Study
        The study.
    """
    findings: list[Finding] = []
    cases = pd.DataFrame({name: [] for name in (*CASE_COLUMNS, "segment")}).astype(
        {"exposed": bool, "fixated": bool}
    )
    memory, log = MEMORY_CASES.empty(), FieldLog()
    try:
        cases = cases_of_metrics(study_metrics(study))
        found = study_memory(study)
        if len(found.interviews.interviews):
            memory = found.joined.cases
            findings += found.joined.findings
    except StudyError as error:
        findings.append(Finding("warning", "strategy", "no_gaze", f"nothing from glasses: {error}", 1))
    try:
        log = study_log(study)
        findings += log.findings
    except StudyError as error:
        findings.append(Finding("warning", "strategy", "no_field_log", f"nothing counted: {error}", 1))
    return StrategyTables(log, cases, memory), tuple(findings)


def study_potential(
    study: Study,
    *,
    document: Path | None = None,
    seed: int = SEED,
    draws: int = 4000,
    level: float = 0.95,
    known: KnownTables | None = None,
) -> PotentialResult:
    """Return the platform potential and the cost figures of a study.

    Parameters
    ----------
    study : Study
        The study.
    document : Path, optional
        Strategy document; that of the study by default.
    seed : int
        Of the simulation, stored with the result.
    draws : int
        Simulated values of every term.
    level : float
        Confidence.
    known : KnownTables, optional
        From `study_tables`.

    Raises
    ------
    StudyError
        If the study has no strategy document.
    """
    strategy = load_strategy(study, document)
    tables, findings = study_tables(study) if known is None else known
    chains = placement_chains(strategy, tables, level=level)
    found = potential(chains.terms, draws=draws, level=level, rng=np.random.default_rng(seed))
    days = float(strategy.goal.period_days)
    prices = {plan.id: float(plan.cost) / days for plan in strategy.placements if plan.cost}
    costs = cost_table(found, prices, currency=strategy.currency)
    return PotentialResult(
        strategy, found, costs, (*findings, *chains.findings), tuple(conclusions(strategy, found)), seed
    )


def conclusions(strategy: Strategy, found: Potential) -> list[str]:
    """Say what the potential allows to conclude: order of placements, and what is not known."""
    measure = GOAL_MEASURES[strategy.goal.measure]
    rows = found.table[(found.table["daypart"] == WHOLE_DAY) & (found.table["measure"] == measure)]
    known = rows[np.isfinite(rows["low"])].sort_values("value", ascending=False)
    unknown = [str(name) for name in rows.loc[~np.isfinite(rows["low"]), "placement_id"]]
    words = _nothing(strategy, found, measure, unknown) if unknown else []
    thin = [f"{row.placement_id} ({row.n} {row.n_of})" for row in known.itertuples() if row.n < LEAST]
    if thin:
        words.append("too few behind it for a decision: " + count_or_names(thin, "placements"))
    wide = [str(row.placement_id) for row in known.itertuples() if not row.low > 0 or row.high > 5 * row.low]
    if wide:
        words.append(
            "an order of magnitude only (the upper limit is more than five times the lower): "
            + count_or_names(wide, "placements")
        )
    words += _told_apart(found, measure, [str(name) for name in known["placement_id"]])
    minutes = sum(daypart.minutes for daypart in strategy.dayparts)
    words.append(f"a day is {minutes / 60:.1f} hours here: only the dayparts of the document are added up")
    return [*words, *LIMITS]


def _nothing(strategy: Strategy, found: Potential, measure: str, names: list[str]) -> list[str]:
    """Say of which placements nothing can be concluded, and which terms are missing in how many of them."""
    terms = found.terms[np.isfinite(found.terms["low"])]
    there = set(zip(terms["placement_id"], terms["daypart"], terms["term"], strict=True))
    missing = []
    for term in MEASURES[measure].factors:
        lacking = [
            name for name in names if any((name, one.id, term) not in there for one in strategy.dayparts)
        ]
        if lacking:
            missing.append(term if len(lacking) == len(names) else f"{term} ({len(lacking)} of them)")
    return [
        f"nothing can be concluded about {measure} of {count_or_names(names, 'placements')}:"
        f" in some daypart not known, or without an interval: {', '.join(missing)}"
    ]


def _told_apart(found: Potential, measure: str, names: list[str]) -> list[str]:
    """Say which placements the best one can be told from, by joint draws; the best comes first."""
    if len(names) < 2:
        return []
    best = found.draws[names[0], WHOLE_DAY, measure]
    behind: list[str] = []
    open_: list[str] = []
    for name in names[1:]:
        share = float(np.mean(best > found.draws[name, WHOLE_DAY, measure]))
        (behind if share >= found.level else open_).append(name)
    words = [f"{names[0]} has the largest {measure}"]
    if behind:
        words.append(
            f"ahead of {count_or_names(behind, 'placements')} in {100 * found.level:.0f} % of draws or more"
        )
    if open_:
        words.append(f"not told apart from {count_or_names(open_, 'placements')}")
    return ["; ".join(words)]
