"""Frames and notebooks that once broke a box, and with it the run of a whole class, in real boxes.

After each an honest submission is measured by the same fork server.
"""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest

from grader.inside.notebooks.cells import BOOK_CAP
from grader.records.execution import Execution, Missing, StudentError
from grader.records.limits import Limits
from grader.sandbox import ForkServer
from kit.boxes import job

AMPLE = Limits(cpu_seconds=30.0, memory_mib=2048, processes=16, disk_mib=8, output_kib=4)

FORGE = '''
import json, os, struct, sys

def nonce():
    """As every forger finds it: in the frames of the code that waits for the answer."""
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if isinstance(value, dict) and isinstance(value.get("nonce"), str):
                return value["nonce"].encode()
        frame = frame.f_back

def send(head, which):
    """The frame is written to the first pipe but the question's, or to the second."""
    ends = []
    for number in range(3, 64):
        try:
            os.write(number, b"")
            ends.append(number)
        except OSError:
            pass
    data = struct.pack("<IQ", len(head), 0) + head
    while data:
        data = data[os.write(ends[which], data):]
'''

Ran = tuple[StudentError | None, Any, Execution, bytes | None]


def run(server: ForkServer, files: dict[str, bytes], entry: str) -> Ran:
    """Trouble of loading, the answer of `f`, the end, the notebook; and an honest submission after it."""
    with server.open(job(files, entry=entry, limits=AMPLE, seed=7)) as box:
        error, answer = box.load(), box.ask("call", {"name": "f"})
        execution = box.close()
    honest = {"x.py": b"def f():\n    return 42\n"}
    with server.open(job(honest, entry="x.py", limits=AMPLE, seed=1)) as after:
        assert after.ask("call", {"name": "f"})["value"]["item"] == 42
        assert after.close().status == "ok"
    return error, answer, execution, box.notebook


def module(server: ForkServer, source: str) -> Ran:
    """The same of a module that can forge."""
    return run(server, {"x.py": (FORGE + textwrap.dedent(source)).encode()}, "x.py")


def notebook(server: ForkServer, text: str) -> Ran:
    """The same of a notebook."""
    return run(server, {"x.ipynb": text.encode()}, "x.ipynb")


def book(*sources: str, **more: Any) -> str:
    """A notebook that defines `f`, with further cells."""
    cells = [
        {"cell_type": "code", "source": s, "metadata": {}} for s in ("f = lambda: 1", *sources)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells, **more})


@pytest.mark.parametrize(
    "value",
    [
        "b'\"' + 'é'.encode() * 2_000_000 + b'\"'",
        "b'[' * 60 + b']' * 60",
        "b'[' * 63 + b']' * 63",
        *(f"b'[' * {depth} + b']' * {depth}" for depth in range(979, 986)),
        "b'[' * 5000 + b']' * 5000",
    ],
)
def test_an_answer_that_cannot_be_passed_on_is_forged(server: ForkServer, value: str) -> None:
    """It can be read in the box, but not written again, or not read outside: tampered, and said so."""
    source = f"""
        def f():
            for which in (0, 1):
                try:
                    send(b'{{"nonce":"' + nonce() + b'","value":' + {value} + b'}}', which)
                except OSError:
                    pass
            return 1
        """
    _, answer, execution, _ = module(server, source)
    assert execution.status == "tampered"
    assert isinstance(answer, Missing)
    assert answer.why.endswith(".")


def test_facts_of_cells_are_not_taken_from_a_module(server: ForkServer) -> None:
    """Who forges the answer to loading, with what only a notebook's supervisor reports, is found."""
    source = """
        for which in (0, 1):
            send(json.dumps({"nonce": nonce().decode(), "cells": 5, "passes": "x"}).encode(), which)
        def f():
            return 1
        """
    _, _, execution, found = module(server, source)
    assert execution.status == "tampered"
    assert found is None


@pytest.mark.parametrize(
    "value",
    ['{"$x": 1}', '[{"$array": 0}, {"$array": 0}]', '{"$big": "--1"}', "1" * 401, '{"$float": []}'],
)
def test_a_value_that_cannot_be_kept_is_malformed(server: ForkServer, value: str) -> None:
    """It would not go into the ledger."""
    source = f"""
        def f():
            for which in (0, 1):
                send(b'{{"nonce":"' + nonce() + b'","value":' + {value.encode()!r} + b'}}', which)
            import time
            time.sleep(60)
        """
    _, answer, execution, _ = module(server, source)
    assert isinstance(answer, Missing)
    assert execution.status == "tampered"


@pytest.mark.parametrize("depth", [100, 600, 960])
def test_metadata_that_are_nested_deeply_are_dropped(server: ForkServer, depth: int) -> None:
    """They are of no use, and the notebook is run."""
    text = book(metadata={"x": "@"}).replace('"@"', "[" * depth + "]" * depth)
    error, answer, execution, _ = notebook(server, text)
    assert error is None
    assert answer["value"]["item"] == 1
    assert execution.status == "ok"


def test_json_that_is_nested_deeply_can_be_displayed(server: ForkServer) -> None:
    """It is left out of the notebook; nobody is accused of anything."""
    source = "v = []\nfor _ in range(600): v = [v]\nget_ipython().display_pub.publish({'application/json': v})"
    _, _, execution, _ = notebook(server, book(source))
    assert execution.status == "ok"
    assert "Output of cell 2 was cut." in execution.notes


@pytest.mark.proof
def test_many_cells_may_print_a_lot(server: ForkServer) -> None:
    """A hundred cells of 300 kB each: the notebook is kept within its cap, and in time."""
    _, answer, execution, found = notebook(
        server, book(*["for _ in range(1000): print('x' * 300)"] * 100)
    )
    assert answer["value"]["item"] == 1
    assert execution.status == "ok"
    assert found is not None
    assert 1 << 20 < len(found) <= BOOK_CAP


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (book("#" + "\n" * 4_200_000), "characters of code and text"),
        (book()[:-1] + ', "x": [' + "{}," * 1_100_000 + "0]}", "Clear all outputs"),
    ],
    ids=["lines", "parts"],
)
def test_what_would_take_too_much_memory_is_not_read(
    server: ForkServer, text: str, words: str
) -> None:
    """Said to the student, before it becomes an object of the supervisor's."""
    error, answer, execution, _ = notebook(server, text)
    assert error is not None
    assert words in error.message
    assert execution.status == "crashed"
    assert isinstance(answer, Missing)
