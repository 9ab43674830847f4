"""Faults of storage commands and deletion: set, add, replace, append, prepend, cas, delete, noreply, flags, bytes."""

from __future__ import annotations

from typing import Any

from faulty.fault import Fault, How, both
from faulty.items import Storing, blind, haunted, set_data, set_flags, storing
from faulty.points import arguments, around, before, patch, reply, requests, swap, then, within
from mclite.protocol import replies
from mclite.protocol.parser import BadRequest, Request
from mclite.store.base import Outcome, Store, Stored

NOREPLY = ("set", "add", "replace", "append", "prepend", "cas", "delete", "incr", "decr", "touch", "flush_all",
           "verbosity", "cache_memlimit")  # fmt: skip


def _answered(verb: str) -> How:
    name = verb.encode()
    return requests(lambda line, request: request._replace(noreply=False)
                    if isinstance(request, Request) and request.command.name == name else request)  # fmt: skip


def _not_carried_out(line: bytes, request: Any) -> Any:
    if isinstance(request, Request) and request.noreply and request.length < 0:
        return BadRequest(b"", noreply=True)
    return request


def _noreply_sticks() -> How:
    """Drop the answer to the command after one with noreply, too."""
    before = [False]

    def change(line: bytes, request: Any) -> Any:
        stuck, before[0] = before[0], bool(request.noreply)
        return request._replace(noreply=True) if stuck and isinstance(request, Request) else request

    return requests(change)


def _set_noreply(change: Any) -> How:
    """Let `change(call)` see each store that came with noreply."""
    silent = [False]

    def note(line: bytes, request: Any) -> Any:
        silent[0] = bool(request.noreply)
        return request

    return both(requests(note), storing(lambda call: change(call) if silent[0] else None))


def _mode(before: str, after: str) -> How:
    """Store as mode `after` what was to be stored as `before`."""

    def change(call: Storing) -> None:
        if call.mode == before:
            call.mode = after  # type: ignore[assignment]

    return storing(change)


def _when(modes: str, change: Any) -> How:
    """Let `change(call)` see what is stored in one of `modes` over an item."""
    return storing(lambda call: change(call) if call.mode in modes.split() and call.old else None)


def _afterwards(modes: str, change: Any) -> How:
    """Let `change(call, item)` change an item that was stored in one of `modes` over another."""
    return storing(after=lambda call, item: change(call, item) if call.mode in modes.split() and call.old else None)


def _set_cas(change: Any) -> How:
    """Let `change(call, new)` make the cas unique of what is stored over an item."""
    return storing(after=lambda call, item: setattr(item, "cas", change(call, item.cas)) if call.old else None)


def _per_key() -> How:
    """Count cas uniques for each key from 1, anew when it was deleted."""
    return storing(after=lambda call, item: setattr(item, "cas", call.old.cas + 1 if call.old else 1))


def _of_value() -> How:
    """Make the cas unique from the value."""
    return storing(after=lambda call, item: setattr(item, "cas", 1 + hash(item.block) % 1_000_003))


def _delete_prefix(inner: Any) -> Any:
    def delete(self: Store, key: bytes, item: Any) -> None:
        for other, found in list(self.items()):
            if other.startswith(key) and other != key:
                self._drop(other, found)
        inner(self, key, item)

    return delete


def _reserve() -> How:
    """Refuse add under a key that was deleted."""
    gone: set[bytes] = set()

    return both(before(Store, "delete", lambda self, key, item: gone.add(key)), storing(
        lambda call: Stored(Outcome.NOT_STORED) if call.key in gone and call.mode == "add" and call.data
        else None))  # fmt: skip


def _keeps_exptime(call: Storing) -> None:
    assert call.old is not None
    call.exptime = call.old.exptime


def _keeps_flags(call: Storing) -> None:
    assert call.old is not None
    call.flags = call.old.flags


def _argument(verbs: str, number: int, change: Any) -> How:
    return arguments(verbs, lambda args: [*args[:number], change(args[number]), *args[number + 1 :]]
                     if len(args) > number else args)  # fmt: skip


ALL = "set add replace append prepend cas"

