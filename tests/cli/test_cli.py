"""The command line: wrong use gets one sentence that says what to do; exit codes say what happened."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import grader
from grader.assignment.course import Course
from grader.cli.command import cli
from grader.cli.main import main
from grader.records.errors import CourseError
from grader.records.tried_versions import Tried
from kit.command_line import CommandLine, start
from kit.places import ROOT
from kit.processes import gone
from kit.tiny import ASSIGNMENT, POINTS, RIGHT, TANH, WRONG, Tiny

LENET = ROOT / "assignments/lenet5_mnist"


def commands(
    group: click.Group = cli, *path: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every verb with its path."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


VERBS = dict(commands())


# ---------------------------------------------------------------------- help and documents


@pytest.mark.parametrize("words", [(), *VERBS], ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(call: CommandLine, words: tuple[str, ...], option: str) -> None:
    """Every verb explains itself, with every option."""
    done = call(*words, option)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(" ".join(("Usage: grader", *words)))


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_word_is_explained(words: tuple[str, ...]) -> None:
    """Verbs have a sentence, options have a help text."""
    assert VERBS[words].help
    for parameter in VERBS[words].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def documents() -> str:
    """README and reference pages."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs/reference").glob("*.md"))]
    return "\n".join(p.read_text() for p in paths if p.is_file())


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_is_documented(words: tuple[str, ...]) -> None:
    """Each verb, and each of its long options, stands in the README or in docs/reference."""
    text = documents()
    assert f"grader {' '.join(words)}" in text
    for parameter in VERBS[words].params:
        for option in parameter.opts:
            if option.startswith("--"):
                assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), option


def test_nothing_is_documented_that_is_not() -> None:
    """A `grader verb --option` in a code block or in backticks is one that exists."""
    text = "\n".join(
        p.read_text()
        for p in [ROOT / "README.md", ROOT / "docs/reference/commands.md"]
        if p.is_file()
    )
    known = {" ".join(words) for words in VERBS}
    for verb in re.findall(r"(?:^|`)(?:\$ )?grader ([a-z]+)", text, re.MULTILINE):
        assert verb in known, verb


def test_version(call: CommandLine) -> None:
    """--version prints name and version."""
    done = call("--version")
    assert (done.code, done.out) == (0, f"grader, version {grader.__version__}\n")


def test_no_verb(call: CommandLine) -> None:
    """Without a verb the verbs are listed."""
    done = call()
    text = done.out + done.err
    assert all(name in text for name in cli.commands)
    assert "Traceback" not in text


# ---------------------------------------------------------------------- wrong use


def test_unknown_verb(call: CommandLine) -> None:
    assert "No such command 'grad'" in call("grad").sentence


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_unknown_option(call: CommandLine, words: tuple[str, ...]) -> None:
    """The option is named, and the help that lists the right ones."""
    sentence = call(*words, "--no-such-option").sentence
    assert "--no-such-option" in sentence
    assert "--help" in sentence


@pytest.mark.parametrize(
    "words",
    [
        ("grade",),
        ("grade", "tiny"),
        ("check",),
        ("show",),
        ("report",),
        ("verify",),
        ("data", "fetch"),
    ],
    ids=" ".join,
)
def test_missing_argument(call: CommandLine, course: Tiny, words: tuple[str, ...]) -> None:
    """What is missing is said."""
    more = ["--course", course.root] if words[0] == "verify" else []
    assert re.search("Missing argument|name an assignment", call(*words, *more).sentence)


@pytest.mark.parametrize(
    "words",
    [
        ("grade", "tiny", "class", "--jobs", "0"),
        ("grade", "tiny", "class", "--jobs", "many"),
        ("grade", "tiny", "class", "--seed", "-1"),
        ("grade", "tiny", "class", "--level", "9"),
        ("check", "tiny.py", "--seed", "x"),
    ],
    ids=" ".join,
)
def test_impossible_values(call: CommandLine, words: tuple[str, ...]) -> None:
    """The option and its range are named."""
    assert words[-2] in call(*words).sentence


