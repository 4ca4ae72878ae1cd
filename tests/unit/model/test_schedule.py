"""What a screen showed, against a second by second diary."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.model.schedule import SHOWINGS, Schedule, loop

S = 10**9
DAY = 1_795_300_000 * S


def showings(*rows):
    """Rows of (creative, start s, end s)."""
    table = pd.DataFrame(rows, columns=["creative_id", "start_unix_ns", "end_unix_ns"])
    table = table.astype({"creative_id": "str"})
    for name in ("start_unix_ns", "end_unix_ns"):
        table[name] = (table[name].astype(np.int64) * S) + DAY
    return SHOWINGS.check(table)


DIARY = showings(("a", 0, 10), ("a", 10, 20), ("", 20, 30), ("b", 40, 50), ("b", 55, 60))


@pytest.mark.parametrize("uncertain_s", [0, 1, 3, 7])
def test_every_second_agrees_with_the_diary(uncertain_s):
    """Known only where all moments within the uncertainty have one picture and none of them is a gap."""
    second = np.arange(-5, 70)
    diary = np.full(200, None, dtype=object)  # second s at index s + 60
    for name, start, end in (("a", 0, 20), ("", 20, 30), ("b", 40, 50), ("b", 55, 60)):
        diary[start + 60 : end + 60] = name
    expected = []
    for at in second:
        around = set(diary[at + 60 - uncertain_s : at + 60 + uncertain_s + 1].tolist())
        expected.append(around.pop() if len(around) == 1 else None)
    found = Schedule("screen", DIARY, uncertainty_ms=uncertain_s * 1e3).on_show(DAY + second * S)
    assert found.tolist() == expected


def test_an_uncertainty_of_each_time_counts_instead():
    schedule = Schedule("screen", DIARY, uncertainty_ms=60_000.0)
    assert schedule.on_show(DAY + np.array([15, 15]) * S, np.array([1e3, 9e3])).tolist() == ["a", None]


def test_without_showings_nothing_is_known():
    assert Schedule("screen").on_show(np.array([0, DAY])).tolist() == [None, None]


def test_a_loop_is_cut_off_at_its_end():
    table = loop([("a", 10.0), ("", 20.0)], start_unix_ns=DAY, end_unix_ns=DAY + 65 * S)
    assert table["creative_id"].tolist() == ["a", "", "a", "", "a"]
    assert ((table["end_unix_ns"] - table["start_unix_ns"]) // S).tolist() == [10, 20, 10, 20, 5]
    Schedule("screen", table)


@pytest.mark.parametrize(
    "rows", [[("a", 0, 10), ("b", 9, 20)], [("a", 10, 10)], [("a", 20, 10)]], ids=["overlap", "empty", "back"]
)
def test_impossible_showings_are_refused(rows):
    with pytest.raises(ParameterError, match="row"):
        Schedule("screen", showings(*rows))


@pytest.mark.parametrize("spots", [[], [("a", 0.0)], [("a", -1.0)]])
def test_impossible_loops_are_refused(spots):
    with pytest.raises(ParameterError):
        loop(spots, start_unix_ns=0, end_unix_ns=S)
