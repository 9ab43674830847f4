"""What an application does with a cache: each check is a function, and a row of CHECKS.

A check fails with an AssertionError that says what came, or with whatever the library raises.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mclite.replay.clients.front import Front
from mclite.replay.clients.library import Library, Place

#: Bytes of a large value, and of one that no server takes with its usual limit of a megabyte.
LARGE, TOO_LARGE = 900_000, 1_500_000
#: Threads that change one item at once, and how often each does.
THREADS, TIMES = 4, 25
#: Seconds within which an expired item is gone, and a client is back after its server is.
PATIENCE = 6.0


@dataclass(slots=True)
class Setting:
    """Where a check happens: a library, a server, and keys of its own."""

    library: type[Library]
    place: Place
    prefix: str
    _made: list[Library] = field(default_factory=list)

    def client(self, *places: Place) -> Library:
        """Return a new client of the server, or of `places`."""
        made = self.library(places or (self.place,) * self.library.servers)
        self._made.append(made)
        return made

    def key(self, name: str) -> str:
        """Return a key."""
        return f"{self.prefix}_{name}"

    def close(self) -> None:
        """Close all clients."""
        for client in self._made:
            client.close()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an application does; `chapters` of the suite hold the scenarios that it builds on."""

    name: str
    title: str
    function: Callable[[Setting], None]
    chapters: tuple[str, ...]


def basics(on: Setting) -> None:
    """Store, fetch, miss, delete."""
    client = on.client()
    key, value = on.key("basics"), client.value("blue")
    assert client.get(key) is None
    assert client.set(key, value)
    same(client.get(key), value)
    assert client.delete(key)
    assert client.get(key) is None
    assert not client.delete(key)


def adding(on: Setting) -> None:
    """Add what is not there, and only that."""
    client = on.client()
    key = on.key("adding")
    assert client.add(key, client.value("first"))
    assert not client.add(key, client.value("second"))
    same(client.get(key), client.value("first"))


def types(on: Setting) -> None:
    """Every value that the library promises to keep comes back as it was."""
    client = on.client()
    for number, value in enumerate(client.values):
        key = on.key(f"type{number}")
        assert client.set(key, value)
        same(client.get(key), value)


def many(on: Setting) -> None:
    """Fetch 100 keys at once, half of them there."""
    client = on.client()
    keys = [on.key(f"many{number}") for number in range(100)]
    wanted = {key: client.value(f"value of {key}") for key in keys[::2]}
    for key, value in wanted.items():
        assert client.set(key, value)
    found = client.get_many(keys)
    assert found == wanted, f"{len(found)} of {len(wanted)} values came"


def counters(on: Setting) -> None:
    """Count up and down, not below 0."""
    client = on.client()
    key = on.key("counter")
    assert client.counter(key, 10)
    same(client.incr(key, 5), 15)
    same(client.incr(key, -6), 9)
    same(client.incr(key, -100), 0)


def races(on: Setting) -> None:
    """Change one item from four threads with gets and cas: no change is lost."""
    key = on.key("race")
    first = on.client()
    assert first.set(key, first.value("0"))
    errors: list[BaseException] = []

    def change(client: Library) -> None:
        try:
            for _ in range(TIMES):
                while not client.change(key, lambda value: client.value(str(int(value) + 1))):
                    time.sleep(0.0005)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=change, args=(on.client(),), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "the threads did not end within 30 s"
    same(int(first.get(key)), THREADS * TIMES)


def expiry(on: Setting) -> None:
    """An item with 2 seconds to live is there, and then is not."""
    client = on.client()
    key = on.key("expiry")
    began = time.monotonic()
    assert client.set(key, client.value("soon gone"), 2)
    assert client.set(on.key("stays"), client.value("here"), 100)
    found = client.get(key)
    if found is not None or time.monotonic() - began < 1:  # else it may have expired on a busy machine
        same(found, client.value("soon gone"))
    until = time.monotonic() + PATIENCE
    while client.get(key) is not None:
        assert time.monotonic() < until, f"it is there after {PATIENCE:g} s"
        time.sleep(0.1)
    same(client.get(on.key("stays")), client.value("here"))


def large(on: Setting) -> None:
    """A large value comes back whole; one that is too large is refused, and the client works on."""
    client = on.client()
    key = on.key("large")
    # Nothing that compresses: 900 kB are sent.
    noise = "".join(chr(33 + (number * 7919 + number // 97) % 90) for number in range(LARGE))
    assert client.set(key, client.value(noise))
    assert client.get(key) == client.value(noise), "the value came back changed"
    try:
        stored = client.set(on.key("huge"), client.value((noise * 2)[:TOO_LARGE]))
    except Exception:
        stored = False  # libraries that raise, and servers that hang up, are both right
    assert not stored or client.get(on.key("huge")) is not None, "it said stored, and it is not there"
    eventually(lambda: client.set(on.key("after"), client.value("1")))
    same(client.get(on.key("after")), client.value("1"))


def reconnecting(on: Setting) -> None:
    """The server goes away for a moment: the client fails, and works again when the server is back."""
    with Front(on.place) as front:
        client = on.client(*(front.place,) * on.library.servers)
        key = on.key("reconnect")
        assert client.set(key, client.value("before"))
        front.down()
        try:
            client.get(key)
        except Exception:
            pass  # a miss or an error: both are right while the server is away
        front.up()
        eventually(lambda: client.set(key, client.value("after")))
        same(client.get(key), client.value("after"))


CHECKS = (
    Check(
        "basics", "stores, fetches and deletes", basics, ("storage", "retrieval", "deletion", "meta_set", "meta_get")
    ),
    Check("adding", "adds only what is not there", adding, ("storage", "meta_set")),
    Check("types", "values keep their types", types, ("storage", "retrieval", "meta_set", "meta_get")),
    Check("many", "many keys at once", many, ("retrieval", "storage", "meta_set", "meta_get", "wire")),
    Check("counters", "counts up and down", counters, ("arithmetic", "storage", "meta_set", "meta_arithmetic")),
    Check("races", "cas from four threads loses nothing", races, ("storage", "retrieval", "meta_set")),
    Check("expiry", "items expire", expiry, ("expiration", "touch", "storage", "meta_set")),
    Check("large", "large values", large, ("limits", "storage", "meta_set", "wire")),
    Check(
        "reconnecting",
        "goes on after the server was away",
        reconnecting,
        ("connections", "storage", "meta_set", "wire"),
    ),
)


def same(got: Any, wanted: Any) -> None:
    """Fail unless a value is the one that was stored, also in its type."""
    assert got == wanted, f"{_short(got)} came, and {_short(wanted)} was stored"
    assert type(got) is type(wanted), f"it came as {type(got).__name__}, and was stored as {type(wanted).__name__}"


def eventually(action: Callable[[], bool]) -> None:
    """Repeat what may fail for a while, until it does what it says."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if action():
                return
        except Exception:
            if time.monotonic() > until:
                raise
        assert time.monotonic() < until, f"it still fails after {PATIENCE:g} s"
        time.sleep(0.05)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def named(checks: Sequence[Check], name: str) -> Check:
    """Return the check with a name."""
    return next(check for check in checks if check.name == name)
