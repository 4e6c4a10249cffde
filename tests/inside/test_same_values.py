"""A submission that is run whole leaves the values that Jupyter or plain Python leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.assignment.course import Course
from grader.assignment.variants import files_in_box
from grader.records.limits import Limits
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.boxes import job
from kit.places import ROOT

pytestmark = pytest.mark.proof

MARK = "values: "
LOOK = f"""
def _plain(value, depth=0):
    kind = type(value).__name__
    if value is None or type(value) in (bool, int, float, str, complex, bytes):
        return repr(value)
    if type(value) in (list, tuple, set) and depth < 5:
        items = sorted(value, key=repr) if type(value) is set else value
        return [kind, *(_plain(item, depth + 1) for item in items)]
    if type(value) is dict and depth < 5:
        return [kind, *([_plain(k), _plain(v, depth + 1)] for k, v in value.items())]
    if kind in ("Tensor", "Parameter"):
        value = value.detach().numpy()
    if kind in ("Tensor", "Parameter", "ndarray", "float64", "float32", "int64"):
        import hashlib
        return [kind, str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    return kind


print({MARK!r} + __import__("json").dumps({{
    name: _plain(value) for name, value in sorted(globals().items())
    if not name.startswith("_") and name not in ("In", "Out", "exit", "quit", "open", "get_ipython")
}}))
"""
"""Prints every name of the student's with its value, as far as that is plain; else with its kind."""


def looked_at(submission: Submission) -> dict[str, bytes]:
    """Its files, with a look at the values at the end of the entry."""
    files = dict(files_in_box(submission))
    entry = submission.entry or ""
    if entry.endswith(".py"):
        files[entry] += LOOK.encode()
        return files
    book = nbformat.reads(files[entry].decode(), as_version=4)
    book.cells.append(nbformat.v4.new_code_cell(LOOK))
    files[entry] = nbformat.writes(book).encode()
    return files


def said(text: str) -> dict[str, Any]:
    """The values that stand in what was printed."""
    (line,) = [line for line in text.splitlines() if line.startswith(MARK)]
    found: dict[str, Any] = json.loads(line.removeprefix(MARK))
    return found


def outside(folder: Path, entry: str) -> str:
    """What plain Python, or Jupyter, prints."""
    command = [sys.executable, entry]
    if entry.endswith(".ipynb"):
        words = "-m nbconvert --execute --to notebook --stdout".split()
        command = [sys.executable, *words, entry]
    start = folder / "start"  # torchvision needs help beside a torch without CUDA, as in the box
    start.mkdir()
    (start / "sitecustomize.py").write_text(
        "from grader.inside.shims import vision\nvision.install()\n"
    )
    path = os.pathsep.join([str(start), str(ROOT)])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    if entry.endswith(".py"):
        return done.stdout
    book = nbformat.reads(done.stdout, as_version=4)
    return "".join(o.text for o in book.cells[-1].outputs if o.output_type == "stream")


def inside(server: ForkServer, files: dict[str, bytes], entry: str, limits: Limits) -> str:
    """What the box prints."""
    with server.open(job(files, entry=entry, limits=limits, seed=1)) as box:
        assert box.load() is None
        printed = box.close().stdout
    if box.notebook is None:
        return printed
    book = nbformat.reads(box.notebook.decode(), as_version=4)
    return "".join(o.text for o in book.cells[-1].outputs if o.output_type == "stream")


@pytest.mark.parametrize("slug", Course(ROOT).slugs())
def test_values_are_equal(server: ForkServer, tmp_path: Path, slug: str) -> None:
    """Every name of every reference, module and notebook, with its final value."""
    course = Course(ROOT)
    loaded = course.load(slug)
    for number, reference in enumerate(course.references(loaded)):
        submission = loaded.assignment.add_numbers(reference)
        files, entry = looked_at(submission), submission.entry or ""
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        ours = said(inside(server, files, entry, loaded.assignment.limits))
        assert ours == said(outside(folder, entry)), entry
        assert ours


def test_another_value_is_seen(server: ForkServer) -> None:
    """The test above would fail for a number that differs, in a list or in an array."""
    made = "import torch\nimport numpy as np\na = [1, {2: 3}]\nb = torch.ones(3)\nc = np.eye(2)"
    found = []
    for source in (made, made.replace("3}", "4}"), made.replace("ones", "zeros")):
        files = {"it.py": (source + LOOK).encode()}
        found.append(said(inside(server, files, "it.py", Limits())))
    assert set(found[0]) == {"a", "b", "c", "np", "torch"}
    assert found[0]["a"] != found[1]["a"]
    assert found[0]["b"] != found[2]["b"]
    assert found[0]["c"] == found[1]["c"] == found[2]["c"]
