"""Archives as students pack them: twice, in each other, with whole paths, of kinds that are not read."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from pathlib import Path

from kit.archives import tarred, zipped
from kit.packed import NETWORK, WEIGHTS, import_from, lay

SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c\0\4" + bytes(60)
GOOD = {"lenet.py": NETWORK, "lenet.pt": WEIGHTS}


def make(folder: Path) -> None:
    """One student for each way to pack."""
    twice = io.BytesIO(zipped({"lenet.py": b"class LeNet5: pass\n", "lenet.pt": WEIGHTS}))
    with zipfile.ZipFile(twice, "a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr("lenet.py", NETWORK)
    home = {f"/home/ada/hw/{name}": data for name, data in GOOD.items()}
    drive = {f"C:\\Users\\Ada\\{name}": data for name, data in GOOD.items()}
    made = {
        "twice.zip": twice.getvalue(),
        "absolute.zip": zipped(home),
        "drive.zip": zipped(drive),
        "steps_up.zip": zipped({f"../{name}": data for name, data in GOOD.items()}),
        "in_each_other.zip": zipped({"hw/lenet.zip": zipped(GOOD), "__MACOSX/._lenet.zip": b"x"}),
        "nested.tar.gz": gzip.compress(tarred({f"./a/b/{n}": d for n, d in GOOD.items()})),
        "trailing.zip": zipped({"hw ./lenet.py ": NETWORK, "hw ./lenet.pt.": WEIGHTS}),
        "shouted.zip": zipped({"LENET.PY": NETWORK, "LENET.PT": WEIGHTS}),
        "seven.7z": SEVEN_ZIP,
        "seven_called_zip.zip": SEVEN_ZIP,
        "zip_called_rar.rar": zipped(GOOD),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    lay(folder / "seven_in_folder", {"lenet.7z": SEVEN_ZIP})
    empty = {"lenet.py": b"", "lenet (1).py": NETWORK, "lenet.pt": b"", "lenet (1).pt": WEIGHTS}
    lay(folder / "empty_beside_good", empty)
    lay(folder / "weights_above", {"src/lenet.py": import_from("net"), "src/net.py": NETWORK})
    lay(folder / "weights_above", {"lenet.pt": WEIGHTS})
