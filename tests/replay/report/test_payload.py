"""The data of the page: small, complete, and safe inside HTML."""

from __future__ import annotations

import json
from typing import Any

from made_results import typed

from mclite.replay.report import payload, support


def build(runs: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    results = [typed(run) for run in runs]
    rows = [row for row, _ in support.table(results)]
    return payload.build(results, rows, spec=None, links=[""] * len(runs), **{"dialogues": True} | options)


def dialogue(data: dict[str, Any], target: int, index: int) -> list[str]:
    """Put a dialogue back together as the page does."""
    about = data["targets"][target]
    numbers = data["transcripts"][data["results"][target][index][3]]
    parts = {payload.RUN_ID: about["run"], payload.VERSION: about["version"]}
    out = []
    for number in numbers:
        if number >= 0:
            text = data["strings"][number]
            for sign, part in parts.items():
                text = text.replace(sign, part)
            out.append(text)
    return out


def test_every_dialogue_comes_back_as_it_was(fleet: Any) -> None:
    runs = fleet(120)[:3]
    data = build(runs)
    position = {values[0]: index for index, values in enumerate(data["scenarios"])}
    checked = 0
    for target, run in enumerate(runs):
        for scenario in run["scenarios"]:
            if scenario["transcript"] is None:
                continue
            said = ["".join(event[:3]) for event in run["transcripts"][scenario["transcript"]]]
            assert dialogue(data, target, position[scenario["id"]]) == said
            checked += 1
    assert checked > 300


def test_equal_dialogues_are_stored_once_whatever_their_keys_and_versions(make: Any) -> None:
    one = make(size=100)
    two = make("memcached 1.6.18", "1.6.18", size=100, run="zz81q")
    assert len(build([one, two])["transcripts"]) == len(build([one])["transcripts"])


def test_a_pause_is_kept_and_small_change_is_not(make: Any) -> None:
    one = make(size=30)
    index = one["scenarios"][0]["transcript"]
    one["transcripts"][index] = [["A", ">", "get x", 1.0], ["A", "<", "END", 2.5], ["A", ">", "get x", 1502.5]]
    data = build([one])
    position = next(i for i, values in enumerate(data["scenarios"]) if values[0] == one["scenarios"][0]["id"])
    numbers = data["transcripts"][data["results"][0][position][3]]
    assert [number for number in numbers if number < 0] == [-15]
    assert len(numbers) == 4


def test_without_dialogues_there_are_none(make: Any) -> None:
    assert build([make(size=50)], dialogues=False)["transcripts"] == []


def test_the_latest_run_says_what_a_scenario_is(make: Any) -> None:
    old, new = make(size=30, started="2026-01-01T00:00:00Z"), make(size=30, started="2026-02-01T00:00:00Z")
    new["scenarios"][0]["title"] = "A better title"
    for runs in ([old, new], [new, old]):
        assert "A better title" in [scenario.title for scenario in payload.arrange([typed(run) for run in runs])]


def test_chapters_follow_the_document(make: Any) -> None:
    chapters = list(dict.fromkeys(one.chapter for one in payload.arrange([typed(make(size=220))])))
    assert chapters.index("keys") < chapters.index("storage") < chapters.index("meta-get") < chapters.index("udp")


def test_hostile_texts_cannot_leave_the_script_element(hostile: Any) -> None:
    run = hostile()
    text = payload.to_script(build([run]))
    assert not set("<>&\u2028\u2029") & set(text)
    assert text.isascii()
    assert json.loads(text)["targets"][0]["name"] == run["target"]["name"]
