"""Curves of first looks, the funnel, and maps of a difference, as pictures."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from gazestudy._cv2 import cv2
from gazestudy.attention.first_looks import first_looks
from gazestudy.attention.funnel import attention_funnel
from gazestudy.errors import ParameterError
from gazestudy.heatmaps import PersonMaps, compare_maps
from gazestudy.plots import draw_difference, draw_funnel, draw_survival, figure_bytes
from gazestudy.plots.style import GROUP_COLOURS


def looks(groups):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "participant_id": rng.integers(0, 10, 20 * len(groups)).astype(str),
            "group": np.repeat(groups, 20),
            "time_s": rng.exponential(3, 20 * len(groups)),
            "looked": rng.random(20 * len(groups)) < 0.6,
        }
    )


def words_of(axes):
    return " ".join(text.get_text() for text in [*axes.texts, axes.title, axes._left_title])


def decoded(figure):
    return cv2.imdecode(np.frombuffer(figure_bytes(figure), np.uint8), cv2.IMREAD_COLOR)


def test_curve_goes_through_its_own_points_and_counts_who_is_left():
    found = first_looks(looks(["one", "two"]), by=["group"], rng=np.random.default_rng(1))
    axes = draw_survival(found)
    curve = found["one"].survival.curve
    drawn = axes.lines[0]
    assert drawn.get_xdata()[0] == 0 and drawn.get_ydata()[0] == 1
    assert drawn.get_ydata()[1:] == pytest.approx(curve.survival)
    legend = " ".join(text.get_text() for text in axes.get_legend().get_texts())
    assert "one: " in legend and f"{found['two'].survival.events} of 20 looked" in legend
    assert "still at risk" in words_of(axes) and "20" in [text.get_text() for text in axes.texts]
    assert decoded(axes.figure).std() > 5
    many = {str(n): found["one"] for n in range(len(GROUP_COLOURS) + 1)}
    with pytest.raises(ParameterError, match="curves in one figure"):
        draw_survival(many)


def test_rows_at_risk_begin_with_a_piece_of_their_curve():
    found = first_looks(looks(["one", "two", "three"]), by=["group"], rng=np.random.default_rng(1))
    axes = draw_survival(found)
    pieces = [text.arrow_patch for text in axes.texts if getattr(text, "arrow_patch", None) is not None]
    curves = [line for line in axes.lines if ": " in str(line.get_label())]
    assert [to_rgb(one.get_edgecolor()) for one in pieces] == [to_rgb(one.get_color()) for one in curves]
    assert len({str(one.get_linestyle()) for one in pieces}) == len(curves) == 3
    alone = draw_survival(found["one"])
    assert not [text for text in alone.texts if getattr(text, "arrow_patch", None) is not None]


def test_figures_go_onto_given_axes():
    found = first_looks(looks(["one"]), rng=np.random.default_rng(1))["all"]
    figure = Figure(layout="constrained")
    axes = figure.subplots()
    assert draw_survival(found, axes, title="") is axes
    assert decoded(figure).shape[2] == 3


def test_funnel_shows_numerator_and_denominator_of_every_step():
    rng = np.random.default_rng(2)
    cases = pd.DataFrame(
        {
            "participant_id": np.repeat(np.arange(12).astype(str), 4),
            "placement_id": "a",
            "fixated": rng.random(48) < 0.5,
            "dwell_s": 1.0,
            "recalled_unaided": (rng.random(48) < 0.3).astype(float),
        }
    )
    found = attention_funnel(cases, label="สถานี")
    axes = draw_funnel(found)
    words = words_of(axes)
    for row in found.table.itertuples():
        if row.denominator:
            assert f"{row.numerator}/{row.denominator}" in words
    assert words.count("nobody was asked") == (found.table["denominator"] == 0).sum()
    assert "สถานี" in words
    assert figure_bytes(axes.figure, "svg").startswith(b"<?xml")
    assert draw_funnel(found, title="").get_title(loc="left") == ""


def comparison(n=6, shift=3.0):
    rng = np.random.default_rng(3)
    groups = []
    for name, extra in (("a", 0.0), ("b", shift)):
        maps = rng.random((n, 12, 16)).astype(np.float32)
        maps[:, 4:8, 5:9] += extra
        maps /= maps.sum(axis=(1, 2), keepdims=True)
        people = tuple(f"{name}{k}" for k in range(n))
        groups.append(PersonMaps(people, maps, (160, 120), 20.0, 99, "dwell", f"group {name}"))
    return compare_maps(*groups, rng=rng)


def test_difference_is_outlined_and_says_what_it_rests_on():
    found = comparison()
    assert found.regions
    axes = draw_difference(found, np.full((120, 160, 3), 200, np.uint8), title="Platform 2")
    assert len(axes.patches) == 2 * len(found.regions)  # each outline has a halo
    box = axes.patches[-1].get_path().get_extents()
    assert (box.x0, box.x1) == pytest.approx((49.5, 89.5), abs=40)
    words = axes.get_xlabel()
    assert "group a: 6 people, group b: 6 people" in words and "p = " in words
    assert "more in group b" in words
    picture = decoded(axes.figure)
    assert picture.std() > 10


def test_difference_of_too_few_people_says_so_and_outlines_nothing():
    axes = draw_difference(comparison(n=3))
    assert not axes.patches and "Too few people" in axes.get_xlabel().replace("\n", " ")
    with pytest.raises(ParameterError, match="160 x 120"):
        draw_difference(comparison(n=3), np.zeros((10, 10), np.uint8))
    nothing = draw_difference(comparison(shift=0.0))
    assert "no proof of sameness" in nothing.get_xlabel().replace("\n", " ")
