"""A pattern of the instructor's: whose a file is, by the groups of a regular expression."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.records.errors import UsageError
from grader.submissions.collect import Choices, collect_class
from kit.archives import ASKED, CODE, write

SAKAI = r"(?:[^/]+/)?(?P<last_name>[^,/]+), (?P<first_name>[^(/]+)\((?P<student>[^)]+)\)/Submission attachment\(s\)/(?P<file>.+)"


def test_a_source_that_nobody_knows(tmp_path: Path) -> None:
    """Folders and all; what does not fit is nobody's."""
    files = {
        "hw1/Curie, Marie(mcurie)/Submission attachment(s)/lenet.py": CODE,
        "hw1/Curie, Marie(mcurie)/Submission attachment(s)/src/a.py": CODE,
        "hw1/Curie, Marie(mcurie)/timestamp.txt": b"x",
        "hw1/Müller, Jörg(jm)/Submission attachment(s)/lenet.py": CODE,
    }
    found = collect_class(write(tmp_path, files), ASKED, Choices(pattern=SAKAI))
    assert found.layout == "pattern"
    assert [(s.student, s.persons[0].name, tuple(s.files)) for s in found.submissions] == [
        ("jm", "Jörg Müller", ("lenet.py",)),
        ("mcurie", "Marie Curie", ("lenet.py", "src/a.py")),
    ]


def test_every_group(tmp_path: Path) -> None:
    """Attempts in the order of their numbers, times, lateness and ids."""
    pattern = (
        r"(?P<student>\w+)-(?P<id>\d+)-(?P<attempt>\d+)-(?P<time>[\dT]+-[^-]+-[^-]+)"
        r"(?P<late>-late)?-(?P<file>[^-]+)"
    )
    files = {
        "ana-7-9-2026-03-01 10:00:00-lenet.py": b"class LeNet5: 'ninth'\n",
        "ana-7-10-2026-03-02 10:00:00-late-lenet.py": CODE,
        "bo-8-1-2026-99-01 10:00:00-lenet.py": CODE,
    }
    folder = write(tmp_path, files)
    ana, bo = collect_class(folder, ASKED, Choices(pattern=pattern)).submissions
    assert (ana.files["lenet.py"], ana.late, ana.received) == (CODE, True, "2026-03-02T10:00:00")
    assert (ana.persons[0].id, bo.received) == ("7", None)
    assert "The time `2026-99-01 10:00:00` is none that is known." in bo.notes
    first = collect_class(folder, ASKED, Choices(pattern=pattern, attempt="first")).submissions
    assert b"ninth" in first[0].files["lenet.py"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(?P<student>.+", "is no regular expression of RE2's: missing \\)"),
        (r"(?P<student>.)(?P<file>.)\1", "is no regular expression of RE2's: invalid escape"),
        (r"(?P<student>.+)", "lacks the groups `student` and `file`. Write it like"),
        (
            r"(?P<student>.)(?P<file>.)(?P<grade>.)",
            "a group 'grade', which is not known. There are",
        ),
        ("x" * 1001, "has 1,001 characters"),
    ],
)
def test_what_is_no_pattern(
    tmp_path: Path, pattern: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """One sentence, with what to write, and nothing of the library's beside it."""
    with pytest.raises(UsageError, match=why):
        collect_class(write(tmp_path, {"a/lenet.py": CODE}), ASKED, Choices(pattern=pattern))
    assert capfd.readouterr() == ("", "")


def test_with_a_layout_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        collect_class(tmp_path, ASKED, Choices(pattern="x", layout="plain"))


def test_a_name_takes_no_time(tmp_path: Path) -> None:
    """A pattern that begins again and again, and names made for it: another engine would not come
    to an end.
    """
    files = {f"{'a' * 200}{n}!": b"" for n in range(300)}
    folder = write(tmp_path, {**files, "aaaa/lenet.py": CODE})
    pattern = r"(?P<student>(?:a|aa)+)+/(?P<file>(?:.*.*)*)"
    (one,) = collect_class(folder, ASKED, Choices(pattern=pattern)).submissions
    assert one.entry == "lenet.py"
