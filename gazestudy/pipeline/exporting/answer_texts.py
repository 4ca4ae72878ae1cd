"""What people answered in their own words, as a text of each interview that can be coded, with its codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gazestudy.exporters.refi_qda import ANSWER_CODES_CODE, ANSWER_MARK
from gazestudy.model.interview import QUESTION_BANK, Interviews, interview_table

_OPEN = ("text", "list", "place")
"""Kinds of questions that are answered in one's own words."""

_KEY = ("interview_id", "item", "answer_no", "stimulus")

Span = tuple[int, int]


def with_answer_texts(talks: Interviews) -> Interviews:
    """Return interviews with one text more for each that has answers, and the codes of the answers on it.

    Parameters
    ----------
    talks : Interviews
        Of a study.

    Returns
    -------
    Interviews
        `documents` has questions with what they are about and below them the answers that are in own words or
        have codes; `codings` has the codes that coders gave to answers, on the words of the answer;
        `code_book` has these codes, below one of their own. An interview whose text of that name says
        something else, since it was changed, has no codes on it.

    Examples
    --------
    >>> key = {"interview_id": "i1", "item": "comp", "stimulus": "ad1"}
    >>> talks = Interviews(
    ...     interviews=interview_table("interviews", [{"interview_id": "i1", "participant_id": "P1"}]),
    ...     interview_answers=interview_table("interview_answers",
    ...         [{**key, "value": "drink it"}, {**key, "item": "like", "value": "4"}]),
    ...     answer_codes=interview_table("answer_codes", [{**key, "coder": "A", "code": "2"}]))
    >>> found = with_answer_texts(talks)
    >>> print(found.documents["text"][0])
    comp, ad1: the main thing that the ad wants to say
    drink it
    <BLANKLINE>
    >>> found.codings[["code_id", "coder", "start_char", "end_char"]].to_numpy().tolist()
    [['answer-codes/2', 'A', 51, 59]]
    """
    there = dict(zip(talks.documents["document_id"], talks.documents["text"], strict=True))
    codes = talks.answer_codes[talks.answer_codes["code"] != ""]
    coded = {_key(row) for row in codes.to_dict("records")}
    documents: list[dict[str, Any]] = []
    spans: dict[tuple[Any, ...], tuple[str, Span]] = {}
    for interview, answers in talks.interview_answers.groupby("interview_id", sort=False):
        document = f"{interview}/answers"
        text, found = _text(answers.to_dict("records"), coded)
        if not text or there.get(document, text) != text:
            continue
        spans |= {key: (document, span) for key, span in found.items()}
        if document not in there:
            told = {"document_id": document, "interview_id": interview, "name": f"{interview} answers"}
            documents.append({**told, "text": text})
    codings = [_coding(row, *spans[_key(row)]) for row in codes.to_dict("records") if _key(row) in spans]
    return talks.with_tables(
        documents=_with(talks, "documents", documents),
        codings=_with(talks, "codings", codings),
        code_book=_with(talks, "code_book", _codes(sorted({row["code_id"] for row in codings}))),
    )


def _with(talks: Interviews, name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    table: pd.DataFrame = getattr(talks, name)
    return pd.concat([table, interview_table(name, rows)], ignore_index=True) if rows else table


def _key(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _coding(row: Mapping[Any, Any], document: str, span: Span) -> dict[str, Any]:
    who = (*_key(row), row["coder"], row["code"], row["placement_id"])
    return {
        "coding_id": " ".join(map(str, ("answer", *who))),
        "code_id": f"{ANSWER_CODES_CODE}/{row['code']}",
        "coder": row["coder"],
        "interview_id": row["interview_id"],
        "placement_id": row["placement_id"],
        "document_id": document,
        "start_char": span[0],
        "end_char": span[1],
    }


def _codes(code_ids: list[str]) -> list[dict[str, str]]:
    """Return rows of the code book for codes of answers."""
    if not code_ids:
        return []
    about = "What coders made of answers; these codes belong to the questions, not to the code book"
    rows = [{"code_id": ANSWER_CODES_CODE, "name": "answer codes", "description": about}]
    for code_id in code_ids:
        code = code_id.removeprefix(f"{ANSWER_CODES_CODE}/")
        told = {"name": code, "parent_id": ANSWER_CODES_CODE, "description": ANSWER_MARK + code}
        rows.append({"code_id": code_id, **told})
    return rows


def _text(
    answers: list[dict[Any, Any]], coded: set[tuple[Any, ...]]
) -> tuple[str, dict[tuple[Any, ...], Span]]:
    """Return the text of an interview, and where in it each answer stands."""
    text = ""
    spans: dict[tuple[Any, ...], Span] = {}
    last = ("", "")
    for row in answers:
        question = QUESTION_BANK.get(row["item"])
        words = question.kind in _OPEN if question else any(one.isalpha() for one in row["value"])
        if not (words or _key(row) in coded) or not row["value"].strip():
            continue
        key = (row["item"], row["stimulus"])
        if key != last:
            about = f"{row['item']}, {row['stimulus']}" if row["stimulus"] else row["item"]
            text += "\n" if text else ""
            text += f"{about}: {question.meaning if question else 'other question'}\n"
        spans[_key(row)] = (len(text), len(text) + len(row["value"]))
        text += f"{row['value']}\n"
        last = key
    return text, spans
