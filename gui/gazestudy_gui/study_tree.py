"""The study as a tree: stations with their points, placements and sessions; participants with recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from PyQt6.QtCore import QAbstractItemModel, QModelIndex, QObject, QRect, QSize, Qt, QTimer
from PyQt6.QtGui import QPainter, QPalette, QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QStyle,
    QStyleOptionHeader,
    QTreeView,
    QWidget,
)

from gazestudy.pipeline.overview import RecordingState, states
from gazestudy.store.listing import Listing
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.phrases import told
from gazestudy_gui.words import tr

COLUMNS = ("", "imported", "synced", "detected", "mapped", "reviewed", "coded", "problems")
KIND_ROLE = Qt.ItemDataRole.UserRole
ID_ROLE = Qt.ItemDataRole.UserRole + 1

_YES = "✓"
_LEAST_EM, _MOST_EM = 8, 22
_NONE = QModelIndex()
_RELEVANT = {"study", "placements", "participants", "recordings", "alignments", "results", "mapping",
             "fieldwork", "interviews"}  # fmt: skip


@dataclass(slots=True, eq=False)
class Node:
    """One line of the tree."""

    kind: str
    id: str
    text: str
    cells: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> Node:
        """Append a child and return it."""
        node.parent = self
        self.children.append(node)
        return node

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same line after a change."""
        return self.kind, self.id, "" if self.parent is None else self.parent.id


def build(listing: Listing, shares: dict[str, tuple[int, int] | None]) -> Node:
    """Return the tree of a listing.

    Parameters
    ----------
    listing : Listing
        What the study holds.
    shares : dict of str to (int, int) or None
        Of each recording, as far as known: sightings of placements located, and all.
    """
    root = Node("root", "", "")
    people = root.add(Node("participants", "", tr("Participants")))
    known = states(listing)
    segments = dict(listing.participants)
    for person, segment in segments.items():
        own = people.add(Node("participant", person, f"{person}  ({segment})" if segment else person))
        for entry in listing.recordings:
            if entry.participant_id == person:
                text = f"{entry.id}  {entry.daypart}" if entry.daypart else entry.id
                state = known[entry.id]
                cells, tips = _cells(state, shares.get(entry.id))
                own.add(Node("recording", entry.id, text, cells, tips))
        for talk in listing.interviews:
            if talk.participant_id == person:
                cells = ("", "", "", "", "", f"{talk.coded}/{talk.answers}", "")
                own.add(
                    Node(
                        "interview",
                        talk.id,
                        tr("Interview {name}", name=talk.id.removeprefix("interview-")),
                        cells,
                    )
                )
    places = root.add(Node("stations", "", tr("Stations")))
    names = [*listing.stations, *dict.fromkeys(place[3] for place in listing.placements if not place[3])]
    for station in names:
        here = places.add(Node("station", station, station or tr("No station")))
        for point in listing.stations.get(station, ()):
            at = here.add(Node("point", f"{station}/{point}", tr("Point {name}", name=point)))
            for one in listing.sessions:
                if (one.station, one.point) == (station, point):
                    at.add(
                        Node(
                            "session",
                            one.session_id,
                            f"{one.session_id}  {one.started_at[5:16].replace('T', ' ')}",
                        )
                    )
        for placement_id, name, _kind, of in listing.placements:
            if of == station:
                here.add(Node("placement", placement_id, name))
    return root


