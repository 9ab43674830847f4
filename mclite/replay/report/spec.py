"""protocol.txt: its sections, finding a copy, and laying the suite's line numbers over another release.

The text is never part of mclite. `protocol.sums` holds four hexadecimal digits a line of the release that the
suite cites, enough to align a copy of another release with it.
"""

from __future__ import annotations

import difflib
import gzip
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mclite.replay.results.read import ResultsError

#: The release whose lines the suite cites.
RELEASE = "1.6.45"

#: Where Debian's package of memcached puts the file.
USUAL = (Path("/usr/share/doc/memcached/protocol.txt"), Path("/usr/share/doc/memcached/protocol.txt.gz"))

#: The headings of protocol.txt with their lines: a section reaches to the line before the next.
SECTIONS: tuple[tuple[int, str], ...] = (
    (1, "Protocol"),
    (41, "Keys"),
    (51, "Commands"),
    (79, "Meta Commands"),
    (139, "Expiration times"),
    (156, "Error strings"),
    (186, "Authentication"),
    (204, "Storage commands"),
    (288, "Retrieval command:"),
    (330, "Deletion"),
    (354, "Increment/Decrement"),
    (399, "Touch"),
    (425, "Get And Touch"),
    (463, "Meta Debug"),
    (494, "Meta Get"),
    (696, "Meta Set"),
    (807, "Meta Delete"),
    (878, "Meta Arithmetic"),
    (965, "Meta No-Op"),
    (984, "Slabs Reassign"),
    (1018, "Slabs Automove"),
    (1046, "LRU Tuning"),
    (1081, "LRU_Crawler"),
    (1198, "Watchers"),
    (1268, "Statistics"),
    (1288, "General-purpose statistics"),
    (1465, "Settings statistics"),
    (1547, "Item statistics"),
    (1626, "Item size statistics"),
    (1679, "Slab statistics"),
    (1723, "Connection statistics"),
    (1778, "TLS statistics"),
    (1806, "Other commands"),
    (1871, "Security restrictions"),
    (1887, "UDP protocol"),
)

#: How many lines protocol.txt of RELEASE has.
LENGTH = 1926

_MOST_BYTES = 1_000_000
_LEAST_SHARE = 0.5  # of the lines: what shares less is another document


@dataclass(frozen=True, slots=True)
class Spec:
    """A copy of protocol.txt: its text, and for each of its lines the line of RELEASE that it is, or 0."""

    path: Path
    lines: tuple[str, ...]
    numbers: tuple[int, ...]

    @property
    def exact(self) -> bool:
        """Whether it is the copy of the release that the suite cites."""
        return self.numbers == tuple(range(1, LENGTH + 1))


def find() -> Spec | None:
    """Return Debian's copy of protocol.txt, None when there is none that can be used."""
    for path in USUAL:
        if path.is_file():
            try:
                return read(path)
            except ResultsError:
                continue
    return None


def read(path: Path) -> Spec:
    """Read protocol.txt at `path`, plain or gzip; raises ResultsError when it is not one."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no whole gzip file"
        raise ResultsError(f"{path} cannot be read: {reason}.") from None
    lines = tuple(raw.decode("utf-8", "replace").splitlines())
    numbers = _align(lines) if len(raw) <= _MOST_BYTES else ()
    if sum(map(bool, numbers)) < _LEAST_SHARE * len(lines) or not lines:
        raise ResultsError(f"{path} is not memcached's protocol.txt.")
    return Spec(path, lines, numbers)


def line_sum(line: str) -> str:
    """Return the four hexadecimal digits by which a line is known."""
    return f"{zlib.crc32(line.rstrip().encode()) & 0xFFFF:04x}"


@cache
def _sums() -> tuple[str, ...]:
    text = Path(__file__).with_name("protocol.sums").read_text("ascii")
    return tuple(text.split())


def _align(lines: tuple[str, ...]) -> tuple[int, ...]:
    ours = [line_sum(line) for line in lines]
    numbers = [0] * len(lines)
    # An empty line is like any other empty line: it only goes with what stands beside it.
    matcher = difflib.SequenceMatcher(line_sum("").__eq__, a=_sums(), b=ours, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            numbers[block.b + offset] = block.a + offset + 1
    return tuple(numbers)
