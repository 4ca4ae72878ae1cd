"""Proposes a column mapping for a table that nobody explained, with reasons and with what remains open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.recordings.tables.choices import Choice
from gazestudy.importers.recordings.tables.layout import Layout, look_at
from gazestudy.importers.recordings.tables.mapping import ColumnMapping, NoProposal, Proposal, tables_of
from gazestudy.importers.recordings.tables.meaning import (
    find_frame,
    find_origin,
    find_position,
    find_time,
    find_unit,
    find_validity,
    find_xy_unit,
)
from gazestudy.importers.sources import FolderSource, Source
from gazestudy.importers.text_tables import TextFormat, TextTable, read_table
from gazestudy.importers.video import picture_size

_FIRST = ("table", "header", "delimiter", "time", "x", "y")
_NEEDED = ("time", "time_unit", "x", "y", "xy_unit", "origin")


def propose_columns(path: Path | str, answers: Mapping[str, Any] | None = None) -> Proposal:
    """Return a column mapping for a table, or for the table in a folder.

    Parameters
    ----------
    path : Path or str
        The folder or the table; a scene video may lie beside it.
    answers : mapping, optional
        Fields of `ColumnMapping` that are known; they are taken as they are.

    Returns
    -------
    Proposal
        The mapping, each choice with reason, confidence and alternatives, and the open questions.

    Raises
    ------
    InputError
        If there is no text table.
    ParameterError
        If an answer is no field of a column mapping, or has no sense.
    """
    path = Path(path)
    answers = dict(answers or {})
    unknown = [name for name in answers if name not in ColumnMapping.model_fields]
    if unknown:
        raise ParameterError("answer", unknown[0], "one of " + ", ".join(ColumnMapping.model_fields))
    if not path.exists():
        raise InputError(path, "there is no such file or folder")
    source = FolderSource(path) if path.is_dir() else FolderSource(path, only=path.name)
    try:
        return _propose(source, answers, whole=True)
    except NoProposal as error:
        raise InputError(path, str(error), advice="Give the file of the table") from error


def settled(source: Source) -> tuple[ColumnMapping, tuple[str, ...]]:
    """Return a mapping that leaves no question open, and its reasons; for importing without being asked.

    Only the start of the table is read.

    Raises
    ------
    NoProposal
        With the first open question.
    InputError
        If the table is damaged.
    """
    names = tables_of(source)
    if len(names) != 1:
        raise NoProposal(f"one table of gaze samples is needed, found {len(names)}")
    videos = _neighbours(source).videos()
    if len(videos) != 1:
        raise NoProposal(f"one scene video is needed beside {names[0]}, found {len(videos)}")
    proposal = _propose(source, {}, whole=False)
    if proposal.questions:
        raise NoProposal(min(proposal.questions, key=_weight).reason)
    if proposal.mapping is None:
        raise NoProposal(f"{names[0]} cannot be understood without being told")
    return proposal.mapping, proposal.reasons


def _weight(choice: Choice) -> int:
    """Order questions: those about the columns themselves come before those about their content."""
    return _FIRST.index(choice.field) if choice.field in _FIRST else len(_FIRST)


def _neighbours(source: Source) -> Source:
    single = isinstance(source, FolderSource) and source.only is not None
    return FolderSource(source.path.parent) if single else source


def _propose(source: Source, answers: Mapping[str, Any], *, whole: bool) -> Proposal:
    asked = _Answers(answers)
    table_choice = asked.take(_choose_table(source))
    name = str(table_choice.value)
    layout = look_at(_neighbours(source), name) if _neighbours(source).has(name) else None
    if layout is None:
        raise NoProposal(f"{name} is no text table")
    written = [asked.take(choice) for choice in layout.choices]
    choices = [table_choice, *written]
    if not any(choice.field == "header" for choice in written):
        table = _read(_neighbours(source), name, written, whole=whole)
        video = asked.take(_choose_video(source, name))
        size_px = _size_px(source, video.value) if whole else None
        choices += [*_meaning(table, name, layout, asked, size_px), video]
        unit = next((choice.value for choice in choices if choice.field == "xy_unit"), None)
        if unit == "normalised" and video.value is None:
            choices += [asked.take(choice) for choice in _size_questions(size_px)]
    choices += asked.others()
    return Proposal(_mapping(choices, source), tuple(choices))


class _Answers:
    """What the user said goes before what was found."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers, self._used = answers, set[str]()

    def take(self, choice: Choice) -> Choice:
        self._used.add(choice.field)
        if choice.field not in self._answers:
            return choice
        return Choice(choice.field, self._answers[choice.field], "high", "as told")

    def others(self) -> list[Choice]:
        return [
            Choice(name, value, "high", "as told")
            for name, value in self._answers.items()
            if name not in self._used
        ]


