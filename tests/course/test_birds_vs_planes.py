"""The assignment birds_vs_planes: what its mistakes are told, and what honest code may look like."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
import pytest
import torch

from grader.grading.cohort import Cohort
from grader.records.result import Graded
from kit.graded import check, mistaken, said
from kit.graded import graded as judged
from kit.places import ROOT

SLUG = "birds_vs_planes"
FOLDER = ROOT / "assignments" / SLUG
REFERENCE = ROOT / "reference" / SLUG
RIGHT = (REFERENCE / "birds.py").read_text(encoding="utf-8")
WEIGHTS = (REFERENCE / "birds.pt").read_bytes()


def graded(group: Cohort, folder: Path) -> Graded:
    """What the files of a folder get, beside our weights or those there are."""
    if not (folder / "birds.pt").exists():
        (folder / "birds.pt").write_bytes(WEIGHTS)
    return judged(group, folder)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with others in place of these, each of which has to be there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


# ---------------------------------------------------------------------- mistakes

SAID = {
    "one_number": ("channel_statistics", "Your means are one number for all channels together"),
    "variance": ("channel_statistics", "Your deviations are variances; take the square root"),
    "average_of_deviations": ("channel_statistics", "averages of each image's own deviation"),
    "no_tanh": ("shallow_net", "your network applies nothing there, ours tanh"),
    "too_wide": ("deep_net", "has output (N, 256), expected is (N, 128)"),
    "relu": ("conv_values", "your network applies relu there, ours tanh"),
    "softmax": ("conv_values", "it applies softmax to the right scores at its end"),
    "average_pooling": (
        "conv_layers",
        "(avg_pool2d) in birds.py, line 42, stands where max_pool2d",
    ),
    "wider_hidden": ("conv_parameters", "34,570 trainable parameters, expected are 18,090"),
    "detached": ("conv_training", "After the first step of gradient descent"),
    "ignored_width": ("width", "18,090 trainable parameters, expected are 38,386"),
    "no_biases": ("l1_penalty", "Yours leaves out the biases"),
    "last_parameter": ("l1_penalty", "Yours counts the last parameter only"),
    "norm": ("l2_penalty", "Yours is the square root of the sum"),
    "penalty_without_gradient": ("l2_penalty", "but no gradient goes through it"),
    "dropout_stays_on": ("dropout_eval", "dropout that stays on in eval mode"),
    "dropout_too_early": ("dropout_train", "dropout acts elsewhere"),
    "dropout_of_images": ("dropout_train", "all units of an image at once"),
    "share_to_keep": ("dropout_train", "expected are 40%"),
    "no_dropout": ("dropout_train", "no dropout acts on it"),
    "norm_after_tanh": ("batch_norm_eval", "your network applies tanh there, ours nothing"),
    "norm_always_by_batch": ("batch_norm_eval", "keeps no running statistics"),
    "norm_never_by_batch": ("batch_norm_train", "After the first step of gradient descent"),
    "added_late": ("residual_block", "your network applies relu and add there, ours add and relu"),
    "no_short_cut": ("residual_block", "your network applies relu there, ours add and relu"),
    "parameters_only": ("save_and_load", "`features.1.running_mean` is not what was saved"),
    "whole_network": ("save_and_load", "a whole pickled network"),
    "loaded_for_training": ("save_and_load", "is in train mode"),
    "untrained": ("accuracy", "50.00% of 100 test images"),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_named(group: Cohort, tmp_path: Path, name: str) -> None:
    """The sentence says what was done, not only that numbers differ."""
    which, text = SAID[name]
    found = mistaken(group, name)
    lost = check(found, which)
    assert lost.outcome != "passed"
    assert text in lost.feedback + lost.hint, lost.feedback
    assert not found.needs_review


PARTIAL = {  # what the brief announces
    "relu": {"conv_layers": 8, "conv_parameters": 4, "conv_values": 0, "conv_training": 0},
    "softmax": {"conv_layers": 8, "conv_parameters": 4, "conv_values": 0, "conv_training": 0},
    "average_pooling": {"conv_layers": 8 * 4 / 6, "conv_parameters": 4, "conv_values": 0},
    "no_tanh": {"shallow_net": 5 * 2 / 3},
    "no_short_cut": {"residual_block": 4},
    "dropout_stays_on": {"dropout_eval": 2, "dropout_train": 0},
    "penalty_without_gradient": {"l1_penalty": 3, "l2_penalty": 3},
    "variance": {"channel_statistics": 4},
    "parameters_only": {"save_and_load": 3},
    "whole_network": {"save_and_load": 3},
}


@pytest.mark.proof
@pytest.mark.parametrize("name", PARTIAL)
def test_partial_credit_is_that_of_the_brief(group: Cohort, tmp_path: Path, name: str) -> None:
    """Different from the brief, but not nothing."""
    found = mistaken(group, name)
    for which, points in PARTIAL[name].items():
        assert check(found, which).earned == pytest.approx(points, abs=1e-3), which


# ---------------------------------------------------------------------- equally right

CONV = RIGHT[RIGHT.index("class ConvNet") : RIGHT.index("class DropoutNet")]
DROPOUT = RIGHT[RIGHT.index("class DropoutNet") : RIGHT.index("class BatchNormNet")]
NORM = RIGHT[RIGHT.index("class BatchNormNet") : RIGHT.index("class ResidualBlock")]
BLOCK = RIGHT[RIGHT.index("class ResidualBlock") : RIGHT.index("def l1_penalty")]
STATISTICS = "    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3))\n"
L1 = "    return sum(parameter.abs().sum() for parameter in network.parameters())\n"
L2 = "    return sum(parameter.square().sum() for parameter in network.parameters())\n"
FILES = RIGHT[RIGHT.index("    torch.save(") :]

SEQUENTIAL = """\
def layers(width, norm, drop):
    half = width // 2
    first = [nn.Conv2d(3, width, 3, 1, 1)] + ([nn.BatchNorm2d(width)] if norm else [])
    second = [nn.Conv2d(width, half, 3, 1, 1)] + ([nn.BatchNorm2d(half)] if norm else [])
    last = [nn.Linear(half * 64, 32), nn.Tanh()] + ([nn.Dropout(0.4)] if drop else [])
    pooled = [nn.Tanh(), nn.MaxPool2d(2, 2)]
    return [*first, *pooled, *second, nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), *last, nn.Linear(32, 2)]


