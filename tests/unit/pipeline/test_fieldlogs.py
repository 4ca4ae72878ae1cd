"""Field logs from file to figure: the sample logs, protocols, versions, personal answers, the command line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gazestudy.cli.app import app
from gazestudy.errors import InputError, ParameterError, StudyError
from gazestudy.importers.fieldlogs import FieldLogError, FieldPlan, PlanItem
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.pipeline.field_results import (
    draw_map,
    field_agreement,
    field_summary,
    read_places,
    study_log,
)
from gazestudy.pipeline.fieldlogs import import_field_logs, plan_of, without_personal
from gazestudy.protocol import load_protocol
from gazestudy.resources import find
from gazestudy.store import Study, create_study, open_study

LOGS = find("sample_sessions") / "fieldlogs"


def sheet(name: str) -> list[dict[str, str]]:
    with (LOGS / "sheets" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("field") / "study"
    with create_study(root, name="x") as study:
        import_field_logs(study, LOGS)
    return root


@pytest.fixture
def empty(tmp_path: Path) -> Study:
    return create_study(tmp_path / "study", name="x")


def test_the_sample_logs_come_in_whole(root: Path) -> None:
    with open_study(root, read_only=True) as study:
        log = study.field_log()
        stored = study.field_logs()
    cells = [row for row in sheet("interval_counts.csv") for name in row if name not in KEYS and row[name]]
    assert len(log.interval_counts) == len(cells)
    boris = json.loads((LOGS / "follow.boris").read_text(encoding="utf-8"))["observations"].values()
    rows = [event for one in boris for event in one["events"]]
    assert (
        len(log.events)
        == sum(row[2] == "glance" for row in rows) + sum(row[2] == "walk" for row in rows) // 2
    )
    assert len(log.sessions) == len(sheet("sessions.csv")) + 2
    assert {one.importer for one in stored} == {"entry-sheets", "boris"}
    assert all(len(file.sha256) == 64 for one in stored for file in one.sources)


KEYS = ("session_id", "interval_no", "start_s", "end_s", "placement_id")


def test_figures_are_those_of_the_sheets(root: Path) -> None:
    primary = {
        row["session_id"]
        for row in sheet("sessions.csv")
        if row["role"] == "primary" and row["point_id"] == "C1"
    }
    rows = [row for row in sheet("interval_counts.csv") if row["session_id"] in primary]
    passed = sum(int(row["passed"] or 0) for row in rows)
    glanced = sum(int(row["glanced"] or 0) for row in rows)
    with open_study(root, read_only=True) as study:
        table = field_summary(study, by=("point_id",)).figures.table.set_index(["point_id", "figure"])
    row = table.loc[("C1", "notice_rate")]
    assert (row["numerator"], row["denominator"]) == (glanced, passed)
    assert row["value"] == pytest.approx(glanced / passed)
    assert row["low"] < 0.14 < row["high"]
    assert row["rule"]


def test_two_observers_are_compared(root: Path) -> None:
    with open_study(root, read_only=True) as study:
        found = field_agreement(study, draws=50)
        again = field_agreement(study, draws=50)
    assert sorted(found.pairs["session_b"]) == ["RV-C1-0800-B2", "RV-C1-1000-B2"]
    assert set(found.events["code"]) == {"glance", "walk"}
    assert found.coefficients.equals(again.coefficients)


def test_the_map_is_drawn(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "maps" / "map.png"
    with open_study(root, read_only=True) as study:
        figures = draw_map(study, LOGS / "plan.png", LOGS / "places.csv", out)
        assert out.read_bytes()[:4] == b"\x89PNG"
        assert set(figures.table["point_id"]) == {"C1", "H2"}
        with pytest.raises(ParameterError, match="figure"):
            draw_map(study, LOGS / "plan.png", LOGS / "places.csv", out, colour="beauty")
        with pytest.raises(InputError, match="picture"):
            draw_map(study, LOGS / "places.csv", LOGS / "places.csv", out)
        with pytest.raises(StudyError, match="nobody observed at station 'Mars'"):
            study_log(study, station="Mars")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "columns are missing"),
        ("point_id,x\nC1,3\n", "columns are missing"),
        ("point_id,x_px,y_px\nC1,3,4\nC2,three,4\nC3,,\n", "row 3: x_px 'three', y_px '4'; row 4"),
    ],
)
def test_places_that_are_not_right(text: str, match: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=match):
        read_places(tmp_path / "p.csv")


def test_mistakes_import_nothing(empty: Study, tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    shutil.copytree(LOGS / "sheets", folder)
    counts = (folder / "interval_counts.csv").read_text(encoding="utf-8").splitlines()
    counts[1] = counts[1].replace(counts[1].split(",")[5], "many", 1)
    (folder / "interval_counts.csv").write_text("\n".join(counts) + "\n", encoding="utf-8")
    scans = (folder / "scans.csv").read_text(encoding="utf-8").replace("RV-C1-1230-A7,0", "RV-C1-9999-A7,0")
    (folder / "scans.csv").write_text(scans, encoding="utf-8")
    with empty as study:
        with pytest.raises(FieldLogError) as caught:
            import_field_logs(study, folder)
        assert "interval_counts, row 2, column passed" in str(caught.value)
        assert "scans, row" in str(caught.value)
        assert study.field_logs() == ()
        (done,) = import_field_logs(study, folder, salvage=True)
        assert len(done.intake.added) == len(sheet("sessions.csv"))
        (dry,) = import_field_logs(study, folder, dry_run=True)
        assert len(dry.intake.unchanged) == len(done.intake.added)


def test_placements_are_looked_up_in_the_study(empty: Study) -> None:
    poster = find("sample_sessions") / "placements" / "corridor-six-sheet.jpg"
    with empty as study:
        study.add_placement("corridor-six-sheet", [poster])
        done = import_field_logs(study, LOGS)
    messages = [
        finding.message for one in done for finding in one.findings if finding.code == "unknown_placement"
    ]
    assert len(messages) == 1
    assert "hall-wrap" in messages[0]
    assert "six-sheet" not in messages[0]


def test_mistyped_ids_and_other_protocols_are_doubtful(empty: Study, tmp_path: Path) -> None:
    text = (
        "session_id,protocol_id,protocol_version,observer,started_at,stopped_at\n"
        "7777-7771-4,station_point_observation,2024.1,A7,2026-11-22T08:00+07:00,2026-11-22T09:00+07:00\n"
        "7777-7777-4,,,A7,2026-11-22T10:00+07:00,2026-11-22T11:00+07:00\n"
    )
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "sessions.csv").write_text(text, encoding="utf-8")
    with empty as study:
        (done,) = import_field_logs(
            study, tmp_path / "sheets", protocol=load_protocol("station_point_observation"), prefix="B-"
        )
    assert [finding.code for finding in done.findings] == ["mistyped", "other_protocol"]
    assert done.intake.added == ("B-7777-7771-4", "B-7777-7777-4")
    assert "'B-7777-7771-4' is mistyped" in done.findings[0].message


def test_a_protocol_as_a_plan() -> None:
    plan = plan_of(load_protocol("station_point_observation"))
    assert plan.table_of("passed") == "interval_counts"
    assert plan.items["blocked_percent"].numeric
    assert not plan.items["coverage"].numeric
    assert [rule.text for rule in plan.rules if rule.items == ("glanced", "passed")] == ["glanced <= passed"]
    follow = plan_of(load_protocol("focal_follow"))
    assert {"walk", "look"} <= follow.states
    assert "glance" in follow.points


def test_personal_answers_are_taken_out() -> None:
    plan = FieldPlan(items={"email": PlanItem("email", "answers", "text", personal=True)})
    start = {"started_at": "2026-11-22T08:00:00+07:00", "stopped_at": "2026-11-22T09:00:00+07:00"}
    answers = [
        {"session_id": "s", "respondent_id": "1", "item": "email", "value": "a@b.example"},
        {"session_id": "s", "respondent_id": "1", "item": "noticed", "value": "yes"},
    ]
    log = FieldLog(
        sessions=field_table(
            "sessions", [{"session_id": "s", "conditions_json": '{"email": "c@d", "x": "1"}', **start}]
        ),
        answers=field_table("answers", answers),
    )
    public, private = without_personal(log, plan)
    assert public.answers["item"].tolist() == ["noticed"]
    assert public.sessions["conditions_json"].tolist() == ['{"x": "1"}']
    assert [(one.respondent_id, one.value) for one in private] == [("1", "a@b.example"), ("", "c@d")]


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["fieldlog", *map(str, words)])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def test_command_line(tmp_path: Path) -> None:
    root = tmp_path / "study"
    create_study(root, name="x").close()
    assert "nothing was written" in run("import", root, LOGS, "--dry-run")
    assert "11 sessions new, 0 changed" in run("import", root, LOGS)
    assert "nothing changed: everything is in the study already" in run("import", root, LOGS)
    document = json.loads(run("import", root, LOGS, "--json"))
    assert [one["added"] for one in document["logs"]] == [[], []]
    assert "station Riverside: points C1, H2" in run("list", root)
    assert "removed follow-01" in run("remove", root, "follow-01")
    assert "2 sessions new" in run("import", root, LOGS)
    assert "every event of the interval counted" in run(
        "summary", root, "--by", "daypart", "--out", tmp_path / "t.csv", "--figure", tmp_path / "hidden.svg"
    )
    assert "<svg" in (tmp_path / "hidden.svg").read_text(encoding="utf-8")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").startswith("daypart,figure")
    assert "matched" in run("agreement", root, "--out", tmp_path / "tables")
    assert (tmp_path / "tables" / "events.csv").is_file()
    assert "pictures: 13" in run("agreement", root, "--figures", tmp_path / "pictures")
    assert len(list((tmp_path / "pictures").glob("*.svg"))) == 13
    run(
        "map", root, "--plan", LOGS / "plan.png", "--places", LOGS / "places.csv", "--out", tmp_path / "m.svg"
    )
    assert (tmp_path / "m.svg").is_file()


def test_command_line_tells_every_mistake_on_a_line(tmp_path: Path) -> None:
    root, folder = tmp_path / "study", tmp_path / "sheets"
    create_study(root, name="x").close()
    shutil.copytree(LOGS / "sheets", folder)
    text = (
        (folder / "sessions.csv")
        .read_text(encoding="utf-8")
        .replace("2026-11-16T08:30+07:00", "half past eight")
    )
    (folder / "sessions.csv").write_text(text, encoding="utf-8")
    output = run("import", root, folder, code=1)
    assert output.count("'half past eight' is no time") == 2
    assert "nothing was imported" in output
    assert "no figures" not in output
    result = CliRunner().invoke(app, ["fieldlog", "summary", str(root)])
    assert isinstance(result.exception, StudyError)
    assert isinstance(
        CliRunner().invoke(app, ["fieldlog", "import", str(root), str(folder), "--tz", "Mars"]).exception,
        ParameterError,
    )
