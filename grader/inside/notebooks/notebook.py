"""Reads a notebook as a student handed it in, and writes it as it was executed.

Whatever comes out is a valid notebook of format 4.5: cells are rebuilt from their text, and what
was saved with them, outputs above all, is left out.
"""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

from grader.inside import wire

Json = dict[str, Any]
"""An object of a student's file; any part of it may be of any type."""
CELLS_CAP = 2000
"""Most cells of a notebook."""
SOURCE_CAP = 4 << 20
"""Characters of all cells together."""
OBJECTS_CAP, LISTS_CAP = 1 << 20, 4 << 20
"""Opening braces and brackets of the file: in memory three bytes of JSON can take two hundred."""
NESTING_CAP = 30
"""Deepest nesting of metadata; deeper ones are dropped."""
METADATA_CAP = 16 << 10
"""Largest metadata of a cell or of the notebook that is kept, bytes of JSON."""
ATTACHMENTS_CAP = 4 << 20
"""Largest pictures pasted into a text cell, bytes of JSON."""
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": platform.python_version(),
    },
}
"""What it is executed with. Jupyter asks which kernel to take where it does not have the one that
is named, and a student's may be an environment of their own.
"""


class Unreadable(Exception):
    """The file is no notebook that could be run; the text says why, for the student."""


def read(data: bytes, name: str) -> NotebookNode:
    """The notebook without outputs. Raises Unreadable, naming the fault."""
    raw = _parse(data, name)
    if raw["nbformat"] < 4:
        raw = _upgrade(raw, name)
    cells = raw.get("cells")
    if not isinstance(cells, list):
        raise Unreadable(f"{name} is not a notebook: it has no list of cells")
    if len(cells) > CELLS_CAP:
        raise Unreadable(f"{name} has {len(cells):,} cells; {CELLS_CAP:,} are allowed")
    _check_language(raw.get("metadata"), name)
    seen: set[str] = set()
    rebuilt = [_rebuild(cell, seen) for cell in cells]
    if (size := sum(len(c.source) for c in rebuilt)) > SOURCE_CAP:
        raise Unreadable(
            f"{name} has {size:,} characters of code and text; {SOURCE_CAP:,} are allowed. Take "
            "out data that was pasted into a cell"
        )
    if not any(c.cell_type == "code" and c.source.strip() for c in rebuilt):
        raise Unreadable(
            f"{name} is empty: no code cell has anything in it. Save it in Jupyter, and hand in "
            "the file that you saved"
        )
    book = v4.new_notebook()  # it would refuse metadata of a wrong shape
    book["cells"], book["metadata"] = rebuilt, _complete_metadata(raw.get("metadata"))
    return _repair(book)


def _parse(data: bytes, name: str) -> Json:
    if not data.strip():
        raise Unreadable(
            f"{name} is empty: the file has {len(data)} bytes. Save it in Jupyter again"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"{name} is not a notebook: byte {error.start:,} is not UTF-8. Save it from Jupyter "
            "again, or convert the file to UTF-8"
        ) from None
    if data.count(b"{") > OBJECTS_CAP or data.count(b"[") > LISTS_CAP:
        raise Unreadable(
            f"{name} holds too much to be read: {len(data):,} bytes in very small parts. Clear "
            "all outputs in Jupyter and save it again"
        )
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(_explain_broken(text, name, error)) from None
    except (ValueError, RecursionError):
        raise Unreadable(f"{name} is not a notebook: its JSON is nested too deep") from None
    if not isinstance(raw, dict) or type(raw.get("nbformat")) is not int:
        raise Unreadable(f"{name} is not a notebook: it is JSON, but does not say `nbformat`")
    if raw["nbformat"] > 4:
        raise Unreadable(f"{name} has notebook format {raw['nbformat']}; 4 is the newest known")
    return raw


def _explain_broken(text: str, name: str, error: json.JSONDecodeError) -> str:
    """What is wrong with a file that is no JSON, and what to do."""
    where = f"line {error.lineno}, column {error.colno}"
    if not text.lstrip().startswith("{"):
        other = f"{name.removesuffix('.ipynb')}.py"
        return (
            f"{name} is not a notebook: its JSON breaks at {where}. If it is Python code, rename "
            f"it to {other}; if not, save the notebook from Jupyter again"
        )
    if re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE):
        return (
            f"{name} is not a whole notebook: its JSON breaks at {where}, where Git could not "
            "merge two versions of it. Take one of them: git checkout --ours or --theirs"
        )
    cut = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
    how = ": the file is cut off" if cut else f" ({error.msg})"
    return (
        f"{name} is not a whole notebook: its JSON breaks at {where}{how}. Save it from Jupyter "
        "again, and see that it opens before you hand it in"
    )


def _upgrade(raw: Json, name: str) -> Json:
    try:
        for sheet in raw.get("worksheets") or []:
            for cell in sheet.get("cells") or []:
                cell.pop("outputs", None)
                if cell.get("cell_type") == "code":
                    cell["outputs"] = []
        reader = nbformat.versions[raw["nbformat"]]  # it also joins lines, which files have apart
        upgraded: Json = nbformat.convert(reader.to_notebook_json(raw), 4)
    except Exception as error:  # the converters expect what Jupyter wrote
        what = f"{type(error).__name__}: {error}"[:200]
        raise Unreadable(
            f"{name} has notebook format {raw['nbformat']} and cannot be upgraded ({what}). "
            "Open it in Jupyter and save it"
        ) from None
    return upgraded


