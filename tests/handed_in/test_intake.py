"""Intake: what is handed in is read once, within caps, and nothing outside is ever touched."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import socket
import stat
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.submission import digest_files
from grader.submissions import (
    archive,
    collect,
    contents,
    definitions,
    entry,
    folder,
    reading,
    tar,
)
from grader.submissions.listing import MIB, SUBMISSION, Caps, Listing
from grader.submissions.names import Refused, clean, show_bytes, show_name
from kit.archives import (
    ASKED,
    CODE,
    GOOD,
    alone,
    header,
    said,
    special,
    take,
    tarred,
    write,
    zipped,
)

# Layouts


def test_a_folder_per_student(tmp_path: Path) -> None:
    """Each folder is a student; other files at the top and systems' leftovers are passed over."""
    for name in ("bob", "Ada", "=cmd|x", "zoë"):
        write(tmp_path / name, GOOD)
    leftovers = ("__MACOSX/._lenet.py", ".DS_Store", "__pycache__/l.pyc", ".git/config", ".env")
    write(tmp_path / "bob", dict.fromkeys(leftovers, b"x"))
    write(tmp_path, {"README.md": b"", "expected.toml": b"", ".DS_Store": b""})
    found = take(tmp_path)
    assert list(found) == ["=cmd|x", "Ada", "bob", "zoë"]
    for submission in found.values():
        assert submission.files == GOOD
        assert submission.entry == "lenet.py"
        assert submission.notes == ()
        assert submission.digest == digest_files(GOOD)


def test_loose_files_and_archives(tmp_path: Path) -> None:
    """A loose module with its weights is a submission, and so is an archive of any kind."""
    write(tmp_path, {"ada.py": CODE, "ada.pt": b"w", "other.pt": b"", "bob.zip": zipped(GOOD)})
    write(tmp_path, {"gus.py": CODE, "gus.pth": b"g"})
    write(tmp_path, {"cyd.tar": tarred(GOOD), "dot.tar.gz": gzip.compress(tarred(GOOD))})
    write(
        tmp_path,
        {"eva.tgz": gzip.compress(tarred({"./hw/lenet.py": CODE})), "fay.rar": b"Rar!\x1a\x07\1\0"},
    )
    found = take(tmp_path)
    assert list(found) == ["ada", "bob", "cyd", "dot", "eva", "fay", "gus"]
    assert found["gus"].files["lenet.pt"] == b"g"
    assert found["ada"].files == {"lenet.py": CODE, "lenet.pt": b"w"}
    assert [found[s].files for s in ("bob", "cyd", "dot")] == [GOOD] * 3
    assert found["eva"].entry == "lenet.py"
    assert "`ada.py` was taken as `lenet.py`." in found["ada"].notes
    assert "Hand in a zip" in said(found["fay"])


@pytest.mark.parametrize("prefix", ["", "hw1/"])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_of_a_class(tmp_path: Path, kind: str, prefix: str) -> None:
    """A class may be packed, with or without a folder around it, students' archives inside."""
    files = {f"{prefix}{s}/{n}": d for s in ("ada", "bob") for n, d in GOOD.items()}
    files |= {f"{prefix}cyd.zip": zipped(GOOD), "__MACOSX/._x": b""}
    data = zipped(files) if kind == "zip" else tarred(files)
    path = tmp_path / f"class.{kind}"
    path.write_bytes(gzip.compress(data) if kind == "tar.gz" else data)
    found = take(path)
    assert {s: (f.files, f.notes) for s, f in found.items()} == dict.fromkeys(
        ("ada", "bob", "cyd"), (GOOD, ())
    )


def test_an_archive_alone_in_a_folder(tmp_path: Path) -> None:
    """An archive that is all a student's folder holds is opened; one inside it is not."""
    inner = {"hw/lenet.py": CODE, "hw/more.zip": zipped({"evil.py": b""})}
    submission = alone(tmp_path, {"hw.zip": zipped(inner), "lenet.pt": b"w"})
    assert set(submission.files) == {"lenet.py", "lenet.pt", "more.zip"}
    assert "`hw.zip` was unpacked." in submission.notes
    assert "`more.zip` is an archive inside the submission; not unpacked." in submission.notes


def test_nested_archives(tmp_path: Path) -> None:
    """An archive whose only content is an archive is opened too; three in each other, no more."""
    three = zipped({"b.zip": zipped({"c.zip": zipped(GOOD)})})
    write(tmp_path / "class", {"ada.zip": three, "bob.zip": zipped({"a.zip": three})})
    found = take(tmp_path / "class")
    assert found["ada"].files == GOOD
    assert found["ada"].notes == ("`b.zip` was unpacked.", "`c.zip` was unpacked.")
    assert found["bob"].entry is None
    assert "`c.zip` is an archive inside" in said(found["bob"])


