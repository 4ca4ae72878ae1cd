"""The integrity check of BORIS, written anew from what its source (9.12) demands."""

import json
import re
from datetime import datetime

import pytest

from gazestudy.protocol import list_templates, load_protocol
from gazestudy.protocol.targets import export_protocol

TOP = {
    "time_format", "project_date", "project_name", "project_description", "project_format_version",
    "subjects_conf", "behaviors_conf", "observations", "behavioral_categories", "behavioral_categories_config",
    "independent_variables", "coding_map", "behaviors_coding_map", "converters",
}  # fmt: skip
BEHAVIOUR = {"type", "key", "code", "description", "color", "category", "modifiers", "excluded", "coding map"}
TEMPLATES = [template.name for template in list_templates()]


def complaints(project):  # noqa: C901 - one rule after the other
    """Return what BORIS would complain about."""
    found = []
    if set(project) != TOP:
        found.append(f"keys {set(project) ^ TOP}")
    behaviours = project["behaviors_conf"]
    codes = [one["code"] for one in behaviours.values()]
    for table in ("behaviors_conf", "subjects_conf", "independent_variables", "behavioral_categories_config"):
        if list(project[table]) != [str(number) for number in range(len(project[table]))]:
            found.append(f"{table} is not numbered from 0")
    if len(set(codes)) != len(codes):
        found.append("codes are not unique")
    keys = [one["key"] for one in behaviours.values() if one["key"]]
    if len(set(keys)) != len(keys) or any(len(key) != 1 for key in keys):
        found.append("keys")
    for one in behaviours.values():
        if set(one) != BEHAVIOUR:
            found.append(f"fields of {one['code']}")
        if one["type"] not in ("Point event", "State event"):
            found.append(f"type {one['type']}")
        if one["category"] and one["category"] not in project["behavioral_categories"]:
            found.append(f"category {one['category']}")
        for other in filter(None, one["excluded"].split(",")):
            if other not in codes or other == one["code"]:
                found.append(f"excluded {other}")
        for number, modifiers in enumerate(one["modifiers"].values()):
            if list(one["modifiers"])[number] != str(number) or modifiers["type"] not in (0, 1, 2, 3):
                found.append(f"modifiers of {one['code']}")
            for value in modifiers["values"]:
                if value != value.strip() or re.search(r"[(|),`~]", value):
                    found.append(f"modifier value {value!r}")
    for variable in project["independent_variables"].values():
        if set(variable) != {"label", "description", "type", "default value", "possible values"}:
            found.append(f"fields of {variable['label']}")
        allowed = variable["possible values"].split(",")
        if variable["type"] not in ("numeric", "text", "value from set", "timestamp"):
            found.append(f"type of {variable['label']}")
        if variable["type"] == "value from set" and variable["default value"] not in ["", *allowed]:
            found.append(f"default of {variable['label']}")
    for name, observation in project["observations"].items():
        if name != name.strip() or any(event[2] not in codes for event in observation["events"]):
            found.append(f"observation {name}")
    return found


def project_of(name, tmp_path, **options):
    done = export_protocol(load_protocol(name), "boris", tmp_path / "p.boris", **options)
    return json.loads(done.path.read_text(encoding="utf-8")), done.dropped


@pytest.mark.parametrize("name", TEMPLATES)
def test_boris_has_nothing_to_complain_about(name, tmp_path):
    project, dropped = project_of(name, tmp_path, language="zh", placements=("A1", "A2"))
    assert complaints(project) == []
    assert project["project_format_version"] == "7.0"
    assert datetime.fromisoformat(project["project_date"])
    assert any("explicit stop" in text for text in dropped)


def test_the_check_sees_what_is_wrong(tmp_path):
    project, _ = project_of("focal_follow", tmp_path)
    first = project["behaviors_conf"]["0"]
    first.update(category="nowhere", excluded="ghost")
    first["modifiers"]["0"]["values"] = [" stray"]
    assert complaints(project) == ["category nowhere", "excluded ghost", "modifier value ' stray'"]


def test_exclusive_states_end_each_other(tmp_path):
    project, _ = project_of("focal_follow", tmp_path, placements=("A1", "A2"))
    by_code = {one["code"]: one for one in project["behaviors_conf"].values()}
    assert by_code["walk"]["excluded"] == "stand,sit"
    assert by_code["look"]["excluded"] == "phone,talk,seek_train"
    assert by_code["glance"]["type"] == "Point event"
    assert by_code["glance"]["modifiers"]["0"]["values"] == ["A1", "A2"]
    assert by_code["enter_view"]["modifiers"]["1"]["name"] == "company"


def test_forms_become_independent_variables(tmp_path):
    project, dropped = project_of("station_point_observation", tmp_path, prefill={"station_id": "SIAM"})
    variables = {one["label"]: one for one in project["independent_variables"].values()}
    assert variables["role"]["type"] == "value from set"
    assert variables["role"]["possible values"] == "primary,second"
    assert variables["counted_length_m"]["type"] == "numeric"
    assert variables["station_id"]["default value"] == "SIAM"
    assert any(text.startswith("block counts: BORIS counts no events per interval") for text in dropped)


def test_same_key_in_two_blocks_is_told(tmp_path):
    text = load_protocol("dwell_and_queue").to_dict()
    from gazestudy.protocol import parse_protocol

    text["blocks"][2]["behaviours"][0]["key"] = text["blocks"][1]["behaviours"][0]["key"]
    protocol = parse_protocol(json.dumps(text))
    done = export_protocol(protocol, "boris", tmp_path / "p.boris")
    assert complaints(json.loads(done.path.read_text(encoding="utf-8"))) == []
    assert any(text.startswith("key a of in_area") for text in done.dropped)
