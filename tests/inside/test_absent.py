"""Packages that the box lacks: what an import gives, where it fails as ever, and what is told."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.inside import remarks
from grader.inside.loading import absent, namespace, reading
from grader.inside.loading.absent import Absent
from grader.inside.loading.definitions import Selection
from grader.inside.loading.namespace import Unanswerable

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Loads a module of that text as the box does; what it imported is forgotten afterwards."""
    monkeypatch.setattr(remarks, "_noted", {})
    monkeypatch.setattr(reading, "unread", None)
    monkeypatch.setattr(reading, "selection", Selection())
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    before, written = set(sys.modules), sys.dont_write_bytecode
    absent.install(str(tmp_path))

    def run(source: str, **others: str) -> dict[str, Any]:
        for name, text in {"lenet": source, **others}.items():
            (tmp_path / f"{name}.py").write_text(text)
        names = namespace.load(str(tmp_path), "lenet.py")
        if reading.unread is not None:
            raise reading.unread
        return names

    yield run
    sys.dont_write_bytecode = written
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    "source",
    [
        "import seaborn",
        "import seaborn.objects as so, math",
        "from seaborn import barplot",
        "from seaborn.objects import *",
        "if True:\n    import seaborn\n",
        "def plot():\n    import seaborn\nplot()",
        "try:\n    import no_such_json as json\nexcept ImportError:\n    import seaborn",
        "try:\n    pass\nfinally:\n    import seaborn",
        "from helper import sns",
    ],
)
def test_an_import_works_and_is_told(load: Load, source: str) -> None:
    load(source, helper="import seaborn as sns")
    ((key, detail),) = remarks.rows()
    assert key == "absent"
    assert detail.startswith("`seaborn` (")
    assert ".py, line " in detail


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import seaborn\nexcept ImportError:\n    fallback = True",
        "from contextlib import suppress\nfallback = True\nwith suppress(ImportError):\n"
        "    import seaborn\n    fallback = False",
        "import importlib\ntry:\n    importlib.import_module('seaborn')\n"
        "except ModuleNotFoundError:\n    fallback = True",
        "import importlib.util\nfallback = importlib.util.find_spec('seaborn') is None",
        "try:\n    import torch.seaborn\nexcept ModuleNotFoundError:\n    fallback = True",
    ],
)
def test_who_expects_that_it_may_be_missing_is_not_misled(load: Load, source: str) -> None:
    assert load(source)["fallback"] is True
    assert remarks.rows() == []


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\nimportlib.import_module('seaborn')",
        "import torch.seaborn",
        "from math import seaborn",
    ],
)
def test_what_is_no_import_of_a_package_fails_as_ever(load: Load, source: str) -> None:
    with pytest.raises(ImportError, match="seaborn"):
        load(source)


def test_what_is_here_goes_first(load: Load) -> None:
    names = load("import helper\nimport numpy", helper="value = 3")
    assert (names["helper"].value, names["numpy"]) == (3, np)
    assert remarks.rows() == []


def test_calls_do_nothing(load: Load) -> None:
    """Trackers and plots at top level and within functions; decorators leave functions as they are."""
    names = load(
        "import wandb, numba\n"
        "run = wandb.init(project='x')\n"
        "wandb.config.lr = 1\n"
        "wandb.config['lr'] = 1\n"
        "with wandb.init() as inner:\n"
        "    inner.log({'loss': 1})\n"
        "@numba.njit(parallel=True)\n"
        "def one(): return 1\n"
        "@numba.jit\n"
        "def two():\n"
        "    wandb.log({'loss': 2})\n"
        "    return 2\n"
        "shown = f'{run} {wandb.__version__}'\n"
    )
    assert names["one"]() + names["two"]() == 3
    assert names["shown"].startswith("<wandb is not installed here> ")
    assert isinstance(names["run"], Absent)


NOTHING = Absent("einops")
ONES = torch.ones(2)


@pytest.mark.parametrize(
    "use",
    [
        lambda: NOTHING + 1,
        lambda: 1 - NOTHING,
        lambda: ONES * NOTHING,
        lambda: NOTHING @ ONES,
        lambda: torch.relu(NOTHING),  # type: ignore[arg-type]
        lambda: torch.stack([ONES, NOTHING]),  # type: ignore[list-item]
        lambda: torch.nn.functional.linear(ONES, weight=NOTHING),  # type: ignore[arg-type]
        lambda: np.asarray(NOTHING),
        lambda: float(NOTHING),  # type: ignore[arg-type]
        lambda: len(NOTHING),  # type: ignore[arg-type]
        lambda: list(NOTHING),  # type: ignore[call-overload]
        lambda: bool(NOTHING),
        lambda: NOTHING < 1,
        lambda: operator.index(NOTHING),  # type: ignore[arg-type]
        lambda: isinstance(1, NOTHING),  # type: ignore[arg-type]
        lambda: exec("class Net(base): ...", {"base": NOTHING}),
    ],
)
def test_where_a_value_is_needed_the_package_is_named(use: Callable[[], object]) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'einops'$") as caught:
        use()
    assert caught.value.name == "einops"


def test_what_is_asked_for_and_comes_from_there_is_refused() -> None:
    with pytest.raises(Unanswerable, match="`LeNet5` comes from `my_nets`, which is not here"):
        absent.refuse(Absent("my_nets").models, "`LeNet5`")
    absent.refuse(torch.nn.Linear, "`LeNet5`")


def test_what_a_finder_of_the_students_finds_is_here(load: Load) -> None:
    """As one that imports notebooks, which stands behind ours."""
    source = """
import sys
from importlib.abc import Loader
from importlib.util import spec_from_loader

class Find(Loader):
    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name == "of_my_own" else None

    def exec_module(self, module):
        module.x = 1

sys.meta_path.append(Find())
import of_my_own
import seaborn_of_nobody
"""
    assert vars(load(source)["of_my_own"])["x"] == 1
    assert [key for key, detail in remarks.rows() if "of_my_own" in detail] == []
    assert "seaborn_of_nobody" in str(remarks.rows())
