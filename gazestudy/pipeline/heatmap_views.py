"""One heatmap as a person wants to see it: filters, weight, kernel, style; on screen and in a file alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError, StudyError
from gazestudy.heatmaps import make_heatmap
from gazestudy.heatmaps.maps import unit_area
from gazestudy.model import Finding, Placement
from gazestudy.pipeline.difference_maps import COMPARED_BY, compare_sides
from gazestudy.pipeline.heatmaps import kernel_for
from gazestudy.pipeline.results import attention_table
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

Style = Literal["overlay", "fog", "contour"]
FORMATS: tuple[Literal["png", "svg"], ...] = ("png", "svg")
_SEED = 20260401


@dataclass(frozen=True, slots=True)
class HeatmapChoice:
    """What a heatmap shows. Empty means all.

    Attributes
    ----------
    placement_id : str
        Which placement.
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
    compare : str
        "segment=a,b" or "daypart=a,b": the difference of two groups instead.
    """

    placement_id: str
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
    compare: str = ""

    def words(self) -> str:
        """Return the filters in words, for the caption; empty if there is none."""
        parts = [", ".join(names) for names in (self.segments, self.dayparts, self.participants) if names]
        if self.first_exposure or self.last_exposure:
            last = str(self.last_exposure) if self.last_exposure else "the last"
            parts.append(f"exposures {self.first_exposure or 1} to {last}")
        if self.since_s or self.until_s:
            end = f"{self.until_s:g} s" if self.until_s else "the end"
            parts.append(f"{self.since_s:g} s to {end} in view")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Fixations on placements with their exposures; read once for many heatmaps.

    Attributes
    ----------
    fixations : DataFrame
        Mapped fixations with `participant_id`, `segment`, `daypart`, `exposure_no` (1 for the first time the
        person had the placement in view; 0 where none is known) and `since_s` (NaN where none is known).
    """

    fixations: pd.DataFrame

    @classmethod
    def of(cls, study: Study) -> Looks:
        """Read the fixations of a study.

        Raises
        ------
        StudyError
            If nothing was run yet.
        """
        fixations = attention_table(study, "mapped_fixations")
        exposures = attention_table(study, "exposures")
        return cls(number_exposures(fixations, exposures))

    def chosen(self, choice: HeatmapChoice) -> pd.DataFrame:
        """Return the fixations a heatmap is made of."""
        rows = self.fixations[self.fixations["placement_id"] == choice.placement_id]
        for column, names in (
            ("segment", choice.segments),
            ("daypart", choice.dayparts),
            ("participant_id", choice.participants),
        ):
            if names:
                rows = rows[rows[column].isin(names)]
        if choice.first_exposure > 0:
            rows = rows[rows["exposure_no"] >= choice.first_exposure]
        if choice.last_exposure > 0:
            rows = rows[(rows["exposure_no"] >= 1) & (rows["exposure_no"] <= choice.last_exposure)]
        if choice.since_s > 0:
            rows = rows[rows["since_s"] >= choice.since_s]
        if choice.until_s > 0:
            rows = rows[rows["since_s"] < choice.until_s]
        return rows

    def values(self, column: str) -> list[str]:
        """Return what occurs in a column, for a list of filters."""
        return sorted({str(value) for value in self.fixations[column] if str(value)})


def number_exposures(fixations: pd.DataFrame, exposures: pd.DataFrame) -> pd.DataFrame:
    """Say in which exposure each fixation began, and how long after its start.

    Parameters
    ----------
    fixations : DataFrame
        `recording_id`, `participant_id`, `placement_id`, `onset_ns`.
    exposures : DataFrame
        The same, with `offset_ns`.

    Returns
    -------
    DataFrame
        The fixations with `exposure_no` (counted per person over the recordings in the order given) and
        `since_s`.
    """
    order = {name: number for number, name in enumerate(dict.fromkeys(exposures["recording_id"]))}
    known = exposures.assign(recording_no=exposures["recording_id"].map(order))
    known = known.sort_values(["recording_no", "onset_ns"], kind="stable")
    known["exposure_no"] = known.groupby(["participant_id", "placement_id"], sort=False).cumcount() + 1
    numbers = np.zeros(len(fixations), np.int64)
    since = np.full(len(fixations), np.nan)
    pair = ["recording_id", "placement_id"]
    places: dict[object, pd.DataFrame] = dict(iter(known.groupby(pair, sort=False)))
    for key, rows in fixations.groupby(pair, sort=False).indices.items():
        near = places.get(key)
        if near is None:
            continue
        begins = near["onset_ns"].to_numpy(np.int64)
        t_ns = fixations["onset_ns"].to_numpy(np.int64)[rows]
        at = np.searchsorted(begins, t_ns, side="right") - 1
        inside = (at >= 0) & (t_ns <= near["offset_ns"].to_numpy(np.int64)[np.maximum(at, 0)])
        numbers[rows[inside]] = near["exposure_no"].to_numpy(np.int64)[at[inside]]
        since[rows[inside]] = (t_ns[inside] - begins[at[inside]]) / 1e9
    return fixations.assign(exposure_no=numbers, since_s=since)


