"""Pieces that tables of several small formats share: pupils, times in words, the video beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.separate_files import given_camera
from gazestudy.importers.registry import ReadOptions
from gazestudy.importers.scene_frames import NO_CAMERA, usable_videos
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextTable
from gazestudy.model import Camera, Finding

DOCUMENTED_ONLY = Finding(
    "warning",
    "recording",
    "documented_only",
    "this format is read by its documentation: no real recording was at hand to test against. Look at the"
    " gaze over the video before you rely on it",
)

_PUPIL_MM = (0.5, 12.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unix_ns(text: str) -> int | None:
    """Return a time in ISO 8601 as Unix ns; None where it cannot be read or names no time zone.

    Examples
    --------
    >>> unix_ns("1970-01-01T00:00:01.5Z"), unix_ns("2020-05-01T10:00:00"), unix_ns("noon")
    (1500000000, None, None)
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        since = moment - _EPOCH if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
    if since is None:
        return None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def pupils(table: TextTable, left: str, right: str) -> dict[str, NDArray[np.float64]]:
    """Return the columns of pupil diameters as mm, or as they are where they can be no mm.

    Parameters
    ----------
    table : TextTable
        The table; findings are noted in it.
    left, right : str
        Columns of the left and right eye.

    Returns
    -------
    dict of str to ndarray of float64
        `pupil_left_mm` and `pupil_right_mm`, or under the vendor's names.
    """
    found = {
        f"pupil_{side}_mm": (name, table.floats(name))
        for side, spelling in (("left", left), ("right", right))
        if (name := table.find(spelling)) is not None
    }
    seen = np.concatenate([np.zeros(0), *(values for _, values in found.values())])
    seen = seen[seen > 0]
    usual = float(np.median(seen)) if len(seen) else np.nan
    if len(seen) and not _PUPIL_MM[0] <= usual <= _PUPIL_MM[1]:
        text = (
            f"the median pupil of {usual:.3g} is no diameter in mm; {left!r}, {right!r} are kept as written"
        )
        table.findings.append(Finding("warning", "gaze", "pupil_unit", text, len(seen)))
        return dict(found.values())
    return {column: values for column, (_, values) in found.items()}


def other_columns(table: TextTable, known: Sequence[str]) -> dict[str, Any]:
    """Return all further columns of numbers under the vendor's names."""
    taken = {table.find(name) for name in known}
    rest = table.frame(leave_out=[name for name in table.names if name in taken])
    return {name: rest[name].to_numpy() for name in rest.columns if rest[name].dtype.kind in "if"}


@dataclass(frozen=True, slots=True)
class Scene:
    """Scene video, size of its pictures and camera of a recording."""

    videos: tuple[Path, ...]
    size_px: tuple[int, int] | None
    camera: Camera | None


def scene_beside(
    source: Source,
    names: Sequence[str],
    options: ReadOptions,
    notes: list[Finding],
    default: Camera | None = None,
) -> Scene:
    """Return video and camera from the options, else those beside the table.

    Parameters
    ----------
    source : Source
        The recording.
    names : sequence of str
        Video files in it, the first is used.
    options : ReadOptions
        May name a video or a calibration that lie elsewhere.
    notes : list of Finding
        What was found; grows.
    default : Camera, optional
        What the vendor states for all devices; used for pictures of its size, with a finding.

    Returns
    -------
    Scene
        Without a video, the size is that of the default.
    """
    paths = [options.video] if options.video is not None else [source.local(name) for name in names[:1]]
    videos, size_px = usable_videos(paths, notes)
    if size_px is None and default is not None:
        size_px = (default.width_px, default.height_px)
    camera: Camera | None = None
    try:
        camera = given_camera(options.camera, size_px)
    except InputError as error:
        notes.append(Finding("problem", "camera", "camera_unusable", str(error), 1))
    if camera is None and default is not None and size_px == (default.width_px, default.height_px):
        camera = default
        text = "the calibration is that of the model, not of this device: angles are approximate"
        notes.append(Finding("warning", "camera", "camera_default", text))
    if camera is None:
        notes.append(NO_CAMERA)
    return Scene(videos, size_px, camera)
