"""What most tools do: features of each frame against features of each picture, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.cameras import undistort_px
from gazestudy.mapping import Reference
from gazestudy.model import Camera

_RATIO, _RANSAC_PX, _LEAST_INLIERS = 0.75, 5.0, 10
_FEATURES = {"sift": 1500, "orb": 1500}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One placement in one frame: homography from reference px to undistorted scene px."""

    placement_id: str
    creative_id: str
    homography: NDArray[np.float64]


class PerFrame:
    """A per-frame mapper: SIFT with one kd-tree over all pictures, or ORB with brute force.

    Lowe's ratio test, RANSAC homography at 5 px, at least ten inliers and a convex outline; points are
    undistorted. Frames are reduced by `scale` first.
    """

    def __init__(
        self,
        references: Sequence[Reference],
        camera: Camera | None,
        *,
        method: Literal["sift", "orb"] = "sift",
        scale: float = 0.5,
    ) -> None:
        self._references, self._camera, self._scale = references, camera, scale
        count = _FEATURES[method]
        self._detector: Any = cv2.SIFT.create(nfeatures=count) if method == "sift" else cv2.ORB.create(count)
        self._in_frame: Any = cv2.SIFT.create() if method == "sift" else cv2.ORB.create(5000)
        index: Any = {"algorithm": 1, "trees": 4} if method == "sift" else None
        self._matcher: Any = (
            cv2.FlannBasedMatcher(index, {"checks": 32}) if index else cv2.BFMatcher(cv2.NORM_HAMMING)
        )
        descriptors, self._points, owners = [], [], []
        for number, reference in enumerate(references):
            image = reference.image
            grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            points, described = self._detector.detectAndCompute(grey, None)
            if described is None:
                continue
            descriptors.append(described)
            self._points += [point.pt for point in points]
            owners.append(np.full(len(points), number))
        self._owners, self._spots = np.concatenate(owners), np.array(self._points)
        self._matcher.add([np.concatenate(descriptors)])
        self._matcher.train()

    def find(self, luma: NDArray[np.uint8]) -> list[Found]:
        """Return what is in one frame."""
        small = cv2.resize(luma, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_AREA)
        points, described = self._in_frame.detectAndCompute(small, None)
        if described is None or len(described) < 2:
            return []
        pairs = [pair for pair in self._matcher.knnMatch(described, 2) if len(pair) == 2]
        good = [a for a, b in pairs if a.distance < _RATIO * b.distance]
        where = np.array([points[match.queryIdx].pt for match in good]).reshape(-1, 2)
        where = (where + 0.5) / self._scale - 0.5
        flat = where if self._camera is None or len(where) == 0 else undistort_px(where, self._camera)
        entries = np.array([match.trainIdx for match in good], dtype=np.int64)
        found = []
        for number in np.unique(self._owners[entries]):
            rows = self._owners[entries] == number
            one = self._fit(int(number), self._spots[entries[rows]], flat[rows])
            found += [one] if one is not None else []
        return found

    def _fit(self, number: int, spots: NDArray[np.float64], flat: NDArray[np.float64]) -> Found | None:
        if len(spots) < _LEAST_INLIERS:
            return None
        homography, inliers = cv2.findHomography(spots, flat, cv2.RANSAC, _RANSAC_PX)
        if homography is None or int(inliers.sum()) < _LEAST_INLIERS:
            return None
        reference = self._references[number]
        width, height = reference.size_px
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
        quad = cv2.perspectiveTransform(corners[:, None], homography)[:, 0]
        if not cv2.isContourConvex(quad.astype(np.float32)):
            return None
        return Found(reference.placement_id, reference.creative_id, np.asarray(homography))
