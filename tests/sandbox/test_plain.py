"""The backend that runs anywhere: the same answers as the fork server's, limits watched from outside."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import site
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from grader import data
from grader.assignment.course import Course
from grader.grading.cohort import Cohort
from grader.grading.executor import Executor
from grader.grading.grade import grade
from grader.inside.loading import namespace
from grader.ledger.ledger import Ledger
from grader.records.errors import SandboxError
from grader.records.execution import Execution, Missing, StudentError
from grader.records.limits import Limits
from grader.sandbox import environment, interpreter, server_process
from grader.sandbox.backend import Choice
from grader.sandbox.box import Box
from grader.sandbox.plain import Plain
from grader.sandbox.plain_supervisor import NOTE
from grader.submissions import collect
from kit.archives import ASKED
from kit.boxes import job
from kit.command_line import start
from kit.places import NOWHERE, ROOT, SUBMISSIONS
from kit.processes import gone, naming
from kit.slow import in_proofs
from kit.specimens import handed_in
from kit.verdicts import SEED, UNSTEADY, condense, differences, hand_in_all, meant, recorded
from kit.without_unix import CALL, write_hook

AMPLE = Limits(
    cpu_seconds=20.0, cell_seconds=10.0, memory_mib=1024, processes=16, disk_mib=8, output_kib=4
)
BRIEF = Limits(
    cpu_seconds=0.6, cell_seconds=0.5, memory_mib=1024, processes=16, disk_mib=8, output_kib=4
)
PATIENT = Limits(
    cpu_seconds=0.6, patience=100, memory_mib=1024, processes=16, disk_mib=8, output_kib=4
)
"""However busy the machine: the CPU limit comes first."""
UNIX = pytest.mark.skipif(os.name != "posix", reason="it takes a call that only Unix has")
MORE_UNSTEADY = {"Priya_Sharma/notes", "Priya_Sharma/reason"}
"""Here memory is watched and not refused by the kernel: how far a loop that takes 245 MB at a time is
past its limit when it is seen decides whether it is told so or ended, and then its file is read again.
"""
HONEST = "x = 3\ndef double(a):\n    return a * 2\n"


@pytest.fixture(scope="module")
def anywhere() -> Iterator[Plain]:
    with Plain(notebooks=True) as opened:
        yield opened


def as_notebook(*cells: str) -> bytes:
    made = [v4.new_code_cell(textwrap.dedent(c).strip()) for c in cells]
    return nbformat.writes(v4.new_notebook(cells=made)).encode()


def opened(anywhere: Plain, source: str | bytes, limits: Limits = AMPLE, **files: bytes) -> Box:
    """A box with lenet.py, or with lenet.ipynb."""
    content = source if isinstance(source, bytes) else textwrap.dedent(source).encode()
    entry = "lenet.ipynb" if isinstance(source, bytes) else "lenet.py"
    return anywhere.open(job({entry: content, **files}, entry=entry, limits=limits, seed=7))


def call(box: Box, name: str, *args: object) -> object:
    answer = box.ask("call", {"name": name, "args": list(args)})
    return answer if isinstance(answer, Missing) else answer["value"]["item"]


def run(
    anywhere: Plain, source: str, limits: Limits = AMPLE
) -> tuple[StudentError | None, Execution]:
    with opened(anywhere, source, limits) as box:
        error = box.load()
        return error, box.close()


# ---------------------------------------------------------------------- what works


def test_a_module_is_loaded_and_asked(anywhere):
    source = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n" + HONEST
    with opened(anywhere, source) as box:
        assert box.load() is None
        assert call(box, "double", 21) == 42
        end = box.close()
    assert (end.status, end.level, end.stdout, end.stderr) == ("ok", 0, "out\n", "err\n")
    assert end.notes == (NOTE,)
    assert not list(Path(anywhere._root).glob("box-*"))


@pytest.mark.proof
def test_a_notebook_is_run_cell_by_cell_and_asked(anywhere):
    """What cells print, show and raise is kept; one that ends the kernel loses only itself."""
    cells = (
        "print('seen')\n1 + 1",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "1 / 0",
        "import os\nos._exit(4)",
        HONEST,
    )
    with opened(anywhere, as_notebook(*cells)) as box:
        assert box.load() is None
        assert [c.status for c in box.cells] == ["ok", "ok", "error", "died", "ok"]
        assert box.cells[2].error.line == 1
        assert call(box, "double", 21) == 42
        end = box.close()
        book = nbformat.reads(box.notebook.decode(), 4)
    assert [o.output_type for o in book.cells[0].outputs] == ["stream", "execute_result"]
    assert "image/png" in book.cells[1].outputs[0].data
    assert end.status == "stopped"
    assert end.stdout == "seen\nseen\n"  # it was run again without the cell that ended it


def test_names_may_be_any_text(anywhere):
    source = (
        "from übung.größe import x\nfrom pathlib import Path\ny = Path('пример.txt').read_text()"
    )
    files = {"übung/größe.py": b"x = 4", "пример.txt": "ж".encode()}
    with opened(anywhere, source, **files) as box:
        assert box.load() is None
        assert box.ask("value", {"name": "y"})["value"]["item"] == "ж"


@pytest.mark.proof
def test_the_student_code_stands_nowhere_near_the_grader(anywhere, monkeypatch):
    """Its environment is a fixed list, and the grader's package is in no path of its."""
    monkeypatch.setenv("GRADER_SECRET", "expected")
    source = """
        import os, sys, tempfile
        def names(): return sorted(os.environ)
        def paths(): return [*sys.path, os.getcwd(), tempfile.gettempdir()]
        """
    with opened(anywhere, source) as box:
        assert "GRADER_SECRET" not in str(call(box, "names"))
        assert str(ROOT / "x")[:-2] not in [p["item"] for p in call(box, "paths")]


