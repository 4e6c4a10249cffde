"""What the grader's own probes cannot ask; runs in the sandbox, beside the student's code."""

import pickle
import tempfile
from pathlib import Path

import torch

UNITS = 32  # hidden units of `DropoutNet`
ALONE, TOGETHER = 64, 256  # copies of one image in a batch


def given(_student, images):
    """The images of `channel_statistics`, for the diagnosis."""
    return images


# ---------------------------------------------------------------------- penalties


class Scaled(torch.nn.Module):
    """A network with a parameter that is neither a weight nor a bias."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(4, 3)
        self.scale = torch.nn.Parameter(torch.ones(3))


def penalty(student, name, numbers):
    """For three networks with given numbers: the penalty, its gradient, and what they hold."""
    normed = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3), torch.nn.BatchNorm2d(4))
    rows = []
    for net in (torch.nn.Linear(5, 3), normed, Scaled()):
        _fill(net.parameters(), numbers)
        rows.append(_penalised(student, name, net))
    return rows


def _penalised(student, name, net):
    named = dict(net.named_parameters())
    held = {k: p.detach().clone() for k, p in named.items()}
    value = student[name](net)
    number = student.array(value, f"what `{name}` returned")
    if number.size != 1:
        student.refuse(f"`{name}` returned {number.size} numbers; return their sum, one number")
    gradients = None
    if isinstance(value, torch.Tensor) and value.requires_grad:
        found = torch.autograd.grad(value.sum(), list(named.values()), allow_unused=True)
        gradients = [
            torch.zeros(p.shape) if g is None else g
            for p, g in zip(held.values(), found, strict=True)
        ]
    buffers = [b for b in net.buffers() if b.is_floating_point()]
    return {"value": number.item(), "gradients": gradients, "parameters": held, "buffers": buffers}


def _fill(tensors, numbers):
    """Write numbers one after another into tensors; whole numbers become 7."""
    start = 0
    for tensor in tensors:
        size = tensor.numel()
        drawn = torch.as_tensor(numbers[start : start + size]).reshape(tensor.shape)
        with torch.no_grad():
            tensor.copy_(drawn) if tensor.is_floating_point() else tensor.fill_(7)
        start += size


# ---------------------------------------------------------------------- dropout


def dropout(student, image):
    """What becomes of each hidden unit in train mode, as a multiple of its value in eval mode.

    Unit by unit the last layer is set to read that one alone, in eval mode for `values`, (32, 64)
    for 64 copies of one image, and in train mode for `alone`, likewise; then to add up all of them
    for `together`, (256,).
    """
    net = student.build("DropoutNet")
    rows = _last_layer(student, net)
    images = torch.as_tensor(image, dtype=torch.float32)

    def read(row, count, *, training):
        with torch.no_grad():
            rows.zero_()
            rows[1] = row
            scores = net.train(training)(images.expand(count, -1, -1, -1).clone())
        if (scores >= 0).all() and torch.allclose(scores.sum(1), torch.ones(count)):
            scores = scores.log()  # a softmax at the end is the business of another check
        return scores[:, 1] - scores[:, 0]  # the same for logits and log-probabilities

    units = torch.eye(UNITS)
    values = torch.stack([read(unit, ALONE, training=False) for unit in units])
    scale = torch.where(values[:, 0] == 0, 0.0, 1.0 / values[:, 0])
    alone = [read(unit * scale, ALONE, training=True) for unit in units]
    together = read(scale, TOGETHER, training=True)
    return {"values": values, "alone": torch.stack(alone), "together": together}


def _last_layer(student, net):
    """The weight of the last layer as (2, 32), its bias set to zero."""
    shapes = [(p, tuple(p.shape)) for p in net.parameters()]
    found = [p if s == (2, UNITS) else p.t() for p, s in shapes if sorted(s) == [2, UNITS]]
    if len(found) != 1:
        student.refuse("`DropoutNet` has no layer from 32 hidden units to 2 scores")
    for bias in [p for p, s in shapes if s == (2,)]:
        bias.detach().zero_()
    return found[0].detach()


# ---------------------------------------------------------------------- files


def round_trip(student, numbers):
    """What comes back of parameters and buffers that went through a file."""
    with tempfile.TemporaryDirectory() as folder:
        first, put = _network(student, numbers, folder, "first.pt")
        _network(student, numbers + 1, folder, "second.pt")
        _fill(torch.nn.Module.state_dict(first).values(), 0 * numbers)  # only the file knows now
        loaded = student["load"](str(Path(folder, "first.pt")))
        kind = _kind(str(Path(folder, "first.pt")))
    if not isinstance(loaded, torch.nn.Module):
        what = type(loaded).__name__
        student.refuse(
            f"`load` returned a {what}; return a `BatchNormNet` with what the file holds"
        )
    found = torch.nn.Module.state_dict(loaded)
    buffers = {k for k, _ in first.named_buffers()}
    lost = [k for k, v in put.items() if k not in found or not torch.equal(v, found[k])]
    return {
        "entries": len(put),
        "parameters": [k for k in lost if k not in buffers],
        "buffers": [k for k in lost if k in buffers],
        "file": kind,
        "training": any(m.training for m in loaded.modules()),
    }


def _network(student, numbers, folder, name):
    """A network with these numbers, saved, and a copy of what it held."""
    net = student.build("BatchNormNet")
    state = torch.nn.Module.state_dict(net)
    _fill(state.values(), numbers)
    put = {k: v.clone() for k, v in state.items()}
    path = str(Path(folder, name))
    student["save"](net, path)
    if not Path(path).is_file():
        student.refuse("`save(network, path)` left no file at `path`")
    return net, put


def _kind(path):
    try:
        torch.load(path, weights_only=True)
    except pickle.UnpicklingError:
        return "code"
    return "weights"