def test_the_same_student_twice(tmp_path: Path) -> None:
    """Two submissions of one name keep distinct labels and say so."""
    write(tmp_path / "ada", GOOD)
    write(tmp_path / "ada (2)", GOOD)
    write(tmp_path, {"ada.zip": zipped(GOOD)})
    found = take(tmp_path)
    assert list(found) == ["ada", "ada (2)", "ada (3)"]
    assert found["ada (3)"].notes == ("There is more than one submission of `ada`.",)


# Entries


@pytest.mark.parametrize(
    "name",
    [
        "LeNet.py",
        "lenet (1).py",
        "lenet(12).PY",
        "Copy of lenet.py",
        "lenet - Copy (2).py",
        "lenet-Copy1.py",
        "lenet copy 2.py",
        "lenet (copy).py",
        "lenet-checkpoint.py",
        "lenet.py.txt",
    ],
)
def test_honest_near_misses(tmp_path: Path, name: str) -> None:
    """Another case, or the mark of a copy, is taken as the entry, with a note."""
    submission = alone(tmp_path, {name: CODE, "Lenet.pt": b"w"})
    assert submission.entry == "lenet.py"
    assert submission.files == {"lenet.py": CODE, "lenet.pt": b"w"}
    assert f"`{name}` was taken as `lenet.py`" in said(submission)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "so is `lenet.ipynb`. No file was handed in. Hidden files, and those that systems"),
        (["model.txt"], "so is `lenet.ipynb`. Found `model.txt`."),
        (["model.py", "train.py"], "not clear which file to run: `model.py`, `train.py`. A"),
        (["a/lenet.py", "b/lenet.py"], "not clear which file to run: `a/lenet.py`, `b/lenet.py`"),
        (["LeNet.py", "LENET.py"], "not clear which file to run: `LENET.py`, `LeNet.py`"),
    ],
)
def test_missing_entries(tmp_path: Path, files: list[str], words: str) -> None:
    """Without an entry the submission stays, and says what was looked for and what is there."""
    submission = alone(tmp_path, {n: CODE + bytes([35, 48 + i]) for i, n in enumerate(files)})
    assert submission.entry is None
    assert words in said(submission)
    assert ("is missing" in said(submission)) != bool(submission.unclear)
    assert set(submission.files) == set(files)


def test_a_folder_around_it(tmp_path: Path) -> None:
    """The entry in a folder makes that folder the top; code keeps its own place as well, and what
    lies outside is left aside only where its place is taken.
    """
    files = {"hw1/lenet.py": CODE, "hw1/util/x.py": b"x", "lenet.pt": b"w", "notes/a.md": b""}
    submission = alone(tmp_path, files | {"hw1/old/lenet.py": b"old", "util/x.py": b"other"})
    assert dict(submission.files) == {
        "lenet.py": CODE,
        "lenet.pt": b"w",
        "util/x.py": b"x",
        "old/lenet.py": b"old",
        "hw1/lenet.py": CODE,
        "hw1/util/x.py": b"x",
        "hw1/old/lenet.py": b"old",
        "notes/a.md": b"",
    }
    assert "the folder `hw1/` counts as the top" in said(submission)
    assert "1 file outside `hw1/` left aside: `util/x.py`." in submission.notes
    assert "not `hw1/old/lenet.py`." in said(submission)


def test_the_root_of_a_submission_is_below_what_all_files_lie_in(tmp_path: Path) -> None:
    """`models/` beside the entry's `src/` can be imported from, whatever folder is around both."""
    files = {"my work/src/lenet.py": CODE, "my work/models/net.py": b"n", "my work/data/a.txt": b""}
    submission = alone(tmp_path, files)
    assert dict(submission.files) == {
        "lenet.py": CODE,
        "src/lenet.py": CODE,
        "models/net.py": b"n",
        "data/a.txt": b"",
    }
    assert "left aside" not in said(submission)


def test_exact_before_near(tmp_path: Path) -> None:
    """With the right name there, a second download is left aside and named."""
    submission = alone(tmp_path, {**GOOD, "lenet (1).py": b"older"})
    assert submission.files["lenet.py"] == CODE
    assert "`lenet.py` is what is graded, not `lenet (1).py`." in submission.notes


@pytest.mark.parametrize(
    "name",
    [
        "lenet.safetensors",
        "lenet.pth",
        "Lenet.ckpt",
        "lenet.bin",
        "lenet (1).pkl",
        "lenet.pt2",
        "model.pt",
        "best/epoch_9.pth",
    ],
)
def test_weights_under_another_name(tmp_path: Path, name: str) -> None:
    """The only file of weights is taken, and keeps its own name as well, as code may open it."""
    submission = alone(tmp_path, {"lenet.py": CODE, name: b"w", "data.pkl": b"", "a.bin": b""})
    assert submission.files["lenet.pt"] == submission.files[name] == b"w"
    words = f"`{name}` was taken as `lenet.pt`. Please hand it in under that name."
    assert submission.notes == (words,)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            ["a.pt", "b.pth"],
            "`lenet.pt` is missing; of `a.pt`, `b.pth` the one that fits is taken, where",
        ),
        (["lenet.pth", "lenet.bin", "a.pt"], "missing; of `lenet.bin`, `lenet.pth` the one that"),
        (["data.pkl", "table.bin"], "`lenet.pt` is missing."),
    ],
)
def test_missing_weights(tmp_path: Path, names: list[str], words: str) -> None:
    """Of several files none is taken, nor is one that may be data."""
    different = {name: bytes([number]) for number, name in enumerate(names)}
    submission = alone(tmp_path, {"lenet.py": CODE, **different})
    assert words in said(submission)
    assert bool(submission.unclear) == ("could be meant" in words)
    assert "lenet.pt" not in submission.files