@pytest.mark.proof
def test_roots_rights_are_given_up(anywhere, tmp_path):
    """Where the grader is root, student code is nobody: it can signal no process but its own."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("this is no root")
    source = f"""
        import os
        def told():
            try:
                os.kill({os.getpid()}, 0)
            except PermissionError:
                return os.getuid()
        """
    with opened(anywhere, source) as box:
        assert call(box, "told") >= 60_600


@pytest.mark.proof
def test_a_warm_one_waits(anywhere):
    """The interpreter of the next submission is started while this one runs."""
    with opened(anywhere, HONEST) as box:
        box.load()
        deadline = time.monotonic() + 60
        while anywhere._spare is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert anywhere._spare.ended is False


# ---------------------------------------------------------------------- limits and deaths


@pytest.mark.proof
@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("while True: pass", "cpu"),
        ("import os\nos._exit(3)", "stopped"),
        ("x = 1 / 0", "crashed"),
        ("while True: print('x' * 1000)", "output"),
        *in_proofs(
            ("import time\ntime.sleep(60)", "time"),
            ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "time"),
            ("x = []\nwhile True: x.append(b'x' * (1 << 25))", "memory"),
            ("x = b'x' * (2 << 30)", "memory"),
            ("import os\nwhile True: os.write(2, b'x' * 65536)", "output"),
            ("import sys\nsys.exit(0)", "stopped"),
            ("import ctypes\nctypes.string_at(0)", "crashed"),
            ("import os\nos.closerange(0, 100)", "stopped"),
            (
                "import threading, time\n"
                "for _ in range(40): threading.Thread(target=time.sleep, args=(30,)).start()\n"
                "time.sleep(30)",
                "processes",
            ),
            (
                "import os, time\nwith open('large', 'wb') as f: f.write(bytes(40 << 20))\n"
                "time.sleep(30)",
                "disk",
            ),
        ),
    ],
)
def test_a_limit_or_a_death_is_named(anywhere, source, status):
    limits = {"cpu": PATIENT, "time": BRIEF}.get(status, AMPLE)
    error, end = run(anywhere, source, limits)
    assert end.status == status, end.reason
    assert end.reason.endswith(".")
    assert error is not None or end.error is not None


@pytest.mark.proof
def test_memory_that_is_given_back_costs_only_what_took_it(anywhere):
    """As where the kernel refuses it: MemoryError is raised, and what follows is run."""
    source = "x = [b'x' * (1 << 25) for _ in range(10_000)]\n" + HONEST
    with opened(anywhere, source) as box:
        assert box.load() is None
        assert call(box, "double", 21) == 42
        end = box.close()
    assert end.status == "memory"
    assert end.error.kind == "MemoryError"


@pytest.mark.proof
@UNIX
def test_processes_share_one_memory_limit(anywhere):
    source = """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                x = b"1" * (500 << 20)
                time.sleep(60)
        time.sleep(60)
        """
    assert run(anywhere, source)[1].status == "memory"


@pytest.mark.proof
def test_a_cell_is_interrupted_and_the_next_one_runs(anywhere):
    cells = ("import time\ntime.sleep(60)", "while True: pass", HONEST)
    limits = Limits(cpu_seconds=30, cell_seconds=0.5, memory_mib=1024, processes=16)
    with opened(anywhere, as_notebook(*cells), limits) as box:
        assert box.load() is None
        assert [c.status for c in box.cells] == ["time", "time", "ok"]
        assert call(box, "double", 21) == 42


@pytest.mark.proof
def test_a_cell_that_cannot_be_interrupted_ends_the_kernel(anywhere):
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    limits = Limits(cpu_seconds=30, cell_seconds=0.5, memory_mib=1024, processes=16)
    with opened(anywhere, as_notebook(stubborn, HONEST), limits) as box:
        assert box.load() is None
        assert [c.status for c in box.cells] == ["died", "ok"]
        assert box.close().status == "time"


@pytest.mark.proof
@pytest.mark.parametrize(
    "top",
    [
        "while True: pass",
        "total = sum(range(10 ** 12))",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import time\ntime.sleep(3600)",
        "import os\nos._exit(3)",
        "from trained import x",
    ],
)
@pytest.mark.parametrize("form", ["module", "notebook"])
def test_what_stands_beside_an_endless_line_is_defined(anywhere, top, form):
    """As from the fork server, whichever form it has: definitions are read again where they must."""
    limits = Limits(cpu_seconds=30, cell_seconds=0.5, memory_mib=1024, processes=16)
    source = f"import math\n{top}\n{HONEST}"
    entry = source if form == "module" else as_notebook(source)
    helper = {"trained.py": b"x = 2\nwhile True: pass"}
    with opened(anywhere, entry, limits, **helper) as box:
        assert box.load() is None
        assert call(box, "double", 21) == 42
        assert box.ask("value", {"name": "x"})["value"]["item"] == 3
        end = box.close()
    assert (end.status != "ok") >= (form == "module")


@pytest.mark.proof
def test_files_stay_as_they_were_handed_in(anywhere):
    """A second run begins with them, and what the first one made is gone."""
    source = """
        import os, pathlib
        os.mkdir("made")
        text = pathlib.Path("a.txt").read_text()
        os.remove("a.txt")
        pathlib.Path("lenet.pt").write_text("other")
        def leave(): os._exit(0)
        def stay(): return text
        """
    with opened(anywhere, source, **{"a.txt": b"came", "lenet.pt": b"came"}) as box:
        assert isinstance(call(box, "leave"), Missing)
        assert call(box, "stay") == "came"
        notes = " ".join(box.close().notes)
    assert "while it ran here: `lenet.pt`. What is judged is the file as it was handed in" in notes
    assert "while it ran here: `a.txt`. What it read of them afterwards" in notes


@pytest.mark.proof
def test_a_death_between_questions_costs_none_of_them(anywhere):
    source = """
        import os, threading
        def later():
            threading.Timer(0.05, os._exit, [0]).start()
            return "soon"
        def stay():
            return "here"
        """
    with opened(anywhere, source) as box:
        assert call(box, "later") == "soon"
        time.sleep(0.5)
        assert call(box, "stay") == "here"
        assert box.close().status == "stopped"


# ---------------------------------------------------------------------- what is left behind

LEFT = {
    "child": "subprocess.Popen(WORDS)",
    "session": "subprocess.Popen(WORDS, start_new_session=True)",
    "daemon": "os.fork() or (os.setsid(), os.fork() or os.execv(WORDS[0], WORDS), os._exit(0))",
}
"""How a process is started that would stay."""


@pytest.mark.proof
@pytest.mark.parametrize(
    "how", ["child", *(pytest.param(how, marks=UNIX) for how in ("session", "daemon"))]
)
def test_nothing_outlives_its_box(anywhere, how, tmp_path):
    """What the code started is ended with it, even where it left session and parent."""
    words = [sys.executable, "-c", "import time; time.sleep(600)", str(tmp_path)]
    if os.name == "posix":  # root's interpreter may be closed to others
        words = ["/bin/sh", "-c", "sleep 600; true", str(tmp_path)]
    source = f"""
        import os, subprocess, sys, time
        WORDS = {words!r}
        {LEFT[how]}
        time.sleep(1)
        """
    with opened(anywhere, source) as box:
        assert box.load() is None
        assert naming(tmp_path)
        assert box.close().status == "ok"
    assert naming(tmp_path) == []


@pytest.fixture
def within() -> Iterator[Path]:
    """A temporary folder that every user may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_a_folder_that_student_code_cannot_enter_is_refused(monkeypatch, tmp_path):
    """As root: else the code would have to run as root, or nowhere."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("this is no root")
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "closed"))
    with pytest.raises(SandboxError, match="closed to other users"):
        Plain()
    assert list((tmp_path / "closed").iterdir()) == []


@pytest.mark.proof
@UNIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_grader_leaves_no_process(name, tmp_path, within):
    """Ctrl-C, or an end without warning: even an endless loop goes with the grader."""
    mine = tmp_path / "lenet.py"
    mine.write_text("print('begun', flush=True)\nwhile True: pass\n")
    number, temporary = signal.Signals[name], within
    words = ("check", mine, "--stand-in", "--course", ROOT, "--backend", "plain")
    with start(*words, temporary=temporary) as process:
        deadline = time.monotonic() + 120
        while not begun(temporary) and process.poll() is None:
            assert time.monotonic() < deadline, "the code was not run within two minutes"
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (130 if name == "SIGINT" else -number)
    assert gone(temporary, 20) == []
    assert name == "SIGKILL" or not list(temporary.glob("grader-*"))


def begun(temporary: Path) -> bool:
    """True once the student's code has printed."""
    return any(b"begun" in p.read_bytes() for p in temporary.glob("grader-plain-*/*/stdout"))


