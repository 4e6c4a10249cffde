"""Training pictures in the box: what is served, what never is, and what is left of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import data
from grader.assignment.assignment import Assignment
from grader.assignment.course import Course
from grader.data.pixels import read_split
from grader.data.training_mount import TrainingMount
from grader.grading.images import unshown
from grader.records.errors import CourseError
from grader.records.execution import Execution, Missing
from grader.records.limits import Limits
from grader.sandbox import Box, ForkServer
from kit.boxes import job
from kit.graded import Borrower, Lenet
from kit.places import NOWHERE, ROOT
from kit.tiny import Tiny, found

STAND_IN = data.Source(NOWHERE, stand_in=True)
HUNT = '''
import hashlib, os, torch
from torchvision.datasets import MNIST, CIFAR10

def served():
    """Every array that lies below the folders from which the pictures come, as bytes of labels."""
    opened, read = [], open
    import numpy as np
    load, np.load = np.load, lambda path, **k: (opened.append(path), load(path, **k))[1]
    MNIST("anywhere", train=True), MNIST(".", train=False), CIFAR10("~", train=False)
    np.load = load
    homes = sorted({os.path.dirname(p) for p in opened})
    files = [os.path.join(h, f) for h in homes for f in sorted(os.listdir(h))]
    writable = []
    for file in files:
        try:
            read(file, "r+b").close()
            writable.append(file)
        except OSError:
            pass
    return {
        "files": [os.path.basename(f) for f in files],
        "labels": [load(f) for f in files if "labels" in f],
        "rest": [read(f).read() for f in files if not f.endswith(".npy")],
        "sizes": [os.path.getsize(f) for f in files],
        "writable": writable,
    }
'''
LIMITS = Limits(cpu_seconds=20, memory_mib=4096)


def plain(answer: Any) -> Any:
    """What a function in the box returned."""
    assert not isinstance(answer, Missing), answer

    def read(value: dict[str, Any]) -> Any:
        item = value["item"]
        if value["kind"] in ("list", "tuple"):
            return [read(v) for v in item]
        return {k: read(v) for k, v in item} if value["kind"] == "dict" else item

    return read(answer["value"])


@pytest.fixture
def stand_in() -> Iterator[TrainingMount]:
    """The stand-ins of both sets."""
    served = TrainingMount(STAND_IN)
    yield served
    served.close()


def read(folder: str) -> dict[str, np.ndarray]:
    """Every array of a folder, by name."""
    return {p.stem: np.load(p, allow_pickle=False) for p in sorted(Path(folder).glob("*.npy"))}


SIZES = {"mnist": (60_000, 10_000), "cifar10": (50_000, 10_000)}


@pytest.mark.proof
@pytest.mark.parametrize("name", SIZES)
def test_both_splits_are_as_large_as_at_home(stand_in: TrainingMount, name: str) -> None:
    """The training split in its order, repeated where the stand-in has less; and of it the end."""
    pixels, labels = read_split(name, "train", NOWHERE, stand_in=True)
    files = read(stand_in.folder(name))
    assert sorted(files) == ["test-labels", "test-pictures", "train-labels", "train-pictures"]
    for split, size in zip(("train", "test"), SIZES[name], strict=True):
        assert len(files[f"{split}-labels"]) == len(files[f"{split}-pictures"]) == size
        pictures = files[f"{split}-pictures"]
        pictures = pictures[..., None] if name == "mnist" else pictures
        for at in (0, len(labels) - 1, len(labels), size - 1):
            where = at % len(labels)
            np.testing.assert_array_equal(pictures[at].transpose(2, 0, 1), pixels[where])
            assert files[f"{split}-labels"][at] == labels[where]


@pytest.mark.skipif(not data.Source().has("mnist"), reason="needs MNIST: set GRADER_DATA")
def test_the_real_sets_test_split_is_the_end_of_its_training_split() -> None:
    """None of the test split's pictures is served, but for those that are in both."""
    served = TrainingMount(data.Source())
    try:
        files = read(served.folder("mnist"))
    finally:
        served.close()
    pixels, labels = read_split("mnist", "train", data.Source().folder, stand_in=False)
    np.testing.assert_array_equal(files["train-pictures"], pixels[:, 0])
    np.testing.assert_array_equal(files["test-pictures"], pixels[-10_000:, 0])
    np.testing.assert_array_equal(files["test-labels"], labels[-10_000:])


@pytest.mark.parametrize("level", [3, 2, 1, 0])
def test_labels_of_the_test_split_are_nowhere_in_the_box(
    server: ForkServer, stand_in: TrainingMount, level: int
) -> None:
    """What student code can list beside the pictures holds no label of the test split."""
    folders = {n: stand_in.folder(n) for n in ("mnist", "cifar10")}
    how = {"entry": "a.py", "limits": LIMITS, "seed": 1, "level": level, "datasets": folders}
    with Box(server._send, job({"a.py": HUNT.encode()}, **how)) as box:
        told = plain(box.ask("call", {"name": "served"}))
        execution = box.close()
    assert len(told["files"]) == 10, told["files"]
    assert [json.loads(t)["name"] for t in told["rest"]] == ["CIFAR10", "MNIST"]
    assert told["writable"] == []
    for name in folders:
        _, labels = read_split(name, "test", NOWHERE, stand_in=True)
        for array in told["labels"]:
            for kind in ("u1", "<i4", "<i8"):
                assert labels.astype(kind).tobytes()[:200] not in array.astype(kind).tobytes()
    assert [n for n in execution.notes if "MNIST" in n] == [
        "Not on the machine that grades: MNIST, in place of which scikit-learn's digits are served, "
        "CIFAR10, in place of which generated pictures of shapes are served."
    ]


