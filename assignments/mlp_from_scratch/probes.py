"""What is asked of the four networks; runs in the sandbox, beside the student's code."""

import contextlib

import numpy as np
import torch

SECONDS = 20.0  # of CPU time for one backward pass; an honest one needs a tenth of a second
NETWORKS = {
    "MLPNumpy": (784,),
    "MLPTorch": (784,),
    "MLPAutograd": (784,),
    "CNNAutograd": (1, 28, 28),
}
BY_HAND = ("MLPNumpy", "MLPTorch")
LIVE = 24  # the last hidden units; in `gradients` and `steps` the weights of the others are zero


def batches(student, size, seed, among=500):
    """Which rows of so many two draws take, and which labels they bring along."""
    images = np.repeat(np.arange(float(among))[:, None], 784, axis=1)
    rng = np.random.RandomState(seed)
    found = {}
    for name in ("first", "second"):
        drawn = student["random_batch"](images, np.arange(among), size, rng)
        if not isinstance(drawn, (tuple, list)) or len(drawn) != 2:
            student.refuse("`random_batch` has to return two things: the images and their labels")
        rows = student.array(drawn[0], "the images of `random_batch`", (size, 784))
        labels = student.array(drawn[1], "the labels of `random_batch`", (size,))
        found[name] = {"rows": rows[:, 0], "labels": labels}
    return found


def first_weights(student, name, seed):
    """Shapes of the parameters of a new network, and numbers from their corners."""
    weights = _weights(student, name, student.build(name, np.random.RandomState(seed)))
    if len(weights) != 2 or any(w.ndim != 2 for w in weights):
        student.refuse(f"`params` of `{name}` has to hold two matrices, `w1` and `w2`")
    return {
        "shapes": [list(w.shape) for w in weights],
        "corners": [np.stack([w[:10, :10], w[-10:, -10:]]) for w in weights],
    }


def forward(student, name, images, seed):
    """Predictions under weights that nobody could foresee, and the shapes of those weights."""
    net = _prepared(student, name, seed)
    shapes = [list(p.shape) for p in _params(student, name, net)]
    return {"predicted": _predicted(student, name, net, images), "shapes": shapes}


def gradients(student, name, loss, images, classes, seed, first=None):
    """What backward passes on two batches give, and under which weights.

    `first` is the number of images in the first batch; half of them where it is left out. A
    gradient that cannot be read takes nothing from the other.
    """
    net, labels = _prepared(student, name, seed, live=LIVE), np.eye(10)[classes]
    half, found = len(images) // 2 if first is None else first, []
    for part in (slice(half), slice(half, None)):
        found.append(_lively(_backward(student, name, loss, net, images[part], labels[part])))
        _zero(net)
    return {
        "gradients": found,
        "weights": _lively(_weights(student, name, net))["arrays"],
        "images": [images[:half], images[half:]],
        "labels": [labels[:half], labels[half:]],
    }


def steps(student, name, loss, updating, images, classes, seed, rate):
    """The weights after each of two steps, with the student's own update."""
    net, labels = _prepared(student, name, seed, live=LIVE), np.eye(10)[classes]
    half, found = len(images) // 2, []
    for part in (slice(half), slice(half, None)):
        predicted = net.forward_pass(_fresh(name, images[part]))
        value = student[loss](predicted, labels[part].copy())
        grads = _differentiated(student, name, net, value, labels[part].copy())
        _update(student, name, updating, net, grads, rate)
        found.append(_lively(_weights(student, name, net)))
    return found


def loss(student, name, scores, classes):
    """The cross-entropy of given predictions."""
    powers, labels = np.exp(5 * scores), np.eye(10)[classes]
    predicted = powers / powers.sum(axis=1, keepdims=True)
    given = torch.tensor(predicted) if name.endswith("torch") else predicted.copy()
    found = student.array(student[name](given, labels.copy()), f"what `{name}` returned", ())
    return {"loss": found, "predicted": predicted, "labels": labels}


