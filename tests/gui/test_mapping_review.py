"""Mapping review: corrections are data, override the automatic mapping, survive a re-run, and can be undone."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gazestudy_gui.views.review_list import ReviewModel
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from gazestudy.errors import StudyDamagedError
from gazestudy.model import Creative, Placement
from gazestudy.pipeline.run import run_study
from gazestudy.store import create_study, open_study
from tests.e2e.small_study import write_picture, write_recording
from tests.gui.hands import drag

RECORDING = "p01-1"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def made_small(tmp_path_factory):
    """Two posters, one of which slides through the video for two seconds, with gaze on its middle."""
    from gazestudy.pipeline.importing import import_path

    folder = tmp_path_factory.mktemp("small")
    with create_study(folder / "study", name="ชานชาลา") as study:
        for seed in (1, 2):
            picture = write_picture(folder / f"{seed}.png", seed)
            study.add_placement(f"poster-{seed}", [picture], width_mm=800.0, height_mm=1200.0)
        import_path(study, write_recording(folder / "walk", 1), participant_id="P01")
        run_study(study)
    return folder / "study"


@pytest.fixture
def window(desk, made_small, tmp_path, qtbot):
    path = shutil.copytree(made_small, tmp_path / "study")
    opened = desk.open(path)
    qtbot.waitExposed(opened)
    opened.resize(1400, 950)
    for name in ("timeline", "jobs", "problems"):
        opened.docks[name].hide()
    opened.show_view("review")
    return opened


@pytest.fixture
def view(window, qtbot):
    shown = window.view("review")
    qtbot.waitUntil(lambda: shown.is_ready and not shown.scene.image.isNull(), timeout=120_000)
    return shown


def answers(window):
    return [stored.fact for stored in window.document.study.answers()]


def results(window, name="mapped_fixations"):
    with open_study(window.document.path, read_only=True) as study:
        return study.current(RECORDING, "attention").table(name)


def press(view, key, modifier=Qt.KeyboardModifier.NoModifier):
    view.setFocus()
    QTest.keyClick(view.scene, key, modifier)


def at(view, x, y):
    """Return where a share of the picture is on the screen."""
    return view.reference.at((x, y)).toPoint()


def run(window, view, qtbot):
    with qtbot.waitSignal(window.document.jobs.over, timeout=60_000):
        view.run()
    job = window.document.jobs.jobs[-1]
    assert job.state == "done", job.error + job.details
    # the message that the fixations are being read comes and goes meanwhile
    qtbot.waitUntil(lambda: view.is_ready and view.note.text() == "", timeout=60_000)


def test_a_fixation_is_on_both_pictures(view):
    assert view.model.rowCount() >= 1
    assert view.placement.currentData() == "poster-1"
    # gaze rests on the middle of the poster
    np.testing.assert_allclose(view.reference.point, (0.5, 0.5), atol=0.02)
    assert view.scene.marks.gaze_px is not None
    assert view.counter.text() == f"0 of {view.model.rowCount()} reviewed"
    assert "Doubt" in view.reason.text()


def test_doubts_name_placements_and_offer_the_one_that_was_thought_of(view):
    first = view.model.fixations.iloc[[0]]
    places = [
        Placement("north", r"ป้าย \1 เหนือ", (Creative("n", "north", "n", "n.png", "", 9, 9),)),
        Placement("north-2", "Screen", (Creative("s", "north-2", "s", "s.png", "", 9, 9),)),
    ]
    words = "north-2 was refused (too few matches); north was refused (wrong appearance)"
    model = ReviewModel()
    rows = pd.concat([first.assign(placement_id="", reasons=words, doubt=0.44)], ignore_index=True)
    model.fill(replace(view._loaded, fixations=rows), places)
    assert model.reasons(0) == (
        "Screen was refused (too few matches); ป้าย \\1 เหนือ was refused (wrong appearance)"
    )
    assert model.likely_placement(0) == "north-2"
    strong = model.data(model.index(0, 2), Qt.ItemDataRole.BackgroundRole).alpha()
    model.fill(replace(view._loaded, fixations=rows.assign(doubt=0.05)), places)
    assert 0 < model.data(model.index(0, 2), Qt.ItemDataRole.BackgroundRole).alpha() < strong


def test_a_click_moves_it_and_that_survives_a_re_run(window, view, qtbot):
    total = view.model.rowCount()
    QTest.mouseClick(view.reference, LEFT, pos=at(view, 0.25, 0.75))
    (said,) = answers(window)
    assert (said.verdict, said.placement_id) == ("on", "poster-1")
    assert (said.x_share, said.y_share) == pytest.approx((0.25, 0.75), abs=0.01)
    assert view.counter.text() == f"1 of {total} reviewed"
    assert "1 corrections" in view.note.text()
    assert window.document.undo_stack.undoText() == "move fixation on poster-1"
    run(window, view, qtbot)
    kept = results(window)
    manual = kept[kept["source"] == "manual"]
    assert len(manual) == 1
    assert manual["x_ref_px"].iloc[0] == pytest.approx(0.25 * 240, abs=3)
    assert manual["y_ref_px"].iloc[0] == pytest.approx(0.75 * 360, abs=3)
    # the picture changes, so that everything is mapped again; what a person said stays
    with window.document.study.recorded():
        window.document.study.remove_derived(RECORDING, "mapping")
    run(window, view, qtbot)
    again = results(window)
    assert (again["source"] == "manual").sum() == 1
    np.testing.assert_allclose(again[["x_ref_px", "y_ref_px"]], kept[["x_ref_px", "y_ref_px"]], atol=1e-6)


def test_beside_the_picture_is_not_on_it(window, view, qtbot):
    QTest.mouseClick(view.reference, LEFT, pos=QPoint(3, view.reference.height() // 2))
    (said,) = answers(window)
    assert (said.verdict, said.placement_id) == ("off", "poster-1")
    before = len(results(window))
    run(window, view, qtbot)
    assert len(results(window)) == before - 1
    window.document.undo_stack.undo()
    assert answers(window) == []
    qtbot.waitUntil(lambda: "taken back" in view.note.text(), timeout=120_000)
    assert view.run_button.isVisible()
    run(window, view, qtbot)
    assert len(results(window)) == before


def test_results_replaced_while_they_are_read_are_read_again(window, view, monkeypatch):
    """A job that ends at the wrong moment takes the files away that are being read."""
    from gazestudy_gui.views.review_list import judged

    from gazestudy.pipeline import mapping_review

    real, calls = mapping_review.review_list, []

    def vanishing(*given, **named):
        calls.append(given)
        if len(calls) == 1:
            raise StudyDamagedError("the table is missing")
        return real(*given, **named)

    monkeypatch.setattr(mapping_review, "review_list", vanishing)
    fixations, _, _ = judged(str(window.document.path), view.recording_id)
    assert len(calls) == 2
    assert len(fixations) == len(view.model.fixations)


def test_keys(window, view):
    rows = view.model.rowCount()
    view.steps_on.setChecked(False)
    press(view, Qt.Key.Key_D)
    assert [fact.verdict for fact in answers(window)] == ["on"]
    assert view.reference.point == pytest.approx((0.5, 0.5), abs=0.02)
    press(view, Qt.Key.Key_X)
    assert [fact.verdict for fact in answers(window)] == ["off"]  # in place of the one before
    press(view, Qt.Key.Key_N)
    assert [fact.verdict for fact in answers(window)] == ["nowhere"]
    assert view.counter.text() == f"1 of {rows} reviewed"
    press(view, Qt.Key.Key_R)
    assert answers(window) == []
    assert view.counter.text() == f"0 of {rows} reviewed"
    undo = window.book.actions["edit.undo"]
    assert undo.text() == "&Undo return to the automatic mapping"
    for expected in (["nowhere"], ["off"], ["on"], []):
        undo.trigger()
        assert [fact.verdict for fact in answers(window)] == expected


def test_next_and_previous_also_those_not_reviewed(window, view, qtbot):
    extra_answers(view, window)
    assert view.model.rowCount() >= 3
    view.show_row(0)
    view.steps_on.setChecked(False)
    press(view, Qt.Key.Key_S)
    assert view.row == 1
    press(view, Qt.Key.Key_D)
    press(view, Qt.Key.Key_A)
    assert view.row == 0
    press(view, Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    assert view.row == 2
    press(view, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    assert view.row == 0
    view.steps_on.setChecked(True)
    press(view, Qt.Key.Key_D)
    assert view.row == 1


def extra_answers(view, window):
    """Make three fixations of the one there is, as another detector would."""
    table = view.model.fixations
    one = table.iloc[0]
    length = (int(one["offset_ns"]) - int(one["onset_ns"])) // 3
    parts = [one.copy() for _ in range(3)]
    for number, part in enumerate(parts):
        part["event_id"] = number
        part["onset_ns"] = int(one["onset_ns"]) + number * length
        part["offset_ns"] = part["onset_ns"] + length
    loaded = view._loaded
    frame = type(table)(parts).reset_index(drop=True).astype(table.dtypes.to_dict())
    view.model.fill(
        type(loaded)(loaded.scene, loaded.numbers, frame, loaded.run_utc), window.document.study.placements()
    )
    view._arrange()


def test_arrow_keys_move_the_point_and_are_one_edit(window, view):
    view.accept()
    view.step(-1)
    view.reference.setFocus()
    for _ in range(4):
        QTest.keyClick(view.reference, Qt.Key.Key_Right)
    QTest.keyClick(view.reference, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    (said,) = answers(window)
    assert (said.x_share, said.y_share) == pytest.approx((0.5 + 4 / 240, 0.5 + 10 / 360), abs=0.02)
    assert window.document.undo_stack.count() == 2
    window.document.undo_stack.undo()
    (said,) = answers(window)
    assert (said.x_share, said.y_share) == pytest.approx((0.5, 0.5), abs=0.02)


def corner_points(frame):
    left, top = 60 + 3 * frame - 0.5, 40 + frame - 0.5
    return [(left, top), (left + 240, top), (left + 240, top + 360), (left, top + 360)]


def click_corners(view, corners):
    for x, y in corners:
        where = view.scene.at(QPointF(x, y)).toPoint()
        QTest.mouseClick(view.scene, LEFT, pos=where)


def test_key_frames_are_clicked_and_filled_in_between(window, view, qtbot):
    """The video shows poster 1; two key frames say that it is poster 2, and what lies between follows."""
    view.placement.setCurrentIndex(view.placement.findData("poster-2"))
    view._on_placement()
    for frame in (6, 36):
        view._show_frame(frame)
        qtbot.waitUntil(lambda frame=frame: view.scene.marks.caption.startswith(f"00:0{frame * 40 // 1000}"))
        press(view, Qt.Key.Key_K)
        assert view.scene.is_clicking
        click_corners(view, corner_points(frame))
        assert not view.scene.is_clicking
        assert len(view.scene.kept) == 1
    first, second = (stored.fact for stored in window.document.study.key_frames())
    assert (first.placement_id, first.t_ns) == ("poster-2", 240_000_000)
    np.testing.assert_allclose(first.corners_px, corner_points(6), atol=3)
    assert second.t_ns == 1_440_000_000
    view.to_key_frame(-1)
    assert view._frame == 6
    run(window, view, qtbot)
    gaze = results(window, "mapped_gaze")
    filled = gaze[gaze["source"] == "key_frames"]
    assert set(filled["placement_id"]) == {"poster-2"}
    assert len(filled) >= 60
    assert np.abs(filled["x_ref_px"] - 119.5).max() < 6
    # what lies between is shown as it was followed
    view.placement.setCurrentIndex(view.placement.findData("poster-2"))
    corners, copy = view._loaded.scene.corners(20, "poster-2")
    np.testing.assert_allclose(corners, corner_points(20), atol=4)
    assert copy == 0
    assert "poster-2" in [one.label for one in view._loaded.scene.outlines(20)]
    window.document.undo_stack.undo()
    assert len(window.document.study.key_frames()) == 1


def test_the_outline_that_was_located_is_kept_with_two_keys(window, view, qtbot):
    view._show_frame(20)
    qtbot.waitUntil(lambda: view.scene.marks.caption.startswith("00:00.8"))
    press(view, Qt.Key.Key_K)
    assert view.scene.is_pulling
    QTest.keyClick(view.scene, Qt.Key.Key_Return)
    (stored,) = window.document.study.key_frames()
    assert (stored.fact.placement_id, stored.fact.t_ns) == ("poster-1", 800_000_000)
    np.testing.assert_allclose(stored.fact.corners_px, corner_points(20), atol=1)
    assert view.frames_text.text() == "◆ 1 key frames of poster-1"
    window.document.undo_stack.undo()
    assert window.document.study.key_frames() == ()
    press(view, Qt.Key.Key_K)
    press(view, Qt.Key.Key_K)
    assert len(window.document.study.key_frames()) == 1


def test_a_corner_is_pulled_by_mouse_or_keys_and_so_is_that_of_a_key_frame(window, view, qtbot):
    view._show_frame(20)
    qtbot.waitUntil(lambda: view.scene.marks.caption.startswith("00:00.8"))
    wanted = corner_points(20)

    def pull(corner, to):
        start, stop = (view.scene.at(QPointF(*point)) for point in (wanted[corner], to))
        drag(view.scene, start, stop)
        wanted[corner] = to

    view.buttons["key_frame"].click()
    pull(2, (wanted[2][0] + 30, wanted[2][1] + 40))
    QTest.keyClick(view.scene, Qt.Key.Key_1)
    for _ in range(4):
        QTest.keyClick(view.scene, Qt.Key.Key_Left)
    QTest.keyClick(view.scene, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    wanted[0] = wanted[0][0] - 4, wanted[0][1] - 10
    assert window.document.study.key_frames() == ()
    QTest.keyClick(view.scene, Qt.Key.Key_Return)
    (stored,) = window.document.study.key_frames()
    np.testing.assert_allclose(stored.fact.corners_px, wanted, atol=3)
    press(view, Qt.Key.Key_K)  # the corners of the key frame that is there
    pull(1, (wanted[1][0] - 20, wanted[1][1]))
    press(view, Qt.Key.Key_K)
    (again,) = window.document.study.key_frames()
    np.testing.assert_allclose(again.fact.corners_px, wanted, atol=3)
    window.document.undo_stack.undo()
    assert [one.fact for one in window.document.study.key_frames()] == [stored.fact]
    press(view, Qt.Key.Key_K)
    QTest.keyClick(view.scene, Qt.Key.Key_Escape)
    assert not view.scene.is_clicking


def test_corners_may_lie_beside_the_picture_and_escape_stops(window, view):
    view.begin_key_frame()
    QTest.keyClick(view.scene, Qt.Key.Key_Backspace)  # not those that were located
    assert not view.scene.is_pulling
    click_corners(view, [(-20, 30)])
    QTest.keyClick(view.scene, Qt.Key.Key_Backspace)
    click_corners(view, [(-20, 30), (200, 30)])
    QTest.keyClick(view.scene, Qt.Key.Key_Escape)
    assert not view.scene.is_clicking
    view.begin_key_frame()
    QTest.keyClick(view.scene, Qt.Key.Key_Backspace)
    click_corners(view, [(-20, 30), (200, 30), (200, 400), (-20, 400)])
    (stored,) = window.document.study.key_frames()
    np.testing.assert_allclose(stored.fact.corners_px[0], (-20, 30), atol=3)


def test_corners_in_a_wrong_order_are_refused_in_words(window, view):
    view.begin_key_frame()
    QTest.keyClick(view.scene, Qt.Key.Key_Backspace)
    click_corners(view, [(200, 30), (20, 30), (20, 400), (200, 400)])
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert "top left" in box.informativeText()
    box.close()
    assert window.document.study.key_frames() == ()


def test_a_read_only_study_can_be_looked_at(desk, made_small, qtbot):
    window = desk.open(made_small, read_only=True)
    qtbot.waitExposed(window)
    window.show_view("review")
    view = window.view("review")
    qtbot.waitUntil(lambda: view.is_ready and not view.scene.image.isNull(), timeout=120_000)
    QTest.mouseClick(view.reference, LEFT, pos=at(view, 0.25, 0.75))
    assert not view.buttons["accept"].isEnabled()
    assert not window.book.actions["review.accept"].isEnabled()
    assert window.document.study.answers() == ()


def test_what_was_not_run_says_what_to_do(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.show_view("review")
    view = window.view("review")
    qtbot.waitUntil(lambda: "Run everything" in view.scene.message, timeout=120_000)


def test_by_doubt_or_by_time_and_only_some_of_them(desk, sample, qtbot):
    window = desk.open(sample)
    qtbot.waitExposed(window)
    window.show_view("review")
    view = window.view("review")
    qtbot.waitUntil(lambda: view.is_ready and not view.scene.image.isNull(), timeout=60_000)

    def listed():
        return [view.model.fixation(row) for row in range(view.model.rowCount())]

    doubts = [one["doubt"] for one in listed()]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] > doubts[-1]
    chosen = int(view.model.fixation(view.row)["event_id"])
    view.order.setCurrentIndex(view.order.findData("time"))
    view.order.activated.emit(view.order.currentIndex())
    times = [one["onset_ns"] for one in listed()]
    assert times == sorted(times)
    assert int(view.model.fixation(view.row)["event_id"]) == chosen  # it stays where it was
    place = next(str(one["placement_id"]) for one in listed() if one["placement_id"])
    view.show_box.setCurrentIndex(view.show_box.findData(place))
    view.show_box.activated.emit(view.show_box.currentIndex())
    assert {str(one["placement_id"]) for one in listed()} == {place}
    view.show_box.setCurrentIndex(view.show_box.findData(""))
    view.show_box.activated.emit(view.show_box.currentIndex())
    assert view.model.rowCount() == len(view.model.fixations) > len(times)
    # another recording, as it is selected in the tree
    other = window.document.study.recordings()[1].id
    window.view("tree").select("recording", other)
    window.show_view("review")
    qtbot.waitUntil(lambda: view.recording_id == other and view.is_ready, timeout=60_000)


DETAILS = ((0.2, 0.15), (0.85, 0.3), (0.7, 0.9), (0.25, 0.7))


def in_scene(frame, share):
    left, top = 60 + 3 * frame - 0.5, 40 + frame - 0.5
    return left + 240 * share[0], top + 360 * share[1]


def click_pair(view, frame, share):
    QTest.mouseClick(view.reference, LEFT, pos=at(view, *share))
    QTest.mouseClick(view.scene, LEFT, pos=view.scene.at(QPointF(*in_scene(frame, share))).toPoint())


def show_frame(view, qtbot, frame):
    view._show_frame(frame)
    qtbot.waitUntil(lambda: view.scene.marks.caption.startswith(f"00:0{frame * 40 // 1000}"))


def test_any_four_points_make_a_key_frame_where_corners_are_hidden(window, view, qtbot):
    study = window.document.study
    show_frame(view, qtbot, 20)
    press(view, Qt.Key.Key_J)
    assert view.points.is_on
    for share in DETAILS[:3]:
        click_pair(view, 20, share)
    assert study.key_frames() == ()
    # a point that was clicked at the wrong place: back, and again
    QTest.mouseClick(view.reference, LEFT, pos=at(view, 0.5, 0.5))
    assert view.points.next_is_in_scene
    QTest.keyClick(view.scene, Qt.Key.Key_Backspace)
    click_pair(view, 20, DETAILS[3])
    assert view.points.is_whole
    QTest.keyClick(view.scene, Qt.Key.Key_Return)
    assert not view.points.is_on
    (stored,) = study.key_frames()
    np.testing.assert_allclose(stored.fact.at_shares, DETAILS, atol=0.01)
    np.testing.assert_allclose(stored.fact.corners_px, [in_scene(20, one) for one in DETAILS], atol=3)
    assert answers(window) == []  # clicks on the picture said nothing about gaze meanwhile
    assert [are_corners for _, _, are_corners in view.scene.kept] == [False]
    # once more takes the points that are there, which are pulled and kept in place of them
    press(view, Qt.Key.Key_K)
    assert view.points.is_whole
    start, stop = (view.scene.at(QPointF(*in_scene(20, one))) for one in (DETAILS[1], (0.95, 0.3)))
    drag(view.scene, start, stop)
    press(view, Qt.Key.Key_K)
    (again,) = study.key_frames()
    np.testing.assert_allclose(again.fact.corners_px[1], in_scene(20, (0.95, 0.3)), atol=3)
    assert again.fact.at_shares == stored.fact.at_shares
    window.document.undo_stack.undo()
    assert [one.fact for one in study.key_frames()] == [stored.fact]
    window.document.undo_stack.undo()
    assert study.key_frames() == ()


def test_a_click_on_the_picture_while_corners_are_taken_goes_on_with_points_and_more_are_welcome(
    window, view, qtbot
):
    show_frame(view, qtbot, 20)
    press(view, Qt.Key.Key_K)
    assert view.scene.is_clicking
    for share in (*DETAILS, (0.5, 0.45)):
        click_pair(view, 20, share)
    assert not view.scene.is_clicking
    assert view.points.is_whole
    press(view, Qt.Key.Key_J)
    (stored,) = window.document.study.key_frames()
    assert len(stored.fact.at_shares) == 5


def test_points_are_set_and_moved_with_the_keyboard_alone(window, view, qtbot):
    show_frame(view, qtbot, 20)
    press(view, Qt.Key.Key_J)
    shift = Qt.KeyboardModifier.ShiftModifier
    for right, down in ((-3, -3), (6, 0), (0, 6), (-6, 0)):  # from where the cross was before
        for widget in (view.reference, view.scene):
            qtbot.waitUntil(widget.hasFocus)
            for key, count in ((Qt.Key.Key_Right, right), (Qt.Key.Key_Down, down)):
                way = key if count > 0 else {Qt.Key.Key_Right: Qt.Key.Key_Left}.get(key, Qt.Key.Key_Up)
                for _ in range(abs(count)):
                    QTest.keyClick(widget, way, shift)
            QTest.keyClick(widget, Qt.Key.Key_Space)
    assert view.points.is_whole
    QTest.keyClick(view.scene, Qt.Key.Key_2)
    QTest.keyClick(view.scene, Qt.Key.Key_Left)
    QTest.keyClick(view.scene, Qt.Key.Key_Return)
    (stored,) = window.document.study.key_frames()
    steps = np.diff(np.array(stored.fact.corners_px), axis=0)
    np.testing.assert_allclose(steps, [(59, 0), (1, 60), (-60, 0)], atol=1e-6)
    width = view.reference.image.width()
    assert stored.fact.at_shares[1][0] - stored.fact.at_shares[0][0] == pytest.approx(60 / width)


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (((0.2, 0.2), (0.4, 0.4), (0.6, 0.6), (0.8, 0.8)), "nearly on a line on the picture"),
        (((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)), "the same point"),
    ],
)
def test_points_that_say_too_little_are_refused_in_words_and_stay_to_be_mended(
    window, view, qtbot, shares, said
):
    show_frame(view, qtbot, 20)
    points = shares if len(shares) == 4 else (*shares, shares[-1])
    view.points.begin([in_scene(20, one) for one in points], points)
    press(view, Qt.Key.Key_K)
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert said in box.informativeText()
    assert "move one" in box.informativeText()
    box.close()
    assert window.document.study.key_frames() == ()
    assert view.points.is_whole
    QTest.keyClick(view.scene, Qt.Key.Key_Escape)
    assert not view.points.is_on


def test_another_picture_or_placement_stops_the_points(view, qtbot):
    show_frame(view, qtbot, 20)
    view.begin_points()
    view.step_frame(1)
    assert not view.points.is_on
    view.begin_points()
    view.placement.setCurrentIndex(view.placement.findData("poster-2"))
    view.placement.activated.emit(view.placement.currentIndex())
    assert not view.points.is_on
