"""Descriptions, secrets, sources and stand-ins."""

import copy
import dataclasses
import hashlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.data import digits, mnist, shapes
from grader.inside.wire import Malformed, pack
from grader.records import extensions
from grader.records.errors import CourseError, DataSetAbsent, GraderError, UsageError
from kit.places import ROOT

REFERENCE = ROOT / "reference" / "lenet5_mnist"
REAL = data.Source()

needs_mnist = pytest.mark.skipif(
    not REAL.has("mnist"), reason="the real MNIST is not here: name its folder in GRADER_DATA"
)
needs_cifar10 = pytest.mark.skipif(
    not REAL.has("cifar10"), reason="the real CIFAR-10 is not here: name its folder in GRADER_DATA"
)


@pytest.fixture
def offline(tmp_path):
    """A source that has stand-ins alone."""
    return data.Source(tmp_path, stand_in=True)


# ---------------------------------------------------------------------- random arrays


@pytest.mark.parametrize(
    ("description", "dtype"),
    [
        (data.normal(3, 1, 32, 32), "float64"),
        (data.uniform(4, 2), "float64"),
        (data.integers(50, below=10), "int64"),
    ],
)
def test_a_description_is_drawn_alike_every_time(description, dtype):
    """Equal descriptions and an equal seed give equal numbers; another seed or draw gives others."""
    first = description.load(7)

    assert dtype == first.dtype
    assert description.shape == first.shape
    assert np.array_equal(first, dataclasses.replace(description).load(7))
    assert not np.array_equal(first, description.load(8))
    assert not np.array_equal(first, dataclasses.replace(description, draw=1).load(7))


def test_numbers_do_not_depend_on_the_process():
    """Another process with another hash seed draws the same numbers."""
    script = "from grader import data; print(data.normal(5).load(3).tolist())"
    environment = {**os.environ, "PYTHONHASHSEED": "123", "PYTHONPATH": str(ROOT)}
    other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )

    assert data.normal(5).load(3).tolist() == json.loads(other.stdout)


def test_numbers_keep_to_their_bounds():
    """Bounds are part of a description; the upper one is not reached."""
    whole = data.integers(1000, below=3).load(0)
    even = data.uniform(1000, low=-2, high=5).load(0)

    assert {0, 1, 2} == set(whole.tolist())
    assert -2 <= even.min() < -1.5
    assert 4.5 < even.max() < 5


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: data.normal(0, 3),
        lambda: data.normal(2.5),
        lambda: data.integers(3, below=0),
        lambda: data.uniform(3, low=1, high=1),
        lambda: data.uniform(3, high=float("nan")),
        lambda: data.test("minst"),
        lambda: data.test("cifar10", classes=(2, 10)),
        lambda: data.test("cifar10", classes=(2, 2)),
        lambda: data.test("cifar10", classes=()),
    ],
)
def test_a_description_that_cannot_be_drawn_is_refused_when_written(wrong):
    """The instructor hears of it before anyone's code runs."""
    with pytest.raises(CourseError):
        wrong()


def test_a_misspelt_data_set_names_the_near_one():
    """One sentence with the fact, one with the remedy."""
    with pytest.raises(CourseError, match="no data set is called 'minst'; did you mean 'mnist'"):
        data.test("minst")
    with pytest.raises(UsageError, match="there are mnist, cifar10"):
        data.Source().has("words")


# ---------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "leak",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        list,
        len,
        bool,
        np.asarray,
        json.dumps,
        lambda s: s[0],
        lambda s: s + 1,
        lambda s: 3 in s,
        lambda s: dataclasses.asdict(data.DataSet(data.test("mnist").images, s)),
    ],
)
def test_a_secret_gives_nothing_away(leak):
    """Copies, pickles, iteration and conversion are refused; `.reveal()` is the only way."""
    secret = data.Secret(lambda: np.arange(5), "five answers")

    with pytest.raises(TypeError):
        leak(secret)
    assert secret.reveal().tolist() == [0, 1, 2, 3, 4]


def test_a_secret_has_no_encoder():
    """Labels cannot cross the line, and their text does not show them."""
    labels = data.test("mnist").labels

    with pytest.raises(Malformed, match="a SecretLabels cannot cross the line"):
        pack({"y": labels})
    assert "<secret: labels of MNIST, test split>" == repr(labels) == str(labels) == f"{labels}"


