"""Students whose files read options of a command line."""

from pathlib import Path

from kit.written import NET, write

PARSE = "p.add_argument('--data', required=True)\nargs = p.parse_args()\n"


def make(folder: Path) -> None:
    begin = f"import argparse\np = argparse.ArgumentParser()\n{PARSE}"
    sources = {
        "Required": f"{begin}{NET}",
        "Positional": f"{NET}\nimport argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('epochs', type=int)\nargs = p.parse_args()\n",
        "Older": f"import optparse\np = optparse.OptionParser()\n{NET}\np.error('give --data')\n",
        "Raw": f"import sys\nfolder = sys.argv[1]\n{NET}",
        "Guarded": f"{NET}\nif __name__ == '__main__':\n    import argparse\n"
        "    argparse.ArgumentParser().parse_args(['--no'])\n",
    }
    write(folder, {name: {"lenet.py": text} for name, text in sources.items()})
    write(folder, {"Cells": {"lenet.ipynb": [NET, begin]}, "RawCells": {"lenet.ipynb": [NET, "import sys\nsys.argv[1]"]}})
