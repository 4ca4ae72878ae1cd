"""Placements with their reference images, and the AOIs on them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gazestudy.errors import GazestudyError
from gazestudy.model import Placement
from gazestudy.store.base import slug
from gazestudy_gui.actions import ActionBook, ActionSpec
from gazestudy_gui.background import Background
from gazestudy_gui.commands import (
    AddAoi,
    AddPlacement,
    ChangePlacement,
    CopyAois,
    CopyPlacement,
    Edit,
    LabelAoi,
    RemoveAoi,
    RemovePlacement,
    RenameAoi,
    ReshapeAoi,
)
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.seen import WhenSeen
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.aoi_canvas import AoiCanvas, Shape, Tool, overlapping_labels
from gazestudy_gui.views.placement_edits import AddWrap
from gazestudy_gui.views.placement_pictures import PICTURES, PictureButton
from gazestudy_gui.views.placement_side import PlacementSide
from gazestudy_gui.words import tr


class PlacementsView(QWidget):
    """A list of placements, the reference image of one, and its AOIs.

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
        self._placements: dict[str, Placement] = {}
        self._shown: tuple[str, str] = ("", "")
        self._playing = ("", 0)
        self._judged: tuple[str, ...] = ()
        self._fitness: dict[str, str] = {}
        self._worker = Background("pictures", self)
        self._worker.done.connect(self._on_judged)
        self._judging = WhenSeen(self, self._judge)
        self._build()
        document.changed.connect(self._on_changed)
        document.selected.connect(self._on_selected)
        document.playhead.connect(self._on_playhead)
        self.refresh()

    # ------------------------------------------------------------------ what it shows

    def refresh(self) -> None:
        """Read the placements again."""
        current = self.placement_id
        self._placements = {one.id: one for one in self._document.study.placements()}
        self.which.blockSignals(True)
        self.which.clear()
        for one in self._placements.values():
            self.which.addItem(f"{one.name}  ({one.station})" if one.station else one.name, one.id)
        self.which.setCurrentIndex(max(0, self.which.findData(current)))
        self.which.blockSignals(False)
        self._show()
        self._judging.ask()

    @property
    def placement_id(self) -> str:
        """The placement on show, empty if there is none."""
        return str(self.which.currentData() or "")

    def choose(self, placement_id: str) -> None:
        """Show a placement."""
        index = self.which.findData(placement_id)
        if index >= 0 and index != self.which.currentIndex():
            self.which.setCurrentIndex(index)
            self._show()

    # ------------------------------------------------------------------ what it does

    def add_from_files(self) -> None:
        """Ask for pictures; each becomes a placement."""
        names, _ = QFileDialog.getOpenFileNames(
            self, tr("Pictures of placements"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        for name in names:
            self.add(Path(name), Path(name).stem)

    def add(self, picture: Path, name: str, **facts: Any) -> None:
        """Add a placement."""
        wanted = free_id(name, set(self._placements))
        if self._edit(AddPlacement(wanted, [picture], name=name, **facts)):
            self.refresh()
            self.choose(wanted)

    def add_screen(self) -> None:
        """Ask for pictures that one screen shows in turn."""
        names, _ = QFileDialog.getOpenFileNames(
            self, tr("All pictures that the screen shows"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        if names:
            pictures = [Path(name) for name in names]
            wanted = free_id(pictures[0].stem, set(self._placements))
            if self._edit(AddPlacement(wanted, pictures, name=pictures[0].stem, kind="digital")):
                self.choose(wanted)

    def ask_schedule(self) -> None:
        """Ask what the screen on show shows when."""
        place = self._placements.get(self.placement_id)
        if place is None or place.kind != "digital":
            tell(self, GazestudyError(tr("Only screens have a schedule: choose one first.")))
            return
        from gazestudy_gui.views.placement_schedule import ScheduleDialog

        ScheduleDialog(self._document, place, self).open()

    def add_wrap(self) -> None:
        """Ask for the pictures of the flat parts of a wrap, which become one placement."""
        from gazestudy_gui.views.placement_joined import JoinDialog

        names, _ = QFileDialog.getOpenFileNames(
            self, tr("A picture for each flat part"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        if names:
            dialog = JoinDialog([Path(name) for name in names], self)
            dialog.joined.connect(self._on_joined)
            dialog.open()

    def ask_facets(self) -> None:
        """Ask which parts of the placement on show are flat."""
        from gazestudy_gui.views.placement_facets import FacetsDialog

        place = self._placements.get(self.placement_id)
        if place is None:
            return
        try:
            picture = self._document.study.placement_image(place.creatives[0])
        except GazestudyError as error:
            tell(self, error)
            return
        height, width = picture.shape[:2]
        image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_BGR888).copy()
        FacetsDialog(self._document, place, image, self).open()

    def _on_joined(self, pictures: list[Path], name: str, width_mm: Any, height_mm: Any) -> None:
        wanted = free_id(name, set(self._placements))
        if self._edit(AddWrap(wanted, pictures, name=name, width_mm=width_mm, height_mm=height_mm)):
            self.choose(wanted)

    def grab_from_video(self) -> None:
        """Make a placement of the picture that the player shows."""
        from gazestudy_gui.views.grab import GrabDialog

        window = self.window()
        player = window.view("player") if window is not None and hasattr(window, "view") else None
        if player is None or player.scene is None or player.video.image.isNull():
            error = GazestudyError(tr("Choose a recording and go to a picture with the placement first."))
            tell(self, error, doing=tr("There is no picture yet"))
            return
        player.pause()
        recording_id, t_ns = self._playing
        at_s = (t_ns - int(player.scene.t_ns[0])) / 1e9
        dialog = GrabDialog(self._document.path, recording_id, at_s, player.video.image, self)
        dialog.grabbed.connect(
            lambda path, name, width, height: self.add(path, name, width_mm=width, height_mm=height)
        )
        dialog.open()

    def straighten(self) -> None:
        """Make a placement of a photograph that was taken from the side."""
        from gazestudy_gui.views.grab import GrabDialog

        name, _ = QFileDialog.getOpenFileName(
            self, tr("A photograph of the placement"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        if not name:
            return
        from gazestudy.pipeline.grabbing import grab

        try:
            picture = grab(Path(name)).picture
        except GazestudyError as error:
            tell(self, error)
            return
        height, width = picture.shape[:2]
        image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        dialog = GrabDialog(Path(name), "", 0.0, image, self)
        dialog.name.setText(Path(name).stem)
        dialog.grabbed.connect(
            lambda path, name, width, height: self.add(path, name, width_mm=width, height_mm=height)
        )
        dialog.open()

    def remove(self) -> None:
        """Remove the placement on show."""
        if self.placement_id:
            self._edit(RemovePlacement(self.placement_id, self._placements[self.placement_id].name))

    def remove_aoi(self) -> None:
        """Remove the selected AOI."""
        if self.canvas.selected:
            self._on_removed(self.canvas.selected)

    def copy_aois(self, *targets: str) -> None:
        """Copy the AOIs on show onto other placements; each is an edit that can be undone."""
        stack = self._document.undo_stack
        stack.beginMacro(tr("copy AOIs to {count} placements", count=len(targets)))
        for target in targets:
            if self.placement_id and target:
                self._edit(CopyAois(self.placement_id, target))
        stack.endMacro()

    def copy_to_station(self, picture: Path, station: str) -> None:
        """Make a placement like the one on show, with its AOIs, of the picture of another station."""
        here = self._placements[self.placement_id]
        wanted = free_id(f"{here.id}-{station}", set(self._placements))
        if self._edit(CopyPlacement(here, wanted, picture, station)):
            self.choose(wanted)

    def ask_station(self) -> None:
        """Ask into which station the placement is to be copied, and for the picture that hangs there."""
        here = self._placements.get(self.placement_id)
        if here is None:
            return
        known = sorted({one.station for one in self._placements.values() if one.station} - {here.station})
        station, wanted = QInputDialog.getItem(
            self, tr("Copy {name}", name=here.name), tr("To which station?"), known, 0, True
        )
        if not wanted or not station.strip():
            return
        picture, _ = QFileDialog.getOpenFileName(
            self, tr("The picture as it hangs there"), "", f"{tr('Pictures')} ({PICTURES})"
        )
        if picture:
            self.copy_to_station(Path(picture), station.strip())

    def set_tool(self, tool: Tool) -> None:
        """Draw something else."""
        self.tools[tool].setChecked(True)
        self.canvas.set_tool(tool)

    def add_actions(self, book: ActionBook) -> None:
        """Put the commands into the menus; single keys count while the view has the focus."""
        add, spec = book.add, ActionSpec
        menu = "&Placements"
        add(spec("placement.add", menu, "&Add placements from pictures …", "Ctrl+Shift+A", writes=True),
            self.add_from_files)  # fmt: skip
        add(
            spec(
                "placement.screen", menu, "Add a s&creen with several pictures …", "Ctrl+Alt+A", writes=True
            ),
            self.add_screen,
        )
        add(spec("placement.schedule", menu, "What a screen s&hows when …", "Ctrl+Shift+T", writes=True),
            self.ask_schedule)  # fmt: skip
        add(spec("placement.facets", menu, "&Folds of a pillar or a corner …", "Ctrl+Alt+F", writes=True),
            self.ask_facets)  # fmt: skip
        add(spec("placement.wrap", menu, "Add a &wrap from several pictures …", "Ctrl+Alt+W", writes=True),
            self.add_wrap)  # fmt: skip
        add(spec("placement.grab", menu, "Placement from the &video …", "Ctrl+Shift+G", writes=True),
            self.grab_from_video)  # fmt: skip
        add(
            spec("placement.straighten", menu, "Placement from a &photograph, straightened …", "Ctrl+Alt+P",
                 writes=True),
            self.straighten,
        )  # fmt: skip
        add(spec("placement.copy", menu, "Cop&y the placement to another station …", "Ctrl+Alt+K",
                 writes=True), self.ask_station)  # fmt: skip
        add(spec("placement.remove", menu, "&Remove placement", "Ctrl+Shift+Del", writes=True), self.remove)
        for number, (tool, text, keys) in enumerate(
            (
                ("select", "&Select and move", "V"),
                ("rectangle", "Draw a rec&tangle", "R"),
                ("polygon", "Draw a &polygon", "P"),
                ("ellipse", "Draw an &ellipse", "E"),
            )
        ):
            add(
                spec(f"aoi.{tool}", menu, text, keys, local=True, separated=number == 0),
                partial(self.set_tool, tool),  # type: ignore[arg-type]
                owner=self,
            )
        add(spec("aoi.insert", menu, "Dra&w in the middle", "Ins", writes=True, local=True),
            self.canvas.draw_in_middle, owner=self)  # fmt: skip
        add(spec("aoi.remove", menu, "Re&move AOI", "Del", writes=True, local=True), self.remove_aoi,
            owner=self)  # fmt: skip
        add(spec("aoi.rename", menu, "Re&name AOI", "F2", writes=True, local=True), self.side.begin_rename,
            owner=self)  # fmt: skip
        add(spec("aoi.label", menu, "&Label AOI", "L", writes=True, local=True), self.side.begin_label,
            owner=self)  # fmt: skip
        add(
            spec("aoi.copy", menu, "&Copy AOIs to another placement …", "Ctrl+Shift+C", writes=True),
            self._ask_copy,
        )
        self.pictures.add_actions(book)

    def recolour(self) -> None:
        """Follow another colour scheme."""
        self.canvas.update()

    def shut_down(self) -> None:
        """End the thread."""
        self._worker.close()

    # ------------------------------------------------------------------ inside

    def _build(self) -> None:
        self.which = QComboBox(self)
        self.which.setAccessibleName(tr("Placement"))
        self.which.setMinimumContentsLength(20)
        self.which.activated.connect(lambda _row: self._show())
        self.creative = QComboBox(self)
        self.creative.setAccessibleName(tr("Picture"))
        self.creative.activated.connect(lambda _row: self._show_picture())
        self.schedule = QPushButton(tr("Sche&dule …"), self)
        self.schedule.setToolTip(tr("What this screen shows when"))
        self.schedule.clicked.connect(lambda _checked=False: self.ask_schedule())
        self.pictures = PictureButton(self._document, self)
        self.canvas = AoiCanvas(self)
        self.setFocusProxy(self.canvas)
        self.side = PlacementSide(self)
        self.list = self.side.list
        self.empty = QLabel(
            tr(
                "No placement yet.\n\n"
                "Placements › Add placements from pictures: the artwork or a photograph.\n"
                "Placements › Placement from the video: grab it where somebody walked past."
            ),
            self,
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self._build_tools()

    def _build_tools(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.which, 1)
        line.addWidget(self.creative)
        line.addWidget(self.pictures)
        line.addWidget(self.schedule)
        self.tools: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for tool, sign, name in (
            ("select", "↖", tr("Select and move")),
            ("rectangle", "▭", tr("Draw a rectangle")),
            ("polygon", "⬠", tr("Draw a polygon")),
            ("ellipse", "◯", tr("Draw an ellipse")),
        ):
            button = QToolButton(self)
            button.setText(sign)
            button.setCheckable(True)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.clicked.connect(partial(self.set_tool, tool))  # type: ignore[arg-type]
            group.addButton(button)
            self.tools[tool] = button
            line.addWidget(button)
        self.tools["select"].setChecked(True)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.canvas)
        split.addWidget(self.side)
        split.setStretchFactor(0, 5)
        split.setStretchFactor(1, 1)
        self._body = split
        whole = QVBoxLayout(self)
        whole.setContentsMargins(2, 2, 2, 2)
        whole.addLayout(line)
        whole.addWidget(split, 1)
        whole.addWidget(self.empty, 1)
        self.canvas.drawn.connect(self._on_drawn)
        self.canvas.reshaped.connect(self._on_reshaped)
        self.canvas.removed.connect(self._on_removed)
        self.canvas.chosen.connect(self.side.show_selected)
        self.canvas.hovered.connect(self._on_hovered)
        self.side.chosen.connect(self.canvas.select)
        self.side.renamed.connect(self._on_renamed)
        self.side.labelled.connect(self._on_labelled)
        self.side.sized.connect(lambda name, value: self._on_sized(**{name: value}))

    def _show(self) -> None:
        place = self._placements.get(self.placement_id)
        self._body.setVisible(place is not None)
        self.empty.setVisible(place is None)
        if place is None:
            self._shown = ("", "")
            self.creative.hide()
            self.schedule.hide()
            self.pictures.show_picture(None, "")
            return
        before = self.creative.currentData()
        self.creative.blockSignals(True)
        self.creative.clear()
        for one in place.creatives:
            self.creative.addItem(one.name, one.id)
        self.creative.setCurrentIndex(max(0, self.creative.findData(before)))
        self.creative.setVisible(len(place.creatives) > 1)
        self.schedule.setVisible(place.kind == "digital")
        self.schedule.setEnabled(not self._document.read_only)
        self.creative.blockSignals(False)
        self.canvas.can_edit = not self._document.read_only
        self._show_picture()
        self._show_aois()

    def _on_hovered(self, x: float, y: float) -> None:
        place = self._placements.get(self.placement_id)
        text = f"{x:.0f}, {y:.0f} px"
        if place is not None and place.width_mm and place.height_mm:
            width, height = place.size_px
            text += (
                f"   {(x + 0.5) / width * place.width_mm:.0f}, {(y + 0.5) / height * place.height_mm:.0f} mm"
            )
        self.side.place.setText(text)

    def _show_facts(self) -> None:
        place = self._placements[self.placement_id]
        self.side.show_placement(place, can_edit=self.canvas.can_edit)
        creative = place.creatives[max(0, self.creative.currentIndex())]
        self.side.fitness.setText(self._fitness.get(creative.id, ""))
        self.pictures.show_picture(place, creative.id)

    def _judge(self) -> None:
        """Find out how well the pictures can be mapped, and which look alike; takes seconds."""
        pictures = tuple(c.sha256 for one in self._placements.values() for c in one.creatives)
        if not pictures or pictures == self._judged:
            return
        self._judged = pictures
        path = self._document.path

        def work() -> Any:
            from gazestudy.pipeline.grabbing import check_pictures
            from gazestudy.store import open_study
            from gazestudy_gui.views.grab import suitability_text

            with open_study(path, read_only=True) as study:
                table = check_pictures([], study)
            return {str(row["creative_id"]): suitability_text(row.to_dict()) for _, row in table.iterrows()}

        self._worker.ask(work)

    def _on_judged(self, number: int, found: Any) -> None:
        if number == self._worker.newest:
            self._fitness = found
            if self.placement_id:
                self._show_facts()

    def _show_picture(self) -> None:
        place = self._placements[self.placement_id]
        creative = place.creatives[max(0, self.creative.currentIndex())]
        self._show_facts()
        if self._shown == (creative.id, creative.sha256):
            return
        try:
            picture = self._document.study.placement_image(creative)
        except GazestudyError as error:
            tell(self, error)
            return
        height, width = picture.shape[:2]
        image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_BGR888)
        self._shown = (creative.id, creative.sha256)
        self.canvas.show_image(image.copy())

    def _show_aois(self) -> None:
        everywhere = self._document.study.aois()
        aois = [one for one in everywhere if one.placement_id == self.placement_id]
        place = self._placements.get(self.placement_id)
        self.canvas.facets = [] if place is None else [one.corners_px.tolist() for one in place.facets]
        self.canvas.show_shapes([Shape(one.id, one.name, list(one.points_px), one.label) for one in aois])
        self.side.show_overlaps(overlapping_labels(self.canvas.shapes))
        self.side.show_aois(aois, {one.label for one in everywhere}, self.canvas.selected)

    def _edit(self, command: Edit) -> bool:
        try:
            self._document.edit(command)
        except GazestudyError as error:
            tell(self, error, doing=tr("This was not changed"))
            self._show_aois()
            return False
        return True

    def _on_drawn(self, points: list[tuple[float, float]]) -> None:
        names = {one.name for one in self._document.study.aois(self.placement_id)}
        number = 1
        while tr("AOI {number}", number=number) in names:
            number += 1
        command = AddAoi(self.placement_id, tr("AOI {number}", number=number), points)
        if self._edit(command):
            self.set_tool("select")
            self.canvas.select(command.result.id)
        elif self.canvas.tool == "polygon":
            self.canvas.draw_on(points)

    def _on_reshaped(self, aoi_id: str, points: list[tuple[float, float]], gesture: int) -> None:
        name = next((shape.name for shape in self.canvas.shapes if shape.id == aoi_id), aoi_id)
        self._edit(ReshapeAoi(aoi_id, name, points, gesture=gesture))

    def _on_removed(self, aoi_id: str) -> None:
        name = next((shape.name for shape in self.canvas.shapes if shape.id == aoi_id), aoi_id)
        self._edit(RemoveAoi(aoi_id, name))

    def _on_renamed(self, aoi_id: str, name: str) -> None:
        if name:
            self._edit(RenameAoi(aoi_id, name))
        else:
            self._show_aois()

    def _on_labelled(self, aoi_id: str, label: str) -> None:
        name = next((shape.name for shape in self.canvas.shapes if shape.id == aoi_id), aoi_id)
        self._edit(LabelAoi(aoi_id, name, label))

    def _on_sized(self, **sides: float | None) -> None:
        if not self._edit(ChangePlacement(self.placement_id, **sides)):
            self._show_facts()

    def _ask_copy(self) -> None:
        from gazestudy_gui.views.aoi_copy import CopyDialog

        here = self._placements.get(self.placement_id)
        others = [one for one in self._placements.values() if one.id != self.placement_id]
        if here is None or not others or not self._document.study.aois(here.id):
            tell(self, GazestudyError(tr("Draw AOIs here first, and add another placement to copy them to.")))
            return
        dialog = CopyDialog(here, others, self)
        dialog.chosen.connect(lambda targets: self.copy_aois(*targets))
        dialog.open()

    def _on_changed(self, kind: str) -> None:
        if kind == "placements":
            self.refresh()
        elif kind == "aois" and self.placement_id:
            self._show_aois()

    def _on_selected(self, kind: str, item_id: str) -> None:
        if kind == "placement":
            self.choose(item_id)

    def _on_playhead(self, recording_id: str, t_ns: int) -> None:
        self._playing = (recording_id, t_ns)


def free_id(name: str, taken: set[str]) -> str:
    """Return an id for a placement of a name that nobody has.

    Examples
    --------
    >>> free_id("Hall East", set()), free_id("Hall East", {"hall-east"}), free_id("ป้าย", set())
    ('hall-east', 'hall-east-2', 'placement')
    """
    wanted = slug(name, "placement")
    found, number = wanted, 2
    while found in taken:
        found, number = f"{wanted}-{number}", number + 1
    return found
