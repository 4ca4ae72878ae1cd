"""Enrichment exports of Pupil Cloud: Marker Mapper and Reference Image Mapper.

Written from the vendor's documentation (export formats and surface coordinates of both mappers); no real
export was at hand. It says: `timestamp [ns]` equals the time of the gaze sample before mapping; surface
coordinates are (0, 0) at the top left corner of the surface and (1, 1) at the bottom right one, and go beyond
both outside of it; reference image coordinates are in pixels; positions are empty, or the row is missing,
where the surface or picture was not located. It does not say where in a pixel the origin lies: the centre of
the first one is taken, as everywhere here; half a pixel is the most that can be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError
from gazestudy.importers.mapped_gaze.tables import VendorMapping, VendorTables
from gazestudy.importers.sources import Source
from gazestudy.importers.text_tables import TextTable, column_key, read_table, sniff_header
from gazestudy.model import Finding

GAZE, FIXATIONS, POSITIONS, SECTIONS = "gaze.csv", "fixations.csv", "surface_positions.csv", "sections.csv"
INFO = "enrichment_info.txt"
CORNERS = tuple(f"{corner} {axis} [px]" for corner in ("tl", "tr", "br", "bl") for axis in "xy")

_PICTURES = ("reference_image.jpeg", "reference_image.png", "reference_image.jpg")
_Reader = Callable[[], pd.DataFrame]
_TRUE = ("true", "1", "1.0", "yes")
_DAMAGED = "Download the enrichment again"


@dataclass(frozen=True, slots=True)
class _Kind:
    """Column names of one mapper."""

    method: str
    gaze: tuple[str, str, str]
    fixation: tuple[str, str, str]


_KINDS = (
    _Kind(
        "pupil-cloud.marker-mapper",
        (
            "gaze detected on surface",
            "gaze position on surface x [normalized]",
            "gaze position on surface y [normalized]",
        ),
        ("fixation detected on surface", "fixation x [normalized]", "fixation y [normalized]"),
    ),
    _Kind(
        "pupil-cloud.reference-image-mapper",
        (
            "gaze detected in reference image",
            "gaze position in reference image x [px]",
            "gaze position in reference image y [px]",
        ),
        ("fixation detected in reference image", "fixation x [px]", "fixation y [px]"),
    ),
)


def refusal(source: Source) -> str | None:
    """Return why a folder is no such export, or None if it is one."""
    if not source.has(GAZE):
        return f"there is no {GAZE}"
    if _kind(source) is None:
        return f"{GAZE} has no columns of gaze on a surface or in a reference image"
    return None


def read(source: Source) -> VendorMapping:
    """Return the mapped gaze of an export.

    Parameters
    ----------
    source : Source
        A folder that `refusal` does not refuse.

    Returns
    -------
    VendorMapping
        By recording id.

    Raises
    ------
    InputError
        If gaze.csv is damaged, or the reference image that gives its pixels their size is missing.
    """
    kind = _kind(source)
    if kind is None:
        raise InputError(source.place(GAZE), "this is no export of mapped gaze", advice=_DAMAGED)
    return _Export(source, kind).mapping()


def _kind(source: Source) -> _Kind | None:
    sniffed = sniff_header(source, GAZE)
    names = {column_key(name) for name in sniffed[0]} if sniffed else set()
    return next((kind for kind in _KINDS if column_key(kind.gaze[1]) in names), None)


class _Export:
    def __init__(self, source: Source, kind: _Kind) -> None:
        self.source, self.kind = source, kind
        self.findings: list[Finding] = [
            Finding(
                "info",
                "mapping",
                "documented_only",
                "read as the vendor documents the format; no real export was at hand to prove it",
            )
        ]
        self.size_px, self.picture = self._picture()

    def mapping(self) -> VendorMapping:
        gaze = self._gaze()
        if len(gaze) == 0:
            raise InputError(self.source.place(GAZE), "there is not one mapped sample", advice=_DAMAGED)
        sections = self._optional(SECTIONS, self._sections)
        owners = dict(zip(gaze["section"], gaze["recording"], strict=True))
        owners |= dict(zip(sections["section"], sections["recording"], strict=True))
        positions = self._optional(POSITIONS, lambda: self._positions(owners))
        fixations = self._optional(FIXATIONS, self._fixations)
        recordings = {
            str(name): VendorTables(
                self._in_order(rows, str(name)),
                _of(positions, name).sort_values("t_ns", kind="stable", ignore_index=True),
                _of(fixations, name).sort_values("start_ns", kind="stable", ignore_index=True),
                _of(sections, name).drop(columns="section").reset_index(drop=True),
            )
            for name, rows in gaze.groupby("recording", sort=False)
        }
        known = (GAZE, FIXATIONS, POSITIONS, SECTIONS, INFO, self.picture)
        used = [name for name in self.source.names() if name in known]
        facts = {"enrichment": self._info()} if self.source.has(INFO) else {}
        return VendorMapping(
            self.kind.method,
            "unix_utc",
            self.size_px,
            recordings,
            self.source.hashes(used),
            facts,
            tuple(self.findings),
        )

    def _picture(self) -> tuple[tuple[int, int] | None, str]:
        """Return size and name of the reference image; surfaces need none."""
        if "[px]" not in self.kind.gaze[1]:
            return None, ""
        name = next((name for name in _PICTURES if self.source.has(name)), None)
        if name is None:
            raise InputError(
                self.source.place(_PICTURES[0]),
                "the reference image is missing, without which its pixels have no size",
                advice="Put it back into the folder, or download the enrichment again",
            )
        data = np.frombuffer(self.source.read(name), dtype=np.uint8)
        try:  # without turning it by the camera's mark: pixels are counted as they are stored
            image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
        except cv2.error:
            image = None
        if image is None:
            raise InputError(self.source.place(name), "this is no picture", advice=_DAMAGED)
        return (int(image.shape[1]), int(image.shape[0])), name

    def _shares(self, table: TextTable, x: str, y: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x_share, y_share = table.floats(table.need(x)), table.floats(table.need(y))
        if self.size_px is not None:
            x_share = (x_share + 0.5) / self.size_px[0]
            y_share = (y_share + 0.5) / self.size_px[1]
        nowhere = ~(np.isfinite(x_share) & np.isfinite(y_share))
        return np.where(nowhere, np.nan, x_share), np.where(nowhere, np.nan, y_share)

    def _gaze(self) -> pd.DataFrame:
        table = read_table(self.source, GAZE, "gaze")
        t_ns = table.times_ns(table.need("timestamp [ns]"))
        detected_name, x_name, y_name = self.kind.gaze
        x_share, y_share = self._shares(table, x_name, y_name)
        gaze = pd.DataFrame(
            {
                "recording": table.text(table.need("recording id")),
                "section": _text(table, "section id"),
                "t_ns": t_ns,
                "x_share": x_share,
                "y_share": y_share,
                "detected": _true(table, detected_name),
                "fixation_id": _ids(table, "fixation id"),
                "blink_id": _ids(table, "blink id"),
            }
        )
        self.findings.extend(table.findings)
        self._check_flag(gaze)
        return gaze

    def _check_flag(self, gaze: pd.DataFrame) -> None:
        """Compare what the vendor calls inside with what its coordinates say."""
        x_share, y_share = gaze["x_share"].to_numpy(), gaze["y_share"].to_numpy()
        inside = (x_share >= 0) & (x_share <= 1) & (y_share >= 0) & (y_share <= 1)
        located = np.isfinite(x_share)
        differ = int(np.count_nonzero(inside != gaze["detected"].to_numpy()))
        name = self.kind.gaze[0]
        if differ:
            text = f"{name!r} does not agree with the coordinates of {differ} of {len(gaze)} samples"
            self.findings.append(Finding("warning", "gaze", "detected_differs", text, differ))
        text = f"{int(located.sum())} of {len(gaze)} samples have coordinates, {int(inside.sum())} lie inside"
        self.findings.append(Finding("info", "gaze", "located", text, int(located.sum())))

    def _in_order(self, rows: pd.DataFrame, name: str) -> pd.DataFrame:
        """Return the rows of one recording by time; sections that overlap hold samples twice."""
        table = rows.drop(columns=["recording", "section"]).sort_values("t_ns", kind="stable")
        once = table.drop_duplicates("t_ns").reset_index(drop=True)
        twice = len(table) - len(once)
        if twice:
            text = f"{twice} samples of recording {name} are in several sections; the first is taken"
            self.findings.append(Finding("info", "gaze", "repeated_times", text, twice))
        return once

    def _optional(self, name: str, make: _Reader) -> pd.DataFrame:
        """Read a table that may be missing or broken without harm to the gaze."""
        if self.source.has(name):
            try:
                return make()
            except InputError as error:
                self.findings.append(Finding("problem", name, "table_damaged", str(error), 1))
        return _EMPTY[name].copy()

    def _sections(self) -> pd.DataFrame:
        table = read_table(self.source, SECTIONS, "sections")
        start_ns = table.times_ns(table.need("section start time [ns]"))
        end_ns = table.ints(table.need("section end time [ns]"))
        self.findings.extend(table.findings)
        return pd.DataFrame(
            {
                "recording": table.text(table.need("recording id")),
                "section": _text(table, "section id"),
                "start_ns": start_ns,
                "end_ns": end_ns,
            }
        )

    def _positions(self, owners: dict[str, str]) -> pd.DataFrame:
        table = read_table(self.source, POSITIONS, "positions")
        t_ns = table.times_ns(table.need("timestamp [ns]"))
        owner = table.find("recording id")
        recording = (
            table.text(owner) if owner is not None else _text(table, "section id").map(owners).fillna("")
        )
        columns: dict[str, object] = {"recording": recording, "t_ns": t_ns}
        for name in CORNERS:
            columns[name.replace(" [px]", "_px").replace(" ", "_")] = table.floats(table.need(name))
        self.findings.extend(table.findings)
        return pd.DataFrame(columns)

    def _fixations(self) -> pd.DataFrame:
        table = read_table(self.source, FIXATIONS, "fixations")
        start_ns = table.times_ns(table.need("start timestamp [ns]"))
        detected_name, x_name, y_name = self.kind.fixation
        x_share, y_share = self._shares(table, x_name, y_name)
        self.findings.extend(table.findings)
        return pd.DataFrame(
            {
                "recording": table.text(table.need("recording id")),
                "fixation_id": _ids(table, "fixation id"),
                "start_ns": start_ns,
                "end_ns": table.ints(table.need("end timestamp [ns]")),
                "x_share": x_share,
                "y_share": y_share,
                "detected": _true(table, detected_name),
            }
        )

    def _info(self) -> str:
        return self.source.head(INFO, 2000).decode("utf-8", errors="replace").strip()


def _of(table: pd.DataFrame, recording: object) -> pd.DataFrame:
    return table[table["recording"] == recording].drop(columns="recording")


def _text(table: TextTable, name: str) -> pd.Series:
    found = table.find(name)
    return table.text(found) if found is not None else pd.Series([""] * len(table), dtype="str")


def _true(table: TextTable, name: str) -> NDArray[np.bool_]:
    return np.asarray(table.text(table.need(name)).str.lower().isin(_TRUE), dtype=np.bool_)


def _ids(table: TextTable, name: str) -> NDArray[np.int64]:
    found = table.find(name)
    return table.ints(found) if found is not None else np.full(len(table), -1, dtype=np.int64)


def _empty(**columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in columns.items()})


_EMPTY = {
    SECTIONS: _empty(recording="str", section="str", start_ns="int64", end_ns="int64"),
    POSITIONS: _empty(
        recording="str",
        t_ns="int64",
        **{name.replace(" [px]", "_px").replace(" ", "_"): "float64" for name in CORNERS},
    ),
    FIXATIONS: _empty(
        recording="str",
        fixation_id="int64",
        start_ns="int64",
        end_ns="int64",
        x_share="float64",
        y_share="float64",
        detected="bool",
    ),
}
"""What stands in for a table that is not there."""
