"""Archives of any bytes, and folders that change: taken in within caps, or refused by name."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import struct
import sys
import tarfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.inside import wire
from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.submission import Submission, digest_files
from grader.submissions import archive, collect, folder, reading
from grader.submissions.listing import MIB, SUBMISSION, Caps, Listing
from grader.submissions.names import Refused, clean, show_name
from kit.archives import ASKED, CODE, GOOD, alone, header, said, zipped

SMALL = Caps(
    file_bytes=3000, total_bytes=9000, members=6, scanned=30, depth=4, names_bytes=400, ratio=20,
    ratio_from=2000,
)  # fmt: skip
"""Caps that small archives reach."""

NAMES = st.sampled_from(
    ["lenet.py", "lenet.pt", "a/lenet.py", "LeNet.py", "lenet (1).py", "../lenet.py", "/lenet.py",
     "C:\\lenet.py", "..\\x", "a/../../x", "a/b/c/d/e/f", "lenet.py/x", "a", "a/", ".", "./", "",
     "__MACOSX/._x", ".git/x", "b.zip", "b.tar.gz", "c.rar", "lenet.ipynb", "n" * 260, "é" * 130,
     "x\ny", "\u202egnp.py", "x/" * 40 + "y", "\x1b[2J", "=cmd|x"]
)  # fmt: skip
CONTENTS = st.binary(max_size=60) | st.sampled_from(
    [b"", CODE, bytes(2500), bytes(3500), bytes(200_000)]
)
FILES = st.lists(st.tuples(NAMES | st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), CONTENTS),
                 max_size=9)  # fmt: skip


def zip_of(files: list[tuple[str, bytes]], method: int) -> bytes:
    """A zip, in which a name may occur twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file, warnings.catch_warnings(action="ignore"):
        for name, data in files:
            file.writestr(zipfile.ZipInfo(name or "x"), data, method)
    return buffer.getvalue()


def tar_of(files: list[tuple[str, bytes]], kind: int) -> bytes:
    """A tar, in which a name may occur twice."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as file:
        for name, data in files:
            info = tarfile.TarInfo(name.replace("\0", "~"))
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """A real archive of any kind, then damaged, forged, cut, or packed into another."""
    files = draw(FILES)
    kind = draw(st.sampled_from(["zip", "stored", "bzip2", "pax", "gnu"]))
    method = {"stored": zipfile.ZIP_STORED, "bzip2": zipfile.ZIP_BZIP2}.get(
        kind, zipfile.ZIP_DEFLATED
    )
    data = tar_of(files, tarfile.PAX_FORMAT if kind == "pax" else tarfile.GNU_FORMAT) if kind in ("pax", "gnu") else zip_of(files, method)  # fmt: skip
    data = draw(st.sampled_from([lambda d: d, forged(draw)]))(data)
    if draw(st.booleans()):
        data = gzip.compress(data)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(["in.zip", "in.tar.gz", "lenet.zip"]))
        data = draw(st.sampled_from([zip_of([(name, data)], zipfile.ZIP_DEFLATED), tar_of([(name, data)], tarfile.PAX_FORMAT)]))  # fmt: skip
    spoilt = bytearray(data)
    for place, value in draw(
        st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=4)
    ):
        spoilt[place % len(spoilt)] = value
    return bytes(spoilt[: draw(st.just(len(spoilt)) | st.integers(0, len(spoilt)))])


def forged(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Other sizes, kinds, flags and counts in the directory of a zip; members repeated in a tar."""
    number = draw(st.sampled_from([0, 1, 3000, 2**20, 2**31, 2**32 - 1]))
    field = draw(st.sampled_from([(8, "<H"), (10, "<H"), (20, "<I"), (24, "<I"), (28, "<H"), (30, "<H"),
                                  (38, "<I"), (42, "<I")]))  # fmt: skip
    end = draw(st.sampled_from([None, (8, "<H"), (10, "<H"), (12, "<I"), (16, "<I"), (20, "<H")]))

    def forge(data: bytes) -> bytes:
        made, at = bytearray(data), -1
        while (at := made.find(b"PK\x01\x02", at + 1)) >= 0 and at + 46 <= len(made):
            offset, form = field
            struct.pack_into(form, made, at + offset, number % 2 ** (8 * struct.calcsize(form)))
        if end and (at := made.rfind(b"PK\x05\x06")) >= 0 and at + 22 <= len(made):
            offset, form = end
            struct.pack_into(form, made, at + offset, number % 2 ** (8 * struct.calcsize(form)))
        return bytes(made) if made[:2] == b"PK" else bytes(made[:-1024] * 3)

    return forge


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class with an honest student."""
    root = tmp_path_factory.mktemp("class")
    (root / "ada").mkdir()
    (root / "ada" / "lenet.py").write_bytes(CODE)
    return root


@contextlib.contextmanager
def small_caps() -> Iterator[None]:
    """Caps that small archives reach are in force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "SUBMISSION", SMALL)
        yield


