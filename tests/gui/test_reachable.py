"""Every window, dock and dialog by keyboard alone: all that can be used has a name, Tab gets everywhere and out."""

from __future__ import annotations

import pytest
from gazestudy_gui.views.fieldwork import FieldworkView
from gazestudy_gui.views.placement_facets import FacetsDialog
from gazestudy_gui.views.placements import PlacementsView
from gazestudy_gui.views.registry import VIEWS
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTabBar,
    QTableWidget,
    QWidget,
)

from tests.gui.conftest import SESSIONS
from tests.gui.hands import view_of

TAB = Qt.FocusPolicy.TabFocus
SECTIONS = 8  # of a date and time, through which Tab goes before it leaves


def usable(root: QWidget) -> list[QWidget]:
    """What of a window Tab should reach: visible, enabled, and with a focus of its own."""
    found = []
    for one in root.findChildren(QWidget):
        if not (one.isVisible() and one.isEnabled() and one.window() is root.window()):
            continue
        if not one.focusPolicy() & TAB or one.focusProxy() is not None:
            continue
        inside_box = isinstance(one.parent(), QComboBox | QAbstractSpinBox) and isinstance(one, QLineEdit)
        of_qt = one.objectName().startswith("qt_") or isinstance(one.parent(), QTabBar)
        if inside_box or of_qt or isinstance(one, QScrollArea):
            continue
        found.append(one)
    return found


def told(widget: QWidget) -> str:
    """What a reader of the screen says of a widget."""
    text = widget.accessibleName()
    if not text and isinstance(widget, QAbstractButton):
        text = widget.text()
    if not text and isinstance(widget, QGroupBox):
        text = widget.title()
    if not text and isinstance(widget, QTabBar):
        text = " ".join(widget.tabText(number) for number in range(widget.count()))
    if not text:
        labels = widget.window().findChildren(QLabel)
        text = next((one.text() for one in labels if one.buddy() is widget), "")
    return text


def name(widget: QWidget) -> str:
    """What a test says of a widget."""
    return f"{type(widget).__name__} {told(widget)!r} in {type(widget.parent()).__name__}"


def owner(widget: QWidget | None, wanted: list[QWidget]) -> QWidget | None:
    """Which of the widgets has the focus: the edit of a box is the box."""
    while widget is not None and widget not in wanted:
        widget = widget.parentWidget()
    return widget


def steps_inside(widget: QWidget | None) -> int:
    """How often Tab may be pressed before it has to leave: once, or once for each part or cell."""
    if isinstance(widget, QTableWidget) and widget.tabKeyNavigation():
        return 1 + widget.rowCount() * widget.columnCount()
    return SECTIONS if isinstance(widget, QDateTimeEdit) else 1


def walk(root: QWidget, key: Qt.Key, times: int) -> list[QWidget]:
    """Leave widgets by Tab (or Shift+Tab) as a person does, and return who had the focus."""
    wanted, visited = usable(root), []
    for _ in range(times):
        before = QApplication.focusWidget()
        for _ in range(steps_inside(before)):
            QTest.keyClick(QApplication.focusWidget() or root.window(), key)
            if QApplication.focusWidget() is not before:
                break
        now = QApplication.focusWidget()
        assert now is not before or len(wanted) < 2, f"Tab does not leave {name(now) if now else root}"
        visited.append(owner(now, wanted))
    return [one for one in visited if one is not None]


def check(root: QWidget, qtbot) -> None:
    """Check one window, dock or dialog."""
    window = root.window()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5_000)
    wanted = usable(root)
    nameless = [name(one) for one in wanted if not told(one).strip()]
    assert nameless == []
    if not wanted:
        return
    wanted[0].setFocus(Qt.FocusReason.TabFocusReason)
    rounds = len(usable(window)) + 10
    seen = [wanted[0], *walk(root, Qt.Key.Key_Tab, rounds)]
    # of radio buttons, and of buttons of which one is down, Tab reaches the chosen one and arrows the others
    alone = [one for one in wanted if not (isinstance(one, QAbstractButton) and one.autoExclusive())]
    alone = [one for one in alone if not (isinstance(one, QAbstractButton) and one.group() is not None)]
    assert [name(one) for one in alone if one not in seen] == []
    assert walk(root, Qt.Key.Key_Backtab, rounds), "Shift+Tab goes nowhere"


