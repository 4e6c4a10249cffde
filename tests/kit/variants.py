"""Whole submissions to mlp_from_scratch, each right and each written differently.

The reference's source is taken apart into its functions and put together again from alternatives
that do not depend on each other; then its local names are exchanged, and its precision.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Mapping

NAMES: tuple[Mapping[str, str], ...] = (
    {},
    {
        "by_logits": "d2",
        "by_scores": "d1",
        "by_hidden": "up",
        "powers": "e",
        "logits": "z",
        "ones": "b",
        "chosen": "idx",
        "maps": "features",
        "drawn": "numbers",
    },
    {
        "by_logits": "grad_logits",
        "by_scores": "grad_h1",
        "by_hidden": "grad_h1_relu",
        "powers": "exp_logits",
        "ones": "extra_feature",
        "w1": "weights_in",
        "w2": "weights_out",
        "chosen": "indices",
        "EPS": "TINY",
    },
)
"""Other names for locals and constants."""

ALTERNATIVES: Mapping[str, tuple[str, ...]] = {
    "random_batch": (
        """
def random_batch(images, labels, size, rng):
    return [a[chosen] for chosen in [rng.randint(0, len(labels), size, dtype="int32")] for a in (images, labels)]
""",
        """
def random_batch(images, labels, size, rng):
    chosen = rng.randint(low=0, high=images.shape[0], size=size, dtype="int32")
    return np.take(images, chosen, axis=0), np.take(labels, chosen, axis=0)
""",
        """
def random_batch(images, labels, size, rng):
    chosen = rng.randint(low=0, high=images.shape[0], size=size, dtype="int32")
    return np.array([images[i] for i in chosen]), np.array([labels[i] for i in chosen])
""",
    ),
    "MLPNumpy.__init__": (
        """
    def __init__(self, rng):
        self.params = [rng.normal(0, 0.01, size) for size in ((785, 1000), (1001, 10))]
""",
        """
    def __init__(self, rng):
        self.w1 = DEVIATION * rng.normal(size=(PIXELS + 1, HIDDEN))
        self.w2 = DEVIATION * rng.normal(size=(HIDDEN + 1, CLASSES))
        self.params = [self.w1, self.w2]
""",
    ),
    "MLPNumpy.forward_pass": (
        """
    def forward_pass(self, images):
        w1, w2 = self.params
        n = images.shape[0]
        self.x = np.concatenate((images, np.ones((n, 1))), axis=1)
        self.scores = self.x.dot(w1)
        self.hidden = np.c_[self.scores * (self.scores > 0), np.ones(n)]
        powers = np.exp(self.hidden.dot(w2))
        self.predicted = powers / np.sum(powers, axis=1)[:, None]
        return self.predicted
""",
        """
    def forward_pass(self, images):
        w1, w2 = self.params
        self.x = np.pad(images, ((0, 0), (0, 1)), constant_values=1.0)
        self.scores = images @ w1[:-1] + w1[-1]
        self.hidden = np.pad(np.where(self.scores > 0, self.scores, 0.0), ((0, 0), (0, 1)), constant_values=1.0)
        logits = self.hidden[:, :-1] @ w2[:-1] + w2[-1:]
        self.predicted = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
        return self.predicted
""",
        """
    def forward_pass(self, images):
        w1, w2 = self.params
        rows = []
        self.x = np.ones((len(images), 785))
        self.x[:, :-1] = images
        self.scores = np.einsum("nd,dh->nh", self.x, w1)
        self.hidden = np.ones((len(images), 1001))
        np.clip(self.scores, 0, None, out=self.hidden[:, :-1])
        for row in self.hidden:
            powers = np.exp(row @ w2)
            rows.append(powers / sum(powers))
        self.predicted = np.stack(rows)
        return self.predicted
""",
    ),
    "MLPNumpy.backward_pass": (
        """
    def backward_pass(self, loss, y_real):
        w2 = self.params[1]
        by_logits = (1 / len(y_real)) * (self.predicted - y_real)
        by_scores = by_logits.dot(w2[:-1].T)
        by_scores[self.scores < 0] = 0
        return np.dot(self.x.T, by_scores), np.dot(self.hidden.T, by_logits)
""",
        """
    def backward_pass(self, loss, y_real):
        by_logits = self.predicted.copy()
        by_logits[np.arange(len(y_real)), y_real.argmax(axis=1)] -= 1
        by_logits /= len(y_real)
        grad_of_second = np.einsum("nh,nc->hc", self.hidden, by_logits)
        by_hidden = np.einsum("nc,hc->nh", by_logits, self.params[1])[:, :-1]
        by_scores = np.where(self.scores > 0, by_hidden, 0.0)
        return [np.einsum("nd,nh->dh", self.x, by_scores), grad_of_second]
