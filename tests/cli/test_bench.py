"""`mclite bench` as a user runs it: tables, JSON, and one clear line when it cannot be done."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import SECONDS_MAX, until

ROOT = Path(__file__).parents[2]
MCLITE = [sys.executable, "-m", "mclite", "bench"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
OURS = f"{sys.executable} -m mclite serve -p {{port}}"


def bench(*arguments: str, timeout: float = 4 * SECONDS_MAX) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MCLITE, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env=ENVIRONMENT,
        check=False,
    )


@pytest.fixture(scope="module")
def memcached() -> str:
    if shutil.which("memcached") is None:
        pytest.skip("there is no `memcached` on the PATH")
    user = "-u nobody " if os.geteuid() == 0 else ""
    return f"memcached {user}-l 127.0.0.1 -t 1 -p {{port}}"


def test_list() -> None:
    shown = bench("--list")
    assert shown.returncode == 0
    names = [line.split()[0] for line in shown.stdout.splitlines()]
    assert names[:2] == ["mixed-9to1", "mixed-9to1-10"]
    assert {"ms-pipelined", "get-100kb", "latency", "start", "connections", "memory"} <= set(names)


def test_a_server_that_is_started(tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    shown = bench("--smoke", "--only", "get*", "--only", "*evicting", "--only", "latency", "--json", str(file))
    assert shown.returncode == 0, shown.stderr
    assert "| get-pipelined " in shown.stdout
    assert "| 99 % within, µs " in shown.stdout
    result = json.loads(file.read_text())
    assert result["format"] == "mclite-bench"
    names = [row["name"] for row in result["workloads"]]
    assert names == [
        "mixed-9to1-10-evicting", "mixed-1to1-10-evicting", "zipf-9to1-10-evicting",
        "get", "gets", "get-pipelined", "gets-pipelined", "get-100-keys", "get-100kb",
    ]  # fmt: skip
    assert all(one["rate"] > 0 for row in result["workloads"] for one in row["results"])


@pytest.mark.memcached
def test_everything_on_memcached_against_itself(memcached: str, tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    shown = bench("--spawn", memcached, "--against", memcached, "--smoke", "--json", str(file))
    assert shown.returncode == 0, shown.stderr
    result = json.loads(file.read_text())
    assert len(result["workloads"]) == 31
    assert [server["name"].split()[0] for server in result["servers"]] == ["memcached", "memcached"]
    assert result["servers"][1]["name"].endswith(" #2")
    for row in result["workloads"]:
        for one in row["results"]:
            assert one["rounds"][0]["requests"] > 0, row["name"]
    assert [one["held"] for one in result["memory"]["results"]] == [20_000, 20_000]
    assert [one["held"] for one in result["connections"]["results"]] == [300, 300]
    assert all(0 < one["seconds"] < 60 for one in result["start"]["results"])
    assert all(one["p99"] > 0 for one in result["latency"]["results"])


@pytest.mark.memcached
def test_a_server_that_runs_already_keeps_none_of_our_keys(memcached: str) -> None:
    from mclite.bench.servers import Server

    server = Server.spawn(memcached)
    try:
        shown = bench(f"127.0.0.1:{server.address[1]}", "--smoke", "--only", "[gm]*", "--only", "latency")
        assert shown.returncode == 0, shown.stderr
        assert server.stat("curr_items") == 0
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "'nonsense' is no host:port"),
        (["127.0.0.1:1"], 3, "cannot reach 127.0.0.1:1: Connection refused"),
        (["127.0.0.1:1", "--spawn", OURS], 2, "give either HOST:PORT or --spawn"),
        (["127.0.0.1:1", "--only", "memory"], 2, "need a server that is started here"),
        (["--spawn", "memcached -p 11211"], 2, "has no {port} in it"),
        (["--spawn", OURS, "--against", "no-such-server {port}"], 2, "cannot run 'no-such-server'"),
        (["--spawn", f"{sys.executable} -c 0 {{port}}"], 3, "ended at once"),
        (["--only", "getz"], 2, "no workload is called 'getz'"),
        (
            ["--only", "get", "--json", "/no/such/folder/x.json"],
            6,
            "/no/such/folder/x.json cannot be written: there is no folder",
        ),
        (["--seconds", "0"], 2, "0 is not above 0"),
        (["--rounds", "many"], 2, "invalid number value: 'many'"),
    ],
)
def test_one_line_for_what_cannot_be_done(arguments: list[str], code: int, words: str) -> None:
    shown = bench(*arguments)
    assert shown.returncode == code
    assert shown.stdout == ""
    assert words in shown.stderr.splitlines()[-1]
    assert "Traceback" not in shown.stderr
    if "usage:" not in shown.stderr:
        assert len(shown.stderr.splitlines()) == 1


def test_a_server_that_dies_in_the_middle(tmp_path: Path) -> None:
    """It answers `version`, and ends with the first connection that says anything else."""
    script = tmp_path / "dies.py"
    script.write_text(
        "import socket, sys\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True:\n"
        "    sock, _ = listener.accept()\n"
        "    if sock.recv(100) != b'version\\r\\n':\n"
        "        sys.exit('out of luck')\n"
        "    sock.sendall(b'VERSION 1\\r\\n')\n"
        "    sock.close()\n"
    )
    shown = bench("--spawn", f"{sys.executable} {script} {{port}}", "--only", "get", "--connections", "1")
    assert shown.returncode == 3
    (line,) = shown.stderr.splitlines()
    assert line.endswith("(it ended with exit code 1: out of luck)")


def test_wrong_answers_are_no_success(tmp_path: Path) -> None:
    """It answers every line with STORED, data blocks too."""
    script = tmp_path / "stored.py"
    script.write_text(
        "import socketserver, sys\n"
        "class Handler(socketserver.StreamRequestHandler):\n"
        "    def handle(self):\n"
        "        for line in self.rfile:\n"
        "            self.wfile.write(b'VERSION 1\\r\\n' if line == b'version\\r\\n' else b'STORED\\r\\n')\n"
        "socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n"
    )
    shown = bench("--spawn", f"{sys.executable} {script} {{port}}", "--only", "get", "--connections", "1")
    assert shown.returncode == 1
    # whether the line too many comes with the last right one or after it is a matter of timing
    assert re.search("bytes too many in the answer to 'set|wrong answer to 'get", shown.stderr)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(how: signal.Signals) -> None:
    command = [*MCLITE, "--only", "get", "--seconds", "30"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=ENVIRONMENT) as process:
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        children = until(lambda: found if len(found := listed.read_text().split()) >= 2 else None)
        assert children is not None
        process.send_signal(how)
        try:
            _, errors = process.communicate(timeout=SECONDS_MAX)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors == "mclite bench: interrupted, the servers are stopped\n"
    # the watcher ends a moment after the process that it watches
    until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
