from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.model import Provenance, Recording, provenance_of
from gazestudy.store import Study, check_study, open_study, write_result_files

TABLE = pd.DataFrame({"onset_ns": [2**60, 2**60 + 1], "x_px": [1.5, float("nan")]})
STEP = "events.ivt"


@pytest.fixture
def one(study: Study, recording: Callable[..., Recording]) -> str:
    return study.add_recording(recording(1), participant_id="P01").id


@pytest.mark.parametrize("whole_study", [False, True])
def test_result_comes_back_after_opening_again(study: Study, one: str, whole_study: bool) -> None:
    of = None if whole_study else one
    table = Provenance("events.ivt", 1, {"window_ms": 20.0}).attach(TABLE.copy())
    written = study.write_derived(of, STEP, "ab12", {"events": table, "ตาราง": TABLE}, provenance={"n": 2})
    study.close()
    with open_study(study.path, read_only=True) as again:
        found = again.derived(of, STEP, "ab12")
        assert found == written == again.current(of, STEP)
        assert found is not None
        assert found.provenance == {"n": 2}
        assert list(found.files) == ["events", "ตาราง"]
        pd.testing.assert_frame_equal(found.table("events"), table, check_exact=True)
        assert provenance_of(found.table("events")) == provenance_of(table)
        pd.testing.assert_frame_equal(again.derived_table(of, STEP, "ab12", "ตาราง"), TABLE)
        assert again.derived(None if not whole_study else one, STEP, "ab12") is None


def test_newer_key_replaces_older_ones_of_that_step_only(study: Study, one: str) -> None:
    for of, step in ((one, STEP), (one, "mapping.planar"), (None, STEP)):
        study.write_derived(of, step, "aa", {"t": TABLE}, provenance={})
    study.write_derived(one, STEP, "bb", {"t": TABLE}, provenance={})
    assert study.derived(one, STEP, "aa") is None
    current = study.current(one, STEP)
    assert current is not None
    assert current.key == "bb"
    assert study.derived(one, "mapping.planar", "aa") is not None
    assert study.derived(None, STEP, "aa") is not None
    folder = study.path / "recordings" / one / "derived"
    assert sorted(entry.name for entry in folder.iterdir()) == ["events.ivt-bb", "mapping.planar-aa"]


def test_same_key_again_replaces_the_tables(study: Study, one: str) -> None:
    study.write_derived(one, STEP, "aa", {"t": TABLE, "old": TABLE}, provenance={"try": 1})
    again = study.write_derived(one, STEP, "aa", {"t": TABLE[:1]}, provenance={"try": 2})
    assert len(again.table("t")) == 1
    assert sorted(entry.name for entry in again.path.iterdir()) == ["t-0.parquet"]
    study.close()
    assert check_study(study.path) == []


def test_worker_writes_files_and_the_owner_records_them(study: Study, one: str) -> None:
    written = pickle.loads(pickle.dumps(write_result_files(study.path, one, STEP, "aa", {"t": TABLE})))
    assert study.derived(one, STEP, "aa") is None
    found = study.record_result(written, provenance={})
    assert found == study.derived(one, STEP, "aa")
    assert not written.path.exists()


def test_result_of_a_worker_that_is_gone_is_not_recorded(study: Study, one: str) -> None:
    written = write_result_files(study.path, one, STEP, "aa", {"t": TABLE})
    os.truncate(written.path / written.files["t"].path, 10)
    with pytest.raises(StudyDamagedError, match="not there any more"):
        study.record_result(written, provenance={})
    assert study.derived(one, STEP, "aa") is None


def test_result_without_its_files_is_not_offered(study: Study, one: str) -> None:
    found = study.write_derived(one, STEP, "aa", {"t": TABLE}, provenance={})
    (found.path / found.files["t"].path).unlink()
    assert study.derived(one, STEP, "aa") is None
    assert study.current(one, STEP) is None
    study.write_derived(one, STEP, "aa", {"t": TABLE}, provenance={})
    assert study.derived(one, STEP, "aa") is not None


def test_table_that_cannot_be_stored_keeps_the_older_result(study: Study, one: str) -> None:
    study.write_derived(one, STEP, "aa", {"t": TABLE}, provenance={})
    odd = pd.DataFrame({"a": [1, "x"]}, dtype=object)
    for key in ("aa", "bb"):
        with pytest.raises(StudyError, match="cannot be stored"):
            study.write_derived(one, STEP, key, {"t": TABLE, "odd": odd}, provenance={})
    with pytest.raises(TypeError):
        study.write_derived(one, STEP, "bb", {"t": TABLE}, provenance={"path": Path()})
    assert study.derived(one, STEP, "aa") is not None
    assert [entry.name for entry in (study.path / "recordings" / one / "derived").iterdir()] == [
        "events.ivt-aa"
    ]


def test_recording_that_is_not_there(study: Study) -> None:
    with pytest.raises(StudyError, match="no recording 'p09-1'"):
        study.write_derived("p09-1", STEP, "aa", {"t": TABLE}, provenance={})
    with pytest.raises(StudyError, match=r"no result events\.ivt-aa of the study"):
        study.derived_table(None, STEP, "aa", "t")
    study.close()
    assert check_study(study.path) == []


def test_unknown_table_names_those_there_are(study: Study, one: str) -> None:
    found = study.write_derived(one, STEP, "aa", {"t": TABLE, "u": TABLE}, provenance={})
    with pytest.raises(KeyError, match="it has t, u"):
        found.table("x")


@pytest.mark.parametrize(
    ("step", "key"),
    [
        pytest.param("../x", "aa", id="step climbs out"),
        pytest.param("a", "../aa", id="key climbs out"),
        pytest.param("", "aa", id="no step"),
        pytest.param("a", "", id="no key"),
        pytest.param("a..b", "aa", id="hole in step"),
    ],
)
def test_unsafe_names_are_refused(study: Study, step: str, key: str) -> None:
    with pytest.raises(ParameterError):
        study.write_derived(None, step, key, {"t": TABLE}, provenance={})
    assert list((study.path / "derived").iterdir()) == []


def test_removed_results_are_gone(study: Study, one: str) -> None:
    found = study.write_derived(one, STEP, "aa", {"t": TABLE}, provenance={})
    study.remove_derived(one, STEP)
    assert study.current(one, STEP) is None
    assert not found.path.exists()
