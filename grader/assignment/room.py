"""What the files of a submission may hold together.

Files that nobody asked for are left out where they do not fit, and named; so a data set that was
handed in by mistake costs nothing. Of a notebook only what its cells say is counted, not outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from grader.records.notebook_file import SUFFIX, Unreadable, read_notebook
from grader.records.submission import Submission

CODE = (".py", SUFFIX)
"""What is let in before all else that nobody asked for."""


def fit(submission: Submission, asked: Collection[str], kib: int) -> Submission:
    """The submission without files that do not fit beside those that were asked for; it says which.

    `asked` are names of further files; the entry is asked for as well.
    """
    sizes = {name: measure(name, content) for name, content in submission.files.items()}
    if sum(sizes.values()) <= kib << 10:
        return submission
    wanted = {*asked, submission.entry}
    left, kept = kib << 10, set[str]()
    for name in sorted(sizes, key=lambda n: (n not in wanted, not n.endswith(CODE), sizes[n], n)):
        if name in wanted or sizes[name] <= left:
            kept.add(name)
            left -= sizes[name]
    notes = [
        f"`{name}` ({sizes[name] / 1024:,.0f} KiB) was left out, because all files together may "
        f"hold {kib:,} KiB"
        for name in sorted(sizes.keys() - kept)
    ]
    files = {name: content for name, content in submission.files.items() if name in kept}
    return replace(submission, files=files, notes=(*submission.notes, *notes))


def describe_excess(submission: Submission, kib: int) -> str:
    """Why nothing of the submission is run, in a sentence; empty where its files fit."""
    sizes = {name: measure(name, content) for name, content in submission.files.items()}
    total = sum(sizes.values())
    if total <= kib << 10:
        return ""
    return (
        f"The files that are asked for hold {_list_sizes(sizes)}. Together they may hold {kib:,} "
        "KiB, so nothing was run. Hand in the weights alone, without an optimizer's state, in "
        "float32."
    )


def measure(name: str, content: bytes) -> int:
    """Bytes that count: of a notebook those of the text of its cells."""
    if not name.endswith(SUFFIX):
        return len(content)
    try:
        return sum(
            len(c.source.encode(errors="replace")) for c in read_notebook(content).cells if c.source
        )
    except Unreadable:
        return len(content)


def _list_sizes(sizes: Mapping[str, int]) -> str:
    largest = sorted(sizes, key=lambda n: -sizes[n])[:3]
    return ", ".join(f"`{n}` {sizes[n] / 1024:,.0f} KiB" for n in largest)