# ---------------------------------------------------------------------- stand-in


def test_the_stand_in_deals_out_all_digits_once():
    """1,797 digits: 50 of each class for the test, 1,297 for training, none in both."""
    seen, seen_labels = digits.digits("test")
    kept, kept_labels = digits.digits("train")
    prints = {hashlib.sha256(p.tobytes()).digest() for p in np.concatenate([seen, kept])}

    assert seen.shape == (500, 1, 28, 28)
    assert kept.shape == (1297, 1, 28, 28)
    assert np.bincount(seen_labels).tolist() == [50] * 10
    assert all(120 <= n <= 140 for n in np.bincount(kept_labels))
    assert len(prints) == 1797


def test_a_framed_digit_lies_where_mnist_puts_it():
    """Its centre of mass is the middle of the picture, to the pixel; its border is empty."""
    pictures = digits.digits("train")[0][:, 0].astype(float)
    rows = (pictures.sum(2) @ np.arange(28)) / pictures.sum((1, 2))
    columns = (pictures.sum(1) @ np.arange(28)) / pictures.sum((1, 2))

    assert abs(rows - 14).max() < 0.51
    assert abs(columns - 14).max() < 0.51
    assert pictures[:, :2].max() == 0
    assert pictures[:, :, -2:].max() == 0


def test_the_stand_in_stays_the_same():
    """Weights and expected scores were made with exactly these pixels."""
    source = data.Source(Path("/nonexistent"), stand_in=True)
    identity = data.test("mnist").images.identity(source)

    expected = "7a87c6b217181e775238991474cb32d5f0f991ae22cdddf316a820697ba91c12"
    statistics = "mean (0.1307,), deviation (0.3081,)"
    assert f"mnist test, stand-in digits, sha256 {expected}, {statistics}" == identity


# ---------------------------------------------------------------------- shapes


def test_shapes_are_dealt_evenly():
    """2,500 for training and 500 for the test, as many of each shape, no picture twice."""
    prints = set()
    for split, each in (("test", 50), ("train", 250)):
        pictures, labels = shapes.shapes(split)
        prints |= {hashlib.sha256(p.tobytes()).digest() for p in pictures}

        assert pictures.shape == (10 * each, 3, 32, 32)
        assert (pictures.dtype, labels.dtype) == (np.uint8, np.int64)
        assert np.bincount(labels).tolist() == [each] * 10
        assert len(set(labels[:100].tolist())) == 10
    assert len(prints) == 3000


def test_shapes_stay_the_same(offline):
    """Weights and expected scores were made with exactly these pixels, training split included."""
    expected = {
        "test": "88aa94bb610438f4f7e29de1ab71bad23cdc6ea53032d67b54432acad42ccc03",
        "train": "2150ab6bc261bda767af93d8ba4baa60e80832ba80437263ec83d0563625d8b4",
    }
    found = {
        "test": data.test("cifar10").images.identity(offline).split(", mean")[0],
        "train": data.train("cifar10").images.identity(offline).split(", mean")[0],
    }

    assert found == {
        s: f"cifar10 {s}, stand-in shapes, sha256 {digest}" for s, digest in expected.items()
    }


@pytest.mark.proof
def test_shapes_are_learnt_from_their_outline():
    """Colours and places tell a linear classifier little; those who see the outline tell them apart.

    The outline is recovered by taking the noise and the colours away: what a pixel differs from its
    neighbours by, without sign.
    """
    from sklearn.linear_model import RidgeClassifier

    def edges(pictures):
        grey = pictures.astype(float).mean(axis=1)
        across = abs(grey[:, :, 2:] - grey[:, :, :-2])[:, 1:-1]
        down = abs(grey[:, 2:] - grey[:, :-2])[:, :, 1:-1]
        where = (across + down > 40).astype(float)
        return np.stack([centred(w) for w in where]).reshape(len(where), -1)

    def centred(where):
        rows, columns = np.nonzero(where)
        shift = [15 - round(k.mean()) if k.size else 0 for k in (rows, columns)]
        return np.roll(where, shift, axis=(0, 1))

    (kept, kept_labels), (seen, seen_labels) = shapes.shapes("train"), shapes.shapes("test")
    plain = RidgeClassifier(alpha=1e4).fit(kept.reshape(2500, -1) / 255, kept_labels)
    by_outline = RidgeClassifier(alpha=100).fit(edges(kept), kept_labels)

    assert plain.score(seen.reshape(500, -1) / 255, seen_labels) < 0.4
    assert by_outline.score(edges(seen), seen_labels) > 0.8


