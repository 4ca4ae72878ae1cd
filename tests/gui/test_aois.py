"""Placements come from files and from the video; AOIs are drawn, moved, reshaped and named, all with undo."""

from __future__ import annotations

import numpy as np
import pytest
from gazestudy_gui.commands import AddAoi, LabelAoi, ReshapeAoi
from gazestudy_gui.views.aoi_canvas import ellipse_points, is_upright, rectangle_points
from gazestudy_gui.views.aoi_copy import CopyDialog
from gazestudy_gui.views.grab import GrabDialog
from gazestudy_gui.views.placement_facets import FacetsDialog
from gazestudy_gui.views.placement_joined import JoinDialog
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialogButtonBox, QInputDialog, QLineEdit, QPushButton

from gazestudy._cv2 import cv2
from tests.gui.conftest import SESSIONS
from tests.gui.hands import click as click_widget
from tests.gui.hands import drag as drag_widget
from tests.gui.hands import shown, type_text, when_asked


@pytest.fixture
def window(desk, imported, qtbot):
    opened = desk.open(imported)
    qtbot.waitExposed(opened)
    opened.resize(1400, 950)
    opened.show_view("placements")
    QApplication.processEvents()
    return opened


@pytest.fixture
def view(window):
    return window.view("placements")


def at(canvas, x, y):
    return canvas.to_widget(x, y).toPoint()


def drag(canvas, start, stop):
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, pos=at(canvas, *start))
    QTest.mouseMove(canvas, at(canvas, (start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2))
    QTest.mouseMove(canvas, at(canvas, *stop))
    QTest.mouseRelease(canvas, left, pos=at(canvas, *stop))


def click(canvas, x, y):
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, x, y))


def press_button(dialog, text):
    click_widget(next(one for one in dialog.findChildren(QPushButton) if one.text() == text))


def area(points) -> float:
    x, y = np.array(points).T
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def aois(window):
    return window.document.study.aois()


def box_of(aoi):
    points = np.array(aoi.points_px)
    return [*points.min(axis=0), *points.max(axis=0)]


def step_px(view) -> float:
    """What half a screen pixel is on the picture."""
    return 1.5 / view.canvas.scale()


