"""A network from scratch: derivatives by hand in NumPy and torch, autograd, a convolution."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from grader import (
    Assignment,
    Limits,
    Measurements,
    Message,
    Verdict,
    compare,
    data,
    diagnosis,
    probe,
)

assignment = Assignment(
    "A network from scratch", entry="mlp", limits=Limits(cpu_seconds=240, memory_mib=4096)
)

# Probes: functions of probes.py, run in the sandbox. The student can read every argument.
images = data.normal(8, 784)
classes = data.integers(8, below=10)
scores = data.normal(12, 10)
twelve = data.integers(12, below=10)
real = data.train("mnist", size=28, limit=500)
SEED, RATE = 7, 0.25
STEP = 0.1
SMALL = 0.002  # with 0.02 the convolution is sure of its second answers, and their gradient is 0
W, V = data.normal(3, 4, draw=1), data.normal(4, 2, draw=2)
GW, GV = data.normal(3, 4, draw=3), data.normal(4, 2, draw=4)

drawn = probe.script("batches", 40, SEED)
first_numpy = probe.script("first_weights", "MLPNumpy", SEED)
first_torch = probe.script("first_weights", "MLPTorch", SEED)
forward_numpy = probe.script("forward", "MLPNumpy", images, SEED)
forward_torch = probe.script("forward", "MLPTorch", images, SEED)
forward_conv = probe.script("forward", "CNNAutograd", images, SEED)
loss_numpy = probe.script("loss", "cross_entropy", scores, twelve)
loss_torch = probe.script("loss", "cross_entropy_torch", scores, twelve)
by_hand_numpy = probe.script("gradients", "MLPNumpy", "cross_entropy", images, classes, SEED)
by_hand_torch = probe.script("gradients", "MLPTorch", "cross_entropy_torch", images, classes, SEED)
updated_numpy = probe.script("update", "update", [W, V], [GW, GV], RATE)
updated_torch = probe.script("update", "update_torch", [W, V], [GW, GV], RATE)
stepped_auto = probe.script(
    "steps", "MLPAutograd", "cross_entropy_torch", "update_autograd", images, classes, SEED, STEP
)
stepped_conv = probe.script(
    "steps", "CNNAutograd", "cross_entropy_torch", "update_autograd", images, classes, SEED, SMALL
)
trained = probe.script(
    "training", "MLPNumpy", "cross_entropy", "update", real.images, real.targets, 40, 12, 42
)

# Checks: what the grader concludes. None of this enters the sandbox.
SINGLE = 1e-4  # tolerance where a student may compute in float32
STEPPED = 2e-6  # the same, of weights after small steps, which keep most of their digits
MLP = (785, 1000), (1001, 10)
CNN = (10, 1, 5, 5), (10,), (1440, 10), (10,)
LOSSES = "cross_entropy", "cross_entropy_torch"


@assignment.check(points=6)
def random_batches(student: Measurements, _reference: Measurements) -> Verdict:
    """`random_batch` draws other rows each time, with the labels that belong to them."""
    return drawn_anew(student[drawn].plain, among=500)


def drawn_anew(draws: dict[str, Any], *, among: int) -> Verdict:
    """Two draws from so many images differ, and their labels belong to them."""
    first, second = draws["first"], draws["second"]
    for found in (first, second):
        if not np.array_equal(found["rows"], found["labels"]):
            return Verdict.say(Message("mlp-other-labels"))
    rows = first["rows"]
    if np.array_equal(rows, second["rows"]):
        facts = {"n": len(rows), "rows": str(rows[:4].astype(int).tolist())}
        return Verdict.say(Message("mlp-same-batch", facts))
    if max(rows.max(), second["rows"].max()) < among / 2:
        return Verdict.say(Message("mlp-first-half", {"n": 2 * len(rows)}), fraction=0.5)
    return Verdict.say(Message("mlp-drawn-anew", {"n": len(rows)}), fraction=1.0)


@assignment.check(points=6)
def first_weights(student: Measurements, reference: Measurements) -> Verdict:
    """New networks hold `w1` (785, 1000), then `w2` (1001, 10), both drawn from N(0, 0.01²); half
    for `MLPNumpy`, half for `MLPTorch`.
    """
    named = ("MLPNumpy", first_numpy), ("MLPTorch", first_torch)
    return compare.combine(
        [lambda n=n, p=p: _begun(student[p].plain, reference[p].plain, n) for n, p in named]
    )


def _begun(own: Any, ours: Any, name: str) -> Verdict:
    """The weights that one new network holds."""
    if own["shapes"] != ours["shapes"]:
        facts = {"seen": str(own["shapes"]), "expected": str(ours["shapes"])}
        return Verdict.say(Message("mlp-first-shapes", facts))
    return compare.explained(
        own["corners"],
        ours["corners"],
        (f"{name}.params[0]", f"{name}.params[1]"),
        what="",
        context=[diagnosis.Context(candidates=(c,)) for c in _turned_round()],
        rtol=SINGLE,
    )


@assignment.check(points=10)
def numpy_forward(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPNumpy.forward_pass` gives the probabilities that ours gives under equal weights."""
    return _predicted(student, reference, forward_numpy, "MLPNumpy", 1e-6)


