"""What a passer-by looks at: fixations in the world, saccades and pursuit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazestudy.simulate.motion import HEAD_RAD_S, STEP_S, HeadMotion, Path, follow
from gazestudy.simulate.sight import hidden, hit_faces
from gazestudy.simulate.station import Station
from gazestudy.simulate.surfaces import Floats

KINDS = ("fixation", "saccade", "pursuit", "blink", "loss")
_AHEAD_S = 0.25  # how far ahead the eyes foresee where somebody walks


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody looks, and how well the glasses see it.

    Attributes
    ----------
    placement_share : float
        Share of looking bouts that go to advertisements while one is in sight.
    person_share : float
        Share that follow people.
    fixation_ms : float
        Median duration of a fixation.
    walking_m_s : float
        Walking speed.
    vor_gain : float
        Share of the head's turning that the eyes take back (1: all).
    offset_deg : (float, float)
        Constant error of the recorded gaze, right and up.
    noise_deg : float
        Standard deviation of the recorded gaze about the true one, per axis.
    blinks_per_min : float
        Blink rate.
    losses_per_min : float
        Rate of holes of 50 to 400 ms without data.
    glance_share : float
        Share of looking bouts that are glances far to one side and then to the other.
    head_rad_s : float
        How quickly the head follows: a turn of 60 deg peaks at 22 deg/s times this number.
    before_share : float
        Share of looking bouts that follow somebody who stands or walks before an advertisement.
    """

    placement_share: float = 0.45
    person_share: float = 0.12
    fixation_ms: float = 240.0
    walking_m_s: float = 1.2
    vor_gain: float = 0.97
    offset_deg: tuple[float, float] = (0.35, -0.25)
    noise_deg: float = 0.12
    blinks_per_min: float = 12.0
    losses_per_min: float = 4.0
    glance_share: float = 0.0
    head_rad_s: float = HEAD_RAD_S
    before_share: float = 0.0


REGULAR = Habits(placement_share=0.3, fixation_ms=220.0, walking_m_s=1.35)
"""A commuter who passes every day and hardly looks."""
VISITOR = Habits(placement_share=0.6, fixation_ms=260.0, walking_m_s=1.1)
"""Somebody who is here for the first time."""


@dataclass(frozen=True, slots=True)
class Look:
    """One fixation or pursuit.

    Attributes
    ----------
    onset_s, offset_s : float
        From when to when.
    point_m : tuple of float
        The point in the world; for a pursuit, relative to the person's feet.
    person : int
        Whom the eyes follow, -1 for a fixed point.
    face : int
        The advertisement that is meant, -1 for none.
    """

    onset_s: float
    offset_s: float
    point_m: tuple[float, float, float]
    person: int = -1
    face: int = -1

    def target_m(self, station: Station, t_s: Floats) -> Floats:
        """Return the point that is looked at, at each time, shape (n, 3)."""
        point = np.broadcast_to(np.array(self.point_m), (len(t_s), 3))
        return point if self.person < 0 else point + station.people[self.person].position_m(t_s)


def plan_looks(
    station: Station, path: Path, habits: Habits, rng: np.random.Generator, *, duration_s: float
) -> tuple[Look, ...]:
    """Decide what is looked at, one bout after the other.

    Parameters
    ----------
    station : Station
        The station.
    path : Path
        The walk.
    habits : Habits
        How the person looks.
    rng : Generator
        Decides.
    duration_s : float
        Until when, s.

    Returns
    -------
    tuple of Look
        In order; between two of them lies a saccade whose duration follows from its size:
        21 ms + 2.2 ms per degree (main sequence, Carpenter 1988).
    """
    looks: list[Look] = []
    time = -0.6
    while time < duration_s + 0.4:
        for point, person, face in _bout(station, path, habits, rng, time):
            median = habits.fixation_ms / 1000 * (2.5 if person >= 0 else 1.0)
            length = float(np.clip(median * np.exp(0.42 * rng.standard_normal()), 0.09, 1.6))
            if looks:
                time += _saccade_s(station, path, looks[-1], Look(0, 0, point, person), time)
            looks.append(Look(time, time + length, point, person, face))
            time += length
    return tuple(looks)


