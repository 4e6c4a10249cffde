"""Sixty cells, each with a part of what is judged; three of them fail in three ways."""

import nbformat
from nbformat import v4

LAYERS = {
    "conv1": "nn.Conv2d(1, 6, 5)",
    "conv2": "nn.Conv2d(6, 16, 5)",
    "fc1": "nn.Linear(400, 120)",
    "fc2": "nn.Linear(120, 84)",
    "fc3": "nn.Linear(84, 10)",
}
CLASS = """class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        for name, make in makers.items():
            setattr(self, name, make())

    def forward(self, x):
        for step in steps:
            x = step(self, x)
        return x
"""
STEPS = [
    "torch.relu(net.conv1(x))",
    "nn.functional.max_pool2d(x, 2)",
    "torch.relu(net.conv2(x))",
    "nn.functional.max_pool2d(x, 2).flatten(1)",
    "torch.relu(net.fc1(x))",
    "torch.relu(net.fc2(x))",
    "net.fc3(x)",
]


def files() -> dict[str, bytes]:
    """The notebook."""
    cells = ["import torch\nfrom torch import nn\nmakers, steps = {}, []"]
    cells += [f"def make_{n}():\n    return {made}" for n, made in LAYERS.items()]
    cells += [f"makers['{n}'] = make_{n}" for n in LAYERS]
    cells += [f"def step_{n}(net, x):\n    return {text}" for n, text in enumerate(STEPS)]
    cells += [f"steps.append(step_{n})" for n in range(len(STEPS))]
    cells += [CLASS]
    count = 60 - 3 - len(cells)
    cells += [f"value_{n} = {n}\nprint(value_{n})" for n in range(count)]
    cells.insert(8, "value = undefined_value + 1")
    cells.insert(20, "print('not closed'")
    cells.insert(40, "  value = [1, 2]\n value[3]\nvalue.append(3)")
    assert len(cells) == 60
    book = v4.new_notebook(cells=[v4.new_code_cell(c) for c in cells])
    return {"lenet.ipynb": nbformat.writes(book).encode()}
