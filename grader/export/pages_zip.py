"""Every student's report in one zip archive, in folders called as the source called them."""

from __future__ import annotations

from grader.export.export import ExportedFile, Left, Results
from grader.export.packing import WAITS, name_folders
from grader.records import zip_file
from grader.records.errors import UsageError


class PagesZip:
    """A folder for each hand-in, with the report that `grade` made."""

    file_name = "pages.zip"

    def make(self, results: Results) -> ExportedFile:
        """Who needs a person is left out unless it was asked for otherwise."""
        if results.read_pages is None:
            raise UsageError("this format hands out reports, and there are none")
        ready = [o for o in results.graded if results.wishes.with_open or not o.needs_review]
        folders = name_folders({one.student: one.place or one.student for one in ready})
        pages = {student: results.read_pages(student) for student in folders}
        left = {one.student for one in results.graded} - set(folders)
        return ExportedFile(
            content=zip_file.pack(
                {f"{folders[s]}/{name}": page for s in folders for name, page in pages[s].items()}
            ),
            unchanged=sorted(folders),
            left=[Left(name=student, why=WAITS) for student in sorted(left)],
        )


PAGES = PagesZip()
