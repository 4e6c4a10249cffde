"""Notebooks in real boxes: every cell runs, what a cell does ends with that cell, and lies are named."""

from __future__ import annotations

import base64
import json
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat import v4

from grader.inside import libraries
from grader.inside.notebooks import notebook, outputs
from grader.records.execution import Execution, Missing
from grader.records.limits import Limits
from grader.sandbox import Box, CellRun, ForkServer, levels
from kit.boxes import job
from kit.processes import read_mounts

AMPLE = Limits(
    cpu_seconds=20.0, cell_seconds=10.0, memory_mib=2048, processes=16, disk_mib=8, output_kib=4
)
SLOW = Limits(cpu_seconds=60.0, cell_seconds=60.0, memory_mib=2048, processes=16, output_kib=4)
"""For cells that work hard, on a machine that does other things as well."""
BRIEF = Limits(
    cpu_seconds=10.0, cell_seconds=0.4, memory_mib=2048, processes=16, disk_mib=8, output_kib=4
)
DOUBLE = "def double(a):\n    return a * 2"


class Ran:
    """What came out of a box: the error of loading, answers to calls, cells, notebook, end."""

    def __init__(self, box: Box, calls: tuple[str, ...]) -> None:
        self.error = box.load()
        self.answers = [item(box.ask("call", {"name": name, "args": [21]})) for name in calls]
        self.end: Execution = box.close()
        self.cells: tuple[CellRun, ...] = box.cells
        self.statuses = [c.status for c in box.cells]
        self.book = None
        if box.notebook is not None:
            self.book = nbformat.reads(box.notebook.decode(), 4)
            nbformat.validate(self.book)

    def text(self, number: int) -> str:
        """What the outputs of a cell say."""
        found = []
        for output in self.book.cells[number - 1].outputs:
            data = output.get("data", {})
            found.append(output.get("text") or output.get("evalue") or data.get("text/plain", ""))
        return "".join(found)


def item(answer):
    return answer if isinstance(answer, Missing) else answer["value"]["item"]


def as_notebook(*cells: str) -> bytes:
    made = [v4.new_code_cell(textwrap.dedent(c).strip()) for c in cells]
    return nbformat.writes(v4.new_notebook(cells=made)).encode()


class Level:
    """The fork server of `server`, at a level of the test's choice."""

    def __init__(self, server: ForkServer, level: int) -> None:
        self.server, self.level = server, level

    def run(
        self, *cells: str | bytes, calls: tuple[str, ...] = (), limits: Limits = AMPLE, **files
    ) -> Ran:
        whole = len(cells) == 1 and isinstance(cells[0], bytes)
        book = cells[0] if whole else as_notebook(*cells)
        named = {name + ".py": text.encode() for name, text in files.items()}
        how = {"entry": "lenet.ipynb", "limits": limits, "seed": 7, "level": self.level}
        with Box(self.server._send, job({"lenet.ipynb": book, **named}, **how)) as box:
            return Ran(box, calls)


@pytest.fixture(scope="module")
def best() -> Iterator[ForkServer]:
    with ForkServer(notebooks=True) as opened:
        yield opened


def _at(server: ForkServer, level: int) -> Level:
    if refusal := levels.try_level(server._current(), level):
        pytest.skip(refusal.sentence())
    return Level(server, level)


@pytest.fixture(scope="module")
def boxed(best: ForkServer) -> Level:
    return _at(best, 3)


@pytest.fixture(scope="module", params=[4, 3, 2, 1, 0])
def any_level(best: ForkServer, request: pytest.FixtureRequest) -> Level:
    return _at(best, request.param)


# ---------------------------------------------------------------------- what works


def test_a_notebook_is_run_measured_and_kept(any_level):
    """At every level: names, probes, outputs, errors with cell and line, imports, the seed."""
    ran = any_level.run(
        "import torch\nfrom helper import factor\nweights = torch.randn(3)",
        DOUBLE + "\nprint('printed'); factor",
        "def broken():\n    return undefined\n\nbroken()",
        "weights.shape",
        "def file():\n    return double.__module__ + ' ' + __name__\n\ndef given(_):\n    return file()",
        "def mean(_):\n    return weights.mean()",
        calls=("double", "given", "mean"),
        helper="factor = 3",
    )
    assert ran.error is None
    assert ran.answers[:2] == [42, "__main__ __main__"]
    import torch

    torch.manual_seed(7)
    assert np.isclose(ran.answers[2], torch.randn(3).mean())
    assert ran.statuses == ["ok", "ok", "error", "ok", "ok", "ok"]
    error = ran.cells[2].error
    assert error.sentence() == (
        "lenet.ipynb, cell 3, line 2: NameError: name 'undefined' is not defined"
        " — in `return undefined`"
    )
    assert ran.text(2) == "printed\n3"
    assert ran.text(4) == "torch.Size([3])"
    assert [c.execution_count for c in ran.book.cells] == [1, 2, 3, 4, 5, 6]
    assert ran.end.status == "ok"
    assert "1 of 6 cells failed: cell 3." in ran.end.notes
    assert ran.end.stdout == "printed\n"


