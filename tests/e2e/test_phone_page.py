"""The phone page in a real browser: taps, reloads, a killed browser, export, import; and counts that are equal."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazestudy.importers.fieldlogs import read_field_log
from gazestudy.model.fieldwork import FieldLog
from gazestudy.protocol import is_mistyped, load_protocol, parse_protocol
from gazestudy.protocol.targets import export_protocol
from tests.e2e.chromium import Browser, find_chromium, wait_for_file

START_MS = int(datetime(2026, 11, 23, 1, 0, tzinfo=UTC).timestamp() * 1000)
pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (Debian: chromium)"
)


@pytest.fixture
def browser(tmp_path) -> Iterator[Browser]:
    one = Browser(find_chromium() or "", tmp_path / "profile", tmp_path / "downloads")
    try:
        one.start()
        yield one
    finally:
        one.stop()


def station_page(folder: Path, **options: object) -> str:
    protocol = load_protocol("station_point_observation")
    known = {"station_id": "S01", "point_id": "S01-A", "observer": "O7", "role": "primary"}
    return export_protocol(protocol, "html", folder / "page.html", prefill=known, **options).path.as_uri()


def begin(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.tap_text("New session")
    browser.tap("document.querySelector('#start')")
    browser.wait("document.querySelector('#elapsed')")


def tally(item: str, placement: str = "") -> str:
    return f"document.querySelector('.tally[data-item={item}][data-placement=\"{placement}\"] button')"


def stop_and_save(browser: Browser, session: str) -> tuple[FieldLog, FieldLog]:
    browser.tap("document.querySelector('[data-tab=stop]')")
    browser.tap("document.querySelector('main .stop')")
    browser.tap("document.querySelector('.veil .stop')")
    browser.tap("document.querySelector('#finish')")
    browser.tap_text("Save JSON")
    browser.tap_text("Save CSV")
    logs = [
        read_field_log(wait_for_file(browser.downloads / f"{session}.{kind}")) for kind in ("json", "csv")
    ]
    return logs[0], logs[1]


def assert_same(one: FieldLog, other: FieldLog) -> None:
    for name, table in one.tables().items():
        pd.testing.assert_frame_equal(table, other.tables()[name])


def totals(log: FieldLog) -> Counter[tuple[str, str]]:
    table = log.interval_counts
    keys = zip(table["item"], table["placement_id"], strict=True)
    sums: Counter[tuple[str, str]] = Counter()
    for key, value in zip(keys, table["value"], strict=True):
        sums[key] += int(value)
    return +sums


def test_an_hour_of_2000_taps_survives_ten_reloads_and_a_kill(browser, tmp_path):
    """Taps come at random moments of 60 minutes; the clock of the page is moved, nothing else is."""
    rng = np.random.default_rng(6)
    page = station_page(tmp_path, placements=("P01", "P02"), sessions=("hour",))
    places = [
        ("passed", ""),
        ("trains_arrived", ""),
        ("hurrying", ""),
        ("glanced", "P01"),
        ("looked_2s", "P01"),
    ]
    which = rng.choice(len(places), 2000, p=[0.6, 0.05, 0.1, 0.15, 0.1])
    at_ms = np.sort(rng.integers(1000, 3_599_000, 2000))
    steps_ms = np.diff(at_ms, prepend=0)
    truth = Counter((*places[place], int(ms) // 300_000) for place, ms in zip(which, at_ms, strict=True))
    browser.set_clock(START_MS)
    browser.go_offline()
    begin(browser, page)
    cuts = [0, *np.linspace(150, 1900, 11, dtype=int).tolist(), 2000]
    for number, (first, end) in enumerate(pairwise(cuts)):
        browser.run("document.querySelector('main').scrollTo(0, 0)")
        spots = [browser.middle(tally(*place)) for place in places]  # nothing moves while it is counted
        browser.run(f"steps.push(...{steps_ms[first:end].tolist()}) && null")
        browser.tap_many([spots[place] for place in which[first:end]])
        browser.wait(f"{SUM_SHOWN} === {end}")
        browser.set_clock(START_MS + int(at_ms[end - 1]))
        if number == 5:
            browser.kill()
            browser.start()
            browser.go_offline()
            browser.set_clock(START_MS + int(at_ms[end - 1]))
            browser.open(page)
        elif end < 2000:
            browser.reload()
        browser.wait(f"document.querySelector('.tally') && {SUM_SHOWN} === {end}")
    clock = int(at_ms[-1])
    browser.run(f"advance({3_600_000 - clock})")
    log, table = stop_and_save(browser, "hour")
    assert_same(log, table)
    counts = log.interval_counts
    got = {
        (row.item, row.placement_id, row.interval_no): int(row.value)
        for row in counts.itertuples()
        if row.value
    }
    assert got == dict(truth)
    assert sum(got.values()) == 2000
    assert counts["interval_no"].nunique() == 12
    assert len(log.notes) == 0 and log.sessions["paused_s"].tolist() == [0.0]
    assert [finding for finding in log.findings if finding.severity == "problem"] == []
    assert not any(finding.code in ("taps_differ", "journal_gap") for finding in log.findings)


SUM_SHOWN = """[...document.querySelectorAll('.tally .sum')]
    .reduce((sum, one) => sum + Number(one.innerText.replace(/[^0-9]/g, '')), 0)"""


def test_what_was_shown_before_a_kill_is_there_after_it(browser, tmp_path):
    """The browser dies in the middle of a burst: whatever number was on the screen was on the disk already."""
    page = station_page(tmp_path, placements=("P01",), sessions=("burst",))
    begin(browser, page)
    x, y = browser.spot(tally("passed"))
    for round_ in range(2):
        for _ in range(30):
            browser.tap_at(x, y)
        shown = browser.run(f"{tally('passed')}.querySelector('.sum').innerText.replace(/[^0-9]/g, '')")
        browser.kill()
        browser.start()
        browser.open(page)
        browser.wait("document.querySelector('.tally')")
        kept = browser.run(f"{tally('passed')}.querySelector('.sum').innerText.replace(/[^0-9]/g, '')")
        assert int(shown) <= int(kept) <= 30 * (round_ + 1)
        x, y = browser.spot(tally("passed"))


EVIL = "</script><img src=x onerror=alert(1)><!-- {n} @@DATA@@ & \\u2028 \" '"
ALL_KINDS = {
    "schema": "gazestudy-protocol/1",
    "id": "all_kinds",
    "version": "1",
    "title": {"en": EVIL, "th": "ทุกแบบ"},
    "purpose": {"en": EVIL, "th": "ทดสอบ"},
    "languages": ["en", "th"],
    "default_language": "en",
    "choices": {
        "role": [{"code": "primary", "label": {"en": "Main", "th": "หลัก"}}, {"code": "second", "label": {"en": "Second", "th": "รอง"}}],
        "quarters": [{"code": code, "label": {"en": code, "th": code}} for code in ("0", "50", "100")],
        "kinds": [{"code": code, "label": {"en": f"{code} {EVIL}", "th": code}} for code in ("crowd", "face")],
    },
    "blocks": [
        {
            "id": "header", "kind": "form", "title": {"en": "Header", "th": "หัว"},
            "items": [
                {"id": "station_id", "type": "text", "required": True, "label": {"en": EVIL, "th": "สถานี"}},
                {"id": "role", "type": "choice", "choices": "role", "label": {"en": "Role", "th": "บทบาท"}},
                {"id": "weather", "type": "multi", "choices": "kinds", "label": {"en": "Weather", "th": "อากาศ"}},
                {"id": "phone_number", "type": "text", "personal": True, "label": {"en": "Phone", "th": "โทร"}},
            ],
        },
        {
            "id": "counts", "kind": "interval", "every_s": 60, "title": {"en": "Counts", "th": "นับ"},
            "items": [
                {"id": "passed", "type": "count", "label": {"en": "Passed", "th": "ผ่าน"}, "definition": {"en": EVIL, "th": "ผ่าน"}},
                {"id": "glanced", "type": "count", "per_placement": True, "label": {"en": EVIL, "th": "มอง"}},
                {"id": "coverage", "type": "choice", "choices": "kinds", "label": {"en": "Coverage", "th": "ครบ"}},
            ],
            "rules": [{"check": "glanced <= passed", "message": {"en": "More glanced than passed", "th": "มองมากกว่าผ่าน"}}],
        },
        {
            "id": "scan", "kind": "scan", "every_s": 60, "title": {"en": "Scan", "th": "กวาดตา"},
            "items": [
                {"id": "present", "type": "integer", "min": 0, "label": {"en": "Present", "th": "คน"}},
                {"id": "blocked_percent", "type": "choice", "choices": "quarters", "per_placement": True, "label": {"en": "Hidden", "th": "บัง"}},
            ],
        },
        {
            "id": "focal", "kind": "focal", "title": {"en": "Follow", "th": "ตาม"},
            "modifiers": [{"id": "what", "label": {"en": "Where", "th": "ที่"}, "type": "placement"}],
            "behaviours": [
                {"code": "walk", "type": "state", "key": "w", "label": {"en": "Walk", "th": "เดิน"}},
                {"code": "wait", "type": "state", "key": "s", "label": {"en": "Wait", "th": "รอ"}},
                {"code": "phone", "type": "state", "key": "p", "label": {"en": "Phone", "th": "โทร"}},
                {"code": "glance", "type": "point", "key": "g", "label": {"en": "Glance", "th": "มอง"}, "modifiers": ["what"]},
            ],
            "exclusive": [["walk", "wait"]],
        },
        {
            "id": "faces", "kind": "per_ad", "title": {"en": "Faces", "th": "ป้าย"},
            "items": [{"id": "brand", "type": "text", "label": {"en": "Brand", "th": "แบรนด์"}},
                      {"id": "dirty", "type": "bool", "label": {"en": "Dirty", "th": "สกปรก"}}],
        },
        {
            "id": "asked", "kind": "form", "answers": True, "title": {"en": "Asked", "th": "ถาม"},
            "items": [{"id": "noticed", "type": "bool", "label": {"en": "Noticed", "th": "เห็น"}},
                      {"id": "which", "type": "text", "label": {"en": "Which", "th": "อันไหน"}, "when": {"item": "noticed", "any_of": ["yes"]}}],
        },
        {
            "id": "notes", "kind": "log", "title": {"en": "Notes", "th": "บันทึก"},
            "items": [{"id": "note", "type": "text", "label": {"en": "Note", "th": "บันทึก"}},
                      {"id": "about", "type": "choice", "choices": "kinds", "label": {"en": "About", "th": "เรื่อง"}}],
        },
        {"id": "end", "kind": "form", "at": "end", "title": {"en": "End", "th": "จบ"},
         "items": [{"id": "trust", "type": "scale", "points": 5, "low": {"en": "low", "th": "ต่ำ"}, "high": {"en": "high", "th": "สูง"}, "label": {"en": "Trust", "th": "เชื่อ"}}]},
    ],
}  # fmt: skip


def at_item(item: str, inside: str, placement: str = "") -> str:
    return f"document.querySelector('[data-item={item}][data-placement=\"{placement}\"] {inside}')"


def test_every_kind_of_block_and_labels_that_try_to_be_markup(browser, tmp_path):
    protocol = parse_protocol(json.dumps(ALL_KINDS, ensure_ascii=False))
    page = export_protocol(
        protocol, "html", tmp_path / "ทุกแบบ.html", sessions=("all",), placements=("P01", "P02")
    )
    browser.set_clock(START_MS)
    browser.open(page.path.as_uri())
    browser.tap_text("New session")
    browser.type(at_item("station_id", "input"), "S01 </script><b>")
    browser.type(at_item("phone_number", "input"), "081 234")
    browser.tap(at_item("role", "[data-code=second]"))
    browser.tap(at_item("weather", "[data-code=crowd]"))
    browser.tap(at_item("weather", "[data-code=face]"))
    browser.tap("document.querySelector('#start')")
    for _ in range(3):
        browser.tap(tally("passed"))
    browser.tap(tally("glanced", "P02"))
    browser.tap(tally("glanced", "P02"))
    browser.tap("document.querySelector('#undo')")
    browser.wait(f"{tally('glanced', 'P02')}.querySelector('.number').innerText === '1'")
    browser.run("advance(10000)")

    browser.tap("document.querySelector('[data-tab=\"focal:focal\"]')")
    for code, wait_ms in (("walk", 5000), ("phone", 2000), ("wait", 4000)):
        browser.tap(f"document.querySelector('[data-code={code}] button')")
        browser.wait(f"document.querySelector('[data-code={code}].on')")
        browser.run(f"advance({wait_ms})")
    browser.tap("document.querySelector('[data-code=glance] button')")
    browser.tap("document.querySelector('.veil [data-code=P02]')")
    browser.wait("document.querySelector('[data-code=glance] .number').innerText === '1'")
    browser.set_clock(START_MS + 21_000)
    browser.reload()
    browser.wait(
        "document.querySelector('[data-code=phone].on') && document.querySelector('[data-code=wait].on')"
    )

    browser.run("advance(9000)")
    browser.tap("document.querySelector('[data-tab=scan]')")
    browser.tap("document.querySelector('[data-scan]')")
    browser.type(at_item("present", "input"), "12")
    browser.tap(at_item("blocked_percent", '[data-code="50"]', "P01"))
    browser.tap_text("Done")
    browser.tap("document.querySelector('[data-tab=per_ad]')")
    browser.tap("document.querySelector('details:nth-of-type(2) summary')")
    browser.type("document.querySelector('details[open] [data-item=brand] input')", "ชาเย็น")
    browser.tap("document.querySelector('details[open] [data-item=dirty] [data-code=no]')")
    browser.tap("document.querySelector('[data-tab=answers]')")
    browser.tap_text("+ Next respondent")
    browser.tap(at_item("noticed", "[data-code=yes]"))
    browser.type(at_item("which", "input"), 'the tea, "left"')
    browser.tap_text("Done")
    browser.tap("document.querySelector('[data-tab=log]')")
    browser.tap_text("+ New note")
    browser.type(at_item("note", "input"), "ประกาศ, 通知")
    browser.tap(at_item("about", "[data-code=crowd]"))
    browser.tap_text("Done")
    browser.tap("document.querySelector('[data-tab=interval]')")
    browser.tap("document.querySelector('.tally[data-item=passed] .info')")
    browser.tap_text("Not watched for, from this interval on")
    browser.wait("document.querySelector('.tally[data-item=passed].off')")
    browser.tap("document.querySelector('#undo')")
    browser.wait("!document.querySelector('.tally[data-item=passed].off')")
    for second in (42, 54, 66):
        browser.run("advance(12_000)")
        browser.run("new Promise(done => setTimeout(done, 300))")  # no tick (250 ms) between: a closed page
        browser.wait(f"document.querySelector('#elapsed').innerText === '{second // 60:02}:{second % 60:02}'")
    browser.tap(tally("passed"))
    browser.tap("document.querySelector('#notice')")  # the scan of the second minute
    browser.wait("document.querySelector('[data-tab=scan].now')")
    browser.tap("document.querySelector('[data-tab=stop]')")
    browser.tap("document.querySelector('main .stop')")
    browser.tap("document.querySelector('.veil .stop')")
    browser.tap(at_item("trust", '[data-code="4"]'))
    four = at_item("trust", '[data-code="4"]')
    browser.wait(f"{four}.getAttribute('aria-pressed') === 'true'")
    browser.set_clock(START_MS + 70_000)
    browser.reload()
    browser.tap("document.querySelector('#finish')")
    browser.tap_text("Save JSON")
    browser.tap_text("Save CSV")
    log = read_field_log(wait_for_file(browser.downloads / "all.json"))
    assert_same(log, read_field_log(wait_for_file(browser.downloads / "all.csv")))

    assert not [url for url in browser.requests if not url.startswith(("file:", "data:", "blob:"))]
    session = log.sessions.iloc[0]
    assert (session["station_id"], session["role"], session["protocol_id"]) == (
        "S01 </script><b>",
        "second",
        "all_kinds",
    )
    assert session["started_at"] == "2026-11-23T08:00:00+07:00"
    assert session["tz"] == "Asia/Bangkok"
    assert json.loads(session["conditions_json"]) == {"weather": "crowd face", "trust": "4"}
    assert "081" not in log.sessions.to_csv()
    assert totals(log) == {("passed", ""): 4, ("glanced", "P02"): 1}
    assert log.interval_counts.groupby(["item", "placement_id"]).size().tolist() == [2, 2, 2]
    scans = log.scans.set_index(["item", "placement_id"])
    assert scans.loc[("present", ""), "value"] == 12 and scans.loc[("blocked_percent", "P01"), "value"] == 50
    assert scans["at_s"].unique().tolist() == [30.0]
    events = log.events.set_index("code")
    assert events.loc["walk", ["t_s", "t_end_s", "closed_by"]].tolist() == [10.0, 17.0, "observer"]
    assert events.loc["phone", ["t_s", "closed_by"]].tolist() == [15.0, "session_end"]
    assert events.loc["wait", ["t_s", "t_end_s", "closed_by"]].tolist() == [17.0, 66.0, "session_end"]
    assert events.loc["glance", ["t_s", "form", "placement_id", "subject"]].tolist() == [
        21.0,
        "point",
        "P02",
        "1",
    ]
    assert log.audits[["placement_id", "brand"]].to_numpy().tolist() == [["P02", "ชาเย็น"]]
    assert json.loads(log.audits.loc[0, "details_json"]) == {"dirty": "no"}
    assert log.notes["text"].tolist() == ["crowd: ประกาศ, 通知"]
    answers = log.answers.set_index("item")
    assert answers.loc["which", "value"] == 'the tea, "left"'
    assert answers["respondent_id"].unique().tolist() == ["all-1"]
    assert [finding.code for finding in log.findings if finding.severity != "info"] == ["no_observer"]


def test_a_full_disk_is_told_and_nothing_is_lost(browser, tmp_path):
    begin(browser, station_page(tmp_path, placements=("P01",), sessions=("full",)))
    browser.run(
        "window.whole = IDBDatabase.prototype.transaction;"
        "IDBDatabase.prototype.transaction = () => { throw new DOMException('full', 'QuotaExceededError') }"
    )
    for _ in range(3):
        browser.tap(tally("passed"))
    browser.wait("document.querySelector('#saved').innerText.startsWith('NOT SAVED: 3')")
    browser.wait(f"{tally('passed')}.querySelector('.number').innerText === '3'")
    browser.run("IDBDatabase.prototype.transaction = window.whole")
    browser.wait("document.querySelector('#saved').innerText === '✓ saved'")
    browser.reload()
    browser.wait("document.querySelector('.tally')")
    browser.wait(f"{tally('passed')}.querySelector('.number').innerText === '3'")


def test_sessions_of_a_plan_are_chosen_once_and_others_get_an_id_that_tells_slips(browser, tmp_path):
    browser.open(station_page(tmp_path, sessions=("4RPY-1X14-P", "16TX-AN9V-B")))
    browser.tap_text("New session")
    browser.tap_text("16TX-AN9V-B")
    browser.wait("document.querySelector('#start')")
    browser.tap_text("Back")
    browser.tap_text("New session")
    browser.wait("document.querySelector('#start')")
    assert browser.run("document.querySelector('h1').innerText") == "4RPY-1X14-P"
    browser.tap_text("Back")
    browser.tap_text("New session")
    browser.wait("document.querySelector('.veil input')")
    drawn = browser.run("document.querySelector('.veil input').value")
    assert re.fullmatch("[0-9A-Y]{4}-[0-9A-Y]{4}-[0-9A-Y]", drawn) and not is_mistyped(drawn)


def test_an_entry_of_another_tab_is_not_overwritten(browser, tmp_path):
    begin(browser, station_page(tmp_path, placements=("P01",), sessions=("tabs",)))
    browser.tap(tally("passed"))
    browser.wait(f"{tally('passed')}.querySelector('.number').innerText === '1'")
    browser.run("""new Promise((done) => { indexedDB.open("gazestudy-phone").onsuccess = (event) => {
        const store = event.target.result.transaction("journal", "readwrite").objectStore("journal");
        store.getAll().onsuccess = ({target: {result}}) => {
            const last = result.at(-1);
            store.add({...last, n: last.n + 1}).onsuccess = () => { window.stale = true; done(); };
        };
    }})""")
    browser.tap(tally("passed"))
    browser.wait("!window.stale && document.querySelector('.tally')")
    browser.wait(f"{tally('passed')}.querySelector('.number').innerText === '2'")
    browser.tap(tally("passed"))
    browser.wait(f"{tally('passed')}.querySelector('.number').innerText === '3'")


def test_a_clock_that_is_set_back_does_not_move_counts(browser, tmp_path):
    browser.set_clock(START_MS)
    begin(browser, station_page(tmp_path, sessions=("clock",)))
    for _ in range(31):
        browser.run("advance(10_000)")
        browser.tap(tally("passed"))
    browser.run("advance(-3_600_000)")
    browser.tap(tally("passed"))
    browser.tap(tally("passed"))
    browser.run("advance(5_000)")
    log, _ = stop_and_save(browser, "clock")
    counts = log.interval_counts[log.interval_counts["item"] == "passed"]
    assert counts.set_index("interval_no")["value"].to_dict() == {0: 29.0, 1: 4.0}
    assert log.sessions.loc[0, "stopped_at"] == "2026-11-23T08:05:15+07:00"
    assert log.notes["text"].tolist() == ["clock of the phone was set back by 3600 s"]


@pytest.mark.parametrize("language", ["en", "th", "vi", "zh"])
def test_everything_fits_360_px_in_every_language(browser, tmp_path, language):
    page = station_page(
        tmp_path,
        placements=("P01", "BTS-SIAM-PLATFORM-3-CROSS-TRACK-0001"),
        sessions=("fit",),
        language=language,
    )
    too_wide = """[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 361
        && getComputedStyle(e).overflow !== 'hidden').map(e => e.outerHTML.slice(0, 200))"""
    small = """[...document.querySelectorAll('button, input, select')].map(e => [e, e.getBoundingClientRect()])
        .filter(([e, r]) => r.height > 0 && (r.height < 40 || r.width < 40)).map(([e, r]) => e.outerHTML.slice(0, 200))"""
    browser.open(page)
    browser.tap("document.querySelector('footer button.main')")
    browser.wait("document.querySelector('#start')")
    for tab in ("setup", "interval", "scan", "per_ad", "log", "stop"):
        if tab == "interval":
            browser.tap("document.querySelector('#start')")
            browser.wait("document.querySelector('.tally')")
        elif tab != "setup":
            browser.tap(f"document.querySelector('[data-tab={tab}]')")
        if tab == "scan":
            browser.tap("document.querySelector('[data-scan]')")
        assert browser.run(too_wide) == [], tab
        assert browser.run(small) == [], tab
        assert browser.run("document.documentElement.lang") == language
