"""What students' code prints names lines of theirs, and never where the grader lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.inside import libraries
from grader.records.limits import Limits
from grader.sandbox import ForkServer
from kit.boxes import job

LIMITS = Limits(cpu_seconds=30, memory_mib=2048)
WARNS = """import numpy as np
import torch

numbers = np.ones(3)
numbers.flags.writeable = False
tensor = torch.as_tensor(numbers)
"""
"""The last line makes torch warn, within a function that the grader has put around its own."""
FAILS = """import traceback
import torch
import seaborn
from torchvision import datasets

def tried(call):
    try:
        call()
    except Exception:
        traceback.print_exc()

class Net(torch.nn.Module):
    def _apply(self, function):
        raise ValueError("within")

tried(lambda: torch.zeros(2).to("cuda", "no such type"))
tried(lambda: torch.zeros(2).cuda("no such device"))
tried(lambda: torch.tensor("no number", device="cuda"))
tried(lambda: torch.set_default_device("no such device"))
tried(lambda: Net().to("cuda"))
tried(lambda: torch.cuda.NoSuchTensor)
tried(lambda: datasets.MNIST("."))
tried(lambda: 1 + seaborn.load_dataset("x"))
"""
"""Errors that pass through what stands around torch's functions, or come from it."""


@pytest.fixture
def served(tmp_path: Path) -> dict[str, str]:
    """MNIST, which is not on this machine."""
    described = {"name": "MNIST", "differs_by": "resources", "tensors": True, "classes": None}
    tmp_path.chmod(0o755)
    (tmp_path / "class.json").write_text(json.dumps(described))
    return {"mnist": str(tmp_path)}


def run(server: ForkServer, source: str, served: dict[str, str] | None = None) -> str:
    """What a module prints."""
    files = {"x.py": source.encode()}
    with server.open(job(files, entry="x.py", limits=LIMITS, datasets=served or {})) as box:
        assert box.load() is None
        end = box.close()
    assert end.status == "ok", end
    return end.stdout + end.stderr


def test_a_warning_names_the_students_line(server: ForkServer) -> None:
    """File, line and text of the call that torch warns of, as without a grader."""
    printed = run(server, WARNS)
    line = WARNS.splitlines().index("tensor = torch.as_tensor(numbers)") + 1
    assert f"x.py:{line}: UserWarning: The given NumPy array is not writable" in printed
    assert "\n  tensor = torch.as_tensor(numbers)\n" in printed
    assert "grader" not in printed.replace("grader-box-", "")  # the folder of a box at level 2


def test_a_warning_of_the_students_own_stays(server: ForkServer) -> None:
    """Also one that another place of theirs is named for."""
    source = "import warnings\ndef f():\n    warnings.warn('mind', stacklevel=2)\nf()\n"
    assert "x.py:4: UserWarning: mind\n  f()\n" in run(server, source)


def test_a_warning_while_measuring_names_the_students_line(server: ForkServer) -> None:
    """The student's function is called by the grader's code; it is theirs all the same."""
    source = WARNS.replace("tensor = ", "def f():\n    return ")
    with server.open(job({"x.py": source.encode()}, entry="x.py", limits=LIMITS)) as box:
        box.ask("call", {"name": "f"})
        printed = box.close().stderr
    assert "x.py:7: UserWarning: The given NumPy array" in printed
    assert libraries.own_package() not in printed


def test_a_traceback_names_no_path_of_the_graders(
    server: ForkServer, served: dict[str, str]
) -> None:
    """Of each error the student sees their own lines and the library's."""
    printed = run(server, FAILS, served)
    assert printed.count("Traceback") == FAILS.count("tried(lambda")
    assert libraries.own_package() not in printed
    assert "<grader: cpu>" in printed


@pytest.mark.parametrize("source", [WARNS, FAILS, 'torch.zeros(2).to("cuda", "no such type")'])
def test_a_notebook_names_no_path_of_the_graders(
    server: ForkServer, served: dict[str, str], source: str
) -> None:
    """Neither in what a cell prints nor in the traceback below it."""
    cells = [
        {"cell_type": "code", "source": s, "metadata": {}, "outputs": []}
        for s in ("import torch", source)
    ]
    book = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    files = {"x.ipynb": book.encode()}
    with server.open(job(files, entry="x.ipynb", limits=LIMITS, datasets=served)) as box:
        assert box.load() is None
        assert box.notebook is not None
        outputs = json.loads(box.notebook)["cells"][1]["outputs"]
    assert outputs
    assert libraries.own_package() not in json.dumps(outputs)
