"""Who handed in nearly the same: pairs for a person to look at. No point depends on it.

Sketches of code and weights are made when a class is graded, and kept by the digest of the files.
What the handout, the reference or many of the class have is nobody's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from grader.assignment.course_files import read_file
from grader.assignment.loader import LoadedAssignment
from grader.grading.code_sketch import sketch_code
from grader.grading.weight_sketch import sketch_weights
from grader.ledger.ledger import Ledger
from grader.records.likeness import Kind, Likeness, Sketch
from grader.records.result import Graded
from grader.records.submission import Submission

ALIKE = 0.8
"""From this share on two are named."""
FEWEST: Mapping[Kind, int] = {"code": 20, "weights": 64}
"""Traits of its own that a work needs to be compared."""
FEW = 10
MANY: Mapping[Kind, int] = {"code": 30, "weights": 100}
"""A trait of code that more than a tenth of the class have is nobody's; but not where no more than
FEW do. One that more than MANY have is nobody's always: weights that so many handed in were given.
"""
COMMON = "common"
"""Instead of a digest: what the handout and the reference hold."""


def keep_sketches(
    ledger: Ledger, loaded: LoadedAssignment, submissions: Iterable[Submission]
) -> None:
    """The sketches of these submissions stand in the ledger; those that are there are not made
    again.
    """
    known = ledger.sketches()
    made = {s.digest: _sketch(s.files) for s in submissions if s.digest not in known}
    shared = [s for files in _list_common(loaded) for s in _sketch(files)]
    ledger.keep_sketches({**made, COMMON: _join(shared)})


def _sketch(files: Mapping[str, bytes]) -> list[Sketch]:
    return [s for s in (sketch_code(files), sketch_weights(files)) if s is not None]


def _list_common(loaded: LoadedAssignment) -> Iterator[Mapping[str, bytes]]:
    """The files of the reference, of other right solutions, and of the handout."""
    yield from (one.files for one in (loaded.reference, *loaded.forms))
    handout = loaded.folder / "handout"
    yield {p.name: read_file(p) for p in sorted(handout.glob("*")) if p.is_file()}


def _join(sketches: Sequence[Sketch]) -> list[Sketch]:
    """One for each kind, with what any of them has."""
    kinds: tuple[Kind, ...] = ("code", "weights")
    return [
        Sketch(
            kind=kind,
            size=sum(s.size for s in sketches if s.kind == kind),
            values=frozenset().union(*(s.values for s in sketches if s.kind == kind)),
        )
        for kind in kinds
    ]


def find_alike(ledger: Ledger, graded: Iterable[Graded]) -> list[Likeness]:
    """Pairs of nearly identical work among the newest results, the most alike first."""
    kept = ledger.sketches()
    common = {s.kind: s.values for s in kept.get(COMMON, ())}
    works: dict[Kind, dict[str, Sketch]] = {"code": {}, "weights": {}}
    for one in graded:
        for sketch in kept.get(one.digest, ()) if not one.withdrawn else ():
            works[sketch.kind][one.student] = sketch
    pairs = [
        pair
        for kind, sketches in works.items()
        for pair in compare(kind, sketches, common.get(kind, frozenset()))
    ]
    return sorted(pairs, key=lambda p: (-p.share, -p.size, p.kind, p.students))


def compare(
    kind: Kind, sketches: Mapping[str, Sketch], common: frozenset[int]
) -> Iterator[Likeness]:
    """Each pair of students who share nearly all of what is the smaller work's own."""
    own = {student: set(s.values - common) for student, s in sketches.items()}
    often = Counter(value for values in own.values() for value in values)
    most = MANY[kind] if kind == "weights" else min(max(FEW, len(own) // 10), MANY[kind])
    own = {n: {v for v in values if often[v] <= most} for n, values in own.items()}
    own = {n: values for n, values in own.items() if len(values) >= FEWEST[kind]}
    for (one, other), shared in _count_shared(own).items():
        smaller = min(one, other, key=lambda n: len(own[n]))
        share = shared / len(own[smaller])
        if share >= ALIKE:
            whole = sketches[smaller]
            size = round(whole.size * len(own[smaller]) / len(whole.values))
            yield Likeness(kind=kind, students=(one, other), share=share, size=size)


def _count_shared(own: Mapping[str, set[int]]) -> Counter[tuple[str, str]]:
    """By pair, how many values both have; without pairs that have none."""
    holders: dict[int, list[str]] = {}
    for student in sorted(own):
        for value in own[student]:
            holders.setdefault(value, []).append(student)
    return Counter(pair for names in holders.values() for pair in combinations(names, 2))
