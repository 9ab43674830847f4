"""The clients chapter: what works, what fails and why, what was not tried."""

from __future__ import annotations

from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import clients, html, spec
from mclite.replay.results import merge


@pytest.fixture(autouse=True)
def _no_installed_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "USUAL", ())


def cells(run: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row.name: (row.cells[0].status, row.cells[0].text) for row in clients.table([typed(run)])}


def test_a_library_works_or_fails_in_part(make: Any) -> None:
    assert cells(make(size=3)) == {"pymemcache.Client": ("supported", "works"), "pylibmc": ("partly", "1 of 2")}


@pytest.mark.parametrize(
    ("outcomes", "cell"),
    [
        (("missing", "missing"), ("untested", "not installed")),
        (("unsupported", "unsupported"), ("unsupported", "not supported")),
        (("works", "not-offered"), ("supported", "works")),
        (("fails", "fails"), ("unsupported", "0 of 2")),
    ],
)
def test_other_outcomes(make: Any, outcomes: tuple[str, str], cell: tuple[str, str]) -> None:
    run = make(size=3)
    for check, outcome in zip(run["clients"][0]["checks"], outcomes, strict=True):
        check |= {"outcome": outcome, "reason": "so it is"}
    assert cells(run)["pymemcache.Client"] == cell


def test_the_page_has_the_chapter_with_reasons_and_scenarios(make: Any) -> None:
    run = make(size=3)
    run["clients"][1]["checks"][1]["scenarios"] = ["storage/cas/stale"]
    page = html.render([typed(run)])
    assert 'id="clients"' in page
    assert "AssertionError: 99 came, and 100 was stored" in page
    assert "#open=storage/cas/stale" in page


def test_a_run_without_clients_has_no_chapter(make: Any) -> None:
    run = make(size=3)
    del run["clients"]
    assert 'id="clients"' not in html.render([typed(run)])


def test_runs_side_by_side(make: Any) -> None:
    one, other = make(size=3), make(size=3, name="other", run="zz")
    del other["clients"]
    rows = clients.table([typed(one), typed(other)])
    assert [cell.text for cell in rows[0].cells] == ["works", "not tried"]


def test_what_a_library_is_called_is_escaped_and_cut(make: Any) -> None:
    run = make(size=3)
    run["clients"][0]["name"] = "<b>" + "x" * 500
    page = html.render([typed(run)])
    assert "<b>x" not in page
    assert "x" * 100 not in page.partition('id="clients"')[2].partition("</section>")[0]


def test_merged_shards_keep_the_clients(make: Any) -> None:
    run = make(size=3)
    merged, _ = merge.merge([typed(run)])
    assert merged.clients == typed(run).clients
