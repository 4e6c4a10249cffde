"""Exports: found by name, and written whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.export import export
from grader.export.export import Export, ExportedFile, Results, find_export, write_export
from grader.records import extensions
from grader.records.errors import GraderError, UsageError
from kit.sample_records import graded


def test_ours_are_exports() -> None:
    """Every one that the grader registers has what an export has."""
    names = list(extensions.BUILT_IN[export.GROUP])
    assert names[:1] == ["csv"]
    assert all(isinstance(find_export(name), Export) for name in names)


def test_an_unknown_export_is_named() -> None:
    """The sentence says what there is."""
    with pytest.raises(GraderError, match="there is no export 'cvs'; did you mean 'csv'"):
        find_export("cvs")


@pytest.mark.parametrize("odd", [7, ExportedFile, object()])
def test_what_is_no_export_is_blamed(monkeypatch: pytest.MonkeyPatch, odd: object) -> None:
    """A class instead of an object, or anything else, is named with its package."""
    monkeypatch.setattr(extensions, "load", lambda _group, _name: odd)
    with pytest.raises(GraderError, match="the export 'csv' of the grader itself lacks what"):
        find_export("csv")


class Worksheet:
    """Fills the second cell of each row of the instructor's own file."""

    file_name = ""

    def make(self, results: Results) -> ExportedFile:
        if results.own_file is None:
            raise UsageError("the worksheet is missing. Name the file that you downloaded")
        scores = {one.student: f"{one.score:g}" for one in results.graded}
        lines = results.own_file.decode().split("\n")
        rows = [line.split(",") for line in lines]
        filled = [",".join([r[0], scores.pop(r[0], r[1]), *r[2:]]) if r[1:] else r[0] for r in rows]
        return ExportedFile(content="\n".join(filled).encode(), unmatched=sorted(scores))


def test_an_export_can_fill_a_file_of_the_instructors() -> None:
    """Every other byte stays, and who has no row is named."""
    worksheet: Export = Worksheet()
    rows = [graded("Ada", score=7.5), graded("Bob", score=3)]
    own = b"Name,Grade,Last modified\nCyd,,yesterday\nAda,,\n"
    made = worksheet.make(Results(graded=rows, own_file=own))
    assert made.content == b"Name,Grade,Last modified\nCyd,,yesterday\nAda,7.5,\n"
    assert made.unmatched == ["Bob"]
    with pytest.raises(UsageError, match="the worksheet is missing"):
        worksheet.make(Results(graded=rows))


def test_a_link_in_place_of_the_file_is_replaced(tmp_path: Path) -> None:
    """What it points to stays as it was."""
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "grades.csv").symlink_to(other)
    path = write_export("csv", [graded("Ada")], tmp_path / "out")
    assert not path.is_symlink()
    assert other.read_text() == "mine"
