"""Grades in the rows of an instructor's own file: which cells change, from what to what, and for
whom nothing is written.

What a system calls its columns stands in the module of that system; what all have in common, here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from grader.export.export import Change, ExportedFile, Left, Results, Wishes
from grader.export.matching import Key, Matching, Pair, list_members, match
from grader.export.table import Place, Table
from grader.records.errors import UsageError
from grader.records.person import Person
from grader.records.result import Graded
from grader.report import escape

_CENT = Decimal("0.01")
"""Systems compare scores at two decimals."""
_LISTED = 12
"""Columns that a sentence lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A column that holds grades."""

    column: int
    heading: str
    names: tuple[str, ...]
    """By which an instructor may ask for it, beside the heading."""
    maximum: float | None
    """Points that the file names for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradebook:
    """An instructor's file, understood."""

    table: Table
    lines: Sequence[int]
    """Those of students."""
    labels: Sequence[str]
    """What the file calls each of them."""
    keys: Sequence[Key]
    """By which they are found, the surest first."""
    column: Candidate
    above: str
    """What the system does with more points than the maximum, a sentence."""
    excused: str = ""
    """What stands in a cell for work that does not count; empty where nothing does."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """What is never replaced in a cell, in small letters, and why, as the rest of a sentence."""


def make_key(
    table: Table, lines: Sequence[int], column: int, *fields: str, strip: str = ""
) -> list[Key]:
    """The column as what rows are found by, without the signs of `strip`; nothing where there is no
    such column.
    """
    if column < 0:
        return []
    values = [table.get(line, column).strip().removeprefix(strip) for line in lines]
    return [Key(heading=table.head[column], fields=fields, values=values)]  # type: ignore[arg-type]


def join_names(
    table: Table, lines: Sequence[int], first: int, last: int, whole: int
) -> Sequence[str]:
    """Each line's name: of one column, or of two."""
    if whole >= 0:
        return [table.get(line, whole).strip() for line in lines]
    return [f"{table.get(line, first)} {table.get(line, last)}".strip() for line in lines]


# ------------------------------------------------------------------------------- which column


def choose(candidates: Sequence[Candidate], results: Results, system: str) -> Candidate:
    """The column that was asked for, else the only one, else the one with the assignment's name.

    Raises UsageError where that leaves none or several, and lists what there is.
    """
    if results.wishes.column:
        return _find_asked(candidates, results.wishes.column, system)
    if not candidates:
        raise UsageError(f"the file has no column of {system} that takes points")
    fits = candidates if len(candidates) == 1 else _find_own(candidates, results)
    if len(fits) != 1:
        raise UsageError(
            f"the file has {len(candidates)} columns that take points: {_list(candidates)}. Say "
            "which with --column"
        )
    return fits[0]


def _find_own(candidates: Sequence[Candidate], results: Results) -> Sequence[Candidate]:
    """Columns called like the assignment that was graded."""
    own = {name for one in results.graded for name in (_plain(one.title), _plain(one.assignment))}
    return [one for one in candidates if own & {_plain(name) for name in one.names}]


