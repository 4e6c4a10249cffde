"""The reference guards the class: where it loses a point, nobody is graded, and nothing is lost."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader.assignment.course import Course
from grader.grading.cohort import Cohort
from grader.grading.grade import grade
from grader.ledger.ledger import Ledger
from grader.records.errors import GraderError, ReferenceFailed, SandboxError
from grader.records.execution import Execution, ExecutionRecord
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.command_line import CommandLine, start
from kit.graded import Borrower, Grading, by_name, check, executions, outcomes, results
from kit.places import ROOT
from kit.processes import gone
from kit.slow import in_proofs
from kit.tiny import POINTS, RIGHT, TANH, WRONG, Tiny

HIDDEN = '''\
from assignment import assignment, parameters

from grader import Verdict


@assignment.check(points=3)
def in_secret(student, reference):
    """Never passed."""
    return Verdict(fraction=0.0, feedback="Not even by us.")
'''
BUSY = RIGHT.replace("return [2", "while True: pass\n    return [2")
LARGE = RIGHT.replace("return [2", "kept = b'x' * (1400 << 20)\n    return [2")


@pytest.fixture
def pair(course: Tiny) -> Tiny:
    """Ada is right, Bob does not double."""
    course.submit("Ada", f"# Ada\n{RIGHT}")
    course.submit("Bob", WRONG)
    return course


def reference(text: str) -> Callable[[Tiny], object]:
    """The reference is this."""
    return lambda course: course.write("reference/tiny/tiny.py", text)


def rule(old: str, new: str) -> Callable[[Tiny], object]:
    """The assignment says something else."""
    return lambda course: course.rule(old, new)


def large(course: Tiny) -> None:
    """The reference needs more memory than students may use."""
    course.rule("memory_mib=2048", "memory_mib=1024")
    course.write("reference/tiny/tiny.py", LARGE)


FAULTS: Mapping[str, tuple[Callable[[Tiny], object], tuple[str, ...]]] = {
    # what is wrong, and what is said of it
    "does not load": (
        reference("1 / 0\n"),
        ("shapes (4 of 4 points), count (2 of 2 points)", "tiny.py, line 1: ZeroDivisionError"),
    ),
    "a probe raises": (
        reference(RIGHT.replace("return [2 * n", "return numbers.none and [2 * n")),
        ("loses doubles (2 of 2 points): Not judged", "AttributeError in tiny.py, line 18"),
    ),
    "too slow": (
        reference(BUSY),
        # on a busy machine the limit of wall time comes first
        ("doubles (2 of 2 points)", "2 seconds of computing time|past the limit of 6 seconds"),
    ),
    "too large": (large, ("loses doubles (2 of 2 points): Not measured", "1,024 MiB")),
    "a threshold": (rule("FULL = 1.0", "FULL = 0.5"), ("loses doubles (1 of 2 points)",)),
    "a bonus": (
        rule("points=2, extra=True)", "points=2, extra=True)"),
        ("loses doubles (1 of 2 points, bonus)",),
    ),
    "a hidden check": (
        lambda course: course.write("assignments/tiny/hidden.py", HIDDEN),
        ("loses in_secret (3 of 3 points, hidden): Not even by us",),
    ),
    "a check that raises": (
        rule("FULL if right else 0.0", "1 / 0"),
        ("doubles (2 of 2 points): This check itself failed: ZeroDivisionError",),
    ),
    "a check without a verdict": (
        rule("    return compare.count(", "    compare.count("),
        ("count (2 of 2 points): This check returned NoneType",),
    ),
}


def spoil(course: Tiny, fault: str) -> None:
    """The reference fails."""
    if fault == "a bonus":
        path = course.root / "assignments/tiny/assignment.py"
        head, tail = path.read_text().rsplit("points=2", 1)
        path.write_text(f"{head}points=2, extra=True{tail}".replace("FULL = 1.0", "FULL = 0.5"))
    else:
        FAULTS[fault][0](course)


@pytest.mark.parametrize(
    "fault", [*in_proofs("too slow"), *(fault for fault in FAULTS if fault != "too slow")]
)
def test_nobody_is_graded(pair: Tiny, regrade: Grading, fault: str) -> None:
    """The error names each check with its points, why, the machine, and what to do; nothing is kept."""
    spoil(pair, fault)
    with pytest.raises(ReferenceFailed) as error:
        regrade(pair)
    told = str(error.value)
    assert told.startswith("nobody is graded, as the reference itself loses ")
    for part in FAULTS[fault][1]:
        assert any(one in told for one in part.split("|")), told
    assert "at sandbox level " in told
    assert "with torch 2." in told
    assert "and seed 1. Run `grader verify tiny`" in told
    assert "`grader doctor` for the machine" in told
    assert results(pair) == []
    assert executions(pair) == {}
    assert [p.name for p in pair.out.iterdir() if not p.name.startswith("grades.db")] == []


def files(folder: Path) -> dict[str, bytes]:
    """What stands in an output folder, beside the ledger."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if "grades.db" not in p.name}


