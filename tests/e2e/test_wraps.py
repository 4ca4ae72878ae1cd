"""A picture round a corner, from the command line: one placement, gaze on both walls, pictures to check it by."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gazestudy._cv2 import cv2
from gazestudy.exporters.video import write_video
from gazestudy.model import Camera
from gazestudy.store import open_study
from tests.unit.mapping.bent_scene import Corner, Eye, draw, seen
from tests.unit.mapping.conftest import artwork

CAMERA = Camera(640, 360, 512.0, 512.0, 319.5, 179.5)
SIZE = 1200, 560
THING = Corner()
EYES = [Eye(-0.3 + 0.02 * i, 0.2 + 0.02 * i, 4 - 0.4 * i) for i in range(20)]
LOOKS = [(0.35, 0.45)] * 10 + [(0.75, 0.6)] * 10
STEP_MS = 40


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """One recording of a corner wrap, given as two pictures, one for each wall."""
    from typer.testing import CliRunner

    from gazestudy.cli.app import app

    folder = tmp_path_factory.mktemp("wraps")
    picture = np.hstack([artwork(60 + k, (SIZE[0] // 4, SIZE[1])) for k in range(4)])
    seam = round(0.6 * SIZE[0])
    files = []
    for name, part in (("left", picture[:, :seam]), ("right", picture[:, seam:])):
        files.append(folder / f"{name}.png")
        files[-1].write_bytes(cv2.imencode(".png", part)[1].tobytes())
    walk = folder / "walk"
    walk.mkdir()
    frames, rows = [], []
    for number, (eye, look) in enumerate(zip(EYES, LOOKS, strict=True)):
        frames.append(np.repeat(draw(CAMERA, eye, THING, picture, number)[..., None], 3, axis=2))
        (x, y), _ = (one[0] for one in seen(CAMERA, eye, THING, np.array([look])))
        rows += [f"{STEP_MS * number + 20 * half},{x},{y}" for half in (0, 1)]
    write_video(walk / "scene.mp4", frames, np.arange(len(EYES)) * STEP_MS * 1_000_000)
    (walk / "gaze.csv").write_text("time_ms,x,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    columns = {"table": "gaze.csv", "time": "time_ms", "time_unit": "ms", "x": "x", "y": "y", "xy_unit": "px"}
    columns |= {"video": "scene.mp4", "video_start": 0.0}
    (walk / "columns.json").write_text(json.dumps(columns), encoding="utf-8")
    lens = {"camera_matrix": CAMERA.matrix.tolist(), "distortion_coefficients": [0.0] * 5}
    (folder / "camera.json").write_text(json.dumps(lens), encoding="utf-8")
    lens_words = ["--camera", folder / "camera.json"]
    path, runner = folder / "study", CliRunner()
    for words in (
        ["new", path, "--name", "Wraps"],
        ["placement", "add", path, "corner", *files, "--joined", "--width-mm", 3000, "--height-mm", 1400],
        ["import", path, walk, "--participant", "P01", "--columns", walk / "columns.json", *lens_words],
        ["run", path],
    ):
        result = runner.invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return path


def test_gaze_on_both_walls_is_on_the_one_placement(study):
    with open_study(study) as opened:
        derived = opened.current(opened.recordings()[0].id, "attention")
        gaze, metrics = derived.table("mapped_gaze"), derived.table("metrics")
        exposures = derived.table("exposures")
    assert len(gaze) >= 36
    for first, look in ((True, LOOKS[0]), (False, LOOKS[-1])):
        part = gaze[(gaze["frame"] < 10) == first]
        off = part[["x_ref_px", "y_ref_px"]].median() - (np.array(look) * SIZE - 0.5)
        assert np.abs(off).max() < 0.01 * SIZE[0]
    assert len(exposures) == 1
    assert 0.5 < exposures["visible_share_mean"].iloc[0] <= 1.0
    assert metrics["noticed"].tolist() == [True]
    assert metrics["gaze_ms"].iloc[0] <= STEP_MS * len(EYES)


def test_pictures_to_check_it_by(study, tmp_path, gazestudy):
    sheet = gazestudy("mapping", "contact-sheet", study, "--out", tmp_path / "sheets")
    assert sheet.code == 0, sheet.err
    assert list((tmp_path / "sheets").glob("*.png"))
    video = gazestudy("overlay", study, "--out", tmp_path / "videos", "--show-faces")
    assert video.code == 0, video.err
    assert list((tmp_path / "videos").glob("*.mp4"))
    heat = gazestudy("heatmap", study, "--out", tmp_path / "maps", "--format", "png")
    assert heat.code == 0, heat.err
