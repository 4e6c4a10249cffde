"""Which of the files a student handed in is the one to run, and what the others are called.

A file of the right name at the top wins; else the one that lies least deep, if it is alone there;
else an honest near miss, such as `LeNet.py` or `lenet (1).py`, if it is alone; else the one file
whose text defines what is asked for; else the only one that can be meant (`clues`). Notes say what
was decided, and what a student should do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import commonpath

from grader.records.asked_files import AskedFiles
from grader.records.submission import ENTRY_SUFFIXES
from grader.submissions import clues
from grader.submissions.contents import Contents
from grader.submissions.names import show_name, undisguise

WEIGHTS = (".pt", ".pth", ".safetensors", ".ckpt", ".pkl", ".bin", ".pt2")
"""How files of weights end."""
_OF_ANY_NAME = (".pt", ".pth", ".safetensors", ".ckpt")
"""Those that are weights whatever they are called; the others are often data."""
_COPY = re.compile(
    r"^(?:copy of|kopie von|copie de|copia de|copia di|cópia de) "
    r"|(?: - | |-|_)\(?(?:copy|kopie|copie|copia|cópia|kopia|копия|副本|拷贝|コピー|복사본"
    r"|checkpoint)\)?(?: ?\d{1,3})?$"
    r"|\s*\(\d{1,3}\)$",
    re.IGNORECASE,
)
_NOTHING = (
    "No file was handed in. Hidden files, and those that systems and editors leave behind, do not"
    " count."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What becomes of the names of one submission."""

    names: dict[str, str]
    """Name under which a file is taken in → name under which it lies in the source."""
    entry: str | None
    """The file to run, a key of `names`."""
    notes: tuple[str, ...]
    unclear: str = ""
    """What a person has to decide: several files could be meant."""


def choose(
    names: Iterable[str],
    asked: AskedFiles,
    contents: Contents | None = None,
    *,
    withheld: bool = False,
) -> Choice:
    """The entry, its folder as top, and further files under the names the assignment uses.

    Without `contents` names alone decide. With them a file that is empty or still the handout is
    run only where there is no other. `withheld` where more was handed in than could be taken in.
    """
    every = sorted(names, key=lambda n: (n.count("/"), n))
    wanted = tuple(asked.entry + suffix for suffix in ENTRY_SUFFIXES)
    entry, notes = _find_entry(every, wanted, contents)
    if entry is None:
        unclear = notes[0] if notes else ""
        if not unclear:
            notes = [_describe_missing(every, wanted, asked.extra_files, withheld=withheld)]
        kept = {name: name for name in every}
        return Choice(names=kept, entry=None, notes=tuple(notes), unclear=unclear)
    old, new = entry
    root = old[: old.rindex("/") + 1] if "/" in old else ""
    chosen = {n.removeprefix(root): n for n in every if n.startswith(root) and n != old}
    chosen[new] = old
    outside = [n for n in every if not n.startswith(root)]
    if root:
        top = show_name(root)
        notes.append(f"`{show_name(old)}` was taken: the folder `{top}` counts as the top.")
    unclear = ""
    for name in asked.extra_files:
        stem = _base(old).rpartition(".")[0]
        notes += (extra := _ExtraFiles(chosen, outside, root, stem, asked, contents)).add(name)
        unclear = unclear or extra.unclear
    aside = _keep_places(chosen, every, outside) if root else []
    if aside:
        notes.append(f"{_count(aside)} outside `{show_name(root)}` left aside: {_list(aside)}.")
    return Choice(names=chosen, entry=new, notes=tuple(notes), unclear=unclear)


def _keep_places(chosen: dict[str, str], every: list[str], outside: list[str]) -> list[str]:
    """What lies outside the entry's folder is in `chosen` below the folder that holds everything,
    and so is all code, under its own name as well: so `from models.net import Net` finds
    `models/` beside the entry's `src/`, and `from hw1.net import Net` the entry's own folder.

    Returns those of `outside` whose place is taken.
    """
    top = commonpath([n.rpartition("/")[0] for n in every])
    top = f"{top}/" if top else ""
    code = [n for n in every if n.endswith(".py")]
    for name in outside:
        chosen.setdefault(name.removeprefix(top), name)
    for name in code if len(code) > 1 else ():
        for place in (name, name.removeprefix(top)):
            if all(part.isidentifier() for part in place.removesuffix(".py").split("/")):
                chosen.setdefault(place, name)
    taken = set(chosen.values())
    return [n for n in outside if n not in taken]


def is_near(name: str, wanted: str) -> bool:
    """True where the names differ only in case or in the marks of a copy or a second download."""
    return simplify(name) == simplify(wanted)


def is_entry(name: str, entry: str) -> bool:
    """True where a file is called like the one to run, or nearly so."""
    return any(is_near(_base(name), entry + suffix) for suffix in ENTRY_SUFFIXES)


