"""Which way of mapping counts where several speak: one order, kept here and nowhere else.

From the strongest to the weakest::

    manual      what a person says about a stretch of time
    key_frames  corners that a person clicked, and what was tracked from them
    markers     printed markers
    automatic   the pictures themselves
    vendor      a vendor's program; "instead" puts it before automatic, "after" leaves it last

In each frame a placement is located by the strongest way that locates it there, and each gaze sample by the
strongest way that has something to say about it. Every row and every mapped sample says its `source`.

What a person clicked counts as it was clicked. What was tracked from it gives way to automatic mapping that
finds the placement at the same place and is surer where exactly; not so where the person clicked something
else than automatic mapping has in the key frame itself: then they correct it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.geometry.homographies import apply_homography
from gazestudy.mapping.appearance import GRID, hidden_in_both, pack
from gazestudy.mapping.gaze import SAMPLE_STATES, map_gaze
from gazestudy.mapping.key_frame_rows import FITTED, KEY_FRAME_NS
from gazestudy.mapping.manual import Answered
from gazestudy.mapping.rows import CORNER_ERROR, HIDDEN
from gazestudy.mapping.sightings import SAME_PLACE, overlap
from gazestudy.model.camera import Camera
from gazestudy.model.facet_rows import facet_numbers
from gazestudy.model.facets import FACET, WHOLE
from gazestudy.model.manual import VENDOR_RANKS, ManualAnswer, VendorRank
from gazestudy.model.provenance import Provenance, provenance_of
from gazestudy.model.study import Placement
from gazestudy.model.tables import MAPPED_GAZE, MAPPING, MAPPING_STATES, categorical

Floats = NDArray[np.float64]

SOURCES = ("manual", "key_frames", "markers", "automatic", "vendor")
"""All ways of mapping, the strongest first."""

LOCATING = ("key_frames", "markers", "automatic")
"""Those that locate placements in frames; the others place gaze directly."""

SOURCE = "source"
"""Extra column of mappings, mapped gaze and mapped fixations: which way it came."""

VERSION = 2

Bools = NDArray[np.bool_]

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_AGREES_SHARE = 0.05
_NOTHING_HIDDEN = pack(np.zeros((GRID, GRID), dtype=bool))


def rank(source: str, vendor: VendorRank = "after") -> float:
    """Return the place of a way of mapping in the order: smaller is stronger.

    Examples
    --------
    >>> rank("key_frames") < rank("automatic") < rank("vendor", "after")
    True
    >>> rank("markers") < rank("vendor", "instead") < rank("automatic")
    True
    """
    if source == "vendor" and vendor == "instead":
        return SOURCES.index("automatic") - 0.5
    return float(SOURCES.index(source))


@dataclass(frozen=True, slots=True, eq=False)
class VendorLayer:
    """What a vendor's program says about one placement, in our tables.

    Attributes
    ----------
    placement_id : str
        Which placement.
    rank : {"instead", "after", "never"}
        Where it stands in the order.
    rows : DataFrame
        Contract `MAPPING`: the frames in which it has the placement in view.
    gaze : DataFrame
        Contract `MAPPED_GAZE`: the samples it puts on the placement.
    facts : mapping
        For the provenance.
    """

    placement_id: str
    rank: VendorRank
    rows: pd.DataFrame
    gaze: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.rank in VENDOR_RANKS


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """Gaze on placements by all ways of mapping together.

    Attributes
    ----------
    mapping : DataFrame
        Contract `MAPPING`, with `source`.
    mapped_gaze : DataFrame
        Contract `MAPPED_GAZE`, with `source` and provenance.
    states : Categorical
        One of `SAMPLE_STATES` for each gaze sample.
    answered : ndarray of bool, shape (n_samples,)
        A person has said something about the sample.
    """

    mapping: pd.DataFrame
    mapped_gaze: pd.DataFrame
    states: pd.Categorical
    answered: Bools


def map_by_precedence(
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    mappings: Mapping[str, pd.DataFrame],
    placements: Sequence[Placement],
    camera: Camera | None,
    *,
    vendor: Sequence[VendorLayer] = (),
    answers: Sequence[ManualAnswer] = (),
) -> Mapped:
    """Put gaze onto placements by all ways of mapping, in the one order.

    Parameters
    ----------
    gaze, frames : DataFrame
        Tables of the recording (contracts `GAZE`, `FRAMES`).
    mappings : mapping of str to DataFrame
        Tables (contract `MAPPING`) of the ways in `LOCATING`, by name.
    placements : sequence of Placement
        All placements of the study.
    camera : Camera or None
        Scene camera.
    vendor : sequence of VendorLayer, optional
        Mappings of vendors' programs; where two claim a sample, the earlier one has it.
    answers : sequence of ManualAnswer, optional
        What people say, in the order they said it.

    Returns
    -------
    Mapped
        Rows, samples and states.

    Notes
    -----
    Where a stronger way locates a placement in a frame and gaze is not on it, no weaker way can put gaze on
    that placement in that frame. A placement that gaze is put on by answer or by a vendor without corners is
    in view in that frame, without a homography.
    """
    used = [layer for layer in vendor if layer.rank != "never"]
    instead = {layer.placement_id for layer in used if layer.rank == "instead"}
    located = combine_mappings(mappings, placements, not_automatic=instead)
    mapped, states = map_gaze(gaze, frames, located, placements, camera)
    own = provenance_of(mapped) or {}
    mapped = _with_source(mapped, located)
    for name in LOCATING[:-1]:
        rows = located[(located[SOURCE] == name).to_numpy(bool)].reset_index(drop=True)
        if (rows["state"] == "mapped").any():
            alone, _ = map_gaze(gaze, frames, rows, placements, camera)
            mapped = _strongest(mapped, alone.assign(**{SOURCE: name}))
    counts: dict[str, Any] = {}
    parts = [located]
    for layer in used:
        mapped, claimed = _add_vendor(mapped, located, layer)
        counts[layer.placement_id] = {**layer.facts, "rank": layer.rank, "claimed_by_another": claimed}
        parts.append(_only_new(layer.rows, parts).assign(**{SOURCE: "vendor"}))
    said = Answered(gaze, answers)
    by_hand = said.mapped_gaze(frames, placements).assign(**{SOURCE: "manual"})
    mapped = _joined([mapped[~said.refuses(mapped)], by_hand], "sample")
    parts.append(_only_new(_rows_by_hand(by_hand, frames), parts).assign(**{SOURCE: "manual"}))
    facts = {**own.get("facts", {}), "sources": dict(Counter(mapped[SOURCE].tolist()))}
    facts |= {"imported": counts} if counts else {}
    facts |= {"answers": len(answers)} if answers else {}
    provenance = Provenance(
        "mapping.precedence",
        VERSION,
        {
            **own.get("parameters", {}),
            "order": list(SOURCES),
            "vendor": {v.placement_id: v.rank for v in used},
        },
        facts,
    )
    mapping = _joined(parts, "frame")
    mapping["state"] = categorical(mapping["state"], MAPPING_STATES)
    return Mapped(
        MAPPING.check(
            mapping.sort_values(["frame", "placement_id", "copy"], kind="stable", ignore_index=True)
        ),
        provenance.attach(MAPPED_GAZE.check(mapped)),
        _restated(states, mapped, said),
        said.any,
    )


def combine_mappings(
    mappings: Mapping[str, pd.DataFrame],
    placements: Sequence[Placement],
    *,
    not_automatic: Iterable[str] = (),
) -> pd.DataFrame:
    """Return in each frame and for each placement what the strongest way says.

    Parameters
    ----------
    mappings : mapping of str to DataFrame
        Tables (contract `MAPPING`) of the ways in `LOCATING`, by name.
    placements : sequence of Placement
        All placements of the study.
    not_automatic : iterable of str, optional
        Placements whose automatic mapping is not used.

    Returns
    -------
    DataFrame
        Contract `MAPPING`, with `source`. A located placement keeps refusals of the same placement by other
        ways out, and other placements that weaker ways located at the same place. Markers do not see who
        stands in front, nor which picture is on show: their rows take `hidden`, `visible_share` and
        `creative_id` from automatic mapping where it agrees.
    """
    dropped = set(not_automatic)
    known = {placement.id: placement for placement in placements}
    once = {placement.id for placement in placements if placement.copies == 1}
    result: pd.DataFrame | None = None
    for name in LOCATING:
        table = mappings.get(name)
        if table is None:
            continue
        table = table.assign(**{SOURCE: name})
        if HIDDEN not in table.columns:
            table[HIDDEN] = pd.Series([_NOTHING_HIDDEN] * len(table), index=table.index, dtype="str")
        table[FACET] = facet_numbers(table)
        if name == "automatic" and dropped:
            table = table[~table["placement_id"].isin(dropped)]
        result = table.reset_index(drop=True) if result is None else _under(result, table, known, once)
    if result is None:
        return MAPPING.empty().assign(**{SOURCE: pd.Series([], dtype="str")})
    result["state"] = categorical(result["state"], MAPPING_STATES)
    return MAPPING.check(result)


def _under(
    strong: pd.DataFrame, weak: pd.DataFrame, known: Mapping[str, Placement], once: set[str]
) -> pd.DataFrame:
    """Add the rows of a weaker table that a stronger one leaves room for."""
    strong, weak = strong.reset_index(drop=True), weak.reset_index(drop=True)
    keep, gone = np.ones(len(weak), dtype=bool), np.zeros(len(strong), dtype=bool)
    shared = np.intersect1d(strong["frame"].to_numpy(), weak["frame"].to_numpy())
    above, below = _by_frame(strong, shared, known), _by_frame(weak, shared, known)
    yielding = _yielding(strong, weak, above, below)
    copies = weak["copy"].to_numpy(np.int64, copy=True)
    seen_by: dict[int, int] = {}
    for frame in shared.tolist():
        for other in below[frame]:
            same = [one for one in above[frame] if _same_face(one, other)]
            if not other.mapped:
                keep[other.row] = not same
                continue
            rivals = [one for one in above[frame] if one.mapped and _same_place(one, other)]
            if other.row in yielding:
                gone[yielding[other.row]] = True
                continue
            seen_by |= {one.row: other.row for one in rivals if one in same and _agree(one, other)}
            taken = {one.copy for one in same if one.mapped}
            hangs_once = other.placement_id in once or not all(one.known for one in [*same, other])
            keep[other.row] = not rivals and not (taken and hangs_once)
            if keep[other.row]:
                gone[[one.row for one in same if not one.mapped]] = True
                if other.copy in taken:  # another print of the same picture
                    copies[other.row] = next(n for n in range(len(taken) + 1) if n not in taken)
    weak = _not_hidden(strong, weak, yielding)
    strong = _seeing(strong, weak, seen_by)
    both = _joined([strong[~gone], weak.assign(copy=copies)[keep]], "frame")
    return both.sort_values(["frame", "placement_id", "copy"], kind="stable", ignore_index=True)


def _yielding(
    strong: pd.DataFrame,
    weak: pd.DataFrame,
    above: Mapping[int, list[_Place]],
    below: Mapping[int, list[_Place]],
) -> dict[int, int]:
    """Return the rows of automatic mapping that are surer than what was tracked there, and the latter."""
    names = {KEY_FRAME_NS, CORNER_ERROR, FITTED} <= set(strong.columns) and CORNER_ERROR in weak.columns
    if not names or not (weak[SOURCE] == "automatic").all():
        return {}
    tracked = (strong[SOURCE] == "key_frames").to_numpy(bool)
    clicked_ns, t_ns = strong[KEY_FRAME_NS].to_numpy(np.float64), strong["t_ns"].to_numpy(np.float64)
    ours, theirs = (table[CORNER_ERROR].to_numpy(np.float64) for table in (strong, weak))
    pairs, corrected = [], set()
    for frame, places in above.items():
        for one in places:
            if not (one.mapped and tracked[one.row]):
                continue
            others = [other for other in below[frame] if other.mapped and _same_face(one, other)]
            near = [other for other in others if _same_place(one, other)]
            if clicked_ns[one.row] == t_ns[one.row]:
                unsure = 2 * max(ours[one.row], 0.0)
                if others and not any(_agree(one, other, unsure) for other in near):
                    corrected.add((one.placement_id, one.facet, one.copy, clicked_ns[one.row]))
                continue
            pairs += [(one, other) for other in near if theirs[other.row] < ours[one.row]]
    return {
        other.row: one.row
        for one, other in pairs
        if (one.placement_id, one.facet, one.copy, clicked_ns[one.row]) not in corrected
    }


def _not_hidden(strong: pd.DataFrame, weak: pd.DataFrame, yielding: Mapping[int, int]) -> pd.DataFrame:
    """Take only those parts for hidden that are so too as the picture was fitted from a key frame."""
    pairs = [(row, one) for row, one in yielding.items() if strong[FITTED].iloc[one] == 1.0]
    if not pairs:
        return weak
    packed = weak[HIDDEN].to_numpy(dtype=object, copy=True)
    for row, one in pairs:
        packed[row] = hidden_in_both(packed[row], strong[HIDDEN].iloc[one])
    return weak.assign(**{HIDDEN: pd.Series(packed, index=weak.index, dtype="str")})


def _seeing(strong: pd.DataFrame, weak: pd.DataFrame, seen_by: Mapping[int, int]) -> pd.DataFrame:
    """Let rows of markers know what the picture shows: which one it is, and which parts are hidden."""
    blind = (strong[SOURCE] == "markers").to_numpy(bool)
    rows = [row for row in seen_by if blind[row]]
    if not rows:
        return strong
    others = [seen_by[row] for row in rows]
    hidden = strong[HIDDEN].to_numpy(dtype=object, copy=True)
    visible = strong["visible_share"].to_numpy(dtype=np.float64, copy=True)
    hidden[rows] = weak[HIDDEN].to_numpy(dtype=object)[others]
    visible[rows] = weak["visible_share"].to_numpy(dtype=np.float64)[others]
    creative = strong["creative_id"].to_numpy(dtype=object, copy=True)
    creative[rows] = weak["creative_id"].to_numpy(dtype=object)[others]
    strong = strong.assign(visible_share=visible, creative_id=pd.Series(creative, dtype="str"))
    strong[HIDDEN] = pd.Series(hidden, dtype="str")
    return strong


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A row of a mapping, for comparing rows of one frame."""

    row: int
    placement_id: str
    facet: int
    copy: int
    mapped: bool
    known: bool
    """It is known where it lies."""
    quad: Floats
    width_px: float


