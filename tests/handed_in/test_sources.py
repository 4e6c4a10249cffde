"""What each source packs, recognised without an option: every row, with name, id, files, time, late."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from grader.records.errors import UsageError
from grader.records.submission import Submission
from grader.submissions import collect, commits
from grader.submissions.collect import Choices, HandedIn
from grader.submissions.folder import list_folder, open_root
from kit.archives import ASKED, CODE, GOOD, said, write, zipped

OTHER = b"class LeNet5: 'another'\n"
Row = tuple[str, str, tuple[str, ...], str | None, bool]
"""Name, ids, files, time, late."""


def read(path: Path, **choices: object) -> HandedIn:
    return collect.collect_class(path, ASKED, replace(Choices(), **choices))  # type: ignore[arg-type]


def rows(found: HandedIn) -> list[Row]:
    return [row(s) for s in found.submissions]


def row(one: Submission) -> Row:
    ids = ", ".join(p.id or p.login for p in one.persons)
    return one.student, ids, tuple(one.files), one.received, one.late


def named(found: HandedIn) -> dict[str, Submission]:
    return {s.student: s for s in found.submissions}


def everywhere(root: Path, files: Mapping[str, bytes]) -> list[Path]:
    """The same class as a folder, in a folder around it, as a zip, and as a tar with one."""
    packed = root / "packed"
    packed.mkdir(parents=True)
    (packed / "class.zip").write_bytes(zipped(files))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, data in files.items():
            info = tarfile.TarInfo(f"a download/{name}")
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    (packed / "class.tar.gz").write_bytes(buffer.getvalue())
    write(root / "around/a download", files)
    folder = write(root / "class", files)
    return [folder, root / "around", packed / "class.zip", packed / "class.tar.gz"]


# ------------------------------------------------------------------------------------- Canvas

CANVAS = {
    "curiemarie_12345_678901_lenet.py": CODE,
    "curiemarie_12345_678902_lenet.pt": b"weights",
    "einsteinalbert_LATE_12346_678903_lenet.py": CODE,
    "o_brienörsted_12347_678904_my_lenet_2.py": CODE,
    "hopper_grace_LATE_12348_678905_lenet-2.py": CODE,
    "texterterry_12349_text.html": b"<p>I could not do it.</p>",
    "linkerlin_LATE_12350_link.html": b"<a href='https://example.org'>here</a>",
    "gruppe7_12351_678906_lenet.py": CODE,
    "anon_1a2B3_678907_lenet.py": CODE,
    "LATE_anon_9zY8x_678908_lenet.py": CODE,
    "zipperzoe_12352_678909_all.zip": zipped(GOOD),
    ".DS_Store": b"\0",
}
CANVAS_ROWS: list[Row] = [
    ("anon_1a2B3", "anon_1a2B3", ("lenet.py",), None, False),
    ("anon_9zY8x", "anon_9zY8x", ("lenet.py",), None, True),
    ("curiemarie", "12345", ("lenet.pt", "lenet.py"), None, False),
    ("einsteinalbert", "12346", ("lenet.py",), None, True),
    ("gruppe7", "12351", ("lenet.py",), None, False),
    ("hopper_grace", "12348", ("lenet.py",), None, True),
    ("linkerlin", "12350", ("link.html",), None, True),
    ("o_brienörsted", "12347", ("lenet.py",), None, False),
    ("texterterry", "12349", ("text.html",), None, False),
    ("zipperzoe", "12352", ("lenet.pt", "lenet.py"), None, False),
]


def test_canvas(tmp_path: Path) -> None:
    """A student, not a file, has a row; who typed a text has one too."""
    for path in everywhere(tmp_path, CANVAS):
        found = read(path)
        assert (found.layout, found.remarks) == ("canvas", [])
        assert rows(found) == CANVAS_ROWS
    by = named(found)
    assert "`lenet-2.py` was taken as `lenet.py`." in by["hopper_grace"].notes
    assert "A text was handed in, and no file." in by["texterterry"].notes
    assert [s.place for s in (by["curiemarie"], by["einsteinalbert"])] == [
        "curiemarie_12345",
        "einsteinalbert_LATE_12346",
    ]


@pytest.mark.parametrize(("attempt", "content"), [("last", OTHER), ("first", CODE), ("best", CODE)])
def test_canvas_two_versions(tmp_path: Path, attempt: str, content: bytes) -> None:
    """A file beside its newer version is an earlier attempt; weights belong to both."""
    files = {
        "curiemarie_12345_678901_lenet.py": CODE,
        "curiemarie_12345_678902_lenet-1.py": OTHER,
        "curiemarie_12345_678903_lenet.pt": b"weights",
    }
    found = read(write(tmp_path, files), attempt=attempt).submissions
    assert [s.attempt for s in found] == ([1, 2] if attempt == "best" else [0])
    assert found[0].files == {"lenet.py": content, "lenet.pt": b"weights"}


def test_canvas_of_one_name(tmp_path: Path) -> None:
    """Whatever their names are, two numbers are two students, and both are told apart by them."""
    files = {f"curiemarie_{n}_1_lenet.py": CODE for n in (7, 12)}
    assert [r[:2] for r in rows(read(write(tmp_path, files)))] == [
        ("curiemarie (12)", "12"),
        ("curiemarie (7)", "7"),
    ]


# ------------------------------------------------------------------------------------- Moodle


def moodle(tail: str) -> dict[str, bytes]:
    file, typed = f"assignsubmission_file{tail}", f"assignsubmission_onlinetext{tail}"
    return {
        f"Ana López_657737_{file}/lenet.py": CODE,
        f"Ana López_657737_{file}/lenet.pt": b"weights",
        f"Ana López_657737_{typed}/onlinetext.html": b"<p>Here it is.</p>",
        f"Jörg Müller_657738_{typed}/onlinetext.html": b"<p>I was ill.</p>",
        f"Maria Curie_123456_{file}/src/lenet.py": CODE,
        f"Maria Curie_123457_{file}/lenet.py": CODE,
    }


MOODLE_ROWS: list[Row] = [
    ("Ana López", "657737", ("lenet.pt", "lenet.py", "onlinetext.html"), None, False),
    ("Jörg Müller", "657738", ("onlinetext.html",), None, False),
    ("Maria Curie (123456)", "123456", ("lenet.py",), None, False),
    ("Maria Curie (123457)", "123457", ("lenet.py",), None, False),
]


@pytest.mark.parametrize("tail", ["", "_"], ids=["new", "old"])
def test_moodle(tmp_path: Path, tail: str) -> None:
    """What was typed in belongs to whom it belongs; two of one name are two."""
    for path in everywhere(tmp_path, moodle(tail)):
        found = read(path)
        assert found.layout == "moodle"
        assert rows(found) == MOODLE_ROWS
    assert found.submissions[0].place == f"Ana López_657737_assignsubmission_file{tail}"


def test_moodle_without_folders(tmp_path: Path) -> None:
    """The same stands before each file's name; folders of the student's lie around it."""
    files = {
        "Ana López_657737_assignsubmission_file_lenet.py": CODE,
        "data/Ana López_657737_assignsubmission_file_a_b.txt": b"x",
        "Bo_Li_657738_assignsubmission_file_lenet.py": CODE,
        "Jörg Müller_657739_assignsubmission_onlinetext_onlinetext.html": b"x",
    }
    found = read(write(tmp_path, files))
    assert found.layout == "moodle"
    assert rows(found) == [
        ("Ana López", "657737", ("data/a_b.txt", "lenet.py"), None, False),
        ("Bo_Li", "657738", ("lenet.py",), None, False),
        ("Jörg Müller", "657739", ("onlinetext.html",), None, False),
    ]


def test_moodle_blind(tmp_path: Path) -> None:
    """Names are hidden: the number is the name, as in the worksheet."""
    files = {f"Participant_{n}_assignsubmission_file/lenet.py": CODE for n in (42, 7)}
    assert rows(read(write(tmp_path, files))) == [
        ("Participant 42", "42", ("lenet.py",), None, False),
        ("Participant 7", "7", ("lenet.py",), None, False),
    ]


def test_moodle_teams(tmp_path: Path) -> None:
    """One hand-in for a team, with each member; whose files differ stays alone."""
    team = {f"Group A-{n}_assignsubmission_file/lenet.py": CODE for n in ("Ana López_1", "Bo Li_2")}
    other = {
        "Group B-Cy Wu_3_assignsubmission_file/lenet.py": CODE,
        "Group B-Di Xu_4_assignsubmission_file/lenet.py": OTHER[: len(CODE)],
    }
    found = read(write(tmp_path, {**team, **other}))
    assert found.remarks == []
    assert [(s.student, [(p.name, p.id) for p in s.persons]) for s in found.submissions] == [
        ("Group A", [("Ana López", "1"), ("Bo Li", "2")]),
        ("Group B-Cy Wu", [("Group B-Cy Wu", "3")]),
        ("Group B-Di Xu", [("Group B-Di Xu", "4")]),
    ]


def test_moodle_teams_with_hyphens(tmp_path: Path) -> None:
    """Where the team's name ends shows by the others; who is alone in one is called as they are."""
    folders = {"Team-1-Ana López_1": b"1", "Team-1-Jean-Luc Roy_2": b"1", "Team-2-Cy Wu_3": b"2"}
    files = {f"{n}_assignsubmission_file/lenet.py": CODE + c for n, c in folders.items()}
    found = read(write(tmp_path, files))
    assert [(s.student, [p.name for p in s.persons]) for s in found.submissions] == [
        ("Team-1", ["Ana López", "Jean-Luc Roy"]),
        ("Team-2", ["Cy Wu"]),
    ]


