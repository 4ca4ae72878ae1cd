"""`gazestudy memory cases|two-by-two|recognition|model|themes|quotes`: what people remember of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.memory.recognition import RecognitionResult
    from gazestudy.pipeline.memory import StudyMemory

app = typer.Typer(help="What people remember, beside what they looked at.", no_args_is_help=True)

_SHOWN_QUOTES = 40

MinExposed = Annotated[
    float, typer.Option("--min-exposed-s", min=0, help="Shorter times in view, summed, are no case, s.")
]
MinShare = Annotated[
    float,
    typer.Option("--min-visible-share", min=0, max=1, help="Exposures that show less of it do not count."),
]
MinAngle = Annotated[
    float, typer.Option("--min-angle-deg", min=0, help="Exposures that never are as wide do not count, deg.")
]
MinFixation = Annotated[
    float, typer.Option("--min-fixation-ms", min=0, help="Shorter fixations do not count, ms.")
]
Primary = Annotated[
    str, typer.Option("--primary-coder", help="Whose code counts where two differ; else who coded most.")
]
Memory = Annotated[
    str,
    typer.Option("--memory", help="recalled_unaided, recalled_aided, recognised or attributed."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="CSV file with all columns.")]
Figure = Annotated[Path | None, typer.Option("--figure", help="Picture of it: .png, .svg or .pdf.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the bootstrap.")]


@app.command("cases")
def cases(
    study: StudyPath,
    out: Out = None,
    unjoined: Annotated[
        Path | None, typer.Option("--unjoined", help="CSV file for everything that could not be joined.")
    ] = None,
    min_exposed_s: MinExposed = 0.0,
    min_visible_share: MinShare = 0.0,
    min_angle_deg: MinAngle = 0.0,
    min_fixation_ms: MinFixation = 100.0,
    primary_coder: Primary = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Join gaze and interviews: one row per participant and placement that entered view.

    What could not be joined is listed with its reason, and written in whole with --unjoined.
    """
    console = Console(as_json, quiet)
    limits = (min_exposed_s, min_visible_share, min_angle_deg, min_fixation_ms)
    found = _joined(study, limits, primary_coder)
    joined = found.joined
    _write(joined.cases, out)
    _write(joined.unjoined, unjoined)
    people, interviewed = joined.cases["participant_id"].nunique(), joined.cases["interviewed"]
    console.document(
        {
            "cases": _records(joined.cases),
            "unjoined": _records(joined.unjoined),
            "never_in_view": _records(joined.never_in_view),
            "findings": [finding.to_dict() for finding in joined.findings],
            "provenance": joined.cases.attrs.get("provenance"),
        }
    )
    console.say(
        f"{len(joined.cases)} cases (participant x placement in view) of {people} participants, "
        f"{int(interviewed.sum())} of these cases with an interview"
    )
    rows = [[finding.code, finding.message] for finding in joined.findings]
    if rows:
        console.table(["finding", ""], rows)
    _wrote(console, out, "one row per case")
    _wrote(console, unjoined, "one row for each thing that could not be joined")


