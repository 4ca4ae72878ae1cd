"""The report in a real browser: wide and narrow, by day and by night; nothing asks for anything outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gazestudy.report import write_html
from tests.e2e.chromium import PHONE, Browser, find_chromium
from tests.unit.report.evidence_makers import (
    CHINESE,
    FORMULA,
    HOSTILE,
    THAI,
    VIETNAMESE,
    report_of,
    simulated_evidence,
)

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (Debian: chromium)"
)

DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    names = {
        "face-01": THAI,
        "face-02": VIETNAMESE,
        "face-03": CHINESE,
        "face-04": HOSTILE,
        "face-05": FORMULA,
    }
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(write_html(report_of(simulated_evidence(people=10, names=names))), encoding="utf-8")
    return path


@pytest.fixture
def browser(tmp_path) -> Iterator[Browser]:
    one = Browser(find_chromium() or "", tmp_path / "profile", tmp_path / "downloads")
    try:
        one.start()
        yield one
    finally:
        one.stop()


def trouble(browser: Browser) -> list[str]:
    """Everything that the browser logged since the page was opened."""
    browser.run("1")  # messages that were on their way have come
    return [json.dumps(one) for one in browser.logged]


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_the_screen_and_asks_for_nothing(browser, page, screen, scheme):
    browser.call("Log.enable")
    browser.call("Emulation.setDeviceMetricsOverride", **screen)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(page.as_uri())
    assert browser.run("document.documentElement.scrollWidth") == screen["width"]
    assert trouble(browser) == []
    assert {address for address in browser.requests if not address.startswith("data:")} == {page.as_uri()}
    assert browser.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in background[4:-1].split(",")) < 200) == (scheme == "dark")


def test_text_can_be_told_from_its_ground(browser, page):
    """Contrast of at least 4.5 : 1 by WCAG 2.2 for all text, by day and by night."""
    script = """
    (() => {
      const part = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
      const rgb = t => t.match(/[0-9.]+/g).map(Number);
      const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
      const ground = e => { for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
        return [255, 255, 255]; };
      let worst = 99, where = '';
      for (const e of document.querySelectorAll('p, li, dt, dd, th, td, caption, figcaption, span, a, h1, h2, h3, summary, svg text')) {
        const style = getComputedStyle(e), isText = e.tagName === 'text';
        const a = light(rgb(isText ? style.fill : style.color)), b = light(ground(isText ? e.closest('figure') : e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < worst) { worst = ratio; where = e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40); }
      }
      return [worst, where];
    })()
    """
    for scheme in ("light", "dark"):
        browser.call(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        browser.open(page.as_uri())
        worst, where = browser.run(script)
        assert worst >= 4.5, (scheme, where)


def test_hostile_names_stay_text(browser, page):
    browser.open(page.as_uri())
    assert browser.run("document.querySelectorAll('script').length") == 0
    assert HOSTILE in browser.run("document.body.innerText")


def test_no_text_of_a_drawing_leaves_it(browser, page):
    browser.open(page.as_uri())
    script = """
    [...document.querySelectorAll('figure.drawing svg')].flatMap(svg => {
      const box = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('text')].filter(t => { const r = t.getBoundingClientRect();
        return r.width && (r.left < box.left - 2 || r.right > box.right + 2); }).map(t => t.textContent);
    })
    """
    assert browser.run(script) == []
