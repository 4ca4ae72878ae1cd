"""Parts of a track in which a picture on a face that changes is sure.

What is followed is one and the same face, whatever comes on while it is followed. So a picture that is sure
for a while says where the face is all along the track; which picture was on at other times is another
question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gazestudy.mapping.evidence import Evidence

_LEAST_SPELLS = 3
_UNNOTICED = 4  # frames of another picture that do not show in a spell


def sure_frames(
    spells: Sequence[tuple[list[int], Evidence]],
    frames: Collection[int],
    seems_right: Callable[[Evidence], bool],
    is_certain: Callable[[Evidence], bool],
) -> set[int]:
    """Return the frames of a track in which a picture is sure.

    Parameters
    ----------
    spells : sequence of (list of int, Evidence)
        Frames of each short spell in which the picture was followed, in order, and what was seen in them.
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
    for numbers, seen in [*spells, ([], Evidence())]:
        if numbers and mine.issuperset(numbers) and seems_right(seen):
            run += numbers
            evidence.merge(seen)
            length += 1
            continue
        if length >= _LEAST_SPELLS and is_certain(evidence):
            sure |= set(run[_UNNOTICED:-_UNNOTICED])
        run, evidence, length = [], Evidence(), 0
    return sure