def test_what_an_assignment_judges_with_is_left_out() -> None:
    """mnist_views judges with 500 training pictures whose labels it does not show: in their place
    stand others, and the sizes are as at home.
    """
    loaded = Course(ROOT).load("mnist_views")
    kept_back = unshown(loaded)
    assert {(i.start, i.limit) for i in kept_back} == {(-500, 2500)}
    served = TrainingMount(STAND_IN, kept_back)
    try:
        files = read(served.folder("mnist"))
        assert served.identity("mnist") != TrainingMount(STAND_IN).identity("mnist")
    finally:
        served.close()
    pixels, labels = read_split("mnist", "train", NOWHERE, stand_in=True)
    gone = {pixels[row].tobytes() for row in data.rows(kept_back[0], labels)}
    assert len(gone) == 500
    assert not gone & {p.tobytes() for p in (*files["train-pictures"], *files["test-pictures"])}
    assert len(files["train-labels"]) == 60_000


def test_nothing_is_left_and_nothing_is_written_for_those_who_name_no_set(
    server: ForkServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The folder is made for the first file that names the set, and goes with the executor."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    left = tmp_path / "grader-served-abcdefgh.run"
    loaded = Course(ROOT).load("lenet5_mnist")
    with Borrower(server, loaded) as executor:
        served = executor._mount
        assert served.find_named(("mnist", "cifar10"), {"a.py": b"x = 1"}) == []
        assert list(tmp_path.iterdir()) == []
        assert served.find_named(("mnist", "cifar10"), {"a.py": b"MNIST("}) == ["mnist"]
        left.mkdir()  # of a grader that was killed
        assert served.folder("mnist") == served.folder("mnist")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_set_that_is_absent_is_said_to_be(lenet: Lenet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stand-in is served also where it may not be graded with; where what makes that is not
    installed, the sentence says that the set is not here.
    """

    def load() -> Execution:
        served = TrainingMount(data.Source(NOWHERE))
        folders = {"mnist": served.folder("mnist")}
        with lenet.executor.backend.open(
            job({"a.py": source}, entry="a.py", limits=LIMITS, seed=1, datasets=folders)
        ) as box:
            assert box.load() is None
        served.close()
        return box.close()

    source = b"from torchvision import datasets\ndatasets.MNIST('data', download=True)\n"
    assert load().error is None
    monkeypatch.setattr("grader.records.extras.find_spec", lambda _: None)
    read_split.cache_clear()
    assert TrainingMount(data.Source(NOWHERE)).identity("mnist") == "mnist absent"
    trouble = load().error
    assert trouble is not None
    assert trouble.sentence() == (
        "a.py, line 2: RuntimeError: MNIST is not on the machine that grades — in "
        "`datasets.MNIST('data', download=True)`. Nothing can be downloaded here, and this data "
        'set is not here: put what reads data and trains below `if __name__ == "__main__":`'
    )


def test_an_unknown_set_is_an_authoring_error() -> None:
    """The sentence names the near one."""
    with pytest.raises(CourseError, match="did you mean 'mnist'"):
        Assignment("x", entry="x", provides=["mnsit"])


def test_what_is_provided_changes_the_key_of_those_who_use_it(
    server: ForkServer, tmp_path: Path
) -> None:
    """A submission that names the set is measured anew when it is provided; others are not."""
    tiny: Tiny = found(tmp_path)
    tiny.submit("ada")
    tiny.submit("bob", "from torchvision.datasets import MNIST\n")
    tiny.rule('entry="tiny",', 'entry="tiny", provides=[],')
    before = keys(server, tiny)
    tiny.rule("provides=[],", 'provides=["mnist"],')
    after = keys(server, tiny)
    assert before["ada"] == after["ada"]
    assert before["bob"] != after["bob"]


def keys(server: ForkServer, tiny: Tiny) -> dict[str, str]:
    """By student the key under which the measurements are kept."""
    with Borrower(server, tiny.load()) as executor:
        return {s.student: executor.key(s, 3) for s in tiny.submissions()}


def test_relatives_and_subclasses(lenet: Lenet) -> None:
    """A student's own class on top of MNIST is served; FashionMNIST and CIFAR100 are not."""
    source = """
import torch
from torchvision import datasets
class Mine(datasets.MNIST):
    def __getitem__(self, i):
        return super().__getitem__(i)[1]
def labels(): return [Mine("x")[i] for i in range(5)] + [int(v) for v in Mine("x").targets[:5]]
def other(name): return len(getattr(datasets, name)("x"))
"""
    served = lenet.executor._mount
    folders = {n: served.folder(n) for n in ("mnist", "cifar10")}
    with lenet.executor.backend.open(
        job({"a.py": source.encode()}, entry="a.py", limits=LIMITS, seed=1, datasets=folders)
    ) as box:
        five = plain(box.ask("call", {"name": "labels"}))
        for name in ("FashionMNIST", "KMNIST", "QMNIST", "CIFAR100"):
            missing = box.ask("call", {"name": "other", "args": [name]})
            assert isinstance(missing, Missing), missing
            assert "not found" in missing.why
    _, labels = read_split("mnist", "train", NOWHERE, stand_in=True)
    assert five == labels[:5].tolist() * 2
