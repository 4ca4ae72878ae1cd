"""A screen of two pictures in one walk, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.attention import attention_tables, creative_metrics, summarise
from gazestudy.model import Creative, Placement, provenance_of
from gazestudy.model.tables import CREATIVE_METRICS

from .table_makers import frames, gaze, mapped_fixations, mapped_gaze, mapping, placement

POSTER = placement("poster")
SCREEN = Placement(
    "screen",
    "Screen",
    tuple(Creative(f"screen-{n}", "screen", f"Spot {n}", f"{n}.png", "", 400, 600) for n in (1, 2, 3)),
    "digital",
)


def walk():
    """Spot 1 is on show in frames 10-59 (0.4-2.4 s), spot 2 in 60-109 (2.4-4.4 s), spot 3 never.

    Fixations: 1.0-1.3 s on spot 1; 2.3-2.8 s from one spot to the next, longest on spot 2; 3.0-3.1 s on it.
    """
    seen = mapping([(frame, "screen", 0, 1.0) for frame in range(10, 110)])
    samples = mapped_gaze([(sample, "screen", 75, 75) for sample in [*range(200, 260), *range(460, 620)]])
    looks = mapped_fixations(
        [
            (0, 1000, 1300, "screen", 75, 75),
            (1, 2300, 2800, "screen", 75, 75),
            (2, 3000, 3100, "screen", 75, 75),
        ]
    )
    switch_ns = 2_400_000_000
    seen["creative_id"] = np.where(seen["t_ns"] < switch_ns, "screen-1", "screen-2")
    samples["creative_id"] = np.where(samples["t_ns"] < switch_ns, "screen-1", "screen-2")
    looks["creative_id"] = ["screen-1", "screen-2", "screen-2"]
    return {
        "placements": [POSTER, SCREEN],
        "frames": frames(),
        "mapping": seen.astype({"creative_id": "str"}),
        "gaze": gaze(),
        "mapped_gaze": samples.astype({"creative_id": "str"}),
        "mapped_fixations": looks.astype({"creative_id": "str"}),
    }


def test_each_spot_has_its_own_exposure_and_dwell():
    table = CREATIVE_METRICS.check(creative_metrics("R1", "P1", **walk()))
    assert table["placement_id"].tolist() == ["screen"] * 3  # a poster of one picture is not repeated here
    one, two, three = (row for _, row in table.iterrows())
    assert [one["creative_id"], two["creative_id"], three["creative_id"]] == [
        "screen-1", "screen-2", "screen-3",
    ]  # fmt: skip
    assert one["exposure_ms"] == pytest.approx(2000) and two["exposure_ms"] == pytest.approx(2000)
    assert one["dwell_ms"] == pytest.approx(300) and two["dwell_ms"] == pytest.approx(600)
    assert one["time_to_first_fixation_ms"] == pytest.approx(600)
    assert two["time_to_first_fixation_ms"] == 0  # gaze was there already when the picture came
    assert one["gaze_ms"] == pytest.approx((60 + 20) * 5) and two["gaze_ms"] == pytest.approx(140 * 5)
    assert not three["noticed"] and three["exposure_count"] == 0


def test_the_spots_together_are_the_screen():
    given = walk()
    whole = attention_tables("R1", "P1", **given).metrics.set_index("placement_id").loc["screen"]
    spots = creative_metrics("R1", "P1", **given)
    for name in ("exposure_ms", "dwell_ms", "gaze_ms", "fixation_count"):
        assert spots[name].sum() == pytest.approx(whole[name])


def test_the_rule_of_creatives_stands_in_the_provenance():
    facts = provenance_of(creative_metrics("R1", "P1", **walk()))["facts"]
    assert "longest" in facts["rules"]["creative"] and facts["rules"]["noticed"]


def test_without_changing_faces_there_is_nothing_to_tell_apart():
    given = walk() | {"placements": [POSTER]}
    table = creative_metrics("R1", "P1", **given)
    assert len(table) == 0 and list(table.columns) == CREATIVE_METRICS.names


def test_a_summary_counts_those_who_met_the_spot():
    other = creative_metrics("R2", "P2", **(walk() | {"mapped_fixations": mapped_fixations([])}))
    table = pd.concat([creative_metrics("R1", "P1", **walk()), other], ignore_index=True)
    rows = summarise(table, by=["placement_id", "creative_id"]).set_index("creative_id")
    assert rows.loc["screen-1", ["n_exposed", "n_noticed"]].tolist() == [2, 1]
    assert rows.loc["screen-3", ["n_exposed", "n_noticed"]].tolist() == [0, 0]
