"""`grader export`: a look first, then the whole file or nothing, from a real output folder."""

from __future__ import annotations

import json
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader.export.leaderboard import SHOWN, read_choice
from grader.grading.grade import render
from grader.ledger.ledger import HIDDEN, Ledger
from grader.records.execution import Execution
from grader.records.person import Person
from grader.records.result import Graded
from kit.command_line import CommandLine
from kit.gradebooks import CanvasCourse, CanvasStudent, MoodleAssignment, one

STUDENTS = [CanvasStudent(n, f"Last{n}, First{n}", f"login{n}") for n in range(1, 5)]


def keep(out: Path, *graded: Graded, pages: bool = True) -> Path:
    """An output folder with these results."""
    out.mkdir(parents=True, exist_ok=True)
    with Ledger(out / "grades.db") as ledger:
        for result in graded:
            ledger.add_result(result, "key", "rules")
        if pages:
            render(ledger, out, None)
    return out


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three students: one is in doubt, one is in no gradebook."""
    doubted = Execution(status="tampered")
    return keep(
        tmp_path / "out",
        one("first1", 87.5, Person(id="1", name="First1 Last1")),
        one("first2", 50, Person(id="2", name="First2 Last2"), execution=doubted),
        one("=cmd\x1b[31m", 5),
    )


@pytest.fixture
def gradebook(tmp_path: Path) -> Path:
    path = tmp_path / "2026 Grades.csv"
    path.write_bytes(CanvasCourse(STUDENTS, {7: "HW"}).export())
    return path


def test_a_look_changes_nothing(call: CommandLine, out: Path, gradebook: Path) -> None:
    """It says what would change, from what to what, for whom, and for whom nothing."""
    before = gradebook.read_bytes()
    result = call("export", out, "--into", gradebook)
    assert gradebook.read_bytes() == before
    assert result.code == 1, "a student has no grade in the file"
    for said in (
        "first1", "Last1, First1 (1)", "87.5", "First2 Last2 (first2) needs a person before",
        "=cmd\\x1b[31m has no row in 2026 Grades.csv.",
        "Nobody who was graded fits the row Last3, First3 (3).",
        "Cells that change in 'HW (7)': 1.", "Nothing was written. Add --write",
    ):  # fmt: skip
        assert said in result.out, result.out
    assert "\x1b" not in result.out


def test_writing_writes_what_was_shown(call: CommandLine, out: Path, gradebook: Path) -> None:
    """The cell and no more; the permissions stay, and writing again changes nothing."""
    gradebook.chmod(0o600)
    before = gradebook.read_bytes()
    result = call("export", out, "--into", gradebook, "--write")
    assert gradebook.read_bytes() == before.replace(b"login1,Section A,", b"login1,Section A,87.5")
    assert stat.S_IMODE(gradebook.stat().st_mode) == 0o600
    assert f"Written: {gradebook}" in result.out
    again = call("export", out, "--into", gradebook, "--write")
    assert "Cells that change in 'HW (7)': 0; 1 say it already." in again.out
    assert [p.name for p in gradebook.parent.iterdir() if p.suffix == ".tmp"] == []


def test_everybody_in_the_file_is_done(call: CommandLine, tmp_path: Path, gradebook: Path) -> None:
    """Exit code 0 says that nobody is left over, whatever rows others have."""
    out = keep(tmp_path / "all", one("a", 1, Person(id="1")))
    assert call("export", out, "--into", gradebook).code == 0


def test_as_json(call: CommandLine, out: Path, gradebook: Path) -> None:
    """One document with all of it."""
    result = call("export", out, "--into", gradebook, "--json")
    told = json.loads(result.out)
    assert told["format"] == "canvas"
    assert told["changes"] == [
        {
            "name": "First1 Last1 (first1)",
            "row": "Last1, First1 (1)",
            "by": "ID",
            "old": "",
            "new": "87.5",
        }
    ]
    assert (told["written"], told["complete"]) == (False, False)
    assert [left["name"] for left in told["left"]] == ["First2 Last2 (first2)"]


def test_a_file_that_changes_meanwhile_is_left(out: Path, gradebook: Path) -> None:
    """Somebody saved it between the look and the change."""
    from grader.export.delivery import prepare
    from grader.export.export import Wishes
    from grader.records.errors import UsageError

    with Ledger(out / "grades.db", readonly=True) as ledger:
        delivery = prepare(
            ledger.results(), out, into=gradebook, name="", wishes=Wishes(), read_pages=lambda _: {}
        )
    gradebook.write_bytes(gradebook.read_bytes() + b"\n")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        delivery.write()


def test_new_files_are_made(call: CommandLine, out: Path, tmp_path: Path) -> None:
    """In the output folder, or where it is said; an earlier one there is replaced, nothing else."""
    looked = call("export", out, "--format", "excel")
    assert not (out / "grades.xlsx").exists(), looked.out
    for _ in range(2):
        assert call("export", out, "--format", "excel", "--write").code == 0
        assert (out / "grades.xlsx").read_bytes().startswith(b"PK")
    other = tmp_path / "new" / "class.xlsx"
    call("export", out, "--format", "excel", "--into", other, "--write")
    assert other.read_bytes() == (out / "grades.xlsx").read_bytes()
    refused = call("export", out, "--format", "csv", "--into", other, "--write")
    assert "it is there already, and csv makes a new file" in refused.sentence


def test_a_leaderboard_keeps_the_names_that_were_chosen(call: CommandLine, tmp_path: Path) -> None:
    """`grade` was told once how students are called there."""
    ranked = replace(
        one("ana", 5).checks[0], evidence={"leaderboard": {"accuracy": 0.9, "parameters": 10}}
    )
    out = keep(tmp_path / "out", replace(one("ana", 5), checks=(ranked,)))
    with Ledger(out / "grades.db") as ledger:
        ledger.set_setting(SHOWN, read_choice("names"))
    call("export", out, "--format", "leaderboard", "--write")
    assert (out / "leaderboard.csv").read_text().splitlines()[1] == '1,"ana",0.9,10'


def test_reports_are_handed_out(call: CommandLine, tmp_path: Path) -> None:
    """The pages that were made, with links that lead to each other."""
    place = "Ana López_657737_assignsubmission_file"
    out = keep(tmp_path / "out", one("ana", 5, Person(name="Ana", id="657737"), place=place))
    page = (out / "ana.html").read_text()
    (out / "ana.notebook.html").write_text(
        '<a href="ana.html">back</a><a href="ana.ipynb" download>'
        '<nav class="neighbours facts"><a href="bea.notebook.html">\nNext</a></nav>'
    )
    call("export", out, "--format", "moodle-feedback", "--write")
    taken = MoodleAssignment({657737: ("Ana", "")}).take_feedback(
        (out / "moodle-feedback.zip").read_bytes()
    )
    assert taken[657737]["report.html"].decode() == page
    assert b'href="report.html"' in taken[657737]["report.notebook.html"]
    assert b'href="report.ipynb"' in taken[657737]["report.notebook.html"]
    assert b"bea" not in taken[657737]["report.notebook.html"], "names of others are not handed out"
    call("export", out, "--format", "pages", "--write")
    with zipfile.ZipFile(out / "pages.zip") as archive:
        assert archive.namelist() == [f"{place}/report.html", f"{place}/report.notebook.html"]


def test_reports_of_earlier_results_are_not(call: CommandLine, tmp_path: Path) -> None:
    """A page that says another score than the gradebook is no feedback."""
    out = keep(tmp_path / "out", one("ana", 5, place="x_1_assignsubmission_file"))
    keep(out, one("ana", 6, place="x_1_assignsubmission_file"), pages=False)
    refused = call("export", out, "--format", "pages", "--write")
    assert "is not that of the newest result. Run `grader report" in refused.sentence
    assert not (out / "pages.zip").exists()


def test_hidden_checks_are_handed_out_as_the_assignment_says(
    call: CommandLine, tmp_path: Path
) -> None:
    """Never at first: the class page alone has them; copies with them are the instructor's."""
    secret = replace(one("ana", 5).checks[0], name="secret", title="Secret.", hidden=True)
    graded = one("ana", 5, place="x_1_assignsubmission_file")
    out = keep(tmp_path / "out", replace(graded, checks=(*graded.checks, secret)))
    page, record, index = out / "ana.html", out / "ana.json", out / "index.html"
    assert "secret" not in page.read_text().casefold() + record.read_text().casefold()
    assert "Hidden checks: " in page.read_text()
    assert "secret" in index.read_text()
    call("report", out, "--with-hidden")
    assert "Secret." in page.read_text()
    assert "secret" in record.read_text()
    refused = call("export", out, "--format", "pages", "--write")
    assert "Run `grader report" in refused.sentence
    with Ledger(out / "grades.db") as ledger:
        ledger.set_setting(HIDDEN, "always")
    call("report", out)
    assert "Secret." in page.read_text()
    assert call("export", out, "--format", "pages", "--write").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name the file that you downloaded from your learning platform with --into"),
        (["--into", "NONE"], "there is no file"),
        (
            ["--format", "canvas"],
            "canvas fills a file that you downloaded. Name yours with --into",
        ),
        (["--format", "canvas", "--into", "NONE"], "downloaded, and there is no"),
        (["--format", "canvass"], "did you mean 'canvas'?"),
        (["--into", "OUT"], "is not a file. Name the file that you downloaded"),
        (["--into", "OTHER"], "of no format that is known"),
        (["--into", "EXCEL"], "it is an Excel file or a zip archive"),
        (["--into", "BOOK", "--column", "HW9"], "did you mean 'HW'"),
        (["--into", "BOOK", "--format", "moodle"], "it is no grading worksheet of Moodle"),
    ],
)
def test_wrong_use_is_one_sentence(
    call: CommandLine, out: Path, gradebook: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    """With what to do, and the file where there is one."""
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04")
    places = {
        "NONE": tmp_path / "none.csv", "OUT": out, "OTHER": tmp_path / "other.csv",
        "EXCEL": tmp_path / "book.xlsx", "BOOK": gradebook,
    }  # fmt: skip
    assert said in call("export", out, *(places.get(word, word) for word in words)).sentence


def test_an_output_folder_has_to_be_named(
    call: CommandLine, tmp_path: Path, gradebook: Path
) -> None:
    """And somebody to have been graded."""
    assert "holds no grades.db" in call("export", tmp_path, "--into", gradebook).sentence
    empty = keep(tmp_path / "empty", pages=False)
    assert "nobody was graded" in call("export", empty, "--into", gradebook).sentence