def draw_choice(
    study: Study, looks: Looks, choice: HeatmapChoice, kind: Literal["png", "svg"] = "png"
) -> tuple[bytes, tuple[str, ...]]:
    """Draw a heatmap; the same call makes what is on screen and what is exported.

    Parameters
    ----------
    study : Study
        For the pictures.
    looks : Looks
        From `Looks.of`.
    choice : HeatmapChoice
        What to show.
    kind : {"png", "svg"}
        Kind of file.

    Returns
    -------
    content : bytes
        Of the file.
    notes : tuple of str
        What cannot be concluded or drawn.

    Raises
    ------
    StudyError
        If there is no such placement.
    ParameterError
        For a kernel, weight or comparison that does not exist.
    """
    from gazestudy.plots import draw_heatmap, figure_bytes

    placement = study.placement(choice.placement_id)
    rows = looks.chosen(choice)
    rgb = np.ascontiguousarray(study.placement_image(placement.creatives[0])[..., ::-1])
    if choice.compare:
        return _difference(placement, rows, rgb, choice, kind)
    data = make_heatmap(
        rows,
        placement,
        kernel=kernel_for(choice.kernel, placement, rows),
        weighting=choice.weight,
        group=choice.words(),
    )
    notes: list[Finding] = []
    figure = draw_heatmap(data, rgb, style=choice.style, opacity=choice.opacity, findings=notes)
    return figure_bytes(figure, kind), tuple(note.message for note in notes)


def export_choice(study: Study, choice: HeatmapChoice, out: Path) -> Path:
    """Write one heatmap exactly as it is shown.

    Parameters
    ----------
    study : Study
        The study.
    choice : HeatmapChoice
        What to show.
    out : Path
        A PNG or SVG file.

    Raises
    ------
    ParameterError
        If it is no PNG or SVG.
    """
    kind = next((known for known in FORMATS if out.suffix.lower() == f".{known}"), None)
    if kind is None:
        raise ParameterError("file", str(out), "a name that ends in .png or .svg")
    content, _ = draw_choice(study, Looks.of(study), choice, kind)
    write_bytes(out, content)
    return out


def _difference(
    placement: Placement,
    rows: pd.DataFrame,
    rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    choice: HeatmapChoice,
    kind: Literal["png", "svg"],
) -> tuple[bytes, tuple[str, ...]]:
    from gazestudy.plots import draw_difference, figure_bytes

    by, _, names = choice.compare.partition("=")
    pair = [name.strip() for name in names.split(",")]
    if by not in COMPARED_BY or len(pair) != 2 or pair[0] == pair[1]:
        raise ParameterError("compare", choice.compare, "two groups, such as segment=regular,visitor")
    sides = [rows[rows[by].astype(str) == name] for name in pair]
    found, notes = compare_sides(
        placement,
        sides,
        (pair[0], pair[1]),
        choice.weight,
        choice.kernel,
        1000,
        np.random.default_rng(_SEED),
    )
    if found is None:
        raise StudyError("; ".join(notes) or f"nothing to compare on {placement.name}")
    area_px2, unit = unit_area(placement)
    axes = draw_difference(found, rgb, title=placement.name, unit=unit, area_px2=area_px2)
    figure = axes.get_figure(root=True)
    assert figure is not None  # it was made with the axes
    return figure_bytes(figure, kind), notes
