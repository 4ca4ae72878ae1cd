"""`gazestudy interview template|import|list|search|export|foils`: what participants say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gazestudy.cli import interview_codes
from gazestudy.cli.console import AsJson, Console, Quiet, StudyPath, records_of

if TYPE_CHECKING:
    from gazestudy.importers.fieldlogs import FieldLogError
    from gazestudy.pipeline.interviews import ImportedInterviews

app = typer.Typer(help="Interviews: forms, answers, texts, codes.", no_args_is_help=True)

_SHOWN_FINDINGS = 30

Participant = Annotated[str, typer.Option("--participant", help="Whose answers or text this is.")]


@app.command("template")
def template(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="The form; a folder for several persons or CSV.")],
    to: Annotated[
        str,
        typer.Option("--to", help="xlsx, pdf, csv, xlsform or html; by default as --out ends, else xlsx."),
    ] = "",
    participant: Annotated[
        list[str] | None,
        typer.Option("--participant", metavar="ID", help="One form for this person; repeatable."),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="One form for every participant of the study.")
    ] = False,
    station: Annotated[
        str, typer.Option("--station", help="What hangs only in other stations is a foil.")
    ] = "",
    foils: Annotated[float, typer.Option("--foils", min=0, max=5, help="Foils for each target.")] = 1.0,
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="The interview document, or the name of a shipped one.")
    ] = "post_task_interview",
    language: Annotated[str | None, typer.Option("--language", "-l", help="Such as th.")] = None,
    paper: Annotated[str, typer.Option("--paper", help="A4 or Letter (pdf).")] = "A4",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Gives the order of pictures.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write interview forms with the targets and foils of the study, in a random order for each person."""
    from gazestudy.pipeline.interview_template import target_of, write_interview_forms
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        people = [one.id for one in opened.participants()] if everybody else list(participant or ())
        done = write_interview_forms(
            opened,
            out,
            target=to or target_of(out),
            protocol=protocol,
            participants=people,
            station=station,
            foils_per_target=foils,
            language=language,
            paper=paper,
            seed=seed,
            overwrite=overwrite,
        )
    console.document(
        {
            "forms": [str(path) for path in done.paths],
            "pictures": str(done.key),
            "order": records_of(done.pictures),
            "dropped": done.dropped,
            "doubts": done.doubts,
        }
    )
    for path in done.paths:
        console.say(f"written: {path}")
    console.say(f"which pictures are foils (not for participants): {done.key}")
    for text in done.dropped:
        console.say(f"  not held: {text}")
    for text in done.doubts:
        console.warn(text)


