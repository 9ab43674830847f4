"""What the suite costs, beside its floor: `python tests/cost.py --memcached /path/to/it --scenarios 1500 5000 10000`.

The floor is a bare loop over sockets that sends and compares the same bytes, plus pytest running as many empty items.
The scenarios are those of the suite that wait for nothing and need no server of their own, as often as it takes.
Prints a row a number: seconds of wall and of processor time of each, their ratio, memory, and what a report takes;
times are medians of some rounds, in which the suite and its floor take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

from mclite.replay.scenario.lint import scenario_files
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.scenario import load
from mclite.replay.scenario.versions import parse_version
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import find_spec

EMPTY = "import pytest\n@pytest.mark.parametrize('n', range({}))\ndef test(n): pass\n"
NEWEST = parse_version("1.6.45")


def grown(count: int, root: Path) -> int:
    """Write a suite of at least `count` scenarios into `root`; return how many."""
    suite = default_root()
    files = []
    for path in scenario_files(suite):
        found = load(path, suite)
        if all(
            one.scope == "key" and not (one.depends or one.requires or one.transport) and one.seconds(NEWEST) == 0
            for one in found
        ):
            files.append((path, len(found)))
    shutil.copytree(suite / "targets", root / "targets")
    shutil.copy(suite / "conftest.py", root / "conftest.py")
    made = copy = 0
    while made < count:
        for path, number in files:
            if made < count:
                folder = root / f"{path.parent.name}{copy or ''}"
                folder.mkdir(exist_ok=True)
                shutil.copy(path, folder / path.name)
                made += number
        copy += 1
    return made


@contextmanager
def serving(program: str) -> Iterator[int]:
    """Run a fresh memcached; yield its port."""
    server = Server(find_spec(f"memcached={program}", default_root() / "targets"))
    try:
        yield server.address.port
    finally:
        server.stop()


def timed(*command: str) -> tuple[float, float, int]:
    """Run a command; return its seconds, its seconds of processor time, and the most KB that it held."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}:\n{said[-2000:]}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def _bytes(shown: str) -> bytes:
    return shown.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1")


def _answer(connection: socket.socket, lines: int) -> bytes:
    got = b""
    while got.count(b"\n") < lines and (part := connection.recv(65536)):
        got += part
    return got


def bare(results: Path, port: int) -> None:
    """Send what the transcripts of `results` sent, and compare the answers with those in them."""
    transcripts: list[list[list[Any]]] = json.loads(results.read_text())["transcripts"]
    scripts = [
        [
            (conn, way == ">", _bytes("".join(event[2] for event in events)))
            for (conn, way), events in groupby(transcript, key=lambda event: (event[0], event[1]))
            if way in "<>"  # what else there is says that something was closed, or waited for
        ]
        for transcript in transcripts
        if not any("bytes...\\}" in event[2] for event in transcript)  # cut, since it is long
    ]
    began, cpu = time.monotonic(), time.process_time()
    unlike = 0
    for script in scripts:
        open_now: dict[str, socket.socket] = {}
        try:
            for conn, sends, data in script:
                if conn not in open_now:
                    open_now[conn] = socket.create_connection(("127.0.0.1", port), 2)
                    open_now[conn].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if sends:
                    open_now[conn].sendall(data)
                else:
                    unlike += _answer(open_now[conn], data.count(b"\n")) != data
        except OSError:  # hung up, as it did on the suite
            unlike += 1
        for connection in open_now.values():
            connection.close()
    print(json.dumps([time.monotonic() - began, time.process_time() - cpu, len(scripts), unlike]))


def measure(program: str, count: int, rounds: int, folder: Path) -> None:
    """Print the row of `count` scenarios: medians of `rounds` in turns."""
    root, reports, empty = folder / "suite", folder / "reports", folder / "empty"
    for path in (root, empty):
        path.mkdir(parents=True)
    # In a process of its own: what a child is said to have held is at least what its parent does.
    count = int(subprocess.check_output([sys.executable, __file__, "--grow", str(count), str(root)]))
    (empty / "test_empty.py").write_text(EMPTY.format(count))
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "--rootdir"]
    suites, floors = [], []
    for _ in range(rounds):
        with serving(program) as port:
            suite = timed(*pytest, str(root), str(root), "--target", f"127.0.0.1:{port}", "--report-dir", str(reports))
        results = max(reports.glob("**/*.json"), key=lambda file: file.stat().st_mtime)
        items = timed(*pytest, str(empty), "-c", os.devnull, str(empty))
        with serving(program) as port:
            command = [sys.executable, __file__, "--bare", str(results), str(port)]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        wall, cpu, played, unlike = json.loads(said.stdout)
        suites.append(suite)
        floors.append((items[0] + wall, items[1] + cpu, items[2]))
    report = timed(sys.executable, "-m", "mclite", "report", "html", str(results), "-o", str(folder / "page.html"))
    columns = [f"{count:>9}"]
    for number in (0, 1):
        ours, theirs = (median(one[number] for one in taken) for taken in (suites, floors))
        columns.append(f"{ours:>8.2f} {theirs:>8.2f} {ours / theirs:>6.2f}")
    memory = [max(one[2] for one in taken) / 1024 for taken in (suites, floors)]
    columns.append(f"{memory[0]:>7.0f} {memory[1]:>7.0f} {report[0]:>7.2f}")
    print(
        *columns, f"  ({played} dialogues, {unlike} with other bytes in the bare loop: cas uniques, times)", flush=True
    )


def main() -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memcached", default="memcached", metavar="PATH")
    parser.add_argument("--scenarios", type=int, nargs="+", default=[1500, 5000, 10000], metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--bare", nargs=2, metavar=("RESULTS", "PORT"), help="only the bare loop, on what a run left")
    parser.add_argument("--grow", nargs=2, metavar=("N", "DIR"), help="only write a suite of so many scenarios")
    args = parser.parse_args()
    if args.grow:
        print(grown(int(args.grow[0]), Path(args.grow[1])))
        return
    if args.bare:
        bare(Path(args.bare[0]), int(args.bare[1]))
        return
    print("scenarios  suite s  floor s  ratio    CPU s  floor s  ratio  MB      empty  report s")
    for count in args.scenarios:
        with tempfile.TemporaryDirectory() as folder:
            measure(args.memcached, count, args.rounds, Path(folder))


if __name__ == "__main__":
    main()
