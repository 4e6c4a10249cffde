"""Secrets are planted wherever a grader has some; a submission that looks for them finds none.

`submissions/hunter/hunt.py` looks in files, /proc, environment, descriptors, frames, `gc`, shared
memory, sockets and its own memory, at import and once more while it is asked. Each place has a
secret of its own, so that what is found says where it lay. The same hunter finds them at level 0,
as a plain process and inside the process that keeps them: so the test can fail.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import torch

from grader.grading.cohort import Cohort
from grader.ledger.ledger import Ledger
from grader.records.errors import SandboxError
from grader.records.limits import Limits
from grader.records.result import Graded
from grader.records.submission import Submission
from grader.sandbox import ForkServer
from grader.sandbox.backend import Job
from kit.graded import Borrower, said
from kit.places import SUBMISSIONS
from kit.tiny import POINTS, RIGHT, Tiny, found

MARKER = "kept-from-students-"
HUNTER = SUBMISSIONS / "hunter"
AMPLE = Limits(cpu_seconds=120, patience=10, cell_seconds=120, memory_mib=4096, output_kib=256)
"""However busy the machine, and however long it looks."""
INHERITED = "memory objects frames modules gc environment descriptors".split()
"""Ways in which only the hunter's own process is looked at, a fork of the fork server."""
WITNESS = "import sys; sys.stdin.read()"


def token() -> str:
    """A new secret."""
    return MARKER + secrets.token_hex(16)


@dataclass(frozen=True)
class Finds:
    """What the hunter printed."""

    text: str

    def _lines(self, kind: str) -> list[list[str]]:
        return [w[1:] for line in self.text.splitlines() if (w := line.split()) and w[0] == kind]

    def by_way(self, places: Mapping[str, str], moment: str = "import") -> set[tuple[str, str]]:
        """Way and planted place of each find at a moment."""
        names = {secret: place for place, secret in places.items()}
        return {(way, names.get(t, t)) for when, way, t in self._lines("FOUND") if when == moment}

    def looked(self, moment: str) -> dict[str, int]:
        """How many things were looked at, by way."""
        return {way: int(count) for when, way, count in self._lines("LOOKED") if when == moment}

    @property
    def sizes(self) -> set[str]:
        """Files known by name whose size could be had."""
        return {path for _, path in self._lines("SIZE")}

    @property
    def watched(self) -> list[list[str]]:
        """Folders known by name in which new files would be noticed."""
        return self._lines("WATCHED")


@dataclass
class Scene:
    """A course, a class that is being graded, and a machine, with a secret in each place."""

    level: int
    places: Mapping[str, str]
    group: Cohort
    aims: Mapping[str, object]

    def hunter(self, form: str, *, box: bool) -> Submission:
        """The hunter as it is handed in."""
        lines = "".join(f"{n} = {v!r}\n" for n, v in {**self.aims, "BOX": box}.items())
        code = (HUNTER / "tiny.py").read_bytes()
        entry = "tiny.py"
        if form == "notebook":
            entry = "tiny.ipynb"
            cells = [nbformat.v4.new_code_cell(code.decode())]
            code = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
        hunt = (HUNTER / "hunt.py").read_bytes()
        files = {"hunt.py": hunt, "aims.py": lines.encode(), entry: code}
        return Submission(student="eve", files=files, entry=entry)

    def hunt(self, form: str, *, box: bool = True) -> tuple[Graded, Finds, str]:
        """What the hunter gets, what it found, and all that came out of its box."""
        submission = self.hunter(form, box=box)
        recorded = self.group.executor.measure(submission)
        graded = self.group.judge(submission, recorded)
        book = recorded.notebook
        out = json.dumps(graded.to_json()) + (book.content.decode() if book else "")
        return graded, Finds(graded.execution.stdout), out


