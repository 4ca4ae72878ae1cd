"""Goes through every window, dock, dialog and page of the desktop and takes a picture of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from screenshot_camera import RECORDING, ROW, WINDOWS, Camera
from screenshot_stuff import PLACEMENT, odd_table, phone_marks

PERSON = "P01"


class Tour(Camera):
    """One language, one colour scheme, one scale."""

    def take(self, study: Path, temporary: Path) -> None:
        """Open everything once."""
        from gazestudy_gui.app import Desk

        desk = Desk(self._application)
        parts: tuple[tuple[tuple[str, ...], Callable[[], None]], ...] = (
            (("start", "new-study"), lambda: self._start(desk, study, temporary)),
            (("empty",), lambda: self._empty(desk, temporary)),
            (("locked", "read-only"), lambda: self._locked(desk, study)),
            (("study", "dock", "menu"), lambda: self._study(desk, study)),
            (("placements", "timeline"), lambda: self._placements(desk, study)),
            (("results",), lambda: self._results(desk, study)),
            (("fieldwork",), lambda: self._fieldwork(desk, study)),  # its sessions change the results
            (("interviews",), lambda: self._interviews(desk, study)),
            (("dialog",), lambda: self._dialogs(desk, study)),
            (("dialog-clock", "dialog-relink", "player"), lambda: self._moved(desk, study, temporary)),
            (("question",), lambda: self._questions(desk, study)),
            (("import",), lambda: self._import(desk, study, temporary)),
            (("jobs",), lambda: self._jobs(desk, study)),
        )
        for names, does in parts:
            if not self._only or any(only.startswith(name) for only in self._only for name in names):
                does()
        desk.close()
        self._wait(0.1)
        if not self._only and WINDOWS.keys() - self.kept:
            raise RuntimeError(f"no picture of {sorted(WINDOWS.keys() - self.kept)}")

    # ------------------------------------------------------------------ windows

    def _start(self, desk: Any, study: Path, temporary: Path) -> None:
        from gazestudy_gui import preferences
        from gazestudy_gui.start_window import NewStudyDialog

        start = desk.show_start()
        self._wait(0.2)
        self._keep("start-empty", start)
        for path in (temporary / "gone" / "autumn 2025", study):
            preferences.remember_study(path)
        start.refresh()
        self._wait(0.1)
        self._keep("start", start)
        dialog = NewStudyDialog(start)
        dialog.name.setText("สยาม 2026")
        dialog.place.setText(str(Path("/home/researcher/studies")))
        self._dialog("new-study", dialog)

    def _empty(self, desk: Any, temporary: Path) -> None:
        from gazestudy_gui.views.registry import VIEWS

        folder = temporary / "empty"
        shutil.rmtree(folder, ignore_errors=True)
        window = desk.make(folder, "Autumn 2026")
        window.resize(*self._size)
        self._wait(0.6)
        self._keep("empty", window)
        for spec in VIEWS:
            view = window.show_view(spec.id)
            self._idle(view)
            self._keep(f"empty-{spec.id}", view)
        pages = window.view("fieldwork").pages
        for number, name in enumerate(("figures", "plan", "agreement")):
            window.show_view("fieldwork")
            pages.setCurrentIndex(number)
            self._idle(window.view("fieldwork"))
            self._keep(f"empty-fieldwork-{name}", window.view("fieldwork"))
        pages = window.view("results").pages
        for number, name in enumerate(("tables", "funnel", "first-look", "strategy")):
            window.show_view("results")
            pages.setCurrentIndex(number)
            self._idle(window.view("results"))
            self._keep(f"empty-results-{name}", window.view("results"))
        window.close()

    def _locked(self, desk: Any, study: Path) -> None:
        from gazestudy_gui import preferences
        from PyQt6.QtWidgets import QMessageBox

        from gazestudy.store import open_study

        def answer(box: Any) -> int:
            box.show()
            self._wait(0.1)
            self._keep("locked", box)
            box.buttons()[0].click() if "&" in box.buttons()[0].text() else box.buttons()[1].click()
            return 0

        preferences.settings().remove("study window")
        before, desk.start_window = QMessageBox.exec, None
        QMessageBox.exec = answer  # type: ignore[method-assign, assignment]
        try:
            with open_study(study):
                window = desk.open(study)
                if window is not None:
                    window.resize(*self._size)
                    self._wait(0.8)
                    self._keep("read-only", window)
                    window.close()
        finally:
            QMessageBox.exec = before  # type: ignore[method-assign]

    def _study(self, desk: Any, study: Path) -> None:
        from gazestudy_gui.views.registry import VIEWS

        with self._window(desk, study) as window:
            self._watch(window)
            self._keep("study", window)
            for menu in window.book._menus.values():
                self._popup(f"menu-{menu.objectName().removeprefix('menu &').lower()}", menu)
            window.view("tree").select("placement", PLACEMENT)
            for spec in VIEWS:
                view = window.show_view(spec.id)
                self._settle(spec.id, view)
                self._keep(f"dock-{spec.id}", view)
                if spec.area in ("main", "right"):
                    self._keep(f"study-{spec.id}", window)
            for kind, item in (("participant", PERSON), ("recording", RECORDING), ("station", "Riverside")):
                window.view("tree").select(kind, item)
                self._wait(0.3)
                self._keep(f"dock-details-{kind}", window.show_view("details"))
            view = window.show_view("review")
            view.show_row(3)
            self._wait(1.0)
            self._idle(view)
            self._keep("dock-review-doubtful", view)
            view = window.show_view("heatmaps")
            view.filters.style_box.setCurrentIndex(1)
            self._until(lambda: view._shown == view.choice())
            self._idle(view)
            self._keep("dock-heatmaps-fog", view)
            view.filters.style_box.setCurrentIndex(0)
            view.filters.compare.setCurrentIndex(1)
            self._wait(2.0)
            self._idle(view)
            self._keep("dock-heatmaps-difference", view)

    def _placements(self, desk: Any, study: Path) -> None:
        from gazestudy_gui.views.aoi_copy import CopyDialog
        from gazestudy_gui.views.grab import GrabDialog
        from gazestudy_gui.views.placement_joined import JoinDialog
        from gazestudy_gui.views.placement_schedule import ScheduleDialog

        with self._window(desk, study) as window:
            player = self._watch(window)
            places = window.document.study.placements()
            screen = next(one for one in places if one.kind == "digital")
            view = window.show_view("placements")
            view.choose(screen.id)
            self._wait(1.5)
            self._keep("placements-screen", view)
            self._dialog("placements-schedule", ScheduleDialog(window.document, screen, window))
            view.choose(PLACEMENT)
            self._wait(1.0)
            view.canvas.select(view.canvas.shapes[0].id)
            view.side.begin_label()
            self._wait(0.3)
            self._keep("placements-label", view)
            self._dialog("placements-copy", CopyDialog(places[0], places[1:], window))
            image = player.video.image
            dialog = GrabDialog(window.document.path, RECORDING, ROW / 30, image, window)
            dialog.name.setText("Corridor poster")
            self._dialog("placements-grab", dialog, 5.0)
            view.choose("hall-wrap")
            self._wait(0.5)
            view.ask_facets()
            self._wait(0.5)
            for box in self._application.topLevelWidgets():
                if type(box).__name__ == "FacetsDialog":
                    self._keep("placements-facets", box)
                    box.close()
            image = window.document.path / places[0].creatives[0].image
            self._dialog("placements-join", JoinDialog([image, image], window), 2.0)
            self._popup("timeline-rows", window.view("timeline").visible.menu())

    def _fieldwork(self, desk: Any, study: Path) -> None:
        with self._window(desk, study) as window:
            view = window.show_view("fieldwork")
            for name in ("figures", "plan", "agreement"):
                page = view.show_page(name)
                self._ready(page)
                self._keep(f"fieldwork-{name}", view)
            for number in range(1, page.tabs.count()):
                page.tabs.setCurrentIndex(number)
                self._idle(page)
                self._keep(f"fieldwork-agreement-{number}", view)
            page = view.show_page("plan")
            page.placing.setChecked(True)
            self._wait(0.3)
            self._keep("fieldwork-plan-put", view)
            page = view.show_page("sheet")
            page.name.setText("K7QF-3M9T-X")
            grid = next(iter(page.grids.values()))
            self._type(grid)
            self._wait(0.3)
            self._keep("fieldwork-sheet", view)
            page = view.show_page("protocol")
            self._until(lambda: bool(page.paper.pages))
            self._wait(0.5)
            self._keep("fieldwork-protocol", view)
            page.views.setCurrentIndex(1)
            self._wait(0.4)
            self._keep("fieldwork-protocol-phone", view)
            for protocol in ("station_point_observation", "focal_follow"):
                self._live(view, protocol)

    def _live(self, view: Any, protocol: str) -> None:
        from PyQt6.QtCore import Qt

        page, name = view.show_page("live"), protocol.split("_", 1)[0]
        page.which.choose_with(lambda one: one.id == protocol)
        page.prepare()
        self._wait(0.3)
        self._keep(f"fieldwork-live-before-{name}", view)
        given = {"station_id": "Riverside", "point_id": "C1", "observer": "A7", "role": "primary",
                 "near_edge": "pillar 4", "far_edge": "stairs"}  # fmt: skip
        page.head.show_answers({**given, "daypart": "am_peak"})
        for field in page.head.fields.values():
            if not page.head.missing():
                break
            if hasattr(field, "setCurrentIndex") and not field.isEditable() and field.currentIndex() == 0:
                field.setCurrentIndex(1)
        for row in (0, 2):
            page.faces.item(row).setCheckState(Qt.CheckState.Checked)
        page.start()
        if page.panel is None:
            raise RuntimeError(page.message.text())
        for button in list(page.panel.counters.values())[:3]:
            button.click()
        asking = [code for code in page.session.behaviours() if page.session.modifier_sets(code)]
        for button in list(page.panel.states.values())[:1] if not asking else ():
            button.click()
        for code in asking[:1]:
            page.panel.behave(code)
        self._wait(0.4)
        self._keep(f"fieldwork-live-{name}", view)
        self._modifiers(page.panel, f"fieldwork-live-{name}", view)
        page.stop()
        self._wait(0.3)
        if page.session is not None:
            self._keep(f"fieldwork-live-end-{name}", view)
            page.stop()
            self._wait(0.3)

    def _modifiers(self, panel: Any, name: str, view: Any) -> None:
        """Answer what is asked of a behaviour, one set after the other."""
        for number in range(1, 9):
            if not panel.modifiers.is_asking:
                return
            self._wait(0.2)
            self._keep(f"{name}-asks-{number}", view)
            before = panel.modifiers._asked
            panel.modifiers._accept()
            if panel.modifiers.is_asking and panel.modifiers._asked == before:
                return

    def _results(self, desk: Any, study: Path) -> None:
        from gazestudy_gui.views.results_data import TABLES

        with self._window(desk, study) as window:
            view = window.show_view("results")
            view.pages.setCurrentWidget(view.tables)
            for one in TABLES:
                view.tables.show_table(one.id)
                self._until(lambda name=one.id: view.tables.table.name == name)  # type: ignore[misc]
                self._wait(0.3)
                self._keep(f"results-{one.id}", view)
            for name, page in (("funnel-plot", view.funnel), ("first-look-plot", view.survival)):
                view.pages.setCurrentWidget(page)
                self._until(lambda page=page: not page.plot.image.isNull())  # type: ignore[misc]
                self._wait(0.4)
                self._keep(f"results-{name}", view)
                before = page.plot.image.cacheKey()
                page.group.setCurrentIndex(1)
                self._until(lambda page=page, before=before: page.plot.image.cacheKey() != before)  # type: ignore[misc]
                self._keep(f"results-{name}-by-placement", view)
            view.pages.setCurrentWidget(view.strategy)
            pages = view.strategy.pages
            for number, name in enumerate(("potential", "budget", "what-if", "document")):
                pages.setCurrentIndex(number)
                self._wait(0.5)
                answers = (view.strategy.potential, view.strategy.budget, view.strategy.what_if)
                self._until(lambda answers=answers: not any(one.is_busy for one in answers))  # type: ignore[misc]
                self._wait(0.3)
                self._keep(f"results-strategy-{name}", view)
            corner = view.pages.cornerWidget()
            for button in corner.children():
                if hasattr(button, "menu") and button.menu() is not None:
                    self._popup("results-export", button.menu())

    def _interviews(self, desk: Any, study: Path) -> None:
        with self._window(desk, study) as window:
            self._watch(window)
            view = window.show_view("interviews")
            self._until(lambda: view.talks is not None and view.found.is_read)
            view.set_coder("A")
            for number, name in enumerate(("answers", "texts", "recall")):
                view.tabs.setCurrentIndex(number)
                self._idle(view)
                self._keep(f"interviews-{name}", view)
            view.tabs.setCurrentIndex(0)
            for kind in ("category", "brand", "picture"):
                rows = [
                    n for n in range(view.answers.about.count()) if view.answers.about.itemData(n)[0] == kind
                ]
                if rows:
                    view.answers.about.setCurrentIndex(rows[0])
                    self._wait(0.4)
                    self._keep(f"interviews-answers-{kind}", view)
            self._keep("interviews-window", window)

    def _dialogs(self, desk: Any, study: Path) -> None:
        from gazestudy_gui.command_list import CommandList, ShortcutTable
        from gazestudy_gui.trouble import message_for
        from gazestudy_gui.views.backups_dialog import BackupsDialog
        from gazestudy_gui.views.relink_dialog import RelinkDialog
        from gazestudy_gui.words import tr
        from PyQt6.QtWidgets import QMessageBox

        from gazestudy.errors import InputError

        wrong = InputError("gaze.csv", "a column is missing", place="header", expected="timestamp [ns]",
                           found="time", advice="Export it again")  # fmt: skip
        with self._window(desk, study) as window:
            self._dialog("dialog-backups", BackupsDialog(window.document.path, window))
            self._dialog("dialog-commands", CommandList(window.book, window))
            self._dialog("dialog-shortcuts", ShortcutTable(window.book, window))
            self._dialog("dialog-videos", RelinkDialog(window.document, window))
            self._dialog("dialog-error", message_for(window, wrong))
            self._dialog("dialog-mistake", message_for(window, ZeroDivisionError("division by zero")))
            for name in ("about", "question"):
                shown = "about" if name == "about" else "question"
                before = getattr(QMessageBox, shown)

                def picture(parent: Any, title: str, text: str, name: str = name) -> Any:
                    buttons = QMessageBox.StandardButton
                    box = QMessageBox(parent)
                    box.setWindowTitle(title)
                    box.setText(text)
                    box.setStandardButtons(buttons.Ok if name == "about" else buttons.Yes | buttons.No)
                    self._dialog(f"dialog-{name}", box)
                    return buttons.No

                setattr(QMessageBox, shown, picture)
                window._about() if name == "about" else window._may_stop_jobs()
                setattr(QMessageBox, shown, before)
            box = message_for(window, wrong, doing=tr("The study cannot be opened"))
            self._dialog("dialog-cannot-open", box)

    def _moved(self, desk: Any, study: Path, temporary: Path) -> None:
        """Clocks, and a study whose videos are somewhere else."""
        import sqlite3

        from gazestudy_gui.views.align_dialog import AlignDialog
        from gazestudy_gui.views.relink_dialog import RelinkDialog

        from gazestudy import resources

        with self._window(desk, study) as window:
            self._watch(window)
            dialog = AlignDialog(window.document, RECORDING, window)
            sessions = resources.find("sample_sessions") / "recordings"
            dialog.form.set_marks(str(phone_marks(temporary, sessions)))
            self._until(lambda: bool(dialog.preview.text()))
            self._dialog("dialog-clock", dialog, 0.5)
        away = temporary / "moved"
        shutil.rmtree(away, ignore_errors=True)
        shutil.copytree(study, away)
        base = sqlite3.connect(away / "study.sqlite")
        with base:
            base.execute("UPDATE media SET path = '/media/usb/' || recording_id || '.mp4', external = 1")
        base.close()
        with self._window(desk, away) as window:
            window.view("tree").select("recording", RECORDING)
            self._wait(1.5)
            self._keep("player-no-video", window)
            dialog = RelinkDialog(window.document, window)
            self._dialog("dialog-relink", dialog)
            dialog = RelinkDialog(window.document, window)
            dialog.look(sessions)
            self._until(lambda: bool(dialog.places))
            self._dialog("dialog-relink-found", dialog)

    def _questions(self, desk: Any, study: Path) -> None:
        """Small questions, which the program asks with dialogs of Qt."""
        from PyQt6.QtGui import QColor
        from PyQt6.QtWidgets import QColorDialog

        with self._window(desk, study) as window:
            view = window.show_view("interviews")
            self._until(lambda: view.talks is not None and view.found.is_read)
            view.set_coder("A")
            view.tabs.setCurrentIndex(1)
            codes = view.texts.codes
            first = codes.tree.topLevelItem(0)
            codes.tree.setCurrentItem(first)
            first.setSelected(True)
            placements = window.show_view("placements")
            placements.choose(PLACEMENT)
            protocol = window.show_view("fieldwork").show_page("protocol")
            for name, asks in (
                ("person", view._ask_person),
                ("notes", view.texts._ask_notes),
                ("code-name", codes._ask_name),
                ("code-above", codes._ask_parent),
                ("station", placements.ask_station),
                ("protocol", protocol._ask_copy),
            ):
                with self._pictured_inputs(f"question-{name}"):
                    asks()
            colour = QColorDialog(QColor(codes.colour_of(codes._chosen())), window)
            colour.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
            self._dialog("question-colour", colour)
            menu = view.who.lineEdit().createStandardContextMenu()
            self._popup("question-menu", menu)

    @contextmanager
    def _pictured_inputs(self, name: str) -> Iterator[None]:
        """Take pictures of what QInputDialog asks instead of waiting for an answer."""
        from PyQt6.QtWidgets import QInputDialog

        def ask(parent: Any, title: str, label: str, value: Any = "", *rest: Any, text: str = "") -> Any:
            dialog = QInputDialog(parent)
            dialog.setWindowTitle(title)
            dialog.setLabelText(label)
            if isinstance(value, list):
                dialog.setComboBoxItems(value)
                dialog.setComboBoxEditable(bool(rest and rest[-1]))
            elif name.endswith("notes"):
                dialog.setOption(QInputDialog.InputDialogOption.UsePlainTextEditForTextInput)
            if not isinstance(value, list):
                dialog.setTextValue(text or value)
            self._dialog(name, dialog)
            return "", False

        before = {one: getattr(QInputDialog, one) for one in ("getItem", "getText", "getMultiLineText")}
        for one in before:
            setattr(QInputDialog, one, ask)
        try:
            yield
        finally:
            for one, was in before.items():
                setattr(QInputDialog, one, was)

    def _import(self, desk: Any, study: Path, temporary: Path) -> None:
        from gazestudy_gui.wizard.report import ImportReport
        from gazestudy_gui.wizard.window import ImportWizard

        from gazestudy import resources

        sessions = resources.find("sample_sessions") / "recordings"
        folder = temporary / "import"
        shutil.rmtree(folder, ignore_errors=True)
        with self._window(desk, None, folder) as window:
            wizard = ImportWizard(window.document, [], window)
            wizard.open()
            wizard.choose.add([sessions])
            self._wait(0.3)
            self._keep("import-1-choose", wizard)
            wizard.reject()
            wizard = ImportWizard(window.document, [sessions, odd_table(temporary)], window)
            wizard.open()
            self._until(wizard.found.isComplete)
            self._wait(0.3)
            self._keep("import-2-found", wizard)
            wizard.next()
            self._until(lambda: wizard.columns.proposal is not None)
            self._wait(0.5)
            self._keep("import-3-columns", wizard)
            for field, value in (("x", "links"), ("y", "oben"), ("origin", "top-left")):
                wizard.columns.answer(field, value)
                self._wait(1.2)
            self._keep("import-3-columns-answered", wizard)
            wizard.next()
            self._wait(0.3)
            self._keep("import-4-people", wizard)
            wizard.next()
            wizard.clocks.set_marks(str(phone_marks(temporary, sessions)))
            self._wait(2.5)
            self._keep("import-5-clocks", wizard)
            wizard.next()
            self._wait(0.3)
            self._keep("import-6-summary", wizard)
            wizard.button(wizard.WizardButton.FinishButton).click()
            self._wait(1.5)
            self._keep("import-7-running", window)
            reports: list[Any] = []

            def found() -> bool:
                reports[:] = [
                    one for one in self._application.topLevelWidgets() if isinstance(one, ImportReport)
                ]
                return bool(reports)

            self._until(found)
            self._wait(0.5)
            self._keep("import-8-report", reports[0])
            reports[0].close()
            self._wait(0.3)
            self._keep("import-9-after", window)

    def _jobs(self, desk: Any, study: Path) -> None:
        from gazestudy_gui.jobs import Order

        with self._window(desk, study) as window:
            window.run_everything()
            job = window.document.jobs.jobs[-1]
            self._wait(2.5)
            window.document.submit(Order("broken", "gazestudy_gui.tasks:nothing_of_that_name", {}))
            self._wait(0.1)
            self._keep("jobs-running", window.show_view("jobs"))
            job.cancel()
            window.book.actions["file.check"].trigger()
            self._until(lambda: all(one.is_over for one in window.document.jobs.jobs))
            self._wait(0.3)
            self._keep("jobs-over", window.show_view("jobs"))
            for box in self._application.topLevelWidgets():
                if box.objectName() == "trouble" and box.isVisible():
                    self._keep("jobs-failed", box)
                    box.close()
