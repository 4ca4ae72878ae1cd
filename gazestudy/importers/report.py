"""The report that ends every import: what came in, how good it is, what was checked and skipped."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.streams import gaps
from gazestudy.importers.video_scan import scan
from gazestudy.model import CONTRACTS, Finding, Recording
from gazestudy.model.wording import counted

_CHECKS = "check_"
_SKIPPED = ("rows_skipped", "truncated_line", "zero_bytes", "cells_unreadable", "file_missing")


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One stream in numbers.

    Attributes
    ----------
    name : str
        The stream.
    rows : int
        Number of rows.
    first_ns, last_ns : int or None
        First and last time; None without rows or times.
    median_rate_hz : float or None
        One over the median step.
    effective_rate_hz : float or None
        Steps over the whole time, gaps included.
    gap_count : int
        Steps longer than 75 ms and three median steps.
    longest_gap_ms : float
        The longest of them, 0 without any.
    not_monotonic : int
        Steps back in time that the source had (the stream is sorted).
    """

    name: str
    rows: int
    first_ns: int | None = None
    last_ns: int | None = None
    median_rate_hz: float | None = None
    effective_rate_hz: float | None = None
    gap_count: int = 0
    longest_gap_ms: float = 0.0
    not_monotonic: int = 0

    @property
    def duration_s(self) -> float:
        """Time from the first to the last row."""
        return 0.0 if self.first_ns is None or self.last_ns is None else (self.last_ns - self.first_ns) / 1e9


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found.

    Attributes
    ----------
    name, device, importer : str
        The recording, the eye tracker, who read it.
    importer_version : int
        Version of the importer.
    streams : tuple of StreamReport
        Every stream, vendor tables included.
    valid_samples : int
        Gaze samples that may be used.
    reasons : mapping of str to int
        Number of gaze samples by reason ("ok" included).
    frame_kinds : mapping of str to int
        Number of scene frames by kind: real, filler, gap.
    findings : tuple of Finding
        Everything that was noticed.
    """

    name: str
    device: str
    importer: str
    importer_version: int
    streams: tuple[StreamReport, ...]
    valid_samples: int
    reasons: Mapping[str, int]
    frame_kinds: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def gaze_samples(self) -> int:
        """Number of gaze samples."""
        return sum(self.reasons.values())

    @property
    def valid_share(self) -> float | None:
        """Valid samples over all samples, None without samples."""
        return self.valid_samples / self.gaze_samples if self.gaze_samples else None

    @property
    def checks(self) -> tuple[Finding, ...]:
        """Results of self-checks."""
        return tuple(one for one in self.findings if one.code.startswith(_CHECKS))

    @property
    def skipped(self) -> tuple[Finding, ...]:
        """What was not read, and why."""
        return tuple(one for one in self.findings if one.code in _SKIPPED)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Findings that are wrong rather than doubtful."""
        return tuple(one for one in self.findings if one.severity == "problem")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "name": self.name,
            "device": self.device,
            "importer": self.importer,
            "importer_version": self.importer_version,
            "streams": [
                {field: getattr(one, field) for field in StreamReport.__dataclass_fields__}
                for one in self.streams
            ],
            "gaze_samples": self.gaze_samples,
            "valid_samples": self.valid_samples,
            "valid_share": self.valid_share,
            "reasons": dict(self.reasons),
            "frame_kinds": dict(self.frame_kinds),
            "findings": [one.to_dict() for one in self.findings],
        }

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.device}), read by {self.importer} {self.importer_version}"]
        lines += [f"  {_stream_line(one)}" for one in self.streams]
        lost = [
            f"{reason.replace('out_of', 'outside_the').replace('_', ' ')} {count}"
            for reason, count in self.reasons.items()
            if count and reason != "ok"
        ]
        if self.gaze_samples:
            share = self.valid_samples / self.gaze_samples
            text = f"valid {self.valid_samples} of {self.gaze_samples} samples ({share:.1%})"
            lines.append(f"  {text}" + (f"; lost: {', '.join(lost)}" if lost else ""))
        kinds = [f"{kind} {count}" for kind, count in self.frame_kinds.items() if count]
        if kinds:
            lines.append(f"  frames: {', '.join(kinds)}")
        order = {"problem": 0, "warning": 1, "info": 2}
        for one in sorted(self.findings, key=lambda finding: order[finding.severity]):
            lines.append(f"  {one.severity}: {one.stream}: {one.message}")
        return "\n".join(lines)


def build_report(recording: Recording) -> ImportReport:
    """Read every stream of a recording and return what was found.

    Parameters
    ----------
    recording : Recording
        The recording.

    Returns
    -------
    ImportReport
        Counts, rates, gaps, losses by reason and all findings.

    Raises
    ------
    InputError
        If a stream cannot be read at all.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:  # which goes through the packets while gaze is parsed
        pool.submit(_read_ahead, recording)
        findings = recording.findings()
    backwards: dict[str, int] = {}
    for one in findings:
        if one.code == "not_monotonic":
            backwards[one.stream] = backwards.get(one.stream, 0) + one.count
    reports = []
    for name in recording.streams:
        table = recording.stream(name)
        times = table["t_ns"].to_numpy() if name in CONTRACTS else None
        reports.append(_stream_report(name, len(table), times, backwards.get(name, 0)))
    gaze, frames = recording.gaze, recording.frames
    return ImportReport(
        recording.meta.name,
        recording.meta.device,
        recording.meta.importer,
        recording.meta.importer_version,
        tuple(reports),
        int(gaze["valid"].sum()),
        _counts(gaze["reason"]),
        _counts(frames["kind"]),
        findings,
    )


def _read_ahead(recording: Recording) -> None:
    """Read the frame times of the videos, which are kept for who asks next; what is wrong is told there."""
    for path in recording.videos:
        with suppress(InputError, OSError):
            scan(path)


def _stream_report(name: str, rows: int, t_ns: NDArray[np.int64] | None, not_monotonic: int) -> StreamReport:
    if t_ns is None or rows == 0:
        return StreamReport(name, rows, not_monotonic=not_monotonic)
    first, last = int(t_ns[0]), int(t_ns[-1])
    steps = np.diff(t_ns)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    found = gaps(t_ns) if name in ("gaze", "frames", "imu") else t_ns[:0]
    rated = usual > 0 and name != "events"
    return StreamReport(
        name,
        rows,
        first,
        last,
        round(1e9 / usual, 3) if rated else None,
        round((rows - 1) / ((last - first) / 1e9), 3) if rated else None,
        len(found),
        round(float(found.max(initial=0)) / 1e6, 3),
        not_monotonic,
    )


def _counts(column: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in column.value_counts(sort=False).items()}


def _stream_line(one: StreamReport) -> str:
    text = f"{one.name}: {one.rows} rows"
    if one.first_ns is not None:
        text += f" over {one.duration_s:.2f} s"
    if one.median_rate_hz is not None:
        text += f", {one.median_rate_hz:.1f} Hz median, {one.effective_rate_hz:.1f} Hz effective"
    if one.gap_count:
        text += f", {counted(one.gap_count, 'gap')} (longest {one.longest_gap_ms:.0f} ms)"
    if one.not_monotonic:
        text += f", {counted(one.not_monotonic, 'step')} back in time"
    return text
