"""The join of gaze and memory: what people passed and looked at, beside what they said afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.memory.answers import (
    REASONS,
    Unjoined,
    monthly_passages,
    picture_answers,
    recall_answers,
    recognition_trials,
    usable_answers,
    with_placements,
)
from gazestudy.memory.in_view import KEYS, cases_in_view
from gazestudy.model.interview import Interviews
from gazestudy.model.memory import ANSWER_COLUMNS, MEMORY_CASES
from gazestudy.model.provenance import Provenance, provenance_of
from gazestudy.model.recording import Finding
from gazestudy.model.tables import VIEWED_MS

RULES = {
    "recalled_unaided": "1 where an answer to ur_any is coded correct_ad with this placement; 0 where every "
    "answer of the person is coded and none is; missing where ur_any was not asked or not coded throughout",
    "recalled_aided": "1 where an answer to ar_cat is coded correct_ad with this placement, or ar_brand is "
    "yes; 0 where its category or brand was asked and neither is so",
    "recognised": "yes to a picture of the placement; to any of them where it has several",
    "code that counts": "the one both coders gave, else that of the primary coder; differences are counted",
    "prior_exposure": "1 where any place is named in which it had been seen before that day",
}
"""How the answer columns of the memory cases are made, in words."""

_BESIDE = ("recording_id", "recordings", "interviewed", "delay_min")
_SEVERITY = {"not_in_view": "info", "participant_without_interview": "warning"}


@dataclass(frozen=True, slots=True)
class Joined:
    """Gaze and memory side by side.

    Attributes
    ----------
    cases : DataFrame
        Contract `MEMORY_CASES`, with `recording_id` (the first), `recordings` (how many), `interviewed`, and
        `delay_min` (from the end of the walk to the interview; NaN if not noted). Parameters, rules and
        counts in the provenance.
    trials : DataFrame
        Contract `RECOGNITION_TRIALS`, with `in_view`: whether the placement entered the view of the person
        (False for foils).
    unjoined : DataFrame
        Everything that could not be joined, one row each: `reason` (a key of `answers.REASONS`), `why`, and
        what is known of it.
    never_in_view : DataFrame
        Answers about placements that never entered the person's view: participant, placement and the answer
        columns of the contract. Memory without exposure; no row of the cases.
    findings : tuple of Finding
        The reasons with their counts, and how often coders differ.
    """

    cases: pd.DataFrame
    trials: pd.DataFrame
    unjoined: pd.DataFrame
    never_in_view: pd.DataFrame
    findings: tuple[Finding, ...]


def join_memory(
    metrics: pd.DataFrame,
    interviews: Interviews,
    *,
    exposures: pd.DataFrame | None = None,
    fixations: pd.DataFrame | None = None,
    placements: Iterable[str] | None = None,
    primary_coder: str = "",
    min_exposed_s: float = 0.0,
    min_visible_share: float = 0.0,
    min_angle_deg: float = 0.0,
    min_fixation_ms: float = VIEWED_MS,
) -> Joined:
    """Join attention and interviews to one row per participant and placement that entered view.

    Parameters
    ----------
    metrics, exposures, fixations, min_exposed_s, min_visible_share, min_angle_deg, min_fixation_ms
        As for `in_view.cases_in_view`.
    interviews : Interviews
        Answers, codes and stimuli.
    placements : iterable of str, optional
        All placements of the study; None: those of `metrics`. Answers coded to others are listed.
    primary_coder : str
        Coder who counts where two differ; "" for the one who coded most.

    Returns
    -------
    Joined

    Notes
    -----
    Nothing is dropped in silence: every answer and person that found no place in the cases is in `unjoined`.
    """
    seen = cases_in_view(
        metrics,
        exposures=exposures,
        fixations=fixations,
        min_exposed_s=min_exposed_s,
        min_visible_share=min_visible_share,
        min_angle_deg=min_angle_deg,
        min_fixation_ms=min_fixation_ms,
    )
    unjoined = Unjoined()
    answers = usable_answers(interviews.interview_answers, interviews.interviews, unjoined)
    answers = with_placements(answers, interviews.stimuli, unjoined)
    recalled, facts = recall_answers(
        answers, interviews.answer_codes, interviews.stimuli, primary=primary_coder, unjoined=unjoined
    )
    said = pd.concat([recalled, picture_answers(answers, unjoined)], ignore_index=True)
    said = _known_placements(
        said, set(metrics["placement_id"] if placements is None else placements), unjoined
    )
    wide, everywhere = _wide(said)
    cases = _with_answers(seen, wide, everywhere)
    monthly = monthly_passages(answers, unjoined)
    cases["passages_per_month"] = cases["participant_id"].map(monthly).astype(float)
    cases["interviewed"] = cases["participant_id"].isin(set(answers["participant_id"]))
    held = interviews.interviews[interviews.interviews["interview_id"].isin(set(answers["interview_id"]))]
    cases["delay_min"] = _delays(cases["participant_id"], held, unjoined)
    _list_people(cases, metrics, answers, unjoined)
    _list_recordings(held, metrics, unjoined)
    beyond = _beyond(wide, everywhere, seen, set(metrics["participant_id"]), unjoined)
    trials = recognition_trials(answers, unjoined)
    inside = pd.MultiIndex.from_frame(seen[KEYS])
    trials["in_view"] = pd.MultiIndex.from_frame(trials[KEYS]).isin(inside)
    table = unjoined.table()
    before = provenance_of(seen) or {}
    step = Provenance(
        "memory.join",
        1,
        {**before.get("parameters", {}), "primary_coder": primary_coder},
        {**before.get("facts", {}), **facts, "answer_rules": RULES, "unjoined": _counts(table)},
    )
    return Joined(
        step.attach(MEMORY_CASES.check(cases[[*MEMORY_CASES.names, *_BESIDE]])),
        trials,
        table,
        beyond,
        _findings(table, facts),
    )


def _known_placements(said: pd.DataFrame, known: set[str], unjoined: Unjoined) -> pd.DataFrame:
    strange = ~said["placement_id"].isin(known | {"*"})
    unjoined.add("placement_unknown", said[strange].rename(columns={"name": "item"}).astype({"value": "str"}))
    return said[~strange]


def _wide(said: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per participant and placement, and what holds for all placements of a participant."""
    general = said["placement_id"] == "*"
    wide = said[~general].pivot_table(index=KEYS, columns="name", values="value", aggfunc="max")
    everywhere = said[general].pivot_table(
        index="participant_id", columns="name", values="value", aggfunc="max"
    )
    return wide, everywhere


