"""Sampling plan: which point is observed when and by whom, so that no comparison is lopsided.

The factors are point (of a station), daypart and weekday. Each of their combinations is a cell; cells are
sampled equally often, or as equally as the number of sessions allows. Chance decides what is left over, and
the order of points, from a seed, so that nobody's convenience does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from gazestudy.errors import GazestudyError, ParameterError
from gazestudy.model.fieldwork import WEEKDAYS
from gazestudy.protocol.canonical import new_session_id
from gazestudy.protocol.plan_schedule import Booking, Day, Job, Rules, Travel, schedule

COLUMNS = (
    "session_id", "date", "weekday", "daypart", "start", "end", "station_id", "point_id", "observer",
    "role", "shared_with", "travel_min",
)  # fmt: skip
"""Columns of a plan; `start` and `end` are local times."""

_ATTEMPTS = 60


class PlanError(GazestudyError):
    """A plan is not possible as asked; the message says why and what would help.

    Parameters
    ----------
    reasons : sequence of str
        One for each weekday and daypart that does not fit.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("not all sessions can be planned:\n" + "\n".join(f"  {one}" for one in reasons))


@dataclass(frozen=True, slots=True)
class Daypart:
    """A stretch of the day in which sessions are comparable.

    Attributes
    ----------
    name : str
        Such as am_peak.
    start_min, end_min : int
        Minutes since midnight; sessions lie wholly between them.
    weekdays : tuple of str
        Days on which there is such a daypart; empty: all.
    """

    name: str
    start_min: int
    end_min: int
    weekdays: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Daypart:
        """Read `am_peak=07:00-09:30` or `weekend=10:00-18:00@sat,sun`.

        Raises
        ------
        ParameterError
            If it is not written so.

        Examples
        --------
        >>> Daypart.parse("am_peak=07:00-09:30@mon-fri").weekdays
        ('mon', 'tue', 'wed', 'thu', 'fri')
        """
        expected = "NAME=HH:MM-HH:MM, perhaps with @mon-fri or @sat,sun behind"
        name, equals, rest = text.partition("=")
        hours, _, days = rest.partition("@")
        first, dash, last = hours.partition("-")
        try:
            start, end = _minutes(first), _minutes(last)
        except ValueError as error:
            raise ParameterError("daypart", text, expected) from error
        if not (name.strip() and equals and dash) or start >= end:
            raise ParameterError("daypart", text, expected)
        return cls(name.strip(), start, end, read_weekdays(days) if days else ())


