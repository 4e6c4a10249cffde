"""Names as a person would match them with what the code asks for.

On their way here names lose their form: macOS takes letters apart from their dots, a zip does not
say its code page, an unpacker writes `%C4%A3` or `#U6a21`, a browser adds `(1)`. Every name is put
together again where that is certain. Beyond that the code decides: what it imports or opens and
nobody has is looked for among what is there, in other spellings.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from grader.records.asked_files import AskedFiles
from grader.submissions import code_pages
from grader.submissions.contents import Contents
from grader.submissions.entry import is_near, simplify
from grader.submissions.listing import Member
from grader.submissions.names import Refused, clean, find_bytes, show_name

_MOST = 200
"""Parts of names for which other spellings are tried."""
_READ, _ASKED = 1 << 20, 20_000
"""Characters of one file that are looked through; names that are asked for."""
_WRITTEN = re.compile(r"#U([0-9a-fA-F]{4})")
"""How unzip writes a character for which a system has no letter."""
_READ_AS = ("cp437", "cp1252", "cp850", "latin-1", "mac_roman")
"""Code pages in which unpackers read names that were in another."""
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^\n#;]+)", re.MULTILINE)
_QUOTED = re.compile(
    r"""['"]([^'"\n]{1,300})['"]|^[ \t]*[%!]\w+[ \t]+([^\n]{1,300})""", re.MULTILINE
)
_LISTED = 5
"""Names that a note lists."""


@dataclass(frozen=True, slots=True)
class _Mentioned:
    """What the code of a submission asks for."""

    modules: set[str] = field(default_factory=set)
    """Names in imports, as Python reads them."""
    files: set[str] = field(default_factory=set)
    """Parts of texts in quotes, which may be names of files."""

    def asks_for(self, part: str) -> bool:
        """True where a file or folder of this name is meant somewhere."""
        return part in self.files or part.removesuffix(".py") in self.modules


def match_names(
    members: Mapping[str, Member], asked: AskedFiles
) -> tuple[dict[str, Member], list[str]]:
    """The members under the names by which the code finds them; and notes on what is no certainty.

    Nothing is dropped: where a name is taken already, the file keeps its own.
    """
    parts = dict.fromkeys(part for name in members for part in name.split("/"))
    odd = [p for p in parts if _is_odd(p, asked)][:_MOST]
    if not odd:
        return dict(members), []
    page, guessed = _guess_bytes(odd)
    spelt = {p: _compose(p) for p in odd} | guessed
    mentioned = _find_mentioned(Contents(members=members, asked=asked))
    there = {spelt.get(p, p) for p in parts}
    copies = _find_copies(there, mentioned)
    matched = {p: new for p in odd if (new := _match(p, spelt[p], mentioned, there, copies))}
    notes = _describe_guesses({p: t for p, t in guessed.items() if p not in matched}, page)
    notes += [_describe_match(p, new) for p, new in matched.items() if new != p]
    return _rename(members, spelt | matched), notes


def read_labels(labels: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Names of students' folders as text, by the names as they stand in the source; and for those
    that are a guess, a note that says so.
    """
    page, guessed = _guess_bytes(labels)
    composed = {label: unicodedata.normalize("NFC", label).strip() or label for label in labels}
    notes = {label: _describe_guesses({label: text}, page)[0] for label, text in guessed.items()}
    return composed | guessed, notes


def _is_odd(part: str, asked: AskedFiles) -> bool:
    """True where the name may have lost its form, or is that of a module with marks of a copy."""
    if not part.isascii() or "\\x" in part or "%" in part or "#U" in part:
        return True
    stem, suffix = simplify(part)
    copied = suffix == "py" and part != f"{stem}.py" and not is_near(part, f"{asked.entry}.py")
    return copied or part != _compose(part) or " ." in part


def _compose(part: str) -> str:
    """The name in composed letters, without blanks and dots at its end, which Windows drops."""
    return unicodedata.normalize("NFC", part).rstrip(" .") or part


def _settle(text: str) -> str:
    """The same of what came out of bytes, which may be anything; empty where it is no name."""
    try:
        return clean(_compose(text))
    except Refused:
        return ""


# names in bytes


def _guess_bytes(parts: Collection[str]) -> tuple[str, dict[str, str]]:
    """The names that are no UTF-8 as text, and the one code page in which all of them were read."""
    raw = {p: data for p in parts if (data := find_bytes(p)) is not None}
    guess = code_pages.guess(b"\n".join(raw.values()), code_pages.NAMES) if raw else None
    if guess is None:
        return "", {}
    texts = {p: code_pages.decode(data, guess[1]) or "" for p, data in raw.items()}
    return guess[1], {p: new for p, text in texts.items() if (new := _settle(text))}