def test_a_rectangle_is_drawn_with_the_mouse_and_undone_and_redone(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    (made,) = aois(window)
    np.testing.assert_allclose(box_of(made), [50, 60, 250, 300], atol=step_px(view))
    assert view.list.item(0).text() == "AOI 1"
    undo = window.book.actions["edit.undo"]
    assert undo.text() == "&Undo add AOI AOI 1"
    undo.trigger()
    assert aois(window) == ()
    assert view.list.count() == 0
    window.book.actions["edit.redo"].trigger()
    assert aois(window) == (made,)


def test_a_polygon_is_closed_by_a_double_click_or_enter(window, view):
    view.set_tool("polygon")
    for point in ((50, 50), (200, 60), (120, 250)):
        click(view.canvas, *point)
    QTest.keyClick(view.canvas, Qt.Key.Key_Return)
    (made,) = aois(window)
    assert len(made.points_px) == 3
    np.testing.assert_allclose(made.points_px, [(50, 50), (200, 60), (120, 250)], atol=step_px(view))


def test_escape_forgets_a_half_drawn_polygon(window, view):
    view.set_tool("polygon")
    click(view.canvas, 50, 50)
    click(view.canvas, 90, 50)
    QTest.keyClick(view.canvas, Qt.Key.Key_Escape)
    QTest.keyClick(view.canvas, Qt.Key.Key_Return)
    assert aois(window) == ()


def test_an_ellipse_has_the_area_of_an_ellipse(window, view):
    view.set_tool("ellipse")
    drag(view.canvas, (50, 60), (250, 300))
    (made,) = aois(window)
    assert area(made.points_px) == pytest.approx(np.pi * 100 * 120, rel=0.02)
    assert area(ellipse_points(QPointF(0, 0), QPointF(2, 4))) == pytest.approx(np.pi * 2, rel=1e-9)


def test_moving_and_reshaping_with_the_mouse(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    drag(view.canvas, (150, 200), (180, 240))  # the middle: moves
    np.testing.assert_allclose(box_of(aois(window)[0]), [80, 100, 280, 340], atol=2 * step_px(view))
    drag(view.canvas, (280, 340), (320, 380))  # a corner: reshapes, and it stays a rectangle
    np.testing.assert_allclose(box_of(aois(window)[0]), [80, 100, 320, 380], atol=3 * step_px(view))
    assert is_upright(list(aois(window)[0].points_px))
    drag(view.canvas, (320, 380), (20, 20))  # not over the opposite corner
    assert box_of(aois(window)[0])[:2] == pytest.approx([80, 100], abs=2 * step_px(view))
    assert is_upright(list(aois(window)[0].points_px))
    assert window.document.undo_stack.count() == 4
    window.document.undo_stack.undo()
    window.document.undo_stack.undo()
    window.document.undo_stack.undo()
    np.testing.assert_allclose(box_of(aois(window)[0]), [50, 60, 250, 300], atol=step_px(view))


def test_arrow_keys_move_by_pixels_and_are_one_edit(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    before = np.array(aois(window)[0].points_px)
    for _ in range(3):
        QTest.keyClick(view.canvas, Qt.Key.Key_Right)
    QTest.keyClick(view.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_allclose(np.array(aois(window)[0].points_px) - before, [[3, 10]] * 4)
    assert window.document.undo_stack.count() == 2
    window.document.undo_stack.undo()
    np.testing.assert_allclose(aois(window)[0].points_px, before)


def test_nothing_leaves_the_picture(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    drag(view.canvas, (150, 200), (-4000, -4000))
    left, top, *_ = box_of(aois(window)[0])
    assert (left, top) == pytest.approx((-0.5, -0.5))


def test_rename_and_remove(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    view.list.item(0).setText("ราคา")
    assert aois(window)[0].name == "ราคา"
    QTest.keyClick(view.canvas, Qt.Key.Key_Delete)
    assert aois(window) == ()
    window.document.undo_stack.undo()
    assert aois(window)[0].name == "ราคา"


def test_a_name_is_typed_in_the_list_and_its_line_stays(window, view, qtlog, qtbot):
    for start, stop in (((50, 60), (150, 200)), ((250, 60), (350, 200))):
        view.set_tool("rectangle")
        drag(view.canvas, start, stop)
    line = view.list.item(1)
    for name in ("ราคา", "price"):
        view.list.setCurrentRow(1)
        view.list.setFocus()
        QTest.keyClick(view.list, Qt.Key.Key_F2)
        editor = view.list.findChild(QLineEdit)
        qtbot.waitUntil(editor.hasFocus)
        editor.selectAll()
        type_text(editor, name)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda name=name: [one.name for one in aois(window)] == ["AOI 1", name])
        assert view.list.item(1) is line and line.text() == name
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [one for one in qtlog.records if "commitData" in one.message]
    window.document.undo_stack.undo()
    assert line.text() == "ราคา"


def test_aois_are_labelled_with_the_keyboard_and_stand_in_groups(window, view, qtbot):
    view.set_tool("rectangle")
    for start, stop in (((50, 60), (150, 200)), ((250, 60), (350, 200)), ((50, 300), (150, 400))):
        drag(view.canvas, start, stop)
        view.set_tool("rectangle")
    for name in ("AOI 1", "AOI 3"):
        row = next(n for n in range(view.list.count()) if view.list.item(n).text() == name)
        rect = view.list.visualItemRect(view.list.item(row))
        QTest.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
        QTest.keyClick(view.list, Qt.Key.Key_L)
        line = view.side.label.lineEdit()
        qtbot.waitUntil(line.hasFocus)
        type_text(line, "โลโก้")
        QTest.keyClick(line, Qt.Key.Key_Return)
    assert [one.label for one in aois(window)] == ["โลโก้", "", "โลโก้"]
    assert [view.list.item(n).text() for n in range(4)] == ["AOI 2", "โลโก้", "AOI 1", "AOI 3"]
    assert window.book.actions["edit.undo"].text() == "&Undo label AOI AOI 3 “โลโก้”"
    window.document.undo_stack.undo()
    assert [one.label for one in aois(window)] == ["โลโก้", "", ""]
    window.document.undo_stack.redo()
    assert view.side.label.currentText() == "โลโก้"  # the one that is selected
    shades = {shape.label for shape in view.canvas.shapes}
    assert shades == {"", "โลโก้"}


def test_the_physical_size_is_typed_beside_the_picture(window, view):
    place = window.document.study.placement(view.placement_id)
    assert (place.width_mm, place.height_mm) == (1200.0, None)
    width, height = place.size_px
    field = view.side.sides["height_mm"]
    assert field.placeholderText() == f"≈ {1200 * height / width:.0f}"
    click_widget(field)
    type_text(field, "1800,5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.document.study.placement(place.id).height_mm == 1800.5
    assert "change placement" in window.book.actions["edit.undo"].text()
    window.document.undo_stack.undo()
    assert window.document.study.placement(place.id).height_mm is None
    assert field.text() == ""
    click_widget(field)
    type_text(field, "high")
    QTest.keyClick(field, Qt.Key.Key_Return)
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert "number" in box.text() + box.informativeText()
    box.close()


def test_aois_are_copied_by_shares(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    here, there = (one.id for one in window.document.study.placements())
    view.copy_aois(there)
    (old,), (new,) = (window.document.study.aois(name) for name in (here, there))
    sizes = [np.array(window.document.study.placement(name).size_px) for name in (here, there)]
    shares = [(np.array(one.points_px) + 0.5) / size for one, size in zip((old, new), sizes, strict=True)]
    np.testing.assert_allclose(shares[0], shares[1])
    window.document.undo_stack.undo()
    assert window.document.study.aois(there) == ()


def test_a_placement_is_copied_to_another_station_with_its_aois(window, view, monkeypatch):
    study = window.document.study
    here = study.placement(view.placement_id)
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    picture = SESSIONS / "placements" / "pillar-poster.jpg"
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileName", lambda *_: (str(picture), "")
    )
    when_asked(QInputDialog, lambda one: (one.setTextValue("อโศก"), one.accept()), window)
    window.book.actions["placement.copy"].trigger()
    made = study.placement(view.placement_id)
    assert (made.id, made.name, made.station) == (f"{here.id}-2", here.name, "อโศก")
    assert (made.width_mm, made.copies, made.kind) == (here.width_mm, here.copies, here.kind)
    assert [one.name for one in study.aois(made.id)] == ["AOI 1"]
    assert window.book.actions["edit.undo"].text() == f"&Undo copy {here.name} to อโศก"
    window.document.undo_stack.undo()
    assert made.id not in [one.id for one in study.placements()]
    window.document.undo_stack.redo()
    assert [one.name for one in study.aois(made.id)] == ["AOI 1"]


def test_a_placement_comes_from_a_picture_and_goes_with_undo(window, view, monkeypatch):
    picture = SESSIONS / "placements" / "pillar-poster.jpg"
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileNames", lambda *_: ([str(picture)], "")
    )
    window.book.actions["placement.add"].trigger()
    assert view.placement_id == "pillar-poster"
    assert not view.canvas.image.isNull()
    window.document.undo_stack.undo()
    assert "pillar-poster" not in [one.id for one in window.document.study.placements()]


def test_a_placement_comes_from_the_video(window, view, qtbot):
    window.view("tree").select("recording", "p01-1")
    player = window.view("player")
    qtbot.waitUntil(lambda: not player.video.image.isNull(), timeout=20_000)
    player.go_to_row(200)
    qtbot.waitUntil(lambda: player.row == 200, timeout=20_000)
    view.grab_from_video()
    dialog = next(one for one in QApplication.topLevelWidgets() if isinstance(one, GrabDialog))
    dialog.name.setText("From the walk")
    dialog.width_mm.setText("1200")
    dialog.height_mm.setText("1800")
    corners = rectangle_points(QPointF(300, 60), QPointF(520, 400))
    dialog.picture.corners = [QPointF(x, y) for x, y in corners]
    dialog.buttons.button(dialog.buttons.StandardButton.Ok).click()
    qtbot.waitUntil(lambda: view.placement_id == "from-the-walk", timeout=20_000)
    place = window.document.study.placement("from-the-walk")
    assert place.width_mm == 1200.0
    assert place.size_px[0] / place.size_px[1] == pytest.approx(1200 / 1800, rel=0.02)


def test_read_only_draws_nothing(desk, imported, qtbot):
    window = desk.open(imported, read_only=True)
    qtbot.waitExposed(window)
    window.show_view("placements")
    QApplication.processEvents()
    view = window.view("placements")
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    assert window.document.study.aois() == ()
    assert not window.book.actions["placement.add"].isEnabled()


def test_a_corner_is_freed_with_shift(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    left, shift = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(view.canvas, left, pos=at(view.canvas, 250, 300))
    target = at(view.canvas, 300, 340)
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        QPointF(target),
        view.canvas.mapToGlobal(QPointF(target)),
        left,
        left,
        shift,
    )
    QApplication.sendEvent(view.canvas, move)
    QTest.mouseRelease(view.canvas, left, pos=target)
    (made,) = aois(window)
    assert made.points_px[2] == pytest.approx((300, 340), abs=2 * step_px(view))
    assert made.points_px[1] == pytest.approx((250, 60), abs=2 * step_px(view))


def test_lines_that_cross_are_refused_and_the_corners_stay(window, view, monkeypatch):
    told = []
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.tell", lambda _w, error, **_k: told.append(str(error))
    )
    view.set_tool("polygon")
    for point in ((50, 50), (400, 400), (400, 50), (50, 400)):
        click(view.canvas, *point)
    QTest.keyClick(view.canvas, Qt.Key.Key_Return)
    assert "do not cross" in told[0]
    assert aois(window) == ()
    click(view.canvas, 300, 20)  # another last corner, and it is a polygon
    QTest.keyClick(view.canvas, Qt.Key.Key_Return)
    (made,) = aois(window)
    assert len(made.points_px) == 4
    before = made.points_px
    drag(view.canvas, made.points_px[1], (380, 20))  # pulled over another side
    assert len(told) == 2
    assert aois(window)[0].points_px == before
    view.set_tool("polygon")
    for point in ((50, 600), (200, 600), (350, 600)):  # no area
        click(view.canvas, *point)
    QTest.keyClick(view.canvas, Qt.Key.Key_Return)
    assert len(told) == 3 and len(aois(window)) == 1


def test_aois_of_one_label_that_overlap_are_told(window, view):
    place, document = view.placement_id, window.document
    for number, left in enumerate((10, 60, 110)):
        made = AddAoi(place, f"a{number}", rectangle_points(QPointF(left, 10), QPointF(left + 50, 90)))
        document.edit(made)
        document.edit(LabelAoi(made.result.id, made.result.name, "โลโก้"))
    assert not view.side.overlaps.isVisible()  # they only touch
    document.edit(ReshapeAoi(made.result.id, "a2", rectangle_points(QPointF(100, 10), QPointF(160, 90))))
    assert view.side.overlaps.isVisible() and "โลโก้" in view.side.overlaps.text()
    document.edit(LabelAoi(made.result.id, "a2", "ราคา"))
    assert not view.side.overlaps.isVisible()


def test_folds_of_a_pillar_are_cut_pulled_typed_and_undone(window, view):
    place = window.document.study.placement(view.placement_id)
    width, height = place.size_px
    window.book.actions["placement.facets"].trigger()
    dialog = shown(FacetsDialog)
    dialog.count.setValue(4)
    press_button(dialog, "&Cut")
    assert [sides[2] for sides in dialog.canvas.parts] == [width / 4, width / 2, 3 * width / 4, width]
    start, end = (dialog.canvas.to_place(x, height / 2) for x in (width / 4, width / 4 + 40))
    drag_widget(dialog.canvas, start, end)
    fold = dialog.canvas.parts[0][2]
    pixel = 2 * width / dialog.canvas.target().width()
    assert fold == pytest.approx(width / 4 + 40, abs=pixel)
    assert dialog.canvas.parts[1][0] == fold  # both parts that meet there
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    dialog.table.item(2, 2).setText(str(width))  # over its neighbour
    assert not ok.isEnabled() and "overlap" in dialog.state.text()
    dialog.table.item(2, 2).setText(f"{0.7 * width:.1f}")
    assert ok.isEnabled() and "5%" in dialog.state.text()
    click_widget(ok)
    facets = window.document.study.placement(place.id).facets
    assert [one.left_px for one in facets] == pytest.approx([0, fold, width / 2, 3 * width / 4], abs=0.1)
    assert "4 flat parts" in view.side.size_text.text()
    assert len(view.canvas.facets) == 4
    window.document.undo_stack.undo()
    assert window.document.study.placement(place.id).facets == ()
    assert view.canvas.facets == []
    window.document.undo_stack.redo()
    window.book.actions["placement.facets"].trigger()
    again = shown(FacetsDialog)
    press_button(again, "All of it is &flat")
    click_widget(again.buttons.button(QDialogButtonBox.StandardButton.Ok))
    assert window.document.study.placement(place.id).facets == ()


def test_a_wrap_is_joined_from_its_sides_in_order(window, view, tmp_path, monkeypatch, qtbot):
    sides = []
    for number, wide in enumerate((120, 240, 60)):
        path = tmp_path / f"side{number}.png"
        noise = np.random.default_rng(number).integers(0, 255, (120, wide, 3), dtype=np.uint8)
        assert cv2.imwrite(str(path), noise)
        sides.append(path)
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileNames",
        lambda *_a, **_k: ([str(path) for path in sides], ""),
    )
    window.book.actions["placement.wrap"].trigger()
    dialog = shown(JoinDialog)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    qtbot.waitUntil(ok.isEnabled, timeout=30_000)
    dialog.list.setCurrentRow(2)
    press_button(dialog, "To the &left")
    qtbot.waitUntil(ok.isEnabled, timeout=30_000)
    dialog.name.setText("เสากลาง")
    dialog.width_mm.setText("4200")
    click_widget(ok)
    place = window.document.study.placement(view.placement_id)
    assert (place.name, place.size_px, place.width_mm) == ("เสากลาง", (420, 120), 4200)
    assert [one.right_px for one in place.facets] == [120, 180, 420]
    picture = window.document.study.placement_image(place.creatives[0])
    assert (picture[:, 120:180] == cv2.imread(str(sides[2]))).all()
    other = tmp_path / "other.png"
    cv2.imwrite(str(other), np.random.default_rng(9).integers(0, 255, (240, 840, 3), dtype=np.uint8))
    view.copy_to_station(other, "อโศก")  # twice as large: the folds lie at the same shares
    made = window.document.study.placement(view.placement_id)
    assert [one.right_px for one in made.facets] == [240, 360, 840]


def test_corners_of_a_polygon_come_and_go(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (550, 600))
    edge = at(view.canvas, 300, 60)
    QTest.mouseDClick(view.canvas, Qt.MouseButton.LeftButton, pos=edge)
    (made,) = aois(window)
    assert len(made.points_px) == 5
    assert made.points_px[1] == pytest.approx((300, 60), abs=step_px(view))
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, edge)
    assert len(aois(window)[0].points_px) == 4
    window.document.undo_stack.undo()
    assert len(aois(window)[0].points_px) == 5


def test_an_ellipse_is_pulled_at_the_box_around_it(window, view):
    view.set_tool("ellipse")
    drag(view.canvas, (50, 60), (250, 300))
    right, bottom = box_of(aois(window)[0])[2:]
    drag(view.canvas, (right, bottom), (right + 60, bottom + 40))
    left, top, right_now, bottom_now = box_of(aois(window)[0])
    assert (right_now - right, bottom_now - bottom) == pytest.approx((60, 40), abs=3 * step_px(view))
    (made,) = aois(window)
    wide, high = right_now - left, bottom_now - top
    # still an ellipse: its box is a little larger than itself, since it has the area of the true one
    assert area(made.points_px) == pytest.approx(np.pi / 4 * wide * high, rel=0.02)


def test_an_aoi_is_drawn_and_resized_with_keys_alone(window, view):
    view.setFocus()
    QTest.keyClick(view.canvas, Qt.Key.Key_Insert)
    (made,) = aois(window)
    before = box_of(made)
    control = Qt.KeyboardModifier.ControlModifier
    for _ in range(5):
        QTest.keyClick(view.canvas, Qt.Key.Key_Right, control)
    QTest.keyClick(view.canvas, Qt.Key.Key_Down, control | Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_allclose(np.array(box_of(aois(window)[0])) - before, [0, 0, 5, 10], atol=1e-6)
    assert window.document.undo_stack.count() == 2


def test_aois_are_copied_to_several_placements_that_are_ticked(window, view):
    view.set_tool("rectangle")
    drag(view.canvas, (50, 60), (250, 300))
    here = view.placement_id
    pillar = SESSIONS / "placements" / "pillar-poster.jpg"
    view.add(pillar, "Pillar", station="Riverside")
    view.choose(here)
    window.book.actions["aoi.copy"].trigger()
    dialog = next(one for one in QApplication.topLevelWidgets() if isinstance(one, CopyDialog))
    assert dialog.list.count() == 2
    for row in range(2):
        dialog.list.item(row).setCheckState(Qt.CheckState.Checked)
    dialog.buttons.button(dialog.buttons.StandardButton.Ok).click()
    assert len(aois(window)) == 3
    window.document.undo_stack.undo()
    assert [one.placement_id for one in aois(window)] == [here]
    window.document.undo_stack.redo()
    assert len(aois(window)) == 3


def test_a_photograph_is_straightened_and_checked(window, view, qtbot, tmp_path, monkeypatch):
    art = cv2.imread(str(SESSIONS / "placements" / "pillar-poster.jpg"))
    height, width = art.shape[:2]
    corners = np.array([(120, 80), (520, 140), (500, 700), (100, 640)], np.float32)
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    photo = cv2.warpPerspective(art, cv2.getPerspectiveTransform(flat, corners), (640, 800))
    path = tmp_path / "ภาพถ่าย.png"
    path.write_bytes(cv2.imencode(".png", photo)[1].tobytes())
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileName", lambda *_: (str(path), "")
    )
    window.book.actions["placement.straighten"].trigger()
    dialog = next(one for one in QApplication.topLevelWidgets() if isinstance(one, GrabDialog))
    dialog.picture.corners = [QPointF(float(x), float(y)) for x, y in corners]
    dialog.width_mm.setText(str(width))
    dialog.height_mm.setText(str(height))
    dialog.picture.setFocus()
    QTest.keyClick(dialog.picture, Qt.Key.Key_3)
    QTest.keyClick(dialog.picture, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert dialog.picture.corners[2].x() == pytest.approx(490)
    for _ in range(10):
        QTest.keyClick(dialog.picture, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: "key points" in dialog.advice.text(), timeout=20_000)
    assert not dialog.preview.pixmap().isNull()
    dialog.name.setText("Straight")
    dialog.buttons.button(dialog.buttons.StandardButton.Ok).click()
    qtbot.waitUntil(lambda: view.placement_id == "straight", timeout=20_000)
    study = window.document.study
    found = study.placement_image(study.placement("straight").creatives[0])
    wanted = cv2.resize(art, found.shape[1::-1], interpolation=cv2.INTER_AREA)
    inner = slice(10, -10)
    alike = np.corrcoef(found[inner, inner].ravel(), wanted[inner, inner].ravel())[0, 1]
    assert alike > 0.9


def test_how_well_a_picture_can_be_mapped_is_said(view, qtbot):
    qtbot.waitUntil(lambda: "key points" in view.side.fitness.text(), timeout=30_000)
    assert "px" in view.side.size_text.text()
