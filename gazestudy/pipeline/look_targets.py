"""Targets that participants were asked to look at, from a table; gaze on them, in a study or without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from gazestudy.errors import InputError, ParameterError
from gazestudy.events.samples import prepare
from gazestudy.geometry.cameras import deg_to_direction, px_to_direction
from gazestudy.importers.sources import source_at
from gazestudy.importers.text_tables import TextTable, read_table
from gazestudy.model import Camera, Placement
from gazestudy.model.facet_rows import facet_boxes, facet_numbers
from gazestudy.model.facets import WHOLE
from gazestudy.quality.accuracy import TargetLook
from gazestudy.quality.sphere import Floats
from gazestudy.quality.targets import look_at, placement_directions, samples_of_look

Unit = Literal["mm", "ref_px", "share", "px", "deg"]

_ON_PLACEMENT: tuple[Unit, ...] = ("mm", "ref_px", "share")
_IN_VIEW: tuple[Unit, ...] = ("px", "deg")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LookTarget:
    """A point, and when it was looked at.

    Attributes
    ----------
    name : str
        Of the target.
    recording_id : str
        Whose look; "" where there is only one recording.
    start_s, end_s : float
        When: s after the first scene frame (the first gaze sample without a video), or after the event.
    event : str
        Name of an event of the recording that the times count from; "" for none.
    placement_id : str
        Placement that the point lies on; "" for a point of the camera's view.
    x, y : float
        Where.
    unit : {"mm", "ref_px", "share", "px", "deg"}
        On a placement: mm from its left and top edge, reference px, or shares of width and height; in the
        camera's view: scene px, or azimuth and elevation.
    """

    name: str
    recording_id: str
    start_s: float
    end_s: float
    event: str
    placement_id: str
    x: float
    y: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Gathered:
    """Looks that could be used, and what was wrong with the others."""

    looks: tuple[TargetLook, ...]
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What looks at targets are made from.

    Attributes
    ----------
    gaze, frames, markers : DataFrame
        Of the recording (contracts `GAZE`, `FRAMES`, `MARKERS`).
    events : DataFrame or None
        Gaze events: only fixations count.
    camera : Camera or None
        Scene camera.
    mapping : DataFrame or None
        Where placements were located; needed for points on them.
    placements : tuple of Placement
        Of the study.
    """

    gaze: pd.DataFrame
    frames: pd.DataFrame
    markers: pd.DataFrame
    events: pd.DataFrame | None
    camera: Camera | None
    mapping: pd.DataFrame | None = None
    placements: tuple[Placement, ...] = ()


def read_targets(path: Path) -> list[LookTarget]:
    """Read a table of targets.

    Parameters
    ----------
    path : Path
        CSV with a header: `target` (name), `start_s` and `end_s`, and where: `placement` with `x_mm` and
        `y_mm`, `x_ref_px` and `y_ref_px` or `x_share` and `y_share`; or `x_px` and `y_px` in the scene image;
        or `x_deg` and `y_deg`, azimuth and elevation in the camera's view. Optional: `recording`, `event`.

    Returns
    -------
    list of LookTarget
        One for each row.

    Raises
    ------
    InputError
        With every row that cannot be used.
    """
    table = read_table(source_at(path, ""), path.name, "targets")
    units: tuple[Unit, ...] = (*_ON_PLACEMENT, *_IN_VIEW)
    given = [unit for unit in units if table.find(f"x_{unit}") and table.find(f"y_{unit}")]
    if not given:
        raise InputError(
            path,
            "the table does not tell where the targets are",
            place="header",
            expected="columns x_deg and y_deg, x_px and y_px, or placement with x_mm and y_mm, x_ref_px and"
            " y_ref_px or x_share and y_share",
            found=", ".join(table.names),
        )
    places = {unit: _pair(table, unit) for unit in given}
    start_s, end_s = (table.floats(table.need(name)) for name in ("start_s", "end_s"))
    words = {name: _words(table, name) for name in ("target", "recording", "event", "placement")}
    targets, wrong = [], []
    for k in range(len(table)):
        unit = next((unit for unit in given if np.isfinite(places[unit][k]).all()), None)
        on_placement = unit in _ON_PLACEMENT
        if unit is None or on_placement != bool(words["placement"][k]):
            wrong.append(f"row {k + 1}: a point on a placement, or one of the view")
        elif not start_s[k] < end_s[k]:
            wrong.append(f"row {k + 1}: start_s must be before end_s")
        else:
            x, y = places[unit][k].tolist()
            targets.append(
                LookTarget(
                    words["target"][k] or f"row {k + 1}",
                    words["recording"][k],
                    float(start_s[k]),
                    float(end_s[k]),
                    words["event"][k],
                    words["placement"][k],
                    x,
                    y,
                    unit,
                )
            )
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise InputError(path, "targets cannot be used", found="; ".join(wrong[:_SHOWN]) + more)
    return targets


