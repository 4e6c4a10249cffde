"""A session that stays as it is while its names are measured in its own process.

A student's functions see the names of the session as their globals, and may write to them. So the
names are bound to copies first, and to what they were bound to afterwards; and what a library keeps
for the whole process (random numbers, precision, directory) is set back after each question.
"""

from __future__ import annotations

import copy
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

Names = dict[str, object]

LARGEST = 64 << 20
"""Bytes of plain data up to which it is copied; what is larger is read where it is."""
_MOST = 200_000
"""Items of a container that is copied."""
_COPIED = (
    torch.nn.Module,
    torch.Tensor,
    torch.optim.Optimizer,
    torch.optim.lr_scheduler.LRScheduler,
    np.ndarray,
    np.random.Generator,
    np.random.RandomState,
    random.Random,
)
_CONTAINERS = (list, tuple, dict, set)
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic)
_FAMILIES = ("cuda", "xpu")
"""Kinds of devices of which torch keeps one stream of random numbers each."""


class Shelter:
    """The names of a session, put aside. Between `enter` and `leave` they are bound to copies."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._before: Names | None = None
        self._generators: list[tuple[torch.Generator, torch.Tensor]] = []
        self.uncopied: dict[str, str] = {}
        """Networks that could not be copied, and why: they must not be measured."""

    def enter(self) -> None:
        """Whatever a function changes from here on is a copy, or a new name."""
        copies = self._copy()
        generators = [g for g in self._names.values() if isinstance(g, torch.Generator)]
        self._generators = [(g, g.get_state()) for g in generators]  # these cannot be copied
        self._before = dict(self._names)
        self._names.update(copies)

    def leave(self) -> None:
        """Every name is bound to what it was bound to, and no name is new."""
        if self._before is None:
            return
        before, self._before = self._before, None
        for name in self._names.keys() - before.keys():
            del self._names[name]
        self._names.update(before)
        for generator, state in self._generators:
            generator.set_state(state)

    def _copy(self) -> Names:
        """Copies of what measuring could change. What two names share, their copies share too."""
        memo: dict[int, object] = {}
        copies: Names = {}
        own = self._names.get("__name__")
        for name, value in self._names.items():
            if name.startswith("__") or not _is_copied(value, own):
                continue
            try:
                copies[name] = copied = copy.deepcopy(value, memo)
                if isinstance(value, torch.nn.Module) and isinstance(copied, torch.nn.Module):
                    _copy_gradients(value, copied)
                    torch.nn.Module.to(copied, "cpu")  # measuring has its numbers there
            except Exception as error:  # a class may refuse in any way
                copies.pop(name, None)
                if isinstance(value, torch.nn.Module):
                    self.uncopied[name] = f"{type(error).__name__}: {error}"
        return copies


def _copy_gradients(network: torch.nn.Module, copied: torch.nn.Module) -> None:
    """Which a parameter leaves behind when it is copied."""
    parameters = torch.nn.Module.parameters
    for before, after in zip(parameters(network), parameters(copied), strict=True):
        if before.grad is not None and after.grad is None:
            after.grad = before.grad.detach().clone()


def _is_copied(value: object, own: object) -> bool:
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return value.nbytes <= LARGEST or (isinstance(value, torch.Tensor) and value.requires_grad)
    if isinstance(value, _COPIED) or _is_of_session(value, own):
        return True
    return type(value) in _CONTAINERS and _is_plain(value, own)


def _is_of_session(value: object, own: object) -> bool:
    """True for an object of a class that was written in a cell."""
    return not isinstance(value, type) and getattr(type(value), "__module__", None) == own


def _is_plain(value: object, own: object) -> bool:
    """True where a container holds numbers, text, arrays and networks, and not too many of them.

    A copy of anything else, such as a figure, could do something.
    """
    waiting, count = [value], 0
    while waiting:
        item = waiting.pop()
        count += 1
        if count > _MOST:
            return False
        if type(item) in _CONTAINERS:
            waiting += [*item, *item.values()] if isinstance(item, dict) else list(item)  # type: ignore[call-overload]
        elif not (isinstance(item, _PLAIN) or _is_copied(item, own)):
            return False
    return True


# ---------------------------------------------------------------------- of the whole process


@contextmanager
def keep_state() -> Iterator[None]:
    """Within, anything of the process may be set; afterwards it is as it was.

    Gradients are on within, and tensors are made on the CPU, as in a process of its own.
    """
    with ExitStack() as stack:
        for restore in (*_keep_random(), *_keep_settings()):
            stack.callback(restore)
        stack.enter_context(_close_figures())
        stack.enter_context(warnings.catch_warnings())
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        stack.enter_context(torch.enable_grad())
        yield


def _keep_random() -> Iterator[Callable[[], object]]:
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    yield lambda: random.setstate(of_python)
    yield lambda: np.random.set_state(of_numpy)  # noqa: NPY002
    for name in _FAMILIES:
        family = getattr(torch, name, None)
        if family is None or not family.is_available():
            continue
        if family.is_initialized():
            states = family.get_rng_state_all()
            yield partial(family.set_rng_state_all, states)
        else:
            yield partial(_seed_later, family)
    if torch.backends.mps.is_available():
        of_mps = torch.mps.get_rng_state()
        yield lambda: torch.mps.set_rng_state(of_mps)
    of_torch = torch.get_rng_state()
    yield lambda: torch.set_rng_state(of_torch)  # the last is set back first


def _seed_later(family: Any) -> None:
    """A device that is first used later on begins with the seed that it would have begun with."""
    family.manual_seed_all(torch.initial_seed())


def _keep_settings() -> Iterator[Callable[[], object]]:
    directory, path, environment = os.getcwd(), list(sys.path), dict(os.environ)
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    strict = _get_strictness()
    yield lambda: os.chdir(directory)
    yield lambda: sys.path.__setitem__(slice(None), path)
    yield lambda: _set_environment(environment)
    yield lambda: torch.set_default_dtype(dtype)
    yield lambda: torch.set_num_threads(threads)
    yield lambda: _set_strictness(*strict)


def _get_strictness() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


def _set_strictness(strict: bool, only_warn: bool) -> None:  # noqa: FBT001
    if (strict, only_warn) != _get_strictness():  # setting it imports all of torch's compiler
        torch.use_deterministic_algorithms(strict, warn_only=only_warn)


def _set_environment(environment: Mapping[str, str]) -> None:
    if dict(os.environ) != environment:
        os.environ.clear()
        os.environ.update(environment)


@contextmanager
def _close_figures() -> Iterator[None]:
    """Figures that were begun within are gone: a notebook shows all that are left."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    before = set(pyplot.get_fignums()) if pyplot else set()
    try:
        yield
    finally:
        pyplot = sys.modules.get("matplotlib.pyplot")
        for number in set(pyplot.get_fignums()) - before if pyplot else ():
            pyplot.close(number)  # type: ignore[union-attr]
