"""What the helper answers about heatmaps. What was read for one heatmap is kept for the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from gazestudy.store import open_study

if TYPE_CHECKING:
    from gazestudy.pipeline.heatmap_choice import HeatmapChoice
    from gazestudy.pipeline.heatmap_views import Looks
    from gazestudy.store import Study

Pixels = tuple[bytes, int, int]
"""RGBA, width and height."""

LISTS = ("segment", "daypart", "participant_id")
_KEPT: dict[str, tuple[int, Looks]] = {}


@dataclass(frozen=True, slots=True)
class Layers:
    """A heatmap without its colours and with all of them: every opacity is a mixture of the two.

    Attributes
    ----------
    full : Pixels
        With colours at full strength.
    bare : Pixels or None
        Without; None where opacity has no meaning, as in lines and in differences.
    notes : tuple of str
        What cannot be concluded or drawn.
    values : dict of str to list of str
        What occurs in the columns of `LISTS`, for the filters.
    """

    full: Pixels
    bare: Pixels | None
    notes: tuple[str, ...]
    values: dict[str, list[str]]


def layers(study: str, state: int, *, choice: Mapping[str, Any], language: str) -> Layers:
    """Return a heatmap as it is shown; `state` differs once the study has changed."""
    from gazestudy.pipeline.heatmap_choice import HeatmapChoice

    with open_study(study, read_only=True) as opened:
        return drawn(opened, _looks(opened, state), HeatmapChoice(**choice), language)


def drawn(study: Study, looks: Looks, choice: HeatmapChoice, language: str) -> Layers:
    """Return the layers of a heatmap of some looks."""
    from gazestudy.pipeline.heatmap_views import draw_choice
    from gazestudy_gui.phrases import translate_figure

    finish = partial(translate_figure, code=language)
    whole = draw_choice(study, looks, replace(choice, opacity=1.0), finish=finish)
    bare = None
    if has_opacity(choice):
        bare = _sent(draw_choice(study, looks, replace(choice, opacity=0.0), finish=finish))
    return Layers(_sent(whole), bare, whole.notes, {column: looks.values(column) for column in LISTS})


def has_opacity(choice: HeatmapChoice) -> bool:
    """Return whether opacity changes a heatmap."""
    return not choice.compare and choice.style != "contour"


def _sent(picture: Any) -> Pixels:
    pixels = picture.pixels()
    return pixels.tobytes(), pixels.shape[1], pixels.shape[0]


def _looks(study: Study, state: int) -> Looks:
    """Return the fixations; they are read once for each state of a study."""
    from gazestudy.pipeline.heatmap_views import Looks

    place = str(study.path)
    if place not in _KEPT or _KEPT[place][0] != state:
        _KEPT.clear()
        _KEPT[place] = (state, Looks.of(study))
    return _KEPT[place][1]
