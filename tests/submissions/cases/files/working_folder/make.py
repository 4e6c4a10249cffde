"""Students who go into a folder before they import from it."""

from pathlib import Path

from kit.written import NET, write

IMPORT = "from helper import LeNet5"


def make(folder: Path) -> None:
    inner = {"src/helper.py": NET}
    write(
        folder,
        {
            "Magic": {"lenet.ipynb": ["%cd src", IMPORT], **inner},
            "Written": {
                "lenet.ipynb": [
                    "import os\nos.makedirs('pkg', exist_ok=True)\n%cd pkg",
                    f"%%writefile helper.py\n{NET}",
                    IMPORT,
                ]
            },
            "Module": {
                "lenet.py": "import os\n"
                f"os.chdir(os.path.dirname(os.path.abspath(__file__)) + '/src')\n{IMPORT}\n",
                **inner,
            },
            "Back": {
                "lenet.ipynb": [
                    "%cd -q src\n%cd ..",
                    "import sys, os\nassert sys.path[0] == '' and os.path.isdir('src')",
                    "os.chdir('src')\nimport importlib\nhelper = importlib.import_module('helper')",
                    "%pushd ..\n%popd\nLeNet5 = helper.LeNet5",
                ],
                **inner,
            },
            "Appended": {
                "lenet.py": f"import sys\nsys.path.append('src')\n{IMPORT}\n",
                **inner,
            },
        },
    )
