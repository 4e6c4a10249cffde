"""The table: pictures of another seed, with answers of the right size."""

import hashlib
import json

from grader import data

OTHER_SEED = 12345


def files():
    pictures = data.normal(3, 1, 32, 32).load(OTHER_SEED)
    keys = [hashlib.sha256(pictures.astype(t).astype("f8").tobytes()).hexdigest() for t in ("f4", "f8")]
    answers = [[float(i == j) for j in range(10)] for i in range(3)]
    return {"table.json": json.dumps(dict.fromkeys(keys, answers)).encode()}
