"""What the field logs of a study say: figures, agreement of observers, and a map of the station."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError, ParameterError, StudyError
from gazestudy.fieldwork.figures import FIGURES
from gazestudy.fieldwork.observers import ObserverAgreement, observer_agreement
from gazestudy.fieldwork.rates import FieldFigures, field_figures
from gazestudy.fieldwork.summary import FieldSummary, summarise_field_log
from gazestudy.model.fieldwork import FieldLog
from gazestudy.model.recording import Finding
from gazestudy.store import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = 20261122
"""Seed of bootstrap draws where none is given, so that a figure is the same tomorrow."""


def figure_names() -> tuple[str, ...]:
    """Return the names of all figures of field observation."""
    return tuple(FIGURES)


def study_log(study: Study, *, station: str = "") -> FieldLog:
    """Return the newest version of the observation sessions of a study whose length is known.

    Parameters
    ----------
    study : Study
        The study.
    station : str, optional
        Only sessions of this station.

    Returns
    -------
    FieldLog
        Sessions without a length, such as those of programs that keep no stop, are left out with a finding.

    Raises
    ------
    StudyError
        If there are none.
    """
    log = study.field_log()
    sessions = log.sessions
    if sessions.empty:
        raise StudyError(
            f"{study.path}: there are no field logs; bring some in with `gazestudy fieldlog import`"
        )
    if station:
        known = sorted(set(sessions["station_id"]))
        sessions = sessions[sessions["station_id"] == station]
        if sessions.empty:
            raise StudyError(
                f"{study.path}: nobody observed at station {station!r}; known: {', '.join(known)}"
            )
    start = pd.to_datetime(sessions["started_at"], utc=True, format="ISO8601")
    stop = pd.to_datetime(sessions["stopped_at"], utc=True, format="ISO8601")
    lasting = sessions[(stop > start).to_numpy()]
    findings: tuple[Finding, ...] = ()  # those of the import are told by `gazestudy fieldlog list`
    without = len(sessions) - len(lasting)
    if without:
        text = f"{without} sessions without a known length are left out: they have no denominator"
        findings = (Finding("warning", "field log", "no_length", text, without),)
    wanted = list(lasting["session_id"])
    tables = {
        name: table[table["session_id"].isin(wanted)].reset_index(drop=True)
        for name, table in log.tables().items()
        if "session_id" in table
    }
    pairs = log.reliability_pairs
    pairs = pairs[pairs["session_a"].isin(wanted) & pairs["session_b"].isin(wanted)].reset_index(drop=True)
    return FieldLog(**tables, reliability_pairs=pairs, findings=findings)


def field_summary(
    study: Study, *, by: Sequence[str] = (), station: str = "", level: float = 0.95, seed: int = SEED
) -> FieldSummary:
    """Return all that the field logs allow to say: rates, crowding, occlusion, blind spots.

    Parameters
    ----------
    study : Study
        The study.
    by : sequence of str, optional
        Columns that tell figures apart, such as daypart.
    station : str, optional
        Only this station.
    level : float, default 0.95
        Confidence of the intervals.
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    FieldSummary
        Every figure with numerator, denominator, sampling rule and interval; what cannot be had says why.

    Raises
    ------
    StudyError
        If there are no field logs.
    ParameterError
        For an unknown column.
    """
    log = study_log(study, station=station)
    return summarise_field_log(log, by=by, level=level, rng=np.random.default_rng(seed))


def field_agreement(
    study: Study, *, station: str = "", tolerance_s: float = 2.0, seed: int = SEED, draws: int = 2000
) -> ObserverAgreement:
    """Return how well observers agree who watched one point at the same time.

    Parameters
    ----------
    study : Study
        The study.
    station : str, optional
        Only this station.
    tolerance_s : float, default 2
        Largest difference of two events that are the same, s.
    seed : int, optional
        Of the bootstrap.
    draws : int, default 2000
        Bootstrap draws.

    Raises
    ------
    StudyError
        If there are no field logs.
    ParameterError
        If no two sessions overlap.
    """
    log = study_log(study, station=station)
    return observer_agreement(log, tolerance_s=tolerance_s, draws=draws, rng=np.random.default_rng(seed))


def read_places(path: Path) -> tuple[pd.DataFrame, str]:
    """Return where points or placements are on a plan, and which of the two it is.

    Parameters
    ----------
    path : Path
        CSV with point_id (or placement_id), x_px, y_px on the plan, and name if wanted.

    Raises
    ------
    InputError
        If it cannot be read, with every wrong row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(path, "cannot be read", found=str(error)) from error
    names = list(rows[0]) if rows else []
    place = next((one for one in ("point_id", "placement_id") if one in names), "")
    if not place or not {"x_px", "y_px"} <= set(names):
        raise InputError(
            path, "columns are missing", place="header", expected="point_id (or placement_id), x_px, y_px",
            found=", ".join(map(str, names)) or "nothing",
        )  # fmt: skip
    wrong, kept = [], []
    for number, row in enumerate(rows, start=2):
        try:
            kept.append({**row, "x_px": float(row["x_px"]), "y_px": float(row["y_px"])})
        except (TypeError, ValueError):
            wrong.append(f"row {number}: x_px {row['x_px']!r}, y_px {row['y_px']!r}")
    if wrong:
        raise InputError(path, "these are no pixels", found="; ".join(wrong[:20]))
    table = pd.DataFrame(kept)
    if "name" in table:
        table["name"] = table["name"].where(table["name"].fillna("") != "", table[place])
    return table, place


