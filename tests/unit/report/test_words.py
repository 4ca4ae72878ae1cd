from __future__ import annotations

import math

import pytest

from gazestudy.errors import ParameterError
from gazestudy.report.structure import Finding, Findings, Number, Report, Section, Table
from gazestudy.report.words import base_text, digits, interval_text, value_text


def number(**changes: object) -> Number:
    given: dict[str, object] = {
        "name": "Rate", "value": 0.5, "unit": "share", "rung": "attention", "n": 8, "of": "people",
        "low": 0.215, "high": 0.785, "numerator": 4, "denominator": 8,
    }  # fmt: skip
    return Number(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"of": " "}, "divided by"), ({"n": 0}, "at least one"), ({"rung": "reach"}, "one of")],
)
def test_a_number_without_denominator_people_or_rung_cannot_be_made(changes, word):
    with pytest.raises(ParameterError, match=word):
        number(**changes)


def test_a_number_that_cannot_be_had_needs_nobody_behind_it():
    missing = number(value=math.nan, n=0, low=math.nan, high=math.nan, numerator=0, denominator=0)
    assert value_text(missing) == "not known"
    assert base_text(missing) == "0 of 0 people"


def test_numbers_carry_base_and_interval_into_text():
    assert (value_text(number()), base_text(number())) == ("50 %", "4 of 8 people")
    assert interval_text(number()) == "22 to 78 %"
    assert interval_text(number(low=math.nan)) == ""
    assert interval_text(number(), percent=True) == "95 % interval 22 to 78 %"
    seconds = number(unit="s", value=1.234, low=0.9, high=2.0, numerator=math.nan)
    assert (value_text(seconds), base_text(seconds)) == ("1.2 s", "n = 8 people")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.004, "share", "0.4 %"), (0.0, "share", "0 %"), (1.0, "share", "100 %"), (-0.2, "share", "−20 %"),
     (1234.5, "", "1,234"), (12.34, "", "12.3"), (0.0123, "", "0.012")],
)  # fmt: skip
def test_digits(value, unit, text):
    assert digits(value, unit) == text


def test_a_table_needs_a_cell_for_every_column():
    with pytest.raises(ParameterError, match="2 cells"):
        Table("t", ("a", "b"), (("1",),))


def test_a_report_finds_its_numbers_everywhere():
    deep = Section("b", "B", (Findings((Finding("f", "", "clear", "seen", (number(name="deep"),)),)),))
    first = Section("a", "A", (Table("t", ("", "x"), (("row", number(name="cell")),)),), (deep,))
    report = Report("r", "", (), (first,), "now", "0")
    assert [one.name for one in report.numbers()] == ["cell", "deep"]
    assert [one.id for one in report.all_sections()] == ["a", "b"]
