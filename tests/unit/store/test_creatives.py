"""Pictures of a placement are added, replaced and removed one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import InputError, ParameterError, StudyError
from gazestudy.model.manual import ManualAnswer
from gazestudy.model.schedule import Schedule
from gazestudy.store import check_study, is_sound


@pytest.fixture
def screen(study, picture):
    study.add_placement("screen", [picture(1), picture(2)], kind="digital")
    study.add_placement("poster", [picture(3)])
    return study


def test_a_screen_gets_another_picture(screen, picture):
    made = screen.add_creative("screen", picture(4, "ฤดูร้อน.png"))
    assert (made.id, made.name) == ("screen-3", "ฤดูร้อน")
    assert [one.id for one in screen.placement("screen").creatives] == ["screen-1", "screen-2", "screen-3"]
    assert screen.placement_image(made).shape[:2] == (made.height_px, made.width_px)
    assert is_sound(check_study(screen.path))


def test_what_cannot_be_added_says_why(screen, picture):
    with pytest.raises(ParameterError, match="printed face"):
        screen.add_creative("poster", picture(4))
    with pytest.raises(InputError, match="poster"):
        screen.add_creative("screen", picture(3))
    with pytest.raises(StudyError, match="nowhere"):
        screen.add_creative("nowhere", picture(4))
    assert len(list((screen.path / "placements" / "screen").iterdir())) == 2


def test_aois_keep_their_shares_when_the_first_picture_is_replaced(screen, picture):
    before = screen.placement("poster").creatives[0]
    right, bottom = before.width_px - 0.5, before.height_px - 0.5
    screen.add_aoi("poster", "right half", [(right / 2, -0.5), (right, -0.5), (right, bottom)])
    made = screen.replace_creative("poster-1", picture(5, size=(130, 90)))
    assert (made.id, made.name, made.width_px, made.height_px) == ("poster-1", before.name, 130, 90)
    points = screen.aois("poster")[0].points_px
    np.testing.assert_allclose(points[2], (129.5, 89.5))
    assert points[0][0] == pytest.approx((right / 2 + 0.5) * 130 / before.width_px - 0.5)
    assert not (screen.path / before.image).exists()
    assert is_sound(check_study(screen.path))
    screen.replace_creative("poster-1", screen.path / made.image)  # the same again is no other placement's


def test_a_picture_goes_with_what_was_said_about_it(screen, recording):
    screen.add_recording(recording(1), participant_id="P01")
    for number, name in enumerate(("screen-1", "screen-2")):
        screen.add_answer(ManualAnswer("p01-1", number * 10, number * 10 + 5, "on", "screen", 0.5, 0.5, name))
    screen.remove_creative("screen-2")
    assert [one.fact.creative_id for one in screen.answers("p01-1")] == ["screen-1"]
    assert [one.id for one in screen.placement("screen").creatives] == ["screen-1"]
    assert len(list((screen.path / "placements" / "screen").iterdir())) == 1


def test_the_first_picture_and_one_of_a_schedule_stay(screen):
    with pytest.raises(ParameterError, match="replace it"):
        screen.remove_creative("screen-1")
    shown = pd.DataFrame({"creative_id": ["screen-2"], "start_unix_ns": [0], "end_unix_ns": [10**9]})
    screen.set_schedule(Schedule("screen", shown.astype({"creative_id": "str"}), "", 0.0))
    with pytest.raises(ParameterError, match="schedule"):
        screen.remove_creative("screen-2")


def test_files_kept_for_undo_go_when_changes_are_forgotten(screen, picture):
    folder = screen.path / "placements" / "screen"
    (folder / "my notes.txt").write_text("mine", encoding="utf-8")
    with screen.recorded() as change:
        screen.remove_creative("screen-2")
    back = screen.revert(change)
    assert len(screen.placement("screen").creatives) == 2
    screen.revert(back)
    screen.forget_changes()
    assert sorted(path.name for path in folder.iterdir()) == ["my notes.txt", "picture-1.png"]
    assert screen.add_creative("screen", picture(6)).image.endswith("picture-2.png")