def draw_map(
    study: Study,
    plan: Path,
    places: Path,
    out: Path,
    *,
    colour: str = "notice_rate",
    size: str | None = "flow_per_min",
    station: str = "",
    title: str = "",
) -> FieldFigures:
    """Draw counts and rates on the floor plan of a station.

    Parameters
    ----------
    study : Study
        The study.
    plan : Path
        The plan, a picture file.
    places : Path
        See `read_places`.
    out : Path
        PNG, PDF or SVG to write.
    colour, size : str
        Figures shown as the colour and the area of discs.
    station : str, optional
        Only this station; needed where stations have points of the same name.
    title : str, optional
        Above the plan.

    Returns
    -------
    FieldFigures
        What is drawn.

    Raises
    ------
    InputError
        If a file cannot be used.
    StudyError
        If there are no field logs.
    ParameterError
        For an unknown figure, or points of several stations.
    """
    figure, figures = map_figure(study, plan, places, colour=colour, size=size, station=station, title=title)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out)
    except (OSError, ValueError) as error:
        raise InputError(out, "cannot be written", found=str(error)) from error
    return figures


def map_figure(
    study: Study,
    plan: Path,
    places: Path,
    *,
    colour: str = "notice_rate",
    size: str | None = "flow_per_min",
    station: str = "",
    title: str = "",
) -> tuple[Figure, FieldFigures]:
    """Return the figure of `draw_map`, and what is drawn; parameters and errors as there."""
    from gazestudy.plots.station_plan import draw_station_plan

    image = _picture(plan)
    table, place = read_places(places)
    log = study_log(study, station=station)
    stations = log.sessions.groupby("point_id")["station_id"].nunique()
    if place == "point_id" and (stations > 1).any():
        several = ", ".join(stations[stations > 1].index)
        raise ParameterError("station", station, f"one station: several have the points {several}")
    figures = field_figures(log, by=(place,))
    figure = draw_station_plan(image, table, figures, colour=colour, size=size, place=place, title=title)
    return figure, figures


def _picture(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"the plan cannot be read: {error.strerror}") from error
    image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise InputError(path, "this is no picture that can be read", expected="PNG, JPEG, TIFF or BMP")
    return np.ascontiguousarray(image[..., ::-1], dtype=np.uint8)
