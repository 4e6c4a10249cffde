"""The page of an executed notebook: what it says, and that nothing in the notebook acts in it."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import time
from pathlib import Path
from typing import Any, get_args

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from grader.records import bounds, notebook_file
from grader.records.causes import Cause, list_causes
from grader.records.execution import (
    CellStatus,
    ExecutedCell,
    ExecutedNotebook,
    Execution,
    StudentError,
)
from grader.records.notebook_file import Unreadable
from grader.records.place import Place
from grader.report import pages
from grader.report.notebook_cells import picture, read_cells
from kit.notebook_page import inert, page
from kit.page import Page, words
from kit.places import ROOT
from kit.sample_records import HOSTILE, check, graded


def drawn(kind: str = "PNG", size: tuple[int, int] = (12, 8)) -> str:
    """A small picture in base64."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 60, 20)).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def book(*made: Any) -> bytes:
    """A notebook of these cells."""
    text: str = nbformat.writes(new_notebook(cells=list(made)))
    return text.encode()


def raw(*made: Any) -> bytes:
    """A notebook of anything at all."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def code(source: Any, *outputs: Any) -> dict[str, Any]:
    """A code cell that no library has looked at."""
    return {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": 1}


def executed() -> bytes:
    """A notebook as students hand it in, after its run."""
    colours = "\x1b[0;31mNameError\x1b[0m\x1b[0;31m:\x1b[0m name 'F' is not defined"
    return book(
        new_markdown_cell("# Lab 2\n\nSee [the paper](http://yann.lecun.com/a) & *enjoy*."),
        new_code_cell("import torch", execution_count=1),
        new_code_cell(
            "x = 1\ny = F.relu(x)",
            execution_count=2,
            outputs=[
                new_output("stream", name="stdout", text="before\n"),
                new_output(
                    "error",
                    ename="NameError",
                    evalue="name 'F' is not defined",
                    traceback=["-" * 20, colours],
                ),
            ],
        ),
        new_code_cell(
            "plt.show()",
            execution_count=3,
            outputs=[
                new_output(
                    "display_data", {"image/png": drawn(), "text/plain": "<Figure size 12x8>"}
                ),
                new_output(
                    "execute_result",
                    {"text/html": "<table>", "text/plain": "   a\n0  1"},
                    execution_count=3,
                ),
            ],
        ),
        new_code_cell("while True: pass", outputs=[]),
    )


RUNS = (
    ExecutedCell(index=2, status="ok", seconds=0.31),
    ExecutedCell(
        index=3,
        status="error",
        seconds=0.02,
        error="lenet.ipynb, cell 3, line 2: NameError: name 'F' is not defined",
    ),
    ExecutedCell(index=5, status="time", seconds=4.0, error="It ran for 4 s, its limit."),
)


# ------------------------------------------------------------------------------ what it says


def test_page_of_a_notebook() -> None:
    """Cells by number, code with its lines, outputs, failures first, what is not shown named."""
    html = page(executed(), RUNS)
    parsed = inert(html)
    text = words(parsed)
    assert "LeNet-5 Ada The notebook as it ran 5 cells, 4 with code 4.3 s" in text
    assert "Cells to look at Cell 3 Raised an error lenet.ipynb, cell 3, line 2: NameError" in text
    assert "Cell 5 Stopped at its time limit It ran for 4 s, its limit." in text
    assert "See the paper (http://yann.lecun.com/a) & enjoy." in text
    assert "Cell 3 [2]" in text
    assert "Cell 5 [ ] 4.0 s" in text
    assert "before" in text
    assert "NameError: name 'F' is not defined" in text
    assert "\\x1b" not in text, "colours of a traceback are left out"
    assert "a 0 1 (text/html output not shown)" in text
    assert "Figure" not in text, "the description of a picture that is shown"
    assert [a["src"] for tag, a in parsed.elements if tag == "img"] == [
        f"data:image/png;base64,{drawn()}"
    ]
    ids = [a["id"] for tag, a in parsed.elements if a.get("id", "").startswith("cell-")]
    assert ids == [f"cell-{n}" for n in range(1, 6)]
    assert "<span>y = F.relu(x)\n</span>" in html


def test_errors_are_found_without_a_run() -> None:
    """A cell whose outputs hold an error counts as failed; the error is its sentence."""
    text = words(inert(page(executed())))
    assert "Cells to look at Cell 3 Raised an error NameError: name 'F' is not defined" in text


@pytest.mark.parametrize(
    ("status", "said"),
    [("error", "Raised an error"), ("time", "Stopped at its time limit"),
     ("died", "Ended the program"), ("skipped", "Not run")],
)  # fmt: skip
def test_every_end_of_a_cell(status: CellStatus, said: str) -> None:
    """A cell that did not run to its end is marked with a word and a symbol."""
    html = page(book(new_code_cell("x")), [ExecutedCell(index=1, status=status, seconds=0.0)])
    assert words(inert(html)).count(said) == 2, "in the list and at the cell"
    assert html.count(f'class="cell end-{status}"') == 1


def test_nothing_to_look_at() -> None:
    """A notebook that ran through has no list of cells to look at."""
    assert "Cells to look at" not in page(
        book(new_code_cell("1 + 1")), [ExecutedCell(index=1, status="ok", seconds=0.0)]
    )
    assert "This notebook has no cells." in page(book())


def lost_at(place: Place) -> tuple[Cause, ...]:
    """A loss whose statement is known."""
    return list_causes(
        graded("Ada", check("two_steps", "failed", feedback="Sign of the step.", at=place))
    )


def test_points_are_lost_at_cells_and_lines() -> None:
    """A badge in the list, at the cell and at its line; a place in a module is none here."""
    made = book(new_code_cell("a = 1\nb = 2"), new_code_cell("step()"))
    html = page(made, (), lost_at(Place(file="lenet.ipynb", cell=1, line=2)))
    text = words(inert(html))
    assert "Cells to look at −10 Cell 1, line 2 Sign of the step" in text
    assert "−10 Line 2: Sign of the step" in text
    assert html.count('class="lost"') == 1
    assert html.index('class="lost"') > html.index("a = ")
    for place in (Place(file="lenet.py", line=2), Place(file="lenet.py", cell=1), Place(cell=9)):
        assert "−10" not in page(made, (), lost_at(place)), place


def test_code_is_coloured_by_classes() -> None:
    """Words of Python, each line for itself; far too much of it is shown without."""
    html = page(book(new_code_cell('def f(x):\n    """Two\n    lines."""\n    return 1')))
    inert(html)
    assert '<span class="py-k">def</span> <span class="py-nf">f</span>(x):\n</span>' in html
    assert '<span class="py-s">    lines."""</span>\n</span>' in html
    long = "x = 'a'\n" * 1_100
    assert 'class="py-s"' not in page(book(new_code_cell(long)))
    assert 'class="py-s"' in page(raw(*[code(long[:7_000])] * 6))


