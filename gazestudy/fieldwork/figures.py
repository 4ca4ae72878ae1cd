"""The figures of field observation: what is divided by what, and which rung of the ladder it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Whole = Literal["item", "minutes", "metre_minutes", "area", "rows"]

RUNGS = ("circulation", "opportunity", "observed noticing", "observed reaction", "state")
"""Ladder of what a figure says: people there, people who could see it, what observers saw them do.

Noticing coded by observers never merges with noticing from gaze or memory.
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes
    ----------
    name : str
        Its name in tables.
    part : str
        Item of the numerator.
    whole : {"item", "minutes", "metre_minutes", "area", "rows"}
        Kind of denominator: another item, minutes watched, minutes times metres of the counted line, area in
        m² summed over scans, or the number of rows themselves.
    whole_item : str
        Item of the denominator where `whole` is "item".
    unit : str
        Unit of the value.
    rung : str
        One of `RUNGS`.
    meaning : str
        In words.
    scale : float
        Factor on the numerator, such as 0.01 for percent.
    scanned : bool
        From scans instead of interval counts.
    """

    name: str
    part: str
    whole: Whole
    whole_item: str
    unit: str
    rung: str
    meaning: str
    scale: float = 1.0
    scanned: bool = False


def _of_passed(name: str, part: str, rung: str, meaning: str) -> Figure:
    return Figure(name, part, "item", "passed", "share", rung, meaning)


def _of_present(name: str, part: str, meaning: str, rung: str = "state") -> Figure:
    return Figure(name, part, "item", "present", "share", rung, meaning, scanned=True)


FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure(
            "flow_per_min", "passed", "minutes", "", "people/min", "circulation", "people passing per minute"
        ),
        Figure(
            "flow_per_min_m",
            "passed",
            "metre_minutes",
            "",
            "people/min/m",
            "circulation",
            "people passing per minute and metre of effective width",
        ),
        _of_passed(
            "facing_share", "passed_facing", "opportunity", "of those passing, walked towards the face"
        ),
        _of_passed("notice_rate", "glanced", "observed noticing", "of those passing, glanced at it"),
        _of_passed(
            "look_2s_rate", "looked_2s", "observed noticing", "of those passing, looked for 2 s or more"
        ),
        _of_passed("stop_rate", "stopped", "observed reaction", "of those passing, stopped because of it"),
        _of_passed(
            "photo_rate", "photographed", "observed reaction", "of those passing, pointed or photographed"
        ),
        _of_passed("hurry_share", "hurrying", "state", "of those passing, hurried"),
        Figure(
            "present",
            "present",
            "rows",
            "",
            "people",
            "circulation",
            "people present at an instant",
            scanned=True,
        ),
        Figure(
            "density_m2",
            "present",
            "area",
            "",
            "people/m2",
            "circulation",
            "people per square metre of watched area",
            scanned=True,
        ),
        _of_present("waiting_share", "waiting", "of those present, waiting"),
        _of_present("phone_share", "on_phone", "of those present, eyes on a phone"),
        _of_present("train_looking_share", "train_looking", "of those present, looking for the train"),
        _of_present("earphones_share", "earphones", "of those present, with earphones"),
        _of_present("talking_share", "talking", "of those present, talking"),
        _of_present("seated_share", "seated", "of those present, sitting"),
        _of_present("standing_share", "standing", "of those present, standing still"),
        _of_present("facing_face_share", "facing", "of those present, turned to the face", "opportunity"),
        Figure(
            "blocked_share",
            "blocked_percent",
            "rows",
            "",
            "share",
            "opportunity",
            "part of the face hidden by people, mean over scans",
            scale=0.01,
            scanned=True,
        ),
    )
}
"""All figures by name."""
