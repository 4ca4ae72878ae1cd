"""One walk of one person: recorded tables, pictures on demand, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path as FilePath

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import deg_to_direction, direction_to_deg, direction_to_px
from gazestudy.model import Camera, Clock, Recording, RecordingMeta, Stream, categorical
from gazestudy.model.tables import FRAME_KINDS, FRAMES, GAZE, MARKERS, REASONS
from gazestudy.simulate.cameras import neon_camera
from gazestudy.simulate.imu import GYROSCOPE, Gyroscope, ImuAxes, record_imu
from gazestudy.simulate.looking import (
    KINDS,
    VISITOR,
    Habits,
    LineOfSight,
    Look,
    line_of_sight,
    plan_looks,
    random_holes,
    turn_head,
)
from gazestudy.simulate.motion import HeadMotion, plan_path
from gazestudy.simulate.render import Renderer, Shot
from gazestudy.simulate.station import Station
from gazestudy.simulate.surfaces import Floats, Image
from gazestudy.simulate.truth import Truth, make_truth

START_UNIX_NS = 1_790_000_000_000_000_000  # 21 September 2026, a Monday morning
_FILLER_STEP_NS = 50_000_000
_SUBEXPOSURE_PX = 1.6  # a sub-exposure for so much blur
_MOST_SUBEXPOSURES = 8


@dataclass(frozen=True, eq=False)
class Walk:
    """A simulated recording.

    Attributes
    ----------
    station : Station
        Where.
    camera : Camera
        Scene camera.
    head : HeadMotion
        Pose of the camera.
    looks : tuple of Look
        What was looked at.
    recording_tables : dict of str to DataFrame
        "gaze", "frames", "imu", "events" as in `gazestudy.model`.
    sight : LineOfSight
        True line of sight at each gaze sample, with the true event class (blinks and losses included).
    start_ns : int
        Clock time of station time 0.
    exposure_s : float
        Exposure time of a frame.
    seed : int
        Seed of the sensor noise.
    noise_levels : float
        Standard deviation of the sensor noise, grey levels.
    brightness : float
        Factor on every picture.
    """

    station: Station
    camera: Camera
    head: HeadMotion
    looks: tuple[Look, ...]
    recording_tables: dict[str, pd.DataFrame]
    sight: LineOfSight
    start_ns: int
    exposure_s: float
    seed: int
    noise_levels: float = 2.0
    brightness: float = 1.0
    _renderers: dict[bool, Renderer] = field(default_factory=dict, repr=False)

    @property
    def gaze(self) -> pd.DataFrame:
        """Recorded gaze."""
        return self.recording_tables["gaze"]

    @property
    def frame_table(self) -> pd.DataFrame:
        """Scene frames; `t_ns` is the middle of the exposure."""
        return self.recording_tables["frames"]

    def station_s(self, t_ns: np.ndarray) -> Floats:
        """Return station time, s, of clock times."""
        return np.asarray((np.asarray(t_ns, dtype=np.int64) - self.start_ns) / 1e9)

    def shot(self, frame: int) -> Shot:
        """Return pose, time, blur and brightness of one frame."""
        time = float(self.station_s(self.frame_table["t_ns"].to_numpy()[frame : frame + 1])[0])
        ends = time + self.exposure_s * np.array([-0.5, 0.5])
        _, around = self.head.pose_at(ends)
        angle = np.arccos(np.clip((np.trace(around[1] @ around[0].T) - 1) / 2, -1, 1))
        count = int(np.clip(np.ceil(angle * self.camera.fx_px / _SUBEXPOSURE_PX), 1, _MOST_SUBEXPOSURES))
        times = time + self.exposure_s * ((np.arange(count) + 0.5) / count - 0.5)
        position, rotation = self.head.pose_at(np.array([time]))
        _, turns = self.head.pose_at(times)
        gain = self.brightness * _brightness(time, position[0], self.seed)
        return Shot(time, position[0], rotation[0], turns, gain)

    def frame(self, index: int, *, luma: bool = False) -> Image:
        """Render one frame.

        Parameters
        ----------
        index : int
            Row of the frames table.
        luma : bool, optional
            Draw without colour, in half the time.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3) or (height, width)
            The picture, BGR or luma; the same for the same walk however often and in whatever order it is
            asked for.
        """
        if self.frame_table["kind"].iloc[index] != "real":
            size = (self.camera.height_px, self.camera.width_px)
            return np.full(size if luma else (*size, 3), 128, dtype=np.uint8)
        if luma not in self._renderers:
            renderer = Renderer(self.station, self.camera, noise_levels=self.noise_levels, luma=luma)
            self._renderers[luma] = renderer
        return self._renderers[luma].frame(self.shot(index), np.random.default_rng([self.seed, index]))

    def frames(self, start: int = 0, stop: int | None = None, *, luma: bool = False) -> Iterator[Image]:
        """Render frames `start` to `stop` (not included) one after the other.

        Parameters
        ----------
        start, stop : int, optional
            Rows of the frames table; all by default.
        luma : bool, optional
            Draw without colour, in half the time.

        Yields
        ------
        ndarray of uint8, shape (height, width, 3) or (height, width)
            The pictures, BGR or luma.
        """
        for index in range(start, len(self.frame_table) if stop is None else stop):
            yield self.frame(index, luma=luma)

    @cached_property
    def truth(self) -> Truth:
        """What really happened; computed when first asked for."""
        return make_truth(self)

    def recording(self, name: str = "walk", videos: tuple[FilePath, ...] = ()) -> Recording:
        """Return the walk as a recording in memory.

        Parameters
        ----------
        name : str, optional
            Its name.
        videos : tuple of Path, optional
            Where its scene video was written.

        Returns
        -------
        Recording
            With the streams gaze, frames, imu and events.
        """
        return Recording(
            RecordingMeta(name, "simulated", "simulate", 1, FilePath(name), start_unix_ns=self.start_ns),
            clock=Clock("unix_utc", 0, "simulated", int(self.frame_table["t_ns"].iloc[0])),
            camera=self.camera,
            videos=videos,
            loaders={key: partial(Stream, table) for key, table in self.recording_tables.items()},
        )


def simulate_walk(
    station: Station,
    *,
    rng: np.random.Generator,
    duration_s: float,
    fps_hz: float = 30.0,
    gaze_hz: float = 200.0,
    camera: Camera | None = None,
    habits: Habits = VISITOR,
    start_m: float = 0.0,
    start_ns: int = START_UNIX_NS,
    imu_axes: ImuAxes = "neon",
    gyroscope: Gyroscope = GYROSCOPE,
    filler_s: float = 0.0,
    exposure_ms: float = 9.0,
    brightness: float = 1.0,
    noise_levels: float = 2.0,
) -> Walk:
    """Walk somebody through the station with glasses on.

    Parameters
    ----------
    station : Station
        Where.
    rng : Generator
        Decides everything that is random; the same generator state gives the same walk.
    duration_s : float
        Length of the recording, s.
    fps_hz, gaze_hz : float, optional
        Rates of scene video and gaze.
    camera : Camera, optional
        Scene camera; `neon_camera()` by default.
    habits : Habits, optional
        How the person looks.
    start_m : float, optional
        Where on the round of about 104 m the walk begins (0: entrance; 30: platform hall).
    start_ns : int, optional
        Unix time of the start, ns.
    imu_axes : {"neon", "camera"}, optional
        Axes of the gyroscope: x right, y ahead, z up (Neon), or x right, y down, z ahead (Invisible).
    gyroscope : Gyroscope, optional
        Its errors.
    filler_s : float, optional
        The scene camera delivers so late; grey frames 50 ms apart stand in, as in Pupil Cloud's videos.
    exposure_ms : float, optional
        Exposure time, which decides the motion blur.
    brightness : float, optional
        Factor on every picture; a dark station with an exhausted automatic exposure has 0.3.
    noise_levels : float, optional
        Standard deviation of the sensor noise, grey levels.

    Returns
    -------
    Walk
        The recording and its truth.

    Raises
    ------
    ParameterError
        If a duration or rate is not positive.
    """
    for label, value in (("duration_s", duration_s), ("fps_hz", fps_hz), ("gaze_hz", gaze_hz)):
        if not value > 0:
            raise ParameterError(label, value, "a positive number")
    camera = camera or neon_camera()
    path = plan_path(rng, duration_s=duration_s, start_m=start_m, speed_m_s=habits.walking_m_s)
    looks = plan_looks(station, path, habits, rng, duration_s=duration_s)
    head = turn_head(station, path, looks, rng, quickness_rad_s=habits.head_rad_s)
    gaze, sight = _record_gaze(station, head, looks, habits, camera, rng, duration_s, gaze_hz, start_ns)
    tables = {
        "gaze": gaze,
        "frames": _frame_table(rng, duration_s, fps_hz, start_ns, filler_s),
        "imu": record_imu(
            head,
            *_sample_times(rng, duration_s, gyroscope.rate_hz, 0.0002, 0.05),
            rng=rng,
            start_ns=start_ns,
            axes=imu_axes,
            gyroscope=gyroscope,
        ),
        "events": MARKERS.check(
            pd.DataFrame(
                {
                    "t_ns": np.array([start_ns, start_ns + round(duration_s * 1e9)], dtype=np.int64),
                    "name": pd.Series(["recording.begin", "recording.end"], dtype="str"),
                    "source": pd.Series(["device", "device"], dtype="str"),
                }
            )
        ),
    }
    return Walk(
        station,
        camera,
        head,
        looks,
        tables,
        sight,
        start_ns,
        exposure_ms / 1000,
        int(rng.integers(2**31)),
        noise_levels,
        brightness,
    )


def _sample_times(
    rng: np.random.Generator, duration_s: float, rate_hz: float, jitter_s: float, first_s: float
) -> tuple[Floats, np.ndarray]:
    times = np.arange(first_s, duration_s, 1 / rate_hz)
    times = times + rng.uniform(-jitter_s, jitter_s, len(times))
    t_ns = np.round(times * 1e9).astype(np.int64)
    return t_ns / 1e9, t_ns


def _frame_table(
    rng: np.random.Generator, duration_s: float, fps_hz: float, start_ns: int, filler_s: float
) -> pd.DataFrame:
    fillers = np.arange(0, round(filler_s * 1e9), _FILLER_STEP_NS, dtype=np.int64)
    _, real = _sample_times(rng, duration_s, fps_hz, 0.0012, filler_s + 0.02)
    t_ns = np.concatenate([fillers, real]) + start_ns
    kind = ["filler"] * len(fillers) + ["real"] * len(real)
    table = {
        "t_ns": t_ns,
        "kind": categorical(kind, FRAME_KINDS),
        "part": np.zeros(len(t_ns), dtype=np.int64),
        "video": np.zeros(len(t_ns), dtype=np.int64),
        "index": np.arange(len(t_ns), dtype=np.int64),
    }
    return FRAMES.check(pd.DataFrame(table))


def _record_gaze(
    station: Station,
    head: HeadMotion,
    looks: tuple[Look, ...],
    habits: Habits,
    camera: Camera,
    rng: np.random.Generator,
    duration_s: float,
    gaze_hz: float,
    start_ns: int,
) -> tuple[pd.DataFrame, LineOfSight]:
    t_s, t_ns = _sample_times(rng, duration_s, gaze_hz, 0.0003, 0.1)
    sight = line_of_sight(station, head, looks, t_s, vor_gain=habits.vor_gain)
    _, rotations = head.pose_at(t_s)
    angles = direction_to_deg(np.einsum("nij,nj->ni", rotations, sight.directions))
    angles += np.array(habits.offset_deg) + rng.normal(0, habits.noise_deg, angles.shape)
    pixels = direction_to_px(deg_to_direction(angles), camera)
    reason = np.full(len(t_s), "ok", dtype=object)
    inside = (np.abs(pixels + 0.5) >= 0).all(axis=1)
    inside &= (pixels >= -0.5).all(axis=1)
    inside &= (pixels < np.array([camera.width_px, camera.height_px]) - 0.5).all(axis=1)
    inside &= (np.abs(angles[:, 0]) < 70) & (np.abs(angles[:, 1]) < 60)
    reason[~inside] = "out_of_image"
    kind = sight.kind.copy()
    holes = {"blink": (habits.blinks_per_min, 0.1, 0.3), "no_data": (habits.losses_per_min, 0.05, 0.4)}
    for why, (rate, shortest, longest) in holes.items():
        label = KINDS.index("blink" if why == "blink" else "loss")
        for start, stop in random_holes(
            rng, duration_s=duration_s, per_min=rate, shortest_s=shortest, longest_s=longest
        ):
            rows = (t_s >= start) & (t_s < stop)
            reason[rows], kind[rows] = why, label
    worn_until = duration_s - 0.25  # the glasses come off at the end
    reason[t_s >= worn_until], kind[t_s >= worn_until] = "not_worn", KINDS.index("loss")
    lost = reason == "no_data"
    pixels[lost], angles[lost] = np.nan, np.nan
    far = ~inside & ~lost  # a device does not report points far outside its picture
    pixels[far & ~np.isfinite(pixels).all(axis=1)] = np.nan
    table = pd.DataFrame(
        {
            "t_ns": t_ns + start_ns,
            "x_px": pixels[:, 0],
            "y_px": pixels[:, 1],
            "valid": reason == "ok",
            "reason": categorical(reason, REASONS),
            "confidence": np.where(reason == "ok", 1.0, np.where(lost, 0.0, 0.4)),
            "part": np.zeros(len(t_s), dtype=np.int64),
            "azimuth_deg": angles[:, 0],
            "elevation_deg": angles[:, 1],
        }
    )
    return GAZE.check(table), replace(sight, kind=kind)


def _brightness(t_s: float, camera_m: Floats, seed: int) -> float:
    """Return the gain of the automatic exposure: brighter in the corridor, drifting, never still."""
    phase = seed % 628 / 100
    room = 1.06 - 0.1 / (1 + np.exp(-(camera_m[2] - 30) / 1.5))
    drift = 0.07 * np.sin(2 * np.pi * t_s / 11 + phase) + 0.03 * np.sin(2 * np.pi * t_s / 2.7 + 2 * phase)
    return float(room * (1 + drift))
