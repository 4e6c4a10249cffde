"""Honest networks whose answers bring along much that nobody asked for."""

from pathlib import Path

from kit.places import ROOT

REACH = """

import sys

import numpy as np

ASKS = sys.modules["grader.inside.measuring.measure"].ASKS
NOISE = np.random.default_rng(3).integers(0, 255, 20_000_000, dtype="u1")


def ride(asks, load):
    for ask in asks:
        ASKS[ask] = lambda names, args, said=ASKS[ask]: load(said(names, args))

"""
LOADS = {
    "key": """
ride(list(ASKS), lambda said: {**said, "more": NOISE})
""",
    "deep": """
def load(value):
    if isinstance(value, dict) and value and "stride" not in value:
        return {**{k: load(v) for k, v in value.items()}, "more": NOISE[:100_000]}
    return [load(v) for v in value] if isinstance(value, (list, tuple)) else value

ride(["layers", "parameters", "outputs", "gradients", "steps"], load)
""",
    "texts": """
text = NOISE[:9_000].tobytes().hex()
ride(["layers", "parameters"], lambda said: {**said, text: text, "text": [text] * 100})
""",
    "runs": """
def load(said):
    again = [{**row, "values": np.random.random(row["shape"])} for row in said["runs"][0]]
    return {**said, "runs": [*said["runs"], *[again] * 20]}

ride(["gradients"], load)
""",
}


def make(folder: Path) -> None:
    """A student for each load."""
    honest = (ROOT / "reference/lenet5_mnist/lenet.py").read_text(encoding="utf-8")
    for name, load in LOADS.items():
        (folder / name).mkdir()
        (folder / name / "lenet.py").write_text(honest + REACH + load, encoding="utf-8")
