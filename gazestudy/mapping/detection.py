"""Finding placements in a single frame, without knowing where they were before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, quad_problem, scaling
from gazestudy.mapping.alignment import Alignment, align, fitted
from gazestudy.mapping.appearance import Appearance, appearance
from gazestudy.mapping.feature_index import FeatureIndex, features
from gazestudy.mapping.references import Artwork, resized
from gazestudy.mapping.view import View

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_MATCH_THRESHOLD_PX = 3.0
_EDGE_PX = 5
_CONTRAST, _LEAST_CONTRAST = 0.04, 0.012  # of a feature, as share of full white; fainter ones are noise
_LIGHT, _LIGHT_QUANTILE, _LIGHT_STEP = 180.0, 95.0, 8  # grey levels of what is bright in a well-lit frame
_HALF, _NEARLY_HALF = 0.5, 0.4  # views are at hand at half size, which is taken for about half
_PART_MARGIN_PX = 24
_FEW_FEATURES = 400
_SUSPECTS, _SUSPICION = 2, 2  # artworks that are compared again, and features from which they are suspected


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A placement located in a frame.

    Attributes
    ----------
    artwork : int
        Which artwork.
    alignment : Alignment
        Where, and how well the points agree.
    look : Appearance
        How well it looks like the artwork.
    """

    artwork: int
    alignment: Alignment
    look: Appearance


@dataclass(frozen=True, slots=True)
class Refused:
    """A candidate that was not believed.

    Attributes
    ----------
    artwork : int
        Which artwork.
    state : str
        One of `MAPPING_STATES`.
    matches : int
        Features that matched it.
    """

    artwork: int
    state: str
    matches: int


@dataclass(frozen=True, slots=True, eq=False)
class Loose:
    """Features that match an artwork but gave no believed place of it.

    Attributes
    ----------
    artwork : int
        Which artwork.
    points, seen : ndarray of float64, shape (n, 2)
        Where on the artwork (art px) and where in the view (working px).
    """

    artwork: int
    points: Floats
    seen: Floats


@dataclass(frozen=True, slots=True)
class Search:
    """What one search gave: believed placements, refused candidates, and features that stay loose."""

    found: list[Found]
    refused: list[Refused]
    loose: list[Loose]


