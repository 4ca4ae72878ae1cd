"""From sightings to the mapping table, with the last gates: one placement a place, no jumps, no ambiguity.

What a track is worth is known only when all of it, and all other tracks of the picture, have been seen. So
rows are kept as plain numbers and named at the end.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography, side_lengths
from gazestudy.mapping.appearance import HIDDEN_GRID, hidden_parts
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.runs import sure_frames
from gazestudy.mapping.sightings import Sighting, Slot, Track, overlap, shape_jump
from gazestudy.mapping.unknown import (
    MIN_SHARE_OF_CHANGING,
    MIN_SHARE_OF_SPELL,
    Spells,
    is_blank,
    rests_well,
    settled,
    with_sure_pictures,
)
from gazestudy.model.facets import FACET
from gazestudy.model.tables import MAPPING, MAPPING_STATES, categorical

Floats = NDArray[np.float64]

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_MIN_SHARE_OF_WEAK = 0.95  # a few blurred frames make more of it doubtful
_MIN_SHARE_OF_BENT = 0.8
_MIN_CLARITY, _MIN_CLARITY_TO_DOUBT = 0.35, 0.4  # 0.7 is a frame at its best
_COARSE_CELLS = 150.0  # in fewer, one cell may be all in which a look-alike differs
_MIN_SHARE_OF_COARSE, _MIN_RIGHT_OF_COARSE = 0.99, 0.8
_VERY_LONG = 40.0  # sum of what the frames could tell; so many leave little to noise
_MIN_RIGHT = 0.5  # share of the picture that must be seen right; people may hide the rest
_MIN_RIGHT_OF_BLURRED = 0.65  # of what was seen of a picture that was never seen clearly
_MAX_MISREAD, _MOST_CELLS = 0.01, 400.0  # the fewer cells are seen, the less of them may be wrong
_NEVER_RIGHT = 5  # of 16 x 16 parts, side by side
_MIN_SHOWN = 0.6  # of what a look-alike showed wrong
_APART = 0.05  # two sightings that overlap less are two places


CORNER_ERROR = "corner_error_share"
"""Extra column: largest expected error of a corner as a share of the placement's width."""

HIDDEN = "hidden"
"""Extra column: which parts of the picture somebody stands in front of, as `appearance.pack` writes it."""

BESIDE = "beside"
"""Extra column: the placement on the same wall it was placed by; empty where it was seen by itself."""

