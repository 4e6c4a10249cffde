"""The catalogue: our data sets, and one that another package brings."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from grader import Assignment, data
from grader.data import catalogue, picture_set
from grader.data.training_mount import TrainingMount
from grader.inside.shims import datasets
from grader.records import extensions
from grader.records.errors import CourseError, GraderError, UsageError
from grader.records.limits import Limits
from grader.sandbox import ForkServer
from kit.boxes import job
from kit.command_line import CommandLine
from kit.packages import Packages
from kit.places import NOWHERE

OURS = list(extensions.BUILT_IN[catalogue.GROUP])
STAND_IN = data.Source(NOWHERE, stand_in=True)
FASHION = """
import numpy as np
from grader.data import PictureSet, StandIn, StudentClass, TorchvisionLoader

def stripes(split):
    labels = np.arange(40 if split == "train" else 20, dtype=np.int64) % 10
    pictures = np.zeros((len(labels), 1, 28, 28), np.uint8)
    pictures[np.arange(len(labels)), 0, labels] = 200
    return pictures, labels

FASHION = PictureSet(
    title="Fashion-MNIST",
    folder="FashionMNIST/raw",
    files=("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    side=28,
    mean=(0.2860,),
    deviation=(0.3530,),
    classes=10,
    loader=TorchvisionLoader("FashionMNIST"),
    stand_in=StandIn(
        name="stripes", make=stripes, instead="stripes", kind="drawn", pictures="stripes"
    ),
    sizes={"train": 30, "test": 10},
    student_class=StudentClass(name="FashionMNIST", differs_by="resources", tensors=True),
)
"""


@pytest.fixture
def fashion(packages: Packages) -> None:
    """A package that brings Fashion-MNIST is installed."""
    packages.install(
        "torchext_fashion", catalogue.GROUP, {"torchext": "torchext_fashion:FASHION"}, FASHION
    )


@pytest.mark.parametrize("name", OURS)
def test_the_stand_in_has_the_format_of_the_set(name: str) -> None:
    """Its size, channels and classes are those that the entry states."""
    known = catalogue.find(name)
    for split in ("test", "train"):
        pictures, labels = known.stand_in.make(split)
        assert pictures.shape == (len(labels), len(known.mean), known.side, known.side)
        assert set(labels.tolist()) == set(range(known.classes))
    assert len(known.mean) == len(known.deviation)


def test_a_misspelt_name_is_told_with_the_near_one() -> None:
    """As the error that the caller asks for."""
    with pytest.raises(UsageError, match="no data set is called 'minst'; did you mean 'mnist'"):
        catalogue.find("minst")
    with pytest.raises(CourseError, match="there are mnist, cifar10"):
        catalogue.find("words", CourseError)


def test_both_sides_describe_the_students_class_alike() -> None:
    """What is written beside the pictures is what the box reads."""
    ours = [f.name for f in dataclasses.fields(picture_set.StudentClass)]
    assert list(datasets.StudentClass.__annotations__) == ours


@pytest.mark.usefixtures("fashion")
def test_another_packages_set_is_described_and_read() -> None:
    """As ours are: normalised with its own statistics, with labels, listed and provided."""
    stripes = data.test("torchext", classes=(3, 1))
    pictures = stripes.images.load(0, STAND_IN)
    assert pictures.shape == (4, 1, 28, 28)
    assert pictures.min() == pytest.approx(-0.2860 / 0.3530)
    assert stripes.labels.reveal(STAND_IN).tolist() == [1, 0, 1, 0]
    assert repr(stripes.labels) == "<secret: labels of Fashion-MNIST, test split>"
    assert [s.name for s in data.available(STAND_IN)] == [*OURS, "torchext"]
    assert Assignment("x", entry="x", provides=["torchext"]).provides == ("torchext",)


@pytest.mark.usefixtures("fashion")
def test_another_packages_set_is_served_beside_its_relative(server: ForkServer) -> None:
    """Student code finds it by torchvision's class, and MNIST by its own."""
    mount = TrainingMount(STAND_IN)
    folders = {n: mount.folder(n) for n in ("mnist", "torchext")}
    source = """
from torchvision.datasets import MNIST, FashionMNIST
def sizes():
    sets = [kind("x", train=train) for kind in (FashionMNIST, MNIST) for train in (True, False)]
    return [len(s) for s in sets] + [int(v) for v in sets[0].targets[:3]] + [sets[0].classes[0]]
"""
    limits = Limits(cpu_seconds=20)
    one = job({"a.py": source.encode()}, entry="a.py", limits=limits, datasets=folders)
    try:
        with server.open(one) as box:
            answer = box.ask("call", {"name": "sizes"})
    finally:
        mount.close()
    seen = [v["item"] for v in answer["value"]["item"]]
    assert seen == [30, 10, 60_000, 10_000, 0, 1, 2, "T-shirt/top"]


def test_a_broken_one_is_named_and_the_others_stay(packages: Packages, call: CommandLine) -> None:
    """`grader data` says which package to blame; who asks for the set gets the same sentence."""
    packages.install("torchext_bad", catalogue.GROUP, {"bad": "torchext_bad:X"}, "1 / 0")
    packages.install("torchext_odd", catalogue.GROUP, {"odd": "torchext_odd:X"}, "X = 3")
    assert data.test("mnist").images.load(0, STAND_IN).shape == (500, 1, 28, 28)
    broken = (
        "the data set 'bad' of the package torchext_bad 1.2 cannot be loaded (ZeroDivisionError"
    )
    with pytest.raises(GraderError) as caught:
        data.test("bad")
    assert str(caught.value).startswith(broken)
    with pytest.raises(GraderError, match=r"torchext_odd 1.2 is of type int, not a PictureSet"):
        data.test("odd")
    rows = call("data").out.splitlines()
    assert [r.split()[0] for r in rows] == [*OURS, "bad", "odd"]
    assert broken in rows[-2]
    facts = [shelf.facts() for shelf in data.available(STAND_IN)]
    whole = [sorted(f) == ["folder", "name", "present", "stand_in", "title"] for f in facts]
    assert whole == [*(True for _ in OURS), False, False]
    assert json.dumps(facts)


def test_names_are_the_pictures_of_ten_classes() -> None:
    """CIFAR-10's names of classes cross with its description, as torchvision has them."""
    classes = catalogue.find("cifar10").student_class.classes
    assert classes is not None
    assert len(classes) == catalogue.find("cifar10").classes
    assert np.array_equal(sorted(classes), classes)
