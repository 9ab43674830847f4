"""A call is its line, its data block, and what may be done with it."""

from __future__ import annotations

import pytest

from mclite.client.call import Call, barrier, call, nothing, opaque_of, said
from mclite.client.errors import BadArgumentError
from mclite.protocol.parser import LINE_MAX
from mclite.protocol.reader import Meta, Number, Status


def test_bytes() -> None:
    assert call(b"version", [], nothing).to_bytes() == b"version\r\n"
    assert call(b"set", [b"k", b"0", b"0", b"1"], nothing, b"x", True).to_bytes() == b"set k 0 0 1 noreply\r\nx\r\n"


@pytest.mark.parametrize(("name", "fits"), [(b"get", True), (b"gets", True), (b"gat", False), (b"delete", False)])
def test_only_a_multi_get_may_be_longer_than_a_line(name: bytes, fits: bool) -> None:
    long = call(name, [b"k" * LINE_MAX], nothing)
    if fits:
        assert long.to_bytes().endswith(b"k\r\n")
    else:
        with pytest.raises(BadArgumentError, match="fewer keys"):
            long.to_bytes()


@pytest.mark.parametrize(
    ("name", "args", "repeatable"),
    [
        (b"get", [b"k"], True),
        (b"set", [b"k", b"0", b"0", b"0"], True),
        (b"incr", [b"k", b"1"], False),
        (b"mg", [b"k", b"v", b"t"], True),
        (b"mg", [b"k", b"v", b"N30"], False),
        (b"mg", [b"k", b"R30"], False),
        (b"ma", [b"k"], False),
    ],
)
def test_what_may_be_repeated(name: bytes, args: list[bytes], repeatable: bool) -> None:
    assert call(name, args, nothing).repeatable is repeatable


def quiet(name: bytes, args: list[bytes], data: bytes | None = None) -> Call[None]:
    return call(name, args, nothing, data).made_quiet(7)


def test_made_quiet() -> None:
    assert quiet(b"mg", [b"k", b"v"]).line == b"mg k v q O7"
    assert quiet(b"delete", [b"k"]).line == b"delete k noreply"
    assert quiet(b"get", [b"k"]).line == b"get k"
    assert quiet(b"mn", []).line == b"mn"
    assert quiet(b"flush_all", []).line == b"flush_all"
    for flag in (b"q", b"Oabc"):
        with pytest.raises(BadArgumentError, match="sets q and the opaque itself"):
            quiet(b"ms", [b"k", b"0", flag], b"")


def test_what_silence_means() -> None:
    assert quiet(b"delete", [b"k"]).unanswered is True
    assert quiet(b"incr", [b"k", b"1"]).unanswered is None
    assert quiet(b"mg", [b"k"]).unanswered is None


def test_small_helpers() -> None:
    assert said(b"STORED")([Status(b"STORED", b"")])
    assert not said(b"STORED")([Status(b"NOT_STORED", b"")])
    assert not said(b"STORED")([Number(1)])
    assert (barrier(meta=True).line, barrier(meta=False).line) == (b"mn", b"version")
    assert opaque_of(Meta(b"HD", (b"t5", b"Oabc"))) == b"Oabc"
    assert opaque_of(Meta(b"HD", (b"t5",))) is None
    assert opaque_of(Status(b"OK", b"")) is None
