"""Pages for people, rendered from records: one per student, and an index for the instructor.

Nothing is run or decided here; every number stands in the record. A page is one file without
scripts or outside resources. Whatever a template prints goes through `neutral.visible` and Jinja's
escaping, in this order, so a template cannot forget it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup, escape

from grader import neutral
from grader.errors import CourseError
from grader.records import STATUS_WORDS, CheckResult, Graded, Json, Outcome

MOST_CLASSES = 20
"""A confusion matrix with more rows than this is left out of the page."""


# ---------------------------------------------------------------------------------------- pages


def bundled() -> Path:
    """Return the folder of the templates that come with the grader."""
    here = Path(__file__).resolve().parent
    installed = here / "_course" / "reports" / "templates"
    return installed if installed.is_dir() else here.parent / "reports" / "templates"


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
    for text_filter in (neutral.line, prose, points, percent, shape, number):
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


def student_page(graded: Graded, env: Environment) -> str:
    """Render the page of one student."""
    return env.get_template("student.html").render(
        one=graded,
        data=_data(graded),
        share=_share(graded),
        level=_level(graded),
        reasons=_reasons(graded),
        views=[views(check.evidence) for check in graded.checks],
        facts=_facts(graded.provenance),
    )


def index_page(graded: Sequence[Graded], env: Environment, stems: Mapping[str, str]) -> str:
    """Render the overview of a class, in order of name."""
    rows = sorted(graded, key=lambda one: neutral.order(one.student))
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
    graded: Sequence[Graded], out: Path, *, templates: Path | None, stems: Mapping[str, str]
) -> None:
    """Write `index.html`, and `<stem>.html` and `<stem>.json` for each student, into `out`.

    `stems` gives each student the name that `neutral.file_name` made. Every file appears whole,
    and is left alone where nothing in it changed.

    Raises:
        ValueError: a stem is missing, unsafe or given twice.
        CourseError: a template cannot be rendered.
    """
    _check_stems(graded, stems)
    out.mkdir(parents=True, exist_ok=True)
    try:
        env = environment(templates)
        for one in graded:
            record = json.dumps(one.to_json(), indent=1, allow_nan=False) + "\n"
            neutral.write(out / f"{stems[one.student]}.json", record.encode())
            neutral.write(out / f"{stems[one.student]}.html", student_page(one, env).encode())
        neutral.write(out / "index.html", index_page(graded, env, stems).encode())
    except TemplateError as error:
        name = getattr(error, "name", None) or "A template"
        raise CourseError(
            f"{name} cannot be rendered: {error}. Correct it in {templates or bundled()}."
        ) from error


def _check_stems(graded: Sequence[Graded], stems: Mapping[str, str]) -> None:
    seen = {"index", "grades"}
    for one in graded:
        stem = stems.get(one.student, "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", stem) or stem.casefold() in seen:
            raise ValueError(f"{stem!r} cannot be the file name of {one.student!r}")
        seen.add(stem.casefold())


# -------------------------------------------------------------------------------- text, numbers


def prose(text: str) -> Markup:
    """Turn plain text into escaped HTML; what stands between backticks becomes code."""
    safe = str(escape(neutral.visible(text.strip())))
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", safe))  # noqa: S704 - escaped above


def points(value: float) -> str:
    """Write points with at most two decimals: 100, 73.5, 33.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share as percent, rounded to 100 or to 0 only where it is that: 99.9 %."""
    if value is None:
        return "–"
    shown, step = round(100 * value, digits), 10.0**-digits
    if shown >= 100 > 100 * value:
        shown = 100 - step
    elif shown == 0 and value > 0:
        shown = step
    return f"{shown:.{digits}f} %"


def shape(value: Json) -> str:
    """Write a shape as people do: 3 × 6 × 28 × 28."""
    if isinstance(value, list):
        return " × ".join(str(side) for side in value) if value else "one number"
    return "" if value is None else str(value)


def number(value: Json) -> str:
    """Write a number with thousands apart or six digits that matter; lists of them in brackets."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return "[" + ", ".join(number(part) for part in value) + "]"
    return "" if value is None else str(value)


def _finalize(value: Any) -> Any:
    """What a template prints, made visible; markup was made from visible text already."""
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return neutral.visible(value) if plain else value


# ------------------------------------------------------------------------------------- evidence


