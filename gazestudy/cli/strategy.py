"""`gazestudy strategy template|potential|spots|what-if|budget|trial|creative`: from attention to money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.model.recording import Finding

app = typer.Typer(
    help="From attention to money: potential, cost, what-if, budget, trial, creative.", no_args_is_help=True
)

Document = Annotated[
    Path | None,
    typer.Option("--document", "-d", help="Strategy document; strategy.yaml in the study by default."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the simulation.")]


@app.command("template")
def template(
    study: StudyPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to; strategy.yaml in the study by default.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a document that is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a strategy document to fill in: goals, segments, budget, prices, assumptions."""
    from gazestudy.pipeline.strategy.document import write_template
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        file = write_template(opened, out, overwrite=overwrite)
    console.document({"document": str(file)})
    console.say(f"fill in what is marked REPLACE: {file}")


@app.command("potential")
def potential(
    study: StudyPath,
    document: Document = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV file to write; its notes say what is missing where."),
    ] = None,
    terms: Annotated[
        Path | None, typer.Option("--terms", help="CSV file for every term with its source and interval.")
    ] = None,
    costs: Annotated[Path | None, typer.Option("--costs", help="CSV file for the cost figures.")] = None,
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Passages x exposed x clear view x noticed x dwell, and what attention costs."""
    from gazestudy.pipeline.field_results import SEED
    from gazestudy.pipeline.strategy.potential import study_potential, write_table
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = study_potential(opened, document=document, seed=SEED if seed is None else seed)
    for path, table in ((out, found.potential.table), (terms, found.potential.terms), (costs, found.costs)):
        if path is not None:
            write_table(table, path)
    console.document(
        {
            "seed": found.seed,
            "level": found.potential.level,
            "potential": _records(found.potential.table),
            "terms": _records(found.potential.terms),
            "costs": _records(found.costs),
            "conclusions": list(found.conclusions),
            "findings": [finding.to_dict() for finding in found.findings],
        }
    )
    shown = found.potential.table[found.potential.table["measure"] == "attentive_s_per_1000_passages"]
    shown = shown[shown["value"].notna()]
    console.say("attentive seconds per 1,000 passages, with every term's uncertainty carried through")
    _table(console, shown, ("placement_id", "daypart", "value", "low", "high", "n", "n_of", "weakest_term"))
    known = found.costs[found.costs["value"].notna()]
    if len(known):
        console.say()
        _table(console, known, ("placement_id", "value", "low", "high", "unit", "n", "n_of"))
    _told(console, found.conclusions, found.findings)


@app.command("what-if")
def what_if(
    study: StudyPath,
    placement: Annotated[str, typer.Argument(metavar="PLACEMENT", help="Which placement.")],
    bottom: Annotated[
        list[float] | None, typer.Option("--bottom-m", help="Lower edge above the floor to try, m.")
    ] = None,
    density: Annotated[list[float] | None, typer.Option("--density-m2", help="People per m2 to try.")] = None,
    distance: Annotated[
        list[float] | None, typer.Option("--distance-m", help="Distance of those who pass to try, m.")
    ] = None,
    document: Document = None,
    out: Out = None,
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show what mounting height, crowd or distance would change, by the occlusion model."""
    from gazestudy.pipeline.field_results import SEED
    from gazestudy.pipeline.strategy.potential import write_table
    from gazestudy.pipeline.strategy.what_if import study_what_if
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = study_what_if(
            opened,
            placement,
            bottoms_m=bottom or (),
            densities_m2=density or (),
            distances_m=distance or (),
            document=document,
            seed=SEED if seed is None else seed,
        )
    if out is not None:
        write_table(found.table, out)
    radius = {name: getattr(found.radius, name) for name in ("value", "low", "high", "source", "rule")}
    console.document(
        {"scenarios": _records(found.table), "radius_m": _clean(radius), "limits": list(found.limits)}
    )
    rate = "attentive_s_per_1000_passages"
    columns = ("daypart", "scenario", "clear", "clear_low", "clear_high", "ratio_to_now", rate)
    _table(console, found.table, (*columns, f"{rate}_low", f"{rate}_high"))
    console.say(
        f"body radius {found.radius.value:.3g} m ({found.radius.low:.3g} to {found.radius.high:.3g};"
        f" {found.radius.rule})"
    )
    _told(console, found.limits, found.findings)