def within(submission: Submission, caps: Caps) -> None:
    """What was taken in keeps to the caps, has names that lie inside, and can be sent into a box."""
    files = submission.files
    assert len(files) <= caps.members
    assert sum(map(len, files.values())) <= caps.total_bytes
    assert max(map(len, files.values()), default=0) <= caps.file_bytes
    assert sum(len(name.encode()) for name in files) <= caps.names_bytes
    for name in files:
        assert os.path.normpath(f"/box/{name}") == f"/box/{name}"
        assert name.count("/") < caps.depth
        assert max(len(part.encode()) for part in name.split("/")) <= 255
    assert submission.entry is None or submission.entry in files
    assert submission.digest == digest_files(files)
    assert len(submission.notes) <= reading.NOTES + 1
    for note in submission.notes:
        assert len(note) < 700
        assert note.isprintable()
    list(wire.encode({"do": "files", "names": list(files)}))


@given(
    data=archives() | st.binary(max_size=300) | st.builds(lambda d: b"PK\x05\x06" + d, st.binary()),
    suffix=st.sampled_from([".zip", ".tar", ".tar.gz", ".tgz"]),
    place=st.sampled_from(["eve", "eve/hw"]),
)
@example(data=zip_of([("lenet.py", CODE), *((f"{n}", bytes(1999)) for n in range(4))], 8), suffix=".zip", place="eve")  # fmt: skip
def test_any_archive_is_taken_or_refused(
    class_: Path, data: bytes, suffix: str, place: str
) -> None:
    """An archive, loose or in a folder, becomes a submission within caps; the class is complete."""
    path = class_ / f"{place}{suffix}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with small_caps():
            given_in = collect.read_class(class_, ASKED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        path.unlink()
        if path.parent != class_:
            path.parent.rmdir()
    found = {s.student: s for s in given_in}
    assert found["ada"].files == {"lenet.py": CODE}
    assert set(found) == {"ada", "eve"}
    within(found["eve"], SMALL)
    assert peak < 9 * MIB + 12 * len(data), "one chunk of output, the archive, and what it holds"


@given(data=archives() | st.binary(max_size=300))
def test_any_archive_of_a_class_is_a_class_or_refused(class_: Path, data: bytes) -> None:
    """The instructor's own archive: submissions, or one sentence that names it."""
    path = class_ / "all.zip"
    path.write_bytes(data)
    try:
        with small_caps():
            found = collect.read_class(path, ASKED)
    except UsageError as error:
        text = str(error)
    else:
        text = f"{path}."
        names = [s.student for s in found]
        assert len(set(names)) == len(names)
        for submission in found:
            within(submission, SMALL)
    finally:
        path.unlink()
    assert str(path) in text
    assert text.endswith(".")


@given(data=archives() | st.binary(max_size=300))
def test_one_archive_is_checked_or_refused(class_: Path, data: bytes) -> None:
    """A student's own check of an archive: a submission, or one sentence."""
    path = class_ / "mine.zip"
    path.write_bytes(data)
    try:
        with small_caps():
            within(collect.read_one([path], ASKED, student="you"), SMALL)
    except UsageError as error:
        assert str(path) in str(error)  # noqa: PT017 - either is right
    finally:
        path.unlink()


# ---------------------------------------------------------------------- what the examples found


def test_small_members_do_not_evade_the_ratio(tmp_path: Path) -> None:
    """Members below the size at which each is looked at are a bomb together."""
    bomb = zipped({f"{n}.bin": bytes(7 * MIB) for n in range(20)} | GOOD)
    assert len(bomb) < MIB
    (tmp_path / "ada.zip").write_bytes(bomb)
    (submission,) = collect.read_class(tmp_path, AskedFiles(entry="lenet"))
    assert submission.files == {}
    assert "`ada.zip` would grow more than 200-fold when unpacked." in submission.notes


def test_names_alone_are_no_bomb(tmp_path: Path) -> None:
    """Two thousand files of very long names fit into the one head with which they enter a box."""
    long = "/".join(["é" * 120] * 4)
    submission = alone(tmp_path, {f"{long}/{n}\x01": b"" for n in range(1990)} | GOOD)
    within(submission, SUBMISSION)
    assert submission.entry == "lenet.py"
    assert "all names together may have 524,288 bytes" in said(submission)


def test_refused_names_are_not_kept_whole() -> None:
    """Thousands of names of 60,000 characters pack to nothing, and take next to no memory."""
    name = b"x" * 60_000
    member = (
        header(kind=b"L", size=b"%011o\0" % len(name), name=b"l") + name + bytes(-len(name) % 512)
    )
    member += header(kind=b"0", size=b"%011o\0" % 0, name=b"y")
    data = b"".join(member.replace(b"x" * 8, b"%08d" % n, 1) for n in range(300))
    tracemalloc.start()
    try:
        listing = archive.list_archive(io.BytesIO(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(listing.refused) == 300
    assert peak < MIB


@pytest.mark.parametrize("size", [SUBMISSION.file_bytes, 2**35 - 1])
def test_a_tar_reserves_nothing_for_what_it_announces(tmp_path: Path, size: int) -> None:
    """A file of 64 MiB, or of 32 GiB, is announced by a header of 512 bytes."""
    path = tmp_path / "x.tar"
    path.write_bytes(header(kind=b"0", size=b"%012o" % size, name=b"lenet.py"))
    tracemalloc.start()
    try:
        with path.open("rb") as file, pytest.raises(Refused, match="ends too early"):
            archive.list_archive(file)
        assert tracemalloc.get_traced_memory()[1] < 3 * MIB
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------- folders that change


def test_a_file_that_grows_is_refused_or_read_once(tmp_path: Path) -> None:
    """Looked at small, read large: over the cap it is refused by name, below it is what is hashed."""
    (tmp_path / "lenet.py").write_bytes(b"x")
    with folder.open_root(tmp_path) as root:
        grow(tmp_path, folder.list_folder(root))


def grow(tmp_path: Path, listing: Listing) -> None:
    member = listing.members["lenet.py"]
    (tmp_path / "lenet.py").write_bytes(b"y" * 5000)
    assert member.size == 1
    with pytest.raises(Refused, match="has more than the 4,999 bytes allowed"):
        member.read(4999)
    assert member.read(5000) == b"y" * 5000
    (tmp_path / "lenet.py").write_bytes(b"")
    assert member.read(5000) == b""
    (tmp_path / "lenet.py").unlink()
    with pytest.raises(Refused, match="is no longer there"):
        member.read(5000)


def test_what_is_hashed_is_what_is_graded(tmp_path: Path) -> None:
    """Changed after it was taken in, a file is neither run nor hashed in its new form."""
    submission = alone(tmp_path, GOOD)
    for path in (tmp_path / "class" / "ada").iterdir():
        path.write_bytes(b"changed")
    assert submission.files == GOOD
    assert submission.digest == digest_files(GOOD)


@pytest.mark.skipif(sys.platform != "linux", reason="it takes files of Linux's own")
def test_an_endless_file_is_cut(tmp_path: Path) -> None:
    """A file that says it is empty and gives bytes without end is read to its cap and refused."""
    with pytest.raises(Refused, match="is not a regular file"):
        folder.read_path(Path("/dev/zero"), 1000)
    with pytest.raises(Refused, match="has more than the 10 bytes allowed"):
        folder.read_path(Path("/proc/self/stat"), 10)


def test_a_folder_of_very_many_files_is_not_listed_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more names are kept than are looked at; the student is told, the others are graded."""
    monkeypatch.setattr(folder, "SUBMISSION", SMALL)
    for n in range(60):
        (tmp_path / "class" / "eve" / f"{n}").mkdir(parents=True)
    (tmp_path / "class" / "ada").mkdir()
    (tmp_path / "class" / "ada" / "lenet.py").write_bytes(CODE)
    found = {
        s.student: s for s in collect.read_class(tmp_path / "class", AskedFiles(entry="lenet"))
    }
    assert found["ada"].entry == "lenet.py"
    assert "`eve` holds more than 30 names." in said(found["eve"])
    with folder.open_root(tmp_path / "class" / "eve") as root:
        assert len(folder._list_entries(root, 10)) == 11


@given(st.text(st.characters(exclude_categories=()), max_size=300) | NAMES)
def test_shown_names_are_printable_and_short(raw: str) -> None:
    """What stands in a sentence about a file is short, visible and closes no quotes."""
    text = show_name(raw)
    assert "`" not in text
    assert text.isprintable()
    assert len(text) <= 800
    try:
        name = clean(raw)
    except Refused as refused:
        assert str(refused).startswith("has a")  # noqa: PT017 - either is right
    else:
        assert len(name.encode()) <= 1024