def book(*cells: str) -> bytes:
    made = [{"cell_type": "code", "source": c.splitlines(keepends=True)} for c in cells]
    return json.dumps({"cells": made, "nbformat": 4}).encode()


NAMES_ASKED = ("LeNet5", "train", "rate")
WHOLE = b"class LeNet5: ...\ndef train(): ...\nrate = 1\n"
PART = b"class LeNet5: ...\ndef train(): ...\n"
ONE, TWO = b"class LeNet5: ...\n", b"def train(): ...\nrate = 1\n"
OTHER = b"x = 1\n"
NETWORK = b"class A(nn.Module): ...\n"


@pytest.mark.parametrize(
    ("files", "run", "words"),
    [
        ({"hw3.py": WHOLE}, "hw3.py", "`hw3.py` was run: it defines `LeNet5`, `train`, `rate`."),
        ({"hw3.py": WHOLE, "old.py": PART}, "hw3.py", "Please hand it in as `lenet.py`."),
        (
            {"a.ipynb": book("import x", WHOLE.decode()), "b.py": CODE},
            "a.ipynb",
            "as `lenet.ipynb`",
        ),
        ({"a.ipynb": book(WHOLE.decode()), "a.py": WHOLE}, "a.py", "`a.py` was run"),
        ({"hw 3/a.PY": PART, "hw 3/util.py": b"x = 1"}, "hw 3/a.PY", "folder `hw 3/` counts as"),
        ({"a.py": PART, "b.py": PART}, "a.py", "`a.py` was run"),
        ({"a.py": PART, "b.py": b"#\n" + PART}, None, "to run: `a.py`, `b.py`. A person will look"),
        ({"a.py": CODE}, "a.py", "`a.py` was run: no other file can be. Please hand it in as"),
        ({"a.py": CODE, "__init__.py": b"", "test_a.py": b""}, "a.py", "no other file can be"),
        ({"a.ipynb": b"[" * 100_000 + WHOLE}, "a.ipynb", "no other file can be"),
        ({"a.py": OTHER, "b.py": b"def Train(): ..."}, "b.py", "it defines most of what is asked"),
        ({"a.py": OTHER, "b.py": NETWORK}, "b.py", "no other file defines a network"),
        ({"a.py": OTHER, "b.py": b"def f(): return nn.Sequential(x)"}, "b.py", "defines a network"),
        ({"a.ipynb": book(NETWORK.decode()), "b.py": OTHER}, "a.ipynb", "defines a network"),
        ({"hw1.py": NETWORK, "hw2_LeNet.py": NETWORK}, "hw2_LeNet.py", "by its name it is the"),
        ({"a.py": NETWORK, "b.py": b"import a\n" + NETWORK}, "b.py", "no other file imports it"),
        ({"a.py": OTHER, "b.ipynb": book("%run a.py")}, "b.ipynb", "no other file imports it"),
        (
            {"a.py": NETWORK, "b.py": NETWORK + b"#"},
            None,
            "not clear which file to run: `a.py`, `b.py`",
        ),
        ({"a.py": ONE, "b.py": TWO, "c.py": b"import a\nfrom b import *"}, "c.py", "imports the"),
        ({"a.py": ONE, "b.py": TWO, "c.py": b"import a\n"}, "b.py", "it defines"),
        ({"a.py": ONE, "b.py": b"from a import LeNet5\n" + TWO}, "b.py", "imports the others"),
        ({"LeNet.py": CODE, "a.py": WHOLE}, "LeNet.py", "`LeNet.py` was taken as `lenet.py`"),
        ({"LeNet.py": b"", "a.py": WHOLE}, "a.py", "`LeNet.py` is empty; left aside."),
        ({"LeNet.py": b"", "b.py": CODE}, "b.py", "`LeNet.py` is empty; left aside."),
    ],
)
def test_found_by_what_it_defines(
    tmp_path: Path, files: dict[str, bytes], run: str | None, words: str
) -> None:
    """Where no name is right, the file that defines most of what is asked for is run."""
    submission = alone(tmp_path, files, names=NAMES_ASKED)
    assert words in said(submission)
    assert submission.entry == (None if run is None else f"lenet.{run.lower().split('.')[-1]}")
    if run is not None:
        assert submission.files[submission.entry or ""] == files[run]