def ConvNet(width=16):
    return nn.Sequential(*layers(width, False, False))


def DropoutNet():
    return nn.Sequential(*layers(16, False, True))


class BatchNormNet(nn.Sequential):
    def __init__(self):
        super().__init__(*layers(16, True, False))


"""
FUNCTIONAL = '''\
import torch.nn.functional as F


class ConvNet(nn.Module):
    """Declared from the output back, pooled before tanh, log-probabilities."""

    norm, p = False, 0.0

    def __init__(self, width=16):
        super().__init__()
        self.out = nn.Linear(32, 2)
        self.fc = nn.Linear(32 * width, 32)
        if self.norm:
            self.n2, self.n1 = nn.BatchNorm2d(width // 2), nn.BatchNorm2d(width)
        self.c2 = nn.Conv2d(width, width // 2, 3, padding=1)
        self.c1 = nn.Conv2d(3, width, 3, padding=1)

    def forward(self, x):
        x = self.c1(x)
        x = torch.tanh(F.max_pool2d(self.n1(x) if self.norm else x, 2))
        x = self.c2(x)
        x = F.max_pool2d(torch.tanh(self.n2(x) if self.norm else x), 2)
        x = torch.tanh(self.fc(x.reshape(len(x), -1)))
        if self.p:
            x = F.dropout(x, self.p, training=self.training)
        return F.log_softmax(self.out(x), dim=-1)


class DropoutNet(ConvNet):
    p = 0.4


class BatchNormNet(ConvNet):
    norm = True


'''
PRODUCTS = '''\
class ConvNet(nn.Module):
    """Matrices of its own, and filters in a list."""

    def __init__(self, width=16):
        super().__init__()
        half = width // 2
        self.filters = nn.ParameterList(
            [nn.Parameter(torch.randn(width, 3, 3, 3) / 5), nn.Parameter(torch.randn(half, width, 3, 3) / 12)]
        )
        self.shifts = nn.ParameterList([nn.Parameter(torch.zeros(n)) for n in (width, half, 32, 2)])
        self.w1 = nn.Parameter(torch.randn(half * 64, 32) / 25)
        self.w2 = nn.Parameter(torch.randn(32, 2) / 6)

    def features(self, x):
        for f, b in zip(self.filters, self.shifts):
            x = nn.functional.conv2d(x, f, b, padding=1).tanh()
            x = nn.functional.max_pool2d(x, 2)
        return x.flatten(1)

    def hidden(self, x):
        return torch.tanh(x @ self.w1 + self.shifts[2])

    def forward(self, x):
        return self.hidden(self.features(x)) @ self.w2 + self.shifts[3]


class DropoutNet(ConvNet):
    def hidden(self, x):
        x = super().hidden(x)
        if self.training:
            x = x * (torch.rand_like(x) >= 0.4) / 0.6
        return x


'''
OWN_NORM = '''\
class BatchNormNet(ConvNet):
    """Batch normalisation by the function, with scales and statistics of its own."""

    def __init__(self):
        super().__init__()
        for i, n in ((1, 16), (2, 8)):
            setattr(self, f"scale{i}", nn.Parameter(torch.ones(n)))
            setattr(self, f"shift{i}", nn.Parameter(torch.zeros(n)))
            self.register_buffer(f"mean{i}", torch.zeros(n))
            self.register_buffer(f"variance{i}", torch.ones(n))

    def normed(self, i, x):
        kept = getattr(self, f"mean{i}"), getattr(self, f"variance{i}")
        learned = getattr(self, f"scale{i}"), getattr(self, f"shift{i}")
        return nn.functional.batch_norm(x, *kept, *learned, self.training)

    def forward(self, images):
        first, tanh, pool, second, *_ = self.features
        x = pool(tanh(self.normed(1, first(images))))
        x = pool(tanh(self.normed(2, second(x))))
        return self.scores(self.hidden(x.flatten(1)))


'''
PATH = """\
class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        conv = lambda: nn.Conv2d(channels, channels, 3, 1, 1)
        self.path = nn.Sequential(conv(), nn.ReLU(inplace=True), conv())
        self.skip = nn.Identity()

    def forward(self, x):
        out = self.path(x)
        out += self.skip(x)
        return nn.functional.relu(out)


