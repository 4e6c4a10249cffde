"""What a folder or an archive holds: names and sizes first, bytes only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.submissions.commits import Repository
from grader.submissions.names import (
    Refused,
    can_be_handed_in,
    clean,
    cut_lead,
    is_ignored,
    is_leftover,
)

MIB = 1 << 20
_OF_COMMITS = ("HEAD", "packed-refs", "refs/heads/", "objects/")
"""What of a `.git` says when the last commit was made."""
_VERSIONED = 20_000
"""Files of one `.git` that are kept in mind."""
_HIDDEN = 100
"""Hidden names that are kept in mind."""
_LONGEST = 300
"""Characters kept of a name that is refused: in a tar each of many may have 65,536."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much is taken in."""

    file_bytes: int
    """Of one file."""
    total_bytes: int
    """Of all files together."""
    members: int
    """Number of files that count."""
    scanned: int
    """Number of names looked at, with folders and those that are ignored."""
    depth: int
    """Parts of a name."""
    names_bytes: int = 512 << 10
    """Of all names together, as UTF-8: they cross into the box in one head."""
    ratio: int = 200
    """Times that something larger than `ratio_from` may grow when unpacked."""
    ratio_from: int = 8 * MIB
    cut_leads: bool = False
    """True where an absolute name is made relative; in a class's archive it could lead into the
    folder of somebody else, and is refused.
    """


SUBMISSION = Caps(
    file_bytes=64 * MIB,
    total_bytes=256 * MIB,
    members=2_000,
    scanned=50_000,
    depth=8,
    cut_leads=True,
)
"""Of one student."""
CLASS = Caps(
    file_bytes=256 * MIB, total_bytes=2048 * MIB, members=500_000, scanned=500_000, depth=11
)
"""Of all students together; one file may be a student's archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One regular file that can be read."""

    size: int
    """Bytes, as the source declares."""
    read: Callable[[int], bytes]
    """All bytes, if they are no more than this number. Raises Refused."""


