"""Terms of the platform potential from the tables of a study, and what could not be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from gazestudy.fieldwork.rates import session_sums
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding
from gazestudy.model.wording import count_or_names
from gazestudy.strategy import sources
from gazestudy.strategy.goals import Assumption, Daypart, PlacementPlan, Strategy
from gazestudy.strategy.terms import Term, assumed_term, fixed_term

UNITS = {"passages_per_min": "people/min", "dwell_s": "s", "radius_m": "m", "density_m2": "people/m2"}
"""Units of terms that are no shares."""

_FEW_PLACEMENTS = 3


@dataclass(frozen=True, slots=True)
class StrategyTables:
    """What a strategy is made from.

    Attributes
    ----------
    log : FieldLog
        What observers counted; may be empty.
    cases : DataFrame
        One row per recording and placement: `gazestudy.strategy.sources.CASE_COLUMNS` and segment; may be
        empty.
    memory : DataFrame
        Contract `MEMORY_CASES`; may be empty.
    """

    log: FieldLog
    cases: pd.DataFrame
    memory: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Chains:
    """Terms of each placement and daypart.

    Attributes
    ----------
    terms : dict of (placement, daypart) to list of Term
        As `gazestudy.strategy.potential.potential` takes them.
    findings : tuple of Finding
        What is missing or doubtful.
    """

    terms: dict[tuple[str, str], list[Term]]
    findings: tuple[Finding, ...]


def cases_of_metrics(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return one row per recording and placement, exposed or not, for the terms from gaze.

    Parameters
    ----------
    metrics : DataFrame
        Contract `METRICS` with segment and daypart.
    """
    whole = metrics[metrics["aoi_id"] == ""]
    exposed = whole["exposure_count"] > 0
    table = whole[["participant_id", "placement_id", "daypart", "segment"]].assign(
        exposed=exposed,
        fixated=whole["noticed"].astype(bool) & exposed,
        exposed_s=whole["exposure_ms"] / 1000,
        dwell_s=whole["dwell_ms"] / 1000,
    )
    return sources.check_cases(table.reset_index(drop=True))


def placement_chains(
    strategy: Strategy,
    tables: StrategyTables,
    *,
    segment: str = "",
    counted: Counted | None = None,
    level: float = 0.95,
) -> Chains:
    """Return the terms of every placement and daypart of a strategy document.

    Parameters
    ----------
    strategy : Strategy
        The document.
    tables : StrategyTables
        What was measured.
    segment : str, optional
        Only participants of this segment, and its part of the passages.
    counted : Counted, optional
        From `counted_sums`, where several segments are made from one log.
    level : float
        Confidence of the intervals.

    Returns
    -------
    Chains
    """
    cases, memory = tables.cases, tables.memory
    if segment:
        cases, memory = cases[cases["segment"] == segment], memory[memory["segment"] == segment]
    chosen = StrategyTables(tables.log, cases, memory)
    counts = counted_sums(strategy, tables.log) if counted is None else counted
    findings = list(counts.findings)
    lacks: dict[tuple[str, str], dict[str, list[str]]] = {}
    terms = {}
    for plan in strategy.placements:
        for daypart in strategy.dayparts:
            maker = _Maker(strategy, plan, daypart, chosen, counts.sums[plan.id], level)
            terms[plan.id, daypart.id] = maker.terms(segment)
            for lack in maker.lacks:
                lacks.setdefault(lack, {}).setdefault(daypart.id, []).append(plan.id)
    for (what, why), where in lacks.items():
        text = f"{what} not known, {why}: {_where(where, strategy)}"
        count = sum(len(names) for names in where.values())
        findings.append(Finding("warning", "strategy", "missing_term", text, count))
    return Chains(terms, tuple(findings))


def _where(where: Mapping[str, Sequence[str]], strategy: Strategy) -> str:
    """Say where a term is missing: the placements of each daypart, or how many where they are many."""
    in_order = [(one.id, where[one.id]) for one in strategy.dayparts if one.id in where]
    if len({name for _, names in in_order for name in names}) <= _FEW_PLACEMENTS:
        return "; ".join(f"{', '.join(names)} in {daypart}" for daypart, names in in_order)
    counts = ", ".join(f"{daypart} {len(names)}" for daypart, names in in_order)
    return f"{counts} of {len(strategy.placements)} placements"


