"""What is written when a recording comes in: samples, scene videos, and facts without the person's name."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gazestudy.errors import InputError, StudyError
from gazestudy.model.recording import CONTRACTS, Recording, SourceFile
from gazestudy.progress import Progress, raise_if_cancelled
from gazestudy.store.atomic import CHUNK_BYTES, copy_file, file_trouble, hash_file, sync_folder
from gazestudy.store.base import RECORDINGS, now_utc, slug
from gazestudy.store.keys import jsonable
from gazestudy.store.parquet import write_table
from gazestudy.store.schema import MediaRow, RecordingRow, SourceFileRow, StreamRow

_STREAMS, _MEDIA = "streams", "media"


def without_name(value: Any, name: str, pseudonym: str) -> Any:
    """Return `value` with a person's name replaced by the pseudonym, in texts at any depth but not in keys.

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
        return re.sub(name_pattern(name), lambda _match: pseudonym, value, flags=re.IGNORECASE)
    if isinstance(value, dict):
        return {key: without_name(item, name, pseudonym) for key, item in value.items()}
    if isinstance(value, list):
        return [without_name(item, name, pseudonym) for item in value]
    return value


def name_pattern(name: str) -> str:
    """Return the regular expression, for any case, by which a name is found in texts."""
    # A label such as "001" is not looked for inside longer numbers.
    pattern = rf"(?<!\d){re.escape(name)}" if name[0].isdigit() else re.escape(name)
    pattern += r"(?!\d)" if name[-1].isdigit() else ""
    return rf"\A{pattern}\Z" if len(name) < 3 else pattern


def write_streams(
    tables: dict[str, pd.DataFrame], filled: Path, recording_id: str, progress: Progress
) -> list[StreamRow]:
    """Write the streams of a recording into a folder that is being filled and return their records."""
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


def copy_media(videos: Sequence[Path], filled: Path, recording_id: str, progress: Progress) -> list[MediaRow]:
    """Copy scene videos into a folder that is being filled and return their records."""
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
        rows.append(MediaRow(position=number, path=path, external=False, sha256=sha256, size_bytes=size))
    sync_folder(filled / _MEDIA)
    return rows


def reference_media(videos: Sequence[Path], root: Path, sources: Sequence[SourceFile]) -> list[MediaRow]:
    """Return records of scene videos that stay where they are."""
    return [_referenced(number, video, root, sources) for number, video in enumerate(videos)]


def _referenced(position: int, video: Path, root: Path, sources: Sequence[SourceFile]) -> MediaRow:
    size = _size(video)
    path, external = stored_place(video, root)
    hashed = [
        file.sha256 for file in sources if Path(file.path).name == video.name and file.size_bytes == size
    ]
    sha256 = hashed[0] if len(hashed) == 1 else hash_file(video)
    return MediaRow(position=position, path=path, external=external, sha256=sha256, size_bytes=size)


def stored_place(video: Path, root: Path) -> tuple[str, bool]:
    """Return how a study refers to a file that stays where it is, and whether that is absolute.

    Relative where video and study can move together: they share more than the root of the disk.
    """
    absolute, home = video.resolve(), root.resolve()
    shared = absolute.anchor == home.anchor and len(Path(os.path.commonpath([absolute, home])).parts) > 1
    return (Path(os.path.relpath(absolute, home)).as_posix() if shared else str(absolute)), not shared


def recording_row(
    recording: Recording,
    recording_id: str,
    participant_id: str,
    *,
    daypart: str,
    report: Mapping[str, Any],
    streams: list[StreamRow],
    media: list[MediaRow],
) -> RecordingRow:
    """Return the record of a recording, with the pseudonym wherever the person's name was."""
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
        # An importer that cannot say what it read is compared by what it gave.
        sha256=combined_hash(recording.files)
        or joined_hash([*(stream.sha256 for stream in streams), *(medium.sha256 for medium in media)]),
        imported_utc=now_utc(),
        clock=recording.clock.to_dict(),
        camera=recording.camera.to_dict() if recording.camera else None,
        meta=clean({"start_unix_ns": meta.start_unix_ns, "extra": dict(meta.extra)}),
        report=clean(report),
        streams=streams,
        media=media,
        sources=[
            SourceFileRow(position=number, path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)
            for number, file in enumerate(recording.files)
        ],
    )


def combined_hash(files: Sequence[SourceFile]) -> str:
    """Return one hash over all source files, empty if there are none.

    Paths do not count: the same files in a renamed folder or in a zip are the same recording.
    """
    return "" if not files else joined_hash(sorted(f"{file.sha256} {file.size_bytes}" for file in files))


def joined_hash(lines: Sequence[str]) -> str:
    """Return the SHA-256 of lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _size(video: Path) -> int:
    try:
        return video.stat().st_size
    except OSError as error:
        raise InputError(
            video, "the scene video cannot be read", found=error.strerror or str(error)
        ) from error


def mebibytes(videos: Sequence[Path]) -> int:
    """Return how many steps `copy_media` reports."""
    return sum(-(-_size(video) // CHUNK_BYTES) for video in videos)


def _safe_suffix(video: Path) -> str:
    suffix = video.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ".video"
