"""What kind of difference it is: the form of the request, and the first line in which the answers differ."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from mclite.compare.answers import LONGEST_LINE, Answer, Line
from mclite.compare.dialogue import Request, constant
from mclite.compare.pair import Exchange
from mclite.protocol.commands import COMMANDS
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.wire import brief

_AFTER = {"ready": "nothing more", "waits": "waits for more", "closed": "hangs up", "endless": "sends without an end"}
#: Characters of an answer in the name of a difference; of each line, and lines, where it is shown to people.
SHOWN, WIDTH, LINES = 70, 100, 12


@dataclass(frozen=True, slots=True)
class Kind:
    """Differences with the same name are one."""

    request: str  #: the form of the request
    a: str  #: what A says there
    b: str

    def __str__(self) -> str:
        return f"{self.request}: {self.a} | {self.b}"


def kind_of(exchange: Exchange) -> Kind:
    """Return the kind of a difference."""
    requests = exchange.write.requests
    if len(requests) == 1:
        form = form_of(requests[0])
    else:
        verbs = dict.fromkeys(_verb(request) for request in requests)
        form = f"pipelined {', '.join(verbs)}"
    a, b = _first(exchange.a, exchange.b)
    return Kind(form, a, b)


def form_of(request: Request) -> str:
    """Return the form of a request: its verb, and what is special about it."""
    verb = _verb(request)
    words = request.line.split()
    form = [verb]
    row = COMMANDS.get(verb.encode())
    if row is not None and row.kind == "meta":
        if len(words) < 2 and row.key is not None:
            form.append("without a key")
    elif row is not None:
        arguments = len(words) - 1 - (words[-1] == "noreply")
        several = row.several and arguments > 2
        form.append("with several keys" if several else f"with {arguments or 'no'} argument{'s' * (arguments != 1)}")
    if _long(request.line):
        form.append("with a key over 250 bytes")
    return " ".join(form)


def _verb(request: Request) -> str:
    words = request.line.split()
    if not words:
        return "(empty line)"
    return words[0] if words[0].encode() in COMMANDS else "(no command)"


def _long(line: str) -> bool:
    return any(
        int(count) * len(text) > 250 for text, count in re.findall(r"\{([^{}*]+)\*(\d+)\}", line)
    ) and not line.startswith(("get {k*3000}",))


def _first(a: Answer, b: Answer) -> tuple[str, str]:
    """Name what each says in the first line in which they differ."""
    for ours, theirs in itertools.zip_longest(a.lines, b.lines):
        if ours is not None and theirs is not None and ours.same(theirs):
            continue
        return _name(ours, a), _name(theirs, b)
    return _AFTER[a.after], _AFTER[b.after]


def _name(line: Line | None, answer: Answer) -> str:
    if line is None:
        return _AFTER[answer.after]
    if line.block:
        return "data"
    text = line.text
    if text == b"":
        return "an empty line"
    if text.startswith((b"VALUE ", b"ME ")):
        return text.split(b" ")[0].decode()
    if re.fullmatch(rb"[0-9]+ *", text):
        return "a number"
    if found := re.match(rb"(VA|HD|EN|NF|NS|EX)(?= |$)", text):
        letters = b" ".join(sorted({token[:1] for token in text.split(b" ")[1:] if not token[:1].isdigit()}))
        return (found[1] + b" " + letters).decode("ascii", "replace").strip()
    return brief(text[:LONGEST_LINE], SHOWN, 0)  # a line without an end has another length each time


def said(answer: Answer) -> str:
    """Return an answer for people: its first lines, and what happened after the last."""
    lines = [brief(line.said, WIDTH, 0) + "\\r\\n" * line.whole for line in answer.lines[:LINES]]
    if len(answer.lines) > LINES:
        lines.append(f"... {len(answer.lines) - LINES} more lines ...")
    after = {"ready": "", "waits": " (and waits for more)", "closed": " (and hangs up)", "endless": " (and so on)"}
    return (" ".join(lines) or "(nothing)") + after[answer.after]


def shown(request: Request) -> str:
    """Return a request for people."""
    text = request.line
    if request.end != "\\r\\n":
        text += request.end
    if request.block is None:
        return text
    try:
        block = brief(constant(request.block), 20, 0)
    except ValueError:
        block = parse_text(request.block).source
    return f"{text}\\r\\n{block}"
