"""How far mapped fixations can be trusted, and why not: the ones to look at come first.

Each reason for doubt has a strength between 0 and 1; as if they were independent chances of an error,
together they are 1 minus the product of what each leaves. The strengths order; they are no probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography
from gazestudy.mapping.precedence import SOURCE
from gazestudy.mapping.rows import CORNER_ERROR
from gazestudy.model.facet_rows import facet_numbers
from gazestudy.model.study import Placement

Floats = NDArray[np.float64]

AROUND_MS = 250.0
"""So far before and after a fixation gaps in the mapping of its placement count."""

IN_VIEW_HOLE_S = 2.0
"""A placement that is located before and after a hole of this length or less is taken as in view in it."""

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_ERROR_FROM, _ERROR_TO = 0.005, 0.05  # of the width
_LOOKS_FROM, _LOOKS_TO = 0.75, 0.35
_APART_TO = 0.1
_EDGE_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Reason:
    """Why to doubt a fixation.

    Attributes
    ----------
    strength : float
        0 to 1.
    text : str
        In words.
    """

    strength: float
    text: str


def review_fixations(
    looks: pd.DataFrame,
    mapped_fixations: pd.DataFrame,
    mapped_gaze: pd.DataFrame,
    mapping: pd.DataFrame,
    by_source: Mapping[str, pd.DataFrame],
    states: pd.Categorical,
    answered: NDArray[np.bool_],
    *,
    frames: pd.DataFrame,
    frame_of: NDArray[np.int64],
    flat_px: Floats,
    placements: Sequence[Placement],
) -> pd.DataFrame:
    """Order the fixations of a recording by doubt.

    Parameters
    ----------
    looks : DataFrame
        Contract `GAZE_EVENTS`: fixations (and pursuits).
    mapped_fixations, mapped_gaze, mapping : DataFrame
        What counts, with `source` (contracts `MAPPED_FIXATIONS`, `MAPPED_GAZE`, `MAPPING`).
    by_source : mapping of str to DataFrame
        What each way of mapping alone says (contract `MAPPED_GAZE`).
    states : Categorical, shape (n_samples,)
        One of `SAMPLE_STATES` for each sample.
    answered : ndarray of bool, shape (n_samples,)
        A person has said something about the sample.
    frames : DataFrame
        Contract `FRAMES`.
    frame_of : ndarray of int64, shape (n_samples,)
        Frame on show for each sample, -1 for none.
    flat_px : ndarray of float64, shape (n_samples, 2)
        Gaze in the undistorted scene image.
    placements : sequence of Placement
        All placements.

    Returns
    -------
    DataFrame
        One row per fixation, most doubtful first: `event_id`, `onset_ns`, `offset_ns`, `duration_ms`,
        `placement_id` (empty where not mapped), `copy`, `source`, `x_ref_px`, `y_ref_px`, `on_share`,
        `doubt` (0 to 1), `reasons` (in words, the strongest first), `expected_error_share`, `confidence`,
        `disagreement_share`, `gap_share`, `in_front_share`, `answered`.
    """
    review = _Review(mapped_gaze, mapping, by_source, states, answered, frames, frame_of, flat_px, placements)
    row_of = {int(event): row for row, event in enumerate(mapped_fixations["event_id"].tolist())}
    rows = []
    for look in looks.itertuples():
        row = row_of.get(int(str(look.event_id)))
        rows.append(review.row(look, None if row is None else mapped_fixations.iloc[row]))
    columns = [
        "event_id",
        "onset_ns",
        "offset_ns",
        "duration_ms",
        "placement_id",
        "copy",
        "source",
        "x_ref_px",
        "y_ref_px",
        "on_share",
        "doubt",
        "reasons",
        "expected_error_share",
        "confidence",
        "disagreement_share",
        "gap_share",
        "in_front_share",
        "answered",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["doubt", "onset_ns"], ascending=[False, True], kind="stable", ignore_index=True)


_NO_FRAMES = np.zeros(0, np.int64)


class _Review:
    """Tables of one recording, made ready for questions about single fixations."""

    def __init__(
        self,
        mapped_gaze: pd.DataFrame,
        mapping: pd.DataFrame,
        by_source: Mapping[str, pd.DataFrame],
        states: pd.Categorical,
        answered: NDArray[np.bool_],
        frames: pd.DataFrame,
        frame_of: NDArray[np.int64],
        flat_px: Floats,
        placements: Sequence[Placement],
    ) -> None:
        self._flat_px = flat_px
        self._states, self._answered, self._frame_of = np.asarray(states, dtype=str), answered, frame_of
        self._placements = {placement.id: placement for placement in placements}
        self._sizes = {placement.id: placement.size_px for placement in placements}
        self._frame_ns = frames["t_ns"].to_numpy(np.int64)
        self._real = (frames["kind"] == "real").to_numpy(bool)
        mapped = (mapping["state"] == "mapped").to_numpy(bool)
        self._located = {
            str(name): np.unique(part["frame"].to_numpy(np.int64))
            for name, part in mapping[mapped].groupby("placement_id", observed=True)
        }
        self._rows = mapping[mapped].set_index(["frame", "placement_id", "copy"]).sort_index()
        index = self._rows.index
        self._row_frames = index.get_level_values("frame").to_numpy(np.int64)  # ascending
        self._row_copies = index.get_level_values("copy").to_numpy(np.int64)
        self._row_places = index.get_level_values("placement_id").astype(str).to_numpy(dtype=object)
        self._refused = mapping[~mapped].sort_values("frame", kind="stable")
        self._refused_frames = self._refused["frame"].to_numpy(np.int64)
        self._gaze = _Points(mapped_gaze, len(answered))
        self._by_source = {name: _Points(table, len(answered)) for name, table in by_source.items()}

    def row(self, look: tuple[object, ...], found: pd.Series | None) -> tuple[object, ...]:
        """Return the row of one fixation; `found` is it on a placement, None where it is on none."""
        first, last = int(look.first_sample), int(look.last_sample) + 1  # type: ignore[attr-defined]
        samples = np.arange(first, last)
        states = self._states[samples]
        samples, states = samples[states != "invalid"], states[states != "invalid"]
        seen = np.unique(self._frame_of[samples])
        seen = seen[seen >= 0]
        front = float(np.mean(states == "in_front")) if len(states) else 0.0
        apart, words = self._disagreement(samples)
        error = confidence = gap = np.nan
        # half of it is more of a riddle than all of it
        hidden = 0.15 + 1.2 * min(front, 1 - front) if front > 0 else 0.0
        reasons = [Reason(hidden, f"somebody stands in front in {front:.0%} of it")]
        if not np.isnan(apart):
            reasons.append(Reason(0.9 * min(1.0, apart / _APART_TO), words))
        if found is None:
            reasons += self._unmapped(seen, states, samples)
        else:
            name, copy = str(found["placement_id"]), int(found["copy"])
            error, confidence = self._quality(seen, name, copy)
            gap = self._gap(look, name)
            reasons += self._mapped(found, error, confidence, gap)
        by_hand = bool(len(samples)) and float(self._answered[samples].mean()) >= 0.5
        if by_hand:
            reasons = [Reason(0.0, "a person has answered it")]
        kept = sorted((r for r in reasons if by_hand or r.strength >= 0.03), key=lambda r: -r.strength)
        doubt = 1.0 - float(np.prod([1.0 - reason.strength for reason in kept]))
        where = (
            ("", -1, "", np.nan, np.nan, np.nan)
            if found is None
            else (
                name,
                copy,
                str(found[SOURCE]),
                *(float(found[c]) for c in ("x_ref_px", "y_ref_px", "on_share")),
            )
        )
        return (
            *(getattr(look, c) for c in ("event_id", "onset_ns", "offset_ns", "duration_ms")),
            *where,
            round(doubt, 4),
            "; ".join(reason.text for reason in kept),
            error,
            confidence,
            apart,
            gap,
            front,
            by_hand,
        )

    def _quality(self, seen: NDArray[np.int64], name: str, copy: int) -> tuple[float, float]:
        """Return the median expected error of a corner, as a share, and the median confidence."""
        if not len(seen):
            return np.nan, np.nan
        low, high = np.searchsorted(self._row_frames, [seen[0], seen[-1] + 1])
        own = (self._row_places[low:high] == name) & (self._row_copies[low:high] == copy)
        own &= np.isin(self._row_frames[low:high], seen)
        if not own.any():
            return np.nan, np.nan
        rows = self._rows.iloc[low:high][own]
        shares = rows[CORNER_ERROR] if CORNER_ERROR in rows.columns else pd.Series(np.nan, index=rows.index)
        return _median(shares), _median(rows["confidence"])

    def _gap(self, look: tuple[object, ...], name: str) -> float:
        """Return the share of the real frames around a fixation in which its placement is not located."""
        reach_ns = round(AROUND_MS * 1e6)
        low, high = look.onset_ns - reach_ns, look.offset_ns + reach_ns  # type: ignore[attr-defined]
        first, stop = (
            np.searchsorted(self._frame_ns, low),
            np.searchsorted(self._frame_ns, high, side="right"),
        )
        around = first + np.flatnonzero(self._real[first:stop])
        if len(around) == 0:
            return float("nan")
        located = self._located.get(name, _NO_FRAMES)
        begin, end = np.searchsorted(located, [around[0], around[-1] + 1])
        return float(1.0 - np.isin(around, located[begin:end]).mean())

    def _mapped(self, found: pd.Series, error: float, confidence: float, gap: float) -> list[Reason]:
        width, height = self._sizes[str(found["placement_id"])]
        x, y = (found["x_ref_px"] + 0.5) / width, (found["y_ref_px"] + 0.5) / height
        edge = float(min(x, 1 - x, y, 1 - y))
        on = float(found["on_share"])
        reasons = [
            Reason(_ramp(error, _ERROR_FROM, _ERROR_TO, 0.8), f"expected error {error:.1%} of the width"),
            Reason(
                _ramp(confidence, _LOOKS_FROM, _LOOKS_TO, 0.7),
                f"only {confidence:.0%} of the picture looks right",
            ),
            Reason(0.5 * gap if gap > 0.05 else 0.0, f"not located in {gap:.0%} of the frames around it"),
            Reason(_ramp(on, 0.95, 0.5, 0.5), f"only {on:.0%} of its samples lie on it"),
            Reason(_ramp(edge, _EDGE_SHARE, 0.0, 0.4), "at the edge of the placement"),
        ]
        if found[SOURCE] == "vendor":
            reasons.append(Reason(0.1, "mapped by a vendor's program"))
        return reasons

    def _unmapped(
        self, seen: NDArray[np.int64], states: NDArray[np.str_], samples: NDArray[np.int64]
    ) -> list[Reason]:
        """Say what speaks for a placement where none was mapped."""
        if len(seen) == 0:
            return [Reason(0.05, "no picture is on show")]
        reasons = []
        low, high = np.searchsorted(self._refused_frames, [seen[0], seen[-1] + 1])
        refused = self._refused.iloc[low:high]
        for (name, state), count in Counter(
            zip(refused["placement_id"].astype(str), refused["state"].astype(str), strict=True)
        ).most_common(2):
            share = min(1.0, count / len(seen))
            words = {"ambiguous": "is ambiguous", "lost": "was lost"}.get(state, f"was refused ({state})")
            reasons.append(
                Reason((0.6 if state == "ambiguous" else 0.4) * share, f"{name} {words.replace('_', ' ')}")
            )
        for name in self._located:
            near = self._nearness(name, seen, samples)
            if near > 0:
                words = "and gaze is near it" if near > 0.4 else "but gaze is not near it"
                reasons.append(Reason(near, f"{name} is located before and after, not during it, {words}"))
        if not reasons:
            mapped = np.any(states == "off_placements")
            text = "beside located placements" if mapped else "no placement is located near it"
            reasons.append(Reason(0.03, text))
        return sorted(reasons, key=lambda reason: -reason.strength)[:3]

    def _nearness(self, name: str, seen: NDArray[np.int64], samples: NDArray[np.int64]) -> float:
        """Return how much speaks for a placement that is located shortly before and after, not during it."""
        located = self._located[name]
        low, high = np.searchsorted(located, [seen[0], seen[-1] + 1])
        during = float(np.isin(seen, located[low:high]).mean())
        before, after = located[:low][-1:], located[high:][:1]
        reach_ns = IN_VIEW_HOLE_S * 1e9
        if during >= 0.5 or len(before) == 0 or len(after) == 0:
            return 0.0
        first, last = int(before[0]), int(after[0])
        if (
            max(
                self._frame_ns[seen[0]] - self._frame_ns[first],
                self._frame_ns[last] - self._frame_ns[seen[-1]],
            )
            > reach_ns
        ):
            return 0.0
        quads = [self._quad(frame, name) for frame in (first, last)]
        middle = (quads[0] + quads[1]) / 2
        size = float(np.ptp(middle, axis=0).max()) + float(np.abs(quads[0] - quads[1]).max())
        off = float(np.linalg.norm(np.median(self._flat_px[samples], axis=0) - middle.mean(axis=0)))
        # how the head turned between is not known: the placement may be anywhere between the two places
        near = not (np.isfinite(size) and np.isfinite(off)) or off < size
        return (0.6 if near else 0.15) * (1 - during)

    def _quad(self, frame: int, name: str) -> Floats:
        rows = self._rows.loc[[frame]]  # the frames come first in the index
        own = rows[rows.index.get_level_values("placement_id") == name]
        facet = self._placements[name].facet(int(facet_numbers(own)[0]))
        homography = own[_H].to_numpy(np.float64)[0].reshape(3, 3)
        return apply_homography(homography, facet.corners_px)

    def _disagreement(self, samples: NDArray[np.int64]) -> tuple[float, str]:
        """Return how far two ways are apart, as a share of the width; 1 for different placements."""
        worst, words = float("nan"), ""
        for (one, here), (other, there) in combinations(self._by_source.items(), 2):
            both = samples[(here.name[samples] != "") & (there.name[samples] != "")]
            if len(both) == 0:
                continue
            differ = here.name[both] != there.name[both]
            if differ.mean() >= 0.5:
                names = here.name[both][differ][0], there.name[both][differ][0]
                apart, text = 1.0, f"{_plain(one)} says {names[0]}, {_plain(other)} says {names[1]}"
            else:
                both = both[~differ]
                widths = np.array([self._sizes[name][0] for name in here.name[both]])
                apart = float(np.median(np.hypot(*(here.at[both] - there.at[both]).T) / widths))
                text = f"{_plain(one)} and {_plain(other)} are {apart:.1%} of the width apart"
            if np.isnan(worst) or apart > worst:
                worst, words = apart, text
        return worst, words


class _Points:
    """Mapped gaze by sample."""

    def __init__(self, table: pd.DataFrame, n_samples: int) -> None:
        self.name = np.full(n_samples, "", dtype=object)
        self.at = np.full((n_samples, 2), np.nan)
        samples = table["sample"].to_numpy(np.int64)
        self.name[samples] = table["placement_id"].to_numpy(dtype=object)
        self.at[samples] = table[["x_ref_px", "y_ref_px"]].to_numpy(np.float64)


def placement_quality(
    mapping: pd.DataFrame,
    by_source: Mapping[str, pd.DataFrame],
    *,
    frames: pd.DataFrame,
    placements: Sequence[Placement],
) -> pd.DataFrame:
    """Say for each placement of a recording how well it was mapped.

    Parameters
    ----------
    mapping : DataFrame
        What counts (contract `MAPPING` with `source`).
    by_source : mapping of str to DataFrame
        Gaze by each way alone (contract `MAPPED_GAZE`).
    frames : DataFrame
        Contract `FRAMES`.
    placements : sequence of Placement
        All placements.

    Returns
    -------
    DataFrame
        `placement_id`, `frames_in_view`, `frames_mapped`, `mapped_share`, `frames_ambiguous`,
        `expected_error_share` and `expected_error_share_p95` (of a corner), `confidence` (median),
        `disagreement_share` (median over gaze samples that two ways put on it; NaN where there are none),
        `samples_compared`, `samples_elsewhere` (that another way puts on another placement) and `sources`
        (frames by way of mapping).

    Notes
    -----
    Where a placement is not located nobody knows if it is in view. Frames count as in view in which it is
    located or a candidate was refused, and holes of 2 s or less between frames in which it is located.
    """
    frame_ns = frames["t_ns"].to_numpy(np.int64)
    real = (frames["kind"] == "real").to_numpy(bool)
    n_samples = 1 + max((int(table["sample"].max()) for table in by_source.values() if len(table)), default=0)
    points = {name: _Points(table, n_samples) for name, table in by_source.items()}
    rows = []
    for placement in placements:
        own = mapping[(mapping["placement_id"] == placement.id).to_numpy(bool)]
        mapped = own[(own["state"] == "mapped").to_numpy(bool)]
        if len(own) == 0:
            continue
        located = np.unique(mapped["frame"].to_numpy(np.int64))
        candidates = np.unique(own["frame"].to_numpy(np.int64))
        in_view = len(np.union1d(_filled(located, frame_ns, real), candidates))
        ambiguous = own[(own["state"] == "ambiguous").to_numpy(bool)]["frame"].nunique()
        shares = (
            mapped[CORNER_ERROR].dropna() if CORNER_ERROR in mapped.columns else pd.Series([], dtype=float)
        )
        apart, compared, elsewhere = _compared(points, placement)
        sources = mapped.drop_duplicates("frame")[SOURCE].value_counts()
        rows.append(
            (
                placement.id,
                in_view,
                len(located),
                len(located) / max(in_view, 1),
                ambiguous,
                _median(shares),
                float(np.percentile(shares, 95)) if len(shares) else np.nan,
                _median(mapped["confidence"]),
                apart,
                compared,
                elsewhere,
                ", ".join(f"{name} {count}" for name, count in sources.items()),
            )
        )
    columns = [
        "placement_id",
        "frames_in_view",
        "frames_mapped",
        "mapped_share",
        "frames_ambiguous",
        "expected_error_share",
        "expected_error_share_p95",
        "confidence",
        "disagreement_share",
        "samples_compared",
        "samples_elsewhere",
        "sources",
    ]
    return pd.DataFrame(rows, columns=columns)


def _filled(
    located: NDArray[np.int64], frame_ns: NDArray[np.int64], real: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return frames and the real ones in short holes between them."""
    parts = [located]
    for before, after in zip(located[:-1].tolist(), located[1:].tolist(), strict=True):
        if after > before + 1 and frame_ns[after] - frame_ns[before] <= IN_VIEW_HOLE_S * 1e9:
            hole = np.arange(before + 1, after)
            parts.append(hole[real[hole]])
    return np.concatenate(parts)


def _compared(points: Mapping[str, _Points], placement: Placement) -> tuple[float, int, int]:
    apart, elsewhere = [], 0
    for here, there in combinations(points.values(), 2):
        own = (here.name == placement.id) | (there.name == placement.id)
        both = own & (here.name != "") & (there.name != "")
        same = both & (here.name == there.name)
        apart.append(np.hypot(*(here.at[same] - there.at[same]).T) / placement.size_px[0])
        elsewhere += int(np.count_nonzero(both & ~same))
    all_apart = np.concatenate([np.zeros(0), *apart])
    return (float(np.median(all_apart)) if len(all_apart) else float("nan")), len(all_apart), elsewhere


def _ramp(value: float, start: float, end: float, most: float) -> float:
    """Rise evenly from 0 at `start` to `most` at `end`; 0 where the value is not known."""
    if np.isnan(value):
        return 0.0
    return most * float(np.clip((value - start) / (end - start), 0.0, 1.0))


def _median(values: pd.Series) -> float:
    known = values.dropna()
    return float(known.median()) if len(known) else float("nan")


def _plain(source: str) -> str:
    return {"key_frames": "key frames", "automatic": "automatic mapping", "vendor": "the vendor"}.get(
        source, source
    )
