"""Who is in the class: withdrawn and back, never the grader's own output, open where nobody can tell."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.export.export import Results, find_export
from grader.grading.grade import grade, render
from grader.ledger.ledger import Ledger
from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.report import pages, summary
from grader.sandbox import ForkServer
from grader.submissions import collect, folder
from kit.archives import CODE, GOOD, take, write, zipped
from kit.archives import said as said_of
from kit.command_line import CommandLine
from kit.graded import Borrower, Grading, by_name, results, said
from kit.sample_records import graded as sample
from kit.slow import in_proofs
from kit.tiny import POINTS, RIGHT, WRONG, Tiny

SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40)


def rows(course: Tiny) -> dict[str, dict[str, str]]:
    """The rows of grades.csv."""
    with (course.out / "grades.csv").open() as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def page(course: Tiny, name: str) -> str:
    return (course.out / name).read_text(encoding="utf-8")


@pytest.fixture
def pair(course: Tiny) -> Tiny:
    """Ada is right, Bob loses `doubles`."""
    course.submit("Ada")
    course.submit("Bob", WRONG)
    return course


# Withdrawn


def test_who_is_gone_is_withdrawn_and_comes_back(pair: Tiny, regrade: Grading) -> None:
    """In ledger, pages, index and table; nothing is run when the same is handed in again."""
    regrade(pair)
    shutil.move(pair.class_ / "Bob", pair.root / "Bob")
    outcome, executor = regrade(pair)
    assert outcome.withdrawn == ["Bob"]
    assert not executor.started
    kept = by_name(results(pair))
    assert kept["Bob"].withdrawn
    assert kept["Ada"].withdrawn is None
    assert json.loads(page(pair, "Bob.json"))["withdrawn"] == kept["Bob"].withdrawn
    assert "no longer among the submissions" in page(pair, "Bob.html")
    assert "<b>1</b> student</a>" in page(pair, "index.html")
    assert "<b>1</b> withdrawn</a>" in page(pair, "index.html")
    assert f"<b>{POINTS:g}</b> mean" in page(pair, "index.html")
    table = rows(pair)
    assert (table["Bob"]["status"], table["Bob"]["score"]) == ("withdrawn", "")
    assert {table["Bob"][c] for c in ("shapes", "doubles", "max_score")} == {""}
    assert table["Ada"]["score"] == f"{POINTS:g}"

    shutil.move(pair.root / "Bob", pair.class_ / "Bob")
    outcome, executor = regrade(pair)
    assert (outcome.withdrawn, executor.started) == ([], False)
    assert results(pair)[1].withdrawn is None
    assert "no longer among" not in page(pair, "Bob.html") + page(pair, "index.html")
    assert rows(pair)["Bob"]["score"] == f"{POINTS - 2:g}"


@pytest.mark.proof
def test_the_time_of_withdrawal_stays(pair: Tiny, regrade: Grading) -> None:
    """It is that of the first run that missed them; rendering again keeps it."""
    regrade(pair)
    shutil.rmtree(pair.class_ / "Bob")
    regrade(pair)
    with Ledger(pair.out / "grades.db") as ledger:
        ledger._database._require_open().execute("UPDATE withdrawn SET at = 'then'")
    regrade(pair)
    with Ledger(pair.out / "grades.db", readonly=True) as ledger:
        render(ledger, pair.out, None)
    assert json.loads(page(pair, "Bob.json"))["withdrawn"] == "then"


def test_an_empty_folder_is_still_there(pair: Tiny, regrade: Grading) -> None:
    """Who took the files back, and left the folder, handed in nothing."""
    regrade(pair)
    (pair.class_ / "Bob" / "tiny.py").unlink()
    outcome, _ = regrade(pair)
    bob = by_name(outcome.graded)["Bob"]
    assert (outcome.withdrawn, bob.withdrawn, bob.execution.status) == ([], None, "missing")


def test_everybody_is_gone(pair: Tiny, regrade: Grading, server: ForkServer) -> None:
    """Then there is no mean."""
    regrade(pair)
    with Borrower(server, pair.load()) as executor:
        outcome = grade(executor, [], pair.out)
    assert list(outcome.withdrawn) == ["Ada", "Bob"]
    assert "Mean" not in page(pair, "index.html")
    assert {row["status"] for row in rows(pair).values()} == {"withdrawn"}


@pytest.mark.proof
def test_a_refused_run_withdraws_nobody(pair: Tiny, regrade: Grading, call: CommandLine) -> None:
    """Nothing is decided about anybody."""
    regrade(pair)
    shutil.rmtree(pair.class_ / "Bob")
    pair.rule("FULL = 1.0", "FULL = 0.5")
    words = ("grade", "tiny", pair.class_, "-o", pair.out, "--course", pair.root)
    assert "nobody is graded" in call(*words).sentence
    assert not any(g.withdrawn for g in results(pair))


@pytest.mark.proof
def test_the_verb_and_only(pair: Tiny, call: CommandLine) -> None:
    """Who is graded alone withdraws nobody who is there; the terminal and JSON name who is gone."""
    pair.submit("Cy", WRONG)
    words = ("grade", "tiny", pair.class_, "-o", pair.out, "--course", pair.root)
    call(*words)
    shutil.rmtree(pair.class_ / "Cy")
    done = call(*words, "--only", "Ada")
    assert "Withdrawn, as they are no longer among the submissions: Cy." in done.out
    assert [g.student for g in results(pair) if g.withdrawn] == ["Cy"]
    assert json.loads(call(*words, "--json").out)["withdrawn"] == ["Cy"]


def test_exports_get_those_who_are_there() -> None:
    """An export that knows nothing of withdrawal leaves them out."""
    here, gone = sample("Ada"), replace(sample("Bob"), withdrawn="2026-03-01T10:00:00+00:00")
    made = find_export("csv").make(Results(graded=[here], withdrawn=[gone])).content.decode()
    assert '"Bob","","","","withdrawn",' in made
    assert not gone.needs_review


# The output folder


def names(found: Sequence[object]) -> list[str]:
    return [getattr(one, "student", "") for one in found]


@pytest.mark.proof
@pytest.mark.parametrize("place", ["out", *in_proofs("reports/tiny", "a/b/c")])
def test_the_output_folder_is_never_a_student(pair: Tiny, call: CommandLine, place: str) -> None:
    """However deep it lies among the hand-ins, and whichever of several runs wrote it."""
    out = pair.class_ / place
    words = ("grade", "tiny", pair.class_, "--course", pair.root)
    for _ in range(2):
        done = call(*words, "-o", out)
        assert (done.code, sorted(p.stem for p in out.glob("*.json"))) == (0, ["Ada", "Bob"])
    other = call(*words, "-o", pair.out)
    assert other.code == 0
    assert names(results(pair)) == ["Ada", "Bob"]


def test_reports_lie_among_nobodys_files(pair: Tiny, call: CommandLine) -> None:
    """A student's folder, and the class's own, are refused as output folders."""
    words = ("grade", "tiny", pair.class_, "--course", pair.root, "-o")
    before = sorted(pair.class_.rglob("*"))
    for out in (pair.class_, pair.class_ / "Ada"):
        assert "Choose another folder with -o." in call(*words, out).sentence
    assert sorted(pair.class_.rglob("*")) == before


def test_a_student_with_a_ledger_of_that_name(tmp_path: Path, pair: Tiny, regrade: Grading) -> None:
    """A folder with an entry is a student, whatever else lies there; one without a ledger too."""
    regrade(pair)
    ledger = (pair.out / "grades.db").read_bytes()
    write(tmp_path / "class" / "ada", {**GOOD, "grades.db": ledger, "index.html": b""})
    write(tmp_path / "class" / "bob", {"grades.db": b"mine", "index.html": b"", "x.ipynb": b"{}"})
    write(tmp_path / "class" / "old", {"grades.db": ledger, "index.html": b"", "x.ipynb": b"{}"})
    assert take(tmp_path / "class").keys() == {"ada", "bob"}


def test_one_folder_for_two_assignments(pair: Tiny, regrade: Grading, server: ForkServer) -> None:
    """The grades of the first stay."""
    regrade(pair)
    shutil.copytree(pair.root / "assignments/tiny", pair.root / "assignments/other")
    shutil.copytree(pair.root / "reference/tiny", pair.root / "reference/other")
    from grader.assignment.course import Course

    with (
        Borrower(server, Course(pair.root).load("other")) as executor,
        pytest.raises(UsageError, match=r"holds the grades of tiny, not of other\. Choose another"),
    ):
        grade(executor, pair.submissions(), pair.out)
    assert not any(g.withdrawn for g in results(pair))


# Nothing is left of what was refused


@pytest.mark.proof
def test_nothing_is_left_of_a_refused_run(pair: Tiny, call: CommandLine) -> None:
    """Neither an empty ledger nor the folders made for it; what lay there stays."""
    out = pair.root / "new" / "deep"
    words = ("grade", "tiny", pair.class_, "--course", pair.root, "-o")
    assert "level 0" in call(*words, out, "--level", "0").sentence
    assert not out.parent.exists()
    pair.rule("FULL = 1.0", "FULL = 0.5")
    assert "nobody is graded" in call(*words, out).sentence
    assert not out.parent.exists()
    out.mkdir(parents=True)
    (out / "mine.txt").write_text("x")
    assert call(*words, out).sentence
    assert [p.name for p in out.iterdir()] == ["mine.txt"]
    pair.rule("FULL = 0.5", "FULL = 1.0")
    assert call(*words, out).code == 0
    pair.rule("FULL = 1.0", "FULL = 0.5")
    assert call(*words, out).sentence
    assert (out / "grades.db").is_file()


# Open questions


def test_two_files_of_the_same_standing(course: Tiny, regrade: Grading) -> None:
    """A person is asked; the student is not told that nothing was handed in."""
    course.submit("Ada")
    course.write("class/Bob/a/tiny.py", RIGHT)
    course.write("class/Bob/b/tiny.py", WRONG)
    course.write("class/Cy/a/tiny.py", RIGHT)
    course.write("class/Cy/b/tiny.py", RIGHT)
    graded = by_name(regrade(course)[0].graded)
    assert graded["Bob"].needs_review
    assert graded["Bob"].unclear.startswith("It is not clear which file to run: `a/tiny.py`, `b")
    assert rows(course)["Bob"]["needs a person"] == "yes"
    for text in (page(course, "Bob.html"), page(course, "index.html"), said(graded["Bob"])):
        assert "not handed in" not in text
        assert "is missing" not in text
    assert "it is open which files are to be judged" in page(course, "index.html").lower()
    assert (graded["Cy"].score, graded["Cy"].needs_review) == (POINTS, False)
    (course.class_ / "Bob/b/tiny.py").unlink()
    again = by_name(regrade(course)[0].graded)["Bob"]
    assert (again.score, again.needs_review, again.unclear) == (POINTS, False, "")


def test_those_without_an_entry_are_told_apart(course: Tiny, regrade: Grading) -> None:
    """What was said to one who handed in nothing is not said to one whose archive is not read."""
    course.submit("Ada")
    (course.class_ / "Empty").mkdir()
    course.write("class/Seven/tiny.7z", SEVEN_ZIP)
    course.write("class/Eight.rar", b"Rar!\x1a\x07\1\0")
    for _ in range(2):
        graded = by_name(regrade(course)[0].graded)
        assert "No file was handed in." in graded["Empty"].execution.reason
        for name in ("Seven", "Eight"):
            assert "Hand in a zip." in graded[name].execution.reason
            assert "handed in" not in said(graded[name])


@pytest.mark.parametrize("what", ["_open_folder", "_open_file"])
def test_what_cannot_be_read_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It is open: the machine, not the student, is at fault."""
    for name in ("ada", "bob"):
        write(tmp_path / "class" / name, GOOD)
    real = getattr(folder, what)

    def forbid(root: folder.Root, parts: list[str]) -> Any:
        if parts[0] == "ada":
            raise PermissionError(13, "Permission denied")
        return real(root, parts)

    monkeypatch.setattr(folder, what, forbid)
    found = take(tmp_path / "class")
    assert "could not be read (Permission denied)" in found["ada"].unread
    assert "No file was handed in" not in said_of(found["ada"])
    assert found["bob"].unread == ""


def test_reasons_name_what_is_unclear() -> None:
    """In a phrase."""
    one = replace(sample("Ada"), unclear="It is not clear which file to run.")
    assert summary.reasons(one)[0] == "it is open which files are to be judged"


def test_the_class_is_read_beside_its_archive(tmp_path: Path) -> None:
    """An output folder is nobody's business of an archive."""
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"ada/lenet.py": CODE, "bob/lenet.py": CODE}))
    found = collect.read_class(path, AskedFiles(entry="lenet"), out=tmp_path / "out")
    assert names(found) == ["ada", "bob"]


def test_a_page_of_one_who_is_withdrawn() -> None:
    """The date stands there, escaped."""
    one: Graded = replace(sample("Ada"), withdrawn="<b>then</b>")
    html = pages.student_page(one, pages.environment())
    assert "Since &lt;b&gt;then&lt;/b&gt; this is no longer among the submissions." in html
