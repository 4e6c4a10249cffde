"""The built wheel works on its own in an empty folder: course, templates and sandbox included."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.proof
def test_demo_from_the_wheel_in_an_empty_folder(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("GRADER_DATA", "PYTHONPATH")}
    shutil.rmtree(ROOT / "build", ignore_errors=True)  # files that are gone would still lie there
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env=environment)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    # The libraries of this environment, without what is installed editable in it.
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True, env=environment)
    empty = tmp_path / "empty"
    empty.mkdir()
    where = "import grader; print(grader.__file__)"
    options = {"cwd": empty, "env": environment, "capture_output": True, "text": True}
    found = subprocess.run([python, "-c", where], check=True, **options)
    assert str(site) in found.stdout

    command = [tmp_path / "venv" / "bin" / "grader", "demo"]
    first = subprocess.run(command, check=False, **options)
    assert first.returncode == 0, first.stdout + first.stderr
    index = Path(first.stdout.strip().splitlines()[-1])
    assert index == empty / "reports" / "lenet5_mnist" / "index.html"
    assert "STAND-IN" in first.stdout
    again = subprocess.run(command, check=False, **options)
    assert again.returncode == 0
    assert "Nothing was executed" in again.stdout
