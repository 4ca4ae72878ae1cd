"""Speed of planar mapping beside the floor: decoding the luma of the same video.

`python tests/benchmarks/bench_mapping.py`: a simulated walk of 6 s at 1280x720 with all pictures of the station
is written as H.264 and mapped from the file. Prints frames per second and CPU time as a ratio to decoding.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from gazestudy.mapping import Reference, gaze_by_frame, map_frames
from gazestudy.simulate import Walk, build_station, simulate_walk

DURATION_S = 6.0


def write_video(walk: Walk, path: Path) -> None:
    """Write the frames of a walk as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "23"})
        stream.width, stream.height, stream.pix_fmt = walk.camera.width_px, walk.camera.height_px, "yuv420p"
        for picture in walk.frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())


def decoded(path: Path, t_ns: NDArray[np.int64]) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    """Decode the luma plane of every frame."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for number, frame in enumerate(container.decode(video=0)):
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            yield number, int(t_ns[number]), luma[: frame.height, : frame.width]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Print the figures."""
    rng = np.random.default_rng(7)
    station = build_station(rng)
    walk = simulate_walk(station, rng=rng, duration_s=DURATION_S)
    references = [
        Reference(p.id, c.id, station.images[c.id], p.copies, (p.width_mm or 1.0, p.height_mm or 1.0))
        for p in station.placements
        for c in p.creatives
    ]
    t_ns = walk.frame_table["t_ns"].to_numpy()
    looks = gaze_by_frame(walk.gaze, walk.frame_table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.mp4"
        write_video(walk, path)
        count = len(t_ns)
        floor, floor_cpu = timed(lambda: sum(1 for _ in decoded(path, t_ns)))
        print(
            f"decode only:          {count / floor:7.1f} fps, {1000 * floor_cpu / count:6.1f} ms CPU a frame"
        )
        start, start_cpu = timed(lambda: map_frames([next(decoded(path, t_ns))], references, walk.camera))
        print(
            f"start-up, {len(references)} pictures: {start:5.2f} s, {start_cpu:.2f} s CPU (once a recording)"
        )
        for label, gaze in (("whole frames:        ", None), ("and around gaze:     ", looks)):
            wall, cpu = timed(
                lambda gaze=gaze: map_frames(decoded(path, t_ns), references, walk.camera, gaze_px=gaze)
            )
            rate, ratio = count / (wall - start), (cpu - start_cpu) / floor_cpu
            print(
                f"{label} {rate:7.1f} fps, {1000 * (cpu - start_cpu) / count:6.1f} ms CPU, {ratio:.1f} x decode"
            )


if __name__ == "__main__":
    main()
