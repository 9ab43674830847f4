"""One server without sockets: its settings, its watchers, and a session for each connection.

The session may import the handlers, which may import the other modules here; all may import the fast path, the store
and the protocol.
"""
