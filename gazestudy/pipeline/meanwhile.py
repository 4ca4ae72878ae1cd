"""Which observation sessions ran while something else was recorded, by the time of day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gazestudy.store import Study


@dataclass(frozen=True, slots=True)
class Watch:
    """When somebody observed at a point.

    Attributes
    ----------
    session_id, point, daypart : str
        As in the field log.
    start_s, stop_s : float
        Unix time.
    """

    session_id: str
    point: str
    daypart: str
    start_s: float
    stop_s: float


def watches(study: Study) -> list[Watch]:
    """Return the observation sessions of a study that say when they began.

    One that does not say when it ended counts as the moment it began.
    """
    if not study.field_logs():
        return []
    found = []
    for row in study.field_log().sessions.to_dict("records"):
        start_s = _unix(row["started_at"])
        if start_s is None:
            continue
        stop_s = _unix(row["stopped_at"])
        found.append(
            Watch(
                str(row["session_id"]), str(row["point_id"]), str(row["daypart"]),
                start_s, max(start_s, stop_s if stop_s is not None else start_s),
            )
        )  # fmt: skip
    return found


def meanwhile(sessions: Iterable[Watch], start_s: float, stop_s: float) -> list[Watch]:
    """Return the sessions that have a moment in common with a stretch of time.

    Parameters
    ----------
    sessions : iterable of Watch
        From `watches`.
    start_s, stop_s : float
        Unix time.

    Examples
    --------
    >>> one = Watch("C1-0800", "C1", "morning peak", 100.0, 200.0)
    >>> meanwhile([one], 150.0, 300.0) == [one], meanwhile([one], 201.0, 300.0)
    (True, [])
    """
    return [one for one in sessions if one.start_s <= stop_s and one.stop_s >= start_s]


def _unix(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:  # nobody wrote it down
        return None
