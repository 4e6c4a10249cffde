"""What a box says, in whatever form: read or Malformed, judged, kept and shown; never a crash."""

from __future__ import annotations

import contextlib
import copy
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.grading import judge
from grader.grading.cohort import Cohort
from grader.inside import wire
from grader.ledger.ledger import Ledger
from grader.records import measurements as m
from grader.records.execution import Execution, ExecutionRecord, Missing, Proof, StudentError
from grader.records.limits import Limits
from grader.records.result import Graded
from grader.report import pages
from grader.sandbox import Box, ForkServer, cells, outcome
from grader.sandbox.channel import Channel
from kit.boxes import job
from kit.graded import Borrower
from kit.mutations import ARRAYS, JSON, NUMBERS, VALUES, WORDS, mutated, places
from kit.tiny import Tiny, found

LIMITS = Limits()
ERROR = {
    "kind": "ValueError",
    "message": "no",
    "file": "tiny.py",
    "line": 3,
    "code": "x",
    "where": "f",
}
NAMED = {"key": "linear/5x4/0/weight", "name": "first.weight", "shape": [2], "values": np.ones(2)}
ROW = {
    "name": "first", "kind": "linear", "shape": [5], "weights": [["weight", "first.weight", [4, 5]]],
    "steps": ["relu"], "settings": {"stride": [1, 1]}, "file": "tiny.py", "line": 9,
    "result": np.ones(9), "end": None,
}  # fmt: skip
FOUND = {
    "path": "model.Net", "place": " (line 5)", "shapes": [[5, 4], [5]], "output": [3, 5],
    "wants": ["classes"],
}  # fmt: skip
SCORES = {"logits": np.ones((3, 2), np.float32), "operands": [["a/1/0/weight", np.ones((2, 2))]]}
HONEST: Mapping[str, tuple[Any, Any]] = {
    "layers": (m.Layers, {"layers": [ROW, ROW], "precision": "float64", "error": ERROR,
                          "unset": "", "before": []}),
    "parameters": (m.Parameters, {"rows": [{"name": "w", "shape": [5, 4], "kind": "parameter",
                                            "trainable": True, "used": True}]}),
    "outputs": (m.Outputs, {"runs": [{"kind": "tuple", "item": [
                                {"kind": "tensor", "item": np.ones((3, 2))},
                                {"kind": "dict", "item": [["h", {"kind": "tensor",
                                                                 "item": np.ones(2)}]]}]}],
                            "precision": "float64", "place": "lenet.py, line 3: "}),
    "gradients": (m.Gradients, {"runs": [[NAMED, {**NAMED, "sampled": True}]],
                                "precision": "float32"}),
    "steps": (m.Steps, {"runs": [[[NAMED], [NAMED]]], "precision": "float64"}),
    "logits": (m.Logits, {**SCORES, "unset": ""}),
    "networks": (m.Networks, {"ready": False, "bound": FOUND, "rows": [FOUND, FOUND]}),
    "trained": (m.Trained, {**SCORES, "losses": np.ones(4), "spent": False}),
    "returned": (m.Returned, {"value": {"kind": "list", "item": [{"kind": "int", "item": 1}]},
                              "changed": [0]}),
}  # fmt: skip


def crossed(value: Any) -> Any:
    """The value as it comes out of a box; raises Malformed where it could not."""
    tree, arrays = wire.pack(value)
    ((head, found),) = wire.Reader().feed(b"".join(wire.encode({"value": tree}, arrays)))
    return outcome.clean_texts(wire.unpack(head["value"], found))


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_ones_are_read(name: str) -> None:
    """What is mutated below is of the right form to begin with."""
    kind, value = HONEST[name]
    assert isinstance(kind.from_wire(crossed(value)), kind)


