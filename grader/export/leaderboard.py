"""The leaderboard: who reads best, for all to see; with names only where the instructor says so."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

from grader.export.export import ExportedFile, Results
from grader.records.errors import UsageError
from grader.records.result import Graded
from grader.report import escape
from grader.report.ranking import find_facts, rank

COLUMNS = ("rank", "student", "accuracy", "parameters")
SHOWN = "leaderboard"
"""Setting of the ledger: how students are called."""
CODE = 8
"""Digits of a submission's digest by which a student is shown who has no other name here."""
CODES, NAMES = "codes", "names"
"""What an instructor may choose instead of a file of aliases."""


class Leaderboard:
    """Everybody who earned points in a check that is ranked, the best first."""

    file_name = "leaderboard.csv"

    def make(self, results: Results) -> ExportedFile:
        """By accuracy, then by fewer parameters; who is equal in both shares a rank."""
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(COLUMNS)
        for place in rank(results.graded):
            name = escape.cell(results.aliases.get(place.one.student) or place.one.digest[:CODE])
            last = "" if place.parameters is None else place.parameters
            writer.writerow([place.rank, name, round(place.accuracy, 4), last])
        return ExportedFile(content=text.getvalue().encode("utf-8"))


LEADERBOARD = Leaderboard()


def is_ranked(graded: Iterable[Graded]) -> bool:
    """Whether a check of these students is ranked."""
    return any(find_facts(one) for one in graded)


# ---------------------------------------------------------------------- who is called how


def read_choice(choice: str) -> str:
    """What the ledger keeps of `codes`, `names` or the path of a CSV file of aliases.

    Raises UsageError for a file that cannot be read or lacks the columns `student` and `alias`.
    """
    if choice in (CODES, NAMES):
        return json.dumps(choice)
    path = Path(choice)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{path} cannot be read: {error}. Give {CODES!r}, {NAMES!r} or a CSV file"
        ) from error
    if not rows or not {"student", "alias"} <= rows[0].keys():
        raise UsageError(f"{path} has no columns `student` and `alias`; its first line names them")
    aliases = {r["student"]: (r["alias"] or "").strip() for r in rows if r["student"]}
    given = [a for a in aliases.values() if a]
    double = next((a for a in given if given.count(a) > 1), None)
    if double:
        raise UsageError(f"{path} gives the alias {double!r} to two students")
    return json.dumps(aliases)


def find_aliases(kept: str | None, graded: Iterable[Graded]) -> dict[str, str]:
    """By student the name that others may read, by what the ledger keeps; none means a code."""
    choice = json.loads(kept) if kept else CODES
    if choice == NAMES:
        return {one.student: one.student for one in graded}
    return choice if isinstance(choice, dict) else {}