def _list_readings(part: str) -> Iterator[str]:
    """Other spellings of a name, the likelier first."""
    yield _settle(re.sub(r" +(?=\.\w+$)", "", part))
    if _WRITTEN.search(part):
        yield _settle(_WRITTEN.sub(lambda m: chr(int(m[1], 16)), part))
    raw = [data] if (data := find_bytes(part)) is not None else []
    if not raw and "%" in part:
        raw = [unquote_to_bytes(part)]
    if not raw and not part.isascii():
        raw = [data for page in _READ_AS if (data := _encode(part, page)) is not None]
    for data in raw:
        for page in code_pages.NAMES:
            yield _settle(code_pages.decode(data, page) or "")


def _encode(text: str, page: str) -> bytes | None:
    try:
        return text.encode(page)
    except UnicodeError:
        return None


# what the code asks for


def _find_mentioned(contents: Contents) -> _Mentioned:
    """As far as there is not more than anybody writes."""
    mentioned = _Mentioned()
    for file in sorted(contents.members, key=lambda n: (n.count("/"), n)):
        text = contents.read_code(file)[:_READ]
        for match in _IMPORT.finditer(text):
            words = re.findall(r"\w+", match[1])
            mentioned.modules.update(unicodedata.normalize("NFKC", word) for word in words)
        for match in _QUOTED.finditer(text):
            mentioned.files.update(re.split(r"[/\\]", (match[1] or match[2]).strip()))
        if len(mentioned.modules) + len(mentioned.files) > _ASKED:
            break
    return mentioned


def _match(
    part: str,
    own: str,
    mentioned: _Mentioned,
    there: Collection[str],
    copies: Mapping[str, str],
) -> str:
    """The name by which the code asks for this file or folder; empty where it finds it as it is, or
    where nothing is certain.
    """
    if part in mentioned.files and own not in mentioned.files:
        return part  # the code itself has the letters apart, or a blank at the end
    if mentioned.asks_for(own):
        return ""
    for reading in _list_readings(part):
        if reading not in there and mentioned.asks_for(reading):
            return reading
    return copies.get(own, "")


def _find_copies(there: Collection[str], mentioned: _Mentioned) -> dict[str, str]:
    """Modules with marks of a copy, each with the name of the one that the code imports, where
    neither that nor a second copy is there.
    """
    meant: dict[tuple[str, str], list[str]] = {}
    for module in mentioned.modules:
        if module not in there and f"{module}.py" not in there:
            meant.setdefault(simplify(f"{module}.py"), []).append(module)
    alike: dict[tuple[str, str], list[str]] = {}
    for part in there:
        alike.setdefault(simplify(part), []).append(part)
    pairs = ((alike[key], meant[key]) for key in alike.keys() & meant.keys())
    return {
        parts[0]: f"{modules[0]}.py"
        for parts, modules in pairs
        if len(parts) == len(modules) == 1 and not _is_installed(modules[0])
    }


def _is_installed(module: str) -> bool:
    with suppress(ImportError, ValueError, AttributeError):
        return importlib.util.find_spec(module) is not None
    return False


def _rename(members: Mapping[str, Member], spelt: Mapping[str, str]) -> dict[str, Member]:
    renamed: dict[str, Member] = {}
    folders = {name[:i] for name in members for i, c in enumerate(name) if c == "/"}
    for name, member in members.items():
        new = "/".join(spelt.get(part, part) for part in name.split("/"))
        taken = new != name and (new in members or new in renamed or new in folders)
        renamed[name if taken else new] = member
    return renamed


# in words


def _describe_guesses(guessed: Mapping[str, str], page: str) -> list[str]:
    if not guessed:
        return []
    read = [f"`{show_name(p)}` as `{show_name(text)}`" for p, text in [*guessed.items()][:_LISTED]]
    more = f" and {len(guessed) - _LISTED} more" if len(guessed) > _LISTED else ""
    return [
        f"Names that do not say how their letters are encoded were read as"
        f" {code_pages.speak(page)}, which is a guess: {', '.join(read)}{more}. Pack the files with"
        " a program that writes names as UTF-8."
    ]


def _describe_match(part: str, new: str) -> str:
    return (
        f"`{show_name(part)}` was taken as `{show_name(new)}`, for which your code asks. Please"
        " hand it in under that name."
    )
