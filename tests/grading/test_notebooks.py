"""Notebooks on the whole path: run cell by cell, judged like modules, kept as they ran."""

from __future__ import annotations

import json

import nbformat
import numpy as np
import pytest

from grader.ledger.ledger import Ledger
from grader.records.execution import Missing
from kit.boxes import job
from kit.graded import Grading, Lenet, outcomes, said
from kit.places import ROOT
from kit.slow import in_proofs, sample
from kit.tiny import RIGHT, WRONG, Tiny


def notebook(*cells: str) -> str:
    """A notebook with these code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    return nbformat.writes(made)


def hand_in(course: Tiny, student: str, *cells: str) -> None:
    """What a student hands in: tiny.ipynb."""
    course.write(f"class/{student}/tiny.ipynb", notebook(*cells))


def test_a_notebook_and_a_module_with_the_same_code_measure_the_same(
    course: Tiny, regrade: Grading
) -> None:
    """Same digest-independent seed, same probes: every number that comes out is the same."""
    course.submit("module", RIGHT)
    hand_in(course, "notebook", RIGHT)
    course.submit("wrong_module", WRONG)
    hand_in(course, "wrong_notebook", WRONG)
    outcome, executor = regrade(course)
    graded = {g.student: g for g in outcome.graded}
    for one, other in (("module", "notebook"), ("wrong_module", "wrong_notebook")):
        assert outcomes(graded[one]) == outcomes(graded[other])
        assert graded[one].score == graded[other].score
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        answers = {s: ledger.newest_execution(s).answers for s in ("module", "notebook")}  # type: ignore[union-attr]
    for probe in executor.loaded.probes.values():
        same(answers["module"][probe.key], answers["notebook"][probe.key])


def same(one: object, other: object) -> None:
    """Equal numbers in equal places, but for where in the file a line stands."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in one.keys() - {"file", "line", "place"}:
            same(one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


def test_the_reference_as_a_notebook_earns_what_the_module_earns(lenet: Lenet) -> None:
    """Same verdicts for reference/lenet5_mnist/lenet.ipynb as for lenet.py."""
    from grader.assignment.course import Course

    loaded = lenet.executor.loaded
    module, other = Course(ROOT).references(loaded)
    assert (module.entry, other.entry) == ("lenet.py", "lenet.ipynb")
    one, two = lenet.grade(module), lenet.grade(other)
    assert one.score == two.score == one.max_score
    assert [c.feedback for c in one.checks] == [c.feedback for c in two.checks]


@pytest.mark.proof
def test_each_trouble_has_its_own_row_and_its_own_reason(course: Tiny, regrade: Grading) -> None:
    """A hang, an exit, a crash, a bomb and a flood cost the others nothing, and are told apart."""
    course.rule("cpu_seconds=2", "cpu_seconds=10, cell_seconds=1")
    hand_in(course, "ends", "import os\nos._exit(0)", RIGHT)
    hand_in(course, "falls", "import ctypes\nctypes.string_at(0)", RIGHT)
    hand_in(course, "fills", "b = []\nwhile True: b.append(bytes(1 << 26))", RIGHT)
    hand_in(course, "floods", "while True: print('x' * 1_000_000)", RIGHT)
    hand_in(course, "hangs", "import time\nwhile True: time.sleep(0.01)", RIGHT)
    hand_in(course, "honest", RIGHT, "%matplotlib inline\n1 + 1")
    hand_in(course, "stumbles", "undefined_name", RIGHT, "1 / 0")
    outcome, _ = regrade(course)
    graded = {g.student: g for g in outcome.graded}
    for name in ("honest", "hangs", "stumbles", "ends", "falls", "fills", "floods"):
        assert graded[name].score == graded[name].max_score, (name, said(graded[name]))
    assert graded["ends"].execution.status == "stopped"
    assert graded["falls"].execution.status == "crashed"
    assert graded["floods"].execution.status == "output"
    assert "ell 1" in said(graded["hangs"])
    assert "2 of 3" in said(graded["stumbles"])
    reasons = [g.execution.reason for g in outcome.graded if g.execution.status != "ok"]
    assert len(set(reasons)) == len(reasons)


HOSTILE = {
    "forges idle and reply": """
k = get_ipython().kernel
p = k.get_parent()
k.session.send(k.iopub_socket, 'status', {'execution_state': 'idle'}, p, ident=k._topic('status'))
k.session.send(k.shell_stream, 'execute_reply', {'status': 'ok', 'execution_count': 9}, p)
""",
    "garbage for messages": """
s = get_ipython().kernel.iopub_socket
for m in ([b'garbage'], [b'<IDS|MSG>'], [b'a', b'<IDS|MSG>', b'sig', b'{', b'{', b'{', b'{']):
    s.send_multipart(m)
""",
    "shuts its kernel down": "await get_ipython().kernel.do_shutdown(False)",
    "answers what was not asked": """
import os, struct, json
head = json.dumps({"value": {"kind": "int", "item": 100}, "nonce": "0", "arrays": []}).encode()
for fd in range(3, 60):
    try:
        os.set_blocking(fd, False)
        os.write(fd, struct.pack('<IQ', len(head), 0) + head)
    except OSError:
        pass
""",
    "floods displays": """
from IPython.display import display, HTML
for i in range(3000):
    display(HTML('<b>100 / 100</b>' * 1000))
""",
    "writes results": """
for name in ('results.json', 'grades.db', 'report.html'):
    open(name, 'w').write('{"score": 100}')
print('{"score": 100}')
""",
}

NAMED = {
    "forges idle and reply": "tampered",
    "garbage for messages": "tampered",
    "shuts its kernel down": "stopped",
    "answers what was not asked": "tampered",
    "floods displays": "output",
}
"""How the record names them; writing files and printing is nobody's business."""


@pytest.mark.parametrize("name", sample(HOSTILE))
def test_hostile_notebooks_gain_nothing(name: str, course: Tiny, regrade: Grading) -> None:
    """Beside the same wrong code without the trick, no point is gained; the honest one is fine."""
    hand_in(course, "eve", HOSTILE[name], WRONG)
    hand_in(course, "plain", WRONG)
    hand_in(course, "zoe", RIGHT)
    outcome, _ = regrade(course, jobs=1)
    eve, plain, zoe = outcome.graded
    assert eve.score <= plain.score
    assert zoe.score == zoe.max_score
    assert eve.execution.status == NAMED.get(name, "ok")
    assert eve.needs_review == (eve.execution.status == "tampered")


def test_the_executed_notebook_is_kept_and_valid(course: Tiny, regrade: Grading) -> None:
    """`<student>.ipynb` validates, holds the outputs, and stands rendered beside the report."""
    hand_in(course, "ada", RIGHT, "print('hello')\n6 * 7", "1 / 0")
    regrade(course)
    kept = nbformat.read(course.out / "ada.ipynb", as_version=4)
    nbformat.validate(kept)
    texts = json.dumps([c.get("outputs") for c in kept.cells])
    assert "hello" in texts
    assert "42" in texts
    assert "ZeroDivisionError" in texts
    page = (course.out / "ada.notebook.html").read_text()
    assert 'id="cell-3"' in page
    assert "ZeroDivisionError" in page
    assert "ada.notebook.html" in (course.out / "ada.html").read_text()


def test_checks_are_linked_to_the_cell_they_concern(course: Tiny, regrade: Grading) -> None:
    """The place of a check is the cell that defines what it asks for, the last one if several."""
    hand_in(course, "ada", "import torch", WRONG, RIGHT)
    outcome, _ = regrade(course)
    (ada,) = outcome.graded
    assert {c.at and c.at.cell for c in ada.checks} == {3}
    assert "ada.notebook.html#cell-3" in (course.out / "ada.html").read_text()


def test_an_unchanged_notebook_is_not_run_again(course: Tiny, regrade: Grading) -> None:
    """Measured once, judged as often as one likes."""
    hand_in(course, "ada", RIGHT)
    regrade(course)
    before = (course.out / "ada.notebook.html").read_bytes()
    outcome, executor = regrade(course)
    assert (outcome.executed, outcome.reused, executor.started) == (0, 1, False)
    assert (course.out / "ada.notebook.html").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        (b"", "empty"),
        *in_proofs(
            (b"{", "notebook"),
            (b"\xff\xfe{}", "notebook"),
            (b"[1, 2]", "notebook"),
            (b'{"cells": 5, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "notebook"),
        ),
    ],
)
def test_what_is_no_notebook_is_told_so(
    content: bytes, piece: str, course: Tiny, regrade: Grading
) -> None:
    """A damaged file is one clear sentence for the student, never an error of ours."""
    course.write("class/ada/tiny.ipynb", content)
    outcome, _ = regrade(course)
    (ada,) = outcome.graded
    assert ada.score == 0
    assert not ada.needs_review
    assert piece in said(ada)
    assert "tiny.ipynb" in said(ada)


