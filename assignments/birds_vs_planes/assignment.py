"""Birds against airplanes: statistics, networks of four kinds, regularisation, files, accuracy."""

from dataclasses import replace
from typing import Any

import numpy as np

from grader import Assignment, Limits, Measurements, Verdict, compare, data, probe

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
        text = "`channel_statistics` has to return two things: three means, three deviations."
        return Verdict(fraction=0.0, feedback=text)
    found = [_statistic(own, images, what) for own, what in zip(pair, STATISTICS, strict=True)]
    right = [not text for text in found]
    if all(right):
        return Verdict(fraction=1.0, feedback="Means and deviations agree with ours.")
    hint = "Go over all axes but that of the channels: images, rows and columns."
    return Verdict(fraction=sum(right) / 2, feedback=" ".join(filter(None, found)), hint=hint)


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
    return compare.count(student[wide], reference[wide])


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
    return compare.close(student[norm_steps], reference[norm_steps], where=where)


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


def _statistic(found: Any, images: Any, what: str) -> str:
    """What is wrong with three means or three deviations, or nothing."""
    seen, name = _read(found), f"{what}s"
    if seen is None:
        return f"Your {name} are missing: return three numbers."
    right = _candidates(images, what, 0)[0], _candidates(images, what, 1)[0]
    if any(_equal(seen, r) for r in right):  # divided by n or by n - 1: both are usual
        return ""
    for divisor in (0, 1):
        for text, values in _candidates(images, what, divisor)[1].items():
            if _equal(seen, values) or _equal(seen, np.full(3, values)):
                return f"Your {name} are {text}."
    if seen.shape != (3,):
        return f"Your {name} have shape {seen.shape}, expected is (3,): one for each channel."
    listed, expected = (", ".join(f"{v:.4f}" for v in values) for values in (seen, right[1]))
    return f"Your {name} are {listed}; expected are {expected}."