@pytest.mark.parametrize("fault", ["does not load", "a threshold"])
def test_what_was_graded_stays(pair: Tiny, regrade: Grading, fault: str) -> None:
    """Pages, table, results and executions are those of the run before; repaired, it goes on."""
    regrade(pair)
    before = files(pair.out), results(pair), executions(pair)
    original = {p: p.read_bytes() for p in pair.root.rglob("*.py")}
    pair.submit("Cy", TANH)
    spoil(pair, fault)
    with pytest.raises(ReferenceFailed):
        regrade(pair)
    assert (files(pair.out), results(pair), executions(pair)) == before
    for path, content in original.items():
        path.write_bytes(content)
    outcome, _ = regrade(pair)
    assert [g.score for g in outcome.graded] == [POINTS, POINTS - 2, POINTS - 4]
    assert (outcome.executed, outcome.reused) == (1, 2)


@pytest.mark.parametrize("fault", ["a threshold", "a hidden check", "a check that raises"])
def test_judging_again_is_guarded_too(pair: Tiny, regrade: Grading, fault: str) -> None:
    """Where all are known and only a check has changed, nobody is graded either."""
    regrade(pair)
    before = files(pair.out), results(pair), executions(pair)
    spoil(pair, fault)
    with pytest.raises(ReferenceFailed, match="With --fresh, what an earlier run kept of it"):
        regrade(pair)
    assert (files(pair.out), results(pair), executions(pair)) == before


@pytest.mark.proof
def test_it_is_run_with_whoever_is_run(pair: Tiny, regrade: Grading) -> None:
    """What was kept of it may come from another day: it is measured with each new submission."""
    asked: list[str] = []

    class Listening(Borrower):
        def measure(self, submission: Submission) -> ExecutionRecord:
            asked.append(submission.student)
            return super().measure(submission)

    def run(server: ForkServer) -> list[str]:
        asked.clear()
        with Listening(server, pair.load()) as executor:
            grade(executor, pair.submissions(), pair.out)
        return sorted(asked)

    _, executor = regrade(pair)
    server = executor.backend
    assert run(server) == []
    pair.submit("Cy", TANH)
    assert run(server) == ["Cy", "reference"]


@pytest.mark.proof
def test_fresh_measures_the_reference_again(pair: Tiny, regrade: Grading) -> None:
    """In both ways: as what others are compared with, and as handed in."""
    regrade(pair)
    assert {run for run, _ in executions(pair).values()} == {1}
    regrade(pair, fresh=True)
    assert {run for run, _ in executions(pair).values()} == {2}


# ---------------------------------------------------------------------- boxes that break


class Breaking(Borrower):
    """The reference's boxes break so many times, when it is measured as this kind."""

    left: dict[str, int]

    def recover(self) -> None:
        """The sandbox holds."""

    def _break(self, kind: str) -> None:
        if self.left.get(kind, 0):
            self.left[kind] -= 1
            raise SandboxError("A box broke: it was pulled from under the reference.")

    def measure(self, submission: Submission) -> ExecutionRecord:
        if submission.student == "reference":
            self._break("student")
        return super().measure(submission)

    def measure_reference(self, submission: Submission) -> ExecutionRecord:
        if submission.numbers is None or submission.numbers["student"] == "bob":
            self._break("reference")
        return super().measure_reference(submission)


def broken(course: Tiny, server: ForkServer, **left: int) -> dict[str, Graded]:
    """The class, where boxes break."""
    with Breaking(server, course.load()) as executor:
        executor.left = left
        return by_name(grade(executor, course.submissions(), course.out).graded)


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["student", "reference"])
def test_a_box_that_breaks(pair: Tiny, server: ForkServer, kind: str) -> None:
    """Once costs nothing; again and again is told, and the next run tries again."""
    with pytest.raises(ReferenceFailed, match="pulled from under"):
        broken(pair, server, **{kind: 9})
    assert executions(pair) == {}
    assert broken(pair, server, **{kind: 1})["Ada"].score == POINTS


