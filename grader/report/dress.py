"""What a page wears: its style sheet, its script where it has one, and the policy that allows both.

A policy names the digest of each. Nothing else of a page can act or look otherwise.
"""

from __future__ import annotations

import base64
import hashlib

from jinja2 import Environment
from markupsafe import Markup

STYLE, SCRIPT = "style.css", "page.js"


def dress(env: Environment, sheet: str = "", *, scripted: bool = False) -> dict[str, str]:
    """Values for a template: `style`, which is the common sheet with this one below it, `script`
    and `policy`.
    """
    texts = [_read(env, name) for name in (STYLE, sheet) if name]
    style, script = "\n".join(texts), _read(env, SCRIPT) if scripted else ""
    return {
        "style": Markup(style),  # noqa: S704 - the grader's own file, or the course's
        "script": Markup(script),  # noqa: S704 - the same
        "policy": _write_policy(style, script),
    }


def _read(env: Environment, name: str) -> str:
    assert env.loader is not None
    return env.loader.get_source(env, name)[0].strip()


def _write_policy(style: str, script: str) -> str:
    """What a page may do: show this style sheet and pictures that it holds, run this script, and
    nothing else.
    """
    scripts = f"script-src '{_hash(script)}'; " if script else ""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; img-src data:; {scripts}"
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