@given(st.data(), st.sampled_from(sorted(HONEST)))
def test_an_answer_is_read_or_malformed(data: st.DataObject, name: str) -> None:
    """No form of an answer raises anything but Malformed, which is the one that is caught."""
    kind, value = HONEST[name]
    with contextlib.suppress(wire.Malformed):
        made = crossed(data.draw(mutated(value) | VALUES))
        read = kind.from_wire(made)
        if isinstance(read, m.Parameters):
            assert len(f"{read.total:,}") < 4_000
        if isinstance(read, m.Logits):
            again = {"operands": [[k, v] for k, v in read.operands]}
            list(wire.encode({"args": wire.pack(again)[0]}))  # they go on into another box


@pytest.mark.parametrize(
    "scores", [np.zeros((0, 10)), np.zeros((3, 0)), np.zeros((0, 0, 2)), np.zeros(3), np.zeros(())]
)
def test_scores_of_nothing_are_malformed(scores: wire.Array) -> None:
    """Their rows could not be told apart."""
    with pytest.raises(wire.Malformed, match="class scores"):
        m.Logits.from_wire({"logits": scores})


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("value", [np.ones(2), np.zeros((0, 2)), None, [], {}, 10**399, "\ud800"])
def test_nothing_else_may_stand_anywhere(name: str, value: Any) -> None:
    """Each part of an answer in turn replaced by what does not belong there."""
    kind, honest = HONEST[name]
    for way in places({"": honest}):
        tree = copy.deepcopy({"": honest})
        if way:
            holder: Any = tree
            for key in way[:-1]:
                holder = holder[key]
            holder[way[-1]] = value
        with contextlib.suppress(wire.Malformed):
            kind.from_wire(crossed(tree[""]))


# ---------------------------------------------------------------------- the whole way


class Graders:
    """A class of one assignment with honest answers at hand; judged, kept and shown without a box."""

    def __init__(self, course: Tiny, server: ForkServer) -> None:
        course.submit("ada")
        self.executor = Borrower(server, course.load())
        self.ledger = Ledger(course.root / "grades.db")
        self.group = Cohort(self.executor, self.ledger)
        (self.ada,) = course.submissions()
        self.honest = self.executor.measure(self.ada)
        self.probes = self.executor.loaded.probes
        self.env = pages.environment()

    def grade(self, answers: Mapping[str, Any]) -> Graded:
        """What a student gets who gave these answers."""
        recorded = ExecutionRecord(
            student="eve", digest=self.ada.digest, execution=Execution(status="ok", level=3), answers=answers
        )  # fmt: skip
        graded = self.group.judge(self.ada, recorded)
        self.ledger.commit("key", recorded, graded, "rules")
        kept = self.ledger.execution("key")
        assert kept is not None
        assert kept.answers.keys() == answers.keys()
        assert list(self.ledger.results()) == [
            Graded.from_json(json.loads(json.dumps(graded.to_json())))
        ]
        html = pages.student_page(graded, self.env)
        assert "<script" not in html
        html.encode()
        return graded


@pytest.fixture(scope="module")
def graders(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graders]:
    course = found(tmp_path_factory.mktemp("answers") / "course")
    made = Graders(course, server)
    with made.executor, made.ledger:
        assert made.grade(made.honest.answers).score == 12
        yield made


@given(data=st.data())
def test_whatever_a_box_answers_the_class_is_graded(graders: Graders, data: st.DataObject) -> None:
    """Judged without a crash, kept in the ledger, shown on a page; full marks for no part of it."""
    answers = dict(graders.honest.answers)
    for key in data.draw(st.sets(st.sampled_from(sorted(answers)), min_size=1, max_size=2)):
        try:
            answers[key] = crossed(data.draw(mutated(answers[key]) | VALUES))
        except wire.Malformed:
            answers[key] = Missing(why="The answer that came out of the box was malformed.")
    graded = graders.grade(answers)
    assert 0 <= graded.score <= graded.max_score
    for check in graded.checks:
        assert check.outcome != "broken", check.feedback


def test_counts_of_many_digits_can_be_contradicted(graders: Graders) -> None:
    """A claimed shape of 300 dimensions is malformed; before it was a number too long to print."""
    shape = [2**52] * 300
    with pytest.raises(wire.Malformed, match="dimensions"):
        m.Gradients.from_wire(
            {"runs": [[{**NAMED, "shape": shape, "sampled": True}]], "precision": "float64"}
        )
    assert judge.contradictions(graders.probes, {}) == ()


