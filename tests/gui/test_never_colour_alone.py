"""What a colour says is also said by words, a sign, a hatch, a dash or a place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gazestudy_gui import theme
from gazestudy_gui.views.registry import VIEWS
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PyQt6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PyQt6.QtGui import QBrush, QColor, QIcon, QPixmap
from PyQt6.QtWidgets import QAbstractItemView

from gazestudy.model.interview import Interviews, interview_table
from gazestudy.store import open_study

ROLES = Qt.ItemDataRole
COLOURED = (ROLES.BackgroundRole, ROLES.ForegroundRole, ROLES.DecorationRole)
SPOKEN = (ROLES.DisplayRole, ROLES.AccessibleTextRole, ROLES.ToolTipRole, ROLES.CheckStateRole)
NEAR = 20
"""Steps of a channel, of 255: a number on show has fewer digits than the depth of a colour."""
ENOUGH_ROWS = 300


def colour_of(value: Any) -> tuple[int, ...] | None:
    """The colour that a model gives for a role; None for none, and for pictures with a drawing on them."""
    if isinstance(value, QIcon):
        value = value.pixmap(8, 8)
    if isinstance(value, QPixmap):
        image = value.toImage()
        found = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
        return QColor.fromRgba(found.pop()).getRgb() if len(found) == 1 else None
    if isinstance(value, QBrush):
        value = value.color() if value.style() != Qt.BrushStyle.NoBrush else None
    return value.getRgb() if isinstance(value, QColor) and value.alpha() else None


def cells(model: QAbstractItemModel, above: QModelIndex) -> Iterator[QModelIndex]:
    """All cells of a table or tree."""
    for row in range(min(ENOUGH_ROWS, model.rowCount(above))):
        for column in range(model.columnCount(above)):
            yield model.index(row, column, above)
        yield from cells(model, model.index(row, 0, above))


def told_by_colour_alone(model: QAbstractItemModel) -> list[str]:
    """Pairs of cells of a column that differ in colour and in nothing that can be read."""
    known: dict[tuple[Any, ...], tuple[int, ...]] = {}
    alone = []
    for index in cells(model, QModelIndex()):
        words = tuple(str(index.data(role)) for role in SPOKEN)
        font = index.data(ROLES.FontRole)
        for role in COLOURED:
            colour = colour_of(index.data(role)) or (0, 0, 0, 0)
            place = (index.column(), role, words, font.toString() if font else "")
            before = known.setdefault(place, colour)
            if max(abs(one - other) for one, other in zip(colour, before, strict=True)) > NEAR:
                alone.append(f"{words[0]!r}: {before} and {colour}")
    return alone


@pytest.fixture
def coded(sample):
    """The sample study with an interview and codes on its text."""
    text = "I saw the red cat, then my phone"
    head = {"interview_id": "i1", "participant_id": "P01", "recording_id": "", "source": "table"}
    page = {"document_id": "d1", "interview_id": "i1", "name": "talk", "kind": "notes", "text": text}
    with open_study(sample) as study:
        study.add_interviews(
            Interviews(
                interviews=interview_table("interviews", [head]),
                documents=interview_table("documents", [page]),
            )
        )
        study.add_starter_codes()
        study.add_coding("liked", "A", document_id="d1", start_char=10, end_char=17)
        study.add_coding("phone", "A", document_id="d1", start_char=27, end_char=32)
    return sample


def test_every_table_and_tree_says_in_words_what_its_colours_say(desk, coded, qtbot):
    window = desk.open(coded)
    qtbot.waitExposed(window)
    for spec in VIEWS:
        window.show_view(spec.id)
    window.view("tree").select("recording", "p01-1")
    talks, review, table = (
        window.view("interviews"),
        window.view("review"),
        window.view("results").tables.table,
    )
    window.show_view("interviews")
    qtbot.waitUntil(lambda: talks.talks is not None, timeout=600_000)
    talks.show_interview("i1")
    talks.set_coder("A")
    talks.tabs.setCurrentWidget(talks.texts)
    qtbot.waitUntil(lambda: talks.texts.list.model.rowCount() == 2, timeout=600_000)
    window.show_view("review")
    qtbot.waitUntil(lambda: review.is_ready and review.model.rowCount() > 0, timeout=600_000)
    window.show_view("results")
    qtbot.waitUntil(lambda: table.model.frame is not None, timeout=600_000)
    views = [one for one in window.findChildren(QAbstractItemView) if one.model() is not None]
    found = {one.accessibleName() or type(one).__name__: told_by_colour_alone(one.model()) for one in views}
    assert {name: pairs for name, pairs in found.items() if pairs} == {}
    coloured = [
        one for one in views
        if any(colour_of(index.data(role)) for index in cells(one.model(), QModelIndex()) for role in COLOURED)
    ]  # fmt: skip
    assert len(coloured) >= 3  # codes, codings, doubt: else nothing was tried


def test_who_looks_for_colour_alone_finds_it(qapp):
    from PyQt6.QtGui import QStandardItem, QStandardItemModel

    model = QStandardItemModel()
    for colour in ("red", "green"):
        item = QStandardItem("fixation")
        item.setBackground(QColor(colour))
        model.appendRow(item)
    assert len(told_by_colour_alone(model)) == 1
    model.item(1).setText("saccade")
    assert told_by_colour_alone(model) == []


# ---------------------------------------------------------------------- figures


def looks_of(handle: Any) -> tuple[Any, ...]:
    """Everything about a mark of a legend but its colour."""
    if isinstance(handle, BarContainer):
        handle = handle.patches[0]
    if isinstance(handle, Line2D):
        dashes = handle._dash_pattern[1]  # what is drawn; the style alone says only "--"
        filled = handle.get_markerfacecolor() not in ("none", "white")
        return "line", handle.get_linestyle(), tuple(dashes or ()), str(handle.get_marker()), filled
    if isinstance(handle, Patch):
        return "patch", handle.get_hatch(), handle.get_linestyle(), handle.get_fill()
    return type(handle).__name__, getattr(handle, "get_hatch", lambda: None)()


def legends(figure: Figure) -> Iterator[list[Any]]:
    """The marks of every legend of a figure."""
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is not None:
            yield list(legend.legend_handles)


def funnel() -> Figure:
    from gazestudy.attention.funnel import attention_funnel
    from gazestudy.plots.funnel import draw_funnel

    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "participant_id": np.repeat(np.arange(12).astype(str), 4),
            "placement_id": "a",
            "fixated": rng.random(48) < 0.5,
            "dwell_s": 1.0,
            "recalled_unaided": (rng.random(48) < 0.3).astype(float),
        }
    )
    return draw_funnel(attention_funnel(table)).figure


def curves() -> Figure:
    from gazestudy.attention.first_looks import first_looks
    from gazestudy.plots.style import GROUP_COLOURS
    from gazestudy.plots.survival import draw_survival

    rng = np.random.default_rng(0)
    groups = [f"group {number}" for number in range(len(GROUP_COLOURS))]
    table = pd.DataFrame(
        {
            "participant_id": rng.integers(0, 10, 20 * len(groups)).astype(str),
            "group": np.repeat(groups, 20),
            "time_s": rng.exponential(3, 20 * len(groups)),
            "looked": rng.random(20 * len(groups)) < 0.6,
        }
    )
    return draw_survival(first_looks(table, by=["group"], rng=rng)).figure


def remembered() -> Figure:
    from gazestudy.memory.two_by_two import two_by_two_table
    from gazestudy.plots.memory import draw_recall_table

    table = pd.DataFrame(
        {
            "participant_id": [f"P{k}" for k in range(20)],
            "placement_id": "lift",
            "fixated": [True] * 10 + [False] * 10,
            "recalled_unaided": [1.0] * 6 + [0.0] * 8 + [1.0] * 6,
        }
    )
    return draw_recall_table(two_by_two_table(table, by=["placement_id"])).figure


@pytest.mark.parametrize("draw", [funnel, curves, remembered])
def test_marks_of_a_legend_differ_in_more_than_colour(draw):
    tried = 0
    for handles in legends(draw()):
        tried += len(handles)
        assert len({looks_of(one) for one in handles}) == len(handles)
    assert tried >= 2


def test_bars_of_the_funnel_look_as_their_legend_says():
    from gazestudy.plots.funnel import RUNG_COLOURS, RUNG_HATCHES

    assert set(RUNG_HATCHES) == set(RUNG_COLOURS)
    assert len(set(RUNG_HATCHES.values())) == len(RUNG_HATCHES)
    (axes,) = funnel().axes
    bars = [one for container in axes.containers for one in container.patches]
    marks = axes.get_legend().legend_handles
    assert {bar.get_hatch() for bar in bars} <= {mark.get_hatch() for mark in marks}


# ---------------------------------------------------------------------- rows of the timeline


@pytest.mark.parametrize("vocabulary", ["REASONS", "EVENT_KINDS", "MAPPING_STATES"])
def test_stretches_of_the_timeline_differ_by_shape_in_one_colour(qapp, vocabulary):
    """Validity, gaze events and mapping states: painted in one colour, each still looks another way."""
    from gazestudy_gui.timeline.items import IntervalItem

    import gazestudy.model.tables as tables

    labels = tuple(getattr(tables, vocabulary))
    count = len(labels)
    start = np.arange(count, dtype=np.float64)
    item = IntervalItem(start, start + 0.5, np.arange(count, dtype=np.int16), labels, 0.0)
    shapes = [item._shape[code] for code in range(count)]
    assert len(set(shapes)) == min(count, 7), dict(zip(labels, shapes, strict=True))
    assert len({theme.series(number).name() for number in range(min(count, 7))}) == min(count, 7)