@app.command("import")
def import_(
    study: StudyPath,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH...", help="Tables, forms, notes, transcripts, subtitles, or folders."),
    ] = None,
    from_field_logs: Annotated[
        bool, typer.Option("--from-field-logs", help="Take answers that the field logs of the study hold.")
    ] = False,
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="The interview document, or the name of a shipped one.")
    ] = "post_task_interview",
    importer: Annotated[str, typer.Option("--importer", help="Reader to use.")] = "",
    participant: Participant = "",
    interview: Annotated[str, typer.Option("--interview", help="The interview that a text belongs to.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="THEIRS=OURS", help="What a column means, such as 'Q7=rec__ad1'."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="pictures.csv of the forms: foils of each person.")
    ] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", help="Of texts that are not Unicode, such as cp874.")
    ] = "",
    coder: Annotated[str, typer.Option("--coder", help="Who gave the codes in a table.")] = "",
    tz: Annotated[str, typer.Option("--tz", help="Time zone of times that do not say.")] = "",
    prefix: Annotated[str, typer.Option("--prefix", help="Put this before every interview id.")] = "",
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Leave out answers that cannot be used, import the rest.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of interviews and texts of the same id.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check; change nothing.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring interviews in: CSV, XLSX, ODK, Kobo, phone page, DOCX, TXT, transcripts, SRT, VTT, QDC, QDPX."""
    from gazestudy.errors import ParameterError
    from gazestudy.importers.fieldlogs import FieldLogError
    from gazestudy.importers.fieldlogs.moments import zone_of
    from gazestudy.pipeline.interviews import (
        import_interviews,
        options_of,
        read_pictures,
        take_from_field_logs,
    )
    from gazestudy.protocol import load_protocol
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    if tz and zone_of(tz) is None:
        raise ParameterError("--tz", tz, "an IANA time zone, such as Asia/Bangkok")
    if not paths and not from_field_logs:
        raise ParameterError("PATH", "", "files or folders, or --from-field-logs")
    columns = dict(_pair(text) for text in column or ())
    done: list[ImportedInterviews] = []
    with open_study(study) as opened, console.progress() as progress:
        if from_field_logs:
            found = take_from_field_logs(opened, dry_run=dry_run)
            if found is None:
                console.warn("no field log of the study holds an answer of a participant")
            else:
                done.append(found)
        for path in paths or ():
            options = options_of(
                opened,
                protocol=load_protocol(protocol),
                participant=participant,
                interview=interview,
                columns=columns,
                pictures=None if pictures is None else read_pictures(pictures),
                tz=tz,
                prefix=prefix,
                encoding=encoding,
                coder=coder,
            )
            try:
                done.append(
                    import_interviews(
                        opened,
                        path,
                        options=options,
                        importer=importer or None,
                        salvage=salvage,
                        replace_interviews=replace,
                        dry_run=dry_run,
                        progress=progress,
                    )
                )
            except FieldLogError as error:
                _show_mistakes(console, error)
                raise typer.Exit(1) from error
    console.document({"dry_run": dry_run, "imports": [one.to_dict() for one in done]})
    for one in done:
        _show(console, one, dry_run)
    if dry_run and any(finding.severity == "problem" for one in done for finding in one.findings):
        raise typer.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    from gazestudy.errors import ParameterError

    theirs, equals, ours = text.rpartition("=")
    if not equals or not theirs.strip() or not ours.strip():
        raise ParameterError("--column", text, "THEIRS=OURS, such as 'Question 7=rec__ad1'")
    return theirs.strip(), ours.strip()


def _show_mistakes(console: Console, error: FieldLogError) -> None:
    """Print every answer that cannot be used on a line of its own."""
    console.document({"file": str(error.path), "mistakes": [finding.to_dict() for finding in error.findings]})
    for finding in error.findings:
        typer.echo(finding.message, err=True)
    count = sum(finding.count for finding in error.findings)
    what = "entry" if count == 1 else "entries"
    typer.echo(
        f"error: {error.path}: {count} {what} cannot be used; nothing was imported."
        " Correct them, or import the rest with --salvage",
        err=True,
    )


def _show(console: Console, one: ImportedInterviews, dry_run: bool) -> None:
    """Print one import for people."""
    from gazestudy.model.wording import counted

    for name, importer, reason in one.files:
        console.say(f"{name} ({importer}: {reason})")
    rows = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in one.rows.items())
    console.say(f"  {rows or 'no rows'}")
    done = one.intake
    counts = {
        "new": len(done.added),
        "changed": len(done.changed),
        "known": len(done.unchanged),
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "none"
    would = "would be " if dry_run else ""
    console.say(f"  interviews: {would}{told}; texts new: {len(done.documents)}")
    if done.codes_lost:
        console.warn(f"{done.codes_lost} codes of answers that say something else now were taken away")
    for finding in one.findings[:_SHOWN_FINDINGS]:
        console.say(f"  {finding.severity}: {finding.message}")
    rest = len(one.findings) - _SHOWN_FINDINGS
    if rest > 0:
        console.say(f"  and {counted(rest, 'more finding')} (--json shows all)")


@app.command("list")
def list_(study: StudyPath, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the interviews of a study, and how far they are coded."""
    from gazestudy.pipeline.interview_tables import interview_overview
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = interview_overview(opened)
        documents = opened.interviews().documents
    texts = documents.assign(characters=documents["text"].str.len()).drop(columns="text")
    console.document({"interviews": records_of(found), "documents": records_of(texts)})
    names = [
        "interview",
        "participant",
        "language",
        "started",
        "min after walk",
        "answers",
        "pictures",
        "texts",
    ]
    console.table(
        [*names, "coded"],
        [
            [
                row["interview_id"],
                row["participant_id"],
                row["language"],
                row["started_at"],
                "" if row["after_walk_s"] != row["after_walk_s"] else f"{row['after_walk_s'] / 60:.0f}",
                row["answers"],
                row["pictures"],
                row["documents"],
                f"{row['coded']} of {row['to_code']}",
            ]
            for row in found.to_dict("records")
        ],
    )


