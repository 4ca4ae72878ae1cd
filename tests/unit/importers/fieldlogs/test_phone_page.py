"""Logs of the phone page: what is read, and what is said of logs that are not whole."""

from __future__ import annotations

import copy
import csv
import io
import json

import pytest

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs import FieldLogError, find_field_logs, read_field_log
from gazestudy.model.fieldwork import FIELD_CONTRACTS

FORMAT = "gazestudy-phone-log/1"


def taps(count: int, item: str, placement: str = "", first: int = 1) -> list[dict[str, object]]:
    return [
        {"session": "s1", "n": first + i, "t": 1000 * i, "kind": "tap", "block": "counts", "item": item, "placement": placement}
        for i in range(count)
    ]  # fmt: skip


def a_log() -> dict[str, object]:
    interval = {
        "session_id": "s1",
        "interval_no": 0,
        "start_s": 0,
        "end_s": 300,
        "rule": "event_count",
        "source": "live",
    }
    return {
        "format": FORMAT,
        "protocol": {"id": "station_point_observation", "version": "1"},
        "exported_at": "2026-11-23T08:06:00.000+07:00",
        "complete": True,
        "tables": {
            "sessions": [
                {"session_id": "s1", "started_at": "2026-11-23T08:00:00.000+07:00", "stopped_at": "2026-11-23T08:05:00.000+07:00",
                 "tz": "Asia/Bangkok", "observer": "O1", "role": "second", "conditions_json": "{\"weather\": \"rain\"}"},
            ],
            "interval_counts": [
                {**interval, "placement_id": "", "item": "passed", "value": 5},
                {**interval, "placement_id": "P1", "item": "glanced", "value": 2},
                {**interval, "placement_id": "", "item": "announced", "value": 1, "rule": "one_zero"},
            ],
            "scans": [{"session_id": "s1", "scan_no": 0, "at_s": 3.5, "placement_id": "", "item": "present", "value": 12, "text": ""}],
            "events": [
                {"session_id": "s1", "subject": "1", "code": "walk", "placement_id": "", "form": "state", "t_s": 1, "t_end_s": 300,
                 "modifiers_json": "{}", "closed_by": "session_end", "event_id": 0},
            ],
            "notes": [{"session_id": "s1", "at_s": 9.25, "placement_id": "", "text": "train late, \"very\"\nlate", "note_no": 0}],
        },
        "personal": [{"item": "phone_number", "value": "081"}],
        "journal": [
            {"session": "s1", "n": 0, "t": 0, "kind": "session"},
            *taps(6, "passed"),
            *taps(2, "glanced", "P1", first=7),
            {"session": "s1", "n": 9, "t": 9, "kind": "undo", "of": 6},
        ],
    }  # fmt: skip


def read(tmp_path, log, name="s1.json"):
    path = tmp_path / name
    path.write_text(log if isinstance(log, str) else json.dumps(log, indent=1), encoding="utf-8")
    return read_field_log(path)


def codes(log, severity="warning") -> list[str]:
    return [finding.code for finding in log.findings if finding.severity == severity]


def test_json_becomes_the_canonical_tables(tmp_path):
    log = read(tmp_path, a_log())
    assert log.sessions.loc[0, ["session_id", "observer", "role", "weekday"]].tolist() == [
        "s1",
        "O1",
        "second",
        "mon",
    ]
    counts = log.interval_counts.set_index("item")
    assert counts["value"].to_dict() == {"passed": 5.0, "glanced": 2.0, "announced": 1.0}
    assert counts["rule"].to_dict() == {
        "passed": "event_count",
        "glanced": "event_count",
        "announced": "one_zero",
    }
    assert set(counts["source"]) == {"live"} and counts.loc["glanced", "placement_id"] == "P1"
    assert log.scans["value"].tolist() == [12.0]
    assert log.events.loc[0, ["t_s", "t_end_s", "closed_by"]].tolist() == [1.0, 300.0, "session_end"]
    assert log.notes["text"].tolist() == ['train late, "very"\nlate']
    assert codes(log) == [] and "personal" in codes(log, "info")
    assert not any("081" in table.to_csv() for table in log.tables().values())


def as_csv(document, *, unfinished: str = "") -> str:
    columns = list(dict.fromkeys(name for contract in FIELD_CONTRACTS.values() for name in contract.names))
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(["table", *columns, FORMAT, unfinished])
    for table, some in document["tables"].items():
        for row in some:
            rows.writerow([table, *(row.get(name, "") for name in columns), "", ""])
    return "\ufeff" + out.getvalue()


def test_csv_holds_the_same(tmp_path):
    one, other = read(tmp_path, a_log()), read(tmp_path, as_csv(a_log()), "s1.csv")
    for name, table in one.tables().items():
        assert table.equals(other.tables()[name]), name


def test_a_log_of_a_session_that_still_runs_says_so(tmp_path):
    log = a_log()
    log["complete"] = False
    assert codes(read(tmp_path, log)) == ["unfinished"]
    assert codes(read(tmp_path, as_csv(a_log(), unfinished="unfinished"), "s1.csv")) == ["unfinished"]


def test_counts_that_do_not_agree_with_the_journal_are_told(tmp_path):
    log = a_log()
    log["tables"]["interval_counts"][0]["value"] = 4
    found = read(tmp_path, log)
    assert codes(found) == ["taps_differ"]
    assert "passed was tapped 5 times, the table says 4" in found.findings[0].message
    log = a_log()
    del log["journal"][3]
    assert set(codes(read(tmp_path, log))) == {"journal_gap", "taps_differ"}
    del log["journal"]
    assert codes(read(tmp_path, log)) == ["no_journal"]


def test_items_that_were_switched_off_are_not_compared(tmp_path):
    log = a_log()
    log["journal"].append(
        {"session": "s1", "n": 10, "t": 9, "kind": "watch", "item": "passed", "placement": "", "on": False}
    )
    log["tables"]["interval_counts"][0]["value"] = 4
    assert codes(read(tmp_path, log)) == []


def test_a_rule_between_items_of_the_whole_point_is_told_once_whatever_placements_there_are(tmp_path):
    log = a_log()
    (present,) = log["tables"]["scans"]
    blocked = present | {"item": "blocked_percent", "value": 50}
    log["tables"]["scans"] += [
        present | {"item": "on_phone", "value": 13},
        *(blocked | {"placement_id": placement} for placement in ("P1", "P2")),
    ]
    found = [finding.message for finding in read(tmp_path, log).findings if finding.code == "rule"]
    assert len(found) == 1 and "on_phone 13, present 12" in found[0]


def test_mistakes_in_rows_are_told_together_with_their_place(tmp_path):
    log = a_log()
    log["tables"]["interval_counts"][1]["value"] = "two"
    log["tables"]["interval_counts"][2]["session_id"] = "s9"
    log["tables"]["scans"].append("nothing")
    log["tables"]["moods"] = []
    found = read(tmp_path, log)
    messages = [finding.message for finding in found.findings if finding.severity == "problem"]
    assert len(messages) == 4
    assert any(
        message.startswith("tables.interval_counts[1], column") and "'two'" in message for message in messages
    )
    assert any("tables.scans[1]" in message for message in messages)
    assert any("tables.moods" in message for message in messages)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path, cut):
    text = json.dumps(a_log(), indent=1)
    with pytest.raises(InputError, match="cut off"):
        read(tmp_path, text[: int(len(text) * cut)])


def test_another_version_and_other_json_are_refused(tmp_path):
    log = copy.deepcopy(a_log())
    log["format"] = "gazestudy-phone-log/9"
    with pytest.raises(InputError, match="another version of the page"):
        read(tmp_path, log)
    with pytest.raises(InputError, match="no tables"):
        read(tmp_path, {"format": FORMAT, "tables": 3})
    with pytest.raises(InputError):
        read(tmp_path, {"rows": []}, "other.json")


def test_a_folder_of_logs_is_many_logs(tmp_path):
    for number in range(3):
        (tmp_path / f"s{number}.json").write_text(
            json.dumps(a_log(), indent=1).replace('"s1"', f'"s{number}"'), encoding="utf-8"
        )
    found = find_field_logs(tmp_path)
    assert sorted(one.read().sessions.loc[0, "session_id"] for one in found) == ["s0", "s1", "s2"]
    assert {one.info.name for one in found} == {"phone-page"}


def test_findings_can_stop_an_import(tmp_path):
    log = a_log()
    log["tables"]["sessions"][0]["stopped_at"] = ""
    problems = [finding for finding in read(tmp_path, log).findings if finding.severity == "problem"]
    assert problems and "stopped_at" in str(FieldLogError("s1.json", problems))
