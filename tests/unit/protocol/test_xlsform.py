import openpyxl
import pytest

from gazestudy.protocol import list_templates, load_protocol
from gazestudy.protocol.targets import export_protocol

LANGUAGES = ["English (en)", "ไทย (th)", "Tiếng Việt (vi)", "中文 (zh)"]
TEMPLATES = [template.name for template in list_templates()]


def rows_of(path, sheet="survey"):
    rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    header = next(rows)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    out = tmp_path_factory.mktemp("form") / "f.xlsx"
    point = load_protocol("station_point_observation")
    export_protocol(point, "xlsform", out, placements=("A1", "B-2"), sessions=("S1",), language="th")
    return {row["name"]: row for row in rows_of(out)}, out


@pytest.mark.parametrize("name", TEMPLATES)
def test_whatever_is_shown_has_a_label_in_every_language(name, tmp_path):
    export_protocol(load_protocol(name), "xlsform", tmp_path / "f.xlsx")
    silent = {"calculate", "start", "end", "audit", "end_group", "end_repeat"}
    for row in rows_of(tmp_path / "f.xlsx"):
        if row["type"] not in silent:
            assert all(row[f"label::{language}"] for language in LANGUAGES), row
    for row in rows_of(tmp_path / "f.xlsx", "choices"):
        assert all(row[f"label::{language}"] for language in LANGUAGES), row


def test_counts_are_native_counters(survey):
    rows, _ = survey
    assert rows["passed"]["type"] == "integer"
    assert rows["passed"]["appearance"] == "counter"
    assert rows["passed"]["constraint"] == ". >= 0"
    assert rows["counts_not_watched"]["type"] == "select_multiple counts_not_watched"


def test_rules_are_constraints_on_the_later_question(survey):
    rows, _ = survey
    assert rows["glanced__A1"]["constraint"] == ". >= 0 and (${passed} = '' or . <= ${passed})"
    assert rows["looked_2s__B-2"]["constraint"] == ". >= 0 and (${glanced__B-2} = '' or . <= ${glanced__B-2})"
    assert "คนชำเลืองมองมากกว่าคนเดินผ่าน" in rows["glanced__A1"]["constraint_message::ไทย (th)"]
    assert rows["on_phone"]["constraint"] == ". >= 0 and . <= 2000 and (${present} = '' or . <= ${present})"


def test_a_rule_whose_whole_comes_later_is_turned_round(tmp_path):
    from gazestudy.protocol.rules import Rule
    from gazestudy.protocol.targets.xlsform import _xpath

    rule = Rule.parse("a + b <= c")
    assert _xpath(rule, "c", {}) == "(${a} = '' or ${b} = '' or ${a} + ${b} <= .)"
    assert _xpath(rule, "b", {}) == "(${a} = '' or ${c} = '' or ${a} + . <= ${c})"


def test_scans_and_intervals_of_one_rhythm_share_their_rounds(survey):
    rows, out = survey
    names = [row["name"] for row in rows_of(out)]
    assert names.index("rounds") < names.index("scan") < names.index("counts") < names.index("notes")
    assert names.count("rounds") == 1
    assert rows["interval_no"]["calculation"] == "position(../..) - 1"
    assert rows["end_s"]["calculation"] == "position(../..) * 300"


def test_start_and_stop_are_explicit_and_stop_comes_before_the_closing_form(survey):
    rows, out = survey
    names = [row["name"] for row in rows_of(out)]
    assert rows["stopped_at"]["constraint"] == ". >= ${started_at}"
    assert rows["stopped_at"]["required"] == "true"
    assert names.index("started_at") < names.index("header")
    assert names.index("notes") < names.index("stopped_at") < names.index("closing")
    assert rows["session_id"]["default"] == "S1"


def test_conditions_are_relevants(tmp_path):
    export_protocol(load_protocol("ad_face_audit"), "xlsform", tmp_path / "f.xlsx")
    rows = {row["name"]: row for row in rows_of(tmp_path / "f.xlsx")}
    assert rows["loop_s"]["relevant"] == "${kind} = 'digital'"
    assert rows["face_photo"]["parameters"] == "max-pixels=2048"
    assert rows["clutter"]["type"] == "range"


def test_streams_of_events_are_told_to_be_missing(follow, tmp_path):
    done = export_protocol(follow, "xlsform", tmp_path / "f.xlsx")
    assert any(text.startswith("block follow: a stream of events (enter_view") for text in done.dropped)
    assert "follow" not in {row["name"] for row in rows_of(done.path)}


def test_settings_name_the_version_and_the_language(survey):
    _, out = survey
    (settings,) = rows_of(out, "settings")
    assert settings["default_language"] == "ไทย (th)"
    assert settings["form_id"] == "station_point_observation"
