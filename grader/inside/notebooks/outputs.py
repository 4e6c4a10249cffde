"""What is kept of the outputs of cells. A message of the wrong shape raises ValueError.

Text is kept up to a cap per cell, its head and its tail; a picture up to a cap of its own. Every
output is built here from checked parts, whatever the kernel sent.
"""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections import deque

import nbformat
from nbformat import NotebookNode

from grader.inside import wire
from grader.inside.notebooks.host import Message
from grader.inside.streams import condense, overwrite

TEXT_CAP = 256 << 10
"""Characters kept of one cell's text, tables and tracebacks."""
TEXTS_CAP = 12 << 20
"""The same for all cells together, after which a cell keeps `_LITTLE` of its own."""
_LITTLE = 4 << 10
PICTURE_CAP = 1 << 20
"""Largest picture, characters of base64 or SVG."""
PICTURES_CAP = 12 << 20
"""All pictures of the notebook together."""
COUNT_CAP = 1000
"""Outputs of one cell."""
_SAME_CAP = 20
"""Displays of one name that are kept up to date."""
FLOOD = 8 << 20
"""Characters of text in one cell, kept or not, after which the kernel is ended."""
PICTURE_FLOOD = 64 << 20
"""The same for pictures."""
_NESTING = 30
"""Deepest nesting of a display that is JSON."""
_NAME_CAP = 200
"""Longest name of a display, or of a form of it."""
_MESSAGE = 256
"""What a message counts at least."""
_ERROR_CAP = 64 << 10
_SHOWN = ("display_data", "execute_result")


