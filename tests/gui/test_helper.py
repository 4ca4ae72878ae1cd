"""The child process that computes for the views: it keeps what it read, comes back after its death, and goes."""

from __future__ import annotations

import os
import threading
import time
from multiprocessing import active_children
from pathlib import Path

import pytest
from gazestudy_gui.helper import Helper, Question

from gazestudy.errors import Cancelled, StudyError

PID = Question("os:getpid")
FOREVER = Question(f"{__name__}:forever")


def forever() -> None:
    time.sleep(3600)


@pytest.fixture
def helper():
    made = Helper()
    yield made
    made.close()
    assert not [child for child in active_children() if child.name == "helper"]


def test_questions_are_answered_by_one_other_process(helper):
    first, second = helper.answer(PID), helper.answer(PID)
    assert first == second != os.getpid()


def test_an_answer_keeps_its_type_and_its_arguments(helper):
    assert helper.answer(Question("pathlib:Path", {})) == Path()
    assert helper.answer(Question("builtins:dict", {"ป้าย": [1, 2.5]})) == {"ป้าย": [1, 2.5]}


def test_a_study_that_is_not_there_is_told_as_such_and_a_mistake_with_its_place(helper, tmp_path):
    with pytest.raises(StudyError, match="no-study"):
        helper.answer(Question("gazestudy:open_study", {"path": tmp_path / "no-study"}))
    with pytest.raises(RuntimeError, match=r"AttributeError(.|\n)*helper_has_no_such_name"):
        helper.answer(Question("os:helper_has_no_such_name"))
    assert helper.answer(PID)  # it lives on


def test_a_process_that_died_is_told_and_the_next_question_starts_another(helper):
    first = helper.answer(PID)
    with pytest.raises(RuntimeError, match="ended by itself"):
        helper.answer(Question("os:abort"))
    assert helper.answer(PID) != first


def test_an_answer_that_cannot_be_sent_is_a_mistake_told(helper):
    with pytest.raises(RuntimeError, match="threading:Lock"):
        helper.answer(Question("threading:Lock"))
    assert helper.answer(PID)


def test_who_gives_up_does_not_wait_and_the_next_gets_the_answer_to_his_own_question(helper):
    helper.answer(PID)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        helper.answer(FOREVER, given_up=lambda: True)
    gone = threading.Event()
    threading.Timer(0.3, gone.set).start()
    with pytest.raises(Cancelled):
        helper.answer(FOREVER, given_up=gone.is_set)
    assert time.monotonic() - begun < 600  # an hour was asked for
    helper.drop()  # it would sleep on
    assert helper.answer(Question("builtins:dict", {"a": 1})) == {"a": 1}


def test_closing_ends_what_is_computed_and_refuses_what_comes_later():
    helper = Helper()
    helper.answer(PID)
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            helper.answer(FOREVER)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    helper.close()
    thread.join(600)
    assert isinstance(ended[0], Cancelled)
    with pytest.raises(Cancelled):
        helper.answer(PID)
    assert not [child for child in active_children() if child.name == "helper"]
