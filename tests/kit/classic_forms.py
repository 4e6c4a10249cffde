"""The three classic networks as students write them: right in several forms, and nearly right."""

from __future__ import annotations

from collections.abc import Mapping

HEAD = """
import torch
from torch import nn
from torch.nn import functional as F

"""

SEQUENCES = """
class AlexNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(),
            nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class VGG16(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        layers, before = [], 3
        for width, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(times):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, classes),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Identity()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn = nn.BatchNorm2d(64)
        blocks, before = [], 64
        for width in (64, 128, 256, 512):
            blocks.append(Block(before, width, 1 if width == before else 2))
            blocks.append(Block(width, width, 1))
            before = width
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.conv(x))), 3, 2, 1)
        x = self.blocks(x)
        return self.fc(x.mean((2, 3)))
"""

ATTRIBUTES = """
class AlexNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.fc8 = nn.Linear(4096, classes)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc6 = nn.Linear(9216, 4096)
        self.conv5 = nn.Conv2d(256, 256, 3, 1, 1)
        self.conv4 = nn.Conv2d(384, 256, 3, 1, 1)
        self.conv3 = nn.Conv2d(192, 384, 3, 1, 1)
        self.conv2 = nn.Conv2d(64, 192, 5, 1, 2)
        self.conv1 = nn.Conv2d(3, 64, 11, 4, 2)
        self.relu, self.pool = nn.ReLU(), nn.MaxPool2d(3, 2)
        self.adapt = nn.AdaptiveAvgPool2d((6, 6))
        self.drop1, self.drop2 = nn.Dropout(0.5), nn.Dropout(0.5)

    def forward(self, x):
        x = self.relu(self.pool(self.conv1(x)))
        x = self.relu(self.pool(self.conv2(x)))
        x = self.relu(self.conv3(x))
        x = self.relu(self.conv4(x))
        x = self.adapt(self.relu(self.pool(self.conv5(x))))
        x = x.view(x.size(0), -1)
        x = self.relu(self.fc6(self.drop1(x)))
        x = self.relu(self.fc7(self.drop2(x)))
        return self.fc8(x)


class Stage(nn.Module):
    def __init__(self, before, after, times):
        super().__init__()
        self.first = nn.Conv2d(before, after, (3, 3), padding="same")
        self.more = nn.ModuleList(
            nn.Conv2d(after, after, (3, 3), padding="same") for _ in range(times - 1)
        )

    def forward(self, x):
        x = self.first(x).relu()
        for conv in self.more:
            x = conv(x).relu()
        return F.max_pool2d(x, kernel_size=2, stride=2)


class VGG16(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.body = nn.Sequential(
            Stage(3, 64, 2), Stage(64, 128, 2), Stage(128, 256, 3), Stage(256, 512, 3),
            Stage(512, 512, 3), nn.AdaptiveAvgPool2d(7),
        )
        self.hidden = nn.ModuleList([nn.Linear(25088, 4096), nn.Linear(4096, 4096)])
        self.out = nn.Linear(4096, classes)

    def forward(self, x):
        x = self.body(x).reshape(len(x), -1)
        for layer in self.hidden:
            x = F.relu(F.dropout(layer(x), 0.5, self.training))
        return F.log_softmax(self.out(x), dim=1)


class Residual(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.project = None
        if before != after:
            self.project = nn.Conv2d(before, after, 1, 2, bias=False)
            self.project_norm = nn.BatchNorm2d(after)
        self.norms = nn.ModuleList([nn.BatchNorm2d(after), nn.BatchNorm2d(after)])
        self.convs = nn.ModuleList([
            nn.Conv2d(before, after, 3, 1 if before == after else 2, 1, bias=False),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
        ])

    def forward(self, x):
        skip = x if self.project is None else self.project_norm(self.project(x))
        out = self.norms[0](self.convs[0](x)).relu_()
        out = self.norms[1](self.convs[1](out))
        skip = skip + out
        return skip.clamp(min=0)


class ResNet18(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.head = nn.Linear(512, classes)
        widths = [64, 64, 64, 128, 128, 256, 256, 512, 512]
        self.stages = nn.ModuleList(map(Residual, widths, widths[1:]))
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )

    def forward(self, x):
        x = self.stem(x)
        for block in self.stages:
            x = block(x)
        return self.head(F.adaptive_avg_pool2d(x, (1, 1))[:, :, 0, 0])
"""

