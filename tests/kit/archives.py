"""Folders and archives as students hand them in, and what is taken of them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from grader.records.asked_files import AskedFiles
from grader.records.submission import Submission
from grader.submissions import collect

CODE = b"class LeNet5: ...\n"
ASKED = AskedFiles(entry="lenet", extra_files=("lenet.pt",))
GOOD = {"lenet.py": CODE, "lenet.pt": b"weights"}


def write(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in files.items():
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def tarred(
    files: Mapping[str, bytes], *more: tarfile.TarInfo, format_: int = tarfile.PAX_FORMAT
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as file:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        for info in more:
            file.addfile(info)
    return buffer.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def take(path: Path, **asked: Collection[str]) -> dict[str, Submission]:
    """What is taken in of a class; `asked` are fields of AskedFiles."""
    return {s.student: s for s in collect.read_class(path, replace(ASKED, **asked))}


def alone(root: Path, files: Mapping[str, bytes], **asked: Collection[str]) -> Submission:
    """The submission of `ada`, whose folder holds these files."""
    (root / "class" / "ada").mkdir(parents=True, exist_ok=True)
    write(root / "class" / "ada", files)
    return take(root / "class", **asked)["ada"]


def said(submission: Submission) -> str:
    return "\n".join(submission.notes)


def header(**fields: bytes) -> bytes:
    """A tar header with a right checksum, whatever stands in its fields."""
    places = {"name": 0, "size": 124, "kind": 156, "link": 157, "magic": 257, "prefix": 345}
    block = bytearray(512)
    for name, value in fields.items():
        block[places[name] : places[name] + len(value)] = value
    del block[512:]
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