def simplify(name: str) -> tuple[str, str]:
    """Stem and suffix, without case and without the marks of a copy."""
    stem, _, suffix = undisguise(name).rpartition(".")
    stem = stem.strip()
    while (shorter := _COPY.sub("", stem).strip()) and shorter != stem:
        stem = shorter
    return stem.casefold(), suffix.strip().casefold()


_Entry = tuple[str, str]
"""Where the entry lies, and what it is to be called."""


def _find_entry(
    every: list[str], wanted: tuple[str, ...], contents: Contents | None
) -> tuple[_Entry | None, list[str]]:
    """The entry, None where there is none or where it is not clear which it is; with notes."""
    runnable = [n for n in every if _suffix(n) in ENTRY_SUFFIXES]
    aside = _find_blanks(runnable, wanted, contents) if len(runnable) > 1 and contents else {}
    entry, notes = _find_by_name([n for n in every if n not in aside], wanted, contents)
    if entry is None and not notes and contents is not None:
        own = [n for n in runnable if n not in aside]
        if aside:  # run where no other file holds work
            own = [n for n in own if contents.defines_of(n) or contents.builds_network(n)]
        entry, notes = _find_by_content(own, wanted, contents)
    if entry is None and not notes and aside:
        return _find_by_name(every, wanted, contents)
    if entry is not None:
        notes += [f"`{show_name(n)}` {what}; left aside." for n, what in aside.items()]
    return entry, notes


def _find_blanks(
    runnable: list[str], wanted: tuple[str, ...], contents: Contents
) -> dict[str, str]:
    """Files in which nobody has written anything, and what each is."""
    blanks = {n: "is the handout as it was given" for n in runnable if contents.is_handout(n)}
    named = [n for n in runnable if any(is_near(_base(n), w) for w in wanted)]
    return blanks | {n: "is empty" for n in named if contents.is_empty(n)}


def _find_by_name(
    every: list[str], wanted: tuple[str, ...], contents: Contents | None
) -> tuple[_Entry | None, list[str]]:
    """The file of the right name, or of one near to it."""
    exact = [n for n in every if _base(n) in wanted]
    near = [n for n in every if n not in exact and any(is_near(_base(n), w) for w in wanted)]
    for candidates in (exact, near):
        least = [n for n in candidates if n.count("/") == candidates[0].count("/")]
        folders = {n.rpartition("/")[0] for n in least}
        if len(folders) > 1 or (candidates is near and len(least) > 1):
            if contents is None or not contents.are_same(least):
                return None, [_ask_which(least)]
            least = [max(least, key=lambda n: _count_beside(n, every))]
        if not least:
            continue
        old = min(least, key=lambda n: wanted.index(_base(n)) if _base(n) in wanted else 0)
        new = next(w for w in wanted if is_near(_base(old), w))
        aside = [n for n in exact + near if n != old]
        notes = [f"`{show_name(old)}` is what is graded, not {_list(aside)}."] if aside else []
        if _base(old) != new:
            notes.append(
                f"`{show_name(old)}` was taken as `{new}`. Please hand it in under that name."
            )
        return (old, new), notes
    return None, []


def _ask_which(candidates: Sequence[str]) -> str:
    return (
        f"It is not clear which file to run: {_list(candidates)}. A person will look at it; if you"
        " can hand in again, keep one of them."
    )


def _count_beside(name: str, every: Sequence[str]) -> int:
    """How many files lie in the same folder."""
    return sum(n.rpartition("/")[0] == name.rpartition("/")[0] for n in every)


def _find_by_content(
    runnable: list[str], wanted: tuple[str, ...], contents: Contents
) -> tuple[_Entry | None, list[str]]:
    """The file that defines most of what is asked for, or else is likely to be the one."""
    whole = clues.find_whole(runnable, contents)
    if whole is not None:
        return _take(whole, wanted, "it imports the others")
    defined = {n: contents.defines(n) for n in runnable}
    most = max(map(len, defined.values()), default=0)
    best: Sequence[str] = [n for n in defined if most and len(defined[n]) == most]
    if len({n.rpartition(".")[0] for n in best}) > 1 and not contents.are_same(best):
        return None, [_ask_which(best)]
    why = f"it defines {_list(defined[best[0]])}" if best else ""
    if not best and runnable:
        best, why = clues.find_likely(runnable, wanted[0].rpartition(".")[0], contents)
        if not why and not contents.are_same(best):
            return None, [_ask_which(best)]
        why = why or "the others are the same"
    if not best:
        return None, []
    return _take(min(best, key=lambda n: _suffix(n) != ENTRY_SUFFIXES[0]), wanted, why)


def _take(old: str, wanted: tuple[str, ...], why: str) -> tuple[_Entry, list[str]]:
    """The file is the entry, under the name for its kind."""
    new = next(w for w in wanted if w.endswith(_suffix(old)))
    return (old, new), [f"`{show_name(old)}` was run: {why}. Please hand it in as `{new}`."]