FUNCTIONS = """
def weights(*shape):
    return nn.Parameter(torch.empty(shape).uniform_(-0.01, 0.01))


class Functional(nn.Module):
    def __init__(self, shapes):
        super().__init__()
        self.w = nn.ParameterList(weights(*s) for s in shapes)
        self.b = nn.ParameterList(weights(s[0]) for s in shapes)


class AlexNet(Functional):
    def __init__(self, classes=1000):
        convs = [(64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3)]
        convs.append((256, 256, 3, 3))
        super().__init__([*convs, (4096, 9216), (4096, 4096), (classes, 4096)])

    def forward(self, x):
        for i in range(5):
            x = F.conv2d(x, self.w[i], self.b[i], 4 if i == 0 else 1, 2 if i < 2 else 1)
            x = F.relu(x)
            if i in (0, 1, 4):
                x = F.max_pool2d(x, 3, 2)
        x = x.flatten(1)
        for i in (5, 6, 7):
            x = F.dropout(x, training=self.training) if i < 7 else x
            x = F.linear(x, self.w[i], self.b[i])
            x = torch.relu(x) if i < 7 else x
        return x


class VGG16(Functional):
    widths = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]

    def __init__(self, classes=1000):
        sizes = [3] + [w for w in self.widths if w != "M"]
        convs = [(after, before, 3, 3) for before, after in zip(sizes, sizes[1:])]
        super().__init__([*convs, (4096, 25088), (4096, 4096), (classes, 4096)])

    def forward(self, x):
        weights, biases = iter(self.w), iter(self.b)
        for width in self.widths:
            if width == "M":
                x = F.max_pool2d(x, 2)
            else:
                x = F.relu(F.conv2d(x, next(weights), next(biases), padding=1))
        x = x.flatten(1)
        for _ in range(2):
            x = x @ next(weights).t() + next(biases)
            x = F.dropout(F.relu(x), 0.5, self.training)
        return x @ next(weights).t() + next(biases)


class Norm(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("var", torch.ones(n))

    def forward(self, x):
        return F.batch_norm(x, self.mean, self.var, self.scale, self.shift, self.training)


class ResNet18(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        sizes = [(64, 64), (64, 128), (128, 256), (256, 512)]
        self.first = weights(64, 3, 7, 7)
        self.convs = nn.ParameterList(
            weights(b, a if i == 0 else b, 3, 3) for a, b in sizes for i in range(4)
        )
        self.fits = nn.ParameterList(weights(b, a, 1, 1) for a, b in sizes[1:])
        self.norm = Norm(64)
        self.norms = nn.ModuleList(Norm(b) for _, b in sizes for _ in range(4))
        self.fit_norms = nn.ModuleList(Norm(b) for _, b in sizes[1:])
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = F.relu(self.norm(F.conv2d(x, self.first, stride=2, padding=3)))
        x = F.max_pool2d(x, 3, stride=2, padding=1)
        for i in range(0, 16, 2):
            change = i in (4, 8, 12)
            y = F.conv2d(x, self.convs[i], stride=2 if change else 1, padding=1)
            y = F.relu(self.norms[i](y))
            y = self.norms[i + 1](F.conv2d(y, self.convs[i + 1], padding=1))
            if change:
                x = F.conv2d(x, self.fits[i // 4 - 1], stride=2)
                x = self.fit_norms[i // 4 - 1](x)
            y += x
            x = torch.relu(y)
        return self.fc(x.mean(3).mean(2))
"""


def edited(*pairs: tuple[str, str]) -> str:
    """The networks made of sequences, with these places changed, each of which has to be there."""
    source = SEQUENCES
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return HEAD + source


