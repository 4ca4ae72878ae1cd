from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import StudyDamagedError, StudyError
from gazestudy.model import CONTRACTS, Provenance, categorical, provenance_of
from gazestudy.model.tables import GAZE_EVENTS, REASONS
from gazestudy.store.parquet import read_table, write_table

EDGES = [np.iinfo(np.int64).min, -1, 0, 2**53 + 1, np.iinfo(np.int64).max]


def round_trip(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    file = write_table(table, folder, "ตาราง.parquet")
    assert file.rows == len(table)
    assert file.size_bytes == (folder / file.path).stat().st_size
    return read_table(folder / file.path, file.sha256, "")


def test_values_come_back_exactly(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "t_ns": np.array(EDGES),
            "x_px": [np.nan, -0.0, 1e-320, np.inf, 0.1],
            "small": np.array([1, 2, 3, 4, 5], dtype=np.float32),
            "count": np.array([0, 1, 2, 3, 255], dtype=np.uint8),
            "valid": [True, False, True, True, False],
            "name": ["a", "", "ชานชาลา", "🚇", "x\n"],
            "reason": categorical(["ok", "ok", "blink", "no_data", "ok"], REASONS),
        }
    )
    back = round_trip(table, tmp_path)
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    assert np.signbit(back["x_px"][1])


@pytest.mark.parametrize("name", list(CONTRACTS))
def test_empty_table_keeps_its_contract(tmp_path: Path, name: str) -> None:
    back = round_trip(CONTRACTS[name].empty(), tmp_path)
    pd.testing.assert_frame_equal(CONTRACTS[name].check(back), CONTRACTS[name].empty())


def test_unused_categories_and_their_order_come_back(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "seldom": categorical(["no_data", "ok"], REASONS),
            "ordered": pd.Categorical(["b", "a"], ["c", "b", "a"], ordered=True),
            "missing": pd.Categorical(["b", None], ["a", "b"]),
        }
    )
    pd.testing.assert_frame_equal(round_trip(table, tmp_path), table)


def test_provenance_comes_back(tmp_path: Path) -> None:
    table = GAZE_EVENTS.empty()
    Provenance("events.ivt", 2, {"window_ms": np.float64(20.0), "axes": ("x", "y")}).attach(table)
    back = round_trip(table, tmp_path)
    assert provenance_of(back) == {
        "step": "events.ivt",
        "version": 2,
        "parameters": {"window_ms": 20.0, "axes": ["x", "y"]},
        "facts": {},
    }
    assert table.attrs["provenance"]["parameters"]["axes"] == ("x", "y")


def test_named_index_comes_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"dwell_ms": [1.0, 2.0]}, index=pd.Index(["north", "south"], name="placement_id"))
    pd.testing.assert_frame_equal(round_trip(table, tmp_path), table)


def test_same_table_gives_same_hash(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2]})
    assert write_table(table, tmp_path, "a").sha256 == write_table(table.copy(), tmp_path, "b").sha256


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(pd.DataFrame({"a": [1, "x", None]}, dtype=object), id="mixed"),
        pytest.param(pd.DataFrame([[1, 2]], columns=["a", "a"]), id="twice"),
    ],
)
def test_table_that_cannot_be_stored_is_named_and_nothing_written(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    with pytest.raises(StudyError, match=r"bad\.parquet: the table cannot be stored"):
        write_table(table, tmp_path, "bad.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [pytest.param(0.3, id="data"), pytest.param(0.95, id="footer")])
def test_one_flipped_bit_is_noticed(tmp_path: Path, place: float) -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"t_ns": rng.integers(0, 2**60, 300), "x_px": rng.random(300)})
    file = write_table(table, tmp_path, "a.parquet")
    content = bytearray((tmp_path / file.path).read_bytes())
    content[int(place * len(content))] ^= 4
    (tmp_path / file.path).write_bytes(content)
    with pytest.raises(StudyDamagedError, match=r"a\.parquet: the file is damaged.*Import again"):
        read_table(tmp_path / file.path, file.sha256, "Import again")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyDamagedError, match=r"a\.parquet: the file is missing"):
        read_table(tmp_path / "a.parquet", "0", "")
