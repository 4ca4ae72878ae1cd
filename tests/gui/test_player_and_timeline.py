"""The player shows exactly the picture of a time, with gaze; the timeline shows what happened when."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from gazestudy_gui.timeline.items import IntervalItem, SignalItem, _levels
from gazestudy_gui.video import FrameSource, to_image
from gazestudy_gui.views.player import clock_text
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from gazestudy.importers import SceneVideo
from gazestudy.pipeline.timeline import runs
from tests.gui.conftest import SESSIONS
from tests.gui.pictures import levels

CLIP = next((SESSIONS / "recordings" / "p01-pupil-cloud-neon").glob("*.mp4"))


@pytest.fixture
def window(desk, sample, qtbot):
    opened = desk.open(sample)
    qtbot.waitExposed(opened)
    opened.resize(1400, 950)
    opened.view("tree").select("recording", "p01-1")
    qtbot.waitUntil(lambda: not opened.view("player").video.image.isNull(), timeout=30_000)
    qtbot.waitUntil(lambda: opened.view("timeline").timeline is not None, timeout=30_000)
    return opened


@pytest.fixture
def player(window):
    return window.view("player")


@pytest.fixture
def timeline(window):
    return window.view("timeline")


def go(player, qtbot, row):
    player.go_to_row(row)
    qtbot.waitUntil(lambda: player.row == row and not player._is_waiting, timeout=20_000)


def test_every_picture_is_the_one_of_its_number_in_any_order(qtbot):
    video = SceneVideo([CLIP])
    source = FrameSource(SceneVideo([CLIP]))
    got = {}
    source.ready.connect(got.__setitem__)
    order = [5, 6, 7, 6, 5, 4, 100, 99, 98, 60, 61, 200, 3, len(video) - 1, 0]
    for number in order:
        got.clear()
        source.ask(number)
        qtbot.waitUntil(lambda number=number: number in got, timeout=10_000)
        truth = to_image(video.decoded(number))
        assert got[number] == truth
    source.close()
    video.close()


def test_stepping_back_over_a_key_frame_is_exact(qtbot):
    video = SceneVideo([CLIP])
    source = FrameSource(SceneVideo([CLIP]))
    got = {}
    source.ready.connect(got.__setitem__)
    for number in range(90, 20, -1):
        source.ask(number)
        qtbot.waitUntil(lambda number=number: number in got, timeout=10_000)
    for number in (90, 60, 59, 31, 30, 29, 21):
        assert got[number] == to_image(video.decoded(number))
    source.close()
    video.close()


def test_a_damaged_video_is_told_and_does_not_end_the_program(tmp_path, qtbot):
    broken = tmp_path / "broken.mp4"
    content = bytearray(CLIP.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    broken.write_bytes(content)
    source = FrameSource(SceneVideo([broken]))
    told = []
    source.ready.connect(lambda number, _image: told.append(number))
    source.failed.connect(lambda number, _error: told.append(number))
    for number in (0, 150, 160):
        source.ask(number)
        qtbot.waitUntil(lambda number=number: number in told, timeout=10_000)
    source.close()


def test_keys_step_jump_and_go_to_fixations(player, qtbot):
    player.setFocus()
    go(player, qtbot, 100)
    t_ns = player.scene.t_ns

    def press(key, modifier=Qt.KeyboardModifier.NoModifier):
        before = player.row
        QTest.keyClick(player.video, key, modifier)
        qtbot.waitUntil(lambda: player.row != before and not player._is_waiting, timeout=10_000)
        return player.row

    shift = Qt.KeyboardModifier.ShiftModifier
    QApplication.setActiveWindow(player.window())
    assert press(Qt.Key.Key_Right, shift) == 101
    assert press(Qt.Key.Key_Left, shift) == 100
    assert press(Qt.Key.Key_Right) == player.scene.row_at(int(t_ns[100]) + 5_000_000_000)
    assert press(Qt.Key.Key_Left) == player.scene.row_at(int(t_ns[player.row]))
    onsets = player.scene.events.query("kind == 'fixation'")["onset_ns"].to_numpy()
    here = player.row
    rows = np.searchsorted(t_ns, onsets, side="right") - 1
    assert press(Qt.Key.Key_S) == rows[rows > here][0]
    here = player.row
    assert press(Qt.Key.Key_A) == rows[rows < here][-1]


def test_play_runs_by_the_clock_and_space_stops_it(player, qtbot):
    go(player, qtbot, 60)
    QApplication.setActiveWindow(player.window())
    player.setFocus()
    QTest.keyClick(player.video, Qt.Key.Key_Space)
    assert player.is_playing
    qtbot.waitUntil(lambda: player.row > 75, timeout=10_000)
    QTest.keyClick(player.video, Qt.Key.Key_Space)
    assert not player.is_playing


def test_a_loop_stays_inside_its_ends(player, qtbot):
    go(player, qtbot, 100)
    player.set_loop_start()
    go(player, qtbot, 110)
    player.set_loop_end()
    seen = []
    player.video.clicked  # noqa: B018
    player._document.playhead.connect(lambda _name, _t: seen.append(player.row))
    player.play()
    qtbot.waitUntil(lambda: seen.count(100) + seen.count(101) >= 2 and len(seen) > 12, timeout=20_000)
    player.pause()
    assert max(seen) <= 111
    assert min(seen) >= 100


def test_gaze_is_painted_where_it_is(player, qtbot):
    row = next(
        row for row in range(60, 300) if player.scene.gaze(row) is not None and not player.scene.outlines(row)
    )
    go(player, qtbot, row)
    player.video.resize(640, 480)
    player.video.show_placements = False
    with_gaze = levels(player.video.grab().toImage())
    player.video.show_gaze = False
    without = levels(player.video.grab().toImage())
    y, x = np.nonzero(np.abs(with_gaze - without).sum(axis=2) > 100)
    target, (gx, gy) = player.video.target(), player.scene.gaze(row)
    scale = target.width() / player.video.image.width()
    ring = np.array([(gx + 0.5) * scale + target.x(), (gy + 0.5) * scale + target.y()])
    assert np.abs(np.array([np.median(x), np.median(y)]) - ring).max() < 25


def test_a_click_in_the_picture_is_in_scene_pixels(player, qtbot):
    go(player, qtbot, 100)
    target = player.video.target()
    with qtbot.waitSignal(player.video.clicked) as clicked:
        QTest.mouseClick(player.video, Qt.MouseButton.LeftButton, pos=QPointF(target.center()).toPoint())
    image = player.video.image
    assert clicked.args == pytest.approx([image.width() / 2 - 0.5, image.height() / 2 - 0.5], abs=2)


def test_the_playhead_follows_and_a_click_goes_there(window, player, timeline, qtbot):
    go(player, qtbot, 150)
    assert timeline._heads[0].value() == pytest.approx((player.t_ns - timeline.timeline.start_ns) / 1e9)
    scene_point = timeline.row_plot.getViewBox().mapViewToScene(QPointF(3.0, 5.5))

    class Click:
        def button(self):
            return Qt.MouseButton.LeftButton

        def scenePos(self):
            return scene_point

    timeline._on_click(Click())
    wanted = player.scene.row_at(timeline.timeline.start_ns + 3_000_000_000)
    qtbot.waitUntil(lambda: abs(player.row - wanted) <= 1, timeout=10_000)


def test_rows_are_there_linked_and_can_be_hidden(window, timeline):
    assert [row.id for row in timeline.timeline.rows] == [
        "reasons", "events", "mapping", "visits", "aois", "observation", "interview",
    ]  # fmt: skip
    timeline.set_range(2.0, 5.0)
    for plot in (timeline.x_plot, timeline.y_plot):
        assert plot.getViewBox().viewRange()[0] == pytest.approx([2.0, 5.0])
    timeline.zoom(0.5)
    left, right = timeline.range_s()
    assert right - left == pytest.approx(1.5)
    action = timeline.visible.menu().actions()[2]
    before = len(timeline.items)
    action.setChecked(False)
    assert len(timeline.items) == before - 1
    action.setChecked(True)
    timeline.show_all()


def test_events_of_the_timeline_are_those_of_the_table(timeline, made_sample):
    from gazestudy.store import open_study

    with open_study(made_sample, read_only=True) as study:
        table = study.current("p01-1", "events").table("events").sort_values("onset_ns", kind="stable")
    row = timeline.timeline.row("events")
    np.testing.assert_array_equal(row.start_ns, table["onset_ns"])
    assert [row.labels[code] for code in row.label] == table["kind"].astype(str).tolist()


def test_only_what_is_visible_is_painted():
    n = 200_000
    start = np.arange(n, dtype=float)
    item = IntervalItem(start, start + 0.5, np.zeros(n, np.int16), ("a",), 0.0)
    assert item.at(1000.2) == 1000
    assert item.at(1000.7) == -1
    assert item.nearest_edge(1000.9) == 1001.0


def test_coarse_levels_hold_least_and_greatest(qapp):
    rng = np.random.default_rng(1)
    values = rng.normal(size=10_007).astype(np.float32)
    values[rng.random(10_007) < 0.05] = np.nan
    for number, (low, high) in enumerate(_levels(values), start=1):
        step = 8**number
        for at in range(0, len(values), step):
            part = values[at : at + step]
            part = part[np.isfinite(part)]
            if len(part):
                assert low[at // step] == part.min()
                assert high[at // step] == part.max()
    item = SignalItem(np.arange(10_007) / 200, values, QColor("red"))
    assert item.low == np.nanmin(values)


def test_runs_match_a_loop():
    rng = np.random.default_rng(2)
    codes = rng.integers(-1, 3, 500).astype(np.int16)
    t_ns = np.cumsum(rng.integers(1, 50, 500))
    start, end, code = runs(codes, t_ns)
    covered = np.full(500, -1)
    for a, b, c in zip(start, end, code, strict=True):
        covered[(t_ns >= a) & (t_ns < b)] = c
        if b == t_ns[-1]:
            covered[-1] = codes[-1]
    np.testing.assert_array_equal(covered, codes)


def test_clock_text():
    assert clock_text(-1_500_000_000) == "-00:01.500"


def test_a_recording_without_video_is_watched_as_gaze_on_an_empty_picture(desk, tmp_path, qtbot):
    from tests.benchmarks.gui_study import make_bare

    make_bare(tmp_path / "study")
    window = desk.open(tmp_path / "study")
    qtbot.waitExposed(window)
    window.view("tree").select("recording", "p01-1")
    player, timeline = window.view("player"), window.view("timeline")
    qtbot.waitUntil(lambda: "no scene video" in player.video.marks.caption, timeout=20_000)
    qtbot.waitUntil(lambda: timeline.timeline is not None, timeout=20_000)
    assert player.video.marks.gaze_px == pytest.approx([100.0, 100.0])
    window.document.moment.emit("p01-1", 1_000_000_000)  # as a click in the timeline
    qtbot.waitUntil(lambda: player.t_ns == 1_000_000_000, timeout=20_000)
    assert timeline._heads[0].value() == pytest.approx(1.0)
    player.play()
    qtbot.waitUntil(lambda: not player.is_playing, timeout=20_000)  # to the end
    qtbot.waitUntil(lambda: player.row == len(player.scene.t_ns) - 1, timeout=20_000)


def test_a_recording_over_two_videos_plays_on_from_the_first_into_the_second(desk, sample, qtbot):
    from tests.gui.awkward import make_two_videos

    first = make_two_videos(sample, "p01-1")
    window = desk.open(sample)
    qtbot.waitExposed(window)
    window.view("tree").select("recording", "p01-1")
    player = window.view("player")
    qtbot.waitUntil(lambda: not player.video.image.isNull(), timeout=30_000)
    assert len(player.scene.video.paths) == 2
    row = int(np.flatnonzero(player.scene.frames["video"].to_numpy() == 1)[0])
    assert row == first
    truth = SceneVideo([player.scene.video.paths[1]])
    go(player, qtbot, row - 1)
    player.step(1)
    qtbot.waitUntil(lambda: player.row == row and not player._is_waiting, timeout=20_000)
    assert player.video.image == to_image(truth.decoded(0))
    truth.close()


def test_single_keys_count_in_the_timeline_as_over_the_video_and_nowhere_else(
    window, player, timeline, qtbot
):
    go(player, qtbot, 100)
    window.activateWindow()
    timeline.setFocus()
    qtbot.waitUntil(timeline.canvas.hasFocus, timeout=5_000)
    QTest.keyClick(timeline.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: player.row == 101 and not player._is_waiting, timeout=10_000)
    QTest.keyClick(timeline.canvas, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: player.row > 101 and not player._is_waiting, timeout=10_000)
    here = player.row
    tree = window.view("tree").view
    tree.setFocus()
    for key in (Qt.Key.Key_S, Qt.Key.Key_Space, Qt.Key.Key_G):
        QTest.keyClick(tree, key)
    assert (player.row, player.is_playing, player.video.show_gaze) == (here, False, True)


def shift_drag(timeline, start_s, end_s):
    """Choose a stretch with the mouse."""
    view, box = timeline.canvas, timeline.row_plot.getViewBox()
    points = [view.mapFromScene(box.mapViewToScene(QPointF(at, 6.5))) for at in (start_s, end_s)]
    left, shift = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
    QTest.mousePress(view.viewport(), left, shift, points[0])
    for share in (0.3, 0.6, 1.0):
        at = points[0] + (points[1] - points[0]) * share
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(at), QPointF(view.viewport().mapToGlobal(at)),
            Qt.MouseButton.NoButton, left, shift,
        )  # fmt: skip
        QApplication.sendEvent(view.viewport(), event)
    QTest.mouseRelease(view.viewport(), left, shift, points[1])


def test_a_stretch_chosen_in_the_timeline_is_repeated_and_shown(window, player, timeline, qtbot):
    go(player, qtbot, 20)
    shift_drag(timeline, 4.0, 6.0)
    qtbot.waitUntil(lambda: player._loop is not None, timeout=5_000)
    start, end = ((one - timeline.timeline.start_ns) / 1e9 for one in player._loop)
    assert (start, end) == pytest.approx((4.0, 6.0), abs=0.2)  # or what begins nearby
    assert "⟲" in player.loop_note.text()
    assert timeline._stretches[0].isVisible()
    assert timeline._stretches[0].getRegion() == pytest.approx((start, end))
    qtbot.waitUntil(lambda: player.scene.t_ns[player.row] >= player._loop[0] - 40_000_000, timeout=10_000)
    player.clear_loop()
    assert not timeline._stretches[0].isVisible()
    assert player.loop_note.text() == ""


def test_the_ends_of_a_stretch_snap_to_what_begins_there(window, player, timeline):
    timeline.set_range(0.0, 6.0)
    onset = next(float(at) for at in timeline.items[3][1].start_s if 2.0 < at < 4.0)
    near = onset + 0.5 * 6 * 6.0 / timeline.row_plot.getViewBox().width()  # half of the reach of 6 px
    timeline._on_chosen(near, near + 1.5, True)
    assert player._loop[0] == pytest.approx(timeline.timeline.start_ns + onset * 1e9, abs=2)


def test_the_inset_shows_the_placement_and_where_gaze_is_on_it(player, qtbot):
    on = [row for row in range(len(player.scene.t_ns)) if player.scene.looked_at(row)]
    row = on[len(on) // 2]
    go(player, qtbot, row)
    inset = player.video.inset
    assert inset.on.name == player.scene.name_of(player.scene.looked_at(row))
    assert inset.on.is_on
    width, height = inset.on.size_px
    x, y = inset.on.trail_px[-1]
    assert 0 <= x <= width
    assert 0 <= y <= height
    qtbot.waitUntil(lambda: not inset.image().isNull(), timeout=20_000)
    player.video.resize(800, 600)
    shown = levels(player.video.grab().toImage())
    player.video.show_inset = False
    without = levels(player.video.grab().toImage())
    area = inset.area(player.video.target())
    inside = (slice(int(area.top()), int(area.bottom())), slice(int(area.left()), int(area.right())))
    assert np.any(shown != without, axis=2)[inside].mean() > 0.5
    alone = QImage(800, 600, QImage.Format.Format_RGB888)
    alone.fill(QColor("black"))
    painter = QPainter(alone)
    inset.paint(painter, player.video.target(), player.video.fontMetrics().height())
    painter.end()
    rows, columns = np.nonzero(levels(alone).any(axis=2))
    assert columns.min() >= area.left() - 4
    assert rows.min() >= area.top() - 4


def test_gaze_in_the_inset_is_that_of_the_table_for_every_picture(player, made_sample):
    from gazestudy.store import open_study

    with open_study(made_sample, read_only=True) as study:
        table = study.current("p01-1", "attention").table("mapped_gaze").set_index("sample")
    scene = player.scene
    for row in range(len(scene.t_ns)):
        last = int(scene._last[row])
        on = player._on_reference.at(scene.end_ns(row), since_ns=int(scene.t_ns[row]))
        if last not in table.index:
            continue
        assert on is not None
        assert on.creative_id == table["creative_id"][last]
        assert on.trail_px[-1] == pytest.approx(table.loc[last, ["x_ref_px", "y_ref_px"]].to_list())


def test_gaze_rows_are_hidden_too_and_what_is_hidden_is_remembered(desk, window, timeline, sample, qtbot):
    by_text = {action.text(): action for action in timeline.visible.menu().actions()}
    by_text["Gaze y"].setChecked(False)
    by_text["Observed"].setChecked(False)
    assert not timeline.y_plot.isVisible()
    window.close()
    again = desk.open(sample).view("timeline")
    assert not again.y_plot.isVisible()
    assert again.x_plot.isVisible()
    assert {one.text() for one in again.visible.menu().actions() if not one.isChecked()} == {
        "Gaze y", "Observed",
    }  # fmt: skip


def test_what_is_there_now_is_said_in_words(player, timeline, qtbot):
    row = timeline.timeline.row("visits")
    go(player, qtbot, player.scene.row_at(int(row.start_ns[0]) + 100_000_000))
    assert row.labels[row.label[0]] in timeline.note.text()


def test_a_timeline_that_is_read_after_the_player_has_its_playhead(window, player, timeline, qtbot):
    go(player, qtbot, 150)
    at_s = timeline._heads[0].value()
    for head in timeline._heads:
        head.setValue(0.0)
    timeline.show_timeline(timeline.timeline)
    assert [head.value() for head in timeline._heads] == [at_s] * 3


def test_why_nothing_was_located_is_said_in_the_language_of_the_interface(qapp):
    from gazestudy_gui.timeline.view import _said
    from gazestudy_gui.words import set_language

    from gazestudy.model.tables import MAPPING_STATES

    set_language("th")
    words = [
        _said("mapping", f"– {state.replace('_', ' ')}") for state in MAPPING_STATES if state != "mapped"
    ]
    assert words
    assert [word for word in words if not any("\u0e00" <= letter <= "\u0e7f" for letter in word)] == []
    assert _said("visits", "Pillar poster") == "Pillar poster"


def test_narrow_bars_differ_by_shape_not_by_colour_alone(qapp):
    """Painted in one colour, bars of different labels still look different."""
    plot = pg.PlotWidget(background="w")
    plot.resize(400, 60)
    starts = np.arange(6) * 1.0
    item = IntervalItem(starts, starts + 0.2, np.arange(6, dtype=np.int16), tuple("abcdef"), 0.0)
    item._colours = [QColor("black")] * 6
    plot.hideAxis("left")
    plot.hideAxis("bottom")
    plot.addItem(item)
    plot.setRange(xRange=(0, 6), yRange=(0, 1), padding=0)
    shown = levels(plot.grab().toImage()).mean(axis=2)
    ground = np.median(shown)
    columns = {tuple(np.flatnonzero(shown[:, int((at + 0.1) / 6 * 400)] != ground)) for at in range(6)}
    plot.close()
    assert len(columns) == 6