@pytest.fixture
def window(desk, sample, qtbot):
    opened = desk.open(sample)
    qtbot.waitExposed(opened)
    opened.resize(1500, 980)
    opened.view("tree").select("recording", "p01-1")
    qtbot.waitUntil(lambda: not opened.view("player").video.image.isNull(), timeout=30_000)
    return opened


@pytest.mark.parametrize("view", [spec.id for spec in VIEWS])
def test_a_dock(window, qtbot, view):
    for spec in VIEWS:
        window.docks[spec.id].setVisible(spec.id == view)
    shown = window.show_view(view)
    if view == "review":
        qtbot.waitUntil(lambda: shown.is_ready, timeout=60_000)
    elif view == "interviews":
        qtbot.waitUntil(lambda: shown.talks is not None, timeout=30_000)
    QApplication.processEvents()
    check(window.docks[view], qtbot)
    for tabs in shown.findChildren(QTabBar):  # each page of a view
        for number in range(tabs.count()):
            if tabs.isVisible() and tabs.isTabEnabled(number):
                tabs.setCurrentIndex(number)
                QApplication.processEvents()
                check(window.docks[view], qtbot)


@pytest.mark.parametrize("protocol", ["station_point_observation", "dwell_and_queue", "focal_follow"])
def test_the_live_logger(imported, qtbot, protocol):
    with view_of(FieldworkView, imported, qtbot, (1100, 900)) as shown:
        page = shown.show_page("live")
        page.which.choose_with(lambda one: one.id == protocol)
        page.head.show_answers(dict.fromkeys(page.head.fields, "1"))
        for field in page.head.fields.values():
            if isinstance(field, QComboBox) and not field.isEditable():
                field.setCurrentIndex(1)
        page.faces.item(0).setCheckState(Qt.CheckState.Checked)
        page.start()
        assert page.panel is not None, page.message.text()
        assert page.panel.counters or page.panel.states
        check(shown, qtbot)
        page.stop()
        if page.session is not None:  # the questions at the end
            check(shown, qtbot)


def test_the_dialogs_of_a_wrap(imported, qtbot, monkeypatch):
    pictures = [str(path) for path in sorted(SESSIONS.glob("placements/*.jpg"))[:2]]
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileNames", lambda *_a: (pictures, "")
    )
    with view_of(PlacementsView, imported, qtbot) as shown:
        for ask in (shown.ask_facets, shown.add_wrap):
            ask()
            (dialog,) = [one for one in shown.findChildren(QDialog) if one.isVisible()]
            if isinstance(dialog, FacetsDialog):
                dialog.cut()
            else:
                ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
                qtbot.waitUntil(ok.isEnabled)
            check(dialog, qtbot)
            dialog.reject()
            qtbot.waitUntil(lambda: not [one for one in shown.findChildren(QDialog) if one.isVisible()])


def dialogs(window, qtbot, monkeypatch):
    """Every dialog that a command opens without asking the system for a file."""
    placements = window.view("placements")
    pictures = sorted(SESSIONS.glob("placements/corridor-screen*.jpg"))
    monkeypatch.setattr(
        "gazestudy_gui.views.placements.QFileDialog.getOpenFileName", lambda *_: (str(pictures[0]), "")
    )
    screen = next(one.id for one in window.document.study.placements() if one.kind == "digital")
    placements.choose(screen)
    placements.canvas.drawn.emit([(10, 10), (90, 10), (90, 90)])
    yield from (
        "help.commands", "help.shortcuts", "player.clock", "placement.schedule", "placement.straighten",
        "placement.grab", "aoi.copy", "file.import",
    )  # fmt: skip


def test_dialogs(window, qtbot, monkeypatch):
    for command in dialogs(window, qtbot, monkeypatch):
        before = set(QApplication.topLevelWidgets())
        window.book.actions[command].trigger()
        fresh = [
            one for one in QApplication.topLevelWidgets()
            if one not in before and isinstance(one, QDialog) and one.isVisible()
        ]  # fmt: skip
        assert fresh, f"{command} shows nothing"
        QApplication.processEvents()
        check(fresh[0], qtbot)
        fresh[0].reject()


def test_the_start_window(desk, qtbot):
    start = desk.show_start()
    qtbot.waitExposed(start)
    check(start, qtbot)
