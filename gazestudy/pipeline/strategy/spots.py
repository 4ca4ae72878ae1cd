"""What one spot of each screen of a study gets, and how many people have the screen in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import StudyError
from gazestudy.model.recording import Finding
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.strategy.document import STRATEGY_NAME, load_strategy
from gazestudy.pipeline.strategy.potential import study_tables
from gazestudy.pipeline.strategy.terms import placement_chains, spot_of
from gazestudy.store import Study
from gazestudy.strategy.spots import average_audience, spot_table


@dataclass(frozen=True, slots=True)
class SpotResult:
    """Spots of the screens of a study.

    Attributes
    ----------
    spots : DataFrame
        Placement, whether these lengths are the real ones, then the columns of `spot_table`.
    audience : DataFrame
        placement_id, daypart, people in view at a moment (average_audience, low, high).
    findings : tuple of Finding
        What is missing or doubtful.
    """

    spots: pd.DataFrame
    audience: pd.DataFrame
    findings: tuple[Finding, ...]


def study_spots(
    study: Study,
    *,
    spots_s: Sequence[float] = (),
    loops_s: Sequence[float] = (),
    document: Path | None = None,
    seed: int = SEED,
) -> SpotResult:
    """Return what a spot gets of each screen of the strategy document.

    Parameters
    ----------
    study : Study
        The study.
    spots_s, loops_s : sequences of float
        Other lengths of spot and loop to try, one at a time, s.
    document : Path, optional
        Strategy document; that of the study by default.
    seed : int
        Of the simulation.

    Raises
    ------
    StudyError
        If no placement has spot and loop, or none of them was in anybody's view.
    """
    strategy = load_strategy(study, document)
    tables, findings = study_tables(study)
    chains = placement_chains(strategy, tables)
    rng = np.random.default_rng(seed)
    spots, audience = [], []
    for plan in strategy.placements:
        lengths = spot_of(plan, tables.log)
        cases = tables.cases[tables.cases["placement_id"] == plan.id]
        if lengths is None or not cases["exposed"].any():
            continue
        spot, loop = lengths
        tried = [(spot, loop), *((one, loop) for one in spots_s), *((spot, one) for one in loops_s)]
        table = spot_table(cases, tried)
        now = ["now", *["tried"] * (len(tried) - 1)]
        spots.append(table.assign(placement_id=plan.id, lengths=now))
        for daypart in strategy.dayparts:
            own = cases[cases["daypart"].isin(strategy.names_of(daypart.id))]
            value, low, high = average_audience(chains.terms[plan.id, daypart.id], own, rng=rng)
            audience.append((plan.id, daypart.id, value, low, high))
    if not spots:
        raise StudyError(
            f"{study.path}: no screen with known lengths was in view; give spot_s and loop_s of each in "
            f"{STRATEGY_NAME} or in an audit"
        )
    joined = pd.concat(spots, ignore_index=True)
    first = ["placement_id", "lengths"]
    ordered = joined[[*first, *(name for name in joined if name not in first)]]
    columns = ["placement_id", "daypart", "average_audience", "low", "high"]
    return SpotResult(ordered, pd.DataFrame(audience, columns=columns), (*findings, *chains.findings))
