"""Students who take the sizes of their layers from MNIST."""

from pathlib import Path

from kit.places import ROOT
from kit.written import write

MLP = (ROOT / "reference/mlp_from_scratch/mlp.py").read_text(encoding="utf-8")
FIXED = "PIXELS = 28 * 28\n"
LOAD = 'from torchvision import datasets\nimages = datasets.MNIST("data", train=True, download=True)'


def make(folder: Path) -> None:
    assert FIXED in MLP
    by_data = MLP.replace(FIXED, f"{LOAD}.data\nPIXELS = images.shape[1] * images.shape[2]\n")
    by_item = MLP.replace(FIXED, f"{LOAD}\nPIXELS = images[0][0].size[0] ** 2\n")
    by_array = MLP.replace(
        FIXED, f"{LOAD}.data.numpy().reshape(60_000, -1) / 255\nPIXELS = images.shape[1]\n"
    )
    numpy_only = by_data[: by_data.index("class MLPTorch")]
    fixed_only = MLP[: MLP.index("class MLPTorch")]
    sources = {
        "Data": by_data,
        "Item": by_item,
        "Array": by_array,
        "NumpyOnly": numpy_only,
        "FixedOnly": fixed_only,
    }
    write(folder, {name: {"mlp.py": text} for name, text in sources.items()})
