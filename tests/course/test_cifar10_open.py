"""The assignment cifar10_open: honest networks of any kind, and what knows the public pictures.

Whoever cheats here knows the stand-in as others know CIFAR-10: all its pictures and labels.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from grader import data
from grader.assignment.course import Course
from grader.grading.cohort import Cohort
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from kit.graded import check, opened
from kit.places import NOWHERE, ROOT

SLUG = "cifar10_open"
REFERENCE = ROOT / "reference" / SLUG
RECORD = json.loads((REFERENCE / "record.json").read_text(encoding="utf-8"))
SOURCE = data.Source(NOWHERE, stand_in=True)


@pytest.fixture(scope="module")
def group(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cohort]:
    """The class, graded on the stand-in."""
    with opened(server, Course(ROOT).load(SLUG), tmp_path_factory.mktemp("open")) as cohort:
        yield cohort


def grade(group: Cohort, code: str, weights: object = None, **more: bytes) -> Graded:
    """What a submission of this code gets; without weights beside those of the reference."""
    stored = io.BytesIO()
    torch.save(weights, stored)
    given = (REFERENCE / "cifar.pt").read_bytes() if weights is None else stored.getvalue()
    files = {"cifar.py": code.encode(), "cifar.pt": given, **more}
    one = group.loaded.assignment.admit(Submission(student="eve", files=files, entry="cifar.py"))
    return group.judge(one, group.executor.measure(one))


def known(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, 0 to 1, and labels as everybody has them."""
    pictures = getattr(data, split)("cifar10", normalised=False)
    return pictures.images.load(0, SOURCE), pictures.labels.reveal(SOURCE)


RIGHT = (REFERENCE / "cifar.py").read_text(encoding="utf-8")
HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"
TABLE = (
    HEAD
    + """
import zlib

LABELS = {labels!r}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 10)
        self.shown = 0

    def forward(self, images):
        numbers = self.find(images)
        return F.one_hot(torch.tensor(numbers), 10).float()
"""
)
BY_ORDER = """
    def find(self, images):
        start = self.shown if len(images) > 12 else 0
        self.shown += len(images)
        return [LABELS[(start + i) % len(LABELS)] for i in range(len(images))]
"""
BY_DIGEST = """
    def find(self, images):
        found = []
        for picture in (images * 255).round().to(torch.uint8):
            for turned in (picture, picture.flip(-1)):
                for y in range(5):
                    for x in range(5):
                        part = turned[:, 2 + y : 26 + y, 2 + x : 26 + x].contiguous().numpy()
                        label = LABELS.get(zlib.crc32(part.tobytes()))
                        if label is not None:
                            break
            found.append(label or 0)
        return found
"""
NEAREST = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Linear(192, ROWS, bias=False)
        self.labels = nn.Linear(ROWS, 10, bias=False)

    def forward(self, images):
        best = None
        for turned in (images, images.flip(-1)):
            for y in (-2, -1, 0, 1, 2):
                for x in (-2, -1, 0, 1, 2):
                    small = F.avg_pool2d(turned.roll((y, x), (2, 3)), 4).flatten(1)
                    small = F.normalize(small - small.mean(1, keepdim=True))
                    alike = self.table(small)
                    best = alike if best is None else torch.maximum(best, alike)
        return self.labels(F.one_hot(best.argmax(1), best.shape[1]).float())