def test_moodle_names_with_hyphens(tmp_path: Path) -> None:
    """A hyphen is no team where others have none."""
    names = ("Anna-Lena Vogt_1", "Anna-Maria Roth_2", "Bo Li_3")
    found = read(write(tmp_path, {f"{n}_assignsubmission_file/lenet.py": CODE for n in names}))
    assert list(named(found)) == ["Anna-Lena Vogt", "Anna-Maria Roth", "Bo Li"]


# ------------------------------------------------------------------------------------- Gradescope

METADATA = """\
---
submission_147442588:
  :submitters:
  - :name: "Ana L\\u00f3pez"
    :sid: '300001'
    :email: ana@example.edu
  :created_at: 2026-03-01 10:00:00.123456000 Z
  :score: 7.0
  :results:
    output: "x"
  :history: []
submission_147442589:
  :submitters:
  - :name: Bo Li
    :sid: 300002
    :email: bo@example.edu
  - :name: Cy Wu
    :email: cy@example.edu
  :created_at: '2026-03-02 09:30:00 -0800'
submission_147442590:
  :submitters:
  - :name: Di Xu
    :sid:
    :email: di@example.edu
  :created_at: 2026-03-02 10:00:00.000000000 +01:00
"""
GRADESCOPE = {
    "submission_metadata.yml": METADATA.encode(),
    "submission_147442588/lenet.py": CODE,
    "submission_147442588/lenet.pt": b"weights",
    "submission_147442589/hw/lenet.py": CODE,
    "submission_1/lenet.py": CODE,
}


