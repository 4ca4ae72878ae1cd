"""Real field files import with the counts that the files themselves have, counted here by csv and json alone."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gazestudy.errors import InputError
from gazestudy.importers.fieldlogs import FieldOptions, find_field_logs, read_field_log
from gazestudy.importers.fieldlogs.columns import FieldColumns
from gazestudy.model.fieldwork import FieldLog

FIELD = Path(__file__).parents[2] / ".." / "shared" / "data" / "field"
pytestmark = pytest.mark.skipif(
    not FIELD.is_dir(), reason="the sample files of field observation are not here"
)

MOVEMENT = "Civic Center SF - movement counts_stae-transform-v1.csv"
STATIONARY = "Civic Center SF - stationary - stae - transform-v1.csv"

NO_OBSERVATIONS = {
    "boris/otx_import_test.boris": "a project without observations",
    "boris/export_observations_list_test1.tsv": "names of observations without their events",
    "boris/Test_events_to_behavioral_sequences_test_1": "behaviours without times",
    "boris/Test_events_to_behavioral_sequences_test_2_separator": "behaviours without times",
    "boris/Test_events_to_behavioral_sequences_test_4_behaviors_with_modifiers": "behaviours without times",
    "boris/Test_events_to_behavioral_sequences_test_5_observation_not_paired": "behaviours without times",
    "boris/Test_events_to_behavioral_sequences_test_6_multi_rows_description.txt": "behaviours without times",
    "boris/Test_events_to_behavioral_sequences_test_7.txt": "behaviours without times",
    "boris/otx_parser_test.otb": "an ethogram of another program",
    "boris/otx_parser_test.otx": "an ethogram of another program",
    "boris/test_jwatcher_subject1.dat": "another program's format",
    "boris/test_jwatcher_subject1.faf": "another program's format",
    "boris/test_jwatcher_subject1.fmf": "another program's format",
    "boris/test_time_budget1.json": "sums without events",
    "kobo_formpack_fixtures/analysis_form.json": "a form without submissions",
}
"""Files beside which hold no observations that any reader is meant for."""

EMPTY = [
    "boris/test_export_aggregated_events_test_full_6.tsv",
    *(
        f"boris_current_exports/aggregated_{name}.tsv"
        for name in ("2_video_avi", "live_not_paired", "observation_without_events")
    ),
]
"""What BORIS writes where states are unpaired or nothing happened: files of zero bytes."""


def read(name: str, **options: Any) -> FieldLog:
    return read_field_log(FIELD / name, options=FieldOptions(**options))


def codes(log: FieldLog, severity: str = "problem") -> list[str]:
    return [finding.code for finding in log.findings if finding.severity == severity]


def table_rows(name: str, **options: Any) -> list[list[str]]:
    with (FIELD / name).open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file, **options) if any(row)]


BORIS_PROJECTS = [
    "test",
    "test2",
    "test_without_media_files_paths",
    "test_with_leading_trailing_spaces_in_modifiers",
]


@pytest.mark.parametrize("name", BORIS_PROJECTS)
def test_boris_projects(name: str) -> None:
    project = json.loads((FIELD / f"boris/{name}.boris").read_text(encoding="utf-8"))
    states = {one["code"] for one in project["behaviors_conf"].values() if one["type"].startswith("State")}
    points, bouts, unpaired = 0, 0, 0
    for observation in project["observations"].values():
        keys = Counter((row[1], row[2], row[3].strip()) for row in observation["events"] if row[2] in states)
        points += sum(row[2] not in states for row in observation["events"])
        bouts += sum(-(-count // 2) for count in keys.values())
        unpaired += sum(count % 2 for count in keys.values())
    log = read(f"boris/{name}.boris")
    assert codes(log) == []
    assert list(log.sessions["session_id"]) == list(project["observations"])
    assert (log.events["form"].value_counts().get("point", 0), len(log.events)) == (points, points + bouts)
    assert (log.events["closed_by"] == "session_end").sum() == unpaired
    assert codes(log, "warning").count("unpaired") == unpaired


def test_the_unpaired_state_ends_with_its_session() -> None:
    log = read("boris/test.boris")
    (row,) = log.events[log.events["closed_by"] == "session_end"].to_dict("records")
    assert (row["session_id"], row["code"], row["t_s"]) == ("live not paired", "s", 26.862)
    assert row["t_end_s"] == 26.862  # a live observation of BORIS has no stop but its last event
    length_s = {one.session_id: one.stopped_at for one in log.sessions.itertuples()}
    assert length_s["observation #1"] == "2016-11-27T02:03:25.960+00:00"  # 359.96 s of video


def test_boris_modifiers() -> None:
    log = read("boris/test.boris")
    rows = log.events[log.events["session_id"] == "modifiers"]
    assert [(row.code, row.modifiers_json) for row in rows.itertuples()] == [
        ("q", '{"modif #1": "m1"}'),
        ("q", '{"modif #1": "m2"}'),
        ("q", '{"modif #1": "m3"}'),
        ("r", '{"modif #1": "m1"}'),
        ("r", "{}"),
    ]
    spaces = read("boris/test_with_leading_trailing_spaces_in_modifiers.boris").events
    assert [json.loads(text) for text in spaces["modifiers_json"]] == [
        {"test 1": "a", "test 2": "c"},
        {"test 1": "a"},
        {"test 2": "111"},
        {"test 2": "c"},
    ]


CURRENT = [
    *("2_video", "live", "live_export_behavioral_sequences", "modifiers", "observation_1", "observation_2"),
    *("observation_2_copy", "offset_neg", "offset_positif", "live_not_paired"),
]


@pytest.mark.parametrize("name", CURRENT)
def test_boris_current_tabular(name: str) -> None:
    header, *rows = table_rows(f"boris_current_exports/tabular_{name}.tsv", delimiter="\t")
    kind = header.index("Behavior type")
    expected = sum(row[kind] in ("POINT", "START") for row in rows)
    log = read(f"boris_current_exports/tabular_{name}.tsv")
    assert codes(log) == []
    assert (len(log.sessions), len(log.events)) == (len({row[0] for row in rows}), expected)
    open_states = sum(row[kind] == "START" for row in rows) - sum(row[kind] == "STOP" for row in rows)
    assert (log.events["closed_by"] == "session_end").sum() == open_states


@pytest.mark.parametrize("name", [name for name in CURRENT if name != "live_not_paired"])
def test_boris_current_aggregated_equals_project_and_tabular(name: str) -> None:
    """BORIS worked out the bouts of the aggregated table; ours come from the parity of rows."""
    path = f"boris_current_exports/aggregated_{name}.tsv"
    rows = table_rows(path, delimiter="\t")
    at = next(index for index, cell in enumerate(rows[0]) if cell in ("STATE", "POINT"))
    log = read(path)
    assert codes(log) == []
    assert "no_header" in codes(log, "warning")
    assert len(log.events) == len(rows)
    project, tabular = read("boris/test.boris"), read(f"boris_current_exports/tabular_{name}.tsv")
    own = project.events[project.events["session_id"] == rows[0][0]]
    expected = sorted(
        (float(row[at + 1]), float(row[at + 2]) if row[at] == "STATE" else -1.0) for row in rows
    )
    for events in (log.events, own, tabular.events):
        found = zip(events["t_s"], events["t_end_s"].fillna(-1.0), strict=True)
        assert sorted((float(start), float(end)) for start, end in found) == expected
    assert sorted(log.events["subject"]) == sorted(own["subject"]) == sorted(tabular.events["subject"])
    assert sorted(log.events["code"]) == sorted(own["code"])


@pytest.mark.parametrize("name", ["2_video_avi", "observation_without_events"])
def test_boris_tables_without_events(name: str) -> None:
    log = read(f"boris_current_exports/tabular_{name}.tsv")
    assert log.sessions.empty
    assert codes(log, "warning") == ["no_events"]


@pytest.mark.parametrize("suffix", ["tsv", "csv", "xlsx", "html"])
def test_boris_old_tabular(suffix: str) -> None:
    rows = table_rows("boris/test_export_events_tabular.tsv", delimiter="\t")
    starts = [float(row[0]) for row in rows if row[-1] == "START"]
    log = read(f"boris/test_export_events_tabular.{suffix}")
    assert list(log.events["t_s"]) == starts == [3.3, 9.9, 18.35, 38.425]
    assert set(log.events["subject"]) == {"subject1", "subject2"}
    (session,) = log.sessions.to_dict("records")
    assert session["session_id"] == "observation #1"
    assert json.loads(session["conditions_json"]) == {"a": "12", "b": "text value for b", "c": "111"}
    assert session["started_at"] == "2016-11-27T01:57:26+00:00"
    assert session["stopped_at"] == "2016-11-27T02:03:25.960+00:00"


OLD_AGGREGATED = [f"test_full_{number}" for number in (1, 2, 3, 4, 5)] + [
    "test_full_with_trailing_spaces_in_modifiers"
]


@pytest.mark.parametrize("name", OLD_AGGREGATED)
def test_boris_old_aggregated(name: str) -> None:
    path = f"boris/test_export_aggregated_events_{name}.tsv"
    rows = [row for row in table_rows(path, delimiter="\t") if row[0] != "Observation id"]
    log = read(path)
    assert codes(log) == []
    assert (len(log.sessions), len(log.events)) == (1, len(rows))
    kinds = Counter(cell for row in rows for cell in row if cell in ("STATE", "POINT"))
    assert (log.events["form"] == "state").sum() == kinds["STATE"]
    assert ("no_header" in codes(log, "warning")) == (name != "test_full_1")


def valid_time(text: str) -> bool:
    try:
        datetime.strptime(text, "%m/%d/%y %I:%M %p")
    except ValueError:
        return False
    return True


def test_gehl_movement() -> None:
    with (FIELD / "gehl_public_life" / MOVEMENT).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    good = [row for row in rows if valid_time(row["startedAt"]) and valid_time(row["endedAt"])]
    assert len(rows) - len(good) == 1
    groups = {(row["name"], row["startedAt"], row["endedAt"]) for row in good}
    log = read(f"gehl_public_life/{MOVEMENT}", tz="America/Los_Angeles")
    assert len(log.sessions) == len(groups)
    sums = log.interval_counts.groupby("item")["value"].sum()
    assert sums["passed"] == sum(row["modePedestrian"] == "1" for row in good)
    assert sums["modeBicyclist"] == sum(row["modeBicyclist "] == "1" for row in good)
    assert set(log.interval_counts["end_s"]) == {600.0}
    (problem,) = [finding for finding in log.findings if finding.severity == "problem"]
    assert "row 1745, column startedAt: '2017_06_07_08'" in problem.message
    assert "all_ones" in codes(log, "warning")


def test_gehl_stationary() -> None:
    with (FIELD / "gehl_public_life" / STATIONARY).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10725
    log = read(f"gehl_public_life/{STATIONARY}", tz="America/Los_Angeles")
    assert codes(log) == []
    assert len(log.sessions) == len({(row["name"], row["startedAt"], row["endedAt"]) for row in rows})
    sums = log.scans.groupby("item")["value"].sum()
    for item, column in (
        ("waiting", "activityWaitingTransport "),
        ("standing", "postureStanding "),
        ("seated", "postureSitting "),
        ("genderFemale", "genderFemale "),
    ):
        assert sums[item] == sum(int(row[column] or 0) for row in rows)
    assert sums["present"] >= len(rows)


def test_gehl_without_end() -> None:
    header, *rows = table_rows("gehl_public_life/sample-people-counts-pc.csv")
    log = read("gehl_public_life/sample-people-counts-pc.csv")
    assert log.interval_counts["value"].sum() == sum(int(row[header.index("modePedestrian")]) for row in rows)
    assert set(log.sessions["observer"]) == {row[header.index("surveyor")] for row in rows}
    assert "no_stop" in codes(log, "warning")


def test_odk_central() -> None:
    folder = "odk_central_csv_sample"
    tables = {name: table_rows(f"{folder}/multirepeat{name}.csv") for name in ("", "-child", "-toy")}
    log = read(folder)
    assert codes(log) == []
    assert sorted(log.sessions["session_id"]) == sorted(row[1] for row in tables[""][1:])
    expected = {("name", row[0]) for name in ("-child", "-toy") for row in tables[name][1:]}
    expected |= {("age", row[1]) for row in tables["-child"][1:]}
    found = list(zip(log.answers["item"], log.answers["value"], strict=True))
    assert set(found) == expected
    assert len(found) == 2 * (len(tables["-child"]) - 1) + len(tables["-toy"]) - 1
    toys = log.answers[log.answers["respondent_id"] == "child[1]/toy[3]"]
    assert toys[["session_id", "value"]].to_numpy().tolist() == [["three", "Pod racer"]]


def leaves(answers: Any) -> int:
    """Count the answers inside repeats."""
    if isinstance(answers, list):
        return sum(leaves(one) for one in answers)
    return sum(
        leaves(value) if isinstance(value, list) else 1
        for value in answers.values()
        if value not in ("", None)
    )


@pytest.mark.parametrize("name", ["1_v1", "2_v1", "v2"])
def test_kobo_json(name: str) -> None:
    data = json.loads((FIELD / f"kobo_formpack_fixtures/{name}.json").read_text(encoding="utf-8"))
    submissions = data["submissions"]
    log = read(f"kobo_formpack_fixtures/{name}.json")
    assert codes(log) == []
    assert len(log.sessions) == len(submissions)
    expected = sum(
        leaves(value)
        for one in submissions
        for key, value in one.items()
        if isinstance(value, list) and not key.startswith("_")
    )
    assert len(log.answers) == expected
    assert log.sessions["started_at"].str.slice(0, 19).tolist() == [one["start"][:19] for one in submissions]


@pytest.mark.parametrize("name", ["v1", "1_v2", "3_v1"])
def test_kobo_json_without_any_time(name: str) -> None:
    """Submissions without a time cannot be observation sessions; it is said which."""
    log = read(f"kobo_formpack_fixtures/{name}.json")
    assert (len(log.sessions), codes(log)) == (0, ["no_time"])


def test_counters_with_a_column_mapping() -> None:
    name = "pedestrian_brooklyn_bridge/Brooklyn_Bridge_Automated_Pedestrian_Counts_Demonstration_Project.csv"
    header, *rows = table_rows(name)
    columns = FieldColumns.model_validate(
        {
            "columns": {"started_at": "hour_beginning", "point_id": "location"},
            "items": {"Pedestrians": "passed"},
            "interval_s": 3600,
            "time_format": "%m/%d/%Y %I:%M:%S %p",
            "tz": "America/New_York",
        }
    )
    log = read(name, columns=columns)
    counts = [row[header.index("Pedestrians")] for row in rows]
    skipped = [row for row in rows if row[0] == "03/11/2018 02:00:00 AM"]  # clocks were set forward
    assert len(skipped) == 1
    assert codes(log) == ["no_time", "no_time"]
    assert len(log.interval_counts) == sum(count != "" for count in counts) - 1
    assert log.interval_counts["value"].sum() == sum(int(count) for count in counts if count) - int(
        skipped[0][2] or 0
    )
    assert len(log.sessions) == len({row[0][:10] for row in rows})


def test_sensors_in_columns_with_a_column_mapping() -> None:
    header, *rows = table_rows("pedestrian_sydney/sample_input.csv")
    columns = FieldColumns.model_validate(
        {
            "columns": {"started_at": "timestamp"},
            "items": {name: {"item": "passed", "point_id": name} for name in header[1:]},
            "values": {"station_id": "sydney"},
            "interval_s": 3600,
            "tz": "Australia/Sydney",
        }
    )
    log = read("pedestrian_sydney/sample_input.csv", columns=columns)
    assert codes(log) == []
    for number, name in enumerate(header[1:], start=1):
        of_point = log.sessions[log.sessions["point_id"] == name]["session_id"]
        mine = log.interval_counts[log.interval_counts["session_id"].isin(of_point)]
        numbers = [float(row[number]) for row in rows if row[number]]
        assert (len(mine), mine["value"].sum()) == (len(numbers), pytest.approx(sum(numbers)))


@pytest.mark.parametrize("name", EMPTY)
def test_empty_files_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="empty"):
        find_field_logs(FIELD / name)


@pytest.mark.parametrize("name", sorted(NO_OBSERVATIONS))
def test_files_without_observations_say_so(name: str) -> None:
    if name.endswith(".boris"):
        log = read(name)
        assert (len(log.sessions), codes(log, "info")) == (0, ["no_observations"])
        return
    with pytest.raises(InputError):
        find_field_logs(FIELD / name)


def test_every_file_is_accounted_for() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    folders = (
        "boris",
        "boris_current_exports",
        "gehl_public_life",
        "kobo_formpack_fixtures",
        "odk_central_csv_sample",
    )
    read_here = {
        *(f"boris/{name}.boris" for name in BORIS_PROJECTS),
        *(
            f"boris_current_exports/{kind}_{name}.tsv"
            for kind in ("tabular", "aggregated")
            for name in CURRENT
        ),
        *(
            f"boris_current_exports/tabular_{name}.tsv"
            for name in ("2_video_avi", "observation_without_events")
        ),
        *(f"boris/test_export_events_tabular.{suffix}" for suffix in ("tsv", "csv", "xlsx", "html")),
        *(f"boris/test_export_aggregated_events_{name}.tsv" for name in OLD_AGGREGATED),
        *(f"kobo_formpack_fixtures/{name}.json" for name in ("1_v1", "2_v1", "v2", "v1", "1_v2", "3_v1")),
        *(f"odk_central_csv_sample/multirepeat{name}.csv" for name in ("", "-child", "-toy")),
        *EMPTY,
        *NO_OBSERVATIONS,
    }
    for folder in folders:
        for path in (FIELD / folder).iterdir():
            if path.name not in ("SOURCE.txt", "README.md"):
                assert f"{folder}/{path.name}" in read_here or path.name in here, path.name
