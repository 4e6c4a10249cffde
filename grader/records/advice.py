"""Which advice fits the errors that beginners' code raises most; the words stand in messages.

Each rule looks at an exception's kind, message and line; the first that fits speaks. Where none
does, Python's own words have to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.records.messages import Message

_MARKS = r"(<<<<<<<|=======|>>>>>>>)"
_IMPORTS = {
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "optim": "from torch import optim",
    "transforms": "from torchvision import transforms",
    "datasets": "from torchvision import datasets",
    "DataLoader": "from torch.utils.data import DataLoader",
    **{name: f"import {name}" for name in ("torch", "torchvision", "math", "numpy", "random")},
}
"""Names that are used everywhere and defined nowhere → the line that is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    kind: str = ""
    """Pattern of the exception's whole name; empty for any."""
    message: str = ""
    """Pattern within its text."""
    code: str = ""
    """Pattern at the start of the line."""
    says: str
    """The rest of a message's code, after `advice-`: its facts are what groups of the patterns
    found, and `facts`.
    """
    facts: Mapping[str, str] = field(default_factory=dict)
    in_notebook: bool = False
    """Whether a notebook is told something else, `advice-…-in-notebook`."""


def advise(kind: str, message: str, code: str | None, file: str | None) -> str:
    """What to do next, a sentence without its full stop; empty where nothing better is known."""
    found = find_advice(kind, message, code, file)
    return found.hint() if found else ""


def find_advice(kind: str, message: str, code: str | None, file: str | None) -> Message | None:
    """The message whose hint is what to do next; None where nothing better is known."""
    for rule in _RULES:
        groups = _apply(rule, kind, message[:1000], (code or "").strip()[:400])
        if groups is not None:
            there = "-in-notebook" if rule.in_notebook and ".ipynb" in (file or "") else ""
            return Message(f"advice-{rule.says}{there}", {**rule.facts, **groups})
    return None


def _apply(rule: _Rule, kind: str, message: str, code: str) -> dict[str, str] | None:
    """What the rule's patterns found by name; None where one of them does not fit."""
    groups: dict[str, str] = {}
    for pattern, text, match in (
        (rule.kind, kind, re.fullmatch),
        (rule.message, message, re.search),
        (rule.code, code, re.match),
    ):
        if not pattern:
            continue
        fit = match(pattern, text)
        if fit is None:
            return None
        groups |= {k: v for k, v in fit.groupdict().items() if v}
    return groups


