"""What one heatmap is to show; apart from what draws it, so that a form can be filled in without that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["overlay", "fog", "contour"]
COLORMAPS = ("viridis", "magma", "inferno", "plasma", "cividis")
"""Steps of equal lightness mean equal steps of attention."""


@dataclass(frozen=True, slots=True)
class HeatmapChoice:
    """What a heatmap shows. Empty means all.

    Attributes
    ----------
    placement_id : str
        Which placement.
    creative_id : str
        Which picture of a screen.
    segments, dayparts, participants : tuple of str
        Whose fixations, and of when.
    first_exposure, last_exposure : int
        Which times the placement was in view of a person, 1 is the first; 0: no limit.
    since_s, until_s : float
        Time since it came into view, s; 0 for `until_s`: no limit.
    weight : {"dwell", "count", "participant"}
        What a fixation weighs.
    kernel : str
        Such as "2deg", "200mm", "40px"; empty: as usual.
    style : {"overlay", "fog", "contour"}
        How it is drawn.
    opacity : float
        Of the colour at the top of the scale, 0 to 1.
    colormap : str
        One of `COLORMAPS`.
    scale_max : float
        Density at the top of the scale, for pictures that are put side by side; 0: the peak of this one.
    compare : str
        "segment=a,b" or "daypart=a,b": the difference of two groups instead.
    """

    placement_id: str
    creative_id: str = ""
    segments: tuple[str, ...] = ()
    dayparts: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    first_exposure: int = 0
    last_exposure: int = 0
    since_s: float = 0.0
    until_s: float = 0.0
    weight: str = "dwell"
    kernel: str = ""
    style: Style = "overlay"
    opacity: float = 0.85
    colormap: str = "viridis"
    scale_max: float = 0.0
    compare: str = ""

    def words(self) -> str:
        """Return the filters in words, for the caption; empty if there is none."""
        parts = [self.creative_id] if self.creative_id else []
        parts += [", ".join(names) for names in (self.segments, self.dayparts, self.participants) if names]
        if self.first_exposure or self.last_exposure:
            last = str(self.last_exposure) if self.last_exposure else "the last"
            parts.append(f"exposures {self.first_exposure or 1} to {last}")
        if self.since_s or self.until_s:
            end = f"{self.until_s:g} s" if self.until_s else "the end"
            parts.append(f"{self.since_s:g} s to {end} in view")
        return "; ".join(parts)
