"""`gazestudy fieldlog import|list|remove|summary|agreement|map`: what observers counted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, records_of, short_value

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.fieldwork.observers import ObserverAgreement
    from gazestudy.fieldwork.summary import FieldSummary
    from gazestudy.importers.fieldlogs import FieldLogError
    from gazestudy.pipeline.fieldlogs import ImportedFieldLog

app = typer.Typer(help="Field logs: what observers counted.", no_args_is_help=True)

_SHOWN_FINDINGS = 30

Station = Annotated[str, typer.Option("--station", help="Only this station.")]


@app.command("import")
def import_(
    study: StudyPath,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, zips or folders of logs.")],
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="The protocol document, or the name of a shipped one.")
    ] = "",
    columns: Annotated[
        Path | None, typer.Option("--columns", help="Column mapping of a plain table (JSON).")
    ] = None,
    importer: Annotated[str, typer.Option("--importer", help="Reader to use.")] = "",
    tz: Annotated[
        str, typer.Option("--tz", help="Time zone of times that do not say, such as Asia/Bangkok.")
    ] = "",
    prefix: Annotated[str, typer.Option("--prefix", help="Put this before every session id.")] = "",
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Leave out entries that cannot be used, import the rest.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Accept corrected observers and starts of known sessions.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check; change nothing.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring field logs in: phone page, entry sheets, ODK, Kobo, BORIS, Gehl, plain tables."""
    from gazestudy.errors import ParameterError
    from gazestudy.importers.fieldlogs import FieldLogError
    from gazestudy.importers.fieldlogs.moments import zone_of
    from gazestudy.pipeline.fieldlogs import import_field_logs
    from gazestudy.protocol import load_protocol
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if tz and zone_of(tz) is None:
        raise ParameterError("--tz", tz, "an IANA time zone, such as Asia/Bangkok")
    document = load_protocol(protocol) if protocol else None
    done = []
    with open_study(study, read_only=dry_run) as opened, console.progress() as progress:
        for path in paths:
            try:
                done += import_field_logs(
                    opened,
                    path,
                    protocol=document,
                    columns=columns,
                    importer=importer or None,
                    tz=tz,
                    prefix=prefix,
                    salvage=salvage,
                    replace_sessions=replace,
                    dry_run=dry_run,
                    progress=progress,
                )
            except FieldLogError as error:
                _show_mistakes(console, error)
                raise typer.Exit(1) from error
    console.document({"dry_run": dry_run, "logs": [one.to_dict() for one in done]})
    for one in done:
        _show(console, one)
    _total(console, done, dry_run)
    if dry_run and any(finding.severity == "problem" for one in done for finding in one.findings):
        raise typer.Exit(1)


def _show_mistakes(console: Console, error: FieldLogError) -> None:
    """Print every entry that cannot be used on a line of its own."""
    console.document({"file": str(error.path), "mistakes": [finding.to_dict() for finding in error.findings]})
    for finding in error.findings:
        typer.echo(f"{finding.message}", err=True)
    count = sum(finding.count for finding in error.findings)
    what = "entry" if count == 1 else "entries"
    typer.echo(
        f"error: {error.path}: {count} {what} cannot be used; nothing was imported."
        " Correct them, or import the rest with --salvage",
        err=True,
    )


def _show(console: Console, one: ImportedFieldLog) -> None:
    """Print one log for people."""
    from gazestudy.model.wording import counted

    rows = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in one.rows.items())
    console.say(f"{one.name} ({one.importer}: {one.reason})")
    console.say(f"  {rows or 'no rows'}")
    console.say(f"  sessions: {one.outcome}")
    if one.intake.pseudonyms:
        console.say(f"  names of observers became codes: {', '.join(sorted(one.intake.pseudonyms))}")
    for finding in one.findings[:_SHOWN_FINDINGS]:
        console.say(f"  {finding.severity}: {finding.message}")
    rest = len(one.findings) - _SHOWN_FINDINGS
    if rest > 0:
        console.say(f"  and {counted(rest, 'more finding')} (--json shows all)")


def _total(console: Console, done: list[ImportedFieldLog], dry_run: bool) -> None:
    from gazestudy.model.wording import counted

    new = sum(len(one.intake.added) for one in done)
    changed = sum(len(one.intake.changed) for one in done)
    if dry_run:
        console.say(
            f"dry run: {counted(new, 'session')} would be new, {changed} changed; nothing was written"
        )
    elif not new and not changed:
        console.say("nothing changed: everything is in the study already")
    else:
        console.say(f"{counted(new, 'session')} new, {changed} changed")


