"""From sightings to the mapping table, with the last gates: one placement a place, no jumps, no ambiguity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography, corners_px, side_lengths
from gazestudy.mapping.appearance import GRID, hidden_parts, pack
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.sightings import Sighting, Slot, overlap, shape_jump
from gazestudy.model.tables import MAPPING, MAPPING_STATES, categorical

Floats = NDArray[np.float64]

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_APART = 0.05  # two sightings that overlap less are two places


CORNER_ERROR = "corner_error_share"
"""Extra column: largest expected error of a corner as a share of the placement's width."""

HIDDEN = "hidden"
"""Extra column: which parts of the picture somebody stands in front of, as `appearance.pack` writes it."""

BESIDE = "beside"
"""Extra column: the placement on the same wall it was placed by; empty where it was seen by itself."""

_NOTHING_HIDDEN = pack(np.zeros((GRID, GRID), dtype=bool))


def empty_table() -> pd.DataFrame:
    """Return a mapping table without rows."""
    numbers = pd.Series([], dtype="float64")
    return MAPPING.empty().assign(
        corner_error_share=numbers,
        evidence=numbers,
        hidden=pd.Series([], dtype="str"),
        beside=pd.Series([], dtype="str"),
    )


class RowWriter:
    """Takes frames in order and makes the table.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks.
    to_undistorted : ndarray of float64, shape (3, 3)
        Working px to full-size undistorted px.
    max_jump_share : float
        Largest difference of a side from the mean of the neighbouring frames.
    min_evidence : float
        Smallest share of the picture that looks right again and again along a track.
    """

    def __init__(
        self,
        artworks: Sequence[Artwork],
        to_undistorted: Floats,
        *,
        max_jump_share: float,
        min_evidence: float,
    ) -> None:
        self._artworks, self._to_undistorted, self._max_jump = artworks, to_undistorted, max_jump_share
        self._min_evidence = min_evidence
        self._from_reference = [np.linalg.inv(artwork.to_reference) for artwork in artworks]
        self._recent: list[Slot] = []
        self._rows: list[tuple[Any, ...]] = []
        self.frames = 0

    def take(self, slot: Slot) -> None:
        """Take the next frame."""
        self.frames += 1
        self._recent.append(slot)
        if len(self._recent) == 2:
            self._write(None, self._recent[0], self._recent[1])
        elif len(self._recent) == 3:
            self._write(*self._recent)
            del self._recent[0]

    def finish(self) -> pd.DataFrame:
        """Return the table (contract `MAPPING`) of all frames taken."""
        if self._recent:
            self._write(self._recent[-2] if len(self._recent) > 1 else None, self._recent[-1], None)
        if not self._rows:
            return empty_table()
        table = pd.DataFrame(self._rows, columns=[*MAPPING.names, CORNER_ERROR, "evidence", HIDDEN, BESIDE])
        table["state"] = categorical(table["state"], MAPPING_STATES)
        for name in ("frame", "t_ns", "copy", "inliers"):
            table[name] = table[name].astype(np.int64)
        return MAPPING.check(table)

    @property
    def states(self) -> dict[str, int]:
        """How many rows have each state."""
        return dict(sorted(Counter(str(row[5]) for row in self._rows).items()))

    def _write(self, before: Slot | None, slot: Slot, after: Slot | None) -> None:
        alike = {s for s in slot.sightings if not s.beside and s.track.evidence.share < self._min_evidence}
        doubtful = self._ambiguous([s for s in slot.sightings if s not in alike])
        mapped = set()
        rows = []
        for sighting in slot.sightings:
            state = "mapped"
            if sighting in alike:
                state = "wrong_appearance"
            elif sighting in doubtful:
                state = "ambiguous"
            elif self._jumps(before, sighting, after):
                state = "bad_geometry"
            artwork = self._artworks[sighting.track.artwork]
            mapped.add(artwork.reference.placement_id)
            rows.append(self._row(slot, sighting, state))
        for refusal in slot.refused:
            reference = self._artworks[refusal.artwork].reference
            if reference.placement_id not in mapped:
                mapped.add(reference.placement_id)
                empty = (np.nan,) * 9
                rows.append(
                    (
                        slot.frame,
                        slot.t_ns,
                        reference.placement_id,
                        reference.creative_id,
                        0,
                        refusal.state,
                        *empty,
                        refusal.matches,
                        np.nan,
                        np.nan,
                        np.nan,
                        np.nan,
                        np.nan,
                        np.nan,
                        _NOTHING_HIDDEN,
                        "",
                    )
                )
        self._rows += sorted(rows, key=lambda row: (row[2], row[4]))

    def _ambiguous(self, sightings: list[Sighting]) -> set[Sighting]:
        """Sightings of a placement that hangs fewer times than it is seen."""
        result: set[Sighting] = set()
        by_placement: dict[str, list[Sighting]] = {}
        for sighting in sightings:
            by_placement.setdefault(self._artworks[sighting.track.artwork].reference.placement_id, []).append(
                sighting
            )
        for together in by_placement.values():
            copies = self._artworks[together[0].track.artwork].reference.copies
            apart = any(overlap(a.quad, b.quad) < _APART for a, b in combinations(together, 2))
            if len(together) > copies and apart:
                result.update(together)
        return result

    def _jumps(self, before: Slot | None, sighting: Sighting, after: Slot | None) -> bool:
        neighbours = []
        for slot in (before, after):
            same = [s for s in slot.sightings if s.track is sighting.track] if slot is not None else []
            if not same:
                return False
            neighbours.append(same[0].quad)
        return shape_jump(neighbours[0], sighting.quad, neighbours[1]) > self._max_jump

    def _row(self, slot: Slot, sighting: Sighting, state: str) -> tuple[Any, ...]:
        number = sighting.track.artwork
        artwork = self._artworks[number]
        homography = self._to_undistorted @ sighting.homography @ self._from_reference[number]
        homography = homography / homography[2, 2]
        sides = side_lengths(apply_homography(homography, corners_px(*artwork.reference_size_px)))
        scale = float(np.sqrt(abs(np.linalg.det(artwork.to_reference[:2, :2]))))
        values = homography.ravel().tolist() if state == "mapped" else [np.nan] * 9
        return (
            slot.frame,
            slot.t_ns,
            artwork.reference.placement_id,
            artwork.reference.creative_id,
            sighting.track.copy,
            state,
            *values,
            sighting.inliers,
            sighting.look.confidence,
            sighting.look.visible_share,
            float(sides[0] + sides[2]) / 2,
            sighting.error_px * scale,
            sighting.corner_error_share,
            sighting.track.evidence.share,
            pack(hidden_parts(sighting.look)),
            sighting.beside,
        )
