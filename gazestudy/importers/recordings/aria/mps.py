"""Meta Project Aria: eye gaze of its Machine Perception Services (MPS), with the VRS recording if present.

Gaze tables give angles from the point between the eyes (central pupil frame: x left, y up, z forward; the
ray is (tan yaw, tan pitch, 1)) on the clock of the glasses, µs. Pixels need the recording: its calibration
puts gaze into the upright scene picture (turned by 90 degrees clockwise, as the vendor's own videos are).
Where the distance of the gaze point is not known, 1 m is taken. Without the recording, or for glasses of the
second generation, gaze has angles only.

Three generations of headers are read by the names of their columns: yaw and pitch; one yaw for each eye;
both. A table of personalised gaze is taken where there is one; rows without gaze in it are filled from the
general table and say so in the column `gaze_source`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.geometry.cameras import direction_to_deg, direction_to_px
from gazestudy.importers.recordings.aria.camera import AriaCamera, aria_camera
from gazestudy.importers.recordings.aria.vrs import Vrs, is_vrs, read_vrs
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import paired_frames
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import frame_table, gaze_stream
from gazestudy.importers.text_tables import TextTable, read_table
from gazestudy.importers.video import picture_size
from gazestudy.model import Clock, Finding, Recording, RecordingMeta, Stream

Floats = NDArray[np.float64]

TIME = "tracking_timestamp_us"
KINDS = ("personalized", "general", "vergence")
VIDEO_TIMES = "mp4_to_vrs_time_ns.csv"

_FARTHEST_M = 1e6  # a larger distance is a broken number
_ASSUMED_M = 1.0
_NS_PER_US = 1000
_HEAD_BYTES = 2048
_DEPTH = 4  # folders from a recording to its gaze tables
_DULL_NAMES = ("eye_gaze", "eye_gaze_vergence", "mps", "recording")
_NEWEST_FIRST = ("general_eye_gaze", "generalized_eye_gaze", "eyegaze")


@recording_importer(name="aria", version=1, device="Meta Project Aria (MPS eye gaze, VRS)")
class MetaAria:
    """Finds and reads MPS eye gaze, alone or below its recording."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look for recordings with gaze below them, then for gaze tables here."""
        recordings = [name for name in source.names() if name.lower().endswith(".vrs")]
        recordings = [name for name in recordings if is_vrs(source, name)]
        found = []
        for name in recordings:
            tables = _tables_of(source, name, len(recordings))
            if tables:
                label = PurePosixPath(name).stem
                label = source.label if label.lower() in _DULL_NAMES else label
                kinds = ", ".join(f"{kind} gaze" for kind in KINDS if kind in tables)
                covers = tuple(sorted({table.split("/")[0] for table in tables.values() if "/" in table}))
                selection = name if len(recordings) > 1 else ""
                found.append(Match(label, "Project Aria", f"{name} with {kinds} of MPS", selection, covers))
        if found:
            return found
        tables = _sorted_tables(source, [name for name in source.names() if name.lower().endswith(".csv")])
        if tables:
            reason = f"{next(iter(tables.values()))} with {TIME!r}"
            return Match(_name(source), "Project Aria", reason, covers=())
        if recordings:
            text = f"{recordings[0]} is a recording without eye gaze beside it"
            return Refusal(f"{text}: let MPS make it, put its folder mps here, and choose the folder of both")
        return Refusal(f"there is neither a table of gaze that starts with {TIME!r} nor a VRS recording")

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        return _Aria(source, options).recording(info)


def _name(source: Source) -> str:
    """Return the first telling name from the innermost folder outwards."""
    path = source.path
    single = path.is_file() and path.suffix.lower() == ".csv"
    own = [] if single else [path.stem if path.is_file() else path.name]
    inwards = [*path.parent.parts, *own, *PurePosixPath(source.inner).parts]
    parts = [part for part in reversed(inwards) if part not in ("", path.anchor)]
    name = next((part for part in parts if part.lower() not in _DULL_NAMES), source.label)
    return f"{name} vergence" if parts[:1] == ["eye_gaze_vergence"] else name


