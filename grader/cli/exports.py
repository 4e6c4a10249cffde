"""The verb that takes grades to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from grader.cli.options import FOLDER, JSON, complete_from, require_graded
from grader.records.extras import require_course

if TYPE_CHECKING:
    from grader.export.delivery import Delivery
    from grader.export.export import Wishes


@click.command()
@click.argument("out", type=FOLDER)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Fill this file, which you downloaded from your learning platform; or make it, where "
    "--format makes new files.",
)
@click.option(
    "--format",
    "name",
    metavar="NAME",
    default="",
    shell_complete=complete_from("grader.exports"),
    help="Fill FILE as one of canvas, moodle, brightspace and gradescope; or make a new one: csv, "
    "excel, moodle-feedback or pages.  [default: what FILE is recognised as]",
)
@click.option(
    "--column", default="", metavar="NAME", help="Fill the column of this name or number."
)
@click.option(
    "--points",
    type=click.Choice(["graded", "scaled"]),
    default=None,
    help="Where FILE counts other points: as they were graded, or scaled to the maximum there.",
)
@click.option(
    "--with-open",
    is_flag=True,
    help="Also the scores that a person has to look at before they count.",
)
@click.option("--write", is_flag=True, help="Write the file. Without this it is only looked at.")
@JSON
def export(
    out: Path,
    into: Path | None,
    name: str,
    column: str,
    points: Literal["graded", "scaled"] | None,
    with_open: bool,  # noqa: FBT001
    write: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Take the grades of OUT to your gradebook.

    You see what would change; with --write it is changed. OUT is the output folder of an earlier
    `grader grade`. Nothing is run.
    """
    require_course("exporting grades", "jinja2", "markdown-it-py", "pandas")
    from grader.cli import documents, tables, terminal
    from grader.export.export import Wishes

    wishes = Wishes(column=column, points=points or "", with_open=with_open)
    delivery = _prepare(out, into, name, wishes)
    if write:
        delivery.write()
    if as_json:
        terminal.document(documents.of_export(delivery, written=write))
    else:
        tables.exported(delivery, written=write)
    return 0 if delivery.file.complete else 1


def _prepare(out: Path, into: Path | None, name: str, wishes: Wishes) -> Delivery:
    """What would be written, from the ledger of that folder."""
    from grader.export.delivery import prepare
    from grader.export.leaderboard import SHOWN, find_aliases
    from grader.export.report_files import ReportFiles
    from grader.ledger.ledger import HIDDEN, Ledger
    from grader.records import file_names
    from grader.records.hidden_checks import NEVER, choose_view

    with Ledger(require_graded(out), readonly=True) as ledger:
        graded = [one.shorten() for one in ledger.results()]
        stems = file_names.file_names(one.student for one in graded)
        see = choose_view(ledger.setting(HIDDEN) or NEVER)
        reports = ReportFiles(out=out, stems=stems, find=lambda s: see(ledger.results([s])[0]))
        return prepare(
            graded,
            out,
            into=into,
            name=name,
            wishes=wishes,
            read_pages=reports.read,
            aliases=find_aliases(ledger.setting(SHOWN), graded),
        )
