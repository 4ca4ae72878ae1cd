"""Scene cameras of simulated glasses, and the lens as a table of rays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import undistort_px
from gazestudy.model import Camera

_NODE_PX = 6
_LARGEST = 8  # canvas pixels per image pixel


def neon_camera(width_px: int = 1280, height_px: int = 720) -> Camera:
    """Return a scene camera like that of a Neon: 8 rational coefficients, about 104 degrees wide.

    The coefficients are usual for the device but for k3: with the usual 0.00004 the extreme corners of the
    full image have no direction, as the model reaches no farther than 1.09 focal lengths from the centre.

    Parameters
    ----------
    width_px, height_px : int
        Image size; the field of view is given by the width (1600 px on the device).

    Returns
    -------
    Camera
        Its calibration.
    """
    scale = width_px / 1600
    return Camera(
        width_px,
        height_px,
        888.4 * scale,
        888.4 * scale,
        (width_px - 1) / 2 + 5.2 * scale,
        (height_px - 1) / 2 + 18.8 * scale,
        "opencv8",
        (-0.1302, 0.1085, 0.00008, -0.0002, 0.012, 0.1697, 0.0522, 0.0249),
    )


def invisible_camera(width_px: int = 1088, height_px: int = 1080) -> Camera:
    """Return a scene camera like that of a Pupil Invisible (1088 x 1080 px on the device).

    Parameters
    ----------
    width_px, height_px : int
        Image size; the field of view is given by the width.

    Returns
    -------
    Camera
        Its calibration.
    """
    scale = width_px / 1088
    return Camera(
        width_px,
        height_px,
        758.4 * scale,
        757.8 * scale,
        (width_px - 1) / 2 - 15.6 * scale,
        (height_px - 1) / 2 - 6.0 * scale,
        "opencv8",
        (-0.1248, 0.0994, 0.00046, 0.00094, 0.0171, 0.2011, 0.0104, 0.0623),
    )


def plain_camera(width_px: int = 1280, height_px: int = 720) -> Camera:
    """Return a camera with a mild five-coefficient lens, about 82 degrees wide.

    Parameters
    ----------
    width_px, height_px : int
        Image size; the field of view is given by the width.

    Returns
    -------
    Camera
        Its calibration.
    """
    focal = 0.62 * width_px
    return Camera(
        width_px,
        height_px,
        focal,
        focal,
        (width_px - 1) / 2,
        (height_px - 1) / 2,
        "opencv5",
        (-0.12, 0.03, 0.0, 0.0, 0.0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """The rays of a camera and the flat canvas that holds them all.

    Attributes
    ----------
    rays : ndarray of float32, shape (height, width, 2)
        x / z and y / z of the ray through the centre of each pixel.
    canvas_px : (int, int)
        Width and height of an ideal pinhole picture with the camera's focal lengths that covers every ray.
    matrix : ndarray of float64, shape (3, 3)
        Camera matrix of the canvas.
    """

    rays: NDArray[np.float32]
    canvas_px: tuple[int, int]
    matrix: NDArray[np.float64]


@lru_cache(maxsize=4)
def lens_of(camera: Camera, margin_px: int = 40) -> Lens:
    """Return the rays of a camera.

    Parameters
    ----------
    camera : Camera
        The camera.
    margin_px : int, optional
        Room on the canvas for motion blur.

    Returns
    -------
    Lens
        Its rays. The lens is inverted exactly at every sixth pixel and by a bicubic spline between.

    Raises
    ------
    ParameterError
        If the lens model has no inverse at the corners of the image.
    """
    from scipy.interpolate import RectBivariateSpline

    width, height = camera.width_px, camera.height_px
    columns = np.linspace(0, width - 1, max(8, width // _NODE_PX))
    rows = np.linspace(0, height - 1, max(8, height // _NODE_PX))
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    flat = undistort_px(grid.reshape(-1, 2), camera).reshape(grid.shape)
    rays = np.empty((height, width, 2))
    centre, focal = (camera.cx_px, camera.cy_px), (camera.fx_px, camera.fy_px)
    for axis in range(2):
        spline = RectBivariateSpline(rows, columns, (flat[..., axis] - centre[axis]) / focal[axis])
        rays[..., axis] = spline(np.arange(height), np.arange(width))
    low = np.floor(rays.min(axis=(0, 1)) * focal) - margin_px
    high = np.ceil(rays.max(axis=(0, 1)) * focal) + margin_px
    matrix = np.array([[focal[0], 0.0, -low[0]], [0.0, focal[1], -low[1]], [0.0, 0.0, 1.0]])
    size = (int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)
    if size[0] * size[1] > _LARGEST * width * height:
        raise ParameterError("camera", camera, "a lens whose model reaches the corners of the image")
    return Lens(np.ascontiguousarray(rays, dtype=np.float32), size, matrix)
