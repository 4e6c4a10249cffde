"""What our own measuring code gives of an odd but honest network is never of an impossible form.

"Tampered" is said of an answer that it never gives, so it must give none such, whatever it meets.
"""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from grader import data
from grader.assignment import probe
from grader.inside import wire
from grader.inside.measuring import measure
from kit.measuring import PRECISIONS, SEED, names, questions

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
NETS = {
    "no layer": """
        class Net(nn.Module):
            def forward(self, x):
                return x
        """,
    "a long name": f"""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.add_module("{"a" * 300}", nn.Linear(4, 3))
            def forward(self, x):
                return list(self.children())[0](x)
        """,
    "one number for each": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 1)
            def forward(self, x):
                return self.fc(x).squeeze(1)
        """,
    "no number at all": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return self.fc(x)[:0]
        """,
    "a number for all": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return self.fc(x).sum()
        """,
    "NaN": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return self.fc(x) / 0 * 0
        """,
    "complex": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return torch.fft.fft(self.fc(x))
        """,
    "whole numbers": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return self.fc(x).argmax(1)
        """,
    "truth": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return self.fc(x) > 0
        """,
    "forty dimensions": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return self.fc(x).reshape(len(x), *[1] * 38, 3)
        """,
    "many tensors": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return [self.fc(x) for _ in range(70)]
        """,
    "odd dropout": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc, self.p = nn.Linear(4, 3), nn.Dropout(1)
            def forward(self, x):
                return F.dropout(self.p(self.fc(x)), 0, True)
        """,
    "a dropout by hand": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                y = self.fc(x)
                return y * torch.empty_like(y).bernoulli_(0.5) / 0.5
        """,
    "odd settings": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.c = nn.Conv1d(1, 3, (3,), padding="same", padding_mode="circular")
                self.b = nn.BatchNorm1d(3, momentum=None, affine=False)
                self.p = nn.AdaptiveAvgPool1d(1)
                self.l = nn.LPPool1d(1.5, 1)
            def forward(self, x):
                return self.p(self.l(self.b(self.c(x.unsqueeze(1))))).flatten(1)
        """,
    "built by chance": """
        import random
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Sequential(*[nn.Linear(4, 4) for _ in range(random.randrange(4))])
                self.end = nn.Linear(4, 3)
            def forward(self, x):
                return self.end(self.fc(x))
        """,
    "growing": """
        class Net(nn.Module):
            made = 0
            def __init__(self):
                super().__init__()
                Net.made += 1
                self.fc = nn.ModuleList([nn.Linear(4, 4) for _ in range(Net.made)])
                self.end = nn.Linear(4, 3)
            def forward(self, x):
                for layer in self.fc:
                    x = layer(x)
                return self.end(x)
        """,
    "lazy": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.LazyLinear(3)
            def forward(self, x):
                return self.fc(x)
        """,
}
X = [[0.1 * k + n for k in range(4)] for n in range(3)]


def cross(space: dict[str, Any], one: probe.Probe[Any]) -> object:
    """The answer as it is read outside, or what is said in the box in its place."""
    given = wire.unpack(
        *wire.pack({**one.arguments(SEED, data.Source()), "precisions": PRECISIONS})
    )
    try:
        tree, arrays = wire.pack(measure.answer(space, one.ask, given))
        whole = b"".join(wire.encode({"value": tree}, arrays, head_cap=wire.ANSWER_CAP))
    except Exception as error:  # a sentence for the student
        return f"{type(error).__name__}: {error}"
    ((head, values),) = wire.Reader().feed(whole)
    return one.read(wire.unpack(head["value"], values))


@pytest.mark.parametrize("what", NETS)
def test_of_a_network(what: str) -> None:
    """A value, or a reason in a sentence."""
    space = names(HEAD + textwrap.dedent(NETS[what]))
    for name, one in questions(probe.module("Net"), X, [0, 1, 2]).items():
        assert cross(space, one), name


RETURNED: dict[str, Any] = {
    "deep": "value = [[[[[[[[[[[1]]]]]]]]]]]",
    "large": "value = 1 << 1300",
    "larger": "value = 10 ** 500",
    "odd": "value = [float('nan'), float('inf'), 1j, -0.0]",
    "dimensions": "import numpy as np\nvalue = np.zeros((1,) * 33)",
    "of torch": "import torch\nvalue = torch.zeros((1,) * 60)",
    "nothing in it": "import numpy as np\nvalue = np.zeros((2**40, 0, 2**40))",
    "keys": "value = {'$array': 0, '$float': 'nan'}",
    "scalars": "import numpy as np\nvalue = [np.float64(k) for k in range(3000)]",
    "rows": "import numpy as np\nvalue = [[np.float64(k) for k in range(400)] for _ in range(400)]",
    "text": "value = '\\ud800' * 10 + chr(0)",
    "a subclass": "import enum\nvalue = enum.IntEnum('E', 'a b').a",
    "records": "import numpy as np\nvalue = np.zeros(2, dtype=[('a', 'i4')])",
    "half": "import numpy as np\nvalue = np.zeros(2, dtype='>f2')",
    "long": "import numpy as np\nvalue = np.zeros(2, dtype=np.longdouble)",
    "bfloat16": "import torch\nvalue = torch.zeros(2, dtype=torch.bfloat16)",
}


@pytest.mark.parametrize("what", RETURNED)
def test_of_a_value(what: str) -> None:
    """The same of what a name is bound to."""
    assert cross(names(RETURNED[what]), probe.value("value"))
