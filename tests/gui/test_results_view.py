"""Results: tables are sorted, found, copied and exported; figures follow their choices; strategy; report."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from gazestudy_gui.views.plot_pane import recolour, rendered
from gazestudy_gui.views.results import ResultsView
from gazestudy_gui.views.results_data import TABLES
from gazestudy_gui.views.table_model import FrameModel, cell
from gazestudy_gui.views.table_view import TableWidget
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QGuiApplication

from gazestudy.pipeline.metrics import study_metrics, summary
from tests.gui.hands import view_of

TABLE = pd.DataFrame(
    {"name": ["b", "C", "a", "ก"], "value": [2.0, np.nan, 10.0, -1.0], "on": [True, False, True, False]}
)


def column(model, number=0):
    return [model.data(model.index(row, number)) for row in range(model.rowCount())]


def test_the_model_keeps_the_rules_of_qt(qtmodeltester):
    model = FrameModel()
    model.set_frame(TABLE)
    qtmodeltester.check(model)


def test_sorting_puts_nothing_last_and_finding_looks_everywhere():
    model = FrameModel()
    model.set_frame(TABLE)
    model.sort(1, Qt.SortOrder.AscendingOrder)
    assert column(model) == ["ก", "b", "a", "C"]
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert column(model) == ["a", "b", "ก", "C"]
    model.sort(0, Qt.SortOrder.AscendingOrder)
    assert column(model) == ["a", "b", "C", "ก"]
    model.filter("true")
    assert column(model) == ["a", "b"]
    model.filter("true 10")
    assert column(model) == ["a"]
    assert model.source_row(0) == 2
    model.filter("")
    model.sort(-1)
    assert column(model) == ["b", "C", "a", "ก"]


def test_two_hundred_thousand_rows_are_sorted_at_once():
    import time

    rng = np.random.default_rng(1)
    model = FrameModel()
    model.set_frame(pd.DataFrame({"x": rng.normal(size=200_000), "y": np.arange(200_000)}))
    began = time.process_time()
    model.sort(0, Qt.SortOrder.AscendingOrder)
    assert time.process_time() - began < 2.0
    assert model.rowCount() == 200_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.nan, "–"),
        (None, "–"),
        (3, "3"),
        (0.12345, "0.123"),
        (12345.6, "12,346"),
        (2.0, "2"),
        (True, "yes"),
    ],
)
def test_numbers_are_short_on_the_screen(value, text):
    assert cell(value) == text


def test_copied_and_exported_tables_have_the_numbers_as_they_are(qtbot, tmp_path):
    table = TableWidget("numbers")
    qtbot.addWidget(table)
    table.set_frame(TABLE)
    table.finder.setText("a")  # also in "False" of b's row? no: C and the last are False
    table.finder.setText("")
    table.copy()
    back = pd.read_csv(io.StringIO(QGuiApplication.clipboard().text()), sep="\t")
    pd.testing.assert_frame_equal(back, TABLE, check_dtype=False)
    table.view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    table.export(tmp_path / "out.csv")
    table.export(tmp_path / "out.xlsx")
    for read in (pd.read_csv(tmp_path / "out.csv"), pd.read_excel(tmp_path / "out.xlsx")):
        assert read["name"].tolist() == ["a", "b", "ก", "C"]


def test_what_people_said_never_runs_as_a_formula(qtbot, tmp_path):
    from openpyxl import load_workbook

    table = TableWidget("quotes")
    qtbot.addWidget(table)
    table.set_frame(pd.DataFrame({"quote": ["=HYPERLINK(1)"], "n": [-5]}))
    assert table.count.text() == "1 row"
    for name in ("said.csv", "said.xlsx"):
        table.export(tmp_path / name)
    assert "'=HYPERLINK(1),-5" in (tmp_path / "said.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK(1)\t-5" in table.copied()
    (sheet,) = load_workbook(tmp_path / "said.xlsx").worksheets
    assert [cell.data_type for cell in sheet[2]] == ["s", "n"]


def test_columns_fit_what_comes_into_an_empty_table(qtbot):
    table = TableWidget("codings")
    qtbot.addWidget(table)
    table.set_frame(TABLE.iloc[:0])
    before = table.view.columnWidth(0)
    table.set_frame(TABLE.assign(name="a name that needs more room"))
    assert table.view.columnWidth(0) > 2 * before


def test_a_figure_takes_the_colours_of_the_window(qapp):
    def draw(figure):
        axes = figure.add_subplot()
        axes.bar([0], [1], color="#2a6f97")
        axes.set_title("ป้าย title", color="#1a1a1a")

    light = rendered(draw, QSize(300, 200), 1.0, ink="#1a1a1a", paper="#ffffff")
    dark = rendered(draw, QSize(300, 200), 2.0, ink="#f0f0f0", paper="#1e1e1e")
    assert (light.width(), dark.width()) == (300, 600)
    assert QColor(light.pixel(2, 2)).name() == "#ffffff"
    assert QColor(dark.pixel(2, 2)).name() == "#1e1e1e"
    assert QColor(dark.pixel(300, 300)).blue() > QColor(dark.pixel(300, 300)).red()


@pytest.fixture
def view(sample, qapp, qtbot):
    with view_of(ResultsView, sample, qtbot, (1000, 700)) as made:
        yield made


def test_every_table_is_there_or_says_what_is_missing(view, qtbot):
    page = view.tables
    said = []
    page._worker.done.connect(lambda _number, result: said.append(result[0]))
    page._worker.failed.connect(lambda _number, error: said.append(str(error)))
    for one in TABLES[1:]:
        page.show_table(one.id)
        page.message.clear()
        qtbot.waitUntil(lambda name=one.id: name in said or bool(page.message.text()), timeout=90000)
    page.show_table("summary-placement")
    qtbot.waitUntil(lambda: page.table._name == "summary-placement")
    study = view._document.study
    expected = summary(study_metrics(study), ["placement"])
    shown = page.table.model.frame
    assert shown["n_noticed"].tolist() == expected["n_noticed"].tolist()


def test_funnel_and_curves_follow_their_choices_and_are_exported(view, qtbot, tmp_path):
    for page, index in ((view.funnel, 1), (view.survival, 2)):
        view.pages.setCurrentIndex(index)
        qtbot.waitUntil(lambda page=page: not page.plot.image.isNull(), timeout=90000)
        before = page.plot.image.copy()
        page.group.setCurrentIndex(1)
        qtbot.waitUntil(lambda page=page: len(page.data) > 1, timeout=90000)
        qtbot.waitUntil(lambda page=page, before=before: page.plot.image != before, timeout=90000)
        page.export(tmp_path / f"{index}.png")
        assert (tmp_path / f"{index}.png").stat().st_size > 5000
    assert {"exposed", "noticed"} <= set(next(iter(view.funnel.data.values())).table["step"])


def test_strategy_begins_with_a_template_and_tells_mistakes_with_their_line(view, qtbot):
    page = view.strategy
    view.pages.setCurrentWidget(page)
    assert page.stack.currentWidget() is page.empty
    page.begin()
    assert page.stack.currentWidget() is page.pages
    assert page.editor.mistakes.count() == 0
    text = page.editor.text.toPlainText()
    page.editor.text.setPlainText(text.replace("period_days: 28", "period_days: -1"))
    assert not page.editor.check()
    assert "period_days" in page.editor.mistakes.item(0).text()
    page.editor.text.setPlainText(text + "assumptions:\n" + "".join(
        f"  - {{term: {name}, value: {value}, low: {value * 0.8}, high: {value * 1.2}, source: test, replaces: true}}\n"
        for name, value in (("passages_per_min", 30.0), ("exposed", 0.6), ("clear", 0.7), ("noticed", 0.4),
                            ("dwell_s", 1.2))
    ))  # fmt: skip
    page.editor.save()
    page.pages.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not page.budget.is_busy and page.budget.table.model.rowCount() > 0, timeout=90000)
    costs = page.budget.table.model.frame["cost"]
    assert costs.sum() <= page.money.value() + 1
    page.money.spin.setValue(40000)
    qtbot.waitUntil(
        lambda: not page.budget.is_busy and page.budget.table.model.frame["cost"].sum() <= 40001,
        timeout=90000,
    )


def test_the_report_is_written_by_a_job(view, qtbot, tmp_path):
    view.write_report(tmp_path / "report.html")
    job = view._document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=120000)
    assert job.state == "done", job.error
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("colour", ["#0072B2", "#D55E00", "#009E73", "#888888", "black"])
def test_words_of_a_plot_can_be_read_on_a_dark_ground(colour):
    """Contrast by the definition of WCAG 2.2, at least that of its level AA."""
    figure = Figure()
    words = figure.text(0.5, 0.5, "1 of 1", color=colour)
    recolour(figure, ink="#f0f0f0", paper="#1e1e1e")
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(words.get_color())]
    ground = ((0x1E / 255 + 0.055) / 1.055) ** 2.4
    assert (float(np.dot(linear, (0.2126, 0.7152, 0.0722))) + 0.05) / (ground + 0.05) >= 4.5
