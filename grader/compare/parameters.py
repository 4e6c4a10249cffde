"""What two networks own: numbers of parameters, and dropouts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grader.diagnosis.network import diagnose_dropouts
from grader.records.json_values import Json
from grader.records.measurements import Parameter, Parameters
from grader.records.messages import Message
from grader.records.result import Verdict

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
        right = Message("parameters-right", {"n": own})
        return Verdict.say(right, fraction=1.0, evidence=evidence, trust="claim")
    unregistered = describe_unregistered([p.name for p in student.unregistered])
    idle_ones, frozen = _describe_unused(unused, own), _describe_frozen(student)
    counted = Message("parameters-count", {"seen": own, "expected": expected})
    said = (counted, idle_ones, unregistered, frozen, _describe_sizes(student, reference))
    return Verdict.say(
        *(m for m in said if m),
        hint=unregistered.hint() if unregistered else counted.hint(),
        evidence=evidence,
        trust="claim",
        cause=unregistered or idle_ones or frozen,
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
            **({"registered": False} if p.trainable and p.kind == "tensor" else {}),
        }
        for p in student.rows
    ]


def _describe_unused(unused: Sequence[Parameter], total: int) -> Message | None:
    if not unused:
        return None
    names = sorted({p.name.rsplit(".", 1)[0] for p in unused})
    listed = ", ".join(f"`{n}`" for n in names[:SHOWN])
    facts = {"names": listed, "size": sum(p.count for p in unused), "total": total}
    one = len(names) == 1
    words = {"verb": "is" if one else "are", "them": "it" if one else "them"}
    return Message("parameters-unused", {**facts, **words})


def describe_unregistered(names: Sequence[str]) -> Message | None:
    """Where weights are kept that no optimiser finds; None where there are none.

    `names` are those of the weights: `layers[0].bias` where a list holds them, empty where nothing
    of the network does.
    """
    if not names:
        return None
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
    one = len(names) == 1
    words = {"are": "weight is" if one else "weights are", "them": "it" if one else "them"}
    facts = {"n": len(names), "where": " and ".join(parts), **words}
    return Message("parameters-unregistered", facts)


def _describe_frozen(student: Parameters) -> Message | None:
    frozen = [p for p in student.rows if not p.trainable and p.kind in ("parameter", "tensor")]
    size = sum(p.count for p in frozen)
    return Message("parameters-frozen", {"n": size}) if frozen else None


def _describe_sizes(student: Parameters, reference: Parameters) -> Message | None:
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
    return Message("parameters-sizes", {"names": ", ".join(odd[:SHOWN])}) if odd else None


def dropouts(student: Parameters, reference: Parameters) -> Verdict:
    """Dropout stands where it stands in the reference, with the same share.

    Both measured with `parameters(x, train=True)`.
    """
    other = diagnose_dropouts(student.dropouts, reference.dropouts)
    if other:
        return Verdict.say(other.message, trust="claim")
    right = Message("parameters-dropouts", {"n": len(reference.dropouts.places)})
    return Verdict.say(right, fraction=1.0, trust="claim")
