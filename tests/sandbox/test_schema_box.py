"""What real boxes say is what `inside.schema` names: requests, replies, and the facts in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from grader.inside.schema import messages
from grader.inside.wire import Array
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer
from grader.sandbox.channel import Channel
from kit.boxes import job
from kit.forms import faults

LIMITS = Limits(cpu_seconds=20.0, memory_mib=2048, processes=16, disk_mib=4, output_kib=4)
BRIEF = Limits(cpu_seconds=20.0, cell_seconds=0.5, memory_mib=2048, processes=16, disk_mib=4)
REPLIES = {
    "answer": messages.Answer | messages.LoadedNotebook,
    "died": messages.Death | messages.NotebookDeath,
    "ended": messages.End,
}
MODULE = """
import os, sys, torch

def good():
    torch.zeros(1).to("cuda")
    print("seen")
    return 1

def bad():
    return [1] + 1

def ends():
    os._exit(3)

def prints():
    while True:
        print("x" * 10_000)
"""

Said = list[tuple[str, Any]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """Every reply of the boxes that are opened: its kind, and what it says."""
    heard: Said = []
    plain = Channel.request

    def request(self: Channel, head: Mapping[str, Any], arrays: Sequence[Array] = ()) -> Any:
        assert not faults(json.loads(json.dumps(head)), messages.Request)
        reply = plain(self, head, arrays)
        heard.append(reply[:2])
        return reply

    monkeypatch.setattr(Channel, "request", request)
    return heard


def fits(said: Said) -> None:
    """Each reply has exactly the keys, of the types, that the schema names."""
    for kind, head in said:
        assert faults(head, REPLIES[kind]) == [], kind


def module(server: ForkServer, source: str, limits: Limits = LIMITS) -> Box:
    """A box with a module."""
    return server.open(job({"x.py": source.encode()}, entry="x.py", limits=limits))


def notebook(server: ForkServer, *sources: str, limits: Limits = LIMITS) -> Box:
    """A box with a notebook."""
    cells = [{"cell_type": "code", "source": s, "metadata": {}, "outputs": []} for s in sources]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    return server.open(job({"x.ipynb": book.encode()}, entry="x.ipynb", limits=limits))


def test_a_module_answers_in_form(server: ForkServer, said: Said) -> None:
    """A value, an error, a missing name, a death, and a death for what was printed."""
    with module(server, MODULE) as box:
        for name in ("good", "bad", "absent", "ends", "good", "prints"):
            box.ask("call", {"name": name})
    fits(said)
    assert [kind for kind, _ in said].count("died") == 2
    keys = set[str]().union(*(head for kind, head in said if kind == "answer"))
    assert keys >= {"value", "error", "missing", "remarks", "loaded", "nonce"}
    (end,) = [head for kind, head in said if kind == "ended"]
    assert end["death"]["why"] == "output"


def test_loading_answers_in_form(server: ForkServer, said: Said) -> None:
    """A module that raises, and one that ends its process; a question for the dead one."""
    with module(server, "x = 1 / 0") as box:
        box.load()
    with module(server, "import os\nos._exit(1)") as box:
        box.ask("value", {"name": "x"})
    with server.open(job({}, entry="absent.py", limits=LIMITS)) as box:
        box.load()
    fits(said)
    errors = [head["error"] for kind, head in said if kind == "answer" and "error" in head]
    assert [e["kind"] for e in errors] == ["ZeroDivisionError", "FileNotFoundError"]


def test_a_process_that_died_meanwhile_is_reported_in_form(server: ForkServer, said: Said) -> None:
    """It ended between two questions: the second one learns of it."""
    source = "import threading, os\ndef f():\n    threading.Timer(0.2, os._exit, [0]).start()\n"
    with module(server, f"{source}def g():\n    import time\n    time.sleep(1)\n") as box:
        box.ask("call", {"name": "f"})
        box.ask("call", {"name": "g"})
    fits(said)
    assert any(kind == "died" for kind, _ in said)


@pytest.mark.proof
def test_cells_are_reported_in_form(server: ForkServer, said: Said) -> None:
    """One that works, one that fails, one that is interrupted, an empty one, one that ends it all."""
    sources = ("x = 1", "x / 0", "while True: pass", "", "import os; os._exit(1)", "x = 2")
    with notebook(server, *sources, limits=BRIEF) as box:
        box.load()
    fits(said)
    statuses = [cell["status"] for _, head in said for cell in head.get("cells", [])]
    assert statuses == ["ok", "error", "time", "ok", "died", "ok"]


def test_the_end_of_a_notebook_is_reported_in_form(server: ForkServer, said: Said) -> None:
    """Of a cell that ended its kernel only definitions are read, so the last kernel answers."""
    with notebook(server, *["import os; os._exit(1)"] * 5) as box:
        box.load()
    with notebook(server, "x = 1") as box:
        box.load()
    with server.open(job({"x.ipynb": b"no"}, entry="x.ipynb", limits=LIMITS)) as box:
        box.load()
    fits(said)
    assert [kind for kind, _ in said] == ["answer", "ended"] * 3
    assert {cell["status"] for cell in said[0][1]["cells"]} == {"died", "ok"}


@pytest.mark.parametrize("form", REPLIES.values(), ids=REPLIES)
def test_another_form_would_be_noticed(form: Callable[..., Any]) -> None:
    """An empty reply, or one with a key of another's, does not pass for any but an answer."""
    assert faults({"cells": [], "nonce": 1}, form)
