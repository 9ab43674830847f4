"""The page as a file: small, quick, whole or not at all, and closed to everything but its own script."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import html, spec
from mclite.replay.results.read import ResultsError, load


class Page(HTMLParser):
    """What a page is made of: elements with attributes, the text of scripts and styles, and all other text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw.append((self._inside, data))
        else:
            self.text += data


@pytest.fixture(autouse=True)
def _no_installed_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "USUAL", ())


def test_a_thousand_scenarios_are_small_and_quick(make: Any, folder: Any) -> None:
    path, out = folder.write(make(size=1000, fail=0.02)), folder.path / "page.html"
    began = time.process_time()
    html.write([path], out)
    assert time.process_time() - began < 200
    assert out.stat().st_size < 1_000_000


def test_eight_targets_are_small_and_quick(fleet: Any, folder: Any) -> None:
    paths = [folder.write(run, f"{number}.json") for number, run in enumerate(fleet(1000))]
    out = folder.path / "page.html"
    began = time.process_time()
    html.write(paths, out)
    assert time.process_time() - began < 2
    assert out.stat().st_size < 4_000_000


@pytest.mark.parametrize("many", [False, True])
def test_only_its_own_script_and_style_may_run(make: Any, fleet: Any, many: bool) -> None:
    page = Page(html.render([typed(run) for run in fleet(60)] if many else [typed(make())]))
    (policy,) = [
        attrs["content"] or "" for _, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    allowed = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert allowed["default-src"] == ["'none'"]
    scripts = [text for tag, text in page.raw if tag == "script"]
    styles = [text for tag, text in page.raw if tag == "style"]
    for texts, source in ((scripts[1:], "script-src"), (styles, "style-src")):
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert allowed[source] == [f"'sha256-{digest}'" for digest in digests]
    assert len(scripts) == 2


@pytest.mark.parametrize("many", [False, True])
def test_nothing_is_loaded_from_anywhere(make: Any, fleet: Any, many: bool) -> None:
    page = Page(html.render([typed(run) for run in fleet(60)] if many else [typed(make())]))
    for tag, attrs in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "img", "base")
        assert "src" not in attrs
        assert "style" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        if "href" in attrs:
            assert (attrs["href"] or "").startswith("#")
    own = "".join(text for _, text in page.raw[:1] + page.raw[2:])
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(|fetch\(|XMLHttp|innerHTML", own)


def test_a_hostile_server_adds_no_element(make: Any, hostile: Any, folder: Any) -> None:
    plain = Page(html.render([typed(make(size=40, fail=0.5, seed=3))]))
    bad = Page(html.render([load(folder.write(hostile()))]))
    allowed = {tag for tag, _ in plain.elements}
    assert {tag for tag, _ in bad.elements} <= allowed
    assert sum(tag == "script" for tag, _ in bad.elements) == 2
    assert "</script><img src=x onerror=window.hacked=1> does not conform" in bad.text
    assert "{{ 7*7 }}" in bad.text


def test_the_verdict_and_the_support_table_need_no_script(make: Any) -> None:
    text = html.render([typed(make(size=220))])
    page = Page(text)
    assert "memcached 1.6.45 conforms to memcached 1.6.45: all" in page.text
    assert "needs scripting" in page.text or "need scripting" in page.text
    links = [attrs["href"] for tag, attrs in page.elements if (attrs.get("class") or "").startswith("cell is-")]
    assert "#command=cas" in links
    assert "#feature=udp" in links


def test_several_servers_have_one_sentence(fleet: Any) -> None:
    runs = [typed(run) for run in fleet(220)]
    assert html.overall(runs[:1] + runs[4:5]) == "All 2 servers conform."
    assert html.overall([runs[0], runs[7]]) == "Of 2 servers, 1 conforms and 1 does not conform."


def test_servers_of_one_name_are_told_apart(make: Any) -> None:
    first, second, third = make(), make(), make(started="2026-12-01T00:00:00Z")
    second["target"]["address"] = "127.0.0.1:2"
    names = html.labels([typed(run) for run in (first, second, third)])
    assert names[1] == "memcached 1.6.45 (127.0.0.1:2)"
    assert len(set(names)) == 3


def test_bad_input_leaves_what_was_there(folder: Any, make: Any) -> None:
    good, out = folder.write(make()), folder.path / "out" / "page.html"
    html.write([good], out)
    before = out.read_bytes()
    bad = folder.path / "bad.json"
    bad.write_bytes(good.read_bytes()[:1000])
    with pytest.raises(ResultsError):
        html.write([good, bad], out)
    with pytest.raises(ResultsError):
        html.write([good], out, protocol=folder.path / "none.txt")
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


def test_no_text_of_the_specification_unless_a_copy_is_at_hand(
    folder: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tuple(f"sentence {number}" for number in range(spec.LENGTH))
    copy = spec.Spec(Path("protocol.txt"), lines, tuple(range(1, spec.LENGTH + 1)))
    monkeypatch.setattr(spec, "find", lambda: copy)
    path, out = folder.write(make()), folder.path / "page.html"
    html.write([path], out)
    assert "sentence 1925" in out.read_text()
    html.write([path], out, text=False)
    assert "sentence 1925" not in out.read_text()


def test_pages_of_their_own_carry_the_dialogues(fleet: Any) -> None:
    runs = [typed(run) for run in fleet(60)[:2]]
    whole, light = html.render(runs), html.render(runs, links=["a.html", "b.html"])
    assert len(light) < len(whole)
    assert '<a href="a.html">memcached 1.6.45</a>' in light


def test_servers_stand_in_version_order(fleet: Any) -> None:
    page = html.render([typed(run) for run in reversed(fleet(40))])
    heads = [page.index(f'title="memcached {version}"') for version in ("1.6.9", "1.6.18", "1.6.38", "1.6.45")]
    assert heads == sorted(heads)


def test_causes_come_before_deviations(fleet: Any) -> None:
    page = html.render([typed(run) for run in fleet(60)[5:6]])
    assert page.index('id="causes"') < page.index('id="deviations"')
    assert page.index(">Causes</a>") < page.index(">Support</a>")
