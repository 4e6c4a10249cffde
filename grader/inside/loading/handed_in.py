"""The submission's files as they were handed in, whatever the student's code makes of them.

Weights are read before any code of the student's runs. What the grader opens of them later is that,
and a file that was made meanwhile only where none of its name was handed in. What the code made and
changed is remarked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from grader.inside import remarks
from grader.inside.schema.messages import RemarkKey

SUFFIXES = (".pt", ".pth", ".safetensors", ".ckpt", ".pkl", ".bin")
"""How files of weights end."""
_MOST = 5000
"""Files that are looked at."""
_OWN = ("HOME", "MPLCONFIGDIR", "TORCH_HOME")
"""Variables with folders that libraries fill by themselves."""
_NAMED = 4
"""Files of a kind that are named; of the others the number."""
_Mark = tuple[int, int, int]
"""By which a file that was written again is known: its size, time and number."""


@dataclass(frozen=True, slots=True)
class _Files:
    """What lay in the folder before anything ran."""

    directory: str
    marks: dict[str, _Mark]
    """By path."""
    weights: dict[str, bytes]
    """By path the content."""
    own: frozenset[str]
    """Folders that are not the student's."""


_files: _Files | None = None
"""None in a session of the student's own, where what lies in the folder is what is meant."""


def freeze(directory: str) -> None:
    """What lies there now is what was handed in."""
    global _files
    own = frozenset(os.environ[name] for name in _OWN if name in os.environ) - {directory}
    marks = dict(_list_files(directory, own))
    weights = {}
    for path in marks:
        if path.endswith(SUFFIXES):
            with open(path, "rb") as file:
                weights[path] = file.read()
    _files = _Files(directory, marks, weights, own)


def forget() -> None:
    """Nothing is known of what was handed in."""
    global _files
    _files = None


def read(path: str) -> bytes | None:
    """The content of a file of weights as it came; else what the code has saved there, if any."""
    if _files is not None and path in _files.weights:
        return _files.weights[path]
    if not os.path.isfile(path):
        return None
    if _files is not None and path not in _files.marks:
        remarks.add("saved", f"`{os.path.relpath(path, _files.directory)}`")
    with open(path, "rb") as file:
        return file.read()


def list_weights(folder: str) -> list[str]:
    """Names of the files of weights that were handed in there."""
    if _files is None:
        return list_saved(folder)
    return sorted(os.path.basename(p) for p in _files.weights if os.path.dirname(p) == folder)


def list_saved(folder: str) -> list[str]:
    """Names of the files of weights that lie there now."""
    return sorted(n for n in os.listdir(folder) if n.endswith(SUFFIXES))


def report() -> None:
    """What the code has made and changed goes out with the next answer."""
    if _files is None:
        return
    now = dict(_list_files(_files.directory, _files.own))
    changed = [path for path, mark in _files.marks.items() if now.get(path) != mark]
    _remark("kept", [p for p in changed if p in _files.weights])
    _remark("changed", [p for p in changed if p not in _files.weights])
    _remark("made", [_find_new(path, _files) for path in now if path not in _files.marks])


def _find_new(path: str, files: _Files) -> str:
    """The file, or the topmost folder above it that was not there before."""
    known = {os.path.dirname(p) for p in files.marks} | {files.directory}
    while os.path.dirname(path) not in known:
        path = os.path.dirname(path)
    return path


def _remark(key: RemarkKey, paths: list[str]) -> None:
    assert _files is not None
    start = len(_files.directory) + 1
    names = [f"`{p[start:].replace(os.sep, '/')}`" for p in dict.fromkeys(sorted(paths))]
    for name in names[:_NAMED]:
        remarks.add(key, name)
    if len(names) > _NAMED:
        remarks.add(key, f"and {len(names) - _NAMED} more")


def _list_files(directory: str, own: frozenset[str]) -> Iterator[tuple[str, _Mark]]:
    """Each file that is not hidden, with its mark; no link is followed."""
    waiting, count = [directory], 0
    while waiting and count < _MOST:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:  # the code may close one
            for entry in entries:
                count += 1
                if entry.name.startswith((".", "__pycache__")) or entry.path in own:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    yield entry.path, (facts.st_size, facts.st_mtime_ns, facts.st_ino)
