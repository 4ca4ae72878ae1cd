"""Answers as they are typed: one item of one interview at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.model.interview import QUESTION_BANK
from gazestudy.store.base import StudyBase, signed
from gazestudy.store.schema_interviews import InterviewAnswerRow, InterviewRow, StimulusRow


class AnsweringShelf(StudyBase):
    """Typing of answers."""

    def put_answers(
        self,
        interview_id: str,
        item: str,
        values: Sequence[str],
        *,
        stimulus: str = "",
        made_by: str | None = None,
    ) -> None:
        """Keep what somebody says to one question, in place of what was kept before.

        Parameters
        ----------
        interview_id : str
            Which interview.
        item : str
            Question, by its id in the question bank or the protocol.
        values : sequence of str
            One answer, or several in the order in which they are named; empty ones are left out, and none
            takes the answer away.
        stimulus : str, optional
            Picture, brand or category asked about.
        made_by : str, optional
            Who types; None: the user of this computer.

        Raises
        ------
        StudyError
            If there is no such interview.

        Notes
        -----
        An answer whose words stay keeps its codes, wherever in the order it comes to stand; codes of words
        that changed go with them, since they were given for something else.
        """
        self._require_writing()
        wanted = [value.strip() for value in values if value.strip()]
        with self._database.writing() as session:
            head = self._row(session, InterviewRow, interview_id, "interview")
            there = _answers(session, interview_id, item, stimulus)
            if [row.value for row in there] == wanted:
                return
            _put(session, head, item, stimulus, there, wanted)
            signature = signed(made_by, "")
            head.made_by, head.made_utc = signature["made_by"], signature["made_utc"]


def _answers(session: Session, interview_id: str, item: str, stimulus: str) -> list[InterviewAnswerRow]:
    query = select(InterviewAnswerRow).where(
        InterviewAnswerRow.interview_id == interview_id,
        InterviewAnswerRow.item == item,
        InterviewAnswerRow.stimulus == stimulus,
    )
    return list(session.scalars(query.order_by(InterviewAnswerRow.answer_no)))


def _put(
    session: Session,
    head: InterviewRow,
    item: str,
    stimulus: str,
    there: list[InterviewAnswerRow],
    wanted: list[str],
) -> None:
    """Bring the rows of one question to what is wanted; rows of the same words are used again."""
    left = list(there)
    rows: list[InterviewAnswerRow | None] = []
    for value in wanted:
        same = next((row for row in left if row.value == value), None)
        rows.append(same)
        if same is not None:
            left.remove(same)
    for row in left:
        head.answers.remove(row)
    for number, row in enumerate(there):  # out of the way first: numbers are unique at every moment
        if row not in left:
            row.answer_no = -1 - number
    session.flush()
    stage, shown, placement_id = _about(session, item, stimulus)
    for number, (value, kept) in enumerate(zip(wanted, rows, strict=True)):
        if kept is not None:
            kept.answer_no = number
            continue
        head.answers.append(
            InterviewAnswerRow(
                stage=stage, item=item, answer_no=number, stimulus=stimulus, shown=shown,
                placement_id=placement_id, value=value,
            )
        )  # fmt: skip
    session.flush()


def _about(session: Session, item: str, stimulus: str) -> tuple[str, str, str]:
    """Return stage of a question, whether its stimulus hung in the station, and where."""
    question = QUESTION_BANK.get(item)
    stage = "other" if question is None else question.stage
    row = None
    if stimulus and question is not None and question.about == "picture":
        row = session.get(StimulusRow, stimulus)
    elif stimulus and question is not None and question.about == "brand":
        named = session.scalars(select(StimulusRow).where(StimulusRow.brand == stimulus)).all()
        row = named[0] if len(named) == 1 else None
    return (stage, "none", "") if row is None else (stage, row.shown, row.placement_id)