def _saccade_s(station: Station, path: Path, before: Look, after: Look, time: float) -> float:
    now = np.array([time])
    eye = path.eyes_at(now)
    first = before.target_m(station, now) - eye
    second = after.target_m(station, now) - eye
    cosine = float((first @ second.T).item() / (np.linalg.norm(first) * np.linalg.norm(second)))
    angle = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return float(np.ceil((0.021 + 0.0022 * angle) / STEP_S) * STEP_S)


_Aim = tuple[tuple[float, float, float], int, int]


def _bout(station: Station, path: Path, habits: Habits, rng: np.random.Generator, time: float) -> list[_Aim]:
    """Choose what to look at next: an advertisement, somebody, or the way."""
    choice = rng.random()
    eye, heading = path.eyes_at(np.array([time]))[0], path.heading_at(time)
    if choice < habits.placement_share:
        face = _choose_face(station, eye, heading, rng, time)
        if face >= 0:
            return [(_spot_on(station, face, rng, time), -1, face) for _ in range(rng.integers(2, 7))]
    elif choice < habits.placement_share + habits.person_share:
        person = _choose_person(station, eye, heading, rng, time)
        if person >= 0:
            return [((0.0, -0.9 * station.people[person].height_m, 0.0), person, -1)]
    elif choice < habits.placement_share + habits.person_share + habits.glance_share:
        side = rng.choice([-1.0, 1.0])
        return [_away(eye, heading + turn * side, rng) for turn in (1.2, -1.2)]
    elif choice >= 1.0 - habits.before_share:
        soon = time + _AHEAD_S
        aim = _choose_before(station, path.eyes_at(np.array([soon]))[0], heading, rng, soon)
        if aim is not None:
            return [aim]
    aims: list[_Aim] = []
    for _ in range(rng.integers(1, 4)):
        bearing, distance = heading + np.radians(rng.normal(0, 11)), rng.uniform(4, 11)
        height = -rng.uniform(0.2, 2.2)
        point = (
            float(eye[0] + distance * np.sin(bearing)),
            float(height),
            float(eye[2] + distance * np.cos(bearing)),
        )
        aims.append((point, -1, -1))
    return aims


def _away(eye: Floats, bearing: float, rng: np.random.Generator) -> _Aim:
    """Return a point three metres away in a direction, at the height of a poster."""
    point = eye + 3.0 * np.array([np.sin(bearing), 0.0, np.cos(bearing)])
    return (float(point[0]), float(-rng.uniform(1.2, 2.0)), float(point[2])), -1, -1


def _bearing(vectors: Floats, heading: float) -> Floats:
    angle = np.arctan2(vectors[:, 0], vectors[:, 2]) - heading
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


def _choose_face(station: Station, eye: Floats, heading: float, rng: np.random.Generator, time: float) -> int:
    surfaces = [station.surfaces[face.surface] for face in station.faces]
    middles = np.array([surface.point_m(np.array([[0.5, 0.5]]))[0] for surface in surfaces])
    ways = middles - eye
    distance = np.linalg.norm(ways, axis=1)
    slant = -np.einsum("ij,ij->i", ways, [surface.normal for surface in surfaces]) / distance
    width = np.array([np.linalg.norm(surface.along_m) for surface in surfaces])
    size = np.degrees(np.arctan2(width * slant, distance))
    seen = (np.abs(_bearing(ways, heading)) < np.radians(50)) & (slant > 0.17) & (distance < 13) & (size > 2)
    eyes = np.broadcast_to(eye, ways.shape)
    seen &= ~hidden(station, eyes, middles, np.full(len(ways), time))
    if not seen.any():
        return -1
    weight = np.where(seen, np.sqrt(np.maximum(size, 0)), 0.0)
    return int(rng.choice(len(weight), p=weight / weight.sum()))


def _spot_on(
    station: Station, face: int, rng: np.random.Generator, time: float
) -> tuple[float, float, float]:
    item = station.faces[face]
    surface = station.surfaces[item.surface]
    spots = station.hot_spots[item.creative_ids[surface.on_show(time)]]
    spot = spots[rng.choice(len(spots), p=spots[:, 2] / spots[:, 2].sum())]
    shares = np.clip(spot[:2] + rng.normal(0, 0.07, 2), 0.06, 0.94)
    x, y, z = surface.point_m(shares[None])[0]
    return float(x), float(y), float(z)


