"""Verbs about the machine: its data sets, its sandbox."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.options import BATCH_LEVEL, DATA, FOLDER, LEVEL


@click.group(invoke_without_command=True)
@click.option("--data", "data_root", type=FOLDER, help="Folder of the data sets.")
@click.pass_context
def data(context: click.Context, data_root: Path | None) -> int:
    """Say which data sets are here, and where."""
    from grader import data as sets
    from grader.cli import terminal

    context.obj = data_root
    if context.invoked_subcommand is None:
        terminal.shelves(sets.available(sets.Source(data_root)))
    return 0


@data.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_obj
def fetch(data_root: Path | None, names: tuple[str, ...]) -> int:
    """Download the data sets NAME... with torchvision."""
    from grader import data as sets
    from grader.cli import terminal

    for name in names:
        terminal.line(f"{name} is in {sets.fetch(name, data_root)}")
    return 0


@click.command()
@LEVEL
@DATA
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def doctor(level: int | None, data_root: Path | None, as_json: bool) -> int:  # noqa: FBT001
    """Print the sandbox level with its self-test, the data sets and the versions."""
    import json

    from grader import data as sets
    from grader.cli import terminal
    from grader.records.tried_versions import list_untried
    from grader.sandbox import ForkServer

    with terminal.progress() as progress:
        progress.begin(0, "self-test of the sandbox")
        with ForkServer(level=level) as server:
            facts = server.describe()
    facts["untried"] = list_untried(facts["versions"])
    shelves = sets.available(sets.Source(data_root))
    if as_json:
        click.echo(json.dumps({**facts, "data": [s.facts() for s in shelves]}, indent=2))
    else:
        terminal.doctor(facts)
        terminal.shelves(shelves)
    return 0 if facts["level"] >= BATCH_LEVEL else 1
