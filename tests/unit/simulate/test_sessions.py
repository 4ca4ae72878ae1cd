"""A folder of sessions is complete or not there, and the shipped one is what its lists say."""

from __future__ import annotations

import csv

import pytest

from gazestudy import resources
from gazestudy._cv2 import cv2
from gazestudy.errors import Cancelled, ParameterError
from gazestudy.pipeline.simulation import simulate_sessions

TINY = {"seed": 3, "duration_s": 1.2, "width_px": 320, "height_px": 180, "reference_long_px": 100}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def check_sessions(folder):
    placements, people = rows_of(folder / "placements.csv"), rows_of(folder / "participants.csv")
    pictures = [name for row in placements for name in row["images"].split(";")]
    assert sorted(pictures) == sorted(path.name for path in (folder / "placements").iterdir())
    sizes = {name: cv2.imread(str(folder / "placements" / name)).shape[:2] for name in pictures}
    for row in placements:
        height, width = sizes[row["images"].split(";")[0]]
        assert width / height == pytest.approx(float(row["width_mm"]) / float(row["height_mm"]), rel=0.02)
    assert any(not row["name"].isascii() for row in placements)
    assert all(row["id"].isascii() for row in placements)
    assert [row["recording"] for row in people] == sorted(p.name for p in (folder / "recordings").iterdir())
    for row in people:
        for key in ("homographies", "gaze", "events", "dwell"):
            assert (folder / "truth" / f"{row['recording']}-{key}.csv").stat().st_size > 50, key
    return people


def test_sessions_are_complete(tmp_path):
    out = simulate_sessions(
        tmp_path / "phiên", participants=2, layouts=("glassestools", "generic_table"), **TINY
    )
    people = check_sessions(out)
    assert [row["layout"] for row in people] == ["glassestools", "generic_table"]
    assert [path.name for path in tmp_path.iterdir()] == ["phiên"]


def test_cancelling_leaves_nothing(tmp_path):
    class Stop:
        done = 0

        def start(self, label, total):
            pass

        def advance(self, count=1):
            self.done += count

        @property
        def cancelled(self):
            return self.done >= 5

    with pytest.raises(Cancelled):
        simulate_sessions(tmp_path / "out", participants=1, progress=Stop(), **TINY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"layouts": ("betamax",)}, {"participants": 0}, {"width_px": 321}])
def test_nonsense_is_refused(tmp_path, wrong):
    with pytest.raises(ParameterError):
        simulate_sessions(tmp_path / "out", **({"participants": 1} | TINY | wrong))
    assert list(tmp_path.iterdir()) == []


def test_shipped_sessions_are_whole_and_small():
    folder = resources.find("sample_sessions")
    people = check_sessions(folder)
    assert len({row["layout"] for row in people}) >= 3
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 8_000_000
    looked = {
        row["placement_id"]
        for person in people
        for row in rows_of(folder / "truth" / f"{person['recording']}-dwell.csv")
        if float(row["dwell_ms"]) > 300
    }
    assert len(looked) >= 8


def test_a_crowded_dark_station_of_many_pictures(tmp_path):
    out = simulate_sessions(
        tmp_path / "out",
        participants=1,
        layouts=("glassestools",),
        people=3,
        many=True,
        brightness=0.4,
        **(TINY | {"reference_long_px": 60}),
    )
    assert sum(1 for _ in (out / "placements").iterdir()) == 50
    assert "--people 3 --many --brightness 0.4" in (out / "README.md").read_text(encoding="utf-8")
    with pytest.raises(ParameterError, match="brightness"):
        simulate_sessions(tmp_path / "no", participants=1, brightness=0.0, **TINY)
