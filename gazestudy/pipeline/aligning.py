"""Aligns the clocks of a study's recordings with other clocks, and keeps what was found as facts.

Nothing is shifted: a time on another clock is asked for by `on_other_clock` and comes with its uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.alignment import align_by_events, align_by_hand, align_by_pulses, align_by_wall_clock
from gazestudy.errors import ParameterError, StudyError
from gazestudy.importers.time_marks import TimeMarks, read_time_marks
from gazestudy.model import Clock, Recording
from gazestudy.model.alignment import CONFIDENCE, AlignmentMethod, ClockAlignment
from gazestudy.store import Study

SYNC_PORT = "sync_port"
"""Stream of recorders that have a socket for sync pulses: `t_ns`, `direction`, `value`."""

METHODS: tuple[AlignmentMethod, ...] = ("events", "pulses", "wall-clock", "by-hand")


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """How to align; None and empty: what the method has as its default.

    Attributes
    ----------
    source_pattern, target_pattern : str
        Which events or pulses, by name ("*" for any text, capitals do not matter); for a sync port, by
        direction.
    stream : str
        Stream of the recording with its times; "": sync port or events.
    near_s, near_within_s : float
        Expected target minus source time, and how far it may be off.
    reading_ms, bias_ms, tolerance_ms, drift_bound_ppm : float
        See `align_by_events` and `align_by_pulses`.
    synchronised_unix_ns : int
        When the clock of the recording was last set; needed by "wall-clock", as is `drift_bound_ppm`.
    synchronisation_ms, known_drift_ppm : float
        See `align_by_wall_clock`.
    target_synchronised_unix_ns, target_drift_bound_ppm, target_synchronisation_ms
        The same for the other clock.
    offset_s, uncertainty_ms : float
        Other time minus time of the recording at its first frame, as a person says it, and how far that may
        be off; needed by "by-hand". With `known_drift_ppm` and `drift_bound_ppm`.
    confidence : float
        Of the uncertainty.
    """

    source_pattern: str = "*"
    target_pattern: str = "*"
    stream: str = ""
    near_s: float | None = None
    near_within_s: float = 60.0
    reading_ms: float | None = None
    bias_ms: float = 0.0
    tolerance_ms: float | None = None
    drift_bound_ppm: float | None = None
    synchronised_unix_ns: int | None = None
    synchronisation_ms: float = 100.0
    known_drift_ppm: float = 0.0
    target_synchronised_unix_ns: int | None = None
    target_drift_bound_ppm: float = 0.0
    target_synchronisation_ms: float = 0.0
    offset_s: float | None = None
    uncertainty_ms: float | None = None
    confidence: float = CONFIDENCE


def align_recording(
    study: Study,
    recording_id: str,
    *,
    target: str,
    method: AlignmentMethod,
    marks: TimeMarks | None = None,
    options: AlignOptions | None = None,
) -> ClockAlignment:
    """Find how the clock of a recording relates to another clock; nothing is stored.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Whose clock is the source.
    target : str
        Name of the other clock; another recording of the study if `marks` is None.
    method : {"events", "pulses", "wall-clock", "by-hand"}
        By what.
    marks : TimeMarks, optional
        Times of the other clock: a log, an interview, a logger.
    options : AlignOptions, optional
        How.

    Returns
    -------
    ClockAlignment
        For `Study.add_alignment`.

    Raises
    ------
    ParameterError
        If the evidence does not tell the alignment.
    StudyError
        If there is no such recording, or no times of the other clock.
    """
    chosen = options or AlignOptions()
    if method not in METHODS:
        raise ParameterError("method", method, ", ".join(METHODS))
    if target == recording_id:
        raise ParameterError("target", target, "another clock than that of the recording itself")
    study.recording(recording_id)
    if method == "wall-clock":
        return _by_wall_clock(study, recording_id, target, marks, chosen)
    if method == "by-hand":
        frames = study.stream(recording_id, "frames")
        start_ns = int(frames["t_ns"].iloc[0]) if len(frames) else 0
        return _by_hand(start_ns, recording_id, chosen)
    pulses = method == "pulses"
    source = _picked(
        recording_marks(study, recording_id, chosen.stream, pulses=pulses), chosen.source_pattern
    )
    if marks is None:
        _require_recording(study, target)
        marks = recording_marks(study, target, chosen.stream, pulses=pulses)
    return align_marks(source, marks, method=method, options=chosen)


def align_read(
    recording: Recording,
    *,
    method: AlignmentMethod,
    marks: TimeMarks | None = None,
    options: AlignOptions | None = None,
) -> ClockAlignment:
    """Find how the clock of a recording that is in no study yet relates to another clock.

    Parameters
    ----------
    recording : Recording
        As it was read.
    method, marks, options
        As for `align_recording`; the other clock is no recording.

    Returns
    -------
    ClockAlignment
        What `align_recording` will find once it is imported.

    Raises
    ------
    ParameterError
        If the evidence does not tell the alignment.
    """
    chosen, name = options or AlignOptions(), recording.meta.name
    if method == "by-hand":
        frames = recording.frames
        return _by_hand(int(frames["t_ns"].iloc[0]) if len(frames) else 0, name, chosen)
    if method == "wall-clock":
        ahead_ns = recording.clock.offset_to_unix_ns
        if ahead_ns is None:
            raise _no_time_of_day(name)
        return _wall_clock(ahead_ns, recording.clock, name, "", marks, chosen)
    if marks is None:
        raise ParameterError(method, name, "a table with the times of the other clock")
    pulses = method == "pulses"
    stream = chosen.stream or (SYNC_PORT if pulses and SYNC_PORT in recording.streams else "events")
    table = recording.stream(stream)
    source = _marks_of(table, name, stream)
    if source is None:
        wanted = "pulses" if pulses else "events"
        raise ParameterError(method, name, f"a recording with {wanted}; this one has none")
    return align_marks(_picked(source, chosen.source_pattern), marks, method=method, options=chosen)


def align_marks(
    source: TimeMarks,
    marks: TimeMarks,
    *,
    method: AlignmentMethod = "events",
    options: AlignOptions | None = None,
) -> ClockAlignment:
    """Find how two clocks relate by what both of them timed.

    Parameters
    ----------
    source, marks : TimeMarks
        Times of the recording, and of the other clock.
    method : {"events", "pulses"}
        By names, or by the rhythm alone.
    options : AlignOptions, optional
        How; the pattern for the other clock is applied here.

    Returns
    -------
    ClockAlignment
        From the source clock to the other one.

    Raises
    ------
    ParameterError
        If the evidence does not tell the alignment.
    """
    chosen, pulses = options or AlignOptions(), method == "pulses"
    other = _picked(marks, chosen.target_pattern)
    given = {"reading_ms": chosen.reading_ms, "drift_bound_ppm": chosen.drift_bound_ppm}
    settings = {name: value for name, value in given.items() if value is not None}
    near_ns = None
    if chosen.near_s is not None:
        near_ns = (round(chosen.near_s * 1e9), round(chosen.near_within_s * 1e9))
    evidence = _evidence(source, other, chosen)
    if pulses:
        if chosen.tolerance_ms is not None:
            settings["tolerance_ms"] = chosen.tolerance_ms
        return align_by_pulses(
            source.t_ns,
            other.t_ns,
            near_ns=near_ns,
            bias_ms=chosen.bias_ms + other.unit_ms / 2,
            confidence=chosen.confidence,
            evidence=evidence,
            **settings,
        )
    return align_by_events(
        source.t_ns,
        source.names,
        other.t_ns,
        other.names,
        near_ns=near_ns,
        bias_ms=chosen.bias_ms,
        target_unit_ms=other.unit_ms or None,
        confidence=chosen.confidence,
        evidence=evidence,
        **settings,
    )


def on_other_clock(
    study: Study, recording_id: str, target: str, t_ns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times of a recording on another clock, by the alignment that the study has.

    Parameters
    ----------
    study : Study
        The study.
    recording_id, target : str
        The two clocks.
    t_ns : ndarray of int64, shape (n,)
        Times of the recording, ns.

    Returns
    -------
    t_ns : ndarray of int64, shape (n,)
        The same moments on the other clock.
    uncertainty_ms : ndarray of float, shape (n,)
        Half width of the interval around each.

    Raises
    ------
    StudyError
        If the study has no alignment of the two, or several.
    """
    return study.alignment(recording_id, target).alignment.to_target(t_ns)


