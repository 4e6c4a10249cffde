"""A backend that goes on running when one who used it is done, for the next one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields, replace
from typing import Any

from grader.sandbox.backend import Backend, Choice, Job, OpenBox


class Keeper:
    """Keeps one backend, of the last choice. It ends with the process, or with the keeper."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._choice: Choice | None = None
        self._backend: Backend | None = None

    def keep(self, choice: Choice) -> Choice:
        """The same choice, whose backend is started once and lent from then on."""
        return KeptChoice(**{f.name: getattr(choice, f.name) for f in fields(choice)}, keeper=self)

    def lend(self, choice: Choice) -> Backend:
        """The backend of this choice; `close` of what is lent leaves it running."""
        wanted = replace(choice, notebooks=False)  # which backends learn, when one comes
        with self._lock:
            if self._backend is None or self._choice != wanted:
                if self._backend is not None:
                    self._backend.close()
                self._backend = None
                self._backend, self._choice = Choice.start(choice), wanted
            return Lent(self._backend)

    def close(self) -> None:
        """No process of it is left."""
        with self._lock:
            if self._backend is not None:
                self._backend.close()
            self._backend = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChoice(Choice):
    """A choice whose backend is kept."""

    keeper: Keeper

    def start(self) -> Backend:
        """The backend runs; a few seconds only for the first."""
        return self.keeper.lend(self)


class Lent:
    """A backend that is somebody else's to close."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.level = backend.level

    def open(self, job: Job) -> OpenBox:
        """A box of the backend."""
        return self._backend.open(job)

    def describe(self) -> dict[str, Any]:
        """What the backend says of itself."""
        return self._backend.describe()

    def recover(self) -> None:
        """As the backend does."""
        self._backend.recover()

    def close(self) -> None:
        """It runs on."""
