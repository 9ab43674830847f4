"""The meta commands, typed: keywords in, a MetaResult out (protocol.txt 79-134 and 463-982)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, Literal, cast

from mclite.client import arguments
from mclite.client.arguments import Data, Exptime, Key
from mclite.client.binding import command
from mclite.client.call import Call, call, nothing
from mclite.client.errors import BadArgumentError
from mclite.client.results import MetaCode, MetaResult
from mclite.client.value import V
from mclite.protocol.meta import decode_key, encode_key
from mclite.protocol.reader import Meta, Reply

SetMode = Literal["set", "add", "append", "prepend", "replace"]

_SET_MODES: Final[dict[SetMode, bytes]] = {
    "set": b"MS", "add": b"ME", "append": b"MA", "prepend": b"MP", "replace": b"MR"
}  # fmt: skip


def _key(key: Key) -> tuple[bytes, list[bytes]]:
    """Return `key` as it goes on the line, and the flag b if it must be base64 encoded (protocol.txt 570-577)."""
    raw = arguments.raw_key(key)
    if arguments.is_plain(raw):
        return arguments.check_length(raw, raw), []
    return arguments.check_length(encode_key(raw), raw), [b"b"]


class MetaCommands(Generic[V]):
    """Calls of the meta commands.

    A key that the classic commands could not send goes base64 encoded by itself; `return_key` is ignored for it.
    """

    _decode: Callable[[bytes], V]

    @command
    def mg(
        self,
        key: Key,
        *,
        value: bool = True,
        flags: bool = False,
        cas: bool = False,
        ttl: bool = False,
        size: bool = False,
        hit_before: bool = False,
        last_access: bool = False,
        return_key: bool = False,
        bump: bool = True,
        exptime: Exptime | None = None,
        vivify: Exptime | None = None,
        recache: Exptime | None = None,
        unless_cas: int | None = None,
        new_cas: int | None = None,
        opaque: Key | None = None,
    ) -> Call[MetaResult[V]]:
        """Meta get: fetch `key` with what the keywords ask for; the result's `hit` says whether there is an item.

        `bump` False leaves the LRU alone. `exptime` sets a new one. `vivify` creates an empty item on a miss, with that
        many seconds to live, for the client that has `won` to fill. `recache` lets one client win if fewer are left.
        `unless_cas` leaves out the value if the item still has that cas unique. `new_cas` is given to a changed item.
        """
        name, tokens = _key(key)
        switches = {b"v": value, b"f": flags, b"c": cas, b"t": ttl, b"s": size, b"h": hit_before, b"l": last_access}
        tokens += _times(T=exptime, N=vivify, R=recache)  # before t, which gives the TTL as it is by then
        tokens += [letter for letter, on in switches.items() if on]
        tokens += _returned_key(return_key, tokens)
        tokens += [b"u"] * (not bump)
        tokens += _uniques(C=unless_cas, E=new_cas) + _opaque(opaque)
        return self._call(b"mg", [name, *tokens])

    @command
    def ms(
        self,
        key: Key,
        value: Data,
        exptime: Exptime = 0,
        *,
        flags: int = 0,
        mode: SetMode = "set",
        compare: int | None = None,
        new_cas: int | None = None,
        invalidate: bool = False,
        vivify: Exptime | None = None,
        cas: bool = False,
        size: bool = False,
        return_key: bool = False,
        opaque: Key | None = None,
    ) -> Call[MetaResult[V]]:
        """Meta set: store `value` under `key` in any `mode`; `hit` says whether it was stored, `code` why not.

        `compare` is the cas unique that the item must have; with `invalidate` an older one is taken too, and the item
        marked as stale. `vivify` lets append and prepend create the item, with that many seconds to live. `cas` and
        `size` ask for those of the stored item.
        """
        data = arguments.data(value)
        if mode not in _SET_MODES:
            raise BadArgumentError(f"mode is one of {', '.join(_SET_MODES)}, not {mode!r}")
        name, tokens = _key(key)
        tokens += [] if flags == 0 else [b"F" + arguments.flags(flags)]
        tokens += [] if mode == "set" else [_SET_MODES[mode]]
        tokens += (
            [b"I"] * bool(invalidate) + [b"c"] * bool(cas) + [b"s"] * bool(size) + _returned_key(return_key, tokens)
        )
        tokens += _times(T=exptime or None, N=vivify) + _uniques(C=compare, E=new_cas) + _opaque(opaque)
        return self._call(b"ms", [name, b"%d" % len(data), *tokens], data)

    @command
    def md(
        self,
        key: Key,
        *,
        compare: int | None = None,
        new_cas: int | None = None,
        invalidate: bool = False,
        exptime: Exptime | None = None,
        remove_value: bool = False,
        return_key: bool = False,
        opaque: Key | None = None,
    ) -> Call[MetaResult[V]]:
        """Meta delete: delete `key`, or with `invalidate` mark it as stale, to live `exptime` seconds more.

        `remove_value` keeps the item without its data. `compare` is the cas unique that the item must have.
        """
        name, tokens = _key(key)
        tokens += [b"I"] * bool(invalidate) + [b"x"] * bool(remove_value) + _returned_key(return_key, tokens)
        tokens += _times(T=exptime) + _uniques(C=compare, E=new_cas) + _opaque(opaque)
        return self._call(b"md", [name, *tokens])

    @command
    def ma(
        self,
        key: Key,
        delta: int = 1,
        *,
        mode: Literal["incr", "decr"] = "incr",
        initial: int | None = None,
        vivify: Exptime | None = None,
        exptime: Exptime | None = None,
        compare: int | None = None,
        new_cas: int | None = None,
        value: bool = True,
        cas: bool = False,
        ttl: bool = False,
        return_key: bool = False,
        opaque: Key | None = None,
    ) -> Call[MetaResult[V]]:
        """Meta arithmetic: add `delta` to the number under `key`, or subtract it; the result's `number` is the new one.

        `vivify` creates the item on a miss, which lives that many seconds (0 for ever), with `initial` as its number.
        """
        if mode not in ("incr", "decr"):
            raise BadArgumentError(f"mode is incr or decr, not {mode!r}")
        name, tokens = _key(key)
        tokens += [b"D" + arguments.unsigned64(delta, "the delta")]
        tokens += [b"MD"] * (mode == "decr")
        tokens += [] if initial is None else [b"J" + arguments.unsigned64(initial, "the initial number")]
        tokens += _times(T=exptime, N=vivify)
        tokens += [b"v"] * bool(value) + [b"c"] * bool(cas) + [b"t"] * bool(ttl) + _returned_key(return_key, tokens)
        tokens += _uniques(C=compare, E=new_cas) + _opaque(opaque)
        return self._call(b"ma", [name, *tokens])

    @command
    def me(self, key: Key) -> Call[dict[str, str] | None]:
        """Meta debug: return what the server knows of the item under `key`, None if there is none."""
        name, tokens = _key(key)
        return call(b"me", [name, *tokens], _debug)

    @command
    def mn(self) -> Call[None]:
        """Meta no-op: wait until the server has carried out all earlier commands."""
        return call(b"mn", [], nothing)

    def _call(self, name: bytes, args: list[bytes], data: bytes | None = None) -> Call[MetaResult[V]]:
        return call(name, args, self._meta_result, data)

    def _meta_result(self, replies: list[Reply]) -> MetaResult[V]:
        reply = replies[0]
        assert isinstance(reply, Meta)
        tokens = {flag[:1]: flag[1:] for flag in reply.flags}
        key = tokens.get(b"k")
        if key is not None and b"b" in tokens:
            key = decode_key(key)
        return MetaResult(
            cast(MetaCode, reply.code.decode()),
            None if reply.data is None else self._decode(reply.data),
            _int(tokens.get(b"f")),
            _int(tokens.get(b"c")),
            _int(tokens.get(b"t")),
            _int(tokens.get(b"s")),
            tokens[b"h"] == b"1" if b"h" in tokens else None,
            _int(tokens.get(b"l")),
            key,
            tokens.get(b"O"),
            b"W" in tokens,
            b"X" in tokens,
            b"Z" in tokens,
        )


def _returned_key(wanted: bool, tokens: list[bytes]) -> list[bytes]:
    """Return the flag k, but not with a base64 key: memcached returns that of a vivified item raw."""
    return [b"k"] if wanted and b"b" not in tokens else []


def _int(token: bytes | None) -> int | None:
    return None if token is None else int(token)


def _times(**seconds: Exptime | None) -> list[bytes]:
    return [letter.encode() + arguments.exptime(value) for letter, value in seconds.items() if value is not None]


def _uniques(**uniques: int | None) -> list[bytes]:
    return [
        letter.encode() + arguments.unsigned64(value, "a cas unique")
        for letter, value in uniques.items()
        if value is not None
    ]


def _opaque(opaque: Key | None) -> list[bytes]:
    if opaque is None:
        return []
    token = arguments.token(opaque, "an opaque")
    if len(token) > 31:  # memcached counts the O with its 32 (protocol.txt 606-607)
        raise BadArgumentError(f"an opaque takes at most 31 bytes, not {len(token)}")
    return [b"O" + token]


def _debug(replies: list[Reply]) -> dict[str, str] | None:
    reply = replies[0]
    assert isinstance(reply, Meta)
    if reply.code == b"EN":
        return None
    pairs = (flag.decode("utf-8", "backslashreplace").partition("=") for flag in reply.flags[1:])
    return {name: value for name, _, value in pairs}