def _pair(table: TextTable, unit: str) -> Floats:
    return np.column_stack([table.floats(table.need(f"{axis}_{unit}")) for axis in "xy"])


def _words(table: TextTable, name: str) -> list[str]:
    found = table.find(name)
    return [""] * len(table) if found is None else table.text(found).str.strip().tolist()


def gather_looks(targets: Sequence[LookTarget], of: Looked) -> Gathered:
    """Return gaze on targets.

    Parameters
    ----------
    targets : sequence of LookTarget
        Targets of this recording.
    of : Looked
        Tables of the recording.

    Returns
    -------
    Gathered
        One look for each target that has enough gaze and a known place, and why the others have not.

    Raises
    ------
    ParameterError
        If the gaze has no angles and no camera to get them from.
    """
    samples = prepare(of.gaze, of.camera, pixels_will_do=False)
    directions = samples.position[:3].T
    looks, troubles = [], []
    for target in targets:
        try:
            origin_ns = _origin_ns(target, of)
            start_ns, end_ns = (origin_ns + round(s * 1e9) for s in (target.start_s, target.end_s))
            rows = samples_of_look(
                samples.t_ns, samples.measured, of.events, start_ns=start_ns, end_ns=end_ns
            )
            place = _directions(target, of, samples.t_ns[rows])
        except ParameterError as error:
            troubles.append(f"target {target.name!r}: {error}")
            continue
        look = look_at(target.name, samples.t_ns[rows], directions[rows], place)
        if look is None:
            located = np.isfinite(place).all(axis=1).sum()
            troubles.append(
                f"target {target.name!r}: too little gaze ({len(rows)} samples of fixations in that time,"
                f" {located} with the target's place known)"
            )
        else:
            looks.append(look)
    return Gathered(tuple(looks), tuple(troubles))


def _origin_ns(target: LookTarget, of: Looked) -> int:
    if target.event:
        names = of.markers["name"].astype(str).str.strip().str.casefold()
        found = of.markers.loc[(names == target.event.casefold()).to_numpy(), "t_ns"]
        if len(found) != 1:
            known = ", ".join(sorted(set(of.markers["name"].astype(str)))[:12]) or "none"
            raise ParameterError(
                "event",
                target.event,
                f"an event that occurs once (it occurs {len(found)} times); known: {known}",
            )
        return int(found.iloc[0])
    clocks = of.frames if len(of.frames) else of.gaze
    if not len(clocks):
        raise ParameterError("start_s", target.start_s, "a recording with scene frames or gaze")
    return int(clocks["t_ns"].iloc[0])


def _directions(target: LookTarget, of: Looked, t_ns: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    point = np.array([[target.x, target.y]])
    if target.unit == "deg":
        return np.repeat(deg_to_direction(point), len(t_ns), axis=0)
    if of.camera is None:
        raise ParameterError("camera", None, "a scene camera calibration, to turn px into degrees")
    if target.unit == "px":
        return np.repeat(px_to_direction(point, of.camera), len(t_ns), axis=0)
    placement = {one.id: one for one in of.placements}.get(target.placement_id)
    if placement is None:
        known = ", ".join(one.id for one in of.placements) or "none"
        raise ParameterError("placement", target.placement_id, f"one of {known}")
    if of.mapping is None:
        raise ParameterError("placement", target.placement_id, "a mapped recording: gazestudy run STUDY")
    point_px = _reference_px(target, placement)
    rows = of.mapping[(of.mapping["placement_id"] == placement.id).to_numpy(bool)]
    low, high = facet_boxes(rows, [placement])
    on = np.all((low <= point_px) & (point_px < high), axis=1) | (facet_numbers(rows) == WHOLE)
    return placement_directions(rows[on], of.frames, placement.id, point_px, of.camera, t_ns)


def _reference_px(target: LookTarget, placement: Placement) -> tuple[float, float]:
    """Return the point in reference px; edges lie half a pixel outside of the outer pixels' centres."""
    width, height = placement.size_px
    if target.unit == "ref_px":
        return target.x, target.y
    if target.unit == "share":
        return target.x * width - 0.5, target.y * height - 0.5
    if placement.width_mm is None or placement.height_mm is None:
        raise ParameterError("x_mm", target.x, f"the size of placement {placement.id!r}, which is not known")
    return target.x / placement.width_mm * width - 0.5, target.y / placement.height_mm * height - 0.5
