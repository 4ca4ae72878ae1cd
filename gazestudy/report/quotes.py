"""What people said about a placement, word for word, with where in their recording it belongs."""

from __future__ import annotations

from typing import Any, cast

from gazestudy.model.interview import QUESTION_BANK, Interviews
from gazestudy.report.structure import Quote

_MOST = 8
_QUOTED = ("ur_any", "ur_msg", "rta", "comp", "walk")
"""Questions whose answers say something about an advertisement in the person's own words, best first."""


def quotes_of(interviews: Interviews, placement_id: str) -> tuple[Quote, ...]:
    """Return quotes about a placement: coded passages first, then free answers.

    Parameters
    ----------
    interviews : Interviews
        Of the study.
    placement_id : str
        Which placement.

    Returns
    -------
    tuple of Quote
        The first eight.
    """
    found = [*_coded(interviews, placement_id), *_answers(interviews, placement_id)]
    once = {(one.speaker, one.text): one for one in reversed(found) if one.text.strip()}
    return tuple(reversed(list(once.values())))[:_MOST]


def _coded(interviews: Interviews, placement_id: str) -> list[Quote]:
    texts = {row["document_id"]: row for row in _records(interviews.documents)}
    codes = {row["code_id"]: str(row["name"]) for row in _records(interviews.code_book)}
    people = {row["interview_id"]: row for row in _records(interviews.interviews)}
    found = []
    for row in _records(interviews.codings):
        document = texts.get(row["document_id"])
        if row["placement_id"] != placement_id or document is None or row["start_char"] < 0:
            continue
        said = str(document["text"])[int(row["start_char"]) : int(row["end_char"])]
        person = people.get(row["interview_id"] or document["interview_id"], {})
        moment = ""
        if row["start_ns"] >= 0:
            moment = f"{row['recording_id']}, {_clock(int(row['start_ns']))}"
        speaker = str(person.get("participant_id", "") or "somebody")
        found.append(Quote(" ".join(said.split()), speaker, codes.get(row["code_id"], ""), moment))
    return found


def _answers(interviews: Interviews, placement_id: str) -> list[Quote]:
    coded = interviews.answer_codes
    keys = ["interview_id", "item", "answer_no", "stimulus"]
    mine = coded[coded["placement_id"] == placement_id]
    wanted = {tuple(row[name] for name in keys) for row in _records(mine)}
    found: list[tuple[str, Quote]] = []
    for row in _records(interviews.interview_answers):
        item = str(row["item"])
        about = row["placement_id"] == placement_id or tuple(row[name] for name in keys) in wanted
        if item in _QUOTED and about:
            meaning = QUESTION_BANK[item].meaning
            found.append((item, Quote(str(row["value"]), str(row["participant_id"]), f"asked: {meaning}")))
    return [quote for _, quote in sorted(found, key=lambda one: _QUOTED.index(one[0]))]


def _clock(nanoseconds: int) -> str:
    seconds = nanoseconds // 1_000_000_000
    return f"{seconds // 60}:{seconds % 60:02d}"


def _records(table: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", table.to_dict("records"))
