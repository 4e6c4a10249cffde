"""A class comes in: what it handed in, who is on the roster, and what is to be graded now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from grader.ledger.ledger import Ledger
from grader.records.asked_files import AskedFiles
from grader.records.errors import UsageError
from grader.records.submission import Submission
from grader.submissions import collect, roster, times
from grader.submissions.collect import Choices, HandedIn
from grader.submissions.names import list_names
from grader.submissions.roster import Enrolled

SETTING = "roster"
"""Setting of the ledger: who is in the course, as JSON."""
_NAMED = 8
"""Students that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came in, and what of it is graded."""

    handed_in: HandedIn
    chosen: Sequence[Submission]
    """What is graded now."""
    roster: str | None
    """For the ledger, where one was given."""

    def everybody(self) -> list[str]:
        """Each student who is there, once."""
        return list(dict.fromkeys(s.student for s in self.handed_in.submissions))

    def describe(self) -> list[str]:
        """How the source was recognised and who was found, in sentences."""
        return [_describe(self.handed_in), *self.handed_in.remarks]


def receive(
    path: Path,
    asked: AskedFiles,
    out: Path,
    choices: Choices | None = None,
    *,
    roster_file: Path | None = None,
    only: Sequence[str] = (),
    since: datetime | None = None,
) -> Received:
    """The class below `path`. A roster that an earlier run into `out` was given counts until
    another one is.

    `only` are students; `since` leaves those as they are who handed in before. Raises UsageError
    for a student who is not there, and where nobody's time is known.
    """
    given = roster.read_roster(roster_file) if roster_file is not None else None
    enrolled = recall_roster(out / "grades.db") if given is None else given
    handed_in = collect.collect_class(
        path, asked, replace(choices or Choices(), roster=enrolled), out=out
    )
    everyone = handed_in.submissions
    if absent := set(only) - {s.student for s in everyone}:
        names = ", ".join(dict.fromkeys(s.student for s in everyone[:_NAMED]))
        raise UsageError(f"there is no student {min(absent)!r} in {path}. There are: {names}")
    chosen = [s for s in everyone if not only or s.student in only]
    if since is not None:
        chosen = _leave_earlier(chosen, since, handed_in.layout)
    kept = None if given is None else roster.dump_roster(given)
    return Received(handed_in=handed_in, chosen=chosen, roster=kept)


def recall_roster(ledger_path: Path) -> list[Enrolled]:
    """The roster that an earlier run was given; nobody where none was."""
    if not ledger_path.is_file():
        return []
    with Ledger(ledger_path, readonly=True) as ledger:
        kept = ledger.setting(SETTING)
    return roster.load_roster(kept) if kept else []


def read_since(text: str) -> datetime:
    """The moment that was named, in this machine's zone where no zone was. Raises UsageError."""
    written = times.read_time(text)
    if written is None:
        raise UsageError(
            f"--since {text!r} is no time that is known. Write it like 2026-03-01T18:00+01:00"
        )
    return times.find_moment(written)


def _leave_earlier(
    submissions: Sequence[Submission], since: datetime, layout: str
) -> list[Submission]:
    """Those of everybody who handed in since then, or of whom nobody knows when: with what was
    there before, as another attempt may be the best.
    """
    known = [s for s in submissions if s.received is not None]
    if submissions and not known:
        raise UsageError(
            f"--since needs to know when each was handed in, which `{layout}` does not say here."
            " Grade without it: what was measured before is not run again"
        )
    moments = ((s.student, s.received and times.find_moment(s.received)) for s in submissions)
    new = {student for student, moment in moments if not moment or moment >= since}
    return [s for s in submissions if s.student in new]


def _describe(handed_in: HandedIn) -> str:
    by_student = {s.student: s for s in handed_in.submissions}
    every = [s for s in by_student.values() for _ in s.persons or [None]]  # one for each member
    counts = {
        "late": sum(s.late for s in every),
        "in groups": sum(len(s.persons) > 1 for s in every),
        "without a file that can be run": sum(s.entry is None for s in every),
    }
    facts = "".join(f", {count} {what}" for what, count in counts.items() if count)
    attempts = len(handed_in.submissions) - len(by_student)
    facts += f", {attempts} more attempt{'s' * (attempts > 1)}" * bool(attempts)
    return (
        f"Read as `{handed_in.layout}`: {len(every)} student{'s' * (len(every) > 1)}{facts}:"
        f" {list_names(by_student)}."
    )