def test_gradescope(tmp_path: Path) -> None:
    """Names, addresses, groups and times are those of the table; nobody is left out."""
    for path in everywhere(tmp_path, GRADESCOPE):
        found = read(path)
        assert found.layout == "gradescope"
        assert rows(found) == [
            (
                "Ana López",
                "300001",
                ("lenet.pt", "lenet.py"),
                "2026-03-01T10:00:00.123456+00:00",
                False,
            ),
            ("Bo Li, Cy Wu", "300002, ", ("lenet.py",), "2026-03-02T09:30:00-08:00", False),
            ("Di Xu", "", (), "2026-03-02T10:00:00+01:00", False),
            ("submission_1", "", ("lenet.py",), None, False),
        ]
    by = named(found)
    assert [p.email for p in by["Bo Li, Cy Wu"].persons] == ["bo@example.edu", "cy@example.edu"]
    assert by["Ana López"].place == "submission_147442588"
    assert (
        "submission_metadata.yml does not say whose `submission_1` is." in by["submission_1"].notes
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (b"a: [1\nb: 2\n", "cannot be read in line 2"),
        (b"- 1\n", "without submissions"),
        (b"\xff\xfe\xff", "cannot be read"),
        (b"!!python/object/apply:os.getcwd []", "without submissions"),
        (b"[" * 100_000, "cannot be read"),
    ],
)
def test_gradescopes_table_is_read_completely_or_not(
    tmp_path: Path, table: bytes, why: str
) -> None:
    """It was written by the platform: a broken one ends the run, and builds no object."""
    folder = write(tmp_path, {**GRADESCOPE, "submission_metadata.yml": table})
    with pytest.raises(UsageError, match=f"submission_metadata.yml .*{why}.*Download it again"):
        read(folder)


