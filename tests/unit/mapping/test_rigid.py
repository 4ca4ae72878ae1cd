import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import jacobian, propagated_errors_px
from gazestudy.mapping import Reference
from gazestudy.mapping.references import prepare
from gazestudy.mapping.rigid import RigidFit, rigid_errors_px

MATRIX = np.array([[900.0, 0, 640], [0, 880, 360], [0, 0, 1]])


@pytest.fixture
def artwork():
    rng = np.random.default_rng(3)
    return prepare([Reference("a", "a1", rng.integers(0, 255, (300, 200)).astype(np.uint8))])[0]


@pytest.mark.parametrize("turn", [(0.2, 0.7, -0.1), (0.0, 0.0, 0.0), (-0.4, -1.2, 0.3)])
def test_errors_do_not_depend_on_how_the_pose_is_written(artwork, turn):
    """Small turns about the camera's axes say the same as changes of a rotation vector."""
    rng = np.random.default_rng(4)
    turn, shift = np.array(turn).reshape(3, 1), np.array([[0.3], [-0.2], [3.0]])
    rotation = cv2.Rodrigues(turn)[0]
    pose = MATRIX @ np.column_stack([rotation[:, 0], rotation[:, 1], shift]) @ artwork.to_plane
    fitted, at = rng.uniform(0, 200, (30, 2)), rng.uniform(0, 200, (5, 2))

    def by_vector(points):
        solid = np.column_stack([(points + 0.5) / artwork.size_px[0], np.zeros(len(points))])
        return cv2.projectPoints(solid, turn, shift, MATRIX, np.zeros(4))[1][:, :6].reshape(-1, 2, 6)

    back = np.linalg.inv(jacobian(pose, at))
    _, wanted = propagated_errors_px(by_vector(fitted), by_vector(at), back, sigma_px=0.4)
    rigid = RigidFit(pose, turn, shift, 0.1)
    assert rigid_errors_px(artwork, rigid, fitted, at, MATRIX, sigma_px=0.4) == pytest.approx(
        wanted, rel=1e-5
    )
    two = rigid_errors_px(artwork, rigid, fitted[:2], at, MATRIX, sigma_px=0.4)
    assert np.isinf(two).all() or (two > 100 * wanted).all()
