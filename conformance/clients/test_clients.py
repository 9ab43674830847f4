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
    found: dict[str, Any] = {
        "target": request.node.callspec.params["target"],
        "name": library.name,
        "language": library.language,
        "protocol": library.protocol,
        "version": library.version(),
        "check": check.name,
        "title": check.title,
        "chapters": list(check.chapters),
        "outcome": "works",
        "reason": None,
    }
    request.node.user_properties.append(("mclite-client", found))
    if found["version"] is None:
        _skip(found, "missing", f"{library.package} is not installed: {library.install}")
    if library.protocol == "binary" and not speaks_binary(place):
        _skip(
            found, "unsupported", "the target does not speak the binary protocol, which protocol.txt does not describe"
        )
    if check.name in library.faults:
        _skip(found, "not-offered", library.faults[check.name])
    setting = Setting(library, place, f"{target.info.prefix}_{library.__name__}".lower())
    began = time.monotonic()
    try:
        with target.shared():  # nobody flushes the server meanwhile
            check.function(setting)
    except NotOffered as error:
        _skip(found, "not-offered", str(error))
    except Exception as error:
        found["outcome"] = "fails"
        cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
        found["reason"] = f"{type(error).__name__}: {error}{cause}".splitlines()[0][:300]
        raise
    finally:
        found["milliseconds"] = round((time.monotonic() - began) * 1000, 1)
        setting.close()


def _skip(found: dict[str, Any], outcome: str, reason: str) -> None:
    found["outcome"], found["reason"] = outcome, reason
    found.setdefault("milliseconds", 0.0)
    pytest.skip(reason)
