"""Screens whose content nobody knows: the face is located all the same, without a creative.

A face that changes its picture hangs where it hangs. Where it was seen with a picture that is known, its
place beside neighbours and within its surroundings is learnt; that places it while it shows something else.
Where no neighbour is in view it is followed by its rim (`rims`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from gazestudy.mapping.appearance import Appearance
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.sightings import Track
from gazestudy.model.facets import WHOLE

_GREY = 128
_FRAMES = 3
_BACK_WITHIN_NS = 1_000_000_000
_USUAL_SHARE = 0.85
_SPELL, _UNNOTICED = 6, 4  # frames


MIN_SHARE_OF_SPELL = 0.9
"""The same for a few frames, in which people and slants look like other lettering, too."""

MIN_SHARE_OF_CHANGING = 0.99
"""Evidence below which the picture on a face that changes is not named: the next one of the campaign may have
come on."""


class Spells:
    """Judges pictures of faces that change in short spells: one may follow the other while it is tracked.

    Parameters
    ----------
    artworks : sequence of Artwork
        All pictures.
    """

    def __init__(self, artworks: Sequence[Artwork]) -> None:
        self._changing = {
            number
            for number, artwork in enumerate(artworks)
            if artwork.reference.changes and not is_blank(artwork)
        }
        self._spells: dict[int, list[tuple[list[int], Evidence]]] = {}

    def add(self, artwork: int, frame: int, look: Appearance) -> None:
        """Take the look of a picture in the next frame into account."""
        if artwork not in self._changing:
            return
        spells = self._spells.setdefault(artwork, [])
        if not spells or len(spells[-1][0]) == _SPELL or frame > spells[-1][0][-1] + _SPELL:
            if spells:
                spells[-1][1].pack()
            spells.append(([], Evidence()))
        frames, evidence = spells[-1]
        frames.append(frame)
        evidence.add(look)

    def of(self, artwork: int) -> list[tuple[list[int], Evidence]]:
        """Return the frames of each spell of a picture that changes, and what was seen in them."""
        return self._spells.get(artwork, [])

    def doubtful(self) -> set[tuple[int, int]]:
        """Return artwork and frame of all looks that may be at another picture of the same campaign."""
        found = set()
        for artwork, spells in self._spells.items():
            before: list[int] = []
            for frames, evidence in spells:
                if evidence.share < MIN_SHARE_OF_SPELL:
                    # a few frames of it do not show in the spell before
                    found |= {(artwork, frame) for frame in before[-_UNNOTICED:] + frames}
                before = frames
        return found


def blank_faces(artworks: Sequence[Artwork]) -> list[Artwork]:
    """Return for each face that changes its picture an artwork that stands for any picture.

    Parameters
    ----------
    artworks : sequence of Artwork
        All pictures.

    Returns
    -------
    list of Artwork
        Of the size of the first picture, with nothing on it and without a creative; none for facets, nor for
        faces that hang more than once.
    """
    count = Counter(artwork.reference.placement_id for artwork in artworks)
    first: dict[str, Artwork] = {}
    for artwork in artworks:
        reference = artwork.reference
        changes = reference.changes or count[reference.placement_id] > 1
        if changes and reference.facet == WHOLE and reference.copies == 1:
            first.setdefault(reference.placement_id, artwork)
    return [_blank(artwork) for artwork in first.values()]


def is_blank(artwork: Artwork) -> bool:
    """Say whether an artwork stands for any picture."""
    return artwork.reference.creative_id == ""


def with_sure_pictures(table: pd.DataFrame, changing: Collection[str]) -> pd.DataFrame:
    """Take the picture away from rows in which it may have changed already, or not yet.

    Parameters
    ----------
    table : DataFrame
        Contract `MAPPING`, in order of frames.
    changing : collection of str
        Placements that change their picture.

    Returns
    -------
    DataFrame
        Where a picture was followed until less and less of it looked right, whatever came may have been
        another picture behind a passer-by: rows after the last one that looked as well as it usually did have
        no creative, unless the same one is back within a second. The same before the first one.
    """
    if not changing:
        return table
    creative = table["creative_id"].to_numpy(dtype=object).copy()
    named = (table["state"] == "mapped").to_numpy(dtype=bool) & (creative != "")
    named &= table["placement_id"].isin(list(changing)).to_numpy(dtype=bool)
    rows = np.flatnonzero(named)
    for own in pd.Series(rows).groupby(creative[rows]):
        at = own[1].to_numpy(np.int64)
        t_ns, looks = table["t_ns"].to_numpy(np.int64)[at], table["confidence"].to_numpy(np.float64)[at]
        for run in np.split(np.arange(len(at)), np.flatnonzero(np.diff(t_ns) > _BACK_WITHIN_NS) + 1):
            good = np.flatnonzero(looks[run] >= _USUAL_SHARE * np.median(looks[run]))
            sure = np.zeros(len(run), dtype=bool)
            sure[good[0] : good[-1] + 1] = True
            creative[at[run[~sure]]] = ""
    return table.assign(creative_id=pd.Series(creative, dtype="str"))


def rests_well(track: Track, accepted: set[Track]) -> bool:
    """Say whether what places a face without a known picture has itself been believed.

    Parameters
    ----------
    track : Track
        A track of a blank artwork.
    accepted : set of Track
        The roots of the tracks that were believed.

    Returns
    -------
    bool
        The pictures of the face, and what it is placed by, were each believed in several frames.
    """
    return all(
        sum(frames for other, frames in counts.items() if other.root() in accepted) >= _FRAMES
        for counts in (track.shown_by, track.placed_by)
    )


def _blank(artwork: Artwork) -> Artwork:
    luma = np.full_like(artwork.luma, _GREY)
    reference = replace(artwork.reference, creative_id="")
    nothing = np.zeros((0, 2), dtype=np.float32)
    return Artwork(reference, luma, artwork.to_reference, artwork.whole_px, nothing)


def settled(table: pd.DataFrame) -> pd.DataFrame:
    """Keep rows without a creative only where no picture was recognised, and they alone there.

    Parameters
    ----------
    table : DataFrame
        Contract `MAPPING`.

    Returns
    -------
    DataFrame
        In each frame a face has its recognised picture, or else the row without one; refusals of its
        pictures stay where it was not located at all.
    """
    mapped = (table["state"] == "mapped").to_numpy(dtype=bool)
    unknown = (table["creative_id"] == "").to_numpy(dtype=bool)
    if not unknown.any():
        return table
    faces, _ = pd.factorize(table["placement_id"])
    places = table["frame"].to_numpy(np.int64) * (faces.max() + 1) + faces
    recognised = np.isin(places, places[mapped & ~unknown])
    followed = np.isin(places, places[mapped & unknown])
    keep = np.where(recognised, ~unknown, np.where(followed, unknown & mapped, ~unknown))
    # a picture that was followed says better than a neighbour where it hangs
    by_itself = (table["beside"] == "").to_numpy(dtype=bool)
    keep &= by_itself | ~unknown | ~np.isin(places, places[mapped & unknown & by_itself])
    return table[keep].reset_index(drop=True)
