"""The conversation of a scenario: written line by line, parsed to steps, made a script for one version.

    wire = [conn] sigil [guard] [" " text]        conn = A..Z, A when none is written
    verb = [conn " "] word [guard] [" " number]

A talk that does not parse is a fault of the suite, so everything that can be checked without a server is
checked here: each name has a value before it is used, whatever the version.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.text import Padded, Text, TextError
from mclite.replay.scenario.versions import KNOWN_VERSIONS, Guard, Version, parse_guard

#: verb: (does it take a number, the number when none is written; None = it must be written)
VERBS: dict[str, tuple[bool, float | None]] = {
    "wait": (True, None),  # let this many seconds pass
    "silence": (True, None),  # nothing may arrive for this many seconds
    "chop": (True, None),  # cut later writes into pieces of n bytes; 0 = whole again
    "open": (False, None),  # connect, send nothing yet
    "close": (False, None),  # hang up
    "reset": (False, None),  # hang up with a TCP reset
    "shut": (False, None),  # send no more (half-close), go on reading
    "closed": (True, 0.0),  # the server hangs up, within its usual time or this many seconds
    "drain": (False, None),  # what follows on this connection is the server's own affair
}
#: Maximum times that lines of a talk are repeated.
MOST_ROUNDS = 1000


class TalkError(ValueError):
    """A talk is malformed: at which of its lines, from 1, and how."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line} of the talk: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a talk, as written: a wire line, or a verb."""

    line: int
    conn: str
    sigil: str  #: > >. < <. <| <* <& <~ or a verb
    guard: Guard | None
    text: Text | None
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Write:
    """Send these lines in one write."""

    line: int
    conn: str
    lines: tuple[tuple[Text, bytes], ...]  #: a text and what ends it: CR LF, or nothing
    numbers: tuple[int, ...]  #: of the lines of the talk