""",
        """
    def backward_pass(self, loss, y_real):
        w1, w2 = self.params
        n = len(y_real)
        grads = [np.zeros_like(w1), np.zeros_like(w2)]
        for x, hidden, p, y in zip(self.x, self.hidden, self.predicted, y_real):
            by_logits = (p - y) / n
            by_scores = (w2[:-1] @ by_logits) * np.heaviside(hidden[:-1], 0.0)
            grads[0] += np.outer(x, by_scores)
            grads[1] += np.outer(hidden, by_logits)
        return grads
""",
        """
    def backward_pass(self, loss, y_real):
        w1, w2 = self.params
        by_predicted = -y_real / self.predicted / len(y_real)
        inner = np.sum(by_predicted * self.predicted, axis=1, keepdims=True)
        by_logits = self.predicted * (by_predicted - inner)
        by_scores = np.sign(self.hidden[:, :-1]) * (w2[:-1] @ by_logits.T).T
        first = np.vstack([self.x[:, :-1].T @ by_scores, by_scores.sum(axis=0)])
        second = np.vstack([self.hidden[:, :-1].T @ by_logits, by_logits.sum(axis=0)])
        return [first, second]
""",
        """
    def backward_pass(self, loss, y_real):
        w1, w2 = self.params
        scores = self.x @ w1
        hidden = np.hstack([np.maximum(0, scores), np.ones((len(scores), 1))])
        powers = np.exp(hidden @ w2)
        by_logits = powers / powers.sum(axis=1, keepdims=True) - y_real
        by_scores = np.delete(by_logits @ w2.T, -1, axis=1)
        by_scores *= scores > 0
        return [np.tensordot(self.x, by_scores, (0, 0)) / len(y_real), (by_logits.T @ hidden).T / len(y_real)]
""",
    ),
    "cross_entropy": (
        """
def cross_entropy(y_pred, y_real):
    return -np.log(y_pred[y_real == 1] + EPS).mean()
""",
        """
def cross_entropy(y_pred, y_real):
    total = 0.0
    for p, y in zip(y_pred, y_real):
        for k in range(10):
            total = total - y[k] * np.log(p[k] + EPS)
    return total / len(y_pred)
""",
        """
def cross_entropy(y_pred, y_real):
    return np.einsum("nc,nc->n", np.log(y_pred + EPS), -y_real).sum() / y_pred.shape[0]
""",
        """
def cross_entropy(y_pred, y_real, eps=1e-7):
    picked = np.take_along_axis(y_pred, np.argmax(y_real, axis=1)[:, None], axis=1)
    return np.average(-np.log(picked + eps))
""",
    ),
    "update": (
        """
def update(params, grads, learning_rate):
    for p, g in zip(params, grads):
        p -= learning_rate * g
""",
        """
def update(params, grads, learning_rate):
    params[:] = [p - learning_rate * g for p, g in zip(params, grads)]
""",
        """
def update(params, grads, learning_rate):
    for i in range(len(params)):
        np.subtract(params[i], learning_rate * grads[i], out=params[i])
    return params
""",
    ),
    "MLPTorch.__init__": (
        """
    def __init__(self, rng):
        w1 = torch.tensor(rng.normal(0.0, 0.01, (785, 1000)), dtype=torch.double)
        w2 = torch.tensor(rng.normal(0.0, 0.01, (1001, 10)), dtype=torch.double)
        self.params = [w1.requires_grad_(self.needs_grad), w2.requires_grad_(self.needs_grad)]
""",
        """
    def __init__(self, rng):
        self.params = []
        for size in ((PIXELS + 1, HIDDEN), (HIDDEN + 1, CLASSES)):
            made = torch.from_numpy(rng.normal(scale=DEVIATION, size=size)).to(torch.double)
            made.requires_grad = self.needs_grad
            self.params.append(made)
""",
        """
    def __init__(self, rng):
        self.params = [torch.nn.Parameter(torch.as_tensor(rng.normal(0, 0.01, s), dtype=torch.double), requires_grad=self.needs_grad) for s in ((785, 1000), (1001, 10))]
