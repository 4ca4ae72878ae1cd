"""Strategy documents: every mistake with its line."""

from __future__ import annotations

import pytest

from gazestudy.pipeline.strategy.document import _dayparts, parse_strategy
from gazestudy.protocol.source import ProtocolError

GOOD = """\
schema: gazestudy-strategy/1
currency: บาท
goal: {measure: attentive_seconds, budget: 100000, period_days: 28, half_brings: 0.6, source: team}
dayparts:
  - {id: "สาย", also: [midday], minutes_per_day: 120, days_per_week: 5, source: timetable}
  - {id: peak, minutes_per_day: 180, source: timetable}
segments:
  - {id: regular, value: 1, passage_share: 0.7, source: tickets}
  - {id: visitor, value: 2, passage_share: 0.3, source: tickets}
groups:
  - {id: hall, max_cost: 60000}
placements:
  - {id: wall-1, cost: 40000, group: hall}
  - {id: screen, cost: 30000, spot_s: 10, loop_s: 60, min_share: 0.25}
assumptions:
  - {term: exposed, value: 0.6, low: 0.4, high: 0.8, source: A. Observer}
  - {term: exposed, value: 0.5, source: plan, placement: wall-1}
  - {term: exposed, value: 0.3, source: plan, placement: wall-1, daypart: peak}
trial: {share_control: 0.2, share_test: 0.3, people_per_station: 60, between_sd: 0.04, source: pilot}
creative: {brand_aois: [logo], words: {wall-1: 7}}
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(ProtocolError) as caught:
        parse_strategy(text)
    return [str(one) for one in caught.value.mistakes]


def test_a_document_is_read():
    strategy = parse_strategy(GOOD)
    assert strategy.currency == "บาท"
    assert strategy.dayparts[0].minutes == pytest.approx(120 * 5 / 7)
    assert strategy.names_of("สาย") == {"สาย", "midday"}
    assert strategy.placements[1].loop_s == 60


def test_the_narrowest_assumption_counts():
    strategy = parse_strategy(GOOD)
    assert strategy.assumed("exposed", "screen", "peak").value == 0.6
    assert strategy.assumed("exposed", "wall-1", "สาย").value == 0.5
    assert strategy.assumed("exposed", "wall-1", "peak").value == 0.3
    assert strategy.assumed("clear", "wall-1", "peak") is None


def test_the_only_daypart_takes_what_has_none():
    lines = [line for line in GOOD.splitlines() if "id: peak" not in line and "daypart: peak" not in line]
    strategy = parse_strategy("\n".join(lines))
    assert "" in strategy.names_of("สาย")
    assert "" not in parse_strategy(GOOD).names_of("peak")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("budget: 100000", "budget: -5", 3, "must be at least 0"),
        ("budget: 100000, ", "", 3, "goal.budget: is missing"),
        ("budget: 100000", "budgett: 100000", 3, "did you mean budget?"),
        ("attentive_seconds", "attentive_second", 3, "did you mean attentive_seconds?"),
        ("gazestudy-strategy/1", "gazestudy-strategy/2", 1, "must be gazestudy-strategy/1"),
        ("passage_share: 0.7", "passage_share: 70", 8, "must be at most 1"),
        ("passage_share: 0.7", "passage_share: 0.6", 7, "adds up to 0.9, not to 1"),
        (
            "source: tickets}\n  - {id: visitor",
            "source: tickets}\n  - {id: regular",
            9,
            "'regular' is listed twice",
        ),
        ("group: hall}", "group: halle}", 13, "'halle' is no group; known: hall"),
        ("spot_s: 10, ", "", 14, "needs both spot_s and loop_s"),
        ("spot_s: 10", "spot_s: 90", 14, "longer than its loop of 60 s"),
        ("min_share: 0.25", "min_share: 0.25, max_share: 0.1", 14, "min_share: is above max_share"),
        ("max_cost: 60000", "max_cost: 60000, min_cost: 70000", 11, "is above max_cost"),
        ("low: 0.4", "low: 0.7", 16, "0.6 is not between low and high"),
        ("high: 0.8", "high: 80", 16, "0 to 1, not percent"),
        ("daypart: peak", "daypart: night", 18, "'night' is no daypart"),
        ("source: plan, placement: wall-1}", "source: plan, placement: wall}", 17, "'wall' is no placement"),
        ("source: A. Observer", 'source: ""', 16, "must not be empty"),
        ("share_test: 0.3", "share_test: 0.2", 19, "there is no change to find"),
        ("source: pilot", "source: pilot, test_stations: 2", 19, "both test_stations and control_stations"),
        ("words: {wall-1: 7}", "words: {wall-9: 7}", 20, "'wall-9' is no placement"),
        ("also: [midday]", "also: [peak]", 6, "'peak' is a name of 'สาย' already"),
        ("minutes_per_day: 180", "minutes_per_day: 1800", 6, "1440"),
        ("cost: 40000", "cost: .inf", 13, "finite"),
    ],
)
def test_mistakes_have_a_line_and_say_what_to_do(old, new, line, words):
    assert old in GOOD
    told = mistakes(GOOD.replace(old, new, 1))
    assert any(text.startswith(f"line {line}:") and words in text for text in told), told


def test_all_mistakes_are_told_together():
    text = GOOD.replace("budget: 100000", "budget: many").replace("cost: 40000", "cost: cheap")
    assert len(mistakes(text)) == 2


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b", "schema: [", "a: 1"])
def test_what_is_no_document(text):
    assert mistakes(text)


def test_names_of_dayparts_that_look_the_same_are_one():
    found = _dayparts(["morning peak", "", "midday"], ["am_peak", "Midday", "evening"])
    assert found == {"morning peak": ["am_peak"], "midday": ["Midday"], "evening": []}
    assert _dayparts([], [""]) == {"all day": []}
