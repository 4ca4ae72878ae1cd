"""Table contracts: which columns each table has, with unit, type and meaning, checked in one place.

Tables are pandas data frames. Extra columns are welcome everywhere; the columns named here are always there.
Times are int64 nanoseconds on the clock of the recording. `reason` says why a sample is not valid: nothing is
only NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from gazestudy.errors import TableError

REASONS = ("ok", "blink", "not_worn", "low_confidence", "device_error", "out_of_image", "no_data")
"""Why a gaze sample is (not) valid."""

FRAME_KINDS = ("real", "filler", "gap")
"""A real picture, a picture put in by the vendor to fill a hole, a hole without a picture."""

EVENT_KINDS = ("fixation", "saccade", "pursuit", "blink", "loss", "unclassified")
"""Classes of gaze events."""

MAPPING_STATES = (
    "mapped",
    "too_few_matches",
    "bad_geometry",
    "wrong_appearance",
    "too_small",
    "ambiguous",
    "lost",
)
"""Whether a placement was located in a frame, or why a candidate was refused."""

DType = Literal["int", "float", "bool", "str", "category"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        Its name, with the unit as last part.
    dtype : {"int", "float", "bool", "str", "category"}
        Kind of values. "int" columns whose name ends in `_ns` are int64; floats may hold NaN.
    meaning : str
        What it holds.
    categories : tuple of str
        Allowed values of a category column.
    """

    name: str
    dtype: DType
    meaning: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableContract:
    """The columns a table must have.

    Attributes
    ----------
    name : str
        Name of the table.
    columns : tuple of Column
        Its columns, in their usual order.
    sorted_by : str or None
        Column that never decreases.
    """

    name: str
    columns: tuple[Column, ...]
    sorted_by: str | None = None

    def check(self, table: pd.DataFrame, where: str = "") -> pd.DataFrame:
        """Return `table` unchanged if it keeps the contract.

        Parameters
        ----------
        table : DataFrame
            The table.
        where : str, optional
            Where it came from, for the error text.

        Returns
        -------
        DataFrame
            The same table.

        Raises
        ------
        TableError
            With every breach.
        """
        breaches: list[str] = []
        for column in self.columns:
            if column.name not in table.columns:
                breaches.append(f"column {column.name!r} is missing ({column.meaning})")
                continue
            problem = _dtype_problem(column, table[column.name])
            if problem:
                breaches.append(problem)
        if self.sorted_by is not None and self.sorted_by in table.columns and not breaches:
            values = table[self.sorted_by].to_numpy()
            backwards = int(np.count_nonzero(values[1:] < values[:-1]))
            if backwards:
                breaches.append(f"{self.sorted_by!r} goes backwards {backwards} times")
        if breaches:
            raise TableError(self.name, breaches, where)
        return table

    def empty(self) -> pd.DataFrame:
        """Return a table without rows."""
        return pd.DataFrame({column.name: _empty_series(column) for column in self.columns})

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def categorical(values: Any, categories: tuple[str, ...]) -> pd.Categorical:
    """Return `values` as an unordered categorical with exactly `categories`.

    Examples
    --------
    >>> categorical(["ok", "blink"], REASONS).codes.tolist()
    [0, 1]
    """
    return pd.Categorical(values, categories=list(categories))


