"""Pages for people, rendered from records: one per student, one per notebook, and an index.

Nothing is run or decided here; every number stands in the record. A page is one file without
scripts or outside resources. Whatever a template prints goes through `neutral.visible` and Jinja's
escaping, in this order, so a template cannot forget it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup
from markupsafe import escape as escape_html

import grader
from grader.records import file_names
from grader.records.errors import CourseError
from grader.records.execution import STATUS_WORDS
from grader.records.json_values import Json
from grader.records.result import CheckResult, Graded, Outcome
from grader.report import escape
from grader.report.evidence import number, percent, points, shape, views
from grader.report.notebook_cells import MOST_BYTES, Unreadable
from grader.report.notebook_page import Executed, notebook_page

_CELL = re.compile(
    r"(?:\b[A-Za-z_][A-Za-z0-9_]{0,60}\.ipynb, |\A)cell ([1-9][0-9]{0,3})\b", re.ASCII
)
"""How an error names a cell of the notebook that was handed in."""

# ---------------------------------------------------------------------------------------- pages


def bundled() -> Path:
    """Return the folder of the templates that come with the grader."""
    package = Path(grader.__file__).resolve().parent
    installed = package / "_course" / "reports" / "templates"
    return installed if installed.is_dir() else package.parent / "reports" / "templates"


def environment(templates: Path | None = None) -> Environment:
    """Make what turns records into pages; files in `templates` stand in for the bundled ones."""
    folders = [folder for folder in (templates, bundled()) if folder is not None]
    loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    env = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for text_filter in (escape.line, prose, points, percent, shape, number):
        env.filters[text_filter.__name__] = text_filter
    style = loader.get_source(env, "style.css")[0].strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    env.globals.update(
        style=Markup(style),  # noqa: S704 - the grader's own file, or the course's
        policy=policy,
        status_words=STATUS_WORDS,
    )
    return env


def student_page(graded: Graded, env: Environment, notebook: str = "", note: str = "") -> str:
    """Render the page of one student.

    `notebook` is the file name of the page that shows the executed notebook, if there is one, and
    `note` what a reader should know of it.
    """
    return env.get_template("student.html").render(
        one=graded,
        data=_data(graded),
        share=_share(graded),
        level=_level(graded),
        reasons=_reasons(graded),
        views=[views(check.evidence) for check in graded.checks],
        facts=_facts(graded.provenance),
        notebook=notebook,
        note=note,
    )


def index_page(graded: Sequence[Graded], env: Environment, stems: Mapping[str, str]) -> str:
    """Render the overview of a class, in order of name."""
    rows = sorted(graded, key=lambda one: file_names.order(one.student))
    used = [data for one in rows if (data := _data(one))]
    return env.get_template("index.html").render(
        title=rows[0].title if rows else "Nothing was handed in",
        rows=[
            {"one": one, "href": f"{stems[one.student]}.html", "share": _share(one)} for one in rows
        ],
        people=_people(rows, stems),
        data=next((d for d in used if d["stand_in"]), used[0] if used else None),
        level=min((level for one in rows if (level := _level(one)) >= 0), default=-1),
        late=sum(one.late for one in rows),
        spread=_spread(rows),
        rubric=_rubric(rows),
        failures=_first_failures(rows),
    )


def render(
    graded: Sequence[Graded],
    out: Path,
    *,
    templates: Path | None,
    stems: Mapping[str, str],
    notebooks: Mapping[str, Executed] | None = None,
) -> None:
    """Write `index.html`, and `<stem>.html` and `<stem>.json` for each student, into `out`.

    `stems` gives each student the name that `neutral.file_name` made. Every file appears whole,
    and is left alone where nothing in it changed. Of a student in `notebooks`, `<stem>.ipynb` and
    `<stem>.notebook.html` are written too.

    Raises:
        ValueError: a stem is missing, unsafe or given twice.
        CourseError: a template cannot be rendered.
    """
    _check_stems(graded, stems)
    out.mkdir(parents=True, exist_ok=True)
    try:
        env = environment(templates)
        for one in graded:
            stem, executed = stems[one.student], (notebooks or {}).get(one.student)
            record = json.dumps(one.to_json(), indent=1, allow_nan=False) + "\n"
            file_names.write(out / f"{stem}.json", record.encode())
            page, note = _notebook(one, executed, out / stem, env) if executed else ("", "")
            file_names.write(out / f"{stem}.html", student_page(one, env, page, note).encode())
        file_names.write(out / "index.html", index_page(graded, env, stems).encode())
    except TemplateError as error:
        name = getattr(error, "name", None) or "A template"
        raise CourseError(
            f"{name} cannot be rendered: {error}. Correct it in {templates or bundled()}."
        ) from error


def _notebook(one: Graded, executed: Executed, path: Path, env: Environment) -> tuple[str, str]:
    """Write a notebook as a file and as a page; the page's name, and what could not be done."""
    fault = _invalid(executed.notebook)
    if not fault:
        file_names.write(path.with_name(f"{path.name}.ipynb"), executed.notebook)
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


def _invalid(notebook: bytes) -> str:
    """Why these bytes are not kept as a notebook, in a sentence; empty where they are valid."""
    from nbformat import validator

    if len(notebook) > MOST_BYTES:
        return f"It has {len(notebook):,} bytes."
    try:
        book = json.loads(notebook.decode("utf-8"))
        if not isinstance(book, dict) or book.get("nbformat") != 4:
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
    seen = {"index", "grades"}
    for one in graded:
        stem = stems.get(one.student, "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", stem) or stem.casefold() in seen:
            raise ValueError(f"{stem!r} cannot be the file name of {one.student!r}")
        seen.add(stem.casefold())