def _cells(state: RecordingState, share: tuple[int, int] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mapped = _YES if state.mapped else ""
    tip = tr("Not mapped yet: Analyse › Run everything")
    if state.mapped and share is not None and share[1]:
        mapped = f"{share[0] / share[1]:.0%}"
        tip = tr("{located} of {all} sightings of placements located with confidence",
                 located=share[0], all=share[1])  # fmt: skip
    trouble = [*state.problems, *state.warnings]
    cells = (
        _YES if state.imported else "",
        _YES if state.synced else "",
        _YES if state.detected else "",
        mapped,
        str(state.reviewed) if state.reviewed else "",
        f"{state.coded}/{state.answers}" if state.answers else "",
        f"! {len(trouble)}" if trouble else "",
    )
    return cells, (state.imported[:10], "", "", tip, "", "", "\n".join(map(told, trouble)))


def _below(node: Node) -> Iterator[Node]:
    """Yield all lines under one, parents first."""
    for child in node.children:
        yield child
        yield from _below(child)


class StudyTreeModel(QAbstractItemModel):
    """The tree for Qt.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = Node("root", "", "")
        self._lines: dict[tuple[str, str], Node] = {}
        self._heads = tuple(header_text(column) for column in range(len(COLUMNS)))  # asked for very often

    def set_root(self, root: Node) -> None:
        """Show another tree."""
        self.beginResetModel()
        self._root = root
        self._lines = {}
        for node in _below(root):
            self._lines.setdefault((node.kind, node.id), node)
        self.endResetModel()

    def renew(self, root: Node) -> bool:
        """Show other words in the lines that are there; False if another tree has other lines."""
        lines, others = list(_below(self._root)), list(_below(root))
        if [one.key for one in lines] != [one.key for one in others]:
            return False
        for line, other in zip(lines, others, strict=True):
            if (line.text, line.cells, line.tips) != (other.text, other.cells, other.tips):
                line.text, line.cells, line.tips = other.text, other.cells, other.tips
                self.tell(line)
        return True

    def tell(self, node: Node) -> None:
        """Have a line painted again."""
        if node.parent is not None:
            first = self.createIndex(node.parent.children.index(node), 0, node)
            self.dataChanged.emit(first, first.siblingAtColumn(len(COLUMNS) - 1))

    def node(self, index: QModelIndex) -> Node:
        """Return the line at an index."""
        found: Node = index.internalPointer() if index.isValid() else self._root
        return found

    def indexes(self, parent: QModelIndex | None = None) -> Iterator[QModelIndex]:
        """Yield all lines, parents first."""
        above = parent if parent is not None else QModelIndex()
        for row in range(self.rowCount(above)):
            index = self.index(row, 0, above)
            yield index
            yield from self.indexes(index)

    def find(self, kind: str, wanted: str) -> QModelIndex:
        """Return the first line of a kind and id, an invalid index if there is none."""
        node = self._lines.get((kind, wanted))
        if node is None or node.parent is None:
            return QModelIndex()
        return self.createIndex(node.parent.children.index(node), 0, node)

    def index(self, row: int, column: int, parent: QModelIndex = _NONE) -> QModelIndex:
        """Return the index of a child."""
        node = self.node(parent)
        if not (0 <= row < len(node.children) and 0 <= column < len(COLUMNS)):
            return QModelIndex()
        return self.createIndex(row, column, node.children[row])

    def parent(self, index: QModelIndex = _NONE) -> QModelIndex:  # type: ignore[override]
        """Return the index of the line above."""
        above = self.node(index).parent if index.isValid() else None
        if above is None or above.parent is None:
            return QModelIndex()
        return self.createIndex(above.parent.children.index(above), 0, above)

    def rowCount(self, parent: QModelIndex = _NONE) -> int:
        """Return the number of children; only the first column has some."""
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, parent: QModelIndex = _NONE) -> int:
        """Return the number of columns."""
        return len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        node, column = self.node(index), index.column()
        found: Any = None
        if role == Qt.ItemDataRole.DisplayRole:
            found = _at(node.cells, column - 1) if column else node.text
        elif role == Qt.ItemDataRole.ToolTipRole:
            found = (_at(node.tips, column - 1) if column else node.text) or None
        elif role == Qt.ItemDataRole.TextAlignmentRole:
            found = Qt.AlignmentFlag.AlignCenter if column else None
        elif role == Qt.ItemDataRole.AccessibleTextRole and column:
            value = _at(node.cells, column - 1)
            said = tr("yes") if value == _YES else value or tr("no")
            found = f"{self._heads[column]}: {said}"
        elif role in (KIND_ROLE, ID_ROLE):
            found = node.kind if role == KIND_ROLE else node.id
        return found

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the name of a column."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None


class _StateHeader(QHeaderView):
    """A header that names its columns after the first from bottom to top, so that seven states are narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)

    def _text(self, column: int) -> str:
        model = self.model()
        return "" if model is None else str(model.headerData(column, Qt.Orientation.Horizontal))

    def sectionSizeFromContents(self, column: int) -> QSize:
        """Return the size of a name that stands upright."""
        if not column:
            return super().sectionSizeFromContents(column)
        metrics = self.fontMetrics()
        room = metrics.height() // 2
        return QSize(metrics.height() + room, metrics.horizontalAdvance(self._text(column)) + room)

    def paintSection(self, painter: QPainter | None, area: QRect, column: int) -> None:
        """Draw a name."""
        if not column or painter is None:
            super().paintSection(painter, area, column)
            return
        option = QStyleOptionHeader()
        self.initStyleOption(option)
        option.rect, option.section, option.text = area, column, ""
        style = self.style()
        assert style is not None
        style.drawControl(QStyle.ControlElement.CE_Header, option, painter, self)
        painter.save()
        painter.translate(area.left(), area.bottom())
        painter.rotate(-90)
        painter.setPen(self.palette().color(QPalette.ColorRole.ButtonText))
        edge = self.fontMetrics().height() // 4
        painter.drawText(
            QRect(edge, 0, area.height() - edge, area.width()),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self._text(column),
        )
        painter.restore()


