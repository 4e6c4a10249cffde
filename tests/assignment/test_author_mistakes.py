"""An author's mistake is a sentence with file and line, said when the assignment is loaded."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from pathlib import Path

import pytest

from grader.assignment import course_files
from grader.records.errors import CourseError, is_interrupt
from kit.command_line import CommandLine
from kit.tiny import ASSIGNMENT, Tiny

LIMITS = "limits=Limits(cpu_seconds=2, memory_mib=2048, processes=16)"
HEAD = "from assignment import assignment, net, x\nfrom grader import Assignment, Verdict, data\n"


def line_of(course: Tiny, name: str, part: str) -> int:
    """The number of the line in which this stands."""
    text = (course.root / "assignments/tiny" / name).read_text()
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def refuse(course: Tiny) -> str:
    """What is said of the assignment."""
    with pytest.raises(CourseError) as error:
        course.load()
    return str(error.value)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("memory_mib=-5", "the limit memory_mib is -5; give a whole number above 0"),
        ("cpu_seconds=0", "the limit cpu_seconds is 0; give a number above 0"),
        ("cell_seconds=-0.5", "the limit cell_seconds is -0.5"),
        ("patience=float('nan')", "the limit patience is nan"),
        ("disk_mib='64'", "the limit disk_mib is '64'"),
        ("processes=2.5", "the limit processes is 2.5; give a whole number above 0"),
        ("output_kib=True", "the limit output_kib is True"),
        ("files_kib=None", "the limit files_kib is None"),
        ("cpu_seconds=1e300", "the limit cpu_seconds is 1e+300; give a number above 0, up to"),
        ("memory_mib=10**9", "the limit memory_mib is 1000000000; give a whole number above 0, up"),
        ("memory_mb=5", "unexpected keyword argument 'memory_mb'"),
    ],
)
def test_limits(course: Tiny, limit: str, said: str) -> None:
    """Negative, zero, NaN, text, fractions, far too much: the field, the value, file and line."""
    course.rule(LIMITS, f"limits=Limits({limit})")
    told = refuse(course)
    place = re.match(r"tiny/assignment\.py, line (\d+): ", told)
    assert place is not None, told
    assert int(place[1]) in range(5, 8)
    assert said in told


def test_numbers_of_numpy_are_numbers(course: Tiny) -> None:
    """Limits and points may be NumPy's, and become Python's."""
    course.rule(LIMITS, "limits=Limits(cpu_seconds=np.float32(2), memory_mib=np.int64(2048))")
    course.rule("from grader import", "import numpy as np\nfrom grader import")
    course.rule("points=4)\ndef shapes", "points=np.float32(4))\ndef shapes")
    loaded = course.load()
    assert type(loaded.assignment.limits.memory_mib) is int
    assert type(loaded.assignment.checks[0].points) is float
    assert loaded.assignment.max_score == 12.0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Two layers", ', "'', ", "the title is ''"),
        ('"Two layers", ', "3, ", "the title is 3"),
        ('entry="tiny"', "entry=None", "entry None is not a file stem"),
        ('entry="tiny"', 'entry="tiny.py"', "entry 'tiny.py' is not a file stem"),
        ('entry="tiny"', 'entry="tiny", extra_files="tiny.pt"', "extra_files is 'tiny.pt', not a"),
        ('entry="tiny"', 'entry="tiny", extra_files=["../a.pt"]', "the extra file '../a.pt' is no"),
        ('entry="tiny"', 'entry="tiny", extra_files=["/a.pt"]', "the extra file '/a.pt' is no file"),
        ('entry="tiny"', 'entry="tiny", extra_files=[b"a.pt"]', "the extra file b'a.pt' is no file"),
        ('entry="tiny"', 'entry="tiny", provides="mnist"', "provides is 'mnist', not a list"),
        ('entry="tiny"', 'entry="tiny", provides=["mnits"]', "mnits"),
        ('entry="tiny"', 'entry="tiny", run="some"', "run 'some' is not known"),
        (LIMITS, "limits=60", r"limits are given as `limits=Limits(…)`, not as 60"),
        ("points=4)\ndef shapes", "points='4')\ndef shapes", "`shapes` is worth '4' points"),
        ("points=4)\ndef shapes", "points=None)\ndef shapes", "`shapes` is worth None points"),
        ("points=4)\ndef shapes", "points=-1)\ndef shapes", "`shapes` is worth -1 points; give a"),
        ("points=4)\ndef shapes", "points=1e9)\ndef shapes", "from 0 to 1,000,000"),
        ("points=4)\ndef shapes", "points=True)\ndef shapes", "`shapes` is worth True points"),
        ("depends_on=[shapes]", "depends_on=shapes", "depends_on is the function `shapes`, not a"),
        ("depends_on=[shapes]", "depends_on=['shapes']", "check `values` comes after 'shapes'"),
        ("depends_on=[shapes]", "depends_on='shapes'", "depends_on is 'shapes', not a list"),
        ("depends_on=[shapes]", "depends_on=[print]", "comes after `print`, which is no check"),
        ("def count(student: Measurements, reference: Measurements)", "def count(student)",
         "check `count` cannot be called with the student's measurements and the reference's"),
        ("data.normal(3, 4)", "data.normal(3, -4)", "an array of shape (3, -4) cannot be drawn"),
        ("data.normal(3, 4)", "data.normal(3, 4.5)", "an array of shape (3, 4.5) cannot be drawn"),
        ("data.normal(3, 4)", "data.normal(10**5, 10**5)", "10,000,000,000 numbers; 67,108,864 are"),
        ("data.normal(3, 4)", "data.uniform(3, 4, low='a')", "low is 'a'; give a number"),
        ("data.normal(3, 4)", "data.uniform(3, 4, low=1)", "nothing lies between 1.0 and 1.0"),
        ("data.normal(3, 4)", "data.integers(3, below=0)", "nothing lies between 0.0 and 0.0"),
        ("data.normal(3, 4)", "data.integers(3, below=2.5)", "below is 2.5; give a whole number"),
        ("data.normal(3, 4)", "data.test('mnist', limit=-5).images", "limit is -5; give a whole"),
        ("data.normal(3, 4)", "data.test('mnist', size=1.5).images", "size is 1.5; give a whole"),
        ("data.normal(3, 4)", "data.train('mnist', start='0').images", "start is '0'; give a whole"),
        ("data.normal(3, 4)", "data.test('mnist', classes=3).images", "classes is 3; give whole"),
        ("data.normal(3, 4)", "data.test('mnist', classes=[11]).images", "no such choice of classes"),
        ('probe.call("double"', 'probe.call("two words"', "asks for is 'two words'; give a name"),
        ('probe.call("double"', "probe.call(3", "asks for is 3; give a name of Python's"),
        ("net.outputs(x)", "net.steps(x, x, lr='fast')", "the learning rate is 'fast'; give a"),
        ("net.outputs(x)", "net.own_logits(x, weights='a.pt', seconds=0)", "the time for a probe is 0"),
        ("points=4)\ndef shapes", "points=4, extra='y')\ndef shapes", "extra is 'y'; give True or"),
        ("points=4)\ndef shapes", "points=10**400)\ndef shapes", "`shapes` is worth 1000"),
        ("data.normal(3, 4)", "data.normal(*[1] * 33)", "an array of 33 dimensions cannot be drawn"),
        ("data.normal(3, 4)", "data.uniform(3, low=-1e308, high=1e308)", "nothing lies between -1e"),
        ("data.normal(3, 4)", "data.uniform(3, high=10**400)", "high is 1000"),
        ("data.normal(3, 4)", "data.integers(3, below=10**30)", "below is 1e+30; 9,007,199,254,"),
        ("data.normal(3, 4)", "data.test('mnist', size=10**6).images", "size is 1,000,000; 1,024"),
        ("data.normal(3, 4)", "data.test(None).images", "called by its name, mnist or cifar10, not"),
        ("[1.0, 2.5]", "__import__('numpy').array(['a'])", "an array of dtype <U1 cannot cross"),
        ("[1.0, 2.5]", "__import__('numpy').array([{}])", "an array of dtype object cannot cross"),
        ("[1.0, 2.5]", "10**400", "a number of more than 400 digits cannot cross the line"),
        ("[1.0, 2.5]", "eval('[' * 40 + ']' * 40)", "a value is nested more than 32 deep"),
        ('output="logits"', "precision=32", "precision 32 is not known; give one of 'float64', "),
        ('output="logits"', "without=3", "the package that a network is made without is 3; give"),
        ("net.outputs(x)", "net.steps(x, x, lr=10**400)", "the learning rate is 1000"),
        ("net.outputs(x)", "net.logits(x, weights='')", "the file of weights is ''; give text"),
    ],
)  # fmt: skip
def test_names_points_and_numbers(course: Tiny, old: str, new: str, said: str) -> None:
    """What cannot be meant is named with its value, at its line."""
    course.rule(old, new)
    told = refuse(course)
    assert re.match(r"tiny/assignment\.py, line \d+: ", told), told
    assert said in told


def test_no_points_at_all(course: Tiny) -> None:
    """A grade of 0 of 0 says nothing about anybody."""
    path = course.root / "assignments/tiny/assignment.py"
    path.write_text(re.sub(r"points=\d", "points=0", path.read_text()))
    assert "every check is worth 0" in refuse(course)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@assignment.personal(seed='2026')\n", "the seed of personal numbers is '2026'"),
        ("@assignment.personal(seed=1.5)\n", "the seed of personal numbers is 1.5; give a whole"),
        (
            "@assignment.personal(seed=1)\ndef a(rng):\n    return {}\n\n\n"
            "@assignment.personal(seed=2)\n",
            "personal numbers are drawn by one function; this is a second",
        ),
    ],
)
def test_seeds(course: Tiny, text: str, said: str) -> None:
    """The seed of everybody's numbers is a whole number, and there is one."""
    course.write(
        "assignments/tiny/assignment.py",
        f"{ASSIGNMENT}\n\n{text}def numbers(rng):\n    return {{}}\n",
    )
    assert said in refuse(course)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import sys; sys.exit('no more')", "no more"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return [1, 2]", "returns a list; return a dictionary"),
        ("return {'a': {1, 2}}", "a set cannot be drawn"),
    ],
)
def test_numbers_that_cannot_be_drawn(course: Tiny, body: str, said: str) -> None:
    """Whatever the function does: it is named, with the student."""
    draw = f"\n\n@assignment.personal(seed=1)\ndef numbers(rng):\n    {body}\n"
    course.write("assignments/tiny/assignment.py", ASSIGNMENT + draw)
    told = refuse(course)
    assert "`numbers`" in told
    assert said in told