@app.command("two-by-two")
def two_by_two(
    study: StudyPath,
    by: Annotated[
        str, typer.Option("--by", help="One table for each: placement, segment, daypart, with commas.")
    ] = "",
    memory: Memory = "recalled_unaided",
    out: Out = None,
    figure: Figure = None,
    min_exposed_s: MinExposed = 0.0,
    min_visible_share: MinShare = 0.0,
    min_angle_deg: MinAngle = 0.0,
    min_fixation_ms: MinFixation = 100.0,
    primary_coder: Primary = "",
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print looked at against remembered: four cells, shares, difference, odds ratio.

    Remembered without a fixation is expected (peripheral sight, earlier exposure, a known brand, a guess)
    and always shown.
    """
    from gazestudy.pipeline.memory import SEED, study_two_by_two

    console = Console(as_json, quiet)
    limits = (min_exposed_s, min_visible_share, min_angle_deg, min_fixation_ms)
    found = _joined(study, limits, primary_coder)
    groups = [word.strip() for word in by.split(",") if word.strip()]
    kinds = [word.strip() for word in memory.split(",") if word.strip()]
    table = study_two_by_two(found, by=groups, memory=kinds, seed=SEED if seed is None else seed)
    _write(table, out)
    if figure is not None:
        _draw_two_by_two(found, table, kinds[0], figure, SEED if seed is None else seed)
    console.document({"tables": _records(table), "provenance": table.attrs.get("provenance")})
    keys = [name for name in table.columns[: table.columns.get_loc("a")]]
    header = [*keys, "a", "b", "c", "d", "if fixated", "if not", "difference", "odds ratio", "p seen=kept"]
    rows = [
        [
            *(row[key] for key in keys),
            *(row[cell] for cell in "abcd"),
            _interval(row, "remembered_if_fixated", percent=True),
            _interval(row, "remembered_if_not", percent=True),
            _interval(row, "risk_difference", percent=True),
            _interval(row, "odds_ratio"),
            _number(row["share_p_value"], 3),
        ]
        for row in table.to_dict("records")
    ]
    console.table(header, rows)
    console.say()
    for cell, meaning in table.attrs["provenance"]["facts"]["cells"].items():
        console.say(f"{cell}: {meaning}")
    _wrote(console, out, "all columns")
    _wrote(console, figure, "picture")


@app.command("recognition")
def recognition(
    study: StudyPath,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file with one row per person.")] = None,
    placements: Annotated[
        Path | None, typer.Option("--placements", help="CSV file with one row per placement.")
    ] = None,
    min_exposed_s: MinExposed = 0.0,
    min_visible_share: MinShare = 0.0,
    min_angle_deg: MinAngle = 0.0,
    seed: Seed = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print recognition with foils: d', criterion, Pr, Br, and the true recognition of each placement."""
    from gazestudy.pipeline.memory import SEED, study_recognition

    console = Console(as_json, quiet)
    found = _joined(study, (min_exposed_s, min_visible_share, min_angle_deg, 0.0), "")
    result, of_placements = study_recognition(found, seed=SEED if seed is None else seed)
    _write(result.people, out)
    _write(of_placements, placements)
    console.document(_recognition_document(result, of_placements))
    console.say(
        f"{result.participants} people: yes to {result.hits} of {result.targets} pictures of placements that "
        f"entered their view, and to {result.false_alarms} of {result.foils} foils"
    )
    if result.left_out:
        console.say(
            f"yes to {result.yes_to_left_out} of {result.left_out} pictures of placements that never did "
            "(not counted)"
        )
    measures = [
        [row["measure"], _interval(row, "pooled", low="low", high="high"), _mean(row)]
        for row in result.table.to_dict("records")
    ]
    console.table(["measure", "pooled", "mean over people"], measures)
    console.say()
    rows = [
        [
            row["placement_id"],
            f"{row['hits']}/{row['targets']}",
            f"{row['false_alarms']}/{row['foils']}",
            row["foils_are"],
            _interval(row, "true_recognition", low="low", high="high", percent=True),
        ]
        for row in of_placements.to_dict("records")
    ]
    console.table(["placement", "yes", "yes to foils", "foils", "true recognition"], rows)
    for note in result.notes:
        console.warn(note)
    _wrote(console, out, "one row per person")
    _wrote(console, placements, "one row per placement")


def _recognition_document(result: RecognitionResult, of_placements: pd.DataFrame) -> dict[str, Any]:
    return {
        "measures": _records(result.table),
        "people": _records(result.people),
        "placements": _records(of_placements),
        "hits": result.hits,
        "targets": result.targets,
        "false_alarms": result.false_alarms,
        "foils": result.foils,
        "participants": result.participants,
        "targets_never_in_view": result.left_out,
        "yes_to_targets_never_in_view": result.yes_to_left_out,
        "notes": list(result.notes),
        "provenance": result.table.attrs.get("provenance"),
    }


@app.command("model")
def model(
    study: StudyPath,
    memory: Memory = "recalled_unaided",
    without_background: Annotated[
        bool,
        typer.Option(
            "--without-background", help="Fit also where familiarity or prior exposure was not asked."
        ),
    ] = False,
    out: Out = None,
    figure: Figure = None,
    min_exposed_s: MinExposed = 0.0,
    min_visible_share: MinShare = 0.0,
    min_angle_deg: MinAngle = 0.0,
    min_fixation_ms: MinFixation = 100.0,
    primary_coder: Primary = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print what goes with being remembered: attention, view, familiarity, prior exposure, daypart."""
    from gazestudy.pipeline.memory import study_recall_model

    console = Console(as_json, quiet)
    limits = (min_exposed_s, min_visible_share, min_angle_deg, min_fixation_ms)
    found = _joined(study, limits, primary_coder)
    fitted = study_recall_model(found, memory=memory, without_background=without_background)
    _write(fitted.table, out)
    if figure is not None:
        from gazestudy.pipeline.figure_files import write_figure
        from gazestudy.plots.memory import draw_recall_model

        write_figure(draw_recall_model(fitted), figure)
    console.document(
        {
            "memory": memory,
            "terms": _records(fitted.table),
            "cases": fitted.cases,
            "remembered": fitted.remembered,
            "participants": fitted.fitted.n_participants,
            "left_out_cases": fitted.fitted.n_left_out,
            "left_out_terms": fitted.left_out,
            "adjusted_for_background": fitted.adjusted,
            "variance_inflation": fitted.inflation,
            "correlation_within_people": fitted.fitted.correlation,
            "method": fitted.fitted.method,
            "doubts": list(fitted.doubts),
        }
    )
    console.say(
        f"{memory}: {fitted.remembered} of {fitted.cases} cases of {fitted.fitted.n_participants} people"
    )
    rows = [
        [
            row["term"],
            _interval(row, "effect", low="low", high="high"),
            _number(row["p_value"], 3),
            row["meaning"],
        ]
        for row in fitted.table.to_dict("records")
    ]
    console.table(["term", "odds ratio", "p", ""], rows)
    console.say(fitted.fitted.method)
    for doubt in fitted.doubts:
        console.warn(doubt)
    _wrote(console, out, "one row per term")
    _wrote(console, figure, "picture")


@app.command("themes")
def themes(
    study: StudyPath,
    coder: Annotated[str, typer.Option("--coder", help="Only codings of this coder.")] = "",
    out: Out = None,
    min_exposed_s: MinExposed = 0.0,
    min_visible_share: MinShare = 0.0,
    min_angle_deg: MinAngle = 0.0,
    min_fixation_ms: MinFixation = 100.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print themes against attention: exploratory, adjusted for how many were looked at."""
    from gazestudy.pipeline.memory import study_themes

    console = Console(as_json, quiet)
    limits = (min_exposed_s, min_visible_share, min_angle_deg, min_fixation_ms)
    table = study_themes(_joined(study, limits, ""), coder=coder)
    _write(table, out)
    console.document({"themes": _records(table), "provenance": table.attrs.get("provenance")})
    rows = []
    for row in table.to_dict("records"):
        percent = row["measure"] == "fixated"
        scale, unit = (100, " %") if percent else (1, " s")
        means = [
            f"{row[name] * scale:.{0 if percent else 2}f}{unit}" for name in ("with_theme", "without_theme")
        ]
        rows.append(
            [
                row["name"],
                f"{row['people']}/{row['people_coded']}",
                row["unit"],
                row["measure"],
                *("-" if "nan" in mean else mean for mean in means),
                _interval(row, "difference", low="low", high="high", percent=percent),
                _number(row["p_adjusted"], 3),
            ]
        )
    console.table(["theme", "people", "unit", "measure", "with", "without", "difference", "p (BH)"], rows)
    console.say("exploratory: no test of a plan made before")
    _wrote(console, out, "all columns")


@app.command("quotes")
def quotes(
    study: StudyPath,
    placement: Annotated[str, typer.Option("--placement", help="Only about this placement.")] = "",
    max_gap_s: Annotated[
        float,
        typer.Option(
            "--max-gap-s", min=0, help="A passage about no placement takes that of a look this near, s."
        ),
    ] = 5.0,
    media_start: Annotated[
        list[str] | None,
        typer.Option(
            "--media-start",
            metavar="DOCUMENT=SECONDS",
            help="When in the scene video the media file of a transcript begins, if it is another file.",
        ),
    ] = None,
    primary_coder: Primary = "",
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print what people said with the moment in their recording. Their words may name people."""
    from gazestudy.pipeline.memory import study_memory, study_quotes
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    starts = _starts(media_start or [])
    with open_study(study, read_only=True) as opened:
        found = study_memory(opened)
        table = study_quotes(
            opened, found, max_gap_s=max_gap_s, media_start_s=starts, primary_coder=primary_coder
        )
    if placement:
        table = table[table["placement_id"] == placement]
    _write(table, out)
    facts = (table.attrs.get("provenance") or {}).get("facts", {})
    console.document({"quotes": _records(table), "provenance": table.attrs.get("provenance")})
    rows = [
        [
            row["participant_id"],
            row["placement_id"] or "-",
            row["theme"],
            _moment(row),
            _clipped(row["quote"]),
        ]
        for row in table.head(_SHOWN_QUOTES).to_dict("records")
    ]
    console.table(["who", "placement", "theme", "nearest look", "said"], rows)
    if len(table) > _SHOWN_QUOTES:
        console.say(f"... and {len(table) - _SHOWN_QUOTES} more; --out writes all")
    if facts.get("marks_after_the_recording"):
        console.warn(
            f"{facts['marks_after_the_recording']} passages have time marks after the end of the recording: "
            "their transcript is of another media file (--media-start)"
        )
    _wrote(console, out, "all quotes")


def _joined(study: Path, limits: tuple[float, float, float, float], primary: str) -> StudyMemory:
    from gazestudy.pipeline.memory import CaseParameters, study_memory
    from gazestudy.store import open_study

    with open_study(study, read_only=True) as opened:
        return study_memory(opened, CaseParameters(*limits, primary))


def _write(table: pd.DataFrame, path: Path | None) -> None:
    if path is not None:
        from gazestudy.exporters.csv_tables import csv_text
        from gazestudy.store.atomic import write_bytes

        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, csv_text(table).encode("utf-8"))


def _wrote(console: Console, path: Path | None, what: str) -> None:
    if path is not None:
        console.say(f"{what}: {path}")


def _draw_two_by_two(found: StudyMemory, table: pd.DataFrame, memory: str, path: Path, seed: int) -> None:
    """Draw one table, or one row per placement where it is by placement."""
    import numpy as np

    from gazestudy.memory.two_by_two import two_by_two
    from gazestudy.pipeline.figure_files import write_figure
    from gazestudy.plots.memory import draw_recall_table, draw_two_by_two

    if "placement_id" in table:
        write_figure(draw_recall_table(table[table["memory"] == memory]), path)
    else:
        cells = two_by_two(found.joined.cases, memory, rng=np.random.default_rng(seed))
        write_figure(draw_two_by_two(cells), path)


def _starts(words: Sequence[str]) -> dict[str, float]:
    from gazestudy.errors import ParameterError

    found = {}
    for word in words:
        document, _, seconds = word.rpartition("=")
        try:
            found[document] = float(seconds)
        except ValueError:
            document = ""
        if not document:
            raise ParameterError("--media-start", word, "DOCUMENT=SECONDS, such as talk-7=-12.5")
    return found


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows for JSON, which knows no NaN."""
    return [
        {
            str(key): None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _number(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def _interval(
    row: Mapping[Any, Any], name: str, *, low: str = "", high: str = "", percent: bool = False
) -> str:
    """Return a value with its limits, "-" where there is none."""
    values = [float(row[key]) for key in (name, low or f"{name}_low", high or f"{name}_high")]
    if not math.isfinite(values[0]):
        return "-"
    words = [f"{100 * value:.0f}" if percent else f"{value:.2f}" for value in values]
    limits = f" ({words[1]} to {words[2]})" if math.isfinite(values[1]) else ""
    return words[0] + (" %" if percent else "") + limits


def _mean(row: Mapping[Any, Any]) -> str:
    return _interval(row, "mean_over_people", low="mean_low", high="mean_high")


def _moment(row: Mapping[Any, Any]) -> str:
    if str(row["t_from"]).startswith("longest"):
        return str(row["t_from"])
    if not row["near"]:
        return "-"
    gap = float(row["gap_s"])
    return f"{row['near']} " + (
        "then" if gap == 0 else f"{abs(gap):.1f} s {'before' if gap < 0 else 'after'}"
    )


def _clipped(text: str) -> str:
    plain = " ".join(str(text).split())
    return plain if len(plain) <= 60 else plain[:59] + "…"
