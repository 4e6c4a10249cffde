"""How the command `grader` begins and ends."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial

from grader.cli import interrupts  # before what takes time to import: see there


def main(argv: list[str] | None = None) -> None:
    """Run a verb and exit: 0 done, 1 a person is needed or a check was lost, 2 wrong use, 130
    interrupted.
    """
    words = sys.argv[1:] if argv is None else argv
    rest = interrupts.say_rest(words)
    interrupts.run(partial(_run, words), within=argv is not None, rest=rest)


def _run(words: list[str]) -> None:
    import io

    import click

    from grader.cli.command import cli
    from grader.records.errors import GraderError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that it cannot write is no fault
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(args=words, prog_name="grader", standalone_mode=False)
    except GraderError as error:
        if "--debug" in words:
            raise
        _complain(str(error))
        _drop_unwritten()
        sys.exit(2)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "grader"
        _complain(f"{error.format_message().rstrip('.')}. See `{where} --help`")
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _complain(f"Interrupted. {interrupts.say_rest(words)}")
        sys.exit(130)
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        from grader.cli import surroundings

        sentence = surroundings.explain(error)
        if not sentence and isinstance(error, OSError):  # of help, shown before a verb is called
            sentence = surroundings.describe_fault(error)
        if "--debug" in words or not sentence:
            raise
        _complain(sentence)
        _drop_unwritten()
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _drop_unwritten() -> None:
    """What waits to be written to a stdout that takes nothing is forgotten, so that Python does not
    complain about it at the end.
    """
    import os

    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(text: str) -> None:
    """One line, whatever an instructor's exception or a file name holds; none where stderr takes
    nothing.
    """
    import click

    from grader.report import escape

    whole = escape.terminal(" ".join(text.split()))
    end = "" if whole.endswith("?") else "."
    with suppress(OSError):
        click.echo(f"grader: {whole.rstrip('.')}{end}", err=True)
