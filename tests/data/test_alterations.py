"""Altered pictures: the same things in pictures that nobody could know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.data import alterations, shapes


@pytest.fixture(scope="module")
def source() -> data.Source:
    return data.Source(Path("/nonexistent"), stand_in=True, secret="a")


PLAIN = data.test("cifar10", normalised=False)
ALTERED = data.test("cifar10", normalised=False, altered=True)


def test_no_picture_is_one_that_is_known(source: data.Source) -> None:
    """Nor is one of them known when it is moved back or mirrored: all its numbers are others."""
    plain, altered = (d.images.load(0, source) for d in (PLAIN, ALTERED))
    assert altered.shape == plain.shape
    cores = {np.ascontiguousarray(p[:, 4:-4, 4:-4]).tobytes() for p in plain}
    moved = [
        np.ascontiguousarray(turned[:, 4 + y : 28 + y, 4 + x : 28 + x]).tobytes()
        for picture in altered
        for turned in (picture, picture[:, :, ::-1])
        for y in range(-2, 3)
        for x in range(-2, 3)
    ]
    assert not cores & set(moved)


def test_the_change_is_small(source: data.Source) -> None:
    """Each picture, moved and mirrored as it was, is the known one up to contrast and brightness."""
    plain, altered = (d.images.load(0, source)[:50] for d in (PLAIN, ALTERED))
    for known, shown in zip(plain, altered, strict=True):
        best = max(
            np.corrcoef(
                known[:, 4:-4, 4:-4].ravel(), turned[:, 4 + y : 28 + y, 4 + x : 28 + x].ravel()
            )[0, 1]
            for turned in (shown, shown[:, :, ::-1])
            for y in range(-2, 3)
            for x in range(-2, 3)
        )
        assert best > 0.97
    assert altered.min() >= 0
    assert altered.max() <= 1


def test_the_secret_alone_decides(source: data.Source) -> None:
    """Not the seed, which student code can see; another secret or another part is another draw."""
    first = ALTERED.images.load(1, source)
    assert np.array_equal(first, ALTERED.images.load(2, source))
    other = ALTERED.images.load(1, replace(source, secret="b"))
    assert (first != other).any(axis=(1, 2, 3)).all()
    few = data.test("cifar10", normalised=False, altered=True, limit=20).images.load(1, source)
    assert (few != first[:20]).any(axis=(1, 2, 3)).all()


def test_labels_stay(source: data.Source) -> None:
    """The order is the set's own until a box is asked."""
    assert np.array_equal(ALTERED.labels.reveal(source), PLAIN.labels.reveal(source))


def test_the_secret_is_told_to_nobody(source: data.Source) -> None:
    """Neither a text of the source nor what identifies a question or its data holds it."""
    told = replace(source, secret="hush")
    for text in (repr(told), ALTERED.images.describe(), ALTERED.images.identity(told)):
        assert "hush" not in text
    assert ALTERED.images.identity(told) == ALTERED.images.identity(source)


def test_other_questions_are_described_as_before() -> None:
    """So ledgers that were written before know them."""
    said = "cifar10 test, 32×32, classes None, limit None"
    assert data.test("cifar10").images.describe() == said
    assert PLAIN.images.describe() == f"{said}, from 0 to 1"
    assert ALTERED.images.describe().startswith(f"{said}, from 0 to 1, flipped")


@pytest.mark.parametrize("normalised", [True, False])
def test_numbers_are_normalised_unless_not_asked_for(
    source: data.Source,
    normalised: bool,  # noqa: FBT001
) -> None:
    """Without it they are the pixels by 255."""
    found = data.train("cifar10", normalised=normalised, limit=3).images.load(0, source)
    pixels = shapes.shapes("train")[0][:3] / np.float32(255)
    assert np.allclose(found, pixels) != normalised


def test_mirrored_edges_fill_what_is_moved_in() -> None:
    """A picture moved by one keeps its own numbers, and the row beside the edge comes in."""
    one = np.arange(32 * 32).reshape(1, 1, 32, 32).astype(np.uint8)
    down = alterations._move(
        one, rows=np.array([3]), columns=np.array([2]), flipped=np.array([False])
    )
    assert np.array_equal(down[0, 0, :-1], one[0, 0, 1:])
    assert np.array_equal(down[0, 0, -1], one[0, 0, -2])
    turned = alterations._move(
        one, rows=np.array([2]), columns=np.array([2]), flipped=np.array([True])
    )
    assert np.array_equal(turned[0, 0], one[0, 0, :, ::-1])


def test_no_pictures_are_altered_to_none() -> None:
    """An empty choice stays empty."""
    none = np.zeros((0, 3, 32, 32), np.uint8)
    assert alterations.alter(none, "a").shape == none.shape


def test_which_ones_are_shown_is_drawn_as_well(source: data.Source) -> None:
    """Where not all are shown; pictures and labels stay together, in the order of the set."""
    few = data.train("cifar10", normalised=False, altered=True, limit=20)
    every = data.train("cifar10", normalised=False)
    labels = every.labels.reveal(source)
    rows = data.rows(few.images, labels, source.secret)
    assert len(set(rows)) == 20
    assert sorted(rows) == list(rows) != list(range(20))
    assert not np.array_equal(rows, data.rows(few.images, labels, "b"))
    assert np.array_equal(few.labels.reveal(source), labels[rows])
    pixels = np.rint(every.images.load(0, source)[rows] * 255).astype(np.uint8)
    altered = alterations.alter(pixels, f"a: {few.images.describe()}")
    shown = np.rint(few.images.load(0, source) * 255).astype(np.uint8)
    assert np.array_equal(shown, altered)
