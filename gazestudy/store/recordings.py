"""Recordings: samples as Parquet, scene videos, and where they came from."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.errors import StudyDamagedError, StudyError
from gazestudy.model.camera import Camera
from gazestudy.model.clock import Clock
from gazestudy.model.recording import CONTRACTS, Recording
from gazestudy.model.study import StudyRecording
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store.atomic import filled_folder, mark, publish, recording_of
from gazestudy.store.base import RECORDINGS, StudyBase, require_name, slug
from gazestudy.store.intake import (
    combined_hash,
    copy_media,
    joined_hash,
    mebibytes,
    recording_row,
    reference_media,
    write_streams,
)
from gazestudy.store.parquet import read_table
from gazestudy.store.participants import ParticipantShelf, note_device_label
from gazestudy.store.schema import MediaRow, ParticipantRow, RecordingRow

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
        person = require_name("participant id", participant_id)
        tables = {name: recording.stream(name) for name in recording.streams}
        with self._database.reading() as session:
            self._refuse_sources(session, combined_hash(recording.files))
            self._refuse_segment(session.get(ParticipantRow, person), segment)
            recording_id = self._free_id(session, person)
        progress.start(f"storing {recording.meta.name}", len(tables) + mebibytes(recording.videos))
        folder = self._inside(RECORDINGS, recording_id)
        with filled_folder(folder) as filled:
            streams = write_streams(tables, filled, recording_id, progress)
            if copy_video:
                media = copy_media(recording.videos, filled, recording_id, progress)
            else:
                media = reference_media(recording.videos, self._path, recording.files)
            raise_if_cancelled(progress)
            row = recording_row(
                recording,
                recording_id,
                person,
                daypart=daypart,
                report=report or {},
                streams=streams,
                media=media,
            )
            with self._database.reading() as session:
                self._refuse_sources(session, row.sha256)
        publish(filled, folder)
        with recording_of(folder), self._database.writing() as session:
            self._participant(session, person, segment)
            session.flush()
            if recording.meta.participant_label not in ("", person):
                note_device_label(session, person, recording.meta.participant_label)
            session.add(row)
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
        self._discard(folder)

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
                    f"{path}: the scene video of recording {recording_id!r} is not there. Put it back, say"
                    " where it is now (File > Find moved videos, or gazestudy relink), or"
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
        return joined_hash([f"{name} {known.get(name, 'absent')}" for name in sorted(set(names))])

    def media_key(self, recording_id: str) -> str:
        """Return a hash of the content of the scene videos, for cache keys; no file is read."""
        with self._database.reading() as session:
            return joined_hash([m.sha256 for m in self._recording_row(session, recording_id).media])

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
        return self._row(session, RecordingRow, recording_id, "recording")


def media_path(root: Path, medium: MediaRow) -> Path:
    """Return where a video is, absolute."""
    return Path(medium.path) if medium.external else Path(os.path.normpath(root / medium.path))


def _recording(row: RecordingRow) -> StudyRecording:
    return StudyRecording(
        row.id, row.name, row.device, row.importer, row.participant_id, row.sha256, row.daypart
    )


def _natural_order(recording: StudyRecording) -> tuple[str, int]:
    stem, _, number = recording.id.rpartition("-")
    return stem, int(number)
