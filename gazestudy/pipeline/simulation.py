"""A folder of simulated sessions: recordings in vendors' layouts, placement pictures, and the truth."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError, ParameterError
from gazestudy.exporters import LAYOUTS, VideoSettings, export_recording, tobii_glasses2
from gazestudy.exporters.folders import new_folder
from gazestudy.model import Placement, Recording
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.simulate import (
    REGULAR,
    VISITOR,
    Station,
    Walk,
    build_station,
    invisible_camera,
    neon_camera,
    plain_camera,
    simulate_walk,
)
from gazestudy.simulate.layout import STANDARD, plan_layout

DEFAULT_LAYOUTS = ("pupil_cloud_neon", "pupil_cloud_invisible", "generic_table", "glassestools")
_DAYPARTS = ("morning peak", "midday", "evening peak")
_STARTS_M = (0.0, 12.0, 29.0, 42.0)  # entrance, middle of the corridor, hall, escalator
_DAY_NS = 24 * 3600 * 10**9
_FIRST_UNIX_NS = 1_789_974_000_000_000_000  # 21 September 2026, 07:00 UTC, a Monday
_FILLER_S = 0.5
_ON_SOMETHING = ["placement_id", "eye_placement_id", "behind_placement_id"]
_DARK_BELOW = 0.6
_LEAST_PX = 24.0  # advertisements that look narrower have no row in the homographies

README = """# Simulated sessions

Walks through a metro station that was drawn and filmed by a program: scene video, gaze, placement pictures,
and the truth behind them. Nobody was recorded and no real advertisement is shown.

Made by `{command}`.

* `participants.csv`: recording folder, participant (pseudonym), segment, daypart, layout.
* `placements.csv`: the study's placements with size in mm, number of copies, and their pictures in
  `placements/` (several for a screen, joined by ";"; the first one defines reference pixels).
* `recordings/`: one folder per person, in the file layout of a device or program.
* `truth/`: what really happened, one file of each kind per recording. Times are ns; a layout may count from
  another zero: add `offset_ns` of `truth/clocks.csv` to get the times that an importer finds.

* `homographies`, per frame and advertisement in sight that is at least {least:g} px wide: frame, t_ns,
  placement_id, creative_id, copy; h00 to h22 (reference px to undistorted scene px in the middle of the
  exposure); in_image_share, visible_share (in the image and not hidden), width_px, distance_mm, angle_deg.
* `gaze`, per sample that lies on a placement: sample, t_ns, kind (fixation, saccade, pursuit, blink, loss),
  event_id; placement_id, copy, creative_id, x_ref_px, y_ref_px (where the recorded gaze point lies); frame,
  x_frame_ref_px, y_frame_ref_px (the same with the camera where it was for the frame on show); eye_... (where
  the person really looked); behind_placement_id (what it would lie on if nobody stood before it).
* `events`, per fixation, saccade, pursuit, blink and loss: times, samples, centroid, and what it lies on.
* `dwell`, per placement: dwell_ms (fixations and pursuits that lie on it), fixation_count, gaze_ms,
  eye_dwell_ms, in_view_ms, noticed.

Reference px are pixels of the placement's first picture; pixel (0, 0) is the centre of the first pixel. The
picture of creative `<placement>-<n>` is the n-th one of its placement. Advertisements in the video that are
not in `placements.csv` are there on purpose.

