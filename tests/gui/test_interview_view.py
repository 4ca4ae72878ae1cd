"""Interviews beside the video: answers are typed, coded, undone; quotes lead to their moment."""

from __future__ import annotations

import pandas as pd
import pytest
from gazestudy_gui.views.interview_texts import to_points, to_units
from gazestudy_gui.views.interviews import InterviewsView
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from gazestudy.model.interview import Interviews, interview_table
from gazestudy.store import open_study
from tests.gui.hands import view_of

TEXT = "😀 intro\n[0:02] I saw the red cat\n[0:05] then my phone"


def talks(participant):
    head = {"interview_id": "i1", "participant_id": participant, "recording_id": "", "source": "table"}
    said = [
        {"interview_id": "i1", "participant_id": participant, "item": "ur_any", "answer_no": n, "value": v}
        for n, v in enumerate(["red cat", "coffee"])
    ]
    marks = [(TEXT.index("[0:02]"), 2_000_000_000), (TEXT.index("[0:05]"), 5_000_000_000)]
    return Interviews(
        interviews=interview_table("interviews", [head]),
        interview_answers=interview_table("interview_answers", said),
        documents=interview_table(
            "documents",
            [{"document_id": "d1", "interview_id": "i1", "name": "talk", "kind": "transcript", "text": TEXT}],
        ),
        transcript_marks=interview_table(
            "transcript_marks", [{"document_id": "d1", "position": p, "t_ns": t} for p, t in marks]
        ),
    )


@pytest.fixture
def view(imported, qapp, qtbot):
    with open_study(imported) as study:
        placement = study.placements()[0].id
        study.add_stimulus("pic-a", name="Cat", placement_id=placement, brand="Miau", category="cats")
        study.add_stimulus("foil-a", name="Dog", brand="Wuff", category="dogs")
        study.add_interviews(talks("P01"))
        study.add_starter_codes()
        study.code_answers(
            [{"interview_id": "i1", "item": "ur_any", "answer_no": 0, "stimulus": "", "coder": "B",
              "code": "correct_ad", "placement_id": placement}]
        )  # fmt: skip
        study.add_coding("liked", "B", document_id="d1", start_char=0, end_char=5)
    with view_of(InterviewsView, imported, qtbot) as made:
        qtbot.waitUntil(lambda: made.talks is not None)
        made.set_coder("A")
        yield made


def wait_answers(qtbot, view, item, values, stimulus=""):
    qtbot.waitUntil(lambda: [*view.talks.answers("i1", item, stimulus)["value"]] == values)


def about(view, text):
    view.answers.about.setCurrentIndex(view.answers.about.findText(text))


def test_a_typed_answer_is_on_the_disk_at_once_and_can_be_undone(view, qtbot, imported):
    field = view.answers.form.fields["walk"].main
    QTest.keyClicks(field, "from the gates to the platform")
    field.clearFocus()
    view.answers.keep()
    wait_answers(qtbot, view, "walk", ["from the gates to the platform"])
    with open_study(imported, read_only=True) as other:
        said = other.interviews().interview_answers
        assert said.loc[said["item"] == "walk", "stage"].tolist() == ["attention"]
    view._document.undo_stack.undo()
    wait_answers(qtbot, view, "walk", [])
    qtbot.waitUntil(lambda: field.toPlainText() == "")
    view._document.undo_stack.redo()
    wait_answers(qtbot, view, "walk", ["from the gates to the platform"])


def test_answers_about_a_picture_know_where_it_hung(view, qtbot):
    about(view, "Picture: Cat")
    yes = view.answers.form.fields["rec"].main
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton, pos=yes.rect().center())
    wait_answers(qtbot, view, "rec", ["yes"], "pic-a")
    row = view.talks.answers("i1", "rec", "pic-a").iloc[0]
    placement = view._document.study.placements()[0].id
    assert (row["shown"], row["placement_id"], row["stage"]) == ("target", placement, "recognition")
    about(view, "Picture: Dog")
    yes = view.answers.form.fields["rec"].main
    assert not yes.isChecked()
    assert "foil" in view.answers.result.text()


def test_codes_stay_with_the_words_they_were_given_for(view, qtbot):
    view._document.study.put_answers("i1", "ur_any", ["coffee", "red cat", "tea"])
    codes = view._document.study.answer_codes()
    assert codes[["answer_no", "code"]].to_numpy().tolist() == [[1, "correct_ad"]]
    view._document.study.put_answers("i1", "ur_any", ["coffee", "a cat"])
    assert view._document.study.answer_codes().empty


def test_a_coder_does_not_see_the_codes_of_another(view, qtbot):
    line = view.answers._lines["ur_any", 0]
    assert line.code.currentData() == ""
    assert view.texts.list.model.rowCount() == 0
    line.code.setCurrentIndex(line.code.findData("invented"))
    line.code.activated.emit(line.code.currentIndex())
    qtbot.waitUntil(lambda: len(view.talks.interviews.answer_codes) == 2)
    kept = view._document.study.answer_codes()
    assert dict(zip(kept["coder"], kept["code"], strict=True)) == {"A": "invented", "B": "correct_ad"}
    view.set_coder("B")
    assert view.answers._lines["ur_any", 0].code.currentData() == "correct_ad"
    assert view.texts.list.model.rowCount() == 1


