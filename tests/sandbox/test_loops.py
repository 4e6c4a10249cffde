"""Who wrote a loop that nothing leaves is told so; whose code is merely slow is not."""

from __future__ import annotations

import time

import pytest

from grader.records.limits import Limits
from grader.sandbox import ForkServer, cells, loops, outcome
from kit.boxes import job

LIMITS = Limits(cpu_seconds=3.0, cell_seconds=0.3, patience=60)

ENDLESS = {
    "while True: pass": 1,
    "x = 1\nwhile (1):\n    x += 1\nprint(x)": 2,
    "def f():\n    while  True :\n        g()\n\nf()": 2,
    "while True:\n    while True:\n        pass": 2,
    "while True:\n    # break\n\n    pass\n": 1,
    "for i in range(3):\n    while True:\n        i += 1\n    print(i)": 2,
}
FINITE = [
    "",
    "for i in range(10**12): pass",
    "while True:\n    if done(): break\n",
    "while True: raise ValueError",
    "def numbers():\n    while True:\n        yield 1\n",
    "while i < 10**12:\n    i += 1",
    "def f():\n    while True:\n        x = g()\n        if x:\n            return x\n",
    "# while True: pass",
    "while not Trueish: pass",
    "awhile = True",
]


@pytest.mark.parametrize(("source", "line"), ENDLESS.items())
def test_a_loop_that_nothing_leaves_is_found(source: str, line: int) -> None:
    """With the line where it begins."""
    found = loops.find_endless(source)
    assert found is not None
    assert found.line == line
    assert "while" in found.code
    assert "a loop that does not end" in loops.advise(source, waited=False)


@pytest.mark.parametrize("source", FINITE)
def test_of_others_nobody_knows(source: str) -> None:
    """Code that may come to an end is never called endless."""
    assert loops.find_endless(source) is None
    assert "loop" not in loops.advise(source, waited=False)


def test_where_it_waited_the_loop_may_be_why() -> None:
    """`while` and a sleep: the condition may never come true. Without, the sleep is long."""
    assert "loop" in loops.advise("while not ready():\n    time.sleep(1)", waited=True)
    assert "loop" not in loops.advise("time.sleep(100)", waited=True)


def test_a_large_text_takes_no_time() -> None:
    """However deep its loops are nested."""
    deep = "\n".join(" " * (i % 900) + "while True:" for i in range(20_000))
    began = time.process_time()
    loops.find_endless(deep)
    loops.advise("while" + " " * 10**6, waited=True)
    assert time.process_time() - began < 2


def test_a_slow_module_is_told_to_do_less(server: ForkServer) -> None:
    """A `for` over a range comes to its end some day; a `while True` does not, and is shown."""
    said = {}
    for name, source in {
        "slow": "for i in range(10**12): pass\n",
        "endless": "x = 0\nwhile True:\n    x += 1\n",
    }.items():
        with server.open(job({"a.py": source.encode()}, entry="a.py", limits=LIMITS)) as box:
            assert box.load() is None
        said[name] = box.close()
    slow, endless = said["slow"], said["endless"]
    assert {slow.status, endless.status} <= {"cpu", "time"}
    assert "loop" not in " ".join([slow.reason, *slow.notes])
    assert "let it do less: fewer epochs, less data" in slow.reason
    assert "look for a loop that does not end" in endless.reason
    assert "a.py, line 2: nothing leaves the loop `while True:`." in endless.notes


def test_a_slow_cell_is_told_to_do_less() -> None:
    """It could not be interrupted: that says nothing about its end."""
    death = outcome.read_death({"why": "cell", "code": -9})
    reason = cells.of_death(3, death, LIMITS).reason
    assert reason.startswith("Cell 3 ran past the limit of 0.3 seconds for one cell, and could not")
    assert "loop" not in reason


def test_the_loop_of_a_cell_is_shown() -> None:
    """By cell and line, as the file has it; of a file that is no notebook nothing is said."""
    book = (
        b'{"cells": [{"cell_type": "code", "source": ["x = 1\\n", "while True:\\n", "  x += 1"]}]}'
    )
    texts = cells.read_sources("a.ipynb", {"a.ipynb": book}, {1})
    assert list(texts) == ["a.ipynb, cell 1"]
    assert loops.find_endless(texts["a.ipynb, cell 1"]) == (2, "while True:")
    assert cells.read_sources("a.ipynb", {"a.ipynb": b"["}, {1}) == {}
