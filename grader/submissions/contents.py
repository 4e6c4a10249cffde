"""What the text of a file says of it: which names it defines, whether it is still the handout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from grader.records.asked_files import AskedFiles
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions import code_pages, definitions
from grader.submissions.listing import SUBMISSION, Member
from grader.submissions.names import Refused, undisguise

LARGE = 1 << 20
"""Bytes of code beyond which it is taken for UTF-8."""
_BLANK = 16
"""Bytes of a file that may yet hold nothing: line ends, a byte order mark."""
_NETWORK = re.compile(
    r"^[ \t]*class +\w+ *\([^)\n]*(?:Module|Sequential)\b|\bSequential *\(", re.MULTILINE
)
_IMPORT = re.compile(r"^[ \t]*(?:from|import|%run|!python\d?) +(.*)$", re.MULTILINE)
READ, READ_BYTES = 30, 16 << 20
"""How many files of one submission are read for this, and how much of all of them."""
GUESSED = 4 << 20
"""Bytes of code of one submission of which it is guessed what they are, where they are no UTF-8."""


@dataclass(slots=True, kw_only=True)
class Contents:
    """The files of one submission, read as far as they are asked about."""

    members: Mapping[str, Member]
    asked: AskedFiles
    _read: dict[str, bytes] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)
    _defined: dict[str, frozenset[str]] = field(default_factory=dict)
    _total: int = 0
    """Bytes that were read."""
    _guesses: int = GUESSED
    """Bytes that may yet be guessed."""

    def defines(self, file: str) -> list[str]:
        """The names asked for that a file of code defines, if it defines half of them or more."""
        if not _is_code(file):
            return []
        known = [n for n in self.asked.names if n in self._find_defined(file)]
        return known if 2 * len(known) >= len(self.asked.names) else []

    def is_empty(self, file: str) -> bool:
        """True where nothing stands in the file, or nothing but blanks and line ends."""
        size = self.members[file].size
        return size == 0 or (size <= _BLANK and not self._content(file).strip())

    def are_same(self, files: Sequence[str]) -> bool:
        """True where all of them hold the same bytes."""
        first = self.members[files[0]]
        total = first.size * len(files)
        if total > SUBMISSION.total_bytes or any(self.members[n].size != first.size for n in files):
            return False
        with suppress(Refused):
            return len({self._read_whole(n) for n in files}) == 1
        return False

    def _read_whole(self, file: str) -> str:
        content = self.members[file].read(SUBMISSION.file_bytes)
        return hashlib.sha256(content).hexdigest()

    def defines_of(self, file: str) -> list[str]:
        """The names asked for that the file defines, in whichever spelling."""
        own = {fold(n) for n in self._find_defined(file)}
        return [n for n in self.asked.names if fold(n) in own]

    def builds_network(self, file: str) -> bool:
        """True where a line of its code begins a class of networks, or puts layers together."""
        return _NETWORK.search(self._code(file)) is not None

    def imports(self, file: str) -> set[str]:
        """Every word in what its code imports or runs."""
        return {w for line in _IMPORT.findall(self._code(file)) for w in re.findall(r"\w+", line)}

    def _code(self, file: str) -> str:
        if file not in self._codes:
            self._codes[file] = definitions.read_code(undisguise(file.lower()), self._content(file))
        return self._codes[file]

    def _find_defined(self, file: str) -> frozenset[str]:
        if file not in self._defined:
            found = definitions.find_definitions(undisguise(file.lower()), self._content(file))
            self._defined[file] = frozenset(found)
        return self._defined[file]

    def is_handout(self, file: str) -> bool:
        """True where the file is one that students start from, byte by byte."""
        return hashlib.sha256(self._content(file)).hexdigest() in self.asked.blanks

    def read_code(self, file: str) -> str:
        """The code of a module, or of a notebook's cells; empty for any other file."""
        return self._code(file) if _is_code(file) else ""

    def _content(self, file: str) -> bytes:
        """The file's bytes; none of one that is too large, or comes too late."""
        if file not in self._read:
            self._read[file] = b""
            left = min(definitions.CAP, READ_BYTES - self._total)
            if len(self._read) <= READ and self.members[file].size <= left:
                with suppress(Refused):  # it is named where the submission is read as a whole
                    content = self.members[file].read(left)
                    self._total += len(content)
                    self._read[file] = self._read_source(content)
        return self._read[file]

    def _read_source(self, content: bytes) -> bytes:
        """The content as UTF-8, where it can be told what it is."""
        if len(content) >= min(LARGE, self._guesses):
            return content
        read = code_pages.read_source(content)
        if read is None:
            return content
        self._guesses -= len(content)
        return read[0]


def _is_code(file: str) -> bool:
    return undisguise(file.lower()).endswith(ENTRY_SUFFIXES)


def fold(name: str) -> str:
    """A name without case and underscores."""
    return name.lower().replace("_", "")
