"""A table of requests that two servers answer otherwise: for a terminal, as Markdown, as a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from mclite.replay.judge.exchanges import REST, Pair
from mclite.replay.judge.record import Record
from mclite.replay.report import markdown, summary
from mclite.replay.report.brief import EMPTY, NOTHING, brief
from mclite.replay.report.client_requests import COMMANDS, OTHER, command_of, is_usual
from mclite.replay.scenario.requirements import STARTS
from mclite.replay.scenario.scenario import Scenario

#: Lines of an answer above which what both answers share is left out.
SHORT = 3
#: Scenarios that are named in a row, and lines sent before a request that are shown.
NAMED, BEFORE = 2, 6
USUAL = "As client libraries send them"
HEAD = ("request on the wire", "answer then", "answer now")


@dataclass(frozen=True, slots=True)
class Row:
    """Requests of one or more scenarios that are answered otherwise."""

    ids: tuple[str, ...]
    title: str  #: of the first scenario
    command: str
    usual: bool  #: client libraries send it so
    needs: tuple[str, ...]  #: how the server is started
    before: tuple[str, ...]  #: lines that were sent before the first of the requests
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()


def row_of(scenario: Scenario | Record, pairs: Sequence[Pair], notes: Iterable[str] = ()) -> Row:
    """Return the row of one scenario whose requests, at least one, are answered otherwise."""
    first = pairs[0]
    needs = tuple(STARTS[name] for name in scenario.requires if name in STARTS and name != "fresh")
    return Row(
        ids=(scenario.id,),
        title=scenario.title,
        command=command_of(first.request),
        usual=not needs and is_usual(first.before) and is_usual(first.request),
        needs=needs,
        before=first.before,
        pairs=tuple(shown(pair) for pair in pairs),
        notes=tuple(notes),
    )


def shown(pair: Pair) -> Pair:
    """Return a pair without the lines that both answers begin or end with, if there are many."""
    then, now = pair.then, pair.now
    if REST in then and REST in now:
        names = set(map(_name, then)) & set(map(_name, now))
        then, now = ((REST, *(line for line in lines if _name(line) in names)) for lines in (then, now))
    if REST in then or REST in now:
        return replace(pair, then=_without(then, now), now=_without(now, then))
    if len(then) + len(now) <= 2 * SHORT:
        return pair
    start = 0
    while start < min(len(then), len(now)) and then[start] == now[start]:
        start += 1
    end = 0
    while end < min(len(then), len(now)) - start and then[-1 - end] == now[-1 - end]:
        end += 1
    head, tail = (REST,) if start else (), (REST,) if end else ()
    return replace(
        pair,
        then=(*head, *then[start : len(then) - end], *tail),
        now=(*head, *now[start : len(now) - end], *tail),
    )


def _name(line: str) -> str:
    """Return what a line of a list is about, such as `STAT pid`."""
    return " ".join(line.split(" ")[:2])


def _without(lines: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of a list that are not in the other one."""
    return (REST, *(line for line in lines if line != REST and line not in others), REST)


def group(rows: Iterable[Row]) -> list[Row]:
    """Return the rows by command, those with the same requests and answers as one, usual requests first."""
    found: dict[object, Row] = {}
    for row in rows:
        key = (row.usual, row.command, row.needs, row.pairs, row.notes)
        first = found.get(key)
        found[key] = replace(first, ids=(*first.ids, *row.ids)) if first else row
    order = {name: number for number, name in enumerate((*COMMANDS, OTHER))}
    return sorted(found.values(), key=lambda row: (not row.usual, order[row.command], row.ids))


