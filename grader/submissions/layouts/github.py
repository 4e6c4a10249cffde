"""GitHub Classroom, `gh classroom clone student-repos`: a repository for each student; or one.

`lenet-submissions/lenet-octocat/`: the assignment's name and the login, or the team. The time is
that of the last commit, by the clock of who made it: a clone does not know when it was pushed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.records.asked_files import AskedFiles
from grader.records.person import Person
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions.commits import Repository, read_commit_time
from grader.submissions.entry import is_entry
from grader.submissions.layouts.forms import find_wrappers
from grader.submissions.layouts.layout import HandIn
from grader.submissions.listing import Listing
from grader.submissions.names import can_be_handed_in, show_bytes, show_name

_SUFFIX = "-submissions"
_NO_TIME = "The time of its last commit could not be read."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clone:
    """One student's repository in a listing."""

    prefix: str
    """Its folder with a slash; empty where it is the listing itself."""
    name: str
    repository: Repository


class GitHub:
    """A hand-in for each folder that is a repository, where all of them are; or for the whole."""

    fallback = False

    def refuse(self, listing: Listing, asked: AskedFiles) -> str:
        """It needs repositories."""
        return (
            "" if _find_clones(listing, asked) else "is neither a repository nor holds only those"
        )

    def list_hand_ins(self, listing: Listing, asked: AskedFiles) -> list[HandIn]:
        """By folder; a login is what stands behind the name of the assignment."""
        clones = _find_clones(listing, asked)
        slug = _find_slug(listing.title, [c.name for c in clones])
        return [_make(listing, clone, slug) for clone in clones]


def _find_clones(listing: Listing, asked: AskedFiles) -> list[_Clone]:
    repositories = listing.repositories
    for prefix in find_wrappers(listing):
        if own := repositories.get(prefix.rstrip("/")):
            if not _is_single(listing, prefix, asked):
                return []
            name = prefix.rstrip("/").rpartition("/")[2] or listing.title
            return [_Clone(prefix=prefix, name=name, repository=own)]
        tops = list(_list_tops(listing, prefix))
        if tops and all(prefix + top in repositories for top in tops):
            if any(
                can_be_handed_in(n) for n in listing.members if n.rpartition("/")[0] == prefix[:-1]
            ):
                return []
            return [
                _Clone(prefix=f"{prefix}{top}/", name=top, repository=repositories[prefix + top])
                for top in tops
            ]
    return []


def _list_tops(listing: Listing, prefix: str) -> Iterator[str]:
    inner = (f.removeprefix(prefix) for f in listing.folders if f.startswith(prefix))
    yield from sorted({f for f in inner if f and "/" not in f})


def _is_single(listing: Listing, prefix: str, asked: AskedFiles) -> bool:
    """True where a repository is one submission, and not the home of a class."""
    names = [n.removeprefix(prefix) for n in listing.members if n.startswith(prefix)]
    loose = [n for n in names if "/" not in n and _is_code(n)]
    loose = loose or [n for n in names if "/" not in n and can_be_handed_in(n)]
    if any(is_entry(name, asked.entry) for name in loose):
        return True
    holding = {n.partition("/")[0] for n in names if is_entry(n, asked.entry)}
    return len(holding) + len(loose) <= 1


def _is_code(name: str) -> bool:
    return name.lower().endswith(ENTRY_SUFFIXES)


def _find_slug(title: str, names: Sequence[str]) -> str:
    """`lenet-`: by the name of the folder around, else what all repositories begin with."""
    if title.endswith(_SUFFIX):
        slug = f"{title.removesuffix(_SUFFIX)}-"
        if all(name.startswith(slug) for name in names):
            return slug
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    pairs = enumerate(zip(first, last, strict=False))
    common = first[: next((n for n, (a, b) in pairs if a != b), len(first))]
    return common[: common.rfind("-") + 1]


def _make(listing: Listing, clone: _Clone, slug: str) -> HandIn:
    prefix = clone.prefix
    members = {
        n.removeprefix(prefix): m for n, m in listing.members.items() if n.startswith(prefix)
    }
    notes, unread = [], ""
    for raw, why in listing.refused.items():
        name = show_bytes(raw.replace("\\", "/")).removeprefix("./")
        if name.startswith(prefix):
            notes.append(f"`{show_name(name.removeprefix(prefix))}` {why}.")
            if raw in listing.unread:
                unread = notes[-1]
    received = read_commit_time(clone.repository)
    login = clone.name.removeprefix(slug)
    return HandIn(
        student=login or clone.name,
        members=members,
        received=received,
        persons=(Person(login=login),) if slug and login else (),
        place=clone.name,
        notes=notes if received else [*notes, _NO_TIME],
        unread=unread,
    )


GITHUB = GitHub()
