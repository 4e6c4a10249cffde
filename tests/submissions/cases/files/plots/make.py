"""Students who ask for plots in windows."""

from pathlib import Path

from kit.written import NET, write

PLOT = "plt.figure()\nplt.plot([1, 2])\nplt.show(block=True)\n"


def make(folder: Path) -> None:
    sources = {
        "Use": f"import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\n"
        f"plt.ion()\n{NET}\nEPOCHS = 3\n{PLOT}",
        "Switch": f"import matplotlib.pyplot as plt\nplt.switch_backend('Qt5Agg')\n{NET}\n{PLOT}",
        "Variable": "import os\nos.environ['MPLBACKEND'] = 'MacOSX'\n"
        f"import matplotlib.pyplot as plt\n{NET}\n{PLOT}",
        "Parameter": "import matplotlib\nmatplotlib.rcParams['backend'] = 'GTK3Agg'\n"
        f"from matplotlib import pyplot as plt\n{NET}\n{PLOT}",
        "File": f"import matplotlib\nmatplotlib.use('svg')\nimport matplotlib.pyplot as plt\n{NET}\n"
        "plt.plot([1])\nplt.savefig('loss.svg')\nassert open('loss.svg').read().startswith('<?xml')\n",
    }
    notebooks = {
        "Qt": ["%matplotlib qt\nimport matplotlib.pyplot as plt", NET, PLOT],
        "Widget": ["%matplotlib widget\nimport matplotlib.pyplot as plt", NET, PLOT],
        "Later": [
            "import matplotlib.pyplot as plt\nplt.switch_backend('TkAgg')\nplt.ion()",
            f"{NET}\nplt.plot([1])\nplt.pause(0.001)\nplt.show()",
        ],
    }
    write(folder, {name: {"lenet.py": text} for name, text in sources.items()})
    write(folder, {name: {"lenet.ipynb": cells} for name, cells in notebooks.items()})
