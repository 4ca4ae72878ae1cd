"""Studies that are not as they usually are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import av
import numpy as np

from gazestudy.store import open_study


def make_two_videos(study: Path, recording_id: str) -> int:
    """Have the second half of a recording in a video file of its own.

    Parameters
    ----------
    study : Path
        Changed in place; nobody has it open.
    recording_id : str
        A recording whose frames are all in one video.

    Returns
    -------
    int
        Row of the first frame of the second video.
    """
    from gazestudy.store.atomic import hash_file
    from gazestudy.store.parquet import write_table

    with open_study(study, read_only=True) as opened:
        (video,), frames = opened.media(recording_id), opened.stream(recording_id, "frames")
    half = len(frames) // 2
    real = np.flatnonzero((frames["video"] >= 0).to_numpy())
    half = int(real[len(real) // 2])
    second = video.with_name("scene-2.mp4")
    _copy_from(video, second, int(frames["index"].iloc[half]))
    later = (np.arange(len(frames)) >= half) & (frames["video"] >= 0).to_numpy()
    frames.loc[later, "index"] -= int(frames["index"].iloc[half])
    frames.loc[later, "video"] = 1
    folder = study / "recordings" / recording_id
    file = write_table(frames, folder, "streams/frames-two.parquet")
    where = f"recordings/{recording_id}"
    with sqlite3.connect(study / "study.sqlite") as database:
        database.execute(
            "UPDATE stream SET path=?, sha256=?, size_bytes=? WHERE recording_id=? AND name='frames'",
            (f"{where}/{file.path}", file.sha256, file.size_bytes, recording_id),
        )
        database.execute(
            "INSERT INTO media (recording_id, position, path, external, sha256, size_bytes) VALUES (?,1,?,0,?,?)",
            (recording_id, f"{where}/media/{second.name}", hash_file(second), second.stat().st_size),
        )
    database.close()
    return half


def _copy_from(source: Path, target: Path, first: int) -> None:
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        stream = read.streams.video[0]
        out = write.add_stream("libx264", rate=30)
        out.width, out.height, out.pix_fmt = stream.width, stream.height, "yuv420p"
        for number, picture in enumerate(read.decode(stream)):
            if number < first:
                continue
            picture.pts = None
            write.mux(out.encode(picture))
        write.mux(out.encode())