_NOTHING_HIDDEN = np.zeros(HIDDEN_GRID**2 // 8, dtype=np.uint8)


def empty_table() -> pd.DataFrame:
    """Return a mapping table without rows."""
    numbers = pd.Series([], dtype="float64")
    return MAPPING.empty().assign(
        corner_error_share=numbers,
        evidence=numbers,
        hidden=pd.Series([], dtype="str"),
        beside=pd.Series([], dtype="str"),
        **{FACET: pd.Series([], dtype="int64")},
    )


_ROWS_A_PIECE = 4096
_ROW = np.dtype(
    [
        ("frame", "i8"),
        ("t_ns", "i8"),
        ("artwork", "i4"),
        ("track", "i4"),
        ("state", "i1"),
        ("crowded", "?"),
        ("h", "f8", (9,)),
        ("inliers", "i4"),
        ("confidence", "f8"),
        ("visible_share", "f8"),
        ("width_px", "f8"),
        ("error_px", "f8"),
        ("corner_error_share", "f8"),
        ("beside", "i4"),
        ("hidden", "u1", (HIDDEN_GRID**2 // 8,)),
    ]
)
_CODE = {state: number for number, state in enumerate(MAPPING_STATES)}
_MEASURED = ("confidence", "visible_share", "width_px", "error_px", CORNER_ERROR)


@dataclass(frozen=True, slots=True, eq=False)
class _Verdicts:
    """What all tracks together tell of each.

    Attributes
    ----------
    tracks : list of Track
        The tracks, by number.
    states : ndarray of int64, shape (n,)
        Which state their rows must take, -1 for none.
    evidence : ndarray of float64, shape (n,)
        Share of the picture that looked right.
    copies : ndarray of int64, shape (n + 1,)
        Number of the print; 0 at the end, for rows of no track.
    sure : mapping of int to set of int
        Tracks in which the picture is sure in some frames only, and these frames.
    doubtful : set of (int, int)
        Artworks and frames in which another picture was on.
    """

    tracks: list[Track]
    states: NDArray[np.int64]
    evidence: Floats
    copies: NDArray[np.int64]
    sure: Mapping[int, set[int]]
    doubtful: set[tuple[int, int]]


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
    min_coverage : float
        Smallest share of the picture that was seen large enough to tell it from a look-alike.
    """

    def __init__(
        self,
        artworks: Sequence[Artwork],
        to_undistorted: Floats,
        *,
        max_jump_share: float,
        min_evidence: float,
        min_coverage: float,
    ) -> None:
        self._artworks, self._to_undistorted, self._max_jump = artworks, to_undistorted, max_jump_share
        self._min_evidence, self._min_coverage = min_evidence, min_coverage
        self._from_reference = [np.linalg.inv(artwork.to_reference) for artwork in artworks]
        self._placements = sorted({artwork.reference.placement_id for artwork in artworks})
        self._spells = Spells(artworks)
        self._recent: list[Slot] = []
        self._pieces: list[NDArray[np.void]] = []
        self._filled = 0
        self._tracks: dict[Track, int] = {}
        self._frames: dict[Track, list[int]] = {}  # of faces that change
        self.frames = 0
        self.states: dict[str, int] = {}

    def take(self, slot: Slot) -> None:
        """Take the next frame."""
        self.frames += 1
        self._recent.append(slot)
        if len(self._recent) == 2:
            self._write(None, self._recent[0], self._recent[1])
        elif len(self._recent) == 3:
            self._write(*self._recent)
            del self._recent[0]

    def finish(self, numbers: Mapping[Track, int]) -> pd.DataFrame:
        """Return the table (contract `MAPPING`) of all frames taken, with the numbers of prints by track."""
        if self._recent:
            self._write(self._recent[-2] if len(self._recent) > 1 else None, self._recent[-1], None)
        if not self._filled:
            return empty_table()
        verdicts = self._judged(list(self._tracks), numbers)
        table = pd.concat(
            [self._named(rows, verdicts) for rows in self._in_order(verdicts)], ignore_index=True
        )
        changing = {a.reference.placement_id for a in self._artworks if is_blank(a)}
        table = settled(with_sure_pictures(table, changing))
        self.states = dict(sorted(Counter(table["state"].astype(str).tolist()).items()))
        extra = [CORNER_ERROR, "evidence", HIDDEN, BESIDE, FACET]
        return MAPPING.check(table[[*MAPPING.names, *extra]])

    def _in_order(self, verdicts: _Verdicts) -> Iterator[NDArray[np.void]]:
        """Give all rows away, in order of frames, placements and copies, some whole frames at a time.

        Named rows take four times the room while they are made: an hour of them at once would be too many.
        """
        placements = np.array([self._placements.index(a.reference.placement_id) for a in self._artworks])
        pieces = deque([*self._pieces[:-1], self._pieces[-1][: self._filled]])
        self._pieces, self._filled = [], 0
        rows = pieces.popleft()
        while len(rows):
            more = pieces.popleft() if pieces else rows[:0]
            whole = int(np.searchsorted(rows["frame"], rows["frame"][-1])) if len(more) else len(rows)
            some = rows[:whole]
            rows = np.concatenate([rows[whole:], more])
            if whole:
                keys = verdicts.copies[some["track"]], placements[some["artwork"]], some["frame"]
                yield some[np.lexsort(keys)]

    def _named(self, rows: NDArray[np.void], verdicts: _Verdicts) -> pd.DataFrame:
        state = rows["state"].copy()
        seen = np.flatnonzero(rows["track"] >= 0)
        verdict = verdicts.states[rows["track"][seen]]
        state[seen] = np.where(verdict >= 0, verdict, state[seen])
        references = [artwork.reference for artwork in self._artworks]
        placement = np.array([r.placement_id for r in references], dtype=object)[rows["artwork"]]
        facet = np.array([r.facet for r in references], dtype=np.int64)[rows["artwork"]]
        state[self._crowded(rows, state)] = _CODE["ambiguous"]
        # a refused row says which picture was refused
        nameless = self._nameless(rows, verdicts) & (state == _CODE["mapped"])
        homographies = np.where((state == _CODE["mapped"])[:, None], rows["h"], np.nan)
        # where another picture may be on, what looks wrong says nothing about passers-by
        some = np.flatnonzero(~nameless & rows["hidden"].any(axis=1))
        hidden = np.full(len(rows), _NOTHING_HIDDEN.tobytes().hex(), dtype=object)
        hidden[some] = [part.tobytes().hex() for part in rows["hidden"][some]]
        columns: dict[str, Any] = {
            "frame": rows["frame"],
            "t_ns": rows["t_ns"],
            "placement_id": pd.Series(placement, dtype="str"),
            "creative_id": pd.Series(
                np.where(
                    nameless,
                    "",
                    np.array([r.creative_id for r in references], dtype=object)[rows["artwork"]],
                ),
                dtype="str",
            ),
            "state": categorical(np.array(MAPPING_STATES)[state], MAPPING_STATES),
            **{name: homographies[:, number] for number, name in enumerate(_H)},
            "inliers": rows["inliers"].astype(np.int64),
            **{name: rows[name] for name in _MEASURED},
            "evidence": np.append(verdicts.evidence, np.nan)[rows["track"]],
            HIDDEN: pd.Series(hidden, dtype="str"),
            BESIDE: pd.Series(np.array([*self._placements, ""], dtype=object)[rows["beside"]], dtype="str"),
            FACET: facet,
            "copy": verdicts.copies[rows["track"]],
        }
        return pd.DataFrame(columns)

    def _judged(self, tracks: list[Track], numbers: Mapping[Track, int]) -> _Verdicts:
        """Judge all tracks.

        A variant of the same campaign that is seen from afar, blurred, or in part, cannot be told from the
        picture itself. So a track that was never seen well counts only where another track proves that the
        picture hangs there, and no look-alike of it has been met. Where one has been met, a track that was
        seen well counts only if it shows right what the look-alike showed wrong. In few cells all of
        it must be right, and where a look-alike was met, they are too few.

        A facet may bulge or be seen at a slant where others of its picture are seen well: one that is proven
        speaks for those that look almost right.

        A track of a face that changes is right all along where it shows the picture for sure for a while.
        """
        roots = list(dict.fromkeys(track.root() for track in tracks))
        share = {root: root.evidence.share for root in roots}
        refuted = {root for root in roots if share[root] < self._min_evidence or root.evidence.other_mark}
        well_seen = {
            root
            for root in roots
            if root.evidence.coverage >= self._min_coverage and root.evidence.clarity >= _MIN_CLARITY
        }
        differs: dict[int, NDArray[np.bool_]] = {}
        for root in well_seen & refuted:
            if root.evidence.clarity < _MIN_CLARITY_TO_DOUBT:
                continue
            differs[root.artwork] = root.evidence.suspect | differs.get(root.artwork, False)
        strong = {root for root in well_seen if root.evidence.right_coverage >= _MIN_RIGHT}
        strong -= {
            root for root in strong - refuted if self._too_coarse(root.evidence, root.artwork in differs)
        }
        certain = {
            root
            for root in strong - refuted
            if self._read(root) and self._shown(root.evidence, differs.get(root.artwork))
        }
        proven = {root.artwork for root in certain} - differs.keys()
        wraps = {self._wrap(number) for number in proven} - {None}
        verdicts = []
        for track in tracks:
            root = track.root()
            if self._wrap(root.artwork) in wraps and root.evidence.share_of_shades >= _MIN_SHARE_OF_BENT:
                verdicts.append(-1)
            elif root in refuted if root in strong else self._unlikely(root, share[root]):
                verdicts.append(_CODE["wrong_appearance"])
            elif root in certain or (root not in strong and root.artwork in proven):
                verdicts.append(-1)
            else:
                verdicts.append(_CODE["ambiguous"])
        sure = {}
        found_in = {root: self._sure_frames(root, tracks, differs) for root in roots}
        for number, track in enumerate(tracks):
            found = set() if verdicts[number] == -1 else found_in[track.root()]
            if found:
                sure[number] = found
                verdicts[number] = -1
        accepted = {track.root() for track, code in zip(tracks, verdicts, strict=True) if code == -1}
        for number, track in enumerate(tracks):
            if is_blank(self._artworks[track.artwork]):
                verdicts[number] = -1 if rests_well(track, accepted) else _CODE["ambiguous"]
        copies = [numbers.get(track.root(), track.root().copy) for track in tracks]
        return _Verdicts(
            tracks,
            np.array(verdicts, dtype=np.int64),
            np.array([share[track.root()] for track in tracks]),
            np.array([*copies, 0], dtype=np.int64),
            sure,
            self._spells.doubtful(),
        )

    def _sure_frames(
        self, root: Track, tracks: list[Track], differs: Mapping[int, NDArray[np.bool_]]
    ) -> set[int]:
        """Return the frames of joined tracks on a face that changes in which its picture is sure."""
        frames = {f for track in tracks if track.root() is root for f in self._frames.get(track, ())}
        other = differs.get(root.artwork)

        def seems_right(spell: Evidence) -> bool:
            return spell.share >= MIN_SHARE_OF_SPELL and self._shown(spell, other)

        def is_certain(run: Evidence) -> bool:
            seen = run.coverage >= self._min_coverage and run.clarity >= _MIN_CLARITY
            right = run.right_coverage >= _MIN_RIGHT and run.share >= self._min_evidence
            plain = not run.other_mark and not self._too_coarse(run, other is not None)
            return seen and right and plain and self._shown(run, other)

        return sure_frames(self._spells.of(root.artwork), frames, seems_right, is_certain)

    def _read(self, root: Track) -> bool:
        """Say whether hardly any lettering was wrong most of the time; where faces change, some may be.

        On simulated walks up to 0.85 of what is allowed was wrong of the right pictures; of variants of a
        campaign of which nothing else was suspect, 1.1 times as much or more. Of the right pictures no more
        than 2 parts side by side were never right, of variants 5 to 10.
        """
        if self._artworks[root.artwork].reference.changes:
            return True
        allowed = _MAX_MISREAD * min(1.0, root.evidence.cells / _MOST_CELLS)
        return 1.0 - root.evidence.share_read <= allowed and root.evidence.never_right < _NEVER_RIGHT

    @staticmethod
    def _shown(evidence: Evidence, other: NDArray[np.bool_] | None) -> bool:
        """Say whether what a look-alike shows wrong was seen to be right."""
        return other is None or evidence.shows(other) >= _MIN_SHOWN

    @staticmethod
    def _too_coarse(evidence: Evidence, met: bool) -> bool:
        """Say whether so few cells were seen that other lettering may hide in them.

        On simulated walks variants that were seen in 20 x 20 cells reached a share of 0.961, in fewer 0.974,
        and in 60 cells 1: where one was met, nothing seen so small counts.
        """
        if evidence.cells >= _COARSE_CELLS:
            return False
        enough = evidence.right_coverage >= _MIN_RIGHT_OF_COARSE or evidence.amount >= _VERY_LONG
        return met or evidence.share < _MIN_SHARE_OF_COARSE or not enough

    @staticmethod
    def _unlikely(root: Track, share: float) -> bool:
        """Say whether a track that was not seen well looks like another picture all the same.

        Of a picture that was never seen clearly much must look right, whoever may hide the rest: on simulated
        walks at least 0.83 of the right one did, and 0.49 of another page of the same make.
        """
        evidence = root.evidence
        little = evidence.right_coverage < _MIN_RIGHT_OF_BLURRED * evidence.coverage
        odd = little and evidence.clarity < _MIN_CLARITY
        return share < _MIN_SHARE_OF_WEAK or odd or evidence.other_mark

    def _nameless(self, rows: NDArray[np.void], verdicts: _Verdicts) -> NDArray[np.bool_]:
        """Say which rows of faces that change do not show for sure which picture was on."""
        changes = np.array([self._artworks[t.artwork].reference.changes for t in verdicts.tracks], dtype=bool)
        unsure = np.append(changes & (verdicts.evidence < MIN_SHARE_OF_CHANGING), False)
        other, sure = verdicts.doubtful, verdicts.sure
        unsure[list(sure)] = False
        keys = zip(rows["track"].tolist(), rows["artwork"].tolist(), rows["frame"].tolist(), strict=True)
        found: NDArray[np.bool_] = unsure[rows["track"]] | np.array(
            [
                (artwork, frame) in other or (track in sure and frame not in sure[track])
                for track, artwork, frame in keys
            ],
            dtype=bool,
        )
        return found

    def _wrap(self, number: int) -> tuple[str, str] | None:
        """Name the picture that an artwork is a facet of; None where it is all of it."""
        reference = self._artworks[number].reference
        return None if reference.cut is None else (reference.placement_id, reference.creative_id)

    def _crowded(self, rows: NDArray[np.void], state: NDArray[np.int8]) -> NDArray[np.int64]:
        """Rows of a placement that is seen more often in a frame than it hangs."""
        candidates = np.flatnonzero(rows["crowded"] & (state != _CODE["wrong_appearance"]))
        together: dict[tuple[int, tuple[str, int]], list[int]] = {}
        for row in candidates.tolist():
            face = self._artworks[rows["artwork"][row]].reference.face
            together.setdefault((int(rows["frame"][row]), face), []).append(row)
        return np.array(
            [
                row
                for group in together.values()
                for row in group
                if len(group) > self._artworks[rows["artwork"][group[0]]].reference.copies
            ],
            dtype=np.int64,
        )

    def _write(self, before: Slot | None, slot: Slot, after: Slot | None) -> None:
        crowded = self._crowds(slot.sightings)
        located = set()
        for sighting in slot.sightings:
            self._spells.add(sighting.track.artwork, slot.frame, sighting.look)
            if self._artworks[sighting.track.artwork].reference.changes:
                self._frames.setdefault(sighting.track, []).append(slot.frame)
        for sighting in slot.sightings + slot.unknown:
            located.add(self._artworks[sighting.track.artwork].reference.placement_id)
            state = "bad_geometry" if self._jumps(before, sighting, after) else "mapped"
            self._put(self._row(slot, sighting, _CODE[state], sighting in crowded))
        for refusal in slot.refused:
            placement = self._artworks[refusal.artwork].reference.placement_id
            if placement not in located:
                located.add(placement)
                unknown = np.nan
                numbers = (refusal.matches, unknown, unknown, unknown, unknown, unknown)
                where = (slot.frame, slot.t_ns, refusal.artwork, -1, _CODE[refusal.state], False)
                self._put((*where, np.full(9, np.nan), *numbers, -1, _NOTHING_HIDDEN))

    def _put(self, row: tuple[Any, ...]) -> None:
        if not self._pieces or self._filled == _ROWS_A_PIECE:
            self._pieces.append(np.zeros(_ROWS_A_PIECE, dtype=_ROW))
            self._filled = 0
        self._pieces[-1][self._filled] = row
        self._filled += 1

    def _crowds(self, sightings: list[Sighting]) -> set[Sighting]:
        """Sightings of a placement that may be seen more often than it hangs."""
        result: set[Sighting] = set()
        by_face: dict[tuple[str, int], list[Sighting]] = {}
        for sighting in sightings:
            by_face.setdefault(self._artworks[sighting.track.artwork].reference.face, []).append(sighting)
        for together in by_face.values():
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

    def _row(self, slot: Slot, sighting: Sighting, state: int, crowded: bool) -> tuple[Any, ...]:
        number = sighting.track.artwork
        artwork = self._artworks[number]
        homography = self._to_undistorted @ sighting.homography @ self._from_reference[number]
        homography = homography / homography[2, 2]
        sides = side_lengths(apply_homography(homography, artwork.outline_px))
        scale = float(np.sqrt(abs(np.linalg.det(artwork.to_reference[:2, :2]))))
        hidden = hidden_parts(sighting.look, HIDDEN_GRID)
        return (
            slot.frame,
            slot.t_ns,
            number,
            self._tracks.setdefault(sighting.track, len(self._tracks)),
            state,
            crowded,
            homography.ravel(),
            sighting.inliers,
            sighting.look.confidence,
            sighting.look.visible_share_but(hidden),
            float(sides[0] + sides[2]) / 2,
            sighting.error_px * scale,
            sighting.corner_error_share * artwork.width_share,
            self._placements.index(sighting.beside) if sighting.beside else -1,
            np.packbits(hidden),
        )
