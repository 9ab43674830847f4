"""The data of the page: small, complete, and safe inside HTML."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest
from made_results import typed

from mclite.replay.report import payload, support


def build(runs: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    results = [typed(run) for run in runs]
    rows = [row for row, _ in support.table(results)]
    return payload.build(results, rows, spec=None, links=[""] * len(runs), **{"dialogues": True} | options)


def dialogue(data: dict[str, Any], target: int, index: int) -> list[str]:
    """Put a dialogue back together as the page does."""
    about, row = data["targets"][target], data["results"][target][index]
    parts = {payload.RUN_ID: about["run"], payload.VERSION: about["version"]}

    def key(found: re.Match[str]) -> str:
        number, keys = ord(found[0]) - payload.KEY, row[3]
        if isinstance(keys, list):
            return f"{about['run']}{keys[number]}"
        head, first = ("00_", keys) if isinstance(keys, int) else (keys[:-4], int(keys[-4:], 36))
        return f"{about['run']}{head}{base36(first + number):0>4}"

    out = []
    for number in data["transcripts"][row[4]]:
        if number >= 0:
            text = re.sub("[\ue010-\uef0f]", key, data["strings"][number])
            for sign, part in parts.items():
                text = text.replace(sign, part)
            out.append(text)
    return out


def base36(number: int) -> str:
    digit = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]
    return digit if number < 36 else base36(number // 36) + digit


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


@pytest.mark.parametrize(
    "keys", [["00_002v", "00_002w"], ["01_00zz", "01_0100"], ["00_0001", "00_0007"], ["00_0001", "01_0001"], ["_0222"]]
)
def test_keys_are_taken_out_and_come_back(make: Any, keys: list[str]) -> None:
    one, two = make(size=1), make(size=1, run="zz81q")
    for run in (one, two):
        words = " ".join(f"{run['run']['id']}{key}" for key in keys)
        run["transcripts"] = [[["A", ">", f"get {words}\\r\\n"], ["A", "<", f"VALUE {words}[...]\\r\\n"]]]
        run["scenarios"][0] |= {"transcript": 0, "got": f"VALUE {words}"}
    data = build([one, two])
    assert len(data["transcripts"]) == 1
    for target, run in enumerate((one, two)):
        assert dialogue(data, target, 0) == ["".join(event) for event in run["transcripts"][0]]


def test_a_pause_is_kept_and_small_change_is_not(make: Any) -> None:
    one = make(size=30)
    index = one["scenarios"][0]["transcript"]
    one["transcripts"][index] = [["A", ">", "get x", 1.0], ["A", "<", "END", 2.5], ["A", ">", "get x", 1502.5]]
    data = build([one])
    position = next(i for i, values in enumerate(data["scenarios"]) if values[0] == one["scenarios"][0]["id"])
    numbers = data["transcripts"][data["results"][0][position][4]]
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
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", text)
    data = json.loads(zlib.decompress(base64.b64decode(text), -zlib.MAX_WBITS))
    assert data["targets"][0]["name"] == run["target"]["name"]
