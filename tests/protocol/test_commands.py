"""The command table: what every row must have, and that the server keeps to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mclite.protocol import errors, replies
from mclite.protocol.commands import COMMANDS, Command, verbs

if TYPE_CHECKING:
    from tests.conftest import Server

rows = pytest.mark.parametrize("row", COMMANDS.values(), ids=[name.decode() for name in COMMANDS])


@rows
def test_a_row_has_all_parts(row: Command) -> None:
    assert re.fullmatch(r"[0-9]+-[0-9]+", row.lines)
    first, last = map(int, row.lines.split("-"))
    assert 0 < first < last <= 1926
    assert row.summary[0].islower()
    assert not row.summary.endswith(".")
    assert re.fullmatch(r"1\.[2-6]\.[0-9]+", row.since)
    assert row.noreply or "noreply" not in row.arguments
    assert row.length is None or row.length < row.required
    assert (row.kind == "admin" or row.name == b"mn") == (row.key is None)


def test_the_arguments_say_where_things_are() -> None:
    places = {
        name: (row.key, row.several, row.exptime, row.length, row.unique)
        for name, row in COMMANDS.items()
        if name in (b"cas", b"gats", b"touch", b"ms", b"mn", b"slabs")
    }
    assert places == {
        b"cas": (0, False, 2, 3, 4),
        b"gats": (1, True, 0, None, None),
        b"touch": (0, False, 1, None, None),
        b"ms": (0, False, None, 1, None),
        b"mn": (None, False, None, None, None),
        b"slabs": (None, False, None, None, None),
    }


def test_verbs_are_in_the_order_of_the_table() -> None:
    assert verbs("touching", "arithmetic") == ("incr", "decr", "touch")
    assert verbs("storage")[:3] == ("set", "add", "replace")


def test_what_changes_something_each_time_is_not_repeated() -> None:
    once = {name for name, row in COMMANDS.items() if not row.repeatable}
    assert once >= {b"add", b"append", b"prepend", b"cas", b"delete", b"incr", b"decr", b"ms", b"md", b"ma"}
    assert not once & {b"set", b"replace", b"get", b"gets", b"gat", b"gats", b"touch", b"mg", b"me", b"mn", b"stats"}


@rows
def test_the_answers_are_those_of_the_server(row: Command, server: Server) -> None:
    """The word that a request with all its arguments is answered with is one of the row's, an error, or a number."""
    if row.name == b"watch":
        return  # its answer ends what can be asked
    arguments = {"<bytes>": "1", "<datalen>": "1", "<cas unique>": "5", "[noreply]": "", "[graceful]": "x"}
    line = row.arguments.split(" | ")[0]
    for word, text in arguments.items():
        line = line.replace(word, text)
    line = re.sub(r"[<\[][^>\]]*[>\]]\*?", "1", line.split("|")[0]).strip()
    data = b"x\r\n" if row.length is not None else b""
    answer = server.ask(b"%b %b" % (row.name, line.encode()) + b"\r\n" + data)
    words = {one.split(b" ")[0].rstrip(b":") for one in answer.split(b"\r\n")[:1] if one and not one.isdigit()}
    assert words <= {*row.answers, b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR"}, answer


@rows
def test_too_few_arguments(row: Command, server: Server) -> None:
    """What is required is required: one argument less is refused, and the next request is answered."""
    if row.required == 0 or row.name == b"debugtime":
        return
    line = b" ".join([row.name, *[b"1"] * (row.required - 1)])
    answer = server.ask(line + b"\r\nversion\r\n")
    assert answer in (b"ERROR\r\n" + replies.VERSION, errors.BAD_FORMAT + replies.VERSION)


COUNTED = {"storage": "cmd_set", "retrieval": "cmd_get", "touching": "cmd_touch"}


@pytest.mark.parametrize(
    "row", [row for row in COMMANDS.values() if row.kind in COUNTED], ids=lambda row: row.name.decode()
)
def test_its_counter_moves(row: Command, server: Server) -> None:
    data = b"x\r\n" if row.length is not None else b""
    args = {"storage": b" a 0 0 1 5", "retrieval": b" 0 a", "touching": b" a 0"}[row.kind]
    counter = "cmd_touch" if row.exptime == 0 else COUNTED[row.kind]
    assert server.moved(row.name + args + b"\r\n" + data, frozenset({counter})) != {}


def test_flush_all_is_counted(server: Server) -> None:
    assert server.moved(b"flush_all\r\n", frozenset({"cmd_flush"})) == {"cmd_flush": 1}


def test_the_docs_have_this_table() -> None:
    """docs/server.md: one row a verb, in the order of the table."""
    rows = ["| command | what it does | lines | since |", "|---|---|---|---|"]
    for row in COMMANDS.values():
        usage = f"{row.name.decode()} {row.arguments}".strip().replace("|", "\\|")
        rows.append(f"| `{usage}` | {row.summary} | {row.lines} | {row.since} |")
    text = (Path(__file__).parents[2] / "docs" / "server.md").read_text("utf-8")
    found = re.search(r"^## Commands\n.*?(^\|.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert found[1].splitlines() == rows
