"""What a screen shows when: a loop that repeats, or the log of its player."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QDateTime, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy.model import Placement
from gazestudy.model.schedule import Schedule
from gazestudy_gui import theme
from gazestudy_gui.commands import Edit, RemoveSchedule, SetLoop, SetScheduleFromLog
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.ok_cancel import OkCancel
from gazestudy_gui.trouble import tell
from gazestudy_gui.words import tr

_OTHERS = "-"
_SPOT_S = 10.0
_OFFSETS = ("+05:30", "+06:00", "+07:00", "+08:00", "+09:00", "+00:00", "+01:00", "+02:00")


class LoopStrip(QWidget):
    """One round of a loop, each spot as wide as it is long.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spots: list[tuple[str, float]] = []
        em = self.fontMetrics().height()
        self.setFixedHeight(2 * em)
        self.setAccessibleName(tr("One round of the loop"))

    def show_spots(self, spots: list[tuple[str, float]]) -> None:
        """Show other spots: name (empty for those of others) and seconds."""
        self.spots = spots
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Paint it."""
        painter = QPainter(self)
        whole = sum(seconds for _, seconds in self.spots)
        names = list(dict.fromkeys(name for name, _ in self.spots if name))
        left = 0.0
        for name, seconds in self.spots:
            width = self.width() * seconds / whole if whole else 0
            box = self.rect().adjusted(round(left), 2, round(left + width) - self.width() - 2, -2)
            fill = theme.series(names.index(name)) if name else theme.background()
            painter.fillRect(box, fill)
            painter.setPen(theme.foreground())
            painter.drawRect(box)
            text = painter.fontMetrics().elidedText(
                name or tr("others"), Qt.TextElideMode.ElideRight, box.width() - 6
            )
            painter.setPen(theme.on(fill))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
            left += width


class ScheduleDialog(QDialog):
    """Asks what a screen shows when.

    Parameters
    ----------
    document : StudyDocument
        The study.
    placement : Placement
        A screen.
    parent : QWidget
        Above which window.
    """

    def __init__(self, document: StudyDocument, placement: Placement, parent: QWidget) -> None:
        super().__init__(parent)
        self._document, self._placement = document, placement
        self.setWindowTitle(tr("What {name} shows when", name=placement.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        known = document.study.schedule(placement.id)
        self.present = QLabel(summary(known, placement), self)
        self.present.setWordWrap(True)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self._loop_page(), tr("A &loop"))
        self.tabs.addTab(self._log_page(), tr("The lo&g of its player"))
        self.clock = QLineEdit(known.clock if known is not None else "", self)
        self.clock.setPlaceholderText(tr("only if recordings were aligned to it"))
        self.uncertainty = QDoubleSpinBox(self)
        self.uncertainty.setRange(0, 600)
        self.uncertainty.setSuffix(" s")
        self.uncertainty.setValue(2.0 if known is None else known.uncertainty_ms / 1e3)
        self.uncertainty.setToolTip(
            tr("So far the clock of the player may be from that of the glasses. Where the picture may have "
               "changed within it, it counts as not known.")
        )  # fmt: skip
        form = QFormLayout()
        form.addRow(tr("&Clock of the player:"), self.clock)
        form.addRow(tr("&Uncertainty:"), self.uncertainty)
        self.buttons = OkCancel(self, self._take)
        remove = self.buttons.addButton(
            tr("&Remove the schedule"), QDialogButtonBox.ButtonRole.DestructiveRole
        )
        assert remove is not None
        self.remove_button = remove
        remove.setEnabled(known is not None)
        remove.clicked.connect(lambda _checked=False: self._do(RemoveSchedule(placement.id, placement.name)))
        column = QVBoxLayout(self)
        column.addWidget(self.present)
        column.addWidget(self.tabs, 1)
        column.addLayout(form)
        column.addWidget(self.buttons)
        em = self.fontMetrics().height()
        self.resize(34 * em, 30 * em)

    def spots(self) -> list[tuple[str, float]]:
        """Return the spots of the loop: id of the picture ("-" for those of others) and seconds."""
        found = []
        for row in range(self.table.rowCount()):
            picture, seconds = self.table.cellWidget(row, 0), self.table.cellWidget(row, 1)
            assert isinstance(picture, QComboBox) and isinstance(seconds, QDoubleSpinBox)
            found.append((str(picture.currentData()), seconds.value()))
        return found

    def add_spot(self, creative_id: str = _OTHERS, seconds: float = _SPOT_S) -> None:
        """Put a spot at the end of the loop."""
        row = self.table.rowCount()
        self.table.insertRow(row)
        picture, length = QComboBox(self.table), QDoubleSpinBox(self.table)
        for one in self._placement.creatives:
            picture.addItem(one.name, one.id)
        picture.addItem(tr("pictures of others"), _OTHERS)
        picture.setCurrentIndex(max(0, picture.findData(creative_id)))
        picture.setAccessibleName(tr("Picture"))
        length.setRange(0.1, 3600)
        length.setSuffix(" s")
        length.setValue(seconds)
        length.setAccessibleName(tr("Seconds"))
        picture.currentIndexChanged.connect(lambda _index: self._show_strip())
        length.valueChanged.connect(lambda _value: self._show_strip())
        self.table.setCellWidget(row, 0, picture)
        self.table.setCellWidget(row, 1, length)
        self.table.setRowHeight(row, picture.sizeHint().height() + 2)
        self._show_strip()

    # ------------------------------------------------------------------ inside

    def _loop_page(self) -> QWidget:
        page = QWidget(self)
        self.table = QTableWidget(0, 2, page)
        self.table.setTabKeyNavigation(False)
        self.table.setAccessibleName(tr("Spots of the loop"))
        self.table.setHorizontalHeaderLabels([tr("Picture"), tr("Seconds")])
        head, side = self.table.horizontalHeader(), self.table.verticalHeader()
        assert head is not None and side is not None
        head.setSectionResizeMode(0, head.ResizeMode.Stretch)
        head.setSectionResizeMode(1, head.ResizeMode.ResizeToContents)
        self.strip = LoopStrip(page)
        more, fewer = QPushButton(tr("&Add a spot"), page), QPushButton(tr("Remove the &spot"), page)
        more.clicked.connect(lambda _checked=False: self.add_spot())
        fewer.clicked.connect(lambda _checked=False: self._remove_spot())
        now = QDateTime.currentDateTime()
        self.start, self.end = QDateTimeEdit(now, page), QDateTimeEdit(now.addSecs(12 * 3600), page)
        for field, name in ((self.start, tr("From")), (self.end, tr("Until"))):
            field.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
            field.setAccessibleName(name)
            field.setCalendarPopup(True)
        self.offset = QComboBox(page)
        self.offset.setEditable(True)
        own = now.toOffsetFromUtc(now.offsetFromUtc()).toString(Qt.DateFormat.ISODate)[-6:]
        own = "+00:00" if own.endswith("Z") else own
        self.offset.addItems(list(dict.fromkeys((own, *_OFFSETS))))
        for one in self._placement.creatives:
            self.add_spot(one.id)
        line = QHBoxLayout()
        line.addWidget(more)
        line.addWidget(fewer)
        line.addStretch(1)
        form = QFormLayout()
        form.addRow(tr("&From:"), self.start)
        form.addRow(tr("U&ntil:"), self.end)
        form.addRow(tr("&Time zone (UTC):"), self.offset)
        column = QVBoxLayout(page)
        column.addWidget(self.table, 1)
        column.addLayout(line)
        column.addWidget(self.strip)
        column.addLayout(form)
        return page

    def _log_page(self) -> QWidget:
        page = QWidget(self)
        self.log, self.zone = QLineEdit(page), QLineEdit(page)
        self.zone.setPlaceholderText(tr("such as Asia/Bangkok, where the log does not say it"))
        browse = QPushButton(tr("&Browse …"), page)
        browse.clicked.connect(lambda _checked=False: self._browse())
        line = QHBoxLayout()
        line.addWidget(self.log, 1)
        line.addWidget(browse)
        hint = QLabel(
            tr("A table with a row for each showing: picture, start, and end or seconds. Contents are the "
               "pictures of this screen by name or file name; all others are those of others."), page,
        )  # fmt: skip
        hint.setWordWrap(True)
        form = QFormLayout(page)
        form.addRow(hint)
        label = QLabel(tr("&Log:"), page)
        label.setBuddy(self.log)
        form.addRow(label, line)
        form.addRow(tr("Time &zone:"), self.zone)
        return page

    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Log of the player"), "", tr("Tables") + " (*.csv *.tsv *.txt)"
        )
        if name:
            self.log.setText(name)

    def _remove_spot(self) -> None:
        row = self.table.currentRow()
        self.table.removeRow(row if row >= 0 else self.table.rowCount() - 1)
        self._show_strip()

    def _show_strip(self) -> None:
        names = {one.id: one.name for one in self._placement.creatives}
        self.strip.show_spots([(names.get(creative, ""), seconds) for creative, seconds in self.spots()])

    def _take(self) -> None:
        place = self._placement
        clock, uncertainty_s = self.clock.text().strip(), self.uncertainty.value()
        if self.tabs.currentIndex() == 1:
            self._do(
                SetScheduleFromLog(
                    place.id,
                    place.name,
                    Path(self.log.text()),
                    zone=self.zone.text().strip() or None,
                    clock=clock,
                    uncertainty_s=uncertainty_s,
                )
            )
            return
        zone = self.offset.currentText().strip()
        start, end = (
            field.dateTime().toString("yyyy-MM-ddTHH:mm:ss") + zone for field in (self.start, self.end)
        )
        self._do(
            SetLoop(
                place.id, place.name, self.spots(), start=start, end=end, clock=clock,
                uncertainty_s=uncertainty_s,
            )
        )  # fmt: skip

    def _do(self, command: Edit) -> None:
        try:
            self._document.edit(command)
        except (GazestudyError, OSError) as error:
            shown = error if isinstance(error, GazestudyError) else GazestudyError(str(error))
            tell(self, shown, doing=tr("This is no schedule"))
            return
        self.accept()


def summary(schedule: Schedule | None, placement: Placement) -> str:
    """Return what a schedule says, in words."""
    if schedule is None or not len(schedule.showings):
        return tr("It has no schedule: which picture was on show is told from the video alone.")
    showings = schedule.showings
    length = showings["end_unix_ns"] - showings["start_unix_ns"]
    names = {one.id: one.name for one in placement.creatives}
    shares = length.groupby(showings["creative_id"]).sum() / length.sum()
    parts = [f"{names.get(str(name), tr('others'))} {share:.0%}" for name, share in shares.items()]
    first, last = (
        QDateTime.fromMSecsSinceEpoch(int(ns) // 1_000_000).toString("yyyy-MM-dd HH:mm")
        for ns in (showings["start_unix_ns"].iloc[0], showings["end_unix_ns"].iloc[-1])
    )
    return tr(
        "{count} showings from {first} to {last} (this computer's time): {parts}.",
        count=len(showings), first=first, last=last, parts=", ".join(parts),
    )  # fmt: skip
