"""Moodle's feedback files: a zip archive to upload, with which each student gets the own report.

What Moodle does when it reads one (`assignfeedback_file`): it parts the name of a folder at its
underscores, takes the second part for the participant's number and the next two for a plugin of its
own; files whose names begin with a dot or `~` are passed over, and so are those that a participant
has already. The name in front may say anything that holds no underscore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.export.export import ExportedFile, Left, Results
from grader.export.packing import clean_name, pack
from grader.records.errors import UsageError
from grader.records.result import Graded

_PLACE = re.compile(r"(?P<name>.*)_(?P<number>[0-9]{1,18})_assignsubmission_[a-z]+_?", re.DOTALL)
"""What Moodle calls the folder of a submission: `Ana López_657737_assignsubmission_file`."""


class MoodleFeedback:
    """A folder for each participant, with the report that `grade` made."""

    file_name = "moodle-feedback.zip"

    def make(self, results: Results) -> ExportedFile:
        """Who needs a person is left out unless it was asked for otherwise, and so is whoever was
        not found in a folder of Moodle's.
        """
        if results.read_pages is None:
            raise UsageError("this format hands out reports, and there are none")
        files, given = dict[str, bytes](), list[str]()
        unmatched, left = list[str](), list[Left]()
        for one in sorted(results.graded, key=lambda one: one.student):
            folders = dict.fromkeys(_list_folders(one))
            if one.needs_review and not results.wishes.with_open:
                why = "needs a person before the report is handed out"
                left.append(Left(name=one.student, why=why))
            elif not folders:
                unmatched.append(one.student)
            else:
                given.append(one.student)
                pages = results.read_pages(one.student)
                files |= {f"{f}/{name}": page for f in folders for name, page in pages.items()}
        return ExportedFile(
            content=pack(files), unchanged=given, unmatched=unmatched, left=left, notes=[_SETTING]
        )


MOODLE_FEEDBACK = MoodleFeedback()
_SETTING = "In Moodle the assignment needs the feedback type Feedback files, and submissions."


def _list_folders(one: Graded) -> Iterator[str]:
    """One for each participant. Members of a group have one each where their numbers are Moodle's,
    which shows in that of the folder.
    """
    place = _PLACE.fullmatch(one.place)
    if place is None:
        return
    yield _name_folder(place["name"], place["number"])
    numbers = {person.id for person in one.persons}
    if place["number"] in numbers:
        for person in one.persons:
            if re.fullmatch(r"[0-9]{1,18}", person.id) and person.id != place["number"]:
                yield _name_folder(person.name, person.id)


def _name_folder(name: str, number: str) -> str:
    plain = clean_name(name.replace("_", " ")) or "Participant"
    return f"{plain}_{number}_assignsubmission_file"
