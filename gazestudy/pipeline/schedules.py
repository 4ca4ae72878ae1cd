"""What digital placements showed while a recording ran."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.importers.play_log import PlayLog, read_play_log
from gazestudy.importers.time_marks import parse_moment
from gazestudy.model import Placement
from gazestudy.model.schedule import Schedule, loop
from gazestudy.store import Study

if TYPE_CHECKING:
    from gazestudy.mapping.on_show import OnShow

OTHERS = "-"
"""How the pictures of others are written in a loop."""


def schedule_from_log(
    study: Study,
    placement_id: str,
    path: Path,
    *,
    zone: str | None = None,
    clock: str = "",
    uncertainty_s: float = 2.0,
) -> PlayLog:
    """Give a placement the schedule that its player wrote down.

    Parameters
    ----------
    study : Study
        The study.
    placement_id : str
        Which placement; contents are its creatives by id, name or file name, all others are of others.
    path : Path
        The log, see `gazestudy.importers.play_log`.
    zone : str, optional
        Time zone of times without one.
    clock : str, optional
        Name of the player's clock among the alignments of the recordings.
    uncertainty_s : float, optional
        How far the player's clock may be from that of a recording, where no alignment says it.

    Returns
    -------
    PlayLog
        What was read.

    Raises
    ------
    InputError
        If the log cannot be read, or none of its contents is a creative of the placement.
    StudyError
        If there is no such placement.
    """
    placement = study.placement(placement_id)
    log = read_play_log(path, _names(placement), zone=zone)
    if not (log.showings["creative_id"] != "").any():
        raise ParameterError(
            "log",
            ", ".join(log.others[:5]) or "no rows",
            f"at least one picture of {placement_id!r}: {', '.join(c.name for c in placement.creatives)}",
        )
    note = f"{path.name} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
    study.set_schedule(Schedule(placement_id, log.showings, clock, uncertainty_s * 1e3), note=note)
    return log


def schedule_from_loop(
    study: Study,
    placement_id: str,
    spots: Sequence[tuple[str, float]],
    *,
    start: str,
    end: str,
    clock: str = "",
    uncertainty_s: float = 2.0,
) -> int:
    """Give a placement a loop that repeats without pause.

    Parameters
    ----------
    study, placement_id, clock, uncertainty_s
        As for `schedule_from_log`.
    spots : sequence of (str, float)
        Creative by id, name or file name ("-" for pictures of others), and seconds.
    start, end : str
        When a first spot begins and when it all ends, such as "2026-05-01T08:00:00+07:00".

    Returns
    -------
    int
        Number of showings.

    Raises
    ------
    ParameterError
        For a time or creative that is none.
    """
    names = _names(study.placement(placement_id))
    for name, _ in spots:
        if name != OTHERS and name not in names:
            raise ParameterError("spot", name, "- for others, or one of " + ", ".join(sorted(names)))
    resolved = [("" if name == OTHERS else names[name], seconds) for name, seconds in spots]
    table = loop(resolved, start_unix_ns=parse_moment(start), end_unix_ns=parse_moment(end))
    words = ", ".join(f"{name} {seconds:g} s" for name, seconds in spots)
    study.set_schedule(Schedule(placement_id, table, clock, uncertainty_s * 1e3), note=f"loop of {words}")
    return len(table)


def _names(placement: Placement) -> dict[str, str]:
    """Return what a creative may be called, to its id."""
    names: dict[str, str] = {}
    for creative in placement.creatives:
        file = Path(creative.image)
        for word in (file.stem, file.name, creative.name, creative.id):
            if word:
                names[word] = creative.id
    return names


@dataclass(frozen=True, slots=True, eq=False)
class _Player:
    """A schedule as seen from the clock of a recording."""

    study: Study
    recording_id: str
    schedule: Schedule
    offset_ns: int | None

    def __call__(self, t_ns: NDArray[np.int64]) -> NDArray[np.object_]:
        if self.offset_ns is not None:
            return self.schedule.on_show(t_ns + self.offset_ns)
        known = self.study.alignment(self.recording_id, self.schedule.clock).alignment
        return self.schedule.on_show(*known.to_target(t_ns))


def players(study: Study, recording_id: str) -> dict[str, OnShow]:
    """Return what was on show on each scheduled placement while a recording ran.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    dict of str to callable
        By placement: times of the recording, ns, to the creative on show. Placements are left out where the
        recording was not aligned to the player's clock, and does not know its wall clock.
    """
    found: dict[str, OnShow] = {}
    for placement_id in study.schedule_keys():
        schedule = study.schedule(placement_id)
        if schedule is None:
            continue
        if schedule.clock and study.alignments(recording_id, schedule.clock):
            found[placement_id] = _Player(study, recording_id, schedule, None)
            continue
        offset_ns = study.clock(recording_id).offset_to_unix_ns
        if offset_ns is not None:
            found[placement_id] = _Player(study, recording_id, schedule, offset_ns)
    return found


def schedules_key(study: Study, recording_id: str) -> dict[str, Any]:
    """Return what schedules add to the key of a result; nothing where there are none."""
    found = []
    for placement_id, (clock, uncertainty_ms, sha256) in study.schedule_keys().items():
        aligned = [one.alignment.to_dict() for one in study.alignments(recording_id, clock)] if clock else []
        offset_ns = study.clock(recording_id).offset_to_unix_ns
        found.append([placement_id, sha256, uncertainty_ms, offset_ns, aligned])
    return {"schedules": found} if found else {}
