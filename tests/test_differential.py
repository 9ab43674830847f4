"""mclite and a real memcached 1.6.45 are said the same five hundred sessions, and answer the same.

It takes a memcached of that version: MCLITE_TEST_MEMCACHED=/path/to/it, or `.memcached/sid/memcached` in the checkout.
Longer runs, and other seeds: `mclite compare mclite memcached=/path/to/it --seconds 600 --seed 2`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as hypothesis_seed

from mclite.compare import report
from mclite.compare.dialogue import Request, Session, Write, writes
from mclite.compare.draw import sessions
from mclite.compare.kinds import kind_of
from mclite.compare.noise import calm, cut_short
from mclite.compare.pair import SURE, Pair
from mclite.compare.search import Found, Limits, Search
from mclite.replay.scenario.root import default_root
from mclite.replay.scenario.versions import claimed_version, parse_version
from mclite.replay.target.servers import Server
from mclite.replay.target.spec import find_spec

SEED, SESSIONS = 20, 500
ROOT = Path(__file__).resolve().parents[1]
SOURCE = os.environ.get("MCLITE_TEST_SOURCE", str(ROOT))  # of mclite: its faults are not put into the compiled build
TARGETS = default_root() / "targets"


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where mclite does what protocol.txt says, or what is safe, and memcached 1.6.45 does not."""

    request: str  #: a regular expression, for the form of the request
    a: str  #: for what mclite says
    b: str
    why: str

    def covers(self, kind: str) -> bool:
        """Tell whether it is a kind of difference that is meant."""
        return re.fullmatch(f"(?:{self.request}): (?:{self.a}) \\| (?:{self.b})", kind) is not None


DEVIATIONS = (
    Deviation("gets?.*|gats?.*", "nothing more", "an empty line", "one error line, and no line behind it"),
    Deviation("m[gsda]", ".*", "CLIENT_ERROR opaque token too long", "lines 606-607: an opaque has 32 bytes at most"),
    Deviation("me", "CLIENT_ERROR bad command line format|EN|ME", "EN|ME", "lines 471-473: with b the key is base64"),
)


def real_memcached() -> str | None:
    """Return the program to compare with, if there is one."""
    asked = os.environ.get("MCLITE_TEST_MEMCACHED")
    usual = ROOT / ".memcached" / "sid" / "memcached"
    return asked or (str(usual) if usual.is_file() else None)


pytestmark = pytest.mark.memcached


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    program = real_memcached()
    if program is None:
        pytest.skip("needs memcached 1.6.45: MCLITE_TEST_MEMCACHED=/path/to/it")
    mclite = Server(find_spec("mclite", TARGETS))
    memcached = Server(find_spec(f"memcached={program}", TARGETS))
    try:
        made = Pair(mclite.address, memcached.address)
        claimed = claimed_version(made.b.version)
        if claimed is None or parse_version(claimed) < (1, 6, 45):
            pytest.skip(f"needs memcached 1.6.45 or newer: {program} is {made.b.version}")
        yield made
    finally:
        mclite.stop()
        memcached.stop()


def meant(kind: object) -> bool:
    return any(one.covers(str(kind)) for one in DEVIATIONS)


class Excuse:
    """A fault of 1.6.45 that its answers show only later: what mclite with that fault answers the same is excused."""

    FAULT = "ma-ttl-of-longer"  #: the T of ma is lost when the number gets longer (line 922 says that it holds)
    HINT = re.compile(r"ma .* T")

    def __init__(self, faulty: Pair) -> None:
        """Ask `faulty`: a mclite with the fault, and the memcached."""
        self._faulty = faulty

    def holds(self, session: Session) -> bool:
        """Tell whether the fault, and nothing else, is why the two answer this session otherwise."""
        lines = [request.line for write in writes(session) for request in write.requests]
        if not any(self.HINT.match(line) for line in lines):
            return False
        return all(exchange.same for exchange in self._faulty.play(session, SURE))


@pytest.fixture(scope="module")
def excuse(pair: Pair) -> Iterator[Excuse]:
    serve = f"env PYTHONPATH={SOURCE} {{python}} {ROOT / 'tests' / 'mutants'} serve"
    spec = replace(find_spec("mclite", TARGETS), command=f"{serve} --fault {Excuse.FAULT} -l {{host}} -p {{port}}")
    faulty = Server(spec)
    try:
        yield Excuse(Pair(faulty.address, pair.b.address))
    finally:
        faulty.stop()


def told(found: list[Found]) -> str:
    return "\n".join(line for one in found for line in report.difference(one, 1))


def test_the_same_as_memcached(pair: Pair, excuse: Excuse) -> None:
    outcome = Search(pair, Limits(sessions=SESSIONS), number=SEED, destructive=True).run()
    assert outcome.died is None
    assert outcome.sessions == SESSIONS
    wrong = [found for found in outcome.new if not meant(found.kind) and not excuse.holds(found.session)]
    assert wrong == [], told(wrong)
    assert any(meant(found.kind) for found in outcome.new), "it found nothing, not even what is known: is it blind?"


def test_the_same_as_memcached_in_whole_writes(pair: Pair, excuse: Excuse) -> None:
    """A failure here is shrunk by Hypothesis itself: it proves the drawing and shrinking that `compare` parts."""

    @hypothesis_seed(SEED)
    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(sessions(waits=False).map(calm))
    def same(session: Session) -> None:
        first = different(pair, session)
        if first is not None and different(pair, session, SURE) == first and not excuse.holds(session):
            raise AssertionError(f"{first}: {session}")

    same()


def different(pair: Pair, session: Session, quiet: float = 0.15) -> str | None:
    """Return the kind of the first difference that is not meant, None if there is none."""
    for exchange in pair.play(session, quiet):
        if exchange.same:
            continue
        if cut_short(exchange.a, exchange.b):
            return None
        if len(exchange.write.requests) > 1 or meant(kind_of(exchange)):
            return None  # what comes next may follow from it; the search above takes such writes apart
        return str(kind_of(exchange))
    return None


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda one: one.why)
def test_what_is_meant_is_narrow(deviation: Deviation) -> None:
    for kind in ("set with 4 arguments: STORED | ERROR", "get with 1 argument: END | VALUE", "mg: HD | EN"):
        assert not deviation.covers(kind)


def test_the_excuse_is_narrow(excuse: Excuse) -> None:
    def session(*lines: str) -> Session:
        cut = [one.partition("|") for one in lines]
        return tuple(Write("A", (Request(line, data if bar else None),)) for line, bar, data in cut)

    grown = session("set {key} 0 0 1|9", "ma {key} T100", "mg {key} t")
    assert excuse.holds(grown)
    assert not excuse.holds(grown[:1] + grown[2:]), "nothing to excuse: no T"
    assert not excuse.holds((*grown, *session("get " + "k" * 251))), "something else differs, too"
