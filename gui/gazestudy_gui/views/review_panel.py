"""What the mapping review consists of: a list, two pictures, and a button for each answer."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gazestudy_gui.ticks import TickBox
from gazestudy_gui.views.review_list import ReviewModel
from gazestudy_gui.views.review_reference import ReferenceWidget
from gazestudy_gui.views.review_scene import SceneWidget
from gazestudy_gui.words import tr


class ReviewPanel(QWidget):
    """The widgets of the review, in their places.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ReviewModel(self)
        self._build()
        self._lay_out()

    def _build(self) -> None:
        self.which, self.order, self.show_box = QComboBox(self), QComboBox(self), QComboBox(self)
        self.order.addItem(tr("Most doubtful first"), "doubt")
        self.order.addItem(tr("By time"), "time")
        self.counter = QLabel("", self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(self.fontMetrics().height())
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setTabKeyNavigation(False)
        head, side = self.table.horizontalHeader(), self.table.verticalHeader()
        assert head is not None and side is not None
        side.hide()
        side.setDefaultSectionSize(round(1.5 * self.fontMetrics().height()))
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        em = self.fontMetrics().height()
        self.table.setMinimumWidth(16 * em)  # the last column says on what
        for column, width in enumerate((2, 5, 4, 7)):
            self.table.setColumnWidth(column, width * em)
        self.scene, self.reference = SceneWidget(self), ReferenceWidget(self)
        self.placement, self.creative = QComboBox(self), QComboBox(self)
        self.steps_on = TickBox(tr("&Go on after an answer"), self)
        self.steps_on.setChecked(True)
        self.reason, self.note, self.frames_text = QLabel("", self), QLabel("", self), QLabel("", self)
        self.reason.setWordWrap(True)
        self.note.setWordWrap(True)
        self.run_button = QPushButton(tr("&Update results"), self)
        self.setFocusProxy(self.scene)
        for box in (self.which, self.order, self.show_box, self.placement, self.creative):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)  # other docks need room too; the list shows the whole words
        for widget, name in (
            (self.which, tr("Recording")),
            (self.order, tr("Order")),
            (self.show_box, tr("Which fixations")),
            (self.table, tr("Fixations")),
            (self.scene, tr("Scene picture of the fixation")),
            (self.placement, tr("Placement")),
            (self.creative, tr("Picture")),
            (self.bar, tr("Share of fixations that were reviewed")),
        ):
            widget.setAccessibleName(name)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        for box, stretch in ((self.which, 2), (self.order, 1), (self.show_box, 2)):
            top.addWidget(box, stretch)
        top.addWidget(self.bar, 1)
        top.addWidget(self.counter)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        line = QHBoxLayout()
        line.addWidget(self.placement, 1)
        line.addWidget(self.creative)
        column.addLayout(line)
        column.addWidget(self.reference, 1)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        for widget, stretch in ((self.table, 2), (self.scene, 5), (right, 4)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        em = self.fontMetrics().height()
        split.setSizes([16 * em, 30 * em, 24 * em])  # a click on the picture has to be exact
        keys = QHBoxLayout()
        self.buttons: dict[str, QPushButton] = {}
        for name, text in (
            ("previous", tr("◀ Previous  A")),
            ("next", tr("Next ▶  S")),
            ("accept", tr("✓ Right  D")),
            ("off", tr("✗ Not on it  X")),
            ("nowhere", tr("∅ On none  N")),
            ("revert", tr("↶ Automatic  R")),
            ("key_frame", tr("◆ Key frame  K")),
        ):
            button = self.buttons[name] = QPushButton(text, self)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            keys.addWidget(button)
        keys.addStretch(1)
        said = QHBoxLayout()
        said.addWidget(self.reason, 1)
        said.addWidget(self.steps_on)
        words = QHBoxLayout()
        words.addWidget(self.note, 1)
        words.addWidget(self.frames_text)
        words.addWidget(self.run_button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(2, 2, 2, 2)
        whole.addLayout(top)
        whole.addWidget(split, 1)
        whole.addLayout(said)
        whole.addLayout(keys)
        whole.addLayout(words)


def fill(box: QComboBox, items: list[tuple[str, str]], wanted: object) -> None:
    """Put other items into a box; what is wanted is chosen where it is there."""
    box.blockSignals(True)
    box.clear()
    for text, value in items:
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(wanted)) if items else -1)
    box.blockSignals(False)
