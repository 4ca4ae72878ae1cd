"""Recordings of a study for other programs, with a list of what the other format cannot hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import InputError, ParameterError
from gazestudy.exporters import glassestools, pupil_cloud_like
from gazestudy.exporters.folders import new_folder
from gazestudy.exporters.tidy import is_risky
from gazestudy.model import Recording
from gazestudy.model.tables import GAZE, GAZE_EVENTS


@dataclass(frozen=True, slots=True)
class Target:
    """A format that recordings can be exported to.

    Attributes
    ----------
    name : str
        Short name.
    title : str
        For people.
    write : callable
        Writes the tables into a folder and returns the names for the scene videos.
    lost : callable
        Says what of a recording and its gaze events the format cannot hold.
    """

    name: str
    title: str
    write: Callable[[Recording, pd.DataFrame, Path], list[str]]
    lost: Callable[[Recording, pd.DataFrame], list[str]]


def export_to(
    recording: Recording,
    folder: Path,
    target: str,
    *,
    events: pd.DataFrame | None = None,
    copy_videos: bool = True,
) -> list[str]:
    """Write a recording for another program, whole or not at all.

    Parameters
    ----------
    recording : Recording
        The recording.
    folder : Path
        The folder to make; it must not exist or be empty.
    target : str
        Name of one of `TARGETS`.
    events : DataFrame, optional
        Gaze events (contract `GAZE_EVENTS`), written where the format has a place for them.
    copy_videos : bool, default True
        Copy the scene videos along, unchanged.

    Returns
    -------
    list of str
        What the format cannot hold, in words, with counts; empty if it holds all.

    Raises
    ------
    ParameterError
        If the target is not known.
    InputError
        If something is in the folder, or a video cannot be copied.
    """
    if target not in TARGETS:
        raise ParameterError("target", target, "one of " + ", ".join(TARGETS))
    chosen = TARGETS[target]
    held = GAZE_EVENTS.empty() if events is None else events
    with new_folder(folder) as partial:
        names = chosen.write(recording, held, partial)
        if copy_videos:
            for video, name in zip(recording.videos, names, strict=False):
                try:
                    shutil.copyfile(video, partial / name)
                except OSError as error:
                    raise InputError(video, f"the scene video cannot be copied: {error.strerror}") from error
    lost = chosen.lost(recording, held)
    if recording.videos and not copy_videos:
        lost.append("the scene video was left out, as asked")
    return lost


def _glassestools(recording: Recording, events: pd.DataFrame, folder: Path) -> list[str]:
    name = glassestools.write(recording, events, folder)
    return [name] if _one_whole_video(recording) else []


def _one_whole_video(recording: Recording) -> bool:
    """Return whether the frame table is that of one video, picture by picture."""
    index = recording.frames["index"].to_numpy()
    index = index[index >= 0]
    return len(recording.videos) == 1 and bool((index == np.arange(len(index))).all())


def _lost_in_glassestools(recording: Recording, events: pd.DataFrame) -> list[str]:
    lost = []
    gaze = recording.gaze
    invalid = gaze[~gaze["valid"]]
    if len(invalid):
        counts = invalid["reason"].astype(str).value_counts()
        by_reason = ", ".join(f"{count} {name}" for name, count in counts.items())
        lost.append(f"why {len(invalid)} samples are not valid, and their coordinates ({by_reason})")
    times = glassestools.scene_times_ns(recording)
    zero = int(times[0]) if len(times) else int(gaze["t_ns"].iloc[0]) if len(gaze) else 0
    lost.append(f"the clock: times count from the first scene frame, which was at {zero} ns")
    kinds = recording.frames["kind"].astype(str)
    fillers = int((kinds == "filler").sum())
    if fillers:
        lost.append(f"that {fillers} scene frames are fillers without a picture of the world")
    if recording.videos and not _one_whole_video(recording):
        lost.append(
            f"the scene video: the format holds one whole video, the recording has {len(recording.videos)}"
            " or pictures without a time"
        )
    if gaze["part"].nunique() > 1:
        lost.append(f"where the {gaze['part'].nunique()} parts of the recording begin")
    if len(events):
        lost.append(f"{len(events)} gaze events")
    known = {*GAZE.names, "frame_label", *glassestools.eye_columns(gaze)} - {"confidence"}
    if gaze["confidence"].isna().all():
        known.add("confidence")
    return lost + _lost_columns(recording, known) + _lost_streams(recording, set()) + _lost_lens(recording)


def _lost_in_pupil_cloud(recording: Recording, events: pd.DataFrame) -> list[str]:
    lost = []
    gaze = recording.gaze
    reasons = gaze["reason"].astype(str)
    for name in sorted(set(reasons) - set(pupil_cloud_like.HELD_REASONS) - {"no_data"}):
        count = int((reasons == name).sum())
        lost.append(f"that {count} samples are {name}, and their coordinates: they are no_data now")
    bare = gaze["x_px"].isna() | gaze["y_px"].isna()
    for name in ("blink", "not_worn"):
        count = int((bare & (reasons == name)).sum())
        if count:
            lost.append(f"that {count} samples without coordinates are {name}: readers see no_data")
    outside = int((reasons == "out_of_image").sum())
    if outside and not recording.videos and recording.meta.device not in ("Neon", "Pupil Invisible"):
        lost.append(f"that {outside} samples are outside of the image: without a video its size is not said")
    if recording.clock.offset_to_unix_ns is None:
        lost.append(f"what times count from: the clock is {recording.clock.base}, the format has UTC")
    lost.append("coordinates beyond 0.001 px")
    others = int((~events["kind"].isin(["fixation", "saccade"])).sum()) if len(events) else 0
    if others:
        lost.append(f"{others} gaze events that are neither fixations nor saccades")
    if gaze["part"].nunique() > 1:
        lost.append(f"where the {gaze['part'].nunique()} parts of the recording begin")
    risky = sum(map(is_risky, recording.events["name"]))
    if risky:
        lost.append(f"{risky} events as written: a spreadsheet would run their text, ' is in front of it")
    known = {*GAZE.names, "azimuth_deg", "elevation_deg", "fixation_id", "blink_id", *pupil_cloud_like.PUPILS}
    if not gaze["confidence"].isna().all():
        known.discard("confidence")
    imu = [name for name in recording.imu.columns if name not in ("t_ns", *pupil_cloud_like.IMU_COLUMNS)]
    if imu and len(recording.imu):
        lost.append("of the inertial data: " + ", ".join(imu))
    held = {"imu", "events"}
    return lost + _lost_columns(recording, known) + _lost_streams(recording, held) + _lost_lens(recording)


def _lost_columns(recording: Recording, known: set[str]) -> list[str]:
    more = [name for name in recording.gaze.columns if name not in known]
    return ["of the gaze table: " + ", ".join(more)] if more else []


def _lost_streams(recording: Recording, held: set[str]) -> list[str]:
    more = [
        name
        for name in recording.streams
        if name not in ("gaze", "frames", *held) and len(recording.stream(name))
    ]
    return ["whole tables: " + ", ".join(more)] if more else []


def _lost_lens(recording: Recording) -> list[str]:
    camera = recording.camera
    if camera is None or camera.model in glassestools.PINHOLES:
        return []
    return [f"the calibration: the format has no place for the lens model {camera.model!r}"]


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            "glassestools",
            "folder of glassesTools, glassesValidator and gazeMapper",
            _glassestools,
            _lost_in_glassestools,
        ),
        Target(
            "pupil-cloud",
            "CSV tables like Pupil Cloud's Timeseries Data",
            pupil_cloud_like.write,
            _lost_in_pupil_cloud,
        ),
    )
}
"""The formats by name."""
