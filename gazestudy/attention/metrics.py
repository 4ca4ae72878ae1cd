"""What one recording says about each placement and AOI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from gazestudy.attention.exposures import find_exposures
from gazestudy.attention.hits import aoi_hits
from gazestudy.attention.visits import find_visits
from gazestudy.errors import ParameterError
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import Provenance
from gazestudy.model.study import Aoi, Placement
from gazestudy.model.tables import METRICS, VIEWED_MS
from gazestudy.model.timing import sample_durations_ns

_KEYS = ["placement_id", "aoi_id"]

RULES = {
    "exposure_ms": "time in which at least one copy of the placement was located in the scene image with at "
    "least min_visible_share of it visible; holes up to max_hole_ms are filled; exposures shorter than "
    "min_exposure_ms are dropped; an AOI has the exposure of its placement",
    "noticed": "at least one fixation of min_fixation_ms or longer on it that overlaps an exposure",
    "time_to_first_fixation_ms": "onset of the first fixation minus onset of the first exposure, not "
    "below 0; elapsed time, in and out of view; missing where never fixated",
    "exposure_to_first_fixation_ms": "time in view before the first fixation; missing where never fixated",
    "censored_at_ms": "exposure_ms where never fixated, on the scale of exposure_to_first_fixation_ms",
    "fixation_count": "fixations of min_fixation_ms or longer of which at least half of the samples lie on "
    "the placement and whose median position lies on the AOI, within exposures",
    "dwell_ms": "sum of the whole durations of these fixations",
    "gaze_ms": "time of the valid gaze samples on it within exposures, each lasting until the next one, "
    "at most 1.5 usual intervals",
    "visit_count": "runs of gaze on it with at least one fixation; pauses up to max_pause_ms do not "
    "end a run",
    "revisit_count": "visits after the first",
}
"""How every metric is made, in words."""


@dataclass(frozen=True, slots=True)
class MetricParameters:
    """Parameters of the attention metrics.

    Attributes
    ----------
    max_hole_ms : float
        Times in view at most this far apart are one exposure. The default bridges a blurred head turn or a
        passer-by and is shorter than a look elsewhere.
    min_exposure_ms : float
        Shorter exposures do not count. The default keeps all.
    min_visible_share : float
        Frames with a smaller visible share do not count as in view. The default keeps all that was located.
    max_pause_ms : float
        A visit survives pauses up to this: most blinks.
    min_fixation_ms : float
        Shorter fixations do not count: neither as noticed nor as dwell.
    """

    max_hole_ms: float = 200.0
    min_exposure_ms: float = 0.0
    min_visible_share: float = 0.0
    max_pause_ms: float = 200.0
    min_fixation_ms: float = VIEWED_MS

    def __post_init__(self) -> None:
        for name in ("max_hole_ms", "min_exposure_ms", "max_pause_ms", "min_fixation_ms"):
            if not getattr(self, name) >= 0:
                raise ParameterError(name, getattr(self, name), "0 or more milliseconds")
        if not 0 <= self.min_visible_share <= 1:
            raise ParameterError("min_visible_share", self.min_visible_share, "a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class AttentionTables:
    """Attention in one recording.

    Attributes
    ----------
    metrics : DataFrame
        Contract `METRICS`.
    exposures : DataFrame
        Contract `EXPOSURES`: the times in view that the metrics rest on.
    visits : DataFrame
        Contract `VISITS`, also those without a fixation.
    """

    metrics: pd.DataFrame
    exposures: pd.DataFrame
    visits: pd.DataFrame


def attention_tables(
    recording_id: str,
    participant_id: str,
    *,
    placements: Sequence[Placement],
    aois: Sequence[Aoi] = (),
    frames: pd.DataFrame,
    mapping: pd.DataFrame,
    gaze: pd.DataFrame,
    mapped_gaze: pd.DataFrame,
    mapped_fixations: pd.DataFrame,
    camera: Camera | None = None,
    parameters: MetricParameters | None = None,
) -> AttentionTables:
    """Return exposure, noticing, dwell and visits of every placement and AOI in one recording.

    Parameters
    ----------
    recording_id, participant_id : str
        Which recording of whom.
    placements : sequence of Placement
        All placements of the study: each has a row, with `exposure_count` 0 where it was never in view.
    aois : sequence of Aoi
        AOIs on them; each has a row too. They may overlap.
    frames, mapping, gaze, mapped_gaze, mapped_fixations : DataFrame
        Tables of the recording (contracts of these names).
    camera : Camera, optional
        Scene camera, for visual angle and distance.
    parameters : MetricParameters, optional
        What counts as exposure and visit; None: defaults.

    Returns
    -------
    AttentionTables
        The metrics, and the exposures and visits behind them, each with the rule of every metric in its
        provenance. The metrics have one row for each placement, in their order, each followed by its AOIs.

    Raises
    ------
    ParameterError
        If an AOI names a placement that is not among `placements`.

    Notes
    -----
    Numerators and denominators share one base: gaze and fixations outside the exposures that the parameters
    allow are left out, and counted in the provenance.
    """
    chosen = parameters or MetricParameters()
    known = {placement.id for placement in placements}
    for aoi in aois:
        if aoi.placement_id not in known:
            raise ParameterError("aoi", aoi.id, f"a placement of the study; {aoi.placement_id!r} is none")
    exposures = find_exposures(
        mapping,
        frames,
        placements,
        camera=camera,
        max_hole_ms=chosen.max_hole_ms,
        min_duration_ms=chosen.min_exposure_ms,
        min_visible_share=chosen.min_visible_share,
    )
    samples = _in_exposure(mapped_gaze, mapped_gaze["t_ns"], mapped_gaze["t_ns"], exposures)
    long = mapped_fixations[mapped_fixations["duration_ms"] >= chosen.min_fixation_ms]
    long = long.reset_index(drop=True)
    fixations = _in_exposure(long, long["onset_ns"], long["offset_ns"], exposures)
    on_gaze = _on_targets(samples, aois, "sample")
    on_fixations = _on_targets(fixations, aois, "event_id")
    visits = find_visits(on_gaze, on_fixations, gaze["part"], max_gap_ms=chosen.max_pause_ms)

    table = _targets(placements, aois)
    table = table.join(_exposure_columns(exposures), on="placement_id")
    table = table.join(_fixation_columns(on_fixations, exposures), on=_KEYS)
    table = table.join(_gaze_column(on_gaze, gaze), on=_KEYS)
    table = table.join(visits[visits["fixation_count"] > 0].groupby(_KEYS).size().rename("visits"), on=_KEYS)
    result = _finish(table, recording_id, participant_id)
    facts = {
        "rules": RULES,
        "gaze_samples_outside_exposures": len(mapped_gaze) - len(samples),
        "fixations_too_short": len(mapped_fixations) - len(long),
        "fixations_outside_exposures": len(long) - len(fixations),
        "visits_without_fixation": int((visits["fixation_count"] == 0).sum()),
        "visual_angle_from": "scene camera" if camera is not None else "none: no camera",
    }
    provenance = Provenance("attention.metrics", 2, asdict(chosen), facts)
    return AttentionTables(
        provenance.attach(METRICS.check(result)), provenance.attach(exposures), provenance.attach(visits)
    )


def _in_exposure(
    mapped: pd.DataFrame, onset: pd.Series, offset: pd.Series, exposures: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows that overlap an exposure of their placement."""
    keep = np.zeros(len(mapped), dtype=bool)
    placement = mapped["placement_id"].to_numpy(dtype=object)
    start, end = onset.to_numpy(np.int64), offset.to_numpy(np.int64)
    for placement_id, spans in exposures.groupby("placement_id", sort=False):
        rows = np.flatnonzero(placement == placement_id)
        begin, finish = spans["onset_ns"].to_numpy(np.int64), spans["offset_ns"].to_numpy(np.int64)
        latest = np.searchsorted(begin, end[rows], side="right") - 1  # last exposure that began by then
        keep[rows] = (latest >= 0) & (finish[np.maximum(latest, 0)] > start[rows])
    return mapped[keep].reset_index(drop=True)


