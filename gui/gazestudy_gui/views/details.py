"""What is known of the thing that is selected in the study tree; what can be edited is edited here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QFormLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy_gui.commands import ChangePlacement, Edit, RenameStudy, SetDaypart, SetSegment
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import told, value_name
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.exchange import exchange
from gazestudy_gui.words import number_or_none, tr


class DetailsView(QScrollArea):
    """A form about the selected line of the tree.

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
        self._kind, self._id = "", ""
        self.fields: dict[str, QLineEdit] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        document.selected.connect(self.show_item)
        document.changed.connect(lambda _kind: self.show_item(self._kind, self._id))
        self.show_item("", "")

    def show_item(self, kind: str, item_id: str) -> None:
        """Show one thing."""
        editing = next((name for name, field in self.fields.items() if field.hasFocus()), "")
        self._kind, self._id = kind, item_id
        self.fields = {}
        page = QWidget(self)
        column = QVBoxLayout(page)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        column.addLayout(form)
        try:
            extra = self._fill(form)
        except GazestudyError:  # it was removed a moment ago
            self._kind = self._id = ""
            extra = self._fill_study(form)
        if extra:
            text = QPlainTextEdit(extra, page)
            text.setReadOnly(True)
            text.setAccessibleName(tr("Report of the import"))
            column.addWidget(text, 1)
        else:
            column.addStretch(1)
        exchange(self, page)
        if editing in self.fields:
            self.fields[editing].setFocus()

    def _fill(self, form: QFormLayout) -> str:
        kinds: dict[str, Callable[[QFormLayout], str]] = {
            "recording": self._fill_recording,
            "participant": self._fill_participant,
            "placement": self._fill_placement,
        }
        return kinds.get(self._kind, self._fill_study)(form)

    def _fill_study(self, form: QFormLayout) -> str:
        study = self._document.study
        self._field(form, tr("Name"), study.name, RenameStudy)
        self._fact(form, tr("Folder"), str(study.path))
        if self._kind in ("station", "point", "session", "interview"):
            self._fact(form, tr("Selected"), self._id)
        return ""

    def _fill_recording(self, form: QFormLayout) -> str:
        study, name = self._document.study, self._id
        recording = study.recording(name)
        self._fact(form, tr("Recording"), recording.id)
        self._fact(form, tr("Name"), recording.name)
        self._fact(form, tr("Device"), recording.device)
        self._fact(form, tr("Participant"), recording.participant_id)
        self._field(form, tr("Daypart"), recording.daypart, lambda text: SetDaypart(name, text))
        report = study.report(name)
        self._fact(form, tr("Read by"), f"{recording.importer} {report.get('importer_version', '')}")
        return report_text(report)

    def _fill_participant(self, form: QFormLayout) -> str:
        name = self._id
        segment = {one.id: one.segment for one in self._document.study.participants()}.get(name, "")
        self._fact(form, tr("Participant"), name)
        self._field(form, tr("Segment"), segment, lambda text: SetSegment(name, text))
        return ""

    def _fill_placement(self, form: QFormLayout) -> str:
        place = self._document.study.placement(self._id)

        def change(**facts: Any) -> Edit:
            return ChangePlacement(place.id, **facts)

        self._fact(form, tr("Placement"), place.id)
        self._field(form, tr("Name"), place.name, lambda text: change(name=text))
        self._field(form, tr("Station"), place.station, lambda text: change(station=text))
        self._field(
            form, tr("Width, mm"), _number(place.width_mm), lambda text: change(width_mm=number_or_none(text))
        )
        self._field(
            form,
            tr("Height, mm"),
            _number(place.height_mm),
            lambda text: change(height_mm=number_or_none(text)),
        )
        self._field(form, tr("Copies"), str(place.copies), lambda text: change(copies=int(text)))
        self._fact(form, tr("Kind"), tr("digital") if place.kind == "digital" else tr("static"))
        for creative in place.creatives:
            self._fact(form, tr("Picture"), f"{creative.name}  {creative.width_px} × {creative.height_px} px")
        return ""

    def _fact(self, form: QFormLayout, label: str, value: str) -> None:
        text = QLineEdit(value, self)
        text.setReadOnly(True)
        text.setFrame(False)
        text.setAccessibleName(label)
        text.setToolTip(value)
        text.setCursorPosition(0)
        clear = text.palette()
        clear.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        text.setPalette(clear)
        form.addRow(f"{label}:", text)

    def _field(self, form: QFormLayout, label: str, value: str, edit: Callable[[str], Edit]) -> None:
        field = QLineEdit(value, self)
        field.setAccessibleName(label)
        field.setReadOnly(self._document.read_only)
        field.editingFinished.connect(lambda: self._commit(field, value, edit))
        self.fields[label] = field
        form.addRow(f"{label}:", field)

    def _commit(self, field: QLineEdit, before: str, edit: Callable[[str], Edit]) -> None:
        if field.text() == before or self._document.read_only:
            return
        try:
            self._document.edit(edit(field.text()))
        except (GazestudyError, ValueError) as error:
            field.setText(before)
            shown = error if isinstance(error, GazestudyError) else _not_a_number(str(error))
            tell(self, shown, doing=tr("This value cannot be used"))


def report_text(report: dict[str, Any]) -> str:
    """Return what an import found, for people."""
    lines = []
    for stream in report.get("streams", ()):
        rate = stream.get("median_rate_hz")
        lines.append(
            f"{value_name(stream['name'])}: {stream['rows']:,}" + (f" · {rate:.1f} Hz" if rate else "")
        )
    for finding in report.get("findings", ()):
        lines.append(
            f"{tr(finding['severity'])}: {value_name(finding['stream'])}: {told(finding['message'])}"
        )
    return "\n".join(lines)


def _not_a_number(text: str) -> GazestudyError:
    return GazestudyError(tr("Please type a number. ({text})", text=text))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
