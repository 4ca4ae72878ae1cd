"""Who sees what: rays to advertisements, and what stands in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy.simulate.crowd import PERSON_WIDTH_M, TOO_CLOSE_M, Person, figure
from gazestudy.simulate.interior import CORRIDOR
from gazestudy.simulate.station import Station
from gazestudy.simulate.surfaces import Floats, Surface, inside_outline

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FaceHits:
    """Which face each ray meets.

    Attributes
    ----------
    face : ndarray of int, shape (n,)
        Number of the face in the station, -1 for none.
    shares : ndarray of float, shape (n, 2)
        Where on it: shares of width and height, NaN for none.
    """

    face: NDArray[np.int64]
    shares: Floats


def hit_faces(
    station: Station, eyes_m: Floats, directions: Floats, t_s: Floats, *, people: bool = True
) -> FaceHits:
    """Find the advertisement that each ray meets first, if nothing hides it.

    Parameters
    ----------
    station : Station
        The station.
    eyes_m, directions : ndarray of float, shape (n, 3)
        Rays in world coordinates; directions of any length.
    t_s : ndarray of float, shape (n,)
        Station time of each ray.
    people : bool, optional
        False looks through people as if they were not there.

    Returns
    -------
    FaceHits
        Faces, distractors included.
    """
    count = len(eyes_m)
    nearest = np.full(count, np.inf)
    face, shares = np.full(count, -1, dtype=np.int64), np.full((count, 2), np.nan)
    for number, item in enumerate(station.faces):
        distance, where = _meet(station.surfaces[item.surface], eyes_m, directions)
        closer = (distance < nearest) & ((where >= 0) & (where <= 1)).all(axis=1)
        nearest[closer], face[closer], shares[closer] = distance[closer], number, where[closer]
    rows = np.flatnonzero(face >= 0)
    points = eyes_m[rows] + nearest[rows, None] * directions[rows]
    behind = rows[hidden(station, eyes_m[rows], points, t_s[rows], people=people)]
    face[behind], shares[behind] = -1, np.nan
    return FaceHits(face, shares)


def hidden(station: Station, eyes_m: Floats, points_m: Floats, t_s: Floats, *, people: bool = True) -> Flags:
    """Tell which points cannot be seen: behind a wall, a pillar, the escalator or a person.

    Parameters
    ----------
    station : Station
        The station.
    eyes_m, points_m : ndarray of float, shape (n, 3)
        From where to where; at one time there is one eye.
    t_s : ndarray of float, shape (n,)
        Station time, which decides where people are.
    people : bool, optional
        False looks through people.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where something stands between.
    """
    ways = points_m - eyes_m
    blocked = _walled_off(eyes_m, ways)
    for surface in station.surfaces:
        if surface.opaque:
            distance, where = _meet(surface, eyes_m, ways)
            rows = np.flatnonzero((distance < 0.995) & ((where >= 0) & (where <= 1)).all(axis=1) & ~blocked)
            blocked[rows] = inside_outline(where[rows], surface.outline)
    times, which = np.unique(t_s, return_inverse=True)
    for person in station.people if people else ():
        blocked |= _behind_person(person, eyes_m, ways, times, which)
    return blocked


def _meet(surface: Surface, eyes_m: Floats, ways: Floats) -> tuple[Floats, Floats]:
    """Return how many ways long it is to the front of a surface (inf: never) and the shares there."""
    normal = surface.normal
    speed = ways @ normal
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = ((surface.origin_m - eyes_m) @ normal) / speed
    facing = (speed < 0) & (distance > 0)
    distance = np.where(facing, distance, np.inf)
    points = eyes_m + np.where(facing, distance, 0.0)[:, None] * ways - surface.origin_m
    dual = np.linalg.pinv(np.column_stack([surface.along_m, surface.down_m]))
    return distance, points @ dual.T


def _walled_off(eyes_m: Floats, ways: Floats) -> Flags:
    """Tell which ways lead from one room to the other but not through the mouth of the corridor."""
    _, right, _, far, height = CORRIDOR
    here, there = eyes_m[:, 2] < far, eyes_m[:, 2] + ways[:, 2] < far
    crosses = here != there
    share = np.zeros(len(ways))
    share[crosses] = (far - eyes_m[crosses, 2]) / ways[crosses, 2]
    at = eyes_m + share[:, None] * ways
    return np.asarray(crosses & ((np.abs(at[:, 0]) > right) | (at[:, 1] < -height)))


def _behind_person(
    person: Person, eyes_m: Floats, ways: Floats, times: Floats, which: NDArray[np.int64]
) -> Flags:
    """Tell which ways a person crosses, upright and facing the eyes; `which` of `times` each is at."""
    blocked = np.zeros(len(ways), dtype=bool)
    if len(ways) == 0:
        return blocked
    first = np.zeros(len(times), dtype=np.int64)
    first[which[::-1]] = np.arange(len(which))[::-1]  # all ways of one time start at the same eye
    feet = person.position_m(times)
    aside, ahead = feet[:, 0] - eyes_m[first, 0], feet[:, 2] - eyes_m[first, 2]
    gap = np.hypot(aside, ahead)
    gap[gap < TOO_CLOSE_M] = np.inf  # not drawn either
    aside, ahead = aside / gap, ahead / gap
    reach = ways[:, 0] * aside[which] + ways[:, 2] * ahead[which]
    rows = np.flatnonzero(reach > gap[which])
    time = which[rows]
    at = eyes_m[rows] + (gap[time] / reach[rows])[:, None] * ways[rows] - feet[time]
    across = (at[:, 0] * ahead[time] - at[:, 2] * aside[time]) / PERSON_WIDTH_M + 0.5
    down = (at[:, 1] + person.height_m + person.lift_m(times)[time]) / person.height_m
    near = (np.abs(across - 0.5) < 0.6) & (down >= 0) & (down <= 1)
    rows, time, where = rows[near], time[near], np.column_stack([across, down])[near]
    for number in np.unique(time):
        of_time = time == number
        outline = figure(stride=person.stride(float(times[number])))
        blocked[rows[of_time]] = inside_outline(where[of_time], outline)
    return blocked
