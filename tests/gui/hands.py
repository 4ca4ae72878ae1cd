"""What a person does with mouse and keyboard, for tests that drive the whole program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from gazestudy_gui.document import StudyDocument
from PyQt6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QTableWidget, QWidget

V = TypeVar("V", bound=QWidget)
LEFT = Qt.MouseButton.LeftButton
_NONE = Qt.KeyboardModifier.NoModifier


def shown(kind: type) -> QWidget:
    """Return the newest window of a class that can be seen."""
    found = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]
    assert found, f"no {kind.__name__} on show"
    return found[-1]


@contextmanager
def view_of(
    kind: Callable[[StudyDocument], V], study: Path, qtbot, size_px: tuple[int, int] = (900, 900)
) -> Iterator[V]:
    """Open a study and show one view of it alone; both are closed at the end."""
    document = StudyDocument.open(study)
    made = kind(document)
    made.resize(*size_px)
    try:
        with qtbot.waitExposed(made):
            made.show()
        yield made
    finally:
        made.shut_down()
        made.close()
        document.close()
        made.deleteLater()
        document.deleteLater()


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """Click what can be seen and is enabled."""
    assert widget.isVisible(), f"{widget.accessibleName() or widget.objectName() or widget} is not on show"
    assert widget.isEnabled(), f"{widget.accessibleName() or widget.objectName() or widget} is disabled"
    if isinstance(widget, QAbstractButton) and at is None:
        at = QPoint(min(10, widget.width() // 2), widget.height() // 2)  # where its square or circle is
    QTest.mouseClick(widget, LEFT, _NONE, at or widget.rect().center())


def type_text(widget: QWidget, text: str) -> None:
    """Type, in whatever script; `QTest.keyClicks` ends the process at letters beyond Latin-1."""
    for letter in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(widget, QKeyEvent(kind, 0, _NONE, letter))


def bring_forward(window: QWidget, qtbot) -> None:
    """Make a window the one that gets the keys."""
    window.raise_()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5_000)


def press(window, name: str, qtbot) -> None:
    """Press the shortcut of a command."""
    action = window.book.actions[name]
    assert action.isEnabled(), f"{name} is disabled"
    assert not action.shortcut().isEmpty(), f"{name} has no shortcut"
    bring_forward(window, qtbot)
    QTest.keySequence(QApplication.focusWidget() or window, action.shortcut())


def choose(window, name: str, qtbot) -> None:
    """Open the menu of a command by mouse and click the command."""
    bring_forward(window, qtbot)
    action, bar = window.book.actions[name], window.menuBar()
    menu = next(one.menu() for one in bar.actions() if action in one.menu().actions())
    QTest.mouseClick(bar, LEFT, _NONE, bar.actionGeometry(menu.menuAction()).center())
    qtbot.waitUntil(menu.isVisible, timeout=5_000)
    QTest.mouseClick(menu, LEFT, _NONE, menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: not menu.isVisible(), timeout=5_000)


def drop(window: QWidget, paths: Iterable[Path]) -> None:
    """Drag files and folders onto a window and let them go."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, at = Qt.DropAction.CopyAction, window.rect().center()
    enter = QDragEnterEvent(at, copy, data, LEFT, _NONE)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted(), "nothing can be dropped here"
    QApplication.sendEvent(window, QDropEvent(QPointF(at), copy, data, LEFT, _NONE))


def drag(widget: QWidget, start: QPointF, end: QPointF) -> None:
    """Press, move and release the mouse."""
    half = (start + end) / 2
    QTest.mousePress(widget, LEFT, _NONE, start.toPoint())
    for point in (half, end):
        QTest.mouseMove(widget, point.toPoint())
    QTest.mouseRelease(widget, LEFT, _NONE, end.toPoint())


def type_into_cell(table: QTableWidget, row: int, column: int, text: str) -> None:
    """Click a cell and type."""
    rect = table.visualItemRect(table.item(row, column))
    QTest.mouseClick(table.viewport(), LEFT, _NONE, rect.center())
    editor = next(one for one in table.findChildren(QLineEdit) if one.isVisible())
    editor.selectAll()
    type_text(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.sendPostedEvents()  # Qt takes what was typed a moment later; nobody clicks before that


def when_asked(kind: type, does: Callable[[QWidget], None], owner: QWidget) -> QTimer:
    """Answer a dialog that waits for an answer, as soon as it is there."""
    timer = QTimer(owner)

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, kind) and dialog.isVisible():
            timer.stop()
            timer.deleteLater()
            does(dialog)

    timer.timeout.connect(look)
    timer.start(20)
    return timer


def finished(window, qtbot, timeout: int = 1_800_000):
    """Wait for the newest job, and that it went well."""
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=timeout)
    assert job.state == "done", job.error + job.details
    return job
