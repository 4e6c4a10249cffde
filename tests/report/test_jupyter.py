"""What is handed back, in a real browser: notebooks in a real Jupyter, and the pages beside them."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbformat import v4
from PIL import Image

from grader.grading.grade import grade
from grader.sandbox import ForkServer
from kit.browser import open_browser
from kit.graded import Borrower
from kit.lab import WIDTHS, Jupyter, Shown, Window, serving
from kit.tiny import POINTS, RIGHT, WRONG, found

if TYPE_CHECKING:  # installed by `make proofs`, not by `make test`
    from playwright.sync_api import Browser

pytestmark = pytest.mark.proof

LOCAL = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""For the browser, no other machine has an address."""


# ------------------------------------------------------------------------- what is handed in

ACTIVE = """\
from IPython.display import HTML, Javascript, display
display(HTML('<img src=nowhere onerror="window.owned=1"><script>window.owned=1</script>'))
display(Javascript('window.owned=1'))
print('nothing acts')"""

CELLS = {
    "submission": RIGHT,
    "text": "print('hello')\n6 * 7",
    "error": "def deep(n):\n    return 1 / n\n\ndeep(0)",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([3, 1, 2])\nplt.title('loss');",
    "table": "import pandas\npandas.DataFrame({'loss': [0.5, 0.25]})",
    "cut": "for i in range(50_000):\n    print('line', i)",
    "surrogate": "print('lone \\ud800 one')\n'\\udfff'",
    "colours": "print('\\x1b[31mred\\x1b[0m and plain')",
    "updated": "it = display('first', display_id=True)\nit.update('second')",
    "set": "from IPython.display import Latex, Markdown\ndisplay(Markdown('**bold**'), Latex('$x^2$'))",
    "active": ACTIVE,
    "ended": "import os\nos._exit(0)",
    "last": "'the last one'",
}
"""Code cells of a notebook with every kind of output; a pasted picture stands before them."""


def number(name: str) -> int:
    """Place of a cell in the notebook, 1-based."""
    return list(CELLS).index(name) + 2


def every_kind() -> bytes:
    """A notebook from a machine that has a kernel of its own."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 20), (20, 60, 200)).save(buffer, "PNG")
    picture = {"image/png": base64.b64encode(buffer.getvalue()).decode()}
    pasted = v4.new_markdown_cell(
        "# Tiny\n\n![p](attachment:p.png)", attachments={"p.png": picture}
    )
    own = {"kernelspec": {"name": "my-env", "display_name": "My own", "language": "python"}}
    code = [v4.new_code_cell(source) for source in CELLS.values()]
    return nbformat.writes(v4.new_notebook(cells=[pasted, *code], metadata=own)).encode()


def old() -> bytes:
    """A notebook of format 3, with a saved output."""
    output = {"output_type": "pyout", "prompt_number": 1, "text": "saved"}
    common = {"cell_type": "code", "language": "python", "collapsed": False}
    cells: list[dict[str, Any]] = [
        {"cell_type": "heading", "level": 1, "source": "Tiny"},
        {**common, "input": RIGHT, "outputs": [output]},
        {**common, "input": "double([21])", "outputs": []},
    ]
    sheets = [{"cells": cells}]
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}
    ).encode()


def odd() -> bytes:
    """A notebook that no schema allows, and that can be run all the same."""
    raw = json.loads(nbformat.writes(v4.new_notebook(cells=[v4.new_code_cell(RIGHT)])))
    raw["metadata"] = {"kernelspec": 7, "widgets": "?", "trusted": True}
    raw["cells"][0] |= {"outputs": "?", "metadata": {"tags": 3}, "id": "not an id", "surplus": 1}
    raw["cells"].insert(0, {"cell_type": "odd", "source": "odd \ud800"})
    raw["cells"].append({"cell_type": "code", "source": ["double([21])", " # \udfff"]})
    return json.dumps(raw).encode()


HANDED_IN: dict[str, Callable[[], bytes]] = {"ada": every_kind, "grace": old, "mary": odd}
COUNTS = {"ada": len(CELLS) + 1, "grace": 3, "mary": 3}
"""Cells of each."""


@pytest.fixture(scope="module")
def handed_back(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a class of notebooks."""
    course = found(tmp_path_factory.mktemp("course"))
    course.rule("cpu_seconds=2", "cpu_seconds=120, cell_seconds=60")
    for student, make in HANDED_IN.items():
        course.write(f"class/{student}/tiny.ipynb", make())
    with Borrower(server, course.load()) as executor:
        outcome = grade(executor, course.submissions(), course.out)
    assert {g.student: g.score for g in outcome.graded} == dict.fromkeys(HANDED_IN, POINTS)
    return course.out


