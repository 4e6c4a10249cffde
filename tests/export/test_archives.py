"""Reports in archives, for Moodle's feedback and for anybody, and the class as an Excel file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from grader.export.excel import EXCEL
from grader.export.export import Results, Wishes
from grader.export.moodle_feedback import MOODLE_FEEDBACK
from grader.export.packing import name_folders
from grader.export.pages_zip import PAGES
from grader.records.adjustment import Adjustment
from grader.records.errors import UsageError
from grader.records.execution import Execution
from grader.records.person import Person
from grader.records.result import Graded
from kit.gradebooks import MoodleAssignment, one
from kit.sample_records import HOSTILE, a_class

FOLDER = "{}_{}_assignsubmission_{}"


def read_pages(student: str) -> Mapping[str, bytes]:
    return {"report.html": f"<p>{student}".encode("utf-8", "replace"), "report.ipynb": b"{}"}


def results(*graded: Graded, **wishes: bool) -> Results:
    return Results(graded=graded, read_pages=read_pages, wishes=Wishes(**wishes))  # type: ignore[arg-type]


def placed(student: str, place: str, *persons: Person, **more: object) -> Graded:
    return one(student, 1, *persons, place=place, **more)


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


PEOPLE = {n: (f"P{n}", "") for n in (1, 2, 3, 4, 17, 18)}


def test_moodle_gives_each_participant_the_own_report() -> None:
    """Folders of old and new versions, of online text, with umlauts and with underscores in names,
    blind ones.
    """
    graded = [
        placed("Ana", FOLDER.format("Ana López", 1, "file")),
        placed("Bob", FOLDER.format("Bob", 2, "file_")),
        placed("Cyd", FOLDER.format("Cyd", 3, "onlinetext")),
        placed("P4", FOLDER.format("Parti_ci_pant", 4, "file")),
    ]
    made = MOODLE_FEEDBACK.make(results(*graded))
    taken = MoodleAssignment(PEOPLE).take_feedback(made.content)
    assert {n: files["report.html"].decode() for n, files in taken.items()} == {
        1: "<p>Ana", 2: "<p>Bob", 3: "<p>Cyd", 4: "<p>P4",
    }  # fmt: skip
    assert set(taken[1]) == {"report.html", "report.ipynb"}
    assert made.complete


def test_members_of_a_moodle_group() -> None:
    """Each has the report where the numbers are Moodle's, as that of the folder shows."""
    ana, bob = Person(name="Ana", id="17"), Person(name="Bo_b", id="18")
    made = MOODLE_FEEDBACK.make(
        results(placed("G", FOLDER.format("Group A", 17, "file"), ana, bob))
    )
    assert sorted(MoodleAssignment(PEOPLE).take_feedback(made.content)) == [17, 18]
    other = Person(name="Ana", id="S-1"), Person(name="Bob", id="2")
    made = MOODLE_FEEDBACK.make(results(placed("G", FOLDER.format("Group A", 17, "file"), *other)))
    assert sorted(MoodleAssignment(PEOPLE).take_feedback(made.content)) == [17]
    assert [left.name for left in made.left] == ["G"]


def test_no_report_goes_to_two_owners() -> None:
    """Two hand-ins that name one participant: neither is handed out, and both are named."""
    graded = [placed(s, FOLDER.format(s, n, "file")) for s, n in (("a", 1), ("b", "01"), ("c", 2))]
    made = MOODLE_FEEDBACK.make(results(*graded))
    assert sorted(MoodleAssignment(PEOPLE).take_feedback(made.content)) == [2]
    assert [left.name for left in made.left] == ["a", "b"]
    assert not made.complete


def test_who_is_not_of_moodle_is_named() -> None:
    """And who needs a person waits."""
    odd = placed("Odd", FOLDER.format("Odd", 2, "file"), execution=Execution(status="tampered"))
    made = MOODLE_FEEDBACK.make(results(placed("Ana", ""), placed("Bob", "bob"), odd))
    assert [left.name for left in made.left] == ["Ana", "Bob", "Odd"]
    assert not made.complete
    assert names(made.content) == []
    assert len(names(MOODLE_FEEDBACK.make(results(odd, with_open=True)).content)) == 2
    nothing = placed("Eve", "", execution=Execution(status="missing"))
    assert MOODLE_FEEDBACK.make(results(odd, nothing, with_open=True)).complete
    with pytest.raises(UsageError, match="nobody who was graded was found in a folder of Moodle"):
        MOODLE_FEEDBACK.make(results(placed("Ana", ""), placed("Bob", "bob")))


