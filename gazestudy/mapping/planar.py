"""Marker-free planar mapping: flat pictures are found, followed and checked in the scene video.

The steps: search key frames for all artworks at once (SIFT, one index, MAGSAC), believe a candidate only if
it looks like the artwork cell by cell, follow it forwards and backwards by optical flow, fit every frame to
the picture itself, and drop whatever does not look right, is not well determined, or jumps.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, MutableMapping, Sequence, Sized
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.mapping.ahead import Crew, Prepared, prepared
from gazestudy.mapping.detection import Detector, Search
from gazestudy.mapping.feature_index import Described, FeatureIndex
from gazestudy.mapping.looks import Looks
from gazestudy.mapping.references import Artwork, Reference, prepare
from gazestudy.mapping.registry import mapper
from gazestudy.mapping.rows import RowWriter, empty_table
from gazestudy.mapping.sightings import TrackingLimits
from gazestudy.mapping.tracking import Follower
from gazestudy.mapping.unknown import blank_faces
from gazestudy.mapping.view import View, WorkingView, check_size
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import Provenance
from gazestudy.progress import SILENT, Progress, raise_if_cancelled

VERSION = 30

Bytes = NDArray[np.uint8]

_GAZE_INTERVALS = {"frame": 5, "gaze": 7}  # frames


@dataclass(frozen=True, slots=True)
class PlanarParameters:
    """Parameters of planar mapping.

    Attributes
    ----------
    working_width_px : int
        Frames are reduced to this width (never enlarged) before anything is searched.
    search_width_px : int
        Width at which the whole view is searched on key frames.
    search : {"frame", "gaze"}
        "frame": the whole view and, more closely, the surroundings of gaze; what nobody looks near is fitted
        to the picture in every second frame and moved along in the others. "gaze": only the surroundings of
        gaze, and placements are followed only while somebody looks near them; faster, but exposure is not
        known without a look.
    keyframe_interval : int
        In the sharpest of so many frames all artworks are searched for.
    gaze_interval : int or None
        In the sharpest of so many frames they are searched for around gaze at full working size, if no
        placement is followed there already; more rarely while that finds nothing. None for 5 where the whole
        view is searched, and 7 by gaze, which is to be fast.
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
        track, sharp ones counting most; this tells a picture from a variant of the same campaign.
    min_coverage : float
        Share of the picture, by contrast, that must have been seen large enough to tell it from such a
        variant, unless another track proves the picture.
    max_jump_share : float
        Largest difference of a side from the mean of the neighbouring frames, as a share.
    """

    working_width_px: int = 1280
    search_width_px: int = 640
    search: Literal["frame", "gaze"] = "frame"
    keyframe_interval: int = 40
    gaze_interval: int | None = None
    window_px: int = 400
    memory_frames: int = 120
    match_ratio: float = 0.8
    min_matches: int = 7
    min_confidence_new: float = 0.6
    min_confidence_followed: float = 0.4
    min_cells: int = 8
    min_side_px: float = 16.0
    max_corner_error_share: float = 0.025
    min_evidence: float = 0.975
    min_coverage: float = 0.6
    max_jump_share: float = 0.08

    def __post_init__(self) -> None:
        for name in (
            "working_width_px",
            "search_width_px",
            "keyframe_interval",
            "window_px",
            "memory_frames",
            "min_cells",
        ):
            if getattr(self, name) < 1:
                raise ParameterError(name, getattr(self, name), "1 or more")
        if self.gaze_interval is not None and self.gaze_interval < 1:
            raise ParameterError("gaze_interval", self.gaze_interval, "1 or more")
        if self.search not in ("frame", "gaze"):
            raise ParameterError("search", self.search, "frame or gaze")
        if self.min_matches < 4:
            raise ParameterError("min_matches", self.min_matches, "4 or more: a homography needs four points")
        for name in (
            "match_ratio",
            "min_confidence_new",
            "min_confidence_followed",
            "min_evidence",
            "min_coverage",
        ):
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
    known: MutableMapping[str, Described] | None = None,
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
    known : mutable mapping of str to tuple, optional
        Features of pictures found before, by a hash of the picture; those of new pictures are entered. The
        result is the same without.
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
    progress.start("mapping", len(frames) if isinstance(frames, Sized) else None)
    raise_if_cancelled(progress)
    facts: dict[str, Any] = {"camera": camera.source if camera else "none: pixels taken as undistorted"}
    mapping = _Mapping(artworks, camera, parameters, known)
    table, found = mapping.run(frames, gaze_px or {}, progress)
    provenance = Provenance("mapping.planar", VERSION, asdict(parameters), facts | found)
    return provenance.attach(table)


class _Mapping:
    """One run: what is made once the size of the frames is known."""

    def __init__(
        self,
        artworks: list[Artwork],
        camera: Camera | None,
        parameters: PlanarParameters,
        known: MutableMapping[str, Described] | None,
    ) -> None:
        self._pictures, self._camera, self._parameters, self._known = artworks, camera, parameters, known
        self._artworks = [*artworks, *blank_faces(artworks)]

    def run(
        self,
        frames: Iterable[tuple[int, int, Bytes]],
        gaze_px: Mapping[int, NDArray[np.float64]],
        progress: Progress,
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        p = self._parameters
        # the matrices are small: threads for one of them wait for each other busily, a fifth of all CPU
        with threadpool_limits(1, user_api="blas"), Crew(cv2.getNumThreads()) as crew:
            # to open a video takes as long as to make the index and the tables of the lens
            index = crew.begin(partial(FeatureIndex, self._pictures, self._known))
            camera = self._camera
            make = partial(WorkingView, camera=camera, working_width_px=p.working_width_px)
            view = None if camera is None else crew.begin(partial(make, camera.width_px, camera.height_px))
            incoming = iter(frames)
            first = next(incoming, None)
            if first is None:
                return empty_table(), {}
            check_size(first[2], camera)
            height, width = first[2].shape
            working = make(width, height) if view is None else view.result()
            detector = _detector(self._pictures, index.result(), working, p)
            follower = _follower(self._artworks, working, detector, crew, p)
            writer = RowWriter(
                self._artworks,
                working.to_undistorted,
                max_jump_share=p.max_jump_share,
                min_evidence=p.min_evidence,
                min_coverage=p.min_coverage,
            )
            looks = Looks(working, gaze_px)
            with closing(self._ready(chain([first], incoming), working, detector, crew)) as ready:
                for one in ready:
                    raise_if_cancelled(progress)
                    for slot in follower.push(one, looks.in_frame(one.frame)):
                        writer.take(slot)
                    progress.advance()
            for slot in follower.flush():
                writer.take(slot)
        table = writer.finish(follower.copies.numbers())
        facts = {
            "frames": writer.frames,
            "keyframes": follower.keyframes,
            "gaze windows": follower.windows,
            "detections": follower.detections,
            "rows": writer.states,
        }
        return table, facts

    def _ready(
        self, frames: Iterable[tuple[int, int, Bytes]], working: WorkingView, detector: Detector, crew: Crew
    ) -> Generator[Prepared[Search], None, None]:
        width, height = working.scene_size_px

        def see(luma: Bytes) -> View:
            if luma.shape != (height, width):
                raise ParameterError("frame size", luma.shape, f"{(height, width)} as in the first frame")
            return working.view(luma)

        whole = self._parameters.search == "frame"
        search = detector.search if whole else None
        return prepared(frames, see, search, interval=self._parameters.keyframe_interval, crew=crew)


def _detector(
    artworks: list[Artwork], index: FeatureIndex, view: WorkingView, p: PlanarParameters
) -> Detector:
    return Detector(
        artworks,
        index,
        view.mask,
        search_width_px=p.search_width_px,
        ratio=p.match_ratio,
        min_matches=p.min_matches,
        min_confidence=p.min_confidence_new,
        min_cells=p.min_cells,
        min_side_px=p.min_side_px,
    )


def _follower(
    artworks: list[Artwork], view: WorkingView, detector: Detector, crew: Crew, p: PlanarParameters
) -> Follower:
    limits = TrackingLimits(p.min_confidence_followed, p.min_cells, p.min_side_px, p.max_corner_error_share)
    return Follower(
        artworks,
        view,
        detector,
        crew,
        limits,
        gaze_interval=p.gaze_interval or _GAZE_INTERVALS[p.search],
        window_px=p.window_px,
        memory=p.memory_frames,
        only_looked_at=p.search == "gaze",
    )
