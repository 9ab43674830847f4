"""What changed between two runs, for people: as text, as Markdown, as a page."""

from __future__ import annotations

from collections.abc import Sequence

from mclite.replay.report import answered, answers_table, markdown, summary
from mclite.replay.results.diff import KINDS, MEANINGS, Difference

#: The requests that the two runs answer otherwise.
Rows = Sequence[answers_table.Row]


def text(difference: Difference, rows: Rows | None = None, width: int = 120) -> str:
    """Return the changes for a terminal, with the requests that are answered otherwise if `rows` has these."""
    lines = [difference.headline]
    for kind, changes in difference.changes.items():
        if changes:
            lines.append(f"{kind} ({len(changes)}): {MEANINGS[kind]}")
        for change in changes:
            lines.append(f"  {change.scenario.id}: {change.verdicts}")
            if kind in ("regressed", "changed") and change.reason:
                lines.append(f"    {change.reason}")
    made = "\n".join(summary.plain(line) for line in lines) + "\n"
    if rows is None:
        return made
    said, head = _about(difference, rows)
    return f"{made}\n{answers_table.text(said, rows, head, width)}"


def to_markdown(difference: Difference, rows: Rows | None = None) -> str:
    """Return the changes as Markdown, with the requests that are answered otherwise if `rows` has these."""
    parts = ["# What changed", markdown.escape(difference.headline)]
    for kind, changes in difference.changes.items():
        if not changes:
            continue
        cells = [["scenario", "was → is", "why"]]
        for change in changes:
            why = markdown.code(change.reason) if change.reason and kind != "fixed" else ""
            title = f"{markdown.code(change.scenario.id)}<br>{markdown.escape(change.scenario.title)}"
            cells.append([title, change.verdicts, why])
        parts += [f"## {kind} ({len(changes)})", MEANINGS[kind], markdown.table(cells)]
    if rows is not None:
        said, head = _about(difference, rows)
        parts.append(answers_table.to_markdown(said, rows, head, level=2).rstrip())
    return "\n\n".join(parts) + "\n"


def to_html(difference: Difference, rows: Rows | None = None) -> str:
    """Return the changes as one HTML page that runs no script."""
    from mclite.replay.report import html  # it needs the extra `conformance`, the others do not

    return (
        html.environment()
        .get_template("difference.html.j2")
        .render(
            difference=difference,
            kinds=KINDS,
            meanings=MEANINGS,
            style=html.asset("page.css"),
            runs=[("Old", difference.old), ("New", difference.new)],
            facts=html.facts,
            headline=summary.headline,
            answered=(*_about(difference, rows), answers_table.for_html(rows)) if rows is not None else None,
        )
    )


def _about(difference: Difference, rows: Rows) -> tuple[str, tuple[str, str, str]]:
    """Return the sentence about the answers, and the heads of the columns of their table."""
    runs = difference.old, difference.new
    return answered.headline(*runs, rows), answered.head(*runs)
