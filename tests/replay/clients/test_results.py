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
        name: {"id": name, "chapter": name.split("/")[0], "verdict": verdict}
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
