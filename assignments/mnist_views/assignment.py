"""Three small readers of digits: built, trained, and looked into."""

from dataclasses import replace
from typing import Any

import numpy as np

from grader import Assignment, Limits, Measurements, Message, Verdict, compare, data, probe

assignment = Assignment(
    "What a network sees",
    entry="views",
    limits=Limits(cpu_seconds=60, memory_mib=4096),
)

# Probes: what the sandbox is asked to do. The student can read every argument.
x = data.normal(3, 1, 28, 28)
y = data.integers(3, below=10)
training_loss = data.train("mnist", limit=2500, stop=-500)
held_out = data.train("mnist", limit=2500, start=-500)
PARAMETERS = {"LogisticRegression": 7_850, "MLP": 23_860, "CNN": 4_266}

logistic = probe.module("LogisticRegression", output="logits")
logistic_rows, logistic_size = logistic.layers(x), logistic.parameters(x)
logistic_answers, logistic_slopes = logistic.outputs(x), logistic.gradients(x, y)
mlp = probe.module("MLP", output="logits")
mlp_rows, mlp_size = mlp.layers(x), mlp.parameters(x)
mlp_answers, mlp_slopes = mlp.outputs(x), mlp.gradients(x, y)
cnn = probe.module("CNN", output="logits")
cnn_rows, cnn_size = cnn.layers(x), cnn.parameters(x)
cnn_answers, cnn_slopes = cnn.outputs(x), cnn.gradients(x, y)

given = {"x": training_loss.images, "y": training_loss.targets, "images": held_out.images}
logistic_trained = logistic.train("train", seconds=10, by_epoch=True, **given)
mlp_trained = mlp.train("train", seconds=10, by_epoch=True, **given)

CASES = [[28, 3, 1, 1], [28, 3, 0, 1], [631, 11, 2, 4], [631, 3, 1, 2], [13, 5, 0, 2]]
drawn = probe.script("pictures", x)
weights = probe.script("shapes")
sides = probe.script("sides", CASES)
halves = probe.script("halves", 1200, 200)
alexnet = probe.script("alexnet", data.uniform(1, 3, 631, 631))


# Checks: what the grader concludes. None of this enters the sandbox.
@assignment.check(points=5)
def logistic_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`LogisticRegression` is one linear layer."""
    return compare.shapes(student[logistic_rows], reference[logistic_rows])


@assignment.check(points=5)
def mlp_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`MLP` is two linear layers with 30 hidden units between."""
    return compare.shapes(student[mlp_rows], reference[mlp_rows])