class Detector:
    """Searches frames for all artworks at once.

    Parameters
    ----------
    artworks : sequence of Artwork
        What to look for.
    index : FeatureIndex
        Their features.
    mask : ndarray of uint8, shape (height, width)
        Where the working view shows the scene.
    search_width_px : int
        Width at which whole views are searched.
    ratio : float
        Ratio test of the matcher.
    min_matches : int
        Fewest features that must agree.
    min_confidence, min_cells : float, int
        What the appearance must reach.
    min_side_px : float
        Shortest side, working px.

    Attributes
    ----------
    faint : frozenset of int
        Artworks with few features, which are hardly ever found by them.
    """

    def __init__(
        self,
        artworks: Sequence[Artwork],
        index: FeatureIndex,
        mask: Bytes,
        *,
        search_width_px: int,
        ratio: float,
        min_matches: int,
        min_confidence: float,
        min_cells: int,
        min_side_px: float,
    ) -> None:
        self._artworks, self._search_width_px = artworks, search_width_px
        self._index = index
        self._ratio, self._min_matches = ratio, min_matches
        self._min_confidence, self._min_cells, self._min_side_px = min_confidence, min_cells, min_side_px
        counts = np.bincount(index.owners, minlength=len(artworks))
        self.faint = frozenset(np.flatnonzero(counts < _FEW_FEATURES).tolist())
        padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        kernel = np.ones((2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1), dtype=np.uint8)
        self._searched: Bytes = np.asarray(cv2.erode(padded, kernel)[1:-1, 1:-1], dtype=np.uint8)

    def search(self, view: View, *, window: tuple[slice, slice] | None = None) -> Search:
        """Find the artworks in a working view.

        Parameters
        ----------
        view : View
            Working view of a frame.
        window : (slice, slice), optional
            Rows and columns of the view to search at full size; by default all of it, reduced to the search
            width. What is found is fitted to the view itself.

        Returns
        -------
        Search
            One artwork may be found at several places; it is refused only where it was found nowhere.
        """
        points, descriptors = self._features(view) if window is None else self._window_features(view, window)
        queries, entries = self._index.match(descriptors, ratio=self._ratio)
        owners = self._index.owners[entries]
        counts = np.bincount(owners, minlength=len(self._artworks))
        suspected = [n for n in np.argsort(-counts, kind="stable")[:_SUSPECTS] if counts[n] >= _SUSPICION]
        found: list[Found] = []
        refused: list[Refused] = []
        loose: list[Loose] = []
        for number in np.unique(owners).tolist():
            mine = owners == number
            on_art, seen = self._index.points[entries[mine]], points[queries[mine]]
            places, doubt = self._places(view, number, on_art, seen)
            if not places and number in suspected and len(self._artworks) > 1:
                again, exact = self._index.match_one(descriptors, number, ratio=self._ratio)
                on_art, seen = self._index.points[exact], points[again]
                places, doubt = self._places(view, number, on_art, seen)
            found += places
            if not places:
                loose.append(Loose(number, on_art, seen))
                refused += [doubt] if doubt is not None else []
        return Search(found, refused, loose)

    def _features(self, view: View) -> tuple[Floats, NDArray[np.float32]]:
        size = view.size_px
        shrink = min(1.0, self._search_width_px / size[0])
        small = max(8, round(size[0] * shrink)), max(8, round(size[1] * shrink))
        if shrink <= _NEARLY_HALF:
            image = resized(view.small, small)
        elif shrink <= _HALF:
            image = view.small
        else:
            image = resized(view.cut(np.zeros(2, dtype=np.int64), np.array(size)), small)
        seen = image.shape[1], image.shape[0]
        mask = np.asarray(cv2.resize(self._searched, seen, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
        points, descriptors = features(_sift(view), image, mask)
        back = scaling(seen, size)
        return points * back[[0, 1], [0, 1]] + back[:2, 2], descriptors

    def _window_features(self, view: View, window: tuple[slice, slice]) -> tuple[Floats, NDArray[np.float32]]:
        rows, columns = window
        low = np.array([columns.start, rows.start])
        image = view.cut(low, np.array([columns.stop, rows.stop]))
        points, descriptors = features(_sift(view), image, np.ascontiguousarray(self._searched[window]))
        return points + low, descriptors

    def _places(
        self, view: View, number: int, source: Floats, target: Floats
    ) -> tuple[list[Found], Refused | None]:
        """All places of one artwork: find one, take its matches away, look again."""
        artwork = self._artworks[number]
        places: list[Found] = []
        doubt = None
        for _ in range(artwork.reference.copies + 1):
            if len(source) < self._min_matches:
                break
            rough = fitted(source, target, _MATCH_THRESHOLD_PX, min_points=self._min_matches)
            if rough is None:
                doubt = doubt or Refused(number, "too_few_matches", len(source))
                break
            verdict = self.judge(view, number, rough.homography)
            if isinstance(verdict, Found):
                places.append(verdict)
                corners = apply_homography(verdict.alignment.homography, corners_px(*artwork.size_px))
                polygon = corners.astype(np.float32).reshape(-1, 1, 2)
                keep = np.array(
                    [cv2.pointPolygonTest(polygon, point, True) < -3 for point in target.tolist()]
                )
            else:
                doubt = doubt or Refused(number, verdict, len(rough.points))
                keep = np.linalg.norm(apply_homography(rough.homography, source) - target, axis=1)
                keep = ~(keep < 2 * _MATCH_THRESHOLD_PX)
            source, target = source[keep], target[keep]
        return places, doubt

    def judge(self, view: View, number: int, rough: Floats) -> Found | str:
        """Fit a rough place of an artwork (art px to working px) to the view; or say why it is none."""
        artwork = self._artworks[number]
        corners = corners_px(*artwork.size_px)
        problem = quad_problem(apply_homography(rough, corners), min_side_px=self._min_side_px / 2)
        if problem is not None:
            return "too_small" if problem == "too small" else "bad_geometry"
        part = view.around(apply_homography(rough, corners), _PART_MARGIN_PX)
        fit = align(part, artwork, rough, levels=2)
        if fit is not None:
            fit = align(part, artwork, fit.homography)
        if fit is None:
            return "wrong_appearance"
        problem = quad_problem(apply_homography(fit.homography, corners), min_side_px=self._min_side_px)
        if problem is not None:
            return "too_small" if problem == "too small" else "bad_geometry"
        look = appearance(part, artwork, fit.homography, about=fit.light)
        if look.cells < self._min_cells or look.confidence < self._min_confidence:
            return "wrong_appearance"
        return Found(number, fit, look)


def _sift(view: View) -> cv2.SIFT:
    """Return a detector for the light of a view: in a dark one print has less contrast, in grey levels."""
    light = float(np.percentile(view.small[::_LIGHT_STEP, ::_LIGHT_STEP], _LIGHT_QUANTILE)) / _LIGHT
    return cv2.SIFT.create(contrastThreshold=min(_CONTRAST, max(_LEAST_CONTRAST, _CONTRAST * light)))
