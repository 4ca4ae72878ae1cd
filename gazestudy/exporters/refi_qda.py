"""Code books and projects for programs of qualitative analysis: REFI-QDA 1.5, .qdc and .qdpx.

A project is a zip of `project.qde` (XML) and a folder `sources/` (in lower case: some programs insist). Texts
are UTF-8 without a byte order mark; positions are code points from 0, ends are exclusive. Videos are referred
to beside the project or put into it; times in them are milliseconds. What cannot be held is told.

References
----------
REFI-QDA standard 1.5, https://www.qdasoftware.org/
"""

from __future__ import annotations

import re
import uuid
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd

from gazestudy.errors import InputError
from gazestudy.exporters.folders import new_file

CODEBOOK_NAMESPACE = "urn:QDA-XML:codebook:1.0"
PROJECT_NAMESPACE = "urn:QDA-XML:project:1.0"

MAX_INTERNAL_BYTES = 2**31 - 1
"""Larger files must stay outside of the project."""

PLACEMENTS_CODE = "placement"
"""Name of the code above those that stand for placements."""

PLACEMENT_MARK = "placement_id: "
"""Begins the description of a code that stands for a placement."""

ANSWER_CODES_CODE = "answer-codes"
"""Id of the code above those that coders give to answers."""

ANSWER_MARK = "answer_code: "
"""Begins the description of a code that is given to answers and is not of the code book."""

_ROOT = uuid.UUID("0d9f2f6e-6b1c-4e44-9f6c-3f2a6f2d7c51")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class QdaVideo:
    """A scene video.

    Attributes
    ----------
    recording_id, participant_id : str
        Of which recording of whom.
    number : int
        0, 1, ... in the recording.
    start_ns, end_ns : int
        First and last picture on the clock of the recording.
    file : Path
        Where it is.
    path : str
        How the project refers to it: "relative:///..."; "internal" puts it into the project.
    """

    recording_id: str
    participant_id: str
    number: int
    start_ns: int
    end_ns: int
    file: Path
    path: str


@dataclass(frozen=True, slots=True)
class QdaCase:
    """A participant: pseudonym, description, values of variables."""

    participant_id: str
    description: str = ""
    values: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class QdaProject:
    """What goes into a project.

    Attributes
    ----------
    name, origin : str
        Name of the study; this program with its version.
    code_book, codings, documents, transcript_marks : DataFrame
        Contracts of these names; `made_utc` of codings is kept.
    interviews : mapping of str to (str, str)
        Interview id to participant and recording ("" for none).
    cases : sequence of QdaCase
        The participants.
    variables : mapping of str to (str, str)
        Name to type (Text, Float) and what it means.
    placements : mapping of str to str
        Id to name.
    videos : sequence of QdaVideo
        Scene videos.
    base_path : str
        What relative paths count from, "" for the folder of the project.
    """

    name: str
    origin: str
    code_book: pd.DataFrame
    codings: pd.DataFrame
    documents: pd.DataFrame
    transcript_marks: pd.DataFrame
    interviews: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    cases: Sequence[QdaCase] = ()
    variables: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    placements: Mapping[str, str] = field(default_factory=dict)
    videos: Sequence[QdaVideo] = ()
    base_path: str = ""


