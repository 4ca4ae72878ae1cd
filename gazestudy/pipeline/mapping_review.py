"""Checking the mapping of a study: fixations by doubt, placements by quality, contact sheets."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import ParameterError, StudyError
from gazestudy.model import Camera, Placement, StudyRecording, categorical, frame_on_show
from gazestudy.model.facet_rows import facet_boxes
from gazestudy.model.tables import EVENT_KINDS
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.pipeline.mapping_sources import OtherMappings, map_by_all, other_mappings, vendor_layers
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store import Study

if TYPE_CHECKING:
    from gazestudy.importers import SceneVideo
    from gazestudy.mapping.precedence import Mapped
    from gazestudy.plots.contact_sheet import Tile

_H = [f"h{row}{column}" for row in range(3) for column in range(3)]
_TILE_PX = 300
_SCENE_SHARE = 0.3  # of the scene's width, shown around gaze that is on no placement


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that is needed to judge the mapping of one recording."""

    recording: StudyRecording
    gaze: pd.DataFrame
    frames: pd.DataFrame
    camera: Camera | None
    placements: tuple[Placement, ...]
    located: Mapped
    by_source: dict[str, pd.DataFrame]
    looks: pd.DataFrame
    mapped_fixations: pd.DataFrame
    start_ns: int


def review_list(
    study: Study,
    *,
    recording: str | None = None,
    placement: str | None = None,
    progress: Progress = SILENT,
) -> pd.DataFrame:
    """Return the fixations of a study, the most doubtful first.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    recording, placement : str, optional
        Only these; fixations on no placement are left out where a placement is named.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame
        `recording_id`, `participant_id`, `start_s` (since the first scene frame), then as
        `gazestudy.mapping.doubt.review_fixations`.

    Raises
    ------
    StudyError
        If there is no such recording or placement, or nothing was run.
    """
    from gazestudy.mapping.doubt import review_fixations

    if placement is not None:
        study.placement(placement)
    tables = []
    for facts in _all_facts(study, recording, progress):
        table = review_fixations(
            facts.looks,
            facts.mapped_fixations,
            facts.located.mapped_gaze,
            facts.located.mapping,
            facts.by_source,
            facts.located.states,
            facts.located.answered,
            frames=facts.frames,
            frame_of=frame_on_show(facts.frames["t_ns"].to_numpy(), facts.gaze["t_ns"].to_numpy()),
            flat_px=_flat(facts),
            placements=facts.placements,
        )
        table.insert(0, "recording_id", facts.recording.id)
        table.insert(1, "participant_id", facts.recording.participant_id)
        table.insert(2, "start_s", (table["onset_ns"] - facts.start_ns) / 1e9)
        tables.append(table)
    found = pd.concat(tables, ignore_index=True)
    if placement is not None:
        found = found[found["placement_id"] == placement]
    return found.sort_values("doubt", ascending=False, kind="stable", ignore_index=True)


def mapping_quality(
    study: Study, *, recording: str | None = None, progress: Progress = SILENT
) -> pd.DataFrame:
    """Return how well each placement was mapped in each recording.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    recording : str, optional
        Only this one.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    DataFrame
        `recording_id`, then as `gazestudy.mapping.doubt.placement_quality`.

    Raises
    ------
    StudyError
        If there is no such recording, or nothing was run.
    """
    from gazestudy.mapping.doubt import placement_quality

    tables = []
    for facts in _all_facts(study, recording, progress):
        table = placement_quality(
            facts.located.mapping, facts.by_source, frames=facts.frames, placements=facts.placements
        )
        table.insert(0, "recording_id", facts.recording.id)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def contact_sheets(
    study: Study,
    folder: Path,
    *,
    recording: str | None = None,
    placement: str | None = None,
    limit: int = 48,
    per_sheet: int = 12,
    progress: Progress = SILENT,
) -> list[Path]:
    """Draw the most doubtful fixations: the picture beside the placement as it was seen, gaze on both.

    Parameters
    ----------
    study : Study
        A study whose recordings were run.
    folder : Path
        Where the PNG files go.
    recording, placement : str, optional
        Only these.
    limit : int
        How many fixations, at most.
    per_sheet : int
        How many on one sheet.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    list of Path
        The files, the worst first; none where there is no fixation.

    Raises
    ------
    ParameterError
        If a number is smaller than 1.
    StudyError
        If nothing was run, or the files cannot be written.
    """
    from gazestudy.plots.contact_sheet import draw_contact_sheet
    from gazestudy.plots.heatmap import figure_bytes
    from gazestudy.store.atomic import write_bytes

    for name, value in (("limit", limit), ("per_sheet", per_sheet)):
        if value < 1:
            raise ParameterError(name, value, "1 or more")
    listed = review_list(study, recording=recording, placement=placement, progress=progress)
    # what is far from any placement is no question of mapping
    wanted = listed[(listed["placement_id"] != "") | (listed["doubt"] >= 0.1)].head(limit)
    tiles = _tiles(study, wanted, progress)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, start in enumerate(range(0, len(tiles), per_sheet), start=1):
        part = tiles[start : start + per_sheet]
        title = f"{study.name}: fixations {start + 1} to {start + len(part)} of {len(listed)} by doubt"
        path = folder / f"contact-sheet-{number:02d}.png"
        write_bytes(path, figure_bytes(draw_contact_sheet(part, title=title, first=start + 1), "png"))
        written.append(path)
    return written


