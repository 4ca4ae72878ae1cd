"""Gaze and memory of a whole study: from the store to the tables of `gazestudy.memory`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError, StudyError
from gazestudy.memory.join import Joined, join_memory
from gazestudy.memory.two_by_two import REMEMBERED, two_by_two_table
from gazestudy.model.interview import Interviews
from gazestudy.model.tables import VIEWED_MS
from gazestudy.pipeline.interview_moments import only_recordings
from gazestudy.pipeline.metrics import study_metrics
from gazestudy.pipeline.results import attention_table
from gazestudy.store import Study

if TYPE_CHECKING:
    from gazestudy.memory.recall_model import RecallModel
    from gazestudy.memory.recognition import RecognitionResult

SEED = 20261122
"""Seed of every bootstrap unless another is given."""


@dataclass(frozen=True, slots=True)
class CaseParameters:
    """What counts as in view and as fixated, and whose codes count.

    Attributes
    ----------
    min_exposed_s : float
        Shorter times in view, summed per person and placement, are no case, s.
    min_visible_share : float
        Exposures that show a smaller share do not count, 0 to 1.
    min_angle_deg : float
        Exposures in which the width never is as large do not count, deg.
    min_fixation_ms : float
        Shorter fixations do not count, ms.
    primary_coder : str
        Coder who counts where two differ; "" for the one who coded most.
    """

    min_exposed_s: float = 0.0
    min_visible_share: float = 0.0
    min_angle_deg: float = 0.0
    min_fixation_ms: float = VIEWED_MS
    primary_coder: str = ""


@dataclass(frozen=True, slots=True)
class StudyMemory:
    """Gaze and memory of a study.

    Attributes
    ----------
    joined : Joined
        Cases, recognition trials, and what could not be joined.
    interviews : Interviews
        As stored.
    """

    joined: Joined
    interviews: Interviews


def study_memory(study: Study, parameters: CaseParameters | None = None) -> StudyMemory:
    """Join the attention and the interviews of a study.

    Parameters
    ----------
    study : Study
        A study whose recordings were run. Without interviews the answers of all cases are missing.
    parameters : CaseParameters, optional
        None: defaults.

    Returns
    -------
    StudyMemory

    Raises
    ------
    StudyError
        If no recording has results.
    """
    chosen = parameters or CaseParameters()
    interviews = study.interviews()
    joined = join_memory(
        study_metrics(study),
        interviews,
        exposures=attention_table(study, "exposures"),
        fixations=attention_table(study, "mapped_fixations"),
        placements=[placement.id for placement in study.placements()],
        primary_coder=chosen.primary_coder,
        min_exposed_s=chosen.min_exposed_s,
        min_visible_share=chosen.min_visible_share,
        min_angle_deg=chosen.min_angle_deg,
        min_fixation_ms=chosen.min_fixation_ms,
    )
    return StudyMemory(joined, interviews)


GROUPS = {"placement": "placement_id", "segment": "segment", "daypart": "daypart"}
"""Words by which tables can be grouped, and their columns."""


def study_two_by_two(
    found: StudyMemory,
    *,
    by: Sequence[str] = (),
    memory: Sequence[str] | None = ("recalled_unaided",),
    level: float = 0.95,
    draws: int = 2000,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return the 2 x 2 tables of a study, see `memory.two_by_two.two_by_two_table`.

    Parameters
    ----------
    found : StudyMemory
        From `study_memory`.
    by : sequence of str
        Any of placement, segment, daypart.
    memory : sequence of str, optional
        Columns that say remembered or not; None: all of them.
    level, draws, seed
        As there.

    Raises
    ------
    StudyError
        If there are no interviews.
    ParameterError
        For a word that is no group, or no memory.
    """
    require_interviews(found)
    columns = [GROUPS.get(word, word) for word in by]
    wanted = REMEMBERED if memory is None else memory
    for one in wanted:
        _require_memory(one)
    return two_by_two_table(
        found.joined.cases, by=columns, memory=wanted, level=level, draws=draws, seed=seed
    )


def study_recognition(
    found: StudyMemory, *, level: float = 0.95, draws: int = 2000, seed: int = SEED
) -> tuple[RecognitionResult, pd.DataFrame]:
    """Return recognition of a study: of people and pooled, and the true recognition of each placement.

    Parameters
    ----------
    found : StudyMemory
        From `study_memory`.
    level, draws : float, int
        Confidence, and bootstrap draws over people.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    StudyError
        If there are no interviews.
    ParameterError
        If nobody saw both targets and foils.
    """
    from gazestudy.memory.recognition import (
        matched_foils,
        recognition_of_people,
        recognition_of_placements,
    )

    require_interviews(found)
    trials = found.joined.trials
    people = recognition_of_people(trials, level=level, draws=draws, rng=np.random.default_rng(seed))
    matched = matched_foils(found.interviews.stimuli)
    return people, recognition_of_placements(trials, matched=matched, level=level)