@pytest.mark.parametrize("status", ["broken", "tampered"])
def test_a_reference_that_nobody_may_believe(pair: Tiny, server: ForkServer, status: str) -> None:
    """A run that a person would have to look at is none to compare a class with."""

    class Odd(Borrower):
        def measure(self, submission: Submission) -> ExecutionRecord:
            done = super().measure(submission)
            execution = Execution(status=status, reason="It is odd.")  # type: ignore[arg-type]
            return ExecutionRecord(
                student="reference", digest=done.digest, execution=execution, answers=done.answers
            )

    with Odd(server, pair.load()) as executor, pytest.raises(ReferenceFailed, match="It is odd"):
        grade(executor, pair.submissions(), pair.out)


@pytest.mark.proof
def test_a_measurement_that_failed_is_not_believed_for_ever(
    pair: Tiny, regrade: Grading, server: ForkServer
) -> None:
    """Where what is kept of the reference loses, it is measured again before anybody is refused."""
    regrade(pair)
    path = pair.out / "grades.db"
    with Borrower(server, pair.load()) as executor, Ledger(path) as ledger:
        cohort = Cohort(executor, ledger)
        assert cohort.reference_holds()
        mine = executor.loaded.reference
        ledger.record(executor.key(mine, cohort.level), executor.give_up(mine, "A bad day."))
        assert not cohort.reference_holds()
    outcome, executor = regrade(pair)
    assert executor.started
    assert (outcome.executed, outcome.reused) == (0, 2)
    outcome, executor = regrade(pair)
    assert not executor.started


# ---------------------------------------------------------------------- not the same twice

DICE = """
import os

def double(numbers):
    return [2 * n + int.from_bytes(os.urandom(6)) for n in numbers]
"""


@pytest.fixture
def unsteady(pair: Tiny) -> Tiny:
    """`double` of the reference gives another answer each time."""
    pair.write("reference/tiny/tiny.py", RIGHT + DICE)
    return pair


def test_a_reference_that_is_not_the_same_twice(unsteady: Tiny, regrade: Grading) -> None:
    """What tells its two measurements apart is open for everybody; the rest is judged."""
    outcome, _ = regrade(unsteady)
    assert list(outcome.unsteady) == ["doubles"]
    for graded in outcome.graded:
        others = {"shapes": "passed", "count": "passed", "values": "passed"}
        assert outcomes(graded) == {**others, "doubles": "broken"}
        assert graded.needs_review
        assert graded.score == POINTS - 2
        assert "the reference was measured twice and was not" in check(graded, "doubles").feedback


@pytest.mark.proof
def test_it_stays_open_until_the_reference_is_mended(unsteady: Tiny, regrade: Grading) -> None:
    """Judged again without a run, and beside a new submission; repaired, all is decided."""
    regrade(unsteady)
    again, executor = regrade(unsteady)
    assert not executor.started
    assert list(again.unsteady) == ["doubles"]
    unsteady.submit("Cy", TANH)
    third, _ = regrade(unsteady)
    assert list(third.unsteady) == ["doubles"]
    assert {outcomes(g)["doubles"] for g in third.graded} == {"broken"}
    unsteady.write("reference/tiny/tiny.py", RIGHT)
    mended, _ = regrade(unsteady)
    assert mended.unsteady == []
    assert [g.score for g in mended.graded] == [POINTS, POINTS - 2, POINTS - 4]


def test_a_fault_beside_it_stops_the_class(unsteady: Tiny, regrade: Grading) -> None:
    """A check that the reference loses beside itself is no matter of chance."""
    path = unsteady.root / "assignments/tiny/assignment.py"
    path.write_text(path.read_text().replace("    return compare.count(", "    compare.count("))
    with pytest.raises(ReferenceFailed, match="This check returned NoneType"):
        regrade(unsteady)


