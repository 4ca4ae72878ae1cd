"""What mounting height, crowd or distance would change at a placement of a study."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError, StudyError
from gazestudy.fieldwork.occlusion import blocking_observations, face_views, fit_occlusion
from gazestudy.fieldwork.rates import session_sums
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.strategy.document import STRATEGY_NAME, load_strategy
from gazestudy.pipeline.strategy.potential import KnownTables, study_tables
from gazestudy.pipeline.strategy.terms import placement_chains, placement_log, points_of, term_of
from gazestudy.store import Study
from gazestudy.strategy.goals import PlacementPlan, Strategy
from gazestudy.strategy.potential import potential
from gazestudy.strategy.terms import Term
from gazestudy.strategy.what_if import LIMITS, Face, clear_view_scenarios, default_radius, moved_term

_RATE = "attentive_s_per_1000_passages"

USUAL = {
    "bottom_m": (1.0, "m", "made up"),
    "height_m": (1.5, "m", "made up"),
    "distance_m": (5.0, "m", "made up"),
    "density_m2": (0.5, "people per m²", "walkways of service level C have 0.43 to 0.72: Fruin 1971"),
}
"""What can stand in for what nobody measured: value, unit and where it comes from."""


@dataclass(frozen=True, slots=True)
class WhatIfResult:
    """Clear view and attention of one placement in other circumstances.

    Attributes
    ----------
    table : DataFrame
        Daypart, then the columns of `clear_view_scenarios`, then attentive seconds per 1,000 passages with
        their interval.
    radius : Term
        Body radius with its source.
    limits : tuple of str
        What the model leaves out.
    findings : tuple of Finding
        What is missing or doubtful.
    """

    table: pd.DataFrame
    radius: Term
    limits: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """All that a study knows of one placement, read and fitted once for many questions.

    Attributes
    ----------
    face : Face
        Geometry of the placement.
    radius : Term
        Body radius with its source.
    densities_m2 : dict of str to float
        People per square metre by daypart, where known.
    terms : dict of str to list of Term
        Terms of the potential by daypart.
    findings : tuple of Finding
        What is missing or doubtful.
    rng : Generator
        As the fit left it; every answer begins with a copy, so that the same question has the same answer.
    """

    face: Face
    radius: Term
    densities_m2: dict[str, float]
    terms: dict[str, list[Term]]
    findings: tuple[Finding, ...]
    rng: np.random.Generator

    @classmethod
    def of(
        cls,
        study: Study,
        placement: str,
        *,
        document: Path | None = None,
        seed: int = SEED,
        known: KnownTables | None = None,
        usual: bool = False,
    ) -> WhatIf:
        """Read and fit; parameters and errors as those of `study_what_if`."""
        strategy = load_strategy(study, document)
        plan = next((one for one in strategy.placements if one.id == placement), None)
        if plan is None:
            ids = ", ".join(one.id for one in strategy.placements)
            raise ParameterError("placement", placement, f"one of {STRATEGY_NAME}: {ids}")
        tables, findings = study_tables(study) if known is None else known
        rng = np.random.default_rng(seed)
        here = _geometry(study, plan, tables.log)
        radius = _radius(strategy, tables.log, rng)
        chains = placement_chains(strategy, tables)
        densities = {
            daypart.id: _density(strategy, plan, strategy.names_of(daypart.id), daypart.id, tables.log)
            for daypart in strategy.dayparts
        }
        found = {name: density for name, density in densities.items() if density is not None}
        missing = [
            *(name for name, value in here.items() if value is None),
            *([] if found else ["density_m2"]),
        ]
        if missing and not usual:
            raise StudyError(_what_to_write(placement, missing))
        values = {name: USUAL[name][0] if value is None else value for name, value in here.items()}
        if not found:
            found = dict.fromkeys(densities, USUAL["density_m2"][0])
        face = Face(**values)
        terms = {name: chains.terms[placement, name] for name in found}
        stand_ins = [_stand_in(placement, name) for name in missing]
        return cls(face, radius, found, terms, (*stand_ins, *findings, *chains.findings), rng)

    def tried(
        self,
        *,
        bottoms_m: Sequence[float] = (),
        densities_m2: Sequence[float] = (),
        distances_m: Sequence[float] = (),
    ) -> WhatIfResult:
        """Return what other circumstances would change; parameters as those of `study_what_if`."""
        rng = copy.deepcopy(self.rng)
        parts = []
        for daypart, density in self.densities_m2.items():
            table = clear_view_scenarios(
                self.face,
                density,
                bottoms_m=bottoms_m,
                densities_m2=densities_m2,
                distances_m=distances_m,
                radius=self.radius,
                rng=rng,
            )
            rates = _rates(table, self.terms[daypart], rng)
            parts.append(pd.concat([table, rates], axis=1).assign(daypart=daypart))
        joined = pd.concat(parts, ignore_index=True)
        ordered = joined[["daypart", *(name for name in joined if name != "daypart")]]
        return WhatIfResult(ordered, self.radius, LIMITS, self.findings)


def study_what_if(
    study: Study,
    placement: str,
    *,
    bottoms_m: Sequence[float] = (),
    densities_m2: Sequence[float] = (),
    distances_m: Sequence[float] = (),
    document: Path | None = None,
    seed: int = SEED,
    known: KnownTables | None = None,
    usual: bool = False,
) -> WhatIfResult:
    """Return what mounting height, crowd or distance would change at a placement.

    Parameters
    ----------
    study : Study
        The study.
    placement : str
        Which placement.
    bottoms_m, densities_m2, distances_m : sequences of float
        Lower edges, densities and distances to try.
    document : Path, optional
        Strategy document; that of the study by default.
    seed : int
        Of bootstrap and simulation.
    known : KnownTables, optional
        From `study_tables`.
    usual : bool
        Take `USUAL` for what is not known of the placement as it is now, and say so in the findings.

    Raises
    ------
    ParameterError
        If the placement is not in the document.
    StudyError
        If its geometry or the density is not known; it says what to write where.
    """
    ready = WhatIf.of(study, placement, document=document, seed=seed, known=known, usual=usual)
    return ready.tried(bottoms_m=bottoms_m, densities_m2=densities_m2, distances_m=distances_m)


def _rates(table: pd.DataFrame, terms: list[Term], rng: np.random.Generator) -> pd.DataFrame:
    """Return attentive seconds per 1,000 passages in each scenario, given what the crowd leaves free."""
    own = {term.name: term for term in terms}
    clear = own.get("clear")
    holder = "clear" if clear is not None and clear.shape != "fixed" else "exposed"  # contained in exposed
    chains: dict[tuple[str, str], list[Term]] = {}
    for row in table.to_dict("records"):
        limits = {"low": float(row["ratio_low"]), "high": float(row["ratio_high"])}
        moved = dict(own)
        if holder in own and row["scenario"] != "now":
            moved[holder] = moved_term(
                own[holder], float(row["ratio_to_now"]), **limits, why=str(row["scenario"])
            )
        chains[str(row["scenario"]), "here"] = list(moved.values())
    found = potential(chains, draws=1000, rng=rng).table
    here = (found["measure"] == _RATE) & (found["daypart"] == "here")
    rates = found[here].set_index("placement_id").loc[table["scenario"]]
    return pd.DataFrame(
        {
            _RATE: rates["value"].to_numpy(),
            f"{_RATE}_low": rates["low"].to_numpy(),
            f"{_RATE}_high": rates["high"].to_numpy(),
            "note": rates["note"].to_numpy(),
        }
    )


def _geometry(study: Study, plan: PlacementPlan, log: FieldLog) -> dict[str, float | None]:
    """Return the geometry of a placement: from the document, its audits or the study; None: unknown."""
    audits = log.audits[log.audits["placement_id"] == (plan.observed_as or plan.id)]
    height_mm = next((one.height_mm for one in study.placements() if one.id == plan.id), None)
    values: dict[str, float | None] = {}
    for name, column in (
        ("bottom_m", "bottom_m"),
        ("height_m", "height_m"),
        ("distance_m", "reading_distance_m"),
    ):
        given = getattr(plan, name)
        noted = audits[column].dropna()
        if given is None and len(noted):
            given = noted.iloc[-1]
        values[name] = None if given is None else float(given)
    if values["height_m"] is None and height_mm is not None:
        values["height_m"] = float(height_mm) / 1000
    return values


def _what_to_write(placement: str, missing: Sequence[str]) -> str:
    """Return what a person has to add to the document, as it has to stand there."""
    lengths = [f"{name}: {USUAL[name][0]}" for name in missing if name != "density_m2"]
    wanted = []
    if lengths:
        wanted.append(f"below this placement {', '.join(lengths)}")
    if "density_m2" in missing:
        wanted.append(
            "below assumptions - {term: density_m2, "
            f'value: {USUAL["density_m2"][0]}, source: "who says so"' + "}"
        )
    return (
        f"{placement}: no audit and no line of {STRATEGY_NAME} tells {', '.join(missing)}."
        f" Write with your own numbers: {'; '.join(wanted)}"
    )


def _stand_in(placement: str, name: str) -> Finding:
    """Return the finding about a value that nobody measured."""
    value, unit, source = USUAL[name]
    text = (
        f"{name} of {placement} is not known: {value:g} {unit} stands in ({source}); write what holds into"
        f" {STRATEGY_NAME}"
    )
    return Finding("warning", "strategy", "stand_in", text, 1)


def _radius(strategy: Strategy, log: FieldLog, rng: np.random.Generator) -> Term:
    """Return the body radius: assumed in the document, else fitted to observed blocking, else a usual one."""
    assumed = strategy.assumed("radius_m")
    if assumed is not None and assumed.replaces:
        return term_of(assumed)
    try:
        fit = fit_occlusion(blocking_observations(log), face_views(log.audits), rng=rng)
    except ParameterError:
        return default_radius() if assumed is None else term_of(assumed)
    if not np.isfinite([fit.low_m, fit.high_m]).all():
        return default_radius() if assumed is None else term_of(assumed)
    return Term(
        "radius_m",
        fit.radius_m,
        fit.low_m,
        fit.high_m,
        "m",
        "counted",
        "assumed_positive",
        n=fit.sessions,
        n_of="sessions",
        rule=f"fitted to {fit.scans} scans of blocking"
        + ("; doubts: " + "; ".join(fit.doubts) if fit.doubts else ""),
        method="bootstrap over sessions",
    )


def _density(
    strategy: Strategy, plan: PlacementPlan, names: frozenset[str], daypart: str, log: FieldLog
) -> float | None:
    assumed = strategy.assumed("density_m2", plan.id, daypart)
    if assumed is not None and assumed.replaces:
        return float(assumed.value)
    if len(log.sessions):
        part = placement_log(plan, log, points_of(plan, log))
        if (part.scans["item"] == "present").any():
            sums = session_sums(part, "density_m2")
            own = sums[sums["daypart"].astype(str).isin(names) & (sums["whole"] > 0)]
            if len(own):
                return float(own["part"].sum() / own["whole"].sum())
    return None if assumed is None else float(assumed.value)