def test_what_cells_print_later_is_captured(boxed):
    """Probes, C code and DataLoader's workers print to the pipes."""
    ran = boxed.run(
        """
        import os, torch
        class Data(torch.utils.data.Dataset):
            def __len__(self):
                return 4
            def __getitem__(self, i):
                print("worker", i)
                return i
        loader = torch.utils.data.DataLoader(Data(), num_workers=2, batch_size=2)
        os.write(1, b"by descriptor\\n")
        [b.tolist() for b in loader]
        """,
        DOUBLE.replace("return", "print('probe'); return"),
        calls=("double",),
    )
    assert ran.text(1) == "[[0, 1], [2, 3]]"
    assert ran.answers == [42]
    for expected in ("by descriptor", "worker 3", "probe"):
        assert expected in ran.end.stdout


def test_what_a_student_checks_with_does_nothing(boxed):
    """The lines of `%check` may stay in what is handed in: nothing is run, said or lost."""
    ran = boxed.run(
        "%pip install -q torch-grader",
        "!pip install -q 'torch-grader'",
        "%load_ext grader",
        "%check\n%check live",
        "%load_ext nothing_of_this_name",
        "%pip install -q torch-grader evil",
        DOUBLE,
        calls=("double",),
    )
    assert [c.index for c in ran.cells if c.status == "error"] == [5]
    assert [ran.text(n) for n in range(1, 5)] == ["", "", "", ""]
    (note,) = (n for n in ran.end.notes if "passed over" in n)
    assert "passed over: `%pip install -q torch-grader evil`." in note
    assert ran.answers == [42]
    assert ran.end.status == "ok"


def test_pictures_magics_and_unfinished_business(boxed):
    """Plots are kept; magics work; programs are passed over; input and exit are errors of their cells."""
    ran = boxed.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "%%time\nx = 3",
        "!ls /",
        "%%bash\nls /",
        "files = !ls",
        "input('name? ')",
        "exit()",
        "import sys\nsys.exit(3)",
        "!pip install torch\nimport torch",
        "for i in range(3):\n    print(i, end='\\r')",
        "import asyncio\nawait asyncio.sleep(0.01)\nx",
        "raise KeyboardInterrupt",
        "class Odd(Exception):\n    def __str__(self):\n        1 / 0\nraise Odd",
        "class Mute:\n    def __repr__(self):\n        raise ValueError('no repr')\nMute()",
        "print('\\ud800')",
        "   ",
        "def f(:\n    pass",
        "x = 5",
        DOUBLE,
        calls=("double",),
    )
    picture = ran.book.cells[0].outputs[-1]["data"]["image/png"]
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    errors = {c.index: c.error.kind for c in ran.cells if c.status == "error"}
    assert errors == {
        6: "EOFError",
        7: "SystemExit",
        8: "SystemExit",
        12: "KeyboardInterrupt",
        13: "ZeroDivisionError",  # its text cannot be had
        14: "Exception",
        17: "SyntaxError",
    }
    assert "Passed over, as the grader runs no other programs: !ls /" in ran.text(3)
    assert "Passed over, as the grader runs no other programs: %%bash" in ran.text(4)
    assert "nobody" in ran.cells[5].error.message
    assert "installs nothing" in ran.text(9)
    assert ran.cells[16].error.file == "lenet.ipynb, cell 17"
    assert any("`!ls /`, `%%bash`, `!pip install torch`" in note for note in ran.end.notes)
    package = libraries.own_package()
    for cell in ran.book.cells[2:8]:  # an error of ours ends where the student's code does
        assert package not in str(cell.outputs)
        assert "site-packages" not in str(cell.outputs)
        assert "raw_input" not in str(cell.outputs)
    assert ran.answers == [42]
    assert ran.end.status == "ok"


