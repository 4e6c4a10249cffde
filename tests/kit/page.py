"""A page, parsed, to ask it what it says and what could act in it."""

from __future__ import annotations

from html.parser import HTMLParser

INLINE = {"b", "i", "a", "bdi", "code", "span"}
VOID = {"meta", "br", "img", "hr", "link", "input"}
ACTIVE = {"script", "iframe", "object", "embed", "link", "form", "base", "audio", "video", "img"}


class Page(HTMLParser):
    """A page, parsed: its elements, its text, and whether every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text, self.style, self.open = "", "", [""]
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
        """Text, and the style sheet apart from it."""
        if self.open[-1] == "style":
            self.style += data
        else:
            self.text += data


def words(page: Page) -> str:
    """The text of a page with its spaces evened out."""
    return " ".join(page.text.split())
