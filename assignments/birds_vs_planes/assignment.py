"""Birds against airplanes: statistics, networks of four kinds, regularisation, files, accuracy."""

from dataclasses import replace
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
    measurements,
    probe,
)

assignment = Assignment(
    "Birds against airplanes",
    entry="birds",
    extra_files=["birds.pt"],
    limits=Limits(cpu_seconds=60, cell_seconds=5, memory_mib=4096),
)

# Probes: what the sandbox is asked to do. The student can read every argument.
RATE = 0.4  # of dropout
pixels = data.uniform(6, 3, 10, 12)
x = data.normal(4, 3, 32, 32)
y = data.integers(4, below=2)
test_set = data.test("cifar10", classes=(0, 2))  # airplane is 0, bird is 1

statistics = probe.call("channel_statistics", pixels, tensors=True)
shown = probe.script("given", pixels)

shallow = probe.module("ShallowNet", output="logits")
deep = probe.module("DeepNet", output="logits")
shallow_layers, deep_layers = shallow.layers(x), deep.layers(x)
shallow_parameters, deep_parameters = shallow.parameters(x), deep.parameters(x)
shallow_outputs, deep_outputs = shallow.outputs(x), deep.outputs(x)

conv = probe.module("ConvNet", output="logits")
layers = conv.layers(x)
parameters = conv.parameters(x)
outputs = conv.outputs(x)
wide = probe.module("ConvNet", 32, output="logits").parameters(x)
logits = conv.logits(test_set.images, weights="birds.pt")

numbers = data.normal(200)
l1 = probe.script("penalty", "l1_penalty", numbers)
l2 = probe.script("penalty", "l2_penalty", numbers)

dropping = probe.module("DropoutNet", output="logits")
dropout_layers = dropping.layers(x)
dropout_parameters = dropping.parameters(x)
dropout_outputs = dropping.outputs(x)
dropped = probe.script("dropout", data.normal(1, 3, 32, 32, draw=1))

normed = probe.module("BatchNormNet", output="logits")
norm_layers = normed.layers(x)
norm_parameters = normed.parameters(x)
norm_outputs = normed.outputs(x)
norm_steps = normed.steps(x, y)

block = probe.module("ResidualBlock", 8, output="raw")
features = data.normal(3, 8, 10, 10)
block_layers = block.layers(features)
block_parameters = block.parameters(features)
block_outputs = block.outputs(features)

filed = probe.script("round_trip", data.uniform(40_000, low=0.5, high=1.5))


# Checks: what the grader concludes. None of this enters the sandbox.
@assignment.check(points=8)
def channel_statistics(student: Measurements, reference: Measurements) -> Verdict:
    """`channel_statistics` gives the mean and the standard deviation of each channel."""
    images = np.asarray(reference[shown].plain)
    pair = _pair(student[statistics].plain)
    if pair is None:
        return Verdict.say(Message("birds-no-pair"))
    found = [_statistic(own, images, what) for own, what in zip(pair, STATISTICS, strict=True)]
    wrong = [message for message in found if message]
    if not wrong:
        return Verdict.say(Message("birds-statistics"), fraction=1.0)
    return Verdict.say(*wrong, fraction=1 - len(wrong) / 2, hint=Message("birds-axes").hint())


@assignment.check(points=5)
def shallow_net(student: Measurements, reference: Measurements) -> Verdict:
    """`ShallowNet` has one hidden layer, 393,602 parameters, and computes what the brief says."""
    asked = shallow_layers, shallow_parameters, shallow_outputs
    return _network(student, reference, *asked)


@assignment.check(points=5)
def deep_net(student: Measurements, reference: Measurements) -> Verdict:
    """`DeepNet` has three hidden layers, 3,737,474 parameters, and computes what the brief says."""
    return _network(student, reference, deep_layers, deep_parameters, deep_outputs)


@assignment.check(points=8)
def conv_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`ConvNet` runs the layers of the brief in order, each with the right output shape."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=4)
def conv_parameters(student: Measurements, reference: Measurements) -> Verdict:
    """`ConvNet` has 18,090 trainable parameters."""
    return compare.count(student[parameters], reference[parameters])


