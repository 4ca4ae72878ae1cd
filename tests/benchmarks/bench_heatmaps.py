"""Density maps of 1920 x 1080, beside the stamping of Gaussian patches that PyGazeAnalyser does, and a full-size blur.

Run: python tests/benchmarks/bench_heatmaps.py
"""

import time

import numpy as np

from gazestudy._cv2 import cv2
from gazestudy.heatmaps import density_map

SIZE = (1920, 1080)
SIGMA_PX = 200 / 6  # a stamp of 200 px is 6 sigmas wide


def stamping(points, weights):
    """Add a patch of 200 px for every fixation to a padded map, as PyGazeAnalyser's draw_heatmap."""
    along = np.arange(200) - 100
    patch = np.exp(-(along[:, None] ** 2 + along**2) / (2 * SIGMA_PX**2))
    padded = np.zeros((SIZE[1] + 400, SIZE[0] + 400))
    for (x, y), weight in zip(points.astype(int) + 100, weights, strict=True):
        padded[y : y + 200, x : x + 200] += patch * weight
    return padded[200:-200, 200:-200]


def full_size_blur(points, weights):
    """Count per pixel, then blur all pixels."""
    edges = [np.arange(side + 1) - 0.5 for side in SIZE]
    counted, *_ = np.histogram2d(points[:, 1], points[:, 0], bins=edges[::-1], weights=weights)
    return cv2.GaussianBlur(counted.astype(np.float32), (0, 0), SIGMA_PX, borderType=cv2.BORDER_CONSTANT)


def exact(points, weights):
    along_x, along_y = (
        np.exp(-((np.arange(side) - points[:, axis, None]) ** 2) / (2 * SIGMA_PX**2))
        for axis, side in enumerate(SIZE)
    )
    return (along_y * weights[:, None]).T @ along_x / (2 * np.pi * SIGMA_PX**2)


def wall_ms(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


def main():
    rng = np.random.default_rng(0)
    for count in (100, 10_000, 1_000_000):
        points = rng.uniform((0, 0), (SIZE[0] - 1, SIZE[1] - 1), (count, 2))
        weights = rng.uniform(0.1, 1, count)
        own = wall_ms(lambda p=points, w=weights: density_map(p, SIZE, sigma_px=SIGMA_PX, weights=w), 9)
        blur = wall_ms(lambda p=points, w=weights: full_size_blur(p, w), 3)
        line = f"{count:8d} points: density_map {own:7.1f} ms, full-size blur {blur:8.1f} ms ({blur / own:.0f} x)"
        if count <= 10_000:
            stamps = wall_ms(lambda p=points, w=weights: stamping(p, w), 1)
            wanted = exact(points, weights)
            error = np.abs(density_map(points, SIZE, sigma_px=SIGMA_PX, weights=weights) - wanted).max()
            line += f", stamping {stamps:8.1f} ms ({stamps / own:.0f} x), error {100 * error / wanted.max():.2f} % of peak"
        print(line)


if __name__ == "__main__":
    main()
