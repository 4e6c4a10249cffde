"""Attempts, groups, rosters and times, graded from the command line."""

from __future__ import annotations

import csv
import json

import pytest

from grader.cli import options
from grader.grading.attempts import Attempts
from grader.ledger.due import read_policy
from grader.ledger.ledger import Ledger
from grader.ledger.overlay import Overlay
from grader.records.submission import Submission
from grader.submissions import attempts
from kit import entries
from kit.command_line import CommandLine
from kit.tiny import POINTS, RIGHT, WRONG, Tiny

NAME = "class/hw1_{}_attempt_2026-03-0{}-10-00-00_tiny.py"


def hand_in(course: Tiny, student: str, *attempts: str) -> None:
    for day, text in enumerate(attempts, 1):
        course.write(NAME.format(student, day), text)


def scores(course: Tiny) -> dict[str, str]:
    with (course.out / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["student"]: row["score"] for row in csv.DictReader(file)}


def notes(course: Tiny, student: str) -> list[str]:
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        entry = ledger.newest_result(student)
    assert entry is not None
    return list(entry.graded.notes)


@pytest.fixture
def graded(course: Tiny, call: CommandLine) -> object:
    def grade(*words: object, code: int = 0) -> object:
        done = call(
            "grade", "tiny", course.class_, "-o", course.out, "--course", course.root,
            "--allow-level", 0, "--level", 0, *words,
        )  # fmt: skip
        assert done.code == code, done.err
        return done

    return grade


@pytest.mark.proof
@pytest.mark.process
def test_which_attempt_counts(course: Tiny, graded: object) -> None:
    """The last one, the first, or the best, of which each is graded once and kept."""
    hand_in(course, "ada", WRONG, RIGHT + "# a second try\n", WRONG)
    hand_in(course, "bob", RIGHT)
    done = graded("--attempt", "last")  # type: ignore[operator]
    assert "Read as `blackboard`: 2 students: ada, bob." in done.out
    wrong = scores(course)["ada"]
    assert float(wrong) < POINTS == float(scores(course)["bob"])
    done = graded("--attempt", "best")  # type: ignore[operator]
    assert "2 students, 2 more attempts: ada, bob." in done.out
    assert "1 executed, 3 measured before" in done.out  # the first and the last are the same
    assert float(scores(course)["ada"]) == POINTS
    assert "Attempt 2 of 3 counts: none earned more." in notes(course, "ada")
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        before = len(ledger.history("ada"))
    done = graded("--attempt", "best")  # type: ignore[operator]
    assert "Nothing was executed: all 4" in done.out
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        assert len(ledger.history("ada")) == before == 2
    graded("--attempt", "first")  # type: ignore[operator]
    assert scores(course)["ada"] == wrong
    due = 'due = 2026-03-01T12:00:00\nzone = "UTC"\npercent_per_day = 100\n'
    course.write("assignments/tiny/due.toml", due)
    graded("--attempt", "best")  # type: ignore[operator]
    assert scores(course)["ada"] == wrong, "the second one came late, and nothing is left of it"


@pytest.mark.proof
@pytest.mark.process
def test_a_roster_is_kept(course: Tiny, graded: object) -> None:
    """Given once it names everybody in later runs; who handed in nothing keeps a row."""
    hand_in(course, "ada", RIGHT)
    roster = course.write("roster.csv", "name,login\nAda Lovelace,ada\nGrace Hopper,gh\n")
    done = graded("--roster", roster)  # type: ignore[operator]
    assert "2 students, 1 without a file that can be run: Ada Lovelace, Grace Hopper." in done.out
    roster.unlink()
    done = graded("--json")  # type: ignore[operator]
    document = json.loads(done.out)
    assert document["layout"] == "blackboard"
    assert [(s["student"], s["persons"][0]["login"]) for s in document["students"]] == [
        ("Ada Lovelace", "ada"),
        ("Grace Hopper", "gh"),
    ]
    assert document["students"][0]["received"] == "2026-03-01T10:00:00"
    assert scores(course) == {"Ada Lovelace": "12", "Grace Hopper": "0"}


