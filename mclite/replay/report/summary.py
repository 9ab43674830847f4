"""The verdict in one sentence, and the lines that close a run: the page and the terminal say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from mclite.replay.judge.offers import matched
from mclite.replay.judge.record import Record
from mclite.replay.report import causes, expectations, offers
from mclite.replay.report.support import subjects
from mclite.replay.results.document import Results
from mclite.replay.results.tally import (
    GOOD,
    JUDGED,
    LEVEL_NAMES,
    failures,
    tallies,
)
from mclite.replay.scenario.versions import KNOWN, claimed_version

State = Literal["conforms", "except", "fails", "died", "nothing", "part"]

#: More failures than this share of the required cases, and it is no longer "conforms except".
EXCEPT_SHARE = 0.1


#: Scenarios without a result that are named.
SHOWN_LOST = 5

#: What the baseline says of an entry that has to go.
STALE = ("fixed", "unmatched")


def state(results: Results) -> State:
    """Say in one word what a run found."""
    scenarios = results.scenarios
    if any(scenario.verdict == "target-died" for scenario in scenarios):
        return "died"
    if offers.failing(results) or expectations.news(results):
        return "fails"
    if not any(scenario.verdict in JUDGED for scenario in scenarios):
        return "nothing"
    failed = failures(results)
    if results.run.complete and matched(scenarios) and expectations.counts(results):
        return "except"  # of which the baseline knows all
    if not any(scenario.verdict in GOOD for scenario in scenarios):
        return "fails"
    if not failed and not matched(scenarios):
        return "nothing"  # to refuse what is no command says nothing about a server
    if not failed:
        return "conforms" if results.run.complete and tallies(scenarios)[0].judged else "part"
    if not results.run.complete:
        return "fails"
    levels = {scenario.level for scenario in failed} | {"must"}
    judged = sum(tally.judged for tally in tallies(scenarios) if tally.level in levels)
    return "except" if len(failed) <= EXCEPT_SHARE * judged else "fails"


def headline(results: Results) -> str:
    """Return the verdict as one sentence for somebody who reads nothing else."""
    name, version = results.target.name, f"memcached {results.run.judged}"
    scenarios = results.scenarios
    must = tallies(scenarios)[0]
    failed = failures(results)
    absent, part = offers.said(results), offers.part(results)
    beside = expectations.said(results)
    if expectations.news(results):
        failed = [scenario for scenario in failed if scenario.baseline in expectations.NEWS]
    cases, where = count(len(failed), "case"), _where(failed)
    match state(results):
        case "died":
            died = [scenario for scenario in failed if scenario.verdict == "target-died"]
            return f"{name} stopped answering during the test, in {died[0].id}."
        case "nothing" if not scenarios and results.clients:
            return f"Only client libraries were tried on {name}, and no scenario."
        case "nothing" if any(scenario.verdict in JUDGED for scenario in scenarios):
            return f"Nothing was judged on {name} but what is no command: no command was answered as memcached does."
        case "nothing":
            return f"Nothing was judged on {name}: none of {count(len(scenarios), 'scenario')} gave a result."
        case "except" if beside is not None:
            number = expectations.counts(results)["expected"]
            return f"{name} conforms to {version} except {count(number, 'answer')} that its baseline expects."
        case "fails" if beside is not None:
            more = f"; it does not offer {absent}" if absent is not None else ""
            return f"{name} does not conform to {version} as its baseline says: {beside}{where}{more}."
        case "except":
            return f"{name} conforms to {version} except {cases}{where}."
        case "fails" if absent is not None:
            more = f", and {cases} {'fails' if len(failed) == 1 else 'fail'}{where}" if failed else ""
            return f"{name} does not conform to {version}: it does not offer {absent}{more}."
        case "fails" if not any(scenario.verdict in GOOD for scenario in scenarios):
            judged = sum(scenario.verdict in JUDGED for scenario in scenarios)
            return f"{name} does not conform to {version}: not one of {count(judged, 'answer')} is memcached's."
        case "part" if must.judged:
            which = f"{must.good} of {count(must.judged, 'required case')} {'passes' if must.judged == 1 else 'pass'}"
            return f"{name} was compared with {version} only in part: {which}."
        case "part":
            return f"{name} was compared with {version} only in part: no required case was judged."
        case "fails":
            verb = "fails" if len(failed) == 1 else "fail"
            if all(scenario.level == "must" for scenario in failed):
                return f"{name} does not conform to {version}: {must.bad} of {must.judged} required cases fail{where}."
            return f"{name} does not conform to {version}: {cases} {verb}{where}."
        case "conforms":
            which = "the required case passes" if must.judged == 1 else f"all {must.judged} required cases pass"
            what = f" in what it offers, {part}" if part is not None else ""
            return f"{name} conforms to {version}{what}: {which}."


def caveats(results: Results) -> list[str]:
    """Return the sentences that belong beside the verdict, so that it claims no more than was found."""
    scenarios = results.scenarios
    must, should, observed = tallies(scenarios)
    said = [*_judged_as(results)]
    if not results.run.complete:
        of = f" of {held}" if (held := results.run.held) is not None else ""
        said.append(f"The run is incomplete: {len(scenarios)}{of} scenarios have a result.")
    if lost := results.run.lost:
        named = ", ".join(lost[:SHOWN_LOST]) + (f" and {len(lost) - SHOWN_LOST} more" if len(lost) > SHOWN_LOST else "")
        have = "has" if len(lost) == 1 else "have"
        said.append(f"{count(len(lost), 'scenario')} {have} no result, because the run ended early: {named}.")
    if lacking := must.verdicts["unsupported"]:
        said.append(f"{count(lacking, 'required case')} {_need(lacking)} what the target does not offer.")
    said += offers.caveats(results)
    if not_run := must.verdicts["skipped"] + must.verdicts["blocked"]:
        said.append(f"{count(not_run, 'required case')} {'was' if not_run == 1 else 'were'} not tried.")
    if should.bad:
        said.append(f"{count(should.bad, 'recommended case')} {'deviates' if should.bad == 1 else 'deviate'}.")
    if observed.bad:
        more = "is" if observed.bad == 1 else "are"
        said.append(f"{count(observed.bad, 'answer')} on which protocol.txt is silent {more} not memcached's.")
    if faults := sum(s.verdict == "known" for s in scenarios):
        release = f"memcached {results.run.judged} itself deviates"
        said.append(f"{count(faults, 'answer')} in which {release}, as conformance/releases.toml says.")
    if not results.run.complete and (beside := expectations.said(results)) is not None:
        said.append(f"Beside the baseline: {beside}.")
    if stale := sum(s.baseline in STALE for s in scenarios):
        said.append(f"The baseline is stale in {count(stale, 'case')}.")
    if errors := sum(s.verdict == "suite-error" for s in scenarios):
        said.append(f"{count(errors, 'scenario')} could not be judged by a fault of the suite itself.")
    return said


def _judged_as(results: Results) -> Iterator[str]:
    """Yield why the server is judged as another release than the one that it claims, if it is."""
    judged, known = results.run.judged, results.target.known_version
    claimed = claimed_version(results.target.version or "")
    if known is not None and known != judged:
        yield f"It claims to be {known} and is judged as {judged}."
    elif known is None and claimed is not None:
        newest = ", the newest" if judged == KNOWN[-1] else ""
        yield f"It claims to be {claimed}, which is no release that the suite knows: it is judged as {judged}{newest}."
    elif known is None and judged == KNOWN[-1]:
        yield f"It claims no memcached release: it is judged as {judged}, the newest."


def resembles_text(results: Results) -> str | None:
    """Return the sentence on the version that the target resembles, None when there is none."""
    found = results.summary.resembles
    if not found:
        return None
    cases = "the one case that tells" if found.of == 1 else f"{found.same} of {found.of} cases that tell"
    return f"Behaves like memcached {found.releases} in {cases} releases apart."


def lines(results: Results, first: int = 5, *, strict: bool = False) -> list[str]:
    """Return the closing lines of a run for a terminal: verdict, causes, counts, resemblance, `first` failures.

    With `strict` a warning counts as a failure.
    """
    scenarios = results.scenarios
    out = [headline(results), *offers.lines(results, strict=strict)]
    if several := causes.found(results, strict=strict):
        out.append(f"{count(len(several), 'cause')}: {causes.one_line(several)}")
        out += causes.lines(several, first)
    out += [*(f"  {sentence}" for sentence in caveats(results)), *_clients(results)]
    for tally in tallies(scenarios):
        if tally.total:
            out.append(f"  {tally.level:<9} {LEVEL_NAMES[tally.level]}: {tally.text}")
    if sentence := resembles_text(results):
        out.append(f"  {sentence}")
        if results.summary.resembles and (others := results.summary.resembles.others):
            more = f" and {len(others) - first} more" if len(others) > first else ""
            out.append(f"    not in {', '.join(others[:first])}{more}")
    if known := Counter(scenario.baseline for scenario in scenarios if scenario.baseline):
        out.append("  baseline: " + ", ".join(f"{number} {what}" for what, number in sorted(known.items())))
    expected = causes.known(results)
    out += [f"  expected ({len(members)}), {why}" for why, members in expected[:first]]
    if len(expected) > first:
        out.append(f"  expected, for {len(expected) - first} reasons more")
    failed = expectations.in_order(causes.failing(results, strict=strict))
    if failed:
        out.append("First failures:" if len(failed) > first else "Failures:")
    for scenario in failed[:first]:
        word = scenario.baseline or scenario.verdict
        out.append(f"  {word} {scenario.id}: {causes.claim(scenario)}")
    if len(failed) > first:
        out.append(f"  ... and {len(failed) - first} more")
    for scenario in scenarios:
        if scenario.baseline in STALE:
            out.append(f"  stale in the baseline ({scenario.baseline}): {scenario.id}")
    return [plain(line) for line in out]


def _clients(results: Results) -> list[str]:
    """Return what the client libraries came to: how many work, and which do not."""
    tried = [(client.name, {check.outcome for check in client.checks}) for client in results.clients]
    failing = [name for name, outcomes in tried if "fails" in outcomes]
    working = sum("works" in outcomes and "fails" not in outcomes for _, outcomes in tried)
    out = []
    if working or failing:
        broken = (
            f", {len(failing)} {'does' if len(failing) == 1 else 'do'} not: {', '.join(failing)}" if failing else ""
        )
        out.append(f"  client libraries: {working} work{broken}")
    if missing := [name for name, outcomes in tried if outcomes == {"missing"}]:
        out.append(f"  client libraries that are not installed: {', '.join(missing)}")
    return out


def count(number: int, thing: str) -> str:
    """Return `1 case`, `2 cases`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _need(number: int) -> str:
    return "needs" if number == 1 else "need"


def _where(failed: Iterable[Record], show: int = 4) -> str:
    commands = sorted({command for scenario in failed for command in subjects(scenario)})
    if not commands:
        return ""
    named = f" ({', '.join(commands)})" if len(commands) <= show else ""
    return f" in {count(len(commands), 'command')}{named}"


def plain(line: str) -> str:
    """Return a line that cannot steer a terminal: what does not print is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