def test_long_outputs_are_folded_after_twenty_lines() -> None:
    """The first twenty are seen at once, and all of them without a script."""
    text = "\n".join(f"row {n}" for n in range(1, 24))
    html = page(raw(code("x", {"output_type": "stream", "name": "stdout", "text": text})))
    assert 'tabindex="0">row 1\n' in html
    assert "row 20</pre><details" in html
    assert "3 more lines" in words(inert(html))
    short = page(raw(code("x", {"output_type": "stream", "name": "stdout", "text": text[:9]})))
    assert "more line" not in words(inert(short))


def test_every_cell_is_in_the_list() -> None:
    """By number, its first line, and how it ended."""
    text = words(inert(page(executed(), RUNS)))
    assert "1 Lab 2 2 import torch 3 x = 1 raised an error 4 plt.show() 5 while True" in text


def test_notebooks_lead_to_each_other(tmp_path: Path) -> None:
    """To the one before and the one after; who has none is passed over."""
    made = ExecutedNotebook(content=book(new_code_cell("1")), cells=())
    bad = ExecutedNotebook(content=b"{", cells=())
    found = {"Ada": made, "Bob": None, "Cleo": made, "Dan": bad, "Eve": made}
    stems = {name: name for name in found}
    rows = [graded(name) for name in found]
    pages.render(rows, tmp_path, templates=None, stems=stems, find_notebook=found.get)
    leads = {
        path.name[0]: re.findall(
            r'href="(\w+)\.notebook\.html" rel="(\w+)"', path.read_text("utf-8")
        )
        for path in tmp_path.glob("*.notebook.html")
    }
    assert leads == {
        "A": [("Cleo", "next")],
        "C": [("Ada", "prev"), ("Eve", "next")],
        "E": [("Cleo", "prev")],
    }


