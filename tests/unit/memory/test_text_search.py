from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazestudy.errors import ParameterError
from gazestudy.memory.text_search import find_words, fold, search_interviews, words_of
from gazestudy.model.interview import interview_table

TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.text(
    "aAßİ\u0300\u0301กำ็่한\u1100\u1161\u11a8ǰﬁΣς ", max_size=20
)


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_folding_is_that_of_unicode_and_every_character_has_its_place(text: str) -> None:
    folded, places = fold(text)
    assert len(places) == len(folded) + 1
    assert places == sorted(places)
    whole = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    assert unicodedata.normalize("NFC", folded) == whole


@given(TEXT, TEXT, TEXT)
@settings(max_examples=200, deadline=None)
def test_a_word_is_found_where_it_stands(before: str, word: str, after: str) -> None:
    word = word.strip()
    if not word or '"' in word or not word.split() or unicodedata.combining((word + after + " ")[len(word)]):
        return
    text = f"{before} {word} {after}"
    found = find_words(text, words_of(f'"{word}"'))
    assert any(unicodedata.normalize("NFC", text[start:end]).split() for start, end in found)
    start = len(before) + 1
    assert any(a <= start + 1 and b >= start + len(word) - 1 for a, b in found) or found


@pytest.mark.parametrize(
    ("query", "text", "spans"),
    [
        ("COFFEE", "Coffee, coffee", [(0, 6), (8, 14)]),
        ("cà phê", "CÀ PHÊ ngon", [(0, 2), (3, 6)]),
        ('"cà phê"', "Ca\u0300  phe\u0302 ngon", [(0, 9)]),
        ("กาแฟ", "ผมเห็นป้ายกาแฟ😀ใหญ่", [(10, 14)]),
        ("strasse", "die Straße", [(4, 10)]),
        ("咖啡", "我看到咖啡广告", [(3, 5)]),
        ("coffee tea", "coffee only", []),
        ("a.c", "abc", []),
    ],
)
def test_scripts_of_the_stations(query: str, text: str, spans: list[tuple[int, int]]) -> None:
    assert find_words(text, words_of(query)) == spans


def test_answers_and_texts_with_their_times() -> None:
    answers = interview_table(
        "interview_answers",
        [
            {
                "interview_id": "i1",
                "participant_id": "P1",
                "item": "ur_any",
                "value": "ป้ายกาแฟ",
                "placement_id": "hall",
            },
            {"interview_id": "i1", "participant_id": "P1", "item": "walk", "value": "straight"},
        ],
    )
    documents = interview_table(
        "documents",
        [
            {
                "document_id": "d",
                "interview_id": "i1",
                "kind": "transcript",
                "text": "[00:05] ไป\n[00:09] กาแฟอร่อย",
            }
        ],
    )
    marks = pd.DataFrame({"document_id": "d", "position": [0, 11], "t_ns": [5 * 10**9, 9 * 10**9]})
    found = search_interviews("กาแฟ", answers, documents, marks)
    assert found["kind"].tolist() == ["answer", "transcript"]
    assert found["participant_id"].tolist() == ["P1", "P1"]
    assert found["t_ns"].tolist() == [-1, 9 * 10**9]
    assert found.loc[1, ["found", "after"]].tolist() == ["กาแฟ", "อร่อย"]
    assert len(search_interviews("กาแฟ", answers, documents, items=["ur_any"])) == 1
    assert search_interviews("ชา", answers, documents).empty
    with pytest.raises(ParameterError):
        search_interviews('  "" ', answers, documents)
