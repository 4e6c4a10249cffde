"""One right backward pass, written in 22,500 ways: independent choices, any of which can be combined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from kit.backprop import Array, Gradients, Kept, ones

Softmax = Callable[[Array], Array]
Top = Callable[[Array, Array], Array]
Product = Callable[[Array, Array], Array]
Mask = Callable[[Array, Array], Array]
Stack = Callable[[Array, Array, Product], Array]
Back = Callable[[Array, Array], Array]


def s_plain(z: Array) -> Array:
    return np.exp(z) / np.exp(z).sum(1)[:, None]


def s_stable(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    e /= e.sum(axis=1, keepdims=True)
    return e


def s_log(z: Array) -> Array:
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))


def s_rows(z: Array) -> Array:
    out = []
    for row in z:
        powers = [np.exp(v - max(row)) for v in row]
        out.append([p / sum(powers) for p in powers])
    return np.array(out)


def s_ratio(z: Array) -> Array:
    return 1 / np.exp(z[:, None, :] - z[:, :, None]).sum(axis=2)


def t_plain(p: Array, y: Array) -> Array:
    return (p - y) / y.shape[0]


def t_turned(p: Array, y: Array) -> Array:
    return -(1 / len(p)) * (y - p)


def t_in_place(p: Array, y: Array) -> Array:
    d = p.copy()
    d[np.arange(len(y)), y.argmax(axis=1)] -= 1
    d /= len(y)
    return d


def t_jacobian(p: Array, y: Array) -> Array:
    d = np.empty_like(p)
    for i, (own, real) in enumerate(zip(p, y, strict=True)):
        d[i] = (np.diag(own) - np.outer(own, own)) @ (-real / own / len(p))
    return d


def t_chain(p: Array, y: Array) -> Array:
    d_pred = -y / p / len(p)
    return p * (d_pred - (d_pred * p).sum(axis=1, keepdims=True))


def p_matmul(a: Array, d: Array) -> Array:
    return a.T @ d


def p_dot(a: Array, d: Array) -> Array:
    return np.dot(a.transpose(), d)


def p_turned(a: Array, d: Array) -> Array:
    return (d.T @ a).T


def p_einsum(a: Array, d: Array) -> Array:
    return np.einsum("ni,nj->ij", a, d)


def p_tensordot(a: Array, d: Array) -> Array:
    return np.tensordot(a, d, axes=(0, 0))


def p_samples(a: Array, d: Array) -> Array:
    total = np.zeros((a.shape[1], d.shape[1]))
    for row, slope in zip(a, d, strict=True):
        total += np.outer(row, slope)
    return total


def p_backwards(a: Array, d: Array) -> Array:
    return sum(a[i][:, None] * d[i] for i in reversed(range(len(a))))


def p_units(a: Array, d: Array) -> Array:
    return np.stack([a.T @ d[:, j] for j in range(d.shape[1])], axis=1)


def p_broadcast(a: Array, d: Array) -> Array:
    return (a[:, :, None] * d[:, None, :]).sum(axis=0)


def m_times(up: Array, h: Array) -> Array:
    return up * (h > 0)


def m_where(up: Array, h: Array) -> Array:
    return np.where(h > 0, up, 0.0)


def m_index(up: Array, h: Array) -> Array:
    d = up.copy()
    d[h <= 0] = 0
    return d


def m_after(up: Array, h: Array) -> Array:
    return np.multiply(up, np.sign(np.maximum(h, 0)))


def m_heaviside(up: Array, h: Array) -> Array:
    d = np.array(up)
    d *= np.heaviside(h, 0)
    return d


def b_stacked(a: Array, d: Array, multiply: Product) -> Array:
    return multiply(ones(a), d)


def b_apart(a: Array, d: Array, multiply: Product) -> Array:
    return np.vstack((multiply(a, d), d.sum(axis=0)))


def b_keepdims(a: Array, d: Array, multiply: Product) -> Array:
    return np.concatenate([multiply(a, d), np.sum(d, axis=0, keepdims=True)])


def b_filled(a: Array, d: Array, multiply: Product) -> Array:
    g = np.empty((a.shape[1] + 1, d.shape[1]))
    g[:-1], g[-1] = multiply(a, d), np.ones(len(d)) @ d
    return g


def u_cut_gradient(d: Array, w: Array) -> Array:
    return d.dot(w.T)[:, :-1]


def u_cut_weights(d: Array, w: Array) -> Array:
    return d @ w[:-1].T


def u_turned(d: Array, w: Array) -> Array:
    return (w[:-1] @ d.T).T


def u_einsum(d: Array, w: Array) -> Array:
    return np.einsum("nc,hc->nh", d, w[:-1])


def u_samples(d: Array, w: Array) -> Array:
    return np.array([w[:-1] @ row for row in d])


GRID: tuple[tuple[Callable[..., Array], ...], ...] = (
    (s_plain, s_stable, s_log, s_rows, s_ratio),
    (t_plain, t_turned, t_in_place, t_jacobian, t_chain),
    (
        p_matmul,
        p_dot,
        p_turned,
        p_einsum,
        p_tensordot,
        p_samples,
        p_backwards,
        p_units,
        p_broadcast,
    ),
    (m_times, m_where, m_index, m_after, m_heaviside),
    (b_stacked, b_apart, b_keepdims, b_filled),
    (u_cut_gradient, u_cut_weights, u_turned, u_einsum, u_samples),
)
"""Independent choices. All combinations are right."""

Choice = tuple[Callable[..., Array], ...]


def refactored(choice: Choice, k: Kept, y: Array) -> Gradients:
    """The backward pass with these parts."""
    softmax, top, multiply, mask, stack, back = choice
    d2 = top(softmax(k.h2), y)
    d1 = mask(back(d2, k.w2), k.h1)
    return [stack(k.x[:, :-1], d1, multiply), stack(k.h1_relu, d2, multiply)]


def choices(step: int) -> Iterator[Choice]:
    """Every `step`-th combination; a step that shares no divisor with the sizes reaches all parts."""
    for i, choice in enumerate(product(*GRID)):
        if i % step == 0:
            yield choice
