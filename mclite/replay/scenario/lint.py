"""Checks the suite itself: `mclite suite lint` prints every fault as file:line: problem.

A scenario that could pass on a server that says nothing, that cites lines of another section, or that is there
twice is a fault of the suite, and is found here before any server is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mclite.replay.scenario import harmless, offers
from mclite.replay.scenario.requirements import STARTS, capabilities
from mclite.replay.scenario.scenario import TRANSPORTS, Fault, Scenario, SuiteError, line_ranges, load
from mclite.replay.scenario.sections import LAST_LINE, SECTIONS
from mclite.replay.scenario.talk import Act, AnyOf, Expect, Script, SomeOf, Write
from mclite.replay.scenario.text import Literal, Text
from mclite.replay.scenario.versions import KNOWN_VERSIONS

#: TOML files of the suite that hold no scenarios.
OTHER_FILES = frozenset({"exclusions.toml", "releases.toml", "offers.toml"})
#: Commands that other clients of the server would notice.
_DISTURBING = {
    "flush_all": r"flush_all( -?[0-9]+)?( noreply)?",
    "stats": r"stats (reset|detail (on|off))",
    "verbosity": r"verbosity [1-9].*",
    "cache_memlimit": r"cache_memlimit [0-9]{2,}.*",
    "shutdown": r"shutdown.*",
}
_STORE = re.compile(r"(?:set|add|replace|append|prepend|cas|ms) ([A-Za-z0-9_+/=.-]{1,250}) [0-9].*")


def scenario_files(root: Path) -> list[Path]:
    """Return the scenario files of the suite at `root`, sorted."""
    return sorted(path for path in root.rglob("*.toml") if holds_scenarios(path, root))


def holds_scenarios(path: Path, root: Path) -> bool:
    """Tell whether a file is one of the scenario files of the suite at `root`."""
    if path.suffix != ".toml" or path.name in OTHER_FILES or not path.is_relative_to(root):
        return False
    folders = path.relative_to(root).parts[:-1]
    return folders[:1] not in (("targets",), ("client_side",)) and not any(folder.startswith(".") for folder in folders)


def load_all(root: Path) -> tuple[list[Scenario], list[Fault]]:
    """Read the whole suite; return its scenarios and what is wrong in the files that cannot be read."""
    scenarios: list[Scenario] = []
    faults: list[Fault] = []
    for path in scenario_files(root):
        try:
            scenarios += load(path, root)
        except SuiteError as error:
            faults += error.faults
    return scenarios, faults


def lint(root: Path) -> list[Fault]:
    """Return everything that is wrong with the suite at `root`."""
    scenarios, faults = load_all(root)
    by_id = {scenario.id: scenario for scenario in scenarios}
    titles: dict[tuple[str, str], Scenario] = {}
    talks: dict[tuple[object, ...], Scenario] = {}
    for scenario in scenarios:
        for problem in problems(scenario, by_id):
            faults.append(Fault(scenario.file, scenario.line, f"{scenario.slug}: {problem}"))
        first = titles.setdefault((scenario.file, scenario.title), scenario)
        if first is not scenario:
            faults.append(Fault(scenario.file, scenario.line, f"{scenario.slug}: same title as {first.slug}"))
        said = "\n".join(line for line in scenario.talk.source.splitlines() if line and line[0] != "#")
        key = (said, scenario.requires, scenario.transport, scenario.since, scenario.until)
        first = talks.setdefault(key, scenario)
        if first is not scenario:
            faults.append(Fault(scenario.file, scenario.line, f"{scenario.slug}: says just what {first.id} says"))
    faults += _offers(root)
    return sorted(faults, key=lambda fault: (fault.file, fault.line))


def _offers(root: Path) -> Iterator[Fault]:
    """Yield what is wrong with the table of offers of the suite at `root`, if it has one."""
    path = root / offers.FILE
    if not path.is_file():
        return
    try:
        table = offers.read(path)
    except offers.OffersError as error:
        yield Fault(offers.FILE, 1, str(error))
        return
    for offer in table.entries.values():
        for start, end in line_ranges(offer.lines):
            if end > LAST_LINE:
                problem = f"{offer.name}: protocol.txt ends with line {LAST_LINE}, so there is no {start}-{end}"
                yield Fault(offers.FILE, 1, problem)
    grouped = {name for profile in table.profiles.values() for name in profile.offers}
    if left := sorted(table.entries.keys() - grouped) if table.profiles else []:
        yield Fault(offers.FILE, 1, f"no profile has {', '.join(left)}")


def problems(scenario: Scenario, by_id: dict[str, Scenario]) -> Iterator[str]:
    """Yield what is wrong with one scenario."""
    yield from _title(scenario.title)
    yield from _lines(scenario)
    for name in scenario.requires:
        if name not in capabilities() and name not in STARTS:
            yield f"it requires {name!r}, which is no capability and no way to start a server"
    yield from _depends(scenario, by_id)
    yield from _versions(scenario)
    if scenario.scope == "key":
        objection = None if _only_own_servers(scenario) else harmless.objection(scenario)
        if objection is not None:
            yield f'{objection}: scope = "server", or send what harmless.py allows'
        else:
            yield from _isolation(scenario)


def _title(title: str) -> Iterator[str]:
    if not title.strip() or title != title.strip():
        yield "the title is empty, or has spaces around it"
    if len(title) > 80:
        yield f"the title has {len(title)} characters, and 80 is the most"
    if re.search(r"\bshould\b", title, re.IGNORECASE):
        yield "the title says 'should': a title states what is"
    if title.endswith("."):
        yield "the title ends with a full stop"


def _lines(scenario: Scenario) -> Iterator[str]:
    if scenario.section not in SECTIONS:
        yield f"there is no section {scenario.section!r} in protocol.txt"
        return
    ranges = line_ranges(scenario.lines)
    if not ranges:
        if scenario.level != "observed":
            yield f"a {scenario.level} cites lines of protocol.txt; only what is observed may cite none"
        return
    first, last = SECTIONS[scenario.section]
    if not (first <= ranges[0][0] and ranges[0][1] <= last):
        yield f"lines {scenario.lines[0]} are not in {scenario.section!r}, which is {first}-{last}"
    for start, end in ranges:
        if end > LAST_LINE:
            yield f"protocol.txt ends with line {LAST_LINE}, so there is no {start}-{end}"


def _depends(scenario: Scenario, by_id: dict[str, Scenario]) -> Iterator[str]:
    seen = {scenario.id}
    pending = [scenario]
    while pending:
        one = pending.pop()
        for name in one.depends:
            whole = name if "/" in name else f"{one.id.rsplit('/', 1)[0]}/{name}"
            if whole not in by_id:
                if one is scenario:
                    yield f"it depends on {whole}, which is not there"
            elif whole == scenario.id:
                yield "it depends on itself, in the end"
            elif whole not in seen:
                seen.add(whole)
                pending.append(by_id[whole])


def _versions(scenario: Scenario) -> Iterator[str]:
    concerned = [version for version in KNOWN_VERSIONS if scenario.applies_to(version)]
    if not concerned:
        yield "since and until leave no memcached version that the suite knows"
    for guard in scenario.talk.guards:
        if not any(version in guard for version in concerned):
            yield f"the guard [{guard.text}] is true of no version that the scenario is about"
    for version in concerned:
        if not hears(scenario.talk.script(version)):
            yield "it would pass on a server that says nothing: expect a line, or leave the connection open"
            return


def hears(script: Script) -> bool:
    """Tell whether a server must say something for the script to pass: a line, or the answer of the barrier."""
    open_: set[str] = set()
    quiet: set[str] = set()
    for op in script:
        if isinstance(op, Expect | AnyOf | SomeOf):
            return True
        if isinstance(op, Act) and op.verb in ("close", "closed", "reset"):
            open_.discard(op.conn)
            quiet.discard(op.conn)
            continue
        open_.add(op.conn)
        if isinstance(op, Act) and op.verb in ("drain", "shut"):
            quiet.add(op.conn)
    return bool(open_ - quiet)


def _only_own_servers(scenario: Scenario) -> bool:
    """Tell whether a scenario is only ever played to servers that the suite starts."""
    return any(name in STARTS and name not in TRANSPORTS for name in scenario.requires)


def _isolation(scenario: Scenario) -> Iterator[str]:
    """Yield what a scenario of its own keys does to others."""
    for text in sent_texts(scenario):
        word = text.source.split(" ", 1)[0]
        pattern = _DISTURBING.get(word)
        if pattern and re.fullmatch(pattern, text.source):
            yield f'`{text.source}` is noticed by other clients: scope = "server"'
        found = _STORE.fullmatch(text.source)
        if found and all(isinstance(part, Literal) for part in text.parts):
            yield f"the key {found[1]!r} is written literally: two runs would meet; use {{key}} or {{key|base64}}"


def sent_texts(scenario: Scenario) -> Iterable[Text]:
    """Yield the lines that the scenario sends, to whatever version, data blocks too."""
    seen: set[int] = set()
    for version in KNOWN_VERSIONS:
        for op in scenario.talk.script(version):
            if isinstance(op, Write) and op.line not in seen:
                seen.add(op.line)
                yield from (text for text, _ in op.lines)
