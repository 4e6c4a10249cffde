"""Runs untrusted code. The only place of the grader that starts processes.

Theory of operation
===================

The problem. A submission is a program by somebody who may want full marks without the work, or
whose loop never ends. It has to run, on the machine that holds the reference, the other submissions
and the marks; and it has to run soon, since importing torch alone takes seconds.

The processes. ::

    grader        holds expected values, marks and secrets
      │ control   (one socket: requests with descriptors)
    fork server   has imported torch; knows nothing; one thread
      │ fork      one per submission
    guard         outside the box: makes it, ends it when the lifeline is cut
      │ fork
    supervisor    PID 1 of the box, our code: time, memory, output, one answer per question
      │ fork      again when the student's process has died
    student       gives up its rights, then runs the student's code and the measuring code

The grader holds two sockets per box. On the *channel* it sends files and questions and reads
replies. The *lifeline* carries one message, the guard's last; when the grader's end closes, for
whatever reason and be it SIGKILL, the guard kills the box. The fork server ends when control
closes. So nothing survives the grader.

The walls. A level is a set of walls (`levels.NAMES`), and it is chosen by doing: a box is opened,
the code of `inside/walls/selftest.py` tries to get out of it, and a level at which one attempt
succeeds is not used. At level 3 a box has a file system of its own with nothing in it but the
interpreter and the libraries, no network, no other process, a uid that owns nothing. At level 2 the
same machine is visible but cannot be opened: landlock lists what may be read, seccomp refuses
system calls. Every wall is raised by the process itself before the first line of the student's
code, in the order that `inside/process/forkserver.py` and `worker.py` show.

The channel. Only JSON and raw arrays cross (`inside/wire.py`), each named in `inside/schema`;
nothing is unpickled or evaluated. Student code shares its process with the measuring code and can
write what it likes, so an answer is a claim. What it cannot do is answer before it is asked: each
question carries a nonce, one frame is accepted for it, and everything else on the channel is
counted and makes the run "tampered". Lengths are checked against caps before a byte is kept.

Elsewhere. Where no such process can be forked, `plain` starts a fresh interpreter for each
submission, and the supervisor is an object in the grader itself (`plain_supervisor`): it watches by
psutil what a supervisor in a box watches by the kernel. There is no wall, and so no level but 0.
The conversation, the measuring code and what is imported before it are the same.

Judging. Answers are hostile data, and checks are authors' code. A `limited_child` of the grader
does that work: forked before the first box, kept for a class, with limits on computing time and
memory. It is no box: nothing of a student's is executed in it.

Faults. What the student's side does never raises here: an exception becomes a StudentError with the
student's line, a death a Missing with its reason, and the next question starts a new process with
what is left of the limits. SandboxError means that our side broke.

Floors, top first:
    forkserver, kept, live, plain
    levels, plain_supervisor
    box, interpreter
    backend
    cells, server_process
    channel, limited_child, outcome, process_tree, remarks, remedies, shelter
    environment, loops, waiting
"""

from grader.sandbox.box import Box
from grader.sandbox.cells import CellRun
from grader.sandbox.forkserver import ForkServer
from grader.sandbox.levels import NAMES as LEVELS

__all__ = ["LEVELS", "Box", "CellRun", "ForkServer"]
