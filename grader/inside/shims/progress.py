"""`from tqdm.notebook import tqdm` without ipywidgets: a plain bar in place of an error."""

from __future__ import annotations

import importlib
from typing import Any


def install() -> None:
    """Does nothing where tqdm is not there, or has its widgets."""
    try:
        import tqdm
    except ImportError:
        return
    notebook: Any = importlib.import_module("tqdm.notebook")
    importlib.import_module("tqdm.auto")
    if notebook.IProgress is None:
        notebook.tqdm = notebook.tqdm_notebook = tqdm.tqdm
        notebook.trange = notebook.tnrange = tqdm.trange
