"""What is taken of a file that is not run whole: definitions, what can be read, blanks."""

from __future__ import annotations

import ast
import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader import Assignment
from grader.inside.loading import blanks, definitions, margins, recovery
from grader.records.errors import CourseError
from kit.graded import Grading, outcomes, said
from kit.places import ROOT
from kit.tiny import Tiny


def taken(source: str) -> str:
    """What of a source is run, where definitions only are taken."""
    body = definitions.Selection().choose(ast.parse(source), source, "cell 1")
    return "\n".join(map(ast.unparse, body))


def taken_of_stopped(source: str, *, bare: bool) -> list[str]:
    """What of a source is run that had to be stopped before."""
    selection = definitions.Selection("as it had to be stopped")
    selection.bare = bare
    body = selection.choose(ast.parse(source), source, "cell 1")
    return [ast.unparse(s).partition("\n")[0] for s in body]


# ---------------------------------------------------------------------- definitions

KEPT = """
import torch
from torch import nn as layers
from math import *
x = 3
x: int = 4
x: int
x += len('abc')
A, (B, *C) = 1, (2, 3)
SIZES = [2 ** n for n in range(4)]
NAMES = tuple(str(n) for n in range(10))
WORDS = 'a b c'.split()
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
loss = layers.CrossEntropyLoss()
Linear = layers.Linear
one = Linear(1, 2)
steps = transforms.Compose([transforms.ToTensor()])
grid = np.zeros((3, 4))
square = lambda n: fetch(n)
torch.manual_seed(0)
torch.backends.cudnn.deterministic = True

@wrapped
def f(n=3):
    return n

async def g():
    pass

class Net(layers.Module):
    pass
try:
    import tqdm
except ImportError:
    tqdm = None
if torch.cuda.is_available():
    batch = 256
else:
    batch = 32
with torch.no_grad():
    zeros = torch.zeros(3)
"""


def test_definitions_and_constants_are_taken() -> None:
    """Each statement of a list of those that are, as it stands."""
    for statement in ast.parse(KEPT).body:
        text = ast.unparse(statement)
        assert statement in definitions.Selection().choose(
            ast.parse("import torch\nfrom torch import nn as layers\nLinear = layers.Linear"),
            "",
            "",
        ) or taken(
            f"import torch\nfrom torch import nn as layers\nLinear = layers.Linear\n{text}"
        ).endswith(text)


SKIPPED = """
print('x')
net = Net()
net = Net().to(device)
optimizer = optim.SGD(net.parameters(), lr=0.1)
digits = datasets.MNIST('data', download=True)
loader = torch.utils.data.DataLoader(digits)
losses = train(net)
x = lines[open('a').read()]
x += fetch()
x: int = fetch()
text = open('a').read()
start = time.time()
x = await fetch()
del x
assert x
for n in range(3):
    x = n
while True:
    pass
if fetch():
    x = 1
if __name__ == '__main__':
    x = 1
try:
    x = fetch()
except OSError:
    x = 1
with open('a') as file:
    x = 1
plt.figure()
os.system('ls')
data = [row for row in fetch()]
torch.manual_seed(fetch())
'text'
"""


@pytest.mark.parametrize("text", [ast.unparse(s) for s in ast.parse(SKIPPED).body])
def test_everything_else_is_skipped(text: str) -> None:
    """Calls of what is not known to be quick, loops, branches of which a part would be skipped."""
    assert taken(text) == ""


def test_what_rests_on_something_skipped_is_skipped() -> None:
    """So a constant is never made of a name that is missing; what is defined later is there."""
    source = "a = fetch()\nb = a[0]\nc = [b, 1]\nc.x = 1\na = 1\nd = a + 1\nb += 1\nb = 2\nb += 1"
    assert taken(source).splitlines() == ["a = 1", "d = a + 1", "b = 2", "b += 1"]
    assert taken("x = 1\nx = fetch()\ny = x") == "x = 1"
    assert taken("x = fetch()\nf = lambda: x") == "f = lambda: x"
    assert taken("x = fetch()\ny = [x for x in (1, 2)]") == "y = [x for x in (1, 2)]"


def test_a_name_of_the_students_own_is_not_the_librarys() -> None:
    """`len`, `nn` and `transforms` may be functions that train."""
    assert taken("def len(x):\n    return train(x)\nn = len(3)").endswith("train(x)")
    assert taken("import nn\nx = nn.Linear(3)") == "import nn"
    assert taken("import shutil\nx = shutil.copy('a', 'b')") == "import shutil"


