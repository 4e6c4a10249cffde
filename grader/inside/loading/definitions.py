"""What `run="definitions"` takes of a student's code: imports, functions, classes and constants.

A notebook that trains for an hour is read in a second that way. Pure: statements come in, those to
be run go out, untouched, so that every line keeps its number.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

_BUILTINS = frozenset(
    "abs all any bin bool bytes chr complex dict divmod enumerate filter float format frozenset "
    "getattr hasattr hex int isinstance issubclass len list map max min object oct ord pow "
    "property range repr reversed round set slice sorted str sum tuple type zip".split()
)
_TORCH = (
    "Generator Size arange as_tensor device empty eye finfo full get_default_dtype iinfo "
    "inference_mode linspace no_grad ones tensor zeros cuda.device_count cuda.is_available "
    "backends.mps.is_available backends.cudnn.is_available nn.init.calculate_gain"
).split()
_NUMPY = (
    "arange array asarray empty eye float32 float64 full int32 int64 linspace ones uint8 zeros"
).split()
_OTHERS = (
    "contextlib.suppress dataclasses.field datetime.timedelta decimal.Decimal fractions.Fraction "
    "functools.partial logging.getLogger os.cpu_count os.environ.get os.getcwd os.getenv "
    "os.path.basename os.path.dirname os.path.exists os.path.isdir os.path.isfile os.path.join "
    "pathlib.Path pathlib.PurePath re.compile types.SimpleNamespace warnings.catch_warnings"
).split()
_CALLS = _BUILTINS | {f"torch.{n}" for n in _TORCH} | {f"numpy.{n}" for n in _NUMPY} | {*_OTHERS}
"""Functions that a constant may call: they take no time and touch nothing."""
_MODULES = (
    "cmath. collections. enum. itertools. math. operator. string. torchvision.transforms. typing."
).split()
"""Modules of which every function is such a one."""
_METHODS = frozenset(
    "double float format get items join keys long lower reshape split strip title to unsqueeze "
    "upper values view".split()
)
_SETTINGS = frozenset(
    "torch.manual_seed torch.cuda.manual_seed torch.cuda.manual_seed_all torch.set_default_dtype "
    "numpy.random.seed random.seed sys.path.append sys.path.insert os.chdir os.makedirs os.mkdir "
    "warnings.filterwarnings".split()
)
"""Calls that are taken where they stand alone."""
_MAGICS, _MORE_MAGICS = ("cd", "file", "writefile"), ("run", "system")
"""What IPython makes of lines and cells that imports may need; the second only where it is for
want of time that not all is run.
"""
_USUAL = {
    "nn": "torch.nn",
    "np": "numpy",
    "optim": "torch.optim",
    "transforms": "torchvision.transforms",
}
"""What names mean of which no import is seen, as after `from torch import *`."""
_WRAPPERS = re.compile(r"\s*%%(time|capture)\b[^\n]*")
_WRAPPING = ("time", "capture")
_FORBIDDEN = (ast.Await, ast.Yield, ast.YieldFrom)
_COMPUTING = (ast.Call, ast.BinOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TYPE_ALIAS: type = getattr(ast, "TypeAlias", ast.Pass)  # new in Python 3.12
ONLY = "since this assignment takes definitions only"
_SHOWN = 60
"""Characters of a line that was not run."""


def unwrap(cell: str) -> str:
    """The cell without a `%%time` or `%%capture` on top, in whose place an empty comment stands."""
    hit = _WRAPPERS.match(cell)
    return f"{hit[0].count(chr(10)) * chr(10)}#{cell[hit.end() :]}" if hit else cell


def read_magic_cell(statement: ast.stmt) -> str:
    """The text below a `%%time` or `%%capture`, where the statement is what IPython made of it."""
    match statement:
        case ast.Expr(value=ast.Call(args=[_, _, ast.Constant(value=str(text))]) as call):
            return text if _name_magic(call) in _WRAPPING else ""
    return ""


class Selection:
    """Says which statements of one file are run, from the first cell to the last."""

    def __init__(self, reason: str = ONLY) -> None:
        self.skipped: dict[str, str] = {}
        """By name the place and text of the assignment that gave no value, and why, in words."""
        self.reason = reason
        """Why not all is run."""
        self.bare = False
        """True where no value is computed either, however quick that seems."""
        self.passed_over = False
        """True once something was left out, for the assignment, that a notebook would have done."""
        self._known: dict[str, str] = {}
        """By name what it was imported as; empty for what the student defined."""

    def choose(self, tree: ast.Module, source: str, where: str, why: str = "") -> list[ast.stmt]:
        """The statements to be run; of the others the names are remembered.

        `where` is what the source is called in a sentence: `cell 5`, or `lenet.py`; `why` not all
        of this source is run, where that is not for the usual reason.
        """
        lines = re.split(r"\r\n|\r|\n", source)
        fate = f"was not run, {why or self.reason}"
        taken: list[ast.stmt] = []
        for number, statement in enumerate(tree.body):
            kept = self._choose(statement)
            if kept is None and number == 0 and _is_text(statement):
                kept = statement
            if kept is not None:
                self._bind(kept)
                taken.append(kept)
            else:
                self._note_missed(statement, lines, where, fate)
                usual = not why and self.reason == ONLY
                self.passed_over = self.passed_over or (usual and _matters(statement))
        # A text that stands alone would be displayed as what the cell gives.
        return taken if len(taken) > 1 or not (taken and _is_text(taken[0])) else []

    def note_failed(self, statement: ast.stmt, source: str, where: str, fate: str) -> None:
        """It was run, and did not come to its end."""
        self._note_missed(statement, re.split(r"\r\n|\r|\n", source), where, fate)

    def note(self, tree: ast.Module) -> None:
        """All of this is run; what its names mean is remembered."""
        for statement in tree.body:
            self._bind(statement)

    def explain(self, name: object) -> str:
        """Why there is nothing of that name, where the reason is an assignment that was skipped."""
        return self.skipped.get(name, "") if isinstance(name, str) else ""

    # What is taken

    def _choose(self, statement: ast.stmt) -> ast.stmt | None:
        """The statement, or what of it is run. Changes nothing that is remembered."""
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                return statement
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return statement
            case ast.Assign() | ast.AugAssign():
                return statement if self._is_cheap(statement) else None
            case ast.AnnAssign(value=value):
                return statement if value is None or self._is_cheap(statement) else None
            case ast.Expr(value=ast.Call() as call) if self._find_name(call.func) in _SETTINGS:
                parts = [*call.args, *(k.value for k in call.keywords)]
                return statement if all(self._is_cheap(p) for p in parts) else None
            case ast.Expr(value=ast.Call() as call) if name := _name_magic(call):
                taken = _MAGICS if self.bare or self.reason == ONLY else _MAGICS + _MORE_MAGICS
                return statement if name in taken else None
            case ast.If():
                return self._choose_branches(statement)
            case ast.Try(body=body, orelse=orelse, finalbody=final, handlers=handlers):
                blocks = [body, orelse, final, *(h.body for h in handlers)]
                return statement if all(map(self._is_whole, blocks)) else None
            case ast.With(items=items, body=body):
                cheap = all(self._is_cheap(item) for item in items)
                return statement if cheap and self._is_whole(body) else None
        return statement if isinstance(statement, _TYPE_ALIAS) else None

    def _choose_branches(self, statement: ast.If) -> ast.stmt | None:
        """An `if` without its prints and calls; nothing where anything else of it is not taken."""
        if _is_main(statement.test) or not self._is_cheap(statement.test):
            return None
        branches: list[list[ast.stmt]] = []
        for block in (statement.body, statement.orelse):
            kept = [self._choose(s) for s in block]
            if any(
                k is None and not isinstance(s, ast.Expr) for k, s in zip(kept, block, strict=True)
            ):
                return None
            branches.append([k for k in kept if k is not None])
        body, orelse = branches
        if not body and not orelse:
            return None
        body = body or [ast.copy_location(ast.Pass(), statement)]
        return ast.copy_location(ast.If(test=statement.test, body=body, orelse=orelse), statement)

    def _is_whole(self, block: Sequence[ast.stmt]) -> bool:
        return all(self._choose(s) is s or _is_text(s) for s in block)

    def _is_cheap(self, node: ast.AST) -> bool:
        """True where running it takes no time, calls no code of the student's, misses no name."""
        parts = list(_walk_executed(node))
        if any(isinstance(p, _FORBIDDEN + _COMPUTING * self.bare) for p in parts):
            return False
        own = {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
        for part in parts:
            if isinstance(part, ast.Call) and not self._is_cheap_call(part.func):
                return False
            if isinstance(part, ast.Name) and part.id in self.skipped:
                if isinstance(part.ctx, ast.Load) and part.id not in own:
                    return False
                if isinstance(node, ast.AugAssign) and part is node.target:
                    return False
        return True

    def _is_cheap_call(self, called: ast.expr) -> bool:
        name = self._find_name(called)
        if name in _CALLS or name.startswith(tuple(_MODULES)):
            return True
        if name.startswith("torch.nn.") and name.rpartition(".")[2][:1].isupper():
            return True  # a layer or a loss
        if isinstance(called, ast.Attribute) and called.attr in _METHODS:
            head = name.partition(".")[0]  # `shutil.copy` is no method
            return head not in self._known.values()
        return False

    def _find_name(self, node: ast.expr) -> str:
        """`torch.nn.Linear` for `nn.Linear`; empty for what is no name of a library's."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        head = self._known.get(node.id)
        if head is None:
            head = _USUAL.get(node.id) or (node.id if hasattr(builtins, node.id) else "")
        return ".".join([head, *reversed(names)]) if head else ""

    # What is remembered

    def _bind(self, statement: ast.stmt) -> None:
        for node in _walk_scope(statement):
            for name, meaning in _list_bound(node):
                self._known[name] = meaning
                self.skipped.pop(name, None)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
            if isinstance(target, ast.Name) and isinstance(value, (ast.Name, ast.Attribute)):
                self._known[target.id] = self._find_name(value)  # `Linear = nn.Linear`

    def _note_missed(
        self, statement: ast.stmt, lines: Sequence[str], where: str, fate: str
    ) -> None:
        for node in _walk_scope(statement):
            for name, _ in _list_bound(node):
                line = getattr(node, "lineno", statement.lineno)
                text = lines[line - 1].strip() if line <= len(lines) else ""
                text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
                self.skipped[name] = f"{where}, line {line} (`{text}`) {fate}"


def _walk_executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs with this one: not what a lambda will do when it is called."""
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, ast.Lambda):
            waiting += [*one.args.defaults, *(d for d in one.args.kw_defaults if d is not None)]
        else:
            waiting += ast.iter_child_nodes(one)


