"""Released kits: they judge as the course does, hold no secret, and say what they leave to grading."""

from __future__ import annotations

import getpass
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from grader import data
from grader.assignment.course import Course
from grader.assignment.kit import read_kit
from grader.data import Images
from grader.grading import disclosure, gradescope
from grader.grading.cohort import Cohort
from grader.grading.disclosure import trim_script
from grader.grading.release import Release, load_public, plan_files, release
from grader.grading.which_assignment import CHECK_SEED
from grader.inside.schema.questions import QUESTIONS
from grader.ledger.ledger import Ledger
from grader.records.errors import ReferenceFailed, UsageError
from grader.records.result import Graded
from grader.sandbox import ForkServer
from grader.submissions import collect
from kit import golden, secrets
from kit.command_line import CommandLine
from kit.graded import Borrower, check, outcomes, said
from kit.places import GOLDEN, NOWHERE, ROOT
from kit.tiny import POINTS, RIGHT, TANH, WRONG, Tiny, found

pytestmark = pytest.mark.process

DRAWN = 'probe.call("double", data.normal(4))'
FIXED = 'probe.call("double", [1.0, 2.5])'


def drawing(course: Tiny) -> Tiny:
    """The course whose `double` is asked for numbers that are drawn."""
    course.rule(FIXED, DRAWN)
    return course


def released(
    server: ForkServer, root: Path, slug: str = "tiny", student: str | None = None, **options: bool
) -> Release:
    """A kit of the course that lies there."""
    course = Course(root)
    with Borrower(server, load_public(course, slug)) as executor:
        return release(executor, course, student, **options)


def judged(
    server: ForkServer, path: Path, folder: Path, student: str = "you", source: Path = NOWHERE
) -> Graded:
    """What the files in the folder get by the kit at this path, in the session's fork server."""
    kit = read_kit(path)
    loaded = kit.load()
    read = collect.read_one([folder], loaded.asked, student=student)
    submission = loaded.assignment.add_numbers(read)
    with Borrower(server, loaded, seed=kit.seed, lenient=True) as executor:
        executor.source = data.Source(source)
        with Ledger(folder.parent / f"{folder.name}.db") as ledger:
            return Cohort(executor, ledger).judge(submission, executor.measure(submission))


def write(course: Tiny, made: Release, name: str = "kits/tiny.zip") -> Path:
    return course.write(name, made.kit.pack())


# ---------------------------------------------------------------------- as in the course


def test_a_kit_judges_as_the_course_does(server: ForkServer, course: Tiny) -> None:
    """Right and wrong files, and the handout: the same outcomes, points and sentences."""
    drawing(course)
    blank = "import torch\n\n\nclass Tiny(torch.nn.Module):\n    pass\n"
    kit = write(course, released(server, course.root))
    texts = {"right": RIGHT, "tanh": TANH, "wrong": WRONG, "blank": blank, "no": "x ="}
    for name, text in texts.items():
        entry = course.write(f"own/{name}/tiny.py", text)
        seen = judged(server, kit, entry.parent)
        with (
            Borrower(server, course.load(), seed=CHECK_SEED) as executor,
            Ledger(course.root / f"{name}.db") as ledger,
        ):
            read = collect.read_one([entry.parent], executor.loaded.asked, student="you")
            expected = Cohort(executor, ledger).judge(read, executor.measure(read))
        assert outcomes(seen) == outcomes(expected), name
        assert seen.score == expected.score
        assert said(seen) == said(expected)
    assert judged(server, kit, course.root / "own/right").score == POINTS


def test_the_same_kit_twice(server: ForkServer, course: Tiny) -> None:
    """Byte for byte, in another box: whoever releases again changes nothing."""
    drawing(course)
    first, second = (released(server, course.root).kit.pack() for _ in range(2))
    assert first == second


