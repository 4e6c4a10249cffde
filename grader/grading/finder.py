"""What a submission calls otherwise than the brief: asked of its box, beside the reference's.

The box is asked only about what is not there under its name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from grader.assignment.loader import LoadedAssignment
from grader.assignment.probe import Probe
from grader.data import Source
from grader.grading.substitutes import Substitutes, choose_file, decide
from grader.inside.wire import Malformed
from grader.records.errors import SandboxError
from grader.records.execution import Missing
from grader.records.measurements import NetworkFacts, Networks
from grader.records.submission import Submission
from grader.sandbox.backend import OpenBox
from grader.submissions.entry import WEIGHTS


class Finder:
    """Finds the networks and files of weights of one assignment's submissions."""

    def __init__(
        self,
        loaded: LoadedAssignment,
        source: Source,
        seed: int,
        open_reference: Callable[[], OpenBox],
    ) -> None:
        """`open_reference` opens a box in which the reference has not been loaded yet."""
        self._loaded, self._source, self._seed = loaded, source, seed
        self._open_reference = open_reference
        self._lock = threading.Lock()
        self._own: dict[str, NetworkFacts | None] = {}

    @cached_property
    def asked(self) -> list[str]:
        """Every name that is asked for."""
        return sorted(self._loaded.texts)

    def find(self, box: OpenBox, submission: Submission) -> Substitutes:
        """What is taken for networks and files of weights that are called otherwise."""
        if submission.entry is None or box.load() is not None:
            return Substitutes()
        surveys = self._loaded.surveys

        def ask(name: str, answered: bool) -> Networks | None:  # noqa: FBT001
            return self._survey(box, surveys[name], x=answered)

        found = decide(list(surveys), submission.entry, ask, self._find_own)
        others = sorted(n for n in submission.files if n.lower().endswith(WEIGHTS))
        for file, name in self._list_files():
            if others and file not in {*submission.files, *found.taken, *found.refused}:
                found = found.join(self._choose_file(box, file, others, name, found.taken))
        return found

    def describe_own(self, box: OpenBox) -> dict[str, object]:
        """By key what the reference in this box answers to each survey: kits hold it."""
        surveys = self._loaded.surveys.values()
        return {s.key: self._ask(box, s, x=True, own=1) for s in surveys}

    def _list_files(self) -> Iterator[tuple[str, str]]:
        """Each file of weights that is asked for, and the network that it belongs to."""
        for probe in self._loaded.probes.values():
            if "weights" in probe.args and "module" in probe.args:
                yield str(probe.args["weights"]), str(probe.args["module"])

    def _choose_file(
        self, box: OpenBox, file: str, others: Sequence[str], name: str, taken: Mapping[str, str]
    ) -> Substitutes:
        """Which of the other files of weights is taken for the one that is asked for."""
        survey = self._loaded.surveys[name]
        held = self._survey(box, survey, files=list(others))
        theirs = self._survey(box, survey, own=1, substitutes=dict(taken))
        ours = self._find_own(name)
        networks = [*(theirs.rows if theirs else ()), *([ours] if ours else ())]
        return choose_file(file, others, held.rows, networks) if held else Substitutes()

    # ------------------------------------------------------------------ asking

    def _survey(
        self, box: OpenBox, survey: Probe[Networks], *, x: bool = False, **more: object
    ) -> Networks | None:
        """What it says; None where it says nothing that can be read, so that nothing is taken."""
        return _read(self._ask(box, survey, x=x, **more))

    def _ask(self, box: OpenBox, survey: Probe[Networks], *, x: bool, **more: object) -> object:
        given = survey.arguments(self._seed, self._source)
        kept = {k: v for k, v in given.items() if x or k != "x"}
        return box.ask(survey.ask, {**kept, "asked": self.asked, **more})

    def _find_own(self, name: str) -> NetworkFacts | None:
        """The reference's network of that name, asked for once for a class."""
        with self._lock:
            if name not in self._own:
                networks = self._survey_reference(self._loaded.surveys[name])
                self._own[name] = networks.rows[0] if networks and networks.rows else None
            return self._own[name]

    def _survey_reference(self, survey: Probe[Networks]) -> Networks | None:
        if self._loaded.measured is not None:
            return _read(self._loaded.measured.answers.get(survey.key, Missing(why="")))
        with self._open_reference() as box:
            networks = None if box.load() else self._survey(box, survey, x=True, own=1)
            if networks is None and box.disturbed:
                raise SandboxError("A box broke: a signal ended the process of the reference.")
            return networks


def _read(answer: object) -> Networks | None:
    try:
        return None if isinstance(answer, Missing) else Networks.from_wire(answer)
    except Malformed:
        return None
