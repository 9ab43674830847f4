"""The talk of a client scenario: what the caller does, what arrives, what is answered, what the caller gets.

    hold KEY VALUE [flags=N] [cas=N]     the server has an item
    do OPERATION ...                     the caller does something, and waits for the result
    start NAME OPERATION ...             the same without waiting; `await NAME` waits
    > TEXT                               this request arrives, as a classic command writes it
    > nothing                            no request of the operation arrives
    answer WORDS, < TEXT, <. TEXT        how the request is answered; `then` begins the answer to the one after it
    got RESULT [or RESULT]               what the caller gets
    within SECONDS                       and how soon
    push TEXT, drop, down, up, wait N    the server sends unasked, hangs up, goes away, comes back; a pause

TEXT, keys and values are written as in the talks of the suite (mclite.replay.scenario.notation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from mclite.replay.clientcheck.answers import HONEST, Bend
from mclite.replay.clientcheck.delivery import PLACES, PLAIN, Delivery
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.talk import TalkError
from mclite.replay.scenario.text import Text, TextError

#: operation: how many keys (None: one or more), has it a value
OPERATIONS: dict[str, tuple[int | None, bool]] = {
    **dict.fromkeys(("set", "add", "replace", "append", "prepend", "cas"), (1, True)),
    **dict.fromkeys(("get", "gets", "gat", "delete", "incr", "decr", "touch"), (1, False)),
    **dict.fromkeys(("get_many", "gets_many"), (None, False)),
    **dict.fromkeys(("flush_all", "version", "stats"), (0, False)),
}
#: What a driver is told that is no command.
CONTROLS = ("open", "close", "cancel", "tick")
_OPTIONS = frozenset({"exptime", "flags", "cas", "by"})
#: Names whose value depends on the request that is answered.
PRESET = frozenset({"cas", "flags", "opaque", "opcode", "bytes_flags", "empty"})

Result = Literal[
    "own", "value", "miss", "true", "false", "silent", "number", "error", "cancelled", "items", "text", "stat", "any"
]
_RESULTS: dict[Result, bool] = {  # is there a text behind it?
    **dict.fromkeys(("own", "miss", "true", "false", "silent", "error", "cancelled", "any"), False),
    **dict.fromkeys(("value", "number", "items", "text", "stat"), True),
}


@dataclass(frozen=True, slots=True)
class Want:
    """One result that the caller may get; `words` as `kind` has them, `cas` and `flags` behind a value."""

    kind: Result
    source: str
    words: tuple[Text, ...] = ()
    pairs: tuple[tuple[Text, Text], ...] = ()
    cas: Text | None = None
    flags: Text | None = None


@dataclass(frozen=True, slots=True)
class Directive:
    """How one request is answered: honestly, bent, or with the bytes of `raw`, texts and what ends them."""

    line: int
    bend: Bend = HONEST
    delivery: Delivery = PLAIN
    raw: tuple[tuple[Text, bytes], ...] = ()
    key: Text | None = None  #: of the bend
    extra: tuple[Text, Text] | None = None
    at: Text | None = None  #: of the delivery

    @property
    def disturbs(self) -> bool:
        """Whether the answer is more or less than an honest server's."""
        return bool(self.raw) or self.bend != HONEST or self.delivery.disturbs or bool(self.key or self.extra)


@dataclass(slots=True)
class Hold:
    """The server has an item."""

    line: int
    key: Text
    value: Text
    options: dict[str, Text]


@dataclass(slots=True)
class Do:
    """The caller does something; `name` when it does not wait for the result."""

    line: int
    operation: str
    keys: tuple[Text, ...]
    value: Text | None
    options: dict[str, Text]
    noreply: bool = False
    cancel: bool = False
    name: str | None = None
    arrivals: list[Text] = field(default_factory=list)
    nothing: bool = False
    directives: list[Directive] = field(default_factory=list)
    got: tuple[Want, ...] = ()
    got_line: int = 0
    within: float | None = None


@dataclass(slots=True)
class Await:
    """The caller waits for what was started."""

    line: int
    name: str


@dataclass(slots=True)
class Act:
    """The server does something of its own accord."""

    line: int
    verb: Literal["push", "drop", "down", "up", "wait"]
    text: Text | None = None
    seconds: float = 0.0


Step = Hold | Do | Await | Act

_LINE = re.compile(r"(hold|do|start|await|answer|then|got|within|push|drop|down|up|wait|>|<\.|<)(?: (.*))?")


