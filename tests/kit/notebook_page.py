"""The page of a notebook, made and looked through."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.records.causes import Cause
from grader.records.execution import ExecutedCell, ExecutedNotebook
from grader.report import escape, pages
from grader.report.dress import dress
from grader.report.notebook_page import Links, notebook_page
from kit.page import ACTIVE, Page

ENV = pages.environment()


def page(notebook: bytes, runs: Sequence[ExecutedCell] = (), causes: Sequence[Cause] = ()) -> str:
    """A notebook's page."""
    return notebook_page(
        student="Ada",
        title="LeNet-5",
        executed=ExecutedNotebook(content=notebook, cells=tuple(runs)),
        env=ENV,
        links=Links(here="Ada.notebook.html", back="Ada.html"),
        causes=causes,
    )


def inert(html: str) -> Page:
    """Parse a page and assert that nothing in it can act or reach out; pictures are data."""
    parsed = Page(html)
    for tag, attributes in parsed.elements:
        assert tag not in ACTIVE - {"img", "script"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "srcset", "action", "formaction", "id") or (
                name == "id" and re.fullmatch(r"[a-z]+(-\d+)?", value)
            )
            if name == "src":
                assert tag == "img"
                assert re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*", value)
            if "href" in name:
                assert re.fullmatch(
                    r"#[a-z]+(-\d+)?|Ada(\.notebook)?\.html(#cell-\d+)?|Ada\.ipynb", value
                )
            if name not in ("alt", "title", "aria-label"):
                assert "://" not in value
    assert html.count("Content-Security-Policy") == 1
    assert parsed.script in ("", dress(ENV, scripted=True)["script"])
    assert html.count("<script") == bool(parsed.script)
    hidden = [c for c in parsed.text if c not in "\n\t" and escape.block(c) != c]
    assert not hidden
    return parsed
