"""Temporary folders: used by one run, swept by the next, never somebody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.records.temporary import TemporaryFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nothing is swept where no lock is")
HOLDER = """
import sys, time
from grader.records.temporary import TemporaryFolder
held = TemporaryFolder("work")
print(held.path, flush=True)
time.sleep(100)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders lie."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_goes_with_its_owner(place: Path) -> None:
    """With what it holds, however often it is removed."""
    with TemporaryFolder("work") as folder:
        Path(folder.path, "below").mkdir()
        assert list(place.iterdir()) == [Path(folder.path)]
    folder.remove()
    assert list(place.iterdir()) == []


@pytest.mark.process
def test_what_a_killed_run_left_is_swept_by_the_next(place: Path) -> None:
    """As long as it lives, its folder stays; a process that inherited the lock holds it too."""
    words = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(place)}
    ) as holder:
        assert holder.stdout
        left = Path(holder.stdout.readline().strip())
        (left / "file").write_text("x")
        TemporaryFolder("work").remove()
        assert left.is_dir()
        holder.send_signal(signal.SIGKILL)
    TemporaryFolder("work").remove()
    assert list(place.iterdir()) == []


@pytest.mark.process
def test_a_child_holds_the_folder_for_its_parent(place: Path) -> None:
    """As the fork server does, which may outlive the grader by a moment."""
    folder = TemporaryFolder("box")
    child = subprocess.Popen(["sleep", "100"], pass_fds=[folder.lock])
    os.close(folder.lock)
    folder.remove.detach()
    TemporaryFolder("work").remove()
    assert Path(folder.path).is_dir()
    child.kill()
    child.wait()
    TemporaryFolder("work").remove()
    assert list(place.iterdir()) == []


def test_nothing_of_others_is_swept(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither what a link leads to, nor a file, nor a folder that is called otherwise."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept").touch()
    (place / "grader-work-abcdefgh.run").symlink_to(elsewhere)
    (place / "grader-work-abcdefgi.run").touch()
    another_version = "grader-box-abcdefgh"
    for name in ("grader-work.run", "my-grader-work-abcdefgh.run", "other", another_version):
        (place / name).mkdir()
    before = set(place.iterdir())
    TemporaryFolder("work").remove()
    assert set(place.iterdir()) == before
    assert (elsewhere / "kept").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give")
def test_another_users_folder_stays(place: Path) -> None:
    """Who runs the grader as root sweeps nothing of ordinary users."""
    folder = place / "grader-work-abcdefgh"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    TemporaryFolder("work").remove()
    assert folder.is_dir()


@pytest.mark.process
def test_a_program_that_ends_by_force_leaves_none(tmp_path: Path) -> None:
    """Nothing is finalised on such an end, so they are removed before it."""
    text = (
        "import os, sys\nfrom grader.records import temporary\n"
        "kept = temporary.TemporaryFolder('box', within=sys.argv[1])\n"
        "assert os.listdir(sys.argv[1])\ntemporary.remove_all()\nos._exit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", text, str(tmp_path)], check=False)
    assert done.returncode == 3
    assert not list(tmp_path.iterdir())