# ---------------------------------------------------------------------- one assignment


@pytest.mark.parametrize("name", ["assignment", "another"])
def test_a_second_assignment(course: Tiny, name: str) -> None:
    """A file makes one, whatever the second is called: its checks would be nobody's."""
    second = f'{name} = Assignment("Another", entry="tiny")\n'
    course.rule("x = data.normal(3, 4)\n", f"x = data.normal(3, 4)\n{second}")
    line = line_of(course, "assignment.py", "Another")
    assert refuse(course).startswith(
        f"tiny/assignment.py, line {line}: this is a second `Assignment`"
    )


def test_an_assignment_of_another_name(course: Tiny) -> None:
    """It is said how it has to be called, and where it is made."""
    path = course.root / "assignments/tiny/assignment.py"
    path.write_text(path.read_text().replace("assignment = A", "task = A").replace("@a", "@task.a"))
    path.write_text(path.read_text().replace("@task.assignment", "@task"))
    told = refuse(course)
    assert told.startswith("tiny/assignment.py, line 5: the `Assignment` that is made here is not")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('\nassignment = Assignment("B", entry="tiny")\n', 4, "this is a second `Assignment`"),
        ("\n\nassignment = None\n", 5, "`assignment` is bound to something else here"),
        ("\nfrom grader import data as assignment\n", 4, "`assignment` is bound to something else"),
        ("\n1 / 0\n", 4, "ZeroDivisionError: division by zero"),
        ("\nclass E(Exception):\n    __str__ = None\nraise E\n", 6, "E"),
        ("\ndef f(:\n", 4, "SyntaxError"),
        ("\nimport sys\nsys.exit(3)\n", 5, "it calls exit()"),
        ("\nraise KeyboardInterrupt\n", 4, "KeyboardInterrupt"),
        ("\nraise GeneratorExit('x')\n", 4, "GeneratorExit: x"),
        ("\nfrom assignment import nothing\n", 4, "ImportError"),
        ("\n@assignment.check(points='many')\ndef f(student, reference):\n    'F.'\n", 4, "'many'"),
        ("\nlayers = net.layers(data.normal(5, 4))\n", 0, "calls a probe `layers`, and so does"),
    ],
)
def test_a_broken_hidden_file(course: Tiny, text: str, line: int, said: str) -> None:
    """hidden.py is named, with its line, whatever is wrong with it."""
    course.write("assignments/tiny/hidden.py", HEAD + text)
    told = refuse(course)
    assert told.startswith(f"tiny/hidden.py, line {line}: " if line else "tiny/hidden.py "), told
    assert said in told


