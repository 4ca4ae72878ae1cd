"""Times of day and numbers as people and programs write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from gazestudy.importers.fieldlogs.mistakes import Cell, Mistakes

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"[-+]?\d+,\d+")
_LARGEST = 1e12
_MOST_S = 1e9


def zone_of(name: str) -> tzinfo | None:
    """Return an IANA time zone, None if there is none of that name.

    Examples
    --------
    >>> str(zone_of("Asia/Bangkok")), zone_of("../secret"), zone_of("America")
    ('Asia/Bangkok', None, None)
    """
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return None


class Clock:
    """Reads times of day.

    Parameters
    ----------
    tz : str
        Time zone of times that do not say; empty: they are taken as UTC, with a warning.
    mistakes : Mistakes
        Hears of unreadable times.
    formats : sequence of str, optional
        `strptime` formats to try before ISO 8601.
    """

    def __init__(self, tz: str, mistakes: Mistakes, formats: Sequence[str] = ()) -> None:
        self.tz, self.formats, self._mistakes = tz, tuple(formats), mistakes
        self._told = False

    def read(self, text: str, where: Cell, tz: str = "") -> datetime | None:
        """Return a time with its offset; None where the text is empty, or no time (which is a problem)."""
        if not text.strip():
            return None
        found = self._parse(text.strip())
        if found is None or not 1970 <= found.year <= 2200:
            expected = "a date and time such as 2026-11-22T08:00+07:00"
            self._mistakes.problem("no_time", where, f"{text[:40]!r} is no time; expected {expected}")
            return None
        if found.tzinfo is not None:
            return found
        name = tz or self.tz
        zone = zone_of(name) if name else None
        if zone is None:
            self._tell_zone(name, where)
        moment = found.replace(tzinfo=zone or UTC)
        if moment.astimezone(UTC).astimezone(moment.tzinfo).replace(tzinfo=None) != found:
            text = f"{text[:40]!r} does not exist in {name}: clocks were set forward then"
            self._mistakes.problem("no_time", where, text)
            return None
        # a fixed offset: differences of two times in one zone would ignore a change of summer time
        return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta(0)))

    def _parse(self, text: str) -> datetime | None:
        for form in self.formats:
            try:
                return datetime.strptime(text, form)
            except ValueError:
                continue
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None

    def _tell_zone(self, name: str, where: Cell) -> None:
        if name:
            text = f"{name[:40]!r} is no time zone; expected one such as Asia/Bangkok. UTC was taken"
            self._mistakes.warn("time_zone", where, text)
        elif not self._told:
            self._told = True
            text = "times have no offset and there is no time zone: they are taken as UTC (give --tz)"
            self._mistakes.warn("time_zone", where, text)


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 with offset, to the second where that is exact.

    Examples
    --------
    >>> iso(datetime(2026, 11, 22, 8, tzinfo=UTC))
    '2026-11-22T08:00:00+00:00'
    """
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def later(moment: datetime, seconds: float) -> datetime:
    """Return a time some seconds later, 30 years at most: damaged files say anything."""
    return moment + timedelta(seconds=min(max(seconds, -_MOST_S), _MOST_S))


def number_of(text: str) -> float | None:
    """Return a number as people write it, None if it is none or cannot be told.

    Examples
    --------
    >>> number_of("12"), number_of("1,5"), number_of("1,234"), number_of("1e3"), number_of("１２")
    (12.0, 1.5, None, 1000.0, 12.0)
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if _COMMA.fullmatch(plain) and not _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", ".")
    if _NUMBER.fullmatch(plain) is None:
        return None
    value = float(plain)
    return value if abs(value) <= _LARGEST else None
