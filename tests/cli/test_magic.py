"""`%check` on an ordinary kernel, driven as Jupyter drives it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbformat import v4

from kit.command_line import CommandLine
from kit.places import ROOT
from kit.processes import gone, naming
from kit.session import html, plain, run_cells
from kit.tiny import RIGHT, TANH, WRONG, Tiny

LOAD = "%load_ext grader"
LENET = ROOT / "reference/lenet5_mnist"


@pytest.fixture
def own(bare: Path, course: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder, on a machine where the tiny course is the course."""
    monkeypatch.setenv("GRADER_COURSE", str(course.root))
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


class Kernel:
    """An ordinary kernel that waits for cells of `tiny.ipynb`."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder, self.temporary = folder, temporary
        place = {"JPY_SESSION_NAME": str(folder / "tiny.ipynb"), "TMPDIR": str(temporary)}
        self._manager, self._client = start_new_kernel(
            kernel_name="python3", cwd=str(folder), env=os.environ | place
        )

    @property
    def pid(self) -> int:
        return self._manager.provisioner.pid

    def save(self, text: str) -> None:
        """The notebook holds this cell."""
        book = v4.new_notebook(cells=[v4.new_code_cell(text)])
        nbformat.write(book, self.folder / "tiny.ipynb")

    def run(self, code: str, *, interrupt: bool = False) -> str:
        """What is to be read below the cell; the stop button is pressed half-way where asked."""
        said, pressed = [], []

        def hear(message: dict) -> None:
            kind, content = message["msg_type"], message["content"]
            if kind in ("display_data", "update_display_data", "execute_result"):
                said[:] = [content["data"]["text/plain"]]
            elif kind == "error":
                said[:] = content["traceback"]
            if interrupt and not pressed and "reference measured" in "".join(said):
                pressed.append(1)  # the student's code runs
                self._manager.interrupt_kernel()

        self._client.execute_interactive(code, output_hook=hear, timeout=120)
        return "".join(said)

    def end(self) -> None:
        """It is gone."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(own: Path, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel that has run a right submission, which is saved, and has `%check`."""
    (tmp_path / "temporary").mkdir()
    one = Kernel(own, tmp_path / "temporary")
    one.save(RIGHT)
    one.run(RIGHT)
    one.run(LOAD)
    yield one
    one.end()


@pytest.mark.proof
def test_the_saved_notebook_is_checked_in_a_box(own: Path, call: CommandLine) -> None:
    """The output is what `grader check` prints, and the same as a table; a cross where one is due."""
    before = time.strftime("%H:%M")
    *_, outputs = run_cells(own, [WRONG, LOAD, "%check"])
    told = call("check", own / "tiny.ipynb", "--course", os.environ["GRADER_COURSE"])
    assert told.code == 1
    assert plain(outputs) == told.out
    table = html(outputs)
    marks = dict(re.findall(r"bold;\">(.)</td>.*?<b>(\w+)</b>", table))
    assert len(re.findall("<tr", table)) == 4
    assert marks["✗"] == "doubles"
    assert "Mend first: Not doubled" in table
    assert "10 of 12 points of the public checks, at sandbox level" in table
    assert re.search(r"as saved at (\d\d:\d\d):\d\d", table)[1] >= before
    assert "<script" not in table
    assert "<style" not in table


@pytest.mark.proof
def test_what_was_not_saved_is_not_checked_and_the_live_names_are(own: Path) -> None:
    """`%check` reads the file, whatever the cells have made since; `%check live` the names."""
    *_, saved, live, other = run_cells(
        own, [RIGHT, LOAD, "%check", "%check live", "%check other.ipynb -a tiny"], saved=[TANH]
    )
    assert "8 of 12 points" in plain(saved)
    assert "✗ values  0 / 4" in plain(saved)
    assert "12 of 12 points of the public checks, at sandbox level 0." in plain(live)
    assert "What is graded is the saved file" in plain(live)
    assert "the live names of" in html(live)
    assert plain(other) == f"grader: There is no file other.ipynb in {own}. Check the name."