def _all_facts(study: Study, recording: str | None, progress: Progress) -> Iterator[_Facts]:
    chosen = [one for one in study.recordings() if recording in (None, one.id)]
    if not chosen:
        known = ", ".join(one.id for one in study.recordings()) or "none"
        raise StudyError(f"{study.path}: there is no recording {recording!r}; there are: {known}")
    found = False
    for one in chosen:
        raise_if_cancelled(progress)
        facts = _facts(study, one)
        if facts is not None:
            found = True
            yield facts
    if not found:
        raise StudyError(f"{study.path}: no results yet: gazestudy run {study.path}")


def _facts(study: Study, recording: StudyRecording) -> _Facts | None:
    from gazestudy.mapping import map_fixations, map_gaze
    from gazestudy.mapping.precedence import LOCATING, fixation_sources

    events, mapping = study.current(recording.id, "events"), study.current(recording.id, "mapping")
    if events is None or mapping is None:
        return None
    gaze, frames = study_gaze(study, recording.id), study.stream(recording.id, "frames")
    camera, placements = study.camera(recording.id), study.placements()
    others = other_mappings(study, recording.id)
    automatic = mapping.table("mapping")
    located = map_by_all(gaze, frames, automatic, placements, camera, others)
    tables = {"key_frames": others.key_frames, "markers": others.markers, "automatic": automatic}
    by_source = {
        name: map_gaze(gaze, frames, table, placements, camera)[0]
        for name in LOCATING
        if (table := tables[name]) is not None
    }
    vendor = _vendor_gaze(others, gaze, frames, placements, camera)
    if vendor is not None:
        by_source["vendor"] = vendor
    table = events.table("events")
    looks = table[table["kind"].isin(["fixation", "pursuit"])]
    looks = looks.assign(kind=categorical(["fixation"] * len(looks), EVENT_KINDS))
    on = map_fixations(looks, gaze, located.mapped_gaze, placements, states=located.states)
    start_ns = int(frames["t_ns"].iloc[0]) if len(frames) else 0
    return _Facts(
        recording,
        gaze,
        frames,
        camera,
        placements,
        located,
        by_source,
        looks,
        fixation_sources(on, located.mapped_gaze),
        start_ns,
    )


def _flat(facts: _Facts) -> NDArray[np.float64]:
    from gazestudy.geometry.cameras import undistort_px

    scene = facts.gaze[["x_px", "y_px"]].to_numpy(np.float64)
    return scene if facts.camera is None else undistort_px(scene, facts.camera)


def _vendor_gaze(
    others: OtherMappings,
    gaze: pd.DataFrame,
    frames: pd.DataFrame,
    placements: Sequence[Placement],
    camera: Camera | None,
) -> pd.DataFrame | None:
    layers = [layer.gaze for layer in vendor_layers(others, gaze, frames, placements, camera)]
    if not layers:
        return None
    return pd.concat(layers, ignore_index=True).drop_duplicates("sample").sort_values("sample")


def _tiles(study: Study, wanted: pd.DataFrame, progress: Progress) -> list[Tile]:
    """Return a tile for each fixation, in the order of the list."""
    from gazestudy.importers import SceneVideo

    tiles: dict[int, Tile] = {}
    pictures: dict[str, NDArray[np.uint8]] = {}
    progress.start("drawing fixations", len(wanted))
    for name, rows in wanted.groupby("recording_id", sort=False):
        facts = next(iter(_all_facts(study, str(name), progress)))
        with SceneVideo(study.media(str(name))) as video:
            numbers = video.numbers(facts.frames)
            for row in rows.sort_values("onset_ns").reset_index().to_dict("records"):
                raise_if_cancelled(progress)
                tile = _tile(study, facts, row, video, numbers, pictures)
                if tile is not None:
                    tiles[int(row["index"])] = tile
                progress.advance()
    return [tiles[index] for index in wanted.index if index in tiles]


