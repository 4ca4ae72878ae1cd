"""Runs of gaze on a placement or AOI."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazestudy.model.tables import VISITS


def find_visits(
    gaze: pd.DataFrame, fixations: pd.DataFrame, part: pd.Series, *, max_gap_ms: float = 200.0
) -> pd.DataFrame:
    """Return the visits to each placement and AOI.

    Parameters
    ----------
    gaze : DataFrame
        Samples on it: `sample` (row of the gaze table), `t_ns`, `placement_id`, `aoi_id` (empty for the
        placement itself). A sample on several AOIs has several rows.
    fixations : DataFrame
        Fixations on it: `event_id`, `onset_ns`, `offset_ns`, `placement_id`, `aoi_id`.
    part : Series of int
        Part of every row of the gaze table.
    max_gap_ms : float
        A visit goes on after at most this long without gaze on it: a blink, a passer-by, lost samples.

    Returns
    -------
    DataFrame
        Table that keeps the contract `VISITS`, ordered by onset. Visits without a fixation are there too,
        with a count of 0.

    Notes
    -----
    A fixation belongs to the visit that holds its middle, else to the nearest visit it overlaps with; every
    fixation is counted once per placement or AOI.
    """
    if len(gaze) == 0:
        return VISITS.empty()
    keys = ["placement_id", "aoi_id"]
    samples = gaze.drop_duplicates(["sample", *keys]).sort_values([*keys, "sample"], kind="stable")
    where = samples["sample"].to_numpy(np.int64)
    t_ns = samples["t_ns"].to_numpy(np.int64)
    group = samples.groupby(keys, sort=False).ngroup().to_numpy(np.int64)
    in_part = part.to_numpy(np.int64)[where]
    new = (np.diff(group) != 0) | (np.diff(in_part) != 0) | (np.diff(t_ns) > max_gap_ms * 1e6)
    first = np.concatenate(([0], np.flatnonzero(new) + 1))
    last = np.append(first[1:], len(where)) - 1
    visits = samples.iloc[first][keys].reset_index(drop=True)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(group[first])) + 1))
    run = np.arange(len(first)) - np.repeat(starts, np.diff(np.append(starts, len(first))))
    visits["visit"] = run.astype(np.int64)
    visits["onset_ns"], visits["offset_ns"] = t_ns[first], t_ns[last]
    visits["duration_ms"] = (visits["offset_ns"] - visits["onset_ns"]) / 1e6
    visits["fixation_count"] = _count_fixations(visits, fixations)
    return VISITS.check(visits.sort_values("onset_ns", kind="stable", ignore_index=True))


def _count_fixations(visits: pd.DataFrame, fixations: pd.DataFrame) -> np.ndarray:
    """Give every fixation to the visit nearest to its middle, of those of the same placement and AOI."""
    count = np.zeros(len(visits), dtype=np.int64)
    middle = (fixations["onset_ns"] + fixations["offset_ns"]) // 2
    by_target = {key: rows.index for key, rows in visits.groupby(["placement_id", "aoi_id"], sort=False)}
    for key, rows in fixations.groupby(["placement_id", "aoi_id"], sort=False):
        if key not in by_target:
            continue
        candidates = by_target[key]
        onset = visits.loc[candidates, "onset_ns"].to_numpy(np.int64)
        offset = visits.loc[candidates, "offset_ns"].to_numpy(np.int64)
        at = middle.loc[rows.index].to_numpy(np.int64)
        after = np.searchsorted(onset, at, side="right")
        before = np.clip(after - 1, 0, len(onset) - 1)
        after = np.clip(after, 0, len(onset) - 1)
        nearer_after = np.abs(onset[after] - at) < np.maximum(at - offset[before], 0)
        np.add.at(count, candidates.to_numpy()[np.where(nearer_after, after, before)], 1)
    return count