def test_no_such_assignment(call: CommandLine, course: Tiny) -> None:
    """Those that exist are listed, by each verb that takes one."""
    course.submit("Ada")
    place = ("--course", course.root)
    file = course.class_ / "Ada/tiny.py"
    for words in (
        ("grade", "tony", course.class_),
        ("show", "tony"),
        ("verify", "tony"),
        ("check", file, "-a", "tony"),
    ):
        assert "no assignment 'tony'" in (sentence := call(*words, *place).sentence)
        assert "There are: tiny" in sentence


def test_no_such_folder(call: CommandLine, course: Tiny) -> None:
    sentence = call("grade", "tiny", course.root / "klass", "--course", course.root).sentence
    assert f"no folder or archive {course.root / 'klass'}" in sentence


def test_empty_folder(call: CommandLine, course: Tiny) -> None:
    course.class_.mkdir()
    sentence = call("grade", "tiny", course.class_, "--course", course.root).sentence
    assert "no submissions in" in sentence
    assert "one folder" in sentence


def test_one_submission_is_no_class(call: CommandLine, course: Tiny) -> None:
    """A student's own folder, or file, given to `grade` is told apart from a class."""
    file = course.submit("Ada")
    assert "grader check" in call("grade", "tiny", file.parent, "--course", course.root).sentence
    assert "grader check" in call("grade", "tiny", file, "--course", course.root).sentence


def test_no_such_student(call: CommandLine, course: Tiny) -> None:
    """--only somebody who is not there lists who is."""
    course.submit("Ada")
    course.submit("Bob")
    words = ("grade", "tiny", course.class_, "--course", course.root)
    sentence = call(*words, "--only", "Ada", "--only", "Eve").sentence
    assert "no student 'Eve'" in sentence
    assert "Ada, Bob" in sentence


def test_no_such_file(call: CommandLine, course: Tiny) -> None:
    sentence = call("check", course.root / "tiny.py", "--course", course.root).sentence
    assert f"no file {course.root / 'tiny.py'}" in sentence


def test_a_file_of_no_assignment(call: CommandLine, course: Tiny) -> None:
    """A file name that no assignment asks for lists the assignments."""
    path = course.write("homework.py", RIGHT)
    sentence = call("check", path, "--course", course.root).sentence
    assert "no assignment asks for a file called homework" in sentence
    assert "tiny" in sentence


@pytest.mark.parametrize("root", ["nowhere", "home"])
def test_no_course(call: CommandLine, bare: Path, root: str) -> None:
    """A course folder that is none, or not there, is named by each verb that takes one."""
    path = bare.parent / root
    for words in (("show", "tiny"), ("grade", "tiny", bare), ("verify", "--all")):
        assert f"{path} is no course" in call(*words, "--course", path).sentence


