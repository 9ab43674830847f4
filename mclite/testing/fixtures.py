"""The pytest fixtures and the marker `mclite`: the `pytest11` entry point of the package.

pytest imports this module at every start, in every project where mclite is installed. So it imports nothing but
pytest, and each fixture imports what it needs when a test asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from mclite.client import AsyncClient, Client
    from mclite.testing.cluster import Cluster
    from mclite.testing.server import ServerThread

_MARKER = "mclite(**options): options of the mclite fixtures, by the names of `mclite serve --help` (memory_limit=64)"
_TIMEOUT_SECONDS = 5.0


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show requests a line each where an assertion compares them."""
    module = sys.modules.get("mclite.testing.requests")
    return None if module is None or op != "==" else module.explain(left, right)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the servers of a failed test received to its report."""
    report = yield
    if report.failed and call.when == "call":
        for name, value in getattr(item, "funcargs", {}).items():
            if name.startswith("mclite_") and name.endswith("server"):
                report.sections.append((f"{name}.requests", value.requests.dump()))
    return report


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options of the `mclite` markers that apply to `request`, the closest one's first."""
    found: dict[str, Any] = {}
    for marker in request.node.iter_markers("mclite"):
        if marker.args:
            raise pytest.UsageError(f"{request.node.nodeid}: the marker mclite takes named options only")
        found = {**marker.kwargs, **found}
    return found


def _define(scope: Literal["function", "module", "session"]) -> tuple[Any, Any, Any, Any]:
    """Return the fixtures of one `scope`; beyond that of a function it is part of their names."""
    prefix = "mclite_" if scope == "function" else f"mclite_{scope}_"

    @pytest.fixture(scope=scope, name=f"{prefix}server")
    def server(request: pytest.FixtureRequest) -> Generator[ServerThread, None, None]:
        """A memcached server on a free port: `host`, `port`, `address`, a `clock` to move, `faults` to inject."""
        from mclite.testing.server import ServerThread

        options = _options(request)
        options.pop("nodes", None)
        with ServerThread(**options) as running:
            yield running

    @pytest.fixture(scope=scope, name=f"{prefix}client")
    def client(request: pytest.FixtureRequest) -> Generator[Client[bytes], None, None]:
        """An `mclite.client.Client` of the server fixture; it connects with its first command."""
        running: ServerThread = request.getfixturevalue(f"{prefix}server")
        one = running.client(timeout=_TIMEOUT_SECONDS, connect_timeout=_TIMEOUT_SECONDS)
        yield one
        one.close()

    @pytest.fixture(scope=scope, name=f"{prefix}async_client")
    def async_client(request: pytest.FixtureRequest) -> AsyncClient[bytes]:
        """An `mclite.client.AsyncClient` of the server fixture, for one event loop; it closes when the loop ends."""
        running: ServerThread = request.getfixturevalue(f"{prefix}server")
        return running.async_client(timeout=_TIMEOUT_SECONDS, connect_timeout=_TIMEOUT_SECONDS)

    @pytest.fixture(scope=scope, name=f"{prefix}cluster")
    def cluster(request: pytest.FixtureRequest) -> Generator[Cluster, None, None]:
        """Several servers, 3 unless `@pytest.mark.mclite(nodes=N)` says otherwise."""
        from mclite.testing.cluster import Cluster

        options = _options(request)
        with Cluster(options.pop("nodes", 3), **options) as running:
            yield running

    return server, client, async_client, cluster


mclite_server, mclite_client, mclite_async_client, mclite_cluster = _define("function")
mclite_module_server, mclite_module_client, mclite_module_async_client, mclite_module_cluster = _define("module")
mclite_session_server, mclite_session_client, mclite_session_async_client, mclite_session_cluster = _define("session")