# ---------------------------------------------------------------------- sources


def test_pictures_come_as_the_brief_says(offline):
    """float32, enlarged to 32×32, normalised with MNIST's statistics, read-only."""
    pictures = data.test("mnist", size=32).images.load(0, offline)

    assert np.dtype("float32") == pictures.dtype
    assert pictures.shape == (500, 1, 32, 32)
    assert pictures.min() == pytest.approx(-0.1307 / 0.3081)
    assert pictures.max() <= (1 - 0.1307) / 0.3081 + 1e-6
    with pytest.raises(ValueError, match="read-only"):
        pictures[0] = 0


def test_pictures_keep_their_size_where_none_is_asked_for(offline):
    """Without `size` a pixel is only divided by 255 and normalised."""
    pictures = data.test("mnist").images.load(0, offline)
    pixels = digits.digits("test")[0]

    assert np.allclose(pictures, (pixels / 255 - 0.1307) / 0.3081, atol=1e-6)


def test_classes_are_numbered_in_the_order_given(offline):
    """`classes=(7, 2)` keeps two digits: 7 becomes 0, 2 becomes 1."""
    both = data.test("mnist", classes=(7, 2))
    every = data.test("mnist")
    kept = np.isin(every.labels.reveal(offline), (7, 2))

    assert np.array_equal(every.images.load(0, offline)[kept], both.images.load(0, offline))
    names = {0: 7, 1: 2}
    assert every.labels.reveal(offline)[kept].tolist() == [
        names[k] for k in both.labels.reveal(offline).tolist()
    ]


def test_two_shapes_stand_in_for_birds_and_airplanes(offline):
    """As in the real set class 2 becomes 0 and class 0 becomes 1; the pictures stay in order."""
    pixels, labels = shapes.shapes("test")
    both = data.test("cifar10", classes=(2, 0))
    kept = np.isin(labels, (2, 0))
    mean, deviation = np.array([[0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]])[
        ..., None, None
    ]

    assert np.allclose(
        both.images.load(0, offline), (pixels[kept] / 255 - mean) / deviation, atol=1e-6
    )
    assert both.labels.reveal(offline).tolist() == [{2: 0, 0: 1}[k] for k in labels[kept].tolist()]
    assert data.train("cifar10", classes=(2, 0)).images.load(0, offline).shape == (500, 3, 32, 32)


def test_a_limit_keeps_the_first(offline):
    """Pictures and labels stay beside each other."""
    few, every = data.test("mnist", limit=30), data.test("mnist")

    assert np.array_equal(every.images.load(0, offline)[:30], few.images.load(0, offline))
    assert np.array_equal(every.labels.reveal(offline)[:30], few.labels.reveal(offline))


def test_a_part_divides_what_the_limit_keeps(offline):
    """`stop=-200` and `start=-200` of 500 are 300 and the 200 after them; each has its name."""
    every, first, last = (
        data.train("mnist", limit=500, **part) for part in ({}, {"stop": -200}, {"start": -200})
    )
    images, labels = every.images.load(0, offline), every.labels.reveal(offline)
    assert np.array_equal(first.images.load(0, offline), images[:300])
    assert np.array_equal(last.images.load(0, offline), images[300:])
    assert np.array_equal(first.targets.load(0, offline), labels[:300])
    assert np.array_equal(last.labels.reveal(offline), labels[300:])
    assert len({d.images.identity(offline) for d in (every, first, last)}) == 3
    assert len({d.images.describe() for d in (every, first, last)}) == 3
    assert every.images.describe() == "mnist train, 28×28, classes None, limit 500"


