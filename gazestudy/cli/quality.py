"""`gazestudy quality`: how good recordings are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.pipeline.quality import Quality


def quality(
    path: Annotated[
        Path,
        typer.Argument(metavar="STUDY|SOURCE", help="The study folder, or a table or recording without one."),
    ],
    windows: Annotated[
        bool, typer.Option("--windows", help="One row for each stretch of 10 s, not for each recording.")
    ] = False,
    window_s: Annotated[
        float, typer.Option("--window-s", min=0.1, help="Length of these stretches, s.")
    ] = 10.0,
    targets: Annotated[
        Path | None,
        typer.Option(
            "--targets",
            help="CSV of points that were looked at: target, start_s, end_s, and placement with x_mm and y_mm"
            " (or x_ref_px.., x_share..), or x_px and y_px, or x_deg and y_deg; also recording, event.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Which recording, where a folder or file holds several.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file with all columns.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print loss by reason, effective rate, precision and, with targets, accuracy; degrees on the sphere.

    RMS-S2S, STD and BCEA (68 %) are medians over fixations. "steady" is RMS-S2S without a straight drift
    within each fixation, which a turning head puts into gaze that rests on something. All figures are those
    of corrected gaze where the study has a correction.
    """
    from gazestudy.pipeline.look_targets import read_targets
    from gazestudy.pipeline.metrics import write_csv
    from gazestudy.pipeline.quality import quality_of_source, quality_of_study
    from gazestudy.store import open_study
    from gazestudy.store.database import DATABASE_NAME

    console = Console(as_json, quiet)
    wanted = read_targets(targets) if targets is not None else []
    length_s = window_s if windows else None
    if (path / DATABASE_NAME).is_file() or path.name == DATABASE_NAME:
        with open_study(path, read_only=True) as study, console.progress() as progress:
            found = quality_of_study(study, window_s=length_s, targets=wanted, progress=progress)
    else:
        found = quality_of_source(path, window_s=length_s, targets=wanted, name=name)
    if out is not None:
        write_csv(found.table, out)
    for trouble in found.troubles:
        console.warn(trouble)
    console.document(found.to_dict())
    _print(console, found, windows=windows)
    if out is not None:
        console.say(f"all columns: {out}")


def _print(console: Console, found: Quality, *, windows: bool) -> None:
    if len(found.table) == 0:
        console.say("no recordings yet")
        return
    header = ["recording", *(["from s"] if windows else []), "s", "Hz", "of Hz", "loss", "because"]
    header += ["longest gap s", "RMS-S2S", "steady", "STD", "BCEA"]
    console.table(header, [_row(row, windows=windows) for _, row in found.table.iterrows()])
    if len(found.accuracy):
        console.say()
        rows = [
            [
                row["recording_id"],
                row["target"],
                row["samples"],
                *(
                    _number(row[name], 2)
                    for name in ("offset_deg", "azimuth_deg", "elevation_deg", "std_deg")
                ),
                _number(row["as_recorded_deg"], 2),
            ]
            for _, row in found.accuracy.iterrows()
        ]
        names = ["recording", "target", "samples", "offset deg", "right", "up", "STD", "as recorded"]
        console.table(names, rows)
    for name, one in found.corrections.items():
        evidence = one.correction.evidence
        left = evidence.get("mean_without_it_deg")
        said = f"; {left:.2f} deg are left at targets it was not made from" if left is not None else ""
        console.say(f"{name} is corrected (number {one.id}, {one.made_by}, {one.made_utc}){said}")


def _row(row: pd.Series, *, windows: bool) -> list[str]:
    from gazestudy.quality.loss import LOSSES

    shares = {reason: float(row[f"{reason}_share"]) for reason in (*LOSSES, "missing")}
    most = sorted((reason for reason in shares if shares[reason] >= 0.005), key=lambda name: -shares[name])
    words = ", ".join(f"{name.replace('_', ' ')} {shares[name]:.0%}" for name in most) or "-"
    precise = ("rms_s2s_deg", "rms_s2s_detrended_deg", "std_deg", "bcea_deg2")
    return [
        str(row["recording_id"]),
        *([_number(row["start_s"], 0)] if windows else []),
        _number(row["duration_s"], 1),
        _number(row["effective_rate_hz"], 1),
        _number(row["nominal_rate_hz"], 1),
        f"{row['loss_share']:.1%}" if row["samples"] else "-",
        words,
        _number(row["longest_gap_ms"] / 1000, 2),
        *(_number(row[name], 3) for name in precise),
    ]


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
