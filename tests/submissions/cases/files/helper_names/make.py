"""Students whose helpers have names of modules that are loaded already."""

from pathlib import Path

from kit.written import NET, write

NAMES = "grader code types statistics queue utils random copy numbers".split()


def make(folder: Path) -> None:
    students = {
        name.title(): {"lenet.py": f"from {name} import LeNet5\n", f"{name}.py": NET}
        for name in NAMES
    }
    write(
        folder,
        {
            **students,
            "Plain": {"lenet.py": "import code as c\nLeNet5 = c.LeNet5\n", "code.py": NET},
            "Alike": {
                "lenet.py": "from student_code import LeNet5\nimport code\nassert code.WEEK == 3\n",
                "student_code.py": NET,
                "code.py": "WEEK = 3\n",
            },
            "Folder": {
                "lenet.py": "import importlib\nimport grader.net\n"
                "LeNet5 = importlib.import_module('grader.net').LeNet5\n"
                "assert grader.net.LeNet5 is LeNet5\n",
                "grader/net.py": NET,
            },
            "Inner": {
                "lenet.py": "from inspect.net import LeNet5\n",
                "inspect/__init__.py": "",
                "inspect/net.py": "from inspect import real\nLeNet5 = real.LeNet5\n",
                "inspect/real.py": NET,
            },
            "Cells": {"lenet.ipynb": ["from code import LeNet5"], "code.py": NET},
            "Written": {
                "lenet.ipynb": [f"%%writefile grader.py\n{NET}", "from grader import LeNet5"]
            },
            "Kept": {
                "lenet.ipynb": [
                    "import random\nrandom.seed(1)",
                    "import seaborn\nfrom net import LeNet5",
                ],
                "random.py": "seed = None  # an exercise of another week\n",
                "net.py": NET,
            },
        },
    )
