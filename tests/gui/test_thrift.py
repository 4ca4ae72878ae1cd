"""A search for garbage does not go through the libraries while a study is open; nothing is kept for ever."""

from __future__ import annotations

import gc
import sys
import weakref
from types import ModuleType

import pytest
from gazestudy_gui import thrift


class Ring:
    """Something that only a search for garbage finds."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def spared():
    thrift.set_aside()
    yield
    thrift.bring_back()


def lost() -> weakref.ref[Ring]:
    """Make a ring that nobody holds."""
    return weakref.ref(Ring())


def test_what_lives_is_not_searched_again(spared):
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_what_is_lost_later_is_found(spared):
    ring = lost()
    gc.collect()
    assert ring() is None


def test_after_new_modules_one_search_is_left_out_and_what_they_hold_is_spared(spared, monkeypatch):
    gc.disable()  # no search but those asked for here
    try:
        ring, before = lost(), gc.get_freeze_count()
        monkeypatch.setitem(sys.modules, "a_module_of_this_test", ModuleType("a_module_of_this_test"))
        gc.collect()
        assert ring() is not None and gc.get_freeze_count() > before
        other = lost()
        gc.collect()
        assert other() is None and ring() is not None
        thrift.bring_back()
        gc.collect()
        assert ring() is None
    finally:
        gc.enable()


def test_asked_for_twice_it_ends_with_once(spared):
    thrift.set_aside()
    thrift.bring_back()
    assert gc.get_freeze_count() == 0 and thrift._spare not in gc.callbacks


def test_it_lasts_as_long_as_a_study_is_open(desk, imported):
    window = desk.open(imported)
    assert thrift._spare in gc.callbacks
    window.close()
    assert thrift._spare not in gc.callbacks and gc.get_freeze_count() == 0