def test_streams_are_joined() -> None:
    """Neighbours of one stream are one text, and stderr is said to be that."""
    made = code("x", *[{"output_type": "stream", "name": n, "text": t}
                       for n, t in (("stdout", "a"), ("stdout", ["b\n", "c"]), ("stderr", "d"))])  # fmt: skip
    outputs = read_cells(raw(made))[0].outputs
    assert [(o.name, o.text) for o in outputs] == [("stdout", "ab\nc"), ("stderr", "d")]


def test_progress_bars_show_their_end() -> None:
    """What a carriage return overwrote is not shown, as in a terminal."""
    bar = {"output_type": "stream", "name": "stderr", "text": "\r 10%|#\r100%|####\r\nnext"}
    assert read_cells(raw(code("x", bar)))[0].outputs[0].text == "100%|####\nnext"


def test_markdown_is_set() -> None:
    """Headings, lists, tables, code and quotes; numbers of lists stay."""
    source = "## Plan\n\n3. three\n4. four\n\n> quote\n\n```python extra\nx < 1\n```\n\n|a|b|\n|:-|-:|\n|1|2|\n\n---\na  \nb"
    html = page(book(new_markdown_cell(source)))
    inert(html)
    for part in ("<h4>Plan</h4>", '<ol start="3">', "<blockquote><p>quote</p></blockquote>",
                 "<pre>x &lt; 1\n</pre>", "<th>a</th>", "<td>2</td>", "<hr>", "a<br>b"):  # fmt: skip
        assert part in html


def test_long_outputs_keep_head_and_tail() -> None:
    """A million lines are a page of modest size that says what is left out."""
    text = "\n".join(map(str, range(1_000_000)))
    html = page(raw(code("x", {"output_type": "stream", "name": "stdout", "text": text})))
    assert len(html) < 60_000
    assert "0\n1\n2\n" in html
    assert "999999" in html
    assert "characters are not shown" in html


@pytest.mark.proof
def test_the_whole_page_is_bounded() -> None:
    """Two thousand cells of long outputs are a page that a browser opens; pictures come on top."""
    one = {"output_type": "stream", "name": "stdout", "text": "\x1b" * 800}
    html = page(raw(*[code("\n" * 1000 + "x", one)] * 2100))
    assert len(html.encode()) <= bounds.PAGE
    assert "further cells are not shown" in html
    wrong = code(
        "<" * 5_000, {"output_type": "error", "ename": "<" * 900, "evalue": "", "traceback": []}
    )
    assert len(page(raw(*[wrong] * 2100)).encode()) <= bounds.PAGE
    encoded = drawn(size=(400, 400))
    many = [{"output_type": "display_data", "data": {"image/png": encoded}}] * 250
    shown = read_cells(raw(code("x", *many)))[0]
    assert len(shown.outputs) == 200
    assert "50 further outputs are not shown." in shown.notes


def test_every_specimen_makes_a_page() -> None:
    """Each notebook of the course has its page, every cell on it."""
    found = [*ROOT.glob("assignments/*/**/*.ipynb"), *ROOT.glob("reference/*/*.ipynb")]
    assert len(found) >= 14
    for path in found:
        content = path.read_bytes()
        parsed = inert(page(content))
        count = len(json.loads(content)["cells"])
        assert f"cell-{count}" in {a.get("id") for _, a in parsed.elements}, path


