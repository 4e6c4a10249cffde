"""Students whose network stands in another notebook."""

from pathlib import Path

from kit.written import NET, write

MODEL = [
    "# The network",
    "%matplotlib inline\n!nvidia-smi\nimport torch",
    f"%%time\n{NET}",
    "%%writefile other.py\nx = 1",
]
TRAINS = [*MODEL, "raise RuntimeError('trained for hours')"]


def make(folder: Path) -> None:
    write(
        folder,
        {
            "Imported": {
                "lenet.ipynb": ["import import_ipynb\nfrom model import LeNet5"],
                "model.ipynb": MODEL,
            },
            "Module": {
                "lenet.py": "import import_ipynb\nimport model\nLeNet5 = model.LeNet5\n",
                "model.ipynb": MODEL,
            },
            "Definitions": {
                "lenet.ipynb": ["import nbimporter\nfrom model import LeNet5"],
                "model.ipynb": TRAINS,
            },
            "Full": {
                "lenet.ipynb": ["from ipynb.fs.full.my_model import LeNet5"],
                "my model.ipynb": MODEL,
            },
            "Defs": {
                "lenet.ipynb": ["from ipynb.fs.defs.model import LeNet5"],
                "model.ipynb": TRAINS,
            },
            "Context": {
                "lenet.ipynb": [
                    "from importnb import Notebook\nwith Notebook():\n    from model import LeNet5"
                ],
                "model.ipynb": MODEL,
            },
            "Folder": {
                "lenet.ipynb": ["import import_ipynb\nfrom parts.model import LeNet5"],
                "parts/model.ipynb": MODEL,
            },
            "Run": {"lenet.ipynb": ["%run model.ipynb"], "model.ipynb": MODEL},
            "RunFile": {"lenet.ipynb": ["%run parts/net.py"], "parts/net.py": NET},
            "RaisesInCells": {
                "lenet.ipynb": ["import import_ipynb", "from model import LeNet5"],
                "model.ipynb": ["a = 1", "b = a / 0", NET],
            },
            "Raises": {
                "lenet.py": "import import_ipynb\nfrom model import LeNet5\n",
                "model.ipynb": ["a = 1", "b = a / 0", NET],
            },
        },
    )
