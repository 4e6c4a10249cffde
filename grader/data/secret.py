"""Values that students must not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Secret(Generic[T]):
    """Something that students must not see: no encoder, no pickle, no content in its text."""

    __slots__ = ("_read", "_what")

    def __init__(self, read: Callable[[], T], what: str) -> None:
        self._read, self._what = read, what

    def reveal(self) -> T:
        """The content, for checks."""
        return self._read()

    def __repr__(self) -> str:
        return f"<secret: {self._what}>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{self!r} stays with the grader; call .reveal() inside a check")

    __reduce_ex__ = __reduce__ = __getstate__ = __copy__ = __deepcopy__ = _refuse
    __iter__ = __len__ = __getitem__ = __array__ = __bool__ = _refuse
