"""Quotes of one placement, as two coders cut them."""

import pandas as pd

from gazestudy.memory.quotes import QUOTE_COLUMNS
from gazestudy.report.quotes import quotes_of

NOTHING = {"recording_id": "", "t_from": "", "near": "", "gap_s": float("nan"), "t_ns": -1}


def passages(*rows):
    """Rows of (text, theme, document, start, coder)."""
    made = [
        {**NOTHING, "participant_id": "P1", "placement_id": "a", "quote": text, "theme": theme}
        | {"document_id": document, "start_char": start, "end_char": start + len(text), "coder": coder}
        for text, theme, document, start, coder in rows
    ]
    return pd.DataFrame(made).reindex(columns=QUOTE_COLUMNS)


def said(table):
    return [(quote.text, quote.about) for quote in quotes_of(table, "a")]


def test_a_passage_inside_another_of_the_same_theme_is_said_once():
    table = passages(
        ("I saw the mountain", "liked", "d", 10, "one"),
        ("the mountain", "liked", "d", 16, "two"),
        ("mountain", "misread", "d", 20, "two"),
        ("the mountain", "liked", "e", 16, "two"),
    )
    assert said(table) == [
        ("I saw the mountain", "liked"),
        ("mountain", "misread"),
        ("the mountain", "liked"),
    ]


def test_the_order_of_the_interview_stays():
    table = passages(("short", "liked", "d", 0, "one"), ("much longer words", "liked", "d", 9, "one"))
    assert [text for text, _ in said(table)] == ["short", "much longer words"]


def test_answers_have_no_place_in_a_text():
    table = passages(("soap", "ur_any", "", -1, ""), ("soap and water", "comp", "", -1, ""))
    assert len(said(table)) == 2
