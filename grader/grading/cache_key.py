"""The key under which an execution is kept: a digest of everything that could change it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import grader
from grader.assignment.loader import LoadedAssignment
from grader.records.submission import Submission

LIBRARIES = ("torch", "torchvision", "numpy")
"""What measures, beside the grader itself."""


def digest_of_measuring_code(root: Path) -> str:
    """SHA-256 of every Python file below `root`, at any depth, with its name."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def read_versions() -> dict[str, str]:
    """Versions of what measures, without importing it."""
    installed = {n: v for n in LIBRARIES if (v := _read_version(n)) is not None}
    return {"grader": grader.__version__, **installed}


def _read_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # torchvision may be missing
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKeys:
    """Makes the keys of one assignment under one seed."""

    loaded: LoadedAssignment
    seed: int
    data: tuple[str, ...]
    """What identifies each data set that the probes use."""
    measuring: str
    """Digest of the code that enters the sandbox."""
    versions: Mapping[str, str]

    def of(self, submission: Submission, level: int, served: Iterable[str]) -> str:
        """SHA-256 of the submission and all that its measurements depend on.

        `served` identifies the training pictures that lie in its box.
        """
        parts = {
            "submission": submission.digest,
            "entry": submission.entry,
            "numbers": submission.numbers,
            "reference": self.loaded.reference.digest,
            "probes": sorted(p.key for p in self.loaded.probes.values()),
            "script": self.loaded.script,
            "limits": asdict(self.loaded.assignment.limits),
            "run": self.loaded.assignment.run,
            "data": list(self.data),
            "served": list(served),
            "seed": self.seed,
            "level": level,
            "measuring": self.measuring,
            "versions": dict(self.versions),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
