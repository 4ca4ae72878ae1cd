"""A screen of two spots that was found by its markers, with and without a log of its player."""

import numpy as np
import pytest

from gazestudy.mapping.on_show import name_by_schedule
from gazestudy.mapping.precedence import map_by_precedence
from gazestudy.model import Creative, Placement, provenance_of
from gazestudy.model.schedule import Schedule, loop

from .test_precedence import FRAMES, MS, gaze, rows

SCREEN = Placement(
    "screen",
    "Screen",
    tuple(Creative(f"screen-{n}", "screen", "", "", "", 100, 100) for n in (1, 2)),
    "digital",
    width_mm=1000,
    height_mm=1000,
)
LOOP = Schedule(
    "screen",
    loop([("screen-1", 0.2), ("screen-2", 0.1), ("", 0.1)], start_unix_ns=0, end_unix_ns=400 * MS),
    uncertainty_ms=5.0,
)


def mapped(markers_know="", automatic_knows=None):
    """Markers locate the screen in all ten frames; the pictures, if any, in the same place."""
    tables = {"markers": rows("screen", range(10)).assign(creative_id=markers_know)}
    tables["markers"] = tables["markers"].astype({"creative_id": "str"})
    if automatic_knows is not None:
        tables["automatic"] = rows("screen", range(10)).assign(creative_id=automatic_knows)
        tables["automatic"] = tables["automatic"].astype({"creative_id": "str"})
    return map_by_precedence(gaze(), FRAMES, tables, [SCREEN], None)


def test_the_player_says_what_markers_cannot():
    named = name_by_schedule(mapped(), {"screen": LOOP.on_show})
    at_ms = named.mapping["t_ns"].to_numpy() / 1e6
    expected = np.select([at_ms < 195, (at_ms > 205) & (at_ms < 295)], ["screen-1", "screen-2"], "")
    expected[0] = ""  # what was on before the log began is not known, and 0 ms may be before it
    assert named.mapping["creative_id"].tolist() == expected.tolist()
    samples = named.mapped_gaze.set_index("t_ns")["creative_id"]
    assert samples[10 * MS] == "screen-1" and samples[250 * MS] == "screen-2"
    assert samples[200 * MS] == "" and samples[350 * MS] == ""  # at the switch; a picture of others
    facts = provenance_of(named.mapped_gaze)["facts"]
    assert facts["schedule"]["screen"]["frames_named"] == 6 and "sources" in facts


def test_without_a_log_the_picture_stays_unknown():
    assert set(mapped().mapping["creative_id"]) == {""}


def test_what_was_recognised_stays_and_is_compared():
    named = name_by_schedule(mapped(automatic_knows="screen-1"), {"screen": LOOP.on_show})
    assert set(named.mapping["creative_id"]) == {"screen-1"}
    assert set(named.mapped_gaze["creative_id"]) == {"screen-1"}
    found = provenance_of(named.mapped_gaze)["facts"]["schedule"]["screen"]
    # frames at 40 to 160 ms agree; 240, 280, 320, 360 show something else; 0 and 200 cannot be told
    assert found == {
        "frames_agree": 4,
        "frames_differ": 4,
        "frames_not_comparable": 2,
        "frames_named": 0,
    }


@pytest.mark.parametrize("schedules", [{}, {"another": LOOP.on_show}])
def test_other_faces_are_left_alone(schedules):
    before = mapped()
    after = name_by_schedule(before, schedules)
    assert after.mapping["creative_id"].tolist() == before.mapping["creative_id"].tolist()