def test_gradescopes_texts_are_texts(tmp_path: Path) -> None:
    """A number keeps its zeros, a name like `Yes` is one, and what Ruby notes beside is no fault."""
    table = b"""submission_1:
  :submitters:
  - :name: Yes
    :sid: 007
    :email: 12
  :created_at: 2026-03-01 10:00:00 Z
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    score: !ruby/object:BigDecimal 18:0.1e1
"""
    files = {"a/submission_metadata.yml": table, "a/submission_1/lenet.py": CODE}
    found = read(write(tmp_path, files))
    (one,) = found.submissions
    assert found.remarks == []
    assert (one.student, one.persons[0].id, one.persons[0].email) == ("Yes", "007", "12")
    assert one.received == "2026-03-01T10:00:00+00:00"


# ------------------------------------------------------------------------------------- Blackboard

TOLD = """\
Name: Marie Curie (mcurie)
Assignment: hw1
Date Submitted: Monday, March 2, 2026 10:00:00 AM CET
Current Grade: Needs Grading

Submission Field:
{}

Comments:
There are no student comments for this assignment.

Files:
\tOriginal filename: lenet.py
\tFilename: …
"""
NOTHING = "There is no student submission text data for this assignment."
ATTEMPT = "gradebook_DL101_hw1_mcurie_attempt_2026-03-0{}-10-00-00"
BLACKBOARD = {
    ATTEMPT.format(1) + "_lenet.py": CODE,
    ATTEMPT.format(1) + ".txt": b"Name: M",
    ATTEMPT.format(2) + "_lenet.py": OTHER,
    ATTEMPT.format(2) + "_lenet.pt": b"weights",
    ATTEMPT.format(2) + ".txt": TOLD.format(NOTHING).encode(),
    "gradebook_DL101_hw1_bo_attempt_2026-03-01-11-30-00.txt": TOLD.format("I was ill.")
    .replace("Marie Curie (mcurie)", "Bo Li (bo)")
    .replace(" CET", "")
    .encode(),
    "gradebook_DL101_hw1_cy_attempt_2026-03-01-12-00-00_my_lenet.py": CODE,
}


def test_blackboard(tmp_path: Path) -> None:
    """Two attempts are one student; the platform's text says name, zone, and what was typed in."""
    for path in everywhere(tmp_path, BLACKBOARD):
        found = read(path)
        assert found.layout == "blackboard"
        assert rows(found) == [
            ("Bo Li", "bo", ("text.txt",), "2026-03-02T10:00:00", False),
            ("cy", "cy", ("lenet.py",), "2026-03-01T12:00:00", False),
            ("Marie Curie", "mcurie", ("lenet.pt", "lenet.py"), "2026-03-02T10:00:00+01:00", False),
        ]
    by = named(found)
    assert by["Bo Li"].files["text.txt"] == b"I was ill."
    assert by["Marie Curie"].files["lenet.py"] == OTHER
    assert "This is the last of 2 attempts." in by["Marie Curie"].notes


def test_blackboards_first_attempt(tmp_path: Path) -> None:
    """It is the first by time, whatever order the names have."""
    (found,) = [
        s
        for s in read(write(tmp_path, BLACKBOARD), attempt="first").submissions
        if s.student == "Marie Curie"
    ]
    assert (found.files["lenet.py"], found.received) == (CODE, "2026-03-01T10:00:00")


def test_blackboards_owners_are_never_mixed(tmp_path: Path) -> None:
    """Two assignments in one folder, or an underscore in a name, are no attempts of one student."""
    owners = ("hw1_mc", "hw2_mc", "hw1_o_hara", "hw1_hara", "hw1_bo")
    files = {f"{owner}_attempt_2026-03-01-10-00-00_lenet.py": CODE for owner in owners}
    assert sorted(named(read(write(tmp_path, files)))) == ["bo", *sorted(owners[:4])]


def test_a_file_called_as_blackboard_calls_another_students(tmp_path: Path) -> None:
    """It stays with whoever handed it in, and keeps its name."""
    at = "attempt_2026-03-01-10-00-00"
    files = {f"hw1_eve_{at}_mcurie_{at}_lenet.py": CODE, f"hw1_mcurie_{at}_lenet.py": OTHER}
    found = named(read(write(tmp_path, files)))
    assert list(found) == ["eve", "mcurie"]
    assert [*found["eve"].files.values()] == [CODE]
    assert found["mcurie"].files == {"lenet.py": OTHER}


