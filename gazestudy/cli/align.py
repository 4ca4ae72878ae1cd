"""`gazestudy align`: how the clock of a recording relates to another clock."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath
from gazestudy.errors import ParameterError

if TYPE_CHECKING:
    from gazestudy.importers.time_marks import TimeMarks
    from gazestudy.model.alignment import AlignmentMethod, ClockAlignment, StoredAlignment
    from gazestudy.store import Study


def align(
    study: StudyPath,
    recording: Annotated[
        str, typer.Argument(metavar="[RECORDING]", help="Whose clock; not needed for --list and --remove.")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", help="Name of the other clock: a log, an interview, another recording.")
    ] = "",
    method: Annotated[
        str, typer.Option("--method", help="events, pulses, wall-clock or by-hand.")
    ] = "events",
    table: Annotated[
        Path | None, typer.Option("--table", help="Times of the other clock (CSV with a header).")
    ] = None,
    time_column: Annotated[str | None, typer.Option("--time-column", help="Its column of times.")] = None,
    name_column: Annotated[str | None, typer.Option("--name-column", help="Its column of names.")] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Of the times: ns, us, ms, s, min; mm:ss or hh:mm.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Time zone where none is written: Asia/Bangkok or +07:00.")
    ] = None,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Day of times of day.")
    ] = None,
    events: Annotated[str, typer.Option("--events", help="Which events or pulses of the recording.")] = "*",
    target_events: Annotated[str, typer.Option("--target-events", help="Which of the other clock.")] = "*",
    stream: Annotated[str, typer.Option("--stream", help="Stream of the recording with its times.")] = "",
    near: Annotated[
        float | None, typer.Option("--near", help="Expected other time minus recording time, s.")
    ] = None,
    near_within: Annotated[
        float, typer.Option("--near-within", min=0.0, help="How far --near may be off, s.")
    ] = 60.0,
    reading_ms: Annotated[
        float | None, typer.Option("--reading-ms", help="Error of one event, 95 % of them below.")
    ] = None,
    bias_ms: Annotated[
        float, typer.Option("--bias-ms", min=0.0, help="Error that all events may share.")
    ] = 0.0,
    tolerance_ms: Annotated[
        float | None, typer.Option("--tolerance-ms", help="How far a pulse may lie from the line.")
    ] = None,
    drift: Annotated[
        str | None, typer.Option("--drift", help="Largest drift: '1 s/day' or '50 ppm'.")
    ] = None,
    known_drift: Annotated[
        str, typer.Option("--known-drift", help="Measured drift of the other clock (wall-clock, by-hand).")
    ] = "0 ppm",
    synchronised: Annotated[
        str | None, typer.Option("--synchronised", help="When the recording's clock was set (wall-clock).")
    ] = None,
    synchronisation_ms: Annotated[
        float, typer.Option("--synchronisation-ms", min=0.0, help="How well it was set.")
    ] = 100.0,
    target_synchronised: Annotated[
        str | None, typer.Option("--target-synchronised", help="When the other clock was set.")
    ] = None,
    target_drift: Annotated[
        str, typer.Option("--target-drift", help="Largest drift of the other clock.")
    ] = "0 ppm",
    target_synchronisation_ms: Annotated[
        float, typer.Option("--target-synchronisation-ms", min=0.0, help="How well the other one was set.")
    ] = 0.0,
    offset: Annotated[
        float | None,
        typer.Option("--offset", help="By hand: other time minus recording time at its start, s."),
    ] = None,
    uncertainty_ms: Annotated[
        float | None, typer.Option("--uncertainty-ms", min=0.0, help="How far --offset may be off.")
    ] = None,
    confidence: Annotated[float, typer.Option("--confidence", help="Of the uncertainty.")] = 0.95,
    by: Annotated[str | None, typer.Option("--by", help="Who says so; the user if not given.")] = None,
    note: Annotated[str, typer.Option("--note", help="For people.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, keep nothing.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List what the study has.")] = False,
    remove: Annotated[int | None, typer.Option("--remove", metavar="NUMBER", help="Remove one.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find how the clock of a recording relates to another one, and keep it as a fact; no time is changed."""
    from gazestudy.importers.time_marks import parse_moment, read_time_marks
    from gazestudy.pipeline.aligning import AlignOptions, align_recording
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if list_all:
        with open_study(study, read_only=True) as opened:
            _list(console, opened, recording or None, to or None)
        return
    if remove is not None:
        with open_study(study) as opened:
            opened.remove_alignment(remove)
        console.say(f"removed alignment {remove}")
        return
    if not recording or not to:
        raise ParameterError("align", recording or to, "RECORDING and --to NAME, or --list")
    options = AlignOptions(
        source_pattern=events,
        target_pattern=target_events,
        stream=stream,
        near_s=near,
        near_within_s=near_within,
        reading_ms=reading_ms,
        bias_ms=bias_ms,
        tolerance_ms=tolerance_ms,
        drift_bound_ppm=None if drift is None else parse_drift(drift),
        synchronised_unix_ns=None if synchronised is None else parse_moment(synchronised, zone),
        synchronisation_ms=synchronisation_ms,
        known_drift_ppm=parse_drift(known_drift),
        target_synchronised_unix_ns=(
            None if target_synchronised is None else parse_moment(target_synchronised, zone)
        ),
        target_drift_bound_ppm=parse_drift(target_drift),
        target_synchronisation_ms=target_synchronisation_ms,
        offset_s=offset,
        uncertainty_ms=uncertainty_ms,
        confidence=confidence,
    )
    marks: TimeMarks | None = None
    if table is not None:
        marks = read_time_marks(
            table,
            time_column=time_column,
            name_column=name_column,
            unit=unit,
            zone=zone,
            day=day.date() if day else None,
        )
        for finding in marks.findings:
            console.warn(finding.message)
    with open_study(study, read_only=dry_run) as opened:
        found = align_recording(
            opened, recording, target=to, method=cast("AlignmentMethod", method), marks=marks, options=options
        )
        stored = None if dry_run else opened.add_alignment(recording, to, found, made_by=by, note=note)
    for warning in found.evidence.get("warnings", ()):
        console.warn(warning)
    console.document(_document(stored) if stored else found.to_dict())
    console.say(f"{recording} and {to}, {_words(found)}")
    console.say(f"kept as alignment {stored.id}" if stored else "nothing was kept (--dry-run)")