def views(evidence: Mapping[str, Json]) -> dict[str, Any]:
    """Pick from a check's evidence what a page can show; unknown or odd parts stay in the JSON."""
    makers = {
        "layers": _layers,
        "mismatch": _mismatch,
        "accuracy": _accuracy,
        "parameters": _parameters,
        "table": _table,
    }
    made = {key: make(evidence[key]) for key, make in makers.items() if key in evidence}
    return {key: view for key, view in made.items() if view}


def _records(value: Json) -> list[dict[str, Json]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _real(value: Json) -> float | None:
    """A finite number, or None: a record holds NaN as text."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if real and math.isfinite(value) else None  # type: ignore[arg-type]


def _layers(value: Json) -> list[dict[str, Any]]:
    """Pairs of layers in order, the first that differs marked."""
    rows, found = [], False
    for row in _records(value):
        same = row.get("same") is True
        rows.append(
            {
                "sides": [
                    side if isinstance(side := row.get(key), dict) else None
                    for key in ("seen", "expected")
                ],
                "same": same,
                "first": not same and not found,
                "note": str(row.get("note") or ""),
            }
        )
        found = found or not same
    return rows


def _mismatch(value: Json) -> list[tuple[str, str]]:
    """What differs, where and by how much, in the order in which one reads it."""
    if not isinstance(value, dict):
        return []
    terms = [("where", "In"), ("index", "At index"), ("seen", "Yours"), ("expected", "Expected"),
             ("error", "Difference"), ("allowed", "Allowed")]  # fmt: skip
    rows = [(term, number(value[key])) for key, term in terms if value.get(key) is not None]
    wrong, total = _real(value.get("wrong")), _real(value.get("total"))
    if wrong is not None and total:
        rows.append(
            ("Values that differ", f"{wrong:,.0f} of {total:,.0f} ({percent(wrong / total)})")
        )
    return rows


def _accuracy(value: Json) -> dict[str, Any] | None:
    """Positions on a scale, in percent of its width, and the confusion matrix with shades 0–9."""
    if not isinstance(value, dict) or (student := _real(value.get("student"))) is None:
        return None
    marks = {key: _real(value.get(key)) for key in ("reference", "full", "zero")}
    known = [mark for mark in (student, *marks.values()) if mark is not None]
    low = max(0.0, math.floor(10 * (min(known) - 0.02)) / 10)
    place = {
        key: round(100 * min(1.0, max(0.0, (mark - low) / (1 - low))), 2)
        for key, mark in {"student": student, **marks}.items()
        if mark is not None
    }
    return {
        "student": student,
        **marks,
        "low": low,
        "at": place,
        "images": _real(value.get("images")),
        "classes": _classes(value),
    }


def _classes(value: Mapping[str, Json]) -> dict[str, Any] | None:
    """Rows of a confusion matrix, each with its share of right answers; None where too large."""
    share, matrix, names = (value.get(key) for key in ("per_class", "confusion", "classes"))
    shares = [_real(part) for part in share] if isinstance(share, list) else []
    square = isinstance(matrix, list) and all(
        isinstance(row, list) and len(row) == len(matrix) and all(type(n) is int for n in row)
        for row in matrix
    )
    counts: list[list[int]] = matrix if square and matrix else []  # type: ignore[assignment]
    size = len(counts) or len(shares)
    if not 0 < size <= MOST_CLASSES:
        return None
    labels = [str(name) for name in names] if isinstance(names, list) else []
    rows = []
    for index in range(size):
        row = counts[index] if counts else []
        total = sum(row)
        mine = shares[index] if len(shares) == size else row[index] / total if total else None
        cells = [(n, min(9, math.ceil(9 * n / total)) if total else 0) for n in row]
        rows.append({"cells": cells, "total": total, "share": mine})
    return {
        "labels": labels if len(labels) == size else [str(i) for i in range(size)],
        "rows": rows,
        "matrix": bool(counts),
    }


def _parameters(value: Json) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not (rows := _records(value.get("rows"))):
        return None
    return {"rows": rows, "total": value.get("total")}


def _table(value: Json) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not isinstance(rows := value.get("rows"), list):
        return None
    columns = value.get("columns")
    return {
        "columns": columns if isinstance(columns, list) else [],
        "rows": [row for row in rows if isinstance(row, list)],
    }


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
        if check.outcome == "broken" or check.person
    ]


def _people(
    rows: Sequence[Graded], stems: Mapping[str, str]
) -> dict[str, list[tuple[Graded, str]]]:
    """Who needs a person, and the page of each, by reason."""
    groups: dict[str, list[tuple[Graded, str]]] = defaultdict(list)
    for one in rows:
        if one.person:
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
