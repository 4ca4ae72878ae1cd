"""Batch export of heatmaps: one for each placement and group, with what it shows written into the picture."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.heatmaps import HeatmapData, Kernel, make_heatmap
from gazestudy.model import Creative, Finding, Placement
from gazestudy.pipeline.metrics import write_csv
from gazestudy.pipeline.results import attention_table
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

GROUPS = ("placement", "segment", "daypart", "participant", "creative")
PICTURES: dict[str, Literal["png", "svg"]] = {"png": "png", "svg": "svg"}
FORMATS = (*PICTURES, "npz", "csv")

_KERNEL = re.compile(r"([0-9]*\.?[0-9]+)\s*(deg|mm|px)")


@dataclass(frozen=True, slots=True)
class Exported:
    """One heatmap that was written.

    Attributes
    ----------
    label : str
        Placement and group.
    n_participants, n_fixations : int
        Behind the map.
    kernel : str
        Width of the kernel, in words.
    files : tuple of Path
        What was written.
    notes : tuple of str
        What could not be drawn as wished, such as a name for which no font is installed.
    """

    label: str
    n_participants: int
    n_fixations: int
    kernel: str
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "label": self.label,
            "n_participants": self.n_participants,
            "n_fixations": self.n_fixations,
            "kernel": self.kernel,
            "files": [str(path) for path in self.files],
            "notes": list(self.notes),
        }


def export_heatmaps(
    study: Study,
    out: Path,
    *,
    group_by: Sequence[str] = ("placement",),
    formats: Sequence[str] = ("png", "npz"),
    weight: str = "dwell",
    kernel: str = "",
    fog: bool = False,
    progress: Progress = SILENT,
) -> list[Exported]:
    """Write a heatmap for each placement and group, and a list of them.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    out : Path
        Folder to write into; it is made.
    group_by : sequence of str
        "placement" (always) and any of "segment", "daypart", "participant", "creative".
    formats : sequence of str
        Any of "png", "svg" (pictures), "npz", "csv" (the density in numbers).
    weight : {"dwell", "count", "participant"}
        What a fixation weighs.
    kernel : str
        Full width at half maximum with its unit, such as "2deg", "200mm" or "40px"; empty: 2 deg where the
        visual angle is known.
    fog : bool
        Also write fog maps.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of Exported
        In the order of placements; a placement without fixations has a map that says so.

    Raises
    ------
    ParameterError
        For a group, format, weighting or kernel that does not exist.
    StudyError
        If no recording has results.
    """
    _check_words("group-by", group_by, GROUPS)
    _check_words("format", formats, FORMATS)
    if kernel and not _KERNEL.fullmatch(kernel.strip()):
        raise ParameterError("kernel", kernel, "a number with deg, mm or px, such as 2deg")
    fixations = attention_table(study, "mapped_fixations")
    placements = study.placements()
    progress.start("drawing heatmaps", len(placements))
    exported = []
    for placement in placements:
        rows = fixations[fixations["placement_id"] == placement.id]
        columns = [f"{word}_id" if word in ("participant", "creative") else word for word in group_by]
        columns = [column for column in columns if column != "placement"]
        for label, creative, chosen in _groups(placement, rows, columns):
            raise_if_cancelled(progress)
            data = make_heatmap(
                chosen, placement, kernel=kernel_for(kernel, placement, chosen), weighting=weight, group=label
            )
            stem = file_stem(placement.id, label)
            files, notes = _write(data, study.placement_image(creative), out / stem, formats, fog)
            title = placement.id + (f", {label}" if label else "")
            exported.append(
                Exported(title, data.n_participants, data.n_fixations, data.kernel.describe(), files, notes)
            )
        progress.advance()
    table = pd.DataFrame(
        [{**item.to_dict(), "files": ";".join(p.name for p in item.files)} for item in exported]
    )
    write_csv(table, out / "heatmaps.csv")
    return exported


def heatmap_of(placement: Placement, fixations: pd.DataFrame, *, weight: str = "dwell") -> HeatmapData:
    """Return the heatmap of all participants on one placement, with the usual kernel.

    Parameters
    ----------
    placement : Placement
        Which placement.
    fixations : DataFrame
        Mapped fixations of the study (rows of other placements are ignored).
    weight : {"dwell", "count", "participant"}
        What a fixation weighs.

    Returns
    -------
    HeatmapData
    """
    rows = fixations[fixations["placement_id"] == placement.id]
    return make_heatmap(rows, placement, kernel=kernel_for("", placement, rows), weighting=weight)


def _groups(
    placement: Placement, rows: pd.DataFrame, columns: Sequence[str]
) -> list[tuple[str, Creative, pd.DataFrame]]:
    """Return label, picture and fixations of each group."""
    creatives = {creative.id: creative for creative in placement.creatives}
    first = placement.creatives[0]
    if not columns or rows.empty:
        return [("", first, rows)]
    found = []
    for values, chosen in rows.groupby(list(columns), sort=True):
        named = dict(zip(columns, values, strict=True))
        label = ", ".join(str(value) or f"no {name.removesuffix('_id')}" for name, value in named.items())
        found.append((label, creatives.get(str(named.get("creative_id", "")), first), chosen))
    return found


def kernel_for(wanted: str, placement: Placement, rows: pd.DataFrame) -> Kernel:
    """Return the kernel that was asked for in words, or the usual one.

    Parameters
    ----------
    wanted : str
        Full width at half maximum with its unit, such as "2deg", "200mm" or "40px"; empty: the usual one.
    placement : Placement
        Which placement.
    rows : DataFrame
        Its mapped fixations, for the visual angle.

    Raises
    ------
    ParameterError
        If it is no such width, or the size or angle that it needs is not known.
    """
    if wanted and not _KERNEL.fullmatch(wanted.strip()):
        raise ParameterError("kernel", wanted, "a number with deg, mm or px, such as 2deg")
    width_px, _ = placement.size_px
    angles = rows["width_deg"].to_numpy(dtype=np.float64)
    width_deg = float(np.median(angles[np.isfinite(angles)])) if np.isfinite(angles).any() else None
    match = _KERNEL.fullmatch(wanted.strip())
    if match is None:
        return Kernel.usual(width_px=width_px, width_deg=width_deg)
    size, unit = float(match[1]), match[2]
    if unit == "px":
        return Kernel.from_px(size)
    if unit == "mm":
        if placement.width_mm is None:
            raise ParameterError(
                "kernel", wanted, f"px, since the size of {placement.id!r} is not known in mm"
            )
        return Kernel.from_mm(size, px_per_mm=width_px / placement.width_mm)
    if width_deg is None:
        if rows.empty:
            return Kernel.usual(width_px=width_px)
        raise ParameterError(
            "kernel", wanted, f"px or mm, since no visual angle is known of {placement.id!r}"
        )
    return Kernel.from_view(size, width_deg=width_deg, width_px=width_px)


def _write(
    data: HeatmapData, image: NDArray[np.uint8], stem: Path, formats: Sequence[str], fog: bool
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    from gazestudy.plots import draw_heatmap, figure_bytes

    stem.parent.mkdir(parents=True, exist_ok=True)
    height_px, width_px = data.density.shape
    rgb = _fitted(image, (width_px, height_px))
    files: list[Path] = []
    notes: list[Finding] = []
    for kind in formats:
        path = stem.with_name(f"{stem.name}.{kind}")
        if kind in PICTURES:
            write_bytes(path, figure_bytes(draw_heatmap(data, rgb, findings=notes), PICTURES[kind]))
            if fog:
                fog_path = stem.with_name(f"{stem.name}-fog.{kind}")
                write_bytes(
                    fog_path,
                    figure_bytes(draw_heatmap(data, rgb, style="fog", findings=notes), PICTURES[kind]),
                )
                files.append(fog_path)
        else:
            write_bytes(path, density_numbers(data, kind))
        files.append(path)
    return tuple(files), tuple(finding.message for finding in notes)


def artwork(image: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
    """Return a picture of a placement as RGB in the pixels of its first one.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)
        Blue, green, red.
    placement : Placement
        Which placement.
    """
    return _fitted(image, placement.size_px)


def _fitted(image: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    from gazestudy._cv2 import cv2

    if image.shape[1::-1] != size_px:  # a further creative in the pixels of the first
        image = np.asarray(cv2.resize(image, size_px, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.ascontiguousarray(image[..., ::-1])


def density_numbers(data: HeatmapData, kind: str) -> bytes:
    """Return the density as a file of numbers, with what it is.

    Parameters
    ----------
    data : HeatmapData
        The heatmap.
    kind : {"npz", "csv"}
        Kind of file.
    """
    return _npz(data) if kind == "npz" else _csv(data)


def _npz(data: HeatmapData) -> bytes:
    buffer = io.BytesIO()
    facts = json.dumps(data.facts(), ensure_ascii=False)
    np.savez_compressed(buffer, density=data.density, facts=np.array(facts))
    return buffer.getvalue()


def _csv(data: HeatmapData) -> bytes:
    """Write the density as rows of numbers below lines that say what it is."""
    head = "".join(f"# {name}: {value}\n" for name, value in data.facts().items())
    buffer = io.StringIO()
    np.savetxt(buffer, data.density, fmt="%.6g", delimiter=",")
    return (head + buffer.getvalue()).encode("utf-8")


def file_stem(placement_id: str, label: str) -> str:
    """Return a name that every file system takes; letters of any script stay."""
    return placement_id + "".join(
        character if character.isalnum() or character in "-_" else "-"
        for character in (f"--{label}" if label else "")
    )


def _check_words(name: str, words: Sequence[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ParameterError(name, word, "any of " + ", ".join(known))
