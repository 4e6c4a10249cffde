"""Networks that compute the same are the same however they are written; others are not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from grader import data
from grader.assignment import probe
from kit.measuring import measured, questions, verdicts

SECONDS = 2.0
"""CPU time in which all of one network is measured and judged."""
HEAD = "import math\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
FOUR = "self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))"
FUSED = "self.qkv = nn.Linear(d, 3 * d); self.o = nn.Linear(d, d)"
SPLIT = "s = lambda t: t.view(B, T, h, e).transpose(1, 2)\n"
MIX = (
    "y = F.scaled_dot_product_attention(q, k, v)\nreturn self.o(y.transpose(1, 2).reshape(B, T, d))"
)


def write_class(declared: str, forward: str) -> str:
    """A file with attention of these lines; `d`, `h`, `e`, `B` and `T` are its sizes."""
    init = ["def __init__(self, d, h):", "    super().__init__()", "    self.h, e = h, d // h"]
    run = ["def forward(self, x):", "    (B, T, d), h = x.shape, self.h", "    e = d // h"]
    for lines, text in ((init, declared), (run, forward)):
        lines += [f"    {line}" for line in text.strip().splitlines()]
    body = "\n".join(f"    {line}" for line in init + run)
    return f"{HEAD}class Attention(nn.Module):\n{body}\n"


def write_four(
    scores: str = "q @ k.mT / math.sqrt(e)",
    weigh: str = ".softmax(-1)",
    mix: str = "(a @ v).transpose(1, 2).reshape(B, T, d)",
    answer: str = "self.o(y)",
    declared: str = FOUR,
    split: str = SPLIT,
) -> str:
    """The ordinary attention, one of whose steps may be another."""
    steps = f"q, k, v = s(self.q(x)), s(self.k(x)), s(self.v(x))\na = ({scores}){weigh}"
    return write_class(declared, f"{split}{steps}\ny = {mix}\nreturn {answer}")


def write_raw(*, shape: str, product: str) -> str:
    """Attention whose queries, keys and values are products with parameters of its own."""
    bias = "nn.Parameter(torch.zeros(h, 1, e))"
    declared = "\n".join(
        f"self.w{n} = nn.Parameter(torch.randn({shape})); self.b{n} = {bias}" for n in "qkv"
    )
    parts = "\n".join(f"{n} = {product.replace('W', f'self.w{n}')} + self.b{n}" for n in "qkv")
    return write_class(f"{declared}\nself.o = nn.Linear(d, d)", f"{parts}\n{MIX}")


def write_heads(layers: str, each: str, joined: str) -> str:
    """One head after the other."""
    loop = "\n".join(f"    {line}" for line in each.splitlines())
    made = f"self.heads = nn.ModuleList([{layers} for _ in range(h)]); self.o = nn.Linear(d, d)"
    attend = "    out.append((q @ k.mT / math.sqrt(e)).softmax(-1) @ v)"
    return write_class(made, f"out = []\nfor one in self.heads:\n{loop}\n{attend}\n{joined}")


TORCHS = "self.m = nn.MultiheadAttention(d, h{})"
TURNED = "t = x.transpose(0, 1)\n"
FUNCTION = (
    "y, _ = F.multi_head_attention_forward(t, t, t, d, h, {}, None, None, False, 0.0, "
    "self.o.weight, self.o.bias{})\nreturn y.transpose(0, 1)"
)
BIASES = "torch.cat([self.q.bias, self.k.bias, self.v.bias])"
APART = ", use_separate_proj_weight=True" + "".join(
    f", {n}_proj_weight=self.{n}.weight" for n in "qkv"
)
CAT, STACKED = "return self.o(torch.cat(out, -1))", "return self.o(torch.stack(out, -1).flatten(2))"
STRIDED = "s = lambda t: t.view(B, T, e, h).permute(0, 3, 1, 2)\n"

RIGHT = {
    "as_ours": write_four(),
    **{
        f"fused_{order}": write_class(
            FUSED, f"{SPLIT}{', '.join(order)} = map(s, self.qkv(x).chunk(3, -1))\n{MIX}"
        )
        for order in ("qkv", "qvk", "kqv", "kvq", "vqk", "vkq")
    },
    "fused_unbind": write_class(
        FUSED, f"q, k, v = self.qkv(x).view(B, T, 3, h, e).permute(2, 0, 3, 1, 4).unbind(0)\n{MIX}"
    ),
    "fused_by_head": write_class(
        FUSED, f"q, k, v = self.qkv(x).view(B, T, h, 3 * e).transpose(1, 2).chunk(3, -1)\n{MIX}"
    ),
    "fused_innermost": write_class(
        FUSED, f"q, k, v = self.qkv(x).view(B, T, h, e, 3).permute(4, 0, 2, 1, 3)\n{MIX}"
    ),
    "keys_with_values": write_class(
        "self.q = nn.Linear(d, d); self.kv = nn.Linear(d, 2 * d); self.o = nn.Linear(d, d)",
        f"{SPLIT}q = s(self.q(x))\nk, v = map(s, self.kv(x).chunk(2, -1))\n{MIX}",
    ),
    "heads_in_a_list": write_heads(
        "nn.ModuleList([nn.Linear(d, e) for _ in range(3)])", "q, k, v = (l(x) for l in one)", CAT
    ),
    "heads_fused": write_heads("nn.Linear(d, 3 * e)", "k, q, v = one(x).chunk(3, -1)", CAT),
    "heads_stacked": write_heads("nn.Linear(d, 3 * e)", "q, k, v = one(x).chunk(3, -1)", STACKED),
    "heads_strided": write_four(split=STRIDED),
    "heads_into_the_batch": write_four(
        split="s = lambda t: t.view(B, T, h, e).transpose(1, 2).reshape(B * h, T, e)\n",
        scores="torch.bmm(q, k.transpose(1, 2)) / math.sqrt(e)",
        mix="torch.bmm(a, v).view(B, h, T, e).transpose(1, 2).reshape(B, T, d)",
    ),
    "heads_before_the_batch": write_four(
        split="s = lambda t: torch.cat(t.split(e, 2), 0)\n", mix="torch.cat((a @ v).split(B, 0), 2)"
    ),
    "heads_last": write_four(
        split="s = lambda t: t.view(B, T, h, e)\n",
        scores="torch.einsum('nqhd,nkhd->nqkh', q, k) / e ** 0.5",
        weigh=".softmax(2)",
        mix="torch.einsum('nqkh,nkhd->nqhd', a, v).flatten(2)",
    ),
    "products_by_head": write_raw(shape="h, d, e", product="x.unsqueeze(1) @ W"),
    "einsum": write_raw(shape="d, h, e", product="torch.einsum('btd,dhe->bhte', x, W)"),
    "einsum_turned": write_raw(shape="h, e, d", product="torch.einsum('zln,hmn->zhlm', x, W)"),
    "list_of_parameters": write_class(
        "self.w = nn.ParameterList([nn.Parameter(torch.randn(d, d)) for _ in range(4)])\n"
        "self.b = nn.ParameterList([nn.Parameter(torch.zeros(d)) for _ in range(4)])",
        f"{SPLIT}q, k, v = (s(x @ self.w[i].T + self.b[i]) for i in range(3))\n"
        "y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, d)\n"
        "return F.linear(y, self.w[3], self.b[3])",
    ),
    "torchs": write_class(TORCHS.format(", batch_first=True"), "return self.m(x, x, x)[0]"),
    "torchs_without_weights": write_class(
        TORCHS.format(", batch_first=True"), "return self.m(x, x, x, need_weights=False)[0]"
    ),
    "torchs_steps_first": write_class(
        TORCHS.format(""), f"{TURNED}return self.m(t, t, t)[0].transpose(0, 1)"
    ),
    "torchs_function": write_class(
        "self.w = nn.Parameter(torch.randn(3 * d, d)); self.b = nn.Parameter(torch.zeros(3 * d))\n"
        "self.o = nn.Linear(d, d)",
        TURNED + FUNCTION.format("self.w, self.b", ""),
    ),
    "torchs_function_apart": write_class(FOUR, TURNED + FUNCTION.format(f"None, {BIASES}", APART)),
    "scale_of_queries": write_four("(q / math.sqrt(e)) @ k.mT"),
    "scale_of_both": write_four("(q * e ** -0.25) @ (k * e ** -0.25).mT"),
    "softmax_in_float32": write_four(weigh=".float().softmax(-1).type_as(q)"),
    "softmax_to_float32": write_four(weigh=".softmax(-1, dtype=torch.float32).to(v.dtype)"),
    "scale_given": write_class(
        FOUR,
        f"{SPLIT}y = F.scaled_dot_product_attention(s(self.q(x)) * e ** -0.5, s(self.k(x)), "
        "s(self.v(x)), scale=1.0)\nreturn self.o(y.transpose(1, 2).reshape(B, T, d))",
    ),
    "softmax_turned": write_four("k @ q.mT / math.sqrt(e)", ".softmax(-2).mT"),
    "softmax_by_hand": write_four(
        weigh=".exp()", mix="(a / a.sum(-1, keepdim=True) @ v).transpose(1, 2).reshape(B, T, d)"
    ),
    "bias_apart": write_class(
        f"{FOUR}\nself.q = nn.Linear(d, d, bias=False); self.c = nn.Parameter(torch.zeros(d))",
        f"{SPLIT}q, k, v = s(self.q(x) + self.c), s(self.k(x)), s(self.v(x))\n{MIX}",
    ),
    "convolutions": write_class(
        "self.qkv = nn.Conv1d(d, 3 * d, 1); self.o = nn.Conv1d(d, d, 1)",
        "q, k, v = self.qkv(x.transpose(1, 2)).view(B, 3, h, e, T).mT.unbind(1)\n"
        "y = F.scaled_dot_product_attention(q, k, v)\n"
        "return self.o(y.mT.reshape(B, d, T)).transpose(1, 2)",
    ),
    "output_of_each_head": write_heads(
        "nn.ModuleList([nn.Linear(d, e) for _ in range(3)])",
        "q, k, v = (l(x) for l in one)",
        "w = self.o.weight.split(self.o.in_features // h, 1)\n"
        "return sum(F.linear(y, u) for y, u in zip(out, w)) + self.o.bias",
    ),
    "output_of_each_fused_head": write_class(
        "self.qkv = nn.Linear(d, 3 * d); self.b = nn.Parameter(torch.zeros(d))\n"
        "self.o = nn.ModuleList([nn.Linear(e, d, bias=False) for _ in range(h)])",
        "q, k, v = self.qkv(x).view(B, T, 3, h, e).permute(2, 0, 3, 1, 4)\n"
        "y = F.scaled_dot_product_attention(q, k, v)\n"
        "return sum(o(y[:, i]) for i, o in enumerate(self.o)) + self.b",
    ),
    "output_of_all_heads": write_four(
        mix="(a @ v)",
        answer="torch.einsum('bhte,hec->bthc', y, self.o.weight.T.view(h, e, d)).sum(2) + self.o.bias",
    ),
    "broadcast": write_four(
        split="s = lambda t: t.view(B, T, h, e)\n",
        scores="(q[:, :, None] * k[:, None]).sum(-1) / e ** 0.5",
        weigh=".softmax(2)",
        mix="(a[..., None] * v[:, None]).sum(2).reshape(B, T, d)",
    ),
    "one_query_at_a_time": write_class(
        FOUR,
        "q, k, v = (f(x).view(B, T, h, e) for f in (self.q, self.k, self.v))\nout = []\n"
        "for t in range(T):\n"
        "    a = ((q[:, t:t + 1] * k).sum(-1) / math.sqrt(e)).softmax(1)\n"
        "    out.append((a.unsqueeze(-1) * v).sum(1).flatten(1))\n"
        "return self.o(torch.stack(out, 1))",
    ),
    "one_sample_at_a_time": write_class(
        FOUR,
        "rows = []\nfor one in x:\n"
        "    q, k, v = (f(one).view(T, h, e) for f in (self.q, self.k, self.v))\n"
        "    y = [(q[:, i] @ k[:, i].T / e ** 0.5).softmax(-1) @ v[:, i] for i in range(h)]\n"
        "    rows.append(self.o(torch.cat(y, 1)))\nreturn torch.stack(rows)",
    ),
    "slices": write_class(
        FOUR,
        "q, k, v = self.q(x), self.k(x), self.v(x)\nout = torch.zeros_like(x)\nfor i in range(h):\n"
        "    j = slice(i * e, (i + 1) * e)\n"
        "    a = (q[..., j] @ k[..., j].mT / math.sqrt(e)).softmax(-1)\n"
        "    out[..., j] = a @ v[..., j]\nreturn self.o(out)",
    ),
}
"""Ways to write the same attention."""

MASKED = ".masked_fill({}, float('-inf')).softmax(-1)"
WRONG = {
    "no_scale": write_four("q @ k.mT"),
    "scale_by_width": write_four("q @ k.mT / math.sqrt(d)"),
    "scale_without_root": write_four("q @ k.mT / e"),
    "scale_afterwards": write_four("q @ k.mT", ".softmax(-1) / math.sqrt(e)"),
    "scale_a_little_off": write_four("q @ k.mT / math.sqrt(e + 0.001)"),
    "softmax_over_queries": write_four(weigh=".softmax(-2)"),
    "softmax_over_heads": write_four(weigh=".softmax(1)"),
    "softmax_over_samples": write_four(weigh=".softmax(0)"),
    "no_softmax": write_four(weigh=""),
    "causal": write_four(weigh=MASKED.format("torch.ones(T, T).triu(1).bool()")),
    "itself_masked": write_four(weigh=MASKED.format("torch.eye(T).bool()")),
    "dropout_in_eval": write_four(mix="F.dropout(a @ v, 0.1).transpose(1, 2).flatten(2)"),
    "view_without_turn": write_four(split="s = lambda t: t.view(B, h, T, e)\n"),
    "heads_not_turned_back": write_four(mix="(a @ v).reshape(B, T, d)"),
    "one_head": write_four("q @ k.mT / math.sqrt(d)", mix="a @ v", split="s = lambda t: t\n"),
    "two_heads": write_class(
        "self.m = nn.MultiheadAttention(d, 2, batch_first=True)", "return self.m(x, x, x)[0]"
    ),
    "broadcast_over_queries": write_four(
        split="s = lambda t: t.view(B, T, h, e)\n",
        scores="(q[:, :, None] * k[:, None]).sum(-1) / e ** 0.5",
        weigh=".softmax(1)",
        mix="(a[..., None] * v[:, None]).sum(2).reshape(B, T, d)",
    ),
    "heads_in_one_output": write_class(
        "self.qkv = nn.Linear(d, 3 * d); self.b = nn.Parameter(torch.zeros(d))\n"
        "self.o = nn.ModuleList([nn.Linear(e, d, bias=False) for _ in range(h)])",
        "q, k, v = self.qkv(x).view(B, T, 3, h, e).permute(2, 0, 3, 1, 4)\n"
        "y = F.scaled_dot_product_attention(q, k, v)\n"
        "return sum(o(y[:, 0]) for i, o in enumerate(self.o)) + self.b",
    ),
    "heads_averaged": write_four(mix="(a @ v).mean(1).repeat(1, 1, h)"),
    "keys_mixed": write_four(mix="(a @ k).transpose(1, 2).reshape(B, T, d)"),
    "queries_as_keys": write_four("q @ q.mT / math.sqrt(e)"),
    "no_output": write_four(answer="y"),
    "output_cancelled": write_four(answer="y + 0 * self.o(y)"),
    "output_in_relu": write_four(answer="F.relu(self.o(y))"),
    "with_residual": write_four(answer="x + self.o(y)"),
    "no_bias_of_keys": write_four(declared=f"{FOUR}\nself.k = nn.Linear(d, d, bias=False)"),
    "no_biases": write_class(
        TORCHS.format(", bias=False, batch_first=True"), "return self.m(x, x, x)[0]"
    ),
    "torchs_not_turned": write_class(TORCHS.format(""), "return self.m(x, x, x)[0]"),
    "torchs_with_zero": write_class(
        TORCHS.format(", add_zero_attn=True, batch_first=True"), "return self.m(x, x, x)[0]"
    ),
    "fused_wrongly_split": write_class(
        FUSED, f"q, k, v = self.qkv(x).view(B, h, T, 3 * e).chunk(3, -1)\n{MIX}"
    ),
    "fused_keys_twice": write_class(
        FUSED, f"{SPLIT}q, k, v = map(s, self.qkv(x).chunk(3, -1))\nq = k\n{MIX}"
    ),
}
"""Attention that answers otherwise, or has other parameters."""

SAID = {
    "no_scale": "your network applies softmax there, ours div and softmax",
    "no_softmax": "your network applies div there, ours div and softmax",
    "with_residual": "your network applies add there, ours nothing",
    "softmax_over_queries": "The values part after `q`",
}
"""What is said of some of them."""


@pytest.fixture(scope="module")
def attention() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The questions about attention, and the reference's answers, on one thread as in a box."""
    net = probe.module("Attention", 24, 4, output="raw")
    asked = questions(net, data.normal(3, 7, 24), data.normal(3, 7, 24))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield asked, measured(RIGHT["as_ours"], asked)
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", RIGHT)
def test_every_way_to_write_attention_is_right(name: str, attention: Any) -> None:
    asked, reference = attention
    before = time.process_time()
    found = verdicts(RIGHT[name], reference, asked)
    used = time.process_time() - before
    assert {k: v.fraction for k, v in found.items()} == dict.fromkeys(found, 1.0)
    assert used < SECONDS


@pytest.mark.parametrize("name", WRONG)
def test_other_attention_loses(name: str, attention: Any) -> None:
    """And no sentence blames the weights of a layer, whose layer is right."""
    asked, reference = attention
    before = time.process_time()
    found = verdicts(WRONG[name], reference, asked)
    used = time.process_time() - before
    assert found["gradients"].fraction == 0
    assert min(found["outputs"].fraction, found["parameters"].fraction) == 0
    assert "weights are used otherwise" not in found["outputs"].feedback
    assert SAID.get(name, "") in found["outputs"].feedback
    assert used < SECONDS
