"""Right answers that look different get full marks, each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.records.causes import list_causes
from kit.graded import Lenet, said
from kit.places import SUBMISSIONS
from kit.sentences import find_untrue, read_files
from kit.specimens import handed_in

FOLDERS = sorted(p for p in (SUBMISSIONS / "right").iterdir() if p.is_dir())


def test_there_are_enough() -> None:
    """At least ten right answers are kept."""
    assert len(FOLDERS) >= 10


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_full_marks(lenet: Lenet, tmp_path: Path, folder: Path) -> None:
    """Every check is passed, no fault is named, and no person is asked for."""
    graded = lenet.folder(handed_in(folder, tmp_path))
    assert graded.score == graded.max_score, said(graded)
    assert find_untrue(graded, read_files(folder)) == []
    assert list_causes(graded) == ()
    assert {c.outcome for c in graded.checks} == {"passed"}
    assert graded.execution.status == "ok"
    assert not graded.needs_review
