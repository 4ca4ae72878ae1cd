"""Names that the study knows are found however they are written; positions move with the text."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazestudy.pipeline.exporting.pseudonyms import UNKNOWN_NAMES, Pseudonyms

KNOWN = {
    "Erika Mustermann": "P01",
    "Nguyễn Văn An": "P02",
    "สมชาย ใจดี": "P03",
    "001": "P04",
    "e@x.example": "P01",
}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("ERIKA MUSTERMANN", "P01"),
        ("erika  mustermann said", "P01 said"),
        ("Erika's bag, ERIKA", "P01's bag, P01"),
        ("an erika bush", "an erika bush"),
        ("Erikas", "Erikas"),
        ("Nguyễn spoke", "P02 spoke"),
        (unicodedata.normalize("NFD", "Nguyễn Văn An"), "P02"),
        ("nguyen-van-an", "P02"),
        ("คุณสมชายเดิน", "คุณP03เดิน"),
        ("sample 001, 10010", "sample P04, 10010"),
        ("write E@X.example", "write P01"),
        ("", ""),
    ],
)
def test_names_in_texts(text, clean):
    assert Pseudonyms(KNOWN).text(text) == clean


def test_parts_of_names_in_ids_and_paths():
    known = Pseudonyms(KNOWN)
    assert known.identifier("notes/erika_2") == "notes/P01_2"
    table = pd.DataFrame({"document_id": ["erika-1"], "text": ["an erika bush"], "n": [1]})
    assert known.table(table).iloc[0].tolist() == ["P01-1", "an erika bush", 1]


def test_names_are_found_again_in_json():
    assert Pseudonyms(KNOWN).value({"Erika": [{"a": "Mustermann"}, 3]}) == {"P01": [{"a": "P01"}, 3]}


def test_nothing_known_changes_nothing():
    table = pd.DataFrame({"text": ["Erika"]})
    assert Pseudonyms({}).table(table) is table and Pseudonyms({}).told(personal=False) == [UNKNOWN_NAMES]


@given(
    st.lists(
        st.sampled_from(["Erika ", "Erika Mustermann", "🚇", "x", " ", "สมชาย ใจดี", "ป้าย\n"]), max_size=12
    )
)
def test_positions_move_with_the_text(words):
    text = "".join(words)
    known = Pseudonyms(KNOWN)
    moved, position = known.moved(text)
    assert moved == Pseudonyms(KNOWN).text(text)
    assert [position(0), position(len(text))] == [0, len(moved)]
    places = [position(one) for one in range(len(text) + 1)]
    assert places == sorted(places)
    for start, one in enumerate(text):
        if one in "🚇ป":  # in no name
            assert moved[position(start) : position(start + 1)] == one
