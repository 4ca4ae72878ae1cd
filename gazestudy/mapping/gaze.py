"""Gaze and fixations on the placements, through the homography of the frame on show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.cameras import undistort_px
from gazestudy.geometry.homographies import apply_homography, invert_homography
from gazestudy.mapping.appearance import is_hidden
from gazestudy.mapping.rows import CORNER_ERROR, HIDDEN
from gazestudy.model.camera import Camera
from gazestudy.model.facet_rows import facet_boxes, facet_numbers
from gazestudy.model.provenance import Provenance
from gazestudy.model.study import Placement
from gazestudy.model.tables import MAPPED_FIXATIONS, MAPPED_GAZE, categorical
from gazestudy.model.timing import frame_on_show

Floats = NDArray[np.float64]

VERSION = 6

SAMPLE_STATES = ("on_placement", "in_front", "off_placements", "nothing_mapped", "no_frame", "invalid")
"""Where a gaze sample is: on a placement; on something that hides that part of one; in a frame with mapped
placements but on none of them; in a frame without any mapped placement; without a real frame on show; not
valid."""

MIN_ON_SHARE = 0.5
_LEAST_PICTURED = 0.25
"""A fixation is on a placement if at least this share of its valid samples is."""

ERROR = "error_px"
"""Extra column of mapped gaze: expected error of the mapping at that point, reference px."""

_FAST = 0.05  # widths

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Reference and physical sizes of the placements, by name."""

    px: Mapping[str, tuple[int, int]]
    mm: Mapping[str, tuple[float, float]]

    def columns_mm(self, names: NDArray[np.str_], x_px: Floats, y_px: Floats) -> tuple[Floats, Floats]:
        """Turn reference px into mm from the left and top edge; NaN where the size is not known."""
        unknown = (np.nan, np.nan)
        unique, which = np.unique(names, return_inverse=True)
        px = np.array([self.px[name] for name in unique.tolist()], dtype=np.float64).reshape(-1, 2)[which]
        mm = np.array([self.mm.get(name, unknown) for name in unique.tolist()]).reshape(-1, 2)[which]
        return (x_px + 0.5) / px[:, 0] * mm[:, 0], (y_px + 0.5) / px[:, 1] * mm[:, 1]


def _sizes(placements: Iterable[Placement]) -> _Sizes:
    known = list(placements)
    return _Sizes(
        {p.id: p.size_px for p in known},
        {
            p.id: (p.width_mm, p.height_mm)
            for p in known
            if p.width_mm is not None and p.height_mm is not None
        },
    )


