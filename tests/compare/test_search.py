from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mclite.cli import main
from mclite.compare import report
from mclite.compare.dialogue import Request, Write
from mclite.compare.pair import Pair
from mclite.compare.search import Limits, Outcome, Search
from mclite.replay.play.transport import Address, Unreachable

Start = Callable[[Callable[[bytes], bytes]], Address]


DELETED_OR_GONE = frozenset(f"delete with {form}: DELETED | GONE" for form in ("1 argument", "2 arguments"))


def search(a: Address, b: Address, sessions: int = 400, **options: object) -> tuple[Pair, Outcome]:
    pair = Pair(a, b)
    return pair, Search(pair, Limits(sessions=sessions, kinds=1), number=3, waits=False, **options).run()  # type: ignore[arg-type]


def test_a_difference_is_named_shrunk_and_written(server: Address, altered: Start, tmp_path: Path) -> None:
    other = altered(lambda data: data.replace(b"DELETED\r\n", b"GONE\r\n"))
    pair, outcome = search(server, other)
    (found,) = outcome.new
    assert str(found.kind) in DELETED_OR_GONE
    requests = [request for step in found.session if isinstance(step, Write) for request in step.requests]
    assert requests[-1] in (Request("delete {key}"), Request("delete {key} 0"))
    assert len(requests) == 2  # what stores the item comes before
    assert found.written is not None
    assert found.written.proved

    file = tmp_path / "differences.toml"
    report.write(file, outcome, pair, 3)
    assert main(["suite", "play", str(file), "--target", str(server)]) == 0
    assert main(["suite", "play", str(file), "--target", str(other)]) == 1
    assert report.kinds_in(file) == {str(found.kind)}


def test_known_kinds_do_not_count(server: Address, altered: Start) -> None:
    other = altered(lambda data: data.replace(b"DELETED\r\n", b"GONE\r\n"))
    _, outcome = search(server, other, 150, known=DELETED_OR_GONE)
    assert outcome.new == []
    assert outcome.found
    assert all(one.known for one in outcome.found.values())


def test_a_lost_answer_is_seen(server: Address, altered: Start) -> None:
    other = altered(lambda data: data.replace(b"TOUCHED\r\n", b""))
    _, outcome = search(server, other)
    assert [str(found.kind) for found in outcome.new] == ["touch with 2 arguments: TOUCHED | nothing more"]


def test_a_cas_unique_that_does_not_change_is_seen(server: Address, altered: Start) -> None:
    other = altered(lambda data: re.sub(rb" c[1-9][0-9]*", b" c4711", data))
    _, outcome = search(server, other, 1500)
    (found,) = outcome.new
    assert found.written is not None
    assert found.written.proved
    assert "{cas1" in found.written.talk


def test_the_same_seed_draws_the_same_sessions(server: Address, altered: Start) -> None:
    pair = Pair(server, altered(lambda data: data))

    def drawn() -> list[object]:
        sessions: list[object] = []
        Search(
            pair, Limits(sessions=15), number=5, waits=False, progress=lambda outcome: sessions.append(outcome.last)
        ).run()
        return sessions

    assert drawn() == drawn()


def test_mclite_answers_as_itself(server: Address, altered: Start) -> None:
    _, outcome = search(server, altered(lambda data: data), 200, destructive=True)
    assert [str(found.kind) for found in outcome.new] == []
    assert outcome.sessions == 200


def test_a_server_that_is_gone(server: Address) -> None:
    with pytest.raises(Unreachable):
        Pair(server, Address("tcp", "127.0.0.1", 1))


def test_only_the_suite_and_the_command_table_are_imported() -> None:
    code = (
        "import sys, mclite.compare.search, mclite.compare.report;"
        "print([name for name in sys.modules if name.startswith('mclite.')"
        " and not name.startswith(('mclite.compare', 'mclite.replay', 'mclite.protocol'))]);"
        "print([name for name in sys.modules if name.startswith('mclite.protocol.')])"
    )
    root = Path(__file__).resolve().parents[2]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert said.stdout.split("\n")[:2] == ["[]", "['mclite.protocol.commands']"]
