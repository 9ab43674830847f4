"""The report as Markdown: fits a CI job's summary, and the support table fits a vendor's documentation."""

from __future__ import annotations

from collections.abc import Sequence

from mclite.replay.judge.causes import Cause
from mclite.replay.judge.offers import Offered
from mclite.replay.judge.record import Record
from mclite.replay.report import causes, expectations, offers, summary, support
from mclite.replay.report import comparison as beside
from mclite.replay.results import tally
from mclite.replay.results.document import Results

#: How many deviations are listed for each target.
MOST_DEVIATIONS = 20

_CELL_MARKS: dict[support.Status, str] = {
    "supported": "✅",
    "partly": "⚠️",
    "unsupported": "❌",
    "untested": "–",
}
_LONGEST = 300  # characters of one text: a hostile answer shall not fill the page


def render(runs: Sequence[Results]) -> str:
    """Return the verdicts, counts, support table and first deviations of one or more runs."""
    parts = ["# memcached compatibility"]
    for run in runs:
        parts.append(f"**{escape(summary.headline(run))}**")
        if missing := offers.failing(run):
            alike = "; ".join(f"{offers.names(some)}: {answer}" for answer, some in offers.by_answer(missing))
            parts += [f"Not offered ({len(missing)}): {escape(alike)}", _offers(missing)]
        if several := causes.found(run):
            parts += [f"{summary.count(len(several), 'cause')}: {escape(causes.one_line(several))}", _causes(several)]
        said = summary.caveats(run)
        if sentence := summary.resembles_text(run):
            said.append(sentence)
        if sentence := beside.sentence(run):
            said.append(sentence)
        if said:
            parts.append("\n".join(f"- {escape(sentence)}" for sentence in said))
    parts += ["## Counts", counts_table(runs), "## Support", support_table(runs)]
    for run in runs:
        if failed := expectations.deviations(run):
            parts += [f"## Deviations of {escape(run.target.name)}", _deviations(failed)]
        if expected := causes.known(run):
            parts += [f"## Known of {escape(run.target.name)}", _known(expected)]
        if unlike := beside.differing(run):
            name = escape(run.target.name)
            parts += [f"## {name} differs from the reference", _differences(unlike)]
    return "\n\n".join(parts) + "\n"


def counts_table(runs: Sequence[Results]) -> str:
    """Return the counts by level, a row a target."""
    levels = [f"{level} ({name})" for level, name in tally.LEVEL_NAMES.items()]
    rows = [["server", "judged against", *levels]]
    for run in runs:
        cells = [one.text if one.total else "–" for one in tally.tallies(run.scenarios)]
        rows.append([run.target.name, f"memcached {run.run.judged}", *cells])
    return table([[escape(cell) for cell in row] for row in rows])


def support_table(
    runs: Sequence[Results], support_of: Sequence[tuple[support.Row, list[support.Cell]]] | None = None
) -> str:
    """Return commands and features down, targets across; `support_of` is `support.table(runs)`, if it is at hand."""
    rows = [["", *(escape(run.target.name) for run in runs)]]
    group = None
    for row, cells in support.table(runs) if support_of is None else support_of:
        if row.group != group:
            group = row.group
            rows.append([f"**{escape(group)}**"] + [""] * len(runs))
        label = code(row.label) if row.kind == "command" else escape(row.label)
        rows.append([label, *(f"{_CELL_MARKS[cell.status]} {cell.text}" for cell in cells)])
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells, which are Markdown already, as a table with the first row for its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def escape(text: str) -> str:
    """Return `text` so that Markdown shows it as it is: every sign that could be markup is an entity."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return "".join(_entity(char) for char in text)


def code(text: str) -> str:
    """Return `text` in a code element, whatever signs it has."""
    return f"<code>{escape(text)}</code>"


def _entity(char: str) -> str:
    if char.isalnum() or char in " .,:;()/-–…'\"%+=?é":
        return char
    if char == "\n":
        return " "
    return f"&#{ord(char)};" if char.isprintable() else f"&#92;x{ord(char):02x}"


def _offers(missing: Sequence[Offered]) -> str:
    rows = [["command or option", "evidence", "protocol.txt"]]
    rows += [[code(one.name), escape(one.evidence), escape(", ".join(one.lines))] for one in missing]
    return table(rows)


def _causes(several: Sequence[Cause]) -> str:
    rows = [["cause", "scenarios", "example", "replay"]]
    for cause in several[:MOST_DEVIATIONS]:
        example = cause.example
        shown = code(causes.evidence(example) or example.reason or "")
        replay = code(example.replay)
        rows.append(
            [escape(cause.name), escape(causes.size(cause)), f"{escape(causes.claim(example))}<br>{shown}", replay]
        )
    more = len(several) - MOST_DEVIATIONS
    return table(rows) + (f"\n\n… and {more} more" if more > 0 else "")


def _deviations(failed: Sequence[Record]) -> str:
    lines = []
    for scenario in failed[:MOST_DEVIATIONS]:
        word = f" ({scenario.baseline})" if scenario.baseline else ""
        lines.append(f"- {code(scenario.id)} {escape(causes.claim(scenario))}{word}")
        if why := scenario.baseline_reason:
            lines.append(f"  <br>The baseline says: {escape(why)}")
        if reason := tally.reason(scenario):
            lines.append(f"  <br>{code(reason)}")
    if len(failed) > MOST_DEVIATIONS:
        lines.append(f"- … and {len(failed) - MOST_DEVIATIONS} more")
    return "\n".join(lines)


def _known(expected: Sequence[tuple[str, Sequence[Record]]]) -> str:
    """Return wrong answers that fail no run, a row a reason."""
    rows = [["reason", "scenarios", "for example"]]
    for why, members in expected[:MOST_DEVIATIONS]:
        rows.append([escape(why), str(len(members)), f"{code(members[0].id)} {escape(causes.claim(members[0]))}"])
    more = len(expected) - MOST_DEVIATIONS
    return table(rows) + (f"\n\n… and {more} more" if more > 0 else "")


def _differences(unlike: Sequence[Record]) -> str:
    rows = [["scenario", "target", "reference"]]
    for scenario in unlike[:MOST_DEVIATIONS]:
        assert scenario.reference is not None
        answers = (scenario.reference.target, scenario.reference.got)
        rows.append([code(scenario.id), *(code(text) if text else "nothing" for text in answers)])
    more = len(unlike) - MOST_DEVIATIONS
    return table(rows) + (f"\n\n… and {more} more" if more > 0 else "")
