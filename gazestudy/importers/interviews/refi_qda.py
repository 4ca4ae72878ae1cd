"""Code books (.qdc) and projects (.qdpx) of programs of qualitative analysis: REFI-QDA 1.5.

Codes, texts, codes on spans of texts and on times of our own videos, time marks of transcripts, and whose
text it is (cases) come in; all else is counted and told. Programs count positions in different ways (with or
without a byte order mark, CR LF as one or two, characters outside of the basic plane as one or two); most
write the selected text into the name of a selection, and the way of counting that fits most names is taken.
XML that declares a document type is refused: it may hold entities that grow.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.interviews.builder import (
    MAX_TEXT,
    InterviewBuilder,
    InterviewOptions,
    ReadInterviews,
)
from gazestudy.importers.interviews.registry import interview_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.interview import Interviews

MAX_XML_BYTES = 64 * 2**20
MAX_TEXT_BYTES = 64 * 2**20

_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_COLOR = re.compile(r"#([0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
_CODER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,15}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLACEMENT = "placement_id: "
_OUR_VIDEO = re.compile(r"recording_id: (?P<recording>\S+)\nstart_ns: (?P<start>-?\d{1,19})\s*")
_NEAR = 400
_MAX_DEPTH = 60
_COUNTED_LOST = {
    "PictureSource": "pictures with their selections",
    "PDFSource": "PDF documents with their selections",
    "AudioSource": "sound files with their selections",
    "Set": "sets of codes, texts or cases",
    "Graph": "graphs",
    "Link": "links",
    "VariableValue": "values of variables",
}
"""What is not taken: element to words."""

Row = dict[str, Any]


def safe_xml(content: bytes, place: Path) -> ET.Element:
    """Parse XML that comes from outside.

    Parameters
    ----------
    content : bytes
        The file.
    place : Path
        The file, for messages.

    Returns
    -------
    Element
        The root.

    Raises
    ------
    InputError
        If it is damaged, declares a document type or entities, or is nested too deeply.
    """
    depth = 0

    def refuse(*_about: object) -> None:
        raise InputError(
            place,
            "this file declares a document type; it is refused",
            advice="Do not trust where it came from",
        )

    def down(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise InputError(place, "this XML is nested too deeply; it is refused")

    def up(_name: str) -> None:
        nonlocal depth
        depth -= 1

    try:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = refuse
        parser.EntityDeclHandler = refuse
        parser.StartElementHandler, parser.EndElementHandler = down, up
        parser.Parse(content, True)
        return ET.fromstring(content)
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError) as error:
        raise InputError(
            place, "this XML is damaged", found=str(error)[:200], advice="Export it again"
        ) from error


@interview_importer(name="refi_qda", version=1, title="code book or project of QDA programs (.qdc, .qdpx)")
class RefiQda:
    """Reads `CodeBook` and `Project` documents of REFI-QDA."""

    def identify(self, source: Source, options: InterviewOptions) -> str | Refusal:
        """Say whether there is a code book or a project."""
        name = _document(source)
        if name is None:
            return Refusal("no .qdc and no .qde in a project")
        root = re.search(rb"<(?:\w+:)?(Project|CodeBook)\b", _plain_head(source.head(name, 4096)))
        if root is None:
            return Refusal(f"{name} is no document of REFI-QDA")
        return f"{name} is a {'project' if root[1] == b'Project' else 'code book'} of REFI-QDA"

    def read(self, source: Source, options: InterviewOptions) -> ReadInterviews:
        """Return codes, texts and codings."""
        name = _document(source)
        if name is None:
            raise InputError(source.path, "there is no .qdc and no .qde")
        place = source.place(name)
        if source.size_bytes(name) > MAX_XML_BYTES:
            raise InputError(place, "this document is too large", expected="at most 64 MB")
        root = safe_xml(source.read(name).removeprefix(b"\xef\xbb\xbf"), place)
        if _local(root) not in ("Project", "CodeBook"):
            raise InputError(place, "this is no document of REFI-QDA", found=f"<{_local(root)[:40]}>")
        builder = InterviewBuilder(name, options, "refi_qda")
        reader = _Reader(source, root, builder, name)
        return reader.read()


def joined_to(talks: Interviews, known: Interviews) -> Interviews:
    """Return interviews that were read as what is new in a study, in the study's own ids.

    Parameters
    ----------
    talks : Interviews
        As they were read from a code book or project.
    known : Interviews
        What the study has.

    Returns
    -------
    Interviews
        Codes of the same name (in any case) and texts that say the same are those of the study and are not
        among the tables; so are interviews whose texts are all there, and codings of the same coder with the
        same code on the same span, or on the same time to a millisecond.
    """
    codes, book = _joined_codes(talks.code_book, known.code_book)
    there = {
        _body(text): one
        for one, text in zip(known.documents["document_id"], known.documents["text"], strict=True)
    }
    texts = {
        one: there[_body(text)]
        for one, text in zip(talks.documents["document_id"], talks.documents["text"], strict=True)
        if _body(text) in there
    }
    documents = talks.documents[~talks.documents["document_id"].isin(texts)]
    marks = talks.transcript_marks[~talks.transcript_marks["document_id"].isin(texts)]
    answered = {*documents["interview_id"], *talks.interview_answers["interview_id"]}
    heads = talks.interviews[talks.interviews["interview_id"].isin(answered)]
    codings = talks.codings.assign(
        code_id=[codes.get(one, one) for one in talks.codings["code_id"]],
        document_id=[texts.get(one, one) for one in talks.codings["document_id"]],
    ).astype({"code_id": "str", "document_id": "str"})
    done = {key for row in known.codings.to_dict("records") for key in _places(row)}
    new = [_places(row)[0] not in done for row in codings.to_dict("records")]
    changed = {
        "code_book": book,
        "documents": documents,
        "transcript_marks": marks,
        "interviews": heads,
        "codings": codings[new],
    }
    tables = talks.tables() | {name: table.reset_index(drop=True) for name, table in changed.items()}
    return Interviews(**tables, findings=talks.findings)


def _joined_codes(read: pd.DataFrame, known: pd.DataFrame) -> tuple[dict[str, str], pd.DataFrame]:
    """Return the study's id for each code that was read, and the codes that are new."""
    there = {_same(name): code for code, name in zip(known["code_id"], known["name"], strict=True)}
    taken = set(known["code_id"])
    ids: dict[str, str] = {}
    for code_id, name in zip(read["code_id"], read["name"], strict=True):
        ids[code_id] = there.get(_same(name)) or _free(code_id, taken)
        taken.add(ids[code_id])
    book = read.assign(
        code_id=[ids[one] for one in read["code_id"]],
        parent_id=[ids.get(one, one) for one in read["parent_id"]],
    ).astype({"code_id": "str", "parent_id": "str"})
    return ids, book[~book["code_id"].isin(known["code_id"])]


