"""MNIST: 70,000 handwritten digits; scikit-learn's digits stand in for it."""

from __future__ import annotations

from grader.data.digits import digits
from grader.data.picture_set import PictureSet, StandIn, StudentClass
from grader.data.torchvision_loader import TorchvisionLoader

MNIST = PictureSet(
    title="MNIST",
    folder="MNIST/raw",
    files=tuple(
        f"{split}-{kind}-ubyte"
        for split in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    ),
    side=28,
    mean=(0.1307,),
    deviation=(0.3081,),
    classes=10,
    loader=TorchvisionLoader("MNIST"),
    stand_in=StandIn(
        name="digits",
        make=digits,
        instead="scikit-learn's digits",
        kind="scanned",
        pictures="digits of scikit-learn in MNIST's framing",
    ),
    public=True,
    sizes={"train": 60_000, "test": 10_000},
    student_class=StudentClass(name="MNIST", differs_by="resources", tensors=True),
)
