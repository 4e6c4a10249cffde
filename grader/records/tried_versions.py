"""The versions with which the grader was tried: the one list of them.

`docs/reference/platforms.md` says what was run with each, and `make matrix` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Tried(NamedTuple):
    """The ends of a range. What lies between was not all tried, but is expected to do."""

    oldest: str
    newest: str


TRIED: Mapping[str, Tried] = {
    "python": Tried("3.11", "3.13"),
    "torch": Tried("2.4.0", "2.15.0"),
    "torchvision": Tried("0.19.0", "0.29.2"),
    "numpy": Tried("1.26.0", "2.5.5"),
}


def list_untried(versions: Mapping[str, str]) -> list[str]:
    """A sentence about each version that lies outside of what was tried."""
    sentences = []
    for name, (oldest, newest) in TRIED.items():
        version = versions.get(name)
        if version is None:
            continue
        if _read(version, newest) > _read(newest, newest):
            sentences.append(f"{name} {version} was not tried; the newest tried is {newest}.")
        elif _read(version, oldest) < _read(oldest, oldest):
            sentences.append(f"{name} {version} was not tried; the oldest tried is {oldest}.")
    return sentences


def _read(version: str, like: str) -> list[int]:
    """Its numbers, as many as `like` has: 3.13.7 is 3.13, and 2.15.0+cu132 is 2.15.0."""
    numbers = [int(n) for n in re.findall(r"\d+", version.partition("+")[0])]
    return numbers[: like.count(".") + 1]