def test_blackboards_user_names_with_underscores(tmp_path: Path) -> None:
    """Where the assignment's name ends is what a text says, and so for those who lack one."""
    names = [f"hw_1_{user}_attempt_2026-03-01-10-00-00" for user in ("j_doe", "k_doe", "doe")]
    files = {f"{name}_lenet.py": CODE for name in names}
    told = {f"{names[0]}.txt": b"Name: Jo Doe (j_doe)\n"}
    found = [row[:2] for row in rows(read(write(tmp_path, {**files, **told})))]
    assert found == [("doe", "doe"), ("Jo Doe", "j_doe"), ("k_doe", "k_doe")]


# ------------------------------------------------------------------------------------- Brightspace

D2L = "397063-2557369 - Mary-Ann Smith-Öz - Sep {}, 2024 {}"
BRIGHTSPACE = {
    D2L.format(24, "926 PM") + "/lenet.py": CODE,
    D2L.format(25, "1201 AM") + "/lenet.py": OTHER,
    D2L.format(25, "1201 AM") + "/lenet.pt": b"weights",
    "397064-2557369 - Team 7 - Dec 1, 2024 105 PM/a/lenet.py": CODE,
    "397065-2557369 - Lee - 24 septembre 2024 21h26/lenet.py": CODE,
    "index.html": b"<html>",
}


def test_brightspace(tmp_path: Path) -> None:
    """A folder is an attempt; a time that is not known is said, and the row is there."""
    for path in everywhere(tmp_path, BRIGHTSPACE):
        found = read(path)
        assert found.layout == "brightspace"
        assert rows(found) == [
            ("Lee", "397065", ("lenet.py",), None, False),
            ("Mary-Ann Smith-Öz", "397063", ("lenet.pt", "lenet.py"), "2024-09-25T00:01:00", False),
            ("Team 7", "397064", ("lenet.py",), "2024-12-01T13:05:00", False),
        ]
    assert "When it was handed in could not be read" in said(named(found)["Lee"])


def test_brightspace_without_folders(tmp_path: Path) -> None:
    """The file's name stands behind the time."""
    files = {D2L.format(24, "926 PM") + f" - {n}": c for n, c in GOOD.items()}
    found = read(write(tmp_path, {**files, "index.html": b""}))
    assert rows(found) == [
        ("Mary-Ann Smith-Öz", "397063", ("lenet.pt", "lenet.py"), "2024-09-24T21:26:00", False)
    ]


# ------------------------------------------------------------------------------------- nbgrader

NBGRADER = {
    "submitted/ana/ps1/lenet.ipynb": b'{"cells": []}',
    "submitted/ana/ps1/timestamp.txt": b"2026-03-01 10:00:00.000000 UTC",
    "submitted/bo_li/ps1/lenet.py": CODE,
    "submitted/bo_li/ps1/timestamp.txt": b"2026-03-01 12:00:00 +0100",
    "submitted/cy/ps2/other.ipynb": b'{"cells": []}',
    "submitted/dö/ps1/lenet.py": CODE,
    "submitted/dö/ps1/timestamp.txt": b"yesterday",
    "submitted/ed/ps1/lenet.py": CODE,
    "submitted/ed/ps1/timestamp.txt": b"2026-03-01 10:00:00 Mars/Olympus",
    "source/ps1/lenet.ipynb": b'{"cells": []}',
}


def test_nbgrader(tmp_path: Path) -> None:
    """Of several assignments the one that has the file asked for; who lacks it has a row."""
    expected: list[Row] = [
        ("ana", "ana", ("lenet.ipynb",), "2026-03-01T10:00:00+00:00", False),
        ("bo_li", "bo_li", ("lenet.py",), "2026-03-01T12:00:00+01:00", False),
        ("cy", "cy", (), None, False),
        ("dö", "dö", ("lenet.py",), None, False),
        ("ed", "ed", ("lenet.py",), "2026-03-01T10:00:00", False),
    ]
    for path in everywhere(tmp_path, NBGRADER):
        found = read(path)
        assert found.layout == "nbgrader"
        assert rows(found) == expected
    assert rows(read(tmp_path / "class/submitted")) == expected
    assert "`timestamp.txt` holds no time that is known." in named(found)["dö"].notes


