"""A JupyterLab and a browser that run beside the tests, and what a person sees in them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from kit.processes import gone

if TYPE_CHECKING:  # installed by `make proofs`, not by `make test`
    from playwright.sync_api import BrowserContext, Locator, Page

PATIENCE = 180
"""Seconds that a condition is waited for; it is there after a few."""
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
"""No question about news, which would come from the internet; cells out of sight are drawn too."""
ANOTHER = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Another Python",
    "language": "python",
}
"""A second kernel, as most have: Jupyter takes one without asking only if it is named."""
WIDTHS = """place => Promise.all([...place.querySelectorAll("img")].map(
    picture => picture.decode().then(() => picture.naturalWidth, () => 0)))"""


class Window:
    """A browser window, and what it complained of or asked others for."""

    def __init__(self, context: BrowserContext) -> None:
        context.set_default_timeout(1000 * PATIENCE)
        self.context, self.page = context, context.new_page()
        self.said: list[str] = []
        """Errors and warnings of the console, refusals of the content security policy included."""
        self.asked: list[str] = []
        """Addresses on other machines."""
        self.page.on("console", lambda m: self.said.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("request", lambda request: self._ask(request.url))

    def _ask(self, address: str) -> None:
        local = ("http://127.0.0.1:", "file:", "data:", "blob:", "attachment:")
        if not address.startswith(local):
            self.asked.append(address)


@dataclass(frozen=True)
class Jupyter:
    """A server that runs, with its files and its key."""

    root: Path
    url: str
    token: str = field(repr=False)

    def show(self, window: Window, name: str) -> Shown:
        """The notebook opened, once its kernel waits for work or somebody has to be asked."""
        window.page.goto(f"{self.url}lab/tree/{name}?reset&token={self.token}")
        window.page.wait_for_function(
            """() => document.querySelector(".jp-Dialog")
                || document.querySelector("#jp-main-statusbar")?.innerText.includes("| Idle")"""
        )
        return Shown(self, window, name)


@dataclass(frozen=True)
class Shown:
    """A notebook as a person sees it in JupyterLab."""

    jupyter: Jupyter
    window: Window
    name: str

    @property
    def page(self) -> Page:
        return self.window.page

    @property
    def cells(self) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell")

    def outputs(self, place: int) -> Locator:
        """Outputs of a cell."""
        return self.cells.nth(place - 1).locator(".jp-OutputArea-output")

    def text(self, place: int) -> str:
        """What is to be read below a cell; there is something."""
        from playwright.sync_api import expect

        expect(self.outputs(place).last).not_to_be_empty(timeout=1000 * PATIENCE)
        return "\n".join(self.outputs(place).all_inner_texts())

    def widths(self, place: int) -> list[int]:
        """Pictures of a cell, by the width of what was drawn; 0 for a broken one. There is one."""
        cell = self.cells.nth(place - 1)
        cell.locator("img").first.wait_for(state="attached")
        drawn: list[int] = cell.evaluate(WIDTHS)
        return drawn

    def complaints(self) -> list[str]:
        """Whatever Jupyter has against the notebook: questions, pop-ups, and what it found in it."""
        raised = self.page.locator(".jp-Dialog, .Toastify__toast").all_inner_texts()
        address = f"{self.jupyter.url}api/contents/{self.name}?token={self.jupyter.token}"
        request = self.window.context.request
        answer = request.get(address, timeout=1000 * PATIENCE).json()
        assert {"content", "message"} & answer.keys()
        return [*raised, *([answer["message"]] if "message" in answer else [])]

    def run(self, place: int) -> None:
        """The cell is run, and no cell runs any more."""
        self.cells.nth(place - 1).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Control+Enter")
        busy = "() => document.querySelector('#jp-main-statusbar').innerText.includes('| Busy')"
        number = self.cells.nth(place - 1).locator(".jp-InputPrompt", has_text="*")
        number.wait_for(state="detached")
        self.page.wait_for_function(f"!({busy})()")

    def write(self, place: int, text: str) -> None:
        """The cell holds this text instead."""
        self.cells.nth(place - 1).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Escape")

    def save(self) -> nbformat.NotebookNode:
        """What is in the file after the person has saved it."""
        self.cells.first.click()
        with self.page.expect_response(lambda r: r.request.method == "PUT" and self.name in r.url):
            self.page.keyboard.press("Control+s")
        saved = nbformat.read(self.jupyter.root / self.name, as_version=nbformat.NO_CONVERT)
        nbformat.validate(saved)
        return saved


@contextlib.contextmanager
def serving(root: Path, home: Path) -> Iterator[Jupyter]:
    """JupyterLab on a folder, with a home of its own in another one."""
    for name, values in SETTINGS.items():
        file = home / "config/lab/user-settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    kernel = home / "data/kernels/another/kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps(ANOTHER))
    own = {f"JUPYTER_{n.upper()}_DIR": str(home / n) for n in ("config", "data", "runtime")}
    words = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    words += [f"--ServerApp.root_dir={root}", "--LabApp.extension_manager=readonly"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *words],
            env={**os.environ, **own, "HOME": str(home), "IPYTHONDIR": str(home / "ipython")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Jupyter(root, *address(server, home))
    finally:
        end(server, home)


def address(server: subprocess.Popen[bytes], home: Path) -> tuple[str, str]:
    """Where the server listens, once it does, and the key that it gives out."""
    file = home / f"runtime/jpserver-{server.pid}.json"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):  # not yet, or half
            written = json.loads(file.read_text())
            return written["url"], written["token"]
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text())


def end(server: subprocess.Popen[bytes], home: Path) -> None:
    """The server is gone, and so are its kernels, which name the folder."""
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(PATIENCE)
    server.kill()
    server.wait()
    for pid in gone(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert gone(home) == []
