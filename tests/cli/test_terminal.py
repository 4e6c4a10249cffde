"""What a terminal shows, and what a pipe gets: whole names, totals, and no sequences where none may be."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
import pytest
from rich.console import Console

from grader.cli import progress, tables, terminal
from grader.cli.command import cli
from grader.grading.grade import RunSummary
from kit.command_line import CommandLine
from kit.sample_records import check, graded
from kit.tiny import RIGHT, TANH, Tiny

METAVARS = {
    *("CURVE", "FILE", "FOLDER", "FORMAT", "KIT", "KIT.zip", "N", "NAME", "NAMES", "PERCENT"),
    *("REGEX", "SLUG", "STUDENT", "TIME"),
}
"""What options take."""
NAME = "Wolfeschlegelsteinhausenbergerdorff_Hubert_Blaine_the_elder"
"""Of a student: longer than half a terminal."""


def on_a_terminal(*words: object, width: int = 80, **more: str) -> tuple[int, str]:
    """Exit code of the command on a terminal of this width, and everything that it wrote there."""
    ours, theirs = pty.openpty()
    unset = ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "GRADER_COURSE", "GRADER_DATA")
    kept = {k: v for k, v in os.environ.items() if k not in unset}
    size = f"import fcntl,struct,termios; fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 40, {width}, 0, 0))"
    code = f"{size}; from grader.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", **more},
    )
    os.close(theirs)
    written = b""
    with suppress(OSError):  # which the last read raises
        while part := os.read(ours, 65536):
            written += part
    os.close(ours)
    return process.wait(60), written.decode().replace("\r\n", "\n")


def result(name: str = NAME, *lost: str) -> RunSummary:
    """Of a class of one student who lost these checks."""
    checks = [check("layer_shapes"), *(check(n, "failed") for n in lost)]
    one = graded(name, *checks)
    return RunSummary(graded=[one], executed=1, reused=0, regraded=0, level=3)


def printed(summary: RunSummary, monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    """The lines of the table on a console of this width."""
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, emoji=False)
    monkeypatch.setattr(terminal, "console", console)
    monkeypatch.setattr(terminal.click, "echo", lambda text, **_: out.write(f"{text}\n"))
    tables.results(summary)
    return out.getvalue().splitlines()


# ---------------------------------------------------------------------- tables


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_names_are_whole(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Of students, and of checks they lost: however narrow it is, no word is broken."""
    lost = ("two_steps", "gradient_values", "forward_values", "test_accuracy", "parameter_count")
    lines = printed(result(NAME, *lost), monkeypatch, width)
    (row,) = [text for text in lines if NAME in text]
    assert "ran to its end" in row
    for name in lost:
        assert any(re.search(rf"(^|\s){name}(,|$)", text) for text in lines), name


@pytest.mark.proof
def test_a_pipe_gets_long_lines(call: CommandLine, course: Tiny) -> None:
    """One row for a check, without blanks at its end; a table's and a rubric's alike."""
    sentence = "The layers of `Tiny` have the right shapes, " + "whatever they are called, " * 8
    text = course.root / "assignments/tiny/assignment.py"
    text.write_text(
        text.read_text().replace("The layers of `Tiny` have the right shapes.", sentence)
    )
    done = call("show", "tiny", "--course", course.root)
    (row,) = [line for line in done.out.splitlines() if "shapes" in line.split()[:1]]
    assert sentence.strip() in row
    assert not [line for line in done.out.splitlines() if line != line.rstrip()]
    wrong = course.write("b/tiny.py", TANH)
    done = call("check", wrong, "--course", course.root)
    assert any(sentence.strip() in line for line in done.out.splitlines())


@pytest.mark.proof
def test_columns_are_heeded(course: Tiny, bare: object) -> None:
    """COLUMNS says how wide a pipe is; without it lines are as long as they are."""
    words = [sys.executable, "-m", "grader", "show", "tiny", "--course", course.root]
    kept = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    wide = subprocess.run(words, capture_output=True, text=True, check=True, env=kept).stdout
    narrow = subprocess.run(
        words, capture_output=True, text=True, check=True, env={**kept, "COLUMNS": "60"}
    ).stdout
    assert wide.split() != []
    assert sorted(wide.split()) == sorted(narrow.split())
    assert narrow.count("\n") > wide.count("\n")


@pytest.mark.proof
def test_feedback_folds_on_a_terminal(course: Tiny) -> None:
    """On a terminal no line of a check is longer than it."""
    wrong = course.write("b/tiny.py", TANH)
    code, text = on_a_terminal("check", wrong, "--course", course.root, width=50, NO_COLOR="1")
    assert code == 1
    assert max(len(line) for line in text.splitlines()) <= 60  # a last line is never folded


@pytest.mark.proof
def test_what_to_mend_first_stands_at_the_top(course: Tiny) -> None:
    """On a narrow terminal as well; no word of it is dim."""
    wrong = course.write("b/tiny.py", TANH)
    code, text = on_a_terminal("check", wrong, "--course", course.root, width=60, NO_COLOR="1")
    assert (code, text.startswith("Mend first: ")) == (1, True)
    assert "\n  It costs 4 points, in values." in text[: text.index("\n\n")]
    assert max(len(line) for line in text.splitlines()) <= 60
    _, text = on_a_terminal("check", wrong, "--course", course.root)
    assert "\x1b[2m" not in text[text.index("Mend first") :].replace("\x1b[2m–", "")


# ---------------------------------------------------------------------- no sequences


