"""A recording: lazy streams on one clock, with what was found while reading them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from gazestudy.model.camera import Camera
from gazestudy.model.clock import Clock
from gazestudy.model.tables import FRAMES, GAZE, IMU, MARKERS, TableContract

Severity = Literal["info", "warning", "problem"]

CONTRACTS: dict[str, TableContract] = {"gaze": GAZE, "frames": FRAMES, "imu": IMU, "events": MARKERS}
"""The streams a recording may have; every other stream is a vendor table and keeps no contract."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, skipped or found wrong while importing.

    Attributes
    ----------
    severity : {"info", "warning", "problem"}
        A fact, something doubtful, something wrong.
    stream : str
        Which stream or file.
    code : str
        Short machine name, such as "gaps" or "rows_skipped".
    message : str
        The finding in words, with its numbers.
    count : int
        How many rows, frames or gaps it concerns.
    """

    severity: Severity
    stream: str
    code: str
    message: str
    count: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "severity": self.severity,
            "stream": self.stream,
            "code": self.code,
            "message": self.message,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class Stream:
    """A table that was read, and what was found while reading it."""

    table: pd.DataFrame
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file the recording came from.

    Attributes
    ----------
    path : str
        Relative to the recording folder (or inside the zip).
    size_bytes : int
        Its size.
    sha256 : str
        Its hash.
    """

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordingMeta:
    """What is known of a recording as a whole.

    Attributes
    ----------
    name : str
        Its name as the device or user gave it.
    device : str
        Model of the eye tracker, "unknown" if not said.
    importer : str
        Name of the importer.
    importer_version : int
        Raised when the importer reads the same files differently.
    source : Path
        The recording folder, zip or table.
    start_unix_ns : int or None
        Wall-clock start, UTC.
    participant_label : str
        The person as named by the device. May be a real name: it goes into the table of personal data only.
    extra : dict
        Serial numbers, versions and other facts as the vendor names them.
    """

    name: str
    device: str
    importer: str
    importer_version: int
    source: Path
    start_unix_ns: int | None = None
    participant_label: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


class Recording:
    """One recording; a stream is read when it is first asked for.

    Parameters
    ----------
    meta : RecordingMeta
        The recording as a whole.
    clock : Clock
        What the time stamps count from.
    camera : Camera or None
        Scene camera calibration.
    videos : tuple of Path
        Scene video files in order; a frame row names its file by number.
    loaders : mapping of str to callable
        Stream name to a function that reads it. "gaze" and "frames" are expected, "imu" and "events"
        optional, all other names are vendor tables.
    files : callable
        Lists the source files with their hashes; slow, so it is called only on import.
    findings : tuple of Finding
        What was found before any stream was read (missing optional files and the like).
    """

    def __init__(
        self,
        meta: RecordingMeta,
        *,
        clock: Clock,
        camera: Camera | None,
        videos: tuple[Path, ...],
        loaders: Mapping[str, Callable[[], Stream]],
        files: Callable[[], tuple[SourceFile, ...]] = tuple,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        self.meta, self.clock, self.camera, self.videos = meta, clock, camera, videos
        self._loaders, self._files, self._findings = dict(loaders), files, findings
        self._streams: dict[str, Stream] = {}

    def __repr__(self) -> str:
        return f"<Recording {self.meta.name!r} of {self.meta.device} with {', '.join(self.streams)}>"

    @property
    def streams(self) -> list[str]:
        """Names of the streams this recording has."""
        return list(self._loaders)

    def stream(self, name: str) -> pd.DataFrame:
        """Return one stream, reading it the first time.

        Parameters
        ----------
        name : str
            One of `streams`; "gaze", "frames", "imu" and "events" give an empty table where the recording
            has none.

        Returns
        -------
        DataFrame
            The table; it keeps the contract of that name.

        Raises
        ------
        KeyError
            For a vendor table that the recording does not have.
        InputError
            If the files of the stream cannot be used; the other streams still can.
        """
        if name not in self._streams:
            if name in self._loaders:
                stream = self._loaders[name]()
            elif name in CONTRACTS:
                stream = Stream(CONTRACTS[name].empty())
            else:
                raise KeyError(f"{self.meta.name!r} has no stream {name!r}; it has {', '.join(self.streams)}")
            if name in CONTRACTS:
                CONTRACTS[name].check(stream.table, str(self.meta.source))
            self._streams[name] = stream
        return self._streams[name].table

    @property
    def gaze(self) -> pd.DataFrame:
        """Gaze samples (contract `GAZE`)."""
        return self.stream("gaze")

    @property
    def frames(self) -> pd.DataFrame:
        """Scene frames (contract `FRAMES`)."""
        return self.stream("frames")

    @property
    def imu(self) -> pd.DataFrame:
        """Inertial measurements (contract `IMU`)."""
        return self.stream("imu")

    @property
    def events(self) -> pd.DataFrame:
        """Events written into the recording (contract `MARKERS`)."""
        return self.stream("events")

    @property
    def vendor(self) -> dict[str, pd.DataFrame]:
        """Vendor tables by name, all read."""
        return {name: self.stream(name) for name in self._loaders if name not in CONTRACTS}

    @cached_property
    def files(self) -> tuple[SourceFile, ...]:
        """Source files with their hashes (reads every file once)."""
        return self._files()

    def findings(self) -> tuple[Finding, ...]:
        """Read every stream and return all that was found."""
        for name in self._loaders:
            self.stream(name)
        found = list(self._findings)
        for name in self._loaders:
            found.extend(self._streams[name].findings)
        return tuple(found)
