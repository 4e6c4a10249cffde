"""The student's process: gives up its rights, runs the student's code, answers questions.

Three pipes belong to it. Questions come in by one. Answers leave by another, each with the nonce of
its question. The third says once that loading is over; before that nobody listens for answers, so
that a frame which the student's code wrote at import is known for what it is.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, cast

from grader.inside import cell, remarks, streams, wire
from grader.inside.loading import absent, namespace, reading
from grader.inside.loading.namespace import Names
from grader.inside.measuring import measure, versions
from grader.inside.schema.job import PlacedRequest
from grader.inside.schema.messages import Answer, MissingFacts, Posed, PosedAsk
from grader.inside.shims import datasets
from grader.inside.walls import linux, lockdown, root, selftest

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

    from grader.inside.notebooks.kernel import App

Answerer = Callable[[Names, str, wire.Head], object]

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
"""All that student code finds in os.environ, besides HOME and directories below it."""


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
    cpu_seconds: float,
    connection: cell.Connection | None = None,
) -> NoReturn:
    """Answers until the questions end; never returns into the supervisor's code."""
    reading.begin(job["run"])
    try:
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
        _serve(job, directory, pipes, names)
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
    _set_surroundings(directory, job["level"])
    _limit(job, cpu_seconds, cell.THREADS if connection else 0)
    if connection is not None:
        app = _bind_kernel(job, directory, connection)
    else:
        _confine(job, directory)
    _filter(job["level"], accepts=app is not None)
    _seed(job["seed"])
    versions.watch(directory)
    absent.install(directory)
    datasets.install(_locate_datasets(job).values())
    return app


def _bind_kernel(job: PlacedRequest, directory: str, connection: cell.Connection) -> App:
    """The notebook's kernel with its sockets bound, in its folder, confined."""
    from grader.inside.notebooks import kernel

    path = os.path.join(directory, connection["entry"])
    home = os.environ["IPYTHONDIR"] = os.path.join(os.environ["HOME"], ".ipython")
    os.makedirs(os.path.join(home, "profile"), exist_ok=True)
    profile = kernel.make_profile(home)
    os.chdir(os.path.dirname(path))
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("a thread is there before the walls")
    _confine(job, directory, sockets=os.path.dirname(connection["ip"]))
    return kernel.bind(path, connection, namespace.search_path(path, directory), profile)


def _serve(job: PlacedRequest, directory: str, pipes: Pipes, names: Names) -> None:
    own = os.getpid()
    ask: Answerer = selftest.answer if job["selftest"] else measure.answer
    values: list[wire.Array]
    for head, arrays in _read_questions(pipes.questions):
        if head["do"] == "load":
            names, answer = _load(directory, head["entry"])
            values = []
        else:
            answer, values = _answer(ask, names, directory, head, arrays)
        if os.getpid() != own:  # a fork of the student's that came out of the student's code
            os._exit(0)
        _flush()
        to = pipes.loaded if head["do"] == "load" else pipes.answers
        answer["nonce"], answer["remarks"] = head["nonce"], remarks.rows()
        _send(to, answer, values)


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


def _set_surroundings(directory: str, level: int) -> None:
    """Environment, directory and streams as student code finds them."""
    home = root.TEMPORARY if level >= 3 else directory
    os.environ.clear()
    os.environ.update(ENVIRONMENT, HOME=home, TMPDIR=home, MPLCONFIGDIR=f"{home}/matplotlib")
    os.environ["TORCH_HOME"] = f"{home}/torch"
    tempfile.tempdir = home  # the fork server settled on a folder that is not here
    os.chdir(directory)
    package = os.path.dirname(root.own_package())
    sys.path[:] = [p for p in sys.path if (p and os.path.realpath(p) != package) or _is_shared(p)]
    sys.orig_argv[:] = []
    streams.restore_streams()


def _is_shared(path: str) -> bool:
    """True for site-packages, where the grader lies among others."""
    return any(path.startswith(prefix) for prefix in root.interpreter())


