"""The pages of a class and of a notebook in a real browser: silent, reachable, printed whole."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from grader.records import file_names
from grader.records.causes import list_causes
from grader.records.execution import ExecutedCell, ExecutedNotebook
from grader.records.likeness import Likeness
from grader.records.place import Place
from grader.records.result import Graded
from grader.report import class_page, pages
from grader.report.notebook_page import Links, notebook_page
from kit.browser import find_violations, open_browser
from kit.large_class import many
from kit.sample_records import HOSTILE, a_class, check, graded

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.proof, pytest.mark.process]
ENV = pages.environment()
KINDS = ("class", "notebook")
"""Kinds of pages; a large class has the same elements, many times over."""
Scheme = Literal["light", "dark"]
PAPER = 1032
"""CSS pixels between the margins of A4 in landscape."""


def class_html(rows: list[Graded]) -> str:
    """The page of a class with everything that a class page can have."""
    evidence = {"leaderboard": {"accuracy": 0.98, "parameters": 61706}}
    ranked = dataclasses.replace(rows[0].checks[0], earned=1.0, evidence=evidence)
    rows[0] = dataclasses.replace(rows[0], checks=(ranked, *rows[0].checks[1:]))
    rows[1] = dataclasses.replace(rows[1], withdrawn="2026-03-01T10:00:00")
    pair = Likeness(kind="code", students=(rows[2].student, rows[3].student), share=0.96, size=340)
    stems = file_names.file_names(one.student for one in rows)
    return class_page.index_page([one.shorten() for one in rows], ENV, stems, [pair])


def notebook_html() -> str:
    """A notebook with an error, a loss, long output, and hostile text."""
    output = {"output_type": "stream", "name": "stdout", "text": "\n".join(map(str, range(60)))}
    texts = ["import torch", "def f(x):\n    return x * 2", *HOSTILE, "y = f(1)"]
    cells = [{"cell_type": "markdown", "source": "# Lab\n\nText."}] + [
        {"cell_type": "code", "source": text, "outputs": [output] * (n == 1), "execution_count": n}
        for n, text in enumerate(texts)
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    place = Place(file="lenet.ipynb", cell=3, line=2)
    lost = check("two_steps", "failed", feedback="Twice.", at=place)
    runs = (ExecutedCell(index=5, status="error", seconds=0.2, error="ValueError: <b>"),)
    return notebook_page(
        student=HOSTILE[0],
        title="LeNet-5",
        executed=ExecutedNotebook(content=json.dumps(book).encode(), cells=runs),
        env=ENV,
        links=Links(here="a.notebook.html", back="a.html", previous="b.html", following="c.html"),
        causes=list_causes(graded("Ada", lost)),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of each kind."""
    out = tmp_path_factory.mktemp("pages")
    made = {
        "class": class_html(a_class()),
        "large": class_html(many()),
        "notebook": notebook_html(),
    }
    for name, html in made.items():
        (out / f"{name}.html").write_text(html, encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    with open_browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@contextmanager
def opened(
    browser: Browser, path: Path, width: int = 1280, scheme: Scheme = "light"
) -> Iterator[Page]:
    """The page in a window; at the end nothing was said in the console, and nothing asked for."""
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as window:
        page = window.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        page.goto(path.as_uri())
        yield page
        assert [text for text in said if text.partition("#")[0] != path.as_uri()] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(
    browser: Browser, folder: Path, kind: str, width: int, scheme: Scheme
) -> None:
    """No violation of any kind, and the page is never wider than the window."""
    with opened(browser, folder / f"{kind}.html", width, scheme) as page:
        assert find_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("kind", ["class", "large"])
def test_printing_loses_no_column(browser: Browser, folder: Path, kind: str) -> None:
    """17 checks fit on A4 in landscape, whole rows, without tools."""
    with opened(browser, folder / f"{kind}.html", PAPER) as page:
        page.emulate_media(media="print")
        assert (
            page.evaluate("document.querySelector('.every').getBoundingClientRect().right") <= PAPER
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
        assert not page.is_visible(".tools")
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def names(page: Page) -> list[str]:
    """Of the rows that are seen, in their order."""
    return page.eval_on_selector_all(
        ".every tbody tr:not([hidden]) th a", "all => all.map(a => a.textContent)"
    )


def test_the_table_sorts_by_keyboard(browser: Browser, folder: Path) -> None:
    """Once upwards, once downwards; numbers as numbers, and it says so."""
    with opened(browser, folder / "large.html") as page:
        head = page.locator(".every thead th").nth(1)
        head.locator("button").focus()
        points = ".every tbody td:nth-child(2)"
        read = "all => all.map(cell => parseFloat(cell.textContent))"
        for key, direction in (("Enter", "ascending"), ("Space", "descending")):
            page.keyboard.press(key)
            assert head.get_attribute("aria-sort") == direction
            seen = page.eval_on_selector_all(points, read)
            assert seen == sorted(seen, reverse=direction == "descending")
        page.locator(".every thead th").nth(0).locator("button").press("Enter")
        assert page.locator(".every [aria-sort]").count() == 1
        assert names(page)[-1].startswith("Firstname299")


def test_the_table_is_searched_and_filtered(browser: Browser, folder: Path) -> None:
    """By name without accents, by the end of the run, by a button; both together; all again."""
    with opened(browser, folder / "class.html") as page:
        every = len(names(page))
        search = page.locator(".tools input")
        search.fill("godel")
        assert names(page) == ["Kurt Gödel"]
        assert page.inner_text(".shown") == f"1 of {every} shown"
        search.fill("cpu limit")
        assert names(page) == ["Alan Turing"]
        search.press("Escape")
        assert len(names(page)) == every
        zero = page.locator(".chip[data-group=zero]")
        zero.focus()
        page.keyboard.press("Enter")
        assert names(page) == ["Alan Turing", "Emmy Noether", "Maryam Mirzakhani"]
        assert zero.get_attribute("aria-pressed") == "true"
        search.fill("emmy")
        assert names(page) == ["Emmy Noether"]


@pytest.mark.parametrize("width", [360, 1280])
def test_names_and_scores_stay_in_view(browser: Browser, folder: Path, width: int) -> None:
    """However far the table is scrolled, sideways and down; so does its head."""
    with opened(browser, folder / "large.html", width) as page:
        page.eval_on_selector(".roster", "box => box.scrollTo(9e5, 9e5)")
        box = page.locator(".roster").bounding_box()
        assert box is not None
        last = page.locator(".every tbody tr").last
        for cell in (
            last.locator("th"),
            last.locator("td").first,
            page.locator(".every thead th").last,
        ):
            where = cell.bounding_box()
            assert where is not None
            assert box["x"] - 1 <= where["x"] <= box["x"] + box["width"]
            assert box["y"] - 1 <= where["y"] <= box["y"] + box["height"]


def test_everything_is_there_without_the_script(browser: Browser, folder: Path) -> None:
    """No tools, but every row and every name; a link of the first lines leads to names."""
    with browser.new_context(java_script_enabled=False) as window:
        page = window.new_page()
        page.goto((folder / "class.html").as_uri())
        assert not page.is_visible(".tools")
        assert page.locator(".every tbody tr").count() == 11
        page.click("a[href='#zero']")
        assert page.is_visible("#zero a")


def test_the_list_of_cells_stays_in_view(browser: Browser, folder: Path) -> None:
    """At the end of the page it is still seen, and marks the cell that is read."""
    with opened(browser, folder / "notebook.html") as page:
        page.locator(".outline a").nth(10).click()
        page.wait_for_selector(".outline a[aria-current]")
        assert page.locator(".outline a[aria-current]").count() == 1
        where = page.locator(".outline").bounding_box()
        assert where is not None
        assert -1 <= where["y"] < 900
        assert page.locator(".folded pre").first.is_hidden()
        page.locator(".folded summary").first.press("Enter")
        assert page.locator(".folded pre").first.is_visible()
