"""Answers one question about the student's names. Runs in the student's process.

What it says of shapes and names is a claim; outputs, gradients and steps under numbers that the
student could not foresee are evidence. Every question builds a fresh network.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

import torch

from grader.inside import remarks
from grader.inside.loading.namespace import Names, Unanswerable, describe_error
from grader.inside.measuring import (
    account,
    candidates,
    casts,
    finding,
    functions,
    losses,
    network,
    outputs,
    ownership,
    pairing,
    scripts,
    stepping,
    trained,
    usage,
)
from grader.inside.measuring.finding import find_directory
from grader.inside.measuring.functions import describe_forward, find_maker
from grader.inside.measuring.inputs import Inputs
from grader.inside.measuring.network import Prepared
from grader.inside.measuring.pairing import Keyed
from grader.inside.measuring.trace import Trace
from grader.inside.schema.questions import (
    GradientsAnswer,
    GradientsArgs,
    InputArgs,
    LayersAnswer,
    LossArgs,
    NamedRow,
    OutputsAnswer,
    ParameterRow,
    ParametersAnswer,
    ParametersArgs,
    Precision,
    ReturnedItem,
    StepsAnswer,
    StepsArgs,
    StepsFacts,
)

T = TypeVar("T")

SHOWN_OF_ENDLESS = 50
"""Layers that are listed of a `forward` that does not return."""


def answer(names: Names, ask: str, args: Mapping[str, object]) -> object:
    """The value that the question asks for; what the student's code raises passes through.

    Raises Unanswerable where nothing can be measured, with the reason.
    """
    if ask not in ASKS:
        raise Unanswerable(f"the sandbox knows no question {ask!r}", needs_review=True)
    before = torch.get_default_dtype()
    try:
        how = nullcontext() if ask in _AS_WRITTEN else casts.hold()
        with torch.random.fork_rng(devices=[]), how:
            return ASKS[ask](finding.begin(names, args), args)
    finally:
        torch.set_default_dtype(before)


def _prepare(
    names: Names, args: InputArgs, *, train: bool = False
) -> tuple[Prepared, object, BaseException | None]:
    """A fresh network that ran once, what it returned, and the exception that stopped it.

    An assignment may ask for one precision, where a network is large.
    """
    precisions = [args["precision"]] if args.get("precision") else args["precisions"]
    return network.prepare(
        find_maker(names, args),
        args["x"],
        seed=args["seed"],
        directory=find_directory(names),
        precisions=precisions,
        train=train,
    )


def _prepare_whole(names: Names, args: InputArgs, *, train: bool = False) -> Prepared:
    """A fresh network that ran once; what its `forward` raised goes on."""
    prepared, output, error = _prepare(names, args, train=train)
    if error is not None:
        raise error
    _check(names, args, prepared, output)
    return prepared


def _check(names: Names, args: InputArgs, prepared: Prepared, output: object) -> object:
    """What the network returned, if it is what the assignment says; else Unanswerable."""
    where = describe_forward(names, prepared.net)
    return outputs.check(output, args.get("output", "raw"), len(prepared.x), where)


def _write_equal(pairs: Sequence[Keyed], seed: int) -> None:
    """The weights are those that every network of this seed has, and so is what is drawn next."""
    pairing.write(pairs, lambda key, shape: pairing.draw(key, shape, seed))
    torch.manual_seed(seed)


# ---------------------------------------------------------------------- layers


def layers(names: Names, args: InputArgs) -> LayersAnswer:
    """Operators in order with shapes, and sketches of their values under equal weights.

    Where `forward` raises, the operators that ran until then come back with the error.
    """
    directory = find_directory(names)
    prepared, output, error = _prepare(names, args)
    answer: LayersAnswer = {
        "precision": prepared.precision,
        "error": None,
        "unset": "",
        "before": prepared.trace.before,
        "layers": [],
    }
    trace, seen = prepared.trace, list[torch.Tensor]()
    pairs = pairing.pair(trace.operators)
    if error is not None:
        answer["error"] = describe_error(error, directory, names)
    else:
        _check(names, args, prepared, output)
        try:
            prepared, equal = _make_equal(names, args, prepared)
            trace, output = _run_equal(prepared, equal, directory)
            pairs = equal
        except Unanswerable as reason:
            answer["unset"] = str(reason)
        else:
            output = _check(names, args, prepared, output)
            seen = outputs.list_comparable(output, args.get("output", "raw"))
    if isinstance(error, TimeoutError):
        del trace.operators[SHOWN_OF_ENDLESS:]
    answer["layers"] = account.list_layers(trace, seen, pairs)
    return answer


def _run_equal(prepared: Prepared, pairs: list[Keyed], directory: str) -> tuple[Trace, object]:
    """A second run under equal weights, with sketches, and what it returned."""
    output, trace, error = network.run(prepared.net, prepared.x, directory, account.sketch)
    if error is not None:
        raise error
    pairing.require_set(pairs, trace)
    return trace, output


def _make_equal(
    names: Names, args: InputArgs, prepared: Prepared, *, train: bool = False
) -> tuple[Prepared, list[Keyed]]:
    """A network with the weights that every network of this seed has, and their keys.

    It is the one given, or a fresh one where that had to be tried out.
    """
    pairing.require_settable(prepared.trace)

    def list_answers(output: object) -> list[torch.Tensor]:
        checked = _check(names, args, prepared, output)
        return outputs.list_comparable(checked, args.get("output", "raw"))

    found = pairing.tell_apart(prepared, args["seed"], list_answers)
    if found is None:
        pairs = pairing.pair(prepared.trace.operators)
    else:
        if found.unsure:
            remarks.add("unsure_pairing", str(found.unsure))
        prepared = _prepare_whole(names, args, train=train)
        pairs = found.name(prepared.trace.operators)
    _write_equal(pairs, args["seed"])
    return prepared, pairs


# ---------------------------------------------------------------------- parameters


def parameters(names: Names, args: ParametersArgs) -> ParametersAnswer:
    """Every parameter once, with its size, whether it is trained, and whether it is used."""
    prepared, _, error = _prepare(names, args, train=bool(args.get("train")))
    trace = prepared.trace
    used: Mapping[str, bool | None] = {}
    if error is not None:  # the count needs no forward pass
        trace.operators.clear()
    else:
        used = usage.find_used(find_maker(names, args), args, prepared, find_directory(names))
    rows: list[ParameterRow] = []
    seen: set[int] = set()
    for name, tensor, kind in _list_parameters(prepared):
        if id(tensor) in seen or isinstance(tensor, torch.nn.UninitializedParameter):
            continue
        seen.add(id(tensor))
        rows.append(
            {
                "name": name,
                "shape": list(tensor.shape),
                "kind": kind,
                "trainable": bool(tensor.requires_grad),
                "used": used.get(name, None if error is not None else trace.uses(tensor) or None),
            }
        )
    return {"rows": rows, "dropouts": account.find_dropouts(trace)}


def _list_parameters(prepared: Prepared) -> Iterable[tuple[str, torch.Tensor, str]]:
    """Name, tensor and kind of what the module has registered, of what its operators train, and of
    what it holds and uses besides.
    """
    trained = ownership.list_trained(prepared.net)
    for name, parameter in torch.nn.Module.named_parameters(prepared.net):
        yield name, parameter, "parameter"
    for name, buffer in torch.nn.Module.named_buffers(prepared.net):
        yield name, buffer, "buffer"
    for operator in prepared.trace.operators:
        for weight in (w for piece in operator.pieces for w in piece):
            if weight.leaf.requires_grad:
                kind = "parameter" if id(weight.leaf) in trained else "tensor"
                yield weight.name, weight.leaf, kind
    names = {id(tensor): name for name, tensor in ownership.list_named(prepared.net)}
    given = {t.shape for t in prepared.x.tensors}  # perhaps one that went through numpy
    for leaf in prepared.trace.leaves.values():
        if leaf.dim() and leaf.shape not in given:
            yield names.get(id(leaf), ""), leaf, "constant"


# ---------------------------------------------------------------------- values under equal weights


def _measure_equal(
    names: Names,
    args: InputArgs,
    measure: Callable[[Prepared, list[Keyed]], T],
    *,
    train: bool = False,
) -> tuple[Precision, list[T]]:
    """What `measure` gives for a fresh network with equal weights."""
    prepared = _prepare_whole(names, args, train=train)
    prepared, pairs = _make_equal(names, args, prepared, train=train)
    return prepared.precision, [measure(prepared, pairs)]


def answers(names: Names, args: InputArgs) -> OutputsAnswer:
    """What the network answers to `x` in eval mode under equal weights."""
    place = ""

    def measure(prepared: Prepared, pairs: list[Keyed]) -> ReturnedItem:
        nonlocal place
        place = describe_forward(names, prepared.net)
        output, trace, error = network.run(prepared.net, prepared.x, find_directory(names))
        if error is not None:
            raise error
        pairing.require_set(pairs, trace)
        return outputs.describe(_check(names, args, prepared, output))

    precision, runs = _measure_equal(names, args, measure)
    return {"precision": precision, "runs": runs, "place": place}


def _compute_loss(names: Names, args: LossArgs, prepared: Prepared, inputs: Inputs) -> torch.Tensor:
    """The loss of the network on these inputs, with its graph."""
    output = _check(names, args, prepared, inputs.copy().call(prepared.net))
    return losses.compute(output, args, describe_forward(names, prepared.net))


def gradients(names: Names, args: GradientsArgs) -> GradientsAnswer:
    """Gradient of the loss for every weight, in eval mode under equal weights."""

    def measure(prepared: Prepared, pairs: list[Keyed]) -> list[NamedRow]:
        with torch.enable_grad():
            loss = _compute_loss(names, args, prepared, prepared.x)
            kept = [(k, w) for k, w in pairs if w.role in ("weight", "bias")]
            leaves = [w.leaf for _, w in kept if w.leaf.requires_grad]
            grads: Sequence[torch.Tensor | None] = [None] * len(leaves)
            if loss.requires_grad and leaves:
                grads = torch.autograd.grad(loss, leaves, allow_unused=True)
        by_leaf = {id(leaf): grad for leaf, grad in zip(leaves, grads, strict=True)}
        rows = [(k, w, network.lay_out_gradient(w, by_leaf.get(id(w.leaf)))) for k, w in kept]
        return network.make_rows(rows, args["seed"])

    precision, runs = _measure_equal(names, args, measure)
    return {"precision": precision, "runs": runs}


def steps(names: Names, args: StepsArgs) -> StepsAnswer:
    """The weights after each of two steps of plain gradient descent, in train mode.

    With `by` the student's function of that name takes them, and the weights before come as well.
    It does so in float32 where it cannot do with float64, as one that says `images.float()` cannot.
    """
    facts: StepsFacts = {"dropouts": {"layers": [], "places": []}, "unregistered": []}
    if "by" not in args:
        compute_loss = functools.partial(_compute_loss, names, args)
        step = _note_facts(facts, stepping.descend(args, compute_loss))
        precision, runs = _measure_equal(names, args, step, train=True)
        return {
            "precision": precision,
            "runs": runs,
            "dropouts": facts["dropouts"],
            "unregistered": facts["unregistered"],
        }
    function = functions.find_function(names, args["by"])
    step = _note_facts(facts, stepping.call(function, args))
    precision, runs = _try_precisions(names, args, step)
    return {
        "precision": precision,
        "before": runs[0][0],
        "runs": [run[1:] for run in runs],
        "dropouts": facts["dropouts"],
        "unregistered": facts["unregistered"],
    }


def _note_facts(facts: StepsFacts, step: stepping.Steps) -> stepping.Steps:
    """The same steps; what explains them is noted: dropout, and what is not registered."""

    def step_and_note(prepared: Prepared, pairs: list[Keyed]) -> list[list[NamedRow]]:
        trained = ownership.list_trained(prepared.net)
        movable = {id(w.leaf): w for _, w in pairs if w.leaf.requires_grad}
        facts["dropouts"] = account.find_dropouts(prepared.trace)
        facts["unregistered"] = [w.name for key, w in movable.items() if key not in trained]
        return step(prepared, pairs)

    return step_and_note


def _try_precisions(
    names: Names, args: StepsArgs, step: stepping.Steps
) -> tuple[Precision, list[list[list[NamedRow]]]]:
    """The steps in the first precision in which the student's function takes them."""
    *others, last = args["precisions"]
    for precision in others:
        one: StepsArgs = {**args, "precisions": [precision]}
        try:
            return _measure_equal(names, one, step, train=True)
        except Unanswerable:
            raise
        except Exception:  # perhaps it can do with the next one
            continue
    one = {**args, "precisions": [last]}
    return _measure_equal(names, one, step, train=True)


_AS_WRITTEN = ("call", "value", "script")
"""Questions in which what a precision does may be what is asked for."""
ASKS: dict[str, Callable[[Names, Any], object]] = {
    "layers": layers,
    "parameters": parameters,
    "outputs": answers,
    "gradients": gradients,
    "steps": steps,
    "logits": trained.logits,
    "networks": candidates.networks,
    "train": trained.train,
    "call": functions.call,
    "value": functions.value,
    "script": scripts.run,
}
