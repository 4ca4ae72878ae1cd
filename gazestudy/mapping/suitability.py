"""Is a picture fit for mapping without markers? Asked before a day of recording is spent on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.mapping.feature_index import features
from gazestudy.mapping.references import Artwork, Reference, prepare, texture_report

Floats = NDArray[np.float64]

SMALL_PX = 300
"""Pictures with a shorter side below this lose detail that a near placement shows."""

_RATIO = 0.8
_MIN_AGREEING = 20
_TOLERANCE_PX = 4.0
_MAX_FEATURES = 1500
_MIN_SHARE = 0.05
_MIN_AREA_SHARE = 0.15  # a line of lettering or a logo that many posters carry is no shared motif


def suitability(references: Sequence[Reference]) -> pd.DataFrame:
    """Say of each picture how well it can be mapped, and what it can be taken for.

    Parameters
    ----------
    references : sequence of Reference
        The pictures of a study, and those that might come into it.

    Returns
    -------
    DataFrame
        One row per picture: `placement_id`, `creative_id`, `width_px`, `height_px`, `key_points`, `mappable`
        ("well", "poorly", "hardly"; see `texture_report`), `look_alikes` (what shares a good part of it, with
        the share in percent, "mirrored" where only its mirror image does) and `advice`.

    Notes
    -----
    Two pictures are look-alikes if at least 20 features of one agree with one homography into the other and
    lie spread over 15 % of both, and if these are 5 % of the smaller set of key points: that is the share.
    Mirrored motifs are told apart by the mapper itself, but not always by people.
    """
    table = texture_report(references)
    artworks = prepare(references)
    table["look_alikes"] = _look_alikes(artworks)
    table["advice"] = [_advice(row) for _, row in table.iterrows()]
    return table


def _look_alikes(artworks: Sequence[Artwork]) -> list[str]:
    sift = cv2.SIFT.create(nfeatures=_MAX_FEATURES)
    plain = [features(sift, art.luma) for art in artworks]
    mirrored = [features(sift, np.ascontiguousarray(art.luma[:, ::-1])) for art in artworks]
    found: list[list[str]] = [[] for _ in artworks]
    for one, other in combinations(range(len(artworks)), 2):
        same_face = artworks[one].reference.placement_id == artworks[other].reference.placement_id
        if same_face:
            continue  # the pictures of one screen never hang at the same time
        share, word = _shared(plain[one], plain[other]), ""
        if not share:
            share, word = _shared(plain[one], mirrored[other]), ", mirrored"
        if share:
            for here, there in ((one, other), (other, one)):
                name = artworks[there].reference.creative_id or artworks[there].reference.placement_id
                found[here].append(f"{name} ({share:.0%}{word})")
    return ["; ".join(names) for names in found]


def _shared(one: tuple[Floats, NDArray[np.float32]], other: tuple[Floats, NDArray[np.float32]]) -> float:
    """Return the share of features that agree with one homography, 0 if too few do."""
    if min(len(one[0]), len(other[0])) < _MIN_AGREEING:
        return 0.0
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(one[1], other[1], k=2)
    good = [best for best, second in pairs if best.distance < _RATIO * second.distance]
    if len(good) < _MIN_AGREEING:
        return 0.0
    from_px = one[0][[match.queryIdx for match in good]]
    to_px = other[0][[match.trainIdx for match in good]]
    cv2.setRNGSeed(1)
    _, inside = cv2.findHomography(from_px, to_px, cv2.USAC_MAGSAC, _TOLERANCE_PX)
    if inside is None or np.count_nonzero(inside) < _MIN_AGREEING:
        return 0.0
    agreeing = inside.ravel() > 0
    areas = [_spread(part[agreeing]) / _spread(all_) for part, all_ in ((from_px, one[0]), (to_px, other[0]))]
    share = int(agreeing.sum()) / min(len(one[0]), len(other[0]))
    return share if share >= _MIN_SHARE and min(areas) >= _MIN_AREA_SHARE else 0.0


def _spread(points_px: Floats) -> float:
    return float(cv2.contourArea(cv2.convexHull(points_px.astype(np.float32))))


def _advice(row: pd.Series) -> str:
    said = []
    if row["mappable"] != "well":
        said.append(
            "little texture: put markers beside it, or map a neighbour on its wall, or set key frames"
        )
    if min(row["width_px"], row["height_px"]) < SMALL_PX:
        said.append("a small picture: take a larger one")
    if row["look_alikes"]:
        said.append("shares its motif with others: where both hang in view it may be reported as ambiguous")
    return "; ".join(said)
