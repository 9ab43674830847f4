"""Prints a benchmark's result as tables for a terminal, which are Markdown too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Figures = dict[str, Any]

NOTES = {
    "*": "the load was at its limit and this server was not: it can do at least this much",
    "~": "other processes used the cores meanwhile: more than 5 % of the time was spent waiting for one",
}


def text(result: Figures) -> str:
    """Return the whole report, with a line end at its end."""
    names = [server["name"] for server in result["servers"]]
    parts = [_head(result)]
    if result["workloads"]:
        parts.append(_throughput(result["workloads"], names))
    if result.get("latency"):
        parts.append(_latency(result["latency"], names))
    footprint = _footprint(result, names)
    if footprint:
        parts.append(footprint)
    body = "\n".join(parts)
    notes = [f"{mark} {meaning}" for mark, meaning in NOTES.items() if f" {mark} " in body]
    return body + ("\n" + "\n".join(notes) + "\n" if notes else "")


def _head(result: Figures) -> str:
    machine, settings = result["machine"], result["settings"]
    pinned = machine["pinned"]
    where = f"servers on core {pinned['servers'][0]}, load on core {pinned['load'][0]}" if pinned else "not pinned"
    return (
        f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']},"
        f" Python {machine['python']}; {where}\n"
        f"{settings['connections']} connections, {settings['rounds']} rounds of {settings['seconds']:g} s,"
        " medians; every reply compared byte for byte\n"
    )


def _throughput(rows: Sequence[Figures], names: Sequence[str]) -> str:
    header = ["requests a second", *_with_ratios(names, "ratio")]
    lines = []
    for row in rows:
        cells = [row["name"]]
        for number, one in enumerate(row["results"]):
            marks = " *" * (one["limit"] == "load") + " ~" * one["disturbed"]
            cells.append(f"{one['rate']:,.0f}{marks}")
            if number:
                cells.append(_ratio(row["ratios"], number))
        lines.append(cells)
    cpu = ["server's µs a request", *_with_ratios(names, "ratio")]
    costs = []
    for row in rows:
        values = [one["server_microseconds"] for one in row["results"]]
        cells = [row["name"]]
        for number, value in enumerate(values):
            cells.append("-" if value is None else f"{value:.2f}")
            if number:
                cells.append(f"{values[0] / value:.2f}" if values[0] and value else "-")
        costs.append(cells)
    tables = table(header, lines)
    if any(cell != "-" for cells in costs for cell in cells[1:]):
        tables += "\n" + table(cpu, costs)
    return tables


def _with_ratios(names: Sequence[str], ratio: str) -> list[str]:
    return [names[0], *(cell for name in names[1:] for cell in (name, ratio))]


def _ratio(ratios: Sequence[Figures], number: int, digits: int = 2) -> str:
    for one in ratios:
        if one["against"] == number:
            single = one["low"] == one["high"]
            spread = "" if single else f" ({one['low']:.{digits}f}-{one['high']:.{digits}f})"
            return f"{one['ratio']:.{digits}f}{spread}"
    return "-"


def _latency(latency: Figures, names: Sequence[str]) -> str:
    lines = []
    for share, label in (("p50", "half within"), ("p99", "99 % within"), ("p999", "99.9 % within")):
        cells = [f"{label}, µs"]
        for number, one in enumerate(latency["results"]):
            marks = " ~" * one["disturbed"]
            cells.append("-" if one[share] is None else f"{one[share] * 1e6:,.0f}{marks}")
            if number:
                cells.append(_ratio(latency["ratios"][share], number))
        lines.append(cells)
    title = f"get at {latency['rate']:,.0f} a second"
    if "slices" in latency:
        title += f", {latency['slices']} slices of {latency['slice_seconds'] * 1000:.0f} ms"
    return table([title, *_with_ratios(names, "ratio")], lines)


def _footprint(result: Figures, names: Sequence[str]) -> str:
    lines: list[list[str]] = []

    def row(label: str, values: Sequence[str], ratios: Sequence[Figures]) -> None:
        cells = [label, values[0]]
        for number, value in enumerate(values[1:], 1):
            cells += [value, _ratio(ratios, number)]
        lines.append(cells)

    if start := result.get("start"):
        row("start, ms", [f"{one['seconds'] * 1000:.0f}" for one in start["results"]], start["ratios"])
    if memory := result.get("memory"):
        values = []
        for one in memory["results"]:
            kept = one["held"] is None or one["held"] >= one["items"]
            values.append(
                ("-" if one["bytes_an_item"] is None else f"{one['bytes_an_item']:.0f}")
                + ("" if kept else f" (kept {one['held']:,})")
            )
        row(f"bytes an item, of {memory['results'][0]['items']:,}", values, memory["ratios"])
    if held := result.get("connections"):
        asked = held["asked"]
        row(f"connections held, of {asked:,}", [f"{one['held']:,}" for one in held["results"]], [])
        sizes = [one["bytes_a_connection"] for one in held["results"]]
        row("bytes a connection", ["-" if size is None else f"{size:,.0f}" for size in sizes], [])
        for key, label in (("few_active", "get/s, the others idle"), ("all_active", "get/s, all active")):
            values = [f"{one[key]['rate']:,.0f}" if one[key] else "-" for one in held["results"]]
            row(label, values, held["ratios"].get(key, []))
    if not lines:
        return ""
    return table(["footprint", *_with_ratios(names, "ratio")], lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with its columns aligned: names to the left, figures to the right."""
    widths = [max(len(cells[at]) for cells in [header, *rows]) for at in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        return "| " + " | ".join([first, *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]) + " |\n"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|\n"
    return line(header) + rule + "".join(line(cells) for cells in rows)