@assignment.check(points=8, depends_on=[conv_layers])
def conv_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images, your `ConvNet` answers what ours answers."""
    where = compare.first_divergence(student[layers], reference[layers])
    return compare.close(student[outputs], reference[outputs], where=where)


@assignment.check(points=5)
def width(student: Measurements, reference: Measurements) -> Verdict:
    """`ConvNet(32)` has 32 and 16 channels: 38,386 parameters."""
    return count_width(student[wide], student[parameters], reference[wide])


@assignment.check(points=5)
def l1_penalty(student: Measurements, reference: Measurements) -> Verdict:
    """`l1_penalty` adds up the absolute values of all parameters, and gradients go through it."""
    return _penalty(student[l1].plain, reference[l1].plain, "l1_penalty")


@assignment.check(points=5)
def l2_penalty(student: Measurements, reference: Measurements) -> Verdict:
    """`l2_penalty` adds up the squares of all parameters, and gradients go through it."""
    return _penalty(student[l2].plain, reference[l2].plain, "l2_penalty")


@assignment.check(points=3)
def dropout_eval(student: Measurements, reference: Measurements) -> Verdict:
    """In eval mode `DropoutNet` answers what `ConvNet` answers: dropout is off."""
    return _network(student, reference, dropout_layers, dropout_parameters, dropout_outputs)


@assignment.check(points=5, depends_on=[dropout_eval])
def dropout_train(student: Measurements, _reference: Measurements) -> Verdict:
    """In train mode each of the 32 hidden units is switched off with probability 0.4."""
    found = student[dropped].plain
    return _dropout(found["values"], found["alone"], found["together"])


@assignment.check(points=4)
def batch_norm_eval(student: Measurements, reference: Measurements) -> Verdict:
    """`BatchNormNet` normalises between convolution and tanh; in eval mode with kept statistics."""
    return _network(student, reference, norm_layers, norm_parameters, norm_outputs)


@assignment.check(points=4, depends_on=[batch_norm_eval])
def batch_norm_train(student: Measurements, reference: Measurements) -> Verdict:
    """In train mode `BatchNormNet` uses the batch's statistics: two steps lead to equal weights."""
    where = compare.first_divergence(student[norm_layers], reference[norm_layers])
    verdict = compare.close(student[norm_steps], reference[norm_steps], where=where)
    if verdict.code != "weights-first":
        return verdict
    other = Message("birds-norm-in-train")
    return replace(verdict, code=other.code, hint=other.hint())


@assignment.check(points=6)
def residual_block(student: Measurements, reference: Measurements) -> Verdict:
    """`ResidualBlock(8)` adds its input to what the convolutions give, before the last ReLU."""
    return _network(student, reference, block_layers, block_parameters, block_outputs)


@assignment.check(points=6)
def save_and_load(student: Measurements, _reference: Measurements) -> Verdict:
    """`load` gives back every parameter and buffer that `save` wrote, in eval mode."""
    return _filed(student[filed].plain)


@assignment.check(points=12)
def accuracy(student: Measurements, reference: Measurements) -> Verdict:
    """`birds.pt` tells birds from airplanes about as well as our own weights do."""
    return compare.accuracy(
        student[logits], reference[logits], test_set.labels, full=-0.04, zero=-0.24
    )


# ---------------------------------------------------------------------- networks


def count_width(
    own: measurements.Parameters, usual: measurements.Parameters, ours: measurements.Parameters
) -> Verdict:
    """The number of parameters of a network of another width than the `usual` one."""
    verdict = compare.count(own, ours)
    ignored = Message("birds-width-ignored")
    if verdict.fraction == 1 or own.total != usual.total:
        return verdict
    return replace(verdict, code=ignored.code, facts={}, hint=ignored.hint())


def _network(
    student: Measurements, reference: Measurements, layers: Any, parameters: Any, outputs: Any
) -> Verdict:
    """A third for the layers, a third for the number of parameters, a third for the values."""

    def judge_shapes() -> Verdict:
        shapes = compare.shapes(student[layers], reference[layers])
        return shapes if shapes.fraction < 1 else replace(shapes, feedback="")

    def judge_count() -> Verdict:
        return compare.count(student[parameters], reference[parameters])

    def judge_values() -> Verdict:
        if compare.attempt(judge_shapes).fraction < 1:
            return Verdict(fraction=0.0)
        where = compare.first_divergence(student[layers], reference[layers])
        return compare.close(student[outputs], reference[outputs], where=where)

    return compare.combine([judge_shapes, judge_count, judge_values])