@assignment.check(points=6)
def losses(student: Measurements, reference: Measurements) -> Verdict:
    """Both functions return the mean cross-entropy of a batch."""
    return both_losses(student, reference, (loss_numpy, loss_torch), 12)


def both_losses(
    student: Measurements, reference: Measurements, probes: tuple[Any, Any], batch: int
) -> Verdict:
    """Half for each of the two functions; they are looked at together where both are there."""
    asked = dict(zip(LOSSES, probes, strict=True))
    together = all(p in student for p in probes)
    groups = [LOSSES] if together else [(name,) for name in LOSSES]

    def judge(names: tuple[str, ...]) -> Verdict:
        own, ours = ([m[asked[n]].plain for n in names] for m in (student, reference))
        given = {"probabilities": ours[0]["predicted"], "labels": ours[0]["labels"]}
        return compare.explained(
            [p["loss"] for p in own],
            [p["loss"] for p in ours],
            names,
            what="",
            context=diagnosis.Context(batch=batch, eps=1e-7, **given),
            rtol=1e-6,
            partial=True,
        )

    return compare.combine([lambda names=names: judge(names) for names in groups])


def by_hand(student: Measurements, reference: Measurements, which: Any, rtol: float) -> Verdict:
    seen, right = student[which].plain, reference[which].plain
    batches = zip(
        seen["gradients"], right["gradients"], right["images"], right["labels"], strict=True
    )
    for own, ours, inputs, labels in batches:
        run = diagnosis.Pass.forward(inputs, right["weights"], labels, "last")
        verdict = _differentiated(own["arrays"], ours["arrays"], run, rtol)
        if verdict.fraction < 1:
            return verdict
        if not own["elsewhere"] <= ours["elsewhere"] + rtol:  # NaN is not
            return Verdict.say(Message("mlp-gradient-elsewhere"))
    return verdict


def _differentiated(own: list[Any], ours: list[Any], run: Any, rtol: float) -> Verdict:
    """Both gradients of one batch; one that could not be read takes nothing from the other."""
    named = list(zip(("w1", "w2"), own, ours, strict=True))
    failed = [f"`{n}`: {a['failed'].rstrip('.')}." for n, a, _ in named if isinstance(a, dict)]
    names, read, right = zip(*(row for row in named if not isinstance(row[1], dict)), strict=True)
    verdict = compare.explained(read, right, names, run=run, rtol=rtol, partial=True)
    if not failed:
        return verdict
    told = (
        [verdict.feedback] if verdict.fraction < 1 else [f"`{n}` agrees with ours." for n in names]
    )
    share = verdict.fraction * len(names) / len(named)
    return replace(verdict, fraction=share, feedback=" ".join([*failed, *told]))


