"""The scene camera: what turns pixels into directions. The mathematics is in `gazestudy.geometry.cameras`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

CameraModel = Literal["none", "opencv4", "opencv5", "opencv8", "fisheye4", "fisheye624"]
CameraSource = Literal["device", "default", "user"]

_COEFFICIENTS = {"none": 0, "opencv4": 4, "opencv5": 5, "opencv8": 8, "fisheye4": 4, "fisheye624": 12}


@dataclass(frozen=True, slots=True)
class Camera:
    """Intrinsic calibration of a scene camera.

    Pixel (0, 0) is the centre of the top-left pixel; the image covers -0.5 to width - 0.5.

    Attributes
    ----------
    width_px, height_px : int
        Image size.
    fx_px, fy_px, cx_px, cy_px : float
        Focal lengths and principal point.
    model : {"none", "opencv4", "opencv5", "opencv8", "fisheye4", "fisheye624"}
        Lens distortion model ("none": ideal pinhole; "fisheye624": that of Project Aria).
    coefficients : tuple of float
        Distortion coefficients in OpenCV's order (k1, k2, p1, p2, k3, k4, k5, k6) or (k1, k2, k3, k4); for
        "fisheye624" (k0, k1, k2, k3, k4, k5, p0, p1, s0, s1, s2, s3).
    source : {"device", "default", "user"}
        Whether it was measured for this device, is a model's default, or was given by the user.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    model: CameraModel = "none"
    coefficients: tuple[float, ...] = ()
    source: CameraSource = "device"

    def __post_init__(self) -> None:
        wanted = _COEFFICIENTS.get(self.model)
        if wanted is None:
            raise ParameterError("camera model", self.model, "one of " + ", ".join(_COEFFICIENTS))
        if len(self.coefficients) != wanted:
            raise ParameterError(
                "camera coefficients", self.coefficients, f"{wanted} numbers for {self.model}"
            )
        if not (self.width_px > 0 and self.height_px > 0 and self.fx_px > 0 and self.fy_px > 0):
            raise ParameterError("camera", self, "positive image size and focal lengths")

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Camera matrix K, shape (3, 3)."""
        return np.array([[self.fx_px, 0.0, self.cx_px], [0.0, self.fy_px, self.cy_px], [0.0, 0.0, 1.0]])

    @classmethod
    def from_matrix(
        cls,
        matrix: NDArray[np.float64],
        *,
        width_px: int,
        height_px: int,
        model: CameraModel = "none",
        coefficients: tuple[float, ...] = (),
        source: CameraSource = "device",
    ) -> Self:
        """Make a camera from a (3, 3) matrix without skew."""
        return cls(
            width_px,
            height_px,
            float(matrix[0, 0]),
            float(matrix[1, 1]),
            float(matrix[0, 2]),
            float(matrix[1, 2]),
            model,
            tuple(float(value) for value in coefficients),
            source,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "width_px": self.width_px,
            "height_px": self.height_px,
            "fx_px": self.fx_px,
            "fy_px": self.fy_px,
            "cx_px": self.cx_px,
            "cy_px": self.cy_px,
            "model": self.model,
            "coefficients": list(self.coefficients),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a camera from `to_dict`."""
        return cls(**{**values, "coefficients": tuple(values["coefficients"])})
