"""What of the reference's measurements students may have: by question, and part by part.

layers, parameters, outputs, gradients, steps   under equal weights that the seed gives: packed,
                                                without the reference's names, files and lines
logits, train                                   a trained network: kept back with its weights
call, value, script                             packed where it depends on what was drawn; what
                                                does not is the very answer that is asked for
anything about pictures of a data set           kept back: it tells their labels
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from typing import Any

from grader.assignment.probe import Probe
from grader.data import Images, Targets
from grader.grading.images import images_in

TRAINED = "Decided when graded: it is compared with our own trained network"
PICTURES = "Decided when graded: it is compared with what our network makes of the pictures"
ANSWER = "Decided when graded: what is asked for is not in the kit"

UNSET = "our own network takes no equal weights"


def keep_back(probe: Probe[Any], *, answers: bool) -> str:
    """Why the reference's answer to this stays with the instructor; empty where it may be packed.

    With `answers` those may be that are what is asked for.
    """
    if probe.recompute:
        return TRAINED
    if images_in(probe):
        return PICTURES
    if probe.ask in _RETURNED and not answers and not _is_drawn(probe):
        return ANSWER
    return "" if probe.ask in STRIP else ANSWER


def _is_drawn(probe: Probe[Any]) -> bool:
    """Whether its arguments depend on the seed: under another one the answer is another."""
    return any(not isinstance(d, (Images, Targets)) for d in probe.descriptions)


# ---------------------------------------------------------------------- part by part

Answer = Mapping[str, Any]


def _strip_layers(answer: Answer) -> Answer:
    rows = [
        {
            **_pick(row, "kind", "shape", "settings", "keys", "steps", "again"),
            **_pick(row, "start", "result", "end"),
            "name": "",
            "file": None,
            "line": None,
            "weights": [[role, "", shape] for role, _, shape in row["weights"]],
        }
        for row in answer["layers"]
    ]
    unset = UNSET if answer["unset"] else ""
    return {**_pick(answer, "precision", "before"), "error": None, "unset": unset, "layers": rows}


def _strip_parameters(answer: Answer) -> Answer:
    rows = [{**_pick(r, "shape", "kind", "trainable", "used"), "name": ""} for r in answer["rows"]]
    return {"rows": rows, "dropouts": _strip_dropouts(answer["dropouts"])}


def _strip_dropouts(dropouts: Answer) -> Answer:
    return {"layers": [""] * len(dropouts["layers"]), "places": dropouts["places"]}


def _strip_outputs(answer: Answer) -> Answer:
    return _pick(answer, "precision", "runs")


def _strip_gradients(answer: Answer) -> Answer:
    runs = [_strip_named(run) for run in answer["runs"]]
    return {"precision": answer["precision"], "runs": runs}


def _strip_steps(answer: Answer) -> Answer:
    return {
        "precision": answer["precision"],
        "runs": [[_strip_named(step) for step in run] for run in answer["runs"]],
        "before": _strip_named(answer.get("before", [])),
        "dropouts": _strip_dropouts(answer["dropouts"]),
    }


def _strip_named(rows: Any) -> list[Answer]:
    return [{**_pick(r, "key", "shape", "values", "sampled"), "name": ""} for r in rows]


def _strip_networks(answer: Answer) -> Answer:
    rows = [
        {**_pick(r, "shapes", "output", "wants"), "path": "", "place": ""} for r in answer["rows"]
    ]
    return {"ready": True, "bound": None, "rows": rows}


def _strip_returned(answer: Answer) -> Answer:
    return _pick(answer, "value", "changed")


def _pick(answer: Answer, *names: str) -> dict[str, Any]:
    return {n: answer[n] for n in names}


_RETURNED = ("call", "value", "script")
STRIP: Mapping[str, Callable[[Answer], Answer]] = {
    "networks": _strip_networks,
    "layers": _strip_layers,
    "parameters": _strip_parameters,
    "outputs": _strip_outputs,
    "gradients": _strip_gradients,
    "steps": _strip_steps,
    **dict.fromkeys(_RETURNED, _strip_returned),
}
"""By question what is kept of an answer of the reference; of others nothing is."""


# ---------------------------------------------------------------------- measuring code


def trim_script(text: str, wanted: Collection[str]) -> str:
    """The text of a probes.py without what the `wanted` functions do not need.

    Other functions, classes and constants are those of hidden checks, and go with the comments
    before them.
    """
    body = ast.parse(text).body
    defined: dict[str, list[ast.stmt]] = {}
    for node in body:
        for name in _list_names(node):
            defined.setdefault(name, []).append(node)
    needed, left = set[ast.stmt](), [n for n in body if not _list_names(n)]
    left += [node for name in wanted for node in defined[name]]
    while left:
        node = left.pop()
        if node not in needed:
            needed.add(node)
            used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            left += [node for name in used & defined.keys() for node in defined[name]]
    lines, kept, start = text.splitlines(keepends=True), [], 0
    for node in body:
        end = node.end_lineno or node.lineno
        if node in needed:
            kept += lines[start:end]
        start = end
    return "".join(kept)


def _list_names(node: ast.stmt) -> list[str]:
    """What a statement at the top defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    names = [n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return [n.id for n in names if isinstance(n.ctx, ast.Store)]
