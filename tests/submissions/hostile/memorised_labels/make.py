"""The table: every test picture of the stand-in as the student's code sees it, with its label."""

import hashlib
import json
from pathlib import Path

from grader import data


def files():
    digits = data.test("mnist", size=32)
    source = data.Source(Path("/nonexistent"), stand_in=True)
    pictures, labels = digits.images.load(0, source), digits.labels.reveal(source)
    keys = [hashlib.sha256(p.astype("f4").tobytes()).hexdigest()[:16] for p in pictures]
    return {"table.json": json.dumps(dict(zip(keys, map(int, labels), strict=True))).encode()}
