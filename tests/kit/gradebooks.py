"""What learning platforms do with the files that are uploaded to them, written from their rules.

Each reader takes the bytes of a file and gives what the system would have stored. They share no code
with the exports, and read with Python's own `csv`, as the systems do with libraries of theirs.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.records.person import Person
from grader.records.result import Graded
from kit.sample_records import graded


def one(student: str, score: float, *persons: Person, **more: object) -> Graded:
    """A record with that score of 100 points."""
    return graded(student, score=score, persons=persons, **more)


# ------------------------------------------------------------------------------------- Canvas


@dataclass(frozen=True)
class CanvasStudent:
    """Of a course: the number, the names, and what an SIS calls the person."""

    id: int
    sortable: str
    login: str
    sis: str = ""

    @property
    def name(self) -> str:
        """As Canvas shows it."""
        last, _, first = self.sortable.partition(", ")
        return f"{first} {last}"


@dataclass
class CanvasCourse:
    """What Canvas holds, and what it makes of an uploaded gradebook."""

    students: Sequence[CanvasStudent]
    assignments: Mapping[int, str]
    """Titles by number."""
    grades: dict[tuple[int, int], str] = field(default_factory=dict)
    """By student and assignment."""
    made: list[str] = field(default_factory=list)
    """Assignments and students that an upload would create."""

    def export(self, points: str = "100.00", mark: str = "", **more: str) -> bytes:
        """A gradebook as the exporter writes it: `delimiter`, `hidden` for a row of posting."""
        comma = more.get("delimiter", ",")
        sis = any(s.sis for s in self.students)
        head = ["Student", "ID", *["SIS User ID"] * sis, "SIS Login ID", "Section"]
        titles = [f"{title} ({n})" for n, title in self.assignments.items()]
        totals = ["Current Score", "Final Score"]
        blank = [""] * (len(head) - 1)
        rows = [[*head, *titles, *totals]]
        if "hidden" in more:
            rows.append([*[""] * len(head), *[more["hidden"]] * len(titles), "", ""])
        rows.append(["    Points Possible", *blank, *[points] * len(titles), *["(read only)"] * 2])
        for s in self.students:
            known = [s.sortable, str(s.id), *[s.sis] * sis, s.login, "Section A"]
            given = [self.grades.get((s.id, n), "") for n in self.assignments]
            rows.append([*known, *given, "55.00", "55.00"])
        text = io.StringIO()
        csv.writer(text, delimiter=comma, lineterminator="\n").writerows(rows)
        return (mark + text.getvalue()).encode()

    def take(self, content: bytes) -> dict[tuple[int, int], str]:
        """The grades that an upload changes."""
        text = content.decode("utf-8-sig")
        comma = _find_delimiter(text.splitlines(keepends=True)[:3])
        rows = [r for r in csv.reader(io.StringIO(text), delimiter=comma) if any(map(str.strip, r))]
        head = rows[0]
        assert "Student" in head[0]
        assert "ID" in head[1]
        info = 3
        sis = login = None
        if re.search(r"SIS\s+Login\s+ID", head[2]):
            login, info = 2, 4
        elif re.search(r"SIS\s+User\s+ID", head[2]) and re.search(r"SIS\s+Login\s+ID", head[3]):
            sis, login, info = 2, 3, 5
        assert "Section" in head[info - 1]
        totals = r"(Current|Final|Override) (Score|Points|Grade|Status)"
        columns = {n: h for n, h in enumerate(head) if n >= info and not re.search(totals, h)}
        numbers = {n: self._find_assignment(heading) for n, heading in columns.items()}
        changed: dict[tuple[int, int], str] = {}
        for row in rows[1:]:
            if "Points Possible" in row[0] or _is_hidden(row):
                continue
            student = self._find_student(row, sis, login)
            for column, number in numbers.items():
                new, old = _point(row[column].strip()), self.grades.get((student, number), "")
                if not _same(new, old):
                    changed[student, number] = new
        return changed

    def _find_assignment(self, heading: str) -> int:
        parts = re.fullmatch(r"(.*)\s\((\d+)\)", heading)
        if parts and int(parts[2]) in self.assignments:
            return int(parts[2])
        found = [n for n, title in self.assignments.items() if title == heading]
        if not found:
            self.made.append(heading)
        return found[0] if found else -len(self.made)

    def _find_student(self, row: list[str], sis: int | None, login: int | None) -> int:
        tests = [
            lambda s: str(s.id) == row[1],
            lambda s: sis is not None and row[sis] and s.sis == row[sis],
            lambda s: login is not None and row[login] and s.login == row[login],
            lambda s: row[0] in (s.name, s.sortable),
        ]
        for test in tests:
            for student in self.students:
                if test(student):
                    return student.id
        self.made.append(row[0])
        return -len(self.made)


def _find_delimiter(lines: Sequence[str]) -> str:
    sizes = {}
    for delimiter in ";,":
        counts = {len(next(csv.reader([line], delimiter=delimiter))) for line in lines}
        sizes[delimiter] = counts.pop() if len(counts) == 1 else 0
    return ";" if sizes[";"] > sizes[","] else ","


def _is_hidden(row: Sequence[str]) -> bool:
    return all(
        re.fullmatch(r"\s*(muted|manual posting.*)?\s*", cell, re.IGNORECASE) for cell in row
    )


def _point(text: str) -> str:
    """`1.234,5` and `87,5` become numbers with one point."""
    if not re.fullmatch(r"-?[0-9.,]+%?", text):
        return text
    *front, last = re.split(r"[,.]", text)
    return f"{''.join(front)}.{last}" if front else last


def _same(new: str, old: str) -> bool:
    if new == old or (new in ("", "-") and old in ("", "-")):
        return True
    if not new or not old or "EX" in (new.upper(), old.upper()):
        return False
    return f"{float(new):.2f}" == f"{float(old):.2f}"


# ------------------------------------------------------------------------------------- Moodle

ENGLISH = ("Identifier", "Participant ", "Full name", "Email address", "Grade", "Maximum grade",
           "Last modified (submission)", "Last modified (grade)", "Feedback comments")  # fmt: skip
GERMAN = ("ID", "Teilnehmer/in", "Vollständiger Name", "E-Mail-Adresse", "Bewertung", "Bestwertung",
          "Zuletzt geändert (Abgabe)", "Zuletzt geändert (Bewertung)", "Feedback als Kommentar")  # fmt: skip
FRENCH = ("Identifiant", "Participant ", "Nom complet", "Adresse de courriel", "Note", "Note maximale",
          "Dernière modification (travail remis)", "Dernière modification (note)", "Feedback par commentaires")  # fmt: skip


@dataclass
class MoodleAssignment:
    """What Moodle holds of one assignment, in one language."""

    participants: Mapping[int, tuple[str, str]]
    """Name and address by the number in the assignment."""
    words: tuple[str, ...] = ENGLISH
    maximum: float = 100
    grades: dict[int, float] = field(default_factory=dict)
    comments: dict[int, str] = field(default_factory=dict)
    blind: bool = False
    submitted: str = "Sunday, 1 March 2026, 10:00 AM"

    def export(self) -> bytes:
        """The worksheet: cells with a space, a comma or a quote stand between quotes."""
        known, who, name, mail, grade, most, sent, changed, comment = self.words
        own = [] if self.blind else [name, mail]
        rows = [[known, *own, "Status", grade, most, sent, changed, comment]]
        for number, (person, address) in self.participants.items():
            personal = [] if self.blind else [person, address]
            given = f"{self.grades[number]:.2f}" if number in self.grades else ""
            rows.append([f"{who}{number}", *personal, "Submitted for grading", given,
                         f"{self.maximum:.2f}", self.submitted, "-", self.comments.get(number, "")])  # fmt: skip
        return "".join(",".join(map(_quote, row)) + "\n" for row in rows).encode()

    def take(self, content: bytes) -> tuple[dict[int, float], dict[int, str]]:
        """The grades and the comments that an upload changes."""
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        known, who, _, _, grade, _, _, changed, comment = self.words
        head = rows[0]
        assert {known, grade, changed} <= set(head), "Moodle refuses the file"
        grades, comments = {}, {}
        for row in rows[1:]:
            number = int(row[head.index(known)][len(who) :])
            if number not in self.participants:
                continue
            said = row[head.index(grade)].strip().replace(",", ".")
            value = float(said) if said else None
            fits = value is not None and 0 <= value <= self.maximum
            if fits and value != self.grades.get(number):
                grades[number] = value
            if row[head.index(comment)] != self.comments.get(number, ""):
                comments[number] = row[head.index(comment)]
        return grades, comments

    def take_feedback(self, content: bytes) -> dict[int, dict[str, bytes]]:
        """By participant the files that an archive of feedback brings."""
        given: dict[int, dict[str, bytes]] = {}
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                *_, last = entry.filename.split("/")
                if entry.is_dir() or last.startswith((".", "~")):
                    continue
                if found := self._find_participant(entry.filename):
                    number, name = found
                    given.setdefault(number, {})[name] = archive.read(entry)
        return given

    def _find_participant(self, path: str) -> tuple[int, str] | None:
        parts = path.split("/")
        while parts:
            info = parts.pop(0).split("_", 4)
            if len(info) < 4 or not info[1].isdecimal() or int(info[1]) not in self.participants:
                continue
            if (info[2], info[3]) not in {("assignsubmission", "file"), ("assignfeedback", "file")}:
                continue
            rest = info[4] if len(info) > 4 else ""
            return int(info[1]), "/".join([*([rest] if rest else []), *parts])
        return None


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[\s",]', cell) else cell


# ------------------------------------------------------------------------------------- Brightspace


def take_brightspace(content: bytes, users: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By user name the points of each item. `users` gives user names by OrgDefinedId."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    head = rows[0]
    assert head[-1].strip() == "End-of-Line Indicator"
    items = {
        n: m[1] for n, h in enumerate(head) if (m := re.fullmatch(r"(.+) Points Grade( <.*>)?", h))
    }
    taken: dict[str, dict[str, str]] = {}
    for row in rows[1:]:
        assert row[-1] == "#", "the line does not end where Brightspace expects it"
        known = dict(zip(head, row, strict=True))
        user = known.get("Username", "").removeprefix("#")
        user = user or users[known["OrgDefinedId"].removeprefix("#")]
        taken[user] = {title: row[n] for n, title in items.items() if row[n]}
        assert all(float(points) >= 0 for points in taken[user].values())
    return taken