"""
CHECKPOINT = """\
    torch.save({"epoch": 3, "model_state_dict": network.state_dict()}, path)


def load(path):
    network = BatchNormNet()
    network.load_state_dict(torch.load(path)["model_state_dict"])
    network.eval()
    return network
"""

HONEST = {
    "sequential": ((CONV + DROPOUT + NORM, SEQUENTIAL),),
    "functional": ((CONV + DROPOUT + NORM, FUNCTIONAL),),
    "products": ((CONV + DROPOUT, PRODUCTS), (NORM, SEQUENTIAL.partition("def ConvNet")[0] + SEQUENTIAL[SEQUENTIAL.index("class BatchNormNet") :])),
    "own_norm": ((NORM, OWN_NORM),),
    "path": ((BLOCK, PATH),),
    "checkpoint": ((FILES, CHECKPOINT),),
    "numpy": ((STATISTICS, "    rows = images.numpy().transpose(1, 0, 2, 3).reshape(3, -1)\n    return [rows.mean(1), rows.std(1)]\n"),),
    "stacked": ((STATISTICS, "    rows = torch.stack(list(images), dim=3).view(3, -1)\n    return torch.stack([rows.mean(dim=1), rows.std(dim=1)])\n"),),
    "kept_axes": ((STATISTICS, "    axes = (0, 2, 3)\n    return images.mean(axes, keepdim=True), images.var(axes, keepdim=True).sqrt()\n"),),
    "loops": (
        (L1, "    total = torch.zeros(1)\n    for p in network.parameters():\n        total = total + torch.norm(p, 1)\n    return total\n"),
        (L2, "    total = 0.0\n    for _, p in network.named_parameters():\n        total += p.pow(2.0).sum()\n    return total\n"),
    ),
    "vector": (
        (L1, "    return nn.utils.parameters_to_vector(network.parameters()).abs().sum()\n"),
        (L2, "    return torch.cat([p.flatten() for p in network.parameters()]).norm() ** 2\n"),
    ),
}  # fmt: skip


def refilled(text: str) -> bytes:
    """The reference's weights for another way to write `ConvNet`; its sizes are all different."""
    space: dict[str, object] = {"__name__": "birds"}
    exec(text, space)
    make = space["ConvNet"]
    assert callable(make)
    own = make().state_dict()
    ours = torch.load(io.BytesIO(WEIGHTS), weights_only=True)
    by_size = {tuple(sorted(v.shape)): v for v in ours.values()}
    for key, value in own.items():
        found = by_size[tuple(sorted(value.shape))]
        value.copy_(found if found.shape == value.shape else found.T)
        own[key] = value
    return stored(own)


def stored(state: Mapping[str, object]) -> bytes:
    """A file of weights."""
    file = io.BytesIO()
    torch.save(dict(state), file)
    return file.getvalue()


@pytest.mark.proof
@pytest.mark.parametrize("name", HONEST)
def test_honest_variants_get_full_marks(group: Cohort, tmp_path: Path, name: str) -> None:
    """Another way to write the same is no fault."""
    text = replaced(RIGHT, *HONEST[name])
    (tmp_path / "birds.py").write_text(text, encoding="utf-8")
    (tmp_path / "birds.pt").write_bytes(refilled(text))
    found = graded(group, tmp_path)
    assert found.score == found.max_score, said(found)
    assert not found.needs_review


WRAPPED: dict[str, Callable[[Mapping[str, torch.Tensor]], Mapping[str, object]]] = {
    "checkpoint": lambda s: {"epoch": 20, "loss": 0.2, "model_state_dict": s},
    "module": lambda s: {f"module.{k}": v for k, v in s.items()},
    "_orig_mod": lambda s: {"state_dict": {f"_orig_mod.{k}": v for k, v in s.items()}},
    "float16": lambda s: {k: v.half() for k, v in s.items()},
}


