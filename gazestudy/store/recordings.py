"""Recordings: samples as Parquet, scene videos, and where they came from."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.errors import InputError, StudyDamagedError, StudyError
from gazestudy.model.camera import Camera
from gazestudy.model.clock import Clock
from gazestudy.model.recording import CONTRACTS, Recording, RecordingMeta, SourceFile
from gazestudy.model.study import StudyRecording
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store.atomic import (
    CHUNK_BYTES,
    copy_file,
    file_trouble,
    filled_folder,
    hash_file,
    mark,
    publish,
    recording_of,
    remove_folder,
    sync_folder,
)
from gazestudy.store.base import RECORDINGS, StudyBase, now_utc, require_name, slug
from gazestudy.store.keys import jsonable
from gazestudy.store.parquet import read_table, write_table
from gazestudy.store.participants import ParticipantShelf, note_device_label
from gazestudy.store.schema import MediaRow, ParticipantRow, RecordingRow, SourceFileRow, StreamRow

_STREAMS, _MEDIA = "streams", "media"
_ADVICE = "Remove the recording and import it again"


class RecordingShelf(ParticipantShelf, StudyBase):
    """The recordings of a study."""

    def recordings(self) -> tuple[StudyRecording, ...]:
        """Return all recordings, by participant and number."""
        with self._database.reading() as session:
            rows = session.scalars(select(RecordingRow))
            return tuple(sorted((_recording(row) for row in rows), key=_natural_order))

    def recording(self, recording_id: str) -> StudyRecording:
        """Return one recording.

        Raises
        ------
        StudyError
            If there is none of that id; names those there are.
        """
        with self._database.reading() as session:
            return _recording(self._recording_row(session, recording_id))

    def add_recording(
        self,
        recording: Recording,
        *,
        participant_id: str,
        segment: str = "",
        daypart: str = "",
        report: Mapping[str, Any] | None = None,
        copy_video: bool = True,
        progress: Progress = SILENT,
    ) -> StudyRecording:
        """Copy a recording into the study.

        Parameters
        ----------
        recording : Recording
            As an importer gives it. Its source is only read.
        participant_id : str
            Pseudonym of the person; made if not there.
        segment : str, optional
            Group of that person.
        daypart : str, optional
            When in the day.
        report : mapping, optional
            What the import found; JSON-ready.
        copy_video : bool, optional
            Copy the scene videos into the study; False keeps a reference to where they are now.
        progress : Progress, optional
            Counts streams and MiB, and may cancel.

        Returns
        -------
        StudyRecording
            As the study keeps it.

        Raises
        ------
        StudyError
            If the same recording is in the study already (names it), or the disk refuses.
        InputError
            If the source cannot be read.
        Cancelled
            If `progress` says so. The study is unchanged after any error.

        Notes
        -----
        The name the device has for the person goes to the personal data; wherever it occurs in the name, the
        facts or the report, the pseudonym takes its place. Source paths other than those inside the recording
        are not kept.
        """
        self._require_writing()
        sources = recording.files
        tables = {name: recording.stream(name) for name in recording.streams}
        combined = _combined_hash(sources) if sources else ""
        with self._database.reading() as session:
            self._refuse_sources(session, combined)
            self._refuse_segment(session.get(ParticipantRow, participant_id.strip()), segment)
            recording_id = self._free_id(session, require_name("participant id", participant_id))
        progress.start(f"storing {recording.meta.name}", len(tables) + _mebibytes(recording.videos))
        folder = self._inside(RECORDINGS, recording_id)
        with filled_folder(folder) as filled:
            streams = _write_streams(tables, filled, recording_id, progress)
            media = (
                _copy_media(recording.videos, filled, recording_id, progress)
                if copy_video
                else [_referenced(video, self._path, sources) for video in recording.videos]
            )
            if not sources:  # the importer cannot say what it read: what it gave is compared instead
                combined = _joined_hash([stream.sha256 for stream in streams] + [m.sha256 for m in media])
            raise_if_cancelled(progress)
        try:
            row = _recording_row(
                recording, recording_id, participant_id.strip(), daypart, report or {}, combined
            )
            row.streams, row.sources = streams, [_source_row(n, file) for n, file in enumerate(sources)]
            row.media = [_positioned(medium, number) for number, medium in enumerate(media)]
            self._record(row, segment, recording.meta.participant_label, filled, folder)
        except BaseException:
            shutil.rmtree(filled, ignore_errors=True)
            raise
        return _recording(row)

    def remove_recording(self, recording_id: str) -> None:
        """Remove a recording with its samples, copied videos and results; the participant stays.

        Raises
        ------
        StudyError
            If there is none of that id.
        """
        self._require_writing()
        folder = self._inside(RECORDINGS, recording_id)
        with self._database.writing() as session:
            session.delete(self._recording_row(session, recording_id))
            mark(folder)
        remove_folder(folder)

    def streams(self, recording_id: str) -> tuple[str, ...]:
        """Return the names of the stored streams of a recording."""
        with self._database.reading() as session:
            return tuple(stream.name for stream in self._recording_row(session, recording_id).streams)

    def has_stream(self, recording_id: str, name: str) -> bool:
        """Return True if the recording has the stream."""
        return name in self.streams(recording_id)

    def stream(self, recording_id: str, name: str) -> pd.DataFrame:
        """Return a stream of a recording.

        Parameters
        ----------
        recording_id : str
            Which recording.
        name : str
            "gaze", "frames", "imu", "events" (an empty table where the recording has none) or a vendor table.

        Returns
        -------
        DataFrame
            The table as it was imported.

        Raises
        ------
        StudyError
            If there is no such recording or vendor table.
        StudyDamagedError
            If the file is missing or damaged.
        """
        with self._database.reading() as session:
            row = self._recording_row(session, recording_id)
            stored = {stream.name: (stream.path, stream.sha256) for stream in row.streams}
        if name not in stored:
            if name in CONTRACTS:
                return CONTRACTS[name].empty()
            raise StudyError(
                f"{self._path}: recording {recording_id!r} has no stream {name!r}; it has {', '.join(stored)}"
            )
        path = self._path / stored[name][0]
        table = read_table(path, stored[name][1], _ADVICE)
        return CONTRACTS[name].check(table, str(path)) if name in CONTRACTS else table

    def camera(self, recording_id: str) -> Camera | None:
        """Return the scene camera of a recording, None if it is not known."""
        with self._database.reading() as session:
            values = self._recording_row(session, recording_id).camera
            return None if values is None else Camera.from_dict(values)

    def clock(self, recording_id: str) -> Clock:
        """Return what the time stamps of a recording count from."""
        with self._database.reading() as session:
            return Clock.from_dict(self._recording_row(session, recording_id).clock)

    def report(self, recording_id: str) -> dict[str, Any]:
        """Return what the import found."""
        with self._database.reading() as session:
            return dict(self._recording_row(session, recording_id).report)

    def meta(self, recording_id: str) -> dict[str, Any]:
        """Return the facts the vendor wrote, without personal data."""
        with self._database.reading() as session:
            return dict(self._recording_row(session, recording_id).meta)

    def media(self, recording_id: str) -> tuple[Path, ...]:
        """Return the scene videos of a recording, absolute, in the order of `frames.video`.

        Raises
        ------
        StudyDamagedError
            If one is not there.
        """
        with self._database.reading() as session:
            row = self._recording_row(session, recording_id)
            paths = tuple(media_path(self._path, medium) for medium in row.media)
        for path in paths:
            if not path.is_file():
                raise StudyDamagedError(
                    f"{path}: the scene video of recording {recording_id!r} is not there. Put it back, or"
                    f" {_ADVICE[0].lower()}{_ADVICE[1:]}"
                )
        return paths

    def stream_key(self, recording_id: str, names: Sequence[str]) -> str:
        """Return a hash of the content of streams, for cache keys; no file is read.

        Parameters
        ----------
        recording_id : str
            Which recording.
        names : sequence of str
            Streams, in any order; one the recording does not have counts as absent.
        """
        with self._database.reading() as session:
            known = {s.name: s.sha256 for s in self._recording_row(session, recording_id).streams}
        return _joined_hash([f"{name} {known.get(name, 'absent')}" for name in sorted(set(names))])

    def media_key(self, recording_id: str) -> str:
        """Return a hash of the content of the scene videos, for cache keys; no file is read."""
        with self._database.reading() as session:
            return _joined_hash([m.sha256 for m in self._recording_row(session, recording_id).media])

    def _record(self, row: RecordingRow, segment: str, label: str, filled: Path, folder: Path) -> None:
        """Publish the filled folder and write its record."""
        with self._database.reading() as session:
            self._refuse_sources(session, row.sha256)
        publish(filled, folder)
        with recording_of(folder), self._database.writing() as session:
            row.participant_id = self._participant(session, row.participant_id, segment).id
            session.flush()
            if label and label != row.participant_id:
                note_device_label(session, row.participant_id, label)
            session.add(row)

    def _refuse_sources(self, session: Session, combined: str) -> None:
        known = session.scalar(select(RecordingRow).where(RecordingRow.sha256 == combined))
        if known is not None:
            raise StudyError(
                f"{self._path}: this recording is in the study already as {known.id!r} (participant"
                f" {known.participant_id!r}, {known.name!r}); remove that one first to import it again"
            )

    def _free_id(self, session: Session, participant_id: str) -> str:
        stem = slug(participant_id, "recording")
        numbers = [0]
        folder = self._path / RECORDINGS
        on_disk = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        for known in [*session.scalars(select(RecordingRow.id)), *on_disk]:
            if match := re.match(rf"{re.escape(stem)}-(\d+)(\.|$)", known):
                numbers.append(int(match[1]))
        return f"{stem}-{max(numbers) + 1}"

    def _recording_row(self, session: Session, recording_id: str) -> RecordingRow:
        row = session.get(RecordingRow, recording_id)
        if row is None:
            known = ", ".join(session.scalars(select(RecordingRow.id).order_by(RecordingRow.id)))
            raise StudyError(
                f"{self._path}: there is no recording {recording_id!r}; the study has {known or 'none yet'}"
            )
        return row


def media_path(root: Path, medium: MediaRow) -> Path:
    """Return where a video is, absolute."""
    return Path(medium.path) if medium.external else Path(os.path.normpath(root / medium.path))


def without_name(value: Any, name: str, pseudonym: str) -> Any:
    """Return `value` with a person's name replaced by the pseudonym, in texts at any depth.

    Parameters
    ----------
    value : object
        Plain JSON.
    name : str
        The name; one of fewer than three letters is replaced only where it is the whole text.
    pseudonym : str
        What takes its place.

    Examples
    --------
    >>> without_name({"wearer": "Anna", "file": ["anna_01.csv"], "n": 3}, "Anna", "P01")
    {'wearer': 'P01', 'file': ['P01_01.csv'], 'n': 3}
    """
    if not name or name == pseudonym:
        return value
    if isinstance(value, str):
        pattern = re.escape(name) if len(name) >= 3 else rf"\A{re.escape(name)}\Z"
        return re.sub(pattern, lambda _match: pseudonym, value, flags=re.IGNORECASE)
    if isinstance(value, dict):
        return {
            without_name(key, name, pseudonym): without_name(item, name, pseudonym)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_name(item, name, pseudonym) for item in value]
    return value


def _write_streams(
    tables: dict[str, pd.DataFrame], filled: Path, recording_id: str, progress: Progress
) -> list[StreamRow]:
    (filled / _STREAMS).mkdir()
    rows = []
    for position, (name, table) in enumerate(tables.items()):
        raise_if_cancelled(progress)
        # The number keeps names apart that are the same as slugs; contract names are their own slug.
        file_name = name if name in CONTRACTS else f"{slug(name, 'table')}-{position}"
        file = write_table(table, filled, f"{_STREAMS}/{file_name}.parquet")
        rows.append(
            StreamRow(
                name=name,
                position=position,
                path=f"{RECORDINGS}/{recording_id}/{file.path}",
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                rows=file.rows,
            )
        )
        progress.advance()
    return rows


def _copy_media(
    videos: Sequence[Path], filled: Path, recording_id: str, progress: Progress
) -> list[MediaRow]:
    (filled / _MEDIA).mkdir()
    needed = sum(_size(video) for video in videos)
    free = shutil.disk_usage(filled).free
    if needed > free:
        raise StudyError(
            f"{filled.parent}: the scene video needs {needed / 1e9:.2f} GB, free are {free / 1e9:.2f} GB;"
            " make some space, or import without copying the video"
        )
    rows = []
    for number, video in enumerate(videos):
        # Not the name of the source, which may hold a person's.
        target = filled / _MEDIA / f"scene-{number}{_safe_suffix(video)}"
        with file_trouble("copying", video):
            sha256, size = copy_file(video, target, progress)
        path = f"{RECORDINGS}/{recording_id}/{_MEDIA}/{target.name}"
        rows.append(MediaRow(path=path, external=False, sha256=sha256, size_bytes=size))
    sync_folder(filled / _MEDIA)
    return rows


def _referenced(video: Path, root: Path, sources: Sequence[SourceFile]) -> MediaRow:
    size = _size(video)
    absolute, home = video.resolve(), root.resolve()
    # Relative where video and study can move together: they share more than the root of the disk.
    shared = absolute.anchor == home.anchor and len(Path(os.path.commonpath([absolute, home])).parts) > 1
    path = Path(os.path.relpath(absolute, home)).as_posix() if shared else str(absolute)
    hashed = [
        file.sha256 for file in sources if Path(file.path).name == video.name and file.size_bytes == size
    ]
    sha256 = hashed[0] if len(hashed) == 1 else hash_file(video)
    return MediaRow(path=path, external=not shared, sha256=sha256, size_bytes=size)


def _recording_row(
    recording: Recording,
    recording_id: str,
    participant_id: str,
    daypart: str,
    report: Mapping[str, Any],
    combined: str,
) -> RecordingRow:
    meta = recording.meta

    def clean(value: Any) -> Any:
        return without_name(jsonable(value), meta.participant_label.strip(), participant_id)

    return RecordingRow(
        id=recording_id,
        name=clean(meta.name),
        device=meta.device,
        importer=meta.importer,
        importer_version=meta.importer_version,
        participant_id=participant_id,
        daypart=daypart,
        sha256=combined,
        imported_utc=now_utc(),
        clock=recording.clock.to_dict(),
        camera=recording.camera.to_dict() if recording.camera else None,
        meta=clean(_facts(meta)),
        report=clean(report),
    )


def _facts(meta: RecordingMeta) -> dict[str, Any]:
    return {"start_unix_ns": meta.start_unix_ns, "extra": dict(meta.extra)}


def _source_row(position: int, file: SourceFile) -> SourceFileRow:
    return SourceFileRow(position=position, path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)


def _positioned(medium: MediaRow, position: int) -> MediaRow:
    medium.position = position
    return medium


def _recording(row: RecordingRow) -> StudyRecording:
    return StudyRecording(
        row.id, row.name, row.device, row.importer, row.participant_id, row.sha256, row.daypart
    )


def _natural_order(recording: StudyRecording) -> tuple[str, int]:
    stem, _, number = recording.id.rpartition("-")
    return stem, int(number)


def _combined_hash(files: Sequence[SourceFile]) -> str:
    # Without the paths: the same files in a renamed folder or in a zip are the same recording.
    return _joined_hash(sorted(f"{file.sha256} {file.size_bytes}" for file in files))


def _joined_hash(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _size(video: Path) -> int:
    try:
        return video.stat().st_size
    except OSError as error:
        raise InputError(
            video, "the scene video cannot be read", found=error.strerror or str(error)
        ) from error


def _mebibytes(videos: Sequence[Path]) -> int:
    return sum(-(-_size(video) // CHUNK_BYTES) for video in videos)


def _safe_suffix(video: Path) -> str:
    suffix = video.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ".video"
