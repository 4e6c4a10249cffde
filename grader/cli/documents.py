"""What `--json` prints: one document for each verb, with keys that stay. docs/reference/commands.md
describes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.records.json_values import Json, record_to_json, to_json

if TYPE_CHECKING:
    from grader.assignment.loader import LoadedAssignment
    from grader.export.delivery import Delivery
    from grader.grading.grade import RunSummary
    from grader.grading.receive import Received
    from grader.grading.self_check import SelfCheck
    from grader.grading.verify import Finding
    from grader.records.result import Graded

Document = dict[str, Json]


def of_class(summary: RunSummary, slug: str, out: Path, received: Received) -> Document:
    """Of `grade`: the run, and each student in short; the whole records lie in the folder."""
    first = summary.graded[0] if summary.graded else None
    behind = first.provenance if first else {}
    return {
        "assignment": slug,
        "title": first.title if first else "",
        "max_score": first.max_score if first else 0,
        "out": str(out.resolve()),
        "layout": received.handed_in.layout,
        "remarks": list(received.handed_in.remarks),
        "executed": summary.executed,
        "reused": summary.reused,
        "regraded": summary.regraded,
        "withdrawn": list(summary.withdrawn),
        "needs_review": sum(g.needs_review for g in summary.graded),
        "level": summary.level,
        "seed": behind.get("seed"),
        "versions": behind.get("versions"),
        "data": behind.get("data"),
        "students": [_shorten(g) for g in summary.graded],
    }


def _shorten(graded: Graded) -> Document:
    return {
        "student": graded.student,
        "score": graded.score,
        "final": graded.final,
        "excused": graded.excused,
        "status": graded.execution.status,
        "needs_review": graded.needs_review,
        "late": graded.late,
        "received": graded.received,
        "persons": [record_to_json(person) for person in graded.persons],
        "checks": {
            c.name: {"outcome": c.outcome, "earned": c.earned, "points": c.points}
            for c in graded.checks
        },
    }


def of_check(checked: SelfCheck) -> Document:
    """Of `check`: the record, as `grade` keeps one, and what was decided here."""
    from grader.records.causes import write_record

    graded = checked.graded
    here = [c for c in graded.checks if c.outcome not in ("deferred", "open", "broken")]
    return {
        **write_record(graded),
        "decided": {
            "earned": sum(c.earned for c in here),
            "points": sum(c.points for c in here if not c.extra),
            "checks": [c.name for c in here],
        },
        "withheld": checked.withheld,
        "remarks": [*checked.remarks],
    }


def of_export(delivery: Delivery, *, written: bool) -> Document:
    """Of `export`: the cells that change, and everybody for whom none does."""
    file = delivery.file
    return {
        "format": delivery.name,
        "file": str(delivery.path.resolve()),
        "written": written,
        "column": file.column,
        "complete": file.complete,
        "changes": [record_to_json(change) for change in file.changes],
        "unchanged": list(file.unchanged),
        "left": [record_to_json(one) for one in file.left],
        "unmatched": list(file.unmatched),
        "rows": list(file.rows),
        "notes": list(file.notes),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One assignment that was verified."""

    slug: str
    findings: Sequence[Finding]
    used: Sequence[str]
    """What the scores rest on, a sentence for each data set."""

    @property
    def faults(self) -> int:
        """Findings that are not as they should be."""
        return sum(bool(f.fault) for f in self.findings)


def of_verified(every: Sequence[Verified]) -> Document:
    """Of `verify`: each assignment with what its own submissions did."""
    return {
        "faults": sum(one.faults for one in every),
        "assignments": [
            {
                "assignment": one.slug,
                "faults": one.faults,
                "data": list(one.used),
                "findings": [_describe_finding(f) for f in one.findings],
            }
            for one in every
        ],
    }


def _describe_finding(finding: Finding) -> Document:
    from grader.grading.verify import lost

    return {
        "name": finding.name,
        "score": finding.graded.score,
        "max_score": finding.graded.max_score,
        "status": finding.graded.execution.status,
        "loses": [*sorted(lost(finding.graded))],
        "fault": finding.fault,
    }


def of_assignment(loaded: LoadedAssignment) -> Document:
    """Of `show`: what is asked for, and what crosses into the sandbox."""
    assignment = loaded.assignment
    return {
        "assignment": loaded.slug,
        "title": assignment.title,
        "max_score": assignment.max_score,
        "entry": assignment.entry,
        "extra_files": list(assignment.extra_files),
        "run": assignment.run,
        "provides": list(assignment.provides),
        "limits": record_to_json(assignment.limits),
        "checks": [
            {
                "name": c.name,
                "title": c.title,
                "points": c.points,
                "extra": c.extra,
                "hidden": c.hidden,
                "person": c.person,
                "depends_on": list(c.depends_on),
            }
            for c in assignment.checks
        ],
        "written": [str(p.args["label"]) for p in loaded.written.values()],
        "probes": [
            {
                "name": name,
                "question": probe.ask,
                "arguments": {k: _describe(v) for k, v in probe.args.items()},
            }
            for name, probe in loaded.probes.items()
        ],
    }


def _describe(value: object) -> Json:
    """Plain values as they are, drawn numbers and data sets in words."""
    if hasattr(value, "describe"):
        return str(value.describe())
    try:
        return to_json(value)
    except TypeError:
        return repr(value)
