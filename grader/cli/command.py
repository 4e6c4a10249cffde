"""The command `grader` and its verbs. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import sys

import click

import grader
from grader.cli import authors, ci, exports, instructors, machine, marks, students
from grader.records.errors import GraderError

_EXIT_CODES = """\b
Exit codes:
  0    Done.
  1    Done, but look: a person is needed (grade, mark), a check was lost or
       could not be judged (check), there are too few points (ci), something
       is not as it should be (verify, demo), a grade did not get into the
       file (export), the sandbox is below level 2 (doctor).
  2    Not done, or not to the end. One sentence on stderr says why; what was
       graded is kept.
  130  Interrupted. What grade and mark have entered is kept."""


class _Verbs(click.Group):
    """Verbs whose faults of files and streams are ours to say: click would leave without a word."""

    def invoke(self, ctx: click.Context) -> object:
        """What the verb returns. Raises GraderError in place of OSError."""
        try:
            code = super().invoke(ctx)
            if sys.stdout is not None:  # closed by whoever started us
                sys.stdout.flush()
        except OSError as error:
            from grader.cli import surroundings

            if text := surroundings.explain(error) or surroundings.describe_fault(error):
                raise GraderError(text) from error
            raise
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
    marks.mark,
    marks.history,
    marks.diff,
    exports.export,
    instructors.demo,
    students.check,
    ci.ci,
    authors.verify,
    authors.show,
    authors.handout,
    authors.release,
    machine.data,
    machine.doctor,
):
    cli.add_command(verb)