"""


@pytest.mark.process
def test_an_honest_network_of_any_kind_is_marked_by_what_it_reads(group: Cohort) -> None:
    """No convolution, trained here on the stand-in: it gets what it reads, and stands in no doubt."""
    code = HEAD + (
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(3072, 10)\n\n"
        "    def forward(self, x):\n"
        "        return self.fc(x.flatten(1))\n"
    )
    images, labels = (torch.tensor(a) for a in known("train"))
    torch.manual_seed(0)
    net = torch.nn.Linear(3072, 10)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(10):
        for batch in torch.randperm(len(labels)).split(50):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(
                net(images[batch].flatten(1)), labels[batch]
            ).backward()
            optimizer.step()
    graded = grade(group, code, {f"fc.{k}": v for k, v in net.state_dict().items()})
    assert check(graded, "budget").outcome == "passed"
    assert check(graded, "steady_answers").outcome == "passed"
    assert check(graded, "test_accuracy").trust == "evidence"
    assert not graded.needs_review
    assert graded.execution.status == "ok"


@pytest.mark.process
def test_a_table_by_order_reads_nothing(group: Cohort) -> None:
    """It counts what it was shown, and the order is another one."""
    code = TABLE.format(labels=known("test")[1].tolist()) + BY_ORDER
    result = check(grade(group, code, weights()), "test_accuracy")
    assert result.earned == 0


@pytest.mark.proof
@pytest.mark.process
def test_a_table_by_digest_reads_nothing(group: Cohort) -> None:
    """Not even of parts of the pictures, moved and mirrored in every way that the brief names."""
    import zlib

    pictures, labels = known("test")
    pixels = np.rint(pictures * 255).astype(np.uint8)[:, :, 4:28, 4:28]
    digests = {
        zlib.crc32(np.ascontiguousarray(p).tobytes()): int(k)
        for p, k in zip(pixels, labels, strict=True)
    }
    graded = grade(group, TABLE.format(labels=digests) + BY_DIGEST, weights())
    assert check(graded, "test_accuracy").earned == 0


@pytest.mark.proof
@pytest.mark.process
def test_a_table_of_what_pictures_look_like_gains_nothing(group: Cohort) -> None:
    """The nearest of the public test pictures is found in spite of all changes. Such a network is
    lost among training pictures, which no training explains: that counts, and a person looks.
    """
    pictures, labels = (torch.tensor(a) for a in known("test"))
    small = torch.nn.functional.avg_pool2d(pictures, 4).flatten(1)
    rows = torch.nn.functional.normalize(small - small.mean(1, keepdim=True))
    table = {"table.weight": rows, "labels.weight": torch.eye(10)[labels].T.contiguous()}
    graded = grade(group, HEAD + NEAREST.replace("ROWS", str(len(rows))), table)
    result = check(graded, "test_accuracy")
    assert result.needs_review
    assert graded.needs_review
    assert result.earned < 30
    assert "this share counts, and a person will look at how this one was made" in result.feedback


def weights() -> dict[str, torch.Tensor]:
    """Numbers that fit the networks with tables."""
    return {"fc.weight": torch.zeros(10, 2), "fc.bias": torch.zeros(10)}


HIDDEN = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 10)
        self.others = [nn.Linear(3072, 10).requires_grad_(False) for _ in range(20)]

    def forward(self, images):
        found = sum(f(images.flatten(1)) for f in self.others)
        return found + self.fc(images[:, 0, 0, :2]) + torch.tensor(TABLE).sum(0)
"""


@pytest.mark.process
def test_numbers_beside_the_parameters_count_as_well(group: Cohort) -> None:
    """Frozen layers in a plain list, and a tensor that is made of the file's text."""
    few = grade(group, HEAD + "TABLE = [[0.0] * 10] * 2\n" + HIDDEN, weights())
    assert "Your network holds 614,650 numbers" in check(few, "budget").feedback


@pytest.mark.process
def test_files_beyond_the_budget_are_not_run(group: Cohort) -> None:
    """Whoever hides a table in `cifar.pt` finds nothing run; a forgotten data set costs nothing."""
    large = {
        **torch.load(REFERENCE / "cifar.pt", weights_only=True),
        "table": torch.zeros(3_000_000),
    }
    graded = grade(group, RIGHT, large)
    assert graded.execution.status == "size"
    assert graded.score == 0
    assert "`cifar.pt`" in graded.execution.reason
    one = Submission(
        student="ada",
        files={
            "cifar.py": b"x = 1",
            "cifar.pt": b"p",
            "data/cifar-10-python.tar.gz": bytes(20 << 20),
        },
        entry="cifar.py",
    )
    fitting = group.loaded.assignment.admit(one)
    assert sorted(fitting.files) == ["cifar.pt", "cifar.py"]
    assert "was left out" in fitting.notes[0]


def test_the_record_tells_what_the_brief_promises() -> None:
    """Accuracy, size and time of the reference, as its training wrote them."""
    brief = (ROOT / "assignments" / SLUG / "README.md").read_text(encoding="utf-8")
    altered = RECORD["accuracy"]["cifar10_test, altered"]
    assert f"{RECORD['parameters']:,} parameters" in brief
    assert f"{altered:.1%}".replace("%", " %") in brief
    assert f"{RECORD['cpu_seconds'] / 60:.0f} minutes" in brief
    assert len(RECORD["curve"]) == RECORD["epochs"]
    assert altered >= 0.8
    assert RECORD["accuracy"]["stand_in_test, altered"] >= 0.9


needs_cifar10 = pytest.mark.skipif(
    not data.Source().has("cifar10"),
    reason="the real CIFAR-10 is not here: name its folder in GRADER_DATA",
)


@pytest.mark.proof
@needs_cifar10
def test_the_reference_reads_altered_pictures_as_recorded() -> None:
    """1,000 of them, in a draw of its own."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("reference_cifar", REFERENCE / "cifar.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.Net().eval()
    net.load_state_dict(torch.load(REFERENCE / "cifar.pt", weights_only=True))
    pictures = data.test("cifar10", normalised=False, altered=True, limit=1000)
    images = torch.tensor(pictures.images.load(0, data.Source(secret="another")))
    with torch.no_grad():
        labels = pictures.labels.reveal(data.Source(secret="another"))
        share = (net(images).argmax(1).numpy() == labels).mean()
    assert share == pytest.approx(RECORD["accuracy"]["cifar10_test, altered"], abs=0.03)
