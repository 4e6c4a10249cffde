"""Pages: what they say, that they are whole, and that nothing a student wrote acts in them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records import bounds, file_names
from grader.records.errors import CourseError
from grader.records.execution import STATUSES, Execution, StudentError, describe_end
from grader.records.json_values import Json
from grader.records.result import Graded
from grader.report import class_page, escape, pages
from grader.report.evidence import views
from grader.report.plots import Accuracy
from kit.page import inert, words
from kit.sample_records import (
    HOSTILE,
    MISMATCH,
    PARAMETERS,
    TITLES,
    a_class,
    accuracy,
    check,
    graded,
    layers,
)

ENV = pages.environment()


@pytest.fixture
def env() -> Any:
    """The bundled templates."""
    return ENV


def render(rows: Sequence[Graded], out: Path, templates: Path | None = None) -> dict[str, str]:
    """Render a class and return its stems."""
    stems = file_names.file_names(one.student for one in rows)
    pages.render(rows, out, templates=templates, stems=stems)
    return stems


# ------------------------------------------------------------------------------ what pages say


def test_class_is_rendered_whole(tmp_path: Path) -> None:
    """Every student has a page and a record, the index links to each, and all of it is inert."""
    rows = a_class()
    stems = render(rows, tmp_path)
    expected = {f"{stem}.{kind}" for stem in stems.values() for kind in ("html", "json")}
    assert {path.name for path in tmp_path.iterdir()} == expected | {"index.html"}
    for path in tmp_path.glob("*.html"):
        page = inert(path.read_text("utf-8"))
        assert (
            "meta",
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        ) in page.elements
        links = {a["href"] for tag, a in page.elements if tag == "a" and a["href"][0] != "#"}
        assert links == ({f"{s}.html" for s in stems.values()} if path.stem == "index" else set())


def test_record_comes_back(tmp_path: Path) -> None:
    """The JSON beside a page is the record itself, and says the status at its top."""
    rows = [*a_class(), graded("lone \udcff\0")]
    stems = render(rows, tmp_path)
    for one in rows:
        value = json.loads((tmp_path / f"{stems[one.student]}.json").read_bytes())
        assert Graded.from_json(value) == one
        assert value["status"] == one.execution.status


def test_first_lines(env: Any) -> None:
    """A page begins with the assignment, the student, the score and the checks, and the data set
    comes before the first of them.
    """
    text = words(inert(pages.student_page(graded("Kurt Gödel", score=73.5), env)))
    assert "LeNet-5 on MNIST Kurt Gödel 73.5 / 100 Passed: layer shapes 20 / 20" in text
    assert text.index("Data: MNIST, 10,000 test images") < text.index("Every layer of LeNet5")


@pytest.mark.parametrize("stand_in", [True, False])
def test_stand_in_notice(env: Any, *, stand_in: bool) -> None:
    """A stand-in is named in the score's own line and in a notice, exactly where one was used."""
    rows = a_class(stand_in=stand_in)
    for one in rows:
        text = words(inert(pages.student_page(one, env)))
        assert ("/ 100 — accuracy measured on a stand-in" in text) is stand_in
        assert ("A stand-in data set was used in place of mnist: 500 scanned" in text) is stand_in
    index = words(
        inert(class_page.index_page(rows, env, file_names.file_names(r.student for r in rows)))
    )
    assert ("A stand-in data set was used" in index) is stand_in


def test_no_data_set(env: Any) -> None:
    """A record without a data set, and even an empty provenance, makes a page."""
    text = words(inert(pages.student_page(graded(provenance={}), env)))
    assert "Data:" not in text
    assert "stand-in" not in text


@pytest.mark.parametrize("level", range(5))
def test_weak_sandbox_is_said(env: Any, level: int) -> None:
    """Below level 3 the page says in words what was not kept apart."""
    text = words(inert(pages.student_page(graded(level=level), env)))
    assert (f"Weaker sandbox, level {level}." in text) is (level < 3)


