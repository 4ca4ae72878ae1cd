"""Fixtures for tests of the desktop: offscreen, settings of their own, and nothing left behind."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.leftovers import children, left_behind, settle

ROOT = Path(__file__).resolve().parents[2]
SESSIONS = ROOT / "sample_sessions"
PATIENCE_MS = 120_000


class PatientBot(QtBot):
    """Waits until what is awaited is there; only a test that fails anyway waits to the end, however slow the machine."""

    def waitUntil(self, callback, *, timeout=PATIENCE_MS):
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MS))

    def waitSignal(self, signal, *, timeout=PATIENCE_MS, **others):
        return super().waitSignal(signal, timeout=max(timeout, PATIENCE_MS), **others)

    def waitExposed(self, widget, *, timeout=PATIENCE_MS):
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp, request) -> PatientBot:
    """The hands of pytest-qt, with patience."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """Nothing is read from or written to the settings and logs of whoever runs the tests."""
    folder = tmp_path / "settings"
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    monkeypatch.setattr("gazestudy_gui.trouble.log_path", lambda: tmp_path / "log" / "gui.log")
    monkeypatch.setenv("GAZESTUDY_TEST", "1")
    return folder


@pytest.fixture(autouse=True)
def nothing_left():
    """Fail if a test leaves a thread, a process, a running timer or a window behind."""
    before = set(threading.enumerate()), children()
    yield
    if QApplication.instance() is None:
        return
    found = left_behind(*before)
    for window in QApplication.topLevelWidgets():
        window.close()
        window.deleteLater()
    settle()
    assert found == {}, "left behind"


@pytest.fixture(autouse=True)
def english(qapp):
    """Every test starts in English with the colours of the platform, in a style that is the same everywhere."""
    from gazestudy_gui.words import set_language

    qapp.setStyle("Fusion")
    set_language("en")
    yield
    set_language("en")


@pytest.fixture(scope="session")
def made_sample(tmp_path_factory) -> Path:
    """The sample study with two of its recordings, imported and run; made once, not to be changed."""
    from gazestudy.pipeline.demo import load_sessions
    from gazestudy.pipeline.run import run_study
    from gazestudy.store import create_study

    folder = tmp_path_factory.mktemp("sample") / "study"
    sessions = tmp_path_factory.mktemp("sessions") / "two"
    shutil.copytree(SESSIONS, sessions, ignore=shutil.ignore_patterns("p03*", "p04*", "truth"))
    listed = (sessions / "participants.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (sessions / "participants.csv").write_text("".join(listed[:3]), encoding="utf-8")
    with create_study(folder, name="Riverside") as study:
        load_sessions(study, sessions)
        run_study(study)
    return folder


@pytest.fixture(scope="session")
def made_imported(tmp_path_factory) -> Path:
    """Two placements and one recording, not run; made once, not to be changed."""
    from gazestudy.pipeline.importing import import_path
    from gazestudy.store import create_study

    folder = tmp_path_factory.mktemp("imported") / "study"
    with create_study(folder, name="Siam สยาม") as study:
        pictures = sorted((SESSIONS / "placements").glob("*.jpg"))[:2]
        for picture in pictures:
            study.add_placement(picture.stem.lower(), [picture], station="Siam", width_mm=1200.0)
        import_path(
            study, SESSIONS / "recordings" / "p01-pupil-cloud-neon", participant_id="P01", segment="visitor"
        )
    return folder


@pytest.fixture
def sample(made_sample, tmp_path) -> Path:
    """A copy of the sample study."""
    return Path(shutil.copytree(made_sample, tmp_path / "sample"))


@pytest.fixture
def imported(made_imported, tmp_path) -> Path:
    """A copy of the small study."""
    return Path(shutil.copytree(made_imported, tmp_path / "imported"))


@pytest.fixture
def desk(qapp):
    """The application as a person has it; everything is closed at the end."""
    from gazestudy_gui.app import Desk

    made = Desk(qapp)
    yield made
    if made.window is not None:
        made.window.document.jobs.close()  # after a failure nobody answers whether to stop them
    made.close()
    made.deleteLater()


@pytest.fixture
def document(imported, qapp):
    """The small study, open without windows."""
    from gazestudy_gui.document import StudyDocument

    opened = StudyDocument.open(imported)
    yield opened
    opened.close()
    opened.deleteLater()


@pytest.fixture
def no_hook():
    """Put back the hooks for exceptions after a test that sets them."""
    before = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = before
