"""Following located placements from frame to frame, forwards and backwards, within a bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import (
    apply_homography,
    corners_px,
    expected_errors_px,
    quad_problem,
    scaling,
    side_lengths,
)
from gazestudy.mapping.alignment import Alignment, align, carried, flow, inside
from gazestudy.mapping.appearance import Appearance, appearance
from gazestudy.mapping.blur import Shutter
from gazestudy.mapping.detection import Detector, Refused
from gazestudy.mapping.references import Artwork, resized
from gazestudy.mapping.rigid import rigid_errors_px, rigid_fit
from gazestudy.mapping.sightings import SAME_PLACE, Pose, Sighting, Slot, Track, TrackingLimits, overlap
from gazestudy.mapping.view import WorkingView
from gazestudy.mapping.walls import Walls

_FASTEST = 0.6  # widths of the placement from frame to frame; faster, blur makes small pictures look wider

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

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
        Finds placements on key frames.
    limits : TrackingLimits
        What a sighting must reach.
    keyframe_interval : int
        Frames from one search to the next.
    gaze_interval : int
        The same for searches around gaze.
    shrink : float
        How much smaller the whole view is searched.
    window_px : int
        Side of the window around gaze, which is searched at full size.
    memory : int
        Frames kept in memory: how far back a placement is followed.
    """

    def __init__(
        self,
        artworks: Sequence[Artwork],
        view: WorkingView,
        detector: Detector,
        limits: TrackingLimits,
        *,
        keyframe_interval: int,
        gaze_interval: int,
        shrink: float,
        window_px: int,
        memory: int,
    ) -> None:
        self._artworks, self._detector, self._limits = artworks, detector, limits
        self._mask, self._matrix = view.mask, view.camera_matrix
        self._interval, self._memory = keyframe_interval, memory
        self._gaze_interval, self._shrink, self._window_px = gaze_interval, shrink, window_px
        self._walls = None if self._matrix is None else Walls(artworks, view.mask, self._matrix, limits)
        self._shutter = Shutter()
        self._slots: deque[Slot] = deque()
        self._count = 0
        self.keyframes = 0
        self.windows = 0
        self.detections = 0

    def push(self, frame: int, t_ns: int, view: Bytes, gaze_px: Floats | None = None) -> Iterator[Slot]:
        """Take the next frame, with the gaze in it (working px); give back the frames that leave memory."""
        half = view.shape[1] // 2, view.shape[0] // 2
        slot = Slot(frame, t_ns, view, resized(view, half))
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
        if self._count % self._interval == 0:
            self._search(slot, None)
        if gaze_px is not None and self._count % self._gaze_interval == 0:
            window = self._window(slot, gaze_px)
            if window is not None:
                self._search(slot, window)
        self._count += 1
        while len(self._slots) > self._memory:
            yield self._finished(self._slots.popleft())

    def flush(self) -> Iterator[Slot]:
        """Give back the frames still in memory."""
        while self._slots:
            yield self._finished(self._slots.popleft())

    def _finished(self, slot: Slot) -> Slot:
        if self._walls is not None:
            self._walls.place(slot)
        return slot

    def _window(self, slot: Slot, gaze_px: Floats) -> tuple[slice, slice] | None:
        """Return the part of the view around gaze, None where a placement is seen there already."""
        good = gaze_px[inside(gaze_px, self._mask)]
        if len(good) == 0:
            return None
        x, y = np.median(good, axis=0).tolist()
        for sighting in slot.sightings:
            if cv2.pointPolygonTest(sighting.quad.astype(np.float32), (x, y), False) >= 0:
                return None
        height, width = slot.view.shape
        half = self._window_px // 2
        return (
            slice(max(0, int(y) - half), min(height, int(y) + half)),
            slice(max(0, int(x) - half), min(width, int(x) + half)),
        )

    def _search(self, slot: Slot, window: tuple[slice, slice] | None) -> None:
        if window is None:
            search = self._detector.search(slot.view, shrink=self._shrink)
            self.keyframes += 1
        else:
            search = self._detector.search(slot.view, window=window)
            self.windows += 1
        slot.refused += search.refused
        fresh = []
        for candidate in search.found:
            sighting = self._sighting(Track(candidate.artwork), candidate.alignment, candidate.look)
            if sighting is None:
                continue
            rivals = [s for s in slot.sightings if overlap(s.quad, sighting.quad) > SAME_PLACE]
            if any(s.track.artwork == candidate.artwork for s in rivals):
                continue  # known already
            if any(s.look.confidence >= sighting.look.confidence for s in rivals):
                continue
            slot.sightings = [s for s in slot.sightings if s not in rivals] + [sighting]
            sighting.track.copy = self._free_copy(slot, sighting)
            fresh.append(sighting)
        self.detections += len(fresh)
        if self._walls is not None:
            self._walls.learn(slot, search.loose, self._slots)
        self._back(fresh)

    def _free_copy(self, slot: Slot, sighting: Sighting) -> int:
        placement = self._placement(sighting)
        taken = {
            s.track.copy for s in slot.sightings if s is not sighting and self._placement(s) == placement
        }
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def _placement(self, sighting: Sighting) -> str:
        return self._artworks[sighting.track.artwork].reference.placement_id

    def _back(self, fresh: list[Sighting]) -> None:
        """Follow newly found placements back until they are lost or meet themselves."""
        for index in range(len(self._slots) - 2, -1, -1):
            if not fresh:
                return
            slot, after = self._slots[index], self._slots[index + 1]
            fresh = [s for s in self._step(fresh, after, slot) if s is not None]
            fresh = [s for s in fresh if self._entered(slot, s)]

    def _entered(self, slot: Slot, sighting: Sighting) -> bool:
        """Enter a sighting into an earlier frame; False where its track ends."""
        rivals = [s for s in slot.sightings if overlap(s.quad, sighting.quad) > SAME_PLACE]
        for rival in rivals:
            if rival.track.artwork == sighting.track.artwork:
                sighting.track.copy = rival.track.copy  # the same print: one number along the way
                return False
        if any(rival.look.confidence >= sighting.look.confidence for rival in rivals):
            return False
        slot.sightings = [s for s in slot.sightings if s not in rivals] + [sighting]
        return True

    def _step(self, sightings: Sequence[Sighting], before: Slot, after: Slot) -> list[Sighting | None]:
        """Carry sightings into a neighbouring frame; None where lost."""
        if not sightings:
            return []
        points = [apply_homography(s.homography, self._artworks[s.track.artwork].points) for s in sightings]
        points = [p[inside(p, self._mask)] for p in points]
        scale = scaling(after.view.shape[::-1], after.small.shape[::-1])
        small = np.concatenate(points) * scale[[0, 1], [0, 1]] + scale[:2, 2]
        counts = [len(p) for p in points]
        expected = np.repeat([s.shift_px for s in sightings], counts, axis=0) * scale[[0, 1], [0, 1]]
        moved, good = flow(before.small, after.small, small, expected)
        moved = (moved - scale[:2, 2]) / scale[[0, 1], [0, 1]]
        stepped: list[Sighting | None] = []
        for sighting, start, end in zip(sightings, points, np.cumsum(counts), strict=True):
            part = slice(end - len(start), end)
            here, there = start[good[part]], moved[part][good[part]]
            guess = carried(sighting.homography, here, there)
            shift = np.median(there - here, axis=0) if len(here) else sighting.shift_px
            stepped.append(self._fitted(sighting.track, after.view, guess, shift))
        return stepped

    def _fitted(self, track: Track, view: Bytes, guess: Floats, shift_px: Floats) -> Sighting | None:
        artwork = self._artworks[track.artwork]
        quad = apply_homography(guess, corners_px(*artwork.size_px))
        if quad_problem(quad, min_side_px=self._limits.min_side_px / 2) is not None:
            return None
        if np.hypot(*shift_px) > _FASTEST * np.mean(side_lengths(quad)[[0, 2]]):
            return None

        def fit(path_px: Floats) -> tuple[tuple[Alignment, Floats] | None, int]:
            found = align(view, self._mask, artwork, guess, path_px=path_px)
            return (None, 0) if found is None else ((found, path_px), len(found.points))

        usable = int(inside(apply_homography(guess, artwork.points), self._mask).sum())
        best = self._shutter.best(shift_px, fit, usable // 2)
        if best is None:
            return None
        sighting = self._sighting(track, best[0], None, view, best[1])
        return None if sighting is None else replace(sighting, shift_px=shift_px)

    def _sighting(
        self,
        track: Track,
        fit: Alignment,
        look: Appearance | None,
        view: Bytes | None = None,
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
            _, source = rigid_errors_px(artwork, rigid, fit.points, at, self._matrix, sigma_px=sigma)
        quad = apply_homography(homography, corners_px(width, height))
        if quad_problem(quad, min_side_px=self._limits.min_side_px) is not None:
            return None
        share = float(np.max(source[:4]) / width)
        if not share <= self._limits.max_corner_error_share:
            return None
        if look is None:
            assert view is not None
            look = appearance(view, self._mask, artwork, homography, path_px)
            if look.cells < self._limits.min_cells or look.confidence < self._limits.min_confidence:
                return None
        track.evidence.add(look)
        return Sighting(track, homography, quad, look, len(fit.points), float(source[4]), share, pose)


def _without_rivals(sightings: list[Sighting]) -> list[Sighting]:
    """Keep the best-looking of sightings that claim the same place."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda s: -s.look.confidence):
        if all(overlap(sighting.quad, other.quad) <= SAME_PLACE for other in kept):
            kept.append(sighting)
    return kept
