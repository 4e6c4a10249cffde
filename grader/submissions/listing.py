"""What a folder or an archive holds: names and sizes first, bytes only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from grader.submissions.names import Refused, clean, cut_lead, is_ignored

MIB = 1 << 20
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
    folders: set[str] = field(default_factory=set)
    """Clean names of folders, parents of files among them."""
    scanned: int = 0

    def add(self, raw: str, member: Member) -> None:
        """The file is a member; or it is refused, or passed over in silence."""
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
        name = self._check_name(raw)
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

    def _make_folders(self, name: str) -> None:
        """Empty files around this one are folders: some programs pack folders as such."""
        for parent in _parents(name):
            if parent in self.members and self.members[parent].size == 0:
                del self.members[parent]

    def _check_name(self, raw: str) -> str | None:
        try:
            name = clean(cut_lead(raw) if self.caps.cut_leads else raw)
        except Refused as refused:
            self.refused.setdefault(raw[:_LONGEST], str(refused))
            return None
        if is_ignored(name):
            return None
        if name.count("/") >= self.caps.depth:
            self.refuse(raw, f"lies more than {self.caps.depth} folders deep")
            return None
        return name


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