_BLANKS: Sequence[_Rule] = (
    _Rule(
        kind="SyntaxError",
        code=r"[^#'\"]*\?\?",
        says="question-marks",
    ),
    _Rule(
        kind="SyntaxError|NameError",
        code=r"[^#'\"]*\b(TODO|FIXME|YOUR[_ ]CODE)\b",
        says="todo",
    ),
    _Rule(
        kind="TypeError|AttributeError",
        message=r"'ellipsis'|(got|not|non-iterable) ellipsis|got \(.*\bellipsis\b",
        says="ellipsis",
    ),
    _Rule(
        kind="NotImplementedError",
        code="raise NotImplementedError",
        says="not-implemented",
    ),
    _Rule(
        kind="NameError",
        message="was not run, (since this assignment takes definitions only|"
        "as the cells before it had used up the time for cells)$",
        says="not-run",
    ),
    _Rule(
        kind="NameError",
        message=r"line \d+ \(`.+`\) (failed|was not run, as an error came before it)$",
        says="mend-first",
    ),
)
_READING: Sequence[_Rule] = (
    _Rule(
        kind="SyntaxError|IndentationError",
        code=_MARKS,
        says="merge-marks",
    ),
    _Rule(
        kind="SyntaxError",
        code=r"(>>>|\.\.\.)( |$)",
        says="prompts",
    ),
    _Rule(
        kind="SyntaxError",
        code=r"[%!]",
        says="magics",
    ),
    _Rule(
        kind="SyntaxError",
        message="invalid (non-printable )?character",
        says="odd-characters",
    ),
    _Rule(
        kind="SyntaxError",
        message="Missing parentheses in call to 'print'",
        says="print",
    ),
    _Rule(
        kind="SyntaxError",
        message="(^|could not be read: )invalid syntax$|unterminated|was never closed|unmatched|"
        "does not match",
        says="unreadable",
    ),
    _Rule(kind="SyntaxError", message="expected ':'", says="colon"),
    _Rule(
        kind="TabError",
        says="tabs",
    ),
    _Rule(
        kind="IndentationError",
        says="indentation",
    ),
)
_RENAMED = {
    r"module 'torchvision\.transforms\S*' has no attribute 'Scale'": "transforms.Resize",
    r"module 'torchvision\.transforms\S*' has no attribute 'RandomSizedCrop'": (
        "transforms.RandomResizedCrop"
    ),
    "module 'torch' has no attribute 'set_deterministic'": "torch.use_deterministic_algorithms",
    "module 'numpy' has no attribute 'product'": "np.prod",
    "module 'numpy' has no attribute 'cumproduct'": "np.cumprod",
    "module 'numpy' has no attribute 'in1d'": "np.isin",
    "module 'numpy' has no attribute 'trapz'": "np.trapezoid",
    "module 'numpy' has no attribute 'bool8'": "np.bool_",
    "module 'numpy' has no attribute 'asscalar'": "x.item()",
    r"'(CIFAR10|MNIST)' object has no attribute '(train|test)_data'": ".data",
    r"'(CIFAR10|MNIST)' object has no attribute '(train|test)_labels'": ".targets",
    r"DataLoaderIter' object has no attribute 'next'": "next(iterator)",
    "No module named 'torch._six'": "from math import inf",
    "No module named 'torchvision.models.utils'": (
        "from torch.hub import load_state_dict_from_url"
    ),
    "'seaborn' is not a valid package style": "plt.style.use('seaborn-v0_8')",
}
"""What older versions of the libraries had, as its absence is reported → how it is spelled now."""
_OLD: Sequence[_Rule] = (
    *(
        _Rule(message=message, says="renamed", facts={"now": now})
        for message, now in _RENAMED.items()
    ),
    _Rule(
        message=r"`(?P<name>np\.\w+)` was a deprecated alias for the builtin `(?P<now>\w+)`",
        says="builtin-alias",
    ),
    _Rule(
        message=r"`(?P<name>np\.\w+)` was removed in .* Use `(?P<now>[^`]+)` instead",
        says="builtin-alias",
    ),
    _Rule(
        message=r"'seaborn(?P<name>-[\w-]+)' is not a valid package style",
        says="seaborn",
    ),
    _Rule(
        message="invalid index of a 0-dim tensor",
        says="one-number",
    ),
    _Rule(
        message=r"(LR|Lambda|ReduceLROnPlateau)\.__init__\(\) got an unexpected keyword argument "
        "'verbose'",
        says="scheduler-verbose",
    ),
    _Rule(
        message="cannot import name '(?P<name>[^']+)' from 'collections'",
        says="collections",
    ),
)
_IMPORTING: Sequence[_Rule] = (
    _Rule(
        kind="ModuleNotFoundError|ImportError",
        message="No module named 'google|from 'google.colab'",
        says="colab",
    ),
    _Rule(
        kind="ModuleNotFoundError",
        message=r"No module named '(?P<name>[^']+)'",
        says="no-module",
    ),
    _Rule(
        kind="ImportError",
        message="attempted relative import",
        code=r"from +\.+(?P<name>\w+) +import",
        says="relative-import",
    ),
    _Rule(
        kind="ImportError",
        message=r"cannot import name '[^']*' from .*\([^/()]*\)$",
        says="circular-import",
    ),
    _Rule(
        kind="ImportError",
        message="cannot import name '(?P<name>[^']+)'",
        says="no-such-name",
    ),
    *(
        _Rule(
            kind="NameError",
            message=f"^name '{name}' is not defined",
            says="add-import",
            facts={"line": line},
        )
        for name, line in _IMPORTS.items()
    ),
)
_OUTSIDE: Sequence[_Rule] = (
    _Rule(
        kind="SystemExit",
        message="^no options are given here",
        says="command-line",
        in_notebook=True,
    ),
    _Rule(
        kind="IndexError",
        code=r".*\bsys\.argv\b",
        says="argv",
        in_notebook=True,
    ),
    _Rule(
        message="Dataset not found|Error downloading|urlopen error|name resolution|"
        "Failed to download|Max retries exceeded|is not on the machine that grades",
        says="download",
        in_notebook=True,
    ),
    _Rule(
        kind="FileNotFoundError|NotADirectoryError",
        code=r".*\bchdir\b",
        says="chdir",
    ),
    _Rule(
        message=r"^Parent directory .* does not exist|^Cannot save file into a non-existent",
        says="no-folder",
    ),
    _Rule(
        kind="FileNotFoundError|NotADirectoryError",
        code=r".*(?:\bsave\w*\(|\bbasicConfig\(|FileHandler\(|\bto_(?:csv|json|excel|pickle|parquet)\(|\bdump\(|\bwrite_\w+\(|"
        r"\bopen\(.*,\s*(?:mode\s*=\s*)?[\"'][rbt]*[wax+])",
        says="no-folder",
    ),
    _Rule(
        kind="FileNotFoundError|NotADirectoryError",
        message=r"'(?:[^']*[/\\])?(?P<name>[^'/\\]+)[/\\]?'$",
        says="no-file",
        in_notebook=True,
    ),
    _Rule(
        kind="PermissionError",
        code=r".*\b(?:subprocess|check_call|check_output|Popen|system)\b",
        says="other-program",
    ),
    _Rule(
        kind="EOFError",
        message="EOF when reading a line",
        says="input",
    ),
    _Rule(
        message="not compiled with CUDA|No CUDA GPUs|Found no NVIDIA driver|CUDA driver|"
        "support for cuda devices|without ATen_cuda|requires CUDA support",
        says="gpu",
    ),
)
_NETWORK: Sequence[_Rule] = (
    _Rule(
        kind="AttributeError",
        message=r"cannot assign \w+ before Module.__init__\(\) call",
        says="super-init",
    ),
    _Rule(
        kind="AttributeError",
        message=r"object has no attribute '(?P<name>\w+)'$",
        code=r".*\bself\.",
        says="no-attribute",
    ),
    _Rule(
        kind="NameError",
        message=r"^name '(?P<name>\w+)' is not defined",
        code=r".*\bself\b|.*\bx\b",
        says="no-layer",
    ),
    _Rule(
        kind="NotImplementedError",
        message='missing the required "forward" function',
        says="no-forward",
    ),
    _Rule(
        kind="TypeError",
        message=r"\.forward\(\) (missing \d+ required|takes \d+ positional|got an unexpected)",
        says="forward-arguments",
    ),
    _Rule(
        kind="RuntimeError",
        message=r"mat1 and mat2 shapes cannot be multiplied "
        r"\(\d+x(?P<seen>\d+) and (?P<wanted>\d+)x\d+\)",
        says="sizes",
    ),
    _Rule(
        kind="RecursionError",
        says="recursion",
    ),
)
_RULES = (*_BLANKS, *_READING, *_OLD, *_IMPORTING, *_OUTSIDE, *_NETWORK)
