"""Wraps round pillars and corners: one flat picture, cut or joined, kept by the study."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gazestudy._cv2 import cv2
from gazestudy.cli.app import app
from gazestudy.errors import ParameterError
from gazestudy.model import Facet
from gazestudy.pipeline.analysis import references_of
from gazestudy.pipeline.grabbing import check_pictures
from gazestudy.pipeline.wraps import joined_picture
from gazestudy.store import create_study, open_study


def write(path: Path, seed: int, size: tuple[int, int]) -> Path:
    """A mottled colour picture."""
    cells = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    path.write_bytes(
        cv2.imencode(".png", cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC))[1].tobytes()
    )
    return path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    create_study(tmp_path / "study", name="Wraps").close()
    return tmp_path / "study"


def run(*words: object) -> dict:
    result = CliRunner().invoke(app, [*map(str, words), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_pillar_is_cut_into_strips_and_kept(study, tmp_path):
    picture = write(tmp_path / "wrap.png", 1, (400, 200))
    made = run("placement", "add", study, "pillar", picture, "--facets", 4, "--width-mm", 3200)
    assert made["facets"] == ["0,0,100,200", "100,0,200,200", "200,0,300,200", "300,0,400,200"]
    with open_study(study) as opened:
        home = opened.placement("pillar")
        assert [str(one) for one in home.facets] == made["facets"]
        pictures = references_of(home, [opened.placement_image(home.creatives[0])])
        assert [one.facet for one in pictures] == [0, 1, 2, 3]
        assert check_pictures([], opened)["creative_id"].tolist() == [f"pillar-1 [{k}]" for k in range(1, 5)]
        larger = write(tmp_path / "larger.png", 1, (800, 400))
        opened.replace_creative("pillar-1", larger)
        assert str(opened.placement("pillar").facets[1]) == "200,0,400,400"


def test_facets_are_exported(study, tmp_path):
    picture = write(tmp_path / "wrap.png", 1, (400, 200))
    run("placement", "add", study, "corner", picture, "--facet", "0,0,250,200", "--facet", "250,0,400,200")
    run("placement", "add", study, "flat", write(tmp_path / "flat.png", 2, (400, 200)))
    run("export", study, "--format", "csv", "--out", tmp_path / "out")
    with (tmp_path / "out" / "placements.csv").open(encoding="utf-8-sig") as stream:
        rows = {row["placement_id"]: row["facets"] for row in csv.DictReader(stream)}
    assert rows == {"corner": "0,0,250,200 250,0,400,200", "flat": ""}


def test_facets_change_and_make_the_mapping_out_of_date(study, tmp_path):
    picture = write(tmp_path / "wrap.png", 1, (400, 200))
    run("placement", "add", study, "corner", picture)
    assert run("placement", "list", study)[0]["facets"] == []
    boxes = ["0,0,250,200", "250,0,400,200"]
    made = run("placement", "facets", study, "corner", "--facet", boxes[0], "--facet", boxes[1])
    assert made["facets"] == boxes == run("placement", "list", study)[0]["facets"]
    assert run("placement", "facets", study, "corner", "--flat")["facets"] == []


def test_pictures_of_the_walls_are_joined(study, tmp_path):
    left, right = write(tmp_path / "left.png", 1, (300, 200)), write(tmp_path / "right.png", 2, (100, 100))
    made = run("placement", "add", study, "corner", left, right, "--joined", "--width-mm", 5000)
    assert made["facets"] == ["0,0,300,200", "300,0,500,200"]
    assert (made["width_px"], made["height_px"], made["pictures"]) == (500, 200, 1)
    with open_study(study) as opened:
        home = opened.placement("corner")
        image = opened.placement_image(home.creatives[0])
    seen = cv2.imdecode(np.frombuffer(left.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(image[:, :300], seen)


def test_each_picture_has_its_place(tmp_path):
    files = [write(tmp_path / "a.png", 1, (300, 200)), write(tmp_path / "b.png", 2, (100, 100))]
    places = [Facet(100, 0, 400, 200), Facet(0, 100, 100, 200)]
    whole, facets = joined_picture(files, places)
    assert whole.shape == (200, 400, 3)
    assert facets == tuple(places)
    assert (whole[:100, :100] == 128).all()
    seen = cv2.imdecode(np.frombuffer(files[1].read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(whole[100:, :100], seen[..., ::-1])
    with pytest.raises(ParameterError, match="one for each of the 2 pictures"):
        joined_picture(files, places[:1])


@pytest.mark.parametrize(
    "words",
    [
        ("--facets", "4", "--joined"),
        ("--facet", "0,0,100"),
        ("--facet", "0,0,300,200", "--facet", "200,0,400,200"),
        ("--facet", "0,0,500,200"),
        ("--facets", "1"),
    ],
)
def test_what_makes_no_sense_is_refused(study, tmp_path, words):
    picture = write(tmp_path / "wrap.png", 1, (400, 200))
    result = CliRunner().invoke(app, ["placement", "add", str(study), "wall", str(picture), *words])
    assert result.exit_code != 0
    with open_study(study, read_only=True) as opened:
        assert opened.placements() == ()