@pytest.fixture(scope="module", params=[3, pytest.param(2, marks=pytest.mark.proof)])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Everything planted, boxes of another student and of the reference open, at one level."""
    with ExitStack() as stack:
        yield arranged(stack, request.param)


def arranged(stack: ExitStack, level: int) -> Scene:
    """A scene that ends with the stack."""
    work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-scene-")))
    work.chmod(0o755)  # what keeps a box out is the box, not the mode
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    places: dict[str, str] = {}
    course = planted_course(work / "course", places)
    hints = planted_machine(stack, patch, work, places)
    places["memory"] = token()
    try:
        server = stack.enter_context(ForkServer(level=level, notebooks=True))
    except SandboxError as error:
        pytest.skip(str(error))
    executor = stack.enter_context(Borrower(server, course.load(), jobs=1))
    ledger = stack.enter_context(Ledger(course.out / "grades.db"))
    group = Cohort(executor, ledger)
    ledger.set_setting("note", places.setdefault("ledger", token()))
    class_before_and_beside(stack, group, course, places)
    hints["PIDS"] += [os.getpid(), server._current().process.pid]
    hints["FILES"] += [str(p) for p in sorted(course.root.rglob("*")) if p.is_file()]
    hints["FOLDERS"] += [str(work)]
    return Scene(level=level, places=places, group=group, aims=hints)


def planted_course(root: Path, places: dict[str, str]) -> Tiny:
    """Secrets in assignment.py, hidden.py, the labels, and the reference's code and weights."""
    course = found(root)
    places |= {n: token() for n in ("assignment", "hidden", "labels", "reference", "weights")}
    limits = "limits=Limits(cpu_seconds=2, memory_mib=2048, processes=16)"
    course.rule(f'entry="tiny", {limits}', 'entry="tiny", extra_files=["tiny.pt"]')
    course.rule("FULL = 1.0\n", f"FULL = 1.0\nNOTE = {places['assignment']!r}\n")
    course.write("assignments/tiny/labels.bin", places["labels"])
    hidden = (
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from grader.data import Secret\n"
        f"EXPECTED = {places['hidden']!r}\n"
        "_labels = np.fromfile(Path(__file__).with_name('labels.bin'), np.uint8)\n"
        "labels = Secret(lambda: _labels, 'labels')\n"
    )
    course.write("assignments/tiny/hidden.py", hidden)
    weights = root / "reference/tiny/tiny.pt"
    torch.save({"note": torch.tensor(list(places["weights"].encode()), dtype=torch.uint8)}, weights)
    opened = "NOTE = {!r}\nWEIGHTS = torch.load('tiny.pt', weights_only=True)\n"
    course.write("reference/tiny/tiny.py", RIGHT + opened.format(places["reference"]))
    return course


def planted_machine(
    stack: ExitStack, patch: pytest.MonkeyPatch, work: Path, places: dict[str, str]
) -> dict[str, list]:
    """Secrets in the grader's process and around it; what a specimen is told about them."""
    for name in ("environment", "home", "command", "environment of another", "descriptor"):
        places[name] = token()
    for name in ("shared memory", "segment", "queue", "socket", "link", "attribute", "name"):
        places[name] = token()
    (work / "home").mkdir()
    (work / "home/token").write_text(places["home"])
    patch.setenv("HOME", str(work / "home"))
    patch.setenv("COURSE_TOKEN", places["environment"])
    (work / places["name"]).touch()
    (work / "link").symlink_to(places["link"])
    (work / "attribute").touch()
    try:
        os.setxattr(work / "attribute", "user.note", places["attribute"].encode())
    except OSError:  # this file system has none
        del places["attribute"]
    opened = os.memfd_create("opened", 0)  # inheritable
    stack.callback(os.close, opened)
    os.write(opened, places["descriptor"].encode())
    other = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", WITNESS, places["command"]],
            env={**os.environ, "NOTE": places["environment of another"]},
            stdin=subprocess.PIPE,
        )
    )
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind("\0" + places["socket"])
    listener.listen()
    share = Path(f"/dev/shm/{work.name}")
    stack.callback(share.unlink)
    share.write_text(places["shared memory"])
    return {
        "PIDS": [other.pid],
        "FILES": [
            str(share),
            str(work / "home/token"),
            str(work / "link"),
            str(work / "attribute"),
        ],
        "FOLDERS": [str(work / "home")],
        "SEGMENTS": [segment(stack, places["segment"])],
        "QUEUES": [queue(stack, places["queue"])],
    }


def segment(stack: ExitStack, text: str) -> int:
    """A shared memory segment that everybody may read, gone with the stack."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    number = libc.shmget(0, 4096, 0o1666)
    assert number >= 0, os.strerror(ctypes.get_errno())
    stack.callback(libc.shmctl, number, 0, None)
    address = libc.shmat(number, None, 0)
    ctypes.memmove(address, text.encode(), len(text))
    libc.shmdt(ctypes.c_void_p(address))
    return number


def queue(stack: ExitStack, text: str) -> int:
    """A message queue that everybody may read, with one message, gone with the stack."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.msgget(0, 0o1666)
    assert number >= 0, os.strerror(ctypes.get_errno())
    stack.callback(libc.msgctl, number, 0, None)
    message = (1).to_bytes(8, sys.byteorder) + text.encode()
    assert libc.msgsnd(number, message, len(text), 0) == 0, os.strerror(ctypes.get_errno())
    return number


def class_before_and_beside(
    stack: ExitStack, group: Cohort, course: Tiny, places: dict[str, str]
) -> None:
    """One student is graded, in the ledger; another one's box is open, and the reference's."""
    for name in ("before", "beside"):
        places[name] = token()
        course.submit(name, f"{RIGHT}\nNOTE = {places[name]!r}\nprint(NOTE)\n")
    before, beside = course.submissions()
    recorded = group.executor.measure(before)
    graded = group.judge(before, recorded)
    assert graded.score == POINTS, said(graded)
    assert places["before"] in graded.execution.stdout
    group.ledger.commit(group.executor.key(before, group.level), recorded, graded, "")
    for one in (beside, group.loaded.reference):
        box = group.executor.backend.open(Job(submission=one, limits=AMPLE, seed=1))
        assert stack.enter_context(box).load() is None
    group.loaded.assignment.limits = AMPLE


