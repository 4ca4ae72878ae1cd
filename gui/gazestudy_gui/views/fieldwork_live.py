"""The live logger: what is asked before and after counting, sessions kept and gone on with."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import error_text
from gazestudy_gui.trouble import tell
from gazestudy_gui.views import fieldwork_run
from gazestudy_gui.views.fieldwork_edits import KeepLog
from gazestudy_gui.views.fieldwork_form import (
    USUAL,
    HeadForm,
    ProtocolBox,
    fill_ticks,
    known_answers,
    language_of,
    show_head,
    ticked_ids,
    ticks,
)
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.pipeline.live_log import LiveSession


class LivePage(QWidget):
    """Before, during and after a session.

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
        self.session: LiveSession | None = None
        self.panel: fieldwork_run.RunPanel | None = None
        self.head: HeadForm | None = None
        self._stopped: datetime | None = None
        self._build()

    def shut_down(self) -> None:
        """Stop the clock on the screen; the journal stays and the session can go on later."""
        if self.panel is not None:
            self.panel.shut_down()

    def prepare(self) -> None:
        """Show the form of the chosen protocol."""
        try:
            protocol = self.which.protocol()
        except (GazestudyError, OSError) as error:
            self.message.setText(error_text(error))
            return
        known = known_answers(self._document.study)
        before, self.head = self.head, HeadForm(protocol, "start", known, self)
        self.head.show_answers({} if before is None else before.answers())
        show_head(self.area, self.head, before)
        self.message.clear()
        self._offer_unfinished()

    def refresh(self) -> None:
        """Offer the protocols and the placements that there are now; answers stay."""
        self.which.fill()
        fill_ticks(self.faces, [(one.name, one.id) for one in self._document.study.placements()])
        if self.session is None:
            self.prepare()

    def start(self) -> None:
        """Begin to count."""
        from gazestudy.pipeline.live_log import JOURNALS, LiveSession
        from gazestudy.protocol import new_session_id

        if self.head is None:
            return
        missing = self.head.missing()
        if missing:
            self.message.setText(tr("Still to be answered: {what}", what=", ".join(missing)))
            return
        name = new_session_id()
        try:
            session = LiveSession(self.which.protocol(), self._document.path / JOURNALS / f"{name}.jsonl")
            session.start(
                fieldwork_run.now(),
                session_id=name,
                answers=self.head.answers(),
                placements=ticked_ids(self.faces),
            )
        except GazestudyError as error:
            tell(self, error)
            return
        self._run(session)

    def go_on(self, journal: Path) -> None:
        """Go on with a session that was interrupted."""
        from gazestudy.pipeline.live_log import LiveSession, unfinished

        wanted = {path: protocol for path, _, protocol in unfinished(self._document.path)}.get(journal, "")
        self.which.choose_with(lambda protocol: protocol.id == wanted)
        try:
            session = LiveSession(self.which.protocol(), journal)
        except GazestudyError as error:
            tell(self, error)
            return
        if session.is_over:
            self._keep(session)
        else:
            self._run(session)

    def stop(self) -> None:
        """End the session: open states end now. What is asked at the end comes next, then it is kept."""
        if self.session is None or self.panel is None or not self.session.is_running:
            return
        if self._stopped is None:
            self._stopped = fieldwork_run.now()
            self.panel.shut_down()
            self.panel.setEnabled(False)
            if self.end is not None:  # asked after the counting
                self.end.setVisible(bool(self.end.fields))
            self.finish.setText(tr("&Keep the session"))
            self.resume.show()
            self.held.setText(self._held_words(self.session))
            return
        try:
            self.session.stop(self._stopped, self.end.answers() if self.end is not None else {})
        except GazestudyError as error:
            tell(self, error)
            return
        self._keep(self.session)

    def count_on(self) -> None:
        """Go on counting: the stop was a slip."""
        if self.session is None or self.panel is None or self._stopped is None:
            return
        self._begin_counting()
        self.panel.setEnabled(True)
        self.panel.go_on()
        self.panel.setFocus()

    # ------------------------------------------------------------------ inside

    def _begin_counting(self) -> None:
        self._stopped = None
        if self.end is not None:
            self.end.hide()
        self.resume.hide()
        self.held.clear()
        self.finish.setText(tr("S&top"))

    def _held_words(self, session: LiveSession) -> str:
        """Say which states end with the session."""
        known, language = session.behaviours(), language_of(session.protocol)
        names = [
            f"{who} {session.protocol.text(known[code].label, language)}".strip()
            for who, code in session.open_states()
        ]
        return tr("End with the session: {names}", names=", ".join(names)) if names else ""

    def _build(self) -> None:
        self.which = ProtocolBox(self._document.path, self)
        self.which.choose_with(lambda protocol: protocol.id == USUAL)
        self.which.currentIndexChanged.connect(lambda _index: self.prepare())
        label = QLabel(tr("&Protocol:"), self)
        label.setBuddy(self.which)
        top = QHBoxLayout()
        top.addWidget(label)
        top.addWidget(self.which, 1)
        names = [(one.name, one.id) for one in self._document.study.placements()]
        self.faces = ticks(tr("Placements in view"), names, self)
        self.begin = QPushButton(tr("&Start"), self)
        self.begin.setEnabled(not self._document.read_only)
        self.begin.clicked.connect(self.start)
        self.message = QLabel("", self)
        self.message.setWordWrap(True)
        self.again = QVBoxLayout()
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        before = QWidget(self)
        column = QVBoxLayout(before)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.again)
        column.addLayout(top)
        column.addWidget(self.area, 1)
        faces = QLabel(tr("Placements &in view:"), self)
        faces.setBuddy(self.faces)
        column.addWidget(faces)
        column.addWidget(self.faces)
        column.addWidget(self.message)
        column.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignLeft)
        self.during = QWidget(self)
        self._place = QVBoxLayout(self.during)
        self._place.setContentsMargins(0, 0, 0, 0)
        self.end: HeadForm | None = None
        self.finish = QPushButton(tr("S&top"), self)
        self.finish.clicked.connect(self.stop)
        self.resume, self.held = QPushButton(tr("&Go on counting"), self), QLabel("", self)
        self.resume.clicked.connect(lambda _checked=False: self.count_on())
        self.resume.hide()
        foot = QHBoxLayout()
        foot.addWidget(self.finish)
        foot.addWidget(self.resume)
        foot.addWidget(self.held, 1)
        self._place.addLayout(foot)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(before)
        self.stack.addWidget(self.during)
        whole = QVBoxLayout(self)
        whole.addWidget(self.stack)
        self.prepare()

    def _run(self, session: LiveSession) -> None:
        self.session = session
        names = {one.id: one.name for one in self._document.study.placements()}
        in_view = {place: names.get(place, place) for place in session.entries[0].data["placements"]}
        self.panel = fieldwork_run.RunPanel(session, in_view, self)
        self.end = HeadForm(session.protocol, "end", {}, self)
        self._place.insertWidget(0, self.panel, 1)
        self._place.insertWidget(1, self.end)
        self._begin_counting()
        self.stack.setCurrentWidget(self.during)
        self.panel.setFocus()

    def _keep(self, session: LiveSession) -> None:
        try:
            log = session.log()
            self._document.edit(KeepLog(session.protocol, log, source="live", sources=[session.source()]))
        except GazestudyError as error:
            tell(self, error)
            return
        for widget in (self.panel, self.end):
            if widget is not None:
                self._place.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        if self.panel is not None:
            self.panel.shut_down()
        self.session, self.panel, self.end = None, None, None
        self.stack.setCurrentIndex(0)
        self.prepare()
        counted = int(log.interval_counts["value"].sum()) if len(log.interval_counts) else 0
        self.message.setText(
            tr("Session {name} is kept: {n} counted, {events} events, {scans} entries of scans.",
               name=session.session_id, n=counted, events=len(log.events), scans=len(log.scans))
        )  # fmt: skip

    def _offer_unfinished(self) -> None:
        """Offer sessions whose journal is there and that the study does not have."""
        from gazestudy.pipeline.live_log import unfinished

        while self.again.count():
            item = self.again.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        if self._document.read_only:
            return
        kept = {name for log in self._document.study.field_logs() for name in log.sessions}
        for path, name, protocol in unfinished(self._document.path):
            if name not in kept:
                text = tr("Go on with session {name} ({protocol}), which was not finished", name=name,
                          protocol=protocol)  # fmt: skip
                button = QPushButton(text, self)
                button.clicked.connect(partial(self.go_on, path))
                self.again.addWidget(button)
