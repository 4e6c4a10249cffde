"""The words for what is found: a message is a code with facts, its sentences stand in data files.

Each file of `grader/report/messages/en` holds one subject. The code of a message begins with its
subject: `layers-shape` stands in `layers.toml`:

    [layers-shape]
    title = "A layer has another shape"
    text = "{layer} gives {seen:shape}, expected is {expected:shape}."
    hint = "Print x.shape after each step of forward."

`title` names the fault in a list of faults, `text` says what was seen and expected, `hint` what to
do next. Blanks are filled by the facts, as `str.format` does it; `{n:layer|layers}` gives a number
with its noun, `{names:list}` a list with "and", `{seen:shape}` a shape and `{share:percent}` a
percentage. A fact may be a message itself.

A course says single messages otherwise in its own `messages.toml`, where `language = "de"` chooses
another language. That is another folder; what it lacks is said in English.
"""

from __future__ import annotations

import os
import string
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self, cast

from grader.records.errors import CourseError
from grader.records.json_values import Json, to_json

LANGUAGE = "en"
"""The language that is complete; what another lacks is said in it."""
PARTS = ("title", "text", "hint")
"""What stands of a message."""
FOLDER = Path(__file__).resolve().parent.parent / "report" / "messages"
"""A folder a language, in it a file a subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is said of one code."""

    title: str = ""
    """The fault as the heading of a list, without a full stop; empty for what is no fault."""
    text: str = ""
    """What was seen and what was expected, in complete sentences; empty where the hint says it."""
    hint: str = ""
    """What to do next; empty where nothing better is known."""