def write_code_book(code_book: pd.DataFrame, path: Path, *, name: str, origin: str) -> None:
    """Write a code book (.qdc), whole or not at all.

    Parameters
    ----------
    code_book : DataFrame
        Contract `CODE_BOOK`, not empty.
    path : Path
        The file.
    name : str
        Name of the study; ids in the file follow from it.
    origin : str
        This program with its version.

    Raises
    ------
    InputError
        If there are no codes: the format cannot hold an empty code book.
    """
    if code_book.empty:
        raise InputError(path, "the code book is empty", advice="Add codes first (gazestudy interview codes)")
    root = ET.Element("CodeBook", {"xmlns": CODEBOOK_NAMESPACE, "origin": _xml(origin)})
    _put_codes(ET.SubElement(root, "Codes"), code_book, _Ids(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as partial:
        partial.write_bytes(_bytes(root))


def write_project(project: QdaProject, path: Path) -> list[str]:
    """Write a project (.qdpx), whole or not at all.

    Parameters
    ----------
    project : QdaProject
        What goes into it.
    path : Path
        The file.

    Returns
    -------
    list of str
        What the project does not hold, in words.

    Raises
    ------
    InputError
        If a video cannot be read.
    """
    made = _Project(project)
    content = _bytes(made.root())
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        _put(archive, "project.qde", content)
        for guid, text in made.texts.items():
            _put(archive, f"sources/{guid}.txt", text.encode("utf-8"))
        for guid, video in made.inside.items():
            member = zipfile.ZipInfo(f"sources/{guid}{video.suffix.lower()}", _EPOCH)
            try:
                with video.open("rb") as source, archive.open(member, "w", force_zip64=True) as target:
                    while piece := source.read(2**20):
                        target.write(piece)
            except OSError as error:
                raise InputError(video, f"the scene video cannot be copied: {error.strerror}") from error
    return made.told()


class _Ids:
    """The same id for the same thing whenever it is written."""

    def __init__(self, name: str) -> None:
        self._space = uuid.uuid5(_ROOT, name)

    def __call__(self, *what: object) -> str:
        return str(uuid.uuid5(self._space, "\x1f".join(map(str, what)))).upper()


class _Project:
    def __init__(self, project: QdaProject) -> None:
        self.project, self.ids = project, _Ids(project.name)
        self.texts: dict[str, str] = {}
        self.inside: dict[str, Path] = {}
        self.lost: Counter[str] = Counter()
        self.notes: list[ET.Element] = []
        self.codes = set(project.code_book["code_id"])
        self.kept: set[str] = set()

    def root(self) -> ET.Element:
        project = self.project
        about = {"xmlns": PROJECT_NAMESPACE, "name": _xml(project.name), "origin": _xml(project.origin)}
        if project.base_path:
            about["basePath"] = _xml(project.base_path)
        sources = self._sources()
        cases = self._cases()
        root = ET.Element("Project", about)
        self._users(root)
        self._code_book(root)
        if project.variables and len(cases):
            _append(root, "Variables", [self._variable(name) for name in project.variables])
        _append(root, "Cases", cases)
        _append(root, "Sources", sources)
        _append(root, "Notes", self.notes)
        return root

    def told(self) -> list[str]:
        """Return what is lost, in words."""
        rows = self.project.codings
        for coding in rows["coding_id"]:
            if coding not in self.kept:
                self.lost["codings that have neither a span of a text nor a time in a video"] += 1
        return [f"{count} {what}" for what, count in self.lost.items()]

    def _users(self, root: ET.Element) -> None:
        coders = sorted(set(self.project.codings["coder"].astype(str)) - {""})
        users = [ET.Element("User", {"guid": self.ids("user", one), "name": _xml(one)}) for one in coders]
        _append(root, "Users", users)

    def _code_book(self, root: ET.Element) -> None:
        if self.project.code_book.empty:
            return
        codes = ET.SubElement(ET.SubElement(root, "CodeBook"), "Codes")
        _put_codes(codes, self.project.code_book, self.ids)
        used = sorted(set(self.project.codings["placement_id"].astype(str)) & set(self.project.placements))
        if not used:
            return
        about = {"guid": self.ids("placements"), "name": PLACEMENTS_CODE, "isCodable": "false"}
        above = ET.SubElement(codes, "Code", about)
        ET.SubElement(above, "Description").text = "What a coding is about"
        for one in used:
            name = self.project.placements[one] or one
            about = {"guid": self.ids("placement", one), "name": _xml(name), "isCodable": "true"}
            ET.SubElement(ET.SubElement(above, "Code", about), "Description").text = _xml(
                PLACEMENT_MARK + one
            )

    def _variable(self, name: str) -> ET.Element:
        kind, meaning = self.project.variables[name]
        about = {"guid": self.ids("variable", name), "name": _xml(name), "typeOfVariable": kind}
        variable = ET.Element("Variable", about)
        ET.SubElement(variable, "Description").text = _xml(meaning)
        return variable

    def _cases(self) -> list[ET.Element]:
        cases = []
        for one in self.project.cases:
            about = {"guid": self.ids("case", one.participant_id), "name": _xml(one.participant_id)}
            case = ET.Element("Case", about)
            if one.description:
                ET.SubElement(case, "Description").text = _xml(one.description)
            for name, value in one.values.items():
                holder = ET.SubElement(case, "VariableValue")
                ET.SubElement(holder, "VariableRef", {"targetGUID": self.ids("variable", name)})
                kind = self.project.variables[name][0]
                text = value if isinstance(value, str) else f"{value:.6f}".rstrip("0").rstrip(".")
                ET.SubElement(holder, f"{kind}Value").text = _xml(text)
            for guid in self._sources_of(one.participant_id):
                ET.SubElement(case, "SourceRef", {"targetGUID": guid})
            cases.append(case)
        return cases

    def _sources_of(self, person: str) -> list[str]:
        talks = {key for key, (whose, _) in self.project.interviews.items() if whose == person}
        documents = self.project.documents
        mine = documents.loc[documents["interview_id"].isin(talks), "document_id"]
        videos = [one for one in self.project.videos if one.participant_id == person]
        return [self.ids("text", one) for one in mine] + [self._video_id(one) for one in videos]

    def _video_id(self, video: QdaVideo) -> str:
        return self.ids("video", video.recording_id, video.number)

    def _sources(self) -> list[ET.Element]:
        rows = self.project.documents.to_dict("records")
        found = [self._text(row) for row in rows]
        found += [self._video(video) for video in self.project.videos]
        marked = set(self.project.transcript_marks["document_id"])
        with_video = {video.recording_id for video in self.project.videos}
        for row in rows:
            recording = self.project.interviews.get(row["interview_id"], ("", ""))[1]
            if row["document_id"] in marked and recording not in with_video:
                count = int((self.project.transcript_marks["document_id"] == row["document_id"]).sum())
                self.lost["time marks of transcripts without a scene video"] += count
        return found

    def _text(self, row: Mapping[Any, Any]) -> ET.Element:
        document, text = str(row["document_id"]), str(row["text"])
        file = self.ids("file", document)
        # one code point for one: positions must not move
        self.texts[file] = re.sub("[\ud800-\udfff]", "\ufffd", text)
        name = str(row["name"]) or document
        about = {
            "guid": self.ids("text", document),
            "name": _xml(name),
            "plainTextPath": f"internal://{file}.txt",
        }
        source = ET.Element("TextSource", about)
        codings = self.project.codings
        for coding in codings[codings["document_id"] == document].to_dict("records"):
            start, end = int(coding["start_char"]), int(coding["end_char"])
            if not 0 <= start < end <= len(text):
                self.lost["codings whose span is not in their text"] += 1
                self.kept.add(coding["coding_id"])
                continue
            shown = " ".join(self.texts[file][start:end].split())
            where = {"startPosition": str(start), "endPosition": str(end), "name": _xml(shown[:_SHOWN])}
            self._select(source, "PlainTextSelection", coding, where)
        return source

    def _video(self, video: QdaVideo) -> ET.Element:
        guid, path = self._video_id(video), video.path
        if path == "internal":
            path = f"internal://{guid}{video.file.suffix.lower()}"
            self.inside[guid] = video.file
        name = f"{video.recording_id} {video.file.name}"
        about = {"guid": guid, "name": _xml(name), "path": _xml(path)}
        source = ET.Element("VideoSource", about)
        told = f"recording_id: {video.recording_id}\nstart_ns: {video.start_ns}"
        ET.SubElement(source, "Description").text = _xml(told)
        if video.number == 0:
            self._transcripts(source, video.recording_id)
        codings = self.project.codings
        mine = codings[(codings["recording_id"] == video.recording_id) & (codings["start_ns"] >= 0)]
        for coding in mine.to_dict("records"):
            start, end = int(coding["start_ns"]), max(int(coding["end_ns"]), int(coding["start_ns"]))
            if not video.start_ns <= start <= video.end_ns:
                continue
            begin_ms, end_ms = ((one - video.start_ns) // 1_000_000 for one in (start, end))
            self._select(source, "VideoSelection", coding, {"begin": str(begin_ms), "end": str(end_ms)})
        return source

    def _transcripts(self, source: ET.Element, recording_id: str) -> None:
        for row in self.project.documents.to_dict("records"):
            document = str(row["document_id"])
            marks = self.project.transcript_marks
            marks = marks[marks["document_id"] == document]
            belongs = self.project.interviews.get(row["interview_id"], ("", ""))[1] == recording_id
            if marks.empty or not belongs:
                continue
            if int(marks["t_ns"].max()) > self._length_ns(recording_id):
                what = "time marks of transcripts that go on after the scene video: another media file"
                self.lost[what] += len(marks)
                continue
            file = self.ids("file", document)
            about = {
                "guid": self.ids("transcript", document),
                "name": _xml(str(row["name"]) or document),
                "plainTextPath": f"internal://{file}.txt",
            }
            transcript = ET.SubElement(source, "Transcript", about)
            told = (
                "Times are those of the media file that was transcribed, which may be another than this video"
            )
            ET.SubElement(transcript, "Description").text = told
            ordered = marks.sort_values("position", kind="stable")
            for place, t_ns in zip(ordered["position"], ordered["t_ns"], strict=True):
                guid = self.ids("mark", document, place, t_ns)
                at = {"guid": guid, "timeStamp": str(int(t_ns) // 1_000_000), "position": str(int(place))}
                ET.SubElement(transcript, "SyncPoint", at)

    def _length_ns(self, recording_id: str) -> int:
        videos = [one for one in self.project.videos if one.recording_id == recording_id]
        return max(one.end_ns for one in videos) - min(one.start_ns for one in videos)

    def _select(
        self, source: ET.Element, tag: str, coding: Mapping[Any, Any], where: Mapping[str, str]
    ) -> None:
        """Add a selection with its code, and the code of the placement that it is about."""
        key = str(coding["coding_id"])
        self.kept.add(key)
        if coding["code_id"] not in self.codes:
            self.lost["codings with a code that is not in the code book"] += 1
            return
        made = {"creationDateTime": when} if (when := _date_time(coding.get("made_utc"))) else {}
        if coding["coder"]:
            made["creatingUser"] = self.ids("user", coding["coder"])
        selection = ET.SubElement(source, tag, {"guid": self.ids(tag, key), **where, **made})
        given = [("code", str(coding["code_id"]))]
        if coding["placement_id"] in self.project.placements:
            given.append(("placement", str(coding["placement_id"])))
        for kind, one in given:
            about = {"guid": self.ids("coding", tag, kind, key), **made}
            element = ET.SubElement(selection, "Coding", about)
            ET.SubElement(element, "CodeRef", {"targetGUID": self.ids(kind, one)})
            if kind == "code" and coding["memo"]:
                note = self._note(f"{tag} {key}", str(coding["memo"]))
                ET.SubElement(element, "NoteRef", {"targetGUID": note})

    def _note(self, key: str, text: str) -> str:
        guid = self.ids("note", key)
        note = ET.Element("Note", {"guid": guid, "name": _xml(" ".join(text.split())[:_SHOWN])})
        ET.SubElement(note, "PlainTextContent").text = _xml(text)
        self.notes.append(note)
        return guid


def _put_codes(above: ET.Element, code_book: pd.DataFrame, ids: _Ids) -> None:
    """Add the codes, each inside of its parent; one whose parent is not there, or is below it, is on top."""
    rows = {row["code_id"]: row for row in code_book.to_dict("records")}
    holders: dict[str, ET.Element] = {}

    def holder(code_id: str) -> ET.Element:
        if code_id in holders:
            return holders[code_id]
        row = rows[code_id]
        chain, parent = {code_id}, row["parent_id"]
        while parent in rows and parent not in chain:
            chain.add(parent)
            parent = rows[parent]["parent_id"]
        rooted = parent not in rows
        home = holder(row["parent_id"]) if rooted and row["parent_id"] in rows else above
        about = {"guid": ids("code", code_id), "name": _xml(row["name"] or code_id), "isCodable": "true"}
        if _COLOR.fullmatch(row["color"]):
            about["color"] = row["color"]
        element = holders[code_id] = ET.SubElement(home, "Code", about)
        if row["description"]:
            ET.SubElement(element, "Description").text = _xml(row["description"])
        return element

    for code_id in rows:
        holder(code_id)


def _append(root: ET.Element, name: str, elements: Sequence[ET.Element]) -> None:
    """Add a list; the schema has no empty ones."""
    if elements:
        ET.SubElement(root, name).extend(elements)


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(member, content)


def _xml(text: str) -> str:
    """Return text that XML can hold; its line ends are line feeds."""
    return _NOT_XML.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def _date_time(text: object) -> str:
    """Return a time as XML has it, "" if it is none."""
    try:
        moment = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return ""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def relative_url(video: Path, home: Path) -> str | None:
    """Return how a project in the folder `home` refers to a file, None where there is no relative way.

    Examples
    --------
    >>> relative_url(Path("/data/study/recordings/p1/scene.mp4"), Path("/data/out"))
    'relative:///../study/recordings/p1/scene.mp4'
    """
    import os

    try:
        way = os.path.relpath(video, home)
    except ValueError:  # another drive
        return None
    return f"relative:///{PurePosixPath(*Path(way).parts)}"
