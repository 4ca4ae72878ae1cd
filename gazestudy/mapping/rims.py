"""A screen is followed by its own rim while it shows what nobody knows and no neighbour is in view.

The picture changes, the bezel around it does not: its outer edge was seen while a known picture was on, and
the inner edge lies where the lit picture ends. Four straight edges of known proportions give a pose. It is
only carried on from a pose that is known, and dropped where too few edges bear it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import apply_homography, corners_px, quad_problem, side_lengths
from gazestudy.mapping.alignment import carried, flow
from gazestudy.mapping.appearance import appearance
from gazestudy.mapping.edges import PROBE_PX, Edge, Seen, fit_pose
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.sightings import SAME_PLACE, Sighting, Slot, Track, TrackingLimits, overlap
from gazestudy.mapping.unknown import is_blank

Floats = NDArray[np.float64]

_OFFSETS = np.arange(-0.03, 0.1501, 0.005)
"""Where a rim is learnt: how far outside the picture, in its widths."""

_NARROWEST, _STEP, _LEAST_RISE = 0.02, 2, 10.0  # widths; offsets; grey levels
_LEAST_WIDTH_PX, _LEARN_EVERY = 60.0, 3
_PROOFS = 3  # frames in which the rim led to the pose of a known picture
_SAME_POSE = 0.02  # widths of the placement
_STRAYED = 0.08
_FAR_PX, _FAR_SHARE, _NEAR_PX = 9.0, 0.08, 3.0
_PATIENCE = 10  # frames without support
_RING_SHARE, _RING_POINTS = 0.25, 40
_LEAST_IN_IMAGE = 0.3
_SURE, _MOST_BENT = 0.4, 0.04


@dataclass(slots=True, eq=False)
class _Face:
    """A screen: what is known of its rim, and where it was last."""

    number: int
    artwork: Artwork
    profiles: Floats = field(default_factory=lambda: np.zeros((4, len(_OFFSETS))))
    learnt: int = 0
    outer: Edge | None = None
    proofs: int = 0
    track: Track | None = None
    last: Sighting | None = None
    before: Slot | None = None
    shift_px: Floats = field(default_factory=lambda: np.zeros(2))
    missed: int = 0
    followed: bool = False

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges to look for: where the lit picture ends, and the rim."""
        inner = Edge(0.0, -1)
        return (inner,) if self.outer is None else (inner, self.outer)