def test_the_file_next_to_a_renamed_one(tmp_path: Path) -> None:
    """Weights that are called like the file that is run go with it."""
    files = {"final.py": WHOLE, "final.pth": b"w", "other.pt": b"", "third.pt": b""}
    submission = alone(tmp_path, files, names=NAMES_ASKED)
    assert submission.files["lenet.pt"] == b"w"


def test_a_handout_that_was_not_touched(tmp_path: Path) -> None:
    """It is run only where nothing else can be."""
    blanks = frozenset({hashlib.sha256(CODE).hexdigest()})
    own = book(WHOLE.decode())
    submission = alone(tmp_path, {"lenet.py": CODE, "lenet.ipynb": own}, blanks=blanks)
    assert submission.entry == "lenet.ipynb"
    words = "`lenet.py` is the handout as it was given; left aside."
    assert words in submission.notes
    own_name = {"lenet.py": CODE, "hw.ipynb": own}
    submission = alone(tmp_path / "2", own_name, blanks=blanks, names=NAMES_ASKED)
    assert (submission.entry, submission.files["lenet.ipynb"]) == ("lenet.ipynb", own)
    assert words in submission.notes
    for number, files in enumerate(({"lenet.py": CODE}, {"lenet.py": CODE, "plots.py": b"x = 1"})):
        submission = alone(tmp_path / f"only {number}", files, blanks=blanks, names=NAMES_ASKED)
        assert submission.entry == "lenet.py"
        assert "handout" not in said(submission)


def test_files_read_for_their_names_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than some files, none beyond the cap, are read to see what they define."""
    monkeypatch.setattr(contents, "READ", 3)
    files = {f"a{n}.py": b"" for n in range(3)} | {"b.py": WHOLE}
    assert alone(tmp_path, files, names=NAMES_ASKED).entry is None
    large = {"b.py": WHOLE + b"#" * definitions.CAP}
    large["a.py"] = b""
    assert alone(tmp_path / "2", large, names=NAMES_ASKED).entry is None


@given(name=st.text(max_size=40), wanted=st.sampled_from(["lenet.py", "Copy of x.py", "(1).py"]))
def test_a_name_is_near_itself(name: str, wanted: str) -> None:
    """Names are compared without a crash, and every name is near itself."""
    assert entry.is_near(wanted, wanted)
    assert entry.is_near(name, name)
    assert entry.is_near(name, wanted) == entry.is_near(wanted, name)


# What an instructor or a student may get wrong


def test_usage_errors(tmp_path: Path) -> None:
    """Each wrong argument gets a sentence that says what to do."""
    (tmp_path / "empty").mkdir()
    write(tmp_path / "ada", GOOD)
    write(tmp_path / "near", {"LeNet.py": CODE, "data/x.csv": b""})
    write(
        tmp_path, {"x.txt": b"", "bad.zip": b"PK\x03\x04 no", "ada.zip": zipped(GOOD), "a.py": b""}
    )
    for name, words in {
        "nowhere": "there is no folder or archive",
        "empty": "there are no submissions in",
        "ada": "is one student's submission. Give the folder that holds",
        "near": "is one student's submission",
        "ada.zip": "is one student's submission",
        "x.txt": "is neither a folder nor",
        "bad.zip": "is damaged or not an archive",
        "a.py": "Run `grader check",
    }.items():
        with pytest.raises(UsageError, match=words) as caught:
            take(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


def test_one(tmp_path: Path) -> None:
    """Named files are a submission; the weights beside the entry are taken, nothing else is."""
    home = write(tmp_path / "home", {**GOOD, "secret.txt": b"s", "util/x.py": b"x"})
    submission = collect.read_one([home / "lenet.py"], ASKED, student="you")
    assert (submission.student, submission.files, submission.notes) == ("you", GOOD, ())
    more = collect.read_one(
        [home / "lenet.py", home / "util" / "x.py"], AskedFiles(entry="lenet"), student="you"
    )
    assert set(more.files) == {"lenet.py", "util/x.py"}
    whole = collect.read_one([home], ASKED, student="you")
    assert set(whole.files) == {*GOOD, "secret.txt", "util/x.py"}
    (tmp_path / "hw.zip").write_bytes(zipped(GOOD))
    packed = collect.read_one([tmp_path / "hw.zip"], ASKED, student="you")
    assert packed.files == GOOD
    (home / "lenet.pt").rename(home / "lenet.safetensors")
    beside = collect.read_one([home / "lenet.py"], ASKED, student="you")
    assert set(beside.files) == {"lenet.py", "lenet.pt", "lenet.safetensors"}


def test_one_that_cannot_be_read(tmp_path: Path) -> None:
    """A path that is absent, a link or ambiguous is a usage error; a linked sibling a note."""
    home = write(tmp_path / "home", {"lenet.py": CODE})
    (home / "link.py").symlink_to(home / "lenet.py")
    (home / "lenet.pt").symlink_to("/etc/passwd")
    write(tmp_path / "b", {"lenet.py": CODE})
    for files, words in [
        ([home / "no.py"], "there is no file"),
        ([home / "link.py"], "is a symbolic link"),
        ([home / "lenet.py", tmp_path / "b" / "lenet.py"], "two files are called lenet.py"),
        ([home / "lenet.py", tmp_path], "is a folder"),
    ]:
        with pytest.raises(UsageError, match=words):
            collect.read_one(files, ASKED, student="you")
    submission = collect.read_one([home / "lenet.py"], ASKED, student="you")
    assert set(submission.files) == {"lenet.py"}
    assert "`lenet.pt` is a symbolic link and was not followed." in submission.notes


# Hostile folders

UNIX = pytest.mark.skipif(
    not hasattr(os, "O_NOFOLLOW"), reason="only Unix has such files and calls"
)


def test_folders_are_walked_by_path_where_none_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows: the same files, and links are not followed, whenever they came to be."""
    monkeypatch.setattr(folder, "_BY_DESCRIPTOR", False)
    root = write(tmp_path / "class", {"ada/lenet.py": CODE, "bob/sub/lenet.py": CODE})
    (root / "ada" / "away").symlink_to(tmp_path)
    found = take(root)
    assert found["ada"].files == {"lenet.py": CODE}
    assert "`away` is a symbolic link and was not followed." in found["ada"].notes
    members = folder.list_folder(root).members
    (root / "bob" / "sub").rename(tmp_path / "elsewhere")
    (root / "bob" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        members["bob/sub/lenet.py"].read(100)


@UNIX
def test_links_and_devices_in_folders(tmp_path: Path) -> None:
    """Links, pipes and sockets are refused by name, never opened; a linked student has a row."""
    root = write(tmp_path / "class" / "ada", {"lenet.py": CODE}).parent
    (root / "ada" / "passwd").symlink_to("/etc/passwd")
    (root / "ada" / "etc").symlink_to("/etc")
    (root / "ada" / "loop").symlink_to(".")
    (root / "eve").symlink_to("/etc")
    os.mkfifo(root / "ada" / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "ada" / "socket"))
    found = take(root)
    assert set(found["ada"].files) == {"lenet.py"}
    for name in ("passwd", "etc", "loop"):
        assert f"`{name}` is a symbolic link and was not followed." in found["ada"].notes
    assert "`pipe` is a pipe, not a file." in found["ada"].notes
    assert "`socket` is a socket, not a file." in found["ada"].notes
    assert found["eve"].entry is None
    assert "`eve` is a symbolic link and was not followed." in found["eve"].notes


