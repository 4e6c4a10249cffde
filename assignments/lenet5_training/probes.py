"""What is asked of saving, loading and training; runs in the sandbox, beside the student's code."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

SECONDS = 20.0  # of CPU time for a training of a few steps


class Recorder(nn.Module):
    """One linear layer that keeps, for each batch that was differentiated, what happened to it."""

    def __init__(self, images, weights):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weights, dtype=torch.float32))
        self.numbers = {row.numpy().tobytes(): i for i, row in enumerate(images.flatten(1))}
        self.steps = []

    def forward(self, images):
        """Scores (N, 10)."""
        rows = images.detach().flatten(1).contiguous()
        scores = rows @ self.weight.T
        if scores.requires_grad:
            shown = [self.numbers.get(row.numpy().tobytes(), -1) for row in rows.float()]
            before = self.weight.detach().clone().numpy()

            def differentiated(slopes):
                step = {"rows": np.array(shown, np.int64), "weights": before}
                self.steps.append({**step, "slopes": slopes.detach().numpy().copy()})

            scores.register_hook(differentiated)
        return scores


def form(student):
    """Whether the network is a Sequential, and what it is."""
    network = student.build("lenet5_sequential")
    return {"sequential": isinstance(network, nn.Sequential), "kind": type(network).__name__}


def round_trip(student, images):
    """What a network answers when it is saved, and what comes back for it."""
    network, x = student.network("lenet5_sequential", images)
    path = _saved(student, network)
    with torch.no_grad():
        before = network(x).numpy()
        for parameter in network.parameters():  # nothing but the file may remember
            parameter.zero_()
    loaded = _loaded(student, path)
    return {"before": before, "after": _answer(student, loaded, x)}


def plain(student, images):
    """Whether the file is opened without running code from it, and how many numbers it holds."""
    network, _ = student.network("lenet5_sequential", images)
    [file] = list(Path(_saved(student, network)).parent.iterdir())[:1]
    for read in (_by_torch, _by_numpy):
        with contextlib.suppress(Exception):  # it may be any file
            return {"opened": True, "numbers": read(file)}
    return {"opened": False, "numbers": 0}


def again(student, images):
    """Two loaded networks: whether a step of one changes it, and changes the other."""
    network, x = student.network("lenet5_sequential", images)
    path = _saved(student, network)
    first, second = _loaded(student, path), _loaded(student, path)
    before, other = _answer(student, first, x), _answer(student, second, x)
    trainable = [p for p in first.parameters() if p.requires_grad]
    if trainable:
        loss = first.train()(x).square().mean()
        slopes = torch.autograd.grad(loss, trainable, allow_unused=True)
        with torch.no_grad():
            for parameter, slope in zip(trainable, slopes, strict=True):
                if slope is not None:
                    parameter.sub_(slope, alpha=0.1)
    after, later = _answer(student, first, x), _answer(student, second, x)
    return {
        "trainable": sum(p.numel() for p in trainable),
        "changed": float(np.abs(after - before).max()),
        "other_changed": float(np.abs(later - other).max()),
    }


def training(student, images, labels, weights, settings):
    """What `train` does to a linear network: every step of it, and where it yielded."""
    names = ("epochs", "learning_rate", "momentum", "batch_size")
    options = dict(zip(names, settings, strict=True)) if settings else {}
    if options:
        options["epochs"], options["batch_size"] = int(options["epochs"]), int(settings[3])
    x = torch.tensor(images, dtype=torch.float32)
    y = torch.tensor(labels, dtype=torch.int64)
    network, yields = Recorder(x, weights), []
    train = student.function("train", network, x, y, **options)

    def work():
        result = train(network, x, y, **options)
        if hasattr(result, "__next__"):
            yields.extend(len(network.steps) for _ in result)

    if not student.within(SECONDS, work):
        student.refuse(f"`train` was stopped after {SECONDS:g} seconds of CPU time")
    if len(network.steps) > 2000:
        student.refuse(f"`train` took {len(network.steps):,} steps where a few dozen belong")
    steps = network.steps
    return {
        "rows": [s["rows"] for s in steps],
        "weights": [*(s["weights"] for s in steps), network.weight.detach().numpy().copy()],
        "slopes": [s["slopes"] for s in steps],
        "yields": yields[:1000],
        "images": x.flatten(1).numpy(),
        "labels": y.numpy(),
    }


# ---------------------------------------------------------------------- parts


def _saved(student, network):
    """The path that was given to `save`; what it wrote is alone in that folder."""
    folder = Path(tempfile.mkdtemp())
    path = str(folder / "weights.pt")
    student.function("save", network, path)(network, path)
    if not any(folder.iterdir()):
        student.refuse("after `save(network, path)` there is no file of that name")
    return path


def _loaded(student, path):
    network = student.function("load", path)(path)
    if not isinstance(network, nn.Module):
        kind = type(network).__name__
        student.refuse(f"`load` returned a {kind}; return the network with the weights in it")
    return network.float()


def _answer(student, network, x):
    """What a loaded network answers, in eval mode."""
    try:
        with torch.no_grad():
            found = network.eval()(x)
    except Exception as error:  # perhaps in no line of the student's, who only built it
        student.refuse(
            f"the network that `load` returned cannot be run on {tuple(x.shape)}: {error}"
        )
    return student.array(found, "what the network that `load` returned answers")


def _by_torch(file):
    return _count(torch.load(file, map_location="cpu", weights_only=True))


def _by_numpy(file):
    arrays = np.load(file, allow_pickle=False)
    return sum(arrays[name].size for name in arrays.files)


def _count(value):
    if isinstance(value, torch.Tensor):
        return value.numel()
    if isinstance(value, dict):
        value = list(value.values())
    return sum(_count(v) for v in value) if isinstance(value, (list, tuple)) else 0
