"""Marking by keyboard in a real browser; the process is killed in between, and nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.ledger.ledger import Ledger
from grader.records.mark import Mark
from grader.records.result import CheckResult, Graded
from kit.browser import find_violations, open_browser
from kit.lab import PATIENCE
from kit.places import ROOT
from kit.sample_records import graded

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.proof, pytest.mark.process]
COUNT, BEFORE_THE_KILL = 10, 4


def asked(number: int) -> Graded:
    """A student with one answer that waits."""
    one = graded(f"Student {number:02}")
    question = CheckResult(
        name="why",
        title="Why does it save memory?",
        outcome="open",
        points=4,
        earned=0,
        evidence={
            "answer": {"label": "Q1", "text": f"Answer {number}.", "places": ["a.py"], "cut": False}
        },
        needs_review=True,
        person=True,
    )
    return replace(one, checks=(*one.checks, question), max_score=104.0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder of ten."""
    with Ledger(tmp_path / "out" / "grades.db") as ledger:
        for number in range(COUNT):
            ledger.add_result(asked(number), f"key {number}", "rules")
    return tmp_path / "out"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    with open_browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@contextmanager
def serving(out: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`grader mark OUT` in a process of its own, and the address that it prints."""
    command = [sys.executable, "-m", "grader", "mark", str(out), "--as", "Grace"]
    with subprocess.Popen(
        [*command, "--course", str(ROOT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            address = next(row for row in process.stdout if row.startswith("http://")).strip()
            yield process, address
        finally:
            process.kill()


def marks(out: Path) -> list[Mark]:
    """The log, oldest first."""
    with Ledger(out / "grades.db", readonly=True) as ledger:
        return ledger.marks()


def give(page: Page, points: int, comment: str) -> None:
    """Points, comment and the button, by keyboard alone; the cursor stands in the first field."""
    from playwright.sync_api import expect

    heading = page.inner_text("h1")
    page.keyboard.type(str(points))
    page.keyboard.press("Tab")
    page.keyboard.type(comment)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text(heading)


def test_ten_answers_by_keyboard_and_a_kill_in_between(out: Path, browser: Browser) -> None:
    """Every mark that led to the next page stands in the ledger, and the rest is done afterwards."""
    with browser.new_context() as window:
        page = window.new_page()
        asked_for: list[str] = []
        page.on("request", lambda request: asked_for.append(request.url))
        with serving(out) as (process, address):
            page.goto(address)
            for number in range(BEFORE_THE_KILL):
                assert page.inner_text("blockquote") == f"Answer {number}."
                give(page, number % 5, f"Comment {number}")
            page.keyboard.type("3")  # begun, and not sent
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE)
        assert [m.points for m in marks(out)] == [0, 1, 2, 3]
        assert [m.comment for m in marks(out)] == [f"Comment {n}" for n in range(BEFORE_THE_KILL)]
        with serving(out) as (process, again):
            assert again != address
            page.goto(again)
            for number in range(BEFORE_THE_KILL, COUNT):
                assert page.inner_text("blockquote") == f"Answer {number}."
                give(page, number % 5, "")
            assert page.inner_text("h1") == "Done"
            page.keyboard.press("Enter")  # ends it
            assert process.wait(PATIENCE) == 0
        own = ("http://127.0.0.1:", "data:")
        assert [url for url in asked_for if not url.startswith(own)] == []
    every = marks(out)
    assert [m.points for m in every] == [n % 5 for n in range(COUNT)]
    assert {m.by for m in every} == {"Grace"}
    assert "marked by a person" in (out / "index.html").read_text(encoding="utf-8")
    with Ledger(out / "grades.db", readonly=True) as ledger:
        assert not any(g.needs_review for g in ledger.results())


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_mark(out: Path, browser: Browser, width: int, scheme: str) -> None:
    """axe finds no violation of any kind on the form, and it is no wider than its window."""
    sides = {"width": width, "height": 900}
    with browser.new_context(viewport=sides, color_scheme=scheme) as window:  # type: ignore[arg-type]
        page = window.new_page()
        with serving(out) as (_, address):
            page.goto(address)
            assert find_violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class _Elsewhere(BaseHTTPRequestHandler):
    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def test_a_page_of_another_origin_marks_nothing(out: Path, browser: Browser) -> None:
    """Not even one that knows the address: by a form, by a script, in a frame."""
    with serving(out) as (_, address), browser.new_context() as window:
        form = (
            f'<form method="post" action="{address}0"><input name="points" value="4"></form>'
            f'<iframe src="{address}0"></iframe>'
        )
        _Elsewhere.page = form.encode()
        with HTTPServer(("127.0.0.1", 0), _Elsewhere) as elsewhere:
            threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
            page = window.new_page()
            page.goto(f"http://127.0.0.1:{elsewhere.server_address[1]}/")
            sent = page.evaluate(
                "to => fetch(to, {method: 'POST', mode: 'no-cors', body: new URLSearchParams("
                "{points: '4'})}).then(reply => reply.type, error => 'failed')",
                f"{address}0",
            )
            assert sent in ("opaque", "failed")
            framed = page.frames[1]
            assert "Student" not in framed.content()
            with page.expect_navigation() as landed:
                page.evaluate("document.forms[0].submit()")
            assert landed.value is not None
            assert landed.value.status == 403
            elsewhere.shutdown()
    assert marks(out) == []


def test_a_name_that_leads_here_is_refused(out: Path, browser: Browser) -> None:
    """A page may be given another name for this machine: `Host` says which one was asked for."""
    with serving(out) as (_, address), browser.new_context() as window:
        reply = window.new_page().goto(address.replace("127.0.0.1", "localhost"))
        assert reply is not None
        assert reply.status == 403
