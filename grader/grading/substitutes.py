"""What is taken for a network, or a file of weights, that is not called as the brief does.

The box tells what there is, with the shapes of parameters and answers; which of them fits is
decided here, beside the reference's. Nothing is guessed: one that fits is taken and named
in a note, of several a person or the student's `answers` has to say which.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.records.execution import Missing
from grader.records.measurements import NetworkFacts, Networks

_CLASSES = re.compile(r"class|label|category|categories|out|digit|target", re.IGNORECASE)
"""How students call the argument that is the number of classes."""
_INPUTS = re.compile(r"^in_|^n_in|input|channel", re.IGNORECASE)
"""That which is the number of inputs."""
_SHOWN = 6

AskStudent = Callable[[str, bool], Networks | None]
"""What could stand for a name; where True, with the shape of what each answers."""
AskReference = Callable[[str], NetworkFacts | None]
"""The reference's network of that name."""
Fits = Callable[[NetworkFacts, NetworkFacts], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitutes:
    """What was decided about one submission."""

    taken: Mapping[str, str] = field(default_factory=dict)
    """By name asked for, of a network or a file, what is taken for it."""
    refused: Mapping[str, Missing] = field(default_factory=dict)
    """By name asked for, of a network or a file, why nothing is taken for it, and what to do."""
    notes: tuple[str, ...] = ()
    """What the student should know, beside what the box remarks."""

    def join(self, other: Substitutes) -> Substitutes:
        """Both decisions."""
        return Substitutes(
            taken={**self.taken, **other.taken},
            refused={**self.refused, **other.refused},
            notes=(*self.notes, *other.notes),
        )


def decide(
    names: Sequence[str], entry: str, ask: AskStudent, ask_reference: AskReference
) -> Substitutes:
    """What stands for each of these names that the file `entry` lacks."""
    seen = {n: s for n in names if (s := ask(n, False)) is not None and not s.ready}
    taken: dict[str, str] = {}
    refused: dict[str, Missing] = {}
    for name, networks in seen.items():
        ours = ask_reference(name)
        if ours is None:
            continue
        rows = [r for r in networks.rows if r.path not in taken.values()]
        fitting = [r for r in rows if _has_shapes(r, ours)]
        if not fitting:
            answered = ask(name, True)
            rows = [r for r in (answered or networks).rows if r.path not in taken.values()]
            fitting = next(_try(rows, ours, alone=len(seen) == 1), [])
        if len(fitting) == 1:
            taken[name] = fitting[0].path
        elif why := _explain(name, entry, networks, fitting, ours):
            refused[name] = why
    return Substitutes(taken=taken, refused=refused)


def _try(
    rows: Sequence[NetworkFacts], ours: NetworkFacts, *, alone: bool
) -> Iterator[list[NetworkFacts]]:
    """Those that fit, by the strictest rule by which any does.

    Where it is the only network that is lacking, one that differs in a few layers fits as well, and
    one that takes and gives what is asked for.
    """
    loose: tuple[Fits, ...] = (_has_most_shapes, _answers_alike)
    for fits in (_has_shapes, _has_total, *(loose if alone else ())):
        if fitting := [r for r in rows if fits(r, ours)]:
            yield fitting


def _has_shapes(row: NetworkFacts, ours: NetworkFacts) -> bool:
    """In whichever order."""
    if row.shapes is None or ours.shapes is None:
        return False
    return sorted(row.shapes) == sorted(ours.shapes)


def _has_total(row: NetworkFacts, ours: NetworkFacts) -> bool:
    return row.total is not None and row.total == ours.total


def _has_most_shapes(row: NetworkFacts, ours: NetworkFacts) -> bool:
    """More than half of the reference's."""
    common = Counter(row.shapes or ()) & Counter(ours.shapes or ())
    return 2 * common.total() > len(ours.shapes or ()) > 0


def _answers_alike(row: NetworkFacts, ours: NetworkFacts) -> bool:
    return row.output is not None and row.output == ours.output


# ---------------------------------------------------------------------- files of weights


def choose_file(
    name: str,
    handed_in: Sequence[str],
    told: Sequence[NetworkFacts],
    networks: Sequence[NetworkFacts],
) -> Substitutes:
    """What stands for the file of weights `name`, which is not there: the only one with the shapes
    of one of these networks, the student's own or the reference's. The box told what is in the
    files `handed_in`; what it tells of others is passed over.
    """
    files = [f for f in told if f.path in handed_in]
    for holds in (_has_shapes, _has_all_shapes):
        fitting = [f for f in files if any(holds(f, n) for n in networks)]
        if len(fitting) == 1:
            path = fitting[0].path
            note = (
                f"`{path}` was taken as `{name}`: no other file of weights fits the network. "
                f"Please hand it in as `{name}`."
            )
            return Substitutes(taken={name: path}, notes=(note,))
        if fitting:
            why = (
                f"`{name}` was not handed in, and several files fit the network: "
                f"{_list_paths(fitting)}. Hand in the one that counts as `{name}`"
            )
            return Substitutes(
                refused={name: Missing(why=why, undecided=True, code="saved-unclear", about=name)}
            )
    why = (
        f"`{name}` was not handed in, and no other file of weights fits the network: "
        f"{_list_paths(files)}. Save the weights from the class that you hand in, as `{name}`"
    )
    return Substitutes(refused={name: Missing(why=why, code="saved-misfit", about=name)})


def _has_all_shapes(file: NetworkFacts, net: NetworkFacts) -> bool:
    """What more it holds are statistics, which are no parameters."""
    return bool(net.shapes) and Counter(net.shapes) <= Counter(file.shapes or ())


def _list_paths(rows: Sequence[NetworkFacts]) -> str:
    listed = ", ".join(f"`{r.path}`{r.place}" for r in rows[:_SHOWN])
    return listed + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")


# ---------------------------------------------------------------------- in words


def _explain(
    name: str,
    entry: str,
    networks: Networks,
    fitting: Sequence[NetworkFacts],
    ours: NetworkFacts,
) -> Missing | None:
    """Why nothing is taken; None where the box itself has the better sentence."""
    file = entry.rpartition("/")[2]
    if len(fitting) > 1:
        return Missing(
            why=f"{file} does not define `{name}`, and several networks could be meant: "
            f"{_list_paths(fitting)}. Say which one it is at the end of {file}: "
            f"`{_write_answers(name, fitting[0].path)}`, or call it `{name}`",
            undecided=True,
            code="names-unclear",
            about=name,
        )
    bound, rows = networks.bound, networks.rows
    if bound is not None:
        return _explain_wants(f"`{name}`{bound.place} in {file}", name, file, bound, ours)
    if len(rows) == 1 and rows[0].wants:
        subject = (
            f"{file} does not define `{name}`, and the only network in it, "
            f"`{rows[0].path}`{rows[0].place},"
        )
        return _explain_wants(subject, name, file, rows[0], ours)
    return None


def _explain_wants(
    subject: str, name: str, file: str, row: NetworkFacts, ours: NetworkFacts
) -> Missing:
    """What to write where a constructor wants more than the brief gives."""
    wants = ", ".join(f"`{w.rstrip('=')}`" for w in row.wants)
    given = [_guess(w, ours) for w in row.wants]
    build = f"lambda: {row.path}({', '.join(given)})"
    gap = ", with your own numbers in place of `…`" if "…" in build else ""
    return Missing(
        why=f"{subject} wants {wants} when it is built, and the brief builds `{name}()`. Give "
        f"every argument a default value, or write at the end of {file}{gap}: "
        f"`{_write_answers(name, build)}`",
        code="names-wants-arguments",
        about=name,
    )


def _guess(argument: str, ours: NetworkFacts) -> str:
    """What an argument probably is, for the student to check; `…` where nothing says so."""
    if argument.endswith("="):
        return argument + _guess(argument[:-1], ours)
    if _INPUTS.search(argument):
        first = next((s for s in ours.shapes or () if len(s) > 1), None)
        return str(first[1]) if first else "…"
    if _CLASSES.search(argument) and ours.output:
        return str(ours.output[-1])
    return "…"


def _write_answers(name: str, value: str) -> str:
    return f"answers = {{{json.dumps(name)}: {value}}}"
