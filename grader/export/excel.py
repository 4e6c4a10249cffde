"""The gradebook as an Excel file, in which every text is text and every number a number."""

from __future__ import annotations

import io
import re
import zipfile

from grader.export.export import ExportedFile, Results
from grader.export.grade_table import GradeTable, make_table
from grader.records import zip_file
from grader.records.extras import require_course

_WIDEST = 60
"""Characters of a column that are shown."""
_SAVED = re.compile(rb"(<dcterms:(created|modified)[^<>]*>)[^<]*")
"""When the file was made, which says nothing about the grades."""


class Excel:
    """The table of `grades.csv` as `.xlsx`, with the headings in view."""

    file_name = "grades.xlsx"

    def make(self, results: Results) -> ExportedFile:
        """No cell is a formula, whatever a name begins with."""
        require_course("an Excel file", "openpyxl")
        return ExportedFile(content=_pack_anew(_write(make_table(results))))


EXCEL = Excel()


def _write(table: GradeTable) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("grades")
    sheet.freeze_panes = "B2"
    for number, values in enumerate(zip(table.columns, *table.rows, strict=True), 1):
        width = min(_WIDEST, max(len(str(value)) for value in values)) + 2
        sheet.column_dimensions[get_column_letter(number)].width = width
    for line, row in enumerate([table.columns, *table.rows]):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=None if value == "" else value)
            if isinstance(value, str) and value:
                cell.data_type = "s"  # else "=…" would be a formula
            cell.font = Font(bold=line == 0)
            cells.append(cell)
        sheet.append(cells)
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def _pack_anew(book: bytes) -> bytes:
    """The same without the times of its making, so that the same grades are the same file."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    core = "docProps/core.xml"
    files[core] = _SAVED.sub(rb"\g<1>2000-01-01T00:00:00Z", files[core])
    return zip_file.pack(files)