# ---------------------------------------------------------------------- facts

FACTS = st.fixed_dictionaries(
    {},
    optional={
        "why": WORDS | JSON, "code": NUMBERS | JSON, "crowded": JSON, "said": WORDS | JSON, "cell": NUMBERS,
        "before": JSON,
    },
)  # fmt: skip
CELL = st.fixed_dictionaries(
    {},
    optional={
        "index": NUMBERS, "status": WORDS | JSON, "seconds": NUMBERS | st.floats() | JSON,
        "late": WORDS | JSON, "crowded": JSON,
        "death": FACTS | JSON, "error": mutated(ERROR, JSON) | JSON, "cut": JSON,
    },
)  # fmt: skip
FILES = {"tiny.py": b"", "tiny.ipynb": b""}


def printable(error: StudentError | None) -> None:
    """An error can be said and written down."""
    if error is not None:
        assert len(error.sentence()) < 6_000
        error.sentence().encode()
        json.dumps(outcome.missing_by_error(error).why).encode()


@given(FACTS, mutated(ERROR, JSON) | JSON, JSON)
def test_facts_of_any_form_have_a_sentence(facts: dict[str, Any], said: Any, missing: Any) -> None:
    """Deaths, errors and reasons become words and a status, whatever their form."""
    death = outcome.read_death(facts)
    end = outcome.of_death(death, LIMITS)
    assert end.status in outcome._GRAVITY
    printable(outcome.describe_death(death, end))
    printable(outcome.describe_death(death, cells.of_death(3, death, LIMITS)))
    error = outcome.read_error(said, FILES)
    printable(error)
    for loading in (True, False):
        assert outcome.of_error(error, LIMITS, loading=loading).status in outcome._GRAVITY
    assert len(outcome.read_missing(missing).why) <= 2_100


@given(st.lists(CELL | JSON, max_size=4) | JSON, st.integers(1, 3))
@example([5], 1)
@example([{"index": 1, "status": "ok", "seconds": 10**400}], 1)
@example([{"index": 1, "status": "ok", "seconds": float("nan")}], 1)
def test_cells_of_any_form_are_read_or_refused(found: Any, passes: int) -> None:
    """A list of cells makes sense or raises Malformed; what is read has notes and outcomes."""
    try:
        run = cells.read({"cells": found, "passes": passes}, "tiny.ipynb", LIMITS)
    except wire.Malformed:
        return
    ends = cells.list_outcomes(run.cells, LIMITS)
    assert all(one.status in outcome._GRAVITY for one in ends)
    "\n".join(cells.list_notes(run.cells, run.passes)).encode()
    for one in run.cells:
        printable(one.error)


# ---------------------------------------------------------------------- a whole box

END = {
    "seconds": 0.0, "cpu_seconds": 0.0, "peak_mib": 1.0, "unasked": 0, "starts": 1, "death": None,
    "misplaced": [], "full": False,
}  # fmt: skip
HEADS = st.dictionaries(
    st.sampled_from(["value", "missing", "error", "remarks", "cells", "loaded", "passes", "nonce"]),
    JSON | mutated({"$array": 0}, JSON),
    max_size=4,
)
REPLY = st.builds(
    lambda kind, head: {kind: head}, st.sampled_from(["answer", "died"]), HEADS | FACTS
)


def serve(far: socket.socket, replies: list[dict[str, Any]], arrays: list[wire.Array]) -> None:
    """A supervisor that says what it is told to, and ends as it should."""
    reader = wire.Reader(body_cap=wire.INWARD_CAP)
    waiting = list(replies)
    with far:
        while data := far.recv(1 << 16):
            for head, _ in reader.feed(data):
                if head["do"] == "end":
                    wire.write(far.send, {"ended": END}, [np.zeros(0, np.uint8)] * 2)
                elif head["do"] != "files":
                    wire.write(far.send, waiting.pop(0) if waiting else {"answer": {}}, arrays)


