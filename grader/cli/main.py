"""The command `grader`: its verbs, and how it ends. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

import click

import grader
from grader.cli import authors, instructors, machine, students
from grader.records import file_names
from grader.records.errors import GraderError

_EXIT_CODES = """\b
Exit codes:
  0    Done.
  1    Done, but look: a person is needed (grade), a check was lost or could
       not be judged (check), something is not as it should be (verify, demo),
       the sandbox is below level 2 (doctor).
  2    Not done, or not to the end. One sentence on stderr says why; what was
       graded is kept.
  130  Interrupted. What was graded is kept."""


_SHORTAGES = (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN)
"""What the machine ran short of is nobody's file."""


class _Verbs(click.Group):
    """Verbs whose faults of files and streams are ours to say: click would leave without a word."""

    def invoke(self, ctx: click.Context) -> object:
        """What the verb returns. Raises GraderError in place of OSError."""
        try:
            code = super().invoke(ctx)
            if sys.stdout is not None:  # closed by whoever started us
                sys.stdout.flush()
        except OSError as error:
            if error.errno in _SHORTAGES:
                raise
            raise GraderError(_describe_fault(error)) from error
        else:
            return code


@click.group(
    cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES
)
@click.version_option(grader.__version__, prog_name="grader")
@click.option("--debug", is_flag=True, help="Show tracebacks of the grader's own errors.")
def cli(debug: bool) -> None:  # noqa: FBT001  (read in `main`, before click)
    """Grade PyTorch submissions against a reference, in a sandbox."""


for verb in (
    instructors.grade,
    instructors.report,
    instructors.demo,
    students.check,
    authors.verify,
    authors.show,
    authors.handout,
    authors.release,
    machine.data,
    machine.doctor,
):
    cli.add_command(verb)


def main(argv: list[str] | None = None) -> None:
    """Run a verb and exit: 0 done, 1 a person is needed or a check was lost, 2 wrong use, 130
    interrupted.
    """
    words = sys.argv[1:] if argv is None else argv
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
    except OSError as error:  # of help, which is shown before a verb is called
        if "--debug" in words or error.errno in _SHORTAGES:
            raise
        _complain(_describe_fault(error))
        _drop_unwritten()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _complain("Interrupted. What was graded is kept; run the same command again to go on")
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _describe_fault(error: OSError) -> str:
    """A file or a stream that could not be read or written."""
    why = error.strerror or str(error)
    if error.filename is None:
        return (
            f"what was to be shown could not be written ({why}). What was graded is kept; run the "
            "same command again, with its output sent elsewhere"
        )
    name = error.filename
    shown = os.fsdecode(name) if isinstance(name, (str, bytes)) else f"descriptor {name}"
    return f"{shown}: {why}. {file_names.advise_on(error)}"


def _drop_unwritten() -> None:
    """What waits to be written to a stdout that takes nothing is forgotten, so that Python does not
    complain about it at the end.
    """
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(text: str) -> None:
    """One line, whatever an instructor's exception or a file name holds; none where stderr takes
    nothing.
    """
    from grader.report import escape

    whole = escape.terminal(" ".join(text.split()))
    end = "" if whole.endswith("?") else "."
    with suppress(OSError):
        click.echo(f"grader: {whole.rstrip('.')}{end}", err=True)
