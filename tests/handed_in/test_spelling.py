"""Names and code that lost their form on the way: found as a person would find them."""

from __future__ import annotations

import json
import os
import struct
import unicodedata
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions import code_pages, collect, reading
from grader.submissions.names import is_ignored
from grader.submissions.spelling import read_labels
from kit.archives import CODE, GOOD, alone, said, take, tarred, write, zipped
from kit.packed import Raw, in_bytes


@pytest.mark.parametrize("flagged", [False, True])
@pytest.mark.parametrize(
    ("page", "word"),
    [
        ("gbk", "网络"),
        ("cp932", "モデル"),
        ("cp932", "ソース"),  # its second byte is a backslash
        ("big5", "網路"),
        ("cp949", "모델"),
        ("cp866", "модель"),
        ("cp1251", "сеть"),
        ("cp850", "größe"),
        ("cp1252", "modèle"),
        ("cp852", "siec_ł"),
        ("mac_roman", "größe"),
        ("cp437", "größe"),
    ],
)
def test_a_helper_in_another_code_page(
    tmp_path: Path, page: str, word: str, *, flagged: bool
) -> None:
    """It is found by the name that the code imports, and what was guessed is said."""
    code = f"from {word} import LeNet5\n".encode()
    files = {"lenet.py": code, f"{word}.py": CODE, "lenet.pt": b"w"}
    write(tmp_path / "class", {"ada.zip": in_bytes(files, page, flagged=flagged)})
    submission = take(tmp_path / "class")["ada"]
    assert submission.files == files
    assert f"`{word}.py`" in said(submission)
    assert "guess" in said(submission) or "for which your code asks" in said(submission)


def test_a_code_page_without_a_word_of_it_in_the_code(tmp_path: Path) -> None:
    """The likeliest reading is taken; one for all names."""
    names = ["作业/网络.csv", "作业/训练.csv"]
    files = dict.fromkeys(names, b"1") | {"作业/lenet.py": CODE}
    write(tmp_path / "class", {"ada.zip": in_bytes(files, "gbk")})
    submission = take(tmp_path / "class")["ada"]
    assert submission.files.keys() == {"lenet.py", "网络.csv", "训练.csv"}
    assert "were read as GBK, which is a guess" in said(submission)
    assert "Pack the files with a program that writes names as UTF-8." in said(submission)


def test_the_name_that_info_zip_adds(tmp_path: Path) -> None:
    """Where the zip says the name in UTF-8 besides, nothing is guessed."""
    raw = "größe.py".encode("cp850")
    field = b"\1" + struct.pack("<L", zlib.crc32(raw)) + "größe.py".encode()
    buffer = BytesIO(zipped(GOOD))
    with zipfile.ZipFile(buffer, "a") as file:
        info = Raw("größe.py").name(raw, 0)
        info.extra = struct.pack("<HH", 0x7075, len(field)) + field
        file.writestr(info, CODE)
    write(tmp_path / "class", {"ada.zip": buffer.getvalue()})
    submission = take(tmp_path / "class")["ada"]
    assert submission.files.keys() == {*GOOD, "größe.py"}
    assert submission.notes == ()


def test_a_tar_in_another_code_page(tmp_path: Path) -> None:
    """As the zip."""
    code = "import größe\n".encode()
    data = tarred({"lenet.py": code, os.fsdecode("größe.py".encode("latin-1")): CODE})
    write(tmp_path / "class", {"ada.tar": data})
    assert take(tmp_path / "class")["ada"].files == {"lenet.py": code, "größe.py": CODE}


DECOMPOSED = unicodedata.normalize("NFD", "größe")
HARMED = {
    "decomposed": DECOMPOSED,
    "bytes": os.fsdecode("größe".encode("latin-1")),
    "read as code page 437": "größe".encode().decode("cp437"),
    "read as Latin-1": "größe".encode().decode("latin-1"),
    "read as Windows-1252": "größe".encode("cp850").decode("cp1252"),
    "as macOS unpacks": "gr%F6%DFe",
    "percent UTF-8": "gr%C3%B6%C3%9Fe",
    "as unzip writes": "gr#U00f6#U00dfe",
    "a blank at the end": "größe ",
}