@dataclass(frozen=True, slots=True)
class Expect:
    """This line, or this part of one, comes next."""

    line: int
    conn: str
    text: Text
    end: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Lines that are answered to several connections, one to each: who gets which is the server's affair."""

    lines: tuple[Expect, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these lines comes next; with a `pool` one that no other connection was answered."""

    line: int
    conn: str
    options: tuple[Expect, ...]
    pool: Pool | None = None


@dataclass(frozen=True, slots=True)
class SomeOf:
    """Each of these comes before `until`, in any order: among other lines, or with nothing between."""

    line: int
    conn: str
    wanted: tuple[Expect, ...]
    until: Expect | AnyOf
    others: bool = True  #: other lines may be between


@dataclass(frozen=True, slots=True)
class Act:
    """A verb is carried out."""

    line: int
    conn: str
    verb: str
    number: float


Op = Write | Expect | AnyOf | SomeOf | Act
Script = tuple[Op, ...]
Delivery = Literal["whole", "bytes", "lines", "pipelined"]

_WIRE = re.compile(r"([A-Z])?(>\.|<\.|<\||<\*|<&|<~|>|<)(?:\[([^\]]*)\])?(?: (.*))?")
_ROUNDS = re.compile(r"repeat ([0-9]{1,9})")
_VERB = re.compile(r"(?:([A-Z]) )?([a-z]+) ?(?:\[([^\]]*)\])?(?: ([0-9]+(?:\.[0-9]+)?))?")


class Talk:
    """A parsed conversation; `source` is its text."""

    __slots__ = ("_scripts", "guards", "source", "steps")

    def __init__(self, source: str) -> None:
        """Parse `source`; raise TalkError when it is malformed."""
        self.source = source
        self.steps = tuple(_steps(source))
        self.guards = tuple(step.guard for step in self.steps if step.guard is not None)
        self._scripts: dict[tuple[bool, ...], Script] = {}
        if not self.steps:
            raise TalkError(1, "it says nothing")
        for version, *_ in self.variants().values():
            script = self.script(version)
            if not any(isinstance(op, Write) for op in script) and not _acts(script, "open"):
                raise TalkError(1, f"nothing is sent to {'.'.join(map(str, version))}")
            _check_names(script)

    def variants(self) -> dict[tuple[bool, ...], tuple[Version, ...]]:
        """Return the known releases by the variant that is theirs, oldest first."""
        ends = {0, len(KNOWN_VERSIONS)}
        for guard in self.guards:
            for item in guard.ranges:
                ends.add(bisect.bisect_left(KNOWN_VERSIONS, item.low) if item.low else 0)
                ends.add(bisect.bisect_right(KNOWN_VERSIONS, item.high) if item.high else len(KNOWN_VERSIONS))
        found: dict[tuple[bool, ...], tuple[Version, ...]] = {}
        for low, high in itertools.pairwise(sorted(ends)):
            variant = self.variant(KNOWN_VERSIONS[low])
            found[variant] = (*found.get(variant, ()), *KNOWN_VERSIONS[low:high])
        return found

    def variant(self, version: Version) -> tuple[bool, ...]:
        """Return which of the guards let `version` pass: those with the same answer have the same script."""
        return tuple(version in guard for guard in self.guards)

    def script(self, version: Version) -> Script:
        """Return what is played and expected of a server that answers as `version`."""
        variant = self.variant(version)
        script = self._scripts.get(variant)
        if script is None:
            steps = [step for step in self.steps if step.guard is None or version in step.guard]
            script = self._scripts[variant] = tuple(_group(steps))
        return script

    def seconds(self, version: Version) -> float:
        """Return how many seconds the talk waits, of itself."""
        return sum(
            op.number for op in self.script(version) if isinstance(op, Act) and op.verb in ("wait", "silence", "closed")
        )

    def commands(self) -> tuple[str, ...]:
        """Return the verbs of the protocol that the talk sends, each once, sorted."""
        return tuple(sorted(set(_commands(self.steps))))


def _steps(source: str) -> Iterator[Step]:
    """Yield the steps of a talk, those between `repeat` and `end` again and again."""
    rounds: tuple[int, int] | None = None  # the line of `repeat`, and how often
    repeated: list[Step] = []
    for number, line in _lines(source):
        if found := _ROUNDS.fullmatch(line):
            if rounds is not None:
                raise TalkError(number, f"the repeat of line {rounds[0]} has no end yet")
            if not 2 <= int(found[1]) <= MOST_ROUNDS:
                raise TalkError(number, f"repeat takes a number from 2 to {MOST_ROUNDS}")
            rounds = number, int(found[1])
        elif line == "end":
            if rounds is None:
                raise TalkError(number, "there is no repeat before this end")
            yield from repeated * rounds[1]
            rounds, repeated = None, []
        elif rounds is not None:
            repeated.append(_parsed(number, line))
        else:
            yield _parsed(number, line)
    if rounds is not None:
        raise TalkError(rounds[0], "repeat needs an end after the lines that are repeated")


def _lines(source: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(source.splitlines(), 1):
        line = raw.lstrip()
        if not line or line.startswith("#"):
            continue
        if line != line.rstrip() and line.rstrip() not in (">", "<"):
            raise TalkError(number, r"it ends in a space that nobody sees: write \x20")
        yield number, line.rstrip()


def _parsed(number: int, line: str) -> Step:
    try:
        return _step(number, line)
    except TextError as error:
        raise TalkError(number, str(error)) from None
    except TalkError:
        raise
    except ValueError as error:
        raise TalkError(number, f"in its guard: {error}") from None


def _step(number: int, line: str) -> Step:
    if found := _WIRE.fullmatch(line):
        conn, sigil, guard, written = found.groups()
        if written is not None and written.startswith(" "):
            raise TalkError(number, r"two spaces after the sign: write \x20 for one that is meant")
        text = parse_text(written or "")
        if text.matches and sigil in (">", ">."):
            raise TalkError(number, "a {name:type} matches what comes; what is sent must be known")
        if text.matches and sigil == "<." and not text.source.endswith(r"\n"):
            raise TalkError(number, r"<. must be exact, or end in \n: nothing says where its {name:type} would end")
        if text.binds and sigil.startswith("<") and any(isinstance(part, Padded) for part in text.parts):
            raise TalkError(number, "{key:n} makes a new key, so it belongs into a line that is sent")
        return Step(number, conn or "A", sigil, parse_guard(guard) if guard is not None else None, text)
    if found := _VERB.fullmatch(line):
        conn, verb, guard, written = found.groups()
        if verb in VERBS:
            takes, default = VERBS[verb]
            if written is None and takes and default is None:
                raise TalkError(number, f"{verb} needs a number after it")
            if written is not None and not takes:
                raise TalkError(number, f"{verb} takes no number")
            value = float(written) if written is not None else default or 0.0
            return Step(number, conn or "A", verb, parse_guard(guard) if guard is not None else None, None, value)
    raise TalkError(number, f"neither a wire line nor one of the verbs {', '.join(VERBS)}: {line!r}")


#: Signs whose consecutive lines are one operation: lines with and without an end are sent together.
_RUNS_OF = {">": ">", ">.": ">", "<|": "<|", "<*": "<*", "<&": "<&"}


def _group(steps: Sequence[Step]) -> Iterator[Op]:
    """Yield the steps as operations: a run of the same sign on one connection is one."""
    index = 0
    while index < len(steps):
        step = steps[index]
        run = 1
        sigils = _RUNS_OF.get(step.sigil)
        if sigils is not None:
            while index + run < len(steps):
                other = steps[index + run]
                if other.conn != step.conn or _RUNS_OF.get(other.sigil) != sigils:
                    break
                run += 1
        taken = steps[index : index + run]
        index += run
        if step.text is None:
            yield Act(step.line, step.conn, step.sigil, step.number)
        elif sigils == ">":
            lines = tuple((item.text, b"" if item.sigil == ">." else b"\r\n") for item in taken if item.text)
            yield Write(step.line, step.conn, lines, tuple(item.line for item in taken))
        elif sigils in ("<*", "<&"):
            wanted = tuple(_expect(item) for item in taken)
            rest = list(_group(steps[index:]))
            if not rest or not isinstance(rest[0], Expect | AnyOf) or rest[0].conn != step.conn:
                raise TalkError(taken[-1].line, f"after a run of {sigils} comes the < line that ends it")
            yield SomeOf(step.line, step.conn, wanted, rest[0], sigils == "<*")
            yield from rest[1:]
            return
        elif step.sigil == "<~":
            answered = _pool(steps[index - 1 :])
            index += len(answered) - 1
            pool = Pool(tuple(_expect(item) for item in answered))
            for item in answered:
                yield AnyOf(item.line, item.conn, tuple(replace(one, conn=item.conn) for one in pool.lines), pool)
        elif sigils == "<|":
            yield AnyOf(step.line, step.conn, tuple(_expect(item) for item in taken))
        else:
            yield _expect(step)


def _pool(steps: Sequence[Step]) -> list[Step]:
    """Return the run of `<~` with which `steps` begin, one a connection; raise TalkError when there is only one."""
    found: list[Step] = []
    for step in steps:
        if step.sigil != "<~" or any(step.conn == item.conn for item in found):
            break
        found.append(step)
    if len(found) < 2:
        raise TalkError(steps[0].line, "a run of <~ is about several connections")
    if any(step.text is not None and step.text.binds for step in found):
        raise TalkError(steps[0].line, "which connection is answered a line of <~ is open, so it binds no {name:type}")
    return found


def _expect(step: Step) -> Expect:
    assert step.text is not None
    return Expect(step.line, step.conn, step.text, b"" if step.sigil == "<." else b"\r\n")


def _acts(script: Script, verb: str) -> bool:
    return any(isinstance(op, Act) and op.verb == verb for op in script)


def _check_names(script: Script) -> None:
    """Raise TalkError when a name is used before it has a value, or a drained connection is to answer."""
    known: set[str] = set()
    drained: set[str] = set()
    for op in script:
        if op.conn in drained and isinstance(op, Expect | AnyOf | SomeOf):
            raise TalkError(op.line, "the connection was drained: nothing can be expected of it any more")
        match op:
            case Write(_, _, lines, numbers):
                for (text, _), line in zip(lines, numbers, strict=True):
                    if text.constant is not None:
                        continue
                    if again := known.intersection(text.binds):
                        raise TalkError(line, f"{{{again.pop()}}} has a value already")
                    known.update(name for name in text.needs if name.startswith("key"))
                    _require(line, text, known)
                    known.update(text.binds)
            case Expect(line, _, text):
                if text.constant is None:
                    _require(line, text, known)
                    known.update(text.binds)
            case AnyOf(options=options):
                known |= _bound_by_all(options, known)
            case SomeOf(wanted=wanted, until=until):
                for item in wanted:
                    _require(item.line, item.text, known)
                for item in wanted:
                    known.update(item.text.binds)
                known |= _bound_by_all(until.options if isinstance(until, AnyOf) else (until,), known)
            case Act(verb="drain"):
                drained.add(op.conn)
            case Act(verb="close" | "closed" | "reset"):
                drained.discard(op.conn)
            case _:
                pass


def _bound_by_all(options: Sequence[Expect], known: set[str]) -> set[str]:
    for option in options:
        _require(option.line, option.text, known)
    return set.intersection(*(set(option.text.binds) for option in options))


def _require(line: int, text: Text, known: set[str]) -> None:
    for name in text.needs:
        if name not in known and name not in text.binds:
            raise TalkError(line, f"{{{name}}} has no value yet")


_COMMAND = re.compile(r"[a-z_]{2,}")
_STORAGE = frozenset({"set", "add", "replace", "append", "prepend", "cas", "ms"})


def _commands(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the verbs that are sent, as far as they are words."""
    sent = (step.text.source for step in steps if step.sigil in (">", ">.") and step.text is not None)
    for line in _request_lines(sent):
        word = line.split(" ", 1)[0]
        if _COMMAND.fullmatch(word):
            yield word


def requests(op: Write) -> Iterator[str]:
    """Yield the command lines of a write, without its data blocks."""
    return _request_lines(text.source for text, _ in op.lines)


def _request_lines(sources: Iterable[str]) -> Iterator[str]:
    data = False
    for source in sources:
        for line in source.removesuffix("\\r\\n").split("\\r\\n"):
            if data:
                data = False
            else:
                yield line
                data = line.split(" ", 1)[0] in _STORAGE
