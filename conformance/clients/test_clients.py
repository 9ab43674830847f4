"""Real client libraries do with the target what applications do; the report has a chapter of it.

Collected with `--clients` only. A library that is not installed is skipped by name.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from mclite.replay.clients.checks import CHECKS, Check, Setting
from mclite.replay.clients.library import Library, NotOffered, Place
from mclite.replay.clients.registry import LIBRARIES, speaks_binary
from mclite.replay.play.transport import parse_address
from mclite.replay.results.document import Client, ClientCheck, ClientOutcome
from mclite.replay.results.schema import to_json
from mclite.replay.target.servers import Server

# Libraries that leave a socket to the garbage collector are no fault of the target.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CASES = [
    pytest.param(library, check, id=f"{library.name}-{check.name}".replace(" ", "-"))
    for library in LIBRARIES
    for check in (CHECKS if library.version() is not None else CHECKS[:1])
]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """The servers that were started for the clients, by how the target was asked for."""
    started: dict[str, Server] = {}
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture
def place(target: Any, servers: dict[str, Server]) -> Place:
    """The host and port of a server that no scenario flushes meanwhile, if the suite may start one."""
    if target.spec is not None:
        if target.info.asked not in servers:
            servers[target.info.asked] = Server(target.spec)
        address = servers[target.info.asked].address
    else:
        address = parse_address(target.info.address)
        if address.kind != "tcp":
            pytest.skip(f"the clients speak TCP, and the target is {address}")
    return address.host, address.port


@pytest.mark.parametrize(("library", "check"), CASES)
def test_client(
    library: type[Library], check: Check, target: Any, place: Place, request: pytest.FixtureRequest
) -> None:
    """A library does one thing."""
    outcome: ClientOutcome = "works"
    reason: str | None = None
    setting = Setting(library, place, f"{target.info.prefix}_{library.__name__}".lower())
    began = time.monotonic()
    try:
        if (untried := _untried(library, check, place)) is not None:
            outcome, reason = untried
            pytest.skip(reason)
        with target.shared():  # nobody flushes the server meanwhile
            check.function(setting)
    except NotOffered as error:
        outcome, reason = "not-offered", str(error)
        pytest.skip(reason)
    except Exception as error:
        outcome = "fails"
        cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
        reason = f"{type(error).__name__}: {error}{cause}".splitlines()[0][:300]
        raise
    finally:
        did = ClientCheck(check.name, check.title, outcome, reason, round((time.monotonic() - began) * 1000, 1))
        found = Client(library.name, library.language, library.protocol, library.version(), (did,))
        number = request.node.callspec.params["target"]
        request.node.user_properties.append(("mclite-client", {"target": number, "client": to_json(found)}))
        setting.close()


def _untried(library: type[Library], check: Check, place: Place) -> tuple[ClientOutcome, str] | None:
    """Return what is said of a check that is not tried, and why."""
    if library.version() is None:
        return "missing", f"{library.package} is not installed: {library.install}"
    if library.protocol == "binary" and not speaks_binary(place):
        return "unsupported", "the target does not speak the binary protocol, which protocol.txt does not describe"
    if check.name in library.faults:
        return "not-offered", library.faults[check.name]
    return None