def _limit(job: PlacedRequest, cpu_seconds: float, extra_threads: int) -> None:
    level, limits = job["level"], job["limits"]
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")  # short of memory, the machine ends this process first
    except OSError:
        pass
    if level >= 1:
        lockdown.limit(
            memory_mib=limits["memory_mib"],
            cpu_seconds=cpu_seconds,
            processes=_process_budget(limits["processes"] + extra_threads, level),
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
            _load_data_alone()
        lockdown.student_filter(namespaces=level >= 3, accepts=accepts).install()


def _locate_datasets(job: PlacedRequest) -> dict[str, str]:
    """Where each data set lies for this process."""
    folders = job["datasets"]
    if job["level"] < 3:
        return folders
    return {name: f"{root.DATASETS}/{name}" for name in folders}


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


def _load_data_alone() -> None:
    """DataLoader(num_workers=n) loads in this process, as it may not fork."""
    from torch.utils.data import dataloader

    def load_alone(self: DataLoader[Any]) -> dataloader._BaseDataLoaderIter:
        if self.num_workers:
            remarks.add("alone")
        self.num_workers, self.timeout, self.prefetch_factor = 0, 0, None
        return dataloader._SingleProcessDataLoaderIter(self)

    dataloader.DataLoader._get_iterator = load_alone  # type: ignore[method-assign]
    quiet: Any = lambda _: None  # noqa: E731 - no advice on the number of workers
    dataloader.DataLoader.check_worker_number_rationality = quiet  # type: ignore[method-assign]


def _seed(seed: int) -> None:
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
        torch.set_num_threads(1)


def _read_questions(descriptor: int) -> Iterator[tuple[Posed, list[wire.Array]]]:
    reader = wire.Reader(body_cap=wire.INWARD_CAP)
    while data := os.read(descriptor, 1 << 20):
        for head, arrays in reader.feed(data):
            yield cast("Posed", head), arrays  # the other end is the supervisor's


def _load(directory: str, entry: str | None) -> tuple[Names, Answer]:
    """The names of the student's module, and what to report about it."""
    if entry is None:
        return {}, {"loaded": True}
    try:
        names = namespace.load(directory, entry)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too
        return {}, {"error": namespace.describe_error(error, directory)}
    finally:
        reading.report()
    if reading.unread is None:
        return names, {"loaded": True}
    error_facts = namespace.describe_error(reading.unread, directory)
    return names, {"loaded": True, "error": error_facts}


def _answer(
    ask: Answerer, names: Names, directory: str, head: PosedAsk, arrays: list[wire.Array]
) -> tuple[Answer, list[wire.Array]]:
    """The head and the arrays of an answer: a value, a reason why there is none, or an error."""
    try:
        args = cast("wire.Head", wire.unpack(head["args"], arrays))
        tree, values = wire.pack(ask(names, head["ask"], args))
    except namespace.Unanswerable as reason:
        return {"missing": _describe_missing(reason)}, []
    except wire.Malformed as fault:
        return {"missing": {"why": f"The answer cannot be handed over: {fault}"}}, []
    except BaseException as error:
        return {"error": namespace.describe_error(error, directory, names)}, []
    size = sum(v.nbytes for v in values)
    if size > wire.BODY_CAP:
        why = f"The answer is {size:,} bytes long; {wire.BODY_CAP:,} are allowed"
        return {"missing": {"why": why}}, []
    return {"value": tree}, values


def _describe_missing(reason: namespace.Unanswerable) -> MissingFacts:
    return {
        "why": namespace.clean(reason.why, namespace.MESSAGE_CAP),
        "needs_review": reason.needs_review,
        "undefined": reason.undefined,
    }


def _send(descriptor: int, answer: Answer, arrays: list[wire.Array]) -> None:
    def out(piece: memoryview) -> int:
        return os.write(descriptor, piece)

    try:
        pieces = list(wire.encode(answer, arrays, head_cap=wire.ANSWER_CAP))
    except (wire.Malformed, ValueError, RecursionError) as error:
        why = namespace.clean(f"The answer cannot be handed over: {error}", 500)
        instead: Answer = {"missing": {"why": why}, "nonce": answer["nonce"]}
        pieces = list(wire.encode(instead))
    wire.transmit(out, pieces)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # replaced or closed by the student's code
            continue