def test_no_reference_is_run(
    server: ForkServer, course: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known by what was measured: nothing of a reference is asked for, or opened."""
    kit = write(course, released(server, drawing(course).root))
    entry = course.write("own/right/tiny.py", RIGHT)

    def refuse(*_: object) -> None:
        raise AssertionError("a reference was measured")

    monkeypatch.setattr(Borrower, "measure_reference", refuse)
    monkeypatch.setattr(Borrower, "_open_reference", refuse)
    assert judged(server, kit, entry.parent).score == POINTS


def test_what_is_asked_for_is_not_in_it(server: ForkServer, course: Tiny) -> None:
    """An answer that no seed changes is the solution: packed where the instructor says so, and told."""
    made = released(server, course.root)
    assert [r.name for r in made.deferred] == ["doubles"]
    assert made.measured == ("layers", "parameters", "outputs")
    wrong = course.write("own/wrong/tiny.py", WRONG).parent
    seen = check(judged(server, write(course, made), wrong), "doubles")
    assert seen.outcome == "deferred"
    assert seen.feedback == "Decided when graded: what is asked for is not in the kit."
    assert "`doubles`, 2 points" in made.kit.files["CHECK.md"].decode()

    made = released(server, course.root, answers=True)
    assert (made.deferred, made.readable) == ((), ("doubled",))
    assert check(judged(server, write(course, made), wrong), "doubles").outcome == "failed"


def test_a_kit_that_would_decide_nothing(server: ForkServer, course: Tiny) -> None:
    """Is not made: the sentence says why, and what to pass."""
    text = (course.root / "assignments/tiny/assignment.py").read_text()
    start, end = text.index("@assignment"), text.index("@assignment.check(points=2)\ndef doubles")
    course.write("assignments/tiny/assignment.py", text[:start] + text[end:])
    with pytest.raises(UsageError, match=r"would decide nothing.*--answers"):
        released(server, course.root)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (RIGHT.replace("2 * n", "time.time_ns() % 9999") + "\nimport time\n", "doubles"),
        (
            RIGHT.replace("return [2", "import os\n    os._exit(3)\n    return [2"),
            "ended the process",
        ),
        (RIGHT.replace("nn.Linear(5, 2)", "nn.Linear(5)"), "shapes"),
    ],
    ids=["differs from itself", "dies", "is wrong"],
)
def test_a_reference_that_fails_here(server: ForkServer, course: Tiny, text: str, why: str) -> None:
    """Nothing is packed where the reference does not earn every point on this machine."""
    course.write("reference/tiny/tiny.py", text)
    with pytest.raises(ReferenceFailed, match="nothing is packed, as the reference itself") as told:
        released(server, course.root)
    assert why in str(told.value)
    assert "Run `grader verify tiny`" in str(told.value)


# ---------------------------------------------------------------------- probe by probe


def test_every_question_is_decided_upon() -> None:
    """A new one is kept back until somebody says what of it may be packed."""
    assert set(disclosure.STRIP) | {"logits", "train"} == set(QUESTIONS)


def test_pictures_are_kept_back_however_deep() -> None:
    """A data set among the arguments of a function is one as well."""
    from grader import probe

    images = data.train("mnist", limit=3)
    for made in (
        probe.call("f", [[images.images]]),
        probe.script("f", images.targets, data.normal(3)),
        probe.module("Net").outputs(images.images),
    ):
        assert disclosure.keep_back(made, answers=True) == disclosure.PICTURES
    assert disclosure.keep_back(probe.live("net").logits(data.normal(2)), answers=True)
    assert disclosure.keep_back(probe.value("x"), answers=False) == disclosure.ANSWER
    assert disclosure.keep_back(probe.value("x"), answers=True) == ""
    assert disclosure.keep_back(probe.call("f", [1, data.normal(3)]), answers=False) == ""


SCRIPT = '''\
"""What is asked."""

import math
from functools import cache

# --- shown

LIMIT = 3
TABLE = {"a": 1}
TABLE["b"] = 2


def shown(student, x):
    return helper(x) + LIMIT


# the hidden check asks for seventeen
@cache
def hidden(student):
    return SECRET


SECRET: int = 17


class Unused:
    pass


# helps
def helper(x):
    return math.sqrt(x)
'''


def test_a_trimmed_script() -> None:
    """What the public checks ask, with all that it needs, and no word about the rest."""
    trimmed = trim_script(SCRIPT, ["shown"])
    namespace: dict[str, object] = {}
    exec(trimmed, namespace)
    assert namespace["shown"](None, 4) == 5  # type: ignore[operator]
    assert namespace["TABLE"] == {"a": 1, "b": 2}
    assert "# helps" in trimmed
    for word in ("seventeen", "SECRET", "Unused", "cache\ndef", "17"):
        assert word not in trimmed
    assert trim_script(SCRIPT, ["shown", "hidden", "Unused"]) == SCRIPT


@pytest.mark.parametrize("slug", Course(ROOT).slugs())
def test_trimmed_scripts_of_the_course(slug: str) -> None:
    """They define what is asked; what only hidden checks ask is gone."""
    course = Course(ROOT)
    whole, public = course.load(slug), load_public(course, slug)
    if not whole.script:
        return
    every, asked = (
        {p.args["name"] for p in of.probes.values() if p.ask == "script"} for of in (whole, public)
    )
    for name in every:
        assert (f"def {name}(" in public.script) == (name in asked), name


# ---------------------------------------------------------------------- secrets

TEXTS = {
    "comment of the reference": "Gorgonzola",
    "docstring of the reference": "Taleggio",
    "name in the reference": "emmentaler",
    "layer of the reference": "sbrinz",
    "value in the reference": "Raclette",
    "line of the reference": "torch.relu(self.sbrinz(",
    "output of the reference": "Tilsiter",
    "helper of the reference": "appenzeller",
    "hidden check": "Parmigiano",
    "hidden name": "camembert_hidden",
    "hidden measuring code": "Roquefort",
    "mistake": "Stilton",
    "sample class": "Cheddar",
    "record of training": "Limburger",
    "folder of the course": "vacherin-course",
}
PLANTED_RULES = '''\
"""Everything that can be measured, of a small network."""

from grader import Assignment, Limits, Measurements, Verdict, compare, data, probe

assignment = Assignment(
    "Everything",
    entry="planted",
    extra_files=["planted.pt"],
    limits=Limits(cpu_seconds=60, memory_mib=4096),
)
x, y = data.normal(3, 1, 28, 28), data.integers(3, below=10)
digits = data.test("mnist", limit=200)
few = data.train("mnist", limit=40)
net = probe.module("Net")
PROBES = {
    "layers": net.layers(x),
    "parameters": net.parameters(x),
    "parameters_train": net.parameters(x, train=True),
    "outputs": net.outputs(x),
    "gradients": net.gradients(x, y),
    "steps": net.steps(x, y),
    "steps_by": net.steps(x, y, by="step"),
    "logits": net.logits(digits.images, weights="planted.pt"),
    "on_noise": net.logits(data.normal(4, 1, 28, 28), weights="planted.pt"),
    "live": probe.live("trained").logits(digits.images),
    "train": net.train("fit", few.images, few.targets, seconds=5, images=digits.images, by_epoch=True),
    "call": probe.call("double", data.normal(5), tensors=True),
    "scores": probe.call("classify", digits.images, tensors=True),
    "constant": probe.call("cheese"),
    "value": probe.value("cheeses"),
    "absent": probe.value("no_such_name"),
    "script": probe.script("summed", x),
    "script_fixed": probe.script("named"),
    "script_pictures": probe.script("told", digits.images),
}


@assignment.check(points=10)
def everything(student: Measurements, reference: Measurements) -> Verdict:
    """All that a kit may hold equals ours."""
    close = [compare.close(student[PROBES[n]], reference[PROBES[n]]) for n in (
        "outputs", "gradients", "steps", "steps_by", "call", "script")]
    close += [compare.shapes(student[PROBES["layers"]], reference[PROBES["layers"]])]
    close += [compare.count(student[PROBES[n]], reference[PROBES[n]])
              for n in ("parameters", "parameters_train")]
    return Verdict(fraction=min(v.fraction for v in close),
                   feedback=" ".join(v.feedback for v in close if v.fraction < 1))


@assignment.check(points=10)
def later(student: Measurements, reference: Measurements) -> Verdict:
    """The rest equals ours when graded."""
    for name in ("logits", "live", "train"):
        verdict = compare.accuracy(student[PROBES[name]], reference[PROBES[name]], digits.labels,
                                   full=-0.01, zero=-0.9)
        if verdict.fraction < 1:
            return verdict
    same = all(student[PROBES[n]].plain == reference[PROBES[n]].plain
               for n in ("constant", "value", "script_fixed"))
    return Verdict(fraction=1.0 if same else 0.0)
'''
PLANTED_HIDDEN = '''\
"""Parmigiano."""

from assignment import assignment, x

from grader import Verdict, probe

camembert_hidden = probe.script("roquefort", x)


@assignment.check(points=5)
def not_shown(student, reference):
    """Parmigiano, and camembert_hidden."""
    return Verdict(fraction=1.0)
'''
PLANTED_PROBES = '''\
"""Measuring code."""


def summed(student, x):
    return [float(v.sum()) for v in x]


# Roquefort is asked for
def roquefort(student, x):
    return "Roquefort"


def named(student):
    return {"cheeses": student["cheeses"], "cheese": student["cheese"]()}


def told(student, pictures):
    return student["classify"](pictures)
'''
PLANTED_REFERENCE = '''\
"""Taleggio."""

import torch
from torch import nn

# Gorgonzola
cheeses = ["Raclette", "appenzeller"]
print("Tilsiter")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat = nn.Flatten()
        self.sbrinz = nn.Linear(784, 12)
        self.drop = nn.Dropout(0.25)
        self.emmentaler = nn.Linear(12, 10)

    def forward(self, x):
        return self.emmentaler(self.drop(torch.relu(self.sbrinz(self.flat(x)))))


def double(emmentaler):
    return 2 * emmentaler


def step(network, optimizer, x, y):
    optimizer.zero_grad()
    nn.functional.cross_entropy(network(x), y).backward()
    optimizer.step()


def fit(network, x, y):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    for _ in range(2):
        step(network, optimizer, x, y)
        yield 0.5


trained = Net()
trained.load_state_dict(torch.load("planted.pt", weights_only=True))
trained.eval()


def classify(pictures):
    with torch.no_grad():
        return trained(torch.as_tensor(pictures, dtype=torch.float32))


def cheese():
    return "Raclette"
'''


def weights() -> dict[str, torch.Tensor]:
    """Those of the reference's trained network."""
    generator = torch.Generator().manual_seed(77)
    shapes = {"sbrinz.weight": (12, 784), "sbrinz.bias": (12,), "emmentaler.weight": (10, 12)}
    shapes["emmentaler.bias"] = (10,)
    return {k: torch.randn(s, generator=generator) for k, s in shapes.items()}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A course in which everything that students must not have is marked."""
    course = Tiny(tmp_path_factory.mktemp("planted") / "vacherin-course")
    home = "assignments/planted"
    course.write(f"{home}/assignment.py", PLANTED_RULES)
    course.write(f"{home}/hidden.py", PLANTED_HIDDEN)
    course.write(f"{home}/probes.py", PLANTED_PROBES)
    course.write(f"{home}/README.md", "# The brief\n")
    course.write(f"{home}/handout/planted.py", "# TODO\n")
    course.write(f"{home}/mistakes/relu/planted.py", '"""Loses: everything\n\nStilton."""\n')
    course.write(f"{home}/mistakes/other.toml", 'why = "Stilton"\nloses = ["everything"]\n')
    course.write(f"{home}/sample/Ada/planted.py", "# Cheddar\n")
    course.write(f"{home}/sample/expected.toml", "[Ada]\n# Cheddar\n")
    course.write("reference/planted/planted.py", PLANTED_REFERENCE)
    course.write("reference/planted/record.json", '{"run": "Limburger"}')
    course.write("reference/planted/train.py", "# Limburger\n")
    saved = io.BytesIO()
    torch.save(weights(), saved)
    course.write("reference/planted/planted.pt", saved.getvalue())
    return course


def numbers_of(planted: Tiny) -> Mapping[str, np.ndarray]:
    """Arrays that students must not have."""
    source = data.Source(NOWHERE, stand_in=True)
    found = {f"weights {k}": v.numpy() for k, v in weights().items()}
    digits = Images(name="mnist", split="test", limit=200)
    labels = data.test("mnist", limit=200).labels.reveal(source)
    network = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 12), torch.nn.ReLU(), torch.nn.Linear(12, 10)
    )
    network.load_state_dict(dict(zip(network.state_dict(), weights().values(), strict=True)))
    scores = network(torch.from_numpy(digits.load(0, source).copy())).detach().numpy()
    return {**found, "labels": labels, "scores": scores, "classes": scores.argmax(1)}


@pytest.fixture(scope="module")
def planted_kit(server: ForkServer, planted: Tiny) -> Release:
    return released(server, planted.root, "planted")


@pytest.mark.proof
def test_a_kit_holds_no_secret(planted: Tiny, planted_kit: Release) -> None:
    """Nothing planted in reference, hidden checks, labels, weights, mistakes and paths is in it, in
    any form; and the search finds all of it in the course.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(planted.root.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(planted.root.parent))
        for name, array in numbers_of(planted).items():
            raw = io.BytesIO()
            np.save(raw, array)
            archive.writestr(f"{name}.npy", raw.getvalue())
    numbers = numbers_of(planted)
    assert secrets.find(whole.getvalue(), TEXTS, numbers) == {*TEXTS, *numbers}

    packed = planted_kit.kit.pack()
    user = {"user": f'"{getpass.getuser()}"', "home": f"{Path.home()}/", "place": str(planted.root)}
    assert secrets.find(packed, {**TEXTS, **user}, numbers) == set()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {n.partition("/")[0] for n in archive.namelist()} == {
            "CHECK.md", "README.md", "assignment.py", "handout", "kit.json",
            "measurements.json", "measurements.npz", "probes.py",
        }  # fmt: skip


@pytest.mark.proof
def test_what_of_everything_is_packed(planted_kit: Release) -> None:
    """Probe by probe; and the measurements are there, so that the search searched something."""
    assert [n.removeprefix("PROBES.") for n in planted_kit.measured] == [
        "layers", "parameters", "parameters_train", "outputs", "gradients", "steps", "steps_by",
        "call", "script",
    ]  # fmt: skip
    assert [r.name for r in planted_kit.deferred] == ["later"]
    assert planted_kit.kit.hidden
    with zipfile.ZipFile(io.BytesIO(planted_kit.kit.files["measurements.npz"])) as arrays:
        assert len(arrays.namelist()) > 20


@pytest.mark.proof
@pytest.mark.parametrize("form", ["<f4", "<f8"])
def test_the_search_finds_weights_in_a_measurement(planted_kit: Release, form: str) -> None:
    """One array of the reference among the measurements, and it is found: in either precision."""
    numbers = {k: v.numpy() for k, v in weights().items()}
    blob = io.BytesIO()
    np.savez(blob, **{"0": numbers["sbrinz.weight"].astype(form)})
    kit = planted_kit.kit
    kit = replace(kit, files={**kit.files, "measurements.npz": blob.getvalue()})
    assert secrets.find(kit.pack(), {}, numbers) == {"sbrinz.weight"}


@pytest.mark.proof
def test_answers_hold_no_more_than_answers(server: ForkServer, planted: Tiny) -> None:
    """With --answers, weights, labels, code and hidden checks stay where they are."""
    made = released(server, planted.root, "planted", answers=True)
    found = secrets.find(made.kit.pack(), TEXTS, numbers_of(planted))
    assert found == {"value in the reference", "helper of the reference"}  # the answers
    assert [n.removeprefix("PROBES.") for n in made.readable] == [
        "constant", "value", "script_fixed"
    ]  # fmt: skip


# ---------------------------------------------------------------------- personal numbers

PERSONAL = '''
@assignment.personal(seed=5)
def drawn(rng):
    return {"factor": int(rng.randint(2, 1000))}


scaled = probe.call("scale", data.normal(4))


@assignment.check(points=3)
def scales(student: Measurements, reference: Measurements) -> Verdict:
    """`scale` multiplies by your factor."""
    return compare.close(student[scaled], reference[scaled])
'''
SCALE = "\n\ndef scale(x):\n    return {} * x\n"
READS = "\nimport json\n\nNUMBERS = json.load(open('numbers.json'))\n" + SCALE.format(
    "NUMBERS['factor']"
)


@pytest.fixture
def personal(course: Tiny) -> Tiny:
    """A course in which each student has a factor of her own."""
    drawing(course)
    path = course.root / "assignments/tiny/assignment.py"
    path.write_text(path.read_text() + PERSONAL)
    course.write("reference/tiny/tiny.py", RIGHT + READS)
    course.write("assignments/tiny/handout/tiny.py", "FACTOR = {{ factor }}  # of {{ student }}\n")
    return course


def test_each_student_has_a_kit(server: ForkServer, personal: Tiny) -> None:
    """With the numbers, the handout and the measurements of that student; another's do not fit."""
    kits = {n: released(server, personal.root, student=n).kit for n in ("Ada", "Benedikt")}
    files = plan_files(personal.root / "kits", list(kits.values()))
    assert {f: set(c) for f, c in files.items()} == {
        personal.root / "kits": {"Ada.zip", "Benedikt.zip"}
    }
    factors = {n: personal.load().assignment.numbers(n)["factor"] for n in kits}  # type: ignore[index]
    assert factors["Ada"] != factors["Benedikt"]
    assert kits["Ada"].files["handout/tiny.py"] == f"FACTOR = {factors['Ada']}  # of ada\n".encode()
    assert f'"factor": {factors["Ada"]}' in kits["Ada"].files["numbers.json"].decode()
    assert kits["Ada"].files["measurements.npz"] != kits["Benedikt"].files["measurements.npz"]
    assert "those of Ada" in kits["Ada"].files["CHECK.md"].decode()
    path = personal.write("Ada.zip", kits["Ada"].pack())
    for name, outcome in (("Ada", "passed"), ("Benedikt", "failed")):
        own = personal.write(f"own/{name}/tiny.py", RIGHT + SCALE.format(factors[name])).parent
        assert check(judged(server, path, own, student="Ada"), "scales").outcome == outcome
    assert (
        secrets.find(kits["Ada"].pack(), {"capitals": "Benedikt", "small": "benedikt"}, {}) == set()
    )


@pytest.mark.proof
def test_a_kit_is_checked_with_by_its_student(
    call: CommandLine, server: ForkServer, personal: Tiny
) -> None:
    """Nobody has to be named; another name is refused."""
    kit = personal.write("away/Ada.zip", released(server, personal.root, student="Ada").kit.pack())
    own = personal.write("away/tiny.py", RIGHT + READS)
    done = call("check", own)
    assert done.code == 0, done.out + done.err
    assert re.search(r"✓ scales +3 / 3", done.out)
    assert "15 of 15 points" in done.out
    assert call("check", own, "--student", " ada ").code == 0
    sentence = call("check", own, "--student", "Ben").sentence
    assert f"the kit {kit} is that of Ada, not of Ben" in sentence


# ---------------------------------------------------------------------- on the command line


@pytest.mark.proof
def test_release(call: CommandLine, course: Tiny) -> None:
    """What is packed is listed; without a place nothing is written; nothing is overwritten."""
    course.write("assignments/tiny/hidden.py", "from assignment import assignment\n")
    words = ("release", "tiny", "--course", course.root)
    done = call(*words)
    assert done.code == 0, done.err
    assert "Measured on the reference: layers, parameters, outputs." in done.out
    assert "Left out for doubles (2 points). Decided when graded" in done.out
    assert "10 of 12 points of the public checks; there are hidden checks" in done.out
    assert "Nothing was written" in done.out
    assert not list(course.root.rglob("*.zip"))
    out = course.root / "kits/tiny.zip"
    assert call(*words, "-o", out).out.strip().endswith(str(out))
    assert read_kit(out).hidden
    first = out.read_bytes()
    assert "newly written: 0 of 1" in call(*words, "-o", out).out
    sentence = call(*words, "-o", out, "--answers").sentence
    assert "would be overwritten; nothing was written" in sentence
    assert out.read_bytes() == first


def test_release_for_the_wrong_people(call: CommandLine, course: Tiny, personal: Tiny) -> None:
    """Names where numbers are the same for all, and none where they are not."""
    assert (
        "Name students, or a --roster" in call("release", "tiny", "--course", course.root).sentence
    )
    shared = found(course.root / "shared")
    words = ("release", "tiny", "Ada", "--course", shared.root)
    assert "is the same for everybody" in call(*words).sentence


@pytest.mark.proof
def test_release_of_a_roster(call: CommandLine, personal: Tiny) -> None:
    """A zip for each line, named as `handout` names folders."""
    roster = personal.write("roster.txt", "Ada\nÉva Nagy\n\nAda\n")
    out = personal.root / "kits"
    done = call("release", "tiny", "--roster", roster, "--course", personal.root, "-o", out)
    assert done.code == 0, done.err
    assert "newly written: 2 of 2" in done.out
    assert {read_kit(p).student for p in out.iterdir()} == {"Ada", "Éva Nagy"}
    assert all(re.fullmatch(r"[\w-]+\.zip", p.name) for p in out.iterdir())


@pytest.fixture
def packed(server: ForkServer, course: Tiny) -> Path:
    """The folder of a student, out of reach of the course, with a kit of `tiny` in it."""
    course.write("assignments/tiny/hidden.py", "from assignment import assignment\n")
    kit = released(server, drawing(course).root).kit
    folder = course.root.parent / "student"
    folder.mkdir()
    (folder / "tiny-kit.zip").write_bytes(kit.pack())
    (folder / "tiny.py").write_text(RIGHT)
    return folder


@pytest.mark.proof
def test_check_with_the_kit_that_lies_there(
    call: CommandLine, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the file, above it, or unpacked; never is it said that all is well."""
    monkeypatch.chdir(packed)
    with zipfile.ZipFile("tiny-kit.zip") as archive:
        archive.extractall("open")
    below = packed / "open/mine/tiny.py"
    below.parent.mkdir()
    below.write_text(RIGHT)
    for path in ("tiny.py", below):
        done = call("check", path)
        assert done.code == 0, done.err
        assert "Judged by the kit" in done.out
        ending = done.out.strip().splitlines()[-2:]
        assert ending[0].startswith("12 of 12 points of the public checks")
        assert ending[1] == "Your instructor's checks that are not shown come on top."
    (packed / "tiny.py").write_text(TANH)
    done = call("check", "tiny.py")
    assert done.code == 1
    assert re.search(r"✗ values +0 / 4", done.out)


@pytest.mark.proof
def test_which_kit_or_course(
    call: CommandLine, packed: Path, course: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--kit, --course, a kit in reach, a course in reach; two kits are one too many."""
    inside = course.write("work/tiny.py", RIGHT).parent
    monkeypatch.chdir(inside)
    assert "Judged by" not in call("check", "tiny.py").out
    kit = packed / "tiny-kit.zip"
    assert f"Judged by the kit {kit}" in call("check", "tiny.py", "--kit", kit).out
    (inside / "near.zip").write_bytes(kit.read_bytes())
    assert "near.zip" in call("check", "tiny.py").out
    assert "Judged by" not in call("check", "tiny.py", "--course", course.root).out
    words = ("check", "tiny.py", "--kit", kit)
    assert "Judged by the kit" in call(*words, "--course", course.root).out
    other = read_kit(kit)
    files = {**other.files, "assignment.py": other.files["assignment.py"] + b"# other\n"}
    (inside / "other.zip").write_bytes(replace(other, files=files).pack())
    sentence = call("check", "tiny.py").sentence
    assert "near.zip" in sentence
    assert "Name one of them with --kit" in sentence


@pytest.mark.proof
def test_a_kit_for_another_file(
    call: CommandLine, packed: Path, course: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kit of something else does not judge; for a file that is called otherwise, the only kit
    does, where there is no course.
    """
    monkeypatch.chdir(packed)
    (packed / "tiny.py").rename(packed / "tiny (1).py")
    done = call("check", "tiny (1).py")
    assert done.code == 0, done.out + done.err
    assert "Judged by the kit" in done.out
    inside = course.write("work/other.py", RIGHT).parent
    (inside / "near.zip").write_bytes((packed / "tiny-kit.zip").read_bytes())
    monkeypatch.chdir(inside)
    assert "no assignment asks for a file called other" in call("check", "other.py").sentence
    assert (
        "tiny, not of tony" in call("check", "other.py", "--kit", "near.zip", "-a", "tony").sentence
    )


@pytest.mark.proof
def test_a_kit_unpacked_beside_a_file_of_any_name(
    call: CommandLine, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a desktop unpacks it, into a folder of its own; the only one, so it is the one meant."""
    kit = packed / "tiny-kit.zip"
    with zipfile.ZipFile(kit) as archive:
        archive.extractall(packed / "tiny-kit")
    kit.unlink()
    (packed / "tiny.py").rename(packed / "mine.py")
    monkeypatch.chdir(packed)
    done = call("check", "mine.py")
    assert done.code == 0, done.out + done.err
    assert f"Judged by the kit {packed / 'tiny-kit'}." in done.out
    packed.chmod(0o777)  # where anybody may put one, none is looked for
    assert "no assignment that asks for a file called mine" in call("check", "mine.py").sentence
    assert "there is no file theirs.py" in call("check", "theirs.py").sentence


@pytest.mark.proof
def test_a_kit_has_its_seed(call: CommandLine, packed: Path) -> None:
    """Measurements under one seed say nothing about another."""
    words = ("check", packed / "tiny.py", "--seed")
    assert "belong to the seed 1. Leave out --seed" in call(*words, 2).sentence
    assert call(*words, 1).code == 0


@pytest.mark.proof
def test_other_versions_are_told(call: CommandLine, packed: Path) -> None:
    """One line, which says that it is no fault; the build makes no difference."""
    path = packed / "tiny-kit.zip"
    kit = read_kit(path)
    here = torch.__version__.partition("+")[0]
    for version, told in (("2.4.0", True), (f"{here}+cu130", False)):
        # What is read is not all of the kit, but all that is needed here.
        path.write_bytes(replace(kit, versions={**kit.versions, "torch": version}).pack())
        done = call("check", packed / "tiny.py")
        assert done.code == 0, done.err
        line = f"It was measured with torch {version}; here is torch {here}. That is no fault"
        assert (line in done.out) == told


def test_a_broken_kit(call: CommandLine, packed: Path) -> None:
    """One sentence, exit 2."""
    path = packed / "broken.zip"
    path.write_bytes((packed / "tiny-kit.zip").read_bytes()[:-40])
    assert "damaged or no zip" in call("check", packed / "tiny.py", "--kit", path).sentence


# ---------------------------------------------------------------------- what a kit lists


def test_the_names_in_a_kit_stay_the_same(
    server: ForkServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Of the demonstration's assignment: whoever packs more means to."""
    made = released(server, ROOT, "lenet5_mnist")
    with zipfile.ZipFile(io.BytesIO(made.kit.pack())) as archive:
        listing = "".join(f"{name}\n" for name in sorted(archive.namelist()))
    path = tmp_path / "kit.txt"
    path.write_text(listing)
    if request.config.getoption("--update-golden"):
        golden.write(path, GOLDEN / path.name)
    assert not (told := golden.difference(path, GOLDEN / path.name)), told


def test_an_autograder_holds_no_names_of_students(tmp_path: Path) -> None:
    """Nor mistakes: what is needed there is what judges."""
    course = found(tmp_path / "course")
    course.write("assignments/tiny/due.toml", "due = 2026-03-01T10:00:00Z\n")
    course.write("assignments/tiny/mistakes/one/tiny.py", "x = 1\n")
    held = gradescope._list_course(Course(course.root), "tiny")
    assert sorted(held) == [
        "course/assignments/tiny/assignment.py",
        "course/reference/tiny/tiny.py",
    ]
