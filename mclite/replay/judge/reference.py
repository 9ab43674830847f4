"""A reference server: what it answers to the same scenario as the target, and whether that differs where it matters.

Both are played the same script, with keys of the same length, so their answers can be compared line by line with each
other. What an exact line allows is equal by itself. What the slots of a pattern matched is compared byte by byte,
but for what two servers may say differently and mean the same: keys, cas uniques (mapped one to one), counted and
measured numbers, the time, their own version, ports and folders.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from mclite.replay.judge.record import Comparison, transcript
from mclite.replay.play.outcome import Heard, Result
from mclite.replay.scenario.text import Slot
from mclite.replay.scenario.wire import brief

_NUMBER = re.compile(rb"-?[0-9]+([.:][0-9]+)?")
#: What is written `name=number` in the lines of `me`, metadump and watch, and is of one server at one moment.
_FIELD = re.compile(rb"\b(cas=|la=|exp=|ts=|ttl=|gid=|rport=|clsid=|cls=|cfd=-?)[0-9]+(\.[0-9]+)?")
#: In a line of statistics, also a number between spaces.
_COUNT = re.compile(rb"(?<![^ ])[0-9]+([.:][0-9]+)?(?![^ ])")
#: Unix times, process ids and other long numbers; ports behind an address; the folder of a server of the suite.
_LONG = re.compile(rb"[0-9]{5,}")
_PORT = re.compile(rb"(?<=[0-9\]]):[0-9]{4,5}\b")
_FOLDER = re.compile(rb"/\S*mclite-server-[^/\s]*")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two servers answer otherwise: the line of the talk, and what each of them said there."""

    step: int | None
    target: bytes | None
    reference: bytes | None


class _Side:
    """What one of the two servers said, and the names for what is its own."""

    def __init__(self, result: Result, version: bytes) -> None:
        self.result = result
        names: dict[bytes, bytes] = {version: b"{version}"} if len(version) > 2 else {}
        for name, value in result.values.items():
            if name.startswith("key"):
                names[value] = names[base64.b64encode(value)] = b"{%s}" % name.encode()
        # The longest first: a key may begin with another one.
        self._names = sorted(names.items(), key=lambda pair: -len(pair[0]))

    def plain(self, data: bytes) -> bytes:
        """Return bytes with names for what another server may say differently and mean the same."""
        for value, name in self._names:
            data = data.replace(value, name)
        data = _FIELD.sub(rb"\1N", data)
        data = _FOLDER.sub(b"{folder}", data)
        data = _PORT.sub(b":N", data)
        return _LONG.sub(b"N", data)

    def at(self, index: int, line: int | None) -> bytes | None:
        """Return what was said at a line of the talk, or in its place; None when nothing was."""
        stopped = line is not None and self.result.step == line
        return self.result.got if stopped or index >= len(self.result.heard) else self.result.heard[index].data


class _Pairs:
    """Values of the target and of the reference that stand for each other, one to one."""

    def __init__(self) -> None:
        self._there: dict[bytes, bytes] = {}
        self._back: dict[bytes, bytes] = {}

    def same(self, ours: bytes, theirs: bytes) -> bool:
        return self._there.setdefault(ours, theirs) == theirs and self._back.setdefault(theirs, ours) == ours


def difference(ours: Result, theirs: Result, our_version: bytes, their_version: bytes) -> Difference | None:
    """Return the first place where the answers to one script differ where it matters, None if they nowhere do."""
    target, reference = _Side(ours, our_version), _Side(theirs, their_version)
    uniques = _Pairs()
    index = 0
    for index, (mine, other) in enumerate(zip(ours.heard, theirs.heard, strict=False)):
        if mine.line != other.line and target.plain(mine.data) != reference.plain(other.data):
            line = min(mine.line, other.line)
            return Difference(line, target.at(index, line), reference.at(index, line))
        if mine.line == other.line and not _same_line(mine, other, target, reference, uniques):
            return Difference(mine.line, mine.data, other.data)
    if ours.outcome == theirs.outcome == "match":
        return None
    if (ours.outcome, ours.step) == (theirs.outcome, theirs.step):
        got, their_got = ours.got or b"", theirs.got or b""
        if target.plain(got) == reference.plain(their_got):
            return None
        return Difference(ours.step, got, their_got)
    index = min(len(ours.heard), len(theirs.heard))
    stopped = [item.step for item in (ours, theirs) if item.outcome != "match" and item.step is not None]
    return Difference(min(stopped, default=None), target.at(index, None), reference.at(index, None))


def _same_line(mine: Heard, other: Heard, target: _Side, reference: _Side, uniques: _Pairs) -> bool:
    counts = mine.data.startswith(b"STAT ")
    for (slot, ours), (_, theirs) in zip(mine.filled, other.filled, strict=True):
        if _NUMBER.fullmatch(ours) and _NUMBER.fullmatch(theirs):
            same = _same_number(slot, ours, theirs, uniques)
        else:
            our_text, their_text = target.plain(ours), reference.plain(theirs)
            if counts:
                our_text, their_text = _COUNT.sub(b"N", our_text), _COUNT.sub(b"N", their_text)
            same = our_text == their_text
        if not same:
            return False
    return True


def _same_number(slot: Slot, ours: bytes, theirs: bytes, uniques: _Pairs) -> bool:
    if slot.name is not None and slot.name.startswith("cas"):
        return (ours == b"0") == (theirs == b"0") and uniques.same(ours, theirs)  # 0 is no cas unique
    return (ours == b"-1") == (theirs == b"-1")  # for ever, or no such thing: that is no number


class Beside:
    """A scenario on its way to the reference: played when its answer is asked for, or meanwhile if it waits."""

    def __init__(self, play: Callable[[], tuple[Result, str | None]], at_once: bool) -> None:
        """Prepare to call `play`; begin `at_once` in a thread of its own."""
        self._play = play
        self._answer: tuple[Result, str | None] | BaseException | None = None
        self._thread: threading.Thread | None = None
        if at_once:
            self._thread = threading.Thread(target=self._run, name="reference", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._play()
        except BaseException as error:
            self._answer = error

    def answer(self) -> tuple[Result, str | None]:
        """Return the result and, when it was not played or did not match, the reason; raise what playing raised."""
        if self._thread is None:
            self._run()
        else:
            self._thread.join()
        if isinstance(self._answer, BaseException):
            raise self._answer
        assert self._answer is not None
        return self._answer


def compared(ours: Result, theirs: Result, reason: str | None, versions: tuple[bytes, bytes]) -> Comparison:
    """Return what a record says of the reference; `same` is None when there is nothing to compare."""
    made = Comparison(outcome=theirs.outcome, same=None, reason=reason, transcript=transcript(theirs.events))
    if "not-run" in (ours.outcome, theirs.outcome) or "malformed" in (ours.outcome, theirs.outcome):
        return made
    found = difference(ours, theirs, *versions)
    if found is None:
        return replace(made, same=True)
    target = brief(found.target) if found.target is not None else None
    got = brief(found.reference) if found.reference is not None else None
    return replace(made, same=False, step=found.step, target=target, got=got)