def study_recall_model(
    found: StudyMemory,
    *,
    memory: str = "recalled_unaided",
    without_background: bool = False,
    level: float = 0.95,
) -> RecallModel:
    """Return the recall model of a study, see `memory.recall_model.recall_model`.

    Raises
    ------
    StudyError
        If there are no interviews.
    ParameterError
        If familiarity or prior exposure was not asked, or the model cannot be fitted.
    """
    from gazestudy.memory.recall_model import recall_model

    require_interviews(found)
    _require_memory(memory)
    return recall_model(found.joined.cases, memory, without_background=without_background, level=level)


def study_themes(found: StudyMemory, *, coder: str = "", level: float = 0.95) -> pd.DataFrame:
    """Return themes against attention: codes on texts and times, and codes of answers.

    Parameters
    ----------
    found : StudyMemory
        From `study_memory`.
    coder : str
        Only codings of this coder; "" for all.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        See `memory.themes.themes_against_attention`, with `kind`: coding or answer; each is adjusted by
        itself. People without a theme are those who have a text without it (coding), or coded answers.

    Raises
    ------
    StudyError
        If there are no interviews.
    """
    from gazestudy.memory.themes import mentions_of_answers, mentions_of_codings, themes_against_attention

    require_interviews(found)
    talks, tables = found.interviews, []
    texts = talks.documents.loc[talks.documents["kind"] != "field_note", "interview_id"]
    heads = talks.interviews
    asked = heads.loc[heads["interview_id"].isin(set(texts)), "participant_id"]
    kinds = {
        "coding": mentions_of_codings(talks.codings, talks.code_book, talks.interviews, coder=coder),
        "answer": mentions_of_answers(talks.answer_codes, talks.interviews),
    }
    for kind, mentions in kinds.items():
        if len(mentions):
            people = asked if kind == "coding" else None
            table = themes_against_attention(mentions, found.joined.cases, people=people, level=level)
            tables.append(table.assign(kind=kind))
    if not tables:
        raise StudyError("nothing is coded in the interviews of this study yet")
    provenance = tables[0].attrs
    for table in tables:
        table.attrs = {}
    result = pd.concat(tables, ignore_index=True)
    result.attrs = provenance
    return result


def study_quotes(
    study: Study,
    found: StudyMemory,
    *,
    max_gap_s: float = 5.0,
    media_start_s: Mapping[str, float] | None = None,
    primary_coder: str = "",
) -> pd.DataFrame:
    """Return coded passages and answers with their moment in the recording, see `memory.quotes.quotes`.

    Parameters
    ----------
    study : Study
        The study.
    found : StudyMemory
        From `study_memory`.
    max_gap_s : float
        A passage about no placement is given that of the nearest look within this time, s.
    media_start_s : mapping of str to float, optional
        For documents whose media file is not the scene video from its start: when in the scene video the
        media file begins, s, may be negative.
    primary_coder : str
        Whose code of an answer counts where two differ.

    Raises
    ------
    StudyError
        If there are no interviews.
    """
    from gazestudy.memory.quotes import Attention, quotes

    require_interviews(found)
    video_ns, walks = {}, only_recordings(study)
    for recording in study.recordings():
        t_ns = study.stream(recording.id, "frames")["t_ns"].to_numpy(np.int64)
        if len(t_ns):
            video_ns[recording.id] = (int(t_ns[0]), int(t_ns[-1]))
    attention = Attention(
        attention_table(study, "visits"),
        attention_table(study, "mapped_fixations"),
        attention_table(study, "exposures"),
        video_ns,
    )
    starts = {}
    of_document = dict(
        zip(
            found.interviews.documents["document_id"], found.interviews.documents["interview_id"], strict=True
        )
    )
    heads = found.interviews.interviews.set_index("interview_id")
    for document, seconds in (media_start_s or {}).items():
        talk = of_document.get(document)
        if talk is None:
            raise StudyError(f"{study.path}: no document {document!r} in the interviews")
        head = heads.loc[talk]
        walk = str(head["recording_id"]) or walks.get(str(head["participant_id"]), "")
        starts[document] = video_ns.get(walk, (0, 0))[0] + round(seconds * 1e9)
    return quotes(
        found.interviews,
        attention,
        recordings=walks,
        media_start_ns=starts,
        primary_coder=primary_coder,
        max_gap_s=max_gap_s,
    )


def require_interviews(found: StudyMemory) -> None:
    """Raise a StudyError that says how interviews come in, where there are none."""
    if found.interviews.interviews.empty:
        raise StudyError("there are no interviews in this study: gazestudy interview import STUDY FILES")


def _require_memory(word: str) -> None:
    if word not in REMEMBERED:
        raise ParameterError("memory", word, "any of " + ", ".join(REMEMBERED))
