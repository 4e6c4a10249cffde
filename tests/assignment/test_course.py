"""Courses: found where the design says, loaded by path, and refused with the file and the line."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from grader.assignment.course import Course
from grader.records.errors import CourseError, UsageError
from grader.records.messages import Message
from kit.places import ROOT
from kit.tiny import ASSIGNMENT, POINTS, RIGHT, TANH, Tiny, found


def test_found_by_option_before_all(
    course: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--course beats $GRADER_COURSE, which beats the ancestors of the working directory."""
    other, third = found(tmp_path / "other"), found(tmp_path / "third")
    below = other.root / "assignments/tiny"
    monkeypatch.chdir(below)
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    assert Course.find().root == other.root
    monkeypatch.setenv("GRADER_COURSE", str(third.root))
    assert Course.find().root == third.root
    assert Course.find(course.root).root == course.root


def test_bundled_where_there_is_none(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of every course the demonstration course is used."""
    monkeypatch.chdir(bare)
    assert Course.find().slugs() == Course(ROOT).slugs()
    assert "lenet5_mnist" in Course.find().slugs()


def test_no_course(tmp_path: Path) -> None:
    """A folder without assignments is refused."""
    with pytest.raises(UsageError, match="is no course"):
        Course.find(tmp_path)


def test_unknown_assignment(course: Tiny) -> None:
    """The assignments that exist are listed."""
    with pytest.raises(UsageError, match=r"no assignment 'tony'.*There are: tiny"):
        Course(course.root).load("tony")


@pytest.mark.parametrize("slug", ["..", "../tiny", "", "/etc", "tiny/"])
def test_a_slug_is_no_path(course: Tiny, slug: str) -> None:
    """Nothing outside of `assignments` is loaded by a name."""
    with pytest.raises(UsageError, match="no assignment"):
        Course(course.root).load(slug)


def test_outside_of_every_course(course: Tiny, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own course serves for what it has; of anything else one is told that no course
    was found, and what to do. One that was named is no such fallback.
    """
    monkeypatch.setattr("grader.assignment.course._BUNDLED", course.root)
    monkeypatch.chdir(bare)
    home = Course.find()
    assert (home.root, home.is_fallback) == (course.root, True)
    assert home.load("tiny").slug == home.by_entry("tiny") == "tiny"
    nowhere = "^no course was found in this folder or above it, and the one that comes with"
    with pytest.raises(
        UsageError, match=rf"{nowhere}.*no assignment 'tony', only tiny\. .*--course$"
    ):
        home.load("tony")
    with pytest.raises(UsageError, match=rf"{nowhere}.*for a file called tony\. .*--course$"):
        home.by_entry("tony")
    assert not Course.find(course.root).is_fallback
    assert not Course.bundled().is_fallback
    monkeypatch.chdir(course.class_.parent)
    assert not Course.find().is_fallback


def test_names_that_are_asked_for() -> None:
    """Classes, functions, trained objects, and what probes.py takes of a student; each once."""
    load = Course(ROOT).load
    assert load("lenet5_mnist").names == ("LeNet5",)
    assert load("cifar10_cnn").names == ("SmallCNN", "training_step", "train", "accuracy_by_class")
    assert load("lenet5_training").names == ("lenet5_sequential", "train", "save", "load")


def test_blanks_are_the_files_of_the_handout(course: Tiny) -> None:
    """Files that can be run, by digest; texts and data are none."""
    course.write("assignments/tiny/handout/tiny.py", "blank = None\n")
    course.write("assignments/tiny/handout/numbers.csv", "1,2\n")
    assert course.load().blanks == {hashlib.sha256(b"blank = None\n").hexdigest()}


def test_loaded(course: Tiny) -> None:
    """Checks, probes and the reference are there; the probes go by their names."""
    loaded = course.load()
    assert [c.name for c in loaded.assignment.checks] == ["shapes", "count", "values", "doubles"]
    assert list(loaded.probes) == ["layers", "parameters", "outputs", "doubled"]
    assert loaded.assignment.max_score == POINTS
    assert loaded.reference.files == {"tiny.py": RIGHT.encode()}
    assert loaded.reference.entry == "tiny.py"
    assert not loaded.hidden


def test_what_a_network_returns(course: Tiny) -> None:
    """What is declared; else scores, where some probe shows its class labels; else raw numbers."""
    undeclared = ASSIGNMENT.replace(', output="logits"', "")
    shown = "y = data.integers(3, below=2)\nslopes = probe.module('Tiny', 3).gradients(x, y)\n"
    other = "other = probe.module('Tony').outputs(x)\n"
    for text, expected in (
        (ASSIGNMENT + shown, ["logits", "raw"]),
        (undeclared, ["raw", "raw"]),
        (undeclared + shown, ["scores", "raw"]),
    ):
        course.write("assignments/tiny/assignment.py", text + other)
        loaded = course.load()
        outputs = [loaded.probes[name] for name in ("outputs", "other")]
        assert [loaded.find_output(p) for p in outputs] == expected


def test_a_loss_of_the_courses_own_has_to_be_there(course: Tiny) -> None:
    """A function of probes.py, which is read for its sake."""
    slopes = "slopes = net.gradients(x, x, loss='own')\n"
    course.write("assignments/tiny/assignment.py", ASSIGNMENT + slopes)
    with pytest.raises(CourseError, match=r"has no probes\.py, and a probe calls"):
        course.load()
    course.write("assignments/tiny/probes.py", "def own(output, y):\n    return output.sum()\n")
    assert "def own" in course.load().script


def test_hidden(course: Tiny) -> None:
    """hidden.py adds checks and probes, which `public` leaves out; it can import assignment.py."""
    course.write(
        "assignments/tiny/hidden.py",
        "from assignment import assignment, net\n"
        "from grader import Verdict, data\n"
        "more = net.outputs(data.normal(5, 4))\n"
        "@assignment.check(points=5)\n"
        "def secretly(student, reference):\n"
        "    'Hidden.'\n"
        "    return Verdict(fraction=1.0)\n",
    )
    whole = course.load()
    public = Course(course.root).load("tiny", public=True)
    assert [c.name for c in whole.assignment.checks if c.hidden] == ["secretly"]
    assert "more" in whole.probes
    assert (whole.hidden, public.hidden) == (True, False)
    assert "secretly" not in {c.name for c in public.assignment.checks}
    assert whole.rules != public.rules


def test_a_hidden_probe_takes_no_name_of_a_public_one(course: Tiny) -> None:
    """The public probe would not be asked any more; the same probe under its name is no second one."""
    text = "from assignment import net, x, outputs\n"
    course.write("assignments/tiny/hidden.py", text)
    assert "outputs" in course.load().probes
    course.write("assignments/tiny/hidden.py", f"{text}layers = net.layers(x)\n")
    with pytest.raises(CourseError, match=r"hidden\.py calls a probe `layers`, and so does"):
        course.load()


def test_rules_change_with_the_file(course: Tiny) -> None:
    """The digest of the rules changes with every character of assignment.py."""
    before = course.load().rules
    assert course.load().rules == before
    course.rule("FULL = 1.0", "FULL = 0.5")
    assert course.load().rules != before


def test_no_stale_bytecode(course: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change within the second in which it was loaded counts, and no bytecode is left in the course."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = course.load().assignment.checks[-1].function
    course.rule("FULL = 1.0", "FULL = 0.5")
    after = course.load().assignment.checks[-1].function
    assert (before.__globals__["FULL"], after.__globals__["FULL"]) == (1.0, 0.5)  # type: ignore[attr-defined]
    assert not list(course.root.rglob("*.pyc"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ny = (\n", r"tiny/assignment.py, line 2: SyntaxError"),
        ("x = 1\n\nfoo()\n", r"tiny/assignment.py, line 3: NameError"),
        ("x = 1\n", "defines no `assignment = Assignment"),
        ("assignment = 'tiny'\n", "defines no `assignment = Assignment"),
        (ASSIGNMENT[: ASSIGNMENT.index("@assignment.check")], "has no checks"),
        (
            ASSIGNMENT.replace('    """`Tiny` has 37 parameters."""\n', ""),
            r"tiny/assignment.py, line \d+: check `count` has no docstring",
        ),
        (ASSIGNMENT.replace("def count", "def shapes"), "two checks called `shapes`"),
        (ASSIGNMENT.replace("probe.call(", "probe.cal("), "AttributeError"),
        (
            ASSIGNMENT + 'stolen = net.gradients(x, data.test("mnist").labels)\n',
            r"line \d+: a Secret cannot be passed to a probe",
        ),
    ],
)
def test_mistakes_in_an_assignment(course: Tiny, text: str, said: str) -> None:
    """The file, the line and what is wrong are said."""
    course.write("assignments/tiny/assignment.py", text)
    with pytest.raises(CourseError, match=said):
        course.load()


def test_exit_in_an_assignment(course: Tiny) -> None:
    """An assignment that ends the interpreter is refused like any other mistake."""
    course.write("assignments/tiny/assignment.py", "import sys\nsys.exit('bye')\n")
    with pytest.raises(CourseError, match=r"assignment.py, line 2"):
        course.load()


def test_a_reference_is_needed(course: Tiny) -> None:
    """Without its file the reference is refused."""
    (course.root / "reference/tiny/tiny.py").unlink()
    with pytest.raises(CourseError, match=r"reference/tiny lacks tiny.py"):
        course.load()


def test_an_assignment_is_found_by_its_file(course: Tiny) -> None:
    """The entry's stem names the assignment, as long as no other asks for the same."""
    there = Course(course.root)
    assert there.by_entry("tiny") == "tiny"
    with pytest.raises(UsageError, match=r"no assignment asks for a file called other.*tiny"):
        there.by_entry("other")
    course.write("assignments/twin/assignment.py", ASSIGNMENT)
    course.write("reference/twin/tiny.py", RIGHT)
    with pytest.raises(UsageError, match=r"several assignments ask.*tiny, twin"):
        there.by_entry("tiny")


def mistake(course: Tiny, text: str) -> None:
    course.write("assignments/tiny/mistakes/tanh/tiny.py", text)


def test_mistakes(course: Tiny) -> None:
    """A mistake says in its docstring what it loses; what it lacks is the reference's."""
    mistake(
        course, TANH.replace("functions.", "").replace('"""A', '"""Loses: `values`, doubles.\n\nA')
    )
    (one,) = Course(course.root).mistakes(course.load())
    assert (one.name, one.loses) == ("tanh", {"values", "doubles"})
    assert one.submission.entry == "tiny.py"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RIGHT, "mistake tanh has no line `Loses:"),
        ('"""Loses: velues"""\n', "loses `velues`, which is no check of tiny"),
    ],
)
def test_mistakes_in_mistakes(course: Tiny, text: str, said: str) -> None:
    """A mistake that names nothing, or no check, is refused."""
    mistake(course, text)
    with pytest.raises(CourseError, match=said):
        Course(course.root).mistakes(course.load())