def from_other_clock(
    study: Study, recording_id: str, target: str, t_ns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times of another clock on that of a recording; the reverse of `on_other_clock`."""
    return study.alignment(recording_id, target).alignment.to_source(t_ns)


def marks_of_file(path: str | Path) -> TimeMarks | None:
    """Return the time marks of a table, None where no file is named; raises InputError if it has none."""
    return read_time_marks(Path(path)) if path else None


def recording_marks(study: Study, recording_id: str, stream: str = "", *, pulses: bool) -> TimeMarks:
    """Return the events of a recording, or the moments at which its sync port went high.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    stream : str, optional
        Stream with `t_ns`; "": the sync port for pulses where there is one, else the events.
    pulses : bool
        For pulses.

    Raises
    ------
    StudyError
        If there are no such times.
    """
    if not stream:
        stream = SYNC_PORT if pulses and study.has_stream(recording_id, SYNC_PORT) else "events"
    table = study.stream(recording_id, stream)
    if "t_ns" not in table.columns:
        raise StudyError(f"{study.path}: stream {stream!r} of {recording_id!r} has no times (t_ns)")
    found = _marks_of(table, recording_id, stream)
    if found is None:
        raise StudyError(
            f"{study.path}: recording {recording_id!r} has no {'pulses' if pulses else 'events'}"
            f" (stream {stream!r}); it has {', '.join(study.streams(recording_id))}"
        )
    return found


def _marks_of(table: pd.DataFrame, recording: str, stream: str) -> TimeMarks | None:
    """Return the times of a stream, of a port those at which it goes high; None for none."""
    if {"direction", "value"} <= set(table.columns):
        table = _rising(table)
    if not len(table):
        return None
    label = next((name for name in ("name", "direction") if name in table.columns), None)
    names = tuple(table[label].astype(str)) if label else ("",) * len(table)
    origin = {"recording": recording, "stream": stream, "rows": len(table)}
    return TimeMarks(table["t_ns"].to_numpy(np.int64), names, origin=origin)


def _rising(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows at which a port goes from low to high."""
    pieces = []
    for _, rows in table.groupby("direction", sort=False):
        high = (rows["value"] > 0).to_numpy(bool)
        before = np.append(False, high[:-1])
        pieces.append(rows[high & ~before])
    return pd.concat(pieces).sort_values("t_ns", kind="stable") if pieces else table


def _picked(marks: TimeMarks, pattern: str) -> TimeMarks:
    wanted = pattern.strip().casefold()
    keep = [k for k, name in enumerate(marks.names) if fnmatchcase(name.strip().casefold(), wanted)]
    if not keep:
        known = ", ".join(sorted({name for name in marks.names if name})[:12]) or "no names"
        raise ParameterError("events", pattern, f"a pattern that fits one of: {known}")
    names = tuple(marks.names[k] for k in keep)
    return TimeMarks(marks.t_ns[keep], names, marks.unit_ms, marks.is_unix, marks.origin, marks.findings)


def _evidence(source: TimeMarks, other: TimeMarks, chosen: AlignOptions) -> dict[str, object]:
    return {
        "source": {**(source.origin or {}), "pattern": chosen.source_pattern, "used": len(source.t_ns)},
        "target": {**(other.origin or {}), "pattern": chosen.target_pattern, "used": len(other.t_ns)},
    }


def _require_recording(study: Study, target: str) -> None:
    if target not in {recording.id for recording in study.recordings()}:
        raise StudyError(
            f"{study.path}: {target!r} is no recording of this study, so its times must be given as a table"
        )


def _by_hand(reference_ns: int, recording: str, chosen: AlignOptions) -> ClockAlignment:
    if chosen.offset_s is None or chosen.uncertainty_ms is None:
        raise ParameterError("by-hand", recording, "an offset in seconds, and how far it may be off")
    return align_by_hand(
        offset_ns=round(chosen.offset_s * 1e9),
        uncertainty_ms=chosen.uncertainty_ms,
        reference_ns=reference_ns,
        drift_ppm=chosen.known_drift_ppm,
        drift_bound_ppm=chosen.drift_bound_ppm or 0.0,
        confidence=chosen.confidence,
        evidence={"source": {"recording": recording}},
    )


def _by_wall_clock(
    study: Study, recording_id: str, target: str, marks: TimeMarks | None, chosen: AlignOptions
) -> ClockAlignment:
    target_to_unix_ns = 0
    facts: dict[str, object] | None = None
    if marks is None and target in {recording.id for recording in study.recordings()}:
        target_to_unix_ns = _to_unix(study, target)
        facts = {"recording": target, "clock": study.clock(target).to_dict()}
    return _wall_clock(
        _to_unix(study, recording_id), study.clock(recording_id), recording_id, target, marks, chosen,
        target_to_unix_ns=target_to_unix_ns, target_facts=facts,
    )  # fmt: skip


def _wall_clock(
    ahead_ns: int,
    clock: Clock,
    recording: str,
    target: str,
    marks: TimeMarks | None,
    chosen: AlignOptions,
    *,
    target_to_unix_ns: int = 0,
    target_facts: dict[str, object] | None = None,
) -> ClockAlignment:
    if chosen.synchronised_unix_ns is None or chosen.drift_bound_ppm is None:
        raise ParameterError(
            "wall-clock",
            recording,
            "when the clock of the recording was last set, and how fast it may drift (a phone: 1 s/day)",
        )
    unit_ms = 0.0
    evidence: dict[str, object] = {"source": {"recording": recording, "clock": clock.to_dict()}}
    if marks is not None:
        if not marks.is_unix:
            raise ParameterError(
                "wall-clock", target, "times with date and time zone; give --day and --zone for times of day"
            )
        evidence["target"], unit_ms = marks.origin or {}, marks.unit_ms
    elif target_facts is not None:
        evidence["target"] = target_facts
    return align_by_wall_clock(
        source_to_unix_ns=ahead_ns,
        synchronised_unix_ns=chosen.synchronised_unix_ns,
        drift_bound_ppm=chosen.drift_bound_ppm,
        synchronisation_ms=chosen.synchronisation_ms,
        known_drift_ppm=chosen.known_drift_ppm,
        target_to_unix_ns=target_to_unix_ns,
        target_synchronised_unix_ns=chosen.target_synchronised_unix_ns,
        target_drift_bound_ppm=chosen.target_drift_bound_ppm,
        target_synchronisation_ms=chosen.target_synchronisation_ms,
        target_unit_ms=unit_ms,
        confidence=chosen.confidence,
        evidence=evidence,
    )


def _to_unix(study: Study, recording_id: str) -> int:
    ahead_ns = study.clock(recording_id).offset_to_unix_ns
    if ahead_ns is None:
        raise _no_time_of_day(recording_id)
    return ahead_ns


def _no_time_of_day(recording: str) -> StudyError:
    return StudyError(
        f"the clock of recording {recording!r} does not tell the time of day; align it by events, pulses or"
        " by hand"
    )
