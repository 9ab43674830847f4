"""mclite: memcached's protocol as a reference server, a conformance suite, a client and a report.

PYTEST_DONT_REWRITE: `mclite check` has imported this module before pytest, which would warn of it.
"""

__version__ = "0.2.0"
