"""Interviews of other programs, as they are: survey tables, word processor files, transcripts, and what is none."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from gazestudy.errors import InputError
from gazestudy.importers.interviews import InterviewOptions, find_interviews, read_interviews

FIELD = Path(__file__).parents[2] / ".." / "shared" / "data" / "field"
QUALCODER = FIELD / "qualcoder_examples"
P01 = InterviewOptions(participant="P01")

pytestmark = pytest.mark.skipif(not QUALCODER.is_dir(), reason="shared field data is not here")


@pytest.mark.parametrize(
    ("name", "item", "column", "people"),
    [
        ("survey456.csv", "studies", "freetext", ["ID4", "ID5", "ID6"]),
        ("survey789.xlsx", "pets", "Qual_pet_opinions", ["ID7", "ID8", "ID9"]),
    ],
)
def test_a_survey_with_its_columns_named(name: str, item: str, column: str, people: list[str]) -> None:
    found = read_interviews(QUALCODER / name, options=InterviewOptions(columns={column: item})).talks
    own = found.interview_answers[found.interview_answers["item"] == item]
    assert own["participant_id"].tolist() == people
    assert all(len(value) > 4 for value in own["value"])
    assert not [one for one in found.findings if one.severity == "problem"]


def test_a_word_processor_file_and_a_transcript_without_times() -> None:
    for name in ("ID1.docx", "transcript.txt"):
        found = read_interviews(QUALCODER / name, options=P01).talks
        (text,) = found.documents["text"]
        assert len(text) > 500
        assert found.transcript_marks.empty  # [id1] is a speaker, no time


def test_whatever_lies_there_is_read_or_refused_with_reasons() -> None:
    suffixes = (".csv", ".txt", ".json", ".zip", ".docx", ".tsv", ".html", ".md")
    paths = [path for path in FIELD.rglob("*") if path.suffix.lower() in suffixes]
    paths = [path for path in paths if path.is_file() and path.stat().st_size < 2_000_000]
    assert len(paths) > 50
    for path in paths:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what openpyxl says of extensions of Excel
            try:
                for one in find_interviews(path, options=P01):
                    one.read(P01).talks.check()
            except InputError as error:
                assert path.name in str(error) or str(path) in str(error)