def _check_language(metadata: object, name: str) -> None:
    for part, key in (("kernelspec", "language"), ("language_info", "name")):
        described = metadata.get(part) if isinstance(metadata, dict) else None
        language = described.get(key) if isinstance(described, dict) else None
        if isinstance(language, str) and language and "python" not in language.lower():
            raise Unreadable(
                f"{name} is a notebook in {language[:40]}, not in Python. Write it in Python"
            )


def _rebuild(cell: object, seen: set[str]) -> NotebookNode:
    """A valid cell with the text of this one, whose id no other has."""
    given: Json = cell if isinstance(cell, dict) else {}
    kind = given.get("cell_type")
    make = {"code": v4.new_code_cell, "raw": v4.new_raw_cell}.get(
        kind if isinstance(kind, str) else "", v4.new_markdown_cell
    )
    new: NotebookNode = make(_join(given.get("source")))
    name = given.get("id")
    if isinstance(name, str) and _ID.fullmatch(name) and name not in seen:
        new["id"] = name
    seen.add(new["id"])
    new["metadata"] = _keep_small(given.get("metadata"), METADATA_CAP)
    if new.cell_type == "markdown" and "attachments" in given:
        new["attachments"] = _keep_small(given["attachments"], ATTACHMENTS_CAP)
    return new


def _join(source: object) -> str:
    """The text of a cell, which files also hold as a list of lines."""
    if isinstance(source, list):
        source = "".join(s for s in source if isinstance(s, str))
    text = source if isinstance(source, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")


def _keep_small(value: object, cap: int) -> NotebookNode:
    """A JSON object that is not larger than `cap`, nor nested deeply; else an empty one."""
    if not isinstance(value, dict) or wire.is_nested(value, NESTING_CAP):
        return NotebookNode()
    size = len(json.dumps(value))
    return nbformat.from_dict(value) if size <= cap else NotebookNode()


def _complete_metadata(value: object) -> NotebookNode:
    metadata: NotebookNode = nbformat.from_dict({**_keep_small(value, METADATA_CAP), **_KERNEL})
    return metadata


def _repair(book: NotebookNode) -> NotebookNode:
    """The notebook, without what makes it invalid: metadata and attachments of a wrong shape."""
    for repair in (_drop_nothing, _drop_extras):
        repair(book)
        try:
            nbformat.validate(book)
        except Exception:  # of several classes, and hooks may fail
            continue
        return book
    raise Unreadable("the notebook cannot be repaired. Open it in Jupyter and save it")


def _drop_nothing(_: NotebookNode) -> None:
    pass


def _drop_extras(book: NotebookNode) -> None:
    book["metadata"] = nbformat.from_dict(_KERNEL)
    for cell in book.cells:
        cell["metadata"] = NotebookNode()
        cell.pop("attachments", None)


def write(book: NotebookNode, cap: int) -> bytes:
    """The notebook as a file of at most `cap` bytes; outputs that do not fit are left out."""
    try:
        nbformat.validate(book)
    except Exception:  # of several classes, and hooks may fail
        for cell in _list_with_outputs(book):
            _drop_invalid(cell)
    data = _dump(book)
    if len(data) > cap:
        _drop_largest(book, len(data) - cap)
        data = _dump(book)
    if len(data) > cap:  # the cells themselves
        for cell in book.cells:
            cell.pop("attachments", None)
        data = _dump(book)
    if len(data) > cap:
        note = "[The notebook as it was executed is too large to be kept.]"
        data = _dump(v4.new_notebook(cells=[v4.new_markdown_cell(note)]))
    return data


def _drop_largest(book: NotebookNode, excess: int) -> None:
    """Notes stand in the place of outputs that had at least `excess` bytes more, largest first.

    Every cell is measured once: with a dump for each cell that is dropped, three hundred cells
    that print a lot took a minute.
    """
    note = "[outputs left out: the notebook would be too large]\n"
    fresh = NotebookNode(output_type="stream", name="stderr", text=note)
    sizes = [(_measure(cell.outputs), cell) for cell in _list_with_outputs(book)]
    for size, cell in sorted(sizes, key=lambda pair: pair[0], reverse=True):
        if excess <= 0:
            return
        cell["outputs"] = [] if (kept := size <= _measure([fresh])) else [fresh]
        excess -= size - (0 if kept else _measure([fresh]))


def _measure(outputs: Sequence[NotebookNode]) -> int:
    """Bytes of these outputs in a file, a little less: there they are indented further."""
    return len(json.dumps(outputs, ensure_ascii=False, indent=1).encode("utf-8", "replace"))


def _list_with_outputs(book: NotebookNode) -> list[NotebookNode]:
    return [c for c in book.cells if c.cell_type == "code" and c.outputs]


def _drop_invalid(cell: NotebookNode) -> None:
    """Only outputs that are valid by themselves stay."""
    kept = []
    for output in cell.outputs:
        try:
            nbformat.validate(output, ref=output["output_type"], version=4)
        except Exception:
            continue
        kept.append(output)
    cell["outputs"] = kept


def _dump(book: NotebookNode) -> bytes:
    text: str = v4.writes(book)
    return (text + "\n").encode("utf-8", "replace")
