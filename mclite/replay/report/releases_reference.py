"""The reference of all releases: for each request that some answer otherwise, who answers what, as Markdown pages.

A page for each command, one for the faults of releases, and an index. What `mclite releases --write` writes is always
the same for the same suite, so that a test can hold the pages of this repository against it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mclite.replay.judge.answers import Sample, dialogue, releases_of
from mclite.replay.judge.exchanges import Pair, alike, compare
from mclite.replay.judge.faults import Faults
from mclite.replay.report import markdown
from mclite.replay.report.answers_table import BEFORE, names
from mclite.replay.report.brief import EMPTY, NOTHING, brief
from mclite.replay.report.client_requests import COMMANDS, OTHER, command_of
from mclite.replay.report.releases import Known, may_vary
from mclite.replay.scenario import needs
from mclite.replay.scenario.offers import documented
from mclite.replay.scenario.requirements import STARTS, required_since
from mclite.replay.scenario.scenario import Scenario
from mclite.replay.scenario.talk import Write
from mclite.replay.scenario.versions import KNOWN, KNOWN_VERSIONS, Version, written

INDEX, FAULTS = "README.md", "faults.md"
_FIRST = KNOWN_VERSIONS[0]
#: Chapters that are about a command of another name.
_CHAPTERS = {
    "deletion": "delete", "meta_arithmetic": "ma", "meta_debug": "me", "meta_delete": "md", "meta_get": "mg",
    "meta_noop": "mn", "meta_set": "ms", "watchers": "watch",
    **dict.fromkeys(("stats_conns", "stats_detail", "stats_general", "stats_items", "stats_settings"), "stats"),
    **dict.fromkeys(("stats_sizes", "stats_slabs", "stats_tls"), "stats"),
}  # fmt: skip
#: Its scenarios are about the releases that take every flag they send; the other chapters say what that changed.
_MADE_CHAPTER = "combinations"
MADE = "Made by `mclite releases --write docs/releases`; do not edit."


#: A request of a scenario: the connection, its lines, and all lines that were sent before it.
_Asked = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A request, and the answers to it with the releases that gave them, the oldest first."""

    ids: tuple[str, ...]
    command: str
    needs: tuple[str, ...]
    before: tuple[str, ...]
    request: tuple[str, ...]
    answers: tuple[tuple[tuple[Version, ...], tuple[str, ...]], ...]


def pages(about: Known) -> dict[str, str]:
    """Return all pages by their names."""
    found = entries(about)
    limited = _limited(about)
    made, counts = {}, {}
    for name in (*COMMANDS, OTHER):
        some, only = [one for one in found if one.command == name], limited.get(name, [])
        if some or only:
            made[_file(name)] = _page(name, some, only)
            counts[name] = len(some), len(only)
    made[FAULTS] = _faults(about.faults)
    made[INDEX] = _index(counts, found)
    return made


def _limited(about: Known) -> dict[str, list[Scenario]]:
    """Return the scenarios that are about some of the releases that have their command, by the command."""
    found: dict[str, list[Scenario]] = {}
    for scenario in about.scenarios.values():
        if scenario.chapter == _MADE_CHAPTER:
            continue
        sent = (_since(name) for name in needs.needs(scenario.talk.source))
        there = max(one or _FIRST for one in (required_since(scenario.requires), *sent))
        if scenario.until is not None or (scenario.since or _FIRST) > there:
            found.setdefault(_subject(scenario), []).append(scenario)
    return {name: sorted(some, key=lambda one: (one.since or _FIRST, one.id)) for name, some in found.items()}


def _since(command: str) -> Version | None:
    """Return the first release that has a command; None when every known one has it."""
    offer = documented().entries.get(command)
    return offer.since if offer is not None and offer.kind == "command" else None


