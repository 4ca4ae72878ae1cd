"""Lines of sight through a crowd, against known values and people thrown at random."""

import numpy as np
import pytest

from gazestudy.errors import ParameterError
from gazestudy.geometry.crowd_sight import clear_probability, length_through_crowd_m, visible_share


@pytest.mark.parametrize(
    ("density", "eye_height", "above"), [(0.5, 0.32, 0.83), (1.0, 0.10, 0.68), (2.0, 0.01, 0.47)]
)
def test_known_values_at_eye_height_and_at_2_2_m(density, eye_height, above):
    found = clear_probability([1.6, 2.2], distance_m=5, density_m2=density, radius_m=0.23)
    assert found.tolist() == pytest.approx([eye_height, above], abs=0.006)


def test_lengths_on_both_sides_of_the_heads():
    assert length_through_crowd_m([1.0, 1.7, 1.8], distance_m=5).tolist() == pytest.approx([5, 5, 2.5])
    high = length_through_crowd_m([2.0, 1.4, 1.7], distance_m=6, eye_m=2.0)
    assert high.tolist() == pytest.approx([0, 3, 0])


def test_room_around_the_observer_is_taken_off_once():
    assert length_through_crowd_m([1.0, 2.2, 4.0], distance_m=5, free_m=0.5).tolist() == pytest.approx(
        [4.5, 5 / 6 - 0.5, 0.0]
    )
    assert length_through_crowd_m([1.4], distance_m=6, eye_m=2.0, free_m=0.5).tolist() == pytest.approx([3])


@pytest.mark.parametrize(
    ("target", "eye", "sd"), [(1.2, 1.6, 0.0), (2.2, 1.6, 0.0), (1.0, 2.2, 0.0), (2.0, 1.6, 0.1)]
)
def test_agrees_with_people_thrown_at_random(target, eye, sd):
    rng = np.random.default_rng(int(10 * target))
    density, distance, radius, clear, runs = 0.6, 5.0, 0.23, 0, 4000
    for _ in range(runs):
        people = rng.poisson(density * 9 * 3)
        along, aside = rng.uniform(-2, 7, people), rng.uniform(-1.5, 1.5, people)
        tall = 1.7 + sd * rng.standard_normal(people)
        line = eye + (target - eye) * along / distance
        clear += not np.any((np.abs(aside) < radius) & (along > 0) & (along < distance) & (line < tall))
    expected = clear_probability(
        target, distance_m=distance, density_m2=density, radius_m=radius, eye_m=eye, body_height_sd_m=sd
    )
    assert clear / runs == pytest.approx(float(expected), abs=0.025)


def test_share_of_a_face():
    share = visible_share([0.0, 0.5, 1.0, 4.0], bottom_m=1.0, height_m=1.5, distance_m=5)
    assert share[0] == 1.0
    assert np.all(np.diff(share) < 0)
    mounted_higher = visible_share(1.0, bottom_m=2.0, height_m=1.5, distance_m=5)
    assert float(mounted_higher) > 2 * share[2]


def test_impossible_input_is_refused():
    with pytest.raises(ParameterError):
        clear_probability(2.0, distance_m=5, density_m2=-1)
    with pytest.raises(ParameterError):
        length_through_crowd_m(2.0, distance_m=-1)
    with pytest.raises(ParameterError):
        visible_share(1.0, bottom_m=1, height_m=0, distance_m=5)
