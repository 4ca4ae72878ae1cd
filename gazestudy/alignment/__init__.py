"""Where a time of one clock lies on another, and how well that is known.

One file per kind of evidence: events that both clocks saw, trains of pulses, wall clocks that were set, or
what a person says. What comes out is a `ClockAlignment`; no time of any table is changed by it.
"""

from gazestudy.alignment.by_hand import align_by_hand
from gazestudy.alignment.events import align_by_events
from gazestudy.alignment.pulses import align_by_pulses
from gazestudy.alignment.wall_clock import SECOND_PER_DAY_PPM, align_by_wall_clock

__all__ = ["SECOND_PER_DAY_PPM", "align_by_events", "align_by_hand", "align_by_pulses", "align_by_wall_clock"]