@dataclass(frozen=True, slots=True)
class Message:
    """A code and the facts that fill the blanks of its sentences."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    """Values of JSON, or messages."""

    def text(self) -> str:
        """What was seen and expected; raises LookupError where a word or a fact is missing."""
        return current().fill(self, "text")

    def hint(self) -> str:
        """What to do next, or nothing."""
        return current().fill(self, "hint")

    def title(self) -> str:
        """The fault as a heading."""
        return current().fill(self, "title")

    def to_facts(self) -> dict[str, Json]:
        """The facts as JSON holds them; a message among them is its code and its facts."""
        return {name: _to_json(value) for name, value in self.facts.items()}


class Words:
    """The sentences of a language, with those that a course says otherwise."""

    def __init__(self, wordings: Mapping[str, Wording]) -> None:
        self._wordings = wordings

    def __contains__(self, code: str) -> bool:
        return code in self._wordings

    def __iter__(self) -> Iterator[str]:
        return iter(self._wordings)

    def __getitem__(self, code: str) -> Wording:
        return self._wordings[code]

    def fill(self, message: Message, part: str) -> str:
        """One part of a message; raises LookupError where a word or a fact is missing."""
        pattern: str = getattr(self._wordings[message.code], part)
        return _FORMATTER.vformat(pattern, (), _Facts(message.facts)) if pattern else ""

    def title(self, code: str, facts: Mapping[str, object] | None = None) -> str:
        """The heading for a code that a record holds; empty where it has none, or its facts do not
        fit: a record may be older than the words.
        """
        try:
            return self.fill(Message(code, facts or {}), "title")
        except (LookupError, TypeError, ValueError):
            return ""

    def says(self, code: str, facts: Collection[str]) -> bool:
        """True for a code whose sentences need no other facts than these: a box may name any."""
        if code not in self._wordings:
            return False
        return find_blanks(getattr(self._wordings[code], part) for part in PARTS) <= set(facts)

    def override(self, wordings: Mapping[str, Mapping[str, str]]) -> Self:
        """The same words, with those parts of messages said otherwise that are given."""
        changed = {
            code: Wording(**{p: parts.get(p, getattr(self._wordings[code], p)) for p in PARTS})
            for code, parts in wordings.items()
        }
        return type(self)({**self._wordings, **changed})


def read_words(course: Path | None = None) -> Words:
    """The words of English, or of the language that the file `course` chooses, with those that it
    gives itself. Without that file they are the grader's own.

    Raises CourseError where the language is unknown or the file is written wrongly.
    """
    if course is None or not os.path.lexists(course):
        return _read_language(LANGUAGE)
    try:
        given: dict[str, object] = {**_read_file(course)}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{course} cannot be read: {error}") from None
    words = _read_language(_require_language(course, given.pop("language", LANGUAGE)))
    for code, parts in given.items():
        _check_override(words, course, code, parts)
    return words.override(cast("Mapping[str, Mapping[str, str]]", given))


def _require_language(course: Path, language: object) -> str:
    known = sorted(p.name for p in FOLDER.iterdir() if p.is_dir())
    if language not in known:
        raise CourseError(
            f"{course}: there are no messages in the language {language!r}; there are: "
            f"{', '.join(known)}"
        )
    return str(language)


def current() -> Words:
    """The words in use."""
    return _in_use[0] if _in_use else read_words()


def use(words: Words) -> None:
    """From now on messages are said with these words."""
    _in_use[:] = [words]


@cache
def _read_language(language: str) -> Words:
    folder = FOLDER / language
    wordings: dict[str, Wording] = {}
    if language != LANGUAGE:
        complete = _read_language(LANGUAGE)
        wordings = {code: complete[code] for code in complete}
    for path in sorted(folder.glob("*.toml")):
        for code, parts in _read_file(path).items():
            wordings[code] = Wording(**parts)
    return Words(wordings)


def _read_file(path: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _check_override(words: Words, course: Path, code: str, parts: object) -> None:
    """Raise CourseError where the course's file names what is not there, or a blank without a
    fact.
    """
    if code not in words:
        raise CourseError(f"{course} has a message {code!r}, which the grader does not say")
    if not isinstance(parts, dict) or not parts.keys() <= set(PARTS):
        raise CourseError(f"{course}: {code!r} may have {', '.join(PARTS)}, each a text")
    for part, pattern in parts.items():
        if not isinstance(pattern, str):
            raise CourseError(f"{course}: {part} of {code!r} is no text")
        known = find_blanks(getattr(words[code], p) for p in PARTS)
        try:
            unknown = find_blanks([pattern]) - known
        except ValueError as error:
            raise CourseError(f"{course}: {part} of {code!r} is written wrongly: {error}") from None
        if unknown:
            raise CourseError(
                f"{course}: {part} of {code!r} has a blank {{{min(unknown)}}}; there are: "
                f"{', '.join(sorted(known)) or 'none'}"
            )


def find_blanks(patterns: Sequence[str] | Iterator[str]) -> set[str]:
    """Names of the facts that fill the blanks; raises ValueError where braces do not match."""
    fields = (name for text in patterns for _, name, _, _ in string.Formatter().parse(text))
    return {name.split("!")[0] for name in fields if name}


# ------------------------------------------------------------------------------------ blanks


class _Facts(dict[str, object]):
    """Facts by name, none of which can be left out."""

    def __missing__(self, name: str) -> object:
        raise LookupError(f"the fact {name!r} is missing")


class _Formatter(string.Formatter):
    """Fills blanks by facts; attributes and items of facts cannot be named."""

    def get_field(
        self,
        field_name: str,
        args: object,  # noqa: ARG002 - as the base says
        kwargs: Mapping[str, object],
    ) -> tuple[object, str]:
        return kwargs[field_name], field_name

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, Message):
            return value.text()
        if format_spec == "list" and isinstance(value, Sequence):
            return join(value)
        if format_spec == "shape" and isinstance(value, Sequence):
            return str(tuple(value))
        if format_spec == "percent":
            return format(value, ".0%")
        if "|" in format_spec:
            one, _, many = format_spec.partition("|")
            return f"{value:,} {one if value == 1 else many}"
        return format(value, format_spec)


_FORMATTER = _Formatter()


def join(names: Sequence[object]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = [n.text() if isinstance(n, Message) else str(n) for n in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _to_json(value: object) -> Json:
    if isinstance(value, Message):
        return {"code": value.code, "facts": value.to_facts()}
    return (
        [_to_json(part) for part in value] if isinstance(value, (list, tuple)) else to_json(value)
    )


_in_use: list[Words] = []
"""What a course chose; nothing for the grader's own."""
