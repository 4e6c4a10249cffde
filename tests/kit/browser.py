"""Debian's chromium, driven without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kit.lab import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@contextmanager
def open_browser(home: Path, *words: str) -> Iterator[Browser]:
    """A browser whose home is that folder, started with these words beside its own."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not installed here")
    from playwright.sync_api import sync_playwright

    with (
        sync_playwright() as driver,
        driver.chromium.launch(
            executable_path=program,
            env={**os.environ, "HOME": str(home)},
            args=["--no-sandbox", *words],
            timeout=1000 * PATIENCE,
        ) as browser,
    ):
        yield browser


def find_violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on a page, with everything unfolded: rule, and the first places of each."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    rows = Axe().run(page).response["violations"]
    return [(row["id"], [node["html"][:200] for node in row["nodes"]][:3]) for row in rows]