def parts(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows under their headings: what client libraries send, then the rest by command."""
    made: dict[str, list[Row]] = {}
    for row in rows:
        made.setdefault(USUAL if row.usual else row.command, []).append(row)
    return list(made.items())


def cells(row: Row) -> tuple[list[str], list[str], list[str]]:
    """Return the lines of the three columns of a row; the lines of one request begin at the same height."""
    columns: tuple[list[str], list[str], list[str]] = ([], [], [])
    lettered = len({pair.conn for pair in row.pairs}) > 1
    for pair in row.pairs:
        request = [f"{pair.conn}: {line}" if lettered else line for line in pair.request]
        for lines in zip_longest(request, pair.then or (NOTHING,), pair.now or (NOTHING,), fillvalue=None):
            for column, line in zip(columns, lines, strict=True):
                column.append("" if line is None else brief(line))
    return columns


def context(row: Row) -> list[str]:
    """Return the sentences about a row: how the server is started, what is sent before, and whose fault it is."""
    said = [f"on a server {' and '.join(row.needs)}"] if row.needs else []
    if row.before:
        start = [REST] if len(row.before) > BEFORE else []
        said.append(f"after {' ⏎ '.join([*start, *map(brief, row.before[-BEFORE:])])}")
    return [*said, *row.notes]


def names(ids: Sequence[str]) -> str:
    """Return the names of scenarios, as many as fit."""
    more = len(ids) - NAMED
    return ", ".join(ids[:NAMED]) + (f" and {more} more" if more > 0 else "")


def text(headline: str, rows: Sequence[Row], head: Sequence[str] = HEAD, width: int = 120) -> str:
    """Return the table for a terminal of `width` columns."""
    lines = [headline]
    size = max(16, (width - 6) // 3)
    for heading, some in parts(rows):
        lines += ["", f"{heading} ({len(some)})", _line(head, size)]
        for row in some:
            lines.append("-" * min(width, 3 * size + 6))
            lines += [f"  # {part}" for said in context(row) for part in textwrap.wrap(said, width - 4)]
            for columns in zip(*cells(row), strict=True):
                wrapped = (textwrap.wrap(cell, size, drop_whitespace=False) or [""] for cell in columns)
                lines += [_line(line, size) for line in zip_longest(*wrapped, fillvalue="")]
            lines.append(f"  ({names(row.ids)})")
    return "\n".join(summary.plain(line).rstrip() for line in lines) + "\n"


def _line(columns: Sequence[str], size: int) -> str:
    return "   ".join(f"{column:<{size}}" for column in columns)


def to_markdown(headline: str, rows: Sequence[Row], head: Sequence[str] = HEAD, level: int = 1) -> str:
    """Return the table as Markdown, its headline of a level."""
    made = [f"{'#' * level} {markdown.escape(headline)}"]
    names = [*map(markdown.escape, head), "scenario"]
    for heading, some in parts(rows):
        made += [f"{'#' * (level + 1)} {markdown.escape(heading)} ({len(some)})", markdown.table([names, *_rows(some)])]
    return "\n\n".join(made) + "\n"


def _rows(rows: Iterable[Row]) -> Iterator[list[str]]:
    for row in rows:
        request, then, now = ("<br>".join(map(_code, column)) for column in cells(row))
        said = "".join(f"<br>{markdown.escape(sentence)}" for sentence in context(row))
        yield [request + said, then, now, markdown.escape(names(row.ids))]


def _code(line: str) -> str:
    return line if line in (NOTHING, EMPTY, REST, "") else markdown.code(line)


def to_html(title: str, headline: str, rows: Sequence[Row], head: Sequence[str] = HEAD) -> str:
    """Return the table as one HTML page that runs no script."""
    from mclite.replay.report import html  # it needs the extra `conformance`, the others do not

    return (
        html.environment()
        .get_template("answers.html.j2")
        .render(
            title=title,
            headline=headline,
            head=head,
            parts=for_html(rows),
            style=html.asset("page.css"),
        )
    )


def for_html(rows: Sequence[Row]) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Return what the template shows: under each heading the columns, sentences, scenarios and title of each row."""
    return [
        (heading, [(cells(row), context(row), names(row.ids), row.title) for row in some])
        for heading, some in parts(rows)
    ]
