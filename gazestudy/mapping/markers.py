"""Mapping by printed markers: ArUco and AprilTag squares that hang on or beside a placement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import (
    apply_homography,
    expected_errors_px,
    quad_problem,
    side_lengths,
)
from gazestudy.mapping.alignment import Alignment
from gazestudy.mapping.references import Artwork, Reference
from gazestudy.mapping.rigid import rigid_errors_px, rigid_fit
from gazestudy.mapping.rows import CORNER_ERROR
from gazestudy.mapping.view import check_size
from gazestudy.model.camera import Camera
from gazestudy.model.facets import FACET, WHOLE
from gazestudy.model.manual import MarkerLayout
from gazestudy.model.provenance import Provenance
from gazestudy.model.study import Placement
from gazestudy.model.tables import MAPPING, MAPPING_STATES, categorical
from gazestudy.progress import SILENT, Progress, raise_if_cancelled

VERSION = 1

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_MIN_SIDE_PX = 8.0
_GRID = 10


@dataclass(frozen=True, slots=True)
class MarkerParameters:
    """Parameters of mapping by markers.

    Attributes
    ----------
    corner_error_px : float
        Standard deviation of one coordinate of a found corner, scene px.
    max_residual_px : float
        A corner that is farther from where the others put it does not agree.
    max_corner_error_share : float
        Largest expected error of a corner of the placement, as a share of its width: markers that are small
        or all at one end do not fix the other end.
    """

    corner_error_px: float = 0.5
    max_residual_px: float = 3.0
    max_corner_error_share: float = 0.05

    def __post_init__(self) -> None:
        for name in ("corner_error_px", "max_residual_px", "max_corner_error_share"):
            if not getattr(self, name) > 0:
                raise ParameterError(name, getattr(self, name), "above 0")


def marker_families() -> dict[str, int]:
    """Return the known families of markers: name to OpenCV's number.

    Examples
    --------
    >>> sorted(marker_families())[:2]
    ['apriltag_16h5', 'apriltag_25h9']
    """
    found = {}
    for name in dir(cv2.aruco):
        if name.startswith("DICT_") and isinstance(getattr(cv2.aruco, name), int):
            plain = name.removeprefix("DICT_").lower()
            plain = plain if plain.startswith(("apriltag", "aruco")) else f"aruco_{plain}"
            found[plain] = int(getattr(cv2.aruco, name))
    return found


def find_markers(luma: Bytes, dictionary: str) -> dict[int, list[Floats]]:
    """Find the markers of one family in a picture.

    Parameters
    ----------
    luma : ndarray of uint8, shape (height, width)
        The picture.
    dictionary : str
        One of `marker_families`.

    Returns
    -------
    dict of int to list of ndarray of float64, shape (4, 2)
        Number to the outer corners of each marker with it, px of the picture, from the top left corner of
        the upright marker, clockwise.

    Raises
    ------
    ParameterError
        For an unknown family.
    """
    return _found(_detector(dictionary), luma)


def map_markers(
    frames: Iterable[tuple[int, int, Bytes]],
    layouts: Sequence[MarkerLayout],
    placements: Sequence[Placement],
    camera: Camera | None,
    *,
    parameters: MarkerParameters = MarkerParameters(),
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Locate placements by the markers that hang on or beside them.

    Parameters
    ----------
    frames : iterable of (int, int, ndarray of uint8, shape (height, width))
        Frame number, time in ns and full-size luma, in ascending order.
    layouts : sequence of MarkerLayout
        The markers of each placement and where they hang.
    placements : sequence of Placement
        All that `layouts` names.
    camera : Camera or None
        Scene camera; None takes the pixels as undistorted, which is noted in the provenance.
    parameters : MarkerParameters
        Parameters.
    progress : Progress
        Told of every frame.

    Returns
    -------
    DataFrame
        Contract `MAPPING`, with provenance. `confidence` is the share of the corners found that agree;
        `inliers` counts them. "ambiguous": a number was seen twice in the frame, and no other is in view;
        "bad_geometry": the corners do not agree, or do not fix the placement well enough.

    Raises
    ------
    ParameterError
        If a layout is in mm and the size of its placement is not known, its family is unknown, or the frames
        do not fit the camera.
    Cancelled
        If the user asked to stop.

    Notes
    -----
    Markers see only themselves: a person in front of the placement is not noticed, and `visible_share` is the
    share of the placement in the image.
    """
    boards = [board for layout in layouts for board in _boards(layout, placements, camera, parameters)]
    detectors = {name: _detector(name) for name in sorted({layout.dictionary for layout in layouts})}
    rows: list[tuple[Any, ...]] = []
    counts: Counter[str] = Counter()
    progress.start("looking for markers", len(frames) if isinstance(frames, Sized) else None)
    for frame, t_ns, luma in frames:
        raise_if_cancelled(progress)
        check_size(luma, camera)
        found = {name: _found(detector, luma) for name, detector in detectors.items()}
        for board in sorted(boards, key=lambda board: board.placement.id):
            row = board.row(frame, t_ns, found[board.layout.dictionary], luma.shape[::-1])
            if row is not None:
                rows.append(row)
                counts[row[5]] += 1
        progress.advance()
    if rows:
        table = pd.DataFrame(rows, columns=[*MAPPING.names, CORNER_ERROR, FACET])
    else:
        nothing = {CORNER_ERROR: pd.Series([], dtype="float64"), FACET: pd.Series([], dtype="int64")}
        table = MAPPING.empty().assign(**nothing)
    table["state"] = categorical(table["state"], MAPPING_STATES)
    facts = {
        "camera": camera.source if camera else "none: pixels taken as undistorted",
        "rows": dict(sorted(counts.items())),
    }
    return Provenance("mapping.markers", VERSION, asdict(parameters), facts).attach(MAPPING.check(table))


