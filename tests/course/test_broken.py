"""Innocent faults: each loses what it has to, and is told one clear sentence, in both forms.

A specimen is a folder as a student would hand it in, but for its weights, which `specimens` makes.
Where it holds a module, a notebook is made of it here, one cell for each block at the left margin,
and handed in as well.
"""

from __future__ import annotations

import copy
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.assignment.course import Course
from grader.ledger.ledger import Ledger
from grader.records.json_values import to_json
from grader.records.result import Graded
from grader.sandbox import ForkServer
from kit.graded import Borrower, Lenet, outcomes, said
from kit.places import ROOT, SUBMISSIONS
from kit.sentences import find_untrue, read_files
from kit.slow import in_proofs, sample
from kit.specimens import PLACES, handed_in

BROKEN = SUBMISSIONS / "broken"
EXPECTED: Mapping[str, Mapping[str, Any]] = tomllib.loads((BROKEN / "expected.toml").read_text())
OTHER_FORM = sorted(n for n, e in EXPECTED.items() if "only" not in e)
"""Specimens of which a notebook can be made."""
QUICK = {
    "class_needs_argument",
    "dict_output",
    "exit_at_end",
    "google_colab",
    "gpu_weights",
    "misspelled_forward",
    "near_name",
    "no_import_of_nn",
    "no_super",
    "relative_import",
    "syntax_error",
    "wrong_name",
    "wrong_size",
}
"""Those whose notebooks `make test` runs; `make proofs` runs all."""
SLOW = ("waits_for_data", "trains_at_import", "endless_loader")
"""Modules that use up a limit of time."""
_BLOCK = re.compile(r"\n(?:[ \t]*\n)+(?=[^\s)\]}])")


def expected(name: str, form: str) -> dict[str, Any]:
    """What a specimen has to get in this form: what differs for notebooks stands apart."""
    whole = dict(EXPECTED[name])
    other = whole.pop("notebook", {})
    return {**whole, **other} if form == "notebook" else whole


def notebook_of(source: str) -> str:
    """The module's code in cells, split at empty lines before the left margin."""
    cells = [nbformat.v4.new_code_cell(c.strip("\n")) for c in _BLOCK.split(source)]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def as_notebook(name: str, folder: Path) -> Path:
    """A copy of the specimen in which its module is a notebook."""
    made = handed_in(BROKEN / name, folder)
    modules = sorted(made.rglob("*.py"))
    entry = next((m for m in modules if m.name.startswith("lenet")), modules[0])
    entry.with_suffix(".ipynb").write_text(notebook_of(entry.read_text()))
    entry.unlink()
    return made


@pytest.fixture(scope="module")
def hurried(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lenet]:
    """lenet5_mnist once more, under limits that a test may change, so that no test takes long."""
    path = tmp_path_factory.mktemp("hurried") / "grades.db"
    with Borrower(server, Course(ROOT).load("lenet5_mnist")) as executor, Ledger(path) as ledger:
        yield Lenet(executor, ledger)


def judged(lenet: Lenet, hurried: Lenet, folder: Path, limits: Mapping[str, float]) -> Graded:
    """What the folder gets, under other limits if some are given."""
    if not limits:
        return lenet.folder(folder)
    assignment = hurried.executor.loaded.assignment
    before = copy.copy(assignment.limits)
    assignment.limits = replace(before, **limits)
    try:
        return hurried.folder(folder)
    finally:
        assignment.limits = before


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def check(graded: Graded, wanted: Mapping[str, Any]) -> None:
    """Status, lost checks and sentence are as expected; nobody else is blamed, no path is shown."""
    text = said(graded)
    every = {c.name for c in graded.checks}
    named = wanted["loses"]
    groups = {"all": every, "code": every - {"test_accuracy"}}
    loses = groups[named] if isinstance(named, str) else set(named)
    assert graded.execution.status in _listed(wanted["status"]), text
    assert {c.name for c in graded.checks if c.lost} == loses, text
    assert "broken" not in outcomes(graded).values(), text
    assert not graded.needs_review, text
    for piece in _listed(wanted["says"]):
        assert piece in text
    trouble = json.dumps(to_json(graded.execution.error), ensure_ascii=False)
    for path in (str(ROOT), sys.prefix, "site-packages", "/sub/", "/tmp/", "Traceback", "grader/"):
        assert path not in text + trouble


def names_its_place(name: str, form: str) -> bool:
    """The expected sentence names a file that was handed in, and a line, a cell or a whole file."""
    wanted = expected(name, form)
    text = " ".join(_listed(wanted["says"]))
    files = {p.name for p in (BROKEN / name).rglob("*")} | {"lenet.pt"}
    files |= {PLACES[name].rpartition("/")[2]} if name in PLACES else set()
    files |= {f"{Path(f).stem}.ipynb" for f in files if f.endswith(".py")}
    if not any(f in text for f in files):
        return False
    return bool(wanted.get("whole")) or re.search(r"\b(line|cell) \d+", text) is not None


def test_every_specimen_is_expected() -> None:
    """The folders are those that expected.toml lists, in order."""
    assert list(EXPECTED) == sorted(p.name for p in BROKEN.iterdir() if p.is_dir())


def test_every_sentence_names_its_place() -> None:
    """Where something is lost, the sentence names file and line, or the file as a whole."""
    forms = [(n, "module") for n in EXPECTED] + [(n, "notebook") for n in OTHER_FORM]
    lost = [(n, f) for n, f in forms if expected(n, f)["loses"]]
    assert [pair for pair in lost if not names_its_place(*pair)] == []


@pytest.mark.parametrize("name", [*in_proofs(*SLOW), *sample(n for n in EXPECTED if n not in SLOW)])
def test_is_told(lenet: Lenet, hurried: Lenet, tmp_path: Path, name: str) -> None:
    """As it lies there, a specimen gets what expected.toml says."""
    wanted, folder = expected(name, "module"), handed_in(BROKEN / name, tmp_path)
    graded = judged(lenet, hurried, folder, wanted.get("limits", {}))
    check(graded, wanted)
    assert find_untrue(graded, read_files(folder)) == []


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in QUICK else pytest.mark.proof) for n in OTHER_FORM],
)
def test_is_told_in_a_notebook(lenet: Lenet, hurried: Lenet, tmp_path: Path, name: str) -> None:
    """As a notebook it gets the same, but for what a notebook forgives; places are cells."""
    wanted = expected(name, "notebook")
    folder = as_notebook(name, tmp_path)
    graded = judged(lenet, hurried, folder, wanted.get("limits", {}))
    check(graded, wanted)
    assert find_untrue(graded, read_files(folder)) == []


def test_saved_outputs_cost_nothing(lenet: Lenet, tmp_path: Path) -> None:
    """A notebook of 50 MB, nearly all of it saved outputs, earns full marks."""
    folder = as_notebook("shows_plots", tmp_path)
    book = nbformat.read(folder / "lenet.ipynb", as_version=4)
    pixels = "iVBORw0KGgo" + "A" * (10 << 20)
    picture = nbformat.v4.new_output("display_data", data={"image/png": pixels})
    book.cells[0].outputs = [picture] * 5
    (folder / "lenet.ipynb").write_text(json.dumps(book))
    assert (folder / "lenet.ipynb").stat().st_size > 50 << 20
    graded = lenet.folder(folder)
    assert graded.score == graded.max_score, said(graded)
    assert graded.execution.status == "ok"
