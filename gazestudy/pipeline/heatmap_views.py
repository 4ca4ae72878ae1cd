"""One heatmap as a person wants to see it: filters, weight, kernel, style; on screen and in a file alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError, StudyError
from gazestudy.heatmaps import HeatmapData, MapComparison, make_heatmap
from gazestudy.heatmaps.maps import unit_area
from gazestudy.model import Creative, Finding, Placement
from gazestudy.pipeline.difference_maps import COMPARED_BY, compare_sides, difference_numbers
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.heatmap_choice import HeatmapChoice
from gazestudy.pipeline.heatmaps import FORMATS, PICTURES, artwork, density_numbers, file_stem, kernel_for
from gazestudy.pipeline.metrics import write_csv
from gazestudy.pipeline.results import attention_table
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PERMUTATIONS = 2000

Finish = Callable[["Figure"], object]
"""Called with a drawn figure before it is used, such as to say its words in another language."""


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
            ("creative_id", (choice.creative_id,) if choice.creative_id else ()),
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


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A heatmap, drawn.

    Attributes
    ----------
    figure : Figure
        The picture.
    data : HeatmapData or MapComparison
        What it shows.
    notes : tuple of str
        What cannot be concluded or drawn.
    """

    figure: Figure
    data: HeatmapData | MapComparison
    notes: tuple[str, ...]

    def pixels(self) -> NDArray[np.uint8]:
        """Return what a PNG file of it shows: RGBA, shape (height, width, 4)."""
        from gazestudy.plots import figure_pixels

        return figure_pixels(self.figure)

    def content(self, kind: str) -> bytes:
        """Return it as a file.

        Parameters
        ----------
        kind : {"png", "svg", "npz", "csv"}
            Picture or numbers.
        """
        from gazestudy.plots import figure_bytes

        if kind in PICTURES:
            return figure_bytes(self.figure, PICTURES[kind])
        if isinstance(self.data, HeatmapData):
            return density_numbers(self.data, kind)
        return difference_numbers(self.data, kind)


def draw_choice(study: Study, looks: Looks, choice: HeatmapChoice, *, finish: Finish | None = None) -> Drawn:
    """Draw a heatmap; the same call makes what is on screen and what is exported.

    Parameters
    ----------
    study : Study
        For the pictures.
    looks : Looks
        From `Looks.of`.
    choice : HeatmapChoice
        What to show.
    finish : callable, optional
        Called with the figure before it is used.

    Returns
    -------
    Drawn
        The picture and its numbers.

    Raises
    ------
    StudyError
        If there is no such placement, or nobody to compare.
    ParameterError
        For a picture, kernel, weight or comparison that does not exist.
    """
    drawn = _drawn(study, looks, choice)
    if finish is not None:
        finish(drawn.figure)
    return drawn


def _drawn(study: Study, looks: Looks, choice: HeatmapChoice) -> Drawn:
    from gazestudy.plots import draw_heatmap

    placement = study.placement(choice.placement_id)
    rows = looks.chosen(choice)
    image = artwork(study.placement_image(_creative(placement, choice.creative_id)), placement)
    if choice.compare:
        return _difference(placement, rows, image, choice)
    data = make_heatmap(
        rows,
        placement,
        kernel=kernel_for(choice.kernel, placement, rows),
        weighting=choice.weight,
        group=choice.words(),
    )
    notes: list[Finding] = []
    figure = draw_heatmap(
        data,
        image,
        style=choice.style,
        colormap=choice.colormap,
        scale_max=choice.scale_max or None,
        opacity=choice.opacity,
        findings=notes,
    )
    return Drawn(figure, data, tuple(note.message for note in notes))


def export_choice(study: Study, choice: HeatmapChoice, out: Path, *, finish: Finish | None = None) -> Path:
    """Write one heatmap exactly as it is shown.

    Parameters
    ----------
    study : Study
        The study.
    choice : HeatmapChoice
        What to show.
    out : Path
        A PNG or SVG file, or NPZ or CSV for the numbers.
    finish : callable, optional
        Called with the figure before it is written.

    Raises
    ------
    ParameterError
        If it is none of these.
    """
    kind = out.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise ParameterError("file", str(out), "a name that ends in ." + ", .".join(FORMATS))
    write_bytes(out, draw_choice(study, Looks.of(study), choice, finish=finish).content(kind))
    return out


def export_choices(
    study: Study,
    choice: HeatmapChoice,
    out: Path,
    *,
    formats: Sequence[str] = ("png", "npz"),
    finish: Finish | None = None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Write the heatmap of every placement with the filters and the style of one.

    Parameters
    ----------
    study : Study
        The study.
    choice : HeatmapChoice
        What to show; each placement takes the place of its own in turn, each with all of its pictures.
    out : Path
        Folder to write into; it is made.
    formats : sequence of str
        Any of "png", "svg", "npz", "csv".
    finish : callable, optional
        Called with each figure before it is written.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame
        One row per placement: `placement_id`, `filters`, `files`, `notes`; also written as `heatmaps.csv`.

    Raises
    ------
    ParameterError
        For a format that does not exist.
    StudyError
        If no recording has results.
    """
    for kind in formats:
        if kind not in FORMATS:
            raise ParameterError("format", kind, "any of " + ", ".join(FORMATS))
    looks, placements, rows = Looks.of(study), study.placements(), []
    progress.start("drawing heatmaps", len(placements))
    for placement in placements:
        raise_if_cancelled(progress)
        wanted = replace(choice, placement_id=placement.id, creative_id="")
        label = "; ".join(part for part in (choice.compare, wanted.words()) if part)
        files, notes = [], ""
        try:
            drawn = draw_choice(study, looks, wanted, finish=finish)
        except StudyError as error:  # nobody of one group looked at it: said in the list, the others go on
            notes = str(error)
        else:
            notes = "; ".join(drawn.notes)
            for kind in formats:
                path = out / f"{_shortened(file_stem(placement.id, label))}.{kind}"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, drawn.content(kind))
                files.append(path.name)
        rows.append(
            {"placement_id": placement.id, "filters": label, "files": ";".join(files), "notes": notes}
        )
        progress.advance()
    table = pd.DataFrame(rows, columns=["placement_id", "filters", "files", "notes"])
    write_csv(table, out / "heatmaps.csv")
    return table


def _shortened(stem: str) -> str:
    """Return a name that is not too long for a file; the list says what it is."""
    return re.sub(r"-{3,}", "--", stem)[:100].rstrip("-")


def _creative(placement: Placement, creative_id: str) -> Creative:
    if not creative_id:
        return placement.creatives[0]
    found = next((one for one in placement.creatives if one.id == creative_id), None)
    if found is None:
        known = ", ".join(one.id for one in placement.creatives)
        raise ParameterError("creative", creative_id, f"a picture of {placement.id!r}: {known}")
    return found


def _difference(
    placement: Placement, rows: pd.DataFrame, image: NDArray[np.uint8], choice: HeatmapChoice
) -> Drawn:
    from gazestudy.plots import draw_difference

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
        _PERMUTATIONS,
        np.random.default_rng(SEED),
    )
    if found is None:
        raise StudyError("; ".join(notes) or f"nothing to compare on {placement.name}")
    area_px2, unit = unit_area(placement)
    title = "; ".join(part for part in (placement.name, choice.words()) if part)
    axes = draw_difference(found, image, title=title, unit=unit, area_px2=area_px2)
    figure: Any = axes.get_figure(root=True)
    return Drawn(figure, found, notes)