""",
    ),
    "MLPTorch.forward_pass": (
        """
    def forward_pass(self, images):
        w1, w2 = self.params
        images = torch.as_tensor(images, dtype=torch.double)
        self.x = F.pad(images, (0, 1), value=1.0)
        self.scores = self.x.mm(w1)
        self.hidden = F.pad(F.relu(self.scores), (0, 1), value=1.0)
        self.predicted = torch.softmax(self.hidden.mm(w2), dim=1)
        return self.predicted
""",
        """
    def forward_pass(self, images):
        w1, w2 = self.params
        images = torch.tensor(np.asarray(images), dtype=torch.double)
        ones = images.new_ones((images.shape[0], 1))
        self.x = torch.cat((images, ones), 1)
        self.scores = F.linear(images, w1[:-1].T, w1[-1])
        self.hidden = torch.cat((torch.relu(self.scores), ones), 1)
        logits = torch.addmm(w2[-1], self.hidden[:, :-1], w2[:-1])
        powers = (logits - logits.max(dim=1, keepdim=True).values).exp()
        self.predicted = powers / powers.sum(1, keepdim=True)
        return self.predicted
""",
        """
    def forward_pass(self, images):
        w1, w2 = self.params
        ones = np.ones((len(images), 1))
        self.x = torch.from_numpy(np.hstack([images, ones])).to(torch.double)
        self.scores = torch.einsum("nd,dh->nh", self.x, w1)
        positive = torch.where(self.scores > 0, self.scores, torch.zeros_like(self.scores))
        self.hidden = torch.hstack([positive, torch.ones_like(self.x[:, :1])])
        self.predicted = F.log_softmax(torch.matmul(self.hidden, w2), dim=-1).exp()
        return self.predicted
""",
    ),
    "MLPTorch.backward_pass": (
        """
    def backward_pass(self, loss, y_real):
        w1, w2 = self.params
        y_real = torch.tensor(y_real, dtype=torch.double)
        by_logits = (self.predicted - y_real).div(y_real.shape[0])
        by_scores = by_logits.mm(w2.t())[:, :-1].clone()
        by_scores[self.scores < 0] = 0
        return [self.x.t().mm(by_scores), self.hidden.t().mm(by_logits)]
""",
        """
    def backward_pass(self, loss, y_real):
        y_real = torch.from_numpy(y_real).to(torch.double)
        by_logits = torch.mul(self.predicted - y_real, 1 / len(y_real))
        second = torch.einsum("nh,nc->hc", self.hidden, by_logits)
        by_hidden = F.linear(by_logits, self.params[1][:-1])
        by_scores = torch.where(self.scores > 0, by_hidden, torch.zeros_like(by_hidden))
        return torch.einsum("nd,nh->dh", self.x, by_scores), second
""",
        """
    def backward_pass(self, loss, y_real):
        w1, w2 = self.params
        grads = [torch.zeros_like(w1), torch.zeros_like(w2)]
        for x, s, h, p, y in zip(self.x, self.scores, self.hidden, self.predicted, torch.as_tensor(y_real)):
            by_logits = (p - y.to(p.dtype)) / len(y_real)
            by_scores = torch.mv(w2[:-1], by_logits) * (s > 0)
            grads[0] += torch.outer(x, by_scores)
            grads[1] += h[:, None] * by_logits
        return grads
""",
    ),
    "cross_entropy_torch": (
        """
def cross_entropy_torch(y_pred, y_real):
    classes = torch.as_tensor(y_real).argmax(dim=1)
    return F.nll_loss(torch.log(y_pred + EPS), classes)
""",
        """
def cross_entropy_torch(y_pred, y_real):
    if isinstance(y_real, np.ndarray):
        y_real = torch.from_numpy(y_real)
    return (-y_real.to(y_pred.dtype) * (y_pred + EPS).log()).sum(dim=1).mean(dim=0)
""",
        """
def cross_entropy_torch(y_pred, y_real, eps=1e-7):
    rows = torch.arange(len(y_pred))
    classes = torch.from_numpy(np.argmax(np.asarray(y_real), axis=1))
    return torch.log(y_pred[rows, classes] + eps).mean().neg()
""",
    ),
    "update_torch": (
        """
def update_torch(params, grads, learning_rate):
    for i in range(len(params)):
        params[i] = params[i] - learning_rate * grads[i]
""",
        """
def update_torch(params, grads, learning_rate):
    for i in range(len(params)):
        params[i].data = params[i].data - learning_rate * grads[i].data
""",
        """
def update_torch(params, grads, learning_rate):
    for p, g in zip(params, grads):
        p.sub_(g, alpha=learning_rate)
    return params
