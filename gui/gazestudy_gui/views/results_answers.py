"""What the helper answers about results. What was read for one question is kept for the next.

Every function takes the study folder and `state`: a value that differs once the study has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gazestudy.store import open_study

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.store import Study

_KEPT: dict[tuple[str, str], tuple[Any, Any]] = {}


def _kept(study: Study, what: str, state: Any, make: Callable[[], Any]) -> Any:
    """Return something, made anew only if the state is another one; the older one is forgotten."""
    place = (str(study.path), what)
    known = _KEPT.get(place)
    if known is None or known[0] != state:
        _KEPT.pop(place, None)
        known = _KEPT[place] = (state, make())
    return known[1]


def table(study: str, state: Any, *, name: str) -> tuple[str, pd.DataFrame, dict[str, str]]:
    """Return a table of results by its id, and what its columns mean."""
    from gazestudy_gui.views.results_data import TABLES, meanings

    one = next(one for one in TABLES if one.id == name)
    with open_study(study, read_only=True) as opened:
        made: pd.DataFrame = _kept(opened, f"table {name}", state, lambda: one.make(opened))
    return name, made, meanings()


def funnels(study: str, *, by: tuple[str, ...], look_s: float) -> dict[str, Any]:
    """Return funnels by group."""
    from gazestudy.pipeline.attention_figures import study_funnels

    with open_study(study, read_only=True) as opened:
        return dict(study_funnels(opened, by, look_s=look_s))


def first_looks(study: str, *, by: tuple[str, ...], per_exposure: bool) -> dict[str, Any]:
    """Return times to the first look by group."""
    from gazestudy.pipeline.attention_figures import study_first_looks

    with open_study(study, read_only=True) as opened:
        return dict(study_first_looks(opened, by, per_exposure=per_exposure))


def potential(study: str, state: Any, edition: int, *, draws: int) -> tuple[pd.DataFrame, list[str]]:
    """Return what placements can deliver, and what can be concluded; `edition` is that of the document."""
    from gazestudy.pipeline.strategy.potential import study_potential

    with open_study(study, read_only=True) as opened:
        found = _kept(
            opened, "potential", (state, edition, draws),
            lambda: study_potential(opened, draws=draws, known=_known(opened, state)),
        )  # fmt: skip
        made = _with_names(opened, found.potential.table)
    return made, [*found.conclusions, *(finding.message for finding in found.findings)]


def budget(
    study: str, state: Any, edition: int, *, money: float, draws: int
) -> tuple[pd.DataFrame, list[str]]:
    """Return what to buy for a budget, and how firm that is."""
    from gazestudy.pipeline.strategy.budget import Offered

    with open_study(study, read_only=True) as opened:
        ready = _kept(
            opened, "offers", (state, edition, draws),
            lambda: Offered.of(opened, draws=draws, known=_known(opened, state)),
        )  # fmt: skip
        found = ready.bought(money)
        made = _with_names(opened, found.plan.table)
    return made, [*found.conclusions, *(finding.message for finding in found.findings)]


def what_if(
    study: str, state: Any, edition: int, *, placement: str, tried: Mapping[str, tuple[float, ...]]
) -> tuple[pd.DataFrame, tuple[float, str], list[str]]:
    """Return what other circumstances would change; body radius and its source; limits and findings."""
    from gazestudy.pipeline.strategy.what_if import WhatIf

    with open_study(study, read_only=True) as opened:
        ready = _kept(
            opened, "what-if", (state, edition, placement),
            lambda: WhatIf.of(opened, placement, known=_known(opened, state), usual=True),
        )  # fmt: skip
    found = ready.tried(**tried)
    made_up = [finding.message for finding in found.findings if finding.code == "stand_in"]
    others = [finding.message for finding in found.findings if finding.code != "stand_in"]
    told = [*made_up, *found.limits, *others]
    return found.table, (float(found.radius.value), found.radius.source), told


def _known(study: Study, state: Any) -> Any:
    from gazestudy.pipeline.strategy.potential import study_tables

    return _kept(study, "strategy tables", state, lambda: study_tables(study))


def _with_names(study: Study, made: pd.DataFrame) -> pd.DataFrame:
    names = {one.id: one.name for one in study.placements()}
    named = made.copy()
    named.insert(1, "placement", [names.get(one, one) for one in named["placement_id"]])
    return named
