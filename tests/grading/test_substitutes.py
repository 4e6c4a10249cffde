"""Which network is taken for one that is asked for, by facts alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from grader.grading.substitutes import Substitutes, choose_file, decide
from grader.records.measurements import NetworkFacts, Networks

OURS = ((6, 1, 5, 5), (6,), (10, 864), (10,))


def row(
    path: str,
    shapes: tuple[tuple[int, ...], ...] | None = OURS,
    output: tuple[int, ...] | None = (3, 10),
    wants: tuple[str, ...] = (),
) -> NetworkFacts:
    return NetworkFacts(path=path, place=" (line 5)", shapes=shapes, output=output, wants=wants)


def choose(*rows: NetworkFacts, bound: NetworkFacts | None = None) -> Substitutes:
    """What is taken for `Net` in a file with these networks."""
    return choose_all({"Net": Networks(ready=False, bound=bound, rows=rows)})


def choose_all(seen: Mapping[str, Networks]) -> Substitutes:
    return decide(list(seen), "src/net.py", lambda n, _: seen[n], lambda _: row("", OURS))


OTHER = ((7, 1, 5, 5), (7,), (10, 1008), (10,))
SIMILAR = (*OURS[:2], (10, 400), (10,))
"""A layer has another size."""
MOVED = ((6, 25), (6,), (10,), (10, 864))
"""The same numbers in another form."""


@pytest.mark.parametrize(
    ("rows", "taken"),
    [
        ([row("A")], "A"),
        ([row("A", OTHER), row("B"), row("C", None)], "B"),
        ([row("A", OURS[::-1]), row("B", OTHER)], "A"),
        ([row("A", MOVED), row("B", OTHER)], "A"),
        ([row("A", OTHER), row("B", OTHER, (3, 2))], "A"),
        ([row("A", SIMILAR, None), row("B", OTHER, None)], "A"),
        ([row("A", OTHER, None)], ""),
        ([row("A", None, None)], ""),
        ([row("A", OTHER, None), row("B", None, None)], ""),
        ([], ""),
    ],
)
def test_the_only_one_that_fits_is_taken(rows: list[NetworkFacts], taken: str) -> None:
    """By shapes; else by the number of its numbers; else by most shapes; else by its answer."""
    decided = choose(*rows)
    assert decided.taken.get("Net", "") == taken
    assert not decided.refused


def test_of_several_none_is_taken() -> None:
    """They are listed, and a person or `answers` says which."""
    decided = choose(row("A"), row("m.B"), row("C", OTHER))
    assert not decided.taken
    missing = decided.refused["Net"]
    assert missing.undecided
    assert missing.why == (
        "net.py does not define `Net`, and several networks could be meant: `A` (line 5), `m.B` "
        '(line 5). Say which one it is at the end of net.py: `answers = {"Net": A}`, or call it '
        "`Net`"
    )


def test_what_is_looked_for_in_vain_is_not_guessed() -> None:
    """Where two are lacking, only the same numbers decide, and no network stands for both."""
    seen = Networks(ready=False, bound=None, rows=(row("A", OTHER),))
    assert choose_all({"One": seen, "Two": seen}) == Substitutes()
    seen = Networks(ready=False, bound=None, rows=(row("A"),))
    assert choose_all({"One": seen, "Two": seen}).taken == {"One": "A"}


def test_nothing_is_done_where_all_is_there() -> None:
    """Nor where the box said nothing, nor where the reference has no such network."""
    ready = Networks(ready=True, bound=None, rows=())
    assert choose_all({"Net": ready}) == Substitutes()
    lacking = Networks(ready=False, bound=None, rows=(row("A"),))
    assert decide(["Net"], "net.py", lambda *_: None, lambda _: row("")) == Substitutes()
    assert decide(["Net"], "net.py", lambda *_: lacking, lambda _: None) == Substitutes()


@pytest.mark.parametrize(
    ("wants", "shown"),
    [
        (("classes",), "Net(10)"),
        (("in_channels", "num_classes"), "Net(1, 10)"),
        (("n_labels=",), "Net(n_labels=10)"),
        (("depth", "classes"), "Net(…, 10)"),
    ],
)
def test_arguments_are_shown_with_what_they_probably_are(
    wants: tuple[str, ...], shown: str
) -> None:
    """The line to write stands in the sentence."""
    bound = row("Net", None, None, wants)
    missing = choose(bound=bound).refused["Net"]
    assert f'`answers = {{"Net": lambda: {shown}}}`' in missing.why
    assert ("your own numbers" in missing.why) == ("…" in shown)
    only = choose(row("CNN", None, None, wants)).refused["Net"]
    assert "the only network in it, `CNN` (line 5), wants" in only.why


def test_an_instance_says_with_what_it_is_built() -> None:
    """Then nothing has to be asked."""
    bound = row("Net", None, None, ("classes",))
    assert choose(row("net"), bound=bound).taken == {"Net": "net"}


STATISTICS = (*OURS, (6,), (6,), ())
"""A file holds what is no parameter as well."""


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ([row("a.pt"), row("b.pt", OTHER)], "a.pt"),
        ([row("a.pt", STATISTICS), row("b.pt", OTHER), row("c.pt", None)], "a.pt"),
        ([row("a.pt", STATISTICS), row("b.pt")], "b.pt"),
        ([row("a.pt"), row("../secret.pt")], "a.pt"),
        ([row("../secret.pt")], ""),
    ],
)
def test_the_only_file_that_fits_is_taken(files: list[NetworkFacts], taken: str) -> None:
    """By the shapes of a network; never one that was not handed in, whatever a box says."""
    chosen = choose_file("net.pt", ["a.pt", "b.pt", "c.pt"], files, [row("", OURS)])
    assert chosen.taken.get("net.pt", "") == taken
    assert ("`a.pt` was taken as `net.pt`" in " ".join(chosen.notes)) == (taken == "a.pt")


def test_files_that_fit_alike_are_a_question() -> None:
    """And of those that do not fit it is said."""
    several = choose_file("net.pt", ["a.pt", "b.pt"], [row("a.pt"), row("b.pt")], [row("")])
    assert several.refused["net.pt"].undecided
    assert "several files fit the network: `a.pt` (line 5), `b.pt`" in several.refused["net.pt"].why
    none = choose_file("net.pt", ["a.pt"], [row("a.pt", OTHER)], [row("")])
    assert not none.refused["net.pt"].undecided
    assert "no other file of weights fits" in none.refused["net.pt"].why
