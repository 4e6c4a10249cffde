"""What specimens and the sample class lack is made or taken from the reference, unless they say so."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch

from grader.assignment.course import Course
from grader.records.errors import CourseError
from kit.places import ROOT, SUBMISSIONS
from kit.specimens import REFERENCE, State, _plain, _untrained, handed_in
from kit.tiny import RIGHT, TANH, Tiny

MISTAKES = ROOT / "assignments/lenet5_mnist/mistakes"


def numbers(content: bytes) -> State:
    state: State = torch.load(io.BytesIO(content), weights_only=True)
    return state


def test_what_a_specimen_lacks_is_the_references(tmp_path: Path) -> None:
    """A folder without weights gets the reference's, where its own would lie."""
    made = handed_in(SUBMISSIONS / "broken/second_download", tmp_path)
    assert (made / "lenet (1).pt").read_bytes() == REFERENCE.read_bytes()
    assert not (made / "lenet.pt").exists()


def test_a_specimen_may_lack_its_weights(tmp_path: Path) -> None:
    """`lacks` in expected.toml names what was forgotten."""
    made = handed_in(SUBMISSIONS / "broken/forgotten_weights", tmp_path)
    assert [p.name for p in made.iterdir()] == ["lenet.py"]


@pytest.mark.parametrize(("name", "make"), [("untrained", _untrained), ("spare_layer", _plain)])
def test_where_the_weights_of_two_mistakes_come_from(name: str, make: object) -> None:
    """A fresh network's, and the reference's with a layer more."""
    assert callable(make)
    made = numbers(make(MISTAKES / name, numbers(REFERENCE.read_bytes())))
    kept = numbers((MISTAKES / name / "lenet.pt").read_bytes())
    assert list(made) == list(kept)
    assert all(torch.equal(made[n], kept[n]) for n in kept)


def test_no_copy_of_the_reference_is_kept() -> None:
    """No specimen, mistake or student of the sample class brings the reference's weights."""
    folders = (SUBMISSIONS, ROOT / "assignments")
    kept = [p for f in folders for p in f.rglob("*.pt*") if p.is_file()]
    whole = REFERENCE.read_bytes()
    assert kept
    assert [p for p in kept if p.read_bytes() == whole] == []


# ---------------------------------------------------------------------- the sample class


def sampled(course: Tiny, expected: str) -> Path:
    """The sample class of `tiny`, which asks for numbers besides the code; ada has none of them."""
    course.rule('entry="tiny", ', 'entry="tiny", extra_files=["tiny.pt"], ')
    course.write("reference/tiny/tiny.pt", b"the reference's")
    course.write("assignments/tiny/sample/ada/tiny.py", "")
    course.write("assignments/tiny/sample/bob/tiny.pt", b"his own")
    course.write("assignments/tiny/sample/expected.toml", expected)
    return Course(course.root).write_sample(course.load(), course.root / "completed")


def test_a_mistake_names_its_fault(course: Tiny) -> None:
    """By the code of a message, which a docstring gives as well; it may be left out."""
    small(course, GOOD.replace("loses", 'code = "layers-activation"\nloses'))
    assert [m.code for m in Course(course.root).mistakes(course.load())] == ["layers-activation"]
    small(course, GOOD)
    assert [m.code for m in Course(course.root).mistakes(course.load())] == [""]
    small(course, GOOD.replace("loses", 'code = "layers-activaton"\nloses'))
    with pytest.raises(CourseError, match="names no fault; did you mean `layers-activation`"):
        Course(course.root).mistakes(course.load())


def test_the_sample_class_is_completed(course: Tiny) -> None:
    """Whoever has no weights gets the reference's; code is nobody's but the student's."""
    made = sampled(course, "[ada]\nscore = 1\n")
    assert (made / "ada/tiny.pt").read_bytes() == b"the reference's"
    assert [p.name for p in (made / "bob").iterdir()] == ["tiny.pt"]
    assert (made / "bob/tiny.pt").read_bytes() == b"his own"


def test_a_student_may_lack_a_file(course: Tiny) -> None:
    """`lacks` keeps it away."""
    made = sampled(course, '[ada]\nlacks = ["tiny.pt"]\n')
    assert [p.name for p in (made / "ada").iterdir()] == ["tiny.py"]


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ('[ada]\nlacks = ["other.pt"]\n', r"ada lacks \['other.pt'\].*besides the code: tiny\.pt"),
        ('[ada]\nlacks = "tiny.pt"\n', r"ada lacks 'tiny.pt'.*a list"),
        ('[bob]\nlacks = ["tiny.pt"]\n', r"bob lacks tiny\.pt, but it is there"),
    ],
)
def test_what_cannot_be_lacking(course: Tiny, expected: str, said: str) -> None:
    """A file that nobody asks for, or that is there, is refused."""
    with pytest.raises(CourseError, match=said):
        sampled(course, expected)


# ---------------------------------------------------------------------- mistakes that are small files

