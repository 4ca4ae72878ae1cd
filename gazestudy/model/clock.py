"""Clocks: what a time stamp counts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

ClockBase = Literal["unix_utc", "device_monotonic", "pupil_time", "recording_start", "unknown"]


@dataclass(frozen=True, slots=True)
class Clock:
    """The named clock of a recording; time stamps are int64 nanoseconds on it and are never rebased.

    Attributes
    ----------
    base : {"unix_utc", "device_monotonic", "pupil_time", "recording_start", "unknown"}
        What `t_ns == 0` means.
    offset_to_unix_ns : int or None
        Add it to `t_ns` to get Unix UTC nanoseconds; None when not known.
    source : str
        Where the offset comes from, in words.
    t0_scene_ns : int or None
        Time of the first scene frame on this clock; stored apart, so that earlier samples stay negative
        relative to it.

    Examples
    --------
    >>> Clock("unix_utc", 0, "info.json").to_unix_ns(5)
    5
    """

    base: ClockBase
    offset_to_unix_ns: int | None = None
    source: str = ""
    t0_scene_ns: int | None = None

    def to_unix_ns(self, t_ns: int) -> int | None:
        """Return `t_ns` as Unix UTC nanoseconds, or None when the offset is not known."""
        return None if self.offset_to_unix_ns is None else t_ns + self.offset_to_unix_ns

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "base": self.base,
            "offset_to_unix_ns": self.offset_to_unix_ns,
            "source": self.source,
            "t0_scene_ns": self.t0_scene_ns,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a clock from `to_dict`."""
        return cls(**values)
