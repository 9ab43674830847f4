"""Libraries for Node.js: with node and the real packages where they are, and with a driver that a test scripts."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import until

from mclite.replay.clients import node
from mclite.replay.clients.library import Library, NotOffered
from mclite.replay.clients.node import ClientError, Memjs, NodeMemcached
from mclite.replay.target.processes import row_of

#: Stands for node with driver.js: keeps values itself, and misbehaves when the key says so.
DRIVER = """#!{python}
import json, os, sys
assert sys.argv[1].endswith("driver.js"), sys.argv
if "NODE_FAILS" in os.environ:
    sys.exit("cannot find module")
print(json.dumps({{"value": "node"}}), flush=True)
kept = {{"place": sys.argv[3]}}
for line in sys.stdin:
    name, key, *rest = json.loads(line)
    if key == "dies":
        print("out of luck", file=sys.stderr)
        os._exit(7)
    if key == "silent":
        continue
    if name == "set":
        kept[key] = rest[0]
    answer = {{"value": kept.get(key) if name == "get" else True}}
    if key == "fails":
        answer = {{"error": "the library says no"}}
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], NodeMemcached]]:
    """Return what makes a library that is driven by the program above."""
    program = tmp_path / "node"
    program.write_text(DRIVER.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    made: list[NodeMemcached] = []

    def make() -> NodeMemcached:
        made.append(NodeMemcached([("h", 1), ("i", 2)]))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("library", [NodeMemcached, Memjs], ids=lambda library: library.name)
def test_every_method_of_the_real_packages(library: type[Library], use: Callable[[type[Library]], None]) -> None:
    if library.version() is None:
        pytest.skip(f"node does not find {library.package}")
    if library is Memjs:
        pytest.skip("memjs has no gets and no cas: conformance/test_clients.py tries it")
    use(library)


def test_calls_and_answers_are_lines(scripted: Callable[[], NodeMemcached]) -> None:
    library = scripted()
    assert library.get("place") == "h:1,i:2"
    assert library.set("k", "höhe")
    assert library.get("k") == "höhe"
    assert library.get("none") is None
    with pytest.raises(ClientError, match=r"^the library says no$"):
        library.get("fails")
    assert library.get("k") == "höhe"


def test_a_driver_that_ends_is_named_with_what_it_printed(scripted: Callable[[], NodeMemcached]) -> None:
    with pytest.raises(ClientError, match="node ended with 7: out of luck"):
        scripted().get("dies")


def test_a_driver_that_does_not_start(scripted: Callable[[], NodeMemcached], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_FAILS", "1")
    with pytest.raises(ClientError, match="node ended with 1: cannot find module"):
        scripted()


def test_silence_is_bounded(scripted: Callable[[], NodeMemcached], monkeypatch: pytest.MonkeyPatch) -> None:
    library = scripted()
    monkeypatch.setattr(node, "TIMEOUT", 0.1)
    with pytest.raises(ClientError, match=r"get did not answer within 0.1 s"):
        library.get("silent")


def test_the_driver_ends_with_the_library(scripted: Callable[[], NodeMemcached]) -> None:
    library = scripted()
    pid = library._process.pid
    library.close()
    until(lambda: (row := row_of(pid)) is None or row.zombie)


def test_what_a_package_lacks_is_not_called() -> None:
    memjs = object.__new__(Memjs)
    for call in (lambda: memjs.get_many(["k"]), lambda: memjs.change("k", str)):
        with pytest.raises(NotOffered, match=r"^memjs has no get"):
            call()


def test_without_node_there_is_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node._version.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert NodeMemcached.version() is None
    node._version.cache_clear()
