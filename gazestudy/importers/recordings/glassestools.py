"""The common recording folder of glassesTools, glassesValidator and gazeMapper.

`gazeData.tsv` and `frameTimestamps.tsv` (ms since the first scene frame), `recording_info.json`,
`calibration.xml` and the scene video. glassesTools replaces every invalid sample by NaN, whatever the
reason was: such samples are "no_data" here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.importers.camera_files import camera_from_opencv_xml
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import paired_frames, usable_videos
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import gaze_stream
from gazestudy.importers.text_tables import read_table, sniff_header
from gazestudy.importers.video import SceneVideo
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream

GAZE, FRAMES, INFO, CAMERA = "gazeData.tsv", "frameTimestamps.tsv", "recording_info.json", "calibration.xml"

_NS_PER_MS = 1_000_000
_RENAMED = {"pup_diam_l": "pupil_left_mm", "pup_diam_r": "pupil_right_mm"}
_IN_MM = ("gaze_ori_", "gaze_pos_3d_")
_LATEST = 1e13
_MS_NOT_S = 10**11  # as seconds this is the year 5138


@recording_importer(name="glassestools", version=1, device="any, converted by glassesTools")
class GlassesTools:
    """Finds and reads folders of glassesTools."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Refusal:
        """Look at the header of gazeData.tsv and for its neighbours."""
        if not source.has(GAZE):
            return Refusal(f"there is no {GAZE}")
        header = sniff_header(source, GAZE)
        missing = [
            name
            for name in ("timestamp", "gaze_pos_vid_x", "gaze_pos_vid_y")
            if header is None or name not in header[0]
        ]
        if missing:
            return Refusal(f"{GAZE} has no column {missing[0]!r}")
        if not source.has(FRAMES) and not source.has(INFO):
            return Refusal(f"neither {FRAMES} nor {INFO} lies beside {GAZE}")
        try:
            info = source.json(INFO)
        except InputError:
            info = {}  # reading it again will say so
        name = str(info.get("name") or source.label)
        return Match(name, str(info.get("eye_tracker") or "unknown"), f"{GAZE} with 'gaze_pos_vid_x'")

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        return _Folder(source).recording(info)


@dataclass
class _Folder:
    source: Source

    def __post_init__(self) -> None:
        self._notes: list[Finding] = []
        self.info: dict[str, Any] = {}
        try:
            self.info = self.source.json(INFO)
        except InputError as error:
            self._notes.append(Finding("problem", "recording", "info_damaged", str(error), 1))
        self.video_names = self._choose_video()
        paths = [self.source.local(name) for name in self.video_names]
        self.videos, self.size_px = usable_videos(paths, self._notes)
        self.camera = self._read_camera()
        if self.size_px is None and self.camera is not None:
            self.size_px = (self.camera.width_px, self.camera.height_px)

    def recording(self, importer: ImporterInfo) -> Recording:
        start = _start_ns(self.info)
        known = {GAZE, FRAMES, INFO, CAMERA, *self.video_names}
        used = [name for name in self.source.names() if name in known]
        meta = RecordingMeta(
            name=str(self.info.get("name") or self.source.label),
            device=str(self.info.get("eye_tracker_name") or self.info.get("eye_tracker") or "unknown"),
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            start_unix_ns=start,
            participant_label=str(self.info.get("participant", "")),
            extra={
                key: value
                for key, value in self.info.items()
                if key not in ("participant", "source_directory")
            },
        )
        return Recording(
            meta,
            clock=Clock(
                "recording_start", start, f"start_time of {INFO}, whole seconds only" if start else "", 0
            ),
            camera=self.camera,
            videos=self.videos,
            loaders={"gaze": self.gaze, "frames": self.frames},
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    def _choose_video(self) -> list[str]:
        named = str(self.info.get("scene_video_file", ""))
        if named and self.source.has(named):
            return [named]
        videos = self.source.videos()
        if len(videos) > 1:
            text = f"several videos and none is the one that {INFO} names ({named!r}): {', '.join(videos)}"
            self._notes.append(Finding("warning", "frames", "video_ambiguous", text, len(videos)))
            return []
        return videos

    def _read_camera(self) -> Camera | None:
        if not self.source.has(CAMERA):
            self._notes.append(
                Finding("warning", "camera", "no_camera", f"{CAMERA} is missing: no calibration")
            )
            return None
        try:
            return camera_from_opencv_xml(self.source.read(CAMERA), self.size_px)
        except ParameterError as error:
            text = f"{CAMERA} cannot be used ({error}); the recording is read without a calibration"
            self._notes.append(Finding("problem", "camera", "camera_unusable", text))
            return None

    def gaze(self) -> Stream:
        table = read_table(self.source, GAZE, "gaze")
        t_ns = table.times_ns(table.need("timestamp"), _NS_PER_MS)
        x_px, y_px = table.floats(table.need("gaze_pos_vid_x")), table.floats(table.need("gaze_pos_vid_y"))
        extra: dict[str, NDArray[Any]] = {}
        for name in table.names:
            if name == "frame_idx":
                extra["frame_label"] = table.ints(name)
            elif name.startswith(("gaze_ori_", "gaze_dir_", "gaze_pos_3d_", "pup_diam_")):
                column = _RENAMED.get(name, f"{name}_mm" if name.startswith(_IN_MM) else name)
                extra[column] = table.floats(name)
        lost = int(np.count_nonzero(~np.isfinite(x_px)))
        if lost:
            text = (
                f"{lost} samples are NaN: glassesTools does not keep whether it was blink, loss or not worn"
            )
            table.findings.append(Finding("info", "gaze", "reason_unknown", text, lost))
        return gaze_stream(
            t_ns, x_px, y_px, reasons={}, size_px=self.size_px, extra=extra, findings=table.findings
        )

    def frames(self) -> Stream:
        if self.source.has(FRAMES):
            table = read_table(self.source, FRAMES, "frames")
            t_ns, findings = table.times_ns(table.need("timestamp"), _NS_PER_MS), table.findings
        else:
            text = f"{FRAMES} is missing: frame times are those of the video"
            findings = [Finding("warning", "frames", "frame_times_from_video", text)]
            with SceneVideo(self.videos) as video:
                t_ns = video.times_ns
        return paired_frames(self.videos, [t_ns], findings=findings)


def _start_ns(info: dict[str, Any]) -> int | None:
    stamp = info.get("start_time")
    if isinstance(stamp, dict):
        stamp = stamp.get("__Timestamp__")
    if not isinstance(stamp, (int, float)) or not 0 < abs(stamp) < _LATEST:
        return None
    start_ns = int(stamp) * (10**6 if stamp > _MS_NOT_S else 10**9)
    return start_ns if abs(start_ns) < 2**63 else None