@pytest.mark.parametrize("status", list(STATUSES))
def test_every_end_of_a_run(env: Any, status: Any) -> None:
    """Each status has its words on both pages; a person is asked for where one is needed."""
    one = graded(execution=Execution(status=status, reason="Because of `x`."))
    text = words(inert(pages.student_page(one, env)))
    assert (f"The submission {describe_end(status)}" in text) is (status != "ok")
    assert ("Because of x." in text) is (status != "ok")
    assert ("A person needs to look" in text) is one.needs_review
    index = words(inert(class_page.index_page([one], env, {one.student: "ada"})))
    assert ("Needs a person" in index) is one.needs_review


def test_error_shows_place_and_line(env: Any) -> None:
    """A crash names file, line and function, shows the line and the exception."""
    page = inert(pages.student_page(a_class()[4], env))
    text = words(page)
    assert "lenet.py, line 31, in forward" in text
    assert "31 x = F.relu(self.conv1(x))" in text
    assert "NameError: name 'F' is not defined" in text
    assert "1 The submission crashed −100" in text
    assert text.count("Nothing to compare") == 0, "that says less than the error above"


def test_checks_say_their_outcome_in_words(env: Any) -> None:
    """An outcome is a word beside a symbol, never a colour alone; titles, points, hints stand there."""
    outcomes = ["passed", "partial", "failed", "skipped", "unmeasured", "broken"]
    results = [check(n, o, hint="Try `this`.") for n, o in zip(TITLES, outcomes, strict=True)]
    page = inert(pages.student_page(graded("Ada", *results), env))
    text = words(page)
    shown = [a["class"] for tag, a in page.elements if a.get("id", "").startswith("check-")]
    assert shown == [f"check {o}" for o in (*outcomes[1:5], "broken", "passed")]
    for word in ("Passed", "Partly", "Failed", "Skipped", "Not measured", "Grader’s fault"):
        assert text.count(word) >= 2, "once at the check and once in the legend"
    assert text.count("Next step Try this.") == 4, "once where it is mended, and where it is open"
    assert "LeNet5 has 61,706 trainable parameters. 0 / 10" in text


def test_labels_of_a_check(env: Any) -> None:
    """Bonus, hidden and person checks are labelled."""
    one = graded("Ada", check("two_steps", "failed", extra=True, hidden=True, needs_review=True))
    text = words(inert(pages.student_page(one, env)))
    assert "Failed evidence: computed by the program from inputs it could not foresee" in text
    assert "foresee bonus hidden check needs a person" in text


def test_layers_mark_the_first_difference(env: Any) -> None:
    """Layers stand side by side and the first that differs is marked, once."""
    one = graded(
        "Ada", check("layer_shapes", "partial", 0.7, evidence={"layers": layers(pooled=False)})
    )
    page = inert(pages.student_page(one, env))
    text = words(page)
    assert "First difference, at 2: pool1 is missing" in text
    assert "conv conv1 2×6×28×28 · line 21 = conv conv1 2×6×28×28" in text
    assert "nothing here ≠ max pool pool1" in text
    for tag in ("tr", "g"):
        assert [a.get("class") for t, a in page.elements if t == tag].count("first") == 1


def test_numbers_of_a_mismatch(env: Any) -> None:
    """A mismatch says where, what, how far and how many."""
    one = graded("Ada", check("forward_values", "failed", evidence={"mismatch": MISMATCH}))
    text = words(inert(pages.student_page(one, env)))
    assert (
        "At index [2, 7] Yours -2.30259 Expected -1.91431 Difference 0.388273 Allowed 1.9e-06"
        in text
    )
    assert "28 of 30 (93.3 %)" in text


def test_accuracy_and_confusion(env: Any) -> None:
    """Accuracy stands beside the reference's and the thresholds, with a matrix of answers."""
    evidence: dict[str, Json] = {"accuracy": accuracy(0.944)}
    page = inert(pages.student_page(graded("Ada", check("test_accuracy", evidence=evidence)), env))
    text = words(page)
    assert "Scored 94.40 % 93.93 % to 94.83 % Reference 98.82 % All points from 97.82 %" in text
    assert "No points below 88.82 %" in text
    shades = [a["class"] for tag, a in page.elements if tag == "td" and "hit" in a.get("class", "")]
    assert shades == ["hit s9"] * 10
    dots = [a["cx"] for tag, a in page.elements if a.get("class") == "dot"]
    assert dots == ["72.0%"], "on a scale from 80 to 100 %"


