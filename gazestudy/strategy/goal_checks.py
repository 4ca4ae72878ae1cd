"""What does not fit together in a strategy document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from gazestudy.strategy.goals import Strategy

Place = tuple[str | int, ...]

_SHARES = ("exposed", "clear", "noticed", "recalled")


def find_contradictions(strategy: Strategy) -> list[tuple[Place, str]]:
    """Return what does not fit together in a document: where, and what is wrong."""
    return [
        *_repeats(strategy),
        *_daypart_names(strategy),
        *_references(strategy),
        *_ranges(strategy),
        *_amounts(strategy),
    ]


def _repeats(strategy: Strategy) -> Iterator[tuple[Place, str]]:
    parts: Sequence[tuple[str, Sequence[Any]]] = (
        ("dayparts", strategy.dayparts),
        ("placements", strategy.placements),
        ("segments", strategy.segments),
        ("groups", strategy.groups),
    )
    for name, entries in parts:
        counts = Counter(entry.id for entry in entries)
        for index, entry in enumerate(entries):
            if counts[entry.id] > 1 and [one.id for one in entries[:index]].count(entry.id):
                yield (name, index, "id"), f"{entry.id!r} is listed twice"


def _daypart_names(strategy: Strategy) -> Iterator[tuple[Place, str]]:
    seen: dict[str, str] = {}
    for index, daypart in enumerate(strategy.dayparts):
        for name in (daypart.id, *daypart.also):
            if name in seen and seen[name] != daypart.id:
                yield ("dayparts", index), f"{name!r} is a name of {seen[name]!r} already"
            seen.setdefault(name, daypart.id)


def _references(strategy: Strategy) -> Iterator[tuple[Place, str]]:
    groups = {group.id for group in strategy.groups}
    placements = {placement.id for placement in strategy.placements}
    dayparts = {daypart.id for daypart in strategy.dayparts}
    if groups:
        for index, placement in enumerate(strategy.placements):
            if placement.group and placement.group not in groups:
                known = ", ".join(sorted(groups))
                yield ("placements", index, "group"), f"{placement.group!r} is no group; known: {known}"
    for index, one in enumerate(strategy.assumptions):
        for field, wanted in (("placement", placements), ("daypart", dayparts)):
            value = getattr(one, field)
            if value and value not in wanted:
                words = ", ".join(sorted(wanted))
                yield (
                    ("assumptions", index, field),
                    f"{value!r} is no {field} of this document; known: {words}",
                )
    rules = strategy.creative
    for field, named in (("words", rules.words), ("words_per_s_of", rules.words_per_s_of)):
        for name in named:
            if name not in placements:
                yield ("creative", field, name), f"{name!r} is no placement of this document"


def _ranges(strategy: Strategy) -> Iterator[tuple[Place, str]]:
    for index, placement in enumerate(strategy.placements):
        if (placement.spot_s is None) != (placement.loop_s is None):
            yield ("placements", index), "a screen needs both spot_s and loop_s"
        elif (
            placement.spot_s is not None
            and placement.loop_s is not None
            and placement.spot_s > placement.loop_s
        ):
            yield ("placements", index, "spot_s"), f"is longer than its loop of {placement.loop_s:g} s"
        if placement.min_share > placement.max_share:
            yield ("placements", index, "min_share"), "is above max_share"


def _amounts(strategy: Strategy) -> Iterator[tuple[Place, str]]:
    for index, group in enumerate(strategy.groups):
        if group.max_cost is not None and group.min_cost > group.max_cost:
            yield ("groups", index, "min_cost"), "is above max_cost"
    for index, one in enumerate(strategy.assumptions):
        low = one.value if one.low is None else one.low
        high = one.value if one.high is None else one.high
        if not low <= one.value <= high:
            yield ("assumptions", index, "value"), f"{one.value:g} is not between low and high"
        if one.term in _SHARES and high > 1:
            yield ("assumptions", index), f"{one.term} is a share: 0 to 1, not percent"
    total = sum(segment.passage_share for segment in strategy.segments)
    if strategy.segments and abs(total - 1) > 0.01:
        yield ("segments",), f"passage_share adds up to {total:g}, not to 1"
    trial = strategy.trial
    if trial is not None and trial.share_control == trial.share_test:
        yield ("trial", "share_test"), "is the same as share_control: there is no change to find"
    if trial is not None and (trial.test_stations is None) != (trial.control_stations is None):
        yield ("trial",), "give both test_stations and control_stations, or none"
