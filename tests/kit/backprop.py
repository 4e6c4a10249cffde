"""Backward passes in NumPy as students write them: a right one and wrong ones.

A network pixels → hidden → ReLU → classes → softmax, its biases as the last rows of the weights,
and the cross-entropy as a mean over the batch. Each function takes what the forward pass kept and
the one-hot labels, and returns the gradients of `w1` and `w2`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader import diagnosis

Array = npt.NDArray[np.float64]
Gradients = list[Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the forward pass leaves to the backward pass."""

    x: Array
    h1: Array
    h1_relu: Array
    h1_ext: Array
    h2: Array
    y_pred: Array
    w1: Array
    w2: Array


def ones(rows: Array) -> Array:
    return np.hstack([rows, np.ones((len(rows), 1))])


def forward(params: Gradients, images: Array) -> Kept:
    w1, w2 = params
    x = ones(images)
    h1 = x @ w1
    h1_relu = np.maximum(h1, 0)
    h1_ext = ones(h1_relu)
    h2 = h1_ext @ w2
    e = np.exp(h2)
    y_pred = e / e.sum(axis=1, keepdims=True)
    return Kept(x=x, h1=h1, h1_relu=h1_relu, h1_ext=h1_ext, h2=h2, y_pred=y_pred, w1=w1, w2=w2)


def right(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1]
    d1[k.h1 < 0] = 0
    return [k.x.T @ d1, k.h1_ext.T @ d2]


# ---------------------------------------------------------------------- wrong ones


def difference_turned(k: Kept, y: Array) -> Gradients:
    d2 = (y - k.y_pred) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def not_divided(k: Kept, y: Array) -> Gradients:
    d2 = k.y_pred - y
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def divided_twice(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1 / len(y), k.h1_ext.T @ d2 / len(y)]


def divided_by_all(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / y.size
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def divided_once_only(k: Kept, y: Array) -> Gradients:
    d2 = k.y_pred - y
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2 / len(y)]


def turned_and_not_divided(k: Kept, y: Array) -> Gradients:
    d2 = y - k.y_pred
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def doubled(k: Kept, y: Array) -> Gradients:
    return [2 * g for g in right(k, y)]


def halved(k: Kept, y: Array) -> Gradients:
    return [g / 2 for g in right(k, y)]


def tripled(k: Kept, y: Array) -> Gradients:
    return [3 * g for g in right(k, y)]


def tripled_and_turned(k: Kept, y: Array) -> Gradients:
    return [-3 * g for g in right(k, y)]


def rate_inside(k: Kept, y: Array) -> Gradients:
    return [0.05 * g for g in right(k, y)]


