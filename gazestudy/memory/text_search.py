"""Finding words in what people said: answers, notes, transcripts, in any script.

Texts are compared in one spelling (NFC) and without regard to capital letters. Words need no blanks around
them, as Thai has none; where a text was found is told in code points of the text as it is stored.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError

_CONTEXT = 40
_OF_ANSWERS = ("item", "answer_no", "stimulus", "placement_id")
_COLUMNS = [
    *("kind", "interview_id", "participant_id", "document_id", "item", "answer_no", "stimulus"),
    *("placement_id", "start_char", "end_char", "t_ns", "found", "before", "after"),
]
_WORD = re.compile(r'"([^"]+)"|(\S+)')


def words_of(query: str) -> list[str]:
    """Return what is to be found: words, and phrases in quotes, folded.

    Raises
    ------
    ParameterError
        If nothing is left to look for.

    Examples
    --------
    >>> words_of('Coffee "big  cup"')
    ['coffee', 'big cup']
    """
    found = [fold(one or other.strip('"'))[0] for one, other in _WORD.findall(query)]
    words = [" ".join(word.split()) for word in found if word.strip()]
    if not words:
        raise ParameterError("query", query, "a word to look for")
    return words


def fold(text: str) -> tuple[str, list[int]]:
    """Return a text for comparison, and where each of its characters begins in the text.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    tuple of (str, list of int)
        The folded text, and for each of its characters (and its end) the code point of the text from which it
        comes. One character may become several (ß), and several one (a letter with its marks).

    Examples
    --------
    >>> fold("Cà")
    ('cà', [0, 1, 2])
    >>> fold("Ca" + chr(0x300) + "ß")
    ('càss', [0, 1, 3, 3, 4])
    """
    plain = text.casefold()
    if len(plain) == len(text) and unicodedata.is_normalized("NFC", plain) and plain.casefold() == plain:
        return plain, list(range(len(text) + 1))
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _goes_on(text, start, end):
            end += 1
        piece = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text[start:end]).casefold())
        pieces.append(piece)
        places += [start] * len(piece)
        start = end
    return "".join(pieces), [*places, len(text)]


def _goes_on(text: str, start: int, at: int) -> bool:
    """Return whether a code point belongs to the letter before it: a mark, or a part of a Hangul syllable."""
    if unicodedata.combining(text[at]):
        return True
    return "\u1160" <= text[at] <= "\u11ff" and len(unicodedata.normalize("NFC", text[start : at + 1])) == 1


def find_words(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Return where folded words are in a text, if all of them are; code points, end exclusive.

    Examples
    --------
    >>> find_words("เห็นป้ายกาแฟใหญ่", ["กาแฟ"]), find_words("a cup", ["cup", "tea"])
    ([(8, 12)], [])
    """
    folded, places = fold(text)
    spans: list[tuple[int, int]] = []
    for word in words:
        pattern = re.compile(r"\s+".join(re.escape(part) for part in word.split()))
        found = [(match.start(), match.end()) for match in pattern.finditer(folded)]
        if not found:
            return []
        for start, end in found:
            first, last = places[start], places[end]
            spans.append((first, last if last > first else first + 1))
    return sorted(set(spans))


def search_interviews(
    query: str,
    answers: pd.DataFrame,
    documents: pd.DataFrame,
    marks: pd.DataFrame | None = None,
    *,
    items: list[str] | None = None,
) -> pd.DataFrame:
    """Return where words are in answers and texts.

    Parameters
    ----------
    query : str
        Words, all of which must be there, and phrases in quotes.
    answers, documents : DataFrame
        Contracts `INTERVIEW_ANSWERS` and `DOCUMENTS`.
    marks : DataFrame, optional
        Contract `TRANSCRIPT_MARKS`, for the time of what is found in transcripts.
    items : list of str, optional
        Look into answers to these questions only, and into no texts.

    Returns
    -------
    DataFrame
        One row per place: `kind` (answer, notes, transcript, field_note), `interview_id`, `participant_id`,
        `document_id`, `item`, `answer_no`, `stimulus`, `placement_id`, `start_char`, `end_char`, `t_ns`
        (media time of the mark before it, -1 for none), `found`, `before`, `after`.

    Raises
    ------
    ParameterError
        If the query holds no word.
    """
    words = words_of(query)
    nothing = {"document_id": "", "item": "", "answer_no": -1, "stimulus": "", "placement_id": "", "t_ns": -1}
    rows: list[dict[str, object]] = []
    people = dict(zip(answers["interview_id"], answers["participant_id"], strict=True))
    for row in answers.to_dict("records"):
        if items is not None and row["item"] not in items:
            continue
        about = {name: row[name] for name in (*_OF_ANSWERS, "interview_id", "participant_id")}
        about["kind"] = "answer"
        rows += [{**nothing, **about, **place} for place in _places(row["value"], words)]
    for row in documents.to_dict("records") if items is None else []:
        about = {"kind": str(row["kind"]), "interview_id": row["interview_id"]}
        about |= {
            "participant_id": people.get(row["interview_id"], ""),
            "document_id": row["document_id"],
        }
        for place in _places(row["text"], words):
            t_ns = time_at(marks, row["document_id"], int(str(place["start_char"])))
            rows.append({**nothing, **about, **place, "t_ns": t_ns})
    return pd.DataFrame(rows, columns=_COLUMNS)


def time_at(marks: pd.DataFrame | None, document_id: str, position: int) -> int:
    """Return the media time (ns) that holds at a position of a transcript, -1 where none is known.

    Parameters
    ----------
    marks : DataFrame or None
        Contract `TRANSCRIPT_MARKS`.
    document_id : str
        Which transcript.
    position : int
        Code point.

    Examples
    --------
    >>> table = pd.DataFrame({"document_id": ["d", "d"], "position": [0, 20], "t_ns": [5, 9]})
    >>> time_at(table, "d", 19), time_at(table, "d", 20), time_at(table, "e", 3)
    (5, 9, -1)
    """
    if marks is None:
        return -1
    own = marks[marks["document_id"] == document_id]
    positions = own["position"].to_numpy()
    at = int(np.searchsorted(positions, position, side="right")) - 1
    return int(own["t_ns"].to_numpy()[at]) if at >= 0 else -1


def _places(text: str, words: list[str]) -> list[dict[str, object]]:
    return [
        {
            "start_char": start, "end_char": end, "found": text[start:end],
            "before": text[max(0, start - _CONTEXT) : start], "after": text[end : end + _CONTEXT],
        }
        for start, end in find_words(text, words)
    ]  # fmt: skip
