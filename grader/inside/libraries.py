"""Where the interpreter, what is installed with it, and the grader itself lie."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable


def own_package() -> str:
    """The directory of the grader's package; in a wheel the reference solutions lie in it too."""
    package = sys.modules[__name__.partition(".")[0]]
    return os.path.dirname(os.path.realpath(str(package.__file__)))


def list_installed() -> list[str]:
    """Directories that hold the interpreter and what is installed with it, or for this user."""
    return [sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix, *_libraries()]


def _libraries() -> list[str]:
    """Where the libraries lie that every job needs: a .pth file may name another place."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in ("torch", "numpy"))
    return [os.path.dirname(os.path.dirname(file)) for file in files if file]


def without_own(paths: Iterable[str]) -> list[str]:
    """Those of `sys.path` that student code keeps: all but the grader's, unless it is shared."""
    home = os.path.dirname(own_package())
    return [p for p in paths if (p and os.path.realpath(p) != home) or _is_shared(p)]


def _is_shared(path: str) -> bool:
    """True for site-packages, where the grader lies among others."""
    return any(path.startswith(prefix) for prefix in list_installed())
