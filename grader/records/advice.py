"""What to do about the errors that beginners' code raises most. Pure text; imports nothing of ours.

Each rule looks at an exception's kind, message and line; the first that fits speaks. Where none
does, Python's own words have to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MARKS = r"(<<<<<<<|=======|>>>>>>>)"
_GUARD = 'put what reads data and trains below `if __name__ == "__main__":`'
_COMMAND_LINE = 'Put that line and what needs it below `if __name__ == "__main__":`'
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
    advice: str
    """With {name} for what a pattern's group of that name found."""
    cell: str = ""
    """The advice where the error is in a notebook, if it is another."""


def advise(kind: str, message: str, code: str | None, file: str | None) -> str:
    """What to do next, a sentence without its full stop; empty where nothing better is known."""
    for rule in _RULES:
        groups = _apply(rule, kind, message[:1000], (code or "").strip()[:400])
        if groups is not None:
            in_cell = ".ipynb" in (file or "") and rule.cell
            return (rule.cell if in_cell else rule.advice).format_map(groups)
    return ""


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
        advice="The question marks are a blank that was left: put your own code in their place",
    ),
    _Rule(
        kind="SyntaxError|NameError",
        code=r"[^#'\"]*\b(TODO|FIXME|YOUR[_ ]CODE)\b",
        advice="A blank was left here: put your own code in its place",
    ),
    _Rule(
        kind="TypeError|AttributeError",
        message=r"'ellipsis'|(got|not|non-iterable) ellipsis|got \(.*\bellipsis\b",
        advice="`...` is a blank that was left: put your own code in its place",
    ),
    _Rule(
        kind="NotImplementedError",
        code="raise NotImplementedError",
        advice="This is a blank that was left: put your own code in its place",
    ),
    _Rule(
        kind="NameError",
        message="was not run, (since this assignment takes definitions only|"
        "as the cells before it had used up the time for cells)$",
        advice="Nothing that is graded may depend on that line: make it a constant, or hand its "
        "value over as an argument",
    ),
    _Rule(
        kind="NameError",
        message=r"line \d+ \(`.+`\) (failed|was not run, as an error came before it)$",
        advice="Mend that error first",
    ),
)
_READING: Sequence[_Rule] = (
    _Rule(
        kind="SyntaxError|IndentationError",
        code=_MARKS,
        advice="Git could not merge two versions here: keep one of them, and delete the lines "
        "that begin with <<<<<<<, ======= and >>>>>>>",
    ),
    _Rule(
        kind="SyntaxError",
        code=r"(>>>|\.\.\.)( |$)",
        advice="Delete the prompts `>>>` and `...`: they belong to Python's console, not to a file",
    ),
    _Rule(
        kind="SyntaxError",
        code=r"[%!]",
        advice="Lines that begin with % or ! work in notebooks only: take them out",
    ),
    _Rule(
        kind="SyntaxError",
        message="invalid (non-printable )?character",
        advice="Type the quotes and signs of this line anew: a word processor or a web page has "
        "put other ones in their place",
    ),
    _Rule(
        kind="SyntaxError",
        message="Missing parentheses in call to 'print'",
        advice="This is Python 2: print is a function, with parentheses",
    ),
    _Rule(
        kind="SyntaxError",
        message="(^|could not be read: )invalid syntax$|unterminated|was never closed|unmatched|"
        "does not match",
        advice="Python cannot read this line: look for a bracket, quote or operator that is "
        "missing in it or before it, and for text that is no code",
    ),
    _Rule(kind="SyntaxError", message="expected ':'", advice="Put a colon at the line's end"),
    _Rule(
        kind="TabError",
        advice="Replace every tab by four spaces; your editor can do that for the whole file",
    ),
    _Rule(
        kind="IndentationError",
        advice="Indent this line like the others of its block, four spaces for each level",
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
        _Rule(message=message, advice=f"It is spelled `{now}` now: the version here is newer")
        for message, now in _RENAMED.items()
    ),
    _Rule(
        message=r"`(?P<name>np\.\w+)` was a deprecated alias for the builtin `(?P<now>\w+)`",
        advice="numpy has no `{name}` any more: write `{now}`",
    ),
    _Rule(
        message=r"`(?P<name>np\.\w+)` was removed in .* Use `(?P<now>[^`]+)` instead",
        advice="numpy has no `{name}` any more: write `{now}`",
    ),
    _Rule(
        message=r"'seaborn(?P<name>-[\w-]+)' is not a valid package style",
        advice="It is spelled `plt.style.use('seaborn-v0_8{name}')` now: the version here is newer",
    ),
    _Rule(
        message="invalid index of a 0-dim tensor",
        advice="Such a tensor is one number: write `.item()` in place of `[0]` or `.data[0]`",
    ),
    _Rule(
        message=r"(LR|Lambda|ReduceLROnPlateau)\.__init__\(\) got an unexpected keyword argument "
        "'verbose'",
        advice="Take out `verbose`, which schedulers no longer have, and print "
        "`scheduler.get_last_lr()` where you want to see it",
    ),
    _Rule(
        message="cannot import name '(?P<name>[^']+)' from 'collections'",
        advice="Write `from collections.abc import {name}`",
    ),
)
_IMPORTING: Sequence[_Rule] = (
    _Rule(
        kind="ModuleNotFoundError|ImportError",
        message="No module named 'google|from 'google.colab'",
        advice="It exists on Colab only: take out this line, and open files by their names alone",
    ),
    _Rule(
        kind="ModuleNotFoundError",
        message=r"No module named '(?P<name>[^']+)'",
        advice="If `{name}` is yours, hand it in as well, as a .py file; if it is a package, do "
        "without it, as the grader installs nothing",
    ),
    _Rule(
        kind="ImportError",
        message="attempted relative import",
        code=r"from +\.+(?P<name>\w+) +import",
        advice="Write `from {name} import …`, without the dot",
    ),
    _Rule(
        kind="ImportError",
        message=r"cannot import name '[^']*' from .*\([^/()]*\)$",
        advice="Where two files import each other, the second finds the first half done: move what "
        "both need into a third file",
    ),
    _Rule(
        kind="ImportError",
        message="cannot import name '(?P<name>[^']+)'",
        advice="Check the spelling of `{name}` and where it comes from",
    ),
    *(
        _Rule(
            kind="NameError",
            message=f"^name '{name}' is not defined",
            advice=f"Add `{line}` on top",
        )
        for name, line in _IMPORTS.items()
    ),
)
_NO_FOLDER = (
    "The folder that this writes to is not there: make it first with "
    "`os.makedirs(…, exist_ok=True)`, or write beside your own files"
)
_OUTSIDE: Sequence[_Rule] = (
    _Rule(
        kind="SystemExit",
        message="^no options are given here",
        advice=f"{_COMMAND_LINE}, or give each option a default",
        cell="Give each option a default, and write `parse_args([])`: a notebook has no command "
        "line",
    ),
    _Rule(
        kind="IndexError",
        code=r".*\bsys\.argv\b",
        advice=f"There is no command line here. {_COMMAND_LINE}",
        cell="A notebook has no command line: put the value into the cell",
    ),
    _Rule(
        message="Dataset not found|Error downloading|urlopen error|name resolution|"
        "Failed to download|Max retries exceeded|is not on the machine that grades",
        advice="Nothing can be downloaded here, and this data set is not here: " + _GUARD,
        cell="Nothing can be downloaded here, and this data set is not here: nothing that is "
        "graded may depend on this cell",
    ),
    _Rule(
        kind="FileNotFoundError|NotADirectoryError",
        code=r".*\bchdir\b",
        advice="Only what you hand in lies here, without its folders: take out this line, and open "
        "files by their names alone",
    ),
    _Rule(
        message=r"^Parent directory .* does not exist|^Cannot save file into a non-existent",
        advice=_NO_FOLDER,
    ),
    _Rule(
        kind="FileNotFoundError|NotADirectoryError",
        code=r".*(?:\bsave\w*\(|\bbasicConfig\(|FileHandler\(|\bto_(?:csv|json|excel|pickle|parquet)\(|\bdump\(|\bwrite_\w+\(|"
        r"\bopen\(.*,\s*(?:mode\s*=\s*)?[\"'][rbt]*[wax+])",
        advice=_NO_FOLDER,
    ),
    _Rule(
        kind="FileNotFoundError|NotADirectoryError",
        message=r"'(?:[^']*[/\\])?(?P<name>[^'/\\]+)[/\\]?'$",
        advice="Only what you hand in lies here, without its folders: hand the file in and open it "
        "as `{name}`; or, if it is for training, " + _GUARD,
        cell="Only what you hand in lies here, without its folders: hand the file in and open it "
        "as `{name}`",
    ),
    _Rule(
        kind="PermissionError",
        code=r".*\b(?:subprocess|check_call|check_output|Popen|system)\b",
        advice="The grader runs no other programs and installs nothing: take this line out",
    ),
    _Rule(
        kind="EOFError",
        message="EOF when reading a line",
        advice="input() waits for somebody to type, and nobody does: put the value into the file",
    ),
    _Rule(
        message="not compiled with CUDA|No CUDA GPUs|Found no NVIDIA driver|CUDA driver|"
        "support for cuda devices|without ATen_cuda|requires CUDA support",
        advice="There is no GPU here: use `cuda` only if torch.cuda.is_available(), else `cpu`",
    ),
)
_NETWORK: Sequence[_Rule] = (
    _Rule(
        kind="AttributeError",
        message=r"cannot assign \w+ before Module.__init__\(\) call",
        advice="Begin `__init__` with super().__init__()",
    ),
    _Rule(
        kind="AttributeError",
        message=r"object has no attribute '(?P<name>\w+)'$",
        code=r".*\bself\.",
        advice="Set `self.{name}` in `__init__`, which has two underscores on each side",
    ),
    _Rule(
        kind="NameError",
        message=r"^name '(?P<name>\w+)' is not defined",
        code=r".*\bself\b|.*\bx\b",
        advice="Where it is a layer of your class, write `self.{name}`; otherwise define it first",
    ),
    _Rule(
        kind="NotImplementedError",
        message='missing the required "forward" function',
        advice="Define `forward(self, x)`, spelled so, indented as part of the class",
    ),
    _Rule(
        kind="TypeError",
        message=r"\.forward\(\) (missing \d+ required|takes \d+ positional|got an unexpected)",
        advice="The network is called with the inputs alone: write `def forward(self, x)`, and "
        "give every further argument a default value",
    ),
    _Rule(
        kind="RuntimeError",
        message=r"mat1 and mat2 shapes cannot be multiplied "
        r"\(\d+x(?P<seen>\d+) and (?P<wanted>\d+)x\d+\)",
        advice="A row of {seen} numbers meets a layer made for {wanted}: compare the layer's size "
        "with the shape before it; flatten(1) leaves one row per picture",
    ),
    _Rule(
        kind="RecursionError",
        advice="A function calls itself without end: look for `self(x)` or `self.forward(x)` in "
        "what `forward` runs",
    ),
)
_RULES = (*_BLANKS, *_READING, *_OLD, *_IMPORTING, *_OUTSIDE, *_NETWORK)