Licence: like the program, GPL-3.0-or-later; in addition the pictures, videos and tables may be used under
CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/).
"""


def simulate_sessions(
    out: Path,
    *,
    seed: int,
    participants: int,
    duration_s: float,
    width_px: int = 1280,
    height_px: int = 720,
    fps_hz: float = 30.0,
    layouts: Sequence[str] = DEFAULT_LAYOUTS,
    video: VideoSettings | None = None,
    reference_long_px: int = 900,
    picture_format: Literal["png", "jpg"] = "png",
    people: int = 30,
    many: bool = False,
    brightness: float = 1.0,
    command: str = "",
    progress: Progress = SILENT,
) -> Path:
    """Simulate a small study and write it as devices would.

    Parameters
    ----------
    out : Path
        The folder to make; it appears when it is complete.
    seed : int
        Same seed, same sessions.
    participants : int
        How many people walk; regular passers-by and visitors take turns.
    duration_s : float
        Length of each walk, s.
    width_px, height_px : int, optional
        Size of the scene video.
    fps_hz : float, optional
        Its frame rate.
    layouts : sequence of str, optional
        File layouts, taken in turn.
    video : VideoSettings, optional
        How the scene videos are compressed.
    reference_long_px : int, optional
        Longer side of the placement pictures, px.
    picture_format : {"png", "jpg"}, optional
        File format of the placement pictures.
    people : int, optional
        How many other people walk about.
    many : bool, optional
        Fifty pictures drawn by lot, some of which hang nowhere, instead of the standard station.
    brightness : float, optional
        Factor on every picture; below 0.6 the exposure is longer and the noise stronger, as cameras do.
    command : str, optional
        What the README says it was made by.
    progress : Progress, optional
        Who is told how far it is, and may stop it.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ParameterError
        For an unknown layout or a number that makes no sense.
    InputError
        If `out` is not empty.
    Cancelled
        If the user asked to stop; nothing is left behind.
    """
    unknown = [name for name in layouts if name not in LAYOUTS]
    if unknown or not layouts:
        raise ParameterError("layouts", list(layouts), "some of " + ", ".join(LAYOUTS))
    if participants < 1:
        raise ParameterError("participants", participants, "1 or more")
    if width_px % 2 or height_px % 2:
        raise ParameterError("width_px, height_px", (width_px, height_px), "even numbers")
    if not brightness > 0:
        raise ParameterError("brightness", brightness, "a positive number")
    layout = plan_layout(np.random.default_rng([seed, 2])) if many else STANDARD
    station = build_station(
        np.random.default_rng([seed, 0]), reference_long_px=reference_long_px, people=people, layout=layout
    )
    with new_folder(out) as folder:
        _write_placements(station, folder, picture_format)
        (folder / "truth").mkdir()
        rows: list[dict[str, str]] = []
        clocks: list[dict[str, object]] = []
        for number in range(participants):
            walk = _walk_of(
                station,
                number,
                seed,
                duration_s,
                (width_px, height_px),
                fps_hz,
                layouts[number % len(layouts)],
                brightness,
            )
            row = _row_of(number, layouts[number % len(layouts)])
            recording = _recording_of(walk, row)
            progress.start(f"walk {number + 1} of {participants}", len(walk.frame_table))
            export_recording(
                recording,
                folder / "recordings" / row["recording"],
                layout=row["layout"],
                frames=_watched(walk.frames(), progress),
                events=walk.truth.events,
                video=video,
            )
            _write_truth(walk, folder / "truth", row["recording"])
            rows.append(row)
            clocks.append({"recording": row["recording"], "offset_ns": _offset_ns(walk, row["layout"])})
        _write_rows(folder / "participants.csv", rows)
        _write_rows(folder / "truth" / "clocks.csv", clocks)
        text = README.format(
            least=_LEAST_PX,
            command=command
            or _command(seed, participants, duration_s, width_px, height_px, layouts)
            + (f" --people {people}" if people != 30 else "")
            + (" --many" if many else "")
            + (f" --brightness {brightness:g}" if brightness != 1.0 else ""),
        )
        (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")
    return out


def _command(
    seed: int, participants: int, duration_s: float, width_px: int, height_px: int, layouts: Sequence[str]
) -> str:
    chosen = "" if tuple(layouts) == DEFAULT_LAYOUTS else "".join(f" --layout {name}" for name in layouts)
    return (
        f"gazestudy simulate DIR --seed {seed} --participants {participants} --duration-s {duration_s:g}"
        f" --width-px {width_px} --height-px {height_px}{chosen}"
    )


def _walk_of(
    station: Station,
    number: int,
    seed: int,
    duration_s: float,
    size_px: tuple[int, int],
    fps_hz: float,
    layout: str,
    brightness: float,
) -> Walk:
    """Send one person through the station; device and habits follow from the layout and the number."""
    rng = np.random.default_rng([seed, 1, number])
    habits = VISITOR if number % 2 == 0 else REGULAR
    offset = rng.normal(0, 0.35, 2)
    habits = replace(habits, offset_deg=(float(offset[0]), float(offset[1])))
    camera = {"pupil_cloud_neon": neon_camera, "pupil_cloud_invisible": invisible_camera}.get(
        layout, plain_camera
    )(*size_px)
    return simulate_walk(
        station,
        rng=rng,
        duration_s=duration_s,
        fps_hz=fps_hz,
        gaze_hz={
            "generic_table": 120.0,
            "glassestools": 50.0,
            "tobii_glasses2": 100.0,
            "tobii_glasses3": 100.0,
        }.get(layout, 200.0),
        camera=camera,
        habits=habits,
        start_m=_STARTS_M[number % len(_STARTS_M)],
        start_ns=_FIRST_UNIX_NS + number * (_DAY_NS // 6),
        imu_axes="neon" if layout == "pupil_cloud_neon" else "camera",
        filler_s=_FILLER_S if layout.startswith("pupil_cloud") else 0.0,
        brightness=brightness,
        exposure_ms=20.0 if brightness < _DARK_BELOW else 9.0,
        noise_levels=5.0 if brightness < _DARK_BELOW else 2.0,
    )


def _row_of(number: int, layout: str) -> dict[str, str]:
    return {
        "recording": f"p{number + 1:02d}-{layout.replace('_', '-')}",
        "participant": f"P{number + 1:02d}",
        "segment": "regular" if number % 2 else "visitor",
        "daypart": _DAYPARTS[number % len(_DAYPARTS)],
        "layout": layout,
    }


def _recording_of(walk: Walk, row: dict[str, str]) -> Recording:
    recording = walk.recording(row["recording"])
    device = {
        "pupil_cloud_neon": "Neon",
        "pupil_cloud_invisible": "Pupil Invisible",
        "tobii_glasses2": "Tobii Pro Glasses 2",
        "tobii_glasses3": "Tobii Pro Glasses 3",
    }
    recording.meta = replace(
        recording.meta,
        device=device.get(row["layout"], "Simulated glasses"),
        participant_label=row["participant"],
    )
    return recording


def _offset_ns(walk: Walk, layout: str) -> int:
    """Return what to add to the truth's times to get those of the written tables."""
    first_frame, first_gaze = int(walk.frame_table["t_ns"].iloc[0]), int(walk.gaze["t_ns"].iloc[0])
    if layout in ("glassestools", "tobii_glasses3"):
        return -first_frame
    if layout == "tobii_glasses2":
        return tobii_glasses2.START_US * 1000 - first_frame
    if layout == "generic_table":
        return 92_458_000_000 - min(first_frame, first_gaze)
    return 0


