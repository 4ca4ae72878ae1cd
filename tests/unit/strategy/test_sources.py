"""Terms from tables: counts by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.strategy import sources


def sums(part, whole):
    return pd.DataFrame(
        {"part": part, "whole": whole}, index=[f"s{n}" for n in range(len(part))], dtype=float
    )


def cases(**columns):
    size = len(next(iter(columns.values())))
    usual = {
        "participant_id": [f"p{n}" for n in range(size)],
        "placement_id": "wall",
        "daypart": "peak",
        "exposed": True,
        "fixated": True,
        "dwell_s": 1.0,
    }
    return pd.DataFrame({**usual, **columns}, index=range(size))


def test_observers_give_flow_facing_and_clear_view():
    flow = sources.counted_term("flow_per_min", sums([300, 330], [30, 30]))
    assert (flow.value, flow.unit, flow.source, flow.n, flow.n_of) == (
        10.5,
        "people/min",
        "counted",
        2,
        "sessions",
    )
    assert sources.counted_term("facing_share", sums([60, 40], [100, 100])).value == 0.5
    clear = sources.counted_term(
        "blocked_share", sums([2.0, 1.0], [10, 10])
    )  # blocked shares added up, of ten scans each
    assert (clear.value, clear.numerator, clear.denominator) == (0.85, 17, 20)


def test_glasses_give_exposed_noticed_and_dwell():
    table = cases(
        exposed=[True, True, True, False], fixated=[True, False, True, False], dwell_s=[1.0, 0, 3.0, 0]
    )
    assert sources.case_term("exposed", table).value == 0.75
    noticed = sources.case_term("noticed", table)
    assert (noticed.numerator, noticed.denominator, noticed.n) == (2, 3, 3)
    assert sources.dwell_term([("here", table)]).value == 2.0


def test_people_are_the_clusters_of_repeated_passages():
    table = cases(
        participant_id=["a", "a", "b", "b"], fixated=[True, True, False, False], dwell_s=[1, 1, 0, 0]
    )
    term = sources.case_term("noticed", table)
    assert term.n == 2
    assert set(term.residuals) == {"person a", "person b"}


def test_few_looks_are_taken_from_more_of_the_study_and_that_is_said():
    here = cases(fixated=[True, True], dwell_s=[9.0, 9.0])
    wider = cases(fixated=[True] * 6, dwell_s=[1.0] * 6)
    term = sources.dwell_term([("wall in peak", here), ("all dayparts of wall", wider)])
    assert term.value == 1.0
    assert "fewer than 5 people looked here, taken from all dayparts of wall" in term.rule
    assert "fewer than" not in sources.dwell_term([("here", wider), ("x", here)]).rule


def test_recall_counts_only_who_was_asked():
    table = cases(recalled=[1.0, 0.0, np.nan, 1.0], exposed=[True, True, True, False])
    term = sources.case_term("recalled", table)
    assert (term.numerator, term.denominator, term.source) == (1, 2, "remembered")
    assert sources.case_term("recalled", cases(recalled=[np.nan])) is None
    assert sources.case_term("recalled", cases(fixated=[True])) is None


def test_a_case_cannot_be_fixated_without_being_in_view():
    with pytest.raises(ParameterError, match="never in view"):
        sources.check_cases(cases(exposed=[False]))
    with pytest.raises(ParameterError, match="dwell_s"):
        sources.check_cases(cases(exposed=[True]).drop(columns="dwell_s"))


def test_what_nobody_gives_is_no_term():
    unseen = cases(exposed=[False], fixated=[False], dwell_s=[0.0])
    assert sources.case_term("noticed", unseen) is None
    assert sources.case_term("exposed", unseen).value == 0
    assert sources.case_term("exposed", unseen[:0]) is None
    assert sources.case_term("view_s", unseen.assign(exposed_s=np.nan)) is None
    assert sources.dwell_term([("here", unseen), ("all", unseen)]) is None
