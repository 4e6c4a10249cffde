"""The command `grader`: its verbs, and how it ends. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import io
import sys

import click

import grader
from grader.cli import authors, instructors, machine, students
from grader.records.errors import GraderError

_EXIT_CODES = """\b
Exit codes:
  0    Done.
  1    Done, but look: a person is needed (grade), a check was lost or could
       not be judged (check), something is not as it should be (verify, demo),
       the sandbox is below level 2 (doctor).
  2    Nothing was done. One sentence on stderr says why.
  130  Interrupted. What was graded is kept."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
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
        sys.exit(2)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "grader"
        _complain(f"{error.format_message().rstrip('.')}. See `{where} --help`")
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _complain("Interrupted. What was graded is kept; run the same command again to go on")
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(text: str) -> None:
    """One line, whatever an instructor's exception or a file name holds."""
    from grader.report import escape

    whole = escape.terminal(" ".join(text.split()))
    end = "" if whole.endswith("?") else "."
    click.echo(f"grader: {whole.rstrip('.')}{end}", err=True)
