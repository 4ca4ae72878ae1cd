"""`gazestudy metrics`: attention metrics as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, records_of

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.attention.funnel import Funnel

SHOWN = (
    "notice",
    "dwell",
    "first-looks",
    "first-looks-per-exposure",
    "funnel",
    "transitions",
    "aoi-transitions",
    "models",
)

_NO_INTERVAL = "no interval by bootstrap (-) where there are fewer than five people"


def metrics(
    study: StudyPath,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV file, one row per recording and placement."),
    ] = None,
    group_by: Annotated[
        str,
        typer.Option(
            "--group-by", help="Summary by placement and segment, daypart, aoi, label (of AOIs), creative."
        ),
    ] = "placement",
    show: Annotated[
        str,
        typer.Option(
            "--show",
            help="notice, dwell, first-looks, first-looks-per-exposure, funnel, transitions, "
            "aoi-transitions, or models of what goes with looking.",
        ),
    ] = "notice",
    figure: Annotated[
        Path | None,
        typer.Option("--figure", help="Draw first looks or one funnel: a .png, .svg or .pdf file."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print a summary per placement and write the whole table.

    With --show, the figures are dwell in two parts, the time to the first fixation as survival, the funnel
    from exposure to intention, or from where to where the gaze went, and --out gets these instead.
    """
    from gazestudy.pipeline.metrics import (
        for_screen,
        label_metrics,
        overlapping_labels,
        study_metrics,
        summary,
        write_csv,
    )
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    groups = [word.strip() for word in group_by.split(",") if word.strip()]
    if show != "notice":
        _figures(console, study, show, groups, out, figure)
        return
    with open_study(study, read_only=True) as opened:
        if "label" in groups:
            table, doubles = label_metrics(opened), overlapping_labels(opened)
        else:
            table, doubles = study_metrics(opened, creatives="creative" in groups), ()
    for placement_id, label in doubles:
        console.warn(f"AOIs labelled {label!r} overlap on {placement_id}: gaze on both counts twice")
    shown = summary(table, groups)
    if out is not None:
        write_csv(table, out)
    console.document(records_of(shown))
    console.table(*for_screen(shown))
    if out is not None:
        what = next((word for word in ("creative", "label") if word in groups), "placement")
        console.say(f"one row per recording and {what}: {out}")


def _figures(
    console: Console, path: Path, show: str, groups: list[str], out: Path | None, figure: Path | None
) -> None:
    """Print and write figures that are more than counts and medians."""
    from gazestudy.pipeline.metrics import rounded, write_csv

    table, axes, notes = _found(path, show, groups, draw=figure is not None)
    if out is not None:
        write_csv(table, out)
    if figure is not None:
        from gazestudy.pipeline.figure_files import write_figure

        write_figure(axes, figure)
    console.document(records_of(table))
    hidden = [name for name in table if name in ("method", "rule") or str(name).startswith("previous_")]
    console.table(*rounded(table.drop(columns=hidden)))
    for note in notes:
        console.say(note)
    if out is not None:
        console.say(f"all columns: {out}")


def _found(path: Path, show: str, groups: list[str], *, draw: bool) -> tuple[pd.DataFrame, Any, list[str]]:
    """Return the table that was asked for, the axes of its figure, and what to doubt."""
    from gazestudy.attention.first_looks import first_look_table
    from gazestudy.attention.funnel import funnel_table
    from gazestudy.errors import ParameterError
    from gazestudy.pipeline import attention_figures as figures
    from gazestudy.store import open_study

    if show not in SHOWN:
        raise ParameterError("show", show, "any of " + ", ".join(SHOWN))
    if draw and show not in ("first-looks", "first-looks-per-exposure", "funnel"):
        raise ParameterError("--figure", show, "--show first-looks or funnel beside it")
    with open_study(path, read_only=True) as study:
        if show == "dwell":
            table = figures.study_dwell(study, groups)
            few = table["mean_dwell_low_s"].isna().any()
            return table, None, [_NO_INTERVAL] if few else []
        if show.endswith("transitions"):
            between: Any = "aois" if show.startswith("aoi") else "placements"
            table = figures.study_transitions(study, between=between)
            drawn = between == "placements" or bool(study.aois())
            nothing = f"nobody looked from one of the {between} to another" if drawn else "no AOIs are drawn"
            return table, None, [] if len(table) else [nothing]
        if show == "funnel":
            funnels = figures.study_funnels(study, groups)
            notes = [
                f"{label}: {doubt}"
                for label, one in funnels.items()
                for doubt in one.doubts
                if "nobody was asked" not in doubt  # the table shows it
            ]
            return funnel_table(funnels), _funnel_axes(funnels) if draw else None, notes
        if show == "models":
            models = figures.study_looking_models(study)
            notes = [f"left out: {term}, {why}" for term, why in models.left_out.items()]
            return models.table, None, [*notes, *models.doubts]
        looks = figures.study_first_looks(study, groups, per_exposure=show.endswith("exposure"))
    axes = None
    if draw:
        from gazestudy.plots import draw_survival

        axes = draw_survival(looks)
    table = first_look_table(looks)
    few = table["restricted_mean_low_s"].isna().any()
    rules = dict.fromkeys(look.rule for look in looks.values())
    return table, axes, [*rules, *([_NO_INTERVAL] if few else [])]


def _funnel_axes(funnels: dict[str, Funnel]) -> Any:
    from gazestudy.errors import ParameterError
    from gazestudy.plots import draw_funnel

    if len(funnels) > 1:
        raise ParameterError("--figure", len(funnels), "one funnel: --group-by all beside it")
    return draw_funnel(next(iter(funnels.values())))
