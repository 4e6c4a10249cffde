"""How long a network's `forward` is waited for: one that never returns takes no more than its turn.

So whatever does not need `forward`, such as the number of parameters, is measured all the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from grader.inside.measuring import budget

T = TypeVar("T")

SECONDS = 10.0
"""CPU seconds of one pass. Each time that a class takes longer, its next pass gets half."""
LEAST = 0.5
"""CPU seconds that every pass gets."""
SHARE = 3.0
"""No pass gets more than this part of all CPU seconds of the process."""
_late: Counter[type] = Counter()
"""How often a pass of a class did not end in time."""
_longest: dict[type, float] = {}
"""CPU seconds that the longest of those passes took."""


def call(forward: Callable[[], T], kind: type) -> T:
    """What a pass of a network of this class returns. TimeoutError where it does not return."""
    if budget.is_running() or threading.current_thread() is not threading.main_thread():
        return forward()
    returned: list[T] = []
    spent: list[budget.Spent] = []

    def work() -> None:
        try:
            returned.append(forward())
        except budget.Spent as error:
            spent.append(error)
            raise

    seconds = max(LEAST, min(SECONDS, budget.read_limit() / SHARE) / 2 ** _late[kind])
    try:
        is_spent = budget.run(work, seconds)
    except TimeoutError:  # the trace of the pass says so
        _late[kind] += 1
        raise
    if not is_spent:
        return returned[0]
    _late[kind] += 1
    _longest[kind] = max(seconds, _longest.get(kind, 0.0))
    where = spent[0].__traceback__ if spent else None
    raise TimeoutError(
        f"`forward` did not return within {_longest[kind]:.3g} seconds of computing time"
    ).with_traceback(where) from None
