"""`gazestudy interview code|codes|agreement`: what coders make of interviews."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, records_of, short_value


def code(
    study: StudyPath,
    coder: Annotated[str, typer.Option("--coder", help="Code of the coder, such as A.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write a sheet with the answers for this coder (CSV).")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--from", help="Bring in a filled sheet of this coder (CSV, XLSX).")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option("--item", help="Only answers to this question; repeatable.")
    ] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only what is not coded yet.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Give a coder the answers to code, or bring the codes in; coders never see each other's."""
    from gazestudy.errors import ParameterError
    from gazestudy.exporters.csv_tables import csv_text
    from gazestudy.pipeline.interview_tables import coding_sheet, take_coding_sheet
    from gazestudy.store import open_study
    from gazestudy.store.atomic import write_bytes

    console = Console(as_json, quiet)
    if (out is None) == (sheet is None):
        raise ParameterError("--out, --from", "", "either a sheet to write or a sheet to bring in")
    if sheet is not None:
        with open_study(study) as opened:
            done = take_coding_sheet(opened, sheet, coder)
        console.document({"added": done.added, "changed": done.changed, "unchanged": done.unchanged})
        console.say(f"codes of {coder}: {done.added} new, {done.changed} changed, {done.unchanged} as before")
        return
    assert out is not None
    with open_study(study, read_only=True) as opened:
        table = coding_sheet(opened, coder, items=item or (), open_only=open_only)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, csv_text(table).encode("utf-8-sig"))
    console.document({"path": str(out), "answers": len(table)})
    console.say(f"written: {out} ({len(table)} answers); fill in placement_id and code, then --from {out}")


def codes(
    study: StudyPath,
    starter: Annotated[bool, typer.Option("--starter", help="Add the codes to begin with.")] = False,
    add: Annotated[str, typer.Option("--add", metavar="NAME", help="Add a code.")] = "",
    parent: Annotated[str, typer.Option("--parent", help="Id of the code above it.")] = "",
    color: Annotated[str, typer.Option("--color", help="#RRGGBB.")] = "#808080",
    description: Annotated[str, typer.Option("--description", help="When it is given.")] = "",
    remove: Annotated[str, typer.Option("--remove", metavar="ID", help="Forget a code not in use.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the code book; add or remove codes."""
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=not (starter or add or remove)) as opened:
        if starter:
            console.say(f"{opened.add_starter_codes()} codes added")
        if add:
            opened.add_code(add, parent_id=parent, color=color, description=description)
        if remove:
            opened.remove_code(remove)
        book = opened.code_book()
        used = opened.codings()["code_id"].value_counts()
    book["codings"] = book["code_id"].map(used).fillna(0).astype("int64")
    console.document(records_of(book))
    console.table(list(book.columns), book.to_numpy().tolist())


def agreement(
    study: StudyPath,
    coders: Annotated[
        list[str] | None, typer.Option("--coder", help="A coder; give two, or none for the two busiest.")
    ] = None,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.999, help="Confidence.")] = 0.95,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Of the bootstrap.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """How well two coders agree on answers, and on which parts of texts and times have a code."""
    from gazestudy.errors import ParameterError
    from gazestudy.pipeline.interview_tables import SEED, coders_agree
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    named = list(coders or ())
    if len(named) not in (0, 2):
        raise ParameterError("--coder", ", ".join(named), "two coders, or none")
    first, second = named if named else ("", "")
    with open_study(study, read_only=True) as opened:
        found = coders_agree(opened, first, second, seed=SEED if seed is None else seed, level=level)
    console.document({name: records_of(table) for name, table in found.items()})
    for name, table in found.items():
        console.say(f"\n{name}")
        console.table(
            list(table.columns), [[short_value(value) for value in row] for row in table.to_numpy().tolist()]
        )


def mark(
    study: StudyPath,
    code_id: Annotated[str, typer.Option("--code", help="Id of the code.")] = "",
    coder: Annotated[str, typer.Option("--coder", help="Who gives it.")] = "",
    document: Annotated[str, typer.Option("--document", help="On words of this text.")] = "",
    words: Annotated[str, typer.Option("--words", help="A piece of the text that is there once.")] = "",
    recording: Annotated[str, typer.Option("--recording", help="On a stretch of this recording.")] = "",
    from_s: Annotated[float, typer.Option("--from", min=0, help="Seconds of the scene video.")] = 0.0,
    to_s: Annotated[float | None, typer.Option("--to", min=0, help="Seconds of the scene video.")] = None,
    placement: Annotated[str, typer.Option("--placement", help="What it is about.")] = "",
    memo: Annotated[str, typer.Option("--memo", help="A remark.")] = "",
    remove: Annotated[str, typer.Option("--remove", metavar="ID", help="Take a code away again.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put a code on words of a text or on a stretch of a recording; without options, list them."""
    from gazestudy.errors import ParameterError
    from gazestudy.pipeline.interview_tables import mark_time, mark_words
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if code_id and bool(document) == bool(recording):
        raise ParameterError("--document, --recording", "", "one of them")
    if code_id and recording and to_s is None:
        raise ParameterError("--to", "", "seconds of the scene video")
    with open_study(study, read_only=not (code_id or remove)) as opened:
        if code_id and document:
            mark_words(opened, code_id, coder, document, words, placement_id=placement, memo=memo)
        elif code_id:
            mark_time(
                opened, code_id, coder, recording, from_s=from_s, to_s=to_s or 0.0, placement_id=placement,
                memo=memo,
            )  # fmt: skip
        if remove:
            opened.remove_coding(remove)
        found = opened.codings()
        texts = dict(
            opened.interviews().documents[["document_id", "text"]].itertuples(index=False, name=None)
        )
    found["words"] = [
        texts.get(row["document_id"], "")[row["start_char"] : row["end_char"]] if row["document_id"] else ""
        for row in found.to_dict("records")
    ]
    console.document(records_of(found))
    shown = ["coding_id", "code_id", "coder", "document_id", "recording_id", "placement_id", "words", "memo"]
    console.table(shown, found[shown].to_numpy().tolist())