def changes(student, images, classes, seed):
    """For each argument of the functions of the NumPy part: 1 where they change it, else 0."""
    rng, labels = np.random.RandomState(seed), np.eye(10)[classes]
    net, found = _prepared(student, "MLPNumpy", seed), {}

    def call(name, function, *given):
        copies = [np.array(g) for g in given]
        result = function(*copies)
        pairs = zip(copies, given, strict=True)
        found[name] = [int(not np.array_equal(copy, array)) for copy, array in pairs]
        return result

    call("random_batch", lambda *g: student["random_batch"](*g, 3, rng), images, labels)
    rows = call("forward_pass", net.forward_pass, images)
    predicted = student.array(rows, "what `forward_pass` of `MLPNumpy` returned", labels.shape)
    value = call("cross_entropy", student["cross_entropy"], predicted, labels)
    call("backward_pass", lambda y: _differentiated(student, "MLPNumpy", net, value, y), labels)
    slopes = images[:, :3], images[:, 3:5]
    call("update", lambda *g: student["update"]([s + 1 for s in slopes], list(g), 0.5), *slopes)
    return found


def update(student, name, weights, grads, rate):
    """Parameters after an update with given gradients."""
    made = [np.array(w) for w in weights], [np.array(g) for g in grads]
    if name != "update":
        made = [[torch.tensor(a, dtype=torch.float) for a in part] for part in made]
    params = made[0]
    returned = student[name](params, made[1], rate)
    kept = returned if isinstance(returned, (list, tuple)) else params
    if len(kept) != len(weights):
        student.refuse(f"`{name}` left {len(kept)} parameters of {len(weights)}")
    after = [
        student.array(p, f"parameter {i} after `{name}`", w.shape)
        for i, (p, w) in enumerate(zip(kept, weights, strict=True))
    ]
    return {"after": after, "before": weights, "gradients": grads}


def training(student, name, loss, updating, images, classes, size, count, seed):
    """Losses of the first steps of training from one seed, as the brief describes it."""
    rng, labels = np.random.RandomState(seed), np.eye(10)[classes]
    net = student.build(name, rng)
    shaped = images.reshape(-1, *NETWORKS[name])
    losses = []
    for _ in range(count):
        rows, wanted = student["random_batch"](shaped, labels, size, rng)
        predicted = net.forward_pass(rows)
        value = student[loss](predicted, wanted)
        losses.append(float(student.array(value, f"what `{loss}` returned", ())))
        grads = _differentiated(student, name, net, value, np.array(wanted))
        _update(student, name, updating, net, grads, 0.01)
    return losses


# ---------------------------------------------------------------------- parts


def _params(student, name, net):
    found = getattr(net, "params", None)
    if not isinstance(found, (list, tuple)) or not found:
        student.refuse(f"a `{name}` has to keep its parameters in a list called `params`")
    return found


def _weights(student, name, net):
    return [
        student.array(p, f"parameter {i} of `{name}`")
        for i, p in enumerate(_params(student, name, net))
    ]


def _lively(arrays):
    """The parts of two matrices, or of their gradients, that belong to live hidden units.

    One that failed stands for itself.
    """
    kept, idle = [], [0.0]
    for array in arrays:
        shape = getattr(array, "shape", None)
        if shape == (785, 1000):
            kept.append(array[:, -LIVE:])
            idle.append(np.abs(array[:, :-LIVE]).max())
        elif shape == (1001, 10):
            kept.append(array[-LIVE - 1 :])
            idle.append(np.abs(array[: -LIVE - 1]).max())
        else:
            kept.append(array)
    return {"arrays": kept, "elsewhere": float(np.max(idle))}