def test_a_course_named_in_the_environment(
    call: CommandLine, course: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$GRADER_COURSE is read; where it is wrong, that is said."""
    monkeypatch.setenv("GRADER_COURSE", str(course.root))
    assert call("show", "tiny").code == 0
    monkeypatch.setenv("GRADER_COURSE", str(course.root / "class"))
    assert "is no course" in call("show", "tiny").sentence


def test_no_ledger(call: CommandLine, bare: Path) -> None:
    """`report` of a folder without grades.db, or of none, says which folder it wants."""
    for folder in (bare, bare / "nowhere"):
        assert f"{folder} holds no grades.db" in call("report", folder).sentence


def test_a_ledger_that_is_none(call: CommandLine, bare: Path) -> None:
    (bare / "grades.db").write_bytes(b"not a database" * 100)
    assert "grades.db" in call("report", bare).sentence


@pytest.mark.parametrize("verb", ["grade", "verify"])
def test_no_data_set(call: CommandLine, bare: Path, verb: str) -> None:
    """Where MNIST is absent nothing is run: how to get it is said, and what to pass without it."""
    words = (verb, "lenet5_mnist", *([LENET / "sample"] if verb == "grade" else []))
    done = call(*words, "--course", ROOT, *(["-o", bare / "out"] if verb == "grade" else []))
    for part in (f"not in {bare}", "grader data fetch mnist", "GRADER_DATA", "--stand-in"):
        assert part in done.sentence
    assert not (bare / "out").exists()


def test_unknown_data_set(call: CommandLine) -> None:
    assert "mnist" in call("data", "fetch", "mnst").sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (\n", "tiny/assignment.py, line 1: SyntaxError"),
        ("x = 1\n", "defines no `assignment"),
        (
            ASSIGNMENT.replace('    """`Tiny` has 37 parameters."""\n', ""),
            "check `count` has no docstring",
        ),
        ("import sys\nsys.exit(0)\n", "line 2: it calls exit()"),
        ("raise KeyboardInterrupt\n", "line 1: KeyboardInterrupt"),
    ],
    ids=["syntax", "no assignment", "no docstring", "exit", "interrupt"],
)
def test_a_wrong_assignment(call: CommandLine, course: Tiny, text: str, said: str) -> None:
    """What is wrong with an assignment is said with its file and line."""
    course.write("assignments/tiny/assignment.py", text)
    done = call("show", "tiny", "--course", course.root)
    assert said in done.err
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1


def test_a_message_of_several_lines_is_one(call: CommandLine, course: Tiny) -> None:
    """Whatever an assignment raises, one line is printed, and no control characters reach the terminal."""
    course.write("assignments/tiny/assignment.py", "raise ValueError('one\\ntwo\\x1b[31m')\n")
    sentence = call("show", "tiny", "--course", course.root).sentence
    assert "one" in sentence
    assert "\x1b" not in sentence


def test_debug_shows_the_traceback(bare: Path, course: Tiny) -> None:
    """--debug raises the error itself, with its cause."""
    course.write("assignments/tiny/assignment.py", "1 / 0\n")
    with pytest.raises(CourseError) as error:
        main(["--debug", "show", "tiny", "--course", str(course.root)])
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_the_installed_command(course: Tiny, tmp_path: Path) -> None:
    """The command itself, as installed, exits with 2 and one line."""
    done = subprocess.run(
        [Path(sys.executable).with_name("grader"), "show", "tony", "--course", course.root],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(
        r"grader: there is no assignment 'tony' in .*\. There are: tiny\.\n", done.stderr
    )


def test_a_closed_pipe_is_no_fault(course: Tiny) -> None:
    """`grader show tiny | head -1` ends without a traceback."""
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grader",
            "show",
            "tiny",
            "--course",
            course.root,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


# ---------------------------------------------------------------------- verbs that run nothing


def test_show(call: CommandLine, course: Tiny) -> None:
    """The rubric, what crosses into the sandbox with every argument, and what stays."""
    done = call("show", "tiny", "--course", course.root)
    assert (done.code, done.err) == (0, "")
    text = " ".join(done.out.split())
    for part in (
        *("Two layers (tiny): 12 points", "Hand in tiny.py", "2 s CPU", "2048 MiB"),
        *("shapes", "count", "values", "doubles", "`Tiny` has 37 parameters."),
        *("crosses into the sandbox", "module='Tiny'", "normal(3,4)", "[1.0, 2.5]"),
        *("Stays here: labels", "thresholds"),
    ):
        assert part in text, part


def test_show_the_real_one(call: CommandLine) -> None:
    """The pictures cross, the labels are said to stay; no data set is needed to say so."""
    done = call("show", "lenet5_mnist", "--course", ROOT)
    text = re.sub(r"\s+", "", done.out)
    assert done.code == 0
    assert "images=mnisttest,32×32" in text
    assert "labels=" not in text


def test_show_every_assignment_of_ours(call: CommandLine) -> None:
    """Whatever is passed to a probe can be shown, arrays included."""
    for slug in Course(ROOT).slugs():
        done = call("show", slug, "--course", ROOT)
        assert (done.code, done.err) == (0, "")
        assert "Stays here: labels" in done.out


def test_data(call: CommandLine, bare: Path) -> None:
    """Each data set with its folder, and what stands in for it."""
    done = call("data")
    assert done.code == 0
    assert re.search(r"^mnist +absent +.*stand-in: digits", done.out, re.MULTILINE)
    assert str(bare) in done.out
    assert str(bare.parent) in call("data", "--data", bare.parent).out


# ---------------------------------------------------------------------- verbs that run


@pytest.mark.proof
def test_grade_and_report(call: CommandLine, course: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """`grade` prints a row for each student and the index last, exit 0; again, nothing is executed."""
    course.submit("Ada")
    course.submit("Bob", WRONG)
    words = ("grade", "tiny", course.class_, "-o", course.out, "--course", course.root)
    first = call(*words)
    assert (first.code, first.err.strip()) == (0, "")
    assert re.search(r"Ada +12 +/ 12 +ran to its end", first.out)
    assert re.search(r"Bob +10 +/ 12 +ran to its end +doubles", first.out)
    assert "2 executed, 0 measured before" in first.out
    assert first.out.splitlines()[-1] == str(course.out / "index.html")
    second = call(*words)
    assert second.code == 0
    assert "Nothing was executed" in second.out
    (course.out / "index.html").unlink()
    report = call("report", course.out, "--course", course.root)
    assert report.code == 0
    assert "2 reports rendered, nothing was run" in report.out
    assert (course.out / "index.html").is_file()
    # A broken check, judged from the ledger: exit 1, a person is needed.
    course.rule("FULL if right else 0.0", "FULL / right")
    third = call(*words, "--only", "Bob")
    assert third.code == 1
    assert "a person is needed" in third.out
    assert not re.search(r"^ *Ada\b", third.out, re.MULTILINE)
    assert json.loads((course.out / "Bob.json").read_text())["needs_review"] is True


@pytest.mark.proof
def test_grade_an_archive(call: CommandLine, course: Tiny, bare: Path) -> None:
    """A class may come as an archive; without -o the output is below the working directory."""
    archive = bare / "class.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        for name in ("Ada", "Bob"):
            member = tarfile.TarInfo(f"{name}/tiny.py")
            member.size = len(RIGHT)
            file.addfile(member, io.BytesIO(RIGHT.encode()))
    here = Path.cwd()
    os.chdir(bare)
    try:
        done = call("grade", "tiny", archive, "--course", course.root, "--only", "Bob")
    finally:
        os.chdir(here)
    assert done.code == 0
    assert (bare / "reports/tiny/Bob.html").is_file()
    assert not (bare / "reports/tiny/Ada.html").exists()


@pytest.mark.proof
def test_a_level_that_does_not_hold(call: CommandLine, course: Tiny) -> None:
    """A batch is refused below the level it asks for, with what to pass."""
    course.submit("Ada")
    words = ("grade", "tiny", course.class_, "-o", course.out, "--course", course.root)
    sentence = call(*words, "--level", "0").sentence
    assert "level 0" in sentence
    assert "--allow-level 0" in sentence


def test_check(call: CommandLine, course: Tiny) -> None:
    """A student's right file: every check with its points, exit 0; a wrong one: why, exit 1."""
    right, wrong = course.write("a/tiny.py", RIGHT), course.write("b/tiny.py", TANH)
    done = call("check", right, "--course", course.root)
    assert done.code == 0
    assert f"{POINTS:g} of {POINTS:g} points" in done.out
    assert done.out.count("✓") == 4
    done = call("check", wrong, "--course", course.root)
    assert done.code == 1
    assert re.search(r"✗ values +0 / 4", done.out)
    assert "8 of 12 points" in done.out


@pytest.mark.proof
def test_check_without_the_data_set(call: CommandLine) -> None:
    """A student without MNIST is checked all the same; accuracy is decided when graded, and costs nothing."""
    done = call("check", ROOT / "reference/lenet5_mnist/lenet.py", "--course", ROOT)
    assert done.code == 0, done.out + done.err
    assert re.search(r"test_accuracy +decided when graded", done.out)
    assert "70 of 70 points" in done.out


@pytest.mark.proof
def test_verify(call: CommandLine, course: Tiny) -> None:
    """Exit 0 where all is as declared, 1 where something is not, and what."""
    course.write("assignments/tiny/handout/tiny.py", "# TODO\n")
    declared = '"""Loses: shapes, count, values, doubles"""\n'
    course.write("assignments/tiny/mistakes/nothing/tiny.py", declared)
    words = ("verify", "--course", course.root)
    done = call(*words, "tiny")
    assert (done.code, "tiny: all as it should be." in done.out) == (0, True), done.out + done.err
    course.write("assignments/tiny/mistakes/nothing/tiny.py", declared + RIGHT)
    done = call(*words, "--all")
    assert done.code == 1
    assert "should lose count, doubles, shapes, values" in " ".join(done.out.split())


@pytest.mark.proof
def test_doctor(call: CommandLine) -> None:
    """The level, its self-test, and the versions that measure."""
    done = call("doctor")
    assert done.code == 0
    assert re.search(r"Sandbox level [234]", done.out)
    assert "torch " in done.out
    assert "mnist" in done.out


@pytest.mark.proof
def test_doctor_names_what_was_not_tried(
    call: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence, and in JSON; nothing fails for it."""
    tried = {"torch": Tried("1.0", "1.5"), "python": Tried("3.11", "3.13")}
    monkeypatch.setattr("grader.records.tried_versions.TRIED", tried)
    plain, told = call("doctor", "--level", 3), call("doctor", "--level", 3, "--json")
    assert (plain.code, told.code) == (0, 0)
    (sentence,) = json.loads(told.out)["untried"]
    assert re.fullmatch(r"torch \S+ was not tried; the newest tried is 1\.5\.", sentence)
    assert sentence in plain.out


@pytest.mark.proof
def test_interrupted_before_it_began(course: Tiny, tmp_path: Path) -> None:
    """Ctrl-C while the sandbox starts ends with one sentence, exit 130 and no process."""
    course.submit("Ada")
    temporary = tmp_path / "temporary"
    with start(
        *("grade", "tiny", course.class_, "-o", course.out, "--course", course.root),
        temporary=temporary,
    ) as process:
        deadline = time.monotonic() + 30
        while not list(temporary.glob("grader-box-*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err, err
    assert err.strip().splitlines()[-1].startswith("grader: Interrupted")
    assert gone(temporary, seconds=30) == []  # it may still be importing torch


def test_outside_of_every_course(
    call: CommandLine, course: Tiny, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each verb says that no course was found: in a note where the program's own serves, and in
    its one sentence where that lacks what was named.
    """
    monkeypatch.chdir(bare)
    done = call("show", "lenet5_mnist")
    assert (done.code, len(done.err.splitlines())) == (0, 1)
    assert done.err.startswith("grader: no course was found in this folder or above it; lenet5")
    file = course.submit("Ada")
    for words in (
        ("show", "tiny"),
        ("verify", "tiny"),
        ("handout", "tiny", "-o", "out"),
        ("grade", "tiny", course.class_),
        ("check", file),
        ("check", file, "-a", "tiny"),
    ):
        assert "no course was found in this folder" in (sentence := call(*words).sentence)
        assert "--course" in sentence
    monkeypatch.chdir(course.root / "class")  # anywhere in a course it is found
    assert (call("show", "tiny").code, call("show", "tiny").err) == (0, "")
