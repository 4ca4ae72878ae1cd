"""Start window, study window, tree with states, docks that remember themselves, two people and one study."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from gazestudy_gui import preferences, theme
from gazestudy_gui.command_list import CommandList, ShortcutTable
from gazestudy_gui.start_window import NewStudyDialog
from gazestudy_gui.study_tree import COLUMNS, header_text
from gazestudy_gui.views.registry import VIEWS
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QAbstractItemModelTester, QTest
from PyQt6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox, QTabBar

from gazestudy.store import open_study
from tests.gui.hands import bring_forward, press


def top(kind):
    return next(one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible())


def rows(tree, kind) -> list[list[str]]:
    model = tree.model
    return [
        [model.data(index.siblingAtColumn(column)) for column in range(len(COLUMNS))]
        for index in model.indexes()
        if model.node(index).kind == kind
    ]


def test_a_new_study_is_made_and_comes_up_among_the_recent_ones(desk, tmp_path, qtbot):
    start = desk.show_start()
    qtbot.waitExposed(start)
    assert start.empty.isVisible()  # says what to do
    start.new.click()
    dialog = top(NewStudyDialog)
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    assert not ok.isEnabled()
    QTest.keyClicks(dialog.name, "Siam: 2026")
    dialog.place.setText(str(tmp_path))
    assert not ok.isEnabled()
    assert "without" in dialog.result_path.text()
    dialog.name.setText("สยาม 2026")
    assert ok.isEnabled()
    ok.click()
    qtbot.waitUntil(lambda: desk.window is not None)
    assert desk.window.document.path == tmp_path / "สยาม 2026"
    assert not start.isVisible()
    desk.window.close()
    start = desk.show_start()
    assert "สยาม 2026" in start.recent.item(0).text()
    start.recent.itemActivated.emit(start.recent.item(0))
    qtbot.waitUntil(lambda: desk.window is not None)


def test_a_recent_study_that_is_gone_is_greyed_and_can_be_taken_off(
    desk, imported, tmp_path, qtbot, monkeypatch
):
    preferences.remember_study(imported)
    preferences.remember_study(tmp_path / "gone")
    start = desk.show_start()
    qtbot.waitExposed(start)
    gone = start.recent.item(0)
    assert gone.foreground().color() == theme.muted()
    assert "not there any more" in gone.text()
    asked = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *words: asked.append(words) or "")
    row = start.recent.visualItemRect(gone).center()
    start.recent.itemActivated.emit(gone)
    assert len(asked) == 1  # where is it now?
    assert desk.window is None
    QTest.mouseClick(start.recent.viewport(), Qt.MouseButton.LeftButton, pos=row)
    bring_forward(start, qtbot)
    start.recent.setFocus()
    QTest.keyClick(start.recent, Qt.Key.Key_Delete)
    assert preferences.recent_studies() == [imported]


def test_what_is_no_study_is_told(desk, tmp_path, qtbot):
    desk.show_start()
    assert desk.open(tmp_path) is None
    box = top(QMessageBox)
    assert "no study in this folder" in box.informativeText()
    box.close()


def test_the_sample_study_comes_in_as_a_job(desk, tmp_path, qtbot, monkeypatch):
    window = desk.make_sample(tmp_path / "sample")
    job = window.document.jobs.jobs[0]
    qtbot.waitUntil(lambda: job.is_over, timeout=300_000)
    assert job.state == "done", job.error + job.details
    assert len(rows(window.view("tree"), "recording")) == 4
    assert len(rows(window.view("tree"), "placement")) == 12


def test_the_second_person_is_told_who_has_it_and_may_look(desk, imported, qtbot, monkeypatch):
    asked = []

    def answer(box):
        asked.append(box.informativeText())
        next(button for button in box.buttons() if "read-only" in button.text()).click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    with open_study(imported):
        window = desk.open(imported)
        assert "open for writing by" in asked[0]
        assert window.document.read_only
        assert "[read-only]" in window.windowTitle()
        assert not window.book.actions["file.import"].isEnabled()
        assert window.book.actions["file.check"].isEnabled()
        window.close()


def test_a_study_on_a_disk_that_can_only_be_read_is_offered_for_looking(desk, imported, qtbot, monkeypatch):
    real, asked = Path.open, []

    def refuses(path, mode="r", *words, **options):
        if path.name == "study.lock" and set(mode) & set("wxa+"):
            raise PermissionError(13, "Read-only file system", str(path))
        return real(path, mode, *words, **options)

    def answer(box):
        asked.append(box.text() + box.informativeText())
        next(button for button in box.buttons() if "read-only" in button.text()).click()

    monkeypatch.setattr(Path, "open", refuses)
    monkeypatch.setattr(QMessageBox, "exec", answer)
    window = desk.open(imported)
    assert len(asked) == 1
    assert "cannot be edited" in asked[0]
    assert window.document.read_only
    window.view("tree").select("recording", "p01-1")
    qtbot.waitUntil(lambda: not window.view("player").video.image.isNull(), timeout=30_000)


def test_the_second_person_may_also_leave_it(desk, imported, qtbot, monkeypatch):
    monkeypatch.setattr(
        QMessageBox, "exec", lambda box: box.button(QMessageBox.StandardButton.Cancel).click()
    )
    with open_study(imported):
        assert desk.open(imported) is None


def test_the_tree_shows_states_in_words_and_share(desk, sample, qtbot):
    window = desk.open(sample)
    tree = window.view("tree")
    QAbstractItemModelTester(tree.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.waitUntil(lambda: "%" in rows(tree, "recording")[0][4], timeout=20_000)
    first = rows(tree, "recording")[0]
    assert first[0].startswith("p01-1")
    assert first[1] == "✓"  # imported; the day is its tip
    when = tree.model.find("recording", "p01-1").siblingAtColumn(1)
    assert tree.model.data(when, Qt.ItemDataRole.ToolTipRole).startswith("20")
    assert first[3] == "✓"  # detected
    assert first[2] == ""  # no clock was aligned
    index = tree.model.find("recording", "p01-1").siblingAtColumn(2)
    said = tree.model.data(index, Qt.ItemDataRole.AccessibleTextRole)
    assert said == f"{header_text(2)}: no"  # never by colour or sign alone
    assert rows(tree, "session")
    assert [row[0] for row in rows(tree, "point")] == ["Point C1", "Point H2"]


def test_the_tree_follows_edits_and_keeps_what_was_open(desk, imported, qtbot):
    from gazestudy_gui.commands import RemoveRecording, SetSegment

    window = desk.open(imported)
    tree = window.view("tree")
    stations = tree.model.index(1, 0)
    tree.view.setExpanded(stations, False)
    tree.select("recording", "p01-1")
    window.document.edit(SetSegment("P01", "regular"))
    assert rows(tree, "participant")[0][0] == "P01  (regular)"
    assert not tree.view.isExpanded(tree.model.index(1, 0))
    assert tree.model.node(tree.view.currentIndex()).id == "p01-1"
    window.document.edit(RemoveRecording("p01-1"))
    assert rows(tree, "recording") == []
    window.document.undo_stack.undo()
    assert len(rows(tree, "recording")) == 1


def test_other_words_in_the_same_lines_choose_nothing_again(desk, imported):
    from gazestudy_gui.commands import SetSegment

    window = desk.open(imported)
    tree = window.view("tree")
    tree.select("recording", "p01-1")
    chosen, told, made_anew = [], [], []
    window.document.selected.connect(lambda *one: chosen.append(one))
    tree.model.dataChanged.connect(lambda first, _last: told.append(tree.model.node(first).id))
    tree.model.modelReset.connect(lambda: made_anew.append(1))
    window.document.edit(SetSegment("P01", "regular"))
    assert (chosen, told, made_anew) == ([], ["P01"], [])
    assert [row[0] for row in rows(tree, "participant")] == ["P01  (regular)"]


def test_an_empty_study_says_what_to_do(desk, tmp_path, qtbot):
    window = desk.make(tmp_path / "new", "New")
    qtbot.waitExposed(window)
    tree = window.view("tree")
    assert tree.empty.isVisible()
    assert "Import recordings" in tree.empty.text()
    assert "Choose a recording" in window.view("player").video.message


def test_details_are_edited_in_place_with_undo(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    details = window.view("details")
    window.view("tree").select("participant", "P01")
    field = details.fields["Segment"]
    field.setText("ประจำ")
    field.editingFinished.emit()
    assert window.document.study.participants()[0].segment == "ประจำ"
    window.document.undo_stack.undo()
    assert details.fields["Segment"].text() == "visitor"


def test_a_field_that_is_left_by_keyboard_or_mouse_is_kept_and_the_program_lives(desk, imported, qtbot):
    """What is typed is taken as the field loses the focus, when the form is made anew."""
    window = desk.open(imported)
    qtbot.waitExposed(window)
    bring_forward(window, qtbot)
    details, player = window.show_view("details"), window.view("player")
    window.view("tree").select("participant", "P01")
    for number, leave in enumerate(
        (
            lambda field: QTest.keyClick(field, Qt.Key.Key_Tab),
            lambda _field: player.setFocus(),
            lambda field: QTest.keyClick(field, Qt.Key.Key_Return),
            lambda _field: press(window, "view.tree", qtbot),
        )
    ):
        field = details.fields["Segment"]
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, f"group {number}")
        leave(field)
        QApplication.sendPostedEvents(None, 52)  # what is to be deleted is deleted
        assert window.document.study.participants()[0].segment == f"group {number}"


def test_a_number_that_is_none_is_told_and_put_back(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    place = window.document.study.placements()[0]
    window.view("tree").select("placement", place.id)
    field = window.view("details").fields["Width, mm"]
    field.setText("wide")
    field.editingFinished.emit()
    top(QMessageBox).close()
    assert window.document.study.placement(place.id) == place


def test_docks_remember_where_they_were(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    QApplication.processEvents()
    window.docks["problems"].hide()
    window.docks["details"].setFloating(True)
    window.close()
    window = desk.open(imported)
    qtbot.waitExposed(window)
    QApplication.processEvents()
    assert window.docks["problems"].isHidden()
    assert window.docks["details"].isFloating()
    window.book.actions["view.reset"].trigger()
    assert not window.docks["problems"].isHidden()
    assert not window.docks["details"].isFloating()


def bars_of(window) -> list[set[str]]:
    """What stands on the tab bars of the docks that are on show."""
    bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [{bar.tabText(number) for number in range(bar.count())} for bar in bars if bar.isVisible()]


def test_docks_as_at_first_leave_no_tab_bar_behind(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    main = {"Player", "Placements and AOIs", "Heatmaps", "Mapping review", "Fieldwork", "Results"}
    expected = [main, {"Details", "Jobs", "Problems"}]

    def is_tidy():
        return sorted(map(sorted, bars_of(window))) == sorted(map(sorted, expected))

    qtbot.waitUntil(is_tidy, timeout=5_000)
    before = window.size()
    for _ in range(2):
        window.docks["heatmaps"].setFloating(True)
        window.docks["timeline"].close()
        window.show_view("interviews")
        QApplication.processEvents()
        window.book.actions["view.reset"].trigger()
        qtbot.waitUntil(is_tidy, timeout=5_000)
        assert window.size() == before
        assert not window.docks["heatmaps"].isFloating()
        assert window.docks["timeline"].isVisible()
        assert window.docks["interviews"].isHidden()


def test_no_dock_changes_its_size_when_a_view_is_made(desk, imported, qtbot):
    window = desk.open(imported)
    window.resize(1600, 1000)
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: not window._settle.isActive() and "details" in window.views)
    QApplication.processEvents()
    sizes = {name: window.docks[name].size() for name in ("tree", "player", "timeline", "details")}
    for name in ("problems", "details", "fieldwork", "player"):
        window.show_view(name)
        QApplication.processEvents()
    assert {name: window.docks[name].size() for name in sizes} == sizes


def test_every_action_is_in_a_menu_and_no_shortcut_is_taken_twice(desk, imported):
    window = desk.open(imported)
    in_menus = {action for menu in window.book._menus.values() for action in menu.actions()}
    assert set(window.book.actions.values()) <= in_menus
    assert [name for name, one in window.book.actions.items() if one.shortcut().isEmpty()] == []
    taken: dict[str, str] = {}
    for name, action in window.book.actions.items():
        spec = window.book.specs[name]
        keys = action.shortcut().toString()
        scope = spec.menu if spec.local else ""
        assert (keys, scope) not in taken, f"{name} and {taken[keys, scope]}"
        taken[keys, scope] = name
    before = dict(window.book.actions)
    assert not {"review", "fieldwork", "results", "interviews"} & set(window.views)
    for spec in VIEWS:
        window.view(spec.id)
    assert window.book.actions == before  # all were there before a view was looked at


def test_a_command_of_a_view_that_was_never_looked_at_makes_it(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    assert "fieldwork" not in window.views
    window.book.actions["field.sheet"].trigger()
    view = window.views["fieldwork"]
    assert view.isVisible()
    assert view.pages.currentIndex() == 4
    window.book.actions["field.live"].trigger()
    assert view.pages.currentIndex() == 3


def test_the_command_list_finds_and_runs(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.book.actions["help.commands"].trigger()
    palette = top(CommandList)
    QTest.keyClicks(palette.search, "back now")
    assert palette.list.topLevelItemCount() == 1
    before = len(list((imported / "backups").glob("*.sqlite")))
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert len(list((imported / "backups").glob("*.sqlite"))) == before + 1
    palette.deleteLater()


def test_shortcuts_are_listed_changed_and_remembered(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.book.actions["help.shortcuts"].trigger()
    table = top(ShortcutTable)
    table.search.setText("run everything")
    row = next(row for row in range(table.table.rowCount()) if not table.table.isRowHidden(row))
    table.table.setCurrentCell(row, 0)
    table.keys.setKeySequence("Ctrl+I")
    table.assign.click()
    assert "Import recordings" in table.note.text()  # taken: nothing changes
    assert window.book.actions["analyse.run"].shortcut().toString() == "Ctrl+R"
    table.keys.setKeySequence("Ctrl+F5")
    table.assign.click()
    table.close()
    table.deleteLater()
    window.close()
    window = desk.open(imported)
    assert window.book.actions["analyse.run"].shortcut().toString() == "Ctrl+F5"
    window.book.set_keys("analyse.run", None)
    assert window.book.actions["analyse.run"].shortcut().toString() == "Ctrl+R"


def test_single_letters_are_for_views_and_may_serve_two_of_them(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.book.actions["help.shortcuts"].trigger()
    dialog = top(ShortcutTable)

    def assign(name, keys):
        rows_ = range(dialog.table.rowCount())
        row = next(row for row in rows_ if dialog.table.item(row, 0).data(Qt.ItemDataRole.UserRole) == name)
        dialog.table.setCurrentCell(row, 0)
        dialog.keys.setKeySequence(keys)
        dialog.assign.click()
        return window.book.actions[name].shortcut().toString()

    for bare in ("Q", "Shift+Q", "5"):
        assert assign("analyse.run", bare) == "Ctrl+R"
        assert "single key" in dialog.note.text()
    assert assign("analyse.run", "F9") == "F9"
    assert assign("player.next_fixation", "W") == "W"
    assert assign("player.next_fixation", "S") == "S"  # the mapping review has it too, and never at one time
    assert assign("player.next_fixation", "Space") == "S"  # taken in the same view
    dialog.close()
    dialog.deleteLater()


def test_shortcuts_are_listed_by_two_keys(desk, imported, qtbot):
    window = desk.open(imported)
    keys = [one.toString() for one in window.book.actions["help.shortcuts"].shortcuts()]
    assert keys == ["F1", "Ctrl+/"]


def test_the_selected_recording_is_removed_and_comes_back(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.view("tree").select("recording", "p01-1")
    assert window.book.actions["edit.remove_recording"] in window.view("tree").view.actions()
    press(window, "edit.remove_recording", qtbot)
    assert window.document.study.recordings() == ()
    assert "p01-1" in window.statusBar().currentMessage()
    press(window, "edit.undo", qtbot)
    assert [one.id for one in window.document.study.recordings()] == ["p01-1"]
    window.view("tree").select("participant", "P01")
    press(window, "edit.remove_recording", qtbot)
    box = top(QMessageBox)
    assert "Choose a recording" in box.informativeText()
    box.close()


def test_a_participant_without_a_recording_is_added_and_taken_back(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    window.book.actions["edit.add_participant"].trigger()
    dialog = top(QInputDialog)
    dialog.setTextValue("P77")
    dialog.accept()
    assert [row[0] for row in rows(window.view("tree"), "participant")] == ["P01  (visitor)", "P77"]
    window.document.undo_stack.undo()
    assert [row[0] for row in rows(window.view("tree"), "participant")] == ["P01  (visitor)"]


def test_closing_while_a_job_runs_asks_first(desk, imported, qtbot, monkeypatch):
    from gazestudy_gui.jobs import Order

    window = desk.open(imported)
    job = window.document.submit(Order("endless", "tests.gui.test_jobs:endless"))
    qtbot.waitUntil(lambda: job.label == "waiting", timeout=20_000)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.No)
    window.close()
    assert desk.window is window
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    window.close()
    assert job.state == "stopped"


def test_a_study_moved_elsewhere_opens(desk, imported, tmp_path):
    moved = shutil.move(imported, tmp_path / "elsewhere")
    window = desk.open(moved if hasattr(moved, "name") else tmp_path / "elsewhere")
    assert window.document.study.recordings()


@pytest.mark.parametrize("name", ["file.check"])
def test_checking_all_files_finds_them_sound(desk, imported, qtbot, name):
    window = desk.open(imported)
    window.book.actions[name].trigger()
    job = window.document.jobs.jobs[0]
    qtbot.waitUntil(lambda: job.is_over, timeout=60_000)
    assert job.state == "done", job.error + job.details
    assert [text for text in job.result if "problem" in text] == []


def test_the_work_has_the_room_and_a_layout_of_before_still_comes_back(desk, imported, qtbot):
    window = desk.open(imported)
    window.resize(1500, 980)
    qtbot.waitExposed(window)
    qtbot.waitUntil(lambda: not window._settle.isActive() and window.docks["player"].width() > 1000)
    assert 0.2 < window.docks["tree"].width() / window.width() < 0.28
    tree = window.view("tree").view
    qtbot.waitUntil(lambda: tree.horizontalScrollBar().maximum() == 0)  # no name of a state is cut
    before = window.docks["tree"].width()
    window.resize(2200, 1200)
    qtbot.waitUntil(lambda: window.docks["player"].width() > 1700)
    assert window.docks["tree"].width() == before
    window.splitDockWidget(window.docks["timeline"], window.docks["jobs"], Qt.Orientation.Vertical)
    window.docks["jobs"].show()
    window.splitDockWidget(window.docks["tree"], window.docks["details"], Qt.Orientation.Vertical)
    window.docks["details"].show()
    window.close()
    again = desk.open(imported)
    assert again.dockWidgetArea(again.docks["jobs"]) == again.dockWidgetArea(again.docks["timeline"])
    assert again.dockWidgetArea(again.docks["details"]) == again.dockWidgetArea(again.docks["tree"])