def test_prints_in_a_branch_are_left_out() -> None:
    """An `if` that sets a constant and says so sets the constant."""
    source = "import torch\nif torch.cuda.is_available():\n    d = 'cuda'\n    print(d)\nelse:\n    d = 'cpu'"
    assert taken(source) == source.replace("\n    print(d)", "")
    assert taken("if x:\n    print(x)") == ""


def test_the_reason_names_cell_line_and_text() -> None:
    """As long as nothing defines the name."""
    selection = definitions.Selection()
    source = "x = 1\n\nif x:\n    net = train(3)  # long\n"
    selection.choose(ast.parse(source), source, "cell 5")
    assert selection.explain("net") == (
        "cell 5, line 4 (`net = train(3)  # long`) was not run, since this assignment takes "
        "definitions only"
    )
    assert selection.explain("x") == selection.explain(None) == ""
    assert selection.passed_over
    selection.choose(ast.parse("net = None"), "net = None", "cell 6")
    assert selection.explain("net") == ""


def test_lines_keep_their_numbers() -> None:
    """What is left out leaves the rest where it is."""
    source = "print(1)\n\n\ndef f():\n    return 3\n"
    (made,) = definitions.Selection().choose(ast.parse(source), source, "cell 1")
    assert made.lineno == 4


def test_magics_around_python_are_taken_off() -> None:
    """`%%time` and `%%capture` leave an empty comment; other magics stay what they are."""
    assert definitions.unwrap("%%time\nx = 1") == "#\nx = 1"
    assert definitions.unwrap("\n\n%%capture out --no-stderr\nx = 1") == "\n\n#\nx = 1"
    for other in ("%%bash\nls", "%time x", "x = '%%time'", "%%timeit\nx", "", "%%timer"):
        assert definitions.unwrap(other) == other


@pytest.mark.proof
def test_run_is_one_of_two(course: Tiny, regrade: Grading) -> None:
    """Anything else is refused in a sentence; the choice is part of what identifies a measurement."""
    with pytest.raises(CourseError, match="run 'cells' is not known; give 'all' or 'definitions'"):
        Assignment("x", entry="x", run="cells")
    assert Assignment("x", entry="x").run == "all"
    course.submit("ann")
    course.submit(
        "bob", "import time\ntime.sleep(100)\n" + (course.class_ / "ann/tiny.py").read_text()
    )
    course.rule('entry="tiny",', 'entry="tiny", run="definitions",')
    outcome, executor = regrade(course)
    assert [g.score for g in outcome.graded] == [12, 12]
    submission, loaded = course.submissions()[0], executor.loaded
    key = executor.key(submission, 2)
    loaded.assignment.run = "all"
    assert executor.key(submission, 2) != key


def test_a_module_of_which_a_part_is_missing_says_why(course: Tiny, regrade: Grading) -> None:
    """With `run="definitions"` what can be read is judged, and the status stays."""
    course.rule('entry="tiny",', 'entry="tiny", run="definitions",')
    right = course.submit("ann").read_text()
    course.submit("ann", right.replace("def double(numbers):", "def double(numbers:"))
    course.submit("bob", right.replace("def double(numbers):", "def (numbers):"))
    outcome, _ = regrade(course)
    ann, bob = outcome.graded
    for graded in (ann, bob):
        assert graded.execution.status == "crashed"
        assert graded.execution.error is not None
        assert {n for n, o in outcomes(graded).items() if o == "passed"} == {
            "shapes",
            "count",
            "values",
        }
    assert (
        "SyntaxError: `double` (tiny.py, line 17) could not be read: '(' was never closed"
        in said(ann)
    )
    assert "tiny.py does not define `double`; it defines `Tiny`" in said(bob)
    assert "A part could not be read: tiny.py, line 17: SyntaxError" in said(bob)


# ---------------------------------------------------------------------- what can be read


def recovered(source: str) -> dict[str, ast.stmt]:
    """Functions and classes that are recovered, methods as `Cohort.method`, by name."""
    found: dict[str, ast.stmt] = {}
    for statement in recovery.recover(source, "x", "cell 7"):
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found[statement.name] = statement
        for inner in getattr(statement, "body", []) if isinstance(statement, ast.ClassDef) else []:
            if isinstance(inner, (ast.FunctionDef, ast.ClassDef)):
                found[f"{statement.name}.{inner.name}"] = inner
    return found


