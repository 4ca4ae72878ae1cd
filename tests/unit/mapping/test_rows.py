"""What the tracks of a picture are worth together."""

import numpy as np
import pytest

from gazestudy.mapping.evidence import Evidence
from gazestudy.mapping.references import Reference, prepare
from gazestudy.mapping.rows import RowWriter
from gazestudy.mapping.sightings import Track
from gazestudy.model.tables import MAPPING_STATES


def track(share: float, clarity: float, coverage: float = 1.0) -> Track:
    class Known(Evidence):
        share = coverage = 0.0

    known = Known()
    Known.share, Known.coverage, known.clarity = share, coverage, clarity
    return Track(0, evidence=known)


CLEAR, DOUBTED, LOOK_ALIKE = (1.0, 0.7), (0.985, 0.7), (0.93, 0.7)
BLURRED, BLURRED_AND_ODD, IN_PART = (1.0, 0.2), (0.92, 0.2), (1.0, 0.7, 0.3)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([CLEAR], ["mapped"]),
        ([DOUBTED], ["mapped"]),
        ([LOOK_ALIKE], ["wrong_appearance"]),
        ([BLURRED], ["ambiguous"]),  # a look-alike would look the same
        ([IN_PART], ["ambiguous"]),
        ([BLURRED_AND_ODD, CLEAR], ["wrong_appearance", "mapped"]),
        ([BLURRED, IN_PART, DOUBTED], ["mapped", "mapped", "mapped"]),
        ([BLURRED, LOOK_ALIKE], ["ambiguous", "wrong_appearance"]),
        ([DOUBTED, LOOK_ALIKE], ["ambiguous", "wrong_appearance"]),
        ([BLURRED, DOUBTED, CLEAR, LOOK_ALIKE], ["ambiguous", "mapped", "mapped", "wrong_appearance"]),
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
    verdicts, _ = writer._judged([track(*one) for one in tracks])
    assert ["mapped" if state < 0 else MAPPING_STATES[state] for state in verdicts] == expected