@given(st.lists(REPLY, max_size=4), st.lists(ARRAYS, max_size=2))
@example([{"answer": {"cells": 5}}], [])
@example([{"answer": {"loaded": True}}, {"answer": {"value": {"$x": 1}}}], [])
def test_a_box_is_never_broken_by_what_a_module_says(
    replies: list[dict[str, Any]], arrays: list[wire.Array]
) -> None:
    """Answers of any form become a StudentError, a Missing, or a value that can be kept."""
    near, far = socket.socketpair()
    lifeline, far_leash = socket.socketpair()
    far_leash.close()
    speaker = threading.Thread(target=serve, args=(far, replies, arrays))
    speaker.start()
    try:
        channel = Channel(near, lifeline, LIMITS.wall_seconds, lambda: None)
        with Box(lambda _: channel, job(FILES, entry="tiny.py", limits=LIMITS, level=3)) as box:
            printable(box.load())
            value = box.ask("value", {"name": "x"})
            if isinstance(value, Missing):
                value.why.encode()
            else:
                json.dumps(wire.pack(value)[0]).encode()
            execution = box.close()
            json.dumps(execution.reason).encode()
            assert box.cells == ()
    finally:
        near.close()
        speaker.join()


def test_a_proof_is_never_taken_from_a_box(graders: Graders) -> None:
    """Who says "proven" in their own answer has said nothing: only the grader recomputes."""
    answer = {**SCORES, "proven": np.ones((3, 2), np.float32), "why_not": "no", "unproven": "no"}
    trained = {**answer, "losses": np.ones(4), "spent": False}
    for read in (m.Logits.from_wire(answer), m.Trained.from_wire(trained)):
        assert read.proven is None
        assert read.why_not == ""
        proof = Proof(logits=np.zeros((3, 2), np.float32))
        assert not read.with_proof(proof).proven.any()  # type: ignore[union-attr]
        refused = read.with_proof(Proof(logits=None, why_not="they do not fit"))
        assert (refused.proven, refused.why_not) == (None, "they do not fit")
        with pytest.raises(wire.Malformed):
            read.with_proof(Proof(logits="none"))
    probe = next(iter(graders.probes.values()))
    assert graders.executor._prove(probe, {**answer, "operands": []}) is None


# ---------------------------------------------------------------------- the largest answers


def test_the_largest_tables_are_read_judged_and_shown(graders: Graders) -> None:
    """All the rows that a frame holds: beside seven layers nobody compares them, on a page nobody
    reads them, and no comparison of each with each takes the run's time.
    """
    rows = [{**ROW, "name": "'\x01"}] * 900
    weights = [
        {"name": "'\x01", "shape": [1], "kind": "tensor", "trainable": True, "used": True}
    ] * 900
    by_name = {name: p.key for name, p in graders.probes.items()}
    few = {
        by_name["layers"]: {"layers": rows, "precision": "float64"},
        by_name["parameters"]: {"rows": weights},
    }
    many = {
        by_name["layers"]: {"layers": rows * 11, "precision": "float64"},
        by_name["parameters"]: {"rows": weights * 40},
    }
    for answers, said in ((few, "900 weights are used"), (many, "`Tiny` has 36,000 parameters")):
        graded = graders.grade({**graders.honest.answers, **answers})
        assert any(said in c.feedback for c in graded.checks)
        assert all(c.outcome != "broken" for c in graded.checks)
        assert len(json.dumps(graded.to_json())) < 100_000
        assert len(pages.student_page(graded, graders.env).encode()) < 200_000


def test_one_name_does_not_fill_a_page(graders: Graders) -> None:
    """Names, files and settings are cut where they are read."""
    long = "'\x01" * 200_000
    row = {
        **ROW,
        "name": long,
        "kind": long,
        "file": long,
        "steps": [long],
        "settings": {long: long},
    }
    probe = next(p for p in graders.probes.values() if p.ask == "layers")
    answer = {"layers": [row] * 3, "precision": "float64", "before": [long], "unset": ""}
    graded = graders.grade({**graders.honest.answers, probe.key: answer})
    assert len(json.dumps(graded.to_json())) < 60_000
