"""H.264 video with the exact time of every picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import InputError, ParameterError
from gazestudy.exporters.folders import new_file

Image = NDArray[np.uint8]

TIME_BASE_HZ = 1_000_000  # MP4 keeps any 32-bit time scale; microseconds leave 71 minutes in 32 bits


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How a video is compressed.

    Attributes
    ----------
    crf : int
        x264's constant rate factor: 18 hardly visible, 23 usual, 30 small.
    preset : str
        x264's preset.
    key_frame_s : float
        Longest time between key frames, s.
    """

    crf: int = 23
    preset: str = "veryfast"
    key_frame_s: float = 2.0


def write_video(
    path: Path, frames: Iterable[Image], t_ns: NDArray[np.int64], *, settings: VideoSettings | None = None
) -> Path:
    """Write pictures as H.264 in MP4; each picture is shown from its own time on, to the microsecond.

    Parameters
    ----------
    path : Path
        The file to write; it appears when it is complete.
    frames : iterable of ndarray of uint8, shape (height, width, 3)
        BGR pictures with even sides, as many as there are times.
    t_ns : ndarray of int64, shape (n,)
        Their times, ascending, ns; the first becomes 0.
    settings : VideoSettings, optional
        How it is compressed.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If there are no times, if they do not ascend, or if a picture has an odd side or another size.
    InputError
        If there are more or fewer pictures than times.
    """
    import av

    chosen = settings or VideoSettings()
    times = np.asarray(t_ns, dtype=np.int64)
    pts = np.round((times - times[:1]) / (1e9 / TIME_BASE_HZ)).astype(np.int64)
    if len(pts) == 0 or (np.diff(pts) <= 0).any():
        raise ParameterError("t_ns", times[:5].tolist(), "ascending frame times, at least 1 us apart")
    usual_us = float(np.median(np.diff(pts))) if len(pts) > 1 else 1e6 / 30
    count = 0
    with new_file(path) as partial, av.open(str(partial), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(round(1e9 / usual_us), 1000))
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, TIME_BASE_HZ)
        stream.codec_context.time_base = stream.time_base
        stream.codec_context.gop_size = max(1, round(chosen.key_frame_s * 1e6 / usual_us))
        # two threads whatever the machine: the bytes depend on their number
        stream.options = {"crf": str(chosen.crf), "preset": chosen.preset, "threads": "2"}
        size: tuple[int, ...] = ()
        for image in frames:
            if not size:
                size = image.shape
                stream.height, stream.width = size[:2]
            if image.shape != size or size[0] % 2 or size[1] % 2:
                raise ParameterError("frames", image.shape, "pictures of one size with even sides")
            if count < len(pts):
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
                picture.pts, picture.time_base = int(pts[count]), stream.time_base
                container.mux(stream.encode(picture))
            count += 1
        container.mux(stream.encode(None))
        if count != len(pts):
            raise InputError(
                path, "pictures and times do not match", expected=f"{len(pts)}", found=f"{count}"
            )
    return path
