"""Creative diagnosis on glances written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import ParameterError
from gazestudy.strategy.creative import (
    AOI_COLUMNS,
    aoi_table,
    aois_in_glances,
    brand_table,
    glances_of,
    readable_words,
    word_table,
)

S = 1_000_000_000


def visits(*rows):
    """(person, placement, aoi, from s, to s, fixations) as visits of one recording per person."""
    table = pd.DataFrame(
        rows, columns=["participant_id", "placement_id", "aoi_id", "onset", "offset", "fixation_count"]
    )
    return table.assign(
        recording_id=table["participant_id"] + "-1",
        onset_ns=(table["onset"] * S).astype(np.int64),
        offset_ns=(table["offset"] * S).astype(np.int64),
    ).drop(columns=["onset", "offset"])


FOUR = visits(
    ("a", "wall", "", 0.0, 2.0, 5),
    ("a", "wall", "face", 0.0, 0.8, 2),
    ("a", "wall", "logo", 1.0, 2.0, 3),
    ("b", "wall", "", 10.0, 11.0, 2),
    ("b", "wall", "face", 10.2, 11.0, 2),
    ("c", "wall", "", 5.0, 5.4, 1),
    ("c", "wall", "logo", 5.0, 5.4, 1),
    ("c", "wall", "", 9.0, 9.2, 0),  # gaze passed over it without a fixation: no glance
    ("d", "wall", "", 1.0, 1.5, 1),
    ("d", "wall", "face", 30.0, 30.2, 1),  # belongs to no glance
)


def test_a_glance_has_a_fixation():
    glances = glances_of(FOUR)
    assert len(glances) == 4
    assert glances["glance_s"].round(3).tolist() == [2.0, 1.0, 0.4, 0.5]


def test_aois_are_met_in_their_order():
    met = aois_in_glances(FOUR, glances_of(FOUR))
    rows = met[["participant_id", "aoi_id", "after_s", "order"]].round(3).to_numpy().tolist()
    assert rows == [
        ["a", "face", 0.0, 1],
        ["a", "logo", 1.0, 2],
        ["b", "face", 0.2, 1],
        ["c", "logo", 0.0, 1],
    ]


def test_which_aois_catch_and_when():
    table = aoi_table(FOUR, [("wall", "face"), ("wall", "logo"), ("wall", "legal"), ("other", "x")])
    assert list(table.columns) == list(AOI_COLUMNS)
    table = table.set_index("aoi_id")
    assert table["caught"].tolist()[:3] == [0.5, 0.5, 0.0]
    assert table["first_share"].tolist()[:3] == [0.5, 0.25, 0.0]
    assert table.loc["logo", "median_after_s"] == pytest.approx(0.5)
    assert table.loc["face", "numerator"] == 2
    assert table.loc["face", "glances"] == 4
    assert table.loc["x", "method"] == "nobody looked at the placement"


def test_the_brand_is_seen_before_the_glance_ends_or_not():
    row = brand_table(FOUR, {"wall": ["logo"]}).iloc[0]
    assert (row["numerator"], row["glances"], row["brand_seen"]) == (2, 4, 0.5)
    assert row["verdict"].startswith("open")
    assert brand_table(FOUR, {"other": ["logo"]}).iloc[0]["verdict"] == "nobody looked at the placement"


@pytest.mark.parametrize(
    ("seen", "verdict"), [(2, "most glances end before"), (38, "most glances reach"), (20, "open")]
)
def test_verdicts_follow_the_interval(seen, verdict):
    rows = [(f"p{n}", "wall", "", 0.0, 1.0, 2) for n in range(40)]
    rows += [(f"p{n}", "wall", "logo", 0.5, 1.0, 1) for n in range(seen)]
    assert brand_table(visits(*rows), {"wall": ["logo"]}).iloc[0]["verdict"].startswith(verdict)


def test_one_person_gives_no_verdict():
    rows = visits(*[("a", "wall", "", float(n), n + 0.5, 1) for n in range(5)])
    assert "one cluster" in brand_table(rows, {"wall": ["logo"]}).iloc[0]["verdict"]


def test_words_that_can_be_read():
    assert readable_words(2.05).item() == pytest.approx(7)
    assert readable_words(3.0, words_per_s=2.5, find_text_s=1.0).item() == pytest.approx(5)
    with pytest.raises(ParameterError):
        readable_words(1.0, words_per_s=0)


def test_words_against_glances():
    lengths = [0.2] * 10 + [1.0] * 25 + [3.0] * 5
    glances = pd.DataFrame(
        {"participant_id": [f"p{n}" for n in range(40)], "placement_id": "wall", "glance_s": lengths}
    )
    few = word_table(glances, {"wall": 0}).iloc[0]
    many = word_table(glances, {"wall": 7, "hall": 3})
    row = many.iloc[0]
    assert row["needed_s"] == pytest.approx(0.3 + 7 / 4)
    assert (row["numerator"], row["read_all"]) == (5, 0.125)
    assert row["mean_readable_words"] == pytest.approx((25 * 2.8 + 5 * 10.8) / 40)
    assert row["readable_low"] < row["mean_readable_words"] < row["readable_high"]
    assert row["verdict"].startswith("too many words for most glances: 7")
    assert few["verdict"] == "no words"
    assert many.iloc[1]["verdict"] == "nobody looked at the placement"
    assert word_table(glances, {"wall": 2}).iloc[0]["verdict"] == "most glances are long enough for all words"


def test_a_creative_in_another_language_has_its_own_reading_speed():
    lengths = [1.0, 2.05, 4.0]
    people = ["a", "b", "c"]
    glances = pd.concat(
        pd.DataFrame({"participant_id": people, "placement_id": name, "glance_s": lengths})
        for name in ("english", "thai")
    )
    table = word_table(glances, {"english": 7, "thai": 7}, words_per_s_of={"thai": 2.0}).set_index(
        "placement_id"
    )
    assert table["words_per_s"].tolist() == [4.0, 2.0]
    assert table["needed_s"].tolist() == pytest.approx([0.3 + 7 / 4, 0.3 + 7 / 2])
    assert table["numerator"].tolist() == [2, 1]
    assert table["mean_readable_words"].tolist() == pytest.approx([4 * 6.15 / 3, 2 * 6.15 / 3])


def test_tables_need_their_columns():
    with pytest.raises(ParameterError, match="aoi_id"):
        glances_of(FOUR.drop(columns="aoi_id"))
