"""Codes, texts and codings that come back into the study which they left."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import pandas as pd

from gazestudy.importers.interviews.qda_xml import free, same
from gazestudy.model.interview import Interviews


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
    there = {same(name): code for code, name in zip(known["code_id"], known["name"], strict=True)}
    taken = set(known["code_id"])
    ids: dict[str, str] = {}
    for code_id, name in zip(read["code_id"], read["name"], strict=True):
        ids[code_id] = there.get(same(name)) or free(code_id, taken)
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
