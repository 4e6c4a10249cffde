"""Which builds the grader was tried with: the oldest, the pinned and the newest torch.

    make matrix

Makes an environment for each row below `.matrix/`, or takes the one that is there, and runs in it
what an instructor relies on: the demonstration, which has to give exactly what it declares,
`grader verify --all`, and the quick tests. The table of all rows goes to
docs/reference/platforms.md; a row that is not run keeps what it gave before.

The oldest torch, torchvision and numpy are the lower bounds in pyproject.toml, the pinned ones
stand in constraints.txt, and the newest are what the index gives without a constraint. Such a build
is one for CUDA, of some gigabytes, so CI does not run this. Interpreters are `python3.N` on the
path, or those that are named.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "platforms.md"
BEGIN, END = "<!-- made by `make matrix` -->", "<!-- end -->"
SUPPORTED = ("3.11", "3.12", "3.13")
STEPS = ("demo", "verify", "quick")
RESULT, FAILED = "result.json", "failed"
VARIED = ("torch", "torchvision", "numpy")
"""The packages whose versions a row decides."""
_ASK = (
    "import platform, torch, torchvision, numpy as n; "
    "print(platform.python_version(), torch.__version__, torchvision.__version__, n.__version__)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An environment to be tried."""

    name: str
    python: str
    """Interpreter."""
    requirements: tuple[str, ...]
    """Of `VARIED`, for pip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a row gave."""

    versions: Sequence[str]
    """Of Python and of `VARIED`."""
    steps: Mapping[str, str]
    """By step what it gave, in a few words."""
    date: str

    @property
    def failed(self) -> bool:
        """True where a step did not go well."""
        return any(said.startswith(FAILED) for said in self.steps.values())


def rows(pythons: Sequence[str]) -> Iterator[Row]:
    """The oldest and the pinned versions on the first interpreter, the newest on each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]["course"]
    lowest = _find_versions(">=", "\n".join([*project["dependencies"], *extras]))
    pins = _find_versions("==", (ROOT / "constraints.txt").read_text(encoding="utf-8"))
    oldest = tuple(f"{n}=={lowest[n]}" + ".0" * (lowest[n].count(".") < 2) for n in VARIED)
    yield Row(name="oldest", python=pythons[0], requirements=oldest)
    pinned = tuple(f"{n}=={pins[n]}" if n in pins else n for n in VARIED)
    yield Row(name="pinned", python=pythons[0], requirements=pinned)
    for python in pythons:
        yield Row(name=f"newest-{Path(python).name}", python=python, requirements=VARIED)


def _find_versions(relation: str, requirements: str) -> dict[str, str]:
    """The version that stands after the relation, by package."""
    pattern = rf"^([\w-]+){relation}([\d.]+)"
    return dict(re.findall(pattern, requirements, re.MULTILINE))


def prepare(row: Row, folder: Path) -> Path:
    """The `bin` of the row's environment, made where it is not there, with this checkout in it."""
    home = folder / row.name
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    kept = home / "kept.txt"
    if not kept.exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([row.python, "-m", "venv", str(home)], check=True)
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
        subprocess.run([*pip, *row.requirements], check=True)
        kept.write_text(_read([*pip[:3], "freeze", "--exclude-editable"]), encoding="utf-8")
    parts = ["--constraint", str(kept), "--editable", f"{ROOT}[course]", "--group", "test"]
    subprocess.run([*pip, *parts], check=True, cwd=ROOT)
    return home / "bin"


def try_row(row: Row, folder: Path, chosen: Sequence[str]) -> Result:
    """The chosen steps of one row, run one after the other; what they gave is kept beside its
    environment, with what the others gave before.
    """
    programs = prepare(row, folder)
    python = str(programs / "python")
    versions = tuple(_read([python, "-c", _ASK]).split())
    print(f"\n{row.name}: Python {versions[0]}, torch {versions[1]}", flush=True)
    kept = _read_result(row, folder)
    said = dict(kept.steps) if kept else {}
    with tempfile.TemporaryDirectory() as out:
        steps = {
            "demo": [str(programs / "grader"), "demo", "-o", f"{out}/demo"],
            "verify": [str(programs / "grader"), "verify", "--all", "--stand-in"],
            "quick": [python, "-m", "pytest", "--quick", "-n", "2", "--dist", "worksteal"],
        }
        for name in chosen:
            said[name] = _try_step(name, steps[name])
            print(f"  {name}: {said[name]}", flush=True)
    date = str(dt.datetime.now(tz=dt.UTC).date())
    result = Result(versions=versions, steps=said, date=date)
    (folder / row.name / RESULT).write_text(json.dumps(asdict(result)), encoding="utf-8")
    return result


def _read_result(row: Row, folder: Path) -> Result | None:
    """What the row gave before, where it was run."""
    path = folder / row.name / RESULT
    return Result(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _try_step(name: str, command: Sequence[str]) -> str:
    """What the step's output says, in a few words."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        print((done.stdout + done.stderr)[-6000:], flush=True)
    if name == "verify":
        clean = len(re.findall(r"all as it should be", done.stdout))
        said = f"{clean} assignments clean"
    elif name == "demo":
        said = "exact"
    else:
        said = (re.findall(r"\d+ passed", done.stdout) or ["nothing"])[-1]
    return said if done.returncode == 0 else f"{FAILED} ({done.returncode})"


def _read(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def write_page(every: Sequence[Row], folder: Path) -> None:
    """The table of all results that are kept stands between its two marks in the page."""
    head = ["", "Python", *VARIED, *STEPS, "date"]
    table = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in every:
        kept = _read_result(row, folder)
        if kept is not None:
            name = row.name.partition("-")[0]
            cells = [name, *kept.versions, *(kept.steps.get(s, "") for s in STEPS), kept.date]
            table.append(f"| {' | '.join(cells)} |")
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, no GPU."
    text = PAGE.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    made = "\n".join([*table, "", where])
    PAGE.write_text(f"{text[:begin]}\n{made}\n{text[end:]}", encoding="utf-8")


def main() -> int:
    """1 where a step of a row failed."""
    found = [p for v in SUPPORTED if (p := shutil.which(f"python{v}"))]
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("pythons", nargs="*", help="interpreters, the oldest first")
    parser.add_argument("--into", type=Path, default=ROOT / ".matrix", help="for environments")
    parser.add_argument("--only", action="append", help="the row of that name; may be repeated")
    parser.add_argument("--step", action="append", choices=STEPS, help="this step alone")
    given = parser.parse_args()
    every = list(rows(given.pythons or found))
    chosen = [r for r in every if not given.only or r.name in given.only]
    results = [try_row(row, given.into, given.step or STEPS) for row in chosen]
    write_page(every, given.into)
    return 1 if any(r.failed for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