def test_large_matrices_are_left_out() -> None:
    """A hundred classes would not fit on a page."""
    many: Json = {"student": 0.5, "confusion": [[0] * 100] * 100}
    shown = views({"accuracy": many})["accuracy"]
    assert isinstance(shown, Accuracy)
    assert shown.classes is None


def test_parameters_and_tables(env: Any) -> None:
    """Parameters without effect, or not trained, are named; a table is a table."""
    table: Json = {
        "columns": ["gradient", "how"],
        "rows": [["`conv1.weight`", 0.25], ["fc1", None]],
    }
    one = graded(
        "Ada",
        check("parameter_count", "failed", evidence={"parameters": PARAMETERS, "table": table}),
    )
    text = words(inert(pages.student_page(one, env)))
    assert "fc4.weight 121 × 84 10,164 without effect" in text
    assert "fc3.weight 10 × 84 840 not trained" in text
    assert "All parameters, together 71,870 numbers 4" in text
    assert "gradient how conv1.weight 0.25 fc1" in text


def test_unknown_evidence_stays_in_the_record(env: Any) -> None:
    """A key without a rendering is left out of the page."""
    one = graded("Ada", check("two_steps", evidence={"curve": [1, 2, 3], "note": "unseen"}))
    text = words(inert(pages.student_page(one, env)))
    assert "unseen" not in text
    assert "What was measured" not in text


def test_what_is_left_out_of_a_table_is_said(env: Any) -> None:
    """A table that was cut says how many entries it has besides."""
    evidence = {"parameters": PARAMETERS, "left_out": {"parameters": 31_800}}
    one = graded("Ada", check("parameter_count", "failed", evidence=evidence))
    text = words(inert(pages.student_page(one, env)))
    assert "31,800 further entries of “parameters” are left out." in text


LONG = 20_000
TOO_LARGE = {
    "printed": {"execution": Execution(status="ok", stdout='"' * 65_536, stderr="\x00" * 65_536)},
    "files": {"files": tuple(f"{'&' * 240}{i}" for i in range(2_000))},
    "notes": {"notes": ("'" * LONG,) * 50},
    "error": {
        "execution": Execution(
            status="crashed",
            reason="<" * LONG,
            error=StudentError(kind="<" * LONG, message="<" * LONG, code="<" * LONG, where="<" * LONG),
            notes=("<" * LONG,) * 40,
        )
    },
    "unclear": {"unclear": "<" * 2_000},
}  # fmt: skip


LARGEST = [pytest.param(what, marks=pytest.mark.proof) for what in ("checks", "everything")]


@pytest.mark.parametrize("what", [*TOO_LARGE, *LARGEST])
def test_no_page_is_too_large_to_be_read(env: Any, what: str) -> None:
    """However much a student prints, names and hands in, and whatever a check says of it."""
    rows: Json = [{"name": "\u202e" * 200, "shape": [2**52] * 64, "used": False}] * 300
    text = {"feedback": "`<`" * 1_300, "hint": "\x07" * 4_000}
    long = [
        check(name, "failed", evidence={"parameters": {"rows": rows}}, **text) for name in TITLES
    ]
    more = {
        k: v
        for key, part in TOO_LARGE.items()
        if what in (key, "everything")
        for k, v in part.items()
    }
    one = graded("Ada", *(long if what in ("checks", "everything") else []), **more)
    html = pages.student_page(one, env, note="One note.")
    assert len(html.encode()) <= bounds.STUDENT_PAGE
    page = words(inert(html))
    assert "One note." in page
    assert ("so long texts and tables are cut" in page) == (what != "unclear")
    assert "LeNet-5" in page


def test_a_page_of_usual_length_is_whole(env: Any) -> None:
    """Nothing is cut of what an honest student's longest run leaves."""
    printed = "".join(f"epoch {n}: loss 0.31, accuracy 98.1 %\n" for n in range(1_700))
    one = graded("Ada", execution=Execution(status="ok", stdout=printed[:65_536]))
    page = words(inert(pages.student_page(one, env)))
    assert "so long texts and tables are cut" not in page
    assert "epoch 1600" in page