class Rims:
    """Follows faces that change their picture by their rims, frame by frame, forwards.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks, with those that stand for any picture.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the working view.
    limits : TrackingLimits
        What a sighting must reach.
    """

    def __init__(self, artworks: Sequence[Artwork], matrix: Floats, limits: TrackingLimits) -> None:
        self._artworks, self._matrix, self._limits = artworks, matrix, limits
        self._faces = {
            artwork.reference.placement_id: _Face(number, artwork)
            for number, artwork in enumerate(artworks)
            if is_blank(artwork)
        }

    def follow(self, slot: Slot) -> None:
        """Take the next frame, with all that is located in it; add the faces that their rims locate."""
        for name, face in self._faces.items():
            known = [s for s in slot.sightings if self._name(s) == name and s.pose is not None]
            placed = [s for s in slot.unknown if self._name(s) == name]
            if known:
                best = max(known, key=lambda s: s.look.confidence)
                self._check(face, slot, best)
                self._learn(face, slot, best)
                self._begin(face, slot, best, Counter({best.track: face.proofs}))
            elif placed:
                self._check(face, slot, placed[0])
                self._begin(face, slot, placed[0], placed[0].track.placed_by, placed[0].track.shown_by)
            elif face.last is not None and not any(self._name(s) == name for s in slot.sightings):
                self._carry(face, slot)

    def _name(self, sighting: Sighting) -> str:
        return self._artworks[sighting.track.artwork].reference.placement_id

    def _begin(
        self,
        face: _Face,
        slot: Slot,
        sighting: Sighting,
        placed_by: Counter[Track],
        shown_by: Counter[Track] | None = None,
    ) -> None:
        """Note a pose that is known; what follows by the rim rests on it."""
        face.track = Track(face.number, shown_by=placed_by if shown_by is None else shown_by)
        face.track.placed_by = placed_by
        if face.last is not None:
            face.shift_px = sighting.quad.mean(axis=0) - face.last.quad.mean(axis=0)
        to_blank = np.linalg.inv(self._artworks[sighting.track.artwork].to_plane) @ face.artwork.to_plane
        homography = sighting.homography @ to_blank
        quad = apply_homography(homography, corners_px(*face.artwork.size_px))
        face.last = replace(sighting, homography=homography / homography[2, 2], quad=quad)
        face.before, face.missed, face.followed = slot, 0, False

    def _check(self, face: _Face, slot: Slot, sighting: Sighting) -> None:
        """Take back what was followed where it did not lead to where the face is seen again."""
        if face.followed and face.missed == 0 and face.last is not None and face.track is not None:
            moved = apply_homography(self._guess(face, slot), corners_px(*face.artwork.size_px))
            away = np.linalg.norm(moved - sighting.quad, axis=1).max()
            if away > _STRAYED * _width(sighting.quad):
                face.track.placed_by = Counter()

    def _learn(self, face: _Face, slot: Slot, sighting: Sighting) -> None:
        """Look at the rim where the pose is known, and whether it leads back to that pose."""
        if slot.frame % _LEARN_EVERY or _width(sighting.quad) < _LEAST_WIDTH_PX:
            return
        plane = sighting.homography @ np.linalg.inv(self._artworks[sighting.track.artwork].to_plane)
        height = self._height(face)
        seen = Seen(slot.view, sighting.quad, _OFFSETS[-1] * _width(sighting.quad))
        profiles = seen.profiles(plane, height, _OFFSETS)
        if profiles is None:
            return
        face.profiles += profiles
        face.learnt += 1
        if face.learnt >= _PROOFS:
            face.outer = _outer_edge(face.profiles / face.learnt)
        moved = plane.copy()
        moved[:2] += np.array([[1.0], [-1.0]]) * plane[2]  # a px off, so that it has something to mend
        found = fit_pose(seen, moved, height, face.edges, self._matrix, reach_px=_NEAR_PX)
        if found is not None:
            corners = _corners(height)
            away = apply_homography(found.plane, corners) - apply_homography(plane, corners)
            right = float(np.linalg.norm(away, axis=1).max()) <= _SAME_POSE * _width(sighting.quad)
            face.proofs = face.proofs + 1 if right else max(0, face.proofs - 1)

    def _height(self, face: _Face) -> float:
        """Return the height of a face in its widths."""
        return float(apply_homography(face.artwork.to_plane, corners_px(*face.artwork.size_px))[2, 1])

    def _carry(self, face: _Face, slot: Slot) -> None:
        """Carry a face into the next frame, as long as its rim is found there."""
        assert face.last is not None and face.before is not None
        found = self._found(face, slot) if face.outer is not None and face.proofs >= _PROOFS else None
        if found is None:
            face.missed += 1
            if face.missed > _PATIENCE:
                face.last = face.before = None
            return
        face.missed, face.followed = 0, True
        face.shift_px = found.quad.mean(axis=0) - face.last.quad.mean(axis=0)
        face.last, face.before = found, slot
        if all(overlap(found.quad, s.quad) <= SAME_PLACE for s in slot.sightings + slot.unknown):
            slot.unknown.append(found)

    def _found(self, face: _Face, slot: Slot) -> Sighting | None:
        assert face.last is not None and face.track is not None
        guess = self._guess(face, slot)
        quad = apply_homography(guess, corners_px(*face.artwork.size_px))
        if not np.isfinite(quad).all() or quad_problem(quad, min_side_px=self._limits.min_side_px):
            return None
        height, to_plane = self._height(face), face.artwork.to_plane
        guessed, width = quad, _width(quad)
        reach = float(np.clip(_FAR_SHARE * width, _NEAR_PX, _FAR_PX))
        edge = 0.0 if face.outer is None else face.outer.offset
        seen = Seen(slot.view, quad, edge * width + reach)
        found = None
        plane = guess @ np.linalg.inv(to_plane)
        for near in (reach, _NEAR_PX):
            found = fit_pose(seen, plane, height, face.edges, self._matrix, reach_px=near)
            if found is None:
                return None
            plane = found.plane
        assert found is not None
        homography = found.plane @ to_plane
        homography = homography / homography[2, 2]
        quad = apply_homography(homography, corners_px(*face.artwork.size_px))
        share = found.corner_error
        if quad_problem(quad, min_side_px=self._limits.min_side_px) is not None:
            return None
        if not share <= _SURE * self._limits.max_corner_error_share or _bent(quad, guessed) > _MOST_BENT:
            return None
        look = appearance(slot.view.around(quad, PROBE_PX), face.artwork, homography)
        if look.in_image_share < _LEAST_IN_IMAGE:
            return None
        look = replace(look, confidence=found.support, clear=look.in_image)
        error_px = found.centre_error * face.artwork.size_px[0]
        return Sighting(face.track, homography, quad, look, found.points, error_px, share)

    def _guess(self, face: _Face, slot: Slot) -> Floats:
        """Return where the face should be: carried along with what is around it, or as it moved before."""
        assert face.last is not None and face.before is not None
        to_small = slot.view.to_small
        scale, move = to_small[[0, 1], [0, 1]], to_small[:2, 2]
        quad = face.last.quad * scale + move
        middle = quad.mean(axis=0)
        image = face.before.view.small
        ring = np.zeros(image.shape, dtype=np.uint8)
        cv2.fillConvexPoly(
            ring, np.round(middle + (1 + 2 * _RING_SHARE) * (quad - middle)).astype(np.int32), 255
        )
        cv2.fillConvexPoly(ring, np.round(quad).astype(np.int32), 0)  # what is on may move by itself
        ring &= face.before.view.small_mask
        points = cv2.goodFeaturesToTrack(image, _RING_POINTS, 0.02, 4, mask=ring)
        steps = 1 + face.missed
        shift = face.shift_px * scale * steps
        if points is not None:
            start = np.asarray(points, dtype=np.float64).reshape(-1, 2)
            moved, good = flow(image, slot.view.small, start, np.broadcast_to(shift, start.shape))
            if np.count_nonzero(good) >= 2:
                here, there = ((p[good] - move) / scale for p in (start, moved))
                return carried(face.last.homography, here, there)
        step = np.eye(3)
        step[:2, 2] = face.shift_px * steps
        return np.asarray(step @ face.last.homography)


