"""The gradebook as CSV."""

from __future__ import annotations

import csv

from grader.export.export import ExportedFile, Results
from grader.export.grade_table import make_table


class CsvTable:
    """The gradebook as CSV, in order of name."""

    file_name = "grades.csv"

    def make(self, results: Results) -> ExportedFile:
        """Every text is quoted, so that a program that separates by semicolons finds no cell inside
        another.
        """
        import pandas as pd

        table = make_table(results)
        frame = pd.DataFrame(table.rows, columns=list(table.columns), dtype=object)
        text = frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        return ExportedFile(content=text.encode("utf-8"))


CSV = CsvTable()
