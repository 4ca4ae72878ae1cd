"""All ways of mapping one recording, brought together: what people made, markers, vendors, and our own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import StudyError
from gazestudy.model import Camera, Placement, frame_on_show, provenance_of
from gazestudy.model.imported import ImportedMapping
from gazestudy.model.manual import KeyFrame, ManualAnswer, VendorRank
from gazestudy.pipeline.schedules import players, schedules_key
from gazestudy.progress import SILENT, Progress
from gazestudy.store import Study, cache_key

if TYPE_CHECKING:
    from gazestudy.mapping import Reference
    from gazestudy.mapping.on_show import OnShow
    from gazestudy.mapping.precedence import Mapped, VendorLayer

KEY_FRAMES, MARKERS = "key-frames", "markers"
"""Results of their own, made as a part of the step "attention"; they change with what people click."""


@dataclass(frozen=True, slots=True)
class OtherMappings:
    """What is known about a recording besides its automatic mapping.

    Attributes
    ----------
    key_frames, markers : DataFrame or None
        Contract `MAPPING`; None where there are none.
    answers : tuple of ManualAnswer
        What people say, in the order they said it.
    imported : tuple of ImportedMapping
        Mappings of vendors' programs.
    vendor_ranks : dict of str to {"instead", "after", "never"}
        By placement; "" is that of all others.
    schedules : dict of str to callable
        What digital placements showed, see `gazestudy.mapping.on_show`.
    """

    key_frames: pd.DataFrame | None = None
    markers: pd.DataFrame | None = None
    answers: tuple[ManualAnswer, ...] = ()
    imported: tuple[ImportedMapping, ...] = ()
    vendor_ranks: dict[str, VendorRank] = field(default_factory=dict)
    schedules: dict[str, OnShow] = field(default_factory=dict)


NOTHING_ELSE = OtherMappings()


def map_by_all(
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    mapping: pd.DataFrame,
    placements: Sequence[Placement],
    camera: Camera | None,
    others: OtherMappings = NOTHING_ELSE,
) -> Mapped:
    """Put gaze onto placements by all that is known, in the order of `gazestudy.mapping.precedence`.

    Parameters
    ----------
    gaze, frames : DataFrame
        Tables of the recording (contracts `GAZE`, `FRAMES`).
    mapping : DataFrame
        Automatic mapping (contract `MAPPING`).
    placements : sequence of Placement
        All placements of the study.
    camera : Camera or None
        Scene camera.
    others : OtherMappings, optional
        All else.

    Returns
    -------
    Mapped
        Mapping, mapped gaze and the state of each sample.
    """
    from gazestudy.mapping.on_show import name_by_schedule
    from gazestudy.mapping.precedence import map_by_precedence

    tables = {"key_frames": others.key_frames, "markers": others.markers, "automatic": mapping}
    mapped = map_by_precedence(
        gaze,
        frames,
        {name: table for name, table in tables.items() if table is not None},
        placements,
        camera,
        vendor=vendor_layers(others, gaze, frames, placements, camera),
        answers=others.answers,
    )
    return name_by_schedule(mapped, others.schedules)


def vendor_layers(
    others: OtherMappings,
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    placements: Sequence[Placement],
    camera: Camera | None,
) -> list[VendorLayer]:
    """Return imported mappings as rows of our frames and samples.

    Parameters
    ----------
    others : OtherMappings
        With the imported mappings and their ranks.
    gaze, frames, placements, camera
        As for `map_by_all`.

    Returns
    -------
    list of VendorLayer
        One for each imported mapping.
    """
    from gazestudy.attention.imported import imported_gaze, imported_rows
    from gazestudy.mapping.precedence import VendorLayer

    known = {placement.id: placement for placement in placements}
    layers = []
    for one in others.imported:
        placement = known[one.placement_id]
        rank = others.vendor_ranks.get(one.placement_id, others.vendor_ranks.get("", "instead"))
        on, counts = imported_gaze(one, gaze, frames, placement)
        rows = imported_rows(one, frames, placement, camera)
        layers.append(VendorLayer(one.placement_id, rank, rows, on, {**counts, "from": one.provenance}))
    return layers


def others_key(study: Study, recording_id: str, *, use_imported: bool = True) -> dict[str, Any]:
    """Return what all other ways of mapping add to the key of a result; nothing where there are none.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    use_imported : bool, optional
        Mappings of vendors' programs are used.

    Returns
    -------
    dict
        Names to JSON-ready values.
    """
    found: dict[str, Any] = {}
    known = study.imported_placements(recording_id) if use_imported else {}
    if known:
        ranks = study.vendor_ranks()
        found["imported"] = sorted(
            [placement_id, key, ranks.get(placement_id, ranks[""])] for placement_id, key in known.items()
        )
    if study.key_frames(recording_id):
        found["key_frames"] = _key_frames_key(study, recording_id)
    if study.marker_layouts():
        found["markers"] = _markers_key(study, recording_id)
    answers = study.answers(recording_id)
    if answers:
        found["answers"] = [[str(value) for value in asdict(stored.fact).values()] for stored in answers]
    return found | schedules_key(study, recording_id)


def _seen_key(study: Study, recording_id: str) -> dict[str, Any]:
    camera = study.camera(recording_id)
    return {
        "camera": camera.to_dict() if camera else None,
        "frames": study.stream_key(recording_id, ["frames"]),
        "video": study.media_key(recording_id),
    }


def _key_frames_key(study: Study, recording_id: str) -> str:
    from gazestudy.mapping.key_frames import VERSION

    facts = [stored.fact for stored in study.key_frames(recording_id)]
    named = {fact.placement_id for fact in facts}
    made_from = {
        **_seen_key(study, recording_id),
        "key_frames": [asdict(fact) for fact in facts],
        "pictures": [
            [
                placement.id,
                [creative.sha256 for creative in placement.creatives],
                placement.width_mm,
                *map(str, placement.facets),
            ]
            for placement in study.placements()
            if placement.id in named
        ],
    }
    return cache_key(KEY_FRAMES, VERSION, {}, made_from)


def _markers_key(study: Study, recording_id: str) -> str:
    from gazestudy.mapping.markers import VERSION

    sizes = {p.id: [p.width_mm, p.height_mm, p.size_px, *map(str, p.facets)] for p in study.placements()}
    layouts = [
        [layout.fact.placement_id, layout.fact.to_dict(), sizes[layout.fact.placement_id]]
        for layout in study.marker_layouts()
    ]
    return cache_key(MARKERS, VERSION, {}, {**_seen_key(study, recording_id), "layouts": layouts})


def other_mappings(
    study: Study, recording_id: str, *, use_imported: bool = True, progress: Progress = SILENT
) -> OtherMappings:
    """Return all other ways of mapping a recording; those that need the video are made where they are stale.

    Parameters
    ----------
    study : Study
        The study; what is made is kept if it is open for writing.
    recording_id : str
        Which recording.
    use_imported : bool, optional
        Mappings of vendors' programs are used.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    OtherMappings
        All that is known.

    Raises
    ------
    StudyError
        If a placement has another picture than when its mapping was imported.
    StudyDamagedError
        If a scene video is not there.
    """
    key_frames = markers = None
    if study.key_frames(recording_id):
        key = _key_frames_key(study, recording_id)
        key_frames = _kept(study, recording_id, KEY_FRAMES, key)
        if key_frames is None:
            key_frames = _track(study, recording_id, progress)
            _keep(study, recording_id, KEY_FRAMES, key, key_frames)
    if study.marker_layouts():
        key = _markers_key(study, recording_id)
        markers = _kept(study, recording_id, MARKERS, key)
        if markers is None:
            markers = _find_markers(study, recording_id, progress)
            _keep(study, recording_id, MARKERS, key, markers)
    return OtherMappings(
        key_frames,
        markers,
        tuple(stored.fact for stored in study.answers(recording_id)),
        tuple(imported_mappings(study, recording_id)) if use_imported else (),
        study.vendor_ranks(),
        players(study, recording_id),
    )


def imported_mappings(study: Study, recording_id: str) -> list[ImportedMapping]:
    """Return the imported mappings of a recording, in the order of the placements.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.

    Returns
    -------
    list of ImportedMapping
        One for each placement that has one.

    Raises
    ------
    StudyError
        If a placement has another picture than when its mapping was imported.
    """
    known = study.imported_placements(recording_id)
    found = []
    for placement in study.placements():
        if placement.id not in known:
            continue
        mapping = study.imported_mapping(recording_id, placement.id)
        picture = mapping.provenance.get("parameters", {}).get("picture")
        if picture != placement.creatives[0].sha256:
            raise StudyError(
                f"{study.path}: the mapping imported for {recording_id!r} was made for another picture of"
                f" {placement.id!r}; import it again with `gazestudy import-mapping`, or remove it with"
                " `gazestudy mapping remove-import`"
            )
        found.append(mapping)
    return found


def frame_at(study: Study, recording_id: str, t_ns: int) -> tuple[int, int]:
    """Return the real frame on show at a time of a recording: its number and its own time, ns.

    Raises
    ------
    StudyError
        If there is no real picture at that time.
    """
    frames = study.stream(recording_id, "frames")
    frame_ns = frames["t_ns"].to_numpy(np.int64)
    number = int(frame_on_show(frame_ns, np.array([t_ns], dtype=np.int64))[0])
    if number < 0 or frames["kind"].iloc[number] != "real":
        first_s, last_s = (0.0, (frame_ns[-1] - frame_ns[0]) / 1e9) if len(frames) else (0.0, 0.0)
        raise StudyError(
            f"{study.path}: the video of {recording_id!r} shows no picture then; it runs from"
            f" {first_s:g} s to {last_s:.3f} s"
        )
    return number, int(frame_ns[number])


def references_for(study: Study, placement_ids: set[str] | None = None) -> list[Reference]:
    """Return the pictures of placements, ready for mapping; None: of all."""
    from gazestudy.pipeline.analysis import references_of

    return [
        reference
        for placement in study.placements()
        if placement_ids is None or placement.id in placement_ids
        for reference in references_of(placement, [study.placement_image(c) for c in placement.creatives])
    ]


def _kept(study: Study, recording_id: str, step: str, key: str) -> pd.DataFrame | None:
    found = study.derived(recording_id, step, key)
    return None if found is None else found.table("mapping")


def _keep(study: Study, recording_id: str, step: str, key: str, table: pd.DataFrame) -> None:
    if not study.read_only:
        study.write_derived(
            recording_id, step, key, {"mapping": table}, provenance=provenance_of(table) or {}
        )


def _track(study: Study, recording_id: str, progress: Progress) -> pd.DataFrame:
    from gazestudy.mapping.key_frames import KeyFrameParameters, track_key_frames

    facts: list[KeyFrame] = [stored.fact for stored in study.key_frames(recording_id)]
    parameters = KeyFrameParameters()
    frames = study.stream(recording_id, "frames")
    times_ns = np.array(sorted({fact.t_ns for fact in facts}), dtype=np.int64)
    pictures = _Stretches(study, recording_id, frames, times_ns, round(parameters.reach_s * 1e9))
    return track_key_frames(
        pictures,
        references_for(study, {fact.placement_id for fact in facts}),
        study.camera(recording_id),
        facts,
        parameters=parameters,
        progress=progress,
    )


def _find_markers(study: Study, recording_id: str, progress: Progress) -> pd.DataFrame:
    from gazestudy.mapping.markers import map_markers
    from gazestudy.pipeline.analysis import Pictures

    return map_markers(
        Pictures(study.media(recording_id), study.stream(recording_id, "frames")),
        [stored.fact for stored in study.marker_layouts()],
        study.placements(),
        study.camera(recording_id),
        progress=progress,
    )


class _Stretches:
    """The pictures around some times, decoded in order; what lies between is passed over."""

    def __init__(
        self,
        study: Study,
        recording_id: str,
        frames: pd.DataFrame,
        times_ns: NDArray[np.int64],
        reach_ns: int,
    ) -> None:
        self._videos, self._frames = study.media(recording_id), frames
        starts = np.flatnonzero(np.diff(times_ns, prepend=times_ns[0] - 3 * reach_ns) > 2 * reach_ns)
        ends = np.append(starts[1:], len(times_ns)) - 1
        frame_ns = frames["t_ns"].to_numpy(np.int64)
        real = (frames["kind"] == "real").to_numpy(bool)
        self._near = [
            (frame_ns >= times_ns[a] - reach_ns) & (frame_ns <= times_ns[b] + reach_ns) & real
            for a, b in zip(starts, ends, strict=True)
        ]

    def __len__(self) -> int:
        return int(sum(near.sum() for near in self._near))

    def __iter__(self) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        from gazestudy.pipeline.analysis import Pictures

        kind = self._frames["kind"]
        for near in self._near:
            yield from Pictures(self._videos, self._frames.assign(kind=kind.where(near, "gap")))
