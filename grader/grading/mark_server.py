"""The form in which a person marks by hand: pages on the loopback address, for one person.

Theory. Only a browser that was given the address may speak to it. The address holds a token that
nobody can guess; the `Host` has to be this address, so that no other name leads here; a form is
taken only from a page of ours (`Origin`). Pages load nothing and run nothing (CSP), so what
students wrote is text. Each mark stands in the ledger before the answer goes out: whenever the
process dies, nothing that was confirmed is lost. The ledger is open for that moment only, so that
grading can go on meanwhile.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qs

from grader.grading import marking
from grader.ledger.ledger import Ledger
from grader.ledger.overlay import find_subject
from grader.records.errors import GraderError, UsageError
from grader.records.mark import Mark
from grader.records.result import CheckResult, Graded
from grader.report.mark_page import MarkPages

HOST = "127.0.0.1"
MOST_BYTES = 64 << 10
"""Of a form."""
SECONDS = 20.0
"""How long a browser may be silent in the middle of a request."""
_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Marking:
    """One person's marking of one output folder."""

    out: Path
    by: str
    pages: MarkPages
    rubrics: Mapping[str, str]
    """By check what who marks it should read."""
    models: Mapping[str, str]
    """By label of a written answer that of the reference."""
    items: list[marking.Item]
    """Everything there is to decide, in the order of marking."""
    lock: Lock = field(default_factory=Lock)

    @property
    def left(self) -> int:
        """How much is not decided."""
        return sum(not item.done for item in self.items)

    def find_open(self, after: int) -> int | None:
        """The next undecided thing from there on, around the end; None where there is none."""
        order = [*range(after, len(self.items)), *range(min(after, len(self.items)))]
        return next((n for n in order if not self.items[n].done), None)

    def read(self, item: marking.Item) -> tuple[Graded, list[Mark]]:
        """The result as it stands now, and the marks that were made of this until now."""
        with Ledger(self.out / "grades.db", readonly=True) as ledger:
            found = ledger.results([item.student])
            if not found:
                raise UsageError(f"there is no student {item.student!r:.80} any more")
            return found[0], _list_own(item, ledger.marks())

    def keep(self, number: int, form: Mapping[str, str]) -> None:
        """What was entered stands in the ledger. Raises GraderError, and then nothing of it."""
        item = self.items[number]
        with self.lock:
            marks = _read_form(self.read(item)[0], item, form, self.by)
            if not marks:
                return
            with Ledger(self.out / "grades.db") as ledger:
                log = ledger.marks()
                news = marking.list_news(marks, log)
                if news:
                    _require_seen(_list_own(item, log), form.get("seen", ""))
                ledger.add_marks(news)
            again = marking.list_items([self.read(item)[0]])
            done = next((i.done for i in again if i.check == item.check), True)
            self.items[number] = replace(item, done=done)


def _list_own(item: marking.Item, log: Sequence[Mark]) -> list[Mark]:
    return [mark for mark in log if (mark.student, mark.check) == (item.student, item.check)]


def _require_seen(own: Sequence[Mark], seen: str) -> None:
    """Nobody decides over what somebody decided meanwhile, in another window. Raises UsageError."""
    if seen and own and seen != str(len(own)):
        last = own[-1]
        given = "" if last.points is None else f", {last.points:g} points"
        said = f" “{last.comment}”" if last.comment else ""
        raise UsageError(
            f"meanwhile {last.by} marked this{given}{said}. Save again to put yours in its place"
        )


def _read_form(graded: Graded, item: marking.Item, form: Mapping[str, str], by: str) -> list[Mark]:
    """The marks that a form makes."""
    points, comment = form.get("points", ""), form.get("comment", "")
    about = form.get("about", "")
    if item.check:
        if not points.strip() and not comment.strip():
            return []
        return [marking.mark_check(graded, item.check, points, comment, by=by, about=about)]
    marks = []
    looked = marking.settle(graded, "", by=by, about=about)
    excused = marking.excuse(graded, "", by=by)
    for mark, name, was in (
        (looked, "settled", graded.settled),
        (excused, "excused", graded.excused),
    ):
        if (name in form) != was:
            marks.append(mark if name in form else marking.take_back(mark))
    if points.strip() or comment.strip():
        marks.append(marking.mark_whole(graded, points, comment, by=by))
    return marks


def _find_label(check: CheckResult | None) -> str:
    answer = check.evidence.get("answer") if check is not None else None
    return str(answer.get("label", "")) if isinstance(answer, Mapping) else ""


