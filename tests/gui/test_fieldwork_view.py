"""Fieldwork: counted by key and kept, typed from paper, protocols changed as copies, plan and agreement."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from gazestudy_gui.commands import ChangePlacement
from gazestudy_gui.views import fieldwork_run
from gazestudy_gui.views.fieldwork import FieldworkView
from PyQt6.QtCore import QDateTime, QEvent, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QComboBox, QTableWidgetItem

from gazestudy.pipeline.fieldlogs import import_field_logs
from gazestudy.pipeline.live_log import LiveSession
from gazestudy.protocol import load_protocol
from gazestudy.store import open_study
from tests.gui.conftest import SESSIONS
from tests.gui.hands import click, type_text, view_of

HEAD = {"station_id": "Siam", "point_id": "C1", "observer": "A7", "role": "primary"}


class Clock:
    """A time that stands until it is moved."""

    def __init__(self):
        self.at = datetime.fromisoformat("2026-03-02T08:00:00+07:00")

    def __call__(self):
        return self.at

    def move(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(fieldwork_run, "now", made)
    return made


@pytest.fixture
def view(imported, qapp, qtbot):
    with view_of(FieldworkView, imported, qtbot, (1000, 800)) as made:
        yield made


def begin(page, protocol="station_point_observation", head=HEAD, faces=()):
    page.which.choose_with(lambda one: one.id == protocol)
    page.prepare()
    page.head.show_answers(head)
    for row in faces:
        page.faces.item(row).setCheckState(Qt.CheckState.Checked)
    page.start()
    assert page.session is not None, page.message.text()
    return page.panel


def end(page):
    page.stop()
    if page.session is not None:
        page.stop()


@pytest.mark.parametrize("name", ["figures", "agreement"])
def test_a_study_without_observations_says_in_the_middle_what_to_do(view, qtbot, name):
    page = view.show_page(name)
    qtbot.waitUntil(lambda: "Log a session" in page.hint.text(), timeout=20_000)
    assert page.stack.currentWidget() is page.hint
    assert page.hint.alignment() == Qt.AlignmentFlag.AlignCenter


def test_counts_by_key_are_kept_with_zeros_and_a_taken_back_one_is_not(view, clock):
    page = view.show_page("live")
    panel = begin(page, faces=[0])
    face = page.faces.item(0).data(Qt.ItemDataRole.UserRole)
    for key in "1112":
        QTest.keyClick(panel, key)
    QTest.keyClick(panel, Qt.Key.Key_Backspace)  # the glance was none
    clock.move(301)
    QTest.keyClick(panel, "1")
    panel.refresh()
    assert panel.counters["passed", ""].text().endswith("\n1")
    clock.move(99)
    end(page)
    log = view._document.study.field_log()
    session = log.sessions.iloc[0]
    assert (session["station_id"], session["stopped_at"]) == ("Siam", "2026-03-02T08:06:40.000+07:00")
    counts = log.interval_counts.set_index(["item", "interval_no"])
    assert counts.loc[("passed", 0), "value"].item() == 3
    assert counts.loc[("passed", 1), "value"].item() == 1
    assert counts.loc[("passed", 1), "end_s"].item() == 400
    assert counts.loc[("glanced", 0), "value"].item() == 0
    assert counts.loc[("glanced", 0), "placement_id"] == face
    assert set(counts["source"]) == {"live"}
    view._document.undo_stack.undo()
    assert view._document.study.field_log().sessions.empty
    view._document.undo_stack.redo()
    assert len(view._document.study.field_log().sessions) == 1


def test_open_states_end_with_the_session_and_say_so(view, clock):
    page = view.show_page("live")
    panel = begin(page, "focal_follow")
    QTest.keyClick(panel, "w")
    clock.move(4)
    QTest.keyClick(panel, "g")
    clock.move(6)
    QTest.keyClick(panel, "s")  # standing ends walking: they exclude each other
    assert panel.states["stand"].isChecked() and not panel.states["walk"].isChecked()
    clock.move(5)
    end(page)
    events = view._document.study.field_log().events
    assert events[["code", "form", "t_s", "closed_by"]].to_numpy().tolist() == [
        ["walk", "state", 0.0, "observer"],
        ["glance", "point", 4.0, "none"],
        ["stand", "state", 10.0, "session_end"],
    ]
    assert events["t_end_s"].tolist()[::2] == [10.0, 15.0]


def test_a_stop_that_was_a_slip_is_none_and_states_that_end_are_named(view, clock, qtbot):
    page = view.show_page("live")
    panel = begin(page, "focal_follow")
    QTest.keyClick(panel, "w")
    clock.move(4)
    qtbot.waitUntil(page.finish.isVisible)
    click(page.finish)
    assert page.session is not None and not panel.isEnabled()
    assert "Walking" in page.held.text() or "walk" in page.held.text().lower()
    assert not view._document.study.field_logs()
    clock.move(6)
    qtbot.waitUntil(page.resume.isVisible)
    click(page.resume)
    assert panel.isEnabled() and not page.resume.isVisible() and not page.held.text()
    QTest.keyClick(panel, "g")
    clock.move(5)
    end(page)
    log = view._document.study.field_log()
    assert log.events["code"].tolist() == ["walk", "glance"]
    assert log.events["t_end_s"].tolist()[0] == 15.0  # not where the slip was


def test_modifiers_are_chosen_by_keys_right_after_the_behaviour(view, clock, qtbot):
    page = view.show_page("live")
    panel = begin(page, "focal_follow", faces=[0])
    face = page.faces.item(0).data(Qt.ItemDataRole.UserRole)
    bar = panel.modifiers
    QTest.keyClick(panel, "e")  # enters: direction, company, crowd
    qtbot.waitUntil(bar.isVisible)
    first = list(bar.buttons)
    clock.move(3)
    QTest.keyClick(bar, "2")
    second = list(bar.buttons)
    QTest.keyClick(bar, Qt.Key.Key_Return)  # company is not known
    third = list(bar.buttons)
    QTest.mouseClick(bar.buttons[third[0]], Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    assert (first, second, third) != (first, first, first)
    QTest.keyClick(panel, "g")  # a glance: at which placement
    assert list(bar.buttons) == [face]
    QTest.keyClick(bar, "1")
    QTest.keyClick(panel, "e")
    QTest.keyClick(bar, "1")
    QTest.keyClick(bar, Qt.Key.Key_Backspace)  # it was a mistake
    assert not bar.isVisible()
    clock.move(7)
    end(page)
    events = view._document.study.field_log().events
    assert events[["code", "t_s", "placement_id"]].to_numpy().tolist() == [
        ["enter_view", 0.0, ""],
        ["glance", 3.0, face],
    ]
    assert json.loads(events["modifiers_json"].iloc[0]) == {"direction": first[1], "crowd": third[0]}


def test_the_interval_clock_says_which_and_how_long(view, clock):
    page = view.show_page("live")
    panel = begin(page)
    assert panel.interval.text().startswith("interval 1, 300 s left")
    clock.move(295)
    panel.refresh()
    assert panel.interval.text() == "interval 1, 5 s left — next one soon"
    clock.move(10)
    panel.refresh()
    assert panel.interval.text().startswith("interval 2, 295 s left")
    assert panel.clock.text() == "0:05:05"
    QTest.keyClick(panel, "1")
    QTest.mouseClick(panel.back, Qt.MouseButton.LeftButton)
    assert panel.counters["passed", ""].text().endswith("\n0")
    end(page)


def test_every_tap_is_on_the_disk_and_an_interrupted_session_goes_on(view, clock, qtbot):
    page = view.show_page("live")
    panel = begin(page)
    QTest.keyClick(panel, "1")
    QTest.keyClick(panel, "1")
    journal = panel.session.journal
    with journal.open("ab") as file:
        file.write(b'{"n": 3, "at": "2026-03-')  # the power goes
    panel.shut_down()
    second = LiveSession(load_protocol("station_point_observation"), journal)
    assert [one.kind for one in second.entries] == ["start", "tap", "tap"]
    page.session, page.panel = None, None
    page.go_on(journal)
    clock.move(60)
    QTest.keyClick(page.panel, "1")
    end(page)
    counts = view._document.study.field_log().interval_counts
    assert counts.loc[counts["item"] == "passed", "value"].tolist() == [3]


def test_a_scan_that_breaks_a_rule_is_not_kept(view, clock):
    page = view.show_page("live")
    panel = begin(page)
    block = next(one for one in panel.protocol.blocks if one.kind == "scan")
    fields = panel.scans[block.id]
    fields["present", ""].setText("3")
    fields["on_phone", ""].setText("5")
    panel.keep_scan(block)
    assert "does not hold" in panel.said.text()
    fields["on_phone", ""].setText("2")
    panel.keep_scan(block)
    clock.move(30)
    end(page)
    scans = view._document.study.field_log().scans
    assert dict(zip(scans["item"], scans["value"], strict=True)) == {"present": 3, "on_phone": 2}


def test_a_paper_sheet_is_typed_checked_and_kept(view, qtbot):
    page = view.show_page("sheet")
    page.head.show_answers(HEAD)
    page.name.setText("paper-01")
    page.started.setDateTime(QDateTime.fromString("2026-03-02 08:00", "yyyy-MM-dd HH:mm"))
    page.stopped.setDateTime(QDateTime.fromString("2026-03-02 08:15", "yyyy-MM-dd HH:mm"))
    grid = page.grids["counts"]
    assert grid.columnCount() == 3
    rows = {item.id: row for row, (item, _) in enumerate(grid.rows)}
    for column, (passed, glanced) in enumerate([("40", "3"), ("0", ""), ("31", "50")]):
        grid.setItem(rows["passed"], column, QTableWidgetItem(passed))
        grid.setItem(rows["glanced"], column, QTableWidgetItem(glanced))
    page.keep()
    assert "column 3: glanced <= passed" in page.message.text()
    grid.item(rows["glanced"], 2).setText("5")
    page.keep()
    counts = view._document.study.field_log().interval_counts
    found = {(row["item"], row["interval_no"]): row["value"] for row in counts.to_dict("records")}
    assert found == {
        ("passed", 0): 40,
        ("glanced", 0): 3,
        ("passed", 1): 0,
        ("passed", 2): 31,
        ("glanced", 2): 5,
    }
    assert set(counts["source"]) == {"paper"}
    assert grid.cells() == {}


def cell(page, item, column, place="", block="counts"):
    """The row and column of an entry, to be typed."""
    grid = page.grids[block]
    return grid, [(one.id, about) for one, about in grid.rows].index((item, place)), column


def type_cell(page, item, column, text, place=""):
    grid, row, column = cell(page, item, column, place)
    grid.setCurrentCell(row, column)
    grid.setItem(row, column, QTableWidgetItem(text))


def test_what_is_typed_of_a_sheet_is_on_the_disk_and_can_be_taken_back(imported, qapp, qtbot):
    with view_of(FieldworkView, imported, qtbot, (1000, 800)) as made:
        page, stack = made.show_page("sheet"), made._document.undo_stack
        page.head.show_answers({"station_id": "สยาม"})
        type_text(page.name, "paper-7")
        type_cell(page, "passed", 0, "40")
        type_cell(page, "glanced", 1, "3")
        assert stack.undoText() == "type into the sheet"
        stack.undo()
        assert page.grids["counts"].cells() == {(0, "passed", ""): "40"}
        stack.undo()
        stack.undo()  # the letters of the name are one edit
        assert (page.name.text(), page.grids["counts"].cells()) == ("", {})
        assert page.head.answers() == {"station_id": "สยาม"}
        for _ in range(3):
            stack.redo()
        page.notes.setPlainText("ฝนตก")
    with view_of(FieldworkView, imported, qtbot, (1000, 800)) as made:  # closed, and not kept
        page = made.show_page("sheet")
        assert "not kept yet" in page.message.text()
        assert page.name.text() == "paper-7"
        assert page.notes.toPlainText() == "ฝนตก"
        assert page.head.answers() == {"station_id": "สยาม"}
        assert page.grids["counts"].cells() == {(0, "passed", ""): "40", (1, "glanced", ""): "3"}


def test_entries_that_are_not_on_show_are_never_lost_in_silence(view, qtbot, monkeypatch):
    page = view.show_page("sheet")
    page.head.show_answers(HEAD)
    page.name.setText("paper-03")
    page.started.setDateTime(QDateTime.fromString("2026-03-02 08:00", "yyyy-MM-dd HH:mm"))
    page.stopped.setDateTime(QDateTime.fromString("2026-03-02 09:00", "yyyy-MM-dd HH:mm"))
    type_cell(page, "passed", 0, "4")
    type_cell(page, "passed", 11, "7")
    page.stopped.setDateTime(page.started.dateTime().addSecs(900))  # a slip of the wheel
    assert page.hidden == {"counts": [(11, "passed", "")]}
    assert "1 entries" in page.hidden_note.text()
    page.keep()
    assert not view._document.study.field_logs()
    page.stopped.setDateTime(page.started.dateTime().addSecs(3600))
    assert page.grids["counts"].cells() == {(0, "passed", ""): "4", (11, "passed", ""): "7"}
    usual = page.which.currentIndex()
    page.which.setCurrentIndex(0 if usual else 1)
    page.which.setCurrentIndex(usual)
    assert page.grids["counts"].cells() == {(0, "passed", ""): "4", (11, "passed", ""): "7"}
    page.stopped.setDateTime(page.started.dateTime().addSecs(900))
    page.drop_hidden()
    page.keep()
    assert len(view._document.study.field_logs()) == 1, page.message.text()
    assert (page.name.text(), page.grids["counts"].cells()) == ("", {})
    assert page.head.answers() == HEAD  # the next sheet is of the same observer at the same point
    view._document.undo_stack.undo()
    assert not view._document.study.field_logs()
    assert (page.name.text(), page.grids["counts"].cells()) == ("paper-03", {(0, "passed", ""): "4"})


def test_a_table_of_numbers_is_pasted_and_emptied_as_one_edit(view, qapp):
    page = view.show_page("sheet")
    grid, stack = page.grids["counts"], view._document.undo_stack
    grid.setCurrentCell(0, 1)
    qapp.clipboard().setText("1\t2\r\n30\t-4\r\n")
    QTest.keyClick(grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    items = [one.id for one, _ in grid.rows][:2]
    pasted = {
        (1, items[0], ""): "1",
        (2, items[0], ""): "2",
        (1, items[1], ""): "30",
        (2, items[1], ""): "-4",
    }
    assert grid.cells() == pasted
    assert grid.item(1, 2).toolTip() and grid.item(1, 2).font().underline()
    assert not grid.item(1, 1).toolTip()
    grid.selectAll()
    QTest.keyClick(grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert qapp.clipboard().text().split("\n")[1].split("\t")[:3] == ["", "30", "-4"]
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    assert grid.cells() == {}
    stack.undo()
    assert grid.cells() == pasted
    stack.undo()
    assert grid.cells() == {} and not grid.item(1, 2).toolTip()


def test_new_protocols_and_placements_are_offered_on_every_page(view, qtbot):
    live, sheet, editor = (view.show_page(name) for name in ("live", "sheet", "protocol"))
    editor.copy_into_study("ours")
    for page in (live, sheet):
        assert "ours" in page.which.itemText(0)
    place = view._document.study.placements()[0]
    assert [page.faces.item(0).text() for page in (live, sheet)] == [place.name] * 2
    live.faces.item(0).setCheckState(Qt.CheckState.Checked)
    view._document.edit(ChangePlacement(place.id, name="ป้ายสยาม"))
    assert [page.faces.item(0).text() for page in (live, sheet)] == ["ป้ายสยาม"] * 2
    assert live.faces.item(0).checkState() == Qt.CheckState.Checked


@pytest.mark.parametrize("name", ["live", "sheet"])
def test_a_head_made_anew_while_somebody_types_in_it_keeps_all_and_the_program_lives(view, qtbot, name):
    """Another placement changes what the fields offer; the form is made anew as a field tells of a letter."""
    page, study = view.show_page(name), view._document.study
    view.activateWindow()
    place = study.placements()[0].id
    for number, item in enumerate(list(page.head.fields)):
        head, field = page.head, page.head.fields[item]
        is_list = isinstance(field, QComboBox) and not field.isEditable()
        field.setFocus()
        qtbot.waitUntil(field.hasFocus)

        def other_station(number=number):
            view._document.edit(ChangePlacement(place, station=f"สยาม {number}"))

        head.changed.connect(other_station)
        QTest.keyClick(field, Qt.Key.Key_Down if is_list else Qt.Key.Key_A)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert page.head is not head and page.head.answers()[item]
        qtbot.waitUntil(page.head.fields[item].hasFocus)  # goes on in the same field
        assert page.area.widget() is page.head


def test_what_is_typed_of_a_protocol_is_kept_by_itself_and_undo_is_seen(view, qtbot):
    page = view.show_page("protocol")
    qtbot.waitUntil(lambda: page.editor.text.toPlainText() != "", timeout=10_000)
    page.copy_into_study("ours")
    own = view._document.path / "protocols" / "ours.yaml"
    text = page.editor.text.toPlainText()
    page.editor.text.setPlainText(text + "# one\n")
    page.editor.text.setPlainText(text + "# one two\n")
    page.which.setCurrentIndex(page.which.count() - 1)  # looks at another one meanwhile
    assert own.read_text(encoding="utf-8") == text + "# one two\n"
    page.which.setCurrentIndex(page.which.findData(str(own)))
    assert page.editor.text.toPlainText() == text + "# one two\n"
    page.editor.text.setPlainText(text + "# one two three\n")
    qtbot.waitUntil(lambda: own.read_text(encoding="utf-8").endswith("three\n"), timeout=10_000)
    view._document.undo_stack.undo()
    assert own.read_text(encoding="utf-8") == text
    assert page.editor.text.toPlainText() == text
    view._document.undo_stack.undo()  # and the copy is gone
    assert not own.exists()
    assert page.which.findData(str(own)) < 0
    assert page.editor.text.toPlainText() and page.editor.text.isReadOnly()


def test_a_shipped_protocol_is_changed_as_a_copy_with_previews(view, qtbot):
    page = view.show_page("protocol")
    qtbot.waitUntil(lambda: len(page.paper.pages) > 0, timeout=20000)
    assert page.editor.text.isReadOnly()
    assert "Passed" in page.phone.toPlainText()
    page.copy_into_study("ours")
    assert not page.editor.text.isReadOnly()
    text = page.editor.text.toPlainText()
    page.editor.text.setPlainText(text.replace("every_s: 300", "every_s: 3", 1))
    assert not page.editor.check()
    assert "every_s" in page.editor.mistakes.item(0).text()
    page.editor.text.setPlainText(text.replace("every_s: 300", "every_s: 600", 1))
    page.editor.save()
    kept = view._document.path / "protocols" / "ours.yaml"
    assert "every_s: 600" in kept.read_text(encoding="utf-8")
    view._document.undo_stack.undo()
    assert "every_s: 600" not in kept.read_text(encoding="utf-8")
    dropped = page.export("html", view._document.path / "exports" / "form.html")
    assert isinstance(dropped, tuple)


def test_figures_agreement_and_plan_of_the_sample(imported, qapp, qtbot):
    with open_study(imported) as study:
        import_field_logs(study, SESSIONS / "fieldlogs")
    with view_of(FieldworkView, imported, qtbot) as made:
        figures = made.page("figures")
        qtbot.waitUntil(lambda: figures.table.model.rowCount() > 0, timeout=120000)
        agreement = made.show_page("agreement")
        qtbot.waitUntil(lambda: agreement.tables["counts"].model.rowCount() > 0, timeout=120000)
        plan = made.show_page("plan")
        qtbot.waitUntil(lambda: "No plan yet" in plan.plot.message, timeout=120000)
        plan.use_plan(SESSIONS / "fieldlogs" / "plan.png")
        plan.placing.setChecked(True)
        plan.which.setCurrentIndex(plan.which.findData("C1"))
        QTest.mouseClick(
            plan.canvas, Qt.MouseButton.LeftButton, pos=plan.canvas.to_widget(210, 210).toPoint()
        )
        assert plan.places["C1"] == pytest.approx((210, 210), abs=2)
        made._document.undo_stack.undo()
        assert plan.places == {}
        made._document.undo_stack.redo()
        plan.placing.setChecked(False)
        qtbot.waitUntil(lambda: not plan.plot.image.isNull(), timeout=120000)
