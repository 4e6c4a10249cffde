"""What is there and cannot be read on the machine that grades is nobody's loss: it stays open."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.records.submission import Submission
from grader.submissions import collect
from grader.submissions.layouts.layout import load_layouts
from kit.archives import ASKED, GOOD, take, write, zipped

OURS = "That is a fault of the machine that grades, not yours. A person will look at it."


@pytest.fixture
def class_() -> Iterator[Path]:
    """A class that everybody may look at, of Ada and Bob, who are right."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "class"
        for student in ("ada", "bob"):
            write(folder / student, GOOD)
        Path(name).chmod(0o755)
        yield folder


@contextmanager
def ordinary_user() -> Iterator[None]:
    """What root does meanwhile is done by somebody who may not read everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def read(class_: Path) -> dict[str, Submission]:
    load_layouts()  # whose files somebody else may not read either
    with ordinary_user():
        return {s.student: s for s in collect.read_class(class_, ASKED)}


def close(class_: Path) -> None:
    (class_ / "ada").chmod(0)


def close_entry(class_: Path) -> None:
    (class_ / "ada/lenet.py").chmod(0)


def close_packed(class_: Path) -> None:
    for name in GOOD:
        (class_ / "ada" / name).unlink()
    (class_ / "ada/all.zip").write_bytes(zipped(GOOD))
    (class_ / "ada/all.zip").chmod(0)


def close_archive(class_: Path) -> None:
    for name in GOOD:
        (class_ / "ada" / name).unlink()
    (class_ / "ada").rmdir()
    (class_ / "ada.zip").write_bytes(zipped(GOOD))
    (class_ / "ada.zip").chmod(0)


def close_loose(class_: Path) -> None:
    for name in GOOD:
        (class_ / "ada" / name).unlink()
    (class_ / "ada").rmdir()
    (class_ / "ada.py").write_bytes(GOOD["lenet.py"])
    (class_ / "ada.py").chmod(0)
    (class_ / "ada.pt").write_bytes(GOOD["lenet.pt"])


def close_inner(class_: Path) -> None:
    write(class_ / "ada/work", GOOD)
    for name in GOOD:
        (class_ / "ada" / name).unlink()
    (class_ / "ada/work").chmod(0)


WHOLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a folder": (close, "`ada`"),
    "its code": (close_entry, "`lenet.py`"),
    "a zip in it": (close_packed, "`all.zip`"),
    "a zip": (close_archive, "`ada.zip`"),
    "a loose file": (close_loose, "`lenet.py`"),
    "a folder in it": (close_inner, "`work`"),
}


@pytest.mark.parametrize("what", WHOLE)
def test_without_its_code_nothing_is_decided(class_: Path, what: str) -> None:
    """The name and the reason are said; never that something is missing or was not handed in."""
    shut, name = WHOLE[what]
    shut(class_)
    found = read(class_)
    ada, bob = found["ada"], found["bob"]
    assert ada.entry is None
    assert ada.unread == f"{name} could not be read (Permission denied). {OURS}"
    said = " ".join(ada.notes)
    assert f"{name} could not be read (Permission denied)." in said
    assert "missing" not in said
    assert "handed in" not in said
    assert (bob.entry, bob.unread, dict(bob.files)) == ("lenet.py", "", GOOD)


@pytest.mark.parametrize("name", ["lenet.pt", "helper.py", "notes/readme.txt"])
def test_beside_its_code(class_: Path, name: str) -> None:
    """The code is run, and what it lacks is named."""
    write(class_ / "ada", {name: b"x = 1\n"})
    (class_ / "ada" / name).chmod(0)
    ada = read(class_)["ada"]
    assert ada.entry == "lenet.py"
    assert ada.unread.startswith(f"`{name}` could not be read (Permission denied). ")
    assert name not in ada.files


def test_a_file_that_is_gone_when_it_is_read(class_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was listed: a disk, or somebody who tidies up, took it, and not the student."""
    real = collect.recognise

    def tidy_up(*args: object) -> object:
        (class_ / "ada/lenet.py").unlink(missing_ok=True)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(collect, "recognise", tidy_up)
    ada = take(class_)["ada"]
    assert ada.entry is None
    assert ada.unread.startswith("`lenet.py` is no longer there. That is a fault of the machine")


def test_an_archive_of_the_class_that_is_damaged(tmp_path: Path) -> None:
    """A file that was changed in it was not changed by who handed it in; the others are graded."""
    code = b"# the code of Ada\n" + bytes(range(32, 127)) * 40
    every = {f"{who}/{n}": c for who in ("ada", "bob") for n, c in GOOD.items()}
    data = bytearray(zipped({**every, "ada/lenet.py": code}, zipfile.ZIP_STORED))
    at = data.index(b"# the code of Ada")
    data[at + 2 : at + 5] = b"THE"
    path = tmp_path / "class.zip"
    path.write_bytes(data)
    found = {s.student: s for s in collect.read_class(path, ASKED)}
    assert found["ada"].entry is None
    assert found["ada"].unread == f"`lenet.py` is damaged in the archive of the class. {OURS}"
    assert (found["bob"].entry, found["bob"].unread) == ("lenet.py", "")


def test_an_archive_that_a_student_sent_damaged_is_theirs(tmp_path: Path) -> None:
    """Whoever packed it is told to pack it again."""
    data = bytearray(zipped({"lenet.py": b"# the code\n" * 50}, zipfile.ZIP_STORED))
    at = data.index(b"# the code")
    data[at + 2 : at + 5] = b"THE"
    write(tmp_path / "class/ada", {"all.zip": bytes(data)})
    write(tmp_path / "class/bob", GOOD)
    ada = {s.student: s for s in collect.read_class(tmp_path / "class", ASKED)}["ada"]
    assert ada.unread == ""
    assert "`lenet.py` is damaged inside the archive; pack it again." in ada.notes