def _tile(
    study: Study,
    facts: _Facts,
    row: Mapping[Hashable, Any],
    video: SceneVideo,
    numbers: NDArray[np.int64],
    pictures: dict[str, NDArray[np.uint8]],
) -> Tile | None:
    from gazestudy.plots.contact_sheet import Tile

    event = facts.looks[facts.looks["event_id"] == row["event_id"]].iloc[0]
    samples = np.arange(int(event["first_sample"]), int(event["last_sample"]) + 1)
    samples = samples[facts.gaze["valid"].to_numpy(bool)[samples]]
    if len(samples) == 0:
        return None
    name = str(row["placement_id"])
    title = f"{facts.recording.id}, {row['start_s']:.2f} s, {row['duration_ms']:.0f} ms"
    lines = (f"{name or 'on no placement'}  doubt {row['doubt']:.2f}", str(row["reasons"]) or "no doubt")
    mapped = facts.located.mapping
    mapped = mapped[(mapped["state"] == "mapped").to_numpy(bool) & (mapped["placement_id"] == name)]
    mapped = mapped[mapped["h00"].notna()]
    frame_of = frame_on_show(facts.frames["t_ns"].to_numpy(), facts.gaze["t_ns"].to_numpy()[samples])
    usable = frame_of[(frame_of >= 0) & (numbers[np.maximum(frame_of, 0)] >= 0)]
    if len(usable) == 0:
        return None
    located = np.intersect1d(usable, mapped["frame"].to_numpy(np.int64))
    frame = int(located[len(located) // 2]) if len(located) else int(usable[len(usable) // 2])
    scene = np.asarray(video.frame_at(int(numbers[frame]), colour=True), dtype=np.uint8)
    if name and len(located):
        rows = mapped[mapped["frame"] == frame]
        chosen = rows[rows["copy"] == row["copy"]]
        rows = chosen if len(chosen) else rows
        home = rows.iloc[0]
        placement = next(p for p in facts.placements if p.id == name)
        picture = _picture(study, placement, str(home["creative_id"]), pictures)
        rows = rows[rows["h00"].notna() & (rows["creative_id"] == home["creative_id"])]
        seen = _rectified(scene, rows, placement, facts.camera)
        on = facts.located.mapped_gaze
        on = on[on["sample"].isin(samples) & (on["placement_id"] == name)]
        shares = (on[["x_ref_px", "y_ref_px"]].to_numpy(np.float64) + 0.5) / np.array(placement.size_px)
        lines = (f"{lines[0]}  {home['source']}".replace("_", " "), lines[1])
        return Tile(title, lines, float(row["doubt"]), picture, seen, shares, shares)
    points = facts.gaze[["x_px", "y_px"]].to_numpy(np.float64)[samples[frame_of == frame]]
    part, shares = _around(scene, points)
    whole = _reduced(scene)
    on_whole = (points + 0.5) / np.array(scene.shape[1::-1])
    return Tile(title, lines, float(row["doubt"]), whole, part, on_whole, shares)


def _reduced(scene: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = _TILE_PX / max(scene.shape[:2])
    size = round(scene.shape[1] * factor), round(scene.shape[0] * factor)
    return np.asarray(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _picture(
    study: Study, placement: Placement, creative_id: str, known: dict[str, NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    if creative_id not in known:
        creative = next((c for c in placement.creatives if c.id == creative_id), placement.creatives[0])
        image = np.asarray(study.placement_image(creative), dtype=np.uint8)
        if image.ndim == 2:
            image = np.repeat(image[..., None], 3, axis=2)
        known[creative_id] = np.ascontiguousarray(
            cv2.resize(image, _tile_size(placement), interpolation=cv2.INTER_AREA)[..., ::-1]
        )
    return known[creative_id]


def _tile_size(placement: Placement) -> tuple[int, int]:
    width, height = placement.size_px
    factor = _TILE_PX / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def _rectified(
    scene: NDArray[np.uint8], located: pd.DataFrame, placement: Placement, camera: Camera | None
) -> NDArray[np.uint8]:
    """Return the placement as the scene shows it from the front; facets that were not located are black."""
    from gazestudy.geometry.cameras import distort_px, undistort_px
    from gazestudy.geometry.homographies import apply_homography, scaling

    columns, rows = _tile_size(placement)
    to_reference = scaling((columns, rows), placement.size_px)
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    grid = np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
    on_reference = apply_homography(to_reference, grid)
    flat = np.full_like(grid, np.nan)
    for homography, low, high in zip(
        located[_H].to_numpy(np.float64).reshape(-1, 3, 3), *facet_boxes(located, [placement]), strict=True
    ):
        own = np.all((on_reference >= low) & (on_reference < high), axis=1)
        flat[own] = apply_homography(homography, on_reference[own])
    at = flat
    if camera is not None:
        at = distort_px(flat, camera)
        inside = np.all((at > -1) & (at < np.array(scene.shape[1::-1])), axis=1)
        back = np.full_like(at, np.nan)
        back[inside] = undistort_px(at[inside], camera)
        at = np.where((np.abs(back - flat).max(axis=1) < 1.0)[:, None], at, -10.0)
    table = np.nan_to_num(at, nan=-10.0).astype(np.float32).reshape(rows, columns, 2)
    return np.asarray(
        cv2.remap(scene, table[..., 0], table[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT),
        dtype=np.uint8,
    )


def _around(
    scene: NDArray[np.uint8], points: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the part of the scene around gaze, and gaze as shares of it."""
    height, width = scene.shape[:2]
    side = round(_SCENE_SHARE * width)
    middle = np.median(points, axis=0)
    left, top = (
        int(np.clip(round(value) - side // 2, 0, max(full - side, 0)))
        for value, full in zip(middle.tolist(), (width, height), strict=True)
    )
    part = scene[top : top + side, left : left + side]
    shares = (points - np.array([left, top]) + 0.5) / np.array(part.shape[1::-1])
    return _reduced(np.ascontiguousarray(part)), shares
