"""Help made from the command table and the table of meta flags."""

from __future__ import annotations

from typing import Final

from mclite.protocol.commands import COMMANDS, Command
from mclite.protocol.meta import FLAGS
from mclite.shell.requests import OWN, find, usage
from mclite.shell.show import Piece

_KINDS: Final = {
    "storage": "Store",
    "retrieval": "Fetch",
    "deletion": "Delete",
    "arithmetic": "Count",
    "touching": "Touch",
    "meta": "Meta commands",
    "admin": "The server",
}
_TOKENS: Final = {
    "none": "", "uint64": "<number>", "uint32": "<number>", "exptime": "<seconds>", "delta": "<number>",
    "initial": "<number>", "opaque": "<opaque>", "mode": "<mode>", "any": "<anything>",
}  # fmt: skip


def flag_rows(row: Command) -> list[tuple[str, str]]:
    """Return the meta flags that the command of `row` heeds: letter with its token, and what it does."""
    name = row.name.decode()
    return [
        (flag.letter + _TOKENS.get(flag.token, ""), flag.summary)
        for flag in sorted(FLAGS.values(), key=lambda flag: flag.letter.lower())
        if name in flag.commands
    ]


def overview() -> list[list[Piece]]:
    """Return the list of all commands."""
    lines: list[list[Piece]] = []
    for kind, title in _KINDS.items():
        lines += [[("", "")]] * bool(lines)
        lines.append([("title", title)])
        lines += [_row(usage(row), row.summary) for row in COMMANDS.values() if row.kind == kind]
    lines += [[("", "")], [("title", "The shell")]]
    lines += [_row(f"{name} {arguments}".rstrip(), summary) for name, (arguments, summary) in OWN.items()]
    lines.append([("faint", 'Data length is counted; "quotes" keep spaces, \\n \\t \\0 \\xHH give any byte.')])
    return lines


def about(name: str) -> list[list[Piece]]:
    """Return what there is to say about the command `name`. Raises RequestError if there is none."""
    if name in OWN:
        return [_row(f"{name} {OWN[name][0]}".rstrip(), OWN[name][1])]
    row = find(name)
    lines: list[list[Piece]] = [[("name", usage(row))], [("", f"  {row.summary}")]]
    flags = flag_rows(row) if row.kind == "meta" else []
    if flags:
        lines.append([("title", "flags")])
        lines += [_row(flag, summary, 14) for flag, summary in flags]
    lines.append([("faint", f"  protocol.txt {row.lines}, since memcached {row.since}")])
    return lines


def _row(left: str, right: str, width: int = 46) -> list[Piece]:
    if len(left) > width:
        return [("name", f"  {left}"), ("", f"  {right}")]
    return [("name", f"  {left:<{width}}"), ("", f"  {right}")]
