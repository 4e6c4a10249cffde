"""The built wheel works on its own in an empty folder: course, templates and sandbox included."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from grader.assignment.course import Course
from kit import golden
from kit.places import GOLDEN, ROOT
from kit.without_unix import CALL, write_hook

SLUG = "lenet5_mnist"
"""The only assignment in it, which is the demonstration's."""
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("GRADER_DATA", "PYTHONPATH")}
KINDS = {
    "grader": {".py", ".toml", ".typed"},
    "grader/_course/assignments": {".ipynb", ".md", ".pt", ".py", ".toml"},
    "grader/_course/reference": {".ipynb", ".json", ".pt", ".py"},
    "grader/_course/reports": {".css", ".html", ".js"},
}
"""Suffixes of the files below each folder, that of the folder next to them."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is built of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # files that are gone would still lie there
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env=ENVIRONMENT)
    (made,) = folder.glob("*.whl")
    return made


def names(wheel: Path) -> list[PurePosixPath]:
    """Every file of the wheel, but for what describes it."""
    with zipfile.ZipFile(wheel) as archive:
        every = [PurePosixPath(n) for n in archive.namelist()]
    return [p for p in every if not p.parts[0].endswith(".dist-info")]


@pytest.mark.proof
def test_kinds_of_files(wheel: Path) -> None:
    """Code, the demonstration's assignment and the templates: nothing else, and nothing hidden."""
    found: dict[str, set[str]] = {}
    for path in names(wheel):
        home = next(k for k in sorted(KINDS, reverse=True) if path.is_relative_to(k))
        found.setdefault(home, set()).add(path.suffix)
    assert found == KINDS
    assert not [p for p in names(wheel) if p.name == "hidden.py" or "__pycache__" in p.parts]


