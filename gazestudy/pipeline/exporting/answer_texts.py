"""What people answered in their own words, as a text of each interview that can be coded."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gazestudy.model.interview import QUESTION_BANK, Interviews, interview_table

_OPEN = ("text", "list", "place")
"""Kinds of questions that are answered in one's own words."""


def answer_texts(talks: Interviews) -> pd.DataFrame:
    """Return one text for each interview that has answers in own words.

    Parameters
    ----------
    talks : Interviews
        Of a study.

    Returns
    -------
    DataFrame
        Contract `DOCUMENTS`: questions with what they are about, and the answers below. An interview whose
        text is among the documents already has none.

    Examples
    --------
    >>> talks = Interviews(
    ...     interviews=interview_table("interviews", [{"interview_id": "i1", "participant_id": "P1"}]),
    ...     interview_answers=interview_table("interview_answers",
    ...         [{"interview_id": "i1", "item": "comp", "stimulus": "ad1", "value": "drink it"},
    ...          {"interview_id": "i1", "item": "like", "stimulus": "ad1", "value": "4"}]))
    >>> print(answer_texts(talks)["text"][0])
    comp, ad1: the main thing that the ad wants to say
    drink it
    <BLANKLINE>
    """
    there = set(talks.documents["document_id"])
    rows = []
    for interview, answers in talks.interview_answers.groupby("interview_id", sort=False):
        document = f"{interview}/answers"
        text = _text(answers.to_dict("records"))
        if text and document not in there:
            rows.append(
                {
                    "document_id": document,
                    "interview_id": interview,
                    "name": f"{interview} answers",
                    "text": text,
                }
            )
    return interview_table("documents", rows)


def _text(answers: list[dict[Any, Any]]) -> str:
    lines: list[str] = []
    last = ("", "")
    for row in answers:
        question = QUESTION_BANK.get(row["item"])
        words = question.kind in _OPEN if question else any(one.isalpha() for one in row["value"])
        if not words or not row["value"].strip():
            continue
        key = (row["item"], row["stimulus"])
        if key != last:
            about = f"{row['item']}, {row['stimulus']}" if row["stimulus"] else row["item"]
            lines += [
                *([""] if lines else []),
                f"{about}: {question.meaning if question else 'other question'}",
            ]
        lines.append(row["value"])
        last = key
    return "\n".join([*lines, ""]) if lines else ""
