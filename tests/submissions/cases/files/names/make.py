"""A helper whose name lost its form on the way, and code that imports it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from kit.packed import NETWORK, WEIGHTS, import_from, in_bytes, lay, notebook


def make(folder: Path) -> None:
    """One student for each way in which a name is lost."""
    zips = {
        "backslash": ({"work\\": b"", "work\\lenet.py": NETWORK, "work\\lenet.pt": WEIGHTS}, "ascii"),
        "backslash_package": (
            {
                "work\\lenet.py": import_from("net.model"),
                "work\\net\\__init__.py": b"",
                "work\\net\\model.py": NETWORK,
                "work\\lenet.pt": WEIGHTS,
            },
            "ascii",
        ),
        "gbk": (with_helper("网络"), "gbk"),
        "shift_jis": (with_helper("ソース"), "cp932"),
        "cyrillic": (with_helper("модель"), "cp866"),
        "macos": (
            {unicodedata.normalize("NFD", f"Übung 1/{n}"): d for n, d in with_helper("größe").items()}
            | {"__MACOSX/._lenet.py": b"x", "Übung 1/.DS_Store": b"x"},
            "utf-8",
        ),
    }
    for student, (files, page) in zips.items():
        (folder / f"{student}.zip").write_bytes(in_bytes(files, page))
    (folder / "flag_that_lies.zip").write_bytes(
        in_bytes(with_helper("模型"), "gbk", flagged=True)
    )
    decomposed = unicodedata.normalize("NFD", "modèles")
    lay(folder / "package", {"lenet.py": import_from("modèles.net"), f"{decomposed}/net.py": NETWORK})
    helper = unicodedata.normalize("NFD", "größe")
    lay(folder / "notebook", {"lenet.ipynb": notebook(import_from("größe")), f"{helper}.py": NETWORK})
    unpacked = "größe".encode().decode("cp437")
    lay(folder / "unpacked", {"lenet.py": import_from("größe"), f"{unpacked}.py": NETWORK})
    raw = os.fsdecode("größe".encode("latin-1"))
    lay(folder / "raw_bytes", {"lenet.py": import_from("größe"), f"{raw}.py": NETWORK})
    lay(folder / "second_download", {"lenet.py": import_from("net"), "net (1).py": NETWORK})


def with_helper(stem: str) -> dict[str, bytes]:
    """A submission whose class stands in a file of its own."""
    return {"lenet.py": import_from(stem), f"{stem}.py": NETWORK, "lenet.pt": WEIGHTS}