@assignment.check(points=10)
def cnn_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`CNN` runs the layers of the brief in order, each with the right output shape."""
    return compare.shapes(student[cnn_rows], reference[cnn_rows])


@assignment.check(points=6)
def parameter_counts(student: Measurements, reference: Measurements) -> Verdict:
    """The networks have 7,850, 23,860 and 4,266 trainable parameters."""
    sizes = dict(zip(PARAMETERS, (logistic_size, mlp_size, cnn_size), strict=True))
    verdict = compare.combine(
        [lambda p=p: compare.count(student[p], reference[p]) for p in sizes.values()],
        names=[f"`{name}`" for name in sizes],
    )
    if verdict.fraction < 1:
        return verdict
    told = ", ".join(f"`{n}` {count:,}" for n, count in PARAMETERS.items())
    return replace(verdict, feedback=f"{told}.", evidence={})


@assignment.check(points=5, depends_on=[logistic_layers])
def logistic_values(student: Measurements, reference: Measurements) -> Verdict:
    """Under equal weights `LogisticRegression` gives our answers, and our gradients."""
    probes = logistic_rows, logistic_answers, logistic_slopes
    return _values(student, reference, *probes)


@assignment.check(points=7, depends_on=[mlp_layers])
def mlp_values(student: Measurements, reference: Measurements) -> Verdict:
    """Under equal weights `MLP` gives our answers, and our gradients."""
    return _values(student, reference, mlp_rows, mlp_answers, mlp_slopes)


@assignment.check(points=8, depends_on=[cnn_layers])
def cnn_values(student: Measurements, reference: Measurements) -> Verdict:
    """Under equal weights `CNN` gives our answers, and our gradients."""
    return _values(student, reference, cnn_rows, cnn_answers, cnn_slopes)


@assignment.check(points=6)
def data_split(student: Measurements, reference: Measurements) -> Verdict:
    """`split` keeps the last pictures for validation, all others to train with."""
    own, ours = student[halves].plain, reference[halves].plain
    for name, seen, right in zip(("training", "validation"), own, ours, strict=True):
        if not np.array_equal(seen["images"], seen["labels"]):
            return Verdict.say(Message("views-other-labels", {"part": name}))
        if not np.array_equal(seen["images"], right["images"]):
            return _odd_part(name, *(part["images"].astype(int) for part in (*own, right)))
    kept, held = (len(part["images"]) for part in ours)
    return Verdict.say(Message("views-split", {"kept": kept, "held": held}), fraction=1.0)


def _odd_part(name: str, kept: Any, held: Any, right: Any) -> Verdict:
    """What is wrong with a part of 1,200 rows, whose numbers these are."""
    both = len(np.intersect1d(kept, held))
    if both:
        return Verdict.say(Message("views-overlap", {"n": both}))
    seen = kept if name == "training" else held
    facts = {"part": name, "seen": _rows(seen), "expected": _rows(right)}
    share = 0.5 if len(kept) + len(held) == 1200 else 0.0
    return Verdict.say(Message("views-other-rows", facts), fraction=share)


def _rows(numbers: Any) -> str:
    if not len(numbers):
        return "no row"
    if np.array_equal(numbers, np.arange(numbers[0], numbers[0] + len(numbers))):
        return f"rows {numbers[0]:,} to {numbers[-1]:,}"
    return f"{len(numbers):,} rows, the first {numbers[:3].tolist()}"


@assignment.check(points=8)
def logistic_training(student: Measurements, reference: Measurements) -> Verdict:
    """After your `train`, a `LogisticRegression` reads the 500 pictures that were held out."""
    return _trained(student, reference, logistic_trained)


@assignment.check(points=8)
def mlp_training(student: Measurements, reference: Measurements) -> Verdict:
    """After your `train`, an `MLP` reads the 500 pictures that were held out."""
    return _trained(student, reference, mlp_trained)


@assignment.check(points=10, depends_on=[logistic_layers])
def weight_pictures(student: Measurements, reference: Measurements) -> Verdict:
    """`weight_pictures` gives one picture for each digit, every weight where its pixel is."""
    own, ours = np.asarray(student[drawn].plain), np.asarray(reference[drawn].plain)
    worst = None if own.shape != ours.shape else compare.mismatch(own, ours, 1e-5)
    if own.shape == ours.shape and worst is None:
        return Verdict.say(Message("views-pictures"), fraction=1.0)
    if own.size != ours.size or own.shape != ours.shape:
        shapes = {"seen": str(own.shape), "expected": str(ours.shape)}
        return Verdict.say(Message("views-picture-shape", shapes))
    code = _misplaced(own, ours) or "views-other-pictures"
    return Verdict.say(
        Message(code, {"worst": worst.sentence()}),
        hint=Message("views-row-of-weights").hint(),
        evidence={"mismatch": worst.to_json("weight pictures")},
    )


def _misplaced(own: Any, ours: Any) -> str:
    """The code of what was done with the right numbers; empty where they are others."""
    low, high = ours.min(axis=(1, 2), keepdims=True), ours.max(axis=(1, 2), keepdims=True)
    done = {
        "views-exchanged": ours.transpose(0, 2, 1),
        "views-transposed": ours.reshape(10, 784).T.reshape(10, 28, 28),
        "views-sign": -ours,
        "views-stretched": (ours - low) / (high - low),
        "views-stretched-alike": (ours - ours.min()) / np.ptp(ours),
    }
    return next((s for s, a in done.items() if compare.mismatch(own, a, 1e-5) is None), "")


@assignment.check(points=5)
def weight_shapes(student: Measurements, reference: Measurements) -> Verdict:
    """`weight_shapes` lists the shapes of weights and kernels."""
    own, ours = student[weights].plain, reference[weights].plain
    wrong = [n for n in ours if own[n] != ours[n]]
    if not wrong:
        return Verdict.say(Message("views-shapes"), fraction=1.0)
    name, share = wrong[0], 1 - len(wrong) / len(ours)
    failed, right = why_failed(own[name]), [tuple(s) for s in ours[name]]
    seen = failed or [tuple(s) for s in own[name]]
    turned = not failed and all(_is_turned(own[n], ours[n]) for n in wrong)
    kind = "no-shapes" if failed else "shapes-turned" if turned else "other-shapes"
    facts = {"name": name, "seen": str(seen), "expected": str(right)}
    return Verdict.say(Message(f"views-{kind}", facts), fraction=share)


def _is_turned(seen: Any, right: Any) -> bool:
    """True for shapes that begin with what comes in, as on paper."""
    if why_failed(seen):
        return False
    return [tuple(s) for s in seen] == [(*s[1::-1], *s[2:]) for s in right]


def why_failed(value: Any) -> str:
    """Why one of several calls gave nothing; empty where it gave something."""
    return f"no answer ({value['failed']})" if isinstance(value, dict) else ""


@assignment.check(points=5)
def output_sides(student: Measurements, reference: Measurements) -> Verdict:
    """`output_side` knows what padding and stride do to a picture's size."""
    own, ours = student[sides].plain, reference[sides].plain
    rows = zip(CASES, own, ours, strict=True)
    wrong = [(case, seen, right) for case, seen, right in rows if seen != right]
    if not wrong:
        return Verdict.say(Message("views-sides", {"n": len(CASES)}), fraction=1.0)
    case, seen, right = wrong[0]
    facts = dict(zip(("side", "kernel", "padding", "stride"), case, strict=True))
    facts |= {"seen": why_failed(seen) or f"{seen:g}", "expected": right}
    facts |= {"wrong": len(wrong), "n": len(CASES)}
    without = [side + 2 * padding - kernel + 1 for side, kernel, padding, _ in CASES]
    code = "views-stride-ignored" if own == without else "views-other-sides"
    return Verdict.say(Message(code, facts), fraction=1 - len(wrong) / len(CASES))