def _walk_scope(statement: ast.stmt) -> Iterator[ast.AST]:
    """Every node whose names are the module's: not what is within functions and classes."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, (*_DEFINITIONS, ast.Lambda)):
            waiting += ast.iter_child_nodes(one)


def _list_bound(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Names that a node binds, with what they are imported as."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                head = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (head, head)
        case ast.ImportFrom(module=module, names=names, level=level):
            for alias in names:
                meaning = "" if level else f"{module}.{alias.name}"
                yield alias.asname or alias.name, meaning
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, ""
        case ast.Name(id=name, ctx=ast.Store()):
            yield name, ""


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _matters(statement: ast.stmt) -> bool:
    """True for what a notebook, or an import of a module, would have done."""
    main = isinstance(statement, ast.If) and _is_main(statement.test)
    return not (main or _is_text(statement) or _is_magic(statement))


def _is_magic(statement: ast.stmt) -> bool:
    """A line with % or !, as IPython has put it."""
    return any(isinstance(n, ast.Name) and n.id == "get_ipython" for n in ast.walk(statement))


def _name_magic(call: ast.Call) -> str:
    """`cd` for `get_ipython().run_line_magic('cd', 'src')`, `system` for a `!` command."""
    match call:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="get_ipython")),
                attr="run_line_magic" | "run_cell_magic",
            ),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=n)):
            return n
    return ""


def _is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`, either way round."""
    return any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(test))


def list_names(statement: ast.stmt) -> set[str]:
    """The module's names that a statement binds."""
    return {name for node in _walk_scope(statement) for name, _ in _list_bound(node)}
