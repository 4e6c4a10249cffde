"""An instructor's CSV file, cell by cell, in which some cells are replaced and every other byte
stays: encoding, mark at the start, delimiter, quotes, spaces, ends of lines.

Reading it with one library and writing it with another would change what the other program compares
or shows, such as `87.50`, a quoted date, or the ends of lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from grader.records.errors import UsageError

MOST_BYTES = 32 << 20
"""Of a file that is read; a gradebook of thousands has a few."""
_DELIMITERS = ",;\t"
_MARK = "\ufeff"
_ARCHIVE = b"PK\x03\x04"
"""With which zip archives and Excel files begin."""
_NO_CELL = re.compile(r"[\x00-\x1f\x7f]")
"""What a replaced cell never holds."""

Place = tuple[int, int]
"""Line and column, both from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell as it stands in the text."""

    value: str
    """What it says, without quotes."""
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A CSV file that was read, with the place of each cell."""

    text: str = field(repr=False)
    encoding: str
    delimiter: str
    lines: tuple[tuple[Cell, ...], ...] = field(repr=False)
    """The first one has the headings."""

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The table of that file, whichever of comma, semicolon and tab parts its headings.

        Raises UsageError where it is no CSV file.
        """
        text, encoding = _decode(content)
        delimiter = max(_DELIMITERS, key=lambda d: _count_headings(text, d))
        return cls(
            text=text,
            encoding=encoding,
            delimiter=delimiter,
            lines=tuple(_split(text, delimiter)),
        )

    @property
    def head(self) -> list[str]:
        """The headings."""
        return [cell.value.strip() for cell in self.lines[0]] if self.lines else []

    def get(self, line: int, column: int) -> str:
        """What the cell says; empty where the line is shorter."""
        cells = self.lines[line]
        return cells[column].value if 0 <= column < len(cells) else ""

    def find(self, *headings: str) -> int:
        """The first column with one of these headings in any case; -1 where there is none."""
        names = [name.casefold() for name in self.head]
        return next((names.index(h.casefold()) for h in headings if h.casefold() in names), -1)

    def fill(self, values: Mapping[Place, str]) -> bytes:
        """The file with these values in these cells; what stood between quotes still does."""
        parts, at = list[str](), 0
        for (line, column), value in sorted(values.items()):
            cells = self.lines[line]
            missing = max(0, column - len(cells) + 1)
            start, end = (cells[-1].end,) * 2 if missing else _span(cells[column])
            quoted = self.text[start:end].lstrip().startswith('"')
            parts += [self.text[at:start], self.delimiter * missing, self._write(value, quoted)]
            at = end
        return "".join([*parts, self.text[at:]]).encode(self.encoding)

    def _write(self, value: str, quoted: bool) -> str:  # noqa: FBT001
        if _NO_CELL.search(value):
            raise ValueError(f"{value!r} cannot stand in a cell")
        if quoted or any(sign in value for sign in f'"{_DELIMITERS}'):
            return '"' + value.replace('"', '""') + '"'
        return value


def _span(cell: Cell) -> tuple[int, int]:
    return cell.start, cell.end


def _decode(content: bytes) -> tuple[str, str]:
    """The text and its encoding, which gives the same bytes back."""
    if content.startswith(_ARCHIVE):
        raise UsageError(
            "it is an Excel file or a zip archive. Download the CSV file from the other program"
        )
    if len(content) > MOST_BYTES:
        raise UsageError(f"it has {len(content):,} bytes; {MOST_BYTES:,} are read at most")
    for start, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(start) and len(content) % 2 == 0:
            return content.decode(encoding, "surrogatepass"), encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            pass
    return content.decode("latin-1"), "latin-1"


def _count_headings(text: str, delimiter: str) -> int:
    """Cells of the first line, were they parted by this; 0 where they cannot be, as where one goes
    on behind its quotes.
    """
    try:
        cells = next(_split(text, delimiter), ())
    except UsageError:
        return 0
    shown = (text[cell.start : cell.end].strip() for cell in cells)
    return 0 if any(one.startswith('"') and not one.endswith('"') for one in shown) else len(cells)


@lru_cache(maxsize=len(_DELIMITERS))
def _pattern(delimiter: str) -> re.Pattern[str]:
    """One cell, and what ends it: the delimiter, the end of the line, or that of the text."""
    plain = f"[^{re.escape(delimiter)}\r\n]*"
    return re.compile(rf'(?:"([^"]*(?:""[^"]*)*)"({plain})|({plain}))({delimiter}|\r\n|\n|\r|\Z)')


def _split(text: str, delimiter: str) -> Iterator[tuple[Cell, ...]]:
    """Line by line. Raises UsageError for a quote that is never closed."""
    pattern, cells = _pattern(delimiter), list[Cell]()
    at = len(_MARK) if text.startswith(_MARK) else 0
    while at < len(text):
        found = pattern.match(text, at)
        assert found is not None, "an empty cell always matches"
        quoted, rest, plain, end = found.groups()
        if plain is not None and plain.startswith('"'):
            line = text.count("\n", 0, at) + 1
            raise UsageError(f"in line {line} a quote is opened and never closed")
        value = plain if quoted is None else quoted.replace('""', '"') + rest
        cells.append(Cell(value=value, start=at, end=found.start(4)))
        at = found.end()
        if end != delimiter:
            yield tuple(cells)
            cells = []
        elif at == len(text):
            cells.append(Cell(value="", start=at, end=at))
    if cells:
        yield tuple(cells)
