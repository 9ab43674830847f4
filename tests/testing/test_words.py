"""Arguments of tests: what is taken, and how a mistake is named."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mclite.testing import words


def test_what_is_taken() -> None:
    assert words.choose("get", ["get", "set"], "command") == "get"
    assert words.verbs(None) is None
    assert words.verbs("noop") == {"noop"}
    assert words.verbs(["get", "mg"]) == {"get", "mg"}
    assert (words.number(0.5, "x"), words.integer(-1, "x", None)) == (0.5, -1)
    assert (words.text("\N{SNOWMAN}", "x"), words.text(b"\xff", "x")) == ("\N{SNOWMAN}".encode(), b"\xff")


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda: words.choose("GET", ["get"], "command"), ValueError, "no command 'GET'; did you mean 'get'?"),
        (lambda: words.choose("bare_lf", ["bare-lf"], "name"), ValueError, "did you mean 'bare-lf'?"),
        (lambda: words.choose("zzz", ["b", "a"], "name"), ValueError, "no name 'zzz'; there are a, b"),
        (lambda: words.choose(5, ["a"], "name"), TypeError, "name is text, not 5"),
        (lambda: words.verbs("sett"), ValueError, "no command 'sett'; did you mean 'set'?"),
        (lambda: words.number("1", "seconds"), TypeError, "seconds is a number, not '1'"),
        (lambda: words.number(True, "seconds"), TypeError, "seconds is a number, not True"),
        (lambda: words.number(float("inf"), "seconds"), ValueError, "seconds is at least 0, not inf"),
        (lambda: words.integer(1.0, "times"), TypeError, "times is a whole number, not 1.0"),
        (lambda: words.integer(0, "times", 1), ValueError, "times is at least 1, not 0"),
        (lambda: words.text(None, "key"), TypeError, "key is text or bytes, not None"),
    ],
)
def test_mistakes(use: Callable[[], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        use()


def test_an_unknown_argument() -> None:
    assert words.unknown("tmes", ["times", "after"]) == "there is no argument 'tmes'; did you mean 'times'?"
    assert words.unknown("zzz", ["times"]) == "there is no argument 'zzz'"