@pytest.mark.proof
@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=["dumb", "no colour"])
def test_nothing_but_text(course: Tiny, more: dict[str, str]) -> None:
    """No escape sequence, carriage return or spinner reaches such a terminal."""
    right = course.write("a/tiny.py", RIGHT)
    code, text = on_a_terminal("check", right, "--course", course.root, **more)
    assert code == 0, text
    assert {c for c in text if not c.isprintable()} == {"\n"}
    assert "✓ shapes  4 / 4" in text
    code, text = on_a_terminal("show", "tiny", "--course", course.root, **more)
    assert {c for c in text if not c.isprintable()} == {"\n"}
    code, text = on_a_terminal("shw", **more)
    assert (code, "\x1b" in text) == (2, False)


@pytest.mark.proof
def test_a_terminal_gets_colours_and_a_bar(course: Tiny) -> None:
    """The bar counts, names what was done, and is gone in the end."""
    right = course.write("a/tiny.py", RIGHT)
    code, text = on_a_terminal("check", right, "--course", course.root)
    assert code == 0, text
    assert "\x1b[32m✓" in text
    assert "/3" in text
    assert "steps" not in text[text.rindex("✓") :]


@pytest.mark.proof
def test_signs_that_cannot_be_written(course: Tiny, bare: object) -> None:
    """On a system with an old encoding the result is there all the same."""
    right = course.write("a/tiny.py", RIGHT)
    words = [sys.executable, "-m", "grader", "check", right, "--course", course.root]
    done = subprocess.run(
        words,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert b"\\u2713 shapes  4 / 4" in done.stdout


# ---------------------------------------------------------------------- progress


def lines_of(monkeypatch: pytest.MonkeyPatch, within: str = "", every: float = 0.05) -> list[str]:
    """What a run of 200 that does 17 writes where there is no terminal."""
    out = io.StringIO()
    monkeypatch.setattr(progress, "errors", Console(file=out, width=1000))
    monkeypatch.setattr(progress, "_EVERY", every)
    with progress.show_progress(within) as steps:
        steps.begin(0, "starting the sandbox")
        time.sleep(0.2)
        steps.begin(200, "submissions")
        for n in range(17):
            steps.step(f"student {n}")
        time.sleep(0.2)
    return out.getvalue().splitlines()


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each phase is named, with how much is done of how much, and for how long it has lasted."""
    lines = lines_of(monkeypatch)
    assert "starting the sandbox, 0 s" in lines
    assert "17 of 200 submissions, 0 s" in lines
    assert len(lines) < 20


def test_what_a_run_is_part_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify --all` says which assignment it is at."""
    lines = lines_of(monkeypatch, "tiny, 2 of 8 assignments")
    assert "tiny, 2 of 8 assignments: 17 of 200 submissions, 0 s" in lines


def test_a_short_run_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line every ten seconds: none in the first."""
    assert lines_of(monkeypatch, every=10) == []


# ---------------------------------------------------------------------- help


def groups(group: click.Group = cli) -> Sequence[click.Group]:
    """The command and those of its verbs that have verbs."""
    below = [c for c in group.commands.values() if isinstance(c, click.Group)]
    return [group, *(g for one in below for g in groups(one))]


@pytest.mark.parametrize("group", groups(), ids=lambda g: str(g.name))
def test_no_sentence_is_cut(group: click.Group) -> None:
    """In the list of verbs, on a terminal of 80 columns, each has a whole sentence."""
    for name, command in group.commands.items():
        short = command.get_short_help_str(limit=78 - 6 - max(map(len, group.commands)))
        assert short.endswith("."), name
        assert not short.endswith("..."), name


def test_options_are_sentences_with_good_names(call: CommandLine) -> None:
    """Every option says what it does in a sentence, and what it takes in a word."""
    for command in (c for g in groups() for c in g.commands.values()):
        for option in (p for p in command.params if isinstance(p, click.Option)):
            assert re.match(r"[A-Z].*\.(  \[default: .*\])?$", option.help or ""), option.name
            if not option.is_flag and not isinstance(option.type, click.Choice):
                assert option.metavar in METAVARS, option.name
    for words in ((), ("grade",), ("check",), ("verify",)):
        assert max(map(len, call(*words, "--help").out.splitlines())) <= 80


def test_exit_codes_are_in_the_help(call: CommandLine) -> None:
    """What a script needs to know."""
    text = call("--help").out
    for code in (0, 1, 2, 130):
        assert re.search(rf"^ +{code} +\w", text, re.MULTILINE)


# ---------------------------------------------------------------------- completion


COMPLETE = """
eval "$(_GRADER_COMPLETE=bash_source grader)"
COMP_WORDS=({words}) COMP_CWORD={index}
_grader_completion grader
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def complete(*words: object) -> set[str]:
    """What a real bash offers for the last of these words of a `grader` command."""
    quoted = " ".join(f"'{w}'" for w in ("grader", *words))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE.format(words=quoted, index=len(words))],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.proof
def test_bash_completes(course: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verbs, options, assignments of the course and students of the class."""
    monkeypatch.setenv("GRADER_COURSE", str(course.root))
    course.submit("Ada")
    course.submit("Alan")
    course.submit("Bob")
    (course.class_ / ".DS_Store").write_text("")
    (course.class_ / "Amir.tar.gz").write_text("")
    assert complete("ver") == {"verify"}
    assert "--stand-in" in complete("grade", "--st")
    assert complete("grade", "ti") == {"tiny"}
    assert complete("verify", "") == {"tiny"}
    assert complete("check", "-a", "") == {"tiny"}
    assert complete("grade", "tiny", course.class_, "--only", "A") == {"Ada", "Alan", "Amir"}
    monkeypatch.setenv("GRADER_COURSE", "/nowhere")
    assert complete("grade", "ti") == set()
