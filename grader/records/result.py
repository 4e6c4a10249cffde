"""What was decided about one submission: verdict, line of the rubric, whole record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, Self, get_args

from grader.records.adjustment import Adjustment
from grader.records.execution import Execution
from grader.records.json_values import (
    Fields,
    Json,
    escape_surrogates,
    read_number,
    record_to_json,
    to_plain,
)
from grader.records.messages import Message
from grader.records.person import Person
from grader.records.place import Place

Outcome = Literal[
    "passed", "partial", "failed", "skipped", "unmeasured", "deferred", "open", "broken"
]
"""What became of a check. `deferred`: it is decided elsewhere, by who has what it needs. `open`: a
person decides, and has not yet."""

Trust = Literal["claim", "evidence", "proof"]
"""Whether a measurement is claimed by the student's process, had to be computed from inputs that it
could not foresee, or was recomputed outside from arrays."""

ROUNDING = 1e-6
"""By so much a share that was computed in single precision may miss 0 or 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check concludes."""

    fraction: float
    """Share of the points, 0 to 1."""
    feedback: str = ""
    """What was seen, what was expected, where."""
    hint: str = ""
    """What to try next."""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    """Facts for the report: tables, curves, matrices."""
    trust: Trust = "evidence"
    needs_review: bool = False
    """True where a person should look before the points count."""
    code: str = ""
    """Stable name of what was found, such as `network-softmax-at-end`; empty where it has none."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What the sentences say of this case."""
    at: Place | None = None
    """The statement that it is about, where a measurement says so."""

    @classmethod
    def say(
        cls,
        *messages: Message,
        fraction: float = 0.0,
        hint: str | Message | None = None,
        evidence: Mapping[str, Json] | None = None,
        trust: Trust = "evidence",
        needs_review: bool = False,
        at: Place | None = None,
        cause: Message | None = None,
    ) -> Verdict:
        """What these messages say, one after the other.

        The first gives the code and the facts, unless `cause` is given, which names the fault and
        need not be said itself. The hint is the first that one of them has, unless another is
        given.
        """
        given = hint.text() if isinstance(hint, Message) else hint
        first = cause or messages[0]
        return cls(
            fraction=fraction,
            feedback=" ".join(text for m in messages if (text := m.text())),
            hint=next((h for m in messages if (h := m.hint())), "") if given is None else given,
            evidence=evidence or {},
            trust=trust,
            needs_review=needs_review,
            code=first.code,
            facts=first.to_facts(),
            at=at,
        )

    def __post_init__(self) -> None:
        """Every field holds plain values of Python's. ValueError or TypeError where one cannot."""
        for name, value in (
            ("fraction", _read_fraction(self.fraction)),
            ("feedback", _read_text("feedback", self.feedback)),
            ("hint", _read_text("hint", self.hint)),
            ("evidence", _read_evidence(self.evidence)),
            ("needs_review", _read_flag(self.needs_review)),
            ("code", _read_text("code", self.code)),
            ("facts", _read_evidence(self.facts, "facts")),
        ):
            object.__setattr__(self, name, value)
        if self.trust not in get_args(Trust):
            known = ", ".join(map(repr, get_args(Trust)))
            raise ValueError(f"a verdict's trust is {self.trust!r}; give one of {known}")

    def copy(self) -> Verdict:
        """The same, read anew: evidence may have been changed since it was made."""
        return Verdict(**{f.name: getattr(self, f.name) for f in fields(Verdict)})


def _read_fraction(value: object) -> float:
    """The share, without what rounding in single precision put beyond either end."""
    number = read_number(value)
    if number is None or not -ROUNDING <= number <= 1 + ROUNDING:
        raise ValueError(f"a verdict's fraction lies between 0 and 1, not {value!r:.80}")
    return min(max(float(number), 0.0), 1.0)


def _read_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a verdict's {name} is {value!r:.80}; give text")
    return escape_surrogates(value)


def _read_flag(value: object) -> bool:
    number = read_number(value)
    if not isinstance(number, bool):
        raise TypeError(f"a verdict's needs_review is {value!r:.80}; give True or False")
    return number


