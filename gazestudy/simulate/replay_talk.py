"""Simulated talk over the replay: transcripts with time marks, and themes that two coders found in them.

What is said follows what was looked at: placements that were hidden draw remarks on the crowd, long looks
draw liking, and those that never were fixated draw that they hung out of the way. Two themes have nothing to
do with attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.model.interview import Interviews, interview_table, starter_code_book

_SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "liked": {
        "en": ("I liked this one, the colours.", "That made me smile."),
        "th": ("ชอบอันนี้ สีสวยดีค่ะ",),
        "vi": ("Tôi thích cái này, màu đẹp.",),
    },
    "crowd_blocks": {
        "en": ("People stood in front, I saw half of it.",),
        "th": ("มีคนยืนบังอยู่ มองไม่ค่อยเห็น",),
        "vi": ("Người ta đứng che mất, chỉ thấy một nửa.",),
    },
    "not_in_path": {
        "en": ("Was there an ad? I never look to that side.",),
        "th": ("มีป้ายตรงนี้ด้วยเหรอ ไม่เคยมองทางนั้นเลย",),
        "vi": ("Có quảng cáo ở đó à? Tôi không bao giờ nhìn bên đó.",),
    },
    "phone": {
        "en": ("Here I answered a message.",),
        "th": ("ตอนนี้กำลังตอบข้อความครับ",),
        "vi": ("Lúc này tôi đang trả lời tin nhắn.",),
    },
    "train_board": {
        "en": ("I was looking for the next train.",),
        "th": ("กำลังดูว่ารถไฟขบวนต่อไปมากี่โมง",),
        "vi": ("Tôi đang tìm chuyến tàu tiếp theo.",),
    },
}

UNRELATED = ("phone", "train_board")
"""Themes that are said with the same chance whatever was looked at."""


@dataclass(frozen=True, slots=True)
class ReplayTalk:
    """How people talk over the replay.

    Attributes
    ----------
    remarks_share : float
        Chance that a placement in view draws a remark.
    unrelated_share : float
        Chance of each unrelated theme per person.
    second_coder_finds : float
        Share of the first coder's codings that the second gives as well.
    coders : tuple of str
        Codes of the two coders.
    """

    remarks_share: float = 0.4
    unrelated_share: float = 0.5
    second_coder_finds: float = 0.85
    coders: tuple[str, str] = ("A", "B")


def talk_over_replay(
    talks: Interviews,
    cases: pd.DataFrame,
    moments_s: Mapping[tuple[str, str], float],
    *,
    length_s: float,
    settings: ReplayTalk | None = None,
    rng: np.random.Generator,
) -> Interviews:
    """Return interviews with a transcript of the replay for each of them, its time marks and codes.

    Parameters
    ----------
    talks : Interviews
        From `remembering.remember`.
    cases : DataFrame
        One row per participant and placement in view: `participant_id`, `placement_id`, `fixated`, `dwell_s`,
        `visible_share`.
    moments_s : mapping of (participant_id, placement_id) to float
        When in the scene video the placement was passed, s.
    length_s : float
        Length of the videos, s.
    settings : ReplayTalk, optional
        None: defaults.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Interviews
        The same with documents, marks, codings and the starter code book.

    Raises
    ------
    ParameterError
        If a share is not between 0 and 1.
    """
    chosen = settings or ReplayTalk()
    for name in ("remarks_share", "unrelated_share", "second_coder_finds"):
        if not 0 <= getattr(chosen, name) <= 1:
            raise ParameterError(name, getattr(chosen, name), "a share from 0 to 1")
    documents, marks, codings = [], [], []
    for head in talks.interviews.to_dict("records"):
        own = cases[cases["participant_id"] == head["participant_id"]]
        remarks = _remarks(own, moments_s, length_s, chosen, rng)
        document = f"{head['interview_id']}-replay"
        text = ""
        for at_s, theme, placement in sorted(remarks):
            choices = _SAID[theme][head["language"]]
            sentence = choices[int(rng.integers(len(choices)))]
            marks.append({"document_id": document, "position": len(text), "t_ns": int(at_s) * 10**9})
            text += f"[{int(at_s) // 60:02d}:{int(at_s) % 60:02d}] "
            span = (len(text), len(text) + len(sentence))
            codings += _codings(document, head["interview_id"], theme, placement, span, chosen, rng)
            text += sentence + "\n"
        documents.append(
            {
                "document_id": document,
                "interview_id": head["interview_id"],
                "name": "replay",
                "kind": "transcript",
                "text": text,
            }
        )
    for number, row in enumerate(codings):
        row["coding_id"] = f"coding-{number + 1:05d}"
    added = {"documents": documents, "transcript_marks": marks, "codings": codings}
    tables = {name: interview_table(name, rows) for name, rows in added.items()}
    return Interviews(**{**talks.tables(), **tables, "code_book": starter_code_book()}).check()  # type: ignore[arg-type]


def _remarks(
    own: pd.DataFrame,
    moments_s: Mapping[tuple[str, str], float],
    length_s: float,
    chosen: ReplayTalk,
    rng: np.random.Generator,
) -> list[tuple[float, str, str]]:
    """Return when, which theme, and about which placement ("" for none)."""
    found = []
    for case in own.to_dict("records"):
        at_s = moments_s.get((case["participant_id"], case["placement_id"]))
        if at_s is not None and rng.random() < chosen.remarks_share:
            found.append((float(at_s), _theme(case, rng), str(case["placement_id"])))
    for theme in UNRELATED:
        if rng.random() < chosen.unrelated_share:
            found.append((float(rng.uniform(0, length_s)), theme, ""))
    return found


def _theme(case: Mapping[Any, Any], rng: np.random.Generator) -> str:
    """Return what a placement makes people say: hidden, looked at for long, or not looked at."""
    weights = {
        "crowd_blocks": 3 * (1 - float(case["visible_share"])),
        "liked": 0.1 + float(case["dwell_s"]),
        "not_in_path": 0.1 if case["fixated"] else 1.5,
    }
    total = sum(weights.values())
    return str(rng.choice(list(weights), p=[weight / total for weight in weights.values()]))


def _codings(
    document: str,
    interview: str,
    theme: str,
    placement: str,
    span: tuple[int, int],
    chosen: ReplayTalk,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    coders = chosen.coders[: 2 if rng.random() < chosen.second_coder_finds else 1]
    return [
        {
            "code_id": theme,
            "coder": coder,
            "interview_id": interview,
            "document_id": document,
            "start_char": span[0],
            "end_char": span[1],
            "placement_id": placement,
        }
        for coder in coders
    ]