def _with_answers(seen: pd.DataFrame, wide: pd.DataFrame, everywhere: pd.DataFrame) -> pd.DataFrame:
    cases = seen.copy()
    for name in ANSWER_COLUMNS:
        column = pd.Series(np.nan, index=cases.index)
        if name in wide:
            column = pd.Series(wide[name].reindex(pd.MultiIndex.from_frame(cases[KEYS])).to_numpy(float))
        if name in everywhere:
            column = column.fillna(cases["participant_id"].map(everywhere[name]).astype(float))
        cases[name] = column.astype(float)
    return cases


def _delays(people: pd.Series, held: pd.DataFrame, unjoined: Unjoined) -> pd.Series:
    """Return minutes from the end of the walk to the interview of each person, and list impossible ones."""
    began, ended = (
        pd.to_datetime(held[name].where(held[name] != ""), utc=True, errors="coerce", format="ISO8601")
        for name in ("started_at", "walk_ended_at")
    )
    minutes = (began - ended).dt.total_seconds() / 60
    early = held[minutes < 0]
    unjoined.add("before_the_end", early.assign(value=early["started_at"]))
    known = dict(zip(held["participant_id"], minutes.where(minutes >= 0), strict=True))
    return pd.Series([known.get(str(person), np.nan) for person in people], index=people.index, dtype=float)


def _list_recordings(held: pd.DataFrame, metrics: pd.DataFrame, unjoined: Unjoined) -> None:
    """List interviews whose recording is of another participant."""
    owners = dict(zip(metrics["recording_id"], metrics["participant_id"], strict=True))
    owner = [
        owners.get(walk, person)
        for walk, person in zip(held["recording_id"], held["participant_id"], strict=True)
    ]
    strange = held[held["participant_id"] != pd.Series(owner, index=held.index, dtype="str")]
    unjoined.add("recording_of_another", strange.assign(value=strange["recording_id"]))


def _list_people(
    cases: pd.DataFrame, metrics: pd.DataFrame, answers: pd.DataFrame, unjoined: Unjoined
) -> None:
    recorded, asked = set(metrics["participant_id"]), set(answers["participant_id"])
    silent = cases[~cases["participant_id"].isin(asked)].drop_duplicates("participant_id")
    unjoined.add("participant_without_interview", silent[["participant_id"]])
    lonely = answers[~answers["participant_id"].isin(recorded)].drop_duplicates("participant_id")
    unjoined.add("participant_without_recording", lonely[["participant_id", "interview_id"]])


def _beyond(
    wide: pd.DataFrame,
    everywhere: pd.DataFrame,
    seen: pd.DataFrame,
    recorded: set[str],
    unjoined: Unjoined,
) -> pd.DataFrame:
    """Return answers about placements that did not enter view, and list them."""
    outside = wide.index[~wide.index.isin(pd.MultiIndex.from_frame(seen[KEYS]))]
    keys = outside[outside.get_level_values(0).isin(recorded)].to_frame(index=False).astype("str")
    table = _with_answers(keys, wide, everywhere).drop(columns="passages_per_month")
    told = table.drop(columns=KEYS)
    texts = [
        ", ".join(f"{name} {value:g}" for name, value in row.items() if not pd.isna(value))
        for row in told.to_dict("records")
    ]
    unjoined.add("not_in_view", table[KEYS].assign(value=texts))
    return table


def _counts(table: pd.DataFrame) -> dict[str, int]:
    return {str(reason): int(n) for reason, n in table["reason"].value_counts().items()}


def _findings(table: pd.DataFrame, facts: dict[str, Any]) -> tuple[Finding, ...]:
    found = [
        Finding(_SEVERITY.get(reason, "warning"), "interviews", reason, f"{n}: {REASONS[reason]}", n)  # type: ignore[arg-type]
        for reason, n in _counts(table).items()
    ]
    differ, both = facts["answers_on_which_coders_differ"], facts["answers_of_two_coders"]
    if differ:
        text = f"coders differ on {differ} of {both} answers; the codes of {facts['primary_coder']} count"
        found.append(Finding("info", "interviews", "coders_differ", text, differ))
    if facts["coded_answers"] and not both:
        found.append(
            Finding("warning", "interviews", "one_coder", "no answer was coded by a second coder", 0)
        )
    return tuple(found)
