"""The scene of a recording that has gaze but no scene video: the same to look at, on an empty picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.model.tables import FRAME_KINDS, FRAMES, categorical
from gazestudy.pipeline.correcting import study_gaze
from gazestudy.pipeline.scene import RecordingScene
from gazestudy.store import Study

_PICTURE_NS = 33_333_333
"""Thirty pictures a second, as most scene cameras have."""
_USUAL_PX = (1280, 720)
_GREY = 40


class EmptyPicture:
    """A grey picture that offers what a decoded one does.

    Parameters
    ----------
    width_px, height_px : int
        Its size.
    """

    def __init__(self, width_px: int, height_px: int) -> None:
        self._pixels = np.full((height_px, width_px, 4), _GREY, np.uint8)

    def to_ndarray(self, *, format: str) -> NDArray[np.uint8]:
        """Return its pixels; every format of four channels is the same grey."""
        assert format == "bgra"
        return self._pixels


class NoVideo:
    """Stands where a scene video would be.

    Parameters
    ----------
    width_px, height_px : int
        Size of the scene image that gaze refers to.
    count : int
        How many pictures there would be.
    """

    paths = ()

    def __init__(self, width_px: int, height_px: int, count: int) -> None:
        self.width_px, self.height_px, self._count = width_px, height_px, count
        self._picture = EmptyPicture(width_px, height_px)

    def __len__(self) -> int:
        return self._count

    def numbers(self, frames: pd.DataFrame) -> NDArray[np.int64]:
        """Return a picture for every frame."""
        return np.arange(len(frames), dtype=np.int64)

    def decoded(self, index: int) -> EmptyPicture:
        """Return the empty picture."""
        return self._picture

    def close(self) -> None:
        """Close nothing."""


class BlindScene(RecordingScene):
    """What is to be seen of a recording without a scene video.

    Parameters
    ----------
    study : Study
        The study.
    recording_id : str
        Which recording.
    """

    def __init__(self, study: Study, recording_id: str) -> None:
        gaze = study_gaze(study, recording_id)
        frames = _frames(study.stream(recording_id, "frames"), gaze["t_ns"].to_numpy(np.int64))
        video = NoVideo(*_size_px(study, recording_id, gaze), len(frames))
        super().__init__(study, recording_id, video, frames=frames)  # type: ignore[arg-type]
        self.notes.append("this recording has no scene video")


def _frames(known: pd.DataFrame, gaze_t_ns: NDArray[np.int64]) -> pd.DataFrame:
    """Return when pictures would have been on show: as recorded, else evenly while there is gaze."""
    if len(known):
        return known.assign(kind=categorical(["gap"] * len(known), FRAME_KINDS))
    if not len(gaze_t_ns):
        return known
    t_ns = np.arange(gaze_t_ns[0], gaze_t_ns[-1] + 1, _PICTURE_NS, dtype=np.int64)
    return FRAMES.check(
        pd.DataFrame(
            {
                "t_ns": t_ns,
                "kind": categorical(["gap"] * len(t_ns), FRAME_KINDS),
                "part": np.int64(0),
                "video": np.int64(-1),
                "index": np.int64(-1),
            }
        ),
        "frames",
    )


def _size_px(study: Study, recording_id: str, gaze: pd.DataFrame) -> tuple[int, int]:
    """Return the size of the scene image: of the camera, else large enough for gaze."""
    camera = study.camera(recording_id)
    if camera is not None:
        return camera.width_px, camera.height_px
    valid = gaze[gaze["valid"].to_numpy(bool)]
    reach = [valid[name].max() if len(valid) else 0.0 for name in ("x_px", "y_px")]
    width, height = (max(usual, int(np.ceil(far)) + 1) for usual, far in zip(_USUAL_PX, reach, strict=True))
    return width, height
