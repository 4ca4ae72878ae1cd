"""What the answers of an interview say about each placement, as numbers, and which could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.memory.agreed_codes import ANSWER_KEYS, agreed_codes
from gazestudy.memory.in_view import KEYS
from gazestudy.model.interview import QUESTION_BANK
from gazestudy.model.memory import RECOGNITION_TRIALS
from gazestudy.model.tables import categorical

REASONS = {
    "answer_without_participant": "the interview names no participant",
    "answer_without_interview": "no interview has this id",
    "participant_without_recording": "no recording of this participant has results",
    "participant_without_interview": "was recorded, but not interviewed",
    "second_interview": "the participant has an earlier interview, which counts",
    "recall_not_asked": "no answer to ur_any; whoever remembers nothing needs an answer that says so",
    "not_coded": "the answer has no code yet",
    "placement_not_coded": "the code says that a placement is meant, but not which",
    "stimulus_without_placement": "the picture or brand belongs to no placement, or to several",
    "placement_unknown": "the study has no such placement",
    "unreadable": "the answer is none that the question allows",
    "recording_of_another": "its recording is of another participant; the one who was asked counts",
    "before_the_end": "the interview began before the walk ended: nothing after it can be remembered",
    "not_in_view": "the placement did not enter the view of this participant, by the limits of the cases",
}
"""Why something could not be joined, in words."""

_KNOWN = ("participant_id", "placement_id", "interview_id", "item", "stimulus", "value")
_YES = {"yes", "y", "1", "true", "ใช่", "có", "是"}
_NO = {"no", "n", "0", "false", "ไม่ใช่", "không", "否"}
_SURE = {"guess": 1.0, "guessing": 1.0, "fairly": 2.0, "sure": 3.0, "1": 1.0, "2": 2.0, "3": 3.0}
_NEVER = "never"
_PLACES = set(QUESTION_BANK["prior"].choices)
_SCALES = {
    "clear": ("clarity", 5),
    "int": ("interest", 7),
    "like": ("liking", 7),
    "intent": ("intent", 5),
    "fam": ("familiarity", 5),
}
_CODED = ("ur_any", "ar_cat", "attr", "comp")
_ABOUT_PICTURES = (*_SCALES, "rec", "rec_sure", "ar_brand", "attr", "comp", "comp_code", "prior")
_CORRECT = "correct_ad"
_ATTRIBUTED = {"correct": 1.0, "wrong": 0.0, "none": 0.0}


@dataclass(slots=True)
class Unjoined:
    """Rows that could not be used, collected while answers are read."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, reason: str, rows: pd.DataFrame) -> None:
        """Note every row of a table under a reason."""
        for row in rows.to_dict("records"):
            known = {name: str(row.get(name, "")) for name in _KNOWN}
            self.rows.append(
                {"reason": reason, "why": REASONS[reason], **known, "answer_no": row.get("answer_no", -1)}
            )

    def table(self) -> pd.DataFrame:
        """Return all of them: `reason`, `why`, and what is known of each."""
        names = ["reason", "why", *_KNOWN]
        table = pd.DataFrame(self.rows, columns=[*names, "answer_no"])
        return table.astype({**dict.fromkeys(names, "str"), "answer_no": "int64"})