def _boards(
    layout: MarkerLayout, placements: Sequence[Placement], camera: Camera | None, parameters: MarkerParameters
) -> list[_Board]:
    """Return the flat pieces of a placement; a marker belongs to the facet that its middle is nearest to."""
    placement = _placement_of(layout, placements)
    every = [_Board(layout, placement, WHOLE, camera, parameters)]
    if not placement.facets:
        return every
    boxes = np.array([facet.corners_px[[0, 2]] for facet in placement.facets])
    home: dict[int, list[int]] = {}
    for number, corners in every[0].points.items():
        beyond = np.maximum(boxes[:, 0] - corners.mean(axis=0), corners.mean(axis=0) - boxes[:, 1])
        home.setdefault(int(np.argmin(beyond.max(axis=1))), []).append(number)
    boards = []
    for facet, numbers in sorted(home.items()):
        board = _Board(layout, placement, facet, camera, parameters)
        board.points = {number: board.points[number] for number in numbers}
        boards.append(board)
    return boards


class _Board:
    """The markers of one placement or facet, as points of the reference image."""

    def __init__(
        self,
        layout: MarkerLayout,
        placement: Placement,
        facet: int,
        camera: Camera | None,
        parameters: MarkerParameters,
    ) -> None:
        self.layout, self._camera, self._parameters = layout, camera, parameters
        self.placement, self._facet, self._corners = placement, facet, placement.facet(facet).corners_px
        width, height = self.placement.size_px
        scale = np.ones(2)
        if layout.unit == "mm":
            if self.placement.width_mm is None or self.placement.height_mm is None:
                raise ParameterError(
                    f"size of {layout.placement_id!r}",
                    "not known",
                    "width and height in mm, as its markers are given in mm",
                )
            scale = np.array([width / self.placement.width_mm, height / self.placement.height_mm])
        self.points = {m.id: np.array(m.corners, dtype=np.float64) * scale - 0.5 for m in layout.markers}
        self._art = _blank_artwork(self.placement)

    def row(
        self, frame: int, t_ns: int, found: dict[int, list[Floats]], size_px: tuple[int, ...]
    ) -> tuple[Any, ...] | None:
        """Return the row of the mapping table, None if no marker is in view."""
        seen = {number: found[number] for number in self.points if number in found}
        single = {number: quads[0] for number, quads in seen.items() if len(quads) == 1}
        if not seen:
            return None
        start = (frame, t_ns, self.placement.id, self.placement.only_creative_id, 0)
        nothing = (*(np.nan,) * 9, 4 * len(single), np.nan, np.nan, np.nan, np.nan, np.nan)
        if not single:
            return (*start, "ambiguous", *nothing, self._facet)
        source = np.concatenate([self.points[number] for number in single])
        scene = np.concatenate(list(single.values()))
        target = scene if self._camera is None else undistort_px(scene, self._camera)
        fit = self._fit(source, target)
        if fit is None:
            return (*start, "bad_geometry", *nothing, self._facet)
        homography, inliers, error_px, share = fit
        sides = side_lengths(apply_homography(homography, self._corners))
        return (
            *start,
            "mapped",
            *homography.ravel().tolist(),
            inliers,
            inliers / len(source),
            self._visible_share(homography, size_px),
            float(sides[0] + sides[2]) / 2,
            error_px,
            share,
            self._facet,
        )

    def _fit(self, source: Floats, target: Floats) -> tuple[Floats, int, float, float] | None:
        p = self._parameters
        method = cv2.RANSAC if len(source) > 4 else 0
        found, chosen = cv2.findHomography(source, target, method, p.max_residual_px)
        if found is None or found[2, 2] == 0:
            return None
        free = np.asarray(found / found[2, 2], dtype=np.float64)
        agree = chosen.ravel() > 0 if method else np.ones(len(source), dtype=bool)
        distance = np.linalg.norm(apply_homography(free, source) - target, axis=1)
        agree &= distance < p.max_residual_px
        if np.count_nonzero(agree) < max(4, len(source) // 2):
            return None
        residual = float(np.sqrt(np.mean(distance[agree] ** 2) / 2))
        sigma = float(np.hypot(residual, p.corner_error_px))
        fit = Alignment(free, source[agree], target[agree], sigma)
        at = np.vstack([self._corners, self._corners.mean(axis=0)])
        rigid = None if self._camera is None else rigid_fit(self._art, fit, self._camera.matrix)
        if rigid is None or self._camera is None:
            homography = free
            _, error = expected_errors_px(homography, fit.points, at, sigma_px=sigma)
        else:
            homography = rigid.homography
            error = rigid_errors_px(self._art, rigid, fit.points, at, self._camera.matrix, sigma_px=sigma)
        quad = apply_homography(homography, self._corners)
        share = float(error[:4].max()) / self.placement.size_px[0]
        if quad_problem(quad, min_side_px=_MIN_SIDE_PX) is not None or not share <= p.max_corner_error_share:
            return None
        return homography, int(np.count_nonzero(agree)), float(error[4]), share

    def _visible_share(self, homography: Floats, size_px: tuple[int, ...]) -> float:
        (left, top), (width, height) = self._corners[0], self._corners[2] - self._corners[0]
        ticks = (np.arange(_GRID) + 0.5) / _GRID
        grid = np.stack(np.meshgrid(left + ticks * width, top + ticks * height), axis=-1).reshape(-1, 2)
        flat = apply_homography(homography, grid)
        scene = flat if self._camera is None else distort_px(flat, self._camera)
        inside = np.all((scene >= -0.5) & (scene < np.array(size_px) - 0.5), axis=1)
        if self._camera is not None:  # beyond its field of view a lens polynomial folds back
            back = np.full_like(scene, np.nan)
            back[inside] = undistort_px(scene[inside], self._camera)
            inside &= np.abs(back - flat).max(axis=1, initial=0.0) < 1.0
        return float(inside.mean())


def _placement_of(layout: MarkerLayout, placements: Sequence[Placement]) -> Placement:
    for placement in placements:
        if placement.id == layout.placement_id:
            return placement
    raise ParameterError("layouts", layout.placement_id, "placements of the study")


def _blank_artwork(placement: Placement) -> Artwork:
    """Return an artwork that is all proportions and no picture, for fitting a pose."""
    width, height = placement.size_px
    blank = np.broadcast_to(np.zeros(1, dtype=np.uint8), (height, width))
    known = placement.width_mm is not None and placement.height_mm is not None
    size_mm = (float(placement.width_mm or 0), float(placement.height_mm or 0)) if known else None
    reference = Reference(placement.id, placement.creatives[0].id, blank, size_mm=size_mm)
    return Artwork(reference, blank, np.eye(3), (width, height), np.zeros((0, 2), dtype=np.float32))


def _detector(dictionary: str) -> Any:
    families = marker_families()
    if dictionary not in families:
        raise ParameterError("dictionary", dictionary, "one of " + ", ".join(sorted(families)))
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    return cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(families[dictionary]), settings)


def _found(detector: Any, luma: Bytes) -> dict[int, list[Floats]]:
    quads, ids, _ = detector.detectMarkers(np.ascontiguousarray(luma))
    found: dict[int, list[Floats]] = {}
    if ids is None:
        return found
    for number, quad in zip(np.asarray(ids).ravel().tolist(), quads, strict=True):
        found.setdefault(int(number), []).append(np.asarray(quad, dtype=np.float64).reshape(4, 2))
    return found
