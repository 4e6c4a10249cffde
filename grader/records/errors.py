"""What can go wrong on our side of the trust line.

    GraderError                 one sentence on stderr, exit code 2
    ├── UsageError              an argument names something that is not there
    ├── CourseError             an assignment or a reference is written wrongly
    ├── DataSetAbsent           a data set is not on this machine
    ├── ReferenceFailed         the reference does not earn every point on this machine
    └── SandboxError            a box could not be made, or the fork server is gone

Students' faults are never exceptions: they are data (`Execution.status`, `CheckResult.outcome`).
What could not be measured is none either (`execution.Unmeasured`).
"""

import dis


class GraderError(Exception):
    """Something of ours or of the instructor's: the first sentence says what, the second what to
    do.
    """


class UsageError(GraderError):
    """An argument names something that does not exist."""


class CourseError(GraderError):
    """An assignment, a reference or a template of the course is written wrongly."""


class DataSetAbsent(GraderError):
    """A data set is not on this machine and no stand-in was asked for."""


class ReferenceFailed(GraderError):
    """The reference does not earn every point on this machine, so nobody is graded."""


class SandboxError(GraderError):
    """A box could not be made, or the fork server is gone."""


LONGEST = 1_000
"""Characters of what an error says that are kept."""


def read_text(error: BaseException) -> str:
    """What an error of somebody else's says; empty where it says nothing, or fails to."""
    try:
        return str(error)[:LONGEST]
    except Exception:  # its `__str__` is somebody else's as well
        return ""


def is_interrupt(error: BaseException) -> bool:
    """True where somebody ends the program, by Ctrl-C or a signal; False for what code raised."""
    if not isinstance(error, KeyboardInterrupt):
        ours = type(error).__module__.partition(".")[0] == __name__.partition(".")[0]
        return ours and not isinstance(error, Exception)
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return True
    return last.tb_frame.f_code.co_code[last.tb_lasti] != dis.opmap["RAISE_VARARGS"]
