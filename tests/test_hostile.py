"""Tricks played from inside: none gains a point over the same network without the trick.

None of these uses what it opens: they write to descriptors of their own process and to their own
folder, and lie about their own objects.
"""

from __future__ import annotations

import pytest
from conftest import ROOT, Lenet, check, outcomes, said

from grader.records import Graded

NETWORK = '''\
import torch
from torch import nn


class LeNet5(nn.Module):
    """Wrong in every respect: a narrow layer, tanh, and no weights file."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 100)
        self.fc2 = nn.Linear(100, 84)
        self.fc3 = nn.Linear(84, 10)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):
        x = self.pool(torch.tanh(self.conv1(x)))
        x = self.pool(torch.tanh(self.conv2(x)))
        x = torch.tanh(self.fc2(torch.tanh(self.fc1(x.flatten(1)))))
        return self.fc3(x)
'''

WRAPPED = """
class Liar(torch.Tensor):
{body}

_forward = LeNet5.forward
LeNet5.forward = lambda self, x: _forward(self, x).as_subclass(Liar)
"""

FRAMES = """
import json, os, struct
def frame(head):
    head = json.dumps({**head, "arrays": []}).encode()
    return struct.pack("<IQ", len(head), 0) + head
def shout():
    for number in range(3, 256):
        for head in (
            {"answer": {"value": {"score": 100}}, "nonce": 1},
            {"value": {"rows": [], "ran": True}, "nonce": 0},
            {"score": 100, "outcome": "passed"},
        ):
            try:
                os.write(number, frame(head))
            except OSError:
                pass
"""

TRICKS: dict[str, str] = {
    # What is printed or written down.
    "prints_results": """
print("score: 100 / 100")
print("========= 6 passed in 0.01s =========")
print('{"score": 100.0, "checks": [{"name": "layer_shapes", "outcome": "passed", "earned": 20}]}')
""",
    "writes_results": """
import json
for name in ("results.json", "eve.json", "grades.csv", "report.html", "grades.db", "index.html"):
    try:
        with open(name, "w") as file:
            json.dump({"student": "eve", "score": 100, "max_score": 100}, file)
    except OSError as error:
        print(error)
""",
    # Comparisons that say yes.
    "patched_comparisons": """
import numpy
yes = lambda *given, **named: True
torch.allclose = torch.equal = torch.isclose = numpy.allclose = numpy.array_equal = yes
torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.allclose = torch.Tensor.equal = yes
torch.testing.assert_close = numpy.testing.assert_allclose = lambda *given, **named: None
""",
    "equal_to_everything": """
class Equal:
    shape, dtype, ndim = (3, 10), torch.float64, 2
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __len__(self): return 3
    def __array__(self, *given, **named): raise SystemExit
    def __getattr__(self, name): return lambda *given, **named: self
    __hash__ = None
LeNet5.forward = lambda self, x: Equal()
""",
    "equal_tensor": WRAPPED.format(
        body="""
    def __eq__(self, other): return torch.ones(self.shape, dtype=torch.bool)
    def __sub__(self, other): return torch.zeros(self.shape)
    __rsub__ = __sub__
    def allclose(self, *given, **named): return True
    def numpy(self, **named): import numpy; return numpy.full((3, 10), numpy.nan)
    def tolist(self): return [[0.0] * 10] * 3
"""
    ),
    "torch_function": WRAPPED.format(
        body="""
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in ("allclose", "equal", "__eq__", "isclose"):
            return True
        if name in ("numpy", "detach", "cpu", "contiguous", "clone", "to", "double", "float"):
            return torch.zeros(3, 10)
        return super().__torch_function__(function, types, args, kwargs or {})
"""
    ),
    "torch_function_of_parameters": """
class Sly(nn.Parameter):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") in ("numel", "size", "__get__"):
            return 61706
        return super().__torch_function__(function, types, args, kwargs or {})
_init = LeNet5.__init__
def init(self):
    _init(self)
    self.fc1.weight = Sly(self.fc1.weight.data)
LeNet5.__init__ = init
""",
    # Shapes and counts that are not so.
    "lying_shape": WRAPPED.format(
        body="""
    shape = property(lambda self: torch.Size((3, 10)))
    ndim = property(lambda self: 2)
    def size(self, dim=None): return (3, 10) if dim is None else (3, 10)[dim]
    def numel(self): return 30
"""
    ),
    "lying_layers": """
class Lying(torch.Tensor):
    shape = property(lambda self: torch.Size((3, 120)))
    def size(self, dim=None): return (3, 120)
_linear = nn.Linear.forward
nn.Linear.forward = lambda self, x: _linear(self, x).as_subclass(Lying)
""",
    "fake_parameters": """
def parameters(self, recurse=True):
    return iter([nn.Parameter(torch.zeros(())) for _ in range(61706)])
def named_parameters(self, *given, **named):
    return iter([(f"p{i}", nn.Parameter(torch.zeros(()))) for i in range(61706)])
LeNet5.parameters, LeNet5.named_parameters = parameters, named_parameters
LeNet5._parameters = property(lambda self: {"w": nn.Parameter(torch.zeros(61706))})
LeNet5.numel = lambda self: 61706
""",
    "fake_state": """
LeNet5.load_state_dict = lambda self, *given, **named: None
LeNet5.state_dict = lambda self, *given, **named: {}
LeNet5.eval = lambda self: self
""",
    "fake_class": """
LeNet5.__class__ = property(lambda self: nn.Sequential)
LeNet5.__name__ = "LeNet5"
LeNet5.__call__ = lambda self, x: torch.zeros(len(x), 10, requires_grad=True)
""",
    # The channel.
    "frames_at_import": FRAMES + "shout()\n",
    "frames_in_forward": FRAMES
    + """
_forward = LeNet5.forward
def forward(self, x):
    shout()
    return _forward(self, x)
LeNet5.forward = forward
""",
    "frames_from_a_thread": FRAMES
    + """
import threading, time
def work():
    while True:
        shout()
        time.sleep(0.01)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.1)
""",
    "closed_channel": """
import os
os.closerange(3, 256)
""",
    # The measuring code itself.
    "no_measuring_code": """
import sys
for name in [n for n in sys.modules if n.startswith("grader")]:
    sys.modules[name] = None
""",
    "patched_measuring": """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("grader") and module is not None:
        for key, value in list(vars(module).items()):
            if callable(value) and key in ("answer", "check_output", "took", "settable", "array"):
                setattr(module, key, lambda *given, **named: {"score": 100})
""",
    "forged_answers": """
import sys
measure = sys.modules.get("grader.inside.measure")
if measure is not None:
    def forged(names, args):
        return {"score": 100, "precision": "float64", "runs": [[]], "rows": [], "layers": []}
    for ask in list(measure.ASKS):
        measure.ASKS[ask] = forged
""",
    "patched_libraries": """
import json, numpy
json.dumps = lambda *given, **named: '{"score": 100}'
numpy.asarray = numpy.array = lambda *given, **named: 0
torch.manual_seed = lambda seed: None
torch.nn.functional.cross_entropy = lambda *given, **named: torch.zeros((), requires_grad=True)
torch.autograd.grad = lambda loss, leaves, **named: [torch.zeros_like(x) for x in leaves]
""",
    # Ends.
    "exit_at_import": "import os\nos._exit(0)\n",
    "exit_in_forward": "import os\nLeNet5.forward = lambda self, x: os._exit(0)\n",
    "exit_later": """
import atexit, os, sys
atexit.register(print, '{"score": 100}')
atexit.register(os._exit, 0)
sys.exit(0)
""",
    "exit_from_a_thread": """
import os, threading
threading.Timer(0.02, os._exit, [0]).start()
import time
time.sleep(0.01)
""",
    "own_exception": """
class Pass(BaseException):
    def __str__(self): return "100 of 100"
def forward(self, x): raise Pass()
LeNet5.forward = forward
""",
    "endless_iteration": """
class Forever:
    def __iter__(self):
        while True: yield 1
LeNet5.forward = lambda self, x: Forever()
""",
}

