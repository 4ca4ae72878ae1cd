"""What a fixation weighs in a heatmap."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError

Weighting = Literal["dwell", "count", "participant"]
WEIGHTINGS: tuple[str, ...] = get_args(Weighting)

WEIGHTING_WORDS = {
    "dwell": "fixation duration",
    "count": "number of fixations",
    "participant": "share of each participant's dwell, every participant counts the same",
}
"""Each weighting in words, for captions."""

QUANTITY = {"dwell": "s of fixation", "count": "fixations", "participant": "% of dwell"}
"""What the density counts, for the colour bar."""


def fixation_weights(fixations: pd.DataFrame, weighting: str) -> NDArray[np.float64]:
    """Return the weight of each fixation.

    Parameters
    ----------
    fixations : DataFrame
        `duration_ms`, and `participant_id` for "participant".
    weighting : {"dwell", "count", "participant"}
        "dwell": its duration in s. "count": 1. "participant": its share of the participant's dwell on the
        placement, in percent, divided by the number of participants with fixations: long lookers weigh no
        more than others, and all weights sum to 100.

    Returns
    -------
    ndarray of float64, shape (n,)
        Weights.

    Raises
    ------
    ParameterError
        If the weighting is unknown.

    Examples
    --------
    >>> table = pd.DataFrame({"participant_id": ["P1", "P1", "P2"], "duration_ms": [100.0, 300.0, 50.0]})
    >>> fixation_weights(table, "participant").tolist()
    [12.5, 37.5, 50.0]
    """
    if weighting not in WEIGHTINGS:
        raise ParameterError("weighting", weighting, "one of " + ", ".join(WEIGHTINGS))
    if weighting == "count":
        return np.ones(len(fixations))
    duration_s = fixations["duration_ms"].to_numpy(np.float64) / 1000.0
    if weighting == "dwell":
        return duration_s
    person = pd.factorize(fixations["participant_id"])[0]
    total = np.bincount(person, weights=duration_s)
    people = max(int(np.count_nonzero(total > 0)), 1)
    whole = np.where(total > 0, total, 1.0)[person]
    share: NDArray[np.float64] = 100.0 * duration_s / whole / people
    return share