def whole(source: str) -> set[str]:
    """Those that could be read."""
    return {name for name, node in recovered(source).items() if not recovery.is_stub(node)}


def stubs(source: str) -> set[str]:
    """Those in whose place a stub stands."""
    return recovered(source).keys() - whole(source)


GOOD = "def good():\n    return '''\nleft margin\n'''\n"


@pytest.mark.parametrize(
    "junk",
    [
        "x = ?????\n", "Here is my code:\n", "```python\n", "print 'x'\n", "x = (1,\n", "y = )\n", "'''\n",
        "for x in y\n    pass\n", "x = 'not closed\n", "\0\n", "$\n", "return 3\n",
        "x = [\n1,\n2,\n", "%matplotlib inline\n", "!ls\n", "“quotes”\n", "else:\n    pass\n",
        "class :\n    pass\n", "def (x):\n    pass\n", "from __future__ import nothing\n", "\\\n",
    ],
)  # fmt: skip
def test_what_does_not_parse_loses_only_itself(junk: str) -> None:
    """Before and after it everything is there, in both orders and between two."""
    other = GOOD.replace("good", "other")
    for source in (
        junk + GOOD,
        GOOD + junk,
        other + junk + GOOD,
        junk + other + junk + GOOD + junk,
    ):
        wanted = set(re.findall(r"(?m)^def (\w+)", source))
        if junk == "return 3\n" and not source.startswith(junk + GOOD):
            continue  # it may be the end of the function before
        if junk == "'''\n" and source != GOOD + junk:
            continue  # it may be where the string of the function begins
        assert whole(source) >= wanted, source


def test_left_margins_in_brackets_and_strings_are_read_as_one() -> None:
    """A statement is tried together with those after it where it is not at its end."""
    source = "x = ?\nsizes = dict(\na=1,\nb=2,\n)\ntext = '''\ndef inner(): pass\n'''\n"
    body = recovery.recover(source, "x", "cell 7")
    assert [ast.unparse(s) for s in body] == [
        "sizes = dict(a=1, b=2)", "text = '\\ndef inner(): pass\\n'",
    ]  # fmt: skip


BROKEN_CLASS = '''\
import torch
class Net(
    torch.nn.Module,
):
    """Text,
with a left margin."""
    size = 3

    def __init__(self):
        self.a = (1

    @property
    def b(self):
        return 2

    @staticmethod
    def c(x:
        return 2

    class Inner:
        def d(self): return ?
        def e(self): return 1

def after():
    pass
'''


def test_methods_of_a_broken_class() -> None:
    """Those that parse are kept, with their decorators; the others say that they could not be."""
    assert whole(BROKEN_CLASS) == {"Net", "Net.b", "Net.Inner", "after"}
    assert stubs(BROKEN_CLASS) == {"Net.__init__", "Net.c"}
    body = recovery.recover(BROKEN_CLASS, "x", "cell 7")
    net = next(s for s in body if isinstance(s, ast.ClassDef))
    assert "size = 3" in ast.unparse(net)
    inner = net.body[-1]
    assert isinstance(inner, ast.ClassDef)
    assert [(s.name, recovery.is_stub(s)) for s in inner.body] == [("d", True), ("e", False)]  # type: ignore[attr-defined]
    lines = {name: node.lineno for name, node in recovered(BROKEN_CLASS).items()}
    assert lines["Net"] == 2
    assert lines["Net.b"] == 13
    assert lines["Net.c"] == 17
    assert lines["after"] == 24


def test_a_stub_says_where_and_what() -> None:
    """An error of the kind that Python gives, at the line that could not be read."""
    source = (
        "\n\nclass A:\n    def f(self, x)\n        return x\n\n    def g(self):\n        return 1\n"
    )
    space: dict[str, object] = {}
    tree = ast.Module(body=recovery.recover(source, "x", "cell 7"), type_ignores=[])
    exec(compile(tree, "x", "exec"), space)
    made = space["A"]()  # type: ignore[operator]
    assert made.g() == 1
    with pytest.raises(
        SyntaxError, match=r"`f` \(cell 7, line 4\) could not be read: expected ':'"
    ) as told:
        made.f(3, more=4)
    assert told.traceback[-1].lineno + 1 == 4