def _read_evidence(value: object, name: str = "evidence") -> Mapping[str, Json]:
    plain = to_plain(value, f"a verdict's {name}")
    if not isinstance(plain, dict):
        raise TypeError(f"a verdict's {name} is a {type(value).__name__}; give a dictionary")
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of a rubric, decided."""

    name: str
    title: str
    """The check's docstring, first paragraph."""
    outcome: Outcome
    points: float
    """What it is worth."""
    earned: float
    feedback: str = ""
    hint: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    trust: Trust = "evidence"
    extra: bool = False
    """A bonus: its points are not part of the maximum."""
    hidden: bool = False
    """True for checks of `hidden.py`."""
    needs_review: bool = False
    person: bool = False
    """True for a check that a person marks."""
    comment: str = ""
    """What a person wrote about it, for the student."""
    marked_by: str = ""
    """Who marked it by hand; empty where nobody did."""
    marked_at: str = ""
    """When, ISO 8601, UTC."""
    measured: float | None = None
    """What it had earned by itself, where a person decided about the points."""
    code: str = ""
    """Stable name of what was found, such as `network-softmax-at-end`; empty where it has none."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What the sentences say of this case."""
    at: Place | None = None
    """The statement of the student's that it is about, or the definition, where that is known."""

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """The result that `to_json` wrote, now or before places had files."""
        own = {name: item for name, item in value.items() if name != "place"}
        at = Place.from_json(value.get("at")) or Place.from_words(value.get("place", ""))
        return cls(**{**own, "at": at})

    @property
    def lost(self) -> bool:
        """True where a check was decided, and not passed."""
        return self.outcome not in ("passed", "deferred", "open")

    @property
    def open(self) -> bool:
        """True where nobody and nothing has decided about its points yet."""
        return self.outcome in ("open", "broken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """Everything known about one submission: the row from which reports are rendered."""

    student: str
    assignment: str
    """Slug."""
    title: str
    score: float
    max_score: float
    execution: Execution
    checks: tuple[CheckResult, ...]
    provenance: Mapping[str, Json]
    """versions, level, seed, digests, data set and whether it is a stand-in, durations."""
    digest: str
    files: tuple[str, ...] = ()
    received: str | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    unclear: str = ""
    """What a person has to decide about the files, in sentences; empty where nothing."""
    doubtful: bool = False
    """True where what it claims contradicts what it shows, which may be an accident; a note says
    what.
    """
    persons: tuple[Person, ...] = ()
    """Who handed it in, where the source or a roster says so: several for a group."""
    place: str = ""
    """What the source calls its folder, or its files without their own names."""
    adjustments: tuple[Adjustment, ...] = ()
    """What changes the final score beside the checks."""
    due: str = ""
    """Until when it could be handed in, with this student's extension, ISO 8601; empty where the
    course does not say.
    """
    excused: bool = False
    """True where a person decided that this work does not count."""
    settled: bool = False
    """True where a person has looked, and lets it count as it is."""
    comment: str = ""
    """What a person wrote about the whole, for the student."""
    withdrawn: str | None = None
    """Since when it is no longer among the hand-ins, ISO 8601; None where it is."""

    @property
    def needs_review(self) -> bool:
        """True where a person has to look: something of ours broke, the box contradicted itself,
        several files could be meant, or a check is marked by a person. Where one has decided about
        all of that, it is False.
        """
        unmarked = any(c.outcome == "open" for c in self.checks)
        return self.doubted or (unmarked and not self.withdrawn and not self.excused)

    @property
    def doubted(self) -> bool:
        """The same, but for checks that persons mark and that wait for it."""
        if self.withdrawn or self.excused:
            return False
        whole = self.execution.status in ("tampered", "broken") or self.unclear or self.doubtful
        asked = bool(whole) and not self.settled
        decided = [c for c in self.checks if c.outcome != "open"]
        return asked or any(c.outcome == "broken" or c.needs_review for c in decided)

    @property
    def final(self) -> float:
        """The score with its adjustments, at least 0."""
        return max(0.0, self.score + sum(a.points for a in self.adjustments))

    @property
    def undecided(self) -> bool:
        """True where no check could be judged, through no fault of the student's: the score is no
        zero, there is none.
        """
        return bool(self.checks) and all(c.open for c in self.checks)

    @property
    def lost(self) -> bool:
        """True where a check was lost, or where none was decided since the program did not run."""
        if self.execution.status != "ok" and all(c.outcome == "deferred" for c in self.checks):
            return True
        return any(c.lost for c in self.checks)

    def shorten(self) -> Self:
        """The same without what only the student's own page shows, for tables of a whole class."""
        of_class = ("leaderboard",)
        return replace(
            self,
            execution=replace(self.execution, stdout="", stderr="", notes=()),
            checks=tuple(
                replace(c, hint="", evidence={k: v for k, v in c.evidence.items() if k in of_class})
                for c in self.checks
            ),
            provenance={k: v for k, v in self.provenance.items() if k in ("data", "level")},
            files=(),
            notes=(),
        )

    def to_json(self) -> dict[str, Json]:
        """The content of `<student>.json`; `status` stands at the top as well."""
        return {
            **record_to_json(self),
            "status": self.execution.status,
            "needs_review": self.needs_review,
        }

    @classmethod
    def from_json(cls, value: Fields) -> Self:
        """The record that `to_json` wrote; raises LookupError or TypeError for another."""
        names = {f.name for f in fields(cls)}
        own = {name: item for name, item in value.items() if name in names}
        return cls(
            **own
            | {
                "execution": Execution.from_json(own["execution"]),
                "checks": tuple(map(CheckResult.from_json, own["checks"])),
                "files": tuple(own.get("files", ())),
                "notes": tuple(own.get("notes", ())),
                "persons": tuple(map(Person.from_json, own.get("persons", ()))),
                "adjustments": tuple(map(Adjustment.from_json, own.get("adjustments", ()))),
            }
        )