@app.command("questions")
def questions(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show the question bank: what may be asked, in which order, and how answers are kept."""
    from gazestudy.pipeline.interview_tables import question_bank_table

    console = Console(as_json, quiet)
    found = question_bank_table()
    console.document(records_of(found))
    console.table(list(found.columns), found.to_numpy().tolist())


@app.command("link")
def link(
    study: StudyPath,
    interview: Annotated[str, typer.Argument(metavar="INTERVIEW", help="Its id.")],
    recording: Annotated[str, typer.Option("--recording", help="Recording of the walk; empty for none.")],
    quiet: Quiet = False,
) -> None:
    """Say which recording an interview is about, for a person with several."""
    from gazestudy.errors import StudyError
    from gazestudy.store import open_study

    with open_study(study) as opened:
        if recording and recording not in {one.id for one in opened.recordings()}:
            raise StudyError(f"{study}: there is no recording {recording!r}")
        opened.set_recording_of(interview, recording)
    Console(False, quiet).say(f"{interview} is about {recording or 'no recording'}")


@app.command("remove")
def remove(
    study: StudyPath,
    interview: Annotated[str, typer.Argument(metavar="INTERVIEW", help="Its id.")],
    quiet: Quiet = False,
) -> None:
    """Forget an interview with its answers, codes and texts."""
    from gazestudy.store import open_study

    with open_study(study) as opened:
        opened.remove_interview(interview)
    Console(False, quiet).say(f"removed {interview}")


@app.command("search")
def search(
    study: StudyPath,
    query: Annotated[str, typer.Argument(help='Words that all must be there; phrases in "quotes".')],
    item: Annotated[
        list[str] | None, typer.Option("--item", help="Only answers to this question; repeatable.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find words in answers, notes and transcripts, in any script."""
    from gazestudy.pipeline.interview_tables import search_study
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        found = search_study(opened, query, items=item or ())
    console.document(records_of(found))
    for row in found.to_dict("records"):
        about = row["item"] or row["document_id"]
        if row["stimulus"]:
            about += f" {row['stimulus']}"
        if row["t_ns"] >= 0:
            about += f" at {row['t_ns'] / 1e9:.1f} s"
        text = f"{row['before']}«{row['found']}»{row['after']}".replace("\n", " / ")
        console.say(f"{row['participant_id']}, {about}: {text}")
    console.say(f"{len(found)} places")


@app.command("export")
def export(
    study: StudyPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder (csv), or a file (xlsx).")],
    form: Annotated[str, typer.Option("--format", help="csv or xlsx.")] = "csv",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the tables of interviews, safe for spreadsheets, without anything that tells who somebody is."""
    from gazestudy.pipeline.interview_tables import export_interviews
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=True) as opened:
        rows, told = export_interviews(opened, out, form=form)
    console.document({"path": str(out), "rows": rows, "notes": told})
    console.say(f"written: {out} ({', '.join(f'{count} {name}' for name, count in rows.items() if count)})")
    for text in told:
        console.say(f"  {text}")


@app.command("foils")
def foils(
    study: StudyPath,
    add: Annotated[
        str, typer.Option("--add", metavar="ID", help="Add a picture; an id that does not tell what it is.")
    ] = "",
    placement: Annotated[
        str, typer.Option("--placement", help="Where it hangs; without it the picture is a foil.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="What interviewers call it.")] = "",
    brand: Annotated[str, typer.Option("--brand", help="Its brand.")] = "",
    category: Annotated[str, typer.Option("--category", help="Category of its product.")] = "",
    image: Annotated[Path | None, typer.Option("--image", help="The picture; it is copied.")] = None,
    remove_: Annotated[str, typer.Option("--remove", metavar="ID", help="Forget a picture.")] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the pictures for recognition, targets and foils; add or remove one."""
    from gazestudy.pipeline.interview_template import stimuli_of_study
    from gazestudy.store import open_study

    console = Console(as_json, quiet)
    with open_study(study, read_only=not (add or remove_)) as opened:
        if add:
            opened.add_stimulus(
                add, name=name, placement_id=placement, brand=brand, category=category, image=image
            )
        if remove_:
            opened.remove_stimulus(remove_)
        found = stimuli_of_study(opened)
    console.document(records_of(found))
    console.table(list(found.columns), found.to_numpy().tolist())
    targets, others = (found["shown"] == "target").sum(), (found["shown"] == "foil").sum()
    console.say(f"{targets} targets, {others} foils")
    if others < targets:
        console.warn("fewer foils than targets: guessing cannot be told from memory for all of them")


app.command("codes")(interview_codes.codes)
app.command("code")(interview_codes.code)
app.command("mark")(interview_codes.mark)
app.command("agreement")(interview_codes.agreement)