@pytest.mark.parametrize("kind", ["file", "folder", "data"])
@pytest.mark.parametrize("name", HARMED.values(), ids=HARMED)
def test_names_that_were_harmed_on_the_way(tmp_path: Path, name: str, kind: str) -> None:
    """Modules, packages and data are found by the name that the code has for them."""
    code, wanted, lies = {
        "file": ("import größe", "größe.py", f"{name}.py"),
        "folder": ("from größe.net import x", "größe/net.py", f"{name}/net.py"),
        "data": ("open('daten/größe.csv')", "daten/größe.csv", f"daten/{name}.csv"),
    }[kind]
    source = f"{code}\n".encode()
    submission = alone(tmp_path, {"lenet.py": source, lies: b"1", "lenet.pt": b"w"})
    assert submission.files == {"lenet.py": source, wanted: b"1", "lenet.pt": b"w"}
    certain = name == DECOMPOSED or (name.endswith(" ") and kind == "folder")
    assert (submission.notes == ()) == certain


def test_code_that_has_the_letters_apart(tmp_path: Path) -> None:
    """A name in quotes that was pasted from a Mac finds the file as it is."""
    code = f"open('{DECOMPOSED}.txt'); import größe\n".encode()
    files = {"lenet.py": code, f"{DECOMPOSED}.txt": b"1", f"{DECOMPOSED}.py": b"2"}
    found = alone(tmp_path, {**files, "lenet.pt": b"w"}).files
    assert found.keys() == {"lenet.py", "lenet.pt", f"{DECOMPOSED}.txt", "größe.py"}


def test_a_notebook_is_read_for_the_names_it_asks_for(tmp_path: Path) -> None:
    """Imports of cells, and files after a magic."""
    cells = [
        {"cell_type": "code", "source": ["%run größe.py\n"]},
        {"cell_type": "code", "source": "from übung import x"},
    ]
    book = json.dumps({"cells": cells, "nbformat": 4}).encode()  # with \u00fc
    harmed = {HARMED["bytes"] + ".py": b"1", "%FCbung.py": b"2"}
    submission = alone(tmp_path, {"lenet.ipynb": book, "lenet.pt": b"w", **harmed})
    assert submission.files.keys() == {"lenet.ipynb", "lenet.pt", "größe.py", "übung.py"}


@pytest.mark.parametrize(
    "name", ["net (1).py", "Net.py", "net-1 (copy).py", "net.py.txt", "net.PY"]
)
def test_a_helper_with_marks_of_a_copy(tmp_path: Path, name: str) -> None:
    """It is taken for the module that the code imports, if nothing else can be meant."""
    expected = name != "net-1 (copy).py"
    code = b"from net import LeNet5\n"
    submission = alone(tmp_path, {"lenet.py": code, name: CODE, "lenet.pt": b"w"})
    assert ("net.py" in submission.files) == expected
    words = f"`{name}` was taken as `net.py`, for which your code asks. Please hand it in under"
    assert (words in said(submission)) == expected