@app.command("spots")
def spots(
    study: StudyPath,
    spot: Annotated[list[float] | None, typer.Option("--spot-s", help="Length of a spot to try, s.")] = None,
    loop: Annotated[
        list[float] | None, typer.Option("--loop-s", help="Length of the loop to try, s.")
    ] = None,
    document: Document = None,
    out: Out = None,
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show what one spot of each screen gets, by its loop and by how long people look."""
    from gazestudy.pipeline.field_results import SEED
    from gazestudy.pipeline.strategy.potential import write_table
    from gazestudy.pipeline.strategy.spots import study_spots
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = study_spots(
            opened,
            spots_s=spot or (),
            loops_s=loop or (),
            document=document,
            seed=SEED if seed is None else seed,
        )
    if out is not None:
        write_table(found.spots, out)
    console.document({"spots": _records(found.spots), "audience": _records(found.audience)})
    shares = (
        "voice",
        "in_view",
        "in_view_low",
        "in_view_high",
        "opportunities",
        "exposures",
        "look",
        "looks",
    )
    _table(console, found.spots, ("placement_id", "spot_s", "loop_s", *shares))
    console.say()
    _table(console, found.audience, tuple(found.audience.columns))
    _told(console, (), found.findings)


@app.command("budget")
def budget(
    study: StudyPath,
    money: Annotated[
        float | None, typer.Option("--budget", min=0, help="Instead of that of the document.")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=20, help="Draws behind the robustness.")] = 200,
    document: Document = None,
    out: Out = None,
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Which placements to buy for the budget, and how robust that choice is."""
    from gazestudy.pipeline.field_results import SEED
    from gazestudy.pipeline.strategy.budget import study_budget
    from gazestudy.pipeline.strategy.potential import write_table
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = study_budget(
            opened, document=document, budget=money, draws=draws, seed=SEED if seed is None else seed
        )
    table = found.plan.table.merge(found.robustness.table.drop(columns="share"), on="placement_id")
    if out is not None:
        write_table(table, out)
    console.document(
        {
            "plan": _records(table),
            "value": found.plan.value,
            "cost": found.plan.cost,
            "best_possible": found.plan.best_possible,
            "same_choice": found.robustness.same_choice,
            "regret_mean": found.robustness.regret,
            "regret_95": found.robustness.regret_high,
            "draws": found.robustness.draws,
            "seed": found.seed,
            "left_out": found.left_out,
            "conclusions": list(found.conclusions),
            "findings": [finding.to_dict() for finding in found.findings],
        }
    )
    _table(console, table, ("placement_id", "group", "share", "cost", "value", "bought_in", "mean_share"))
    _told(console, found.conclusions, found.findings)


@app.command("trial")
def trial(
    study: StudyPath,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", help="CSV of a trial: station_id, arm, period, numerator, denominator; its effect."
        ),
    ] = None,
    document: Document = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Plan a trial of stations: how many are needed, what cannot be shown; or give the effect of one."""
    from gazestudy.pipeline.strategy.creative import read_trial, study_trial
    from gazestudy.store import open_study
    from gazestudy.strategy.controlled_trial import ANALYSES

    console = Console(as_json, quiet)
    if results is not None:
        effect = read_trial(results)
        names = ("effect", "low", "high", "p", "p_floor", "arrangements", "statement")
        stations = {"stations": _records(effect.stations)}
        console.document(_clean({name: getattr(effect, name) for name in names}) | stations)
        _table(console, effect.stations, ("station_id", "arm", "before", "after", "change"))
        _told(console, [effect.statement], ())
        return
    with open_study(study, read_only=True) as opened:
        found = study_trial(opened, document=document)
    console.document(
        _clean(
            {
                "stations_per_arm": found.stations_per_arm,
                "people_per_arm": found.people_per_arm,
                "people_per_arm_without_stations": found.people_per_arm_without_stations,
                "design_effect": found.design_effect,
                "p_floor": found.p_floor,
                "detectable": found.detectable,
                "statements": list(found.statements),
            }
        )
    )
    rows = [
        [words, found.stations_per_arm[name], found.people_per_arm[name]] for name, words in ANALYSES.items()
    ]
    console.table(["analysis", "stations per arm", "people per arm and period"], rows)
    console.say(
        f"single, independent people would be {found.people_per_arm_without_stations} per arm; people of one"
        f" station are alike: design effect {found.design_effect:.2f}"
    )
    _told(console, found.statements, ())


@app.command("creative")
def creative(
    study: StudyPath,
    document: Document = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for aois.csv, brands.csv and words.csv.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Which AOIs catch the eye and when, whether the brand is seen, words against glance time."""
    from gazestudy.pipeline.strategy.creative import study_creative
    from gazestudy.pipeline.strategy.potential import write_table
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = study_creative(opened, document=document)
    tables = {"aois": found.aois, "brands": found.brands, "words": found.words}
    if out is not None:
        for name, table in tables.items():
            write_table(table, out / f"{name}.csv")
    console.document(
        {**{name: _records(table) for name, table in tables.items()}, "conclusions": list(found.conclusions)}
    )
    aoi_columns = ("placement_id", "aoi_id", "caught", "caught_low", "caught_high", "first_share")
    for table, columns in (
        (found.aois, (*aoi_columns, "median_after_s", "numerator", "glances")),
        (found.brands, ("placement_id", "brand_seen", "brand_low", "brand_high", "numerator", "glances")),
        (found.words, ("placement_id", "words", "read_all", "read_all_low", "read_all_high", "glances")),
    ):
        if len(table):
            _table(console, table, columns)
            console.say()
    _told(console, found.conclusions, ())


_MOST_FINDINGS = 12


def _told(console: Console, words: Sequence[str], findings: Sequence[Finding]) -> None:
    """Print conclusions, then warnings."""
    console.say()
    for text in words:
        console.say(f"- {text}")
    doubts = [finding for finding in findings if finding.severity != "info"]
    for finding in doubts[:_MOST_FINDINGS]:
        console.warn(finding.message)
    if len(doubts) > _MOST_FINDINGS:
        console.warn(f"and {len(doubts) - _MOST_FINDINGS} more (--json shows all)")


def _table(console: Console, table: pd.DataFrame, columns: Sequence[str]) -> None:
    console.table(list(columns), [[_cell(value) for value in row] for row in table[list(columns)].to_numpy()])


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "no limit"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [_clean(row) for row in table.to_dict(orient="records")]


def _clean(value: Any) -> Any:
    """Return a value as JSON has it: null instead of NaN, text instead of infinity."""
    if isinstance(value, dict):
        return {str(name): _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite"
    return value
