"""What two networks own: numbers of parameters, and dropouts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grader.diagnosis.network import diagnose_dropouts
from grader.records.json_values import Json
from grader.records.measurements import Parameter, Parameters
from grader.records.result import Verdict

REGISTER = (
    "Keep layers in an nn.ModuleList or nn.ModuleDict, parameters in an nn.ParameterList, or each "
    "as an attribute of its own: then they are registered."
)
"""What to do about weights that are not registered."""
SHOWN = 4
"""Names that a sentence lists."""


def count(student: Parameters, reference: Parameters) -> Verdict:
    """The numbers of trainable parameters are the same, and no more lie idle than in ours."""
    own, expected = student.total, reference.total
    evidence: dict[str, Json] = {
        "parameters": {"rows": list_rows(student), "total": own, "expected": expected}
    }
    unused = [p for p in student.trainable if p.used is False]
    idle = sum(p.count for p in reference.trainable if p.used is False)
    if own == expected and sum(p.count for p in unused) <= idle:
        return Verdict(
            fraction=1.0,
            feedback=f"{own:,} trainable parameters.",
            evidence=evidence,
            trust="claim",
        )
    parts = (
        f"Your network has {own:,} trainable parameters, expected are {expected:,}.",
        _describe_unused(unused, own),
        describe_unregistered([p.name for p in student.unregistered]),
        _describe_frozen(student),
        _describe_sizes(student, reference),
    )
    return Verdict(
        fraction=0.0,
        feedback=" ".join(filter(None, parts)),
        hint=REGISTER
        if student.unregistered
        else "Compare the sizes of your layers with the brief, weights and biases apart.",
        evidence=evidence,
        trust="claim",
    )


def list_rows(student: Parameters) -> list[Json]:
    """A row for each parameter, for the report."""
    return [
        {
            "name": p.name,
            "shape": list(p.shape),
            "count": p.count,
            "trainable": p.trainable,
            "used": p.used,
            **({"registered": False} if p in student.unregistered else {}),
        }
        for p in student.rows
    ]


def _describe_unused(unused: Sequence[Parameter], total: int) -> str:
    if not unused:
        return ""
    names = sorted({p.name.rsplit(".", 1)[0] for p in unused})
    size = sum(p.count for p in unused)
    listed = ", ".join(f"`{n}`" for n in names[:SHOWN])
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{listed} {verb} declared, but nothing that the network answers depends on "
        f"{'it' if len(names) == 1 else 'them'}: {size:,} of your {total:,}."
    )


def describe_unregistered(names: Sequence[str]) -> str:
    """Where weights are kept that no optimiser finds; empty where there are none.

    `names` are those of the weights: `layers[0].bias` where a list holds them, empty where nothing
    of the network does.
    """
    if not names:
        return ""
    lists = sorted({n.partition("[")[0] for n in names if "[" in n})
    single = sorted({n for n in names if n and "[" not in n})
    parts = []
    if lists:
        listed = ", ".join(f"`{n}`" for n in lists[:SHOWN])
        kind = "list, tuple or dictionary" if len(lists) == 1 else "lists, tuples or dictionaries"
        parts.append(f"in the plain {kind} {listed}")
    if single:
        parts.append(f"in {', '.join(f'`{n}`' for n in single[:SHOWN])}, no nn.Parameter")
    if "" in names:
        parts.append("outside of the network")
    them = "weight is" if len(names) == 1 else "weights are"
    return (
        f"{len(names)} {them} used, but not registered, {' and '.join(parts)}: `parameters()` "
        f"leaves {'it' if len(names) == 1 else 'them'} out, so an optimiser that is given "
        f"`parameters()` never trains {'it' if len(names) == 1 else 'them'}."
    )


def _describe_frozen(student: Parameters) -> str:
    frozen = [p for p in student.rows if not p.trainable and p.kind in ("parameter", "tensor")]
    if not frozen:
        return ""
    size = sum(p.count for p in frozen)
    return f"{size:,} are frozen (requires_grad is False) and do not count."


def _describe_sizes(student: Parameters, reference: Parameters) -> str:
    """Sizes that only the student has; x @ W stores a weight the other way round."""

    def sort_shape(parameter: Parameter) -> tuple[int, ...]:
        return tuple(sorted(parameter.shape))

    spare = Counter(map(sort_shape, reference.trainable))
    odd = []
    for parameter in student.trainable:
        if spare[sort_shape(parameter)] > 0:
            spare[sort_shape(parameter)] -= 1
        elif parameter.used is not False:
            odd.append(f"`{parameter.name}` {parameter.shape}")
    return f"Ours has nothing of the size of {', '.join(odd[:SHOWN])}." if odd else ""


def dropouts(student: Parameters, reference: Parameters) -> Verdict:
    """Dropout stands where it stands in the reference, with the same share.

    Both measured with `parameters(x, train=True)`.
    """
    other = diagnose_dropouts(student.dropouts, reference.dropouts)
    if other:
        return Verdict(fraction=0.0, feedback=other.sentence, hint=other.hint, trust="claim")
    number = len(reference.dropouts.places)
    return Verdict(fraction=1.0, feedback=f"{number} dropouts, each in its place.", trust="claim")
