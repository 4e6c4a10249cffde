"""The manual that `make docs` builds: whole, searchable, and without a request to another machine."""

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

import grader
from kit.browser import open_browser
from kit.places import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.proof, pytest.mark.process]
SCRIPTS = ROOT / "docs" / "site"
ROOMS = ("compare", "data", "diagnosis", "measurements", "probe")
"""Of which the reference shows everything that is public."""
SHOWN = ("index", "docs/gallery", "docs/reference/api", "docs/tutorial/first-check")
LOADED = re.compile(r"<(?:script|img|link|iframe|source)[^>]*?(?:src|href)=[\"']?(https?:)?//")
"""What would be fetched from another machine."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `make docs` builds it."""
    out = tmp_path_factory.mktemp("manual")
    done = subprocess.run(
        [sys.executable, SCRIPTS / "make_site.py", "-o", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == str(out / "site" / "index.html")
    return out / "site"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    with open_browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_every_page_is_there(site: Path) -> None:
    """Those of docs/, the three beside it, and the pages of the sample class; links lead to each."""
    pages = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")]
    for page in [*pages, *(ROOT / "docs").rglob("*.md")]:
        path = page.relative_to(ROOT).with_suffix(".html")
        index = path.with_name("index.html")
        assert (site / (index if path.stem == "README" else path)).exists(), page
    folders = [p for p in (ROOT / "assignments/lenet5_mnist/sample").iterdir() if p.is_dir()]
    shown = {p.name for p in (site / "docs" / "gallery").glob("*.html")}
    links = set(re.findall(r'href="gallery/([^"]+)"', (site / "docs/gallery.html").read_text()))
    assert shown == {unquote(link) for link in links if link.endswith(".html")}
    assert len(shown) > len(folders) >= 30


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """No page, style or script names another machine for something that it loads."""
    for path in site.rglob("*.html"):
        assert not LOADED.search(path.read_text(encoding="utf-8")), path
    for path in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?https?:", path.read_text(encoding="utf-8"))


def test_the_reference_is_complete(site: Path) -> None:
    """Every class and function that assignments can import has its entry, of its docstring."""
    page = (site / "docs" / "reference" / "api.html").read_text(encoding="utf-8")
    ids = set(re.findall(r'id="([\w.]+)"', page))
    for room in ROOMS:
        module = getattr(grader, room)
        names = getattr(module, "__all__", ("module", "call", "value", "script", "text", "live"))
        own = [n for n in names if inspect.isroutine(o := getattr(module, n)) or inspect.isclass(o)]
        assert own
        assert [n for n in own if f"{module.__name__}.{n}" not in ids] == []
    for name in set(grader.__all__) - set(ROOMS):
        assert any(i.endswith(f".{name}") for i in ids), name


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_in_a_browser(address: str, browser: Browser, width: int) -> None:
    """Pictures are seen, nothing is asked of others, nothing is complained of."""
    with browser.new_context(viewport={"width": width, "height": 900}) as window:
        page = window.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for name in SHOWN:
            page.goto(f"{address}{name}.html", wait_until="networkidle")
            sizes = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
            assert all(sizes), name
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, name
        assert [url for url in asked if not url.startswith((address, "data:"))] == []
        assert said == []


def test_it_is_searched(address: str, browser: Browser) -> None:
    """A word of a how-to is found from the first page, by keyboard."""
    with browser.new_context() as window:
        page = window.new_page()
        page.goto(f"{address}index.html", wait_until="networkidle")
        page.keyboard.press("/")
        page.keyboard.type("autoencoder")
        page.wait_for_selector(".md-search-result__item a")
        links = page.eval_on_selector_all(
            ".md-search-result__item a", "all => all.map(a => a.href)"
        )
        assert any("use-own-loss" in link for link in links)


@pytest.mark.parametrize("broken", ["[a](nowhere.md)", "[a](gallery.md#nowhere)", "::: grader.no"])
def test_a_broken_page_stops_the_build(tmp_path: Path, broken: str) -> None:
    """A link to no page, a link to no heading, and a name that is not in the code."""
    code = (
        "import sys, make_site; from pathlib import Path; out = Path(sys.argv[1]); "
        "make_site.lay_out(out / 'manual'); page = out / 'manual/docs/gallery.md'; "
        "page.write_text(page.read_text() + '\\n' + sys.argv[2]); "
        "make_site.build_site(out / 'manual', out / 'site')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path, broken],
        cwd=SCRIPTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "nowhere" in done.stderr or "grader.no" in done.stderr
