"""What client libraries did becomes a part of the results."""

from __future__ import annotations

from made_results import record

from mclite.replay.clients import results
from mclite.replay.results.document import Client, ClientCheck, ClientOutcome


def found(check: str, outcome: ClientOutcome) -> Client:
    return Client("pylibmc", "Python", "text", "1.6.3", (ClientCheck(check, check, outcome, None, 1.0),))


def test_a_failed_check_names_the_scenarios_that_fail_too() -> None:
    clients: dict[str, Client] = {}
    results.gather(clients, found("basics", "works"))
    results.gather(clients, found("counters", "fails"))
    records = {
        name: record(name, verdict=verdict, outcome="mismatch")
        for name, verdict in (
            ("arithmetic/a", "warn"),
            ("arithmetic/b", "fail"),
            ("arithmetic/c", "pass"),
            ("x/d", "fail"),
        )
    }
    (client,) = results.explained(clients, records)
    assert [(check.check, check.scenarios) for check in client.checks] == [
        ("basics", ()),
        ("counters", ("arithmetic/b", "arithmetic/a")),
    ]


def test_a_library_that_is_too_new_is_shown_what_only_older_servers_do() -> None:
    records = {
        made.id: made
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
    records = {name: record(name, verdict="fail") for name in (f"storage/x/{number:02}" for number in range(30))}
    assert len(results.related(["storage"], "text", records)) == results.MOST
