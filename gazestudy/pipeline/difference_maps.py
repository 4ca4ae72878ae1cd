"""Maps of where two segments or dayparts looked differently, one for each placement."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.heatmaps import MapComparison, compare_maps, person_maps
from gazestudy.heatmaps.maps import unit_area
from gazestudy.model import Placement
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.heatmaps import PICTURES, file_stem, kernel_for
from gazestudy.pipeline.metrics import write_csv
from gazestudy.pipeline.results import attention_table
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.statistics.comparisons import benjamini_hochberg
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

COMPARED_BY = ("segment", "daypart")
FORMATS = (*PICTURES, "npz", "csv")


@dataclass(frozen=True, slots=True)
class ExportedDifference:
    """One placement on which two groups were compared.

    Attributes
    ----------
    placement_id : str
        Which placement.
    comparison : MapComparison or None
        The difference and where it is more than chance; None where a group never looked there.
    p_adjusted : float
        p of the placement, corrected for all placements (Benjamini and Hochberg); NaN where not tested.
    files : tuple of Path
        What was written.
    notes : tuple of str
        What cannot be concluded, and what was left out.
    """

    placement_id: str
    comparison: MapComparison | None
    p_adjusted: float
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        found = self.comparison
        return {
            "placement_id": self.placement_id,
            **({} if found is None else _facts(found)),
            "p_adjusted": self.p_adjusted if math.isfinite(self.p_adjusted) else None,
            "files": [str(path) for path in self.files],
            "notes": list(self.notes),
        }


def export_differences(
    study: Study,
    out: Path,
    *,
    groups: str,
    formats: Sequence[str] = ("png", "npz"),
    weight: str = "dwell",
    kernel: str = "",
    permutations: int = 2000,
    seed: int = SEED,
    progress: Progress = SILENT,
) -> list[ExportedDifference]:
    """Write a map of the difference of two groups for each placement, and a list of them.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    out : Path
        Folder to write into; it is made.
    groups : str
        What is compared, such as "segment=regular,visitor" or "daypart=morning peak,midday".
    formats : sequence of str
        Any of "png", "svg" (pictures), "npz", "csv" (the difference in numbers).
    weight : {"dwell", "count", "participant"}
        What a fixation weighs within its person; every person counts the same in any case.
    kernel : str
        As for `export_heatmaps`, the same for both groups.
    permutations : int
        Random arrangements of people; all there are where there are no more.
    seed : int
        Of the arrangements.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of ExportedDifference
        In the order of placements, also those on which nothing could be compared.

    Raises
    ------
    ParameterError
        For groups, formats, a weighting or kernel that do not exist.
    StudyError
        If no recording has results.
    """
    by, a, b = _groups(groups)
    for word in formats:
        if word not in FORMATS:
            raise ParameterError("format", word, "any of " + ", ".join(FORMATS))
    if weight not in ("dwell", "count", "participant"):
        raise ParameterError("weight", weight, "dwell, count or participant")
    if permutations < 100:
        raise ParameterError("permutations", permutations, "100 or more")
    fixations = attention_table(study, "mapped_fixations")
    known = sorted({str(value) for value in fixations[by] if str(value)})
    for name in (a, b):
        if name not in known:
            raise ParameterError(by, name, f"a {by} with fixations: " + (", ".join(known) or "none is named"))
    placements = study.placements()
    progress.start("comparing heatmaps", len(placements))
    rng = np.random.default_rng(seed)
    exported = []
    for placement in placements:
        raise_if_cancelled(progress)
        rows = fixations[fixations["placement_id"] == placement.id]
        sides = [rows[rows[by].astype(str) == name] for name in (a, b)]
        found, notes = compare_sides(placement, sides, (a, b), weight, kernel, permutations, rng)
        files = () if found is None else _write(study, placement, found, out, f"{a} - {b}", formats)
        exported.append(ExportedDifference(placement.id, found, float("nan"), files, notes))
        progress.advance()
    exported = _adjusted(exported)
    _write_lists(exported, out)
    return exported


def _groups(text: str) -> tuple[str, str, str]:
    by, _, names = text.partition("=")
    pair = [name.strip() for name in names.split(",")]
    if by.strip() not in COMPARED_BY or len(pair) != 2 or not all(pair) or pair[0] == pair[1]:
        raise ParameterError("difference", text, "two groups, such as segment=regular,visitor")
    return by.strip(), pair[0], pair[1]


def compare_sides(
    placement: Placement,
    sides: Sequence[pd.DataFrame],
    names: tuple[str, str],
    weight: str,
    kernel: str,
    permutations: int,
    rng: np.random.Generator,
) -> tuple[MapComparison | None, tuple[str, ...]]:
    """Compare two groups on one placement.

    Parameters
    ----------
    placement : Placement
        Which one.
    sides : sequence of DataFrame
        Mapped fixations of the two groups on it.
    names : (str, str)
        What they are called.
    weight, kernel, permutations
        As for `export_differences`.
    rng : Generator
        For arrangements of people.

    Returns
    -------
    comparison : MapComparison or None
        None where a group never looked at it.
    notes : tuple of str
        What cannot be concluded, and what was left out.
    """
    chosen = kernel_for(kernel, placement, pd.concat(sides))
    maps = [
        person_maps(
            side,
            placement.size_px,
            sigma_px=chosen.sigma_px,
            weighting="count" if weight == "count" else "dwell",
            label=name,
        )
        for side, name in zip(sides, names, strict=True)
    ]
    nobody = [name for name, one in zip(names, maps, strict=True) if not one.people]
    if nobody:
        return None, (f"nobody of {' and '.join(nobody)} looked at it",)
    shared = set(maps[0].people) & set(maps[1].people)
    some = 0 < len(shared) * 2 <= min(len(one.people) for one in maps)
    notes: tuple[str, ...] = ()
    if (
        some
    ):  # too few for a comparison within people, too many for one between: they count where they come first
        maps[1] = replace(
            maps[1],
            people=tuple(person for person in maps[1].people if person not in shared),
            maps=maps[1].maps[[person not in shared for person in maps[1].people]],
        )
        notes = (f"{len(shared)} people are in both groups and count in {names[0]} only",)
    found = compare_maps(maps[0], maps[1], permutations=permutations, rng=rng)
    return replace(found, doubts=(*found.doubts, *notes)), (*found.doubts, *notes)


def _write(
    study: Study, placement: Placement, found: MapComparison, out: Path, label: str, formats: Sequence[str]
) -> tuple[Path, ...]:
    from gazestudy.plots import draw_difference, figure_bytes

    stem = out / file_stem(placement.id, label)
    image = np.ascontiguousarray(study.placement_image(placement.creatives[0])[..., ::-1])
    area_px2, unit = unit_area(placement)
    files = []
    for kind in formats:
        path = stem.with_name(f"{stem.name}.{kind}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind in PICTURES:
            axes = draw_difference(found, image, title=placement.name, unit=unit, area_px2=area_px2)
            figure = axes.get_figure(root=True)
            assert figure is not None  # it was made with the axes
            write_bytes(path, figure_bytes(figure, PICTURES[kind]))
        else:
            write_bytes(path, difference_numbers(found, kind))
        files.append(path)
    return tuple(files)


def difference_numbers(found: MapComparison, kind: str) -> bytes:
    """Return a difference as a file of numbers, with what it is.

    Parameters
    ----------
    found : MapComparison
        The comparison.
    kind : {"npz", "csv"}
        Kind of file.
    """
    if kind == "npz":
        buffer = io.BytesIO()
        facts = json.dumps(_facts(found), ensure_ascii=False)
        np.savez_compressed(buffer, difference=found.difference, t=found.t, facts=np.array(facts))
        return buffer.getvalue()
    text = io.StringIO()
    np.savetxt(text, found.difference, fmt="%.6g", delimiter=",")
    head = "".join(f"# {name}: {value}\n" for name, value in _facts(found).items())
    return (head + text.getvalue()).encode("utf-8")


def _facts(found: MapComparison) -> dict[str, Any]:
    """Return what stands beside the difference, JSON-ready."""
    return {
        "a": found.a,
        "b": found.b,
        "unit": "share of a person's attention per reference px², a minus b",
        "design": found.design,
        "participants_a": found.n_a,
        "participants_b": found.n_b,
        "n_fixations": found.n_fixations,
        "method": found.method,
        "threshold_t": found.threshold_t,
        "p_value": found.p_value if math.isfinite(found.p_value) else None,
        "smallest_p": found.smallest_p,
        "permutations": found.permutations,
        "all_arrangements": found.exact,
        "kernel_sigma_px": found.sigma_px,
        "weighting": found.weighting,
        "regions": [
            {
                "more_in": found.a if region.more_in == "a" else found.b,
                "share_a": region.share_a,
                "share_b": region.share_b,
                "p_value": region.p_value,
                "peak_px": list(region.peak_px),
                "polygons_px": [polygon.tolist() for polygon in region.polygons],
            }
            for region in found.regions
        ],
    }


def _adjusted(exported: Sequence[ExportedDifference]) -> list[ExportedDifference]:
    p_values = [float("nan") if item.comparison is None else item.comparison.p_value for item in exported]
    adjusted = benjamini_hochberg(p_values)
    return [replace(item, p_adjusted=float(p)) for item, p in zip(exported, adjusted, strict=True)]


def _write_lists(exported: Sequence[ExportedDifference], out: Path) -> None:
    rows, regions = [], []
    for item in exported:
        facts = item.to_dict()
        for number, region in enumerate(facts.pop("regions", []), start=1):
            shape = {**region, "polygons_px": json.dumps(region["polygons_px"])}
            regions.append({"placement_id": item.placement_id, "region": number, **shape})
        names = ";".join(path.name for path in item.files)
        rows.append({**facts, "files": names, "notes": "; ".join(item.notes)})
    write_csv(pd.DataFrame(rows), out / "differences.csv")
    if regions:
        write_csv(pd.DataFrame(regions), out / "regions.csv")
