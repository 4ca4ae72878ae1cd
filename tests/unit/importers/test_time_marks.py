from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gazestudy.errors import GazestudyError, InputError, ParameterError
from gazestudy.importers.time_marks import parse_moment, read_time_marks

S = 1_000_000_000


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "settings", "t_ns", "unit_ms", "is_unix"),
    [
        pytest.param("time [s],name\n1.5,a\n2.25,b\n", {}, [1_500_000_000, 2_250_000_000], 10.0, False, id="s"),
        pytest.param("t_ms;event\n1,5;a\n-2;b\n", {}, [1_500_000, -2_000_000], 0.1, False, id="ms-comma"),
        pytest.param(
            "timestamp [ns]\n1777600000123456789\n1777600000123456790\n",
            {},
            [1_777_600_000_123_456_789, 1_777_600_000_123_456_790],
            1e-6,
            True,
            id="unix-ns",
        ),
        pytest.param("Time\n3\n4\n", {"unit": "min"}, [180 * S, 240 * S], 60_000.0, False, id="minutes"),
        pytest.param(
            "time\n1970-01-02 07:00:00.25+07:00\n1970-01-02T00:00:01Z\n",
            {},
            [86_400 * S + S // 4, 86_401 * S],
            10.0,
            True,
            id="zones",
        ),
        pytest.param(
            "time\n1970-07-01 02:00:00\n",
            {"zone": "Europe/Berlin"},
            [181 * 86_400 * S + 3600 * S],
            1000.0,
            True,
            id="named-zone",
        ),
        pytest.param("time\n1970-01-02 00:00:00\n", {}, [86_400 * S], 1000.0, False, id="no-zone"),
        pytest.param(
            "time\n23:59:58\n00:00:03\n",
            {"zone": "-01:00", "day": date(1970, 1, 1)},
            [86_398 * S + 3600 * S, 86_403 * S + 3600 * S],
            1000.0,
            True,
            id="over-midnight",
        ),
        pytest.param("time\n07:05\n18:00\n", {"unit": "hh:mm"}, [25_500 * S, 64_800 * S], 60_000.0, False, id="hh:mm"),
        pytest.param("time\n75:05\n0:01:02\n", {"unit": "mm:ss"}, [4505 * S, 62 * S], 1000.0, False, id="mm:ss"),
    ],
)  # fmt: skip
def test_times(tmp_path, text, settings, t_ns, unit_ms, is_unix):
    marks = read_time_marks(write(tmp_path / "log.csv", text), **settings)
    assert marks.t_ns.tolist() == t_ns
    assert marks.unit_ms == pytest.approx(unit_ms)
    assert marks.is_unix is is_unix
    assert marks.findings == ()


def test_rows_without_a_time_are_left_out_with_their_names(tmp_path):
    path = write(tmp_path / "log.csv", "who,When,What\nx,12:00:00,a\nx,later,b\nx,,c\nx,12:00:01,d\n")
    marks = read_time_marks(path, time_column="when")
    assert marks.names == ("a", "d")
    assert [finding.count for finding in marks.findings] == [2]
    numbers = write(tmp_path / "numbers.csv", "time [s],what\n1,a\nx,b\n,c\n4,d\n")
    assert read_time_marks(numbers).names == ("a", "d")


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        ("a,b\n1,2\n", {}, "not clear which column is the time"),
        ("time\n1\n", {}, "the unit of the times is not known"),
        ("time\n1\n", {"unit": "h"}, "unit = 'h'"),
        ("time\n12:30\n", {}, "mm:ss or hh:mm"),
        ("time\nsoon\nlater\n", {}, "not one time can be read"),
        ("time\n\n", {}, "not one time"),
        ("time,x\n12:00:00,1\n", {"zone": "Mars/Base"}, "time zone such as"),
        ("time,x\n12:00:00,1\n", {"name_column": "y"}, "a column is missing"),
        ("", {}, "empty"),
    ],
)
def test_what_cannot_be_used(tmp_path, text, settings, problem):
    with pytest.raises(GazestudyError, match=problem):
        read_time_marks(write(tmp_path / "log.csv", text), **settings)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="there is no such table"):
        read_time_marks(tmp_path / "log.csv")


def test_any_bytes_raise_our_own_errors_only(tmp_path):
    rng = np.random.default_rng(0)
    whole = b"time,event\n2026-05-01 12:00:00.5+02:00,a\n23:59:59,b\n99:99:99,c\n9999-12-31 23:59:59,d\n"
    path = tmp_path / "log.csv"
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(int(rng.integers(1, 8))):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        path.write_bytes(bytes(content[: int(rng.integers(1, len(content) + 1))]))
        with suppress(GazestudyError):
            read_time_marks(path, unit=["mm:ss", "hh:mm", "s", None][int(rng.integers(4))], zone="+05:30")


def test_moments():
    assert parse_moment("2026-05-01T08:00+07:00") == 1_777_597_200 * S
    assert parse_moment("2026-05-01 08:00:00", "Asia/Bangkok") == 1_777_597_200 * S
    for text in ("08:00", "2026-05-01 08:00", "2026-13-01 08:00Z", "soon"):
        with pytest.raises(ParameterError, match="a date, time and zone"):
            parse_moment(text)