# ---------------------------------------------------------------------- statistics

STATISTICS = ("mean", "deviation")
AXES = (0, 2, 3)


def _pair(found: Any) -> tuple[Any, Any] | None:
    """Means and deviations out of a pair, a dictionary of two or an array of two rows; one array
    of three numbers is the means alone.
    """
    rows = list(found.values()) if isinstance(found, dict) else found
    if isinstance(rows, np.ndarray) and rows.shape == (3,):
        return rows, None
    if not isinstance(rows, list) and np.ndim(rows) == 0:
        return None
    return (rows[0], rows[1]) if len(rows) == 2 else None


def _read(found: Any) -> Any:
    """Numbers as an array without axes of length 1; None for anything else."""
    try:
        return None if found is None else np.squeeze(np.asarray(found, np.float64))
    except (TypeError, ValueError):
        return None


def _statistic(found: Any, images: Any, what: str) -> Message | None:
    """What is wrong with three means or three deviations, or nothing."""
    seen, name = _read(found), {"what": f"{what}s"}
    if seen is None:
        return Message("birds-missing", name)
    right = _candidates(images, what, 0)[0], _candidates(images, what, 1)[0]
    if any(_equal(seen, r) for r in right):  # divided by n or by n - 1: both are usual
        return None
    for divisor in (0, 1):
        for code, values in _candidates(images, what, divisor)[1].items():
            if _equal(seen, values) or _equal(seen, np.full(3, values)):
                return Message(code, name)
    if seen.shape != (3,):
        return Message("birds-statistic-shape", {**name, "seen": str(seen.shape)})
    listed, expected = (", ".join(f"{v:.4f}" for v in values) for values in (seen, right[1]))
    return Message("birds-other-statistic", {**name, "seen": listed, "expected": expected})


def _candidates(images: Any, what: str, ddof: int) -> tuple[Any, dict[str, Any]]:
    """The right answer, and wrong ones by the code of what was done; deviations divide by
    n - ddof.
    """
    means, deviations = images.mean(AXES), images.std(AXES, ddof=ddof)
    if what == "mean":
        return means, {
            "birds-one-number": images.mean(),
            "birds-deviations": deviations,
            "birds-sums": images.sum(AXES),
            "birds-medians": np.median(images, AXES),
        }
    return deviations, {
        "birds-one-number": images.std(ddof=ddof),
        "birds-variances": images.var(AXES, ddof=ddof),
        "birds-deviation-within": (images.std((2, 3), ddof=ddof).mean(0)),
        "birds-deviation-of-means": (images.mean((2, 3)).std(0, ddof=ddof)),
        "birds-deviation-of-columns": (images.std(2, ddof=ddof).mean((0, 2))),
        "birds-means": means,
    }


def _equal(seen: Any, expected: Any) -> bool:
    if np.shape(seen) != np.shape(expected):
        return False
    return bool(np.allclose(seen, expected, rtol=1e-4, atol=0.0))


# ---------------------------------------------------------------------- penalties

VALUE = 0.6
"""Share of the points for the right number, without its gradient."""


def _penalty(student: Any, reference: Any, name: str) -> Verdict:
    """The number for three networks, then its gradient."""
    pairs = list(zip(student, reference, strict=True))
    odd = next((p for p in pairs if not _equal(p[0]["value"], p[1]["value"])), None)
    if odd is not None:
        return _wrong_number(pairs, odd, name)
    for own, ours in pairs:
        if own["gradients"] is None:
            return Verdict.say(Message("birds-penalty-no-gradient", {"name": name}), fraction=VALUE)
        rows = zip(ours["parameters"], own["gradients"], ours["gradients"], strict=True)
        wrong = [k for k, g, o in rows if not np.allclose(g, o, rtol=1e-4, atol=1e-5)]
        if wrong:
            facts = {"name": name, "of": wrong[0]}
            return Verdict.say(Message("birds-penalty-gradient", facts), fraction=VALUE)
    return Verdict.say(Message("birds-penalty", {"n": len(pairs)}), fraction=1.0)


