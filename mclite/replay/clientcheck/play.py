"""One scenario, played with one driver: what the caller is told to do, step by step, and what is found."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mclite.replay.clientcheck import judge, outcome
from mclite.replay.clientcheck.arrival import Protocol
from mclite.replay.clientcheck.driver import Driver, DriverDied
from mclite.replay.clientcheck.items import Items
from mclite.replay.clientcheck.judge import Finding
from mclite.replay.clientcheck.notation import Act, Await, Do, Hold, Want
from mclite.replay.clientcheck.outcome import Outcome
from mclite.replay.clientcheck.scenario import Scenario
from mclite.replay.clientcheck.server import Event, Running, Server, render_text
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.text import Text, Values
from mclite.replay.scenario.wire import brief

#: Times the timeout, and seconds more, that a client may take before it hangs; some try again by themselves.
HANG_TIMES, HANG_SECONDS = 4.0, 1.5
#: Seconds between two ticks of an event loop, and within which one must be answered.
TICK_EVERY, TICK_SECONDS = 0.25, 1.0
#: Bytes by which a process may grow in a scenario.
GROWTH = 1 << 30
#: Seconds that a client has to connect again where it is to recover, and between two tries.
RECOVER_SECONDS, RECOVER_PAUSE = 2.5, 0.1
#: Seconds that late bytes have to arrive before the caller goes on.
_SETTLE = 0.02
#: Items that are fetched behind every talk; their values have different lengths, and none is in another.
AFTER = tuple((b"after%d" % number, b"<value %d%s>" % (number, b"." * number)) for number in range(1, 5))


class StoppedError(Exception):
    """The scenario cannot go on: the driver is gone, or must be ended."""


@dataclass(slots=True)
class Played:
    """What came of a scenario."""

    findings: list[Finding] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    items: Items = field(default_factory=Items)
    unsupported: str | None = None
    milliseconds: float = 0.0
    spent: bool = False  #: the driver must not be used again
    broken: str | None = None  #: how the suite failed


class _Unsupported(Exception):  # noqa: N818  # no error: the client has no such thing
    """The client has no such thing."""


@dataclass(slots=True)
class _Asked:
    running: Running
    number: int
    future: asyncio.Future[dict[str, Any]]
    began: float


async def play(scenario: Scenario, protocol: Protocol, driver: Driver, bytes_flags: int, scale: float = 1.0) -> Played:
    """Play a scenario; `scale` makes its timeout longer. Raises DriverError for what the driver itself does wrong."""
    player = _Player(scenario, protocol, driver, bytes_flags, scale)
    began = time.monotonic()
    played = await player.play()
    played.milliseconds = round((time.monotonic() - began) * 1000, 1)
    return played


class _Player:
    def __init__(self, scenario: Scenario, protocol: Protocol, driver: Driver, bytes_flags: int, scale: float) -> None:
        self.scenario, self.protocol, self.driver, self.scale = scenario, protocol, driver, scale
        self.timeout = scenario.timeout * scale
        self.bytes_flags = bytes_flags
        self.values: Values = {"bytes_flags": b"%d" % bytes_flags, "empty": b""}
        self.items = Items()
        self.server = Server(self.items, self.values, bytes_flags, scale)
        self.started: dict[str, _Asked] = {}
        self.disturbed = False
        #: What a client made of a key or a value of the caller before it sent it: a hash, a compressed form.
        self.sent_as: dict[bytes, bytes] = {}
        self.stands_for: dict[bytes, bytes] = {}
        self.played = Played(events=self.server.events, items=self.items)
        self.size = driver.memory()

    def find(self, fault: judge.Fault, text: str, line: int = 0) -> None:
        self.played.findings.append(Finding(fault, text, line))

    async def play(self) -> Played:
        await self.server.up()
        try:
            await self.open()
            for step in self.scenario.talk.steps:
                await self.step(step)
            await self.afterwards()
            await self.control("close")
        except _Unsupported as unsupported:
            self.played.unsupported = str(unsupported)
            self.played.spent = bool(self.started)
        except StoppedError:
            self.played.spent = True
        except DriverDied as died:
            self.find("died", f"the process of the client ended: {died}")
            self.played.spent = True
        finally:
            await self.server.down()
        self.played.broken = self.server.broken
        for request in self.server.illegal[:5]:
            self.find("illegal", f"`{brief(request.raw, 80, 20)}` arrived: {request.problem}")
        return self.played

    async def open(self) -> None:
        await self.control(
            "open", host="127.0.0.1", port=self.server.port, protocol=self.protocol, timeout=self.timeout
        )

    async def control(self, operation: str, **fields: Any) -> None:
        """Tell the driver something that is no command; what it takes too long for ends the scenario."""
        number, future = self.driver.ask(operation, **fields)
        try:
            async with asyncio.timeout(HANG_TIMES * self.timeout + HANG_SECONDS * self.scale + 5.0):
                line = await future
        except TimeoutError:
            self.driver.give_up(number)
            self.find("hang", f"{operation} does not end")
            raise StoppedError from None
        if "unsupported" in line:
            raise _Unsupported(str(line["unsupported"]))
        if "error" in line and operation == "open":
            self.server.note("caller", f"{operation}: {outcome.read(operation, line).show()}".encode())

    async def step(self, step: Hold | Do | Await | Act) -> None:
        try:
            await self.carry_out(step)
        except _Unsupported as unsupported:
            # Behind what the scenario is about the caller does several things, and not every client has all of them.
            if not self.disturbed:
                raise
            self.server.note("note", f"left out: {unsupported}".encode())

    async def carry_out(self, step: Hold | Do | Await | Act) -> None:
        match step:
            case Hold():
                numbers = {name: int(render_text(text, self.values)) for name, text in step.options.items()}
                key, value = render_text(step.key, self.values), render_text(step.value, self.values)
                self.items.put(key, value, numbers.get("flags", self.bytes_flags), numbers.get("cas"))
            case Do(name=None):
                await self.finish(self.ask(step))
            case Do(name=name):
                assert name is not None
                self.started[name] = self.ask(step)
                await asyncio.sleep(_SETTLE * self.scale)
            case Await(name=name):
                if name in self.started:
                    await self.finish(self.started.pop(name))
            case Act(verb="push", text=text):
                assert text is not None
                await self.server.push(render_text(text, self.values))
                await asyncio.sleep(_SETTLE * self.scale)
            case Act(verb="drop"):
                self.server.drop()
                await asyncio.sleep(_SETTLE * self.scale)
            case Act(verb="down"):
                await self.server.down()
            case Act(verb="up"):
                await self.server.up()
            case Act(seconds=seconds):
                await asyncio.sleep(seconds)

    def ask(self, do: Do) -> _Asked:
        """Tell the driver to do something."""
        keys = tuple(render_text(text, self.values) for text in do.keys)
        value = render_text(do.value, self.values) if do.value is not None else None
        running = Running(do, keys, value)
        fields: dict[str, Any] = {}
        if do.operation in ("get_many", "gets_many"):
            fields["keys"] = [_base64(key) for key in keys]
        elif keys:
            fields["key"] = _base64(keys[0])
        if value is not None:
            fields["value"] = _base64(value)
            self.note_values(running, do, value)
        for name, text in do.options.items():
            if any(need not in self.values and not need.startswith("key") for need in text.needs):
                raise _Unsupported(f"the client did not tell {text.source}")
            word = render_text(text, self.values).decode()
            fields[name] = _exptime(word) if name == "exptime" else int(word) if name == "flags" else word
        if do.noreply:
            fields["noreply"] = True
        for key in keys:
            for want in do.got:
                self.note_want(key, want)
        if do.operation not in self.driver.hello.operations:
            raise _Unsupported(f"the client has no {do.operation}")
        if do.cancel and "cancel" not in self.driver.hello.operations:
            raise _Unsupported("the client has no way to cancel")
        if do.name is not None and not self.driver.hello.concurrent:
            raise _Unsupported("the client does one thing at a time")
        self.server.running.append(running)
        shown = [do.operation, *(brief(key, 60, 20) for key in keys)]
        shown += [f'"{brief(value, 60, 20)}"'] if value is not None else []
        shown += [f"{name}={render_text(text, self.values).decode()}" for name, text in do.options.items()]
        self.server.note("caller", " ".join(shown + ["noreply"] * do.noreply).encode())
        number, future = self.driver.ask(do.operation, **fields)
        return _Asked(running, number, future, time.monotonic())

    def note_values(self, running: Running, do: Do, value: bytes) -> None:
        """Take note of the values that the key may have from now on, whatever the server says."""
        key = running.keys[0]
        before = self.items.held.get(key)
        self.items.note(key, value)
        if do.operation in ("append", "prepend") and before is not None:
            joined = before.value + value if do.operation == "append" else value + before.value
            self.items.note(key, joined)

    def note_want(self, key: bytes, want: Want) -> None:
        """Take note that a value which the talk allows for `key` is one that it may have."""
        if want.kind in ("value", "number"):
            self.items.note(key, render_text(want.words[0], self.values))
        for one, value in want.pairs if want.kind == "items" else ():
            self.items.note(render_text(one, self.values), render_text(value, self.values))

    async def finish(self, asked: _Asked) -> Outcome:
        """Wait for the result, and judge it."""
        do, running = asked.running.do, asked.running
        if do.cancel:
            await self.cancel(asked)
        # What an honest server holds when it is asked: the result of a request that changes it comes afterwards.
        line = await self.result(asked)
        seconds = time.monotonic() - asked.began
        got = outcome.read(do.operation, line)
        if got.kind == "unsupported":
            self.server.running.remove(running)
            raise _Unsupported(got.text)
        self.disturbed |= bool(do.directives)
        self.server.note("caller", f"gets {got.show()}".encode())
        self.played.findings += judge.values(running, got, self.items, self.bytes_flags)
        if not (any(running.foreign) or running.arrived) and do.noreply:
            await asyncio.sleep(_SETTLE * self.scale)
        self.judge(running, got, seconds)
        await self.server.after(running)
        await asyncio.sleep(_SETTLE * self.scale if any(one.disturbs for one in do.directives) else 0)
        return got

    async def cancel(self, asked: _Asked) -> None:
        """Cancel what is under way, as soon as its request has arrived."""
        try:
            async with asyncio.timeout(1.0 * self.scale):
                await asked.running.seen.wait()
        except TimeoutError:
            pass
        await asyncio.sleep(_SETTLE * self.scale)
        self.server.note("caller", b"cancels it")
        number, future = self.driver.ask("cancel", target=asked.number)
        future.add_done_callback(lambda one: one.exception())  # a driver that is gone says so elsewhere
        del number

    async def result(self, asked: _Asked) -> dict[str, Any]:
        """Wait for what the driver says, with a tick now and then."""
        patience = asked.began + HANG_TIMES * self.timeout + HANG_SECONDS * self.scale
        tick: asyncio.Future[dict[str, Any]] | None = None
        ticked = frozen = 0.0
        while True:
            done, _ = await asyncio.wait((asked.future,), timeout=TICK_EVERY)
            if done:
                return asked.future.result()
            now = time.monotonic()
            if self.driver.memory() - self.size > GROWTH:
                self.find("memory", f"the process grew by more than {GROWTH >> 20} MB", asked.running.do.line)
                raise StoppedError
            if tick is not None and tick.done():
                tick.exception()
                tick = None
            if self.driver.hello.concurrent and tick is None:
                ticked, tick = now, self.driver.ask("tick")[1]
            elif tick is not None and not frozen and now - ticked > TICK_SECONDS * self.scale:
                frozen = now
                text = f"the event loop did nothing for {TICK_SECONDS:g} s during {asked.running.do.operation}"
                self.find("frozen", text, asked.running.do.line)
            if now > patience:
                text = f"{asked.running.do.operation} did not end within {now - asked.began:.1f} s"
                self.find("hang", f"{text}, with a timeout of {self.timeout:g} s", asked.running.do.line)
                raise StoppedError

    def judge(self, running: Running, got: Outcome, seconds: float) -> None:
        """Hold requests and result against the talk."""
        do = running.do
        self.played.findings += judge.requests(running, self.unmatched(running, got))
        for request in running.arrived:
            if problem := judge.exptime(do, request, time.time()):
                self.find("request", problem, do.line)
        own = self.own(running)
        if (
            do.got
            and not _sent_again(running)
            and not any(outcome.satisfies(got, want, running, own, self.values) for want in do.got)
        ):
            wanted = " or ".join(want.source for want in do.got)
            self.find("result", f"{do.operation} gives {got.show()}, not {wanted}", do.got_line)
        if do.within is not None and seconds > do.within * self.scale:
            text = f"{do.operation} took {seconds:.1f} s, with a timeout of {self.timeout:g} s"
            self.find("late", text, do.line)

    def own(self, running: Running) -> dict[bytes, bytes]:
        """Return what the keys of the caller hold, as the caller means it."""
        for request in running.arrived:
            if len(running.keys) == 1 == len(request.keys) and request.keys != running.keys:
                self.sent_as[running.keys[0]] = request.keys[0]
            if running.value is not None and request.data is not None and request.data != running.value:
                self.stands_for[request.data] = running.value
        found = {key: self.items.held.get(self.sent_as.get(key, key)) for key in running.keys}
        return {key: self.stands_for.get(item.value, item.value) for key, item in found.items() if item is not None}

    def unmatched(self, running: Running, got: Outcome) -> str | None:
        """Return how the requests differ from the `>` lines, None when they agree, or the caller was refused."""
        texts = running.do.arrivals
        if not texts or (got.kind == "error" and not running.arrived):
            return None
        arrived = [line for request in running.arrived for line in request.normal]
        for number, text in enumerate(texts):
            line = arrived[number] if number < len(arrived) else None
            if line is None or not self.matches(text, line):
                shown = f"`{brief(line, 80, 20)}`" if line is not None else "nothing"
                return f"{shown} arrived, not `{text.show(self.values)}`"
        return None

    def matches(self, text: Text, line: bytes) -> bool:
        for name in text.needs:
            if name.startswith("key"):
                self.values.setdefault(name, name.encode())
        found = text.match(line, self.values)
        if isinstance(found, int):
            return False
        self.values.update(found)
        return True

    async def afterwards(self) -> None:
        """Fetch four different keys: most wrong values show only at the second or third."""
        for key, value in AFTER:
            self.items.put(key, value, self.bytes_flags)
        after = self.scenario.after
        for number, (key, value) in enumerate(AFTER, 1):
            got = await self.get(key)
            last = number == len(AFTER)
            deadline = time.monotonic() + RECOVER_SECONDS * self.scale
            while after == "recovers" and last and not _is(got, value) and time.monotonic() < deadline:
                await asyncio.sleep(RECOVER_PAUSE)
                got = await self.get(key)
            if not _is(got, value) and (after == "works" or (after == "recovers" and last)):
                text = f"a get of {key.decode()} afterwards gives {got.show()}"
                self.find("result" if after == "works" else "recovery", text)

    async def get(self, key: bytes) -> Outcome:
        return await self.finish(self.ask(Do(0, "get", (parse_text(key.decode()),), None, {})))


def _is(got: Outcome, value: bytes) -> bool:
    return got.found is not None and got.found.value == value


def _sent_again(running: Running) -> bool:
    """Tell whether the client asked again by itself after the connection was lost, and was answered honestly."""
    lost = any(one.delivery.then in ("close", "reset") for one in running.do.directives)
    return lost and len(running.arrived) > len(running.do.directives)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _exptime(word: str) -> Any:
    """Return an exptime as a driver is told it: `60`, `0.5`, `none`, `timedelta:60`, `datetime:+60`, `unix:+60`."""
    kind, sign, number = word.partition(":")
    if word == "none":
        return None
    if kind == "unix":
        return int(time.time()) + int(number)
    if sign:
        return {kind: int(number) + (int(time.time()) if kind == "datetime" else 0)}
    return float(word) if "." in word else int(word)


def first_line(findings: Sequence[Finding]) -> int:
    """Return the line of the talk that a report points at."""
    return next((one.line for one in findings if one.line), 0)
