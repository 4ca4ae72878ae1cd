"""Field logs in the study: versions of sessions, pseudonyms, nothing lost, nothing twice."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gazestudy.errors import StudyDamagedError, StudyError
from gazestudy.model.fieldwork import FieldLog, field_table
from gazestudy.model.recording import Finding, SourceFile
from gazestudy.store import FieldLogIntake, PrivateAnswer, Study, check_study, create_study, open_study

SOURCE = SourceFile("day1.csv", 12, "ab" * 32)


def a_log(counts: dict[str, float], *, observer: str = "A7", started: str = "08:00") -> FieldLog:
    """One session for each name, with one count."""
    sessions = [
        {
            "session_id": name,
            "station_id": "สยาม",
            "point_id": "ชานชาลา 3",
            "observer": observer,
            "started_at": f"2026-11-22T{started}:00+07:00",
            "stopped_at": "2026-11-22T09:00:00+07:00",
        }
        for name in counts
    ]
    rows = [
        {
            "session_id": name,
            "interval_no": 0,
            "start_s": 0.0,
            "end_s": 300.0,
            "item": "passed",
            "value": value,
        }
        for name, value in counts.items()
    ]
    return FieldLog(
        sessions=field_table("sessions", sessions),
        interval_counts=field_table("interval_counts", [{**row, "source": "paper"} for row in rows]),
        findings=(Finding("warning", "day1.csv", "rule", "row 3: more glanced than passed", 1),),
    ).check()


def add(study: Study, log: FieldLog, name: str = "day1.csv", **options: object) -> FieldLogIntake:
    return study.add_field_log(
        log, name=name, importer="entry-sheets", importer_version=1, sources=[SOURCE],
        provenance={"protocol": "p/1"}, **options,
    )  # type: ignore[arg-type]  # fmt: skip


def passed(study: Study, log_id: str | None = None) -> dict[str, float]:
    rows = study.field_log(log_id).interval_counts
    return dict(zip(rows["session_id"], rows["value"], strict=True))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "study"


def test_what_comes_in_is_what_is_kept(root: Path) -> None:
    log = a_log({"s1": 40.0, "s2": 0.0})
    with create_study(root, name="x") as study:
        done = add(study, log)
    assert (done.added, done.changed, done.unchanged) == (("s1", "s2"), (), ())
    with open_study(root, read_only=True) as study:
        found = study.field_log()
        for name, table in log.tables().items():
            pd.testing.assert_frame_equal(getattr(found, name), table, check_dtype=False)
        assert found.findings == log.findings
        assert study.points() == {"สยาม": ("ชานชาลา 3",)}
        assert study.observers() == ("A7",)
        (stored,) = study.field_logs()
        assert stored.sources == (SOURCE,)
        assert stored.provenance == {"protocol": "p/1"}
        assert stored.sessions == {"s1": 1, "s2": 1}
    assert check_study(root) == []


def test_the_same_again_changes_nothing(root: Path) -> None:
    with create_study(root, name="x") as study:
        add(study, a_log({"s1": 40.0}))
        before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
        done = add(study, a_log({"s1": 40.0}), name="renamed.csv")
        assert (done.log_id, done.unchanged) == ("", ("s1",))
        assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before


def test_a_changed_session_is_a_new_version_and_the_old_one_stays(root: Path) -> None:
    with create_study(root, name="x") as study:
        first = add(study, a_log({"s1": 40.0, "s2": 7.0}))
        second = add(study, a_log({"s1": 41.0, "s2": 7.0, "s3": 1.0}))
        assert (second.added, second.changed, second.unchanged) == (("s3",), ("s1",), ("s2",))
        assert passed(study) == {"s2": 7.0, "s1": 41.0, "s3": 1.0}
        assert passed(study, first.log_id) == {"s1": 40.0, "s2": 7.0}
        assert [one.current for one in study.field_logs()] == [("s2",), ("s1", "s3")]
        study.remove_field_log(second.log_id)
        assert passed(study) == {"s1": 40.0, "s2": 7.0}
    assert check_study(root) == []


def test_a_later_file_with_other_sessions_loses_none(root: Path) -> None:
    with create_study(root, name="x") as study:
        add(study, a_log({"s1": 40.0}))
        add(study, a_log({"s2": 2.0}))
        assert passed(study) == {"s1": 40.0, "s2": 2.0}


def test_one_id_for_two_sessions_is_refused(root: Path) -> None:
    with create_study(root, name="x") as study:
        add(study, a_log({"live": 40.0}))
        with pytest.raises(StudyError, match=r"'live' \(there: observer A7.*--prefix"):
            add(study, a_log({"live": 3.0}, observer="B2"))
        with pytest.raises(StudyError, match="another observer, start or kind"):
            add(study, a_log({"live": 3.0}, started="08:30"))
        assert passed(study) == {"live": 40.0}
        assert add(study, a_log({"live": 3.0}, started="08:30"), replace=True).changed == ("live",)


def test_names_of_observers_become_codes(root: Path) -> None:
    with create_study(root, name="x") as study:
        done = add(study, a_log({"s1": 1.0}, observer="Anna Müller"))
        assert done.pseudonyms == {"O01": "Anna Müller"}
        add(study, a_log({"s2": 1.0}, observer="สมชาย"))
        add(study, a_log({"s3": 1.0}, observer="Anna Müller"))
        assert list(study.field_log().sessions["observer"]) == ["O01", "O02", "O01"]
        assert study.observer_names() == {"O01": "Anna Müller", "O02": "สมชาย"}
        assert add(study, a_log({"s1": 1.0}, observer="Anna Müller")).unchanged == ("s1",)
    for file in (root / "fieldlogs").rglob("*.parquet"):
        assert "Müller".encode() not in file.read_bytes()


def test_private_answers_lie_apart(root: Path) -> None:
    answer = PrivateAnswer("s1", "r1", "email", "a@b.example")
    with create_study(root, name="x") as study:
        add(study, a_log({"s1": 1.0}), private=[answer])
        assert study.private_answers() == (answer,)
        assert study.field_log().answers.empty
        assert add(study, a_log({"s1": 1.0}), private=[answer]).unchanged == ("s1",)
        assert add(study, a_log({"s1": 1.0})).changed == ("s1",)
        assert study.private_answers() == ()


def test_a_failed_import_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise StudyError("no")

    with create_study(root, name="x") as study:
        add(study, a_log({"s1": 1.0}))
        monkeypatch.setattr("gazestudy.store.fieldlogs._session_row", fail)
        with pytest.raises(StudyError, match="no"):
            add(study, a_log({"s2": 2.0}))
        assert [path.name for path in (root / "fieldlogs").iterdir()] == ["day1-01"]
        assert passed(study) == {"s1": 1.0}
    assert check_study(root) == []


def test_dry_run_writes_nothing(root: Path) -> None:
    with create_study(root, name="x") as study:
        assert add(study, a_log({"s1": 1.0}), dry_run=True).added == ("s1",)
        assert study.field_logs() == ()
        assert not list(root.glob("fieldlogs/*"))


def test_damage_is_noticed(root: Path) -> None:
    with create_study(root, name="x") as study:
        log_id = add(study, a_log({"s1": 1.0})).log_id
    file = root / "fieldlogs" / log_id / "interval-counts.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    assert [problem.severity for problem in check_study(root)] == ["problem"]
    with open_study(root, read_only=True) as study, pytest.raises(StudyDamagedError):
        study.field_log()


def test_unknown_logs_are_named(root: Path) -> None:
    with create_study(root, name="x") as study:
        with pytest.raises(StudyError, match=r"no field log 'day9'.*none yet"):
            study.field_log("day9")
        with pytest.raises(StudyError, match="no field log"):
            study.remove_field_log("day9")
        assert study.field_log().sessions.empty
