"""One index of the features of all artworks, and matching a frame with it."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.geometry.homographies import scaling
from gazestudy.mapping.references import Artwork, resized

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

INDEX_LONG_SIDE_PX = 512
"""Long side at which features for the search are taken: most placements are seen smaller."""

Described = tuple[NDArray[np.float32], Bytes]
"""Features of a picture: where they are, art px, shape (n, 2), and SIFT descriptors, shape (n, 128)."""

_VERSION = 2  # raised when other features are taken of the same picture
_VIEW_COMPRESSIONS = (1.0, 0.5, 0.25)
_MAX_FEATURES_PER_VIEW = 700
_FINE_PX = 2.6  # size; smaller ones show only where the picture is seen larger than whole views are searched
_ENOUGH_FEATURES = 200  # of a view; with fewer, fine ones are taken as well
_CHECKS = 32
_SAME_SPOT = 0.04  # of the diagonal
_RIVALS = 8
_SAME_PRINT = 0.98  # scalar product of descriptors from which two pictures show the same thing
_ALIKE = 0.7  # scalar product of descriptors; worse matches are hardly ever true


class FeatureIndex:
    """One nearest-neighbour index over the SIFT features of all artworks.

    Every artwork is entered as seen from the front and compressed horizontally to a half and a quarter,
    because placements along a corridor are mostly seen obliquely.

    Parameters
    ----------
    artworks : sequence of Artwork
        What to find.
    known : mutable mapping of str to tuple, optional
        Features found before, by `feature_key`; those of new pictures are entered.
    """

    def __init__(
        self, artworks: Sequence[Artwork], known: MutableMapping[str, Described] | None = None
    ) -> None:
        descriptors, points, owners, sizes = [], [], [], []
        for number, artwork in enumerate(artworks):
            places, described = _described(artwork, known)
            descriptors.append(_rooted(described))
            points.append(places.astype(np.float64))
            owners.append(np.full(len(places), number))
            sizes.append(np.full(len(places), np.hypot(*artwork.size_px)))
        self.owners = np.concatenate([np.zeros(0, np.int64), *owners])
        self.size = sum(map(len, descriptors))
        if not self.size:
            return
        self.points = np.concatenate(points)
        self._diagonals = np.concatenate(sizes)
        cv2.setRNGSeed(1)  # the random trees come out the same every time
        self._descriptors = np.concatenate(descriptors)
        # uses the descriptors where they are, while a matcher of features2d would copy them
        self._trees = cv2.flann.Index(self._descriptors, {"algorithm": 1, "trees": 4})

    def match(self, descriptors: NDArray[np.float32], *, ratio: float) -> tuple[NDArray[np.int64], ...]:
        """Match described features of a frame.

        Parameters
        ----------
        descriptors : ndarray of float32, shape (n, 128)
            From `features`.
        ratio : float
            Largest distance relative to the runner-up. A runner-up on the same spot of the same artwork (from
            another compressed view) is no rival, nor is one that shows the same thing on another artwork: the
            pictures of a campaign share their motif, and which of them hangs there is seen later.

        Returns
        -------
        queries, entries : ndarray of int64, shape (m,)
            Row of `descriptors`, and row of `points` and `owners` it matches: one of each artwork that shows
            the same.
        """
        nothing = np.zeros(0, dtype=np.int64)
        neighbours = min(5, self.size)
        if neighbours < 2 or len(descriptors) == 0:
            return nothing, nothing
        entries, squares = self._trees.knnSearch(descriptors, neighbours, params={"checks": _CHECKS})
        # whoever the rival is, it is no farther away than the farthest neighbour
        hopeful = squares[:, 0] < ratio**2 * squares[:, -1]
        queries = np.flatnonzero((entries >= 0).all(axis=1) & hopeful)
        if len(queries) == 0:
            return nothing, nothing
        entries, distances = entries[queries].astype(np.int64), np.sqrt(squares[queries])
        best = entries[:, :1]
        apart = np.linalg.norm(self.points[entries] - self.points[best], axis=2)
        seen_as = self._descriptors[entries]
        unlike = (seen_as @ seen_as[:, 0, :, None])[:, :, 0] < _SAME_PRINT
        mine = self.owners[entries] == self.owners[best]
        rival = np.where(mine, apart > _SAME_SPOT * self._diagonals[best], unlike)
        # without any rival among the neighbours, the farthest one stands for it: a cautious bound
        rival[:, -1] = True
        end = rival.argmax(axis=1)
        good = distances[:, 0] < ratio * distances[np.arange(len(queries)), end]
        return self._of_each(queries[good], entries[good], end[good])

    def _of_each(
        self, queries: NDArray[np.int64], entries: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return each query with its nearest entry of every picture before its first rival."""
        owners = self.owners[entries]
        first = np.arange(entries.shape[1]) < end[:, None]
        for column in range(1, entries.shape[1]):
            first[:, column] &= (owners[:, :column] != owners[:, column, None]).all(axis=1)
        rows, columns = np.nonzero(first)
        return queries[rows], entries[rows, columns]

    def match_one(
        self, descriptors: NDArray[np.float32], owner: int, *, ratio: float
    ) -> tuple[NDArray[np.int64], ...]:
        """Match described features of a frame with one artwork alone, exactly.

        Among many artworks the nearest neighbour is missed more often, and rivals are nearer; so a few that
        are suspected are compared again as if they were the only ones. Parameters and results are those of
        `match`; `owner` is the artwork.
        """
        first, end = np.searchsorted(self.owners, [owner, owner + 1]).tolist()
        if end < first + 2 or len(descriptors) == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        alike = descriptors @ self._descriptors[first:end].T  # both have length 1
        spot = _SAME_SPOT * float(self._diagonals[first])
        queries, best = distinct(alike, self.points[first:end], spot, ratio=ratio)
        return queries, best + first


