"""Three classic networks written from a table: AlexNet, VGG16, ResNet-18."""

from dataclasses import dataclass, replace

from grader import Assignment, Measurements, Verdict, compare, data, measurements, probe

# Nothing that is asked for has to be computed in the file: whoever tries the networks there, or
# loads a photograph, loses no time by it.
assignment = Assignment("AlexNet, VGG16 and ResNet-18", entry="classics", run="definitions")

# What the sandbox is asked to do. Students can read every argument. The networks are large, so they
# are measured in float32, and the values are judged by the sketches that come with the layers.
x = data.normal(2, 3, 224, 224)

how = {"precision": "float32", "without": "torchvision.models", "output": "logits"}
alexnet = probe.module("AlexNet", **how)
vgg16 = probe.module("VGG16", **how)
resnet18 = probe.module("ResNet18", **how)
alexnet_run, alexnet_owns = alexnet.layers(x), alexnet.parameters(x, train=True)
vgg16_run, vgg16_owns = vgg16.layers(x), vgg16.parameters(x, train=True)
resnet18_run, resnet18_owns = resnet18.layers(x), resnet18.parameters(x, train=True)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A near relative that is found in print, with the number of its parameters."""

    count: int
    why: str
    layers: int
    """Convolutions and linear layers."""


HALF = 0.5
"""Share of the points for shapes and count that a variant earns at least."""
VARIANTS = {
    alexnet_owns: (
        Variant(
            count=62_378_344,
            why="That is the network of 2012 on one GPU: 96, 256, 384, 384 and 256 channels, for "
            "images of 227 × 227. The brief's has 64, 192, 384, 256 and 256.",
            layers=8,
        ),
        Variant(
            count=60_965_224,
            why="That is the network of 2012 as it ran on two GPUs, its second, fourth and fifth "
            "convolution in two groups. The brief's has 64, 192, 384, 256 and 256 channels and "
            "no groups.",
            layers=8,
        ),
    ),
    vgg16_owns: (
        Variant(
            count=138_423_208,
            why="That is a printed sum in which the second pooling has 65,664 parameters, as if it "
            "were a 2 × 2 convolution from 128 to 128 channels with biases. A pooling has none.",
            layers=17,
        ),
        Variant(
            count=138_365_992,
            why="That is VGG16 with batch normalisation, which came a year later: 8,448 scales "
            "and shifts too many.",
            layers=16,
        ),
    ),
    resnet18_owns: (
        Variant(
            count=11_511_784,
            why="That is a printed table without batch normalisation (9,600 parameters) and "
            "without the 1 × 1 convolutions of the three shortcuts that change size (172,032), "
            "but with a bias in each convolution (3,904 that batch normalisation makes "
            "needless).",
            layers=18,
        ),
        Variant(
            count=11_694_312,
            why="Your convolutions have biases, 4,800 in all. Batch normalisation subtracts the "
            "mean and adds a shift of its own, so they do nothing: bias=False.",
            layers=21,
        ),
        Variant(
            count=11_515_688,
            why="Your three shortcuts that change size have no 1 × 1 convolution with its batch "
            "normalisation, together 173,824 parameters.",
            layers=18,
        ),
    ),
}


def _variant(student: Measurements, owns: probe.Probe[measurements.Parameters]) -> Variant | None:
    """The relative that the student built, if all its numbers are in use."""
    found = student[owns]
    idle = any(p.used is False for p in found.trainable)
    return next((v for v in VARIANTS[owns] if v.count == found.total and not idle), None)


def _shapes(
    student: Measurements,
    reference: Measurements,
    run: probe.Probe[measurements.Layers],
    owns: probe.Probe[measurements.Parameters],
) -> Verdict:
    verdict = compare.shapes(student[run], reference[run])
    variant = _variant(student, owns) if owns in student else None
    weighty = [r for r in student[run].rows if r.kind in ("convolution", "linear")]
    if variant is None or student[run].error or len(weighty) != variant.layers:
        return verdict
    share = max(verdict.fraction, HALF)
    return replace(verdict, fraction=share, feedback=f"{verdict.feedback} {variant.why}")


def _count(
    student: Measurements, reference: Measurements, owns: probe.Probe[measurements.Parameters]
) -> Verdict:
    verdict = compare.count(student[owns], reference[owns])
    variant = _variant(student, owns)
    if variant is None:
        return verdict
    counted = verdict.feedback.partition(". ")[0].rstrip(".")
    return replace(verdict, fraction=HALF, feedback=f"{counted}. {variant.why}")


# What the grader concludes. None of this enters the sandbox.
@assignment.check(points=11)
def alexnet_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`AlexNet` runs the layers of the brief, each with the right output shape."""
    return _shapes(student, reference, alexnet_run, alexnet_owns)


@assignment.check(points=6)
def alexnet_count(student: Measurements, reference: Measurements) -> Verdict:
    """`AlexNet` has 61,100,840 trainable parameters."""
    return _count(student, reference, alexnet_owns)


@assignment.check(points=11, depends_on=[alexnet_layers])
def alexnet_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images `AlexNet` answers what ours answers."""
    return compare.values(student[alexnet_run], reference[alexnet_run])


@assignment.check(points=11)
def vgg16_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`VGG16` runs the layers of the brief, each with the right output shape."""
    return _shapes(student, reference, vgg16_run, vgg16_owns)


@assignment.check(points=6)
def vgg16_count(student: Measurements, reference: Measurements) -> Verdict:
    """`VGG16` has 138,357,544 trainable parameters."""
    return _count(student, reference, vgg16_owns)


@assignment.check(points=11, depends_on=[vgg16_layers])
def vgg16_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images `VGG16` answers what ours answers."""
    return compare.values(student[vgg16_run], reference[vgg16_run])


@assignment.check(points=11)
def resnet18_layers(student: Measurements, reference: Measurements) -> Verdict:
    """`ResNet18` runs the layers of the brief, each with the right output shape."""
    return _shapes(student, reference, resnet18_run, resnet18_owns)


@assignment.check(points=6)
def resnet18_count(student: Measurements, reference: Measurements) -> Verdict:
    """`ResNet18` has 11,689,512 trainable parameters."""
    return _count(student, reference, resnet18_owns)


@assignment.check(points=11, depends_on=[resnet18_layers])
def resnet18_values(student: Measurements, reference: Measurements) -> Verdict:
    """From equal weights and equal images `ResNet18` answers what ours answers."""
    return compare.values(student[resnet18_run], reference[resnet18_run])


@assignment.check(points=6)
def dropout(student: Measurements, reference: Measurements) -> Verdict:
    """In train mode `AlexNet` and `VGG16` drop half of the values, twice each; 3 points each."""
    pairs = {"AlexNet": alexnet_owns, "VGG16": vgg16_owns}
    return compare.combine(
        [lambda p=p: compare.dropouts(student[p], reference[p]) for p in pairs.values()],
        names=[f"`{name}`" for name in pairs],
    )
