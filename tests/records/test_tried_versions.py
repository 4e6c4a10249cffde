"""Versions outside of what was tried are named; the package asks for nothing older."""

from __future__ import annotations

import itertools
import re
import tomllib

import pytest

from grader.records.tried_versions import TRIED, list_untried
from kit.places import ROOT

INSIDE = {name: tried.newest for name, tried in TRIED.items()}


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("torch", "2.16.0", "torch 2.16.0 was not tried; the newest tried is 2.15.0."),
        ("torch", "2.16.0.dev20270101+cu140", "the newest tried is 2.15.0."),
        ("torch", "2.3.1+cu121", "torch 2.3.1+cu121 was not tried; the oldest tried is 2.4.0."),
        ("torch", "2.15.0+cu132", ""),
        ("torch", "2.4.0", ""),
        ("torch", "2.13.0+cpu", ""),
        ("numpy", "1.25.2", "the oldest tried is 1.26.0."),
        ("numpy", "2.0.0rc1", ""),
        ("python", "3.13.7", ""),
        ("python", "3.14.0", "python 3.14.0 was not tried; the newest tried is 3.13."),
        ("python", "3.10.2", "the oldest tried is 3.11."),
        ("IPython", "99.0", ""),
    ],
)
def test_a_version_is_compared_with_what_was_tried(name: str, version: str, said: str) -> None:
    """In numbers, without what names the build."""
    sentences = list_untried({**INSIDE, name: version})
    assert len(sentences) == bool(said)
    assert "".join(sentences).endswith(said)


def test_what_is_absent_is_not_untried() -> None:
    """torchvision need not be there."""
    assert list_untried({}) == []


def test_the_package_asks_for_what_was_tried() -> None:
    """The lower bounds of pyproject are the oldest versions, and its Pythons those of the list."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {}).values()
    wanted = [*project["dependencies"], *itertools.chain(*extras)]
    bounds = dict(d.split(">=") for d in wanted if ">=" in d)
    bounds["python"] = project["requires-python"].removeprefix(">=")
    for name, tried in TRIED.items():
        assert f"{tried.oldest}.".startswith(f"{bounds[name]}."), name
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert (pythons[0], pythons[-1]) == TRIED["python"]
