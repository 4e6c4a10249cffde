"""What the verbs show on the terminal: tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape as escape_markup

from grader.cli.terminal import line, name_of, new_table, safe, show
from grader.data import catalogue
from grader.grading.verify import lost
from grader.records.execution import describe_end

if TYPE_CHECKING:
    from grader.assignment.loader import LoadedAssignment
    from grader.cli.documents import Verified
    from grader.data.source import Shelf
    from grader.export.delivery import Delivery
    from grader.grading.grade import RunSummary
    from grader.grading.gradescope import Autograder
    from grader.grading.release import Release
    from grader.records.result import Graded

RUN_WORDS = {
    "all": "Run: every cell of a notebook, and every line of a module",
    "definitions": "Run: definitions only, which are imports, functions, classes and constants",
}


def results(summary: RunSummary) -> None:
    """A row for each student, and how much was run."""
    names = ("student", "score", "of", "status", "lost")
    table = new_table(*names, folds=["lost"], numbers=["score"])
    for graded in summary.graded:
        gone = ", ".join(
            c.name
            for c in graded.checks
            if c.outcome in ("failed", "partial", "unmeasured", "broken")
        )
        table.add_row(
            name_of(graded.student),
            _say_score(graded),
            f"/ {graded.max_score:g}",
            ("[magenta]! a person is needed[/] " if graded.needs_review else "")
            + describe_end(graded.execution.status),
            f"[dim]{gone}[/]",
        )
    show(table)
    if summary.graded:
        used = summary.graded[0].provenance.get("data")
        if isinstance(used, Mapping) and used.get("used"):
            line(f"Data: {used['used']}")
    if not summary.graded:
        line("Nobody was graded: what is kept stays as it is.")
    elif summary.executed == summary.reused == 0:
        line("Nothing was executed: nobody handed in a file that can be run.")
    elif summary.executed == 0:
        line(
            f"Nothing was executed: all {summary.reused} submissions were measured before, "
            f"and were judged again."
        )
    else:
        line(
            f"{summary.executed} executed, {summary.reused} measured before, at sandbox level "
            f"{summary.level}."
        )
    if summary.reused and summary.regraded:
        line(f"{summary.regraded} results changed by judging again.")
    if summary.withdrawn:
        gone = ", ".join(name_of(student).plain for student in summary.withdrawn[:8])
        more = f" and {len(summary.withdrawn) - 8} more" if len(summary.withdrawn) > 8 else ""
        line(f"Withdrawn, as they are no longer among the submissions: {gone}{more}.")


def _say_score(graded: Graded) -> str:
    """The score, and the final one where it is another."""
    if graded.undecided or graded.excused:
        return "[bold]excused[/]" if graded.excused else "[bold]open[/]"
    final = f" → {graded.final:g}" if graded.adjustments else ""
    return f"[bold]{graded.score:g}{final}[/]"


def exported(delivery: Delivery, *, written: bool) -> None:
    """A row for each cell that changes, and then everybody for whom none does."""
    file = delivery.file
    if file.changes:
        table = new_table("student", "row", "by", "old", "new", folds=[], numbers=["old", "new"])
        for one in file.changes:
            table.add_row(*map(name_of, (one.name, one.row, one.by, one.old or "–", one.new)))
        show(table)
    for left in file.left:
        line(f"{name_of(left.name)} {left.why}.")
    for name in file.unmatched:
        line(f"{name_of(name)} has no row in {delivery.path.name}.")
    for name in file.rows:
        line(f"Nobody who was graded fits the row {name_of(name)}.")
    for note in file.notes:
        line(note)
    _say_what_was_written(delivery, written=written)


def _say_what_was_written(delivery: Delivery, *, written: bool) -> None:
    file, path = delivery.file, delivery.path
    if file.column:
        same = f"; {len(file.unchanged)} say it already" if file.unchanged else ""
        line(f"Cells that change in {file.column!r}: {len(file.changes)}{same}.")
    elif file.unchanged:
        line(f"Reports in it: {len(file.unchanged)}.")
    line(f"Written: {path}" if written else f"Nothing was written. Add --write to write {path}.")


def findings(verified: Verified) -> None:
    """A row for each of an assignment's own submissions."""
    slug, found = verified.slug, verified.findings
    table = new_table("", slug, "score", "loses", folds=["loses"], numbers=["score"])
    for finding in found:
        mark = "[red]✗[/]" if finding.fault else "[green]✓[/]"
        gone = safe(finding.fault or ", ".join(sorted(lost(finding.graded))))
        table.add_row(mark, safe(finding.name), f"{finding.graded.score:g}", gone)
    show(table)
    for sentence in verified.used:
        line(f"Data: {sentence}")
    line(
        f"{slug}: {verified.faults} of {len(found)} are not as they should be."
        if verified.faults
        else f"{slug}: all as it should be."
    )


def released(release: Release) -> None:
    """What a kit holds, and what it leaves to grading."""
    kit = release.kit
    name = f"{kit.slug}{f', for {kit.student}' * bool(kit.student)}"
    table = new_table(escape_markup(name), "bytes", folds=[], numbers=["bytes"])
    for name, content in sorted(kit.files.items()):
        table.add_row(safe(name), f"{len(content):,}")
    show(table)
    line(f"Measured on the reference: {', '.join(release.measured) or 'nothing'}.")
    if release.readable:
        line(f"What is asked for, where students can read it: {', '.join(release.readable)}.")
    for result in release.deferred:
        why = "A person marks it." if result.person else result.feedback
        line(f"Left out for {result.name} ({result.points:g} points). {why}")
    points, later = (sum(c.points for c in of) for of in (release.decided, release.deferred))
    line(
        f"The kit decides {points - later:g} of {points:g} points of the public checks"
        f"{'; there are hidden checks, of which it says only that' * kit.hidden}."
    )