@UNIX
def test_a_file_swapped_for_a_link(tmp_path: Path) -> None:
    """A file or folder that became a link or a pipe after the look is refused all the same."""
    write(tmp_path, {"ada/lenet.py": CODE, "bob/lenet.py": CODE, "cyd/lenet.py": CODE})
    root = os.open(tmp_path, os.O_RDONLY)
    members = folder.list_folder(root).members
    (tmp_path / "ada" / "lenet.py").unlink()
    (tmp_path / "ada" / "lenet.py").symlink_to("/etc/passwd")
    (tmp_path / "bob").rename(tmp_path / "away")
    (tmp_path / "bob").symlink_to("away")
    (tmp_path / "cyd" / "lenet.py").unlink()
    os.mkfifo(tmp_path / "cyd" / "lenet.py")
    for name in members:
        with pytest.raises(Refused):
            members[name].read(MIB)
    os.close(root)


def test_odd_names(tmp_path: Path) -> None:
    """Students and files of any name are taken in; nothing unreadable stands in a note."""
    odd = ["new\nline", "\u202egnp.exe", "a" * 250, "\x1b[31mred", "a`b"]
    for name in odd:
        write(tmp_path / "class" / name, {f"{name[:200]}.py": CODE})
    (tmp_path / "class" / os.fsdecode(b"\xff\xfe")).mkdir()
    found = take(tmp_path / "class")
    assert found.keys() > {*odd}
    assert len(found) == len(odd) + 1
    for submission in found.values():
        assert all(note.isprintable() for note in submission.notes)
        said(submission).encode()


