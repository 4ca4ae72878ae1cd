"""The scene camera of a Pupil Core recording: videos, times of their frames, calibration.

Times come from `world_timestamps.npy` (and `world_001_timestamps.npy` ... of further parts), one per encoded
picture; those in the containers are not real. `world_lookup.npy`, which Player writes, says the same and
fills pauses of the camera with virtual frames: those are frames of kind "gap".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import camera_from_json
from gazestudy.importers.recordings.pupil.core_pldata import (
    BROKEN,
    Ints,
    read_npy,
    seconds_to_ns,
    unpacked,
    usable_seconds,
)
from gazestudy.importers.scene_frames import NO_CAMERA, paired_frames, usable_videos, with_holes
from gazestudy.importers.sources import FolderSource, Source
from gazestudy.importers.streams import frame_table, gap_findings, in_time_order
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Camera, Finding, Stream
from gazestudy.model.camera import CameraModel

INTRINSICS = "world.intrinsics"
LOOKUP = "world_lookup.npy"

_VIDEO = re.compile(r"(world(?:_\d+)?)\.(mp4|mkv|avi|mov|mjpeg|h264)", re.IGNORECASE)
_TIMES = re.compile(r"(world(?:_\d+)?)_timestamps\.npy", re.IGNORECASE)
_PICK = ("mp4", "mkv", "avi", "mov", "mjpeg", "h264")
_RADIAL: dict[int, CameraModel] = {0: "none", 4: "opencv4", 5: "opencv5", 8: "opencv8"}
_SAME_NS = 1_000
_LARGEST_SIDE_PX = 20_000
# Focal lengths that Pupil Capture ships for its cameras; nobody measures the same to the last digit.
_SHIPPED_FX_PX = (
    406.74054872359386,
    509.1810293948491,
    766.2927454396544,
    773.1676910077922,
    794.3311439869655,
    829.3510515270362,
    843.364676204713,
    1000.0,
    1120.4309938089518,
)


@dataclass
class World:
    """Scene video, frame times and camera, as far as a recording has them.

    Attributes
    ----------
    source : Source or None
        The recording folder, None for an export that lies alone.
    video : Path or None
        A scene video that the user gave instead of those in the folder.
    calibration : Path or None
        A calibration that the user gave.
    start_ns : int or None
        Start of the recording on its clock, to place frames without times.
    size_px : tuple of int or None
        Size of the image where something else says it; replaced by what the video says.
    notes : list of Finding
        What was found; shared with whoever asks.
    """

    source: Source | None
    video: Path | None = None
    calibration: Path | None = None
    start_ns: int | None = None
    size_px: tuple[int, int] | None = None
    notes: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.video_names = [] if self.video is not None or self.source is None else _videos(self.source)
        if self.video is not None:
            paths = [self.video]
        else:
            paths = [self.source.local(name) for name in self.video_names] if self.source else []
        self.videos, size = usable_videos(paths, self.notes)
        self._entries = self._intrinsics()
        if size is None and len(self._entries) == 1:
            size = next(iter(self._entries))
        self.size_px = size or self.size_px
        self.camera = self._camera()
        if self.size_px is None and self.camera is not None:
            self.size_px = (self.camera.width_px, self.camera.height_px)

    @property
    def used_files(self) -> list[str]:
        """Names of the files of the recording that are read here."""
        if self.source is None:
            return []
        names = [name for name in self.source.names() if _TIMES.fullmatch(name)]
        names += [name for name in (INTRINSICS, LOOKUP) if self.source.has(name)]
        return names + self.video_names

    @cached_property
    def times(self) -> tuple[list[Ints], list[Finding]]:
        """Frame times of each part, and what was found while reading them."""
        found: list[Finding] = []
        times = [] if self.source is None else _frame_times(self.source, found)
        if not times and self.video is not None:
            times = _frame_times(FolderSource(self.video.parent), found)
        return times, found

    def part_of(self, t_ns: Ints) -> Ints:
        """Return the part of the recording that each time lies in."""
        starts = [part[0] for part in self.times[0] if len(part)]
        if len(starts) < 2:
            return np.zeros(len(t_ns), dtype=np.int64)
        return np.maximum(np.searchsorted(np.asarray(starts), t_ns, side="right") - 1, 0)

    def frames(self) -> Stream:
        """Return the frames."""
        times, found = self.times
        lookup = self._lookup(times, found := list(found))
        if lookup is not None:
            return self._with_virtual(*lookup, found)
        if times:
            return paired_frames(self.videos, times, findings=found)
        if self.videos and self.start_ns is not None:
            text = (
                "world_timestamps.npy is missing: frame times are the start of the recording plus the time in"
            )
            found.append(Finding("warning", "frames", "frame_times_from_video", f"{text} the video"))
            with SceneVideo(self.videos[:1]) as video:
                return paired_frames(self.videos[:1], [video.times_ns + self.start_ns], findings=found)
        if self.videos:
            text = "world_timestamps.npy is missing: no frame can be placed in time"
            found.append(Finding("problem", "frames", "no_frame_times", text))
        return paired_frames((), [], findings=found)

    def _lookup(self, times: list[Ints], found: list[Finding]) -> tuple[Ints, Ints, Ints] | None:
        """Return times, video and index of all frames, virtual ones included (video -1), or None."""
        if self.source is None or not self.source.has(LOOKUP):
            return None
        try:
            table, _ = read_npy(self.source, LOOKUP)
            if any(table.dtype[name].kind == "f" for name in ("container_idx", "container_frame_idx")):
                raise ValueError("frame numbers that are no whole numbers")
            seconds = table["timestamp"].astype(np.float64)
            numbers = [table[name].astype(np.int64) for name in ("container_idx", "container_frame_idx")]
        except (InputError, *BROKEN) as error:
            text = f"{LOOKUP} cannot be used: {error}"
            found.append(Finding("warning", "frames", "lookup_unusable", text, 1))
            return None
        usable = usable_seconds(seconds)
        t_ns, video, index = seconds_to_ns(seconds[usable]), numbers[0][usable], numbers[1][usable]
        index = np.where(video < 0, -1, index)
        recorded = np.concatenate(times) if times else t_ns[video >= 0]
        real = t_ns[video >= 0]
        same = len(real) == len(recorded) and (np.abs(real - recorded) < _SAME_NS).all()
        same = bool(same and usable.all() and (np.diff(t_ns) >= 0).all())
        text = f"{LOOKUP} has {len(real)} real frames for {len(recorded)} times"
        text += ", the same ones" if same else "; it belongs to something else and was left aside"
        found.append(Finding("info" if same else "warning", "frames", "check_lookup", text, len(real)))
        return (t_ns, video, index) if same else None

    def _with_virtual(self, t_ns: Ints, video: Ints, index: Ints, found: list[Finding]) -> Stream:
        virtual = video < 0
        if virtual.any():
            text = f"{virtual.sum()} virtual frames where the camera paused, without a picture"
            found.append(Finding("info", "frames", "virtual_frames", text, int(virtual.sum())))
        part = np.maximum.accumulate(np.maximum(video, 0))
        there = self._readable(video, index, found) if self.videos else np.zeros(len(video), dtype=np.bool_)
        table = frame_table(
            t_ns,
            video=np.where(there, video, -1),
            index=np.where(there, index, -1),
            part=part,
            has_video=bool(self.videos),
        )
        table.loc[virtual, "kind"] = "gap"
        frames, order = in_time_order(table, "frames")
        gaps = gap_findings(t_ns[~virtual], "frames", part[~virtual])
        return Stream(with_holes(frames) if self.videos else frames, (*found, *order, *gaps))

    def _readable(self, video: Ints, index: Ints, found: list[Finding]) -> NDArray[np.bool_]:
        """Return which frames of the lookup have a picture that can be read."""
        with SceneVideo(self.videos) as scene:
            pictures = scene.table()
            found.extend(scene.findings())
        named, total = int(np.count_nonzero(video >= 0)), len(pictures)
        wanted = pd.MultiIndex.from_arrays([video, index])
        readable = pictures[pictures["readable"].astype(bool)]
        there = wanted.isin(pd.MultiIndex.from_frame(readable[["video", "index"]]))
        if named != total:
            text = f"{total} pictures for {named} frame times; {np.count_nonzero(there)} are paired"
            found.append(Finding("warning", "frames", "frame_count", text, abs(total - named)))
        return np.asarray(there)

    def _intrinsics(self) -> dict[tuple[int, int], dict[str, Any]]:
        """Return the calibrations in world.intrinsics by the size of the image."""
        if self.source is None or not self.source.has(INTRINSICS):
            return {}
        found: dict[tuple[int, int], dict[str, Any]] = {}
        try:
            for key, entry in unpacked(self.source.read(INTRINSICS)).items():
                if not isinstance(entry, dict):
                    continue
                sides = entry.get("resolution") or re.findall(r"\d+", str(key))
                width, height = (int(side) for side in sides)
                if not (0 < width <= _LARGEST_SIDE_PX and 0 < height <= _LARGEST_SIDE_PX):
                    raise ValueError(f"an image of {width} x {height} px")
                found[width, height] = entry
        except (InputError, *BROKEN) as error:
            text = f"{INTRINSICS} cannot be used: {error!r:.150}"
            self.notes.append(Finding("problem", "camera", "camera_unusable", text, 1))
        return found

    def _camera(self) -> Camera | None:
        if self.calibration is not None:
            values = FolderSource(self.calibration, only=self.calibration.name).json(self.calibration.name)
            if not values:
                raise InputError(self.calibration, "there is no calibration in this file")
            try:
                return camera_from_json(values, self.size_px, "user")
            except ParameterError as error:
                raise InputError(
                    self.calibration, "this calibration cannot be used", found=str(error)
                ) from error
        entry = self._entries.get(self.size_px) if self.size_px is not None else None
        if entry is None:
            if self._entries:
                sizes = ", ".join(f"{width} x {height}" for width, height in self._entries)
                size = "unknown" if self.size_px is None else f"{self.size_px[0]} x {self.size_px[1]}"
                text = f"{INTRINSICS} is for {sizes} px, the image is {size}; it is not used"
                self.notes.append(Finding("warning", "camera", "camera_unusable", text))
            self.notes.append(NO_CAMERA)
            return None
        try:
            return self._from_entry(entry)
        except (ParameterError, *BROKEN) as error:
            text = (
                f"{INTRINSICS} cannot be used ({error!r:.150}); the recording is read without a calibration"
            )
            self.notes.append(Finding("problem", "camera", "camera_unusable", text))
            return None

    def _from_entry(self, entry: dict[str, Any]) -> Camera:
        assert self.size_px is not None
        matrix = np.array(entry["camera_matrix"], dtype=np.float64)
        coefficients = np.array(entry["dist_coefs"], dtype=np.float64).ravel()
        kind = entry.get("cam_type", "radial")
        model = _RADIAL.get(len(coefficients)) if kind == "radial" else None
        if kind == "fisheye" and len(coefficients) == 4:
            model = "fisheye4"
        if kind == "dummy":
            model, coefficients = "none", coefficients[:0]
        if model is None:
            raise ParameterError(
                "camera",
                f"{kind} with {len(coefficients)} coefficients",
                "radial with 4, 5 or 8, or fisheye with 4",
            )
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or not np.isfinite(coefficients).all():
            raise ParameterError("camera_matrix", matrix.tolist(), "3 x 3 numbers, and coefficients")
        shipped = kind == "dummy" or any(abs(matrix[0, 0] - fx) < 1e-6 for fx in _SHIPPED_FX_PX)
        if shipped:
            text = f"{INTRINSICS} holds what Pupil Capture ships, it was not measured on this camera"
            self.notes.append(Finding("warning", "camera", "camera_default", text))
        return Camera.from_matrix(
            matrix,
            width_px=self.size_px[0],
            height_px=self.size_px[1],
            model=model,
            coefficients=tuple(coefficients.tolist()),
            source="default" if shipped else "device",
        )


def _part(name: str) -> tuple[int, str]:
    number = re.search(r"_(\d+)", name)
    return (int(number.group(1)) if number else 0), name


def _videos(source: Source) -> list[str]:
    """Return the scene videos in order of their parts, one of each."""
    found: dict[str, str] = {}
    for name in source.names():
        match = _VIDEO.fullmatch(name)
        if match is None:
            continue
        stem, kind = match.group(1).lower(), match.group(2).lower()
        if stem not in found or _PICK.index(kind) < _PICK.index(found[stem].rpartition(".")[2].lower()):
            found[stem] = name
    return sorted(found.values(), key=_part)


def _frame_times(source: Source, found: list[Finding]) -> list[Ints]:
    times = []
    for name in sorted((name for name in source.names() if _TIMES.fullmatch(name)), key=_part):
        try:
            stamps, missing = read_npy(source, name)
            seconds: NDArray[np.float64] = stamps.astype(np.float64)
        except (InputError, *BROKEN) as error:
            found.append(Finding("problem", "frames", "times_unusable", f"{name} cannot be used: {error}", 1))
            continue
        usable = usable_seconds(seconds)
        lost = missing + int(np.count_nonzero(~usable))
        if lost:
            text = f"{name}: {lost} frame times are missing or no times"
            found.append(Finding("problem", "frames", "truncated", text, lost))
        # A time that cannot be used keeps its place: the pictures after it would be counted wrongly.
        rows = np.flatnonzero(usable)
        filled = np.interp(np.arange(len(seconds)), rows, seconds[rows]) if len(rows) else seconds[:0]
        times.append(seconds_to_ns(np.where(usable, seconds, filled) if len(rows) else filled))
    return times