def test_a_hidden_file_that_imports_the_module(course: Tiny) -> None:
    """`import assignment` binds the name to the module, and that is no mistake."""
    course.write(
        "assignments/tiny/hidden.py",
        "import assignment\nfrom grader import Verdict\n"
        "@assignment.assignment.check(points=1)\ndef more(student, reference):\n    'More.'\n"
        "    return Verdict(fraction=1)\n",
    )
    assert [c.name for c in course.load().assignment.checks if c.hidden] == ["more"]


def test_assignments_after_one_another(course: Tiny) -> None:
    """Each file may make one: none is taken for a second of another file's."""
    course.write("assignments/other/assignment.py", ASSIGNMENT)
    course.write("reference/other/tiny.py", "x = 1\n")
    assert course.load().slug == "tiny"
    assert course.load().slug == "tiny"


# ---------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("assignments/tiny/assignment.py", "folder"),
        ("assignments/tiny/hidden.py", "folder"),
        ("assignments/tiny/hidden.py", "link"),
        ("assignments/tiny/probes.py", "folder"),
        ("assignments/tiny/probes.py", "link"),
        ("reference/tiny/tiny.py", "folder"),
        ("reference/tiny/tiny.py", "link"),
    ],
)
def test_a_file_that_cannot_be_read(course: Tiny, name: str, kind: str) -> None:
    """It is named, and not passed over as if there were none: hidden checks would be missing."""
    path = course.root / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(course.root / "nowhere")
    told = refuse(course)
    assert told.startswith(f"tiny/{path.name} could not be read ("), told


