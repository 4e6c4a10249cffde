"""The table: every test picture of the stand-in as the student's code sees it, with its label."""

import hashlib
import json
from pathlib import Path

from grader import data


def files():
    digits = data.test("mnist", size=32)
    with data.located(data.Source(Path("/nonexistent"), stand_in=True)):
        pictures, labels = digits.images.load(), digits.labels.reveal()
    keys = [hashlib.sha256(p.astype("f4").tobytes()).hexdigest()[:16] for p in pictures]
    return {"table.json": json.dumps(dict(zip(keys, map(int, labels), strict=True))).encode()}