def _on_targets(mapped: pd.DataFrame, aois: Sequence[Aoi], identity: str) -> pd.DataFrame:
    """Return each row once for its placement (best copy first) and once per AOI it lies on."""
    if "on_share" in mapped:
        mapped = mapped.sort_values("on_share", ascending=False, kind="stable")
    once = mapped.drop_duplicates([identity, "placement_id"]).sort_values(identity, kind="stable")
    once = once.reset_index(drop=True)
    hits = aoi_hits(once, aois)
    on_aois = once.iloc[hits["row"].to_numpy()].assign(aoi_id=hits["aoi_id"].to_numpy())
    whole = once.assign(aoi_id=pd.Series([""] * len(once), dtype="str"))
    return whole if len(on_aois) == 0 else pd.concat([whole, on_aois], ignore_index=True)


def _targets(placements: Sequence[Placement], aois: Sequence[Aoi]) -> pd.DataFrame:
    rows = [
        (placement.id, aoi_id)
        for placement in placements
        for aoi_id in ("", *(aoi.id for aoi in aois if aoi.placement_id == placement.id))
    ]
    return pd.DataFrame(rows, columns=_KEYS, dtype="str")


def _exposure_columns(exposures: pd.DataFrame) -> pd.DataFrame:
    weighted = exposures.assign(share_time=exposures["visible_share_mean"] * exposures["duration_ms"])
    table = weighted.groupby("placement_id").agg(
        exposure_count=("exposure", "size"),
        exposure_ms=("duration_ms", "sum"),
        share_time=("share_time", "sum"),
        width_deg_max=("width_deg_max", "max"),
        distance_mm_min=("distance_mm_min", "min"),
    )
    unknown = weighted["share_time"].isna().groupby(weighted["placement_id"]).any()
    table["visible_share_mean"] = (table.pop("share_time") / table["exposure_ms"]).mask(unknown)
    return table


