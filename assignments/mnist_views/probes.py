"""What is asked of the functions of views.py; runs in the sandbox, beside the student's code."""

import torch
from torch import nn

POOL = {"kernel_size": 3, "stride": 2}


class Larger(nn.Module):
    """Built like AlexNet: `features`, then `classifier`; `widths` are the channels."""

    def __init__(self, widths, first):
        super().__init__()
        a, b, c, d, e = widths
        self.features = nn.Sequential(
            nn.Conv2d(3, a, **first), nn.ReLU(inplace=True), nn.MaxPool2d(**POOL),
            nn.Conv2d(a, b, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(**POOL),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(d, e, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(**POOL),
        )  # fmt: skip
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(4 * e, 10))

    def forward(self, images):
        """Scores (N, 10) of images (N, 3, H, W)."""
        return self.classifier(self.pool(self.features(images)))


def _alexnet():
    torch.manual_seed(631)
    first = {"kernel_size": 11, "stride": 4, "padding": 2}
    return Larger((64, 192, 384, 256, 256), first).eval()


def _slim():
    torch.manual_seed(95)
    return Larger((8, 12, 10, 6, 6), {"kernel_size": 5, "stride": 2, "padding": 1}).eval()


def _after(network, images):
    """What each layer of `features` gives, by depth."""
    made = []
    with torch.no_grad():
        for layer in network.features:
            images = layer(images.clone())
            made.append(images.double().numpy())
    return made


def pictures(student, images):
    """The pictures of a `LogisticRegression` whose weights are set anew."""
    take = student.function("weight_pictures", None)
    network, _ = student.network("LogisticRegression", images)
    return student.array(take(network), "what `weight_pictures` returned")


def shapes(student):
    """The shapes of weights in networks of ours."""
    take = student.function("weight_shapes", None)
    networks = {
        "Conv2d(5, 10, 3)": nn.Conv2d(5, 10, 3),
        "Linear(784, 10)": nn.Linear(784, 10),
        "a network like AlexNet": _slim(),
    }

    def read(network):
        given = take(network)
        if isinstance(given, dict):
            given = list(given.values())
        if not isinstance(given, (list, tuple)):
            kind = type(given).__name__
            student.refuse(f"`weight_shapes` returned a {kind}; return a list of shapes")
        if isinstance(given, torch.Size) or all(type(n) is int for n in given):
            given = [given]  # the one shape of a network with one layer
        return [
            [int(n) for n in student.array(tuple(shape), "a shape of `weight_shapes`")]
            for shape in given
        ]

    found = student.each(lambda n=n: read(n) for n in networks.values())
    return dict(zip(networks, found, strict=True))


def sides(student, cases):
    """`output_side` of each (side, kernel, padding, stride)."""
    side = student.function("output_side", 28, 3, padding=1, stride=1)

    def read(n, kernel, padding, stride):
        found = side(int(n), int(kernel), padding=int(padding), stride=int(stride))
        return float(student.array(found, "what `output_side` returned", ()))

    return student.each(lambda case=case: read(*case) for case in cases)


def halves(student, count, held_out):
    """Which pictures and labels the two parts hold, by number."""
    images = torch.arange(float(count)).reshape(-1, 1, 1, 1).expand(-1, 1, 28, 28).clone()
    take = student.function("split", images, images, held_out=held_out)
    found = take(images, torch.arange(count), held_out=held_out)
    parts = list(found) if isinstance(found, (list, tuple)) else []
    if len(parts) == 4:
        student.refuse(
            "`split` returned four things; return two pairs: ((images, labels), (images, labels))"
        )
    if len(parts) != 2 or any(not isinstance(p, (list, tuple)) or len(p) != 2 for p in parts):
        student.refuse("`split` has to return two pairs: ((images, labels), (images, labels))")
    rows = []
    for name, (pixels, labels) in zip(("train", "validation"), parts, strict=True):
        taken = student.array(pixels, f"the images to {name} with")
        if taken.shape[1:] != (1, 28, 28):
            student.refuse(f"the images of `split` have shape {taken.shape}, not (N, 1, 28, 28)")
        numbers = student.array(labels, f"the labels to {name} with", (len(taken),))
        rows.append({"images": taken[:, 0, 0, 0], "labels": numbers})
    return rows


def alexnet(student, images):
    """The first features of one large picture, (1, 3, 631, 631): the shape, and every eighth."""
    network = _alexnet()
    take = student.function("features", network, images, 1)
    images = torch.tensor(images, dtype=torch.float32)
    found = student.array(take(network, images, 1), "what `features` returned")
    thin = (slice(None), slice(None, None, 8), slice(None, None, 8), slice(None, None, 8))
    return {"shape": list(found.shape), "values": found[thin] if found.ndim == 4 else found[:1]}


def features(student, images, depths):
    """Features of a slim network, by depth, and what it answers before and afterwards."""
    network = _slim()
    images = torch.tensor(images, dtype=torch.float32)
    take = student.function("features", network, images, 1)
    with torch.no_grad():
        before = network(images).numpy()

    def read(depth):
        made = take(network, images.clone(), int(depth))
        return student.array(made, "what `features` returned")

    found = student.each(lambda depth=depth: read(depth) for depth in depths)
    return {
        "found": found,
        "layers": _after(_slim(), images),
        "before": before,
        "after": _answer(network, images),
    }


def _answer(network, images):
    """What a network that went through a student's hands answers; None where it no longer does."""
    try:
        with torch.no_grad():
            return network(images).numpy()
    except Exception:
        return None