def test_nothing_is_read_before_it_is_needed(tmp_path):
    """A data set is described where none is; only its pictures and labels ask for it."""
    digits, absent = data.test("mnist", size=32), data.Source(tmp_path)
    assert "mnist test, 32×32" in digits.images.describe()
    with pytest.raises(DataSetAbsent):
        digits.images.load(0, absent)
    with pytest.raises(DataSetAbsent):
        digits.labels.reveal(absent)


def test_an_absent_set_is_said_with_every_remedy(tmp_path):
    """Where it was looked for, and the four ways out."""
    with pytest.raises(DataSetAbsent) as caught:
        data.test("mnist").images.load(0, data.Source(tmp_path))

    assert str(caught.value) == (
        f"MNIST is not in {tmp_path}. Run `grader data fetch mnist`, point --data or GRADER_DATA to a "
        "folder that has it, or pass --stand-in to use scikit-learn's digits instead."
    )


def test_the_remedies_name_the_stand_in_of_the_set(tmp_path):
    """CIFAR-10's is generated."""
    with pytest.raises(DataSetAbsent) as caught:
        data.test("cifar10").images.load(0, data.Source(tmp_path))

    assert str(caught.value).endswith("--stand-in to use generated pictures of shapes instead.")


def test_a_damaged_set_is_said(tmp_path):
    """Files of the right names and wrong content are no data set, and no stand-in is slipped in."""
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in mnist.MNIST.files:
        (folder / name).write_bytes(b"not digits")
    damaged = data.Source(tmp_path, stand_in=True)

    with pytest.raises(GraderError, match=r"cannot be read.*data fetch mnist"):
        data.test("mnist").images.load(0, damaged)


def test_the_root_is_named_by_option_then_environment_then_cache(tmp_path, monkeypatch):
    """`--data`, then $GRADER_DATA, then the user's cache folder."""
    monkeypatch.setenv("GRADER_DATA", str(tmp_path / "named"))
    assert tmp_path / "given" == data.Source(tmp_path / "given").folder
    assert tmp_path / "named" == data.Source().folder
    monkeypatch.delenv("GRADER_DATA")
    assert data.Source().folder.parts[-2:] == ("torch-grader", "data")


def test_labels_are_read_from_the_source_that_was_set(offline, tmp_path, monkeypatch):
    """At first from $GRADER_DATA or the cache; a source that is given counts before both."""
    monkeypatch.setenv("GRADER_DATA", str(tmp_path / "empty"))
    labels = data.test("mnist").labels
    with pytest.raises(DataSetAbsent, match="empty"):
        labels.reveal()
    assert len(labels.reveal(offline)) == 500
    with pytest.raises(DataSetAbsent, match="empty"):
        labels.reveal()
    labels.set_source(offline)
    assert len(labels.reveal()) == 500
    with pytest.raises(DataSetAbsent, match="given"):
        labels.reveal(data.Source(tmp_path / "given"))


def test_a_report_says_which_set_was_used(offline):
    """The stand-in is named so that nobody takes it for MNIST."""
    assert (
        offline.describe_use("mnist")
        == "STAND-IN: 500 scanned digits of scikit-learn in MNIST's framing"
    )
    assert (
        offline.describe_use("cifar10")
        == "STAND-IN: 500 generated pictures of shapes in CIFAR-10's format"
    )
    assert (
        offline.describe_use("cifar10", "train")
        == "STAND-IN: 2,500 generated training pictures of shapes in CIFAR-10's format"
    )


def test_every_known_set_is_listed(tmp_path):
    """`grader data` has a row for each, present or not."""
    rows = data.available(data.Source(tmp_path))

    assert [r.name for r in rows] == list(extensions.BUILT_IN["grader.datasets"])
    assert not any(r.present for r in rows)
    assert [r.stand_in for r in rows][:2] == ["digits", "shapes"]


# ---------------------------------------------------------------------- real data


@needs_mnist
def test_the_real_set_is_used_where_it_is(tmp_path):
    """A welcome stand-in does not displace it."""
    source = data.Source(REAL.folder, stand_in=True)
    digits = data.test("mnist", size=32)
    pictures = digits.images.load(0, source)

    assert source.describe_use("mnist") == "MNIST, 10,000 test images"
    assert pictures.shape == (10_000, 1, 32, 32)
    assert digits.labels.reveal(source)[:5].tolist() == [7, 2, 1, 0, 4]
    assert "mnist test, real, sha256 6bfdba1d84ed5541" in digits.images.identity(source)


