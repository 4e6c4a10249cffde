"""What the text of a file says of it: which names it defines, whether it is still the handout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from grader.records.asked_files import AskedFiles
from grader.submissions import definitions
from grader.submissions.listing import Member
from grader.submissions.names import Refused

_NETWORK = re.compile(
    r"^[ \t]*class +\w+ *\([^)\n]*(?:Module|Sequential)\b|\bSequential *\(", re.MULTILINE
)
_IMPORT = re.compile(r"^[ \t]*(?:from|import|%run|!python\d?) +(.*)$", re.MULTILINE)
READ = 30
"""How many files of one submission are read for this."""


@dataclass(slots=True, kw_only=True)
class Contents:
    """The files of one submission, read as far as they are asked about."""

    members: Mapping[str, Member]
    asked: AskedFiles
    _read: dict[str, bytes] = field(default_factory=dict)

    def defines(self, file: str) -> list[str]:
        """The names asked for that the file defines, if it defines half of them or more."""
        defined = definitions.find_definitions(file.lower(), self._content(file))
        known = [n for n in self.asked.names if n in defined]
        return known if 2 * len(known) >= len(self.asked.names) else []

    def defines_of(self, file: str) -> list[str]:
        """The names asked for that the file defines, in whichever spelling."""
        own = {fold(n) for n in definitions.find_definitions(file.lower(), self._content(file))}
        return [n for n in self.asked.names if fold(n) in own]

    def builds_network(self, file: str) -> bool:
        """True where a line of its code begins a class of networks, or puts layers together."""
        return _NETWORK.search(self._code(file)) is not None

    def imports(self, file: str) -> set[str]:
        """Every word in what its code imports or runs."""
        return {w for line in _IMPORT.findall(self._code(file)) for w in re.findall(r"\w+", line)}

    def _code(self, file: str) -> str:
        return definitions.read_code(file.lower(), self._content(file))

    def is_handout(self, file: str) -> bool:
        """True where the file is one that students start from, byte by byte."""
        return hashlib.sha256(self._content(file)).hexdigest() in self.asked.blanks

    def _content(self, file: str) -> bytes:
        """The file's bytes; none of one that is too large, or comes too late."""
        if file not in self._read:
            self._read[file] = b""
            if len(self._read) <= READ:
                with suppress(Refused):  # it is named where the submission is read as a whole
                    self._read[file] = self.members[file].read(definitions.CAP)
        return self._read[file]


def fold(name: str) -> str:
    """A name without case and underscores."""
    return name.lower().replace("_", "")