def test_nbgraders_assignment_is_asked_for(tmp_path: Path) -> None:
    """Two that could be meant are named, with the remedy."""
    files = {f"submitted/ana/{n}/lenet.py": CODE for n in ("ps1", "ps2")}
    with pytest.raises(UsageError, match=r"several assignments, `ps1`, `ps2`. Say which") as caught:
        read(write(tmp_path, files))
    pattern = str(caught.value).partition("--pattern '")[2].rpartition("'")[0]
    assert rows(read(tmp_path, pattern=pattern)) == [("ana", "", ("lenet.py",), None, False)]


# ------------------------------------------------------------------------------------- GitHub


def commit(folder: Path, when: str, *, pack: bool = True) -> None:
    """What lies in the folder is committed at that time; as a clone would have it, in a pack."""
    environment = {
        **os.environ,
        **{
            f"GIT_{who}_{what}": "x"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
        **{f"GIT_{who}_DATE": when for who in ("AUTHOR", "COMMITTER")},
    }
    words = [["init", "-q"], ["add", "."], ["commit", "-q", "-m", when]]
    for line in [*words, *([["gc", "-q"]] if pack else [])]:
        subprocess.run(["git", *line], cwd=folder, check=True, env=environment)


@pytest.mark.process
def test_github(tmp_path: Path) -> None:
    """Each clone is a student, called by login; the time is that of the last commit."""
    root = tmp_path / "lenet-submissions"
    for login in ("ana-lopez", "ana-x", "bo"):
        write(root / f"lenet-{login}", {**GOOD, "README.md": b"# Hi"})
    commit(root / "lenet-ana-lopez", "2026-02-01T08:00:00+0100")
    write(root / "lenet-ana-lopez", {"lenet.py": OTHER})
    commit(root / "lenet-ana-lopez", "2026-03-01T10:00:00+0100")
    commit(root / "lenet-ana-x", "2026-03-01T10:00:00-0330", pack=False)
    commit(root / "lenet-bo", "2026-03-01T10:00:00+0000")
    files = ("README.md", "lenet.pt", "lenet.py")
    expected: list[Row] = [
        ("ana-lopez", "ana-lopez", files, "2026-03-01T10:00:00+01:00", False),
        ("ana-x", "ana-x", files, "2026-03-01T10:00:00-03:30", False),
        ("bo", "bo", files, "2026-03-01T10:00:00+00:00", False),
    ]
    found = read(root)
    assert (found.layout, rows(found)) == ("github", expected)
    packed = {
        p.relative_to(root.parent).as_posix(): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file()
    }
    (tmp_path / "all.zip").write_bytes(zipped(packed))
    assert [r[3] for r in rows(read(tmp_path / "all.zip"))] == [r[3] for r in expected]
    alone = read(root / "lenet-bo")
    assert (alone.layout, rows(alone)) == ("github", [("lenet-bo", "", *expected[2][2:])])


@pytest.mark.process
def test_a_repository_that_holds_a_class_is_none_of_a_student(tmp_path: Path) -> None:
    """An instructor's own history is no hand-in."""
    write(tmp_path, {f"{n}/lenet.py": CODE for n in ("ana", "bo")})
    commit(tmp_path, "2026-03-01T10:00:00+0100")
    found = read(tmp_path)
    assert (found.layout, list(named(found))) == ("plain", ["ana", "bo"])


@pytest.mark.process
def test_a_repository_that_is_broken(tmp_path: Path) -> None:
    """The student is graded; that no time could be read is said."""
    for name in ("hw-ana", "hw-bo", "hw-cy"):
        write(tmp_path / name, {"lenet.py": CODE})
        commit(tmp_path / name, "2026-03-01T10:00:00+0100")
    for path in (tmp_path / "hw-ana/.git/objects/pack").iterdir():
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:20] + b"\xff" * 3000)
    (tmp_path / "hw-bo/.git/HEAD").write_text("ref: refs/../../../../etc/passwd\n")
    found = named(read(tmp_path))
    assert [s.received is None for s in found.values()] == [True, True, False]
    assert "The time of its last commit could not be read." in found["ana"].notes


# ------------------------------------------------------------------------------------- which one


