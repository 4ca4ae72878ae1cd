"""English and Thai, light and dark, names for people who do not see the screen, keyboard all the way."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from gazestudy_gui import theme
from gazestudy_gui.actions import plain
from gazestudy_gui.views.registry import VIEWS
from gazestudy_gui.words import LANGUAGES, load_catalogue, set_language, tr
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QSlider,
    QTabBar,
    QToolButton,
)

from tests.gui.conftest import ROOT

SOURCES = sorted((ROOT / "gui" / "gazestudy_gui").rglob("*.py"))
THAI = re.compile(r"[\u0e00-\u0e7f]")


def texts_of(path: Path) -> set[str]:
    """What a file says to people: arguments of `tr`, and texts of actions and views."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        wanted = {
            "tr": node.args[:1],
            "ActionSpec": node.args[1:3] + node.args[4:5],
            "ViewSpec": node.args[1:2],
        }
        wanted["spec"] = wanted["ActionSpec"]
        for argument in wanted.get(name, ()):
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                found.add(argument.value)
    return found


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_text_is_translated(language):
    catalogue = load_catalogue(language)
    missing = {text for path in SOURCES for text in texts_of(path)} - set(catalogue) - set(LANGUAGES.values())
    assert sorted(missing) == []


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_translations_keep_their_values_and_access_keys(language):
    said = {text for path in SOURCES for text in texts_of(path)}
    for english, other in load_catalogue(language).items():
        assert set(re.findall(r"{(\w+)", english)) == set(re.findall(r"{(\w+)", other)), english
        assert ("%1" in english) == ("%1" in other)
        if "&" in english and english in said:
            assert "&" in other, english


def test_catalogues_are_json_without_doubles():
    for path in (ROOT / "gui" / "gazestudy_gui" / "translations").glob("*.json"):
        pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
        assert len({key for key, _ in pairs}) == len(pairs)