GOOD = """\
why = "Tanh for ReLU."
loses = ["values"]
replace = [{ old = "torch.relu", new = "torch.tanh" }]
"""


def small(course: Tiny, text: str) -> None:
    course.write("assignments/tiny/mistakes/tanh.toml", text)


def test_a_mistake_changes_lines_of_the_reference(course: Tiny) -> None:
    """Its code is the reference's but for the replacement; repaired there, it is repaired here."""
    small(course, GOOD)
    (one,) = Course(course.root).mistakes(course.load())
    assert (one.name, one.loses, one.submission.entry) == ("tanh", {"values"}, "tiny.py")
    assert one.submission.files == {"tiny.py": TANH.encode()}
    course.write("reference/tiny/tiny.py", f"{RIGHT}\nADDED = 1\n")
    (one,) = Course(course.root).mistakes(course.load())
    assert one.submission.files == {"tiny.py": f"{TANH}\nADDED = 1\n".encode()}


def test_replacements_follow_each_other(course: Tiny) -> None:
    """Several are made in the order in which they stand; each file of the reference can be named."""
    course.rule('entry="tiny", ', 'entry="tiny", extra_files=["sizes.txt"], ')
    course.write("reference/tiny/sizes.txt", "4 5 2")
    text = GOOD.replace("replace = [", 'replace = [{ file = "sizes.txt", old = "5", new = "6" }, ')
    small(course, text.replace(" }]", ' }, { old = "torch.tanh", new = "torch.sigmoid" }]'))
    (one,) = Course(course.root).mistakes(course.load())
    changed = RIGHT.replace("torch.relu", "torch.sigmoid").encode()
    assert one.submission.files == {"tiny.py": changed, "sizes.txt": b"4 6 2"}


def test_a_small_file_may_have_a_folder(course: Tiny) -> None:
    """The folder of its name brings files of its own, such as weights; replacements may be absent."""
    small(course, "".join(GOOD.splitlines(keepends=True)[:2]))
    course.write("assignments/tiny/mistakes/tanh/tiny.pt", b"untrained")
    (one,) = Course(course.root).mistakes(course.load())
    assert one.submission.files == {"tiny.py": RIGHT.encode(), "tiny.pt": b"untrained"}
    course.write("assignments/tiny/mistakes/tanh/tiny.py", TANH)
    with pytest.raises(CourseError, match=r"tanh has a folder with tiny\.py besides tanh\.toml"):
        Course(course.root).mistakes(course.load())


PLACE = '{ old = "torch.relu", new = "torch.tanh" }'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("loses", "looses"), r"tanh has a key `looses`.*did you mean `loses`\?"),
        (
            GOOD + "points = 3\n",
            r"key `points`, which is not known; there are why, code, loses, replace",
        ),
        (GOOD.replace("old", "odl"), r"tanh has a key `odl`.*did you mean `old`\?"),
        (GOOD.replace("torch.relu", "F.relu"), r"tanh: 'F\.relu' does not stand in .*tiny\.py"),
        (GOOD.replace("torch.relu", "nn.Linear"), r"tanh: 'nn\.Linear' stands 2 times in"),
        (GOOD.replace("values", "velues"), "tanh loses `velues`, which is no check of tiny"),
        (GOOD.replace('["values"]', '"values"'), r"tanh names no checks: give `loses = "),
        (GOOD.replace('["values"]', "[]"), r"tanh names no checks: give `loses = "),
        (GOOD.replace("Tanh for ReLU.", " "), r"tanh does not say what is wrong: give `why"),
        (GOOD.replace(f"[{PLACE}]", "[]"), r"tanh changes nothing: give `replace"),
        (GOOD.replace(f"[{PLACE}]", "[3]"), r"tanh: 3 is no replacement"),
        (GOOD.replace(', new = "torch.tanh"', ""), r"both a text `old` and a text `new`.*has old"),
        (GOOD.replace('"torch.relu"', '""'), r"tanh: a replacement has both a text `old`"),
        (GOOD.replace("{ old", '{ file = "t.py", old'), r"tanh changes 't\.py', which the"),
        ("why = \n", r"tanh: tanh\.toml is not TOML"),
    ],
)
def test_mistakes_in_a_small_file(course: Tiny, text: str, said: str) -> None:
    """The mistake, what is wrong with it and what to do are said."""
    small(course, text)
    with pytest.raises(CourseError, match=said):
        Course(course.root).mistakes(course.load())


def test_only_text_can_be_changed(course: Tiny) -> None:
    """Weights are no text."""
    course.rule('entry="tiny", ', 'entry="tiny", extra_files=["tiny.pt"], ')
    course.write("reference/tiny/tiny.pt", b"\xff\xfe")
    small(course, GOOD.replace("{ old", '{ file = "tiny.pt", old'))
    with pytest.raises(CourseError, match=r"tanh changes tiny\.pt, which is no text"):
        Course(course.root).mistakes(course.load())
