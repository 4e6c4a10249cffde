"""What the student's process does on any system: it reads questions, loads the code, answers.

What a system adds, which rights the process gives up and by which pipes it speaks, is `worker`'s on
Linux and `fresh_interpreter`'s elsewhere.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from grader.inside import libraries, remarks, streams, wire
from grader.inside.loading import (
    absent,
    handed_in,
    imported_notebooks,
    namespace,
    own_modules,
    reading,
)
from grader.inside.loading.namespace import Names
from grader.inside.measuring import versions
from grader.inside.schema.messages import Answer, MissingFacts, Posed, PosedAsk, PosedLoad
from grader.inside.shims import datasets, programs

if TYPE_CHECKING:
    from torch.utils.data import DataLoader

Answerer = Callable[[Names, str, wire.Head], object]
Question = tuple[Posed, list[wire.Array]]

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


def set_surroundings(directory: str, home: str, more: Mapping[str, str] | None = None) -> None:
    """Environment, directory and streams are as student code finds them; with `more` variables."""
    os.environ.clear()
    os.environ.update(ENVIRONMENT, HOME=home, TMPDIR=home, MPLCONFIGDIR=f"{home}/matplotlib")
    os.environ.update(more or {}, TORCH_HOME=f"{home}/torch")
    tempfile.tempdir = home  # what was settled on while torch was imported is another folder
    os.chdir(directory)
    sys.path[:] = libraries.without_own(sys.path)
    sys.orig_argv[:] = []
    streams.restore_streams()


def begin(seed: int, directory: str, served: Iterable[str], *, in_kernel: bool) -> None:
    """The last step before student code, in a kernel's cells or alone: it is watched, its own
    files, its absences and data sets are known.
    """
    _seed(seed)
    versions.watch(directory)
    own_modules.begin(directory, in_kernel=in_kernel)
    imported_notebooks.install()
    absent.install(directory)
    datasets.install(served)
    programs.install(directory, os.environ["HOME"])
    namespace.watch_imports(directory)
    handed_in.freeze(directory)


def load_data_alone() -> None:
    """DataLoader(num_workers=n) loads in this process, as it may not fork, or cannot."""
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


def serve(
    questions: Iterable[Question],
    ask: Answerer,
    names: Names,
    directory: str,
    send: Callable[[Posed, Answer, list[wire.Array]], None],
) -> None:
    """Every question is answered, until there are no more."""
    own = os.getpid()
    values: list[wire.Array]
    for posed, arrays in questions:
        if posed["do"] == "load":
            names, answer = _load(directory, posed)
            values = []
        else:
            answer, values = answer_question(ask, names, directory, posed, arrays)
        if os.getpid() != own:  # a fork of the student's that came out of the student's code
            os._exit(0)
        _flush()
        answer["nonce"], answer["remarks"] = posed["nonce"], remarks.rows()
        send(posed, answer, values)


def read_questions(descriptor: int) -> Iterator[Question]:
    """The questions that come by a pipe, until that is closed."""
    reader = wire.Reader(body_cap=wire.INWARD_CAP)
    while data := os.read(descriptor, 1 << 20):
        for head, arrays in reader.feed(data):
            yield cast("Posed", head), arrays  # the other end is the supervisor's


def _load(directory: str, posed: PosedLoad) -> tuple[Names, Answer]:
    """The names of the student's module, and what to report about it."""
    if posed["entry"] is None:
        return {}, {"loaded": True}
    try:
        with reading.reduced(posed["extent"]):
            names = _run_interruptibly(directory, posed["entry"])
    except BaseException as error:  # SystemExit and KeyboardInterrupt too
        return {}, {"error": namespace.describe_error(error, directory)}
    finally:
        reading.report()
        handed_in.report()
    if reading.unread is None:
        return names, {"loaded": True}
    error_facts = namespace.describe_error(reading.unread, directory)
    return names, {"loaded": True, "error": error_facts}


def _run_interruptibly(directory: str, entry: str) -> Names:
    """The module's names. While it runs the supervisor may interrupt it, and never afterwards."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return namespace.load(directory, entry)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def answer_question(
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
        "code": reason.code,
        "about": namespace.clean(reason.about, namespace.MESSAGE_CAP),
    }


def send(descriptor: int, answer: Answer, arrays: list[wire.Array]) -> None:
    """The answer is written to a pipe; one that has no place on the wire is said to be missing."""

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
