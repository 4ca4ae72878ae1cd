"""What is seen of placements: tracks, sightings, and frames in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import side_lengths
from gazestudy.mapping.appearance import Appearance
from gazestudy.mapping.detection import Refused
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.lighting import Line
from gazestudy.mapping.rigid import RigidFit
from gazestudy.mapping.view import View

Floats = NDArray[np.float64]

SAME_PLACE = 0.3
"""Overlap (intersection over smaller area) from which two quads are one place."""

_FEW_FRAMES = 3.0  # sum of what they could tell
_LOOKS_RIGHT = 0.975  # share of the picture


@dataclass(slots=True, eq=False)
class Track:
    """One placement followed through neighbouring frames.

    Attributes
    ----------
    artwork : int
        Which artwork.
    copy : int
        Which of its copies in view, as numbered.
    evidence : Evidence
        Where the picture has looked right so far.
    joined : Track or None
        The track that this one has met: they follow the same print.
    shown_by, placed_by : Counter of Track
        Of a face whose picture is not known: which pictures it was seen with, and what places it, in how many
        frames each.
    """

    artwork: int
    copy: int = 0
    evidence: Evidence = field(default_factory=Evidence)
    joined: Track | None = None
    shown_by: Counter[Track] = field(default_factory=Counter)
    placed_by: Counter[Track] = field(default_factory=Counter)

    def root(self) -> Track:
        """Return the track that stands for all that have met."""
        track = self
        while track.joined is not None:
            track = track.joined
        return track

    def join(self, other: Track) -> None:
        """Join another track of the same print, whose number this one takes."""
        mine, its = self.root(), other.root()
        if mine is not its:
            its.evidence.merge(mine.evidence)
            mine.joined = its


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A fitted pose and what it rests on.

    Attributes
    ----------
    fit : RigidFit
        The pose.
    points : ndarray of float64, shape (n, 2)
        Points it was fitted to, art px.
    sigma_px : float
        Standard deviation of one coordinate of a fitted point, working px.
    """

    fit: RigidFit
    points: Floats
    sigma_px: float


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A track in one frame.

    Attributes
    ----------
    track : Track
        What was seen.
    homography : ndarray of float64, shape (3, 3)
        Art px to working px.
    quad : ndarray of float64, shape (4, 2)
        Its corners, working px.
    look : Appearance
        How well it looks like the artwork.
    inliers : int
        Points that agree.
    error_px : float
        Expected error at the centre, art px.
    corner_error_share : float
        Largest expected error of a corner as a share of the seen size.
    pose : Pose or None
        Its pose in space, where the lens is known.
    shift_px : ndarray of float64, shape (2,)
        How far it moved from the neighbouring frame it was followed from, working px.
    beside : str
        The placement it was placed by; empty where it was seen by itself.
    unlooked : int
        For how many frames, along the way it was followed, nobody has looked near it.
    carried : int
        For how many frames it was carried along with what moves, and not fitted to the picture.
    light : tuple of float or None
        Gain and offset from the brightness of the artwork to that in the frame; None where it is not known.
    """

    track: Track
    homography: Floats
    quad: Floats
    look: Appearance
    inliers: int
    error_px: float
    corner_error_share: float
    pose: Pose | None = None
    shift_px: Floats = field(default_factory=lambda: np.zeros(2))
    beside: str = ""
    unlooked: int = 0
    carried: int = 0
    light: Line | None = None


@dataclass(slots=True, eq=False)
class Slot:
    """A frame in memory: where somebody looks (working px), what was seen, faces without a known picture."""

    frame: int
    t_ns: int
    view: View
    look: tuple[float, float] | None = None
    sightings: list[Sighting] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unknown: list[Sighting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TrackingLimits:
    """What a sighting must reach to be kept while following (see `PlanarParameters`)."""

    min_confidence: float
    min_cells: int
    min_side_px: float
    max_corner_error_share: float


def overlap(a: Floats, b: Floats) -> float:
    """Return the intersection of two convex quads as a share of the smaller one."""
    first, second = a.astype(np.float32), b.astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(first, second)
    smaller = min(cv2.contourArea(first), cv2.contourArea(second))
    return float(shared / smaller) if smaller > 0 else 0.0


def is_surer(one: Sighting, other: Sighting, *, changes: bool) -> bool:
    """Say whether the first of two pictures at the same place is the one on show there.

    Parameters
    ----------
    one, other : Sighting
        Sightings of different pictures in one frame.
    changes : bool
        Whether either hangs on a face that changes.

    Returns
    -------
    bool
        In a blurred frame the next picture of a campaign may look better. So it counts first which of them
        looked right in the other frames, unless a face changes; then which looks better in this one.
    """
    if not changes:
        right, also_right = (_looks_right(s.track.root().evidence) for s in (one, other))
        if right != also_right:
            return right
    return one.look.confidence > other.look.confidence


def _looks_right(evidence: Evidence) -> bool:
    return evidence.amount >= _FEW_FRAMES and evidence.share >= _LOOKS_RIGHT


def shape_jump(before: Floats, now: Floats, after: Floats) -> float:
    """Return how much the sides of a quad differ from the mean of its neighbours in time, as a share.

    A shared shift, as a turn of the head makes it, does not count.
    """
    expected = (side_lengths(before) + side_lengths(after)) / 2
    return float(np.max(np.abs(side_lengths(now) - expected)) / max(float(expected.mean()), 1e-9))
