"""The window of a study: docks, menus, status bar. It only builds and connects."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PyQt6.QtCore import QEvent, QObject, QRunnable, QSize, Qt, QThreadPool, QTimer, QUrl, pyqtSignal
from PyQt6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QResizeEvent,
    QShowEvent,
)
from PyQt6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QMessageBox,
    QStyle,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui import preferences, theme
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.jobs import Order
from gazestudy_gui.study_commands import StudyCommands
from gazestudy_gui.thrift import give_back
from gazestudy_gui.trouble import tell, tell_failure
from gazestudy_gui.views.registry import VIEWS
from gazestudy_gui.words import LANGUAGES, tr

MENUS = ("&File", "&Edit", "&Analyse", "&Placements", "&Mapping", "&Playback", "&View", "&Help")
_STATE = "study window"
_LAYOUT_VERSION = 4
_LEFT_SHARE, _LEFT_LEAST_EM, _LEFT_EM, _ASIDE_EM = 0.25, 21, 42, 29
_NO_LIMIT = (1 << 24) - 1  # of Qt
_SECOND_MS = 4000


class StudyWindow(QMainWindow):
    """Everything about one open study.

    Parameters
    ----------
    document : StudyDocument
        The study; the window closes it.
    """

    wants_start = pyqtSignal()
    wants_language = pyqtSignal(str)
    wants_scheme = pyqtSignal(str)
    wants_backup = pyqtSignal(object)
    """Return to this backup."""
    closed = pyqtSignal()
    _share_read = pyqtSignal(str, object)

    def __init__(self, document: StudyDocument) -> None:
        super().__init__()
        self.document = document
        document.setParent(self)
        self.setObjectName("study window")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.book = ActionBook(self, MENUS)
        self.docks: dict[str, QDockWidget] = {}
        self._holders: dict[str, _Holder] = {}
        self.views: dict[str, QWidget] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._stop_reading = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._give_sizes)
        self._kept = QTimer(self)
        self._kept.setSingleShot(True)
        self._kept.timeout.connect(self._keep_left)
        self._tidied = QTimer(self)  # once Qt has moved everything
        self._tidied.setSingleShot(True)
        self._tidied.timeout.connect(self._tidy)
        self._looked = QTimer(self)  # once docks are where they stay
        self._looked.setSingleShot(True)
        self._looked.timeout.connect(self._make_what_is_seen)
        self._soon = QTimer(self)  # after everybody has heard of a change
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._read_shares)
        self._left_px = 0
        self._make_docks()
        self._make_actions()
        self._make_status()
        self._restore()
        document.changed.connect(self._on_changed)
        document.selected.connect(self._on_selected)
        document.trouble.connect(lambda error: tell(self, error))
        document.jobs.over.connect(self._on_job_over)
        document.jobs.added.connect(lambda _job: self.show_view("jobs"))
        self._share_read.connect(self._on_share)
        self._title()
        self.book.allow_writing(not document.read_only)
        self.commands.look_for_videos(self._pool)

    def view(self, name: str) -> QWidget:
        """Return a view, made if it was not looked at yet."""
        if name not in self.views:
            spec = next(one for one in VIEWS if one.id == name)
            view = spec.make(self.document)
            view.setObjectName(f"view {name}")
            self.views[name] = view
            self._holders[name].hold(view)
            if name == "tree":
                self.commands.give_menu(view.view)  # type: ignore[attr-defined]
                self._soon.start(0)
            if hasattr(view, "add_actions"):
                view.add_actions(self.book)
                self.book.allow_writing(not self.document.read_only)
            if self.document.selection[0]:
                self.document.selected.emit(*self.document.selection)
        return self.views[name]

    def show_view(self, name: str) -> QWidget:
        """Bring a view to the front."""
        view = self.view(name)
        self.docks[name].show()
        self.docks[name].raise_()
        return view

    def import_paths(self, paths: list[Path]) -> None:
        """Open the import wizard, on some files and folders."""
        from gazestudy_gui.wizard.window import ImportWizard

        wizard = ImportWizard(self.document, paths, self)
        wizard.open()

    def run_everything(self) -> None:
        """Bring all results up to date."""
        order = Order(tr("Run everything"), "gazestudy_gui.tasks:run_recordings", self.document.writing())
        self.document.submit(order, changes=("results",))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take folders and files."""
        data = event.mimeData() if event is not None else None
        if event is not None and data is not None and data.hasUrls() and not self.document.read_only:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Import what is dropped."""
        data = event.mimeData() if event is not None else None
        if event is not None and data is not None:
            paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
            event.acceptProposedAction()
            if paths:
                self.import_paths(paths)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Remember the docks, end jobs and give the study back."""
        if event is None:
            return
        if self.document.jobs.is_busy and not self._may_stop_jobs():
            event.ignore()
            return
        preferences.remember_window(_STATE, self.saveGeometry(), self.saveState(_LAYOUT_VERSION))
        for view in self.views.values():
            if hasattr(view, "shut_down"):
                view.shut_down()
        self._stop_reading = True
        self._soon.stop()
        for timer in (self._settle, self._kept, self._looked, self._tidied):
            timer.stop()
        self._pool.clear()
        self._pool.waitForDone()
        self.document.close()
        event.accept()
        self.closed.emit()

    def _may_stop_jobs(self) -> bool:
        answer = QMessageBox.question(
            self,
            tr("A job is running"),
            tr("Stop it and close the study? Steps that are finished are kept."),
        )
        return answer == QMessageBox.StandardButton.Yes

    def _make_docks(self) -> None:
        for spec in VIEWS:
            dock = QDockWidget(tr(spec.title), self)
            dock.setObjectName(f"dock {spec.id}")
            dock.setAccessibleName(tr(spec.title))
            self.docks[spec.id] = dock
            holder = self._holders[spec.id] = _Holder(dock)
            dock.setWidget(holder)
            dock.visibilityChanged.connect(self._on_dock)
            dock.topLevelChanged.connect(lambda _floats, dock=dock: self._limit(dock))
            dock.dockLocationChanged.connect(lambda _area, dock=dock: self._limit(dock))
        self.docks["tree"].installEventFilter(self)
        self._arrange()
        self._at_first = self.saveState(_LAYOUT_VERSION)

    def _limit(self, dock: QDockWidget) -> None:
        """Have what is on the left stay narrow when the window grows; the rest is for pictures and tables."""
        is_left = self._is_left(dock)
        dock.setMaximumWidth(_LEFT_EM * self.fontMetrics().height() if is_left else _NO_LIMIT)
        self._tidied.start(0)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """See how wide a person drags the tree."""
        is_size = event is not None and event.type() == QEvent.Type.Resize
        is_dragged = QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton
        if is_size and is_dragged and isinstance(watched, QDockWidget):
            self._left_px = watched.width()
        return False

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give what a window grows to pictures and tables, not to the tree."""
        super().resizeEvent(event)
        self._kept.start(0)  # now Qt would not heed it

    def _keep_left(self) -> None:
        left = [dock for dock in self.docks.values() if self._is_left(dock)]
        others = [dock for dock in self.docks.values() if dock not in left and dock.isVisible()]
        tree = self.docks["tree"]
        if self._left_px and tree in left and tree.isVisible() and others:
            self._give_widths(self._left_px, others[0])
        self._left_px = self._left_px or tree.width()

    def _give_widths(self, left: int, other: QDockWidget) -> None:
        style = self.style()
        assert style is not None
        edge = style.pixelMetric(QStyle.PixelMetric.PM_DockWidgetSeparatorExtent)
        docks, sizes = [self.docks["tree"], other], [left, self.width() - left - edge]
        aside = self.docks["interviews"]
        if other is not aside and aside.isVisible() and not aside.isFloating() and not self._is_left(aside):
            wanted = min(aside.width(), _ASIDE_EM * self.fontMetrics().height())
            docks, sizes = [*docks, aside], [left, sizes[1] - wanted - edge, wanted]
        self.resizeDocks(docks, sizes, Qt.Orientation.Horizontal)  # Qt heeds one alone never

    def _is_left(self, dock: QDockWidget) -> bool:
        return not dock.isFloating() and self.dockWidgetArea(dock) == Qt.DockWidgetArea.LeftDockWidgetArea

    def _on_dock(self, visible: bool) -> None:
        self._tidied.start(0)
        self._kept.start(0)
        if visible:
            self._looked.start(0)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Make the views that can be seen."""
        super().showEvent(event)
        self._looked.start(0)

    def _make_what_is_seen(self) -> None:
        """Make the views in front; those behind another tab wait until somebody looks at them."""
        for name, dock in self.docks.items():
            if name not in self.views and dock.isVisible() and not dock.visibleRegion().isEmpty():
                self.view(name)

    def _arrange(self) -> None:
        """Put the docks where they are at first."""
        areas = Qt.DockWidgetArea
        first: dict[str, QDockWidget] = {}
        later: list[tuple[str, QDockWidget]] = []
        for spec in VIEWS:
            dock = self.docks[spec.id]
            dock.setFloating(False)
            if spec.area in first:
                later.append((spec.area, dock))
                continue
            first[spec.area] = dock
            if spec.area == "left":
                self.addDockWidget(areas.LeftDockWidgetArea, dock)
            elif spec.area == "under":
                self.splitDockWidget(first["left"], dock, Qt.Orientation.Vertical)
            elif spec.area == "below":
                self.splitDockWidget(first["main"], dock, Qt.Orientation.Vertical)
            elif spec.area == "right":
                self.splitDockWidget(first["main"], dock, Qt.Orientation.Horizontal)
            else:
                self.addDockWidget(areas.RightDockWidgetArea, dock)
        for area, dock in later:  # a dock that has tabs can no longer be split
            self.tabifyDockWidget(first[area], dock)
        for spec in VIEWS:
            self.docks[spec.id].setVisible(spec.shown)
        self.setCorner(Qt.Corner.BottomLeftCorner, areas.LeftDockWidgetArea)
        for dock in first.values():
            dock.raise_()

    def _reset(self) -> None:
        """Put the docks where they were at first."""
        for dock in self.docks.values():
            dock.setFloating(False)
        self.restoreState(self._at_first, _LAYOUT_VERSION)
        self._settle.start(0)

    def _give_sizes(self) -> None:
        """Give the docks the sizes they have at first."""
        em, docks = self.fontMetrics().height(), self.docks
        left = min(max(_LEFT_LEAST_EM * em, round(_LEFT_SHARE * self.width())), _LEFT_EM * em)
        self._left_px = left
        self._give_widths(left, docks["player"])
        self.resizeDocks([docks["tree"], docks["details"]], [36 * em, 20 * em], Qt.Orientation.Vertical)
        self.resizeDocks([docks["player"], docks["timeline"]], [36 * em, 20 * em], Qt.Orientation.Vertical)
        self._tidied.start(0)

    def _tidy(self) -> None:
        """Hide tab bars that Qt forgets when docks are put elsewhere (Qt 6.11); the latest one counts."""
        groups = []
        for dock in self.docks.values():
            group = {dock, *self.tabifiedDockWidgets(dock)}
            groups.append({one.windowTitle() for one in group if not one.isHidden()})
        seen: list[set[str]] = []
        for bar in reversed(self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)):
            titles = {bar.tabText(number) for number in range(bar.count())}
            if titles in groups and titles not in seen:
                seen.append(titles)
            else:
                bar.hide()

    def _make_actions(self) -> None:
        from gazestudy_gui.command_list import CommandList, ShortcutTable

        add, spec = self.book.add, ActionSpec
        add(spec("file.import", "&File", "&Import recordings …", "Ctrl+I", "Bring recordings into the study",
                 writes=True), lambda: self.import_paths([]))  # fmt: skip
        add(spec("file.backup", "&File", "Make a &backup now", "Ctrl+B",
                 "Copy what people edited into the backups folder", writes=True), self._back_up)  # fmt: skip
        add(spec("file.check", "&File", "Chec&k all files", "Ctrl+Shift+K",
                 "Compare every file of the study with its hash"), self._check)  # fmt: skip
        self.commands = StudyCommands(self)
        add(spec("file.folder", "&File", "Show study &folder", "Ctrl+Shift+O"), self._show_folder)
        add(spec("file.start", "&File", "&Other study …", "Ctrl+O", separated=True), self.wants_start.emit)
        add(spec("file.close", "&File", "&Close", "Ctrl+W"), self.close)
        undo = self.document.undo_stack.createUndoAction(self, tr("&Undo"))
        redo = self.document.undo_stack.createRedoAction(self, tr("&Redo"))
        assert undo is not None and redo is not None
        self.book.adopt(spec("edit.undo", "&Edit", "&Undo", "Ctrl+Z"), undo)
        self.book.adopt(spec("edit.redo", "&Edit", "&Redo", "Ctrl+Shift+Z"), redo)
        add(spec("analyse.run", "&Analyse", "&Run everything", "Ctrl+R",
                 "Detect, map and measure whatever is missing or out of date", writes=True),
            self.run_everything)  # fmt: skip
        for number, one in enumerate(VIEWS):
            add(spec(f"view.{one.id}", "&View", one.title, one.keys, separated=number == 0),
                partial(self._focus, one.id))  # fmt: skip
        add(spec("view.reset", "&View", "Docks as at first", "Ctrl+Shift+D", separated=True), self._reset)
        for scheme, text, keys in (
            ("", "Colours as the system", "Ctrl+Alt+S"),
            ("light", "Light colours", "Ctrl+Alt+L"),
            ("dark", "Dark colours", "Ctrl+Alt+D"),
        ):
            add(spec(f"view.scheme.{scheme or 'system'}", "&View", text, keys, separated=not scheme),
                partial(self.wants_scheme.emit, scheme))  # fmt: skip
        for number, (code, name) in enumerate(LANGUAGES.items()):
            add(spec(f"view.language.{code}", "&View", name, f"Ctrl+Alt+{number + 1}", separated=number == 0),
                partial(self.wants_language.emit, code))  # fmt: skip
        add(spec("help.commands", "&Help", "&Commands …", "Ctrl+Shift+P", "Find and run any command"),
            lambda: CommandList(self.book, self).open())  # fmt: skip
        add(spec("help.shortcuts", "&Help", "&Shortcuts …", "F1, Ctrl+/",
                 "All shortcuts, and how to change them"),
            lambda: ShortcutTable(self.book, self).open())  # fmt: skip
        add(spec("help.about", "&Help", "&About gazestudy", "Shift+F1"), self._about)
        for name in ("player", "placements", "heatmaps", "timeline"):
            self.view(name)  # their commands are in the menus before they are looked at
        for one in VIEWS:
            for action in one.actions:
                self.book.promise(action, partial(self._focus, one.id))

    def _make_status(self) -> None:
        self._note = QLabel(self)
        bar = self.statusBar()
        assert bar is not None
        bar.addPermanentWidget(self._note)
        self._note.setText(tr("read-only") if self.document.read_only else tr("every edit is saved at once"))

    def _restore(self) -> None:
        geometry, state = preferences.window_state(_STATE)
        em = self.fontMetrics().height()
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            self.resize(88 * em, 58 * em)
        if state.isEmpty() or not self.restoreState(state, _LAYOUT_VERSION):
            self._settle.start(0)  # sizes count once the window has one

    def _title(self) -> None:
        mark = f" [{tr('read-only')}]" if self.document.read_only else ""
        self.setWindowTitle(f"{self.document.study.name}{mark} — {tr('gazestudy')}")

    def _focus(self, name: str) -> None:
        self.show_view(name).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_changed(self, kind: str) -> None:
        if kind == "study":
            self._title()
        if kind in ("results", "recordings"):
            self._soon.start(0)

    def _on_selected(self, kind: str, _item: str) -> None:
        wanted = {"recording": "player", "placement": "placements", "interview": "interviews"}.get(kind)
        if wanted is not None and self.docks[wanted].isVisible():
            self.docks[wanted].raise_()

    def _on_job_over(self, job: object) -> None:
        from gazestudy_gui.job_dock import state_text
        from gazestudy_gui.jobs import Job

        bar = self.statusBar()
        if isinstance(job, Job) and bar is not None:
            bar.showMessage(f"{job.order.title}: {state_text(job)}", _SECOND_MS)
        if isinstance(job, Job) and job.state == "failed":
            tell_failure(self, job.order.title, job.error, job.details)

    def _read_shares(self) -> None:
        """Read how much of each recording was mapped, in another thread."""
        from gazestudy.pipeline.overview import located_share

        tree = self.views.get("tree")
        if tree is None:
            return
        for name in tree.unknown_shares():  # type: ignore[attr-defined]
            self._pool.start(_Read(lambda name=name: self._read_share(name, located_share)))

    def _read_share(self, name: str, read: object) -> None:
        if self._stop_reading or not callable(read):
            return
        self._share_read.emit(name, read(self.document.study, name))
        give_back()

    def _on_share(self, name: str, share: object) -> None:
        tree = self.views.get("tree")
        if tree is not None:
            tree.set_share(name, share)  # type: ignore[attr-defined]

    def _back_up(self) -> None:
        path = self.document.back_up()
        bar = self.statusBar()
        if bar is not None:
            bar.showMessage(tr("Backup: {name}", name=path.name), _SECOND_MS)

    def _check(self) -> None:
        order = Order(tr("Check all files"), "gazestudy_gui.tasks:check", {"study": str(self.document.path)})
        self.document.submit(order)

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.document.path)))

    def _about(self) -> None:
        from gazestudy import __version__

        QMessageBox.about(
            self,
            tr("About gazestudy"),
            tr("gazestudy {version}\n\nEye tracking and field observation for advertising in stations.\n"
               "Free software under the GPL, version 3 or later.", version=__version__),
        )  # fmt: skip

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the colours of the system."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            theme.theme_plots_if_loaded()
            for view in self.views.values():
                if hasattr(view, "recolour"):
                    view.recolour()


class _Holder(QWidget):
    """What is in a dock from the start, so that no dock changes its size when its view is made."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def hold(self, view: QWidget) -> None:
        """Take the view."""
        self._column.addWidget(view)
        view.show()  # at once, not when Qt next looks at the layout
        self.setFocusProxy(view)

    def sizeHint(self) -> QSize:
        """Return the size it has."""
        em = self.fontMetrics().height()
        return self.size() if self.isVisible() else QSize(20 * em, 8 * em)


class _Read(QRunnable):
    """A small read in another thread."""

    def __init__(self, does: object) -> None:
        super().__init__()
        self._does = does

    def run(self) -> None:
        """Do it."""
        if callable(self._does):
            self._does()
