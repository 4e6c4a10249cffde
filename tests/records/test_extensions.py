"""What other packages bring is found by name, and a broken one harms nothing else."""

from __future__ import annotations

import sys
import tomllib

import pytest

from grader.records import extensions
from grader.records.errors import GraderError
from kit.packages import Packages
from kit.places import ROOT

GROUP = "grader.exports"


def test_ours_are_those_of_pyproject() -> None:
    """The table of built-in ones and what an installation registers are the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    registered = project.get("entry-points", {})
    assert extensions.BUILT_IN.keys() == extensions.KINDS.keys()
    assert registered == {g: dict(e) for g, e in extensions.BUILT_IN.items() if e}


@pytest.mark.parametrize("group", extensions.KINDS)
def test_each_of_ours_is_there(group: str) -> None:
    """Every name that the grader registers leads to an object."""
    assert extensions.names(group)[: len(extensions.BUILT_IN[group])] == tuple(
        extensions.BUILT_IN[group]
    )
    for name in extensions.BUILT_IN[group]:
        assert extensions.load(group, name) is not None


def test_what_a_package_brings_is_imported_by_name(packages: Packages) -> None:
    """It stands behind ours, and is imported when it is loaded, not before."""
    packages.install("torchext_a", GROUP, {"xlsx": "torchext_a:EXPORT"}, "EXPORT = 'a'")
    assert extensions.names(GROUP)[-1] == "xlsx"
    assert "torchext_a" not in sys.modules
    assert extensions.load(GROUP, "xlsx") == "a"


@pytest.mark.parametrize(
    ("value", "text", "why"),
    [
        ("torchext_b:EXPORT", "1 / 0", "ZeroDivisionError: division by zero"),
        ("torchext_b:EXPORT", "raise SystemExit(3)", "SystemExit: 3"),
        ("torchext_b:NOTHING", "", "AttributeError: "),
        ("torchext_none:X", "", "ModuleNotFoundError: No module named 'torchext_none'"),
    ],
)
def test_a_broken_one_is_named_with_its_package(
    packages: Packages, value: str, text: str, why: str
) -> None:
    """The others are loaded as before."""
    packages.install("torchext_b", GROUP, {"bad": value}, text)
    packages.install("torchext_c", GROUP, {"good": "torchext_c:EXPORT"}, "EXPORT = 'c'")
    assert extensions.names(GROUP)[-2:] == ("bad", "good")
    assert extensions.load(GROUP, "good") == "c"
    with pytest.raises(GraderError) as caught:
        extensions.load(GROUP, "bad")
    start = f"the export 'bad' of the package torchext_b 1.2 cannot be loaded ({why}"
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith("). Repair or uninstall that package")


def test_two_of_one_name_are_refused(packages: Packages) -> None:
    """Both packages are named; nobody decides by chance which of them is meant."""
    packages.install(
        "torchext_d",
        GROUP,
        {"same": "torchext_d:EXPORT", "other": "torchext_d:EXPORT"},
        "EXPORT = 4",
    )
    packages.install("torchext_e", GROUP, {"same": "torchext_e:EXPORT"}, "EXPORT = 5")
    assert extensions.names(GROUP)[-2:] == ("other", "same")
    assert extensions.load(GROUP, "other") == 4
    with pytest.raises(GraderError) as caught:
        extensions.load(GROUP, "same")
    assert str(caught.value) == (
        "there are two exports called 'same': one of the package torchext_d 1.2, one of the "
        "package torchext_e 1.2. Uninstall one of these packages"
    )


def test_a_name_of_ours_is_not_taken_over(
    packages: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that uses one of our names is named beside the grader."""
    table = {**extensions.BUILT_IN, GROUP: {"json": "json:dumps"}}
    monkeypatch.setattr(extensions, "BUILT_IN", table)
    packages.install("torchext_f", GROUP, {"json": "torchext_f:EXPORT"}, "EXPORT = 6")
    with pytest.raises(
        GraderError, match="one of the grader itself, one of the package torchext_f"
    ):
        extensions.load(GROUP, "json")


def test_older_metadata_of_ours_are_passed_over(packages: Packages) -> None:
    """What an installation says of this program itself does not count: the table does."""
    path = packages.install("torch_grader", GROUP, {"gone": "grader.gone:X"})
    path.write_text(path.read_text().replace("torch_grader", "torch-grader"))
    packages.look_again()
    assert "gone" not in extensions.names(GROUP)


def test_an_unknown_name_is_told_with_the_nearest_one(packages: Packages) -> None:
    """The sentence names what there is."""
    packages.install("torchext_g", GROUP, {"moodle": "torchext_g:EXPORT"}, "EXPORT = 7")
    with pytest.raises(GraderError, match=r"no export 'moodel'; did you mean 'moodle'\?"):
        extensions.load(GROUP, "moodel")
    with pytest.raises(GraderError, match=r"no export 'qqq'; there are .*moodle"):
        extensions.load(GROUP, "qqq")


def test_what_is_something_else_is_blamed(packages: Packages) -> None:
    """Whoever loads it and finds another kind of object names the package as well."""
    packages.install("torchext_h", GROUP, {"odd": "torchext_h:EXPORT"}, "EXPORT = 8")
    assert str(extensions.blame(GROUP, "odd", "is an int and no function")) == (
        "the export 'odd' of the package torchext_h 1.2 is an int and no function. Repair or "
        "uninstall that package"
    )
