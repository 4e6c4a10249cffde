"""Students whose code lies in more than one folder."""

from pathlib import Path

from kit.written import NET, write


def make(folder: Path) -> None:
    write(
        folder,
        {
            "Package": {
                "hw1/__init__.py": "",
                "hw1/lenet.py": "from hw1.net import LeNet5\n",
                "hw1/net.py": NET,
            },
            "Sibling": {
                "src/lenet.py": "from models.net import LeNet5\n",
                "models/__init__.py": "",
                "models/net.py": NET,
            },
            "Wrapped": {
                "my work (final)/src/lenet.py": "from models.net import LeNet5\n"
                "assert open('data/sizes.txt').read() == '84'\n",
                "my work (final)/models/net.py": NET,
                "my work (final)/data/sizes.txt": "84",
            },
            "Relative": {
                "hw1/__init__.py": "READY = True\n",
                "hw1/lenet.py": "from . import READY\nfrom .parts.net import LeNet5\n",
                "hw1/parts/net.py": "from ..real import LeNet5\n",
                "hw1/real.py": NET,
            },
            "OwnName": {
                "lenet.py": "from lenet.net import LeNet5\n",
                "lenet/__init__.py": "",
                "lenet/net.py": NET,
            },
            "RelativeAlone": {"lenet.py": "from .net import LeNet5\n", "net.py": NET},
            "Above": {
                "src/lenet.py": "from ..models.net import LeNet5\n",
                "models/net.py": NET,
            },
            "Beside": {
                "hw/notebooks/lenet.ipynb": [
                    "import sys\nsys.path.append('../src')",
                    "from net import LeNet5",
                ],
                "hw/src/net.py": NET,
            },
            "Parent": {
                "code/lenet.py": "import sys\nfrom pathlib import Path\n"
                "sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'models' / 'a'))\n"
                "from net import LeNet5\n",
                "models/a/net.py": NET,
            },
            "Drive": {
                "lenet.ipynb": [
                    "import sys\nsys.path.append('/content/drive/MyDrive/hw1/parts')",
                    "sys.path.append(r'C:\\Users\\Ada\\hw1\\real parts')\nfrom net import LeNet5",
                ],
                "parts/net.py": "from real import LeNet5\n",
                "real parts/real.py": NET,
            },
            "Notebook": {
                "notebooks/lenet.ipynb": [
                    "import sys\nsys.path.append('..')",
                    "from models.net import LeNet5",
                ],
                "models/net.py": NET,
            },
        },
    )