@assignment.check(points=20, depends_on=[numpy_forward])
def numpy_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPNumpy.backward_pass` gives the derivatives of the loss, without help; half for half."""
    return by_hand(student, reference, by_hand_numpy, 1e-6)


@assignment.check(points=6)
def updates(student: Measurements, reference: Measurements) -> Verdict:
    """`update` and `update_torch` take one step of gradient descent; half for half."""
    named = ("update", updated_numpy), ("update_torch", updated_torch)
    verdict = compare.combine(
        [lambda p=p: _updated(student[p].plain, reference[p].plain) for _, p in named],
        names=[f"`{name}`" for name, _ in named],
    )
    return verdict if verdict.fraction < 1 else replace(verdict, feedback="All 2 agree with ours.")


def _updated(own: Any, ours: Any) -> Verdict:
    """What one update makes of two matrices."""
    known = [
        diagnosis.Context(before=w, gradient=g, rate=RATE)
        for w, g in zip(ours["before"], ours["gradients"], strict=True)
    ]
    return compare.explained(
        own["after"], ours["after"], ("w1", "w2"), what="", context=known, rtol=SINGLE
    )


@assignment.check(points=6)
def torch_forward(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPTorch.forward_pass` gives the same."""
    return _predicted(student, reference, forward_torch, "MLPTorch", SINGLE)


@assignment.check(points=10, depends_on=[torch_forward])
def torch_gradients(student: Measurements, reference: Measurements) -> Verdict:
    """`MLPTorch.backward_pass` gives the same derivatives, without autograd."""
    return by_hand(student, reference, by_hand_torch, SINGLE)


@assignment.check(points=8)
def autograd_steps(student: Measurements, reference: Measurements) -> Verdict:
    """Two steps with `MLPAutograd` and `update_autograd` lead to the right weights."""
    known = reference[by_hand_numpy].plain
    batch = known["images"][0], known["weights"], known["labels"][0]
    straight = diagnosis.descents(diagnosis.Pass.forward(*batch, "last"), STEP)
    return _stepped(
        student, reference, stepped_auto, ("w1", "w2"), known["weights"], straight, STEP
    )


@assignment.check(points=6)
def convolution_forward(student: Measurements, reference: Measurements) -> Verdict:
    """`CNNAutograd.forward_pass` convolves, applies ReLU, pools and classifies."""
    return _predicted(student, reference, forward_conv, "CNNAutograd", SINGLE)


@assignment.check(points=2, depends_on=[convolution_forward])
def convolution_steps(student: Measurements, reference: Measurements) -> Verdict:
    """Two steps with `CNNAutograd` lead to the right weights."""
    names = ("w1", "b1", "w2", "b2")
    return _stepped(student, reference, stepped_conv, names, _prepared(CNN), ((),) * 4, SMALL)


@assignment.check(points=4, depends_on=[random_batches, numpy_gradients, updates])
def training(student: Measurements, reference: Measurements) -> Verdict:
    """The first twelve losses from seed 42 are those of the brief's recipe."""
    own, ours = student[trained].plain, reference[trained].plain
    for step, (seen, expected) in enumerate(zip(own, ours, strict=True), 1):
        if not abs(seen - expected) <= 1e-6 * abs(expected):
            facts = {"step": step, "seen": seen, "expected": expected}
            return Verdict.say(Message("training-other-losses", facts))
    return Verdict.say(Message("training-equal-losses", {"n": len(ours)}), fraction=1.0)


# Mistakes by name: what they would have given, computed from the reference's numbers.


@cache
def _turned_round() -> tuple[diagnosis.Candidate, ...]:
    """What the corners of `w1` and `w2` hold where `w2` is drawn first."""
    rng = np.random.RandomState(SEED)
    second, first = (rng.normal(0.0, 0.01, shape) for shape in reversed(MLP))
    corners = (np.stack([w[:10, :10], w[-10:, -10:]]) for w in (first, second))
    return tuple(diagnosis.Candidate(code="mlp-second-first", values=c) for c in corners)


def _prepared(shapes: tuple[tuple[int, ...], ...]) -> list[Any]:
    """The weights that `probes.py` puts into a network of these shapes."""
    rng = np.random.RandomState(SEED + 1)
    fans = [s[0] if len(s) == 2 else int(np.prod(s[1:])) for s in shapes]
    return [rng.normal(0.0, 1.0 / np.sqrt(f), s) for f, s in zip(fans, shapes, strict=True)]


def _convolved(
    given: Any,
    *,
    turned: int = 1,
    bias: float = 1.0,
    activation: Callable[[Any], Any] = lambda z: np.maximum(z, 0.0),
    pool: Callable[..., Any] = np.max,
    order: tuple[int, ...] = (0, 1, 2, 3),
    end: Callable[[Any], Any] = diagnosis.softmax,
) -> Any:
    """(N, 10) what `CNNAutograd` answers when its parts are computed so."""
    w1, b1, w2, b2 = _prepared(CNN)
    pictures = given.reshape(-1, 28, 28)
    windows = np.lib.stride_tricks.sliding_window_view(pictures, (5, 5), axis=(1, 2))
    maps = np.einsum("nijkl,fkl->nfij", windows, w1[:, 0, ::turned, ::turned])
    maps = activation(maps + bias * b1[:, None, None])
    pooled = pool(maps.reshape(-1, 10, 12, 2, 12, 2), axis=(3, 5)).transpose(order)
    return end(pooled.reshape(len(pictures), -1) @ w2 + bias * b2)


