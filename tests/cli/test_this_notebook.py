"""Which notebook a kernel belongs to, as each environment tells it.

VS Code and Colab were not at hand: what they offer is played as their sources and users describe it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader.cli import this_notebook
from grader.cli.this_notebook import find_file, open_notebook
from grader.records.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a kernel runs of which nobody knows anything."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


def save(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text('{"cells": []}')


def test_the_only_notebook_in_the_folder_is_meant(folder: Path) -> None:
    """Where nobody says anything. With two, or none, the sentence says what to pass."""
    with pytest.raises(UsageError, match=r"holds no notebook\. Save it, and name it: `%check NAME"):
        find_file({})
    save(folder, "lenet.ipynb")
    assert find_file({}) == folder / "lenet.ipynb"
    save(folder, "another.ipynb")
    with pytest.raises(UsageError, match=r"holds 2 notebooks.* `%check another\.ipynb`"):
        find_file({})


def test_the_variable_of_a_jupyter_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JPY_SESSION_NAME, if there is such a file: it may have been renamed, or be no notebook."""
    save(folder, "lenet.ipynb", "another.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "lenet.ipynb"))
    assert find_file({}) == folder / "lenet.ipynb"
    for other in ("renamed.ipynb", "2e5b9d94-8bd0-4d6b-a0a5-1ae8d2fe4b0b", ""):
        monkeypatch.setenv("JPY_SESSION_NAME", str(folder / other))
        with pytest.raises(UsageError, match="It is not known which notebook this is"):
            find_file({})


def test_the_name_that_vscode_binds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`__vsc_ipynb_file__`; one that was never saved has no file."""
    save(folder, "lenet.ipynb", "another.ipynb")
    assert find_file({"__vsc_ipynb_file__": str(folder / "lenet.ipynb")}) == folder / "lenet.ipynb"
    with pytest.raises(UsageError, match="Save it, and name it"):
        find_file({"__vsc_ipynb_file__": "Untitled-1.ipynb"})


# ------------------------------------------------------------------------- a Jupyter server


class Sessions(BaseHTTPRequestHandler):
    """The part of Jupyter's interface that lists what runs."""

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "token secret"
        known = self.path == "/base/api/sessions"
        self.send_response(200 if allowed and known else 403)
        self.end_headers()
        sessions = [
            {"kernel": {"id": "other"}, "path": "another.ipynb"},
            {"kernel": {"id": "0a1b-2c"}, "path": "deep/lenet.ipynb"},
        ]
        self.wfile.write(json.dumps(sessions).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(folder: Path) -> Iterator[dict[str, Any]]:
    """What a server on this machine writes down for its user."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sessions) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{http.server_port}/base/"
        yield {"url": url, "token": "secret", "root_dir": str(folder)}
        http.shutdown()
        thread.join()


def test_a_server_says_which_notebook_runs_on_a_kernel(
    folder: Path, tmp_path: Path, server: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says now outranks what the kernel was told when it was started. Others are passed by."""
    (folder / "deep").mkdir()
    save(folder, "untitled.ipynb", "another.ipynb", "deep/lenet.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / "untitled.ipynb"))
    monkeypatch.setattr(this_notebook, "_find_kernel", lambda: "0a1b-2c")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    runtime = tmp_path / "runtime"
    (runtime / "jpserver-1.json").write_text("not JSON")
    (runtime / "jpserver-2.json").write_text(json.dumps(server | {"url": "http://127.0.0.1:9/"}))
    (runtime / "jpserver-3.json").write_text(json.dumps(server | {"token": ""}))  # a password
    (runtime / "jpserver-4.json").write_text(json.dumps(server | {"url": "file:///etc/"}))
    (runtime / "jpserver-5.json").write_text("{}")
    assert find_file({}) == folder / "untitled.ipynb"
    (runtime / "jpserver-6.json").write_text(json.dumps(server))
    assert find_file({}) == folder / "deep/lenet.ipynb"


# ------------------------------------------------------------------------- Colab


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """`google.colab._message` as its source has it; the list holds the browser's replies."""
    replies: list[Any] = []
    message: Any = ModuleType("google.colab._message")

    def blocking_request(request_type, request="", timeout_sec=5, parent=None):
        assert request_type == "get_ipynb"
        return replies.pop(0)

    message.blocking_request = blocking_request
    package: Any = ModuleType("google.colab")
    package._message = message
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    monkeypatch.setitem(sys.modules, "google.colab._message", message)
    return replies


def test_colab_hands_over_what_stands_in_the_browser(folder: Path, colab: list[Any]) -> None:
    """It has a name there, which is only a name; files lie where the code runs."""
    book = {"cells": [], "metadata": {"colab": {"name": "Copy of lenet.ipynb"}}}
    colab.append({"ipynb": book})
    with open_notebook({}) as this:
        assert json.loads(this.path.read_text()) == book
        assert (this.path.name, this.folder) == ("Copy of lenet.ipynb", folder)
        assert this.state == "as it stands in Colab"
    assert not this.path.exists()
    for name, expected in [
        ("../../x.ipynb", "x.ipynb"),
        ("", "notebook.ipynb"),
        ("lenet", "lenet.ipynb"),
    ]:
        colab.append({"ipynb": {"cells": [], "metadata": {"colab": {"name": name}}}})
        with open_notebook({}) as this:
            assert this.path.name == expected
    colab.append({"ipynb": {"cells": []}})
    with open_notebook({}) as this:
        assert this.path.name == "notebook.ipynb"


@pytest.mark.parametrize("reply", [None, {}, {"ipynb": "no"}, {"error": "x"}])
def test_colab_may_not_answer(folder: Path, colab: list[Any], reply: object) -> None:
    """Then there is a sentence, and a file that was named is read all the same."""
    colab.append(reply)
    with pytest.raises(UsageError, match="Colab did not hand over"), open_notebook({}):
        pass
    save(folder, "lenet.ipynb")
    with open_notebook({}, "lenet.ipynb") as this:
        assert this.path == folder / "lenet.ipynb"


# ------------------------------------------------------------------------- when it was saved


def test_it_is_said_when_it_was_saved(folder: Path) -> None:
    """The time, and the day where it was not today."""
    save(folder, "lenet.ipynb")
    with open_notebook({}) as this:
        assert re.fullmatch(r"as saved at \d\d:\d\d:\d\d", this.state)
    os.utime(folder / "lenet.ipynb", (86_400, 86_400))
    with open_notebook({}) as this:
        assert this.state.startswith("as saved at 1970-01-0")


def test_a_file_that_is_not_there(folder: Path) -> None:
    """The sentence names the folder in which it was looked for."""
    with (
        pytest.raises(UsageError, match=re.escape(f"no file lenet.ipynb in {folder}")),
        open_notebook({}, "lenet.ipynb"),
    ):
        pass