# ------------------------------------------------------------------------------ hostile notebooks


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"{", b"[]", b"1", b"{}", b'{"cells": {}}', b'{"cells": 3}',
                b"[" * 100_000, b'{"cells":' + b"[" * 100_000, b'{"cells": [' + b"9" * 5000 + b"]}x"],
)  # fmt: skip
def test_no_notebook(content: bytes) -> None:
    """What is no notebook is said to be unreadable, in a sentence."""
    with pytest.raises(Unreadable, match=r"^The notebook .*\.$"):
        read_cells(content)


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the largest size nothing is parsed."""
    monkeypatch.setattr(notebook_file, "MOST_BYTES", 10)
    with pytest.raises(Unreadable, match="at most 10 are shown"):
        read_cells(book(new_code_cell("x")))


@pytest.mark.parametrize("text", [*HOSTILE, "<svg/onload=alert(1)>", "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)", "<http://evil.example>", "[a]: http://evil.example\n[a]",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "&#x202e;abc&#0;&lt;script&gt;", "```<script>\nx\n```",
    "[x](https://e.example 'onclick=x')", "<!-- x --><b onclick=x>y</b>", "`<script>`", "x | <script>\n-|-\ny | z",
])  # fmt: skip
def test_hostile_text_is_only_text(text: str) -> None:
    """Wherever it stands in a notebook and in its errors, text is shown and does nothing."""
    made = raw(
        {"cell_type": "markdown", "source": text},
        {"cell_type": "raw", "source": text},
        code(
            text,
            {"output_type": "stream", "name": text, "text": text},
            {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
            {"output_type": "display_data", "data": {text: text, "text/plain": text}},
            {"output_type": "execute_result", "data": {"image/png": text, "text/plain": text}},
        ),
    )
    runs = [ExecutedCell(index=i, status="error", seconds=0.0, error=text) for i in (1, 2, 3)]
    inert(page(made, runs))


@pytest.mark.parametrize("media", [
    "text/html", "image/svg+xml", "application/javascript", "text/latex", "text/markdown", "image/gif",
    "application/vnd.jupyter.widget-view+json", "application/pdf",
])  # fmt: skip
def test_active_outputs_are_named(media: str) -> None:
    """Only text and pictures of two kinds are shown; of others the name and the plain text."""
    output = {"output_type": "display_data",
              "data": {media: "<svg onload=alert(1)>", "text/plain": "plain words"}}  # fmt: skip
    text = words(inert(page(raw(code("x", output)))))
    assert f"plain words ({media} output not shown)" in text
    assert "onload" not in text


def large_png() -> str:
    """A PNG that claims to be 60,000 pixels wide."""
    content = bytearray(base64.b64decode(drawn()))
    content[16:20] = (60_000).to_bytes(4, "big")
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(("media", "encoded"), [
    ("image/png", base64.b64encode(b"<script>alert(1)</script>" * 9).decode()),
    ("image/png", base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 50).decode()),
    ("image/png", drawn("GIF")),
    ("image/png", drawn("JPEG")),
    ("image/jpeg", drawn("PNG")),
    ("image/jpeg", base64.b64encode(b"\xff\xd8\xff" + b"\xff" * 90).decode()),
    ("image/jpeg", base64.b64encode(b"\xff\xd8\xff\xe0\0\0" * 90).decode()),
    ("image/png", "data:text/html," + drawn()),
    ("image/png", drawn() + '" onerror="alert(1)'),
    ("image/png", "é" * 100),
    ("image/png", large_png()),
    ("image/png", base64.b64encode(base64.b64decode(drawn()) + b"\0" * (1 << 20)).decode()),
])  # fmt: skip
def test_no_pictures(media: str, encoded: str) -> None:
    """What is no PNG or JPEG of a bearable size is not shown, whatever it is called."""
    assert picture(media, encoded) == ""
    output = {"output_type": "display_data", "data": {media: encoded}}
    parsed = inert(page(raw(code("x", output))))
    assert "img" not in {tag for tag, _ in parsed.elements}
    assert f"({media} output not shown)" in words(parsed)


@pytest.mark.parametrize(("media", "kind"), [("image/png", "PNG"), ("image/jpeg", "JPEG")])
def test_pictures(media: str, kind: str) -> None:
    """Pictures are shown from bytes that were decoded, line breaks and lists of parts or not."""
    encoded = drawn(kind)
    broken = "\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76)) + "\n"
    assert picture(media, broken) == f"data:{media};base64,{encoded}"
    assert base64.b64decode(encoded)[:2] in (b"\x89P", b"\xff\xd8")


@pytest.mark.parametrize("source", [
    "[" * 20_000, "*a_" * 10_000, "> " * 10_000, "`" * 3 + "a`" * 10_000, "![" * 10_000,
    "<" * 30_000, "a**b" * 10_000, "|a" * 5_000 + "\n" + "|-" * 5_000, "- " * 10_000,
    "[a](" * 8_000, "&#" * 20_000, "\\" * 50_000, "* * * * *\n" * 4000, "[x]: y\n" * 5000,
], ids=range(14))  # fmt: skip
def test_markdown_that_wears_parsers_out(source: str) -> None:
    """Nested and repeated marks take seconds at most."""
    began = time.perf_counter()
    inert(page(raw({"cell_type": "markdown", "source": source})))
    assert time.perf_counter() - began < 20


KEYS = st.sampled_from(
    ["cells", "cell_type", "source", "outputs", "execution_count", "output_type", "name", "text",
     "data", "ename", "evalue", "traceback", "image/png", "text/plain", "text/html", "metadata"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["code", "markdown", "stream", "error", "display_data", "execute_result", "<script>x</script>",
     "[x](http://e.example)", "<img src=http://e.example onerror=x>", "\x1b[31m", "\u202e", "\ud800"]
)  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | WORDS, inner, max_size=5),
    max_leaves=15,
)
OUTPUT = st.fixed_dictionaries(
    {"output_type": WORDS},
    optional=dict.fromkeys(("name", "text", "data", "ename", "evalue", "traceback"), ANY),
)
CELL = st.fixed_dictionaries(
    {"cell_type": WORDS, "source": WORDS | ANY},
    optional={"outputs": st.lists(OUTPUT | ANY, max_size=3) | ANY, "execution_count": ANY},
)
RUN = st.builds(
    ExecutedCell,
    index=st.integers(0, 4),
    status=st.sampled_from(get_args(CellStatus)),
    seconds=st.floats(0, 1e6),
    error=WORDS | st.text(max_size=9),
)


@given(st.lists(CELL | ANY, max_size=4), st.lists(RUN, max_size=3))
def test_any_cells_make_a_page(made: list[Any], runs: list[ExecutedCell]) -> None:
    """Cells and outputs of any form are left out or shown, and do nothing."""
    inert(page(json.dumps({"cells": made}).encode(), runs))


@given(ANY | st.binary(max_size=50))
def test_anything_is_a_notebook_or_unreadable(value: Any) -> None:
    """Reading raises nothing but Unreadable."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    with contextlib.suppress(Unreadable):
        inert(page(content))


