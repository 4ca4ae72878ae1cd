"""Renders every sixtieth frame of a 60 s walk at 1280 x 720 on one core, beside the floor: one lens warp a frame."""

from __future__ import annotations

import time

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.simulate import build_station, neon_camera, simulate_walk
from gazestudy.simulate.cameras import lens_of

STEP = 60


def main() -> None:
    """Print CPU milliseconds per frame and the ratio to the floor."""
    cv2.setNumThreads(1)
    station = build_station(np.random.default_rng(1))
    camera = neon_camera(1280, 720)
    walk = simulate_walk(station, rng=np.random.default_rng(2), duration_s=60.0, camera=camera)
    frames = range(10, len(walk.frame_table), STEP)
    for index in frames:  # textures are shrunk when first seen
        walk.frame(index)
    start = time.process_time()
    for index in frames:
        walk.frame(index)
    each = (time.process_time() - start) / len(frames)
    lens = lens_of(camera)
    canvas = np.zeros((*lens.canvas_px[::-1], 3), dtype=np.uint8)
    maps = cv2.perspectiveTransform(lens.rays, lens.matrix)
    start = time.process_time()
    for _ in frames:
        cv2.remap(canvas, maps, None, cv2.INTER_LINEAR)
    floor = (time.process_time() - start) / len(frames)
    start = time.process_time()
    rows = len(walk.truth.mapping)
    truth = time.process_time() - start
    print(
        f"render {1000 * each:.0f} ms a frame, {each / floor:.1f} times one lens warp ({1000 * floor:.1f} ms)"
    )
    print(
        f"60 s at 30 Hz: {each * 1800:.0f} s on one core; truth ({rows} rows of homographies): {truth:.1f} s"
    )


if __name__ == "__main__":
    main()