def _places(row: Mapping[Any, Any]) -> list[tuple[object, ...]]:
    """Return what makes a coding the same as another: its own place first, then what is as good."""
    who = (row["code_id"], row["coder"])
    places: list[tuple[object, ...]] = []
    if row["document_id"]:
        places.append((*who, row["document_id"], row["start_char"], row["end_char"]))
    if row["recording_id"] and row["start_ns"] >= 0:
        start, end = row["start_ns"] // 1_000_000, row["end_ns"] // 1_000_000
        near = [(start + a, end + b) for a in (0, -1, 1) for b in (0, -1, 1)]
        places += [(*who, row["recording_id"], *one) for one in near]
    return places or [who]


def _body(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


@dataclass(slots=True)
class _Text:
    """A text with all that is said about places in it, in the positions of the file."""

    document_id: str
    name: str
    raw: str
    with_bom: bool
    kind: str = "notes"
    selections: list[tuple[int, int, ET.Element]] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    spans: list[tuple[int, int, ET.Element]] = field(default_factory=list)
    """Selections between time marks."""


class _Reader:
    def __init__(self, source: Source, root: ET.Element, builder: InterviewBuilder, name: str) -> None:
        self.source, self.root, self.builder, self.name = source, root, builder, name
        self.codes: dict[str, str] = {}
        self.placements: dict[str, str] = {}
        self.texts: dict[str, _Text] = {}
        self.homes: dict[str, str] = {}
        self.lost: Counter[str] = Counter()
        self.members = {one.replace("\\", "/").lower(): one for one in source.all_names()}
        self.coders = self._users()
        self.notes = {_guid(one): one for one in self._all("Note")}
        self.used_notes: set[str] = set()

    def read(self) -> ReadInterviews:
        self._code_book()
        self._cases()
        for sources in self._all("Sources"):
            for one in sources:
                if _local(one) == "TextSource":
                    self._text_source(one)
        for tag in ("VideoSource", "AudioSource"):
            for one in self._all(tag):
                self._media(one, tag)
        for text in self.texts.values():
            self._finish(text)
        self._tell_lost()
        found = self.builder.build()
        unique = found.talks.codings.drop_duplicates("coding_id", ignore_index=True)
        tables = found.talks.tables() | {"codings": unique}
        return ReadInterviews(Interviews(**tables, findings=found.talks.findings), found.private)

    def _all(self, tag: str) -> Iterator[ET.Element]:
        return (one for one in self.root.iter() if _local(one) == tag)

    def _users(self) -> dict[str, str]:
        """Return a code for each user: names of persons are not taken."""
        coders, given = {}, 0
        for user in self._all("User"):
            name = next(
                (one for one in (user.get("id", ""), user.get("name", "")) if _CODER.fullmatch(one)), ""
            )
            if not name:
                given += 1
                name = f"coder-{given}"
            coders[_guid(user)] = name
        if given:
            text = f"{given} users have names: they are coder-1 and so on, in the order of the project"
            self.builder.mistakes.tell("coders", text, given)
        return coders

    def _code_book(self) -> None:
        """Take the codes; a name that occurs twice gets that of the code above in front."""
        taken: set[str] = set()
        names: set[str] = set()

        def walk(above: ET.Element, parent: str, parent_name: str) -> None:
            for one in above:
                if _local(one) != "Code":
                    continue
                told = _child_text(one, "Description")
                below = [_child_text(child, "Description") for child in one if _local(child) == "Code"]
                if told.startswith(_PLACEMENT):
                    self.placements[_guid(one)] = told.removeprefix(_PLACEMENT).strip()
                    continue
                if below and all(text.startswith(_PLACEMENT) for text in below):
                    walk(one, parent, parent_name)  # what holds our placements is no code
                    continue
                name = _tidy(one.get("name", "")) or "code"
                for candidate in (
                    name,
                    f"{parent_name}: {name}",
                    *(f"{name} ({n})" for n in range(2, 10_000)),
                ):
                    if _same(candidate) not in names and not candidate.startswith(": "):
                        break
                names.add(_same(candidate))
                code_id = _free(_slug(candidate), taken)
                taken.add(code_id)
                self.codes[_guid(one)] = code_id
                self.builder.rows["code_book"].append(
                    {
                        "code_id": code_id,
                        "name": candidate,
                        "parent_id": parent,
                        "color": _color(one.get("color", "")),
                        "description": told,
                    }
                )
                walk(one, code_id, candidate)

        for codes in self._all("Codes"):
            walk(codes, "", "")

    def _cases(self) -> None:
        """Remember whose each text is; a case becomes a participant only where the study has that person."""
        known = self.builder.options.participants
        for case in self._all("Case"):
            name = _tidy(case.get("name", ""))
            texts = [one.get("targetGUID", "") for one in case if _local(one) == "SourceRef"]
            if known and name not in known:
                self.lost["cases that are no participants of the study: their texts belong to nobody"] += 1
                continue
            for one in texts:
                self.homes[_plain_guid(one)] = name

    def _text_source(self, element: ET.Element) -> None:
        raw = self._text_of(element)
        if raw is None:
            return
        key, text, bom = raw
        guid = _guid(element)
        found = self.texts.get(key)
        if found is None:
            name = _tidy(element.get("name", "")) or key
            found = self.texts[key] = _Text(guid.lower() or key, name, text, bom)
        if guid in self.homes:
            self.homes[key] = self.homes[guid]
        for one in element:
            if _local(one) == "PlainTextSelection":
                start, end = _whole(one.get("startPosition")), _whole(one.get("endPosition"))
                found.selections.append((start, end, one))
            elif _local(one) == "Coding":
                found.spans.append((0, len(text), element))
                break

    def _text_of(self, element: ET.Element) -> tuple[str, str, bool] | None:
        """Return key, text and whether a byte order mark was there; None if there is no text."""
        inline = next((one for one in element if _local(one) == "PlainTextContent"), None)
        if inline is not None:
            return f"inline {_guid(element)}", inline.text or "", False
        path = element.get("plainTextPath", "")
        member = self._member(path)
        if member is None:
            self.lost["texts that are not in the project as plain text"] += 1
            return None
        if self.source.size_bytes(member) > MAX_TEXT_BYTES:
            self.lost["texts of more than 64 MB"] += 1
            return None
        data = self.source.read(member)
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            self.lost["texts that are not UTF-8"] += 1
            return None
        return member, text.removeprefix("\ufeff"), text.startswith("\ufeff")

    def _member(self, path: str) -> str | None:
        """Return the file that an internal path means, whatever the case of its letters."""
        scheme, _, name = path.partition("://")
        if scheme.lower() != "internal" or not name:
            return None
        base = PurePosixPath(name.replace("\\", "/")).name.lower()
        found = [one for one in self.members if one == f"sources/{base}" or one.endswith(f"/sources/{base}")]
        return self.members[found[0]] if found else None

    def _media(self, element: ET.Element, tag: str) -> None:
        for transcript in element:
            if _local(transcript) == "Transcript":
                self._transcript(transcript)
        if tag == "AudioSource":
            return
        ours = _OUR_VIDEO.search(_child_text(element, "Description"))
        selections = [one for one in element if _local(one) == "VideoSelection"]
        for one in selections:
            codings = [child for child in one if _local(child) == "Coding"]
            if ours is None:
                self.lost["codes on times of videos that are no recordings of a study"] += len(codings)
                continue
            begin, end = (_whole(one.get(key)) for key in ("begin", "end"))
            if not 0 <= begin <= end:
                self.lost["codes on times that end before they start"] += len(codings)
                continue
            start = int(ours["start"])
            when = {
                "recording_id": ours["recording"],
                "start_ns": start + begin * 1_000_000,
                "end_ns": start + end * 1_000_000,
            }
            self._codings(one, when)

    def _transcript(self, element: ET.Element) -> None:
        raw = self._text_of(element)
        points = {_guid(one): one for one in element if _local(one) == "SyncPoint"}
        if raw is None:
            self.lost["time marks of transcripts without a text"] += len(points)
            return
        key, text, bom = raw
        if key not in self.texts:
            name = _tidy(element.get("name", "")) or key
            self.texts[key] = _Text(_guid(element).lower() or key, name, text, bom)
        found = self.texts[key]
        found.kind = "transcript"
        for one in points.values():
            place, t_ms = _whole(one.get("position")), _whole(one.get("timeStamp"))
            if place >= 0 and t_ms >= 0:
                found.marks.append((place, t_ms * 1_000_000))
        for one in element:
            if _local(one) != "TranscriptSelection":
                continue
            ends = [points.get(_plain_guid(one.get(key, ""))) for key in ("fromSyncPoint", "toSyncPoint")]
            places = [-1 if point is None else _whole(point.get("position")) for point in ends]
            found.spans.append((places[0], places[1] if places[1] >= 0 else len(text), one))

    def _finish(self, text: _Text) -> None:
        """Add a text with its codings and marks, in code points of its lines ended by line feeds."""
        if not text.raw.strip():
            self.lost["texts that are empty"] += 1
            return
        if len(text.raw) > MAX_TEXT:
            self.lost["texts that are too long"] += 1
            return
        counted, why = _counting(text)
        to_lines = _line_feed_positions(text.raw)
        body = _CONTROLS.sub("\ufffd", text.raw.replace("\r\n", "\n").replace("\r", "\n"))
        where = Cell(text.name)
        if why:
            self.builder.mistakes.warn("counting", where, f"positions in this text are counted {why}")
        home = next((self.homes[key] for key in self._keys(text) if key in self.homes), "")
        person = home or self.builder.options.participant
        interview = self.builder.options.interview
        if not interview and person:
            interview = self.builder.talk("", person, where, {})
        at = {(counted(place), t_ns) for place, t_ns in text.marks}
        marks = sorted((int(to_lines[min(place, len(text.raw))]), t_ns) for place, t_ns in at if place >= 0)
        self.builder.document(
            text.document_id,
            where,
            interview_id=interview,
            name=text.name,
            kind=text.kind,
            text=body,
            marks=marks,
        )
        for start, end, element in text.selections:
            first, last = self._verified(text, counted(start), counted(end), element, where)
            self._span(text, to_lines, first, last, element)
        for start, end, element in text.spans:
            self._span(text, to_lines, start, end, element)

    def _keys(self, text: _Text) -> list[str]:
        return [key for key, one in self.texts.items() if one is text]

    def _verified(
        self, text: _Text, start: int, end: int, element: ET.Element, where: Cell
    ) -> tuple[int, int]:
        """Return the span, moved to where its text stands nearby if it is the only place."""
        name = element.get("name", "")
        if start < 0 or end <= start or _fits(text.raw[start:end], name):
            return start, end
        wanted = text.raw[max(0, start - _NEAR) : end + _NEAR]
        if len(name) == end - start and wanted.count(name) == 1:
            moved = max(0, start - _NEAR) + wanted.index(name)
            self.builder.mistakes.warn(
                "moved",
                where,
                f"a selection stood {moved - start:+d} characters away from its text; it was moved",
            )
            return moved, moved + len(name)
        return start, end

    def _span(self, text: _Text, to_lines: Places, start: int, end: int, element: ET.Element) -> None:
        codings = [one for one in element if _local(one) == "Coding"]
        if not 0 <= start < end <= len(text.raw):
            self.lost["codes on spans that are not in their text"] += len(codings)
            return
        first, last = int(to_lines[start]), int(to_lines[end])
        if first >= last:
            self.lost["codes on spans that are not in their text"] += len(codings)
            return
        self._codings(element, {"document_id": text.document_id, "start_char": first, "end_char": last})

    def _codings(self, element: ET.Element, where: Row) -> None:
        codings = [one for one in element if _local(one) == "Coding"]
        targets = [(one, _plain_guid(_child_get(one, "CodeRef", "targetGUID"))) for one in codings]
        about = [self.placements[target] for _, target in targets if target in self.placements]
        taken = 0
        for one, target in targets:
            if target in self.placements:
                continue
            if target not in self.codes:
                self.lost["codes on something with a code that is not in the code book"] += 1
                continue
            taken += 1
            user = _plain_guid(one.get("creatingUser", "") or element.get("creatingUser", ""))
            coder = self.coders.get(user) or self.builder.options.coder or "unknown"
            row = {
                "coding_id": _guid(one).lower(),
                "code_id": self.codes[target],
                "coder": coder,
                "placement_id": about[0] if about else "",
                "memo": self._memo(one),
            }
            self.builder.rows["codings"].append(row | where)
        if about and not taken:
            self.lost["placements on something without a code"] += len(about)
        elif len(about) > 1:
            self.lost["second placements of a coding"] += len(about) - 1

    def _memo(self, coding: ET.Element) -> str:
        texts = []
        for one in coding:
            note = (
                self.notes.get(_plain_guid(one.get("targetGUID", ""))) if _local(one) == "NoteRef" else None
            )
            if note is not None:
                self.used_notes.add(_guid(note))
                found = self._text_of(note)
                texts.append(found[1].strip() if found else "")
        return "\n".join(text for text in texts if text)

    def _tell_lost(self) -> None:
        for tag, what in _COUNTED_LOST.items():
            self.lost[what] += sum(1 for _ in self._all(tag))
        self.lost["notes that are not about one coding"] += len(set(self.notes) - self.used_notes)
        for what, count in self.lost.items():
            if count:
                self.builder.mistakes.warn("not_held", None, f"{count} {what} were left out")


def _counting(text: _Text) -> tuple[Callable[[int], int], str]:
    """Return how positions become code points of the file, and how they are counted if not that way."""
    raw = text.raw
    ways: list[tuple[Callable[[int], int], str]] = [(lambda place: place, "")]
    if text.with_bom:
        ways.append((lambda place: place - 1, "with the byte order mark"))
    if "\r\n" in raw:
        ways.append((_back(_line_feed_positions(raw)), "with CR LF as one character"))
    if any(ord(one) > 0xFFFF for one in raw):
        ways.append((_back(_utf16_positions(raw)), "in units of UTF-16"))
    if "\n" in raw and "\r" not in raw:
        ways.append((_back(_with_returns(raw)), "with line ends as two characters"))
    named = [(start, end, one.get("name", "")) for start, end, one in text.selections if one.get("name")]
    scores = [sum(_fits(raw[way(a) : way(b)], name) for a, b, name in named if b > a >= 0) for way, _ in ways]
    best = max(range(len(ways)), key=lambda number: (scores[number], -number))
    return ways[best]


def _fits(found: str, name: str) -> bool:
    """Return whether a name is the text of a selection, or its beginning."""
    short, long = _spoken(name), _spoken(found)
    cut = short.rstrip(".\u2026").rstrip()
    return bool(short) and (short == long or (len(cut) >= 8 and long.startswith(cut)))


def _spoken(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.replace("\ufffd", "").split()))


