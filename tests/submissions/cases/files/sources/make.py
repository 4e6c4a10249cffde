"""The reference with a comment in letters that are not UTF-8, and no word about it."""

from __future__ import annotations

from pathlib import Path

from kit.packed import NETWORK, import_from, lay, notebook


def make(folder: Path) -> None:
    """One student for each encoding, in modules, notebooks and helpers."""
    network = NETWORK.decode().replace("→", "->").replace("×", "x")

    def write(comment: str) -> str:
        return f"# Ein Netz\n# {comment}\n{network}"

    lay(folder / "latin_1", {"lenet.py": write("größe").encode("latin-1")})
    lay(folder / "cp1252", {"lenet.py": write("5 € für “das Netz”").encode("cp1252")})
    lay(folder / "gbk", {"lenet.py": write("定义卷积神经网络").encode("gbk")})
    lay(folder / "utf_16", {"lenet.py": write("größe").encode("utf-16")})
    lay(folder / "utf_16_without_a_mark", {"lenet.py": write("plain").encode("utf-16-le")})
    wrong = "# -*- coding: utf-8 -*-\n" + write("größe")
    lay(folder / "wrong_cookie", {"lenet.py": wrong.encode("latin-1")})
    pasted = write("größe 网络 é").encode() + b"# it\xb4s\n"
    lay(folder / "pasted", {"lenet.py": pasted})
    unknown = "# -*- coding: mbcs -*-\n" + write("größe")
    lay(folder / "unknown_cookie", {"lenet.py": unknown.encode()})
    book = notebook(write("größe").encode()).decode()
    lay(folder / "notebook", {"lenet.ipynb": book.encode("cp1252")})
    lay(folder / "notebook_utf_16", {"lenet.ipynb": book.encode("utf-16")})
    helper = write("résumé du modèle").encode("cp1252")
    lay(folder / "helper", {"lenet.py": import_from("net"), "net.py": helper})
    cut = write("größe").replace("def forward(self,", "def forward(self").encode("latin-1")
    lay(folder / "does_not_parse", {"lenet.py": cut})