def test_too_much_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files over a cap are left out by name; the entry and its weights come first."""
    caps = Caps(file_bytes=1000, total_bytes=3000, members=5, scanned=500, depth=3)
    monkeypatch.setattr(reading, "SUBMISSION", caps)
    files = {f"a{n}": b"x" * 900 for n in range(9)} | {"big": b"x" * 1001, "d/d/d/d": b""}
    submission = alone(tmp_path, files | GOOD)
    assert set(submission.files) == {*GOOD, "a0", "a1", "a2"}
    assert "files over the 5 allowed were left out" in said(submission)
    submission = alone(tmp_path / "2", {"lenet.py": b"x" * 1001, "d/d/d/d": b""})
    assert submission.entry is None
    assert "`lenet.py` has 1,001 bytes, over the 1,000 allowed." in submission.notes
    assert "`d/d/d/d` lies more than 3 folders deep." in submission.notes


def test_a_sparse_giant(tmp_path: Path) -> None:
    """A file that claims a terabyte is refused by size, not read."""
    write(tmp_path / "ada", GOOD)
    with (tmp_path / "ada" / "giant").open("wb") as file:
        file.truncate(1 << 40)
    assert "`giant` has 1,099,511,627,776 bytes" in said(take(tmp_path)["ada"])


def test_deep_folders(tmp_path: Path) -> None:
    """Folders nested deeper than the cap are not walked to their end."""
    write(tmp_path / "ada", {**GOOD, "d/" * 60 + "x": b""})
    assert "folders deep" in said(take(tmp_path)["ada"])


# Hostile archives

ESCAPING = ["../../x", "/etc/passwd", "C:\\x", "a/../../x", "..\\..\\x", "\\\\host\\x", "a\0/../x"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_slip(tmp_path: Path, kind: str) -> None:
    """No name leads out: what stands before the relative one is cut off, the others are refused."""
    # zipfile and tarfile cut names at NUL: the byte is put in afterwards.
    files = {**GOOD, **dict.fromkeys((n.replace("\0", "~") for n in ESCAPING), b"evil")}
    data = (zipped if kind == "zip" else tarred)(files)
    data = data.replace(b"a~/../x", b"a\0/../x") if kind == "zip" else data
    write(tmp_path / "class", {f"ada.{kind}": data})
    submission = take(tmp_path / "class")["ada"]
    assert submission.files.keys() == {*GOOD, "x", "etc/passwd", "host/x"}
    assert "`a/../../x` has a name that leads out of its folder." in submission.notes
    if kind == "zip":
        assert "has a NUL character in its name" in said(submission)


def test_slip_in_the_archive_of_a_class(tmp_path: Path) -> None:
    """An escaping name of nobody's gets a row of its own; the class is graded."""
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"ada/lenet.py": CODE, "../../x": b"", "ada/../../y": b""}))
    found = take(path)
    assert found["ada"].entry == "lenet.py"
    assert "`../../y` has a name that leads out of its folder." in found["ada"].notes
    assert found["../../x"].entry is None
    assert "leads out" in said(found["../../x"])


def test_links_in_archives(tmp_path: Path) -> None:
    """Links, devices and pipes in archives are refused by name."""
    kinds = {tarfile.SYMTYPE: "symbolic", tarfile.LNKTYPE: "hard", tarfile.CHRTYPE: "device"}
    kinds |= {tarfile.BLKTYPE: "device", tarfile.FIFOTYPE: "pipe"}
    more = [special(f"x{k.decode()}", k, "/etc/passwd") for k in kinds]
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO(zipped(GOOD))
    with zipfile.ZipFile(buffer, "a") as file:
        file.writestr(link, "/etc/passwd")
    write(tmp_path / "class", {"ada.tar": tarred(GOOD, *more), "bob.zip": buffer.getvalue()})
    found = take(tmp_path / "class")
    assert found["ada"].files == found["bob"].files == GOOD
    for kind, word in kinds.items():
        assert f"`x{kind.decode()}` is a {word}" in said(found["ada"])
    assert "`link` is a symbolic link" in said(found["bob"])


def encrypted() -> bytes:
    data = bytearray(zipped(GOOD))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := data.find(mark, start + 1)) >= 0:
            data[start + offset] |= 1
    return bytes(data)


