from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mclite.replay import results
from mclite.replay.result import Result
from mclite.replay.results import document, fingerprint, resembles, slug, write
from mclite.replay.versions import parse_version

NEW = parse_version("1.6.45")


def wrong(got: bytes, **values: bytes) -> Result:
    return Result("mismatch", step=3, got=got, values=values)


def test_a_fingerprint_is_the_same_in_every_run() -> None:
    first = fingerprint(wrong(b"VALUE m12_7 0 1 4711\r\n", key=b"m12_7", cas=b"4711"))
    assert first == fingerprint(
        wrong(b"VALUE mff_901 0 1 5\r\n".replace(b" 5\r", b" 4712\r"), key=b"mff_901", cas=b"4712")
    )
    assert first != fingerprint(wrong(b"VALUE m12_7 0 2 4711\r\n", key=b"m12_7", cas=b"4711"))
    assert first != fingerprint(Result("timeout", step=3, got=b"VALUE m12_7 0 1 4711\r\n"))
    assert fingerprint(wrong(b"STAT time 1795445082")) == fingerprint(wrong(b"STAT time 1795449999"))
    assert fingerprint(wrong(b"\r\n")) != fingerprint(wrong(b""))


def like(name: str, **versions: bool) -> dict[str, Any]:
    return {"id": name, "like": {version.replace("_", "."): same for version, same in versions.items()}}


def test_resembles() -> None:
    told = [
        like("a", v1_6_9=True, v1_6_18=True, v1_6_45=False),
        like("b", v1_6_9=False, v1_6_18=True, v1_6_45=False),
        like("c", v1_6_9=True, v1_6_18=False, v1_6_45=True),
        like("same in all", v1_6_9=True, v1_6_18=True, v1_6_45=True),
        {"id": "tells nothing"},
    ]
    told = [
        {**item, "like": {name.removeprefix("v"): same for name, same in item["like"].items()}}
        if "like" in item
        else item
        for item in told
    ]
    found = resembles(told, "1.6.45")
    assert found == {
        "version": "1.6.18",
        "same": 2,
        "of": 3,
        "scores": {"1.6.9": 2, "1.6.18": 2, "1.6.45": 1},
        "others": ["c"],
    }
    assert (resembles(told, "1.6.9") or {})["version"] == "1.6.9", "of equals the one that is judged as"
    assert resembles(told[3:], "1.6.45") is None


def record(name: str, verdict: str, **more: object) -> dict[str, Any]:
    return {"id": name, "verdict": verdict, "events": [["A", ">", "x", 1.0]], **more}


def test_document() -> None:
    made = document(
        {},
        {},
        [record("b", "fail", baseline="expected"), record("a", "pass"), record("c", "skipped", events=[])],
        "0.1",
        NEW,
        False,
    )
    assert [item["id"] for item in made["scenarios"]] == ["a", "b", "c"]
    assert [item["transcript"] for item in made["scenarios"]] == [0, 0, None]
    assert made["summary"]["conforms"] is True
    assert made["summary"]["verdicts"] == {"pass": 1, "fail": 1, "skipped": 1}
    worse = document({}, {}, [record("a", "warn")], "0.1", NEW, False)
    assert worse["summary"]["conforms"] is True
    assert document({}, {}, [record("a", "warn")], "0.1", NEW, True)["summary"]["conforms"] is False


@pytest.mark.parametrize(
    ("name", "file"), [("memcached 1.6.45", "memcached-1.6.45"), ("[::1]:11211", "1-11211"), ("../..", "target")]
)
def test_slug(name: str, file: str) -> None:
    assert slug(name) == file


def test_a_reader_never_sees_a_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "x.json"
    write({"a": 1}, path)
    assert json.loads(path.read_text()) == {"a": 1}

    def broken(*args: object, **more: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(results.Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write({"a": 2}, path)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [item.name for item in path.parent.iterdir()] == ["x.json"]