def _wrong_number(pairs: Any, odd: Any, name: str) -> Verdict:
    own, ours = odd
    listed = ", ".join(f"`{k}`" for k in ours["parameters"])
    done = [
        Message(f"birds-penalty-{what}")
        for what, value in _sums(ours, name).items()
        if all(_equal(o["value"], _sums(r, name)[what]) for o, r in pairs) and value is not None
    ]
    facts = {"names": listed, "name": name, "seen": own["value"], "expected": ours["value"]}
    other = Message("birds-penalty-other", facts)
    return Verdict.say(other, *done[:1], cause=done[0] if done else other)


def _sums(row: Any, name: str) -> dict[str, Any]:
    """What the penalty of a network would be after a usual mistake, by the mistake's name."""
    own = {"l1_penalty": np.abs, "l2_penalty": np.square}
    of, other = own[name], own["l2_penalty" if name == "l1_penalty" else "l1_penalty"]
    held = row["parameters"]
    arrays = list(held.values())
    total = sum(of(a).sum() for a in arrays)
    return {
        "biases": sum(of(a).sum() for k, a in held.items() if "bias" not in k),
        "others": sum(of(a).sum() for k, a in held.items() if k.endswith(("weight", "bias"))),
        "matrices": sum(of(a).sum() for a in arrays if a.ndim > 1),
        "last": of(arrays[-1]).sum(),
        "mean": total / sum(a.size for a in arrays),
        "means": sum(of(a).mean() for a in arrays),
        "root": np.sqrt(total),
        "norms": sum(np.sqrt(of(a).sum()) for a in arrays),
        "half": total / 2,
        "signed": sum(a.sum() for a in arrays),
        "exchanged": sum(other(a).sum() for a in arrays),
        "buffers": total + sum(of(b).sum() for b in row["buffers"]),
    }


# ---------------------------------------------------------------------- dropout, files


def _dropout(values: Any, alone: Any, together: Any) -> Verdict:
    """Judged by the units in eval mode and in train mode, (32, 64), and by their sum, (256,)."""
    if not np.allclose(values, values[:, :1], rtol=1e-3):
        return Verdict.say(Message("birds-dropout-in-eval"))
    alone = alone[values[:, 0] != 0]  # a unit that is zero anyway shows nothing
    off, right = np.abs(alone) < 1e-6, 1 / (1 - RATE)
    share, kept = float(off.mean()) if off.size else 0.0, alone[~off]
    if share < 0.02:
        steady = np.allclose(alone, alone[:, :1], rtol=1e-3)
        return Verdict.say(Message(f"birds-dropout-{'missing' if steady else 'elsewhere'}"))
    same = np.all(off == off[:, :1])
    if same or np.mean(np.abs(together) < 1e-6) > 0.1:
        what = "the same units for all images" if same else "all units of an image at once"
        return Verdict.say(Message("birds-dropout-together", {"what": what}), fraction=0.4)
    facts = {"share": share, "asked": RATE, "right": right}
    if kept.size and not np.allclose(kept, kept.flat[0], rtol=1e-2):
        facts |= {"least": float(kept.min()), "greatest": float(kept.max())}
        return Verdict.say(Message("birds-dropout-twice", facts), fraction=0.4)
    if abs(share - RATE) > 0.06:  # six standard deviations of 2,048 draws
        return Verdict.say(Message("birds-dropout-share", facts), fraction=0.6)
    if not np.allclose(kept, right, rtol=1e-2):
        facts |= {"scale": float(kept.mean())}
        return Verdict.say(Message("birds-dropout-scale", facts), fraction=0.6)
    return Verdict.say(Message("birds-dropout", facts), fraction=1.0)


def _filed(found: Any) -> Verdict:
    """What came back, what kind of file it was, and whether the network is ready for use."""
    parameters, buffers = found["parameters"], found["buffers"]
    if parameters:
        facts = {"name": parameters[0], "n": len(parameters)}
        return Verdict.say(Message("files-parameters", facts))
    faults = []
    if buffers:
        faults.append((Message("files-buffers", {"name": buffers[0]}), 0.5))
    if found["file"] == "code":
        faults.append((Message("files-whole-network"), 0.5))
    if found["training"]:
        faults.append((Message("files-train-mode"), 0.75))
    if not faults:
        right = Message("files-all-back", {"n": found["entries"]})
        return Verdict.say(right, fraction=1.0, trust="claim")
    said = [message for message, _ in faults]
    return Verdict.say(*said, fraction=min(share for _, share in faults), trust="claim")
