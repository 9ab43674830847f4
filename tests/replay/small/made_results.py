"""Results made up for the report's tests: as large, varied and hostile as real servers can make them."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mclite.replay.judge.record import Comparison, Record
from mclite.replay.results import read
from mclite.replay.results.document import Results

# chapter, section, its lines, file, verbs, what it requires
SHAPES = [
    ("keys", "Keys", (41, 50), "length", ["set", "get"], []),
    ("expiration", "Expiration times", (139, 155), "relative", ["set", "touch", "get"], []),
    ("errors", "Error strings", (156, 185), "unknown", ["get"], []),
    ("auth", "Authentication", (186, 203), "fake-set", ["set"], ["auth"]),
    ("storage", "Storage commands", (204, 287), "set", ["set", "get"], []),
    ("storage", "Storage commands", (204, 287), "cas", ["set", "gets", "cas"], []),
    ("storage", "Storage commands", (204, 287), "append", ["set", "append", "get"], []),
    ("retrieval", "Retrieval command:", (288, 329), "get", ["set", "get"], []),
    ("deletion", "Deletion", (330, 353), "delete", ["set", "delete"], []),
    ("arithmetic", "Increment/Decrement", (354, 398), "incr", ["set", "incr"], []),
    ("arithmetic", "Increment/Decrement", (354, 398), "decr", ["set", "decr"], []),
    ("touch", "Touch", (399, 424), "touch", ["set", "touch"], []),
    ("gat", "Get And Touch", (425, 462), "gat", ["set", "gat"], []),
    ("meta-get", "Meta Get", (494, 695), "mg", ["ms", "mg"], ["meta"]),
    ("meta-set", "Meta Set", (696, 806), "ms", ["ms", "mg"], ["meta"]),
    ("meta-delete", "Meta Delete", (807, 877), "md", ["ms", "md"], ["meta"]),
    ("meta-arithmetic", "Meta Arithmetic", (878, 964), "ma", ["ms", "ma"], ["meta"]),
    ("lru_crawler", "LRU_Crawler", (1081, 1197), "metadump", ["lru_crawler"], []),
    ("stats", "General-purpose statistics", (1288, 1464), "general", ["stats"], []),
    ("other", "Other commands", (1806, 1870), "flush", ["flush_all"], []),
    ("udp", "UDP protocol", (1887, 1926), "frame", ["get"], ["udp"]),
    ("wire", "Protocol", (1, 40), "fragments", ["set", "get"], []),
]
WORDS = (
    "stale", "unique", "newer", "value", "noreply", "expired", "missing", "empty", "zero", "long", "key",
    "flags", "digits", "pipelined", "twice", "old",
)  # fmt: skip

HOSTILE = [
    "</script><img src=x onerror=window.hacked=1>",
    "<!--<script>window.hacked=1</script>-->",
    "\u2028\u2029 line ends",
    '" onmouseover="window.hacked=1',
    "&lt;b&gt; {{ 7*7 }} {% raw %}",
    "`code` | pipe | **bold** [link](javascript:window.hacked=1)",
    "\u202e right to left \ud800 half",
    "\ue000\ue004\ue005 private",
    "\x1b[31mred\x1b[0m\x07",
    "A" * 5000,
]


def make(
    name: str = "memcached 1.6.45",
    version: str | None = "1.6.45",
    *,
    size: int = 60,
    fail: float = 0.0,
    lacks: tuple[str, ...] = ("auth",),
    seed: int = 1,
    run: str = "m7f3a9c2",
    judged_as: str = "1.6.45",
    started: str = "2026-10-24T09:15:00Z",
) -> dict[str, Any]:
    """Make the results of one run: `size` scenarios, a share `fail` failing, without what it `lacks`."""
    dice, faults = random.Random(7), random.Random(seed)
    transcripts: list[Any] = []
    scenarios = []
    per_shape = -(-size // len(SHAPES))
    for number in range(size):
        chapter, section, (low, high), file, verbs, requires = SHAPES[number // per_shape]
        words = " ".join(dice.sample(WORDS, 3))
        identity = f"{chapter}/{file}/{words.replace(' ', '-')}-{number}"
        line = dice.randint(low, high - 3)
        level = dice.choices(["must", "should", "observed"], [8, 1, 1])[0]
        tells = dice.random() < 0.05
        key, bad = f"{run}.{number}", faults.random() < fail
        value = "x" * dice.randint(1, 90)
        talk, events, clock = "", [], 0.0
        for verb in verbs:
            data = verb in ("set", "append", "ms")
            talk += f"> {verb} {{key}} 0 0 {len(value)}\n" + (f"> {value}\n" if data else "") + "< STORED\n"
            events.append(
                ["A", ">", f"{verb} {key} 0 0 {len(value)}\\r\\n" + (f"{value}\\r\\n" if data else ""), clock]
            )
            clock += faults.random() / 10
            events.append(["A", "<", "STORED\\r\\n", clock])
        scenario: dict[str, Any] = {
            "id": identity,
            "title": f"{verbs[-1]} of a {words} item answers in one line",
            "chapter": chapter,
            "section": section,
            "lines": [f"{line}-{line + dice.randint(0, 3)}"],
            "level": level,
            "since": "1.6.18" if dice.random() < 0.03 else None,
            "until": None,
            "requires": requires,
            "scope": "key",
            "commands": verbs,
            "note": "A client that trusts the old answer would serve stale data." if dice.random() < 0.3 else None,
            "file": f"{chapter}/{file}.toml",
            "talk": talk,
            "outcome": "match",
            "verdict": "same" if level == "observed" else "pass",
            "milliseconds": round(clock, 2),
            "replay": f"pytest 'conformance/{chapter}/{file}.toml::{identity}' --target 127.0.0.1:11211",
        }
        if tells:
            scenario["like"] = {v: v in ("1.6.45", judged_as) for v in ("1.6.9", "1.6.18", "1.6.38", "1.6.45")}
        if set(requires) & set(lacks):
            scenario |= {
                "verdict": "unsupported",
                "outcome": "not-run",
                "reason": f"the target has no {requires[0]}",
            }
            events = []
        elif bad:
            scenario |= {
                "verdict": {"must": "fail", "should": "warn", "observed": "differs"}[level],
                "outcome": "mismatch",
                "reason": "line 3: the answer is another one",
                "want": "STORED\\r\\n",
                "got": "NOT_STORED\\r\\n",
                "at": 0,
                "step": 3,
                "fingerprint": "f00d",
            }
            events[-1][2] = "NOT_STORED\\r\\n"
        if events and not bad:
            events += [
                ["A", ">", "version\\r\\n", clock],
                ["A", "<", f"VERSION {version}\\r\\n", clock + 0.05],
            ]
        scenario["transcript"] = len(transcripts) if events else None
        if events:
            transcripts.append([[a, b, c, round(d, 2)] for a, b, c, d in events])
        scenarios.append(scenario)
    likes = [scenario for scenario in scenarios if "like" in scenario]
    return {
        "format": "mclite-results",
        "schema": 1,
        "suite": {"version": "0.1.0", "protocol": "1.6.45"},
        "run": {
            "id": run, "started": started, "seconds": 4.2, "as": judged_as, "delivery": "whole",
            "transport": "tcp",
            "complete": True,
        },
        "target": {
            "name": name, "address": "127.0.0.1:11211", "version": version, "known_version": version,
            "spawn": "memcached -p {port} -l 127.0.0.1",
            "capabilities": {
                need: {"present": need not in lacks, "evidence": "probed"}
                for need in ("auth", "meta", "udp", "tls")
            },
        },
        "summary": {
            "conforms": not any(scenario["verdict"] == "fail" for scenario in scenarios),
            "verdicts": dict(Counter(scenario["verdict"] for scenario in scenarios)),
            "resembles": {
                "version": judged_as, "same": len(likes), "of": len(likes),
                "scores": {"1.6.18": 0, judged_as: len(likes)}, "others": [],
            } if likes else None,
        },
        "scenarios": scenarios,
        "transcripts": transcripts,
        "clients": [client("pymemcache.Client"), client("pylibmc", fails="races")],
        "offers": [offer("get"), offer("set")],
    }  # fmt: skip


def offer(name: str, state: str = "offered", **fields: Any) -> dict[str, Any]:
    """Return a command that answered, or was refused."""
    answer = "END" if state in ("offered", "answers") else "ERROR"
    made = {"name": name, "kind": "command", "state": state, "lines": ["1-2"], "required": False}
    return {**made, "evidence": f"`{name} k` was answered `{answer}\\r\\n`", **fields}


def typed(results: dict[str, Any]) -> Results:
    """Return made-up results as what is read of their file."""
    return read.check(results, "made up")


def record(name: str = "chapter/file/slug", **fields: Any) -> Record:
    """Return the record of a scenario that passed, with other fields as a test needs them."""
    about: dict[str, Any] = {
        "title": f"Title of {name}", "chapter": name.split("/")[0], "section": "Storage commands", "lines": (),
        "level": "must", "file": "chapter/file.toml", "outcome": "match", "verdict": "pass", "milliseconds": 1.0,
        "transcript": (),
    }  # fmt: skip
    return Record(id=name, **about | fields)


def compared(same: bool | None) -> Comparison:
    """Return what a record says of a reference that answers so."""
    return Comparison(outcome="match" if same is not None else "not-run", same=same, transcript=())


def client(name: str, *, fails: str | None = None, version: str | None = "4.0.0") -> dict[str, Any]:
    """Make what a client library did."""
    checks: list[dict[str, Any]] = []
    for check in ("basics", "races"):
        one = {"check": check, "title": f"does {check}", "outcome": "works", "reason": None, "milliseconds": 3.5}
        if check == fails:
            one |= {"outcome": "fails", "reason": "AssertionError: 99 came, and 100 was stored", "scenarios": []}
        if version is None:
            one |= {"outcome": "missing", "reason": f"{name} is not installed: pip install {name}"}
        checks.append(one)
    return {"name": name, "language": "Python", "protocol": "text", "version": version, "checks": checks}


def with_reference(results: dict[str, Any], unlike: tuple[int, ...] = (0, 2), lacks: int = 1) -> dict[str, Any]:
    """Put a reference beside the target: the scenarios `unlike` differ from it, `lacks` of the last it lacks."""
    results["run"]["reference"] = "memcached 1.6.9"
    played = [scenario for scenario in results["scenarios"] if scenario["outcome"] != "not-run"]
    for number, scenario in enumerate(played):
        found = {"outcome": "match", "transcript": scenario["transcript"], "same": True, "reason": None}
        if number in unlike:
            found |= {"same": False, "step": 3, "target": "STORED\\r\\n", "got": "STORE\\r\\n"}
        if number >= len(played) - lacks:
            found |= {"outcome": "not-run", "transcript": None, "same": None, "reason": "no meta: it said ERROR"}
        scenario["reference"] = found
    compared = len(played) - lacks
    results["summary"]["reference"] = {"compared": compared, "differs": len(unlike), "not-compared": lacks}
    return results


@pytest.fixture(scope="session", name="with_reference")
def with_reference_fixture() -> Any:
    return with_reference


def fleet(size: int) -> list[dict[str, Any]]:
    """Make the results of eight unlike servers on the same scenarios."""
    servers: list[dict[str, Any]] = [
        {"name": "memcached 1.6.45", "version": "1.6.45"},
        {"name": "memcached 1.6.38", "version": "1.6.38", "fail": 0.01, "judged_as": "1.6.38"},
        {"name": "memcached 1.6.18", "version": "1.6.18", "fail": 0.02, "judged_as": "1.6.18"},
        {"name": "memcached 1.6.9", "version": "1.6.9", "fail": 0.03, "judged_as": "1.6.9"},
        {"name": "mclite 0.1.0", "version": "1.6.45-mclite"},
        {"name": "twemproxy 0.5.0", "version": "0.5.0", "fail": 0.3, "lacks": ("auth", "meta", "udp")},
        {"name": "a Go port", "version": "go-1.0", "fail": 0.08, "lacks": ("auth", "udp")},
        {"name": "a Rust port", "version": None, "fail": 0.5, "lacks": ("auth", "meta")},
    ]
    return [
        make(size=size, seed=number, run=f"r{number}b4c7d{number}", **server) for number, server in enumerate(servers)
    ]


def hostile(size: int = 40) -> dict[str, Any]:
    """Make results in which every text that a server or a file can choose tries to be more than text."""
    results = make(size=size, fail=0.5, seed=3)
    texts = HOSTILE * size
    results["target"] |= {
        "name": HOSTILE[0],
        "version": HOSTILE[1],
        "spawn": HOSTILE[3],
        "address": HOSTILE[5],
    }
    results["target"]["capabilities"] = {HOSTILE[0]: {"present": False, "evidence": HOSTILE[1]}}
    for number, scenario in enumerate(results["scenarios"]):
        for place, field in enumerate(
            ("title", "section", "note", "talk", "reason", "want", "got", "replay", "chapter")
        ):
            scenario[field] = texts[number + place]
        scenario["commands"] = ["set", HOSTILE[0]]
        scenario["requires"] = [HOSTILE[number % len(HOSTILE)][:40]]
    for transcript in results["transcripts"]:
        for number, event in enumerate(transcript):
            event[2] = texts[number]
    return results


class Folder:
    """A folder to put results into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, results: dict[str, Any], name: str = "results.json") -> Path:
        """Write `results` and return where they are."""
        path = self.path / name
        path.write_text(json.dumps(results))
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(scope="session", name="make")
def make_fixture() -> Any:
    return make


@pytest.fixture(scope="session", name="fleet")
def fleet_fixture() -> Any:
    return fleet


@pytest.fixture(scope="session", name="hostile")
def hostile_fixture() -> Any:
    return hostile
