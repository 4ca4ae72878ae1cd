"""A sampling plan as files: table, calendar, and route sheets to carry; and the tables it is made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from gazestudy.errors import InputError, ParameterError
from gazestudy.protocol.texts import in_language

_WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "Route sheet", "th": "ใบเส้นทาง", "vi": "Phiếu lộ trình", "zh": "路线单"},
    "observer": {"en": "Observer", "th": "ผู้สังเกต", "vi": "Quan sát viên", "zh": "观察员"},
    "time": {"en": "Time", "th": "เวลา", "vi": "Giờ", "zh": "时间"},
    "way": {"en": "Way", "th": "เดินทาง", "vi": "Di chuyển", "zh": "路程"},
    "minutes": {"en": "{n} min", "th": "{n} นาที", "vi": "{n} phút", "zh": "{n} 分钟"},
    "station": {"en": "Station", "th": "สถานี", "vi": "Nhà ga", "zh": "车站"},
    "point": {"en": "Point", "th": "จุด", "vi": "Điểm", "zh": "点位"},
    "daypart": {"en": "Daypart", "th": "ช่วงเวลา", "vi": "Khung giờ", "zh": "时段"},
    "session": {"en": "Session id", "th": "รหัสรอบ", "vi": "Mã phiên", "zh": "场次编号"},
    "alone": {"en": "alone", "th": "คนเดียว", "vi": "một mình", "zh": "单独"},
    "primary": {
        "en": "main observer, with {who}",
        "th": "ผู้สังเกตหลัก คู่กับ {who}",
        "vi": "quan sát viên chính, cùng {who}",
        "zh": "主观察员，与 {who} 同时",
    },
    "second": {
        "en": "second observer, with {who}",
        "th": "ผู้สังเกตคนที่สอง คู่กับ {who}",
        "vi": "quan sát viên thứ hai, cùng {who}",
        "zh": "第二观察员，与 {who} 同时",
    },
    "real": {"en": "Really from – to", "th": "เวลาจริง", "vi": "Giờ thực tế", "zh": "实际起止"},
    "note": {
        "en": "Count apart and do not compare while counting. Write down every change of the plan.",
        "th": "นับแยกกันและอย่าเทียบกันขณะนับ จดทุกครั้งที่เปลี่ยนจากแผน",
        "vi": "Đếm riêng, không so sánh khi đang đếm. Ghi lại mọi thay đổi so với kế hoạch.",
        "zh": "各自计数，计数时不要互相核对。计划有任何变动都要记下。",
    },
    "page": {
        "en": "page {n} of {N}",
        "th": "หน้า {n} จาก {N}",
        "vi": "trang {n} / {N}",
        "zh": "第 {n} 页，共 {N} 页",
    },
}
"""Words of the route sheets; other languages fall back to English."""

LANGUAGES = ("en", "th", "vi", "zh")
"""Languages of the route sheets."""


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV table that needs some columns; all cells are text.

    Raises
    ------
    InputError
        If it cannot be read, or a column or a cell is missing: all missing cells are told with their rows.
    """
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(path, f"is no CSV table: {error}", advice="Save it as CSV in UTF-8") from error
    table.columns = [str(name).strip() for name in table.columns]
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(
            path,
            "a column is missing",
            place="row 1",
            expected=", ".join(columns),
            found=", ".join(map(str, table.columns)),
        )
    table = pd.DataFrame({name: table[name].str.strip() for name in table.columns})
    empty = [f"row {row + 2}, {name}" for name in columns for row in table.index[table[name] == ""].to_list()]
    if empty:
        raise InputError(path, "cells are empty: " + "; ".join(empty))
    return table


def read_travel(path: Path) -> pd.DataFrame:
    """Read ways between stations: columns from_station, to_station, minutes.

    Raises
    ------
    InputError
        If it cannot be read, or minutes are no numbers: all of them are told with their rows.
    """
    table = read_table(path, ("from_station", "to_station", "minutes"))
    minutes = pd.to_numeric(table["minutes"], errors="coerce")
    wrong = table.index[minutes.isna() | (minutes < 0)]
    if len(wrong):
        rows = "; ".join(f"row {row + 2}: {table.loc[row, 'minutes']!r}" for row in wrong)
        raise InputError(path, f"minutes are no numbers: {rows}", expected="0 or more")
    return table.assign(minutes=minutes)