@pytest.mark.parametrize(
    "files",
    [
        {"net.py": b"1", "net (1).py": b"2"},
        {"net (2).py": b"1", "net (1).py": b"2"},
        {"net/__init__.py": b"", "net (1).py": b"2"},
    ],
)
def test_helpers_that_nobody_can_tell_apart(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Where the name is there, or several could be meant, each keeps its own."""
    every = {"lenet.py": b"import net\n", "lenet.pt": b"w", **files}
    assert alone(tmp_path, every).files == every


def test_a_module_of_python_is_not_looked_for(tmp_path: Path) -> None:
    """A file is not renamed so that it hides what the code imports."""
    every = {"lenet.py": b"import random, torch\n", "Random.py": b"1", "torch (1).py": b"2"}
    assert alone(tmp_path, every).files == every


def test_two_forms_of_one_name_are_two_files(tmp_path: Path) -> None:
    """None takes the place of the other."""
    every = {"lenet.py": CODE, "größe.py": b"1", f"{DECOMPOSED}.py": b"2"}
    assert alone(tmp_path, every).files == every


def test_a_reading_never_leads_out(tmp_path: Path) -> None:
    """What comes out of bytes is a name inside, or is not used."""
    names = ("%2e%2e%2fx.py", "%2fetc%2fpasswd", "a%00b.py", "#U002f#U002e#U002e.py")
    code = b"open('../x.py'); open('..'); open('/etc/passwd'); open('a\0b.py'); import x\n"
    submission = alone(tmp_path, {"lenet.py": code, **dict.fromkeys(names, b"x")})
    for name in submission.files:
        assert os.path.normpath(f"/base/{name}").startswith("/base/")
    assert len(submission.files) == len(names) + 1


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=20)
        .map(lambda n: n.replace("\\", ""))
        .filter(lambda n: n.strip(" .") and len(n.encode()) < 200 and not n.startswith(".")),
        st.binary(max_size=10),
        max_size=6,
    )
)
def test_no_file_is_lost(files: dict[str, bytes]) -> None:
    """Whatever the names are, every content is there once, code as UTF-8."""
    data = zipped({"lenet.py": CODE, **{f"d/{n}": c for n, c in files.items()}})
    submission = reading.read_hand_in(
        collect.HandIn(
            student="ada",
            members={"a.zip": collect.Member(size=len(data), read=lambda _: data)},
            archive="a.zip",
        ),
        collect.AskedFiles(entry="lenet"),
    )
    kept = [
        ((n.lower().endswith(ENTRY_SUFFIXES) and code_pages.read_source(c)) or (c,))[0]
        for n, c in files.items()
        if not is_ignored(n)
    ]
    assert sorted(submission.files.values()) == sorted([CODE, *kept])


# Students


def test_students_in_two_forms_are_told_apart(tmp_path: Path) -> None:
    """Folders that look the same have a row each, and one says that there are two."""
    for form in ("NFC", "NFD"):
        write(tmp_path / unicodedata.normalize(form, "Zoë"), GOOD)
    found = take(tmp_path)
    assert list(found) == ["Zoë", "Zoë (2)"]
    assert [s.files for s in found.values()] == [GOOD, GOOD]
    assert "There is more than one submission of `Zoë`." in said(found["Zoë (2)"])


def test_students_in_an_archive_of_another_code_page(tmp_path: Path) -> None:
    """Their names are text, read in the same code page, and each is told that this is a guess."""
    files = {f"{s}/lenet.py": CODE for s in ("张三", "李四", "ada")}
    path = tmp_path / "class.zip"
    path.write_bytes(in_bytes(files, "gbk"))
    found = take(path)
    assert found.keys() == {"ada", "张三", "李四"}
    assert "read as GBK, which is a guess" in said(found["张三"])
    assert "guess" not in said(found["ada"])
    assert read_labels({"ada", "Zoe\u0308 "})[0] == {"ada": "ada", "Zoe\u0308 ": "Zoë"}


# Code


SOURCE = '# {}\nclass LeNet5:\n    """{}"""\n'
WRITTEN = [
    ("latin-1", "größe", "für Ziffern", "line 1, byte 0xf6: read as Windows-1252"),
    ("cp1252", "5 € “so”", "l’entrée", "line 1, byte 0x80: read as Windows-1252"),
    ("cp1252", "plain", "× ±0.5° ½", "line 3, byte 0xd7: read as Windows-1252"),
    ("gbk", "定义网络", "返回预测结果", "line 1, byte 0xb6: read as GBK"),
    ("cp932", "モデルの定義", "損失関数を計算する", "line 1, byte 0x83: read as Shift-JIS"),
    ("cp949", "모델 정의", "손실 함수를 계산", "line 1, byte 0xb8: read as EUC-KR"),
    ("big5", "定義網路", "計算損失函數", "line 1, byte 0xa9: read as Big5"),
    ("cp1251", "определение модели", "сеть", "line 1, byte 0xee: read as code page 1251"),
    ("cp1250", "definicja", "głębokie uczenie się", "line 3, byte 0xb3: read as code page 1250"),
    ("utf-16", "größe", "x", "line 1, byte 0xff: read as UTF-16"),
    ("utf-16-le", "plain", "x", "line 1, byte 0x23: read as UTF-16"),
    ("utf-32", "größe", "x", "line 1, byte 0xff: read as UTF-32"),
]


@pytest.mark.parametrize(("encoding", "comment", "text", "words"), WRITTEN)
@pytest.mark.parametrize("entry", ["lenet.py", "lenet.ipynb"])
def test_code_in_another_encoding(
    tmp_path: Path, entry: str, encoding: str, comment: str, text: str, words: str
) -> None:
    """It becomes UTF-8, and the note names file, line, byte and remedy."""
    code = SOURCE.format(comment, text)
    if entry == "lenet.ipynb":
        book = {"cells": [{"cell_type": "code", "source": code}], "nbformat": 4}
        code = json.dumps(book, ensure_ascii=False)
    submission = alone(tmp_path, {entry: code.encode(encoding), "lenet.pt": b"w"})
    assert submission.files[entry] == code.encode()
    if entry == "lenet.py":
        assert submission.notes == (f"`{entry}` is not UTF-8 ({words}). Save it as UTF-8.",)


@pytest.mark.parametrize("cookie", ["utf-8", "ascii", "nonsense", "utf-8-sig"])
def test_a_wrong_cookie_is_set_right(tmp_path: Path, cookie: str) -> None:
    """The first lines say the encoding that the file has now."""
    code = f"#!/usr/bin/python\n# -*- coding: {cookie} -*-\n# größe\n"
    submission = alone(tmp_path, {"lenet.py": code.encode("latin-1"), "lenet.pt": b"w"})
    made = submission.files["lenet.py"]
    compile(made, "lenet.py", "exec")
    assert made == code.replace(f"coding: {cookie}", "coding: utf-8").encode()


@pytest.mark.parametrize(
    ("cookie", "mark"),
    [
        ("utf8mb4", ""),
        ("mbcs", ""),
        ("ascii", ""),
        ("hex", ""),
        ("utf-16", ""),
        ("latin-1", "\ufeff"),
        ("cp1252", "\ufeff"),
    ],
)
@pytest.mark.parametrize("word", ["größe Ý", "plain"])
def test_utf_8_that_says_it_is_something_else(
    tmp_path: Path, cookie: str, mark: str, word: str
) -> None:
    """Where Python cannot read what the line says, it says what the file is, and the note why."""
    code = f"\n# -*- coding: {cookie} -*-\n# {word}\n"
    submission = alone(tmp_path, {"lenet.py": (mark + code).encode(), "lenet.pt": b"w"})
    made = submission.files["lenet.py"]
    compile(made, "lenet.py", "exec")
    if cookie == "ascii" and word == "plain":
        assert (made, submission.notes) == (code.encode(), ())
        return
    with pytest.raises(SyntaxError):
        compile((mark + code).encode(), "lenet.py", "exec")
    assert made == code.replace(f"coding: {cookie}", "coding: utf-8").encode()
    assert f"`lenet.py` says in line 2 that its encoding is `{cookie}`" in said(submission)


def test_code_that_is_as_it_says_stays(tmp_path: Path) -> None:
    """UTF-8, with or without a mark, and an encoding that the file names."""
    for number, content in enumerate(
        [
            "# größe\n".encode(),
            "# größe\n".encode("utf-8-sig"),
            "# coding: latin-1\n# größe\n".encode("latin-1"),
            "# coding: utf-8-unix\n# größe\n".encode(),
            "x = 1\n# coding: nonsense\n# größe\n".encode(),
            b"# coding: latin-1-unix\n# plain\n",
            b"\0\1\2 no text",
            bytes(range(128, 256)) + bytes(range(32)),
        ]
    ):
        submission = alone(tmp_path / str(number), {"lenet.py": content, "lenet.pt": b"w"})
        assert submission.files["lenet.py"] == content
        assert submission.notes == ()


def test_what_was_pasted_into_utf_8(tmp_path: Path) -> None:
    """Only the odd byte is read otherwise, whatever else stands there."""
    code = "# größe 网络\n".encode() + b"# it\xb4s\n"
    submission = alone(tmp_path, {"lenet.py": code, "lenet.pt": b"w"})
    assert submission.files["lenet.py"] == "# größe 网络\n# it´s\n".encode()
    assert "(line 2, byte 0xb4: read as Latin-1)" in said(submission)


def test_code_of_another_encoding_is_found_by_what_it_defines(tmp_path: Path) -> None:
    """UTF-16, as some shells write it, is read for the names asked for."""
    code = "class LeNet5: ...\ndef train(): ...\nrate = 1\n".encode("utf-16")
    submission = alone(tmp_path, {"hw3.py": code}, names=("LeNet5", "train", "rate"))
    assert submission.entry == "lenet.py"


@given(st.binary(max_size=300))
def test_any_bytes_are_code_or_stay(data: bytes) -> None:
    """What is converted can be decoded, and has as many lines."""
    if (read := code_pages.read_source(data)) is not None:
        text = read[0].decode()
        assert "line " in read[1]
        if data[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" not in data:
            assert text.count("\n") == data.count(b"\n")


@given(st.binary(max_size=60))
def test_any_bytes_are_a_name_or_none(data: bytes) -> None:
    """A guess is text of these bytes."""
    if (found := code_pages.guess(data, code_pages.NAMES)) is not None:
        assert found[0].encode(found[1]) == data or found[1] in ("cp932", "gbk", "big5", "cp949")