def test_the_trained_object_that_a_notebook_leaves_behind(lenet: Lenet) -> None:
    """`probe.live` reads it; its weights are proven in the reference's network."""
    from grader import data
    from grader.assignment import probe
    from grader.records.measurements import Logits

    images = data.uniform(5, 1, 32, 32)
    asked = probe.live("net").logits(images)
    source = lenet.reference["lenet.py"].decode()
    load = "net = LeNet5()\nnet.load_state_dict(torch.load('lenet.pt', weights_only=True))"
    files = {
        "lenet.ipynb": notebook(source, "import torch\n" + load).encode(),
        "lenet.pt": lenet.reference["lenet.pt"],
    }
    limits = lenet.executor.loaded.assignment.limits
    with lenet.executor.backend.open(job(files, entry="lenet.ipynb", limits=limits, seed=1)) as box:
        assert box.load() is None
        answer = box.ask(
            asked.ask, {**asked.arguments(1, data.Source()), "precisions": ["float64"]}
        )
        assert not isinstance(answer, Missing), answer
        found = Logits.from_wire(answer)
        assert found.own.shape == (5, 10)
        assert len(found.operands) == 10
        other = probe.live("nothing").logits(images)
        missing = box.ask(
            other.ask, {**other.arguments(1, data.Source()), "precisions": ["float64"]}
        )
        assert isinstance(missing, Missing)