@given(st.text(alphabet="[]()!<>*_`#-|:&;\n\\ \tax1.~=+'\"\u202e\x00https/", max_size=60))
def test_any_markdown_is_inert(source: str) -> None:
    """Text set as Markdown is closed in order and leads nowhere."""
    inert(page(raw({"cell_type": "markdown", "source": source})))


# ------------------------------------------------------------------------------ beside the score


def written(folder: Path, notebook: bytes, **more: Any) -> Page:
    """A student's page whose notebook is beside it."""
    one = graded("Ada", *more.pop("checks", ()), files=("lenet.ipynb",), **more)
    made = {"Ada": ExecutedNotebook(content=notebook, cells=RUNS)}
    pages.render([one], folder, templates=None, stems={"Ada": "Ada"}, find_notebook=made.get)
    return inert((folder / "Ada.html").read_text("utf-8"))


def links(parsed: Page) -> list[str]:
    """Where the links of a page lead, those to its own checks left aside."""
    every = [a["href"] for tag, a in parsed.elements if tag == "a"]
    return [href for href in every if not href.startswith("#check-")]


def test_beside_the_score(tmp_path: Path) -> None:
    """The notebook is kept as it was, it validates, and page and checks lead to each other."""
    lost = check("two_steps", "failed", at=Place(file="lenet.ipynb", cell=4, line=2),
                 feedback="`lenet.ipynb, cell 3, line 2`: wrong. See lenet.ipynb, cell 12 & more.")  # fmt: skip
    place = check("forward_values", at=Place(file="lenet.py", line=12))
    notebook = executed()
    parsed = written(tmp_path, notebook, checks=(lost, place))
    there = "Ada.notebook.html"
    assert links(parsed)[0] == there
    assert set(links(parsed)[1:]) == {f"{there}#cell-{n}" for n in (3, 4, 12)}
    assert "cell 4" in words(parsed)
    assert "lenet.py, line 12" in words(parsed)
    assert (tmp_path / "Ada.ipynb").read_bytes() == notebook
    nbformat.validate(nbformat.read(tmp_path / "Ada.ipynb", as_version=nbformat.NO_CONVERT))
    back = links(inert((tmp_path / there).read_text("utf-8")))
    assert {"Ada.html", "Ada.ipynb", "#cell-3", f"{there}#cell-3"} <= set(back)


