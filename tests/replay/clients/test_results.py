"""What client libraries did becomes a part of the results."""

from __future__ import annotations

from typing import Any

from mclite.replay.clients import results


def found(check: str, outcome: str) -> dict[str, Any]:
    return {
        "target": 0,
        "name": "pylibmc",
        "language": "Python",
        "protocol": "text",
        "version": "1.6.3",
        "check": check,
        "title": check,
        "outcome": outcome,
        "reason": None,
        "milliseconds": 1.0,
        "chapters": ["arithmetic"],
    }


def test_a_failed_check_names_the_scenarios_that_fail_too() -> None:
    clients: dict[str, Any] = {}
    results.gather(clients, found("basics", "works"))
    results.gather(clients, found("counters", "fails"))
    records = {
        name: {"id": name, "chapter": name.split("/")[0], "verdict": verdict, "outcome": "mismatch"}
        for name, verdict in (
            ("arithmetic/a", "warn"),
            ("arithmetic/b", "fail"),
            ("arithmetic/c", "pass"),
            ("x/d", "fail"),
        )
    }
    (entry,) = results.document(clients, records)
    assert [check["check"] for check in entry["checks"]] == ["basics", "counters"]
    assert "scenarios" not in entry["checks"][0]
    assert entry["checks"][1]["scenarios"] == ["arithmetic/b", "arithmetic/a"]
    assert "chapters" not in entry["checks"][1]


def record(name: str, verdict: str = "pass", **more: Any) -> dict[str, Any]:
    return {"id": name, "chapter": name.split("/")[0], "verdict": verdict, "outcome": "match", **more}


def test_a_library_that_is_too_new_is_shown_what_only_older_servers_do() -> None:
    records = {
        made["id"]: made
        for made in (
            record("meta_set/old/a", until="1.6.9"),
            record("meta_set/old/b", until="1.6.9"),
            record("meta_get/old/c", until="1.6.9"),
            record("meta_get/old/d", until="1.6.9", outcome="not-run", verdict="skipped"),
            record("meta_get/x/apart", like={"1.6.9": True, "1.6.45": False}),
            record("meta_get/x/new", like={"1.6.9": True, "1.6.45": True}),
            record("storage/old/text", until="1.6.9"),
            record("wire/x/fails", verdict="fail", outcome="mismatch"),
        )
    }
    chapters = ["storage", "meta_set", "meta_get", "wire"]
    assert results.related(chapters, "meta", records) == [
        "wire/x/fails",
        "meta_set/old/a",
        "meta_get/old/c",
        "meta_set/old/b",
        "meta_get/x/apart",
    ]
    assert results.related(chapters, "text", records) == ["wire/x/fails", "storage/old/text"]


def test_no_more_than_can_be_read_are_named() -> None:
    records = {name: record(name, "fail") for name in (f"storage/x/{number:02}" for number in range(30))}
    assert len(results.related(["storage"], "text", records)) == results.MOST
