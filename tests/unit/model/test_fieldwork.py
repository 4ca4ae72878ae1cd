"""Canonical tables of field observation."""

import numpy as np
import pandas as pd
import pytest

from gazestudy.errors import TableError
from gazestudy.model.fieldwork import (
    FIELD_CONTRACTS,
    ITEM_RULES,
    ITEMS,
    FieldLog,
    field_table,
    join_logs,
    weekday_of,
)


def a_session(session_id="s1"):
    return {
        "session_id": session_id,
        "station_id": "สยาม",
        "point_id": "p1",
        "observer": "A",
        "started_at": "2026-11-20T08:00:00+07:00",
        "stopped_at": "2026-11-20T09:00:00+07:00",
    }


def test_defaults_are_filled_and_the_weekday_follows_from_the_start():
    table = field_table("sessions", [a_session()])
    assert table.loc[0, "weekday"] == "fri"
    assert table.loc[0, "role"] == "primary"
    assert table.loc[0, "paused_s"] == 0.0
    assert np.isnan(table.loc[0, "counted_length_m"])
    assert table.loc[0, "conditions_json"] == "{}"


def test_weekdays_are_kept_where_given_and_starts_without_sense_are_named():
    table = field_table("sessions", [a_session("a"), {**a_session("b"), "weekday": "mon"}])
    assert table["weekday"].tolist() == ["fri", "mon"]
    with pytest.raises(TableError, match="started_at 'early' is no ISO 8601 time"):
        field_table("sessions", [{**a_session(), "started_at": "early"}])


def test_weekday_is_local():
    assert weekday_of("2026-11-22T23:30:00-05:00") == "sun"
    assert weekday_of("2026-11-23T04:30:00+00:00") == "mon"


def test_empty_tables_keep_their_contract():
    FieldLog().check()
    for name, contract in FIELD_CONTRACTS.items():
        contract.check(field_table(name, []))


def test_unknown_category_and_missing_category_are_refused():
    row = {"session_id": "s1", "interval_no": 0, "start_s": 0.0, "end_s": 300.0, "item": "passed", "value": 3}
    with pytest.raises(TableError, match=r"source.*expected one of live"):
        field_table("interval_counts", [row])
    with pytest.raises(TableError, match="sampled"):
        field_table("interval_counts", [{**row, "source": "live", "rule": "sampled"}])


def test_extra_columns_stay():
    table = field_table("notes", pd.DataFrame({"session_id": ["s"], "text": ["x"], "weather": ["rain"]}))
    assert list(table.columns)[-1] == "weather"


def test_logs_are_joined_and_doubled_sessions_refused():
    first = FieldLog(sessions=field_table("sessions", [a_session("a")]))
    second = FieldLog(sessions=field_table("sessions", [a_session("b")]))
    assert join_logs([first, second]).check().sessions["session_id"].tolist() == ["a", "b"]
    assert len(join_logs([]).sessions) == 0
    with pytest.raises(TableError, match="'a' is in more than one log"):
        join_logs([first, first])


def test_rules_name_known_items():
    for part, whole in ITEM_RULES:
        assert part in ITEMS
        assert ITEMS[part].rule == ITEMS[whole].rule
