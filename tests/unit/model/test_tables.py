"""Table contracts name every breach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import TableError
from gazestudy.model import tables


def good_gaze() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "t_ns": np.array([0, 5, 10], dtype=np.int64),
            "x_px": [1.0, np.nan, 3.0],
            "y_px": [1.0, np.nan, 3.0],
            "valid": [True, False, True],
            "reason": tables.categorical(["ok", "blink", "ok"], tables.REASONS),
            "confidence": [np.nan, np.nan, np.nan],
            "part": [0, 0, 1],
        }
    )


def test_a_good_table_comes_back_unchanged():
    table = good_gaze()
    assert tables.GAZE.check(table) is table


ALL_CONTRACTS = [value for value in vars(tables).values() if isinstance(value, tables.TableContract)]


@pytest.mark.parametrize("contract", ALL_CONTRACTS, ids=lambda contract: contract.name)
def test_an_empty_table_keeps_its_own_contract(contract):
    assert len(contract.check(contract.empty())) == 0
    assert contract.empty().columns.tolist() == contract.names


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda t: t.drop(columns="valid"), "'valid' is missing", id="missing"),
        pytest.param(lambda t: t.assign(t_ns=t.t_ns.astype("float64")), "int64 nanoseconds", id="float-time"),
        pytest.param(lambda t: t.assign(t_ns=t.t_ns.astype("int32")), "int64 nanoseconds", id="short-time"),
        pytest.param(lambda t: t.assign(x_px=[1, 2, 3]), "'x_px' must be float", id="int-for-float"),
        pytest.param(lambda t: t.assign(valid=[1, 0, 1]), "'valid' must be bool", id="int-for-bool"),
        pytest.param(lambda t: t.assign(reason=["ok", "ok", "ok"]), "must be categorical", id="plain-reason"),
        pytest.param(
            lambda t: t.assign(reason=pd.Categorical(["ok", "tired", "ok"])),
            "unknown categories ['tired']",
            id="reason",
        ),
        pytest.param(
            lambda t: t.assign(reason=tables.categorical(["ok", None, "ok"], tables.REASONS)),
            "empty",
            id="no-reason",
        ),
        pytest.param(
            lambda t: t.assign(t_ns=t.t_ns.to_numpy()[::-1].copy()), "backwards 2 times", id="backwards"
        ),
    ],
)
def test_each_breach_is_named(change, words):
    with pytest.raises(TableError, match="the gaze table is not usable") as caught:
        tables.GAZE.check(change(good_gaze()), "walk.csv")
    assert words in str(caught.value)
    assert str(caught.value).startswith("walk.csv: ")


def test_all_breaches_are_reported_at_once():
    with pytest.raises(TableError) as caught:
        tables.GAZE.check(good_gaze().drop(columns=["valid", "part"]).assign(x_px=[1, 2, 3]))
    assert len(caught.value.breaches) == 3
