from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from gazestudy.errors import ParameterError, StudyError
from gazestudy.model.schedule import Schedule, loop
from gazestudy.store import Study, check_study, is_sound, open_study

NOON_NS = 1_777_597_200_123_456_789


@pytest.fixture
def screen(study: Study, picture: Callable[..., Path]) -> Study:
    study.add_placement("screen", [picture(1), picture(2)], name="Screen", kind="digital")
    return study


def showings(first: str = "screen-1") -> pd.DataFrame:
    return loop([(first, 10.0), ("", 20.0)], start_unix_ns=NOON_NS, end_unix_ns=NOON_NS + 10**12)


def test_what_is_kept_comes_back_exactly(screen: Study) -> None:
    creative_id = screen.placements()[0].creatives[0].id
    table = showings(creative_id)
    screen.set_schedule(Schedule("screen", table, "player", 250.0), made_by="Anna")
    with open_study(screen.path, read_only=True) as again:
        found = again.schedule("screen")
    assert found is not None
    pd.testing.assert_frame_equal(found.showings, table)
    assert (found.clock, found.uncertainty_ms) == ("player", 250.0)
    assert is_sound(check_study(screen.path))


def test_a_new_schedule_takes_the_place_of_the_old_one_and_changes_its_key(screen: Study) -> None:
    one, other = (creative.id for creative in screen.placements()[0].creatives)
    screen.set_schedule(Schedule("screen", showings(one)))
    before = screen.schedule_keys()
    screen.set_schedule(Schedule("screen", showings(other)))
    assert screen.schedule_keys()["screen"][2] != before["screen"][2]
    found = screen.schedule("screen")
    assert found is not None and set(found.showings["creative_id"]) == {other, ""}


def test_a_schedule_goes_with_its_placement(screen: Study) -> None:
    screen.set_schedule(Schedule("screen", showings(screen.placements()[0].creatives[0].id)))
    screen.remove_schedule("screen")
    assert screen.schedule("screen") is None and screen.schedule_keys() == {}
    with pytest.raises(StudyError, match="no schedule"):
        screen.remove_schedule("screen")


def test_pictures_of_other_placements_are_refused(screen: Study) -> None:
    with pytest.raises(ParameterError, match="pictures of the placement"):
        screen.set_schedule(Schedule("screen", showings("poster-1")))
    with pytest.raises(StudyError):
        screen.set_schedule(Schedule("nowhere", showings()))
    assert screen.schedule_keys() == {}
