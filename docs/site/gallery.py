"""The gallery: real pages of the sample class, pictures of them, and what a terminal shows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import shots

from grader.records.causes import list_causes
from grader.records.result import Graded
from grader.report import escape

ROOT = Path(__file__).resolve().parents[2]
SLUG = "lenet5_mnist"
MARK = "<!-- made by `make docs` -->\n"
"""In docs/gallery.md: what stands after it is made."""
STUDENT, NOTEBOOK = "Yusuf_Demir", "Anh_Nguyen"
"""Whose pages the pictures show."""
PICTURES = (
    shots.Shot("class", "index.html", "The class page"),
    shots.Shot("class-dark", "index.html", "The class page in the dark", dark=True),
    shots.Shot("student", f"{STUDENT}.html", "A student's page"),
    shots.Shot("phone", f"{STUDENT}.html", "The same on a phone", width=360, height=780),
    shots.Shot("notebook", f"{NOTEBOOK}.notebook.html", "A notebook with its points"),
)


def make(graded: Path, docs: Path) -> None:
    """Grade the sample class into `graded`; pages, pictures and the page that shows them lie in
    `docs` then.
    """
    _run("demo", "--stand-in", "-o", graded)
    pages = docs / "gallery"
    pages.mkdir()
    for path in sorted(graded.glob("*.html")):
        shutil.copy2(path, pages)
    shots.take(PICTURES, pages)
    page = docs / "gallery.md"
    before, _, _ = page.read_text(encoding="utf-8").partition(MARK)
    page.write_text(before + "".join(_write(graded)), encoding="utf-8")


def _write(graded: Path) -> Iterator[str]:
    yield "## Pages\n\n"
    for shot in PICTURES:
        size = f"{{ width={min(shot.width, 640)} }}"
        yield f"**{shot.title}** ([open it](gallery/{shot.page}))\n\n"
        yield f"[![{shot.title}](gallery/{shot.name}.png){size}](gallery/{shot.page})\n\n"
    yield "## A terminal\n\n`grader check` on the same student's file:\n\n```text\n"
    yield f"{_check(STUDENT)}```\n\n"
    yield "## Every student\n\n| student | points | mend first | |\n|---|---|---|---|\n"
    yield from map(_write_row, sorted(graded.glob("*.json")))


def _write_row(path: Path) -> str:
    one = Graded.from_json(json.loads(path.read_text(encoding="utf-8")))
    first = next((cause.title for cause in list_causes(one)), "")
    links = [f"[page](<gallery/{path.stem}.html>)"]
    if path.with_suffix(".notebook.html").exists():
        links.append(f"[notebook](<gallery/{path.stem}.notebook.html>)")
    cells = (one.student, f"{one.final:.4g} of {one.max_score:g}", first)
    return f"| {' | '.join(escape.prose(c, table=True) for c in cells)} | {' '.join(links)} |\n"


def _check(student: str) -> str:
    """What the terminal shows, 80 columns wide."""
    sample = ROOT / "assignments" / SLUG / "sample" / student
    with TemporaryDirectory() as folder:
        own = Path(folder, student)
        shutil.copytree(sample, own)
        return _run("check", own / "lenet.py", "--stand-in", expect=1)


def _run(*words: object, expect: int = 0) -> str:
    """What a command of the grader's prints; raises where its exit code is another."""
    kept = {k: v for k, v in os.environ.items() if k not in ("GRADER_DATA", "GRADER_COURSE")}
    done = subprocess.run(
        [sys.executable, "-m", "grader", *map(str, words), "--course", str(ROOT)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**kept, "COLUMNS": "80"},
    )
    if done.returncode != expect:
        raise RuntimeError(f"{words} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