def transposed(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [d1.T @ k.x, d2.T @ k.h1_ext]


def reshaped(k: Kept, y: Array) -> Gradients:
    g1, g2 = transposed(k, y)
    return [g1.reshape(k.w1.shape), g2.reshape(k.w2.shape)]


def without_ones(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x[:, :-1].T @ d1, k.h1_relu.T @ d2]


def ones_in_front(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    first = np.ones((len(y), 1))
    x = np.hstack([first, k.x[:, :-1]])
    return [x.T @ d1, np.hstack([first, k.h1_relu]).T @ d2]


def bias_forgotten(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    g1, g2 = np.zeros_like(k.w1), np.zeros_like(k.w2)
    g1[:-1] = k.x[:, :-1].T @ d1
    g2[:-1] = k.h1_relu.T @ d2
    return [g1, g2]


def bias_summed_anew(k: Kept, y: Array) -> Gradients:
    d2 = k.y_pred - y
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    g1 = np.vstack([k.x[:, :-1].T @ d1 / len(y), d1.sum(axis=0)])
    g2 = np.vstack([k.h1_relu.T @ d2 / len(y), d2.sum(axis=0)])
    return [g1, g2]


def no_relu(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1]
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def mask_inverted(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1]
    d1[k.h1 > 0] = 0
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def mask_of_gradient(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1]
    d1[d1 < 0] = 0
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def times_activation(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * k.h1_relu
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def label_forgotten(k: Kept, y: Array) -> Gradients:
    d2 = k.y_pred / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def prediction_forgotten(k: Kept, y: Array) -> Gradients:
    d2 = -y / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def softmax_forgotten(k: Kept, y: Array) -> Gradients:
    d2 = -(y / k.y_pred) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def softmax_by_its_diagonal(k: Kept, y: Array) -> Gradients:
    d_pred = -(y / k.y_pred) / len(y)
    d2 = d_pred * k.y_pred * (1 - k.y_pred)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def softmax_again(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y) * (k.y_pred * (1 - k.y_pred))
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def scores_taken(k: Kept, y: Array) -> Gradients:
    d2 = (k.h2 - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def classes_taken(k: Kept, y: Array) -> Gradients:
    d2 = (np.eye(y.shape[1])[k.y_pred.argmax(axis=1)] - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def labels_from_one(k: Kept, y: Array) -> Gradients:
    return right(k, np.roll(y, 1, axis=1))


def returned_in_the_loop(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    for i in range(len(y)):
        return [np.outer(k.x[i], d1[i]), np.outer(k.h1_ext[i], d2[i])]
    raise AssertionError


def assigned_in_the_loop(k: Kept, y: Array) -> Gradients:
    d2 = k.y_pred - y
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    for i in range(len(y)):
        g1, g2 = np.outer(k.x[i], d1[i]), np.outer(k.h1_ext[i], d2[i])
    return [g1, g2]


def loop_too_short(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    g1, g2 = np.zeros_like(k.w1), np.zeros_like(k.w2)
    for i in range(len(y) - 1):
        g1 += np.outer(k.x[i], d1[i])
        g2 += np.outer(k.h1_ext[i], d2[i])
    return [g1, g2]


def loop_from_one(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x[1:].T @ d1[1:], k.h1_ext[1:].T @ d2[1:]]


def first_column_cut(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, 1:] * (k.h1 > 0)
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def updated_too_early(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    g2 = k.h1_ext.T @ d2
    w2 = k.w2 - 0.05 * g2
    d1 = (d2 @ w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, g2]


def values_before_relu(k: Kept, y: Array) -> Gradients:
    d2 = (k.y_pred - y) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1] * (k.h1 > 0)
    return [k.x.T @ d1, ones(k.h1).T @ d2]


def never_filled(k: Kept, y: Array) -> Gradients:
    return [np.zeros_like(k.w1), right(k, y)[1]]


def some_units_left_out(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    filled = np.zeros_like(g1)
    for j in range(g1.shape[1] - 3):
        filled[:, j] = g1[:, j]
    return [filled, g2]


def index_off_by_one(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    moved = np.zeros_like(g2)
    for j in range(1, g2.shape[1]):
        moved[:, j] = g2[:, j - 1]
    return [g1, moved]


def units_backwards(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    return [np.stack([g1[:, j] for j in reversed(range(g1.shape[1]))], axis=1), g2]


def units_sorted(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    return [g1[:, np.argsort(g1[-1])], g2]


def inputs_sorted(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    return [g1, g2[np.argsort(g2[:, 0])]]


def inputs_backwards(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    return [g1, g2[::-1]]


def all_sorted(k: Kept, y: Array) -> Gradients:
    g1, g2 = right(k, y)
    return [g1, np.sort(g2.ravel()).reshape(g2.shape)]


def inverted_and_turned(k: Kept, y: Array) -> Gradients:
    d2 = (y - k.y_pred) / len(y)
    d1 = (d2 @ k.w2.T)[:, :-1]
    d1[k.h1 > 0] = 0
    return [k.x.T @ d1, k.h1_ext.T @ d2]


def transposed_and_not_divided(k: Kept, y: Array) -> Gradients:
    return [len(y) * g for g in transposed(k, y)]


def in_float32(k: Kept, y: Array) -> Gradients:
    x, w2, h1, h1_ext = (a.astype(np.float32) for a in (k.x, k.w2, k.h1, k.h1_ext))
    d2 = (k.y_pred - y).astype(np.float32) / len(y)
    d1 = (d2 @ w2.T)[:, :-1] * (h1 > 0)
    return [x.T @ d1, h1_ext.T @ d2]


# ---------------------------------------------------------------------- three layers


def deep(
    params: Gradients, images: Array, y: Array, *, mask_of: str = "scores", back: str = "turned"
) -> Gradients:
    """Gradients of w1, b1, w2, b2, w3, b3; the wrong ones take the mask from what a layer received,
    or go back through the weights as they are.
    """
    received, scores = [images], []
    for i in range(3):
        scores.append(received[i] @ params[2 * i] + params[2 * i + 1])
        received.append(np.maximum(scores[i], 0))
    d = (softmax(scores[2]) - y) / len(y)
    found: Gradients = []
    for i in (2, 1, 0):
        found = [received[i].T @ d, d.sum(axis=0), *found]
        if i:
            w = params[2 * i]
            square = w.shape[0] == w.shape[1]
            d = d @ (w if back == "straight" and square else w.T)
            source = received[i - 1] if mask_of == "inputs" else scores[i - 1]
            fitting = source if source.shape == d.shape else scores[i - 1]
            d = d * (fitting > 0)
    return found


# ---------------------------------------------------------------------- networks


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """A network, a batch, and what follows from both."""

    params: Gradients
    images: Array
    labels: Array
    kept: Kept
    right: Gradients
    run: diagnosis.Pass


def network(n: int, pixels: int, hidden: int, classes: int, seed: int = 5) -> Net:
    """A batch whose first pixels are always 0, as in the margins of digits."""
    rng = np.random.default_rng(seed)
    images = rng.standard_normal((n, pixels))
    images[:, : pixels // 20] = 0
    w1 = rng.standard_normal((pixels + 1, hidden)) / np.sqrt(pixels)
    w2 = rng.standard_normal((hidden + 1, classes)) / np.sqrt(hidden)
    labels = np.eye(classes)[rng.permutation(np.arange(n) % classes)]
    return net(images, [w1, w2], labels)


def net(images: Array, params: Gradients, labels: Array) -> Net:
    kept = forward(params, images)
    return Net(
        params=params,
        images=images,
        labels=labels,
        kept=kept,
        right=right(kept, labels),
        run=diagnosis.Pass.forward(images, params, labels, "last"),
    )


SAMPLES, CLASSES, RATE = 16, 10, 0.05
NAMES = ("w1", "w2")
DIGITS = network(SAMPLES, 784, 12, CLASSES)
SMALL = network(7, 6, 5, 4)


def explained(
    seen: Gradients, net: Net = DIGITS, rtol: float = 1e-6
) -> tuple[diagnosis.Diagnosis, ...]:
    """What is said of these gradients."""
    context = diagnosis.Context(rate=RATE)
    return diagnosis.explain(seen, net.right, NAMES, context=context, run=net.run, rtol=rtol)


def around_w1(net: Net = DIGITS) -> diagnosis.Context:
    """What is known around the gradient of `w1`."""
    k, y = net.kept, net.labels
    up = ((k.y_pred - y) / len(y) @ k.w2.T)[:, :-1]
    return diagnosis.Context(inputs=k.x, scores=k.h1, upstream=up, bias="last")


def around_w2(net: Net = DIGITS) -> diagnosis.Context:
    """What is known around the gradient of `w2`."""
    k, y = net.kept, net.labels
    return diagnosis.Context(
        inputs=k.h1_ext, logits=k.h2, probabilities=k.y_pred, labels=y.argmax(axis=1), bias="last"
    )
