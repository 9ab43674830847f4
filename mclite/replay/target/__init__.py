"""To whom: target files, servers that are started, their ports and locks, and what a server can do.

It imports `scenario` and `play`.
"""
