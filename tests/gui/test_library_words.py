"""What the library says can be shown in every language of the interface: found in its code, not listed here."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from gazestudy_gui.phrases import (
    Phrases,
    column_title,
    error_text,
    phrases,
    told,
    translate_figure,
    value_name,
)
from gazestudy_gui.words import FOLDER, set_language

from gazestudy.errors import InputError
from tests.gui.conftest import ROOT

LIBRARY = ROOT / "gazestudy"
NOT_SHOWN = ("cli", "report", "simulate")
"""Packages whose sentences go elsewhere than onto the screen of the desktop."""
THAI = re.compile(r"[\u0e00-\u0e7f]")
MARK = "X{}"
PIECES = {"\0 the video"}
"""Found by themselves, though they are part of a sentence that is known as a whole."""
NOT_WORDS = {"x", "y", "p", "n", "icc", "imu", "d_prime"}
"""The same in every language."""


def templates(node: ast.AST, names: dict[str, list[ast.AST]], depth: int = 0) -> list[str]:
    """Every text that an expression may be, with marks where numbers and names come."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        found = [""]
        for part in node.values:
            ends = ["\0"]
            if isinstance(part, ast.Constant):
                ends = [str(part.value)]
            elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.IfExp):
                ends = templates(part.value, names, depth + 1)
            found = [start + end for start in found for end in ends]
        return found
    if isinstance(node, ast.IfExp):
        return templates(node.body, names, depth + 1) + templates(node.orelse, names, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        lefts, rights = templates(node.left, names, depth + 1), templates(node.right, names, depth + 1)
        return [left + right for left in lefts for right in rights]
    if isinstance(node, ast.Name) and depth < 4:
        return [text for value in names.get(node.id, []) for text in templates(value, names, depth + 1)]
    return ["\0"]


def said_by(call: str, argument: int | str, folders: Iterator[Path]) -> set[str]:
    """What is given to a call, anywhere in some files: by its place or by its keyword."""
    found: set[str] = set()
    for path in folders:
        text = path.read_text(encoding="utf-8")
        for function in ast.walk(ast.parse(text)) if f"{call}(" in text else ():
            if not isinstance(function, ast.FunctionDef):
                continue
            names: dict[str, list[ast.AST]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    names.setdefault(node.targets[0].id, []).append(node.value)
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and call in (
                    getattr(node.func, "id", ""), getattr(node.func, "attr", "")
                ):  # fmt: skip
                    for one in given(node, argument):
                        found.update(templates(one, names))
    return {text for text in found if len(re.sub(r"[^a-z]", "", text)) > 3}


def given(call: ast.Call, argument: int | str) -> list[ast.expr]:
    """What a call is given in one place."""
    if isinstance(argument, int):
        return call.args[argument : argument + 1]
    return [one.value for one in call.keywords if one.arg == argument]


def unsaid(thai: Phrases, texts: set[str]) -> list[str]:
    """Sentences that are not known in Thai; one word alone is a name of a field, a file or a product."""
    return sorted(
        text for text in texts if " " in text.strip(" \0") and not THAI.search(thai.say(filled(text)))
    )


def filled(template: str) -> str:
    """A text as the library would say it."""
    parts = template.split("\0")
    return "".join(
        part + (MARK.format(number) if number < len(parts) - 1 else "") for number, part in enumerate(parts)
    )


def shown_files() -> Iterator[Path]:
    return (
        path for path in sorted(LIBRARY.rglob("*.py")) if path.relative_to(LIBRARY).parts[0] not in NOT_SHOWN
    )


@pytest.fixture
def thai():
    set_language("th")
    yield phrases("th")
    set_language("en")


def test_every_finding_is_said_in_thai(thai):
    found = said_by("Finding", 3, shown_files()) - PIECES
    assert len(found) > 180
    assert sorted(text for text in found if not THAI.search(thai.say(filled(text)))) == []


def test_every_doubt_is_said_in_thai(thai):
    found = said_by("Reason", 1, iter([LIBRARY / "mapping" / "doubt.py"]))
    assert len(found) >= 12
    assert sorted(text for text in found if not THAI.search(thai.say(filled(text)))) == []


def test_every_error_of_a_study_is_said_in_thai(thai):
    kinds = ("StudyError", "StudyNotFoundError", "StudyExistsError", "StudyLockedError", "StudyDamagedError")
    found = set().union(*(said_by(kind, 0, shown_files()) for kind in kinds))
    assert len(found) >= 80
    assert unsaid(thai, found) == []


@pytest.mark.parametrize("part", [1, "place", "expected", "found", "advice"])
def test_every_error_about_a_file_is_said_in_thai(thai, part):
    found = said_by("InputError", part, shown_files())
    assert len(found) >= 8
    assert unsaid(thai, found) == []


def test_every_reason_of_an_importer_is_said_in_thai(thai):
    found = said_by("Refusal", 0, shown_files())
    assert len(found) >= 60
    assert unsaid(thai, found) == []


def test_what_a_typed_value_must_be_is_said_in_thai(thai):
    """Where people type the value; the packages that compute are given theirs by the program."""
    typed = {"alignment", "model", "pipeline", "protocol", "store", "strategy"}
    folders = (path for path in shown_files() if path.relative_to(LIBRARY).parts[0] in typed)
    found = said_by("ParameterError", 2, folders)
    assert len(found) >= 150
    assert unsaid(thai, found) == []


def test_what_a_job_does_is_said_in_thai(thai):
    found = said_by("start", 0, shown_files()) | said_by("say", 0, shown_files())
    assert len(found) >= 30
    assert unsaid(thai, found) == []


@pytest.mark.parametrize(
    ("call", "argument"),
    [("set_title", 0), ("set_xlabel", 0), ("set_ylabel", 0), ("text", 2), ("annotate", 0), ("set", "xlabel"),
     ("set", "ylabel"), ("set", "title"), ("plot", "label"), ("bar", "label")],
)  # fmt: skip
def test_words_in_figures_are_said_in_thai(thai, call, argument):
    found = said_by(call, argument, iter(sorted((LIBRARY / "plots").glob("*.py"))))
    assert unsaid(thai, found - NOT_WORDS) == []


def test_what_a_strategy_concludes_is_said_in_thai(thai):
    folder = LIBRARY / "pipeline" / "strategy"
    found = said_by("append", 0, (folder / name for name in ("budget.py", "potential.py")))
    assert len(found) > 5
    assert unsaid(thai, found) == []
    plan = "the plan spends 9,000 of 10,000 THB for 631,322 attentive seconds in 28 days"
    assert not re.search("[a-z]", thai.say(plan))


def test_the_usual_codes_are_said_in_thai(thai):
    from gazestudy.model.interview import STARTER_CODES

    said = {word for one in STARTER_CODES for word in (one.name, one.description)}
    assert sorted(word for word in said if not THAI.search(thai.say(word))) == []


def test_an_error_that_came_as_one_line_is_taken_apart(thai):
    error = InputError(
        "gaze.csv", "this is no text table", place="line 3", expected="zero bytes", found="binary data",
        advice="Export it as UTF-8",
    )  # fmt: skip
    said = thai.say(str(error))
    assert said.startswith("gaze.csv: ")
    assert not re.search("no text table|zero|binary|Export", said), said
    assert thai.say("1 case") != "1 case"


def test_every_column_has_a_heading_in_thai(thai):
    from gazestudy.fieldwork.figures import FIGURES
    from gazestudy.model.memory import MEMORY_CASES
    from gazestudy.model.tables import CREATIVE_METRICS, METRICS
    from gazestudy.pipeline.exporting.contracts import SHARED_COLUMNS
    from gazestudy.strategy.potential import POTENTIAL_COLUMNS

    names = {column.name for table in (METRICS, CREATIVE_METRICS, MEMORY_CASES) for column in table.columns}
    names |= {*SHARED_COLUMNS, *FIGURES, *POTENTIAL_COLUMNS}
    missing = {name for name in names - NOT_WORDS if not THAI.search(column_title(name).split(",")[0])}
    assert sorted(missing) == []


def test_vocabularies_are_in_thai(thai):
    from gazestudy.fieldwork.sampling import RULE_WORDS
    from gazestudy.heatmaps.weights import QUANTITY, WEIGHTING_WORDS
    from gazestudy.model.tables import EVENT_KINDS, MAPPING_STATES, REASONS
    from gazestudy.plots.funnel import RUNG_COLOURS

    words = {*RULE_WORDS.values(), *QUANTITY.values(), *WEIGHTING_WORDS.values(), *RUNG_COLOURS}
    words |= {name.replace("_", " ") for name in (*EVENT_KINDS, *MAPPING_STATES, *REASONS)}
    assert sorted(word for word in words - {"x"} if not THAI.search(value_name(word))) == []


def test_translations_keep_the_places_of_numbers_and_names():
    for path in FOLDER.glob("library_*.json"):
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
        assert len({english for english, _ in pairs}) == len(pairs)
        for english, other in pairs:
            places = set(re.findall(r"{(\w+)}", english))
            assert places == set(re.findall(r"{(\w+)}", other)) - ({"of"} - places), english


def test_a_sentence_is_taken_apart_and_said_anew():
    known = Phrases({"{n} of {all} rows": "{all}列中{n}列", "lost": "失", "x was lost": "x失"})
    assert known.say("3 of 12 rows") == "12列中3列"
    assert known.say("gaze: 3 of 12 rows; lost") == "gaze: 12列中3列; 失"
    assert known.say("Lost") == "失"
    assert known.say("nobody knows") == "nobody knows"
    assert known.say("3.5") == "3.5"


def test_names_and_codes_of_people_stay_as_they_are(thai):
    told = thai.say("coders differ on 1 of 9 answers; the codes of A count")
    assert THAI.search(told)
    assert told.split()[-1] == "A"
    assert "{term: exposed, value: 0.6" in thai.say(
        "no placement has both a price and a known potential: liked (it has no price). Write your own numbers for"
        " what is missing below assumptions of strategy.yaml, such as - {term: exposed, value: 0.6}; the potential"
        " says what is missing"
    )


def test_english_stays_as_the_library_says_it(qapp):
    assert told("only 54% of its samples lie on it") == "only 54% of its samples lie on it"
    assert column_title("median_dwell_s") == "median dwell, s"
    assert column_title("max_angle_deg") == "max angle, °"
    assert value_name("percent_agreement") == "percent agreement"
    assert value_name("Wilson, one_each") == "Wilson, one_each"


def test_codes_of_questions_and_letters_are_words_in_english(qapp):
    assert value_name("ur_any") == "recalled without help"
    assert value_name("attr: correct") == "brand named: correct"
    assert (value_name("A"), value_name("a"), column_title("a")) == ("A", "a", "looked and remembered (a)")
    assert value_name("1 people/m2") == "1 people/m²"


def test_several_counts_are_said_one_by_one(thai):
    said = thai.say("1,204 fixations, 29 saccades")
    assert said == f"{thai.say('1,204 fixations')}, {thai.say('29 saccades')}"
    assert "1,204" in thai.say("1,204 fixations") and "fixations" not in said


def test_what_a_program_wrote_for_programmers_is_not_translated(thai):
    text = "NameError: x\nTraceback (most recent call last):\n  File, line 3, in value"
    assert thai.say(text) == text


def test_errors_name_file_and_place_in_thai(qapp, thai):
    text = error_text(InputError("gaze.csv", "a column is missing", place="header", found="time"))
    assert text.startswith("gaze.csv: ")
    assert "a column" not in text
    assert "time" in text


def test_figures_are_said_in_thai():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()
    axes.set_title("Time to the first fixation")
    axes.set_xlabel("time in view, s")
    axes.set_yticks([0, 1], ["noticed\ndwell of at least 2 s", "exposed"])
    translate_figure(figure, "th")
    labels = [axes.get_title(), axes.get_xlabel(), *(one.get_text() for one in axes.get_yticklabels())]
    assert all(THAI.search(label) for label in labels)
    assert "2" in labels[2]
