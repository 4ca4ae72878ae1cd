"""Marker-free planar mapping: flat pictures are found, followed and checked in the scene video.

The steps: search key frames for all artworks at once (SIFT, one index, MAGSAC), believe a candidate only if
it looks like the artwork cell by cell, follow it forwards and backwards by optical flow, fit every frame to
the picture itself, and drop whatever does not look right, is not well determined, or jumps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.mapping.detection import Detector
from gazestudy.mapping.references import Artwork, Reference, prepare
from gazestudy.mapping.registry import mapper
from gazestudy.mapping.rows import RowWriter, empty_table
from gazestudy.mapping.sightings import TrackingLimits
from gazestudy.mapping.tracking import Follower
from gazestudy.mapping.view import WorkingView
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import Provenance
from gazestudy.progress import SILENT, Progress, raise_if_cancelled

VERSION = 5


@dataclass(frozen=True, slots=True)
class PlanarParameters:
    """Parameters of planar mapping.

    Attributes
    ----------
    working_width_px : int
        Frames are reduced to this width (never enlarged) before anything is searched.
    search_width_px : int
        Width at which the whole view is searched on key frames.
    keyframe_interval : int
        Every so many frames all artworks are searched for.
    gaze_interval : int
        Every so many frames they are searched for around gaze at full working size, if no placement is
        followed there already.
    window_px : int
        Side of the window around gaze, working px.
    memory_frames : int
        How many frames a placement may be followed back from where it was found.
    match_ratio : float
        Largest distance of a feature's best match relative to its runner-up.
    min_matches : int
        Fewest features that must agree on a new placement.
    min_confidence_new : float
        Share of textured cells that must look right before a placement is believed.
    min_confidence_followed : float
        The same for a placement that is already followed; people may hide the rest.
    min_cells : int
        Fewest textured cells to judge by.
    min_side_px : float
        Shortest side of a placement, working px.
    max_corner_error_share : float
        Largest expected error of a corner, as a share of the placement's width.
    min_evidence : float
        Share of the picture, by contrast, that must look right in at least a quarter of the frames of a
        track; this tells a picture from a variant of the same campaign.
    max_jump_share : float
        Largest difference of a side from the mean of the neighbouring frames, as a share.
    """

    working_width_px: int = 1280
    search_width_px: int = 800
    keyframe_interval: int = 10
    gaze_interval: int = 5
    window_px: int = 480
    memory_frames: int = 120
    match_ratio: float = 0.8
    min_matches: int = 7
    min_confidence_new: float = 0.6
    min_confidence_followed: float = 0.4
    min_cells: int = 8
    min_side_px: float = 16.0
    max_corner_error_share: float = 0.025
    min_evidence: float = 0.96
    max_jump_share: float = 0.08

    def __post_init__(self) -> None:
        for name in (
            "working_width_px",
            "search_width_px",
            "keyframe_interval",
            "gaze_interval",
            "window_px",
            "memory_frames",
            "min_cells",
        ):
            if getattr(self, name) < 1:
                raise ParameterError(name, getattr(self, name), "1 or more")
        if self.min_matches < 4:
            raise ParameterError("min_matches", self.min_matches, "4 or more: a homography needs four points")
        for name in ("match_ratio", "min_confidence_new", "min_confidence_followed", "min_evidence"):
            if not 0 < getattr(self, name) <= 1:
                raise ParameterError(name, getattr(self, name), "a share above 0, at most 1")


@mapper("planar", version=VERSION, parameters=PlanarParameters)
def map_frames(
    frames: Iterable[tuple[int, int, NDArray[np.uint8]]],
    references: Sequence[Reference],
    camera: Camera | None,
    *,
    parameters: PlanarParameters = PlanarParameters(),
    gaze_px: Mapping[int, NDArray[np.float64]] | None = None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Locate flat pictures in the scene video without markers.

    Parameters
    ----------
    frames : iterable of (int, int, ndarray of uint8, shape (height, width))
        Frame number (row of the frames table), time in ns, and full-size luma, in ascending order. Frames
        without a real picture are left out.
    references : sequence of Reference
        All pictures of all placements.
    camera : Camera or None
        Scene camera; None takes the pixels as undistorted, which is noted in the provenance.
    parameters : PlanarParameters
        Parameters.
    gaze_px : mapping of int to ndarray of float, shape (n, 2), optional
        Frame number to the valid gaze in that frame, distorted scene px (`gaze_by_frame` makes it): the
        search around gaze finds more of what is looked at.
    progress : Progress
        Told of every frame.

    Returns
    -------
    DataFrame
        Contract `MAPPING`, with provenance: one row per frame and located placement, and one per refused
        candidate of a placement that was not located in that frame.

    Raises
    ------
    ParameterError
        If the references cannot be told apart, or the frames change their size or do not fit the camera.
    Cancelled
        If the user asked to stop.

    Notes
    -----
    Memory holds `memory_frames` reduced frames, however long the recording is. The result does not depend on
    the number of threads; `cv2.setNumThreads` limits them for the whole process.
    """
    artworks = prepare(references)
    follower: Follower | None = None
    size: tuple[int, ...] = ()
    looks = gaze_px if gaze_px is not None else {}
    progress.start("mapping", len(frames) if isinstance(frames, Sized) else None)
    for frame, t_ns, luma in frames:
        raise_if_cancelled(progress)
        if follower is None:
            view, size = _working_view(luma, camera, parameters), luma.shape
            follower = _follower(artworks, view, parameters)
            writer = RowWriter(
                artworks,
                view.to_undistorted,
                max_jump_share=parameters.max_jump_share,
                min_evidence=parameters.min_evidence,
            )
        elif luma.shape != size:
            raise ParameterError("frame size", luma.shape, f"{size} as in the first frame")
        for slot in follower.push(frame, t_ns, view.of(luma), view.points(looks.get(frame))):
            writer.take(slot)
        progress.advance()
    facts: dict[str, Any] = {"camera": camera.source if camera else "none: pixels taken as undistorted"}
    table = empty_table()
    if follower is not None:
        for slot in follower.flush():
            writer.take(slot)
        table = writer.finish()
        facts |= {
            "frames": writer.frames,
            "keyframes": follower.keyframes,
            "gaze windows": follower.windows,
            "detections": follower.detections,
        }
        facts["rows"] = writer.states
    return Provenance("mapping.planar", VERSION, asdict(parameters), facts).attach(table)


def _working_view(
    luma: NDArray[np.uint8], camera: Camera | None, parameters: PlanarParameters
) -> WorkingView:
    height, width = luma.shape
    if camera is not None and (camera.width_px, camera.height_px) != (width, height):
        raise ParameterError(
            "frame size",
            f"{width} x {height}",
            f"{camera.width_px} x {camera.height_px} as the camera has it",
        )
    return WorkingView(width, height, camera, working_width_px=parameters.working_width_px)


def _follower(artworks: list[Artwork], view: WorkingView, p: PlanarParameters) -> Follower:
    detector = Detector(
        artworks,
        view.mask,
        ratio=p.match_ratio,
        min_matches=p.min_matches,
        min_confidence=p.min_confidence_new,
        min_cells=p.min_cells,
        min_side_px=p.min_side_px,
    )
    limits = TrackingLimits(p.min_confidence_followed, p.min_cells, p.min_side_px, p.max_corner_error_share)
    return Follower(
        artworks,
        view,
        detector,
        limits,
        keyframe_interval=p.keyframe_interval,
        gaze_interval=p.gaze_interval,
        shrink=min(1.0, p.search_width_px / view.size_px[0]),
        window_px=p.window_px,
        memory=p.memory_frames,
    )
