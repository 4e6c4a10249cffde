"""One program's words, understood: flags, operands, and the files that they may name."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SEPARATOR = re.compile(r"(?<=[\w.])\\(?=[\w.])")
"""What separates folders on Windows; elsewhere nobody writes it between letters of a name."""


def turn_slashes(text: str) -> str:
    """A text in which paths may be as Windows writes them, with slashes."""
    return _SEPARATOR.sub("/", text)


class NotOurs(Exception):
    """A program, an option or a file that this module does not handle."""


class Failed(Exception):
    """The program says this and fails."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where programs look."""

    own: tuple[str, ...]
    """Folders in which everything may be handled, resolved."""
    here: str
    """The working folder."""

    def find(self, name: str) -> Path:
        """The path of that name. Raises NotOurs where it does not lie in one of the own folders."""
        path = Path(os.path.join(self.here, os.path.expanduser(name)))
        resolved = os.path.join(os.path.realpath(path), "")
        if not any(resolved.startswith(os.path.join(folder, "")) for folder in self.own):
            raise NotOurs(name)
        return path

    def find_removable(self, name: str) -> Path:
        """The same, of what is no own folder itself."""
        path = self.find(name)
        if os.path.realpath(path) in self.own:
            raise NotOurs(name)
        return path

    def expand(self, word: str) -> list[str]:
        """The names that a word with `*`, `?` or `[` fits; itself where there are none."""
        if not glob.has_magic(word):
            return [word]
        return sorted(glob.glob(os.path.expanduser(word), root_dir=self.here)) or [word]


@dataclass(frozen=True, slots=True)
class Call:
    """One program with its words, understood."""

    name: str
    folders: Folders
    flags: frozenset[str]
    values: Mapping[str, str]
    """By flag what followed it."""
    operands: Sequence[str]
    piped: str
    """What comes by standard input."""

    def paths(self, at_least: int = 1) -> list[Path]:
        """The operands as paths."""
        if len(self.operands) < at_least:
            raise Failed(f"{self.name}: missing operand")
        return [self.folders.find(name) for name in self.operands]

    def has(self, letters: str) -> bool:
        """True where one of these flags is set."""
        return bool(self.flags & set(letters))

    def read(self) -> str:
        """The text of the operands, or what is piped."""
        names = [name for name in self.operands if name != "-"]
        if not names:
            return self.piped
        return "".join(self._read(self.folders.find(name)) for name in names)

    def _read(self, path: Path) -> str:
        try:
            return path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            name = os.path.relpath(path, self.folders.here)
            raise Failed(f"{self.name}: {name}: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Program:
    """What a program does, and the options of it that are known."""

    work: Callable[[Call], str]
    flags: str = ""
    valued: str = ""
    """Flags with something after them."""


_PLAIN = ("echo", "printf", "test", "[")
"""Programs whose words with a dash are told apart by themselves."""
_LONG = {
    "--parents": "p",
    "--recursive": "r",
    "--force": "f",
    "--verbose": "v",
    "--all": "a",
    "--archive": "a",
    "--no-clobber": "n",
    "--extract": "x",
    "--gzip": "z",
    "--file": "f",
    "--directory": "C",
    "--create": "c",
    "--list": "t",
    "--lines": "n",
    "--quiet": "q",
}


def understand(
    name: str, words: Sequence[str], folders: Folders, piped: str, program: Program
) -> Call:
    """The words behind a program's name. Raises NotOurs for an option that is not known."""
    flags: set[str] = set()
    values: dict[str, str] = {}
    operands: list[str] = []
    rest = iter(_spell_out(name, words))
    for word in rest:
        if word == "--" and name not in _PLAIN:
            operands += rest
        elif name in _PLAIN:
            operands.append(word)
        elif len(word) < 2 or word[0] != "-":
            operands += folders.expand(word)
        else:
            for number, letter in enumerate(word[1:], 1):
                if letter in program.valued:
                    values[letter] = word[number + 1 :] or next(rest, "")
                    break
                if letter not in program.flags:
                    raise NotOurs(f"{name} -{letter}")
                flags.add(letter)
    return Call(name, folders, frozenset(flags), values, operands, piped)


def _spell_out(name: str, words: Sequence[str]) -> Iterator[str]:
    """Short flags for long ones, and the dash that `tar xzf` and `head -5` leave out."""
    for number, word in enumerate(words):
        long, _, value = word.partition("=")
        if name in ("head", "tail") and word[0] == "-" and word[1:].isdigit():
            yield f"-n{word[1:]}"
        elif name == "tar" and number == 0 and word[0] != "-":
            yield f"-{word}"
        elif (name, long) == ("cp", "--parents"):
            raise NotOurs(long)
        elif name not in _PLAIN and long in _LONG:
            yield f"-{_LONG[long]}{value}"
        else:
            yield word
