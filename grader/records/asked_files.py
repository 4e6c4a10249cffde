"""What students are asked to hand in, as whoever looks through their files needs to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFiles:
    """The files of one assignment, and what is known of their content."""

    entry: str
    """Stem of the file to run: `lenet` for lenet.py or lenet.ipynb."""
    extra_files: tuple[str, ...] = ()
    """Names of further files, weights for instance."""
    names: tuple[str, ...] = ()
    """What the file to run has to define: by this it is recognised where it is called otherwise."""
    blanks: frozenset[str] = frozenset()
    """SHA-256 of each file that students start from, hex."""
