"""Data for probes and checks: what an assignment writes as `data.normal(…)`, `data.test(…)`.

Floors, top first:
    training_mount
    descriptions
    catalogue
    stand_ins
    shapes
"""

from grader.data.descriptions import (
    DataSet,
    Drawn,
    Images,
    Secret,
    Shelf,
    Source,
    Targets,
    available,
    current,
    fetch,
    integers,
    located,
    normal,
    rows,
    test,
    train,
    uniform,
)

__all__ = [
    "DataSet",
    "Drawn",
    "Images",
    "Secret",
    "Shelf",
    "Source",
    "Targets",
    "available",
    "current",
    "fetch",
    "integers",
    "located",
    "normal",
    "rows",
    "test",
    "train",
    "uniform",
]
