"""Whole runs of pytest on a small suite, against toy servers: verdicts, exit codes, reports, workers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest
from started_run import seen
from suite_run import COUNTS, PASSES, ROOT, WAITS, WRONG, Suite, spawn
from waiting import SECONDS_MAX

from mclite.replay.target.watcher import read, row_of


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_conforms(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(PASSES + COUNTS, *spawn(toy), *workers)
    assert run.code == 0, run.out
    assert run.verdicts == {"stored": "pass", "no-key": "pass", "pid": "pass"}
    assert "conforms to memcached 1.6.45: all 3 required cases pass." in run.out
    assert "Behaves like memcached 1.6.40 to 1.6.45 in the one case that tells releases apart." in run.out
    assert re.search(r"report: reports/\S+\.json", run.out)


def test_results_follow_the_schema_and_say_what_happened(suite: Suite, toy: str) -> None:
    run = suite(PASSES + WRONG, *spawn(toy))
    schema = json.loads((ROOT / "conformance" / "schema" / "results.json").read_text())
    (results,) = run.results.values()
    jsonschema_rs.validate(schema, results, validate_formats=True)
    wrong = run.record("wrong")
    assert (wrong["verdict"], wrong["outcome"], wrong["step"]) == ("fail", "mismatch", 4)
    assert (wrong["want"], wrong["got"], wrong["at"]) == (r"DELETED\r\n", r"NOT_FOUND\r\n", 0)
    transcript = results["transcripts"][wrong["transcript"]]
    assert [event[1] for event in transcript] == [">", "<", ">", "<", "!"]
    assert transcript[1][2] == r"END\r\n"
    assert run.record("no-key")["like"] == {"1.4.15..1.6.39": False, "1.6.40..1.6.45": True}
    assert results["summary"]["verdicts"] == {"pass": 2, "fail": 1}
    assert results["run"]["complete"] is True
    assert results["target"]["known_version"] == "1.6.45"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_failure_can_be_read(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(PASSES + WRONG, *spawn(toy), *workers)
    assert run.code == 1, run.out
    for line in (
        "  Something that the toy does not do",
        "  protocol.txt lines 293-302 · Retrieval command: · must",
        "  It never will.",
        "    < END\\r\\n",
        "  want  DELETED\\r\\n",
        "  got   NOT_FOUND\\r\\n",
        "        ^ byte 0",
        "1 cause: delete: a miss, not a hit (1)",
        "    Something that the toy does not do: answered NOT_FOUND",
        "    delete {key}  want DELETED\\r\\n  got NOT_FOUND\\r\\n",
        "  fail chapter/file/wrong: Something that the toy does not do: answered NOT_FOUND",
    ):
        assert line in run.out, line
    assert re.search(
        r"replay: pytest conformance/chapter/file\.toml::wrong --spawn '.*toy_server.py \{port\}'", run.out
    )
    assert "Traceback" not in run.out


def test_the_replay_line_plays_just_that(suite: Suite, toy: str) -> None:
    run = suite(PASSES + WRONG, *spawn(toy), path="conformance/chapter/file.toml::wrong")
    assert run.code == 1
    assert "1 failed in" in run.out
    assert run.results == {}, "a part of the suite must not replace the report of the whole"
    run = suite(PASSES + WRONG, *spawn(toy), "--report-dir", "reports", path="conformance/chapter/file.toml::wrong")
    assert run.verdicts == {"wrong": "fail"}
    (results,) = run.results.values()
    assert results["run"]["complete"] is False


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_targets_are_called_as_they_were_named(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    names = ("--name", "first toy", "--name", "The Second")
    run = suite(PASSES + COUNTS, *spawn(toy), *spawn(toy), *names, "-v", *workers)
    assert run.code == 0, run.out
    assert sorted(run.results) == ["first-toy", "the-second"]
    assert "::stored[The Second]" in run.out
    assert "The Second conforms to memcached 1.6.45" in run.out
    assert [one["target"]["name"] for one in run.results.values()] == ["first toy", "The Second"]


def test_unreachable(suite: Suite) -> None:
    run = suite(PASSES, "--target", "127.0.0.1:1")
    assert run.code == 3
    assert run.out.count("no server to judge: 127.0.0.1:1 cannot be connected to") == 1
    assert "Exit" not in run.out
    assert run.results == {}


def test_a_server_that_does_not_start(suite: Suite) -> None:
    run = suite(PASSES, "--spawn", "false {port}")
    assert run.code == 3
    assert run.out.count("does not listen: it exited with 1") == 1
    assert "Exit" not in run.out


def test_a_usage_error_is_said_once(suite: Suite) -> None:
    run = suite(PASSES, "--target", "127.0.0.1:99999")
    assert run.code == 2
    assert run.out.splitlines()[-1].startswith("usage: '127.0.0.1:99999' is no address")
    assert run.out.count("99999") == 1
    assert "Exit" not in run.out


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_nothing_ran(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    unsupported = PASSES.replace('id = "stored"', 'id = "stored"\nrequires = ["watch"]')
    run = suite(unsupported, *spawn(toy), "-k", "stored", *workers)
    assert run.code == 4
    assert "Nothing was judged on {python}: none of 1 scenario gave a result." in run.out


def test_nothing_was_selected(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy), "-k", "nonesuch")
    assert run.code == 4
    assert "no scenario was played" in run.out


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_malformed_scenario(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    run = suite(PASSES + WRONG.replace("< DELETED", "<DELETED"), *spawn(toy), *workers)
    assert run.code == 2, run.out
    assert "chapter/file.toml:35: scenario wrong: neither a wire line" in run.out
    assert "a fault of the suite, not of the target" in run.out
    assert run.results == {}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--target", "a b"), "'a b' is no address"),
        (("--target", "h:1", "--as", "new"), "'new' is not a version"),
        (("--spawn", "nonesuch"), "there is no target file"),
        (("--spawn", "memcached -p 11211"), "put {port} into it"),
        (("--target", "h:1", "--baseline", "none.toml"), "there is no baseline none.toml"),
        (("--target", "h:1", "--update-baseline"), "needs --baseline FILE"),
        (("--target", "h:1", "--target", "h:2", "--baseline", "b"), "belongs to one target"),
        (("--target", "h:1", "--chop", "-1"), "--chop takes a number"),
    ],
)
def test_usage(suite: Suite, options: tuple[str, ...], sentence: str) -> None:
    run = suite(PASSES, *options)
    assert run.code == 2, run.out
    assert sentence in run.out
    assert "Traceback" not in run.out


def test_levels(suite: Suite, toy: str) -> None:
    scenarios = "".join(
        WRONG.replace('"wrong"', f'"{level}"').replace("note =", f'level = "{level}"\nnote =')
        for level in ("must", "should", "observed")
    )
    run = suite(PASSES + scenarios, *spawn(toy), "--deselect", "x", "--report-dir", "reports")
    assert run.code == 1
    assert {run.verdicts[level] for level in ("must", "should", "observed")} == {"fail", "warn", "differs"}
    only = WRONG.replace("note =", 'level = "should"\nnote =')
    assert suite(PASSES + only, *spawn(toy)).code == 0
    assert suite(PASSES + only, *spawn(toy), "--strict").code == 1


@pytest.mark.parametrize(
    ("level", "gate", "code"),
    [("should", "must", 0), ("should", "should", 1), ("observed", "should", 0), ("observed", "observed", 1)],
)
def test_gate(suite: Suite, toy: str, level: str, gate: str, code: int) -> None:
    wrong = WRONG.replace("note =", f'level = "{level}"\nnote =')
    run = suite(PASSES + wrong, *spawn(toy), "--gate", gate)
    assert run.code == code
    assert next(iter(run.results.values()))["run"]["gate"] == gate
    assert next(iter(run.results.values()))["summary"]["conforms"] is (code == 0)
    file = f'name = "toy"\ncommand = "{toy}"\ngate = "{gate}"\n'
    assert suite(PASSES + wrong, "--spawn", "toy.toml", files={"toy.toml": file}).code == code
    assert suite(PASSES + wrong, "--spawn", "toy.toml", "--gate", "must", files={"toy.toml": file}).code == 0


def test_a_baseline_pins_every_level(suite: Suite, toy: str) -> None:
    wrong = WRONG.replace("note =", 'level = "observed"\nnote =')
    assert suite(PASSES + wrong, *spawn(toy), "--baseline", "b.toml", "--update-baseline").code == 0
    assert suite(PASSES + wrong, *spawn(toy), "--baseline", "b.toml").code == 0
    other = wrong.replace('"wrong"', '"other"').replace("Something that", "Something more that")
    assert suite(PASSES + wrong + other.replace("DELETED", "GONE"), *spawn(toy), "--baseline", "b.toml").code == 1


def test_unsupported_needs_evidence(suite: Suite, toy: str) -> None:
    meta = PASSES.replace('id = "stored"', 'id = "stored"\nrequires = ["meta"]')
    run = suite(meta, *spawn(toy, "no-meta"))
    assert run.code == 0
    assert run.record("stored")["reason"].startswith("no meta: `mg m")
    assert run.record("stored")["reason"].endswith(r"_probe_mg` was answered `ERROR\r\n`")
    assert run.verdicts["stored"] == "unsupported"


def test_depends(suite: Suite, toy: str) -> None:
    scenarios = WRONG + PASSES.replace('id = "stored"', 'id = "stored"\ndepends = ["wrong"]').replace(
        'id = "no-key"', 'id = "no-key"\ndepends = ["chapter/file/other"]'
    )
    run = suite(scenarios, *spawn(toy), "-n", "2")
    assert run.verdicts == {"wrong": "fail", "stored": "blocked", "no-key": "suite-error"}
    assert run.record("stored")["reason"] == "it depends on chapter/file/wrong: fail"
    assert run.code == 1


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_spawned_target_that_dies_is_named_and_started_again(
    suite: Suite, toy: str, workers: tuple[str, ...]
) -> None:
    run = suite(WRONG + PASSES, *spawn(toy, "die-on-delete"), *workers)
    assert run.code == 3, run.out
    assert run.verdicts == {"wrong": "target-died", "stored": "pass", "no-key": "pass"}
    assert (
        "died while this was played, and again when it was repeated: it exited with 7" in run.record("wrong")["reason"]
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_of_many_that_play_at_once_only_the_killer_is_named(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    kills = WAITS.format("kills").replace("< END", "< END\n> delete {key}\n< NOT_FOUND")
    run = suite(kills + "".join(WAITS.format(number) for number in range(10)), *spawn(toy, "die-on-delete"), *workers)
    assert run.code == 3, run.out
    assert run.verdicts == {"waits-kills": "target-died"} | {f"waits-{number}": "pass" for number in range(10)}


def test_a_server_that_dies_behind_a_scenario_is_not_the_fault_of_the_next(suite: Suite, toy: str) -> None:
    deletes = WRONG.replace("< DELETED", "< NOT_FOUND")
    stored = PASSES.split("[[scenario]]")[1]
    run = suite(f"{deletes}[[scenario]]{stored}", *spawn(toy, "die-later"))
    assert run.code == 3, run.out
    assert run.verdicts == {"wrong": "target-died", "stored": "pass"}
    assert "the server died after this was played" in run.record("wrong")["reason"]
    run = suite(
        WRONG.replace("> delete {key}\n< DELETED", "> delete {key}\n< NOT_FOUND\n> get {key}\n< END"),
        *spawn(toy, "die-later"),
    )
    assert "died while this was played, and again" in run.record("wrong")["reason"]


def test_a_running_target_that_dies_blocks_the_rest(suite: Suite, running: Callable[..., str]) -> None:
    stored = PASSES.split("[[scenario]]")[1]
    run = suite(f"{WRONG}[[scenario]]{stored}", "--target", running("die-on-delete"))
    assert run.code == 3
    assert run.verdicts == {"wrong": "target-died", "stored": "blocked"}
    assert run.record("stored")["reason"] == "the target died while chapter/file/wrong was played"


def test_scope_server_needs_an_empty_server_or_leave(suite: Suite, running: Callable[..., str]) -> None:
    run = suite(COUNTS + PASSES, "--target", running("items"))
    assert run.verdicts["pid"] == "skipped"
    assert "--destructive" in run.record("pid")["reason"]
    assert run.code == 0
    assert suite(COUNTS + PASSES, "--target", running()).verdicts["pid"] == "pass"
    assert suite(COUNTS, "--target", running("items"), "--destructive").verdicts == {"pid": "pass"}


def test_what_needs_a_server_started_otherwise(suite: Suite, running: Callable[..., str], toy: str) -> None:
    scenario = PASSES.replace('id = "stored"', 'id = "stored"\nrequires = ["auth"]')
    run = suite(scenario, "--target", running())
    assert run.verdicts["stored"] == "skipped"
    assert "with the user mclite" in run.record("stored")["reason"]
    run = suite(scenario, *spawn(toy))
    assert "add [start.auth]" in run.record("stored")["reason"]
    file = (
        f'name = "toy {{version}}"\ncommand = "{toy}"\n[start.auth]\nadd = "old {{users}}"\nfiles = {{users = "a:b"}}\n'
    )
    run = suite(scenario, "--spawn", "toy.toml", files={"toy.toml": file})
    assert list(run.results) == ["toy-1.6.45"]
    assert run.record("stored")["outcome"] == "desync", "the other server answers version as 1.6.18"


def test_judged_as_the_version_that_it_claims(suite: Suite, toy: str) -> None:
    run = suite(PASSES, *spawn(toy, "old"))
    assert run.code == 0
    assert "to memcached 1.6.18: " in run.out
    run = suite(PASSES, *spawn(toy, "old"), "--as", "1.6.45")
    assert run.code == 1
    assert run.verdicts["no-key"] == "fail"
    (results,) = run.results.values()
    resembles = results["summary"]["resembles"]
    assert (resembles["version"], resembles["first"], resembles["last"]) == ("1.6.39", "1.4.15", "1.6.39")
    assert (resembles["scores"]["1.6.9"], resembles["scores"]["1.6.45"]) == (1, 0)
    only = PASSES.replace('id = "no-key"', 'id = "no-key"\nsince = "1.6.40"')
    assert suite(only, *spawn(toy, "old")).verdicts == {"stored": "pass"}


def test_baseline(suite: Suite, toy: str) -> None:
    options = (*spawn(toy), "--baseline", "known.toml")
    run = suite(PASSES + WRONG, *options, "--update-baseline")
    assert run.code == 0, run.out
    assert "baseline: known.toml now holds 1 known deviation of 1 cause" in run.out
    run = suite(PASSES + WRONG, *options)
    assert run.code == 0
    assert run.record("wrong")["baseline"] == "expected"
    assert "except 1 answer that its baseline expects." in run.out
    assert "baseline: 1 expected" in run.out
    run = suite(PASSES + WRONG.replace("> delete {key}", "> delete"), *options)
    assert (run.code, run.record("wrong")["baseline"]) == (1, "changed")
    run = suite(PASSES + WRONG + WRONG.replace('"wrong"', '"worse"'), *options)
    assert (run.code, run.record("worse")["baseline"]) == (1, "new")
    run = suite(PASSES + WRONG.replace("< DELETED", "< NOT_FOUND"), *options)
    assert (run.code, run.record("wrong")["baseline"]) == (5, "fixed")
    assert "stale in the baseline (fixed): chapter/file/wrong" in run.out
    run = suite(PASSES, *options)
    assert run.code == 5
    assert "STALE chapter/file/wrong: the baseline names it" in run.out
    run = suite(PASSES, *options, files={"known.toml": "[[deviation]]\nid = 3\n"})
    assert run.code == 2
    assert "known.toml" in run.out


def test_a_baseline_can_name_a_cause(suite: Suite, toy: str) -> None:
    options = (*spawn(toy), "--baseline", "known.toml")
    known = '[[cause]]\ncause = "delete: a miss, not a hit"\nreason = "nothing is ever deleted"\n'
    run = suite(PASSES + WRONG + WRONG.replace('"wrong"', '"worse"'), *options, files={"known.toml": known})
    assert run.code == 0, run.out
    assert run.record("worse")["baseline_reason"] == "nothing is ever deleted"
    assert "expected (2), baseline: nothing is ever deleted" in run.out
    run = suite(PASSES + WRONG.replace("< DELETED", "< OK"), *options, files={"known.toml": known})
    assert (run.code, run.record("wrong")["baseline"]) == (1, "new")
    assert "STALE 'delete: a miss, not a hit'" in run.out


def test_baseline_with_workers(suite: Suite, toy: str) -> None:
    options = (*spawn(toy), "--baseline", "known.toml", "-n", "2")
    assert suite(PASSES + WRONG, *options, "--update-baseline").code == 0
    run = suite(PASSES + WRONG, *options)
    assert (run.code, run.record("wrong")["baseline"]) == (0, "expected")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_waits_overlap(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    scenarios = PASSES + "".join(WAITS.format(number) for number in range(200))
    run = suite(scenarios, *spawn(toy), *workers)
    assert run.code == 0, run.out
    (results,) = run.results.values()
    assert results["run"]["seconds"] < 200 * 0.7 / 2, "200 waits of 0.7 s in a row, by two workers, take 70 s"


def test_several_targets_are_a_matrix(suite: Suite, toy: str, running: Callable[..., str]) -> None:
    run = suite(PASSES, "--target", running(), "--target", running("old"), "-n", "2")
    assert run.code == 0, run.out
    assert len(run.results) == 2
    assert {results["run"]["as"] for results in run.results.values()} == {"1.6.45", "1.6.18"}
    assert run.out.count(" conforms to memcached 1.6.") == 2


def test_two_runs_at_once_do_not_disturb_each_other(suite: Suite, running: Callable[..., str], tmp_path: Path) -> None:
    address = running()
    suite(PASSES + COUNTS * 1, "--target", address)
    command = [sys.executable, "-m", "pytest", "conformance", "-q", "-p", "no:cacheprovider", "--target", address]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.Popen(
            [*command, "--report-dir", f"r{number}", "--destructive", "-n", "2"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for run in runs:
        out, _ = run.communicate(timeout=4 * SECONDS_MAX)
        assert run.returncode == 0, out


@pytest.mark.parametrize(
    ("how", "words", "code"),
    [
        ("", ["-x"], 1),
        ("", ["-x", "-n", "2"], None),  # pytest-xdist says that it was interrupted
        ("INT", [], 2),
        ("INT INT", [], None),  # as the second one finds it
        ("TERM", [], -signal.SIGTERM),
        ("KILL", [], -signal.SIGKILL),
        ("KILL", ["-n", "2"], -signal.SIGKILL),
        ("TERM", ["-n", "2"], -signal.SIGTERM),
        ("worker", ["-n", "2"], 1),
    ],
)
def test_no_server_is_left_whichever_way_a_run_ends(
    suite: Suite, toy: str, tmp_path: Path, how: str, words: list[str], code: int | None
) -> None:
    # without a signal the run ends itself, when each worker is through with the scenario that it waits for
    seconds = "300" if how != "worker" and words[:2] != ["-x", "-n"] else "4"
    waits = "".join(WAITS.format(number) for number in range(4)).replace("0.7", seconds)
    suite((WRONG if "-x" in words else PASSES) + waits, "--collect-only")
    place = tmp_path / "tmp"
    place.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "conformance", "-p", "no:cacheprovider", *spawn(toy), *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(place), "PYTEST_ADDOPTS": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    pids: dict[int, str] = {}

    def running() -> dict[int, int]:
        """Return an owner for each server that is started now: both as process ids."""
        found = {}
        for record in place.glob("mclite-*/run-*"):
            try:
                data = record.read_bytes()
            except FileNotFoundError:  # that process has just ended
                continue
            for pid, started in read(data)[1].items():
                pids[pid] = started
                if (row := row_of(pid)) is not None and not row.zombie:
                    found[int(record.name.split("-")[1])] = pid
        return found

    def left() -> list[object]:
        now = [row_of(pid) for pid in pids]
        return [row for row in now if row and row.started == pids[row.pid] and not row.zombie]

    if how:
        # with workers the controller starts one to ask it, and each worker starts its own
        assert seen(lambda: len(running().keys() - {process.pid}) == 2 if words else running()), "no server"
        if how == "worker":
            os.kill(next(iter(running().keys() - {process.pid})), signal.SIGKILL)
        for name in how.replace("worker", "").split():
            process.send_signal(signal.Signals[f"SIG{name}"])
    try:
        out, _ = process.communicate(timeout=4 * SECONDS_MAX)
    finally:
        process.kill()  # nothing happens to one that has ended
    assert code is None or process.returncode == code, out
    assert seen(lambda: not left()), left()
    assert seen(lambda: not list(place.glob("mclite-*"))), list(place.rglob("mclite-*"))


def test_tests_in_python_get_the_target(suite: Suite, toy: str, tmp_path: Path) -> None:
    test = (
        "import socket\n"
        "def test_speaks(target):\n"
        "    address = target.place()\n"
        "    with socket.create_connection((address.host, address.port), 2) as peer:\n"
        "        peer.sendall(b'mn\\r\\n')\n"
        "        assert peer.recv(10) == b'MN\\r\\n'\n"
        "def test_needs(target):\n"
        "    target.place('auth')\n"
    )
    run = suite(PASSES, *spawn(toy), files={"conformance/test_it.py": test})
    assert run.code == 0, run.out
    assert "3 passed, 1 skipped" in run.out


def test_a_test_in_python_can_keep_others_from_a_running_target(
    suite: Suite, toy: str, running: Callable[..., str]
) -> None:
    test = (
        "import threading\n"
        "from mclite.replay.target.locks import TargetLock\n"
        "from mclite.replay.play.transport import parse_address\n"
        "def test_shared(target):\n"
        "    alone = threading.Event()\n"
        "    def wait():\n"
        "        if target.spec is None:\n"
        "            with TargetLock(parse_address(target.info.address)).exclusive():\n"
        "                alone.set()\n"
        "    thread = threading.Thread(target=wait)\n"
        "    with target.shared():\n"
        "        thread.start()\n"
        "        assert not alone.wait(0.3)\n"
        "    thread.join(60)\n"
        "    assert alone.is_set() or target.spec is not None\n"
    )
    for server in (("--target", running()), spawn(toy)):
        run = suite(PASSES, *server, files={"conformance/test_it.py": test})
        assert run.code == 0, run.out


TELL = """
import sys