def test_cells_are_counted_with_text_cells_and_ids_stay():
    """Cell numbers are places in the notebook; empty ids and saved outputs are replaced."""
    cells = [v4.new_markdown_cell("# Title"), v4.new_code_cell("x = 1", id="kept")]
    cells[1].outputs = [v4.new_output("stream", name="stdout", text="saved")]
    book = notebook.read(nbformat.writes(v4.new_notebook(cells=cells)).encode(), "a.ipynb")
    assert book.cells[1].id == "kept"
    assert book.cells[1].outputs == []


def old_format() -> bytes:
    cell = {"cell_type": "code", "input": "x = 21\nx", "language": "python", "outputs": []}
    sheet = {"cells": [{"cell_type": "heading", "level": 1, "source": "T"}, cell]}
    raw = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [sheet]}
    return json.dumps(raw).encode()


def repairable() -> bytes:
    raw = json.loads(as_notebook("x = 21\nx"))
    raw["metadata"] = {"kernelspec": 7, "widgets": "?"}
    raw["cells"][0] |= {"outputs": "?", "metadata": {"tags": 3}, "id": "not an id", "surplus": 1}
    raw["cells"].insert(0, {"cell_type": "odd"})
    return json.dumps(raw).encode()


@pytest.mark.parametrize("book", [old_format(), repairable()], ids=["format 3", "invalid"])
def test_old_and_invalid_notebooks_are_run(boxed, book):
    """They are upgraded or repaired, and valid when they come out."""
    ran = boxed.run(book)
    assert ran.error is None
    assert ran.text(2) == "21"
    assert ran.cells[0].index == 2