def days_between(first: date, last: date, *, without: Sequence[date] = ()) -> list[date]:
    """Return the days from first to last, both included, without some.

    Raises
    ------
    ParameterError
        If last is before first, or it is more than two years.

    Examples
    --------
    >>> len(days_between(date(2026, 11, 23), date(2026, 11, 29), without=[date(2026, 11, 25)]))
    6
    """
    if not first <= last <= first + timedelta(days=732):
        raise ParameterError("to", last, f"a day from {first} on, at most two years later")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day not in set(without)]


def write_plan_csv(sessions: pd.DataFrame, path: Path) -> None:
    """Write a plan as CSV (UTF-8 with a byte order mark, which Excel needs), times as ISO 8601."""
    table = sessions.assign(
        start=sessions["start"].dt.strftime("%Y-%m-%dT%H:%M"),
        end=sessions["end"].dt.strftime("%Y-%m-%dT%H:%M"),
    )
    table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def write_calendar(sessions: pd.DataFrame, path: Path, *, tz: str = "", written: datetime) -> None:
    """Write a plan as calendar.

    Parameters
    ----------
    sessions : DataFrame
        Of a `SamplingPlan`.
    path : Path
        File ending in .ics.
    tz : str
        IANA time zone of the stations; times are then written in UTC, which every calendar understands.
        Empty: "floating" times, which mean the local time of whoever looks.
    written : datetime
        When the plan was made, with offset.

    Raises
    ------
    ParameterError
        If there is no such time zone.

    References
    ----------
    RFC 5545, Internet Calendaring and Scheduling Core Object Specification. DOI 10.17487/RFC5545
    """
    from icalendar import Calendar, Event

    zone = _zone(tz)
    calendar = Calendar()
    calendar.add("prodid", "-//gazestudy//sampling plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    partner = _partners(sessions)
    for row in sessions.to_dict("records"):
        event = Event()
        event.add("uid", f"{row['session_id']}@gazestudy")
        event.add("dtstamp", written.astimezone(UTC))
        for name, moment in (("dtstart", row["start"]), ("dtend", row["end"])):
            local = moment.to_pydatetime()
            event.add(name, local if zone is None else local.replace(tzinfo=zone).astimezone(UTC))
        event.add("summary", f"{row['point_id']} · {row['daypart']} · {row['observer']}")
        event.add("location", f"{row['station_id']}, {row['point_id']}")
        role = _role(row, partner, "en")
        event.add("description", f"Session {row['session_id']}\n{role}\nWay: {row['travel_min']} min")
        event.add("categories", [str(row["observer"]), str(row["daypart"])])
        calendar.add_component(event)
    path.write_bytes(calendar.to_ical())


def write_route_sheets(
    sessions: pd.DataFrame, path: Path, *, language: str = "en", paper: str = "A4"
) -> None:
    """Write one page for each observer and day: where to be when, by which way, with whom.

    Parameters
    ----------
    sessions : DataFrame
        Of a `SamplingPlan`.
    path : Path
        File ending in .pdf.
    language : str, default "en"
        One of `LANGUAGES`; others are written in English.
    paper : {"A4", "Letter"}
        Paper size.

    Raises
    ------
    MissingFontError
        If no installed font can write the language.
    """
    from reportlab.lib.pagesizes import A4, LETTER
    from reportlab.pdfgen.canvas import Canvas

    from gazestudy.protocol.targets.pdf.page import MARGIN, MM
    from gazestudy.protocol.targets.pdf.text import Typesetter

    cells = sessions[["observer", "station_id", "point_id", "daypart", "session_id", "date"]]
    letters = "".join(_word(name, language) for name in _WORDS) + "".join(
        str(cell) for column in cells for cell in cells[column].unique()
    )
    type_ = Typesetter(letters)
    size = A4 if paper == "A4" else LETTER
    canvas = Canvas(str(path), pagesize=size, pageCompression=1, initialFontName=type_.base)
    canvas.setTitle(_word("title", language))
    canvas.setAuthor("gazestudy")
    partner = _partners(sessions)
    row_height = 23 * MM
    each = int((size[1] - 2 * MARGIN - 30 * MM) // row_height)
    for (day, observer), group in sessions.groupby(["date", "observer"], sort=True):
        rows = group.sort_values("start").to_dict("records")
        pages = [rows[first : first + each] for first in range(0, len(rows), each)]
        for number, page in enumerate(pages, start=1):
            about = _word("page", language, n=number, N=len(pages))
            _draw_head(canvas, type_, size, language, f"{observer} · {day} ({rows[0]['weekday']})", about)
            for index, row in enumerate(page):
                top = size[1] - MARGIN - 22 * MM - index * row_height
                _draw_row(canvas, type_, size, top, language, row, _role(row, partner, language))
            canvas.showPage()
    canvas.save()


def _draw_head(
    canvas: Any, type_: Any, size: tuple[float, float], language: str, who: str, about: str
) -> None:
    from gazestudy.protocol.targets.pdf.page import MARGIN, MM

    top, right = size[1] - MARGIN, size[0] - MARGIN
    type_.draw(canvas, MARGIN, top - 14, f"{_word('title', language)}: {who}", 14, bold=True)
    type_.draw(canvas, right, top - 12, about, 8, align="right")
    for number, line in enumerate(type_.wrap(_word("note", language), right - MARGIN, 9)[:2]):
        type_.draw(canvas, MARGIN, top - 28 - 12 * number, line, 9)
    canvas.setLineWidth(1)
    canvas.setStrokeGray(0)
    canvas.line(MARGIN, top - 18 * MM, right, top - 18 * MM)


def _draw_row(
    canvas: Any,
    type_: Any,
    size: tuple[float, float],
    top: float,
    language: str,
    row: dict[Any, Any],
    role: str,
) -> None:
    """Draw a session: time and way, place, session id with QR code, and room for the real times."""
    from gazestudy.protocol.targets.pdf.page import MARGIN, MM, draw_qr_code

    right = size[0] - MARGIN
    times = f"{row['start']:%H:%M} – {row['end']:%H:%M}"
    type_.draw(canvas, MARGIN, top - 14, times, 14, bold=True)
    if row["travel_min"]:
        way = f"{_word('way', language)}: {_word('minutes', language, n=row['travel_min'])}"
        type_.draw(canvas, MARGIN, top - 28, way, 9)
    type_.draw(canvas, MARGIN, top - 40, str(row["daypart"]), 9)
    middle = MARGIN + 42 * MM
    room = right - middle - 72 * MM
    y = top - 12
    for text, height, bold in ((row["point_id"], 12, True), (row["station_id"], 10, False), (role, 9, False)):
        for line in type_.wrap(str(text), room, height, bold=bold)[:2]:
            type_.draw(canvas, middle, y, line, height, bold=bold)
            y -= height * 1.35
    box = right - 70 * MM
    type_.draw(canvas, box, top - 10, _word("real", language), 8)
    canvas.setLineWidth(0.6)
    canvas.setStrokeGray(0)
    canvas.rect(box, top - 20 * MM, 44 * MM, 14 * MM)
    draw_qr_code(canvas, str(row["session_id"]), right - 22 * MM, top + 1 * MM)
    type_.draw(canvas, right - 12 * MM, top - 20.5 * MM, str(row["session_id"]), 8, bold=True, align="centre")
    canvas.setLineWidth(0.4)
    canvas.line(MARGIN, top - 22 * MM, right, top - 22 * MM)


def _partners(sessions: pd.DataFrame) -> dict[str, str]:
    """Return for each session that is shared who is there, too."""
    observer = dict(zip(sessions["session_id"], sessions["observer"], strict=True))
    return {
        str(own): str(observer[other])
        for own, other in zip(sessions["session_id"], sessions["shared_with"], strict=True)
        if other
    }


def _role(row: dict[Any, Any], partner: dict[str, str], language: str) -> str:
    who = partner.get(str(row["session_id"]))
    return _word("alone", language) if who is None else _word(str(row["role"]), language, who=who)


def _word(name: str, language: str, **values: object) -> str:
    fill: Callable[..., str] = in_language(_WORDS[name], language).format
    return fill(**{"n": "", "N": "", "who": "", **values})


def _zone(tz: str) -> ZoneInfo | None:
    if not tz:
        return None
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterError("tz", tz, "an IANA time zone such as Asia/Bangkok") from error