@pytest.mark.proof
def test_a_session_goes_on_as_before(own: Path) -> None:
    """A trained network, its optimizer, random numbers and the thread count are what they were."""
    look = (
        "(net.first.weight.sum().item(), net.training, len(net._forward_hooks), torch.rand(1).item(), "
        "random.random(), numpy.random.rand(), [t.name for t in threading.enumerate()], "
        "os.getcwd(), sys.path, torch.get_default_dtype(), sorted(n for n in globals() if n[0] != '_'))"
    )
    seeds = "torch.manual_seed(1); random.seed(1); numpy.random.seed(1)"
    train = (
        "import numpy, os, random, sys, threading, torch\nnet = Tiny()\n"
        "net.register_forward_hook(lambda *_: None)\n"
        f"{seeds}\nnet.train();"
    )
    *_, first, _, second = run_cells(
        own,
        [RIGHT, LOAD, train, f"{seeds}\n{look}", f"{seeds}\n%check live", look],
    )
    assert plain(second) == plain(first)


@pytest.mark.proof
def test_a_sandbox_is_started_once_and_ends_with_the_kernel(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second `%check` finds the first one's processes; none is left when the kernel has ended."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    count = f"import pathlib; len(list(pathlib.Path({str(temporary)!r}).glob('grader-box-*')))"
    *_, first, _, _, third = run_cells(
        own, [RIGHT, LOAD, "%check", count, "%check", "%check live", count]
    )
    assert (plain(first), plain(third)) == ("1", "1")
    assert gone(temporary) == []
    assert list(temporary.glob("grader-*")) == []


@pytest.mark.proof
def test_it_works_on_the_backend_that_runs_anywhere(own: Path) -> None:
    """Its loop does not meet the kernel's. The note says what it is."""
    *_, saved, live = run_cells(
        own, [WRONG, LOAD, "%check --backend plain", "%check live --backend plain"]
    )
    for outputs in (saved, live):
        assert "✗ doubles  0 / 2" in plain(outputs)
        assert "10 of 12 points of the public checks, at sandbox level 0." in plain(outputs)
    assert "behind no wall" in html(saved)


@pytest.mark.proof
def test_a_killed_kernel_leaves_no_process(kernel: Kernel) -> None:
    """The fork server ends when nobody holds the other end of its socket."""
    assert "12 of 12" in kernel.run("%check")
    assert naming(kernel.temporary) != []
    os.kill(kernel.pid, signal.SIGKILL)
    assert gone(kernel.temporary, 20) == []


@pytest.mark.proof
@pytest.mark.parametrize("magic", ["%check", "%check live"])
def test_the_stop_button_stops_a_check(magic: str, kernel: Kernel) -> None:
    """One sentence, no thread left; the next check works, with the same sandbox."""
    assert "12 of 12" in kernel.run("%check")
    slow = RIGHT.replace("return [2", "import time\n    time.sleep(60)\n    return [2")
    kernel.save(slow)
    kernel.run(slow)
    kernel.run("before = dict(globals())")
    begun = time.monotonic()
    assert kernel.run(magic, interrupt=True) == (
        "grader: Interrupted. Nothing was changed; run the cell again."
    )
    assert time.monotonic() - begun < 30
    names = "[n for n in before if n[0] != '_' and globals()[n] is not before[n]]"
    assert kernel.run(names) == "['In', 'Out']" or kernel.run(names) == "[]"
    assert (
        kernel.run("import threading; [t.name for t in threading.enumerate() if '_tick' in t.name]")
        == "[]"
    )
    kernel.save(RIGHT)
    assert "12 of 12" in kernel.run("%check")


@pytest.mark.parametrize(
    ("magic", "sentence"),
    [
        ("%check --foo", "unrecognized arguments: --foo. See `%check?`."),
        ("%check -a", "argument -a/--assignment: expected one argument. See `%check?`."),
        ("%check -a other", "there is no assignment 'other' in {course}. There are: tiny."),
        ("%check live --course /nowhere", "/nowhere is no course: it has no folder `assignments`."),
    ],
)
def test_wrong_use_is_one_sentence(magic: str, sentence: str, own: Path) -> None:
    """No traceback, and the cell counts as failed."""
    *_, outputs = run_cells(own, [LOAD, magic])
    (error,) = (o for o in outputs if o["output_type"] == "error")
    expected = sentence.format(course=os.environ["GRADER_COURSE"])
    assert error["traceback"][0].startswith(f"grader: {expected}")
    assert len(error["traceback"]) == 1


@pytest.mark.proof
def test_a_notebook_of_another_name_needs_its_assignment(own: Path) -> None:
    """A copy is recognised; any other name asks for `-a`, and is then taken as the entry."""
    *_, copied = run_cells(own, [RIGHT, LOAD, "%check"], name="Copy of tiny.ipynb")
    assert "12 of 12" in plain(copied)
    assert "`Copy of tiny.ipynb` was taken as `tiny.ipynb`" in plain(copied)
    *_, unnamed, named = run_cells(
        own, [RIGHT, LOAD, "%check", "%check -a tiny"], name="Untitled.ipynb"
    )
    assert plain(unnamed) == (
        "grader: no assignment asks for a file called Untitled. Name one with -a: tiny."
    )
    assert "12 of 12" in plain(named)
    assert "`Untitled.ipynb` was run: it defines `Tiny`, `double`" in plain(named)


@pytest.mark.proof
def test_nothing_of_a_student_s_acts_in_the_table(own: Path) -> None:
    """Names and messages are text, controls are visible."""
    trick = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\u202e"
    text = RIGHT.replace(
        "return self.second", f"raise ValueError({trick!r})\n        return self.second"
    )
    for magic in ("%check", "%check live"):
        *_, outputs = run_cells(own, [text, LOAD, magic])
        table = html(outputs)
        assert "&lt;script&gt;" in table
        assert "<script" not in table
        assert "<img" not in table
        assert "\x1b" not in table + plain(outputs)
        assert "\u202e" not in table + plain(outputs)


@pytest.mark.proof
def test_the_bundled_course_and_its_reference(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lenet5_mnist, saved and live, with the weights beside it: everything is earned."""
    monkeypatch.chdir(tmp_path)
    cells = [
        c["source"]
        for c in json.loads((LENET / "lenet.ipynb").read_text())["cells"]
        if c["cell_type"] == "code"
    ]
    shutil.copy(LENET / "lenet.pt", tmp_path)
    code = ["".join(c) for c in cells]
    *_, saved, live, absent = run_cells(
        tmp_path,
        [*code, LOAD, "%check --stand-in", "%check live --stand-in", "%check live"],
        name="lenet.ipynb",
    )
    whole = re.search(r"(\d+) of \1 points", plain(saved))
    assert whole, plain(saved)
    assert whole[0] in plain(live), plain(live)
    assert "· test_accuracy  decided when graded" in plain(absent)
    assert "✗" not in html(absent)


@pytest.mark.proof
def test_colab_s_notebook_is_checked_as_the_browser_has_it(own: Path) -> None:
    """Nothing of it lies on the disk, and nothing is written beside what does."""
    book = v4.new_notebook(
        cells=[v4.new_code_cell(TANH)], metadata={"colab": {"name": "Copy of tiny.ipynb"}}
    )
    browser = (
        "import json, sys, types\n"
        "sys.modules['google'] = types.ModuleType('google')\n"
        "colab = sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
        "colab._message = sys.modules['google.colab._message'] = types.ModuleType('m')\n"
        f"book = json.loads({nbformat.writes(book)!r})\n"
        "colab._message.blocking_request = lambda kind, request='', timeout_sec=5: {'ipynb': book}"
    )
    *_, saved, live = run_cells(own, [browser, RIGHT, LOAD, "%check", "%check live"], saved=[WRONG])
    assert "✗ values  0 / 4" in plain(saved)
    assert "`Copy of tiny.ipynb` was taken as `tiny.ipynb`" in plain(saved)
    assert "as it stands in Colab" in html(saved)
    assert "12 of 12" in plain(live)
    assert sorted(p.name for p in own.iterdir()) == ["tiny.ipynb"]