def packed(slug: str, autograder: Autograder) -> None:
    """What an autograder holds, by folder, and what has to be chosen where it is uploaded."""
    table = new_table(escape_markup(slug), "files", "bytes", folds=[], numbers=["files", "bytes"])
    tops: dict[str, list[int]] = {}
    for name, content in sorted(autograder.files.items()):
        top, slash, _ = name.partition("/")
        tops.setdefault(f"{top}{slash}", []).append(len(content))
    for top, sizes in tops.items():
        table.add_row(safe(top), f"{len(sizes):,}", f"{sum(sizes):,}")
    show(table)
    for sentence in autograder.sentences():
        line(sentence)


def unexpected(summary: RunSummary, expected: Mapping[str, Any]) -> int:
    """Name every specimen that did not do what is expected; how many differences there are."""
    wrong = 0
    for graded in summary.graded:
        wanted = expected.get(graded.student, {})
        gone = sorted(lost(graded))
        every = wanted.get("loses") == "all" and len(gone) == len(graded.checks)
        seen = {
            "score": graded.score,
            "status": graded.execution.status,
            "loses": "all" if every else gone,
        }
        given = {k: sorted(v) if isinstance(v, list) else v for k, v in wanted.items()}
        statuses = given.get("status")
        if isinstance(statuses, list) and seen["status"] in statuses:
            given["status"] = seen["status"]  # which clock stops an endless loop is chance
        for key, value in seen.items():
            if given.get(key) != value:
                line(f"{graded.student}: {key} {value}, expected {given.get(key, 'nothing')}")
                wrong += 1
    absent = sorted(set(expected) - {g.student for g in summary.graded})
    for name in absent:
        line(f"{name} is expected but was not graded")
    if not wrong and not absent:
        line(f"All {len(summary.graded)} specimens have the score, status and losses expected.")
    return wrong + len(absent)


def rubric(loaded: LoadedAssignment) -> None:
    """What is asked for, what crosses into the sandbox, and what stays here."""
    assignment = loaded.assignment
    line(f"{assignment.title} ({loaded.slug}): {assignment.max_score:g} points")
    line(f"Hand in {assignment.entry}.py" + "".join(f", {n}" for n in assignment.extra_files))
    limits = assignment.limits
    line(
        f"Limits: {limits.cpu_seconds:g} s CPU, {limits.wall_seconds:g} s in all, "
        f"{limits.memory_mib} MiB"
    )
    line(RUN_WORDS[assignment.run])
    if assignment.provides:
        titles = " and ".join(catalogue.find(name).title for name in assignment.provides)
        line(f"Students' own code finds training pictures of {titles}")
    if loaded.written:
        labels = ", ".join(str(p.args["label"]) for p in loaded.written.values())
        line(f"Written answers, read outside the sandbox: {labels}")
    names = ("check", "points", "what it asks", "after")
    table = new_table(*names, folds=["what it asks", "after"], numbers=["points"])
    for check in assignment.checks:
        marks = (
            " (bonus)" * check.extra + " (hidden)" * check.hidden + " (by a person)" * check.person
        )
        table.add_row(
            check.name, f"{check.points:g}{marks}", safe(check.title), ", ".join(check.depends_on)
        )
    show(table)
    crossing = new_table("crosses into the sandbox", "question", "with", folds=["with"])
    for name, probe in loaded.probes.items():
        given = ", ".join(f"{k}={_described(v)}" for k, v in probe.args.items() if not _empty(v))
        crossing.add_row(name, probe.ask, safe(given))
    show(crossing)
    line(
        "Stays here: labels, the reference and its measurements, thresholds, other students' "
        "files, the verdict."
    )


def _empty(value: Any) -> bool:
    """An argument that was not given; an array is one, whatever it holds."""
    return value is None or (isinstance(value, list) and not value)


def _described(value: Any) -> str:
    return value.describe() if hasattr(value, "describe") else repr(value)


def shelves(rows: Sequence[Shelf]) -> None:
    """Which data sets are here."""
    width = max((len(row.name) for row in rows), default=0) + 2
    for row in rows:
        if row.fault:
            line(f"{row.name:{width}} unknown {row.fault}")
            continue
        there = "here" if row.present else "absent"
        other = f"; stand-in: {row.stand_in}" if not row.present else ""
        line(f"{row.name:{width}} {there:7} {row.folder}{other}")


def doctor(facts: Mapping[str, Any]) -> None:
    """The level in force, what each higher one lacks, and the versions that measure."""
    tested = " Its self-test failed to break out." if facts["tested"] else ""
    line(f"Sandbox level {facts['level']}: {facts['made_of']}.{tested}")
    for sentence in facts["instead"]:
        line(sentence)
    for refused in facts["refused"]:
        line(f"Level {refused['level']}: {refused['made_of']}. {refused['why']} {refused['needs']}")
        if refused["command"]:
            line(f"    {refused['command']}")
    line(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    for sentence in facts["untried"]:
        line(sentence)
