import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.heatmaps import Kernel, density_map, fixation_weights, make_heatmap, opacity_map
from gazestudy.heatmaps.maps import unit_area
from gazestudy.model import Creative, Placement


def exact_sum(points, size, sigma_px, weights=None):
    """The sum of Gaussians as it is defined, pixel by pixel."""
    width, height = size
    points = np.asarray(points, float)
    along_x = np.exp(-((np.arange(width) - points[:, :1]) ** 2) / (2 * sigma_px**2))
    along_y = np.exp(-((np.arange(height) - points[:, 1:]) ** 2) / (2 * sigma_px**2))
    mass = np.ones(len(points)) if weights is None else np.asarray(weights)
    return (along_y * mass[:, None]).T @ along_x / (2 * np.pi * sigma_px**2)


@pytest.mark.parametrize("sigma_px", [2.0, 2.7, 5.0, 6.9, 7.0, 7.1, 12.3, 40.0, 150.0, 700.0])
@pytest.mark.parametrize("count", [1, 3, 400])
def test_within_half_a_percent_of_the_exact_sum(sigma_px, count):
    rng = np.random.default_rng(round(sigma_px * 10) + count)
    for _ in range(4):
        size = (int(rng.integers(60, 400)), int(rng.integers(60, 400)))
        points = rng.uniform((-0.5, -0.5), (size[0] - 0.5, size[1] - 0.5), (count, 2))
        weights = rng.uniform(0.05, 3, count)
        wanted = exact_sum(points, size, sigma_px, weights)
        found = density_map(points, size, sigma_px=sigma_px, weights=weights)
        assert found.dtype == np.float32 and found.shape == wanted.shape
        assert np.abs(found - wanted).max() <= 0.005 * wanted.max()


@pytest.mark.parametrize(
    "corner", [(-0.5, -0.5), (299.49, -0.5), (-0.5, 199.49), (299.49, 199.49), (0, 100), (299, 3)]
)
def test_points_at_the_border(corner):
    wanted = exact_sum([corner], (300, 200), 20)
    found = density_map([corner], (300, 200), sigma_px=20)
    assert np.abs(found - wanted).max() <= 0.005 * wanted.max()
    assert found.sum() == pytest.approx(wanted.sum(), rel=0.005)


def test_the_mass_of_inner_points_is_kept_and_that_beyond_the_border_is_lost():
    rng = np.random.default_rng(0)
    points, weights = rng.uniform(200, 400, (500, 2)), rng.uniform(0, 2, 500)
    assert density_map(points, (600, 600), sigma_px=25, weights=weights).sum() == pytest.approx(
        weights.sum(), rel=1e-4
    )
    on_edge = density_map([(-0.5, 300)], (600, 600), sigma_px=25)
    assert on_edge.sum() == pytest.approx(0.5, abs=0.003)


@pytest.mark.parametrize("sigma_px", [3.0, 9.0, 31.0])
def test_pixel_zero_is_the_centre_of_the_first_pixel(sigma_px):
    """A point in the middle of the picture leaves a map that mirrors onto itself."""
    found = density_map([(99.5, 49.5)], (200, 100), sigma_px=sigma_px)
    np.testing.assert_allclose(found, found[:, ::-1], atol=2e-6 * found.max())
    np.testing.assert_allclose(found, found[::-1], atol=2e-6 * found.max())
    x, y = np.meshgrid(np.arange(200), np.arange(100))
    found = density_map([(120.3, 40.8)], (200, 100), sigma_px=4)
    assert (found * x).sum() / found.sum() == pytest.approx(120.3, abs=0.02)
    assert (found * y).sum() / found.sum() == pytest.approx(40.8, abs=0.02)


def test_points_outside_and_nan_are_left_out():
    inside = [(20, 20)]
    found = density_map(
        [*inside, (-0.6, 5), (5, 99.5), (np.nan, 3), (1e300, 2)],
        (100, 100),
        sigma_px=5,
        weights=[1, 9, 9, 9, 9],
    )
    np.testing.assert_array_equal(found, density_map(inside, (100, 100), sigma_px=5, weights=[1]))


def test_many_points_in_several_chunks_equal_their_sum():
    rng = np.random.default_rng(1)
    points = rng.uniform(-0.5, 199.5, (70_000, 2))
    found = density_map(points, (200, 200), sigma_px=11)
    wanted = exact_sum(points, (200, 200), 11)
    assert np.abs(found - wanted).max() <= 0.005 * wanted.max()


def test_no_points_give_zero():
    assert not density_map(np.zeros((0, 2)), (30, 20), sigma_px=5).any()


