"""Features of reference pictures, kept between runs: found once a picture, not once a recording."""

from __future__ import annotations

import io
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import StudyError
from gazestudy.store.atomic import write_bytes

CACHE = "cache/picture-features"
"""Folder in a study; it may be deleted at any time."""

_SUFFIX = ".npz"
_MOST_FILES = 2000  # of about 200 kB


class PictureFeatures(MutableMapping[str, tuple[NDArray[np.float32], NDArray[np.uint8]]]):
    """Points and descriptors by the hash of a picture, in a folder.

    What cannot be read counts as not there, and what cannot be written is not kept: it can be made again.

    Parameters
    ----------
    folder : Path
        Where the files are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, key: str) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        try:
            with self._file(key).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                points, descriptors = kept["points"], kept["descriptors"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise KeyError(key) from error
        if points.shape[1:] != (2,) or descriptors.shape[1:] != (128,) or len(points) != len(descriptors):
            raise KeyError(key)
        return points.astype(np.float32), descriptors.astype(np.uint8)

    def __setitem__(self, key: str, value: tuple[NDArray[np.float32], NDArray[np.uint8]]) -> None:
        content = io.BytesIO()
        np.savez(content, points=value[0], descriptors=value[1])
        with suppress(OSError, StudyError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self._file(key), content.getvalue())
            self._forget_oldest()

    def __delitem__(self, key: str) -> None:
        try:
            self._file(key).unlink()
        except OSError as error:
            raise KeyError(key) from error

    def __iter__(self) -> Iterator[str]:
        return (file.stem for file in self._files())

    def __len__(self) -> int:
        return len(self._files())

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    def _forget_oldest(self) -> None:
        files = self._files()
        if len(files) > _MOST_FILES:
            oldest = sorted(files, key=lambda file: file.stat().st_mtime)
            for file in oldest[: len(files) - _MOST_FILES]:
                file.unlink(missing_ok=True)