@dataclass(frozen=True, slots=True)
class Counted:
    """What observers counted of each placement.

    Attributes
    ----------
    sums : dict of str to dict of str to DataFrame
        Placement, then figure, to numerator and denominator per session.
    findings : tuple of Finding
        What is missing or doubtful.
    """

    sums: dict[str, dict[str, pd.DataFrame]]
    findings: tuple[Finding, ...]


def counted_sums(strategy: Strategy, log: FieldLog) -> Counted:
    """Return numerators and denominators per session of what observers counted of each placement.

    Parameters
    ----------
    strategy : Strategy
        The document.
    log : FieldLog
        What was counted; may be empty.
    """
    findings: list[Finding] = []
    sums = {plan.id: _counted(plan, log, findings) for plan in strategy.placements}
    if not log.sessions.empty:
        without = [plan.id for plan in strategy.placements if not points_of(plan, log)]
        if without:
            text = (
                f"no observer noted anything about {count_or_names(without, 'placements')};"
                " name their points in the strategy document (point)"
            )
            findings.append(Finding("warning", "strategy", "no_point", text, len(without)))
    return Counted(sums, tuple(findings))


def points_of(plan: PlacementPlan, log: FieldLog) -> list[str]:
    """Return the points at which the passages of a placement were counted."""
    if plan.point:
        return [plan.point]
    name = plan.observed_as or plan.id
    noted = pd.concat(
        [log.interval_counts[["session_id", "placement_id"]], log.scans[["session_id", "placement_id"]]]
    )
    here = set(noted.loc[noted["placement_id"] == name, "session_id"])
    sessions = log.sessions[log.sessions["session_id"].isin(here)]
    return sorted(set(sessions["point_id"]))


def placement_log(plan: PlacementPlan, log: FieldLog, points: Sequence[str]) -> FieldLog:
    """Return the part of a field log about one placement: its rows and those of its points."""
    name = plan.observed_as or plan.id
    sessions = log.sessions[log.sessions["point_id"].isin(list(points))]
    inside = set(sessions["session_id"])

    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["session_id"].isin(inside) & table["placement_id"].isin(["", name])]

    return replace(log, sessions=sessions, interval_counts=own(log.interval_counts), scans=own(log.scans))


def _counted(plan: PlacementPlan, log: FieldLog, findings: list[Finding]) -> dict[str, pd.DataFrame]:
    """Return numerators and denominators per session of the figures that observers counted."""
    if log.sessions.empty:
        return {}
    points = points_of(plan, log)
    if not points:
        return {}
    if len(points) > 1:
        text = f"{plan.id}: passages of points {', '.join(points)} are taken together"
        findings.append(Finding("warning", "strategy", "several_points", text, len(points)))
    part = placement_log(plan, log, points)
    counted = {}
    for figure, table, item in (
        ("flow_per_min", part.interval_counts, "passed"),
        ("facing_share", part.interval_counts, "passed_facing"),
        ("blocked_share", part.scans, "blocked_percent"),
    ):
        if (table["item"] == item).any():
            sums = session_sums(part, figure)
            counted[figure] = sums[sums["whole"] > 0]
    return counted


