"""Books the sessions of a sampling plan: nobody in two places, ways kept, days no longer than allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Protocol

import numpy as np

GRID_MIN = 5
"""Sessions begin at full five minutes."""


class Window(Protocol):
    """What a daypart is to the schedule."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def start_min(self) -> int:
        """First minute of the day."""

    @property
    def end_min(self) -> int:
        """Last minute of the day."""


@dataclass(frozen=True, slots=True)
class Job:
    """One session to be booked."""

    station: str
    point: str
    daypart: str
    weekday: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Booking:
    """A session with its time and observers; the first of two is the primary one.

    Attributes
    ----------
    job : Job
        The session.
    day : date
        When.
    start_min, end_min : int
        Minutes since midnight.
    observers : tuple of str
        One, or two for a shared session.
    travel_min : tuple of int
        Their ways from the session before on that day, 0 for the first.
    """

    job: Job
    day: date
    start_min: int
    end_min: int
    observers: tuple[str, ...]
    travel_min: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its dayparts."""

    day: date
    weekday: str
    dayparts: Sequence[Window]


@dataclass(frozen=True, slots=True)
class Rules:
    """Length of a session, pause after it, and longest time out on one day; minutes."""

    session_min: int
    pause_min: int
    longest_day_min: int


@dataclass(frozen=True, slots=True)
class Travel:
    """Ways between points, in minutes."""

    between: dict[tuple[str, str], int]
    default_min: int
    walk_min: int

    def minutes(self, a: tuple[str, str], b: tuple[str, str]) -> int:
        """Return the way between two points, each given with its station."""
        if a == b:
            return 0
        if a[0] == b[0]:
            return self.walk_min
        return self.between.get((a[0], b[0]), self.default_min)

    @property
    def longest(self) -> int:
        """The longest way that is known."""
        return max([*self.between.values(), self.walk_min, self.default_min * (not self.between)])


@dataclass(slots=True)
class _Observer:
    """Where an observer is on one day."""

    shift: tuple[str, ...]
    place: tuple[str, str] | None = None
    first_min: int = 0
    free_min: int = 0


@dataclass(slots=True)
class _State:
    """What is booked so far."""

    travel: Travel
    rules: Rules
    rng: np.random.Generator
    booked: list[Booking] = field(default_factory=list)
    visits: Counter[tuple[str, tuple[str, str]]] = field(default_factory=Counter)
    load: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, ...]] = field(default_factory=Counter)


def schedule(
    jobs: Sequence[Job],
    days: Sequence[Day],
    observers: Sequence[str],
    travel: Travel,
    rules: Rules,
    rng: np.random.Generator,
    *,
    slack: float,
) -> list[Booking]:
    """Return bookings for as many of the jobs as were found to fit.

    Parameters
    ----------
    jobs : sequence of Job
        What is to be booked.
    days : sequence of Day
        When.
    observers : sequence of str
        By whom.
    travel, rules
        What has to be kept.
    rng : Generator
        Breaks ties.
    slack : float
        0 spreads the sessions of a weekday equally over its dates, 1 fills early dates first, into which the
        most fits; in between, early dates get more than their part.
    """
    state = _State(travel, rules, rng)
    waiting = [jobs[i] for i in rng.permutation(len(jobs))]
    for index, day in enumerate(days):
        same = sum(later.weekday == day.weekday for later in days[index:])
        offered: dict[str, list[Job]] = {}
        for window in day.dayparts:
            fitting = [one for one in waiting if (one.weekday, one.daypart) == (day.weekday, window.name)]
            offered[window.name] = _share(fitting, same, slack)
        team = _team(day, offered, observers, state, slack)
        for window in sorted(day.dayparts, key=lambda one: one.start_min):
            for job in _book(offered[window.name], day.day, window, team, state):
                waiting.remove(job)
    return state.booked


def _share(jobs: list[Job], dates: int, slack: float) -> list[Job]:
    """Return what is offered on one of several dates, of different points as far as there are."""
    equal = -(-len(jobs) // dates)
    count = equal + round(slack * (len(jobs) - equal))
    seen: Counter[Job] = Counter()
    ranked = []
    for order, job in enumerate(jobs):
        ranked.append((seen[job], order))
        seen[job] += 1
    return [jobs[order] for _, order in sorted(ranked)[:count]]


def _team(
    day: Day, offered: dict[str, list[Job]], observers: Sequence[str], state: _State, slack: float
) -> dict[str, _Observer]:
    """Give each observer a shift: dayparts that follow each other and fit into one working day.

    A shift goes where observers are needed most, to whoever did least so far; who is not needed has a free
    day. Needs are varied by chance when earlier tries did not fit.
    """
    windows = sorted(day.dayparts, key=lambda one: one.start_min)
    shifts = [
        windows[first : last + 1]
        for first in range(len(windows))
        for last in range(first, len(windows))
        if first == last or windows[last].end_min - windows[first].start_min <= state.rules.longest_day_min
    ]
    each = state.rules.session_min + state.rules.pause_min
    need = {}
    for one in windows:
        jobs = offered[one.name]
        most = max(1, 1 + (one.end_min - one.start_min - state.rules.session_min) // each)
        crews = sum(1 + job.shared for job in jobs) / most
        least = 2.0 if any(job.shared for job in jobs) else float(bool(jobs))
        need[one.name] = max(crews, least) * (1 + slack * state.rng.random())
    team = {}
    by_chance = [observers[i] for i in state.rng.permutation(len(observers))]
    for observer in sorted(by_chance, key=lambda name: state.load[name]):
        best = max(
            shifts,
            key=lambda shift: (sum(max(0.0, need[one.name]) for one in shift), -len(shift)),
            default=[],
        )
        if all(need[one.name] <= 0 for one in best):
            best = []  # a free day
        for one in best:
            need[one.name] -= 1
        team[observer] = _Observer(tuple(one.name for one in best))
    return team


def _book(jobs: list[Job], day: date, window: Window, team: dict[str, _Observer], state: _State) -> list[Job]:
    """Book jobs in a daypart of a day, always the one that can start first; shared ones go before."""
    taken: dict[tuple[str, str], int] = {}
    done: list[Job] = []
    for shared in (True, False):
        left = [job for job in jobs if job.shared is shared]
        crews = list(combinations(sorted(team), 2)) if shared else [(one,) for one in sorted(team)]
        while left:
            best = None
            for number, job in enumerate(left):
                for crew in crews:
                    start = _start(job, crew, window, team, taken, state)
                    if start is None:
                        continue
                    rank = (start, *_strain(job, crew, team, state), state.rng.random())
                    if best is None or rank < best[0]:
                        best = (rank, number, crew, start)
            if best is None:
                break
            _, number, crew, start = best
            job = left.pop(number)
            _enter(job, crew, day, start, team, state)
            taken[job.station, job.point] = start + state.rules.session_min
            done.append(job)
    return done


def _start(
    job: Job,
    crew: tuple[str, ...],
    window: Window,
    team: dict[str, _Observer],
    taken: dict[tuple[str, str], int],
    state: _State,
) -> int | None:
    """Return when a crew can begin a session, None if not in this daypart."""
    place = (job.station, job.point)
    start = max(window.start_min, taken.get(place, 0))
    for name in crew:
        one = team[name]
        if job.daypart not in one.shift:
            return None
        if one.place is not None:
            ready = one.free_min + state.rules.pause_min + state.travel.minutes(one.place, place)
            start = max(start, ready)
    start = -(-start // GRID_MIN) * GRID_MIN
    end = start + state.rules.session_min
    if end > window.end_min:
        return None
    for name in crew:
        one = team[name]
        if one.place is not None and end - one.first_min > state.rules.longest_day_min:
            return None
    return start


def _strain(
    job: Job, crew: tuple[str, ...], team: dict[str, _Observer], state: _State
) -> tuple[int, int, int, int]:
    """Rank a crew: those who met least, who were least at the point, who come from nearby, who did least."""
    place = (job.station, job.point)
    way = 0
    for name in crew:
        before = team[name].place
        way += state.travel.minutes(before, place) if before is not None else 0
    return (
        state.pairs[crew] if len(crew) == 2 else 0,
        sum(state.visits[name, place] for name in crew),
        way,
        sum(state.load[name] for name in crew),
    )


def _enter(
    job: Job, crew: tuple[str, ...], day: date, start: int, team: dict[str, _Observer], state: _State
) -> None:
    place, end = (job.station, job.point), start + state.rules.session_min
    # the role of primary observer goes to whoever had it at this point less often
    order = sorted(crew, key=lambda name: (state.visits[name, place], state.load[name], state.rng.random()))
    ways = []
    for name in order:
        one = team[name]
        ways.append(state.travel.minutes(one.place, place) if one.place is not None else 0)
        if one.place is None:
            one.first_min = start
        one.place, one.free_min = place, end
        state.visits[name, place] += 1
        state.load[name] += 1
    if len(crew) == 2:
        state.pairs[crew] += 1
    state.booked.append(Booking(job, day, start, end, tuple(order), tuple(ways)))
