"""One box as the grader holds it: questions go in, values or reasons come out."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.errors import SandboxError
from grader.inside import wire
from grader.records import Execution, Limits, Missing, Trouble
from grader.sandbox import outcome
from grader.sandbox.outcome import Outcome
from grader.sandbox.process import WarmProcess

RESTARTS = 3
"""How often a dead student process is replaced."""
GRACE_SECONDS = 20.0
"""How much later than the wall limit a supervisor's reply may come before the box is given up."""
_FINAL = ("cpu", "time", "output", "tampered")
"""After these nothing is left to spend, or to believe: no restart."""


class Box:
    """One submission in its box. Use as a context manager; not from two threads at once.

    Nothing that the student's side does raises: it becomes a Trouble, a Missing or a status.
    Raises SandboxError where the box itself breaks.
    """

    def __init__(
        self,
        warm: WarmProcess,
        files: Mapping[str, bytes],
        *,
        entry: str | None,
        limits: Limits,
        seed: int,
        level: int,
        selftest: bool = False,
    ) -> None:
        self._files, self._entry, self._limits, self._level = files, entry, limits, level
        self._outcome = Outcome()
        self._loaded: Trouble | str | None = "not yet"
        self._alive, self._hopeless, self._restarts = False, "", 0
        self._notes: list[str] = []
        self._closed: Execution | None = None
        self._fault: SandboxError | None = None
        self._reader = wire.Reader()
        submission = sum(map(len, files.values())) + 4096 * len(files)
        job = {
            "level": level,
            "seed": seed,
            "selftest": selftest,
            "submission_mib": math.ceil(submission / 2**20),
            "limits": {
                "cpu_seconds": limits.cpu_seconds,
                "wall_seconds": limits.wall_seconds,
                "memory_mib": limits.memory_mib,
                "processes": limits.processes,
                "disk_mib": limits.disk_mib,
                "output_kib": limits.output_kib,
            },
        }
        self._line, self._leash = warm.open(job)
        self._line.settimeout(limits.wall_seconds + GRACE_SECONDS)
        names = [n for n in files if n.isprintable() or n.isascii()]
        contents = [np.frombuffer(files[n], np.uint8) for n in names]
        self._send({"do": "files", "names": names}, contents)

    def __enter__(self) -> Box:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:  # what is being raised says more than a second failure could
            with contextlib.suppress(SandboxError):
                self.close()

    def load(self) -> Trouble | None:
        """Runs the student's code; None if it loaded, else what went wrong. Runs it only once."""
        if self._loaded == "not yet":
            self._loaded = self._load()
        assert not isinstance(self._loaded, str)
        return self._loaded

    def _load(self) -> Trouble | None:
        head, _ = self._request({"do": "load", "entry": self._entry})
        if "died" in head:
            trouble = self._died(head["died"])
            self._hopeless = self._hopeless or trouble.message
            return trouble
        self._alive = True
        if "trouble" not in head["answer"]:
            return None
        trouble = outcome.read_trouble(head["answer"]["trouble"], self._files)
        self._note(outcome.of_trouble(trouble, self._limits, loading=True))
        return trouble

    def ask(self, ask: str, args: Mapping[str, Any]) -> Any | Missing:
        """The value that the measuring code in the box gives, or why there is none."""
        trouble = self.load()
        if trouble is not None:
            return Missing(why=f"Your file did not load: {trouble.sentence()}", error=trouble)
        if not self._alive and not self._revive():
            return Missing(why=self._hopeless)
        tree, arrays = wire.pack(dict(args))
        head, values = self._request({"do": "ask", "ask": ask, "args": tree}, arrays)
        if "died" in head:
            trouble = self._died(head["died"])
            return Missing(why=trouble.message, error=trouble)
        return self._value(head["answer"], values)

    def _value(self, answer: Mapping[str, Any], values: list[wire.Array]) -> Any | Missing:
        if "trouble" in answer:
            trouble = outcome.read_trouble(answer["trouble"], self._files)
            self._note(outcome.of_trouble(trouble, self._limits, loading=False))
            return outcome.missing_by_trouble(trouble)
        if "missing" in answer:
            return outcome.read_missing(answer["missing"])
        try:
            return _cleaned(wire.unpack(answer["value"], values))
        except (ValueError, KeyError, RecursionError):
            self._note(outcome.of_unasked(0))
            return Missing(why="The answer that came out of the box was malformed.", person=True)

    def _revive(self) -> bool:
        """A new process has loaded the submission again; False where there is no use in that."""
        if self._hopeless:
            return False
        if self._restarts >= RESTARTS:
            self._hopeless = (
                f"Your code ended its process {RESTARTS + 1} times; it is not run again."
            )
            return False
        self._restarts += 1
        trouble = self._load()
        if trouble is not None:
            self._hopeless = self._hopeless or f"Your file did not load again: {trouble.message}"
        return trouble is None

    def _died(self, facts: Any) -> Trouble:
        """The student's process is gone; why, as a trouble. Remembers whether to try again."""
        self._alive = False
        facts = facts if isinstance(facts, dict) else {}
        found = outcome.of_death(facts, self._limits)
        self._note(found)
        if found.status in _FINAL or (found.status == "processes" and facts.get("why") == "cpu"):
            self._hopeless = found.reason
        return outcome.death_as_trouble(facts, found)

    def _note(self, found: Outcome) -> None:
        self._outcome = self._outcome.worse(found)

    def close(self) -> Execution:
        """The box is gone, and everything in it; how it went."""
        if self._closed is None:
            try:
                head, texts = self._request({"do": "end"})
                self._closed = self._execution(head["ended"], texts)
            finally:
                self._drop()
        return self._closed

    def _execution(self, facts: Mapping[str, Any], texts: list[wire.Array]) -> Execution:
        death = facts["death"]
        if death:
            self._note(outcome.of_death(death, self._limits))
        if facts["unasked"]:
            self._outcome = outcome.of_unasked(int(facts["unasked"]))
        if self._restarts:
            self._notes.append(f"The student's process was started {facts['starts']} times.")
        if facts["full"]:
            self._notes.append(f"The {self._limits.disk_mib} MiB for files were used up.")
        self._notes += [f"{name!r} could not be placed." for name in facts["misplaced"]]
        printed = [t.tobytes().decode("utf-8", "replace") for t in texts]
        error = self._loaded if isinstance(self._loaded, Trouble) else None
        return Execution(
            status=self._outcome.status,
            reason=self._outcome.reason,
            seconds=round(facts["seconds"], 3),
            cpu_seconds=round(facts["cpu_seconds"], 3),
            peak_mib=round(facts["peak_mib"], 1),
            stdout=printed[0],
            stderr=printed[1],
            error=error,
            notes=tuple(self._notes),
            level=self._level,
        )

    # The line

    def _request(
        self, head: dict[str, Any], arrays: list[wire.Array] | None = None
    ) -> tuple[dict[str, Any], list[wire.Array]]:
        """The supervisor's reply. Raises SandboxError where none comes."""
        if self._fault is not None or self._line.fileno() < 0:
            raise self._fault or SandboxError("This box is closed.")
        self._send(head, arrays or [])
        deadline = time.monotonic() + self._limits.wall_seconds + GRACE_SECONDS
        while time.monotonic() < deadline:
            try:
                data = self._line.recv(1 << 20)
            except TimeoutError:
                break
            except OSError:
                data = b""
            if not data:
                raise self._broken("it ended without a report")
            for reply, values in self._reader.feed(data):
                if "failed" in reply:
                    raise self._broken(str(reply["failed"]))
                return reply, values
        raise self._broken("its supervisor did not answer")

    def _send(self, head: dict[str, Any], arrays: list[wire.Array]) -> None:
        try:
            wire.write(self._line.send, head, arrays)
        except OSError:
            pass  # the reply, or its absence, says more

    def _broken(self, why: str) -> SandboxError:
        report = self._drop()
        self._fault = SandboxError(f"A box broke: {report.get('failed') or why}.")
        return self._fault

    def _drop(self) -> dict[str, Any]:
        """The guard's last word; when it has come, no process of the box is left."""
        self._line.close()
        report: dict[str, Any] = {}
        if self._leash.fileno() >= 0:
            self._leash.shutdown(socket.SHUT_WR)
            self._leash.settimeout(GRACE_SECONDS)
            try:
                data = self._leash.recv(1 << 16)
                report = json.loads(data) if data else {}
            except (OSError, ValueError):
                pass
            self._leash.close()
        return report


def _cleaned(value: Any) -> Any:
    """The value with every text encodable."""
    if isinstance(value, str):
        return outcome.clean(value)
    if isinstance(value, list):
        return [_cleaned(v) for v in value]
    if isinstance(value, dict):
        return {outcome.clean(k): _cleaned(v) for k, v in value.items()}
    return value