def pytest_unconfigure():
    print("hypothesis was imported:", "hypothesis" in sys.modules)
"""
DRAWN = """
from hypothesis import given, settings, strategies

@settings(max_examples=3, database=None)
@given(strategies.integers())
def test_drawn(number):
    assert number == number
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_hypothesis_is_left_out(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    """Its plugin would import it at the end, which takes longer than many scenarios."""
    run = suite(PASSES, *spawn(toy), *workers, "-p", "tell", "-s", files={"tell.py": TELL})
    assert run.code == 0, run.out
    assert "hypothesis was imported: False" in run.out
    assert "hypothesis was imported: True" not in run.out


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_hypothesis_beside_the_suite(suite: Suite, toy: str, workers: tuple[str, ...]) -> None:
    files = {"test_drawn.py": DRAWN}
    run = suite(PASSES, *spawn(toy), *workers, "test_drawn.py", "--hypothesis-show-statistics", files=files)
    assert run.code == 0, run.out
    assert "Stopped because settings.max_examples=3" in run.out


def faults(fingerprint: str, releases: str = "1.6.45", dies: str = "false") -> dict[str, str]:
    text = f'id = "f"\nreleases = "{releases}"\nreason = "It forgets."\ndies = {dies}\n[fault.answers]\n'
    return {"conformance/releases.toml": f'[[fault]]\n{text}"chapter/file/wrong" = ["{fingerprint}"]\n'}


def test_a_fault_of_the_release_itself_is_known(suite: Suite, toy: str, running: Callable[..., str]) -> None:
    fingerprint = suite(PASSES + WRONG, *spawn(toy)).record("wrong")["fingerprint"]
    for options in (spawn(toy), ("--target", running()), (*spawn(toy), "-n", "2")):
        run = suite(PASSES + WRONG, *options, files=faults(fingerprint))
        assert (run.code, run.verdicts["wrong"]) == (0, "known"), run.out
        assert run.record("wrong")["fault"] == {"id": "f", "reason": "It forgets.", "link": None}
        assert "1 answer in which memcached 1.6.45 itself deviates" in run.out
    assert suite(PASSES + WRONG, *spawn(toy), "--strict", files=faults(fingerprint)).code == 1
    for others in (faults("0123"), faults(fingerprint, "..1.6.44")):
        run = suite(PASSES + WRONG, *spawn(toy), files=others)
        assert (run.code, run.verdicts["wrong"]) == (1, "fail"), "another answer, or of another release"
    assert suite(PASSES, *spawn(toy), files={"conformance/releases.toml": "x = 1"}).code == 2


def test_a_scenario_that_the_release_does_not_survive_is_known(
    suite: Suite, toy: str, running: Callable[..., str]
) -> None:
    died = suite(WRONG + PASSES, *spawn(toy, "die-on-delete")).record("wrong")["fingerprint"]
    run = suite(WRONG + PASSES, *spawn(toy, "die-on-delete"), files=faults(died, dies="true"))
    assert run.code == 0, run.out
    assert run.verdicts == {"wrong": "known", "stored": "pass", "no-key": "pass"}
    run = suite(WRONG + PASSES, "--target", running("die-on-delete"), files=faults(died, dies="true"))
    assert (run.code, run.verdicts["wrong"], run.verdicts["stored"]) == (0, "skipped", "pass")
    assert "memcached 1.6.45 ends at it: It forgets." in run.record("wrong")["reason"]