# ------------------------------------------------------------------------- Jupyter and browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    with open_browser(tmp_path_factory.mktemp("browser"), LOCAL) as one:
        yield one


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    """A window that has seen nothing yet."""
    with browser.new_context(viewport={"width": 1200, "height": 1600}) as context:
        yield Window(context)


@pytest.fixture(scope="module")
def jupyter(handed_back: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab in a copy of the output folder."""
    home = tmp_path_factory.mktemp("jupyter")
    with serving(Path(shutil.copytree(handed_back, home / "root")), home) as server:
        yield server


# ------------------------------------------------------------------------- what it must show


def test_jupyter_shows_every_kind_of_output(jupyter: Jupyter, window: Window) -> None:
    """Text, errors, figures, tables, cut and odd ones; and nothing in it acts."""
    shown = jupyter.show(window, "ada.ipynb")
    assert shown.complaints() == []
    assert shown.cells.count() == COUNTS["ada"]
    assert shown.text(number("text")).split() == ["hello", "42"]
    error = shown.text(number("error"))
    assert "ZeroDivisionError: division by zero" in error
    assert "----> 4 deep(0)" in error
    assert [w > 100 for w in shown.widths(number("figure"))] == [True]
    assert shown.widths(1) == [40]
    assert "0.25" in shown.outputs(number("table")).locator("td").all_inner_texts()
    cut = shown.text(number("cut"))
    assert cut.startswith("line 0\nline 1\n")
    assert "characters left out" in cut
    assert cut.rstrip().endswith("line 49999")
    assert shown.text(number("surrogate")).split() == ["lone", "?", "one", "'\\udfff'"]
    assert shown.text(number("colours")).strip() == "red and plain"
    assert shown.text(number("updated")).strip() == "'second'"
    shown.outputs(number("set")).locator("strong", has_text="bold").wait_for()
    shown.outputs(number("set")).locator("mjx-container").wait_for()
    assert "ended the kernel" in shown.text(number("ended"))
    assert shown.text(number("last")).strip() == "'the last one'"
    printed = "\n".join(shown.page.locator(".jp-OutputArea-output").all_inner_texts())
    assert "\x1b" not in printed
    assert "[31m" not in printed
    assert "nothing acts" in shown.text(number("active"))
    assert window.page.evaluate("window.owned") is None
    assert window.asked == []


@pytest.mark.parametrize("student", HANDED_IN)
def test_it_opens_without_a_question_and_stays_as_it_is(
    student: str, jupyter: Jupyter, window: Window
) -> None:
    """Jupyter finds a kernel, has nothing to change, and writes what it read, which is valid."""
    before = nbformat.read(jupyter.root / f"{student}.ipynb", as_version=nbformat.NO_CONVERT)
    shown = jupyter.show(window, f"{student}.ipynb")
    assert shown.complaints() == []
    assert shown.cells.count() == COUNTS[student]
    if student != "ada":
        assert shown.text(3).strip() == "[42]"
    assert window.page.locator(".jp-mod-dirty").count() == 0
    assert unfolded(shown.save()) == unfolded(before)
    assert shown.complaints() == []


def unfolded(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Without what Jupyter says twice: how cells are folded."""
    for cell in book.cells:
        cell.metadata.pop("jupyter", None)
    return book


def _untyped(book: dict[str, Any]) -> None:
    del book["cells"][2]["outputs"][0]["output_type"]


def _shapeless(book: dict[str, Any]) -> None:
    book["cells"][2]["outputs"][1]["data"] = 3


def _elsewhere(book: dict[str, Any]) -> None:
    book["metadata"]["kernelspec"] = {"name": "my-env", "display_name": "My own"}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_untyped, "validation failed"),
        (_shapeless, "Unreadable Notebook"),
        (_elsewhere, "Select Kernel"),
    ],
)
def test_what_is_wrong_with_a_notebook_is_seen(
    spoil: Callable[[dict[str, Any]], None], complaint: str, jupyter: Jupyter, window: Window
) -> None:
    """The two tests above would fail for a notebook that is not right."""
    book = json.loads((jupyter.root / "ada.ipynb").read_text())
    spoil(book)
    name = f"{spoil.__name__}.ipynb"  # a kernel that runs for another one of the same name would do
    (jupyter.root / name).write_text(json.dumps(book))
    shown = jupyter.show(window, name)
    assert complaint in "\n".join(shown.complaints())


