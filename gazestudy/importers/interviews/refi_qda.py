"""Code books (.qdc) and projects (.qdpx) of programs of qualitative analysis: REFI-QDA 1.5.

Codes, texts, codes on spans of texts and on times of our own videos, time marks of transcripts, and whose
text it is (cases) come in; all else is counted and told. XML that declares a document type is refused: it may
hold entities that grow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.interviews.builder import (
    MAX_TEXT,
    InterviewBuilder,
    InterviewOptions,
    ReadInterviews,
)
from gazestudy.importers.interviews.qda_positions import Places, counting, fits, line_feed_positions
from gazestudy.importers.interviews.qda_xml import (
    CONTROLS,
    child_get,
    child_text,
    color_of,
    free,
    guid_of,
    local,
    plain_guid,
    safe_xml,
    same,
    slug,
    tidy,
    whole,
)
from gazestudy.importers.interviews.registry import interview_importer
from gazestudy.importers.registry import Refusal
from gazestudy.importers.sources import Source
from gazestudy.model.interview import Interviews

MAX_XML_BYTES = 64 * 2**20
MAX_TEXT_BYTES = 64 * 2**20

_CODER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,15}")
_PLACEMENT = "placement_id: "
_ANSWER = "answer_code: "
_NO_CODES = (_PLACEMENT, _ANSWER)
"""Beginnings of descriptions of what our exports write as codes: placements, and codes of answers."""
_OUR_VIDEO = re.compile(r"recording_id: (?P<recording>\S+)\nstart_ns: (?P<start>-?\d{1,19})\s*")
_NEAR = 400
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
        if local(root) not in ("Project", "CodeBook"):
            raise InputError(place, "this is no document of REFI-QDA", found=f"<{local(root)[:40]}>")
        builder = InterviewBuilder(name, options, "refi_qda")
        reader = _Reader(source, root, builder, name)
        return reader.read()


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
        self.answer_codes: set[str] = set()
        self.texts: dict[str, _Text] = {}
        self.homes: dict[str, str] = {}
        self.lost: Counter[str] = Counter()
        self.members = {one.replace("\\", "/").lower(): one for one in source.all_names()}
        self.coders = self._users()
        self.notes = {guid_of(one): one for one in self._all("Note")}
        self.used_notes: set[str] = set()

    def read(self) -> ReadInterviews:
        self._code_book()
        self._cases()
        for sources in self._all("Sources"):
            for one in sources:
                if local(one) == "TextSource":
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
        return (one for one in self.root.iter() if local(one) == tag)

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
            coders[guid_of(user)] = name
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
                if local(one) != "Code":
                    continue
                told = child_text(one, "Description")
                below = [child_text(child, "Description") for child in one if local(child) == "Code"]
                if told.startswith(_PLACEMENT):
                    self.placements[guid_of(one)] = told.removeprefix(_PLACEMENT).strip()
                    continue
                if told.startswith(_ANSWER):
                    self.answer_codes.add(guid_of(one))
                    continue
                if below and all(text.startswith(_NO_CODES) for text in below):
                    walk(one, parent, parent_name)  # what holds our placements or codes of answers is no code
                    continue
                name = tidy(one.get("name", "")) or "code"
                for candidate in (
                    name,
                    f"{parent_name}: {name}",
                    *(f"{name} ({n})" for n in range(2, 10_000)),
                ):
                    if same(candidate) not in names and not candidate.startswith(": "):
                        break
                names.add(same(candidate))
                code_id = free(slug(candidate), taken)
                taken.add(code_id)
                self.codes[guid_of(one)] = code_id
                self.builder.rows["code_book"].append(
                    {
                        "code_id": code_id,
                        "name": candidate,
                        "parent_id": parent,
                        "color": color_of(one.get("color", "")),
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
            name = tidy(case.get("name", ""))
            texts = [one.get("targetGUID", "") for one in case if local(one) == "SourceRef"]
            if known and name not in known:
                self.lost["cases that are no participants of the study: their texts belong to nobody"] += 1
                continue
            for one in texts:
                self.homes[plain_guid(one)] = name

    def _text_source(self, element: ET.Element) -> None:
        raw = self._text_of(element)
        if raw is None:
            return
        key, text, bom = raw
        guid = guid_of(element)
        found = self.texts.get(key)
        if found is None:
            name = tidy(element.get("name", "")) or key
            found = self.texts[key] = _Text(guid.lower() or key, name, text, bom)
        if guid in self.homes:
            self.homes[key] = self.homes[guid]
        for one in element:
            if local(one) == "PlainTextSelection":
                start, end = whole(one.get("startPosition")), whole(one.get("endPosition"))
                found.selections.append((start, end, one))
            elif local(one) == "Coding":
                found.spans.append((0, len(text), element))
                break

    def _text_of(self, element: ET.Element) -> tuple[str, str, bool] | None:
        """Return key, text and whether a byte order mark was there; None if there is no text."""
        inline = next((one for one in element if local(one) == "PlainTextContent"), None)
        if inline is not None:
            return f"inline {guid_of(element)}", inline.text or "", False
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
            if local(transcript) == "Transcript":
                self._transcript(transcript)
        if tag == "AudioSource":
            return
        ours = _OUR_VIDEO.search(child_text(element, "Description"))
        selections = [one for one in element if local(one) == "VideoSelection"]
        for one in selections:
            codings = [child for child in one if local(child) == "Coding"]
            if ours is None:
                self.lost["codes on times of videos that are no recordings of a study"] += len(codings)
                continue
            begin, end = (whole(one.get(key)) for key in ("begin", "end"))
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
        points = {guid_of(one): one for one in element if local(one) == "SyncPoint"}
        if raw is None:
            self.lost["time marks of transcripts without a text"] += len(points)
            return
        key, text, bom = raw
        if key not in self.texts:
            name = tidy(element.get("name", "")) or key
            self.texts[key] = _Text(guid_of(element).lower() or key, name, text, bom)
        found = self.texts[key]
        found.kind = "transcript"
        for one in points.values():
            place, t_ms = whole(one.get("position")), whole(one.get("timeStamp"))
            if place >= 0 and t_ms >= 0:
                found.marks.append((place, t_ms * 1_000_000))
        for one in element:
            if local(one) != "TranscriptSelection":
                continue
            ends = [points.get(plain_guid(one.get(key, ""))) for key in ("fromSyncPoint", "toSyncPoint")]
            places = [-1 if point is None else whole(point.get("position")) for point in ends]
            found.spans.append((places[0], places[1] if places[1] >= 0 else len(text), one))

    def _finish(self, text: _Text) -> None:
        """Add a text with its codings and marks, in code points of its lines ended by line feeds."""
        if not text.raw.strip():
            self.lost["texts that are empty"] += 1
            return
        if len(text.raw) > MAX_TEXT:
            self.lost["texts that are too long"] += 1
            return
        named = [(start, end, one.get("name", "")) for start, end, one in text.selections]
        counted, why = counting(text.raw, named, with_bom=text.with_bom)
        to_lines = line_feed_positions(text.raw)
        body = CONTROLS.sub("\ufffd", text.raw.replace("\r\n", "\n").replace("\r", "\n"))
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
        if start < 0 or end <= start or fits(text.raw[start:end], name):
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
        codings = [one for one in element if local(one) == "Coding"]
        if not 0 <= start < end <= len(text.raw):
            self.lost["codes on spans that are not in their text"] += len(codings)
            return
        first, last = int(to_lines[start]), int(to_lines[end])
        if first >= last:
            self.lost["codes on spans that are not in their text"] += len(codings)
            return
        self._codings(element, {"document_id": text.document_id, "start_char": first, "end_char": last})

    def _codings(self, element: ET.Element, where: Row) -> None:
        codings = [one for one in element if local(one) == "Coding"]
        targets = [(one, plain_guid(child_get(one, "CodeRef", "targetGUID"))) for one in codings]
        about = [self.placements[target] for _, target in targets if target in self.placements]
        taken = 0
        for one, target in targets:
            if target in self.placements:
                continue
            if target in self.answer_codes:
                taken += 1  # the placement belongs to it
                self.lost["codes of answers, which come in with the answers (interview code --from),"] += 1
                continue
            if target not in self.codes:
                self.lost["codes on something with a code that is not in the code book"] += 1
                continue
            taken += 1
            user = plain_guid(one.get("creatingUser", "") or element.get("creatingUser", ""))
            coder = self.coders.get(user) or self.builder.options.coder or "unknown"
            row = {
                "coding_id": guid_of(one).lower(),
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
            note = self.notes.get(plain_guid(one.get("targetGUID", ""))) if local(one) == "NoteRef" else None
            if note is not None:
                self.used_notes.add(guid_of(note))
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


def _document(source: Source) -> str | None:
    """Return the name of the code book or project, whatever the case of its letters."""
    names = [one for one in source.names() if one.lower().endswith((".qdc", ".qde"))]
    named = [one for one in names if one.lower() == "project.qde"]
    return (named or names)[0] if len(named) == 1 or len(names) == 1 else None


def _plain_head(head: bytes) -> bytes:
    return head.replace(b"\0", b"")  # UTF-16