def test_reports_under_the_systems_names() -> None:
    """Each in the folder that the source has, in any order the same bytes; two of one name differ."""
    graded = [
        placed("ada", "397063-2557369 - Ada Lovelace - Sep 24, 2024 926 PM"),
        placed("bob", ""),
        placed("cyd", "Bob"),
    ]
    made = PAGES.make(results(*graded))
    assert made.content == PAGES.make(results(*graded[::-1])).content
    assert [n for n in names(made.content) if n.endswith("html")] == [
        "397063-2557369 - Ada Lovelace - Sep 24, 2024 926 PM/report.html",
        "Bob (2)/report.html",
        "bob/report.html",
    ]


def test_an_archive_without_reports_is_refused() -> None:
    """Nothing is invented."""
    for export in (PAGES, MOODLE_FEEDBACK):
        with pytest.raises(UsageError, match="there are none"):
            export.make(Results(graded=[one("a", 1)]))


HOSTILE_NAMES = [
    *HOSTILE,
    "..",
    "../..",
    "/etc/passwd",
    "C:\\x",
    "~a",
    ".git",
    "COM1.txt",
    "a" * 300,
    " . ",
]


@pytest.mark.parametrize("export", [PAGES, MOODLE_FEEDBACK])
def test_names_are_never_paths(export: object) -> None:
    """Whatever a place or a name holds, a file lies in one folder below the archive's root, on any
    system, and no two share one.
    """
    graded = [placed(f"{n}", label) for n, label in enumerate(HOSTILE_NAMES)]
    graded += [
        placed(f"m{n}", FOLDER.format(label, 1000 + n, "file"))
        for n, label in enumerate(HOSTILE_NAMES)
    ]
    made = export.make(results(*graded))  # type: ignore[attr-defined]
    entries = names(made.content)
    assert entries
    assert len({entry.casefold() for entry in entries}) == len(entries)
    for entry in entries:
        for path in (PurePosixPath(entry), PureWindowsPath(entry)):
            assert len(path.parts) == 2
            assert not path.is_absolute()
            assert ".." not in path.parts
            assert not path.parts[0].startswith((".", "~", " "))
        assert entry.isprintable()


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=6))
def test_any_labels_become_folders(labels: dict[str, str]) -> None:
    """One each."""
    folders = name_folders(labels)
    assert folders.keys() == labels.keys()
    assert len({folder.casefold() for folder in folders.values()}) == len(labels)


# ------------------------------------------------------------------------------------- Excel


def rows(content: bytes) -> list[tuple[object, ...]]:
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [tuple(cell.value for cell in row) for row in sheet.iter_rows()]


def test_excel_has_the_class_with_a_column_for_each_check() -> None:
    """Numbers are numbers; who is withdrawn has a row without them."""
    late = Adjustment(kind="late", points=-10, reason="Two days late.")
    ada = one("ada", 87.5, Person(name="Ada", id="007", section="B"), adjustments=(late,))
    gone = one("eve", 3, withdrawn="2026-03-01T00:00:00+00:00")
    made = EXCEL.make(Results(graded=[ada], withdrawn=[gone]))
    head, first, second = rows(made.content)
    named = dict(zip(head, first, strict=True))
    assert head[:8] == (
        "student", "name", "id", "section", "score", "adjustments", "final", "max_score",
    )  # fmt: skip
    assert (named["id"], named["score"], named["final"]) == ("007", 87.5, 77.5)
    assert named["adjustments"] == "late -10: Two days late."
    assert named["layer_shapes"] == 20
    assert second[0] == "eve"
    assert dict(zip(head, second, strict=True))["status"] == "withdrawn"
    assert dict(zip(head, second, strict=True))["score"] in ("", None)


def test_no_cell_of_excel_is_a_formula() -> None:
    """Whatever a student is called."""
    graded = [
        one(name, 1, Person(name=name, email="=1+1")) for name in ("=1+1", "+1", "@x", "a\nb")
    ]
    sheet = load_workbook(io.BytesIO(EXCEL.make(Results(graded=graded)).content)).active
    assert sheet is not None
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert kinds <= {"s", "n", "inlineStr"}
    assert {row[0].value for row in sheet.iter_rows(min_row=2)} == {"'=1+1", "'+1", "'@x", "a\\nb"}


def test_the_same_grades_are_the_same_excel_file() -> None:
    """In any order, at any time."""
    every = a_class()
    first = EXCEL.make(Results(graded=every)).content
    assert first == EXCEL.make(Results(graded=every[::-1])).content
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert b"2000-01-01T00:00:00Z</dcterms:modified>" in archive.read("docProps/core.xml")