def test_a_file_of_somebody_elses() -> None:
    """One that may not be read is named; root may read every file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "assignment.py"
        path.write_text("x = 1\n")
        path.chmod(0)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(CourseError, match=r"assignment\.py could not be read \(Permission"):
                course_files.read_file(path)
        finally:
            os.seteuid(before)


# ---------------------------------------------------------------------- what runs too long


@pytest.mark.parametrize("name", ["assignment.py", "hidden.py"])
def test_a_loop_at_import(
    course: Tiny, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line says at which line of which file it is; it is said once, and the file goes on."""
    monkeypatch.setattr(course_files, "SECONDS", 0.05)
    before = ASSIGNMENT if name == "assignment.py" else HEAD
    loop = "import time\nwhile time.monotonic() - START < 0.5:\n    pass\n"
    course.write(
        f"assignments/tiny/{name}", f"{before}import time\nSTART = time.monotonic()\n{loop}"
    )
    course.load()
    (said,) = capsys.readouterr().err.splitlines()
    place = re.match(rf"grader: tiny/{re.escape(name)}, line (\d+), is still being executed", said)
    assert place is not None, said
    lines = (course.root / "assignments/tiny" / name).read_text().splitlines()
    assert any(w in lines[int(place[1]) - 1] for w in ("while", "pass", "import time"))


def test_nothing_is_said_of_a_file_that_is_quick(
    course: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    course.load()
    assert capsys.readouterr().err == ""


# ---------------------------------------------------------------------- interrupts

INTERRUPTED = {
    "a loop": "signal.setitimer(signal.ITIMER_REAL, 0.1)\nwhile True:\n    pass",
    "a pause": "signal.setitimer(signal.ITIMER_REAL, 0.1)\nimport time\ntime.sleep(60)",
    "passed on": "signal.setitimer(signal.ITIMER_REAL, 0.1)\n"
    "try:\n    while True:\n        pass\nexcept KeyboardInterrupt:\n    raise",
    "at once": "signal.raise_signal(signal.SIGALRM)",
}


@pytest.mark.parametrize("how", INTERRUPTED)
def test_ctrl_c_is_no_mistake(course: Tiny, how: str) -> None:
    """Somebody who ends the program while a file is executed is heeded."""
    code = f"import signal\nsignal.signal(signal.SIGALRM, signal.default_int_handler)\n{INTERRUPTED[how]}\n"
    course.write("assignments/tiny/assignment.py", code)
    before = signal.getsignal(signal.SIGALRM)
    try:
        with pytest.raises(KeyboardInterrupt) as error:
            course.load()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert is_interrupt(error.value)


def test_what_code_raises_is_no_interrupt() -> None:
    """`raise KeyboardInterrupt` in a file of the course is told from Ctrl-C."""
    with pytest.raises(KeyboardInterrupt) as error:
        raise KeyboardInterrupt
    assert not is_interrupt(error.value)
    assert not is_interrupt(SystemExit(3))
    assert not is_interrupt(ValueError())


def test_exit_in_an_assignment_is_one_sentence(call: CommandLine, course: Tiny) -> None:
    """On the command line too: exit 2, and not the code that the file gave."""
    course.write("assignments/tiny/assignment.py", "import sys\n\nsys.exit(0)\n")
    course.submit("Ada")
    for words in (("grade", "tiny", course.class_), ("verify", "tiny"), ("show", "tiny")):
        sentence = call(*words, "--course", course.root).sentence
        assert sentence == "grader: tiny/assignment.py, line 3: it calls exit()."