def test_a_function_that_is_cut_in_two_is_no_whole_one() -> None:
    """Lines of a merge, or a lost indentation, in its middle: its first half is not run as it."""
    merge = "def f(x):\n    y = x\n<<<<<<< HEAD\n    y = 1\n=======\n    y = 2\n>>>>>>> b\n    return y\n"
    assert stubs(merge) == {"f"}
    inner = "class A:\n    def g(self):\n        return 1\n" + "".join(
        f"    {line}\n" if not line.startswith(("<", "=", ">")) else f"{line}\n"
        for line in merge.splitlines()
    )
    assert (whole(inner), stubs(inner)) == ({"A", "A.g"}, {"A.f"})
    assert stubs("x = ?\ndef f(x):\n    y = x\nreturn y\n") == {"f"}


def test_an_intact_definition_is_kept_before_a_broken_one() -> None:
    """A second function of the name that cannot be read does not take the first one's place."""
    assert whole("def f():\n    return 1\ndef f(:\n    return 2\n") == {"f"}
    assert whole("def f(:\n    return 2\ndef f():\n    return 1\n") == {"f"}


def test_recovery_is_bounded() -> None:
    """However much there is, and however deep, it ends soon and takes what it has come to."""
    many = "x = ?\n" * 5000 + GOOD
    assert all(map(recovery.is_stub, recovery.recover(many, "x", "cell 1")))
    assert len(recovery.recover("def f(:\n" * 3000, "x", "cell 1")) == 3000
    for source in (
        "(" * 100_000,
        "-" * 100_000 + "1",
        "class A:\n" * 300,
        "'''" * 100_001,
        "\\" * 9999,
    ):
        recovery.recover(source, "x", "cell 1")
    assert recovery.recover(f"{GOOD}x = ?\n{'#' * recovery.LONGEST}", "x", "cell 1") == []
    deep = "".join(f"{' ' * n}class A{n}:\n" for n in range(1200)) + " " * 1200 + "x = ?"
    recovery.recover(deep, "x", "cell 1")


PIECES = st.sampled_from(
    ["def f(x):\n", "    return x\n", "class A(B):\n", "    def g(self):\n", "        x = 1\n", "x = 1\n",
     "x = ?????\n", "'''", '"""', "(", ")", "[\n", "# c\n", "@d\n", "\\\n", "\n", "if x:\n", "else:\n", "\t", " ",
     "...\n", "TODO\n", "%%time\n", "%x\n", "!y\n", "x?\n", "??x\n", "raise NotImplementedError\n", "\r", "\f", "\0",
     "\ud800", "é = 1\n", "lambda: ...\n", "f'{x", "b'", "await x\n", "yield\n", "from __future__ import division\n",
     "<<<<<<<\n", "try:\n", "except:\n", "async ", "x[...]\n", "print(\n"]
)  # fmt: skip
SOURCES = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=80)


