import itertools
import json
import random

import pytest
from jsonschema import Draft202012Validator

from gazestudy.model.fieldwork import ITEM_RULES, ITEMS, SESSIONS
from gazestudy.model.interview import QUESTION_BANK, STAGES
from gazestudy.protocol import (
    LANGUAGE_NAMES,
    ProtocolError,
    find_warnings,
    is_mistyped,
    json_schema,
    list_templates,
    load_protocol,
    new_session_id,
    parse_protocol,
)

TEMPLATES = [template.name for template in list_templates()]

GOOD = """
schema: "gazestudy-protocol/1"
id: small
version: "1"
title: {en: Small, th: เล็ก}
purpose: {en: To test, th: ทดสอบ}
languages: [en, th]
default_language: en
choices:
  answer:
    - {code: "yes", label: {en: Yes it is, th: ใช่}}
    - {code: "no", label: {en: No it is not, th: ไม่}}
blocks:
  - id: counts
    kind: interval
    every_s: 300
    title: {en: Counts, th: นับ}
    items:
      - {id: passed, type: count, key: "1", label: {en: Passed, th: ผ่าน}}
      - {id: glanced, type: count, key: "2", label: {en: Glanced, th: มอง}}
      - {id: sure, type: choice, choices: answer, label: {en: Sure, th: แน่ใจ}}
    rules:
      - {check: "glanced <= passed", message: {en: Too many, th: มากเกิน}}
"""


def mistakes_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text)
    return [(mistake.line, f"{mistake.place}: {mistake.text}") for mistake in caught.value.mistakes]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_speak_four_languages_and_keep_the_schema(name):
    protocol = load_protocol(name)
    assert protocol.id == name
    assert set(protocol.languages) == {"en", "th", "vi", "zh"} <= set(LANGUAGE_NAMES)
    assert find_warnings(protocol) == []
    document = protocol.to_dict()
    Draft202012Validator(json_schema()).validate(document)
    again = parse_protocol(json.dumps(document, ensure_ascii=False))
    assert again == protocol


def test_the_schema_is_2020_12_and_refuses_what_the_reader_refuses():
    Draft202012Validator.check_schema(json_schema())
    document = parse_protocol(GOOD).to_dict()
    document["blocks"][0]["items"][0]["type"] = "tally"
    assert not Draft202012Validator(json_schema()).is_valid(document)


def test_names_of_the_point_observation_are_those_of_the_analysis():
    protocol = load_protocol("station_point_observation")
    items = {item.id: block for block in protocol.item_blocks() for item in block.items}
    counted = {name for name, block in items.items() if block.kind in ("interval", "scan")}
    assert counted - set(ITEMS) == {"coverage"}
    assert {"passed", "glanced", "present", "on_phone", "train_looking", "blocked_percent"} <= counted
    for name in counted & set(ITEMS):
        assert (items[name].kind == "interval") == (ITEMS[name].rule == "event_count"), name
    told = {tuple(line.rule().items) for block in protocol.item_blocks() for line in block.rules}
    assert told - {("hurrying", "passed")} == {pair for pair in ITEM_RULES if set(pair) <= counted}
    header = {item.id for item in protocol.blocks[0].items}
    assert {"station_id", "point_id", "observer", "role", "counted_length_m"} <= header & set(SESSIONS.names)


def test_every_counted_item_says_when_it_counts():
    for name in TEMPLATES:
        protocol = load_protocol(name)
        for block in protocol.blocks:
            if block.kind in ("interval", "scan"):
                assert [item.id for item in block.items if item.definition is None] == [], name
            if block.kind == "focal":
                assert [one.code for one in block.behaviours if one.definition is None] == [], name


