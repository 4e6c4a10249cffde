"""What stands in an executed notebook, read as the untrusted text that it is.

The student's code wrote the notebook as much as the student did, so nothing in it is trusted: a
part of another form than nbformat says is left out with a note, text is cut and made
visible, pictures are decoded and looked at before they are shown, and whatever could act (HTML,
SVG, scripts, widgets) is named and not shown.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

from grader.records.notebook_file import CellKind, NotebookCell, join_text, read_notebook
from grader.report import escape

MOST_CELLS = 2_000
MOST_OUTPUTS = 200
"""Outputs of one cell."""
MOST_SOURCE = 60_000
"""Characters of one cell's code or text."""
MOST_WRITTEN = 1_000_000
"""Characters of all cells' code and text on one page."""
MOST_TEXT = 10_000
"""Characters shown of one output; beyond, seven tenths from its head and three from its tail."""
MOST_SHOWN = 1_000_000
"""Characters of outputs shown on one page."""
MOST_PICTURE = 1 << 20
"""Bytes of one picture."""
MOST_PICTURES = 8 << 20
"""Bytes of all pictures of one page."""
MOST_PIXELS = 24_000_000
UNFOLDED = 20
"""Lines of an output that are always seen."""

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_LEFT_OUT = "A part of this cell does not have the form of a notebook and was left out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One thing a cell gave."""

    kind: Literal["text", "error", "picture"]
    name: str
    """stdout, stderr, result, display or the exception's name; for people."""
    text: str = ""
    """What is shown; of a picture, its description."""
    source: str = ""
    """`data:` address of a picture."""
    hidden: tuple[str, ...] = ()
    """Media types that were there and are not shown."""

    @property
    def head(self) -> str:
        """The lines that are always seen."""
        return "\n".join(self.text.split("\n")[:UNFOLDED])

    @property
    def rest(self) -> str:
        """Those that are folded."""
        return "\n".join(self.text.split("\n")[UNFOLDED:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the notebook."""

    index: int
    """1-based among all cells, as error messages count them."""
    kind: CellKind
    source: str
    count: int | None = None
    """The number in brackets that Jupyter shows."""
    outputs: tuple[Output, ...] = ()
    notes: tuple[str, ...] = ()
    """What was left out."""


# ------------------------------------------------------------------------------------ reading


def read_cells(notebook: bytes, share: float = 1.0) -> tuple[Cell, ...]:
    """The cells of an untrusted notebook; malformed parts of it are left out with a note.

    `share` is how much is shown of what a page may show at most.

    Raises:
        Unreadable: too large, not JSON, or without a list of cells.
    """
    given = read_notebook(notebook).cells
    left = _Left.of_share(share)
    cells = [_read_cell(cell, left) for cell in given[: left.cells]]
    if len(given) > left.cells:
        note = f"{len(given) - left.cells:,} further cells are not shown."
        cells.append(Cell(index=left.cells + 1, kind="raw", source="", notes=(note,)))
    return tuple(cells)


@dataclass(slots=True, kw_only=True)
class _Left:
    """What one page may still show."""

    cells: int
    outputs: int
    """Of each cell."""
    source: int
    text: int
    pictures: int

    @classmethod
    def of_share(cls, share: float) -> Self:
        """So much of what a page may show at most; pictures are shown all the same."""
        return cls(
            cells=int(MOST_CELLS * share),
            outputs=int(MOST_OUTPUTS * share),
            source=int(MOST_WRITTEN * share),
            text=int(MOST_SHOWN * share),
            pictures=MOST_PICTURES,
        )


def _read_cell(cell: NotebookCell, left: _Left) -> Cell:
    source, notes = _read_source(cell.source, left)
    if cell.kind is None:
        notes.insert(0, _LEFT_OUT)
    count = cell.fields.get("execution_count")
    outputs: list[Output] = []
    if cell.kind == "code":
        given = cell.fields.get("outputs", [])
        outputs, more = _read_outputs(given if isinstance(given, list) else [None], left)
        notes += more
    return Cell(
        index=cell.number,
        kind=cell.kind or "raw",
        source=source,
        count=count if type(count) is int and 0 <= count < 10**6 else None,
        outputs=tuple(outputs),
        notes=tuple(dict.fromkeys(notes)),
    )


def _read_source(whole: str | None, left: _Left) -> tuple[str, list[str]]:
    """A cell's code or text as far as the page may show it, and notes on what is left out."""
    notes = [] if whole is not None else [_LEFT_OUT]
    source = (whole or "").replace("\r\n", "\n").replace("\r", "\n")
    most = min(MOST_SOURCE, left.source)
    if len(source) > most:
        notes.append(f"Of {len(source):,} characters the first {most:,} are shown.")
        source = source[:most]
    left.source -= len(source)
    return escape.block(source), notes


@dataclass(slots=True)
class _Outputs:
    """What can be shown of a cell's outputs, neighbours of one stream joined."""

    left: _Left
    shown: list[Output] = field(default_factory=list)
    name: str = ""
    """The stream that is being joined: stdout or stderr."""
    parts: list[str] = field(default_factory=list)
    """Its parts."""

    def add_stream(self, name: str, text: str) -> None:
        """A further part of a stream."""
        if name != self.name:
            self.end_stream()
        self.name = name
        self.parts.append(text)

    def end_stream(self) -> None:
        """What was joined is an output."""
        if self.parts:
            text = _shorten("".join(self.parts), self.left)
            self.shown.append(Output(kind="text", name=self.name, text=text))
            self.parts.clear()


def _read_outputs(given: Sequence[object], left: _Left) -> tuple[list[Output], list[str]]:
    """What can be shown of a cell's outputs; and notes."""
    outputs, notes = _Outputs(left), list[str]()
    for one in given[: left.outputs]:
        fields = one if isinstance(one, dict) else {}
        kind = fields.get("output_type")
        text = join_text(fields.get("text")) if kind == "stream" else None
        if text is not None:
            outputs.add_stream("stderr" if fields.get("name") == "stderr" else "stdout", text)
            continue
        outputs.end_stream()
        output = _read_error(fields, left) if kind == "error" else _read_display(fields, left)
        outputs.shown += [output] if output else []
        notes += [] if output else [_LEFT_OUT]
    outputs.end_stream()
    if len(given) > left.outputs:
        notes.append(f"{len(given) - left.outputs:,} further outputs are not shown.")
    return outputs.shown, notes


def _read_error(fields: Mapping[str, object], left: _Left) -> Output | None:
    name, value = join_text(fields.get("ename")), join_text(fields.get("evalue"))
    trace = fields.get("traceback")
    lines = [part for part in trace if isinstance(part, str)] if isinstance(trace, list) else []
    if name is None and value is None and not lines:
        return None
    text = "\n".join(lines) if lines else ": ".join(part for part in (name, value) if part)
    title = f"{name or 'Error'}: {value}" if value else name or "Error"
    title = escape.line(_apply_controls(title))[:300]
    return Output(kind="error", name=title, text=_shorten(text, left))


def _read_display(fields: Mapping[str, object], left: _Left) -> Output | None:
    """A picture, or the plain text of anything else with the names of what is not shown."""
    data, kind = fields.get("data"), fields.get("output_type")
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    plain = join_text(data.get("text/plain")) or ""
    for media in ("image/png", "image/jpeg"):
        source = picture(media, join_text(data.get(media)) or "", most=left.pictures)
        if source:
            left.pictures -= len(source)
            text = _shorten(plain[:200], left)
            return Output(kind="picture", name="picture", text=text, source=source)
    hidden = tuple(escape.line(media)[:80] for media in data if media != "text/plain")
    return Output(
        kind="text",
        name="result" if kind == "execute_result" else "display",
        text=_shorten(plain, left),
        hidden=hidden[:8],
    )


def picture(media: str, encoded: str, *, most: int = MOST_PICTURE) -> str:
    """A `data:` address that holds a PNG or JPEG of bearable size, or nothing.

    The address is made anew from the decoded bytes, so that none of the text that was given stands
    in the page.
    """
    most = min(most, MOST_PICTURE)
    if not 16 <= len(encoded) <= most * 3 // 2:
        return ""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    read_size = {"image/png": _read_png_size, "image/jpeg": _read_jpeg_size}[media]
    width, height = read_size(raw)
    if len(raw) > most or not 0 < width * height <= MOST_PIXELS or max(width, height) > 16_384:
        return ""
    return f"data:{media};base64,{base64.b64encode(raw).decode('ascii')}"


def _read_png_size(raw: bytes) -> tuple[int, int]:
    """Width and height as a PNG's first chunk says; 0 where it is none."""
    if raw[:8] != b"\x89PNG\r\n\x1a\n" or raw[12:16] != b"IHDR" or len(raw) < 33:
        return 0, 0
    return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")


def _read_jpeg_size(raw: bytes) -> tuple[int, int]:
    """Width and height as a JPEG's frame header says; 0 where there is none."""
    at = 2 if raw[:3] == b"\xff\xd8\xff" else len(raw)
    while at + 9 <= len(raw) and raw[at] == 0xFF:
        marker = raw[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            sides = raw[at + 5 : at + 9]
            return int.from_bytes(sides[2:], "big"), int.from_bytes(sides[:2], "big")
        at += 2 + max(2, int.from_bytes(raw[at + 2 : at + 4], "big"))
    return 0, 0


def _apply_controls(text: str) -> str:
    r"""Text as a terminal leaves it: without colours, and after `\r` what was written last."""
    text = _COLOURS.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(part.rstrip("\r").rpartition("\r")[2] for part in text.split("\n"))
    return text


def _shorten(text: str, left: _Left) -> str:
    """The head and the tail of a long output, made visible, within what the page may show."""
    text = _apply_controls(text).strip("\n")
    most = min(MOST_TEXT, left.text)
    if len(text) > most:
        head, tail = most * 7 // 10, most * 3 // 10
        gone = f"\n[… {len(text) - head - tail:,} characters are not shown …]\n"
        text = text[:head] + gone + (text[-tail:] if tail else "")
    left.text = max(0, left.text - len(text))
    return escape.block(text)
