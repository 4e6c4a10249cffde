"""Students whose code counts on the sizes of MNIST and CIFAR-10."""

from pathlib import Path

from kit.written import NET, write

LOAD = """
from torch.utils.data import DataLoader, Subset, random_split
from torchvision import datasets, transforms

train_set = datasets.MNIST("data", train=True, download=True)
test_set = datasets.MNIST("data", train=False, download=True)
"""
CIFAR = """
from torchvision.datasets import CIFAR10
train_set = CIFAR10("data", train=True, download=True)
assert train_set.data.shape == (50000, 32, 32, 3) and len(train_set.targets) == 50000
assert len(CIFAR10("data", train=False)) == 10000
"""


def make(folder: Path) -> None:
    ten = NET.replace("nn.Linear(84, 10)", "nn.Linear(84, classes)")
    split = "train_set, valid_set = random_split(train_set, [50000, 10000])"
    count = "classes = len(train_set.dataset.classes)"
    rows = "valid_set = Subset(train_set, range(55_000, 60_000))"
    loads = "images, _ = next(iter(DataLoader(valid_set, 64)))"
    whole = "assert train_set.data.shape == (60000, 28, 28) and test_set.targets.shape == (10000,)"
    loader = f"{rows}\nvalid_set.dataset.transform = transforms.ToTensor()\n{loads}\nclasses = 10"
    changed = "train_set.data[0] = 7\nassert int(train_set.data[0].sum()) == 7 * 784\nclasses = 10"
    write(
        folder,
        {
            "Split": {"lenet.ipynb": [f"{LOAD}{split}\n{count}", ten]},
            "Module": {"lenet.py": f"{LOAD}{split}\n{count}\n{ten}"},
            "Rows": {"lenet.py": f"{LOAD}{loader}\n{ten}"},
            "Whole": {"lenet.ipynb": [f"{LOAD}{whole}\nclasses = 10", ten]},
            "Changed": {"lenet.ipynb": [f"{LOAD}{changed}", ten]},
            "Cifar": {"lenet.py": f"{CIFAR}classes = len(train_set.classes)\n{ten}"},
        },
    )
