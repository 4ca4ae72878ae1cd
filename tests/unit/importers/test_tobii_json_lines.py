"""Gzipped lines of JSON: what no parser should stumble over."""

import gzip

import pyarrow as pa
import pytest

from gazestudy.importers.recordings.tobii.json_lines import LineFile
from gazestudy.importers.sources import FolderSource

SCHEMA = pa.schema([("t", pa.float64()), ("v", pa.list_(pa.float64()))])


def read(tmp_path, text: bytes):
    (tmp_path / "a.gz").write_bytes(gzip.compress(text))
    lines = LineFile(FolderSource(tmp_path), "a.gz", "gaze")
    tables = list(lines.tables(SCHEMA))
    times = [one for table in tables for one in table["t"].to_pylist()]
    return times, {finding.code: finding.count for finding in lines.findings}


def test_lines_become_rows(tmp_path):
    times, findings = read(tmp_path, b'{"t":1,"v":[1,2]}\n{"t":2.5,"x":{"y":[{}]}}\n{"v":[]}\n')
    assert times == [1.0, 2.5, None]
    assert findings == {}


@pytest.mark.parametrize("first", [b"null\n", b"null\nnull\n", b" null\n", b"\xef\xbb\xbfnull\n"])
def test_a_file_that_begins_with_null(tmp_path, first):
    """The parser ends the whole program on it."""
    times, _ = read(tmp_path, first + b'{"t":1}\n')
    assert [time for time in times if time is not None] == [1.0]


@pytest.mark.parametrize("only", [b"null", b"null\n", b"nullx", b"true\n", b"[]\n", b"1\n", b"\0"])
def test_a_file_of_nothing_else(tmp_path, only):
    times, _ = read(tmp_path, only)
    assert set(times) <= {None}


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"v":[', b'{"t":{"v":'])
def test_lines_nested_far_too_deep(tmp_path, opening):
    times, findings = read(tmp_path, b'{"t":1}\n' + opening * 100_000 + b'\n{"t":2}\n')
    assert times == [1.0, 2.0]
    assert findings == {"lines_skipped": 1}


def test_byte_order_mark(tmp_path):
    assert read(tmp_path, b'\xef\xbb\xbf{"t":1}\n') == ([1.0], {})
