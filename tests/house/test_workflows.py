"""What GitHub runs: nothing that a moved tag could change, with the least rights, and for an end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.places import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
"""An action at a commit, and the version that the commit is."""
WRITES = {
    ("release.yml", "publish"): {"id-token": "write"},
    ("release.yml", "announce"): {"contents": "write"},
}
"""The jobs that may change something outside, and what."""
LONGEST = 90
"""Minutes."""
NOTES = ROOT / ".ci" / "release_notes.py"


def read(path: Path) -> dict[str, Any]:
    """The workflow, with `on` as text: YAML 1.1 takes the word for true."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def jobs() -> list[Any]:
    """Every job, with the workflow's file name and its own."""
    return [
        pytest.param(path.name, name, job, id=f"{path.stem}-{name}")
        for path in WORKFLOWS
        for name, job in read(path)["jobs"].items()
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned(path: Path) -> None:
    """Every action is named by a commit, beside which its version stands."""
    uses = re.findall(r"^\s*(?:- )?uses: *(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert uses
    assert [one for one in uses if not PINNED.fullmatch(one)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_read_and_take_turns(path: Path) -> None:
    """A workflow by itself may read, and does not run twice at once for the same branch or tag."""
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "github.ref" in workflow["concurrency"]["group"]


@pytest.mark.parametrize(("file", "name", "job"), jobs())
def test_jobs_end_and_have_few_rights(file: str, name: str, job: dict[str, Any]) -> None:
    """Each job has a time-out, a system of a named version, and no right that it does not need."""
    assert 0 < int(job["timeout-minutes"]) <= LONGEST
    systems = job.get("strategy", {}).get("matrix", {}).get("system", [job["runs-on"]])
    assert all(re.fullmatch(r"ubuntu-\d\d\.\d\d|macos-\d\d|windows-\d{4}", s) for s in systems)
    assert job["runs-on"] in (*systems, "${{ matrix.system }}")
    assert job["permissions"] == WRITES.get((file, name), {"contents": "read"})


@pytest.mark.parametrize(("file", "name", "job"), jobs())
def test_no_text_from_outside_is_run(file: str, name: str, job: dict[str, Any]) -> None:
    """Commands take what GitHub knows from the environment, where no shell reads it as code."""
    assert [s["run"] for s in job["steps"] if "${{" in s.get("run", "")] == [], (file, name)


def test_the_same_versions_of_python_everywhere() -> None:
    """The matrix holds the versions that the package says it runs on, the oldest included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert project["requires-python"] == f">={named[0]}"
    matrices = [
        job["strategy"]["matrix"]["python"]
        for job in read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"].values()
        if "python" in job.get("strategy", {}).get("matrix", {})
    ]
    assert matrices
    assert all(matrix == named for matrix in matrices)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_is_called_is_there(path: Path) -> None:
    """Targets of the Makefile and scripts of .ci that workflows name exist."""
    text = path.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"- run: .*\bmake (\w+)", text):
        assert f"\n{target}: " in makefile
    for script in re.findall(r"(?:bash|python) (\.ci/\S+)", text):
        assert (ROOT / script).is_file()


def test_the_container_sets_itself_up() -> None:
    """Its description can be read, and calls a target of the Makefile."""
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    described = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    program, target = described["postCreateCommand"].split()
    assert program == "make"
    assert f"\n{target}: " in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert (ROOT / ".devcontainer" / described["build"]["dockerfile"]).is_file()


def test_hooks_need_no_network() -> None:
    """Every hook before a commit is a program of this environment."""
    config = read(ROOT / ".pre-commit-config.yaml")
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    programs = {hook["entry"].split()[0] for hook in hooks}
    assert programs == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/codespell"}


CHANGELOG = """# Changelog

## Unreleased

- Later.

## 1.2.3 (2026-05-04)

- New.

## 1.2.30

- Another version.
"""


@pytest.mark.parametrize(
    ("tag", "code", "text"),
    [
        ("v1.2.3", 0, "- New.\n"),
        ("v1.2.4", 1, "The tag is v1.2.4, but the program is version 1.2.3.\n"),
        ("1.2.3", 1, "The tag is 1.2.3, but the program is version 1.2.3.\n"),
    ],
)
def test_notes_of_a_release(tmp_path: Path, tag: str, code: int, text: str) -> None:
    """The notes are the section of the tag's version; a tag of another version stops the release."""
    assert notes(tmp_path, tag, CHANGELOG) == (code, text)


def test_a_release_without_notes_stops(tmp_path: Path) -> None:
    """Nothing is published that the change log does not tell of."""
    changelog = CHANGELOG.replace("## 1.2.3 ", "## 1.2.5 ")
    assert notes(tmp_path, "v1.2.3", changelog) == (
        1,
        "CHANGELOG.md has nothing below `## 1.2.3`.\n",
    )


def notes(root: Path, tag: str, changelog: str) -> tuple[int, str]:
    """Exit code and text of the script, called in a checkout of version 1.2.3."""
    (root / "grader").mkdir()
    (root / "grader" / "__init__.py").write_text('__version__ = "1.2.3"\n', encoding="utf-8")
    (root / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    (root / ".ci").mkdir()
    script = root / ".ci" / NOTES.name
    script.write_bytes(NOTES.read_bytes())
    done = subprocess.run(
        [sys.executable, script, tag], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr
