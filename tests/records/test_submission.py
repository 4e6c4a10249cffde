"""A submission's digest: one function, and always that of its files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.records.submission import Submission, digest_files


def test_digest() -> None:
    """The digest depends on names and contents and on where one ends; not on the order."""
    assert digest_files({"a": b"1", "b": b"2"}) == digest_files({"b": b"2", "a": b"1"})
    every = [{"a": b"1"}, {"a1": b""}, {"a": b"", "1": b""}, {"1": b"a"}, {"\udcff": b""}, {}]
    assert len({digest_files(d) for d in every}) == len(every)


def test_the_digest_fits_the_files() -> None:
    """Other files have another digest, other numbers the same; nobody can give a wrong one."""
    one = Submission(student="ada", files={"a.py": b"1"}, entry="a.py")
    assert one.digest == digest_files(one.files)
    other = replace(one, files={"a.py": b"2"})
    assert other.digest == digest_files(other.files) != one.digest
    assert replace(one, numbers={"side": 3}).digest == one.digest
    with pytest.raises(TypeError):
        Submission(student="ada", files={}, entry=None, digest="0")  # type: ignore[call-arg]
