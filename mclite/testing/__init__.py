"""For tests of code that uses memcached: a server in a thread, its clock, and faults to inject.

The pytest fixtures are in `mclite.testing.fixtures`; this package itself does not need pytest.
"""

from mclite.store.clock import DebugClock
from mclite.testing.faults import Faults
from mclite.testing.server import ServerThread

__all__ = ["DebugClock", "Faults", "ServerThread"]