def _width(quad: Floats) -> float:
    sides = side_lengths(quad)
    return float(sides[0] + sides[2]) / 2


def _bent(quad: Floats, other: Floats) -> float:
    """Return how much the shapes of two quads differ, wherever they are, in widths."""
    off = (quad - quad.mean(axis=0)) - (other - other.mean(axis=0))
    return float(np.linalg.norm(off, axis=1).max()) / _width(quad)


def _corners(height: float) -> Floats:
    return np.array([[0.0, 0.0], [1.0, 0.0], [1.0, height], [0.0, height]])


def _outer_edge(profiles: Floats) -> Edge | None:
    """Return where the brightness changes most alike at three of the four sides, outside the picture."""
    rises = profiles[:, 2 * _STEP :] - profiles[:, : -2 * _STEP]
    offsets = _OFFSETS[_STEP:-_STEP]
    best: tuple[float, Edge] | None = None
    for sign in (1, -1):
        third = np.sort(sign * rises, axis=0)[1]  # three sides rise at least so much
        third = np.where(offsets >= _NARROWEST, third, 0.0)
        at = int(third.argmax())
        if third[at] >= _LEAST_RISE and (best is None or third[at] > best[0]):
            near = slice(max(0, at - 1), at + 2)
            weights = np.maximum(third[near], 0.0)
            best = float(third[at]), Edge(float(np.average(offsets[near], weights=weights)), sign)
    return None if best is None else best[1]
