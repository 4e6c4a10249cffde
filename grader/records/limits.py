"""What a submission may use."""

from __future__ import annotations

from dataclasses import dataclass

from grader.inside.schema.limits import PRINTED_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a submission may use, for loading and all probes together."""

    cpu_seconds: float = 60.0
    """CPU seconds; wall time is limited to `patience` times that."""
    patience: float = 3.0
    """Wall seconds allowed for each CPU second: a busy machine needs more."""
    cell_seconds: float = 30.0
    """CPU seconds of one cell of a notebook, or of a module's top level; wall time is limited to
    `patience` times that. Then definitions are read.
    """
    memory_mib: int = 4096
    """What all processes of a box may use together, in MiB; stacks of threads come on top."""
    processes: int = 32
    """Processes and threads at once."""
    disk_mib: int = 64
    """What may be written, in MiB."""
    files_kib: int = 262_144
    """What the files handed in may hold together, in KiB, notebooks without outputs; those that
    nobody asked for are left out first.
    """
    output_kib: int = 64
    """What is kept of stdout and stderr each, in KiB; a hundred times that ends the run."""

    @property
    def wall_seconds(self) -> float:
        """Wall seconds after which a box is cut off."""
        return self.patience * self.cpu_seconds

    @property
    def printed_kib(self) -> int:
        """What may be printed to stdout and to stderr each, kept or not, in KiB."""
        return self.output_kib * PRINTED_SHARE
