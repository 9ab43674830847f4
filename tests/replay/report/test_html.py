"""The page as a file: small, quick, whole or not at all, and closed to everything but its own script."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
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


def data(page: Path) -> str:
    """Return the data of a page as JSON."""
    packed = next(text for tag, text in Page(page.read_text()).raw if tag == "script")
    return zlib.decompress(base64.b64decode(packed), -zlib.MAX_WBITS).decode()


@pytest.fixture(autouse=True)
def _no_installed_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "USUAL", ())


def test_a_thousand_scenarios_are_small(make: Any, folder: Any) -> None:
    path, out = folder.write(make(size=1000, fail=0.02)), folder.path / "page.html"
    html.write([path], out)
    assert out.stat().st_size < 300_000


def test_eight_targets_are_small(fleet: Any, folder: Any) -> None:
    paths = [folder.write(run, f"{number}.json") for number, run in enumerate(fleet(1000))]
    out = folder.path / "page.html"
    html.write(paths, out)
    assert out.stat().st_size < 1_500_000


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
    assert "sentence 1925" in data(out)
    html.write([path], out, text=False)
    assert "sentence 1925" not in data(out)


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


def test_what_is_known_is_shown_with_its_reason(make: Any) -> None:
    run = make(size=60, fail=0.2)
    failing = [one for one in run["scenarios"] if one["verdict"] == "fail"]
    for one in failing:
        one |= {"baseline": "expected", "baseline_reason": "cas is not done yet"}
    failing[-1] |= {"baseline": "new", "baseline_reason": None}
    page = html.render([typed(run)])
    known = page[page.index('id="known"') : page.index('id="scenarios"')]
    assert "baseline: cas is not done yet" in known
    assert f"{len(failing) - 1} scenarios" in known
    listed = page[page.index('id="deviations"') : page.index('id="known"')]
    assert failing[-1]["title"] in listed
    assert failing[0]["title"] not in listed, "what is expected is no deviation"
    assert '<span class="tag news">new</span>' in listed


def test_scenarios_and_specification_are_printed_on_demand(make: Any) -> None:
    page = html.render([typed(make())])
    assert re.findall(r'<section id="(\w+)" class="unprinted"', page) == ["scenarios", "spec"]
