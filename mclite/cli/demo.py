"""`mclite demo`: a tour of memcached on a server of its own, and then the shell.

Every step is carried out, and what the tour says of it is checked: exit code 1 if the server answered otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mclite.cli.shell import open_shell
from mclite.client import Client
from mclite.client.call import Call
from mclite.shell.requests import build
from mclite.shell.show import Piece, render, show
from mclite.shell.words import printable, split
from mclite.store.clock import SystemClock
from mclite.testing import ServerThread

EXPIRY_SECONDS = 1
EXPIRY_WAIT_MAX = 3.0


@dataclass(frozen=True, slots=True)
class Step:
    """A line that client `who` types, and the beginnings of the expected lines."""

    who: str
    line: str
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A piece of the tour."""

    title: str
    text: str
    steps: tuple[Step, ...]


TOUR: tuple[Scene, ...] = (
    Scene(
        "Store and fetch",
        "Data lies under a key, with 32 bits of flags that belong to the client.",
        (
            Step("A", 'set greeting 42 0 "hello, world"', ("STORED",)),
            Step("A", "get greeting", ("VALUE greeting 42 12", "hello, world", "END")),
            Step("A", "get nobody", ("END",)),
            Step("A", "set visits 9", ("STORED",)),
            Step("A", "incr visits 1", ("10",)),
        ),
    ),
    Scene(
        "Two clients, one item",
        "Both fetch it with its cas unique. Who stores first wins; the other one is told, and loses nothing.",
        (
            Step("A", "set stock 3", ("STORED",)),
            Step("A", "gets stock", ("VALUE stock 0 1 {cas}", "3", "END")),
            Step("B", "gets stock", ("VALUE stock 0 1", "3", "END")),
            Step("B", "cas stock 2 {cas}", ("STORED",)),
            Step("A", "cas stock 2 {cas}", ("EXISTS",)),
        ),
    ),
    Scene(
        "Expiration",
        f"An item may have a time to live: {EXPIRY_SECONDS} s here.",
        (
            Step("A", f"set session 0 {EXPIRY_SECONDS} token", ("STORED",)),
            Step("A", "(until it is gone) get session", ("END",)),
        ),
    ),
    Scene(
        "Stale while revalidate, with meta commands",
        "A marks the item as stale. One client wins the right to recache it (W), the others get the old data (X, Z).",
        (
            Step("A", "ms page v1 T300", ("HD",)),
            Step("A", "md page I T30", ("HD",)),
            Step("A", "mg page v t c", ("VA 2 {any} {token} X W", "v1")),
            Step("B", "mg page v", ("VA 2 Z X", "v1")),
            Step("A", "ms page v2 T300 {token}", ("HD",)),
            Step("B", "mg page v t", ("VA 2 {any}", "v2")),
        ),
    ),
)  # fmt: skip


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mclite demo`."""
    parser.epilog = "  mclite demo\n  mclite demo --no-shell | less"
    parser.add_argument("--no-shell", action="store_true", help="end after the tour, also on a terminal")


class DemoError(Exception):
    """A server answered otherwise than the tour says."""


def run(args: argparse.Namespace) -> int:
    """Show the tour, then open the shell if there is a terminal; return the exit code."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    write: Callable[[str], object] = sys.stdout.write
    with ServerThread(clock=SystemClock()) as server:
        write(f"mclite listens on {server.address}\n")
        try:
            with Client(server.host, server.port) as a, Client(server.host, server.port) as b:
                for number, scene in enumerate(TOUR, 1):
                    play(number, scene, {"A": a, "B": b}, write, colours)
        except DemoError as error:
            print(f"mclite demo: {error}", file=sys.stderr)
            return 1
        if terminal and not args.no_shell:
            write("\nNow you: the server still runs, and has the items of the tour. help lists the commands.\n")
            return open_shell(server.host, server.port, 5.0, terminal)
    return 0


def play(
    number: int, scene: Scene, clients: dict[str, Client[bytes]], write: Callable[[str], object], colours: bool
) -> None:
    """Play `scene`, and show it. Raises DemoError."""

    def put(lines: Sequence[Sequence[Piece]]) -> None:
        write(render(lines, colours))

    put([[("", "")], [("title", f"{number}. {scene.title}")], [("", scene.text)]])
    bound: dict[str, str] = {}
    for step in scene.steps:
        line = step.line
        waits = line.startswith("(")
        if waits:
            line = line.partition(") ")[2]
        for name, value in bound.items():
            line = line.replace("{" + name + "}", value)
        call = build(split(line))
        for sent in (call.line, call.data):
            if sent is not None:
                put([[("faint", f"  {step.who}> "), ("name", printable(sent))]])
        began = time.monotonic()
        lines = _carry_out(clients[step.who], call, EXPIRY_WAIT_MAX if waits else 0.0)
        if waits:
            put([[("faint", f"     (asked again for {time.monotonic() - began:.1f} s)")]])
        put([[("", "     "), *pieces] for pieces in lines])
        shown = ["".join(text for _, text in pieces) for pieces in lines]
        _check(step, shown, bound)


def _carry_out(client: Client[bytes], call: Call[Any], wait: float) -> list[list[Piece]]:
    """Return the answer to `call` as lines; ask again for at most `wait` seconds while there is an item."""
    deadline = time.monotonic() + wait
    while True:
        replies = client.run_many([call])[0]
        if len(replies) == 1 or time.monotonic() >= deadline:
            return show(replies, call.row, False)
        time.sleep(0.1)


def _check(step: Step, shown: list[str], bound: dict[str, str]) -> None:
    """Compare what was `shown` with what the step expects, and take the numbers that later steps name."""
    ok = len(shown) == len(step.expected)
    for line, expected in zip(shown, step.expected, strict=False):
        words, wanted = line.split(), expected.split()
        ok = ok and len(words) >= len(wanted)
        for word, want in zip(words, wanted, strict=False):
            if want == "{cas}":
                bound["cas"] = word
            elif want == "{any}":
                pass  # seconds left, which may tick on between two steps
            elif want == "{token}":
                bound["token"] = "C" + word.removeprefix("c")
            else:
                ok = ok and word == want
    if not ok:
        raise DemoError(f"{step.line!r} was to be answered {step.expected}, and was answered {shown}")