def _by_frame(
    table: pd.DataFrame, frames: NDArray[np.int64], known: Mapping[str, Placement]
) -> dict[int, list[_Place]]:
    """Return the rows of some frames."""
    found: dict[int, list[_Place]] = {int(frame): [] for frame in frames.tolist()}
    rows = np.flatnonzero(np.isin(table["frame"].to_numpy(), frames))
    homographies = table[_H].to_numpy(np.float64)[rows].reshape(-1, 3, 3)
    names, frame_of = table["placement_id"].to_numpy(dtype=str)[rows], table["frame"].to_numpy()[rows]
    mapped, copies = (table["state"] == "mapped").to_numpy(bool)[rows], table["copy"].to_numpy()[rows]
    width_px, facets = table["width_px"].to_numpy(np.float64)[rows], facet_numbers(table)[rows]
    for k, row in enumerate(rows.tolist()):
        placement = known.get(str(names[k]))
        if placement is None:
            continue
        facet = int(facets[k])
        quad = apply_homography(homographies[k], placement.facet(facet).corners_px)
        place = _Place(
            row,
            placement.id,
            facet,
            int(copies[k]),
            bool(mapped[k]),
            bool(np.isfinite(quad).all()),
            quad,
            float(width_px[k]),
        )
        found[int(frame_of[k])].append(place)
    return found


