"""Fieldwork: what observers counted, how well they agree, and how sessions come in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from gazestudy_gui.actions import ActionBook
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.views.fieldwork_figures import AgreementPage, ComputedPage, FiguresPage, PlanPage
from gazestudy_gui.views.fieldwork_form import read_shipped
from gazestudy_gui.views.fieldwork_live import LivePage
from gazestudy_gui.views.fieldwork_protocol import ProtocolPage
from gazestudy_gui.views.fieldwork_sheet import SheetPage
from gazestudy_gui.views.later import FIELDWORK
from gazestudy_gui.words import tr

_PAGES: tuple[tuple[str, str, Callable[[StudyDocument, QWidget], QWidget]], ...] = (
    ("figures", "Figures", FiguresPage),
    ("plan", "Plan", PlanPage),
    ("agreement", "Agreement", AgreementPage),
    ("live", "Log live", LivePage),
    ("sheet", "Enter sheets", SheetPage),
    ("protocol", "Protocols", ProtocolPage),
)
"""Pages: id, title in English, and what makes them."""


class FieldworkView(QWidget):
    """Six pages, from the protocol to the plan.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._made: dict[str, QWidget] = {}
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        for _name, title, _kind in _PAGES:
            holder = QWidget(self.pages)
            inside = QVBoxLayout(holder)
            inside.setContentsMargins(0, 0, 0, 0)
            self.pages.addTab(holder, tr(title))
        self.pages.currentChanged.connect(lambda index: self.page(_PAGES[index][0]))
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 2, 2, 2)
        column.addWidget(self.pages)
        document.changed.connect(self._on_changed)
        self._reader = Background("protocols", self)
        self._reader.ask(_ahead)
        self.page("figures")

    def page(self, name: str) -> QWidget:
        """Return a page, made when it is first asked for."""
        if name not in self._made:
            index = [one for one, _, _ in _PAGES].index(name)
            self._made[name] = _PAGES[index][2](self._document, self)
            holder = self.pages.widget(index)
            inside = holder.layout() if holder is not None else None
            assert inside is not None
            inside.addWidget(self._made[name])
        return self._made[name]

    def show_page(self, name: str) -> QWidget:
        """Bring a page to the front."""
        self.pages.setCurrentIndex([one for one, _, _ in _PAGES].index(name))
        return self.page(name)

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menus."""
        for spec in FIELDWORK:
            book.add(spec, partial(self.show_page, spec.id.partition(".")[2]))

    def recolour(self) -> None:
        """Follow another colour scheme."""
        for page in self._made.values():
            if isinstance(page, ComputedPage):
                page.recolour()

    def shut_down(self) -> None:
        """End the threads; a session that runs can go on later."""
        self._reader.close()
        for page in self._made.values():
            if isinstance(page, (ComputedPage, LivePage, ProtocolPage)):
                page.shut_down()

    def _on_changed(self, kind: str) -> None:
        if kind in ("fieldwork", "placements"):
            for page in self._made.values():
                if isinstance(page, ComputedPage):
                    page.forget()
        if kind in ("study", "fieldwork", "placements"):
            for page in self._made.values():
                if isinstance(page, (LivePage, SheetPage, ProtocolPage)):
                    page.refresh()


def _ahead() -> None:
    """Read what other pages need, so that they open at once."""
    import gazestudy.pipeline.live_log  # noqa: F401

    read_shipped()
