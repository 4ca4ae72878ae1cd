"""Makes the sample interviews again: `python sample_sessions/interviews/make.py DIR`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.model.interview import starter_code_book
from gazestudy.simulate.remembering import Remembering, remember

SEED = 11
SAMPLES = Path(__file__).parent.parent
RECORDINGS = {
    "P01": "p01-pupil-cloud-neon",
    "P02": "p02-pupil-cloud-invisible",
    "P03": "p03-generic-table",
    "P04": "p04-glassestools",
}
VERSION = "2026.11.2"
SAID = {
    "P01": (
        ("goal_search", "ตรงนี้ผมมองหาทางไปชานชาลา ยังไม่ได้ดูอะไร"),
        ("liked", "อันนี้เห็นครับ {brand} สีสวยดี ชอบ"),
        ("too_many_words", "ป้ายนี้ตัวหนังสือเยอะ อ่านไม่ทัน"),
        ("phone", "แล้วก็ก้มดูมือถือ"),
    ),
    "P02": (
        ("already_known", "That one is {brand}, it has been there for weeks."),
        ("crowd_blocks", "Somebody stood in front of it, I only saw the top."),
        ("irrelevant", "Not for me, I looked because it was in the way."),
    ),
}
"""What two people say over their own video: code, and words."""

ABOUT_AN_AD = ("liked", "too_many_words", "already_known", "crowd_blocks", "irrelevant")
"""Codes that are about the placement that was looked at then."""


def main() -> None:
    """Write the sample interviews into the folder named on the command line."""
    out = Path(sys.argv[1])
    cases = pd.concat([_attention(person, name) for person, name in RECORDINGS.items()], ignore_index=True)
    found = remember(cases, settings=Remembering(languages=("th", "en")), rng=np.random.default_rng(SEED))
    talks = found.interviews
    tables = {
        "interviews": talks.interviews.assign(protocol_version=VERSION),
        "interview_answers": talks.interview_answers,
        "answer_codes": talks.answer_codes,
        "stimuli": talks.stimuli,
    }
    brands = {ad.placement_id: ad.brand for ad in found.ads}
    tables["code_book"] = starter_code_book()
    tables["codings"] = pd.DataFrame([*_codings("P01", brands, transcript=True), *_codings("P02", brands)])
    folder = out / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    (out / "P01 replay.txt").write_text(_transcript("P01", brands), encoding="utf-8", newline="\n")
    (out / "P02 replay.srt").write_text(_subtitles("P02", brands), encoding="utf-8", newline="\n")


def _attention(person: str, recording: str) -> pd.DataFrame:
    """Return what a person really looked at, of all that was in view."""
    rows = pd.read_csv(SAMPLES / "truth" / f"{recording}-dwell.csv")
    rows = rows[rows["in_view_ms"] > 0]
    return pd.DataFrame(
        {
            "participant_id": person,
            "placement_id": rows["placement_id"],
            "fixated": rows["noticed"].astype(bool),
            "dwell_s": rows["dwell_ms"] / 1000,
        }
    )


def _moments(person: str) -> list[tuple[float, str]]:
    """Return seconds of the video at which a person first looked at a placement, with the placement."""
    name = RECORDINGS[person]
    with (SAMPLES / "truth" / f"{name}-homographies.csv").open(encoding="utf-8", newline="") as file:
        start = int(next(csv.DictReader(file))["t_ns"])
    first: dict[str, float] = {}
    with (SAMPLES / "truth" / f"{name}-events.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "fixation" and row["placement_id"]:
                first.setdefault(row["placement_id"], (int(row["onset_ns"]) - start) / 1e9)
    return sorted((second, placement) for placement, second in first.items())


def _spoken(person: str, brands: dict[str, str]) -> list[tuple[float, str, str]]:
    """Return second of the video, words, and the placement they are about."""
    moments = _moments(person)
    lines: list[tuple[float, str, str]] = []
    for number, (_, words) in enumerate(SAID[person]):
        second, placement = moments[min(number, len(moments) - 1)]
        second = max(second, lines[-1][0] + 1.0) if lines else second
        lines.append((second, words.format(brand=brands.get(placement, "")), placement))
    return lines


def _codings(person: str, brands: dict[str, str], *, transcript: bool = False) -> list[dict[str, Any]]:
    """Return codes of two coders on what was said; the second one marks less, and leaves some out."""
    rows = []
    spoken = _spoken(person, brands)
    text = _transcript(person, brands) if transcript else "\n".join(words for _, words, _ in spoken)
    for number, ((code, _), (_, words, placement)) in enumerate(zip(SAID[person], spoken, strict=True)):
        start = text.index(words)
        for coder in ("A", "B") if number != 2 else ("A",):
            rows.append(
                {
                    "coding_id": f"sample-{person}-{number}-{coder}",
                    "code_id": code,
                    "coder": coder,
                    "document_id": f"interview-{person}/{person} replay",
                    "start_char": start,
                    "end_char": start + (len(words) if coder == "A" else len(words) * 2 // 3),
                    "placement_id": placement if code in ABOUT_AN_AD else "",
                }
            )
    return rows


def _transcript(person: str, brands: dict[str, str]) -> str:
    head = f"participant: {person}\ninterviewer: K\n\n"
    lines = [f"[{_stamp(second, '.')}] {words}" for second, words, _ in _spoken(person, brands)]
    return head + "\n".join(lines) + "\n"


def _subtitles(person: str, brands: dict[str, str]) -> str:
    cues: list[Any] = []
    for number, (second, words, _) in enumerate(_spoken(person, brands), start=1):
        cues.append(f"{number}\n{_stamp(second, ',')} --> {_stamp(second + 0.9, ',')}\n{words}\n")
    return "\n".join(cues)


def _stamp(second: float, mark: str) -> str:
    milliseconds = round(second * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"00:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


if __name__ == "__main__":
    main()
