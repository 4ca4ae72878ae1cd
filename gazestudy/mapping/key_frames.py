"""Mapping by key frames: a person clicks four corners on a few frames, the frames between are tracked.

Each key frame is fitted to the picture where that can be done. It then gives a patch of the scene, the
placement with what surrounds it, and every frame near it is fitted to that patch itself: a poster that is
blank or dark is carried by its frame and its wall, and errors do not add up from frame to frame. Frames
between two key frames are reached from both, and both are joined.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence, Sized
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.mapping.key_frame_rows import key_frame_table
from gazestudy.mapping.key_frame_tracks import Anchor, Print, Seen, Tracker, TrackLimits
from gazestudy.mapping.references import Artwork, Cut, Reference, prepare
from gazestudy.mapping.view import View, WorkingView, check_size
from gazestudy.model.camera import Camera
from gazestudy.model.manual import KeyFrame
from gazestudy.model.provenance import Provenance
from gazestudy.progress import SILENT, Progress, raise_if_cancelled

VERSION = 2

_MEMORY_QUALITY = 95  # JPEG: about 100 kB a frame instead of a megabyte
_BEYOND_FACET = 0.1

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class KeyFrameParameters:
    """Parameters of mapping by key frames.

    Attributes
    ----------
    working_width_px : int
        Frames are reduced to this width (never enlarged).
    reach_s : float
        How far from a key frame the placement is followed, at most.
    click_error_px : float
        Standard deviation of one coordinate of a clicked corner, scene px.
    min_confidence : float
        Smallest share of textured cells that must look as on the key frame, or as the picture.
    max_corner_error_share : float
        Largest expected error of a corner, as a share of the placement's width.
    coast_frames : int
        So many frames in a row may fail before the placement is lost.
    unchecked_s : float
        Beyond the first and the last key frame of a placement it is followed for so long where it cannot be
        compared with its picture: nothing would tell if it drifted away.
    max_disagreement_share : float
        Where two equally near key frames disagree by more, as a share of the width, the frame is ambiguous;
        a nearer one may disagree with a farther one by more.
    """

    working_width_px: int = 1280
    reach_s: float = 10.0
    click_error_px: float = 2.0
    min_confidence: float = 0.35
    max_corner_error_share: float = 0.15
    coast_frames: int = 6
    unchecked_s: float = 1.5
    max_disagreement_share: float = 0.25

    def __post_init__(self) -> None:
        for name in ("working_width_px", "coast_frames"):
            if getattr(self, name) < 0:
                raise ParameterError(name, getattr(self, name), "0 or more")
        for name in (
            "reach_s",
            "unchecked_s",
            "click_error_px",
            "max_corner_error_share",
            "max_disagreement_share",
        ):
            if not getattr(self, name) > 0:
                raise ParameterError(name, getattr(self, name), "above 0")
        if not 0 < self.min_confidence <= 1:
            raise ParameterError("min_confidence", self.min_confidence, "a share above 0, at most 1")


def track_key_frames(
    frames: Iterable[tuple[int, int, Bytes]],
    references: Sequence[Reference],
    camera: Camera | None,
    key_frames: Sequence[KeyFrame],
    *,
    parameters: KeyFrameParameters = KeyFrameParameters(),
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Locate placements from corners that a person clicked on key frames.

    Parameters
    ----------
    frames : iterable of (int, int, ndarray of uint8, shape (height, width))
        Frame number, time in ns and full-size luma, in ascending order: at least those within `reach_s` of a
        key frame, others do no harm.
    references : sequence of Reference
        All pictures of all placements.
    camera : Camera or None
        Scene camera; None takes the pixels as undistorted, which is noted in the provenance.
    key_frames : sequence of KeyFrame
        The clicked corners; their times are those of frames. Two or more for each stretch in which a
        placement is in view: with one alone, errors are not noticed.
    parameters : KeyFrameParameters
        Parameters.
    progress : Progress
        Told of every frame.

    Returns
    -------
    DataFrame
        Contract `MAPPING`, with provenance and the column `source` ("key_frames"). `confidence` is the share
        of textured cells that look as the picture does, or as the placement did on the key frame where the
        picture cannot be compared. Frames in which the key frames disagree are "ambiguous". `key_frame_ns` is
        the time of the key frame that a row comes from, the nearer one of two.

    Raises
    ------
    ParameterError
        If a key frame names a placement or picture that is not among the references, or a corner that the
        lens cannot show; if frames change their size or do not fit the camera.
    Cancelled
        If the user asked to stop.

    Notes
    -----
    Memory holds compressed working views of `reach_s`, however long the recording is.
    """
    artworks = prepare(references)
    chosen = [_artwork_of(artworks, key_frame) for key_frame in key_frames]
    walker: _Walker | None = None
    size: tuple[int, ...] = ()
    progress.start("following key frames", len(frames) if isinstance(frames, Sized) else None)
    for frame, t_ns, luma in frames:
        raise_if_cancelled(progress)
        if walker is None:
            size = luma.shape
            check_size(luma, camera)
            height, width = luma.shape
            view = WorkingView(width, height, camera, working_width_px=parameters.working_width_px)
            walker = _Walker(view, artworks, parameters)
            clicked = _by_time(key_frames, chosen)
        elif luma.shape != size:
            raise ParameterError("frame size", luma.shape, f"{size} as in the first frame")
        near = any(abs(t_ns - at) <= parameters.reach_s * 1e9 for at in clicked)
        if near:
            walker.push(frame, t_ns, luma, clicked.get(t_ns, []))
        progress.advance()
    facts: dict[str, Any] = {
        "camera": camera.source if camera else "none: pixels taken as undistorted",
        "key frames": len(key_frames),
    }
    if walker is None:
        table = key_frame_table([], artworks, np.eye(3), max_disagreement_share=1.0)
    else:
        table = key_frame_table(
            walker.seen,
            artworks,
            walker.view.to_undistorted,
            max_disagreement_share=parameters.max_disagreement_share,
            unchecked_ns=round(parameters.unchecked_s * 1e9),
        )
        facts["fitted to the picture"] = sum(anchor.refined for anchor in walker.anchors)
    facts["without a frame"] = len(key_frames) - (len(walker.anchors) if walker else 0)
    return Provenance("mapping.key_frames", VERSION, asdict(parameters), facts).attach(table)


