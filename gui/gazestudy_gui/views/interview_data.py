"""What the interview view shows, read in another thread: interviews, moments of texts, results of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gazestudy.errors import GazestudyError, StudyError

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.model.interview import Interviews
    from gazestudy.pipeline.interview_moments import Moments
    from gazestudy.store import Study

DRAWS = 400
"""Bootstrap draws of the live table; reports take more."""


@dataclass(frozen=True, slots=True)
class Talks:
    """Interviews and what is needed to show them.

    Attributes
    ----------
    interviews : Interviews
        As stored.
    moments : Moments
        Of their texts.
    placements : dict of str to str
        Names by id.
    coders : tuple of str
        Who coded something.
    people : tuple of str
        Participants.
    """

    interviews: Interviews
    moments: Moments
    placements: dict[str, str]
    coders: tuple[str, ...]
    people: tuple[str, ...]

    @classmethod
    def of(cls, study: Study) -> Talks:
        """Read the interviews of a study."""
        from gazestudy.pipeline.interview_moments import moments_of

        talks = study.interviews()
        return cls(
            talks,
            moments_of(study, talks),
            {one.id: one.name for one in study.placements()},
            study.coders(),
            tuple(one.id for one in study.participants()),
        )

    def answers(self, interview_id: str, item: str = "", stimulus: str | None = None) -> pd.DataFrame:
        """Return answers of an interview in the order of their numbers."""
        table = self.interviews.interview_answers
        wanted = table["interview_id"] == interview_id
        if item:
            wanted &= table["item"] == item
        if stimulus is not None:
            wanted &= table["stimulus"] == stimulus
        return table[wanted].sort_values("answer_no", kind="stable")

    def head(self, interview_id: str) -> dict[str, Any]:
        """Return the row of an interview, empty if there is none."""
        table = self.interviews.interviews
        rows = table[table["interview_id"] == interview_id].to_dict("records")
        return {str(key): value for key, value in rows[0].items()} if rows else {}


@dataclass(frozen=True, slots=True)
class Recognised:
    """Recognition with foils.

    Attributes
    ----------
    hits, targets, false_alarms, foils, participants : int
        Counts.
    table : DataFrame
        Measures.
    """

    hits: int
    targets: int
    false_alarms: int
    foils: int
    participants: int
    table: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Remembered:
    """Looked at and remembered, as far as it is known now; plain tables, which need no library to be read.

    Attributes
    ----------
    cases : DataFrame or None
        One row per participant and placement; None where no recording has results.
    looks : DataFrame or None
        For each participant and placement the recording and start of the longest visit, or of the longest
        time in view where there was no visit: participant_id, placement_id, recording_id, t_ns, looked.
    tables : DataFrame or None
        The 2 x 2 table of every placement and kind of memory.
    pooled : DataFrame or None
        The same of all placements together.
    people : Recognised or None
        Recognition with foils.
    notes : tuple of str
        What is missing, and why.
    is_read : bool
        False until the study was asked.
    """

    cases: pd.DataFrame | None = None
    looks: pd.DataFrame | None = None
    tables: pd.DataFrame | None = None
    pooled: pd.DataFrame | None = None
    people: Recognised | None = None
    notes: tuple[str, ...] = ()
    is_read: bool = False

    @classmethod
    def of(cls, study: Study) -> Remembered:
        """Join attention and memory of a study; what is not there yet is told in the notes."""
        from gazestudy.pipeline.memory import study_memory, study_recognition, study_two_by_two

        try:
            memory = study_memory(study)
        except StudyError as error:
            return cls(notes=(str(error),), is_read=True)
        looks = _looks(study)
        if memory.interviews.interviews.empty:
            return cls(memory.joined.cases, looks, is_read=True)
        notes = []
        tables = pooled = people = None
        try:
            tables = study_two_by_two(memory, by=("placement",), memory=None, draws=DRAWS)
            pooled = study_two_by_two(memory, memory=None, draws=DRAWS)
        except GazestudyError as error:
            notes.append(str(error))
        try:
            found, _ = study_recognition(memory, draws=DRAWS)
            people = Recognised(
                found.hits, found.targets, found.false_alarms, found.foils, found.participants, found.table
            )
        except GazestudyError as error:
            notes.append(str(error))
        return cls(memory.joined.cases, looks, tables, pooled, people, tuple(notes), is_read=True)

    def of_person(self, participant_id: str) -> pd.DataFrame | None:
        """Return the cases of a participant, None where no results are there."""
        if self.cases is None:
            return None
        return self.cases[self.cases["participant_id"] == participant_id]

    def look(self, participant_id: str, placement_id: str) -> tuple[str, int] | None:
        """Return recording and time of the longest look of a person at a placement, None for none."""
        if self.looks is None:
            return None
        table = self.looks
        rows = table[(table["participant_id"] == participant_id) & (table["placement_id"] == placement_id)]
        if rows.empty:
            return None
        return str(rows["recording_id"].iloc[0]), int(rows["t_ns"].iloc[0])


def remembered(study: str) -> Remembered:
    """Return looked at and remembered of a study folder; for the helper."""
    from gazestudy.store import open_study

    with open_study(study, read_only=True) as opened:
        return Remembered.of(opened)


def _looks(study: Study) -> pd.DataFrame:
    """Return the longest visit, else the longest exposure, of each participant and placement."""
    import pandas as pd

    from gazestudy.pipeline.results import attention_table

    parts = []
    for looked, name in ((True, "visits"), (False, "exposures")):
        table = attention_table(study, name)
        if "aoi_id" in table:
            table = table[table["aoi_id"] == ""]
        if "participant_id" not in table:
            people = {one.id: one.participant_id for one in study.recordings()}
            table = table.assign(participant_id=table["recording_id"].map(people))
        table = table.assign(
            t_ns=table["onset_ns"], length_ns=table["offset_ns"] - table["onset_ns"], looked=looked
        )
        table = table.sort_values("length_ns", ascending=False, kind="stable")
        parts.append(table.drop_duplicates(["participant_id", "placement_id"]))
    columns = ["participant_id", "placement_id", "recording_id", "t_ns", "looked"]
    joined = pd.concat([part[columns] for part in parts], ignore_index=True)
    return joined.drop_duplicates(["participant_id", "placement_id"]).reset_index(drop=True)
