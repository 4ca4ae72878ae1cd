"""Vendor tables of a Pro Lab export: eye movements, mapping onto snapshots, AOI hits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gazestudy.importers.recordings.tobii.pro_lab_columns import Columns, text_of
from gazestudy.importers.text_tables import TextTable
from gazestudy.model import Finding

Times = NDArray[np.int64]
MOVEMENTS = ("index", "start_ns", "end_ns", "duration_ms", "samples", "x_px", "y_px")
NOT_MAPPED = ("", "eyesnotfoundmovement", "eyesnotfound", "unclassified")

_HIT_STATES = {"1": "hit", "0": "no_hit", "": "inactive"}


def _codes(cells: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Return a text column as codes and the texts they stand for."""
    encoded = cells.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return np.asarray(
        encoded.indices.to_numpy(zero_copy_only=False), np.int64
    ), encoded.dictionary.to_pylist()


def _runs(*columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and last row of each run in which no column changes."""
    count = len(columns[0])
    if count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    changes = np.zeros(count - 1, np.bool_)
    for column in columns:
        changes |= np.diff(column) != 0
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return starts, np.concatenate([starts[1:] - 1, [count - 1]])


def movements(table: TextTable, t_ns: Times, columns: Columns) -> pd.DataFrame:
    """Return the eye movements that Pro Lab classified, one row each.

    Parameters
    ----------
    table : TextTable
        Rows of the eye tracker; the classes are repeated on each.
    t_ns : ndarray of int64, shape (n_rows,)
        Their times.
    columns : Columns
        The header.

    Returns
    -------
    DataFrame
        Columns kind (as written), index, start_ns and end_ns (first and last sample in this table),
        duration_ms (as the vendor says, NaN where it does not), samples, x_px, y_px.
    """
    kind_name = columns.find("eye movement type")
    if kind_name is None:
        return pd.DataFrame(columns=["kind", *MOVEMENTS])
    duration = columns.find("gaze event duration", "eye movement event duration")
    found = _movements(
        table,
        t_ns,
        kind_name,
        columns.find("eye movement type index"),
        (
            columns.find("fixation point x", units=("mcs px", "dacs px", "px", "")),
            columns.find("fixation point y", units=("mcs px", "dacs px", "px", "")),
        ),
    )
    given = table.floats(duration)[found.pop("first_row").to_numpy()] if duration and len(found) else np.nan
    found.insert(4, "duration_ms", given)
    return found[found["kind"] != ""].reset_index(drop=True)


def mapped_movements(table: TextTable, t_ns: Times, columns: Columns) -> pd.DataFrame:
    """Return fixations that were mapped onto snapshots: snapshot, index, times, place on the snapshot."""
    pieces = []
    for snapshot, its in columns.snapshots.items():
        kind = its.get("mapped eye movement type")
        if kind is None:
            continue
        place = (its.get("mapped fixation x"), its.get("mapped fixation y"))
        found = _movements(table, t_ns, kind, its.get("mapped eye movement type index"), place)
        found.insert(0, "snapshot", snapshot)
        pieces.append(found[~found["kind"].str.lower().isin(NOT_MAPPED)].drop(columns="first_row"))
    if not pieces:
        return pd.DataFrame(
            columns=["snapshot", "kind", "index", "start_ns", "end_ns", "samples", "x_px", "y_px"]
        )
    return pd.concat(pieces, ignore_index=True)


def _movements(
    table: TextTable, t_ns: Times, kind: str, index: str | None, place: Sequence[str | None]
) -> pd.DataFrame:
    codes, words = _codes(text_of(table, kind))
    numbers = table.ints(index) if index else np.zeros(len(table), np.int64)
    starts, ends = _runs(codes, numbers)
    x_px, y_px = (table.floats(one)[starts] if one else np.full(len(starts), np.nan) for one in place)
    return pd.DataFrame(
        {
            "kind": pd.Series([words[code] for code in codes[starts].tolist()], dtype="str"),
            "index": numbers[starts],
            "start_ns": t_ns[starts],
            "end_ns": t_ns[ends],
            "samples": ends - starts + 1,
            "x_px": x_px,
            "y_px": y_px,
            "first_row": starts,
        }
    )


def mapped_gaze(table: TextTable, t_ns: Times, columns: Columns) -> pd.DataFrame:
    """Return gaze samples mapped onto snapshots: snapshot, t_ns, x_px, y_px, and how it was mapped."""
    pieces = []
    for snapshot, its in columns.snapshots.items():
        for how in ("mapped", "manually mapped", "automatically mapped"):
            names = [its.get(f"{how} gaze {what} {axis}") for what in ("data", "point") for axis in "xy"]
            x_name, y_name = names[0] or names[2], names[1] or names[3]
            if x_name is None or y_name is None:
                continue
            x_px, y_px = table.floats(x_name), table.floats(y_name)
            known = np.isfinite(x_px) & np.isfinite(y_px)
            piece = pd.DataFrame({"t_ns": t_ns[known], "x_px": x_px[known], "y_px": y_px[known]})
            piece.insert(0, "snapshot", snapshot)
            piece["how"] = how.removesuffix(" mapped").removesuffix("mapped") or "any"
            pieces.append(piece)
    if not pieces:
        return pd.DataFrame(columns=["snapshot", "t_ns", "x_px", "y_px", "how"])
    return pd.concat(pieces, ignore_index=True)


def aoi_hits(table: TextTable, t_ns: Times, columns: Columns) -> tuple[pd.DataFrame, list[Finding]]:
    """Return runs of samples on and off each AOI.

    Returns
    -------
    DataFrame
        Columns snapshot, aoi, state (hit, no_hit, inactive, unknown), start_ns, end_ns (first and last
        sample of the run) and samples.
    list of Finding
        Cells that say something else.
    """
    pieces, findings = [], []
    for snapshot, aoi, name in columns.aois:
        codes, words = _codes(text_of(table, name))
        unknown = sum(
            int(np.count_nonzero(codes == n)) for n, word in enumerate(words) if word not in _HIT_STATES
        )
        if unknown:
            text = f"{unknown} cells of {name!r} are neither 0, 1 nor empty"
            findings.append(Finding("warning", "aoi_hits", "cells_unreadable", text, unknown))
        starts, ends = _runs(codes)
        states = [_HIT_STATES.get(words[code], "unknown") for code in codes[starts].tolist()]
        piece = pd.DataFrame(
            {"state": states, "start_ns": t_ns[starts], "end_ns": t_ns[ends], "samples": ends - starts + 1}
        )
        piece.insert(0, "aoi", aoi)
        piece.insert(0, "snapshot", snapshot)
        pieces.append(piece)
    if not pieces:
        names = ["snapshot", "aoi", "state", "start_ns", "end_ns", "samples"]
        return pd.DataFrame(columns=names), findings
    return pd.concat(pieces, ignore_index=True), findings


def fixation_centres(found: pd.DataFrame, gaze: pd.DataFrame) -> list[Finding]:
    """Compare the centre of each fixation with the mean of its samples."""
    fixations = found[(found["kind"] == "Fixation") & np.isfinite(found["x_px"].astype(float))]
    apart = []
    t_ns, valid = gaze["t_ns"].to_numpy(), gaze["valid"].to_numpy(bool)
    x_px, y_px = gaze["x_px"].to_numpy(), gaze["y_px"].to_numpy()
    starts = np.searchsorted(t_ns, fixations["start_ns"].to_numpy(np.int64), side="left")
    ends = np.searchsorted(t_ns, fixations["end_ns"].to_numpy(np.int64), side="right")
    for start, end, x, y in zip(starts, ends, fixations["x_px"], fixations["y_px"], strict=True):
        inside = slice(int(start), int(end))
        if valid[inside].any():
            mean_x, mean_y = x_px[inside][valid[inside]].mean(), y_px[inside][valid[inside]].mean()
            apart.append(float(np.hypot(mean_x - x, mean_y - y)))
    if not apart:
        return []
    median = float(np.median(apart))
    text = f"centres of {len(apart)} fixations lie {median:.2f} px (median) from the mean of their samples"
    # Fixations are made from filtered, rounded gaze; far more than a few px means other coordinates.
    severity = "info" if median < 10 else "warning"
    return [Finding(severity, "eye_movements", "check_fixations", text, len(apart))]  # type: ignore[arg-type]