@dataclass(slots=True)
class _ExtraFiles:
    """Where the files that belong to the entry are to be had."""

    chosen: dict[str, str]
    """As in `Choice.names`."""
    outside: list[str]
    """Files that do not lie in the entry's folder."""
    root: str
    """That folder, with a slash at its end, or empty."""
    stem: str
    """What the file that is run is called."""
    asked: AskedFiles
    contents: Contents | None
    unclear: str = ""
    """As in `Choice`."""

    def add(self, name: str) -> list[str]:
        """The file is in `chosen` under its name, if there is one to be had; notes on it."""
        chosen, outside = self.chosen, self.outside
        if name in chosen and not self._is_empty(name):
            return []
        named = [n for n in (*chosen, *outside) if n != name or n in outside]
        full = [n for n in named if not self._is_empty(n)]
        near = [n for n in full if n in chosen and is_near(n, name)]
        elsewhere = [n for n in full if n in outside and _base(n) == name]
        elsewhere += [n for n in full if n in chosen and "/" in n and _base(n) == name]
        loose = [n for n in full if n not in self.asked.extra_files]
        weights = _find_weights(loose, name, self.stem)
        candidates = near or elsewhere or weights
        if len(candidates) > 1 and not self._are_same(candidates):
            if candidates is weights:
                return [_leave_to_fit(name, candidates)]
            return [self._ask_which(name, candidates)]
        if candidates:
            return [self._take(name, candidates[0], keep=candidates is weights)]
        if name in chosen:
            return []
        alike = [n for n in named if n.endswith(_suffix(name))]
        if len(alike) == 1:
            return [f"`{name}` is missing. Found `{show_name(alike[0])}`: rename it to `{name}`."]
        return [f"`{name}` is missing." + (f" Found {_list(alike)}." if alike else "")]

    def _take(self, name: str, old: str, *, keep: bool) -> str:
        """The file is taken under that name; under its own as well where it is to be kept, as code
        may open weights.
        """
        empty = f" `{show_name(self.root + name)}` is empty." if name in self.chosen else ""
        self.chosen[name] = self.chosen.get(old, old)
        if not keep and old != name:
            self.chosen.pop(old, None)
        if old in self.outside:
            self.outside.remove(old)
        else:
            old = self.root + old
        new = self.root + name
        return (
            f"`{show_name(old)}` was taken as `{show_name(new)}`.{empty}"
            " Please hand it in under that name."
        )

    def _ask_which(self, name: str, candidates: Sequence[str]) -> str:
        self.unclear = (
            f"`{show_name(self.root + name)}` is missing, and several could be meant:"
            f" {_list(candidates)}. A person will"
            " look at it; if you can hand in again, keep one of them under that name."
        )
        return self.unclear

    def _is_empty(self, name: str) -> bool:
        return self.contents is not None and self.contents.is_empty(self.chosen.get(name, name))

    def _are_same(self, names: Sequence[str]) -> bool:
        every = [self.chosen.get(n, n) for n in names]
        return self.contents is not None and self.contents.are_same(every)


def _leave_to_fit(name: str, candidates: Sequence[str]) -> str:
    return (
        f"`{name}` is missing; of {_list(candidates)} the one that fits is taken, where only one"
        " does."
    )


def _find_weights(names: Sequence[str], name: str, stem: str) -> list[str]:
    """Files that can be the weights `name`: called so, or like the file that is run, or at all."""
    if not name.endswith(WEIGHTS):
        return []
    own = {simplify(name)[0], simplify(f"{stem}.")[0]}
    named = [n for n in names if n.lower().endswith(WEIGHTS) and simplify(_base(n))[0] in own]
    return named or [n for n in names if n.lower().endswith(_OF_ANY_NAME)]


def _describe_missing(
    every: list[str], wanted: tuple[str, ...], extra_files: Sequence[str], *, withheld: bool
) -> str:
    """One sentence on what was looked for, one on what is there."""
    absent = f"`{wanted[0]}` is missing"
    absent += "".join(f", and so is `{w}`" for w in wanted[1:]) + "."
    if not every:
        return absent if withheld else f"{absent} {_NOTHING}"
    runnable = [n for n in every if _suffix(n) in ENTRY_SUFFIXES]
    if len(runnable) == 1:
        new = next(w for w in wanted if w.endswith(_suffix(runnable[0])))
        return f"{absent} Found `{show_name(runnable[0])}`: rename it to `{new}`."
    bases = {_base(n).casefold(): n for n in reversed(every) if _base(n) not in extra_files}
    close = difflib.get_close_matches(wanted[0].casefold(), bases, n=3, cutoff=0.6)
    likely = [bases[c] for c in close] or runnable or every
    return f"{absent} Found {_list(likely)}."


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(f"`{show_name(n)}`" for n in names[:5]) + more


def _count(names: Sequence[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names):,} files"


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _suffix(name: str) -> str:
    """What the file is by its name: `.ipynb` for `LeNet.IPYNB.txt`."""
    name = undisguise(_base(name)).lower()
    return name[name.rindex(".") :] if "." in name else name