# -------------------------------------------------------------------------------- text, numbers


def prose(text: str, notebook: str = "") -> Markup:
    """Turn plain text into escaped HTML; what stands between backticks becomes code.

    With the name of a `notebook` page, each `lenet.ipynb, cell 7` and a text that is `cell 7`
    becomes a link to that cell.
    """
    safe = str(escape_html(escape.visible(text.strip())))
    made = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", safe)
    if notebook:
        made = _CELL.sub(
            lambda m: f'<a href="{escape_html(notebook)}#cell-{m[1]}">{m[0]}</a>', made
        )
    return Markup(made)  # noqa: S704 - escaped above, and tags added around what holds none


def _finalize(value: Any) -> Any:
    """What a template prints, made visible; markup was made from visible text already."""
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return escape.visible(value) if plain else value


# ----------------------------------------------------------------------- what a record amounts to


def _data(graded: Graded) -> dict[str, Any] | None:
    """The data set used, in words, and whether it stood in for another."""
    data = graded.provenance.get("data")
    if not isinstance(data, dict):
        return None
    name = str(data.get("name") or "")
    used = re.sub(r"(?i)^stand-in: *", "", str(data.get("used") or name)).rstrip(".")
    return {"name": name, "used": used, "stand_in": data.get("stand_in") is True}


def _share(graded: Graded) -> float:
    """Score by maximum, 0 to 1 or, with a bonus, more."""
    return max(0.0, graded.score / graded.max_score) if graded.max_score > 0 else 0.0


def _level(graded: Graded) -> int:
    """The sandbox level; -1 where nothing ran."""
    level = graded.provenance.get("level")
    return level if isinstance(level, int) else graded.execution.level


def _reasons(graded: Graded) -> list[str]:
    """Why a person has to look, each in a phrase."""
    ours = {"tampered", "broken"} & {graded.execution.status}
    return [f"the submission {STATUS_WORDS[status].split(':')[0]}" for status in sorted(ours)] + [
        f"“{check.title}” broke on our side"
        if check.outcome == "broken"
        else f"“{check.title}” asks for a person’s judgement"
        for check in graded.checks
        if check.outcome == "broken" or check.needs_review
    ]


def _people(
    rows: Sequence[Graded], stems: Mapping[str, str]
) -> dict[str, list[tuple[Graded, str]]]:
    """Who needs a person, and the page of each, by reason."""
    groups: dict[str, list[tuple[Graded, str]]] = defaultdict(list)
    for one in rows:
        if one.needs_review:
            groups["; ".join(_reasons(one))].append((one, f"{stems[one.student]}.html"))
    return groups


def _facts(value: Json | Mapping[str, Json], name: str = "") -> list[tuple[str, str]]:
    """Provenance as rows of a table, nested names joined."""
    if isinstance(value, Mapping):
        return [
            row
            for key, inner in value.items()
            for row in _facts(inner, f"{name} · {key}" if name else key)
        ]
    if isinstance(value, list):
        return [(name, ", ".join(text for part in value for _, text in _facts(part)))]
    return [(name.replace("_", " "), str(value) if type(value) is int else number(value) or "–")]


def _spread(rows: Sequence[Graded]) -> dict[str, Any] | None:
    """Mean, median and the number of students in each tenth of the scale."""
    if not rows:
        return None
    bins = [0] * 10
    for one in rows:
        bins[min(9, int(10 * _share(one) + 1e-9))] += 1
    scores = [one.score for one in rows]
    return {
        "mean": statistics.fmean(scores),
        "median": statistics.median(scores),
        "max": max(one.max_score for one in rows),
        "bins": [
            (10 * index, count, round(100 * count / max(bins), 1))
            for index, count in enumerate(bins)
        ],
    }


def _rubric(rows: Sequence[Graded]) -> list[dict[str, Any]]:
    """Each check with its outcomes in this class; in `cells` one place per row, None if absent."""
    found: dict[str, CheckResult] = {}
    for one in rows:
        for check in one.checks:
            found.setdefault(check.name, check)
    lines = []
    for name, check in found.items():
        cells = [next((c for c in one.checks if c.name == name), None) for one in rows]
        there = [cell for cell in cells if cell is not None]
        worth = [c.earned / c.points for c in there if c.points > 0 and c.outcome != "broken"]
        count = {outcome: sum(c.outcome == outcome for c in there) for outcome in get_args(Outcome)}
        lines.append(
            {
                "check": check,
                "cells": cells,
                "count": count,
                "of": len(there),
                "mean": statistics.fmean(worth) if worth else None,
            }
        )
    return lines


def _first_failures(rows: Sequence[Graded], most: int = 8) -> list[tuple[str, str, list[str]]]:
    """What students stumbled over first, most common first: check, first sentence, who."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in rows:
        lost = next((c for c in one.checks if c.lost and c.outcome != "skipped"), None)
        if one.execution.status != "ok":
            error = one.execution.error
            kind = f": {error.kind}" if error is not None else ""
            key = ("", f"The submission {STATUS_WORDS[one.execution.status]}{kind}")
        elif lost is not None:
            text = re.split(r"(?<=[.!?])\s|\n", lost.feedback.strip(), maxsplit=1)[0]
            key = (lost.title, text[:200] or "No reason was given.")
        else:
            continue
        groups[key].append(one.student)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(title, text, who) for (title, text), who in ranked[:most]]