def test_density_is_never_negative():
    assert density_map([(50, 50)], (100, 100), sigma_px=8).min() >= 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"size": (0, 5)}, "size"),
        ({"sigma_px": 1.9}, "sigma_px"),
        ({"sigma_px": float("nan")}, "sigma_px"),
        ({"weights": [1, 2]}, "weights"),
        ({"weights": [np.nan]}, "weights"),
    ],
)
def test_bad_arguments_are_named(arguments, name):
    arguments = {"points": [(1, 1)], "size": (10, 10), "sigma_px": 3, **arguments}
    with pytest.raises(ParameterError, match=name):
        density_map(arguments.pop("points"), arguments.pop("size"), **arguments)


# -- kernels, weights and the whole map


def test_kernel_of_two_degrees_is_as_wide_as_two_degrees():
    """Half the height is reached 1 deg beside the centre, seen from the distance."""
    kernel = Kernel.from_deg(2.0, distance_mm=5000, px_per_mm=0.4)
    one_deg_px = 5000 * np.tan(np.radians(1)) * 0.4
    density = density_map([(400, 300)], (800, 600), sigma_px=kernel.sigma_px)
    across = density[300] / density[300, 400]
    assert np.interp(400 + one_deg_px, np.arange(800), across) == pytest.approx(0.5, abs=0.01)
    # the same placement, 2000 px and 5000 mm wide, seen from there
    width_deg = 2 * np.degrees(np.arctan(2500 / 5000))
    assert Kernel.from_view(2.0, width_deg=width_deg, width_px=2000).sigma_px == pytest.approx(
        kernel.sigma_px
    )
    assert Kernel.from_mm(500, px_per_mm=0.4).sigma_px == pytest.approx(Kernel.from_px(200).sigma_px)


def test_the_usual_kernel_says_what_it_rests_on():
    assert Kernel.usual(width_px=1000, width_deg=20.0).describe() == "2 deg at 20 deg picture width"
    for unknown in (None, float("nan")):
        kernel = Kernel.usual(width_px=1000, width_deg=unknown)
        assert kernel.unit == "px" and kernel.fwhm == 100 and "10 %" in kernel.describe()


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf")])
def test_a_kernel_without_width_is_refused(width):
    with pytest.raises(ParameterError):
        Kernel.from_px(width)


FIXATIONS = pd.DataFrame(
    {
        "placement_id": ["a"] * 5 + ["b"],
        "participant_id": ["P1", "P1", "P1", "P2", "P2", "P3"],
        "duration_ms": [100.0, 200.0, 700.0, 50.0, 50.0, 999.0],
        "x_ref_px": [100.0, 100.0, 300.0, 200.0, 900.0, 50.0],
        "y_ref_px": [100.0, 110.0, 300.0, 200.0, 200.0, 50.0],
    }
)


def board(**size):
    return Placement("a", "Board A", (Creative("a1", "a", "a", "a.png", "", 400, 600),), **size)


def test_weights():
    assert fixation_weights(FIXATIONS, "count").sum() == 6
    assert fixation_weights(FIXATIONS, "dwell").sum() == pytest.approx(2.099)
    shares = pd.Series(fixation_weights(FIXATIONS, "participant")).groupby(FIXATIONS["participant_id"]).sum()
    np.testing.assert_allclose(shares, 100 / 3)
    with pytest.raises(ParameterError, match="dwell, count, participant"):
        fixation_weights(FIXATIONS, "heat")


@pytest.mark.parametrize(("weighting", "total"), [("dwell", 1.05), ("count", 4), ("participant", 100)])
def test_a_heatmap_counts_only_what_lies_on_its_picture(weighting, total):
    data = make_heatmap(
        FIXATIONS, board(), kernel=Kernel.from_px(40), weighting=weighting, group="all of them"
    )
    assert (data.n_fixations, data.n_participants, data.n_outside) == (4, 2, 1)
    assert data.density.sum() * data.per_px2 == pytest.approx(total, rel=1e-3)
    assert data.facts()["weighting"] == weighting and "100 px" in data.unit


def test_density_is_per_square_decimetre_where_the_size_is_known():
    data = make_heatmap(FIXATIONS, board(width_mm=1200.0, height_mm=1800.0), kernel=Kernel.from_px(40))
    area_dm2 = 12.0 * 18.0
    assert data.density.mean() * area_dm2 == pytest.approx(1.05, rel=1e-3)
    assert data.unit == "s of fixation per dm²"
    assert unit_area(board(width_mm=1200.0))[0] == unit_area(board(height_mm=1800.0))[0]


def test_fog_is_clear_where_attention_was():
    data = make_heatmap(FIXATIONS, board(), kernel=Kernel.from_px(40))
    fog = opacity_map(data)
    assert fog[300, 300] == 0 and fog[599, 0] == pytest.approx(1, abs=1e-3)
    nobody = make_heatmap(FIXATIONS.iloc[:0], board(), kernel=Kernel.from_px(40))
    assert nobody.n_participants == 0 and (opacity_map(nobody) == 1).all()


def test_a_missing_column_is_named():
    with pytest.raises(ParameterError, match="participant_id"):
        make_heatmap(FIXATIONS.drop(columns="participant_id"), board(), kernel=Kernel.from_px(40))