RIGHT: Mapping[str, str] = {
    "sequences, flattened at 224": HEAD + SEQUENCES,
    "attributes declared backwards, stages, adaptive pooling": HEAD + ATTRIBUTES,
    "functions on own parameters, a list of widths": HEAD + FUNCTIONS,
    "lazy layers, scores from log-softmax": edited(
        ("nn.Linear(256 * 6 * 6, 4096)", "nn.LazyLinear(4096)"),
        ("nn.Linear(512 * 7 * 7, 4096)", "nn.LazyLinear(4096)"),
        ("return self.fc(x.mean((2, 3)))", "return self.fc(x.flatten(2).mean(-1)).log_softmax(1)"),
    ),
    "in place, pooling before ReLU, shortcut in front": edited(
        ("nn.ReLU(), nn.MaxPool2d(3, 2)", "nn.MaxPool2d(3, 2), nn.ReLU(inplace=True)"),
        ("nn.ReLU()]", "nn.ReLU(True)]"),
        ("nn.ReLU(), nn.Dropout()", "nn.Dropout(), nn.ReLU()"),
        ("return F.relu(y + self.shortcut(x))", "return F.relu(self.shortcut(x) + y)"),
        ("self.bn(self.conv(x))), 3, 2, 1)", "self.bn(self.conv(x)), inplace=True), 3, 2, 1)"),
        ("x.mean((2, 3))", "F.avg_pool2d(x, x.shape[2:]).squeeze()"),
    ),
}

BIASED = (
    (", 1, bias=False)", ", 1)"),
    ("1, stride, bias=False)", "1, stride)"),
    ("7, 2, 3, bias=False)", "7, 2, 3)"),
)
FIT = """            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )
"""
PADDED = "            self.shortcut = Fill(after - before)\n"
FILL = (
    "class Block(",
    """class Fill(nn.Module):
    def __init__(self, more):
        super().__init__()
        self.more = more

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.more))


class Block(""",
)
NEAR: Mapping[str, tuple[str, Mapping[str, tuple[int, str, str]]]] = {
    # name: (source, {class: (parameters, a piece of the reason, what is said of its layers)})
    "as printed": (
        edited(
            ("nn.Conv2d(3, 64, 11,", "nn.Conv2d(3, 96, 11,"),
            ("nn.Conv2d(64, 192,", "nn.Conv2d(96, 256,"),
            ("nn.Conv2d(192, 384,", "nn.Conv2d(256, 384,"),
            ("nn.Conv2d(256, 256,", "nn.Conv2d(384, 256,"),
            (
                "nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),\n            nn.Conv2d(384",
                "nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),\n            nn.Conv2d(384",
            ),
            (
                "layers.append(nn.MaxPool2d(2))",
                "layers.append(nn.Conv2d(128, 128, 2, 2) if width == 128 else nn.MaxPool2d(2))",
            ),
            *BIASED[::2],
            (FIT, PADDED),
            FILL,
            ("        self.bn1 = nn.BatchNorm2d(after)\n", ""),
            ("        self.bn2 = nn.BatchNorm2d(after)\n", ""),
            ("        self.bn = nn.BatchNorm2d(64)\n", ""),
            ("self.bn1(self.conv1(x))", "self.conv1(x)"),
            ("self.bn2(self.conv2(y))", "self.conv2(y)"),
            ("self.bn(self.conv(x))", "self.conv(x)"),
        ),
        {
            "AlexNet": (
                62_378_344,
                "the network of 2012 on one GPU",
                "expected is (N, 64, 55, 55)",
            ),
            "VGG16": (138_423_208, "the second pooling has 65,664 parameters", "where max_pool2d"),
            "ResNet18": (
                11_511_784,
                "without batch normalisation (9,600 parameters)",
                "ours has none",
            ),
        },
    ),
    "groups, norms, biases": (
        edited(
            ("nn.Conv2d(3, 64, 11,", "nn.Conv2d(3, 96, 11,"),
            ("nn.Conv2d(64, 192, 5,", "nn.Conv2d(96, 256, 5, groups=2,"),
            ("nn.Conv2d(192, 384,", "nn.Conv2d(256, 384,"),
            ("nn.Conv2d(256, 256, 3,", "nn.Conv2d(384, 256, 3, groups=2,"),
            ("nn.Conv2d(384, 256, 3, padding=1)", "nn.Conv2d(384, 384, 3, groups=2, padding=1)"),
            ("3, padding=1), nn.ReLU()]", "3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]"),
            *BIASED,
        ),
        {
            "AlexNet": (60_965_224, "as it ran on two GPUs", "expected is (N, 64, 55, 55)"),
            "VGG16": (138_365_992, "VGG16 with batch normalisation", "is not in the network"),
            "ResNet18": (11_694_312, "4,800 in all", "has a bias, ours has none"),
        },
    ),
    "zeros in the shortcuts": (
        edited((FIT, PADDED), FILL),
        {"ResNet18": (11_515_688, "together 173,824 parameters", "batch_norm with output")},
    ),
}
