"""A student's page in a real browser: seen, read aloud, driven by keyboard and printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.records import bounds
from grader.records.causes import list_causes
from grader.records.result import Graded
from grader.report import pages
from kit.browser import find_violations, open_browser
from kit.sample_records import a_class, graded
from kit.shown_records import everything, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.proof, pytest.mark.process]
RECORDS = [*a_class(), everything(), hostile(), graded("Nobody", execution=a_class()[5].execution)]
NAMES = [f"{n:02}" for n in range(len(RECORDS))]
WIDTHS, SCREEN, PAPER = (360, 1280), 900, 718
"""Pixels: of windows, of a first screen's height, and of A4 between its margins."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    with open_browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages."""
    out, env = tmp_path_factory.mktemp("pages"), pages.environment()
    for name, one in zip(NAMES, RECORDS, strict=True):
        (out / f"{name}.html").write_text(pages.student_page(one, env), encoding="utf-8")
    return out


@pytest.fixture
def page(
    browser: Browser, folder: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, Graded, Sequence[str]]]:
    """A page in a window of that width and scheme, its record, and what it complained of."""
    name, width, scheme = request.param
    complaints: list[str] = []
    with browser.new_context(
        viewport={"width": width, "height": SCREEN}, color_scheme=scheme
    ) as window:
        shown = window.new_page()
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.goto(f"file://{folder}/{name}.html")
        yield shown, RECORDS[NAMES.index(name)], complaints


def windows(names: Sequence[str], schemes: Sequence[str] = ("light",)) -> pytest.MarkDecorator:
    """Each of these pages in each width and scheme."""
    rows = [(n, w, s) for n in names for w in WIDTHS for s in schemes]
    return pytest.mark.parametrize("page", rows, indirect=True)


Shown = tuple["Page", Graded, Sequence[str]]


@windows(NAMES)
def test_nothing_is_asked_for_and_nothing_sticks_out(page: Shown, folder: Path) -> None:
    """No message on the console, no request, no page that is wider than its window or too large."""
    shown, _, complaints = page
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.reload()
    shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert [url for url in asked if not url.startswith(("data:", f"file://{folder}"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    width = shown.evaluate("document.documentElement.scrollWidth")
    assert width <= shown.evaluate("innerWidth")
    assert complaints == []
    name = shown.url.rsplit("/", 1)[1]
    assert (folder / name).stat().st_size <= bounds.STUDENT_PAGE


@windows(NAMES, ("light", "dark"))
def test_everybody_can_read_it(page: Shown) -> None:
    """axe finds no violation of any kind, with everything unfolded."""
    assert find_violations(page[0]) == []


@windows([n for n, one in zip(NAMES, RECORDS, strict=True) if list_causes(one)])
def test_the_first_card_is_on_the_first_screen(page: Shown) -> None:
    """With its title and what it costs; on a small screen its title."""
    shown, one, _ = page
    card = shown.locator(".card").first
    box = card.locator("h2, h3").first.bounding_box()
    assert box is not None
    if len(one.student) > 100:  # a name that fills a screen
        return
    assert box["y"] + box["height"] <= SCREEN
    if (shown.viewport_size or {})["width"] == WIDTHS[1]:
        assert shown.locator(".card").nth(0).evaluate("e => e.getBoundingClientRect().top") < 500


@pytest.mark.parametrize("name", NAMES)
def test_printing_loses_no_column(browser: Browser, folder: Path, name: str) -> None:
    """On paper nothing scrolls: what is wider than its box would be cut off."""
    with browser.new_context(viewport={"width": PAPER, "height": SCREEN}) as window:
        shown = window.new_page()
        shown.emulate_media(media="print")
        shown.goto(f"file://{folder}/{name}.html")
        shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = shown.evaluate(
            "[...document.querySelectorAll('.scroll, pre, .band, main')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1 && e.getClientRects().length)"
            ".map(e => `${e.tagName} ${e.className} ${e.scrollWidth} > ${e.clientWidth}`)"
        )
        assert wide == []
        assert shown.pdf(format="A4")[:4] == b"%PDF"


@windows([NAMES[RECORDS.index(one)] for one in RECORDS if one.student == "Yusuf Demir"])
def test_a_drawing_scrolls_by_keyboard(page: Shown) -> None:
    """Whoever has no mouse reaches every region that scrolls, and sees that it is there."""
    shown, _, _ = page
    region = shown.get_by_role("group", name="Your network beside ours")
    region.focus()
    assert region.evaluate("e => e === document.activeElement")
    before = region.evaluate("e => e.scrollLeft")
    for _ in range(5):
        shown.keyboard.press("ArrowRight")
    shown.wait_for_timeout(300)
    moved = region.evaluate("e => e.scrollLeft") > before
    fits = region.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert moved != fits