class Outputs:
    """Collects the outputs of one cell after another."""

    def __init__(self) -> None:
        self.pictures = 0
        self.printed = {"stdout": [], "stderr": []}  # type: dict[str, list[str]]
        """Text of streams since the caller last took it."""
        self._displays: dict[str, list[NotebookNode]] = {}
        self._texts = 0
        """Characters kept of the cells before."""

    def open(self, cell: NotebookNode) -> None:
        """What comes from now on belongs to this cell."""
        self._cell = cell
        cell["outputs"] = []
        self.cut = False
        self._seen = self._seen_pictures = 0
        self._clear_next = False
        self._cap = TEXT_CAP if self._texts < TEXTS_CAP else _LITTLE
        self._fresh()

    def _fresh(self) -> None:
        self._used = self._cell_pictures = 0
        self._tail: deque[tuple[str, str]] = deque()
        self._tail_size = self._left_out = 0

    @property
    def flooded(self) -> bool:
        """True where the cell sent more than any reader could want."""
        return self._seen > FLOOD or self._seen_pictures > PICTURE_FLOOD

    def take(self, kind: str, content: object) -> None:
        """One message of the kernel's."""
        if not isinstance(content, dict):
            raise ValueError("a message without content")
        if kind == "stream":
            self._stream(content)
        elif kind == "clear_output":
            self._seen += _MESSAGE
            if content.get("wait") is True:
                self._clear_next = True
            else:
                self._clear()
        elif kind == "error":
            self._error(content)
        elif kind in _SHOWN or kind == "update_display_data":
            self._display(kind, content)
        else:
            self._seen += _MESSAGE + len(str(content)) // 8

    def _clear(self) -> None:
        self._cell["outputs"] = []
        self.pictures -= self._cell_pictures
        self._clear_next = False
        self._fresh()

    def _add(self, output: NotebookNode) -> bool:
        if self._clear_next:
            self._clear()
        if len(self._cell.outputs) >= COUNT_CAP or self._used > 2 * self._cap:
            self.cut = True
            return False
        self._used += _MESSAGE  # an empty one takes memory too
        self._cell.outputs.append(output)
        return True

    def _stream(self, content: Message) -> None:
        name, text = content["name"], content["text"]
        if name not in ("stdout", "stderr") or not isinstance(text, str):
            raise ValueError("a stream without a name or a text")
        if self._clear_next:
            self._clear()
        self._seen += _MESSAGE + len(text)
        self.printed[name].append(text)
        text = condense(text)
        room = self._cap // 2 - self._used
        if room > 0 and not self._tail:
            self._used += len(text[:room])
            self._append(name, text[:room])
            text = text[room:]
        if text:
            self._tail.append((name, text))
            self._tail_size += len(text)
        while self._tail_size > self._cap // 2:
            self._drop_from_tail(self._tail_size - self._cap // 2)

    def _drop_from_tail(self, count: int) -> None:
        self.cut = True
        name, text = self._tail.popleft()
        gone = min(count, len(text))
        if text[gone:]:
            self._tail.appendleft((name, text[gone:]))
        self._tail_size -= gone
        self._left_out += gone

    def _append(self, name: str, text: str) -> None:
        last = self._cell.outputs[-1] if self._cell.outputs else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last["text"] += text
        else:
            self._add(NotebookNode(output_type="stream", name=name, text=text))

    def _error(self, content: Message) -> None:
        lines, kind, message = content["traceback"], content["ename"], content["evalue"]
        if not isinstance(lines, list) or not all(isinstance(t, str) for t in (*lines, kind)):
            raise ValueError("an error without a kind or a traceback")
        self._seen += _MESSAGE + sum(map(len, lines)) + len(str(message))
        text = "\n".join(lines)
        if len(text) > (most := min(_ERROR_CAP, self._cap)):
            self.cut = True
            half = most // 2
            lines = [*text[:half].split("\n"), "…", *text[-half:].split("\n")]
        output = NotebookNode(
            output_type="error", ename=kind[:200], evalue=str(message)[:2000], traceback=lines
        )
        if self._add(output):
            self._used += min(len(text), most)

    def _display(self, kind: str, content: Message) -> None:
        data = content["data"]
        if not isinstance(data, dict):
            raise ValueError("a display without data")
        self._seen += _MESSAGE
        if self._clear_next:
            self._clear()
        kept = {m: v for m, v in data.items() if self._fits(m, v)}
        if len(kept) < len(data):
            self.cut = True
        transient = content.get("transient")
        name = transient.get("display_id") if isinstance(transient, dict) else None
        if isinstance(name, str) and kind != "execute_result":
            for output in self._displays.get(name, []):
                self._forget(output)
                output["data"] = nbformat.from_dict(kept)
        if kind == "update_display_data":
            return
        output = NotebookNode(output_type=kind, data=nbformat.from_dict(kept), metadata={})
        if kind == "execute_result":
            output["execution_count"] = self._cell.execution_count
        if not self._add(output) or not isinstance(name, str) or len(name) > _NAME_CAP:
            return
        if len(self._displays) < COUNT_CAP and len(self._displays.get(name, ())) < _SAME_CAP:
            self._displays.setdefault(name, []).append(output)

    def _forget(self, output: NotebookNode) -> None:
        """A display is about to be replaced: what it holds counts no more."""
        for mime, value in output["data"].items():
            size = len(value) if isinstance(value, str) else 0
            if mime.startswith("image/"):
                self.pictures -= size
                self._cell_pictures = max(0, self._cell_pictures - size)
            else:
                self._used = max(0, self._used - size)

    def _fits(self, mime: str, value: object) -> bool:
        """True where this form of a display can be kept; it is counted."""
        if len(mime) > _NAME_CAP:
            self._seen += _MESSAGE + len(mime)
            return False
        structured = mime == "application/json" or mime.endswith("+json")
        if not isinstance(value, str) and not structured:
            value = "".join(map(str, value)) if isinstance(value, list) else str(value)
            self._seen += _MESSAGE + len(value)
            return False
        if not isinstance(value, str) and wire.is_nested(value, _NESTING):
            self._seen += _MESSAGE
            return False
        size = len(value) if isinstance(value, str) else len(str(value))
        if mime.startswith("image/"):
            self._seen += _MESSAGE
            self._seen_pictures += size
            fits = size <= PICTURE_CAP and self.pictures + size <= PICTURES_CAP
            self.pictures += size if fits else 0
            self._cell_pictures += size if fits else 0
            return fits
        self._seen += _MESSAGE + size
        fits = self._used + size <= self._cap
        self._used += size if fits else 0
        return fits

    def close(self) -> None:
        """The cell is over: its outputs are complete."""
        if self._left_out:
            note = f"\n… {self._left_out:,} characters left out …\n"
            self._append(self._tail[0][0] if self._tail else "stdout", note)
        for name, text in self._tail:
            self._append(name, text)
        self._texts += self._used + self._tail_size
        self._fresh()
        for output in self._cell.outputs:
            if output.output_type == "stream":
                output["text"] = overwrite(output["text"])
