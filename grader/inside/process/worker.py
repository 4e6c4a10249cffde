"""The student's process: gives up its rights, runs the student's code, answers questions.

Three pipes belong to it. Questions come in by one. Answers leave by another, each with the nonce of
its question. The third says once that loading is over; before that nobody listens for answers, so
that a frame which the student's code wrote at import is known for what it is.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from grader.inside import cell, wire
from grader.inside.loading import namespace, own_modules, reading
from grader.inside.loading.namespace import Names
from grader.inside.measuring import measure
from grader.inside.process import answering
from grader.inside.schema.job import PlacedRequest
from grader.inside.schema.messages import Answer, Posed
from grader.inside.walls import cgroup, linux, lockdown, root, selftest

if TYPE_CHECKING:
    from grader.inside.notebooks.kernel import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """The student's ends, as descriptors."""

    stdout: int
    stderr: int
    questions: int
    answers: int
    loaded: int
    ready: int


READY = b"ready"


def run(
    job: PlacedRequest,
    directory: str,
    pipes: Pipes,
    entrance: cgroup.Entrance,
    cpu_seconds: float,
    connection: cell.Connection | None = None,
) -> NoReturn:
    """Answers until the questions end; never returns into the supervisor's code."""
    reading.begin(job["run"])
    try:
        entrance.enter()
        app = _give_up_rights(job, directory, pipes, cpu_seconds, connection)
    except BaseException as error:
        text = f"the student's process could not be locked: {type(error).__name__}: {error}"
        os.write(pipes.ready, text.encode("utf-8", "replace")[:2000])
        os._exit(1)
    try:
        os.write(pipes.ready, READY)
        os.close(pipes.ready)
        names: Names = {}
        if app is not None:
            from grader.inside.notebooks import kernel

            names = kernel.run(app)
        ask = selftest.answer if job["selftest"] else measure.answer
        questions = answering.read_questions(pipes.questions)

        def send(posed: Posed, answer: Answer, arrays: list[wire.Array]) -> None:
            to = pipes.loaded if posed["do"] == "load" else pipes.answers
            answering.send(to, answer, arrays)

        answering.serve(questions, ask, names, directory, send)
    finally:
        os._exit(0)


def _give_up_rights(
    job: PlacedRequest,
    directory: str,
    pipes: Pipes,
    cpu_seconds: float,
    connection: cell.Connection | None,
) -> App | None:
    """Every wall stands. With a `connection` there is a kernel, which will run a notebook's cells.

    Landlock binds one thread, so it comes before the kernel's threads; seccomp binds all of them,
    so it comes after.
    """
    app = None
    _take_place(pipes)
    home = root.TEMPORARY if job["level"] >= 3 else directory
    answering.set_surroundings(directory, home)
    if connection is not None:
        cpu_seconds += cell.START_SECONDS
    _limit(job, cpu_seconds, cell.THREADS if connection else 0)
    if connection is not None:
        app = _bind_kernel(job, directory, connection)
    else:
        _confine(job, directory)
    _filter(job["level"], accepts=app is not None)
    served = _locate_datasets(job).values()
    answering.begin(job["seed"], directory, served, in_kernel=app is not None)
    return app


def _bind_kernel(job: PlacedRequest, directory: str, connection: cell.Connection) -> App:
    """The notebook's kernel with its sockets bound, in its folder, confined."""
    from grader.inside.notebooks import kernel

    path = namespace.find_path(directory, connection["entry"])
    profile = kernel.prepare(path)
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("a thread is there before the walls")
    _confine(job, directory, sockets=os.path.dirname(connection["ip"]))
    return kernel.bind(path, connection, own_modules.search_path(path, directory), profile)


def _take_place(pipes: Pipes) -> None:
    """A session of its own; of all descriptors only the pipes."""
    os.setsid()
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((null, 0), (pipes.stdout, 1), (pipes.stderr, 2)):
        os.dup2(source, target)
    kept = {pipes.questions, pipes.answers, pipes.loaded, pipes.ready}
    linux.close_all_but({0, 1, 2} | kept)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _limit(job: PlacedRequest, cpu_seconds: float, extra_threads: int) -> None:
    level, limits = job["level"], job["limits"]
    lockdown.rank_for_memory(lockdown.FIRST)
    if level >= 1:
        processes = limits["processes"] + extra_threads
        lockdown.limit(
            memory_mib=limits["memory_mib"],
            cpu_seconds=cpu_seconds,
            processes=_process_budget(processes, level) if has_budget(job) else None,
            file_mib=limits["disk_mib"] + job["submission_mib"],
        )


def _confine(job: PlacedRequest, directory: str, sockets: str | None = None) -> None:
    if job["level"] >= 3:
        writable = (root.SUBMISSION, root.TEMPORARY, root.SHARED)
        lockdown.confine(read=["/"], write=writable, devices=root.DEVICES)
    elif job["level"] == 2:
        places = [sockets] if sockets else []
        served = job["datasets"].values()
        readable = [*job["readable"], *served, directory]
        lockdown.confine(read=readable, devices=root.DEVICES, sockets=places)


def _filter(level: int, *, accepts: bool) -> None:
    if level >= 2 or (level == 1 and lockdown.has_filters()):
        if level < 3:
            answering.load_data_alone()
        lockdown.student_filter(namespaces=level >= 3, accepts=accepts).install()


def _locate_datasets(job: PlacedRequest) -> dict[str, str]:
    """Where each data set lies for this process."""
    folders = job["datasets"]
    if job["level"] < 3:
        return folders
    return {name: f"{root.DATASETS}/{name}" for name in folders}


def has_budget(job: PlacedRequest) -> bool:
    """Whether the kernel counts the tasks of this box apart from others'; else the supervisor does.

    Where boxes share a uid, one student's threads would use up the others'. At level 1 they do: the
    kernel alone stops a fork bomb there where it filters no calls.
    """
    return job["level"] != 2 or os.getuid() == job["uid"]


def _process_budget(processes: int, level: int) -> int:
    """RLIMIT_NPROC: tasks of this uid, which only in a user namespace are the box's alone."""
    if level >= 3:
        return processes + 1  # the supervisor has the same uid
    uid, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                pass
    return count + processes
