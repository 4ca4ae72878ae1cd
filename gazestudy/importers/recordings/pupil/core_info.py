"""What a recording of Pupil Core says of itself: info.player.json, or info.csv before version 1.16."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from gazestudy.errors import InputError
from gazestudy.importers.recordings.pupil.core_pldata import seconds_to_ns, usable_seconds
from gazestudy.importers.sources import Source
from gazestudy.model import Clock

INFO = "info.player.json"
OLD_INFO = "info.csv"

_INFO_KEYS = ("recording_software_name", "meta_version", "start_time_synced_s")
_OLD_KEYS = ("Capture Software Version", "Capture Software", "Start Time (Synced)", "World Camera Frames")


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a recording on both of its clocks.

    Attributes
    ----------
    unix_ns : int or None
        On the clock of the computer.
    pupil_ns : int or None
        In Pupil time.
    """

    unix_ns: int | None
    pupil_ns: int | None

    def clock(self, t0_scene_ns: int | None) -> Clock:
        """Return Pupil time as a clock."""
        if self.unix_ns is None or self.pupil_ns is None:
            return Clock("pupil_time", None, "", t0_scene_ns)
        said = "start_time_system_s - start_time_synced_s: clock of the computer"
        return Clock("pupil_time", self.unix_ns - self.pupil_ns, said, t0_scene_ns)


def start_of(info: dict[str, Any]) -> Start:
    """Return the start of a recording by what it says of itself."""
    return Start(
        _ns(info, "start_time_system_s", "Start Time (System)"),
        _ns(info, "start_time_synced_s", "Start Time (Synced)"),
    )


def recording_info(source: Source, *, strict: bool = False) -> dict[str, Any]:
    """Return what a recording says of itself, {} if it is none of Pupil.

    Parameters
    ----------
    source : Source
        The recording folder.
    strict : bool, default False
        Raise InputError where info.player.json is damaged, instead of taking it for one of Pupil Capture.
    """
    old = key_values(source, OLD_INFO)
    if not any(key in old for key in _OLD_KEYS):
        old = {}
    if not source.has(INFO):
        return dict(old)
    try:
        info = source.json(INFO)
    except InputError:
        if strict:
            raise
        return old or {"recording_software_name": "Pupil Capture"}  # reading it will say what is wrong
    return {**old, **info} if any(key in info for key in _INFO_KEYS) else dict(old)


def key_values(source: Source, name: str) -> dict[str, str]:
    """Return a file of "key,value" lines (older ones with tabs), {} if it is not there or cannot be read."""
    if not source.has(name):
        return {}
    try:
        text = source.head(name).decode("utf-8-sig", errors="replace")
    except InputError:
        return {}
    pairs = (re.split(r"[,\t]", line, maxsplit=1) for line in text.splitlines())
    return {pair[0].strip().rstrip(":"): pair[1].strip().strip('"') for pair in pairs if len(pair) == 2}


def _ns(info: dict[str, Any], *spellings: str) -> int | None:
    for spelling in spellings:
        try:
            value = np.array([float(info[spelling])])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if usable_seconds(value)[0]:
            return int(seconds_to_ns(value)[0])
    return None
