"""Key frames in the mapping review: corners or other points of a placement, clicked in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt6.QtWidgets import QWidget

from gazestudy.errors import GazestudyError
from gazestudy.model import Placement
from gazestudy.model.manual import CORNERS, KeyFrame, points_of
from gazestudy_gui.commands import AddKeyFrame, Edit, RemoveKeyFrame
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.trouble import tell
from gazestudy_gui.views.review_list import Loaded
from gazestudy_gui.views.review_panel import ReviewPanel
from gazestudy_gui.views.review_points import PointPairs
from gazestudy_gui.words import tr


class KeyFrameReview(ReviewPanel):
    """The part of the mapping review that takes key frames.

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
        self._loaded: Loaded | None = None
        self._placements: dict[str, Placement] = {}
        self._frame = -1
        self._copy = 0
        self.points = PointPairs(self.scene, self.reference)
        self.points.paired.connect(self._on_points)
        self.scene.cornered.connect(self._on_corners)

    @property
    def recording_id(self) -> str:
        """The recording that is reviewed, empty for none."""
        return str(self.which.currentData() or "")

    def begin_key_frame(self) -> None:
        """Take the corners of the placement on show in this picture: those it has, to be pulled; or clicks.

        Once more keeps what is there. Where it has a key frame of other points, these are taken.
        """
        if self.points.is_on:
            self.points.keep()
        elif self.scene.is_pulling:
            self.scene.keep()
        elif self._can_click() and not self._pull_points():
            self.scene.begin(self._present_corners())
            self.scene.setFocus()

    def begin_points(self) -> None:
        """Take points of the picture and where they are in the scene; once more keeps them."""
        if self.points.is_on:
            self.points.keep()
        elif self._can_click() and not self._pull_points():
            self.points.begin()

    def stop_clicking(self) -> None:
        """Take no corners or points any more."""
        self.scene.cancel()
        self.points.cancel()

    def remove_key_frame(self) -> None:
        """Remove the key frame of this picture."""
        self.points.cancel()
        for stored in self._key_frames_here():
            self._edit(RemoveKeyFrame(stored.id, self._name(stored.fact.placement_id)))

    def to_key_frame(self, by: int) -> None:
        """Go to the next (1) or previous (-1) key frame of the placement on show."""
        if self._loaded is None:
            return
        here = int(self._loaded.scene.t_ns[max(self._frame, 0)])
        placement_id = self.placement.currentData()
        times = sorted(
            stored.fact.t_ns for stored in self._document.study.key_frames(self.recording_id)
            if stored.fact.placement_id == placement_id
        )  # fmt: skip
        ahead = [t for t in times if t > here] if by > 0 else [t for t in reversed(times) if t < here]
        if ahead:
            self._show_frame(self._loaded.scene.row_at(ahead[0]))

    def _show_frame(self, frame: int) -> None:
        raise NotImplementedError

    def _can_click(self) -> bool:
        return bool(self.placement.currentData()) and not self._document.read_only

    def _show_key_frames(self) -> None:
        self.scene.kept = [
            (list(one.fact.corners_px), self._name(one.fact.placement_id), one.fact.at_shares == CORNERS)
            for one in self._key_frames_here()
        ]
        self.scene.update()

    def _key_frames_here(self) -> list[Any]:
        if self._loaded is None or self._frame < 0:
            return []
        here = int(self._loaded.scene.t_ns[self._frame])
        return [one for one in self._document.study.key_frames(self.recording_id) if one.fact.t_ns == here]

    def _pull_points(self) -> bool:
        """Begin with the points of the key frame that is here, if it is not one of corners."""
        for stored in self._key_frames_here():
            fact = stored.fact
            if fact.placement_id == self.placement.currentData() and fact.at_shares != CORNERS:
                self._copy = fact.copy
                self.points.begin(fact.corners_px, fact.at_shares)
                return True
        return False

    def _present_corners(self) -> list[tuple[float, float]]:
        """Return the corners of the placement on show: of its key frame here, or else as it was located."""
        self._copy = 0
        placement_id = str(self.placement.currentData())
        for stored in self._key_frames_here():
            if stored.fact.placement_id == placement_id and stored.fact.at_shares == CORNERS:
                self._copy = stored.fact.copy
                return list(stored.fact.corners_px)
        located = None
        if self._loaded is not None and self._frame >= 0:
            located = self._loaded.scene.corners(self._frame, placement_id)
        if located is None:
            return []
        corners, self._copy = located
        return [(float(x), float(y)) for x, y in corners]

    def _on_corners(self, corners: list[tuple[float, float]]) -> None:
        self._keep(corners, CORNERS)

    def _on_points(self, in_scene: list[tuple[float, float]], on_picture: list[tuple[float, float]]) -> None:
        if self._keep(in_scene, on_picture):
            self.points.cancel()

    def _keep(self, in_scene: Sequence[tuple[float, float]], shares: Sequence[tuple[float, float]]) -> bool:
        placement_id = str(self.placement.currentData() or "")
        if self._loaded is None or not placement_id:
            return False
        try:
            fact = KeyFrame(
                self.recording_id,
                int(self._loaded.scene.t_ns[self._frame]),
                placement_id,
                points_of(in_scene),
                str(self.creative.currentData() or ""),
                self._copy,
                points_of(shares, "at_shares"),
            )
            fact.require_spread()
        except GazestudyError as error:
            if tuple(shares) == CORNERS:
                tell(self, error, doing=tr("These are no corners of a placement"))
            else:
                tell(self, error, doing=tr("These points cannot be used"))
            return False
        if not self._edit(AddKeyFrame(fact, self._name(placement_id))):
            return False
        self._show_key_frames()
        return True

    def _name(self, placement_id: str) -> str:
        place = self._placements.get(placement_id)
        return placement_id if place is None else place.name

    def _edit(self, command: Edit) -> bool:
        try:
            self._document.edit(command)
        except GazestudyError as error:
            tell(self, error, doing=tr("This was not changed"))
            return False
        return True
