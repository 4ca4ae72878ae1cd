"""Following located placements from frame to frame, forwards and backwards, within a bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import (
    apply_homography,
    corners_px,
    expected_errors_px,
    quad_problem,
    side_lengths,
)
from gazestudy.mapping.ahead import Crew, Prepared
from gazestudy.mapping.alignment import ENOUGH_POINTS, Alignment, align, carried, flow, inside, middle
from gazestudy.mapping.appearance import Appearance, appearance
from gazestudy.mapping.blur import Shutter
from gazestudy.mapping.bridges import bridge_back
from gazestudy.mapping.copies import Copies
from gazestudy.mapping.detection import Detector, Found, Refused, Search
from gazestudy.mapping.folds import Folds
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.rigid import rigid_errors_px, rigid_fit
from gazestudy.mapping.rims import Rims
from gazestudy.mapping.sightings import (
    SAME_PLACE,
    Pose,
    Sighting,
    Slot,
    Track,
    TrackingLimits,
    is_surer,
    overlap,
)
from gazestudy.mapping.view import Patch, View, WorkingView
from gazestudy.mapping.walls import Walls

_FASTEST = 0.6  # widths of the placement from frame to frame; faster, blur makes small pictures look wider

Floats = NDArray[np.float64]

_FLOW_POINTS = 40
_NEAR_SHARE = 0.35  # of the window around gaze
_LOOKED_AWAY = 15  # frames
# frames in which what nobody looks at is carried along between two that are fitted
_CARRIED, _CARRIED_BY_GAZE = 1, 3
_ENOUGH_FLOW = 12  # points
_PROMISING = 3  # features of one picture; with fewer, nothing of the study is near
_PAUSE = 2  # searches around gaze left out where the last one was not promising
_PAUSES = (0, 0, 1)  # the same after one, two or more in a row that were, and gave nothing new
_PART_MARGIN_PX = 28
_NOISE_PX = 0.15  # floor of the point error
_SHARED_NOISE = (
    3.0  # neighbouring windows share their noise: measured on simulated walks, corners against truth
)


class Follower:
    """Takes frames one by one and gives each back, with its sightings, once nothing can be added to it.

    A placement is found on key frames, followed forwards until it is lost, and followed backwards from
    where it was first found into the frames still in memory.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks.
    view : WorkingView
        The working view: where it shows the scene, and its camera matrix.
    detector : Detector
        Finds placements.
    crew : Crew
        Does searches around gaze.
    limits : TrackingLimits
        What a sighting must reach.
    gaze_interval : int
        One search around gaze for so many frames.
    window_px : int
        Side of the window around gaze, which is searched at full size.
    memory : int
        Frames kept in memory: how far back a placement is followed.
    only_looked_at : bool
        Placements are followed only while somebody looks at them or near them.
    """

    def __init__(
        self,
        artworks: Sequence[Artwork],
        view: WorkingView,
        detector: Detector,
        crew: Crew,
        limits: TrackingLimits,
        *,
        gaze_interval: int,
        window_px: int,
        memory: int,
        only_looked_at: bool,
    ) -> None:
        self._artworks, self._detector, self._crew, self._limits = artworks, detector, crew, limits
        self._mask, self._matrix = view.mask, view.camera_matrix
        self._memory, self._gaze_interval, self._window_px = memory, gaze_interval, window_px
        self._only_looked_at = only_looked_at
        self._walls = None if self._matrix is None else Walls(artworks, self._matrix, limits, detector.faint)
        self._rims = None if self._matrix is None else Rims(artworks, self._matrix, limits)
        bent = any(artwork.reference.cut is not None for artwork in artworks)
        self._folds = Folds(artworks, detector, self._matrix) if bent and self._matrix is not None else None
        self._shutter = Shutter()
        self.copies = Copies(artworks)
        self._slots: deque[Slot] = deque()
        self._count = self._pause = self._vain = 0
        self._wanted: tuple[Slot, tuple[slice, slice], float] | None = None
        self._asked: tuple[Slot, Future[Search]] | None = None
        self.keyframes = 0
        self.windows = 0
        self.detections = 0

    def push(self, prepared: Prepared[Search], look: tuple[float, float] | None = None) -> Iterator[Slot]:
        """Take the next frame, with where somebody looks (working px); give back those that leave memory."""
        slot = Slot(prepared.frame, prepared.t_ns, prepared.view, look)
        if self._slots:
            before = self._slots[-1]
            stepped = self._step(before.sightings, before, slot)
            slot.sightings = _without_rivals([s for s in stepped if isinstance(s, Sighting)])
            slot.refused = [
                Refused(s.track.artwork, "lost", 0)
                for s, n in zip(before.sightings, stepped, strict=True)
                if n is None
            ]
        self._slots.append(slot)
        if prepared.search is not None:
            search = prepared.search.result()
            self._spread(slot, search, self._begin(slot, search))
            self.keyframes += 1
        self._look_around_gaze(slot, prepared.sharpness)
        while len(self._slots) > self._memory:
            yield self._leave()

    def flush(self) -> Iterator[Slot]:
        """Give back the frames still in memory."""
        self._request()
        self._collect()
        while self._slots:
            yield self._leave()

    def _leave(self) -> Slot:
        if self._asked is not None and self._asked[0] is self._slots[0]:
            self._collect()
        slot = self._slots.popleft()
        if self._walls is not None:
            self._walls.place(slot)
        if self._rims is not None:
            self._rims.follow(slot)
        later = {sighting.track.root() for sighting in self._slots[0].sightings} if self._slots else set()
        for sighting in slot.sightings:
            if sighting.track.root() not in later:
                sighting.track.root().evidence.pack()
        if self._only_looked_at:
            slot.sightings = [sighting for sighting in slot.sightings if sighting.carried == 0]
        self.copies.take(slot)
        return slot

    def _look_around_gaze(self, slot: Slot, sharpness: float) -> None:
        """Have the sharpest of some frames searched where somebody looks and nothing is known.

        The answer is awaited when the next question is asked, so that others can work on it meanwhile.
        """
        window = self._window(slot)
        if window is not None and (self._wanted is None or sharpness > self._wanted[2]):
            self._wanted = slot, window, sharpness
        self._count += 1
        if self._count % self._gaze_interval == 0:
            self._request()

    def _request(self) -> None:
        """Take the last answer and ask the next question: others search while the answer is entered."""
        answer = self._answer()
        if self._pause > 0:
            self._pause -= 1
        elif self._wanted is not None and self._wanted[0] in self._slots:
            slot, window, _ = self._wanted
            detector, view = self._detector, slot.view
            self._asked = slot, self._crew.begin(lambda: detector.search(view, window=window))
            self.windows += 1
        self._wanted = None
        if answer is not None:
            self._spread(*answer)

    def _answer(self) -> tuple[Slot, Search, list[Sighting]] | None:
        """Begin tracks with what was found around gaze, and decide how soon to look there again."""
        if self._asked is None:
            return None
        slot, answer = self._asked
        self._asked = None
        search = answer.result()
        fresh = self._begin(slot, search)
        if fresh:
            self._vain = self._pause = 0
        elif _is_promising(search, slot.sightings):
            self._pause = _PAUSES[min(self._vain, len(_PAUSES) - 1)]
            self._vain += 1
        else:
            self._pause = _PAUSE
        return slot, search, fresh

    def _collect(self) -> None:
        answer = self._answer()
        if answer is not None:
            self._spread(*answer)

    def _window(self, slot: Slot) -> tuple[slice, slice] | None:
        """Return the part of the view around gaze, None where a placement is seen there already."""
        if slot.look is None or any(_distance_px(s.quad, slot.look) <= 0 for s in slot.sightings):
            return None
        x, y = slot.look
        width, height = slot.view.size_px
        half = self._window_px // 2
        return (
            slice(max(0, int(y) - half), min(height, int(y) + half)),
            slice(max(0, int(x) - half), min(width, int(x) + half)),
        )

    def _begin(self, slot: Slot, search: Search) -> list[Sighting]:
        """Begin tracks with what was found in a frame."""
        slot.refused += search.refused
        fresh = []
        for candidate in chain(search.found, self._folds.beside(slot) if self._folds is not None else ()):
            sighting = self._begun(slot, candidate)
            if sighting is not None:
                fresh.append(sighting)
        self.detections += len(fresh)
        return fresh

    def _spread(self, slot: Slot, search: Search, fresh: list[Sighting]) -> None:
        """Learn where neighbours hang, and follow what was found in a frame to all frames in memory."""
        if self._walls is not None:
            self._walls.learn(slot, search.loose, self._slots)
        index = self._slots.index(slot)
        self._onward(fresh, range(index, -1, -1))
        self._onward(fresh, range(index, len(self._slots)))
        memory = list(self._slots) if fresh else []
        for sighting in fresh:
            if any(s.track is sighting.track for s in slot.sightings):  # not given up for a better one
                bridge_back(memory, sighting, self._artworks, self._mask, self._limits)

    def _begun(self, slot: Slot, candidate: Found) -> Sighting | None:
        """Begin a track with what was found; None where it, or something better, is known there."""
        sighting = self._sighting(Track(candidate.artwork), candidate.alignment, candidate.look)
        if sighting is None:
            return None
        sighting.track.evidence.add(sighting.look)
        rivals = [s for s in slot.sightings if overlap(s.quad, sighting.quad) > SAME_PLACE]
        if any(s.track.artwork == candidate.artwork for s in rivals):
            return None  # known already
        if any(s.look.confidence >= sighting.look.confidence for s in rivals):
            return None
        slot.sightings = [s for s in slot.sightings if s not in rivals] + [sighting]
        sighting.track.copy = self._free_copy(slot, sighting)
        return sighting

    def _free_copy(self, slot: Slot, sighting: Sighting) -> int:
        face = self._face(sighting)
        taken = {s.track.root().copy for s in slot.sightings if s is not sighting and self._face(s) == face}
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def _face(self, sighting: Sighting) -> tuple[str, int]:
        return self._artworks[sighting.track.artwork].reference.face

    def _onward(self, fresh: list[Sighting], path: range) -> None:
        """Follow newly found placements along frames in memory until they are lost or meet themselves."""
        for here, there in pairwise(path):
            if not fresh:
                return
            slot = self._slots[there]
            fresh = [s for s in self._step(fresh, self._slots[here], slot) if s is not None]
            fresh = [s for s in fresh if self._entered(slot, s)]

    def _entered(self, slot: Slot, sighting: Sighting) -> bool:
        """Enter a sighting into another frame; False where its track ends."""
        rivals = [s for s in slot.sightings if overlap(s.quad, sighting.quad) > SAME_PLACE]
        for rival in rivals:
            if rival.track.artwork == sighting.track.artwork:
                sighting.track.join(rival.track)  # the same print: one number along the way
                return False
        changes = any(self._artworks[s.track.artwork].reference.changes for s in (sighting, *rivals))
        if not all(is_surer(sighting, rival, changes=changes) for rival in rivals):
            return False
        slot.sightings = [s for s in slot.sightings if s not in rivals] + [sighting]
        return True

    def _step(self, sightings: Sequence[Sighting], before: Slot, after: Slot) -> list[Sighting | None]:
        """Carry sightings into a neighbouring frame; None where lost."""
        stepped: list[Sighting | None] = [None] * len(sightings)
        looked_at = [s.unlooked <= _LOOKED_AWAY or not self._only_looked_at for s in sightings]
        chosen = np.flatnonzero(looked_at).tolist()
        if chosen:
            moved = self._moved([sightings[n] for n in chosen], before, after)
            for number, sighting in zip(chosen, moved, strict=True):
                stepped[number] = sighting
        return stepped

    def _moved(self, sightings: Sequence[Sighting], before: Slot, after: Slot) -> list[Sighting | None]:
        points = [apply_homography(s.homography, self._artworks[s.track.artwork].points) for s in sightings]
        points = [p[inside(p, self._mask)][:_FLOW_POINTS] for p in points]  # the best come first
        scale = after.view.to_small
        small = np.concatenate(points) * scale[[0, 1], [0, 1]] + scale[:2, 2]
        counts = [len(p) for p in points]
        expected = np.repeat([s.shift_px for s in sightings], counts, axis=0) * scale[[0, 1], [0, 1]]
        moved, good = flow(before.view.small, after.view.small, small, expected)
        moved = (moved - scale[:2, 2]) / scale[[0, 1], [0, 1]]
        stepped: list[Sighting | None] = []
        for sighting, start, end in zip(sightings, points, np.cumsum(counts), strict=True):
            part = slice(end - len(start), end)
            here, there = start[good[part]], moved[part][good[part]]
            guess = carried(sighting.homography, here, there)
            shift = middle(there - here) if len(here) else sighting.shift_px
            quad = apply_homography(guess, corners_px(*self._artworks[sighting.track.artwork].size_px))
            unlooked = 0 if self._is_near(quad, after) else sighting.unlooked + 1
            looked_elsewhere = unlooked > 0 and (self._only_looked_at or after.look is not None)
            if looked_elsewhere and self._may_be_carried(sighting, quad, len(here)):
                found = self._carried_on(sighting, guess, quad)
            else:
                found = self._fitted(sighting, after.view, guess, quad, shift)
                if found is not None:
                    found.track.root().evidence.add(found.look)
            stepped.append(None if found is None else replace(found, shift_px=shift, unlooked=unlooked))
        return stepped

    def _is_near(self, quad: Floats, slot: Slot) -> bool:
        return slot.look is not None and _distance_px(quad, slot.look) <= _NEAR_SHARE * self._window_px

    def _may_be_carried(self, sighting: Sighting, quad: Floats, points: int) -> bool:
        """Say whether a placement that nobody looks near need not be fitted to the picture now."""
        fitted_always = self._artworks[sighting.track.artwork].reference.changes and not self._only_looked_at
        return (
            not fitted_always
            and sighting.carried < (_CARRIED_BY_GAZE if self._only_looked_at else _CARRIED)
            and points >= _ENOUGH_FLOW
            and quad_problem(quad, min_side_px=self._limits.min_side_px) is None
        )

    def _carried_on(self, sighting: Sighting, homography: Floats, quad: Floats) -> Sighting | None:
        """Return a sighting moved, as it looked before; None where it does not reach the limits there."""
        pose, carried_for = sighting.pose, sighting.carried + 1
        if pose is None or self._only_looked_at:
            return replace(sighting, homography=homography, quad=quad, pose=None, carried=carried_for)
        targets = apply_homography(homography, pose.points)
        moved = Alignment(homography, pose.points, targets, pose.sigma_px / _SHARED_NOISE, sighting.light)
        found = self._sighting(sighting.track, moved, sighting.look)
        return None if found is None else replace(found, carried=carried_for)

    def _fitted(
        self, before: Sighting, view: View, guess: Floats, quad: Floats, shift_px: Floats
    ) -> Sighting | None:
        """Fit a placement to the picture where it should be; None where it is not seen there."""
        artwork = self._artworks[before.track.artwork]
        if quad_problem(quad, min_side_px=self._limits.min_side_px / 2) is not None:
            return None
        if np.hypot(*shift_px) > _FASTEST * np.mean(side_lengths(quad)[[0, 2]]):
            return None
        part = view.around(quad, _PART_MARGIN_PX)

        def fit(path_px: Floats) -> tuple[tuple[Alignment, Floats] | None, int]:
            found = align(part, artwork, guess, path_px=path_px, light=before.light)
            return (None, 0) if found is None else ((found, path_px), len(found.points))

        usable = int(inside(apply_homography(guess, artwork.points), self._mask).sum())
        usable = min(usable, ENOUGH_POINTS)
        best = self._shutter.best(shift_px, fit, usable // 2)
        if best is None:
            return None
        return self._sighting(before.track, best[0], None, part, best[1])

    def _sighting(
        self,
        track: Track,
        fit: Alignment,
        look: Appearance | None,
        view: Patch | None = None,
        path_px: Floats | None = None,
    ) -> Sighting | None:
        """Return the sighting if it reaches the limits."""
        artwork = self._artworks[track.artwork]
        width, height = artwork.size_px
        at = np.vstack([corners_px(width, height), [[(width - 1) / 2, (height - 1) / 2]]])
        sigma = _SHARED_NOISE * float(np.hypot(fit.residual_px, _NOISE_PX))
        rigid = None if self._matrix is None else rigid_fit(artwork, fit, self._matrix)
        pose = None if rigid is None else Pose(rigid, fit.points, sigma)
        if rigid is None or self._matrix is None:
            homography = fit.homography
            _, source = expected_errors_px(homography, fit.points, at, sigma_px=sigma)
        else:
            homography = rigid.homography
            source = rigid_errors_px(artwork, rigid, fit.points, at, self._matrix, sigma_px=sigma)
        quad = apply_homography(homography, corners_px(width, height))
        if quad_problem(quad, min_side_px=self._limits.min_side_px) is not None:
            return None
        share = float(np.max(source[:4]) / width)
        if not share <= self._limits.max_corner_error_share:
            return None
        if look is None:
            assert view is not None
            look = appearance(view, artwork, homography, path_px, fit.light)
            if look.cells < self._limits.min_cells or look.confidence < self._limits.min_confidence:
                return None
        return Sighting(
            track, homography, quad, look, len(fit.points), float(source[4]), share, pose, light=fit.light
        )


def _is_promising(search: Search, known: Sequence[Sighting]) -> bool:
    """Say whether a picture was found, or some features of one lie where nothing is known."""
    if search.found:
        return True
    for one in search.loose:
        free = np.ones(len(one.seen), dtype=bool)
        for sighting in known if len(free) >= _PROMISING else ():
            free &= [_distance_px(sighting.quad, (x, y)) > 0 for x, y in one.seen.tolist()]
        if np.count_nonzero(free) >= _PROMISING:
            return True
    return False


def _distance_px(quad: Floats, point: tuple[float, float]) -> float:
    """Return how far a point is from a quad; negative inside."""
    return -float(cv2.pointPolygonTest(quad.astype(np.float32), point, True))


def _without_rivals(sightings: list[Sighting]) -> list[Sighting]:
    """Keep the best-looking of sightings that claim the same place."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda s: -s.look.confidence):
        if all(overlap(sighting.quad, other.quad) <= SAME_PLACE for other in kept):
            kept.append(sighting)
    return kept