def test_what_could_be_two_things_is_refused(tmp_path: Path) -> None:
    """Both are named, and what to do; the option settles it, and nobody is left out."""
    mixed = {
        "curiemarie_12345_678901_lenet.py": CODE,
        "Ana López_657737_assignsubmission_file/lenet.py": CODE,
    }
    for folder in everywhere(tmp_path / "mixed", mixed):
        with pytest.raises(UsageError, match=r"of several sources: `canvas`, `moodle`. Say which"):
            read(folder)
    folder = tmp_path / "mixed/class"
    assert list(named(read(folder, layout="canvas"))) == [
        "Ana López_657737_assignsubmission_file",
        "curiemarie",
    ]
    with_plain = write(tmp_path / "plain", {"curiemarie_1_2_lenet.py": CODE, "ada/lenet.py": CODE})
    with pytest.raises(UsageError, match=r"sources: `canvas`, `plain`; `ada/lenet.py` is none of"):
        read(with_plain)
    assert list(named(read(with_plain, layout="plain"))) == ["ada", "curiemarie_1_2_lenet"]
    assert rows(read(with_plain, layout="canvas"))[0][:3] == ("ada", "", ("lenet.py",))


def test_plain_files(tmp_path: Path) -> None:
    """A file is a student's, packed or not; a folder around them is looked through in an archive."""
    folder, _, *packed = everywhere(tmp_path, {"ada.py": CODE, "bo_li.py": CODE, "dö.ipynb": b"{}"})
    for path in (folder, *packed):
        assert [row[:3] for row in rows(read(path))] == [
            ("ada", "", ("lenet.py",)),
            ("bo_li", "", ("lenet.py",)),
            ("dö", "", ("lenet.ipynb",)),
        ]


def test_what_lies_beside_and_is_nobodys(tmp_path: Path) -> None:
    """A roster, a page or a picture is no reason to ask."""
    beside = {"roster.csv": b"name\n", "index.html": b"", "notes.txt": b"", "__MACOSX/x.py": CODE}
    assert rows(read(write(tmp_path, {**CANVAS, **beside}))) == CANVAS_ROWS


def test_a_folder_around_the_download_itself(tmp_path: Path) -> None:
    """The archive of a class is no student's, unless the instructor says so; a student's is."""
    folder = write(tmp_path / "in", {"submissions.zip": zipped(CANVAS)})
    with pytest.raises(
        UsageError, match=r"holds `submissions.zip`, .* class from `canvas`. Give that"
    ):
        read(folder)
    assert list(named(read(folder, layout="plain"))) == ["submissions"]
    assert list(named(read(write(tmp_path / "one", {"ada.zip": zipped(GOOD)})))) == ["ada"]


def test_a_file_that_is_there_twice_is_somebodys(tmp_path: Path) -> None:
    """The student is told, and the instructor not that it is nobody's."""
    found = read(
        write(tmp_path, {"curiemarie_1_2_lenet.py": CODE, "curiemarie_1_3_lenet.py": OTHER})
    )
    (one,) = found.submissions
    assert ("`lenet.py` was handed in twice" in said(one), found.remarks) == (True, [])


def test_who_has_no_name_is_called_by_the_number(tmp_path: Path) -> None:
    """A student may be called by blanks; a row and a page need a name."""
    files = [" _1_assignsubmission_file/lenet.py", "\u2003_2_assignsubmission_file/lenet.py"]
    assert list(named(read(write(tmp_path / "m", dict.fromkeys(files, CODE))))) == ["1", "2"]
    plain = write(tmp_path / "p", {" /lenet.py": CODE, "ada/lenet.py": CODE})
    assert list(named(read(plain))) == ["ada", "without a name"]


@pytest.mark.parametrize("source", ["canvas", "plain"])
def test_a_class_beside_which_a_table_lies(tmp_path: Path, source: str) -> None:
    """A folder around everybody is looked through, whatever of nobody's lies beside it."""
    plain = {"ada/lenet.py": CODE, "bo/lenet.py": CODE}
    files = {f"class/{n}": c for n, c in (CANVAS if source == "canvas" else plain).items()}
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({**files, "grades.csv": b"", "read me.txt": b""}))
    found = read(path)
    everybody = len(CANVAS_ROWS) if source == "canvas" else len(plain)
    assert (found.layout, len(found.submissions)) == (source, everybody)
    assert "`grades.csv`, `read me.txt`" in found.remarks[0]


