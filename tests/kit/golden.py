"""What the grader writes for a small class, laid beside the files in tests/golden, byte for byte.

What cannot be the same on two machines is blanked in both: how long a run took, the memory it
needed, versions of libraries, the level of the sandbox, the digest of the measuring code, and the
digits of a floating-point number after the sixth. Style sheets and scripts stand in files of their
own, and are left out.
"""

from __future__ import annotations

import re
from difflib import unified_diff
from itertools import islice
from pathlib import Path

SHOWN = 60
"""Lines of a difference that a failing test prints."""

_BLANKED = [
    (re.compile(pattern), blank)
    for pattern, blank in (
        (r'("(?:seconds|cpu_seconds|peak_mib|level)": )[\d.]+', r"\g<1>0"),
        (r'("(?:grader|torch|torchvision|numpy)": )"[^"]*"', r'\1"version"'),
        (r'("measuring": )"[0-9a-f]{64}"', r'\1"digest"'),
        (
            r"(<dt>(?:time|memory|level|grader|versions · \w+|digests · measuring)</dt><dd>)[^<]*",
            r"\1…",
        ),
        (r"It ran in a sandbox of level \d: [^<\n]*", "It ran in a sandbox of level …"),
        (r"(?s)<(style|script)>.*?</", r"<\1>…</"),
        (r"sha256-[A-Za-z0-9+/]{43}=", "sha256-…"),
    )
]
_LONG = re.compile(r"-?\d+\.\d{7,}(?:e-?\d+)?")


def normalised(text: str) -> str:
    """The text without what differs between machines."""
    for pattern, blank in _BLANKED:
        text = pattern.sub(blank, text)
    return _LONG.sub(lambda number: f"{float(number[0]):.6g}", text)


def write(made: Path, golden: Path) -> None:
    """The golden file holds what the grader makes now."""
    golden.parent.mkdir(exist_ok=True)
    golden.write_bytes(normalised(_read(made)).encode())


def difference(made: Path, golden: Path) -> str:
    """Nothing where both hold the same; else the lines that differ, and what to do about them."""
    now, then = normalised(_read(made)), _read(golden)
    if now == then:
        return ""
    sides = (then.splitlines(keepends=True), now.splitlines(keepends=True))
    names = f"golden/{golden.name}", f"now/{made.name}"
    lines = [repr(line)[1:-1] for line in islice(unified_diff(*sides, *names, n=1), SHOWN)]
    return "\n".join(
        [f"{golden.name} is not what it was.", *lines, "If this is meant: pytest --update-golden"]
    )


def _read(path: Path) -> str:
    return path.read_bytes().decode() if path.exists() else ""
