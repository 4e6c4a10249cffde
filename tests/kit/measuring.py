"""Measures the classes of a source in the test's own process, question and answer over the wire."""

from __future__ import annotations

import linecache
from dataclasses import replace
from typing import Any

from grader import compare, data
from grader.assignment import probe
from grader.inside import wire
from grader.inside.measuring import functions, measure
from grader.records.measurements import Returned

SEED = 7
PRECISIONS = ["float64", "float32"]


def names(source: str) -> dict[str, Any]:
    """The names of a student's file with this content."""
    path = f"/sub/{abs(hash(source))}/lenet.py"
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    space: dict[str, Any] = {"__name__": "lenet", "__file__": path}
    exec(compile(source, path, "exec"), space)
    return space


def returned(item: object) -> Returned:
    """What a function of a student's gave, as it comes out of a box."""
    answer = {"value": functions.describe(item), "changed": []}
    return Returned.from_wire(wire.unpack(*wire.pack(answer)))


def ask(space: dict[str, Any], one: probe.Probe[Any], precisions: list[str]) -> Any:
    """The measurement, with question and answer on the wire and back."""
    given = wire.unpack(
        *wire.pack({**one.arguments(SEED, data.Source()), "precisions": precisions})
    )
    return one.read(wire.unpack(*wire.pack(measure.answer(space, one.ask, given))))


def questions(net: probe.Module, x: Any, y: Any) -> dict[str, probe.Probe[Any]]:
    """Everything that is measured on a class."""
    return {
        "layers": net.layers(x),
        "parameters": net.parameters(x),
        "outputs": net.outputs(x),
        "gradients": net.gradients(x, y),
        "steps": net.steps(x, y),
    }


def measured(source: str, probes: dict[str, probe.Probe[Any]]) -> dict[str, Any]:
    """The reference's measurements, in float32 as well where a student may need it."""
    space = names(source)
    found = {k: ask(space, p, ["float64"]) for k, p in probes.items()}
    return {
        k: replace(v, single=ask(space, probes[k], ["float32"])) if probes[k].both_precisions else v
        for k, v in found.items()
    }


def verdicts(
    source: str, reference: dict[str, Any], probes: dict[str, probe.Probe[Any]]
) -> dict[str, Any]:
    """The verdict of every comparison on a network with this source."""
    space = names(source)
    found = {k: ask(space, p, PRECISIONS) for k, p in probes.items()}
    where = compare.first_divergence(found["layers"], reference["layers"])
    return {
        "layers": compare.shapes(found["layers"], reference["layers"]),
        "parameters": compare.count(found["parameters"], reference["parameters"]),
        "outputs": compare.close(found["outputs"], reference["outputs"], where=where),
        "gradients": compare.close(found["gradients"], reference["gradients"]),
        "steps": compare.close(found["steps"], reference["steps"]),
    }