def test_a_mistake_that_is_no_python(course: Tiny) -> None:
    """A mistake whose docstring cannot be read is refused by name, not with a traceback."""
    mistake(course, '"""Loses: values"""\ndef (\n')
    with pytest.raises(CourseError, match="tanh"):
        Course(course.root).mistakes(course.load())


def test_handout(course: Tiny) -> None:
    """The handout is a submission; without its entry it is refused."""
    with pytest.raises(CourseError, match=r"handout of tiny has no tiny\.py"):
        Course(course.root).handouts(course.load())
    course.write("assignments/tiny/handout/tiny.py", "# TODO\n")
    assert Course(course.root).handouts(course.load())[0].files == {"tiny.py": b"# TODO\n"}


def test_the_sample_class_has_a_table_for_each_student(course: Tiny) -> None:
    """A line outside of every table is named with the way to write it."""
    course.write("assignments/tiny/sample/expected.toml", "ada = 12\n")
    with pytest.raises(CourseError, match=r"expected.toml: ada is 12; write a table \[ada\]"):
        Course(course.root).expected("tiny")


def test_labels_of_data_sets_are_found(course: Tiny) -> None:
    """Whether a name is bound to a data set, its labels, or several of either; also in hidden.py."""
    text = (
        'one = data.test("mnist")\nlabels = data.test("cifar10").labels\n'
        'several = {"a": data.train("mnist")}\nlisted = [data.test("mnist", limit=3)]\n'
    )
    course.write("assignments/tiny/assignment.py", ASSIGNMENT + text)
    hidden = 'from grader import data\nfrom assignment import one\nmore = data.train("cifar10")\n'
    course.write("assignments/tiny/hidden.py", hidden)
    mnist = "<secret: labels of MNIST, test split>"
    assert [repr(secret) for secret in course.load().labels] == [
        mnist,
        "<secret: labels of CIFAR-10, test split>",
        "<secret: labels of MNIST, train split>",
        mnist,
        mnist,
        "<secret: labels of CIFAR-10, train split>",
    ]


