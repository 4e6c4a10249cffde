"""Results of a class, of which one is in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias, overload

from grader.records.result import Graded

Read: TypeAlias = Callable[[int], Graded]
"""Gives the result of that number in the ledger."""


class Results(Sequence[Graded]):
    """Results in the order of their numbers here; each is read when it is asked for."""

    def __init__(
        self, numbers: Sequence[int], open_ledger: Callable[[], AbstractContextManager[Read]]
    ) -> None:
        """`open_ledger` gives what reads; it is entered for each look."""
        self._numbers, self._open = tuple(numbers), open_ledger

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Graded: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Graded | Results:
        if isinstance(index, slice):
            return Results(self._numbers[index], self._open)
        with self._open() as read:
            return read(self._numbers[index])

    def __iter__(self) -> Iterator[Graded]:
        with self._open() as read:
            for number in self._numbers:
                yield read(number)
