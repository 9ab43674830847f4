"""What a run sends to a server that the suite did not start, byte by byte, held against docs/safety.md."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from suite_run import HEAD, PASSES, ROOT, Suite
from waiting import SECONDS_MAX, connected

from mclite.cli import main
from mclite.replay.play.transport import Address
from mclite.replay.scenario import harmless
from mclite.replay.scenario.offers import documented

PAGE = (ROOT / "docs" / "safety.md").read_text()
FLUSH = """
[[scenario]]
id = "flush"
title = "Everything is gone"
scope = "server"
talk = '''
> flush_all
< OK
'''
"""
#: A file whose author did not think of others.
CARELESS = FLUSH.replace('scope = "server"\n', "")
#: What no table of commands knows: a server that takes no `set` may read its data block as a command.
HIDDEN = """
[[scenario]]
id = "flush"
title = "Data that are a command"
talk = '''
> set {key} 0 0 9
> flush_all
< STORED
'''
"""
#: Why something is not sent: a run knows the command, or the player the word.
UNTRIED = (
    "flush_all was not tried: `flush_all mclite` could change or reveal what others keep there, "
    "so only --destructive sends it"
)
FORBIDDEN = (
    "`flush_all` holds `flush`, which some server could take for a command; "
    "to a server that the suite did not start only --destructive sends that"
)


class Relay:
    """Hands bytes on to a server, and keeps what each client has sent."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self.behind = behind
        self.sent: list[bytearray] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = Address("tcp", "127.0.0.1", self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.behind)
                record = bytearray()
                self.sent.append(record)
                self._open += [client, server]
                threading.Thread(target=self._pump, args=(client, server, record), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, bytearray()), daemon=True).start()

    def _pump(self, source: socket.socket, to: socket.socket, record: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                record += data
                to.sendall(data)
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def memcached() -> Iterator[tuple[str, int]]:
    """Start mclite, with the item `precious` in it, as somebody else's server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = ("127.0.0.1", int(free.getsockname()[1]))
    process = subprocess.Popen([sys.executable, "-m", "mclite", "serve", "-p", str(address[1])], cwd=ROOT)
    try:
        connected(address[1], process).close()
        yield address
    finally:
        process.terminate()
        process.wait(SECONDS_MAX)


@pytest.fixture
def relay(memcached: tuple[str, int]) -> Iterator[Relay]:
    """Record what is sent to somebody else's server."""
    assert ask(memcached, b"set precious 7 0 4\r\ngold\r\n") == b"STORED\r\n"
    relay = Relay(memcached)
    yield relay
    relay.stop()


def ask(address: tuple[str, int], request: bytes) -> bytes:
    """Send a request, then `mn`; return the answer to the request."""
    with socket.create_connection(address, 10) as connection:
        connection.sendall(request + b"mn\r\n")
        answer = b""
        while not answer.endswith(b"MN\r\n"):
            data = connection.recv(65536)
            assert data, answer
            answer += data
    return answer.removesuffix(b"MN\r\n")


class Page:
    """What docs/safety.md allows and forbids, read from its tables."""

    def __init__(self) -> None:
        sent, never = PAGE.split("## What is never sent")
        self.words = set(_block(sent))
        self.forbidden = _block(never)
        self.any: set[str] = set()
        self.exact: set[str] = set()
        self.keys: dict[str, tuple[int, int | None]] = {}  # which words of a line are keys
        for names, arguments in re.findall(r"^\| (`.*?) \| (.*) \|$", sent, re.MULTILINE):
            for name in re.findall(r"`([^`]+)`", names):
                if arguments == "and anything after them":
                    self.any.add(name)
                elif arguments.startswith("exactly these"):
                    self.exact.add(name)
                elif arguments == "and keys of the run":
                    self.keys[name] = (1, None)
                elif arguments == "an exptime, and keys of the run":
                    self.keys[name] = (2, None)
                else:
                    assert arguments.startswith(("a key of the run", "the same")), arguments
                    self.keys[name] = (1, 2)

    def allows(self, line: bytes, prefix: str) -> bool:
        """Tell whether a line may be sent by a run whose keys begin with `prefix`."""
        text = line.decode("latin-1").lower()
        words = re.findall(r"[^\x00-\x20\x7f]+", text)
        if not words or " ".join(words) in self.exact:
            return True
        first = words[0]
        if any(word in text for word in self.forbidden) or text[0] in "\x80\x81":
            return False
        if first in self.keys:
            start, end = self.keys[first]
            encoded = base64.b64encode(prefix.encode())[: len(prefix) // 3 * 4].decode().lower()
            return all(prefix in word[:100] or encoded in word[:100] for word in words[start:end])
        first = first.removesuffix("version") or first
        letters = re.fullmatch("[a-z_]+", first) and len(set(first)) > 1
        return not letters or first in self.any or first in self.words


def _block(text: str) -> list[str]:
    """Return the words of the first code block of a text."""
    return text.split("```")[1].split()


def test_the_page_says_what_the_suite_goes_by() -> None:
    page = Page()
    assert page.words == harmless.WORDS
    assert [word.encode() for word in page.forbidden] == list(harmless.FORBIDDEN)
    assert page.any == harmless.NO_KEY
    assert page.exact == {" ".join(form) for form in harmless.STATS}
    assert {name for name, (_, end) in page.keys.items() if end == 2} == harmless.ONE_KEY | harmless.NEARLY
    assert {name: start - 1 for name, (start, end) in page.keys.items() if end is None} == harmless.MANY_KEYS


def test_a_run_of_the_whole_suite_harms_nobody(relay: Relay, tmp_path: Path) -> None:
    before = ask(relay.behind, b"stats settings\r\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "conformance", "-p", "no:cacheprovider", "-q"),
            *("--target", str(relay.address), "--as", "1.6.45", "--report-dir", str(tmp_path)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    (path,) = tmp_path.glob("*.json")
    results = json.loads(path.read_text())
    played = [item for item in results["scenarios"] if item["outcome"] != "not-run"]
    assert len(played) > 1700, done.stdout[-2000:]
    prefix = results["run"]["id"]
    page = Page()
    lines = {line for record in relay.sent for line in re.split(rb"[\r\n]+", bytes(record))}
    assert [line[:200] for line in lines if not page.allows(line, prefix)] == []
    assert any(line.startswith(b"set %s" % prefix.encode()) for line in lines)
    assert ask(relay.behind, b"get precious\r\n") == b"VALUE precious 7 4\r\ngold\r\nEND\r\n"
    assert ask(relay.behind, b"stats settings\r\n") == before

    untried = {name for name, probe in results["target"]["capabilities"].items() if probe["present"] is None}
    text = PAGE.split("*not\ntried*:")[1].split("In the results")[0]
    assert untried == set(re.findall(r"`([^`]+)`", text))
    named = ", ".join(name for name in documented().entries if name in untried)
    assert f"Not tried, so that nothing is said of it: {named}." in " ".join(done.stdout.split())
    for item in results["scenarios"]:
        assert item["verdict"] != "unsupported" or not untried.intersection(item["requires"])


@pytest.mark.parametrize(
    ("scenario", "why"),
    [(FLUSH, UNTRIED), (CARELESS, UNTRIED), (HIDDEN, FORBIDDEN)],
    ids=["said", "careless", "hidden"],
)
def test_what_harms_is_skipped_for_this_reason(suite: Suite, relay: Relay, scenario: str, why: str) -> None:
    flushes = f"{sys.executable} -m mclite serve -p {{port}}"
    for options in (["--target", str(relay.address)], ["--spawn", flushes, "--reference", str(relay.address)]):
        run = suite(PASSES + scenario, *options)
        assert b"flush" not in b"".join(relay.sent)
        record = run.record("flush")
        reason = record["reason"] if "--target" in options else record["reference"]["reason"]
        assert reason == why
    assert ask(relay.behind, b"get precious\r\n") != b"END\r\n"
    assert suite(PASSES + scenario, "--target", str(relay.address), "--destructive").verdicts["flush"] == "pass"
    assert (ask(relay.behind, b"get precious\r\n") == b"END\r\n") == (scenario != HIDDEN)


@pytest.mark.parametrize("scenario", [FLUSH, CARELESS], ids=["said", "careless"])
def test_a_file_is_replayed_under_the_same_rule(
    relay: Relay, tmp_path: Path, scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recorded.toml"
    file.write_text(HEAD + scenario)
    arguments = ["suite", "play", str(file), "--target", str(relay.address)]
    assert main(arguments) == 4
    assert FORBIDDEN.partition("; ")[2] in capsys.readouterr().out
    assert b"flush" not in b"".join(relay.sent)
    assert ask(relay.behind, b"get precious\r\n") != b"END\r\n"
    assert main([*arguments, "--destructive"]) == 0
    assert ask(relay.behind, b"get precious\r\n") == b"END\r\n"


def test_what_only_counts_needs_an_empty_server(
    memcached: tuple[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "counts.toml"
    talk = 'scope = "server"\ntalk = """\n> stats\n<* STAT pid {:uint}\n< END\n"""\n'
    file.write_text(f'{HEAD}[[scenario]]\nid = "pid"\ntitle = "The process has a number"\n{talk}')
    arguments = ["suite", "play", str(file), "--target", "{}:{}".format(*memcached)]
    assert main(arguments) == 0
    assert ask(memcached, b"set precious 7 0 4\r\ngold\r\n") == b"STORED\r\n"
    assert main(arguments) == 4
    assert "the server holds data" in capsys.readouterr().out
    assert main([*arguments, "--destructive"]) == 0
