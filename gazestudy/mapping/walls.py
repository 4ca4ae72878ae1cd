"""Neighbours on one wall: a placement that cannot be found by itself is placed by one that hangs beside it.

Pictures on one wall share a plane, so once the distance between two of them is known, the pose of one gives
that of the other. The distance is learnt from the recording: single features that are too few for a pose of
their own, and frames in which both are seen, vote for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography, corners_px, jacobian, quad_problem
from gazestudy.mapping.along import Along, is_plain
from gazestudy.mapping.appearance import Appearance, appearance
from gazestudy.mapping.detection import Loose, Refused
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.rigid import rigid_errors_px
from gazestudy.mapping.sightings import SAME_PLACE, Sighting, Slot, Track, TrackingLimits, overlap
from gazestudy.mapping.unknown import is_blank

Floats = NDArray[np.float64]

_NEAR = 0.05  # votes this close (in widths of the placement) agree
_FRAMES, _SPOTS, _VOTES = 3, 3, 6
_SPOT = 0.06  # two features nearer to each other (in diagonals) are one
_REMEMBERED = 400
_LOOK_CELLS, _LOOKS_RIGHT, _RIGHT_SHARE = 5, 0.8, 0.35
_PRINTED_SD = 4.0  # grey levels
_LOOK_BACK = 5  # every so many frames
_LOOK_ALONG = 20  # every so many frames
_LOOK_BACK_ALONG, _ALONG_FRAMES = 10, 5  # every so many frames, so many times
_CLEARLY_ALIKE = 0.9  # correlation, see `Along.settled`
_MOST_TO_SETTLE = 0.2  # expected error, widths
_PER_FRAME = 2.0  # votes of one frame share the error of its pose
_LEAST_IN_IMAGE = 0.05
_PART_MARGIN_PX = 4
_ALL_RIGHT, _CLEARLY_MORE = 0.9, 0.2  # share of a picture
_AGREE_SHARE = 0.6
_PX = 1.0  # error of a matched feature, working px


@dataclass(slots=True, eq=False)
class Relation:
    """Where one placement hangs beside another, by votes.

    Attributes
    ----------
    frames : list of int
        Frame of each vote.
    votes : list of (float, float)
        From the top left corner of the one to that of the other, mm.
    spots : list of (float, float)
        Which point of the placement voted, art px.
    errors_mm : list of float
        Size of one working px there.
    offset_mm : ndarray of float64, shape (2,), or None
        The answer, once enough votes agree.
    error_mm : float
        Its standard error.
    track : Track
        What is placed by it.
    looks, right : int
        How often the picture was looked for there, and how often it was.
    alike : list of float or None
        How well its print correlated there, the best of the frames; None where that is not asked for.
    looked_back : bool
        Whether earlier frames have been looked at.
    agreement : float
        Share of the votes that agree.
    settled : bool
        Whether the answer takes all votes into account.
    """

    frames: list[int] = field(default_factory=list)
    votes: list[tuple[float, float]] = field(default_factory=list)
    spots: list[tuple[float, float]] = field(default_factory=list)
    errors_mm: list[float] = field(default_factory=list)
    offset_mm: Floats | None = None
    error_mm: float = float("inf")
    track: Track = field(default_factory=lambda: Track(-1))
    looks: int = 0
    right: int = 0
    alike: list[float] | None = None
    looked_back: bool = False
    agreement: float = 0.0
    settled: bool = True

    def add(self, frame: int, votes: Floats, spots: Floats, errors_mm: Floats) -> None:
        """Add the votes of one frame."""
        self.frames += [frame] * len(votes)
        self.votes += [(x, y) for x, y in votes.tolist()]
        self.spots += [(x, y) for x, y in spots.tolist()]
        self.errors_mm += errors_mm.tolist()
        for kept in (self.frames, self.votes, self.spots, self.errors_mm):
            del kept[:-_REMEMBERED]
        self.settled = False

    def settle(self, artwork: Artwork) -> None:
        """Look for the place that most votes agree on, if there are new ones."""
        if self.settled or len(self.votes) < _VOTES:
            return
        self.settled = True
        votes, errors = np.array(self.votes), np.array(self.errors_mm)
        near = _NEAR * _size_mm(artwork)[0]
        x, y = votes.T
        close = np.subtract.outer(x, x) ** 2 + np.subtract.outer(y, y) ** 2 <= near**2
        agree = close[int(np.argmax(close.sum(axis=1)))]
        centre = np.average(votes[agree], axis=0, weights=errors[agree] ** -2.0)
        agree = np.linalg.norm(votes - centre, axis=1) <= near
        frames = np.unique(np.array(self.frames)[agree])
        diagonal = float(np.hypot(*artwork.size_px))
        spots = np.unique(np.round(np.array(self.spots)[agree] / (_SPOT * diagonal)), axis=0)
        before, self.offset_mm = self.offset_mm, None
        self.error_mm, self.agreement = float("inf"), float(agree.mean())
        if np.count_nonzero(agree) >= _VOTES and len(frames) >= _FRAMES and len(spots) >= _SPOTS:
            weights = errors[agree] ** -2.0
            self.offset_mm = np.average(votes[agree], axis=0, weights=weights)
            spread = np.average((votes[agree] - self.offset_mm) ** 2, axis=0, weights=weights).sum()
            independent = min(weights.sum() ** 2 / (weights**2).sum(), _PER_FRAME * len(frames))
            self.error_mm = float(np.sqrt(spread / independent))
            if before is not None and float(np.linalg.norm(self.offset_mm - before)) > near:
                self._begin_anew()

    def _begin_anew(self) -> None:
        """Forget what was seen at another spot."""
        self.looks = self.right = 0
        self.track, self.looked_back = Track(self.track.artwork), False
        self.alike = None if self.alike is None else []

    def check(self, look: Appearance) -> None:
        """Take into account how the wall looks at the spot in one frame."""
        self.track.evidence.add(look)
        printed = int(np.count_nonzero(look.weight >= _PRINTED_SD))
        if look.cells >= min(_LOOK_CELLS, max(1, printed)):
            self.looks += 1
            few = printed < _LOOK_CELLS
            self.right += look.confidence >= _LOOKS_RIGHT and (not few or is_plain(look))

    @property
    def proven(self) -> bool:
        """Whether the picture has been seen at the spot again and again."""
        alike = self.alike is None or (len(self.alike) == _FRAMES and self.alike[0] >= _CLEARLY_ALIKE)
        return alike and self.right >= _FRAMES and self.right >= _RIGHT_SHARE * self.looks

    def correlated(self, score: float) -> None:
        """Take into account how well the print correlates at the spot in one frame."""
        if self.alike is not None:
            self.alike = sorted([*self.alike, score])[-_FRAMES:]


class Walls:
    """Learns which placements hang beside each other, and places one by the other.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the working view.
    limits : TrackingLimits
        What a placed sighting must reach.
    faint : collection of int
        Artworks with little print, which are looked for along the walls of others.
    """

    def __init__(
        self,
        artworks: Sequence[Artwork],
        matrix: Floats,
        limits: TrackingLimits,
        faint: Collection[int] = (),
    ) -> None:
        self._artworks, self._matrix, self._limits = artworks, matrix, limits
        pictures = Counter(artwork.reference.placement_id for artwork in artworks)
        self._blank = {
            artwork.reference.placement_id: number
            for number, artwork in enumerate(artworks)
            if is_blank(artwork)
        }
        self._placeable = [
            number
            for number, artwork in enumerate(artworks)
            if artwork.reference.size_mm is not None
            and artwork.reference.copies == 1
            and (is_blank(artwork) or pictures[artwork.reference.placement_id] == 1)
        ]
        self._faint = [number for number in self._placeable if number in faint and not self._is_blank(number)]
        self._along, self._looked_along = Along(artworks, limits.min_side_px), -_LOOK_ALONG
        self._relations: dict[tuple[object, int], Relation] = {}
        self._placing: set[Relation] = set()  # those that may place something: others cost time for nothing

    def learn(self, slot: Slot, loose: Iterable[Loose], memory: Sequence[Slot]) -> None:
        """Take the votes of one frame: features without a pose of their own, and placements seen together.

        `memory` holds earlier frames: once the votes agree on a spot, it is looked at in them, too.
        """
        anchors = [s for s in slot.sightings if self._is_anchor(s)]
        for sighting in anchors:
            for one in loose:
                if one.artwork in self._placeable:
                    self._vote(slot.frame, sighting, one.artwork, one.points, one.seen)
            for other in anchors:
                number = self._blank.get(self._placement(other.track.artwork), other.track.artwork)
                if other is not sighting and number in self._placeable:
                    corners = corners_px(*self._artworks[number].size_px)
                    voted = self._vote(slot.frame, sighting, number, corners, other.quad)
                    if number != other.track.artwork and voted is not None:
                        voted.track.shown_by[other.track] += 1
        self._look_along(slot, memory)
        self._check(slot, [relation for relation in self._relations.values() if relation.looked_back])
        fresh = [r for r in self._relations.values() if not r.looked_back and self._answer(r) is not None]
        for relation in fresh:
            relation.looked_back = True
        for earlier in list(memory)[::-_LOOK_BACK] if fresh else []:
            self._check(earlier, fresh)
        self._placing = {
            relation
            for relation in self._relations.values()
            if relation.proven or self._is_blank(relation.track.artwork)
        }

    def _look_along(self, slot: Slot, memory: Sequence[Slot]) -> None:
        """Take votes of pictures with little print; where one is seen, earlier frames are asked once, too."""
        if abs(slot.frame - self._looked_along) < _LOOK_ALONG:
            return
        self._looked_along = slot.frame
        earlier = [one for one in memory if one.frame < slot.frame][::-_LOOK_BACK_ALONG]
        for number in self._faint:
            voted = self._voted_along(slot, number)
            if voted and all(self._answer(relation) is None for relation in voted):
                for one in earlier[:_ALONG_FRAMES]:
                    self._voted_along(one, number)

    def _voted_along(self, slot: Slot, number: int) -> list[Relation]:
        """Look for a picture on the wall of the neighbour whose pose is known best."""
        if any(self._placement(s.track.artwork) == self._placement(number) for s in slot.sightings):
            return []
        anchors = [s for s in slot.sightings if self._is_anchor(s)]
        known = [self._relations.get((self._key(anchor), number)) for anchor in anchors]
        if not anchors or any(relation is not None and relation.proven for relation in known):
            return []
        best = min(anchors, key=lambda s: s.corner_error_share)
        here, artwork = self._artworks[best.track.artwork], self._artworks[number]
        to_view = best.homography @ np.linalg.inv(_to_mm(here))
        found = self._along.find(slot.view, to_view, np.array(_size_mm(here)) / 2, number)
        if found is None:
            return []
        corners = corners_px(*artwork.size_px)
        seen = apply_homography(to_view @ _shift(found[0]) @ _to_mm(artwork), corners)
        voted = [self._vote(slot.frame, anchor, number, corners, seen) for anchor in anchors]
        relations = [relation for relation in voted if relation is not None]
        for relation in relations:
            relation.check(found[1])
        return relations

    def _check(self, slot: Slot, relations: Sequence[Relation]) -> None:
        telling = {one for one in relations if not self._is_blank(one.track.artwork)}
        for candidates in self._candidates(slot, telling):
            for relation, sighting in candidates:
                relation.check(sighting.look)

    def _vote(
        self, frame: int, anchor: Sighting, number: int, points: Floats, seen: Floats
    ) -> Relation | None:
        artwork = self._artworks[number]
        if self._placement(number) == self._placement(anchor.track.artwork):
            return None
        to_wall = _to_mm(self._artworks[anchor.track.artwork]) @ np.linalg.inv(anchor.homography)
        sides = np.vstack([seen, anchor.quad]) @ to_wall[2, :2] + to_wall[2, 2]
        reached = sides[: len(seen)] * sides[-1] > 0  # on the anchor's side of the horizon of its plane
        on_wall = apply_homography(to_wall, seen)
        votes = on_wall - apply_homography(_to_mm(artwork), points)
        errors = _PX * np.linalg.norm(jacobian(to_wall, seen), axis=(1, 2))
        good = reached & (errors < _NEAR * _size_mm(artwork)[0]) & np.isfinite(votes).all(axis=1)
        if not good.any():
            return None
        key = self._key(anchor), number
        new = Relation(track=Track(number), alike=[] if number in self._faint else None)
        relation = self._relations.setdefault(key, new)
        relation.add(frame, votes[good], points[good], errors[good])
        return relation

    def place(self, slot: Slot) -> None:
        """Add the placements that are not seen by themselves but hang beside one that is."""
        found = []
        for candidates in self._candidates(slot, self._placing):
            slot.unknown += self._unknown(slot, candidates)
            proven = [sighting for relation, sighting in candidates if relation.proven]
            if proven:
                best = min(proven, key=lambda s: s.corner_error_share)
                if all(overlap(best.quad, s.quad) <= SAME_PLACE for s in slot.sightings):
                    found.append(best)
        alone = [
            one
            for one in found
            if all(
                one is other or overlap(one.quad, other.quad) <= SAME_PLACE or _seen_better(one, other)
                for other in found
            )
        ]
        # two pictures that both seem to hang at one spot: nobody knows which of them does
        slot.refused += [Refused(s.track.artwork, "ambiguous", s.inliers) for s in found if s not in alone]
        slot.sightings += alone

    def _unknown(self, slot: Slot, candidates: Sequence[tuple[Relation, Sighting]]) -> list[Sighting]:
        """Return the best place of a face whose picture is not known; others may not be seen there."""
        known = [
            sighting
            for relation, sighting in candidates
            if sighting.track.artwork in self._blank.values() and relation.agreement >= _AGREE_SHARE
        ]
        best = min(known, key=lambda s: s.corner_error_share, default=None)
        if best is None:
            return []
        name = self._placement(best.track.artwork)
        others = [s for s in slot.sightings if self._placement(s.track.artwork) != name]
        return [best] if all(overlap(best.quad, s.quad) <= SAME_PLACE for s in others) else []

    def _candidates(
        self, slot: Slot, relations: Collection[Relation]
    ) -> Iterator[list[tuple[Relation, Sighting]]]:
        """Yield where each placement that is not seen should hang, by some of its relations to neighbours."""
        anchors = [(self._key(s), s) for s in slot.sightings if self._is_anchor(s)]
        seen = {self._placement(s.track.artwork) for s in slot.sightings}
        for number in sorted({relation.track.artwork for relation in relations}):
            if self._placement(number) in seen and not self._is_blank(number):
                continue
            placed = []
            for name, anchor in anchors:
                relation = self._relations.get((name, number))
                if relation is None or relation not in relations:
                    continue
                sighting = self._placed(slot, anchor, number, relation)
                if sighting is not None:
                    placed.append((relation, sighting))
            yield placed

    def _answer(self, relation: Relation) -> Floats | None:
        relation.settle(self._artworks[relation.track.artwork])
        return relation.offset_mm

    def _placed(self, slot: Slot, anchor: Sighting, number: int, relation: Relation) -> Sighting | None:
        offset_mm = self._answer(relation)
        spot = None if offset_mm is None else self._spot(anchor, number, offset_mm)
        if spot is None or offset_mm is None:
            return None
        artwork = self._artworks[number]
        homography, quad, errors = spot
        errors = np.hypot(errors, relation.error_mm)
        width = _size_mm(artwork)[0]
        if number in self._faint and float(errors[:4].max()) <= _MOST_TO_SETTLE * width:
            spot, errors = self._settled(slot, anchor, relation, offset_mm, errors) or (spot, errors)
            homography, quad, _ = spot
        share = float(errors[:4].max() / width)
        if not share <= self._limits.max_corner_error_share:
            return None
        look = appearance(slot.view.around(quad, _PART_MARGIN_PX), artwork, homography)
        if number in self._blank.values():  # nothing to compare with: it is as sure as its neighbour
            look = replace(look, confidence=anchor.look.confidence, clear=look.in_image)
            relation.track.placed_by[anchor.track] += 1
        if look.in_image_share < _LEAST_IN_IMAGE:
            return None
        error_px = float(errors[4] * artwork.size_px[0] / width)
        beside = self._placement(anchor.track.artwork)
        return Sighting(
            relation.track, homography, quad, look, anchor.inliers, error_px, share, beside=beside
        )

    def _spot(self, anchor: Sighting, number: int, offset_mm: Floats) -> tuple[Floats, Floats, Floats] | None:
        """Return where a placement hangs beside another, and how far corners and middle may be off, mm."""
        pose = anchor.pose
        if pose is None:
            return None
        here, artwork = self._artworks[anchor.track.artwork], self._artworks[number]
        step = (
            np.linalg.inv(_to_mm(here)) @ _shift(offset_mm) @ _to_mm(artwork)
        )  # art px here to art px there
        homography = anchor.homography @ step
        corners = corners_px(*artwork.size_px)
        if not ((corners @ homography[2, :2] + homography[2, 2]) * anchor.homography[2, 2] > 0).all():
            return None  # a corner lies behind the camera
        homography = homography / homography[2, 2]
        quad = apply_homography(homography, corners)
        if quad_problem(quad, min_side_px=self._limits.min_side_px) is not None:
            return None
        at = apply_homography(step, np.vstack([corners, corners.mean(axis=0)]))
        error = rigid_errors_px(here, pose.fit, pose.points, at, self._matrix, sigma_px=pose.sigma_px)
        return homography, quad, error * _size_mm(here)[0] / here.size_px[0]

    def _settled(
        self, slot: Slot, anchor: Sighting, relation: Relation, offset_mm: Floats, errors_mm: Floats
    ) -> tuple[tuple[Floats, Floats, Floats], Floats] | None:
        """Shift a placement to where its print is seen; what the pose of the neighbour lacks shrinks, too."""
        number = relation.track.artwork
        here, artwork = self._artworks[anchor.track.artwork], self._artworks[number]
        to_view = anchor.homography @ np.linalg.inv(_to_mm(here))
        found = self._along.settled(slot.view, to_view, offset_mm, 3 * float(errors_mm[4]), number)
        spot = None if found is None else self._spot(anchor, number, found[0])
        if found is None or spot is None:
            return None
        relation.correlated(found[2])
        half = np.array(_size_mm(artwork)) / 2
        away = float(np.linalg.norm(found[0] + half - np.array(_size_mm(here)) / 2))
        left = min(1.0, float(np.linalg.norm(half)) / away) * errors_mm
        left[4] = 0.0
        return spot, np.hypot(left, found[1])

    def _is_anchor(self, sighting: Sighting) -> bool:
        reference = self._artworks[sighting.track.artwork].reference
        return sighting.pose is not None and reference.size_mm is not None

    def _key(self, anchor: Sighting) -> object:
        """Name an anchor: a picture that hangs once is always itself, one of several only along its track."""
        reference = self._artworks[anchor.track.artwork].reference
        return reference.face if reference.copies == 1 else anchor.track

    def _is_blank(self, number: int) -> bool:
        return self._blank.get(self._placement(number)) == number

    def _placement(self, number: int) -> str:
        return self._artworks[number].reference.placement_id


def _seen_better(one: Sighting, other: Sighting) -> bool:
    """Say whether all of one picture was seen to be right, and clearly less of another at the same spot."""
    mine, its = one.track.root().evidence, other.track.root().evidence
    share = mine.right_coverage if mine.shows_strokes else 0.0
    return share >= _ALL_RIGHT and share >= its.right_coverage + _CLEARLY_MORE


def _size_mm(artwork: Artwork) -> tuple[float, float]:
    assert artwork.reference.size_mm is not None
    return artwork.reference.size_mm


def _to_mm(artwork: Artwork) -> Floats:
    """Art px to mm from the top left corner of the placement."""
    width = _size_mm(artwork)[0]
    return np.diag([width, width, 1.0]) @ artwork.to_plane


def _shift(by: Floats) -> Floats:
    return np.array([[1, 0, by[0]], [0, 1, by[1]], [0, 0, 1.0]])
