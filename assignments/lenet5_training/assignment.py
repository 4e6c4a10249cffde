"""LeNet-5 from scratch: as a Sequential, saved and loaded, trained where one can watch."""

from dataclasses import replace

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
    "Training LeNet-5 from scratch",
    entry="training",
    limits=Limits(cpu_seconds=120, memory_mib=4096),
)

# Probes: what the sandbox is asked to do. The student can read every argument.
x = data.normal(3, 1, 32, 32)
y = data.integers(3, below=10)
digits = data.train("mnist", size=32, limit=2000)
unseen = data.test("mnist", size=32, limit=1000)
COUNT, EPOCHS, RATE, MOMENTUM, BATCH = 150, 5, 0.01, 0.5, 64
few, classes = data.normal(COUNT, 1, 8, 8), data.integers(COUNT, below=10)
start = data.uniform(10, 64, low=-0.1, high=0.1)

net = probe.module("lenet5_sequential", output="logits")
layers = net.layers(x)
parameters = net.parameters(x)
outputs = net.outputs(x)
gradients = net.gradients(x, y)
form = probe.script("form")
round_trip = probe.script("round_trip", x)
file = probe.script("plain", x)
watched = probe.script("training", few, classes, start, [])
trained = net.train(
    "train",
    digits.images,
    digits.targets,
    seconds=20,
    images=unseen.images,
    by_epoch=True,
    epochs=EPOCHS,
    learning_rate=0.03,
    momentum=0.9,
)


# Checks: what the grader concludes. None of this enters the sandbox.
@assignment.check(points=5)
def sequential_form(student: Measurements, _reference: Measurements) -> Verdict:
    """`lenet5_sequential()` returns an `nn.Sequential`."""
    found = student[form].plain
    if found["sequential"] is True:
        return Verdict.say(Message("files-sequential"), fraction=1.0, trust="claim")
    facts = {"name": "lenet5_sequential", "seen": found["kind"]}
    return Verdict.say(Message("files-no-sequential", facts))


@assignment.check(points=15)
def layer_shapes(student: Measurements, reference: Measurements) -> Verdict:
    """The network runs the layers of the brief in order, each with the right output shape."""
    return compare.shapes(student[layers], reference[layers])


@assignment.check(points=5)
def parameter_count(student: Measurements, reference: Measurements) -> Verdict:
    """The network has 61,706 trainable parameters."""
    return compare.count(student[parameters], reference[parameters])


@assignment.check(points=10, depends_on=[layer_shapes])
def values(student: Measurements, reference: Measurements) -> Verdict:
    """Under equal weights the network gives our answers, and our gradients; half for half."""
    where = compare.first_divergence(student[layers], reference[layers])
    first = compare.close(student[outputs], reference[outputs], rtol=1e-6, where=where)
    if first.fraction < 1:
        return first
    second = compare.attempt(
        lambda: compare.close(student[gradients], reference[gradients], rtol=1e-6)
    )
    if second.fraction == 1:
        return replace(second, feedback=f"{first.feedback} {second.feedback}", evidence={})
    return replace(second, fraction=0.5, feedback=f"The answers are right. {second.feedback}")


@assignment.check(points=15)
def save_and_load(student: Measurements, _reference: Measurements) -> Verdict:
    """What `load` makes of the file answers what the saved network answered."""
    found = student[round_trip].plain
    before, after = found["before"], found["after"]
    if np.shape(before) != np.shape(after):
        return Verdict.say(Message("files-shape", {"seen": str(np.shape(after))}))
    worst = compare.mismatch(after, before, 1e-5)
    if worst is None:
        return Verdict.say(Message("files-loaded"), fraction=1.0)
    return Verdict.say(Message("files-not-loaded", {"worst": worst.sentence()}))


@assignment.check(points=5)
def plain_file(student: Measurements, reference: Measurements) -> Verdict:
    """The file holds arrays only, and is opened without running code from it."""
    found, ours = student[file].plain, reference[file].plain
    if found["opened"] is not True:
        return Verdict.say(Message("files-pickled"))
    facts = {"seen": found["numbers"], "expected": ours["numbers"]}
    whole = found["numbers"] >= ours["numbers"]
    kind = "plain" if whole else "incomplete"
    return Verdict.say(Message(f"files-{kind}", facts), fraction=1.0 if whole else 0.0)


@assignment.check(points=10)
def epochs(student: Measurements, reference: Measurements) -> Verdict:
    """`train` yields after each epoch, in which every picture is shown once, in a new order."""
    run = diagnosis.Descent.read(student[watched].plain, reference[watched].plain)
    if run is None or not run.rows:
        return Verdict.say(Message("loop-no-picture"))
    looked = (run.diagnose_yields(EPOCHS), run.diagnose_pictures(), run.diagnose_order())
    faults = [d.message for d in looked if d]
    if not faults:
        right = Message("loop-epochs", {"epochs": EPOCHS, "n": COUNT})
        return Verdict.say(right, fraction=1.0)
    share = max(0.0, 1 - 0.4 * len(faults))
    return Verdict.say(*faults, fraction=share, hint=Message("loop-epoch-is").hint())


@assignment.check(points=15)
def recipe(student: Measurements, reference: Measurements) -> Verdict:
    """Batches of 64, gradients of the mean cross-entropy, learning rate 0.01, momentum 0.5."""
    run = diagnosis.Descent.read(student[watched].plain, reference[watched].plain)
    if run is None or len(run.rows) < 2:
        return Verdict.say(Message("loop-few-steps"))
    wrong, told = 0, []
    if run.batch != BATCH:
        facts = {"seen": run.batch, "expected": BATCH}
        wrong, told = 1, [Message("loop-batches", facts)]
    if loss := run.diagnose_loss():
        wrong, told = wrong + 1, [*told, loss.message]
    settings = run.fit_settings()
    if settings is None:
        wrong, told = wrong + 2, [*told, run.diagnose_steps().message]
    else:
        odd = other_settings(settings, RATE, MOMENTUM)
        wrong, told = wrong + len(odd), [*told, *odd]
    if not wrong:
        return Verdict.say(Message("loop-recipe"), fraction=1.0)
    return Verdict.say(*told, fraction=1 - wrong / 4, hint=Message("loop-recipe-is").hint())


def other_settings(seen: diagnosis.Settings, rate: float, momentum: float) -> list[Message]:
    """A message for each of learning rate and momentum that is another."""
    told = []
    if not abs(seen.rate - rate) <= 0.01 * rate:
        told.append(Message("loop-rate", {"seen": seen.rate, "expected": rate}))
    if not abs(seen.momentum - momentum) <= 0.01:
        facts = {"seen": round(seen.momentum, 2) + 0.0, "expected": momentum}
        told.append(Message("loop-momentum", facts))
    return told


@assignment.check(points=10)
def accuracy_by_epoch(student: Measurements, reference: Measurements) -> Verdict:
    """In five epochs your `train` takes your network from nothing to reading digits."""
    return compare.accuracy(
        student[trained], reference[trained], unseen.labels, full=-0.10, zero=-0.50
    )