def _choose_table(source: Source) -> Choice:
    names = tables_of(source)
    if not names:
        raise NoProposal("there is no table of gaze samples")
    if len(names) == 1:
        return Choice("table", names[0], "high", f"table {names[0]}")
    able = []
    for name in names:
        layout = look_at(source, name)
        table = TextTable.of_names(layout.header) if layout is not None else None
        if table is not None and find_time(table, name).value and find_position(table, name)[0].value:
            able.append(name)
    rest = tuple(name for name in names if not able or name != able[0])
    if len(able) == 1:
        reason = f"only {able[0]} of {len(names)} tables has columns of time and gaze"
        return Choice("table", able[0], "medium", reason, rest)
    reason = f"one table of gaze samples is needed, {len(able) or len(names)} may be it"
    return Choice("table", (able or names)[0], "low", reason, tuple(able[1:]) or rest)


def _read(source: Source, name: str, written: list[Choice], *, whole: bool) -> TextTable:
    values = {choice.field: choice.value for choice in written}
    form = TextFormat(str(values["encoding"]), str(values["delimiter"]), str(values["decimal"]))
    skip = int(values["skip_rows"])
    return read_table(source, name, "gaze", form=form, skip_rows=skip, head_only=not whole)


def _meaning(
    table: TextTable, name: str, layout: Layout, asked: _Answers, size_px: tuple[int, int] | None
) -> list[Choice]:
    choices = [time := asked.take(find_time(table, name))]
    if time.value is not None:
        choices.append(asked.take(find_unit(table, table.need(str(time.value)))))
    x, y = (asked.take(choice) for choice in find_position(table, name))
    choices += [x, y]
    if x.value is not None and y.value is not None:
        names = table.need(str(x.value)), table.need(str(y.value))
        unit = asked.take(find_xy_unit(table, *names, size_px))
        choices.append(unit)
        if unit.value is not None:
            choices.append(asked.take(find_origin(layout.header, *names, str(unit.value))))
    choices += [asked.take(choice) for choice in (*find_validity(table), *find_frame(table))]
    return choices


def _choose_video(source: Source, table: str) -> Choice:
    videos = _neighbours(source).videos()
    if not videos:
        return Choice("video", None, "medium", "there is no video beside the table: gaze without its scene")
    if len(videos) == 1:
        return Choice("video", videos[0], "high", f"video {videos[0]}")
    like = [name for name in videos if Path(name).stem == Path(table).stem]
    if len(like) == 1:
        others = tuple(name for name in videos if name != like[0])
        return Choice("video", like[0], "medium", f"video {like[0]} is named like the table", others)
    return Choice("video", None, "low", f"which of {len(videos)} videos is the scene?", tuple(videos))


def _size_px(source: Source, video: Any) -> tuple[int, int] | None:
    place = _neighbours(source)
    if not isinstance(video, str) or not place.has(video):
        return None
    try:
        return picture_size(place.local(video))
    except InputError:
        return None  # reading the recording will say so


def _size_questions(size_px: tuple[int, int] | None) -> list[Choice]:
    if size_px is not None:
        return []
    reason = "coordinates are shares of the scene image, whose {} is not known without its video"
    return [Choice(f"{side}_px", None, "low", reason.format(side)) for side in ("width", "height")]


def _mapping(choices: list[Choice], source: Source) -> ColumnMapping | None:
    values = {choice.field: choice.value for choice in choices if choice.value is not None}
    if any(name not in values for name in _NEEDED) or "header" in {choice.field for choice in choices}:
        return None
    try:
        return ColumnMapping(**values)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ParameterError(
            ".".join(str(part) for part in wrong["loc"]), wrong.get("input"), wrong["msg"]
        ) from error