def test_the_language_is_switched_while_a_study_is_open(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    assert window.book.actions["analyse.run"].text() == "&Run everything"
    catalogue = load_catalogue("th")
    said = {text for one in window.book.specs.values() for text in (one.menu, one.text, one.tip) if text}
    assert sorted(said - set(catalogue) - set(LANGUAGES.values())) == []
    window.book.actions["view.language.th"].trigger()
    qtbot.waitUntil(lambda: desk.window is not window and desk.window is not None, timeout=10_000)
    assert THAI.search(desk.window.book.actions["analyse.run"].text())
    assert THAI.search(desk.window.docks["player"].windowTitle())
    assert plain(desk.window.book.actions["file.close"].text()) == "ปิด"
    desk.window.book.actions["view.language.en"].trigger()
    qtbot.waitUntil(
        lambda: desk.window is not None and not THAI.search(desk.window.docks["player"].windowTitle()),
        timeout=10_000,
    )


def test_standard_buttons_speak_thai_too(qapp):
    set_language("th")
    box = QMessageBox(QMessageBox.Icon.Warning, "x", "y", QMessageBox.StandardButton.Cancel)
    assert THAI.search(box.button(QMessageBox.StandardButton.Cancel).text())
    box.deleteLater()


def test_unknown_texts_stay_english(qapp):
    set_language("th")
    assert tr("something that nobody translated {n}", n=3) == "something that nobody translated 3"


def contrast(one: QColor, other: QColor) -> float:
    """Contrast of two colours, WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

    def luminance(colour):
        parts = [part / 255 for part in colour.getRgb()[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.fixture
def own_colours(qapp):
    before = qapp.palette()
    yield
    theme.set_scheme("")
    qapp.setPalette(before)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_light_and_dark(qapp, own_colours, scheme):
    theme.set_scheme(scheme)
    assert theme.is_dark() == (scheme == "dark")
    palette = qapp.palette()
    roles = palette.ColorRole
    for text, behind in (
        (roles.Text, roles.Base),
        (roles.Text, roles.AlternateBase),
        (roles.WindowText, roles.Window),
        (roles.ButtonText, roles.Button),
        (roles.HighlightedText, roles.Highlight),
        (roles.ToolTipText, roles.ToolTipBase),
        (roles.PlaceholderText, roles.Base),
        (roles.Link, roles.Window),
    ):
        assert contrast(palette.color(text), palette.color(behind)) >= 4.5, (text, behind)
    assert contrast(theme.muted(), theme.background()) >= 4.5
    for number in range(len(theme.SERIES)):
        assert contrast(theme.on(theme.series(number)), theme.series(number)) >= 4.5


def test_plots_follow_the_colours(desk, imported, qtbot, own_colours):
    theme.set_scheme("light")
    window = desk.open(imported)
    qtbot.waitExposed(window)
    timeline = window.view("timeline")
    desk.colour("dark")
    QApplication.processEvents()
    assert timeline.canvas.backgroundBrush().color().lightness() < 80


def test_no_colour_of_window_parts_is_written_into_the_code():
    """Only what is painted over pictures has colours of its own."""
    allowed = {
        "theme.py", "video_widget.py", "aoi_canvas.py", "grab.py", "items.py",
        "review_scene.py", "review_reference.py", "review_list.py", "inset.py",
    }  # fmt: skip
    offenders = [
        path.name
        for path in SOURCES
        if path.name not in allowed and re.search(r"#[0-9a-fA-F]{6}\b|setStyleSheet", path.read_text("utf-8"))
    ]
    assert offenders == []


def test_everything_that_can_be_used_has_a_name(desk, sample, qtbot):
    window = desk.open(sample)
    qtbot.waitExposed(window)
    for spec in VIEWS:
        window.show_view(spec.id)
    QApplication.processEvents()
    nameless = []
    kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractItemView, QPlainTextEdit, QSlider)
    for widget in window.findChildren(kinds[0]) + [
        w for kind in kinds[1:] for w in window.findChildren(kind)
    ]:
        is_qts_own = (
            widget.objectName().startswith("qt_")
            or isinstance(widget.parent(), (QTabBar, QComboBox))
            or (isinstance(widget, QToolButton) and widget.parent() is not None
                and type(widget.parent()).__name__ in ("QTabBar", "QLineEdit", "QMenuBar", "QToolBar"))
            or type(widget.parent()).__name__ in ("QSpinBox", "QDoubleSpinBox", "QComboBoxPrivateContainer")
            or isinstance(widget, QHeaderView)
        )  # fmt: skip
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (widget.accessibleName() or text or is_qts_own) and widget.window() is window:
            nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    docks = {"QDockWidgetTitleButton"}
    assert [name for name in nameless if name.split()[0] not in docks and "QDockWidget" not in name] == []


def test_tab_reaches_the_main_parts(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    QApplication.setActiveWindow(window)
    recording = window.document.study.recordings()[0].id
    details = window.view("details")
    window.view("tree").select("recording", recording)
    qtbot.waitUntil(lambda: "Daypart" in details.fields)  # something that can be typed into
    window.view("tree").view.setFocus()
    seen = set()
    for _ in range(80):
        window.focusNextChild()
        widget = QApplication.focusWidget()
        if widget is not None:
            seen.add(type(widget).__name__)
    missing = {"QTreeView", "VideoWidget", "QLineEdit", "QListWidget"} - seen
    assert not missing, sorted(seen)


def test_every_view_can_be_reached_by_its_shortcut(desk, imported, qtbot):
    window = desk.open(imported)
    qtbot.waitExposed(window)
    for spec in VIEWS:
        window.book.actions[f"view.{spec.id}"].trigger()
        assert window.docks[spec.id].isVisible()
        assert window.views[spec.id].isVisible()


def test_sizes_follow_the_font_not_pixels():
    fixed = re.compile(r"setPointSize\(\d|setPixelSize|setFixed(Width|Height|Size)\(\d+[,)]")
    assert [path.name for path in SOURCES if fixed.search(path.read_text("utf-8"))] == []


def test_importing_the_application_is_quick_and_light():
    import subprocess
    import sys

    code = "import sys, gazestudy_gui, gazestudy_gui.app; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "gui"
    )
    heavy = {"pandas", "scipy", "matplotlib", "numba", "cv2", "pyqtgraph", "av", "pyarrow"}
    assert heavy & set(done.stdout.split()) == set()


def test_names_of_studies_follow_the_rule_of_the_store():
    from gazestudy_gui.start_window import is_name

    from gazestudy.errors import ParameterError
    from gazestudy.store.base import require_name

    def allowed(name):
        try:
            require_name("study name", name)
        except ParameterError:
            return False
        return True

    for name in ("", "a", "สยาม 2026", "a/b", "a\\b", "a:b", "x" * 120, "x" * 121, "a\nb", "<a>", "Été"):
        assert is_name(name) == allowed(name), name


def test_rich_text_is_not_guessed(qapp):
    """Names come from files and people: none of them may become markup in a dialog."""
    from gazestudy_gui.trouble import message_for

    from gazestudy.errors import InputError

    box = message_for(None, InputError("<b>x</b>", "is odd"))
    assert box.textFormat() == Qt.TextFormat.PlainText
    box.deleteLater()
