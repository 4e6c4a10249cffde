"""Pictures of pages, taken in the system's chromium without a window."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shot:
    """The first screen of a page."""

    name: str
    """Of the picture, without .png."""
    page: str
    """The page's file."""
    title: str
    """What it shows, for a reader."""
    width: int = 1280
    height: int = 900
    dark: bool = False


def take(every: Iterable[Shot], folder: Path) -> None:
    """The pictures lie beside the pages. Raises RuntimeError where there is no browser."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise RuntimeError("The pictures are taken in chromium, which is not installed here.")
    with (
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser,
    ):
        for shot in every:
            with browser.new_context(
                viewport={"width": shot.width, "height": shot.height},
                color_scheme="dark" if shot.dark else "light",
                offline=True,
            ) as window:
                page = window.new_page()
                page.goto((folder / shot.page).as_uri())
                page.screenshot(path=folder / f"{shot.name}.png")
