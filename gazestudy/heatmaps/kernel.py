"""How wide a heatmap smears a look, and in what unit that was decided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self

from gazestudy.errors import ParameterError

FOVEA_DEG = 2.0
"""Diameter of the foveal field, deg: what one fixation sees sharply."""

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian, in sigmas."""

_SHARE_OF_WIDTH = 0.10

KernelUnit = Literal["deg", "mm", "px"]


@dataclass(frozen=True, slots=True)
class Kernel:
    """Gaussian kernel of a heatmap.

    Attributes
    ----------
    sigma_px : float
        Standard deviation on the reference image, px.
    fwhm : float
        Full width at half maximum in `unit`, as chosen.
    unit : {"deg", "mm", "px"}
        In what it was chosen.
    basis : str
        How px were made of it, in words.

    Notes
    -----
    A heatmap claims that what lies within the kernel was seen. Bojko (2009, doi 10.1007/978-3-642-02574-7_4)
    and Blignaut (2010, Proceedings of ETRA) therefore ask for a kernel of about the visual span and for its
    statement beside the picture. The full width at half maximum is what is stated here: a disc
    of 2 deg is the foveal field.

    Examples
    --------
    >>> kernel = Kernel.from_deg(2.0, distance_mm=3000, px_per_mm=0.5)
    >>> round(kernel.sigma_px, 2), kernel.describe()
    (22.24, '2 deg at 3.0 m')
    """

    sigma_px: float
    fwhm: float
    unit: KernelUnit
    basis: str

    def __post_init__(self) -> None:
        if not 0 < self.sigma_px < math.inf:
            raise ParameterError("kernel", self.fwhm, "a positive width")

    def describe(self) -> str:
        """Return the width with its unit, for the caption."""
        return f"{self.fwhm:.3g} {self.unit}" + (f" {self.basis}" if self.basis else "")

    @classmethod
    def from_px(cls, fwhm_px: float) -> Self:
        """Make a kernel from its full width at half maximum in reference px."""
        return cls(fwhm_px / FWHM_PER_SIGMA, fwhm_px, "px", "")

    @classmethod
    def from_mm(cls, fwhm_mm: float, *, px_per_mm: float) -> Self:
        """Make a kernel from its full width at half maximum on the placement.

        Parameters
        ----------
        fwhm_mm : float
            Full width at half maximum, mm.
        px_per_mm : float
            Reference px per mm of the placement.

        Returns
        -------
        Kernel
            The kernel.
        """
        return cls(fwhm_mm * _positive("px_per_mm", px_per_mm) / FWHM_PER_SIGMA, fwhm_mm, "mm", "")

    @classmethod
    def from_deg(cls, fwhm_deg: float = FOVEA_DEG, *, distance_mm: float, px_per_mm: float) -> Self:
        """Make a kernel from its full width at half maximum in visual angle.

        Parameters
        ----------
        fwhm_deg : float
            Full width at half maximum, deg.
        distance_mm : float
            Viewing distance, such as the median over fixations.
        px_per_mm : float
            Reference px per mm of the placement.

        Returns
        -------
        Kernel
            The kernel: fwhm_mm = 2 distance tan(fwhm_deg / 2).
        """
        _positive("distance_mm", distance_mm)
        fwhm_mm = 2.0 * distance_mm * math.tan(math.radians(fwhm_deg) / 2.0)
        fwhm_px = fwhm_mm * _positive("px_per_mm", px_per_mm)
        return cls(fwhm_px / FWHM_PER_SIGMA, fwhm_deg, "deg", f"at {distance_mm / 1000:.1f} m")

    @classmethod
    def from_view(cls, fwhm_deg: float = FOVEA_DEG, *, width_deg: float, width_px: int) -> Self:
        """Make a kernel from visual angle, for a placement whose seen width is known but not its size.

        Parameters
        ----------
        fwhm_deg : float
            Full width at half maximum, deg.
        width_deg : float
            Visual angle of the whole width, such as the median over fixations.
        width_px : int
            Width of the reference image.

        Returns
        -------
        Kernel
            The kernel: fwhm_px = width_px tan(fwhm_deg / 2) / tan(width_deg / 2).
        """
        if not 0 < width_deg < 180:
            raise ParameterError("width_deg", width_deg, "an angle between 0 and 180 deg")
        share = math.tan(math.radians(fwhm_deg) / 2.0) / math.tan(math.radians(width_deg) / 2.0)
        basis = f"at {width_deg:.3g} deg picture width"
        return cls(share * width_px / FWHM_PER_SIGMA, fwhm_deg, "deg", basis)

    @classmethod
    def usual(cls, *, width_px: int, width_deg: float | None = None) -> Self:
        """Make the default kernel: 2 deg where the visual angle is known, else 10 % of the picture's width.

        Parameters
        ----------
        width_px : int
            Width of the reference image.
        width_deg : float or None
            Visual angle of the whole width, None or NaN where not known.

        Returns
        -------
        Kernel
            The kernel.
        """
        if width_deg is not None and 0 < width_deg < 180:
            return cls.from_view(FOVEA_DEG, width_deg=width_deg, width_px=width_px)
        fwhm_px = _SHARE_OF_WIDTH * width_px
        basis = f"({_SHARE_OF_WIDTH * 100:g} % of the width; visual angle not known)"
        return cls(fwhm_px / FWHM_PER_SIGMA, fwhm_px, "px", basis)


def _positive(name: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise ParameterError(name, value, "a positive number")
    return value
