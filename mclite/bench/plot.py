"""Draws a benchmark's ratios: one row a workload, one dot for each server that the first is compared with.

Needs matplotlib (`pip install 'mclite[plot]'`).
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

Figures = dict[str, Any]

#: Colours that differ for the colour-blind, too, and markers, so that colour is not all.
STYLES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"))

#: Inches: of the width, of a row, and of what stands above and below.
WIDTH, ROW, REST = 8.0, 0.26, 1.5


class NothingToDrawError(ValueError):
    """The result compares no servers."""


def draw(result: Figures, kind: str) -> bytes:
    """Return the ratios of requests a second of `result`, as `mclite bench --json` wrote it, drawn as `kind`.

    `kind` is svg, png or pdf. Raises NothingToDrawError, ImportError without matplotlib, ValueError for a format that
    it does not know.
    """
    rows = [row for row in result["workloads"] if row["ratios"]]
    if not rows:
        raise NothingToDrawError("the result compares no servers: measure with --against")
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    names = [server["name"] for server in result["servers"]]
    # A fixed salt and no date: the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "mclite", "font.size": 9}):
        figure = Figure(figsize=(WIDTH, ROW * len(rows) + REST), layout="constrained")
        axes = figure.add_subplot()
        for number, name in enumerate(names[1:], 1):
            colour, marker = STYLES[(number - 1) % len(STYLES)]
            found = [(at, one) for at, row in enumerate(rows) for one in row["ratios"] if one["against"] == number]
            shift = (number - len(names) / 2) * 0.28
            heights = [at + shift for at, _ in found]
            lows, highs = [one["low"] for _, one in found], [one["high"] for _, one in found]
            axes.hlines(heights, lows, highs, colors=colour, lw=1)
            axes.plot([one["ratio"] for _, one in found], heights, marker, color=colour, ms=5, label=f"to {name}")
        axes.axvline(1, color="#555", lw=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="x", color="#ccc", lw=0.5)
        axes.set_xlabel(f"requests a second of {names[0]}, as a ratio: right of 1 it is faster")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(names) - 1, frameon=False)
        drawn = BytesIO()
        figure.savefig(drawn, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return drawn.getvalue()