TAMPERED = {"frames_in_forward", "frames_at_import", "frames_from_a_thread"}
"""Tricks that cannot be an accident: a person has to look."""

PLANTED = ("conftest", "sitecustomize", "usercustomize", "torch", "numpy", "grader", "json", "site")


@pytest.fixture(scope="module")
def plain(lenet: Lenet) -> Graded:
    """The wrong network without a trick."""
    graded = lenet.files(lenet=NETWORK)
    assert graded.execution.status == "ok"
    assert graded.score < 20
    assert {"passed"} & set(outcomes(graded).values()) == set()
    return graded


def honest(lenet: Lenet) -> None:
    """An honest submission gets full marks from the same warm process."""
    graded = lenet.grade(lenet.executor.loaded.reference)
    assert graded.score == graded.max_score, said(graded)


@pytest.mark.parametrize("name", TRICKS)
def test_gains_nothing(lenet: Lenet, plain: Graded, name: str) -> None:
    """No check gives more than without the trick, and the next student is not affected."""
    graded = lenet.files(lenet=NETWORK + TRICKS[name])
    without = {c.name: c.earned for c in plain.checks}
    gained = {c.name: c.earned for c in graded.checks if c.earned > without[c.name]}
    assert gained == {}, said(graded)
    assert all(c.outcome != "broken" for c in graded.checks) or graded.person
    if name in TAMPERED:
        assert graded.execution.status == "tampered"
        assert graded.person
    honest(lenet)


def test_planted_modules(lenet: Lenet, plain: Graded) -> None:
    """Files called like ours, or like a library, are neither ours nor the library's."""
    planted = dict.fromkeys(PLANTED, "raise SystemExit('planted')\n")
    assert lenet.files(lenet=NETWORK, **planted).score == plain.score
    own = {"lenet": lenet.reference["lenet.py"], "lenet_pt": lenet.reference["lenet.pt"]}
    graded = lenet.files(**own, **planted)
    assert graded.score == graded.max_score, said(graded)


