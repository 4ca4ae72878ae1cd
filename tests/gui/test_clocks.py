"""The clock of a recording of the study is aligned with others, with a preview; what is kept can be undone."""

from __future__ import annotations

import pandas as pd
import pytest
from gazestudy_gui.views.align_dialog import AlignDialog

from tests.gui.hands import click, shown, type_text


@pytest.fixture
def window(desk, imported, qtbot):
    opened = desk.open(imported)
    qtbot.waitExposed(opened)
    opened.view("tree").select("recording", "p01-1")
    return opened


def test_the_clock_of_a_recording_is_aligned_later_and_undone(window, qtbot):
    """What the import wizard offers is there for a recording of the study too."""
    window.book.actions["player.clock"].trigger()
    dialog = shown(AlignDialog)
    save = dialog.buttons.button(dialog.buttons.StandardButton.Save)
    assert not save.isEnabled()
    dialog.form.choose("by-hand")
    type_text(dialog.form.target, "camera")
    dialog.form.target.editingFinished.emit()
    dialog.form.offset.setValue(-1.5)
    qtbot.waitUntil(lambda: "-1.500 s ± 500 ms" in dialog.preview.text(), timeout=20_000)
    click(save)
    (kept,) = window.document.study.alignments("p01-1")
    assert (kept.target, kept.alignment.offset_ns) == ("camera", -1_500_000_000)
    assert dialog.table.item(0, 0).text() == "camera"
    window.document.undo_stack.undo()
    assert window.document.study.alignments() == ()
    assert dialog.table.rowCount() == 0
    window.document.undo_stack.redo()
    click(dialog.remove_button)
    assert window.document.study.alignments() == ()
    window.document.undo_stack.undo()
    assert len(window.document.study.alignments()) == 1
    dialog.reject()


def test_a_table_of_times_is_tried_before_it_is_kept(window, qtbot, tmp_path):
    events = window.document.study.stream("p01-1", "events")
    times = events["t_ns"] / 1e9 + 3.25
    table = tmp_path / "เวลา.csv"
    pd.DataFrame({"time [s]": times.map("{:.3f}".format), "name": events["name"]}).to_csv(table, index=False)
    window.book.actions["player.clock"].trigger()
    dialog = shown(AlignDialog)
    dialog.form.set_marks(str(table))
    qtbot.waitUntil(lambda: dialog.preview.text().startswith("เวลา: 3.2"), timeout=20_000)
    assert "pairs" in dialog.preview.text()
    assert "ms" in dialog.preview.toolTip()  # how far each pair is off
    dialog.form.pattern.setText("nothing like it")
    dialog.form.pattern.editingFinished.emit()
    qtbot.waitUntil(lambda: "a pattern that fits" in dialog.preview.text(), timeout=20_000)
    assert not dialog.buttons.button(dialog.buttons.StandardButton.Save).isEnabled()
    dialog.reject()
    assert window.document.study.alignments() == ()


def test_without_a_recording_it_says_what_to_do(desk, imported, qtbot):
    from PyQt6.QtWidgets import QApplication

    opened = desk.open(imported)
    qtbot.waitExposed(opened)
    opened.book.actions["player.clock"].trigger()
    box = next(one for one in QApplication.topLevelWidgets() if one.objectName() == "trouble")
    assert "Choose a recording" in box.informativeText() + box.text()
    box.close()