Places = NDArray[np.int64]


def _points(raw: str) -> NDArray[np.uint32]:
    return np.frombuffer(raw.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _positions(widths: NDArray[np.bool_] | Places) -> Places:
    """Return where each code point is, and where the text ends, if each takes so many places."""
    return np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])


def _line_feed_positions(raw: str) -> Places:
    """Return for each code point where it is once CR LF is one character."""
    points = _points(raw)
    return _positions(~((points == 13) & (np.append(points[1:], 0) == 10)))


def _utf16_positions(raw: str) -> Places:
    return _positions(1 + (_points(raw) > 0xFFFF).astype(np.int64))


def _with_returns(raw: str) -> Places:
    return _positions(1 + (_points(raw) == 10).astype(np.int64))


def _back(places: Places) -> Callable[[int], int]:
    """Return what finds the first code point at or before a counted position; -1 where there is none."""

    def point(place: int) -> int:
        if not 0 <= place <= places[-1]:
            return -1
        found = int(np.searchsorted(places, place, side="right")) - 1
        return int(np.searchsorted(places, places[found], side="left"))

    return point


def _document(source: Source) -> str | None:
    """Return the name of the code book or project, whatever the case of its letters."""
    names = [one for one in source.names() if one.lower().endswith((".qdc", ".qde"))]
    named = [one for one in names if one.lower() == "project.qde"]
    return (named or names)[0] if len(named) == 1 or len(names) == 1 else None


def _plain_head(head: bytes) -> bytes:
    return head.replace(b"\0", b"")  # UTF-16


def _local(element: ET.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _guid(element: ET.Element) -> str:
    return _plain_guid(element.get("guid", ""))


def _plain_guid(text: str) -> str:
    match = _GUID.fullmatch(text.strip())
    return match[1].upper() if match else text.strip().upper()


def _whole(text: str | None) -> int:
    return int(text) if text is not None and re.fullmatch(r"\s*\d{1,15}\s*", text) else -1


def _child_text(element: ET.Element, tag: str) -> str:
    found = next((one for one in element if _local(one) == tag), None)
    return "" if found is None else (found.text or "").strip()


def _child_get(element: ET.Element, tag: str, name: str) -> str:
    found = next((one for one in element if _local(one) == tag), None)
    return "" if found is None else found.get(name, "")


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(_CONTROLS.sub(" ", text).split()))[:180]


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:48].rstrip("_") or "code"


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _color(text: str) -> str:
    match = _COLOR.fullmatch(text.strip())
    if match is None:
        return "#808080"
    digits = match[1] if len(match[1]) == 6 else "".join(2 * one for one in match[1])
    return f"#{digits.upper()}"
