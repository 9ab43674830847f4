"""Several servers, of which some fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self, overload

from mclite.store.clock import DebugClock
from mclite.testing.server import ServerThread

if TYPE_CHECKING:
    from typing import Unpack

    from mclite.core.settings import Options


class Cluster(Sequence[ServerThread]):
    """`nodes` servers that run while the `with` block does: `cluster[0].stop()`, `.start()`, `.freeze()`, `.thaw()`.

    `options` are those of `ServerThread`, for each of them; a `unix_socket` is a path with `{}` for the node's number.
    `clock` is one for all nodes, and does not move until the test moves it.
    """

    def __init__(self, nodes: int = 3, **options: Unpack[Options]) -> None:
        if nodes < 1:
            raise ValueError(f"a cluster has at least one node, not {nodes}")
        self.clock = DebugClock()
        self.clock.pause()
        path = str(options.pop("unix_socket", ""))
        if path and "{}" not in path:
            raise ValueError("unix_socket of a cluster is a path with {} for the node's number")
        self._nodes = []
        for number in range(nodes):
            if path:
                options["unix_socket"] = path.format(number)
            self._nodes.append(ServerThread(clock=self.clock, **options))

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

    def start(self) -> None:
        """Start the nodes that do not run."""
        with ExitStack() as undo:
            for node in self._nodes:
                if not node.running:
                    node.start()
                    undo.callback(node.stop)
            undo.pop_all()

    def stop(self) -> None:
        """Stop all nodes."""
        for node in self._nodes:
            node.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