class GazeByFrame(Mapping[int, Floats]):
    """The gaze in each frame: an hour of it is a few arrays instead of 100,000.

    Parameters
    ----------
    numbers : ndarray of int64, shape (m,)
        Frames with gaze, ascending.
    starts : ndarray of int64, shape (m,)
        First point of each.
    points : ndarray of float64, shape (n, 2)
        Points in the distorted scene image, px.
    """

    def __init__(self, numbers: NDArray[np.int64], starts: NDArray[np.int64], points: Floats) -> None:
        self._numbers, self._starts, self._points = numbers, starts, points

    def __getitem__(self, frame: int) -> Floats:
        at = int(np.searchsorted(self._numbers, frame))
        if at == len(self._numbers) or self._numbers[at] != frame:
            raise KeyError(frame)
        end = self._starts[at + 1] if at + 1 < len(self._starts) else len(self._points)
        return self._points[self._starts[at] : end]

    def __iter__(self) -> Iterator[int]:
        return map(int, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def gaze_by_frame(gaze: pd.DataFrame, frames: pd.DataFrame) -> GazeByFrame:
    """Return the valid gaze in each frame.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    frames : DataFrame
        Contract `FRAMES`.

    Returns
    -------
    GazeByFrame
        Frame number to points in the distorted scene image, px, shape (n, 2); frames without valid gaze are
        left out.
    """
    points = gaze[["x_px", "y_px"]].to_numpy(dtype=np.float64)
    on_show = frame_on_show(frames["t_ns"].to_numpy(), gaze["t_ns"].to_numpy())
    good = gaze["valid"].to_numpy(dtype=bool) & np.isfinite(points).all(axis=1) & (on_show >= 0)
    numbers, starts = np.unique(on_show[good], return_index=True)
    return GazeByFrame(numbers, starts, points[good])


def map_gaze(
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    mapping: pd.DataFrame,
    placements: Iterable[Placement],
    camera: Camera | None,
) -> tuple[pd.DataFrame, pd.Categorical]:
    """Put valid gaze samples onto the placements they lie on.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    frames : DataFrame
        Contract `FRAMES`.
    mapping : DataFrame
        Contract `MAPPING`, for the same frames.
    placements : iterable of Placement
        Placements in `mapping`.
    camera : Camera or None
        Scene camera, the one the mapping was made with.

    Returns
    -------
    mapped : DataFrame
        Contract `MAPPED_GAZE`, with provenance, and `error_px`: the expected error of the mapping there,
        reference px. One row for each sample that lies on a placement.
    states : Categorical, shape (n_samples,)
        One of `SAMPLE_STATES` for each row of `gaze`: the honest denominator.

    Notes
    -----
    A sample belongs to the frame on show, and is mapped only if that frame is. Frames show the world where it
    was some milliseconds before the sample, and a walking head turns on: where the next frame is mapped too,
    the position moves from what the one frame says to what the next one says, on the curve through these and
    the frames around them. At 30 deg/s that is up to 1 deg; on a straight line the 95th percentile of the
    error would be twice as large. In the last frame in which a placement is seen it goes on as it came; if it
    has moved by more than 5 % of its width since then, nobody knows where it is, and the sample is not mapped
    onto it. Each facet of a placement that is not flat speaks for its own part of the picture, and for 4 %
    beyond where it meets another one that does not hold the sample. A sample where that part of the
    placement does not look right in its frame
    lies on whoever stands in front, not on the placement. Where placements overlap, the one that is larger in
    the scene image wins, being the nearer one in most cases; at equal size the more confident one.
    """
    placements = list(placements)
    sizes = _sizes(placements)
    samples, rows, on_show = _pairs(gaze, frames, mapping)
    scene = gaze[["x_px", "y_px"]].to_numpy(dtype=np.float64)
    flat = scene if camera is None else undistort_px(scene, camera)
    times_ns = gaze["t_ns"].to_numpy()[samples]
    widths_px = np.array([sizes.px[name][0] for name in mapping["placement_id"]], dtype=np.float64)
    following = _following_rows(mapping, placements)
    reference = _at_sample_time(
        mapping, rows, times_ns, flat[samples], frames["t_ns"].to_numpy(), widths_px, following
    )
    known = np.isfinite(reference).all(axis=1)
    samples, rows, reference = samples[known], rows[known], reference[known]
    located = mapping.iloc[rows]
    names = located["placement_id"].to_numpy(dtype=str)
    low, high = facet_boxes(located, placements)
    strictly = np.all((reference >= low) & (reference < high), axis=1)
    near = facet_boxes(located, placements, seams=True)
    inside = np.all((reference >= near[0]) & (reference < near[1]), axis=1)
    behind = np.zeros(len(samples), dtype=bool)
    if HIDDEN in mapping.columns:
        share = (reference[inside] - low[inside]) / (high - low)[inside]
        packed = located[HIDDEN].to_numpy(dtype=object)[inside]
        behind[inside] = is_hidden(packed, share[:, 0], share[:, 1])
    on = inside & ~behind
    order = np.lexsort(
        (
            -located["confidence"].to_numpy()[on],
            -located["width_px"].to_numpy()[on],
            ~strictly[on],
            samples[on],
        )
    )
    chosen = np.flatnonzero(on)[order]
    _, first = np.unique(samples[chosen], return_index=True)
    chosen = chosen[first]
    x_mm, y_mm = sizes.columns_mm(names[chosen], reference[chosen, 0], reference[chosen, 1])
    table = pd.DataFrame(
        {
            "sample": samples[chosen],
            "t_ns": gaze["t_ns"].to_numpy()[samples[chosen]],
            "placement_id": pd.Series(names[chosen], dtype="str"),
            "creative_id": pd.Series(located["creative_id"].to_numpy(dtype=str)[chosen], dtype="str"),
            "copy": located["copy"].to_numpy(dtype=np.int64)[chosen],
            "frame": located["frame"].to_numpy(dtype=np.int64)[chosen],
            "x_ref_px": reference[chosen, 0],
            "y_ref_px": reference[chosen, 1],
            "x_mm": x_mm,
            "y_mm": y_mm,
            ERROR: _errors_px(
                located.iloc[chosen],
                reference[chosen],
                (low[chosen], high[chosen]),
                np.array([sizes.px[name][0] for name in names[chosen].tolist()], dtype=np.float64),
            ),
        }
    )
    states = _states(gaze, on_show, samples, samples[behind], table["sample"].to_numpy())
    rules = {
        "frame": "on show at the sample's time",
        "pose": "on a Catmull-Rom curve through this frame, the next and those around, where mapped",
        "hidden": "not on a placement where that part of it does not look right in this frame",
        "overlap": "larger in the scene image wins",
    }
    facts = {"samples": dict(Counter(states.tolist()))}
    Provenance("mapping.gaze", VERSION, rules, facts).attach(table)
    return MAPPED_GAZE.check(table), states


def _errors_px(
    located: pd.DataFrame, reference_px: Floats, box_px: tuple[Floats, Floats], widths_px: Floats
) -> Floats:
    """Return the expected error of mapped points: it grows to the corners with the square of the way.

    NaN where a method states no error.
    """
    if CORNER_ERROR not in located.columns:
        return np.full(len(located), np.nan)
    centre = located["error_px"].to_numpy(dtype=np.float64)
    corner = located[CORNER_ERROR].to_numpy(dtype=np.float64) * widths_px
    low, high = box_px
    away = np.linalg.norm((reference_px - (low + high) / 2) / ((high - low) / 2), axis=1) / np.sqrt(2.0)
    error: Floats = np.sqrt(centre**2 + np.maximum(corner**2 - centre**2, 0.0) * np.minimum(away, 1.0) ** 2)
    return error


def unmapped_samples(
    gaze: pd.DataFrame, frames: pd.DataFrame, mapping: pd.DataFrame, states: pd.Categorical
) -> pd.DataFrame:
    """Say for every valid gaze sample that lies on no placement why it does not.

    Parameters
    ----------
    gaze : DataFrame
        Contract `GAZE`.
    frames : DataFrame
        Contract `FRAMES`.
    mapping : DataFrame
        Contract `MAPPING`, for the same frames.
    states : Categorical, shape (n_samples,)
        From `map_gaze`.

    Returns
    -------
    DataFrame
        `sample`, `t_ns`, `frame` (-1 without one), `state` (one of `SAMPLE_STATES`), and `refused`: the
        placements that were suspected in that frame and not believed, each with the reason (one of
        `MAPPING_STATES`), as "name: reason; name: reason"; empty where nothing was suspected.
    """
    state = np.asarray(states)
    sample = np.flatnonzero(~np.isin(state, ["on_placement", "invalid"]))
    frame = frame_on_show(frames["t_ns"].to_numpy(), gaze["t_ns"].to_numpy()[sample])
    doubted = mapping[(mapping["state"] != "mapped").to_numpy(dtype=bool)]
    words = doubted["placement_id"].astype(str) + ": " + doubted["state"].astype(str)
    refused = words.groupby(doubted["frame"]).agg("; ".join)
    return pd.DataFrame(
        {
            "sample": sample,
            "t_ns": gaze["t_ns"].to_numpy()[sample],
            "frame": frame,
            "state": categorical(state[sample], SAMPLE_STATES),
            "refused": pd.Series(refused.reindex(frame).fillna("").to_numpy(), dtype="str"),
        }
    )


def _at_sample_time(
    mapping: pd.DataFrame,
    rows: NDArray[np.int64],
    times_ns: NDArray[np.int64],
    flat_px: Floats,
    frame_ns: NDArray[np.int64],
    widths_px: Floats,
    following: NDArray[np.int64],
) -> Floats:
    """Map undistorted points by their rows of `mapping`, and on towards the next frame.

    NaN where it is not known how far a placement has moved since it was last seen, but it moved fast.
    """
    homography = mapping[_H].to_numpy(dtype=np.float64).reshape(-1, 3, 3)
    reference = apply_homography(invert_homography(homography[rows]), flat_px)
    row_ns = frame_ns[mapping["frame"].to_numpy()]
    longest_ns = _longest_step_ns(frame_ns)
    step_ns = np.where(following >= 0, row_ns[following] - row_ns, 0)
    following = np.where((step_ns > 0) & (step_ns <= longest_ns), following, -1)
    preceding = np.full(len(mapping), -1, dtype=np.int64)
    preceding[following[following >= 0]] = np.flatnonzero(following >= 0)

    def seen_by(which: NDArray[np.int64]) -> Floats:
        """Map the points by other rows; NaN where there is none."""
        points = np.full(flat_px.shape, np.nan)
        use = which >= 0
        points[use] = apply_homography(invert_homography(homography[which[use]]), flat_px[use])
        return points

    before, after = preceding[rows], following[rows]
    earlier, end, later = seen_by(before), seen_by(after), seen_by(np.where(after < 0, -1, following[after]))
    span_ns = np.where(after >= 0, row_ns[after] - row_ns[rows], row_ns[rows] - row_ns[before])
    span_ns = np.where((after >= 0) | (before >= 0), span_ns, 1)
    share = ((times_ns - row_ns[rows]) / span_ns)[:, None].clip(0.0, 1.0)
    start = reference
    goes_on = np.where((after < 0)[:, None], share * (start - earlier), 0.0)
    lost = np.linalg.norm(goes_on, axis=1) > _FAST * widths_px[rows]  # False where nothing came before
    end = np.where((after < 0)[:, None], 2 * start - earlier, end)
    # a turn is neither even nor sudden: the frames around say how the way bends (Catmull-Rom)
    first, second = 2 * start - earlier - end, 2 * end - start - later
    first, second = (
        np.where(np.isfinite(one), one, np.where(np.isfinite(other), other, 0.0))
        for one, other in ((first, second), (second, first))
    )
    moved = start + share * (end - start)
    moved += 0.5 * share * (1 - share) * ((1 - share) * first + share * second)
    moved = np.where(np.isfinite(moved), moved, start)
    moved[lost] = np.nan
    return moved


def _following_rows(mapping: pd.DataFrame, placements: Iterable[Placement]) -> NDArray[np.int64]:
    """Return for each row the mapped row of the same picture and copy in the next frame, or -1.

    Copies that nobody can tell apart, seen together, are followed by where they are.
    """
    mapped = np.flatnonzero((mapping["state"] == "mapped").to_numpy(dtype=bool))
    columns = ["placement_id", "creative_id", "copy"]
    seen = mapping.iloc[mapped]
    groups = seen.assign(facet=facet_numbers(seen)).groupby([*columns, "facet"], sort=False)
    track = np.asarray(groups.ngroup(), dtype=np.int64)
    frame = mapping["frame"].to_numpy(dtype=np.int64)[mapped]
    order = np.lexsort((frame, track))
    one, other = order[:-1], order[1:]
    alike = (track[one] == track[other]) & (frame[one] == frame[other])
    several = np.zeros(len(mapped), dtype=bool)
    several[one[alike]] = several[other[alike]] = True
    joined = (track[one] == track[other]) & (frame[other] == frame[one] + 1) & ~several[one] & ~several[other]
    following = np.full(len(mapping), -1, dtype=np.int64)
    following[mapped[one[joined]]] = mapped[other[joined]]
    shared = np.flatnonzero(np.isin(track, track[several]))
    for here, there in _nearest_pairs(seen.iloc[shared], track[shared], frame[shared], placements):
        following[mapped[shared[here]]] = mapped[shared[there]]
    return following


def _nearest_pairs(
    rows: pd.DataFrame, track: NDArray[np.int64], frame: NDArray[np.int64], placements: Iterable[Placement]
) -> Iterator[tuple[int, int]]:
    """Pair rows of one picture in neighbouring frames that are each other's nearest, by their middles."""
    if len(rows) == 0:
        return
    low, high = facet_boxes(rows, placements)
    homographies = rows[_H].to_numpy(dtype=np.float64).reshape(-1, 3, 3)
    middles = apply_homography(homographies, (low + high) / 2)
    groups: dict[tuple[int, int], list[int]] = {}
    for number, key in enumerate(zip(track.tolist(), frame.tolist(), strict=True)):
        groups.setdefault(key, []).append(number)
    for (which, now), here in groups.items():
        there = groups.get((which, now + 1), [])
        if not there:
            continue
        away = np.linalg.norm(middles[here][:, None] - middles[there][None], axis=2)
        nearest, back = away.argmin(axis=1), away.argmin(axis=0)
        yield from ((here[n], there[m]) for n, m in enumerate(nearest.tolist()) if back[m] == n)


def _longest_step_ns(frame_ns: NDArray[np.int64]) -> float:
    """Return how far apart two frames may be to speak of the time between them."""
    return 1.5 * float(np.median(np.diff(frame_ns))) if len(frame_ns) > 1 else 0.0


def _pairs(
    gaze: pd.DataFrame, frames: pd.DataFrame, mapping: pd.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every (valid sample, mapped row of its frame); and the real frame on show for each sample or -1."""
    on_show = frame_on_show(frames["t_ns"].to_numpy(), gaze["t_ns"].to_numpy())
    real = np.append((frames["kind"] == "real").to_numpy(dtype=bool), False)
    on_show = np.where(real[on_show], on_show, -1)
    mapped = np.flatnonzero((mapping["state"] == "mapped").to_numpy(dtype=bool))
    row_frames = mapping["frame"].to_numpy(dtype=np.int64)[mapped]
    first = np.searchsorted(row_frames, on_show, side="left")
    last = np.searchsorted(row_frames, on_show, side="right")
    usable = gaze["valid"].to_numpy(dtype=bool) & np.isfinite(gaze[["x_px", "y_px"]].to_numpy()).all(axis=1)
    counts = np.where(usable & (on_show >= 0), last - first, 0)
    samples = np.repeat(np.arange(len(gaze)), counts)
    within = np.arange(len(samples)) - np.repeat(np.cumsum(counts) - counts, counts)
    return samples, mapped[first[samples] + within], on_show


def _states(
    gaze: pd.DataFrame,
    on_show: NDArray[np.int64],
    paired: NDArray[np.int64],
    behind: NDArray[np.int64],
    on: NDArray[np.int64],
) -> pd.Categorical:
    states = np.full(len(gaze), SAMPLE_STATES.index("nothing_mapped"))
    states[on_show < 0] = SAMPLE_STATES.index("no_frame")
    states[paired] = SAMPLE_STATES.index("off_placements")
    states[behind] = SAMPLE_STATES.index("in_front")
    states[on] = SAMPLE_STATES.index("on_placement")
    states[~gaze["valid"].to_numpy(dtype=bool)] = SAMPLE_STATES.index("invalid")
    return categorical(np.array(SAMPLE_STATES)[states], SAMPLE_STATES)


def map_fixations(
    gaze_events: pd.DataFrame,
    gaze: pd.DataFrame,
    mapped_gaze: pd.DataFrame,
    placements: Iterable[Placement],
    *,
    states: pd.Categorical | None = None,
    min_on_share: float = MIN_ON_SHARE,
) -> pd.DataFrame:
    """Put fixations onto the placements that most of their samples lie on.

    Parameters
    ----------
    gaze_events : DataFrame
        Contract `GAZE_EVENTS`; only fixations are used.
    gaze : DataFrame
        Contract `GAZE`, the samples the events were found in.
    mapped_gaze : DataFrame
        Contract `MAPPED_GAZE` for them.
    placements : iterable of Placement
        Placements in `mapped_gaze`.
    states : Categorical, optional
        Where each sample lies, from `map_gaze`: samples without a picture say nothing for or against, as long
        as a quarter of the fixation has pictures.
    min_on_share : float
        Smallest share of the valid samples of a fixation that must lie on the placement.

    Returns
    -------
    DataFrame
        Contract `MAPPED_FIXATIONS`, with provenance. Positions are medians of the samples on the placement.

    Notes
    -----
    A fixation goes to one placement and copy only: the one with most of its samples. All pictures of a screen
    count together; the one shown longest is named and gives the position.
    """
    sizes = _sizes(placements)
    fixations = gaze_events[(gaze_events["kind"] == "fixation").to_numpy(dtype=bool)]
    owner = _owner(fixations, len(gaze))
    valid = gaze["valid"].to_numpy(dtype=bool)
    counts = np.bincount(owner[valid & (owner >= 0)], minlength=len(fixations))
    if states is not None:
        telling = np.asarray(states != "no_frame")
        telling[mapped_gaze["sample"]] = True
        telling &= valid & (owner >= 0)
        pictured = np.bincount(owner[telling], minlength=len(fixations))
        counts = np.where(pictured >= _LEAST_PICTURED * counts, pictured, counts)
    hits = mapped_gaze.assign(fixation=owner[mapped_gaze["sample"].to_numpy()])
    hits = hits[hits["fixation"] >= 0]
    keys = ["fixation", "placement_id", "copy", "creative_id"]
    groups = hits.groupby(keys, sort=True, observed=True)[["x_ref_px", "y_ref_px"]]
    table = groups.median().assign(on=groups.size()).reset_index()
    # a switch of picture does not split a look: the placement must reach the share, its main picture is named
    placed = table.groupby(["fixation", "placement_id", "copy"])["on"].transform("sum")
    table = table.assign(placed=placed).sort_values(
        ["fixation", "placed", "on"], ascending=[True, False, False]
    )
    table = table.drop_duplicates("fixation")
    which = table["fixation"].to_numpy(dtype=np.int64)
    share = table["placed"].to_numpy(dtype=np.float64) / np.maximum(counts[which], 1)
    table, which, share = (
        table[share >= min_on_share],
        which[share >= min_on_share],
        share[share >= min_on_share],
    )
    chosen = fixations.iloc[which]
    names = table["placement_id"].to_numpy(dtype=str)
    x_px, y_px = table["x_ref_px"].to_numpy(dtype=np.float64), table["y_ref_px"].to_numpy(dtype=np.float64)
    x_mm, y_mm = sizes.columns_mm(names, x_px, y_px)
    columns: dict[str, Any] = {
        name: chosen[name].to_numpy() for name in ("event_id", "onset_ns", "offset_ns", "duration_ms")
    }
    columns |= {
        "placement_id": pd.Series(names, dtype="str"),
        "creative_id": pd.Series(table["creative_id"].to_numpy(dtype=str), dtype="str"),
        "copy": table["copy"].to_numpy(dtype=np.int64),
        "x_ref_px": x_px,
        "y_ref_px": y_px,
        "x_mm": x_mm,
        "y_mm": y_mm,
        "on_share": share,
    }
    result = pd.DataFrame(columns)
    parameters = {"min_on_share": min_on_share, "position": "median of the samples on the placement"}
    facts = {"fixations": len(fixations), "on_placements": len(result)}
    return Provenance("mapping.fixations", VERSION, parameters, facts).attach(MAPPED_FIXATIONS.check(result))


def _owner(fixations: pd.DataFrame, n_samples: int) -> NDArray[np.int64]:
    """Return the fixation (row of `fixations`) that each sample belongs to, -1 for none."""
    first = fixations["first_sample"].to_numpy(dtype=np.int64)
    last = fixations["last_sample"].to_numpy(dtype=np.int64)
    samples = np.arange(n_samples)
    which = np.searchsorted(first, samples, side="right") - 1
    if len(first) == 0:
        return np.full(n_samples, -1)
    inside = (which >= 0) & (samples <= last[np.maximum(which, 0)])
    return np.where(inside, which, -1)