# ------------------------------------------------------------------------- %check in a notebook

FORGET = "import os\nos.environ.pop('JPY_SESSION_NAME')"
"""A notebook that was renamed since its kernel was started has only its server to ask."""
CHECKED = [RIGHT, FORGET, "%load_ext grader", "%check", "%check live"]


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jupyter]:
    """JupyterLab in a student's folder, where two notebooks lie; the tiny course is the course."""
    monkeypatch.setenv("GRADER_COURSE", str(found(tmp_path / "course").root))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [v4.new_code_cell(source) for source in CHECKED]
    book = nbformat.writes(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}))
    (tmp_path / "root").mkdir()
    for name in ("tiny.ipynb", "another.ipynb"):
        (tmp_path / "root" / name).write_text(book)
    with serving(tmp_path / "root", tmp_path) as server:
        yield server


def test_a_student_checks_a_notebook_from_inside(student: Jupyter, window: Window) -> None:
    """Right, saved and live; then wrong: live at once, as saved only once it is saved."""
    shown = student.show(window, "tiny.ipynb")
    for place in range(1, len(CHECKED) + 1):
        shown.run(place)
    saved, live = CHECKED.index("%check") + 1, CHECKED.index("%check live") + 1
    for place in (saved, live):
        assert marks(shown, place) == "✓✓✓✓"
        assert "12 of 12 points of the public checks" in shown.text(place)
    assert "as saved at" in shown.text(saved)
    shown.write(1, WRONG)
    for place in (1, saved, live):
        shown.run(place)
    assert (marks(shown, saved), marks(shown, live)) == ("✓✓✓✓", "✓✓✓✗")
    shown.save()
    shown.run(saved)
    assert marks(shown, saved) == "✓✓✓✗"
    assert "Mend first: Not doubled" in shown.text(saved)
    assert "10 of 12 points of the public checks" in shown.text(saved)
    assert shown.outputs(saved).count() == 1
    shown.save()
    again = student.show(window, "tiny.ipynb")  # what is opened from a file is not trusted
    assert marks(again, saved) == "✓✓✓✗"
    assert window.asked == []


def marks(shown: Shown, place: int) -> str:
    """The first column of the table below a cell."""
    rows = shown.outputs(place).locator("tr td:first-child")
    rows.first.wait_for()
    return "".join(text.strip() for text in rows.all_inner_texts())


# ------------------------------------------------------------------------- the pages beside them


def test_pages_are_drawn_without_a_complaint(handed_back: Path, window: Window) -> None:
    """From the class to a student to the notebook: every picture is there, and no script ran."""
    page = window.page
    page.goto((handed_back / "index.html").as_uri())
    page.locator("a[href='ada.html']").first.click()
    page.locator("a[href^='ada.notebook.html']").first.click()
    page.wait_for_url("**/ada.notebook.html*")
    drawn = page.locator("body").evaluate(WIDTHS)
    assert [w > 100 for w in drawn] == [True]
    assert "ZeroDivisionError: division by zero" in page.locator("body").inner_text()
    assert page.evaluate("window.owned") is None
    assert (window.said, window.asked) == ([], [])


def test_what_a_page_must_not_do_is_seen(handed_back: Path, window: Window) -> None:
    """The test above would fail for a page with a script or with a picture from elsewhere."""
    html = (handed_back / "ada.notebook.html").read_text()
    more = "<script>window.owned = 1</script><img src=https://nowhere.invalid/p.png>"
    spoilt = handed_back / "spoilt.html"
    spoilt.write_text(html.replace("</body>", f"{more}</body>"))
    window.page.goto(spoilt.as_uri())
    refused = [text for text in window.said if "Content Security Policy" in text]
    assert any("script" in text for text in refused)
    assert any("nowhere.invalid" in text for text in refused)
    assert 0 in window.page.locator("body").evaluate(WIDTHS)
    assert window.page.evaluate("window.owned") is None
