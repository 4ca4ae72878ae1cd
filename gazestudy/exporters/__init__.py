"""Recordings written in the file layouts of devices and other programs.

`LAYOUTS` names them; `export_recording` writes one. A layout's file has one function that writes the files of
one recording into an empty folder; making that folder whole or not at all is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.exporters import generic_table, glassestools, pupil_cloud, tobii_glasses2, tobii_glasses3
from gazestudy.exporters.folders import new_folder
from gazestudy.exporters.video import Image, VideoSettings, write_video
from gazestudy.model import Recording
from gazestudy.model.tables import GAZE_EVENTS

__all__ = ["LAYOUTS", "Layout", "VideoSettings", "export_recording", "write_video"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A file layout.

    Attributes
    ----------
    name : str
        Short name.
    title : str
        For people.
    write : callable
        Writes the tables of a recording into a folder and returns the name for its scene video.
    """

    name: str
    title: str
    write: Callable[[Recording, pd.DataFrame, Path], str]


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("pupil_cloud_neon", "Pupil Cloud time series of a Neon", pupil_cloud.write_neon),
        Layout(
            "pupil_cloud_invisible", "Pupil Cloud time series of an Invisible", pupil_cloud.write_invisible
        ),
        Layout("tobii_glasses2", "Tobii Pro Glasses 2, SD card", tobii_glasses2.write),
        Layout("tobii_glasses3", "Tobii Pro Glasses 3 recording folder", tobii_glasses3.write),
        Layout("glassestools", "glassesTools folder", glassestools.write),
        Layout("generic_table", "plain table, video and column mapping", generic_table.write),
    )
}
"""The known layouts by name."""


def export_recording(
    recording: Recording,
    folder: Path,
    *,
    layout: str,
    frames: Iterable[Image] | None = None,
    events: pd.DataFrame | None = None,
    video: VideoSettings | None = None,
) -> Path:
    """Write a recording in one of the `LAYOUTS`, whole or not at all.

    Parameters
    ----------
    recording : Recording
        The recording.
    folder : Path
        The folder to make; it must not exist.
    layout : str
        Name of the layout.
    frames : iterable of ndarray of uint8, shape (height, width, 3), optional
        Scene pictures, BGR, one for each row of `recording.frames` that has a picture; no video without.
    events : DataFrame, optional
        Gaze events (contract `GAZE_EVENTS`); written where the layout has a place for them.
    video : VideoSettings, optional
        How the video is compressed.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ParameterError
        If the layout is not known.
    InputError
        If the folder exists already.
    """
    if layout not in LAYOUTS:
        raise ParameterError("layout", layout, "one of " + ", ".join(LAYOUTS))
    held = GAZE_EVENTS.empty() if events is None else events
    with new_folder(folder) as partial:
        video_name = LAYOUTS[layout].write(recording, held, partial)
        if frames is not None:
            table = recording.frames
            t_ns = table.loc[table["index"] >= 0, "t_ns"].to_numpy()
            write_video(partial / video_name, frames, t_ns, settings=video or VideoSettings())
    return folder