BIG = random.Random(0).randbytes(3000)
BAD = {
    "encrypted.zip": (encrypted(), "is encrypted; pack it without a password"),
    "cut.zip": (zipped({**GOOD, "x": BIG})[:-1000], "is damaged"),
    "cut.tar": (tarred({**GOOD, "x": BIG})[:3000], "ends too early"),
    "cut.tar.gz": (gzip.compress(tarred({**GOOD, "x": BIG}))[:-1000], "ends too early"),
    "checksum.tgz": (gzip.compress(tarred(GOOD))[:-8] + bytes(8), "is damaged"),
    "text.zip": (b"This is not an archive, whatever its name says.\n" * 40, "is damaged"),
    "html.tar.gz": (b"<html>login</html>" * 100, "is damaged"),
    "many.zip": (zipped({f"f{n}": b"" for n in range(2001)}), "holds more than 2,000 files"),
    "many.tar": (tarred({f"f{n}": b"" for n in range(2001)}), "holds more than 2,000 files"),
    "flood.tgz": (gzip.compress(bytes(512) * 40_000), "would grow more than 200-fold"),
    "members.tgz": (gzip.compress(b"") * 10_002, "is damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_archives(tmp_path: Path, name: str) -> None:
    """An archive that is encrypted, damaged or a bomb is refused whole, in one clear note."""
    data, words = BAD[name]
    write(tmp_path / "class" / "ada", GOOD)
    write(tmp_path / "class", {name: data})
    found = take(tmp_path / "class")
    assert found.pop("ada").files == GOOD
    (submission,) = found.values()
    assert (submission.entry, dict(submission.files)) == (None, {})
    notes = [n for n in submission.notes if not n.startswith("`lenet.py` is missing")]
    assert len(notes) == 1
    assert f"`{name}` {words}" in notes[0]


def test_one_bad_member(tmp_path: Path) -> None:
    """A member that fails its checksum, is a bomb or packed by bzip2 is refused by name alone."""
    stored = zipped({**GOOD, "bad": b"stored bytes"}, zipfile.ZIP_STORED)
    bomb = zipped({**GOOD, "bomb": bytes(9 * MIB), "huge": bytes(65 * MIB)})
    write(
        tmp_path / "class",
        {
            "ada.zip": stored.replace(b"stored bytes", b"stored BYTES"),
            "bob.zip": bomb,
            "cyd.zip": zipped(GOOD, zipfile.ZIP_BZIP2),
        },
    )
    found = take(tmp_path / "class")
    assert found["ada"].files == found["bob"].files == GOOD
    assert "`bad` is damaged inside the archive" in said(found["ada"])
    assert "`bomb` would grow more than 200-fold" in said(found["bob"])
    assert "`huge` would grow" in said(found["bob"])
    assert "`lenet.py` is compressed in a way that is not read" in said(found["cyd"])


def test_overlapping_members(tmp_path: Path) -> None:
    """A zip whose members share their bytes is refused by its declared total."""
    data = bytearray(zipped({f"f{n:04}": b"x" for n in range(1500)}))
    start = -1
    while (start := data.find(b"PK\x01\x02", start + 1)) >= 0:
        data[start + 20 : start + 28] = (1 << 20).to_bytes(4, "little") * 2
    write(tmp_path / "class", {"ada.zip": bytes(data)})
    assert "unpacks to 1,572,864,000 bytes" in said(take(tmp_path / "class")["ada"])


def test_names_in_zips(tmp_path: Path) -> None:
    """UTF-8 without its flag is read as such; backslashes separate; the last of a name counts."""
    buffer = io.BytesIO(zipped({"a\\ü.py": b"1", "lenet.py": CODE, "lenet.py/x": b""}))
    with zipfile.ZipFile(buffer, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("lenet.py", b"other")
    data = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.index(mark) + offset] &= ~0x08
    write(tmp_path / "class", {"ada.zip": bytes(data)})
    submission = take(tmp_path / "class")["ada"]
    assert submission.files == {"a/ü.py": b"1", "lenet.py": b"other"}
    assert "`lenet.py` stands in the archive twice; the last was taken." in submission.notes
    assert "`lenet.py/x` is a file and a folder at once." in submission.notes


@pytest.mark.parametrize("first", ["parts", "parts/net.py"])
def test_folders_without_a_slash(tmp_path: Path, first: str) -> None:
    """An entry with nothing in it is a folder where files lie in it, whichever comes first."""
    parts = {"parts": b"", "parts/net.py": b"1"}
    data = zipped({first: parts[first], **parts, "lenet.py": CODE})
    write(tmp_path / "class", {"ada.zip": data})
    submission = take(tmp_path / "class")["ada"]
    assert submission.files == {"lenet.py": CODE, "parts/net.py": b"1"}
    assert "at once" not in said(submission)


def test_folders_as_windows_marks_them(tmp_path: Path) -> None:
    """An empty one is no file."""
    buffer = io.BytesIO(zipped({"lenet.py": CODE}))
    with zipfile.ZipFile(buffer, "a") as file:
        info = zipfile.ZipInfo("parts")
        info.external_attr = 0x10
        file.writestr(info, b"")
    write(tmp_path / "class", {"ada.zip": buffer.getvalue()})
    assert take(tmp_path / "class")["ada"].files == {"lenet.py": CODE}


# Properties

NAMES = st.text(st.characters(exclude_categories=()), max_size=30) | st.lists(
    st.sampled_from(["..", ".", "", "a", "lenet.py", "C:", "\\", "\0", "é", "__MACOSX"]), max_size=6
).map("/".join)


@given(raw=NAMES)
def test_clean_names_stay_inside(raw: str) -> None:
    """A name that is accepted lies inside, survives a second cleaning, and can be encoded."""
    try:
        name = clean(raw)
    except Refused:
        return
    parts = name.split("/")
    assert ".." not in parts
    assert all(parts)
    assert "\0" not in name
    assert os.path.normpath(f"/base/{name}").startswith("/base/")
    name.encode()
    show_name(show_bytes(raw)).encode()


def inside(listing: Listing) -> None:
    """Every name lies inside, every read keeps to the cap and to nothing but Refused."""
    for name, member in listing.members.items():
        # A byte that is no letter is shown with a backslash, which separates when it is read again.
        parts = name.replace("\\", "/").split("/")
        assert clean(name).split("/") == [part for part in parts if part]
        with contextlib.suppress(Refused):
            assert len(member.read(MIB)) <= MIB


def survive(data: bytes) -> None:
    with contextlib.suppress(Refused):
        inside(archive.list_archive(io.BytesIO(data)))


FILES = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1).filter(
        lambda n: "\0" not in n and len(n.encode()) < 60000
    ),
    st.binary(max_size=2000),
    max_size=5,
)
DAMAGE = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8)


