"""Which pictures of data sets an assignment's probes show, and which of them are kept back."""

from __future__ import annotations

from typing import Any

from grader import data
from grader.assignment.loader import LoadedAssignment
from grader.assignment.probe import Probe


def images_in(probe: Probe[Any]) -> list[data.Images]:
    """The data sets that a probe shows to student code."""
    shown = probe.descriptions
    named = [d.images if isinstance(d, data.Targets) else d for d in shown]
    return list(dict.fromkeys(i for i in named if isinstance(i, data.Images)))


def images_of(loaded: LoadedAssignment) -> list[data.Images]:
    """The data sets of all probes of an assignment."""
    return [i for p in loaded.probes.values() for i in images_in(p)]


def unshown(loaded: LoadedAssignment) -> list[data.Images]:
    """Pictures of training splits that probes show without their labels: those are for judging.

    Altered ones are not: they show what a network makes of pictures that it could learn from.
    """
    described = [d for p in loaded.probes.values() for d in p.descriptions]
    shown = {d.images for d in described if isinstance(d, data.Targets)}
    judging = (i for i in images_of(loaded) if i.split == "train" and not i.altered)
    return [i for i in judging if i not in shown]
