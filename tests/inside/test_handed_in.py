"""What was handed in is what is judged, whatever the student's code makes of the files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from grader.inside import remarks
from grader.inside.loading import handed_in
from grader.inside.loading.namespace import Unanswerable
from grader.inside.measuring import weights
from grader.sandbox.remarks import WORDS


@pytest.fixture(autouse=True)
def unremarked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No remarks are left from before, none for what follows."""
    for name in ("HOME", "MPLCONFIGDIR", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    remarks.forget()
    yield
    remarks.forget()
    handed_in.forget()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission, before anything runs."""
    (tmp_path / "parts").mkdir()
    for name in ("lenet.py", "parts/layers.py", "lenet.pt"):
        (tmp_path / name).write_bytes(b"as it came")
    handed_in.freeze(str(tmp_path))
    return tmp_path


def told() -> dict[str, list[str]]:
    """The details of each remark, by its key."""
    handed_in.report()
    rows: dict[str, list[str]] = {}
    for key, detail in remarks.rows():
        rows.setdefault(key, []).append(detail)
    assert rows.keys() <= WORDS.keys()
    return rows


def test_nothing_is_said_of_files_that_stay(folder: Path) -> None:
    assert handed_in.read(str(folder / "lenet.pt")) == b"as it came"
    assert told() == {}


@pytest.mark.parametrize("how", ["written", "appended", "deleted", "moved", "replaced by a link"])
def test_weights_are_read_as_they_came(folder: Path, how: str) -> None:
    """The file is named, and what it has become is not read."""
    path = folder / "lenet.pt"
    if how == "written":
        path.write_bytes(b"something else")
    elif how == "appended":
        path.write_bytes(path.read_bytes() + b"more")
    elif how == "deleted":
        path.unlink()
    elif how == "moved":
        path.rename(folder / "old.pt")
    else:
        path.unlink()
        path.symlink_to(folder / "lenet.py")
    assert handed_in.read(str(path)) == b"as it came"
    assert handed_in.list_weights(str(folder)) == ["lenet.pt"]
    assert told() == {"kept": ["`lenet.pt`"], **({"made": ["`old.pt`"]} if how == "moved" else {})}


def test_what_is_made_and_changed_is_named(folder: Path) -> None:
    """Of a new folder the folder; nothing that is hidden; of many a few, and how many more."""
    (folder / "parts/layers.py").write_bytes(b"anew")
    (folder / "data/raw").mkdir(parents=True)
    for name in ("data/raw/x", "data/y", ".cache", "parts/log.csv", *(f"{n}.png" for n in "abcd")):
        (folder / name).write_bytes(b"")
    assert told() == {
        "changed": ["`parts/layers.py`"],
        "made": ["`a.png`", "`b.png`", "`c.png`", "`d.png`", "and 2 more"],
    }


def test_a_file_is_judged_that_was_saved_where_none_was_handed_in(tmp_path: Path) -> None:
    handed_in.freeze(str(tmp_path))
    assert handed_in.read(str(tmp_path / "lenet.pt")) is None
    (tmp_path / "lenet.pt").write_bytes(b"saved")
    assert handed_in.read(str(tmp_path / "lenet.pt")) == b"saved"
    assert told() == {"saved": ["`lenet.pt`"], "made": ["`lenet.pt`"]}


def test_what_was_saved_under_another_name_was_not_handed_in(tmp_path: Path) -> None:
    """The sentence says who made it; one that was handed in is to be renamed."""
    net = nn.Linear(2, 2)
    (tmp_path / "lenet_old.pt").write_bytes(b"x")
    handed_in.freeze(str(tmp_path))
    torch.save(net.state_dict(), tmp_path / "lenet5.pth")
    with pytest.raises(Unanswerable, match=r"but `lenet_old\.pt` was; rename it"):
        weights.load_into(net, str(tmp_path), "lenet.pt")
    (tmp_path / "lenet_old.pt").unlink()
    (tmp_path / "lenet5.pth").unlink()
    handed_in.freeze(str(tmp_path))
    torch.save(net.state_dict(), tmp_path / "lenet5.pth")
    with pytest.raises(
        Unanswerable, match=r"your code saved `lenet5\.pth` while it ran here; save"
    ):
        weights.load_into(net, str(tmp_path), "lenet.pt")


def test_in_a_session_of_their_own_the_files_are_those_that_lie_there(tmp_path: Path) -> None:
    (tmp_path / "lenet.pt").write_bytes(b"1")
    assert handed_in.read(str(tmp_path / "lenet.pt")) == b"1"
    assert handed_in.list_weights(str(tmp_path)) == ["lenet.pt"]
    assert told() == {}


def test_a_folder_that_was_closed_is_passed_over() -> None:
    """By whoever may not look into it, as a student in a box; root may look into every folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lenet.py").write_bytes(b"as it came")
        folder.chmod(0o755)
        handed_in.freeze(name)
        (folder / "shut").mkdir(mode=0o000)
        (folder / "shut").chmod(0o000)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            assert not os.access(folder / "shut", os.R_OK, effective_ids=True)
            assert told() == {}
        finally:
            os.seteuid(before)