def _watched(frames: Iterable[NDArray[np.uint8]], progress: Progress) -> Iterator[NDArray[np.uint8]]:
    for frame in frames:
        raise_if_cancelled(progress)
        yield frame
        progress.advance()


def _write_placements(station: Station, folder: Path, picture_format: str) -> None:
    (folder / "placements").mkdir()
    rows = []
    for placement in station.placements:
        names = []
        for creative in placement.creatives:
            name = f"{Path(creative.image).stem}.{picture_format}"
            flags = (
                [cv2.IMWRITE_JPEG_QUALITY, 92]
                if picture_format == "jpg"
                else [cv2.IMWRITE_PNG_COMPRESSION, 9]
            )
            # imencode, because cv2.imwrite cannot write to every path on Windows
            good, data = cv2.imencode(f".{picture_format}", station.images[creative.id], flags)
            if not good:
                raise InputError(folder / name, "the picture cannot be written")
            (folder / "placements" / name).write_bytes(data.tobytes())
            names.append(name)
        rows.append(_placement_row(placement, names))
    _write_rows(folder / "placements.csv", rows)


def _placement_row(placement: Placement, names: list[str]) -> dict[str, object]:
    return {
        "id": placement.id,
        "name": placement.name,
        "kind": placement.kind,
        "width_mm": f"{placement.width_mm:g}",
        "height_mm": f"{placement.height_mm:g}",
        "copies": placement.copies,
        "images": ";".join(names),
        "station": placement.station,
    }


def _write_truth(walk: Walk, folder: Path, name: str) -> None:
    truth = walk.truth
    wide = ~(truth.mapping["width_px"] < _LEAST_PX)  # NaN: so near that a corner is behind the camera
    tables = {
        "homographies": truth.mapping[wide & (truth.mapping["visible_share"] > 0)],
        "gaze": truth.gaze[(truth.gaze[_ON_SOMETHING] != "").any(axis=1)],
        "events": truth.events,
        "dwell": truth.dwell,
    }
    for key, table in tables.items():
        _compact(table).to_csv(
            folder / f"{name}-{key}.csv", index=False, encoding="utf-8", lineterminator="\n"
        )


def _compact(table: pd.DataFrame) -> pd.DataFrame:
    """Round what needs no more digits; homographies keep eight significant ones."""
    result = table.copy()
    for column in result.columns[result.dtypes == np.float64]:
        if column.startswith("h") and column[1:].isdigit():
            result[column] = [f"{value:.8g}" for value in result[column]]
        else:
            result[column] = result[column].round(2)
    return result


def _write_rows(path: Path, rows: Sequence[dict[str, object]] | list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
