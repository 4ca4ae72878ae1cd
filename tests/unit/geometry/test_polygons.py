import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path

from gazestudy.errors import ParameterError
from gazestudy.geometry.polygons import area, clip_to_rectangle, points_in_polygons

SQUARE = [(0, 0), (10, 0), (10, 10), (0, 10)]


def star_shaped(rng, corners, centre, radius):
    """A polygon without crossings: corners around a centre at any distance; either order."""
    angle = (np.arange(corners) + rng.uniform(0, 0.45, corners)) * 2 * np.pi / corners
    reach = rng.uniform(0.2, 1.0, corners) * radius
    shape = centre + np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None]
    return shape[::-1] if rng.random() < 0.5 else shape


def test_equals_matplotlib_off_the_edge():
    rng = np.random.default_rng(5)
    points = rng.uniform(-50, 250, (70_000, 2))
    shapes = [
        star_shaped(rng, rng.integers(3, 15), rng.uniform(0, 200, 2), rng.uniform(5, 150)) for _ in range(20)
    ]
    shapes.append(rng.uniform(0, 200, (9, 2)))  # crosses itself: even-odd
    found = points_in_polygons(points, shapes)
    assert found.shape == (len(points), 21) and found.dtype == bool
    for column, shape in zip(found.T, shapes, strict=True):
        np.testing.assert_array_equal(column, Path(shape).contains_points(points))
    assert 0.01 < found.mean() < 0.9


def winding(point, shape):
    """Sum of the angles under which the edges are seen: 2 pi inside, 0 outside."""
    rays = np.asarray(shape, float) - point
    following = np.roll(rays, -1, axis=0)
    cross = rays[:, 0] * following[:, 1] - rays[:, 1] * following[:, 0]
    return np.arctan2(cross, (rays * following).sum(axis=1)).sum()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6))
def test_equals_the_winding_of_a_simple_polygon(seed):
    rng = np.random.default_rng(seed)
    shape = star_shaped(rng, rng.integers(3, 9), np.array([5.0, 5.0]), 5.0)
    points = rng.uniform(0, 10, (30, 2))
    inside = [abs(winding(point, shape)) > np.pi for point in points]
    assert points_in_polygons(points, [shape])[:, 0].tolist() == inside


def test_left_and_top_edges_are_inside_right_and_bottom_outside():
    on_edges = [(0, 5), (5, 0), (10, 5), (5, 10), (0, 0), (10, 10), (10, 0), (0, 10)]
    assert points_in_polygons(on_edges, [SQUARE])[:, 0].tolist() == [
        True,
        True,
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def test_polygons_that_share_edges_claim_each_point_once():
    """A square cut into triangles around an inner point, also for points exactly on the cuts."""
    rng = np.random.default_rng(2)
    for _ in range(30):
        middle = rng.uniform(2, 8, 2)
        triangles = [[SQUARE[i], SQUARE[(i + 1) % 4], middle] for i in range(4)]
        triangles[1] = triangles[1][::-1]
        cut = np.linspace(0, 1, 41)[1:-1, None]
        points = np.vstack(
            [
                rng.uniform(0.01, 9.99, (500, 2)),
                *(cut * corner + (1 - cut) * middle for corner in SQUARE),
                [middle],
            ]
        )
        assert (points_in_polygons(points, triangles).sum(axis=1) == 1).all()


def test_overlapping_polygons_both_claim_a_point():
    assert points_in_polygons([(5, 5)], [SQUARE, [(4, 4), (20, 4), (4, 20)]]).tolist() == [[True, True]]


def test_nan_and_infinite_points_are_nowhere():
    assert not points_in_polygons([(np.nan, 5), (5, np.nan), (np.inf, 5), (-np.inf, -np.inf)], [SQUARE]).any()


def test_no_points_and_no_polygons():
    assert points_in_polygons(np.zeros((0, 2)), [SQUARE]).shape == (0, 1)
    assert points_in_polygons([(1, 1)], []).shape == (1, 0)
    assert not points_in_polygons([(1, 1)], [[(0, 1), (1, 1), (2, 1)]]).any()  # without area


@pytest.mark.parametrize("shape", [[(0, 0), (1, 1)], [(0, 0), (1, 1), (np.nan, 0)], [1, 2, 3]])
def test_what_is_no_polygon_is_refused(shape):
    with pytest.raises(ParameterError, match="polygon"):
        points_in_polygons([(0, 0)], [shape])


def test_area_of_known_shapes_far_from_the_origin():
    for offset in (0.0, 1e7):
        assert area(np.array([(0, 0), (4, 0), (0, 3)]) + offset) == pytest.approx(6, rel=1e-9)
    assert area(SQUARE[::-1]) == 100


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_clipping_keeps_exactly_the_common_area(seed):
    rng = np.random.default_rng(seed)
    shape = star_shaped(rng, rng.integers(3, 9), rng.uniform(0, 10, 2), 8.0)
    clipped = clip_to_rectangle(shape, left=2, top=3, right=9, bottom=8)
    x, y = np.meshgrid(np.arange(2, 9, 0.02) + 0.01, np.arange(3, 8, 0.02) + 0.01)
    counted = points_in_polygons(np.column_stack([x.ravel(), y.ravel()]), [shape]).sum() * 0.02**2
    found = area(clipped) if len(clipped) > 2 else 0.0
    assert found == pytest.approx(counted, abs=0.05)
    if len(clipped):
        assert clipped[:, 0].min() >= 2 and clipped[:, 0].max() <= 9
        assert clipped[:, 1].min() >= 3 and clipped[:, 1].max() <= 8


def test_clipping_to_a_rectangle_elsewhere_leaves_nothing():
    assert clip_to_rectangle(SQUARE, left=20, top=0, right=30, bottom=10).shape == (0, 2)
    np.testing.assert_array_equal(clip_to_rectangle(SQUARE, left=-1, top=-1, right=11, bottom=11), SQUARE)