def fill_table(
    contract: TableContract, given: pd.DataFrame, defaults: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Return rows as a table that keeps its contract, with a default where a value is not given.

    Parameters
    ----------
    contract : TableContract
        The columns wanted.
    given : DataFrame
        Some or all of them; extra columns stay behind those of the contract.
    defaults : mapping of str to value, optional
        By column. Without one, text is "" ("{}" for JSON), numbers are NaN, whole numbers count up from 0
        over the rows, and categories and booleans must be given.

    Returns
    -------
    DataFrame

    Raises
    ------
    TableError
        If a value does not fit its column, such as an unknown category.

    Examples
    --------
    >>> wanted = TableContract("people", (Column("name", "str", "name"), Column("age", "float", "age")))
    >>> fill_table(wanted, pd.DataFrame({"name": ["Mali", None]}))["name"].tolist()
    ['Mali', '']
    """
    filled = defaults or {}
    columns = {
        column.name: _filled(contract, column, given, filled.get(column.name)) for column in contract.columns
    }
    extra = {str(label): given[label] for label in given.columns if label not in columns}
    return contract.check(pd.DataFrame({**columns, **extra}, index=given.index))


def _filled(contract: TableContract, column: Column, given: pd.DataFrame, default: Any) -> pd.Series:
    missing = column.name not in given
    values = (
        pd.Series([None] * len(given), index=given.index, dtype="object") if missing else given[column.name]
    )
    if column.dtype == "category":
        chosen = values.astype("object").fillna(default)
        unknown = sorted({str(value) for value in chosen} - set(column.categories))
        if unknown:
            expected = ", ".join(column.categories)
            raise TableError(
                contract.name, [f"column {column.name!r} has {unknown}, expected one of {expected}"]
            )
        return pd.Series(categorical(chosen, column.categories), index=given.index)
    if column.dtype == "str":
        empty = "{}" if column.name.endswith("_json") else ""
        return values.astype("object").fillna(empty if default is None else default).astype("str")
    if column.dtype == "int":
        if missing and default is None:
            return pd.Series(range(len(given)), index=given.index, dtype="int64")
        return (values if default is None else values.astype("object").fillna(default)).astype("int64")
    if column.dtype == "bool":
        return values.astype("bool")
    return values.astype("float64").fillna(float("nan") if default is None else default)


def _dtype_problem(column: Column, series: pd.Series) -> str | None:
    name, found = column.name, series.dtype
    if column.dtype == "category":
        return _category_problem(column, series)
    if column.dtype == "str":
        text = pd.api.types.is_string_dtype(found) or (len(series) == 0 and found.kind == "O")
        return None if text else f"column {name!r} must be text, found {found}"
    if name.endswith("_ns") and found != np.int64:
        return f"column {name!r} must be int64 nanoseconds, found {found}"
    if found.kind not in {"int": "iu", "float": "f", "bool": "b"}[column.dtype]:
        return f"column {name!r} must be {column.dtype}, found {found}"
    return None


def _category_problem(column: Column, series: pd.Series) -> str | None:
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return f"column {column.name!r} must be categorical, found {series.dtype}"
    extra = [value for value in series.dtype.categories if value not in column.categories]
    if extra:
        return f"column {column.name!r} has unknown categories {extra}"
    return f"column {column.name!r} has empty values" if series.isna().any() else None


def _empty_series(column: Column) -> pd.Series:
    if column.dtype == "category":
        return pd.Series(categorical([], column.categories))
    dtypes = {"int": "int64", "float": "float64", "bool": "bool", "str": "str"}
    return pd.Series([], dtype=dtypes[column.dtype])


def _contract(name: str, *columns: Column, sorted_by: str | None = None) -> TableContract:
    return TableContract(name, columns, sorted_by)


T_NS = Column("t_ns", "int", "time on the clock of the recording, ns")
_PLACEMENT = Column("placement_id", "str", "which placement")
_RECORDING = Column("recording_id", "str", "which recording")

GAZE = _contract(
    "gaze",
    T_NS,
    Column(
        "x_px",
        "float",
        "gaze in the distorted scene image, px from the centre of the first pixel; NaN if none",
    ),
    Column("y_px", "float", "likewise, downwards"),
    Column("valid", "bool", "the sample may be used"),
    Column("reason", "category", "why not", REASONS),
    Column("confidence", "float", "0 to 1, NaN where the device gives none"),
    Column("part", "int", "part of the recording; nothing is ever computed across parts"),
    sorted_by="t_ns",
)
"""Gaze samples. Optional columns: azimuth_deg, elevation_deg, pupil_left_mm, pupil_right_mm, ..."""

FRAMES = _contract(
    "frames",
    T_NS,
    Column("kind", "category", "real picture, vendor's filler, or hole", FRAME_KINDS),
    Column("part", "int", "part of the recording"),
    Column("video", "int", "which video file of the recording, -1 for none"),
    Column("index", "int", "picture number in that file in presentation order, -1 for none"),
    sorted_by="t_ns",
)
"""Scene frames, one row each; the row number is the frame number used everywhere else."""

IMU = _contract(
    "imu",
    T_NS,
    Column("gyro_x_deg_s", "float", "angular velocity about the device's x axis"),
    Column("gyro_y_deg_s", "float", "about y"),
    Column("gyro_z_deg_s", "float", "about z"),
    sorted_by="t_ns",
)

MARKERS = _contract(
    "events",
    T_NS,
    Column("name", "str", "text of the event"),
    Column("source", "str", "who wrote it: device, cloud, user"),
    sorted_by="t_ns",
)
"""Events that somebody wrote into the recording (not gaze events)."""

GAZE_EVENTS = _contract(
    "gaze events",
    Column("event_id", "int", "row number, from 0"),
    Column("kind", "category", "class of the event", EVENT_KINDS),
    Column("onset_ns", "int", "start"),
    Column("offset_ns", "int", "end"),
    Column("duration_ms", "float", "end minus start"),
    Column("first_sample", "int", "first gaze row"),
    Column("last_sample", "int", "last gaze row, inclusive"),
    Column("n_samples", "int", "valid samples in it"),
    Column("x_px", "float", "centroid in the scene image (NaN where the input has no pixels)"),
    Column("y_px", "float", "likewise"),
    Column("x_deg", "float", "centroid azimuth, deg, right positive (NaN without a camera)"),
    Column("y_deg", "float", "centroid elevation, deg, up positive"),
    Column("dispersion_deg", "float", "root mean square angle of samples to their centroid"),
    Column("part", "int", "part of the recording"),
    sorted_by="onset_ns",
)
"""Fixations and other gaze events, as every detector returns them."""

MAPPING = _contract(
    "mapping",
    Column("frame", "int", "row of the frames table"),
    T_NS,
    _PLACEMENT,
    Column("creative_id", "str", "which picture of the placement was recognised"),
    Column("copy", "int", "0, 1, ... where the placement hangs more than once; -1 if not known which"),
    Column("state", "category", "mapped, or why a candidate was refused", MAPPING_STATES),
    *(
        Column(
            f"h{row}{column}",
            "float",
            "homography reference px -> undistorted scene px, h22 = 1; NaN if not mapped",
        )
        for row in range(3)
        for column in range(3)
    ),
    Column("inliers", "int", "points that agree with the homography"),
    Column(
        "confidence", "float", "share of textured cells of the reference that look as they should, 0 to 1"
    ),
    Column("visible_share", "float", "share of the reference in the image and not hidden, 0 to 1 if mapped"),
    Column("width_px", "float", "mean width of the placement in undistorted scene px"),
    Column("error_px", "float", "expected error at the centre, reference px"),
    sorted_by="frame",
)
"""One row per frame and located (or refused) placement. No row: nothing like the placement was found.

Reference px are pixels of the first picture of the placement, pixel (0, 0) at the centre of the first pixel.
"""

MAPPED_GAZE = _contract(
    "mapped gaze",
    Column("sample", "int", "row of the gaze table"),
    T_NS,
    _PLACEMENT,
    Column("creative_id", "str", "picture on show"),
    Column("copy", "int", "which copy"),
    Column("frame", "int", "frame on show"),
    Column("x_ref_px", "float", "on the reference image"),
    Column("y_ref_px", "float", "on the reference image"),
    Column("x_mm", "float", "on the placement from its left edge, NaN where the size is not known"),
    Column("y_mm", "float", "from its top edge"),
    sorted_by="sample",
)
"""Valid gaze samples that lie on a placement."""

MAPPED_FIXATIONS = _contract(
    "mapped fixations",
    Column("event_id", "int", "row of the gaze event table"),
    Column("onset_ns", "int", "start of the fixation"),
    Column("offset_ns", "int", "end"),
    Column("duration_ms", "float", "whole duration"),
    _PLACEMENT,
    Column("creative_id", "str", "picture on show"),
    Column("copy", "int", "which copy"),
    Column("x_ref_px", "float", "median of its samples on the reference image"),
    Column("y_ref_px", "float", "likewise"),
    Column("x_mm", "float", "on the placement, NaN where the size is not known"),
    Column("y_mm", "float", "likewise"),
    Column("on_share", "float", "share of its samples that lie on the placement"),
    sorted_by="onset_ns",
)
"""Fixations of which at least half of the samples lie on a placement."""

EXPOSURES = _contract(
    "exposures",
    _PLACEMENT,
    Column("exposure", "int", "0, 1, ... per placement"),
    Column("onset_ns", "int", "placement enters view"),
    Column("offset_ns", "int", "placement leaves view"),
    Column("duration_ms", "float", "time in view"),
    Column("visible_share_mean", "float", "mean visible share while in view"),
    Column("width_deg_max", "float", "largest visual angle of its width (NaN without a camera)"),
    Column("distance_mm_min", "float", "nearest distance, NaN where the size is not known"),
    sorted_by="onset_ns",
)
"""Times in which a placement was in the participant's view."""

VISITS = _contract(
    "visits",
    _PLACEMENT,
    Column("aoi_id", "str", "AOI on it, empty for the whole placement"),
    Column("visit", "int", "0, 1, ... per placement and AOI"),
    Column("onset_ns", "int", "first sample on it"),
    Column("offset_ns", "int", "last sample on it"),
    Column("duration_ms", "float", "end minus start"),
    Column("fixation_count", "int", "fixations in it"),
    sorted_by="onset_ns",
)
"""Runs of gaze on a placement or AOI."""

VIEWED_MS = 100.0
"""Shorter fixations do not count as looking at a placement, ms: the rule for "viewed" that panels use.

Noticing, dwell, first looks and the join with memory share it, so that one study has one number.
"""

METRICS = _contract(
    "metrics",
    _RECORDING,
    Column("participant_id", "str", "pseudonym"),
    _PLACEMENT,
    Column("aoi_id", "str", "AOI on it, empty for the whole placement"),
    Column("exposure_count", "int", "times in view"),
    Column("exposure_ms", "float", "time in view: the denominator"),
    Column("visible_share_mean", "float", "mean visible share while in view"),
    Column("width_deg_max", "float", "largest visual angle of its width"),
    Column("distance_mm_min", "float", "nearest distance"),
    Column("noticed", "bool", "at least one fixation on it that is long enough to count"),
    Column("time_to_first_fixation_ms", "float", "elapsed since the first exposure; NaN where never fixated"),
    Column("exposure_to_first_fixation_ms", "float", "time in view before it; NaN where never fixated"),
    Column("censored_at_ms", "float", "time in view without a fixation; NaN where fixated"),
    Column("first_fixation_ms", "float", "duration of the first fixation"),
    Column("fixation_count", "int", "fixations on it"),
    Column("dwell_ms", "float", "summed duration of fixations on it"),
    Column("gaze_ms", "float", "time of valid gaze samples on it"),
    Column("visit_count", "int", "visits"),
    Column("revisit_count", "int", "visits after the first"),
)
"""One row per recording and placement (and AOI) that was in view, or that the recording could have met."""

CREATIVE_METRICS = _contract(
    "creative metrics",
    *METRICS.columns[:3],
    Column("creative_id", "str", "picture on show"),
    *METRICS.columns[3:],
)
"""The same for each creative of the placements that show more than one."""
