"""Where single numbers go: which weight a copy came from, and what becomes of each output.

A shadow is a tensor of whole numbers beside one of the network's, and goes through the same steps.
Beside weights it says in which place of which tensor a number lies. So a matrix that was turned,
copied or joined for one product is known again. Beside results of a product it says which output a
number is. So it shows which outputs go together: the queries of one head go into one product, the
keys into another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch

from grader.inside.measuring import shadows
from grader.inside.measuring.operators import (
    CHANGES,
    PRODUCTS,
    REARRANGEMENTS,
    REDUCTIONS,
    SUMS,
    list_tensors,
)

MOST = 1 << 22
"""Numbers of a shadow that is looked at; of what is larger nothing is known."""
SUMMANDS = 8
"""Results of which a sum is still followed."""
Geometry = tuple[int, int, tuple[int, ...], tuple[int, ...]]
"""Which numbers a tensor shows: storage, first place, shape, strides."""


def locate_storage(tensor: torch.Tensor) -> int:
    """What tells its memory from that of others."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):
        return -id(tensor)


def _locate(tensor: torch.Tensor) -> Geometry:
    shape, stride = tuple(tensor.shape), tuple(tensor.stride())
    return locate_storage(tensor), int(tensor.storage_offset()), shape, stride


class Flow:
    """Shadows of everything that only moved since it was a weight or the result of a product."""

    def __init__(self) -> None:
        self._places: dict[Geometry, torch.Tensor] = {}
        """Of copies of weights: where their numbers lie."""
        self._shadows: dict[Geometry, list[torch.Tensor]] = {}
        """Of results: which output each number is; of a sum of results, of each of them."""
        self._owned: list[torch.Tensor] = []
        """Tensors that own weights, by number."""
        self._first: list[int] = []
        """The shadow of the first number of each."""
        self._outputs: list[torch.Tensor] = []
        """For each product: the part that each of its outputs belongs to."""
        self._inputs: dict[int, torch.Tensor] = {}
        """For some products: which output of an earlier one each of its inputs is a mixture of."""
        self._starts: list[int] = []
        """The shadow of the first output of each product."""
        self._widths: dict[int, int] = {}
        """How many inputs a product has."""
        self._mixed: set[int] = set()
        """Products of whose results matrices were multiplied with each other."""
        self._multiplied: dict[Geometry, list[torch.Tensor]] = {}
        """Shadows of results that were multiplied number by number, until it shows what for."""
        self._weighed: set[Geometry] = set()
        """Results that were multiplied by one number for several outputs each."""

    # ------------------------------------------------------------------ weights

    def copy_weights(
        self,
        func: Callable[..., object],
        name: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        leaves: dict[int, torch.Tensor],
        outputs: Sequence[torch.Tensor],
    ) -> None:
        """Note where the numbers of `outputs` came from, if they were only moved."""
        if name not in REARRANGEMENTS or name.endswith("_") or not outputs:
            return
        if all(locate_storage(o) in leaves for o in outputs):
            return  # their strides say so
        if any(o.numel() > MOST for o in outputs):
            return  # a few numbers may be shown as very many
        moved = shadows.move(func, name, args, kwargs, lambda t: self.find_places(t, leaves))
        known = [(place, m) for place, m in _match(outputs, moved) if bool((m >= 0).any())]
        self._places.update(known)

    def find_places(
        self, tensor: torch.Tensor, leaves: dict[int, torch.Tensor]
    ) -> torch.Tensor | None:
        """Of each number of a weight its own number among those of all weights; None for others."""
        leaf = leaves.get(locate_storage(tensor))
        if leaf is None:
            return self._places.get(_locate(tensor))
        known = next((n for n, t in enumerate(self._owned) if t is leaf), None)
        if known is None:
            known = len(self._owned)
            self._owned.append(leaf)
            last = self._first[-1] + count_places(self._owned[-2]) if self._first else 0
            self._first.append(last)
        span = count_places(leaf)
        offset = tensor.storage_offset() - leaf.storage_offset()
        if offset < 0 or span > MOST:
            return None
        numbers = torch.arange(span) + self._first[known]
        try:
            return numbers.as_strided(tensor.shape, tensor.stride(), offset)
        except RuntimeError:  # it shows more than the leaf holds
            return None

    def is_copy(self, tensor: torch.Tensor) -> bool:
        """True for numbers of weights that were only moved."""
        return _locate(tensor) in self._places

    def find_owner(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """The one tensor that owns these numbers, and where in it they lie; None for several."""
        if not places.numel() or not self._first:
            return None
        least, most = int(places.min()), int(places.max())
        number = max((n for n, first in enumerate(self._first) if first <= least), default=None)
        if number is None or least < 0:
            return None
        leaf, first = self._owned[number], self._first[number]
        if most >= first + count_places(leaf):
            return None
        return leaf, places - first

    # ------------------------------------------------------------------ results

    def start(self, product: int, result: torch.Tensor, outputs: torch.Tensor, count: int) -> None:
        """`result` is that of a product, whose `count` outputs stand where `outputs` says."""
        while len(self._outputs) <= product:
            self._outputs.append(torch.zeros(0, dtype=torch.int64))
            self._starts.append(self._starts[-1] + MOST if self._starts else 0)
        if not len(self._outputs[product]):
            self._outputs[product] = torch.zeros(count, dtype=torch.int64)
        if result.numel() <= MOST and count <= MOST:
            shadow = (outputs + self._starts[product]).expand(result.shape)
            self._shadows[_locate(result)] = [shadow]

    def follow(
        self,
        func: Callable[..., object],
        name: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        outputs: Sequence[torch.Tensor],
    ) -> None:
        """Note what one operator does to results: moves them, changes each, or mixes them."""
        tensors = list_tensors((args, kwargs))
        plain, first = name.rstrip("_"), outputs[0] if outputs else None
        self._settle(plain, args, tensors)
        given = [s for t in tensors if (s := self._find(t))]
        if not given or first is None:
            return
        if name in REARRANGEMENTS:
            layers = range(max(map(len, given)))
            moved = [
                _match(outputs, shadows.move(func, name, args, kwargs, self._find_at(n)))
                for n in layers
            ]
            for rows in zip(*moved, strict=True):
                self._shadows[rows[0][0]] = [shadow for _, shadow in rows]
        elif plain in CHANGES and len(given) == 1:
            if plain != "mul" or not self._weigh(given[0], list_tensors(args), first):
                self._keep(first, given[0])
        elif plain == "mul":
            several = [shadows.spread(s, first.shape) for own in given for s in own]
            self._multiplied[_locate(first)] = [s for s in several if s is not None]
            self._shadows.pop(_locate(first), None)
        elif plain in REDUCTIONS and _locate(tensors[0]) in self._weighed and len(given[0]) == 1:
            dims = shadows.read_dims(args, tensors[0].dim())
            self._keep(first, [shadows.mix(given[0][0], dims, first.shape)])
        else:
            self._mix_all(name, args, given, first)

    def _mix_all(
        self,
        name: str,
        args: Sequence[object],
        given: Sequence[Sequence[torch.Tensor]],
        first: torch.Tensor,
    ) -> None:
        """One operator takes results together; `first` is what it gives."""
        for shadow in (s for several in given for s in several):
            self._mix(shadow, by_row=name in PRODUCTS)
        mixed = self._find_mixed(name, args, first) if name in PRODUCTS else None
        if mixed is not None:
            self._keep(first, [mixed])
        elif name.rstrip("_") in SUMS:
            self._keep(first, [s for several in given for s in several])
        else:
            self._shadows.pop(_locate(first), None)  # of what it was before

    # ------------------------------------------------------------------ products number by number

    def _settle(self, name: str, args: Sequence[object], tensors: Sequence[torch.Tensor]) -> None:
        """What was multiplied number by number goes together where it is summed: as far as that
        runs, and else altogether.
        """
        for tensor in tensors:
            for shadow in self._multiplied.pop(_locate(tensor), ()):
                if name in REDUCTIONS and tensor is tensors[0] and shadow.numel():
                    dims = shadows.read_dims(args, shadow.dim())
                    self._divide_rows(shadows.list_rows(shadow, dims), mixed=True)
                else:
                    self._mix(shadow, by_row=False)

    def _weigh(
        self, given: Sequence[torch.Tensor], tensors: Sequence[torch.Tensor], result: torch.Tensor
    ) -> bool:
        """True where outputs were weighed together, those of a head by one number of the other."""
        other = next((t for t in tensors if t.numel() > 1 and not self._find(t)), None)
        dims = [] if other is None else shadows.find_shared(other, result.shape)
        whole = shadows.spread(given[0], result.shape) if dims and len(given) == 1 else None
        if whole is None or not whole.numel():
            return False
        rows = shadows.list_rows(whole, dims)
        if shadows.is_single(rows):
            return False
        self._divide_rows(rows, mixed=True)
        self._weighed.add(_locate(result))
        self._keep(result, [whole])
        return True

    def _find_mixed(
        self, name: str, args: Sequence[object], result: torch.Tensor
    ) -> torch.Tensor | None:
        """The shadow of a product of two results, one of which is only weighed by the other.

        So each number is a mixture of one output at several places, as attention makes it.
        """
        given = [(n, t) for n, t in enumerate(args) if isinstance(t, torch.Tensor)]
        known = [(n, s[0]) for n, t in given if len(s := self._find(t)) == 1]
        if name.startswith(("scaled", "_scaled")):
            known = known[2:3]
        if len(known) != 1:
            return None
        number, shadow = known[0]
        left = number == 0 and not name.startswith(("scaled", "_scaled"))
        return shadows.mix(shadow, [-1 if left else -2], result.shape)

    def _find(self, tensor: torch.Tensor) -> list[torch.Tensor]:
        """The shadows of the results that a tensor is the sum of."""
        return self._shadows.get(_locate(tensor), [])

    def _keep(self, result: torch.Tensor, several: Sequence[torch.Tensor | None]) -> None:
        """The result has the same outputs in the same places, each only changed."""
        fits = [s for s in several if s is not None and s.shape == result.shape]
        self._shadows[_locate(result)] = fits if len(fits) <= SUMMANDS else []

    def _find_at(self, number: int) -> Callable[[torch.Tensor], torch.Tensor | None]:
        """Finds the shadow of that number of a tensor, if it has so many."""

        def find(tensor: torch.Tensor) -> torch.Tensor | None:
            several = self._find(tensor)
            return several[number] if number < len(several) else None

        return find

    def _mix(self, shadow: torch.Tensor, *, by_row: bool) -> None:
        """What goes into one product together is a part; by row, each matrix of a batch is one."""
        if shadow.numel():
            first = max(0, shadow.dim() - 2) if by_row else 0
            dims = range(first, shadow.dim())
            self._divide_rows(shadows.list_rows(shadow, dims), mixed=by_row)

    def _divide_rows(self, rows: torch.Tensor, *, mixed: bool) -> None:
        """Each row of outputs is a part; `mixed` where they go into a mixture of several places."""
        rows = torch.unique(rows.sort(dim=1).values, dim=0)
        for row in rows:
            used = torch.unique(row[(row >= 0) & (row < shadows.THROUGH)])
            for product in torch.unique(used // MOST).tolist():
                if mixed:
                    self._mixed.add(product)
                parts = self._outputs[product]
                inside = torch.zeros(len(parts), dtype=torch.bool)
                inside[used[used // MOST == product] - self._starts[product]] = True
                if not bool(inside.all()):
                    self._outputs[product] = torch.unique(parts * 2 + inside, return_inverse=True)[
                        1
                    ]

    def find_bias(
        self, product: int, data: torch.Tensor, result: torch.Tensor, places: torch.Tensor
    ) -> torch.Tensor | None:
        """For each output a number of the result that its bias was added to; None if unclear.

        `places` are the bias's numbers, which are added to the data.
        """
        count = len(self._outputs[product]) if product < len(self._outputs) else 0
        own = (s.reshape(-1) - self._starts[product] for s in self._find(data) if count)
        at = next((a for a in own if int(a.min()) >= 0 and int(a.max()) < count), None)
        if at is None or len(at) != result.numel():
            return None
        wide = places.expand(result.shape).reshape(-1)
        found = torch.full((count,), -1)
        found[at] = torch.arange(len(at))
        if int(found.min()) < 0 or not torch.equal(wide[found][at], wide):
            return None
        return found if len(torch.unique(wide[found])) == count else None

    def note_inputs(self, product: int, data: torch.Tensor, axis: int) -> None:
        """Keep which outputs of an earlier product the inputs of this one are mixtures of."""
        self._widths[product] = data.shape[axis]
        shadow = next(
            (s for s in self._find(data) if s.numel() and int(s.min()) >= shadows.THROUGH), None
        )
        if shadow is not None and shadow.numel() <= MOST:
            rows = shadow.movedim(axis, -1).reshape(-1, shadow.shape[axis])
            if torch.equal(rows[:1].expand(rows.shape), rows):
                self._inputs[product] = rows[0] - shadows.THROUGH

    def list_inputs(self, product: int, feeds: Iterable[int] = ()) -> list[list[int]]:
        """Its inputs by the parts that they are mixtures of, in the order of those; or nothing.

        Where they could not be followed, but a mixture of the results of `feeds` is among them, and
        the parts of those have one size, they are taken as they stand.
        """
        labels = self._inputs.get(product)
        if labels is None:
            return self._guess_inputs(product, feeds)
        ranks: dict[int, list[int]] = {}
        groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for place, label in enumerate(labels.tolist()):
            earlier, output = divmod(label, MOST)
            if earlier not in ranks:
                parts = self.list_parts(earlier)
                ranks[earlier] = [0] * len(self._outputs[earlier])
                for rank, part in enumerate(parts):
                    for member in part:
                        ranks[earlier][member] = rank
            groups.setdefault((earlier, ranks[earlier][output]), []).append((output, place))
        return [[place for _, place in sorted(group)] for _, group in sorted(groups.items())]

    def _guess_inputs(self, product: int, feeds: Iterable[int]) -> list[list[int]]:
        earlier = list(feeds)
        if not any(e in self._mixed for e in earlier):
            return []
        sizes = {len(part) for e in earlier for part in self._list_all(e)}
        count, size = self._widths.get(product, 0), sizes.pop() if len(sizes) == 1 else 0
        if not size or count % size:
            return []
        return [list(range(start, start + size)) for start in range(0, count, size)]

    def _list_all(self, product: int) -> list[list[int]]:
        """Its parts; all its outputs where they are one, none where it is no product."""
        count = len(self._outputs[product]) if product < len(self._outputs) else 0
        return self.list_parts(product) or [list(range(count))]

    def divide(self, product: int, classes: torch.Tensor) -> None:
        """Outputs of different classes are different parts."""
        parts = self._outputs[product]
        if len(classes) == len(parts):
            both = torch.stack([parts, classes])
            self._outputs[product] = torch.unique(both, dim=1, return_inverse=True)[1]

    def find_owners(self, places: torch.Tensor) -> torch.Tensor:
        """For each column of a matrix the number of the tensor in which it begins."""
        starts = torch.tensor(self._first)
        return torch.searchsorted(starts, places[0].contiguous(), right=True)

    def list_parts(self, product: int) -> list[list[int]]:
        """The outputs of a product by what they go into together, or no parts where all do."""
        for several in self._multiplied.values():
            for shadow in several:
                self._mix(shadow, by_row=False)
        self._multiplied.clear()
        if product >= len(self._outputs):
            return []
        parts = self._outputs[product]
        if not len(parts) or int(parts.max()) == int(parts.min()):
            return []
        groups: dict[int, list[int]] = {}
        for output, part in enumerate(parts.tolist()):
            groups.setdefault(part, []).append(output)
        return list(groups.values())


def _match(
    outputs: Sequence[torch.Tensor], moved: Sequence[torch.Tensor]
) -> list[tuple[Geometry, torch.Tensor]]:
    """Each output with its shadow, where there is one for each."""
    if [m.shape for m in moved] != [o.shape for o in outputs]:
        return []
    return [(_locate(o), m) for o, m in zip(outputs, moved, strict=True)]


def count_places(leaf: torch.Tensor) -> int:
    """Places in memory from its first number to its last."""
    return 1 + sum((n - 1) * s for n, s in zip(leaf.shape, leaf.stride(), strict=True) if n)