def test_selected_words_are_coded_by_key_and_a_click_goes_to_their_moment(view, qtbot):
    texts = view.texts
    start = TEXT.index("red cat")
    cursor = texts.text.textCursor()
    cursor.setPosition(to_units(TEXT, start))
    cursor.setPosition(to_units(TEXT, start + 7), cursor.MoveMode.KeepAnchor)
    texts.text.setTextCursor(cursor)
    key = next(key for key in "1234567890" if texts.codes.code_of_key(key) == "liked")
    view.tabs.setCurrentWidget(texts)
    QTest.keyClick(texts.text, key)
    qtbot.waitUntil(lambda: texts.list.model.rowCount() == 1)
    codings = view._document.study.codings()
    mine = codings[codings["coder"] == "A"].iloc[0]
    assert (mine["code_id"], TEXT[mine["start_char"] : mine["end_char"]]) == ("liked", "red cat")
    recording = view._document.study.recordings()[0].id
    first = int(view._document.study.stream(recording, "frames")["t_ns"].iloc[0])
    with qtbot.waitSignal(view._document.moment) as told:
        texts.list.activated.emit(0)
    assert told.args == [recording, first + 2_000_000_000]
    view._document.undo_stack.undo()
    qtbot.waitUntil(lambda: texts.list.model.rowCount() == 0)


def test_a_stretch_of_the_video_is_coded(view, qtbot):
    recording = view._document.study.recordings()[0].id
    first = int(view._document.study.stream(recording, "frames")["t_ns"].iloc[0])
    view._document.playhead.emit(recording, first + 1_000_000_000)
    QTest.keyClick(view.texts.text, "[")
    view._document.playhead.emit(recording, first + 3_000_000_000)
    view.texts.code_selection("phone")
    qtbot.waitUntil(lambda: view.texts.list.model.rowCount() == 1)
    codings = view._document.study.codings()
    mine = codings[codings["coder"] == "A"].iloc[0]
    assert [mine["start_ns"] - first, mine["end_ns"] - first] == [1_000_000_000, 3_000_000_000]


def test_a_new_interview_begins_empty_and_is_shown(view, qtbot):
    view.start_interview("P77")
    qtbot.waitUntil(lambda: view.interview_id == "interview-P77")
    heads = view._document.study.interviews().interviews
    assert heads["source"].tolist() == ["table", "live"]
    assert view.answers.form.fields["ur_any"].values() == []
    view._document.undo_stack.undo()
    qtbot.waitUntil(lambda: view.interview_id == "i1")


def test_notes_are_written_and_a_new_code_is_added_below_another(view, qtbot):
    view.texts.keep_notes("He was in a hurry.", "Notes")
    qtbot.waitUntil(lambda: view.texts.which.findText("Notes") >= 0)
    assert view._document.study.interviews().documents["text"].tolist() == [TEXT, "He was in a hurry."]
    codes = view.texts.codes
    codes.tree.setCurrentItem(codes.tree.topLevelItem(0))
    codes.name.setText("lost")
    QTest.keyClick(codes.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "lost" in [*view._document.study.code_book()["name"]])
    book = view._document.study.code_book().set_index("name")
    assert book.loc["lost", "parent_id"] == "goal_search"


@pytest.mark.parametrize("text", ["plain", "😀a😀b", "กขค😀"])
def test_places_in_qt_texts_are_code_points(text):
    for place in range(len(text) + 1):
        assert to_points(text, to_units(text, place)) == place
        assert to_units(text, place) == len(text[:place].encode("utf-16-le")) // 2


def test_looks_and_memory_stand_side_by_side(sample, qapp, qtbot):
    with open_study(sample) as study:
        placement = study.placements()[0].id
        study.add_stimulus("pic-a", placement_id=placement)
        study.add_interviews(talks("P01"))
    with view_of(InterviewsView, sample, qtbot) as made:
        qtbot.waitUntil(lambda: made.found.cases is not None and made.talks is not None, timeout=120000)
        table = made.recall.mine.model.frame
        assert isinstance(table, pd.DataFrame) and len(table)
        assert set(table["recalled_unaided"]) <= {"no", "–", "yes"}
        with qtbot.waitSignal(made._document.moment):
            made.recall.mine.activated.emit(0)


def test_in_the_window_an_answer_survives_closing_and_shortcuts_do_not_clash(desk, imported, qtbot):
    with open_study(imported) as study:
        study.add_interviews(talks("P01"))
    window = desk.open(imported)
    qtbot.waitExposed(window)
    for name in ("interviews", "results", "fieldwork"):
        window.show_view(name)
    view = window.show_view("interviews")
    keys = [action.shortcut().toString() for action in window.book.actions.values()]
    wanted = {
        name: window.book.actions[name].shortcut().toString()
        for name in ("interview.new", "report.write", "field.live")
    }
    assert all(keys.count(key) == 1 for key in wanted.values()), wanted
    qtbot.waitUntil(lambda: view.talks is not None and view.answers.form is not None)
    QTest.keyClicks(view.answers.form.fields["looked_for"].main, "exit 4")
    window.close()  # without leaving the field
    with open_study(imported, read_only=True) as study:
        said = study.interviews().interview_answers
    assert said.loc[said["item"] == "looked_for", "value"].tolist() == ["exit 4"]
