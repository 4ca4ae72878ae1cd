"""Facets of one artwork meet at folds: where one is located, its neighbours are looked for beside it.

A strip of a pillar is narrow and may show too little to be found among all pictures of a study. But it begins
where its neighbour ends. Only the angle of the fold is open: angles are tried until the scene looks right
there, and from then on the angles that were found are tried first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, side_lengths
from gazestudy.mapping.detection import Detector, Found
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.sightings import Sighting, Slot

Floats = NDArray[np.float64]
Side = Literal["right", "left", "below", "above"]

_TRIED_DEG = (0.0, 15.0, -15.0, 30.0, -30.0, 45.0, -45.0, 60.0, -60.0, 90.0, -90.0)
_AROUND_DEG = (0.0, 8.0, -8.0)
_KNOWN, _KEPT = 3, 60
_MEET_PX = 1.0  # reference px
_SEAM_SHARE, _SEAM_PX = 0.12, 2.0  # of the seen width; a chord is shorter than its arc
_CORNERS: dict[Side, tuple[tuple[int, int], tuple[int, int]]] = {
    "right": ((1, 2), (0, 3)),
    "left": ((0, 3), (1, 2)),
    "below": ((3, 2), (0, 1)),
    "above": ((0, 1), (3, 2)),
}
"""Corners of the one and of the other that meet at the fold."""


class Folds:
    """Looks for facets beside those that are located.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks.
    detector : Detector
        Says whether the scene looks like an artwork where it is thought to be.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the working view.
    """

    def __init__(self, artworks: Sequence[Artwork], detector: Detector, matrix: Floats) -> None:
        self._artworks, self._detector, self._matrix = artworks, detector, matrix
        self._beside: dict[int, list[tuple[int, Side]]] = {}
        for one, artwork in enumerate(artworks):
            for other, neighbour in enumerate(artworks):
                side = _side(artwork, neighbour)
                if side is not None:
                    self._beside.setdefault(one, []).append((other, side))
        self._angles_deg: dict[tuple[int, int], list[float]] = {}

    def beside(self, slot: Slot) -> Iterator[Found]:
        """Yield facets of a frame that are found beside those located in it; enter each before the next."""
        tried: set[tuple[int, int]] = set()
        while True:
            seen = {sighting.track.artwork for sighting in slot.sightings}
            open_ = [
                (sighting, other, side)
                for sighting in slot.sightings
                for other, side in self._beside.get(sighting.track.artwork, [])
                if other not in seen and (sighting.track.artwork, other) not in tried
            ]
            if not open_:
                self._learn(slot.sightings)
                return
            sighting, other, side = open_[0]
            tried.add((sighting.track.artwork, other))
            found = self._looked_for(slot, sighting, other, side)
            if found is not None:
                yield found

    def _learn(self, sightings: Sequence[Sighting]) -> None:
        """Note the angles between neighbours that are located in one frame."""
        by_artwork = {s.track.artwork: s for s in sightings if s.pose is not None}
        for one, sighting in by_artwork.items():
            for other, side in self._beside.get(one, []):
                if other in by_artwork:
                    kept = self._angles_deg.setdefault((one, other), [])
                    kept.append(_fold_deg(sighting, by_artwork[other], side))
                    del kept[:-_KEPT]

    def _guesses(self, one: int, other: int) -> Sequence[float]:
        """Return the angles to try: as they were seen here or, as on a pillar, elsewhere on the placement."""
        name = self._artworks[one].reference.placement_id
        for known in (
            self._angles_deg.get((one, other), []),
            [
                angle
                for (here, _), angles in self._angles_deg.items()
                if self._artworks[here].reference.placement_id == name
                for angle in angles
            ],
        ):
            if len(known) >= _KNOWN:
                middle = float(np.median(known))
                return [middle + around for around in _AROUND_DEG]
        return _TRIED_DEG

    def _looked_for(self, slot: Slot, sighting: Sighting, other: int, side: Side) -> Found | None:
        best: Found | None = None
        for angle in self._guesses(sighting.track.artwork, other):
            homography = self._folded(sighting, other, side, angle)
            found = None if homography is None else self._detector.judge(slot.view, other, homography)
            if not (isinstance(found, Found) and self._meets(sighting, found, side)):
                continue
            if best is None or found.look.confidence > best.look.confidence:
                best = found
        return best

    def _folded(self, sighting: Sighting, other: int, side: Side, angle_deg: float) -> Floats | None:
        """Return where a neighbour would be seen, art px to working px."""
        if sighting.pose is None:
            return None
        here, there = self._artworks[sighting.track.artwork], self._artworks[other]
        (width, height), (its_width, its_height) = _size(here), _size(there)
        cut, its = here.reference.cut, there.reference.cut
        assert cut is not None
        assert its is not None
        down = (its.facet.top_px - cut.facet.top_px) * height / cut.facet.size_px[1]
        along = (its.facet.left_px - cut.facet.left_px) * width / cut.facet.size_px[0]
        turn = cv2.Rodrigues(sighting.pose.fit.turn)[0]
        origin = sighting.pose.fit.shift.ravel() * width
        c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
        across, downward = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
        if side in ("right", "left"):
            across = np.array([c, 0, s if side == "right" else -s])
            start = (
                np.array([width, down, 0]) if side == "right" else np.array([0, down, 0]) - its_width * across
            )
        else:
            downward = np.array([0, c, s if side == "below" else -s])
            start = (
                np.array([along, height, 0])
                if side == "below"
                else np.array([along, 0, 0]) - its_height * downward
            )
        plane = np.column_stack([turn @ across, turn @ downward, turn @ start + origin])
        homography = self._matrix @ plane @ np.diag([its_width, its_width, 1.0]) @ there.to_plane
        if not np.isfinite(homography).all() or homography[2, 2] <= 0:
            return None
        return np.asarray(homography / homography[2, 2], dtype=np.float64)

    def _meets(self, sighting: Sighting, found: Found, side: Side) -> bool:
        """Say whether a neighbour begins where the facet ends."""
        here, there = self._artworks[sighting.track.artwork], self._artworks[found.artwork]
        quad = apply_homography(found.alignment.homography, corners_px(*there.size_px))
        mine, its = _CORNERS[side]
        if not np.allclose(here.outline_px[list(mine)], there.outline_px[list(its)], atol=_MEET_PX):
            return True  # they share only a part of the fold
        off = np.linalg.norm(sighting.quad[list(mine)] - quad[list(its)], axis=1).max()
        return bool(off <= _SEAM_SHARE * side_lengths(quad).min() + _SEAM_PX)


def _side(here: Artwork, there: Artwork) -> Side | None:
    """Return on which side a facet of the same picture meets another."""
    one, other = here.reference, there.reference
    if one.cut is None or other.cut is None or here is there:
        return None
    if (one.placement_id, one.creative_id) != (other.placement_id, other.creative_id):
        return None
    a, b = one.cut.facet, other.cut.facet
    upright = min(a.bottom_px, b.bottom_px) - max(a.top_px, b.top_px) > _MEET_PX
    level = min(a.right_px, b.right_px) - max(a.left_px, b.left_px) > _MEET_PX
    gaps: dict[Side, float] = {}
    if upright:
        gaps |= {"right": abs(a.right_px - b.left_px), "left": abs(a.left_px - b.right_px)}
    if level:
        gaps |= {"below": abs(a.bottom_px - b.top_px), "above": abs(a.top_px - b.bottom_px)}
    return next((side for side, gap in gaps.items() if gap <= _MEET_PX), None)


def _fold_deg(one: Sighting, other: Sighting, side: Side) -> float:
    """Return the angle by which a neighbour bends away from the viewer."""
    assert one.pose is not None
    assert other.pose is not None
    here, there = (cv2.Rodrigues(sighting.pose.fit.turn)[0] for sighting in (one, other) if sighting.pose)
    turned = here.T @ there
    axis = 0 if side in ("right", "left") else 1
    angle = float(np.degrees(np.arctan2(turned[2, axis], turned[axis, axis])))
    return angle if side in ("right", "below") else -angle


def _size(artwork: Artwork) -> tuple[float, float]:
    return artwork.reference.size_mm or artwork.shown_px
