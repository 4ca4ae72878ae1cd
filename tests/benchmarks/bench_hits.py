"""Hits of 1,000,000 points in 50 polygons, beside matplotlib's point in path.

Run: python tests/benchmarks/bench_hits.py
"""

import time

import numpy as np
from matplotlib.path import Path

from gazestudy.geometry.polygons import points_in_polygons


def polygons(rng, count):
    shapes = []
    for _ in range(count):
        corners = rng.integers(4, 12)
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = rng.uniform(40, 200, corners)[:, None]
        shapes.append(rng.uniform(100, 1800, 2) + np.column_stack([np.cos(angle), np.sin(angle)]) * reach)
    return shapes


def wall_s(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main():
    rng = np.random.default_rng(0)
    points, shapes = rng.uniform(0, 1920, (1_000_000, 2)), polygons(rng, 50)
    paths = [Path(shape) for shape in shapes]

    def peer():
        return np.stack([path.contains_points(points) for path in paths], axis=1)

    own_s, peer_s = wall_s(lambda: points_in_polygons(points, shapes), 5), wall_s(peer, 1)
    differ = int(np.count_nonzero(points_in_polygons(points, shapes) != peer()))
    print(
        f"points_in_polygons {own_s:.3f} s, matplotlib {peer_s:.3f} s ({peer_s / own_s:.1f} x), {differ} hits differ"
    )


if __name__ == "__main__":
    main()
