"""The strategy document of a study: written as a template, read with every mistake and its line."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from gazestudy.errors import InputError, StudyError
from gazestudy.protocol.check import tell_shape_mistakes
from gazestudy.protocol.source import ProtocolError, Source, parse_source, read_source
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes
from gazestudy.strategy.goal_checks import find_contradictions
from gazestudy.strategy.goals import SCHEMA, Strategy, known_fields

STRATEGY_NAME = "strategy.yaml"
"""Where the document lies in a study, unless another file is given."""


def load_strategy(study: Study, path: Path | None = None) -> Strategy:
    """Return the strategy document of a study.

    Parameters
    ----------
    study : Study
        The study.
    path : Path, optional
        Another file than `STRATEGY_NAME` in the study.

    Raises
    ------
    StudyError
        If the study has none yet.
    InputError
        If it cannot be read, or names placements that the study does not have.
    ProtocolError
        With all mistakes, each with its line.
    """
    file = study.path / STRATEGY_NAME if path is None else path
    if path is None and not file.exists():
        raise StudyError(
            f"{study.path}: there is no {STRATEGY_NAME} yet; begin with `gazestudy strategy template`"
        )
    source = read_source(file)
    return _checked(source, {placement.id for placement in study.placements()})


def parse_strategy(text: str, path: Path | str = "document") -> Strategy:
    """Read a document that is in memory; raises as `load_strategy` does."""
    return _checked(parse_source(text, path), None)


def _checked(source: Source, placements: set[str] | None) -> Strategy:
    strategy = None
    if not isinstance(source.data, dict):
        source.tell((), "a strategy document begins with fields such as schema, currency, goal")
    else:
        try:
            strategy = Strategy.model_validate(source.data)
        except ValidationError as error:
            tell_shape_mistakes(source, error, schema=SCHEMA, fields=known_fields())
    if strategy is not None:
        for place, text in find_contradictions(strategy):
            source.tell(place, text)
        for index, plan in enumerate(strategy.placements):
            if placements is not None and plan.id not in placements:
                known = ", ".join(sorted(placements)) or "none"
                source.tell(
                    ("placements", index, "id"), f"{plan.id!r} is no placement of the study; known: {known}"
                )
    if strategy is None or source.mistakes:
        raise ProtocolError(source.path, source.mistakes)
    return strategy


def write_template(study: Study, out: Path | None = None, *, overwrite: bool = False) -> Path:
    """Write a strategy document to fill in, with what the study already knows.

    Parameters
    ----------
    study : Study
        The study.
    out : Path, optional
        Where to; `STRATEGY_NAME` in the study by default.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    Path
        The file. What stands in it is valid, and made up where the study does not know: every such line says
        so.

    Raises
    ------
    InputError
        If the file is there already.
    """
    file = study.path / STRATEGY_NAME if out is None else out
    if file.exists() and not overwrite:
        raise InputError(file, "is there already", advice="Add --overwrite to replace it, or give --out")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(file, template_text(study).encode("utf-8"))
    return file


def template_text(study: Study) -> str:
    """Return the text of a strategy document to fill in."""
    placements = study.placements()
    sessions = study.field_log().sessions
    dayparts = _dayparts(
        [recording.daypart for recording in study.recordings()], [str(name) for name in sessions["daypart"]]
    )
    segments = [
        name for name in dict.fromkeys(participant.segment for participant in study.participants()) if name
    ]
    lines = [
        "# Strategy of this study. What is marked REPLACE is made up: put in what you know, and who says so.",
        f"schema: {SCHEMA}",
        "currency: THB  # REPLACE",
        "goal:",
        "  measure: attentive_seconds  # or looked_at_passages, recalled_viewers",
        f"  budget: {60000 * max(len(placements) // 2, 1)}  # REPLACE, for the period",
        "  period_days: 28",
        "  half_brings: 0.6  # REPLACE: what half of a placement brings; 0.5 is no diminishing return",
        '  source: "assumed, to be discussed"',
        "exposed_from: auto  # counted (observers), gaze (glasses), or auto",
        "dayparts:",
    ]
    for name, others in dayparts.items():
        also = f" also: [{', '.join(map(_quoted, others))}]," if others else ""
        lines.append(
            f"  - {{id: {_quoted(name)},{also} minutes_per_day: 180, days_per_week: 7,"
            ' source: "REPLACE: timetable"}'
        )
    lines.append("  # also: other names of the same daypart, where glasses and observers name it differently")
    if segments:
        share = 1 / len(segments)
        lines.append("segments:  # what attention of each is worth, and their part of the passages")
        lines += [
            f"  - {{id: {_quoted(name)}, value: 1.0, passage_share: {share:.4g},"
            ' source: "REPLACE: ticket counts"}'
            for name in segments
        ]
    lines.append("placements:")
    lines += [line for placement in placements for line in _placement(placement.id, placement.kind)]
    if not placements:
        lines.append("  - {id: wall-1, cost: 40000}  # REPLACE: the study has no placements yet")
    lines += _TAIL
    return "\n".join(lines) + "\n"


_ALIKE = {"am peak": "morning peak", "pm peak": "evening peak", "noon": "midday"}


def _dayparts(recorded: list[str], observed: list[str]) -> dict[str, list[str]]:
    """Return the dayparts of a study, each with other names that look the same."""
    found: dict[str, list[str]] = {}
    same: dict[str, str] = {}
    for name in dict.fromkeys([*recorded, *observed]):
        plain = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
        plain = _ALIKE.get(plain, plain)
        if not plain:
            continue
        first = same.setdefault(plain, name)
        found.setdefault(first, [])
        if first != name:
            found[first].append(name)
    return found or {"all day": []}


def _placement(name: str, kind: str) -> list[str]:
    lines = [
        f"  - id: {_quoted(name)}",
        "    cost: 40000  # REPLACE, for the period; leave out if not for sale",
    ]
    if kind == "digital":
        lines.append("    # spot_s: 10\n    # loop_s: 60  # of a screen; otherwise from the audit")
    return lines


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_TAIL = [
    "# Per placement also: point (where its passages were counted), observed_as (its name on the sheets),",
    "# group, whole (all or nothing), min_share, max_share, required, bottom_m, height_m, distance_m.",
    "# groups:",
    '#   - {id: "concourse", min_cost: 0, max_cost: 200000, half_brings: 0.6}',
    "# assumptions:  # for what was not measured; with replaces: true also where it was",
    '#   - {term: exposed, value: 0.6, low: 0.4, high: 0.8, source: "who says so"}',
    "# trial:",
    "#   {share_control: 0.2, share_test: 0.3, people_per_station: 60, between_sd: 0.04,",
    '#    pre_post_correlation: 0.6, test_stations: 2, control_stations: 2, source: "pilot"}',
    "# creative:",
    "#   brand_aois: [logo]  # ids or names of AOIs",
    "#   words: {wall-1: 7}  # otherwise from the audit",
    "#   words_per_s: 4.0  # of your language",
    "#   words_per_s_of: {wall-1: 3.0}  # where a creative is in another language",
]