def header_text(column: int) -> str:
    """Return the name of a column in the language of the interface."""
    return (
        tr("Study"), tr("imported"), tr("synced"), tr("detected"), tr("mapped"), tr("reviewed"), tr("coded"),
        tr("problems"),
    )[column]  # fmt: skip


def _at(values: tuple[str, ...], number: int) -> str:
    return values[number] if number < len(values) else ""


class StudyTree(QWidget):
    """The tree with its empty state; says what is selected.

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
        self._shares: dict[str, tuple[int, int] | None] = {}
        self._keys: dict[str, str] = {}
        self._states: Mapping[str, RecordingState] = {}
        self.model = StudyTreeModel(self)
        self.view = QTreeView(self)
        self.view.setModel(self.model)
        self.view.setUniformRowHeights(True)
        self.view.setAlternatingRowColors(True)
        self.view.setIndentation(self.fontMetrics().height())
        self.view.setAccessibleName(tr("Study tree"))
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = _StateHeader(self.view)
        self.view.setHeader(header)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(self.fontMetrics().height())
        header.setResizeContentsPrecision(0)  # what is seen
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.empty = QLabel(
            tr(
                "This study is empty.\n\n"
                "1. Placements › Add placement: the pictures that hang in the station.\n"
                "2. File › Import recordings: or drop their folders here.\n3. Analyse › Run everything."
            ),
            self,
        )
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(self.fontMetrics().height())
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        self._fits = QTimer(self)  # once for many lines: Qt would measure all of them at each change
        self._fits.setSingleShot(True)
        self._fits.timeout.connect(self._fit)
        self.model.dataChanged.connect(lambda *_where: self._fits.start(0))
        selection = self.view.selectionModel()
        assert selection is not None
        selection.currentChanged.connect(self._on_current)
        document.changed.connect(self._on_changed)
        self.refresh()
        self.view.expandAll()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give the names what the states leave."""
        super().resizeEvent(event)
        self._fits.start(0)  # once it is seen which lines there is room for

    def _fit(self) -> None:
        """Give the states what they need, and the names what these leave."""
        header, em = self.view.header(), self.fontMetrics().height()
        if header is not None:
            for column in range(1, len(COLUMNS)):
                self.view.resizeColumnToContents(column)
            states = sum(header.sectionSize(column) for column in range(1, len(COLUMNS)))
            room = self.width() - states - 2 * self.view.frameWidth() - em  # less the scroll bar
            header.resizeSection(0, min(max(room, _LEAST_EM * em), _MOST_EM * em))

    def refresh(self) -> None:
        """Read the study again; what was open and selected stays so."""
        listing = self._document.study.listing()
        self._states = states(listing)
        for entry in listing.recordings:
            if self._keys.get(entry.id) != entry.steps.get("mapping", ""):
                self._keys[entry.id] = entry.steps.get("mapping", "")
                self._shares.pop(entry.id, None)
        is_empty = not (listing.participants or listing.placements or listing.stations)
        self._stack.setCurrentWidget(self.empty if is_empty else self.view)
        root = build(listing, self._shares)
        if not self.model.renew(root):
            self._show(root)
        self._fit()

    def _show(self, root: Node) -> None:
        """Show other lines; what was open and selected stays so."""
        closed = {
            self.model.node(index).key
            for index in self.model.indexes()
            if self.model.rowCount(index) and not self.view.isExpanded(index)
        }
        current = self.model.node(self.view.currentIndex()).key
        self.model.set_root(root)
        self.view.expandAll()  # at once: one by one, all lines are laid out for each of them
        for index in self.model.indexes():
            key = self.model.node(index).key
            if key in closed:
                self.view.collapse(index)
            if not self.model.node(index).cells:  # a name without states has the whole line
                self.view.setFirstColumnSpanned(index.row(), index.parent(), True)
            if key == current and key[0] != "root":
                self.view.setCurrentIndex(index)

    def unknown_shares(self) -> list[str]:
        """Return the recordings whose mapped share has not been read yet."""
        return [name for name, key in self._keys.items() if key and name not in self._shares]

    def set_share(self, recording_id: str, share: tuple[int, int] | None) -> None:
        """Show how much of a recording was mapped."""
        self._shares[recording_id] = share
        index = self.model.find("recording", recording_id)
        if index.isValid():
            node = self.model.node(index)
            node.cells, node.tips = _cells(self._states[recording_id], share)
            self.model.tell(node)

    def select(self, kind: str, wanted: str) -> None:
        """Select a line."""
        index = self.model.find(kind, wanted)
        if index.isValid():
            self.view.setCurrentIndex(index)

    def _on_changed(self, kind: str) -> None:
        if kind in _RELEVANT:
            self.refresh()

    def _on_current(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node.kind != "root":
            self._document.selected.emit(node.kind, node.id)
