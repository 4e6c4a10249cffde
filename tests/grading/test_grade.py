"""Grading a class, with the real sandbox: everybody gets a row, nothing is run without need."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from grader.assignment.course import Course
from grader.grading.grade import RunSummary, grade, prepare, render
from grader.ledger.ledger import Ledger
from grader.records import file_names
from grader.records.errors import SandboxError
from grader.records.execution import ExecutionRecord
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Choice
from kit.command_line import start
from kit.graded import Borrower, Grading, by_name, check, executions, outcomes, results
from kit.processes import gone
from kit.tiny import POINTS, RIGHT, TANH, WRONG, Tiny, found

HONEST = ("Ada", "Bob", "Zoë")
SPECIMENS: Mapping[str, tuple[str, str, str, float]] = {
    # student: code, status, fragment of the reason or of a feedback, points
    "endless": ("while True: pass\n", "cpu", "1.33 seconds of computing time", 0),
    "asleep": ("import time\ntime.sleep(1000)\n", "time", "or 4 seconds", 0),
    "hungry": ("import torch\nx = torch.ones(10**10)\n", "memory", "2,048 MiB", 0),
    "eating": (
        f"{RIGHT}\n_double = double\ndef double(n):\n    kept = [bytes(2**20) for _ in range(10**5)]\n",
        "memory",
        "2,048 MiB",
        10,
    ),
    "crashing": ("x = 1 / 0\n", "crashed", "ZeroDivisionError", 0),
    "misspelt": ("def (\n", "crashed", "tiny.py, line 1", 0),
    "stumbling": (
        RIGHT.replace("return self.second", "x[7, 7]\n        return self.second"),
        "ok",
        "IndexError",
        POINTS - 8,
    ),
    "leaving": ("import os\nos._exit(0)\n", "stopped", "ended the process", 0),
    "flooding": ("while True: print('x' * 10**6)\n", "output", "printed more", 0),
    "segfault": ("import ctypes\nctypes.string_at(0)\n", "crashed", "SIGSEGV", 0),
    "halfway": (WRONG, "ok", "Not doubled", POINTS - 2),
}


@dataclass(frozen=True)
class Done:
    """A class that was graded once."""

    course: Tiny
    outcome: RunSummary
    seconds: float

    @property
    def graded(self) -> dict[str, Graded]:
        return by_name(self.outcome.graded)


@pytest.fixture(scope="module")
def mixed(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Honest students among those whose code hangs, crashes and eats memory."""
    course = found(tmp_path_factory.mktemp("mixed"))
    for name in HONEST:
        course.submit(name, f"# {name}\n{RIGHT}")
    for name, (code, *_) in SPECIMENS.items():
        course.submit(name, code)
    course.write("class/absent/notes.txt", "I forgot.")
    began = time.monotonic()
    with Borrower(server, course.load()) as executor:
        outcome = grade(executor, course.submissions(), course.out, argv=["grader", "grade"])
    return Done(course=course, outcome=outcome, seconds=time.monotonic() - began)


def test_the_honest_lose_nothing(mixed: Done) -> None:
    """Hanging, crashing and hungry submissions cost the others only time, and not much of it."""
    for name in HONEST:
        assert mixed.graded[name].score == POINTS
        assert set(outcomes(mixed.graded[name]).values()) == {"passed"}
    assert mixed.seconds < 60


@pytest.mark.parametrize("name", SPECIMENS)
def test_each_has_its_own_reason(mixed: Done, name: str) -> None:
    """Status, reason and points are those of the submission's own fault."""
    _, status, fragment, points = SPECIMENS[name]
    graded = mixed.graded[name]
    texts = [graded.execution.reason, *(c.feedback for c in graded.checks)]
    assert graded.execution.status == status, texts
    assert any(fragment in t for t in texts), texts
    assert graded.score == points
    assert not graded.needs_review


def test_measured_before_the_end(mixed: Done) -> None:
    """What was measured before the student's code died still counts."""
    assert outcomes(mixed.graded["eating"]) == {
        "shapes": "passed",
        "count": "passed",
        "values": "passed",
        "doubles": "unmeasured",
    }


def test_not_handed_in(mixed: Done) -> None:
    """Who handed in nothing has a row that says so."""
    graded = mixed.graded["absent"]
    assert (graded.execution.status, graded.score) == ("missing", 0.0)
    assert "tiny.py" in graded.execution.reason


