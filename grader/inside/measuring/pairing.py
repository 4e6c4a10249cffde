"""Which weight of a network is which, so that every right network gets equal weights.

A key is what a piece of an operator is (kind, shape of its weight, how many of that shape came
before), so a missing or an additional layer does not shift the numbers of the others, and names and
the order of declaration do not matter. Pieces that what they are and what came before do not tell
apart, such as the queries, keys and values of an attention, are told apart by what they do: all of
them get equal weights, and what the answers depend on in each of them is compared. Two right
networks see the same there, however their layers are put together.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import layout, network
from grader.inside.measuring.network import PERIOD, Prepared
from grader.inside.measuring.order import Operator, Weight, name_group
from grader.inside.measuring.trace import Trace
from grader.inside.wire import Array

ListAnswers = Callable[[object], Sequence[torch.Tensor]]
Keyed = tuple[str, Weight]
"""A weight and its key: kind and shape of its operator, number among those, role."""
SECONDS = 2.0
"""CPU seconds after which no further attempt is made to tell pieces apart."""
ROUNDING = {"float64": 1e-9, "float32": 1e-4}
"""Differences below this share of the greatest are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of an operator whose outputs go one way, with weights that none before it had."""

    group: str
    """Kind and shape of its weight."""
    standing: str
    """What it is and what came before it."""
    weights: list[Weight]


def list_pieces(operators: Sequence[Operator]) -> list[Piece]:
    """Every piece that owns weights not seen before."""
    seen: set[tuple[object, ...]] = set()
    rows = []
    for operator in operators:
        for piece, standing in zip(operator.pieces, operator.standings, strict=False):
            own = []
            for weight in piece:
                identity = _identify(weight)
                if identity not in seen:
                    seen.add(identity)
                    own.append(weight)
            if own:
                group = name_group(operator.kind, piece)
                rows.append(Piece(group=group, standing=standing, weights=own))
    return rows


def _identify(weight: Weight) -> tuple[object, ...]:
    """What tells its numbers from others."""
    places = weight.places
    if places is None:
        return id(weight.leaf), weight.view.storage_offset()
    return id(weight.leaf), weight.leaf.storage_offset() + int(places.reshape(-1)[0])


def pair(operators: Sequence[Operator]) -> list[Keyed]:
    """Keys for all weights, by place."""
    pieces = list_pieces(operators)
    return _name(pieces, _number(pieces))


def _number(pieces: Sequence[Piece]) -> list[int]:
    """For each piece how many of its group came before."""
    counts: dict[str, itertools.count[int]] = {}
    return [next(counts.setdefault(p.group, itertools.count())) for p in pieces]


def _name(pieces: Sequence[Piece], numbers: Sequence[int]) -> list[Keyed]:
    return [
        (f"{piece.group}/{number}/{weight.role}", weight)
        for piece, number in zip(pieces, numbers, strict=True)
        for weight in piece.weights
    ]


def list_keys(operators: Sequence[Operator], pairs: Sequence[Keyed]) -> list[list[str]]:
    """For each operator the keys of its pieces, without a role; `pairs` are of the same network."""
    known = {_identify(weight): key.rpartition("/")[0] for key, weight in pairs}
    return [[known.get(_identify(p[0]), "") for p in o.pieces] for o in operators]


# ---------------------------------------------------------------------- which is which


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The number of each piece among those of its group."""

    numbers: tuple[int, ...]
    unsure: int = 0
    """How many pieces could not be told apart in time, and were taken by place."""

    def name(self, operators: Sequence[Operator]) -> list[Keyed]:
        """The keys of the weights of a network that was built the same way."""
        pieces = list_pieces(operators)
        if len(pieces) != len(self.numbers):
            return _name(pieces, _number(pieces))
        return _name(pieces, self.numbers)