@pytest.mark.parametrize(
    ("book", "said"),
    [
        (b"", "lenet.ipynb is empty: the file has 0 bytes"),
        (b'{"nbformat": 4, "cells": [', "its JSON breaks at line 1, column 27"),
        (b"x = 3\n", "its JSON breaks at line 1, column 1"),
        (b"\xff\xfe{", "byte 0 is not UTF-8"),
        (b"[1, 2]", "does not say `nbformat`"),
        (b'{"nbformat": 5}', "has notebook format 5"),
        (b'{"nbformat": 4}', "has no list of cells"),
        (b'{"nbformat": 4, "cells": []}', "lenet.ipynb is empty: no code cell"),
        (b'{"nbformat": 2}', "cannot be upgraded|no list of cells|is empty"),
        pytest.param(b'{"nbformat": 4, "x": ' + b"[" * 100_000, "nested too deep", id="deep"),
        pytest.param(  # nbformat gives its cells other ids in every process
            as_notebook("x").replace(b'"metadata": {}', b'"metadata": {"kernelspec": {"language": "R"}}'),
            "is a notebook in R, not in Python", id="R"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_named(boxed, book, said):
    """The fault is in the error; nothing is measured."""
    ran = boxed.run(book, calls=("double",))
    assert ran.error is not None
    assert any(part in ran.error.message for part in said.split("|")), ran.error
    assert isinstance(ran.answers[0], Missing)
    assert ran.cells == ()
    assert ran.end.status == "crashed"


# ---------------------------------------------------------------------- limits


REST = "Of what follows there only definitions were run."


@pytest.mark.proof
def test_an_endless_cell_costs_its_limit_and_the_next_ones_run(boxed):
    """It is interrupted; so is one that waits."""
    begin = time.monotonic()
    ran = boxed.run(
        "while True: pass",
        "import time\ntime.sleep(60)",
        DOUBLE,
        calls=("double",),
        limits=BRIEF,
    )
    assert ran.statuses == ["time", "time", "ok"]
    assert ran.answers == [42]
    assert ran.end.status == "ok"
    assert f"Cells 1 and 2 were interrupted at the limit for one cell. {REST}" in ran.end.notes
    assert 0.35 <= ran.cells[0].seconds < 3.0
    assert time.monotonic() - begin < 5
    assert ran.text(1) == "" or "KeyboardInterrupt" in str(ran.book.cells[0].outputs)


@pytest.mark.proof
def test_an_interrupted_cell_that_filled_the_box_with_processes_says_so(boxed):
    """Its interrupt came through, so the kernel lives and the status would else be `ok`."""
    bomb = """
        import os, time
        while True:
            try:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
            except OSError:
                break
        while True:
            pass
        """
    limits = replace(BRIEF, cell_seconds=3.0)  # the loop of forks is over by then
    ran = boxed.run(bomb, DOUBLE, calls=("double",), limits=limits)
    assert ran.statuses == ["time", "ok"]
    assert ran.answers == [42]
    assert ran.end.status == "processes"
    assert ran.end.reason.startswith("Cell 1: Your code started more than the")
    assert f"Cell 1 was interrupted at the limit for one cell. {REST}" in ran.end.notes


def test_of_a_cell_that_raises_the_definitions_that_follow_are_run(boxed):
    """The cell has failed; a name that it would have computed says so; an interrupt is an error."""
    giant = """
        import math
        train_set = load("/content/drive/MyDrive/train.csv")
        size = len(train_set)
        other = size + 1
        from functools import reduce
        factor = 2

        def double(a):
            return reduce(max, [a]) * factor

        print("not printed")
        best = double(3)

        def sized(a):
            return a * size

        def scored(a):
            return a * best
        """
    endless = "while True:\n    pass\ndef half(a):\n    return a // 2\nprint('nor this')"
    ran = boxed.run(giant, endless, calls=("double", "half", "sized", "scored"), limits=BRIEF)
    assert ran.statuses == ["error", "time"]
    assert ran.cells[0].error.line == 2
    assert ran.answers[:2] == [42, 10]
    assert "cell 1, line 3 (`size = len(train_set)`)" in ran.answers[2].why
    assert (
        "line 12 (`best = double(3)`) was not run, as an error came before it" in ran.answers[3].why
    )
    assert ran.answers[3].why.endswith("Mend that error first")
    assert ran.end.stdout == ""
    assert len(ran.book.cells[0].outputs) == 1


TRAINING = "steps = 0\nwhile True:\n    steps += 1"
LATE = """
    import functools as tools
    best = train()
    size = 21

    @tools.lru_cache
    def half(a):
        return a // 2 + size

    while True:
        pass
    """


@pytest.mark.proof
@pytest.mark.parametrize(
    ("shared", "cell", "said"),
    [
        ({"cpu_seconds": 4.0}, TRAINING, "67% of the 4 seconds of computing time"),
        ({"patience": 0.9}, "import time\ntime.sleep(9)", "67% of the 9 seconds, and"),
    ],
)
def test_what_is_kept_for_judging_no_cell_can_use(boxed, shared, cell, said):
    """Each cell keeps its own limit, all together pass theirs; definitions are still read."""
    limits = replace(BRIEF, cell_seconds=1.0 if "cpu_seconds" in shared else 2.0, **shared)
    ran = boxed.run(
        "import math", *[cell] * 12, DOUBLE, LATE, "print(best)", calls=("double", "half"),
        limits=limits,
    )  # fmt: skip
    assert ran.error is None
    assert ran.answers == [42, 31]
    stopped = next(c.index for c in ran.cells if c.late)
    assert ran.statuses[:stopped] == ["ok", *["time"] * (stopped - 1)]
    assert ran.statuses[stopped:] == ["ok"] * (16 - stopped)
    assert [bool(c.late) for c in ran.cells] == [False] * (stopped - 1) + [True] * (17 - stopped)
    assert ran.end.status == ("cpu" if "cpu_seconds" in shared else "time")
    assert ran.end.reason.startswith(f"Cell {stopped} was interrupted: all cells together")
    assert said in ran.end.reason
    notes = " ".join(ran.end.notes)
    assert f"Cell {stopped} was interrupted at the limit for all cells." in notes
    assert " only definitions were run, as the time for cells was used up." in notes
    assert "takes definitions only" not in notes


@pytest.mark.proof
def test_a_name_that_a_late_cell_would_have_made_says_why(boxed):
    limits = replace(BRIEF, cell_seconds=5.0, cpu_seconds=2.0)
    source = "best = train()\ndef factor(a):\n    return best * a"
    ran = boxed.run(TRAINING, source, calls=("factor", "best"), limits=limits)
    assert ran.statuses == ["time", "ok"]
    for answer in ran.answers:
        assert "as the cells before it had used up the time for cells" in answer.why


STUBBORN = (
    "import time\nwhile True:\n    try:\n        time.sleep(9)\n"
    "    except KeyboardInterrupt:\n        pass"
)
KILLERS = {
    "stopped": ("import os\nos._exit(0)", "ended the kernel"),
    "crashed": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "time": (STUBBORN, "could not be interrupted"),
    "memory": (
        "import torch, os\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        x = torch.ones(180 << 20)\n        import time; time.sleep(40)\n"
        "import time\ntime.sleep(40)",
        "more memory",
    ),
    "output": ("for _ in range(400):\n    print('x' * 100_000)", "printed or displayed"),
}


@pytest.mark.proof
@pytest.mark.parametrize("status", KILLERS)
def test_a_cell_that_ends_the_kernel_is_named_and_the_others_run(boxed, status):
    """The notebook runs again, of that cell only definitions."""
    source, said = KILLERS[status]
    limits = {"time": BRIEF, "memory": SLOW}.get(status, AMPLE)
    source = f"from math import sqrt\ndef half(a):\n    return a // 2\n{source}"
    cells = ("x = 1", source, DOUBLE + "\nprint(x)")
    ran = boxed.run(*cells, calls=("double", "half"), limits=limits)
    assert ran.error is None
    assert ran.answers == [42, 10]
    assert ran.statuses == ["ok", "died", "ok"]
    assert ran.end.status == status
    assert ran.end.reason.startswith("Cell 2")
    assert said in ran.end.reason
    assert ran.cells[1].error.message == ran.end.reason
    assert "The notebook was run 2 times" in " ".join(ran.end.notes)
    assert ran.book.cells[1].outputs[-1].ename == "KernelEnded"
    counts = [c.execution_count for c in ran.book.cells]
    assert counts == [1, None, 2]
    assert ran.text(3) == "1\n"


def test_memory_errors_of_a_cell_are_a_limit(boxed):
    """A clean MemoryError leaves the kernel alive and is said as what it is."""
    ran = boxed.run(
        "x = bytearray(4 << 30)", "import torch\ntorch.ones(1 << 30)", DOUBLE, calls=("double",)
    )
    assert ran.statuses == ["error", "error", "ok"]
    assert ran.answers == [42]
    assert ran.end.status == "memory"
    assert ran.end.reason.startswith("Cell 1: ")


@pytest.mark.parametrize(
    "source",
    ["print('x' * (1 << 30))", "for _ in range(1024):\n    print('x' * (1 << 20))"],
    ids=["one print", "many"],
)
def test_a_gigabyte_of_output_is_named(boxed, source):
    """The cell is named; those after it are run."""
    ran = boxed.run(source, DOUBLE, calls=("double",), limits=SLOW)
    assert ran.answers == [42]
    assert ran.statuses == ["died", "ok"]
    assert ran.end.status == "output"
    assert ran.end.reason.startswith("Cell 1 printed or displayed more than 8 MiB")


@pytest.mark.proof
def test_a_million_lines_are_cut(boxed):
    """Head and tail stay; the notebook goes on."""
    source = "for i in range(1_000_000): print(i)"
    ran = boxed.run(source, DOUBLE, calls=("double",), limits=SLOW)
    assert ran.statuses == ["ok", "ok"]
    text = ran.text(1)
    assert text.startswith("0\n1\n")
    assert text.endswith("999999\n")
    assert "characters left out" in text
    assert len(text) < 300_000
    assert ran.cells[0].cut
    assert "Output of cell 1 was cut." in ran.end.notes


def test_however_many_cells_end_the_kernel_each_keeps_its_definitions(boxed):
    """After three runs again, definitions are taken of all cells."""
    killers = [f"def f{n}(_):\n    return {n}\nimport os\nos._exit(1)" for n in range(5)]
    ran = boxed.run(*killers, DOUBLE, calls=("double", "f0", "f4"))
    assert ran.answers == [42, 0, 4]
    assert ran.statuses == ["died"] * 4 + ["ok"] * 2
    assert ran.end.status == "stopped"
    assert ran.error is None


QUICK = "total = sum(range(10 ** 12))\ndef half(a):\n    return a // 2\nsize = 3"


@pytest.mark.proof
def test_what_seems_quick_and_is_not_costs_no_definitions(boxed):
    """A value that takes for ever is no definition; neither does it cost those of other cells."""
    ran = boxed.run("x = 1", QUICK, DOUBLE, calls=("double", "half", "total"), limits=BRIEF)
    assert ran.answers[:2] == [42, 10]
    assert "as running all of it had to be stopped" in ran.answers[2].why
    assert ran.statuses == ["ok", "died", "ok"]
    assert ran.end.status == "time"


def test_a_definition_that_ends_the_kernel_costs_only_its_cell(boxed):
    """Even of that cell nothing else can be had: it is not run again."""
    cell = "class Endless:\n    import os\n    os._exit(1)"
    ran = boxed.run("x = 1", cell, DOUBLE, calls=("double",))
    assert ran.answers == [42]
    assert ran.statuses == ["ok", "died", "ok"]
    assert ran.end.status == "stopped"


def test_an_import_that_was_stopped_is_made_again(boxed):
    """Of a helper that trains at its top definitions are read, where the cell was stopped."""
    helper = (
        "def double(a):\n    return a * 2\nwhile True:\n    pass\ndef half(a):\n    return a // 2\n"
    )
    cell = "import math\nfrom net import double\nimport net\nhalf = net.half"
    ran = boxed.run(cell, calls=("double",), limits=BRIEF, net=helper)
    assert ran.statuses == ["time"]
    assert ran.answers == [42]


def test_the_definitions_below_a_timed_loop_are_read(boxed):
    ran = boxed.run(f"%%time\nwhile True: pass\n{DOUBLE}", calls=("double",), limits=BRIEF)
    assert ran.statuses == ["time"]
    assert ran.answers == [42]


def test_a_thread_that_goes_on_costs_nothing(boxed):
    """It is interrupted while it is waited for, and runs on beside the questions."""
    cell = "import threading\ndef work():\n    while True: pass\n"
    cell += "thread = threading.Thread(target=work)\nthread.start()\nthread.join()"
    ran = boxed.run(cell, DOUBLE, calls=("double",), limits=BRIEF)
    assert ran.statuses[0] == "time"
    assert ran.answers == [42]


def test_each_run_begins_with_the_files_that_were_handed_in(boxed):
    """What an earlier run made is gone, and what it deleted is there again."""
    cell = "import os\nos.mkdir('made')\ntext = open('a.py').read()\nos.remove('a.py')"
    ran = boxed.run(cell, "os._exit(1)", DOUBLE, calls=("double",), a="x = 1")
    assert ran.statuses == ["ok", "died", "ok"]
    assert ran.answers == [42]


def test_the_limit_of_the_whole_notebook_holds(boxed):
    """CPU time of all cells together, where an interrupt is not heeded; then definitions are run."""
    limits = Limits(cpu_seconds=0.8, patience=60, cell_seconds=60, memory_mib=2048, processes=16)
    deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    ran = boxed.run("x = 1", deaf, DOUBLE, calls=("double",), limits=limits)
    assert ran.statuses == ["ok", "died", "ok"]
    assert ran.answers == [42]
    assert ran.end.status == "cpu"
    assert ran.end.reason.startswith("Cell 2 did not heed an interrupt: all cells together")


def test_the_start_of_a_kernel_costs_the_student_nothing(boxed):
    """However small the CPU limit, the cells begin: it is the machine's time, and counts for none."""
    limits = Limits(cpu_seconds=0.1, patience=300, cell_seconds=60, memory_mib=2048, processes=16)
    ran = boxed.run("x = 1", "while True: pass", limits=limits)
    assert ran.statuses[0] == "ok"
    assert ran.end.status == "cpu"
    assert ran.end.cpu_seconds < 2.0


def test_after_a_death_in_a_probe_the_notebook_is_loaded_again(boxed):
    """A probe that kills the kernel costs that probe."""
    ran = boxed.run(
        "import os",
        "os._exit(3)",
        DOUBLE + "\ndef leave(_):\n    os._exit(0)",
        calls=("leave", "double"),
    )
    assert isinstance(ran.answers[0], Missing)
    assert ran.answers[1] == 42
    assert ran.end.status == "stopped"


# ---------------------------------------------------------------------- hostile

KERNEL = """
from IPython import get_ipython
k = get_ipython().kernel
def send(kind, content, channel=None, parent=None):
    k.session.send(channel or k.iopub_socket, kind, content, parent=parent or k.get_parent())
"""
FORGERIES = {
    "idle": "send('status', {'execution_state': 'idle'})\nimport time; time.sleep(0.2)",
    "reply": """
        stream = k.shell_channel_thread.manager._main_to_shell_channel.from_socket
        ident = k._parent_ident['shell']
        k.session.send(stream, 'execute_reply', {'status': 'ok', 'execution_count': 1},
                       parent=k.get_parent(), ident=ident)
        send('status', {'execution_state': 'idle'})
        """,
    "content": "send('stream', {'name': 'stdout', 'text': {'a': 1}})",
    "state": "send('status', {})",
    "types": "send('error', {'ename': 1, 'evalue': [], 'traceback': 'x'})",
    "content list": "send('display_data', {'data': [1, 2]})",
    "garbage": "k.iopub_socket.send_multipart([b'x', b'<IDS|MSG>', b'', b'{', b'', b'', b''])",
    "unsigned": "k.iopub_socket.send_multipart([b'garbage'])",
    "deep": "k.session.pack = lambda o: b'[' * 200_000 if o == {'x': 1} else "
    "__import__('json').dumps(o, default=str).encode()\nsend('stream', {'x': 1})",
}


@pytest.mark.parametrize("what", FORGERIES)
def test_forged_messages_are_named(boxed, what):
    """Nothing is gained; the run is said to be tampered with."""
    source = textwrap.dedent(FORGERIES[what])
    ran = boxed.run(KERNEL, source + "\nimport time; time.sleep(0.3)", DOUBLE, calls=("double",))
    assert ran.end.status == "tampered", (what, ran.end, ran.statuses)
    assert isinstance(ran.answers[0], Missing)
    assert "A person will look" in ran.end.reason


@pytest.mark.parametrize("loop", [False, True])
def test_a_kernel_that_is_shut_down_from_inside_is_named(boxed, loop):
    """As os._exit: named, and the rest runs."""
    source = "k.done = 'shutdown'\nk.io_loop.stop()" if loop else "await k.do_shutdown(False)"
    ran = boxed.run(KERNEL, source, DOUBLE, calls=("double",))
    assert ran.statuses == ["ok", "died", "ok"]
    assert ran.answers == [42]
    assert ran.end.status == "stopped"
    assert "shut its kernel down" in ran.end.reason


@pytest.mark.proof
@pytest.mark.parametrize(
    "source",
    [
        "k.io_loop.stop()",
        "k.done = 'measure'\nk.io_loop.stop()",
        "import os\nfor n in range(3, 60):\n    try: os.close(n)\n    except OSError: pass",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "import os, glob, shutil\nfor f in glob.glob('/tmp/.*'): shutil.rmtree(f)",
        "import os\nfor p in (1, os.getppid()):\n    try: os.kill(p, 9)\n    except OSError: pass\n"
        "try: os.kill(-1, 9)\nexcept OSError: pass",
        "k.session = None",
        "k.shell_handlers.clear()",
        "import grader.inside.measuring.measure as m\nm.ASKS.clear()",
        "import threading, time\nfor _ in range(200):\n    threading.Thread(target=time.sleep, args=(9,)).start()",
    ],
    ids="stop early-measure closed stopped unlink kill session handlers asks threads".split(),
)
def test_nothing_that_a_cell_breaks_gains_anything(boxed, source):
    """The box ends in time and in order; an honest notebook runs after it."""
    limits = Limits(cpu_seconds=8.0, cell_seconds=1.0, memory_mib=2048, processes=16, disk_mib=8)
    ran = boxed.run(KERNEL, source, DOUBLE, calls=("double",), limits=limits)
    assert isinstance(ran.answers[0], Missing) or ran.answers == [42]
    assert boxed.run(DOUBLE, calls=("double",)).answers == [42]


def test_answers_before_questions_are_unasked(boxed):
    """What cells write to the result channel is counted, and makes the run tampered."""
    source = """
        import os, struct
        for n in range(3, 40):
            try:
                os.write(n, b'{"value": 100}' * 10)
            except OSError:
                pass
        """
    ran = boxed.run(source, DOUBLE, calls=("double",))
    assert ran.end.status == "tampered"


def test_no_wall_is_lower_for_a_notebook(boxed):
    """Every thread is bound: files, signals and programs are refused from each of them."""
    source = """
        import os, socket, threading
        def attempts():
            found = []
            for action in (
                lambda: open('/proc/sys/kernel/core_pattern', 'r+'),
                lambda: open('/usr/x', 'w'),
                lambda: os.kill(os.getppid(), 0),
                lambda: socket.socket(socket.AF_INET),
                lambda: os.posix_spawn('/bin/true', ['true'], {}),
                lambda: open(f'/proc/self/oom_score_adj', 'w'),
            ):
                try:
                    action()
                    found.append('done')
                except OSError as error:
                    found.append(type(error).__name__)
            return found
        k = get_ipython().kernel
        results, done = [attempts()], threading.Event()
        def inside():
            results.append(attempts())
            done.set()
        for loop in (k.control_thread.io_loop, k.iopub_thread.io_loop, k.shell_channel_thread.io_loop):
            done.clear()
            loop.add_callback(inside)
            done.wait(2)
        print(len(results), 'done' in sum(results, []))
        """
    ran = boxed.run(source)
    assert ran.text(1) == "4 False\n", ran.text(1)


# ---------------------------------------------------------------------- outputs


def kept(*messages):
    cell = v4.new_code_cell("x")
    collected = outputs.Outputs()
    collected.open(cell)
    for kind, content in messages:
        collected.take(kind, content)
    collected.close()
    nbformat.validate(v4.new_notebook(cells=[cell]))
    return cell.outputs, collected


def test_progress_displays_leave_what_is_seen_last():
    """clear_output, update_display and carriage returns."""
    picture = {"data": {"image/png": "x" * 900_000}, "metadata": {}}
    loop = [("display_data", picture), ("clear_output", {"wait": True})] * 40
    found, collected = kept(*loop, ("display_data", picture))
    assert len(found) == 1
    assert collected.pictures == 900_000
    shown = {"data": {"text/plain": "1"}, "transient": {"display_id": "a"}}
    found, _ = kept(
        ("display_data", shown),
        ("update_display_data", {**shown, "data": {"text/plain": "2"}}),
        ("stream", {"name": "stderr", "text": "10%\r 50%\r100%\nend"}),
    )
    assert found[0].data == {"text/plain": "2"}
    assert found[1].text == "100%\nend"


def test_large_and_odd_displays_are_left_out():
    """A picture over its cap, a value that is no text, more text than is kept."""
    found, collected = kept(
        ("display_data", {"data": {"image/png": "x" * (2 << 20), "text/plain": "<Figure>"}}),
        ("execute_result", {"data": {"text/plain": 7, "application/json": {"a": [1]}}}),
        ("display_data", {"data": {"text/html": "x" * (300 << 10)}}),
        *[("stream", {"name": "stdout", "text": "y" * 100_000})] * 5,
    )
    assert [sorted(o.get("data", {})) for o in found[:3]] == [
        ["text/plain"],
        ["application/json"],
        [],
    ]
    assert collected.cut
    assert not collected.flooded


def test_an_executed_notebook_has_a_largest_size():
    """Outputs that do not fit give way to a note."""
    cells = [v4.new_code_cell("x") for _ in range(3)]
    for size, cell in zip((10, 50_000, 60_000), cells, strict=True):
        cell.outputs = [v4.new_output("stream", name="stdout", text="z" * size)]
    data = notebook.write(v4.new_notebook(cells=cells), 20_000)
    assert len(data) <= 20_000
    assert json.loads(data)["cells"][0]["outputs"][0]["text"] == ["z" * 10]


# ---------------------------------------------------------------------- nothing is left


def leftovers(server: ForkServer) -> dict[str, object]:
    """Processes, mounts, descriptors and files that belong to the sandbox now."""
    process = server._current()
    children = Path(f"/proc/{process.process.pid}/task/{process.process.pid}/children")
    return {
        "children": children.read_text().split(),
        "mounts": len(read_mounts()),
        "descriptors": count(f"/proc/{process.process.pid}/fd"),
        "threads": count(f"/proc/{process.process.pid}/task"),
        "own": count("/proc/self/fd"),
        "files": sorted(p.name for p in Path(process.run).iterdir()),
        "shared": sorted(p.name for p in Path("/dev/shm").iterdir()),
    }


def count(folder: str) -> int:
    return len(list(Path(folder).iterdir()))


def memory_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")))


@pytest.mark.proof
def test_nothing_is_left_after_a_hundred_notebooks(capsys):
    """Every fifth ends its kernel; processes, mounts, files and memory are as before."""
    with ForkServer(notebooks=True) as server:
        _many(server, _at(server, 3), capsys)


def _many(server, boxed, capsys):
    sources = [source for source, _ in KILLERS.values()]
    boxed.run(DOUBLE, calls=("double",))
    time.sleep(0.2)
    process = server._current()
    before, first = leftovers(server), memory_kib(process.process.pid)
    for i in range(100):
        middle = sources[i // 5 % len(sources)] if i % 5 == 4 else "print(1)"
        limits = BRIEF if middle == STUBBORN else SLOW
        assert boxed.run(middle, DOUBLE, calls=("double",), limits=limits).answers == [42], i
    time.sleep(0.5)
    assert server._current() is process
    assert leftovers(server) == before
    last = memory_kib(process.process.pid)
    with capsys.disabled():
        print(  # noqa: T201
            f"\nfork server: {first:,} KiB before, {last:,} KiB after 100 notebooks; {before}"
        )
    assert last - first < 8 << 10


@pytest.mark.proof
def test_a_sandbox_without_kernels_starts_one_that_has_them():
    """The first notebook waits for another fork server; modules go on there."""
    with ForkServer() as server:
        first = server._current()
        how = {"entry": "lenet.ipynb", "limits": AMPLE, "seed": 1}
        with server.open(job({"lenet.ipynb": as_notebook(DOUBLE)}, **how)) as box:
            assert item(box.ask("call", {"name": "double", "args": [21]})) == 42
        assert server._current() is not first