def _same_face(one: _Place, other: _Place) -> bool:
    """Say whether two rows are about the same flat piece; one without facets is about all of them."""
    either = WHOLE in (one.facet, other.facet)
    return one.placement_id == other.placement_id and (either or one.facet == other.facet)


def _same_place(one: _Place, other: _Place) -> bool:
    return one.known and other.known and overlap(one.quad, other.quad) > SAME_PLACE


def _agree(one: _Place, other: _Place, unsure_share: float = 0.0) -> bool:
    off = np.linalg.norm(one.quad - other.quad, axis=1).max()
    return bool(off <= (_AGREES_SHARE + unsure_share) * max(one.width_px, other.width_px))


def _with_source(mapped_gaze: pd.DataFrame, mapping: pd.DataFrame) -> pd.DataFrame:
    """Say for each mapped sample which way its row of the mapping came."""
    keys = ["frame", "placement_id", "copy"]
    located = mapping[(mapping["state"] == "mapped").to_numpy(bool)]
    sources = located.drop_duplicates(keys).set_index(keys)[SOURCE]
    found = sources.reindex(pd.MultiIndex.from_frame(mapped_gaze[keys]))
    return mapped_gaze.assign(**{SOURCE: pd.Series(found.to_numpy(dtype=str), dtype="str")})


