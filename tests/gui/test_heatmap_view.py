"""Heatmaps follow their filters, and what is shown is what is exported."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gazestudy_gui.seen import can_be_seen
from gazestudy_gui.views.heatmap_answers import drawn
from gazestudy_gui.views.heatmap_picture import HeatmapPicture
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication

from gazestudy.pipeline.heatmap_choice import HeatmapChoice
from gazestudy.pipeline.heatmap_views import Looks, draw_choice, export_choice, number_exposures
from gazestudy.pipeline.results import attention_table
from gazestudy.store import open_study
from tests.gui.pictures import levels

ROUNDING = 2
"""Levels of 255 between a picture that is mixed while it is painted and one that is drawn so."""


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
    before = view.picture.image.copy()
    with qtbot.waitSignal(view._worker.done, timeout=30_000):
        change()
    qtbot.waitUntil(lambda: view.picture.image != before, timeout=5_000)
    return view.picture.image.copy()


def choose(view, placement_id):
    view.filters.which.setCurrentIndex(view.filters.which.findData(placement_id))


def busiest(view):
    """Return the placement with most fixations."""
    return str(looks_of(view).fixations["placement_id"].mode()[0])


def looks_of(view):
    """Return the fixations of the study."""
    return Looks.of(view._document.study)


def largest_difference(one, other):
    """Return how far two pictures of one size are apart, in levels of 255."""
    return int(np.abs(levels(one) - levels(other)).max())


def over(window, qtbot):
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=90_000)
    assert job.state == "done", job.error + job.details
    return job


def test_the_export_is_the_picture_on_show(window, view, qtbot, tmp_path):
    shown = drawn_again(view, qtbot, lambda: choose(view, busiest(view)))
    view.export(tmp_path / "one.png")
    over(window, qtbot)
    written = QImage(str(tmp_path / "one.png"))
    assert written.size() == shown.size()
    assert largest_difference(written, shown) <= ROUNDING
    for name in ("one.svg", "one.npz", "one.csv"):
        view.export(tmp_path / name)
        over(window, qtbot)
    assert b"<svg" in (tmp_path / "one.svg").read_bytes()
    with np.load(tmp_path / "one.npz") as numbers:
        density, facts = numbers["density"], json.loads(str(numbers["facts"]))
    assert facts["placement_id"] == busiest(view)
    # what lies under the density is the fixation time that it was made of, but for what falls off the edge
    rows = looks_of(view).chosen(view.choice())
    under = float(density.sum()) * facts["per_px2"]
    assert 0.5 * rows["duration_ms"].sum() / 1e3 < under < 1.001 * rows["duration_ms"].sum() / 1e3
    table = np.loadtxt(tmp_path / "one.csv", delimiter=",", comments="#")
    np.testing.assert_allclose(table, density, rtol=1e-4, atol=1e-6)


def test_filters_weight_kernel_style_and_opacity_change_the_picture(view, qtbot):
    filters = view.filters
    pictures = [drawn_again(view, qtbot, lambda: choose(view, busiest(view)))]
    for change in (
        lambda: filters.weight.setCurrentIndex(1),
        lambda: (filters.unit.setCurrentText("px"), filters.kernel.setValue(60)),
        lambda: filters.colours.setCurrentIndex(1),
        lambda: filters.top.setValue(50.0),
        lambda: filters.style_box.setCurrentIndex(1),
        lambda: filters.last.setValue(1),
        lambda: filters.until.setValue(0.5),
    ):
        pictures.append(drawn_again(view, qtbot, change))
    for number, one in enumerate(pictures):
        assert all(one != other for other in pictures[number + 1 :])
    filters.clear_filters()
    assert view.choice().words() == ""


def counted_by_hand(study, choice):
    """Count the fixations that filters leave, one by one, from the tables of the results."""
    fixations = attention_table(study, "mapped_fixations").to_dict("records")
    exposures = attention_table(study, "exposures").to_dict("records")
    order = list(dict.fromkeys(one["recording_id"] for one in exposures))
    left = 0
    for one in fixations:
        if one["placement_id"] != choice.placement_id:
            continue
        wanted = (("segment", choice.segments), ("daypart", choice.dayparts),
                  ("participant_id", choice.participants))  # fmt: skip
        if any(names and one[column] not in names for column, names in wanted):
            continue
        mine = [
            (order.index(each["recording_id"]), each["onset_ns"], each["offset_ns"]) for each in exposures
            if (each["participant_id"], each["placement_id"]) == (one["participant_id"], one["placement_id"])
        ]  # fmt: skip
        here = order.index(one["recording_id"]) if one["recording_id"] in order else -1
        met = [(number, begin) for number, (place, begin, end) in enumerate(sorted(mine), start=1)
               if place == here and begin <= one["onset_ns"] <= end]  # fmt: skip
        number, since_s = (met[-1][0], (one["onset_ns"] - met[-1][1]) / 1e9) if met else (0, None)
        if choice.first_exposure and number < choice.first_exposure:
            continue
        if choice.last_exposure and not 1 <= number <= choice.last_exposure:
            continue
        if choice.since_s and (since_s is None or since_s < choice.since_s):
            continue
        if choice.until_s and (since_s is None or since_s >= choice.until_s):
            continue
        left += 1
    return left


FILTERS = {
    "all": lambda filters: None,
    "segment": lambda filters: filters.lists["segment"].item(0).setCheckState(Qt.CheckState.Checked),
    "daypart": lambda filters: filters.lists["daypart"].item(1).setCheckState(Qt.CheckState.Checked),
    "participant": lambda filters: (
        filters.lists["participant_id"].item(0).setCheckState(Qt.CheckState.Checked)
    ),
    "first exposure": lambda filters: filters.first.setValue(2),
    "last exposure": lambda filters: filters.last.setValue(1),
    "since": lambda filters: filters.since.setValue(0.4),
    "until": lambda filters: filters.until.setValue(1.5),
}


def test_every_filter_shows_what_it_exports_and_leaves_what_is_counted_by_hand(window, view, qtbot, tmp_path):
    study, filters, looks = window.document.study, view.filters, looks_of(view)
    choose(view, busiest(view))
    counts = {}
    for name, change in FILTERS.items():
        filters.clear_filters()
        change(filters)
        qtbot.waitUntil(lambda: view._shown is not None and view._shown == view.choice())
        exported = draw_choice(study, looks, view.choice())
        assert np.abs(levels(view.picture.image) - exported.pixels()[..., :3].astype(int)).max() <= ROUNDING
        counts[name] = exported.data.n_fixations
        assert counts[name] == counted_by_hand(study, view.choice()), name
    assert 0 < counts["until"] < counts["all"], counts  # the filters are not all alike
    assert 0 < counts["since"] < counts["all"], counts
    filters.weight.setCurrentIndex(2)
    filters.style_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: view._shown == view.choice())
    view.export(tmp_path / "file.png")
    over(window, qtbot)
    assert largest_difference(QImage(str(tmp_path / "file.png")), view.picture.image) <= ROUNDING


def test_a_name_with_a_point_is_a_name(view, monkeypatch):
    named = []
    monkeypatch.setattr(view, "export", lambda path: named.append(path.name))
    for typed in ("ป้าย 1.5 ม", "map.v2", "map.PNG", "map.svg", "map"):
        monkeypatch.setattr(
            "gazestudy_gui.views.heatmaps.QFileDialog.getSaveFileName",
            lambda *_a, typed=typed: (typed, "NumPy (*.npz)"),
        )
        view._ask_one()
    assert named == ["ป้าย 1.5 ม.npz", "map.v2.npz", "map.PNG", "map.svg", "map.npz"]


def test_ticking_a_segment_leaves_the_others_out(view, qtbot):
    item = view.filters.lists["segment"].item(0)
    drawn_again(view, qtbot, lambda: item.setCheckState(Qt.CheckState.Checked))
    choice = view.choice()
    assert choice.segments == (item.text(),)
    rows = looks_of(view).chosen(choice)
    assert set(rows["segment"]) <= {item.text()}


def test_opacity_is_painted_and_nothing_is_computed_for_it(view, qtbot):
    choose(view, busiest(view))
    qtbot.waitUntil(lambda: view._shown is not None and view._shown == view.choice())
    asked, before = view._worker.newest, view.picture.image
    for value in (100, 40, 10):
        view.filters.opacity.setValue(value)
        assert view._shown == view.choice() and view._shown.opacity == value / 100  # at once
    assert not view._soon.isActive() and not view._seen.is_owed
    view._draw()  # not even if somebody insists
    assert view._worker.newest == asked
    assert largest_difference(view.picture.image, before) > ROUNDING


@pytest.mark.parametrize("style", ["overlay", "fog"])
def test_any_opacity_is_a_mixture_of_none_and_all(made_sample, qtbot, style):
    picture = HeatmapPicture()
    qtbot.addWidget(picture)
    with open_study(made_sample, read_only=True) as study:
        looks = Looks.of(study)
        choice = HeatmapChoice(str(looks.fixations["placement_id"].mode()[0]), style=style)
        layers = drawn(study, looks, choice, "en")
        for opacity in (0.1, 0.33, 0.85, 1.0):
            pixels = draw_choice(study, looks, replace(choice, opacity=opacity)).pixels()
            picture.show_layers(layers.full, layers.bare, opacity)
            assert np.abs(levels(picture.image) - pixels[..., :3].astype(int)).max() <= ROUNDING


def test_lines_have_no_opacity(made_sample):
    with open_study(made_sample, read_only=True) as study:
        looks = Looks.of(study)
        choice = HeatmapChoice(str(looks.fixations["placement_id"].mode()[0]), style="contour")
        assert drawn(study, looks, choice, "en").bare is None
        faint, strong = (draw_choice(study, looks, replace(choice, opacity=one)).pixels() for one in (0.1, 1))
    np.testing.assert_array_equal(faint, strong)


def test_the_newest_wish_wins(view, qtbot):
    choose(view, busiest(view))
    for index in (1, 2, 3, 4):
        view.filters.colours.setCurrentIndex(index)
        view._draw()
    qtbot.waitUntil(lambda: view._shown is not None and view._shown == view.choice())
    assert view._shown.colormap == view.filters.colours.itemData(4)
    pixels = draw_choice(view._document.study, looks_of(view), view.choice()).pixels()
    assert np.abs(levels(view.picture.image) - pixels[..., :3].astype(int)).max() <= ROUNDING


def test_behind_another_tab_nothing_is_drawn(window, view, qtbot):
    qtbot.waitUntil(lambda: view._shown is not None)
    window.show_view("player")
    qtbot.waitUntil(lambda: not can_be_seen(view))
    asked = view._worker.newest
    for _ in range(2):
        window.document.announce(("results",))
        view._soon.timeout.emit()  # the pause is over
    assert view._worker.newest == asked and view._seen.is_owed
    window.show_view("heatmaps")
    qtbot.waitUntil(lambda: view._shown is not None)
    assert view._worker.newest == asked + 1


def crowd(looks, placement_id, size_px):
    """Twenty people of whom one segment looks at the left, the other at the right side of a placement."""
    rng = np.random.default_rng(3)
    one = looks.fixations[looks.fixations["placement_id"] == placement_id].iloc[[0]]
    rows = pd.concat([one] * 200, ignore_index=True)
    person = np.arange(200) % 20
    rows["participant_id"] = [f"P{number:02d}" for number in person]
    rows["segment"] = np.where(person < 10, "regular", "visitor")
    rows["x_ref_px"] = np.where(person < 10, 0.25, 0.75) * size_px[0] + rng.normal(0, 20, 200)
    rows["y_ref_px"] = size_px[1] / 2 + rng.normal(0, 20, 200)
    return type(looks)(rows)


def test_the_difference_of_two_groups_outlines_where_they_differ(window, view, qtbot):
    name, study = busiest(view), window.document.study
    size_px = study.placement(name).size_px
    choose(view, name)
    index = view.filters.compare.findData("segment=regular,visitor")
    assert index > 0
    view.filters.compare.setCurrentIndex(index)
    assert not view.filters.opacity.isEnabled()  # it has no meaning there
    found = draw_choice(study, crowd(looks_of(view), name, size_px), view.choice()).data
    assert {region.more_in for region in found.regions} == {"a", "b"}
    left = next(region for region in found.regions if region.more_in == "a")
    assert left.peak_px[0] < size_px[0] / 2
    assert left.share_a > 0.8 > 0.2 > left.share_b


def test_a_difference_of_too_few_says_so(view, qtbot):
    choose(view, "corridor-twin")
    view.filters.compare.setCurrentIndex(view.filters.compare.findData("segment=regular,visitor"))
    qtbot.waitUntil(lambda: bool(view.note.text()) or bool(view.picture.message), timeout=30_000)


def test_all_are_exported_with_the_same_filters(window, view, qtbot, tmp_path):
    view.filters.fill_values({"segment": ["regular"], "daypart": [], "participant_id": []})
    view.filters.lists["segment"].item(0).setCheckState(Qt.CheckState.Checked)
    view.export_all(tmp_path / "out")
    over(window, qtbot)
    assert len(list((tmp_path / "out").glob("*.png"))) == 12
    listed = pd.read_csv(tmp_path / "out" / "heatmaps.csv")
    assert set(listed["filters"]) == {"regular"}
    # each is what one alone would be
    choice = replace(view.choice(), placement_id="pillar-poster")
    export_choice(window.document.study, choice, tmp_path / "alone.png")
    assert (tmp_path / "out" / "pillar-poster--regular.png").read_bytes() == (
        tmp_path / "alone.png"
    ).read_bytes()


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