@given(SOURCES)
@example("class A:\n    @\n    def f(self): pass")
@example("if x:\n def f(): pass\n  y")
def test_any_text_is_recovered_and_compiles(source: str) -> None:
    """Nothing is raised; every statement compiles by itself, and all together, at lines of the source."""
    body = recovery.recover(source, "x", "cell 1")
    for statement in body:
        compile(
            ast.Module(body=[statement], type_ignores=[]),
            "x",
            "exec",
            ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )
    tree = ast.Module(body=body, type_ignores=[])
    compile(tree, "x", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    count = len(margins.split(source))
    assert all(1 <= getattr(n, "lineno", 1) <= count for n in ast.walk(tree))
    definitions.Selection().choose(tree, source, "cell 1")


@given(SOURCES)
def test_any_text_is_searched_for_blanks(source: str) -> None:
    """Nothing is raised; the lines are lines of the source, in order, each once."""
    found = blanks.find(source).blanks
    lines = margins.split(source)
    numbers = [b.line for b in found]
    assert numbers == sorted(set(numbers))
    assert all(b.code.removesuffix("…") in lines[b.line - 1] for b in found)


@given(SOURCES)
def test_code_keeps_its_place(source: str) -> None:
    """With strings and comments taken out each line is as long as it was."""
    lines = margins.split(source)
    for spanning in (True, False):
        assert list(map(len, margins.blot(lines, spanning=spanning))) == list(map(len, lines))
    assert all(text.startswith("#") for text in margins.find_comments(lines).values())


# ---------------------------------------------------------------------- blanks


def left(source: str) -> list[int]:
    """Lines with a blank."""
    return [b.line for _, b in blanks.list_remaining([blanks.find(source)])]


@pytest.mark.parametrize(
    "source",
    [
        "x = ?????", "x = ??", "x = nn.Linear(?, 10)", "x = nn.Linear(400, ?)", "x = [?, 1]", "?????", "return ????",
        "def f():\n    ?????\n    return 1", "nn.Linear(???, 10)  # ok", "if ???:\n    pass", "x = ?????  # fill in",
        "x = ...", "x, y = ..., ...", "...", "def f(): ...", "class A(nn.Module): ...", "return ...",
        "def f():\n    return ...", "f(...)", "f(x=...)", "x = 1 + ...", "x = {'a': ...}", "x = [6, ..., 3]",
        "x: int = ...", "for x in y: ...", "for x in ...: pass", "if x: ...", "lambda: ...", "x += ...",
        "with a: ...", "try: ...\nexcept A: pass", "@f(...)\ndef g(): pass", "match x:\n  case 1: ...",
        "x = TODO", "f(FIXME)", "YOUR CODE HERE", "x = YOUR_CODE_HERE", "TODO", "TODO: the layers", "if TODO == 1: pass",
        "def f():\n    raise NotImplementedError", "def f():\n    'text'\n    raise NotImplementedError('it')",
        "class A:\n    def f(self):\n        raise NotImplementedError()",
        "class A:\n    def f(self):\n        raise NotImplementedError()\nclass B(A):\n    def g(self): pass",
        "def f():\n    # TODO\n    pass", "def f():\n    '''Text.'''\n    # TODO: write it",
        "def __init__(self):\n    super().__init__()\n    # TODO: layers\n\n# more", "%%time\nx = ...",
        "%matplotlib inline\nx = ...", "class A(\nx = ...",
    ],
)  # fmt: skip
def test_a_blank_is_found(source: str) -> None:
    """Each form, once."""
    assert len(left(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "torch?", "torch??", "?torch", "??torch.nn", "x = torch.zeros?", "torch.nn.*Lin*?", "%timeit x ??", "!ls ????",
        "# x = ?????", "x = '?????'", '"""\nx = ?????\n"""', "f'{x} ???'", "x = '...'", "# ...", "x = 'TODO'", "# TODO",
        "x[...]", "x[..., 0] = 1", "x[0, ...]", "y = x[..., None] + 1", "Callable[..., int]", "x: Tuple[int, ...] = 1",
        "def f(x: Callable[..., int] = g) -> Tuple[int, ...]: return x", "def f(x=...): return x", "index = (..., 0)",
        "if x is ...: pass", "if x == ...: pass", "torch.einsum(x, [..., 0], [...])", "class E(Exception): ...",
        "class P(Protocol):\n    def f(self): ...", "@overload\ndef f(): ...", "@typing.overload\ndef f(): ...",
        "@abstractmethod\ndef f(): ...", "@abc.abstractmethod\ndef f():\n    raise NotImplementedError",
        "class A(ABC):\n    def f(self):\n        raise NotImplementedError", "TODO = 1", "self.TODO", "x.FIXME()",
        "class A(metaclass=ABCMeta):\n    def f(self):\n        raise NotImplementedError", "f(TODO=1)", "TODOS",
        "class A:\n    def f(self):\n        raise NotImplementedError\nclass B(A):\n    def f(self): return 1",
        "def f(x):\n    if x: return 1\n    raise NotImplementedError", "def f(x):\n    if x: raise NotImplementedError",
        "def f():\n    pass", "def f():\n    # TODO: faster\n    return 1", "def f():\n    pass\n# TODO: g",
        "try: import x\nexcept ImportError: ...", "x = a ? b : c", "%%bash\necho ????? ...", "%%html\n...", "",
        "class C(TypedDict): ...", "raise NotImplementedError", "x = None",
    ],
)  # fmt: skip
def test_what_is_no_blank(source: str) -> None:
    """Strings, comments, indices, type hints, help, abstract methods, defaults."""
    assert left(source) == []


def test_an_heir_in_a_later_cell_fills_its_bases_method() -> None:
    """Unless its own is a blank as well."""
    base = blanks.find("class A:\n    def f(self):\n        raise NotImplementedError")
    heir = blanks.find("class B(A):\n    def f(self):\n        return 1")
    empty = blanks.find("class B(A):\n    def f(self):\n        raise NotImplementedError")
    assert blanks.list_remaining([base, heir]) == []
    assert [(n, b.line) for n, b in blanks.list_remaining([base, empty])] == [(0, 3), (1, 3)]


def sources(path: Path) -> list[str]:
    """A module's text, or that of each code cell."""
    if path.suffix == ".py":
        return [path.read_text()]
    cells = json.loads(path.read_text())["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


HANDOUTS = sorted(
    p for p in (ROOT / "assignments").glob("*/handout/*") if p.suffix in (".py", ".ipynb")
)
REFERENCES = sorted(p for p in (ROOT / "reference").glob("*/*") if p.suffix in (".py", ".ipynb"))
_SIGNS = re.compile(r"^\s*(raise NotImplementedError|\.\.\.$)|=.*(?<!\[)\.\.\.|\?\?|= TODO")


@pytest.mark.parametrize("path", HANDOUTS, ids=lambda p: f"{p.parts[-3]}-{p.suffix[1:]}")
def test_every_blank_of_a_handout_is_found(path: Path) -> None:
    """Line by line what our own handouts leave to be written; `None` to be replaced says nothing."""
    cells = sources(path)
    wanted = {
        (cell, line)
        for cell, text in enumerate(cells)
        for line, code in enumerate(text.splitlines(), 1)
        if _SIGNS.search(code.partition("#")[0]) and "def " not in code
    }
    found = {(n, b.line) for n, b in blanks.list_remaining([blanks.find(c) for c in cells])}
    assert found >= wanted
    for cell, line in found - wanted:  # an `__init__` that holds nothing but a comment
        assert "# TODO" in cells[cell].splitlines()[line - 1]
    assert bool(found) == ("conv_arithmetic" not in path.parts)


@pytest.mark.parametrize("path", REFERENCES, ids=lambda p: f"{p.parts[-2]}-{p.name}")
def test_no_reference_has_a_blank(path: Path) -> None:
    """Nor does any of them lose a definition, were only these taken."""
    cells = sources(path)
    assert blanks.list_remaining([blanks.find(c) for c in cells]) == []
    for cell in cells:
        with contextlib.suppress(SyntaxError):  # magics
            tree = ast.parse(cell)
            made = [s for s in tree.body if isinstance(s, (ast.FunctionDef, ast.ClassDef))]
            assert set(made) <= set(definitions.Selection().choose(tree, cell, "cell 1"))


# ---------------------------------------------------------------------- what had to be stopped

STOPPED = """
import math
size = 3
total = sum(range(10 ** 12))
half = size / 2
rows = [n for n in range(10 ** 12)]
get_ipython().run_line_magic('cd', 'src')
get_ipython().run_cell_magic('writefile', 'net.py', 'x = 1')
get_ipython().run_line_magic('run', 'other.ipynb')
get_ipython().run_line_magic('timeit', 'f()')
get_ipython().system('mkdir src')
os.chdir('src')
from net import x
class Net: pass
def f(): pass
"""


def test_what_seems_quick_is_left_out_where_even_that_took_for_ever() -> None:
    """Imports, and what they need, are never left out."""
    defined = ["from net import x", "class Net:", "def f():"]
    assert [s for s in taken_of_stopped(STOPPED, bare=True) if "ipython" not in s] == [
        "import math",
        "size = 3",
        *defined,
    ]
    more = taken_of_stopped(STOPPED, bare=False)
    assert {"total = sum(range(10 ** 12))", "half = size / 2", *defined} <= set(more)
    for magics, names in (
        (more, "cd writefile run system"),
        (taken_of_stopped(STOPPED, bare=True), "cd writefile"),
    ):
        found = [s for s in magics if "ipython" in s]
        assert len(found) == len(names.split())
        assert all(name in text for name, text in zip(names.split(), found, strict=True))


def test_what_makes_imports_possible_is_a_definition() -> None:
    source = "import os\nos.makedirs('src', exist_ok=True)\nos.chdir('src')\nos.remove('x')"
    assert taken(source) == "import os\nos.makedirs('src', exist_ok=True)\nos.chdir('src')"