def _candidates(images: Any, what: str, ddof: int) -> tuple[Any, dict[str, Any]]:
    """The right answer, and wrong ones by what was done; deviations divide by n - ddof."""
    means, deviations = images.mean(AXES), images.std(AXES, ddof=ddof)
    if what == "mean":
        return means, {
            "one number for all channels together": images.mean(),
            "the deviations": deviations,
            "sums, not divided by the number of pixels": images.sum(AXES),
            "medians": np.median(images, AXES),
        }
    return deviations, {
        "one number for all channels together": images.std(ddof=ddof),
        "variances; take the square root": images.var(AXES, ddof=ddof),
        "averages of each image's own deviation, which leaves out how images differ": (
            images.std((2, 3), ddof=ddof).mean(0)
        ),
        "deviations of the images' means, not of the pixels": (
            images.mean((2, 3)).std(0, ddof=ddof)
        ),
        "averages of each column's deviation, not deviations of all pixels": (
            images.std(2, ddof=ddof).mean((0, 2))
        ),
        "the means": means,
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
            text = f"`{name}` gives the right number, but no gradient goes through it."
            hint = "Leave .item(), .data, .detach(), float() and torch.no_grad() out."
            return Verdict(fraction=VALUE, feedback=text, hint=hint)
        rows = zip(ours["parameters"], own["gradients"], ours["gradients"], strict=True)
        wrong = [k for k, g, o in rows if not np.allclose(g, o, rtol=1e-4, atol=1e-5)]
        if wrong:
            text = f"`{name}` gives the right number; its gradient of `{wrong[0]}` is not right."
            return Verdict(fraction=VALUE, feedback=text, hint="Is each parameter still attached?")
    return Verdict(fraction=1.0, feedback=f"Right for {len(pairs)} networks, with its gradient.")


def _wrong_number(pairs: Any, odd: Any, name: str) -> Verdict:
    own, ours = odd
    listed = ", ".join(f"`{k}`" for k in ours["parameters"])
    told = [
        text
        for text, value in _sums(ours, name).items()
        if all(_equal(o["value"], _sums(r, name)[text]) for o, r in pairs) and value is not None
    ]
    seen = f"For a network with {listed} your `{name}` is {own['value']:.6g}, ours is "
    return Verdict(
        fraction=0.0,
        feedback=f"{seen}{ours['value']:.6g}." + (f" Yours {told[0]}." if told else ""),
        hint="Go through network.parameters(), take each number's share and add up all.",
    )


def _sums(row: Any, name: str) -> dict[str, Any]:
    """What the penalty of a network would be after a usual mistake."""
    own = {"l1_penalty": np.abs, "l2_penalty": np.square}
    of, other = own[name], own["l2_penalty" if name == "l1_penalty" else "l1_penalty"]
    held = row["parameters"]
    arrays = list(held.values())
    total = sum(of(a).sum() for a in arrays)
    return {
        "leaves out the biases": sum(of(a).sum() for k, a in held.items() if "bias" not in k),
        "leaves out what is neither weight nor bias": sum(
            of(a).sum() for k, a in held.items() if k.endswith(("weight", "bias"))
        ),
        "counts matrices and filters only": sum(of(a).sum() for a in arrays if a.ndim > 1),
        "counts the last parameter only": of(arrays[-1]).sum(),
        "is the mean over all numbers": total / sum(a.size for a in arrays),
        "adds up the mean of each parameter": sum(of(a).mean() for a in arrays),
        "is the square root of the sum": np.sqrt(total),
        "adds up the norm of each parameter": sum(np.sqrt(of(a).sum()) for a in arrays),
        "is half the sum": total / 2,
        "adds up the numbers themselves, negative ones too": sum(a.sum() for a in arrays),
        "is the other penalty": sum(other(a).sum() for a in arrays),
        "counts buffers, which are not trained": total + sum(of(b).sum() for b in row["buffers"]),
    }


# ---------------------------------------------------------------------- dropout, files


def _dropout(values: Any, alone: Any, together: Any) -> Verdict:
    """Judged by the units in eval mode and in train mode, (32, 64), and by their sum, (256,)."""
    if not np.allclose(values, values[:, :1], rtol=1e-3):
        text = "In eval mode hidden units change from pass to pass: dropout stays on there."
        return Verdict(fraction=0.0, feedback=text, hint="Mend `dropout_eval` first.")
    alone = alone[values[:, 0] != 0]  # a unit that is zero anyway shows nothing
    off, right = np.abs(alone) < 1e-6, 1 / (1 - RATE)
    share, kept = float(off.mean()) if off.size else 0.0, alone[~off]
    if share < 0.02:
        steady = np.allclose(alone, alone[:, :1], rtol=1e-3)
        text = "In train mode each hidden unit keeps its value: no dropout acts on it."
        other = (
            "In train mode no hidden unit is switched off, but all change: dropout acts elsewhere."
        )
        hint = "Apply nn.Dropout(0.4) to the hidden units, after their tanh."
        return Verdict(fraction=0.0, feedback=text if steady else other, hint=hint)
    same = np.all(off == off[:, :1])
    if same or np.mean(np.abs(together) < 1e-6) > 0.1:
        what = "the same units for all images" if same else "all units of an image at once"
        text = f"Dropout switches off {what}; each unit of each image is drawn for itself."
        return Verdict(fraction=0.4, feedback=text, hint="Use nn.Dropout, which does that.")
    told = f"{share:.0%} of the hidden units are switched off"
    if kept.size and not np.allclose(kept, kept.flat[0], rtol=1e-2):
        text = f"{told}, but the others are multiplied by {kept.min():.3g} to {kept.max():.3g}."
        hint = "Dropout comes once, after the tanh; then what it keeps is scaled by one number."
        return Verdict(fraction=0.4, feedback=text, hint=hint)
    if abs(share - RATE) > 0.06:  # six standard deviations of 2,048 draws
        text = f"{told}, expected are {RATE:.0%}."
        return Verdict(fraction=0.6, feedback=text, hint="p is the probability to be switched off.")
    if not np.allclose(kept, right, rtol=1e-2):
        text = f"{told}, but the others are multiplied by {kept.mean():.3g}, expected {right:.3g}."
        return Verdict(fraction=0.6, feedback=text, hint="Divide what is kept by 1 - p.")
    return Verdict(fraction=1.0, feedback=f"{told}, the others are {right:.3g} times larger.")


def _filed(found: Any) -> Verdict:
    """What came back, what kind of file it was, and whether the network is ready for use."""
    parameters, buffers = found["parameters"], found["buffers"]
    if parameters:
        text = f"`{parameters[0]}` is not what was saved; {len(parameters)} parameters differ."
        return Verdict(fraction=0.0, feedback=text, hint="Save state_dict(), load_state_dict() it.")
    faults = []
    if buffers:
        text = f"All parameters come back, but `{buffers[0]}` is not what was saved."
        faults.append(
            (text, "state_dict() holds the buffers of batch norm too; save all of it.", 0.5)
        )
    if found["file"] == "code":
        text = "The file holds a whole pickled network, which runs code when it is opened."
        faults.append((text, "Save network.state_dict() alone.", 0.5))
    if found["training"]:
        text = "The loaded network is in train mode, where batch norm depends on the other images."
        faults.append((text, "Call .eval() before you return it.", 0.75))
    if not faults:
        text = f"All {found['entries']} entries come back, in eval mode."
        return Verdict(fraction=1.0, feedback=text, trust="claim")
    return Verdict(
        fraction=min(share for _, _, share in faults),
        feedback=" ".join(text for text, _, _ in faults),
        hint=faults[0][1],
        trust="claim",
    )
