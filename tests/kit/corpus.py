"""The corpus of hostile submissions: what each is made of, and what is expected of it.

`submissions/hostile/network.py` is a wrong network in honest form. A specimen is a folder with one
attempt: `trick.py`, which follows the network in lenet.py or as a cell of lenet.ipynb, or
`cells.txt`, cells that only a notebook can hold, parted by lines `# %%`. Its other files are handed
in with it; `make.py` makes those that git cannot hold. `expected.toml` says what becomes of it.
"""

from __future__ import annotations

import runpy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from grader.records.limits import Limits
from grader.records.submission import Submission
from kit.places import ROOT, SUBMISSIONS

HOSTILE = SUBMISSIONS / "hostile"
SHARED = HOSTILE / "shared"
"""Files that every specimen gets: `attempts.py`."""
ARCHIVES = HOSTILE / "archives"
"""What is hostile about files before any code runs."""
FORMS = ("module", "notebook")
UNTRAINED = ROOT / "assignments/lenet5_mnist/mistakes/untrained"
_LIMITS: Mapping[str, Any] = {
    "cpu_seconds": 20.0,
    "patience": 30.0,
    "cell_seconds": 20.0,
    "memory_mib": 2048,
    "processes": 16,
    "disk_mib": 16,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What becomes of one specimen at one level in one form."""

    status: str | tuple[str, ...] = "ok"
    """The execution's, or those that it may be."""
    says: str = ""
    """Stands in a sentence of the record."""
    prints: str = ""
    """Stands in what it printed: that the attempt was made, and how it went."""
    needs_review: bool = False
    """Whether a person is asked to look."""
    differs: str | tuple[str, ...] = ()
    """Checks that may end otherwise than without the attempt; "all" for every one."""
    gains: Mapping[str, float] = field(default_factory=dict)
    """Points that a check may gain all the same, by its name; `why` gives the reason."""
    opens: tuple[str, ...] = ()
    """What it may open, with `why` telling the reason."""
    why: str = ""
    """Why a lower level does not stop it, or cannot say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One attempt."""

    name: str
    cells: tuple[str, ...]
    """The attempt's code."""
    files: Mapping[str, bytes]
    """What is handed in besides."""
    network: str
    """The honest form to which the attempt is added."""
    base: Mapping[str, bytes]
    """Files that belong to the honest form."""
    forms: tuple[str, ...]
    first: bool
    """Whether the attempt comes before the network."""
    facts: Mapping[str, Any]

    def expected(self, level: int, form: str) -> Expected:
        """What is to become of it at this level in this form."""
        facts = {k: v for k, v in self._facts(level, form).items() if k in Expected.__slots__}
        return Expected(**{k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()})

    def limits(self, level: int, form: str) -> Limits:
        """Limits under which it does not take long."""
        return Limits(**{**_LIMITS, **self._facts(level, form).get("limits", {})})

    def _facts(self, level: int, form: str) -> dict[str, Any]:
        """The facts that hold for every level and form, then those for this one."""
        merged = dict(self.facts)
        for key in (form, f"level{level}", f"level{level}_{form}"):
            merged |= self.facts.get(key, {})
        return merged

    def submission(self, form: str, aims: str) -> Submission:
        """The network and the attempt; `aims` is a module that says what there is to reach."""
        parts = (*self.cells, self.network) if self.first else (self.network, *self.cells)
        return _submission(parts, form, {**self.base, **self.files, **self._made()}, aims)

    def honest_form(self, form: str, aims: str) -> Submission:
        """The network alone."""
        return _submission((self.network,), form, self.base, aims)

    def _made(self) -> Mapping[str, bytes]:
        """What its make.py makes, where it has one."""
        path = HOSTILE / self.name / "make.py"
        return runpy.run_path(str(path))["files"]() if path.is_file() else {}


def _submission(
    parts: tuple[str, ...], form: str, files: Mapping[str, bytes], aims: str
) -> Submission:
    shared = {p.name: p.read_bytes() for p in sorted(SHARED.glob("*.py"))}
    entry, content = "lenet.py", "\n\n".join(parts).encode()
    if form == "notebook":
        entry = "lenet.ipynb"
        book = v4.new_notebook(cells=[v4.new_code_cell(p.strip()) for p in parts])
        content = nbformat.writes(book).encode()
    made = {**shared, **files, "aims.py": aims.encode(), entry: content}
    return Submission(student="eve", files=made, entry=entry)


def specimens() -> dict[str, Specimen]:
    """Every folder of the corpus that holds an attempt, by name."""
    facts = tomllib.loads((HOSTILE / "expected.toml").read_text())
    folders = sorted(p for p in HOSTILE.iterdir() if p.is_dir() and p not in (SHARED, ARCHIVES))
    assert sorted(facts) == [p.name for p in folders], "expected.toml lists other specimens"
    return {p.name: _read(p, facts[p.name]) for p in folders}


def _read(folder: Path, facts: Mapping[str, Any]) -> Specimen:
    own = {"trick.py", "cells.txt", "make.py"}
    found = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
    others = {n: p for n, p in found.items() if n not in own and "__pycache__" not in n}
    files = {name: p.read_bytes() for name, p in others.items()}
    in_notebooks = "cells.txt" in found
    text = found["cells.txt" if in_notebooks else "trick.py"].read_text(encoding="utf-8")
    forms = FORMS[1:] if in_notebooks else FORMS
    network, base = (HOSTILE / "network.py").read_text(), dict[str, bytes]()
    if facts.get("base") == "untrained":
        network = (ROOT / "reference/lenet5_mnist/lenet.py").read_text()
        base = {"lenet.pt": (UNTRAINED / "lenet.pt").read_bytes()}
    return Specimen(
        name=folder.name,
        cells=tuple(text.split("# %%\n")),
        files=files,
        network=network,
        base=base,
        forms=forms,
        first=facts.get("first", False),
        facts=facts,
    )
