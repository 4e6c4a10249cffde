"""docs/reference/figures.md says what `make figures` computes, and what the documents promise."""

from __future__ import annotations

import importlib.util
import re
import sys
from types import ModuleType

import pytest
from conftest import ROOT

from grader.data import Source

REAL = Source()
needs_mnist = pytest.mark.skipif(
    not REAL.has("mnist"), reason="the real MNIST is not here: name its folder in GRADER_DATA"
)
PAGE = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    """benchmarks/figures.py."""
    spec = importlib.util.spec_from_file_location("figures", ROOT / "benchmarks" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["figures"] = module
    spec.loader.exec_module(module)
    return module


def settled(page: str) -> list[str]:
    """The page without its last column and the line that names the machine and the day."""
    lines = [line for line in page.splitlines() if not line.startswith("Computed with")]
    return [re.sub(r"\|[^|]*\|$", "|", line) if line.startswith("|") else line for line in lines]


def rows() -> list[list[str]]:
    """The cells of the committed table."""
    found = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return found[1:]


def test_the_page_promises_what_the_documents_do(figures: ModuleType) -> None:
    """One row for each network, in order, with the document's figure; ours is equal to it."""
    assert [tuple(row[:2]) for row in rows()] == [n[:2] for n in figures.NETWORKS]
    assert [row[2] for row in rows()] == ["59.57", "88.15", "88.15", "88.15", "87.61"]
    assert all(row[2] == row[1] for row in rows())


def test_the_page_has_the_form_that_is_written(figures: ModuleType) -> None:
    """Every line but the figures is as the code of today would write it."""
    made = [
        figures.Figure(
            title=row[0],
            promised=row[1],
            test=float(row[2]),
            last=float(row[3]),
            margin=float(row[4]),
            seconds=float(row[5]),
        )
        for row in rows()
    ]
    assert settled(figures.page(made)) == settled(PAGE)


@pytest.mark.proof
@needs_mnist
def test_the_figures_are_those_of_the_real_data(figures: ModuleType) -> None:
    """Computed again, everything but the seconds is as it stands there."""
    assert settled(figures.page(figures.figures(REAL.folder))) == settled(PAGE)