class _Maker:
    """Makes the terms of one placement in one daypart."""

    def __init__(
        self,
        strategy: Strategy,
        plan: PlacementPlan,
        daypart: Daypart,
        tables: StrategyTables,
        counted: dict[str, pd.DataFrame],
        level: float,
    ) -> None:
        self.strategy, self.plan, self.daypart, self.level = strategy, plan, daypart, level
        self.tables, self.lacks = tables, list[tuple[str, str]]()
        names = strategy.names_of(daypart.id)
        self.counted = {name: sums[sums["daypart"].astype(str).isin(names)] for name, sums in counted.items()}
        of_placement = tables.cases["placement_id"] == plan.id
        self.everywhere = tables.cases[of_placement]
        self.cases = self.everywhere[self.everywhere["daypart"].isin(names)]

    def terms(self, segment: str) -> list[Term]:
        """Return all terms that can be had."""
        minutes = fixed_term(
            "minutes_per_day", self.daypart.minutes, unit="min/day", rule=self.daypart.source
        )
        found = [minutes, *self._flow(segment), *self._view(), *self._looks(), *self._recall()]
        found += self._spot()
        return found

    def _flow(self, segment: str) -> list[Term]:
        measured = self._of_sessions("flow_per_min")
        term = self._or_assumed("passages_per_min", measured)
        if term is None:
            self._miss("passages", "no session of observation")
            return []
        if not segment:
            return [term]
        share = next(one for one in self.strategy.segments if one.id == segment)
        return [_scaled(term, float(share.passage_share), f"{segment}: {share.source}")]

    def _view(self) -> list[Term]:
        """Return exposed and clear: both counted, or both from the glasses."""
        counted = self._of_sessions("facing_share")
        hidden = self._or_assumed("clear", self._of_sessions("blocked_share"))
        gaze = sources.case_term("exposed", self.cases, level=self.level)
        wanted = self.strategy.exposed_from
        whole = hidden is not None or gaze is None  # who faces it says little without what is hidden
        take_counted = counted is not None and (wanted == "counted" or (wanted == "auto" and whole))
        if wanted == "counted" and counted is None:
            gaze = None
        exposed = self._or_assumed("exposed", counted if take_counted else gaze)
        if exposed is None:
            self._miss("exposed", "nobody counted who walks towards it, and nobody with glasses passed")
            return []
        if exposed.source == "gaze":
            clear = self._or_assumed("clear", sources.CONTAINED)
            return [exposed, clear] if clear else [exposed]
        if hidden is None:
            self._miss("clear", "nobody noted how much of it is hidden")
            return [exposed]
        return [exposed, hidden]

    def _looks(self) -> list[Term]:
        noticed = self._or_assumed("noticed", sources.case_term("noticed", self.cases, level=self.level))
        groups = [
            (f"{self.plan.id} in {self.daypart.id}", self.cases),
            (f"all dayparts of {self.plan.id}", self.everywhere),
            ("all placements", self.tables.cases),
        ]
        dwell = self._or_assumed("dwell_s", sources.dwell_term(groups, level=self.level))
        if noticed is None:
            self._miss("noticed", "it was in nobody's view")
        if dwell is None:
            self._miss("dwell", "nobody looked at any placement")
        return [term for term in (noticed, dwell) if term is not None]

    def _recall(self) -> list[Term]:
        memory = self.tables.memory
        own = memory[memory["placement_id"] == self.plan.id]
        table = own.assign(exposed=True, recalled=own["recalled_unaided"])
        term = self._or_assumed("recalled", sources.case_term("recalled", table, level=self.level))
        return [term] if term is not None else []

    def _spot(self) -> list[Term]:
        lengths = spot_of(self.plan, self.tables.log)
        if lengths is None:
            return []
        spot, loop = lengths
        looked = self.everywhere if self.everywhere["fixated"].any() else self.tables.cases
        terms = sources.spot_terms(looked, spot_s=spot, loop_s=loop, level=self.level)
        return [term for term in terms if term.shape == "fixed" or term.is_known]

    def _of_sessions(self, figure: str) -> Term | None:
        sums = self.counted.get(figure)
        if sums is None or sums.empty:
            return None
        return sources.counted_term(figure, sums, level=self.level)

    def _or_assumed(self, name: str, measured: Term | None) -> Term | None:
        """Return what was measured, or what is assumed where it was not (or is to be replaced)."""
        assumed = self.strategy.assumed(name, self.plan.id, self.daypart.id)
        usable = measured is not None and (measured.shape == "fixed" or measured.is_known)
        if assumed is None or (usable and not assumed.replaces):
            return measured
        return term_of(assumed)

    def _miss(self, what: str, why: str) -> None:
        self.lacks.append((what, why))


def spot_of(plan: PlacementPlan, log: FieldLog) -> tuple[float, float] | None:
    """Return spot and loop of a screen, s: from the document, else from its last audit; None if not known."""
    if plan.spot_s is not None and plan.loop_s is not None:
        return float(plan.spot_s), float(plan.loop_s)
    audits = log.audits
    own = audits[audits["placement_id"] == (plan.observed_as or plan.id)]
    known = own[(own["spot_s"] > 0) & (own["loop_s"] >= own["spot_s"])]
    return None if known.empty else (float(known["spot_s"].iloc[-1]), float(known["loop_s"].iloc[-1]))


def term_of(one: Assumption) -> Term:
    """Return an assumption as a term."""
    return assumed_term(
        one.term,
        float(one.value),
        low=None if one.low is None else float(one.low),
        high=None if one.high is None else float(one.high),
        unit=UNITS.get(one.term, "share"),
        rule=one.source,
    )


def _scaled(term: Term, factor: float, why: str) -> Term:
    """Return the passages of a segment."""
    return replace(
        term,
        value=term.value * factor,
        low=term.low * factor,
        high=term.high * factor,
        numerator=term.numerator * factor,
        rule=f"{term.rule}; times {factor:g} ({why})",
    )