@pytest.mark.proof
@pytest.mark.process
def test_a_platforms_download_from_the_command_line(course: Tiny, graded: object) -> None:
    """A row for each student and not for each file; late work and typed text are seen."""
    course.write("class/curiemarie_12345_678901_tiny.py", RIGHT)
    course.write("class/curiemarie_12345_678902_notes.txt", "x")
    course.write("class/einsteinalbert_LATE_12346_678903_tiny-1.py", RIGHT)
    course.write("class/textertörnqvist_12347_text.html", "<p>ill</p>")
    done = graded()  # type: ignore[operator]
    assert done.out.startswith(
        "Read as `canvas`: 3 students, 1 late, 1 without a file that can be run: curiemarie,"
        " einsteinalbert, textertörnqvist.\n"
    )
    assert "2 executed, 0 measured before" in done.out  # a text is nothing to measure
    assert scores(course) == {"curiemarie": "12", "einsteinalbert": "12", "textertörnqvist": "0"}
    page = (course.out / "einsteinalbert.html").read_text(encoding="utf-8")
    assert "Late" in page
    (record,) = course.out.glob("texter*.json")
    kept = json.loads(record.read_text(encoding="utf-8"))
    assert (kept["student"], kept["files"]) == ("textertörnqvist", ["text.html"])
    assert kept["persons"][0]["id"] == "12347"


def attempt(number: int) -> Submission:
    return Submission(student="ada", files={}, entry=None, attempt=number)


def test_the_best_of_several() -> None:
    """It is known with the last one; of equal ones the earlier counts, by what is left of it where
    it came late.
    """
    every = [attempt(n) for n in (1, 2, 3)]
    bob = Submission(student="bob", files={}, entry=None)
    due = read_policy("due = 2026-03-02T12:00:00Z\npercent_per_day = 40")
    gathered = Attempts([*every, bob], Overlay(policy=due).apply)
    late = entries.graded(earned=9.0, received="2026-03-02T13:00:00+00:00")
    assert gathered.add(every[2], late, "c") is None
    assert gathered.add(every[0], entries.graded(earned=6.0), "a") is None
    counts = gathered.add(every[1], entries.graded(earned=5.0), "b")
    assert counts is not None
    assert (counts[0].score, counts[1]) == (6.0, "a")
    assert counts[0].notes == ("Attempt 1 of 3 counts: none earned more.",)
    assert not counts[0].unclear


def test_an_attempt_that_nobody_could_judge() -> None:
    """A person looks at it before another one counts."""
    every = [attempt(1), attempt(2)]
    gathered = Attempts(every, Overlay().apply)
    gathered.add(every[0], entries.graded(earned=6.0), "a")
    counts = gathered.add(every[1], entries.graded(earned=0.0, unclear="Which file?"), "b")
    assert counts is not None
    assert (counts[0].score, counts[0].needs_review) == (6.0, True)
    assert counts[0].unclear == "A person has to look at attempt 2, which may earn more."


def test_the_choices_are_those_of_the_command_line() -> None:
    """They are written twice, since the command line loads late."""
    assert options.ATTEMPTS == attempts.WHICH


@pytest.mark.proof
@pytest.mark.process
def test_since(course: Tiny, graded: object) -> None:
    """Who handed in before stays as graded, and is not withdrawn."""
    hand_in(course, "ada", RIGHT)
    hand_in(course, "bob", RIGHT)
    graded()  # type: ignore[operator]
    hand_in(course, "bob", RIGHT, WRONG)
    done = graded("--since", "2026-03-01T18:00", "--json")  # type: ignore[operator]
    document = json.loads(done.out)
    assert [s["student"] for s in document["students"]] == ["bob"]
    assert document["withdrawn"] == []
    assert float(scores(course)["ada"]) == POINTS > float(scores(course)["bob"])
    done = graded("--since", "2026-03-09")  # type: ignore[operator]
    assert "Nobody was graded: what is kept stays as it is." in done.out
    for words, why in (("soon", "is no time that is known. Write it like"),):
        assert why in graded("--since", words, code=2).sentence  # type: ignore[operator]


@pytest.mark.process
def test_since_needs_times(course: Tiny, graded: object) -> None:
    course.submit("ada")
    done = graded("--since", "2026-03-01", code=2)  # type: ignore[operator]
    assert "which `plain` does not say here" in done.sentence
