"""Right answers with one line at the end that makes one of them something else."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]
RIGHT = (ROOT / "reference/conv_arithmetic/convolutions.py").read_text(encoding="utf-8")
LAST = {
    "all_right": "",
    "millions": "parameter_shapes = np.zeros(60_000_000, bool)",
    "nothing_in_rows": "parameter_shapes = np.zeros((2,) * 30 + (0,))",
    "never_ending": "plain = np.broadcast_to(np.int8(1), (10**6, 10**6))",
    "long_list": "plain = [0] * 10_001",
    "deep": "plain = [[[[[[[[[[1]]]]]]]]]]",
    "far_too_many": "plain = np.zeros(1_900_000)",
    "long_text": 'plain = "`<b>`\\u202e" * 100_000',
    "complex_array": "plain = np.ones(4) * 1j",
    "complex_number": "plain = 1j",
    "not_a_number": "plain = (float('nan'),) * 4",
    "unbounded": "plain = [[float('-inf')] * 3] * 4",
    "huge": "layer_parameters = 1 << 1300",
    "huger": "layer_parameters = 10**5000",
    "huge_in_list": "plain = [1, 10**390, 2, 3]",
    "dictionary": "plain = {'a': {'b': [1] * 10_000}}",
    "single_precision": "layer_parameters = np.float16('inf')",
}
"""By student; those of `all_right` and of the reference are the same."""
ONLY = {
    "bomb": "import numpy as np\nparameter_shapes = np.zeros(60_000_000, bool)\n",
    "odd": '''import numpy as np, torch
plain = np.ones(4)*1j
strided = torch.tensor(float("nan"))
dilated = [[[[[[[1]]]]]]]
pooled = 10**390
weight_shape = "`<b>`\\u202e"*100000
bias_shape = {"a": {"b": [1]*10000}}
layer_parameters = np.float16(3)
feature_sizes = [[float("inf")]*3]*4
flattened = True
worked = torch.zeros(0, 5)
cornered = -0.0
parameter_shapes = {str(i): [1]*3 for i in range(9999)}
network_parameters = np.array(5)
same = (1e308, -1e308)
strided_element = None
two_channels = 1 << 1300
''',
}
"""Whole files."""


def make(folder: Path) -> None:
    """A folder for each of them."""
    files = {name: f"{RIGHT}\n{line}\n" for name, line in LAST.items()} | ONLY
    for name, text in files.items():
        (folder / name).mkdir()
        (folder / name / "convolutions.py").write_text(text, encoding="utf-8")
