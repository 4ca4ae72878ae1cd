"""The light of a frame: how brightness on the artwork becomes brightness in the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def robust_line(x: Floats, y: Floats) -> tuple[float, float]:
    """Fit y = gain x + offset to the largest group of points; people in front belong to no such group.

    Every line through two points half the range apart is tried: deterministic, cheap for a hundred points.
    """
    from gazestudy.mapping.kernels.light import best_line

    gain, offset = best_line(np.ascontiguousarray(x), np.ascontiguousarray(y))
    return float(gain), float(offset)
