"""Faults of watch: streams that are refused or mixed up, lines that are missing, lines of the wrong form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import mclite.core.session
import mclite.core.watchers
import mclite.handlers.storage
from faulty.fault import Fault, How, both
from faulty.points import after, around, before, outgoing, patch, swap, then, while_called
from mclite.core.session import Session
from mclite.core.watchers import STREAMS, Watchers
from mclite.store.base import Outcome


def log_lines(change: Callable[[bytes], bytes]) -> How:
    """Let `change(line)` make each line that a watcher is sent."""

    def begin(self: Watchers, session: Any, streams: frozenset[str]) -> None:
        push = session.push
        session.push = lambda line: push(change(line))

    return after(Watchers, "add", begin)


def field(name: str, change: Callable[[bytes], bytes]) -> How:
    """Let `change(value)` make the value of `name` in each line."""
    wanted = re.compile(rb"(?<= )%b=([^ \n]*)" % name.encode() if name != "ts" else rb"^ts=([^ ]*)")
    return log_lines(lambda line: wanted.sub(lambda found: b"%b=%b" % (name.encode(), change(found[1])), line))


def logged(change: Callable[[str, str], Iterator[tuple[str, str]]]) -> How:
    """Let `change(stream, text)` yield the streams and texts that are logged instead."""

    def make(inner: Any) -> Any:
        def log(self: Watchers, stream: str, text: str) -> None:
            for one in change(stream, text):
                inner(self, *one)

        return log

    return patch(Watchers, "_log", make)


def untold(pattern: str) -> How:
    """Do not log what matches."""
    wanted = re.compile(pattern)

    def change(stream: str, text: str) -> Iterator[tuple[str, str]]:
        if not wanted.match(text):
            yield stream, text

    return logged(change)


def _refuses(stream: str) -> How:
    return around("watch", lambda inner, session, request: b"ERROR\r\n"
                  if stream.encode() in request.args else inner())  # fmt: skip


def _replaced(change: Callable[[list[bytes]], list[bytes]]) -> How:
    """Let `change(streams)` make what watch is asked for."""

    def make(inner: Any) -> Any:
        return lambda session, request: inner(session, request._replace(args=change(list(request.args))))

    def how() -> None:
        from mclite.handlers.table import HANDLERS

        HANDLERS[b"watch"] = make(HANDLERS[b"watch"])

    return how


def _known(words: list[bytes]) -> list[bytes]:
    return [word for word in words if word.decode("latin-1") in STREAMS]


def _watches_although(inner: Callable[[], bytes], session: Any, request: Any) -> bytes:
    answer = inner()
    if answer.startswith(b"ERROR") and (known := _known(request.args)) and session.push is not None:
        session.instance.watchers.add(session, frozenset(word.decode() for word in known))
        session.instance.refresh()
    return answer


def _hang_up(session: Session, request: Any, answer: bytes) -> None:
    session.closed = session.closed or answer.startswith(b"ERROR")


def _deaf(session: Session, data: bytes) -> bytes:
    watchers = session.instance.watchers
    return b"" if watchers and session not in watchers._watching else data


def _ends_with_watcher() -> How:
    """End when a watcher hangs up that has named its streams; one that has not is only looking whether it could."""

    def end(self: Watchers, session: Session) -> None:
        if session in self._watching and session.__dict__.get("named"):
            session.instance.on_stop(False)

    return both(before(Watchers, "remove", end), then(
        "watch", lambda session, request, answer: session.__dict__.update(named=bool(request.args))))  # fmt: skip


def _newest_only(self: Watchers, session: Session, streams: frozenset[str]) -> None:
    self._watching.clear()


def _all_streams(self: Watchers, stream: str, text: str) -> Iterator[None]:
    before = self._watching
    self._watching = dict.fromkeys(before, STREAMS)
    yield
    self._watching = before


def _every_stream() -> How:
    """Log what nobody asked for, too, and send every line to every watcher."""
    return both(after(Watchers, "add", lambda self, session, streams: setattr(self, "streams", STREAMS)),
                while_called(Watchers, "_log", _all_streams))  # fmt: skip


def _miss_is_deleted(session: Any, request: Any, answer: bytes) -> None:
    if answer[:2] in (b"NF", b"NO"):
        none = SimpleNamespace(slab_class=0, size=0)
        session.instance.watchers.deleted(request.args[0], none, request.command.name.decode())


def _stored_is_deleted(self: Watchers, session: Any, key: bytes, outcome: Outcome, *rest: Any) -> None:
    if outcome is Outcome.STORED:
        self.deleted(key, SimpleNamespace(slab_class=1, size=1), "set")  # type: ignore[arg-type]


def _stored_is_evicted(self: Watchers, session: Any, key: bytes, outcome: Outcome, *rest: Any) -> None:
    if outcome is Outcome.STORED and "evictions" in self.streams:
        self._log("evictions", f"type=eviction key={key.decode('latin-1')} fetch=no ttl=-1 la=0 clsid=1 size=1")


def _deleted_is_evicted(self: Watchers, key: bytes, *rest: Any) -> None:
    if "evictions" in self.streams:
        self._log("evictions", f"type=eviction key={key.decode('latin-1')} fetch=no ttl=-1 la=0 clsid=1 size=1")


def _store_is_event(self: Watchers, session: Any, *rest: Any) -> None:
    self.connection(session, "conn_command")


def _first_of_read() -> How:
    """Log the first of the keys that are looked for in one read only."""
    told: set[Any] = set()

    def make(inner: Any) -> Any:
        def item_get(self: Watchers, session: Any, *rest: Any) -> None:
            if session not in told:
                told.add(session)
                inner(self, session, *rest)

        return item_get

    return both(patch(Watchers, "item_get", make), before(Session, "receive", lambda self, data: told.discard(self)))


def _no_fetches(session: Any, *rest: Any) -> Iterator[None]:
    watchers = session.instance.watchers
    streams, watchers.streams = watchers.streams, watchers.streams - {"fetchers"}
    yield
    watchers.streams = streams


def _keys(change: Callable[[Callable[[bytes], str], bytes], str]) -> How:
    """Let `change(encode, key)` write the keys."""
    return patch(mclite.core.watchers, "_encode", lambda inner: lambda key: change(inner, key))


def _percent(encode: Any, key: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in key)


ROWS = (
    *(Fault(f"watch-refuses-{stream}", "watchers", f"does not know watch {stream}", _refuses(stream))
      for stream in sorted(STREAMS)),
    Fault("watch-one-stream", "watchers", "takes one argument of watch only", around(
        "watch", lambda inner, session, request: b"ERROR\r\n" if len(set(request.args)) > 1 else inner())),
    Fault("watch-two-streams", "watchers", "takes two arguments of watch at most", around(
        "watch", lambda inner, session, request: b"ERROR\r\n" if len(set(request.args)) > 2 else inner())),
    Fault("watch-any-stream", "watchers", "takes any argument of watch", _replaced(_known)),
    Fault("watch-first-checked", "watchers", "looks at the first argument of watch only",
          _replaced(lambda words: words[:1])),
    Fault("watch-any-case", "watchers", "takes arguments of watch in capitals",
          _replaced(lambda words: [word.lower() for word in words])),
    Fault("watch-numbers", "watchers", "takes a number for the argument of watch of that place",
          _replaced(lambda words: [sorted(STREAMS)[int(word) % 8].encode() if word.isdigit() else word
                                   for word in words])),
    Fault("watch-command-any-case", "watchers", "takes WATCH for watch", patch(
        mclite.core.session, "parse", lambda inner: lambda line: inner(
            b"watch" + line[5:] if line[:5].lower() == b"watch" else line))),
    Fault("watch-error-hangs-up", "watchers", "hangs up after an error of watch", then("watch", _hang_up)),
    Fault("watch-error-text", "watchers", "answers CLIENT_ERROR to an argument of watch that it does not know",
          swap("watch", b"ERROR\r\n", b"CLIENT_ERROR unknown stream\r\n")),
    Fault("watch-error-watches", "watchers", "answers ERROR to watch and watches what it knows",
          around("watch", _watches_although)),
    Fault("watch-others-deaf", "watchers", "answers nobody while somebody watches", outgoing(_deaf)),
    Fault("watch-ends-server", "watchers", "ends when a watcher hangs up", _ends_with_watcher()),
    Fault("watch-one-watcher", "watchers", "forgets earlier watchers when another one comes",
          before(Watchers, "add", _newest_only)),
    Fault("watch-every-stream", "watchers", "sends every line to every watcher", _every_stream()),
    Fault("watch-ends-with-cr-lf", "watchers", "ends log lines in CR LF",
          log_lines(lambda line: line.replace(b"\n", b"\r\n"))),
    Fault("watch-commas", "watchers", "parts the words of a log line by commas",
          log_lines(lambda line: line.replace(b" ", b", "))),
    Fault("watch-colons", "watchers", "writes a colon instead of = in log lines",
          log_lines(lambda line: line.replace(b"=", b":"))),
    Fault("watch-gid-first", "watchers", "writes gid before ts",
          log_lines(lambda line: re.sub(rb"^(ts=\S+) (gid=\S+)", rb"\2 \1", line))),
    Fault("watch-gid-missing", "watchers", "writes no gid", log_lines(lambda line: re.sub(rb" gid=\d+", b"", line))),
    Fault("watch-gid-stuck", "watchers", "writes the same gid into all lines", field("gid", lambda value: b"1")),
    Fault("watch-gid-falls", "watchers", "counts gid down", field("gid", lambda value: b"%d" % (10**9 - int(value)))),
    Fault("watch-ts-whole", "watchers", "writes ts in whole seconds",
          field("ts", lambda value: value.split(b".")[0])),
    Fault("watch-ts-since-start", "watchers", "writes the seconds since its start as ts",
          field("ts", lambda value: b"12." + value.split(b".")[1])),
    Fault("watch-ts-milliseconds", "watchers", "writes ts in milliseconds",
          field("ts", lambda value: b"%d.0" % (float(value) * 1000))),
    Fault("watch-key-raw", "watchers", "does not encode keys in log lines", _keys(
        lambda encode, key: key.decode("ascii", "replace"))),
    Fault("watch-key-plus", "watchers", "leaves punctuation in the keys of log lines as it is", _keys(
        lambda encode, key: "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in key))),
    Fault("watch-key-high", "watchers", "leaves bytes above 127 out of the keys of log lines", _keys(
        lambda encode, key: encode(bytes(byte for byte in key if byte < 128)))),
    Fault("watch-key-all-encoded", "watchers", "encodes every byte of the keys of log lines", _keys(_percent)),
    Fault("watch-key-lost", "watchers", "writes no keys into log lines",
          log_lines(lambda line: re.sub(rb" key=\S+", b"", line))),
    Fault("watch-status-found", "watchers", "logs every fetch as found",
          field("status", lambda value: b"found" if value == b"not_found" else value)),
    Fault("watch-status-missed", "watchers", "logs every fetch as not found",
          field("status", lambda value: b"not_found" if value == b"found" else value)),
    Fault("watch-status-stored", "watchers", "logs every store as stored",
          field("status", lambda value: b"stored" if value == b"not_stored" else value)),
    Fault("watch-status-number", "watchers", "logs the status as a number", field("status", lambda value: b"0")),
    Fault("watch-hits-only", "watchers", "does not log fetches that miss", untold("type=item_get .* status=not_found")),
    Fault("watch-misses-only", "watchers", "does not log fetches that hit", untold("type=item_get .* status=found")),
    Fault("watch-stored-only", "watchers", "does not log stores that fail",
          untold("type=item_store .* status=not_stored")),
    Fault("watch-mutations-untold", "watchers", "does not log stores", untold("type=item_store")),
    Fault("watch-first-key", "watchers", "logs the first key of a get only", _first_of_read()),
    Fault("watch-set-fetches-nothing", "watchers", "does not log what set looks for",
          while_called(mclite.handlers.storage, "store_item", _no_fetches)),
    Fault("watch-deletions-untold", "watchers", "does not log what was deleted", untold("type=deleted")),
    Fault("watch-deletes-that-miss", "watchers", "logs deletes that miss", then("delete md", _miss_is_deleted)),
    Fault("watch-deletions-stores", "watchers", "logs what set replaces as deleted",
          after(Watchers, "item_store", _stored_is_deleted)),
    Fault("watch-evictions-untold", "watchers", "does not log evictions", untold("type=eviction")),
    Fault("watch-evictions-deletes", "watchers", "logs deletions as evictions",
          after(Watchers, "deleted", _deleted_is_evicted)),
    Fault("watch-evictions-stores", "watchers", "logs stores as evictions",
          after(Watchers, "item_store", _stored_is_evicted)),
    Fault("watch-evictions-fetched", "watchers", "logs every evicted item as fetched",
          field("fetch", lambda value: b"yes")),
    Fault("watch-connevents-untold", "watchers", "does not log connections", untold("type=conn_")),
    Fault("watch-connevents-new-only", "watchers", "does not log the end of connections", untold("type=conn_close")),
    Fault("watch-connevents-close-only", "watchers", "does not log new connections", untold("type=conn_new")),
    Fault("watch-connevents-no-reason", "watchers", "does not log why a connection was closed",
          log_lines(lambda line: re.sub(rb" reason=\S+", b"", line))),
    Fault("watch-connevents-no-address", "watchers", "does not log the address of a client",
          log_lines(lambda line: re.sub(rb" rip=\S+", b" rip=", line))),
    Fault("watch-connevents-commands", "watchers", "logs commands as events of connections",
          after(Watchers, "item_store", _store_is_event)),
)  # fmt: skip
