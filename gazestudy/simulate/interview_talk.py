"""Rows of simulated interviews: what was said, in the order of asking, and what two coders make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gazestudy.model.interview import ATTRIBUTION_CODES, COMPREHENSION_CODES, CONFIDENCE, RECALL_CODES
from gazestudy.simulate.recall_words import CATEGORIES, PICTURES, Advertisement, brand_names, say

if TYPE_CHECKING:
    from gazestudy.simulate.remembering import Remembering

Rows = list[dict[str, Any]]

_DECOY_YES = 0.05
_NAMED_BY_CATEGORY = 0.5
_FIRST_WALK = datetime(2026, 3, 2, 8, 10, tzinfo=timezone(timedelta(hours=7)))
_INTRUSIONS = ("only_category", "correct_brand_wrong_ad", "wrong_station", "invented")
_INTRUSION_SHARES = (0.4, 0.25, 0.2, 0.15)
_SCALES = {"clarity": "clear", "interest": "int", "liking": "like", "intent": "intent", "familiarity": "fam"}
_PRIOR = (("here", 0.4), ("street", 0.3), ("screen", 0.3))
_CODES: dict[str, tuple[str, ...]] = {
    "ur_any": tuple(RECALL_CODES),
    "ar_cat": tuple(RECALL_CODES),
    "attr": tuple(ATTRIBUTION_CODES),
    "comp": tuple(COMPREHENSION_CODES),
}


def interview_rows(truth: pd.DataFrame, languages: Sequence[str], rng: np.random.Generator) -> Rows:
    """Return one row of the interview table per participant of the truth."""
    rows: Rows = []
    people = truth.drop_duplicates("participant_id")
    recordings = people["recording_id"] if "recording_id" in people else pd.Series("", index=people.index)
    for k, (person, recording) in enumerate(zip(people["participant_id"], recordings, strict=True)):
        ended = _FIRST_WALK + timedelta(days=k // 8, minutes=75 * (k % 8))
        started = ended + timedelta(minutes=int(rng.integers(3, 11)))
        rows.append(
            {
                "interview_id": f"interview-{person}",
                "participant_id": person,
                "recording_id": "" if pd.isna(recording) else str(recording),
                "interviewer": ("K", "L")[k % 2],
                "started_at": started.isoformat(),
                "walk_ended_at": ended.isoformat(),
                "language": languages[k % len(languages)],
                "protocol_id": "post_task_interview",
                "protocol_version": "2026.11.1",
                "source": "simulated",
            }
        )
    return rows


def coded_answers(
    truth: pd.DataFrame,
    foils: pd.DataFrame,
    ads: Sequence[Advertisement],
    head: Rows,
    settings: Remembering,
    rng: np.random.Generator,
) -> tuple[Rows, Rows]:
    """Return rows of the answer table and of the code table of all interviews."""
    answers: Rows = []
    codes: Rows = []
    cases = {person: rows for person, rows in truth.groupby("participant_id", sort=False)}
    heard = {person: rows for person, rows in foils.groupby("participant_id", sort=False)}
    for row in head:
        person = str(row["participant_id"])
        talk = _Talk(row, ads, settings, rng)
        own = {case["placement_id"]: case for case in cases[person].to_dict("records")}
        yes = (
            {trial["stimulus"]: trial for trial in heard[person].to_dict("records")}
            if person in heard
            else {}
        )
        talk.ask_everything(own, yes)
        answers += talk.answers
        codes += talk.codes
    return answers, codes


class _Talk:
    """One interview while it is held."""

    def __init__(
        self,
        head: dict[str, Any],
        ads: Sequence[Advertisement],
        settings: Remembering,
        rng: np.random.Generator,
    ) -> None:
        self.answers: Rows = []
        self.codes: Rows = []
        self._head, self._settings, self._rng = head, settings, rng
        self._language = str(head["language"])
        self._targets = [ad for ad in ads if ad.placement_id]
        self._foils = [ad for ad in ads if not ad.placement_id]

    def ask_everything(self, own: Mapping[Any, dict[Any, Any]], foils: Mapping[Any, dict[Any, Any]]) -> None:
        """Go through the interview, memory first, nothing shown before it is asked."""
        self._free_recall(own)
        self._by_category(own)
        self._by_brand(own)
        self._pictures(own, foils)
        self._opinions(own)
        monthly = next(iter(own.values()))["passages_per_month"]
        self._answer("passages_per_month", f"{monthly:.0f}")

    def _answer(
        self, item: str, value: str, *, about: Advertisement | None = None, stimulus: str = "", no: int = 0
    ) -> None:
        shown = "none" if about is None else "target" if about.placement_id else "foil"
        self.answers.append(
            {
                "interview_id": self._head["interview_id"],
                "participant_id": self._head["participant_id"],
                "item": item,
                "answer_no": no,
                "stimulus": stimulus or (about.stimulus if about is not None else ""),
                "shown": shown,
                "placement_id": about.placement_id if about is not None else "",
                "value": value,
            }
        )

    def _code(self, item: str, code: str, placement_id: str = "", *, stimulus: str = "", no: int = 0) -> None:
        """Let both coders code an answer; the second never sees the first."""
        first = self._mistake(item, code) if self._rng.random() < self._settings.primary_errors else code
        second = self._mistake(item, first) if self._rng.random() < self._settings.disagreement else first
        for coder, found in zip(self._settings.coders, (first, second), strict=True):
            meant = placement_id
            if item in ("ur_any", "ar_cat") and found not in ("correct_ad", "correct_brand_wrong_ad"):
                meant = ""
            elif item in ("ur_any", "ar_cat") and not meant:
                meant = self._pick(self._targets).placement_id
            self.codes.append(
                {
                    "interview_id": self._head["interview_id"],
                    "item": item,
                    "answer_no": no,
                    "stimulus": stimulus,
                    "coder": coder,
                    "placement_id": meant,
                    "code": found,
                }
            )

    def _mistake(self, item: str, code: str) -> str:
        others = [other for other in _CODES[item] if other != code]
        return others[int(self._rng.integers(len(others)))]

    def _pick(self, ads: Sequence[Advertisement]) -> Advertisement:
        return ads[int(self._rng.integers(len(ads)))]

    def _say(self, what: str, about: Advertisement) -> str:
        return say(what, self._language, about, rng=self._rng)

    def _free_recall(self, own: Mapping[Any, dict[Any, Any]]) -> None:
        named = [ad for ad in self._targets if own[ad.placement_id]["recalled_unaided"] > 0]
        mentions = [("correct_ad", ad) for ad in named]
        for _ in range(int(self._rng.poisson(self._settings.intrusions))):
            kind = _INTRUSIONS[int(self._rng.choice(len(_INTRUSIONS), p=_INTRUSION_SHARES))]
            mentions.append((kind, self._distorted(kind)))
        mentions = [mentions[k] for k in self._rng.permutation(len(mentions))]
        for number, (code, ad) in enumerate(mentions or [("none", self._targets[0])]):
            self._answer("ur_any", self._say(code, ad), no=number)
            self._code("ur_any", code, ad.placement_id if code != "none" else "", no=number)

    def _distorted(self, kind: str) -> Advertisement:
        """Return something that was not there, or not like that."""
        real = self._pick(self._targets)
        if kind == "correct_brand_wrong_ad":
            other = (real.picture + 1 + int(self._rng.integers(len(PICTURES) - 1))) % len(PICTURES)
            return Advertisement("", real.placement_id, real.brand, real.category, other)
        brand = brand_names(1, rng=self._rng)[0] + "co"
        return Advertisement("", "", brand, real.category, real.picture)

    def _by_category(self, own: Mapping[Any, dict[Any, Any]]) -> None:
        for kind in CATEGORIES:
            here = [ad for ad in self._targets if ad.category == kind]
            named = [ad for ad in here if self._names(own[ad.placement_id])]
            for number, ad in enumerate(named):
                self._answer("ar_cat", ad.brand, stimulus=kind, no=number)
                self._code("ar_cat", "correct_ad", ad.placement_id, stimulus=kind, no=number)
            if not named:
                self._answer("ar_cat", "no", stimulus=kind)
                self._code_nothing(kind)

    def _code_nothing(self, kind: str) -> None:
        for coder in self._settings.coders:
            self.codes.append(
                {
                    "interview_id": self._head["interview_id"],
                    "item": "ar_cat",
                    "answer_no": 0,
                    "stimulus": kind,
                    "coder": coder,
                    "placement_id": "",
                    "code": "none",
                }
            )

    def _names(self, case: dict[Any, Any]) -> bool:
        if case["recalled_unaided"] > 0:
            return True
        return bool(case["recalled_aided"] > 0 and self._rng.random() < _NAMED_BY_CATEGORY)

    def _by_brand(self, own: Mapping[Any, dict[Any, Any]]) -> None:
        for k in self._rng.permutation(len(self._targets) + len(self._foils)):
            ad = [*self._targets, *self._foils][k]
            yes = own[ad.placement_id]["recalled_aided"] > 0 if ad.placement_id else False
            yes = yes or (not ad.placement_id and self._rng.random() < _DECOY_YES)
            self._answer("ar_brand", "yes" if yes else "no", about=ad, stimulus=ad.brand)

    def _pictures(self, own: Mapping[Any, dict[Any, Any]], foils: Mapping[Any, dict[Any, Any]]) -> None:
        everything = [*self._targets, *self._foils]
        for k in self._rng.permutation(len(everything)):
            ad = everything[k]
            case = own[ad.placement_id] if ad.placement_id else foils[ad.stimulus]
            yes = case["recognised"] if ad.placement_id else case["said_yes"]
            self._answer("rec", "yes" if yes > 0 else "no", about=ad)
            self._answer("rec_sure", CONFIDENCE[int(case["confidence"]) - 1], about=ad)

    def _opinions(self, own: Mapping[Any, dict[Any, Any]]) -> None:
        for ad in self._targets:
            case = own[ad.placement_id]
            wrong = self._rng.random() < 0.5
            code = "correct" if case["attributed"] > 0 else "wrong" if wrong else "none"
            other = self._pick(self._foils or self._targets)
            said = {"correct": ad.brand, "wrong": other.brand, "none": self._say("attr_none", ad)}[code]
            self._answer("attr", said, about=ad)
            self._code("attr", code, ad.placement_id, stimulus=ad.stimulus)
            level = f"{case['comprehension']:.0f}"
            self._answer("comp", self._say(f"comp_{level}", ad), about=ad)
            self._code("comp", level, ad.placement_id, stimulus=ad.stimulus)
            for name, item in _SCALES.items():
                if self._rng.random() >= self._settings.unanswered_share:
                    self._answer(item, f"{case[name]:.0f}", about=ad)
            where = _PRIOR[int(self._rng.choice(len(_PRIOR), p=[share for _, share in _PRIOR]))][0]
            self._answer("prior", where if case["prior_exposure"] > 0 else "never", about=ad)