def test_all_mistakes_come_at_once_with_their_lines():
    broken = (
        GOOD.replace("every_s: 300", 'every_s: "300"')
        .replace('type: count, key: "2"', 'type: cuont, key: "2"')
        .replace("choices: answer", "choices: anwser")
        .replace("glanced <= passed", "glanced < = passed")
        .replace("th: เล็ก", "de: Klein")
    )
    told = mistakes_of(broken)
    assert [line for line, _ in told] == sorted(line for line, _ in told)
    words = "\n".join(f"{line} {text}" for line, text in told)
    assert "5 title: no text in th" in words
    assert "5 title: text in de, which is not among the languages" in words
    assert "16 blocks[0].every_s: must be a whole number; found '300'" in words
    assert "did you mean count?" in words
    assert "did you mean answer?" in words
    assert "23 blocks[0].rules[0].check: 'glanced < = passed' is not a rule" in words
    assert "11 choices.answer" not in words


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ('code: "no"', "code: no", 12, 'which YAML reads as false (quote it: "no")'),
        ('version: "1"', "version: 1", 4, 'quote it for text: "1"'),
        (
            'id: glanced, type: count, key: "2"',
            'id: passed, type: count, key: "2"',
            20,
            "is used already, on line 19",
        ),
        ('key: "2"', 'key: "1"', 20, "key '1' is taken already, on line 19"),
        ("id: passed, type", "id: session_id, type", 19, "take another"),
        ("id: passed, type", "id: pa__ssed, type", 19, "forms use '__'"),
        ("glanced <= passed", "glanced <= sure", 23, "'sure' is not a number"),
        ("glanced <= passed", "glanced <= pased", 23, "did you mean passed?"),
        ("default_language: en", "default_language: fr", 8, "must be one of the languages: en, th"),
        ("every_s: 300", "every_s: 300\n    evry: 3", 17, "is not a field here"),
        ("id: small", "id: small\nid: twice", 4, "written twice"),
        ("kind: interval", "kind: intervall", 14, "did you mean interval?"),
        ("id: small", "id: Small one", 3, "must begin with a small letter"),
        ("choices: answer, label", "label", 21, "choices: is missing"),
    ],
)
def test_one_mistake_in_plain_words(old, new, line, text):
    assert old in GOOD
    told = mistakes_of(GOOD.replace(old, new))
    assert any(where == line and text in words for where, words in told), told


@pytest.mark.parametrize("text", ["", "a: [1", "a:\n\t- b", "- a\n- b", "7", "a: *b", "a: &x [*x]"])
def test_what_is_no_document_is_told_and_nothing_breaks(text):
    assert mistakes_of(text)


def test_aliases_cannot_blow_up_the_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "far larger" in mistakes_of("\n".join(lines))[0][1]


def test_yes_and_no_in_an_interval_is_warned_about():
    text = GOOD.replace("type: choice, choices: answer", "type: bool").replace(
        GOOD[GOOD.index("choices:\n") : GOOD.index("blocks:")], ""
    )
    assert "one-zero sampling" in find_warnings(parse_protocol(text))[0]


def test_session_ids_notice_every_wrong_letter_and_exchange():
    rng = random.Random(5)
    one = new_session_id(rng.choice)
    assert not is_mistyped(one)
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXY"
    for i, letter in enumerate(one):
        if letter == "-":
            continue
        assert all(is_mistyped(one[:i] + other + one[i + 1 :]) for other in letters if other != letter)
    body = [i for i in range(8) if i != 4]
    for i, j in itertools.pairwise(body):
        swapped = list(one)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        assert is_mistyped("".join(swapped)) == (one[i] != one[j])


def test_the_example_of_the_readme_is_right():
    import re
    from pathlib import Path

    readme = (Path(__file__).parents[3] / "protocols" / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", readme, flags=re.S)
    assert find_warnings(parse_protocol(example[1])) == []
    assert all(f"| `{name}` |" in readme for name in TEMPLATES)


def test_hundreds_of_broken_documents_are_told_and_nothing_breaks():
    rng = random.Random(11)
    texts = [template.path.read_text(encoding="utf-8") for template in list_templates()]
    bits = [
        "[",
        "]",
        "{",
        "}",
        ": ",
        "- ",
        "\n",
        "*a",
        "&a ",
        "no",
        "null",
        "1.5",
        "!!python/x ",
        "<<: ",
        "\x07",
    ]
    words = ["choices", "items", "id", "type", "en", "kind", "rules", "check", "blocks", "when", "exclusive"]
    refused = 0
    for _ in range(400):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 4)):
            i, lines = rng.randrange(len(text)), text.split("\n")
            change = rng.randrange(4)
            if change == 0:
                del lines[rng.randrange(len(lines))]
                text = "\n".join(lines)
            elif change == 1:
                text = text[:i] + text[i + rng.randint(1, 30) :]
            elif change == 2:
                text = text[:i] + rng.choice(bits) + text[i:]
            else:
                text = text.replace(rng.choice(words), rng.choice(["x", "1", "[]", "{}", "no"]), 1)
        try:
            parse_protocol(text)
        except ProtocolError as error:
            refused += 1
            assert all(mistake.text for mistake in error.mistakes)
    assert refused > 250


def test_the_interview_asks_the_whole_question_bank_in_its_order():
    protocol = load_protocol("post_task_interview")
    asked = {item.id: item for block in protocol.item_blocks() for item in block.items}
    assert set(QUESTION_BANK) - set(asked) == set()
    order = [name for name in asked if name in QUESTION_BANK]
    stages = [
        STAGES.index(QUESTION_BANK[name].stage) for name in order if name not in ("prior", "fam", "use")
    ]
    assert stages == sorted(stages)
    for name, question in QUESTION_BANK.items():
        item = asked[name]
        assert getattr(item, "points", 0) == question.points, name
        if question.choices and item.type in ("choice", "multi"):
            assert {one.code for one in protocol.choices[item.choices]} == set(question.choices), name
