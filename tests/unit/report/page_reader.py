"""Reads a page as strictly as a report needs it: nesting, ids, addresses, texts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr", "base"}


@dataclass
class Page:
    tags: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    images_without_alt: int = 0
    text: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.open = Page(), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        page = self.page
        page.tags[tag] += 1
        if tag in ("h1", "h2", "h3", "h4", "h5"):
            page.headings.append(tag)
        known = dict(attrs)
        page.images_without_alt += tag == "img" and not known.get("alt")
        for name, value in attrs:
            if name == "id":
                page.ids.append(value or "")
            elif name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
                (page.anchors if (value or "").startswith("#") else page.addresses).append(value or "")
            elif name.startswith("on"):
                page.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.page.text.append(data)


def read_page(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.page
