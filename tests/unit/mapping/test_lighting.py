import numpy as np
import pytest

from gazestudy.mapping.lighting import compare_cells, robust_line


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_the_line_goes_through_most_points(rng):
    x = rng.uniform(0, 200, 60)
    y = 0.8 * x + 12
    y[:15] = rng.uniform(0, 255, 15)
    assert robust_line(x, y) == pytest.approx((0.8, 12))


def test_whoever_hides_most_of_a_picture_is_not_its_light(rng):
    x = rng.uniform(40, 235, 60)
    x[:36] = rng.uniform(150, 210, 36)  # small print
    y = 0.85 * x + 24
    y[:36] = rng.uniform(80, 95, 36)  # a head
    gain, offset = robust_line(x, y)
    assert abs(gain * 235 + offset - (0.85 * 235 + 24)) > 50
    assert robust_line(x, y, (0.8, 20.0)) == pytest.approx((0.85, 24))  # that of the frame before


def test_where_all_lines_are_far_from_that_of_the_frame_before_it_stays(rng):
    x = rng.uniform(20, 235, 60)
    assert robust_line(x, np.full(60, 90.0), (0.8, 20.0)) == (0.8, 20.0)


def test_where_all_is_equally_bright_the_line_goes_through_that():
    gain, offset = robust_line(np.full(10, 90.0), np.full(10, 70.0))
    assert gain * 90 + offset == pytest.approx(70)


def test_the_median_of_an_even_number_of_points_is_between_two():
    assert robust_line(np.array([10.0, 12.0]), np.array([20.0, 24.0])) == pytest.approx((1.0, 11.0))


def test_cells_are_compared_as_one_by_one(rng):
    expected, found = (rng.integers(0, 255, (36, 48)).astype(np.uint8) for _ in range(2))
    found = (expected // 2 + found // 4).astype(np.uint8)
    cells = compare_cells(expected, found, 3, 4, 12)
    for row in range(3):
        for column in range(4):
            part = np.s_[12 * row : 12 * row + 12, 12 * column : 12 * column + 12]
            a, b = found[part].astype(float), expected[part].astype(float)
            wanted = np.corrcoef(a.ravel(), b.ravel())[0, 1], b.std(), b.mean(), a.mean(), a.std()
            assert cells[:, row, column] == pytest.approx(wanted)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_flat_cells_correlate_with_nothing(level):
    flat = np.full((24, 24), level, dtype=np.uint8)
    cells = compare_cells(flat, flat, 2, 2, 12)
    assert cells[[0, 1, 4]].tolist() == np.zeros((3, 2, 2)).tolist()
    assert (cells[[2, 3]] == level).all()