class MarkServer(ThreadingHTTPServer):
    """Serves one marking until it is ended. `address` is where."""

    daemon_threads = True

    def __init__(self, session: Marking, port: int = 0) -> None:
        self.session, self.token = session, secrets.token_urlsafe(24)
        super().__init__((HOST, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing is said of a browser that went away in the middle."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def host(self) -> str:
        """What a browser calls this server."""
        return f"{HOST}:{self.server_address[1]}"

    @property
    def address(self) -> str:
        """Where a browser begins; whoever knows it may mark."""
        return f"http://{self.host}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: MarkServer
    timeout = SECONDS
    _body = b""
    server_version, sys_version = "grader", ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the address holds the token."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        # Read before anything is refused: a socket that is closed with something unread in it is
        # reset, and the browser would not see why.
        length = self.headers.get("Content-Length", "")
        size = int(length) if re.fullmatch("[0-9]{1,9}", length) else 0
        self._body = self.rfile.read(min(size, 4 * MOST_BYTES))
        self._answer(self._post)

    def _answer(self, act: Callable[[Sequence[str]], None]) -> None:
        """What the request asks for, if it may be asked by whoever asks."""
        parts = self.path.partition("?")[0].strip("/").split("/")
        if self.headers.get("Host") != self.server.host:
            self._refuse(HTTPStatus.FORBIDDEN, "This page has another address.")
        elif not hmac.compare_digest(parts[0].encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        else:
            try:
                act(parts[1:])
            except (GraderError, OSError) as error:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}")

    def _get(self, parts: Sequence[str]) -> None:
        session, first = self.server.session, parts[0] if parts else ""
        if not first:
            number = session.find_open(0)
            self._go("done" if number is None else str(number))
        elif first == "all":
            self._send(session.pages.show_all(session.items, session.left))
        elif first == "done":
            self._send(session.pages.show_done(len(session.items), session.left))
        else:
            self._show_item(first)

    def _show_item(self, word: str, fault: str = "", form: Mapping[str, str] | None = None) -> None:
        session, number = self.server.session, self._read_number(word)
        if number is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
            return
        item, count = session.items[number], len(session.items)
        graded, own = session.read(item)
        check = marking.find_check(graded, item.check) if item.check else None
        following = session.find_open(number + 1)
        page = session.pages.show_item(
            graded,
            check,
            rubric=session.rubrics.get(item.check, ""),
            model=session.models.get(_find_label(check), ""),
            about=find_subject(graded, check),
            seen=len(own),
            links=(
                str(number),
                "done" if following in (None, number) else str(following),
                str((number - 1) % count),
            ),
            counts=(count, session.left),
            fault=fault,
            form=form,
        )
        self._send(page, HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK)

    def _post(self, parts: Sequence[str]) -> None:
        """A form, from a page of ours alone."""
        origin = self.headers.get("Origin")
        if origin != f"http://{self.server.host}":
            self._refuse(HTTPStatus.FORBIDDEN, "A form of another page is not taken.")
            return
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            self._refuse(HTTPStatus.FORBIDDEN, "A form of another page is not taken.")
            return
        form = self._read_form()
        if form is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no form of these pages.")
        elif parts == ["end"]:
            self._send(self.server.session.pages.show_end())
            self.server.shutdown()
        elif (number := self._read_number(parts[0] if parts else "")) is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        else:
            self._keep(number, form)

    def _keep(self, number: int, form: Mapping[str, str]) -> None:
        session = self.server.session
        try:
            session.keep(number, form)
        except GraderError as error:
            self._show_item(str(number), f"{str(error).rstrip('.')}.", form)
            return
        following = session.find_open(number + 1)
        self._go("done" if following is None else str(following))

    def _read_number(self, word: str) -> int | None:
        """The place of a thing to decide."""
        right = word.isascii() and word.isdigit() and len(word) < 8
        return int(word) if right and int(word) < len(self.server.session.items) else None

    def _read_form(self) -> dict[str, str] | None:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != _FORM or len(self._body) > MOST_BYTES:
            return None
        body = self._body.decode("utf-8", "replace")
        try:
            fields = parse_qs(body, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            return None
        return {name: values[-1] for name, values in fields.items()}

    # ------------------------------------------------------------------ answers

    def _go(self, where: str) -> None:
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", f"/{self.server.token}/{where}")
        self._end_headers(0)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self.close_connection = True
        self._send(self.server.session.pages.show_text(text), status)

    def _send(self, html: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        content = html.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self._end_headers(len(content))
        self.wfile.write(content)

    def _end_headers(self, length: int) -> None:
        for name, value in (
            ("Content-Length", str(length)),
            ("Content-Security-Policy", self.server.session.pages.policy),
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