@dataclass(slots=True)
class Listing:
    """Names in a folder or an archive: members, refused ones, folders. Filled while walking it."""

    caps: Caps
    packed: bool = False
    """True where it is that of an archive."""
    members: dict[str, Member] = field(default_factory=dict)
    """Clean relative name → file."""
    refused: dict[str, str] = field(default_factory=dict)
    """Name as given, its beginning if it is very long → why, such as "is a symbolic link"."""
    unread: dict[str, str] = field(default_factory=dict)
    """Those of `refused` that are there and could not be read."""
    hidden: set[str] = field(default_factory=set)
    """Names that begin with a dot, are passed over, and could be somebody's."""
    folders: set[str] = field(default_factory=set)
    """Clean names of folders, parents of files among them."""
    title: str = ""
    """What the folder or the archive itself is called."""
    repositories: dict[str, Repository] = field(default_factory=dict)
    """Folder that is one → its `.git`; empty text is the listing itself."""
    scanned: int = 0
    _versioned: dict[str, dict[str, Member]] = field(default_factory=dict)
    """Folder → the files of its `.git`, by name, where the listing is that of an archive."""

    def add(self, raw: str, member: Member) -> None:
        """The file is a member; or it is refused, or passed over in silence."""
        self._add_versioned(raw, member)
        name = self._check_name(raw)
        if name is None:
            return
        self._make_folders(name)
        if member.size == 0 and name in self.folders:
            return
        if member.size > self.caps.file_bytes:
            self.refuse(
                raw, f"has {member.size:,} bytes, over the {self.caps.file_bytes:,} allowed"
            )
        elif name in self.members:
            self.refuse(raw, "stands in the archive twice; the last was taken")
            self.members[name] = member
        elif name in self.folders or any(p in self.members for p in _parents(name)):
            self.refuse(raw, "is a file and a folder at once")
        elif len(self.members) >= self.caps.members:
            raise Refused(f"holds more than {self.caps.members:,} files")
        else:
            self.members[name] = member
            self.folders.update(_parents(name))

    def add_folder(self, raw: str) -> bool:
        """The folder is known, even if nothing is in it; False where it is not taken in."""
        if raw in (".", "./"):  # with which `tar c .` begins
            return False
        name = self._check_name(raw, folder=True)
        if name is None:
            return False
        if name in self.members or any(p in self.members for p in _parents(name)):
            self.refuse(raw, "is a file and a folder at once")
            return False
        self.folders.update(_parents(name + "/"))
        return True

    def refuse(self, raw: str, why: str) -> None:
        """The name is on the list of those that were refused, unless nobody would miss it."""
        if not is_ignored(raw):
            self.refused.setdefault(raw[:_LONGEST], why)

    def refuse_unread(self, raw: str, why: str) -> None:
        """The name is on both lists."""
        self.refuse(raw, why)
        if raw[:_LONGEST] in self.refused:
            self.unread[raw[:_LONGEST]] = why

    def list_in(self, folder: str) -> list[str]:
        """The files that lie in this folder itself."""
        return [n for n in self.members if n.rpartition("/")[0] == folder]

    def holds(self, folder: str) -> bool:
        """True where a file lies in this folder or below it."""
        return any(n.startswith(f"{folder}/") for n in self.members)

    def drop(self, folder: str) -> None:
        """The folder is forgotten, with all that is in it and every folder around that has nothing
        else.
        """
        below = f"{folder}/"
        self.members = {n: m for n, m in self.members.items() if not n.startswith(below)}
        self.refused = {n: w for n, w in self.refused.items() if not n.startswith(below)}
        self.folders = {f for f in self.folders if f != folder and not f.startswith(below)}
        for parent in reversed(_parents(folder)):
            if not self.holds(parent) and not any(f.startswith(f"{parent}/") for f in self.folders):
                self.folders.discard(parent)

    def count(self) -> None:
        """One more name was looked at. Raises Refused when there are too many."""
        self.scanned += 1
        if self.scanned > self.caps.scanned:
            raise Refused(f"holds more than {self.caps.scanned:,} names")

    def _add_versioned(self, raw: str, member: Member) -> None:
        """A file of a `.git` is known to the repository around it, as far as commits need it."""
        folder, git, name = f"/{raw.replace(chr(92), '/').removeprefix('./')}".partition("/.git/")
        if not git or member.size > self.caps.file_bytes or not name.startswith(_OF_COMMITS):
            return
        files = self._versioned.setdefault(folder[1:], {})
        if len(files) < _VERSIONED:
            files[name] = member
        if name == "HEAD":
            self.repositories[folder[1:]] = _make_repository(files)

    def _make_folders(self, name: str) -> None:
        """Empty files around this one are folders: some programs pack folders as such."""
        for parent in _parents(name):
            if parent in self.members and self.members[parent].size == 0:
                del self.members[parent]

    def pass_over(self, name: str, *, folder: bool = False) -> None:
        """The name is hidden: nobody takes it, and whoever calls may say so."""
        parts = name.split("/")
        last = next(n for n, part in enumerate(parts, 1) if is_ignored(part))
        could_be = folder or last < len(parts) or can_be_handed_in(name)
        if could_be and not is_leftover(parts[last - 1]) and len(self.hidden) < _HIDDEN:
            self.hidden.add("/".join(parts[:last]))

    def _check_name(self, raw: str, *, folder: bool = False) -> str | None:
        try:
            name = clean(cut_lead(raw) if self.caps.cut_leads else raw)
        except Refused as refused:
            self.refused.setdefault(raw[:_LONGEST], str(refused))
            return None
        if is_ignored(name):
            self.pass_over(name, folder=folder)
            return None
        if name.count("/") >= self.caps.depth:
            self.refuse(raw, f"lies more than {self.caps.depth} folders deep")
            return None
        return name


def _make_repository(files: dict[str, Member]) -> Repository:
    """A repository of these files, and of those that come yet."""
    kept: dict[str, bytes] = {}

    def read(name: str, start: int, most: int) -> bytes:
        if name not in files:
            raise Refused("does not exist")
        if name not in kept:  # a part of a packed file is not to be had alone
            kept.clear()
            kept[name] = files[name].read(files[name].size)
        return kept[name][start : start + most]

    return Repository(packs=_Packs(files), read=read)


class _Packs(Sequence[str]):
    """The names in `objects/pack`, as they are when one looks."""

    def __init__(self, files: Mapping[str, Member]) -> None:
        self._files = files

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return self._list()[index]

    def __len__(self) -> int:
        return len(self._list())

    def _list(self) -> list[str]:
        begin = "objects/pack/"
        return sorted(n.removeprefix(begin) for n in self._files if n.startswith(begin))


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
