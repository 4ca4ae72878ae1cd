"""What attention and interview say together: tables of the join of gaze and memory.

An answer is a number: 1 yes, 0 no, a scale as given, and NaN where the question was not asked of this person
about this placement. "Not asked" and "no" are never the same.
"""

from __future__ import annotations

from gazestudy.model.tables import Column, TableContract

ANSWER_COLUMNS = (
    "recalled_unaided",
    "recalled_aided",
    "recognised",
    "confidence",
    "attributed",
    "comprehension",
    "clarity",
    "interest",
    "liking",
    "intent",
    "familiarity",
    "prior_exposure",
    "passages_per_month",
)
"""Columns of `MEMORY_CASES` that come from the interview; all others come from the recordings."""

_PARTICIPANT = Column("participant_id", "str", "pseudonym")

MEMORY_CASES = TableContract(
    "memory cases",
    (
        _PARTICIPANT,
        Column("placement_id", "str", "which placement"),
        Column("segment", "str", "group of the participant, may be empty"),
        Column("daypart", "str", "dayparts of the recordings, joined by + where there are several"),
        Column("exposure_count", "int", "times in view, all recordings of the person"),
        Column("exposed_s", "float", "time in view"),
        Column("max_angle_deg", "float", "largest visual angle of its width, NaN without a camera"),
        Column("visible_share", "float", "mean visible share while in view, 0 to 1"),
        Column("blocked_s", "float", "time in view times the share that was hidden or outside the picture"),
        Column("fixated", "bool", "at least one fixation on it that is long enough to count"),
        Column("fixation_count", "int", "fixations on it"),
        Column("visit_count", "int", "visits to it"),
        Column("dwell_s", "float", "summed duration of the fixations on it, 0 where never fixated"),
        Column("ttff_s", "float", "time in view before the first fixation, NaN where censored"),
        Column("censored_at_s", "float", "time in view without a fixation, NaN where fixated"),
        Column("recalled_unaided", "float", "named without a cue: 1, 0, NaN not asked"),
        Column("recalled_aided", "float", "named after category or brand: 1, 0, NaN not asked"),
        Column("recognised", "float", "said yes to the picture: 1, 0, NaN not shown"),
        Column("confidence", "float", "of the recognition: 1 guessing, 2 fairly sure, 3 sure"),
        Column("attributed", "float", "named the brand of the masked picture: 1, 0, NaN not asked"),
        Column("comprehension", "float", "main message 0 not, 1 partly, 2 understood"),
        Column("clarity", "float", "1 confusing to 5 easy"),
        Column("interest", "float", "scale as asked"),
        Column("liking", "float", "scale as asked"),
        Column("intent", "float", "1 to 5"),
        Column("familiarity", "float", "with the brand, 1 to 5"),
        Column("prior_exposure", "float", "saw the advertisement before that day: 1, 0, NaN not asked"),
        Column("passages_per_month", "float", "how often the person passes, NaN not asked"),
    ),
)
"""One row per participant and placement that entered the participant's view."""

RECOGNITION_TRIALS = TableContract(
    "recognition trials",
    (
        _PARTICIPANT,
        Column("stimulus", "str", "picture that was shown"),
        Column("placement_id", "str", "where it hung; empty for foils"),
        Column("shown", "category", "on show in the station, or never", ("target", "foil")),
        Column("said_yes", "float", "1 seen today, 0 not"),
        Column("confidence", "float", "1 guessing, 2 fairly sure, 3 sure, NaN not asked"),
    ),
)
"""One row per picture shown to a participant."""
