"""Logs of what a screen showed, as players write them."""

import pytest

from gazestudy.errors import GazestudyError, InputError
from gazestudy.importers.play_log import read_play_log

NAMES = {"spring": "screen-1", "spring.mp4": "screen-1", "โฆษณา": "screen-2"}
LOG = """Start time,End time,Creative
2026-05-01 08:00:00,2026-05-01 08:00:10,Spring
2026-05-01 08:00:10,2026-05-01 08:00:20,somebody else
2026-05-01 08:00:20,2026-05-01 08:00:30,โฆษณา
"""
EIGHT = 1_777_597_200 * 10**9  # 2026-05-01T08:00:00+07:00, from `date -d ... +%s`


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_log_in_local_time(tmp_path):
    log = read_play_log(write(tmp_path, LOG), NAMES, zone="Asia/Bangkok")
    assert log.showings["creative_id"].tolist() == ["screen-1", "", "screen-2"]
    assert ((log.showings["start_unix_ns"] - EIGHT) // 10**9).tolist() == [0, 10, 20]
    assert log.others == ("somebody else",)


def test_durations_instead_of_ends_in_any_order(tmp_path):
    text = "played_at;content;duration [s]\n2026-05-01T01:00:10Z;spring.mp4;7,5\n2026-05-01T01:00:00Z;x;10\n"
    log = read_play_log(write(tmp_path, text), NAMES)
    assert log.showings["creative_id"].tolist() == ["", "screen-1"]
    spans = log.showings["end_unix_ns"] - log.showings["start_unix_ns"]
    assert spans.tolist() == [10 * 10**9, 7_500_000_000]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a,b,c\n1,2,3\n", "column is missing"),
        ("start,end,creative\nnever,2026-05-01T08:00:00Z,x\n", "line 2, column 'start'"),
        ("start,end,creative\n2026-05-01 08:00:00,2026-05-01 08:00:10,x\n", "time zone"),
        ("start,end,creative\n2026-05-01T08:00:10Z,2026-05-01T08:00:00Z,x\n", "an end after the start"),
        ("start,duration,creative\n2026-05-01T08:00:10Z,long,x\n", "a duration in seconds"),
        (
            "start,duration,creative\n2026-05-01T08:00:00Z,10,x\n2026-05-01T08:00:09Z,10,y\n",
            "one picture at a time",
        ),
    ],
    ids=["empty", "columns", "time", "zone", "backwards", "duration", "overlap"],
)
def test_a_wrong_log_is_refused_with_its_place(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        read_play_log(write(tmp_path, text), NAMES)
    assert words in str(caught.value) and "log.csv" in str(caught.value)


def test_files_of_any_system_are_known_by_their_name(tmp_path):
    text = "start,duration,file\n2026-05-01T01:00:00Z,5,C:\\ads\\Spring.MP4\n2026-05-01T01:00:05Z,5,/v/spring.webm\n"
    log = read_play_log(write(tmp_path, text), NAMES)
    assert log.showings["creative_id"].tolist() == ["screen-1", "screen-1"]


def test_a_missing_log(tmp_path):
    with pytest.raises(InputError, match="no such log"):
        read_play_log(tmp_path / "none.csv", NAMES)


@pytest.mark.parametrize("cut", range(1, len(LOG.encode()), 7))
def test_a_truncated_log_is_read_or_refused(tmp_path, cut):
    path = tmp_path / "log.csv"
    path.write_bytes(LOG.encode()[:cut])
    try:
        log = read_play_log(path, NAMES, zone="Asia/Bangkok")
    except GazestudyError:
        return
    assert len(log.showings) <= 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings(tmp_path, encoding):
    text = LOG if encoding != "cp1252" else LOG.replace("โฆษณา", "été")
    log = read_play_log(write(tmp_path, text, encoding), NAMES | {"été": "screen-2"}, zone="+07:00")
    assert log.showings["creative_id"].tolist() == ["screen-1", "", "screen-2"]
