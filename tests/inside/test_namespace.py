"""Loading a student's module, and finding the line that went wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.inside.loading import namespace, reading
from grader.inside.loading.definitions import Selection


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty submission folder; what loading changes in this process is put back."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(reading, "unread", None)
    monkeypatch.setattr(reading, "selection", Selection())
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load(folder: Path, source: str | bytes, name: str = "lenet.py") -> dict:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    return namespace.load(str(folder), name)


def describe(folder: Path, source: str | bytes, name: str = "lenet.py") -> dict:
    """What is told of a module that cannot be loaded, or stopped before its end."""
    try:
        load(folder, source, name)
        error = reading.unread
    except BaseException as caught:
        error = caught
    assert error is not None
    return namespace.describe_error(error, str(folder))


def test_a_module_is_named_after_its_file(folder):
    names = load(folder, "import sys\nme = sys.modules[__name__]\nmain = __name__ == '__main__'\n")
    assert names["__name__"] == "lenet"
    assert names["__file__"] == str(folder / "lenet.py")
    assert names["me"].__dict__ is names
    assert names["main"] is False


def test_other_files_can_be_imported_from_their_folders(folder):
    (folder / "parts").mkdir()
    (folder / "parts" / "helper.py").write_text("factor = 3")
    (folder / "top.py").write_text("factor = 4")
    names = load(
        folder, "from helper import factor as near\nfrom top import factor", "parts/net.py"
    )
    assert (names["near"], names["factor"]) == (3, 4)


def test_a_dataclass_and_a_pickle_find_their_module(folder):
    source = """
from __future__ import annotations
import pickle
from dataclasses import dataclass
@dataclass
class Point:
    x: int
copy = pickle.loads(pickle.dumps(Point(3)))
"""
    assert load(folder, source)["copy"].x == 3


def test_a_file_named_like_a_library_does_not_replace_it(folder):
    names = load(folder, "x = 1", "numpy.py")
    assert sys.modules["numpy"] is np
    assert names["__name__"] == "_students_numpy"


@pytest.mark.parametrize(
    "source", [b"\xef\xbb\xbfx = '\xc3\xa9'\n", b"# coding: latin-1\nx = '\xe9'\n"]
)
def test_byte_order_marks_and_encodings_are_understood(folder, source):
    assert load(folder, source)["x"] == "é"


def test_our_future_imports_are_not_the_students(folder):
    assert load(folder, "def f(a: int): pass")["f"].__annotations__ == {"a": int}


# ---------------------------------------------------------------------- errors


def test_the_last_line_that_is_the_students_is_named(folder):
    found = describe(folder, "import json\ndef f(text):\n    return json.loads(text)\nf('{')\n")
    assert found["kind"] == "JSONDecodeError"
    assert (found["file"], found["line"], found["where"]) == ("lenet.py", 3, "f")
    assert found["code"] == "return json.loads(text)"


def test_a_method_is_named_with_its_class(folder):
    found = describe(folder, "class Net:\n    def forward(self):\n        1 / 0\nNet().forward()")
    assert found["where"] == "Net.forward"


def test_a_syntax_error_in_another_file_names_that_file(folder):
    (folder / "other.py").write_text("x = (\n\ny = 2")
    found = describe(folder, "import other")
    assert found["kind"] == "SyntaxError"
    assert found["file"] == "other.py"


def test_tabs_and_spaces_are_named(folder):
    found = describe(folder, "if 1:\n\tx = 1\n        y = 2\n")
    assert (found["kind"], found["line"]) == ("TabError", 3)


def test_a_file_that_is_not_utf_8_is_told_so(folder):
    found = describe(folder, b"x = 'caf\xe9'\n")
    assert "UTF-8" in found["message"]
    assert found["file"] == "lenet.py"


def test_a_nul_byte_is_an_error_not_a_crash(folder):
    assert describe(folder, b"x = 1\0\n")["kind"] in ("ValueError", "SyntaxError")


def test_exit_is_explained(folder):
    found = describe(folder, "x = 1\nexit()")
    assert (found["kind"], found["line"]) == ("SystemExit", 2)
    assert "exit()" in found["message"]


def test_deep_recursion_names_the_function(folder):
    found = describe(folder, "def f():\n    return f()\nf()")
    assert (found["kind"], found["where"]) == ("RecursionError", "f")


def test_an_error_without_a_students_frame_has_no_place(folder):
    found = namespace.describe_error(KeyError("x"), str(folder))
    assert found == {"kind": "KeyError", "message": "'x'"}


def test_folders_of_the_box_are_left_out_of_messages(folder):
    found = describe(folder, f"open({str(folder / 'missing.txt')!r})")
    assert found["message"].endswith("'missing.txt'")


@pytest.mark.parametrize(
    "body",
    [
        "def __str__(self): raise ValueError",
        "def __str__(self): return 'x' * 10**7",
        "def __str__(self): return chr(0xD800)",
        "def __str__(self): return 7",
        "def __str__(self): raise SystemExit",
        "def __str__(self): return Text('x')",
        "__class__ = property(lambda self: 1 / 0)",
        "def __getattribute__(self, name): raise OSError",
    ],
)
def test_exotic_exceptions_can_be_shown(folder, body):
    source = f"""
