"""Finding scene videos that were moved: by length and content, so that names may have changed too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gazestudy.errors import InputError
from gazestudy.progress import SILENT, Progress, raise_if_cancelled
from gazestudy.store.atomic import hash_file
from gazestudy.store.relinking import Medium

Found = dict[tuple[str, int], Path]


def find_moved(missing: Sequence[Medium], place: Path, *, progress: Progress = SILENT) -> Found:
    """Look for scene videos in a folder and below; of a file, also beside it and where its siblings moved.

    Parameters
    ----------
    missing : sequence of Medium
        From `Study.missing_media`.
    place : Path
        A folder, or one of the videos.
    progress : Progress, optional
        Who is told, and who may ask to stop.

    Returns
    -------
    dict of (str, int) to Path
        Recording and number of the video to the file with the same content, for those that were found.

    Raises
    ------
    InputError
        If there is no such place.
    Cancelled
        If `progress` says so.

    Notes
    -----
    A file of the same length is compared by its SHA-256; one of the same name first. Where several recordings
    have the same video, each of them gets it.
    """
    if not place.exists():
        raise InputError(place, "there is no such file or folder", advice="Choose where the videos are now")
    wanted = {medium.size_bytes for medium in missing}
    by_size: dict[int, list[Path]] = {}
    progress.start(f"looking in {place.name}", None)
    for path, size in _files(place, missing):
        raise_if_cancelled(progress)
        if size in wanted and path not in by_size.get(size, ()):
            by_size.setdefault(size, []).append(path)
            progress.advance()
    progress.start("comparing videos", len(missing))
    hashes: dict[Path, str] = {}
    found: Found = {}
    for medium in missing:
        candidates = by_size.get(medium.size_bytes, [])
        for path in sorted(candidates, key=lambda one: one.name != medium.path.name):
            raise_if_cancelled(progress)
            if path not in hashes:
                hashes[path] = _hash(path)
            if hashes[path] == medium.sha256:
                found[medium.recording_id, medium.position] = path
                break
        progress.advance()
    return found


def _files(place: Path, missing: Sequence[Medium]) -> Iterator[tuple[Path, int]]:
    """Yield files with their lengths, those that were pointed at first."""
    folder = place if place.is_dir() else place.parent
    likely = [] if place.is_dir() else [place, *_moved_alike(place, missing)]
    yield from _sizes(likely)
    for root, folders, names in os.walk(folder):
        folders.sort()
        yield from _sizes(Path(root) / name for name in sorted(names))


def _sizes(paths: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        try:
            yield path, path.stat().st_size
        except OSError:  # it went, or nobody may look at it
            continue


def _moved_alike(place: Path, missing: Sequence[Medium]) -> Iterator[Path]:
    """Yield where other videos are if all moved as the one that was pointed at did."""
    for one in (medium for medium in missing if medium.path.name == place.name):
        before, after = list(one.path.parts), list(place.parts)
        while before and after and before[-1] == after[-1]:
            before.pop()
            after.pop()
        for other in missing:
            if list(other.path.parts[: len(before)]) == before:
                yield Path(*after, *other.path.parts[len(before) :])


def _hash(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError:  # it cannot be read, so it is not the one
        return ""
