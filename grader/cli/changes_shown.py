"""How the terminal shows what changed."""

from __future__ import annotations

from collections.abc import Sequence

from grader.cli.terminal import line, name_of, new_table, safe, show
from grader.grading.changes import Change, compare
from grader.ledger.entries import Entry
from grader.records.json_values import Json, to_json
from grader.records.mark import Mark, find_in_force
from grader.records.result import Graded


def show_diff(changes: Sequence[Change], count: int) -> None:
    """A row for each check that was decided otherwise."""
    table = new_table("student", "score", "check", "points", "why", folds=["why"])
    for change in changes:
        scores = _say_change(change.before, change.after)
        why = "; ".join(change.reasons)
        table.add_row(name_of(change.student), scores, "", "", safe(why))
        for check in change.checks:
            points = _say_change(check.before, check.after)
            table.add_row("", "", safe(check.name), points, safe(check.why))
    if changes:
        show(table)
    line(f"{len(changes)} of {count} students have another result.")


def diff_document(changes: Sequence[Change]) -> dict[str, Json]:
    """The same as JSON."""
    return {"changes": to_json(list(changes))}


def show_history(now: Graded, entries: Sequence[Entry], marks: Sequence[Mark]) -> None:
    """A row for each result and each mark, oldest first."""
    table = new_table("when", "what", "score", "why", folds=["why"])
    rows: list[tuple[str, str, str, str]] = []
    before: Graded | None = None
    for entry in entries:
        change = compare(now.student, before, entry.graded) if before else None
        why = "; ".join(_list_whys(change)) if change else ""
        score = "open" if entry.graded.undecided else f"{entry.graded.score:g}"
        rows.append((entry.at, f"graded, run {entry.run}", score, why))
        before = entry.graded
    rows += [(m.at, f"{m.by} marked", "", say_mark(m)) for m in marks]
    for row in sorted(rows, key=lambda r: r[0]):
        table.add_row(*map(safe, row))
    show(table)
    line(
        f"{now.student}: {now.score:g} of {now.max_score:g} points, {now.final:g} in the end"
        f"{', excused' * now.excused}{', a person is needed' * now.needs_review}."
    )
    for adjustment in now.adjustments:
        line(f"{adjustment.points:+g}: {adjustment.reason}")


def history_document(
    now: Graded, entries: Sequence[Entry], marks: Sequence[Mark]
) -> dict[str, Json]:
    """The same as JSON."""
    return {
        "student": now.student,
        "score": now.score,
        "final": now.final,
        "results": [
            {"at": e.at, "run": e.run, "score": e.graded.score, "digest": e.graded.digest}
            for e in entries
        ],
        "marks": to_json(list(marks)),
    }


def show_marks(marks: Sequence[Mark], log: Sequence[Mark], *, same: int, written: bool) -> None:
    """A row for each mark of a table, with what holds before it."""
    held = {m.key: m for own in find_in_force(log).values() for m in own}
    if marks:
        table = new_table("student", "mark", "in place of", folds=["mark", "in place of"])
        for mark in marks:
            before = held.get(mark.key)
            old = f"{say_mark(before)}, {before.by}" if before else "–"
            table.add_row(name_of(mark.student), safe(say_mark(mark)), safe(old))
        show(table)
    known = f"; {same} hold already" if same else ""
    again = sum(mark.key in held for mark in marks)
    line(f"Marks: {len(marks)}, {again} of them in place of earlier ones{known}.")
    if marks:
        line("They are entered." if written else "Nothing was entered. Add --write to enter them.")


def say_mark(mark: Mark) -> str:
    """A mark in words."""
    said = f" “{mark.comment}”" if mark.comment else ""
    given = "" if mark.points is None else f" {mark.points:g} point{'s' * (mark.points != 1)}"
    what = {
        "check": f"{mark.check}:{given}",
        "whole": f"beside the score:{given}" if given else "on the whole:",
        "settled": "looked, and lets it count",
        "excused": "excused",
        "extension": f"due {mark.until}",
    }[mark.kind]
    return f"{what}{said}{' (taken back)' if mark.taken_back else ''}"


def _list_whys(change: Change) -> list[str]:
    checks = [f"{c.name} {_say_change(c.before, c.after)}" for c in change.checks]
    return [*change.reasons, *checks]


def _say_change(before: float | None, after: float | None) -> str:
    one, two = ("–" if value is None else f"{value:g}" for value in (before, after))
    if before is None or after is None or before == after:
        return f"{one} → {two}"
    return f"{one} → {two} ({after - before:+g})"