class Text(str):
    def __getitem__(self, key): raise OSError
    def encode(self, *args): raise OSError
    def replace(self, *args): raise OSError
class Odd(Exception):
    {body}
raise Odd("x")
"""
    found = describe(folder, source)
    assert isinstance(found["message"], str)
    assert len(found["message"]) <= namespace.MESSAGE_CAP
    found["message"].encode()


def test_a_syntax_error_with_odd_fields_can_be_shown(folder):
    source = "error = SyntaxError(7)\nerror.lineno = 'x'\nerror.text = 3\nerror.filename = b'y'\nraise error"
    assert describe(folder, source)["kind"] == "SyntaxError"


@given(st.text(alphabet=st.characters(exclude_categories=[])), st.integers(0, 50))
def test_cleaned_text_is_short_and_can_be_encoded(text, cap):
    found = namespace.clean(text, cap)
    assert len(found) <= cap
    found.encode()


# ---------------------------------------------------------------------- placing files


def contents(*items: bytes) -> list:
    return [np.frombuffer(item, np.uint8) for item in items]


def test_files_are_placed_with_their_folders(tmp_path):
    assert namespace.place_files(str(tmp_path), ["a.py", "b/c/d.txt"], contents(b"1", b"")) == []
    assert (tmp_path / "a.py").read_bytes() == b"1"
    assert (tmp_path / "b" / "c" / "d.txt").read_bytes() == b""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/x",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "a/",
        "a\0b",
        "x" * 300,
        "a/" * 3000 + "b",
        "\ud800",
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    assert namespace.place_files(str(tmp_path / "in"), [name], contents(b"1")) == [name]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("part", ["..\\x", "C:", "a:stream", "a.", "a ", "a?b", "a|b"])
def test_what_windows_takes_for_another_place_is_refused_there(part):
    """Elsewhere these are names like any others."""
    assert namespace._is_odd(part, "nt")
    assert not namespace._is_odd(part, "posix")


def test_a_file_that_stands_in_the_way_of_another_is_kept(tmp_path):
    names = ["a", "a/b", "a"]
    assert namespace.place_files(str(tmp_path), names, contents(b"1", b"2", b"3")) == ["a/b", "a"]
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert namespace.place_files(str(tmp_path), ["link"], contents(b"1")) == ["link"]
    assert not (tmp_path / "target").exists()


def test_what_was_skipped_before_an_error_is_still_told(folder, monkeypatch):
    """Where definitions only are taken, the statements above the one that raised were judged once."""
    monkeypatch.setattr(reading, "only_definitions", True)
    names = load(
        folder, "net = train()\nsize = int('x')\nother = net\ndef double(a): return 2 * a\n"
    )
    assert names["double"](3) == 6
    assert isinstance(reading.unread, ValueError)
    for name, line in {"net": 1, "other": 3}.items():
        told = reading.selection.explain(name)
        assert f"lenet.py, line {line} (" in told
        assert told.endswith("since this assignment takes definitions only")
    assert reading.selection.explain("size") == "lenet.py, line 2 (`size = int('x')`) failed"


@pytest.mark.parametrize("deep", [0, 1, 2, 3])
def test_of_an_endless_recursion_the_same_line_is_told(folder: Path, deep: int) -> None:
    """However deep the stack was before: the last line of those that go round."""
    source = "def f(x):\n    return g(x)\n\n\ndef g(x):\n    return f(x)\n\n\n"
    for number in range(deep):
        source += f"def h{number}():\n    return {'f(1)' if not number else f'h{number - 1}()'}\n"
    told = describe(folder, source + (f"h{deep - 1}()" if deep else "f(1)"))
    assert (told["kind"], told["line"], told["code"]) == ("RecursionError", 6, "return f(x)")


def test_an_interrupt_is_placed_at_the_top_level(folder: Path) -> None:
    """Which line of a function it meets is chance; elsewhere it is the line that raised."""
    source = "def run():\n    raise KeyboardInterrupt\nwhile True:\n    run()\n"
    found = describe(folder, source)
    assert (found["line"], found["code"]) == (4, "run()")
    names = load(folder, "def run():\n    raise KeyboardInterrupt\n", "other.py")
    with pytest.raises(KeyboardInterrupt) as error:
        names["run"]()
    assert namespace.describe_error(error.value, str(folder))["line"] == 2
