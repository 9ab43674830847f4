"""What changed between two runs, for people: as text, as Markdown, as a page."""

from __future__ import annotations

from mclite.replay.report import markdown, summary
from mclite.replay.results.diff import KINDS, MEANINGS, Difference


def text(difference: Difference) -> str:
    """Return the changes for a terminal."""
    lines = [difference.headline]
    for kind, changes in difference.changes.items():
        if changes:
            lines.append(f"{kind} ({len(changes)}): {MEANINGS[kind]}")
        for change in changes:
            lines.append(f"  {change.scenario['id']}: {change.verdicts}")
            if kind in ("regressed", "changed") and change.reason:
                lines.append(f"    {change.reason}")
    return "\n".join(summary.plain(line) for line in lines) + "\n"


def to_markdown(difference: Difference) -> str:
    """Return the changes as Markdown."""
    parts = ["# What changed", markdown.escape(difference.headline)]
    for kind, changes in difference.changes.items():
        if not changes:
            continue
        rows = [["scenario", "was → is", "why"]]
        for change in changes:
            why = markdown.code(change.reason) if change.reason and kind != "fixed" else ""
            title = f"{markdown.code(change.scenario['id'])}<br>{markdown.escape(change.scenario['title'])}"
            rows.append([title, change.verdicts, why])
        parts += [f"## {kind} ({len(changes)})", MEANINGS[kind], markdown.table(rows)]
    return "\n\n".join(parts) + "\n"


def to_html(difference: Difference) -> str:
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
        )
    )
