"""Scene camera of Project Aria glasses (first generation): lens and place, from their calibration.

Pictures are stored as the sensor lies in the frame, on its side. Everything here is upright: turned by 90
degrees clockwise, as the vendor's own export of videos does. The central pupil frame (CPF) has its origin
between the eyes, x to the left, y up, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model import Camera

Floats = NDArray[np.float64]

_ORIGIN = "camera-slam-left"
_FULL_PX, _HALF_PX, _CROPPED_PX = 2880, 1408, 32.0
_MAX_SHRINK = 16

# Where the left SLAM camera sits in the CPF by construction, for both sizes of frame: position in m, and its
# y and z axes.
_CONSTRUCTION = {
    "DVT-S": ((0.069051, 0.002372, 0.009254), (0.793353, 0.0, -0.608761), (0.607927, -0.052336, 0.792266)),
    "DVT-L": ((0.071351, 0.002372, 0.008454), (0.793353, 0.0, -0.608761), (0.607927, -0.052336, 0.792266)),
}


@dataclass(frozen=True, slots=True)
class AriaCamera:
    """Upright scene camera and its place on the head.

    Attributes
    ----------
    camera : Camera
        Lens, for the upright picture.
    rotation : ndarray of float, shape (3, 3)
        Turns directions in the CPF into the camera frame (x right, y down, z forward).
    position_m : ndarray of float, shape (3,)
        The camera in the CPF.
    """

    camera: Camera
    rotation: Floats
    position_m: Floats

    def from_cpf(self, points_m: Floats) -> Floats:
        """Return points in the CPF, shape (n, 3), m, as seen from the camera, m."""
        seen: Floats = (points_m - self.position_m) @ self.rotation.T
        return seen

    def for_video(self, size_px: tuple[int, int]) -> AriaCamera:
        """Return the camera for a video that was made smaller by a whole factor.

        Raises
        ------
        ParameterError
            If the size is none of this camera.
        """
        camera = self.camera
        shrink = round(camera.width_px / size_px[0])
        fits = (camera.width_px // max(shrink, 1), camera.height_px // max(shrink, 1)) == size_px
        if not 1 <= shrink <= _MAX_SHRINK or not fits:
            expected = f"{camera.width_px} x {camera.height_px} or a whole fraction of it"
            raise ParameterError("size of the video", size_px, expected)
        smaller = replace(
            camera,
            width_px=size_px[0],
            height_px=size_px[1],
            fx_px=camera.fx_px / shrink,
            fy_px=camera.fy_px / shrink,
            cx_px=(camera.cx_px + 0.5) / shrink - 0.5,
            cy_px=(camera.cy_px + 0.5) / shrink - 0.5,
        )
        return replace(self, camera=smaller)


def aria_camera(calibration: dict[str, Any], size_px: tuple[int, int]) -> AriaCamera:
    """Return the scene camera that a calibration describes.

    Parameters
    ----------
    calibration : dict
        The calibration of the factory, as JSON in the recording.
    size_px : tuple of int
        Width and height of the stored pictures: 2880 x 2880, or 1408 x 1408 (cropped by 32 px on each side,
        then halved).

    Returns
    -------
    AriaCamera
        For the upright picture.

    Raises
    ------
    ParameterError
        If something is missing, or the glasses are of a later generation.
    """
    try:
        build = calibration["DeviceClassInfo"]["BuildVersion"]
        origin = calibration["OriginSpecification"]["ChildLabel"]
        scene = next(one for one in calibration["CameraCalibrations"] if one["Label"] == "camera-rgb")
        lens = np.array(scene["Projection"]["Params"], dtype=np.float64)
        kind, place = scene["Projection"]["Name"], scene["T_Device_Camera"]
        position_m = np.array(place["Translation"], dtype=np.float64)
        turn = np.array([place["UnitQuaternion"][0], *place["UnitQuaternion"][1]], dtype=np.float64)
    except (KeyError, TypeError, ValueError, IndexError, StopIteration) as error:
        raise ParameterError("calibration", repr(error), "the scene camera of Aria glasses") from error
    if not isinstance(build, str) or build not in _CONSTRUCTION or origin != _ORIGIN:
        raise ParameterError("glasses", f"{build} with origin {origin}", "DVT-S or DVT-L, " + _ORIGIN)
    values = np.concatenate([lens.ravel(), position_m.ravel(), turn.ravel()])
    shapes = (lens.shape, position_m.shape, turn.shape) == ((15,), (3,), (4,))
    if kind != "FisheyeRadTanThinPrism" or not shapes or not np.isfinite(values).all():
        raise ParameterError("scene camera", kind, "FisheyeRadTanThinPrism with 15 numbers and a pose")
    device_m, *axes = (np.array(one) for one in _CONSTRUCTION[build])
    y_axis, z_axis = (axis / np.linalg.norm(axis) for axis in axes)
    device = np.column_stack([np.cross(y_axis, z_axis), y_axis, z_axis])
    stored = device @ _rotation(turn)
    # Upright: what was up is to the right, what was to the right is down.
    upright = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    camera = _upright(_resized(lens, size_px), size_px)
    return AriaCamera(camera, upright @ stored.T, device_m + device @ position_m)


def _rotation(quaternion: Floats) -> Floats:
    """Return the rotation matrix of a quaternion w, x, y, z."""
    length = float(np.linalg.norm(quaternion))
    if length < 1e-6:
        raise ParameterError("UnitQuaternion", quaternion.tolist(), "length 1")
    w, x, y, z = quaternion / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _resized(lens: Floats, size_px: tuple[int, int]) -> Floats:
    """Return f, cu, cv and the coefficients for stored pictures of a size."""
    if size_px == (_FULL_PX, _FULL_PX):
        return lens
    if size_px != (_HALF_PX, _HALF_PX):
        raise ParameterError("size of the pictures", size_px, f"{_FULL_PX} or {_HALF_PX} px square")
    return np.concatenate([lens[:1] / 2, (lens[1:3] - _CROPPED_PX + 0.5) / 2 - 0.5, lens[3:]])


def _upright(lens: Floats, size_px: tuple[int, int]) -> Camera:
    """Return the camera of the picture turned by 90 degrees clockwise."""
    f, cu, cv = lens[:3].tolist()
    p0, p1, s0, s1, s2, s3 = lens[9:].tolist()
    width, height = size_px
    turned = (*lens[3:9].tolist(), -p1, p0, -s2, -s3, s0, s1)
    return Camera(height, width, f, f, height - 1 - cv, cu, "fisheye624", turned, "device")
