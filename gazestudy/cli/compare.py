"""`gazestudy compare`: segments or dayparts against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, records_of

if TYPE_CHECKING:
    import pandas as pd


def compare(
    study: StudyPath,
    by: Annotated[str, typer.Option("--by", help="segment or daypart.")] = "segment",
    measures: Annotated[
        str,
        typer.Option(
            "--measure",
            help="Any of notice_rate, mean_dwell_s, median_dwell_noticed_s, first_look_s; between segments "
            "also recalled_unaided, recalled_aided, recognised, attributed.",
        ),
    ] = "notice_rate,mean_dwell_s,first_look_s",
    declared: Annotated[
        list[str] | None,
        typer.Option(
            "--declared",
            metavar="MEASURE:A,B[:PLACEMENT]",
            help="A comparison that was declared before the data were seen; may be given several times.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for all comparisons.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the bootstrap.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare segments or dayparts: differences with intervals, and p-values that know how many there are.

    What was declared before the data were seen is corrected by Holm's method. Everything else is
    exploratory: it is corrected for the false discovery rate, and says what to look at in the next study.
    """
    import pandas as pd

    from gazestudy.pipeline.attention_figures import study_comparisons
    from gazestudy.pipeline.field_results import SEED
    from gazestudy.pipeline.metrics import write_csv
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = study_comparisons(
            opened,
            by,
            measures=[word.strip() for word in measures.split(",") if word.strip()],
            declared=declared or (),
            seed=SEED if seed is None else seed,
        )
    if out is not None:
        write_csv(pd.concat([found.declared, found.exploratory], ignore_index=True), out)
    console.document(
        {
            "seed": found.seed,
            "declared": records_of(found.declared),
            "exploratory": records_of(found.exploratory),
        }
    )
    if len(found.declared):
        console.say("Declared before the data were seen, p by Holm:")
        _show(console, found.declared)
        console.say()
    console.say("Exploratory, p by Benjamini and Hochberg:")
    _show(console, found.exploratory)
    if out is not None:
        console.say(f"all comparisons: {out}")


def _show(console: Console, table: pd.DataFrame) -> None:
    """Print what could be compared, and count what could not, by reason."""
    header = ["measure", "placement", "groups", "values", "difference", "interval", "p", "people"]
    rows = []
    for row in table[table["low"].notna()].to_dict("records"):
        shared = f", {row['participants_both']} in both" if row["participants_both"] else ""
        rows.append(
            [
                row["measure"],
                row["placement_id"] or "all",
                f"{row['a']} - {row['b']}",
                f"{row['value_a']:.2f}, {row['value_b']:.2f}",
                f"{row['difference']:.2f}",
                f"{row['low']:.2f} to {row['high']:.2f}",
                f"{row['p_adjusted']:.3f}",
                f"{row['participants_a']}, {row['participants_b']}{shared}",
            ]
        )
    if rows:
        console.table(header, rows)
    for why, count in table.loc[table["low"].isna(), "method"].value_counts().items():
        console.say(f"not compared: {count}, {why}")