def parse_drift(text: str) -> float:
    """Return a drift in ppm.

    Parameters
    ----------
    text : str
        Such as "1 s/day", "20 ppm", "-0.5 s/day"; a bare number is ppm.

    Raises
    ------
    ParameterError
        If it is none of these.

    Examples
    --------
    >>> parse_drift("20 ppm"), round(parse_drift("1 s/day"), 2)
    (20.0, 11.57)
    """
    match = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s*(ppm|s/day|s/d|ms/day)?\s*", text)
    if match is None:
        raise ParameterError("drift", text, "a number with a unit, such as '1 s/day' or '20 ppm'")
    return float(match[1]) * {"s/day": 1e6 / 86400, "s/d": 1e6 / 86400, "ms/day": 1e3 / 86400}.get(
        match[2] or "ppm", 1.0
    )


def _list(console: Console, study: Study, recording: str | None, to: str | None) -> None:
    found = study.alignments(recording, to)
    console.document([_document(one) for one in found])
    if not found:
        console.say(f"no clock is aligned yet: gazestudy align {study.path} RECORDING --to NAME")
        return
    rows = [
        [
            one.id,
            one.recording_id,
            one.target,
            one.alignment.method,
            f"{one.alignment.offset_ns / 1e9:.4f}",
            f"{one.alignment.drift_ppm:+.2f}",
            f"{_there(one.alignment):.1f}",
            one.made_by,
            one.made_utc,
            one.note,
        ]
        for one in found
    ]
    header = [
        "no.",
        "recording",
        "to",
        "method",
        "offset s",
        "drift ppm",
        "+- ms",
        "by",
        "when (UTC)",
        "note",
    ]
    console.table(header, rows)


def _document(stored: StoredAlignment) -> dict[str, Any]:
    return {
        "id": stored.id,
        "recording": stored.recording_id,
        "target": stored.target,
        "made_by": stored.made_by,
        "made_utc": stored.made_utc,
        "note": stored.note,
        "alignment": stored.alignment.to_dict(),
    }


def _there(alignment: ClockAlignment) -> float:
    """Return the uncertainty at the reference, ms."""
    import numpy as np

    return float(alignment.uncertainty_at(np.array([alignment.reference_ns]))[0])


def _words(found: ClockAlignment) -> str:
    import numpy as np

    later = found.last_ns + 3_600_000_000_000
    after_ms = float(found.uncertainty_at(np.array([later]))[0])
    pairs = f"{len(found.residuals_ms)} pairs" if found.residuals_ms else "clocks that were set"
    return (
        f"by {pairs}: offset {found.offset_ns / 1e9:.4f} s +- {_there(found):.1f} ms"
        f" ({found.confidence:.0%}), drift {found.drift_ppm:+.2f} ppm;"
        f" +- {after_ms:.1f} ms an hour after the last evidence"
    )
