"""`gazestudy protocol plan`: who observes where and when."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet

if TYPE_CHECKING:
    from gazestudy.protocol.plan import SamplingPlan

DAYPARTS = ("am_peak=07:00-09:30@mon-fri", "midday=11:00-14:00@mon-fri", "pm_peak=16:30-19:30@mon-fri",
            "weekend=11:00-18:00@sat,sun")  # fmt: skip


def plan(
    points: Annotated[
        Path, typer.Option("--points", metavar="CSV", help="Points: columns station_id, point_id.")
    ],
    observers: Annotated[
        list[str], typer.Option("--observer", metavar="CODE", help="An observer, by code; repeatable.")
    ],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files.")],
    weekdays: Annotated[
        str, typer.Option("--weekdays", help="Days of the week, such as mon-fri or tue,thu,sat.")
    ] = "mon-sun",
    skip: Annotated[
        list[datetime] | None,
        typer.Option("--skip", formats=["%Y-%m-%d"], help="A day without observers; repeatable."),
    ] = None,
    dayparts: Annotated[
        list[str] | None,
        typer.Option(
            "--daypart",
            metavar="NAME=HH:MM-HH:MM[@DAYS]",
            help="Repeatable. [default: " + " ".join(DAYPARTS) + "]",
        ),
    ] = None,
    travel: Annotated[
        Path | None,
        typer.Option(
            "--travel", metavar="CSV", help="Ways between stations: from_station, to_station, minutes."
        ),
    ] = None,
    travel_min: Annotated[int, typer.Option("--travel-min", min=0, help="Way between other stations.")] = 20,
    walk_min: Annotated[int, typer.Option("--walk-min", min=0, help="Way between points of a station.")] = 5,
    pause_min: Annotated[int, typer.Option("--pause-min", min=0, help="Pause after each session.")] = 10,
    session_min: Annotated[int, typer.Option("--session-min", min=1, help="Length of a session.")] = 60,
    longest_day_min: Annotated[
        int, typer.Option("--longest-day-min", min=1, help="From first start to last stop of an observer.")
    ] = 480,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Sessions for each point, daypart and weekday.")
    ] = 1,
    sessions: Annotated[
        int | None, typer.Option("--sessions", min=1, help="Number of sessions, instead of --repeats.")
    ] = None,
    shared: Annotated[
        float, typer.Option("--shared", min=0, max=1, help="Share of sessions done by two, for agreement.")
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same plan.")] = 1,
    tz: Annotated[str, typer.Option("--tz", help="Time zone of the stations, such as Asia/Bangkok.")] = "",
    language: Annotated[str, typer.Option("--language", "-l", help="Of sheets: en, th, vi or zh.")] = "en",
    paper: Annotated[str, typer.Option("--paper", help="A4 or Letter.")] = "A4",
    partial: Annotated[bool, typer.Option("--partial", help="Write what fits if not all does.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a plan in the folder.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Plan sessions: points x dayparts x weekdays in balance, with shifts, ways and shared sessions."""
    import numpy as np

    from gazestudy.protocol.plan import Daypart, PlanError, plan_sessions, read_weekdays
    from gazestudy.protocol.plan_files import days_between, read_table, read_travel

    console = Console(as_json, quiet)
    wanted = read_weekdays(weekdays)
    found = plan_sessions(
        read_table(points, ("station_id", "point_id")),
        [Daypart.parse(text) for text in dayparts or _default_dayparts(wanted)],
        _on(days_between(first.date(), last.date(), without=[one.date() for one in skip or ()]), wanted),
        observers,
        np.random.default_rng(seed),
        travel=None if travel is None else read_travel(travel),
        travel_min=travel_min,
        walk_min=walk_min,
        pause_min=pause_min,
        session_min=session_min,
        longest_day_min=longest_day_min,
        repeats=repeats,
        sessions=sessions,
        shared=shared,
    )
    if found.reasons and not partial:
        raise PlanError([*found.reasons, "Give --partial to write what fits."])
    paths = _write(found, out, tz=tz, language=language, paper=paper, overwrite=overwrite)
    _report(console, found, paths)


def _default_dayparts(wanted: tuple[str, ...]) -> list[str]:
    from gazestudy.protocol.plan import Daypart

    return [text for text in DAYPARTS if set(Daypart.parse(text).weekdays) & set(wanted)]


def _on(days: list[date], wanted: tuple[str, ...]) -> list[date]:
    from gazestudy.model.fieldwork import WEEKDAYS

    return [day for day in days if WEEKDAYS[day.weekday()] in wanted]


def _write(
    found: SamplingPlan, out: Path, *, tz: str, language: str, paper: str, overwrite: bool
) -> list[Path]:
    from datetime import UTC

    from gazestudy.errors import InputError, ParameterError
    from gazestudy.protocol.plan_files import LANGUAGES, write_calendar, write_plan_csv, write_route_sheets

    if paper not in ("A4", "Letter"):
        raise ParameterError("paper", paper, "A4 or Letter")
    if language not in LANGUAGES:
        raise ParameterError("language", language, "one of " + ", ".join(LANGUAGES))
    plan_csv, calendar, sheets = out / "plan.csv", out / "plan.ics", out / "route_sheets.pdf"
    if plan_csv.exists() and not overwrite:
        raise InputError(plan_csv, "is there already", advice="Choose another --out, or give --overwrite")
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_calendar(found.sessions, calendar, tz=tz, written=datetime.now(UTC))
        write_route_sheets(found.sessions, sheets, language=language, paper=paper)
        write_plan_csv(found.sessions, plan_csv)
    except OSError as error:
        raise InputError(out, f"cannot be written: {error.strerror or error}") from error
    return [plan_csv, calendar, sheets]


def _report(console: Console, found: SamplingPlan, paths: list[Path]) -> None:
    table = found.sessions
    once = table[table["role"] == "primary"]
    counts = found.balance()["sessions"]
    shifts = found.shifts()
    summary = {
        "sessions": len(once),
        "shared": int((once["shared_with"] != "").sum()),
        "cells": len(counts),
        "per_cell": [int(counts.min()), int(counts.max())] if len(counts) else [0, 0],
        "observer_days": len(shifts),
        "travel_min": int(shifts["travel_min"].sum()),
        "paths": [str(path) for path in paths],
        "missing": found.reasons,
    }
    console.document(summary)
    per_observer = table.groupby("observer", sort=True).agg(
        days=("date", "nunique"), sessions=("session_id", "size"), travel=("travel_min", "sum")
    )
    console.table(
        ["observer", "days", "sessions", "travel (min)"],
        [[name, row.days, row.sessions, row.travel] for name, row in per_observer.iterrows()],
    )
    for reason in found.reasons:
        console.warn(reason)
    console.say(
        f"{len(once)} sessions ({summary['shared']} by two observers) in {len(counts)} cells of point,"
        f" daypart and weekday; {len(shifts)} observer days"
    )
    for path in paths:
        console.say(f"written: {path}")
