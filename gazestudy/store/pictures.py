"""Reference pictures: reading them, and noticing the same picture given twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazestudy._cv2 import cv2
from gazestudy.errors import InputError

Picture = NDArray[np.uint8]

THUMBNAIL_PX = 96
SAME_CORRELATION = 0.995

_SMALLEST_PX = 32
_FORMATS = "PNG, JPEG, TIFF, BMP or WebP"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A checked picture file.

    Attributes
    ----------
    source : Path
        Where it was read.
    content : bytes
        The file as it is.
    sha256 : str
        Hash of it.
    width_px, height_px : int
        Size as shown (after the camera's rotation mark).
    thumbnail : bytes
        Grey copy, `THUMBNAIL_PX` squared.
    """

    source: Path
    content: bytes
    sha256: str
    width_px: int
    height_px: int
    thumbnail: bytes


def load_picture(path: Path) -> PictureFile:
    """Read and check a picture from outside.

    Parameters
    ----------
    path : Path
        A picture file; names in any script work on every system.

    Returns
    -------
    PictureFile
        Its content and what is recorded of it.

    Raises
    ------
    InputError
        If it is missing, no picture, tiny, or of one colour.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(path, "the picture is not there", advice="Check the file name") from error
    except OSError as error:
        reason = "is a folder" if path.is_dir() else error.strerror or str(error)
        raise InputError(path, "the picture cannot be read", found=reason) from error
    image = decode(content)
    if image is None:
        raise InputError(
            path,
            "this is no picture that can be read",
            expected=_FORMATS,
            found=f"{len(content)} bytes of something else" if content else "an empty file",
            advice="Open it in a picture program and save it again",
        )
    height, width = image.shape[:2]
    if min(height, width) < _SMALLEST_PX:
        raise InputError(
            path,
            "the picture is too small to be recognised",
            expected=f"at least {_SMALLEST_PX} x {_SMALLEST_PX} px",
            found=f"{width} x {height} px",
            advice="Use the artwork or a sharp photograph of it",
        )
    small = _thumbnail(image)
    if small.max() == small.min():
        raise InputError(
            path, "the picture shows nothing but one colour", advice="Use the artwork or a photograph of it"
        )
    return PictureFile(path, content, hashlib.sha256(content).hexdigest(), width, height, small.tobytes())


def decode(content: bytes) -> Picture | None:
    """Return the picture in `content` as BGR, shape (height, width, 3), or None if there is none.

    Decoding from memory works with file names in any script on Windows too.
    """
    if not content:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # larger than OpenCV allows
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def similarity(one: bytes, other: bytes) -> float:
    """Return the correlation of two thumbnails.

    Parameters
    ----------
    one, other : bytes
        `PictureFile.thumbnail`.

    Returns
    -------
    float
        Pearson correlation of the grey values, -1 to 1; the same picture in another size or compression
        gives more than `SAME_CORRELATION`.
    """
    first, second = (np.frombuffer(thumbnail, np.uint8).astype(np.float64) for thumbnail in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


def _thumbnail(image: Picture) -> Picture:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)
