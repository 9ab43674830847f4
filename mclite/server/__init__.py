"""The asyncio shells around a Session: TCP, TLS, unix socket, UDP; options; life cycle."""
