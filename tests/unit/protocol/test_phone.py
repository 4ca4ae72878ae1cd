"""The phone page as text: one file, nothing from the network, and no text of the document is ever markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from gazestudy.protocol import list_templates, load_protocol, parse_protocol
from gazestudy.protocol.targets import TARGETS, export_protocol
from gazestudy.protocol.targets.phone_words import PHONE_WORDS, page_words

TEMPLATES = [template.name for template in list_templates()]


class Page(HTMLParser):
    """What a browser sees: elements with their attributes, and what is inside script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.current = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.current = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag):
        self.current = ""

    def handle_data(self, data):
        if self.current in self.inside:
            self.inside[self.current][-1] += data


def export(tmp_path, document="station_point_observation", **options) -> str:
    protocol = load_protocol(document) if isinstance(document, str) else document
    return export_protocol(protocol, "html", tmp_path / "page.html", **options).path.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_page_is_one_file_that_may_run_its_own_script_alone(tmp_path, name):
    text = export(tmp_path, name)
    page = Page(text)
    assert [tag for tag, _ in page.tags] == [
        "html", "head", "meta", "meta", "meta", "meta", "title", "style", "body", "div", "noscript", "script", "script",
    ]  # fmt: skip
    assert not any("src" in attributes or "href" in attributes for _, attributes in page.tags)
    policy = next(attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv"))
    for kind, inside in (("script", page.inside["script"][1]), ("style", page.inside["style"][0])):
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?://", page.inside["script"][1])
    data = json.loads(page.inside["script"][0])
    assert data["protocol"] == load_protocol(name).to_dict()
    assert set(data["words"]) >= {"en", "th", "vi", "zh"}


def test_texts_of_the_document_never_become_markup(tmp_path):
    evil = "</script></title><img src=x onerror=alert(1)><!-- <script> \u2028 @@SCRIPT@@ &"
    document = {
        "schema": "gazestudy-protocol/1", "id": "evil", "version": "1", "languages": ["en"], "default_language": "en",
        "title": {"en": evil}, "purpose": {"en": evil},
        "blocks": [{"id": "log", "kind": "log", "title": {"en": evil}, "items": [{"id": "note", "type": "text", "label": {"en": evil}}]}],
    }  # fmt: skip
    page = Page(export(tmp_path, parse_protocol(json.dumps(document)), prefill={}))
    assert [tag for tag, _ in page.tags].count("script") == 2 and "img" not in [tag for tag, _ in page.tags]
    assert "".join(page.inside["title"]) == evil
    assert json.loads(page.inside["script"][0])["protocol"]["title"] == {"en": evil}


def test_options_are_in_the_page(tmp_path):
    text = export(
        tmp_path,
        language="th",
        sessions=("A", "B"),
        placements=("P1",),
        length_s=1800,
        prefill={"station_id": "S</01>"},
    )
    data = json.loads(Page(text).inside["script"][0])
    assert (data["language"], data["sessions"], data["length_s"]) == ("th", ["A", "B"], 1800)
    assert data["placements"][0]["code"] == "P1" and data["prefill"] == {"station_id": "S</01>"}
    assert Page(text).tags[0] == ("html", {"lang": "th"})


def test_every_word_is_there_in_four_languages_with_the_same_blanks():
    for name, text in PHONE_WORDS.items():
        assert set(text) == {"en", "th", "vi", "zh"}, name
        blanks = {language: sorted(re.findall(r"\{\w+\}", words)) for language, words in text.items()}
        assert len({tuple(found) for found in blanks.values()}) == 1, name
    assert page_words(("fr",))["fr"] == page_words(())["en"]


def test_every_word_that_the_script_asks_for_is_there(tmp_path):
    script = Page(export(tmp_path)).inside["script"][1]
    asked = set(re.findall(r'\bword\("(\w+)"[,)]', script))
    assert asked and asked <= set(page_words(("en",))["en"])
    assert {
        f"tab_{kind}" for kind in ("interval", "scan", "focal", "per_ad", "answers", "log", "stop")
    } <= set(PHONE_WORDS)


def test_what_the_page_cannot_hold_is_said(tmp_path):
    done = export_protocol(load_protocol("ad_face_audit"), "html", tmp_path / "page.html")
    assert any("pictures" in text for text in done.dropped)
    assert TARGETS["html"].suffix == ".html"