class Talk:
    """A parsed talk."""

    __slots__ = ("source", "steps")

    def __init__(self, source: str) -> None:
        """Parse `source`; raise TalkError when it is malformed."""
        self.source = source
        self.steps: tuple[Step, ...] = tuple(_Parser().parse(source))
        if not any(isinstance(step, Do) for step in self.steps):
            raise TalkError(1, "the caller does nothing")

    @property
    def operations(self) -> frozenset[str]:
        """What the caller does."""
        return frozenset(step.operation for step in self.steps if isinstance(step, Do))

    @property
    def concurrent(self) -> bool:
        """Whether a driver must be able to take a line while an operation is under way."""
        return any(isinstance(step, Do) and (step.cancel or step.name) for step in self.steps)

    @property
    def waits(self) -> bool:
        """Whether the client has to give up waiting."""
        deliveries = [one.delivery for step in self.steps if isinstance(step, Do) for one in step.directives]
        return any(one.when in ("never", "late", "with-next") or one.then == "stall" for one in deliveries)


class _Parser:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.last: Do | None = None
        self.started: dict[str, Do] = {}
        self.known: set[str] = set()

    def parse(self, source: str) -> list[Step]:
        for number, raw in enumerate(source.splitlines(), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            found = _LINE.fullmatch(line)
            if found is None:
                raise TalkError(number, f"{line.split(' ')[0]!r} begins no line of a talk: {_LINE.pattern[1:60]}...")
            try:
                self.take(number, found[1], found[2] or "")
            except TalkError:
                raise
            except (TextError, ValueError) as error:
                raise TalkError(number, str(error)) from None
        for step in self.steps:
            if isinstance(step, Do) and step.name is not None and not self.is_awaited(step.name):
                raise TalkError(step.line, f"nobody awaits {step.name}")
        return self.steps

    def is_awaited(self, name: str) -> bool:
        return any(isinstance(step, Await) and step.name == name for step in self.steps)

    def take(self, number: int, verb: str, rest: str) -> None:
        match verb:
            case "hold":
                self.steps.append(self.hold(number, rest))
            case "do" | "start":
                name, words = rest.partition(" ")[::2] if verb == "start" else (None, rest)
                self.last = self.do(number, words, name)
                self.steps.append(self.last)
                if name is not None:
                    self.started[name] = self.last
            case "await":
                if rest not in self.started:
                    raise TalkError(number, f"nothing was started as {rest!r}")
                self.last = self.started[rest]
                self.steps.append(Await(number, rest))
            case "push":
                self.steps.append(Act(number, "push", self.text(rest)))
            case "drop" | "down" | "up":
                self.steps.append(Act(number, verb))
            case "wait":
                self.steps.append(Act(number, "wait", seconds=float(rest)))
            case _:
                if self.last is None:
                    raise TalkError(number, f"{verb} belongs to something that the caller does")
                self.of_do(number, verb, rest, self.last)

    def of_do(self, number: int, verb: str, rest: str, do: Do) -> None:
        match verb:
            case ">":
                if rest == "nothing":
                    do.nothing = True
                else:
                    do.arrivals.append(self.text(rest))
            case "answer":
                self.change(do, number, answer(rest, self.text, self.directive(do, number)))
            case "<" | "<.":
                directive = self.directive(do, number)
                line = (self.text(rest), b"\r\n" if verb == "<" else b"")
                self.change(do, number, replace(directive, raw=(*directive.raw, line)))
            case "then":
                do.directives.append(Directive(number))
            case "got":
                do.got, do.got_line = tuple(want(one, self.text) for one in rest.split(" or ")), number
                for one in do.got:
                    for text in (one.cas, one.flags):
                        self.known.update(text.binds if text is not None else ())
            case "within":
                do.within = float(rest)

    def directive(self, do: Do, number: int) -> Directive:
        return do.directives[-1] if do.directives else Directive(number)

    def change(self, do: Do, number: int, directive: Directive) -> None:
        if do.directives:
            do.directives[-1] = directive
        else:
            do.directives.append(directive)

    def text(self, source: str) -> Text:
        """Parse a text, and see that its names are known."""
        text = parse_text(source)
        for name in text.needs:
            if not name.startswith("key") and name not in PRESET | self.known:
                raise ValueError(f"{{{name}}} has no value")
        return text

    def hold(self, number: int, rest: str) -> Hold:
        words = rest.split(" ")
        if len(words) < 2:
            raise TalkError(number, "hold has a key and a value")
        return Hold(number, self.text(words[0]), self.text(words[1]), dict(self.options(words[2:], {"flags", "cas"})))

    def options(self, words: list[str], allowed: set[str] | frozenset[str]) -> Iterator[tuple[str, Text]]:
        for word in words:
            name, sign, value = word.partition("=")
            if not sign or name not in allowed:
                raise ValueError(f"{word!r} is none of {', '.join(f'{one}=' for one in sorted(allowed))}")
            yield name, self.text(value)

    def do(self, number: int, rest: str, name: str | None) -> Do:
        operation, *words = rest.split(" ")
        if operation not in OPERATIONS:
            raise TalkError(number, f"{operation!r} is no operation: {', '.join(sorted(OPERATIONS))}")
        flags = {word for word in words if word in ("noreply", "cancel")}
        words = [word for word in words if word not in flags]
        plain = [word for word in words if not _is_option(word)]
        options = dict(self.options([word for word in words if _is_option(word)], _OPTIONS))
        count, has_value = OPERATIONS[operation]
        keys = len(plain) - has_value if count is None else count
        if len(plain) != keys + has_value or (count is None and not keys):
            raise TalkError(number, f"{operation} has {'a key and a value' if has_value else 'keys'}, not {plain}")
        texts = [self.text(word) for word in plain]
        return Do(
            number, operation, tuple(texts[:keys]), texts[-1] if has_value else None, options,
            "noreply" in flags, "cancel" in flags, name,
        )  # fmt: skip


def _is_option(word: str) -> bool:
    return word.partition("=")[0] in _OPTIONS and "=" in word


def want(source: str, text: object) -> Want:
    """Parse one result behind `got`; `text` parses a text. Raises ValueError."""
    assert callable(text)
    words = source.split(" ")
    kind: Result = words[0]  # type: ignore[assignment]  # checked in the next line
    if kind not in _RESULTS:
        raise ValueError(f"{words[0]!r} is no result: {', '.join(_RESULTS)}")
    behind: dict[str, Text] = {}
    while len(words) > 2 and words[-2] in ("cas", "flags") and kind in ("own", "value"):
        behind[words[-2]] = text(words[-1])
        words = words[:-2]
    if kind in ("items", "stat"):
        pairs = tuple((text(word.partition("=")[0]), text(word.partition("=")[2])) for word in words[1:])
        return Want(kind, source, pairs=pairs)
    if _RESULTS[kind] != (len(words) == 2):
        raise ValueError(f"{source!r}: {kind} has {'one text' if _RESULTS[kind] else 'nothing'} behind it")
    return Want(kind, source, tuple(map(text, words[1:])), (), behind.get("cas"), behind.get("flags"))


def answer(source: str, text: object, directive: Directive) -> Directive:
    """Return `directive` changed as the words behind `answer` say; `text` parses a text. Raises ValueError."""
    assert callable(text)
    words = source.split(" ")

    def word(what: str) -> str:
        if not words:
            raise ValueError(f"{what} is missing at the end of the answer")
        return words.pop(0)

    while words:
        verb = word("a word")
        bend, delivery = directive.bend, directive.delivery
        match verb:
            case "honest":
                pass
            case "never" | "late" | "with-next":
                delivery = replace(delivery, when=verb)
            case "slow":
                delivery = replace(delivery, place="start", seconds=float(word("seconds")))
            case "cut" | "stall" | "pause":
                place = word("a place")
                if place == "at":
                    directive = replace(directive, at=text(word("a text")))
                elif place not in PLACES and not place.isdigit():
                    raise ValueError(f"{place!r} is no place: at TEXT, a number of bytes, {', '.join(PLACES)}")
                then = {"cut": "close", "stall": "stall", "pause": "pause"}[verb]
                seconds = float(words.pop(0)) if verb == "pause" and words and _is_number(words[0]) else 0.05
                if verb == "cut" and words[:1] == ["reset"]:
                    then = words.pop(0)
                delivery = replace(delivery, place=place, then=then, seconds=seconds)  # type: ignore[arg-type]
            case "pieces":
                pieces = int(word("a number of bytes"))
                seconds = float(words.pop(0)) if words and _is_number(words[0]) else 0.0
                delivery = replace(delivery, pieces=pieces, seconds=seconds)
            case "twice":
                late = words[:1] == ["late"] and bool(words.pop(0))
                delivery = replace(delivery, twice="late" if late else "now")
            case "repeat":
                delivery = replace(delivery, megabytes=int(word("a number of megabytes")))
            case "length":
                bend = replace(bend, length=_length(word("a length")))
            case "key":
                directive = replace(directive, key=text(word("a key")))
            case "opaque":
                bend = replace(bend, opaque=int(word("a number")))
            case "order":
                bend = replace(bend, order=word("reversed or rotated"))  # type: ignore[arg-type]  # checked below
                if bend.order not in ("reversed", "rotated"):
                    raise ValueError(f"{bend.order!r} is no order: reversed, rotated")
            case "extra":
                directive = replace(directive, extra=(text(word("a key")), text(word("a value"))))
            case "double":
                bend = replace(bend, double=True)
            case "error":
                bend = replace(bend, error=word("a text").replace("_", " "))
            case "error-after":
                bend = replace(bend, error_after=int(word("a number of items")), error="out of memory")
            case "word":
                bend = replace(bend, word=word("an answer"))
            case _:
                raise ValueError(f"{verb!r} is no way to answer")
        directive = replace(directive, bend=bend, delivery=delivery)
    return directive


def _is_number(word: str) -> bool:
    return bool(re.fullmatch(r"[0-9]+(\.[0-9]+)?", word))


def _length(word: str) -> str:
    if not re.fullmatch(r"[=+-][0-9]+", word):
        raise ValueError(f"{word!r} is no length: +N, -N or =N")
    return word