def tell_apart(prepared: Prepared, seed: int, list_answers: ListAnswers) -> Pairing | None:
    """The number of each piece where some are told apart by what they do; None where none need be.

    `list_answers` gives the tensors of what the network returns, as they are compared. The network
    is written to and run: what is measured afterwards needs a fresh one.
    """
    pieces = list_pieces(prepared.trace.operators)
    numbers = _number(pieces)
    alike: dict[tuple[str, str], list[int]] = {}
    for index, piece in enumerate(pieces):
        alike.setdefault((piece.group, piece.standing), []).append(index)
    tied = [members for members in alike.values() if len(members) > 1]
    if not tied:
        return None
    torch.nn.Module.train(prepared.net, False)
    work = _Work(prepared, seed, pieces, list_answers)
    until, done = time.process_time() + SECONDS, False
    with contextlib.suppress(Exception):  # the student's code may raise anything, in eval mode too
        while tied and not done:
            tied, done = work.split(tied, numbers), time.process_time() > until
    return Pairing(numbers=tuple(numbers), unsure=sum(map(len, tied)))


class _Work:
    """Writes equal weights into pieces that are alike, and looks at what depends on them."""

    def __init__(
        self, prepared: Prepared, seed: int, pieces: Sequence[Piece], list_answers: ListAnswers
    ) -> None:
        self.prepared, self.seed, self.pieces = prepared, seed, pieces
        self._list_answers = list_answers

    def split(self, tied: list[list[int]], numbers: list[int]) -> list[list[int]]:
        """The classes that are still tied, after one more look; `numbers` are put in order.

        Where a look shows no difference in any class, the first piece of the first one is taken by
        place: where all of a class do the same, it is the same which of them is the first.
        """
        slots = [sorted(numbers[i] for i in members) for members in tied]
        shared = list(numbers)
        for members, free in zip(tied, slots, strict=True):
            for index in members:
                shared[index] = free[0]
        sizes = self._look(shared, [i for members in tied for i in members])
        least = max(map(abs, sizes.values())) * ROUNDING[self.prepared.precision] / 1000
        rest: list[list[int]] = []
        changed = False
        for members, free in zip(tied, slots, strict=True):
            classes = self._sort(members, sizes, least)
            changed |= len(classes) > 1
            in_order = [i for one in classes for i in one]
            for index, slot in zip(in_order, free, strict=True):
                numbers[index] = slot
            rest += [one for one in classes if len(one) > 1]
        if not changed:
            del rest[0][0]
        return [members for members in rest if len(members) > 1]

    def _sort(
        self, members: Sequence[int], sizes: dict[int, float], least: float
    ) -> list[list[int]]:
        """The members in classes of equal size, in ascending order, each by place."""
        in_order = sorted(members, key=lambda i: (sizes[i], i))
        greatest = max(abs(sizes[i]) for i in members)
        scale = max(least, greatest * ROUNDING[self.prepared.precision])
        classes = [[in_order[0]]]
        for before, index in itertools.pairwise(in_order):
            if sizes[index] - sizes[before] > scale:
                classes.append([])
            classes[-1].append(index)
        return [sorted(one) for one in classes]

    def _look(self, numbers: Sequence[int], asked: Sequence[int]) -> dict[int, float]:
        """How much a number that the answers give depends on each of these pieces."""
        write(
            _name(self.pieces, numbers),
            lambda key, shape: draw(key, shape, self.seed),
        )
        torch.manual_seed(self.seed)
        with torch.enable_grad():
            output = self.prepared.x.call(self.prepared.net)
            value = self._measure(self._list_answers(output))
            leaves = {id(w.leaf): w.leaf for i in asked for w in self.pieces[i].weights}
            leaves = {k: t for k, t in leaves.items() if t.requires_grad}
            if not leaves or not value.requires_grad:
                return dict.fromkeys(asked, 0.0)
            found = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
        grads = dict(zip(leaves, found, strict=True))
        return {i: self._weigh(self.pieces[i], grads) for i in asked}

    def _measure(self, answers: Sequence[torch.Tensor]) -> torch.Tensor:
        """One number that depends on all answers."""
        parts = [t for t in answers if t.is_floating_point()]
        sums = [(t * self._draw(f"answer {n}", t)).sum() for n, t in enumerate(parts)]
        return sum(sums, torch.zeros(()))

    def _weigh(self, piece: Piece, grads: Mapping[int, torch.Tensor | None]) -> float:
        total = 0.0
        for weight in piece.weights:
            grad = network.lay_out_gradient(weight, grads.get(id(weight.leaf)))
            if grad is not None:
                total += float((grad * self._draw(weight.role, grad)).sum())
        return total if math.isfinite(total) else 0.0

    def _draw(self, key: str, like: torch.Tensor) -> torch.Tensor:
        """Random numbers of the same shape, for all networks the same."""
        rng = np.random.Generator(np.random.PCG64([self.seed, zlib.crc32(key.encode()), 2]))
        return torch.from_numpy(rng.standard_normal(tuple(like.shape))).to(like.dtype)


