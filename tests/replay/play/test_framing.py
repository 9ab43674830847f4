from __future__ import annotations

import pytest

from mclite.replay.play.framing import broken, expected_responses
from mclite.replay.scenario.talk import Talk, Write
from mclite.replay.scenario.versions import KNOWN_VERSIONS

FRAMED = [
    (b"get k\r\n", b"END\r\n", 1),
    (b"get k\r\n", b"VALUE k 0 5\r\nEND\r\n\r\nEND\r\n", 1),
    (b"get k j\r\n", b"VALUE j 0 0\r\n\r\nVALUE k 0 2 77\r\nhi\r\nEND\r\n", 1),
    (b"get k\r\n", b"VALUE k 0 2\r\nhi\r\nSERVER_ERROR out of memory writing get response\r\n", 1),
    (b"set k 0 0 1\r\n1\r\n", b"SERVER_ERROR object too large for cache\r\n", 1),
    (b"mg k v O9\r\nmn\r\n", b"VA 4 O9\r\nMN\r\n\r\nMN\r\n", 2),
    (b"decr k 1\r\nget k\r\n", b"9\r\nVALUE k 0 2\r\n9 \r\nEND\r\n", 2),
    (b"stats\r\n", b"STAT pid 1\r\nSTAT uptime 2\r\nEND\r\n", 1),
    (b"lru_crawler metadump all\r\n", b"key=k exp=-1 la=1 cas=1 fetch=no cls=1 size=60\r\nEND\r\n", 1),
    (b"set k 0 0 1 noreply\r\n1\r\n", b"", 0),
    (b"watch fetchers\r\n", b"OK\r\nts=1.0 gid=1 type=item_get\r\n", 1),  # lines of a watcher come when they come
]
BROKEN = [
    (b"get a\r\n", b"VALUE a 1 6\r\n14514\r\nEND\r\n", 1, "announces 6 bytes, the data block has 5"),
    (b"get a\r\n", b"VALUE a 1 4\r\n14514\r\nEND\r\n", 1, "announces 4 bytes, the data block has 5"),
    (b"mg a v\r\n", b"VA 3\r\nab\r\n", 1, "announces 3 bytes, the data block has 2"),
    (b"get k\r\n", b"VALUE other 0 1\r\n1\r\nEND\r\n", 1, "an answer to another request: `VALUE other 0 1`"),
    (b"set k 0 0 1 noreply\r\n1\r\n", b"STORED\r\n", 0, "1 response where 0 responses had to come: too many"),
    (b"set k 0 0 1\r\n1\r\n", b"ERROR\r\nERROR\r\n", 1, "2 responses where 1 response had to come: too many"),
    (b"delete k\r\ndelete k\r\n", b"NOT_FOUND\r\n", 2, "1 response where 2 responses had to come: too few"),
    (b"mg k v\r\n", b"EN\r\nEND\r\n", 1, "2 responses where 1 response had to come: too many"),
]


@pytest.mark.parametrize(("sent", "received", "expected"), FRAMED)
def test_framed(sent: bytes, received: bytes, expected: int) -> None:
    assert broken(sent, received, expected, True) is None


def test_a_tab_may_part_two_keys() -> None:
    answer = b"VALUE k 0 1\r\n1\r\nVALUE l 0 1\r\n2\r\nEND\r\n"
    assert broken(b"get k\tl\r\n", answer, 1, True) is None


@pytest.mark.parametrize(("sent", "received", "expected", "clause"), BROKEN)
def test_broken(sent: bytes, received: bytes, expected: int, clause: str) -> None:
    found = broken(sent, received, expected, True)
    assert found is not None
    assert clause in found


@pytest.mark.parametrize(("sent", "received", "expected", "clause"), BROKEN)
def test_every_cut_of_an_answer_that_is_not_over_says_nothing_of_numbers(
    sent: bytes, received: bytes, expected: int, clause: str
) -> None:
    for end in range(len(received)):
        found = broken(sent, received[:end], expected, False)
        assert found is None or "responses had to come" not in found


def test_a_block_that_is_cut_is_not_called_a_lie_before_the_answer_is_over() -> None:
    assert broken(b"get k\r\n", b"VALUE k 0 5\r\nhel", 1, False) is None
    assert broken(b"get k\r\n", b"VALUE k 0 5\r\nhel", 1, True) is not None


def test_what_is_not_known_is_not_counted() -> None:
    assert broken(b"hello\r\n", b"hello yourself\r\nERROR\r\n", 1, True) is None


@pytest.mark.parametrize(
    ("talk", "count"),
    [
        ("> get k\n< VALUE k 0 1\n< 1\n< END", 1),
        ("> mg k v\n< VA 1\n< {:rest}", 1),
        ("> incr k 1\n< 1\n> delete k\n< DELETED", 1),
        ("> set k 0 0 1\n> 1\n<| STORED\n<| NOT_STORED", 1),
        ("> get k\n<| END\n<| VALUE k 0 1", None),
        ("> stats\n<* STAT pid {:uint}\n< END", 1),
        ("> foo\n< {:rest}", None),
        ("> foo\n<. ER\n< ROR", None),
        ("> a\nB> get k\n< ERROR\nB< END", 1),
        ("> shutdown\nclosed", None),
    ],
)
def test_expected_responses(talk: str, count: int | None) -> None:
    script = Talk(talk).script(KNOWN_VERSIONS[-1])
    after = list(script[1:])
    for index, op in enumerate(after):
        if isinstance(op, Write) and op.conn == "A":
            del after[index:]
            break
    assert expected_responses(after, "A") == count