def distinct(
    alike: NDArray[np.float32], places: Floats, spot: float, *, ratio: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which rows have a best column that no column elsewhere on the picture comes near.

    Parameters
    ----------
    alike : ndarray of float32, shape (n, m)
        Scalar products of descriptors of length 1; changed.
    places : ndarray of float64, shape (m, 2)
        Where on the picture each column lies.
    spot : float
        Distance up to which two places are one.
    ratio : float
        Largest distance of the best relative to that of the rival.

    Returns
    -------
    rows, columns : ndarray of int64, shape (k,)
        The matches.

    Notes
    -----
    The best columns are taken one after another until one lies elsewhere; if the eighth does not, it stands
    for the rival, a cautious bound. Nearly always it is the second or the third.
    """
    every = np.arange(len(alike))
    best = alike.argmax(axis=1)
    highest = alike[every, best]
    rows = np.flatnonzero(highest > _ALIKE)  # nearly all
    last, rival = best.copy(), highest.copy()
    left = every  # those without a rival yet
    for _ in range(1, min(_RIVALS, alike.shape[1])):
        alike[left, last[left]] = -np.inf
        last[left] = (alike if left is every else alike[left]).argmax(axis=1)
        rival[left] = alike[left, last[left]]
        away = places[last[left]] - places[best[left]]
        left = left[np.hypot(away[:, 0], away[:, 1]) <= spot]
    best, highest, rival = best[rows], highest[rows], rival[rows]
    nearest, runner_up = (np.sqrt(np.maximum(2 - 2 * value, 0.0)) for value in (highest, rival))
    good = nearest < ratio * runner_up
    return rows[good], best[good]


def feature_key(artwork: Artwork) -> str:
    """Return the name under which the features of a picture are known: a hash of what they are made from."""
    choice = _MAX_FEATURES_PER_VIEW, _FINE_PX, _ENOUGH_FEATURES
    facts = _VERSION, cv2.__version__, INDEX_LONG_SIDE_PX, _VIEW_COMPRESSIONS, choice
    picture = hashlib.sha256(np.ascontiguousarray(artwork.luma).tobytes())
    picture.update(repr((facts, artwork.luma.shape)).encode())
    return picture.hexdigest()


def _described(artwork: Artwork, known: MutableMapping[str, Described] | None) -> Described:
    if known is None:
        return _all_views(artwork)
    key = feature_key(artwork)
    found = known.get(key)
    if found is None:
        found = known[key] = _all_views(artwork)
    return found


def _all_views(artwork: Artwork) -> Described:
    """Return the features of a picture as seen from the front and compressed."""
    sift = cv2.SIFT.create()
    width, height = artwork.size_px
    factor = min(1.0, INDEX_LONG_SIDE_PX / max(width, height))
    points, descriptors = [], []
    for compression in _VIEW_COMPRESSIONS:
        size = max(8, round(width * factor * compression)), max(8, round(height * factor))
        key_points, found, described = _sift_features(sift, resized(artwork.luma, size))
        kept = _worth_keeping(key_points)
        back = scaling(size, (width, height))
        points.append(found[kept] * back[[0, 1], [0, 1]] + back[:2, 2])
        descriptors.append(described[kept])
    return np.concatenate(points).astype(np.float32), np.concatenate(descriptors)


def _worth_keeping(key_points: Sequence[cv2.KeyPoint]) -> NDArray[np.int64]:
    """Return which features of a view are entered: the clearest of those that are seen from afar too."""
    clear = np.argsort([-one.response for one in key_points], kind="stable")
    fine = np.array([key_points[n].size < _FINE_PX for n in clear.tolist()], dtype=bool)
    coarse = clear[~fine][:_MAX_FEATURES_PER_VIEW]
    missing = max(0, _ENOUGH_FEATURES - len(coarse))
    return np.sort(np.concatenate([coarse, clear[fine][:missing]])).astype(np.int64)


def features(sift: cv2.SIFT, image: Bytes, mask: Bytes | None = None) -> tuple[Floats, NDArray[np.float32]]:
    """Find and describe features.

    Parameters
    ----------
    sift : cv2.SIFT
        The detector.
    image : ndarray of uint8, shape (height, width)
        Luma.
    mask : ndarray of uint8, shape (height, width), optional
        0 where nothing is wanted.

    Returns
    -------
    points : ndarray of float64, shape (n, 2)
        Where.
    descriptors : ndarray of float32, shape (n, 128)
        RootSIFT descriptors: their Euclidean distance is the Hellinger distance of SIFT descriptors.

    References
    ----------
    Arandjelovic and Zisserman 2012, Three things everyone should know to improve object retrieval,
    doi:10.1109/CVPR.2012.6248018.
    """
    _, points, descriptors = _sift_features(sift, image, mask)
    return points, _rooted(descriptors)


def _sift_features(
    sift: cv2.SIFT, image: Bytes, mask: Bytes | None = None
) -> tuple[Sequence[cv2.KeyPoint], Floats, Bytes]:
    found: Any = sift.detectAndCompute(image, mask)
    key_points, descriptors = found
    if descriptors is None:
        return (), np.zeros((0, 2)), np.zeros((0, 128), dtype=np.uint8)
    points = np.asarray(cv2.KeyPoint.convert(key_points), dtype=np.float64)
    return key_points, points, descriptors.astype(np.uint8)  # they are whole numbers


def _rooted(descriptors: Bytes) -> NDArray[np.float32]:
    result = descriptors.astype(np.float32)
    result /= np.maximum(result.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(np.sqrt(result, out=result))
