"""Files of a sampling plan: table, calendar, route sheets; and the command that writes them."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from gazestudy.cli.protocol import app
from gazestudy.errors import GazestudyError, InputError, ParameterError
from gazestudy.protocol.plan import Daypart, plan_sessions
from gazestudy.protocol.plan_files import (
    days_between,
    read_table,
    read_travel,
    write_calendar,
    write_plan_csv,
    write_route_sheets,
)

WRITTEN = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan():
    points = pd.DataFrame(
        [("สยาม, BTS", "S1-A"), ("สยาม, BTS", "S1-B"), ("人民广场站" * 12, "S2-A")],
        columns=["station_id", "point_id"],
    )
    dates = [date(2026, 11, 23) + timedelta(days=number) for number in range(14)]
    dayparts = [Daypart.parse("am_peak=07:00-10:00"), Daypart.parse("evening=17:00-20:00")]
    found = plan_sessions(points, dayparts, dates, ["O1", "O2", "O3"], np.random.default_rng(3), shared=0.3)
    assert found.reasons == ()
    return found


def unfolded(data: bytes) -> list[str]:
    """Lines of RFC 5545 3.1, read without the library that wrote them."""
    lines = data.split(b"\r\n")
    assert lines[-1] == b"" and not any(b"\n" in line for line in lines)
    assert max(len(line) for line in lines) <= 75
    for line in lines:
        line.decode("utf-8")  # no letter is cut in two
    return data.decode("utf-8").replace("\r\n ", "").split("\r\n")[:-1]


def test_calendar_keeps_rfc_5545(plan, tmp_path):
    path = tmp_path / "plan.ics"
    write_calendar(plan.sessions, path, tz="Asia/Bangkok", written=WRITTEN)
    lines = unfolded(path.read_bytes())
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    assert "VERSION:2.0" in lines and any(line.startswith("PRODID:") for line in lines)
    events = "\n".join(lines).split("BEGIN:VEVENT")[1:]
    assert len(events) == len(plan.sessions)
    for event, row in zip(events, plan.sessions.itertuples(), strict=True):
        fields = dict(re.split("[:;]", line, maxsplit=1) for line in event.strip().split("\n") if ":" in line)
        assert fields["UID"] == f"{row.session_id}@gazestudy"
        assert fields["DTSTAMP"] == "20261122T080000Z"
        start = datetime.strptime(fields["DTSTART"], "%Y%m%dT%H%M%SZ")
        assert start == row.start.to_pydatetime() - timedelta(hours=7)
        assert datetime.strptime(fields["DTEND"], "%Y%m%dT%H%M%SZ") - start == timedelta(minutes=60)
        assert fields["LOCATION"].replace("\\,", ",") == f"{row.station_id}, {row.point_id}"
        assert (row.shared_with == "") == ("alone" in fields["DESCRIPTION"])


def test_calendar_without_time_zone_has_floating_times(plan, tmp_path):
    write_calendar(plan.sessions, tmp_path / "plan.ics", written=WRITTEN)
    starts = [line for line in unfolded((tmp_path / "plan.ics").read_bytes()) if line.startswith("DTSTART")]
    assert starts[0] == f"DTSTART:{plan.sessions.iloc[0]['start']:%Y%m%dT%H%M%S}"
    with pytest.raises(ParameterError, match="IANA"):
        write_calendar(plan.sessions, tmp_path / "plan.ics", tz="Bangkok", written=WRITTEN)


def test_table_comes_back_as_it_was(plan, tmp_path):
    write_plan_csv(plan.sessions, tmp_path / "plan.csv")
    back = pd.read_csv(
        tmp_path / "plan.csv", encoding="utf-8-sig", keep_default_na=False, parse_dates=["start", "end"]
    )
    pd.testing.assert_frame_equal(back, plan.sessions, check_dtype=False)


@pytest.mark.parametrize("language", ["en", "th", "vi", "zh"])
def test_route_sheets_have_a_page_for_each_observer_and_day(plan, tmp_path, language):
    path = tmp_path / "sheets.pdf"
    write_route_sheets(plan.sessions, path, language=language)
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", data)) == len(plan.shifts())


def test_tables_with_mistakes_tell_all_of_them(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("station_id,point_id\nS1,\n,A\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 3, station_id; row 2, point_id"):
        read_table(path, ("station_id", "point_id"))
    path.write_text("station,point_id\nS1,A\n", encoding="utf-8")
    with pytest.raises(InputError, match="a column is missing"):
        read_table(path, ("station_id", "point_id"))
    path.write_text("from_station,to_station,minutes\nS1,S2,soon\nS1,S3,-1\nS2,S3,4\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 2: 'soon'; row 3: '-1'"):
        read_travel(path)
    with pytest.raises(InputError, match="no CSV table"):
        read_travel(tmp_path / "nothing.csv")
    with pytest.raises(ParameterError):
        days_between(date(2026, 11, 23), date(2026, 11, 22))


def run(tmp_path, *words: str):
    points = tmp_path / "points.csv"
    points.write_text("\ufeffstation_id,point_id\nS1,S1-A\nS2,S2-A\n", encoding="utf-8")
    fixed = [
        "plan",
        "--points",
        str(points),
        "--from",
        "2026-11-23",
        "--to",
        "2026-12-06",
        "--out",
        str(tmp_path / "plan"),
    ]
    return CliRunner().invoke(app, [*fixed, *words])


def test_command_writes_three_files_and_says_how_balanced_they_are(tmp_path):
    done = run(tmp_path, "--observer", "O1", "--observer", "O2", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert sorted(path.name for path in (tmp_path / "plan").iterdir()) == [
        "plan.csv",
        "plan.ics",
        "route_sheets.pdf",
    ]
    assert told["sessions"] == 2 * (3 * 5 + 2) and told["per_cell"] == [1, 1] and told["missing"] == []
    first = (tmp_path / "plan" / "plan.csv").read_bytes()
    refused = run(tmp_path, "--observer", "O1", "--observer", "O2")
    assert isinstance(refused.exception, InputError) and "there already" in str(refused.exception)
    again = run(tmp_path, "--observer", "O1", "--observer", "O2", "--overwrite")
    assert again.exit_code == 0 and (tmp_path / "plan" / "plan.csv").read_bytes() == first


def test_command_writes_nothing_if_not_all_fits_unless_told_so(tmp_path):
    few = ("--observer", "O1", "--shared", "0", "--repeats", "9", "--weekdays", "tue,thu")
    refused = run(tmp_path, *few)
    assert isinstance(refused.exception, GazestudyError) and "tue am_peak" in str(refused.exception)
    assert not (tmp_path / "plan").exists()
    done = run(tmp_path, *few, "--partial")
    assert done.exit_code == 0 and (tmp_path / "plan" / "plan.csv").exists()