def _strongest(mapped: pd.DataFrame, alone: pd.DataFrame) -> pd.DataFrame:
    """Let the samples of one way replace those of weaker ways on other placements."""
    order = {name: number for number, name in enumerate(SOURCES)}
    owner = mapped.set_index("sample")[SOURCE].map(order).reindex(alone["sample"])
    mine = order[alone[SOURCE].iloc[0]] if len(alone) else 0
    better = owner.isna().to_numpy() | (owner > mine).to_numpy()
    stronger = alone[better]
    return _joined([mapped[~mapped["sample"].isin(stronger["sample"])], stronger], "sample")


def _add_vendor(mapped: pd.DataFrame, located: pd.DataFrame, layer: VendorLayer) -> tuple[pd.DataFrame, int]:
    """Add the samples of a vendor's mapping that no stronger way decides; and say how many are decided."""
    mine = rank("vendor", layer.rank)
    stronger = located[
        (located["placement_id"] == layer.placement_id)
        & (located["state"] == "mapped")
        & (located[SOURCE].map(rank) < mine)
    ]
    decided = layer.gaze["frame"].isin(stronger["frame"]).to_numpy()
    owners = mapped.set_index("sample")[SOURCE].reindex(layer.gaze["sample"])
    # another vendor's mapping that came before is as strong
    taken = owners.map(lambda name: rank(name, layer.rank), na_action="ignore").le(mine).to_numpy(bool)
    added = layer.gaze[~decided & ~taken].assign(**{SOURCE: "vendor"})
    kept = mapped[~mapped["sample"].isin(added["sample"])]
    return _joined([kept, added], "sample"), int(np.count_nonzero(decided | taken))


