"""Maps of the difference of two groups, one for each placement of a study."""

import json

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.model import Creative, Placement
from gazestudy.pipeline import difference_maps
from gazestudy.pipeline.difference_maps import export_differences


def fixations(rng):
    """Twelve people of two segments; visitors look at the right of "a"; only regulars met "b"."""
    rows = []
    for person in range(12):
        visitor = person % 2
        for _ in range(30):
            right = visitor and rng.random() < 0.5
            spot = (300, 100) if right else (100, 60)
            rows.append(
                (f"P{person:02}", "visitor" if visitor else "ผู้โดยสารประจำ", "a", *(rng.normal(spot, 15)))
            )
        if not visitor:
            rows.append((f"P{person:02}", "ผู้โดยสารประจำ", "b", 50.0, 50.0))
    table = pd.DataFrame(rows, columns=["participant_id", "segment", "placement_id", "x_ref_px", "y_ref_px"])
    return table.assign(duration_ms=200.0, width_deg=np.nan, daypart="morning")


class FakeStudy:
    def placements(self):
        picture = {"sha256": "", "width_px": 400, "height_px": 200}
        return [
            Placement(name, f"Placement {name}", (Creative(f"{name}1", name, "", "", **picture),))
            for name in ("a", "b")
        ]

    def placement_image(self, creative):
        return np.full((200, 400, 3), 200, np.uint8)


@pytest.fixture
def study(monkeypatch):
    table = fixations(np.random.default_rng(0))
    monkeypatch.setattr(difference_maps, "attention_table", lambda study, name: table)
    return FakeStudy()


def test_every_placement_is_compared_or_says_why_not(study, tmp_path):
    found = export_differences(
        study,
        tmp_path,
        groups="segment=ผู้โดยสารประจำ,visitor",
        formats=("png", "svg", "npz", "csv"),
        kernel="60px",
        permutations=400,
    )
    a, b = found
    assert (a.comparison.n_a, a.comparison.n_b, a.comparison.design) == (6, 6, "between")
    assert a.comparison.regions[0].more_in == "b" and a.p_adjusted == a.comparison.p_value < 0.05
    assert b.comparison is None and b.notes == ("nobody of visitor looked at it",)
    assert {path.suffix for path in a.files} == {".png", ".svg", ".npz", ".csv"} and not b.files
    assert (tmp_path / "differences.csv").read_text(encoding="utf-8").count("\n") == 3
    regions = pd.read_csv(tmp_path / "regions.csv")
    assert regions["more_in"].iloc[0] == "visitor"
    outline = np.array(json.loads(regions["polygons_px"].iloc[0])[0])
    assert outline[:, 0].min() < 300 < outline[:, 0].max()
    with np.load(next(path for path in a.files if path.suffix == ".npz")) as stored:
        facts = json.loads(str(stored["facts"]))
        assert stored["difference"].shape == stored["t"].shape
    assert facts["participants_a"] == 6 and facts["permutations"] == 400
    json.dumps([item.to_dict() for item in found], allow_nan=False)


def test_equal_seeds_give_equal_results(study, tmp_path):
    options = {"groups": "segment=ผู้โดยสารประจำ,visitor", "formats": (), "kernel": "60px", "permutations": 200}
    first, again = (export_differences(study, tmp_path, **options)[0].comparison for _ in range(2))
    assert first.p_cluster == again.p_cluster and first.p_max_t == again.p_max_t


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"groups": "segment=visitor"}, "two groups"),
        ({"groups": "placement=a,b"}, "two groups"),
        ({"groups": "segment=visitor,visitor"}, "two groups"),
        ({"groups": "segment=visitor,nobody"}, "a segment with fixations"),
        ({"formats": ("pdf",)}, "any of png"),
        ({"weight": "time"}, "dwell, count"),
        ({"permutations": 5}, "100 or more"),
        ({"kernel": "wide"}, "such as 2deg"),
    ],
)
def test_what_cannot_be_compared_is_named(study, tmp_path, options, words):
    with pytest.raises(ParameterError, match=words):
        export_differences(study, tmp_path, **{"groups": "segment=visitor,ผู้โดยสารประจำ", **options})


def test_people_in_both_groups_count_once(monkeypatch, tmp_path):
    table = fixations(np.random.default_rng(1))
    table = table[table["placement_id"] == "a"]
    crossed = table[table["participant_id"] == "P00"].assign(segment="visitor")
    both = pd.concat([table, crossed], ignore_index=True)
    monkeypatch.setattr(difference_maps, "attention_table", lambda study, name: both)
    found = export_differences(
        FakeStudy(), tmp_path, groups="segment=ผู้โดยสารประจำ,visitor", formats=(), permutations=200
    )[0]
    assert (found.comparison.n_a, found.comparison.n_b) == (6, 6)
    assert "1 people are in both groups and count in ผู้โดยสารประจำ only" in found.notes
