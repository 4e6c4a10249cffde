"""A page, parsed, to ask it what it says and what could act in it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from grader.report import escape, pages

INLINE = {"b", "i", "a", "bdi", "code", "span"}
VOID = {"meta", "br", "img", "hr", "link", "input"}
ACTIVE = {"script", "iframe", "object", "embed", "link", "form", "base", "audio", "video", "img"}


class Page(HTMLParser):
    """A page, parsed: its elements, its text, and whether every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text, self.style, self.script, self.open = "", "", "", [""]
        self.feed(html)
        self.close()
        assert self.open == [""], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that holds others."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        self.text += "" if tag in INLINE else "\n"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that holds nothing."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Every end belongs to the last start."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text, and style sheet and script apart from it."""
        if self.open[-1] == "style":
            self.style += data
        elif self.open[-1] == "script":
            self.script += data
        else:
            self.text += data


def words(page: Page) -> str:
    """The text of a page with its spaces evened out."""
    return " ".join(page.text.split())


def inert(html: str) -> Page:
    """Parse a page and assert that nothing in it can act or reach out."""
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag not in ACTIVE - {"script", "img"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "srcset", "action")
            if name == "src":
                assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/]+=*", value), value
            if "href" in name:
                assert re.fullmatch(r"#[a-z]+(-[0-9]+)?|[A-Za-z0-9_-]+\.html", value), value
            if name not in ("title", "aria-label"):
                assert "://" not in value
    assert not re.search(r"url\(|@import|expression|://", page.style)
    policies = [a["content"] for _, a in page.elements if "http-equiv" in a]
    assert len(policies) == 1
    allowed = f"default-src 'none'; style-src '{pinned(page.style)}'; img-src data:;"
    allowed += f" script-src '{pinned(page.script)}';" if page.script else ""
    assert policies[0] == f"{allowed} base-uri 'none'; form-action 'none'"
    assert page.script in ("", (pages.bundled_templates() / "page.js").read_text("utf-8").strip())
    assert html.count("<script") == bool(page.script)
    hidden = [c for c in page.text if c not in "\n\t" and escape.block(c) != c]
    assert not hidden
    return page


def pinned(text: str) -> str:
    """How a policy names a style sheet or a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
