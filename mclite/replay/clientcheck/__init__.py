"""The other direction of the suite: a client is judged, and the suite is its server. docs/clients.md tells the rest.

A driver, a small program, does with the client what it is told. A scenario says what it is told, what must arrive, what
is answered and what the caller must get. Nothing here knows the parser or the answers of mclite's own server.
"""