@pytest.mark.proof
def test_what_was_kept_of_another_day(pair: Tiny, regrade: Grading, server: ForkServer) -> None:
    """Where only what an earlier run kept differs, nobody is graded: --fresh measures it again."""
    regrade(pair)
    with Borrower(server, pair.load()) as executor, Ledger(pair.out / "grades.db") as ledger:
        mine = executor.loaded.reference
        other = Submission(student="reference", files={"tiny.py": WRONG.encode()}, entry="tiny.py")
        record = executor.measure_reference(other)
        ledger.record(executor.key(mine, Cohort(executor, ledger).level), record)
    pair.submit("Cy", TANH)
    with pytest.raises(ReferenceFailed, match=r"loses doubles .*With --fresh, what an earlier run"):
        regrade(pair)
    outcome, _ = regrade(pair, fresh=True)
    assert [g.score for g in outcome.graded] == [POINTS, POINTS - 2, POINTS - 4]


@pytest.mark.proof
def test_it_is_told_on_the_command_line(unsteady: Tiny, call: CommandLine) -> None:
    """`grade` ends with 1 and names the check; so does `verify`."""
    done = call("grade", "tiny", unsteady.class_, "-o", unsteady.out, "--course", unsteady.root)
    assert done.code == 1
    assert "the reference was measured twice and was not the same: doubles could not be" in done.err
    unsteady.write("assignments/tiny/handout/tiny.py", "# TODO\n")
    done = call("verify", "tiny", "--course", unsteady.root)
    assert done.code == 1
    assert "the reference itself loses doubles" in done.out
    assert "was measured twice and was not the same" in done.out


# ---------------------------------------------------------------------- numbers of one's own

PERSONAL = '''

@assignment.personal(seed=1)
def numbers(rng):
    """A number."""
    return {"number": rng.randint(1000)}
'''
PICKY = """
import json

_numbers = json.load(open("numbers.json"))
if _numbers["student"] in ("bob",):
    def double(numbers):
        return {"the right one": 2}["another"]
"""


@pytest.fixture
def personal(course: Tiny) -> Tiny:
    """Each has numbers, and Bob's are such that the reference cannot be measured."""
    path = course.root / "assignments/tiny/assignment.py"
    path.write_text(path.read_text() + PERSONAL)
    course.write("reference/tiny/tiny.py", RIGHT + PICKY)
    course.submit("Ada", f"# Ada\n{RIGHT}")
    course.submit("bob", WRONG)
    course.submit("Cy", WRONG)
    return course


@pytest.mark.proof
def test_numbers_that_the_reference_fails_on(personal: Tiny, regrade: Grading) -> None:
    """What the reference cannot do with a student's numbers is broken for that student alone."""
    outcome, _ = regrade(personal)
    graded = by_name(outcome.graded)
    others = {"shapes": "passed", "count": "passed", "values": "passed"}
    assert outcomes(graded["Ada"]) == {**others, "doubles": "passed"}
    assert outcomes(graded["Cy"]) == {**others, "doubles": "failed"}
    assert outcomes(graded["bob"]) == {**others, "doubles": "broken"}
    assert graded["bob"].needs_review
    told = check(graded["bob"], "doubles").feedback
    assert told == (
        "Not judged: the reference could not be measured: KeyError in tiny.py, line 25."
    )
    again, executor = regrade(personal)
    assert not executor.started
    assert [g.checks for g in again.graded] == [g.checks for g in outcome.graded]


@pytest.mark.proof
def test_numbers_on_which_the_reference_dies(personal: Tiny, regrade: Grading) -> None:
    """Where its process ends, all is broken for that student, even where the student's ends too."""
    dies = "    import os\n    Tiny = double = lambda *_: os._exit(0)\n"
    personal.write("reference/tiny/tiny.py", RIGHT + PICKY.partition("    def double")[0] + dies)
    personal.submit("bob", "1 / 0\n")
    graded = by_name(regrade(personal)[0].graded)
    assert [graded[n].score for n in ("Ada", "Cy")] == [POINTS, POINTS - 2]
    assert set(outcomes(graded["bob"]).values()) == {"broken"}
    assert "measured: it ended before it was done" in check(graded["bob"], "shapes").feedback


def test_a_box_that_breaks_in_the_middle_of_a_class(personal: Tiny, server: ForkServer) -> None:
    """Again for one student's numbers: broken for that student, the others are graded."""
    personal.write("reference/tiny/tiny.py", RIGHT)
    graded = broken(personal, server, reference=9)
    assert [graded[n].score for n in ("Ada", "Cy")] == [POINTS, POINTS - 2]
    assert set(outcomes(graded["bob"]).values()) == {"broken"}
    assert "pulled from under" in check(graded["bob"], "shapes").feedback
    assert broken(personal, server)["bob"].score == POINTS - 2