def test_errors_lead_to_their_cell(tmp_path: Path) -> None:
    """The error that stopped a run links to the cell in which it stands."""
    error = StudentError(
        kind="NameError", message="x", file="lenet.ipynb, cell 3", line=2, code="x"
    )
    stopped = Execution(status="crashed", reason="lenet.ipynb, cell 3 failed.", error=error)
    parsed = written(tmp_path, executed(), execution=stopped)
    assert links(parsed) == ["Ada.notebook.html"] + ["Ada.notebook.html#cell-3"] * 2


def test_without_a_notebook(tmp_path: Path) -> None:
    """Nothing is linked and nothing more is written where a module was handed in."""
    one = graded(
        "Ada", check("two_steps", "failed", feedback="lenet.ipynb, cell 3", at=Place(cell=3))
    )
    pages.render([one], tmp_path, templates=None, stems={"Ada": "Ada"})
    assert links(inert((tmp_path / "Ada.html").read_text("utf-8"))) == []
    assert {p.name for p in tmp_path.iterdir()} == {"index.html", "Ada.html", "Ada.json"}


@pytest.mark.parametrize(("text", "found"), [
    ("lenet.ipynb, cell 7: x", ["7"]),
    ("lenet.ipynb, cell 0", []), ("lenet.ipynb, cell 07", []), ("lenet.ipynb, cell 77777", []),
    ("lenet.ipynb, cell ٧", []), ("x/../lenet.ipynb, cell 7", ["7"]), ("lenet.py, cell 7", []),
    ("in cell 7", []), ("cell 7", ["7"]), ('"><a href=x>lenet.ipynb, cell 7', ["7"]),
])  # fmt: skip
def test_only_this_pattern_is_linked(text: str, found: list[str]) -> None:
    """Only a name of a notebook with a plain number, or a place alone, becomes a link."""
    made = str(pages.prose(text, "Ada.notebook.html"))
    assert re.findall(r'<a href="Ada\.notebook\.html#cell-(\d+)">', made) == found
    assert made.count("<") == 2 * len(found)
    assert "<a" not in str(pages.prose(text))


@pytest.mark.parametrize("content", [
    raw(code(3)), raw({}), b"{}", b"\xff",
    json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}).encode(),
    json.dumps({"nbformat": 4, "nbformat_minor": 99, "metadata": {}, "cells": []}).encode(),
    b'{"nbformat": 4, "cells":' + b"[" * 100_000,
])  # fmt: skip
def test_invalid_notebooks_are_not_kept(tmp_path: Path, content: bytes) -> None:
    """What Jupyter would not open is not written; a reader is told, on whichever page there is."""
    parsed = written(tmp_path, content)
    assert not (tmp_path / "Ada.ipynb").exists()
    shown = tmp_path / "Ada.notebook.html"
    if shown.exists():
        assert "The notebook file is not kept. It" in words(inert(shown.read_text("utf-8")))
    else:
        assert "The notebook as it ran cannot be shown. The notebook" in words(parsed)
        assert links(parsed) == []
