"""CIFAR-10: 60,000 coloured pictures of animals and vehicles; generated shapes stand in for it."""

from __future__ import annotations

from grader.data.picture_set import PictureSet, StandIn, StudentClass
from grader.data.shapes import shapes
from grader.data.torchvision_loader import TorchvisionLoader

CIFAR10 = PictureSet(
    title="CIFAR-10",
    folder="cifar-10-batches-py",
    files=("batches.meta", "test_batch", *(f"data_batch_{i}" for i in range(1, 6))),
    side=32,
    mean=(0.4914, 0.4822, 0.4465),
    deviation=(0.2470, 0.2435, 0.2616),
    classes=10,
    loader=TorchvisionLoader("CIFAR10"),
    stand_in=StandIn(
        name="shapes",
        make=shapes,
        instead="generated pictures of shapes",
        kind="generated",
        pictures="pictures of shapes in CIFAR-10's format",
    ),
    public=True,
    sizes={"train": 50_000, "test": 10_000},
    student_class=StudentClass(
        name="CIFAR10",
        differs_by="filename",
        tensors=False,
        classes=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
    ),
)