def _only_new(rows: pd.DataFrame, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows for frames in which none of the tables has the placement."""
    keys = ["frame", "placement_id"]
    known = pd.MultiIndex.from_frame(
        pd.concat([part.loc[(part["state"] == "mapped").to_numpy(bool), keys] for part in parts])
    )
    new = ~pd.MultiIndex.from_frame(rows[keys]).isin(known)
    chosen = rows[new].copy()
    chosen[HIDDEN] = pd.Series(_NOTHING_HIDDEN, index=chosen.index, dtype="str")
    chosen[FACET] = WHOLE
    return chosen


def _rows_by_hand(by_hand: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    """Return rows without a homography for the frames in which people put gaze on a placement."""
    keys = ["frame", "placement_id"]
    first = by_hand[by_hand["frame"] >= 0].drop_duplicates(keys)
    rows = MAPPING.empty().reindex(range(len(first)))
    for name in (*keys, "creative_id", "copy"):
        rows[name] = first[name].to_numpy()
    rows["t_ns"] = frames["t_ns"].to_numpy(np.int64)[first["frame"].to_numpy(np.int64)]
    rows["state"] = categorical(["mapped"] * len(first), MAPPING_STATES)
    rows["inliers"] = np.zeros(len(first), dtype=np.int64)
    for name in ("placement_id", "creative_id"):
        rows[name] = rows[name].astype("str")
    return MAPPING.check(rows.sort_values("frame", kind="stable", ignore_index=True))


def _joined(parts: Sequence[pd.DataFrame], by: str) -> pd.DataFrame:
    """Put tables below each other, in order of one column; empty ones do not spoil the types."""
    full = [part for part in parts if len(part)] or [parts[0]]
    table = pd.concat(full, ignore_index=True) if len(full) > 1 else full[0]
    return table.sort_values(by, kind="stable", ignore_index=True)


def _restated(states: pd.Categorical, mapped: pd.DataFrame, said: Answered) -> pd.Categorical:
    """Bring the states of the samples in line with what was decided after them."""
    names = np.asarray(states, dtype=object)
    before = names == "on_placement"
    names[before] = "off_placements"
    names[said.nowhere & np.isin(names, ("in_front", "nothing_mapped", "no_frame"))] = "off_placements"
    names[mapped["sample"].to_numpy(np.int64)] = "on_placement"
    return categorical(names, SAMPLE_STATES)


def fixation_sources(mapped_fixations: pd.DataFrame, mapped_gaze: pd.DataFrame) -> pd.DataFrame:
    """Say for each mapped fixation which way most of its samples came.

    Parameters
    ----------
    mapped_fixations : DataFrame
        Contract `MAPPED_FIXATIONS`.
    mapped_gaze : DataFrame
        Contract `MAPPED_GAZE` with `source`.

    Returns
    -------
    DataFrame
        The fixations with `source`.
    """
    t_ns = mapped_gaze["t_ns"].to_numpy(np.int64)
    names = mapped_gaze["placement_id"].to_numpy(dtype=str)
    sources = mapped_gaze[SOURCE].to_numpy(dtype=str)
    first = np.searchsorted(t_ns, mapped_fixations["onset_ns"].to_numpy(np.int64), side="left")
    last = np.searchsorted(t_ns, mapped_fixations["offset_ns"].to_numpy(np.int64), side="right")
    found = []
    for start, end, home in zip(first, last, mapped_fixations["placement_id"], strict=True):
        own = sources[start:end][names[start:end] == home]
        counts = Counter(own.tolist())
        found.append(min(counts, key=lambda name: (-counts[name], SOURCES.index(name))) if counts else "")
    return mapped_fixations.assign(**{SOURCE: pd.Series(found, dtype="str")})
