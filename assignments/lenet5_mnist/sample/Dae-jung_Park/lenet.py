from collections import OrderedDict

import torch.nn as nn


def block(name, n_in, n_out):
    return [
        (f"conv_{name}", nn.Conv2d(n_in, n_out, kernel_size=5)),
        (f"relu_{name}", nn.ReLU()),
        (f"pool_{name}", nn.MaxPool2d(kernel_size=2, stride=2)),
    ]


class LeNet5(nn.Module):
    """Returns log-probabilities (train with nn.NLLLoss)."""

    def __init__(self):
        super(LeNet5, self).__init__()
        self.extractor = nn.Sequential(OrderedDict(block("a", 1, 6) + block("b", 6, 16)))
        self.head = nn.Sequential(
            OrderedDict(
                [
                    ("flatten", nn.Flatten(start_dim=1)),
                    ("dense_1", nn.Linear(16 * 5 * 5, 120)),
                    ("act_1", nn.ReLU()),
                    ("dense_2", nn.Linear(120, 84)),
                    ("act_2", nn.ReLU()),
                    ("dense_3", nn.Linear(84, 10)),
                    ("logp", nn.LogSoftmax(dim=1)),
                ]
            )
        )

    def forward(self, img):
        return self.head(self.extractor(img))
