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
    from playwright.sync_api import Browser


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
