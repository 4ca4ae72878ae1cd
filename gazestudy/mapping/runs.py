"""Parts of a track in which a picture on a face that changes is sure.

What is followed is one and the same face, whatever comes on while it is followed. So a picture that is sure
for a while says where the face is all along the track; which picture was on at other times is another
question.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Collection, Sequence

from gazestudy.mapping.appearance import Appearance
from gazestudy.mapping.evidence import Evidence

_LEAST_SPELLS = 3
_UNNOTICED = 4  # frames of another picture that do not show in a spell


class Spell:
    """A few frames in a row in which a picture was followed, and what was seen in them."""

    __slots__ = ("_seen", "frames")

    def __init__(self) -> None:
        self.frames: list[int] = []
        self._seen: Evidence | bytes = Evidence()

    def add(self, frame: int, look: Appearance) -> None:
        """Take the look of the picture in the next frame into account."""
        evidence = self.evidence
        evidence.add(look)
        self.frames.append(frame)
        self._seen = evidence

    def pack(self) -> None:
        """Keep it in little memory, now that no frame is added any more: an hour has 10,000 spells."""
        self._seen = zlib.compress(pickle.dumps(self.evidence), 1)

    @property
    def evidence(self) -> Evidence:
        """What was seen."""
        seen = self._seen
        if isinstance(seen, Evidence):
            return seen
        unpacked: Evidence = pickle.loads(zlib.decompress(seen))
        return unpacked


def sure_frames(
    spells: Sequence[Spell],
    frames: Collection[int],
    seems_right: Callable[[Evidence], bool],
    is_certain: Callable[[Evidence], bool],
) -> set[int]:
    """Return the frames of a track in which a picture is sure.

    Parameters
    ----------
    spells : sequence of Spell
        Each short spell in which the picture was followed, in order.
    frames : collection of int
        Frames of the track.
    seems_right : callable
        Whether a spell may show the picture.
    is_certain : callable
        Whether several spells together show the picture and no other.

    Returns
    -------
    set of int
        Frames of runs of at least three spells that each seem right and together are certain, without the
        first and last four of each run: a few frames of another picture do not show in a spell.
    """
    mine = set(frames)
    sure: set[int] = set()
    run: list[int] = []
    evidence = Evidence()
    length = 0
    for spell in [*spells, Spell()]:
        seen = spell.evidence if spell.frames and mine.issuperset(spell.frames) else None
        if seen is not None and seems_right(seen):
            run += spell.frames
            evidence.merge(seen)
            length += 1
            continue
        if length >= _LEAST_SPELLS and is_certain(evidence):
            sure |= set(run[_UNNOTICED:-_UNNOTICED])
        run, evidence, length = [], Evidence(), 0
    return sure
