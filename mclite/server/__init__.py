"""The asyncio shells around a session: TCP, TLS, unix socket, UDP; the options; a server's start and stop.

May import the core and all below it; not the client.
"""
