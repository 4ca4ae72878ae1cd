from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazestudy.store import cache_key
from gazestudy.store.keys import jsonable


def test_order_and_number_types_do_not_matter() -> None:
    one = cache_key("a", 1, {"x_deg": 1, "y": [1.5, (2, 3)]}, {"gaze": "k", "frames": "l"})
    other = cache_key(
        "a", 1, {"y": (np.float64(1.5), [2.0, np.int8(3)]), "x_deg": 1.0}, {"frames": "l", "gaze": "k"}
    )
    assert one == other


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(("b", 1, {"x": 1}, {"i": "k"}), id="step"),
        pytest.param(("a", 2, {"x": 1}, {"i": "k"}), id="version"),
        pytest.param(("a", 1, {"x": 1.0000001}, {"i": "k"}), id="value"),
        pytest.param(("a", 1, {"x": "1"}, {"i": "k"}), id="type"),
        pytest.param(("a", 1, {"x": True}, {"i": "k"}), id="bool"),
        pytest.param(("a", 1, {"x": None}, {"i": "k"}), id="none"),
        pytest.param(("a", 1, {"x": 1, "y": None}, {"i": "k"}), id="more"),
        pytest.param(("a", 1, {"x": 1}, {"i": "l"}), id="input"),
        pytest.param(("a", 1, {"x": 1}, {"j": "k"}), id="input-name"),
        pytest.param(("a", 1, {}, {"x": 1, "i": "k"}), id="moved"),
    ],
)
def test_every_change_changes_the_key(changed: tuple[object, ...]) -> None:
    assert cache_key(*changed) != cache_key("a", 1, {"x": 1}, {"i": "k"})  # type: ignore[arg-type]


def test_path_is_refused_since_it_differs_between_computers() -> None:
    with pytest.raises(TypeError, match="use a hash"):
        cache_key("a", 1, {"file": Path("x")}, {})


def test_number_as_key_is_refused() -> None:
    with pytest.raises(TypeError, match="must be text"):
        jsonable({1: "a"})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_plain_values_stay_as_they_are(value: object) -> None:
    assert json.loads(json.dumps(jsonable(value))) == value
