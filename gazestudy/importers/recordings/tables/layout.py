"""How a text table is written: encoding, delimiter, decimal mark, lines before the header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass

from gazestudy.importers.recordings.tables.choices import Choice, Confidence
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import sniff_header

_DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
_LINES = 200
_COMMENT = ("#", "//", "%", "*")
_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_WITH_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
_WITH_POINT = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?")
_LIKE_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_BOTH_MARKS = re.compile(r"[-+]?\d{1,3}(\.\d{3})+,\d+|[-+]?\d{1,3}(,\d{3})+\.\d+")
_OTHER_ENCODINGS = ("cp1250", "cp1251", "cp874", "gb18030", "shift_jis")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written.

    Attributes
    ----------
    header : list of str
        Column names.
    choices : tuple of Choice
        `encoding`, `delimiter`, `decimal`, `skip_rows`, and `header` where there is none.
    """

    header: list[str]
    choices: tuple[Choice, ...]

    def value(self, field: str) -> object:
        """Return what was chosen for a field."""
        return next(choice.value for choice in self.choices if choice.field == field)


def look_at(source: Source, name: str) -> Layout | None:
    """Return how a table is written, None if it is no text table."""
    sniffed = sniff_header(source, name)
    if sniffed is None:
        return None
    head = source.head(name)
    encoding = _encoding(head, sniffed[1].encoding)
    text = head.decode(str(encoding.value).replace("auto", "utf-8"), errors="replace").lstrip("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[: _LINES + 1]
    lines = lines[:-1] if len(lines) > 1 else lines  # the last one may be cut in two
    delimiter, counts = _delimiter(lines)
    mark = str(delimiter.value)
    skip, header = _header(lines, mark, counts)
    data = [cells for line in lines[int(skip.value) + 1 :] if (cells := _cells(line, mark))]
    choices = [encoding, delimiter, _decimal(data), skip]
    if header and all(_NUMBER.fullmatch(cell) for cell in header if cell):
        reason = f"the first line holds numbers ({', '.join(header[:4])}), no names of columns"
        choices.append(Choice("header", None, "low", f"{reason}; put a line with names above it"))
    return Layout(header, tuple(choices))


def _encoding(head: bytes, sniffed: str) -> Choice:
    if head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return Choice("encoding", sniffed, "high", f"a byte order mark says {sniffed}")
    if sniffed.startswith("utf-16"):
        return Choice("encoding", sniffed, "high", f"every other byte is zero, as in {sniffed}")
    if head.isascii():
        return Choice("encoding", "auto", "high", "only ASCII letters, which all encodings share")
    if sniffed == "utf-8":
        return Choice("encoding", "auto", "high", "all bytes are UTF-8")
    reason = f"it is no UTF-8; {sniffed} is the usual one, and matters only for letters beyond ASCII"
    return Choice("encoding", sniffed, "medium", reason, _OTHER_ENCODINGS)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _delimiter(lines: list[str]) -> tuple[Choice, list[int]]:
    """Choose the delimiter that cuts most lines into the same number of cells, two at least."""
    used = [line for line in lines if line.strip() and not line.lstrip().startswith(_COMMENT)]
    scores: dict[str, tuple[float, bool, int]] = {}
    for mark in _DELIMITERS:
        common, times = (
            Counter(len(_cells(line, mark)) for line in used).most_common(1)[0] if used else (1, 0)
        )
        if common > 1:
            # The comma is the weakest sign: it is also a decimal mark.
            scores[mark] = (times / len(used), mark != ",", common)
    if not scores:
        reason = "no mark cuts the lines into cells"
        return Choice("delimiter", ",", "low", reason, tuple(_DELIMITERS)), [len(lines)]
    ranked = sorted(scores, key=lambda mark: scores[mark], reverse=True)
    best = ranked[0]
    share, _, common = scores[best]
    reason = f"a {_DELIMITERS[best]} cuts {share:.0%} of the lines into {common} cells"
    rivals = tuple(mark for mark in ranked[1:] if scores[mark][0] == share)
    confidence: Confidence = "high" if share > 0.9 and (not rivals or rivals == (",",)) else "medium"
    if share < 0.5:
        return Choice("delimiter", best, "low", f"{reason} only", tuple(ranked[1:])), [common]
    return Choice("delimiter", best, confidence, reason, rivals), [common]


def _header(lines: list[str], delimiter: str, counts: list[int]) -> tuple[Choice, list[str]]:
    for number, line in enumerate(lines):
        if line.lstrip().startswith(_COMMENT) and number + 1 != len(lines):
            continue
        cells = _cells(line, delimiter)
        if len(cells) == counts[0]:
            if number == 0:
                return Choice("skip_rows", 0, "high", "the first line is the header"), cells
            reason = f"the {number} lines before the header do not have {counts[0]} cells"
            return Choice("skip_rows", number, "high", reason), cells
    reason = f"no line looks like a header with {counts[0]} cells"
    return Choice("skip_rows", 0, "low", reason), _cells(lines[0] if lines else "", delimiter)


def _decimal(rows: list[list[str]]) -> Choice:
    cells = [cell for row in rows for cell in row]
    commas = [cell for cell in cells if _WITH_COMMA.fullmatch(cell)]
    points = [cell for cell in cells if _WITH_POINT.fullmatch(cell)]
    both = [cell for cell in cells if _BOTH_MARKS.fullmatch(cell)]
    if both:
        reason = f"numbers such as {both[0]!r} have marks between thousands, which cannot be read"
        return Choice("decimal", "," if both[0].rfind(",") > both[0].rfind(".") else ".", "low", reason)
    if commas and points:
        reason = f"both {commas[0]!r} and {points[0]!r} occur: one may be a mark between thousands"
        return Choice("decimal", "." if len(points) > len(commas) else ",", "low", reason, (".", ","))
    if commas and all(_LIKE_THOUSANDS.fullmatch(cell) for cell in commas):
        reason = f"numbers such as {commas[0]!r} may have a decimal comma or a mark between thousands"
        return Choice("decimal", ",", "low", reason, (".",))
    if commas:
        return Choice("decimal", ",", "high", f"numbers have a decimal comma, such as {commas[0]!r}")
    if points:
        return Choice("decimal", ".", "high", f"numbers have a decimal point, such as {points[0]!r}")
    return Choice("decimal", ".", "high", "no number has decimals")