# ---------------------------------------------------------------------- the command line


@pytest.mark.proof
@pytest.mark.parametrize("only", [(), ("--only", "Bob")], ids=["all", "one"])
def test_the_verb(pair: Tiny, call: CommandLine, only: tuple[str, ...]) -> None:
    """`grade` ends with exit 2 and one sentence, and leaves an earlier output folder alone."""
    words = ("grade", "tiny", pair.class_, "-o", pair.out, "--course", pair.root)
    pair.write("reference/tiny/tiny.py", WRONG.replace("return [", "return undefined or ["))
    sentence = call(*words, *only).sentence
    assert "nobody is graded, as the reference itself loses doubles (2 of 2 points)" in sentence
    assert not (pair.out / "grades.csv").exists()
    assert not (pair.out / "index.html").exists()
    pair.write("reference/tiny/tiny.py", RIGHT)
    assert call(*words).code == 0
    before = files(pair.out), results(pair), executions(pair)
    pair.rule("FULL = 1.0", "FULL = 0.5")
    done = call(*words, *only)
    assert "loses doubles (1 of 2 points)" in done.sentence
    assert done.out == "Read as `plain`: 2 students: Ada, Bob.\n"
    assert (files(pair.out), results(pair), executions(pair)) == before


@pytest.mark.proof
def test_a_student_is_not_blamed(pair: Tiny, call: CommandLine) -> None:
    """In `check`, what the reference cannot do is no cross and no point, and nothing of its code."""
    pair.write("reference/tiny/tiny.py", RIGHT.replace("2 * n", "n.secret"))
    mine = pair.write("mine/tiny.py", RIGHT.replace("2 * n", "n.other"))
    done = call("check", mine, "--course", pair.root)
    assert (done.code, done.err.strip()) == (1, "")
    assert "✗" not in done.out
    assert "! doubles  could not be judged here, which is not your fault" in done.out
    assert "AttributeError in tiny.py, line 18." in " ".join(done.out.split())
    assert "secret" not in done.out
    assert "10 of 10 points" in done.out


@pytest.mark.proof
@pytest.mark.process
def test_interrupted(pair: Tiny, tmp_path: Path) -> None:
    """Ctrl-C while the reference is graded: exit 130, no process is left, nobody is graded."""
    pair.rule("cpu_seconds=2", "cpu_seconds=60")
    pair.write("reference/tiny/tiny.py", f"import time\ntime.sleep(100)\n{RIGHT}")
    temporary = tmp_path / "temporary"
    words = ("grade", "tiny", pair.class_, "-o", pair.out, "--course", pair.root, "--jobs", "2")
    with start(*words, temporary=temporary) as process:
        deadline = time.monotonic() + 60
        while not started(pair.out) and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert gone(temporary) == []
    assert results(pair) == []
    assert not (pair.out / "grades.csv").exists()


def started(out: Path) -> bool:
    """Whether the sandbox of that run has said its level."""
    try:
        with Ledger(out / "grades.db", readonly=True) as ledger:
            return ledger.setting("level") is not None
    except GraderError:  # just being made
        return False


# ---------------------------------------------------------------------- a course of this repository


@pytest.mark.proof
def test_weights_that_are_none(call: CommandLine, tmp_path: Path) -> None:
    """Of `lenet5_mnist` with a spoilt `lenet.pt` beside the reference, accuracy is named."""
    for name in ("assignments", "reference"):
        shutil.copytree(ROOT / name / "lenet5_mnist", tmp_path / name / "lenet5_mnist")
    right = Course(ROOT).load("lenet5_mnist").reference
    (tmp_path / "class/ada").mkdir(parents=True)
    for name, content in right.files.items():
        (tmp_path / "class/ada" / name).write_bytes(content)
    (tmp_path / "reference/lenet5_mnist/lenet.pt").write_bytes(b"no weights")
    words = ("-o", tmp_path / "out", "--course", tmp_path, "--stand-in")
    sentence = call("grade", "lenet5_mnist", tmp_path / "class", *words).sentence
    assert "the reference itself loses test_accuracy (30 of 30 points): " in sentence
    assert "lenet.pt" in sentence
    assert "in MNIST's framing" in sentence
    assert not (tmp_path / "out/grades.csv").exists()
