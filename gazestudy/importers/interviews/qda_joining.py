"""Codes, texts and codings that come back into the study which they left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gazestudy.importers.interviews.qda_xml import free, same
from gazestudy.model.interview import Interviews


def joined_to(talks: Interviews, known: Interviews, *, made: pd.DataFrame | None = None) -> Interviews:
    """Return interviews that were read as what is new in a study, in the study's own ids.

    Parameters
    ----------
    talks : Interviews
        As they were read from a code book or project.
    known : Interviews
        What the study has.
    made : DataFrame, optional
        Texts that an export makes and that the study does not keep (contract `DOCUMENTS`); they come in only
        where they were coded.

    Returns
    -------
    Interviews
        Codes of the same name (in any case) and texts that say the same are those of the study and are not
        among the tables; so are interviews whose texts are all there, and codings of the same coder with the
        same code on the same span, or on the same time to a millisecond.
    """
    codes, book = _joined_codes(talks.code_book, known.code_book)
    of_study, of_export = _matches(talks.documents, known.documents), _matches(talks.documents, made)
    texts = of_export | of_study
    coded = set(talks.codings["document_id"])
    kept = [one for one in of_export if one in coded and one not in of_study]
    ours = () if made is None else made["document_id"].isin([texts[one][0] for one in kept])
    new = talks.documents[~talks.documents["document_id"].isin(texts)]
    documents = new if made is None or not kept else pd.concat([new, made[ours]], ignore_index=True)
    marks = talks.transcript_marks[~talks.transcript_marks["document_id"].isin(texts)]
    answered = {*new["interview_id"], *talks.interview_answers["interview_id"]}
    heads = talks.interviews[talks.interviews["interview_id"].isin(answered)]
    codings = _moved(talks.codings, texts).assign(
        code_id=[codes.get(one, one) for one in talks.codings["code_id"]]
    )
    homes = dict(zip(documents["document_id"], documents["interview_id"], strict=True))
    homes |= dict(zip(known.documents["document_id"], known.documents["interview_id"], strict=True))
    codings["interview_id"] = [
        homes.get(document, interview)
        for document, interview in zip(codings["document_id"], codings["interview_id"], strict=True)
    ]
    codings = codings.astype({"code_id": "str", "document_id": "str", "interview_id": "str"})
    done = {key for row in known.codings.to_dict("records") for key in _places(row)}
    fresh = [_places(row)[0] not in done for row in codings.to_dict("records")]
    changed = {
        "code_book": book,
        "documents": documents,
        "transcript_marks": marks,
        "interviews": heads,
        "codings": codings[fresh],
    }
    return talks.with_tables(**{name: table.reset_index(drop=True) for name, table in changed.items()})


def _matches(read: pd.DataFrame, known: pd.DataFrame | None) -> dict[str, tuple[str, int]]:
    """Return for each text that was read which one says the same, and how far positions move."""
    if known is None:
        return {}
    there = {
        text.strip(): (one, _lead(text))
        for one, text in zip(known["document_id"], known["text"], strict=True)
        if "\r" not in text
    }
    return {
        one: (there[text.strip()][0], there[text.strip()][1] - _lead(text))
        for one, text in zip(read["document_id"], read["text"], strict=True)
        if text.strip() in there
    }


def _lead(text: str) -> int:
    return len(text) - len(text.lstrip())


def _moved(codings: pd.DataFrame, texts: Mapping[str, tuple[str, int]]) -> pd.DataFrame:
    """Return codings on the texts of the study."""
    found = [texts.get(one, (one, 0)) for one in codings["document_id"]]
    shift = pd.Series([step for _, step in found], index=codings.index, dtype="int64")
    places = {name: codings[name] + shift.where(codings[name] >= 0, 0) for name in ("start_char", "end_char")}
    return codings.assign(document_id=[one for one, _ in found], **places)


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