def _choose_person(
    station: Station, eye: Floats, heading: float, rng: np.random.Generator, time: float
) -> int:
    feet = np.array([person.position_m(np.array([time]))[0] for person in station.people]).reshape(-1, 3)
    ways = feet - eye
    distance = np.hypot(ways[:, 0], ways[:, 2])
    seen = (np.abs(_bearing(ways, heading)) < np.radians(30)) & (distance > 2.5) & (distance < 12)
    return int(rng.choice(np.flatnonzero(seen))) if seen.any() else -1


def _seen_well(station: Station, eye: Floats) -> NDArray[np.bool_]:
    """Say which advertisements of the study are near and not too oblique."""
    surfaces = [station.surfaces[face.surface] for face in station.faces]
    ways = np.array([surface.point_m(np.array([[0.5, 0.5]]))[0] for surface in surfaces]) - eye
    distance = np.linalg.norm(ways, axis=1)
    slant = -np.einsum("ij,ij->i", ways, [surface.normal for surface in surfaces]) / distance
    in_study = np.array([face.in_study for face in station.faces])
    return np.asarray(in_study & (distance < 7) & (slant > 0.3))


def _choose_before(
    station: Station, eye: Floats, heading: float, rng: np.random.Generator, time: float
) -> _Aim | None:
    """Return a spot on head, trunk or thighs of somebody whom the eye sees before an advertisement."""
    feet = np.array([person.position_m(np.array([time]))[0] for person in station.people]).reshape(-1, 3)
    spots = np.zeros_like(feet)
    spots[:, 1] = -rng.uniform(0.45, 0.95, len(feet)) * [person.height_m for person in station.people]
    ways = feet + spots - eye
    distance = np.hypot(ways[:, 0], ways[:, 2])
    near = (np.abs(_bearing(ways, heading)) < np.radians(50)) & (distance > 1.2) & (distance < 9)
    rows = np.flatnonzero(near)
    eyes, times = np.broadcast_to(eye, (len(rows), 3)), np.full(len(rows), time)
    met = hit_faces(station, eyes, ways[rows], times, people=False).face
    seen = _seen_well(station, eye)
    rows = rows[[face >= 0 and bool(seen[face]) for face in met]]
    if len(rows) == 0:
        return None
    person = int(rng.choice(rows))
    return (0.0, float(spots[person, 1]), 0.0), person, -1


def turn_head(
    station: Station,
    path: Path,
    looks: tuple[Look, ...],
    rng: np.random.Generator,
    *,
    quickness_rad_s: float = HEAD_RAD_S,
) -> HeadMotion:
    """Turn the head three quarters of the way to what is looked at (yaw) and half of it (pitch).

    Parameters
    ----------
    station : Station
        The station.
    path : Path
        The walk.
    looks : tuple of Look
        What is looked at.
    rng : Generator
        Decides the phases of the head's movements.
    quickness_rad_s : float, optional
        How quickly it follows.

    Returns
    -------
    HeadMotion
        The head.
    """
    aims = np.zeros((len(path.t_s), 2))
    starts = np.searchsorted(path.t_s, [look.onset_s for look in looks])
    stops = np.append(starts[1:], len(path.t_s))
    for look, start, stop in zip(looks, starts, stops, strict=True):
        rows = slice(start, stop)
        ways = look.target_m(station, path.t_s[rows]) - path.eyes_m[rows]
        aims[rows, 0] = 0.75 * np.clip(_wrapped(ways, path.heading_rad[rows]), -1.3, 1.3)
        aims[rows, 1] = 0.5 * np.arctan2(-ways[:, 1], np.hypot(ways[:, 0], ways[:, 2])) - np.radians(3.0)
    return follow(path, aims, rng, quickness_rad_s=quickness_rad_s)


def _wrapped(ways: Floats, heading: Floats) -> Floats:
    angle = np.arctan2(ways[:, 0], ways[:, 2]) - heading
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class LineOfSight:
    """Where the eyes point at each sample.

    Attributes
    ----------
    directions : ndarray of float, shape (n, 3)
        Unit vectors in the world.
    kind : ndarray of int, shape (n,)
        Index into `KINDS`: fixation, saccade or pursuit (blinks and losses come later).
    look : ndarray of int, shape (n,)
        The look that goes on, or the one that the saccade leads to.
    """

    directions: Floats
    kind: NDArray[np.int64]
    look: NDArray[np.int64]