def test_provenance_is_told(env: Any) -> None:
    """Versions, seed, digests and durations stand under "How this was graded"."""
    text = words(inert(pages.student_page(graded(), env)))
    for part in (
        "versions · torch 2.13.0+cpu",
        "seed 8123456789",
        "ab" * 32,
        "seconds · measuring 0.8123",
    ):
        assert part in text


def test_empty_class(env: Any) -> None:
    """An index of nobody is a page."""
    assert "Nothing was handed in" in words(inert(class_page.index_page([], env, {})))


# ------------------------------------------------------------------------------ hostile text


def hostile(text: str) -> Graded:
    """A record in which everything a student can write is `text`."""
    error = StudentError(kind=text, message=text, file=text, line=3, code=text, where=text)
    execution = Execution(
        status="crashed", reason=text, stdout=text, stderr=text, error=error, notes=(text,)
    )
    evidence: dict[str, Json] = {
        "layers": [{"seen": {"name": text, "kind": text, "shape": text, "line": text},
                    "expected": None, "same": False, "note": text}],
        "table": {"columns": [text], "rows": [[text, None, [text], {text: text}]]},
        "accuracy": {**accuracy(0.5), "classes": [text] * 10},
        "mismatch": {**MISMATCH, "where": text, "seen": text},  # type: ignore[dict-item]
        "parameters": {"rows": [{"name": text, "shape": text, "count": text, "used": False}], "total": text},
        text: text,
    }  # fmt: skip
    result = check("layer_shapes", "failed", feedback=text, hint=text, evidence=evidence)
    one = graded(text, result, execution=execution, files=(text,), notes=(text,), received=text)
    title = dataclasses.replace(one.checks[1], title=text, needs_review=True)
    return dataclasses.replace(one, checks=(*one.checks, title), title=text, digest=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(env: Any, text: str) -> None:
    """Names, messages and output of any content are shown, and do nothing."""
    one = hostile(text)
    page = inert(pages.student_page(one, env))
    assert escape.line(text).strip() in page.text
    index = inert(class_page.index_page([one], env, file_names.file_names([text])))
    assert escape.line(text).strip() in index.text


def test_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    """Names never become paths: two files each, all of them directly in the output folder."""
    out = tmp_path / "deep" / "out"
    stems = render([hostile(text) for text in HOSTILE], out)
    assert len({stem.casefold() for stem in stems.values()}) == len(HOSTILE)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {out}
    assert len(files) == 2 * len(HOSTILE) + 1


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_is_only_text(text: str) -> None:
    """The same holds for every string there is."""
    inert(pages.student_page(hostile(text), ENV))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["rows", "columns", "seen", "expected", "same", "note", "name", "shape"]
            )
            | st.sampled_from(
                ["student", "reference", "full", "zero", "confusion", "per_class", "total"]
            )
            | st.sampled_from(
                ["wrong", "images", "classes", "count", "kind", "line", "used", "index"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("layers", "table", "accuracy", "mismatch", "parameters"), JSON)
    )
)
def test_any_evidence_makes_a_page(evidence: dict[str, Any]) -> None:
    """Evidence of an odd form is left out or shown as it is, and never stops a report."""
    one = graded("Ada", check("two_steps", "failed", evidence=evidence))
    inert(pages.student_page(one, ENV))


# ------------------------------------------------------------------------------ files, templates


def test_unchanged_files_are_left_alone(tmp_path: Path) -> None:
    """Rendering again touches nothing; one changed record changes its own files and the index."""
    rows = a_class()
    stems = render(rows, tmp_path)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    render(rows, tmp_path)
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before
    rows[0] = dataclasses.replace(rows[0], score=12.5)
    render(rows, tmp_path)
    changed = {
        p.name for p in tmp_path.iterdir() if p.read_bytes() and p.stat().st_ino != before[p.name]
    }
    assert changed == {
        "index.html",
        f"{stems['Ada Lovelace']}.html",
        f"{stems['Ada Lovelace']}.json",
    }


