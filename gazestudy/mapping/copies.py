"""Which print is which, where the same picture hangs more than once.

The picture itself cannot tell. What can: prints seen at the same time are different ones, and where a print
hangs beside its neighbours says which of them it is. What neither tells is left open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.mapping.references import Artwork
from gazestudy.mapping.sightings import Sighting, Slot, Track
from gazestudy.model.facets import WHOLE

Floats = NDArray[np.float64]

UNKNOWN = -1
"""Number of a print where it is not known which of several it is."""

_SAME, _OTHER = (
    0.5,
    0.8,
)  # distance in widths up to which, and from which, it is the same print, another print
_LEAST_FRAMES = 3
_KEPT = 300
_SPREAD = 0.35  # widths; places less certain say nothing


@dataclass(slots=True, eq=False)
class _Print:
    """A track of a picture that hangs several times, and where it was seen from its neighbours."""

    track: Track
    first_frame: int
    places: dict[object, list[Floats]] = field(default_factory=dict)
    seen_with: set[Track] = field(default_factory=set)


class Copies:
    """Collects where prints hang, and numbers them.

    Parameters
    ----------
    artworks : sequence of Artwork
        The artworks.
    """

    def __init__(self, artworks: Sequence[Artwork]) -> None:
        self._artworks = artworks
        self._prints: dict[Track, _Print] = {}
        self._facets: set[Track] = set()

    def take(self, slot: Slot) -> None:
        """Take the next frame."""
        several = [s for s in slot.sightings if self._artworks[s.track.artwork].reference.copies > 1]
        # which facets belong to one print is not known
        self._facets |= {s.track for s in several if self._facet(s) != WHOLE}
        several = [s for s in several if self._facet(s) == WHOLE]
        for one in several:
            self._prints.setdefault(one.track, _Print(one.track, slot.frame))
        for one, other in permutations(several, 2):
            if self._placement(one) == self._placement(other):
                self._prints[one.track].seen_with.add(other.track)
        for one in several:
            for neighbour in slot.sightings:
                place = None if neighbour is one else self._place(one, neighbour)
                if place is not None:
                    kept = self._prints[one.track].places.setdefault(self._name(neighbour), [])
                    kept.append(place)
                    del kept[:-_KEPT]

    def numbers(self) -> dict[Track, int]:
        """Return the number of the print of each track, by order of appearance, or `UNKNOWN`."""
        by_placement: dict[str, dict[Track, _Print]] = {}
        for found in self._prints.values():
            root = found.track.root()
            placement = self._artworks[root.artwork].reference.placement_id
            group = by_placement.setdefault(placement, {})
            group[root] = _joined(group.get(root), found, root)
        result = {track.root(): UNKNOWN for track in self._facets}
        for group in by_placement.values():
            copies = max(self._artworks[root.artwork].reference.copies for root in group)
            result |= _numbered(sorted(group.values(), key=lambda p: p.first_frame), copies)
        return result

    def _placement(self, sighting: Sighting) -> str:
        return self._artworks[sighting.track.artwork].reference.placement_id

    def _facet(self, sighting: Sighting) -> int:
        return self._artworks[sighting.track.artwork].reference.facet

    def _name(self, neighbour: Sighting) -> object:
        """Name a neighbour: one that hangs once is always itself, one of several only along its track."""
        reference = self._artworks[neighbour.track.artwork].reference
        return reference.face if reference.copies == 1 else neighbour.track

    def _place(self, one: Sighting, neighbour: Sighting) -> Floats | None:
        """Return where a print hangs from a neighbour, in the neighbour's axes, in widths of the print."""
        if one.pose is None or neighbour.pose is None:
            return None
        same = self._placement(one) == self._placement(neighbour)
        mine = self._artworks[one.track.artwork].reference.size_mm
        its = self._artworks[neighbour.track.artwork].reference.size_mm
        if not same and (mine is None or its is None):
            return None
        scale = 1.0 if same or mine is None or its is None else its[0] / mine[0]
        turn = cv2.Rodrigues(neighbour.pose.fit.turn)[0]
        here = _centre(self._artworks[one.track.artwork], one)
        there = scale * _centre(self._artworks[neighbour.track.artwork], neighbour)
        return np.asarray(turn.T @ (here - there), dtype=np.float64)


def _centre(artwork: Artwork, sighting: Sighting) -> Floats:
    """Return the centre of a placement in camera axes, in its widths."""
    assert sighting.pose is not None
    width, height = artwork.reference.size_mm or artwork.shown_px
    on_plane = np.array([0.5, 0.5 * height / width, 0.0])
    turn = cv2.Rodrigues(sighting.pose.fit.turn)[0]
    return np.asarray(turn @ on_plane + sighting.pose.fit.shift.ravel(), dtype=np.float64)


def _joined(before: _Print | None, found: _Print, root: Track) -> _Print:
    if before is None:
        before = _Print(root, found.first_frame)
    before.first_frame = min(before.first_frame, found.first_frame)
    before.seen_with |= {track.root() for track in found.seen_with}
    for name, places in found.places.items():
        key = name.root() if isinstance(name, Track) else name
        before.places.setdefault(key, []).extend(places)
    return before


def _numbered(prints: Sequence[_Print], copies: int) -> dict[Track, int]:
    """Group the tracks of one placement: each goes where it is known to belong, the others stay open."""
    groups: list[list[_Print]] = []
    left = list(prints)
    while left:
        for one in left:
            number = _belongs(one, groups, copies)
            if number is not None:
                break
        else:
            break
        left.remove(one)
        if number == len(groups):
            groups.append([])
        groups[number].append(one)
    order = sorted(range(len(groups)), key=lambda n: min(p.first_frame for p in groups[n]))
    result = {p.track: number for number, n in enumerate(order) for p in groups[n]}
    return result | {p.track: UNKNOWN for p in left}


def _belongs(one: _Print, groups: Sequence[Sequence[_Print]], copies: int) -> int | None:
    """Return the group of a track, the number of groups for a new one, None where it is not known."""
    if not groups:
        return 0
    verdicts = [_verdict(one, group) for group in groups]
    if verdicts.count(True) == 1 and verdicts.count(None) + verdicts.count(False) == len(groups) - 1:
        return verdicts.index(True)
    if all(verdict is False for verdict in verdicts):
        return len(groups) if len(groups) < copies else None
    if len(groups) == copies and verdicts.count(None) == 1 and verdicts.count(False) == len(groups) - 1:
        return verdicts.index(None)
    return None


def _verdict(one: _Print, group: Sequence[_Print]) -> bool | None:
    """Say whether a track is the same print as those of a group; None where that is not known."""
    said = {_compared(one, other) for other in group} - {None}
    return said.pop() if len(said) == 1 else None


def _compared(one: _Print, other: _Print) -> bool | None:
    if other.track in one.seen_with or one.track in other.seen_with:
        return False
    distances = []
    for name in one.places.keys() & other.places.keys():
        here, there = _place(one.places[name]), _place(other.places[name])
        if here is not None and there is not None:
            distances.append(float(np.linalg.norm(here - there)))
    if not distances:
        return None
    distance = min(distances)
    return True if distance < _SAME else False if distance > _OTHER else None


def _place(places: Sequence[Floats]) -> Floats | None:
    """Return the median place, None where it is too uncertain."""
    if len(places) < _LEAST_FRAMES:
        return None
    all_of_them = np.array(places)
    middle: Floats = np.median(all_of_them, axis=0)
    away = float(np.median(np.linalg.norm(all_of_them - middle, axis=1)))
    return middle if away < _SPREAD else None
