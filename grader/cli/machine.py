"""Verbs about the machine: its data sets, its sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import BACKEND, BATCH_LEVEL, DATA, JSON, LEVEL

if TYPE_CHECKING:
    from grader.data import Shelf


@click.group(invoke_without_command=True)
@DATA
@JSON
@click.pass_context
def data(context: click.Context, data_root: Path | None, as_json: bool) -> int:  # noqa: FBT001
    """Show which data sets are here, and where they lie."""
    from grader import data as sets

    context.obj = data_root, as_json
    if context.invoked_subcommand is None:
        _show_shelves(sets.available(sets.Source(data_root)), as_json=as_json)
    return 0


def _show_shelves(rows: Sequence[Shelf], *, as_json: bool) -> None:
    from grader.cli import tables, terminal

    if as_json:
        terminal.document({"data": [row.facts() for row in rows]})
    else:
        tables.shelves(rows)


@data.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def fetch(place: tuple[Path | None, bool], names: tuple[str, ...]) -> int:
    """Download the data sets NAME... with torchvision."""
    from grader import data as sets

    data_root, as_json = place
    for name in names:
        sets.fetch(name, data_root)
    here = [row for row in sets.available(sets.Source(data_root)) if row.name in names]
    _show_shelves(here, as_json=as_json)
    return 0


@click.command()
@LEVEL
@BACKEND
@DATA
@JSON
def doctor(
    level: int | None,
    backend: str,
    data_root: Path | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Test the sandbox here, and show its level and versions.

    What each higher level lacks is shown with the command that would supply it, and which data
    sets are here.
    """
    from grader import data as sets
    from grader.cli import tables, terminal
    from grader.cli.progress import show_progress
    from grader.records.tried_versions import list_untried
    from grader.sandbox.backend import Choice

    with show_progress() as progress:
        progress.begin(0, "self-test of the sandbox")
        instead: list[str] = []
        server = Choice(name=backend, level=level, tell=instead.append).start()
        facts = {**server.describe(), "instead": instead}
        server.close()
    facts["untried"] = list_untried(facts["versions"])
    shelves = sets.available(sets.Source(data_root))
    if as_json:
        terminal.document({**facts, "data": [s.facts() for s in shelves]})
    else:
        tables.doctor(facts)
        tables.shelves(shelves)
    return 0 if facts["level"] >= BATCH_LEVEL else 1
