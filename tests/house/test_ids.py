"""Every process gives the tests the same names, as those that share the work have to agree on them."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from kit.places import ROOT

SEEDS = ("1", "2")
"""Each process hashes strings in another way, and so goes through sets in another order."""


def collecting(seed: str) -> subprocess.Popen[str]:
    """A process that lists all tests, those of `make proofs` too."""
    listing = [sys.executable, "-m", "pytest", "--collect-only", "-m", "proof or not proof"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.Popen(
        [*listing, "-p", "no:cacheprovider", "tests"],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.proof
def test_ids_are_the_same_in_every_process() -> None:
    """Two processes with other hash seeds list the same tests, in the same order."""
    processes = [collecting(seed) for seed in SEEDS]
    texts = [process.communicate()[0] for process in processes]
    listed = []
    for process, said in zip(processes, texts, strict=True):
        assert process.returncode == 0, said[-2000:]
        listed.append([line for line in said.splitlines() if "::" in line])
        assert re.search(rf"^{len(listed[-1])} tests collected", said, re.MULTILINE), said[-200:]
    first, second = listed
    assert first == second
    assert len(set(first)) == len(first)
