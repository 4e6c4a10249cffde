"""The reference of lenet5_mnist, packed and spread over files as students do."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from kit.places import ROOT

REFERENCE = ROOT / "reference/lenet5_mnist"
NETWORK = (REFERENCE / "lenet.py").read_bytes()
WEIGHTS = (REFERENCE / "lenet.pt").read_bytes()
UTF_8 = 0x800
"""The flag of a zip's entry whose name is UTF-8."""


class Raw(zipfile.ZipInfo):
    """An entry whose name stands in the zip as these bytes, whatever its flag says."""

    raw: bytes
    flags: int

    def name(self, raw: bytes, flags: int) -> Raw:
        self.raw, self.flags = raw, flags
        return self

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own
        return self.raw, self.flags


def in_bytes(files: Mapping[str, bytes], page: str, *, flagged: bool = False) -> bytes:
    """A zip whose names are in a code page, with or without the flag that says UTF-8."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in files.items():
            raw = name.encode(page)
            flags = UTF_8 if flagged and not raw.isascii() else 0
            file.writestr(Raw(name).name(raw, flags), content)
    return buffer.getvalue()


def import_from(module: str) -> bytes:
    """An entry that has its class from another file."""
    return f"from {module} import LeNet5\n".encode()


def notebook(code: bytes) -> bytes:
    """One cell with this code."""
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": code.decode()}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, ensure_ascii=False).encode()


def lay(folder: Path, files: Mapping[str, bytes]) -> None:
    """The files lie in the folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
