"""The pages of the sample class, graded for this: what is to be mended first is seen first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.assignment.course import Course
from grader.grading.grade import grade
from grader.records import bounds
from grader.records.causes import list_causes
from grader.records.result import Graded
from grader.sandbox import ForkServer
from grader.submissions import collect
from kit.browser import open_browser
from kit.graded import Borrower
from kit.places import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.proof, pytest.mark.process]
SCREEN = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    with open_browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def out(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of the sample class of `lenet5_mnist`."""
    course, place = Course(ROOT), tmp_path_factory.mktemp("sample")
    loaded = course.load("lenet5_mnist")
    course.write_sample(loaded, place / "class")
    with Borrower(server, loaded, seed=7) as executor:
        grade(executor, collect.read_class(place / "class", loaded.asked), place / "out")
    return place / "out"


def test_the_first_card_of_everybody_who_lost_points_is_on_the_first_screen(
    out: Path, browser: Browser
) -> None:
    """With its title, what it costs and its place; pages are small, ask for nothing and complain of
    nothing.
    """
    records = {
        path.stem: Graded.from_json(json.loads(path.read_bytes())) for path in out.glob("*.json")
    }
    losers = [stem for stem, one in records.items() if list_causes(one)]
    assert len(losers) >= 10
    told: list[str] = []
    with browser.new_context(viewport=SCREEN) as window:  # type: ignore[arg-type]
        page = window.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("request", lambda request: told.append(request.url))
        for stem in losers:
            page.goto(f"file://{out}/{stem}.html")
            card = page.locator(".card").first
            for part in ("h2, h3", ".cost"):
                box = card.locator(part).first.bounding_box()
                assert box is not None, (stem, part)
                assert box["y"] + box["height"] <= SCREEN["height"], (stem, part)
            assert (out / f"{stem}.html").stat().st_size <= bounds.STUDENT_PAGE
    allowed = tuple(f"file://{out}/{stem}.html" for stem in losers)
    assert [text for text in told if not text.startswith((*allowed, "data:"))] == []
