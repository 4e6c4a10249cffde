"""What among the student's names could be a network that is asked for under another name.

Only facts are told: shapes of parameters, the shape of an answer. Whether one of them fits is
decided outside, where the reference's are known.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch

from grader.inside.loading import absent, definitions, reading
from grader.inside.loading.namespace import Names, Unanswerable
from grader.inside.measuring import budget, finding, instances, network, weights
from grader.inside.measuring.inputs import Inputs
from grader.inside.schema.questions import NetworkRow, NetworksAnswer, NetworksArgs

CAP = 40
"""Networks of one submission that are looked at."""
_SECONDS = 3.0
"""CPU time in which one has to answer."""
_BUSY = {"backward", "step", "DataLoader", "open", "save", "load", "fit", "input"}
"""What a function that only builds a network does not call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A network of the student's, by class or by example."""

    path: str
    kind: object
    """What two names have in common that mean the same network."""
    of: type | None = None
    """The class, of an instance."""
    make: instances.Maker | None
    """None where it cannot be built with what the brief says."""
    wants: tuple[str, ...] = ()


def networks(names: Names, args: NetworksArgs) -> NetworksAnswer:
    """What could stand for the network that is asked for; nothing where it is there.

    With `own` the network of that name itself, with `files` what these hold.
    """
    if "files" in args:
        return {"ready": True, "bound": None, "rows": _list_files(names, args["files"])}
    if "live" in args:
        return _list_live(names, args)
    name, init = args.get("module", ""), args.get("init", [])
    target = _look_up(names, name, init)
    if args.get("own"):
        own = Candidate(path=name, kind=target, make=_find_maker(target, init, name))
        return {"ready": True, "bound": None, "rows": _list_rows(names, [own], args)}
    wants = () if isinstance(target, torch.nn.Module) else list_wants(target, init)
    failed = reading.selection.explain(name)
    if (failed and not failed.endswith(definitions.ONLY)) or (_is_maker(target) and not wants):
        return {"ready": True, "bound": None, "rows": []}
    bound = None
    if wants:
        path = next((n for n, v in names.items() if v is target), name)
        bound = _describe(names, Candidate(path=path, kind=target, make=None, wants=wants), None)
    listed = list_candidates(names, name, init)
    if wants and isinstance(target, type):  # its own instances say with what it is built
        listed = [c for c in listed if c.of is target]
    return {"ready": False, "bound": bound, "rows": _list_rows(names, listed, args)}


def _look_up(names: Names, name: str, init: Sequence[object]) -> object:
    """What that name means, in whichever spelling; None where it means nothing."""
    try:
        return finding.find(names, name, "network", init)
    except Unanswerable:
        return None if not isinstance(names.get(name), absent.Absent) else absent.Absent


def _is_maker(target: object) -> bool:
    """True for what builds a network, or says itself what is wrong with it."""
    return target is not None and (isinstance(target, torch.nn.Module) or callable(target))


def _find_maker(target: object, init: Sequence[object], name: str) -> instances.Maker | None:
    if isinstance(target, torch.nn.Module):
        return instances.find_maker(target, init, name)
    return target if callable(target) else None


def list_wants(maker: object, init: Sequence[object]) -> tuple[str, ...]:
    """The arguments without which it cannot be called, besides those of the brief; `name=` where
    one has to be given by name.
    """
    try:
        signature = inspect.signature(maker)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # built-in classes tell none
        return ()
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    rest = list(signature.parameters.values())[len(init) :]
    needed = [p for p in rest if p.kind in (*places, inspect.Parameter.KEYWORD_ONLY)]
    named = inspect.Parameter.KEYWORD_ONLY
    return tuple(
        f"{p.name}=" if p.kind is named else p.name
        for p in needed
        if p.default is inspect.Parameter.empty
    )


# ---------------------------------------------------------------------- what there is


def list_candidates(names: Names, name: str, init: Sequence[object]) -> list[Candidate]:
    """Every network of the student's that no other name asked for means, each once.

    Functions that build one are called only where there is nothing else.
    """
    every = finding.list_paths(names)
    free = [(p, v) for p, v in every if finding.is_free(names, p, v, but=name)]
    classes: dict[type, str] = {}
    for path, value in free:
        if isinstance(value, type) and _is_own_network(value, names):
            by_name = value.__name__ == path
            classes[value] = path if by_name else classes.get(value, path)
    finished = [(p, instances.unwrap(v)) for p, v in free if isinstance(v, torch.nn.Module)]
    listed = [_by_class(kind, path, init) for kind, path in classes.items()]
    listed += [c for p, v in finished if (c := _by_example(p, v, init, classes)) is not None]
    if not listed:
        listed = [c for p, v in free if (c := _by_function(p, v, init, names)) is not None]
    shown = {c.of for c in listed}
    kinds: list[object] = []
    distinct = []
    for one in listed:
        if one.kind not in kinds and not (one.make is None and one.kind in shown):
            kinds.append(one.kind)
            distinct.append(one)
    return distinct[:CAP]


def _is_own_network(value: type, names: Names) -> bool:
    return (
        issubclass(value, torch.nn.Module)
        and finding.is_own(value, names)
        and value.forward is not torch.nn.Module.forward
    )


