"""What the documents say can be done, and the files they name are there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import grader
import grader.inside
from grader.records.tried_versions import TRIED
from kit.places import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = [*PAGES, *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "README"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\$ (grader .+)$", README, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """The file is there, and so is the heading, where one is named."""
    for target in re.findall(r"\]\(([^) ]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            name, _, heading = target.partition("#")
            path = document.parent / name if name else document
            assert path.exists(), target
            assert not heading or heading in anchors(path), target


def anchors(document: Path) -> list[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]


def test_the_readme_leads_to_every_page() -> None:
    """A page that nothing leads to is not read."""
    linked = set(re.findall(r"\]\((docs/[^)#]+)\)", README))
    assert [p for p in PAGES if not {name(p), f"{name(p.parent)}/"} & linked] == []


def name(path: Path) -> str:
    """The path as a link from the README names it."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_what_is_named_is_there(document: Path) -> None:
    """Files and folders of the checkout that a page names exist; NAME, <slug> and … are anybody's."""
    quoted = re.findall(r"`([^`\n]+)`", document.read_text(encoding="utf-8"))
    paths = [q for q in quoted if re.match(r"(grader|tests|docs|reports|\.\w+)/[\w./-]+$", q)]
    own = [p for p in paths if not re.search(r"[A-Z]{3}", p)]
    assert [p for p in own if not (ROOT / p).exists()] == []


def test_the_drawing_shows_the_rooms() -> None:
    """Architecture and code name the same rooms, in the same order."""
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    first, inside, *_ = re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for drawing, package in ((first, grader), (inside, grader.inside)):
        drawn = [re.split(r" {2,}", line)[0] for line in drawing.splitlines()]
        assert package.__doc__ is not None
        listed = re.split(r"top first:\n", package.__doc__)[1]
        rooms = [line.strip() for line in listed.splitlines() if line.startswith("    ")]
        assert drawn == rooms


def test_the_readme_has_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.proof
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_readme_run(example: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "GRADER_DATA"}
    command = [sys.executable, "-m", "grader", *shlex.split(example)[1:]]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_two_commands_of_the_readme_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"\nmake {target} " in README
        assert f"\n{target}: $(STAMP)" in makefile


def test_documents_name_no_path_of_a_machine() -> None:
    for document in DOCUMENTS:
        assert not re.search(r"/(home|root|work|Users)/", document.read_text(encoding="utf-8"))


def test_what_was_tried_is_what_the_matrix_ran() -> None:
    """The versions that doctor takes for tried are the ends of the table that `make matrix` wrote."""
    page = (ROOT / "docs/reference/platforms.md").read_text(encoding="utf-8")
    table = page.partition("made by `make matrix`")[2].partition("<!-- end -->")[0]
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    head, *rows = [[cell.strip() for cell in cells] for cells in lines]
    assert len(rows) >= 5
    assert "failed" not in table
    for name, (oldest, newest) in TRIED.items():
        column = next(n for n, title in enumerate(head) if title.lower() == name)
        seen = {
            tuple(map(int, re.findall(r"\d+", row[column].partition("+")[0]))) for row in rows[1:]
        }
        ends = [tuple(map(int, end.split("."))) for end in (oldest, newest)]
        assert [min(seen)[: len(ends[0])], max(seen)[: len(ends[1])]] == ends, name
