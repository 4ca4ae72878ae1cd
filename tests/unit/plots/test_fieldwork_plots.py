"""Figures of field observation: what they hold, and that they refuse what they cannot show."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.observers import observer_agreement
from gazestudy.fieldwork.occlusion import blocking_observations, face_views, fit_occlusion
from gazestudy.fieldwork.rates import field_figures
from gazestudy.plots.fieldwork import draw_agreement, draw_bland_altman, draw_occlusion
from gazestudy.plots.heatmap import figure_bytes
from gazestudy.plots.station_plan import draw_station_plan
from gazestudy.simulate.field_day import FieldDay, simulate_field_day


@pytest.fixture(scope="module")
def log():
    return simulate_field_day(FieldDay(), rng=np.random.default_rng(3))[0]


@pytest.fixture(scope="module")
def agreed(log):
    return observer_agreement(log, rng=np.random.default_rng(0), draws=200)


def words(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_occlusion_shows_observations_curve_and_basis(log):
    fit = fit_occlusion(
        blocking_observations(log), face_views(log.audits), draws=100, rng=np.random.default_rng(0)
    )
    figure = draw_occlusion(fit)
    axes = figure.axes[0]
    curve = next(line for line in axes.lines if line.get_label() == "model")
    x, y = curve.get_data()
    expected = 100 * fit.placements["wall-6"].blocked_share(x, radius_m=fit.radius_m)
    assert np.allclose(y, expected)
    assert any("288 scans in 12 sessions" in text for text in words(figure))
    assert figure_bytes(figure)[:4] == b"\x89PNG"


def test_bland_altman_draws_every_pair(agreed):
    figure = draw_bland_altman(agreed, "passed")
    dots = figure.axes[0].collections[0]
    assert len(dots.get_offsets()) <= 48
    assert any("48 intervals of 4 pairs" in text for text in words(figure))
    with pytest.raises(ParameterError, match="passed"):
        draw_bland_altman(agreed, "sneezed")


def test_agreement_shows_prevalence_beside_kappa(agreed):
    figure = draw_agreement(agreed, "all states")
    text = words(figure)
    assert "Cohen's kappa" in text
    assert "prevalence" in text
    assert draw_agreement(agreed, "blocked_percent", about="scan").axes
    with pytest.raises(ParameterError, match="all states"):
        draw_agreement(agreed, "none of these")


@pytest.fixture
def places():
    return pd.DataFrame(
        {
            "point_id": ["gates", "stairs", "platform", "exit"],
            "x_px": [180, 460, 800, 980],
            "y_px": [170, 330, 480, 150],
            "name": ["ประตูตรวจตั๋ว", "Cầu thang bộ", "站台", "Exit B"],
        }
    )


def test_station_plan_says_value_interval_and_denominator(log, places):
    plan = np.full((700, 1100, 3), 255, np.uint8)
    found = field_figures(log, by=("point_id",))
    figure = draw_station_plan(plan, places, found)
    text = words(figure)
    rate = found.table[(found.table["figure"] == "notice_rate") & (found.table["point_id"] == "gates")].iloc[
        0
    ]
    assert any(f"of {rate['denominator']:,.4g} passed, 4 sessions" in line for line in text)
    assert "not observed" in text
    assert any("every event of the interval counted" in line for line in text)
    discs = {round(patch.radius, 3): patch for patch in figure.axes[0].patches}
    assert len(discs) == 4
    flow = found.table[found.table["figure"] == "flow_per_min"].set_index("point_id")["value"]
    radii = [patch.radius for patch in figure.axes[0].patches[:3]]
    assert (radii[0] / radii[1]) ** 2 == pytest.approx(flow["gates"] / flow["stairs"])


def test_station_plan_labels_stay_on_the_plan(log, places):
    found = field_figures(log, by=("point_id",))
    figure = draw_station_plan(np.full((700, 1100), 255, np.uint8), places, found)
    figure.draw_without_rendering()
    frame = figure.axes[0].get_window_extent()
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert frame.x0 - 2 <= box.x0
        assert box.x1 <= frame.x1 + 2, text.get_text()


def test_station_plan_refuses_what_it_cannot_show(log, places):
    plan = np.full((70, 110, 3), 255, np.uint8)
    found = field_figures(log, by=("point_id",))
    with pytest.raises(ParameterError, match="8-bit"):
        draw_station_plan(plan.astype(float), places, found)
    with pytest.raises(ParameterError, match="x_px"):
        draw_station_plan(plan, places.drop(columns="x_px"), found)
    with pytest.raises(ParameterError, match="nothing else"):
        draw_station_plan(plan, places, field_figures(log, by=("point_id", "daypart")))
    with pytest.raises(ParameterError, match="figure"):
        draw_station_plan(plan, places, found, colour="joy")
