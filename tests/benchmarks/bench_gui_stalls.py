"""How long the window does not answer while views open, results are computed, sliders move, files are written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.gui_stalls import HOUR, Watch

if TYPE_CHECKING:
    from tests.benchmarks.bench_gui import Report

_STEP_S = 0.03
_MOVES = 25
_JOB_S = 1200.0
_ANSWER_MS = 450.0
"""150 ms of waiting whether the slider stays, then 300."""
_PAINT_MS = 50.0
"""What is only painted."""


def helper(application: Any, report: Report) -> None:
    """Measure the window while the helper's process is made from nothing and reads its libraries."""
    from gazestudy_gui.background import Background
    from gazestudy_gui.helper import Helper, Question
    from gazestudy_gui.thrift import bring_back, set_aside

    set_aside()  # as while a study is open, which is when there is a helper
    made = Helper()
    worker = Background("first question", helper=made)
    with Watch() as watch:
        began = time.perf_counter()
        worker.ask(Question("scipy.stats:norm", {}))
        spin(application, 0.01)
        while worker.is_busy:
            spin(application, 0.005)
        spent_s = time.perf_counter() - began
    print(f"{'the helper answers its first question after':<58} {spent_s:8.1f} s")
    watch.report("the helper starts from nothing", report)
    worker.close()
    made.close()
    bring_back()


def hundred(application: Any, study: Path, report: Report) -> None:
    """Measure a study of a hundred recordings."""
    from gazestudy_gui.app import Desk
    from gazestudy_gui.views.registry import VIEWS

    desk = Desk(application)
    with Watch() as watch:
        window = desk.open(study)
        settle(application, window)
    watch.report("opening a study of 100", report, 1000.0)  # as opening is promised
    assert window is not None
    window.resize(1500, 1000)
    with Watch() as watch:
        window.view("tree").select("recording", "p005-1")
        settle(application, window)
    watch.report("study of 100: a recording is chosen", report)
    for spec in VIEWS:
        with Watch() as watch:
            view = window.show_view(spec.id)
            settle(application, window)
        watch.report(f"study of 100: {spec.title}", report)
        pages(application, window, view, spec.title, report)
    results(application, window, report)
    files(application, window, report)
    desk.close()


def pages(application: Any, window: Any, view: Any, title: str, report: Report) -> None:
    """Look at every page of a view."""
    from PyQt6.QtWidgets import QTabWidget

    for tabs in view.findChildren(QTabWidget):
        for number in range(tabs.count()):
            if not tabs.isVisible():
                continue
            with Watch() as watch:
                tabs.setCurrentIndex(number)
                settle(application, window)
            watch.report(f"study of 100: {title}, {tabs.tabText(number)}", report)


def results(application: Any, window: Any, report: Report) -> None:
    """Measure what happens when results change, and when sliders move."""
    view = window.show_view("results")
    for page in (view.tables, view.funnel, view.survival, view.strategy):
        view.pages.setCurrentWidget(page)
        settle(application, window)
        with Watch() as watch:
            window.document.announce(("results",))
            settle(application, window)
        watch.report(f"results change: {view.pages.tabText(view.pages.currentIndex())}", report)
    strategy = view.strategy
    for number, answer, slider in (
        (1, strategy.budget, strategy.money.slider),
        (2, strategy.what_if, strategy.tries["bottoms_m"][1].slider),
    ):
        strategy.pages.setCurrentIndex(number)
        settle(application, window)

        def answered(answer: Any = answer) -> bool:
            return not strategy._soon.isActive() and not answer.is_busy

        drag(application, slider, answered, strategy.pages.tabText(number), report)
    heatmaps = window.show_view("heatmaps")
    settle(application, window)
    drag(
        application, heatmaps.filters.opacity, lambda: heatmaps._shown == heatmaps.choice(),
        "Heatmaps: opacity", report, _PAINT_MS,
    )  # fmt: skip


def drag(
    application: Any, slider: Any, answered: Any, name: str, report: Report, promised_ms: float = _ANSWER_MS
) -> None:
    """Move a slider, leave it, and wait for the answer."""
    low, high = slider.minimum(), slider.maximum()
    with Watch() as watch:
        for move in range(_MOVES):
            slider.setValue(low + (high - low) * (move + 5) // (_MOVES + 10))
            spin(application, _STEP_S)
        slider.setValue(high)
        began = time.perf_counter()
        while not answered():
            spin(application, 0.002)
        spin(application, 0.0)
        spent_ms = (time.perf_counter() - began) * 1000
    watch.report(f"slider of {name} moves", report)
    report.say(f"answer to a slider: {name}, wall", spent_ms, "ms", promised_ms)


def files(application: Any, window: Any, report: Report) -> None:
    """Measure while jobs write heatmaps and the report."""
    out = window.document.path / "exports" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    for name, start in (
        ("heatmaps are exported", lambda: window.view("heatmaps").export_all(out)),
        ("the report is written", lambda: window.view("results").write_report(out / "report.html")),
    ):
        with Watch() as watch:
            start()
            job = window.document.jobs.jobs[-1]
            began = time.perf_counter()
            while not job.is_over and time.perf_counter() - began < _JOB_S:
                spin(application, 0.01)
        watch.report(f"{name} ({job.state})", report)
        report.must(f"{name}: the job comes to its end", job.state == "done")
        job.cancel()
        while not job.is_over:
            spin(application, 0.01)


def hour(application: Any, study: Path, report: Report) -> None:
    """Measure a study with an hour."""
    from gazestudy_gui.app import Desk

    desk = Desk(application)
    window = desk.open(study)
    assert window is not None
    window.resize(1500, 1000)
    settle(application, window)
    with Watch() as watch:
        window.view("tree").select("recording", HOUR)
        settle(application, window)
    watch.report("an hour: chosen, player and timeline read it", report)
    with Watch() as watch:
        review = window.show_view("review")
        began = time.perf_counter()
        settle(application, window, 120)
    print(f"{'an hour: fixations to review are there after':<58} {time.perf_counter() - began:8.1f} s")
    watch.report(f"an hour: review of {review.model.rowCount()} fixations opens", report)
    report.must("an hour: there are fixations to review", review.model.rowCount() > 1000)
    for name, does in (
        ("next fixation", lambda: review.step(1)),
        ("accepted", review.accept),
        ("undone", window.document.undo_stack.undo),
    ):
        with Watch() as watch:
            for _ in range(5):
                does()
                settle(application, window)
        watch.report(f"an hour: {name} in review", report)
    for name in ("heatmaps", "results", "interviews"):
        with Watch() as watch:
            window.show_view(name)
            settle(application, window)
        watch.report(f"an hour: {name}", report)
    desk.close()


def settle(application: Any, window: Any, seconds: float = 60.0) -> None:
    """Let the program run until nothing is computed any more."""
    from gazestudy_gui.background import Background

    end, quiet = time.perf_counter() + seconds, 0.0
    workers: list[Any] = []
    while quiet < 0.3 and time.perf_counter() < end:
        spin(application, 0.02)
        if any(one.is_busy for one in workers):
            quiet = 0.0
            continue
        quiet += 0.02
        if quiet >= 0.3:  # to look for them takes 10 ms, in which the window does not answer
            workers = window.findChildren(Background)
            quiet = 0.0 if any(one.is_busy for one in workers) else quiet


def spin(application: Any, seconds: float) -> None:
    """Let the program run for a while."""
    end = time.perf_counter() + seconds
    while True:
        application.processEvents()
        if time.perf_counter() >= end:
            return
        time.sleep(0.001)