@app.command("list")
def list_(study: StudyPath, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the field logs of a study, with the files they were read from."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        logs, points = opened.field_logs(), opened.points()
    console.document(
        {
            "logs": [
                {
                    "log": one.log_id,
                    "name": one.name,
                    "importer": one.importer,
                    "imported_utc": one.imported_utc,
                    "sessions": one.sessions,
                    "current": list(one.current),
                    "sources": [
                        {"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256}
                        for file in one.sources
                    ],
                    "provenance": one.provenance,
                    "findings": [finding.to_dict() for finding in one.findings],
                }
                for one in logs
            ],
            "points": points,
        }
    )
    console.table(
        ["log", "read from", "by", "imported", "sessions", "current"],
        [
            [one.log_id, one.name, one.importer, one.imported_utc, len(one.sessions), len(one.current)]
            for one in logs
        ],
    )
    for station, names in points.items():
        console.say(f"station {station}: points {', '.join(names)}")


@app.command("remove")
def remove(
    study: StudyPath,
    log: Annotated[str, typer.Argument(metavar="LOG", help="Its id, from gazestudy fieldlog list.")],
    quiet: Quiet = False,
) -> None:
    """Forget a field log; earlier versions of its sessions count again."""
    from gazestudy.store import open_study

    with open_study(study) as opened:
        opened.remove_field_log(log)
    Console(False, quiet).say(f"removed {log}")


@app.command("summary")
def summary(
    study: StudyPath,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="Tell figures apart by station_id, point_id, zone, daypart, weekday, placement_id, ...",
        ),
    ] = "",
    station: Station = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for the whole table.")] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", help="Picture of how crowding hides each face (.png, .svg or .pdf)."),
    ] = None,
    level: Annotated[
        float, typer.Option("--level", min=0.5, max=0.999, help="Confidence of intervals.")
    ] = 0.95,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rates, crowding, occlusion, blind spots; figures with denominator, sampling rule and interval."""
    from gazestudy.pipeline.field_results import field_summary
    from gazestudy.pipeline.metrics import write_csv
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    groups = [word.strip() for word in by.split(",") if word.strip()]
    with open_study(study, read_only=True) as opened:
        found = field_summary(opened, by=groups, station=station, level=level)
    if out is not None:
        write_csv(found.figures.table, out)
    if figure is not None and found.occlusion is not None:
        from gazestudy.pipeline.figure_files import write_figure
        from gazestudy.plots.fieldwork import draw_occlusion

        write_figure(draw_occlusion(found.occlusion).axes[0], figure)
    console.document(_summary_document(found, level))
    _print_figures(console, found.figures.table, groups)
    _print_table(console, "focal follows", found.focal)
    _print_table(console, "level of service", found.levels[found.levels["numerator"] > 0])
    _print_models(console, found)
    for finding in found.findings:
        if finding.severity != "info":
            console.warn(finding.message)
    if out is not None:
        console.say(f"\nfigures: {out}")
    if figure is not None and found.occlusion is not None:
        console.say(f"picture: {figure}")
    elif figure is not None:
        console.warn("no picture: nobody noted both how many people were there and how much they hid")


def _summary_document(found: FieldSummary, level: float) -> dict[str, Any]:
    fit, test = found.occlusion, found.blind_spots
    return {
        "level": level,
        "figures": records_of(found.figures.table),
        "focal": records_of(found.focal),
        "levels": records_of(found.levels),
        "occlusion": None
        if fit is None
        else {
            **{name: _number(getattr(fit, name)) for name in ("radius_m", "low_m", "high_m", "mean_error")},
            "scans": fit.scans,
            "sessions": fit.sessions,
            "bins": records_of(fit.bins),
            "doubts": fit.doubts,
        },
        "blind_spots": None
        if test is None
        else {
            **{
                name: _number(getattr(test, name))
                for name in ("ratio", "low", "high", "p_value", "often", "seldom")
            },
            "people": test.people,
            "rows": test.rows,
            "verdict": test.verdict,
            "groups": records_of(test.groups),
        },
        "missing": found.missing,
        "findings": [finding.to_dict() for finding in found.findings],
    }


def _print_figures(console: Console, table: pd.DataFrame, groups: list[str]) -> None:
    from gazestudy.fieldwork.rates import figure_text

    if table.empty:
        console.say("no figures: the logs hold none of the known items")
        return
    rows = [
        [*(row[name] for name in groups), row["figure"], figure_text(row), row["rule"]]
        for _, row in table.iterrows()
    ]
    console.table([*groups, "figure", "value (interval; of what)", "sampling rule"], rows)


def _print_models(console: Console, found: FieldSummary) -> None:
    """Print the fitted occlusion curve and the test for blind spots, or why there is none."""
    console.say()
    fit = found.occlusion
    if fit is not None:
        known = f" ({fit.low_m:.2f} to {fit.high_m:.2f})" if math.isfinite(fit.low_m) else " (no interval)"
        console.say(
            f"occlusion: blocking fits bodies of {fit.radius_m:.2f} m radius{known},"
            f" from {fit.scans} scans in {fit.sessions} sessions"
        )
        for doubt in fit.doubts:
            console.say(f"  doubtful: {doubt}")
    if found.blind_spots is not None:
        console.say(f"blind spots: {found.blind_spots.verdict}")
    for name, reason in found.missing.items():
        console.say(f"no {name.replace('_', ' ')}: {reason}")


def _print_table(console: Console, title: str, table: pd.DataFrame) -> None:
    if len(table):
        console.say(f"\n{title}")
        names = [str(name) for name in table.columns]
        console.table(names, [[short_value(value) for value in row] for row in table.to_numpy().tolist()])


@app.command("agreement")
def agreement(
    study: StudyPath,
    station: Station = "",
    tolerance_s: Annotated[
        float, typer.Option("--tolerance", min=0.0, help="Seconds within which two events are the same.")
    ] = 2.0,
    seed: Annotated[int | None, typer.Option("--seed", help="Of the bootstrap.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the tables as CSV.")] = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", help="Folder for a picture of each item (.svg).")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """How well observers agree who watched one point at the same time; prevalence stands beside kappa."""
    from gazestudy.pipeline.field_results import SEED, field_agreement
    from gazestudy.pipeline.metrics import write_csv
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = field_agreement(
            opened, station=station, tolerance_s=tolerance_s, seed=SEED if seed is None else seed
        )
    tables = {
        "coefficients": found.coefficients,
        "prevalence": found.prevalence,
        "events": found.events,
        "counts": found.counts,
        "count_pairs": found.count_pairs,
        "pairs": found.pairs,
        **{f"confusion {name}": table.reset_index() for name, table in found.confusion.items()},
    }
    if out is not None:
        from gazestudy.store.base import slug

        for number, (name, table) in enumerate(tables.items()):
            write_csv(table, out / f"{slug(name, f'table-{number}')}.csv")
    drawn = [] if figures is None else _draw_agreement(found, figures)
    console.document({name: records_of(table) for name, table in tables.items()})
    for name in ("pairs", "counts", "events", "coefficients", "prevalence"):
        _print_table(console, name, tables[name])
    for finding in found.findings:
        console.warn(finding.message)
    if out is not None:
        console.say(f"tables: {out}")
    if drawn:
        console.say(f"pictures: {len(drawn)} in {figures}")


def _draw_agreement(found: ObserverAgreement, folder: Path) -> list[Path]:
    """Write the differences of counts and the coefficients of categories, a picture for each item."""
    from gazestudy.pipeline.figure_files import write_figure
    from gazestudy.plots.fieldwork import draw_agreement, draw_bland_altman
    from gazestudy.store.base import slug

    written = []
    for kind, table, key, draw in (
        ("differences", found.counts, "item", draw_bland_altman),
        ("kappa", found.coefficients, "name", draw_agreement),
    ):
        for number, (about, name) in enumerate(dict.fromkeys(zip(table["about"], table[key], strict=True))):
            path = folder / f"{slug(f'{kind} {about} {name}', f'{kind}-{number}')}.svg"
            write_figure(draw(found, name, about=about).axes[0], path)
            written.append(path)
    return written


@app.command("map")
def map_(
    study: StudyPath,
    plan: Annotated[Path, typer.Option("--plan", help="Picture of the floor plan.")],
    places: Annotated[
        Path,
        typer.Option("--places", help="CSV: point_id or placement_id, x_px, y_px on the plan, and name."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG, PDF or SVG to write.")],
    colour: Annotated[
        str, typer.Option("--colour", help="Figure shown as colour, such as notice_rate or phone_share.")
    ] = "notice_rate",
    size: Annotated[
        str, typer.Option("--size", help="Figure shown as area, such as flow_per_min; none: all alike.")
    ] = "flow_per_min",
    station: Station = "",
    title: Annotated[str, typer.Option("--title", help="Above the plan.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Draw counts and rates on the floor plan of a station."""
    from gazestudy.pipeline.field_results import draw_map
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        figures = draw_map(
            opened,
            plan,
            places,
            out,
            colour=colour,
            size=None if size in ("", "none") else size,
            station=station,
            title=title,
        )
    console.document({"path": str(out), "figures": records_of(figures.table)})
    console.say(f"map: {out}")
    for finding in figures.findings:
        console.warn(finding.message)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
