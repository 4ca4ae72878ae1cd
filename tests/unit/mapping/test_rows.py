"""What the tracks of a picture are worth together."""

import numpy as np
import pytest

from gazestudy.mapping.detection import Refused
from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.rows import RowWriter
from gazestudy.mapping.sightings import Slot, Track
from gazestudy.mapping.view import View
from gazestudy.model.tables import MAPPING_STATES


def track(
    share: float,
    clarity: float,
    coverage: float = 1.0,
    *,
    right: float = 1.0,
    shown: float = 0.0,
    mark: bool = False,
    read: float = 1.0,
    cells: float = 200.0,
    amount: float = 20.0,
    never: int = 0,
) -> Track:
    class Known(Evidence):
        share = coverage = right_coverage = cells = share_read = 0.0
        never_right = 0
        other_mark = False

        def shows(self, part: np.ndarray) -> float:
            return shown

    known = Known()
    Known.share, Known.coverage, Known.right_coverage, Known.other_mark = share, coverage, right, mark
    Known.cells, Known.share_read, Known.never_right = cells, read, never
    known.clarity, known.amount = clarity, amount
    return Track(0, evidence=known)


def known(*numbers: float, **others: float) -> tuple[tuple[float, ...], dict[str, float]]:
    return numbers, others


CLEAR, DOUBTED, LOOK_ALIKE = known(1.0, 0.7), known(0.985, 0.7), known(0.93, 0.7)
SHOWN = known(0.985, 0.7, shown=0.8)  # right where a look-alike is wrong
OTHER_LOGO = known(1.0, 0.7, mark=True)
HARDLY_READ, COARSE_AND_HARDLY_READ = known(1.0, 0.7, read=0.97), known(1.0, 0.7, read=0.99, cells=50.0)
OTHER_LINE = known(1.0, 0.7, never=6)
BLURRED, BLURRED_AND_ODD, IN_PART = known(1.0, 0.2), known(0.92, 0.2), known(1.0, 0.7, 0.3)
COARSE, COARSE_AND_ODD = known(1.0, 0.7, right=0.9, cells=50.0), known(0.985, 0.7, right=0.9, cells=50.0)
COARSE_IN_PART = known(1.0, 0.7, right=0.7, cells=50.0)
COARSE_FOR_LONG = known(1.0, 0.7, right=0.6, cells=50.0, amount=60.0)
COARSE_AND_SHOWN = known(1.0, 0.7, right=0.9, shown=0.9, cells=50.0)
FINE = known(0.96, 0.7, cells=400.0)
HALF_HIDDEN, HALF_HIDDEN_AND_BLURRED = known(1.0, 0.7, right=0.4), known(1.0, 0.2, right=0.5)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([CLEAR], ["mapped"]),
        ([DOUBTED], ["mapped"]),
        ([LOOK_ALIKE], ["wrong_appearance"]),
        ([OTHER_LOGO, CLEAR], ["wrong_appearance", "ambiguous"]),
        ([HARDLY_READ], ["ambiguous"]),  # other lettering that is right now and then
        ([HARDLY_READ, CLEAR], ["ambiguous", "mapped"]),
        ([OTHER_LINE, CLEAR], ["ambiguous", "mapped"]),
        ([COARSE], ["mapped"]),
        ([COARSE_AND_HARDLY_READ], ["ambiguous"]),
        ([COARSE_AND_ODD], ["ambiguous"]),  # the one cell that is wrong may be other lettering
        ([COARSE_AND_ODD, CLEAR], ["mapped", "mapped"]),
        ([COARSE_IN_PART], ["ambiguous"]),
        ([COARSE_FOR_LONG], ["mapped"]),  # noise does not stay
        ([COARSE_AND_SHOWN, LOOK_ALIKE], ["ambiguous", "wrong_appearance"]),  # it may hang there, too
        ([FINE], ["wrong_appearance"]),
        ([BLURRED], ["ambiguous"]),  # a look-alike would look the same
        ([IN_PART], ["ambiguous"]),
        ([HALF_HIDDEN], ["ambiguous"]),
        ([HALF_HIDDEN, CLEAR], ["mapped", "mapped"]),
        ([HALF_HIDDEN_AND_BLURRED, CLEAR], ["wrong_appearance", "mapped"]),
        ([BLURRED_AND_ODD, CLEAR], ["wrong_appearance", "mapped"]),
        ([BLURRED, IN_PART, DOUBTED], ["mapped", "mapped", "mapped"]),
        ([BLURRED, LOOK_ALIKE], ["ambiguous", "wrong_appearance"]),
        ([CLEAR, LOOK_ALIKE], ["ambiguous", "wrong_appearance"]),
        ([BLURRED, CLEAR, SHOWN, LOOK_ALIKE], ["ambiguous", "ambiguous", "mapped", "wrong_appearance"]),
    ],
)
def test_a_track_counts_by_its_own_evidence_and_that_of_the_others(tracks, expected):
    picture = np.random.default_rng(1).integers(0, 255, (60, 60), dtype=np.uint8)
    writer = RowWriter(
        prepare([Reference("a", "a-1", picture)]),
        np.eye(3),
        max_jump_share=0.1,
        min_evidence=0.975,
        min_coverage=0.6,
    )
    verdicts = writer._judged([track(*numbers, **others) for numbers, others in tracks], {})
    assert ["mapped" if state < 0 else MAPPING_STATES[state] for state in verdicts.states] == expected


def test_a_long_recording_keeps_all_rows_in_order():
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 255, (60, 60), dtype=np.uint8) for _ in range(3)]
    artworks = prepare(
        [Reference(name, f"{name}-1", image) for name, image in zip("cab", pictures, strict=True)]
    )
    writer = RowWriter(artworks, np.eye(3), max_jump_share=0.1, min_evidence=0.975, min_coverage=0.6)
    view = View.plain(np.zeros((20, 20), dtype=np.uint8))
    frames = 5000
    for frame in range(frames):
        refused = [Refused(0, "lost", 0), Refused(1, "too_small", 4), Refused(2, "lost", 0)][: frame % 4]
        writer.take(Slot(frame, 40 * frame, view, refused=refused))
    table = writer.finish({})
    wanted = [(frame, name) for frame in range(frames) for name in sorted("cab"[: frame % 4])]
    assert list(zip(table["frame"], table["placement_id"], strict=True)) == wanted
    assert (table["t_ns"] == 40 * table["frame"]).all()
    assert set(table.loc[table["placement_id"] == "a", "state"].astype(str)) == {"too_small"}
    assert set(table.loc[table["placement_id"] != "a", "state"].astype(str)) == {"lost"}
