"""The verbs of people who mark: a table in, history and differences out, and what is refused."""

from __future__ import annotations

import json
import threading
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.main import main
from grader.ledger.ledger import Ledger
from kit.sample_records import check, graded
from kit.tiny import found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two results; one broke on our side and waits for a person."""
    folder = tmp_path / "out"
    with Ledger(folder / "grades.db") as ledger:
        run = ledger.start_run(["grader", "grade"])
        ledger.add_result(graded("Ada", check("two_steps", "failed")), "1", "a")
        ledger.add_result(graded("Ada"), "1", "b")
        ledger.add_result(graded("Bob", check("two_steps", "broken")), "2", "b")
        ledger.set_setting("assignment", "lenet5_mnist")
        ledger.finish_run(run, {})
    return folder


def call(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


@pytest.mark.proof
def test_a_table_goes_out_and_comes_back(
    capsys: pytest.CaptureFixture[str], out: Path, tmp_path: Path
) -> None:
    """The exit code is 1 until nobody is needed; pages are written anew."""
    table = tmp_path / "open.csv"
    code, said, _ = call(capsys, "mark", out, "--list", table)
    assert (code, "1 student needs a person" in said) == (0, True)
    assert call(capsys, "mark", out, "--list", table)[0] == 2  # never overwritten
    code, said, _ = call(capsys, "mark", out, "--csv", table, "--write")
    assert (code, "Marks: 0" in said, "1 student needs" in said) == (1, True, True)
    table.write_text("student,check,points,comment\nBob,two_steps,7,Looks right.\n")
    code, said, _ = call(capsys, "mark", out, "--csv", table, "--as", "Grace")
    assert (code, "two_steps: 7 points" in said, "Nothing was entered" in said) == (0, True, True)
    assert json.loads(call(capsys, "history", "Bob", "-o", out, "--json")[1])["marks"] == []
    code, said, _ = call(capsys, "mark", out, "--csv", table, "--as", "Grace", "--write")
    assert (code, "They are entered." in said, "Nobody needs a person." in said) == (0, True, True)
    assert '"Bob",97,97,100' in (out / "grades.csv").read_text()
    said = call(capsys, "mark", out, "--csv", table)[1]
    assert "Marks: 0, 0 of them in place of earlier ones; 1 hold already." in said
    table.write_text("student,check,points\nBob,two_steps,8\n")
    said = call(capsys, "mark", out, "--csv", table, "--as", "Ada", "--write")[1]
    assert "two_steps: 7 points “Looks right.”, Grace" in said
    assert "1 of them in place of earlier ones" in said
    (first, _) = json.loads(call(capsys, "history", "Bob", "-o", out, "--json")[1])["marks"]
    assert (first["by"], first["points"], first["comment"]) == ("Grace", 7, "Looks right.")
    assert "Grace marked" in call(capsys, "history", "bob", "-o", out)[1]


def test_history_says_what_changed(capsys: pytest.CaptureFixture[str], out: Path) -> None:
    """From one result to the next."""
    code, said, _ = call(capsys, "history", "Ada", "-o", out)
    assert code == 0
    assert "two_steps 0 → 10 (+10)" in said
    assert "100 of 100 points, 100 in the end" in said


def test_a_curve_is_kept_and_shown(capsys: pytest.CaptureFixture[str], out: Path) -> None:
    """By `report`, which runs nothing; and taken away again."""
    assert call(capsys, "report", out, "--scale", "+5")[0] == 0
    assert "Final" in (out / "index.html").read_text()
    assert call(capsys, "report", out)[0] == 0
    assert "5 points are added" in (out / "Bob.html").read_text()
    assert call(capsys, "report", out, "--scale", "none")[0] == 0
    assert "5 points are added" not in (out / "Bob.html").read_text()
    code, _, said = call(capsys, "report", out, "--scale", "much")
    assert (code, "is no scale" in said) == (2, True)


def test_the_due_date_is_that_of_the_course(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`due.toml` beside assignment.py; one that is wrong is a fault of the course."""
    course = found(tmp_path / "course")
    with Ledger(course.out / "grades.db") as ledger:
        ledger.add_result(graded("Ada", received="2026-03-03T10:00:00Z"), "1", "a")
        ledger.set_setting("assignment", "tiny")
    due = "due = 2026-03-01T12:00:00Z\npercent_per_day = 10\n"
    course.write("assignments/tiny/due.toml", due)
    assert call(capsys, "report", course.out, "--course", course.root)[0] == 0
    page = (course.out / "Ada.html").read_text()
    assert "2 days begun, 20 % of all points" in page
    course.write("assignments/tiny/due.toml", "due = soon")
    code, _, said = call(capsys, "report", course.out, "--course", course.root)
    assert (code, "tiny/due.toml is not TOML" in said) == (2, True)


def test_two_folders_are_compared(
    capsys: pytest.CaptureFixture[str], out: Path, tmp_path: Path
) -> None:
    """Who, by how much, in which check, and why."""
    with Ledger(tmp_path / "later" / "grades.db") as ledger:
        worse = check("two_steps", "failed", feedback="The first step differs.")
        ledger.add_result(graded("Ada", worse), "1", "c")
    code, said, _ = call(capsys, "diff", out, tmp_path / "later")
    assert code == 0
    assert "100 → 90 (-10)" in said
    assert "The first step differs." in said
    assert "is no longer among the submissions" in said
    (ada, bob) = json.loads(call(capsys, "diff", out, tmp_path / "later", "--json")[1])["changes"]
    assert (ada["before"], ada["after"], bob["after"]) == (100, 90, None)


def test_folders_of_two_assignments_are_not_compared(
    capsys: pytest.CaptureFixture[str], out: Path, tmp_path: Path
) -> None:
    """Nobody is said to be gone; and students of either folder are counted."""
    with Ledger(tmp_path / "other" / "grades.db") as ledger:
        ledger.add_result(replace(graded("Ada"), assignment="tiny"), "1", "a")
    code, _, said = call(capsys, "diff", out, tmp_path / "other")
    assert (code, "Name two folders of one assignment" in said) == (2, True)
    with Ledger(tmp_path / "few" / "grades.db") as ledger:
        ledger.add_result(graded("Cy"), "1", "a")
    assert "3 of 3 students" in call(capsys, "diff", out, tmp_path / "few")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mark", "nowhere"], "holds no grades.db"),
        (["diff", "nowhere", "nowhere"], "holds no grades.db"),
        (["history", "Ada", "-o", "nowhere"], "holds no grades.db"),
        (["history", "Ada"], "Missing option"),
    ],
)
def test_wrong_use_is_one_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """Exit code 2."""
    code, _, told = call(capsys, *words)
    assert (code, said in told, told.count("\n")) == (2, True, 1)


def test_the_form_ends_with_pages_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is served until it is ended from its own page."""
    from grader.grading import mark_server

    begun: list[mark_server.MarkServer] = []

    class Watched(mark_server.MarkServer):
        def serve_forever(self, poll_interval: float = 0.01) -> None:
            begun.append(self)
            threading.Thread(target=end, args=(self,), daemon=True).start()
            super().serve_forever(min(poll_interval, 0.01))

    def end(server: mark_server.MarkServer) -> None:
        asked = urllib.request.Request(
            f"{server.address}end", b"", {"Origin": f"http://{server.host}"}, method="POST"
        )
        urllib.request.urlopen(asked, timeout=10).read()

    monkeypatch.setattr(mark_server, "MarkServer", Watched)
    code, said, _ = call(capsys, "mark", out)
    assert code == 1
    assert begun[0].address in said
    assert (out / "Bob.html").is_file()