@needs_mnist
def test_pictures_equal_those_of_torchvisions_transforms():
    """What the brief tells students to write gives the very same numbers."""
    ours = data.test("mnist", size=32, limit=20).images.load(0, REAL)
    from torchvision import datasets, transforms

    steps = [
        transforms.ToTensor(),
        transforms.Resize(32),
        transforms.Normalize((0.1307,), (0.3081,)),
    ]
    theirs = datasets.MNIST(str(REAL.folder), train=False, transform=transforms.Compose(steps))

    for i in range(20):
        assert np.allclose(theirs[i][0].numpy(), ours[i], atol=2e-6)


@needs_cifar10
def test_birds_and_airplanes_of_cifar10():
    """1,000 test pictures of each class, normalised by channel."""
    both = data.test("cifar10", classes=(2, 0))

    assert both.images.load(0, REAL).shape == (2000, 3, 32, 32)
    assert np.bincount(both.labels.reveal(REAL)).tolist() == [1000, 1000]
    every = data.test("cifar10").labels.reveal(REAL)
    kept = every[np.isin(every, (2, 0))].tolist()
    assert both.labels.reveal(REAL).tolist() == [{2: 0, 0: 1}[k] for k in kept]


# ---------------------------------------------------------------------- torchvision


@pytest.mark.proof
def test_torchvision_can_be_imported_beside_any_torch():
    """`install` imports nothing itself, may be called twice, and the import then works."""
    script = """
import sys
from grader.inside.shims import vision
vision.install(); vision.install()
assert not {"torch", "torchvision"} & set(sys.modules)
from torchvision import datasets, transforms
from torchvision.transforms import v2
import torchvision.models
assert sum(type(f).__module__ == "grader.inside.shims.vision" for f in sys.meta_path) == 1
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment
    )

    assert (done.returncode, done.stderr) == (0, "")


# ---------------------------------------------------------------------- reference


def accuracy_of_the_reference(source):
    """Share of test digits that reference/lenet5_mnist reads rightly."""
    import torch

    spec = importlib.util.spec_from_file_location("reference_lenet", REFERENCE / "lenet.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.LeNet5()
    network.load_state_dict(torch.load(REFERENCE / "lenet.pt", weights_only=True))
    test = data.test("mnist", size=32)
    with torch.inference_mode():
        images = torch.from_numpy(test.images.load(0, source).copy())
        answers = torch.cat([network(part).argmax(1) for part in images.split(500)])
    return float((answers.numpy() == test.labels.reveal(source)).mean())


@pytest.mark.parametrize(
    ("slug", "reader", "given", "count"),
    [
        ("birds_vs_planes", "images_of", ["test"], 100),
        ("cifar10_cnn", "split", ["test"], 500),
        ("cifar10_open", "split", ["test"], 500),
        ("lenet5_mnist", "training_set", [data.Source(Path("/nonexistent"), stand_in=True)], 0),
    ],
)
def test_programs_that_train_references_read_their_data(offline, slug, reader, given, count):
    """What makes a reference's weights finds pictures and labels."""
    path = ROOT / "reference" / slug / "train.py"
    spec = importlib.util.spec_from_file_location("reference_training", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    images, labels = getattr(module, reader)(offline, *given)
    assert len(images) == len(labels) == (count or 1297 * (1 + module.STAND_IN_COPIES))


def test_the_reference_reads_the_stand_in_as_recorded(offline):
    """record.json tells what its weights do, up to one digit in 500."""
    record = json.loads((REFERENCE / "record.json").read_text())

    assert record["accuracy"]["stand_in_test"] == pytest.approx(
        accuracy_of_the_reference(offline), abs=0.0021
    )
    assert record["accuracy"]["stand_in_test"] >= 0.98


@needs_mnist
def test_the_reference_reads_mnist_as_recorded():
    """At least 98.5 % of the 10,000, and what record.json says."""
    record = json.loads((REFERENCE / "record.json").read_text())

    assert record["accuracy"]["mnist_test"] == pytest.approx(
        accuracy_of_the_reference(REAL), abs=0.0003
    )
    assert record["accuracy"]["mnist_test"] >= 0.985
