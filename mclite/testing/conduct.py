"""How a server answers that is told to misbehave, for `mclite serve` as for a ServerThread."""

from __future__ import annotations

from collections.abc import Callable

from mclite.core.settings import Settings
from mclite.server.server import Server
from mclite.testing.connection import TestedConnection
from mclite.testing.dialects import RELEASES, dialect
from mclite.testing.faults import Faults
from mclite.testing.misbehaviours import MISBEHAVIOURS, Conduct, Misbehaviour, misbehaviours
from mclite.testing.requests import Request, Requests


class Unrecorded(Requests):
    """A record that keeps nothing, for a server that no test asks."""

    def add(self, request: Request) -> None:
        """Forget `request`."""


class Manners:
    """What the connections of a server have in common that only misbehaves: no faults, no record."""

    def __init__(self, conduct: Conduct) -> None:
        self.faults = Faults()
        self.requests: Requests = Unrecorded()
        self.conduct = conduct

    def in_loop(self, function: Callable[[], object]) -> None:
        """Run `function` at once: there is one thread."""
        function()


def conduct_of(settings: Settings) -> Conduct:
    """Return how a server with these `settings` answers. Raises ValueError for a name that is none."""
    return Conduct([*dialect_of(settings), *misbehaviours(settings.misbehave)])


def dialect_of(settings: Settings) -> list[Misbehaviour]:
    """Return the dialect that a server with these `settings` speaks. Raises ValueError for an unknown release."""
    return dialect(settings.like) if settings.like else []


def connection_of(settings: Settings) -> Callable[[Server], TestedConnection]:
    """Return what makes the connections of a server with these `settings`. Raises ValueError."""
    manners = Manners(conduct_of(settings))
    return lambda server: TestedConnection(server, manners)


def releases() -> str:
    """Return the releases that there is a dialect of, as text, a line each."""
    return "\n".join(f"memcached-{release}" for release in RELEASES)


def listing() -> str:
    """Return the misbehaviours as text, a line each, with their sources."""
    width = max(map(len, MISBEHAVIOURS))
    return "\n".join(f"{row.name:<{width}}  {row.summary} ({row.source})" for row in MISBEHAVIOURS.values())