def test_links_are_replaced_not_followed(tmp_path: Path) -> None:
    """A link that stands where a page belongs is put aside; what it points to stays as it was."""
    other = tmp_path / "other"
    other.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "Ada.html").symlink_to(other)
    render([graded("Ada")], out)
    assert other.read_text() == "mine"
    assert not (out / "Ada.html").is_symlink()


@pytest.mark.parametrize("stem", ["", "../x", "a/b", "index", "Index", "a.b", "é", "a\n"])
def test_unsafe_stems_are_refused(tmp_path: Path, stem: str) -> None:
    """A stem that is no plain name writes nothing."""
    with pytest.raises(ValueError, match="cannot be the file name"):
        pages.render([graded("Ada")], tmp_path / "out", templates=None, stems={"Ada": stem})
    assert not (tmp_path / "out").exists()


def test_shared_stems_are_refused(tmp_path: Path) -> None:
    """Two students never share a page, not even where capitals do not count."""
    with pytest.raises(ValueError, match="cannot be the file name"):
        pages.render(
            [graded("a"), graded("b")], tmp_path, templates=None, stems={"a": "x", "b": "X"}
        )


def test_course_overrides_one_template(tmp_path: Path) -> None:
    """A template of the course takes the place of the bundled one of that name; the others stay."""
    mine = tmp_path / "templates"
    mine.mkdir()
    (mine / "student.html").write_text(
        '{% extends "base.html" %}{% block body %}Hi {{ one.student }}{% endblock %}'
    )
    render([graded("<b>Ada")], tmp_path / "out", mine)
    pages = {p.name: p.read_text() for p in (tmp_path / "out").glob("*.html")}
    assert "Hi &lt;b&gt;Ada" in next(text for name, text in pages.items() if name != "index.html")
    assert "Where students" in pages["index.html"] or "Students" in pages["index.html"]


@pytest.mark.parametrize("source", ["{{ nothing }}", "{% if %}", "{% include 'gone.html' %}"])
def test_wrong_templates_are_the_courses_fault(tmp_path: Path, source: str) -> None:
    """A template with a mistake is named in one sentence."""
    (tmp_path / "student.html").write_text(source)
    with pytest.raises(CourseError, match="cannot be rendered"):
        render([graded("Ada")], tmp_path / "out", tmp_path)


# ------------------------------------------------------------------------------ text and colours


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(1.0, 1, "100.0 %"), (0.99999, 1, "99.9 %"), (0.00001, 1, "0.1 %"), (0.0, 0, "0 %"),
     (0.98765, 2, "98.77 %"), (1.1, 0, "110 %"), (None, 1, "–")],
)  # fmt: skip
def test_percent(value: float | None, digits: int, expected: str) -> None:
    """100 % and 0 % are said only where they are true."""
    assert pages.percent(value, digits) == expected


def test_prose_makes_code() -> None:
    """Backticks become code, inside which nothing is markup."""
    assert pages.prose("use `a<b>` & `c`") == "use <code>a&lt;b&gt;</code> &amp; <code>c</code>"


def schemes() -> Iterator[tuple[str, dict[str, str]]]:
    """The colours of the light, the dark and the printed page."""
    style = (pages.bundled_templates() / "style.css").read_text("utf-8")
    for name, block in zip(
        ("light", "dark", "print"), re.findall(r":root \{(.*?)\}", style, re.DOTALL), strict=True
    ):
        yield name, dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("name", "colours"), list(schemes()))
def test_contrast(name: str, colours: dict[str, str]) -> None:
    """Every text has a contrast of at least 4.5 to its ground (WCAG AA)."""
    pairs = [(text, "paper") for text in ("ink", "quiet", "accent", "bad", "warn")]
    pairs += [("ink", ground) for ground in ("panel", "accent-soft", "bad-soft", "warn-soft")]
    pairs += [("quiet", "panel"), ("quiet", "bad-soft"), ("bad", "bad-soft"), ("accent", "panel")]
    for text, ground in pairs:
        one, other = sorted((luminance(colours[text]), luminance(colours[ground])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, f"{name}: {text} on {ground}"