def test_everybody_has_a_report(mixed: Done) -> None:
    """A page and a record for each student, an index, and grades.csv with a column for each check."""
    out = mixed.course.out
    students = {*HONEST, *SPECIMENS, "absent"}
    assert {g.student for g in mixed.outcome.graded} == students
    for name, stem in file_names.file_names(students).items():
        assert (out / f"{stem}.html").is_file()
        record = json.loads((out / f"{stem}.json").read_text())
        assert record["student"] == name
        assert record["score"] == mixed.graded[name].score
        assert {c["name"] for c in record["checks"]} == {"shapes", "count", "values", "doubles"}
        assert name in (out / "index.html").read_text()
    with (out / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows.keys() == students
    for name, row in rows.items():
        assert list(row)[:9] == [
            *("student", "score", "final", "max_score", "status"),
            *("shapes", "count", "values", "doubles"),
        ]
        assert float(row["score"]) == mixed.graded[name].score
        assert row["status"] == mixed.graded[name].execution.status
        earned = {c.name: c.earned for c in mixed.graded[name].checks}
        assert {n: float(row[n]) for n in earned} == earned


def test_the_record_says_how_it_was_made(mixed: Done) -> None:
    """Versions, level, seed and digests stand in every record: enough to grade again."""
    record = json.loads((mixed.course.out / "Ada.json").read_text())
    made = record["provenance"]
    assert {"torch", "numpy", "grader"} <= made["versions"].keys()
    assert made["seed"] == 1
    assert made["level"] == mixed.outcome.level >= 2
    assert {"submission", "reference", "checks"} <= made["digests"].keys()
    assert {"status", "seconds", "peak_mib"} <= record["execution"].keys()
    assert record["status"] == "ok"


def test_the_order_is_that_of_the_class(mixed: Done) -> None:
    """Results come in the order of the submissions, whoever finished first."""
    assert [g.student for g in mixed.outcome.graded] == [
        s.student for s in mixed.course.submissions()
    ]


# ---------------------------------------------------------------------- what is run again


@pytest.fixture
def pair(course: Tiny) -> Tiny:
    """Ada is right, Bob does not double."""
    course.submit("Ada")
    course.submit("Bob", WRONG)
    return course


def runs(course: Tiny) -> list[int]:
    """How many executions each run left in the ledger."""
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        return [r.executed for r in ledger.runs()]


def test_again_nothing_is_run(pair: Tiny, regrade: Grading) -> None:
    """The second time no process is started, and the results are the same."""
    first, _ = regrade(pair)
    before = executions(pair)
    second, executor = regrade(pair)
    assert (first.executed, first.reused) == (2, 0)
    assert (second.executed, second.reused, second.regraded) == (0, 2, 0)
    assert not executor.started
    assert executions(pair) == before
    assert runs(pair) == [3, 0]  # two students and the reference
    assert [g.checks for g in second.graded] == [g.checks for g in first.graded]


@pytest.mark.parametrize("asked", [{"level": 1}, {"lowest": 5}], ids=str)
def test_another_level_is_not_taken_for_granted(
    pair: Tiny, regrade: Grading, asked: dict[str, int]
) -> None:
    """Who asks for another sandbox level than the kept one gets the sandbox asked, not the ledger."""
    _, executor = regrade(pair)
    assert executor.choice.accepts(executor.backend.level)
    _, executor = regrade(pair, choice=Choice(**asked))
    assert not executor.choice.accepts(executor.backend.level)
    assert executor.started


def test_fresh_runs_all_again(pair: Tiny, regrade: Grading) -> None:
    """--fresh measures every student again."""
    regrade(pair)
    outcome, executor = regrade(pair, fresh=True)
    assert (outcome.executed, outcome.reused) == (2, 0)
    assert executor.started


def test_a_new_form_runs_no_student(pair: Tiny, regrade: Grading) -> None:
    """An accepted form is measured, and the class judged again beside it; no student is run."""
    regrade(pair)
    before = executions(pair)
    pair.write("reference/tiny/forms/not_doubled/tiny.py", f"# a form\n{WRONG}")
    outcome, _ = regrade(pair)
    assert (outcome.executed, outcome.reused, outcome.regraded) == (0, 2, 1)
    new = executions(pair).keys() - before.keys()
    assert {key.partition(" ")[0] for key in new} == {"reference"}
    graded = by_name(outcome.graded)
    assert [graded[n].score for n in ("Ada", "Bob")] == [POINTS, POINTS]
    assert "Compared with the accepted form `not_doubled`" in " ".join(graded["Bob"].notes)
    assert not any("accepted form" in note for note in graded["Ada"].notes)


def test_a_changed_threshold_runs_nobody(pair: Tiny, regrade: Grading) -> None:
    """Another threshold judges the class again without running anyone's code; history is kept."""
    regrade(pair)
    before = executions(pair)
    pair.rule("if right else 0.0", "if right else 0.5")
    outcome, executor = regrade(pair)
    assert (outcome.executed, outcome.reused, outcome.regraded) == (0, 2, 1)
    assert not executor.started
    assert executions(pair) == before
    assert by_name(outcome.graded)["Ada"].score == POINTS
    assert by_name(outcome.graded)["Bob"].score == POINTS - 1
    with Ledger(pair.out / "grades.db", readonly=True) as ledger:
        assert [e.graded.score for e in ledger.history("Ada")] == [POINTS] * 2
        assert [e.graded.score for e in ledger.history("Bob")] == [POINTS - 2, POINTS - 1]
    assert json.loads((pair.out / "Bob.json").read_text())["score"] == POINTS - 1


def test_a_new_check_runs_nobody(pair: Tiny, regrade: Grading) -> None:
    """A further check of what was measured before is judged from the ledger."""
    regrade(pair)
    path = pair.root / "assignments/tiny/assignment.py"
    path.write_text(
        path.read_text()
        + "\n\n@assignment.check(points=3)\ndef again(student, reference):\n"
        + "    'Once more.'\n    return compare.count(student[parameters], reference[parameters])\n"
    )
    outcome, executor = regrade(pair)
    assert not executor.started
    assert [g.score for g in outcome.graded] == [POINTS + 3, POINTS + 1]


def test_a_changed_probe_runs_everybody(pair: Tiny, regrade: Grading) -> None:
    """Another question has to be asked, of the reference too."""
    regrade(pair)
    pair.rule("[1.0, 2.5]", "[1.0, 0.0]")
    outcome, _ = regrade(pair)
    assert (outcome.executed, outcome.reused) == (2, 0)
    assert runs(pair) == [3, 3]


@pytest.mark.proof
@pytest.mark.parametrize("what", ["seed", "limits", "reference"])
def test_what_else_runs_everybody(pair: Tiny, regrade: Grading, what: str) -> None:
    """Another seed, limit or reference may change what is measured."""
    regrade(pair)
    options: dict[str, Any] = {}
    if what == "seed":
        options["seed"] = 2
    elif what == "limits":
        pair.rule("memory_mib=2048", "memory_mib=2049")
    else:
        pair.write("reference/tiny/tiny.py", f"# Ours.\n{RIGHT}")
    outcome, _ = regrade(pair, **options)
    assert (outcome.executed, outcome.reused) == (2, 0)


def test_a_changed_submission_is_run_alone(pair: Tiny, regrade: Grading) -> None:
    """Only what was handed in anew is run; the report shows the newest, the ledger keeps both."""
    regrade(pair)
    before = executions(pair)
    pair.submit("Bob", RIGHT)
    outcome, _ = regrade(pair)
    # What Bob hands in now is what Ada handed in: it was measured before, whoever wrote it.
    assert (outcome.executed, outcome.reused) == (0, 2)
    pair.submit("Bob", TANH)
    outcome, _ = regrade(pair)
    assert (outcome.executed, outcome.reused) == (1, 1)
    assert before.items() <= executions(pair).items()
    with Ledger(pair.out / "grades.db", readonly=True) as ledger:
        scores = [e.graded.score for e in ledger.history("Bob")]
    assert scores == [POINTS - 2, POINTS, POINTS - 4]


def test_who_has_left_stays_in_the_ledger(pair: Tiny, regrade: Grading) -> None:
    """A student graded alone later leaves the others' results and pages in place."""
    regrade(pair)
    (pair.class_ / "Bob/tiny.py").unlink()
    (pair.class_ / "Bob").rmdir()
    outcome, _ = regrade(pair)
    assert [g.student for g in outcome.graded] == ["Ada"]
    assert "Bob" in (pair.out / "index.html").read_text()


@pytest.mark.proof
def test_two_students_with_one_file(course: Tiny, regrade: Grading) -> None:
    """Who hands in the same as another gets the same, under the own name."""
    course.submit("Ada", WRONG)
    course.submit("Bob", WRONG)
    outcome, _ = regrade(course)
    again, executor = regrade(course)
    assert [(g.student, g.score) for g in again.graded] == [("Ada", 10.0), ("Bob", 10.0)]
    assert [g.score for g in outcome.graded] == [10.0, 10.0]
    assert not executor.started


@pytest.mark.proof
def test_chance_is_the_same_for_all(course: Tiny, regrade: Grading) -> None:
    """Student code that draws random numbers draws the same in every run, in whatever order."""
    course.submit("Ada", RIGHT + "print(torch.rand(2).tolist(), __import__('random').random())\n")
    first, _ = regrade(course)
    course.submit("A_first")
    second, _ = regrade(course, fresh=True, jobs=1)
    texts = [by_name(o.graded)["Ada"].execution.stdout for o in (first, second)]
    assert texts[0] == texts[1] != ""


# ---------------------------------------------------------------------- our own faults


def test_a_broken_check_charges_nobody(pair: Tiny, regrade: Grading) -> None:
    """A check that raises is broken, flagged for a person, and repaired without a run."""
    pair.rule("FULL if right else 0.0", "FULL / right")
    outcome, _ = regrade(pair)
    bob = by_name(outcome.graded)["Bob"]
    assert check(bob, "doubles").outcome == "broken"
    assert bob.needs_review
    assert "assignment.py, line" in check(bob, "doubles").feedback
    with (pair.out / "grades.csv").open() as file:
        assert [row["doubles"] for row in csv.DictReader(file)] == ["2", ""]
    pair.rule("FULL / right", "FULL if right else 0.0")
    outcome, executor = regrade(pair)
    assert [g.score for g in outcome.graded] == [POINTS, POINTS - 2]
    assert not any(g.needs_review for g in outcome.graded)
    assert not executor.started


def test_a_check_that_returns_nothing(pair: Tiny, regrade: Grading) -> None:
    """Silence is a fault of the author's, named, and no pass."""
    pair.rule(
        "    return Verdict(fraction=FULL", "    if right:\n        return Verdict(fraction=FULL"
    )
    outcome, _ = regrade(pair)
    result = check(by_name(outcome.graded)["Bob"], "doubles")
    assert result.outcome == "broken"
    assert "instead of a Verdict" in result.feedback


def test_a_box_that_breaks_is_not_kept(pair: Tiny, regrade: Grading, server: ForkServer) -> None:
    """Results without a measurement are rendered, and measured when the class is graded again."""

    class Unlucky(Borrower):
        def measure(self, submission: Any) -> ExecutionRecord:
            done = super().measure(submission)
            if submission.student == "reference":
                return done
            return replace(done, execution=replace(done.execution, status="broken"))

    with Unlucky(server, pair.load()) as executor:
        outcome = grade(executor, pair.submissions(), pair.out)
    assert all(g.needs_review for g in outcome.graded)
    again, _ = regrade(pair)
    # What Ada handed in is the reference, which was measured.
    assert (again.executed, again.reused) == (1, 1)
    assert not any(g.needs_review for g in again.graded)


class Breaking(Borrower):
    """Its boxes break for some, the given number of times."""

    left: dict[str, int]
    recovered = 0

    def recover(self) -> None:
        """The sandbox holds."""
        self.recovered += 1

    def measure(self, submission: Submission) -> ExecutionRecord:
        if self.left.get(submission.student, 0):
            self.left[submission.student] -= 1
            raise SandboxError("A box broke: it was pulled from under the student.")
        return super().measure(submission)


def broken(course: Tiny, server: ForkServer, **left: int) -> dict[str, Graded]:
    """The class, where boxes break."""
    with Breaking(server, course.load()) as executor:
        executor.left = left
        return by_name(grade(executor, course.submissions(), course.out).graded)


def test_a_box_that_breaks_once_costs_nothing(pair: Tiny, server: ForkServer) -> None:
    """The submission is measured again."""
    graded = broken(pair, server, Ada=1)
    assert graded["Ada"].score == POINTS


def test_a_box_that_breaks_again_asks_for_a_person(pair: Tiny, server: ForkServer) -> None:
    """Nobody is charged, the others are graded, and the next run tries again."""
    graded = broken(pair, server, Ada=9)
    assert graded["Ada"].execution.status == "broken"
    assert graded["Ada"].needs_review
    assert set(outcomes(graded["Ada"]).values()) == {"broken"}
    assert "pulled from under" in graded["Ada"].execution.reason
    assert graded["Bob"].score == POINTS - 2
    assert broken(pair, server)["Ada"].score == POINTS


def test_boxes_that_break_one_after_another_end_no_run(course: Tiny, server: ForkServer) -> None:
    """The sandbox is tried after each, and holds: the others are graded."""
    for name in ("Ada", "Ben", "Cy", "Dee", "Zoe"):
        course.submit(name, f"# {name}\n{RIGHT}")
    with Breaking(server, course.load()) as executor:
        executor.left = dict.fromkeys(("Ada", "Ben", "Cy", "Dee"), 9)
        graded = by_name(grade(executor, course.submissions(), course.out).graded)
        assert executor.recovered >= len(executor.left)
    assert graded.pop("Zoe").score == POINTS
    assert {g.execution.status for g in graded.values()} == {"broken"}


def test_a_sandbox_that_holds_no_more_ends_the_run(course: Tiny, server: ForkServer) -> None:
    """In one sentence: a class of open rows would hide that. What was graded is kept and shown."""
    for name in ("Ada", "Ben", "Cy", "Zoe"):
        course.submit(name, f"# {name}\n{RIGHT}")

    class Lost(Breaking):
        def recover(self) -> None:
            raise SandboxError("the sandbox holds no more")

    with Lost(server, course.load(), jobs=1) as executor:
        executor.left = {"Ben": 9, "Cy": 9, "Zoe": 9}
        with pytest.raises(SandboxError, match="holds no more"):
            grade(executor, course.submissions(), course.out)
    assert [g.student for g in results(course)] == ["Ada"]
    assert (course.out / "Ada.html").is_file()


def test_rendering_runs_nothing(pair: Tiny, regrade: Grading) -> None:
    """Pages that were deleted are written again from the ledger."""
    regrade(pair)
    for path in pair.out.glob("*.html"):
        path.unlink()
    with Ledger(pair.out / "grades.db", readonly=True) as ledger:
        assert render(ledger, pair.out, Course(pair.root).templates) == 2
    assert {p.name for p in pair.out.glob("*.html")} >= {"index.html", "Ada.html", "Bob.html"}


# ---------------------------------------------------------------------- interrupted


@pytest.fixture
def slow(course: Tiny, tmp_path: Path) -> Iterator[tuple[Tiny, subprocess.Popen[str], Path]]:
    """A class in the middle of being graded by a process of its own: at least one is done."""
    for i in range(6):
        course.submit(f"s{i}", f"import time\ntime.sleep({0.0 if i == 0 else 1.2})\n{RIGHT}")
    temporary = tmp_path / "temporary"
    process = start(
        *("grade", "tiny", course.class_, "-o", course.out, "--course", course.root, "--jobs", "2"),
        temporary=temporary,
    )
    with process:
        await_results(course, process)
        yield course, process, temporary
        process.kill()


def await_results(course: Tiny, process: subprocess.Popen[str], count: int = 1) -> None:
    """Until so many results stand in the ledger."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if (course.out / "grades.db").is_file() and len(results(course)) >= count:
            return
        time.sleep(0.02)
    raise AssertionError("nothing was graded within a minute")


@pytest.mark.proof
@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, marks=pytest.mark.proof), signal.SIGKILL],
    ids=["ctrl-c", "kill"],
)
def test_interrupted(
    slow: tuple[Tiny, subprocess.Popen[str], Path], regrade: Grading, number: int
) -> None:
    """What was graded is kept, no process is left, and the rest is done the next time."""
    course, process, temporary = slow
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert (
            err.strip().splitlines()[-1].startswith("grader: Interrupted. What was graded is kept")
        )
        assert "Traceback" not in err
    assert gone(temporary) == []
    assert list(temporary.glob("grader-*")) == []
    kept = results(course)
    assert 1 <= len(kept) < 6
    with Ledger(course.out / "grades.db", readonly=True) as ledger:
        assert render(ledger, course.out, None) == len(kept)
    assert all((course.out / f"{g.student}.html").is_file() for g in kept)
    before = executions(course)
    outcome, _ = regrade(course, seed=prepare(course.out / "grades.db", "tiny", None)[0])
    assert (outcome.executed, outcome.reused) == (6 - len(kept), len(kept))
    assert before.items() <= executions(course).items()
    assert [g.score for g in outcome.graded] == [POINTS] * 6
