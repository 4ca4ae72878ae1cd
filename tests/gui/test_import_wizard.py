"""The import wizard: recognises, matches, maps columns, previews, and writes nothing before Import."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from gazestudy_gui.commands import AddParticipant
from gazestudy_gui.wizard.plan import Line, Plan, match_sessions, propose_people
from gazestudy_gui.wizard.report import ImportReport
from gazestudy_gui.wizard.window import COLUMNS, PEOPLE, ImportWizard
from PyQt6.QtCore import QDateTime, QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QFileDialog, QLineEdit

from gazestudy.pipeline.meanwhile import Watch, watches
from gazestudy.store import check_study, create_study, is_sound, open_study
from tests.gui.conftest import SESSIONS
from tests.gui.hands import type_text


@pytest.fixture
def window(desk, tmp_path, qtbot):
    create_study(tmp_path / "study", name="Siam").close()
    opened = desk.open(tmp_path / "study")
    qtbot.waitExposed(opened)
    return opened


def files_of(study) -> set[str]:
    return {
        path.relative_to(study).as_posix()
        for path in study.rglob("*")
        if path.is_file() and not path.name.startswith("study.")
    }


def wizard_of(window) -> ImportWizard:
    return next(one for one in QApplication.topLevelWidgets() if isinstance(one, ImportWizard))


def drop(widget, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPointF(5, 5).toPoint(), copy, data, Qt.MouseButton.LeftButton, none)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), copy, data, Qt.MouseButton.LeftButton, none))


def to_people(wizard, qtbot):
    qtbot.waitUntil(wizard.found.isComplete, timeout=120_000)
    wizard.next()
    assert wizard.currentId() == PEOPLE


def import_all(window, wizard, qtbot):
    """Go through the last pages, press Import and wait for the report."""
    wizard.next()
    wizard.next()
    assert wizard.button(wizard.WizardButton.FinishButton).text() == "&Import"
    wizard.button(wizard.WizardButton.FinishButton).click()
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=180_000)
    assert job.state == "done", job.error + job.details
    qtbot.waitUntil(lambda: any(isinstance(one, ImportReport) for one in QApplication.topLevelWidgets()))
    report = next(one for one in QApplication.topLevelWidgets() if isinstance(one, ImportReport))
    rows = [
        [report.table.item(row, column).text() for column in range(4)]
        for row in range(report.table.rowCount())
    ]
    report.close()
    return rows


def test_folders_are_dropped_recognised_matched_and_imported(window, qtbot):
    before = files_of(window.document.path)
    drop(window, [SESSIONS / "recordings"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    devices = [wizard.found.table.item(row, 1).text() for row in range(4)]
    assert devices == ["Neon", "Pupil Invisible", "Simulated glasses", "Simulated glasses"]
    assert [line.participant_id for line in wizard.plan.chosen] == ["P01", "P02", "P03", "P04"]
    wizard.people.table.item(0, 4).setText("ผู้มาเยือน")
    wizard.people.table.item(0, 5).setText("morning peak")
    assert files_of(window.document.path) == before  # nothing was written yet
    assert window.document.study.recordings() == ()
    rows = import_all(window, wizard, qtbot)
    assert [row[1] for row in rows] == ["p01-1", "p02-1", "p03-1", "p04-1"]
    with open_study(window.document.path, read_only=True) as study:
        assert [one.id for one in study.recordings()] == ["p01-1", "p02-1", "p03-1", "p04-1"]
        assert study.participants()[0].segment == "ผู้มาเยือน"
        assert study.recording("p01-1").daypart == "morning peak"
    assert window.view("tree").model.find("recording", "p01-1").isValid()


def test_a_zip_is_dropped_and_imported_without_being_unpacked(window, qtbot, tmp_path):
    source = SESSIONS / "recordings" / "p01-pupil-cloud-neon"
    archive = Path(shutil.make_archive(str(tmp_path / "เดินครั้งที่ 1"), "zip", source.parent, source.name))
    before = archive.read_bytes()
    drop(window, [archive])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    assert [line.found.device for line in wizard.plan.chosen] == ["Neon"]
    rows = import_all(window, wizard, qtbot)
    assert rows[0][1] == "p01-1", rows
    assert window.document.study.media("p01-1")[0].is_file()
    assert archive.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".zip") == [archive.name]


def test_cancel_writes_nothing(window, qtbot):
    before = files_of(window.document.path)
    window.import_paths([SESSIONS / "recordings"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    wizard.reject()
    assert files_of(window.document.path) == before
    assert window.document.jobs.jobs == []


def test_what_is_not_recognised_says_why(window, qtbot, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "beach.jpg").write_bytes(b"no picture")
    shutil.copytree(SESSIONS / "recordings" / "p01-pupil-cloud-neon", folder / "walk")
    window.import_paths([folder, tmp_path / "gone"])
    wizard = wizard_of(window)
    qtbot.waitUntil(wizard.found.isComplete, timeout=120_000)
    table = wizard.found.table
    names = [table.item(row, 0).text() for row in range(table.rowCount())]
    whys = [table.item(row, 6).text() for row in range(table.rowCount())]
    assert names[0] == "p01-pupil-cloud-neon"
    assert any(name.startswith("✗") and "gone" in name for name in names)
    assert any("no such" in why or "there is" in why for why in whys[1:])
    assert len(wizard.plan.chosen) == 1
    wizard.reject()


def test_one_that_is_there_already_does_not_keep_others_away(window, qtbot):
    for _ in range(2):
        window.import_paths([SESSIONS / "recordings" / "p01-pupil-cloud-neon"])
        wizard = wizard_of(window)
        to_people(wizard, qtbot)
        rows = import_all(window, wizard, qtbot)
        QApplication.sendPostedEvents(None, 52)
    assert rows[0][1].startswith("✗")
    assert "in the study already" in rows[0][3]
    assert len(window.document.study.recordings()) == 1


@pytest.fixture
def odd_table(tmp_path):
    """A table that nobody understands without being told, with its video."""
    source = SESSIONS / "recordings" / "p03-generic-table"
    folder = tmp_path / "odd"
    folder.mkdir()
    table = pd.read_csv(source / "gaze.tsv", sep="\t")
    table = table.rename(columns={"norm_pos_x": "links", "norm_pos_y": "oben", "confidence": "k"})
    table.to_csv(folder / "werte.csv", index=False)
    shutil.copy(source / "worldCamera.mp4", folder)
    return folder


def test_columns_are_asked_for_previewed_and_used(window, qtbot, odd_table):
    window.import_paths([odd_table])
    wizard = wizard_of(window)
    qtbot.waitUntil(wizard.found.isComplete, timeout=120_000)
    assert wizard.plan.chosen == []
    wizard.next()
    assert wizard.currentId() == COLUMNS
    page = wizard.columns

    def answer(field, value):
        qtbot.waitUntil(lambda: field in page._boxes and page._worker._wish is None, timeout=20_000)
        box = page._boxes[field]
        index = box.findData(value)
        assert index >= 0, [box.itemText(row) for row in range(box.count())]
        box.setCurrentIndex(index)
        with qtbot.waitSignal(page._worker.done, timeout=20_000):
            box.activated.emit(index)

    qtbot.waitUntil(lambda: "x" in page._boxes, timeout=20_000)
    assert not page.isComplete()
    answer("x", "links")
    answer("y", "oben")
    answer("origin", "top-left")
    qtbot.waitUntil(page.isComplete, timeout=20_000)
    assert page.preview.rowCount() == 10
    assert "samples" in page.note.text()
    wizard.next()
    assert wizard.currentId() == PEOPLE
    rows = import_all(window, wizard, qtbot)
    assert rows[0][1] == "p01-1", rows
    gaze = window.document.study.stream("p01-1", "gaze")
    truth = pd.read_csv(odd_table / "werte.csv")
    width = 640 if gaze["x_px"].max() < 640 else gaze["x_px"].max()
    assert len(gaze) == len(truth)
    assert gaze["x_px"].corr(truth["links"]) == pytest.approx(1.0), width


def odd_tables(odd_table, folder, renames):
    """Folders with tables like the odd one, each with columns called otherwise."""
    for number, (name, columns) in enumerate(renames.items()):
        shutil.copytree(odd_table, folder / name)
        table = pd.read_csv(odd_table / "werte.csv").rename(columns=columns)
        table.iloc[number:].to_csv(folder / name / "werte.csv", index=False)
    return folder


def answer(page, qtbot, **values):
    """Choose from the boxes of the page about columns, one after the other."""
    for field, value in values.items():
        qtbot.waitUntil(lambda field=field: field in page._boxes and not page._worker.is_busy, timeout=30_000)
        box = page._boxes[field]
        index = box.findData(value)
        assert index >= 0, [box.itemText(row) for row in range(box.count())]
        box.setCurrentIndex(index)
        with qtbot.waitSignal(page._worker.done, timeout=30_000):
            box.activated.emit(index)
    qtbot.waitUntil(page.isComplete, timeout=120_000)


def test_tables_of_one_kind_are_answered_once(window, qtbot, odd_table, tmp_path):
    folder = odd_tables(odd_table, tmp_path / "lab", {"P11": {}, "P12": {}})
    window.import_paths([folder])
    wizard = wizard_of(window)
    qtbot.waitUntil(wizard.found.isComplete, timeout=180_000)
    wizard.next()
    page = wizard.columns
    assert [page.which.itemText(row) for row in range(2)] == ["? lab/P11", "? lab/P12"]
    answer(page, qtbot, x="links", y="oben", origin="top-left")
    wizard.next()
    qtbot.waitUntil(lambda: wizard.currentId() == PEOPLE, timeout=30_000)
    assert [(line.importer, line.found.name) for line in wizard.plan.chosen] == [
        ("table", "P11"), ("table", "P12"),
    ]  # fmt: skip
    assert all(line.found.duration_s > 5 for line in wizard.plan.chosen)
    rows = import_all(window, wizard, qtbot)
    assert [row[1] for row in rows] == ["p01-1", "p02-1"]


def test_tables_of_other_kinds_are_asked_for_one_after_the_other_or_left_out(
    window, qtbot, odd_table, tmp_path
):
    kinds = {"A": {}, "B": {"links": "gauche", "oben": "haut"}, "C": {"links": "zuo", "oben": "shang"}}
    folder = odd_tables(odd_table, tmp_path / "lab", kinds)
    window.import_paths([folder])
    wizard = wizard_of(window)
    qtbot.waitUntil(wizard.found.isComplete, timeout=180_000)
    wizard.next()
    page = wizard.columns
    answer(page, qtbot, x="links", y="oben", origin="top-left")
    wizard.next()
    qtbot.waitUntil(lambda: page.which.currentIndex() == 1, timeout=30_000)
    assert wizard.currentId() == COLUMNS
    assert page.which.itemText(0).startswith("✓")
    answer(page, qtbot, x="gauche", y="haut", origin="top-left")
    wizard.next()
    qtbot.waitUntil(lambda: page.which.currentIndex() == 2, timeout=30_000)
    page.skip.click()
    assert page.isComplete()
    wizard.next()
    qtbot.waitUntil(lambda: wizard.currentId() == PEOPLE, timeout=30_000)
    assert [line.found.name for line in wizard.plan.chosen] == ["A", "B"]
    wizard.reject()


def test_what_is_no_saved_mapping_is_told(window, qtbot, odd_table, tmp_path, monkeypatch):
    (tmp_path / "list.json").write_text("[1, 2]", encoding="utf-8")
    window.import_paths([odd_table])
    wizard = wizard_of(window)
    qtbot.waitUntil(wizard.found.isComplete, timeout=120_000)
    wizard.next()
    page = wizard.columns
    qtbot.waitUntil(lambda: "x" in page._boxes, timeout=30_000)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "list.json"), ""))
    page.load.click()
    assert "list.json" in page.note.text()
    wizard.reject()


def watch(name, start_s, stop_s, daypart):
    return Watch(name, "C1", daypart, start_s, stop_s)


def test_a_recording_is_matched_with_who_observed_meanwhile(window, qtbot):
    window.import_paths([SESSIONS / "recordings" / "p01-pupil-cloud-neon"])
    wizard = wizard_of(window)
    qtbot.waitUntil(wizard.found.isComplete, timeout=120_000)
    line = wizard.plan.chosen[0]
    start_s = line.found.start_unix_ns / 1e9
    match_sessions(
        line,
        [
            watch("C1-early", start_s - 900, start_s - 600, "night"),
            watch("C1-0700", start_s - 60, start_s + 5, "morning peak"),
            watch("C1-later", start_s + 3600, start_s + 7200, "evening"),
        ],
    )
    wizard.next()
    row = [wizard.people.table.item(0, column).text() for column in (5, 6)]
    assert row == ["morning peak", "C1-0700 (C1)"]
    assert wizard.people.known(5) == ["morning peak"]
    wizard.reject()


def test_nothing_is_matched_by_a_clock_that_tells_no_time_of_day_or_where_dayparts_differ():
    line = found("P01")
    match_sessions(line, [watch("a", 0.0, 1e12, "peak")])
    assert (line.observed, line.daypart) == ((), "")
    line.found = replace(line.found, start_unix_ns=10**12, duration_s=60.0)
    match_sessions(line, [watch("a", 900, 1100, "peak"), watch("b", 950, 1200, "midday")])
    assert [one.session_id for one in line.observed] == ["a", "b"]
    assert line.daypart == ""


def test_sessions_of_a_study_say_when_they_ran(made_sample):
    with open_study(made_sample, read_only=True) as study:
        known = watches(study)
        log = study.field_log()
    assert len(known) == len(log.sessions) > 3
    first = log.sessions.iloc[0]
    one = next(one for one in known if one.session_id == first["session_id"])
    assert one.start_s == pd.Timestamp(first["started_at"]).timestamp()
    assert one.stop_s == pd.Timestamp(first["stopped_at"]).timestamp()


def test_cells_offer_what_is_known(window, qtbot):
    window.document.edit(AddParticipant("P40", segment="ประจำ"))
    window.import_paths([SESSIONS / "recordings" / "p01-pupil-cloud-neon"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    table = wizard.people.table
    assert wizard.people.known(3) == ["P01", "P40"]
    table.setCurrentCell(0, 4)
    table.editItem(table.item(0, 4))
    editor = next(one for one in table.findChildren(QLineEdit) if one.isVisible())
    model = editor.completer().model()
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["ประจำ"]
    wizard.reject()


def test_the_alignment_is_shown_before_and_kept_after(window, qtbot, tmp_path):
    source = SESSIONS / "recordings" / "p01-pupil-cloud-neon"
    events = pd.read_csv(source / "events.csv")
    times = events["timestamp [ns]"] / 1e9 + 3.25
    table = tmp_path / "phone.csv"
    pd.DataFrame({"time [s]": times.map("{:.3f}".format), "name": events["name"]}).to_csv(table, index=False)
    window.import_paths([source])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    wizard.next()
    wizard.clocks.set_marks(str(table))
    qtbot.waitUntil(lambda: "±" in wizard.clocks.table.item(0, 5).text(), timeout=20_000)
    assert wizard.clocks.table.item(0, 5).text().startswith("3.2")
    pairs = wizard.clocks.pairs.text()  # how far each of the two is off, in the open
    assert pairs.startswith("p01-pupil-cloud-neon: How far each pair is off")
    assert pairs.count("+") + pairs.count("-0") + pairs.count(" -") >= 1
    assert window.document.study.alignments() == ()
    wizard.next()
    wizard.button(wizard.WizardButton.FinishButton).click()
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=180_000)
    stored = window.document.study.alignments("p01-1")
    assert [one.target for one in stored] == ["phone"]
    assert stored[0].alignment.offset_ns / 1e9 == pytest.approx(3.25, abs=0.01)
    for one in QApplication.topLevelWidgets():
        if isinstance(one, ImportReport):
            one.close()


def alignment_column(wizard) -> list[str]:
    table = wizard.clocks.table
    return [table.item(row, 5).text() for row in range(table.rowCount())]


def choose_method(wizard, method):
    """Choose how clocks are aligned, as with the keyboard."""
    box = wizard.clocks.form.method
    box.setFocus()
    while box.currentData() != method:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        box.activated.emit(box.currentIndex())
        assert box.currentIndex() != before, method


def test_offsets_are_typed_by_hand_also_for_single_recordings(window, qtbot):
    window.import_paths([SESSIONS / "recordings"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    wizard.next()
    page, form = wizard.clocks, wizard.clocks.form
    assert page.table.isColumnHidden(4)
    choose_method(wizard, "by-hand")
    assert not page.table.isColumnHidden(4)
    assert form.target.isVisible()
    assert not form.marks.isVisible()
    type_text(form.target, "กล้องสถานี")
    form.target.editingFinished.emit()
    form.offset.setValue(3.25)
    form.within.setValue(0.2)
    form.drift.setValue(1.0)
    page.table.item(1, 4).setText("-2,5")
    qtbot.waitUntil(lambda: alignment_column(wizard)[1].startswith("-2.5"), timeout=20_000)
    assert [text.split(" s")[0] for text in alignment_column(wizard)] == ["3.250", "-2.500", "3.250", "3.250"]
    assert "± 200 ms" in alignment_column(wizard)[0]
    page.table.item(1, 4).setText("soon")
    assert page.table.item(1, 4).text() == ""  # no number
    page.table.item(1, 4).setText("-2.5")
    wizard.next()
    assert "กล้องสถานี" in wizard.summary.text.text()
    assert window.document.study.alignments() == ()
    wizard.button(wizard.WizardButton.FinishButton).click()
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.is_over, timeout=120_000)
    assert job.state == "done", job.error + job.details
    stored = window.document.study.alignments()
    assert [(one.target, one.alignment.method) for one in stored] == [("กล้องสถานี", "by-hand")] * 4
    assert [one.alignment.offset_ns / 1e9 for one in stored] == [3.25, -2.5, 3.25, 3.25]
    assert [one.alignment.uncertainty_ms for one in stored] == [200.0] * 4
    for one in QApplication.topLevelWidgets():
        if isinstance(one, ImportReport):
            one.close()


def test_clocks_that_tell_the_time_of_day_are_aligned_by_it(window, qtbot):
    window.import_paths([SESSIONS / "recordings"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    wizard.next()
    form = wizard.clocks.form
    choose_method(wizard, "wall-clock")
    form.target.setText("station time")
    start_s = wizard.plan.chosen[0].found.start_unix_ns // 10**9
    form.drift.setValue(1.0)
    form.set_within.setValue(0.5)
    form.set_at.setDateTime(QDateTime.fromSecsSinceEpoch(start_s - 86_400))
    # 0.5 s when it was set, and a second a day since
    qtbot.waitUntil(lambda: "± 1500 ms" in alignment_column(wizard)[0], timeout=20_000)
    wizard.reject()


def test_a_cancelled_import_leaves_nothing_half_written(window, qtbot, monkeypatch):
    """Pressed while it copies: what is complete may stay, nothing else is there."""
    before = files_of(window.document.path)
    window.import_paths([SESSIONS / "recordings"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    wizard.next()
    wizard.next()
    wizard.button(wizard.WizardButton.FinishButton).click()
    job = window.document.jobs.jobs[-1]
    qtbot.waitUntil(lambda: job.label != "" or job.is_over, timeout=180_000)  # it has begun to read
    job.cancel()
    qtbot.waitUntil(lambda: job.is_over, timeout=180_000)
    assert job.state == "stopped", job.error + job.details
    assert not any(isinstance(one, ImportReport) for one in QApplication.topLevelWidgets())
    known = [one.id for one in window.document.study.recordings()]
    extra = {name for name in files_of(window.document.path) - before if not name.startswith("backups/")}
    assert {name.split("/")[1] for name in extra} == set(known), extra
    assert len(known) < 4
    assert is_sound(check_study(window.document.path, full=True))


def found(label: str):
    from gazestudy.pipeline.surveying import Found

    return Line(Found("x", importers=("table",), name=label or "-", label=label), importer="table")


def test_names_never_become_pseudonyms_and_one_label_is_one_person():
    lines = [found("Somchai"), found("P05"), found("Somchai"), found(""), found("P01")]
    propose_people(lines, {"P01": "visitor"})
    assert [line.participant_id for line in lines] == ["P02", "P05", "P02", "P03", "P01"]
    assert lines[4].segment == "visitor"


def test_a_person_cannot_be_in_two_segments(window, qtbot):
    window.import_paths([SESSIONS / "recordings"])
    wizard = wizard_of(window)
    to_people(wizard, qtbot)
    for row, segment in ((0, "a"), (1, "b")):
        wizard.people.table.item(row, 3).setText("P01")
        wizard.people.table.item(row, 4).setText(segment)
    assert not wizard.people.isComplete()
    assert "P01" in wizard.people.note.text()
    wizard.reject()


def test_the_plan_is_plain():
    assert Plan().wishes() == []


def test_tab_reaches_everything_on_every_page(window, qtbot, odd_table):
    from tests.gui.test_reachable import check

    window.import_paths([])
    wizard = wizard_of(window)
    wizard.choose.add([SESSIONS / "recordings" / "p01-pupil-cloud-neon", odd_table])
    seen = []
    for _ in wizard.pageIds():
        page = wizard.currentPage()
        qtbot.waitUntil(lambda page=page: not is_reading(wizard), timeout=180_000)
        if page is wizard.columns:
            answer(page, qtbot, x="links", y="oben", origin="top-left")
        if page is wizard.clocks:
            choose_method(wizard, "wall-clock")
            qtbot.waitUntil(lambda: not is_reading(wizard), timeout=180_000)
        qtbot.waitUntil(page.isComplete, timeout=180_000)
        check(wizard, qtbot)
        seen.append(wizard.currentId())
        if wizard.nextId() < 0:
            break
        wizard.next()
    assert seen == list(wizard.pageIds())
    wizard.reject()


def is_reading(wizard) -> bool:
    """Whether a page waits for something: what is disabled then is not reached by Tab."""
    job = wizard.found._job
    return (job is not None and not job.is_over) or any(
        page._worker.is_busy for page in (wizard.columns, wizard.clocks)
    )
