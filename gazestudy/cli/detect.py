"""`gazestudy detect`: a table of gaze in, gaze events out; or several detectors against each other."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, Settings, parse_settings
from gazestudy.errors import ParameterError

if TYPE_CHECKING:
    from gazestudy.pipeline.comparing import Comparison


def detect(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE|STUDY",
            help="CSV, TSV or Parquet with t_ns, valid and x_deg, y_deg (or x_px, y_px); or a recording;"
            " with --compare also a study.",
        ),
    ],
    method: Annotated[
        str | None, typer.Option("--method", help="Detector (ivt); see gazestudy list detectors.")
    ] = None,
    settings: Settings = None,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare",
            metavar="A,B,...",
            help="Detectors against each other, each with parameters after colons:"
            " ivt,ivt:threshold_deg_s=30,tobii-fixation.",
        ),
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option("--camera", help="Scene camera calibration (JSON as Pupil Cloud writes it)."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Which recording, where a folder or file holds several.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV file for the gaze events, or for the comparison."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Detect fixations and saccades in one table, or compare detectors.

    --compare shows how far detectors agree (Cohen's kappa for each class, sample by sample; F1 of events
    matched by largest overlap), how many events they find and how long these last. For a study that was run,
    it also shows what the choice does to noticing and dwell on each placement; its results stay as they are.
    """
    from gazestudy.pipeline.detecting import detect_in_file, write_events
    from gazestudy.store.database import DATABASE_NAME

    console = Console(as_json, quiet)
    is_study = (path / DATABASE_NAME).is_file() or path.name == DATABASE_NAME
    if compare is not None:
        if method is not None or settings:
            raise ParameterError(
                "--compare", compare, "no --method and --set beside it: ivt:threshold_deg_s=30,..."
            )
        _compare(console, path, compare, camera, name, out, is_study=is_study)
        return
    if is_study:
        raise ParameterError(
            "TABLE", str(path), "a table or recording; for a study, gazestudy run or --compare"
        )
    events = detect_in_file(
        path, method=method or "ivt", camera_path=camera, parameters=parse_settings(settings), name=name
    )
    counts = {str(kind): int(n) for kind, n in events["kind"].value_counts(sort=False).items() if n}
    provenance = events.attrs["provenance"]
    if out is not None:
        write_events(events, out)
    console.document({"counts": counts, "provenance": provenance, "out": str(out) if out else None})
    console.say(", ".join(f"{n} {kind}" for kind, n in counts.items()) or "no gaze events")
    for parameter, value in provenance["parameters"].items():
        console.say(f"  {parameter} = {value}")
    if out is not None:
        console.say(f"events in {out}, parameters in {out.with_suffix('.json')}")


def _compare(
    console: Console,
    path: Path,
    compare: str,
    camera: Path | None,
    name: str | None,
    out: Path | None,
    *,
    is_study: bool,
) -> None:
    from gazestudy.pipeline.comparing import (
        compare_in_file,
        compare_in_study,
        parse_variants,
        write_comparison,
    )
    from gazestudy.store import open_study

    variants = parse_variants(compare)
    if is_study and camera is not None:
        raise ParameterError("--camera", str(camera), "nothing for a study, which knows its cameras")
    if is_study:
        with open_study(path) as study, console.progress() as progress:
            found = compare_in_study(study, variants, progress=progress)
    else:
        with console.progress() as progress:
            found = compare_in_file(path, variants, camera_path=camera, name=name, progress=progress)
    files = write_comparison(found, out) if out is not None else []
    for note in found.notes:
        console.warn(note)
    console.document(_document(found, files))
    _print(console, found)
    for file in files:
        console.say(f"written: {file}")


def _document(found: Comparison, files: list[Path]) -> dict[str, object]:
    from gazestudy.pipeline.comparing import by_placement
    from gazestudy.pipeline.quality import records

    return {
        "counts": records(found.counts),
        "agreement": records(found.agreement),
        "multiverse": records(found.multiverse),
        "by_placement": records(by_placement(found.multiverse)) if len(found.multiverse) else [],
        "provenance": found.provenance,
        "notes": list(found.notes),
        "out": [str(file) for file in files],
    }


def _print(console: Console, found: Comparison) -> None:
    from gazestudy.pipeline.comparing import by_placement

    rows = [
        [
            row["detector"],
            row["kind"],
            row["n"],
            *_digits(row, ("per_minute", 1), ("median_duration_ms", 0), ("time_share", 3)),
        ]
        for row in found.counts.to_dict(orient="records")
    ]
    console.table(["detector", "class", "n", "per min", "median ms", "share of time"], rows)
    console.say()
    numbers = (("kappa", 3), ("event_f1", 3), ("onset_shift_ms", 1), ("onset_sd_ms", 1))
    rows = [
        [row["one"], row["other"], row["kind"], row["n_one"], row["n_other"], *_digits(row, *numbers)]
        for row in found.agreement.to_dict(orient="records")
    ]
    header = ["one", "other", "class", "n one", "n other", "kappa", "event F1", "onset shift ms", "SD"]
    console.table(header, rows)
    if not len(found.multiverse):
        return
    console.say()
    measured = (
        ("notice_rate", 2),
        ("dwell_ms", 0),
        ("fixation_count", 1),
        ("gaze_ms", 0),
        ("same_decision", 2),
    )
    rows = [
        [
            row["placement_id"],
            row["detector"],
            f"{row['noticed']} of {row['exposed']}",
            *_digits(row, *measured),
        ]
        for row in by_placement(found.multiverse).to_dict(orient="records")
    ]
    header = ["placement", "detector", "noticed", "rate", "mean dwell ms", "fixations", "gaze ms"]
    console.table([*header, "same decision"], rows)


def _digits(row: dict[Hashable, Any], *columns: tuple[str, int]) -> list[str]:
    import math

    return ["-" if math.isnan(row[name]) else f"{row[name]:.{digits}f}" for name, digits in columns]
