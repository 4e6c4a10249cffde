"""The environment in which the grader starts processes: fixed, whatever its own one holds.

CUDA's driver is not found in it. Woken by a count of the GPUs, it would start threads, even where
CUDA_VISIBLE_DEVICES names none, and a fork server may have only one. So a build of torch for CUDA
behaves everywhere as on a machine without a GPU.
"""

from __future__ import annotations

import os
import site
from collections.abc import Mapping
from pathlib import Path

FIXED = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
    "MALLOC_ARENA_MAX": "2",
}
_SEARCHED, _DRIVER = "LD_LIBRARY_PATH", "libcuda.so.1"
"""Where Linux looks for libraries first, and what torch looks for there."""
_PASSED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
"""Kept of the grader's own environment: without the first two, some interpreters do not start."""
_WINDOWS = (
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATH PATHEXT TEMP TMP USERPROFILE "
    "NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE"
).split()
"""The same on Windows, where without these no socket opens and no library is found."""


def make(caches: str, system: str = os.name, own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a process; what torch and others write at import lies in `caches`."""
    passed = {n: own[n] for n in (*_PASSED, *(_WINDOWS if system == "nt" else ())) if n in own}
    first = [_hide_driver(caches), *filter(None, [own.get(_SEARCHED)])]
    made = {_SEARCHED: ":".join(first), "TORCHINDUCTOR_CACHE_DIR": caches}
    if site.ENABLE_USER_SITE:  # `pip install --user`: found by HOME, which is another there
        made |= {"PYTHONNOUSERSITE": "", "PYTHONUSERBASE": site.getuserbase()}
    return FIXED | passed | made


def find_reason(log: bytes) -> str:
    """The last line of what an ended process wrote: of a traceback, the one that says why."""
    lines = log[-2000:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _hide_driver(caches: str) -> str:
    """A folder with an empty file by the driver's name, which no loader takes for a library."""
    folder = Path(caches, "drivers")
    for path in (folder.parent, folder):
        path.mkdir(mode=0o755, exist_ok=True)
    (folder / _DRIVER).touch(0o644)
    return str(folder)


def make_for_students(
    home: str, system: str = os.name, own: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What student code finds there beside what it finds on Linux: what the system needs."""
    if system != "nt":
        return {}
    passed = {n: own[n] for n in _WINDOWS if n in own}
    return passed | {"USERPROFILE": home, "TEMP": home, "TMP": home}
