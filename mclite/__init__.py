"""mclite: memcached's protocol as a reference server, a conformance suite, a client and a report."""

__version__ = "0.1.0"
