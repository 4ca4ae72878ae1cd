"""Interviews beside the video: answers, texts with codes, and what was looked at and remembered."""

from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker, QSize, Qt
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui import preferences
from gazestudy_gui.actions import ActionBook
from gazestudy_gui.background import Background
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.helper import Question
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.interview_answers import AnswersTab
from gazestudy_gui.views.interview_data import Remembered, Talks
from gazestudy_gui.views.interview_edits import StartInterview
from gazestudy_gui.views.interview_recall import RecallTab
from gazestudy_gui.views.interview_texts import TextsTab
from gazestudy_gui.views.later import INTERVIEWS
from gazestudy_gui.words import tr

_CODER = "interviews/coder"


class InterviewsView(QWidget):
    """One interview at a time, as one coder sees it.

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
        self.talks: Talks | None = None
        self.found = Remembered()
        self._wanted = ""
        self._reader = Background("interviews", self)
        self._joiner = Background("recall", self, helper=document.helper)
        self._build()
        self._read_soon, self._join_soon = WhenSeen(self, self._read), WhenSeen(self, self._join)
        self._reader.done.connect(self._on_read)
        self._reader.failed.connect(lambda _number, error: tell(self, error))
        self._joiner.done.connect(self._on_joined)
        self._joiner.failed.connect(lambda _number, error: tell(self, error))
        document.changed.connect(self._on_changed)
        document.selected.connect(self._on_selected)
        self.refresh()

    @property
    def interview_id(self) -> str:
        """Which interview is shown, empty for none."""
        return str(self.which.currentData() or "")

    @property
    def coder(self) -> str:
        """Who codes, empty if nobody said."""
        return self.who.currentText().strip()

    def refresh(self) -> None:
        """Read everything again once somebody looks; it is shown when it is there."""
        self._read_soon.ask()
        self._join_soon.ask()

    def _read(self) -> None:
        study = self._document.study
        self._reader.ask(lambda: Talks.of(study))

    def _join(self) -> None:
        arguments = {"study": str(self._document.path)}
        self._joiner.ask(Question("gazestudy_gui.views.interview_data:remembered", arguments))

    def show_interview(self, interview_id: str) -> None:
        """Show an interview."""
        index = self.which.findData(interview_id)
        self._wanted = interview_id
        if index >= 0:
            self.which.setCurrentIndex(index)

    def set_coder(self, coder: str) -> None:
        """Say who codes from now on."""
        if self.who.findText(coder) < 0:
            self.who.addItem(coder)
        self.who.setCurrentText(coder)
        self._on_coder()

    def start_interview(self, participant_id: str) -> None:
        """Begin a new interview with a participant."""
        from datetime import datetime

        known = set() if self.talks is None else set(self.talks.interviews.interviews["interview_id"])
        name, number = f"interview-{participant_id}", 1
        while name in known:
            number += 1
            name = f"interview-{participant_id}-{number}"
        started = datetime.now().astimezone().isoformat(timespec="seconds")
        self._wanted = name
        try:
            self._document.edit(
                StartInterview(name, participant_id, interviewer=self.coder, started_at=started)
            )
        except GazestudyError as error:
            tell(self, error)

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menus."""
        for spec in INTERVIEWS:
            book.add(spec, self._ask_person)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.texts.recolour()
        self.recall.recolour()

    def shut_down(self) -> None:
        """Keep what is being typed and end the threads."""
        self.answers.keep()
        self._reader.close()
        self._joiner.close()
        self.recall.shut_down()

    def sizeHint(self) -> QSize:
        """Return a size in which the text beside the code book can be read."""
        em = self.fontMetrics().height()
        return QSize(34 * em, 40 * em)

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Interview"))
        self.which.setMinimumContentsLength(16)
        self.which.currentIndexChanged.connect(lambda _index: self._show())
        self.who = QComboBox(self)
        self.who.setEditable(True)
        self.who.setAccessibleName(tr("Coder"))
        self.who.setToolTip(tr("Who codes. A coder never sees the codes of another."))
        self.who.setMinimumContentsLength(9)
        edit = self.who.lineEdit()
        assert edit is not None
        edit.setPlaceholderText(tr("your code"))
        self.who.addItem("")
        self.who.setCurrentText(str(preferences.settings().value(_CODER, "", str)))
        self.who.activated.connect(lambda _index: self._on_coder())
        edit.editingFinished.connect(self._on_coder)
        self._coder_shown = self.coder
        line = QHBoxLayout()
        for text, box, stretch in ((tr("&Interview:"), self.which, 1), (tr("&Coder:"), self.who, 0)):
            label = QLabel(text, self)
            label.setBuddy(box)
            line.addWidget(label)
            line.addWidget(box, stretch)
        self.answers = AnswersTab(self._document, self)
        self.texts = TextsTab(self._document, self)
        self.recall = RecallTab(self._document.helper, self)
        for tab in (self.answers, self.recall):
            tab.wants_moment.connect(self._show_look)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self.answers, tr("Answers"))
        self.tabs.addTab(self.texts, tr("Texts and codes"))
        self.tabs.addTab(self.recall, tr("Looked at and remembered"))
        self.empty = QLabel(tr("Reading …"), self)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(2 * self.fontMetrics().height())
        self.stack = QStackedWidget(self)
        for shown in (self.tabs, self.empty):
            self.stack.addWidget(shown)
        self.stack.setCurrentWidget(self.empty)
        self.setMinimumWidth(27 * self.fontMetrics().height())
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addLayout(line)
        column.addLayout(self._second_line())
        column.addWidget(self.stack, 1)

    def _second_line(self) -> QHBoxLayout:
        self.about = QLabel("", self)
        self.about.setWordWrap(True)
        new = QPushButton(tr("&New interview …"), self)
        new.clicked.connect(self._ask_person)
        new.setEnabled(not self._document.read_only)
        line = QHBoxLayout()
        line.addWidget(self.about, 1)
        line.addWidget(new)
        return line

    def _on_read(self, number: int, talks: Talks) -> None:
        if number != self._reader.newest:
            return
        self.talks = talks
        current, typed = self._wanted or self.interview_id, self.who.currentText()
        with QSignalBlocker(self.which), QSignalBlocker(self.who):
            self.which.clear()
            for row in talks.interviews.interviews.to_dict("records"):
                when = str(row["started_at"])[:16].replace("T", " ")
                self.which.addItem(
                    "  ".join(filter(None, (row["participant_id"], when))), row["interview_id"]
                )
            index = self.which.findData(current)
            self.which.setCurrentIndex(max(0, index) if self.which.count() else -1)
            self.who.clear()
            self.who.addItems(list(dict.fromkeys([*talks.coders, typed])) if typed else ["", *talks.coders])
            self.who.setCurrentText(typed)
        if index >= 0:
            self._wanted = ""
        self._show()

    def _show(self) -> None:
        if self.talks is None:
            return
        has_some = bool(self.interview_id)
        self.empty.setText(
            tr("No interview yet.\n\nBring answers, notes and transcripts in with File › Import recordings,"
               " or begin one here: New interview.")
        )  # fmt: skip
        self.stack.setCurrentWidget(self.tabs if has_some else self.empty)
        head = self.talks.head(self.interview_id)
        walk = self.talks.moments.walks.get(self.interview_id, "")
        parts = [
            tr("walk: {name}", name=walk) if walk else tr("no recording of the walk is known"),
            tr("interviewer {name}", name=head["interviewer"]) if head.get("interviewer") else "",
            str(head.get("language", "")),
        ]
        self.about.setText(" · ".join(part for part in parts if part) if has_some else "")
        if has_some:
            self.answers.show_talk(self.talks, self.interview_id, self.coder)
            self.texts.show_talk(self.talks, self.interview_id, self.coder)
            self._show_results()

    def _on_joined(self, number: int, found: Remembered) -> None:
        if number == self._joiner.newest:
            self.found = found
            self._show_results()

    def _show_results(self) -> None:
        if self.talks is None:
            return
        person = str(self.talks.head(self.interview_id).get("participant_id", ""))
        self.answers.show_results(self.found)
        self.recall.show_results(self.found, self.talks.placements, person)

    def _show_look(self, placement_id: str) -> None:
        """Show the longest look of this person at a placement in the player."""
        if self.talks is None:
            return
        person = str(self.talks.head(self.interview_id).get("participant_id", ""))
        look = self.found.look(person, placement_id)
        if look is not None:
            self._document.moment.emit(*look)

    def _on_coder(self) -> None:
        if self.coder == self._coder_shown:
            return
        self._coder_shown = self.coder
        preferences.settings().setValue(_CODER, self.coder)
        self._show()

    def _ask_person(self) -> None:
        people = [] if self.talks is None else list(self.talks.people)
        name, accepted = QInputDialog.getItem(
            self, tr("New interview"), tr("With which participant?"), people, 0, True
        )
        if accepted and name.strip():
            self.start_interview(name.strip())

    def _on_changed(self, kind: str) -> None:
        if kind in ("interviews", "placements", "participants", "recordings"):
            self._read_soon.ask()
        if kind in ("interviews", "placements", "participants", "recordings", "results", "mapping"):
            self._join_soon.ask()

    def _on_selected(self, kind: str, item_id: str) -> None:
        if kind == "interview":
            self.show_interview(item_id)
            return
        if self.talks is None or kind not in ("participant", "recording"):
            return
        heads = self.talks.interviews.interviews
        if kind == "recording":
            people = {one.id: one.participant_id for one in self._document.study.recordings()}
            item_id = people.get(item_id, "")
        own = heads.loc[heads["participant_id"] == item_id, "interview_id"]
        if len(own) and self.talks.head(self.interview_id).get("participant_id") != item_id:
            self.show_interview(str(own.iloc[0]))