# ---------------------------------------------------------------------- equal weights


def draw(key: str, shape: Sequence[int], seed: int) -> Array:
    """The numbers that belong to a key: float64 of the given shape, or `PERIOD` to be repeated.

    Weights are normal with deviation √(2 / fan-in) (He et al. 2015, eq. 10), so that signals keep a
    size at which a clipped or leaky activation shows; scales and variances lie between 0.5 and 1.5.
    """
    kind, *_, role = key.split("/")
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(key.encode())]))
    if role == "running_var" or (role == "weight" and "norm" in kind):
        return rng.uniform(0.5, 1.5, shape)
    scale = 0.5
    if role == "weight":
        fan_in = shape[0] if kind == "linear" else math.prod(shape[1:])
        scale = math.sqrt(2.0 / max(1, fan_in))
    return rng.standard_normal(shape if math.prod(shape) <= PERIOD else PERIOD) * scale


def write(pairs: Sequence[Keyed], numbers: Callable[[str, Sequence[int]], Array]) -> None:
    """Put numbers into the weights in place, through the view that the operator received."""
    with torch.no_grad():
        for key, weight in pairs:
            shape = tuple(weight.view.shape)
            value = torch.from_numpy(np.asarray(numbers(key, shape)))
            if value.numel() == math.prod(shape):
                layout.store(weight.leaf.detach(), weight, value.reshape(shape))
            else:
                layout.fill(weight.leaf.detach(), weight, value)


def require_set(pairs: Sequence[Keyed], again: Trace) -> None:
    """Raise Unanswerable unless a second run received what was written."""
    received: dict[tuple[object, ...], Weight] = {}
    for operator in again.operators:
        for w in (w for piece in operator.pieces for w in piece):
            received.setdefault(_describe(w), w)  # a tied weight comes in two layouts
    for _, weight in pairs:
        other = received.get(_describe(weight))
        same = other is not None and torch.equal(
            layout.read(weight.leaf.detach(), weight).reshape(-1), other.view.detach().reshape(-1)
        )
        if not same and weight.role not in ("running_mean", "running_var"):
            label = weight.name or f"the {weight.role} of shape {weight.shape}"
            raise Unanswerable(
                f"equal weights could not be set: `{label}` is replaced while the network runs",
                needs_review=True,
            )


def _describe(weight: Weight) -> tuple[object, ...]:
    """What is the same for a weight in every run of one network."""
    stride = () if weight.places is not None else tuple(weight.view.stride())
    return weight.role, *_identify(weight), weight.view.numel(), stride


def require_settable(trace: Trace) -> None:
    """Raise Unanswerable where the grader could not follow which weights are used how."""
    if trace.obstacles:
        raise Unanswerable(
            f"equal weights could not be set: {trace.obstacles[0]}", needs_review=True
        )
