"""Reading text tables, against Python's own integers and decimals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazestudy.errors import InputError
from gazestudy.importers.sources import FolderSource
from gazestudy.importers.text_tables import column_key, read_table, sniff_header

ROWS = "timestamp [ns],x\n1685088813175076015,1.5\n1685088813175076016,-2\n"


@pytest.fixture
def table(tmp_path):
    def read(content, **options):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / "t.csv").write_bytes(data)
        return read_table(FolderSource(tmp_path), "t.csv", "gaze", **options)

    return read


def codes(found):
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(ROWS.encode(), None, id="plain"),
        pytest.param(b"\xef\xbb\xbf" + ROWS.encode(), None, id="utf-8-mark"),
        pytest.param(ROWS.encode("utf-16"), "encoding", id="utf-16-mark"),
        pytest.param(ROWS.encode("utf-16-le"), "encoding", id="utf-16-le"),
        pytest.param(ROWS.encode("utf-16-be"), "encoding", id="utf-16-be"),
        pytest.param(ROWS.replace("\n", "\r\n").encode(), None, id="crlf"),
        pytest.param(ROWS.replace("\n", "\r").encode(), None, id="old-mac"),
        pytest.param(ROWS.replace(",", ";").encode(), None, id="semicolon"),
        pytest.param(ROWS.replace(",", "\t").encode(), None, id="tab"),
        pytest.param(ROWS.replace(",", ";").replace(".", ",").encode(), None, id="decimal-comma"),
        pytest.param(ROWS.replace("x", "Größe").encode("cp1252"), "encoding", id="windows-1252"),
        pytest.param(ROWS.replace(",", " , ").encode(), None, id="spaces"),
        pytest.param(ROWS.rstrip("\n").encode(), None, id="no-last-line-end"),
        pytest.param(ROWS.encode() + bytes(5000), "zero_bytes", id="zero-tail"),
        pytest.param(ROWS.encode() + b"16850888131750", "truncated_line", id="cut-in-a-cell"),
        pytest.param(ROWS.encode() + b"1,2,3,4\n", "rows_skipped", id="too-many-cells"),
        pytest.param(ROWS.encode() + b"17\n1685", "rows_skipped", id="too-few-cells"),
        pytest.param(ROWS.encode() + b"1\x00,2\n", "rows_skipped", id="zero-inside"),
    ],
)
def test_written_in_many_ways(table, data, code):
    found = table(data)
    assert found.times_ns(found.names[0]).tolist() == [1685088813175076015, 1685088813175076016]
    np.testing.assert_array_equal(found.floats(found.names[1]), [1.5, -2.0])
    assert code is None or code in codes(found)
    assert code is not None or codes(found) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"  \n\n", "empty", id="blank"),
        pytest.param(bytes(1000), "empty", id="only-zeros"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "no text table|cannot be parsed", id="binary"
        ),
    ],
)
def test_no_table(table, data, problem):
    with pytest.raises(InputError, match=problem):
        table(data)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_whole_numbers_are_exact(tmp_path_factory, numbers):
    folder = tmp_path_factory.mktemp("exact")
    (folder / "t.csv").write_text("t,x\n" + "".join(f"{n},0\n" for n in numbers), encoding="utf-8")
    found = read_table(FolderSource(folder), "t.csv", "gaze")
    assert found.times_ns("t").tolist() == numbers
    assert found.ints("t").tolist() == numbers


@pytest.mark.parametrize(
    ("cell", "unit", "expected"),
    [
        ("92458.2450", 10**6, 92_458_245_000),
        ("1685088813.175076015", 10**9, 1_685_088_813_175_076_015),
        ("0.1", 10**9, 100_000_000),
        ("19.99900000001071", 10**6, 19_999_000),
        ("-0.0000005", 10**9, -500),
        ("1.685088813175076015e18", 1, 1_685_088_813_175_076_015),
        ("1685088813175076015.0", 1, 1_685_088_813_175_076_015),
    ],
)
def test_times_are_scaled_exactly(table, cell, unit, expected):
    assert table(f"t,x\n{cell},1\n").times_ns("t", unit).tolist() == [expected]


def test_rows_without_a_time_are_left_out_and_counted(table):
    found = table("t,x\n1,1\n,2\nsoon,3\n4,4\n")
    assert found.times_ns("t").tolist() == [1, 4]
    assert found.floats("x").tolist() == [1, 4]
    assert ("rows_skipped", 2) in [(one.code, one.count) for one in found.findings]


def test_unreadable_numbers_are_counted(table):
    found = table("t,x\n1,ok\n2,nan\n3,\n4,1e3\n5,inf\n")
    np.testing.assert_array_equal(found.floats("x"), [np.nan, np.nan, np.nan, 1000, np.nan])
    assert [(one.code, one.count) for one in found.findings] == [("cells_unreadable", 1)]


@pytest.mark.parametrize(
    "cell", ["1e999999999", "-1e400", "9" * 30, "1e-999999999999", "0x10", "1.5.5", "١٢"]
)
@pytest.mark.parametrize("unit", [1, 10**6])
def test_absurd_times_are_no_times(table, cell, unit):
    found = table(f"t,x\n{cell},1\n5,1\n")
    times = found.times_ns("t", unit).tolist()
    assert times[-1] == 5 * unit
    assert all(-(2**63) <= time < 2**63 for time in times)


def test_missing_column_names_what_is_there(table):
    with pytest.raises(InputError) as caught:
        table("time,x\n1,2\n").need("timestamp [ns]")
    assert "expected 'timestamp [ns]'" in str(caught.value)
    assert "found 'time', 'x'" in str(caught.value)


def test_names_are_found_in_any_spelling(table):
    found = table("Acceleration X [G], Gaze_X (px) ,x,x,\n1,2,3,4,5\n")
    assert found.find("acceleration x [g]") == "Acceleration X [G]"
    assert found.find("gaze x [px]") == "Gaze_X (px)"
    assert len(set(found.names)) == 5
    assert column_key("timestamp [µs]") == column_key("Timestamp (us)")


def test_frame_keeps_every_column_as_what_it_is(table):
    frame = table('id,x,note\n1,1.5,"a, b"\n2,,\n').frame()
    assert frame["id"].dtype == np.int64
    assert frame["x"].isna().tolist() == [False, True]
    assert frame["note"].tolist() == ["a, b", ""]


def test_text_with_line_breaks(table):
    found = table('t,name\n1,"two\nlines"\n2,plain\n')
    assert found.text("name").tolist() == ["two\nlines", "plain"]


def test_given_encoding_is_held(table):
    form = sniffed_form("utf-8")
    with pytest.raises(InputError, match="no UTF-8"):
        table("t,x\n1,ö\n".encode("latin-1"), form=form)


def sniffed_form(encoding):
    from gazestudy.importers.text_tables import TextFormat

    return TextFormat(encoding, ",", ".")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("count", [10, 50_000])
def test_the_start_of_a_table_ends_with_a_whole_line(table, encoding, count):
    text = "t,größe\n" + "".join(f"{i},{i}\n" for i in range(count))
    found = table(text.encode(encoding), head_only=True)
    values = found.floats("größe")
    assert values.tolist() == list(range(len(values)))
    assert 10 <= len(values) < 20_000
    assert set(codes(found)) <= {"encoding"}


def test_sniffing_reads_only_the_start(tmp_path):
    (tmp_path / "t.csv").write_bytes(ROWS.encode() + b"9" * 200_000)
    header, form = sniff_header(FolderSource(tmp_path), "t.csv")
    assert header == ["timestamp [ns]", "x"]
    assert (form.delimiter, form.decimal) == (",", ".")
    (tmp_path / "b.csv").write_bytes(bytes(range(256)))
    assert sniff_header(FolderSource(tmp_path), "b.csv") is None


CELLS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats().map(repr),
    st.sampled_from(["", " 7 ", "nan", "NA", "-", "1.50", "1e3", "+2", "oops", "0x1F", "1,5"]),
)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["1.0", "0", " True", ""])), min_size=1, max_size=8)
)
def test_known_kinds_give_what_text_gives(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("kinds")
    lines = ["t;x;worn", *(";".join(row) for row in rows)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    slow, fast = (
        read_table(FolderSource(folder), "t.csv", "gaze", kinds=kinds)
        for kinds in (None, {"T": "int", "x": "float", "worn": "words"})
    )
    np.testing.assert_array_equal(slow.floats("x"), fast.floats("x"))
    np.testing.assert_array_equal(slow.ints("t"), fast.ints("t"))
    np.testing.assert_array_equal(slow.times_ns("t"), fast.times_ns("t"))
    for one in (slow, fast):
        words, codes_of_rows = one.words("worn")
        assert [words[code] for code in codes_of_rows] == one.text("worn").str.lower().tolist()
    assert [found.message for found in slow.findings] == [found.message for found in fast.findings]
    pd.testing.assert_frame_equal(slow.frame(), fast.frame(), check_dtype=False)