def _by_class(kind: type, path: str, init: Sequence[object]) -> Candidate:
    wants = list_wants(kind, init)
    return Candidate(path=path, kind=kind, make=None if wants else kind, wants=wants)


def _by_example(
    path: str, net: torch.nn.Module, init: Sequence[object], classes: dict[type, str]
) -> Candidate | None:
    """An instance, where its class does not make the same; or one of torch's own containers."""
    of, maker = type(net), instances.find_maker(net, init, path)
    if maker is of:
        return None if of in classes else Candidate(path=path, kind=of, of=of, make=maker)
    if not _holds_layers(net):
        return None
    return Candidate(path=path, kind=(of, instances.describe(net)), of=of, make=maker)


def _holds_layers(net: torch.nn.Module) -> bool:
    """False for a single layer or a loss, which nobody means by a network."""
    return len(list(torch.nn.Module.modules(net))) > 1


def _by_function(
    path: str, value: object, init: Sequence[object], names: Names
) -> Candidate | None:
    """A function of the student's that builds layers, and by its text does nothing else."""
    code = getattr(value, "__code__", None)
    if isinstance(value, type) or code is None or not finding.is_own(value, names):
        return None
    called = set(code.co_names)
    layers = {n for n in called if isinstance(getattr(torch.nn, n, None), type)}
    if not layers or called & _BUSY or list_wants(value, init):
        return None
    return Candidate(path=path, kind=value, make=value)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- what they are


def _list_rows(
    names: Names, candidates: Sequence[Candidate], args: NetworksArgs
) -> list[NetworkRow]:
    """Each described, without those that are only parts of another."""
    init, x = args.get("init", []), args.get("x")
    built = [(c, _build(names, c, init, x)) for c in candidates]
    parts = {
        type(m)
        for _, net in built
        if net is not None
        for m in list(torch.nn.Module.modules(net))[1:]
    }
    kept = [(c, net) for c, net in built if not (isinstance(c.kind, type) and c.kind in parts)]
    rows = []
    for candidate, net in kept:
        row = _describe(names, candidate, net)
        if net is not None and x is not None:
            row["output"] = _find_output(net, x)
        rows.append(row)
    return rows


def _build(
    names: Names, candidate: Candidate, init: Sequence[object], x: object
) -> torch.nn.Module | None:
    if candidate.make is None:
        return None
    given = Inputs.read(np.zeros(0) if x is None else x, torch.float32)
    make = candidate.make
    with suppress(Exception), network.Quick():  # type: ignore[no-untyped-call]
        return network.build(
            lambda: make(*copy.deepcopy(list(init))),
            "float32",
            given,
            directory=finding.find_directory(names),
        )
    return None


def _describe(names: Names, candidate: Candidate, net: torch.nn.Module | None) -> NetworkRow:
    return {
        "path": candidate.path,
        "place": finding.describe_path(names, candidate.path, candidate.kind),
        "shapes": None if net is None else instances.list_shapes(net),
        "output": None,
        "wants": list(candidate.wants),
    }


def _find_output(net: torch.nn.Module, x: object) -> list[int] | None:
    """The shape of what it answers in time, of several tensors the first; None where it answers
    none.
    """
    seen: list[torch.Tensor] = []

    def work() -> None:
        with torch.no_grad():
            value = Inputs.read(x, torch.float32).call(net)
        first = value[0] if isinstance(value, tuple) and value else value
        if isinstance(first, torch.Tensor):
            seen.append(first)

    with suppress(Exception):
        budget.run(work, _SECONDS)
    return list(seen[0].shape) if seen else None


def _list_files(names: Names, files: Sequence[str]) -> list[NetworkRow]:
    """The files of weights that can be read."""
    directory = finding.find_directory(names)
    listed = [(f, weights.list_shapes(directory, f)) for f in files[:CAP]]
    return [
        {"path": f, "place": "", "shapes": shapes, "output": None, "wants": []}
        for f, shapes in listed
    ]


# ---------------------------------------------------------------------- trained objects


def _list_live(names: Names, args: NetworksArgs) -> NetworksAnswer:
    """The finished networks that could be the one that is asked for."""
    name = args.get("live", "")
    target = _look_up(names, name, [])
    if args.get("own") or target is not None:
        rows = [_describe_live(names, name, v) for v in _list_modules([(name, target)])]
        return {"ready": True, "bound": None, "rows": rows if args.get("own") else []}
    every = finding.list_paths(names)
    free = [(p, v) for p, v in every if finding.is_free(names, p, v, but=name)]
    seen: dict[int, NetworkRow] = {}
    for path, value in free:
        for net in _list_modules([(path, value)]):
            if _holds_layers(net) and len(seen) < CAP:
                seen.setdefault(id(net), _describe_live(names, path, net))
    return {"ready": False, "bound": None, "rows": list(seen.values())}


def _list_modules(pairs: Sequence[tuple[str, object]]) -> Iterator[torch.nn.Module]:
    yield from (v for _, v in pairs if isinstance(v, torch.nn.Module))


def _describe_live(names: Names, path: str, net: torch.nn.Module) -> NetworkRow:
    one = Candidate(path=path, kind=net, make=None)
    return {**_describe(names, one, net), "wants": []}
