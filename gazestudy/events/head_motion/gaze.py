"""Gaze in the world: its speed and where it moves to, with the head's rotation undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gazestudy.events.head_motion.rotation import carry, separation_deg, turned_rad
from gazestudy.events.samples import HOLE_INTERVALS, Bools, Floats, Ints, Samples
from gazestudy.geometry.cameras import direction_to_deg

RAYLEIGH_MEDIAN = float(np.sqrt(2.0 * np.log(2.0)))
_MEDIAN_OF = 15
_MOST_BENDS = 20_000
_SECOND_DIFFERENCE = float(np.sqrt(6.0))  # standard deviation of x[-1] - 2 x[0] + x[1] for unit white noise


@dataclass(frozen=True, slots=True)
class GazeInWorld:
    """Directions of gaze and how far the head has turned at each sample.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Times.
    directions : ndarray of float64, shape (3, n)
        Unit vectors in the camera's frame, 0 where not usable.
    usable, measured, known : ndarray of bool, shape (n,)
        Has a direction; has one that was not filled in; the head's motion is known.
    turned : ndarray of float64, shape (3, n)
        Integral of the head's angular velocity, rad.
    head_speed : ndarray of float64, shape (n,)
        Speed of the head, deg/s, NaN where not known.
    segment, block : ndarray of int64, shape (n,)
        Stretches without hole or change of part; and without change of usability either.
    interval_ns : float
        Usual sampling interval.
    """

    t_ns: Ints
    directions: Floats
    usable: Bools
    measured: Bools
    known: Bools
    turned: Floats
    head_speed: Floats
    segment: Ints
    block: Ints
    interval_ns: float

    @classmethod
    def of(cls, samples: Samples, position: Floats, usable: Bools) -> GazeInWorld:
        """Return the gaze of samples.

        Parameters
        ----------
        samples : Samples
            The samples, with angles.
        position : ndarray of float64, shape (k, n)
            Their positions, gaps filled; unit vectors in rows 0-2.
        usable : ndarray of bool, shape (n,)
            Which have one.

        Returns
        -------
        GazeInWorld
            The gaze; without head motion it is gaze in the head.
        """
        n, hole_ns = len(usable), HOLE_INTERVALS * samples.interval_ns
        head = np.full((3, n), np.nan) if samples.head_deg_s is None else samples.head_deg_s
        breaks = (np.diff(samples.part) != 0) | (np.diff(samples.t_ns) > hole_ns)
        return cls(
            t_ns=samples.t_ns,
            directions=position[:3],
            usable=usable,
            measured=samples.measured,
            known=np.asarray(np.isfinite(head).all(axis=0)),
            turned=turned_rad(head, samples.t_ns, longest_step_ns=max(hole_ns, 100e6)),
            head_speed=np.sqrt(np.sum(head**2, axis=0)),
            segment=_numbered(breaks, n),
            block=_numbered(breaks | (usable[1:] != usable[:-1]), n),
            interval_ns=samples.interval_ns,
        )

    def by_segment(self, samples: Samples) -> Samples:
        """Return the samples with each segment as a part of its own."""
        return replace(samples, part=self.segment)

    def noise_deg(self) -> float:
        """Return the standard deviation of the noise of the measured directions, per axis; 0 for too few.

        Returns
        -------
        float
            deg. From the median length of second differences in the world, which looks at anything that
            moves evenly do not raise, nor do saccades as long as they fill less than half of the time. Noise
            that one sample shares with the next is not seen.
        """
        good = self.measured[2:] & self.measured[1:-1] & self.measured[:-2]
        good &= (self.block[2:] == self.block[:-2]) if len(good) else good
        middle = np.flatnonzero(good) + 1
        if len(middle) < 10:
            return 0.0
        middle = middle[:: max(len(middle) // _MOST_BENDS, 1)]
        before = self._carried(middle - 1, middle)
        after = self._carried(middle + 1, middle)
        bend = before + after - 2.0 * self.directions[:, middle]
        length = np.sqrt(np.sum(bend**2, axis=0))
        return float(np.degrees(np.median(length)) / (RAYLEIGH_MEDIAN * _SECOND_DIFFERENCE))

    def noise_speed(self, noise_deg: float, half: int, window: int) -> float:
        """Return the standard deviation per axis of the speed that noise of the positions makes, deg/s."""
        if self.interval_ns <= 0:
            return 0.0
        weight = np.zeros(window + 2 * half)
        weight[: 2 * half + 1] -= 1.0 / (2 * half + 1)
        weight[window - 1 :] += 1.0 / (2 * half + 1)
        return float(noise_deg * np.sqrt(np.sum(weight**2)) / ((window - 1) * self.interval_ns * 1e-9))

    def averaged(self, half: int) -> GazeInWorld:
        """Return gaze averaged over `half` samples to either side in the same block, in the world.

        Parameters
        ----------
        half : int
            Samples to either side; near the end of a block, the same number to both sides.

        Returns
        -------
        GazeInWorld
            Smoother gaze; filled samples count like measured ones.
        """
        from gazestudy.events.kernels import call, world

        smooth = call(world.averages, self.directions, self.turned, self.usable, self.block, half)
        return replace(self, directions=smooth)

    def speed(self, window: int) -> Floats:
        """Return the speed of gaze in the world, from the first to the last sample of the window around each.

        Parameters
        ----------
        window : int
            Samples in the window, odd.

        Returns
        -------
        ndarray of float64, shape (n,)
            deg/s; near the end of a block that of the nearest full window, NaN in blocks shorter than it.
        """
        from gazestudy.events.kernels import call, world

        where = (self.directions, self.turned, self.usable, self.block, self.t_ns)
        speed: Floats = call(world.speeds, *where, window)
        return speed

    def head_rms_deg_s(self, length_ns: float) -> Floats:
        """Return the root mean square of the head's speed around each sample, deg/s, NaN where not known."""
        n = len(self.usable)
        half = int(0.5 * length_ns / self.interval_ns) if self.interval_ns > 0 else 0
        square = np.concatenate(([0.0], np.cumsum(np.where(self.known, self.head_speed, 0.0) ** 2)))
        count = np.concatenate(([0], np.cumsum(self.known)))
        low = np.maximum(np.arange(n) - half, 0)
        high = np.minimum(np.arange(n) + half + 1, n)
        number = count[high] - count[low]
        # the running sum may go below zero by rounding
        mean = np.maximum(square[high] - square[low], 0.0) / np.where(number > 0, number, 1)
        return np.where(number > 0, np.sqrt(mean), np.nan)

    def usual(self, speed: Floats, length_ns: float) -> Floats:
        """Return the median of a speed over a time around each sample.

        Parameters
        ----------
        speed : ndarray of float64, shape (n,)
            Speeds, NaN where not known.
        length_ns : float
            The time; of the samples in it, about fifteen are looked at, none beyond the block.

        Returns
        -------
        ndarray of float64, shape (n,)
            How fast gaze moves when it does not jump: saccades fill less than half of the time; 0 where that
            is not known.
        """
        from gazestudy.events.kernels import adaptive, call

        n = len(self.usable)
        count = int(length_ns / self.interval_ns) if self.interval_ns > 0 else 0
        if count < 3 or n == 0:
            return np.zeros(n)
        step = max(count // _MEDIAN_OF, 1)
        starts = np.flatnonzero(np.diff(self.block, prepend=-1))
        ends = np.append(starts[1:], n) - 1
        lengths = ends - starts + 1
        where = (np.repeat(starts, lengths), np.repeat(ends, lengths))
        median: Floats = call(adaptive.local_median, speed, *where, count // 2, step, step)
        return np.nan_to_num(median)

    def moved_deg(self, one: tuple[Ints, Ints], other: tuple[Ints, Ints], end_ns: float) -> Floats:
        """Return how far gaze in the world moved from the end of each event to the start of another.

        Parameters
        ----------
        one, other : (ndarray of int64, ndarray of int64), shapes (m,)
            First and last samples of the events.
        end_ns : float
            The mean over so much time at an end says where it is.

        Returns
        -------
        ndarray of float64, shape (m,)
            deg; NaN where an end has no position.
        """
        left = self._ends(one[1], one[0], end_ns)
        right = self._ends(other[0], other[1], end_ns)
        return separation_deg(carry(left, self._turn(one[1], other[0])), right)

    def drift_deg_s(self, first: Ints, last: Ints, end_ns: float) -> Floats:
        """Return how fast gaze moved through the world from the start to the end of each event.

        Parameters
        ----------
        first, last : ndarray of int64, shape (m,)
            First and last samples.
        end_ns : float
            The mean over so much time at an end says where it is.

        Returns
        -------
        ndarray of float64, shape (m,)
            deg/s; NaN for events without positions or shorter than both ends.
        """
        left, right = self._ends(first, last, end_ns), self._ends(last, first, end_ns)
        moved = separation_deg(carry(left, self._turn(first, last)), right)
        # the means lie half an end inside the event
        seconds = (self.t_ns[last] - self.t_ns[first] - end_ns + self.interval_ns) * 1e-9
        return np.where(seconds > end_ns * 1e-9, moved / np.where(seconds > 0, seconds, 1.0), np.nan)

    def measures(self, first: Ints, last: Ints, saccade: Bools, end_ns: float) -> dict[str, Floats]:
        """Return what is known about the movement of each event in the world.

        Parameters
        ----------
        first, last : ndarray of int64, shape (m,)
            First and last samples.
        saccade : ndarray of bool, shape (m,)
            Events that are measured from the sample before to the sample after them.
        end_ns : float
            The mean over so much time at an end says where a look is.

        Returns
        -------
        dict of str to ndarray of float64, shape (m,)
            `amplitude_deg` and `direction_deg` (0 right, 90 up) from start to end in the world,
            `head_speed_deg_s` (mean), `drift_deg_s` (amplitude per time, of looks).
        """
        n = len(self.usable)
        before, after = np.maximum(first - 1, 0), np.minimum(last + 1, n - 1)
        start = np.where(saccade & (self.block[before] == self.block[first]), before, first)
        stop = np.where(saccade & (self.block[after] == self.block[last]), after, last)
        known = self.usable[start] & self.usable[stop]
        left, right = self._carried(start, stop), np.take(self.directions, stop, axis=1)
        amplitude = np.where(known, separation_deg(left, right), np.nan)
        from_deg, to_deg = direction_to_deg(left.T), direction_to_deg(right.T)
        across = (to_deg[:, 0] - from_deg[:, 0] + 180.0) % 360.0 - 180.0
        across *= np.cos(np.radians(to_deg[:, 1]))
        direction = np.degrees(np.arctan2(to_deg[:, 1] - from_deg[:, 1], across))
        count = np.add.reduceat(self.known, first, dtype=np.int64)
        head = np.add.reduceat(np.where(self.known, self.head_speed, 0.0), first)
        drift = self.drift_deg_s(first, last, end_ns)
        return {
            "amplitude_deg": amplitude,
            "direction_deg": np.where(known, direction, np.nan),
            "head_speed_deg_s": np.where(count > 0, head / np.maximum(count, 1), np.nan),
            "drift_deg_s": np.where(saccade, np.nan, drift),
        }

    def _ends(self, at: Ints, limit: Ints, end_ns: float) -> Floats:
        """Return the mean direction near sample `at`, towards `limit`, as seen with the head of `at`."""
        count = max(round(end_ns / self.interval_ns), 1) if self.interval_ns > 0 else 1
        way = np.where(limit >= at, 1, -1)
        rows = at + way * np.arange(count)[:, None]
        inside = self.usable[np.clip(rows, 0, len(self.usable) - 1)] & (way * (limit - rows) >= 0)
        near: Ints = np.asarray(np.where(inside, rows, at), dtype=np.int64)
        carried = self._carried(near.reshape(-1), np.tile(at, count))
        total = np.sum(carried.reshape(3, *near.shape) * inside, axis=1)
        length = np.sqrt(np.sum(total**2, axis=0))
        return np.where(length > 0, total / np.where(length > 0, length, 1.0), np.nan)

    def _turn(self, first: Ints, last: Ints) -> Floats:
        return np.take(self.turned, last, axis=1) - np.take(self.turned, first, axis=1)

    def _carried(self, first: Ints, last: Ints) -> Floats:
        """Return the directions of samples as they would be seen at other samples, were they at rest."""
        return carry(np.take(self.directions, first, axis=1), self._turn(first, last))


def _numbered(breaks: Bools, n: int) -> Ints:
    return np.concatenate(([0], np.cumsum(breaks))) if n else np.zeros(0, dtype=np.int64)
