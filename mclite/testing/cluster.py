"""Several servers, of which some fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, overload

from mclite.store.clock import DebugClock
from mclite.testing import words
from mclite.testing.misbehaviours import Misbehaviour
from mclite.testing.requests import Request
from mclite.testing.server import ServerThread

if TYPE_CHECKING:
    from typing import Unpack

    from mclite.core.settings import Options


_OLD_KEY: Final = b"AmazonElastiCache:cluster"
"""The key under which releases before 1.4.14 tell the nodes."""


class Discovery:
    """What answers `config get cluster` with the nodes of `cluster`: a version, and host|address|port of each."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.extra = Misbehaviour("discovery", "answers config get cluster", "", self._answer)

    def _nodes(self) -> bytes:
        nodes = " ".join(f"{node.host}|{node.host}|{node.port}" for node in self._cluster)
        return f"{self._cluster.version}\n{nodes}\n".encode()

    def _answer(self, request: Request, answer: bytes) -> bytes:
        if request.verb == "config" and request.tokens == ("get", "cluster"):
            nodes = self._nodes()
            return b"CONFIG cluster 0 %d\r\n%b\r\nEND\r\n" % (len(nodes), nodes)
        if request.verb == "get" and request.keys == (_OLD_KEY,):
            nodes = self._nodes()
            return b"VALUE %b 0 %d\r\n%b\r\nEND\r\n" % (_OLD_KEY, len(nodes), nodes)
        return answer


class Cluster(Sequence[ServerThread]):
    """`nodes` servers that run while the `with` block does: `cluster[0].stop()`, `.start(empty=True)`, `.freeze()`.

    `options` are those of `ServerThread`, for each of them; a `unix_socket` is a path with `{}` for the node's number.
    `clock` is one for all nodes, and does not move until the test moves it.

    With `discovery` the nodes, and a server of its own at `configuration`, answer `config get cluster` as Amazon
    ElastiCache does, which protocol.txt does not know: `version` and the nodes change with `add` and `remove`.
    """

    def __init__(self, nodes: int = 3, *, discovery: bool = False, **options: Unpack[Options]) -> None:
        if words.integer(nodes, "nodes") < 1:
            raise ValueError(f"a cluster has at least one node, not {nodes}")
        self.clock = DebugClock()
        self.clock.pause()
        self._path = str(options.pop("unix_socket", ""))
        if self._path and "{}" not in self._path:
            raise ValueError("unix_socket of a cluster is a path with {} for the node's number")
        if self._path and discovery:
            raise ValueError("discovery names hosts and ports: it is not for unix sockets")
        self._options = options
        self._made = 0
        self._configuration: ServerThread | None = None
        self.version = 1
        """of the list of nodes that `config get cluster` answers"""
        self._discovery = Discovery(self) if discovery else None
        self._nodes = [self._make() for _ in range(nodes)]
        if discovery:
            self._configuration = self._make()

    def _make(self) -> ServerThread:
        options = self._options.copy()
        if self._path:
            options["unix_socket"] = self._path.format(self._made)
        self._made += 1
        node = ServerThread(clock=self.clock, **options)
        if self._discovery is not None:
            node.extras.append(self._discovery.extra)
            node.misbehave(*filter(None, options.get("misbehave", "").split(",")))
        return node

    @property
    def configuration(self) -> ServerThread:
        """The server that only tells which nodes there are. Raises RuntimeError without `discovery`."""
        if self._configuration is None:
            raise RuntimeError("this cluster has no configuration endpoint: Cluster(discovery=True) has")
        return self._configuration

    def add(self) -> ServerThread:
        """Start one more node and, with discovery, announce it; return it."""
        node = self._make()
        node.start()
        self._nodes.append(node)
        self.version += 1
        return node

    def remove(self, index: int = -1) -> ServerThread:
        """Announce, with discovery, that the node at `index` is gone, then stop it; return it."""
        node = self._nodes.pop(index)
        self.version += 1
        node.stop()
        return node

    @property
    def addresses(self) -> list[str]:
        """Where the nodes listen, host:port or unix:/path each, those that are stopped included."""
        return [node.address for node in self._nodes]

    @overload
    def __getitem__(self, index: int) -> ServerThread: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ServerThread]: ...

    def __getitem__(self, index: int | slice) -> ServerThread | Sequence[ServerThread]:
        return self._nodes[index]

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[ServerThread]:
        return iter(self._nodes)

    def _all(self) -> list[ServerThread]:
        return self._nodes if self._configuration is None else [*self._nodes, self._configuration]

    def start(self) -> None:
        """Start the nodes that do not run."""
        with ExitStack() as undo:
            for node in self._all():
                if not node.running:
                    node.start()
                    undo.callback(node.stop)
            undo.pop_all()

    def stop(self) -> None:
        """Stop all nodes."""
        for node in self._all():
            node.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
