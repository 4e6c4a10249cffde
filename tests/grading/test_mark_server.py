"""The marking form answers its own page alone, and keeps each mark before it says so."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from grader.grading import marking
from grader.grading.mark_server import MOST_BYTES, Marking, MarkServer
from grader.ledger.ledger import Ledger
from grader.records.result import CheckResult, Graded
from grader.report.mark_page import MarkPages
from kit.sample_records import graded

Reply = tuple[int, dict[str, str], str]
HOSTILE = '</blockquote><script>alert(1)</script><form action="https://elsewhere.example">'


def asked(student: str, answer: str) -> Graded:
    """A result with a question that waits."""
    one = graded(student)
    question = CheckResult(
        name="why",
        title="Why?",
        outcome="open",
        points=4,
        earned=0,
        evidence={"answer": {"label": "Q1", "text": answer, "places": ["a.py"], "cut": False}},
        needs_review=True,
        person=True,
    )
    return replace(one, checks=(*one.checks, question), max_score=104.0)


class Browser:
    """Speaks to a server as a browser would, or otherwise."""

    def __init__(self, server: MarkServer) -> None:
        self.server = server

    def get(self, path: str = "", **headers: str) -> Reply:
        """The page below the token, or at a path of its own."""
        return self._ask("GET", path, headers, None)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Reply:
        """A form sent from a page of the server's."""
        given = {
            "Origin": f"http://{self.server.host}",
            "Content-Type": "application/x-www-form-urlencoded",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return self._ask("POST", path, given, urlencode(form))

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str | None) -> Reply:
        address = path if path.startswith("/") else f"/{self.server.token}/{path}"
        wire = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=10)
        sent = {k: v for k, v in headers.items() if v}
        wire.request(method, address, body, sent)
        reply = wire.getresponse()
        text = reply.read().decode()
        wire.close()
        return reply.status, dict(reply.getheaders()), text


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Two answers wait, and another result that contradicts itself."""
    with Ledger(tmp_path / "grades.db") as ledger:
        ledger.add_result(asked("Ada", "No graph."), "1", "r")
        ledger.add_result(asked("Bob", HOSTILE), "2", "r")
        ledger.add_result(graded("Eve", doubtful=True, notes=("Odd counts.",)), "3", "r")
        items = marking.list_items(ledger.results())
    session = Marking(
        out=tmp_path,
        by="Grace",
        pages=MarkPages("LeNet-5"),
        rubrics={"why": "One point for the graph."},
        models={"Q1": "No graph is kept."},
        items=items,
    )
    with MarkServer(session) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Browser(server)
        server.shutdown()
        thread.join()


def kept(browser: Browser) -> dict[tuple[str, str], float | None]:
    """Student, kind and points of every mark in the ledger."""
    with Ledger(browser.server.session.out / "grades.db", readonly=True) as ledger:
        return {(m.student, m.kind): m.points for m in ledger.marks()}


def test_an_answer_stands_beside_rubric_and_reference(browser: Browser) -> None:
    """And the page can load, run and send nothing elsewhere, whatever was written."""
    assert browser.get()[1]["Location"].endswith("/0")
    status, headers, page = browser.get("0")
    assert status == 200
    for text in ("No graph.", "One point for the graph.", "No graph is kept.", "Ada"):
        assert text in page
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "form-action 'self'" in policy
    assert "script-src" not in policy
    hostile = browser.get("1")[2]
    assert "&lt;script&gt;" in hostile
    assert "<script" not in hostile
    assert hostile.count("<form") == 1


def test_a_mark_is_kept_and_leads_to_the_next(browser: Browser) -> None:
    """By whom and of what; at the end, nothing is left."""
    about = browser.get("0")[2].split('name="about" value="')[1].split('"')[0]
    status, headers, _ = browser.post("0", {"points": "2.5", "comment": "Ok.", "about": about})
    assert (status, headers["Location"].rsplit("/", 1)[1]) == (303, "1")
    assert kept(browser) == {("Ada", "check"): 2.5}
    assert "Ok." in browser.get("0")[2]
    browser.post("1", {"points": "0", "about": "1" * 64})
    # That was of something else than what stands there now: it waits on.
    assert browser.server.session.left == 2
    browser.post("1", {"points": "0"})
    last = browser.post("2", {"settled": "yes", "about": "0f" * 32, "points": "-3", "comment": "x"})
    assert last[1]["Location"].endswith("/done")
    assert "Everything is marked" in browser.get("done")[2]
    assert kept(browser)["Eve", "whole"] == -3
    with Ledger(browser.server.session.out / "grades.db", readonly=True) as ledger:
        assert not any(g.needs_review for g in ledger.results())


def test_what_holds_already_is_not_entered_again(browser: Browser) -> None:
    """A page that is saved as it was leaves nothing in the log; an excuse is taken back there."""
    form = {"settled": "yes", "about": "0f" * 32, "points": "-3", "comment": "Odd."}
    for more in ({}, {}, {"excused": "yes"}, {"excused": "yes"}, {}):
        assert browser.post("2", {**form, **more})[0] == 303
    with Ledger(browser.server.session.out / "grades.db", readonly=True) as ledger:
        said = [(m.kind, m.taken_back) for m in ledger.marks()]
    assert said == [("settled", False), ("whole", False), ("excused", False), ("excused", True)]


@pytest.mark.parametrize("points", ["5", "-1", "many", "nan", "1e999"])
def test_points_that_cannot_be_given_are_said(browser: Browser, points: str) -> None:
    """What was typed stays in the form; nothing is kept."""
    status, _, page = browser.post("0", {"points": points, "comment": "Long work."})
    assert status == 422
    assert "Not saved" in page
    assert "Long work." in page
    assert kept(browser) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Host": "elsewhere.example"},
        {"Host": "localhost:1"},
    ],
)
def test_another_origin_and_another_host_are_refused(
    browser: Browser, headers: dict[str, str]
) -> None:
    """Nothing is kept of what they send."""
    assert browser.post("0", {"points": "1"}, **headers)[0] == 403
    assert kept(browser) == {}


def test_without_the_token_there_is_nothing(browser: Browser) -> None:
    """No page, no form, and no hint of either."""
    for path in ("/", "/0", "/wrong/0", f"/{browser.server.token[:-1]}/0", "/../0"):
        assert browser.get(path)[0] == 404
        assert browser.post(path, {"points": "1"})[0] == 404
    assert browser.get("0", Host="elsewhere.example")[0] == 403
    assert kept(browser) == {}


def test_forms_of_another_kind_and_size_are_refused(browser: Browser) -> None:
    """Numbers that are none, bodies that are too long, fields without end."""
    assert browser.post("0", {"points": "1"}, Content_Type="text/plain")[0] == 400
    assert browser.post("0", {"comment": "x" * MOST_BYTES})[0] == 400
    assert browser.post("0", {str(n): "1" for n in range(99)})[0] == 400
    assert browser.post("99", {"points": "1"})[0] == 404
    assert browser.get("-1")[0] == 404
    assert kept(browser) == {}


def test_while_a_class_is_graded_the_form_says_so(browser: Browser) -> None:
    """And what was typed is not lost."""
    with Ledger(browser.server.session.out / "grades.db"):
        status, _, page = browser.post("0", {"points": "1", "comment": "Keep me."})
    assert status == 422
    assert "Another grader is writing" in page
    assert "Keep me." in page
    assert browser.post("0", {"points": "1"})[0] == 303


def test_a_mark_of_another_window_is_not_written_over_unseen(browser: Browser) -> None:
    """It is shown first; who saves then means it."""
    page = {"points": "1", "comment": "Mine.", "seen": "0"}
    assert browser.post("0", {**page, "points": "3", "comment": "Yours."})[0] == 303
    status, _, shown = browser.post("0", page)
    assert status == 422
    assert "meanwhile Grace marked this, 3 points “Yours.”" in shown
    assert "Mine." in shown
    seen = shown.split('name="seen" value="')[1].split('"')[0]
    assert browser.post("0", {**page, "seen": seen})[0] == 303
    assert kept(browser) == {("Ada", "check"): 1.0}


def test_no_traceback_for_a_browser_that_goes_away(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the middle of a form, or with an address that is none."""
    server = browser.server
    for request in (
        f"POST /{server.token}/0 HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 99\r\n\r\nab",
        f"GET http://[ HTTP/1.1\r\nHost: {server.host}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.server_address[1])) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.sendall(request.encode())
    assert browser.get("0")[0] == 200
    time.sleep(0.05)
    assert capsys.readouterr().err == ""