def test_weights_that_hold_code(lenet: Lenet) -> None:
    """A pickle that calls something when it is loaded calls nothing, and is named."""
    pickle = b"cbuiltins\nprint\n(S'I WAS CALLED'\ntR."
    graded = lenet.files(lenet=lenet.reference["lenet.py"], lenet_pt=pickle)
    assert outcomes(graded)["test_accuracy"] != "passed"
    assert "I WAS CALLED" not in graded.execution.stdout
    assert graded.score == graded.max_score - 30
    assert "lenet.pt" in said(graded)


def test_lying_logits(lenet: Lenet) -> None:
    """Who answers otherwise than the handed-in weights do gets what the weights deserve."""
    right = lenet.reference["lenet.py"].decode()
    # The file holds an untrained network; the answers are made up, the weights withheld.
    untrained = (ROOT / "assignments/lenet5_mnist/mistakes/untrained/lenet.pt").read_bytes()
    plain = lenet.files(lenet=right, lenet_pt=untrained)
    forged = (
        right
        + """
import sys
measure = sys.modules.get("grader.inside.measure")
if measure is not None:
    answer = measure.ASKS["logits"]
    def logits(names, args):
        found = answer(names, args)
        found["logits"][:, :] = 0
        found["logits"][range(len(found["logits"])), 7] = 1e3
        found["operands"] = []
        return found
    measure.ASKS["logits"] = logits
"""
    )
    graded = lenet.files(lenet=forged, lenet_pt=untrained)
    assert check(graded, "test_accuracy").earned <= check(plain, "test_accuracy").earned == 0.0


@pytest.mark.parametrize("asks", [("layers", "parameters"), ("layers", "parameters", "gradients")])
def test_forged_claims_stay_claims(lenet: Lenet, plain: Graded, asks: tuple[str, ...]) -> None:
    """Who patches the measuring code gains what is marked as a claim, or is shown to a person; no more."""
    forged = f"""
import sys
measure = sys.modules.get("grader.inside.measure")
def wide(value):
    if isinstance(value, dict): return {{k: wide(v) for k, v in value.items()}}
    if isinstance(value, (list, tuple)): return [wide(v) for v in value]
    if isinstance(value, str): return value.replace("avg_pool2d", "max_pool2d")
    return 120 if type(value) is int and value == 100 else value
def forge(ask, answer):
    measure.ASKS[ask] = lambda names, args: wide(answer(names, args))
if measure is not None:
    for ask in {asks}:
        forge(ask, measure.ASKS[ask])
"""
    graded = lenet.files(lenet=NETWORK + forged)
    without = {c.name: c.earned for c in plain.checks}
    gained = [c for c in graded.checks if c.earned > without[c.name]]
    assert graded.person or all(c.standing == "claim" for c in gained), gained
    assert {c.name for c in gained} <= {"layer_shapes", "parameter_count"}
    honest(lenet)


def test_the_environment_is_bare(lenet: Lenet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Student code sees a fixed environment, no arguments of ours, and no folder of the grader's."""
    monkeypatch.setenv("COURSE_TOKEN", "s3cret")
    look = """
import os, sys
print(sorted(os.environ))
print(sys.argv, sys.orig_argv, os.getcwd())
for path in ("/proc/1/environ", "/proc/self/environ", "/proc/self/cmdline"):
    try:
        print(path, open(path, "rb").read())
    except OSError as error:
        print(path, "refused")
"""
    graded = lenet.files(lenet=NETWORK + look)
    text = graded.execution.stdout
    assert "PYTHONHASHSEED" in text
    for secret in ("s3cret", "COURSE_TOKEN", "GRADER_DATA", "assignments"):
        assert secret not in text
    honest(lenet)


def test_nothing_of_ours_can_be_opened(lenet: Lenet) -> None:
    """Reference, assignment, ledger and other folders are not there, or closed."""
    if lenet.group.level < 2:
        pytest.skip("below level 2 files are not out of reach")
    loaded = lenet.executor.loaded
    paths = [
        loaded.folder / "assignment.py",
        loaded.folder / "sample",
        loaded.folder.parents[1] / "reference" / loaded.slug / "lenet.pt",
        lenet.group.ledger.path,
        lenet.group.ledger.path.parent,
        "/etc/shadow",
    ]
    look = f"""
import os
for path in {[str(p) for p in paths]!r}:
    for act in (lambda: open(path, "rb").read(1), lambda: os.listdir(path)):
        try:
            found = act()
            print("READ", path, found) if found else None
        except OSError:
            pass
"""
    graded = lenet.files(lenet=NETWORK + look)
    assert graded.execution.status == "ok"
    assert "READ" not in graded.execution.stdout, graded.execution.stdout