def line_of_sight(
    station: Station, head: HeadMotion, looks: tuple[Look, ...], t_s: Floats, *, vor_gain: float
) -> LineOfSight:
    """Return where the eyes point: at a target in the world, or on the way to the next.

    Parameters
    ----------
    station : Station
        The station.
    head : HeadMotion
        The head.
    looks : tuple of Look
        What is looked at.
    t_s : ndarray of float, shape (n,)
        Sample times.
    vor_gain : float
        While a target is held the eyes turn against the head by this share of its turning; the rest makes
        the gaze slip off the target.

    Returns
    -------
    LineOfSight
        Directions and true event classes. A saccade follows a minimum-jerk course (Flash and Hogan 1985)
        on the great circle between what was left and what comes.
    """
    onsets = np.array([look.onset_s for look in looks])
    offsets = np.array([look.offset_s for look in looks])
    number = np.clip(np.searchsorted(onsets, t_s, side="right") - 1, 0, len(looks) - 2)
    in_flight = t_s >= offsets[number]
    directions = np.empty((len(t_s), 3))
    kind = np.full(len(t_s), KINDS.index("fixation"), dtype=np.int64)
    for current in np.unique(number):
        rows = np.flatnonzero((number == current) & ~in_flight)
        directions[rows] = _held(station, head, looks[current], t_s[rows], vor_gain)
        if looks[current].person >= 0:
            kind[rows] = KINDS.index("pursuit")
        rows = np.flatnonzero((number == current) & in_flight)
        if len(rows):
            start = _held(station, head, looks[current], offsets[current : current + 1], vor_gain)[0]
            stop = _held(station, head, looks[current + 1], onsets[current + 1 : current + 2], vor_gain)[0]
            share = (t_s[rows] - offsets[current]) / (onsets[current + 1] - offsets[current])
            directions[rows] = _flight(start, stop, share)
    kind[in_flight] = KINDS.index("saccade")
    return LineOfSight(directions, kind, number + in_flight)


def _held(station: Station, head: HeadMotion, look: Look, t_s: Floats, vor_gain: float) -> Floats:
    """Return the direction to the target plus the slip that incomplete compensation leaves."""
    ways = look.target_m(station, t_s) - head.path.eyes_at(t_s)
    yaw = np.arctan2(ways[:, 0], ways[:, 2])
    pitch = np.arctan2(-ways[:, 1], np.hypot(ways[:, 0], ways[:, 2]))
    slip = 1 - vor_gain
    yaw += slip * _turned(head.path.t_s, head.yaw_rad, look.onset_s, t_s)
    pitch += slip * _turned(head.path.t_s, head.pitch_rad, look.onset_s, t_s)
    return np.column_stack([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)])


def _turned(grid_s: Floats, angle: Floats, onset_s: float, t_s: Floats) -> Floats:
    """Return how far the head has turned since the onset."""
    return np.asarray(np.interp(t_s, grid_s, angle) - np.interp(onset_s, grid_s, angle))


def _flight(start: Floats, stop: Floats, share: Floats) -> Floats:
    angle = float(np.arccos(np.clip(start @ stop, -1, 1)))
    course = 10 * share**3 - 15 * share**4 + 6 * share**5
    if angle < 1e-6:
        return np.broadcast_to(start, (len(share), 3)).copy()
    weights = np.sin((1 - course) * angle)[:, None], np.sin(course * angle)[:, None]
    return np.asarray((weights[0] * start + weights[1] * stop) / np.sin(angle))


def random_holes(
    rng: np.random.Generator, *, duration_s: float, per_min: float, shortest_s: float, longest_s: float
) -> Floats:
    """Return start and end of holes at random times, s, shape (n, 2); they do not overlap."""
    holes = []
    time = rng.exponential(60 / per_min) if per_min > 0 else np.inf
    while time < duration_s:
        length = rng.uniform(shortest_s, longest_s)
        holes.append((time, time + length))
        time += length + 0.3 + rng.exponential(60 / per_min)
    return np.array(holes).reshape(-1, 2)