@pytest.mark.proof
def test_the_names_in_the_wheel_stay_the_same(
    wheel: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every file that is handed out with the program: whoever adds one means to."""
    with zipfile.ZipFile(wheel) as archive:
        every = sorted(
            re.sub(r"-[\d.]+(?=\.dist-info/)", "-VERSION", n) for n in archive.namelist()
        )
    path = tmp_path / "wheel.txt"
    path.write_text("".join(f"{name}\n" for name in every), encoding="utf-8")
    if request.config.getoption("--update-golden"):
        golden.write(path, GOLDEN / path.name)
    assert not (told := golden.difference(path, GOLDEN / path.name)), told


@pytest.mark.proof
def test_one_assignment(wheel: Path) -> None:
    """Of assignments and references there is the demonstration's, whole; of the others nothing."""
    for part in ("assignments", "reference"):
        home = PurePosixPath("grader/_course") / part
        inside = {p.relative_to(home) for p in names(wheel) if p.is_relative_to(home)}
        assert {p.parts[0] for p in inside} == {SLUG}
        tracked = subprocess.run(
            ["git", "ls-files", "-z", SLUG], cwd=ROOT / part, capture_output=True, check=True
        )
        assert {str(p) for p in inside} == set(tracked.stdout.decode().split("\0")) - {""}


@pytest.mark.proof
def test_the_course_of_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    """In an empty folder the demonstration's course is loaded from it, mistakes and class included;
    of what it does not hold one is told where that is.
    """
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    code = f"""
import pathlib, sys
from grader.submissions import collect
from grader.assignment.course import Course
from grader.records.errors import UsageError
course = Course.find()
assert course.root == pathlib.Path({str(tmp_path / "site/grader/_course")!r}), course.root
assert course.slugs() == [{SLUG!r}], course.slugs()
loaded = course.load({SLUG!r})
assert course.by_entry("lenet") == {SLUG!r}
assert len(course.mistakes(loaded)) == {len(list((ROOT / "assignments" / SLUG / "mistakes").iterdir()))}
assert course.templates.is_dir()
class_ = course.write_sample(loaded, pathlib.Path("class"))
found = collect.read_class(class_, loaded.asked)
assert {{s.student for s in found}} == set(course.expected({SLUG!r}))
for ask in (lambda: course.load("mnist_views"), lambda: course.by_entry("views")):
    try:
        ask()
    except UsageError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=empty,
        env={**ENVIRONMENT, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    missing, unasked = done.stdout.splitlines()
    assert "has no assignment 'mnist_views', only lenet5_mnist" in missing
    assert "has no assignment that asks for a file called views" in unasked
    for sentence in (missing, unasked):
        assert sentence.startswith("no course was found in this folder or above it, and the one")
        assert "--course" in sentence


def install(wheel: Path, folder: Path) -> Path:
    """The site-packages of a new environment in `folder / "venv"` that holds the wheel."""
    venv.create(folder / "venv", with_pip=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # The libraries of this environment, without what is installed editable in it.
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    python = folder / "venv" / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "--no-deps", wheel]
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    return site


@pytest.mark.proof
def test_demo_from_the_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """`demo` finds what it expects, and a second time executes nothing; `check` knows the file."""
    site = install(wheel, tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    empty = tmp_path / "empty"
    empty.mkdir()
    where = "import grader; print(grader.__file__)"
    options = {"cwd": empty, "env": ENVIRONMENT, "capture_output": True, "text": True}
    found = subprocess.run([python, "-c", where], check=True, **options)
    assert str(site) in found.stdout

    command = [tmp_path / "venv" / "bin" / "grader", "demo"]
    first = subprocess.run(command, check=False, **options)
    assert first.returncode == 0, first.stdout + first.stderr
    index = Path(first.stdout.strip().splitlines()[-1])
    assert index == empty / "reports" / SLUG / "index.html"
    assert "STAND-IN" in first.stdout
    again = subprocess.run(command, check=False, **options)
    assert again.returncode == 0
    assert "Nothing was executed" in again.stdout

    for name in ("lenet.py", "lenet.pt"):
        shutil.copy(ROOT / "reference" / SLUG / name, empty)
    check = [tmp_path / "venv" / "bin" / "grader", "check", "lenet.py", "--stand-in"]
    own = subprocess.run(check, check=False, **options)
    assert own.returncode == 0, own.stdout + own.stderr
    assert "100 of 100" in own.stdout


@pytest.mark.proof
@pytest.mark.parametrize("unix", [True, False], ids=["here", "without Unix"])
@pytest.mark.parametrize("form", ["views.py", "views.ipynb"])
def test_a_laptop(wheel: Path, form: str, unix: bool) -> None:  # noqa: FBT001
    """An ordinary user with a kit, the program and an empty folder, and no course of hers in reach:
    right and wrong files, as a module and as a notebook, get what they deserve, also where there is
    no fork, no fcntl and no resource.
    """
    slug, course = "mnist_views", Course(ROOT)
    loaded = course.load(slug)
    right = next(r for r in course.references(loaded) if r.entry == form).files[form]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        install(wheel, folder)
        hook = write_hook(folder)
        programs = folder / "venv" / "bin"
        grader = [programs / "grader"] if unix else [programs / "python", "-c", CALL, hook]
        home = folder / "home"
        home.mkdir()
        kit = home / "views-kit.zip"
        own = [sys.executable, "-m", "grader", "release", slug, "--stand-in", "-o", str(kit)]
        subprocess.run(own, check=True, cwd=ROOT, env=ENVIRONMENT, capture_output=True)
        wrong = right.replace(b"relu", b"tanh")
        assert wrong != right
        (home / form).write_bytes(right)
        (home / "wrong").mkdir()
        (home / "wrong" / form).write_bytes(wrong)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            ordinary = pwd.getpwnam("nobody")
            user = {"user": ordinary.pw_uid, "group": ordinary.pw_gid, "extra_groups": []}
            for path in (home, *home.rglob("*")):
                os.chown(path, ordinary.pw_uid, ordinary.pw_gid)
        environment = {**ENVIRONMENT, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        environment.pop("GRADER_COURSE", None)
        if not unix:
            environment["PYTHONPATH"] = str(hook)
        for file, code, score in ((form, 0, "62 of 62"), (f"wrong/{form}", 1, "47 of 62")):
            done = subprocess.run(
                [*grader, "check", file],
                check=False,
                cwd=home,
                env=environment,
                capture_output=True,
                text=True,
                **user,
            )
            assert done.returncode == code, done.stdout + done.stderr
            assert f"Judged by the kit {kit}." in done.stdout
            assert unix != ("at sandbox level 0" in done.stdout)
            assert f"{score} points of the public checks" in done.stdout, done.stdout
            assert "32 points are decided when graded" in done.stdout
            assert done.stdout.endswith(
                "Your instructor's checks that are not shown come on top.\n"
            )