def usable_answers(answers: pd.DataFrame, interviews: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    """Return the answers of the first interview of each participant; others are listed.

    Parameters
    ----------
    answers, interviews : DataFrame
        Contracts `INTERVIEW_ANSWERS` and `INTERVIEWS`. An answer without participant takes that of its
        interview. Interviews count by `started_at`, then in their order.
    unjoined : Unjoined
        Takes what is left out.
    """
    heads = dict(zip(interviews["interview_id"], interviews["participant_id"], strict=True))
    of_interview = _looked_up(answers["interview_id"], heads)
    person = answers["participant_id"].where(answers["participant_id"] != "", of_interview)
    table = answers.assign(participant_id=person.astype("str"))
    homeless = ~answers["interview_id"].isin(list(heads)) & (len(interviews) > 0)
    nobody = ~homeless & (table["participant_id"] == "")
    unjoined.add("answer_without_interview", table[homeless])
    unjoined.add("answer_without_participant", table[nobody])
    table = table[~homeless & ~nobody]
    first = _first_interviews(table, interviews)
    counts = table["interview_id"] == table["participant_id"].map(first)
    unjoined.add("second_interview", table[~counts])
    return table[counts].reset_index(drop=True)


def _first_interviews(table: pd.DataFrame, interviews: pd.DataFrame) -> dict[str, str]:
    """Return the interview that counts for each participant: the earliest of those that have answers."""
    started = dict(zip(interviews["interview_id"], interviews["started_at"], strict=True))
    place = {name: k for k, name in enumerate(interviews["interview_id"])}
    held = table[["participant_id", "interview_id"]].drop_duplicates()
    moments = pd.to_datetime(
        _looked_up(held["interview_id"], started), utc=True, errors="coerce", format="ISO8601"
    )
    held = held.assign(moment=moments, place=held["interview_id"].map(place))
    held = held.sort_values(["moment", "place"], kind="stable", na_position="last")
    first = held.drop_duplicates("participant_id")
    return dict(zip(first["participant_id"], first["interview_id"], strict=True))


def with_placements(answers: pd.DataFrame, stimuli: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    """Return answers about pictures and brands with their placement filled in from the table of stimuli.

    Parameters
    ----------
    answers : DataFrame
        Usable answers.
    stimuli : DataFrame
        Contract `STIMULI`; may be empty.
    unjoined : Unjoined
        Takes answers about a target that cannot be told to one placement.
    """
    targets = stimuli[stimuli["placement_id"] != ""]
    by_picture = _only_one(targets, "stimulus")
    by_brand = _only_one(targets, "brand")
    is_brand = answers["item"] == "ar_brand"
    picture, brand = (_looked_up(answers["stimulus"], names) for names in (by_picture, by_brand))
    found = picture.where(~(is_brand & (brand != "")), brand)
    placement = answers["placement_id"].where(answers["placement_id"] != "", found)
    known_foils = set(stimuli.loc[stimuli["shown"] == "foil", ["stimulus", "brand"]].to_numpy().ravel())
    is_foil = (answers["shown"] == "foil") | answers["stimulus"].isin(known_foils - {""})
    about = answers["item"].isin(_ABOUT_PICTURES)
    lost = about & ~is_foil & (placement == "")
    unjoined.add("stimulus_without_placement", answers[lost])
    return answers.assign(placement_id=placement.astype("str"), is_foil=is_foil)[~lost].reset_index(drop=True)


def _looked_up(keys: pd.Series, names: Mapping[str, str]) -> pd.Series:
    """Return the name of each key, "" where there is none."""
    return pd.Series([names.get(str(key), "") for key in keys], index=keys.index, dtype="str")


def _only_one(targets: pd.DataFrame, name: str) -> dict[str, str]:
    """Return name -> placement for names that belong to exactly one placement."""
    pairs = targets.loc[targets[name] != "", [name, "placement_id"]].drop_duplicates()
    pairs = pairs[~pairs[name].duplicated(keep=False)]
    return dict(zip(pairs[name], pairs["placement_id"], strict=True))


def yes_no(values: Iterable[str]) -> list[float]:
    """Return 1, 0 or NaN for answers written as yes or no in the languages of the shipped protocol.

    Examples
    --------
    >>> yes_no(["Yes", "ไม่ใช่", "perhaps"])
    [1.0, 0.0, nan]
    """
    plain = [value.strip().casefold() for value in values]
    return [1.0 if text in _YES else 0.0 if text in _NO else float("nan") for text in plain]


def recall_answers(
    answers: pd.DataFrame, codes: pd.DataFrame, stimuli: pd.DataFrame, *, primary: str, unjoined: Unjoined
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what is remembered without a picture, by participant and placement.

    Parameters
    ----------
    answers : DataFrame
        Usable answers with placements.
    codes : DataFrame
        Contract `ANSWER_CODES`.
    stimuli : DataFrame
        Contract `STIMULI`.
    primary : str
        Coder who counts where two differ; "" for the one who coded most.
    unjoined : Unjoined
        Takes what cannot be used.

    Returns
    -------
    table : DataFrame
        Long: `participant_id`, `placement_id`, `name` (recalled_unaided, recalled_aided, attributed,
        comprehension), `value`. A placement_id of "*" holds for every placement that is not named otherwise.
    facts : dict
        Coded answers, those two coders differ on, and whose codes count.
    """
    coded = answers[answers["item"].isin(_CODED)].merge(
        agreed_codes(codes, primary=primary), on=ANSWER_KEYS, how="left", suffixes=("", "_coded")
    )
    for name in ("code", "placement_id_coded", "coder"):
        coded[name] = coded[name].astype("object").fillna("").astype("str")  # "" is not coded
    coded = _coded_by_importer(coded)
    rows = [
        _unaided(coded[coded["item"] == "ur_any"], answers, unjoined),
        _by_category(coded[coded["item"] == "ar_cat"], stimuli, unjoined),
        _attribution(coded[coded["item"] == "attr"], unjoined),
        _comprehension(coded[coded["item"] == "comp"], answers, unjoined),
    ]
    brand = answers[(answers["item"] == "ar_brand") & ~answers["is_foil"]]
    rows.append(_numbers(brand, "recalled_aided", yes_no(brand["value"]), unjoined))
    coders = coded.loc[coded["coder"] != "", "coder"]
    both = coded[coded["coders"] >= 2].drop_duplicates(ANSWER_KEYS)
    facts = {
        "coded_answers": int(coded[coded["code"] != ""].drop_duplicates(ANSWER_KEYS).shape[0]),
        "answers_of_two_coders": len(both),
        "answers_on_which_coders_differ": int((~both["agreed"].astype(bool)).sum()),
        "primary_coder": str(coders.mode().iloc[0]) if len(coders) else "",
    }
    return pd.concat(rows, ignore_index=True), facts


def _coded_by_importer(coded: pd.DataFrame) -> pd.DataFrame:
    """Take the placement that an answer brought with it as a code, where no coder has been there."""
    named = (coded["code"] == "") & (coded["placement_id"] != "") & coded["item"].isin(["ur_any", "ar_cat"])
    coded.loc[named, "code"] = _CORRECT
    coded.loc[named, "placement_id_coded"] = coded.loc[named, "placement_id"]
    return coded


def _numbers(rows: pd.DataFrame, name: str, values: Iterable[float], unjoined: Unjoined) -> pd.DataFrame:
    """Return long rows of a column; values that could not be read are listed."""
    table = rows.assign(name=name, number=pd.Series(list(values), index=rows.index, dtype=float))
    unjoined.add("unreadable", table[table["number"].isna()])
    table = table.dropna(subset="number")
    return table[[*KEYS, "name"]].assign(value=table["number"].astype(float))


def _unaided(coded: pd.DataFrame, answers: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    missing = coded["code"] == ""
    unjoined.add("not_coded", coded[missing])
    correct = coded["code"] == _CORRECT
    nowhere = correct & (coded["placement_id_coded"] == "")
    unjoined.add("placement_not_coded", coded[nowhere])
    hits = coded[correct & ~nowhere]
    hits = hits.assign(placement_id=hits["placement_id_coded"])[KEYS].assign(value=1.0)
    asked, doubtful = set(coded["participant_id"]), set(coded.loc[missing, "participant_id"])
    silent = sorted(set(answers["participant_id"]) - asked)
    unjoined.add("recall_not_asked", pd.DataFrame({"participant_id": silent, "item": "ur_any"}))
    others = pd.DataFrame({"participant_id": sorted(asked - doubtful), "placement_id": "*", "value": 0.0})
    return pd.concat([hits.drop_duplicates(KEYS), others], ignore_index=True).assign(name="recalled_unaided")


def _by_category(coded: pd.DataFrame, stimuli: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    """Named after its category: 1; the category was asked and the placement not named: 0."""
    bare = coded["code"] == ""
    missing = bare & (np.array(yes_no(coded["value"]), dtype=float) != 0)  # a plain "no" needs no coder
    unjoined.add("not_coded", coded[missing])
    correct = coded["code"].isin([_CORRECT, "correct"])
    nowhere = correct & (coded["placement_id_coded"] == "")
    unjoined.add("placement_not_coded", coded[nowhere])
    hits = coded[correct & ~nowhere]
    hits = hits.assign(placement_id=hits["placement_id_coded"])[KEYS].assign(value=1.0)
    asked = coded[~missing][["participant_id", "stimulus"]].drop_duplicates()
    places = stimuli.loc[(stimuli["category"] != "") & (stimuli["placement_id"] != "")]
    places = places[["category", "placement_id"]].rename(columns={"category": "stimulus"}).drop_duplicates()
    zeros = asked.merge(places, on="stimulus")[KEYS].assign(value=0.0)
    both: pd.DataFrame = pd.concat([hits, zeros], ignore_index=True)
    return both.assign(name="recalled_aided")


def _attribution(coded: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    coded = coded[~coded["is_foil"]]
    unjoined.add("not_coded", coded[coded["code"] == ""])
    known = coded[coded["code"] != ""]
    return _numbers(known, "attributed", known["code"].map(_ATTRIBUTED), unjoined)


def _comprehension(coded: pd.DataFrame, answers: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    """Coded 0, 1, 2 by coders, else by the interviewer in comp_code."""
    coded = coded[~coded["is_foil"]]
    known = coded[coded["code"] != ""]
    ours = _numbers(known, "comprehension", _scale(known["code"], 0, 2), unjoined)
    given = answers[(answers["item"] == "comp_code") & ~answers["is_foil"]]
    theirs = _numbers(given, "comprehension", _scale(given["value"], 0, 2), unjoined)
    done = pd.MultiIndex.from_frame(ours[KEYS])
    theirs = theirs[~pd.MultiIndex.from_frame(theirs[KEYS]).isin(done)]
    both = pd.concat([ours, theirs], ignore_index=True)
    open_ones = coded[coded["code"] == ""]
    left = ~pd.MultiIndex.from_frame(open_ones[KEYS]).isin(pd.MultiIndex.from_frame(theirs[KEYS]))
    unjoined.add("not_coded", open_ones[left])
    return both


def _scale(values: Iterable[Any], low: float, high: float) -> list[float]:
    numbers = pd.to_numeric(pd.Series(list(values), dtype="object"), errors="coerce").astype(float)
    return [float(x) if low <= x <= high else float("nan") for x in numbers]


def picture_answers(answers: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    """Return what was answered about pictures that hung in the station: recognition, scales, prior exposure.

    Parameters
    ----------
    answers : DataFrame
        Usable answers with placements.
    unjoined : Unjoined
        Takes what cannot be read.

    Returns
    -------
    DataFrame
        Long, as from `recall_answers`.
    """
    targets = answers[~answers["is_foil"]]
    rows = []
    for item, (name, points) in _SCALES.items():
        asked = targets[targets["item"] == item]
        rows.append(_numbers(asked, name, _scale(asked["value"], 1, points), unjoined))
    asked = targets[targets["item"] == "rec"]
    rows.append(_numbers(asked, "recognised", yes_no(asked["value"]), unjoined))
    asked = targets[targets["item"] == "rec_sure"]
    rows.append(_numbers(asked, "confidence", [_sure(value) for value in asked["value"]], unjoined))
    asked = targets[targets["item"] == "prior"]
    rows.append(_numbers(asked, "prior_exposure", [_prior(value) for value in asked["value"]], unjoined))
    return pd.concat(rows, ignore_index=True)


def _sure(value: str) -> float:
    return _SURE.get(value.strip().casefold(), float("nan"))


def _prior(value: str) -> float:
    """Return 1 where any place is named in which it had been seen before, 0 for never, else NaN."""
    places = set(value.casefold().split())
    if places and places <= _PLACES:
        return float(bool(places - {_NEVER}))
    return yes_no([value])[0]


def monthly_passages(answers: pd.DataFrame, unjoined: Unjoined) -> Mapping[str, float]:
    """Return passages a month by participant."""
    asked = answers[answers["item"] == "passages_per_month"]
    known = _numbers(asked, "passages_per_month", _scale(asked["value"], 0, 10_000), unjoined)
    return dict(zip(known["participant_id"], known["value"], strict=True))


def recognition_trials(answers: pd.DataFrame, unjoined: Unjoined) -> pd.DataFrame:
    """Return one row per picture that was shown for recognition.

    Parameters
    ----------
    answers : DataFrame
        Usable answers with placements.
    unjoined : Unjoined
        Takes answers that are neither yes nor no.

    Returns
    -------
    DataFrame
        Contract `RECOGNITION_TRIALS`.
    """
    asked = answers[answers["item"] == "rec"]
    said = pd.Series(yes_no(asked["value"]), index=asked.index, dtype=float)
    foils = asked["is_foil"]
    unjoined.add("unreadable", asked[said.isna() & foils])  # those of targets are listed with the placements
    sure = answers[answers["item"] == "rec_sure"].drop_duplicates(["participant_id", "stimulus"])
    confidence = {(row.participant_id, row.stimulus): _sure(str(row.value)) for row in sure.itertuples()}
    pairs = zip(asked["participant_id"], asked["stimulus"], strict=True)
    table = pd.DataFrame(
        {
            "participant_id": asked["participant_id"].astype("str"),
            "stimulus": asked["stimulus"].astype("str"),
            "placement_id": asked["placement_id"].where(~foils, "").astype("str"),
            "shown": categorical(np.where(foils, "foil", "target"), ("target", "foil")),
            "said_yes": said,
            "confidence": [confidence.get(pair, float("nan")) for pair in pairs],
        }
    ).astype({"confidence": np.float64})
    return RECOGNITION_TRIALS.check(table.dropna(subset="said_yes").reset_index(drop=True))