def _prepared(student, name, seed, live=None):
    """A network whose weights are drawn anew, large enough for every mistake to show.

    With `live`, only so many hidden units of a network of two matrices take part.
    """
    net = student.build(name, np.random.RandomState(seed))
    rng = np.random.RandomState(seed + 1)
    params = _params(student, name, net)
    for i, param in enumerate(params):
        if not isinstance(param, (np.ndarray, torch.Tensor)):
            kind = type(param).__name__
            student.refuse(f"parameter {i} of `{name}` is a {kind}, not an array or a tensor")
        shape = tuple(param.shape)
        fan = shape[0] if len(shape) == 2 else int(np.prod(shape[1:])) or 1
        drawn = rng.normal(0.0, 1.0 / np.sqrt(fan), shape)
        if live and shape == (785, 1000):
            drawn[:, :-live] = 0.0
        elif live and shape == (1001, 10):
            drawn[: -live - 1] = 0.0
        if isinstance(param, torch.Tensor):
            with torch.no_grad():
                param.copy_(torch.as_tensor(drawn))
        elif param.dtype.kind == "f":
            param[...] = drawn
        else:
            student.refuse(f"parameter {i} of `{name}` holds {param.dtype}, not floating point")
    return net


def _fresh(name, images):
    return images.reshape(-1, *NETWORKS[name]).copy()


def _predicted(student, name, net, images):
    found = net.forward_pass(_fresh(name, images))
    return student.array(found, f"what `forward_pass` of `{name}` returned", (len(images), 10))


def _backward(student, name, loss, net, images, labels):
    """Each gradient, or why it cannot be read."""
    predicted = net.forward_pass(_fresh(name, images))
    value = student[loss](predicted, labels.copy())
    grads = _differentiated(student, name, net, value, labels.copy())
    params = _params(student, name, net)
    if not 0 < len(grads) <= len(params):
        _refuse_number(student, name, grads, params)

    def read(i):
        if i >= len(grads):
            _refuse_number(student, name, grads, params)
        return student.array(grads[i], f"gradient {i} of `{name}`", tuple(params[i].shape))

    return student.each(lambda i=i: read(i) for i in range(len(params)))


def _differentiated(student, name, net, value, labels):
    """What `backward_pass` returns: in time, without help where it is written by hand, a list."""
    made = []

    def call():
        made.append(net.backward_pass(value, labels))

    with _alone(student, name, net) if name in BY_HAND else contextlib.nullcontext():
        if not student.within(SECONDS, call):
            student.refuse(
                f"`backward_pass` of `{name}` was stopped after {SECONDS:g} seconds of CPU time; "
                "written with matrix products it takes about as long as two forward passes. "
                "Numerical differences need one forward pass for each of 795,010 weights"
            )
    if not isinstance(made[0], (list, tuple)):
        student.refuse(f"`backward_pass` of `{name}` has to return a list of gradients")
    return made[0]


def _refuse_number(student, name, grads, params):
    student.refuse(
        f"`backward_pass` of `{name}` returned {len(grads)} gradients; "
        f"`params` holds {len(params)} parameters"
    )


@contextlib.contextmanager
def _alone(student, name, net):
    """No automatic differentiation, and no second forward pass after the second."""
    engine, passes, forward = torch.autograd._engine_run_backward, [], net.forward_pass

    def refused(*_given, **_named):
        student.refuse(
            f"`backward_pass` of `{name}` asks torch for the derivatives; write them by hand, as "
            "products of matrices"
        )

    def counted(images):
        passes.append(1)
        if len(passes) > 2:
            student.refuse(
                f"`backward_pass` of `{name}` runs `forward_pass` again and again, as numerical "
                "differences do; write the derivatives by hand, as products of matrices"
            )
        return forward(images)

    torch.autograd._engine_run_backward = refused
    net.forward_pass = counted
    try:
        yield
    finally:
        torch.autograd._engine_run_backward = engine
        net.__dict__.pop("forward_pass", None)


def _zero(net):
    for param in net.params:
        if isinstance(param, torch.Tensor) and param.grad is not None:
            param.grad = None


def _update(student, name, updating, net, grads, rate):
    params = _params(student, name, net)
    if len(grads) != len(params):
        _refuse_number(student, name, grads, params)
    returned = student[updating](net.params, grads, rate)
    if isinstance(returned, (list, tuple)) and len(returned) == len(net.params):
        net.params = list(returned)
