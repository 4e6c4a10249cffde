"""Every command of the documents does what is said: each document is one session in a shell, in a
place that holds what a clone holds, with a class of three.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kit.documented import (
    DOCUMENTS,
    Command,
    find_missing,
    make_place,
    read_commands,
    run_session,
)
from kit.places import ROOT

ELSEWHERE = {
    r"pip install .*": "comes from the network",
    r"make (demo|test|docs) .*": "begins the runs of which this test is a part, or is a proof of its own",
    r"grader verify lenet5_mnist": "takes a minute; tests/grading/test_verify.py does it",
    r"grader mark reports/cifar10_open": "waits for a browser; tests/report/test_mark_browser.py is one",
    r".* \| jq .*": "jq is another program, which need not be here",
}
"""Commands that are not run here, and why."""
COURSE = "mkdir COURSE && cp -r assignments reference COURSE"
SUBMISSION = "cp -r SUBMISSIONS/Ben SUBMISSION"
OWN = "cp SUBMISSIONS/STUDENT/lenet.* ."
BEFORE = {
    "README.md": [COURSE, SUBMISSION, OWN],
    "docs/how-to/export-grades.md": [
        "cp -r OUT reports/lenet5_mnist",
        "printf '%s\\n' 'Student,ID,SIS User ID,SIS Login ID,Section,LeNet-5 on MNIST (77)' "
        "'    Points Possible,,,,,100' 'STUDENT,1,,,A,' 'Ben,2,,,A,' 'Eve,3,,,A,' "
        "> '2026-03-01 Grades-DL101.csv'",
    ],
    "docs/how-to/grade-in-ci.md": [COURSE, SUBMISSION],
    "docs/how-to/hand-in.md": [OWN],
    "docs/how-to/mark-by-hand.md": [
        "cp -r OUT reports/cifar10_open",
        "cp -r OUT OUT1 && cp -r OUT OUT2",
    ],
    "docs/how-to/take-submissions-in.md": [
        "mkdir -p ~/Downloads hw1 'hw1/Curie, Marie (mcurie)/1'",
        "(cd SUBMISSIONS && python -m zipfile -c ~/Downloads/submissions.zip .)",
        "printf '%s\\n' name,id STUDENT,1 Ben,2 Eve,3 Guest,4 > ~/Downloads/grades.csv",
        "cp SUBMISSIONS/STUDENT/lenet.* 'hw1/Curie, Marie (mcurie)/1'",
    ],
}
"""What has been done before a document begins, by its path: what its reader has at hand."""

COMMANDS = {d: read_commands(d.read_text(encoding="utf-8")) for d in DOCUMENTS}
WITH_COMMANDS = [d for d, commands in COMMANDS.items() if commands]


def name(document: Path) -> str:
    """Its path in the checkout."""
    return document.relative_to(ROOT).as_posix()


def is_elsewhere(command: Command) -> bool:
    """True where the table says why it is not run here."""
    return any(re.fullmatch(pattern, command.text, re.DOTALL) for pattern in ELSEWHERE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The place, with the class graded once."""
    folder = tmp_path_factory.mktemp("documents")
    make_place(folder)
    run_session([Command("grader grade lenet5_mnist SUBMISSIONS -o OUT")], folder)
    return folder


@pytest.mark.proof
@pytest.mark.process
@pytest.mark.parametrize("document", WITH_COMMANDS, ids=name)
def test_commands_run(document: Path, clone: Path, tmp_path: Path) -> None:
    """Each ends well, and prints what the document shows."""
    place = tmp_path / "place"
    shutil.copytree(clone, place, symlinks=True)
    commands = [c for c in COMMANDS[document] if not is_elsewhere(c)]
    before = [Command(text) for text in BEFORE.get(name(document), [])]
    outputs = run_session([*before, *commands], place)[len(before) :]
    for command, output in zip(commands, outputs, strict=True):
        assert "Traceback" not in output, output
        assert find_missing(command, output) == [], output


def test_the_tables_are_not_stale() -> None:
    """What is left out, or prepared, is still in the documents."""
    every = [c for commands in COMMANDS.values() for c in commands]
    for pattern in ELSEWHERE:
        assert any(re.fullmatch(pattern, c.text, re.DOTALL) for c in every), pattern
    assert set(BEFORE) <= {name(d) for d in WITH_COMMANDS}


def test_commands_are_read() -> None:
    """Lines that go on, texts within, sessions and what they print; also in a list."""
    plain, session, listed = "sh", "console", "   "
    text = (
        f"```{plain}\nmake demo\ncat > a <<'EOF'\nb\nEOF\ntrue \\\n  c   # why\n# no command\n```\n"
        f"{listed}```{session}\n{listed}$ grader data\n{listed}A … B\n{listed}```\n"
    )
    commands = read_commands(text)
    assert [c.text for c in commands] == [
        "make demo",
        "cat > a <<'EOF'\nb\nEOF",
        "true \\\n  c   # why",
        "grader data",
    ]
    assert commands[-1].printed == ("A … B",)
    assert find_missing(commands[-1], "x A\ny\nB") == []
    assert find_missing(commands[-1], "B A") == ["B"]
