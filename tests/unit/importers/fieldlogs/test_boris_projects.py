"""BORIS projects made from our protocols, and the corners of the format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gazestudy.importers.fieldlogs import FieldOptions, read_field_log
from gazestudy.model.fieldwork import FieldLog
from gazestudy.pipeline.fieldlogs import plan_of
from gazestudy.protocol import load_protocol
from gazestudy.protocol.targets import export_protocol

BASE: dict[str, Any] = {
    "behaviors_conf": {
        "0": {"type": "State event", "code": "walk", "modifiers": {}},
        "1": {
            "type": "Point event",
            "code": "glance",
            "modifiers": {
                "0": {"name": "placement", "type": 0},
                "1": {"name": "with", "type": 1},
                "2": {"name": "", "type": 2},
            },
        },
    }
}


def observed(tmp_path: Path, events: list[list[Any]], **facts: Any) -> FieldLog:
    observation = {"type": "LIVE", "date": "2026-11-22T08:00:00.000", "events": events, **facts}
    path = tmp_path / "x.boris.gz"
    path.write_bytes(gzip.compress(json.dumps({**BASE, "observations": {"o 1": observation}}).encode()))
    return read_field_log(path, options=FieldOptions(tz="Asia/Bangkok"))


def codes(log: FieldLog) -> set[str]:
    return {finding.code for finding in log.findings}


def test_explicit_start_and_stop_and_header(tmp_path: Path) -> None:
    variables = {
        "session_id": "K7",
        "started_at": "2026-11-22T08:00",
        "stopped_at": "2026-11-22T08:45",
        "observer": "A7",
        "station_id": "siam",
        "role": "second",
        "mood": "calm",
    }
    log = observed(tmp_path, [[1200.0, "", "glance", "", ""]], independent_variables=variables)
    (row,) = log.sessions.to_dict("records")
    assert (row["session_id"], row["observer"], row["station_id"], row["role"]) == (
        "K7",
        "A7",
        "siam",
        "second",
    )
    assert (row["started_at"], row["stopped_at"]) == (
        "2026-11-22T08:00:00+07:00",
        "2026-11-22T08:45:00+07:00",
    )
    assert json.loads(row["conditions_json"]) == {"mood": "calm", "observation": "o 1", "boris_type": "LIVE"}
    assert codes(log) == set()


def test_without_a_stop_the_last_event_is_said_to_be_taken(tmp_path: Path) -> None:
    log = observed(tmp_path, [[1200.0, "", "glance", "", ""]])
    assert log.sessions["stopped_at"].tolist() == ["2026-11-22T08:20:00+07:00"]
    assert "no_stop" in codes(log)


def test_modifiers(tmp_path: Path) -> None:
    log = observed(
        tmp_path,
        [[1.0, "p", "glance", "hall-east|child,dog|3", "near"], [2.0, "p", "glance", "None|None|None", ""]],
    )
    first, second = log.events.to_dict("records")
    assert (first["placement_id"], json.loads(first["modifiers_json"])) == (
        "hall-east",
        {"with": ["child", "dog"], "modifier 3": "3"},
    )
    assert (first["subject"], first["comment"], first["form"]) == ("p", "near", "point")
    assert (second["placement_id"], second["modifiers_json"]) == ("", "{}")


def test_states_pair_by_subject_and_modifiers(tmp_path: Path) -> None:
    rows = [
        [1.0, "a", "walk", "", "x"],
        [2.0, "b", "walk", "", ""],
        [5.0, "a", "walk", "", "y"],
        [9.0, "c", "walk", "", ""],
    ]
    log = observed(tmp_path, rows, independent_variables={"stopped_at": "2026-11-22T08:01:00"})
    found = log.events[["subject", "t_s", "t_end_s", "closed_by", "comment"]].to_numpy().tolist()
    assert found == [
        ["a", 1.0, 5.0, "observer", "x; y"],
        ["b", 2.0, 60.0, "session_end", ""],
        ["c", 9.0, 60.0, "session_end", ""],
    ]
    assert sum(finding.code == "unpaired" for finding in log.findings) == 2


def test_clock_times_become_seconds_since_the_start(tmp_path: Path) -> None:
    log = observed(tmp_path, [[8 * 3600 + 90.5, "", "glance", "", ""]], start_from_current_time=True)
    assert log.events["t_s"].tolist() == [90.5]
    unix_s = 1_795_309_200  # 2026-11-22 08:00 in Bangkok
    log = observed(tmp_path, [[unix_s + 30.25, "", "glance", "", ""]], start_from_current_epoch_time=True)
    assert log.events["t_s"].tolist() == [30.25]


def test_an_observation_interval_is_its_length(tmp_path: Path) -> None:
    log = observed(tmp_path, [[3.0, "", "glance", "", ""]], **{"observation time interval": [0, 600]})
    assert log.sessions["stopped_at"].tolist() == ["2026-11-22T08:10:00+07:00"]


def test_behaviours_that_are_not_in_the_ethogram(tmp_path: Path) -> None:
    log = observed(tmp_path, [[3.0, "", "dance", "", ""]])
    assert log.events["form"].tolist() == ["point"]
    assert "unknown_behaviour" in codes(log)


@pytest.mark.parametrize("placements", [(), ("hall-east",)])
def test_a_project_of_our_protocol(placements: tuple[str, ...], tmp_path: Path) -> None:
    protocol = load_protocol("focal_follow")
    path = tmp_path / "p.boris"
    export_protocol(protocol, "boris", path, placements=placements, sessions=("K7",))
    project = json.loads(path.read_text(encoding="utf-8"))
    conf = list(project["behaviors_conf"].values())
    rows: list[list[Any]] = []
    for number, one in enumerate(conf):
        modifiers = "|".join((sets["values"] or ["None"])[0] for sets in one["modifiers"].values())
        rows.append([float(number), "person 1", one["code"], modifiers, ""])
        if one["type"].startswith("State"):
            rows.append([number + 0.5, "person 1", one["code"], modifiers, ""])
    variables = {one["label"]: one["default value"] for one in project["independent_variables"].values()}
    variables |= {"started_at": "2026-11-22T08:00+07:00", "stopped_at": "2026-11-22T08:30+07:00"}
    project["observations"]["any name"] = {
        "type": "LIVE", "date": "2026-11-22T08:00:00", "events": rows, "independent_variables": variables,
    }  # fmt: skip
    path.write_text(json.dumps(project), encoding="utf-8")
    log = read_field_log(path, options=FieldOptions(plan=plan_of(protocol)))
    assert {finding.code for finding in log.findings} <= {"no_observer"}
    assert log.sessions["session_id"].tolist() == ["K7"]
    assert log.events["code"].tolist() == [one["code"] for one in conf]
    about = {
        one["code"] for one in conf if any(sets["name"] == "placement" for sets in one["modifiers"].values())
    }
    if placements:
        assert set(log.events.loc[log.events["placement_id"] == "hall-east", "code"]) == about
