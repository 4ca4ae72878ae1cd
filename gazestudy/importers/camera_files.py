"""Scene camera calibrations as other programs write them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model import Camera
from gazestudy.model.camera import CameraModel, CameraSource

PUPIL_SIZES_PX = {"Pupil Invisible": (1088, 1080), "Neon": (1600, 1200)}
"""Size of the scene image of devices whose calibration files do not say."""

_LARGEST_PX = 2**16  # of a side of an image
_NEAR_CENTRE_PX = 100.0  # principal points lie this near to the middle of the image
_MODELS: dict[int, CameraModel] = {0: "none", 4: "opencv4", 5: "opencv5", 8: "opencv8"}
_COEFFICIENT_KEYS = ("dist_coefs", "distortion_coefficients", "dist_coeffs", "distCoeff")


def camera_matrix(values: dict[str, Any]) -> NDArray[np.float64] | None:
    """Return the (3, 3) camera matrix of a calibration read from JSON, or None."""
    try:
        matrix = np.array(values["camera_matrix"], dtype=np.float64)
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return matrix if matrix.shape == (3, 3) and np.isfinite(matrix).all() else None


def pupil_device_at(centre_x_px: float) -> str | None:
    """Return the Pupil device whose image has its middle near this column, or None.

    Examples
    --------
    >>> pupil_device_at(527.9), pupil_device_at(805.1), pupil_device_at(960.0)
    ('Pupil Invisible', 'Neon', None)
    """
    device = min(PUPIL_SIZES_PX, key=lambda name: abs(PUPIL_SIZES_PX[name][0] / 2 - centre_x_px))
    near = abs(PUPIL_SIZES_PX[device][0] / 2 - centre_x_px) < _NEAR_CENTRE_PX
    return device if near else None


def camera_from_json(
    values: dict[str, Any], size_px: tuple[int, int] | None, source: CameraSource = "device"
) -> Camera:
    """Return a camera from a calibration read from JSON.

    Parameters
    ----------
    values : dict
        Either what `Camera.to_dict` gives, or `camera_matrix` (3 x 3) with `dist_coefs` or
        `distortion_coefficients` (4, 5 or 8 numbers in OpenCV's order, nested or flat).
    size_px : tuple of int or None
        Width and height of the image; None: `resolution` in `values`, else that of the Pupil device whose
        image has its middle at the principal point.
    source : {"device", "default", "user"}, default "device"
        Where the calibration comes from.

    Returns
    -------
    Camera
        The camera.

    Raises
    ------
    ParameterError
        If something is missing or has the wrong shape.
    """
    if "fx_px" in values:
        try:
            return Camera.from_dict(values)
        except (KeyError, TypeError) as error:
            raise ParameterError("camera", values, "the fields of Camera") from error
    matrix = camera_matrix(values)
    if matrix is None:
        raise ParameterError("camera_matrix", values.get("camera_matrix"), "3 x 3 numbers")
    given = next((values[key] for key in _COEFFICIENT_KEYS if key in values), ())
    if size_px is None:
        device = pupil_device_at(float(matrix[0, 2]))
        size_px = _size_of(values.get("resolution")) or PUPIL_SIZES_PX.get(device or "")
    return _camera(matrix, given, size_px, source)


def camera_from_opencv_xml(data: bytes, size_px: tuple[int, int] | None) -> Camera:
    """Return a camera from OpenCV's XML storage (`cameraMatrix`, `distCoeff`, `resolution`).

    Parameters
    ----------
    data : bytes
        Content of the file.
    size_px : tuple of int or None
        Width and height of the image; None: taken from `resolution`.

    Returns
    -------
    Camera
        The camera.

    Raises
    ------
    ParameterError
        If it is no such file or something is missing.
    """
    if b"<!" in data.replace(b"<!--", b""):
        raise ParameterError("calibration", "a document type", "plain XML")  # entities can be made to explode
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise ParameterError("calibration", str(error), "OpenCV's XML storage") from error
    matrix = _xml_numbers(root, "cameraMatrix")
    if matrix.size != 9:
        raise ParameterError("cameraMatrix", matrix.tolist(), "3 x 3 numbers")
    size = size_px or _size_of(_xml_numbers(root, "resolution").tolist())
    return _camera(matrix.reshape(3, 3), _xml_numbers(root, "distCoeff"), size, "device")


def _camera(
    matrix: NDArray[np.float64], given: Any, size_px: tuple[int, int] | None, source: CameraSource
) -> Camera:
    try:
        coefficients = tuple(float(one) for one in np.ravel(given))
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError("distortion coefficients", given, "numbers") from error
    if len(coefficients) not in _MODELS or not np.isfinite(coefficients).all():
        raise ParameterError("distortion coefficients", coefficients, "4, 5 or 8 numbers")
    if size_px is None:
        raise ParameterError("image size", None, "the size of the scene image")
    return Camera.from_matrix(
        matrix,
        width_px=size_px[0],
        height_px=size_px[1],
        model=_MODELS[len(coefficients)],
        coefficients=coefficients,
        source=source,
    )


def _size_of(values: Any) -> tuple[int, int] | None:
    try:
        width, height = (int(one) for one in values)
    except (TypeError, ValueError, OverflowError):
        return None
    return (width, height) if 0 < width <= _LARGEST_PX and 0 < height <= _LARGEST_PX else None


def _xml_numbers(root: ET.Element, name: str) -> NDArray[np.float64]:
    data = root.find(f"{name}/data")
    try:
        return np.array((data.text or "").split() if data is not None else [], dtype=np.float64)
    except ValueError as error:
        raise ParameterError(name, data.text if data is not None else None, "numbers") from error
