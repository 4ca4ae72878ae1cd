"""SeeTrue STONE: a table of gaze with numbered scene pictures (written from documentation only).

`EyeData_<n>.csv` (semicolons) is recording n of its folder. Scene pictures are
`ScenePics_<n>/frame_<k>.jpeg`; a picture was taken when the first sample names it. `gazeVideo_<n>*.mp4` is
the vendor's video of them, whose own times are not used. Gaze is a share of the picture, from its top left
corner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError
from gazestudy.importers.recordings.table_pieces import DOCUMENTED_ONLY, other_columns, scene_beside
from gazestudy.importers.registry import ImporterInfo, Match, ReadOptions, Refusal, recording_importer
from gazestudy.importers.scene_frames import NO_VIDEO, paired_frames
from gazestudy.importers.sources import Source
from gazestudy.importers.streams import frame_table, gap_findings, gaze_stream
from gazestudy.importers.text_tables import TextTable, read_table, sniff_header
from gazestudy.importers.video import picture_size
from gazestudy.model import Camera, Clock, Finding, Recording, RecordingMeta, Stream

ORDER, TIME, PICTURE = "Frame number", "Timestamp", "Scene picture number"
X, Y = "Gazepoint X", "Gazepoint Y"
PUPIL_AREAS = {"pupil_left_mm": "Pupil area (left), sq mm", "pupil_right_mm": "Pupil area (right), sq mm"}
CAMERA = Camera(640, 480, 495.0, 495.0, 300.0, 255.0, "opencv5", (-0.55, 0.4, 0.0, 0.0, -0.2), "default")
"""What the vendor states for all glasses."""

_TABLE = re.compile(r"EyeData_(.+)\.csv", re.IGNORECASE)
_PICTURE = re.compile(r"frame_(\d{1,9})\.jpe?g", re.IGNORECASE)
_NS_PER_MS = 1_000_000
_LONGEST_NS = 2.0**61
_MOST_ABSENT = 10  # pictures not named by a sample, for each that is


@recording_importer(name="seetrue", version=1, device="SeeTrue STONE", documented_only=True)
class SeeTrue:
    """Finds and reads recordings of STONE glasses; follows documentation only, no real one was at hand."""

    def identify(self, source: Source, options: ReadOptions) -> Match | Sequence[Match] | Refusal:
        """Look at the header of each EyeData table."""
        found = _tables(source)
        if not found:
            return Refusal(f"there is no table EyeData_<n>.csv with {X!r} and {PICTURE!r}")
        folders = set(source.folders()) if len(source.names()) > 1 or not source.path.is_file() else set()
        return [
            Match(
                f"{source.label} {number}" if len(found) > 1 else source.label,
                "SeeTrue STONE",
                f"{name} with {PICTURE!r}",
                number,
                covers=tuple({f"ScenePics_{number}"} & folders),
            )
            for number, name in found.items()
        ]

    def read(self, source: Source, info: ImporterInfo, options: ReadOptions) -> Recording:
        """Return the recording with lazy streams."""
        found = _tables(source)
        number = options.selection or next(iter(found))
        return _Numbered(source, number, found[number], len(found) > 1, options).recording(info)


def _tables(source: Source) -> dict[str, str]:
    found = {}
    for name in source.names():
        match = _TABLE.fullmatch(name)
        sniffed = sniff_header(source, name) if match else None
        if match and sniffed and {X, PICTURE, TIME} <= {cell.strip() for cell in sniffed[0]}:
            found[match.group(1)] = name
    return found


@dataclass
class _Numbered:
    source: Source
    number: str
    name: str
    several: bool
    options: ReadOptions

    def __post_init__(self) -> None:
        self._notes: list[Finding] = [DOCUMENTED_ONLY]
        folder = f"ScenePics_{self.number}/"
        named = [name for name in self.source.all_names() if name.startswith(folder)]
        matches = {name: _PICTURE.fullmatch(name.removeprefix(folder)) for name in named}
        self.pictures = {int(match.group(1)): name for name, match in matches.items() if match}
        start = re.compile(rf"gazeVideo_{re.escape(self.number)}(?!\d).*", re.IGNORECASE)
        self.video_names = [name for name in self.source.videos() if start.fullmatch(name)]
        self.scene = scene_beside(self.source, self.video_names, self.options, self._notes, CAMERA)
        self.size_px = self.scene.size_px if self.scene.videos else self._size_of_pictures()
        if self.pictures and not self.scene.videos:
            self._notes = [one for one in self._notes if one != NO_VIDEO]
            text = (
                f"the scene lies in {len(self.pictures)} single pictures, which are not read as a video: gaze"
                " can be analysed, but not mapped. Give a video made of them, in the order of their numbers"
            )
            self._notes.append(Finding("warning", "frames", "pictures_not_read", text, len(self.pictures)))
        elif self.video_names and self.options.video is None:
            text = f"{self.video_names[0]} may show gaze drawn into its pictures, which can disturb mapping"
            self._notes.append(Finding("info", "frames", "gaze_drawn", text))

    def _size_of_pictures(self) -> tuple[int, int]:
        default = (CAMERA.width_px, CAMERA.height_px)
        if not self.pictures:
            return default
        try:
            size_px = picture_size(self.source.local(self.pictures[min(self.pictures)]))
        except InputError as error:
            self._notes.append(Finding("warning", "frames", "picture_unusable", str(error), 1))
            return default
        return size_px

    def recording(self, importer: ImporterInfo) -> Recording:
        meta = RecordingMeta(
            name=f"{self.source.label} {self.number}" if self.several else self.source.label,
            device="SeeTrue STONE",
            importer=importer.name,
            importer_version=importer.version,
            source=self.source.path,
            participant_label=self.source.label,
            extra={"recording_number": self.number},
        )
        video = self.video_names[:1] if self.options.video is None else []
        used = [self.name, *video, *(self.pictures[key] for key in sorted(self.pictures))]
        camera = self.scene.camera
        fits = camera is not None and (camera.width_px, camera.height_px) == self.size_px
        return Recording(
            meta,
            clock=Clock("device_monotonic", None, f"column {TIME!r}"),
            camera=camera if fits else None,
            videos=self.scene.videos,
            loaders={"gaze": self.gaze, "frames": self.frames},
            files=lambda: self.source.hashes(used),
            findings=tuple(self._notes),
        )

    def _read(self, stream: str) -> tuple[TextTable, NDArray[np.int64], NDArray[np.int64]]:
        """Return the table, its times, and the order by the number of the sample."""
        table = read_table(self.source, self.name, stream)
        t_ns = table.times_ns(table.need(TIME), _NS_PER_MS)
        name = table.find(ORDER)
        order = np.arange(len(t_ns)) if name is None else np.argsort(table.ints(name), kind="stable")
        return table, t_ns, order

    def gaze(self) -> Stream:
        table, t_ns, order = self._read("gaze")
        width, height = self.size_px or (CAMERA.width_px, CAMERA.height_px)
        with np.errstate(over="ignore"):  # numbers this large are damage, and out of the image anyway
            x_px = table.floats(table.need(X)) * width
            y_px = table.floats(table.need(Y)) * height
        extra: dict[str, Any] = {"frame_label": table.ints(table.need(PICTURE))}
        for column, spelling in PUPIL_AREAS.items():
            if (name := table.find(spelling)) is not None:
                area_mm2 = table.floats(name)
                extra[column] = 2 * np.sqrt(np.where(area_mm2 >= 0, area_mm2, np.nan) / np.pi)
        extra |= other_columns(table, (ORDER, TIME, PICTURE, X, Y, *PUPIL_AREAS.values()))
        extra = {name: values[order] for name, values in extra.items()}
        return gaze_stream(
            t_ns[order],
            x_px[order],
            y_px[order],
            reasons={},
            size_px=(width, height),
            extra=extra,
            findings=table.findings,
        )

    def frames(self) -> Stream:
        table, t_ns, order = self._read("frames")
        label = table.ints(table.need(PICTURE))[order]
        named, first = np.unique(label, return_index=True)
        first, named = first[named >= 0], named[named >= 0]
        seen_ns = t_ns[order][first]
        findings = [one for one in table.findings if one.code != "rows_skipped"]
        if not len(named):
            return Stream(frame_table(np.zeros(0, np.int64), has_video=False), tuple(findings))
        numbers = self._numbers(named, findings)
        times_ns = _times(numbers, named, seen_ns)
        guessed = int(np.count_nonzero(~np.isin(numbers, named)))
        if guessed:
            text = (
                f"{guessed} of {len(numbers)} pictures are named by no sample; their times are interpolated"
            )
            findings.append(Finding("info", "frames", "times_interpolated", text, guessed))
        if self.scene.videos:
            return paired_frames(self.scene.videos, [times_ns], findings=findings)
        frames = frame_table(np.maximum.accumulate(times_ns), has_video=False)
        if self.pictures:
            lost = ~np.isin(numbers, np.fromiter(self.pictures, np.int64, len(self.pictures)))
            frames.loc[lost, "kind"] = "gap"
            if lost.any():
                text = f"{lost.sum()} of {len(numbers)} pictures are missing in ScenePics_{self.number}"
                findings.append(Finding("warning", "frames", "pictures_missing", text, int(lost.sum())))
        return Stream(frames, (*findings, *gap_findings(frames["t_ns"].to_numpy(), "frames")))

    def _numbers(self, named: NDArray[np.int64], findings: list[Finding]) -> NDArray[np.int64]:
        """Return the numbers of all pictures: from the first to the last that is there or named."""
        files = np.fromiter(sorted(self.pictures), np.int64, len(self.pictures))
        if self.scene.videos and len(files):
            return files  # the video was made of these
        low, high = int(min([named[0], *files[:1]])), int(max([named[-1], *files[-1:]]))
        if high - low > _MOST_ABSENT * (len(named) + len(files)) + 1000:
            text = f"picture numbers from {low} to {high} have holes too large to be real; none are filled"
            findings.append(Finding("warning", "frames", "picture_numbers", text))
            return np.union1d(named, files).astype(np.int64)
        return np.arange(low, high + 1, dtype=np.int64)


def _times(
    numbers: NDArray[np.int64], named: NDArray[np.int64], seen_ns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when pictures were taken: by the sample that names them, else between or beyond those."""
    origin = int(seen_ns[0])
    since = (seen_ns - origin).astype(np.float64)
    span = int(named[-1] - named[0])
    step = float(since[-1]) / span if span else 0.0
    found = np.interp(numbers, named, since)
    found += np.minimum(numbers - named[0], 0) * step + np.maximum(numbers - named[-1], 0) * step
    return origin + np.round(np.clip(found, -_LONGEST_NS, _LONGEST_NS)).astype(np.int64)
