"""Layouts: which one a listing has, what a further one can say, and what is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.records import extensions
from grader.records.asked_files import AskedFiles
from grader.records.errors import GraderError, UsageError
from grader.submissions import collect
from grader.submissions.layouts import layout
from grader.submissions.layouts.layout import HandIn, Layout, recognise
from grader.submissions.layouts.plain import PLAIN
from grader.submissions.listing import SUBMISSION, Listing, Member
from grader.submissions.names import Refused
from kit.archives import ASKED, CODE, GOOD, said, take, write

Bring = Callable[[Layout], None]
FILE = re.compile(r"(?P<name>[a-z]+)_(?P<id>\d+)_(?P<file>.+)")


class Flat:
    """A flat folder as learning platforms pack it, with a table of groups and times beside it."""

    fallback = False

    def refuse(self, listing: Listing, _asked: AskedFiles) -> str:
        """It needs the table."""
        return "" if "table.json" in listing.members else "holds no table.json"

    def list_hand_ins(self, listing: Listing, _asked: AskedFiles) -> list[HandIn]:
        """Several files a student, under names that the platform made longer."""
        table = json.loads(listing.members["table.json"].read(1000))
        members: dict[str, dict[str, Member]] = {}
        for name, member in listing.members.items():
            if match := FILE.fullmatch(name):
                members.setdefault(match["id"], {})[match["file"]] = member
        return [
            HandIn(
                student=facts["name"],
                members=members.get(key, {}),
                received=facts["at"],
                late=facts["late"],
                notes=facts.get("notes", ()),
            )
            for key, facts in table.items()
        ]


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Bring:
    """A layout that stands beside ours, as one of another package's would."""

    def stand(brought: Layout) -> None:
        monkeypatch.setattr(layout, "load_layouts", lambda: {"plain": PLAIN, "brought": brought})

    return stand


def table(**more: object) -> bytes:
    facts = {"name": "Ada & Bob", "at": "2026-03-01T10:00:00+01:00", "late": True, **more}
    return json.dumps({"17": facts, "18": {"name": "Cyd", "at": None, "late": False}}).encode()


FLAT = {"ada_17_lenet.py": CODE, "bob_17_lenet.pt": b"weights", "table.json": table()}


def test_a_layout_that_was_brought_is_taken(tmp_path: Path, bring: Bring) -> None:
    """What it knows of each stands in the submission: files, time, lateness; nobody is left out."""
    bring(Flat())
    found = take(write(tmp_path, FLAT))
    assert list(found) == ["Ada & Bob", "Cyd"]
    pair, nobody = found.values()
    assert (pair.files, pair.entry, pair.late) == (GOOD, "lenet.py", True)
    assert pair.received == "2026-03-01T10:00:00+01:00"
    assert (nobody.files, nobody.received, nobody.late) == ({}, None, False)
    assert "No file was handed in." in said(nobody)


def test_what_it_does_not_recognise_is_plain(tmp_path: Path, bring: Bring) -> None:
    """Folders of students stay folders of students."""
    bring(Flat())
    assert list(take(write(tmp_path, {"ada/lenet.py": CODE}))) == ["ada"]


def test_several_of_one_label_are_told_apart(tmp_path: Path, bring: Bring) -> None:
    """Whichever layout names them, each has a row of its own."""
    bring(Flat())
    found = take(write(tmp_path, {**FLAT, "table.json": table(name="Cyd")}))
    assert list(found) == ["Cyd", "Cyd (2)"]
    assert found["Cyd (2)"].notes[-1] == "There is more than one submission of `Cyd`."


def listing(*names: str) -> Listing:
    made = Listing(SUBMISSION)
    for name in names:
        made.add(name, Member(size=0, read=lambda _cap: b""))
    return made


def test_two_that_recognise_a_listing_are_named() -> None:
    """Nobody decides by chance which of them is meant; what recognises all is not one of them."""
    layouts: dict[str, Layout] = {"plain": PLAIN, "one": Flat(), "other": Flat()}
    both = listing("table.json", "ada/lenet.py")
    with pytest.raises(Refused, match="could be of several sources: `one`, `other`"):
        recognise(both, ASKED, layouts)
    del layouts["other"]
    assert recognise(both, ASKED, layouts) == "one"
    assert recognise(listing("ada/lenet.py"), ASKED, layouts) == "plain"


def test_no_layout_at_all() -> None:
    """The one that is meant for anything says why not even it is right."""
    with pytest.raises(Refused, match="is one student's submission"):
        recognise(listing("lenet.py"), ASKED, {"flat": Flat(), "plain": PLAIN})


def test_a_table_that_cannot_be_read(tmp_path: Path, bring: Bring) -> None:
    """What the source itself wrote is read within a cap; the sentence names the path."""

    class Capped(Flat):
        def list_hand_ins(self, listing: Listing, _asked: AskedFiles) -> list[HandIn]:
            listing.members["table.json"].read(10)
            return []

    bring(Capped())
    with pytest.raises(UsageError) as caught:
        collect.read_class(write(tmp_path, FLAT), ASKED)
    assert str(caught.value) == f"{tmp_path} has more than the 10 bytes allowed."


@pytest.mark.parametrize("odd", [7, Flat, object()])
def test_what_is_no_layout_is_blamed(monkeypatch: pytest.MonkeyPatch, odd: object) -> None:
    """A class instead of an object, or anything else, is named with its package."""
    monkeypatch.setattr(extensions, "load", lambda _group, _name: odd)
    with pytest.raises(GraderError, match="the layout 'plain' of the grader itself lacks what a"):
        layout.load_layouts()


def test_ours_are_layouts() -> None:
    """Every one that the grader registers, by the name of its module."""
    layouts = layout.load_layouts()
    assert list(layouts)[:1] == ["plain"]
    assert all(isinstance(one, Layout) for one in layouts.values())
    assert [name for name, one in layouts.items() if one.fallback] == ["plain"]
