"""Which notebook a kernel belongs to. A kernel is not told; each environment has its own way.

VS Code      binds `__vsc_ipynb_file__` among the notebook's names.
Colab        keeps the notebook in the browser and hands it over on request.
Jupyter      lists its sessions at an address that it writes down for its user; and sets
             JPY_SESSION_NAME for the kernel, which a later renaming does not change.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.records.errors import UsageError
from grader.records.notebook_file import SUFFIX

_SERVERS = ("jpserver-*.json", "nbserver-*.json")
"""Files in which a running Jupyter writes its address and its key."""
_PATIENCE = 2.0
"""Seconds that one of these is waited for."""
_COLAB_PATIENCE = 30
_KERNEL = re.compile(r"kernel-([\w-]+)\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThisNotebook:
    """The notebook that a cell runs in, as a file."""

    path: Path
    folder: Path
    """Where the files lie that belong to it; its own folder, unless it is kept elsewhere."""
    state: str
    """Since when it is what it is, for a sentence: `as saved at 14:03:12`."""


@contextmanager
def open_notebook(names: Mapping[str, object], given: str = "") -> Iterator[ThisNotebook]:
    """The notebook called `given`, or the one that this kernel runs for.

    `names` are those of its cells. Raises UsageError where it cannot be found.
    """
    if not given and (content := _ask_colab()) is not None:
        with tempfile.TemporaryDirectory() as folder:
            yield _place(content, Path(folder))
    else:
        path = Path(given).expanduser() if given else find_file(names)
        if given and not path.is_file():
            raise UsageError(f"There is no file {path} in {Path.cwd()}. Check the name.")
        path = path.resolve()
        saved = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        day = "" if saved.date() == datetime.now().astimezone().date() else f"{saved:%Y-%m-%d}, "
        yield ThisNotebook(
            path=path, folder=path.parent, state=f"as saved at {day}{saved:%H:%M:%S}"
        )


def find_file(names: Mapping[str, object]) -> Path:
    """The file of the notebook that this kernel runs for. Raises UsageError."""
    told = (_find_of_vscode(names), *_list_of_jupyter(), os.environ.get("JPY_SESSION_NAME"))
    for place in told:
        if place and str(place).endswith(SUFFIX) and Path(str(place)).is_file():
            return Path(str(place))
    here = sorted(p for p in Path.cwd().glob(f"*{SUFFIX}") if p.is_file())
    if len(here) == 1:
        return here[0]
    there = f"{len(here)} notebooks" if here else "no notebook"
    raise UsageError(
        f"It is not known which notebook this is, and {Path.cwd()} holds {there}. Save it, and "
        f"name it: `%check {here[0].name if here else 'NAME.ipynb'}`"
    )


def _find_of_vscode(names: Mapping[str, object]) -> object:
    return names.get("__vsc_ipynb_file__")


# ---------------------------------------------------------------------- Jupyter


def _list_of_jupyter() -> Iterator[Path]:
    """The notebook of this kernel, as the server of it says now."""
    kernel = _find_kernel()
    if kernel is None:
        return
    for server in _list_servers():
        try:
            root = server.get("root_dir") or server["notebook_dir"]
            for session in _list_sessions(server["url"], server.get("token", "")):
                if session["kernel"]["id"] == kernel:
                    yield Path(root) / session["path"]
        except (OSError, ValueError, LookupError, TypeError):  # gone, locked, or of another kind
            continue


def _find_kernel() -> str | None:
    """The name by which a server knows this kernel."""
    try:
        from ipykernel.connect import get_connection_file

        match = _KERNEL.fullmatch(Path(get_connection_file()).name)
    except (ImportError, RuntimeError):
        return None
    return match[1] if match else None


def _list_servers() -> Iterator[dict[str, Any]]:
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:
        return
    for pattern in _SERVERS:
        for file in Path(jupyter_runtime_dir()).glob(pattern):
            try:
                server = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if isinstance(server, dict):
                yield server


def _list_sessions(url: str, token: str) -> list[dict[str, Any]]:
    """What a server runs. No proxy is asked: the address is this machine's own."""
    if not url.startswith(("http://", "https://")):
        return []
    request = urllib.request.Request(f"{url}api/sessions")  # noqa: S310 - looked at above
    if token:
        request.add_header("Authorization", f"token {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=_PATIENCE) as answer:
        sessions: list[dict[str, Any]] = json.load(answer)
    return sessions


# ---------------------------------------------------------------------- Colab


def _ask_colab() -> dict[str, Any] | None:
    """The notebook as it stands in the browser; None where this is not Colab."""
    if "google.colab" not in sys.modules:
        return None
    from google.colab import _message  # type: ignore[import-not-found,import-untyped,unused-ignore]

    reply = _message.blocking_request("get_ipynb", request="", timeout_sec=_COLAB_PATIENCE)
    content = reply.get("ipynb") if isinstance(reply, dict) else None
    if not isinstance(content, dict):
        raise UsageError(
            "Colab did not hand over this notebook. Run the cell again; or download the notebook, "
            "upload it to the folder on the left, and name it: `%check NAME.ipynb`"
        )
    return content


def _place(content: dict[str, Any], folder: Path) -> ThisNotebook:
    """The notebook of Colab as a file in `folder`; its other files lie where its code runs."""
    metadata = content.get("metadata")
    colab = metadata.get("colab") if isinstance(metadata, dict) else None
    called = str(colab.get("name", "")) if isinstance(colab, dict) else ""
    name = Path(called.replace("\\", "/")).name or "notebook"
    path = folder / (name if name.endswith(SUFFIX) else f"{name}{SUFFIX}")
    path.write_text(json.dumps(content), encoding="utf-8")
    return ThisNotebook(path=path, folder=Path.cwd(), state="as it stands in Colab")
