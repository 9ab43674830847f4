"""Makes a session that shows a difference shorter, as long as it still shows it.

It takes away what it can, the largest pieces first: steps, requests of a write, how they were cut, words of a line;
then it replaces words by the simplest one. Every change that keeps the difference is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mclite.compare.dialogue import Request, Session, Step, Write, constant, size
from mclite.protocol.commands import COMMANDS
from mclite.replay.scenario.notation import parse_text
from mclite.replay.scenario.text import TextError

_KEYS = ("{key2}", "{key3}", "{key|base64}", "{keylong}", "{key}:b")

Shows = Callable[[Session], bool]


def shrink(session: Session, shows: Shows) -> Session:
    """Return the shortest session found, beginning with `session`, for which `shows` still says yes."""
    changed = True
    while changed:
        changed = False
        for change in (_fewer_steps, _fewer_requests, _plainer_writes, _plainer_requests):
            session, better = _while_it_helps(session, shows, change)
            changed = changed or better
    return session


def _while_it_helps(
    session: Session, shows: Shows, change: Callable[[Session], Iterator[Session]]
) -> tuple[Session, bool]:
    better = False
    tried: set[Session] = {session}
    again = True
    while again:
        again = False
        for candidate in change(session):
            if candidate in tried or not candidate:
                continue
            tried.add(candidate)
            if size(candidate) < size(session) and shows(candidate):
                session, better, again = candidate, True, True
                break
    return session, better


def _fewer_steps(session: Session) -> Iterator[Session]:
    length = len(session)
    width = length // 2
    while width:
        for start in range(0, length, width):
            yield session[:start] + session[start + width :]
        width //= 2


def _at(session: Session, index: int, *steps: Step) -> Session:
    return session[:index] + steps + session[index + 1 :]


def _fewer_requests(session: Session) -> Iterator[Session]:
    for index, step in enumerate(session):
        if isinstance(step, Write) and len(step.requests) > 1:
            for number in range(len(step.requests)):
                yield _at(session, index, replace(step, requests=step.requests[:number] + step.requests[number + 1 :]))


def _plainer_writes(session: Session) -> Iterator[Session]:
    conns = {step.conn for step in session if isinstance(step, Write)}
    if conns != {"A"}:
        yield tuple(replace(step, conn="A") if isinstance(step, Write) else step for step in session)
    for index, step in enumerate(session):
        if isinstance(step, Write):
            if step.chop:
                yield _at(session, index, replace(step, chop=0))
            if step.conn != "A":
                yield _at(session, index, replace(step, conn="A"))


def _plainer_requests(session: Session) -> Iterator[Session]:
    everywhere = session
    for key in _KEYS:
        everywhere = tuple(
            replace(step, requests=tuple(replace(one, line=one.line.replace(key, "{key}")) for one in step.requests))
            if isinstance(step, Write)
            else step
            for step in everywhere
        )
    yield everywhere
    for index, step in enumerate(session):
        if not isinstance(step, Write):
            continue
        for number, request in enumerate(step.requests):
            for plainer in _plainer(request):
                if not _parses(plainer) or _loses_key(request, plainer):
                    continue
                requests = (*step.requests[:number], plainer, *step.requests[number + 1 :])
                yield _at(session, index, replace(step, requests=requests))


def _parses(request: Request) -> bool:
    """Tell whether a request is still one after a cut: a word may have been part of a slot."""
    try:
        parse_text(request.text)
    except TextError:
        return False
    return True


def _loses_key(before: Request, after: Request) -> bool:
    """Tell whether a key of the session's own would give way to one that other sessions use, too."""
    words = after.line.split()
    row = COMMANDS.get(words[0].encode()) if words else None
    place = 1 + (row.key or 0 if row else 0)
    return "{key" in before.line and len(words) > place and not words[place].startswith("{")


def _plainer(request: Request) -> Iterator[Request]:
    if request.end != "\\r\\n":
        yield replace(request, end="\\r\\n")
    words = request.line.split(" ")
    if request.block is not None and request.block not in ("", "1"):
        yield from _shorter_block(request, words)
    for index in range(len(words) - 1, 0, -1):
        yield replace(request, line=" ".join(words[:index] + words[index + 1 :]))
    for index in range(1, len(words)):
        # Never 1: an item that lives for a second may be gone at once.
        # A key only where a slot stood: as a flag it would be the flag that its first letter is.
        for plain in ("{key}", "0") if words[index].startswith("{") else ("0",):
            if len(plain) < len(words[index]) or (plain == "0" and words[index] != "0" and len(words[index]) == 1):
                yield replace(request, line=" ".join([*words[:index], plain, *words[index + 1 :]]))
        # A meta flag with a shorter token.
        if len(words[index]) > 2 and words[index][0].isalpha() and words[index][0] not in "TNR":
            yield replace(request, line=" ".join([*words[:index], words[index][:2], *words[index + 1 :]]))


def _shorter_block(request: Request, words: list[str]) -> Iterator[Request]:
    """Yield the request with a data block of one byte or none, and the length of it where the old one stood."""
    try:
        length = str(len(constant(request.block or "")))
    except ValueError:
        return
    row = COMMANDS.get(words[0].encode())
    place = 1 + row.length if row is not None and row.length is not None else len(words)
    for block in ("", "1"):
        if len(words) > place and words[place] == length:
            yield replace(request, line=" ".join([*words[:place], str(len(block)), *words[place + 1 :]]), block=block)
        yield replace(request, block=block)
