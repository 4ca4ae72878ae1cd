import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from gazestudy.memory.recall_model import recall_model
from gazestudy.memory.two_by_two import two_by_two, two_by_two_table
from gazestudy.plots.heatmap import figure_bytes
from gazestudy.plots.memory import draw_recall_model, draw_recall_table, draw_two_by_two


def _cases(a: int, b: int, c: int, d: int, place: str = "ป้าย") -> pd.DataFrame:
    n = a + b + c + d
    return pd.DataFrame(
        {
            "participant_id": [f"P{k}" for k in range(n)],
            "placement_id": place,
            "fixated": [True] * (a + b) + [False] * (c + d),
            "recalled_unaided": [1.0] * a + [0.0] * b + [1.0] * c + [0.0] * d,
        }
    )


def _texts(axes: Axes) -> str:
    return "\n".join(text.get_text() for text in axes.texts)


def test_areas_are_the_cells() -> None:
    axes = draw_two_by_two(two_by_two(_cases(12, 8, 5, 15), rng=np.random.default_rng(0)))
    areas = [patch.get_width() * patch.get_height() for patch in axes.patches if isinstance(patch, Rectangle)]
    assert np.array(areas) / sum(areas) == pytest.approx(np.array([12, 8, 5, 15]) / 40, abs=0.001)
    assert "5 of 17 remembered cases were never fixated: peripheral sight" in _texts(axes)
    assert "+35" in _texts(axes)
    assert len(figure_bytes(axes.figure)) > 5000


def test_kept_without_looking_is_named_where_it_is_empty() -> None:
    axes = draw_two_by_two(two_by_two(_cases(6, 4, 0, 9), rng=np.random.default_rng(0)))
    assert "0 remembered" in _texts(axes)
    assert "0 of 6 remembered cases were never fixated." in _texts(axes)
    nobody = draw_two_by_two(two_by_two(_cases(0, 0, 0, 0), rng=np.random.default_rng(0)))
    assert "nobody was asked" in _texts(nobody)


def test_each_placement_has_both_groups_with_their_numbers() -> None:
    cases = pd.concat([_cases(6, 4, 1, 9), _cases(2, 0, 0, 0, place="lift")])
    axes = draw_recall_table(two_by_two_table(cases, by=["placement_id"]), labels={"lift": "Lift, thang máy"})
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ป้าย", "Lift, thang máy"]
    assert _texts(axes).split("\n") == ["6 of 10", "1 of 10", "2 of 2", "0 of 0"]
    dots = [line for line in axes.lines if line.get_marker() in ("o", "D")]
    assert len(dots) == 3  # nobody did not fixate the lift
    assert len(figure_bytes(axes.figure, "svg")) > 5000


def test_the_model_is_drawn_with_its_doubts() -> None:
    rng = np.random.default_rng(1)
    cases = _cases(30, 30, 12, 48).assign(
        familiarity=rng.integers(1, 6, 120).astype(float),
        prior_exposure=rng.integers(0, 2, 120).astype(float),
    )
    model = recall_model(cases, terms=["fixated", "exposed_10s"])
    axes = draw_recall_model(model)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "fixated at least once",
        "brand familiarity, per point",
        "seen before that day",
    ]
    assert "exposed_10s is not in the model" in axes.get_xlabel()
    assert len(figure_bytes(axes.figure)) > 5000
