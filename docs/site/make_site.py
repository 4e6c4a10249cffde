"""The manual as a site that needs no other machine.

    make docs

Lays the pages of the checkout out below build/manual as they stand here, so that every link of
theirs leads to the same place; grades the sample class and takes pictures of its pages for the
gallery; and lets mkdocs make the site, in which a broken link or a missing page is an error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import gallery

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Beside those of docs/."""
CONFIG = Path(__file__).parent / "mkdocs.yml"


def lay_out(manual: Path) -> None:
    """The pages, and what they show, as mkdocs reads them."""
    shutil.rmtree(manual, ignore_errors=True)
    site = Path(__file__).parent.name
    shutil.copytree(ROOT / "docs", manual / "docs", ignore=shutil.ignore_patterns(site))
    for name in PAGES:
        shutil.copy2(ROOT / name, manual)
    for name in ("LICENSE", "action.yml"):
        shutil.copy2(ROOT / name, manual)


def build_site(manual: Path, site: Path) -> None:
    """Raises CalledProcessError where a link leads nowhere or a page is missing."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    subprocess.run(
        [*command, "--config-file", CONFIG, "--site-dir", site],
        check=True,
        cwd=ROOT,
        env={**os.environ, "GRADER_MANUAL": str(manual), "NO_MKDOCS_2_WARNING": "1"},
    )


def main() -> None:
    """Builds everything and says where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "build", metavar="FOLDER")
    out: Path = parser.parse_args().out.resolve()
    manual, site = out / "manual", out / "site"
    lay_out(manual)
    gallery.make(out / "class", manual / "docs")
    build_site(manual, site)
    print(site / "index.html")


if __name__ == "__main__":
    main()
