"""What -vv shows of a connection: its requests, and its answers without their data blocks."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST = 2048
"""bytes of a line that are shown"""


def shown(line: bytes) -> str:
    """Return a line, without the CR of its end, so that a terminal shows it and does nothing else with it."""
    text = line.removesuffix(b"\r")[:_LONGEST].decode("ascii", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def answers_shown(answer: bytes) -> Iterator[str]:
    """Yield the lines of `answer` that are shown: of an item its key, of statistics only their end."""
    position = 0
    while position < len(answer):
        end = answer.find(b"\r\n", position)
        end = len(answer) if end < 0 else end
        line = answer[position:end]
        position = end + 2
        words = line.split(b" ", 4)
        if words[0] == b"VALUE" and len(words) > 3 and words[3].isdigit():
            yield f"sending key {shown(words[1])}"
            position += int(words[3]) + 2
        elif words[0] == b"VA" and len(words) > 1 and words[1].isdigit():
            yield shown(line)
            position += int(words[1]) + 2
        elif words[0] not in (b"STAT", b"ITEM"):
            yield shown(line)
