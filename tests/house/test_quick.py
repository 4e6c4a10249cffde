"""`make quick` runs what starts no process, and says so where a test does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kit.places import TESTS
from kit.quick import FIXTURES, ROOMS, Guard


def test_a_process_is_refused_while_a_test_runs() -> None:
    """The refusal is an error, is remembered where it is caught, and ends with the test."""
    guard = Guard()
    command = [sys.executable, "-c", "pass"]
    subprocess.run(command, check=True)
    guard.running = "a test"
    with pytest.raises(RuntimeError, match="Mark a test as `process`"):
        subprocess.run(command, check=True)
    guard.running = ""
    with pytest.raises(AssertionError, match="mark it as `process`"):
        guard.pytest_runtest_teardown()
    guard.pytest_runtest_teardown()
    subprocess.run(command, check=True)


def test_what_asks_for_a_box_is_not_quick(request: pytest.FixtureRequest) -> None:
    """The folders are there, and so are the fixtures."""
    assert [room for room in ROOMS if not (TESTS / room).is_dir()] == []
    manager = request._fixturemanager
    assert [name for name in FIXTURES if not manager.getfixturedefs(name, request.node)] == []
    assert request.node.get_closest_marker("process")
