"""Gradescope, "Download submissions": a folder for each submission, and a table beside them.

`submission_metadata.yml` names, for each folder such as `submission_147442588`, who submitted it,
several for a group, and when. Only the submission that counts is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from grader.records.asked_files import AskedFiles
from grader.records.extras import require_course
from grader.records.person import Person
from grader.submissions.layouts.forms import find_wrappers, take_strays
from grader.submissions.layouts.layout import HandIn
from grader.submissions.listing import Listing, Member
from grader.submissions.names import (
    Refused,
    can_be_handed_in,
    is_archive,
    show_bytes,
    show_name,
    stem,
)
from grader.submissions.times import read_time

TABLE = "submission_metadata.yml"
_CAP = 64 << 20
"""Bytes of the table, which holds what autograders printed."""
_MEMBERS = 100
"""Persons of one group."""
_TEXT = 200
"""Characters of a name, an address or a number."""


class Gradescope:
    """A hand-in for each submission in the table, and for each folder that is not in it."""

    fallback = False
    own = frozenset({TABLE})

    def refuse(self, listing: Listing, _asked: AskedFiles) -> str:
        """It needs the table."""
        return "" if _find_level(listing) is not None else f"holds no {TABLE}"

    def find_strays(self, listing: Listing) -> list[str]:
        """Code and archives that lie in no folder."""
        prefix = _find_level(listing) or ""
        loose = [n for n in listing.members if n.rpartition("/")[0] == prefix[:-1]]
        return [n for n in loose if can_be_handed_in(n) and not _is_packed(n.removeprefix(prefix))]

    def list_hand_ins(self, listing: Listing, asked: AskedFiles) -> list[HandIn]:
        """By the table; a folder that was refused or is gone leaves a note."""
        prefix = _find_level(listing) or ""
        table = _read_table(listing.members[prefix + TABLE])
        files = _list_files(listing, prefix)
        notes = _list_notes(listing, prefix)
        tops = [*table, *(top for top in files if top not in table)]
        tops += [top for top in notes if top not in tops]
        rest = take_strays(listing, prefix, self.find_strays(listing), asked)
        made = (_make(t, table.get(t), files.get(t, {}), notes.get(t, [])) for t in tops)
        return [*made, *rest]


def _find_level(listing: Listing) -> str | None:
    return next((p for p in find_wrappers(listing) if p + TABLE in listing.members), None)


def _read_table(member: Member) -> Mapping[str, Mapping[str, object]]:
    """The table by folder. Raises Refused where it cannot be read."""
    require_course("reading Gradescope's metadata", "pyyaml")
    import yaml

    # It makes texts of everything, as `007` and `Yes` are, and asks for no class of Ruby's.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        table = yaml.load(member.read(_CAP), loader)  # noqa: S506  # a safe one
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where is not None else ""
        raise Refused(f"holds a {TABLE} that cannot be read{line}. Download it again") from None
    if not isinstance(table, dict):
        raise Refused(f"holds a {TABLE} without submissions. Download it again")
    return {
        str(key): {str(k).lstrip(":"): v for k, v in value.items()}
        for key, value in table.items()
        if isinstance(value, dict)
    }


def _list_files(listing: Listing, prefix: str) -> dict[str, dict[str, Member]]:
    """By folder, or by an archive's stem, its files."""
    files: dict[str, dict[str, Member]] = {
        f.removeprefix(prefix): {}
        for f in listing.folders
        if f.startswith(prefix) and "/" not in f.removeprefix(prefix) and f + "/" != prefix
    }
    for name, member in listing.members.items():
        if name.startswith(prefix) and name != prefix + TABLE:
            top, slash, inner = name.removeprefix(prefix).partition("/")
            if slash:
                files[top][inner] = member
            elif _is_packed(top):
                files.setdefault(stem(top), {})[top] = member
    return files


def _is_packed(top: str) -> bool:
    """True for the name of a submission that is one file."""
    return top.startswith("submission_")


def _list_notes(listing: Listing, prefix: str) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for raw, why in listing.refused.items():
        name = show_bytes(raw.replace("\\", "/")).removeprefix("./").removeprefix(prefix)
        top, _, inner = name.partition("/")
        notes.setdefault(top, []).append(f"`{show_name(inner or top)}` {why}.")
    return notes


def _make(
    top: str, row: Mapping[str, object] | None, files: Mapping[str, Member], notes: list[str]
) -> HandIn:
    persons = list(_read_persons(row or {}))
    called = [p.name or p.email or p.id for p in persons]
    if row is None:
        notes = [*notes, f"{TABLE} does not say whose `{show_name(top)}` is."]
    packed = [n for n in files if is_archive(n)]
    return HandIn(
        student=", ".join(called) or top,
        members=files,
        archive=packed[0] if len(files) == len(packed) == 1 else None,
        received=read_time(_read_text((row or {}).get("created_at"))),
        persons=persons,
        place=top,
        notes=notes,
    )


def _read_persons(row: Mapping[str, object]) -> Iterator[Person]:
    submitters = row.get("submitters")
    for one in submitters[:_MEMBERS] if isinstance(submitters, list) else []:
        if isinstance(one, dict):
            told = {str(k).lstrip(":"): v for k, v in one.items()}
            name, number, email = (_read_text(told.get(k)) for k in ("name", "sid", "email"))
            if name or number or email:
                yield Person(name=name, id=number, email=email)


def _read_text(value: object) -> str:
    text = value.strip()[:_TEXT] if isinstance(value, str) else ""
    return "" if text in ("~", "null") else text


GRADESCOPE = Gradescope()
