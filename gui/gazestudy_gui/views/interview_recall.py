"""Looked at and remembered: of this person placement by placement, and of everybody as the recall table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from gazestudy_gui.helper import Helper
from gazestudy_gui.phrases import told
from gazestudy_gui.views.interview_data import Remembered
from gazestudy_gui.views.plot_pane import PlotPane
from gazestudy_gui.views.table_model import NOTHING, cell
from gazestudy_gui.views.table_view import TableWidget
from gazestudy_gui.words import tr

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_SURE = {1.0: "guess", 2.0: "fairly", 3.0: "sure"}


class RecallTab(QWidget):
    """Two tables: one person, and all.

    Parameters
    ----------
    helper : Helper
        Who draws.
    parent : QWidget, optional
        Owner.
    """

    wants_moment = pyqtSignal(str)
    """Somebody wants to see the look at a placement."""

    def __init__(self, helper: Helper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found, self._names, self._person = Remembered(), dict[str, str](), ""
        self._ids: list[str] = []
        self.who = QLabel("", self)
        self.who.setWordWrap(True)
        self.mine = TableWidget(tr("Looked at and remembered by this person"), self, tools=False)
        self.mine.setToolTip(tr("Double click: show the look in the video"))
        self.mine.activated.connect(lambda row: self.wants_moment.emit(self._ids[row]))
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(tr("Kind of memory"))
        for name, text in (
            ("recalled_unaided", tr("recalled without help")),
            ("recalled_aided", tr("recalled with help")),
            ("recognised", tr("recognised")),
            ("attributed", tr("brand named")),
        ):
            self.kind.addItem(text, name)
        self.kind.currentIndexChanged.connect(lambda _index: self._show_all())
        label = QLabel(tr("&Everybody:"), self)
        label.setBuddy(self.kind)
        self.plot = PlotPane(tr("Recall table"), self, helper=helper)
        self.words = QLabel("", self)
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        upper, lower = QWidget(self), QWidget(self)
        above, below = QVBoxLayout(upper), QVBoxLayout(lower)
        for box in (above, below):
            box.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.who)
        above.addWidget(self.mine, 1)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.kind)
        line.addStretch(1)
        below.addLayout(line)
        below.addWidget(self.plot, 1)
        below.addWidget(self.words)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(upper)
        split.addWidget(lower)
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.addWidget(split)

    def show_results(self, found: Remembered, names: dict[str, str], person: str) -> None:
        """Show what is known now."""
        self._found, self._names, self._person = found, names, person
        self._show_mine()
        self._show_all()

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.plot.recolour()

    def shut_down(self) -> None:
        """End the thread of the drawing."""
        self.plot.shut_down()

    def _show_mine(self) -> None:
        cases = self._found.of_person(self._person)
        if not self._found.is_read:
            self.who.setText(tr("Reading …"))
            self.mine.hide()
            return
        if cases is None:
            self.who.setText(
                "\n".join([tr("No results yet: Analyse › Run everything."), *map(told, self._found.notes)])
            )
            self.mine.hide()
            return
        self.mine.show()
        self._ids = [str(one) for one in cases["placement_id"]]
        text = tr("{name}: {n} placements came into view. Double click shows the look.", name=self._person,
                  n=len(cases))  # fmt: skip
        if cases.empty:
            text = tr(
                "{name} had no placement in view, or is not the person of a recording.", name=self._person
            )
        self.who.setText(text)
        self.mine.set_frame(_for_people(cases, self._names), _titles())

    def _show_all(self) -> None:
        kind, tables = str(self.kind.currentData()), self._found.tables
        if not self._found.is_read:
            self.plot.show_message(tr("Reading …"))
            return
        if tables is None:
            notes = self._found.notes or (tr("Nobody was asked yet. Answers typed here count at once."),)
            self.plot.show_message("\n".join(map(told, notes)))
            self.words.clear()
            return
        own = tables[tables["memory"] == kind]
        if own.empty or not own["n"].sum():
            self.plot.show_message(tr("Nobody was asked for this yet."))
            self.words.setText(self._recognition())
            return
        self.plot.show_figure(partial(_draw_table, own, self._names))
        self.words.setText("\n".join(text for text in (self._in_words(kind), self._recognition()) if text))

    def _in_words(self, kind: str) -> str:
        pooled = self._found.pooled
        if pooled is None:
            return ""
        row = pooled[pooled["memory"] == kind].iloc[0]
        parts = [
            tr("{a} looked at and remembered, {b} looked at only, {c} remembered without looking,"
               " {d} neither; {n} not asked.",
               **{name: cell(row[name]) for name in "abcd"}, n=cell(row["not_asked"])),
            tr("Odds ratio {value} ({low} to {high}).", value=cell(row["odds_ratio"]),
               low=cell(row["odds_ratio_low"]), high=cell(row["odds_ratio_high"])),
        ]  # fmt: skip
        return " ".join(parts)

    def _recognition(self) -> str:
        people = self._found.people
        if people is None:
            return ""
        by_name = people.table.set_index("measure")
        hits, alarms, prime = (by_name.loc[name] for name in ("hit_rate", "false_alarm_rate", "d_prime"))
        return tr(
            "Recognition: yes to {hits} of {targets} pictures that were in view and to {alarms} of {foils}"
            " that never hung there; d′ {prime} (mean of {n} people {mean}, {low} to {high}).",
            hits=people.hits, targets=people.targets, alarms=people.false_alarms, foils=people.foils,
            prime=cell(prime["pooled"]), n=people.participants, mean=cell(prime["mean_over_people"]),
            low=cell(prime["mean_low"]), high=cell(prime["mean_high"]), hit=cell(hits["pooled"]),
            alarm=cell(alarms["pooled"]),
        )  # fmt: skip


def _draw_table(own: pd.DataFrame, names: dict[str, str], figure: Figure) -> None:
    from gazestudy.plots.memory import draw_recall_table

    draw_recall_table(own, figure.add_subplot(), labels=names, title="")


def _for_people(cases: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the cases of a person with words for answers; what was not asked is no "no"."""
    import numpy as np
    import pandas as pd

    def said(name: str) -> list[str]:
        return [
            NOTHING if np.isnan(value) else tr("yes") if value else tr("no")
            for value in cases[name].to_numpy()
        ]

    sure = [tr(_SURE[value]) if value in _SURE else "" for value in cases["confidence"].to_numpy()]
    recognised = [f"{yes}, {how}" if how else yes for yes, how in zip(said("recognised"), sure, strict=True)]
    return pd.DataFrame(
        {
            "placement": [names.get(str(one), str(one)) for one in cases["placement_id"]],
            "exposed_s": cases["exposed_s"].to_numpy(),
            "dwell_s": np.where(cases["fixated"], cases["dwell_s"], np.nan),
            "ttff_s": cases["ttff_s"].to_numpy(),
            "recalled_unaided": said("recalled_unaided"),
            "recalled_aided": said("recalled_aided"),
            "recognised": recognised,
            "attributed": said("attributed"),
            "comprehension": cases["comprehension"].to_numpy(),
        }
    )


def _titles() -> dict[str, str]:
    return {
        "placement": tr("Placement"), "exposed_s": tr("In view, s"), "dwell_s": tr("Looked at, s"),
        "ttff_s": tr("First look after, s"), "recalled_unaided": tr("Unaided"), "recalled_aided": tr("Aided"),
        "recognised": tr("Recognised"), "attributed": tr("Brand"), "comprehension": tr("Message 0–2"),
    }  # fmt: skip
