"""The same wrap hung twice: every part is mapped where it is, and which of the two it is stays open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from gazestudy.attention import find_exposures
from gazestudy.mapping import PlanarParameters, Reference, map_frames, map_gaze
from gazestudy.mapping.copies import UNKNOWN
from gazestudy.mapping.references import cut_apart
from gazestudy.model import Camera, Creative, Facet, Placement
from gazestudy.model.facets import FACET
from tests.unit.mapping.bent_scene import Corner, Eye, draw, seen
from tests.unit.mapping.conftest import artwork

CAMERA = Camera(800, 450, 500.0, 500.0, 399.5, 224.5)
SIZE_PX, SIZE_MM = (1500, 700), (3000.0, 1400.0)
STEP_NS = 33_333_333
EYES = [Eye(-0.05 + 0.02 * i, 0.02 * i, -0.6 * i) for i in range(6)]
PRINTS = (Corner(x_m=-1.45, z_m=3.4), Corner(x_m=1.75, z_m=3.4))


@dataclass(frozen=True)
class Both:
    """Two prints side by side."""

    def hit(self, eye: np.ndarray, rays: np.ndarray) -> np.ndarray:
        first, second = (one.hit(eye, rays) for one in PRINTS)
        return np.where(np.isfinite(first), first, second)


@pytest.fixture(scope="module")
def home() -> Placement:
    creative = Creative("wrap-1", "wrap", "", "", "", *SIZE_PX)
    walls = (Facet(0, 0, 900, 700), Facet(900, 0, 1500, 700))
    return Placement("wrap", "Wrap", (creative,), "static", *SIZE_MM, copies=2, facets=walls)


@pytest.fixture(scope="module")
def table(home) -> pd.DataFrame:
    image = np.hstack([artwork(40 + k, (SIZE_PX[0] // 4, SIZE_PX[1])) for k in range(4)])
    frames = [(i, i * STEP_NS, draw(CAMERA, eye, Both(), image, i)) for i, eye in enumerate(EYES)]
    pictures = cut_apart([Reference("wrap", "wrap-1", image, copies=2, size_mm=SIZE_MM)], home.facets)
    return map_frames(frames, pictures, CAMERA, parameters=PlanarParameters(keyframe_interval=3))


def frames_table() -> pd.DataFrame:
    return pd.DataFrame({"t_ns": np.arange(len(EYES)) * STEP_NS, "kind": "real", "part": 0})


def test_both_prints_are_mapped_and_neither_is_numbered(table):
    rows = table[table["state"] == "mapped"]
    assert rows.groupby(["frame", FACET]).size().max() == 2
    assert set(rows["copy"]) == {UNKNOWN}


def test_gaze_between_frames_stays_on_its_own_print(home, table):
    rng = np.random.default_rng(2)
    rows, truth = [], []
    for number, eye in enumerate(EYES[:-1]):
        soon = EYES[number + 1]
        half = Eye((eye.x_m + soon.x_m) / 2, (eye.z_m + soon.z_m) / 2, (eye.turn_deg + soon.turn_deg) / 2)
        for one in PRINTS:
            shares = rng.uniform(0.02, 0.98, (150, 2))
            px, good = seen(CAMERA, half, one, shares)
            rows += [(number * STEP_NS + STEP_NS // 2, x, y, True) for x, y in px[good].tolist()]
            truth.append(shares[good] * SIZE_PX - 0.5)
    gaze = pd.DataFrame(rows, columns=["t_ns", "x_px", "y_px", "valid"])
    mapped, _ = map_gaze(gaze, frames_table(), table, [home], CAMERA)
    found = mapped[["x_ref_px", "y_ref_px"]].to_numpy()
    error = 100 * np.linalg.norm(found - np.concatenate(truth)[mapped["sample"]], axis=1) / SIZE_PX[0]
    assert len(mapped) > 0.9 * len(gaze)
    assert np.quantile(error, 0.95) < 0.5
    assert error.max() < 2.0


def test_exposure_of_two_prints_is_one(home, table):
    exposures = find_exposures(table, frames_table(), [home], camera=CAMERA)
    assert len(exposures) == 1
    assert exposures["visible_share_mean"].item() <= 1.0