def _subject(scenario: Scenario) -> str:
    """Return the command that a scenario is about: that of its chapter, else of the last request."""
    chapter = scenario.chapter
    if chapter in _CHAPTERS or chapter in COMMANDS:
        return _CHAPTERS.get(chapter, chapter)
    script = scenario.talk.script(scenario.until or KNOWN_VERSIONS[-1])
    return command_of([op for op in script if isinstance(op, Write)][-1].lines[0][0].source.split("\\r\\n"))


def entries(about: Known) -> list[Entry]:
    """Return the requests that some releases answer otherwise than others, by the ids of their scenarios."""
    found: dict[object, Entry] = {}
    for name, recorded in sorted(about.samples.items()):
        for entry in _entries(name, recorded, about):
            key = (entry.command, entry.needs, entry.request, entry.answers)
            first = found.get(key)
            found[key] = replace(first, ids=(*first.ids, *entry.ids)) if first else entry
    return list(found.values())


def _entries(name: str, recorded: Sequence[Sample], about: Known) -> Iterator[Entry]:
    scenario = about.scenarios[name]
    ordered = sorted(_certain(recorded, about.scenarios[name]), key=lambda sample: releases_of(sample)[-1])
    newest = ordered[-1]
    latest = dialogue(newest)
    answers: dict[_Asked, list[tuple[list[Version], tuple[str, ...]]]] = {}
    compared = [(sample, compare(dialogue(sample), latest)) for sample in ordered[:-1]]
    for sample, pairs in compared:
        for pair in pairs:
            given = answers.setdefault(_asked(pair), [(list(releases_of(newest)), pair.now)])
            _add(given, releases_of(sample), pair.then)
    for asked, given in answers.items():
        for sample, pairs in compared:
            if asked not in map(_asked, pairs) and _was_asked(sample, asked):
                _add(given, releases_of(sample), given[0][1])
        yield Entry(
            ids=(name,),
            command=command_of(asked[1]),
            needs=tuple(STARTS[need] for need in scenario.requires if need in STARTS and need != "fresh"),
            before=asked[2],
            request=asked[1],
            answers=tuple((tuple(sorted(who)), said) for who, said in sorted(given, key=lambda item: min(item[0]))),
        )


def _asked(pair: Pair) -> _Asked:
    return pair.conn, pair.request, pair.before


def _was_asked(sample: Sample, asked: _Asked) -> bool:
    """Tell whether a request was sent in a sample: a dialogue ends at a wrong answer."""
    return any((one.conn, one.request) == asked[:2] for one in dialogue(sample))


def _certain(recorded: Sequence[Sample], scenario: Scenario) -> list[Sample]:
    """Return samples without those that differ by chance: where one of several answers is right, one for a script."""
    found: dict[object, Sample] = {}
    for number, sample in enumerate(recorded):
        release = releases_of(sample)[-1]
        key = scenario.talk.variant(release) if may_vary(scenario, release, release) else number
        other = found.get(key)
        found[key] = sample if other is None else {**other, "releases": f"{other['releases']},{sample['releases']}"}
    return list(found.values())


def _add(given: list[tuple[list[Version], tuple[str, ...]]], who: Sequence[Version], said: tuple[str, ...]) -> None:
    """Add releases to those that gave the same answer."""
    for others, answer in given:
        if alike(answer, said):
            others.extend(who)
            return
    given.append((list(who), said))


def _file(command: str) -> str:
    return f"{command.replace(' ', '-')}.md"


def _page(command: str, some: Sequence[Entry], only: Sequence[Scenario]) -> str:
    parts = [f"# {command}", "[All commands](README.md)"]
    if some:
        rows = [["request on the wire", "releases", "answer"]]
        for entry in some:
            request = "<br>".join(_code(brief(line)) for line in entry.request) or EMPTY
            about = "".join(f"<br>{markdown.escape(sentence)}" for sentence in _context(entry))
            for number, (who, said) in enumerate(entry.answers):
                answer = "<br>".join(_code(brief(line)) for line in said) or NOTHING
                rows.append([request + about if number == 0 else "", _releases(who), answer])
        parts += ["## Requests that are not answered alike", markdown.table(rows)]
    if only:
        rows = [["releases", "what they do", "scenario"]]
        rows += [[_range(one), markdown.escape(one.title), markdown.escape(one.id)] for one in only]
        parts += ["## What only some releases do", markdown.table(rows)]
    return _joined(*parts)


