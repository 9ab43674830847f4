"""The sections of protocol.txt of memcached 1.6.45: each heading and its lines, nothing else of it."""

from __future__ import annotations

#: How many lines the file has.
LAST_LINE = 1926

_STARTS: tuple[tuple[str, int], ...] = (
    ("Protocol", 1),
    ("Keys", 41),
    ("Commands", 51),
    ("Meta Commands", 79),
    ("Expiration times", 139),
    ("Error strings", 156),
    ("Authentication", 186),
    ("Storage commands", 204),
    ("Retrieval command:", 288),
    ("Deletion", 330),
    ("Increment/Decrement", 354),
    ("Touch", 399),
    ("Get And Touch", 425),
    ("Meta Debug", 463),
    ("Meta Get", 494),
    ("Meta Set", 696),
    ("Meta Delete", 807),
    ("Meta Arithmetic", 878),
    ("Meta No-Op", 965),
    ("Slabs Reassign", 984),
    ("Slabs Automove", 1018),
    ("LRU Tuning", 1046),
    ("LRU_Crawler", 1081),
    ("Watchers", 1198),
    ("Statistics", 1268),
    ("General-purpose statistics", 1288),
    ("Settings statistics", 1465),
    ("Item statistics", 1547),
    ("Item size statistics", 1626),
    ("Slab statistics", 1679),
    ("Connection statistics", 1723),
    ("TLS statistics", 1778),
    ("Other commands", 1806),
    ("Security restrictions", 1871),
    ("UDP protocol", 1887),
)

#: heading: its first and last line
SECTIONS: dict[str, tuple[int, int]] = {
    heading: (start, following - 1)
    for (heading, start), (_, following) in zip(_STARTS, (*_STARTS[1:], ("", LAST_LINE + 1)), strict=True)
}


def section_of(line: int) -> str:
    """Return the heading of the section that holds a line."""
    return next(heading for heading, (first, last) in SECTIONS.items() if first <= line <= last)
