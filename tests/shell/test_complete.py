"""What is offered for completion, and the hint under the line; and help, from the same tables."""

from __future__ import annotations

import pytest

from mclite.protocol.commands import COMMANDS
from mclite.protocol.meta import FLAGS
from mclite.shell.complete import choices, hint
from mclite.shell.requests import OWN


def texts(before: str) -> list[str]:
    return [choice.text for choice in choices(before, ["apple", "banana"])]


def test_every_command_is_offered() -> None:
    assert set(texts("")) == {*OWN, *(name.decode() for name in COMMANDS)}


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("ge", ["get", "gets"]),
        ("help to", ["touch"]),
        ("get a", ["apple"]),
        ("get apple b", ["banana"]),
        ("gat 5 b", ["banana"]),
        ("gat ", []),
        ("set b", ["banana"]),
        ("set banana x n", []),
        ("stats s", ["settings", "slabs", "sizes"]),
        ("lru ", ["tune", "mode", "temp_ttl"]),
        ("slabs a", ["automove"]),
        ("lru_crawler m", ["metadump", "mgdump"]),
        ("watch f", ["fetchers"]),
        ("delete apple n", ["noreply"]),
        ("mg apple T", ["T"]),
        ("ms apple x I", ["I"]),
        ("mn ", []),
        ("nonsense ", []),
    ],
)
def test_choices(before: str, expected: list[str]) -> None:
    found = texts(before)
    assert found == expected


def test_meta_flags_are_those_of_the_table() -> None:
    for verb in ("mg", "ms", "md", "ma"):
        position = "k x " if verb == "ms" else "k "
        offered = {text for text in texts(f"{verb} {position}") if len(text) == 1}
        assert offered == {flag.letter for flag in FLAGS.values() if verb in flag.commands}


def test_hint() -> None:
    assert hint("set ") == "set <key> [<flags> <exptime>] <data> [noreply]   store this data"
    assert hint("raw").startswith("raw [LINE]")
    assert hint("nonsense") == ""
    assert "Ctrl-D" in hint("")