def _fixation_columns(fixations: pd.DataFrame, exposures: pd.DataFrame) -> pd.DataFrame:
    ordered = fixations.sort_values("onset_ns", kind="stable")
    table = ordered.groupby(_KEYS).agg(
        fixation_count=("event_id", "size"),
        dwell_ms=("duration_ms", "sum"),
        first_fixation_ms=("duration_ms", "first"),
        first_fixation_ns=("onset_ns", "first"),
    )
    elapsed = pd.Series(0.0, index=table.index)  # from int64 times, which float would round
    in_view = pd.Series(0.0, index=table.index)
    for placement_id, spans in exposures.groupby("placement_id", sort=False):
        if placement_id not in table.index.get_level_values(0):
            continue
        at = table.loc[[placement_id], "first_fixation_ns"].to_numpy(np.int64)[:, None]
        begin, finish = spans["onset_ns"].to_numpy(np.int64), spans["offset_ns"].to_numpy(np.int64)
        seen = np.clip(at - begin, 0, finish - begin).sum(axis=1) / 1e6
        in_view.loc[[placement_id]] = seen
        elapsed.loc[[placement_id]] = np.maximum(at[:, 0] - begin.min(), 0) / 1e6
    table["exposure_to_first_fixation_ms"] = in_view
    table["time_to_first_fixation_ms"] = elapsed
    return table


def _gaze_column(on_gaze: pd.DataFrame, gaze: pd.DataFrame) -> pd.Series:
    lasts_ns = sample_durations_ns(gaze["t_ns"].to_numpy(np.int64), gaze["part"].to_numpy(np.int64))
    each = on_gaze.assign(gaze_ms=lasts_ns[on_gaze["sample"].to_numpy(np.int64)] / 1e6)
    return each.groupby(_KEYS)["gaze_ms"].sum()


def _finish(table: pd.DataFrame, recording_id: str, participant_id: str) -> pd.DataFrame:
    """Fill what never happened and put the columns in order."""
    result = table.copy()
    for name in ("exposure_count", "fixation_count", "visits"):
        result[name] = result[name].fillna(0).astype(np.int64)
    for name in ("exposure_ms", "dwell_ms", "gaze_ms"):
        result[name] = result[name].fillna(0.0).astype(np.float64)
    result["recording_id"] = pd.Series([recording_id] * len(result), dtype="str")
    result["participant_id"] = pd.Series([participant_id] * len(result), dtype="str")
    result["noticed"] = result["fixation_count"] > 0
    result["censored_at_ms"] = result["exposure_ms"].where(~result["noticed"])
    result["visit_count"] = result["visits"]
    result["revisit_count"] = (result["visits"] - 1).clip(lower=0)
    floats = [column.name for column in METRICS.columns if column.dtype == "float"]
    result = result.astype(dict.fromkeys(floats, np.float64))
    return result[METRICS.names]