def _header(source: Source, name: str) -> list[str]:
    """Return the columns of a gaze table of MPS, or nothing if it is none."""
    first = source.head(name, _HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").splitlines()[:1]
    cells = [cell.strip().strip('"') for line in first for cell in line.decode("utf-8", "replace").split(",")]
    yaw = {"yaw_rads_cpf", "left_yaw_rads_cpf"} & set(cells)
    return cells if TIME in cells and yaw else []


def _sorted_tables(source: Source, names: Sequence[str]) -> dict[str, str]:
    """Return the best table of each kind among names."""
    found: dict[str, list[str]] = {}
    for name in names:
        stem = PurePosixPath(name).stem.lower()
        if "gaze" not in stem and len(names) > 1:
            continue
        columns = _header(source, name)
        if columns:
            kind = "personalized" if "personal" in stem or stem.startswith("calibrated") else "general"
            kind = kind if "yaw_rads_cpf" in columns else "vergence"
            found.setdefault(kind, []).append(name)
    return {kind: min(found[kind], key=_rank) for kind in KINDS if kind in found}


def _rank(name: str) -> tuple[int, str]:
    stem = PurePosixPath(name).stem.lower()
    return (_NEWEST_FIRST.index(stem) if stem in _NEWEST_FIRST else len(_NEWEST_FIRST), name)


def _tables_of(source: Source, recording: str, count: int) -> dict[str, str]:
    """Return the gaze tables of a VRS file: in the folder of its name, or anywhere below if it is alone."""
    names = [
        name for name in source.all_names() if name.lower().endswith(".csv") and name.count("/") <= _DEPTH
    ]
    names = [name for name in names if "gaze" in PurePosixPath(name).name.lower()]
    own = f"mps_{PurePosixPath(recording).stem}_vrs/"
    inside = [name for name in names if name.startswith(own)]
    return _sorted_tables(source, inside or (names if count == 1 else []))


@dataclass
class _Aria:
    source: Source
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        recordings = [name for name in self.source.names() if name.lower().endswith(".vrs")]
        recordings = [name for name in recordings if is_vrs(self.source, name)]
        chosen = self.options.selection or (recordings[0] if recordings else "")
        tables = _tables_of(self.source, chosen, len(recordings)) if chosen in recordings else {}
        if not tables:
            chosen = ""
            names = [name for name in self.source.names() if name.lower().endswith(".csv")]
            tables = _sorted_tables(self.source, names)
        self.recording_name, self.tables = chosen, tables
        self.order = self._chosen_tables()
        self.vrs = self._read_vrs()
        self.summary = self._read_summary()
        self.placed = self._read_camera()
        self.videos = self._choose_video()

    def _chosen_tables(self) -> tuple[str, ...]:
        """Return the kinds of gaze that are used, each to fill what is missing in those before it."""
        wanted = self.options.gaze_source
        if not self.tables:
            raise InputError(
                self.source.path, "there is no table of gaze", expected=TIME, advice="Run MPS eye gaze"
            )
        if wanted and wanted not in self.tables:
            raise ParameterError("gaze_source", wanted, "one of " + ", ".join(self.tables))
        order = (
            (wanted,) if wanted else tuple(kind for kind in KINDS[:2] if kind in self.tables) or ("vergence",)
        )
        self._note(
            "info", "gaze", "gaze_source", "gaze is from " + ", then ".join(self.tables[k] for k in order)
        )
        unused = [name for kind, name in self.tables.items() if kind not in order]
        if unused:
            text = f"not used: {', '.join(unused)}; there is gaze of the sources {', '.join(self.tables)}"
            self._note("info", "gaze", "other_gaze", text, len(unused))
        return order

    def _note(self, severity: Any, stream: str, code: str, text: str, count: int = 0) -> None:
        self._notes.append(Finding(severity, stream, code, text, count))

    def _read_vrs(self) -> Vrs | None:
        if not self.recording_name:
            return None
        try:
            vrs = read_vrs(self.source, self.recording_name)
        except InputError as error:
            self._note("problem", "frames", "vrs_damaged", str(error), 1)
            return None
        for problem in vrs.problems:
            self._note("problem", "frames", "vrs_damaged", problem, 1)
        return vrs

    def _read_summary(self) -> dict[str, Any]:
        folder = str(PurePosixPath(self.tables[self.order[0]]).parent)
        name = "summary.json" if folder == "." else f"{folder}/summary.json"
        try:
            summary = self.source.json(name)
        except InputError as error:
            self._note("warning", "recording", "summary_damaged", str(error), 1)
            return {}
        stated = summary.get("GazeInference")
        status = stated.get("status") if isinstance(stated, dict) else None
        if status == "SUCCESS":
            self._note("info", "gaze", "mps_status", f"{name}: MPS says that it succeeded")
        elif status is not None:
            said = f"{name}: MPS says {status!r} {stated.get('message', '')!r}" if stated else ""
            self._note("problem", "gaze", "mps_status", said, 1)
        return summary

    def _read_camera(self) -> AriaCamera | None:
        advice = "gaze has angles but no pixels"
        if self.vrs is None:
            text = f"there is no usable VRS recording beside the gaze, so no calibration: {advice}"
            self._note("warning", "camera", "no_camera", text)
            return None
        try:
            calibration = json.loads(self.vrs.tags.get("calib_json", ""))
            if self.vrs.size_px is None:
                raise ParameterError("size of the pictures", None, "a configuration of the scene camera")
            return aria_camera(calibration, self.vrs.size_px)
        except (ValueError, RecursionError, ParameterError) as error:
            text = f"the calibration in {self.recording_name} cannot be used ({error}): {advice}"
            self._note("problem", "camera", "camera_unusable", text, 1)
            return None

    def _choose_video(self) -> tuple[Path, ...]:
        names = self.source.videos() if self.recording_name else []
        path = self.options.video or (self.source.local(names[0]) if len(names) == 1 else None)
        if path is None or self.vrs is None:
            text = (
                "the pictures inside a VRS recording are not read: export them with vrs_to_mp4 of"
                " projectaria-tools and give that video; until then gaze can be analysed, but not mapped"
            )
            self._note("warning", "frames", "no_video", text)
            return ()
        try:
            size_px = picture_size(path)
            if self.placed is not None:
                self.placed = self.placed.for_video(size_px)
        except (InputError, ParameterError) as error:
            self._note("problem", "frames", "video_unusable", f"{path.name}: {error}", 1)
            return ()
        return (path,)

    def recording(self, importer: ImporterInfo) -> Recording:
        tags = self.vrs.tags if self.vrs is not None else {}
        frames_ns = self.vrs.frames_ns if self.vrs is not None else np.zeros(0, np.int64)
        facts = (
            "device_serial",
            "device_version",
            "firmware_version",
            "hardware_version",
            "recording_profile",
        )
        start = tags.get("capture_time_epoch", "")
        stem = PurePosixPath(self.recording_name).stem
        named = stem if stem and stem.lower() not in _DULL_NAMES else ""
        meta = RecordingMeta(
            name=named or (self.source.label if self.recording_name else _name(self.source)),
            device="Project Aria",
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=int(start) * 10**9 if start.isdecimal() and len(start) <= 10 else None,
            extra={name: tags[name] for name in facts if name in tags}
            | ({"mps_version": str(self.summary["version"])} if "version" in self.summary else {}),
        )
        clock = Clock(
            "device_monotonic",
            None,
            "clock of the glasses; the start in Unix time is known to the second only",
            int(frames_ns[0]) if len(frames_ns) else None,
        )
        used = [*(self.tables[kind] for kind in self.order), *([self.recording_name] if stem else [])]
        return Recording(
            meta,
            clock=clock,
            camera=self.placed.camera if self.placed is not None else None,
            videos=self.videos,
            loaders={"gaze": self.gaze, "frames": self.frames},
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    def frames(self) -> Stream:
        frames_ns = self.vrs.frames_ns if self.vrs is not None else np.zeros(0, np.int64)
        findings: list[Finding] = []
        if self.videos and self.source.has(VIDEO_TIMES):
            table = read_table(self.source, VIDEO_TIMES, "frames")
            frames_ns = table.times_ns(table.need("vrs_device_time_ns"))
            findings = table.findings
        if not len(frames_ns):
            return Stream(frame_table(frames_ns, has_video=False), tuple(findings))
        return paired_frames(self.videos, [frames_ns], findings=findings)

    def gaze(self) -> Stream:
        tables = [_Gaze.read(self.source, self.tables[kind]) for kind in self.order]
        first, findings = tables[0], [finding for table in tables for finding in table.findings]
        kind = np.full(len(first.values), self.order[0], dtype=object)
        if len(tables) > 1:
            filled = first.fill(tables[1])
            kind[filled] = self.order[1]
            if filled.any():
                text = (
                    f"{filled.sum()} of {len(filled)} samples are {self.order[1]} gaze for want of the first"
                )
                findings.append(Finding("warning", "gaze", "gaze_filled", text, int(filled.sum())))
        return self._placed(first, pd.Series(kind, dtype="str"), findings)

    def _placed(self, gaze: _Gaze, kind: pd.Series, findings: list[Finding]) -> Stream:
        values = gaze.values
        rays = np.column_stack([np.tan(values["yaw"]), np.tan(values["pitch"]), np.ones(len(values))])
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        angles_deg = direction_to_deg(rays * (-1.0, -1.0, 1.0))
        extra: dict[str, Any] = {"azimuth_deg": angles_deg[:, 0], "elevation_deg": angles_deg[:, 1]}
        extra |= {str(one): values[one].to_numpy() for one in values.columns.drop(["t_ns", "yaw", "pitch"])}
        text = (
            "azimuth and elevation are from straight ahead of the face, not from the axis of the scene camera"
        )
        findings.append(Finding("info", "gaze", "angles_of_face", text))
        size_px, xy = None, angles_deg
        if self.placed is not None:
            depth_m = extra.get("depth_m", np.full(len(values), np.nan))
            known = (depth_m > 0) & (depth_m < _FARTHEST_M)
            seen = self.placed.from_cpf(rays * np.where(known, depth_m, _ASSUMED_M)[:, None])
            camera = self.placed.camera
            size_px, xy = (camera.width_px, camera.height_px), direction_to_px(seen, camera)
            for number, axis in enumerate("xyz"):
                extra[f"gaze3d_{axis}_mm"] = np.where(known, seen[:, number] * 1000.0, np.nan)
            assumed = int(np.count_nonzero(~known))
            if assumed:
                text = (
                    f"{assumed} samples have no distance; pixels are for a gaze point {_ASSUMED_M:g} m away"
                )
                findings.append(Finding("info", "gaze", "distance_assumed", text, assumed))
        extra["gaze_source"] = kind.to_numpy(dtype=object)
        stream = gaze_stream(
            values["t_ns"].to_numpy(),
            xy[:, 0],
            xy[:, 1],
            reasons={},
            size_px=size_px,
            extra=extra,
            findings=findings,
        )
        table = stream.table.assign(gaze_source=stream.table["gaze_source"].astype("str"))
        if self.placed is not None:
            return Stream(table, stream.findings)
        # Angles say whether there is gaze; pixels cannot be had.
        found = tuple(one for one in stream.findings if one.code != "image_size")
        return Stream(table.assign(x_px=np.nan, y_px=np.nan), found)


@dataclass
class _Gaze:
    """One table of gaze: `t_ns`, `yaw`, `pitch` and the other numbers as the vendor names them."""

    values: pd.DataFrame
    findings: list[Finding]

    @classmethod
    def read(cls, source: Source, name: str) -> _Gaze:
        table = read_table(source, name, "gaze")
        values: dict[str, NDArray[Any]] = {"t_ns": table.times_ns(table.need(TIME), _NS_PER_US)}
        yaw, pitch = cls._angles(table)
        behind = (np.abs(yaw) >= np.pi / 2) | (np.abs(pitch) >= np.pi / 2)
        if behind.any():
            text = f"{name}: {behind.sum()} samples have angles of 90 degrees and more; taken as missing"
            table.findings.append(Finding("warning", "gaze", "angles_impossible", text, int(behind.sum())))
        values["yaw"], values["pitch"] = np.where(behind, np.nan, yaw), np.where(behind, np.nan, pitch)
        values |= {one: table.floats(one) for one in table.names if one not in (TIME, "session_uid")}
        if "left_yaw_rads_cpf" in values and "right_yaw_rads_cpf" in values:
            table.findings.append(_eyes_meet(values["left_yaw_rads_cpf"], values["right_yaw_rads_cpf"]))
        return cls(pd.DataFrame(values), table.findings)

    @staticmethod
    def _angles(table: TextTable) -> tuple[Floats, Floats]:
        sides = "left_{}_rads_cpf", "right_{}_rads_cpf"
        angles = []
        for angle in ("yaw", "pitch"):
            whole = table.find(f"{angle}_rads_cpf")
            if whole is not None:
                angles.append(table.floats(whole))
            else:  # both eyes look at a point: half way between them its tangent is the mean of theirs
                left, right = (table.floats(table.need(side.format(angle))) for side in sides)
                angles.append(np.arctan((np.tan(left) + np.tan(right)) / 2))
        return angles[0], angles[1]

    def fill(self, other: _Gaze) -> NDArray[np.bool_]:
        """Take rows without gaze from another table where it has gaze at the same time; return which."""
        given = other.values.dropna(subset=["yaw", "pitch"]).drop_duplicates("t_ns").set_index("t_ns")
        lost = self.values[["yaw", "pitch"]].isna().any(axis=1).to_numpy()
        filled = lost & self.values["t_ns"].isin(given.index).to_numpy()
        if filled.any():
            rows = given.loc[self.values.loc[filled, "t_ns"]]
            for name in self.values.columns.drop("t_ns"):
                self.values.loc[filled, name] = rows[name].to_numpy() if name in rows else np.nan
        return filled


def _eyes_meet(left_yaw: Floats, right_yaw: Floats) -> Finding:
    """Check that the rays of the eyes cross in front of them: yaw is positive to the left."""
    both = np.isfinite(left_yaw) & np.isfinite(right_yaw)
    apart = int(np.count_nonzero(left_yaw[both] > right_yaw[both]))
    text = f"the rays of the eyes part in {apart} of {both.sum()} samples"
    if 2 * apart > both.sum():
        text += "; the sides or signs of the single eyes are in doubt, only their mean is used"
        return Finding("warning", "gaze", "eyes_part", text, apart)
    return Finding("info", "gaze", "eyes_part", text, apart)
