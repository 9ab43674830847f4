"""The documentation as a site: built without a warning, no dead link, and nothing loaded from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("material", reason="needs mkdocs-material: pip install '.[site]'")

ROOT = Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """A page: what it links to, what it loads, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag's addresses and name."""
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name == "href" and tag == "a" and value:
                self.links.add(value)
            elif (name == "src" or (name == "href" and tag == "link")) and value:
                self.loaded.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, strictly."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Read what is made of Markdown; the reports have tests of their own."""
    made = [path for path in site.rglob("*.html") if path.parent.name != "reports" and path.name != "404.html"]
    return {path: Page(path.read_text("utf-8")) for path in made}


def test_each_document_is_a_page(site: Path, pages: dict[Path, Page]) -> None:
    documents = {path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.glob("docs/**/*.md")}
    wanted = {name.removesuffix("README").rstrip("/") for name in documents}
    there = {path.parent.relative_to(site).as_posix() for path in pages}
    assert wanted <= there
    assert {".", "conformance", "CONTRIBUTING", "CHANGELOG"} <= there


def test_each_link_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    dead = []
    for path, page in pages.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            target = target / "index.html" if target.is_dir() else target
            places = pages[target].places if target in pages else None
            if not target.is_file() or (
                address.fragment and places is not None and unquote(address.fragment) not in places
            ):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert not dead


def test_it_loads_nothing_from_elsewhere(pages: dict[Path, Page]) -> None:
    loaded = {one for page in pages.values() for one in page.loaded}
    assert loaded
    assert not [one for one in loaded if urlsplit(one).netloc]
