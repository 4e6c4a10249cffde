"""Pages for people, rendered from records: one per student, one per notebook, and an index.

Nothing is run or decided here; every number stands in the record. A page is one file without
scripts or outside resources. Whatever a template prints goes through `escape.block` and Jinja's
escaping, in this order, so a template cannot forget it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from grader.records.notebook_file import MOST_BYTES, Unreadable, read_notebook
from grader.records.result import Graded
from grader.report import escape, summary
from grader.report.evidence import number, percent, points, shape, views
from grader.report.notebook_page import notebook_page

_CELL = re.compile(
    r"(?:\b[A-Za-z_][A-Za-z0-9_]{0,60}\.ipynb, |\A)cell ([1-9][0-9]{0,3})\b", re.ASCII
)
"""How an error names a cell of the notebook that was handed in."""

_SHORTER = ((20_000, 200), (2_000, 50), (200, 10))
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
    style = loader.get_source(env, "style.css")[0].strip()
    env.globals.update(
        style=Markup(style),  # noqa: S704 - the grader's own file, or the course's
        policy=_policy(style),
        status_words={status: describe_end(status) for status in STATUSES},
    )
    return env


def _policy(style: str) -> str:
    """What a page may do: show this style sheet and pictures that it holds, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def student_page(graded: Graded, env: Environment, notebook: str = "", note: str = "") -> str:
    """Render the page of one student, of at most `bounds.PAGE`.

    `notebook` is the file name of the page that shows the executed notebook, if there is one, and
    `note` what a reader should know of it.
    """
    html = _render_student(graded, env, notebook, note)
    for texts, rows in _SHORTER:
        if len(html.encode()) <= bounds.PAGE:
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
    return env.get_template("student.html").render(
        one=graded,
        data=summary.data_used(graded),
        share=summary.share(graded),
        level=summary.level(graded),
        reasons=summary.reasons(graded),
        views=[views(check.evidence) for check in graded.checks],
        facts=summary.facts(graded.provenance),
        notebook=notebook,
        note=note,
    )


def index_page(graded: Sequence[Graded], env: Environment, stems: Mapping[str, str]) -> str:
    """Render the overview of a class, in order of name; who is withdrawn counts for nothing."""
    return "".join(_list_pieces(graded, env, stems))


def _list_pieces(
    graded: Sequence[Graded], env: Environment, stems: Mapping[str, str]
) -> Iterator[str]:
    """The overview in pieces: that of thousands is larger than all else that is held."""
    every = sorted(graded, key=lambda one: file_names.sort_key(one.student))
    rows = [one for one in every if not one.withdrawn]
    links = {one.student: f"{stems[one.student]}.html" for one in every}
    used = [data for one in rows if (data := summary.data_used(one))]
    return env.get_template("index.html").generate(
        title=every[0].title if every else "Nothing was handed in",
        rows=[
            {"one": one, "href": links[one.student], "share": summary.share(one)} for one in rows
        ],
        people={
            reason: [(one, links[one.student]) for one in group]
            for reason, group in summary.group_by_reason(rows).items()
        },
        data=next((d for d in used if d.stand_in), used[0] if used else None),
        level=min((level for one in rows if (level := summary.level(one)) >= 0), default=-1),
        late=sum(one.late for one in rows),
        adjusted=any(one.adjustments for one in rows),
        excused=sum(one.excused for one in rows),
        spread=summary.spread(rows),
        rubric=summary.rubric(rows),
        failures=summary.first_failures(rows),
        withdrawn=[(one, links[one.student]) for one in every if one.withdrawn],
    )


def render(
    graded: Sequence[Graded],
    out: Path,
    *,
    templates: Path | None,
    stems: Mapping[str, str],
    short: Sequence[Graded] | None = None,
    find_notebook: Callable[[str], ExecutedNotebook | None] | None = None,
) -> None:
    """Write `index.html`, and `<stem>.html` and `<stem>.json` for each student, into `out`.

    `stems` gives each student the name that `file_names.file_names` made. Every file appears whole,
    and is left alone where nothing in it changed. Of a student for whom `find_notebook` gives one,
    `<stem>.ipynb` and `<stem>.notebook.html` are written too. One of `graded` is held at a time;
    `short` are the same, shortened, where that was done already.

    Raises:
        ValueError: a stem is missing, unsafe or given twice.
        CourseError: a template cannot be rendered.
    """
    short = [one.shorten() for one in graded] if short is None else short
    _check_stems(short, stems)
    file_names.make_folder(out)
    try:
        env = environment(templates)
        for one in graded:
            notebook = find_notebook(one.student) if find_notebook else None
            _write_student(one, notebook, out / stems[one.student], env)
        index = io.BytesIO()
        for piece in _list_pieces(short, env, stems):
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


def _write_student(
    one: Graded, executed: ExecutedNotebook | None, path: Path, env: Environment
) -> None:
    """Write what there is of one student; `path` is without a suffix."""
    file_names.write(path.with_name(f"{path.name}.json"), dump_record(one))
    page, note = _write_notebook(one, executed, path, env) if executed else ("", "")
    html = student_page(one, env, page, note)
    file_names.write(path.with_name(f"{path.name}.html"), html.encode())


def _write_notebook(
    one: Graded, executed: ExecutedNotebook, path: Path, env: Environment
) -> tuple[str, str]:
    """Write a notebook as a file and as a page; the page's name, and what could not be done."""
    fault = _describe_fault(executed.content)
    if not fault:
        file_names.write(path.with_name(f"{path.name}.ipynb"), executed.content)
    try:
        html = notebook_page(
            student=one.student,
            title=one.title,
            executed=executed,
            env=env,
            here=(name := f"{path.name}.notebook.html"),
            back=f"{path.name}.html",
            download="" if fault else f"{path.name}.ipynb",
            note=fault,
        )
    except Unreadable as error:
        return "", f"The notebook as it ran cannot be shown. {error}"
    file_names.write(path.with_name(name), html.encode())
    return name, ""


def _describe_fault(notebook: bytes) -> str:
    """Why these bytes are not kept as a notebook, in a sentence; empty where they are valid."""
    from nbformat import validator

    if len(notebook) > MOST_BYTES:
        return f"It has {len(notebook):,} bytes."
    try:
        book = read_notebook(notebook).fields
        if book.get("nbformat") != 4:
            return "It is not in notebook format 4."
        minor = book.get("nbformat_minor")
        if type(minor) is not int or not 0 <= minor <= 5:
            return "It is in an unknown version of notebook format 4."
        error = next(validator.iter_validate(book, version=4, version_minor=minor), None)  # type: ignore[no-untyped-call]
    except Exception as fault:  # untrusted: a validator may meet anything
        return f"It cannot be read: {escape.line(str(fault))[:200]}"
    if error is None:
        return ""
    return f"It does not validate: {escape.line(str(error).strip().splitlines()[0])[:200]}"


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
