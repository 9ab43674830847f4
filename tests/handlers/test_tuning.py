"""slabs, lru and lru_crawler: whole conversations, and the dumps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, replies

if TYPE_CHECKING:
    from tests.conftest import Direct, Server, Start

CASES = [
    (
        "lru tune",
        (
            b"lru tune 10 25 0.1 2.0\r\nlru tune 50 31 0.1 2.0\r\nlru tune 10 25 0 2.0\r\n"
            b"lru tune 10 25 0.1\r\nlru tune x 25 0.1 2.0\r\nlru tune 10 25 0.1 x\r\nlru tune\r\n"
            b"lru tune 20 40 0.2 2.0\r\n"
        ),
        (
            b"OK\r\nERROR hot and warm pcts must not exceed 80\r\n"
            b"ERROR hot/warm age factors must be greater than 0\r\nERROR\r\nERROR\r\nERROR\r\nERROR\r\n"
            b"OK\r\n"
        ),
    ),
    (
        "lru mode",
        b"lru mode flat\r\nlru mode segmented\r\nlru mode x\r\nlru mode\r\n",
        b"OK\r\nOK\r\nERROR\r\nERROR\r\n",
    ),
    (
        "lru temp_ttl",
        b"lru temp_ttl 100\r\nlru temp_ttl -1\r\nlru temp_ttl x\r\nlru temp_ttl\r\n",
        b"OK\r\nOK\r\nERROR\r\nERROR\r\n",
    ),
    ("lru without a word that is one", b"lru\r\nlru x\r\nlru x y\r\n", b"ERROR\r\nERROR\r\nERROR\r\n"),
    (
        "lru_crawler switches and numbers",
        (
            b"lru_crawler enable\r\nlru_crawler sleep 100\r\nlru_crawler sleep 1000001\r\n"
            b"lru_crawler sleep x\r\nlru_crawler sleep\r\nlru_crawler tocrawl 5\r\n"
            b"lru_crawler tocrawl x\r\nlru_crawler sleep 0\r\nlru_crawler tocrawl 0\r\n"
        ),
        (
            b"ERROR failed to start lru crawler thread\r\nOK\r\n"
            + errors.SLEEP_TOO_LONG
            + errors.BAD_FORMAT
            + b"ERROR\r\nOK\r\n"
            + errors.BAD_FORMAT
            + b"OK\r\nOK\r\n"
        ),
    ),
    (
        "lru_crawler without a word that is one",
        b"lru_crawler\r\nlru_crawler x\r\nlru_crawler x y\r\nlru_crawler crawl\r\nlru_crawler metadump\r\n",
        b"ERROR\r\nERROR\r\nERROR\r\nERROR\r\nERROR\r\n",
    ),
    (
        "lru_crawler of bad classes",
        (
            b"lru_crawler crawl x\r\nlru_crawler crawl 64\r\nlru_crawler crawl 1,x\r\n"
            b"lru_crawler crawl 1,0\r\nlru_crawler crawl ,\r\nlru_crawler metadump 1x\r\n"
        ),
        (
            b"BADCLASS invalid class id\r\nBADCLASS invalid class id\r\nBADCLASS invalid class id\r\n"
            b"BADCLASS invalid class id\r\nNOTSTARTED no items to crawl\r\n"
            b"ERROR cannot pipeline other commands before metadump\r\n"
        ),
    ),
    ("lru_crawler of good classes", b"lru_crawler crawl 1\r\n", b"OK\r\n"),
    ("lru_crawler of an empty part of a list", b"lru_crawler crawl ,63,\r\n", b"OK\r\n"),
    ("lru_crawler crawls no hash", b"lru_crawler crawl hash\r\n", b"ERROR an unknown error happened\r\n"),
    ("a dump of no class", b"lru_crawler mgdump ,\r\n", b"NOTSTARTED no items to crawl\r\n"),
    ("a dump of bad classes", b"lru_crawler metadump x\r\n", b"BADCLASS invalid class id\r\n"),
    (
        "slabs automove",
        (
            b"slabs automove 0\r\nslabs automove 1\r\nslabs automove 2\r\nslabs automove 3\r\n"
            b"slabs automove x\r\nslabs automove -1\r\nslabs automove 1\r\n"
        ),
        (b"OK\r\nOK\r\nOK\r\nERROR\r\n" + errors.BAD_FORMAT * 2 + b"OK\r\n"),
    ),
    (
        "slabs automove ratios",
        (
            b"slabs automove ratio 0.5\r\nslabs automove ratio x\r\nslabs automove ratio\r\n"
            b"slabs automove freeratio 0.02\r\nslabs automove freeratio x\r\nslabs automove ratio 0.8\r\n"
            b"slabs automove freeratio 0.01\r\n"
        ),
        b"OK\r\nERROR\r\nERROR\r\nOK\r\nERROR\r\nOK\r\nOK\r\n",
    ),
    (
        "slabs reassign",
        (
            b"slabs reassign 1 1\r\nslabs reassign 1 2\r\nslabs reassign -2 1\r\nslabs reassign 1 -1\r\n"
            b"slabs reassign 1 64\r\nslabs reassign 64 1\r\nslabs reassign x 1\r\nslabs reassign 1 x\r\n"
            b"slabs reassign 1\r\n"
        ),
        (
            b"SAME src and dst class are identical\r\nNOSPARE source class has no spare pages\r\n"
            + b"BADCLASS invalid src or dst class id\r\n" * 4
            + errors.BAD_FORMAT * 2
            + b"ERROR\r\n"
        ),
    ),
    (
        "slabs without a word that is one",
        b"slabs\r\nslabs x\r\nslabs x 1 2\r\nslabs automove\r\n",
        b"ERROR\r\nERROR\r\nERROR\r\nERROR\r\n",
    ),
    (
        "slabs automove window",
        (
            b"slabs automove window 5\r\nslabs automove window x\r\nslabs automove window\r\n"
            b"slabs automove window 10\r\n"
        ),
        b"OK\r\n" + errors.BAD_FORMAT * 2 + b"OK\r\n",
    ),
    (
        "slabs automove window out of its range",
        b"".join(b"slabs automove window %d\r\n" % seconds for seconds in (0, 2, 3, 1800, 1801)),
        b"CLIENT_ERROR automove window too low or too high\r\n" * 2
        + b"OK\r\n" * 2
        + b"CLIENT_ERROR automove window too low or too high\r\n",
    ),
    (
        "noreply",
        (
            b"slabs automove 1 noreply\r\nslabs reassign 1 1 noreply\r\nlru mode flat noreply\r\n"
            b"lru_crawler sleep 0 noreply\r\nlru_crawler crawl x noreply\r\nversion\r\n"
        ),
        replies.VERSION,
    ),
    (
        "too many arguments",
        b"slabs reassign 1 2 3\r\nlru_crawler crawl 1 2\r\nlru_crawler metadump all 1\r\n",
        b"ERROR\r\nERROR\r\nERROR\r\n",
    ),
]


@pytest.mark.parametrize(("sent", "answered"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_conversation(sent: bytes, answered: bytes, server: Server) -> None:
    assert server.ask(sent) == answered


def test_a_crawler_that_is_disabled(server: Server) -> None:
    assert server.ask(b"lru_crawler disable\r\n") == b"OK\r\n"
    while server.stats(b"settings")["lru_crawler"] == "yes":
        pass  # memcached's crawler is a thread of its own
    for what in (b"crawl", b"metadump", b"mgdump"):
        assert server.ask(b"lru_crawler " + what + b" all\r\n") == errors.CRAWLER_DISABLED


def test_the_crawler_is_enabled_once(direct: Callable[[str], Direct]) -> None:
    server = direct("-o no_lru_crawler")
    assert server.stats(b"settings")["lru_crawler"] == "no"
    assert server.ask(b"lru_crawler enable\r\nlru_crawler enable\r\n") == (
        b"OK\r\nERROR failed to start lru crawler thread\r\n"
    )
    assert server.stats(b"settings")["lru_crawler"] == "yes"


def dump(server: Server, what: bytes) -> list[bytes]:
    """Return the lines of a dump, without the OK and END around them."""
    answer = server.ask(b"lru_crawler " + what + b"\r\n", barrier=False)
    first, end = (b"OK\r\n", b"EN\r\n" if what.startswith(b"mgdump") else b"END\r\n")
    assert answer.startswith(first)
    assert answer.endswith(end)
    return sorted(answer[len(first) : -len(end)].splitlines(keepends=True))


def test_metadump(server: Server) -> None:
    server.ask(b"ms a 1 E5 F7\r\nx\r\nms b%20\xff 5 E6\r\nhello\r\nmg a\r\n")
    a, b = dump(server, b"metadump all")
    assert re.fullmatch(rb"key=a exp=-1 la=[0-9]+ cas=5 fetch=yes cls=1 size=65 flags=7 \n", a)
    assert re.fullmatch(rb"key=b%2520%FF exp=-1 la=[0-9]+ cas=6 fetch=no cls=1 size=69 flags=0 \n", b)
    assert dump(server, b"metadump 1") == [a, b]
    assert dump(server, b"metadump hash") == [a, b]


def test_mgdump(server: Server) -> None:
    server.ask(b"set a 0 0 1\r\nx\r\nms ICAg 1 b\r\nx\r\n")
    assert dump(server, b"mgdump all") == [b"mg ICAg b\r\n", b"mg a\r\n"]
    server.ask(b"md a\r\n")
    assert dump(server, b"mgdump hash") == [b"mg ICAg b\r\n"]


def test_a_dump_shows_when_an_item_expires(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 100 1\r\nx\r\nset b 0 50 1\r\nx\r\n")
    server.clock.advance(50)
    (a,) = dump(server, b"metadump all")
    assert b" exp=%d la=%d " % (server.clock.now() + 50, server.clock.now() - 50) in a


def test_a_dump_stands_alone(server: Server) -> None:
    answer = server.ask(b"mg a\r\nlru_crawler metadump all\r\n")
    assert answer == b"EN\r\nERROR cannot pipeline other commands before metadump\r\n"
    assert server.ask(b"mg a\r\nmn\r\nlru_crawler mgdump all\r\n", barrier=False) == b"EN\r\nMN\r\nOK\r\nEN\r\n"


def test_a_dump_can_be_forbidden(start: Start) -> None:
    assert start("-X").ask(b"lru_crawler metadump all\r\n") == b"ERROR metadump not allowed\r\n"


def test_a_crawl_frees_what_has_expired(direct: Callable[[str], Direct]) -> None:
    server = direct("")
    server.ask(b"set a 0 10 1\r\nx\r\nset b 0 0 1\r\nx\r\n")
    server.clock.advance(10)
    names = frozenset({"curr_items", "bytes", "crawler_reclaimed", "reclaimed", "expired_unfetched"})
    moved = {"curr_items": -1, "bytes": -61, "crawler_reclaimed": 1, "expired_unfetched": 1}
    assert server.moved(b"lru_crawler crawl all\r\n", names) == moved


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (b"lru tune 10 25 0.1 1.5", {"hot_lru_pct": "10", "warm_lru_pct": "25"}),
        (b"lru tune 10 25 0.1 1.5", {"hot_max_factor": "0.10", "warm_max_factor": "1.50"}),
        (b"lru mode flat", {"lru_segmented": "no"}),
        (b"lru temp_ttl 100", {"temp_lru": "yes", "temporary_ttl": "100"}),
        (b"lru temp_ttl -1", {"temp_lru": "no"}),
        (b"lru_crawler sleep 300", {"lru_crawler_sleep": "300"}),
        (b"lru_crawler tocrawl 7", {"lru_crawler_tocrawl": "7"}),
        (b"slabs automove 2", {"slab_automove": "2"}),
        (b"slabs automove ratio 0.5", {"slab_automove_ratio": "0.50"}),
    ],
)
def test_settings_show_it(command: bytes, shown: dict[str, str], server: Server) -> None:
    assert server.ask(command + b"\r\n") == b"OK\r\n"
    settings = server.stats(b"settings")
    assert {name: settings[name] for name in shown} == shown