@pytest.mark.proof
@pytest.mark.parametrize("name", WRAPPED)
def test_weights_may_be_wrapped(group: Cohort, tmp_path: Path, name: str) -> None:
    """A checkpoint, the prefixes of DataParallel and torch.compile, or half the precision."""
    state = torch.load(io.BytesIO(WEIGHTS), weights_only=True)
    (tmp_path / "birds.py").write_text(RIGHT, encoding="utf-8")
    (tmp_path / "birds.pt").write_bytes(stored(WRAPPED[name](state)))
    assert check(graded(group, tmp_path), "accuracy").earned == 12


# ---------------------------------------------------------------------- faults of other kinds

FAULTS = {
    "nothing_saved": (
        ("torch.save(network.state_dict(), path)", 'torch.save(network.state_dict(), "mine.pt")'),
        ("save_and_load", "left no file at `path`"),
    ),
    "state_returned": (
        ("    return network.eval()", "    return network.state_dict()"),
        ("save_and_load", "`load` returned a OrderedDict"),
    ),
    "unscaled_mask": (
        (DROPOUT, DROPOUT.partition("    def")[0] + "    def forward(self, images):\n        x = self.hidden(self.features(images))\n        if self.training:\n            x = x * (torch.rand_like(x) >= 0.4)\n        return self.scores(x)\n\n\n"),
        ("dropout_train", "multiplied by 1, expected 1.67"),
    ),
    "one_mask_for_all": (
        (DROPOUT, DROPOUT.partition("    def")[0] + "    def forward(self, images):\n        x = self.hidden(self.features(images))\n        if self.training:\n            x = x * (torch.rand(32) >= 0.4) / 0.6\n        return self.scores(x)\n\n\n"),
        ("dropout_train", "the same units for all images"),
    ),
    "before_tanh": (
        ("self.hidden.append(nn.Dropout(0.4))", "self.hidden.insert(1, nn.Dropout(0.4))"),
        ("dropout_train", "are switched off, but the others are multiplied by"),
    ),
    "twice": (
        ("self.hidden.append(nn.Dropout(0.4))", "self.hidden.append(nn.Dropout(0.4))\n        self.hidden.insert(0, nn.Dropout(0.2))"),
        ("dropout_train", "are switched off, but the others are multiplied by"),
    ),
    "a_list": (
        (L1, L1.replace("sum(parameter.abs().sum() for parameter in network.parameters())", "[parameter.abs().sum() for parameter in network.parameters()]")),
        ("l1_penalty", "`l1_penalty` returned 2 numbers"),
    ),
    "swapped": (
        (STATISTICS, "    return images.std(dim=(0, 2, 3)), images.mean(dim=(0, 2, 3))\n"),
        ("channel_statistics", "Your means are the deviations. Your deviations are the means."),
    ),
    "other_axes": (
        (STATISTICS, "    return images.mean(dim=(0, 1, 2)), images.std(dim=(0, 1, 2))\n"),
        ("channel_statistics", "Your means have shape (12,), expected is (3,)"),
    ),
    "means_alone": (
        (STATISTICS, "    return images.mean(dim=(0, 2, 3))\n"),
        ("channel_statistics", "Your deviations are missing: return three numbers."),
    ),
    "text_for_deviations": (
        (STATISTICS, "    return images.mean(dim=(0, 2, 3)), 'TODO'\n"),
        ("channel_statistics", "Your deviations are missing: return three numbers."),
    ),
    "three_things": (
        (STATISTICS, "    return images.mean(), images.std(), images.var()\n"),
        ("channel_statistics", "has to return two things"),
    ),
}  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("name", FAULTS)
def test_other_faults_are_named(group: Cohort, tmp_path: Path, name: str) -> None:
    """What no mistake of the assignment shows is told as well, and only its own check is lost."""
    pair, (which, text) = FAULTS[name]
    (tmp_path / "birds.py").write_text(replaced(RIGHT, pair), encoding="utf-8")
    found = graded(group, tmp_path)
    lost = check(found, which)
    assert text in lost.feedback, lost.feedback
    assert {c.name for c in found.checks if c.lost} == {which}, said(found)
    assert not found.needs_review


def test_the_notebook_is_the_module() -> None:
    """Cell by cell the same code, for the reference and the handout."""
    for path in (REFERENCE / "birds.py", FOLDER / "handout" / "birds.py"):
        book = nbformat.read(path.with_suffix(".ipynb"), 4)
        cells = "\n".join(c.source for c in book.cells if c.cell_type == "code")
        text = path.read_text(encoding="utf-8").partition('"""\n')[2]
        assert [line for line in cells.splitlines() if line] == [
            line for line in text.splitlines() if line
        ]
