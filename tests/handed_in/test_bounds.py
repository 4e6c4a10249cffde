"""How much of one submission is looked at before anything runs: its code costs no more than that."""

from __future__ import annotations

import pytest

from grader.records.asked_files import AskedFiles
from grader.submissions import code_pages
from grader.submissions.contents import GUESSED, LARGE, READ_BYTES, Contents
from grader.submissions.listing import Member

ASKED = AskedFiles(entry="lenet", names=("LeNet5",))
PIECE = LARGE - 1


def make_contents(content: bytes, read: list[int]) -> Contents:
    def give(cap: int) -> bytes:
        assert len(content) <= cap
        read.append(len(content))
        return content

    members = {f"m{n}.py": Member(size=len(content), read=give) for n in range(40)}
    return Contents(members=members, asked=ASKED)


def ask_everything(contents: Contents) -> None:
    for name in contents.members:
        contents.defines(name)
        contents.defines_of(name)
        contents.imports(name)
        contents.builds_network(name)
        contents.read_code(name)


@pytest.mark.proof
def test_no_more_than_a_part_of_much_code_is_read_and_each_file_once() -> None:
    read: list[int] = []
    ask_everything(make_contents(b"x = 1\n" * (PIECE // 6), read))
    assert READ_BYTES - LARGE <= sum(read) <= READ_BYTES


def test_encodings_are_guessed_of_little_code(monkeypatch: pytest.MonkeyPatch) -> None:
    guessed: list[int] = []
    plain = code_pages.read_source

    def note(data: bytes) -> tuple[bytes, str] | None:
        guessed.append(len(data))
        return plain(data)

    monkeypatch.setattr(code_pages, "read_source", note)
    ask_everything(make_contents("# Größe\n".encode("cp1252") * (PIECE // 8), []))
    assert 0 < sum(guessed) <= GUESSED
