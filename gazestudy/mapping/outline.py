"""The part of a placement that lies in the scene image, as a polygon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gazestudy.geometry.cameras import distort_px, undistort_px
from gazestudy.geometry.homographies import apply_homography
from gazestudy.geometry.polygons import clip_to_rectangle
from gazestudy.model.camera import Camera
from gazestudy.model.facets import Facet, whole

Floats = NDArray[np.float64]

_STEPS = 8  # points per side: a lens bends straight edges


def visible_outline(
    homography: Floats,
    size_px: tuple[int, int],
    image_size_px: tuple[int, int],
    camera: Camera | None,
    *,
    facet: Facet | None = None,
) -> Floats:
    """Return the outline of a mapped placement in the scene image, cut at the border of the image.

    Parameters
    ----------
    homography : ndarray of float, shape (3, 3)
        Reference px to undistorted scene px: h00 to h22 of a row of the mapping.
    size_px : (int, int)
        Width and height of the reference image.
    image_size_px : (int, int)
        Width and height of the scene image.
    camera : Camera or None
        Scene camera the mapping was made with.
    facet : Facet, optional
        The part of the reference image that the row speaks for; None: all of it.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Corners in the distorted scene image, n = 0 if nothing of the placement is in it.

    Notes
    -----
    The part of the placement behind the camera is cut off first, then what the lens cannot see, then what is
    outside the image. People in front of the placement are not cut out; `visible_share` counts them.

    Examples
    --------
    >>> import numpy as np
    >>> shifted = np.array([[1.0, 0.0, -50.0], [0.0, 1.0, 10.0], [0.0, 0.0, 1.0]])
    >>> outline = visible_outline(shifted, (100, 80), (640, 480), None)
    >>> outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
    ([-0.5, 9.5], [49.5, 89.5])
    """
    flat = apply_homography(homography, _outline(whole(size_px) if facet is None else facet))
    flat = flat[np.isfinite(flat).all(axis=1)]
    border = _outline(whole(image_size_px))
    if camera is not None:
        seen = undistort_px(border, camera)
        seen = seen[np.isfinite(seen).all(axis=1)]
        if len(flat) < 3 or len(seen) < 3:
            return np.zeros((0, 2))
        (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
        inside = clip_to_rectangle(flat, left=left, top=top, right=right, bottom=bottom)
        flat = distort_px(inside, camera)
    if len(flat) < 3:
        return np.zeros((0, 2))
    (left, top), (right, bottom) = border.min(axis=0), border.max(axis=0)
    return clip_to_rectangle(flat, left=left, top=top, right=right, bottom=bottom)


def _outline(part: Facet) -> Floats:
    """Return points all around a picture or a part of it."""
    corners = part.corners_px
    share = np.arange(_STEPS)[:, None] / _STEPS
    sides = [
        one + share * (other - one) for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    return np.vstack(sides)