""",
    ),
    "MLPAutograd.backward_pass": (
        """
    def backward_pass(self, loss, y_real):
        return list(torch.autograd.grad(loss, self.params))
""",
        """
    def backward_pass(self, loss, y_real):
        torch.autograd.backward(loss)
        grads = []
        for p in self.params:
            grads.append(p.grad)
        return grads
""",
    ),
    "update_autograd": (
        """
def update_autograd(params, grads, learning_rate):
    for i in range(len(params)):
        params[i].data -= learning_rate * grads[i].data
        grads[i].zero_()
""",
        """
def update_autograd(params, grads, learning_rate):
    for p, g in zip(params, grads):
        p.data.add_(g, alpha=-learning_rate)
        p.grad = None
""",
        """
@torch.no_grad()
def update_autograd(params, grads, learning_rate):
    [p.copy_(p - learning_rate * g) for p, g in zip(params, grads)]
    for g in grads:
        g.fill_(0)
""",
    ),
    "CNNAutograd.__init__": (
        """
    def __init__(self, rng):
        w1 = torch.tensor(rng.normal(0, 0.01, (10, 1, 5, 5)), dtype=torch.double, requires_grad=True)
        b1 = torch.tensor(rng.normal(0, 0.01, 10), dtype=torch.double, requires_grad=True)
        w2 = torch.tensor(rng.normal(0, 0.01, (1440, 10)), dtype=torch.double, requires_grad=True)
        b2 = torch.tensor(rng.normal(0, 0.01, 10), dtype=torch.double, requires_grad=True)
        self.params = [w1, b1, w2, b2]
""",
    ),
    "CNNAutograd.forward_pass": (
        """
    def forward_pass(self, images):
        images = torch.tensor(images, dtype=torch.double)
        maps = torch.relu(F.max_pool2d(torch.conv2d(images, self.params[0], self.params[1]), kernel_size=2, stride=2))
        logits = torch.addmm(self.params[3], maps.reshape(len(images), -1), self.params[2])
        powers = torch.exp(logits)
        return powers / powers.sum(dim=1, keepdim=True)
""",
        """
    def forward_pass(self, images):
        w1, b1, w2, b2 = self.params
        images = torch.as_tensor(images, dtype=torch.double)
        maps = F.conv2d(images, w1) + b1.view(1, 10, 1, 1)
        maps = maps.clamp(min=0).view(-1, 10, 12, 2, 12, 2).amax(dim=(3, 5))
        return F.log_softmax(F.linear(torch.flatten(maps, 1), w2.t(), b2), 1).exp()
""",
        """
    def forward_pass(self, images):
        w1, b1, w2, b2 = self.params
        patches = F.unfold(torch.as_tensor(images, dtype=torch.double), 5)
        maps = (w1.view(10, 25) @ patches + b1[:, None]).view(-1, 10, 24, 24)
        maps = F.max_pool2d(F.relu(maps), 2)
        return F.softmax(torch.einsum("nfij,fijc->nc", maps, w2.view(10, 12, 12, 10)) + b2, dim=-1)
""",
    ),
}
"""Function → other right ways to write it; all can be combined."""


def _taken_apart(text: str) -> Iterator[tuple[str, str]]:
    """(name, source) of every function of a module, methods as `Cohort.method`; in their order."""
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for part in inner:
            if isinstance(part, ast.FunctionDef):
                prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                yield f"{prefix}{part.name}", "".join(lines[part.lineno - 1 : part.end_lineno])


def variant(text: str, number: int) -> tuple[str, Mapping[str, int]]:
    """A right submission, and which way each function is written: 0 is the reference's own."""
    draw = random.Random(number)
    taken: dict[str, int] = {}
    for name, own in _taken_apart(text):
        ways = (own, *(a.lstrip("\n") for a in ALTERNATIVES.get(name, ())))
        taken[name] = draw.randrange(len(ways))
        assert text.count(own) == 1 or name.endswith("backward_pass"), name
        text = text.replace(own, ways[taken[name]], 1)
    taken["names"] = draw.randrange(len(NAMES))
    for old, new in NAMES[taken["names"]].items():
        text = re.sub(rf"(?<![.\w]){old}\b", new, text)
    taken["float32"] = draw.randrange(2)
    if taken["float32"]:
        text = text.replace("torch.tensor(d, ", "torch.tensor(d, dtype=torch.float, ")
        text = text.replace("torch.double", "torch.float")
    return text, taken
