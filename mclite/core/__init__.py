"""One server without sockets: its settings, its counters, its watchers, and a session for each connection.

May import the store, the fast path, the handlers' table and the protocol; not the server, the client or the tools.
"""
