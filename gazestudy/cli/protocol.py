"""`gazestudy protocol list|check|export|copy|schema`: what observers work with, from one document."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from gazestudy.cli import protocol_plan
from gazestudy.cli.console import AsJson, Console, Quiet

app = typer.Typer(help="Protocol documents: sheets, forms and projects for observers.", no_args_is_help=True)
app.command("plan")(protocol_plan.plan)

Document = Annotated[
    str, typer.Argument(metavar="FILE", help="A protocol document (YAML), or the name of a shipped one.")
]


@app.command("list")
def list_(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the shipped protocol documents."""
    from gazestudy.protocol import list_templates

    console = Console(as_json, quiet)
    templates = list_templates()
    console.document(
        [
            {
                "name": one.name,
                "version": one.protocol.version,
                "languages": one.protocol.languages,
                "title": one.protocol.title,
                "purpose": one.protocol.purpose,
                "path": str(one.path),
            }
            for one in templates
        ]
    )
    console.table(
        ["name", "version", "languages", "what for"],
        [
            [
                one.name,
                one.protocol.version,
                " ".join(one.protocol.languages),
                one.protocol.text(one.protocol.title),
            ]
            for one in templates
        ],
    )
    console.say("\nchange one: gazestudy protocol copy NAME --out FILE.yaml")


@app.command("check")
def check(file: Document, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Check a protocol document and tell all its mistakes at once, with their lines."""
    from gazestudy.protocol import ProtocolError, find_document, find_warnings, load_protocol

    console = Console(as_json, quiet)
    try:
        protocol = load_protocol(file)
    except ProtocolError as error:
        console.document(
            {
                "file": str(error.path),
                "mistakes": [
                    {"line": one.line, "column": one.column, "place": one.place, "text": one.text}
                    for one in error.mistakes
                ],
            }
        )
        for mistake in error.mistakes:
            typer.echo(f"{error.path}: {mistake}", err=True)
        count = len(error.mistakes)
        typer.echo(f"error: {count} {'mistake' if count == 1 else 'mistakes'} in {error.path}", err=True)
        raise typer.Exit(1) from error
    warnings = find_warnings(protocol)
    blocks = [
        {
            "id": block.id,
            "kind": block.kind,
            "entries": len(getattr(block, "items", ())) or len(getattr(block, "behaviours", ())),
        }
        for block in protocol.blocks
    ]
    console.document(
        {"file": str(find_document(file)), "id": protocol.id, "version": protocol.version,
         "languages": protocol.languages, "blocks": blocks, "warnings": warnings, "mistakes": []}
    )  # fmt: skip
    console.table(["block", "kind", "entries"], [list(block.values()) for block in blocks])
    for text in warnings:
        console.warn(text)
    console.say(f"{protocol.id} {protocol.version} is right, in {', '.join(protocol.languages)}")


@app.command("export")
def export(
    file: Document,
    to: Annotated[str, typer.Option("--to", help="pdf, xlsform, boris, csv, xlsx or html.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write (csv: a folder).")],
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="One of the document's, such as th.")
    ] = None,
    paper: Annotated[str, typer.Option("--paper", help="A4 or Letter (pdf).")] = "A4",
    session: Annotated[
        list[str] | None,
        typer.Option("--session", metavar="ID", help="Session id; repeatable: one set of sheets each."),
    ] = None,
    placement: Annotated[
        list[str] | None, typer.Option("--placement", metavar="ID", help="A placement in view; repeatable.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=1, max=1440, help="Length of a session.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ITEM=ANSWER", help="An answer that is known, such as station_id=S01."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a protocol document for paper, phone, BORIS or tables, and say what the target cannot hold."""
    from gazestudy.errors import ParameterError
    from gazestudy.protocol import load_protocol
    from gazestudy.protocol.targets import export_protocol

    console = Console(as_json, quiet)
    prefill = {}
    for text in settings or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError("--set", text, "ITEM=ANSWER, such as station_id=S01")
        prefill[name] = value
    done = export_protocol(
        load_protocol(file),
        to,
        out,
        language=language,
        paper=paper,
        sessions=tuple(session or ()),
        placements=tuple(placement or ()),
        length_s=None if minutes is None else round(minutes * 60),
        prefill=prefill,
        overwrite=overwrite,
    )
    console.document({"path": str(done.path), "dropped": done.dropped})
    console.say(f"written: {done.path}")
    for text in done.dropped:
        console.say(f"  not held: {text}")


@app.command("copy")
def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped protocol document.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Your file to be.")],
    quiet: Quiet = False,
) -> None:
    """Copy a shipped protocol document, to change it."""
    from gazestudy.errors import InputError
    from gazestudy.protocol import find_document

    source = find_document(name)
    if out.exists():
        raise InputError(out, "is there already", advice="Choose another --out")
    shutil.copyfile(source, out)
    Console(False, quiet).say(f"written: {out}; check it with gazestudy protocol check {out}")


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema (2020-12) of protocol documents, for editors that check while you type."""
    from gazestudy.protocol import json_schema

    Console(as_json=True).document(json_schema())
