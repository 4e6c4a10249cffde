"""Moodle's feedback files: a zip archive to upload, with which each student gets the own report.

What Moodle does when it reads one (`assignfeedback_file`): it parts the name of a folder at its
underscores, takes the second part for the participant's number and the next two for a plugin of its
own; files whose names begin with a dot or `~` are passed over, and so are those that a participant
has already. The name in front may say anything that holds no underscore.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from grader.export.export import ExportedFile, Left, Results
from grader.export.packing import MOODLE_PLACE, WAITS, clean_name
from grader.records import zip_file
from grader.records.errors import UsageError
from grader.records.result import Graded


class MoodleFeedback:
    """A folder for each participant, with the report that `grade` made."""

    file_name = "moodle-feedback.zip"

    def make(self, results: Results) -> ExportedFile:
        """Who needs a person is left out unless it was asked for otherwise, and so is whoever was
        not found in a folder of Moodle's.

        Raises UsageError where nobody was.
        """
        if results.read_pages is None:
            raise UsageError("this format hands out reports, and there are none")
        files, given = dict[str, bytes](), list[str]()
        left = list[Left]()
        names = {one.student: dict(_list_participants(one)) for one in results.graded}
        if not any(names.values()):
            raise UsageError(_NOWHERE)
        often = Counter(number for own in names.values() for number in own)
        for one in sorted(results.graded, key=lambda one: one.student):
            own, student = names[one.student], one.student
            if one.needs_review and not results.wishes.with_open:
                left.append(Left(name=student, why=WAITS))
            elif any(often[number] > 1 for number in own):
                left.append(Left(name=student, why=_SHARED))
            elif not own:
                nothing = one.execution.status == "missing" and not one.place
                left.append(Left(name=student, why=_UNKNOWN, settled=nothing))
            else:
                given.append(student)
                pages = results.read_pages(student)
                folders = [_name_folder(name, number) for number, name in own.items()]
                files |= {f"{f}/{name}": page for f in folders for name, page in pages.items()}
                if len(own) < len(one.persons):
                    left.append(Left(name=student, why=_PARTLY))
        return ExportedFile(
            content=zip_file.pack(files), unchanged=given, left=left, notes=[_SETTING]
        )


MOODLE_FEEDBACK = MoodleFeedback()
_SHARED = "has the folder of a participant that another hand-in has as well: no report is packed"
_UNKNOWN = "was not found in a folder of Moodle's, so no report is packed"
_PARTLY = "is a group whose members do not all have a number of Moodle's: the others get no report"
_NOWHERE = (
    "nobody who was graded was found in a folder of Moodle's, such as Ana López_657737_assign"
    "submission_file, so Moodle's numbers are not known. --format pages packs the reports for "
    "other places"
)
_SETTING = "In Moodle the assignment needs the feedback type Feedback files, and submissions."


def _list_participants(one: Graded) -> Iterator[tuple[int, str]]:
    """Number and name of each. Members of a group count where their numbers are Moodle's, which
    shows in that of the folder.
    """
    place = MOODLE_PLACE.fullmatch(one.place)
    if place is None:
        return
    if place["number"] in {person.id for person in one.persons}:
        for person in one.persons:
            if re.fullmatch(r"[0-9]{1,18}", person.id, re.ASCII):
                yield int(person.id), person.name
    yield int(place["number"]), place["name"]


def _name_folder(name: str, number: int) -> str:
    plain = clean_name(name).replace("_", " ").strip(" .~") or "Participant"
    return f"{plain}_{number}_assignsubmission_file"
