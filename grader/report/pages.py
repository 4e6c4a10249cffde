"""Pages for people, rendered from records: one per student, one per notebook, and an index.

Nothing is run or decided here; every number stands in the record. A page is one file without
outside resources; that of a student has no script, the others one whose digest they name. Whatever
a template prints goes through `escape.block` and Jinja's escaping, in this order, so a template
cannot forget it.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup
from markupsafe import escape as escape_html

import grader
from grader.records import bounds, file_names
from grader.records.causes import write_record
from grader.records.errors import CourseError
from grader.records.execution import STATUSES, ExecutedNotebook, describe_end
from grader.records.json_values import Json, record_to_json
from grader.records.likeness import Likeness
from grader.records.result import Graded
from grader.report import escape, summary
from grader.report.class_page import list_pieces
from grader.report.dress import dress
from grader.report.evidence import views
from grader.report.notebook_files import Turn, find_neighbours, write_notebook
from grader.report.student_view import find_spoken, group_checks, open_page
from grader.report.texts import number, percent, points, shape

_CELL = re.compile(
    r"(?:\b[A-Za-z_][A-Za-z0-9_]{0,60}\.ipynb, |\A)cell ([1-9][0-9]{0,3})\b", re.ASCII
)
"""How an error names a cell of the notebook that was handed in."""

SHEET = "student.css"
"""Beside the common sheet, on pages that show what was measured."""
_SHORTER = ((20_000, 200), (4_000, 60), (2_000, 30), (200, 10), (80, 5))
"""Characters of a text and entries of a list, for a page that is larger."""
SHORTENED = (
    "This page would be too large to be read, so long texts and tables are cut. The record beside "
    "it, a file that ends in `.json`, holds more."
)

# ---------------------------------------------------------------------------------------- pages


def bundled_templates() -> Path:
    """Return the folder of the templates that come with the grader."""
    package = Path(grader.__file__).resolve().parent
    installed = package / "_course" / "reports" / "templates"
    return installed if installed.is_dir() else package.parent / "reports" / "templates"


def environment(templates: Path | None = None) -> Environment:
    """Make what turns records into pages; files in `templates` stand in for the bundled ones."""
    folders = [folder for folder in (templates, bundled_templates()) if folder is not None]
    loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    env = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for text_filter in (escape.line, prose, points, percent, shape, number):
        env.filters[text_filter.__name__] = text_filter
    status_words = {status: describe_end(status) for status in STATUSES}
    env.globals.update(dress(env), status_words=status_words)
    return env


def student_page(graded: Graded, env: Environment, notebook: str = "", note: str = "") -> str:
    """Render the page of one student, of at most `bounds.STUDENT_PAGE`.

    `notebook` is the file name of the page that shows the executed notebook, if there is one, and
    `note` what a reader should know of it.
    """
    html = _render_student(graded, env, notebook, note)
    for texts, rows in _SHORTER:
        if len(html.encode()) <= bounds.STUDENT_PAGE:
            break
        shorter = _shorten(graded, texts, rows)
        html = _render_student(shorter, env, notebook, f"{note} {SHORTENED}".strip())
    return html


def _shorten(graded: Graded, texts: int, rows: int) -> Graded:
    """The record with the texts and tables that students make as long as they like cut."""

    def shorten(record: Mapping[str, Json]) -> dict[str, Json]:
        return {k: bounds.cut(v, texts=texts, rows=rows)[0] for k, v in record.items()}

    value = graded.to_json()
    checks = [shorten(record_to_json(check)) for check in graded.checks]
    execution = shorten(record_to_json(graded.execution))
    kept = {k: value[k] for k in ("student", "digest", "title")}  # names that pages are found by
    return Graded.from_json({**shorten(value), "checks": checks, "execution": execution, **kept})


def _render_student(graded: Graded, env: Environment, notebook: str, note: str) -> str:
    top = open_page(graded)
    return env.get_template("student.html").render(
        dress(env, SHEET),
        one=graded,
        top=top,
        groups=group_checks(graded.checks),
        spoken=find_spoken(graded.checks, top.cards),
        data=summary.data_used(graded),
        share=summary.share(graded),
        level=summary.level(graded),
        reasons=summary.reasons(graded),
        views=[views(check.evidence) for check in graded.checks],
        facts=summary.facts(graded.provenance),
        notebook=notebook,
        note=note,
    )


def render(
    graded: Sequence[Graded],
    out: Path,
    *,
    templates: Path | None,
    stems: Mapping[str, str],
    short: Sequence[Graded] | None = None,
    find_notebook: Callable[[str], ExecutedNotebook | None] | None = None,
    alike: Sequence[Likeness] = (),
    see: Callable[[Graded], Graded] = lambda one: one,
) -> None:
    """Write `index.html`, and `<stem>.html` and `<stem>.json` for each student, into `out`.

    `stems` gives each student the name that `file_names.file_names` made. Every file appears whole,
    and is left alone where nothing in it changed. Of a student for whom `find_notebook` gives one,
    `<stem>.ipynb` and `<stem>.notebook.html` are written too. One of `graded` is held at a time;
    `short` are the same, shortened, where that was done already. The index names who is `alike`.
    Pages and records of students show what `see` makes of a result, the index the whole of it.

    Raises:
        ValueError: a stem is missing, unsafe or given twice.
        CourseError: a template cannot be rendered.
    """
    short = [one.shorten() for one in graded] if short is None else short
    _check_stems(short, stems)
    file_names.make_folder(out)
    try:
        env = environment(templates)
        find = find_notebook or (lambda _: None)
        for turn in find_neighbours(((see(one), find(one.student)) for one in graded), stems):
            _write_student(turn, out / stems[turn.one.student], env)
        index = io.BytesIO()
        for piece in list_pieces(short, env, stems, alike):
            index.write(piece.encode())
        file_names.write(out / "index.html", index.getvalue())
    except TemplateError as error:
        name = getattr(error, "name", None) or "A template"
        raise CourseError(
            f"{name} cannot be rendered: {error}. Correct it in {templates or bundled_templates()}."
        ) from error


def dump_record(one: Graded) -> bytes:
    """The content of `<student>.json`."""
    return (json.dumps(write_record(one), indent=1, allow_nan=False) + "\n").encode()


def _write_student(turn: Turn, path: Path, env: Environment) -> None:
    """Write what there is of one student; `path` is without a suffix."""
    one, executed = turn.one, turn.executed
    file_names.write(path.with_name(f"{path.name}.json"), dump_record(one))
    page, note = write_notebook(one, executed, path, env, turn.beside) if executed else ("", "")
    html = student_page(one, env, page, note)
    file_names.write(path.with_name(f"{path.name}.html"), html.encode())


def _check_stems(graded: Sequence[Graded], stems: Mapping[str, str]) -> None:
    taken = {"index", "grades"}
    for one in graded:
        stem = stems.get(one.student, "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", stem) or stem.casefold() in taken:
            raise ValueError(f"{stem!r} cannot be the file name of {one.student!r}")
        taken.add(stem.casefold())


# -------------------------------------------------------------------------------- text, numbers


def prose(text: str, notebook: str = "") -> Markup:
    """Turn plain text into escaped HTML; what stands between backticks becomes code.

    With the name of a `notebook` page, each `lenet.ipynb, cell 7` and a text that is `cell 7`
    becomes a link to that cell.
    """
    html = str(escape_html(escape.block(text.strip())))
    html = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html)
    if notebook:
        html = _CELL.sub(
            lambda m: f'<a href="{escape_html(notebook)}#cell-{m[1]}">{m[0]}</a>', html
        )
    return Markup(html)  # noqa: S704 - escaped above, and tags added around what holds none


def _show(value: object) -> object:
    """What a template prints, escaped; markup was made from escaped text already."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape.block(value)
    return value