def _find_asked(candidates: Sequence[Candidate], asked: str, system: str) -> Candidate:
    fits = [one for one in candidates if asked in (one.heading, *one.names)]
    fits = fits or [one for one in candidates if _plain(asked) in map(_plain, one.names)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(
            f"{len(fits)} columns are called {asked!r}: {_list(fits)}. Give the number or the "
            "whole heading"
        )
    names = [name for one in candidates for name in one.names]
    near = difflib.get_close_matches(asked, names, n=1, cutoff=0.5)
    raise UsageError(
        f"the file has no column {asked!r} of {system} that takes points; "
        + (f"did you mean {near[0]!r}?" if near else f"there are: {_list(candidates) or 'none'}")
    )


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


def _list(candidates: Sequence[Candidate]) -> str:
    more = len(candidates) - _LISTED
    shown = ", ".join(repr(one.heading) for one in candidates[:_LISTED])
    return shown + (f" and {more} more" if more > 0 else "")


# ------------------------------------------------------------------------------- which cells


def read_own_table(results: Results, refuse: Callable[[Table], str], what: str) -> Table:
    """The instructor's file. Raises UsageError where there is none, or it is not `what`."""
    if results.own_file is None:
        raise UsageError("this format fills a file of the other program. Name it with --into")
    table = Table.read(results.own_file)
    if why := refuse(table):
        raise UsageError(f"it is no {what}: {why}")
    return table


def fill(book: Gradebook, results: Results) -> ExportedFile:
    """The file with the grades of everybody who has exactly one row, and all that stays open.

    Raises UsageError where the file counts other points than the grader and nobody has said which
    are meant.
    """
    matching = match(list_members(results.graded), book.keys, book.labels)
    factor = _find_factor(book.column, results)
    cells, changes, unchanged, left = dict[Place, str](), list[Change](), list[str](), list[Left]()
    comma = _uses_comma(book)
    for pair in matching.pairs:
        name, old = pair.member.name, _read_cell(book, pair)
        if one := _explain_left(book, pair, results.wishes):
            left.append(one)
            continue
        graded = pair.member.graded
        points = round_points(graded.final * factor)
        new = book.excused if graded.excused else _show_points(points, comma=comma)
        if new == old or (not graded.excused and points == read_points(old)):
            unchanged.append(name)
            continue
        cells[_find_place(book, pair)] = new
        row = book.labels[pair.row]
        changes.append(Change(name=name, row=row, by=pair.by, old=old, new=new))
    doubtful = [Left(name=member.name, why=why) for member, why in matching.refused]
    free, gone = _split_withdrawn(book, matching, results.withdrawn)
    return ExportedFile(
        content=book.table.fill(cells),
        unmatched=[member.name for member in matching.unmatched],
        rows=[book.labels[row] for row in free],
        column=book.column.heading,
        changes=changes,
        unchanged=unchanged,
        left=[*doubtful, *left, *gone],
        notes=[
            *_note_maximum(book, factor),
            *_note_above(book, changes),
            *_note_accounts(matching.pairs),
        ],
    )


def _explain_left(book: Gradebook, pair: Pair, wishes: Wishes) -> Left | None:
    """Why this cell stays as it is; None where a grade is written."""
    one, name = pair.member.graded, pair.member.name
    if one.excused:
        why = "is excused, for which there is no sign here: nothing is written"
        return None if book.excused else Left(name=name, why=why, settled=True)
    if one.undecided:
        return Left(name=name, why="has no score yet: a person is needed")
    if one.needs_review and not wishes.with_open:
        return Left(name=name, why="needs a person before the score counts")
    why = book.kept.get(_read_cell(book, pair).casefold(), "")
    return Left(name=name, why=why, settled=True) if why else None


def _split_withdrawn(
    book: Gradebook, matching: Matching, withdrawn: Iterable[Graded]
) -> tuple[list[int], list[Left]]:
    """Rows that are nobody's, and who has one of them but is withdrawn."""
    pairs = match(list_members(withdrawn), book.keys, book.labels).pairs
    gone = {pair.row: pair.member for pair in pairs if pair.row in set(matching.rows)}
    why = "is withdrawn: nothing is written"
    left = [Left(name=member.name, why=why, settled=True) for member in gone.values()]
    return [row for row in matching.rows if row not in gone], left


def _find_place(book: Gradebook, pair: Pair) -> Place:
    return book.lines[pair.row], book.column.column


def _read_cell(book: Gradebook, pair: Pair) -> str:
    return book.table.get(*_find_place(book, pair)).strip()


# ------------------------------------------------------------------------------- how many points


def _find_factor(column: Candidate, results: Results) -> float:
    """By how much points are multiplied."""
    ours = next((one.max_score for one in results.graded), None)
    theirs, points = column.maximum, results.wishes.points
    if points == "scaled" and theirs is None:
        raise UsageError(
            f"the file does not say how many points {column.heading!r} has, so nothing can be "
            "scaled to it. Leave out --points scaled"
        )
    if ours is None or theirs is None or points == "graded" or _equal(ours, theirs):
        return 1.0
    if not points:
        raise UsageError(
            f"{column.heading!r} has {theirs:g} points and the assignment {ours:g}. Give --points "
            f"scaled for {theirs:g} of {theirs:g} where all {ours:g} were earned, or --points "
            "graded for the points as they are"
        )
    return theirs / ours if ours else 1.0


def _equal(a: float, b: float) -> bool:
    return round_points(a) == round_points(b)


def round_points(value: float) -> Decimal:
    """Two decimals, halves upwards, without the noise of binary fractions."""
    return Decimal(repr(round(value, 6))).quantize(_CENT, ROUND_HALF_UP)


def read_points(text: str) -> Decimal | None:
    """The number in a cell, with a point or a comma, at two decimals; None where there is none."""
    found = re.fullmatch(r"(-?[0-9]{1,12})(?:[.,]([0-9]{1,12}))?", text.strip())
    return round_points(float(f"{found[1]}.{found[2] or 0}")) if found else None


def _show_points(points: Decimal, *, comma: bool) -> str:
    """Without zeros that say nothing: `87.5`, and `87,5` where the file has commas."""
    text = f"{points:f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if comma else text


def _uses_comma(book: Gradebook) -> bool:
    """Whether numbers in the column, that of its maximum included, have a comma."""
    table, column = book.table, book.column.column
    values = (table.get(line, column) for line in range(1, len(table.lines)))
    return any(re.fullmatch(r"[0-9]{1,12},[0-9]{1,12}", value.strip()) for value in values)


def _note_maximum(book: Gradebook, factor: float) -> list[str]:
    if book.column.maximum is None:
        return ["The file does not say how many points the column has: see whether they are ours."]
    if factor != 1.0:
        return [f"Points are multiplied by {factor:g}."]
    return []


def _note_above(book: Gradebook, changes: Sequence[Change]) -> list[str]:
    most = book.column.maximum
    above = [c for c in changes if most is not None and _is_above(c.new, most)]
    if not above:
        return []
    names = ", ".join(escape.line(change.name) for change in above[:_LISTED])
    return [f"More than the {most:g} points of the column: {names}. {book.above}"]


def _note_accounts(pairs: Sequence[Pair]) -> list[str]:
    """An account is all that a repository tells, and the file's may be those of other people."""
    persons = [(pair.member.name, pair.member.graded.persons) for pair in pairs]
    alone = ((name, known) for name, known in persons if known)
    found = [name for name, known in alone if all(p == Person(login=p.login) for p in known)]
    if not found:
        return []
    names = ", ".join(map(escape.line, found[:_LISTED]))
    return [
        f"Found by an account alone: {names}. Where it is that of another platform, such as"
        " GitHub, see whether it is the same person's, or grade with --roster."
    ]


def _is_above(text: str, most: float) -> bool:
    points = read_points(text)
    return points is not None and points > round_points(most)


def list_student_lines(table: Table, lines: Iterable[int]) -> list[int]:
    """Those lines in which anything stands."""
    return [n for n in lines if any(cell.value.strip() for cell in table.lines[n])]