def test_what_is_asked_for_is_one_record(course: Tiny) -> None:
    """Entry, further files, names and the blanks of the handout, for whoever looks through files."""
    course.rule('entry="tiny", limits', 'entry="tiny", extra_files=["a.pt"], limits')
    course.write("reference/tiny/a.pt", b"weights")
    course.write("assignments/tiny/handout/tiny.py", "# TODO\n")
    asked = course.load().asked
    assert (asked.entry, asked.extra_files, asked.names) == ("tiny", ("a.pt",), ("Tiny", "double"))
    assert asked.blanks == {hashlib.sha256(b"# TODO\n").hexdigest()}


def test_expected(course: Tiny) -> None:
    """expected.toml is read; absent or broken, that is said."""
    there = Course(course.root)
    with pytest.raises(CourseError, match=r"no sample class: expected.toml is missing"):
        there.expected("tiny")
    path = course.write("assignments/tiny/sample/expected.toml", "[ada]\nscore = 12\n")
    assert there.expected("tiny") == {"ada": {"score": 12}}
    path.write_text("[ada\n")
    with pytest.raises(CourseError, match="is not TOML"):
        there.expected("tiny")


def test_this_repository_is_a_course() -> None:
    """Every assignment here loads, with its reference, handout and mistakes; what is measured brings
    100 points, and answers in words come on top.
    """
    here = Course(ROOT)
    assert here.slugs()
    for slug in here.slugs():
        loaded = here.load(slug)
        measured = [c for c in loaded.assignment.checks if not c.person]
        assert sum(c.points for c in measured if not c.extra) == 100, slug
        assert all(h.files for h in here.handouts(loaded))
        assert len(here.mistakes(loaded)) >= 8
        assert os.fspath(loaded.folder).endswith(slug)


def test_a_course_has_words_of_its_own(course: Tiny) -> None:
    """They are used from then on, what was judged before is judged again, and another course has
    the grader's own words.
    """
    before = Course(course.root).load("tiny").rules
    path = course.root / "messages.toml"
    path.write_text('language = "de"\n[checks-wait]\ntext = "Erst `{check}`."\n')
    try:
        assert Course(course.root).load("tiny").rules != before
        assert Message("checks-wait", {"check": "shapes"}).text() == "Erst `shapes`."
        assert Message("checks-not-measured", {"why": "x."}).text() == "Nicht gemessen: x."
        path.write_text('[checks-unheard]\ntext = "x"\n')
        with pytest.raises(CourseError, match=r"messages\.toml has a message 'checks-unheard'"):
            Course(course.root).load("tiny")
    finally:
        path.unlink()
        assert Course(course.root).load("tiny").rules == before
    assert Message("checks-not-measured", {"why": "x."}).text() == "Not measured: x."