def _range(scenario: Scenario) -> str:
    return _releases([release for release in KNOWN_VERSIONS if scenario.applies_to(release)])


def _context(entry: Entry) -> Iterator[str]:
    if entry.needs:
        yield f"on a server {' and '.join(entry.needs)}"
    if entry.before:
        start = ["…"] if len(entry.before) > BEFORE else []
        yield f"after {' ⏎ '.join([*start, *map(brief, entry.before[-BEFORE:])])}"
    yield f"({names(entry.ids)})"


def _code(line: str) -> str:
    return line if line in (EMPTY, "…") or line.startswith("(the server") else markdown.code(line)


def _releases(who: Sequence[Version]) -> str:
    return written(who).replace("..", " to ").replace(",", ", ")


def _faults(faults: Faults) -> str:
    rows = [["releases", "fault", "scenarios", "mended by"]]
    for fault in faults.faults:
        shown = names(tuple(fault.answers)) or "lacks " + ", ".join(fault.lacks)
        link = f"[{_short(fault.link)}]({fault.link})" if fault.link else ""
        rows.append([_releases([v for v in KNOWN_VERSIONS if v in fault.releases]), markdown.escape(fault.reason),
                     markdown.escape(shown), link])  # fmt: skip
    text = "What genuine releases get wrong, as protocol.txt of 1.6.45 says it. [All commands](README.md)."
    return _joined("# Faults of releases", text, markdown.table(rows))


def _short(link: str) -> str:
    """Return `memcached#12` for a link to an issue, and the first digits of a commit."""
    return link.rsplit("/", 1)[1] if "/commit/" in link else f"memcached#{link.rsplit('/', 1)[1]}"


def _index(counts: dict[str, tuple[int, int]], found: Sequence[Entry]) -> str:
    commands = [["command", "since", "requests that are not answered alike", "what only some releases do"]]
    for name, (some, only) in counts.items():
        since = _since(name)
        first = _releases([since]) if since else "" if name == OTHER else KNOWN[0]
        commands.append([f"[{name}]({_file(name)})", first, str(some), str(only)])
    releases = [["release", "answered otherwise than by the release before it"]]
    for old, new in itertools.pairwise(KNOWN_VERSIONS):
        changed = [entry for entry in found if _changes(entry, old, new)]
        numbers = {name: sum(entry.command == name for entry in changed) for name in counts}
        said = ", ".join(f"[{name}]({_file(name)}) {count}" for name, count in numbers.items() if count)
        if said:
            releases.append([".".join(map(str, new)), said])
    text = (
        "Which release of memcached answers what: every request of the suite that releases "
        f"{KNOWN[0]} to {KNOWN[-1]} do not all answer alike, with the first and the last release of each answer. All "
        "answers are those of genuine releases. `mclite releases A B` compares two of them; "
        "[../releases.md](../releases.md) explains the notation. `since` is the first release that has the command "
        "without an option to switch it on."
    )
    return _joined(
        "# Releases of memcached",
        text,
        "[Faults of releases](faults.md)",
        "## By command",
        markdown.table(commands),
        "## By release",
        "Releases that are not listed answer as the one before them. The number is that of the requests.",
        markdown.table(releases),
    )


def _changes(entry: Entry, old: Version, new: Version) -> bool:
    """Tell whether two releases are both known to answer a request, and not alike."""
    answers = [number for release in (old, new) for number, (who, _) in enumerate(entry.answers) if release in who]
    return len(answers) == 2 and answers[0] != answers[1]


def _joined(*parts: str) -> str:
    return "\n\n".join([*parts, f"<!-- {MADE} -->"]) + "\n"