ROWS = (
    *(Fault(f"noreply-answered-{verb}", {"delete": "deletion", "incr": "arithmetic", "decr": "arithmetic",
            "touch": "touch", "flush_all": "flush_all", "verbosity": "verbosity",
            "cache_memlimit": "cache_memlimit eviction"}.get(verb, "storage"),
            f"answers {verb} although it says noreply", _answered(verb)) for verb in NOREPLY),
    Fault("noreply-not-done", "deletion arithmetic touch flush_all", "does not carry out commands with noreply",
          requests(_not_carried_out)),
    Fault("noreply-not-stored", "storage", "stores nothing for commands with noreply",
          _set_noreply(lambda call: Stored(Outcome.NOT_STORED))),
    Fault("noreply-always-stores", "storage", "stores whatever the mode when nobody asks for an answer",
          _set_noreply(lambda call: setattr(call, "mode", "set"))),
    Fault("noreply-sticks", "storage wire meta_syntax", "gives no answer to the command after one with noreply",
          _noreply_sticks()),
    Fault("noreply-error-end", "storage wire", "says END for commands with noreply",
          requests(lambda line, request: BadRequest(b"END\r\n") if isinstance(request, Request) and request.noreply
                   and request.length < 0 else request)),
    Fault("set-adds", "storage", "does not let set replace an item", _mode("set", "add")),
    Fault("set-replaces-only", "storage", "does not let set make an item", _mode("set", "replace")),
    Fault("set-forgets-nothing", "storage", "leaves the end of a longer value behind a shorter one",
          _when("set", lambda call: setattr(call, "data", call.data + call.old.data[len(call.data):]))),
    Fault("set-cuts-longer", "storage", "cuts a value to the length of the one before it",
          _when("set", lambda call: setattr(call, "data", call.data[: max(call.old.size, 1)]))),
    Fault("set-keeps-flags", "storage", "keeps the old flags when an item is set anew", _when("set", _keeps_flags)),
    Fault("set-keeps-exptime", "storage", "keeps the old exptime when an item is set anew",
          _when("set", _keeps_exptime)),
    Fault("set-same-value", "storage", "answers NOT_STORED when the same value is set again",
          _when("set", lambda call: Stored(Outcome.NOT_STORED) if call.old.data == call.data else None)),
    Fault("set-says-ok", "storage", "answers OK instead of STORED", swap("set", b"STORED\r\n", b"OK\r\n")),
    Fault("add-overwrites", "storage", "lets add replace an item", _mode("add", "set")),
    Fault("add-exists", "storage", "answers EXISTS to add of an item that is there",
          swap("add", b"NOT_STORED\r\n", b"EXISTS\r\n")),
    Fault("add-empty", "storage", "takes an empty item for none in add and replace", both(
        _when("add", lambda call: setattr(call, "mode", "set") if not call.old.size else None),
        _when("replace", lambda call: Stored(Outcome.NOT_STORED) if not call.old.size else None))),
    Fault("add-refreshes", "storage", "sets the exptime of the item that add finds",
          _when("add", lambda call: setattr(call.old, "exptime", call.exptime))),
    Fault("replace-creates", "storage", "lets replace make an item", _mode("replace", "set")),
    Fault("replace-keeps-flags", "storage", "keeps the old flags in replace", _when("replace", _keeps_flags)),
    Fault("replace-keeps-exptime", "storage expiration", "keeps the old exptime in replace",
          _when("replace", _keeps_exptime)),
    Fault("replace-not-found", "storage", "answers NOT_FOUND to replace of a missing item",
          swap("replace", b"NOT_STORED\r\n", b"NOT_FOUND\r\n")),
    Fault("append-prepends", "storage", "puts what is appended before the data", _mode("append", "prepend")),
    Fault("prepend-appends", "storage", "puts what is prepended after the data", _mode("prepend", "append")),
    Fault("append-replaces", "storage", "replaces the data by what is appended", _mode("append", "set")),
    Fault("prepend-replaces", "storage", "replaces the data by what is prepended", _mode("prepend", "set")),
    Fault("append-creates", "storage", "lets append make an item", storing(
        lambda call: setattr(call, "mode", "set") if call.mode == "append" and not call.old
        and call.vivify is None else None)),
    Fault("prepend-creates", "storage", "lets prepend make an item", storing(
        lambda call: setattr(call, "mode", "set") if call.mode == "prepend" and not call.old
        and call.vivify is None else None)),
    Fault("append-not-found", "storage", "answers NOT_FOUND to append and prepend of a missing item",
          swap("append prepend", b"NOT_STORED\r\n", b"NOT_FOUND\r\n")),
    Fault("append-sets-flags", "storage", "takes the flags of append",
          _afterwards("append", lambda call, item: set_flags(item, call.flags))),
    Fault("prepend-sets-flags", "storage", "takes the flags of prepend",
          _afterwards("prepend", lambda call, item: set_flags(item, call.flags))),
    Fault("append-sets-exptime", "storage", "takes the exptime of append",
          _afterwards("append", lambda call, item: setattr(item, "exptime", call.exptime))),
    Fault("prepend-sets-exptime", "storage", "takes the exptime of prepend",
          _afterwards("prepend", lambda call, item: setattr(item, "exptime", call.exptime))),
    Fault("append-loses-flags", "storage", "sets flags to 0 in append and prepend",
          _afterwards("append prepend", lambda call, item: set_flags(item, 0))),
    Fault("append-keeps-cas", "retrieval storage", "keeps the cas unique in append",
          _afterwards("append", lambda call, item: setattr(item, "cas", call.old.cas))),
    Fault("prepend-keeps-cas", "retrieval storage", "keeps the cas unique in prepend",
          _afterwards("prepend", lambda call, item: setattr(item, "cas", call.old.cas))),
    Fault("append-lines", "storage", "joins lines: a CR LF goes between the data and what is appended",
          _when("append", lambda call: setattr(call, "data", b"\r\n" + call.data))),
    Fault("append-text", "storage", "joins text: NUL and line ends at the seam are lost",
          _when("append", lambda call: setattr(call, "data", call.data.lstrip(b"\0\r\n")))),
    Fault("prepend-text", "storage", "joins text: NUL and line ends at the seam of prepend are lost",
          _when("prepend", lambda call: setattr(call, "data", call.data.rstrip(b"\0\r\n")))),
    Fault("append-nothing", "storage", "refuses to append or prepend an empty data block",
          _when("append prepend", lambda call: None if call.data else Stored(Outcome.NOT_STORED))),
    Fault("append-to-nothing", "storage", "does not find an empty item in append and prepend",
          _when("append prepend", lambda call: None if call.old.size else Stored(Outcome.NOT_STORED))),
    Fault("append-extends-life", "storage", "lets an item live on for ever when it is appended to",
          _afterwards("append prepend", lambda call, item: setattr(item, "exptime", 0))),
    Fault("cas-zero-matches", "storage meta_set", "takes the cas unique 0 for any",
          _when("cas", lambda call: None if call.compare else setattr(call, "mode", "set"))),
    Fault("cas-always", "storage meta_set", "never compares cas uniques", _when(
        "cas", lambda call: setattr(call, "mode", "set"))),
    Fault("cas-never", "storage meta_set", "always says that the item has changed",
          _when("cas", lambda call: Stored(Outcome.EXISTS))),
    Fault("cas-older-matches", "storage", "takes an older cas unique",
          _when("cas", lambda call: setattr(call, "mode", "set") if call.compare < call.old.cas else None)),
    Fault("cas-newer-matches", "storage", "takes a larger cas unique",
          _when("cas", lambda call: setattr(call, "mode", "set") if call.compare > call.old.cas else None)),
    Fault("cas-creates", "storage meta_set", "lets cas make an item",
          storing(lambda call: setattr(call, "mode", "set") if call.mode == "cas" and not call.old else None)),
    Fault("cas-missing-exists", "storage", "answers EXISTS to cas of a missing item",
          swap("cas", b"NOT_FOUND\r\n", b"EXISTS\r\n")),
    Fault("cas-stale-not-stored", "storage", "answers NOT_STORED to cas with a stale unique",
          swap("cas", b"EXISTS\r\n", b"NOT_STORED\r\n")),
    Fault("cas-signed", "storage", "reads cas uniques as signed 64-bit numbers", _argument(
        "cas", 4, lambda text: text if not text.isdigit() or int(text) < 1 << 63 else b"-1")),
    Fault("cas-32-bits", "storage meta_set meta_get", "cuts cas uniques to 32 bits", storing(
        after=lambda call, item: setattr(item, "cas", item.cas & 0xFFFF_FFFF))),
    Fault("cas-keeps-flags", "storage", "keeps the old flags in cas", _when("cas", _keeps_flags)),
    Fault("cas-keeps-exptime", "storage", "keeps the old exptime in cas", _when("cas", _keeps_exptime)),
    Fault("cas-refused-touches", "storage", "sets the exptime although cas was refused", _when(
        "cas", lambda call: setattr(call.old, "exptime", call.exptime) if call.compare != call.old.cas else None)),
    Fault("cas-refused-flags", "storage", "sets the flags although cas was refused", _when(
        "cas", lambda call: set_flags(call.old, call.flags) if call.compare != call.old.cas else None)),
    Fault("cas-same-value", "storage retrieval", "keeps the cas unique when the same value is stored again",
          _set_cas(lambda call, new: call.old.cas if call.old.data == call.data else new)),
    Fault("cas-of-set", "storage retrieval", "keeps the cas unique when an item is set anew",
          _set_cas(lambda call, new: call.old.cas if call.mode == "set" else new)),
    Fault("cas-of-cas", "storage retrieval", "keeps the cas unique in cas",
          _set_cas(lambda call, new: call.old.cas if call.mode == "cas" else new)),
    Fault("cas-a-key", "storage retrieval", "counts cas uniques for each key from 1", _per_key()),
    Fault("cas-of-value", "storage retrieval", "makes the cas unique from the value", _of_value()),
    Fault("cas-noreply-wins", "storage", "stores a stale cas with noreply",
          _set_noreply(lambda call: setattr(call, "mode", "set") if call.mode == "cas" and call.old else None)),
    Fault("delete-says-ok", "deletion", "answers OK instead of DELETED", swap("delete", b"DELETED\r\n", b"OK\r\n")),
    Fault("delete-missing", "deletion", "answers DELETED for a key that is not there",
          swap("delete", b"NOT_FOUND\r\n", b"DELETED\r\n")),
    Fault("delete-keeps", "deletion meta_syntax", "answers DELETED and keeps the item",
          patch(Store, "delete", lambda inner: lambda self, key, item: None)),
    Fault("delete-by-prefix", "deletion meta_delete", "deletes all keys that begin like the one given",
          patch(Store, "delete", _delete_prefix)),
    Fault("delete-all", "deletion", "deletes all items", patch(
        Store, "delete", lambda inner: lambda self, key, item: self._flush())),
    Fault("delete-reserves", "deletion storage meta_delete", "refuses to store under a key that was deleted",
          _reserve()),
    Fault("delete-empties", "deletion storage", "empties the item instead of deleting it", patch(
        Store, "delete", lambda inner: lambda self, key, item: set_data(item, b""))),
    Fault("delete-empty", "deletion meta_delete", "cannot delete an empty item", patch(
        Store, "delete", lambda inner: lambda self, key, item: inner(self, key, item) if item.size else None)),
    Fault("delete-large", "deletion", "cannot delete a large item", patch(
        Store, "delete", lambda inner: lambda self, key, item: inner(self, key, item)
        if item.size < 100_000 else None)),
    Fault("delete-other-connection", "deletion", "hides a deleted item from its own connection only", both(
        patch(Store, "delete", lambda inner: lambda self, key, item: None),
        then("delete", lambda session, request, answer:
             session.__dict__.setdefault("gone", set()).add(request.args[0])),
        around("get gets", lambda inner, session, request: b"END\r\n"
               if request.args[0] in session.__dict__.get("gone", ()) else inner()))),
    *(Fault(f"expired-{name}", chapter, f"takes an expired item for a live one in {verbs.replace(' ', ', ')}",
            blind(verbs))
      for name, chapter, verbs in (
          ("add", "storage expiration", "add"), ("replace", "storage expiration", "replace"),
          ("append", "storage", "append prepend"), ("cas", "storage", "cas"), ("delete", "deletion", "delete"),
          ("incr", "arithmetic", "incr decr"), ("touch", "touch", "touch"), ("gat", "gat", "gat gats"),
          ("get", "expiration", "get gets"), ("mg", "meta_get", "mg"), ("ms", "meta_set", "ms"),
          ("md", "meta_delete", "md"), ("ma", "expiration meta_arithmetic", "ma"), ("me", "meta_debug", "me"))),
    *(Fault(f"deleted-{name}", chapter, f"still finds a deleted item in {verbs.replace(' ', ', ')}", haunted(verbs))
      for name, chapter, verbs in (
          ("replace", "storage", "replace append prepend"), ("cas", "storage", "cas"),
          ("incr", "arithmetic", "incr decr"), ("touch", "touch gat", "touch gat gats"),
          ("mg", "meta_get meta_delete", "mg"), ("ma", "meta_arithmetic", "ma"))),
    Fault("stored-before-answer", "storage", "says STORED for every storage command",
          reply(ALL, lambda answer: b"STORED\r\n" if answer in (replies.NOT_STORED, replies.EXISTS, replies.NOT_FOUND)
                else answer)),
    Fault("value-without-key", "retrieval", "writes no key in VALUE lines",
          reply("get", lambda answer: b"VALUE " + answer.split(b" ", 2)[2] if answer[:5] == b"VALUE" else answer)),
    Fault("value-upper-case", "retrieval", "writes Value instead of VALUE", within("get gets", b"VALUE ", b"Value ")),
)  # fmt: skip
