"""Scene camera of Tobii glasses: calibration, and the way from the glasses' axes into the camera's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.geometry.cameras import direction_to_px
from gazestudy.model import Camera, Finding

Floats = NDArray[np.float64]

SIZE_PX = (1920, 1080)
"""Scene image of the Tobii Pro Glasses 2 and 3."""

REPROJECTION_PX = 0.1
"""At the 95th percentile the 3-D gaze lies this near to the 2-D gaze."""

_ROWS_AT_ONCE = 50_000
_EYES_USED = np.array(["none", "right", "left", "both"], dtype=object)
_NOMINAL = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True)
class TobiiCamera:
    """Calibration as the glasses store it.

    Tobii measures in mm from the scene camera: x to the wearer's left, y up, z forward. The camera's own axes
    are x right, y down, z forward; a point goes there by ``rotation @ point + position``.

    Attributes
    ----------
    camera : Camera or None
        Intrinsic calibration; None: there is none.
    rotation : ndarray of float64, shape (3, 3)
        Rotation of glasses axes into camera axes; without a calibration the nominal one.
    position : ndarray of float64, shape (3,)
        Shift, mm.
    skew : float
        Skew of the pixel axes, which the camera model leaves out.
    """

    camera: Camera | None
    rotation: Floats
    position: Floats
    skew: float = 0.0

    @classmethod
    def unknown(cls) -> TobiiCamera:
        """Return the nominal axes without a calibration."""
        return cls(None, _NOMINAL, np.zeros(3))

    @classmethod
    def from_numbers(
        cls,
        *,
        position: Floats,
        rotation: Floats,
        focal: Floats,
        skew: float,
        principal: Floats,
        radial: Floats,
        tangential: Floats,
        resolution: tuple[int, int],
    ) -> TobiiCamera:
        """Make one from the numbers of a calibration.

        Parameters
        ----------
        position, rotation, focal, principal, radial, tangential : ndarray of float64
            Of shape (3,), (3, 3), (2,), (2,), (3,), (2,).
        skew : float
            Skew.
        resolution : tuple of int
            Width and height of the image, px.

        Raises
        ------
        ParameterError
            If they are no calibration.
        """
        shapes = {"position": (position, (3,)), "rotation": (rotation, (3, 3)), "focal length": (focal, (2,))}
        shapes |= {"principal point": (principal, (2,)), "radial distortion": (radial, (3,))}
        shapes["tangential distortion"] = (tangential, (2,))
        for name, (values, shape) in shapes.items():
            if values.shape != shape or not np.isfinite(values).all():
                raise ParameterError(name, values.tolist(), f"{int(np.prod(shape))} numbers")
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3):
            raise ParameterError("rotation", rotation.tolist(), "a rotation matrix")
        matrix = np.array([[focal[0], 0.0, principal[0]], [0.0, focal[1], principal[1]], [0.0, 0.0, 1.0]])
        if not all(0 < side <= 2**14 for side in resolution) or not np.isfinite(skew):
            raise ParameterError("resolution", resolution, "the size of an image")
        camera = Camera.from_matrix(
            matrix,
            width_px=resolution[0],
            height_px=resolution[1],
            model="opencv5",
            coefficients=(radial[0], radial[1], tangential[0], tangential[1], radial[2]),
        )
        return cls(camera, rotation, position, float(skew))

    def points(self, points_mm: Floats) -> Floats:
        """Return points in camera axes, mm, shape (n, 3)."""
        return self._turned(points_mm) + self.position

    def directions(self, directions: Floats) -> Floats:
        """Return directions as unit vectors in camera axes, shape (n, 3)."""
        turned = self._turned(directions)
        length = np.sqrt(np.einsum("ij,ij->i", turned, turned))[:, None]
        unit: Floats = np.divide(turned, length, out=np.full_like(turned, np.nan), where=length > 0)
        return unit

    def _turned(self, vectors: Floats) -> Floats:
        """Return vectors times the rotation; plain loops, as BLAS is slow on so many so short ones."""
        turned: Floats = np.einsum("kj,ij->ki", self.rotation, vectors).T
        return turned

    def findings(self, where: str) -> list[Finding]:
        """Return what a missing or odd calibration means; `where` names the file it should be in."""
        if self.camera is None:
            text = (
                f"no calibration of the scene camera in {where}: no visual angles by it; 3-D columns are"
                " turned by the nominal axes of the glasses, which may be off by some degrees"
            )
            return [Finding("warning", "camera", "no_camera", text)]
        if abs(self.skew) > 1e-6:
            text = f"the calibration has a skew of {self.skew:g}, which is left out"
            return [Finding("warning", "camera", "skew", text)]
        return []


def scaled_to(camera: Camera, size_px: tuple[int, int]) -> Camera:
    """Return the same camera for pictures of another size."""
    x, y = size_px[0] / camera.width_px, size_px[1] / camera.height_px
    return replace(
        camera,
        width_px=size_px[0],
        height_px=size_px[1],
        fx_px=camera.fx_px * x,
        fy_px=camera.fy_px * y,
        cx_px=(camera.cx_px + 0.5) * x - 0.5,
        cy_px=(camera.cy_px + 0.5) * y - 0.5,
    )


def reprojection(gaze3d_mm: Floats, x_px: Floats, y_px: Floats, camera: Camera | None) -> list[Finding]:
    """Hold the 3-D gaze, seen through the calibrated camera, against the 2-D gaze.

    Parameters
    ----------
    gaze3d_mm : ndarray of float64, shape (n, 3)
        3-D gaze in camera axes, NaN where there is none.
    x_px, y_px : ndarray of float64, shape (n,)
        2-D gaze.
    camera : Camera or None
        The scene camera; None: nothing can be checked.

    Returns
    -------
    list of Finding
        The figure: info where it is within `REPROJECTION_PX`, else a warning.
    """
    if camera is None:
        return []
    good = np.isfinite(gaze3d_mm).all(axis=1) & np.isfinite(x_px) & np.isfinite(y_px)
    # Rays far outside of the image leave the range in which a distortion polynomial means anything.
    good &= (np.abs(x_px) < 1.5 * camera.width_px) & (np.abs(y_px) < 1.5 * camera.height_px)
    every = np.flatnonzero(good)
    if len(every) == 0:
        return []
    apart = np.empty(len(every))
    for start in range(0, len(every), _ROWS_AT_ONCE):
        rows = every[start : start + _ROWS_AT_ONCE]
        seen = direction_to_px(gaze3d_mm[rows], camera)
        apart[start : start + len(rows)] = np.hypot(seen[:, 0] - x_px[rows], seen[:, 1] - y_px[rows])
    apart[~np.isfinite(apart)] = np.inf
    middle, high = float(np.median(apart)), float(np.percentile(apart, 95, method="higher"))
    holds = high <= REPROJECTION_PX
    text = (
        f"3-D gaze seen through the calibrated camera lies {middle:.3f} px (median), {high:.3f} px (95 %)"
        f" from the 2-D gaze over {len(every)} samples"
    )
    if not holds:
        text += f"; expected at most {REPROJECTION_PX} px: calibration and gaze do not belong together"
    return [Finding("info" if holds else "warning", "gaze", "reprojection", text, len(every))]


def eye_used(left: NDArray[np.bool_], right: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Return by which eyes gaze was found: both, left, right, none."""
    return _EYES_USED[2 * left.astype(np.int64) + right.astype(np.int64)]