def _artwork_of(artworks: Sequence[Artwork], key_frame: KeyFrame) -> int:
    """Return the artwork that a key frame shows."""
    facets = False
    for number, artwork in enumerate(artworks):
        reference = artwork.reference
        if reference.placement_id == key_frame.placement_id and key_frame.creative_id in (
            "",
            reference.creative_id,
        ):
            if reference.cut is None or _on_facet(reference.cut, key_frame):
                return number
            facets = True
    what = f"{key_frame.placement_id} {key_frame.creative_id}".strip()
    if facets:
        raise ParameterError("key_frames", what, "four points of one facet: it is not flat as a whole")
    raise ParameterError("key_frames", what, "placements and pictures among the references")


def _on_facet(cut: Cut, key_frame: KeyFrame) -> bool:
    """Say whether all points of a key frame lie on a facet, or hardly beyond."""
    low, high = cut.facet.corners_px[[0, 2]] + 0.5
    at = np.array(key_frame.at_shares) * cut.whole_px
    slack = _BEYOND_FACET * (high - low)
    return bool(np.all((at >= low - slack) & (at <= high + slack)))


def _by_time(
    key_frames: Sequence[KeyFrame], artworks: Sequence[int]
) -> dict[int, list[tuple[KeyFrame, int]]]:
    found: dict[int, list[tuple[KeyFrame, int]]] = {}
    for key_frame, artwork in zip(key_frames, artworks, strict=True):
        found.setdefault(key_frame.t_ns, []).append((key_frame, artwork))
    return found


class _Walker:
    """Goes through the frames once; looks back from each key frame into the frames remembered."""

    def __init__(
        self, view: WorkingView, artworks: Sequence[Artwork], parameters: KeyFrameParameters
    ) -> None:
        self.view = view
        limits = TrackLimits(
            parameters.click_error_px,
            parameters.min_confidence,
            parameters.max_corner_error_share,
            parameters.coast_frames,
        )
        self._tracker = Tracker(view, artworks, limits)
        self._reach_ns = round(parameters.reach_s * 1e9)
        self._memory: deque[tuple[int, int, NDArray[np.uint8]]] = deque()
        self._ahead: dict[Print, Seen] = {}
        self._before: View | None = None
        self.anchors: list[Anchor] = []
        self.seen: list[Seen] = []

    def push(self, frame: int, t_ns: int, luma: Bytes, clicked: Sequence[tuple[KeyFrame, int]]) -> None:
        """Take the next frame, with the key frames clicked on it."""
        view = self.view.view(luma)
        ahead: dict[Print, Seen] = {}
        for track, seen in self._ahead.items():
            if self._before is None or t_ns - seen.anchor.key_frame.t_ns > self._reach_ns:
                continue
            moved = self._tracker.step(seen, self._before, frame, t_ns, view)
            if moved is not None:
                ahead[track] = moved
        for key_frame, artwork in clicked:
            anchor, seen = self._tracker.anchor(key_frame, artwork, frame, t_ns, view)
            ahead[anchor.track] = seen  # what came from an earlier key frame ends here
            self._look_back(anchor, seen, view)
            self.anchors.append(anchor)
        self.seen += ahead.values()
        self._ahead, self._before = ahead, view
        self._remember(frame, t_ns, luma)

    def _look_back(self, anchor: Anchor, seen: Seen, view: View) -> None:
        """Follow a placement back until it is lost or its earlier key frame is reached."""
        earlier = [other.key_frame.t_ns for other in self.anchors if other.track == anchor.track]
        for frame, t_ns, packed in reversed(self._memory):
            if anchor.key_frame.t_ns - t_ns > self._reach_ns or t_ns in earlier[-1:]:
                return
            luma = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
            before = self.view.view(luma)
            moved = self._tracker.step(seen, view, frame, t_ns, before)
            if moved is None:
                return
            self.seen.append(moved)
            seen, view = moved, before

    def _remember(self, frame: int, t_ns: int, luma: Bytes) -> None:
        packed = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, _MEMORY_QUALITY])[1]
        self._memory.append((frame, t_ns, np.asarray(packed, dtype=np.uint8)))
        while t_ns - self._memory[0][1] > self._reach_ns:
            self._memory.popleft()
