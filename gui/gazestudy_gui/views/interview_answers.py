"""The answers of one interview: what was said about the walk, and about each picture, brand and category."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.document import StudyDocument
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.exchange import exchange
from gazestudy_gui.views.interview_data import Remembered, Talks
from gazestudy_gui.views.interview_edits import CodeAnswer, PutAnswers
from gazestudy_gui.views.interview_form import CodeLine, Form
from gazestudy_gui.views.table_model import cell
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    from gazestudy.model.interview import Question

WALK = ("walk", "")


class AnswersTab(QWidget):
    """A form for one thing at a time that is asked about.

    Parameters
    ----------
    document : StudyDocument
        The study.
    parent : QWidget, optional
        Owner.
    """

    wants_moment = pyqtSignal(str)
    """Somebody wants to see the look at a placement."""

    def __init__(self, document: StudyDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._talks: Talks | None = None
        self._found = Remembered()
        self._interview_id, self._coder = "", ""
        self._shown: tuple[str, str, str] | None = None
        self._lines: dict[tuple[str, int], CodeLine] = {}
        self.form: Form | None = None
        self._build()

    def show_talk(self, talks: Talks, interview_id: str, coder: str) -> None:
        """Show an interview as a coder sees it."""
        if interview_id != self._interview_id and self.form is not None:
            self.form.keep()
        self._talks, self._interview_id, self._coder = talks, interview_id, coder
        self._fill_about()
        self._show()

    def show_results(self, found: Remembered) -> None:
        """Show what the glasses know about the same person."""
        self._found = found
        self._show_result()

    def keep(self) -> None:
        """Keep what is being typed."""
        if self.form is not None:
            self.form.keep()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.about = QComboBox(self)
        self.about.setAccessibleName(tr("What is asked about"))
        self.about.setMinimumContentsLength(18)
        self.about.currentIndexChanged.connect(lambda _index: self._show())
        label = QLabel(tr("Asked &about:"), self)
        label.setBuddy(self.about)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.about, 1)
        for icon, step, name in (
            (QStyle.StandardPixmap.SP_ArrowLeft, -1, tr("Previous picture")),
            (QStyle.StandardPixmap.SP_ArrowRight, 1, tr("Next picture")),
        ):
            button = QToolButton(self)
            style = self.style()
            assert style is not None
            button.setIcon(style.standardIcon(icon))
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.clicked.connect(partial(self._step, step))
            line.addWidget(button)
        self.result = QLabel("", self)
        self.result.setWordWrap(True)
        self.look = QPushButton(tr("Show the &look"), self)
        self.look.setToolTip(tr("Go to the moment in the video in which this person looked longest at it"))
        self.look.clicked.connect(lambda: self.wants_moment.emit(self._placement_id()))
        beside = QHBoxLayout()
        beside.addWidget(self.result, 1)
        beside.addWidget(self.look, 0, Qt.AlignmentFlag.AlignTop)
        self.area = QScrollArea(self)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName(tr("Questions"))
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addLayout(beside)
        column.addWidget(self.area, 1)

    def _fill_about(self) -> None:
        assert self._talks is not None
        current = self.about.currentData() or WALK
        stimuli = self._talks.interviews.stimuli
        said = self._talks.answers(self._interview_id)
        entries: list[tuple[str, tuple[str, str]]] = [(tr("The walk, without pictures"), WALK)]
        pictures = list(zip(stimuli["stimulus"].astype(str), stimuli["name"].astype(str), strict=True))
        entries += [(tr("Category: {name}", name=one), ("category", one))
                    for one in _names(stimuli["category"], said, "ar_cat")]  # fmt: skip
        entries += [(tr("Brand: {name}", name=one), ("brand", one))
                    for one in _names(stimuli["brand"], said, "ar_brand")]  # fmt: skip
        known = {one for one, _ in pictures}
        others = dict.fromkeys(str(one) for one in said.loc[said["item"] == "rec", "stimulus"])
        entries += [(tr("Picture: {name}", name=name), ("picture", one)) for one, name in pictures]
        entries += [(tr("Picture: {name}", name=one), ("picture", one)) for one in others if one not in known]
        if [self.about.itemData(n) for n in range(self.about.count())] == [key for _, key in entries]:
            return
        self.about.blockSignals(True)
        self.about.clear()
        for text, key in entries:
            self.about.addItem(text, key)
        places = [key for _, key in entries]
        self.about.setCurrentIndex(places.index(tuple(current)) if tuple(current) in places else 0)
        self.about.blockSignals(False)

    def _step(self, by: int) -> None:
        row = self.about.currentIndex() + by
        if 0 <= row < self.about.count():
            self.about.setCurrentIndex(row)

    def _show(self) -> None:
        if self._talks is None or not self._interview_id:
            return
        kind, stimulus = self.about.currentData() or WALK
        wanted = (self._interview_id, kind, stimulus)
        if wanted != self._shown:
            if self.form is not None:
                self.form.keep()
            self._shown = wanted
            self.form = Form(self._questions(kind, stimulus), self)
            self.form.given.connect(partial(self._on_given, self._interview_id, stimulus))
            self.form.setEnabled(not self._document.read_only)
            self._lines.clear()
            exchange(self.area, self.form)
        self._fill()
        self._show_result()

    def _questions(self, kind: str, stimulus: str) -> list[Question]:
        from gazestudy.model.interview import QUESTION_BANK, Question

        assert self._talks is not None
        asked = [one for one in QUESTION_BANK.values() if one.about == kind and one.kind != "code"]
        said = self._talks.answers(self._interview_id, stimulus=stimulus)
        own = [name for name in dict.fromkeys(said["item"].astype(str)) if name not in QUESTION_BANK]
        if kind == "walk" or (kind == "picture" and own):
            asked += [Question(name, "other", "text", "walk", name) for name in own]
        return asked

    def _fill(self) -> None:
        assert self._talks is not None and self.form is not None
        _, stimulus = self.about.currentData() or WALK
        said: dict[str, list[dict[Any, Any]]] = {}
        for answer in self._talks.answers(self._interview_id, stimulus=stimulus).to_dict("records"):
            said.setdefault(str(answer["item"]), []).append(answer)
        coded = self._coded()
        for item, field in self.form.fields.items():
            own = said.get(item, [])
            field.show_values([str(answer["value"]) for answer in own])
            self._fill_codes(item, own, coded)

    def _coded(self) -> dict[tuple[str, int, str], tuple[str, str]]:
        """Return the code and placement that the coder gave to answers, by item, number and stimulus."""
        assert self._talks is not None
        table = self._talks.interviews.answer_codes
        mine = table[(table["interview_id"] == self._interview_id) & (table["coder"] == self._coder)]
        found: dict[tuple[str, int, str], tuple[str, str]] = {}
        for one in mine.to_dict("records"):
            key = str(one["item"]), int(one["answer_no"]), str(one["stimulus"])
            found.setdefault(key, (str(one["code"]), str(one["placement_id"])))
        return found

    def _fill_codes(
        self,
        item: str,
        answers: list[dict[Any, Any]],
        coded: dict[tuple[str, int, str], tuple[str, str]],
    ) -> None:
        """Show a line for each answer that coders code."""
        from gazestudy.store.coding import CODES_OF_ITEMS

        assert self._talks is not None and self.form is not None
        if item not in CODES_OF_ITEMS:
            return
        below = self.form.codes[item]
        keys = {(item, int(answer["answer_no"])): str(answer["value"]) for answer in answers}
        there = {key: str(line.answer["value"]) for key, line in self._lines.items() if key[0] == item}
        if keys != there:
            for key in there:
                self._lines.pop(key).deleteLater()
            for answer in answers:
                places = self._talks.placements if item in ("ur_any", "ar_cat") else {}
                line = CodeLine(answer, CODES_OF_ITEMS[item], places, self.form)
                line.coded.connect(self._on_coded)
                below.addWidget(line)
                self._lines[item, int(answer["answer_no"])] = line
        for answer in answers:
            number = int(answer["answer_no"])
            line = self._lines[item, number]
            line.show_code(*coded.get((item, number, str(answer["stimulus"])), ("", "")))
            line.setEnabled(bool(self._coder) and not self._document.read_only)
            line.setToolTip("" if self._coder else tr("Say above who codes, then answers can be coded."))

    def _placement_id(self) -> str:
        if self._talks is None:
            return ""
        kind, stimulus = self.about.currentData() or WALK
        stimuli = self._talks.interviews.stimuli
        if kind == "picture":
            rows = stimuli[stimuli["stimulus"] == stimulus]
        elif kind == "brand":
            rows = stimuli[stimuli["brand"] == stimulus]
        else:
            return ""
        return str(rows["placement_id"].iloc[0]) if len(rows) == 1 else ""

    def _show_result(self) -> None:
        kind, _ = self.about.currentData() or WALK
        placement_id = self._placement_id()
        self.look.setVisible(bool(placement_id))
        self.look.setEnabled(False)
        if not placement_id:
            foil = tr("A foil: it never hung in the station.") if kind == "picture" else ""
            self.result.setText(foil)
            return
        assert self._talks is not None
        person = str(self._talks.head(self._interview_id).get("participant_id", ""))
        cases = self._found.of_person(person)
        if cases is None:
            reading = "" if self._found.is_read else tr("Reading …")
            self.result.setText(reading or tr("No results yet: Analyse › Run everything."))
            return
        own = cases[cases["placement_id"] == placement_id]
        if own.empty:
            self.result.setText(tr("It never came into the view of {name}.", name=person))
            return
        case = own.iloc[0]
        seen = tr("Times in view: {n}, {seconds} s in all.", n=cell(case["exposure_count"]),
                  seconds=cell(float(case["exposed_s"])))  # fmt: skip
        looked = tr("Never looked at.")
        if bool(case["fixated"]):
            looked = tr("Looked at for {seconds} s, first after {first} s.",
                        seconds=cell(float(case["dwell_s"])), first=cell(float(case["ttff_s"])))  # fmt: skip
        self.result.setText(f"{seen} {looked}")
        self.look.setEnabled(self._found.look(person, placement_id) is not None)

    def _on_given(self, interview_id: str, stimulus: str, item: str, values: list[str]) -> None:
        from gazestudy.errors import GazestudyError

        try:
            self._document.edit(PutAnswers(interview_id, item, values, stimulus=stimulus))
        except GazestudyError as error:
            tell(self, error)

    def _on_coded(self, answer: dict[str, Any], code: str, placement_id: str) -> None:
        from gazestudy.errors import GazestudyError

        try:
            self._document.edit(CodeAnswer(answer, self._coder, code, placement_id))
        except GazestudyError as error:
            tell(self, error)


def _names(column: Any, said: Any, item: str) -> list[str]:
    """Return names that can be asked about: those of the pictures, then others that were asked about."""
    names = [str(name) for name in column if str(name)]
    names += [str(name) for name in said.loc[said["item"] == item, "stimulus"] if str(name)]
    return list(dict.fromkeys(names))
