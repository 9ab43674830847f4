"""A run: the scenarios that a client is judged by, several at once, each with a driver's process of its own meanwhile.

A scenario that shows a fault is played once more, with a new process and twice its timeout: what a busy machine may
have caused must show again. A wrong value, a request of nobody's and a dead process need no second look, for no machine
is busy enough to cause them; nor does a fault that has shown again in other scenarios of its file.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mclite.replay.clientcheck import judge, play
from mclite.replay.clientcheck.arrival import Protocol
from mclite.replay.clientcheck.driver import Driver, DriverDied, DriverError, Hello
from mclite.replay.clientcheck.notation import Talk
from mclite.replay.clientcheck.play import Played
from mclite.replay.clientcheck.scenario import Scenario
from mclite.replay.judge.verdicts import Verdict

#: Scenarios that are played at once: most of the time they wait.
WIDTH = 12
#: How much longer the timeouts are when a fault is looked at again, scenarios that are looked at again at once, and
#: those of a file that show the same fault.
SECOND_LOOK, SECOND_WIDTH, SECOND_LOOKS = 2.0, 4, 3
#: Faults that a busy machine may cause.
_TIMING = frozenset({"hang", "frozen", "late", "result", "recovery", "request"})


@dataclass(slots=True)
class Record:
    """What came of one scenario with one client over one protocol."""

    scenario: Scenario
    protocol: Protocol
    verdict: Verdict
    played: Played

    @property
    def id(self) -> str:
        """The name of the scenario and the protocol."""
        return f"{self.scenario.id}:{self.protocol}"


@dataclass(slots=True)
class Run:
    """The results of one driver."""

    driver: str
    hello: Hello
    records: list[Record] = field(default_factory=list, repr=False)
    seconds: float = 0.0
    started: float = field(default_factory=time.time)


def plays(scenarios: Sequence[Scenario], hello: Hello) -> list[tuple[Scenario, Protocol]]:
    """Return which scenarios are about a client, over which of its protocols; those that wait first."""
    found = [(one, protocol) for one in scenarios for protocol in hello.protocols if protocol in one.protocols]
    return sorted(found, key=lambda pair: not pair[0].talk.waits)


async def check(
    name: str,
    command: Sequence[str],
    scenarios: Sequence[Scenario],
    *,
    width: int = WIDTH,
    done: Callable[[Record], None] = lambda record: None,
) -> Run:
    """Judge the client of a driver. Raises DriverError when the driver does not do what a driver does."""
    began = time.monotonic()
    first = Driver(command)
    run = Run(name, await first.start())
    queue = plays(scenarios, run.hello)
    try:
        flags = {protocol: await _try_out(first, protocol) for protocol in run.hello.protocols}
    except BaseException:
        await first.end()
        raise
    if not queue:
        await first.end()
    waiting = iter(queue)
    await _all(
        _work(command, first if number == 0 else None, waiting, flags, run, done)
        for number in range(min(width, len(queue)))
    )
    order = {f"{scenario.id}:{protocol}": number for number, (scenario, protocol) in enumerate(queue)}
    doubtful = [record for record in run.records if _is_doubtful(record)]
    again = iter(_to_look_at(doubtful))
    await _all(_look_again(command, again, flags) for _ in range(min(SECOND_WIDTH, width)))
    for record in doubtful:
        done(record)
    run.records.sort(key=lambda record: order[record.id])
    run.seconds = round(time.monotonic() - began, 2)
    return run


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do several things at once; raise the first DriverError of them."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except* DriverError as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[DriverError]) -> DriverError:
    found = errors.exceptions[0]
    return found if isinstance(found, DriverError) else _first(found)


def _to_look_at(records: Sequence[Record]) -> Iterator[Record]:
    """Yield the records that are looked at again: of one fault in one file a few."""
    seen: Counter[tuple[str, str]] = Counter()
    for record in records:
        cause = (record.scenario.chapter, record.played.findings[0].fault)
        seen[cause] += 1
        if seen[cause] <= SECOND_LOOKS or cause[1] not in ("hang", "frozen"):
            yield record


def _is_doubtful(record: Record) -> bool:
    found = record.played.findings
    return bool(found) and all(one.fault in _TIMING for one in found)


async def _work(
    command: Sequence[str],
    driver: Driver | None,
    waiting: Iterator[tuple[Scenario, Protocol]],
    flags: dict[Protocol, int],
    run: Run,
    done: Callable[[Record], None],
) -> None:
    """Play scenarios one after the other, with a new process when the last one was spent."""
    try:
        for scenario, protocol in waiting:  # one iterator for all
            if driver is None:
                driver = Driver(command)
                await driver.start()
            played = await play.play(scenario, protocol, driver, flags[protocol])
            if played.spent:
                await driver.end()
                driver = None
            record = Record(scenario, protocol, _verdict(scenario, played), played)
            run.records.append(record)
            if not _is_doubtful(record):
                done(record)
    finally:
        if driver is not None:
            await driver.end()


async def _look_again(command: Sequence[str], again: Iterator[Record], flags: dict[Protocol, int]) -> None:
    """Play again what is doubtful, each with a new process."""
    for record in again:
        driver = Driver(command)
        await driver.start()
        try:
            played = await play.play(record.scenario, record.protocol, driver, flags[record.protocol], SECOND_LOOK)
        finally:
            await driver.end()
        record.played, record.verdict = played, _verdict(record.scenario, played)


def _verdict(scenario: Scenario, played: Played) -> Verdict:
    if played.broken is not None:
        return "suite-error"
    if played.findings:
        return judge.verdict(scenario.level, played.findings)
    return "unsupported" if played.unsupported is not None else judge.verdict(scenario.level, [])


#: What every driver must be able to do: it also shows which flags the client gives to bytes.
_FIRST = Talk("do set {key} a\\xff\\x00b\ngot true or silent\ndo get {key}\ngot own")


async def _try_out(driver: Driver, protocol: Protocol) -> int:
    """See that the driver stores and fetches; return the flags with which its client stores bytes."""
    scenario = Scenario("try/out", "", "must", "", (protocol,), (), _FIRST, "", 0, 0, timeout=10.0)
    try:
        played = await play.play(scenario, protocol, driver, 0)
    except DriverDied as died:
        raise DriverError(f"does not survive a set and a get: {died}") from None
    if played.unsupported is not None or played.findings:
        why = played.unsupported or played.findings[0].text
        raise DriverError(f"cannot store and fetch an item over {protocol}: {why}")
    return played.items.held[b"key"].flags