@pytest.mark.parametrize("ending", ["", ".zip"])
def test_nobody_is_left_aside_in_silence(tmp_path: Path, ending: str) -> None:
    """Hidden names and loose files of other kinds are named; what systems leave behind is not."""
    files = {
        "..evil/lenet.py": CODE, ".bo.zip": CODE, "cy.pdf": CODE, "ada/lenet.py": CODE, "di/lenet.py": CODE,
        ".git/config": b"", ".DS_Store": b"", "._ada.py": b"", ".ipynb_checkpoints/lenet.py": CODE,
        "ada/.ed/lenet.py": CODE, ".x.txt": b"",
    }  # fmt: skip
    path = write(tmp_path / "class", files)
    if ending:
        path = path.with_suffix(ending)
        path.write_bytes(zipped(files))
    found = read(path)
    assert list(named(found)) == ["ada", "di"]
    hidden, other = found.remarks
    assert "that begin with a dot are hidden: `..evil`, `.bo.zip`. If" in hidden
    assert "as nobody's: `cy.pdf`. If" in other


@pytest.mark.parametrize(
    ("source", "stray", "label"),
    [("gradescope", "dora.zip", "dora"), ("nbgrader", "submitted/dora.py", "dora"),
     ("nbgrader", "submitted/dora/lenet.py", "dora")],
)  # fmt: skip
def test_a_stray_is_no_sources_own(tmp_path: Path, source: str, stray: str, label: str) -> None:
    """A file that lies beside a platform's folders is asked for, and then somebody's."""
    content = zipped({"lenet.py": CODE}) if stray.endswith(".zip") else CODE
    files = GRADESCOPE if source == "gradescope" else NBGRADER
    path = write(tmp_path, {**files, stray: content})
    with pytest.raises(UsageError, match=f"`{source}`, `plain`; `{stray}` is none of"):
        read(path)
    found = read(path, layout=source)
    assert named(found)[label].files == {"lenet.py": CODE}
    assert found.remarks == []


def test_a_layout_that_does_not_fit(tmp_path: Path) -> None:
    """The sentence says what is not there; one that does not exist has its nearest name."""
    folder = write(tmp_path, {"ada/lenet.py": CODE})
    with pytest.raises(UsageError, match="holds no name like `curiemarie_12345_678901_FILE`"):
        read(folder, layout="canvas")
    with pytest.raises(UsageError, match="no layout 'moodel'; did you mean 'moodle'"):
        read(folder, layout="moodel")


def test_a_name_that_was_refused_is_its_students(tmp_path: Path) -> None:
    """A link among the files of a platform leaves a note with whom it names, or a row."""
    folder = write(tmp_path / "c", {"curiemarie_1_2_lenet.py": CODE})
    (folder / "curiemarie_1_3_lenet.pt").symlink_to("/etc/passwd")
    (folder / "hopper_2_3_lenet.py").symlink_to("/etc/passwd")
    (folder / "stray").symlink_to("/etc/passwd")
    found = named(read(folder))
    assert "`lenet.pt` is a symbolic link and was not followed." in found["curiemarie"].notes
    assert "`lenet.py` is a symbolic link and was not followed." in found["hopper"].notes
    assert "`stray` is a symbolic link and was not followed." in found["stray"].notes


@pytest.mark.process
@pytest.mark.parametrize("by_place", ["true", "false"])
def test_commits_that_are_kept_as_changes(tmp_path: Path, by_place: str) -> None:
    """In a pack a commit may be what differs from another one; all are read as git reads them."""
    write(tmp_path, {"lenet.py": CODE})
    commit(tmp_path, "2026-03-01T10:00:00+0100", pack=False)

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@x", *words],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout

    for n in range(12):
        text = "\n".join(f"line {line} of a long message" for line in range(100))
        git("commit", "-q", "--allow-empty", "-m", f"{n} {text}")
    git("config", "repack.useDeltaBaseOffset", by_place)
    git("gc", "-q", "--aggressive")
    pack = next((tmp_path / ".git/objects/pack").glob("*.pack"))
    assert "chain length = 1" in git("verify-pack", "-v", str(pack))
    with open_root(tmp_path) as root:
        repository = list_folder(root).repositories[""]
        for digest in git("log", "--format=%H").split():
            text = commits._find_commit(repository, digest).decode()
            assert text == git("cat-file", "commit", digest)
