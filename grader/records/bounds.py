"""Texts and tables of a record kept to what a person reads: the rest is counted and left out.

Students choose names, and how many there are; authors write tables of any length.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from grader.records.json_values import Json

FEEDBACK = 4_000
"""Characters of a sentence about one check, and of what to do next."""
EVIDENCE = 24_000
"""Bytes of the facts of one check, as JSON."""
STUDENT_PAGE = 150_000
"""Bytes of the page of one student, with the pictures of its errors."""
PAGE = 400_000
"""Bytes of another page, the pictures of a notebook left aside: more takes browsers long, and
nobody reads it.
"""
LEFT_OUT = "left_out"
"""The key under which evidence says how many entries were left out, by key."""
_STEPS = ((2_000, 200), (200, 50), (100, 10))
"""Characters of a text and entries of a list, tried one after the other."""


def shorten(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis, of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut(value: Json, *, texts: int, rows: int) -> tuple[Json, int]:
    """The value with its texts and lists cut, and how many entries of lists were left out."""
    if isinstance(value, str):
        return shorten(value, texts), 0
    if isinstance(value, (list, tuple)):
        parts = [cut(v, texts=texts, rows=rows) for v in value[:rows]]
        return [p for p, _ in parts], sum((n for _, n in parts), len(value) - len(parts))
    if isinstance(value, Mapping):
        named = {
            shorten(str(k), texts): cut(v, texts=texts, rows=rows)
            for k, v in list(value.items())[:rows]
        }
        left = sum((n for _, n in named.values()), len(value) - len(named))
        return {k: v for k, (v, _) in named.items()}, left
    return value, 0


def cut_evidence(evidence: Mapping[str, Json]) -> Mapping[str, Json]:
    """Evidence of at most so many bytes; what was cut says so under `left_out`."""
    if _measure(evidence) <= EVIDENCE:
        return evidence
    for texts, rows in _STEPS:
        parts = {shorten(k, texts): cut(v, texts=texts, rows=rows) for k, v in evidence.items()}
        left: dict[str, Json] = {k: n for k, (_, n) in parts.items() if n}
        kept = {k: v for k, (v, _) in parts.items()} | ({LEFT_OUT: left} if left else {})
        if _measure(kept) <= EVIDENCE:
            return kept
    return {}


def _measure(value: object) -> int:
    return len(json.dumps(value, default=str))
