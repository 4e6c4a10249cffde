"""Written answers, found by their labels in what was handed in. Reads text by lines; runs nothing.

An answer begins where its label begins a line, followed by a colon, a full stop, a bracket or the
end of the line: in a text cell of a notebook, a comment, a string over several lines, or a text
file. It ends with the next label, or where the cell, the comment or the file ends. Where nothing
stands there but what the handout has, the text cell below it is the answer.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from grader.records.measurements import Text
from grader.records.measurements.text import MOST
from grader.records.notebook_file import MOST_BYTES as LARGEST_NOTEBOOK
from grader.records.notebook_file import SUFFIX, Unreadable, read_notebook

TEXTS = (".md", ".txt", ".rst")
"""How text files end in which answers may stand."""
MOST_BYTES = 4 << 20
"""Of the beginning of a text file or a module in which answers are looked for."""
_SMALL = 100_000
"""Bytes of a file that somebody may have written."""
MOST_LINES = 50_000
"""Of all files together."""
_LONGEST = 2 * MOST
"""Characters of a line."""
_FRAME = " \t#>*_~`-=.…:|"
"""What frames a line without saying anything."""
_BLANK = r"[\s\0!-/:-@\[-`{-~…–—·•]*"
_EMPTY = re.compile(
    rf"{_BLANK}(?:todo|fixme|(?:(?:write|put|type) )?your answer(?: here)?|answer)?{_BLANK}",
    re.IGNORECASE,
)
_QUOTES = ('"""', "'''")
_UNSEEN = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""Characters without a shape."""
_BEFORE = (
    rf"(?:[\s#>*_`(\[|+•·~–—{_UNSEEN}-]|<[^<>]{{1,40}}>|\d{{1,2}}[.)]\s|(?:question|answer)\s)"
)
"""What may stand before a label: marks of a list, a heading or a table, and such words."""
_AFTER = rf"(?:[\s*_`?~|{_UNSEEN}]|</[^<>]{{1,40}}>|\([^()]{{1,40}}\))"
"""What may stand between a label and what follows it: `(2 points)`."""
_FOLLOWS = r"[:：)\]=→]|\.(?!\d)|[–—-](?!\d)|(?<=\|)|$"
"""What ends a label."""
_TEXT_CELL = re.compile(r"\A\s*%%(?:markdown|html|latex)\b")
"""A cell of code that is one of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Lines that belong together."""

    place: str
    lines: Sequence[str]
    prose: bool
    """True where the block below may go on with an answer: a text cell."""


def find_answers(
    files: Mapping[str, bytes],
    entry: str | None,
    labels: Sequence[str],
    prompts: frozenset[str] | None = frozenset(),
) -> dict[str, Text]:
    """By label what was written under it; a label under which nothing stands is left out.

    `prompts` are lines of the handout (`find_prompts`), which are nobody's answer; where they are
    not known, the cell below a label is no answer either.
    """
    forms = _make_forms(labels)
    parts: dict[str, list[tuple[str, str]]] = {}
    for blocks in _read_all(files, entry):
        for label, place, text in _read_blocks(blocks, forms, prompts):
            known = parts.setdefault(label, [])
            if text not in (t for _, t in known):
                known.append((place, text))
    return {label: _join(label, found) for label, found in parts.items()}


def is_too_large(name: str, content: bytes) -> bool:
    """Whether this is a notebook in which no answers are looked for."""
    return name.lower().endswith(SUFFIX) and len(content) > LARGEST_NOTEBOOK


def find_prompts(files: Mapping[str, bytes], labels: Sequence[str]) -> frozenset[str]:
    """The lines of text in a handout, as `find_answers` passes over them."""
    forms = _make_forms(labels)
    lines: set[str] = set()
    for blocks in _read_all(files, None):
        for block in blocks:
            for line in block.lines:
                lines.add(_bare(line))
                lines |= {_bare(line[m.end() :]) for f in forms.values() if (m := f.match(line))}
    return frozenset(lines - {""})


def _join(label: str, found: Sequence[tuple[str, str]]) -> Text:
    text = "\n\n".join(text for _, text in found)
    places = tuple(dict.fromkeys(place for place, _ in found))
    return Text(label=label, text=text[:MOST], places=places, cut=len(text) > MOST)


# ---------------------------------------------------------------------- labels in blocks


def _make_form(label: str) -> re.Pattern[str]:
    """How a line begins that has this label."""
    words = r"\s{0,3}".join(map(re.escape, label.split()))
    form = rf"{_BEFORE}{{0,20}}{words}(?![^\W_]){_AFTER}{{0,10}}(?:{_FOLLOWS})[*_`]*"
    return re.compile(form, re.IGNORECASE)


def _make_forms(labels: Sequence[str]) -> dict[str, re.Pattern[str]]:
    """The longest label first, of which another one may be the beginning."""
    return {label: _make_form(label) for label in sorted(labels, key=len, reverse=True)}


def _read_blocks(
    blocks: Iterable[_Block], forms: Mapping[str, re.Pattern[str]], prompts: frozenset[str] | None
) -> Iterator[tuple[str, str, str]]:
    """Label, place and text of each answer in the blocks of one file."""
    waiting: str | None = None
    for block in blocks:
        found: list[tuple[str, list[str]]] = [(waiting, [])] if waiting and block.prose else []
        for line in block.lines:
            hit = next(((n, m) for n, f in forms.items() if (m := f.match(line))), None)
            if hit is not None:
                found.append((hit[0], [line[hit[1].end() :]]))
            elif found:
                found[-1][1].append(line)
        kept = [(label, _keep_own(lines, prompts or frozenset())) for label, lines in found]
        for label, text in kept:
            if text:
                yield label, block.place, text
        follows = block.prose and prompts is not None
        waiting = kept[-1][0] if kept and not kept[-1][1] and follows else None


def _keep_own(lines: Sequence[str], prompts: frozenset[str]) -> str:
    """What is no line of the handout and no blank; empty where nothing is."""
    own = [line.rstrip() for line in lines if not (b := _bare(line)) or b not in prompts]
    text = "\n".join(own).strip()
    return "" if _EMPTY.fullmatch(text[:_LONGEST]) else text


def _bare(line: str) -> str:
    return line.strip(_FRAME)


# ---------------------------------------------------------------------- blocks of files


def _read_all(files: Mapping[str, bytes], entry: str | None) -> Iterator[Iterator[_Block]]:
    """The blocks of each file, the entry first, then the small ones: large ones are data."""
    left = MOST_LINES
    for name in sorted(files, key=lambda n: (n != entry, len(files[n]) > _SMALL, n)):
        blocks = []
        for block in _read_file(name, files[name]):
            blocks.append(_shorten(block, left))
            left -= len(blocks[-1].lines)
        yield iter(blocks)


def _shorten(block: _Block, most: int) -> _Block:
    lines = [line[:_LONGEST] for line in block.lines[: max(0, most)]]
    return _Block(place=block.place, lines=lines, prose=block.prose)


def _read_file(name: str, content: bytes) -> Iterator[_Block]:
    lower = name.lower()
    if lower.endswith(SUFFIX):
        yield from _read_notebook(name, content)
    elif lower.endswith(".py"):
        yield from _read_code(f"{basename(name)}, line", _decode(content[:MOST_BYTES]))
    elif lower.endswith(TEXTS):
        lines = _split(_decode(content[:MOST_BYTES]))
        stem = basename(name).rpartition(".")[0]
        # A file that is called like a label is that answer, without the label standing in it.
        yield _Block(place=basename(name), lines=[f"{stem}:", *lines], prose=False)


def _read_notebook(name: str, content: bytes) -> Iterator[_Block]:
    try:
        cells = read_notebook(content).cells
    except Unreadable:
        return
    for cell in cells:
        place, source = f"{basename(name)}, cell {cell.number}", cell.source or ""
        if cell.kind == "code" and not _TEXT_CELL.match(source):
            yield from _read_code(place, source, numbered=False)
            yield _Block(place=place, lines=(), prose=False)
        else:
            yield _Block(place=place, lines=_split(source), prose=True)


def _read_code(place: str, source: str, *, numbered: bool = True) -> Iterator[_Block]:
    """Comments on lines of their own, and strings over several lines."""
    block: list[str] = []
    first, quote = 1, ""
    for number, line in enumerate([*_split(source), ""], 1):
        bare = line.strip()
        text, after = _read_line(bare, quote)
        if text is None or (not quote and after and block):
            if block:
                yield _Block(
                    place=f"{place} {first}" if numbered else place, lines=block, prose=False
                )
            block = []
        if text is not None:
            first = first if block else number
            block.append(text)
        quote = after
    if block:  # of a string that has no end
        yield _Block(place=f"{place} {first}" if numbered else place, lines=block, prose=False)


def _read_line(bare: str, quote: str) -> tuple[str | None, str]:
    """What a line of code says in words, None where nothing; by which quotes a string goes on."""
    if quote:
        text, end, _ = bare.partition(quote)
        return text, "" if end else quote
    if bare.startswith("#"):
        return bare.lstrip("#").strip(), ""
    for mark in _QUOTES:
        head, begin, rest = bare.partition(mark)
        if begin and len(head) <= 40 and "#" not in head:
            text, end, _ = rest.partition(mark)
            return text, "" if end else mark
    return None, ""


def _decode(content: bytes) -> str:
    """The text, also where Windows' Notepad wrote it as "Unicode"."""
    of_two = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if of_two else "utf-8-sig", "replace")


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