@assignment.check(points=6)
def alexnet_features(student: Measurements, reference: Measurements) -> Verdict:
    """`features` of a picture of 631 × 631 after the first convolution: (1, 64, 157, 157)."""
    own, ours = student[alexnet].plain, reference[alexnet].plain
    if own["shape"] != ours["shape"]:
        shapes = {"seen": str(own["shape"]), "expected": str(ours["shape"])}
        return Verdict.say(Message("views-feature-shape", shapes))
    worst = compare.mismatch(own["values"], ours["values"], 1e-4)
    if worst is None:
        return Verdict.say(Message("views-features"), fraction=1.0)
    if compare.mismatch(own["values"], np.maximum(ours["values"], 0), 1e-4) is None:
        return Verdict.say(Message("views-in-place"))
    return Verdict.say(Message("views-other-features", {"worst": worst.sentence()}))


def _values(
    student: Measurements, reference: Measurements, rows: Any, answers: Any, slopes: Any
) -> Verdict:
    """Half for equal answers, half for equal gradients."""
    where = compare.first_divergence(student[rows], reference[rows])
    first = compare.close(student[answers], reference[answers], rtol=1e-6, where=where)
    if first.fraction < 1:
        return first
    second = compare.attempt(lambda: compare.close(student[slopes], reference[slopes], rtol=1e-6))
    if second.fraction == 1:
        return replace(second, feedback=f"{first.feedback} {second.feedback}", evidence={})
    return replace(second, fraction=0.5, feedback=f"The answers are right. {second.feedback}")


def _trained(student: Measurements, reference: Measurements, which: Any) -> Verdict:
    return compare.accuracy(
        student[which],
        reference[which],
        held_out.labels,
        full=-0.10,
        zero=-0.35,
        called="held-out images",
    )