def read_weekdays(text: str) -> tuple[str, ...]:
    """Read `mon-fri`, `sat,sun` or `mon,wed-fri`.

    Raises
    ------
    ParameterError
        If a day has another name.

    Examples
    --------
    >>> read_weekdays("mon,wed-fri")
    ('mon', 'wed', 'thu', 'fri')
    """
    found: set[str] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise ParameterError("weekdays", text, "days such as mon-fri or sat,sun")
        found |= set(WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1])
    return tuple(day for day in WEEKDAYS if day in found)


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Who observes where and when.

    Attributes
    ----------
    sessions : DataFrame
        `COLUMNS`, one row for each observer and session, by time. A shared session has two rows, primary and
        second, which name each other in `shared_with`.
    reasons : tuple of str
        Why sessions are missing; empty if the plan is whole.
    """

    sessions: pd.DataFrame
    reasons: tuple[str, ...] = field(default=())

    def balance(self) -> pd.DataFrame:
        """Return how often each point is observed in each daypart and weekday; shared sessions count once."""
        once = self.sessions[self.sessions["role"] == "primary"]
        return (
            once.groupby(["station_id", "point_id", "daypart", "weekday"], sort=True)
            .size()
            .rename("sessions")
            .reset_index()
        )

    def shifts(self) -> pd.DataFrame:
        """Return from when to when each observer is out on each day, with sessions and minutes of travel."""
        groups = self.sessions.groupby(["date", "observer"], sort=True)
        return groups.agg(
            start=("start", "min"),
            end=("end", "max"),
            sessions=("session_id", "size"),
            travel_min=("travel_min", "sum"),
        ).reset_index()


def plan_sessions(
    points: pd.DataFrame,
    dayparts: Sequence[Daypart],
    dates: Sequence[date],
    observers: Sequence[str],
    rng: np.random.Generator,
    *,
    travel: pd.DataFrame | None = None,
    travel_min: int = 20,
    walk_min: int = 5,
    pause_min: int = 10,
    session_min: int = 60,
    longest_day_min: int = 480,
    repeats: int = 1,
    sessions: int | None = None,
    shared: float = 0.1,
) -> SamplingPlan:
    """Return a balanced plan.

    Parameters
    ----------
    points : DataFrame
        Columns `station_id` and `point_id`, one row for each point.
    dayparts : sequence of Daypart
        Stretches of the day; those of one weekday do not overlap.
    dates : sequence of date
        Days on which observers can work; their weekdays are the factor.
    observers : sequence of str
        Codes.
    rng : Generator
        Decides what is left to chance.
    travel : DataFrame, optional
        Columns `from_station`, `to_station` and `minutes`, door to door; either direction serves for both.
    travel_min : int, default 20
        Between stations that `travel` does not name.
    walk_min : int, default 5
        Between points of one station.
    pause_min : int, default 10
        After each session, before the way to the next begins.
    session_min : int, default 60
        Length of a session.
    longest_day_min : int, default 480
        From the first start of an observer to the last stop of that day.
    repeats : int, default 1
        Sessions in each cell.
    sessions : int, optional
        Number of sessions instead; cells then differ by one at most.
    shared : float, default 0.1
        Share of the sessions that two observers do together, 0 to 1, for agreement between observers.

    Returns
    -------
    SamplingPlan
        As whole as could be found; `reasons` says what is missing and why.

    Raises
    ------
    ParameterError
        If something makes no sense whatever the dates and observers.

    Notes
    -----
    Bookings are made day by day, always the one that can start first, among equals for the observer who has
    been at that point least often; observers thus change places and none stands for a point. Several orders
    are tried.
    """
    points = _checked_points(points)
    rules = Rules(session_min, pause_min, longest_day_min)
    _check(dayparts, dates, observers, rules, repeats, sessions, shared)
    days = sorted(set(dates))
    cells = _cells(points, dayparts, days)
    jobs = _jobs(cells, repeats * len(cells) if sessions is None else sessions, shared, rng)
    travels = Travel(_minutes_between(travel, points), travel_min, walk_min)
    by_day = [
        Day(day, WEEKDAYS[day.weekday()], [one for one in dayparts if _is_on(one, WEEKDAYS[day.weekday()])])
        for day in days
    ]
    best: list[Booking] | None = None
    for attempt in range(_ATTEMPTS):
        slack = attempt / (_ATTEMPTS - 1)
        found = schedule(jobs, by_day, list(observers), travels, rules, rng, slack=slack)
        if best is None or len(found) > len(best):
            best = found
        if len(best) == len(jobs):
            break
    booked = best or []
    return SamplingPlan(_table(booked, rng), tuple(_reasons(jobs, booked, by_day, observers, rules, travels)))


def _check(
    dayparts: Sequence[Daypart],
    dates: Sequence[date],
    observers: Sequence[str],
    rules: Rules,
    repeats: int,
    sessions: int | None,
    shared: float,
) -> None:
    if not dates:
        raise ParameterError("dates", "none", "at least one day")
    if not dayparts or len({one.name for one in dayparts}) < len(dayparts):
        raise ParameterError("dayparts", [one.name for one in dayparts], "dayparts with names that differ")
    if not observers or len(set(observers)) < len(observers):
        raise ParameterError("observers", list(observers), "codes that differ, at least one")
    if rules.session_min < 1 or rules.pause_min < 0:
        raise ParameterError("session_min", rules.session_min, "1 minute or more, and no negative pause")
    if repeats < 1 or (sessions is not None and sessions < 1):
        raise ParameterError("sessions", repeats if sessions is None else sessions, "1 or more")
    if not 0 <= shared <= 1:
        raise ParameterError("shared", shared, "a share from 0 to 1")
    if shared > 0 and len(observers) < 2:
        raise ParameterError("shared", shared, "0, since one observer alone cannot share a session")
    _check_hours(dayparts, rules)


def _check_hours(dayparts: Sequence[Daypart], rules: Rules) -> None:
    short = [one for one in dayparts if one.end_min - one.start_min < rules.session_min]
    if short:
        names = ", ".join(f"{one.name} ({one.end_min - one.start_min} min)" for one in short)
        raise ParameterError("session_min", rules.session_min, f"no more than the shortest daypart: {names}")
    if rules.session_min > rules.longest_day_min:
        raise ParameterError("longest_day_min", rules.longest_day_min, "at least the length of a session")
    for i, one in enumerate(dayparts):
        for other in dayparts[i + 1 :]:
            both = any(_is_on(one, day) and _is_on(other, day) for day in WEEKDAYS)
            if both and one.start_min < other.end_min and other.start_min < one.end_min:
                names = f"{one.name} and {other.name}"
                raise ParameterError("dayparts", names, "dayparts that do not overlap on the same weekday")


def _checked_points(points: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ("station_id", "point_id") if name not in points]
    if missing or not len(points):
        raise ParameterError("points", list(points.columns), "rows with station_id and point_id")
    table = points[["station_id", "point_id"]].astype("str").reset_index(drop=True)
    twice = sorted(set(table.loc[table.duplicated(), "point_id"]))
    if twice or (table == "").any(axis=None):
        raise ParameterError("points", ", ".join(twice), "points that are named, each once")
    return table


def _minutes_between(travel: pd.DataFrame | None, points: pd.DataFrame) -> dict[tuple[str, str], int]:
    if travel is None:
        return {}
    missing = [name for name in ("from_station", "to_station", "minutes") if name not in travel]
    if missing:
        raise ParameterError("travel", list(travel.columns), "from_station, to_station and minutes")
    known = set(points["station_id"])
    found: dict[tuple[str, str], int] = {}
    for row in travel.itertuples(index=False):
        ends = str(row.from_station), str(row.to_station)
        minutes = float(row.minutes)  # type: ignore[arg-type]  # pandas does not know the type of a cell
        if not np.isfinite(minutes) or minutes < 0:
            raise ParameterError("travel", f"{ends[0]} to {ends[1]}: {row.minutes}", "minutes, 0 or more")
        if set(ends) <= known:
            found[ends] = int(np.ceil(minutes))
    return {**{(b, a): minutes for (a, b), minutes in found.items()}, **found}


def _cells(
    points: pd.DataFrame, dayparts: Sequence[Daypart], days: Sequence[date]
) -> list[tuple[str, str, str, str]]:
    weekdays = sorted({WEEKDAYS[day.weekday()] for day in days}, key=WEEKDAYS.index)
    cells = [
        (str(station), str(point), daypart.name, weekday)
        for station, point in zip(points["station_id"], points["point_id"], strict=True)
        for daypart in dayparts
        for weekday in weekdays
        if _is_on(daypart, weekday)
    ]
    idle = [one.name for one in dayparts if not any(cell[2] == one.name for cell in cells)]
    if idle:
        raise ParameterError("dates", f"{days[0]} to {days[-1]}", f"days on which there is {', '.join(idle)}")
    return cells


def _jobs(
    cells: list[tuple[str, str, str, str]], count: int, shared: float, rng: np.random.Generator
) -> list[Job]:
    """Return the sessions: whole rounds of all cells, and a balanced choice of cells for the rest."""
    rounds, rest = divmod(count, len(cells))
    chosen = cells * rounds + _balanced_choice(cells, rest, rng)
    together = Counter(_balanced_choice(chosen, round(shared * count), rng))
    jobs = []
    for cell in chosen:
        is_shared = together[cell] > 0
        together[cell] -= is_shared
        jobs.append(Job(*cell, shared=is_shared))
    return jobs


def _balanced_choice(
    cells: list[tuple[str, str, str, str]], count: int, rng: np.random.Generator
) -> list[tuple[str, str, str, str]]:
    """Choose cells so that points, dayparts and weekdays, and their pairs, come equally often.

    One after the other is chosen where least is; then single factors are evened out by exchanges that touch
    one factor only, so that each ends within one wherever all combinations exist.
    """
    left = [cells[i] for i in rng.permutation(len(cells))]
    seen: Counter[tuple[object, ...]] = Counter()
    chosen = []
    for _ in range(count):
        best = min(left, key=lambda cell: [sum(seen[one] for one in group) for group in _margins(cell)])
        left.remove(best)
        chosen.append(best)
        seen.update(one for group in _margins(best) for one in group)
    for factor in _FACTORS:
        _even_out(chosen, left, factor)
    return chosen


def _even_out(
    chosen: list[tuple[str, str, str, str]], left: list[tuple[str, str, str, str]], factor: slice
) -> None:
    """Exchange chosen cells for others that differ in one factor alone, until its levels are within one."""
    levels = sorted({cell[factor] for cell in (*chosen, *left)})
    stuck: set[tuple[object, object]] = set()
    while True:
        counts = Counter(cell[factor] for cell in chosen)
        over, under = max(
            ((a, b) for a in levels for b in levels if (a, b) not in stuck),
            key=lambda pair: counts[pair[0]] - counts[pair[1]],
            default=(None, None),
        )
        if over is None or under is None or counts[over] - counts[under] <= 1:
            return
        for cell in chosen:
            other = (*cell[: factor.start], *under, *cell[factor.stop :])
            if cell[factor] == over and other in left:
                chosen[chosen.index(cell)] = other
                left[left.index(other)] = cell
                break
        else:
            stuck.add((over, under))


_FACTORS = (slice(0, 2), slice(2, 3), slice(3, 4))
"""Point with its station, daypart and weekday in a cell."""


def _margins(cell: tuple[str, str, str, str]) -> list[list[tuple[object, ...]]]:
    station, point, daypart, weekday = cell
    place = (station, point)
    single: list[tuple[object, ...]] = [("point", place), ("daypart", daypart), ("weekday", weekday)]
    return [single, [("pd", place, daypart), ("pw", place, weekday), ("dw", daypart, weekday)]]


def _is_on(daypart: Daypart, weekday: str) -> bool:
    return not daypart.weekdays or weekday in daypart.weekdays


def _minutes(text: str) -> int:
    hour, minute = text.strip().split(":")
    if not (0 <= int(hour) <= 24 and 0 <= int(minute) < 60 and int(hour) * 60 + int(minute) <= 1440):
        raise ValueError(text)
    return int(hour) * 60 + int(minute)


def _table(booked: list[Booking], rng: np.random.Generator) -> pd.DataFrame:
    """Return the bookings as rows, with ids that are drawn from the seed, too."""
    rows: list[tuple[object, ...]] = []
    ids: set[str] = set()

    def new_id() -> str:
        while (one := new_session_id(lambda letters: letters[rng.integers(len(letters))])) in ids:
            pass
        ids.add(one)
        return one

    for one in sorted(booked, key=lambda b: (b.day, b.start_min, b.observers)):
        names = [new_id() for _ in one.observers]
        start = pd.Timestamp(one.day) + pd.Timedelta(minutes=one.start_min)
        end = pd.Timestamp(one.day) + pd.Timedelta(minutes=one.end_min)
        for number, observer in enumerate(one.observers):
            other = names[1 - number] if len(names) == 2 else ""
            rows.append(
                (names[number], one.day.isoformat(), one.job.weekday, one.job.daypart, start, end,
                 one.job.station, one.job.point, observer, "second" if number else "primary", other,
                 one.travel_min[number])
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _reasons(
    jobs: list[Job],
    booked: list[Booking],
    days: list[Day],
    observers: Sequence[str],
    rules: Rules,
    travels: Travel,
) -> list[str]:
    """Say for each weekday and daypart that is not whole how much fits, and what would help."""
    wanted = Counter((one.weekday, one.daypart) for one in jobs)
    got = Counter((one.job.weekday, one.job.daypart) for one in booked)
    reasons = []
    for (weekday, name), count in wanted.items():
        if got[weekday, name] == count:
            continue
        dates = [day for day in days if day.weekday == weekday]
        daypart = next(one for one in dates[0].dayparts if one.name == name)
        length = daypart.end_min - daypart.start_min
        each = 1 + (length - rules.session_min) // (rules.session_min + rules.pause_min)
        pairs = sum(one.shared for one in jobs if (one.weekday, one.daypart) == (weekday, name))
        reasons.append(
            f"{weekday} {name}: {got[weekday, name]} of {count} sessions fit ({pairs} of them need two"
            f" observers). There are {len(dates)} such days and {len(observers)} observers; in {length} min"
            f" one observer does at most {each} of {rules.session_min} min, less with {travels.walk_min} to"
            f" {travels.longest} min of way between points, and is out for at most {rules.longest_day_min}"
            " min a day. More days, more observers, a longer daypart, fewer repeats or fewer shared sessions"
            " would help."
        )
    return reasons