@pytest.mark.proof
@pytest.mark.parametrize("form", ["module", pytest.param("notebook", marks=pytest.mark.proof)])
def test_in_a_box_nothing_is_found(scene: Scene, form: str) -> None:
    """No secret comes out, in whatever way it is looked for; the hunter gets its points.

    What level 2 leaves open is size, date and target of a link, of a file whose name is known.
    """
    graded, finds, out = scene.hunt(form)
    assert (graded.score, graded.execution.status) == (POINTS, "ok"), said(graded)
    found_at_import = finds.by_way(scene.places)
    out_anyway = {place for place, secret in scene.places.items() if secret in out}
    if scene.level == 2:
        assert (found_at_import, out_anyway) == ({("links", "link")}, {"link"})
        assert finds.sizes == set(scene.aims["FILES"])
    else:
        assert (found_at_import, out_anyway) == (set(), set())
        assert finds.sizes == set()
    assert finds.watched == []
    # What was found at first lies in memory afterwards; nothing else does.
    assert {place for _, place in finds.by_way(scene.places, "question")} <= out_anyway
    check_that_it_looked(finds, scene.level)


def check_that_it_looked(finds: Finds, level: int) -> None:
    """Every way was gone, at import and during a question."""
    for moment in ("import", "question"):
        looked = finds.looked(moment)
        least = dict.fromkeys([*INHERITED, "processes", "sockets"], 1)
        least |= {"objects": 1000, "modules": 1000, "gc": 1000}
        least |= {"names": 1000} if moment == "import" else {}
        if level == 2:  # /proc cannot be opened there
            del least["memory"]
            assert "memory" not in looked
        assert {way for way, count in least.items() if looked.get(way, 0) < count} == set()


@pytest.fixture(scope="module")
def bare_scene() -> Iterator[Scene]:
    """Everything planted, and no walls."""
    with ExitStack() as stack:
        yield arranged(stack, 0)


FILES = "assignment hidden labels reference weights home before beside ledger".split()
AROUND = {
    *(("files", place) for place in FILES),
    ("names", "name"),
    ("links", "link"),
    ("attributes", "attribute"),
    ("processes", "command"),
    ("sockets", "socket"),
    ("shared_memory", "shared memory"),
    ("shared_memory", "segment"),
    ("shared_memory", "queue"),
}
"""Way and place of what any process on the machine finds."""


@pytest.mark.proof
@pytest.mark.parametrize("form", ["module", "notebook"])
def test_at_level_0_files_and_names_are_found(bare_scene: Scene, form: str) -> None:
    """All that lies about is found; in its own memory, a fork, still nothing is."""
    graded, finds, _ = bare_scene.hunt(form, box=False)
    assert graded.score == POINTS, said(graded)
    hits = finds.by_way(bare_scene.places)
    assert there(AROUND, bare_scene) <= hits
    assert {(way, place) for way, place in hits if way in INHERITED} == set()


def there(pairs: set[tuple[str, str]], scene: Scene) -> set[tuple[str, str]]:
    """Those whose place exists on this machine."""
    return {(way, place) for way, place in pairs if place in scene.places}


@pytest.mark.proof
def test_as_a_plain_process_environment_and_descriptors_are_found(
    bare_scene: Scene, tmp_path: Path
) -> None:
    """As graders run it that start an interpreter: what level 0 kept is found too."""
    finds = run_plainly(bare_scene, tmp_path, "import tiny")
    wanted = AROUND | {
        ("environment", "environment"),
        ("descriptors", "descriptor"),
        ("processes", "environment"),
        ("processes", "environment of another"),
    }
    if os.geteuid() == 0:  # else it depends on the machine whether memory may be read
        wanted |= {("memory_of_others", "memory"), ("memory_of_others", "labels")}
    assert there(wanted, bare_scene) <= finds.by_way(bare_scene.places)


@pytest.mark.proof
def test_inside_the_process_that_keeps_them_all_are_found(
    bare_scene: Scene, tmp_path: Path
) -> None:
    """As graders run it that import it: frames, modules, `gc`, memory and pipes have no walls."""
    ways = {
        "environment": "environment",
        "modules": "in_module",
        "frames": "in_frame",
        "gc": "in_closure",
        "memory": "in_memory",
        "objects": "in_memory",
        "descriptors": "in_pipe",
    }
    names = list(dict.fromkeys(ways.values()))
    places = {name: token() for name in names}
    places["environment"] = bare_scene.places["environment"]
    text = " ".join(places[name] for name in names)
    finds = run_plainly(bare_scene, tmp_path, (HUNTER / "keeper.py").read_text(), text)
    assert set(ways.items()) <= finds.by_way(bare_scene.places | places)


def run_plainly(scene: Scene, folder: Path, program: str, given: str = "") -> Finds:
    """What the hunter finds where `program` imports it, in an ordinary child of this process."""
    for name, content in scene.hunter("module", box=False).files.items():
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        close_fds=False,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return Finds(done.stdout)