def damaged(data: bytes, damage: list[tuple[int, int]], cut: float) -> bytes:
    spoilt = bytearray(data)
    for place, value in damage:
        spoilt[place % len(spoilt)] = value
    return bytes(spoilt[: max(1, round(len(spoilt) * cut))])


@given(files=FILES, damage=DAMAGE, cut=st.sampled_from([1.0, 1.0, 0.9, 0.5]), data=st.data())
def test_damaged_archives(
    files: dict[str, bytes], damage: list[tuple[int, int]], cut: float, data: st.DataObject
) -> None:
    """A zip, tar or tar.gz with any bytes changed is read within bounds or refused."""
    kind = data.draw(st.sampled_from(["zip", "stored", "pax", "gnu", "gz"]))
    whole = {
        "zip": lambda: zipped(files),
        "stored": lambda: zipped(files, zipfile.ZIP_STORED),
        "pax": lambda: tarred(files),
        "gnu": lambda: tarred(files, format_=tarfile.GNU_FORMAT),
        "gz": lambda: gzip.compress(tarred(files)),
    }[kind]()
    survive(damaged(whole, damage, cut))


@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0"]), rest=st.binary()
)
def test_random_archives(start: bytes, rest: bytes) -> None:
    """Random bytes are an archive or refused, nothing else."""
    survive(start + rest)


@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from([bytes([k]) for k in b"\x00012345679LKxgSXV"]),
            st.one_of(
                st.integers(0, 1500).map(lambda n: b"%011o\0" % n),
                st.binary(min_size=12, max_size=12),
                st.just(b"\x80" + b"\xff" * 11),
                st.just(b"\xff" * 12),
            ),
            st.binary(max_size=100),
            st.binary(max_size=1500)
            | st.tuples(st.integers(0, 99), st.sampled_from(["path", "size", "GNU.sparse.x"])).map(
                lambda p: f"{p[0]} {p[1]}=12\n".encode()
            ),
        ),
        max_size=6,
    )
)
def test_forged_tars(parts: list[tuple[bytes, bytes, bytes, bytes]]) -> None:
    """Tar headers with right checksums and wrong everything else are read within bounds."""
    data = b""
    for kind, size, name, body in parts:
        data += header(kind=kind, size=size, name=name) + body + bytes(-len(body) % 512)
    survive(data)


@given(
    files=st.dictionaries(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200
        ).filter(lambda n: not n.endswith("/")),
        st.binary(max_size=3000),
        max_size=5,
    ),
    format_=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_tar_against_tarfile(files: dict[str, bytes], format_: int) -> None:
    """Whatever tarfile packs is read as it was, long names and all."""
    stream = io.BytesIO(tarred(files, format_=format_))
    assert {m.name: m.data for m in tar.read_members(stream, MIB)} == files


def test_a_ustar_prefix() -> None:
    """Names split into prefix and name are put together."""
    data = {"p" * 120 + "/" + "n" * 90: b"x"}
    stream = io.BytesIO(tarred(data, format_=tarfile.USTAR_FORMAT))
    assert [m.name for m in tar.read_members(stream, MIB)] == list(data)


@pytest.mark.parametrize("records", [12_000, 800_000])
def test_pax_headers_are_bounded(records: int) -> None:
    """A pax header on which tarfile spends the square of its length is refused at once."""
    pax = b"5 aa\n" * records + b"=\n"
    data = header(kind=b"x", size=b"%011o\0" % len(pax), name=b"x") + pax + bytes(-len(pax) % 512)
    data += header(kind=b"0", size=b"%011o\0" % 0, name=b"y")
    tracemalloc.start()
    start = time.monotonic()
    try:
        with pytest.raises(Refused, match="is damaged"):
            archive.list_archive(io.BytesIO(data))
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize("kind", ["zip", "tgz", "gz"])
def test_bombs_take_no_memory(kind: str) -> None:
    """A bomb of 60 MiB that packs to nothing takes a few MiB, not the sixty."""
    zeros = bytes(60 * MIB)
    if kind == "zip":
        data = zipped({"a": zeros})
    else:
        data = gzip.compress(tarred({"a": zeros}) if kind == "tgz" else zeros)
    del zeros
    tracemalloc.start()
    try:
        survive(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * SUBMISSION.ratio_from