def _convolutions(given: Any) -> Iterator[diagnosis.Candidate]:
    """What each known mistake in the convolution's forward pass would answer."""
    for code, activation in diagnosis.ACTIVATIONS.items():
        yield diagnosis.Candidate(code=code, values=_convolved(given, activation=activation))
    for code, end in diagnosis.ENDS.items():
        yield diagnosis.Candidate(code=code, values=_convolved(given, end=end))
    own = {
        "mlp-mean-pooling": _convolved(given, pool=np.mean),
        "mlp-filters-turned": _convolved(given, turned=-1),
        "mlp-flattened-by-pixel": _convolved(given, order=(0, 2, 3, 1)),
        "mlp-biases-missing": _convolved(given, bias=0.0),
    }
    for code, values in own.items():
        yield diagnosis.Candidate(code=code, values=values)


def _predicted(
    student: Measurements, reference: Measurements, which: Any, name: str, rtol: float
) -> Verdict:
    seen, expected = student[which].plain, reference[which].plain
    own, ours = seen["predicted"], expected["predicted"]
    names = (f"{name}.forward_pass",)
    verdict = compare.explained([own], [ours], names, what="", rtol=rtol)
    if verdict.fraction == 1:
        return verdict
    if seen["shapes"] != expected["shapes"]:
        return _other_shapes(seen["shapes"], expected["shapes"], name)
    given = np.concatenate(reference[by_hand_numpy].plain["images"])
    with np.errstate(all="ignore"):
        candidates = (
            tuple(_convolutions(given))
            if which is forward_conv
            else diagnosis.predictions(diagnosis.Pass.forward(given, _prepared(MLP), ours, "last"))
        )
    context = diagnosis.Context(candidates=candidates)
    verdict = compare.explained([own], [ours], names, what="", context=context, rtol=rtol)
    hint = Message("mlp-forward").hint()
    return verdict if verdict.hint else replace(verdict, hint=hint)


def _other_shapes(seen: list[list[int]], expected: list[list[int]], name: str) -> Verdict:
    """A network that keeps other parameters than the brief's is told so, and not its numbers."""
    own, ours = (", ".join(str(tuple(s)) for s in shapes) for shapes in (seen, expected))
    return Verdict.say(Message("mlp-shapes", {"name": name, "seen": own, "expected": ours}))


def _stepped(
    student: Measurements,
    reference: Measurements,
    which: Any,
    names: tuple[str, ...],
    before: list[Any],
    candidates: tuple[tuple[diagnosis.Candidate, ...], ...],
    rate: float,
) -> Verdict:
    """`before` are the weights before the first step, `candidates` what it may make of each."""
    seen, right = student[which].plain, reference[which].plain
    for step, (own, ours) in enumerate(zip(seen, right, strict=True), 1):
        after = ours["arrays"]
        known = [
            diagnosis.Context(before=b, gradient=(b - a) / rate, rate=rate, candidates=c)
            for b, a, c in zip(before, after, candidates, strict=True)
        ]
        verdict = compare.explained(
            own["arrays"], after, names, what="", context=known, rtol=STEPPED
        )
        if verdict.fraction < 1:
            when = Message(f"mlp-step-{step}").text()
            return replace(verdict, feedback=f"{when} {verdict.feedback}")
        triples = zip(before, after, right[1]["arrays"], strict=True)
        candidates = tuple(_repeated(*weights) for weights in triples)
        before = after
    return verdict


def _repeated(before: Any, first: Any, second: Any) -> tuple[diagnosis.Candidate, ...]:
    """What the second step becomes where the first one's gradient is still there."""
    both, stale = second - (before - first), 2 * first - before
    return (
        diagnosis.Candidate(code="mlp-never-zeroed", values=both),
        diagnosis.Candidate(code="mlp-first-gradient-again", values=stale),
    )
