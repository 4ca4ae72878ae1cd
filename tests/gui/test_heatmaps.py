"""Heatmaps follow their filters, and what is shown is what is exported."""

from __future__ import annotations

import pandas as pd
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication

from gazestudy.pipeline.heatmap_views import HeatmapChoice, Looks, number_exposures
from gazestudy.store import open_study


@pytest.fixture
def window(desk, sample, qtbot):
    opened = desk.open(sample)
    qtbot.waitExposed(opened)
    return opened


@pytest.fixture
def view(window, qtbot):
    shown = window.show_view("heatmaps")
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not shown.picture.image.isNull(), timeout=30_000)
    return shown


def drawn_again(view, qtbot, change):
    """Change something and return the next picture."""
    with qtbot.waitSignal(view._worker.done, timeout=30_000) as told:
        change()
    return told.args[1][1]


def test_the_export_is_the_picture_on_show(view, qtbot, tmp_path):
    index = view.which.findData("pillar-poster")
    shown = drawn_again(view, qtbot, lambda: view.which.setCurrentIndex(index))
    view.export(tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes() == shown
    assert view.picture.image == QImage.fromData(shown)
    view.export(tmp_path / "one.svg")
    assert b"<svg" in (tmp_path / "one.svg").read_bytes()


def test_filters_weight_kernel_style_and_opacity_change_the_picture(view, qtbot):
    pictures = [
        drawn_again(view, qtbot, lambda: view.which.setCurrentIndex(view.which.findData("pillar-poster")))
    ]
    for change in (
        lambda: view.weight.setCurrentIndex(1),
        lambda: (view.unit.setCurrentText("px"), view.kernel.setValue(60)),
        lambda: view.opacity.setValue(40),
        lambda: view.style_box.setCurrentIndex(1),
        lambda: view.last.setValue(1),
        lambda: view.until.setValue(0.5),
    ):
        pictures.append(drawn_again(view, qtbot, change))
    assert len(set(pictures)) == len(pictures)


def test_ticking_a_segment_leaves_the_others_out(view, qtbot):
    item = view.segments.item(0)
    drawn_again(view, qtbot, lambda: item.setCheckState(Qt.CheckState.Checked))
    choice = view.choice()
    assert choice.segments == (item.text(),)
    rows = view._looks.chosen(choice)
    assert set(rows["segment"]) <= {item.text()}


def test_the_difference_of_two_groups_is_drawn_or_says_why_not(view, qtbot):
    view.which.setCurrentIndex(view.which.findData("corridor-twin"))
    index = view.compare.findData("segment=regular,visitor")
    assert index > 0
    view.compare.setCurrentIndex(index)
    qtbot.waitUntil(
        lambda: bool(view.note.text()) or bool(view.picture.message), timeout=30_000
    )  # two people are too few: it says so


def test_all_are_exported_by_a_job(window, view, qtbot, tmp_path):
    view.export_all(tmp_path / "out")
    job = window.document.jobs.jobs[0]
    qtbot.waitUntil(lambda: job.is_over, timeout=90_000)
    assert job.state == "done", job.error + job.details
    assert len(list((tmp_path / "out").glob("*.png"))) == 12
    assert (tmp_path / "out" / "heatmaps.csv").is_file()


def test_without_results_it_says_what_to_do(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    view = window.show_view("heatmaps")
    qtbot.waitUntil(lambda: bool(view.picture.message), timeout=20_000)
    assert "Run everything" in view.picture.message


def test_exposures_are_counted_per_person_over_recordings():
    exposures = pd.DataFrame(
        {
            "recording_id": ["a", "a", "b"],
            "participant_id": ["P", "P", "P"],
            "placement_id": ["x", "x", "x"],
            "onset_ns": [0, 100, 0],
            "offset_ns": [50, 150, 50],
        }
    )
    fixations = pd.DataFrame(
        {
            "recording_id": ["a", "a", "a", "b", "b"],
            "participant_id": "P",
            "placement_id": ["x", "x", "x", "x", "y"],
            "onset_ns": [10, 60, 100, 25, 25],
        }
    )
    found = number_exposures(fixations, exposures)
    assert found["exposure_no"].tolist() == [1, 0, 2, 3, 0]
    assert found["since_s"].fillna(-1).tolist() == [10e-9, -1, 0.0, 25e-9, -1]


def test_choices_filter_by_hand_count(made_sample):
    with open_study(made_sample, read_only=True) as study:
        looks = Looks.of(study)
    table = looks.fixations
    place = table["placement_id"].mode()[0]
    for choice, wanted in (
        (HeatmapChoice(place), table["placement_id"] == place),
        (
            HeatmapChoice(place, participants=("P01",)),
            (table["placement_id"] == place) & (table["participant_id"] == "P01"),
        ),
        (
            HeatmapChoice(place, first_exposure=1, last_exposure=1),
            (table["placement_id"] == place) & (table["exposure_no"] == 1),
        ),
        (HeatmapChoice(place, until_s=1.0), (table["placement_id"] == place) & (table["since_s"] < 1.0)),
    ):
        assert len(looks.chosen(choice)) == int(wanted.sum())