SLEEPS = "import time\nprint('begun', flush=True)\ntime.sleep(60)"


@pytest.mark.proof
@pytest.mark.parametrize("source", [SLEEPS, as_notebook(SLEEPS)], ids=["module", "notebook"])
def test_closing_cuts_off_whoever_waits(source):
    said: list[BaseException] = []
    with Plain(notebooks=isinstance(source, bytes)) as short:

        def load() -> None:
            try:
                with opened(short, source, Limits(cell_seconds=100)) as box:
                    box.load()
            except SandboxError as error:
                said.append(error)

        waiting = threading.Thread(target=load)
        waiting.start()
        deadline = time.monotonic() + 60
        while not list(Path(short._root).glob("process-*/stdout")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(1)
    waiting.join(30)
    assert not waiting.is_alive()
    assert "closed" in str(said[0])
    assert not Path(short._root).exists()


@pytest.mark.proof
def test_a_notebook_runs_beside_a_loop(anywhere):
    """A kernel in which a student checks a notebook has a loop that runs already."""

    async def check() -> list[str]:
        with opened(anywhere, as_notebook("x = 1", HONEST)) as box:
            assert box.load() is None
            return [c.status for c in box.cells]

    assert asyncio.run(check()) == ["ok", "ok"]


# ---------------------------------------------------------------------- lies

FORGED = """
    import os, struct, json
    for number in range(3, 20):
        try:
            os.write(number, {bytes})
        except OSError:
            pass
    """


@pytest.mark.proof
@pytest.mark.parametrize(
    "written",
    [
        "b'garbage'",
        "struct.pack('<IQ', 2, 1 << 60) + b'{}'",
        "(lambda t: struct.pack('<IQ', len(t), 0) + t)(json.dumps({'loaded': True}).encode())",
    ],
)
def test_what_is_written_to_the_answers_is_found_out(anywhere, written):
    end = run(anywhere, FORGED.format(bytes=written) + "\n    import time\n    time.sleep(0.5)")[1]
    assert end.status == "tampered"


@pytest.mark.proof
def test_an_answer_has_a_largest_size(anywhere):
    source = "import torch\ndef much():\n    return torch.zeros(1 << 25)\n"
    with opened(anywhere, source) as box:
        answer = call(box, "much")
        assert isinstance(answer, Missing)
        assert f"{1 << 25:,} numbers" in answer.why


# ---------------------------------------------------------------------- which backend is taken


@pytest.mark.proof
def test_a_disk_that_is_full_is_our_fault(anywhere, monkeypatch):
    """What was handed in cannot be copied into the box: that box breaks, and the next one works."""

    def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(namespace, "open", full, raising=False)
        with pytest.raises(SandboxError, match=r"A box broke: OSError: .*No space left on device"):
            run(anywhere, HONEST)
    assert run(anywhere, HONEST)[1].status == "ok"


def test_an_interpreter_that_does_not_start_is_our_fault(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch at all')\n")
    monkeypatch.setitem(environment.FIXED, "PYTHONPATH", str(tmp_path))
    with Plain() as broken, pytest.raises(SandboxError, match="no torch at all"):
        run(broken, HONEST)


@pytest.mark.proof
def test_one_that_never_is_ready_is_given_up(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setitem(environment.FIXED, "PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(interpreter, "START_SECONDS", 0.5)
    with Plain() as slow, pytest.raises(SandboxError, match="not ready within"):
        run(slow, HONEST)


def refuse(*_: object, **__: object) -> None:
    raise SandboxError("the fork server is broken in this test")


def test_the_one_without_walls_is_taken_where_the_other_does_not_run(monkeypatch):
    """And it is said why, so that a fault of ours does not hide behind it."""
    monkeypatch.setattr(server_process.ServerProcess, "__init__", refuse)
    said: list[str] = []
    backend = Choice(tell=said.append).start()
    backend.close()
    assert isinstance(backend, Plain)
    assert backend.level == 0
    assert said == [
        "Code runs without walls here, in a fresh process, at level 0: the fork server is broken "
        "in this test."
    ]


@pytest.mark.parametrize("asked", [{"lowest": 2}, {"level": 3}, {"name": "forkserver"}])
def test_a_level_that_was_asked_for_is_not_given_up(monkeypatch, asked):
    monkeypatch.setattr(server_process.ServerProcess, "__init__", refuse)
    with pytest.raises(SandboxError, match="broken in this test") as refused:
        Choice(**asked).start()
    assert ("--allow-level 0" in str(refused.value)) == ("lowest" in asked)


def test_it_has_level_0_only():
    with pytest.raises(SandboxError, match="level 0 only"):
        Choice(name="plain", level=2).start()


@pytest.mark.proof
@pytest.mark.skipif(sys.platform != "linux", reason="it finds its own files by /proc")
def test_what_is_printed_is_read_from_no_other_file(anywhere, monkeypatch, tmp_path):
    """A link in the place of the file with what was printed leads nowhere."""
    monkeypatch.setattr("grader.sandbox.plain_supervisor._find_uid", lambda: None)
    other = tmp_path / "other"
    other.write_text("somebody else's")
    source = f"""
        import os
        path = os.readlink("/proc/self/fd/1")
        os.rename(path, path + ".old")
        os.symlink({str(other)!r}, path)
        print("mine")
        """
    error, execution = run(anywhere, source)
    assert (error, execution.stdout) == (None, "mine\n")


# ---------------------------------------------------------------------- without Unix

ASSERTED = (
    "import os, signal\nassert not hasattr(os, 'fork') and not hasattr(signal, 'setitimer')\n"
)


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH: what starts with it finds none of what only Unix has."""
    return write_hook(tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("form", ["module", "notebook"])
def test_a_check_needs_nothing_of_unix(form, hook, tmp_path):
    """Controller and student's process alike run where fork, fcntl, resource and the rest are not."""
    reference = ROOT / "reference" / "lenet5_mnist"
    source = ASSERTED + (reference / "lenet.py").read_text()
    mine = tmp_path / ("lenet.py" if form == "module" else "lenet.ipynb")
    mine.write_bytes(source.encode() if form == "module" else as_notebook(ASSERTED, source))
    (tmp_path / "lenet.pt").write_bytes((reference / "lenet.pt").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", CALL, hook, "check", mine, "--stand-in", "--course", ROOT],
        env={**os.environ, "PYTHONPATH": str(hook)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "100 of 100 points" in done.stdout
    assert "at sandbox level 0" in done.stdout
    assert "Code runs without walls here" in done.stderr


@pytest.mark.proof
def test_cells_are_interrupted_without_signals(monkeypatch, hook):
    monkeypatch.setitem(environment.FIXED, "PYTHONPATH", str(hook))
    limits = Limits(cpu_seconds=30, cell_seconds=0.5, memory_mib=1024, processes=16)
    with (
        Plain(notebooks=True) as bare,
        opened(bare, as_notebook(ASSERTED, "while True: pass", HONEST), limits) as box,
    ):
        assert box.load() is None
        assert [c.status for c in box.cells] == ["ok", "time", "ok"]


@pytest.mark.parametrize(
    ("system", "named"), [("nt", {"SYSTEMROOT", "TEMP", "USERPROFILE"}), ("posix", set())]
)
def test_the_environment_has_what_the_system_needs(system, named, tmp_path, monkeypatch):
    own = {"SYSTEMROOT": "C:\\Windows", "TEMP": "C:\\Temp", "SECRET": "x"}
    given = environment.make_for_students("C:\\home", system, own)
    assert given.keys() & {"SYSTEMROOT", "TEMP", "USERPROFILE"} == named
    assert "SECRET" not in given | environment.make(str(tmp_path), system, own)
    monkeypatch.setattr("site.ENABLE_USER_SITE", True)
    with_user = environment.make(str(tmp_path), system, own)
    assert with_user["PYTHONNOUSERSITE"] == ""  # which is as good as unset
    assert with_user["PYTHONUSERBASE"] == site.getuserbase()
    assert ("SYSTEMROOT" in environment.make(str(tmp_path), system, own)) == (system == "nt")


def test_a_crash_has_one_form_on_every_system():
    assert interpreter._translate(0xC0000005) == -signal.SIGSEGV
    assert [interpreter._translate(code) for code in (0, 3, -9)] == [0, 3, -9]


# ---------------------------------------------------------------------- the same verdicts

MEMORY_IS_NEVER_GIVEN_BACK = ()


def decided(executor: Executor, folder: Path, submissions: list) -> dict[str, object]:
    """What is decided about each, without the sentence that only this backend says."""
    summary = grade(executor, submissions, folder)
    now = {g.student: condense(g.to_json()) for g in summary.graded}
    for one in now.values():
        one["notes"] = [n for n in one["notes"] if n != NOTE]
    return now


def executor_of(slug: str, seed: int) -> Executor:
    loaded = Course(ROOT).load(slug)
    source = data.Source(NOWHERE, stand_in=True)
    return Executor(loaded, source, seed=seed, jobs=2, choice=Choice(name="plain"))


@pytest.mark.proof
@pytest.mark.parametrize("slug", Course(ROOT).slugs())
def test_every_verdict_is_the_fork_servers(slug, tmp_path):
    """References, handouts and every eighth of samples and mistakes, since each takes seconds to
    start: scores, outcomes and sentences, word for word.
    """
    course = Course(ROOT)
    loaded = course.load(slug)
    every = hand_in_all(course, loaded, tmp_path / "class")
    right = [*course.references(loaded), *course.handouts(loaded)]
    ours = {s.student.replace("/", "--") for s in right}
    others = [s for s in every if s.student not in ours]
    submissions = [s for s in every if s.student in ours] + others[::8]
    assert len(submissions) > len(ours) > 1
    with executor_of(slug, SEED) as executor:
        now = decided(executor, tmp_path / "out", submissions)
    was = {student: one for student, one in recorded(slug).items() if student in now}
    changed = differences(was, now)
    loose = UNSTEADY | MORE_UNSTEADY
    meant_here = {at: pair for at, pair in meant(slug).items() if at.partition("/")[0] in now}
    assert {at: pair for at, pair in changed.items() if at not in loose} == meant_here


@pytest.mark.proof
def test_right_answers_get_full_marks(tmp_path):
    folders = sorted(p for p in (SUBMISSIONS / "right").iterdir() if p.is_dir())
    with (
        executor_of("lenet5_mnist", 1) as executor,
        Ledger(tmp_path / "grades.db") as ledger,
    ):
        cohort = Cohort(executor, ledger)
        for folder in folders:
            path = handed_in(folder, tmp_path / "class")
            submission = collect.read_one([path], ASKED, student=folder.name)
            graded = cohort.judge(submission, executor.measure(submission))
            assert graded.score == graded.max_score, folder.name
            assert graded.execution.status == "ok", folder.name
